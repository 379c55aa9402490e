//! A copy of a TIFF that the `tiff` crate can read: it refuses palettes and knows nothing of `FillOrder`.
//!
//! Palette pages are declared grey, so that their indices come out as they are; octets of strips with the lowest bit
//! first are turned round, fax strips excepted, which are read by us.
//!
//! *Security.* At most [`DIRECTORIES_MAX`] directories of a classic TIFF are walked; every offset is checked. A file
//! that needs no mending is not copied.

use std::borrow::Cow;
use std::collections::BTreeSet;

const DIRECTORIES_MAX: usize = 2_000;
const ENTRIES_MAX: usize = 500;

/// The file as the crate is to read it.
pub(super) struct Mended<'a> {
    pub(super) octets: Cow<'a, [u8]>,
    /// Offsets of the directories whose samples are indices of a palette.
    pub(super) palettes: BTreeSet<u64>,
}

/// Walks the directories.
pub(super) fn mend(input: &[u8]) -> Mended<'_> {
    let mut mended = Mended { octets: Cow::Borrowed(input), palettes: BTreeSet::new() };
    let big_endian = match input.get(..4) {
        Some(b"II*\0") => false,
        Some(b"MM\0*") => true,
        _ => return mended,
    };
    let reader = Reader { octets: input, big_endian };
    let mut turned = BTreeSet::new();
    let mut left = input.len();
    let mut next = reader.long(4);
    for _ in 0..DIRECTORIES_MAX {
        let Some(at) = next.filter(|&at| at != 0) else { break };
        let Some(count) = reader.short(at).map(usize::from).filter(|&count| count <= ENTRIES_MAX) else {
            break;
        };
        let entry = |tag: u16| {
            (0..count).map(|index| place(at, index)).find(|&entry| reader.short(entry) == Some(tag))
        };
        let value = |tag: u16| entry(tag).and_then(|entry| reader.short(entry.saturating_add(8)));
        if value(262) == Some(3)
            && let Some(entry) = entry(262)
        {
            set_short(&mut mended.octets, entry.saturating_add(8), 1, big_endian);
            mended.palettes.insert(u64::try_from(at).unwrap_or(u64::MAX));
        }
        let is_fax_or_jpeg = matches!(value(259), Some(2..=4 | 6 | 7));
        if value(266) == Some(2) && !is_fax_or_jpeg {
            let numbers = |tag: u16| entry(tag).map(|entry| reader.numbers(entry)).unwrap_or_default();
            for (offset, length) in numbers(273).into_iter().zip(numbers(279)) {
                // A strip that several directories share is turned once; strips do not overlap.
                let Some(rest) = left.checked_sub(length) else { break };
                left = rest;
                if turned.insert(offset)
                    && let Some(strip) = mended.octets.to_mut().get_mut(offset..offset.saturating_add(length))
                {
                    strip.iter_mut().for_each(|octet| *octet = octet.reverse_bits());
                }
            }
        }
        next = reader.long(place(at, count));
    }
    mended
}

/// Offset of an entry; that of the entry behind the last is where the next directory is named.
fn place(directory: usize, index: usize) -> usize {
    directory.saturating_add(2).saturating_add(index.saturating_mul(12))
}

fn set_short(octets: &mut Cow<'_, [u8]>, at: usize, value: u16, big_endian: bool) {
    let written = if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    if let Some(place) = octets.to_mut().get_mut(at..at.saturating_add(2)) {
        place.copy_from_slice(&written);
    }
}

struct Reader<'a> {
    octets: &'a [u8],
    big_endian: bool,
}

impl Reader<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let octets = self.octets.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian { u16::from_be_bytes(*octets) } else { u16::from_le_bytes(*octets) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let octets = self.octets.get(at..)?.first_chunk::<4>()?;
        let value = if self.big_endian { u32::from_be_bytes(*octets) } else { u32::from_le_bytes(*octets) };
        usize::try_from(value).ok()
    }

    /// The numbers of an entry of type SHORT or LONG.
    fn numbers(&self, entry: usize) -> Vec<usize> {
        let (kind, count) = (self.short(entry.saturating_add(2)), self.long(entry.saturating_add(4)));
        let width: usize = if kind == Some(3) { 2 } else { 4 };
        let count = count.unwrap_or(0);
        let value = entry.saturating_add(8);
        let start = if count.saturating_mul(width) <= 4 { Some(value) } else { self.long(value) };
        let Some(start) = start else { return Vec::new() };
        let read = |index: usize| {
            let at = start.checked_add(index.checked_mul(width)?)?;
            if width == 2 { self.short(at).map(usize::from) } else { self.long(at) }
        };
        (0..count).map_while(read).collect()
    }
}
