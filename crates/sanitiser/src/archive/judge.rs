//! Entries → the list for people and the findings about them.

use super::{ArchiveList, Entry, Member, names};
use policy::{FindingCode, Findings, Limits};
use std::collections::HashSet;

/// Members that get a line of their own in the report; the others are counted.
const MEMBERS_LISTED: usize = 1_000;
/// Details per kind of finding.
const DETAILS_MAX: usize = 50;
/// Below this a high ratio is no bomb.
const RATIO_FROM_OCTETS: u64 = 10 << 20;

/// Programs, scripts, shortcuts, disk images: what Windows runs or mounts on a double click.
const EXECUTABLE: &[&str] = &[
    "exe",
    "com",
    "scr",
    "pif",
    "cpl",
    "dll",
    "ocx",
    "sys",
    "drv",
    "msi",
    "msp",
    "mst",
    "msix",
    "appx",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "psd1",
    "vbs",
    "vbe",
    "js",
    "jse",
    "wsf",
    "wsh",
    "wsc",
    "sct",
    "hta",
    "jar",
    "lnk",
    "url",
    "website",
    "reg",
    "scf",
    "inf",
    "chm",
    "hlp",
    "one",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "application",
    "gadget",
    "msc",
    "appref-ms",
    "library-ms",
    "search-ms",
    "settingcontent-ms",
    "xll",
    "sh",
    "command",
    "apk",
    "elf",
    "py",
    "rb",
];

/// Archives by name.
const ARCHIVE: &[&str] = &[
    "zip", "7z", "rar", "lzh", "lha", "tar", "gz", "tgz", "bz2", "tbz", "xz", "txz", "zst", "cab", "arj",
    "ace", "z",
];

/// Judges every entry and writes the list.
pub(super) fn judge(
    packed_octets: usize,
    entries: Vec<Entry>,
    locked: bool,
    complete: bool,
    limits: &Limits,
    findings: &mut Findings,
) -> ArchiveList {
    sizes(packed_octets, &entries, limits, findings);
    let local_is_utf8 = names::are_utf8(entries.iter().map(|entry| &entry.name));
    let mut seen = HashSet::new();
    let mut members = Vec::new();
    let mut told = Told { findings, counts: Vec::new() };
    for entry in entries {
        let text = names::decode(&entry.name, local_is_utf8);
        let (name, deceptive) = names::display(&text);
        let executable_like = !entry.is_folder && is_executable(&text, &entry.head);
        let archive_like = !entry.is_folder && is_archive(&text, &entry.head);
        let is_folder = entry.is_folder || text.ends_with('/');
        for (holds, code) in [
            (names::leaves_folder(&text), FindingCode::TraversalName),
            (deceptive, FindingCode::NameDeceives),
            (entry.is_link, FindingCode::LinkMember),
            (executable_like, FindingCode::ExecutableInside),
            // As Windows compares them.
            (!is_folder && !seen.insert(text.to_lowercase()), FindingCode::DuplicateMember),
        ] {
            if holds {
                told.tell(code, &name);
            }
        }
        if !is_folder {
            let Entry { size_octets, encrypted, .. } = entry;
            members.push(Member { name, size_octets, encrypted, executable_like, archive_like });
        }
    }
    if locked {
        findings.add(FindingCode::Locked);
    }
    if !complete {
        findings.add(FindingCode::MemberListIncomplete);
    }
    for member in members.iter().take(MEMBERS_LISTED) {
        findings.add_detail(FindingCode::Member, &line(member));
    }
    let unlisted = members.len().saturating_sub(MEMBERS_LISTED);
    findings.add_many(FindingCode::Member, u32::try_from(unlisted).unwrap_or(u32::MAX), "…");
    ArchiveList { members, locked, complete }
}

/// Few details, all counted.
struct Told<'a> {
    findings: &'a mut Findings,
    counts: Vec<(FindingCode, usize)>,
}

impl Told<'_> {
    fn tell(&mut self, code: FindingCode, name: &str) {
        let known = self.counts.iter_mut().find(|(known, _)| *known == code);
        let count = match known {
            Some((_, count)) => {
                *count = count.saturating_add(1);
                *count
            }
            None => {
                self.counts.push((code, 1));
                1
            }
        };
        self.findings.add_detail(code, if count <= DETAILS_MAX { name } else { "…" });
    }
}

/// One line of the member list.
fn line(member: &Member) -> String {
    let locked = if member.encrypted { " *" } else { "" };
    match member.size_octets {
        Some(size @ 0..1_024) => format!("{} ({size} B){locked}", member.name),
        Some(size @ 1_024..1_048_576) => format!("{} ({} KB){locked}", member.name, size.div_ceil(1_024)),
        Some(size) => format!("{} ({} MB){locked}", member.name, size.div_ceil(1_048_576)),
        None => format!("{}{locked}", member.name),
    }
}

/// What the archive claims to unpack to.
fn sizes(packed_octets: usize, entries: &[Entry], limits: &Limits, findings: &mut Findings) {
    let claimed = entries.iter().filter_map(|entry| entry.size_octets).fold(0, u64::saturating_add);
    if claimed > limits.unpacked_octets {
        findings.add_detail(FindingCode::LimitUnpackedOctets, &claimed.to_string());
    }
    let packed = u64::try_from(packed_octets).unwrap_or(u64::MAX).max(1);
    if claimed > RATIO_FROM_OCTETS && claimed > packed.saturating_mul(limits.unpack_ratio) {
        findings.add_detail(FindingCode::LimitUnpackRatio, &claimed.to_string());
    }
}

fn is_executable(name: &str, head: &[u8]) -> bool {
    EXECUTABLE.contains(&names::extension(name).as_str())
        || matches!(
            head,
            [b'M', b'Z', ..]
                | [0x7f, b'E', b'L', b'F', ..]
                | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
                | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
                | [b'#', b'!', b'/' | b' ', ..]
                | [0x4c, 0, 0, 0, 1, 0x14, 2, 0, ..]
        )
}

fn is_archive(name: &str, head: &[u8]) -> bool {
    ARCHIVE.contains(&names::extension(name).as_str())
        || matches!(
            head,
            [0x1f, 0x8b, ..]
                | [b'R', b'a', b'r', b'!', ..]
                | [b'7', b'z', 0xbc, 0xaf, ..]
                | [b'M', b'S', b'C', b'F', ..]
        )
}
