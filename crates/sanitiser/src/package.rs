//! A document package (ECMA-376 part 2 "Open Packaging", OpenDocument 1.3 part 2) → its members, read one by one.
//!
//! *Security.* Given any octets. Members are spent from the budget as soon as their count is known, unpacked octets
//! before they are allocated. Refused as a whole: encrypted members, entries that overlap, names that leave the
//! package, two members of one name (compared without regard to case), and members that unpack to suspiciously many
//! times their size. Only `stored` and `deflate` are read. No name of a member is ever used as a path.

pub mod content_types;
pub mod relationships;

use policy::{Budget, FindingCode, Findings};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};
use zip::{CompressionMethod, ZipArchive};

/// The ratio of a package is looked at once this much would be unpacked.
const RATIO_FLOOR_OCTETS: u64 = 10 * 1024 * 1024;
/// Longest name of a member, in octets.
const NAME_OCTETS_MAX: usize = 1_024;

/// An opened package.
pub struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// By name in lower case, without a leading slash: index in the archive, the name as written, unpacked octets.
    members: BTreeMap<String, Member>,
}

struct Member {
    index: usize,
    name: String,
    size_octets: u64,
}

impl std::fmt::Debug for Package<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Package({} members)", self.members.len())
    }
}

impl<'a> Package<'a> {
    /// Reads the directory of a package and judges it as a whole.
    pub fn open(octets: &'a [u8], budget: &mut Budget, findings: &mut Findings) -> Result<Self, FindingCode> {
        let Ok(mut archive) = ZipArchive::new(Cursor::new(octets)) else {
            return Err(FindingCode::Unreadable);
        };
        budget.spend_archive_members(u64::try_from(archive.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
        if archive.has_duplicate_names() {
            return Err(FindingCode::DuplicateMember);
        }
        match archive.has_overlapping_entries() {
            Ok(false) => {}
            Ok(true) => return Err(FindingCode::ArchiveOverlap),
            Err(_) => return Err(FindingCode::Unreadable),
        }
        let mut members = BTreeMap::new();
        let (mut packed, mut unpacked) = (0u64, 0u64);
        for index in 0..archive.len() {
            let Ok(entry) = archive.by_index_raw(index) else { return Err(FindingCode::Unreadable) };
            if entry.is_dir() {
                continue;
            }
            if entry.encrypted() {
                return Err(FindingCode::Unreadable);
            }
            let Some(name) = sound_name(entry.name_raw()) else {
                findings.add_detail(FindingCode::TraversalName, &String::from_utf8_lossy(entry.name_raw()));
                return Err(FindingCode::TraversalName);
            };
            if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
                return Err(FindingCode::Unreadable);
            }
            packed = packed.saturating_add(entry.compressed_size());
            unpacked = unpacked.saturating_add(entry.size());
            let member = Member { index, name: name.clone(), size_octets: entry.size() };
            if members.insert(name.to_ascii_lowercase(), member).is_some() {
                return Err(FindingCode::DuplicateMember);
            }
        }
        let ratio = budget.limits().unpack_ratio;
        if unpacked > RATIO_FLOOR_OCTETS && unpacked > packed.saturating_mul(ratio) {
            return Err(FindingCode::LimitUnpackRatio);
        }
        if unpacked > budget.unpacked_left() {
            return Err(FindingCode::LimitUnpackedOctets);
        }
        Ok(Self { archive, members })
    }

    /// The names of all members as they are written, without a leading slash.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.values().map(|member| member.name.as_str())
    }

    /// Whether there is such a member, without regard to case.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(&name.to_ascii_lowercase())
    }

    /// Unpacks a member; `None` when there is none. [`FindingCode::Unreadable`] is a verdict on this member alone.
    pub fn read(&mut self, name: &str, budget: &mut Budget) -> Result<Option<Vec<u8>>, FindingCode> {
        let Some(member) = self.members.get(&name.to_ascii_lowercase()) else { return Ok(None) };
        budget.spend_unpacked(member.size_octets).map_err(|e| e.0)?;
        let Ok(size) = usize::try_from(member.size_octets) else {
            return Err(FindingCode::LimitUnpackedOctets);
        };
        let Ok(entry) = self.archive.by_index(member.index) else { return Err(FindingCode::Unreadable) };
        // The claimed size was spent; a claim far above what deflate can give is not believed with memory.
        let likely = usize::try_from(entry.compressed_size()).unwrap_or(size).saturating_mul(16);
        let mut octets = Vec::with_capacity(size.min(likely.saturating_add(1_024)));
        let read = entry.take(member.size_octets.saturating_add(1)).read_to_end(&mut octets);
        // The reader compares the checksum at the end.
        if read.is_err() || octets.len() != size {
            return Err(FindingCode::Unreadable);
        }
        Ok(Some(octets))
    }
}

/// The name of a member as we compare it: slashes, no leading one; `None` when it leaves the package.
fn sound_name(raw: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(raw).replace('\\', "/");
    let name = name.strip_prefix('/').unwrap_or(&name);
    let drive = name.split('/').next().is_some_and(|first| first.contains(':'));
    let leaves = name.split('/').any(|segment| matches!(segment, "" | "." | ".."));
    let odd = name.chars().any(char::is_control) || name.len() > NAME_OCTETS_MAX;
    (!drive && !leaves && !odd).then(|| name.to_owned())
}

/// The member that a reference leads to, from the folder of `source` (RFC 3986 §5.2.4, ECMA-376 part 2 annex A):
/// `None` when it leaves the package or names a place outside of it.
pub fn resolve(source: &str, target: &str) -> Option<String> {
    let target = target.split(['#', '?']).next().unwrap_or_default().replace('\\', "/");
    let target = percent_decoded(&target)?;
    let mut segments: Vec<&str> = Vec::new();
    let relative = match target.strip_prefix('/') {
        Some(rooted) => rooted,
        None => {
            segments.extend(source.split('/'));
            segments.pop();
            target.as_str()
        }
    };
    if relative.is_empty() || relative.len() > NAME_OCTETS_MAX {
        return None;
    }
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            _ if segment.contains(':') || segment.chars().any(char::is_control) => return None,
            _ => segments.push(segment),
        }
    }
    (!segments.is_empty()).then(|| segments.join("/"))
}

/// `%41` as the octet it stands for; `None` when the whole is no UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let pair = after.first_chunk::<2>().and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(octet) if *first == b'%' => {
                octets.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                octets.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Limits;
    use std::io::Write;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, octets) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(octets).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn opened(octets: &[u8], limits: &Limits) -> Result<usize, FindingCode> {
        Package::open(octets, &mut Budget::new(limits), &mut Findings::new()).map(|p| p.names().count())
    }

    #[test]
    fn members_are_read_by_any_case_and_limits_are_met_exactly() {
        let octets = packed(&[("word/document.xml", b"<w/>"), ("A.xml", b"12345")]);
        let mut budget = Budget::new(&Limits { unpacked_octets: 9, ..Limits::STANDARD });
        let mut package = Package::open(&octets, &mut budget, &mut Findings::new()).unwrap();
        assert!(package.has("Word/Document.XML") && !package.has("b.xml"));
        assert_eq!(package.read("a.xml", &mut budget), Ok(Some(b"12345".to_vec())));
        assert_eq!(package.read("word/document.xml", &mut budget), Ok(Some(b"<w/>".to_vec())));
        assert_eq!(package.read("A.xml", &mut budget), Err(FindingCode::LimitUnpackedOctets));
        assert_eq!(package.read("none", &mut budget), Ok(None));
        let limits = |unpacked_octets, archive_members| Limits {
            unpacked_octets,
            archive_members,
            ..Limits::STANDARD
        };
        assert_eq!(opened(&octets, &limits(9, 2)), Ok(2));
        assert_eq!(opened(&octets, &limits(8, 2)), Err(FindingCode::LimitUnpackedOctets));
        assert_eq!(opened(&octets, &limits(9, 1)), Err(FindingCode::LimitArchiveMembers));
    }

    #[test]
    fn a_package_that_is_no_package_is_refused() {
        let bomb = vec![0u8; 11 * 1024 * 1024];
        let cases: &[(Vec<u8>, FindingCode)] = &[
            (b"PK".to_vec(), FindingCode::Unreadable),
            (packed(&[("../a", b"x")]), FindingCode::TraversalName),
            (packed(&[("a/../../b", b"x")]), FindingCode::TraversalName),
            (packed(&[("C:/b", b"x")]), FindingCode::TraversalName),
            (packed(&[("a", b"x"), ("A", b"y")]), FindingCode::DuplicateMember),
            (packed(&[("a/b", b"x"), ("a\\b", b"y")]), FindingCode::DuplicateMember),
            (packed(&[("a", &bomb)]), FindingCode::LimitUnpackRatio),
        ];
        let mut ran = 0;
        for (octets, code) in cases {
            assert_eq!(opened(octets, &Limits::STANDARD), Err(*code), "case {ran}");
            ran += 1;
        }
        assert_eq!(ran, 7);
        let whole = packed(&[("a", b"some text that is long enough"), ("b", b"x")]);
        for end in 0..whole.len() {
            let _cut = opened(&whole[..end], &Limits::STANDARD);
        }
    }

    #[test]
    fn references_stay_inside() {
        let cases: &[(&str, &str, Option<&str>)] = &[
            ("word/document.xml", "styles.xml", Some("word/styles.xml")),
            ("word/document.xml", "../media/a.png", Some("media/a.png")),
            ("word/document.xml", "/xl/b.xml", Some("xl/b.xml")),
            ("word/document.xml", "./a%20b.xml#x", Some("word/a b.xml")),
            ("document.xml", "../a.xml", None),
            ("word/document.xml", "../../a.xml", None),
            ("word/document.xml", "http://example.jp/a", None),
            ("word/document.xml", "C:\\a", None),
            ("word/document.xml", "", None),
            ("", "word/document.xml", Some("word/document.xml")),
            ("word/document.xml", "%2e%2e/%2e%2e/a", None),
        ];
        let mut ran = 0;
        for (source, target, expected) in cases {
            assert_eq!(resolve(source, target).as_deref(), *expected, "{source} {target}");
            ran += 1;
        }
        assert_eq!(ran, 11);
    }
}
