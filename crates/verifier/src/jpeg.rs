//! A strict reader of the JPEG that our writer writes (ITU-T T.81 baseline in JFIF 1.02): `SOI`, one `APP0` of 16
//! octets, `DQT`, `SOF0`, `DHT`, the scans, `EOI`, nothing else and nothing behind it.
//!
//! *Security.* Given any octets, inside a locked child. Every Huffman code up to the last block of the last MCU is
//! walked; what remains are at most seven bits, all one, and then the next marker. No pixel is computed and no pixel
//! buffer allocated: memory is four code tables.

use crate::objections::Objections;

/// Most pixels along one side, as the writer promises.
const SIDE_MAX: u16 = 65_500;

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
struct Codes(Vec<u16>);

#[derive(Default)]
struct Tables {
    quantisation: [bool; 4],
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
                rest = entropy(rest, *whole, components, &scan)?;
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
    if *slot || values.len() != 64 || values.contains(&0) {
        return Err(FAULT);
    }
    *slot = true;
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
        (symbols.next().is_none() && next > 0 && next < 1 << 16).then_some(Self(table))
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
    let mut components = Vec::with_capacity(3);
    for piece in rest.chunks_exact(3) {
        let &[id, sampling, quantisation] = piece else { return Err(FAULT) };
        let (horizontal, vertical) = (u16::from(sampling >> 4), u16::from(sampling & 15));
        let is_new = components.iter().all(|known: &Component| known.id != id);
        if !matches!(horizontal, 1 | 2 | 4) || !matches!(vertical, 1 | 2 | 4) || quantisation > 3 || !is_new {
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
        let quantised = tables.quantisation.get(usize::from(component.quantisation)) == Some(&true);
        if id != component.id || !quantised {
            return Err(FAULT);
        }
        scan.push(Scanned { component: *component, dc, ac });
    }
    if scan.len() == usize::from(count) { Ok(scan) } else { Err(FAULT) }
}

/// Walks the codes of one scan; what is behind it.
fn entropy<'octets>(
    octets: &'octets [u8],
    frame: Frame,
    components: &[Component],
    scan: &[Scanned<'_>],
) -> Result<&'octets [u8], Fault> {
    let most = |of: fn(&Component) -> u16| components.iter().map(of).max().unwrap_or(1).max(1);
    let (most_across, most_down) = (most(|c| c.horizontal), most(|c| c.vertical));
    let units = |side: u16, share: u16, most: u16| {
        let samples = u32::from(side).saturating_mul(u32::from(share)).div_ceil(u32::from(most));
        u64::from(samples.div_ceil(8))
    };
    let mut bits = Bits { rest: octets, held: 0, count: 0 };
    let (mcus, blocks): (u64, Vec<u16>) = match scan {
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
        for (scanned, &count) in scan.iter().zip(&blocks) {
            for _ in 0..count {
                block(&mut bits, scanned)?;
            }
        }
    }
    bits.end()
}

fn block(bits: &mut Bits<'_>, scanned: &Scanned<'_>) -> Result<(), Fault> {
    let size = bits.symbol(scanned.dc)?;
    bits.skip(u32::from(size))?;
    let mut place = 1u8;
    while place < 64 {
        let symbol = bits.symbol(scanned.ac)?;
        if symbol == 0 {
            return Ok(());
        }
        place = place.saturating_add(symbol >> 4);
        if place > 63 {
            return Err(("jpeg.entropy", "a run leaves the block"));
        }
        bits.skip(u32::from(symbol & 15))?;
        place = place.saturating_add(1);
    }
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
            codes.0.get(usize::from(u16::from_be_bytes([first, second]))).copied().unwrap_or_default();
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
