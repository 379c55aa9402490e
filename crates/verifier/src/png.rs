//! A strict reader of the PNG that our writer writes (ISO/IEC 15948): `IHDR` [`PLTE`] [`tRNS`] one `IDAT` `IEND`,
//! no interlace, nothing after `IEND`.
//!
//! *Security.* Given any octets, inside a locked child. Every chunk's CRC is checked, the one zlib stream must
//! inflate to exactly the rows that the header promises, every filter type exists, palettes and samples of fewer than
//! eight bits are unfiltered and inside the palette. No pixel buffer is allocated.

use crate::{flate, objections::Objections};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Most pixels along one side.
const SIDE_MAX: u32 = 65_500;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Start,
    Header,
    Palette,
    Transparency,
    Data,
    End,
}

/// What `IHDR` and `PLTE` say.
#[derive(Clone, Copy, Default)]
struct Shape {
    width: u32,
    height: u32,
    depth: u8,
    colour: u8,
    palette_len: usize,
}

/// Reads the whole file and says all that is wrong with it.
pub(crate) fn check(octets: &[u8], image_px: u64, objections: &mut Objections) {
    let Some(mut rest) = octets.strip_prefix(SIGNATURE) else {
        objections.add("png.signature", "");
        return;
    };
    let (mut stage, mut shape, mut data) = (Stage::Start, Shape::default(), None);
    while stage != Stage::End {
        let Some((kind, body, crc_holds, behind)) = chunk(rest) else {
            objections.add("png.chunk_cut", "");
            return;
        };
        rest = behind;
        objections.require(crc_holds, "png.crc", "");
        let next = match kind {
            b"IHDR" => Stage::Header,
            b"PLTE" => Stage::Palette,
            b"tRNS" => Stage::Transparency,
            b"IDAT" => Stage::Data,
            b"IEND" => Stage::End,
            _ => {
                objections.add("png.chunk_unknown", format!("{} octets", body.len()));
                continue;
            }
        };
        if next <= stage || (stage == Stage::Start) != (next == Stage::Header) {
            objections.add("png.chunk_order", String::from_utf8_lossy(kind));
            return;
        }
        stage = next;
        match stage {
            Stage::Header => match header(body, image_px, objections) {
                Some(read) => shape = read,
                None => return,
            },
            Stage::Palette => {
                shape.palette_len = body.len().checked_div(3).unwrap_or_default();
                let most = 1usize.checked_shl(u32::from(shape.depth)).unwrap_or_default();
                let sound = shape.colour == 3
                    && body.len().is_multiple_of(3)
                    && (1..=most.min(256)).contains(&shape.palette_len);
                objections.require(sound, "png.palette", "");
            }
            Stage::Transparency => {
                let sound = match shape.colour {
                    0 => body.len() == 2,
                    2 => body.len() == 6,
                    3 => (1..=shape.palette_len).contains(&body.len()),
                    _ => false,
                };
                objections.require(sound, "png.transparency", "");
            }
            Stage::Data => data = Some(body),
            Stage::Start | Stage::End => objections.require(body.is_empty(), "png.end_not_empty", ""),
        }
    }
    objections.require(rest.is_empty(), "png.after_end", "octets after IEND");
    objections.require(shape.colour != 3 || shape.palette_len > 0, "png.palette", "missing");
    match data {
        None => objections.add("png.no_data", ""),
        Some(zlib) => {
            if let Err(why) = rows(zlib, shape) {
                objections.add("png.data", why);
            }
        }
    }
}

/// Kind, body, whether the CRC holds, and what is behind.
type Chunk<'octets> = (&'octets [u8], &'octets [u8], bool, &'octets [u8]);

/// The first chunk.
fn chunk(octets: &[u8]) -> Option<Chunk<'_>> {
    let (length, rest) = octets.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (covered, rest) = rest.split_at_checked(length.checked_add(4)?)?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let (kind, body) = covered.split_at_checked(4)?;
    Some((kind, body, crc32(covered) == u32::from_be_bytes(*crc), rest))
}

/// Width times height as `IHDR` says; 0 without one.
pub(crate) fn area(octets: &[u8]) -> u64 {
    let side = |at: usize| -> Option<u64> {
        let four = octets.get(at..)?.first_chunk::<4>()?;
        Some(u64::from(u32::from_be_bytes(*four)))
    };
    side(16).unwrap_or(0).saturating_mul(side(20).unwrap_or(0))
}

fn header(body: &[u8], image_px: u64, objections: &mut Objections) -> Option<Shape> {
    let Ok(&[a, b, c, d, e, f, g, h, depth, colour, 0, 0, 0]) = <&[u8; 13]>::try_from(body) else {
        objections.add("png.header", "length, compression, filter or interlace");
        return None;
    };
    let (width, height) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    let sound = matches!((colour, depth), (0, 1 | 2 | 4 | 8) | (3, 1 | 2 | 4 | 8) | (2 | 4 | 6, 8));
    if !sound {
        objections.add("png.header", format!("colour type {colour}, depth {depth}"));
        return None;
    }
    let within = (1..=SIDE_MAX).contains(&width)
        && (1..=SIDE_MAX).contains(&height)
        && u64::from(width).saturating_mul(u64::from(height)) <= image_px;
    if !within {
        objections.add("png.dimensions", format!("{width} x {height}"));
        return None;
    }
    Some(Shape { width, height, depth, colour, palette_len: 0 })
}

/// Inflates the rows; checks filters, indices and the bits behind the last sample of a row.
fn rows(zlib: &[u8], shape: Shape) -> Result<(), &'static str> {
    let samples: u64 = match shape.colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let row_bits = u64::from(shape.width).saturating_mul(samples).saturating_mul(u64::from(shape.depth));
    let stride = row_bits.div_ceil(8);
    let row_octets = stride.saturating_add(1);
    let packed = shape.colour == 3 || shape.depth < 8;
    let packed_row = PackedRow::new(shape);
    let mut place = 0u64;
    flate::inflate(zlib, row_octets.saturating_mul(u64::from(shape.height)), &mut |mut piece| {
        while let Some((&first, behind)) = piece.split_first() {
            if place == 0 {
                let filter_max = if packed { 0 } else { 4 };
                if first > filter_max {
                    return Err("filter type");
                }
                place = 1;
                piece = behind;
                continue;
            }
            let left = usize::try_from(row_octets.saturating_sub(place)).unwrap_or(usize::MAX);
            let (now, later) = piece.split_at_checked(left).unwrap_or((piece, &[]));
            if packed {
                packed_row.check(now, place, stride)?;
            }
            place = place.saturating_add(u64::try_from(now.len()).unwrap_or(u64::MAX));
            if place >= row_octets {
                place = 0;
            }
            piece = later;
        }
        Ok(())
    })
}

/// Which octets an unfiltered row of a palette or of small samples may hold.
struct PackedRow {
    allowed: [bool; 256],
    /// Bits that must be zero in the last octet of a row.
    padding: u8,
}

impl PackedRow {
    fn new(shape: Shape) -> Self {
        let depth = u32::from(shape.depth.max(1));
        let mut allowed = [true; 256];
        if shape.colour == 3 {
            let mask = 0xffu32.checked_shr(8u32.saturating_sub(depth)).unwrap_or(0xff);
            for (octet, slot) in (0u32..).zip(allowed.iter_mut()) {
                *slot = (0..8u32).step_by(usize::try_from(depth).unwrap_or(8)).all(|shift| {
                    let index = octet.checked_shr(shift).unwrap_or_default() & mask;
                    usize::try_from(index).is_ok_and(|index| index < shape.palette_len)
                });
            }
        }
        let used = u64::from(shape.width).saturating_mul(u64::from(depth)).checked_rem(8).unwrap_or_default();
        let padding =
            if used == 0 { 0 } else { 0xffu8.checked_shr(u32::try_from(used).unwrap_or(0)).unwrap_or(0) };
        Self { allowed, padding }
    }

    fn check(&self, now: &[u8], place: u64, stride: u64) -> Result<(), &'static str> {
        if now.iter().any(|&octet| self.allowed.get(usize::from(octet)) != Some(&true)) {
            return Err("index outside the palette");
        }
        let ends_row = place.saturating_add(u64::try_from(now.len()).unwrap_or(u64::MAX)) > stride;
        let last = now.last().copied().unwrap_or_default();
        if ends_row && last & self.padding != 0 { Err("bits behind the row") } else { Ok(()) }
    }
}

const CRC_TABLE: [u32; 256] = crc_table();

#[expect(clippy::indexing_slicing, reason = "both indices run from 0 to 255 over arrays of 256")]
#[expect(clippy::arithmetic_side_effects, reason = "counters below 256")]
#[expect(clippy::cast_possible_truncation, reason = "an index below 256")]
const fn crc_table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut index = 0usize;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

/// CRC-32 of ISO/IEC 15948 annex D.
pub(crate) fn crc32(octets: &[u8]) -> u32 {
    let step = |crc: u32, &octet: &u8| {
        let [low, ..] = crc.to_le_bytes();
        CRC_TABLE.get(usize::from(low ^ octet)).copied().unwrap_or_default() ^ (crc >> 8)
    };
    !octets.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn rules(octets: &[u8], image_px: u64) -> Vec<String> {
        let mut objections = Objections::default();
        check(octets, image_px, &mut objections);
        objections.into_list().into_iter().map(|o| o.rule).collect()
    }

    #[test]
    fn sound_pictures_pass() {
        let cases = [samples::png_grey(), samples::png_palette(), samples::png_rgba()];
        for (index, octets) in cases.iter().enumerate() {
            assert_eq!(rules(octets, 1_000_000), Vec::<String>::new(), "case {index}");
        }
    }

    #[test]
    fn limits_are_met_exactly() {
        let octets = samples::png_grey();
        assert_eq!(rules(&octets, 16 * 5), Vec::<String>::new());
        assert_eq!(rules(&octets, 16 * 5 - 1), ["png.dimensions"]);
    }

    #[test]
    fn every_cut_and_flip_is_refused() {
        let mut ran = 0;
        for sound in [samples::png_grey(), samples::png_palette(), samples::png_rgba()] {
            for cut in 0..sound.len() {
                assert!(!rules(&sound[..cut], 1_000_000).is_empty());
                ran += 1;
            }
            for place in 0..sound.len() {
                for bit in 0..8 {
                    let mut flipped = sound.clone();
                    flipped[place] ^= 1 << bit;
                    assert!(!rules(&flipped, 1_000_000).is_empty(), "octet {place} bit {bit}");
                    ran += 1;
                }
            }
        }
        assert!(ran > 2000);
    }

    #[test]
    fn indices_stay_inside_the_palette() {
        let two = samples::png(4, 1, 2, 3, Some(&[0; 6]), &[0, 0b00_01_00_01]);
        assert_eq!(rules(&two, 100), Vec::<String>::new());
        let third = samples::png(4, 1, 2, 3, Some(&[0; 6]), &[0, 0b00_10_00_01]);
        assert_eq!(rules(&third, 100), ["png.data"]);
        let padding = samples::png(3, 1, 2, 3, Some(&[0; 6]), &[0, 0b00_01_00_01]);
        assert_eq!(rules(&padding, 100), ["png.data"]);
    }
}
