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
    /// Pixels of each colour of four bits a channel, and the exact colours that are most common in it.
    bins: Vec<Bin>,
    /// Runs of one colour, and those of them that differ a little from the one before: gradients, photographs, scans.
    runs: u32,
    smooth: u32,
}

/// Two exact colours of one bin that hold most of it, with their votes (Misra and Gries): a pale shading beside white
/// falls into one bin with it, and must not be lost.
#[derive(Clone, Copy, Default)]
struct Bin {
    count: u32,
    common: [(u32, u32); 2],
}

impl Bin {
    fn add(&mut self, colour: u32, length: u32) {
        self.count += length;
        if let Some((_, votes)) = self.common.iter_mut().find(|(known, votes)| *known == colour && *votes > 0)
        {
            *votes += length;
            return;
        }
        let fewest = self.common[0].1.min(self.common[1].1).min(length);
        self.common.iter_mut().for_each(|(_, votes)| *votes -= fewest);
        if let Some(free) = self.common.iter_mut().find(|(_, votes)| *votes == 0)
            && length > fewest
        {
            *free = (colour, length - fewest);
        }
    }

    /// The most common colour first; the second only if it covers a flat that a reader sees.
    fn colours(&self, flat: u32) -> (u32, Option<u32>) {
        let [mut first, mut second] = self.common;
        if second.1 > first.1 {
            std::mem::swap(&mut first, &mut second);
        }
        (first.0, (second.1 >= flat && distance(first.0, second.0) > 2).then_some(second.0))
    }
}

/// Pixels that one colour must cover to be a flat: a thousandth of the page.
fn flat(raster: &Raster<'_>) -> u32 {
    (raster.rgbx.len() / 4_000).max(1) as u32
}

fn distance(left: u32, right: u32) -> u32 {
    let (left, right) = (channels(left), channels(right));
    left.iter().zip(right).map(|(left, right)| u32::from(left.abs_diff(right))).sum()
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
        self.bins[bin(colour)].add(colour, length);
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
    let levels = grey_levels(grey, flat(raster));
    let mut palette: Vec<[u8; 3]> = levels.iter().map(|&level| [level; 3]).collect();
    let mut nearest = [0_u8; 256];
    for (value, index) in (0..=255_u8).zip(&mut nearest) {
        let level = (0..levels.len()).min_by_key(|&at| levels[at].abs_diff(value));
        *index = level.unwrap_or(0) as u8;
    }
    indexed(raster, &mut palette, |colour| nearest[luma(colour) as usize])
}

/// The most common grey of each sixteenth, and every flat; of more than sixteen the rarest go.
fn grey_levels(grey: &[u32; 256], flat: u32) -> Vec<u8> {
    let mut levels: Vec<(u32, u8)> = Vec::new();
    let is_new = |levels: &[(u32, u8)], value: u8| levels.iter().all(|(_, level)| level.abs_diff(value) > 2);
    let mut by_count: Vec<(u32, u8)> = grey.iter().copied().zip(0..=255).collect();
    by_count.sort_unstable_by(|left, right| right.cmp(left));
    for (count, value) in by_count.into_iter().take_while(|(count, _)| *count >= flat) {
        if is_new(&levels, value) {
            levels.push((count, value));
        }
    }
    for start in (0..256_usize).step_by(16) {
        let sixteenth = &grey[start..start + 16];
        let common = (start + (0..16).max_by_key(|&at| sixteenth[at]).unwrap_or(0)) as u8;
        let weight = sixteenth.iter().sum();
        if weight > 0 && is_new(&levels, common) {
            levels.push((weight, common));
        }
    }
    levels.sort_unstable_by(|left, right| right.cmp(left));
    levels.truncate(16);
    let mut levels: Vec<u8> = levels.into_iter().map(|(_, level)| level).collect();
    levels.sort_unstable();
    levels
}

fn reduced(raster: &Raster<'_>, bins: &[Bin]) -> Image {
    let flat = flat(raster);
    let mut room = EXACT_MAX.saturating_sub(bins.iter().filter(|bin| bin.count > 0).count());
    let mut palette = Vec::new();
    // Of each bin the first colour's index and, where there is a second, how to tell them apart.
    let mut indices: Vec<(u8, Option<[u32; 2]>)> = vec![(0, None); bins.len()];
    for (bin, index) in bins.iter().zip(&mut indices).filter(|(bin, _)| bin.count > 0) {
        let (first, second) = bin.colours(flat);
        index.0 = palette.len() as u8;
        palette.push(channels(first));
        if let Some(second) = second.filter(|_| room > 0) {
            room -= 1;
            index.1 = Some([first, second]);
            palette.push(channels(second));
        }
    }
    indexed(raster, &mut palette, |colour| match indices[bin(colour)] {
        (index, Some([first, second])) if distance(colour, second) < distance(colour, first) => index + 1,
        (index, _) => index,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// White paper with black text, its soft edges in many shades, and one pale flat.
    fn page(pale: [u8; 3], edges: impl Fn(u32) -> [u8; 3]) -> Image {
        let pixel = |place: u32| match (place % 200, place / 200) {
            (20..180, 150..180) => pale,
            (x, y) if x % 4 == 0 && y < 100 => [0; 3],
            (x, y) if x % 4 == 1 && y < 100 => edges(x * 97 + y * 31),
            _ => [255; 3],
        };
        let rgbx: Vec<u8> = (0..200 * 200).map(pixel).flat_map(|[r, g, b]| [r, g, b, 255]).collect();
        encode(&Raster { width_px: 200, height_px: 200, rgbx: &rgbx }, 80)
    }

    fn palette(image: &Image) -> &[[u8; 3]] {
        match &image.form {
            Form::Indexed { palette, .. } => palette,
            Form::Bilevel | Form::GreyJpeg | Form::ColourJpeg => &[],
        }
    }

    #[test]
    fn a_pale_shading_is_not_taken_for_white() {
        let mut ran = 0;
        for pale in [[240; 3], [242; 3], [250; 3], [255, 255, 240], [245, 250, 255]] {
            let coloured = page(pale, |n| [(n % 256) as u8, (n / 3 % 256) as u8 / 3, 0]);
            assert!(palette(&coloured).contains(&pale), "{pale:?}");
            assert!(palette(&coloured).contains(&[255; 3]));
            ran += 1;
        }
        let grey = page([240; 3], |n| [(n % 256) as u8; 3]);
        assert!(palette(&grey).contains(&[240; 3]) && palette(&grey).contains(&[255; 3]));
        assert_eq!(ran, 5);
    }

    #[test]
    fn sixteen_greys_are_enough_and_flats_come_first() {
        let mut grey = [1_u32; 256];
        for flat in [0, 225, 230, 240, 245, 250, 255] {
            grey[flat] = 5_000;
        }
        let levels = grey_levels(&grey, 1_000);
        assert_eq!(levels.len(), 16);
        for flat in [0, 225, 230, 240, 245, 250, 255] {
            assert!(levels.contains(&flat), "{flat} not in {levels:?}");
        }
    }
}
