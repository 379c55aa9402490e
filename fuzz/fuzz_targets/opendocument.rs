//! Any octets as an OpenDocument file, flat or packed: no panic, and what is written is a rebuild of itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, FindingCode, Findings, Limits, Policy};
use sanitiser::{FontFace, Rewritten, Surroundings, opendocument, raster::Fidelity};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &mail::PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fn rebuilt(octets: &[u8]) -> Result<Rewritten, FindingCode> {
    let limits = Limits {
        image_px: 250_000,
        total_px: 20_000_000,
        nodes: 200_000,
        unpacked_octets: 16 << 20,
        unlock_rounds: 20_000,
        ..Limits::STANDARD
    };
    let (mut budget, mut findings) = (Budget::new(&limits), Findings::new());
    let words = ["word".to_owned()];
    opendocument::rebuild(
        octets,
        &words,
        &Policy::standard(),
        &mut budget,
        &mut findings,
        Fidelity::Full,
        &mut Bare,
    )
}

fuzz_target!(|octets: &[u8]| {
    if let Ok(written) = rebuilt(octets)
        && let Ok(again) = rebuilt(&written.octets)
    {
        assert_eq!(again.extension, written.extension);
    }
});
