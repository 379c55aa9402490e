//! Any octets as a picture: never a panic, and a PNG that we wrote reads back to the same octets without a finding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits, Policy};
use sanitiser::raster::{Fidelity, rebuild};

fuzz_target!(|octets: &[u8]| {
    let policy = Policy::standard();
    let mut budget = Budget::new(&Limits { image_px: 1_000_000, total_px: 4_000_000, ..Limits::STANDARD });
    let Ok(first) = rebuild(octets, &policy, &mut budget, &mut Findings::new(), Fidelity::Full) else { return };
    if first.extension == "png" {
        let mut findings = Findings::new();
        let again = rebuild(&first.octets, &policy, &mut budget, &mut findings, Fidelity::Full);
        assert!(again.is_ok_and(|again| again.octets == first.octets));
        assert!(findings.is_empty());
    }
});
