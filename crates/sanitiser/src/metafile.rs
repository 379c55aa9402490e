//! Windows metafiles (EMF, WMF, and both in gzip) → a PNG of what they draw.
//!
//! \[MS-EMF\] and \[MS-WMF\]: the records of lines, shapes, paths, clips, bitmaps and text are played on a canvas at
//! 200 dots per inch of the size that the header gives. What Office and its neighbours write is drawn; palettes,
//! printer escapes and the newer records of GDI+ are not. Text is drawn with the fallback fonts.
//!
//! *Security.* Any octets. The canvas is spent from the budget before it is made, and so is every act on it
//! ([`canvas`]); a drawing that empties the budget is refused, one that is damaged is drawn as far as it goes and said
//! to be incomplete. Nothing crosses but pixels.

pub use crate::drawing::Ground;

mod canvas;
mod device;
mod dib;
mod emf;
mod font;
mod octets;
mod state;
mod text;
mod wmf;

use crate::{
    Rewritten, Surroundings,
    drawing::{self, PER_MM, canvas_size},
    raster,
};
use canvas::Canvas;
use device::Device;
use font::Fonts;
use image::{DynamicImage, RgbaImage};
use mail::MediaType;
use policy::{Action, Budget, FindingCode, Findings};
use tiny_skia::Transform;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test drawings")]
mod tests;

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
    let octets = drawing::unpacked(octets, budget)?;
    let picture = draw(&octets, budget, findings, surroundings)?;
    let picture = if ground == Ground::White { drawing::on_paper(picture) } else { picture };
    Ok(Rewritten {
        octets: raster::png(&DynamicImage::ImageRgba8(picture))?,
        media_type: MediaType::known("image/png"),
        extension: "png",
        charset: None,
        action: Action::Flatten,
    })
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
