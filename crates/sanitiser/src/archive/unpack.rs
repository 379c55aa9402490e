//! An archive → what was written of its members, and from these a new zip (policy `unpack`).
//!
//! Each member is announced, unpacked, and walks the road of any other part; it stands in the report below the
//! archive, with an action and a reason of its own. An archive in an archive becomes a folder. Nothing of the archive
//! itself crosses: names are made anew segment by segment, times and attributes are gone.
//!
//! *Security.* One member is in memory at a time, besides what was written of the others. Members, octets and ratio are
//! spent from the one budget as they come, whatever the archive claims; a limit that is met is a verdict on the whole
//! archive, a damaged or odd member is one on that member. Links and devices are never followed. The depth of
//! archives in archives is counted, and is the only recursion.

use super::{
    ArchiveFormat,
    names::RawName,
    sequence,
    tree::{self, Tree},
    un7z, uncab, unlzh, unrar, untar, unzip,
};
use crate::{
    Rewritten, Supplements, Surroundings,
    archive::names,
    detect,
    message::{
        Growing,
        leaf::{self, Part},
    },
    zip_writer::{Method, ZipFile},
};
use mail::{Attachment, Draft, MediaType, PartPath, charset};
use policy::{Action, FindingCode, Findings, Kind, PartReport, Policy};
use std::{collections::HashSet, io::Read};

/// Largest member that is opened.
pub(super) const MEMBER_OCTETS_MAX: u64 = 100 << 20;
/// Below this a high ratio is no bomb.
const RATIO_FROM_OCTETS: u64 = 10 << 20;
/// Most that may be written of all members of an archive, before it is compressed.
const WRITTEN_OCTETS_MAX: usize = 192 << 20;
/// Octets that are unpacked at a time.
const CHUNK_OCTETS: usize = 64 << 10;
/// Longest name in a report, in characters.
const NAME_CHARS_MAX: usize = 200;

/// A member as its reader comes to it.
pub(super) struct Head {
    /// Its name.
    pub(super) name: RawName,
    /// Whether it is a link, a device or another thing without content of its own.
    pub(super) is_link: bool,
    /// What it claims to unpack to.
    pub(super) size: Option<u64>,
}

/// A member that may be opened.
pub(super) struct Admitted {
    path: PartPath,
    name: String,
    findings: Findings,
}

/// The octets of a member, or why there are none.
pub(super) type Content = Result<Vec<u8>, FindingCode>;

/// An archive on its way.
pub(super) struct Unpacking<'a, 'g> {
    pub(super) growing: &'a mut Growing<'g>,
    /// Findings about the archive itself.
    pub(super) findings: &'a mut Findings,
    archive: &'a Part,
    packed_octets: u64,
    unpacked_octets: u64,
    local_is_utf8: Option<bool>,
    members: u32,
    seen: HashSet<String>,
    tree: Tree,
    written: &'a mut Written,
    written_octets: usize,
}

/// A member as it came out of an archive: its name, and its octets or why there are none.
pub type Member = (String, Result<Vec<u8>, FindingCode>);

/// What was written of the members of an archive.
#[derive(Debug)]
pub(crate) enum Written {
    /// Of one that stands by itself: the new zip, and how many files are in it.
    Zip(Box<ZipFile>, usize),
    /// Of one in another: the files, with `/` between folders.
    Folder(Vec<Attachment>),
    /// Nothing is written anew: the members as they came out.
    Raw(Vec<Member>),
}

/// Opens an archive and has its members written anew; their reports are added to those of `growing`.
///
/// # Errors
///
/// `Locked` when none of the passwords opens it, the limit that was met, or why it cannot be opened at all. Reports
/// of members may have been added all the same.
pub(crate) fn members(
    part: &Part,
    octets: &[u8],
    findings: &mut Findings,
    growing: &mut Growing<'_>,
) -> Result<Written, FindingCode> {
    let mut written = if growing.archive_depth == 0 {
        Written::Zip(Box::default(), 0)
    } else {
        Written::Folder(Vec::new())
    };
    open(part, octets, findings, growing, &mut written)?;
    Ok(written)
}

/// Opens an archive and hands out its members as they are, without writing anything anew: for those who measure.
pub fn contents(
    name: &str,
    octets: &[u8],
    policy: &Policy,
    supplements: &Supplements,
    surroundings: &mut dyn Surroundings,
) -> (Vec<Member>, Result<(), FindingCode>) {
    let mut growing = Growing::new(policy, supplements, surroundings);
    let detected = detect::detect(octets, name, None);
    let part =
        Part { path: PartPath::root(), name: name.to_owned(), content_id: None, charset: None, detected };
    let mut written = Written::Raw(Vec::new());
    let opened = open(&part, octets, &mut Findings::new(), &mut growing, &mut written);
    match written {
        Written::Raw(members) => (members, opened),
        Written::Zip(..) | Written::Folder(_) => (Vec::new(), opened),
    }
}

fn open(
    part: &Part,
    octets: &[u8],
    findings: &mut Findings,
    growing: &mut Growing<'_>,
    written: &mut Written,
) -> Result<(), FindingCode> {
    if growing.archive_depth >= growing.budget.limits().archive_depth {
        return Err(FindingCode::LimitArchiveDepth);
    }
    growing.archive_depth = growing.archive_depth.saturating_add(1);
    let was_message = std::mem::replace(&mut growing.is_message, false);
    let marks = std::mem::take(&mut growing.marks);
    let mut unpacking = Unpacking {
        growing,
        findings,
        archive: part,
        packed_octets: u64::try_from(octets.len()).unwrap_or(u64::MAX).max(1),
        unpacked_octets: 0,
        local_is_utf8: None,
        members: 0,
        seen: HashSet::new(),
        tree: Tree::default(),
        written,
        written_octets: 0,
    };
    let opened = unpacking.open(octets);
    let members = unpacking.members;
    growing.archive_depth = growing.archive_depth.saturating_sub(1);
    growing.is_message = was_message;
    growing.marks = marks;
    opened?;
    match (members, findings.has(FindingCode::MemberListIncomplete)) {
        (0, true) => Err(FindingCode::Unreadable),
        (0, false) => Err(FindingCode::Empty),
        _ => Ok(()),
    }
}

/// The new zip as a part.
pub(crate) fn rewritten(zip: Vec<u8>) -> Rewritten {
    Rewritten {
        octets: zip,
        media_type: MediaType::known("application/zip"),
        extension: "zip",
        charset: None,
        action: Action::Unpack,
    }
}

impl Unpacking<'_, '_> {
    fn open(&mut self, octets: &[u8]) -> Result<(), FindingCode> {
        match ArchiveFormat::of(octets) {
            ArchiveFormat::Zip => unzip::unpack(octets, self),
            format @ (ArchiveFormat::Tar | ArchiveFormat::Gzip | ArchiveFormat::Stream) => {
                untar::unpack(octets, format, self)
            }
            ArchiveFormat::Lzh => unlzh::unpack(octets, self),
            ArchiveFormat::Cab => uncab::unpack(octets, self),
            ArchiveFormat::Sequence => sequence::unpack(octets, self),
            ArchiveFormat::SevenZip => un7z::unpack(octets, self),
            ArchiveFormat::Rar13 | ArchiveFormat::Rar4 | ArchiveFormat::Rar5 => unrar::unpack(octets, self),
            ArchiveFormat::Other => Err(FindingCode::ArchiveUnsupported),
        }
    }

    /// Weighs what all members claim to unpack to, before one is.
    pub(super) fn weigh(&mut self, sizes: impl Iterator<Item = u64>) -> Result<(), FindingCode> {
        let claimed = sizes.fold(0, u64::saturating_add);
        if claimed > self.growing.budget.unpacked_left() {
            return Err(FindingCode::LimitUnpackedOctets);
        }
        self.ratio(claimed)
    }

    fn ratio(&self, unpacked: u64) -> Result<(), FindingCode> {
        let most = self.packed_octets.saturating_mul(self.growing.budget.limits().unpack_ratio);
        if unpacked > RATIO_FROM_OCTETS && unpacked > most {
            return Err(FindingCode::LimitUnpackRatio);
        }
        Ok(())
    }

    /// Spends one member as it is found.
    pub(super) fn spend_member(&mut self) -> Result<(), FindingCode> {
        self.growing.budget.spend_archive_members(1).map_err(|exhausted| exhausted.0)
    }

    /// Spends octets that are about to be unpacked, or were a moment ago.
    pub(super) fn spend_unpacked(&mut self, octets: u64) -> Result<(), FindingCode> {
        self.unpacked_octets = self.unpacked_octets.saturating_add(octets);
        self.growing.budget.spend_unpacked(octets).map_err(|exhausted| exhausted.0)?;
        self.ratio(self.unpacked_octets)
    }

    /// Unpacks and forgets.
    pub(super) fn skip(&mut self, source: &mut dyn Read, octets: u64) -> Result<(), FindingCode> {
        let mut left = source.take(octets);
        let mut chunk = [0; 4_096];
        while let Ok(read @ 1..) = left.read(&mut chunk) {
            self.spend_unpacked(u64::try_from(read).unwrap_or(u64::MAX))?;
        }
        Ok(())
    }

    /// The name of the archive without what says that it is one.
    pub(super) fn stem(&self) -> String {
        stem(&self.archive.name)
    }

    /// Whether the archive is named as one of several pieces: `a.7z.001`.
    pub(super) fn is_numbered(&self) -> bool {
        let extension = self.archive.name.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|e| e.len() >= 2 && e.bytes().all(|octet| octet.is_ascii_digit()))
    }

    /// Says by all names together whether those without a charset are UTF-8.
    pub(super) fn decide_charset<'n>(&mut self, names: impl Iterator<Item = &'n RawName>) {
        self.local_is_utf8 = Some(names::are_utf8(names));
    }

    /// Why a member of this archive killed an earlier child: what lies behind it in one stream cannot be reached.
    pub(super) fn failed_inside(&self) -> Option<FindingCode> {
        let failed = &self.growing.rules.supplements.failed;
        failed.iter().find(|(path, _)| path.is_within(&self.archive.path)).map(|(_, code)| *code)
    }

    /// Spends what trying a word is about to cost.
    pub(super) fn spend_unlocking(&mut self, rounds: u64) -> Result<(), FindingCode> {
        self.growing.budget.spend_unlocking(rounds).map_err(|exhausted| {
            self.findings.add(exhausted.0);
            FindingCode::Locked
        })
    }

    /// Announces a member; `None` when it is not to be opened.
    pub(super) fn admit(&mut self, head: &Head) -> Option<Admitted> {
        let is_utf8 = self.local_is_utf8.unwrap_or_else(|| names::are_utf8(std::iter::once(&head.name)));
        let name = names::decode(&head.name, is_utf8);
        if is_system_file(&name) {
            self.members = self.members.saturating_add(1);
            self.findings.add_detail(FindingCode::SystemFileDropped, &name);
            return None;
        }
        self.members = self.members.saturating_add(1);
        let path = self.archive.path.child(self.members);
        let (_, deceives) = names::display(&name);
        let mut findings = Findings::new();
        for (holds, code) in [
            (names::leaves_folder(&name), FindingCode::TraversalName),
            (deceives, FindingCode::NameDeceives),
            // As Windows compares them.
            (!self.seen.insert(name.to_lowercase()), FindingCode::DuplicateMember),
        ] {
            if holds {
                findings.add_detail(code, &name);
            }
        }
        let member = Admitted { path, name, findings };
        if head.is_link {
            self.withhold(member, head.size, FindingCode::LinkMember);
            return None;
        }
        if let Some(code) = self.growing.begin(&member.path) {
            self.withhold(member, head.size, code);
            return None;
        }
        Some(member)
    }

    /// Unpacks the octets of a member. Its own faults are its own; `Err` when a limit of the whole is met.
    pub(super) fn read(&mut self, source: &mut dyn Read, size: Option<u64>) -> Result<Content, FindingCode> {
        let mut octets = Vec::new();
        let mut chunk = vec![0; CHUNK_OCTETS];
        let mut total = 0_u64;
        loop {
            let read = match source.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(Err(FindingCode::Unreadable)),
            };
            let count = u64::try_from(read).unwrap_or(u64::MAX);
            total = total.saturating_add(count);
            self.spend_unpacked(count)?;
            if size.is_some_and(|size| total > size) {
                return Ok(Err(FindingCode::Unreadable));
            }
            if total > MEMBER_OCTETS_MAX {
                return Ok(Err(FindingCode::LimitUnpackedOctets));
            }
            octets.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
        Ok(if size.is_none_or(|size| size == total) { Ok(octets) } else { Err(FindingCode::Unreadable) })
    }

    /// Has a member written anew, and keeps what comes of it.
    pub(super) fn rewrite(&mut self, member: Admitted, content: Content) -> Result<(), FindingCode> {
        if let Written::Raw(members) = self.written {
            members.push((member.name, content));
            return Ok(());
        }
        let octets = match content {
            Ok(octets) => octets,
            Err(code) => {
                self.withhold(member, None, code);
                return Ok(());
            }
        };
        let Admitted { path, name, findings } = member;
        let base = name.rsplit('/').next().unwrap_or_default().to_owned();
        let detected = detect::detect(&octets, &base, None);
        let part = Part { path, name: base, content_id: None, charset: None, detected };
        let outer = std::mem::take(&mut self.growing.draft);
        let at = self.growing.parts.len();
        leaf::rewrite(&part, &octets, findings, self.growing);
        drop(octets);
        // Of a mail: its text.
        self.growing.text_as_attachment(&part);
        self.growing.marks.clear();
        let Draft { attachments, .. } = std::mem::replace(&mut self.growing.draft, outer);
        self.place(&part, &name, attachments, at)
    }

    /// Puts what was written of a member where it stood, and calls it so in the report.
    fn place(
        &mut self,
        part: &Part,
        name: &str,
        attachments: Vec<Attachment>,
        at: usize,
    ) -> Result<(), FindingCode> {
        let mut folders = clean_folders(name);
        let kind = part.detected.kind;
        let is_folder = kind == Kind::Archive || kind == Kind::Message && attachments.len() > 1;
        let mut shown = shown_name(name);
        if is_folder {
            folders.push(folder_of(&part.name));
        }
        for mut attachment in attachments {
            self.written_octets = self.written_octets.saturating_add(attachment.octets.len());
            if self.written_octets > WRITTEN_OCTETS_MAX {
                return Err(FindingCode::LimitOutput);
            }
            let mut segments = folders.clone();
            let telling = tree::telling(&attachment.name, &attachment.media_type);
            segments.extend(telling.split('/').map(str::to_owned));
            attachment.name = self.tree.place(segments);
            if !is_folder {
                shown = shortened(&attachment.name);
            }
            self.keep(readable_alone(attachment))?;
        }
        let prefix: String = folders.iter().map(|folder| format!("{folder}/")).collect();
        for report in self.growing.parts.iter_mut().skip(at) {
            if report.path == part.path {
                report.name.clone_from(&shown);
            } else if kind == Kind::Archive {
                report.name = shortened(&format!("{prefix}{}", report.name));
            }
        }
        Ok(())
    }

    fn keep(&mut self, file: Attachment) -> Result<(), FindingCode> {
        match self.written {
            Written::Folder(files) => files.push(file),
            Written::Raw(_) => {}
            Written::Zip(zip, count) => {
                let is_text = file.charset.is_some() || file.media_type.as_str() == "application/json";
                let method = if is_text { Method::Deflated } else { Method::Stored };
                zip.add(&file.name, &file.octets, method).or(Err(FindingCode::LimitOutput))?;
                *count = count.saturating_add(1);
            }
        }
        Ok(())
    }

    /// What lies behind this place cannot be reached: it is missed as one more member, without a name.
    pub(super) fn broken_off(&mut self) {
        self.findings.add(FindingCode::MemberListIncomplete);
        if self.members > 0 {
            self.members = self.members.saturating_add(1);
            let path = self.archive.path.child(self.members);
            let rest = Admitted { path, name: String::new(), findings: Findings::new() };
            self.withhold(rest, None, FindingCode::Unreadable);
        }
    }

    /// Reports a member of which nothing is written.
    fn withhold(&mut self, member: Admitted, size: Option<u64>, reason: FindingCode) {
        if let Written::Raw(members) = self.written {
            members.push((member.name, Err(reason)));
            return;
        }
        self.growing.parts.push(PartReport {
            path: member.path,
            name: shown_name(&member.name),
            media_type: detect::detect(&[], &member.name, None).media_type,
            size_octets: size.unwrap_or_default(),
            action: Action::Remove,
            reason: Some(reason),
            is_container: false,
            findings: member.findings,
            output: None,
        });
    }
}

/// What systems add of their own and nobody looks for (macOS, Windows).
fn is_system_file(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/") || matches!(base, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

/// The folders of a name, cleaned one by one; those that lead nowhere or out of the archive are left out.
fn clean_folders(name: &str) -> Vec<String> {
    let Some((folders, _)) = name.rsplit_once('/') else { return Vec::new() };
    let folders = match folders.as_bytes() {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => folders.get(2..).unwrap_or_default(),
        _ => folders,
    };
    let steps = folders.split('/').filter(|step| !step.trim_matches(['.', ' ', '\u{3000}']).is_empty());
    let mut cleaned: Vec<String> = steps.map(|step| mail::file_name(step, "").name).collect();
    // The innermost ones tell most.
    let surplus = cleaned.len().saturating_sub(FOLDERS_MAX);
    cleaned.drain(..surplus);
    cleaned
}

/// Most folders above a member that are kept.
const FOLDERS_MAX: usize = 16;

/// The folder that an archive or a mail becomes.
fn folder_of(name: &str) -> String {
    mail::file_name(&stem(name), "").name
}

/// The name of an archive without what says that it is one.
pub(crate) fn stem(name: &str) -> String {
    const ARCHIVES: &[&str] = &[
        "zip", "7z", "rar", "lzh", "lha", "tar", "gz", "tgz", "bz2", "tbz", "tbz2", "xz", "txz", "lzma",
        "lz", "zst", "tzst", "z", "cab", "eml",
    ];
    let mut stem = name;
    for _ in 0..2 {
        match stem.rsplit_once('.') {
            Some((left, extension))
                if !left.is_empty() && ARCHIVES.contains(&extension.to_ascii_lowercase().as_str()) =>
            {
                stem = left;
            }
            Some(_) | None => break,
        }
    }
    stem.to_owned()
}

/// A member's whole name as it stands in a report.
fn shown_name(name: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or_default();
    let mut segments = clean_folders(name);
    segments.push(if base.is_empty() { String::new() } else { mail::file_name(base, "").name });
    shortened(&segments.join("/"))
}

/// The end of a name tells most.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let skip = count.saturating_sub(NAME_CHARS_MAX);
    std::iter::once('…').chain(name.chars().skip(skip)).collect()
}

/// In a zip no label says what charset a text is in, and every reader guesses: a text that is not UTF-8 becomes UTF-8
/// with its mark, which spreadsheets and editors know.
fn readable_alone(mut attachment: Attachment) -> Attachment {
    let is_utf8 = std::str::from_utf8(&attachment.octets).is_ok();
    match attachment.charset.as_deref() {
        None => {}
        Some("UTF-8") if is_utf8 => {}
        Some(label) => {
            let text = charset::decode(&attachment.octets, Some(label)).text;
            attachment.octets = charset::encode(&text, "UTF-8", charset::ByteOrderMark::Write).octets;
            attachment.charset = Some("UTF-8".to_owned());
        }
    }
    attachment
}
