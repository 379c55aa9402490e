//! A strict reader of the GIF that our writer writes (GIF 89a): the screen, a table of colours or none, `NETSCAPE2.0` or
//! none, then for each of at least two frames one control, one image within the screen, not interlaced, and its pixels;
//! the trailer, and nothing behind it.
//!
//! *Security.* Given any octets, inside a locked child. Every code is read to the end, each frame has exactly its
//! pixels, and every one of them is a colour of the table. No pixel is kept: of the strings only their lengths are.

use crate::objections::Objections;

/// Why a file is none of ours: the rule, and what was seen.
type Fault = (&'static str, &'static str);

/// Most frames.
const FRAMES_MAX: u32 = 500;
/// Most pixels of all frames, in those of one image.
const AREAS_MAX: u64 = 4;
/// Shortest and longest time of a frame, in hundredths of a second.
const DELAYS: std::ops::RangeInclusive<u16> = 2..=6_000;
/// Most pixels along one side.
const SIDE_MAX: u16 = 65_500;
const CODES_MAX: usize = 4_096;

/// Reads the whole file and says what is wrong with it; the pixels of all frames.
pub(crate) fn check(octets: &[u8], image_px: u64, objections: &mut Objections) -> u64 {
    match read(octets, image_px) {
        Ok(pixels) => pixels,
        Err((rule, detail)) => {
            objections.add(rule, detail);
            0
        }
    }
}

fn read(octets: &[u8], image_px: u64) -> Result<u64, Fault> {
    let mut input = Input(octets);
    if input.take::<6>()? != *b"GIF89a" {
        return Err(("gif.signature", ""));
    }
    let (width, height) = (input.number()?, input.number()?);
    let [flags, background, aspect] = input.take()?;
    let area = u64::from(width).saturating_mul(u64::from(height));
    let within = (1..=SIDE_MAX).contains(&width) && (1..=SIDE_MAX).contains(&height) && area <= image_px;
    if !within {
        return Err(("gif.dimensions", "of the screen"));
    }
    let global = match flags {
        0 => 0,
        0xf0..=0xf7 => colours(&mut input, flags)?,
        _ => return Err(("gif.screen", "flags")),
    };
    if (background, aspect) != (0, 0) {
        return Err(("gif.screen", "background or aspect"));
    }
    if let Some(behind) = input.0.strip_prefix(b"\x21\xff\x0bNETSCAPE2.0\x03\x01") {
        input = Input(behind);
        let _times = input.number()?;
        if input.take()? != [0] {
            return Err(("gif.repeat", "not of the one form"));
        }
    }
    let (mut frames, mut pixels) = (0u32, 0u64);
    loop {
        match input.take()? {
            [0x3b] => break,
            [0x21] => {}
            _ => return Err(("gif.block", "of a kind that is not on the list")),
        }
        frames = frames.saturating_add(1);
        if frames > FRAMES_MAX {
            return Err(("gif.frames", "too many"));
        }
        let most = image_px.saturating_mul(AREAS_MAX).saturating_sub(pixels);
        pixels = pixels.saturating_add(frame(&mut input, (width, height), global, image_px.min(most))?);
    }
    if frames < 2 {
        return Err(("gif.frames", "fewer than two"));
    }
    if input.0.is_empty() { Ok(pixels) } else { Err(("gif.after_trailer", "octets")) }
}

/// What is left to read.
struct Input<'octets>(&'octets [u8]);

impl<'octets> Input<'octets> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(("gif.cut", ""))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u16, Fault> {
        self.take().map(u16::from_le_bytes)
    }

    fn slice(&mut self, length: usize) -> Result<&'octets [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(("gif.cut", ""))?;
        self.0 = rest;
        Ok(taken)
    }
}

/// Passes over a table; how many colours it has.
fn colours(input: &mut Input<'_>, flags: u8) -> Result<usize, Fault> {
    let count = 2usize << (flags & 7);
    input.slice(count.saturating_mul(3))?;
    Ok(count)
}

/// One frame behind the first octet of its control; how many pixels it has.
fn frame(input: &mut Input<'_>, screen: (u16, u16), global: usize, most: u64) -> Result<u64, Fault> {
    let [label, size, flags] = input.take()?;
    // Disposal 0 to 3, nothing asked of the user; whether something is transparent.
    if (label, size) != (0xf9, 4) || flags & !0x0d != 0 {
        return Err(("gif.control", "another extension, or flags"));
    }
    let delay = input.number()?;
    let [transparent, 0, 0x2c] = input.take()? else {
        return Err(("gif.control", "without an image behind it"));
    };
    if !DELAYS.contains(&delay) {
        return Err(("gif.control", "a delay beyond the limits"));
    }
    let (left, top, width, height) = (input.number()?, input.number()?, input.number()?, input.number()?);
    let ends = |from: u16, side: u16, edge: u16| {
        side > 0 && u32::from(from).saturating_add(u32::from(side)) <= u32::from(edge)
    };
    if !ends(left, width, screen.0) || !ends(top, height, screen.1) {
        return Err(("gif.frame", "outside the screen"));
    }
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    if pixels > most {
        return Err(("gif.dimensions", "too many pixels"));
    }
    let table = match input.take()? {
        [0] => global,
        [flags @ 0x80..=0x87] => colours(input, flags)?,
        _ => return Err(("gif.frame", "flags")),
    };
    let is_transparent = flags & 1 == 1;
    if table == 0
        || (is_transparent && usize::from(transparent) >= table)
        || (!is_transparent && transparent != 0)
    {
        return Err(("gif.frame", "without colours, or a transparent one that is none"));
    }
    let [bits] = input.take()?;
    if bits != smallest(table) {
        return Err(("gif.pixels", "width of the codes"));
    }
    codes(input, u32::from(bits), table, pixels)?;
    Ok(pixels)
}

/// How many bits a colour takes; at least two.
fn smallest(table: usize) -> u8 {
    (2..8u8).find(|bits| table <= 1usize << bits).unwrap_or(8)
}

/// The octets of blocks: all of 255 but the last, then an empty one.
struct Blocks<'input, 'octets> {
    input: &'input mut Input<'octets>,
    block: &'octets [u8],
    is_last: bool,
    held: u32,
    bits: u32,
}

impl Blocks<'_, '_> {
    /// The next octet of the blocks; `None` behind the last.
    fn octet(&mut self) -> Result<Option<u8>, Fault> {
        if self.block.is_empty() && !self.is_last {
            let [length] = self.input.take()?;
            self.block = self.input.slice(usize::from(length))?;
            self.is_last = length < 255;
            // Behind a short block stands the empty one; an empty one stands for itself.
            if self.is_last && length > 0 && self.input.take()? != [0] {
                return Err(("gif.pixels", "blocks of another form"));
            }
        }
        let Some((&octet, rest)) = self.block.split_first() else { return Ok(None) };
        self.block = rest;
        Ok(Some(octet))
    }

    fn code(&mut self, width: u32) -> Result<usize, Fault> {
        while self.bits < width {
            let octet = self.octet()?.ok_or(("gif.pixels", "break off"))?;
            self.held |= u32::from(octet) << self.bits;
            self.bits = self.bits.saturating_add(8);
        }
        let code = self.held & ((1u32 << width).saturating_sub(1));
        self.held >>= width;
        self.bits = self.bits.saturating_sub(width);
        usize::try_from(code).ok().ok_or(("gif.pixels", "a code"))
    }
}

/// Reads the codes of one frame: the table of strings is begun first of all and as soon as it is full, and the end
/// stands behind the last pixel.
fn codes(input: &mut Input<'_>, bits: u32, table: usize, pixels: u64) -> Result<(), Fault> {
    let mut blocks = Blocks { input, block: &[], is_last: false, held: 0, bits: 0 };
    let clear = 1usize << bits;
    let (end, first_free, least) = (clear.saturating_add(1), clear.saturating_add(2), bits.saturating_add(1));
    let mut lengths = [0u32; CODES_MAX];
    let (mut next, mut width, mut previous) = (first_free, least, None::<u32>);
    let mut left = pixels;
    if blocks.code(width)? != clear {
        return Err(("gif.pixels", "do not begin with a table"));
    }
    loop {
        let code = blocks.code(width)?;
        if code == end {
            break;
        }
        if code == clear {
            // Only a full table is begun anew.
            if next != CODES_MAX {
                return Err(("gif.pixels", "a table begun anew before it is full"));
            }
            (next, width, previous) = (first_free, least, None);
            continue;
        }
        let length = match (code, previous) {
            (code, _) if code < table => 1,
            (code, Some(_)) if (first_free..next).contains(&code) => lengths.get(code).copied().unwrap_or(0),
            (code, Some(previous)) if code == next => previous.saturating_add(1),
            _ => return Err(("gif.pixels", "a code that stands for nothing, or no colour of the table")),
        };
        if let Some(previous) = previous {
            // One string more: the last with the first pixel of this one.
            let slot = lengths.get_mut(next).ok_or(("gif.pixels", "more codes than a table has"))?;
            *slot = previous.saturating_add(1);
            next = next.saturating_add(1);
            if next == 1 << width && width < 12 {
                width = width.saturating_add(1);
            }
        }
        previous = Some(length);
        left = left.checked_sub(u64::from(length)).ok_or(("gif.pixels", "more than the frame has"))?;
    }
    if left > 0 {
        return Err(("gif.pixels", "fewer than the frame has"));
    }
    if blocks.held != 0 || blocks.octet()?.is_some() {
        return Err(("gif.pixels", "something behind the end"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn sound_animations_pass_and_limits_are_met_exactly() {
        let sound = samples::gif(3, &[]);
        assert_eq!(read(&sound, 12), Ok(12 + 2 * 4));
        assert_eq!(read(&sound, 11), Err(("gif.dimensions", "of the screen")));
        assert!(read(&samples::gif(500, &[]), 1_000).is_ok());
        assert_eq!(read(&samples::gif(501, &[]), 1_000), Err(("gif.frames", "too many")));
        assert_eq!(read(&samples::gif(1, &[]), 1_000), Err(("gif.frames", "fewer than two")));
        // Four times the screen, of which the first frame is one: nine of the others.
        assert!(read(&samples::gif(10, &[]), 12).is_ok());
        assert_eq!(read(&samples::gif(11, &[]), 12), Err(("gif.dimensions", "too many pixels")));
    }

    #[test]
    fn every_cut_is_refused_and_no_flip_is_a_fault_of_ours() {
        let sound = samples::gif(3, &[]);
        for cut in 0..sound.len() {
            assert!(read(&sound[..cut], 1_000).is_err(), "cut at {cut}");
        }
        let mut refused = 0;
        for place in 0..sound.len() {
            for bit in 0..8 {
                let mut flipped = sound.clone();
                flipped[place] ^= 1 << bit;
                refused += u32::from(read(&flipped, 1_000).is_err());
            }
        }
        // The others are other colours, delays and places.
        assert!(refused > 400, "{refused}");
    }

    #[test]
    fn pixels_are_exactly_those_of_the_frame() {
        // Two bits: clear 4, end 5, the first string 6; codes of three bits.
        let read = |codes: &[(u16, u32)], table: usize, pixels: u64| {
            let data = samples::bits(codes);
            let mut blocks = vec![u8::try_from(data.len()).unwrap()];
            blocks.extend(&data);
            blocks.push(0);
            codes_of(&blocks, table, pixels)
        };
        let sound: &[(u16, u32)] = &[(4, 3), (0, 3), (1, 3), (6, 3), (5, 4)];
        assert_eq!(read(sound, 4, 4), Ok(()));
        type Case<'a> = (&'a [(u16, u32)], usize, u64);
        let cases: &[Case<'_>] = &[
            (sound, 4, 3),
            (sound, 4, 5),
            (&[(0, 3), (5, 3)], 4, 1),
            (&[(4, 3), (2, 3), (5, 3)], 2, 1),
            (&[(4, 3), (6, 3), (5, 3)], 4, 1),
            (&[(4, 3), (0, 3), (7, 3), (5, 3)], 4, 3),
            (&[(4, 3), (0, 3), (4, 3), (0, 3), (5, 3)], 4, 2),
            (&[(4, 3), (0, 3)], 4, 1),
            (&[(4, 3), (0, 3), (5, 3), (1, 3)], 4, 1),
            (&[(4, 3), (0, 3), (5, 3), (0, 8)], 4, 1),
        ];
        let mut ran = 0;
        for (codes, table, pixels) in cases {
            assert!(read(codes, *table, *pixels).is_err(), "case {ran}");
            ran += 1;
        }
        assert_eq!(ran, 10);
        // A string that holds itself.
        assert_eq!(read(&[(4, 3), (3, 3), (6, 3), (7, 3), (5, 4)], 4, 6), Ok(()));
    }

    fn codes_of(blocks: &[u8], table: usize, pixels: u64) -> Result<(), Fault> {
        codes(&mut Input(blocks), 2, table, pixels)
    }
}
