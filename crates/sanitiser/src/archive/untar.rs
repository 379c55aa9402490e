//! One stream → what is in it: the members of a tar (ustar, pax, GNU) in the order in which they come, or the one file.
//!
//! *Security.* Nothing is held but one member. Header blocks and what is skipped is spent like everything that is
//! unpacked. A tar that breaks off leaves the members that were whole, and a finding.

use super::{
    ArchiveFormat, gzip,
    names::RawName,
    streams,
    tar::{self, Block},
    unpack::{Head, Unpacking},
};
use policy::FindingCode;
use std::io::Read;

/// Longest long name or pax record that is kept.
const LONG_OCTETS_MAX: u64 = 64 << 10;

/// Unpacks a tar, a compressed tar or a compressed file.
pub(super) fn unpack(
    input: &[u8],
    format: ArchiveFormat,
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<(), FindingCode> {
    if let Some(code) = unpacking.failed_inside() {
        return Err(code);
    }
    if format == ArchiveFormat::Tar {
        let mut input = input;
        return members(&mut input, unpacking);
    }
    let Some(stream) = streams::of(input) else { return Err(FindingCode::ArchiveUnsupported) };
    let mut stream = stream.or(Err(FindingCode::Unreadable))?;
    let mut first = [0; 512];
    let mut filled = 0;
    while let Some(rest) = first.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(_) => return Err(FindingCode::Unreadable),
        }
    }
    let first = first.get(..filled).unwrap_or_default();
    let mut whole = first.chain(stream);
    if tar::is_header(first) {
        return members(&mut whole, unpacking);
    }
    unpacking.spend_member()?;
    let name = match gzip::stored_name(input).filter(|_| format == ArchiveFormat::Gzip) {
        Some(name) if !name.is_empty() => RawName::local(name),
        _ => RawName::Known(unpacking.stem()),
    };
    let head = Head { name, is_link: false, size: None };
    let Some(admitted) = unpacking.admit(&head) else { return Ok(()) };
    let content = unpacking.read(&mut whole, None)?;
    unpacking.rewrite(admitted, content)
}

/// The next block; `None` where the stream ends or breaks.
fn block(source: &mut dyn Read, unpacking: &mut Unpacking<'_, '_>) -> Result<Option<Block>, FindingCode> {
    unpacking.spend_unpacked(512)?;
    let mut block = [0; 512];
    Ok(source.read_exact(&mut block).ok().map(|()| block))
}

fn members(source: &mut dyn Read, unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    let mut ahead = tar::Ahead::default();
    loop {
        let Some(header) = block(source, unpacking)? else { return broken(unpacking) };
        if header.iter().all(|&octet| octet == 0) {
            return Ok(());
        }
        if !tar::checksum_holds(&header) {
            return broken(unpacking);
        }
        let Some(size) = tar::number(tar::field(&header, 124, 12)) else { return broken(unpacking) };
        let kind = header.get(156).copied().unwrap_or_default();
        if matches!(kind, b'L' | b'x' | b'X') && size <= LONG_OCTETS_MAX {
            let Ok(long) = unpacking.read(&mut source.take(size), Some(size))? else {
                return broken(unpacking);
            };
            pad(source, size, unpacking)?;
            if kind == b'L' {
                ahead.name = Some(RawName::local(tar::until_nul(&long)));
            } else {
                tar::pax(&long, &mut ahead);
            }
            continue;
        }
        if matches!(kind, b'g' | b'K' | b'V' | b'N' | b'L' | b'x' | b'X' | b'D') {
            unpacking.skip(source, size.div_ceil(512).saturating_mul(512))?;
            continue;
        }
        let tar::Ahead { name, size: real_size } = std::mem::take(&mut ahead);
        let size = if matches!(kind, b'1'..=b'6') { 0 } else { real_size.unwrap_or(size) };
        let entry = tar::entry(&header, name, size, kind, Vec::new());
        let is_sparse = kind == b'S';
        if is_sparse && header.get(482) == Some(&1) {
            while block(source, unpacking)?.is_some_and(|more| more.get(504) == Some(&1)) {}
        }
        if kind == b'M' {
            return Err(FindingCode::MultiVolume);
        }
        unpacking.spend_member()?;
        let head = Head { name: entry.name, is_link: entry.is_link, size: Some(size) };
        let admitted = if entry.is_folder { None } else { unpacking.admit(&head) };
        let Some(admitted) = admitted else {
            unpacking.skip(source, size.div_ceil(512).saturating_mul(512))?;
            continue;
        };
        if is_sparse {
            unpacking.skip(source, size.div_ceil(512).saturating_mul(512))?;
            unpacking.rewrite(admitted, Err(FindingCode::ArchiveUnsupported))?;
            continue;
        }
        let mut content = source.take(size);
        let octets = unpacking.read(&mut content, Some(size))?;
        let left = content.limit();
        unpacking.rewrite(admitted, octets)?;
        // Of one that is too large the rest stands here still.
        unpacking.skip(source, left)?;
        pad(source, size, unpacking)?;
    }
}

/// Skips what fills up the last block.
fn pad(source: &mut dyn Read, size: u64, unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    unpacking.skip(source, size.wrapping_neg() & 511)
}

/// The members behind this cannot be reached.
fn broken(unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    unpacking.broken_off();
    Ok(())
}
