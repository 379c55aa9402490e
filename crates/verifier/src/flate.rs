//! zlib streams (RFC 1950) of DEFLATE (RFC 1951), and bare ones, inflated by a reader of our own and handed on piece by piece.
//!
//! Stricter than any reader of a client, so that none can see other octets than these: no preset dictionary, no distance
//! before the data or beyond the window that the head declares, code sets complete (a single code of one bit aside),
//! unused bits zero, no empty block but the last, the stream ends with its last octet, the checksum is right.
//!
//! *Security.* Memory is 160 KiB and three code tables whatever the stream claims; the caller says how many octets must
//! come out, and a buffer more ends the work. Linear; a block of codes costs its tables, and has data.

mod bits;
mod codes;

use bits::Bits;
use codes::Codes;

type Fault = &'static str;

/// Farthest distance (RFC 1951 §2).
const WINDOW_OCTETS: usize = 32 * 1024;
/// Octets that are gathered before they are handed on.
const BUFFER_OCTETS: usize = 128 * 1024;
/// Length codes 257 to 285: base and extra bits (RFC 1951 §3.2.5).
#[rustfmt::skip]
const LENGTHS: [(u16, u8); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
];
/// Distance codes 0 to 29, likewise.
#[rustfmt::skip]
const DISTANCES: [(u16, u8); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5),
    (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10),
    (3073, 10), (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];
/// The order in which the lengths of the code length codes stand.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Inflates all of `zlib` to exactly `size_octets` octets, or says what is wrong.
pub(crate) fn inflate(
    zlib: &[u8],
    size_octets: u64,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let left = stream(zlib, size_octets, sink)?;
    if left == 0 { Ok(()) } else { Err("less data than the dimensions say") }
}

/// Inflates to at most `limit_octets` octets in memory.
pub(crate) fn inflate_to_vec(zlib: &[u8], limit_octets: usize) -> Result<Vec<u8>, &'static str> {
    let mut all = Vec::new();
    let limit = u64::try_from(limit_octets).unwrap_or(u64::MAX);
    stream(zlib, limit, &mut |piece| {
        all.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(all)
}

/// Inflates a whole stream; how many octets were left of `most_octets`.
fn stream(
    zlib: &[u8],
    most_octets: u64,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<u64, Fault> {
    let (&[method, flags], rest) = zlib.split_first_chunk::<2>().ok_or("stream cut short")?;
    let is_sound = method & 15 == 8
        && method >> 4 <= 7
        && flags & 0x20 == 0
        && u16::from_be_bytes([method, flags]).is_multiple_of(31);
    if !is_sound {
        return Err("not a zlib stream");
    }
    let reach = 256usize.checked_shl(u32::from(method >> 4)).unwrap_or(WINDOW_OCTETS);
    let mut out = Out {
        buffer: Vec::with_capacity(BUFFER_OCTETS),
        given: 0,
        left: most_octets,
        sums: (1, 0),
        reach,
        sink,
    };
    let rest = blocks(rest, &mut out)?;
    let (sum, behind) = rest.split_first_chunk::<4>().ok_or("stream cut short")?;
    if u32::from_be_bytes(*sum) != out.sum() {
        return Err("checksum of the data");
    }
    if behind.is_empty() { Ok(out.left) } else { Err("octets after the stream") }
}

/// Inflates a bare DEFLATE stream, as it stands in a ZIP file, to exactly `size_octets` octets.
pub(crate) fn inflate_bare(deflate: &[u8], size_octets: usize) -> Result<Vec<u8>, &'static str> {
    let mut all = Vec::new();
    let mut sink = |piece: &[u8]| {
        all.extend_from_slice(piece);
        Ok(())
    };
    let mut out = Out {
        buffer: Vec::with_capacity(BUFFER_OCTETS),
        given: 0,
        left: u64::try_from(size_octets).unwrap_or(u64::MAX),
        sums: (1, 0),
        reach: WINDOW_OCTETS,
        sink: &mut sink,
    };
    let behind = blocks(deflate, &mut out)?;
    match (behind.is_empty(), out.left) {
        (false, _) => Err("octets after the stream"),
        (true, 0) => Ok(all),
        (true, _) => Err("less data than its size says"),
    }
}

/// The blocks of a stream; what is behind them.
fn blocks<'octets>(deflate: &'octets [u8], out: &mut Out<'_>) -> Result<&'octets [u8], Fault> {
    let mut bits = Bits::new(deflate);
    loop {
        let is_last = bits.take(1)? == 1;
        let kind = bits.take(2)?;
        let had_data = match kind {
            0 => stored(&mut bits, out)?,
            1 => {
                let (literals, distances) = fixed()?;
                block(&mut bits, &literals, &distances, out)?
            }
            2 => {
                let (literals, distances) = dynamic(&mut bits)?;
                block(&mut bits, &literals, &distances, out)?
            }
            _ => return Err("no such block"),
        };
        if !had_data && (!is_last || kind == 2) {
            return Err("a block without data");
        }
        if is_last {
            break;
        }
    }
    out.flush()?;
    bits.end()
}

/// A block of octets as they are; whether it held any.
fn stored(bits: &mut Bits<'_>, out: &mut Out<'_>) -> Result<bool, Fault> {
    bits.align()?;
    let (length, complement) = (bits.take(16)?, bits.take(16)?);
    if length ^ complement != 0xffff {
        return Err("length of a stored block");
    }
    out.octets(bits.octets(usize::try_from(length).unwrap_or(0))?)?;
    Ok(length > 0)
}

/// The codes of RFC 1951 §3.2.6.
fn fixed() -> Result<(Codes, Codes), Fault> {
    let mut lengths = [8u8; 288];
    for (symbol, length) in lengths.iter_mut().enumerate() {
        *length = match symbol {
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        };
    }
    Ok((Codes::new(&lengths)?, Codes::new(&[5; 32])?))
}

/// The codes that stand before their block (RFC 1951 §3.2.7).
fn dynamic(bits: &mut Bits<'_>) -> Result<(Codes, Codes), Fault> {
    let literals = usize::try_from(bits.take(5)?).unwrap_or(0).saturating_add(257);
    let distances = usize::try_from(bits.take(5)?).unwrap_or(0).saturating_add(1);
    let count = usize::try_from(bits.take(4)?).unwrap_or(0).saturating_add(4);
    if literals > 286 || distances > 30 {
        return Err("too many codes");
    }
    let mut lengths = [0u8; 19];
    for &symbol in ORDER.iter().take(count) {
        let length = u8::try_from(bits.take(3)?).unwrap_or(0);
        if let Some(slot) = lengths.get_mut(symbol) {
            *slot = length;
        }
    }
    let of_lengths = Codes::new(&lengths)?;
    let all = literals.saturating_add(distances);
    let mut lengths: Vec<u8> = Vec::with_capacity(all);
    while lengths.len() < all {
        let symbol = of_lengths.read(bits)?;
        let (length, times) = match u8::try_from(symbol) {
            Ok(length @ 0..=15) => (length, 1),
            Ok(16) => (*lengths.last().ok_or("nothing to repeat")?, bits.take(2)?.saturating_add(3)),
            Ok(17) => (0, bits.take(3)?.saturating_add(3)),
            _ => (0, bits.take(7)?.saturating_add(11)),
        };
        let times = usize::try_from(times).unwrap_or(usize::MAX);
        if all.saturating_sub(lengths.len()) < times {
            return Err("too many code lengths");
        }
        lengths.extend(std::iter::repeat_n(length, times));
    }
    let (literals, distances) = lengths.split_at_checked(literals).ok_or("code lengths")?;
    if literals.get(256).is_none_or(|&length| length == 0) {
        return Err("no end of the block");
    }
    Ok((Codes::new(literals)?, Codes::new(distances)?))
}

/// Literals and matches up to the end of the block; whether there were any.
fn block(bits: &mut Bits<'_>, literals: &Codes, distances: &Codes, out: &mut Out<'_>) -> Result<bool, Fault> {
    let mut had_data = false;
    loop {
        let symbol = literals.read(bits)?;
        if let Ok(octet) = u8::try_from(symbol) {
            out.octet(octet)?;
        } else if symbol == 256 {
            return Ok(had_data);
        } else {
            let length = bits.value(&LENGTHS, usize::from(symbol).saturating_sub(257))?;
            let code = distances.read(bits)?;
            let distance = bits.value(&DISTANCES, usize::from(code))?;
            out.copy(distance, length)?;
        }
        had_data = true;
    }
}

/// What came out: at least the last window of it.
struct Out<'sink> {
    buffer: Vec<u8>,
    /// How many octets of the buffer were handed on.
    given: usize,
    left: u64,
    /// The two sums of Adler-32.
    sums: (u32, u32),
    /// The window that the head declares, in octets.
    reach: usize,
    sink: &'sink mut dyn FnMut(&[u8]) -> Result<(), Fault>,
}

impl Out<'_> {
    fn octet(&mut self, octet: u8) -> Result<(), Fault> {
        self.buffer.push(octet);
        self.flush_full()
    }

    fn octets(&mut self, octets: &[u8]) -> Result<(), Fault> {
        self.buffer.extend_from_slice(octets);
        self.flush_full()
    }

    fn copy(&mut self, distance: usize, length: usize) -> Result<(), Fault> {
        if distance > self.reach {
            return Err("a distance beyond the window");
        }
        let start = self.buffer.len().checked_sub(distance).ok_or("a distance before the data")?;
        let mut left = length;
        // What is copied repeats with the distance, so each round may take all that stands there by then.
        while left > 0 {
            let end = self.buffer.len().min(start.saturating_add(left));
            left = left.saturating_sub(end.saturating_sub(start));
            self.buffer.extend_from_within(start..end);
        }
        self.flush_full()
    }

    fn flush_full(&mut self) -> Result<(), Fault> {
        if self.buffer.len() < BUFFER_OCTETS { Ok(()) } else { self.flush() }
    }

    /// Hands on what was not, and keeps the last window.
    fn flush(&mut self) -> Result<(), Fault> {
        let fresh = self.buffer.get(self.given..).unwrap_or_default();
        let count = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(count).ok_or("more data than its size says")?;
        for piece in fresh.chunks(5_552) {
            // Adler-32: so few octets cannot pass 32 bits.
            let (mut low, mut high) = self.sums;
            for &octet in piece {
                low = low.wrapping_add(u32::from(octet));
                high = high.wrapping_add(low);
            }
            self.sums = (low.checked_rem(65_521).unwrap_or(0), high.checked_rem(65_521).unwrap_or(0));
        }
        (self.sink)(fresh)?;
        self.buffer.drain(..self.buffer.len().saturating_sub(WINDOW_OCTETS));
        self.given = self.buffer.len();
        Ok(())
    }

    fn sum(&self) -> u32 {
        self.sums.1 << 16 | self.sums.0
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "small sums of a test")]
mod tests {
    use super::*;
    use crate::samples;

    fn of_bits(fields: &[(u32, u32)], plain: &[u8]) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        for (value, length) in fields {
            bits.extend((0..*length).map(|bit| value >> bit & 1 == 1));
        }
        let octet = |bits: &[bool]| bits.iter().rev().fold(0u8, |octet, bit| octet << 1 | u8::from(*bit));
        let stored = samples::zlib(plain);
        let mut out = vec![0x78, 0x01];
        out.extend(bits.chunks(8).map(octet));
        out.extend(&stored[stored.len() - 4..]);
        out
    }

    fn all(zlib: &[u8]) -> Result<Vec<u8>, Fault> {
        inflate_to_vec(zlib, 1 << 20)
    }

    /// Last block, fixed codes, `a`, then a match of three at `distance` (codes are written from their highest bit).
    fn fixed_match(distance_code: u32, plain: &[u8]) -> Vec<u8> {
        let reversed = |code: u32, length: u32| code.reverse_bits() >> (32 - length);
        of_bits(
            &[
                (1, 1),
                (1, 2),
                (reversed(0x30 + 0x61, 8), 8),
                (reversed(1, 7), 7),
                (reversed(distance_code, 5), 5),
                (0, 7),
            ],
            plain,
        )
    }

    #[test]
    fn streams_inflate() {
        for size in [0usize, 1, 59_999, 60_000, 60_001, 300_000] {
            let plain: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let zlib = samples::zlib(&plain);
            assert_eq!(all(&zlib).as_deref(), Ok(plain.as_slice()));
            let exact = u64::try_from(size).unwrap();
            assert_eq!(inflate(&zlib, exact, &mut |_| Ok(())), Ok(()));
            assert_eq!(inflate(&zlib, exact + 1, &mut |_| Ok(())), Err("less data than the dimensions say"));
            if size > 0 {
                assert!(inflate(&zlib, exact - 1, &mut |_| Ok(())).is_err());
            }
            let bare = &zlib[2..zlib.len() - 4];
            assert_eq!(inflate_bare(bare, size).as_deref(), Ok(plain.as_slice()));
            assert_eq!(inflate_bare(bare, size + 1), Err("less data than its size says"));
            assert_eq!(inflate_bare(&[bare, b"x"].concat(), size), Err("octets after the stream"));
        }
        assert_eq!(all(&fixed_match(0, b"aaaa")).as_deref(), Ok(b"aaaa".as_slice()));
    }

    #[test]
    fn what_other_readers_see_otherwise_is_refused() {
        let with = |at: usize, octet: u8| {
            let mut zlib = samples::zlib(b"abc");
            zlib[at] = octet;
            zlib
        };
        let sound = samples::zlib(b"abc");
        let empty_first = [&[0x78, 1, 0, 0, 0, 0xff, 0xff][..], &sound[2..]].concat();
        let cases = [
            (fixed_match(1, b"aaaa"), "a distance before the data"),
            (fixed_match(30, b"aaaa"), "no such code"),
            (with(0, 0x77), "not a zlib stream"),
            (with(0, 0x88), "not a zlib stream"),
            (with(1, 0x20), "not a zlib stream"),
            (with(2, 0b1001), "bits that mean nothing"),
            (with(2, 0b111), "no such block"),
            (with(3, 4), "length of a stored block"),
            ([&sound[..], b"x"].concat(), "octets after the stream"),
            (sound[..sound.len() - 1].to_vec(), "stream cut short"),
            (sound[..6].to_vec(), "stream cut short"),
            (empty_first, "a block without data"),
            (of_bits(&[(1, 1), (2, 2), (30, 5), (0, 5), (0, 4)], b""), "too many codes"),
            (of_bits(&[(1, 1), (2, 2), (0, 5), (0, 5), (0, 4), (0, 12)], b""), "no such code"),
            (
                of_bits(&[(1, 1), (2, 2), (0, 5), (0, 5), (0, 4), (0x249, 12)], b""),
                "a set with too many codes",
            ),
            (of_bits(&[(1, 1), (2, 2), (0, 5), (0, 5), (0, 4), (2, 12)], b""), "a set with unused codes"),
        ];
        for (zlib, why) in &cases {
            assert_eq!(all(zlib), Err(*why), "{zlib:02x?}");
        }
        assert_eq!(cases.len(), 16);
        // A window of 256 octets.
        let small = |distance: usize| {
            let mut out = Vec::new();
            let mut out = Out {
                buffer: vec![0; 1_000],
                given: 0,
                left: 9_999,
                sums: (1, 0),
                reach: 256,
                sink: &mut |piece| {
                    out.extend_from_slice(piece);
                    Ok(())
                },
            };
            out.copy(distance, 10)
        };
        assert_eq!((small(256), small(257)), (Ok(()), Err("a distance beyond the window")));
    }
}
