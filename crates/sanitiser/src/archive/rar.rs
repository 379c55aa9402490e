//! RAR 1.5–4 and RAR 5 (RARLAB technotes): the file headers.
//!
//! *Security.* Headers alone are read; every step goes forward. Encrypted headers end the reading: locked.

use super::{Entry, Gathered, Stop, le16, le32, names::RawName};
use policy::FindingCode;

/// RAR 1.5–4.
pub(super) fn read_4(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let mut at = 7_usize;
    loop {
        let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) else {
            out.finish();
            return Ok(());
        };
        let kind = *rest.get(2).ok_or(Stop)?;
        let flags = le16(rest, 3).ok_or(Stop)?;
        let size = usize::from(le16(rest, 5).ok_or(Stop)?);
        if size < 7 {
            return Err(Stop);
        }
        let header = rest.get(..size).ok_or(Stop)?;
        let mut packed = 0;
        match kind {
            0x73 => {
                if flags & 1 != 0 {
                    out.findings.add(FindingCode::MultiVolume);
                }
                if flags & 0x80 != 0 {
                    out.locked = true;
                    return Err(Stop);
                }
            }
            0x74 => {
                let (entry, octets) = file_4(header, flags).ok_or(Stop)?;
                packed = octets;
                out.take(entry)?;
            }
            0x7b => {
                out.finish();
                return Ok(());
            }
            _ if flags & 0x8000 != 0 => packed = u64::from(le32(header, 7).ok_or(Stop)?),
            _ => {}
        }
        let packed = usize::try_from(packed).or(Err(Stop))?;
        at = at.checked_add(size).and_then(|at| at.checked_add(packed)).ok_or(Stop)?;
    }
}

fn file_4(header: &[u8], flags: u16) -> Option<(Entry, u64)> {
    let mut packed = u64::from(le32(header, 7)?);
    let mut size = u64::from(le32(header, 11)?);
    let is_unix = *header.get(15)? == 3;
    let attributes = le32(header, 28)?;
    let mut start = 32_usize;
    if flags & 0x100 != 0 {
        packed |= u64::from(le32(header, 32)?) << 32;
        size |= u64::from(le32(header, 36)?) << 32;
        start = 40;
    }
    let name = header.get(start..)?.get(..usize::from(le16(header, 26)?))?;
    let name = match name.iter().position(|&octet| octet == 0) {
        // Behind NUL stands the Unicode name in a packed form.
        Some(nul) if flags & 0x200 != 0 => unicode_4(name.get(..nul)?, name.get(nul.checked_add(1)?..)?),
        _ if flags & 0x200 != 0 => RawName::utf8(name),
        _ => RawName::local(name),
    };
    let entry = Entry {
        name,
        size_octets: Some(size),
        encrypted: flags & 4 != 0,
        is_folder: flags & 0xe0 == 0xe0,
        is_link: is_unix && attributes & 0o170_000 == 0o120_000,
        head: Vec::new(),
    };
    Some((entry, packed))
}

/// The packed UTF-16 of RAR 3 names: two bits choose, per character, how the next octets are meant.
fn unicode_4(local: &[u8], packed: &[u8]) -> RawName {
    let mut octets = packed.iter().copied();
    let mut units: Vec<u16> = Vec::new();
    let Some(high) = octets.next() else { return RawName::local(local) };
    let high = u16::from(high) << 8;
    'names: while let Some(flags) = octets.next() {
        for shift in [6, 4, 2, 0] {
            let Some(first) = octets.next() else { break 'names };
            match (flags >> shift) & 3 {
                0 => units.push(u16::from(first)),
                1 => units.push(u16::from(first) | high),
                2 => {
                    let Some(second) = octets.next() else { break 'names };
                    units.push(u16::from_le_bytes([first, second]));
                }
                _ => {
                    let (count, correction) =
                        if first & 0x80 == 0 { (first, None) } else { (first & 0x7f, octets.next()) };
                    for _ in 0..u16::from(count).saturating_add(2) {
                        let Some(&octet) = local.get(units.len()) else { break };
                        units.push(match correction {
                            Some(correction) => u16::from(octet.wrapping_add(correction)) | high,
                            None => u16::from(octet),
                        });
                    }
                }
            }
        }
    }
    RawName::utf16(units.into_iter())
}

/// RAR 5.
pub(super) fn read_5(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let mut at = 8_usize;
    loop {
        let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) else {
            out.finish();
            return Ok(());
        };
        let mut reader = Reader { octets: rest.get(4..).ok_or(Stop)? };
        let size = reader.size().ok_or(Stop)?;
        let content = reader.octets.get(..size).ok_or(Stop)?;
        let behind = input.len().saturating_sub(reader.octets.len()).checked_add(size).ok_or(Stop)?;
        let mut reader = Reader { octets: content };
        let kind = reader.number().ok_or(Stop)?;
        let flags = reader.number().ok_or(Stop)?;
        let extra = if flags & 1 != 0 { reader.size().ok_or(Stop)? } else { 0 };
        let packed = if flags & 2 != 0 { reader.size().ok_or(Stop)? } else { 0 };
        match kind {
            1 if reader.number().ok_or(Stop)? & 1 != 0 => out.findings.add(FindingCode::MultiVolume),
            2 => {
                let extra = content.len().checked_sub(extra).and_then(|at| content.get(at..)).ok_or(Stop)?;
                out.take(file_5(&mut reader, extra).ok_or(Stop)?)?;
            }
            4 => {
                out.locked = true;
                return Err(Stop);
            }
            5 => {
                out.finish();
                return Ok(());
            }
            _ => {}
        }
        at = behind.checked_add(packed).ok_or(Stop)?;
    }
}

fn file_5(reader: &mut Reader<'_>, mut extra: &[u8]) -> Option<Entry> {
    let flags = reader.number()?;
    let size = reader.number()?;
    let attributes = reader.number()?;
    if flags & 2 != 0 {
        reader.octets = reader.octets.get(4..)?;
    }
    if flags & 4 != 0 {
        reader.octets = reader.octets.get(4..)?;
    }
    let _compression = reader.number()?;
    let is_unix = reader.number()? == 1;
    let length = reader.size()?;
    let name = reader.octets.get(..length)?;
    let mut entry = Entry {
        name: RawName::utf8(name),
        size_octets: (flags & 8 == 0).then_some(size),
        encrypted: false,
        is_folder: flags & 1 != 0,
        is_link: is_unix && attributes & 0o170_000 == 0o120_000,
        head: Vec::new(),
    };
    while !extra.is_empty() {
        let mut record = Reader { octets: extra };
        let size = record.size()?;
        let content = record.octets.get(..size)?;
        extra = record.octets.get(size..)?;
        match (Reader { octets: content }).number()? {
            1 => entry.encrypted = true,
            5 => entry.is_link = true,
            _ => {}
        }
    }
    Some(entry)
}

struct Reader<'a> {
    octets: &'a [u8],
}

impl Reader<'_> {
    /// A number of seven bits an octet, the lowest first, at most ten octets.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for index in 0..10_u32 {
            let (&octet, rest) = self.octets.split_first()?;
            self.octets = rest;
            value |= u64::from(octet & 0x7f).checked_shl(index.checked_mul(7)?)?;
            if octet & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }
}
