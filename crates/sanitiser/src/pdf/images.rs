//! Pictures → a PDF with a page for each: for fax and multi-page TIFF, whose pixels need not be square.

use super::encode::{self, Raster};
use super::number::Number;
use super::write::Writer;
use crate::Rewritten;
use crate::raster::SIDE_MAX_PX;

/// Pixels of one picture, row by row without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// One octet a pixel, 0 is black.
    Grey(Vec<u8>),
    /// Red, green, blue.
    Rgb(Vec<u8>),
}

/// One page to be made of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PageImage {
    /// Width in pixels, 1–65,500.
    pub width_px: u32,
    /// Height in pixels, 1–65,500.
    pub height_px: u32,
    /// Pixels per inch from left to right; 0 or nonsense means 200.
    pub dpi_x: f64,
    /// Pixels per inch from top to bottom; 0 or nonsense means the same as across.
    pub dpi_y: f64,
    /// The pixels.
    pub pixels: Pixels,
}

/// Writes a PDF with a page for each picture, at the size that its resolution says. Pictures are taken one at a time,
/// so an iterator that decodes keeps one in memory. `None` when there is no picture, or one whose pixels do not fill
/// its sides exactly.
pub fn image_pdf(pages: impl IntoIterator<Item = PageImage>, jpeg_quality: u8) -> Option<Rewritten> {
    let mut writer = Writer::new();
    let mut is_empty = true;
    for page in pages {
        is_empty = false;
        let rgbx = rgbx(&page)?;
        let raster = Raster { width_px: page.width_px, height_px: page.height_px, rgbx: &rgbx };
        let dpi = |dpi: f64, otherwise: f64| if (10.0..=5000.0).contains(&dpi) { dpi } else { otherwise };
        let dpi_x = dpi(page.dpi_x, 200.0);
        let dpi_y = dpi(page.dpi_y, dpi_x);
        let side = |px: u32, dpi: f64| f64::from(px) * 72.0 / dpi;
        let (width, height) = (side(page.width_px, dpi_x), side(page.height_px, dpi_y));
        let fit = (14_400.0 / width.max(height)).min(1.0);
        let side = |pt: f64| Number::of((pt * fit).clamp(1.0, 14_400.0));
        writer.page(side(width), side(height), &encode::encode(&raster, jpeg_quality), "");
    }
    (!is_empty).then(|| super::rewritten(writer.finish(&[])))
}

fn rgbx(page: &PageImage) -> Option<Vec<u8>> {
    let sides = 1..=SIDE_MAX_PX;
    if !sides.contains(&page.width_px) || !sides.contains(&page.height_px) {
        return None;
    }
    let count = usize::try_from(u64::from(page.width_px).checked_mul(u64::from(page.height_px))?).ok()?;
    match &page.pixels {
        Pixels::Grey(grey) if grey.len() == count => {
            Some(grey.iter().flat_map(|&value| [value, value, value, 255]).collect())
        }
        Pixels::Rgb(rgb) if rgb.len() == count.checked_mul(3)? => {
            let pixels = rgb.as_chunks::<3>().0;
            Some(pixels.iter().flat_map(|&[red, green, blue]| [red, green, blue, 255]).collect())
        }
        Pixels::Grey(_) | Pixels::Rgb(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width_px: u32, height_px: u32, pixels: Pixels) -> PageImage {
        PageImage { width_px, height_px, dpi_x: 204.0, dpi_y: 98.0, pixels }
    }

    #[test]
    fn a_coarse_fax_keeps_its_aspect() {
        let grey = vec![255; 1728 * 1078];
        let pdf = image_pdf([page(1728, 1078, Pixels::Grey(grey))], 80).unwrap();
        let text = String::from_utf8_lossy(&pdf.octets);
        assert!(text.contains("/MediaBox[0 0 609.882 792]"));
        assert!(text.contains("/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 1728/Rows 1078>>"));
    }

    #[test]
    fn pixels_that_do_not_fill_the_page_are_refused() {
        assert!(image_pdf([page(2, 2, Pixels::Rgb(vec![0; 11]))], 80).is_none());
        assert!(image_pdf([page(0, 2, Pixels::Grey(vec![]))], 80).is_none());
        assert!(image_pdf([], 80).is_none());
    }
}
