//! Archives under the policy `unpack`: what comes of sound ones and of hostile ones.
#![expect(clippy::panic, clippy::expect_used, reason = "a panic is a test's way to fail")]

use mail::PartPath;
use policy::{FindingCode, Policy, Report};
use sanitiser::{FontFace, Job, Outcome, Supplements, Surroundings};
use std::{io::Read, sync::Arc};

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

/// What came of an archive: its files by name, and the report.
struct Opened {
    files: Vec<(String, Vec<u8>)>,
    report: Box<Report>,
}

impl Opened {
    fn names(&self) -> Vec<&str> {
        self.files.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn reason(&self) -> Option<FindingCode> {
        self.report.parts.first().and_then(|part| part.reason)
    }

    fn has(&self, code: &str) -> bool {
        let parts = &self.report.parts;
        parts.iter().any(|part| {
            part.findings.iter().any(|f| f.code.name() == code)
                || part.reason.is_some_and(|r| r.name() == code)
        })
    }
}

fn open_with(name: &str, octets: &[u8], supplements: &Supplements, policy: &Policy) -> Opened {
    let job = Job::File { name: name.to_owned(), octets: mail::Untrusted::new(octets.to_vec()) };
    let Outcome::Done(draft, report) = sanitiser::sanitise(&job, policy, supplements, &mut Bare) else {
        panic!("more is asked for")
    };
    assert!(draft.attachments.len() <= 1, "{name}");
    let mut files = Vec::new();
    for attachment in &draft.attachments {
        assert_eq!(attachment.media_type.as_str(), "application/zip", "{name}");
        assert!(attachment.name.ends_with(".zip"), "{name}");
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&attachment.octets)).expect("a sound zip");
        for index in 0..zip.len() {
            let mut member = zip.by_index(index).expect("a sound member");
            let mut content = Vec::new();
            member.read_to_end(&mut content).expect("sound content");
            let name = member.name().expect("UTF-8").into_owned();
            files.push((name, content));
        }
    }
    Opened { files, report }
}

fn unpacking() -> Policy {
    let mut policy = Policy::standard();
    policy.set("archive", "unpack").expect("a possible rule");
    policy
}

fn open(name: &str, octets: &[u8]) -> Opened {
    open_with(name, octets, &Supplements::default(), &unpacking())
}

fn with_words(words: &[&str]) -> Supplements {
    Supplements { passwords: words.iter().map(|&word| word.to_owned()).collect(), ..Supplements::default() }
}

/// Name, reason for which the whole is withheld, files in the new zip.
const FIXTURES: &[(&str, &str, &[&str])] = &[
    ("plain.zip", "", &["資料/見積書.txt"]),
    ("cp932_names.zip", "", &["資料/①見積書（髙橋）.txt"]),
    ("program.zip", "", &["資料/見積書.txt", "setup.exe.txt"]),
    ("program_named_text.zip", "", &["資料/見積書.txt", "readme.txt"]),
    ("script.zip", "", &["資料/見積書.txt"]),
    ("double_extension.zip", "", &["資料/見積書.txt", "請求書.pdf.exe.txt"]),
    ("locked.zip", "locked", &[]),
    ("zipcrypto.zip", "locked", &[]),
    ("traversal.zip", "", &["資料/見積書.txt", "etc/passwd.txt"]),
    ("drive.zip", "", &["資料/見積書.txt", "Windows/a.txt"]),
    ("link.zip", "", &["資料/見積書.txt"]),
    ("twice.zip", "", &["資料/見積書.txt", "a.txt", "A (2).TXT"]),
    ("bidi_name.zip", "", &["資料/見積書.txt", "invoicefdp.exe.txt"]),
    ("overlap.zip", "archive_overlap", &[]),
    ("ratio.zip", "limit_unpack_ratio", &[]),
    ("total.zip", "limit_unpacked_octets", &[]),
    ("nested.zip", "", &[]),
    ("most_members.zip", "", &[]),
    ("one_member_too_many.zip", "limit_archive_members", &[]),
    ("cut.zip", "unreadable", &[]),
    ("plain.tar", "", &["資料/a.txt"]),
    ("link.tar", "", &[]),
    ("traversal.tar.gz", "", &["a.txt"]),
    ("ratio.tar.gz", "limit_unpack_ratio", &[]),
    ("text.gz", "", &["text.txt"]),
    ("cp932_name.lzh", "archive_unsupported", &[]),
    ("program.lzh", "archive_unsupported", &[]),
    ("empty.7z", "archive_unsupported", &[]),
];

#[test]
fn every_archive_of_the_fixtures_ends_in_a_verdict() {
    let mut ran = 0;
    for case in fixtures::files().into_iter().filter(|case| case.expect.kind == "archive") {
        let opened = open(case.name, &case.octets);
        if case.name == "hundred.zip" {
            assert_eq!(opened.files.len(), 100);
            ran += 1;
            continue;
        }
        let expected = FIXTURES.iter().find(|(name, ..)| *name == case.name);
        let Some((name, reason, files)) = expected else { panic!("{} has no expectation", case.name) };
        assert_eq!(opened.reason().map_or("", FindingCode::name), *reason, "{name}");
        assert_eq!(opened.names(), *files, "{name}");
        // What was told of it when it was removed is told of it still.
        for finding in case.expect.findings.iter().filter(|f| {
            !matches!(**f, "archive_stripped" | "member" | "executable_inside" | "member_list_incomplete")
        }) {
            assert!(opened.has(finding), "{name}: {finding}");
        }
        ran += 1;
    }
    assert_eq!(ran, 29);
}

#[test]
fn members_stand_below_their_archive_and_a_deep_one_is_withheld_alone() {
    let inner = fixtures::zip(&[("深い/a.txt", "中".as_bytes()), ("b.exe", b"MZ\x90\0\x03\0\0\0")]);
    let mail = b"From: a@example.com\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nletter\r\n";
    let zip = fixtures::zip(&[
        ("a.txt", b"one"),
        ("内側.zip", &inner),
        ("__MACOSX/._a.txt", b"noise"),
        ("手紙.eml", mail),
        ("a.log", b"log"),
        ("a.txt/b.txt", b"a file where a file stands"),
    ]);
    let opened = open("外.zip", &zip);
    assert_eq!(
        opened.names(),
        ["a.txt", "内側/深い/a.txt", "手紙.txt", "a.log.txt", "a.txt_/b.txt"],
        "{:?}",
        opened.report
    );
    let told: Vec<(String, &str, &str, bool)> = opened
        .report
        .parts
        .iter()
        .map(|part| (part.path.to_string(), part.name.as_str(), part.action.name(), part.is_container))
        .collect();
    let told: Vec<_> =
        told.iter().map(|(path, name, action, c)| (path.as_str(), *name, *action, *c)).collect();
    assert_eq!(
        told,
        [
            ("1", "外.zip", "unpack", true),
            ("1.1", "a.txt", "rebuild", false),
            ("1.2", "内側.zip", "unpack", true),
            ("1.2.1", "内側/深い/a.txt", "rebuild", false),
            ("1.2.2", "内側/b.exe", "remove", false),
            ("1.4", "手紙.txt", "unpack", true),
            ("1.4.1", "", "merge", false),
            ("1.5", "a.log.txt", "rebuild", false),
            ("1.6", "a.txt_/b.txt", "rebuild", false),
        ]
    );
    assert!(opened.has("system_file_dropped"));
    let mut policy = unpacking();
    policy.limits.archive_depth = 1;
    let shallow = open_with("外.zip", &zip, &Supplements::default(), &policy);
    assert_eq!(shallow.names(), ["a.txt", "手紙.txt", "a.log.txt", "a.txt_/b.txt"]);
    assert!(shallow.has("limit_archive_depth"));
}

#[test]
fn a_word_that_fits_opens_and_no_other() {
    let cases = fixtures::files();
    let Some(case) = cases.iter().find(|case| case.name == "zipcrypto.zip") else { panic!("no fixture") };
    let many: Vec<String> = (0..1_000).map(|n| format!("wrong{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let table: &[(&[&str], bool)] = &[
        (&["sekisho"], true),
        (&["nothing", "ｓｅｋｉｓｈｏ"], true),
        (&["Sekisho"], false),
        (&[], false),
        (&many, false),
    ];
    for (words, fits) in table {
        for policy in [Policy::standard(), unpacking()] {
            let opened = open_with(case.name, &case.octets, &with_words(words), &policy);
            let expected: &[&str] = if *fits { &["secret.txt"] } else { &[] };
            assert_eq!(opened.names(), expected, "{words:?}");
            assert_eq!(opened.has("unlocked"), *fits);
            assert_eq!(opened.reason(), (!fits).then_some(FindingCode::Locked));
        }
    }
    assert_eq!(table.len(), 5);
}
