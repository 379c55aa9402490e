//! Octets → upright-to-be pixels of eight bits in sRGB: grey, grey with alpha, RGB or RGBA.
//!
//! *Security.* The `image` crate and `zune-jpeg` meet hostile octets here. Dimensions are spent from the budget before
//! the pixel buffer is allocated, and the decoders' own allocations are limited by the same figure. What a PNG says
//! before its pixels is read while nothing is spent yet, and may take what the file is long and a small figure more; a
//! colour profile that is larger than [`PROFILE_OCTETS_MAX`], or that says so and is not there, is left out. The buffer
//! starts white: if a decoder stops with an error, what it has written so far is kept and
//! [`FindingCode::ImageTruncated`] says so; if it has written nothing, the picture is unreadable.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the decoder crates grow; what is not known is not taken"
)]

use super::{SIDE_MAX_PX, colour, colour::PROFILE_OCTETS_MAX, outline::Format, outline::Outline};
use image::codecs::{
    bmp::BmpDecoder, gif::GifDecoder, ico::IcoDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder,
};
use image::{ColorType, DynamicImage, ImageBuffer, ImageDecoder, ImageResult, Limits};
use policy::{Budget, FindingCode, Findings};
use std::io::Cursor;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

/// Most octets a pixel takes in any decoder here: RGBA in sixteen bits.
const PIXEL_OCTETS_MAX: u64 = 8;

/// Octets of the widest row in a PNG.
const ROW_OCTETS_MAX: u64 = SIDE_MAX_PX as u64 * PIXEL_OCTETS_MAX;

/// Decodes the first frame.
pub(super) fn decode(
    format: Format,
    input: &[u8],
    outline: &Outline,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    if format == Format::Jpeg && outline.components == 4 {
        return four_inks(input, budget, findings);
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(budget.limits().image_px.saturating_mul(PIXEL_OCTETS_MAX));
    let source = Cursor::new(input);
    // Whether the decoder may be asked for the profile: that of WebP makes room for as much as is said before it reads.
    let profiled = format != Format::WebP || webp_profile(input).is_none_or(|whole| whole);
    if !profiled {
        findings.add_detail(FindingCode::ColourProfile, "dropped");
    }
    match format {
        Format::Png => {
            let width =
                input.get(16..).and_then(|rest| rest.first_chunk()).map(|side| u32::from_be_bytes(*side));
            if width.is_some_and(|width| width > SIDE_MAX_PX) {
                return Err(FindingCode::LimitImagePixels);
            }
            run(PngDecoder::with_limits(source, ahead_of_pixels(input)), limits, profiled, budget, findings)
        }
        Format::Jpeg => run(JpegDecoder::new(source), limits, profiled, budget, findings),
        Format::Gif => run(GifDecoder::new(source), limits, profiled, budget, findings),
        Format::Bmp => run(BmpDecoder::new(source), limits, profiled, budget, findings),
        Format::WebP => run(WebPDecoder::new(source), limits, profiled, budget, findings),
        Format::Ico => match packed_icon(input) {
            // The icon's own decoder would read it without limits.
            Some(png) => decode(Format::Png, png, outline, budget, findings),
            None => run(IcoDecoder::new(source), limits, profiled, budget, findings),
        },
        Format::Tiff => Err(FindingCode::Unreadable),
    }
}

/// What the chunks of a PNG may take before its pixels: texts are held while they are read and once more afterwards.
fn ahead_of_pixels(input: &[u8]) -> Limits {
    let stored = u64::try_from(input.len()).unwrap_or(u64::MAX).saturating_mul(3);
    let most = stored.saturating_add(PROFILE_OCTETS_MAX).saturating_add(ROW_OCTETS_MAX);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(most);
    limits
}

/// Whether the first profile of a WebP (RFC 9649 §2.7.1.4) lies in the file and is not too large; `None` without one.
fn webp_profile(input: &[u8]) -> Option<bool> {
    let mut rest = input.get(12..)?;
    while let Some((head, content)) = rest.split_first_chunk::<8>() {
        let [name @ .., a, b, c, d] = *head;
        let size = u32::from_le_bytes([a, b, c, d]);
        let Ok(length) = usize::try_from(size) else { return Some(false) };
        if name == *b"ICCP" {
            return Some(length <= content.len() && u64::from(size) <= PROFILE_OCTETS_MAX);
        }
        rest = content.get(length.saturating_add(length % 2)..)?;
    }
    None
}

/// The PNG in an icon, if its decoder would choose one: of most bits, then of the largest area, the last before the
/// others.
fn packed_icon(input: &[u8]) -> Option<&[u8]> {
    let count = usize::from(u16::from_le_bytes(*input.get(4..)?.first_chunk()?));
    let (entries, _) = input.get(6..)?.as_chunks::<16>();
    let (last, others) = entries.get(..count)?.split_last()?;
    let side = |side: u8| if side == 0 { 256 } else { u32::from(side) };
    let worth = |&[width, height, _, _, _, _, a, b, ..]: &[u8; 16]| {
        (u16::from_le_bytes([a, b]), side(width).saturating_mul(side(height)))
    };
    let best = others.iter().fold(last, |best, entry| if worth(entry) > worth(best) { entry } else { best });
    let at = usize::try_from(u32::from_le_bytes(*best.last_chunk()?)).ok()?;
    input.get(at..).filter(|packed| Format::of(packed) == Some(Format::Png))
}

fn run<D: ImageDecoder>(
    decoder: ImageResult<D>,
    limits: Limits,
    profiled: bool,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    let Ok(mut decoder) = decoder else { return Err(FindingCode::Unreadable) };
    let (width, height) = decoder.dimensions();
    spend(width, height, budget)?;
    if decoder.set_limits(limits).is_err() {
        return Err(FindingCode::LimitImagePixels);
    }
    let kind = decoder.color_type();
    let profile = if profiled { decoder.icc_profile().ok().flatten() } else { None };
    let length = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
    let mut pixels = white(length)?;
    if decoder.read_image(&mut pixels).is_err() {
        keep_partial(&pixels, findings)?;
    }
    let picture = eight_bit(width, height, kind, pixels, findings).ok_or(FindingCode::Unreadable)?;
    Ok(match profile {
        Some(profile) => colour::to_srgb(picture, &profile, budget, findings),
        None => picture,
    })
}

/// Checks that both sides are at least 1 and not longer than can be written, and spends the area.
pub(crate) fn spend(width: u32, height: u32, budget: &mut Budget) -> Result<(), FindingCode> {
    if width == 0 || height == 0 {
        return Err(FindingCode::Unreadable);
    }
    if width.max(height) > SIDE_MAX_PX {
        return Err(FindingCode::LimitImagePixels);
    }
    budget.spend_image(u64::from(width), u64::from(height)).map_err(|exhausted| exhausted.0)
}

/// A buffer that is white (and opaque) wherever nothing is decoded into it.
pub(super) fn white(length: usize) -> Result<Vec<u8>, FindingCode> {
    let mut pixels = Vec::new();
    if pixels.try_reserve_exact(length).is_err() {
        return Err(FindingCode::OutOfMemory);
    }
    pixels.resize(length, 0xff);
    Ok(pixels)
}

/// After an error of the decoder: was anything written?
pub(super) fn keep_partial(pixels: &[u8], findings: &mut Findings) -> Result<(), FindingCode> {
    if pixels.iter().all(|&octet| octet == 0xff) {
        return Err(FindingCode::Unreadable);
    }
    if !findings.has(FindingCode::ImageTruncated) {
        findings.add(FindingCode::ImageTruncated);
    }
    Ok(())
}

/// Brings what a decoder wrote to eight bits a channel.
fn eight_bit(
    width: u32,
    height: u32,
    kind: ColorType,
    pixels: Vec<u8>,
    findings: &mut Findings,
) -> Option<DynamicImage> {
    let picture = match kind {
        ColorType::L8 => DynamicImage::ImageLuma8(ImageBuffer::from_raw(width, height, pixels)?),
        ColorType::La8 => DynamicImage::ImageLumaA8(ImageBuffer::from_raw(width, height, pixels)?),
        ColorType::Rgb8 => DynamicImage::ImageRgb8(ImageBuffer::from_raw(width, height, pixels)?),
        ColorType::Rgba8 => DynamicImage::ImageRgba8(ImageBuffer::from_raw(width, height, pixels)?),
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            findings.add_detail(FindingCode::ImageReduced, "8 bit");
            let high = high_octets(&pixels);
            drop(pixels);
            return eight_bit(width, height, narrow(kind)?, high, findings);
        }
        _ => return None,
    };
    Some(picture)
}

/// The eight-bit neighbour of a sixteen-bit colour type.
fn narrow(kind: ColorType) -> Option<ColorType> {
    Some(match kind {
        ColorType::L16 => ColorType::L8,
        ColorType::La16 => ColorType::La8,
        ColorType::Rgb16 => ColorType::Rgb8,
        ColorType::Rgba16 => ColorType::Rgba8,
        _ => return None,
    })
}

/// Sixteen bits in native order, rounded to eight: 0…65535 onto 0…255.
pub(super) fn high_octets(pixels: &[u8]) -> Vec<u8> {
    let (pairs, _) = pixels.as_chunks::<2>();
    pairs
        .iter()
        .map(|pair| {
            let rounded = u32::from(u16::from_ne_bytes(*pair)).saturating_add(128) / 257;
            u8::try_from(rounded).unwrap_or(u8::MAX)
        })
        .collect()
}

/// CMYK and YCCK JPEG (Adobe's): the inks are taken as they are, so that their profile can be applied.
fn four_inks(
    input: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(input), options);
    if decoder.decode_headers().is_err() {
        return Err(FindingCode::Unreadable);
    }
    let (width, height) = decoder.dimensions().ok_or(FindingCode::Unreadable)?;
    let side = |side: usize| u32::try_from(side).ok();
    let (width, height) = side(width).zip(side(height)).ok_or(FindingCode::Unreadable)?;
    spend(width, height, budget)?;
    let stored = decoder.input_colorspace().ok_or(FindingCode::Unreadable)?;
    if !matches!(stored, ColorSpace::CMYK | ColorSpace::YCCK) {
        return Err(FindingCode::Unreadable);
    }
    let profile = decoder.icc_profile();
    decoder.set_options(options.jpeg_set_out_colorspace(stored));
    let mut inks = white(decoder.output_buffer_size().ok_or(FindingCode::Unreadable)?)?;
    if decoder.decode_into(&mut inks).is_err() {
        keep_partial(&inks, findings)?;
    }
    if stored == ColorSpace::YCCK {
        colour::ycck_to_cmyk(&mut inks);
    }
    let rgb = colour::inks_to_rgb(&inks, profile.as_deref(), budget, findings);
    let picture = ImageBuffer::from_raw(width, height, rgb).ok_or(FindingCode::Unreadable)?;
    Ok(DynamicImage::ImageRgb8(picture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_a_webp_is_asked_for_only_when_it_is_there() {
        let cases: [(&[u8], Option<bool>); 4] = [
            (b"RIFF\0\0\0\0WEBPVP8X\x01\0\0\0..ICCP\x02\0\0\0ab", Some(true)),
            (b"RIFF\0\0\0\0WEBPVP8X\x01\0\0\0..ICCP\x03\0\0\0ab", Some(false)),
            (b"RIFF\0\0\0\0WEBPICCP\xff\xff\xff\xff", Some(false)),
            (b"RIFF\0\0\0\0WEBPVP8X\xff\xff\xff\xff", None),
        ];
        let mut ran = 0;
        for (input, expected) in cases {
            assert_eq!(webp_profile(input), expected, "case {ran}");
            ran += 1;
        }
        assert_eq!(ran, 4);
    }

    #[test]
    fn the_png_of_an_icon_is_found() {
        let entry = |side: u8, at: u8| [side, side, 0, 0, 1, 0, 32, 0, 8, 0, 0, 0, at, 0, 0, 0];
        let icon = |sides: [u8; 2]| {
            let [first, second] = sides;
            let mut icon = vec![0, 0, 1, 0, 2, 0];
            icon.extend([entry(first, 38), entry(second, 46)].concat());
            icon.extend(b"\x89PNG\r\n\x1a\n");
            icon.extend([40, 0, 0, 0, 0, 0, 0, 0]);
            icon
        };
        assert!(packed_icon(&icon([0, 16])).is_some_and(|png| png.len() == 16));
        assert_eq!(packed_icon(&icon([16, 32])), None);
        assert_eq!(packed_icon(&icon([16, 16])), None, "the last before others that are no better");
    }
}
