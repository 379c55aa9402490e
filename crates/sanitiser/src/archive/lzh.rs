//! LZH (LHA header levels 0 to 3). Names are CP932, or UTF-16 in an extended header.
//!
//! *Security.* Headers alone are read; every step goes forward, so the walk is linear in the input.

use super::{Entry, Gathered, Stop, le16, le32, names::RawName};
use policy::{Budget, FindingCode};

/// What the header of one member says.
struct Header {
    entry: Entry,
    method: [u8; 5],
    /// Where its packed octets stand.
    content: std::ops::Range<usize>,
    /// CRC-16 of what they unpack to.
    crc: Option<u16>,
    next: usize,
}

/// A member with its packed octets.
pub(super) struct Packed<'a> {
    pub(super) name: RawName,
    pub(super) is_folder: bool,
    pub(super) is_link: bool,
    pub(super) size: u64,
    pub(super) method: [u8; 5],
    pub(super) content: Option<&'a [u8]>,
    pub(super) crc: Option<u16>,
}

/// All members with their packed octets, and whether the archive was read to its end.
pub(super) fn members<'i>(
    input: &'i [u8],
    budget: &mut Budget,
) -> Result<(Vec<Packed<'i>>, bool), FindingCode> {
    let (mut members, mut at) = (Vec::new(), 0_usize);
    loop {
        if at == input.len() || input.get(at) == Some(&0) {
            return Ok((members, true));
        }
        let Some(header) = header(input, at).filter(|header| header.next > at) else {
            return Ok((members, false));
        };
        budget.spend_archive_members(1).map_err(|exhausted| exhausted.0)?;
        at = header.next;
        let Header { entry, method, content, crc, .. } = header;
        members.push(Packed {
            name: entry.name,
            is_folder: entry.is_folder,
            is_link: entry.is_link,
            size: entry.size_octets.unwrap_or_default(),
            method,
            content: input.get(content),
            crc,
        });
    }
}

/// Parts of the name that extended headers bring.
#[derive(Default)]
struct Extended<'a> {
    file: Option<&'a [u8]>,
    folder: Option<&'a [u8]>,
    file_utf16: Option<&'a [u8]>,
    folder_utf16: Option<&'a [u8]>,
    unix_mode: u16,
    size: Option<u64>,
}

/// Reads the members up to the zero octet that ends the archive.
pub(super) fn read(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let mut at = 0_usize;
    loop {
        if at == input.len() || input.get(at) == Some(&0) {
            out.finish();
            return Ok(());
        }
        let Some(header) = header(input, at) else { return Err(Stop) };
        if header.next <= at {
            return Err(Stop);
        }
        at = header.next;
        out.take(header.entry)?;
    }
}

fn header(input: &[u8], at: usize) -> Option<Header> {
    let rest = input.get(at..)?;
    let method = rest.get(2..7)?;
    if !((method.starts_with(b"-l") || method.starts_with(b"-pm")) && method.ends_with(b"-")) {
        return None;
    }
    let packed = usize::try_from(le32(rest, 7)?).ok()?;
    let size = u64::from(le32(rest, 11)?);
    let level = *rest.get(20)?;
    let mut extended = Extended::default();
    // Name, end of the first header, end of the extended ones, and the CRC.
    let (name, content, start, crc) = match level {
        0 | 1 => {
            let length = usize::from(*rest.first()?).checked_add(2)?;
            let named = usize::from(*rest.get(21)?).checked_add(22)?;
            let crc = if named.checked_add(2)? <= length { le16(rest, named) } else { None };
            // The packed size of level 1 counts the extended headers too.
            let start = match level {
                1 => extended_headers(rest, length.checked_sub(2)?, length, 2, &mut extended)?,
                _ => length,
            };
            (rest.get(22..named)?, length, start, crc)
        }
        2 => {
            // The tool for OS-9 (`K`) does not count the size itself.
            let uncounted = if rest.get(23) == Some(&b'K') { 2 } else { 0 };
            let length = usize::from(le16(rest, 0)?).checked_add(uncounted)?;
            extended_headers(rest, 24, 26, 2, &mut extended)?;
            (&b""[..], length, length, le16(rest, 21))
        }
        3 => {
            let length = usize::try_from(le32(rest, 24)?).ok()?;
            extended_headers(rest, 28, 32, 4, &mut extended)?;
            (&b""[..], length, length, le16(rest, 21))
        }
        _ => return None,
    };
    let head = if method == b"-lh0-" || method == b"-lz4-" {
        let stored = rest.get(start..).unwrap_or_default();
        stored.get(..stored.len().min(packed).min(64)).unwrap_or_default().to_vec()
    } else {
        Vec::new()
    };
    let entry = Entry {
        name: name_of(name, &extended),
        size_octets: Some(extended.size.unwrap_or(size)),
        encrypted: false,
        is_folder: method == b"-lhd-" && extended.unix_mode & 0o170_000 != 0o120_000,
        is_link: extended.unix_mode & 0o170_000 == 0o120_000,
        head,
    };
    let next = at.checked_add(content)?.checked_add(packed)?;
    let method = method.first_chunk().copied()?;
    Some(Header { entry, method, content: at.checked_add(start)?..next, crc, next })
}

/// Extended headers: a size that covers itself and the type, the content, and the size of the next. Where they end.
fn extended_headers<'a>(
    rest: &'a [u8],
    mut size_at: usize,
    mut at: usize,
    size_octets: usize,
    extended: &mut Extended<'a>,
) -> Option<usize> {
    loop {
        let length = if size_octets == 2 {
            usize::from(le16(rest, size_at)?)
        } else {
            usize::try_from(le32(rest, size_at)?).ok()?
        };
        if length == 0 {
            return Some(at);
        }
        let end = at.checked_add(length)?;
        size_at = end.checked_sub(size_octets)?;
        let (&kind, content) = rest.get(at..size_at)?.split_first()?;
        match kind {
            0x01 => extended.file = Some(content),
            0x02 => extended.folder = Some(content),
            0x44 => extended.file_utf16 = Some(content),
            0x45 => extended.folder_utf16 = Some(content),
            0x50 => extended.unix_mode = le16(content, 0).unwrap_or_default(),
            0x42 => extended.size = super::le64(content, 8),
            _ => {}
        }
        at = end;
    }
}

fn name_of(name: &[u8], extended: &Extended<'_>) -> RawName {
    if let Some(file) = extended.file_utf16 {
        let folder = extended.folder_utf16.unwrap_or_default();
        let (folder, _) = folder.as_chunks::<2>();
        let (file, _) = file.as_chunks::<2>();
        let units = folder.iter().chain(file).map(|unit| u16::from_le_bytes(*unit));
        return RawName::utf16(units.map(|unit| if unit == 0xffff { u16::from(b'/') } else { unit }));
    }
    // A name may carry attributes behind NUL (level 0 of UNIX), a symbolic link its target behind a bar.
    let is_link = extended.unix_mode & 0o170_000 == 0o120_000;
    let ends = |&octet: &u8| octet == 0 || (is_link && octet == b'|');
    let file = extended.file.unwrap_or(name).split(ends).next().unwrap_or_default();
    let folder = extended.folder.unwrap_or_default();
    // 0xff separates folders; it is no octet of CP932.
    let whole: Vec<u8> =
        folder.iter().chain(file).map(|&octet| if octet == 0xff { b'/' } else { octet }).collect();
    RawName::local(&whole)
}
