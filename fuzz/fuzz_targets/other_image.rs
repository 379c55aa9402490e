//! Any octets as HEIC or JPEG 2000: no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits, Policy};
use sanitiser::{other_image, raster::Fidelity};

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { image_px: 100_000, ..Limits::STANDARD };
    let (mut budget, mut findings) = (Budget::new(&limits), Findings::new());
    let _ = other_image::rebuild(octets, &Policy::standard(), &mut budget, &mut findings, Fidelity::Full);
});
