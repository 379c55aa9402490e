//! Windows metafiles (\[MS-WMF\]), with or without a placeable header: records → acts on the device.
//!
//! *Security.* As for the enhanced kind: one pass, lengths held against the file, counts against their record.

use super::canvas::Keep;
use super::device::{Device, Draw, Ends, Through};
use super::dib::{Alpha, Dib};
use super::emf::{COPY, brush, cut};
use super::font::{Font, LogFont};
use super::octets::Octets;
use super::state::{MapMode, Object, Pen, opaque};
use super::text::{RUN_MAX, Run};
use policy::Findings;
use std::collections::BTreeSet;
use std::rc::Rc;
use tiny_skia::Color;

/// What the headers say.
pub(super) struct Header {
    /// Where the records begin.
    start: usize,
    /// The picture in logical coordinates: left, top, right, bottom.
    pub(super) sides: [f32; 4],
    /// Its size in millimetres.
    pub(super) size_mm: (f32, f32),
}

const PLACEABLE: u32 = 0x9ac6_cdd7;
/// Logical units an inch where no header says so.
const UNITS: f32 = 1_440.0;

/// Reads the headers (§2.3.2); without a placeable one, the first window is the picture.
pub(super) fn header(octets: &[u8]) -> Option<Header> {
    let o = Octets(octets);
    if o.u32(0)? == PLACEABLE {
        let sides = [o.short(6)?, o.short(8)?, o.short(10)?, o.short(12)?];
        let inch = o.u16(14).filter(|inch| *inch != 0).map_or(UNITS, f32::from);
        return Header::of(40, sides, inch);
    }
    let (mut origin, mut extent) = ((0.0, 0.0), None);
    for (function, r) in records(octets, 18) {
        match function {
            0x020b => origin = (r.short(8)?, r.short(6)?),
            0x020c => extent = extent.or(Some((r.short(8)?, r.short(6)?))),
            _ => {}
        }
        if extent.is_some() && origin != (0.0, 0.0) {
            break;
        }
    }
    let (width, height) = extent.unwrap_or((1_000.0, 1_000.0));
    Header::of(18, [origin.0, origin.1, origin.0 + width, origin.1 + height], UNITS)
}

impl Header {
    fn of(start: usize, sides: [f32; 4], inch: f32) -> Option<Self> {
        let [left, top, right, bottom] = sides;
        let size_mm = ((right - left).abs() / inch * 25.4, (bottom - top).abs() / inch * 25.4);
        (size_mm.0 > 0.0 && size_mm.1 > 0.0).then_some(Self { start, sides, size_mm })
    }
}

/// The records with their function numbers, up to the last or the first that does not fit.
struct Records<'r> {
    octets: &'r [u8],
    at: usize,
    /// Whether the last record was seen (`META_EOF`): a file that ends before it is cut off.
    ended: bool,
}

fn records(octets: &[u8], start: usize) -> Records<'_> {
    Records { octets, at: start, ended: false }
}

impl<'r> Iterator for Records<'r> {
    type Item = (u16, Octets<'r>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.octets.get(self.at..)?;
        let size = Octets(rest).size(0)?.checked_mul(2)?;
        let record = rest.get(..size).filter(|_| size >= 6)?;
        self.at = self.at.checked_add(size)?;
        let function = Octets(record).u16(4)?;
        self.ended = function == 0;
        (!self.ended).then_some((function, Octets(record)))
    }
}

/// The numbers of objects: whatever is made takes the lowest that is free (§3.1.4.1).
#[derive(Default)]
struct Numbers {
    /// Given back, all below `next`.
    free: BTreeSet<u32>,
    /// Never taken yet, and all above it.
    next: u32,
}

impl Numbers {
    fn take(&mut self) -> Option<u32> {
        if let Some(number) = self.free.pop_first() {
            return Some(number);
        }
        let number = Some(self.next).filter(|number| *number <= u32::from(u16::MAX))?;
        self.next = self.next.saturating_add(1);
        Some(number)
    }

    fn give_back(&mut self, number: u32) {
        if number < self.next {
            self.free.insert(number);
        }
    }
}

/// Plays the records; the number of those that could not be read or are not drawn, and one more where they break off.
pub(super) fn play(octets: &[u8], header: &Header, device: &mut Device<'_>, findings: &mut Findings) -> u32 {
    let [left, top, right, bottom] = header.sides;
    let state = &mut device.state;
    state.mode = MapMode::Anisotropic;
    (state.window_origin, state.window_extent) = ((left, top), (right - left, bottom - top));
    state.viewport_extent = (device.canvas.width(), device.canvas.height());
    let (mut damaged, mut numbers) = (0_u32, Numbers::default());
    let mut records = records(octets, header.start);
    for (function, record) in &mut records {
        if let Err(exhausted) = device.canvas.budget().spend_nodes(1) {
            device.canvas.exhaust(exhausted.0);
        }
        if device.canvas.exhausted().is_some() {
            return damaged;
        }
        if act(function, record, device, &mut numbers, findings).is_none() {
            damaged = damaged.saturating_add(1);
        }
    }
    damaged = damaged.saturating_add(device.undrawn).saturating_add(device.canvas.undrawn);
    if records.ended { damaged } else { damaged.saturating_add(1) }
}

/// One record. `None` if it is too short for what it says, or draws what is not drawn here.
fn act(
    function: u16,
    r: Octets<'_>,
    device: &mut Device<'_>,
    numbers: &mut Numbers,
    findings: &mut Findings,
) -> Option<()> {
    match function {
        0x0102 | 0x0104 | 0x0106 | 0x012e | 0x0201 | 0x0209 | 0x020b | 0x020c | 0x020f | 0x0410 => {
            settings(function, r, device)?;
        }
        0x001e => device.save(),
        0x0127 => device.restore(i32::from(r.i16(6)?)),
        0x012d => device.select(u32::from(r.u16(6)?)),
        0x01f0 => {
            let number = u32::from(r.u16(6)?);
            device.objects.remove(&number);
            numbers.give_back(number);
        }
        0x00f7 | 0x0142 | 0x01f9 | 0x02fa | 0x02fb | 0x02fc | 0x06ff => {
            let made = object(function, r, device, findings);
            let undamaged = made.is_some();
            device.create(numbers.take()?, made.unwrap_or(Object::Other));
            return undamaged.then_some(());
        }
        0x0213 => device.go_on(&[(r.short(8)?, r.short(6)?)], Through::Lines),
        0x0214 => device.move_to((r.short(8)?, r.short(6)?)),
        0x0324 | 0x0325 => {
            let count = usize::from(r.u16(6)?);
            let draw = if function == 0x0324 { Draw::Both } else { Draw::Stroke };
            let points = points(r, 8, count, device)?;
            device.polygons(&[points], draw);
        }
        0x0538 => {
            let shapes = usize::from(r.u16(6)?);
            let mut at = shapes.checked_mul(2)?.checked_add(8)?;
            device.spend_points(shapes)?;
            let (mut all, mut total) = (Vec::new(), shapes);
            for number in 0..shapes {
                let count = usize::from(r.u16(number.checked_mul(2)?.checked_add(8)?)?);
                total = total.saturating_add(count);
                all.push(points(r, at, count, device)?);
                device.hold_points(total)?;
                at = count.checked_mul(4)?.checked_add(at)?;
            }
            device.polygons(&all, Draw::Both);
        }
        0x0415 => device.clip_box(sides(r, 6)?, Keep::Outside),
        0x0416 => device.clip_box(sides(r, 6)?, Keep::Inside),
        0x0418 => device.ellipse(sides(r, 6)?),
        0x041b => device.rectangle(sides(r, 6)?),
        0x061c => device.round_rectangle(sides(r, 10)?, (r.short(8)?, r.short(6)?)),
        0x041f => {
            let (x, y) = (r.short(12)?, r.short(10)?);
            let path = device.box_path([x, y, x + 1.0, y + 1.0])?;
            device.paint(&path, &super::canvas::Ink::Plain(opaque(r.colour(6)?)));
        }
        0x0817 | 0x081a | 0x0830 => {
            let ends = match function {
                0x0817 => Ends::Open,
                0x081a => Ends::Centre,
                _ => Ends::Joined,
            };
            device.arc(sides(r, 14)?, (r.short(12)?, r.short(10)?), (r.short(8)?, r.short(6)?), ends);
        }
        0x0521 | 0x0a32 => device.text(&text(function, r, device)?),
        0x061d => {
            let target = [r.short(16)?, r.short(14)?, r.short(12)?, r.short(10)?];
            device.pattern(target, r.u32(6)?)?;
        }
        0x0940 | 0x0b41 | 0x0d33 | 0x0f43 => bitmap(function, r, device, findings)?,
        // Without bits it is the same record as its successor.
        0x0922 if r.0.len() == 24 => bitmap(0x0940, r, device, findings)?,
        // Bits of a device that is not ours, floods, and the regions that are painted: drawn there, not here.
        0x012a | 0x012b | 0x0228 | 0x0419 | 0x0429 | 0x0548 | 0x0922 | 0x0b23 => return None,
        // Palettes, escapes, clips by number: nothing that is lost by being passed over.
        _ => {}
    }
    Some(())
}

/// Left, top, right, bottom, which stand in reverse.
fn sides(r: Octets<'_>, at: usize) -> Option<[f32; 4]> {
    let next = |number: usize| r.short(at.checked_add(number)?);
    Some([next(6)?, next(4)?, next(2)?, next(0)?])
}

fn points(r: Octets<'_>, at: usize, count: usize, device: &mut Device<'_>) -> Option<Vec<(f32, f32)>> {
    let octets = r.piece(at, count.checked_mul(4)?)?;
    device.spend_points(count)?;
    octets.chunks_exact(4).map(|point| Octets(point).short(0).zip(Octets(point).short(2))).collect()
}

fn settings(function: u16, r: Octets<'_>, device: &mut Device<'_>) -> Option<()> {
    let state = &mut device.state;
    match function {
        0x0102 => state.opaque_background = r.u16(6)? == 2,
        0x0104 => state.mix = u32::from(r.u16(6)?),
        0x0106 => state.winding = r.u16(6)? == 2,
        0x012e => state.text_align = u32::from(r.u16(6)?),
        0x0201 => state.back_colour = opaque(r.colour(6)?),
        0x0209 => state.text_colour = opaque(r.colour(6)?),
        0x020b => state.window_origin = (r.short(8)?, r.short(6)?),
        0x020c => state.window_extent = (r.short(8)?, r.short(6)?),
        0x020f => {
            let (x, y) = state.window_origin;
            state.window_origin = (x + r.short(8)?, y + r.short(6)?);
        }
        _ => {
            let ratio = |times: f32, by: f32| if by == 0.0 { 1.0 } else { times / by };
            let (x, y) = (ratio(r.short(12)?, r.short(10)?), ratio(r.short(8)?, r.short(6)?));
            state.window_extent = (state.window_extent.0 * x, state.window_extent.1 * y);
        }
    }
    Some(())
}

/// Pens, brushes, fonts, regions (§2.3.4): whatever is made takes the lowest free number.
fn object(function: u16, r: Octets<'_>, device: &mut Device<'_>, findings: &mut Findings) -> Option<Object> {
    Some(match function {
        0x02fa => Object::Pen(Pen::of_style(u32::from(r.u16(6)?), r.short(8)?, r.colour(12)?, &[])),
        0x02fb => Object::Font(Rc::new(font(r)?)),
        0x02fc => Object::Brush(brush(u32::from(r.u16(6)?), r.colour(8)?, u32::from(r.u16(12)?))),
        0x0142 => Object::Brush(device.tile(&Dib::packed(r.0.get(10..)?)?, findings)),
        0x01f9 => Object::Brush(Some(super::canvas::Ink::Plain(Color::from_rgba8(192, 192, 192, 255)))),
        0x06ff => {
            let [left, top, right, bottom] = [r.short(20)?, r.short(22)?, r.short(24)?, r.short(26)?];
            Object::Region(Rc::new(vec![[left, top, right, bottom]]))
        }
        _ => Object::Other,
    })
}

fn font(r: Octets<'_>) -> Option<Font> {
    let charset = r.u8(19)?;
    let name = r.0.get(24..).unwrap_or_default();
    let name = name.get(..32).unwrap_or(name).split(|octet| *octet == 0).next().unwrap_or_default();
    Some(Font::of(&LogFont {
        height: r.short(6)?,
        escapement: r.short(10)?,
        weight: r.short(14)?,
        italic: r.u8(16)?,
        underline: r.u8(17)?,
        struck: r.u8(18)?,
        charset,
        name: &encoding(charset).decode_without_bom_handling(name).0,
    }))
}

/// The code page of a Windows charset number (§2.1.1.5).
fn encoding(charset: u8) -> &'static encoding_rs::Encoding {
    match charset {
        128 => encoding_rs::SHIFT_JIS,
        129 => encoding_rs::EUC_KR,
        134 => encoding_rs::GBK,
        136 => encoding_rs::BIG5,
        161 => encoding_rs::WINDOWS_1253,
        162 => encoding_rs::WINDOWS_1254,
        204 => encoding_rs::WINDOWS_1251,
        238 => encoding_rs::WINDOWS_1250,
        _ => encoding_rs::WINDOWS_1252,
    }
}

/// `TextOut` and `ExtTextOut`. Widths stand for octets: a character takes those of all its octets.
fn text(function: u16, r: Octets<'_>, device: &Device<'_>) -> Option<Run> {
    let (count, at, options, start, rectangle) = if function == 0x0521 {
        let count = usize::from(r.u16(6)?);
        let after = count.checked_add(count % 2)?.checked_add(8)?;
        (count, (r.short(after.checked_add(2)?)?, r.short(after)?), 0, 8, None)
    } else {
        let options = u32::from(r.u16(12)?);
        let boxed = options & 6 != 0;
        let rectangle =
            if boxed { Some([r.short(14)?, r.short(16)?, r.short(18)?, r.short(20)?]) } else { None };
        let start = if boxed { 22 } else { 14 };
        (usize::from(r.u16(10)?), (r.short(8)?, r.short(6)?), options, start, rectangle)
    };
    if count > RUN_MAX {
        return None;
    }
    let octets = r.piece(start, count)?;
    let widths_at = start.checked_add(count)?.checked_add(count % 2)?;
    let given: Vec<f32> = if function == 0x0521 {
        Vec::new()
    } else {
        let octets = r.piece(widths_at, count.checked_mul(2)?).unwrap_or_default();
        octets.chunks_exact(2).filter_map(|width| Octets(width).short(0)).collect()
    };
    let encoding = encoding(device.state.font.charset);
    let (mut text, mut widths) = (Vec::new(), Vec::new());
    let mut place = 0_usize;
    while let Some(rest) = octets.get(place..).filter(|rest| !rest.is_empty()) {
        let two = rest.first().is_some_and(|lead| leads(encoding, *lead)) && rest.len() > 1;
        let length = if two { 2 } else { 1 };
        let piece = rest.get(..length).unwrap_or_default();
        let mut read = encoding.decode_without_bom_handling(piece).0.chars().collect::<Vec<_>>();
        let next = place.saturating_add(length);
        let width = given.get(place..next).map(|widths| widths.iter().sum::<f32>());
        text.push(read.pop().unwrap_or(char::REPLACEMENT_CHARACTER));
        widths.extend(width);
        place = next;
    }
    Some(Run { text, widths, at, options, rectangle })
}

/// Whether an octet begins a character of two.
fn leads(encoding: &'static encoding_rs::Encoding, octet: u8) -> bool {
    if encoding.is_single_byte() {
        return false;
    }
    if encoding == encoding_rs::SHIFT_JIS {
        return matches!(octet, 0x81..=0x9f | 0xe0..=0xfc);
    }
    octet >= 0x81
}

/// Records that draw bitmaps (§2.3.1).
fn bitmap(function: u16, r: Octets<'_>, device: &mut Device<'_>, findings: &mut Findings) -> Option<()> {
    // Where the destination stands, and where the bitmap begins: the shorter form of two records has none.
    let long = |at: usize| r.short(at);
    let (target, source, operation, start) = match function {
        0x0f43 => (
            [long(26)?, long(24)?, long(22)?, long(20)?],
            [long(18)?, long(16)?, long(14)?, long(12)?],
            r.u32(6)?,
            28,
        ),
        0x0b41 => (
            [long(24)?, long(22)?, long(20)?, long(18)?],
            [long(16)?, long(14)?, long(12)?, long(10)?],
            r.u32(6)?,
            26,
        ),
        0x0940 => {
            if r.0.len() == 24 {
                return device.pattern([long(22)?, long(20)?, long(18)?, long(16)?], r.u32(6)?);
            }
            let size = (long(16)?, long(14)?);
            ([long(20)?, long(18)?, size.0, size.1], [long(12)?, long(10)?, size.0, size.1], r.u32(6)?, 22)
        }
        _ => {
            let size = (long(18)?, long(16)?);
            ([long(22)?, long(20)?, size.0, size.1], [long(14)?, long(12)?, size.0, size.1], COPY, 24)
        }
    };
    let dib = Dib::packed(r.0.get(start..)?)?;
    let upwards = Octets(dib.info).i32(8).is_some_and(|rows| rows > 0) && matches!(function, 0x0f43 | 0x0d33);
    match dib.decode(Alpha::Ignored, device.canvas.budget(), findings) {
        Ok(picture) => {
            let mut picture = cut(picture, source, upwards);
            if let Some(blend) = device.operation(operation, &mut picture) {
                device.picture(&picture, target, blend);
            }
            Some(())
        }
        Err(code) => {
            device.lost(code);
            None
        }
    }
}
