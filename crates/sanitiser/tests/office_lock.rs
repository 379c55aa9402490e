//! Locked Office documents open with their word and go on as any other; those with the word that Excel itself tries
//! open without one.
#![expect(clippy::panic, reason = "a panic is a test's way to fail")]

use mail::PartPath;
use policy::{FindingCode, Policy, Report};
use sanitiser::{FontFace, Job, Need, Outcome, Supplements, Surroundings};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

/// What the renderer is given of a document.
fn to_render(name: &str, octets: &[u8], words: &[&str]) -> Vec<Vec<u8>> {
    let job = Job::File { name: name.to_owned(), octets: mail::Untrusted::new(octets.to_vec()) };
    let passwords = words.iter().map(|&word| word.to_owned()).collect();
    let supplements = Supplements { passwords, can_render: true, ..Supplements::default() };
    match sanitiser::sanitise(&job, &Policy::standard(), &supplements, &mut Bare) {
        Outcome::Done(..) => Vec::new(),
        Outcome::Needs(needs) => needs
            .into_iter()
            .filter_map(|need| match need {
                Need::Render(document) => Some(document.octets.octets().to_vec()),
                Need::Password(_) => None,
            })
            .collect(),
    }
}

/// How many files come out, and what is said of them; of old formats the text is taken.
fn opened(name: &str, octets: &[u8], words: &[&str]) -> (usize, Box<Report>) {
    let job = Job::File { name: name.to_owned(), octets: mail::Untrusted::new(octets.to_vec()) };
    let passwords = words.iter().map(|&word| word.to_owned()).collect();
    let supplements = Supplements { passwords, ..Supplements::default() };
    let mut policy = Policy::standard();
    assert!(policy.set("legacy_office", "extract").is_ok());
    let Outcome::Done(draft, report) = sanitiser::sanitise(&job, &policy, &supplements, &mut Bare) else {
        panic!("more is asked for")
    };
    (draft.attachments.len(), report)
}

#[test]
fn locked_documents_of_the_corpus_open_with_their_word() {
    // The word that opens it; none where Excel's own does. Excel and PowerPoint of old then wait for the renderer.
    let drawn = Some(FindingCode::RendererMissing);
    let table: &[(&str, Option<&str>, Option<FindingCode>)] = &[
        ("oletools/dde-test-encrypt-standardpassword.xlsx", None, None),
        ("oletools/encrypted.docx", Some("oletools"), None),
        ("oletools/encrypted.doc", Some("encrypted"), None),
        ("oletools/encrypted.xls", Some("encrypted"), drawn),
        ("oletools/encrypted.ppt", Some("encrypted"), drawn),
        ("oletools/dde-test-encrypt-standardpassword.xls", None, drawn),
        ("PhpSpreadsheet/pwtest.xls", None, drawn),
        ("PhpSpreadsheet/pwtest3.xls", None, drawn),
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(root, Into::into).join("office");
    let mut ran = 0;
    for (name, word, reason) in table {
        let Ok(octets) = std::fs::read(root.join(name)) else { continue };
        let (files, report) = opened(name, &octets, word.as_slice());
        let Some(part) = report.parts.first() else { panic!("{name}: no part") };
        assert_eq!((files, part.reason), (usize::from(reason.is_none()), *reason), "{name}: {report:?}");
        assert_eq!(part.findings.has(FindingCode::Unlocked), word.is_some(), "{name}");
        if *reason == drawn {
            // The renderer is given the same container without its lock, and nothing while it is locked.
            let asked = to_render(name, &octets, word.as_slice());
            let Some(document) = asked.first() else { panic!("{name}: nothing is drawn") };
            assert!(asked.len() == 1 && document.len() == octets.len() && *document != octets, "{name}");
            assert!(word.is_none() || to_render(name, &octets, &["no"]).is_empty(), "{name}");
        }
        if word.is_some() {
            let (files, report) = opened(name, &octets, &["no"]);
            assert_eq!(files, 0, "{name}");
            let Some(part) = report.parts.first() else { panic!("{name}: no part") };
            let awaited = part.findings.has(FindingCode::PasswordAwaited);
            assert_eq!((part.reason, awaited), (Some(FindingCode::Locked), true), "{name}");
        }
        ran += 1;
    }
    if ran == 0 {
        println!("no corpus: nothing was run");
    } else {
        assert_eq!(ran, table.len());
    }
}
