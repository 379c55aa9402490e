//! Pixels of a page → the smallest encoding that keeps it readable: CCITT G4 for what is bilevel, an exact or reduced
//! palette for drawings and text, JPEG for photographs.
//!
//! *Security.* Gets pixels that we drew ourselves, or that a decoder made within the budget; works in linear time.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "pixel code: tables are indexed by values masked to their size, counts are below 2^32"
)]

use super::write::{Form, Image, deflated};
use fax::{Color, VecWriter, encoder::Encoder};
use jpeg_encoder::{ColorType, SamplingFactor};

/// Colours of one side of a pixel grid, four octets a pixel (red, green, blue, ignored).
pub(super) struct Raster<'a> {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) rgbx: &'a [u8],
}

/// What one pass over the pixels tells.
struct Census {
    /// Pixels of each grey level, of those that are grey.
    grey: [u32; 256],
    /// Pixels that are not grey.
    coloured: u32,
    /// The first 256 exact colours.
    exact: ExactColours,
    /// Pixels of each colour of four bits a channel, and the exact colour that is most common in it.
    bins: Vec<Bin>,
    /// Runs of one colour, and those of them that differ a little from the one before: gradients, photographs, scans.
    runs: u32,
    smooth: u32,
}

#[derive(Clone, Copy, Default)]
struct Bin {
    count: u32,
    colour: u32,
    votes: u32,
}

const EXACT_MAX: usize = 256;
const TABLE: usize = 1024;

/// A small open table of exact colours.
struct ExactColours {
    slots: Vec<(u32, u32)>,
    colours: Vec<u32>,
    overflowed: bool,
}

impl ExactColours {
    fn new() -> Self {
        Self { slots: vec![(u32::MAX, 0); TABLE], colours: Vec::new(), overflowed: false }
    }

    fn slot(&self, colour: u32) -> usize {
        let mut at = (colour.wrapping_mul(0x9E37_79B1) >> 22) as usize & (TABLE - 1);
        while self.slots[at].0 != u32::MAX && self.slots[at].0 != colour {
            at = (at + 1) & (TABLE - 1);
        }
        at
    }

    fn add(&mut self, colour: u32) {
        if self.overflowed {
            return;
        }
        let at = self.slot(colour);
        if self.slots[at].0 == u32::MAX {
            if self.colours.len() == EXACT_MAX {
                self.overflowed = true;
                return;
            }
            self.slots[at] = (colour, self.colours.len() as u32);
            self.colours.push(colour);
        }
    }
}

const fn channels(colour: u32) -> [u8; 3] {
    let [red, green, blue, _] = colour.to_le_bytes();
    [red, green, blue]
}

/// Index of a colour of four bits a channel.
const fn bin(colour: u32) -> usize {
    ((colour >> 4) & 0xF | (colour >> 8) & 0xF0 | (colour >> 12) & 0xF00) as usize
}

fn spread([red, green, blue]: [u8; 3]) -> u8 {
    red.max(green).max(blue) - red.min(green).min(blue)
}

/// Luma of ITU-R BT.601 in 1/256ths.
const fn luma(colour: u32) -> u8 {
    let [red, green, blue] = channels(colour);
    ((77 * red as u32 + 150 * green as u32 + 29 * blue as u32 + 128) >> 8) as u8
}

fn pixels<'a>(raster: &Raster<'a>) -> impl Iterator<Item = u32> + 'a {
    raster.rgbx.chunks_exact(4).map(|px| u32::from_le_bytes([px[0], px[1], px[2], 0]))
}

impl Census {
    fn take(raster: &Raster<'_>) -> Self {
        let mut census = Self {
            grey: [0; 256],
            coloured: 0,
            exact: ExactColours::new(),
            bins: vec![Bin::default(); 4096],
            runs: 0,
            smooth: 0,
        };
        let (mut current, mut length) = (u32::MAX, 0_u32);
        for colour in pixels(raster) {
            if colour == current {
                length += 1;
            } else {
                census.run(current, length);
                census.smooth += u32::from(is_near(current, colour));
                current = colour;
                length = 1;
            }
        }
        census.run(current, length);
        census
    }

    fn run(&mut self, colour: u32, length: u32) {
        if length == 0 {
            return;
        }
        self.runs += 1;
        self.exact.add(colour);
        if spread(channels(colour)) <= 8 {
            self.grey[luma(colour) as usize] += length;
        } else {
            self.coloured += length;
        }
        let bin = &mut self.bins[bin(colour)];
        bin.count += length;
        if bin.colour == colour {
            bin.votes += length;
        } else if bin.votes <= length {
            bin.colour = colour;
            bin.votes = length - bin.votes;
        } else {
            bin.votes -= length;
        }
    }
}

/// Whether two neighbours differ by a little, away from black and white: so do pixels of photographs, not of text.
fn is_near(left: u32, right: u32) -> bool {
    let (a, b) = (luma(left), luma(right));
    (16..240).contains(&a) && a.abs_diff(b) <= 12
}

/// Encodes one page.
pub(super) fn encode(raster: &Raster<'_>, jpeg_quality: u8) -> Image {
    let census = Census::take(raster);
    let total = (raster.rgbx.len() / 4) as u32;
    let is_grey = census.coloured < total / 20_000 + 1;
    let black: u32 = census.grey[..64].iter().sum();
    let mid: u32 = census.grey[64..=192].iter().sum();
    let pale: u32 = census.grey[193..250].iter().sum();
    if is_grey && census.coloured == 0 && (mid + pale) as u64 * 50 <= u64::from(black) {
        return bilevel(raster);
    }
    let is_photo = u64::from(census.smooth) * 25 > u64::from(total);
    if !census.exact.overflowed && !is_photo {
        return exact(raster, &census.exact);
    }
    if is_photo {
        return jpeg(raster, is_grey, jpeg_quality);
    }
    if is_grey {
        return sixteen_greys(raster, &census.grey);
    }
    let used = census.bins.iter().filter(|bin| bin.count > 0).count();
    if used <= 256 { reduced(raster, &census.bins) } else { jpeg(raster, false, jpeg_quality) }
}

fn bilevel(raster: &Raster<'_>) -> Image {
    let mut encoder = Encoder::new(VecWriter::new());
    for row in raster.rgbx.chunks_exact(raster.width_px as usize * 4) {
        let colours = row.chunks_exact(4).map(|px| {
            let dark = luma(u32::from_le_bytes([px[0], px[1], px[2], 0])) < 128;
            if dark { Color::Black } else { Color::White }
        });
        let Ok(()) = encoder.encode_line(colours, raster.width_px);
    }
    let Ok(writer) = encoder.finish();
    image(raster, Form::Bilevel, writer.finish())
}

fn image(raster: &Raster<'_>, form: Form, data: Vec<u8>) -> Image {
    Image { width_px: raster.width_px, height_px: raster.height_px, form, data }
}

fn exact(raster: &Raster<'_>, exact: &ExactColours) -> Image {
    let mut palette: Vec<[u8; 3]> = exact.colours.iter().map(|&colour| channels(colour)).collect();
    let (mut last, mut last_index) = (u32::MAX, 0_u8);
    indexed(raster, &mut palette, |colour| {
        if colour != last {
            last = colour;
            last_index = exact.slots[exact.slot(colour)].1 as u8;
        }
        last_index
    })
}

fn sixteen_greys(raster: &Raster<'_>, grey: &[u32; 256]) -> Image {
    let mut palette = Vec::with_capacity(16);
    for level in 0..16_usize {
        let common = (level * 16..level * 16 + 16).max_by_key(|&value| grey[value]).unwrap_or(level * 17);
        let value = if grey[common] == 0 { level * 17 } else { common } as u8;
        palette.push([value; 3]);
    }
    indexed(raster, &mut palette, |colour| luma(colour) >> 4)
}

fn reduced(raster: &Raster<'_>, bins: &[Bin]) -> Image {
    let mut palette = Vec::new();
    let mut index = vec![0_u8; bins.len()];
    for (bin, index) in bins.iter().zip(&mut index).filter(|(bin, _)| bin.count > 0) {
        *index = palette.len() as u8;
        palette.push(channels(bin.colour));
    }
    indexed(raster, &mut palette, |colour| index[bin(colour)])
}

/// Packs indices, first pixel in the high bits (ISO 32000-1 §8.9.5.2), and deflates them.
fn indexed(raster: &Raster<'_>, palette: &mut Vec<[u8; 3]>, mut index: impl FnMut(u32) -> u8) -> Image {
    if palette.len() < 2 {
        palette.resize(2, [255; 3]);
    }
    let bits: u8 = match palette.len() {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    };
    let width = raster.width_px as usize;
    let per_octet = 8 / usize::from(bits);
    let mut packed = Vec::with_capacity(width.div_ceil(per_octet) * raster.height_px as usize);
    for row in raster.rgbx.chunks_exact(width * 4) {
        for group in row.chunks(per_octet * 4) {
            let mut octet = 0_u8;
            let mut shift = 8;
            for px in group.chunks_exact(4) {
                shift -= bits;
                octet |= index(u32::from_le_bytes([px[0], px[1], px[2], 0])) << shift;
            }
            packed.push(octet);
        }
    }
    image(raster, Form::Indexed { bits, palette: std::mem::take(palette) }, deflated(&packed))
}

fn jpeg(raster: &Raster<'_>, is_grey: bool, quality: u8) -> Image {
    let mut data = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut data, quality);
    let (width, height) = (raster.width_px as u16, raster.height_px as u16);
    let written = if is_grey {
        let grey: Vec<u8> = pixels(raster).map(luma).collect();
        encoder.encode(&grey, width, height, ColorType::Luma)
    } else {
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode(raster.rgbx, width, height, ColorType::Rgba)
    };
    debug_assert!(written.is_ok(), "sides are below 65,500");
    image(raster, if is_grey { Form::GreyJpeg } else { Form::ColourJpeg }, data)
}
