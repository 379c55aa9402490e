//! Text back into the charset that a file came in.

use super::label::{Charset, Order, charset};
use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS};

/// Whether a byte order mark is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrderMark {
    /// Written (UTF-8 and UTF-16 only).
    Write,
    /// Not written.
    Omit,
}

/// Octets of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The octets.
    pub octets: Vec<u8>,
    /// MIME name of the charset.
    pub used: &'static str,
    /// Characters that the charset does not have, each once, at most 100; they stand as 〓 or, where that does not
    /// exist either, as `?`.
    pub unencodable: Vec<char>,
}

/// Most characters that are listed as unencodable.
const UNENCODABLE_MAX: usize = 100;

/// Writes `text` in the charset of `label`; UTF-8 when the label is none that is written.
pub fn encode(text: &str, label: &str, mark: ByteOrderMark) -> Encoded {
    let mut encoded =
        Encoded { octets: Vec::with_capacity(text.len()), used: "UTF-8", unencodable: Vec::new() };
    match charset(label) {
        Charset::ShiftJis => by_character(text, &mut encoded, "Shift_JIS", shift_jis),
        Charset::EucJp | Charset::EucJpMs => by_character(text, &mut encoded, "EUC-JP", euc_jp),
        Charset::Iso2022Jp => iso_2022_jp(text, &mut encoded),
        Charset::Utf16(order) => utf16(text, order.unwrap_or(Order::Little), mark, &mut encoded),
        Charset::Other(encoding) if encoding.output_encoding() == encoding => {
            by_character(text, &mut encoded, encoding.name(), |c| other(encoding, c));
        }
        Charset::Ascii
        | Charset::Utf8
        | Charset::Utf32
        | Charset::Iso2022Kr
        | Charset::Other(_)
        | Charset::Refused { .. }
        | Charset::Unknown => {
            if mark == ByteOrderMark::Write {
                encoded.octets.extend_from_slice(b"\xef\xbb\xbf");
            }
            encoded.octets.extend_from_slice(text.as_bytes());
        }
    }
    encoded
}

fn note(encoded: &mut Encoded, c: char) {
    if encoded.unencodable.len() < UNENCODABLE_MAX && !encoded.unencodable.contains(&c) {
        encoded.unencodable.push(c);
    }
}

fn by_character(
    text: &str,
    encoded: &mut Encoded,
    used: &'static str,
    write: impl Fn(char) -> Option<Vec<u8>>,
) {
    encoded.used = used;
    for c in text.chars() {
        if c.is_ascii() {
            encoded.octets.extend(u8::try_from(c));
            continue;
        }
        let octets = write(c).or_else(|| {
            note(encoded, c);
            write('〓')
        });
        encoded.octets.extend_from_slice(octets.as_deref().unwrap_or(b"?"));
    }
}

fn other(encoding: &'static Encoding, c: char) -> Option<Vec<u8>> {
    let mut utf8 = [0; 4];
    let (octets, _, unmappable) = encoding.encode(c.encode_utf8(&mut utf8));
    (!unmappable).then(|| octets.into_owned())
}

/// Characters that other tables than those of Windows use for the same cells of JIS X 0208.
fn as_windows(c: char) -> char {
    match c {
        '\u{301c}' => '\u{ff5e}',
        '\u{2016}' => '\u{2225}',
        '\u{2212}' => '\u{ff0d}',
        '\u{2014}' => '\u{2015}',
        '\u{a2}' => '\u{ffe0}',
        '\u{a3}' => '\u{ffe1}',
        '\u{ac}' => '\u{ffe2}',
        _ => c,
    }
}

/// The number of a 外字 from U+E000 on, below `most`.
fn user_defined(c: char, most: u32) -> Option<u32> {
    u32::from(c).checked_sub(0xe000).filter(|index| *index < most)
}

fn shift_jis(c: char) -> Option<Vec<u8>> {
    if let Some(index) = user_defined(c, 1880) {
        let (row, cell) = (index.checked_div(188)?, index.checked_rem(188)?);
        let trail = cell.checked_add(if cell < 63 { 0x40 } else { 0x41 })?;
        return Some(vec![u8::try_from(row.checked_add(0xf0)?).ok()?, u8::try_from(trail).ok()?]);
    }
    other(SHIFT_JIS, as_windows(c))
}

fn euc_jp(c: char) -> Option<Vec<u8>> {
    if let Some(index) = user_defined(c, 940) {
        let (row, cell) = (index.checked_div(94)?, index.checked_rem(94)?);
        // Rows 89–92 are characters of NEC for everyone but eucJP-ms.
        if (4..8).contains(&row) {
            return None;
        }
        return Some(vec![
            u8::try_from(row.checked_add(0xf5)?).ok()?,
            u8::try_from(cell.checked_add(0xa1)?).ok()?,
        ]);
    }
    other(EUC_JP, as_windows(c))
}

fn utf16(text: &str, order: Order, mark: ByteOrderMark, encoded: &mut Encoded) {
    encoded.used = if order == Order::Big { "UTF-16BE" } else { "UTF-16LE" };
    let mark = (mark == ByteOrderMark::Write).then_some(0xfeff);
    for unit in mark.into_iter().chain(text.encode_utf16()) {
        let octets = if order == Order::Big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        encoded.octets.extend_from_slice(&octets);
    }
}

/// ISO-2022-JP with half-width kana by `ESC ( I` (CP50221); every line and the text end in ASCII.
fn iso_2022_jp(text: &str, encoded: &mut Encoded) {
    encoded.used = "ISO-2022-JP";
    let mut designated: &[u8] = b"\x1b(B";
    for c in text.chars() {
        let (escape, octets): (&[u8], Vec<u8>) = match seven_bit(c) {
            Some(found) => found,
            None => {
                note(encoded, c);
                (b"\x1b$B", vec![0x22, 0x2e])
            }
        };
        if escape != designated {
            encoded.octets.extend_from_slice(escape);
            designated = escape;
        }
        encoded.octets.extend_from_slice(&octets);
    }
    if designated != b"\x1b(B" {
        encoded.octets.extend_from_slice(b"\x1b(B");
    }
}

fn seven_bit(c: char) -> Option<(&'static [u8], Vec<u8>)> {
    if c.is_ascii() {
        return Some((b"\x1b(B", vec![u8::try_from(c).ok()?]));
    }
    let octets = euc_jp(c)?;
    match *octets.as_slice() {
        [0x8e, kana] => Some((b"\x1b(I", vec![kana & 0x7f])),
        [row @ 0xa1..=0xff, cell] => Some((b"\x1b$B", vec![row & 0x7f, cell & 0x7f])),
        _ => None,
    }
}
