//! Pixels → baseline JPEG (ITU-T T.81) in JFIF 1.02, by the `jpeg-encoder` crate.
//!
//! A second compression at a better quality than the first only makes the file larger: the strength is read from the
//! quantisation table that the picture came with, and capped by policy. The colour resolution stays what it was.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the decoder crates grow; what is not known is not taken"
)]

use super::{Fidelity, outline::Outline};
use image::DynamicImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use policy::{FindingCode, Policy};

/// Sum of the luminance table of T.81 annex K.1, which is quality 50.
const ANNEX_K_SUM: u32 = 3_688;
/// A picture that is compressed for the second time gets this much more than the policy's quality for the first.
const SECOND_TIME_BONUS: u8 = 10;
const QUALITY_LEAST: u8 = 30;
const QUALITY_MOST: u8 = 95;
const QUALITY_REDUCED: u8 = 65;

/// How strongly to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strength {
    quality: u8,
    subsampled: bool,
}

impl Strength {
    /// By the strength that the picture came with, the policy, and whether the output is to shrink.
    pub(super) fn choose(outline: &Outline, policy: &Policy, fidelity: Fidelity) -> Self {
        if fidelity == Fidelity::Reduced {
            return Self::reduced(policy);
        }
        let most = policy.jpeg_quality.saturating_add(SECOND_TIME_BONUS).min(QUALITY_MOST);
        let came_with = outline.quantisation_sum.map_or(most, quality_of);
        Self { quality: came_with.min(most).max(QUALITY_LEAST), subsampled: outline.subsampled }
    }

    /// For an output that was too large.
    pub(super) fn reduced(policy: &Policy) -> Self {
        Self { quality: policy.jpeg_quality.min(QUALITY_REDUCED), subsampled: true }
    }
}

/// The quality whose table has this sum, by the scaling that libjpeg made common.
fn quality_of(sum: u32) -> u8 {
    let percent = f64::from(sum) * 100.0 / f64::from(ANNEX_K_SUM);
    let scale_of = |quality: u8| {
        let quality = f64::from(quality);
        if quality < 50.0 { 5_000.0 / quality } else { 200.0 - 2.0 * quality }
    };
    (1..=100).find(|&quality| scale_of(quality) < percent + 1.0).unwrap_or(QUALITY_MOST)
}

/// Writes grey as one component, everything else as three.
pub(super) fn write(picture: &DynamicImage, strength: Strength) -> Result<Vec<u8>, FindingCode> {
    let side = |side: u32| u16::try_from(side).ok();
    let (width, height) =
        side(picture.width()).zip(side(picture.height())).ok_or(FindingCode::LimitImagePixels)?;
    let mut octets = Vec::new();
    let mut encoder = Encoder::new(&mut octets, strength.quality);
    encoder.set_sampling_factor(if strength.subsampled {
        SamplingFactor::F_2_2
    } else {
        SamplingFactor::F_1_1
    });
    let done = match picture {
        DynamicImage::ImageLuma8(pixels) => encoder.encode(pixels, width, height, ColorType::Luma),
        DynamicImage::ImageRgb8(pixels) => encoder.encode(pixels, width, height, ColorType::Rgb),
        _ => encoder.encode(&picture.to_rgb8(), width, height, ColorType::Rgb),
    };
    match done {
        Ok(()) => Ok(octets),
        Err(_) => Err(FindingCode::OutOfMemory),
    }
}
