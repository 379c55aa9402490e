//! What drawing a tree takes: painted pixels by their weight, layers, filters, and how many pixels live at a time.
//!
//! *Security.* The tree was grown from a drawing that the survey let pass, so walking it is bounded, and its depth too.
//! A layer may be five times as wide and high as the canvas, as the drawer has it; the pixmap of a pattern is as large
//! as the file says, which is why it is looked at here.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "areas: floats are clamped to the largest layer before they become counts, and sides are at most 3,000"
)]

use policy::{Budget, FindingCode};
use resvg::tiny_skia::{PathSegment, Point, Rect, Transform};
use resvg::usvg::{ClipPath, Group, Image, Mask, Node, Paint, Path, Pattern, Stroke, Tree, filter};

/// Sides of the largest layer, in sides of the canvas.
const LAYER_SIDES: f32 = 5.0;
/// How far from the canvas a path may reach, in pixels.
const FAR_PX: f32 = 100_000.0;
/// Pixels of all layers that live at a time.
const LIVE_PX_MAX: u64 = 80_000_000;
/// Weight of a painted pixel against the plainest fill, and of one that is looked up or mixed.
const PAINTED: u64 = 4;
const LOOKED_UP: u64 = 8;
/// Weight of a pixel of a layer: cleared, painted over, and laid onto what is below.
const LAYER: u64 = 16;
/// Weight of a pixel of the plainest filter.
const FILTERED: u64 = 32;
/// Sub-scanlines of a pixel in the anti-aliased fill.
const SUPERSAMPLED: u64 = 4;
/// Points of an outline for one point of the line that is stroked, or for one of its dashes.
const STROKE_POINTS: u64 = 8;
/// Weight of one step of an edge from a line to the next.
const EDGE: u64 = 16;
/// Weight of a point: made an edge, and sorted.
const SORTED: u64 = 256;
/// Nodes of the budget for a node of the tree.
const NODE: u64 = 64;

/// What is spent at once.
#[derive(Debug, Default)]
pub(super) struct Cost {
    px: u64,
    nodes: u64,
    /// Where it ends: walking a tree takes time, too.
    most: (u64, u64),
    canvas: (f32, f32),
}

impl Cost {
    /// Weighs a tree that is drawn on a canvas at a scale.
    pub(super) fn of(
        tree: &Tree,
        canvas: (u32, u32),
        scale: (f32, f32),
        budget: &Budget,
    ) -> Result<Self, FindingCode> {
        let limits = budget.limits();
        let mut cost = Self {
            canvas: (canvas.0 as f32, canvas.1 as f32),
            most: (limits.total_px, limits.nodes),
            ..Self::default()
        };
        let area = u64::from(canvas.0).saturating_mul(u64::from(canvas.1));
        cost.px = area.saturating_mul(LOOKED_UP);
        cost.group(tree.root(), Transform::from_scale(scale.0, scale.1), area)?;
        Ok(cost)
    }

    pub(super) fn spend(&self, budget: &mut Budget) -> Result<(), FindingCode> {
        let spent = budget.spend_drawing(self.px).and_then(|()| budget.spend_nodes(self.nodes));
        spent.map_err(|exhausted| exhausted.0)
    }

    /// Sides of a rectangle under a transform, at most those of the largest layer.
    fn sides(&self, bounds: Rect, transform: Transform) -> (f32, f32) {
        let largest = (self.canvas.0 * LAYER_SIDES, self.canvas.1 * LAYER_SIDES);
        let Some(bounds) = bounds.transform(transform) else { return largest };
        let side = |side: f32, most: f32| if side.is_finite() { (side + 4.0).min(most) } else { most };
        (side(bounds.width(), largest.0), side(bounds.height(), largest.1))
    }

    /// Its pixels.
    fn area(&self, bounds: Rect, transform: Transform) -> u64 {
        let (width, height) = self.sides(bounds, transform);
        (width * height) as u64
    }

    fn add(&mut self, px: u64, times: u64) {
        self.px = self.px.saturating_add(px.saturating_mul(times));
    }

    /// More pixels than may live at a time are a verdict at once.
    fn live(live: u64, more: u64) -> Result<u64, FindingCode> {
        let live = live.saturating_add(more);
        if live > LIVE_PX_MAX { Err(FindingCode::LimitTotalPixels) } else { Ok(live) }
    }

    /// One more node of the tree.
    fn node(&mut self) -> Result<(), FindingCode> {
        self.nodes = self.nodes.saturating_add(NODE);
        if self.nodes > self.most.1 {
            return Err(FindingCode::LimitNodes);
        }
        if self.px > self.most.0 {
            return Err(FindingCode::LimitTotalPixels);
        }
        Ok(())
    }

    fn group(&mut self, group: &Group, transform: Transform, mut live: u64) -> Result<(), FindingCode> {
        self.node()?;
        let transform = transform.pre_concat(group.transform());
        if group.should_isolate() {
            if !group.filters().is_empty() && is_flat(transform) {
                return Err(FindingCode::Unreadable);
            }
            let area = self.area(group.layer_bounding_box().to_rect(), transform);
            live = Self::live(live, area)?;
            self.add(area, LAYER);
            for filter in group.filters() {
                self.filter(filter, transform, live)?;
            }
            if let Some(clip) = group.clip_path() {
                self.clip(clip, transform, area, live)?;
            }
            if let Some(mask) = group.mask() {
                self.mask(mask, transform, area, live)?;
            }
        }
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group, transform, live)?,
                Node::Path(path) => self.path(path, transform, live)?,
                Node::Image(image) => self.image(image, transform, live)?,
                Node::Text(text) => self.group(text.flattened(), transform, live)?,
            }
        }
        Ok(())
    }

    fn clip(
        &mut self,
        clip: &ClipPath,
        transform: Transform,
        area: u64,
        live: u64,
    ) -> Result<(), FindingCode> {
        let live = Self::live(live, area)?;
        self.add(area, LAYER);
        if let Some(further) = clip.clip_path() {
            self.clip(further, transform, area, live)?;
        }
        self.group(clip.root(), transform.pre_concat(clip.transform()), live)
    }

    fn mask(&mut self, mask: &Mask, transform: Transform, area: u64, live: u64) -> Result<(), FindingCode> {
        let live = Self::live(live, area.saturating_mul(2))?;
        self.add(area, LAYER.saturating_mul(2));
        if let Some(further) = mask.mask() {
            self.mask(further, transform, area, live)?;
        }
        self.group(mask.root(), transform, live)
    }

    fn path(&mut self, path: &Path, transform: Transform, live: u64) -> Result<(), FindingCode> {
        self.node()?;
        if !is_near(path.stroke_bounding_box(), transform) {
            return Err(FindingCode::Unreadable);
        }
        let way = Way::of(path, transform);
        if let Some(fill) = path.fill() {
            let times = self.paint(fill.paint(), transform, live)?;
            let area = self.area(path.bounding_box(), transform);
            self.add(area, times);
            self.edges(way.down, way.points, path.bounding_box(), transform);
        }
        if let Some(stroke) = path.stroke() {
            let times = self.paint(stroke.paint(), transform, live)?;
            let area = self.area(path.stroke_bounding_box(), transform);
            self.add(area, times);
            let outline = way.points.saturating_add(dashes(stroke, way.own)).saturating_mul(STROKE_POINTS);
            self.edges(way.down.saturating_mul(2), outline, path.stroke_bounding_box(), transform);
            self.add(way.along, LOOKED_UP);
        }
        Ok(())
    }

    /// Edges are sorted and followed from line to line; each is put in its place among those that cross its first line.
    fn edges(&mut self, down: u64, points: u64, bounds: Rect, transform: Transform) {
        let (_, height) = self.sides(bounds, transform);
        let crossing = down.checked_div(height as u64).unwrap_or(down);
        self.add(down, SUPERSAMPLED.saturating_mul(EDGE));
        self.add(points, SORTED.saturating_add(crossing.saturating_mul(2)));
        self.nodes = self.nodes.saturating_add(points);
    }

    fn paint(&mut self, paint: &Paint, transform: Transform, live: u64) -> Result<u64, FindingCode> {
        match paint {
            Paint::Color(_) => Ok(PAINTED),
            // For every pixel its stops are gone through.
            Paint::LinearGradient(gradient) => Ok(LOOKED_UP.saturating_add(gradient.stops().len() as u64)),
            Paint::RadialGradient(gradient) => Ok(LOOKED_UP.saturating_add(gradient.stops().len() as u64)),
            Paint::Pattern(pattern) => {
                self.pattern(pattern, transform, live)?;
                Ok(LOOKED_UP.saturating_mul(4))
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern, transform: Transform, live: u64) -> Result<(), FindingCode> {
        let (across, down) = transform.pre_concat(pattern.transform()).get_scale();
        let (width, height) = (pattern.rect().width() * across, pattern.rect().height() * down);
        let area = width * height;
        if !area.is_finite() {
            return Err(FindingCode::LimitTotalPixels);
        }
        // The conversion saturates.
        let area = area as u64;
        let live = Self::live(live, area)?;
        self.add(area, LAYER);
        self.group(pattern.root(), Transform::from_scale(across, down), live)
    }

    fn image(&mut self, image: &Image, transform: Transform, live: u64) -> Result<(), FindingCode> {
        self.node()?;
        let own = (image.size().width() * image.size().height()) as u64;
        Self::live(live, own)?;
        self.add(own, LOOKED_UP);
        let area = self.area(image.bounding_box(), transform);
        self.add(area, LOOKED_UP.saturating_mul(4));
        Ok(())
    }

    fn filter(
        &mut self,
        filter: &filter::Filter,
        transform: Transform,
        live: u64,
    ) -> Result<(), FindingCode> {
        let area = self.area(filter.rect().to_rect(), transform);
        // Every result is kept until the filter is done.
        let results = filter.primitives().len() as u64;
        let live = Self::live(live, area.saturating_mul(results.saturating_add(2)))?;
        let (across, down) = transform.get_scale();
        for primitive in filter.primitives() {
            let times = weight(primitive.kind(), across.max(down));
            self.add(area, FILTERED.saturating_add(times));
            if let filter::Kind::Image(image) = primitive.kind() {
                self.group(image.root(), transform, live)?;
            }
        }
        Ok(())
    }
}

/// Whether a path lies where the drawer's own arithmetic bears it.
fn is_near(bounds: Rect, transform: Transform) -> bool {
    bounds.transform(transform).is_some_and(|bounds| {
        let sides = [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()];
        sides.iter().all(|side| side.abs() <= FAR_PX)
    })
}

/// What a pixel of a filter costs more than the plainest.
fn weight(kind: &filter::Kind, scale: f32) -> u64 {
    use filter::Kind as K;
    match kind {
        K::ConvolveMatrix(matrix) => u64::from(matrix.matrix().columns())
            .saturating_mul(u64::from(matrix.matrix().rows()))
            .saturating_mul(8),
        K::Morphology(morphology) => {
            let (across, down) = (morphology.radius_x().get() * scale, morphology.radius_y().get() * scale);
            ((across * 2.0 + 1.0) * (down * 2.0 + 1.0) * 4.0) as u64
        }
        K::Turbulence(turbulence) => u64::from(turbulence.num_octaves()).saturating_mul(256),
        K::DiffuseLighting(_) | K::SpecularLighting(_) => 256,
        K::GaussianBlur(_) | K::DropShadow(_) => 128,
        K::Blend(_)
        | K::ColorMatrix(_)
        | K::ComponentTransfer(_)
        | K::Composite(_)
        | K::DisplacementMap(_)
        | K::Flood(_)
        | K::Image(_)
        | K::Merge(_)
        | K::Offset(_)
        | K::Tile(_) => 0,
    }
}

/// The way of a path by its points, as the drawer follows it: no shorter than the path.
struct Way {
    points: u64,
    /// Pixels up and down.
    down: u64,
    /// Pixels along.
    along: u64,
    /// Length in its own units.
    own: f32,
}

impl Way {
    fn of(path: &Path, transform: Transform) -> Self {
        let (mut down, mut along, mut own) = (0.0_f32, 0.0_f32, 0.0_f32);
        let (mut at, mut first) = (Point::zero(), Point::zero());
        let mut go = |to: Point, from: &mut Point| {
            let (dx, dy) = (to.x - from.x, to.y - from.y);
            let (across, up) = (transform.sx * dx + transform.kx * dy, transform.ky * dx + transform.sy * dy);
            down += up.abs();
            along += across.hypot(up);
            own += dx.hypot(dy);
            *from = to;
        };
        for segment in path.data().segments() {
            match segment {
                PathSegment::MoveTo(to) => (at, first) = (to, to),
                PathSegment::LineTo(to) => go(to, &mut at),
                PathSegment::QuadTo(by, to) => [by, to].into_iter().for_each(|to| go(to, &mut at)),
                PathSegment::CubicTo(from, by, to) => {
                    [from, by, to].into_iter().for_each(|to| go(to, &mut at));
                }
                PathSegment::Close => go(first, &mut at),
            }
        }
        // Conversions saturate, and what is no number is none.
        Self { points: path.data().len() as u64, down: down as u64, along: along as u64, own }
    }
}

/// Dashes along a line of this length.
fn dashes(stroke: &Stroke, length: f32) -> u64 {
    let Some(dashes) = stroke.dasharray() else { return 0 };
    let count = length / dashes.iter().sum::<f32>() * dashes.len() as f32;
    if count.is_nan() { u64::MAX } else { count as u64 }
}

/// Whether a transform lays its axes nearly onto each other: the drawer would widen its layers without end.
fn is_flat(transform: Transform) -> bool {
    let (across, down) = (transform.sx.hypot(transform.ky), transform.kx.hypot(transform.sy));
    let area = (transform.sx * transform.sy - transform.kx * transform.ky) / (across * down);
    area.is_nan() || area.abs() < 0.1
}
