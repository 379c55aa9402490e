//! Enhanced metafiles (\[MS-EMF\]): records → acts on the device.
//!
//! *Security.* One pass; a record names its own length, which is at least 8 and lies inside the file, else the
//! drawing ends there. Counts are held against the octets of their record before anything is allocated. A record that
//! is too short, or that draws what is not drawn here, is passed over and counted.

mod bitmaps;
mod plus;

pub(super) use bitmaps::{COPY, cut};

use super::canvas::{Ink, Keep};
use super::device::{Device, Draw, Ends, Through};
use super::dib::{Alpha, Dib};
use super::font::{Font, LogFont};
use super::octets::Octets;
use super::state::{MapMode, Object, Pen, hatch, opaque};
use super::text::{RUN_MAX, Run};
use policy::{FindingCode, Findings};
use std::rc::Rc;
use tiny_skia::{Color, PathBuilder, Transform};

/// What the header says.
pub(super) struct Header {
    /// The frame in pixels of the reference device: left, top, width, height.
    pub(super) frame: [f32; 4],
    /// The frame in millimetres.
    pub(super) size_mm: (f32, f32),
    /// Pixels of the reference device a millimetre.
    pub(super) per_mm: (f32, f32),
}

/// Reads the header (\[MS-EMF\] §2.3.4.2).
pub(super) fn header(octets: &[u8]) -> Option<Header> {
    let octets = Octets(octets);
    let sides = |at: usize| {
        Some([
            octets.long(at)?,
            octets.long(at.checked_add(4)?)?,
            octets.long(at.checked_add(8)?)?,
            octets.long(at.checked_add(12)?)?,
        ])
    };
    let (bounds, frame) = (sides(8)?, sides(24)?);
    let device = (octets.long(72)?, octets.long(76)?);
    let mm = (octets.long(80)?, octets.long(84)?);
    let per = |px: f32, mm: f32| if px > 0.0 && mm > 0.0 { px / mm } else { 96.0 / 25.4 };
    let per_mm = (per(device.0, mm.0), per(device.1, mm.1));
    let [left, top, right, bottom] = frame.map(|hundredths| hundredths / 100.0);
    let (width, height) = (right - left, bottom - top);
    if width > 0.0 && height > 0.0 {
        let frame = [left * per_mm.0, top * per_mm.1, width * per_mm.0, height * per_mm.1];
        return Some(Header { frame, size_mm: (width, height), per_mm });
    }
    let [left, top, right, bottom] = bounds;
    let (width, height) = ((right - left + 1.0).max(1.0), (bottom - top + 1.0).max(1.0));
    let size_mm = (width / per_mm.0, height / per_mm.1);
    Some(Header { frame: [left, top, width, height], size_mm, per_mm })
}

/// Plays the records; the number of those that could not be read or are not drawn.
pub(super) fn play(octets: &[u8], device: &mut Device<'_>, findings: &mut Findings) -> u32 {
    let (mut at, mut damaged) = (0_usize, 0_u32);
    let mut plus = plus::Plus::default();
    loop {
        // A file that ends before its last record (`EMR_EOF`), or within another, is cut off.
        let rest = octets.get(at..).unwrap_or_default();
        let (kind, size) = (Octets(rest).u32(0), Octets(rest).size(4).filter(|size| *size >= 8));
        let record = size.and_then(|size| rest.get(..size));
        let (Some(kind), Some(size), Some(record)) = (kind, size, record) else {
            damaged = damaged.saturating_add(1);
            break;
        };
        if kind == 14 || device.canvas.exhausted().is_some() {
            break;
        }
        if let Err(exhausted) = device.canvas.budget().spend_nodes(1) {
            device.canvas.exhaust(exhausted.0);
            break;
        }
        if kind == 70 {
            plus.note(Octets(record));
        } else if act(kind, Octets(record), device, findings).is_none() {
            damaged = damaged.saturating_add(1);
        }
        at = at.saturating_add(size);
    }
    // A drawing of the newer kind alone leaves nothing behind but, often, one picture.
    let mut undrawn = plus.alone();
    if device.canvas.drawn == 0 {
        match plus.picture(device.canvas.budget(), findings) {
            Ok(picture) => {
                device.whole(&picture);
                undrawn = undrawn.saturating_sub(1);
            }
            Err(code) => device.lost(code),
        }
    }
    damaged.saturating_add(undrawn).saturating_add(device.undrawn).saturating_add(device.canvas.undrawn)
}

/// One record. `None` if it is too short for what it says, or draws what is not drawn here.
fn act(kind: u32, r: Octets<'_>, device: &mut Device<'_>, findings: &mut Findings) -> Option<()> {
    match kind {
        2..=8 | 85..=91 => lines(kind, r, device)?,
        9..=13 | 16..=26 | 28 | 31..=36 | 57..=58 | 98 | 115 => settings(kind, r, device),
        15 => device.dot((r.long(8)?, r.long(12)?), r.colour(16)?),
        27 => device.move_to((r.long(8)?, r.long(12)?)),
        29 => device.clip_box(sides(r, 8)?, Keep::Outside),
        30 => device.clip_box(sides(r, 8)?, Keep::Inside),
        37 => device.select(r.u32(8)?),
        38 | 39 | 82 | 93..=95 => create(kind, r, device, findings)?,
        40 => {
            device.objects.remove(&r.u32(8)?);
        }
        42 => device.ellipse(sides(r, 8)?),
        43 => device.rectangle(sides(r, 8)?),
        44 => device.round_rectangle(sides(r, 8)?, (r.long(24)?, r.long(28)?)),
        45..=47 | 55 => {
            let ends = match kind {
                46 => Ends::Joined,
                47 => Ends::Centre,
                _ => Ends::Open,
            };
            device.arc(sides(r, 8)?, (r.long(24)?, r.long(28)?), (r.long(32)?, r.long(36)?), ends);
        }
        54 => device.go_on(&[(r.long(8)?, r.long(12)?)], Through::Lines),
        59 => device.begin_path(),
        60 => device.end_path(),
        61 => device.close_figure(),
        62 => device.draw_path(Draw::Fill),
        63 => device.draw_path(Draw::Both),
        64 => device.draw_path(Draw::Stroke),
        67 => device.clip_path(r.u32(8)?),
        68 => device.abort_path(),
        71 => {
            let ink = match device.objects.get(&r.u32(28)?) {
                Some(Object::Brush(brush)) => brush.clone(),
                Some(Object::Pen(_) | Object::Font(_) | Object::Region(_) | Object::Other) | None => None,
            };
            let rectangles = region(r.from(32)?, device)?;
            device.paint_region(&rectangles, ink);
        }
        74 => {
            let ink = device.state.brush.clone();
            let rectangles = region(r.from(28)?, device)?;
            device.paint_region(&rectangles, ink);
        }
        75 => {
            let rectangles = if r.u32(8)? == 0 { Vec::new() } else { region(r.from(16)?, device)? };
            device.clip_region(&rectangles, r.u32(12)?);
        }
        76..=81 | 114 | 116 => bitmaps::draw(kind, r, device, findings)?,
        83 | 84 | 108 => device.text(&text(kind, r, device)?),
        118 => gradient(r, device)?,
        // Arcs by angle, floods, lines of mixed kinds, widened paths, frames, several texts at once, OpenGL.
        41 | 53 | 56 | 66 | 72 | 73 | 92 | 96 | 97 | 102 | 103 => return None,
        // Palettes, colour management, escapes: nothing that is seen.
        _ => {}
    }
    Some(())
}

fn sides(r: Octets<'_>, at: usize) -> Option<[f32; 4]> {
    let next = |number: usize| r.long(at.checked_add(number)?);
    Some([next(0)?, next(4)?, next(8)?, next(12)?])
}

/// Points of a record: `count` of them from `at`, of 16 or 32 bits. None beyond its end.
fn points(
    r: Octets<'_>,
    at: usize,
    count: usize,
    short: bool,
    device: &mut Device<'_>,
) -> Option<Vec<(f32, f32)>> {
    let size = if short { 4 } else { 8 };
    let octets = r.piece(at, count.checked_mul(size)?)?;
    device.spend_points(count)?;
    let pair = |piece: &[u8]| {
        let piece = Octets(piece);
        if short { piece.short(0).zip(piece.short(2)) } else { piece.long(0).zip(piece.long(4)) }
    };
    octets.chunks_exact(size).map(pair).collect()
}

/// Lines, polygons and Béziers (§2.3.5).
fn lines(kind: u32, r: Octets<'_>, device: &mut Device<'_>) -> Option<()> {
    let short = kind >= 85;
    let kind = if short { kind.saturating_sub(83) } else { kind };
    let mut read = || {
        if matches!(kind, 7 | 8) {
            let shapes = r.size(24)?;
            let lengths = r.piece(32, shapes.checked_mul(4)?)?;
            let mut at = shapes.checked_mul(4)?.checked_add(32)?;
            let size = if short { 4 } else { 8 };
            // All shapes are one path, so their points are bounded together.
            device.spend_points(shapes)?;
            let mut total = shapes;
            let mut all = Vec::new();
            for length in lengths.chunks_exact(4) {
                let count = Octets(length).size(0)?;
                total = total.saturating_add(count);
                all.push(points(r, at, count, short, device)?);
                device.hold_points(total)?;
                at = count.checked_mul(size)?.checked_add(at)?;
            }
            return Some(all);
        }
        Some(vec![points(r, 28, r.size(24)?, short, device)?])
    };
    let shapes = read()?;
    let first = shapes.first().map(Vec::as_slice).unwrap_or_default();
    match kind {
        2 => device.beziers(first),
        5 => device.go_on(first, Through::Beziers),
        6 => device.go_on(first, Through::Lines),
        3 | 8 => device.polygons(&shapes, Draw::Both),
        _ => device.polygons(&shapes, Draw::Stroke),
    }
    Some(())
}

/// Records that change the state (§2.3.11, §2.3.12).
fn settings(kind: u32, r: Octets<'_>, device: &mut Device<'_>) {
    let pair = r.long(8).zip(r.long(12));
    let number = r.u32(8);
    let colour = r.colour(8).map(opaque);
    let state = &mut device.state;
    match kind {
        9 => state.window_extent = pair.unwrap_or(state.window_extent),
        10 => state.window_origin = pair.unwrap_or(state.window_origin),
        11 => state.viewport_extent = pair.unwrap_or(state.viewport_extent),
        12 => state.viewport_origin = pair.unwrap_or(state.viewport_origin),
        17 => state.mode = number.and_then(MapMode::of_number).unwrap_or(state.mode),
        18 => state.opaque_background = number == Some(2),
        19 => state.winding = number == Some(2),
        20 => state.mix = number.unwrap_or(13),
        22 => state.text_align = number.unwrap_or(0),
        24 => state.text_colour = colour.unwrap_or(Color::BLACK),
        25 => state.back_colour = colour.unwrap_or(Color::WHITE),
        31 | 32 => scale(kind, r, device),
        33 => device.save(),
        34 => device.restore(r.i32(8).unwrap_or(-1)),
        35 => state.world = matrix(r, 8).unwrap_or(state.world),
        36 => {
            let given = matrix(r, 8).unwrap_or_default();
            state.world = match r.u32(32) {
                Some(1) => Transform::identity(),
                Some(2) => state.world.pre_concat(given),
                Some(3) => state.world.post_concat(given),
                _ => given,
            };
        }
        57 => state.clockwise = number == Some(2),
        58 => state.miter = number.map_or(10.0, |limit| f32::from(u16::try_from(limit).unwrap_or(10))),
        _ => {}
    }
}

fn scale(kind: u32, r: Octets<'_>, device: &mut Device<'_>) {
    let ratio = |at: usize| {
        let (times, by) = r.long(at).zip(r.long(at.saturating_add(4))).unwrap_or((1.0, 1.0));
        if by == 0.0 { 1.0 } else { times / by }
    };
    let (x, y) = (ratio(8), ratio(16));
    let extent = if kind == 31 { &mut device.state.viewport_extent } else { &mut device.state.window_extent };
    *extent = (extent.0 * x, extent.1 * y);
}

fn matrix(r: Octets<'_>, at: usize) -> Option<Transform> {
    let next = |number: usize| r.f32(at.checked_add(number)?);
    let matrix = Transform::from_row(next(0)?, next(4)?, next(8)?, next(12)?, next(16)?, next(20)?);
    matrix.is_finite().then_some(matrix)
}

/// Records that make pens, brushes and fonts (§2.3.7).
fn create(kind: u32, r: Octets<'_>, device: &mut Device<'_>, findings: &mut Findings) -> Option<()> {
    let object = match kind {
        38 => Object::Pen(Pen::of_style(r.u32(12)?, r.long(16)?, r.colour(24)?, &[])),
        39 => Object::Brush(brush(r.u32(12)?, r.colour(16)?, r.u32(20)?)),
        82 => Object::Font(Rc::new(font(r)?)),
        95 => {
            let entries = r.size(48)?.min(16).saturating_mul(4);
            let width = r.long(32)?;
            let dashes: Vec<f32> = r
                .piece(52, entries)
                .map(|piece| piece.chunks_exact(4).filter_map(|dash| Octets(dash).long(0)).collect())
                .unwrap_or_default();
            let dashes: Vec<f32> = dashes.iter().map(|dash| dash.abs() / width.max(1.0)).collect();
            let pen =
                if r.u32(36)? == 1 { None } else { Pen::of_style(r.u32(28)?, width, r.colour(40)?, &dashes) };
            Object::Pen(pen)
        }
        _ => {
            let info = r.piece(r.size(16)?, r.size(20)?)?;
            let bits = r.piece(r.size(24)?, r.size(28)?)?;
            Object::Brush(device.tile(&Dib { info, bits }, findings))
        }
    };
    device.create(r.u32(8)?, object);
    Some(())
}

/// A brush by style, colour and hatch (§2.2.12); `None` fills nothing.
pub(super) fn brush(style: u32, colour: [u8; 3], hatching: u32) -> Option<Ink> {
    match style {
        1 => None,
        2 => hatch(hatching, colour),
        _ => Some(Ink::Plain(opaque(colour))),
    }
}

/// `EMR_EXTCREATEFONTINDIRECTW`.
fn font(r: Octets<'_>) -> Option<Font> {
    let name: Vec<u16> = r
        .piece(40, 64)
        .unwrap_or_default()
        .chunks_exact(2)
        .map_while(|unit| Octets(unit).u16(0).filter(|unit| *unit != 0))
        .collect();
    Some(Font::of(&LogFont {
        height: r.long(12)?,
        escapement: r.long(20)?,
        weight: r.long(28)?,
        italic: r.u8(32)?,
        underline: r.u8(33)?,
        struck: r.u8(34)?,
        charset: r.u8(35)?,
        name: &String::from_utf16_lossy(&name),
    }))
}

/// Points of a rectangle, closed.
const CORNERS: usize = 5;

/// The rectangles of a region (§2.2.24): its bounds where it has none.
fn region(r: Octets<'_>, device: &mut Device<'_>) -> Option<Vec<[f32; 4]>> {
    let count = r.size(8)?;
    let start = r.size(0)?;
    let octets = r.piece(start, count.checked_mul(16)?)?;
    device.spend_points(count.checked_mul(CORNERS)?)?;
    octets.chunks_exact(16).map(|rectangle| sides(Octets(rectangle), 0)).collect()
}

/// Text as glyph numbers instead of characters.
const GLYPH_NUMBERS: u32 = 0x10;
/// Widths in pairs, across and down.
const WIDTHS_IN_PAIRS: u32 = 0x2000;
/// Characters of eight bits (`EMR_SMALLTEXTOUT`).
const SMALL: u32 = 0x200;
/// No rectangle (`EMR_SMALLTEXTOUT`).
const NO_RECTANGLE: u32 = 0x100;

/// `EMR_EXTTEXTOUTA`, `EMR_EXTTEXTOUTW` and `EMR_SMALLTEXTOUT`.
fn text(kind: u32, r: Octets<'_>, device: &Device<'_>) -> Option<Run> {
    let (count, options, start) = if kind == 108 {
        let options = r.u32(20)?;
        (r.size(16)?, options, if options & NO_RECTANGLE == 0 { 52 } else { 36 })
    } else {
        (r.size(44)?, r.u32(52)?, r.size(48)?)
    };
    if count > RUN_MAX {
        return None;
    }
    let narrow = kind == 83 || (kind == 108 && options & SMALL != 0);
    let octets = r.piece(start, count.checked_mul(if narrow { 1 } else { 2 })?)?;
    let units: Vec<u16> = if narrow {
        octets.iter().map(|&unit| u16::from(unit)).collect()
    } else {
        octets.chunks_exact(2).filter_map(|unit| Octets(unit).u16(0)).collect()
    };
    let at = if kind == 108 { (r.long(8)?, r.long(12)?) } else { (r.long(36)?, r.long(40)?) };
    let rectangle = if kind == 108 { None } else { sides(r, 56) };
    let step = if options & WIDTHS_IN_PAIRS == 0 { 4 } else { 8 };
    let widths: Vec<f32> = match r.size(72) {
        Some(start) if kind != 108 && start != 0 => {
            let octets = r.piece(start, count.checked_mul(step)?).unwrap_or_default();
            octets.chunks_exact(step).filter_map(|width| Octets(width).long(0)).collect()
        }
        Some(_) | None => Vec::new(),
    };
    let from_space = device.state.font.counts_from_space;
    let shown = |unit: u16| match options & GLYPH_NUMBERS {
        0 => unit,
        _ if from_space => unit.saturating_add(29),
        _ => 0xfffd,
    };
    Some(run(&units.into_iter().map(shown).collect::<Vec<_>>(), &widths, at, options, rectangle))
}

/// Joins surrogates, and their widths.
fn run(units: &[u16], widths: &[f32], at: (f32, f32), options: u32, rectangle: Option<[f32; 4]>) -> Run {
    let (mut text, mut joined) = (Vec::new(), Vec::new());
    let mut place = 0_usize;
    for character in char::decode_utf16(units.iter().copied()) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        let next = place.saturating_add(character.len_utf16());
        text.push(character);
        if let Some(widths) = widths.get(place..next) {
            joined.push(widths.iter().sum());
        }
        place = next;
    }
    Run { text, widths: joined, at, options, rectangle }
}

/// `EMR_GRADIENTFILL`: rectangles run from corner to corner, triangles get their mean colour.
fn gradient(r: Octets<'_>, device: &mut Device<'_>) -> Option<()> {
    let (vertices, count, mode) = (r.size(24)?, r.size(28)?, r.u32(32)?);
    let start = vertices.checked_mul(16)?.checked_add(36)?;
    let vertex = |number: usize| {
        let at = number.checked_mul(16)?.checked_add(36)?;
        let channel = |by: usize| r.u8(at.checked_add(by)?);
        let colour = [channel(9)?, channel(11)?, channel(13)?];
        (number < vertices).then_some(())?;
        Some(((r.long(at)?, r.long(at.checked_add(4)?)?), colour))
    };
    let each = if mode == 2 { 3 } else { 2 };
    let shapes = r.piece(start, count.checked_mul(each)?.checked_mul(4)?)?;
    for shape in shapes.chunks_exact(each.saturating_mul(4)) {
        if device.canvas.exhausted().is_some() {
            break;
        }
        let corners: Option<Vec<_>> = shape.chunks_exact(4).map(|n| vertex(Octets(n).size(0)?)).collect();
        match corners?.as_slice() {
            [(a, first), (b, last)] => {
                let Some(path) = device.box_path([a.0, a.1, b.0, b.1]) else { continue };
                let end = if mode == 0 { (b.0, a.1) } else { (a.0, b.1) };
                let (from, to) = (device.map(*a), device.map(end));
                let ink = Ink::Gradient([(from.x, from.y), (to.x, to.y)], [opaque(*first), opaque(*last)]);
                device.paint(&path, &ink);
            }
            [(a, one), (b, two), (c, three)] => {
                let mean = |channel: usize| {
                    let values = [one, two, three].map(|colour| colour.get(channel).copied().unwrap_or(0));
                    let sum =
                        values.into_iter().fold(0_u16, |sum, value| sum.saturating_add(u16::from(value)));
                    u8::try_from(sum / 3).unwrap_or(u8::MAX)
                };
                let ink = Ink::Plain(opaque([mean(0), mean(1), mean(2)]));
                let mut builder = PathBuilder::new();
                let [a, b, c] = [*a, *b, *c].map(|corner| device.map(corner));
                builder.move_to(a.x, a.y);
                builder.line_to(b.x, b.y);
                builder.line_to(c.x, c.y);
                builder.close();
                if let Some(path) = builder.finish() {
                    device.paint(&path, &ink);
                }
            }
            _ => {}
        }
    }
    Some(())
}

impl Device<'_> {
    /// A bitmap as a brush.
    pub(super) fn tile(&mut self, dib: &Dib<'_>, findings: &mut Findings) -> Option<Ink> {
        let picture = dib.decode(Alpha::Ignored, self.canvas.budget(), findings);
        let picture = picture.map_err(|code| self.lost(code)).ok();
        let tile = picture.and_then(|picture| {
            // Tiles live as long as their brushes, whose number alone bounds nothing.
            let px = u64::from(picture.width()).saturating_mul(u64::from(picture.height()));
            self.tiles_px = self.tiles_px.checked_sub(px)?;
            super::canvas::pixmap(&picture)
        });
        if tile.is_none() {
            self.undrawn = self.undrawn.saturating_add(1);
        }
        tile.map(|tile| Ink::Tile(Rc::new(tile), 1.0))
    }

    /// A picture that was not drawn: a limit that was met ends the drawing, damage does not.
    pub(super) fn lost(&mut self, code: FindingCode) {
        if code != FindingCode::Unreadable {
            self.canvas.exhaust(code);
        }
    }

    /// One pixel.
    fn dot(&mut self, (x, y): (f32, f32), colour: [u8; 3]) {
        if let Some(path) = self.box_path([x, y, x + 1.0, y + 1.0]) {
            self.paint(&path, &Ink::Plain(opaque(colour)));
        }
    }
}
