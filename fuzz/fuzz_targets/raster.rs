//! Any octets as a picture: never a panic, and a PNG or GIF that we wrote reads back to the same octets without a finding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits, Policy};
use sanitiser::raster::{Fidelity, rebuild_file};

fuzz_target!(|octets: &[u8]| {
    let mut policy = Policy::standard();
    policy.set("animated_images", "all").expect("a key of the policy");
    let mut budget = Budget::new(&Limits { image_px: 1_000_000, total_px: 4_000_000, ..Limits::STANDARD });
    let Ok(first) = rebuild_file(octets, &policy, &mut budget, &mut Findings::new(), Fidelity::Full) else { return };
    if matches!(first.extension, "png" | "gif") {
        let mut findings = Findings::new();
        let again = rebuild_file(&first.octets, &policy, &mut budget, &mut findings, Fidelity::Full);
        assert!(again.is_ok_and(|again| again.octets == first.octets));
        assert!(findings.is_empty());
    }
});
