//! Pixels that are drawn on: paths and pictures in pixel coordinates, through a clip.
//!
//! *Security.* Every act is spent from the budget before it is done: the area that it covers, and for every point of
//! a path the height that its edges may cross, of a thin line also its length. Both weigh as much as the way they
//! are drawn takes ([`MIXED`], [`LOOKED_UP`]), and the finished picture by what taking it off and writing it takes
//! ([`FINISHED`]). Once the budget is empty nothing more is drawn, and the player learns it from
//! [`Canvas::exhausted`]. Dashes are drawn only where their number is bounded. What is left out is counted
//! ([`Canvas::undrawn`]).
//! Clips are as large as the canvas and saved states keep them, so those that live at a time are bounded, too.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "pixel figures: floats are clamped to the canvas before they become counts, and sides are below 2^16"
)]

use image::{RgbaImage, imageops};
use policy::{Budget, FindingCode};
use std::borrow::Cow;
use std::rc::{Rc, Weak};
use tiny_skia::{
    BlendMode, Color, FillRule, FilterQuality, IntSize, LineJoin, Mask, Paint, Path, PathBuilder,
    PathSegment, Pattern, Pixmap, PixmapPaint, Point, Rect, Shader, SpreadMode, Stroke, StrokeDash,
    Transform,
};

/// Octets of all clips that live at a time.
const CLIPS_OCTETS_MAX: usize = 128 << 20;
/// Most dashes along one line.
const DASHES_MAX: f32 = 10_000.0;
/// Weight of a pixel that is mixed with what is there, or seen through a clip, against one that is filled with one
/// opaque colour; rounded up from what was measured.
const MIXED: u64 = 4;
/// Weight of a pixel that is looked up in a picture, a tile or a gradient, against the same.
const LOOKED_UP: u64 = 8;
/// Weight of a pixel of the finished picture against the same: alpha is divided out, paper laid under it, and it is
/// filtered and compressed as PNG.
const FINISHED: u64 = 8;
/// Longest mitre, in widths of the line, as GDI has it unless a record says otherwise.
pub(super) const MITER_MAX: f32 = 10.0;
/// Pixels of a picture whose sums for one pixel still fit the library's 32 bits, and then some.
const SUMMED_PX_MAX: u32 = 1 << 22;
/// Lines up to this width, in pixels, are drawn point by point.
const THIN: f32 = 1.0;
/// How far from the canvas a coordinate may lie, in pixels.
pub(super) const FAR_PX: f32 = 100_000.0;
/// Points of an outline for one point of the line that is stroked.
const STROKE_POINTS: u64 = 8;
/// Sub-scanlines of a pixel in the anti-aliased fill.
const SUPERSAMPLED: u64 = 4;

/// What an area is painted with.
#[derive(Clone)]
pub(super) enum Ink {
    /// One colour.
    Plain(Color),
    /// A small picture, repeated.
    Tile(Rc<Pixmap>, f32),
    /// From one colour to another between two points.
    Gradient([(f32, f32); 2], [Color; 2]),
}

/// A line: width in pixels, dashes in pixels.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) colour: Color,
    pub(super) stroke: Stroke,
    pub(super) dashes: Vec<f32>,
}

/// The canvas.
pub(super) struct Canvas<'b> {
    pixmap: Pixmap,
    budget: &'b mut Budget,
    exhausted: Option<FindingCode>,
    /// Clips that were made; those that nothing holds any more are forgotten when the next is made.
    clips: Vec<Weak<Mask>>,
    /// Acts that left something.
    pub(super) drawn: u32,
    /// Acts that were left out.
    pub(super) undrawn: u32,
}

pub(super) type Clip = Option<Rc<Mask>>;

impl<'b> Canvas<'b> {
    /// A transparent canvas.
    pub(super) fn new(width: u32, height: u32, budget: &'b mut Budget) -> Result<Self, FindingCode> {
        budget.spend_image(u64::from(width), u64::from(height)).map_err(|exhausted| exhausted.0)?;
        let finished = u64::from(width).saturating_mul(u64::from(height)).saturating_mul(FINISHED);
        budget.spend_drawing(finished).map_err(|exhausted| exhausted.0)?;
        let pixmap = Pixmap::new(width, height).ok_or(FindingCode::LimitImagePixels)?;
        Ok(Self { pixmap, budget, exhausted: None, clips: Vec::new(), drawn: 0, undrawn: 0 })
    }

    pub(super) fn width(&self) -> f32 {
        self.pixmap.width() as f32
    }

    pub(super) fn height(&self) -> f32 {
        self.pixmap.height() as f32
    }

    pub(super) fn budget(&mut self) -> &mut Budget {
        self.budget
    }

    /// Why nothing more is drawn.
    pub(super) fn exhausted(&self) -> Option<FindingCode> {
        self.exhausted
    }

    /// Notes what an act of the player met.
    pub(super) fn exhaust(&mut self, code: FindingCode) {
        self.exhausted.get_or_insert(code);
    }

    /// The picture, straight alpha.
    pub(super) fn finish(self) -> Option<RgbaImage> {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        RgbaImage::from_raw(width, height, self.pixmap.take_demultiplied())
    }

    /// Spends nodes before something is read or made that no area stands for.
    pub(super) fn spend_nodes(&mut self, nodes: usize) -> Option<()> {
        let spent = self.budget.spend_nodes(nodes as u64);
        spent.map_err(|exhausted| self.exhaust(exhausted.0)).ok()
    }

    /// Spends what painting inside `bounds` costs, each pixel `times` what the plainest costs; `steps` are pixels that
    /// thin lines go along: they are set one by one, which takes as long as looking them up.
    fn spend(&mut self, bounds: Rect, points: u64, steps: u64, times: u64) -> Option<()> {
        if self.exhausted.is_some() {
            return None;
        }
        let (width, height) = (self.width(), self.height());
        let across = bounds.right().clamp(0.0, width) - bounds.left().clamp(0.0, width);
        let down = bounds.bottom().clamp(0.0, height) - bounds.top().clamp(0.0, height);
        let (across, down) = ((across + 1.0).ceil() as u64, (down + 1.0).ceil() as u64);
        let cost = across
            .saturating_mul(down)
            .saturating_mul(times)
            .saturating_add(steps.saturating_mul(LOOKED_UP))
            .saturating_add(points.saturating_mul(down).saturating_mul(SUPERSAMPLED));
        let spent = self.budget.spend_drawing(cost).and_then(|()| self.budget.spend_nodes(points));
        match spent {
            Ok(()) => Some(()),
            Err(exhausted) => {
                self.exhausted = Some(exhausted.0);
                None
            }
        }
    }

    /// Counts an act that is left out.
    pub(super) fn leave_out(&mut self) {
        self.undrawn = self.undrawn.saturating_add(1);
    }

    /// Fills a path.
    pub(super) fn fill(&mut self, path: &Path, ink: &Ink, rule: FillRule, blend: BlendMode, clip: &Clip) {
        let path = &*near(path);
        let times = times(ink, blend, clip);
        let Some(()) = self.spend(path.bounds(), path.len() as u64, 0, times) else { return };
        let Some(shader) = shader(ink) else {
            self.leave_out();
            return;
        };
        let paint = Paint { shader, blend_mode: blend, ..Paint::default() };
        self.pixmap.fill_path(path, &paint, rule, Transform::identity(), clip.as_deref());
        self.drawn = self.drawn.saturating_add(1);
    }

    /// Turns the pixels under a path over, bit by bit (`R2_XORPEN`): what is drawn so twice is as it was.
    pub(super) fn turn_over(&mut self, path: &Path, colour: Color, rule: FillRule, clip: &Clip) {
        let bounds = path.bounds();
        let (width, height) = (self.width(), self.height());
        let left = bounds.left().floor().clamp(0.0, width);
        let top = bounds.top().floor().clamp(0.0, height);
        let right = bounds.right().ceil().clamp(0.0, width);
        let bottom = bounds.bottom().ceil().clamp(0.0, height);
        let (across, down) = ((right - left) as u32, (bottom - top) as u32);
        if across == 0 || down == 0 || self.spend(bounds, path.len() as u64, 0, MIXED).is_none() {
            return;
        }
        let Some(mut shape) = Mask::new(across, down) else { return };
        shape.fill_path(path, rule, false, Transform::from_translate(-left, -top));
        let ink = colour.to_color_u8();
        let (stride, left, top) = (self.pixmap.width() as usize, left as usize, top as usize);
        let (pixels, _) = self.pixmap.data_mut().as_chunks_mut::<4>();
        let rows = pixels.chunks_exact_mut(stride).zip(0_usize..).skip(top);
        for ((row, y), shape) in rows.zip(shape.data().chunks_exact(across as usize)) {
            let clip = clip.as_deref().and_then(|clip| clip.data().chunks_exact(stride).nth(y));
            let pixels = row.get_mut(left..).unwrap_or_default().iter_mut().zip(left..);
            for ((pixel, x), inside) in pixels.zip(shape) {
                let seen = clip.is_none_or(|clip| clip.get(x).is_some_and(|seen| *seen >= 128));
                if *inside != 0 && seen {
                    let [r, g, b, alpha] = *pixel;
                    // What is transparent is paper.
                    let paper = u8::MAX.saturating_sub(alpha);
                    let under = [r, g, b].map(|channel| channel.saturating_add(paper));
                    let [r, g, b] = under;
                    *pixel = [r ^ ink.red(), g ^ ink.green(), b ^ ink.blue(), u8::MAX];
                }
            }
        }
        self.drawn = self.drawn.saturating_add(1);
    }

    /// Draws the line of a path.
    pub(super) fn stroke(&mut self, path: &Path, line: &Line, blend: BlendMode, clip: &Clip) {
        let width = line.stroke.width;
        // Mitres stand out by half of their length.
        let out = if line.stroke.line_join == LineJoin::Miter { width * MITER_MAX / 2.0 } else { width };
        let Some(bounds) = path.bounds().outset(out, out) else {
            self.leave_out();
            return;
        };
        let mut points = (path.len() as u64).saturating_mul(STROKE_POINTS);
        let mut stroke = line.stroke.clone();
        let pattern: f32 = line.dashes.iter().sum();
        let length = length_at_most(path);
        if pattern > 0.0 && length / pattern < DASHES_MAX {
            stroke.dash = StrokeDash::new(line.dashes.clone(), 0.0);
            let dashes = length / pattern * line.dashes.len() as f32;
            points = points.saturating_add((dashes as u64).saturating_mul(STROKE_POINTS));
        }
        let steps = if width <= THIN { self.steps(path) } else { 0 };
        let times = times(&Ink::Plain(line.colour), blend, clip);
        let Some(()) = self.spend(bounds, points, steps, times) else { return };
        let paint = Paint { shader: Shader::SolidColor(line.colour), blend_mode: blend, ..Paint::default() };
        self.pixmap.stroke_path(path, &paint, &stroke, Transform::identity(), clip.as_deref());
        self.drawn = self.drawn.saturating_add(1);
    }

    /// Pixels that a thin line goes along, at most: it is drawn point by point, and no piece of it is longer on the
    /// canvas than both its sides. The line that closes a figure is no longer than all others of the figure.
    fn steps(&self, path: &Path) -> u64 {
        let most = self.width() + self.height();
        lengths(path).map(|length| length.min(most) as u64).fold(0, u64::saturating_add).saturating_mul(2)
    }

    /// Draws a picture: `place` maps the unit square, top to bottom, onto the canvas.
    pub(super) fn picture(&mut self, picture: &RgbaImage, place: Transform, blend: BlendMode, clip: &Clip) {
        let unit = Rect::from_xywh(0.0, 0.0, 1.0, 1.0);
        let Some(path) = unit.and_then(|unit| PathBuilder::from_rect(unit).transform(place)) else { return };
        // The library's own arithmetic does not bear pictures of any size.
        let bounds = path.bounds();
        if !is_near(bounds) {
            self.leave_out();
            return;
        }
        let Some(()) = self.spend(bounds, 8, 0, LOOKED_UP) else { return };
        let across = place.sx.hypot(place.ky).ceil().clamp(1.0, self.width()) as u32;
        let down = place.kx.hypot(place.sy).ceil().clamp(1.0, self.height()) as u32;
        // The canvas samples four neighbours: far smaller pictures are shrunk first, so that no detail is skipped.
        let shrunk;
        let picture =
            if picture.width() > across.saturating_mul(2) || picture.height() > down.saturating_mul(2) {
                let (across, down) = (across.min(picture.width()), down.min(picture.height()));
                shrunk = shrink(picture, across, down);
                &shrunk
            } else {
                picture
            };
        let Some(source) = pixmap(picture) else { return };
        let per_pixel = Transform::from_scale(1.0 / source.width() as f32, 1.0 / source.height() as f32);
        let magnified = across > source.width().saturating_mul(3);
        let quality = if magnified { FilterQuality::Nearest } else { FilterQuality::Bilinear };
        let paint = PixmapPaint { opacity: 1.0, blend_mode: blend, quality };
        let transform = per_pixel.post_concat(place);
        self.pixmap.draw_pixmap(0, 0, source.as_ref(), &paint, transform, clip.as_deref());
        self.drawn = self.drawn.saturating_add(1);
    }

    /// What is left of a clip inside (or outside) a path.
    pub(super) fn clip(&mut self, clip: &Clip, path: &Path, rule: FillRule, keep: Keep) -> Clip {
        if keep == Keep::Inside && self.lies_inside(path) {
            return clip.clone();
        }
        let (top, bottom) = match keep {
            // Nothing is seen in the other rows, nor is anything done to them.
            Keep::Inside => (path.bounds().top(), path.bounds().bottom()),
            Keep::Outside => (0.0, self.height()),
        };
        let Some(mut mask) = self.mask(path.len() as u64, top, bottom) else { return clip.clone() };
        mask.fill_path(path, rule, true, Transform::identity());
        if keep == Keep::Outside {
            mask.invert();
        }
        if let Some(before) = clip {
            let stride = self.pixmap.width() as usize;
            let first = top.floor().clamp(0.0, self.height()) as usize;
            let count = (bottom.ceil().clamp(0.0, self.height()) as usize).saturating_sub(first);
            let rows = mask.data_mut().chunks_exact_mut(stride).zip(before.data().chunks_exact(stride));
            for (now, before) in rows.skip(first).take(count) {
                now.iter_mut().zip(before).for_each(|(now, before)| *now = (*now).min(*before));
            }
        }
        self.remember(mask)
    }

    /// Whether the whole canvas lies inside a path that is an upright rectangle: then it clips nothing away.
    fn lies_inside(&self, path: &Path) -> bool {
        Rect::from_xywh(0.0, 0.0, self.width(), self.height()).is_some_and(|whole| holds(path, whole))
    }

    /// A clip through which nothing is seen.
    pub(super) fn nothing(&mut self) -> Clip {
        let mask = self.mask(0, 0.0, 0.0)?;
        self.remember(mask)
    }

    /// Room for a clip, to be filled between these rows: nothing is seen through it yet.
    fn mask(&mut self, points: u64, top: f32, bottom: f32) -> Option<Mask> {
        let rows = Rect::from_ltrb(0.0, top, self.width(), bottom)?;
        self.spend(rows, points, 0, 1)?;
        self.clips.retain(|clip| clip.strong_count() > 0);
        let octets = (self.pixmap.width() as usize).saturating_mul(self.pixmap.height() as usize);
        if self.clips.len().saturating_add(1).saturating_mul(octets) > CLIPS_OCTETS_MAX {
            self.exhaust(FindingCode::LimitImagePixels);
            return None;
        }
        Mask::new(self.pixmap.width(), self.pixmap.height())
    }

    fn remember(&mut self, mask: Mask) -> Clip {
        let mask = Rc::new(mask);
        self.clips.push(Rc::downgrade(&mask));
        Some(mask)
    }
}

/// Whether a path is an upright rectangle around another.
pub(super) fn holds(path: &Path, inner: Rect) -> bool {
    let [a, b, c, d] = path.points() else { return false };
    let along_first = a.y == b.y && c.y == d.y && b.x == c.x && d.x == a.x;
    let down_first = a.x == b.x && c.x == d.x && b.y == c.y && d.y == a.y;
    let straight = path.segments().all(|segment| {
        matches!(segment, PathSegment::MoveTo(_) | PathSegment::LineTo(_) | PathSegment::Close)
    });
    let outer = path.bounds();
    let around = outer.left() <= inner.left()
        && outer.top() <= inner.top()
        && outer.right() >= inner.right()
        && outer.bottom() >= inner.bottom();
    straight && around && (along_first || down_first)
}

/// Which side of a path stays visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Inside,
    Outside,
}

/// How many times the plainest a pixel costs.
fn times(ink: &Ink, blend: BlendMode, clip: &Clip) -> u64 {
    match ink {
        Ink::Tile(..) | Ink::Gradient(..) => LOOKED_UP,
        Ink::Plain(_) if blend != BlendMode::SourceOver || clip.is_some() => MIXED,
        Ink::Plain(_) => 1,
    }
}

fn shader(ink: &Ink) -> Option<Shader<'_>> {
    Some(match ink {
        Ink::Plain(colour) => Shader::SolidColor(*colour),
        Ink::Tile(tile, scale) => Pattern::new(
            tile.as_ref().as_ref(),
            SpreadMode::Repeat,
            FilterQuality::Nearest,
            1.0,
            Transform::from_scale(*scale, *scale),
        ),
        Ink::Gradient([from, to], [first, last]) => tiny_skia::LinearGradient::new(
            Point::from(*from),
            Point::from(*to),
            vec![tiny_skia::GradientStop::new(0.0, *first), tiny_skia::GradientStop::new(1.0, *last)],
            SpreadMode::Pad,
            Transform::identity(),
        )?,
    })
}

/// A smaller picture. The library sums up in 32 bits what comes together in one pixel: what is too much for them is
/// shrunk in two steps.
fn shrink(picture: &RgbaImage, across: u32, down: u32) -> RgbaImage {
    let block = |side: u32, by: u32| side.div_ceil(by.max(1)).saturating_add(1);
    let (wide, high) = (block(picture.width(), across), block(picture.height(), down));
    if wide.saturating_mul(high) <= SUMMED_PX_MAX {
        return imageops::thumbnail(picture, across, down);
    }
    // No side has 2^16 pixels: between it and its root, and between that and one pixel, not many come together.
    let between = |side: u32, to: u32| side.isqrt().max(to);
    let (wide, high) = (between(picture.width(), across), between(picture.height(), down));
    imageops::thumbnail(&imageops::thumbnail(picture, wide, high), across, down)
}

/// A picture as the canvas wants it: alpha multiplied in.
pub(super) fn pixmap(picture: &RgbaImage) -> Option<Pixmap> {
    let mut octets = picture.as_raw().clone();
    let (pixels, _) = octets.as_chunks_mut::<4>();
    for [r, g, b, alpha] in pixels {
        for channel in [r, g, b] {
            let product = u16::from(*channel).saturating_mul(u16::from(*alpha)).saturating_add(127) / 255;
            *channel = u8::try_from(product).unwrap_or(u8::MAX);
        }
    }
    Pixmap::from_vec(octets, IntSize::from_wh(picture.width(), picture.height())?)
}

/// A path whose points lie near the canvas: the library's own arithmetic does not bear others.
fn near(path: &Path) -> Cow<'_, Path> {
    if is_near(path.bounds()) {
        return Cow::Borrowed(path);
    }
    let held = |point: Point| Point::from_xy(point.x.clamp(-FAR_PX, FAR_PX), point.y.clamp(-FAR_PX, FAR_PX));
    let mut builder = PathBuilder::new();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(to) => {
                let to = held(to);
                builder.move_to(to.x, to.y);
            }
            PathSegment::LineTo(to) => {
                let to = held(to);
                builder.line_to(to.x, to.y);
            }
            PathSegment::QuadTo(by, to) => {
                let (by, to) = (held(by), held(to));
                builder.quad_to(by.x, by.y, to.x, to.y);
            }
            PathSegment::CubicTo(from, by, to) => {
                let (from, by, to) = (held(from), held(by), held(to));
                builder.cubic_to(from.x, from.y, by.x, by.y, to.x, to.y);
            }
            PathSegment::Close => builder.close(),
        }
    }
    builder.finish().map_or(Cow::Borrowed(path), Cow::Owned)
}

fn is_near(bounds: Rect) -> bool {
    let sides = [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()];
    sides.iter().all(|side| side.abs() <= FAR_PX)
}

/// The length of a path's control polygon: no shorter than the path.
fn length_at_most(path: &Path) -> f32 {
    lengths(path).sum()
}

/// The lengths of the sides of that polygon.
fn lengths(path: &Path) -> impl Iterator<Item = f32> {
    path.points().windows(2).map(|pair| if let [a, b] = pair { a.distance(*b) } else { 0.0 })
}
