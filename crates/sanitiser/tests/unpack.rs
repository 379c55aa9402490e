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
    ("cp932_name.lzh", "", &["見積書ソ.txt"]),
    ("program.lzh", "", &["setup.exe.txt"]),
    ("empty.7z", "empty", &[]),
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

/// One text in archives of other formats, locked with `sekisho`, as another tool wrote them.
const LOCKED: &[(&str, &str)] = &[
    (
        "AES-256.zip",
        "504b0304330001086300349a755d00000000290000000d0000000a000b00e69c9fe999902e74787401990700020041450300\
     00132f720734c5d34fa4e56533a78c4c7f32581bf75a2a1b42fe38e3f4ec1d54fac5ecde1c700664c7e4504b01023f033300\
     01086300349a755d00000000290000000d0000000a002f000000000000002080a48100000000e69c9fe999902e7478740a00\
     2000000000000100180038291cf9ec79dd01000000000000000000000000000000000199070002004145030000504b050600\
     00000001000100670000005c0000000000",
    ),
    (
        "AES-128.zip",
        "504b0304330001086300349a755d00000000210000000d0000000a000b00e69c9fe999902e74787401990700020041450100\
     00d4c6155c21229d6db176aeb2e9d4859003906ac42b8fd173ea4bf61f2e0da2e8a9504b01023f03330001086300349a755d\
     00000000210000000d0000000a002f000000000000002080a48100000000e69c9fe999902e7478740a002000000000000100\
     180038291cf9ec79dd01000000000000000000000000000000000199070002004145010000504b0506000000000100010067\
     000000540000000000",
    ),
    (
        "content.7z",
        "377abcaf271c000470dad97b20000000000000006a000000000000003a0f9170bb1e53132071cf0f96ad93e3015f82c7cd6d\
     9e15d8a36bcc507a7bb6830671900104060001092000070b0100022406f1070112530f9c85b0155d71f20fe9c6ee21b0398a\
     aa2121010001000c110d00080a01121d26cf00000501190100110f001f6750962e007400780074000000190400000000140a\
     010038291cf9ec79dd01150601002080a4810000",
    ),
    (
        "header.7z",
        "377abcaf271c0004b55faeda90000000000000002e000000000000007504059961b9d9bc16f69ddd44f28c6fa9f26ea2aaae\
     9682aa6b741ad440d0be7998c89052f9145b269db61ba4eb92c8867a93c24ffc11a5583d218fe9dc0139c50a1ad264f1a2f0\
     579c0e3974ff20dafeb9a1aede45817d1c9dd2c46bb32e433f109b2e49b0507f5c8faf58f95c784dbd4d3c9b031707b27a9a\
     1a7cdb11510431c25d8d24a495ca7fca254c09802d5f5f11326f17062001097000070b0100012406f1070112530f0c0361f3\
     e58cc2113ba0bcde9b7e8b750c6a0a01f40797480000",
    ),
];

fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.bytes().filter_map(|c| u8::try_from(char::from(c).to_digit(16)?).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect()
}

#[test]
fn locked_archives_of_every_format_open_with_their_word() {
    for (name, hex) in LOCKED {
        let octets = from_hex(hex);
        let opened = open_with(name, &octets, &with_words(&["sekisho"]), &unpacking());
        assert_eq!(opened.names(), ["期限.txt"], "{name}: {:?}", opened.report);
        assert_eq!(
            opened.files.first().map(|(_, text)| text.as_slice()),
            Some("提出期限\r\n".as_bytes()),
            "{name}"
        );
        assert!(opened.has("unlocked"), "{name}");
        for words in [&[][..], &["no"]] {
            let opened = open_with(name, &octets, &with_words(words), &unpacking());
            assert_eq!((opened.reason(), opened.files.len()), (Some(FindingCode::Locked), 0), "{name}");
        }
        // A member that was tampered with is not opened for its right word, either.
        let mut damaged = octets.clone();
        if !name.ends_with(".zip") {
            continue;
        }
        if let Some(octet) = damaged.get_mut(70) {
            *octet ^= 1;
        }
        let opened = open_with(name, &damaged, &with_words(&["sekisho"]), &unpacking());
        assert_eq!(opened.files.len(), 0, "{name}");
    }
    assert_eq!(LOCKED.len(), 4);
}

#[test]
fn trying_words_has_an_end() {
    let Some((name, hex)) = LOCKED.last() else { panic!("no locked archive") };
    let words: Vec<String> = (0..300).map(|n| format!("word{n}")).collect();
    let supplements = Supplements { passwords: words, ..Supplements::default() };
    let mut policy = unpacking();
    // Two words and a half.
    policy.limits.unlock_rounds = 5 << 18;
    let opened = open_with(name, &from_hex(hex), &supplements, &policy);
    assert_eq!(opened.reason(), Some(FindingCode::Locked));
    assert!(opened.has("limit_unlocking"));
}

/// The archive of a corpus, or nothing when it is not there.
fn corpus(path: &str) -> Option<Vec<u8>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(root, Into::into);
    std::fs::read(root.join("archive").join(path)).ok()
}

#[test]
fn archives_of_the_corpus_open_with_their_word() {
    let table = [
        ("rarfile/rar3-comment-psw.rar", "password"),
        ("rarfile/rar3-comment-hpsw.rar", "password"),
        ("rarfile/rar5-psw.rar", "password"),
        ("rarfile/rar5-psw-blake.rar", "password"),
        ("rarfile/rar5-hpsw.rar", "password"),
        ("rarfile/rar202-comment-psw.rar", "password"),
        ("py7zr/filename_encryption.7z", "hello"),
    ];
    let mut ran = 0;
    for (path, word) in table {
        let Some(octets) = corpus(path) else { continue };
        let wrong = open_with(path, &octets, &with_words(&["wrong"]), &unpacking());
        assert_eq!(wrong.reason(), Some(FindingCode::Locked), "{path}");
        let opened = open_with(path, &octets, &with_words(&["wrong", word]), &unpacking());
        assert_eq!(opened.reason(), None, "{path}");
        assert!(opened.has("unlocked"), "{path}");
        ran += 1;
    }
    if ran == 0 {
        println!("no corpus: nothing was run");
    } else {
        assert_eq!(ran, table.len());
    }
}
