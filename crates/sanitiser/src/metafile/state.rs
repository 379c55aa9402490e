//! The state of a device context: what is selected, and how logical coordinates become pixels
//! (\[MS-EMF\] §3.1.1.2, \[MS-WMF\] §3.1.4).

use super::canvas::{Clip, Ink};
use super::font::Font;
use std::rc::Rc;
use tiny_skia::{Color, LineCap, LineJoin, Pixmap, Transform};

/// A pen.
#[derive(Clone)]
pub(super) struct Pen {
    pub(super) colour: Color,
    /// Logical units; 0 is the thinnest line.
    pub(super) width: f32,
    /// In multiples of the width.
    pub(super) dashes: Vec<f32>,
    pub(super) cap: LineCap,
    pub(super) join: LineJoin,
}

impl Pen {
    /// A thin line of one colour.
    pub(super) fn thin(colour: Color) -> Self {
        Self { colour, width: 0.0, dashes: Vec::new(), cap: LineCap::Round, join: LineJoin::Round }
    }

    /// By a style (\[MS-EMF\] §2.1.25); `None` draws nothing.
    pub(super) fn of_style(style: u32, width: f32, colour: [u8; 3], own: &[f32]) -> Option<Self> {
        let dashes: &[f32] = match style & 0xf {
            1 => &[6.0, 2.0],
            2 => &[1.0, 1.5],
            3 => &[5.0, 2.0, 1.0, 2.0],
            4 => &[5.0, 2.0, 1.0, 2.0, 1.0, 2.0],
            5 => return None,
            7 => own,
            8 => &[1.0, 1.0],
            _ => &[],
        };
        let cap = match style & 0xf00 {
            0x100 => LineCap::Square,
            0x200 => LineCap::Butt,
            _ => LineCap::Round,
        };
        let join = match style & 0xf000 {
            0x1000 => LineJoin::Bevel,
            0x2000 => LineJoin::Miter,
            _ => LineJoin::Round,
        };
        // Round ends would close the gaps of a dashed line.
        let cap = if dashes.is_empty() { cap } else { LineCap::Butt };
        Some(Self { colour: opaque(colour), width: width.abs(), dashes: dashes.to_vec(), cap, join })
    }
}

/// Something that can be selected.
#[derive(Clone)]
pub(super) enum Object {
    Pen(Option<Pen>),
    Brush(Option<Ink>),
    Font(Rc<Font>),
    /// Rectangles of a region, left, top, right, bottom.
    Region(Rc<Vec<[f32; 4]>>),
    /// Palettes, colour spaces: they keep their number.
    Other,
}

/// How drawing mixes with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MapMode {
    /// One unit is one pixel of the device.
    Text,
    /// Units of this many hundredths of a millimetre, upwards.
    Metric(u16),
    /// Window to viewport, both axes alike.
    Isotropic,
    /// Window to viewport.
    Anisotropic,
}

impl MapMode {
    /// By its number (\[MS-EMF\] §2.1.21).
    pub(super) fn of_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Text,
            2 => Self::Metric(1_000),
            3 => Self::Metric(100),
            4 => Self::Metric(2_540),
            5 => Self::Metric(254),
            6 => Self::Metric(176),
            7 => Self::Isotropic,
            8 => Self::Anisotropic,
            _ => return None,
        })
    }
}

/// The state that `SaveDC` keeps.
#[derive(Clone)]
pub(super) struct State {
    pub(super) world: Transform,
    pub(super) mode: MapMode,
    pub(super) window_origin: (f32, f32),
    pub(super) window_extent: (f32, f32),
    pub(super) viewport_origin: (f32, f32),
    pub(super) viewport_extent: (f32, f32),
    pub(super) pen: Option<Pen>,
    pub(super) brush: Option<Ink>,
    pub(super) font: Rc<Font>,
    pub(super) text_colour: Color,
    pub(super) back_colour: Color,
    pub(super) opaque_background: bool,
    pub(super) winding: bool,
    pub(super) text_align: u32,
    pub(super) mix: u32,
    pub(super) miter: f32,
    pub(super) clockwise: bool,
    pub(super) at: (f32, f32),
    pub(super) clip: Clip,
}

impl State {
    /// The state in which a drawing begins.
    pub(super) fn new() -> Self {
        Self {
            world: Transform::identity(),
            mode: MapMode::Text,
            window_origin: (0.0, 0.0),
            window_extent: (1.0, 1.0),
            viewport_origin: (0.0, 0.0),
            viewport_extent: (1.0, 1.0),
            pen: Some(Pen::thin(Color::BLACK)),
            brush: Some(Ink::Plain(Color::WHITE)),
            font: Rc::new(Font::standard()),
            text_colour: Color::BLACK,
            back_colour: Color::WHITE,
            opaque_background: true,
            winding: false,
            text_align: 0,
            mix: 13,
            miter: 10.0,
            clockwise: false,
            at: (0.0, 0.0),
            clip: None,
        }
    }

    /// Logical coordinates → coordinates of the device. `per_mm` are its pixels a millimetre.
    pub(super) fn to_device(&self, per_mm: (f32, f32)) -> Transform {
        let ratio = |viewport: f32, window: f32| if window == 0.0 { 1.0 } else { viewport / window };
        let (x, y) = (
            ratio(self.viewport_extent.0, self.window_extent.0),
            ratio(self.viewport_extent.1, self.window_extent.1),
        );
        let (x, y) = match self.mode {
            MapMode::Text => (1.0, 1.0),
            MapMode::Metric(hundredths) => {
                let mm = f32::from(hundredths) / 10_000.0;
                (mm * per_mm.0, -mm * per_mm.1)
            }
            MapMode::Isotropic => {
                let least = x.abs().min(y.abs());
                (least.copysign(x), least.copysign(y))
            }
            MapMode::Anisotropic => (x, y),
        };
        let origin = (
            self.viewport_origin.0 - self.window_origin.0 * x,
            self.viewport_origin.1 - self.window_origin.1 * y,
        );
        self.world.post_concat(Transform::from_row(x, 0.0, 0.0, y, origin.0, origin.1))
    }
}

/// An opaque colour.
pub(super) fn opaque([r, g, b]: [u8; 3]) -> Color {
    Color::from_rgba8(r, g, b, 255)
}

/// An object that every device has (\[MS-EMF\] §2.1.31).
pub(super) fn stock(number: u32) -> Option<Object> {
    let brush = |grey: u8| Object::Brush(Some(Ink::Plain(opaque([grey; 3]))));
    Some(match number {
        0 | 18 => brush(255),
        1 => brush(192),
        2 => brush(128),
        3 => brush(64),
        4 => brush(0),
        5 => Object::Brush(None),
        6 => Object::Pen(Some(Pen::thin(Color::WHITE))),
        7 | 19 => Object::Pen(Some(Pen::thin(Color::BLACK))),
        8 => Object::Pen(None),
        10..=17 => Object::Font(Rc::new(Font::standard())),
        _ => return None,
    })
}

/// A hatched brush (\[MS-EMF\] §2.1.17) as a tile of eight pixels.
pub(super) fn hatch(style: u32, [r, g, b]: [u8; 3]) -> Option<Ink> {
    let mut tile = Pixmap::new(8, 8)?;
    let ink = Color::from_rgba8(r, g, b, 255).premultiply().to_color_u8();
    for (place, pixel) in (0_usize..).zip(tile.pixels_mut()) {
        let (x, y) = (place % 8, place / 8);
        let (across, down) = (y == 4, x == 4);
        let (falls, rises) = (x == y, x.saturating_add(y) == 7);
        let set = match style {
            0 => across,
            1 => down,
            2 => falls,
            3 => rises,
            4 => across || down,
            5 => falls || rises,
            _ => true,
        };
        if set {
            *pixel = ink;
        }
    }
    Some(Ink::Tile(Rc::new(tile), 1.0))
}
