//! Any octets as an archive: never a panic, and never more members than the budget allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits};

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { archive_members: 1_000, unpacked_octets: 16 << 20, ..Limits::STANDARD };
    let list = sanitiser::archive::list(octets, &mut Budget::new(&limits), &mut Findings::new());
    assert!(list.members.len() <= 1_000);
});
