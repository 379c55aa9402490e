//! Any octets as an archive that is opened, with a word at hand: never a panic, and never more than the budget allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::PartPath;
use policy::Policy;
use sanitiser::{FontFace, Supplements, Surroundings, archive::unpack};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fuzz_target!(|octets: &[u8]| {
    let mut policy = Policy::standard();
    policy.limits.archive_members = 1_000;
    policy.limits.unpacked_octets = 16 << 20;
    policy.limits.unlock_rounds = 10_000;
    let supplements = Supplements { passwords: vec!["sekisho".to_owned()], ..Supplements::default() };
    let (members, _) = unpack::contents("a.zip", octets, &policy, &supplements, &mut Bare);
    // One more stands for what lies behind a break.
    assert!(members.len() <= 1_001);
    let octets: usize = members.iter().filter_map(|(_, content)| content.as_ref().ok()).map(Vec::len).sum();
    assert!(octets <= 16 << 20);
});
