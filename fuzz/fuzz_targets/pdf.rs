//! Any octets → a PDF of pictures or a verdict.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits, Policy};
use sanitiser::pdf::{self, Reduction};
use sanitiser::{FontFace, Surroundings};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &mail::PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fuzz_target!(|input: &[u8]| {
    let limits = Limits { page_px: 200_000, total_px: 1_000_000, nodes: 100_000, pages: 10, ..Limits::STANDARD };
    let mut policy = Policy::standard();
    (policy.limits, policy.pdf_dpi) = (limits, 72);
    let (mut budget, mut findings) = (Budget::new(&limits), Findings::new());
    let result = pdf::flatten(input, &[], &policy, Reduction::None, &mut budget, &mut findings, &mut Bare);
    if let Ok(rewritten) = result {
        assert!(rewritten.octets.starts_with(b"%PDF-1.7\n") && rewritten.octets.ends_with(b"%%EOF\n"));
    }
});
