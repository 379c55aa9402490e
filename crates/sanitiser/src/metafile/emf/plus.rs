//! The newer records that ride in comments (\[MS-EMFPLUS\]): their first bitmap, for drawings that have nothing else.
//!
//! Most such files are of both kinds, and their older records draw everything.

use super::super::octets::Octets;
use crate::raster;
use image::{DynamicImage, RgbaImage};
use policy::{Budget, FindingCode, Findings};

/// What the newer records of a file hold.
#[derive(Default)]
pub(super) struct Plus {
    picture: Vec<u8>,
    /// Whether the older records draw the same (§2.3.3.3).
    dual: bool,
    /// Records that draw.
    drawing: u32,
}

const HEADER: u16 = 0x4001;
const OBJECT: u16 = 0x4008;
const IMAGE: u16 = 5;

impl Plus {
    /// Looks at a comment record.
    pub(super) fn note(&mut self, r: Octets<'_>) {
        if r.piece(12, 4) != Some(b"EMF+") {
            return;
        }
        let Some(mut rest) = r.from(16) else { return };
        while let (Some(kind), Some(flags), Some(size)) = (rest.u16(0), rest.u16(2), rest.size(4)) {
            let Some(record) = rest.piece(0, size).filter(|_| size >= 12) else { return };
            match kind {
                HEADER => self.dual = flags & 1 != 0,
                // From `EmfPlusFillRects` to `EmfPlusDrawString`, and the two that came later.
                0x400a..=0x401c | 0x4036 | 0x4037 => self.drawing = self.drawing.saturating_add(1),
                _ => {}
            }
            let image = kind == OBJECT && (flags >> 8) & 0x7f == IMAGE && flags & 0x8000 == 0;
            if image && self.picture.is_empty() {
                // Version, type (bitmap), width, height, stride, pixel format, type (compressed).
                let data = Octets(record);
                if data.u32(16) == Some(1) && data.u32(36) == Some(1) {
                    self.picture = record.get(40..).unwrap_or_default().to_vec();
                }
            }
            let Some(next) = rest.from(size) else { return };
            rest = next;
        }
    }

    /// The number of records that draw what no older record draws.
    pub(super) fn alone(&self) -> u32 {
        if self.dual { 0 } else { self.drawing }
    }

    /// The picture, if there is one that is read.
    pub(super) fn picture(
        &self,
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> Result<RgbaImage, FindingCode> {
        raster::pixels(&self.picture, budget, findings).map(DynamicImage::into_rgba8)
    }
}
