//! zip (APPNOTE 6.3.10): the central directory, held against the local headers.
//!
//! Readers disagree about a zip wherever the two contradict each other, overlap, or leave something unlisted between
//! them; each of these is [`FindingCode::ArchiveOverlap`].
//!
//! *Security.* Linear in the input but for one sort of the offsets. At most 64 octets of a member are inflated.

use super::{Entry, Gathered, Stop, le16, le32, le64, names::RawName};
use flate2::{Decompress, FlushDecompress};
use policy::{Budget, FindingCode, Findings};

const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";
const CENTRAL_SIGNATURE: &[u8] = b"PK\x01\x02";
/// Fixed part of the end record, and the longest comment behind it.
const END_OCTETS: usize = 22;
const COMMENT_OCTETS_MAX: usize = 65_535;
/// Detail of the finding that two members share octets.
const OVERLAP: &str = "members overlap";
/// How much of a member is looked at.
const HEAD_OCTETS: usize = 64;

/// Whether an end record stands where one may stand.
pub(super) fn has_end_record(input: &[u8]) -> bool {
    end_record(input).is_some()
}

/// Offset of the last end record whose comment fits the file.
fn end_record(input: &[u8]) -> Option<usize> {
    let last = input.len().checked_sub(END_OCTETS)?;
    let first = last.saturating_sub(COMMENT_OCTETS_MAX);
    (first..=last).rev().find(|&at| {
        let starts = input.get(at..).is_some_and(|rest| rest.starts_with(END_SIGNATURE));
        let comment = le16(input, at.saturating_add(20)).map(usize::from);
        starts && comment.is_some_and(|comment| comment <= last.saturating_sub(at))
    })
}

/// Where the central directory is said to stand.
struct Directory {
    entries: u64,
    size: usize,
    offset: usize,
    /// Octets in front of the archive (self-extracting archives, polyglots).
    prefix: usize,
}

fn directory(input: &[u8], findings: &mut Findings) -> Option<Directory> {
    let end = end_record(input)?;
    let field16 = |at: usize| le16(input, end.saturating_add(at));
    let field32 = |at: usize| le32(input, end.saturating_add(at));
    if (field16(4)? != 0 && field16(4)? != 0xffff) || field16(8)? != field16(10)? {
        findings.add(FindingCode::MultiVolume);
    }
    let comment = usize::from(field16(20)?);
    if end.saturating_add(END_OCTETS).saturating_add(comment) != input.len() {
        findings.add_detail(FindingCode::ArchiveOverlap, "octets behind the end");
    }
    let mut directory = Directory {
        entries: u64::from(field16(10)?),
        size: usize::try_from(field32(12)?).ok()?,
        offset: usize::try_from(field32(16)?).ok()?,
        prefix: 0,
    };
    let mut behind = end;
    if let Some(locator) = end.checked_sub(20)
        && input.get(locator..).is_some_and(|rest| rest.starts_with(b"PK\x06\x07"))
    {
        let record = usize::try_from(le64(input, locator.checked_add(8)?)?).ok()?;
        // With something in front of the archive the record still stands right before its locator.
        let signature = |at: &usize| input.get(*at..).is_some_and(|rest| rest.starts_with(b"PK\x06\x06"));
        let record = [record, locator.checked_sub(56)?].into_iter().find(signature)?;
        directory.entries = le64(input, record.checked_add(32)?)?;
        directory.size = usize::try_from(le64(input, record.checked_add(40)?)?).ok()?;
        directory.offset = usize::try_from(le64(input, record.checked_add(48)?)?).ok()?;
        behind = record;
    }
    let actual = behind.checked_sub(directory.size)?;
    directory.prefix = actual.checked_sub(directory.offset)?;
    if directory.prefix > 0 {
        findings.add_detail(FindingCode::ArchiveOverlap, "octets in front");
    }
    directory.offset = actual;
    Some(directory)
}

/// Reads the central directory.
pub(super) fn read(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    if directory(input, &mut Findings::new()).is_none() {
        if input.starts_with(b"PK\x07\x08") {
            out.findings.add(FindingCode::MultiVolume);
        }
        return scan(input, out);
    }
    let read = walk(input, out, &mut |central, local, out| {
        let head = match local {
            Some(local) => head(input, local, central, out)?,
            None => Vec::new(),
        };
        out.take(central.entry(head))
    })?;
    if read == Listing::Whole {
        out.finish();
    }
    Ok(())
}

/// Whether the directory holds what it says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    Whole,
    Broken,
}

/// What is done with each member.
type Each<'e, 'i> = dyn FnMut(&Central<'i>, Option<&Local>, &mut Gathered<'_>) -> Result<(), Stop> + 'e;

/// Goes through the directory, each member held against its local header.
fn walk<'i>(input: &'i [u8], out: &mut Gathered<'_>, each: &mut Each<'_, 'i>) -> Result<Listing, Stop> {
    if input.starts_with(b"PK\x07\x08") {
        out.findings.add(FindingCode::MultiVolume);
    }
    let Some(directory) = directory(input, out.findings) else { return Ok(Listing::Broken) };
    let end = directory.offset.saturating_add(directory.size);
    let mut at = directory.offset;
    let mut read = 0_u64;
    let mut spans = Vec::new();
    while at < end && input.get(at..).is_some_and(|rest| rest.starts_with(CENTRAL_SIGNATURE)) {
        let Some((central, next)) = central(input, at) else { return Err(Stop) };
        at = next;
        read = read.saturating_add(1);
        let local = central
            .local
            .checked_add(directory.prefix)
            .and_then(|local| held_against(input, local, &central));
        match &local {
            Some(local) => {
                spans.push((local.start, local.end));
                if !local.agrees {
                    out.findings.add_detail(FindingCode::ArchiveOverlap, "headers contradict each other");
                }
            }
            None => out.findings.add_detail(FindingCode::ArchiveOverlap, "member without content"),
        }
        each(&central, local.as_ref(), out)?;
    }
    overlaps(input, spans, directory.prefix, directory.offset, out);
    Ok(if at == end && read == directory.entries { Listing::Whole } else { Listing::Broken })
}

/// A member with its packed octets.
pub(super) struct Packed<'a> {
    pub(super) name: RawName,
    pub(super) is_folder: bool,
    pub(super) is_link: bool,
    pub(super) method: u16,
    pub(super) size: u64,
    pub(super) crc: u32,
    /// The packed octets; `None` when there is no local header where the directory says.
    pub(super) content: Option<&'a [u8]>,
    /// Whether the end of an LZMA stream is marked instead of known by its size (§4.4.4, bit 1).
    pub(super) has_end_mark: bool,
    pub(super) lock: Option<Lock>,
}

/// How a member is locked.
#[derive(Clone, Copy)]
pub(super) enum Lock {
    /// The old way (§6.1); the octet that the twelfth decrypted one must be.
    ZipCrypto { check: u8 },
    /// `AES` of `WinZip` (AE-1, AE-2): strength 1 to 3, and whether the CRC is that of the content.
    Aes { strength: u8, has_crc: bool },
    /// Another way that nobody here knows (§7).
    Other,
}

/// All members with their packed octets; a directory that is missing, broken or overlaps is a verdict on the whole.
pub(super) fn members<'i>(
    input: &'i [u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Vec<Packed<'i>>, FindingCode> {
    let mut seen = Findings::new();
    let mut members = Vec::new();
    let mut out =
        Gathered { budget, findings: &mut seen, entries: Vec::new(), locked: false, complete: false };
    let listing = walk(input, &mut out, &mut |central, local, out| {
        out.budget.spend_archive_members(1).map_err(|exhausted| out.limit(exhausted.0))?;
        let content = local.and_then(|local| input.get(local.content..local.end));
        members.push(central.packed(content));
        Ok(())
    });
    let is_overlapping = seen.iter().any(|finding| finding.detail == OVERLAP);
    let limit =
        [FindingCode::LimitArchiveMembers, FindingCode::MultiVolume].into_iter().find(|&c| seen.has(c));
    findings.append(seen);
    match listing {
        _ if limit.is_some() => Err(limit.unwrap_or(FindingCode::Unreadable)),
        _ if is_overlapping => Err(FindingCode::ArchiveOverlap),
        Ok(Listing::Whole) => Ok(members),
        Ok(Listing::Broken) | Err(Stop) => Err(FindingCode::Unreadable),
    }
}

/// A central directory header.
struct Central<'a> {
    name: &'a [u8],
    unicode_name: Option<&'a [u8]>,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    unix_mode: u32,
    local: usize,
    time: u16,
    /// Strength, whether the CRC holds, and the real method (`WinZip` extra field 0x9901).
    aes: Option<(u8, bool, u16)>,
}

fn central(input: &[u8], at: usize) -> Option<(Central<'_>, usize)> {
    let field16 = |offset: usize| le16(input, at.saturating_add(offset));
    let field32 = |offset: usize| le32(input, at.saturating_add(offset));
    let name_start = at.checked_add(46)?;
    let extra_start = name_start.checked_add(usize::from(field16(28)?))?;
    let comment_start = extra_start.checked_add(usize::from(field16(30)?))?;
    let next = comment_start.checked_add(usize::from(field16(32)?))?;
    let made_by_unix = matches!(field16(4)? >> 8, 3 | 19);
    let mut entry = Central {
        name: input.get(name_start..extra_start)?,
        unicode_name: None,
        flags: field16(8)?,
        method: field16(10)?,
        crc: field32(16)?,
        packed: u64::from(field32(20)?),
        size: u64::from(field32(24)?),
        unix_mode: if made_by_unix { field32(38)? >> 16 } else { 0 },
        local: usize::try_from(field32(42)?).ok()?,
        time: field16(12)?,
        aes: None,
    };
    input.get(comment_start..next)?;
    extra_fields(input.get(extra_start..comment_start)?, &mut entry);
    Some((entry, next))
}

/// Zip64 sizes (§4.5.3) and the Unicode path (§4.6.9).
fn extra_fields<'a>(mut extra: &'a [u8], entry: &mut Central<'a>) {
    while let (Some(tag), Some(length)) = (le16(extra, 0), le16(extra, 2)) {
        let end = usize::from(length).saturating_add(4);
        let Some(content) = extra.get(4..end) else { return };
        if tag == 1 {
            let mut at = 0;
            let mut next = || {
                let value = le64(content, at);
                at = at.saturating_add(8);
                value
            };
            if entry.size == 0xffff_ffff {
                entry.size = next().unwrap_or(entry.size);
            }
            if entry.packed == 0xffff_ffff {
                entry.packed = next().unwrap_or(entry.packed);
            }
            if entry.local == 0xffff_ffff {
                entry.local = next().and_then(|local| usize::try_from(local).ok()).unwrap_or(entry.local);
            }
        } else if tag == 0x9901 {
            let version = le16(content, 0);
            entry.aes = content
                .get(4)
                .zip(le16(content, 5))
                .map(|(&strength, method)| (strength, version == Some(1), method));
        } else if tag == 0x7075 {
            let mut crc = flate2::Crc::new();
            crc.update(entry.name);
            if le32(content, 1) == Some(crc.sum()) {
                entry.unicode_name = content.get(5..);
            }
        }
        extra = extra.get(end..).unwrap_or_default();
    }
}

impl Central<'_> {
    fn entry(&self, head: Vec<u8>) -> Entry {
        Entry {
            name: self.raw_name(),
            size_octets: Some(self.size),
            encrypted: self.flags & 1 != 0,
            is_folder: self.is_folder(),
            is_link: self.is_link(),
            head,
        }
    }

    fn raw_name(&self) -> RawName {
        match self.unicode_name {
            Some(name) => RawName::utf8(name),
            None if self.flags & 0x800 != 0 => RawName::utf8(self.name),
            None => RawName::local(self.name),
        }
    }

    fn is_folder(&self) -> bool {
        self.name.ends_with(b"/")
    }

    /// `S_IFMT`: symbolic link, or devices, sockets and pipes.
    fn is_link(&self) -> bool {
        matches!(self.unix_mode & 0o170_000, 0o120_000 | 0o020_000 | 0o060_000 | 0o010_000 | 0o140_000)
    }

    fn packed<'c>(&self, content: Option<&'c [u8]>) -> Packed<'c> {
        let lock = match (self.flags & 1 != 0, self.flags & 0x2040 != 0, self.method, self.aes) {
            (false, ..) => None,
            (true, true, ..) => Some(Lock::Other),
            (true, false, 99, Some((strength @ 1..=3, has_crc, _))) => Some(Lock::Aes { strength, has_crc }),
            (true, false, 99, _) => Some(Lock::Other),
            (true, false, ..) => {
                // With a data descriptor the CRC was not yet known: the time stands in for it.
                let [crc, ..] = self.crc.to_be_bytes();
                let [time, _] = self.time.to_be_bytes();
                Some(Lock::ZipCrypto { check: if self.flags & 8 != 0 { time } else { crc } })
            }
        };
        let method = match (self.method, self.aes) {
            (99, Some((_, _, method))) => method,
            (method, _) => method,
        };
        Packed {
            name: self.raw_name(),
            is_folder: self.is_folder(),
            is_link: self.is_link(),
            method,
            size: self.size,
            crc: self.crc,
            content,
            has_end_mark: self.flags & 2 != 0,
            lock,
        }
    }
}

/// The local header of a member.
struct Local {
    start: usize,
    content: usize,
    end: usize,
    agrees: bool,
}

fn held_against(input: &[u8], at: usize, central: &Central<'_>) -> Option<Local> {
    if !input.get(at..)?.starts_with(LOCAL_SIGNATURE) {
        return None;
    }
    let field16 = |offset: usize| le16(input, at.saturating_add(offset));
    let field32 = |offset: usize| le32(input, at.saturating_add(offset));
    let name_start = at.checked_add(30)?;
    let extra_start = name_start.checked_add(usize::from(field16(26)?))?;
    let content = extra_start.checked_add(usize::from(field16(28)?))?;
    let end = content.checked_add(usize::try_from(central.packed).ok()?)?;
    input.get(content..end)?;
    // With a data descriptor (bit 3) or zip64 the local sizes may stand elsewhere.
    let same = |local: u32, central: u64| {
        local == 0
            || local == u32::MAX
            || u64::from(local) == central
            || field16(6).is_some_and(|f| f & 8 != 0)
    };
    let agrees = input.get(name_start..extra_start)? == central.name
        && field16(8)? == central.method
        && (field16(6)? & 1) == (central.flags & 1)
        && same(field32(14)?, u64::from(central.crc))
        && same(field32(18)?, central.packed)
        && same(field32(22)?, central.size);
    Some(Local { start: at, content, end, agrees })
}

/// The first octets of a member that is stored or deflated in the clear.
fn head(input: &[u8], local: &Local, central: &Central<'_>, out: &mut Gathered<'_>) -> Result<Vec<u8>, Stop> {
    let content = input.get(local.content..local.end).unwrap_or_default();
    if central.flags & 1 != 0 {
        return Ok(Vec::new());
    }
    match central.method {
        0 => Ok(content.get(..HEAD_OCTETS).unwrap_or(content).to_vec()),
        8 => {
            let octets = u64::try_from(HEAD_OCTETS).unwrap_or(u64::MAX);
            out.budget.spend_unpacked(octets).map_err(|exhausted| out.limit(exhausted.0))?;
            let mut head = Vec::with_capacity(HEAD_OCTETS);
            let input = content.get(..4_096).unwrap_or(content);
            // A stream that does not inflate has no head; its name is still listed.
            let _damaged = Decompress::new(false).decompress_vec(input, &mut head, FlushDecompress::None);
            Ok(head)
        }
        _ => Ok(Vec::new()),
    }
}

/// Members that share octets, and members that the directory does not list.
fn overlaps(
    input: &[u8],
    mut spans: Vec<(usize, usize)>,
    first: usize,
    directory: usize,
    out: &mut Gathered<'_>,
) {
    spans.sort_unstable();
    let mut behind = first;
    for (start, end) in spans.into_iter().chain([(directory, directory)]) {
        if start < behind {
            out.findings.add_detail(FindingCode::ArchiveOverlap, OVERLAP);
        } else {
            // A data descriptor takes at most 24 octets.
            let gap = input.get(behind..start).unwrap_or_default();
            if gap.len() > 24 && gap.windows(4).any(|window| window == LOCAL_SIGNATURE) {
                out.findings.add_detail(FindingCode::ArchiveOverlap, "unlisted member");
            }
        }
        behind = behind.max(end);
    }
}

/// Without a directory: the local headers as far as they follow one another.
fn scan(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let mut at = 0_usize;
    while input.get(at..).is_some_and(|rest| rest.starts_with(LOCAL_SIGNATURE)) {
        let Some((entry, next)) = local_alone(input, at) else { return Err(Stop) };
        out.take(entry)?;
        at = next;
    }
    Err(Stop)
}

fn local_alone(input: &[u8], at: usize) -> Option<(Entry, usize)> {
    let field16 = |offset: usize| le16(input, at.saturating_add(offset));
    let name_start = at.checked_add(30)?;
    let extra_start = name_start.checked_add(usize::from(field16(26)?))?;
    let content = extra_start.checked_add(usize::from(field16(28)?))?;
    let packed = usize::try_from(le32(input, at.checked_add(18)?)?).ok()?;
    let name = input.get(name_start..extra_start)?;
    let flags = field16(6)?;
    let entry = Entry {
        name: if flags & 0x800 != 0 { RawName::utf8(name) } else { RawName::local(name) },
        size_octets: le32(input, at.checked_add(22)?).map(u64::from),
        encrypted: flags & 1 != 0,
        is_folder: name.ends_with(b"/"),
        is_link: false,
        head: Vec::new(),
    };
    Some((entry, content.checked_add(packed)?))
}
