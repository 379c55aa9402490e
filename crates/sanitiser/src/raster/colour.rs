//! Colour → sRGB: profiles (ICC.1:2022) are applied and dropped, inks become light.
//!
//! *Security.* A profile is hostile octets too; `moxcms` reads it. What that takes does not depend on the picture, so a
//! fixed figure and the length of the profile are spent first. One that is too large, too dear or that is not taken is
//! dropped with the same finding: the colours are then those of the numbers.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the decoder crates grow; arithmetic on values of eight bits, widened first and clamped before narrowing"
)]

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use policy::{Budget, FindingCode, Findings};

/// Largest profile that is read. Those of printing presses have one or two MiB.
pub(super) const PROFILE_OCTETS_MAX: u64 = 4 << 20;
/// What reading a profile takes, in pixels of a drawing: its tables are made anew for every picture, however small.
const PROFILE_PX: u64 = 1_000_000;

/// Applies the profile of a picture.
pub(crate) fn to_srgb(
    picture: DynamicImage,
    profile: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> DynamicImage {
    let layout = match &picture {
        DynamicImage::ImageRgb8(_) => Layout::Rgb,
        DynamicImage::ImageRgba8(_) => Layout::Rgba,
        // Profiles of grey pictures differ from sRGB's grey by a gamma that nobody sees.
        _ => {
            findings.add_detail(FindingCode::ColourProfile, "dropped");
            return picture;
        }
    };
    let Some(transform) = transform(profile, DataColorSpace::Rgb, layout, layout, budget) else {
        findings.add_detail(FindingCode::ColourProfile, "dropped");
        return picture;
    };
    findings.add_detail(FindingCode::ColourProfile, "sRGB");
    let source = picture.as_bytes();
    let mut target = vec![0; source.len()];
    if transform.transform(source, &mut target).is_err() {
        return picture;
    }
    let (width, height) = (picture.width(), picture.height());
    let converted = if layout == Layout::Rgb {
        image::RgbImage::from_raw(width, height, target).map(DynamicImage::ImageRgb8)
    } else {
        image::RgbaImage::from_raw(width, height, target).map(DynamicImage::ImageRgba8)
    };
    converted.unwrap_or(picture)
}

/// Inks as Adobe stores them (255 is none) to sRGB, by their profile or else by multiplication.
pub(super) fn inks_to_rgb(
    inks: &[u8],
    profile: Option<&[u8]>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Vec<u8> {
    let (pixels, _) = inks.as_chunks::<4>();
    let transform = profile
        .and_then(|profile| transform(profile, DataColorSpace::Cmyk, Layout::Rgba, Layout::Rgb, budget));
    match &transform {
        Some(_) => findings.add_detail(FindingCode::ColourProfile, "CMYK, sRGB"),
        None => findings.add_detail(FindingCode::ColourProfile, "CMYK"),
    }
    if let Some(transform) = transform {
        let coverage: Vec<u8> = inks.iter().map(|&ink| 255 - ink).collect();
        let mut rgb = vec![0; pixels.len() * 3];
        if transform.transform(&coverage, &mut rgb).is_ok() {
            return rgb;
        }
    }
    let light = |ink: u8, black: u8| ((u32::from(ink) * u32::from(black) + 127) / 255) as u8;
    pixels.iter().flat_map(|&[c, m, y, k]| [light(c, k), light(m, k), light(y, k)]).collect()
}

/// YCbCr of the first three inks undone in place (Adobe Technical Note 5116): they were stored complemented.
pub(super) fn ycck_to_cmyk(inks: &mut [u8]) {
    let (pixels, _) = inks.as_chunks_mut::<4>();
    for pixel in pixels {
        let [y, cb, cr, _] = *pixel;
        for (ink, light) in pixel.iter_mut().zip(light(y, cb, cr)) {
            *ink = 255 - light;
        }
    }
}

fn transform(
    profile: &[u8],
    space: DataColorSpace,
    from: Layout,
    to: Layout,
    budget: &mut Budget,
) -> Option<std::sync::Arc<moxcms::Transform8BitExecutor>> {
    let octets = u64::try_from(profile.len()).ok().filter(|octets| *octets <= PROFILE_OCTETS_MAX)?;
    budget.spend_drawing(PROFILE_PX).and_then(|()| budget.spend_unpacked(octets)).ok()?;
    let source = ColorProfile::new_from_slice(profile).ok()?;
    if source.color_space != space {
        return None;
    }
    source.create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()
}

/// YCbCr (ITU-T T.871 §7) to RGB.
pub(super) fn ycbcr_to_rgb(samples: &[u8]) -> Vec<u8> {
    samples.as_chunks::<3>().0.iter().flat_map(|&[y, cb, cr]| light(y, cb, cr)).collect()
}

/// What is seen through alpha on white paper.
pub(super) fn on_white(picture: &DynamicImage) -> Vec<u8> {
    let rgba = picture.to_rgba8();
    let seen = |value: u8, alpha: u8| {
        ((u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8
    };
    let (pixels, _) = rgba.as_raw().as_chunks::<4>();
    pixels.iter().flat_map(|&[r, g, b, alpha]| [seen(r, alpha), seen(g, alpha), seen(b, alpha)]).collect()
}

/// ITU-T T.871 §7 in sixteen binary places.
fn light(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let [y, cb, cr] = [y, cb, cr].map(i32::from);
    let (cb, cr) = (cb - 128, cr - 128);
    let red = y + ((91_881 * cr + 32_768) >> 16);
    let green = y - ((22_554 * cb + 46_802 * cr + 32_768) >> 16);
    let blue = y + ((116_130 * cb + 32_768) >> 16);
    [red, green, blue].map(|value| value.clamp(0, 255) as u8)
}
