//! A strict reader of the one ZIP form that our writer writes (APPNOTE 6.3.10).
//!
//! Entries stand back to back from the first octet, stored or deflated, their sizes and checksums in the local headers;
//! the directory says the same of each, in the same order, right behind the last entry; the end record is right behind
//! it and last. There is nothing else: no data descriptor, extra field, comment, folder, ZIP64 record or encryption. So
//! whoever reads from the front, from the directory or from the end sees the same members.
//!
//! *Security.* Given any octets, inside a locked child. Linear; headers are compared before anything is inflated, and
//! the sum of all sizes is limited then. One member is inflated at a time, to exactly its size.

use super::Fault;
use crate::{flate, png};
use std::{borrow::Cow, collections::BTreeSet};

const RULE: &str = "zip.form";
/// Version needed, flags, method, time and date, CRC, both sizes, length of the name and of the extra field.
const COMMON_OCTETS: usize = 26;
/// 1980-01-01, the first day of the format, at midnight.
const MOMENT: [u8; 4] = [0, 0, 0x21, 0];
/// The system whose attributes are written.
const UNIX: u8 = 3;
/// Attributes of a plain file on it, readable to all; of any other kind (a link, a device) there is none.
const PLAIN_FILE: u32 = 0o100_644 << 16;

/// One member, not yet inflated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'octets> {
    /// Its path.
    pub(super) name: &'octets str,
    /// Its octets as they stand in the file.
    pub(super) raw: &'octets [u8],
    /// Octets when inflated.
    pub(super) size_octets: usize,
    /// Whether it stands there as it is.
    pub(super) is_stored: bool,
    crc: u32,
}

/// What a header says, read from either place.
struct Header<'octets> {
    common: &'octets [u8; COMMON_OCTETS],
    is_stored: bool,
    crc: u32,
    packed_octets: usize,
    size_octets: usize,
    name_octets: usize,
}

/// What reading may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// Members.
    pub(super) members: usize,
    /// Sum of the sizes of all members.
    pub(super) unpacked_octets: u64,
}

/// The members in their order.
pub(super) fn read(octets: &[u8], most: Most) -> Result<Vec<Member<'_>>, Fault> {
    let mut members = Vec::new();
    let mut locals = Vec::new();
    let mut names = BTreeSet::new();
    let mut rest = octets;
    let mut unpacked_octets = 0u64;
    while let Some(behind) = rest.strip_prefix(b"PK\x03\x04") {
        if members.len() >= most.members {
            return Err(("zip.members", "too many"));
        }
        let offset = octets.len().saturating_sub(rest.len());
        let (header, behind) = header(behind)?;
        let (name, behind) = behind.split_at_checked(header.name_octets).ok_or((RULE, "cut short"))?;
        let (raw, behind) = behind.split_at_checked(header.packed_octets).ok_or((RULE, "cut short"))?;
        let name = str::from_utf8(name).or(Err(("zip.name", "not UTF-8")))?;
        check_name(name, header.common)?;
        if !names.insert(name.to_lowercase()) {
            return Err(("zip.name", "twice"));
        }
        let size = u64::try_from(header.size_octets).unwrap_or(u64::MAX);
        unpacked_octets = unpacked_octets.saturating_add(size);
        if unpacked_octets > most.unpacked_octets {
            return Err(("zip.unpacked_octets", "too many"));
        }
        let Header { is_stored, crc, size_octets, .. } = header;
        members.push(Member { name, raw, size_octets, is_stored, crc });
        locals.push((header, offset));
        rest = behind;
    }
    if let Some(folder) = names.iter().flat_map(|name| folders(name)).find(|folder| names.contains(*folder)) {
        debug_assert!(!folder.is_empty(), "a folder has a name");
        return Err(("zip.name", "a file and a folder"));
    }
    directory(octets, rest, &members, &locals)?;
    Ok(members)
}

/// The folders on the way to a member.
fn folders(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').filter_map(|(at, _)| name.get(..at))
}

/// The directory and the end record: all that is behind the entries.
fn directory(
    octets: &[u8],
    entries_end: &[u8],
    members: &[Member<'_>],
    locals: &[(Header<'_>, usize)],
) -> Result<(), Fault> {
    const DIRECTORY: Fault = ("zip.directory", "does not say what the entries say");
    let mut rest = entries_end;
    for (member, (local, offset)) in members.iter().zip(locals) {
        let made_by = rest.strip_prefix(b"PK\x01\x02").ok_or(DIRECTORY)?;
        let ([_version, system], behind) = made_by.split_first_chunk::<2>().ok_or(DIRECTORY)?;
        let behind = behind.strip_prefix(local.common.as_slice()).ok_or(DIRECTORY)?;
        // No comment, the first disk, no text flag.
        let behind = behind.strip_prefix(&[0; 6]).ok_or(DIRECTORY)?;
        let (attributes, behind) = behind.split_first_chunk::<4>().ok_or(DIRECTORY)?;
        let attributes = u32::from_le_bytes(*attributes);
        if (*system, attributes) != (UNIX, PLAIN_FILE) {
            return Err(("zip.directory", "attributes of another thing than a plain file"));
        }
        let (place, behind) = behind.split_first_chunk::<4>().ok_or(DIRECTORY)?;
        if usize::try_from(u32::from_le_bytes(*place)) != Ok(*offset) {
            return Err(("zip.directory", "place of an entry"));
        }
        rest = behind.strip_prefix(member.name.as_bytes()).ok_or(DIRECTORY)?;
    }
    let end = rest.strip_prefix(b"PK\x05\x06\0\0\0\0").ok_or(("zip.end", "not behind the directory"))?;
    let count = u16::try_from(members.len()).or(Err(("zip.members", "too many")))?.to_le_bytes();
    let start = octets.len().saturating_sub(entries_end.len());
    let length = entries_end.len().saturating_sub(rest.len());
    let number = |number: usize| u32::try_from(number).map(u32::to_le_bytes).or(Err(("zip.end", "sizes")));
    let expected = [&count[..], &count, &number(length)?, &number(start)?, &[0, 0]].concat();
    if members.is_empty() {
        return Err(("zip.members", "none"));
    }
    if end == expected { Ok(()) } else { Err(("zip.end", "not of the one form, or not last")) }
}

fn header(octets: &[u8]) -> Result<(Header<'_>, &[u8]), Fault> {
    let (common, behind) = octets.split_first_chunk::<COMMON_OCTETS>().ok_or((RULE, "cut short"))?;
    let &[
        version,
        0,
        0,
        flags,
        method,
        0,
        t0,
        t1,
        d0,
        d1,
        c0,
        c1,
        c2,
        c3,
        p0,
        p1,
        p2,
        p3,
        s0,
        s1,
        s2,
        s3,
        n0,
        n1,
        0,
        0,
    ] = common
    else {
        return Err((RULE, "version, flags, method or extra field"));
    };
    let is_stored = match (version, method) {
        (10, 0) => true,
        (20, 8) => false,
        _ => return Err((RULE, "version and method")),
    };
    if !matches!(flags, 0 | 8) || [t0, t1, d0, d1] != MOMENT {
        return Err((RULE, "flags or date"));
    }
    let octets = |four: [u8; 4]| usize::try_from(u32::from_le_bytes(four)).or(Err((RULE, "size")));
    let (packed_octets, size_octets) = (octets([p0, p1, p2, p3])?, octets([s0, s1, s2, s3])?);
    if (is_stored && packed_octets != size_octets) || size_octets >= 0xffff_ffff {
        return Err((RULE, "sizes"));
    }
    let crc = u32::from_le_bytes([c0, c1, c2, c3]);
    let name_octets = usize::from(u16::from_le_bytes([n0, n1]));
    Ok((Header { common, is_stored, crc, packed_octets, size_octets, name_octets }, behind))
}

/// A relative path of plain segments, marked as UTF-8 when it needs to be and only then.
fn check_name(name: &str, common: &[u8; COMMON_OCTETS]) -> Result<(), Fault> {
    let is_marked = common.get(3) == Some(&8);
    if is_marked == name.is_ascii() {
        return Err(("zip.name", "the flag of its charset"));
    }
    let plain = |segment: &str| !matches!(segment, "" | "." | "..");
    if !name.split('/').all(plain) || name.contains(['\\', ':']) {
        return Err(("zip.name", "a path that leads elsewhere"));
    }
    if name.chars().any(|c| c.is_control() || crate::text::is_never_shown(c)) {
        return Err(("zip.name", "a character that nobody sees"));
    }
    Ok(())
}

impl<'octets> Member<'octets> {
    /// Its octets, inflated to the last and compared with their checksum.
    pub(super) fn octets(&self) -> Result<Cow<'octets, [u8]>, Fault> {
        let octets = if self.is_stored {
            Cow::Borrowed(self.raw)
        } else {
            Cow::Owned(flate::inflate_bare(self.raw, self.size_octets).map_err(|why| ("zip.data", why))?)
        };
        if png::crc32(&octets) == self.crc { Ok(octets) } else { Err(("zip.data", "checksum")) }
    }
}
