//! Device-independent bitmaps (\[MS-WMF\] §2.2.2.9): header, colours and bits → pixels.
//!
//! *Security.* Dimensions are read first and spent from the budget; a bitmap is decoded by the `image` crate from a
//! file that we put together from its pieces, with the same limits as any picture.

use super::octets::Octets;
use crate::raster;
use image::{DynamicImage, RgbaImage};
use policy::{Budget, FindingCode, Findings};

/// How the fourth octet of a pixel is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    Ignored,
    Premultiplied,
}

/// A bitmap of a record: header with colours, and bits.
pub(super) struct Dib<'r> {
    pub(super) info: &'r [u8],
    pub(super) bits: &'r [u8],
}

impl<'r> Dib<'r> {
    /// A bitmap whose bits follow its colours at once.
    pub(super) fn packed(octets: &'r [u8]) -> Option<Self> {
        let (info, bits) = octets.split_at_checked(header_octets(octets)?)?;
        Some(Self { info, bits })
    }

    /// Its pixels, top row first.
    pub(super) fn decode(
        &self,
        alpha: Alpha,
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> Result<RgbaImage, FindingCode> {
        let info = Octets(self.info);
        let compression = if info.u32(0) == Some(12) { 0 } else { info.u32(16).unwrap_or(0) };
        if matches!(compression, JPEG | PNG) {
            return raster::pixels(self.bits, budget, findings).map(DynamicImage::into_rgba8);
        }
        let header = u32::try_from(self.info.len()).unwrap_or(u32::MAX).saturating_add(14);
        let size = u32::try_from(self.bits.len()).unwrap_or(u32::MAX).saturating_add(header);
        let mut file = Vec::with_capacity(self.info.len().saturating_add(self.bits.len()).saturating_add(14));
        file.extend_from_slice(b"BM");
        file.extend_from_slice(&size.to_le_bytes());
        file.extend_from_slice(&[0; 4]);
        file.extend_from_slice(&header.to_le_bytes());
        file.extend_from_slice(self.info);
        file.extend_from_slice(self.bits);
        let mut picture = raster::pixels(&file, budget, findings)?.into_rgba8();
        if alpha == Alpha::Premultiplied && info.u16(14) == Some(32) && matches!(compression, 0 | BIT_FIELDS)
        {
            self.alpha(&mut picture);
        }
        Ok(picture)
    }

    /// Puts the fourth octets of pixels of 32 bits into the picture, and divides the colours by them.
    fn alpha(&self, picture: &mut RgbaImage) {
        let (width, height) = picture.dimensions();
        let upwards = Octets(self.info).i32(8).is_some_and(|rows| rows > 0);
        let (rows, _) = self.bits.as_chunks::<4>();
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let row = if upwards { height.saturating_sub(1).saturating_sub(y) } else { y };
            let place = u64::from(row).saturating_mul(u64::from(width)).saturating_add(u64::from(x));
            let Some([.., alpha]) = usize::try_from(place).ok().and_then(|place| rows.get(place)) else {
                continue;
            };
            let straight = |channel: u8| {
                let whole = u16::from(channel).saturating_mul(255).checked_div(u16::from(*alpha));
                u8::try_from(whole.unwrap_or(0)).unwrap_or(u8::MAX)
            };
            let [r, g, b, _] = pixel.0;
            pixel.0 = [straight(r), straight(g), straight(b), *alpha];
        }
    }
}

const JPEG: u32 = 4;
const PNG: u32 = 5;
const BIT_FIELDS: u32 = 3;

/// Octets of the header and colour table in front of the bits.
fn header_octets(octets: &[u8]) -> Option<usize> {
    let octets = Octets(octets);
    let size = octets.size(0)?;
    let (bits, used, entry) =
        if size == 12 { (octets.u16(10)?, 0, 3) } else { (octets.u16(14)?, octets.size(32)?, 4) };
    let table = match (bits, used) {
        (1, 0) => 2,
        (4, 0) => 16,
        (8, 0) => 256,
        _ => used.min(256),
    };
    let masks = if size == 40 && octets.u32(16)? == BIT_FIELDS { 12 } else { 0 };
    size.checked_add(masks)?.checked_add(table.checked_mul(entry)?)
}
