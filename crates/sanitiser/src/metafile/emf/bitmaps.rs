//! Records that draw bitmaps (\[MS-EMF\] §2.3.1).

use super::super::device::{Device, Draw};
use super::super::dib::{Alpha, Dib};
use super::super::octets::Octets;
use super::sides;
use image::{RgbaImage, imageops};
use policy::Findings;
use tiny_skia::BlendMode;

/// Where things stand in a record: destination, source, offsets of header and bits.
struct Places {
    target: [f32; 4],
    source: [f32; 4],
    pieces: usize,
    operation: u32,
}

/// Draws the bitmap of a record.
pub(super) fn draw(kind: u32, r: Octets<'_>, device: &mut Device<'_>, findings: &mut Findings) -> Option<()> {
    let [x, y, ..] = sides(r, 24)?;
    let places = match kind {
        76 | 78 => {
            let [_, _, width, height] = sides(r, 24)?;
            let source = [r.long(44)?, r.long(48)?, width, height];
            Places { target: [x, y, width, height], source, pieces: 84, operation: r.u32(40)? }
        }
        77 | 114 | 116 => {
            let [_, _, width, height] = sides(r, 24)?;
            let source = [r.long(44)?, r.long(48)?, r.long(100)?, r.long(104)?];
            Places { target: [x, y, width, height], source, pieces: 84, operation: r.u32(40)? }
        }
        80 => {
            let source = sides(r, 32)?;
            let target = [x, y, r.long(40)?, r.long(44)?];
            Places { target, source, pieces: 48, operation: COPY }
        }
        81 => {
            let target = [x, y, r.long(72)?, r.long(76)?];
            Places { target, source: sides(r, 32)?, pieces: 48, operation: r.u32(68)? }
        }
        // EMR_PLGBLT: three corners, which the canvas does not know.
        _ => return None,
    };
    let at = places.pieces;
    let part = |from: usize, length: usize| {
        r.piece(r.size(at.checked_add(from)?)?, r.size(at.checked_add(length)?)?)
    };
    let (info, bits) = (part(0, 4)?, part(8, 12)?);
    if info.is_empty() {
        return device.pattern(places.target, places.operation);
    }
    let alpha = if kind == 114 && r.u8(43) == Some(1) { Alpha::Premultiplied } else { Alpha::Ignored };
    let picture = match (Dib { info, bits }).decode(alpha, device.canvas.budget(), findings) {
        Ok(picture) => picture,
        Err(code) => {
            device.lost(code);
            return None;
        }
    };
    // The origin of these two is the lower left corner of a bitmap that is stored upwards.
    let upwards = matches!(kind, 80 | 81) && Octets(info).i32(8).is_some_and(|rows| rows > 0);
    let mut picture = cut(picture, places.source, upwards);
    let blend = match kind {
        114 => {
            let constant = r.u8(42).unwrap_or(u8::MAX);
            picture.pixels_mut().for_each(|pixel| fade(&mut pixel.0, constant));
            BlendMode::SourceOver
        }
        116 => {
            let [red, green, blue] = r.colour(40)?;
            for pixel in picture.pixels_mut().filter(|pixel| pixel.0.starts_with(&[red, green, blue])) {
                pixel.0 = [0; 4];
            }
            BlendMode::SourceOver
        }
        _ => {
            let Some(blend) = device.operation(places.operation, &mut picture) else { return Some(()) };
            blend
        }
    };
    device.picture(&picture, places.target, blend);
    Some(())
}

fn fade(pixel: &mut [u8; 4], constant: u8) {
    let [.., alpha] = pixel;
    let product = u16::from(*alpha).saturating_mul(u16::from(constant)) / 255;
    *alpha = u8::try_from(product).unwrap_or(u8::MAX);
}

/// The part of a picture that a record draws; all of it where the figures make no sense.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to the sides of the picture"
)]
pub(in super::super) fn cut(picture: RgbaImage, source: [f32; 4], upwards: bool) -> RgbaImage {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let [x, y, across, down] = source;
    let y = if upwards { height - y - down } else { y };
    let (left, top) = (x.clamp(0.0, width) as u32, y.clamp(0.0, height) as u32);
    let right = (x + across).clamp(0.0, width) as u32;
    let bottom = (y + down).clamp(0.0, height) as u32;
    let (across, down) = (right.saturating_sub(left), bottom.saturating_sub(top));
    if across == 0 || down == 0 || (across, down) == picture.dimensions() {
        return picture;
    }
    imageops::crop_imm(&picture, left, top, across, down).to_image()
}

/// The source as it is.
pub(in super::super) const COPY: u32 = 0x00cc_0020;
/// The destination as it is.
const NOTHING: u32 = 0x00aa_0029;

impl Device<'_> {
    /// A raster operation without a source (\[MS-WMF\] §2.1.1.31). `None` for one that is not drawn.
    pub(in super::super) fn pattern(&mut self, sides: [f32; 4], operation: u32) -> Option<()> {
        use super::super::canvas::Ink;
        let [x, y, width, height] = sides;
        let Some(path) = self.box_path([x, y, x + width, y + height]) else { return Some(()) };
        match operation {
            0x0000_0042 => self.paint(&path, &Ink::Plain(tiny_skia::Color::BLACK)),
            0x00ff_0062 => self.paint(&path, &Ink::Plain(tiny_skia::Color::WHITE)),
            0x00f0_0021 => self.draw(&path, Draw::Fill),
            NOTHING => {}
            _ => return None,
        }
        Some(())
    }

    /// How a raster operation mixes its source with what is there; `None` draws nothing.
    pub(in super::super) fn operation(&self, operation: u32, picture: &mut RgbaImage) -> Option<BlendMode> {
        Some(match operation {
            0x0088_00c6 => BlendMode::Multiply,
            0x00ee_0086 => BlendMode::Screen,
            0x0066_0046 => BlendMode::Difference,
            0x0033_0008 => {
                picture.pixels_mut().for_each(|pixel| {
                    let [r, g, b, alpha] = pixel.0;
                    pixel.0 = [!r, !g, !b, alpha];
                });
                BlendMode::SourceOver
            }
            NOTHING => return None,
            _ => BlendMode::SourceOver,
        })
    }
}
