//! CCITT Group 4 (ITU-T T.6), decoded to the last row and the end-of-facsimile block.
//!
//! Only the one code of each row is taken that the coding procedure of T.6 §2.2.5 gives: pass mode where b2 lies left of
//! a1, else vertical mode within three pixels, else horizontal mode with the longest make-up codes. So two decoders
//! cannot see two pictures.
//!
//! *Security.* Memory is the changing elements of two rows. Every code must exist, every run must stay in its row,
//! the rows must be as many as promised, then EOFB, then zero bits to the octet border, then nothing.

/// Decodes all rows of `width` pixels.
pub(super) fn check(data: &[u8], width: u32, height: u32) -> Result<(), &'static str> {
    let mut bits = Bits { data, place: 0 };
    // Places where the colour changes, ascending; the row above the first is white.
    let mut above: Vec<u32> = Vec::new();
    let mut current: Vec<u32> = Vec::new();
    for _ in 0..height {
        current.clear();
        row(&mut bits, width, &above, &mut current)?;
        std::mem::swap(&mut above, &mut current);
    }
    bits.end()
}

enum Mode {
    Pass,
    Horizontal,
    Vertical(i64),
}

fn row(bits: &mut Bits<'_>, width: u32, above: &[u32], current: &mut Vec<u32>) -> Result<(), &'static str> {
    let mut at = 0u32;
    let mut is_black = false;
    // Index into `above` of the first change that may still be b1; it never moves back by more than one change.
    let mut near = 0usize;
    let mut is_first = true;
    while at < width {
        // b1: the first change above, right of `at`, to the colour opposite to the current one.
        near = near.saturating_sub(1);
        while let Some(&change) = above.get(near) {
            let to_black = near.is_multiple_of(2);
            let beyond = change > at || (is_first && change == 0 && at == 0);
            if beyond && to_black != is_black {
                break;
            }
            near = near.saturating_add(1);
        }
        let b1 = above.get(near).copied().unwrap_or(width);
        let b2 = above.get(near.saturating_add(1)).copied();
        // Whether a change at `a1` had to be coded by a pass before.
        let passes = |a1: u32| b2.is_some_and(|b2| b2 < a1);
        match mode(bits)? {
            Mode::Pass => {
                // b2 lies left of a1 (T.6 §2.2.1), so it lies in the row; that a1 is right of it shows later.
                at = b2.ok_or("a pass leaves the row")?;
            }
            Mode::Horizontal => {
                let first = run(bits, is_black)?;
                let second = run(bits, !is_black)?;
                let one = at.checked_add(first).filter(|&one| one <= width).ok_or("a run leaves the row")?;
                let two =
                    one.checked_add(second).filter(|&two| two <= width).ok_or("a run leaves the row")?;
                let first_is_sound = first > 0 || (is_first && !is_black);
                let second_is_sound = second > 0 || one == width;
                if !first_is_sound || !second_is_sound || one.abs_diff(b1) <= 3 || passes(one) {
                    return Err("not the code that T.6 gives");
                }
                push(current, one, width);
                push(current, two, width);
                at = two;
            }
            Mode::Vertical(by) => {
                let place = i64::from(b1).checked_add(by).and_then(|place| u32::try_from(place).ok());
                let place = place
                    .filter(|&place| place <= width && (place > at || (is_first && place == 0)))
                    .ok_or("a change leaves the row")?;
                if passes(place) {
                    return Err("not the code that T.6 gives");
                }
                push(current, place, width);
                at = place;
                is_black = !is_black;
            }
        }
        is_first = false;
    }
    Ok(())
}

/// Notes a change of colour, unless it is the end of the row.
fn push(current: &mut Vec<u32>, place: u32, width: u32) {
    if place < width {
        current.push(place);
    }
}

fn mode(bits: &mut Bits<'_>) -> Result<Mode, &'static str> {
    let codes = [
        (1u32, 1u32, Mode::Vertical(0)),
        (3, 0b011, Mode::Vertical(1)),
        (3, 0b010, Mode::Vertical(-1)),
        (3, 0b001, Mode::Horizontal),
        (4, 0b0001, Mode::Pass),
        (6, 0b00_0011, Mode::Vertical(2)),
        (6, 0b00_0010, Mode::Vertical(-2)),
        (7, 0b000_0011, Mode::Vertical(3)),
        (7, 0b000_0010, Mode::Vertical(-3)),
    ];
    let ahead = bits.peek();
    for (length, code, mode) in codes {
        if ahead >> 24u32.saturating_sub(length) == code {
            bits.skip(length)?;
            return Ok(mode);
        }
    }
    Err("no such mode, or the rows end early")
}

/// A run length: make-up codes, then one terminating code (T.4 tables 2 and 3).
fn run(bits: &mut Bits<'_>, is_black: bool) -> Result<u32, &'static str> {
    let table: &[(u8, u16, u16)] = if is_black { BLACK } else { WHITE };
    let mut total = 0u32;
    let mut last = 2560;
    loop {
        let ahead = bits.peek();
        let code =
            |entry: &&(u8, u16, u16)| ahead >> 24u32.saturating_sub(u32::from(entry.0)) == u32::from(entry.1);
        let (length, _, pixels) = table.iter().chain(EXTENDED).find(code).ok_or("no such run")?;
        bits.skip(u32::from(*length))?;
        // Make-up codes of 2,560 as long as they fit, then one of less, then the rest.
        if *pixels >= 64 && last != 2560 {
            return Err("not the code that T.6 gives");
        }
        last = *pixels;
        total = total.checked_add(u32::from(*pixels)).ok_or("a run leaves the row")?;
        if *pixels < 64 {
            return Ok(total);
        }
        if total > 1 << 20 {
            return Err("a run leaves the row");
        }
    }
}

struct Bits<'data> {
    data: &'data [u8],
    /// In bits.
    place: usize,
}

impl Bits<'_> {
    /// The next 24 bits, zeros behind the end.
    fn peek(&self) -> u32 {
        let from = self.place >> 3;
        let octet =
            |index: usize| u32::from(self.data.get(from.saturating_add(index)).copied().unwrap_or_default());
        let word = octet(0) << 24 | octet(1) << 16 | octet(2) << 8 | octet(3);
        let shift = u32::try_from(self.place & 7).unwrap_or_default();
        word.checked_shl(shift).unwrap_or_default() >> 8
    }

    fn skip(&mut self, count: u32) -> Result<(), &'static str> {
        self.place = self.place.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        if self.place <= self.data.len().saturating_mul(8) { Ok(()) } else { Err("cut short") }
    }

    /// EOFB, zero bits to the octet border, nothing more.
    fn end(mut self) -> Result<(), &'static str> {
        if self.peek() != 0x00_1001 {
            return Err("no end-of-facsimile block behind the last row");
        }
        self.skip(24)?;
        let unused = self.data.len().saturating_mul(8).saturating_sub(self.place);
        if unused >= 8 {
            return Err("octets behind the end");
        }
        let bits_are_zero = self.peek() == 0;
        if bits_are_zero { Ok(()) } else { Err("bits behind the end") }
    }
}

/// White runs: bits, code, pixels.
#[rustfmt::skip]
const WHITE: &[(u8, u16, u16)] = &[
    (8, 0x35, 0), (6, 0x7, 1), (4, 0x7, 2), (4, 0x8, 3), (4, 0xb, 4), (4, 0xc, 5), (4, 0xe, 6),
    (4, 0xf, 7), (5, 0x13, 8), (5, 0x14, 9), (5, 0x7, 10), (5, 0x8, 11), (6, 0x8, 12), (6, 0x3, 13),
    (6, 0x34, 14), (6, 0x35, 15), (6, 0x2a, 16), (6, 0x2b, 17), (7, 0x27, 18), (7, 0xc, 19), (7, 0x8, 20),
    (7, 0x17, 21), (7, 0x3, 22), (7, 0x4, 23), (7, 0x28, 24), (7, 0x2b, 25), (7, 0x13, 26), (7, 0x24, 27),
    (7, 0x18, 28), (8, 0x2, 29), (8, 0x3, 30), (8, 0x1a, 31), (8, 0x1b, 32), (8, 0x12, 33), (8, 0x13, 34),
    (8, 0x14, 35), (8, 0x15, 36), (8, 0x16, 37), (8, 0x17, 38), (8, 0x28, 39), (8, 0x29, 40),
    (8, 0x2a, 41), (8, 0x2b, 42), (8, 0x2c, 43), (8, 0x2d, 44), (8, 0x4, 45), (8, 0x5, 46), (8, 0xa, 47),
    (8, 0xb, 48), (8, 0x52, 49), (8, 0x53, 50), (8, 0x54, 51), (8, 0x55, 52), (8, 0x24, 53), (8, 0x25, 54),
    (8, 0x58, 55), (8, 0x59, 56), (8, 0x5a, 57), (8, 0x5b, 58), (8, 0x4a, 59), (8, 0x4b, 60),
    (8, 0x32, 61), (8, 0x33, 62), (8, 0x34, 63), (5, 0x1b, 64), (5, 0x12, 128), (6, 0x17, 192),
    (7, 0x37, 256), (8, 0x36, 320), (8, 0x37, 384), (8, 0x64, 448), (8, 0x65, 512), (8, 0x68, 576),
    (8, 0x67, 640), (9, 0xcc, 704), (9, 0xcd, 768), (9, 0xd2, 832), (9, 0xd3, 896), (9, 0xd4, 960),
    (9, 0xd5, 1024), (9, 0xd6, 1088), (9, 0xd7, 1152), (9, 0xd8, 1216), (9, 0xd9, 1280), (9, 0xda, 1344),
    (9, 0xdb, 1408), (9, 0x98, 1472), (9, 0x99, 1536), (9, 0x9a, 1600), (6, 0x18, 1664), (9, 0x9b, 1728),
];

/// Black runs.
#[rustfmt::skip]
const BLACK: &[(u8, u16, u16)] = &[
    (10, 0x37, 0), (3, 0x2, 1), (2, 0x3, 2), (2, 0x2, 3), (3, 0x3, 4), (4, 0x3, 5), (4, 0x2, 6),
    (5, 0x3, 7), (6, 0x5, 8), (6, 0x4, 9), (7, 0x4, 10), (7, 0x5, 11), (7, 0x7, 12), (8, 0x4, 13),
    (8, 0x7, 14), (9, 0x18, 15), (10, 0x17, 16), (10, 0x18, 17), (10, 0x8, 18), (11, 0x67, 19),
    (11, 0x68, 20), (11, 0x6c, 21), (11, 0x37, 22), (11, 0x28, 23), (11, 0x17, 24), (11, 0x18, 25),
    (12, 0xca, 26), (12, 0xcb, 27), (12, 0xcc, 28), (12, 0xcd, 29), (12, 0x68, 30), (12, 0x69, 31),
    (12, 0x6a, 32), (12, 0x6b, 33), (12, 0xd2, 34), (12, 0xd3, 35), (12, 0xd4, 36), (12, 0xd5, 37),
    (12, 0xd6, 38), (12, 0xd7, 39), (12, 0x6c, 40), (12, 0x6d, 41), (12, 0xda, 42), (12, 0xdb, 43),
    (12, 0x54, 44), (12, 0x55, 45), (12, 0x56, 46), (12, 0x57, 47), (12, 0x64, 48), (12, 0x65, 49),
    (12, 0x52, 50), (12, 0x53, 51), (12, 0x24, 52), (12, 0x37, 53), (12, 0x38, 54), (12, 0x27, 55),
    (12, 0x28, 56), (12, 0x58, 57), (12, 0x59, 58), (12, 0x2b, 59), (12, 0x2c, 60), (12, 0x5a, 61),
    (12, 0x66, 62), (12, 0x67, 63), (10, 0xf, 64), (12, 0xc8, 128), (12, 0xc9, 192), (12, 0x5b, 256),
    (12, 0x33, 320), (12, 0x34, 384), (12, 0x35, 448), (13, 0x6c, 512), (13, 0x6d, 576), (13, 0x4a, 640),
    (13, 0x4b, 704), (13, 0x4c, 768), (13, 0x4d, 832), (13, 0x72, 896), (13, 0x73, 960), (13, 0x74, 1024),
    (13, 0x75, 1088), (13, 0x76, 1152), (13, 0x77, 1216), (13, 0x52, 1280), (13, 0x53, 1344),
    (13, 0x54, 1408), (13, 0x55, 1472), (13, 0x5a, 1536), (13, 0x5b, 1600), (13, 0x64, 1664),
    (13, 0x65, 1728),
];

/// Make-up codes of both colours.
#[rustfmt::skip]
const EXTENDED: &[(u8, u16, u16)] = &[
    (11, 0x8, 1792), (11, 0xc, 1856), (11, 0xd, 1920), (12, 0x12, 1984), (12, 0x13, 2048),
    (12, 0x14, 2112), (12, 0x15, 2176), (12, 0x16, 2240), (12, 0x17, 2304), (12, 0x1c, 2368),
    (12, 0x1d, 2432), (12, 0x1e, 2496), (12, 0x1f, 2560),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of codes, EOFB, zero bits.
    fn decoded(width: u32, rows: &[&str]) -> Result<(), &'static str> {
        let mut bits: Vec<char> = rows.concat().chars().filter(|c| *c != ' ').collect();
        bits.extend("000000000001000000000001".chars());
        bits.resize(bits.len().next_multiple_of(8), '0');
        let octet = |bits: &[char]| bits.iter().fold(0u8, |octet, bit| octet << 1 | u8::from(*bit == '1'));
        let data: Vec<u8> = bits.chunks(8).map(octet).collect();
        check(&data, width, u32::try_from(rows.len()).unwrap())
    }

    #[test]
    fn the_code_of_a_row_is_the_one_that_the_procedure_gives() {
        // White 2, black 3, and what is left of 20 white.
        let stripe = "001 0111 10 1";
        // Black at once: horizontal with no white, black 3.
        let begins = "001 00110101 10 1";
        let cases: [(u32, &[&str], bool); 17] = [
            (16, &["1", "1"], true),
            (20, &[stripe, "1 1 1"], true),
            (20, &[stripe, "0001 1"], true),
            (20, &[begins, "1 1 1"], true),
            (20, &[begins], true),
            // All white although it could be vertical: horizontal to the end.
            (4, &["001 1011 0000110111"], false),
            // Four black above, all white: pass, not horizontal to the end.
            (20, &[stripe, "001 0001000 0000110111"], false),
            // A change behind b2 without a pass.
            (20, &[stripe, "010 010 1"], true),
            (20, &["001 0111 010 1", "000011 1 1"], false),
            // A pass, then a horizontal run of nothing.
            (20, &[stripe, "0001 001 00110101 10 1"], false),
            // Black 3 and nothing, in the middle of a row.
            (20, &["001 0111 0000110111 1"], false),
            // A change within three pixels in horizontal mode.
            (20, &[stripe, "001 1000 10 1"], false),
            // 64 and 64 for 128; 128; 128 and 64.
            (400, &["001 11011 11011 00110101 10 1"], false),
            (400, &["001 10010 00110101 10 1"], true),
            (400, &["001 10010 11011 00110101 10 1"], false),
            // 2,560 twice, then 128.
            (9_000, &["001 000000011111 000000011111 10010 00110101 10 1"], true),
            // 1,792 for 2,560's sake, then 2,560.
            (9_000, &["001 00000001000 000000011111 00110101 10 1"], false),
        ];
        for (index, (width, rows, is_sound)) in cases.iter().enumerate() {
            let found = decoded(*width, rows);
            assert_eq!(found.is_ok(), *is_sound, "case {index}: {found:?}");
        }
    }
}
