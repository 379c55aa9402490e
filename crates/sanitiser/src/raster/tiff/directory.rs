//! What an image file directory says about its page.

use super::{Source, fax::Coding};
use ::tiff::tags::Tag;
use image::metadata::Orientation;
use std::collections::BTreeSet;

/// The tags that matter here.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    pub(super) width: u32,
    pub(super) height: u32,
    /// How fax strips are coded; `None` leaves the page to the `tiff` crate.
    pub(super) coding: Option<Coding>,
    /// Photometric interpretation 1: a clear bit is black.
    pub(super) black_is_zero: bool,
    pub(super) lowest_bit_first: bool,
    pub(super) rows_per_strip: u32,
    /// Offset and length of each strip.
    pub(super) strips: Vec<(u64, u64)>,
    pub(super) orientation: Orientation,
    pub(super) is_thumbnail: bool,
    /// Compressed as JPEG.
    pub(super) lossy: bool,
    pub(super) metadata: u32,
    pub(super) gps: bool,
    /// Red, green, blue of a palette, sixteen bits each, one plane after the other.
    pub(super) palette: Option<Vec<u16>>,
    pub(super) profile: Option<Vec<u8>>,
    resolution: (f64, f64),
    resolution_unit: u16,
}

/// Text and blocks that nobody needs to see the page: descriptions, makes, persons, XMP, IPTC, Photoshop, EXIF.
const METADATA: &[u16] = &[270, 271, 272, 305, 306, 315, 316, 700, 33_432, 33_723, 34_377, 34_665, 34_853];
const TAG_GPS: u16 = 34_853;

impl Directory {
    /// Reads the present directory of the decoder; `palettes` names those whose samples are indices.
    pub(super) fn read(decoder: &mut Source<'_>, palettes: &BTreeSet<u64>) -> Option<Self> {
        let (width, height) = decoder.dimensions().ok()?;
        let mut number = |tag: Tag| decoder.find_tag_unsigned::<u32>(tag).ok().flatten();
        let short = |value: Option<u32>, otherwise: u16| {
            value.and_then(|v| u16::try_from(v).ok()).unwrap_or(otherwise)
        };
        let compression = short(number(Tag::Compression), 1);
        let options = number(Tag::Unknown(292)).unwrap_or(0);
        let coding = match compression {
            2 => Some(Coding::Huffman),
            3 if options & 1 != 0 => Some(Coding::TwoDimensions),
            3 => Some(Coding::OneDimension),
            4 => Some(Coding::T6),
            _ => None,
        };
        let photometric = short(number(Tag::PhotometricInterpretation), 0);
        let fill_order = short(number(Tag::FillOrder), 1);
        let orientation = short(number(Tag::Orientation), 1);
        let subfile = number(Tag::NewSubfileType).unwrap_or(0);
        let resolution_unit = short(number(Tag::ResolutionUnit), 2);
        let rows_per_strip = number(Tag::RowsPerStrip).unwrap_or(u32::MAX).max(1);
        let present = |decoder: &mut Source<'_>, tag: u16| {
            matches!(decoder.find_tag(Tag::from_u16_exhaustive(tag)), Ok(Some(_)) | Err(_))
        };
        let metadata = METADATA.iter().filter(|&&tag| present(decoder, tag)).count();
        let is_palette = decoder.ifd_pointer().is_some_and(|pointer| palettes.contains(&pointer.0));
        let palette =
            if is_palette { decoder.find_tag_unsigned_vec(Tag::ColorMap).ok().flatten() } else { None };
        Some(Self {
            width,
            height,
            coding,
            black_is_zero: photometric == 1,
            lowest_bit_first: fill_order == 2,
            rows_per_strip,
            strips: strips(decoder),
            orientation: u8::try_from(orientation)
                .ok()
                .and_then(Orientation::from_exif)
                .unwrap_or(Orientation::NoTransforms),
            is_thumbnail: subfile & 1 != 0,
            lossy: matches!(compression, 6 | 7),
            metadata: u32::try_from(metadata).unwrap_or(u32::MAX),
            gps: present(decoder, TAG_GPS),
            palette,
            profile: decoder.get_tag_u8_vec(Tag::IccProfile).ok(),
            resolution: (resolution(decoder, Tag::XResolution), resolution(decoder, Tag::YResolution)),
            resolution_unit,
        })
    }

    /// Dots per inch, across and down; 0 where the file does not say.
    pub(super) fn dpi(&self) -> (f64, f64) {
        let (x, y) = self.resolution;
        let sensible = |dpi: f64| (10.0..=5_000.0).contains(&dpi);
        let (x, y) = match self.resolution_unit {
            3 => (x * 2.54, y * 2.54),
            // Without a unit the two only tell the shape of a pixel.
            1 if x > 0.0 && y > 0.0 => (200.0, 200.0 * y / x),
            _ => (x, y),
        };
        let is_shape = sensible(x) && sensible(y) && (0.2..=5.0).contains(&(x / y));
        if is_shape { (x, y) } else { (0.0, 0.0) }
    }

    /// Whether the pixels are square, within what nobody sees.
    pub(super) fn is_square(&self) -> bool {
        let (x, y) = self.dpi();
        x == 0.0 || (0.98..=1.02).contains(&(x / y))
    }

    /// Whether turning it upright exchanges width and height.
    pub(super) fn is_turned_sideways(&self) -> bool {
        matches!(
            self.orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        )
    }
}

fn strips(decoder: &mut Source<'_>) -> Vec<(u64, u64)> {
    let mut numbers = |tag: Tag| decoder.find_tag_unsigned_vec::<u64>(tag).ok().flatten().unwrap_or_default();
    let (offsets, lengths) = (numbers(Tag::StripOffsets), numbers(Tag::StripByteCounts));
    let lengths = lengths.into_iter().chain(std::iter::repeat(u64::MAX));
    offsets.into_iter().zip(lengths).collect()
}

fn resolution(decoder: &mut Source<'_>, tag: Tag) -> f64 {
    use ::tiff::decoder::ifd::Value;
    match decoder.find_tag(tag) {
        Ok(Some(Value::Rational(numerator, denominator))) if denominator > 0 => {
            f64::from(numerator) / f64::from(denominator)
        }
        Ok(Some(Value::Float(value))) => f64::from(value),
        Ok(Some(Value::Short(value))) => f64::from(value),
        Ok(Some(Value::Unsigned(value))) => f64::from(value),
        _ => 0.0,
    }
}
