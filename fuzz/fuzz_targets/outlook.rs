//! Any octets as `winmail.dat`, as `.msg` and as rich text: no panic, and no more parts than the budget allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::PartPath;
use policy::{Budget, Findings, Limits};
use sanitiser::mime::Entity;
use sanitiser::{outlook, rtf, tnef};

fn count(entity: &Entity) -> u64 {
    entity.children().iter().map(count).sum::<u64>() + 1
}

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { parts: 100, unpacked_octets: 4 << 20, nodes: 100_000, ..Limits::STANDARD };
    let path = || PartPath::root().child(1);
    for read in [tnef::read, outlook::read] {
        if let Ok(root) = read(octets, path(), &mut Budget::new(&limits), &mut Findings::new()) {
            assert!(count(&root) <= 2 * 100);
        }
    }
    let _ = rtf::read(octets, &mut Budget::new(&limits), &mut Findings::new());
    let _ = rtf::of_compressed(octets, &mut Budget::new(&limits), &mut Findings::new());
});
