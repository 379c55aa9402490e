//! Any octets read as a message: no panic, no more entities and no deeper than the budget allows, and no leaf
//! larger than the message that it came in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Limits};
use sanitiser::mime::{self, EntityBody, embedded};

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { parts: 50, mime_depth: 8, ..Limits::STANDARD };
    let Ok(message) = mime::read(octets, &mut Budget::new(&limits)) else { return };
    let mut entities = 0;
    for entity in message.entities() {
        entities += 1;
        assert!(entity.path.depth() <= 8 && entity.path.is_sound());
        if let EntityBody::Leaf(leaf) = &entity.body {
            assert!(leaf.len() <= octets.len());
            let text = String::from_utf8_lossy(leaf);
            let lines = text.lines().count();
            let mut end = 0;
            for block in embedded::find(&text) {
                assert!(block.lines.start >= end && block.lines.end <= lines && !block.lines.is_empty());
                end = block.lines.end;
            }
        }
    }
    assert!(entities <= 50);
});
