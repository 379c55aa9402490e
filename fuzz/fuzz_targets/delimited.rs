//! Text formats written anew: what was written is written again to the same octets, with no grave finding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Budget, FindingCode, Findings, Limits, Severity};
use sanitiser::{Rewritten, calendar, delimited, json, plain_file, vcard, xml};

type Rewrite = fn(&[u8], &mut Budget, &mut Findings) -> Result<Rewritten, FindingCode>;

const FORMATS: [Rewrite; 7] = [
    |octets, budget, findings| delimited::rewrite(octets, Some("utf-8"), "csv", budget, findings),
    |octets, budget, findings| delimited::rewrite(octets, Some("utf-8"), "tsv", budget, findings),
    |octets, budget, findings| plain_file::rewrite(octets, Some("utf-8"), budget, findings),
    |octets, budget, findings| xml::rewrite(octets, Some("utf-8"), budget, findings),
    json::rewrite,
    |octets, budget, findings| calendar::rewrite(octets, Some("utf-8"), budget, findings).map(|(_, file)| file),
    |octets, budget, findings| vcard::rewrite(octets, Some("utf-8"), budget, findings),
];

fuzz_target!(|octets: &[u8]| {
    let Some((first, octets)) = octets.split_first() else { return };
    let rewrite = FORMATS[usize::from(*first) % FORMATS.len()];
    let fresh = || (Budget::new(&Limits::STANDARD), Findings::new());
    let (mut budget, mut findings) = fresh();
    let Ok(once) = rewrite(octets, &mut budget, &mut findings) else { return };
    if once.charset.is_some_and(|charset| charset != "UTF-8") {
        return;
    }
    let (mut budget, mut findings) = fresh();
    let again = rewrite(&once.octets, &mut budget, &mut findings).expect("our own output is read");
    assert_eq!(again.octets, once.octets);
    assert_eq!(findings.gravest(), Severity::Info);
});
