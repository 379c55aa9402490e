//! The device that both kinds of metafile draw on: shapes in logical coordinates become paths on the canvas.
//!
//! *Security.* Objects, their tiles, saved states and the recorded path are bounded in number; what is drawn is spent
//! by the canvas. Coordinates are held within ±100,000 pixels of the canvas.

use super::canvas::{Canvas, Clip, FAR_PX, Ink, Keep, Line, MITER_MAX};
use super::font::Fonts;
use super::state::{Object, Pen, State, stock};
use image::RgbaImage;
use policy::FindingCode;
use std::collections::BTreeMap;
use std::f32::consts::{FRAC_PI_2, TAU};
use std::rc::Rc;
use tiny_skia::{BlendMode, FillRule, Path, PathBuilder, Point, Rect, Stroke, Transform};

/// States that may be saved at a time.
const SAVED_MAX: usize = 256;
/// Objects that may exist at a time.
const OBJECTS_MAX: usize = 65_536;
/// Points of one path, recorded or of one record.
const POINTS_MAX: usize = 1_000_000;
/// Pixels of all tiles that a drawing makes for its brushes.
const TILES_PX_MAX: u64 = 32_000_000;

/// A device context with its canvas.
pub(super) struct Device<'c> {
    pub(super) canvas: Canvas<'c>,
    pub(super) fonts: Fonts<'c>,
    pub(super) state: State,
    /// Device coordinates → canvas.
    pub(super) base: Transform,
    pub(super) per_mm: (f32, f32),
    pub(super) objects: BTreeMap<u32, Object>,
    saved: Vec<State>,
    /// Acts that were asked for and not done, apart from records that could not be read.
    pub(super) undrawn: u32,
    /// Pixels that tiles may still have.
    pub(super) tiles_px: u64,
    /// The path between `BeginPath` and `EndPath`, in canvas coordinates.
    recording: Option<PathBuilder>,
    recorded: Option<Path>,
}

/// What is done with a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draw {
    Fill,
    Stroke,
    Both,
}

impl<'c> Device<'c> {
    pub(super) fn new(canvas: Canvas<'c>, fonts: Fonts<'c>, base: Transform, per_mm: (f32, f32)) -> Self {
        Self {
            canvas,
            fonts,
            state: State::new(),
            base,
            per_mm,
            objects: BTreeMap::new(),
            saved: Vec::new(),
            undrawn: 0,
            tiles_px: TILES_PX_MAX,
            recording: None,
            recorded: None,
        }
    }

    pub(super) fn save(&mut self) {
        if self.saved.len() < SAVED_MAX {
            self.saved.push(self.state.clone());
        } else {
            self.undrawn = self.undrawn.saturating_add(1);
        }
    }

    /// Negative: that many back; positive: the state of that number.
    pub(super) fn restore(&mut self, which: i32) {
        let count = self.saved.len();
        let back = usize::try_from(which.unsigned_abs()).unwrap_or(usize::MAX);
        let left = if which < 0 { count.checked_sub(back) } else { back.checked_sub(1) };
        let Some(left) = left.filter(|left| *left < count) else { return };
        self.saved.truncate(left.saturating_add(1));
        if let Some(state) = self.saved.pop() {
            self.state = state;
        }
    }

    pub(super) fn create(&mut self, number: u32, object: Object) {
        if self.objects.len() < OBJECTS_MAX || self.objects.contains_key(&number) {
            self.objects.insert(number, object);
        } else {
            self.undrawn = self.undrawn.saturating_add(1);
        }
    }

    pub(super) fn select(&mut self, number: u32) {
        let stock = number.checked_sub(0x8000_0000).and_then(stock);
        match stock.or_else(|| self.objects.get(&number).cloned()) {
            Some(Object::Pen(pen)) => self.state.pen = pen,
            Some(Object::Brush(brush)) => self.state.brush = brush,
            Some(Object::Font(font)) => self.state.font = font,
            Some(Object::Region(rectangles)) => self.clip_to(&rectangles),
            Some(Object::Other) | None => {}
        }
    }

    /// Logical coordinates → canvas.
    pub(super) fn transform(&self) -> Transform {
        self.state.to_device(self.per_mm).post_concat(self.base)
    }

    pub(super) fn map(&self, (x, y): (f32, f32)) -> Point {
        place(self.transform(), (x, y))
    }

    /// The blend of the foreground mix mode (\[MS-EMF\] §2.1.26); `None` draws nothing.
    fn blend(&mut self) -> Option<BlendMode> {
        Some(match self.state.mix {
            11 => return None,
            // `R2_NOT` turns over what is there, without an ink to do it with.
            6 => {
                self.undrawn = self.undrawn.saturating_add(1);
                return None;
            }
            9 => BlendMode::Multiply,
            15 => BlendMode::Screen,
            _ => BlendMode::SourceOver,
        })
    }

    fn rule(&self) -> FillRule {
        if self.state.winding { FillRule::Winding } else { FillRule::EvenOdd }
    }

    /// Draws a path of the canvas, or adds it to the path that is recorded.
    pub(super) fn draw(&mut self, path: &Path, draw: Draw) {
        if let Some(recording) = &mut self.recording {
            recording.push_path(path);
            let count = recording.len();
            self.hold_points(count);
            return;
        }
        let (rule, clip) = (self.rule(), self.state.clip.clone());
        let Some(blend) = self.blend() else { return };
        if self.state.mix == TURN_OVER {
            match (draw, &self.state.brush) {
                (Draw::Fill | Draw::Both, Some(Ink::Plain(colour))) => {
                    self.canvas.turn_over(path, *colour, rule, &clip);
                }
                (Draw::Fill | Draw::Both, Some(Ink::Tile(..) | Ink::Gradient(..))) => {
                    self.undrawn = self.undrawn.saturating_add(1);
                }
                (Draw::Fill | Draw::Both, None) | (Draw::Stroke, _) => {}
            }
            if draw != Draw::Fill && self.state.pen.is_some() {
                self.undrawn = self.undrawn.saturating_add(1);
            }
            return;
        }
        if let (Draw::Fill | Draw::Both, Some(brush)) = (draw, self.state.brush.clone()) {
            self.canvas.fill(path, &brush, rule, blend, &clip);
        }
        if let (Draw::Stroke | Draw::Both, Some(pen)) = (draw, self.state.pen.clone()) {
            let line = self.line(&pen);
            self.canvas.stroke(path, &line, blend, &clip);
        }
    }

    /// Fills a path of the canvas with something else than the brush.
    pub(super) fn paint(&mut self, path: &Path, ink: &Ink) {
        let clip = self.state.clip.clone();
        self.canvas.fill(path, ink, FillRule::EvenOdd, BlendMode::SourceOver, &clip);
    }

    fn line(&self, pen: &Pen) -> Line {
        let transform = self.transform();
        let scale = (transform.sx * transform.sy - transform.kx * transform.ky).abs().sqrt();
        // A figure that is no number gives way to the other.
        let width = (pen.width * scale).max(self.base.sx.abs()).clamp(1.0, FAR_PX);
        let stroke = Stroke {
            width,
            miter_limit: self.state.miter.clamp(1.0, MITER_MAX),
            line_cap: pen.cap,
            line_join: pen.join,
            dash: None,
        };
        let dashes = pen.dashes.iter().map(|dash| dash * width.max(1.5)).collect();
        Line { colour: pen.colour, stroke, dashes }
    }

    /// One or more polygons or lines through points.
    pub(super) fn polygons(&mut self, shapes: &[Vec<(f32, f32)>], draw: Draw) {
        let transform = self.transform();
        let mut builder = PathBuilder::new();
        for shape in shapes {
            for (number, &point) in shape.iter().enumerate() {
                let point = place(transform, point);
                if number == 0 {
                    builder.move_to(point.x, point.y)
                } else {
                    builder.line_to(point.x, point.y)
                }
            }
            if draw != Draw::Stroke && shape.len() > 1 {
                builder.close();
            }
        }
        if let Some(path) = builder.finish() {
            self.draw(&path, draw);
        }
    }

    /// Béziers through points: a start, then three points a piece.
    pub(super) fn beziers(&mut self, points: &[(f32, f32)]) {
        let transform = self.transform();
        let Some((&first, rest)) = points.split_first() else { return };
        let first = place(transform, first);
        let mut builder = PathBuilder::new();
        builder.move_to(first.x, first.y);
        let (pieces, _) = rest.as_chunks::<3>();
        for piece in pieces {
            let [a, b, c] = piece.map(|point| place(transform, point));
            builder.cubic_to(a.x, a.y, b.x, b.y, c.x, c.y);
        }
        if let Some(path) = builder.finish() {
            self.draw(&path, Draw::Stroke);
        }
    }

    /// Moves the current point.
    pub(super) fn move_to(&mut self, point: (f32, f32)) {
        self.state.at = point;
        let point = self.map(point);
        if let Some(recording) = &mut self.recording {
            recording.move_to(point.x, point.y);
        }
    }

    /// Goes on from the current point; the last of the points becomes the current one.
    pub(super) fn go_on(&mut self, points: &[(f32, f32)], through: Through) {
        let Some(&last) = points.last() else { return };
        let from = self.map(self.state.at);
        self.state.at = last;
        let transform = self.transform();
        let recorded = self.recording.take();
        let recording = recorded.is_some();
        let mut builder = recorded.unwrap_or_default();
        if builder.is_empty() {
            builder.move_to(from.x, from.y);
        }
        match through {
            Through::Lines => {
                for point in points.iter().map(|&point| place(transform, point)) {
                    builder.line_to(point.x, point.y);
                }
            }
            Through::Beziers => {
                let (pieces, _) = points.as_chunks::<3>();
                for piece in pieces {
                    let [a, b, c] = piece.map(|point| place(transform, point));
                    builder.cubic_to(a.x, a.y, b.x, b.y, c.x, c.y);
                }
            }
        }
        if recording {
            self.hold_points(builder.len());
            self.recording = Some(builder);
        } else if let Some(path) = builder.finish() {
            self.draw(&path, Draw::Stroke);
        }
    }

    /// Spends points of one path before they are read.
    pub(super) fn spend_points(&mut self, count: usize) -> Option<()> {
        self.hold_points(count)?;
        self.canvas.spend_nodes(count)
    }

    /// Holds the points of one path against their limit.
    pub(super) fn hold_points(&mut self, count: usize) -> Option<()> {
        if count > POINTS_MAX {
            // The picture's own limit, not the document's.
            self.canvas.exhaust(FindingCode::LimitImagePixels);
            return None;
        }
        Some(())
    }

    pub(super) fn begin_path(&mut self) {
        self.recording = Some(PathBuilder::new());
    }

    pub(super) fn end_path(&mut self) {
        self.recorded = self.recording.take().and_then(PathBuilder::finish);
    }

    pub(super) fn abort_path(&mut self) {
        (self.recording, self.recorded) = (None, None);
    }

    pub(super) fn close_figure(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.close();
        }
    }

    /// Draws the recorded path and forgets it.
    pub(super) fn draw_path(&mut self, draw: Draw) {
        self.recording = None;
        if let Some(path) = self.recorded.take() {
            self.draw(&path, draw);
        }
    }

    /// A rectangle.
    pub(super) fn rectangle(&mut self, [left, top, right, bottom]: [f32; 4]) {
        self.polygons(&[vec![(left, top), (right, top), (right, bottom), (left, bottom)]], Draw::Both);
    }

    /// A rectangle with round corners of this width and height.
    pub(super) fn round_rectangle(&mut self, sides: [f32; 4], corner: (f32, f32)) {
        let [left, top, right, bottom] = sides;
        let (rx, ry) = (corner.0.abs() / 2.0, corner.1.abs() / 2.0);
        let (rx, ry) = (rx.min((right - left).abs() / 2.0), ry.min((bottom - top).abs() / 2.0));
        let corners = [
            ((right - rx, bottom - ry), 0.0),
            ((left + rx, bottom - ry), FRAC_PI_2),
            ((left + rx, top + ry), 2.0 * FRAC_PI_2),
            ((right - rx, top + ry), 3.0 * FRAC_PI_2),
        ];
        let points: Vec<Vec<_>> =
            corners.iter().map(|(centre, from)| arc_points(*centre, (rx, ry), *from, FRAC_PI_2)).collect();
        self.outline(&points, Ends::Joined, Draw::Both);
    }

    /// An ellipse in a box.
    pub(super) fn ellipse(&mut self, [left, top, right, bottom]: [f32; 4]) {
        let centre = (f32::midpoint(left, right), f32::midpoint(top, bottom));
        let radii = ((right - left).abs() / 2.0, (bottom - top).abs() / 2.0);
        self.outline(&[arc_points(centre, radii, 0.0, TAU)], Ends::Joined, Draw::Both);
    }

    /// A piece of the ellipse in a box, between two rays from its centre.
    pub(super) fn arc(&mut self, sides: [f32; 4], from: (f32, f32), to: (f32, f32), ends: Ends) {
        let [left, top, right, bottom] = sides;
        let centre = (f32::midpoint(left, right), f32::midpoint(top, bottom));
        let radii = ((right - left).abs() / 2.0, (bottom - top).abs() / 2.0);
        if radii.0 == 0.0 || radii.1 == 0.0 {
            return;
        }
        let angle = |(x, y): (f32, f32)| ((y - centre.1) / radii.1).atan2((x - centre.0) / radii.0);
        let (first, last) = (angle(from), angle(to));
        let sweep = (last - first).rem_euclid(TAU);
        let sweep = if self.state.clockwise { sweep } else { sweep - TAU };
        let sweep = if sweep == 0.0 { TAU } else { sweep };
        let mut points = arc_points(centre, radii, first, sweep);
        match ends {
            Ends::Open => {
                let from = points.first().copied();
                if let (Some(from), true) = (from, self.state.clockwise) {
                    self.state.at = from;
                }
                self.outline(&[points], ends, Draw::Stroke);
            }
            Ends::Joined => self.outline(&[points], ends, Draw::Both),
            Ends::Centre => {
                points.extend([centre; 3]);
                self.outline(&[points], ends, Draw::Both);
            }
        }
    }

    /// Pieces of Béziers, joined by lines.
    fn outline(&mut self, pieces: &[Vec<(f32, f32)>], ends: Ends, draw: Draw) {
        let transform = self.transform();
        let mut builder = PathBuilder::new();
        for piece in pieces {
            let Some((&first, rest)) = piece.split_first() else { continue };
            let first = place(transform, first);
            if builder.is_empty() {
                builder.move_to(first.x, first.y)
            } else {
                builder.line_to(first.x, first.y)
            }
            let (curves, _) = rest.as_chunks::<3>();
            for curve in curves {
                let [a, b, c] = curve.map(|point| place(transform, point));
                builder.cubic_to(a.x, a.y, b.x, b.y, c.x, c.y);
            }
        }
        if ends != Ends::Open {
            builder.close();
        }
        if let Some(path) = builder.finish() {
            self.draw(&path, draw);
        }
    }

    /// A rectangle in logical coordinates as a path of the canvas.
    pub(super) fn box_path(&self, [left, top, right, bottom]: [f32; 4]) -> Option<Path> {
        let transform = self.transform();
        let [a, b, c, d] =
            [(left, top), (right, top), (right, bottom), (left, bottom)].map(|point| place(transform, point));
        let mut builder = PathBuilder::new();
        builder.move_to(a.x, a.y);
        for point in [b, c, d] {
            builder.line_to(point.x, point.y);
        }
        builder.close();
        builder.finish()
    }

    /// Narrows the clip to the inside or the outside of a rectangle.
    pub(super) fn clip_box(&mut self, sides: [f32; 4], keep: Keep) {
        let clip = self.state.clip.clone();
        self.state.clip = match (self.box_path(sides), keep) {
            (Some(path), _) => self.canvas.clip(&clip, &path, FillRule::EvenOdd, keep),
            (None, Keep::Inside) => self.canvas.nothing(),
            (None, Keep::Outside) => clip,
        };
    }

    /// Narrows or replaces the clip by the recorded path.
    pub(super) fn clip_path(&mut self, combine: u32) {
        self.recording = None;
        let Some(path) = self.recorded.take() else { return };
        self.combine(&path, FillRule::Winding, combine);
    }

    /// Narrows or replaces the clip by a path of the canvas (\[MS-EMF\] §2.1.29).
    fn combine(&mut self, path: &Path, rule: FillRule, combine: u32) {
        let before: Clip = if combine == COPY { None } else { self.state.clip.clone() };
        let keep = if combine == DIFFERENCE { Keep::Outside } else { Keep::Inside };
        // Joining regions widens what is seen: drawing a little too much loses nothing.
        self.state.clip = match combine {
            2 | 3 => None,
            _ => self.canvas.clip(&before, path, rule, keep),
        };
    }

    /// Clips to rectangles in device coordinates.
    pub(super) fn clip_region(&mut self, rectangles: &[[f32; 4]], combine: u32) {
        match self.region_path(rectangles, self.base) {
            Some(path) => self.combine(&path, FillRule::Winding, combine),
            None if rectangles.is_empty() && combine == COPY => self.state.clip = None,
            None if matches!(combine, COPY | 1) => self.state.clip = self.canvas.nothing(),
            None => {}
        }
    }

    /// Clips to a selected region of a WMF, whose rectangles are logical.
    fn clip_to(&mut self, rectangles: &Rc<Vec<[f32; 4]>>) {
        if let Some(path) = self.region_path(rectangles, self.transform()) {
            self.combine(&path, FillRule::Winding, COPY);
        }
    }

    /// Paints rectangles in device coordinates.
    pub(super) fn paint_region(&mut self, rectangles: &[[f32; 4]], ink: Option<Ink>) {
        if let (Some(path), Some(ink)) = (self.region_path(rectangles, self.base), ink) {
            self.paint(&path, &ink);
        }
    }

    fn region_path(&self, rectangles: &[[f32; 4]], transform: Transform) -> Option<Path> {
        let mut builder = PathBuilder::new();
        for [left, top, right, bottom] in rectangles {
            let corners = [(*left, *top), (*right, *bottom)].map(|corner| place(transform, corner));
            let [a, b] = corners;
            let sides = Rect::from_ltrb(a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y));
            if let Some(sides) = sides {
                builder.push_rect(sides);
            }
        }
        builder.finish()
    }

    /// Draws a picture into a rectangle of logical coordinates; negative sides turn it over.
    pub(super) fn picture(&mut self, picture: &RgbaImage, [x, y, width, height]: [f32; 4], blend: BlendMode) {
        let unit = Transform::from_row(width, 0.0, 0.0, height, x, y);
        let place = unit.post_concat(self.transform());
        let clip = self.state.clip.clone();
        if blend != BlendMode::SourceOver {
            // Masks mix with paper, not with nothing.
            let paper = self.box_path([x, y, x + width, y + height]);
            if let Some(paper) = paper {
                let white = Ink::Plain(tiny_skia::Color::WHITE);
                self.canvas.fill(&paper, &white, FillRule::Winding, BlendMode::DestinationOver, &clip);
            }
        }
        self.canvas.picture(picture, place, blend, &clip);
    }

    /// Draws a picture over the whole canvas.
    pub(super) fn whole(&mut self, picture: &RgbaImage) {
        let place = Transform::from_scale(self.canvas.width(), self.canvas.height());
        self.canvas.picture(picture, place, BlendMode::SourceOver, &None);
    }

    pub(super) fn finish(self) -> Option<RgbaImage> {
        self.canvas.finish()
    }
}

/// The mix mode that turns pixels over: `R2_XORPEN`.
const TURN_OVER: u32 = 7;
/// Combining regions: what comes replaces what was.
const COPY: u32 = 5;
/// Combining regions: what comes is cut out.
const DIFFERENCE: u32 = 4;

/// How points are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Through {
    Lines,
    Beziers,
}

/// How the ends of an arc are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Open,
    Joined,
    Centre,
}

/// A point on the canvas, held near it.
fn place(transform: Transform, (x, y): (f32, f32)) -> Point {
    let mut point = Point::from_xy(x, y);
    transform.map_point(&mut point);
    let near = |figure: f32| if figure.is_finite() { figure.clamp(-FAR_PX, FAR_PX) } else { FAR_PX };
    Point::from_xy(near(point.x), near(point.y))
}

/// An arc as Béziers of at most a quarter turn: a start, then three points a piece.
fn arc_points(centre: (f32, f32), radii: (f32, f32), from: f32, sweep: f32) -> Vec<(f32, f32)> {
    let step = sweep / 4.0;
    let handle = 4.0 / 3.0 * (step / 4.0).tan();
    let at = |angle: f32| (centre.0 + radii.0 * angle.cos(), centre.1 + radii.1 * angle.sin());
    let along = |angle: f32| (-radii.0 * angle.sin() * handle, radii.1 * angle.cos() * handle);
    let mut points = vec![at(from)];
    let mut angle = from;
    for _ in 0..4 {
        let next = angle + step;
        let ((ax, ay), (bx, by)) = (at(angle), at(next));
        let ((da, db), (ea, eb)) = (along(angle), along(next));
        points.extend([(ax + da, ay + db), (bx - ea, by - eb), (bx, by)]);
        angle = next;
    }
    points
}
