//! A GIF of several frames (GIF 89a) → a GIF of the same frames, written anew.
//!
//! Each frame is decoded to the numbers of its colours and packed again, at its place on the screen, with its own
//! colours: no pixel changes, and none is mixed anew. Written are the signature, the screen, a table of colours for all
//! where there was one, how often the whole repeats (`NETSCAPE2.0`), and for each frame its control (delay, disposal,
//! what is transparent), its place, a table of its own where it had one, and its pixels, not interlaced; then the
//! trailer. Comments, texts, other extensions and what stood behind the trailer have no place in that form.
//!
//! *Security.* Given any octets that begin as a GIF. The `gif` crate meets them (it does so for still pictures, too);
//! each frame is spent from the budget before room is made for it. At most [`FRAMES_MAX`] frames and
//! [`AREAS_MAX`] times the pixels of one image; one frame is held at a time.

use super::{decode, outline::Outline};
use gif::{ColorOutput, DecodeOptions, Decoder, DisposalMethod, Frame, MemoryLimit, Repeat};
use policy::Budget;
use std::io::Cursor;
use std::num::NonZeroU64;

/// Most frames.
pub(super) const FRAMES_MAX: u32 = 500;
/// Most pixels of all frames, in those of one image.
const AREAS_MAX: u64 = 4;
/// Programs show a frame that names less than 2 hundredths of a second for this long.
const DELAY_UNSAID: u16 = 10;
/// Longest time of a frame, in hundredths of a second.
const DELAY_MAX: u16 = 6_000;
/// Codes of at most twelve bits.
const CODES_MAX: u16 = 4_096;

/// The frames that could be written, and how many.
pub(super) struct Animation {
    pub(super) octets: Vec<u8>,
    pub(super) frames: u32,
}

/// Writes an animation anew; `None` where it is none, cannot be read or is larger than may be: then its first frame is
/// what is left of it. What stood in front of a fault is kept.
pub(super) fn rewrite(input: &[u8], outline: &Outline, budget: &mut Budget) -> Option<Animation> {
    let announced =
        outline.further_frames.checked_add(1).filter(|frames| (2..=FRAMES_MAX).contains(frames))?;
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(budget.limits().image_px.max(1))?));
    let mut decoder = options.read_info(Cursor::new(input)).ok()?;
    let (width, height) = (decoder.width(), decoder.height());
    // Colours of another space would have to be brought over table by table.
    if decoder.icc_profile().is_some() {
        return None;
    }
    decode::spend(u32::from(width), u32::from(height), budget).ok()?;
    let global = decoder.global_palette().and_then(Table::of);
    let mut octets = b"GIF89a".to_vec();
    octets.extend(width.to_le_bytes());
    octets.extend(height.to_le_bytes());
    octets.extend([global.as_ref().map_or(0, |table| 0x80 | 0x70 | table.size()), 0, 0]);
    octets.extend(global.iter().flat_map(|table| &table.colours));
    match decoder.repeat() {
        Repeat::Finite(0) => {}
        Repeat::Finite(times) => repeat(&mut octets, times),
        Repeat::Infinite => repeat(&mut octets, 0),
    }
    let room = budget.limits().image_px.saturating_mul(AREAS_MAX);
    let mut screen = Screen { width, height, colours: global, room, strings: Strings::new() };
    let mut frames = 0u32;
    while frames < announced {
        match frame(&mut decoder, &mut screen, budget) {
            Ok(Some(written)) => octets.extend(written),
            Ok(None) => break,
            // What is larger than may be, or what cannot be shown at its place, is none.
            Err(Fault::NotShown) => return None,
            Err(Fault::Broken) => break,
        }
        frames = frames.saturating_add(1);
    }
    octets.push(0x3b);
    (frames > 1 && !means_something_else(&octets)).then_some(Animation { octets, frames })
}

/// Programs look for a PDF near the front of any file and for a ZIP directory from its end; colours can be made to
/// read so.
fn means_something_else(octets: &[u8]) -> bool {
    let head = octets.get(..1_024).unwrap_or(octets);
    head.windows(5).any(|five| five == b"%PDF-") || octets.windows(4).any(|four| four == b"PK\x05\x06")
}

/// The extension that says how often the whole repeats; 0 without end.
fn repeat(octets: &mut Vec<u8>, times: u16) {
    octets.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
    octets.extend(times.to_le_bytes());
    octets.push(0);
}

/// What all frames share.
struct Screen {
    width: u16,
    height: u16,
    colours: Option<Table>,
    /// Pixels that frames may still have.
    room: u64,
    strings: Strings,
}

/// Why a frame is not written.
enum Fault {
    /// It is no frame of this screen, or too much.
    NotShown,
    /// The file breaks off or lies.
    Broken,
}

/// A table of 2 to 256 colours, of which there are as many as a power of two.
struct Table {
    colours: Vec<u8>,
}

impl Table {
    fn of(colours: &[u8]) -> Option<Self> {
        let count = colours.len().checked_div(3).filter(|count| (1..=256).contains(count))?;
        Some(Self { colours: colours.to_vec() }.with_room(count))
    }

    /// How many colours there are.
    fn len(&self) -> usize {
        self.colours.len().div_ceil(3)
    }

    /// The exponent of their count, less one: how a table says what it holds.
    fn size(&self) -> u8 {
        (1..=8u8).find(|bits| self.len() <= 1usize << bits).unwrap_or(8).saturating_sub(1)
    }

    /// The same colours and as many of black that there are `count`, and a power of two.
    fn with_room(mut self, count: usize) -> Self {
        let count = count.clamp(2, 256).next_power_of_two();
        self.colours.resize(count.saturating_mul(3), 0);
        self
    }
}

/// The next frame; `None` behind the last.
fn frame(
    decoder: &mut Decoder<Cursor<&[u8]>>,
    screen: &mut Screen,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>, Fault> {
    let info = match decoder.next_frame_info() {
        Ok(Some(info)) => Frame { buffer: Vec::new().into(), ..info.clone() },
        Ok(None) => return Ok(None),
        Err(_) => return Err(Fault::Broken),
    };
    let area = u64::from(info.width).saturating_mul(u64::from(info.height));
    screen.room = screen.room.checked_sub(area).ok_or(Fault::NotShown)?;
    let is_paid = budget.spend_image(u64::from(info.width), u64::from(info.height)).is_ok();
    // What reaches over the edge of the screen is not seen.
    let width = info.width.min(screen.width.saturating_sub(info.left));
    let height = info.height.min(screen.height.saturating_sub(info.top));
    if !is_paid || width == 0 || height == 0 {
        return Err(Fault::NotShown);
    }
    let length = usize::try_from(area).ok().ok_or(Fault::NotShown)?;
    let mut pixels = decode::white(length).ok().ok_or(Fault::NotShown)?;
    decoder.read_into_buffer(&mut pixels).ok().ok_or(Fault::Broken)?;
    if width < info.width || height < info.height {
        let rows = pixels.chunks_exact(usize::from(info.width)).take(usize::from(height));
        pixels = rows.flat_map(|row| row.get(..usize::from(width)).unwrap_or_default()).copied().collect();
    }
    let own = info.palette.as_deref().and_then(Table::of);
    Ok(Some(written(&info, (width, height), pixels, own, screen)))
}

/// A frame as it is written.
fn written(
    info: &Frame<'_>,
    (width, height): (u16, u16),
    mut pixels: Vec<u8>,
    own: Option<Table>,
    screen: &mut Screen,
) -> Vec<u8> {
    let global = screen.colours.as_ref();
    let count = own.as_ref().or(global).map_or(0, Table::len);
    // Numbers behind the table have no colour: nothing is shown of them.
    let stray = pixels.iter().copied().find(|&number| usize::from(number) >= count);
    let transparent = info.transparent.or(stray);
    let needed = transparent.map_or(0, |number| usize::from(number).saturating_add(1));
    if let (Some(_), Some(transparent)) = (stray, transparent) {
        pixels
            .iter_mut()
            .filter(|number| usize::from(**number) >= count)
            .for_each(|number| *number = transparent);
    }
    // A table that has no room for what is transparent is written larger, for this frame alone.
    let own = match own {
        Some(table) => Some(if needed > count { table.with_room(needed) } else { table }),
        None => global
            .filter(|_| needed > count)
            .map(|table| Table { colours: table.colours.clone() }.with_room(needed)),
    };
    let table = own.as_ref().or(global);
    let disposal = match info.dispose {
        DisposalMethod::Any => 0u8,
        DisposalMethod::Keep => 1,
        DisposalMethod::Background => 2,
        DisposalMethod::Previous => 3,
    };
    let delay = if info.delay < 2 { DELAY_UNSAID } else { info.delay.min(DELAY_MAX) };
    let mut octets = vec![0x21, 0xf9, 4, (disposal << 2) | u8::from(transparent.is_some())];
    octets.extend(delay.to_le_bytes());
    octets.extend([transparent.unwrap_or(0), 0, 0x2c]);
    for number in [info.left, info.top, width, height] {
        octets.extend(number.to_le_bytes());
    }
    octets.push(own.as_ref().map_or(0, |table| 0x80 | table.size()));
    octets.extend(own.iter().flat_map(|table| &table.colours));
    let bits = table.map_or(8, Table::size).saturating_add(1).max(2);
    octets.push(bits);
    for block in packed(&pixels, bits, &mut screen.strings).chunks(255) {
        octets.push(u8::try_from(block.len()).unwrap_or(u8::MAX));
        octets.extend(block);
    }
    octets.push(0);
    octets
}

/// Codes on their way to octets, the lowest bit first.
struct Codes {
    octets: Vec<u8>,
    held: u32,
    bits: u32,
}

impl Codes {
    fn push(&mut self, code: u16, width: u32) {
        self.held |= u32::from(code) << self.bits;
        self.bits = self.bits.saturating_add(width);
        while self.bits >= 8 {
            let [low, ..] = self.held.to_le_bytes();
            self.octets.push(low);
            self.held >>= 8;
            self.bits = self.bits.saturating_sub(8);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.bits > 0 {
            let [low, ..] = self.held.to_le_bytes();
            self.octets.push(low);
        }
        self.octets
    }
}

/// The strings of the table, by the code of what stands before their last octet and that octet. A place for each that
/// may be: places that are shared could be made to cost what the table is long for every pixel.
struct Strings {
    /// In which table a string was written, and its code there.
    slots: Vec<(u16, u16)>,
    table: u16,
}

impl Strings {
    fn new() -> Self {
        Self { slots: vec![(0, 0); 1 << 20], table: 0 }
    }

    /// Begins a table.
    fn begin(&mut self) {
        self.table = self.table.wrapping_add(1);
        if self.table == 0 {
            self.slots.fill((0, 0));
            self.table = 1;
        }
    }

    fn slot(&mut self, prefix: u16, pixel: u8) -> Option<&mut (u16, u16)> {
        self.slots.get_mut((usize::from(prefix) << 8) | usize::from(pixel))
    }

    /// The code of a string.
    fn code(&mut self, prefix: u16, pixel: u8) -> Option<u16> {
        let table = self.table;
        self.slot(prefix, pixel).filter(|(written, _)| *written == table).map(|(_, code)| *code)
    }

    fn keep(&mut self, prefix: u16, pixel: u8, code: u16) {
        let table = self.table;
        if let Some(slot) = self.slot(prefix, pixel) {
            *slot = (table, code);
        }
    }
}

/// The pixels as codes of variable length (GIF 89a appendix F): the table is begun anew as soon as it is full.
fn packed(pixels: &[u8], bits: u8, strings: &mut Strings) -> Vec<u8> {
    let clear = 1u16 << bits;
    let (end, first_free) = (clear.saturating_add(1), clear.saturating_add(2));
    let least = u32::from(bits).saturating_add(1);
    let mut codes = Codes { octets: Vec::new(), held: 0, bits: 0 };
    codes.push(clear, least);
    let Some((&first, rest)) = pixels.split_first() else {
        codes.push(end, least);
        return codes.finish();
    };
    let (mut next, mut width) = (first_free, least);
    strings.begin();
    let mut prefix = u16::from(first);
    for &pixel in rest {
        if let Some(code) = strings.code(prefix, pixel) {
            prefix = code;
            continue;
        }
        codes.push(prefix, width);
        if next < CODES_MAX {
            strings.keep(prefix, pixel, next);
            width = wider(next, width);
            next = next.saturating_add(1);
        } else {
            codes.push(clear, width);
            strings.begin();
            (next, width) = (first_free, least);
        }
        prefix = u16::from(pixel);
    }
    codes.push(prefix, width);
    codes.push(end, wider(next, width));
    codes.finish()
}

/// The width of codes once `next` is one of them.
fn wider(next: u16, width: u32) -> u32 {
    if u32::from(next) == 1 << width && width < 12 { width.saturating_add(1) } else { width }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test pictures")]
mod tests {
    use super::*;
    use crate::raster::outline::{self, Format};
    use image::{AnimationDecoder, codecs::gif::GifDecoder};
    use policy::Limits;

    /// Delays and pixels of the frames as they are shown.
    fn shown(octets: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let decoder = GifDecoder::new(Cursor::new(octets)).unwrap();
        let frames = decoder.into_frames().collect_frames().unwrap();
        frames.into_iter().map(|f| (f.delay().numer_denom_ms().0, f.into_buffer().into_raw())).collect()
    }

    fn made(input: &[u8], limits: &Limits) -> Option<Animation> {
        rewrite(input, &outline::survey(Format::Gif, input), &mut Budget::new(limits))
    }

    /// A GIF by the crate's own writer: `count` frames of a picture that moves, over a screen of 40 × 30.
    fn moving(count: u16, own_tables: bool) -> Vec<u8> {
        let table: Vec<u8> = (0..=255u8).flat_map(|n| [n, n.wrapping_mul(3), 255 - n]).collect();
        let mut octets = Vec::new();
        let mut writer = gif::Encoder::new(&mut octets, 40, 30, &table).unwrap();
        writer.set_repeat(Repeat::Finite(7)).unwrap();
        for number in 0..count {
            let (width, height) = if number == 0 { (40, 30) } else { (20, 11) };
            let pixel = |at: u16| u8::try_from((at.wrapping_mul(at) ^ (number * 31)) % 256).unwrap();
            let palette = own_tables.then(|| table.iter().rev().copied().take(96).collect());
            let pixels: Vec<u8> =
                (0..width * height).map(|at| pixel(at) % if own_tables { 32 } else { 255 }).collect();
            let frame = Frame {
                delay: number,
                dispose: [DisposalMethod::Keep, DisposalMethod::Background, DisposalMethod::Previous]
                    [usize::from(number % 3)],
                transparent: (number % 2 == 1).then_some(5),
                top: number % 7,
                left: if number == 0 { 0 } else { number % 15 },
                width,
                height,
                palette,
                buffer: pixels.into(),
                ..Frame::default()
            };
            writer.write_frame(&frame).unwrap();
        }
        drop(writer);
        octets
    }

    #[test]
    fn every_frame_is_shown_as_before() {
        let mut ran = 0;
        for (count, own_tables) in [(2, false), (2, true), (9, false), (60, true)] {
            let input = moving(count, own_tables);
            let animation = made(&input, &Limits::STANDARD).unwrap();
            assert_eq!(animation.frames, u32::from(count));
            let (before, after) = (shown(&input), shown(&animation.octets));
            assert_eq!(before.len(), after.len());
            for (number, (before, after)) in before.iter().zip(&after).enumerate() {
                let delay = if before.0 < 20 { 100 } else { before.0 };
                assert_eq!((delay, &before.1), (after.0, &after.1), "frame {number} of {count}");
            }
            // Again: the same octets.
            assert_eq!(made(&animation.octets, &Limits::STANDARD).unwrap().octets, animation.octets);
            let decoder = Decoder::new(Cursor::new(&animation.octets)).unwrap();
            assert_eq!(decoder.repeat(), Repeat::Finite(7));
            ran += 1;
        }
        assert_eq!(ran, 4);
    }

    #[test]
    fn what_is_too_much_or_no_animation_is_left_to_the_first_frame() {
        let ten = moving(10, false);
        let pixels = 40 * 30 + 9 * 20 * 11;
        let limits = |image_px: u64, total_px: u64| Limits { image_px, total_px, ..Limits::STANDARD };
        let cases: &[(&[u8], Limits, Option<u32>)] = &[
            (&ten, Limits::STANDARD, Some(10)),
            (&moving(1, false), Limits::STANDARD, None),
            (&moving(500, false), Limits::STANDARD, Some(500)),
            (&moving(501, false), Limits::STANDARD, None),
            (&ten, limits(40 * 30, 1 << 40), Some(10)),
            (&ten, limits(40 * 30 - 1, 1 << 40), None),
            (&ten, limits(1 << 20, 40 * 30 + pixels), Some(10)),
            (&ten, limits(1 << 20, 40 * 30 + pixels - 1), None),
            (b"GIF89a", Limits::STANDARD, None),
        ];
        let mut ran = 0;
        for (octets, limits, frames) in cases {
            assert_eq!(made(octets, limits).map(|animation| animation.frames), *frames, "case {ran}");
            ran += 1;
        }
        assert_eq!(ran, 9);
    }

    #[test]
    fn nothing_rides_along_and_damage_ends_the_animation() {
        let sound = moving(6, false);
        let mut laden = sound.clone();
        let at = laden.windows(2).position(|two| two == b"\x21\xf9").unwrap();
        laden.splice(at..at, b"\x21\xfe\x05hello\0\x21\xff\x0bEVILEVILEVI\x03abc\0".iter().copied());
        laden.extend(b"PK\x05\x06behind the trailer");
        assert_eq!(
            made(&laden, &Limits::STANDARD).unwrap().octets,
            made(&sound, &Limits::STANDARD).unwrap().octets
        );
        let mut ran = 0;
        for end in (0..sound.len()).step_by(3) {
            if let Some(animation) = made(&sound[..end], &Limits::STANDARD) {
                assert!((2..=6).contains(&animation.frames));
                assert_eq!(usize::try_from(animation.frames).unwrap(), shown(&animation.octets).len());
                ran += 1;
            }
        }
        assert!(ran > 100, "{ran}");
        for at in (0..sound.len()).step_by(2) {
            let mut flipped = sound.clone();
            flipped[at] ^= 0x5a;
            if let Some(animation) = made(&flipped, &Limits::STANDARD) {
                assert_eq!(
                    usize::try_from(animation.frames).unwrap(),
                    shown(&animation.octets).len(),
                    "octet {at}"
                );
            }
        }
    }

    #[test]
    fn tables_of_strings_are_begun_anew() {
        let mut seed = 1u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_le_bytes()[3]
        };
        let mut octets = Vec::new();
        let mut writer = gif::Encoder::new(&mut octets, 150, 150, &[7; 768]).unwrap();
        for _ in 0..2 {
            let pixels: Vec<u8> = (0..150 * 150).map(|_| noise()).collect();
            let table: Vec<u8> = (0..768).map(|_| noise()).collect();
            let frame = Frame {
                width: 150,
                height: 150,
                palette: Some(table),
                buffer: pixels.into(),
                ..Frame::default()
            };
            writer.write_frame(&frame).unwrap();
        }
        drop(writer);
        let animation = made(&octets, &Limits::STANDARD).unwrap();
        let pixels = |octets: &[u8]| shown(octets).into_iter().map(|(_, pixels)| pixels).collect::<Vec<_>>();
        assert_eq!(pixels(&animation.octets), pixels(&octets));
    }

    #[test]
    fn a_table_that_reads_as_a_document_is_not_written() {
        let mut octets = moving(2, false);
        octets[13..18].copy_from_slice(b"%PDF-");
        assert!(made(&octets, &Limits::STANDARD).is_none());
    }
}
