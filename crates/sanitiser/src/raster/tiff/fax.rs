//! Fax strips → rows of pixels: TIFF compressions 2 (Modified Huffman), 3 (ITU-T T.4, one and two dimensions) and 4
//! (ITU-T T.6). The code tables are those of the `fax` crate; the rows are ours, because that crate reads neither
//! two-dimensional T.4 nor damaged lines.
//!
//! *Security.* Every pass over a row reads at least one bit or ends it, and rows are at most as many as were asked for
//! and paid for. A line that does not decode is shown as the line above, as fax machines do; reading goes on at the
//! next end-of-line mark.

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, ByteReader};
use std::convert::Infallible;

/// How the strip is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Compression 2: rows start on an octet, without marks.
    Huffman,
    /// Compression 3, `T4Options` bit 0 clear.
    OneDimension,
    /// Compression 3, `T4Options` bit 0 set: a tag bit behind each mark.
    TwoDimensions,
    /// Compression 4.
    T6,
}

/// The rows of a strip, one octet a pixel: 0 where the code says black.
pub(super) struct Rows {
    pub(super) pixels: Vec<u8>,
    /// Rows that did not decode, or were missing.
    pub(super) damaged: u32,
}

/// Decodes at most `height` rows of `width` pixels.
pub(super) fn decode(strip: &[u8], coding: Coding, width: u32, height: u32) -> Rows {
    // Zeros behind the end: the tables look further than the shortest code is long.
    let padded = strip.iter().copied().chain([0; 4]).map(Ok::<u8, Infallible>);
    let Ok(mut bits) = ByteReader::new(padded);
    let mut rows = Rows { pixels: Vec::new(), damaged: 0 };
    let mut reference: Vec<u32> = Vec::new();
    for row in 0..height {
        let line = match coding {
            Coding::Huffman => {
                let _infallible = bits.consume(bits.bits_to_byte_boundary());
                Some(one_dimension(&mut bits, width))
            }
            Coding::OneDimension => start_of_line(&mut bits).map(|_| one_dimension(&mut bits, width)),
            Coding::TwoDimensions => start_of_line(&mut bits).map(|marked| {
                let is_first_form = !marked || bits.peek(1) == Some(1);
                if marked {
                    let _infallible = bits.consume(1);
                }
                if is_first_form {
                    one_dimension(&mut bits, width)
                } else {
                    two_dimensions(&mut bits, &reference, width)
                }
            }),
            Coding::T6 => (bits.peek(12) != Some(1)).then(|| two_dimensions(&mut bits, &reference, width)),
        };
        match line {
            Some(Ok(line)) => reference = line,
            Some(Err(Damaged)) => {
                rows.damaged = rows.damaged.saturating_add(1);
                if matches!(coding, Coding::T6 | Coding::Huffman) || bits.peek(1).is_none() {
                    // Without marks nothing behind a fault can be trusted.
                    rows.damaged = rows.damaged.saturating_add(height.saturating_sub(row).saturating_sub(1));
                    break;
                }
                find_mark(&mut bits);
            }
            None => {
                rows.damaged = rows.damaged.saturating_add(height.saturating_sub(row));
                break;
            }
        }
        paint(&reference, width, &mut rows.pixels);
    }
    let wanted = usize::try_from(u64::from(width).saturating_mul(u64::from(height))).unwrap_or(usize::MAX);
    rows.pixels.resize(wanted, 255);
    rows
}

/// A line that does not decode.
struct Damaged;

/// Skips fill bits and one end-of-line mark if they stand here. `None` at the end of the page (two marks in a row) or
/// of the data; else whether there was a mark.
fn start_of_line(bits: &mut impl BitReader<Error = Infallible>) -> Option<bool> {
    if !skip_mark(bits) {
        return bits.peek(1).map(|_| false);
    }
    // Return to control: six marks; in two dimensions each with a tag bit.
    if bits.peek(12) == Some(1) || bits.peek(13).is_some_and(|ahead| ahead & 0xfff == 1 && ahead >> 12 == 1) {
        return None;
    }
    bits.peek(1).map(|_| true)
}

/// At least eleven zeros and a one: no code of a run begins with so many.
fn skip_mark(bits: &mut impl BitReader<Error = Infallible>) -> bool {
    if bits.peek(11) != Some(0) {
        return false;
    }
    while bits.peek(1) == Some(0) {
        let _infallible = bits.consume(1);
    }
    let found = bits.peek(1) == Some(1);
    let _infallible = bits.consume(1);
    found
}

/// Goes forward to the next mark.
fn find_mark(bits: &mut impl BitReader<Error = Infallible>) {
    while bits.peek(11).is_some_and(|ahead| ahead != 0) {
        let _infallible = bits.consume(1);
    }
}

/// A run of one colour: any number of make-up codes and one terminating code.
fn run(bits: &mut impl BitReader<Error = Infallible>, is_black: bool, width: u32) -> Result<u32, Damaged> {
    let mut sum = 0_u32;
    loop {
        let code = if is_black { black::decode(bits) } else { white::decode(bits) };
        let length = code.ok_or(Damaged)?;
        sum = sum.saturating_add(u32::from(length));
        if length < 64 {
            return Ok(sum);
        }
        if sum > width {
            return Err(Damaged);
        }
    }
}

/// Positions at which the colour changes, beginning with white.
fn one_dimension(bits: &mut impl BitReader<Error = Infallible>, width: u32) -> Result<Vec<u32>, Damaged> {
    let mut line = Vec::new();
    let (mut at, mut is_black) = (0_u32, false);
    while at < width {
        at = at.saturating_add(run(bits, is_black, width)?);
        if at < width {
            line.push(at);
        }
        is_black = !is_black;
        // A run of no length is only sensible as the first.
        if line.len() > usize::try_from(width).unwrap_or(usize::MAX) {
            return Err(Damaged);
        }
    }
    if at > width { Err(Damaged) } else { Ok(line) }
}

/// A line coded against the one above (T.4 §4.2, T.6 §2.2).
fn two_dimensions(
    bits: &mut impl BitReader<Error = Infallible>,
    reference: &[u32],
    width: u32,
) -> Result<Vec<u32>, Damaged> {
    let mut line = Vec::new();
    // `None` stands for the imaginary white pixel in front of the line.
    let mut from: Option<u32> = None;
    let mut is_black = false;
    let mut index = 0_usize;
    loop {
        let at = from.unwrap_or(0);
        if from.is_some() && at >= width {
            return Ok(line);
        }
        match mode::decode(bits).ok_or(Damaged)? {
            Mode::Pass => {
                let (_, second) = changes(reference, &mut index, from, is_black, width);
                from = Some(second);
            }
            Mode::Vertical(shift) => {
                let (first, _) = changes(reference, &mut index, from, is_black, width);
                let to = first.checked_add_signed(i32::from(shift)).filter(|to| (at..=width).contains(to));
                let to = to.ok_or(Damaged)?;
                if to < width {
                    line.push(to);
                }
                is_black = !is_black;
                from = Some(to);
            }
            Mode::Horizontal => {
                let first = at.saturating_add(run(bits, is_black, width)?);
                let second = first.saturating_add(run(bits, !is_black, width)?);
                if second > width {
                    return Err(Damaged);
                }
                line.extend([first, second].into_iter().filter(|&to| to < width));
                from = Some(second);
            }
            Mode::Extension | Mode::EOF => return Err(Damaged),
        }
        if line.len() > usize::try_from(width).unwrap_or(usize::MAX).saturating_mul(2) {
            return Err(Damaged);
        }
    }
}

/// b1 and b2: the next change on the line above to the right of a0 and away from the present colour, and the one
/// behind it.
fn changes(
    reference: &[u32],
    index: &mut usize,
    from: Option<u32>,
    is_black: bool,
    width: u32,
) -> (u32, u32) {
    // A vertical shift to the left may have to look back.
    while *index > 0
        && reference.get(index.saturating_sub(1)).is_some_and(|&to| from.is_none_or(|from| to > from))
    {
        *index = index.saturating_sub(1);
    }
    // Changes at even places turn to black.
    while let Some(&to) = reference.get(*index) {
        let turns_black = index.is_multiple_of(2);
        if from.is_none_or(|from| to > from) && turns_black != is_black {
            break;
        }
        *index = index.saturating_add(1);
    }
    let first = reference.get(*index).copied().unwrap_or(width);
    let second = reference.get(index.saturating_add(1)).copied().unwrap_or(width);
    (first, second)
}

/// One octet a pixel: 255 in white runs, 0 in black ones.
fn paint(line: &[u32], width: u32, pixels: &mut Vec<u8>) {
    let mut at = 0_u32;
    let mut value = 255;
    for &to in line.iter().chain([&width]) {
        let length = usize::try_from(to.min(width).saturating_sub(at)).unwrap_or(0);
        pixels.extend(std::iter::repeat_n(value, length));
        at = at.max(to.min(width));
        value = !value;
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test pictures")]
mod tests {
    use super::*;
    use fax::{Color, VecWriter, encoder::Encoder};

    fn picture(width: u32, height: u32) -> Vec<u8> {
        let dark =
            |x: u32, y: u32| (x / 7 + y / 3).is_multiple_of(3) || (x * y) % 11 == 1 || x + 2 * y == width;
        (0..height).flat_map(|y| (0..width).map(move |x| if dark(x, y) { 0 } else { 255 })).collect()
    }

    #[test]
    fn t6_reads_what_another_encoder_wrote() {
        let mut ran = 0;
        for width in [1, 7, 64, 200, 1728, 5000] {
            let pixels = picture(width, 40);
            let mut encoder = Encoder::new(VecWriter::new());
            for row in pixels.chunks_exact(usize::try_from(width).unwrap()) {
                let colours = row.iter().map(|&p| if p == 0 { Color::Black } else { Color::White });
                encoder.encode_line(colours, width).unwrap();
            }
            let strip = encoder.finish().unwrap().finish();
            let rows = decode(&strip, Coding::T6, width, 40);
            assert_eq!((rows.damaged, rows.pixels == pixels), (0, true), "{width}");
            ran += 1;
        }
        assert_eq!(ran, 6);
    }

    /// `1` and `0` to octets.
    fn strip(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|b| b"01".contains(b)).map(|b| b - b'0').collect();
        digits
            .chunks(8)
            .map(|octet| octet.iter().enumerate().fold(0, |sum, (i, d)| sum | (d << (7 - i))))
            .collect()
    }

    #[test]
    fn one_dimensional_lines_with_and_without_marks() {
        // 4 white, 3 black, 3 white; 10 white.
        let (first, second) = ("1011 10 1000", "00111");
        let wanted: Vec<u8> = [[255, 255, 255, 255, 0, 0, 0, 255, 255, 255], [255; 10]].concat();
        let mark = "000000000001";
        let cases = [
            (Coding::Huffman, format!("{first} 000000 {second}")),
            (
                Coding::OneDimension,
                format!("{mark}{first}{mark}{second}{mark}{mark}{mark}{mark}{mark}{mark}"),
            ),
            (Coding::OneDimension, format!("{mark}{first}0000{mark}{second}")),
            (Coding::OneDimension, format!("{first}{second}")),
            (Coding::TwoDimensions, format!("{mark}1{first}{mark}1{second}{mark}1{mark}1")),
            (Coding::TwoDimensions, format!("{mark}1{first}{mark}0 0001 1{mark}1{mark}1")),
        ];
        for (coding, text) in &cases {
            let rows = decode(&strip(text), *coding, 10, 2);
            assert_eq!((rows.damaged, &rows.pixels), (0, &wanted), "{coding:?} {text}");
        }
        assert_eq!(cases.len(), 6);
    }

    #[test]
    fn a_damaged_line_repeats_the_one_above() {
        let mark = "000000000001";
        let text = format!("{mark} 1011 10 1000 {mark} 1011 11 00000001 0000000000 {mark} 00111");
        let rows = decode(&strip(&text), Coding::OneDimension, 10, 3);
        assert_eq!(rows.damaged, 1);
        assert_eq!(rows.pixels[10..20], rows.pixels[..10]);
        assert_eq!(rows.pixels[20..], [255; 10]);
    }

    #[test]
    fn any_octets_end() {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        })
        .take(4_000)
        .collect();
        for coding in [Coding::Huffman, Coding::OneDimension, Coding::TwoDimensions, Coding::T6] {
            for from in (0..4_000).step_by(50) {
                let rows = decode(&noise[from..], coding, 500, 300);
                assert_eq!(rows.pixels.len(), 150_000);
            }
            assert_eq!(decode(&[], coding, 5, 5).pixels, [255; 25]);
        }
    }
}
