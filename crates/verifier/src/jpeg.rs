//! A strict reader of the JPEG that our writer writes (ITU-T T.81 baseline in JFIF 1.02): `SOI`, one `APP0` of 16
//! octets, `DQT`, `SOF0`, `DHT`, the scans, `EOI`, nothing else and nothing behind it.
//!
//! So that no two decoders see two pictures, or leave their numbers: components are numbered from 0 or 1, grey is not
//! subsampled, colour differences are 1 × 1, each code table is used, and no coefficient is larger than the samples of
//! a block can make it.
//!
//! *Security.* Given any octets, inside a locked child. Every Huffman code up to the last block of the last MCU is
//! walked and every coefficient read; what remains are at most seven bits, all one, and then the next marker. No pixel
//! is computed and no pixel buffer allocated: memory is at most eight code tables of 128 KiB.

use crate::objections::Objections;
use std::cell::Cell;

/// Most pixels along one side, as the writer promises.
const SIDE_MAX: u16 = 65_500;

/// Largest dequantised coefficient. The cosine transform of 64 samples of at most 128 has none over 1,024 (Parseval);
/// rounding adds at most half a quantisation step, of at most 255.
const COEFFICIENT_MAX: u32 = 2_048;

/// What the frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Pixels across.
    pub(crate) width: u16,
    /// Pixels down.
    pub(crate) height: u16,
    /// 1 (grey) or 3 (`YCbCr`).
    pub(crate) components: u8,
}

#[derive(Clone, Copy)]
struct Component {
    id: u8,
    horizontal: u16,
    vertical: u16,
    quantisation: u8,
}

/// Codes of up to 16 bits → symbol and length; 0 where no code is.
struct Codes {
    table: Vec<u16>,
    used: Cell<bool>,
}

#[derive(Default)]
struct Tables {
    /// Steps in zigzag order.
    quantisation: [Option<[u8; 64]>; 4],
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
}

/// Reads the whole file and says what is wrong with it.
pub(crate) fn check(octets: &[u8], image_px: u64, objections: &mut Objections) {
    if let Err((rule, detail)) = walk(octets, image_px) {
        objections.add(rule, detail);
    }
}

type Fault = (&'static str, &'static str);

/// Reads the whole file; its frame.
pub(crate) fn walk(octets: &[u8], image_px: u64) -> Result<Frame, Fault> {
    let rest = octets.strip_prefix(b"\xff\xd8").ok_or(("jpeg.start", ""))?;
    let (marker, body, mut rest) = segment(rest)?;
    if marker != 0xe0 || !is_jfif(body) {
        return Err(("jpeg.jfif", "APP0 is not the first segment, or not of the minimal form"));
    }
    let mut tables = Tables::default();
    let mut frame: Option<(Frame, Vec<Component>)> = None;
    let mut scanned = 0usize;
    loop {
        if let Some((whole, components)) = &frame
            && scanned == components.len()
        {
            return match rest {
                [0xff, 0xd9] if tables.has_unused() => Err(("jpeg.huffman", "a table that nothing uses")),
                [0xff, 0xd9] => Ok(*whole),
                [0xff, 0xd9, ..] => Err(("jpeg.after_end", "octets after EOI")),
                _ => Err(("jpeg.no_end", "")),
            };
        }
        let (marker, body, behind) = segment(rest)?;
        rest = behind;
        match (marker, &frame) {
            (0xdb, _) if scanned == 0 => quantisation(body, &mut tables)?,
            (0xc4, _) if scanned == 0 => huffman(body, &mut tables)?,
            (0xc0, None) => frame = Some(start_of_frame(body, image_px)?),
            (0xda, Some((whole, components))) => {
                let scan = start_of_scan(body, components, scanned, &tables)?;
                scanned = scanned.saturating_add(scan.len());
                rest = entropy(rest, *whole, components, scan)?;
            }
            _ => return Err(("jpeg.segment", "a segment that is not allowed here")),
        }
    }
}

fn segment(octets: &[u8]) -> Result<(u8, &[u8], &[u8]), Fault> {
    const CUT: Fault = ("jpeg.segment_cut", "");
    let [0xff, marker @ 0xc0..=0xfe, high, low, ..] = *octets else { return Err(CUT) };
    let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(2).ok_or(CUT)?;
    let (body, behind) = octets.get(4..).and_then(|rest| rest.split_at_checked(length)).ok_or(CUT)?;
    Ok((marker, body, behind))
}

fn is_jfif(body: &[u8]) -> bool {
    let Some(&[1, 1 | 2, unit, a, b, c, d, 0, 0]) = body.strip_prefix(b"JFIF\0") else { return false };
    unit <= 2 && u16::from_be_bytes([a, b]) != 0 && u16::from_be_bytes([c, d]) != 0
}

fn quantisation(body: &[u8], tables: &mut Tables) -> Result<(), Fault> {
    const FAULT: Fault = ("jpeg.quantisation", "");
    let (&destination, values) = body.split_first().ok_or(FAULT)?;
    let slot = tables.quantisation.get_mut(usize::from(destination)).ok_or(FAULT)?;
    let values = <[u8; 64]>::try_from(values).or(Err(FAULT))?;
    if slot.is_some() || values.contains(&0) {
        return Err(FAULT);
    }
    *slot = Some(values);
    Ok(())
}

fn huffman(body: &[u8], tables: &mut Tables) -> Result<(), Fault> {
    const FAULT: Fault = ("jpeg.huffman", "");
    let (&head, rest) = body.split_first().ok_or(FAULT)?;
    let (counts, symbols) = rest.split_first_chunk::<16>().ok_or(FAULT)?;
    let (is_ac, destination) = (head >> 4, usize::from(head & 15));
    let slot = match is_ac {
        0 => tables.dc.get_mut(destination),
        1 => tables.ac.get_mut(destination),
        _ => None,
    };
    let slot = slot.ok_or(FAULT)?;
    let sound = |&symbol: &u8| match is_ac {
        0 => symbol <= 11,
        _ => symbol & 15 <= 10 && (symbol & 15 != 0 || matches!(symbol, 0x00 | 0xf0)),
    };
    if slot.is_some() || !symbols.iter().all(sound) {
        return Err(FAULT);
    }
    *slot = Some(Codes::new(counts, symbols).ok_or(FAULT)?);
    Ok(())
}

impl Tables {
    fn has_unused(&self) -> bool {
        self.dc.iter().chain(&self.ac).flatten().any(|codes| !codes.used.get())
    }
}

impl Codes {
    /// T.81 annex C; no code may be all ones, every symbol stands once, nothing is left over.
    fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = vec![0u16; 1 << 16];
        let mut symbols = symbols.iter();
        let mut seen = [false; 256];
        let mut next = 0usize;
        for (length, &count) in (1u16..).zip(counts) {
            let span = 1usize.checked_shl(16u32.checked_sub(u32::from(length))?)?;
            for _ in 0..count {
                let &symbol = symbols.next()?;
                let known = seen.get_mut(usize::from(symbol))?;
                if std::mem::replace(known, true) {
                    return None;
                }
                let end = next.checked_add(span)?;
                table.get_mut(next..end)?.fill(length.checked_mul(256)? | u16::from(symbol));
                next = end;
            }
        }
        let is_whole = symbols.next().is_none() && next > 0 && next < 1 << 16;
        is_whole.then_some(Self { table, used: Cell::new(false) })
    }
}

fn start_of_frame(body: &[u8], image_px: u64) -> Result<(Frame, Vec<Component>), Fault> {
    const FAULT: Fault = ("jpeg.frame", "");
    let (&[precision, a, b, c, d, count], rest) = body.split_first_chunk::<6>().ok_or(FAULT)?;
    let (height, width) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    if precision != 8 || !matches!(count, 1 | 3) || rest.len() != usize::from(count).saturating_mul(3) {
        return Err(FAULT);
    }
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    if width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX || pixels > image_px {
        return Err(("jpeg.dimensions", ""));
    }
    let mut components: Vec<Component> = Vec::with_capacity(3);
    for piece in rest.chunks_exact(3) {
        let &[id, sampling, quantisation] = piece else { return Err(FAULT) };
        let (horizontal, vertical) = (u16::from(sampling >> 4), u16::from(sampling & 15));
        let follows = match components.last() {
            None => id <= 1,
            Some(last) => last.id.checked_add(1) == Some(id),
        };
        let may_be_finer = count == 3 && components.is_empty();
        let is_sampled_so = if may_be_finer {
            matches!(horizontal, 1 | 2) && matches!(vertical, 1 | 2)
        } else {
            (horizontal, vertical) == (1, 1)
        };
        if !follows || !is_sampled_so || quantisation > 3 {
            return Err(FAULT);
        }
        components.push(Component { id, horizontal, vertical, quantisation });
    }
    Ok((Frame { width, height, components: count }, components))
}

/// One component of a scan with its tables.
struct Scanned<'tables> {
    component: Component,
    dc: &'tables Codes,
    ac: &'tables Codes,
    steps: &'tables [u8; 64],
    /// DC coefficient of the block before.
    predicted: i32,
}

/// A scan holds all components, or the next one alone.
fn start_of_scan<'tables>(
    body: &[u8],
    components: &[Component],
    scanned: usize,
    tables: &'tables Tables,
) -> Result<Vec<Scanned<'tables>>, Fault> {
    const FAULT: Fault = ("jpeg.scan", "");
    let (&count, rest) = body.split_first().ok_or(FAULT)?;
    let (named, spectral) = rest.split_at_checked(usize::from(count).saturating_mul(2)).ok_or(FAULT)?;
    let left = components.get(scanned..).ok_or(FAULT)?;
    if spectral != [0, 63, 0] || !(count == 1 || (scanned == 0 && usize::from(count) == components.len())) {
        return Err(FAULT);
    }
    let mut scan = Vec::with_capacity(3);
    for (piece, component) in named.chunks_exact(2).zip(left) {
        let &[id, selectors] = piece else { return Err(FAULT) };
        let dc = tables.dc.get(usize::from(selectors >> 4)).and_then(Option::as_ref).ok_or(FAULT)?;
        let ac = tables.ac.get(usize::from(selectors & 15)).and_then(Option::as_ref).ok_or(FAULT)?;
        let steps = tables.quantisation.get(usize::from(component.quantisation)).and_then(Option::as_ref);
        let steps = steps.ok_or(FAULT)?;
        if id != component.id {
            return Err(FAULT);
        }
        dc.used.set(true);
        ac.used.set(true);
        scan.push(Scanned { component: *component, dc, ac, steps, predicted: 0 });
    }
    if scan.len() == usize::from(count) { Ok(scan) } else { Err(FAULT) }
}

/// Walks the codes of one scan; what is behind it.
fn entropy<'octets>(
    octets: &'octets [u8],
    frame: Frame,
    components: &[Component],
    mut scan: Vec<Scanned<'_>>,
) -> Result<&'octets [u8], Fault> {
    let most = |of: fn(&Component) -> u16| components.iter().map(of).max().unwrap_or(1).max(1);
    let (most_across, most_down) = (most(|c| c.horizontal), most(|c| c.vertical));
    let units = |side: u16, share: u16, most: u16| {
        let samples = u32::from(side).saturating_mul(u32::from(share)).div_ceil(u32::from(most));
        u64::from(samples.div_ceil(8))
    };
    let mut bits = Bits { rest: octets, held: 0, count: 0 };
    let (mcus, blocks): (u64, Vec<u16>) = match scan.as_slice() {
        [only] => {
            let c = only.component;
            let across = units(frame.width, c.horizontal, most_across);
            (across.saturating_mul(units(frame.height, c.vertical, most_down)), vec![1])
        }
        _ => {
            let across = u64::from(u32::from(frame.width).div_ceil(u32::from(most_across).saturating_mul(8)));
            let down = u64::from(u32::from(frame.height).div_ceil(u32::from(most_down).saturating_mul(8)));
            let blocks = scan.iter().map(|s| s.component.horizontal.saturating_mul(s.component.vertical));
            (across.saturating_mul(down), blocks.collect())
        }
    };
    // T.81 B.2.3: at most ten blocks in an MCU.
    if blocks.iter().sum::<u16>() > 10 {
        return Err(("jpeg.frame", "sampling"));
    }
    for _ in 0..mcus {
        for (scanned, &count) in scan.iter_mut().zip(&blocks) {
            for _ in 0..count {
                block(&mut bits, scanned)?;
            }
        }
    }
    bits.end()
}

fn block(bits: &mut Bits<'_>, scanned: &mut Scanned<'_>) -> Result<(), Fault> {
    let within = |coefficient: i32, place: u8| {
        let step = scanned.steps.get(usize::from(place)).copied().unwrap_or(u8::MAX);
        coefficient.unsigned_abs().saturating_mul(u32::from(step)) <= COEFFICIENT_MAX
    };
    const TOO_LARGE: Fault = ("jpeg.entropy", "a coefficient that no samples make");
    let size = bits.symbol(scanned.dc)?;
    let direct = scanned.predicted.saturating_add(bits.amplitude(u32::from(size))?);
    if !within(direct, 0) {
        return Err(TOO_LARGE);
    }
    let mut place = 1u8;
    while place < 64 {
        let symbol = bits.symbol(scanned.ac)?;
        if symbol == 0 {
            break;
        }
        place = place.saturating_add(symbol >> 4);
        if place > 63 {
            return Err(("jpeg.entropy", "a run leaves the block"));
        }
        if !within(bits.amplitude(u32::from(symbol & 15))?, place) {
            return Err(TOO_LARGE);
        }
        place = place.saturating_add(1);
    }
    scanned.predicted = direct;
    Ok(())
}

/// Entropy-coded octets without their stuffing, most significant bit first.
struct Bits<'octets> {
    rest: &'octets [u8],
    /// The next bits, left-aligned.
    held: u64,
    count: u32,
}

impl<'octets> Bits<'octets> {
    fn fill(&mut self) {
        while self.count <= 56 {
            let octet = match *self.rest {
                [0xff, 0x00, ..] => {
                    self.rest = self.rest.get(2..).unwrap_or_default();
                    0xff
                }
                [0xff, ..] | [] => return,
                [octet, ..] => {
                    self.rest = self.rest.get(1..).unwrap_or_default();
                    octet
                }
            };
            let shift = 56u32.saturating_sub(self.count);
            self.held |= u64::from(octet).checked_shl(shift).unwrap_or_default();
            self.count = self.count.saturating_add(8);
        }
    }

    fn symbol(&mut self, codes: &Codes) -> Result<u8, Fault> {
        if self.count < 16 {
            self.fill();
        }
        let [first, second, ..] = self.held.to_be_bytes();
        let entry =
            codes.table.get(usize::from(u16::from_be_bytes([first, second]))).copied().unwrap_or_default();
        let [length, symbol] = entry.to_be_bytes();
        if length == 0 {
            return Err(("jpeg.entropy", "no such code"));
        }
        self.skip(u32::from(length))?;
        Ok(symbol)
    }

    fn skip(&mut self, length: u32) -> Result<(), Fault> {
        if self.count < length {
            self.fill();
        }
        self.count = self.count.checked_sub(length).ok_or(("jpeg.entropy", "cut short"))?;
        self.held = self.held.checked_shl(length).unwrap_or_default();
        Ok(())
    }

    /// A coefficient of at most 11 bits (T.81 F.2.2.1).
    fn amplitude(&mut self, size: u32) -> Result<i32, Fault> {
        if self.count < size {
            self.fill();
        }
        let raw = self.held.checked_shr(64u32.saturating_sub(size)).unwrap_or_default();
        let is_positive = self.held >> 63 == 1;
        self.skip(size)?;
        let raw = i32::try_from(raw).unwrap_or_default();
        let lowest = 1i32.checked_shl(size).unwrap_or_default().saturating_sub(1);
        Ok(if is_positive { raw } else { raw.saturating_sub(lowest) })
    }

    /// At most seven bits are left, all ones, and a marker follows.
    fn end(mut self) -> Result<&'octets [u8], Fault> {
        self.fill();
        let ones = u64::MAX.checked_shl(64u32.saturating_sub(self.count)).unwrap_or_default();
        if self.count >= 8 || (self.count > 0 && self.held != ones) {
            return Err(("jpeg.entropy", "data after the last MCU"));
        }
        Ok(self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn rules(octets: &[u8]) -> Vec<String> {
        let mut objections = Objections::default();
        check(octets, 1_000_000, &mut objections);
        objections.into_list().into_iter().map(|o| o.rule).collect()
    }

    #[test]
    fn sound_pictures_pass() {
        assert_eq!(rules(&samples::jpeg(1)), Vec::<String>::new());
        assert_eq!(rules(&samples::jpeg(3)), Vec::<String>::new());
    }

    #[test]
    fn every_cut_is_refused_and_no_flip_panics() {
        let sound = samples::jpeg(3);
        for cut in 0..sound.len() {
            assert!(!rules(&sound[..cut]).is_empty());
        }
        for place in 0..sound.len() {
            for bit in 0..8 {
                let mut flipped = sound.clone();
                flipped[place] ^= 1 << bit;
                rules(&flipped);
            }
        }
    }

    #[test]
    fn no_coefficient_is_larger_than_samples_make_it() {
        // One table of one DC code (size 11) and one AC code (end of block).
        let with = |step: u8, codes: &[u8]| {
            let mut octets = samples::jpeg(1);
            let at = |octets: &[u8], what: &[u8]| octets.windows(what.len()).position(|w| w == what).unwrap();
            let steps = at(&octets, &[1; 64]);
            octets[steps] = step;
            let sizes = at(&octets, &[0, 2, 0xff, 0xc4]);
            octets[sizes + 1] = 11;
            let data = octets.len() - 3;
            octets.splice(data..=data, codes.iter().copied());
            rules(&octets)
        };
        // The first block: code 10, eleven bits, code 0; the second likewise. 1024 = 100 0000 0000.
        let pair = |first: u32, second: u32| {
            (0b10 << 30 | first << 19 | 0b10 << 16 | second << 5 | 0b1111).to_be_bytes()
        };
        assert_eq!(with(1, &pair(1_024, 1_024)), Vec::<String>::new());
        assert_eq!(with(1, &pair(1_024, 1_025)), ["jpeg.entropy"]);
        assert_eq!(with(2, &pair(1_024, 1_024)), ["jpeg.entropy"]);
        assert_eq!(with(3, &pair(1_024, 1_024)), ["jpeg.entropy"]);
        // 011 1111 1111 is -1024.
        assert_eq!(with(2, &pair(0b011_1111_1111, 0b100_0000_0000)), Vec::<String>::new());
        assert_eq!(with(1, &pair(0b011_1111_1111, 0b011_1111_1110)), ["jpeg.entropy"]);
    }

    #[test]
    fn nothing_is_said_that_decoders_read_differently() {
        let changed = |components: u8, from: &[u8], to: &[u8]| {
            let octets = samples::jpeg(components);
            let at = octets.windows(from.len()).position(|window| window == from).unwrap();
            rules(&[&octets[..at], to, &octets[at + from.len()..]].concat())
        };
        assert_eq!(changed(1, &[1, 1, 0x11, 0], &[1, 1, 0x22, 0]), ["jpeg.frame"]);
        assert_eq!(changed(3, &[2, 0x11, 0], &[2, 0x21, 0]), ["jpeg.frame"]);
        assert_eq!(changed(3, &[1, 0x11, 0], &[1, 0x41, 0]), ["jpeg.frame"]);
        assert_eq!(changed(3, &[3, 1, 0x11, 0, 2], &[3, b'R', 0x11, 0, b'G']), ["jpeg.frame"]);
        let table = [0xff, 0xc4, 0, 20, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(changed(1, &[0xff, 0xda], &[&table[..], &[0xff, 0xda]].concat()), ["jpeg.huffman"]);
    }

    #[test]
    fn anything_beside_the_picture_is_refused() {
        let sound = samples::jpeg(1);
        let with = |place: usize, extra: &[u8]| {
            let mut octets = sound.clone();
            octets.splice(place..place, extra.iter().copied());
            rules(&octets)
        };
        assert_eq!(with(sound.len(), b"PK\x03\x04"), ["jpeg.after_end"]);
        assert_eq!(with(20, b"\xff\xfe\x00\x06abcd"), ["jpeg.segment"]);
        assert_eq!(with(2, b"\xff\xe1\x00\x08Exif\0\0"), ["jpeg.jfif"]);
        assert_eq!(with(sound.len() - 2, b"abc"), ["jpeg.entropy"]);
    }
}
