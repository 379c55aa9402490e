//! Samples as the `tiff` crate hands them out → grey, RGB or RGBA of eight bits.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the decoder crates grow; arithmetic on samples, widened first and clamped before narrowing; sizes are checked before"
)]

use super::super::{colour, decode};
use super::{Source, directory::Directory};
use ::tiff::{ColorType, tags::SampleFormat};
use image::DynamicImage;
use policy::{Budget, FindingCode, Findings};

/// Decodes the present directory.
pub(super) fn page(
    decoder: &mut Source<'_>,
    directory: &Directory,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    let Ok(kind) = decoder.colortype() else { return Err(FindingCode::Unreadable) };
    let Ok(layout) = decoder.image_buffer_layout() else { return Err(FindingCode::Unreadable) };
    let mut raw = decode::white(layout.complete_len)?;
    if decoder.read_image_bytes(&mut raw).is_err() {
        decode::keep_partial(&raw, findings)?;
    }
    let bits = kind.bit_depth();
    let stored = usize::from(kind.num_samples());
    let (width, height) = (usize_of(directory.width), usize_of(directory.height));
    let per_row = if layout.planes > 1 { 1 } else { stored };
    let sample = Sample { bits, format: layout.sample_format };
    if bits > 8 {
        findings.add_detail(FindingCode::ImageReduced, "8 bit");
    }
    let is_palette = directory.palette.is_some();
    let mut samples = sample.to_eight(&raw, width * per_row, is_palette).ok_or(FindingCode::Unreadable)?;
    drop(raw);
    if layout.planes > 1 {
        samples = interleaved(&samples, layout.planes);
    }
    let picture =
        coloured(kind, stored, samples, directory, budget, findings).ok_or(FindingCode::Unreadable)?;
    if usize_of(picture.height()) != height {
        return Err(FindingCode::Unreadable);
    }
    Ok(match &directory.profile {
        Some(profile) if !matches!(kind, ColorType::CMYK(_)) => {
            colour::to_srgb(picture, profile, budget, findings)
        }
        _ => picture,
    })
}

fn usize_of(side: u32) -> usize {
    usize::try_from(side).unwrap_or(usize::MAX)
}

struct Sample {
    bits: u8,
    format: SampleFormat,
}

impl Sample {
    /// Every sample in one octet; palette indices unscaled. Rows begin on an octet.
    fn to_eight(&self, raw: &[u8], per_row: usize, is_index: bool) -> Option<Vec<u8>> {
        if self.format == SampleFormat::IEEEFP {
            return match self.bits {
                32 => {
                    Some(raw.as_chunks::<4>().0.iter().map(|v| unit(f32::from_ne_bytes(*v).into())).collect())
                }
                64 => Some(raw.as_chunks::<8>().0.iter().map(|v| unit(f64::from_ne_bytes(*v))).collect()),
                _ => None,
            };
        }
        if self.format != SampleFormat::Uint {
            return None;
        }
        match self.bits {
            8 => Some(raw.to_vec()),
            16 => Some(decode::high_octets(raw)),
            32 => Some(raw.as_chunks::<4>().0.iter().map(|v| (u32::from_ne_bytes(*v) >> 24) as u8).collect()),
            1 | 2 | 4 => {
                let row_octets = (per_row * usize::from(self.bits)).div_ceil(8).max(1);
                let mask = (1_u8 << self.bits) - 1;
                let scale = if is_index { 1 } else { 255 / mask };
                let mut out = Vec::with_capacity(raw.len() * usize::from(8 / self.bits));
                for row in raw.chunks(row_octets) {
                    let samples = row.iter().flat_map(|octet| {
                        (0..8 / self.bits).rev().map(move |place| (octet >> (place * self.bits)) & mask)
                    });
                    out.extend(samples.take(per_row).map(|sample| sample * scale));
                }
                Some(out)
            }
            _ => None,
        }
    }
}

/// 0…1 onto 0…255; what is no number is black.
fn unit(value: f64) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Planes one after the other → pixels.
fn interleaved(samples: &[u8], planes: usize) -> Vec<u8> {
    let length = samples.len() / planes;
    let mut out = vec![0; length * planes];
    for (plane, values) in samples.chunks_exact(length.max(1)).enumerate() {
        for (pixel, &value) in out.chunks_exact_mut(planes).zip(values) {
            if let Some(place) = pixel.get_mut(plane) {
                *place = value;
            }
        }
    }
    out
}

/// By colour type; extra samples beyond the known are dropped.
fn coloured(
    kind: ColorType,
    stored: usize,
    samples: Vec<u8>,
    directory: &Directory,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Option<DynamicImage> {
    let (width, height) = (directory.width, directory.height);
    let rgb = |pixels| image::RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8);
    match kind {
        ColorType::Gray(_) if let Some(palette) = &directory.palette => {
            let count = palette.len() / 3;
            let value = |at: usize| palette.get(at).map_or(0, |&value| (value >> 8) as u8);
            let look_up = |&index: &u8| [0, count, 2 * count].map(|plane| value(plane + usize::from(index)));
            rgb(samples.iter().flat_map(look_up).collect())
        }
        ColorType::Gray(_) => {
            image::GrayImage::from_raw(width, height, samples).map(DynamicImage::ImageLuma8)
        }
        ColorType::GrayA(_) => {
            image::GrayAlphaImage::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8)
        }
        ColorType::RGB(_) => rgb(samples),
        ColorType::RGBA(_) => {
            image::RgbaImage::from_raw(width, height, samples).map(DynamicImage::ImageRgba8)
        }
        ColorType::CMYK(_) => {
            let inks: Vec<u8> = samples.iter().map(|&ink| 255 - ink).collect();
            rgb(colour::inks_to_rgb(&inks, directory.profile.as_deref(), budget, findings))
        }
        // The JPEG decoder inside the crate leaves the colours as they are stored.
        ColorType::YCbCr(_) => rgb(colour::ycbcr_to_rgb(&samples)),
        ColorType::Multiband { num_samples, .. } if num_samples > 0 && stored > 0 => {
            let first = samples.into_iter().step_by(stored).collect();
            image::GrayImage::from_raw(width, height, first).map(DynamicImage::ImageLuma8)
        }
        _ => None,
    }
}
