//! A run of text: reference point, alignment and widths as the record gives them → outlines on the canvas
//! (\[MS-EMF\] §2.2.5, \[MS-WMF\] §2.3.3.5).

use super::canvas::{Ink, Keep, holds};
use super::device::Device;
use tiny_skia::{BlendMode, FillRule, Path, PathBuilder, Rect, Transform};

const UPDATE_POSITION: u32 = 1;
const RIGHT: u32 = 2;
const CENTRE: u32 = 6;
const BOTTOM: u32 = 8;
const BASELINE: u32 = 24;
/// Fill the rectangle behind the text.
const OPAQUE: u32 = 2;
/// Cut the text off at the rectangle.
const CLIPPED: u32 = 4;
/// Parts of the em square above and below the baseline.
const ASCENT: f32 = 0.88;
const DESCENT: f32 = 0.22;

/// Most characters of a run, as GDI has it (`ExtTextOut`).
pub(super) const RUN_MAX: usize = 8_192;
/// Nodes for one character: its outline is read before it is known how many points it has.
const CHARACTER_NODES: usize = 64;

/// One run.
pub(super) struct Run {
    pub(super) text: Vec<char>,
    /// Logical widths, one a character; empty for those of the font.
    pub(super) widths: Vec<f32>,
    pub(super) at: (f32, f32),
    pub(super) options: u32,
    pub(super) rectangle: Option<[f32; 4]>,
}

impl Device<'_> {
    /// Draws a run of text.
    pub(super) fn text(&mut self, run: &Run) {
        let kept = self.state.clip.clone();
        if let Some(sides) = run.rectangle
            && run.options & OPAQUE != 0
            && let Some(path) = self.box_path(sides)
        {
            self.paint(&path, &Ink::Plain(self.state.back_colour));
        }
        self.letters(run);
        self.state.clip = kept;
    }

    /// Cuts off what of a path lies outside the rectangle of a run; where nothing does, no clip is made.
    fn cut_off(&mut self, run: &Run, path: &Path) {
        if let Some(sides) = run.rectangle.filter(|_| run.options & CLIPPED != 0)
            && !self.box_path(sides).is_some_and(|window| holds(&window, path.bounds()))
        {
            self.clip_box(sides, Keep::Inside);
        }
    }

    fn letters(&mut self, run: &Run) {
        let kept = self.state.clip.clone();
        let nodes = run.text.len().saturating_mul(CHARACTER_NODES);
        let Some(()) = self.canvas.spend_nodes(nodes) else { return };
        let font = self.state.font.clone();
        let glyphs = self.fonts.glyphs(&font, &run.text);
        let transform = self.transform();
        // Letters stand upright whichever way the axes of the page run.
        let (across, up) = (transform.sx.hypot(transform.ky), transform.kx.hypot(transform.sy));
        let turned = transform.ky.atan2(transform.sx).to_degrees();
        let turned = if transform.sx < 0.0 && transform.ky == 0.0 { 0.0 } else { turned };
        let angle = turned - font.escapement;
        let widths: Vec<f32> = if run.widths.len() == glyphs.len() {
            run.widths.iter().map(|width| width * across).collect()
        } else {
            glyphs.iter().map(|glyph| glyph.advance * font.em * up).collect()
        };
        let total: f32 = widths.iter().sum();
        let align = self.state.text_align;
        let follows = align & UPDATE_POSITION != 0;
        let at = if follows { self.state.at } else { run.at };
        let origin = self.map(at);
        let start = match align & CENTRE {
            CENTRE => -total / 2.0,
            RIGHT => -total,
            _ => 0.0,
        };
        let em = font.em * up;
        let baseline = match align & BASELINE {
            BASELINE => 0.0,
            BOTTOM => -DESCENT * em,
            _ => ASCENT * em,
        };
        let run_place = Transform::from_rotate(angle).post_translate(origin.x, origin.y);
        if self.state.opaque_background && total > 0.0 {
            let (top, bottom) = (baseline - ASCENT * em, baseline + DESCENT * em);
            let behind = Rect::from_ltrb(start, top, start + total, bottom).map(PathBuilder::from_rect);
            if let Some(behind) = behind.and_then(|path| path.transform(run_place)) {
                self.cut_off(run, &behind);
                self.paint(&behind, &Ink::Plain(self.state.back_colour));
                self.state.clip = kept;
            }
        }
        let mut all = PathBuilder::new();
        let mut along = start;
        for (glyph, &width) in glyphs.iter().zip(&widths) {
            let own = glyph.advance * em;
            let squeeze = if own > 0.0 && width > 0.0 { (width / own).clamp(0.5, 1.15) } else { 1.0 };
            let place =
                Transform::from_row(em * squeeze, 0.0, 0.0, -em, along, baseline).post_concat(run_place);
            if let Some(path) = glyph.outline.clone().and_then(|outline| outline.transform(place)) {
                all.push_path(&path);
            }
            along += width;
        }
        for (wanted, from) in [(font.underline, 0.08), (font.struck, -0.3)] {
            let top = baseline + from * em;
            let line = Rect::from_ltrb(start, top, start + total, top + 0.06 * em).filter(|_| wanted);
            if let Some(path) = line.and_then(|line| PathBuilder::from_rect(line).transform(run_place)) {
                all.push_path(&path);
            }
        }
        if let Some(path) = all.finish() {
            self.cut_off(run, &path);
            let (ink, clip) = (Ink::Plain(self.state.text_colour), self.state.clip.clone());
            self.canvas.fill(&path, &ink, FillRule::Winding, BlendMode::SourceOver, &clip);
        }
        if follows && transform.sx != 0.0 {
            self.state.at = (at.0 + total / across.max(f32::MIN_POSITIVE), at.1);
        }
    }
}
