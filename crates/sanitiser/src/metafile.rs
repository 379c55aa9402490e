//! Windows metafiles (EMF, WMF, and both in gzip) → a PNG of what they draw.
//!
//! \[MS-EMF\] and \[MS-WMF\]: the records of lines, shapes, paths, clips, bitmaps and text are played on a canvas at
//! 200 dots per inch of the size that the header gives. What Office and its neighbours write is drawn; palettes,
//! printer escapes and the newer records of GDI+ are not. Text is drawn with the fallback fonts.
//!
//! *Security.* Any octets. The canvas is spent from the budget before it is made, and so is every act on it
//! ([`canvas`]); a drawing that empties the budget is refused, one that is damaged is drawn as far as it goes and said
//! to be incomplete. Nothing crosses but pixels.

mod canvas;
mod device;
mod dib;
mod emf;
mod font;
mod octets;
mod state;
mod text;
mod wmf;

use crate::{Rewritten, Surroundings, raster};
use canvas::Canvas;
use device::Device;
use flate2::read::MultiGzDecoder;
use font::Fonts;
use image::{DynamicImage, Rgba, RgbaImage};
use mail::MediaType;
use policy::{Action, Budget, FindingCode, Findings};
use std::io::Read as _;
use tiny_skia::Transform;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test drawings")]
mod tests;

/// Pixels a millimetre: 200 dots per inch.
const PER_MM: f32 = 200.0 / 25.4;
/// Longest side of a picture, in pixels.
const SIDE_MAX: f32 = 3_000.0;
/// Shortest longer side, in pixels: tiny previews are drawn a little larger.
const SIDE_LEAST: f32 = 200.0;

/// What lies behind the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Nothing: the picture stands on the page of another document.
    Transparent,
    /// Paper: the picture is a file of its own.
    White,
}

/// Whether these octets begin like a metafile.
pub fn is_metafile(octets: &[u8]) -> bool {
    is_enhanced(octets) || is_windows(octets)
}

fn is_enhanced(octets: &[u8]) -> bool {
    octets.starts_with(&[1, 0, 0, 0]) && octets.get(40..44) == Some(b" EMF")
}

fn is_windows(octets: &[u8]) -> bool {
    octets.starts_with(&[0xd7, 0xcd, 0xc6, 0x9a]) || matches!(octets, [1 | 2, 0, 9, 0, 0, 1 | 3, ..])
}

/// Draws a metafile.
///
/// Errors are verdicts: a limit that was met, or [`FindingCode::Unreadable`].
pub fn rasterise(
    octets: &[u8],
    ground: Ground,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Rewritten, FindingCode> {
    let unpacked;
    let octets = if octets.starts_with(&[0x1f, 0x8b]) {
        unpacked = unpack(octets, budget)?;
        unpacked.as_slice()
    } else {
        octets
    };
    let picture = draw(octets, budget, findings, surroundings)?;
    let picture = if ground == Ground::White { on_paper(picture) } else { picture };
    Ok(Rewritten {
        octets: raster::png(&DynamicImage::ImageRgba8(picture))?,
        media_type: MediaType::known("image/png"),
        extension: "png",
        charset: None,
        action: Action::Flatten,
    })
}

/// `.emz` and `.wmz`: gzip around a metafile. One that is packed too densely costs what was unpacked of it, and only
/// itself.
fn unpack(octets: &[u8], budget: &mut Budget) -> Result<Vec<u8>, FindingCode> {
    let limits = budget.limits();
    let packed = u64::try_from(octets.len()).unwrap_or(u64::MAX);
    let most = budget.unpacked_left().min(packed.saturating_mul(limits.unpack_ratio).max(10 << 20));
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(octets).take(most.saturating_add(1)).read_to_end(&mut unpacked);
    let size = u64::try_from(unpacked.len()).unwrap_or(u64::MAX);
    budget.spend_unpacked(size).map_err(|exhausted| exhausted.0)?;
    if read.is_err() || size > most {
        return Err(FindingCode::Unreadable);
    }
    Ok(unpacked)
}

fn draw(
    octets: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<RgbaImage, FindingCode> {
    let fonts = Fonts::new(surroundings);
    let (mut device, damaged) = if is_enhanced(octets) {
        let header = emf::header(octets).ok_or(FindingCode::Unreadable)?;
        let (width, height) = canvas_size(header.size_mm)?;
        let canvas = Canvas::new(width, height, budget)?;
        let [left, top, across, down] = header.frame;
        let (x, y) = (canvas.width() / across, canvas.height() / down);
        let base = Transform::from_row(x, 0.0, 0.0, y, -left * x, -top * y);
        let mut device = Device::new(canvas, fonts, base, header.per_mm);
        let damaged = emf::play(octets, &mut device, findings);
        (device, damaged)
    } else if is_windows(octets) {
        let header = wmf::header(octets).ok_or(FindingCode::Unreadable)?;
        let (width, height) = canvas_size(header.size_mm)?;
        let canvas = Canvas::new(width, height, budget)?;
        let mut device = Device::new(canvas, fonts, Transform::identity(), (PER_MM, PER_MM));
        let damaged = wmf::play(octets, &header, &mut device, findings);
        (device, damaged)
    } else {
        return Err(FindingCode::Unreadable);
    };
    if let Some(code) = device.canvas.exhausted() {
        return Err(code);
    }
    if damaged > 0 || device.canvas.drawn == 0 {
        findings.add(FindingCode::PageIncomplete);
    }
    findings.add_many(FindingCode::FontMissing, std::mem::take(&mut device.fonts.missing), "");
    device.finish().ok_or(FindingCode::Unreadable)
}

/// Sides in pixels for a size in millimetres.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1…3,000")]
fn canvas_size((width, height): (f32, f32)) -> Result<(u32, u32), FindingCode> {
    let (width, height) = (width * PER_MM, height * PER_MM);
    let longer = width.max(height);
    if !longer.is_finite() || longer <= 0.0 {
        return Err(FindingCode::Unreadable);
    }
    let scale = (SIDE_MAX / longer).min((SIDE_LEAST / longer).max(1.0));
    let side = |side: f32| (side * scale).round().clamp(1.0, SIDE_MAX) as u32;
    Ok((side(width), side(height)))
}

/// The picture on white.
fn on_paper(mut picture: RgbaImage) -> RgbaImage {
    for Rgba([r, g, b, alpha]) in picture.pixels_mut() {
        for channel in [r, g, b] {
            let over = u16::from(*channel).saturating_mul(u16::from(*alpha));
            let under = u16::from(255_u8.saturating_sub(*alpha)).saturating_mul(255);
            *channel = u8::try_from(over.saturating_add(under).saturating_add(127) / 255).unwrap_or(u8::MAX);
        }
        *alpha = u8::MAX;
    }
    picture
}
