//! What drawings have in common before they become pixels: the gzip around them, the size of the canvas, the paper.
//!
//! *Security.* Given any octets and any size. What is unpacked is spent from the budget, and no canvas is longer than
//! [`SIDE_MAX`].

use flate2::read::MultiGzDecoder;
use image::{Rgba, RgbaImage};
use policy::{Budget, FindingCode};
use std::borrow::Cow;
use std::io::Read as _;

/// Pixels a millimetre: 200 dots per inch.
pub(crate) const PER_MM: f32 = 200.0 / 25.4;
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

/// What is in the gzip around a drawing (`.emz`, `.wmz`, `.svgz`), or the drawing itself. One that is packed too densely
/// costs what was unpacked of it, and only itself.
pub(crate) fn unpacked<'o>(octets: &'o [u8], budget: &mut Budget) -> Result<Cow<'o, [u8]>, FindingCode> {
    if !octets.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(octets));
    }
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
    Ok(Cow::Owned(unpacked))
}

/// Sides in pixels for a size in millimetres.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1…3,000")]
pub(crate) fn canvas_size((width, height): (f32, f32)) -> Result<(u32, u32), FindingCode> {
    let (width, height) = (width * PER_MM, height * PER_MM);
    let longer = width.max(height);
    if !longer.is_finite() || longer <= 0.0 {
        return Err(FindingCode::Unreadable);
    }
    let scale = (SIDE_MAX / longer).min((SIDE_LEAST / longer).max(1.0));
    let side = |side: f32| (side * scale).round().clamp(1.0, SIDE_MAX) as u32;
    Ok((side(width), side(height)))
}

/// Whether a typeface of this name, in lower case, has serifs (明朝).
pub(crate) fn is_serif(name: &str) -> bool {
    const WORDS: &[&str] =
        &["明朝", "mincho", "times", "serif", "century", "cambria", "georgia", "garamond", "roman"];
    WORDS.iter().any(|word| name.contains(word)) && !name.contains("sans")
}

/// The picture on white.
pub(crate) fn on_paper(mut picture: RgbaImage) -> RgbaImage {
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
