//! A taken child hands out hostile drafts; every one is refused, by its structure or by its content.
//!
//! A child that was taken controls text, parts, names and the digests that are expected of its parts, and, if the
//! composer were taken too, each octet on the wire. So drafts are made hostile in three places: before composing (with
//! expectations that agree), on the wire, and inside parts whose digests agree.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails aloud"
)]

mod content;
mod cost;
mod document;
mod moving;
mod pack;
mod packages;
mod wire;
mod world;

use std::collections::BTreeSet;
use world::{Case, composed, draft, refusal, stamp};

#[test]
fn the_sound_draft_passes() {
    let (octets, expected) = composed(&draft(), &stamp());
    assert!(refusal(octets, &expected).is_none(), "{:?}", refusal(composed(&draft(), &stamp()).0, &expected));
}

#[test]
fn every_hostile_draft_is_refused() {
    let mut cases: Vec<Case> = wire::cases();
    cases.extend(content::cases());
    cases.extend(document::cases());
    cases.extend(moving::cases());
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "names are unique");
    let count = cases.len();
    let mut passed = Vec::new();
    for case in cases {
        match refusal(case.octets, &case.expected) {
            None => passed.push(case.name),
            Some(objections) => {
                assert!(!objections.is_empty() && objections.len() <= 100, "{}", case.name);
                let rules: BTreeSet<&str> = objections.iter().map(|o| o.rule.as_str()).collect();
                println!("{}: {rules:?}", case.name);
            }
        }
    }
    assert!(passed.is_empty(), "passed: {passed:#?}");
    println!("{count} hostile drafts refused");
    assert!(count >= 150, "{count}");
}

#[test]
fn a_cut_message_is_refused_and_a_flip_never_touches_what_is_proven() {
    let (octets, expected) = composed(&draft(), &stamp());
    for cut in (0..octets.len()).step_by(7) {
        let cut_off = verifier::message(octets[..cut].to_vec(), &expected, &mut |_| Ok(Vec::new()));
        assert!(cut_off.is_err(), "cut at {cut}");
    }
    let text = String::from_utf8(octets.clone()).unwrap();
    let first_delimiter = text.find("\r\n--=_").unwrap();
    let second_delimiter = first_delimiter + 4 + text[first_delimiter + 4..].find("\r\n--=_").unwrap();
    // What nobody outside the child can expect: the text, and the values of these fields.
    let open = |place: usize| {
        let line_start = text[..place].rfind("\r\n").map_or(0, |at| at + 2);
        let free = ["Reply-To", "To:", "Message-ID", "In-Reply-To", "References", "Importance", "List-Id"];
        let in_field =
            place < first_delimiter && free.iter().any(|name| text[line_start..].starts_with(name));
        let folded = place < first_delimiter && text[line_start..].starts_with(' ');
        // The date of an incoming hop is the child's word, too.
        let hop = place < first_delimiter && text[line_start..].starts_with("Received: (hop");
        in_field || folded || hop || (first_delimiter..second_delimiter).contains(&place)
    };
    let (mut ran, mut passed) = (0u32, 0u32);
    for place in 0..octets.len() {
        let mut flipped = octets.clone();
        flipped[place] ^= 1 << (place % 8);
        ran += 1;
        // Digests hold the parts, so nothing needs decoding here.
        if verifier::message(flipped, &expected, &mut |_| Ok(Vec::new())).is_ok() {
            passed += 1;
            assert!(open(place), "octet {place}: {:?}", &text[place.saturating_sub(40)..place + 1]);
        }
    }
    println!("{ran} flips, {passed} of them another sound text");
    assert!(ran > 5_000);
}
