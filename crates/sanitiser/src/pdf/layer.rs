//! Glyphs that were seen → the lines of an invisible text layer, one run of equal steps each.
//!
//! A run is a word, or a stretch of ideographs: its characters are spread evenly over the room that the glyphs took, so
//! that one font with one width serves every document and a marked word still covers the drawn one.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "geometry in floats, pixel boxes clamped to the page before they are cast"
)]

use super::number::Number;
use super::seen::{Picture, Seen};
use super::write::SUPPLEMENTARY;
use hayro::kurbo::{Point, Rect, Vec2};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Codes for characters outside the BMP, given out over the whole document.
#[derive(Debug, Default)]
pub(super) struct Codes {
    known: HashMap<char, u16>,
    /// In the order of their codes.
    pub(super) supplementary: Vec<char>,
}

impl Codes {
    /// The code of a character; `None` when more kinds of supplementary characters occur than there are codes.
    fn code(&mut self, c: char) -> Option<u16> {
        let mut units = [0; 2];
        if let [unit] = c.encode_utf16(&mut units) {
            return Some(*unit);
        }
        if let Some(code) = self.known.get(&c) {
            return Some(*code);
        }
        let code = SUPPLEMENTARY.clone().nth(self.supplementary.len())?;
        self.known.insert(c, code);
        self.supplementary.push(c);
        Some(code)
    }
}

/// The finished pixels of the page, to see what is really there.
pub(super) struct Canvas<'a> {
    pub(super) rgbx: &'a [u8],
    pub(super) width_px: usize,
    pub(super) height_px: usize,
    pub(super) px_per_pt: (f64, f64),
    pub(super) height_pt: f64,
}

impl Canvas<'_> {
    /// Whether anything stands out inside or around an inked box: at least a faint contrast between two pixels.
    fn shows(&self, ink: Rect) -> bool {
        let (scale_x, scale_y) = self.px_per_pt;
        let column = |pt: f64, slack: f64| (pt * scale_x + slack).clamp(0.0, self.width_px as f64) as usize;
        let row = |pt: f64, slack: f64| {
            ((self.height_pt - pt) * scale_y + slack).clamp(0.0, self.height_px as f64) as usize
        };
        let (left, right) = (column(ink.x0, -2.0), column(ink.x1, 3.0));
        let (top, bottom) = (row(ink.y1, -2.0), row(ink.y0, 3.0));
        let mut least = [u8::MAX; 3];
        let mut most = [0_u8; 3];
        for y in top..bottom {
            let start = (y * self.width_px + left) * 4;
            let end = (y * self.width_px + right) * 4;
            for px in self.rgbx.get(start..end).unwrap_or_default().chunks_exact(4) {
                for ((value, least), most) in px.iter().zip(&mut least).zip(&mut most) {
                    *least = (*least).min(*value);
                    *most = (*most).max(*value);
                }
            }
            if least.iter().zip(&most).any(|(least, most)| most.saturating_sub(*least) >= 12) {
                return true;
            }
        }
        false
    }
}

/// The text layer of one page.
pub(super) struct Layer {
    /// Lines of `Tm … Tj`.
    pub(super) runs: String,
    /// Characters written.
    pub(super) chars: u64,
    /// Characters that are in the file but not to be seen on the page.
    pub(super) hidden: u32,
}

struct Run {
    text: Vec<char>,
    origin: Point,
    end: Point,
    along: Vec2,
    up: Vec2,
    is_wide: bool,
}

/// Whether a glyph can be seen: by its own ink, or by that of a picture which it was laid over.
fn is_seen(glyph: &Seen, pictures: &[Picture], canvas: &Canvas<'_>) -> bool {
    let Some(ink) = glyph.ink else { return true };
    let is_over_picture = || pictures.iter().any(|picture| picture.area.contains(ink.center()));
    (glyph.is_painted || is_over_picture()) && canvas.shows(ink)
}

/// Builds the layer of a page from its glyphs, in the order in which they were painted.
pub(super) fn build(glyphs: &[Seen], pictures: &[Picture], canvas: &Canvas<'_>, codes: &mut Codes) -> Layer {
    let mut layer = Layer { runs: String::new(), chars: 0, hidden: 0 };
    let mut open: Option<Run> = None;
    for glyph in glyphs {
        if !is_seen(glyph, pictures, canvas) {
            layer.hidden = layer.hidden.saturating_add(1);
            continue;
        }
        if let Some(run) = &mut open {
            if run.takes(glyph) {
                run.add(glyph);
                continue;
            }
            layer.write(run, canvas, codes);
        }
        open = Run::start(glyph);
    }
    if let Some(run) = &open {
        layer.write(run, canvas, codes);
    }
    layer
}

fn is_wide(glyph: &Seen) -> bool {
    glyph.advance.hypot() > 0.85 * glyph.up.hypot()
}

impl Run {
    fn start(glyph: &Seen) -> Option<Self> {
        let length = glyph.advance.hypot();
        // A run never begins with a space: nothing would be found by it.
        if glyph.ink.is_none() || glyph.up.hypot() < 0.1 {
            return None;
        }
        let turned = Vec2::new(glyph.up.y, -glyph.up.x);
        let along = if length > 0.01 { glyph.advance / length } else { turned / turned.hypot() };
        Some(Self {
            text: glyph.text.chars().collect(),
            origin: glyph.origin,
            end: glyph.origin + glyph.advance,
            along,
            up: glyph.up,
            is_wide: is_wide(glyph),
        })
    }

    /// Whether a glyph goes on where this run ends, on the same line, in the same direction and size.
    fn takes(&self, glyph: &Seen) -> bool {
        let size = self.up.hypot();
        let step = glyph.origin - self.end;
        let gap = step.dot(self.along);
        let drift = step.dot(self.up / size).abs();
        let is_same_size = (glyph.up - self.up).hypot() < 0.05 * size;
        let is_same_way = glyph.advance.dot(self.along) >= 0.99 * glyph.advance.hypot();
        let follows_space = self.text.last().is_some_and(|c| c.is_whitespace());
        is_same_size
            && is_same_way
            && drift < 0.05 * size
            && (-0.5 * size..0.2 * size).contains(&gap)
            && if glyph.ink.is_none() { true } else { !follows_space && self.is_wide == is_wide(glyph) }
    }

    fn add(&mut self, glyph: &Seen) {
        self.text.extend(glyph.text.chars());
        self.end = glyph.origin + glyph.advance;
    }
}

impl Layer {
    fn write(&mut self, run: &Run, canvas: &Canvas<'_>, codes: &mut Codes) {
        let coded: Vec<u16> = run.text.iter().filter_map(|&c| codes.code(c)).collect();
        self.hidden =
            self.hidden.saturating_add(u32::try_from(run.text.len() - coded.len()).unwrap_or(u32::MAX));
        let width_pt = canvas.width_px as f64 / canvas.px_per_pt.0;
        let is_on_page = (-1.0..=width_pt + 1.0).contains(&run.origin.x)
            && (-1.0..=canvas.height_pt + 1.0).contains(&run.origin.y);
        if coded.is_empty() || !is_on_page {
            self.hidden = self.hidden.saturating_add(u32::try_from(coded.len()).unwrap_or(u32::MAX));
            return;
        }
        let least = 0.05 * run.up.hypot();
        let step = run.along * ((run.end - run.origin).dot(run.along) / coded.len() as f64).max(least);
        let [a, b, c, d] = [step.x, step.y, run.up.x, run.up.y].map(Number::of);
        let (e, f) = (Number::of(run.origin.x), Number::of(run.origin.y));
        self.runs.push_str(&format!("{a} {b} {c} {d} {e} {f} Tm<"));
        for code in &coded {
            let written = write!(self.runs, "{code:04X}");
            debug_assert!(written.is_ok(), "writing into a String cannot fail");
        }
        self.runs.push_str(">Tj\n");
        self.chars = self.chars.saturating_add(coded.len() as u64);
    }
}
