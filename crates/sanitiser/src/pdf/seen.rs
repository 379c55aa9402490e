//! A second look at a page: which characters it paints, and where.
//!
//! A [`Device`] of our own takes hayro's drawing calls and keeps the glyphs that can be seen: not transparent, inside
//! the page and inside the clip. What is white on white or covered by something else shows only in the finished
//! pixels and is sorted out by [`super::layer`]. Text in rendering mode 3 is kept apart: it is what a scanner's
//! character recognition (and our own layer, when an output comes back) lays over a picture, and counts as seen only
//! where a picture shows ink.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "geometry in floats; counters are bounded by the characters"
)]

use super::chars;
use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, Paint, SoftMask, interpret_page,
};
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, BezPath, Point, Rect, Shape, Vec2};
use std::collections::HashMap;

/// Boxes of glyph outlines by their cache key, for one document.
pub(super) type Outlines = HashMap<u128, Rect>;

/// Most glyphs that are looked at on one page; beyond it the page is too dense for anybody to read.
const GLYPHS_MAX: usize = 200_000;

/// Most pictures that are remembered of one page.
const PICTURES_MAX: usize = 1_000;

/// One glyph that is painted, in points of the written page (y up).
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// What it says; never empty.
    pub(super) text: String,
    /// Where the run's baseline meets its leading edge.
    pub(super) origin: Point,
    /// Along the line, as long as the advance.
    pub(super) advance: Vec2,
    /// From the baseline to the top of the em box.
    pub(super) up: Vec2,
    /// What it inks; `None` for a space.
    pub(super) ink: Option<Rect>,
    /// False for text of rendering mode 3.
    pub(super) is_painted: bool,
}

/// A picture that was painted, with the box it fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) is_bilevel: bool,
    pub(super) area: Rect,
}

/// What is on a page.
pub(super) struct Look<'o> {
    pub(super) glyphs: Vec<Seen>,
    /// Characters that are there but not painted where they can be seen.
    pub(super) hidden: u32,
    /// Pictures, as long as nothing but pictures is painted.
    pub(super) pictures: Vec<Picture>,
    /// Paths and glyphs painted.
    pub(super) other: u32,
    clips: Vec<Rect>,
    page: Rect,
    outlines: &'o mut Outlines,
}

/// Looks at a page. `to_pt` maps default user space to points of the written page.
pub(super) fn look<'a, 'o>(
    page: &'a Page<'a>,
    size: Rect,
    to_pt: Affine,
    cache: &InterpreterCache<'a>,
    settings: &InterpreterSettings,
    outlines: &'o mut Outlines,
) -> Look<'o> {
    let mut look = Look {
        glyphs: Vec::new(),
        hidden: 0,
        pictures: Vec::new(),
        other: 0,
        clips: Vec::new(),
        page: size,
        outlines,
    };
    let mut context = Context::new(to_pt, size, cache, page.xref(), settings.clone());
    interpret_page(page, &mut context, &mut look);
    look
}

impl Look<'_> {
    fn visible(&self) -> Rect {
        self.clips.last().copied().unwrap_or(self.page)
    }

    /// The resolution of a page that is nothing but one bilevel picture: a fax or a scan. Between what is wanted
    /// anyway and 600 dpi; `None` for any other page.
    pub(super) fn scan_dpi(&self, wanted: f64) -> Option<f64> {
        let [picture] = self.pictures.as_slice() else {
            return None;
        };
        let covers = picture.area.intersect(self.page).area() >= 0.9 * self.page.area();
        let dpi = (f64::from(picture.width_px) / picture.area.width())
            .max(f64::from(picture.height_px) / picture.area.height())
            * 72.0;
        (picture.is_bilevel && covers && self.other == 0 && dpi > wanted).then(|| dpi.min(600.0))
    }

    fn clip(&mut self, area: Rect) {
        let visible = self.visible().intersect(area);
        self.clips.push(visible);
    }

    fn glyph(&mut self, glyph: &Glyph<'_>, transform: Affine, mode: WritingMode, is_painted: bool) {
        let Some(text) = glyph.as_unicode().map(plain).filter(|text| !text.is_empty()) else {
            return;
        };
        let (advance_units, ink) = match glyph {
            Glyph::Outline(outline) => {
                let key = outline.identifier().cache_key();
                let area = self.outlines.entry(key).or_insert_with(|| outline.outline().bounding_box());
                (outline.advance_width(), *area)
            }
            Glyph::Type3(glyph) => {
                let advance = f64::from(glyph.advance_width().unwrap_or(500.0)).max(100.0);
                (glyph.advance_width(), Rect::new(0.0, -200.0, advance, 900.0))
            }
        };
        let is_space = text.chars().all(char::is_whitespace);
        let units = f64::from(advance_units.unwrap_or(500.0)).clamp(0.0, 5000.0);
        // Recognised words are rarely exact: look for ink one em to the left and right.
        let ink = if is_painted { ink } else { Rect::new(-1000.0, -120.0, units + 1000.0, 880.0) };
        let inks = ink.width() > 0.0 || ink.height() > 0.0;
        let area = transform.transform_rect_bbox(ink);
        let middle = transform * Point::new(300.0, 300.0);
        let visible = self.visible();
        let is_inside = visible.contains(if inks { area.center() } else { middle });
        let origin = transform * Point::ORIGIN;
        let across = transform * Point::new(1000.0, 0.0) - origin;
        let above = transform * Point::new(0.0, 1000.0) - origin;
        let size = above.hypot();
        let is_sane = (0.5..5000.0).contains(&size) && across.hypot().is_finite() && origin.is_finite();
        if !(is_inside && is_sane && (inks || is_space)) {
            if !is_space {
                self.hidden = self.hidden.saturating_add(1);
            }
            return;
        }
        let share = |vector: Vec2, units: f64| vector * (units / 1000.0);
        let (origin, advance, up) = match mode {
            WritingMode::Horizontal => (origin, share(across, units), above),
            // Written as a line turned by a quarter: downwards along the column, its top to the right.
            WritingMode::Vertical => (transform * Point::new(120.0, 880.0), -above, across),
        };
        self.glyphs.push(Seen { text, origin, advance, up, ink: (!is_space).then_some(area), is_painted });
    }
}

fn plain(text: BfString) -> String {
    match text {
        BfString::Char(c) => chars::plain(std::iter::once(c)),
        BfString::String(text) => chars::plain(text.chars().take(16)),
    }
}

impl<'a> Device<'a> for Look<'_> {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {
        self.other = self.other.saturating_add(1);
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.clip(clip.path.bounding_box());
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.clip(*rect);
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn push_transparency_group(&mut self, opacity: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        // In a group that is wholly transparent nothing is seen.
        let area = if opacity > 0.0 { self.visible() } else { Rect::ZERO };
        self.clip(area);
    }

    fn pop_transparency_group(&mut self) {
        self.clips.pop();
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let is_painted = !matches!(mode, DrawMode::Invisible);
        let is_transparent = match &props.paint {
            Paint::Color(color) => color.to_rgba().components()[3] < 0.02,
            Paint::Pattern(_) => false,
        };
        if is_painted {
            self.other = self.other.saturating_add(1);
        }
        for glyph in run.glyphs() {
            if self.glyphs.len() >= GLYPHS_MAX || (is_painted && is_transparent) {
                self.hidden = self.hidden.saturating_add(1);
                continue;
            }
            self.glyph(glyph, props.transform * glyph.transform(), run.writing_mode(), is_painted);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        if self.pictures.len() >= PICTURES_MAX {
            self.other = self.other.saturating_add(1);
            return;
        }
        let (width_px, height_px) = (image.width(), image.height());
        let bits = |dict: &hayro::hayro_syntax::object::Dict<'_>| {
            dict.get::<u32>(b"BitsPerComponent".as_slice()).or_else(|| dict.get::<u32>(b"BPC".as_slice()))
        };
        let is_bilevel = match &image {
            Image::Stencil(_) => true,
            Image::Raster(raster) => bits(raster.stream().dict()) == Some(1),
        };
        // hayro's transform starts from the pixels of the picture.
        let local = Rect::new(0.0, 0.0, f64::from(width_px), f64::from(height_px));
        let area = props.transform.transform_rect_bbox(local);
        self.pictures.push(Picture { width_px, height_px, is_bilevel, area });
    }
}
