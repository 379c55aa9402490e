use super::*;
use policy::{Limits, Policy};
use std::path::Path;

fn listed(input: &[u8]) -> (ArchiveList, Findings) {
    let mut findings = Findings::new();
    let list = list(input, &mut Budget::new(&Policy::standard().limits), &mut findings);
    (list, findings)
}

/// One stored member by hand: local header, content, central header.
struct Zip {
    octets: Vec<u8>,
    central: Vec<u8>,
    members: u16,
}

impl Zip {
    fn new() -> Self {
        Self { octets: Vec::new(), central: Vec::new(), members: 0 }
    }

    fn member(mut self, name: &[u8], content: &[u8], flags: u16, unix_mode: u32) -> Self {
        let offset = u32::try_from(self.octets.len()).unwrap();
        self.octets.extend(LOCAL);
        self.octets.extend(Self::fields(name, content, flags));
        self.octets.extend(0_u16.to_le_bytes());
        self.octets.extend(name);
        self.octets.extend(content);
        self.listed(name, content, flags, unix_mode, offset)
    }

    fn listed(mut self, name: &[u8], content: &[u8], flags: u16, unix_mode: u32, offset: u32) -> Self {
        self.central.extend(b"PK\x01\x02\x14\x03");
        self.central.extend(Self::fields(name, content, flags));
        self.central.extend([0; 8]);
        self.central.extend((unix_mode << 16).to_le_bytes());
        self.central.extend(offset.to_le_bytes());
        self.central.extend(name);
        self.members = self.members.saturating_add(1);
        self
    }

    fn fields(name: &[u8], content: &[u8], flags: u16) -> Vec<u8> {
        let mut fields = vec![20, 0];
        let size = u32::try_from(content.len()).unwrap();
        fields.extend(flags.to_le_bytes());
        fields.extend([0; 10]);
        fields.extend(size.to_le_bytes());
        fields.extend(size.to_le_bytes());
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields
    }

    fn finish(mut self) -> Vec<u8> {
        let (size, offset) = (self.central.len(), self.octets.len());
        self.octets.append(&mut self.central);
        self.octets.extend(b"PK\x05\x06\0\0\0\0");
        self.octets.extend(self.members.to_le_bytes());
        self.octets.extend(self.members.to_le_bytes());
        self.octets.extend(u32::try_from(size).unwrap().to_le_bytes());
        self.octets.extend(u32::try_from(offset).unwrap().to_le_bytes());
        self.octets.extend([0; 2]);
        self.octets
    }
}

const LOCAL: &[u8] = b"PK\x03\x04";

#[test]
fn a_zip_is_listed_with_japanese_names() {
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode("資料/見積書①.xlsx");
    let zip = Zip::new()
        .member(&cp932, b"0123456789", 0, 0)
        .member("写真.jpg".as_bytes(), b"", 0x800, 0)
        .member(b"setup.pdf.exe ", b"", 0, 0)
        .member(b"readme.txt", b"MZ\x90\0", 0, 0)
        .finish();
    let (list, findings) = listed(&zip);
    let names: Vec<_> = list.members.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["資料/見積書①.xlsx", "写真.jpg", "setup.pdf.exe ", "readme.txt"]);
    assert!(list.complete && !list.locked);
    assert_eq!(findings.count(FindingCode::Member), 4);
    assert_eq!(findings.count(FindingCode::ExecutableInside), 2);
    assert!(!findings.has(FindingCode::ArchiveOverlap), "{findings:?}");
}

#[test]
fn what_a_zip_can_lie_about_is_found() {
    let plain = || Zip::new().member(b"a.txt", b"hello", 0, 0);
    let cases: &[(&str, Vec<u8>, FindingCode)] = &[
        ("locked", Zip::new().member(b"a.txt", b"hello", 1, 0).finish(), FindingCode::Locked),
        ("dots", Zip::new().member(b"../../a.txt", b"hello", 0, 0).finish(), FindingCode::TraversalName),
        ("backslash", Zip::new().member(b"..\\a.txt", b"hello", 0, 0).finish(), FindingCode::TraversalName),
        ("absolute", Zip::new().member(b"/etc/passwd", b"x", 0, 0).finish(), FindingCode::TraversalName),
        ("drive", Zip::new().member(b"C:\\a.txt", b"x", 0, 0).finish(), FindingCode::TraversalName),
        ("link", Zip::new().member(b"a", b"/etc/passwd", 0, 0o120_777).finish(), FindingCode::LinkMember),
        ("twice", plain().member(b"A.TXT", b"other", 0, 0).finish(), FindingCode::DuplicateMember),
        ("overlap", plain().listed(b"a.txt", b"hello", 0, 0, 0).finish(), FindingCode::ArchiveOverlap),
        (
            "renamed",
            {
                let mut zip = plain().finish();
                zip[30] = b'b';
                zip
            },
            FindingCode::ArchiveOverlap,
        ),
        ("nowhere", plain().listed(b"b.txt", b"hello", 0, 0, 999).finish(), FindingCode::ArchiveOverlap),
        ("prefix", [b"MZ".to_vec(), plain().finish()].concat(), FindingCode::ArchiveOverlap),
        (
            "bidi",
            Zip::new().member("a\u{202e}fdp.exe".as_bytes(), b"", 0x800, 0).finish(),
            FindingCode::NameDeceives,
        ),
        (
            "cut",
            {
                let mut zip = plain().finish();
                zip.truncate(40);
                zip
            },
            FindingCode::MemberListIncomplete,
        ),
    ];
    for (case, zip, code) in cases {
        let (_, findings) = listed(zip);
        assert!(findings.has(*code), "{case}: {findings:?}");
    }
    assert_eq!(cases.len(), 13);
}

#[test]
fn the_member_limit_is_met_exactly_and_passed_by_one() {
    let zip = Zip::new().member(b"a", b"", 0, 0).member(b"b", b"", 0, 0).finish();
    for (archive_members, complete) in [(2, true), (1, false)] {
        let mut findings = Findings::new();
        let limits = Limits { archive_members, ..Limits::STANDARD };
        let list = list(&zip, &mut Budget::new(&limits), &mut findings);
        assert_eq!((list.complete, findings.has(FindingCode::LimitArchiveMembers)), (complete, !complete));
    }
}

#[test]
fn every_archive_of_the_corpus_ends_in_a_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(root, Into::into).join("archive");
    let Ok(folder) = std::fs::read_dir(&root) else {
        println!("no corpus at {}: nothing was run", root.display());
        return;
    };
    let (mut ran, mut complete, mut pending) = (0, 0, vec![]);
    pending.extend(folder.map(|entry| entry.unwrap().path()));
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let octets = std::fs::read(&path).unwrap();
        let (list, findings) = listed(&octets);
        if std::env::var_os("SEKISHO_SHOW").is_some() {
            println!("{} {:?} {}", path.display(), ArchiveFormat::of(&octets), list.complete);
            for finding in findings.iter().take(12) {
                println!("    {} x{} {}", finding.code.name(), finding.count, finding.detail);
            }
        }
        ran += 1;
        complete += usize::from(list.complete);
        assert!(list.complete || findings.has(FindingCode::MemberListIncomplete), "{}", path.display());
    }
    println!("{ran} archives, {complete} listed to the end");
    assert!(ran >= 400, "{ran}");
}

#[test]
fn every_archive_of_the_fixtures_is_found_out() {
    let mut ran = 0;
    for case in fixtures::files().into_iter().filter(|case| case.expect.kind == "archive") {
        let (_, findings) = listed(&case.octets);
        for &name in case.expect.findings.iter().filter(|&&name| name != "archive_stripped") {
            assert!(
                findings.iter().any(|f| f.code.name() == name),
                "{}: {name} not in {findings:?}",
                case.name
            );
        }
        let plain = ["plain.zip", "cp932_names.zip", "plain.tar", "text.gz", "cp932_name.lzh", "hundred.zip"];
        if plain.contains(&case.name) {
            assert!(findings.iter().all(|f| f.code == FindingCode::Member), "{}: {findings:?}", case.name);
        }
        ran += 1;
    }
    assert_eq!(ran, 29);
}
