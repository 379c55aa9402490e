//! QR codes (ISO/IEC 18004) in pictures and on drawn pages → findings with what they say.
//!
//! A code crosses as pixels, and a person may hold a telephone before it: its content is told like that of any link
//! that a reader cannot see. Finder patterns are looked for on every fourth row first; only where enough of them stand
//! is the whole picture searched, by the `rqrr` crate.
//!
//! *Security.* Given pixels that are decoded and paid for. The look is linear; the search runs on at most four million
//! pixels and not at all where a picture is strewn with finder patterns. What a code says is decoded like any text of
//! unknown charset; the notice quotes and breaks it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "rows and columns of a picture whose size is known; figures are below 2^32"
)]

use image::DynamicImage;
use mail::charset;
use policy::{Budget, FindingCode, Findings};
use rqrr::PreparedImage;

/// Pixels that are searched at most; larger pictures are thinned out.
const PIXELS_MAX: usize = 4_000_000;
/// Rows with a finder pattern that make a search worth its while: a small code has three patterns of two rows.
const HITS_LEAST: usize = 5;
/// Beyond this, a picture was made to keep the search busy.
const HITS_MAX: usize = 1_500;
/// Codes that are reported of one picture.
const CODES_MAX: usize = 20;

/// Looks at a picture.
pub(crate) fn look(picture: &DynamicImage, budget: &mut Budget, findings: &mut Findings) {
    let luma = picture.to_luma8();
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    search(width, height, &|at| luma.as_raw()[at], budget, findings);
}

/// Looks at a page of four octets a pixel.
pub(crate) fn look_rgbx(
    width: usize,
    height: usize,
    rgbx: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) {
    let (pixels, _) = rgbx.as_chunks::<4>();
    if pixels.len() < width * height {
        return;
    }
    let grey = |at: usize| {
        let [r, g, b, _] = pixels[at].map(u32::from);
        u8::try_from((r + 2 * g + b) / 4).unwrap_or(u8::MAX)
    };
    search(width, height, &grey, budget, findings);
}

fn search(
    width: usize,
    height: usize,
    grey: &dyn Fn(usize) -> u8,
    budget: &mut Budget,
    findings: &mut Findings,
) {
    let step = (width * height).div_ceil(PIXELS_MAX).isqrt().max(1);
    let (across, down) = (width / step, height / step);
    if across < 21 || down < 21 {
        return;
    }
    let thinned = |x: usize, y: usize| grey((y * step) * width + x * step);
    let area = u64::try_from(across * down).unwrap_or(u64::MAX);
    if budget.spend_drawing(area).is_err() {
        return;
    }
    let hits = Hits::find(across, down, &thinned);
    if !(HITS_LEAST..=HITS_MAX).contains(&hits.count) {
        return;
    }
    // The piece with the patterns, and twice as large where it is small: the search wants three pixels a module.
    let margin = hits.widest * 2;
    let (left, top) = (hits.left.saturating_sub(margin), hits.top.saturating_sub(margin));
    let (right, bottom) = ((hits.right + margin).min(across), (hits.bottom + margin).min(down));
    let zoom = if (right - left) * (bottom - top) * 4 <= PIXELS_MAX { 2 } else { 1 };
    let (width, height) = ((right - left) * zoom, (bottom - top) * zoom);
    let area = u64::try_from(width * height).unwrap_or(u64::MAX);
    if budget.spend_drawing(area.saturating_mul(20)).is_err() {
        return;
    }
    let piece = |x: usize, y: usize| thinned(left + x / zoom, top + y / zoom);
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, piece);
    for grid in prepared.detect_grids().into_iter().take(CODES_MAX) {
        let mut content = Vec::new();
        if grid.decode_to(&mut content).is_ok() {
            findings.add_detail(FindingCode::QrCode, &charset::decode(&content, None).text);
        }
    }
}

/// Where finder patterns were met.
struct Hits {
    count: usize,
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    /// Width of the widest.
    widest: usize,
}

impl Hits {
    /// Rows that cross a finder pattern: dark and light in the ratio 1:1:3:1:1, and so downwards, too.
    fn find(width: usize, height: usize, grey: &dyn Fn(usize, usize) -> u8) -> Self {
        let mut hits = Self { count: 0, left: width, top: height, right: 0, bottom: 0, widest: 0 };
        for y in (0..height).step_by(4) {
            let row = |x: usize| grey(x, y);
            let threshold = threshold(width, &row);
            let mut runs = [0_usize; 5];
            let mut dark = false;
            for x in 0..width {
                let now = row(x) < threshold;
                if now == dark {
                    runs[4] += 1;
                    continue;
                }
                // A dark run ended: the last five begin and end in the dark.
                if dark && is_finder(&runs) {
                    let centre = x - runs[4] - runs[3] - runs[2] / 2 - 1;
                    let column = |at: usize| grey(centre, at) < threshold;
                    if crosses_down(height, y, &column) {
                        hits.add(centre, y, runs.iter().sum());
                    }
                }
                runs.rotate_left(1);
                runs[4] = 1;
                dark = now;
            }
        }
        hits
    }

    fn add(&mut self, x: usize, y: usize, width: usize) {
        self.count += 1;
        (self.left, self.right) = (self.left.min(x), self.right.max(x));
        (self.top, self.bottom) = (self.top.min(y), self.bottom.max(y));
        self.widest = self.widest.max(width);
    }
}

/// Half-way between the darkest and the lightest of a row.
fn threshold(width: usize, row: &dyn Fn(usize) -> u8) -> u8 {
    let (least, most) = (0..width).fold((u8::MAX, 0), |(least, most), x| {
        let value = row(x);
        (value.min(least), value.max(most))
    });
    u8::midpoint(least, most)
}

fn is_finder(runs: &[usize; 5]) -> bool {
    let total: usize = runs.iter().sum();
    if total < 7 {
        return false;
    }
    // Sevenths of the whole, each within half a module.
    let near =
        |run: usize, modules: usize| (run * 14).abs_diff(modules * 2 * total) <= total * (1 + modules / 3);
    near(runs[0], 1) && near(runs[1], 1) && near(runs[2], 3) && near(runs[3], 1) && near(runs[4], 1)
}

/// Whether the column through the centre of a finder pattern has its ratio, too.
fn crosses_down(height: usize, y: usize, dark: &dyn Fn(usize) -> bool) -> bool {
    if !dark(y) {
        return false;
    }
    let mut up = [0_usize; 3];
    let mut down = [0_usize; 3];
    let mut at = y;
    for (number, run) in up.iter_mut().enumerate() {
        while at > 0 && dark(at - 1) == (number != 1) {
            at -= 1;
            *run += 1;
        }
    }
    at = y;
    for (number, run) in down.iter_mut().enumerate() {
        while at + 1 < height && dark(at + 1) == (number != 1) {
            at += 1;
            *run += 1;
        }
    }
    is_finder(&[up[2], up[1], up[0] + down[0] + 1, down[1], down[2]])
}

#[cfg(test)]
mod tests;
