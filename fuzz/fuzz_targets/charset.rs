//! Octets and a label become text: never a panic, never more than three octets for one, and what is read can be
//! written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::charset::{ByteOrderMark, decode, encode};

const LABELS: [Option<&str>; 10] = [
    None,
    Some("iso-2022-jp"),
    Some("shift_jis"),
    Some("euc-jp"),
    Some("eucjp-ms"),
    Some("utf-8"),
    Some("utf-16"),
    Some("utf-32"),
    Some("iso-2022-kr"),
    Some("iso-8859-1"),
];

fuzz_target!(|octets: &[u8]| {
    let Some((first, octets)) = octets.split_first() else { return };
    let label = LABELS[usize::from(*first) % LABELS.len()];
    let decoded = decode(octets, label);
    assert!(decoded.text.len() <= octets.len().saturating_mul(3).saturating_add(3));
    for label in ["shift_jis", "euc-jp", "iso-2022-jp", "utf-8"] {
        let encoded = encode(&decoded.text, label, ByteOrderMark::Omit);
        if label == "utf-8" {
            assert_eq!(encoded.octets, decoded.text.as_bytes());
        }
    }
});
