//! Any octets as signed data: no panic, and never more content than came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Limits};

fuzz_target!(|octets: &[u8]| {
    if let Ok(Some(signed)) = sanitiser::cms::signed(octets, &mut Budget::new(&Limits::STANDARD)) {
        assert!(signed.content.is_none_or(|content| content.len() <= octets.len()));
    }
});
