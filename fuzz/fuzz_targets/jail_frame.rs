//! Whatever a child says, the broker's frame decoder neither panics nor allocates more than it was given.
#![no_main]

use jail::frame::{Answer, HEAD_OCTETS, decode_head, decode_payload};
use libfuzzer_sys::fuzz_target;
use mail::PartPath;

fuzz_target!(|octets: &[u8]| {
    if let Some((head, payload)) = octets.split_first_chunk::<HEAD_OCTETS>() {
        let limit = 1 << 20;
        if let Ok((_, length)) = decode_head(*head, |_| limit) {
            assert!(length <= limit);
        }
        let _path = decode_payload::<PartPath>(payload);
        let _answer = decode_payload::<Answer>(payload);
    }
});
