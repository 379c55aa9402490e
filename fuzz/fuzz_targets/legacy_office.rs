//! Legacy documents: an RTF without what fetches something needs no second stripping and parses to the same; the
//! readers of 一太郎 and Word, and what opens locked documents, survive anything; a document keeps its length when it is
//! opened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits};
use sanitiser::{legacy_lock, rtf, taro, word};

fuzz_target!(|octets: &[u8]| {
    let fresh = || (Budget::new(&Limits::STANDARD), Findings::new());
    let (mut budget, mut findings) = fresh();
    match octets.split_first() {
        Some((0, octets)) => drop(taro::extract(octets, &mut budget, &mut findings)),
        Some((1, octets)) => drop(word::extract(octets, &mut budget, &mut findings)),
        Some((2, octets)) => {
            let words = ["word".to_owned()];
            if let Ok(opened) = legacy_lock::open(octets, &words, &mut budget, &mut findings) {
                assert_eq!(opened.len(), octets.len());
            }
        }
        _ => {
            let Ok(once) = rtf::strip::strip(octets, &mut budget, &mut findings) else { return };
            let (mut budget, mut findings) = fresh();
            let again = rtf::strip::strip(&once, &mut budget, &mut findings).expect("our own output is read");
            assert_eq!(once, again);
            assert!(findings.is_empty());
        }
    }
});
