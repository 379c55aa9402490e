//! The two things in EXIF (CIPA DC-008) that matter here: which way is up, and whether a position is given away.
//!
//! *Security.* At most 1,000 entries of two directories are looked at; every offset is checked; nothing is allocated.

use image::metadata::Orientation;

const ENTRIES_MAX: u16 = 1_000;
const TAG_ORIENTATION: u16 = 0x0112;
const TAG_GPS: u16 = 0x8825;

/// What an EXIF block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exif {
    pub(super) orientation: Orientation,
    pub(super) gps: bool,
}

/// Reads a block that starts with the TIFF header; damage ends the reading silently, as cameras do write damage.
pub(super) fn read(block: &[u8]) -> Exif {
    let mut exif = Exif { orientation: Orientation::NoTransforms, gps: false };
    let Some(reader) = Reader::of(block) else { return exif };
    let Some(first) = reader.long(4) else { return exif };
    reader.entries(first, |tag, at| match tag {
        TAG_ORIENTATION => {
            let value = reader.short(at.saturating_add(8)).and_then(|value| u8::try_from(value).ok());
            if let Some(orientation) = value.and_then(Orientation::from_exif) {
                exif.orientation = orientation;
            }
        }
        TAG_GPS => {
            if let Some(directory) = reader.long(at.saturating_add(8)) {
                // The version alone (tag 0) is no position.
                reader.entries(directory, |tag, _| exif.gps |= tag != 0);
            }
        }
        _ => {}
    });
    exif
}

struct Reader<'a> {
    block: &'a [u8],
    big_endian: bool,
}

impl<'a> Reader<'a> {
    fn of(block: &'a [u8]) -> Option<Self> {
        match block.get(..4)? {
            b"MM\0*" => Some(Self { block, big_endian: true }),
            b"II*\0" => Some(Self { block, big_endian: false }),
            _ => None,
        }
    }

    fn short(&self, at: usize) -> Option<u16> {
        let octets = self.block.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian { u16::from_be_bytes(*octets) } else { u16::from_le_bytes(*octets) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let octets = self.block.get(at..)?.first_chunk::<4>()?;
        let value = if self.big_endian { u32::from_be_bytes(*octets) } else { u32::from_le_bytes(*octets) };
        usize::try_from(value).ok()
    }

    /// Calls with the tag and the offset of each entry of a directory.
    fn entries(&self, directory: usize, mut each: impl FnMut(u16, usize)) {
        let Some(count) = self.short(directory) else { return };
        for index in 0..usize::from(count.min(ENTRIES_MAX)) {
            let at = directory.saturating_add(2).saturating_add(index.saturating_mul(12));
            let Some(tag) = self.short(at) else { return };
            each(tag, at);
        }
    }
}
