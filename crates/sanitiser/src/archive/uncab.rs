//! The members of a cabinet (\[MS-CAB\]), unpacked one by one: stored, MSZIP and LZX.
//!
//! *Security.* A folder is one stream, read forwards through blocks of at most 32 KiB; windows have 2 MiB at most. What a
//! block unpacks to is held against its header, and its checksum where there is one. Of several cabinets that belong
//! together none is opened.

use super::{
    le16, le32,
    names::RawName,
    unpack::{Head, Unpacking},
};
use flate2::{Decompress, FlushDecompress};
use lzxd::{Lzxd, WindowSize};
use policy::FindingCode;
use std::io::{self, Read};

/// What a block unpacks to at most.
const BLOCK_OCTETS_MAX: usize = 32 << 10;

/// One `CFFILE`.
struct Member {
    name: RawName,
    size: u64,
    /// Where it begins in its folder.
    start: u64,
    folder: u16,
}

/// Unpacks all members, folder by folder.
pub(super) fn unpack(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    let flags = le16(input, 30).ok_or(FindingCode::Unreadable)?;
    if flags & 3 != 0 {
        return Err(FindingCode::MultiVolume);
    }
    if let Some(code) = unpacking.failed_inside() {
        return Err(code);
    }
    let (mut members, is_whole) = members(input, unpacking)?;
    unpacking.weigh(members.iter().map(|member| member.size))?;
    unpacking.decide_charset(members.iter().map(|member| &member.name));
    members.sort_by_key(|member| (member.folder, member.start));
    let mut open: Option<(u16, Option<Folder<'_>>)> = None;
    for member in members {
        let head = Head { name: member.name, is_link: false, size: Some(member.size) };
        let Some(admitted) = unpacking.admit(&head) else { continue };
        // Members that share octets would make a folder be unpacked again and again: they are not read so.
        let is_open = open.as_ref().is_some_and(|(number, _)| *number == member.folder);
        if !is_open {
            open = Some((member.folder, folder(input, flags, member.folder)));
        }
        let content = match open.as_mut().and_then(|(_, folder)| folder.as_mut()) {
            None => Err(FindingCode::ArchiveUnsupported),
            Some(folder) if folder.position > member.start => Err(FindingCode::ArchiveOverlap),
            Some(folder) => {
                let gap = member.start.saturating_sub(folder.position);
                unpacking.skip(folder, gap)?;
                unpacking.read(&mut folder.take(member.size), Some(member.size))?
            }
        };
        unpacking.rewrite(admitted, content)?;
    }
    if !is_whole {
        unpacking.broken_off();
    }
    Ok(())
}

/// The entries (§2.3), and whether all that are counted are there.
fn members(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(Vec<Member>, bool), FindingCode> {
    let count = le16(input, 28).unwrap_or_default();
    let mut at = le32(input, 16).and_then(|at| usize::try_from(at).ok()).ok_or(FindingCode::Unreadable)?;
    let mut members = Vec::new();
    for _ in 0..count {
        let Some((member, next)) = member(input, at) else { return Ok((members, false)) };
        unpacking.spend_member()?;
        members.push(member);
        at = next;
    }
    Ok((members, true))
}

fn member(input: &[u8], at: usize) -> Option<(Member, usize)> {
    let start = at.checked_add(16)?;
    let name = input.get(start..)?;
    let name = name.get(..name.iter().position(|&octet| octet == 0)?)?;
    let attributes = le16(input, at.checked_add(14)?)?;
    let member = Member {
        name: if attributes & 0x80 == 0 { RawName::local(name) } else { RawName::utf8(name) },
        size: le32(input, at)?.into(),
        start: le32(input, at.checked_add(4)?)?.into(),
        folder: le16(input, at.checked_add(8)?)?,
    };
    Some((member, start.checked_add(name.len())?.checked_add(1)?))
}

/// How a folder is packed (§2.2).
enum Method {
    Stored,
    Mszip,
    Lzx(Box<Lzxd>),
}

/// A folder as it is read.
struct Folder<'a> {
    input: &'a [u8],
    /// Where the next block stands.
    at: usize,
    blocks_left: u16,
    /// Octets in front of the data of a block that nobody reads.
    reserved: usize,
    method: Method,
    /// The current block, unpacked, and how much of it is read.
    block: Vec<u8>,
    read: usize,
    position: u64,
}

/// Opens a folder; `None` where there is none, or for a method that is not read (Quantum).
fn folder(input: &[u8], flags: u16, number: u16) -> Option<Folder<'_>> {
    let (mut at, mut of_folder, mut reserved) = (36_usize, 0, 0);
    if flags & 4 != 0 {
        of_folder = usize::from(*input.get(38)?);
        reserved = usize::from(*input.get(39)?);
        at = 40_usize.checked_add(usize::from(le16(input, 36)?))?;
    }
    if number >= le16(input, 26)? {
        return None;
    }
    let step = of_folder.checked_add(8)?;
    at = at.checked_add(step.checked_mul(usize::from(number))?)?;
    let method = le16(input, at.checked_add(6)?)?;
    let method = match (method & 15, method >> 8 & 31) {
        (0, _) => Method::Stored,
        (1, _) => Method::Mszip,
        (3, window) => Method::Lzx(Box::new(Lzxd::new(match window {
            15 => WindowSize::KB32,
            16 => WindowSize::KB64,
            17 => WindowSize::KB128,
            18 => WindowSize::KB256,
            19 => WindowSize::KB512,
            20 => WindowSize::MB1,
            21 => WindowSize::MB2,
            _ => return None,
        }))),
        _ => return None,
    };
    Some(Folder {
        input,
        at: usize::try_from(le32(input, at)?).ok()?,
        blocks_left: le16(input, at.checked_add(4)?)?,
        reserved,
        method,
        block: Vec::new(),
        read: 0,
        position: 0,
    })
}

fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl<'a> Folder<'a> {
    /// Unpacks the next block; `false` at the end. Behind a damaged one nothing stands where it should: it is the end.
    fn next(&mut self) -> io::Result<bool> {
        let next = self.unpack_next();
        if next.is_err() {
            self.blocks_left = 0;
            self.read = self.block.len();
        }
        next
    }

    fn unpack_next(&mut self) -> io::Result<bool> {
        if self.blocks_left == 0 {
            return Ok(false);
        }
        self.blocks_left = self.blocks_left.saturating_sub(1);
        let (packed, size) = self.packed().ok_or_else(damaged)?;
        let block = match &mut self.method {
            Method::Stored if packed.len() == size => packed.to_vec(),
            Method::Stored => return Err(damaged()),
            Method::Mszip => mszip(packed, size, &self.block)?,
            Method::Lzx(lzx) => lzx.decompress_next(packed, size).or(Err(damaged()))?.to_vec(),
        };
        if block.len() != size {
            return Err(damaged());
        }
        self.block = block;
        self.read = 0;
        Ok(true)
    }

    /// The next block (§2.4) and what it unpacks to.
    fn packed(&mut self) -> Option<(&'a [u8], usize)> {
        let sum = le32(self.input, self.at)?;
        let sizes = self.at.checked_add(4)?;
        let packed = usize::from(le16(self.input, sizes)?);
        let size = usize::from(le16(self.input, sizes.checked_add(2)?)?);
        let start = sizes.checked_add(4)?;
        let data = start.checked_add(self.reserved)?;
        let end = data.checked_add(packed)?;
        // A block that goes on in the next cabinet unpacks to nothing here.
        if size == 0 || size > BLOCK_OCTETS_MAX {
            return None;
        }
        let expected = checksum(self.input.get(sizes..start)?) ^ checksum(self.input.get(data..end)?);
        if sum != 0 && sum != expected {
            return None;
        }
        self.at = end;
        self.input.get(data..end).map(|packed| (packed, size))
    }
}

/// All words of four octets, lowest first; what is left over, highest first (§3.1).
fn checksum(octets: &[u8]) -> u32 {
    let (words, rest) = octets.as_chunks::<4>();
    let sum = words.iter().fold(0, |sum, word| sum ^ u32::from_le_bytes(*word));
    sum ^ rest.iter().fold(0, |word, &octet| word << 8 | u32::from(octet))
}

/// One block of MSZIP: deflate with the block before as its window.
fn mszip(packed: &[u8], size: usize, before: &[u8]) -> io::Result<Vec<u8>> {
    let packed = packed.strip_prefix(b"CK").ok_or_else(damaged)?;
    let mut inflate = Decompress::new(false);
    if !before.is_empty() {
        inflate.set_dictionary(before).or(Err(damaged()))?;
    }
    let mut block = Vec::with_capacity(size);
    inflate.decompress_vec(packed, &mut block, FlushDecompress::Finish).or(Err(damaged()))?;
    Ok(block)
}

impl Read for Folder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.block.len() && !self.next()? {
            return Ok(0);
        }
        let rest = self.block.get(self.read..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (place, octet) in buffer.iter_mut().zip(rest) {
            *place = *octet;
        }
        self.read = self.read.saturating_add(count);
        self.position = self.position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}
