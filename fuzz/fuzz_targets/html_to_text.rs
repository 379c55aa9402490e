//! A page becomes text, and the text is filtered: no panic, the budget kept, and a second filter finds nothing to do.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, Findings, Limits, Severity};
use sanitiser::{html, similarity, text};

fuzz_target!(|page: &str| {
    let mut budget = Budget::new(&Limits::STANDARD);
    let Ok(read) = html::to_text(page, &mut budget, &mut Findings::new()) else { return };
    let filter = |text: &str, findings: &mut Findings| {
        text::filter(text, &mut Budget::new(&Limits::STANDARD), findings).expect("within the budget of the page")
    };
    let once = filter(&read.text, &mut Findings::new());
    let mut findings = Findings::new();
    assert_eq!(filter(&once, &mut findings), once);
    assert_eq!(findings.gravest(), Severity::Info);
    similarity::alternatives_differ(page, &read);
});
