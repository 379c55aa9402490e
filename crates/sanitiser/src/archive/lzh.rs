//! LZH (LHA header levels 0 to 3). Names are CP932, or UTF-16 in an extended header.
//!
//! *Security.* Headers alone are read; every step goes forward, so the walk is linear in the input.

use super::{Entry, Gathered, Stop, le16, le32, names::RawName};

/// What the header of one member says.
struct Header {
    entry: Entry,
    next: usize,
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
    let (name, content) = match level {
        0 => {
            let length = usize::from(*rest.first()?).checked_add(2)?;
            (rest.get(22..)?.get(..usize::from(*rest.get(21)?))?, length)
        }
        1 => {
            let length = usize::from(*rest.first()?).checked_add(2)?;
            // The packed size of level 1 counts the extended headers too.
            extended_headers(rest, length.checked_sub(2)?, length, 2, &mut extended)?;
            (rest.get(22..)?.get(..usize::from(*rest.get(21)?))?, length)
        }
        2 => {
            let length = usize::from(le16(rest, 0)?);
            extended_headers(rest, 24, 26, 2, &mut extended)?;
            (&b""[..], length)
        }
        3 => {
            let length = usize::try_from(le32(rest, 24)?).ok()?;
            extended_headers(rest, 28, 32, 4, &mut extended)?;
            (&b""[..], length)
        }
        _ => return None,
    };
    let head = if method == b"-lh0-" || method == b"-lz4-" {
        let stored = rest.get(content..).unwrap_or_default();
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
    Some(Header { entry, next: at.checked_add(content)?.checked_add(packed)? })
}

/// Extended headers: a size that covers itself and the type, the content, and the size of the next.
fn extended_headers<'a>(
    rest: &'a [u8],
    mut size_at: usize,
    mut at: usize,
    size_octets: usize,
    extended: &mut Extended<'a>,
) -> Option<()> {
    loop {
        let length = if size_octets == 2 {
            usize::from(le16(rest, size_at)?)
        } else {
            usize::try_from(le32(rest, size_at)?).ok()?
        };
        if length == 0 {
            return Some(());
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
