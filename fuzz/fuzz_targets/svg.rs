//! Any octets as an SVG: no panic, and the budget bounds the work.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits, Policy};
use sanitiser::svg::{self, Ground};
use sanitiser::{FontFace, Surroundings};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &mail::PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { image_px: 250_000, total_px: 100_000_000, nodes: 500_000, ..Limits::STANDARD };
    let policy = Policy::standard();
    let (mut budget, mut findings) = (Budget::new(&limits), Findings::new());
    let _ = svg::rasterise(octets, Ground::Transparent, &policy, &mut budget, &mut findings, &mut Bare);
});
