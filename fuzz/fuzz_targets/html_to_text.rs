//! A page becomes text: no panic, the budget kept, and the text filter finds nothing grave in what came out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits, Severity};
use sanitiser::{html, similarity, text};

fuzz_target!(|page: &str| {
    let mut budget = Budget::new(&Limits::STANDARD);
    let Ok(read) = html::to_text(page, &mut budget, &mut Findings::new()) else { return };
    let mut findings = Findings::new();
    let again = text::filter(&read.text, &mut Budget::new(&Limits::STANDARD), &mut findings);
    assert_eq!(again.as_deref(), Ok(read.text.as_str()));
    assert_eq!(findings.gravest(), Severity::Info);
    similarity::alternatives_differ(page, &read);
});
