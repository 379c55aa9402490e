//! Pictures of cameras and scanners that few programs read: HEIC (ISO/IEC 23008-12, as telephones write it) and
//! JPEG 2000 (ISO/IEC 15444-1) → JPEG, or PNG where something shines through.
//!
//! *Security.* Any octets, decoded without threads by the `heifer` and `hayro-jpeg2000` crates (pure Rust). The
//! dimensions are read and spent before a decoder gets to allocate, and the decoders get the same limit. AVIF, JPEG XL,
//! Photoshop and the like have no road: they are refused as not supported.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the decoder crates grow; what is not known is not taken"
)]

use crate::Rewritten;
use crate::qr;
use crate::raster::{self, Fidelity};
use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext};
use heifer::heifer_isobmff::{HeifFile, boxes::Property};
use image::imageops;
use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
use policy::{Budget, FindingCode, Findings, Policy};

/// Writes a picture anew.
///
/// Errors are verdicts: a limit that was met, [`FindingCode::Unreadable`] or [`FindingCode::NotSupportedYet`].
pub fn rebuild(
    octets: &[u8],
    policy: &Policy,
    budget: &mut Budget,
    findings: &mut Findings,
    fidelity: Fidelity,
) -> Result<Rewritten, FindingCode> {
    let picture = match octets {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if !brand.starts_with(b"avi") => {
            heic(octets, budget, findings)?
        }
        [0, 0, 0, 0x0c, b'j', b'P', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => jpeg_2000(octets, budget)?,
        _ => return Err(FindingCode::NotSupportedYet),
    };
    qr::look(&picture, budget, findings);
    raster::photograph(picture, policy, findings, fidelity)
}

/// The picture that the file calls its first, upright and in sRGB.
fn heic(octets: &[u8], budget: &mut Budget, findings: &mut Findings) -> Result<DynamicImage, FindingCode> {
    let Ok(file) = HeifFile::parse(octets) else { return Err(FindingCode::Unreadable) };
    let Ok(Some((width, height))) = file.image_size(file.primary_id) else {
        return Err(FindingCode::Unreadable);
    };
    raster::spend(width, height, budget)?;
    if let Ok(metadata) = heifer::item_metadata(&file, file.primary_id) {
        let blocks = u32::from(metadata.exif.is_some()).saturating_add(u32::from(metadata.xmp.is_some()));
        findings.add_many(FindingCode::ImageMetadata, blocks, "");
        if metadata.exif_fields().is_some_and(|exif| exif.has_gps()) {
            findings.add(FindingCode::ImageGps);
        }
    }
    let further = file.top_level_image_ids().len().saturating_sub(1);
    findings.add_many(FindingCode::FramesDropped, u32::try_from(further).unwrap_or(u32::MAX), "");
    let Ok(item) = file.item(file.primary_id) else { return Err(FindingCode::Unreadable) };
    let picture = match &item.item_type.0 {
        b"hvc1" | b"hev1" => coded(octets, budget)?,
        b"grid" => grid(&file, budget)?,
        _ => return Err(FindingCode::NotSupportedYet),
    };
    Ok(match file.icc_profile(file.primary_id) {
        Ok(Some(profile)) => raster::to_srgb(picture, profile, budget, findings),
        Ok(None) | Err(_) => picture,
    })
}

/// A picture in one piece.
fn coded(octets: &[u8], budget: &Budget) -> Result<DynamicImage, FindingCode> {
    let options = heifer::Options { max_threads: 1, max_pixels: budget.limits().image_px };
    let picture = match heifer::decode_rgba8(octets, &options) {
        Ok(picture) => picture,
        Err(heifer::Error::Unsupported(_)) => return Err(FindingCode::NotSupportedYet),
        Err(_) => return Err(FindingCode::Unreadable),
    };
    let shines_through = picture.has_alpha;
    let pixels = RgbaImage::from_raw(picture.width, picture.height, picture.data);
    let pixels = DynamicImage::ImageRgba8(pixels.ok_or(FindingCode::Unreadable)?);
    Ok(if shines_through { pixels } else { DynamicImage::ImageRgb8(pixels.into_rgb8()) })
}

/// A picture in tiles, as telephones write it (ISO/IEC 23008-12 §6.6.2.3). Put together here, because the crate asks
/// the system for its processors before it does, and nobody may ask the system for anything in the jail.
fn grid(file: &HeifFile<'_>, budget: &mut Budget) -> Result<DynamicImage, FindingCode> {
    let data = file.item_data(file.primary_id).unwrap_or_default();
    let (columns, width, height) = match *data {
        [0, flags, _, columns, w0, w1, h0, h1] if flags & 1 == 0 => {
            let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
            (columns, side(w0, w1), side(h0, h1))
        }
        [0, flags, _, columns, w0, w1, w2, w3, h0, h1, h2, h3] if flags & 1 == 1 => {
            (columns, u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]))
        }
        _ => return Err(FindingCode::Unreadable),
    };
    raster::spend(width, height, budget)?;
    let mut picture = RgbImage::from_pixel(width, height, image::Rgb([255; 3]));
    let (mut across, mut down) = (0_i64, 0_i64);
    for (number, tile) in (0_u32..).zip(file.referenced_items(file.primary_id, b"dimg")) {
        let is_coded = file.item(*tile).is_ok_and(|item| item.item_type.0 == *b"hvc1");
        let Ok(Some((tile_width, tile_height))) = file.image_size(*tile) else {
            return Err(FindingCode::Unreadable);
        };
        if !is_coded {
            return Err(FindingCode::NotSupportedYet);
        }
        raster::spend(tile_width, tile_height, budget)?;
        let Ok(tile) = heifer::decode_item(file, *tile, 1) else { return Err(FindingCode::Unreadable) };
        let pixels = RgbImage::from_raw(tile.width, tile.height, tile.to_rgb8());
        let pixels = pixels.ok_or(FindingCode::Unreadable)?;
        imageops::replace(&mut picture, &pixels, across, down);
        across = across.saturating_add(i64::from(tile_width));
        let columns = u32::from(columns);
        if number.checked_rem(columns.saturating_add(1)) == Some(columns) {
            (across, down) = (0, down.saturating_add(i64::from(tile_height)));
        }
    }
    upright(file, DynamicImage::ImageRgb8(picture))
}

/// Turned and mirrored as the file says.
fn upright(file: &HeifFile<'_>, mut picture: DynamicImage) -> Result<DynamicImage, FindingCode> {
    let Ok(properties) = file.item_properties(file.primary_id) else { return Err(FindingCode::Unreadable) };
    for property in properties {
        picture = match property {
            Property::Rotation(1) => picture.rotate270(),
            Property::Rotation(2) => picture.rotate180(),
            Property::Rotation(3) => picture.rotate90(),
            Property::Mirror(true) => picture.flipv(),
            Property::Mirror(false) => picture.fliph(),
            _ => picture,
        };
    }
    Ok(picture)
}

fn jpeg_2000(octets: &[u8], budget: &mut Budget) -> Result<DynamicImage, FindingCode> {
    let Ok(image) = hayro_jpeg2000::Image::new(octets, &DecodeSettings::default()) else {
        return Err(FindingCode::Unreadable);
    };
    let (width, height) = (image.width(), image.height());
    raster::spend(width, height, budget)?;
    if matches!(image.color_space(), ColorSpace::CMYK) {
        return Err(FindingCode::NotSupportedYet);
    }
    let mut context = DecoderContext::default();
    let Ok(decoded) = image.decode(&mut context) else { return Err(FindingCode::Unreadable) };
    let channels = decoded.components().len();
    let samples = decoded.data_u8();
    let picture = match channels {
        1 => GrayImage::from_raw(width, height, samples).map(DynamicImage::ImageLuma8),
        2 => GrayAlphaImage::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8),
        3 => RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
        4 => RgbaImage::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
        _ => return Err(FindingCode::NotSupportedYet),
    };
    picture.ok_or(FindingCode::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Limits;

    fn run_with(octets: &[u8], limits: Limits) -> Result<Rewritten, FindingCode> {
        let mut findings = Findings::new();
        rebuild(octets, &Policy::standard(), &mut Budget::new(&limits), &mut findings, Fidelity::Full)
    }

    /// A photograph: red on the left, blue on the right.
    fn photograph_of(width: u32, height: u32) -> Vec<u8> {
        let mut picture = heifer::Image::filled(width, height, 8, [200, 30, 30, 255]);
        picture.draw(
            &heifer::Image::filled(width / 2, height, 8, [30, 30, 200, 255]),
            i64::from(width / 2),
            0,
        );
        heifer::encode(&picture, &heifer::EncodeOptions::default()).unwrap()
    }

    fn photograph() -> Vec<u8> {
        photograph_of(64, 48)
    }

    /// In one piece, and in tiles of 512 pixels as telephones write them.
    #[test]
    fn a_photograph_of_a_telephone_becomes_jpeg() {
        let mut ran = 0;
        for (width, height) in [(64, 48), (1_200, 600)] {
            let written = run_with(&photograph_of(width, height), Limits::STANDARD).unwrap();
            assert_eq!(written.extension, "jpg");
            let picture = image::load_from_memory(&written.octets).unwrap().to_rgb8();
            assert_eq!(picture.dimensions(), (width, height));
            for row in [height / 10, height - 5] {
                let (left, right) = (picture.get_pixel(5, row).0, picture.get_pixel(width - 5, row).0);
                assert!(left[0] > 150 && left[2] < 90, "{left:?}");
                assert!(right[2] > 150 && right[0] < 90, "{right:?}");
            }
            ran += 1;
        }
        assert_eq!(ran, 2);
    }

    #[test]
    fn limits_are_verdicts() {
        let exact = Limits { image_px: 64 * 48, ..Limits::STANDARD };
        assert!(run_with(&photograph(), exact).is_ok());
        let tight = Limits { image_px: 64 * 48 - 1, ..Limits::STANDARD };
        assert_eq!(run_with(&photograph(), tight), Err(FindingCode::LimitImagePixels));
    }

    #[test]
    fn what_is_not_read_is_said_to_be_so() {
        let cases: &[(&[u8], FindingCode)] = &[
            (b"\0\0\0\x18ftypavif\0\0\0\0", FindingCode::NotSupportedYet),
            (b"8BPS\0\x01", FindingCode::NotSupportedYet),
            (b"\0\0\0\x18ftypheic\0\0\0\0", FindingCode::Unreadable),
            (b"\0\0\0\x0cjP  \r\n\x87\n", FindingCode::Unreadable),
            (b"", FindingCode::NotSupportedYet),
        ];
        let mut ran = 0;
        for (octets, code) in cases {
            assert_eq!(run_with(octets, Limits::STANDARD), Err(*code));
            ran += 1;
        }
        assert_eq!(ran, 5);
    }

    #[test]
    fn no_cut_and_no_flipped_octet_breaks_it() {
        let octets = photograph();
        for place in (0..octets.len()).step_by(5) {
            drop(run_with(octets.get(..place).unwrap_or_default(), Limits::STANDARD));
            let mut flipped = octets.clone();
            if let Some(octet) = flipped.get_mut(place) {
                *octet ^= 0xff;
            }
            drop(run_with(&flipped, Limits::STANDARD));
        }
        assert!(octets.len() > 100);
    }
}
