//! Any octets under any name are of some kind: no panic, and a mismatch only where a name was given.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sanitiser::detect::detect;

const NAMES: [&str; 8] = ["", "a.csv", "a.eml", "a.docx", "a.xml", "a.json", "a.pdf", "a.xdw"];

fuzz_target!(|octets: &[u8]| {
    for name in NAMES {
        let found = detect(octets, name, None);
        assert!(!name.is_empty() || !found.mismatch);
    }
});
