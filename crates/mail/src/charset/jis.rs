//! ISO-2022-JP in all its dialects: RFC 1468, RFC 1554 (-2), RFC 2237 (-1), CP50220–50222, -MS, JIS7 and JIS8, and
//! what broken programs write: no escape at the end, half-width kana by SO/SI or as raw octets, other charsets in
//! between.

use super::{double_octet, euc, guess};
use encoding_rs::{EUC_KR, Encoding, GBK, ISO_8859_7, SHIFT_JIS, UTF_8};

const ESC: u8 = 0x1b;
const SO: u8 = 0x0e;
const SI: u8 = 0x0f;

/// What a run of octets was read as.
pub(super) struct Read {
    pub(super) text: String,
    /// Characters that stand as U+FFFD, and escapes that mean nothing here.
    pub(super) loss: u32,
    /// Whether an escape was missing or another charset stood in between.
    pub(super) repaired: bool,
}

/// The set that G0 holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    /// ASCII, or JIS-Roman read as ASCII.
    Ascii,
    /// Half-width kana.
    Kana,
    /// JIS X 0208 with the rows of NEC and IBM.
    Jis0208,
    /// JIS X 0212.
    Jis0212,
    /// Plane 2 of JIS X 0213: nothing of it is read.
    Jis0213Plane2,
    /// 外字 of ISO-2022-JP-MS.
    UserDefined,
    /// GB 2312 (-2).
    Gb2312,
    /// KS X 1001 (-2).
    KsX1001,
}

/// What an escape sequence does.
enum Escape {
    /// Designates to G0.
    G0(Set),
    /// Designates a 96-set to G2 (-2).
    G2(&'static Encoding),
    /// One character of G2 follows.
    SingleShift,
    /// Announces something that changes nothing.
    Nothing,
}

fn escape(octets: &[u8]) -> Option<(Escape, &[u8])> {
    let sequence = octets.strip_prefix(&[ESC])?;
    Some(match sequence {
        [b'(', b'B' | b'J' | b'H' | b'@' | b'T', rest @ ..] => (Escape::G0(Set::Ascii), rest),
        [b'(', b'I', rest @ ..] => (Escape::G0(Set::Kana), rest),
        [b'$', b'@' | b'B', rest @ ..] | [b'$', b'(', b'@' | b'B' | b'O' | b'Q', rest @ ..] => {
            (Escape::G0(Set::Jis0208), rest)
        }
        [b'$', b'(', b'D', rest @ ..] => (Escape::G0(Set::Jis0212), rest),
        [b'$', b'(', b'P', rest @ ..] => (Escape::G0(Set::Jis0213Plane2), rest),
        [b'$', b'(', b'?', rest @ ..] => (Escape::G0(Set::UserDefined), rest),
        [b'$', b'A', rest @ ..] | [b'$', b'(', b'A', rest @ ..] => (Escape::G0(Set::Gb2312), rest),
        [b'$', b'(', b'C', rest @ ..] => (Escape::G0(Set::KsX1001), rest),
        [b'.', b'A', rest @ ..] => (Escape::G2(encoding_rs::WINDOWS_1252), rest),
        [b'.', b'F', rest @ ..] => (Escape::G2(ISO_8859_7), rest),
        [b'N', rest @ ..] => (Escape::SingleShift, rest),
        [b'&', b'@', rest @ ..] | [b')', b'I', rest @ ..] => (Escape::Nothing, rest),
        _ => return None,
    })
}

/// Whether an escape sequence to a Japanese set stands there with a character of that set behind it.
pub(super) fn is_proven(octets: &[u8]) -> bool {
    let mut rest = octets;
    while let Some(at) = rest.iter().position(|&o| o == ESC) {
        let (_, from_escape) = rest.split_at(at);
        match escape(from_escape) {
            Some((Escape::G0(Set::Ascii) | Escape::G2(_) | Escape::SingleShift | Escape::Nothing, after)) => {
                rest = after;
            }
            Some((Escape::G0(Set::Kana), after)) => match after {
                [0x21..=0x5f, ..] => return true,
                _ => rest = after,
            },
            Some((Escape::G0(_), after)) => match after {
                [0x21..=0x7e, 0x21..=0x7e, ..] => return true,
                _ => rest = after,
            },
            None => rest = from_escape.get(1..).unwrap_or_default(),
        }
    }
    false
}

/// Whether there is anything that only a reader of ISO-2022-JP understands.
pub(super) fn has_shifts(octets: &[u8]) -> bool {
    octets.iter().any(|&o| matches!(o, ESC | SO | SI))
}

/// Reads ISO-2022-JP whose ESC octets were taken out on the way (`$B4A;z(B`); `None` when nothing of that form
/// stands there. Only whole runs of pairs that all mean something are taken for one.
pub(super) fn without_escapes(octets: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(octets.len());
    let (mut rest, mut found) = (octets, false);
    while let Some((&first, tail)) = rest.split_first() {
        if let [b'$', b'B' | b'@', inner @ ..] = rest
            && let Some((run, after)) = bare_run(inner)
        {
            text.push_str(&run);
            (rest, found) = (after, true);
            continue;
        }
        text.push(char::from(first));
        rest = tail;
    }
    found.then_some(text)
}

/// Longest run of pairs without ESC, in octets: a line of mail.
const BARE_RUN_MAX: usize = 1_000;

/// Pairs up to `(B` or `(J` that are real text: with a character of the kana or punctuation rows, or two kanji.
fn bare_run(inner: &[u8]) -> Option<(String, &[u8])> {
    let mut near = inner.get(..BARE_RUN_MAX).unwrap_or(inner).chunks_exact(2);
    let length = near.position(|pair| matches!(pair, [b'(', b'B' | b'J']))?.checked_mul(2)?;
    let (pairs, after) = inner.split_at(length);
    let in_set = !pairs.is_empty() && pairs.iter().all(|o| (0x21..=0x7e).contains(o));
    let telling =
        pairs.len() >= 4 || pairs.chunks_exact(2).any(|pair| matches!(pair, [0x21 | 0x24 | 0x25, _]));
    let high: Vec<u8> = pairs.iter().map(|o| o | 0x80).collect();
    let text = euc(&high).filter(|_| in_set && telling)?;
    Some((text, after.get(2..)?))
}

struct Reader {
    read: Read,
    g0: Set,
    g2: &'static Encoding,
    shifted: bool,
}

/// Reads everything; never fails.
pub(super) fn decode(octets: &[u8]) -> Read {
    let text = String::with_capacity(octets.len().saturating_mul(3).saturating_div(2));
    let mut reader = Reader {
        read: Read { text, loss: 0, repaired: false },
        g0: Set::Ascii,
        g2: encoding_rs::WINDOWS_1252,
        shifted: false,
    };
    let mut rest = octets;
    while let Some((&first, tail)) = rest.split_first() {
        rest = match first {
            ESC => reader.escape(rest, tail),
            SO | SI => {
                reader.shifted = first == SO;
                tail
            }
            b'\r' | b'\n' => {
                reader.read.text.push(char::from(first));
                reader.at_line_end(first, tail);
                tail
            }
            0..=0x20 => {
                reader.read.text.push(char::from(first));
                tail
            }
            _ if reader.shifted || reader.g0 == Set::Kana => reader.kana(first, rest, tail),
            _ if reader.g0 == Set::Ascii => reader.single(rest),
            _ => reader.double(rest, tail),
        };
    }
    // The text should end in ASCII (RFC 1468); that it does not is no loss.
    reader.read.repaired |= reader.g0 != Set::Ascii;
    reader.read
}

impl Reader {
    fn lose(&mut self) {
        self.read.text.push('\u{fffd}');
        self.read.loss = self.read.loss.saturating_add(1);
    }

    fn escape<'a>(&mut self, from_escape: &'a [u8], tail: &'a [u8]) -> &'a [u8] {
        match escape(from_escape) {
            Some((Escape::G0(set), rest)) => {
                (self.g0, self.shifted) = (set, false);
                rest
            }
            Some((Escape::G2(encoding), rest)) => {
                self.g2 = encoding;
                rest
            }
            Some((Escape::SingleShift, [c @ (0x20..=0x7f | 0xa0..=0xff), rest @ ..])) => {
                let octets = [*c | 0x80];
                let (text, _) = self.g2.decode_without_bom_handling(&octets);
                self.read.text.push_str(&text);
                rest
            }
            Some((Escape::SingleShift | Escape::Nothing, rest)) => rest,
            None => {
                self.read.text.push('\u{1b}');
                self.read.loss = self.read.loss.saturating_add(1);
                tail
            }
        }
    }

    /// RFC 1468: a line ends in ASCII. When it did not, the next line is either the continuation of a writer that
    /// never returns, or that of one that forgot to; kana and punctuation (rows 1, 4 and 5) tell.
    fn at_line_end(&mut self, ended_by: u8, tail: &[u8]) {
        let broken = self.g0 != Set::Ascii;
        self.shifted = false;
        if !broken || (ended_by == b'\r' && tail.first() == Some(&b'\n')) {
            return;
        }
        self.read.repaired = true;
        let end = tail.iter().position(|&o| matches!(o, ESC | b'\r' | b'\n')).unwrap_or(tail.len());
        let (line, _) = tail.split_at(end);
        let pairs = line.len().checked_div(2).unwrap_or_default();
        let telling = line.chunks_exact(2).filter(|pair| matches!(pair, [0x21 | 0x24 | 0x25, _])).count();
        let even = line.len().is_multiple_of(2) && line.iter().all(|o| (0x21..=0x7e).contains(o));
        if self.g0 != Set::Jis0208 || !even || telling.saturating_mul(4) < pairs.max(1) {
            self.g0 = Set::Ascii;
        }
    }

    fn kana<'a>(&mut self, first: u8, from_first: &'a [u8], tail: &'a [u8]) -> &'a [u8] {
        let seven_bits = first & 0x7f;
        if !(0x21..=0x5f).contains(&seven_bits) {
            if first.is_ascii() {
                self.read.text.push(char::from(first));
                return tail;
            }
            return self.single(from_first);
        }
        self.read.text.push(half_width(seven_bits));
        tail
    }

    /// ASCII up to the next escape or line end; other octets among it are proven or half-width kana (JIS8).
    fn single<'a>(&mut self, from_first: &'a [u8]) -> &'a [u8] {
        let end = from_first.iter().position(|&o| matches!(o, ESC | SO | SI | b'\r' | b'\n'));
        let (segment, rest) = from_first.split_at(end.unwrap_or(from_first.len()));
        if segment.is_ascii() {
            self.read.text.push_str(&String::from_utf8_lossy(segment));
            return rest;
        }
        self.read.repaired = true;
        let kana_alone = segment.iter().all(|&o| o.is_ascii() || (0xa1..=0xdf).contains(&o));
        let proven = guess::japanese(segment).filter(|_| !kana_alone || guess::has_kana_rows(segment));
        match proven {
            Some(guess::Japanese::Utf8) => self.other(UTF_8, segment),
            Some(guess::Japanese::ShiftJis) => self.other(SHIFT_JIS, segment),
            Some(guess::Japanese::EucJp) => {
                let reading = double_octet::euc_jp(segment, false);
                self.read.text.push_str(&reading.text);
                self.read.loss = self.read.loss.saturating_add(reading.loss);
            }
            None => {
                for &octet in segment {
                    match octet {
                        0..=0x7f => self.read.text.push(char::from(octet)),
                        0xa1..=0xdf => self.read.text.push(half_width(octet & 0x7f)),
                        _ => self.lose(),
                    }
                }
            }
        }
        rest
    }

    fn other(&mut self, encoding: &'static Encoding, segment: &[u8]) {
        let reading = super::Reading::by(encoding, segment, true);
        self.read.text.push_str(&reading.text);
        self.read.loss = self.read.loss.saturating_add(reading.loss);
    }

    fn double<'a>(&mut self, from_first: &'a [u8], tail: &'a [u8]) -> &'a [u8] {
        let run = from_first.iter().position(|o| !(0x21..=0x7e).contains(o)).unwrap_or(from_first.len());
        let (pairs, rest) = from_first.split_at(run & !1);
        if !pairs.is_empty() {
            self.pairs(pairs);
            return rest;
        }
        match from_first {
            // Rows 95–114 of CP50220: 外字.
            [row @ 0x7f..=0x92, cell @ 0x21..=0x7e, rest @ ..] if self.g0 == Set::Jis0208 => {
                self.push_or_lose(private_use(row.wrapping_sub(0x7f), *cell, 0xe000));
                rest
            }
            // The eighth bit is set although the set was designated.
            [row @ 0xa1..=0xfe, cell @ 0xa1..=0xfe, rest @ ..] => {
                self.read.repaired = true;
                self.pairs(&[row & 0x7f, cell & 0x7f]);
                rest
            }
            _ => {
                self.lose();
                tail
            }
        }
    }

    fn push_or_lose(&mut self, character: Option<char>) {
        match character {
            Some(c) => self.read.text.push(c),
            None => self.lose(),
        }
    }

    /// Whole pairs of octets 0x21–0x7E.
    fn pairs(&mut self, pairs: &[u8]) {
        let high = || pairs.iter().map(|o| o | 0x80);
        let whole = match self.g0 {
            Set::Jis0208 => euc(&high().collect::<Vec<u8>>()),
            Set::Gb2312 => strict(GBK, &high().collect::<Vec<u8>>()),
            Set::KsX1001 => strict(EUC_KR, &high().collect::<Vec<u8>>()),
            Set::Jis0212 | Set::Jis0213Plane2 | Set::UserDefined | Set::Ascii | Set::Kana => None,
        };
        if let Some(text) = whole {
            self.read.text.push_str(&text);
            return;
        }
        for pair in pairs.chunks_exact(2) {
            if let [row, cell] = *pair {
                self.pair(row, cell);
            }
        }
    }

    fn pair(&mut self, row: u8, cell: u8) {
        let (high_row, high_cell) = (row | 0x80, cell | 0x80);
        let text = match self.g0 {
            Set::Jis0208 => euc(&[high_row, high_cell]),
            Set::Jis0212 => euc(&[0x8f, high_row, high_cell]),
            Set::Gb2312 => strict(GBK, &[high_row, high_cell]),
            Set::KsX1001 => strict(EUC_KR, &[high_row, high_cell]),
            Set::Jis0213Plane2 | Set::UserDefined | Set::Ascii | Set::Kana => None,
        };
        if let Some(text) = text {
            self.read.text.push_str(&text);
            return;
        }
        let private = match (self.g0, row) {
            (Set::Jis0208, 0x75..=0x7e) => private_use(row.wrapping_sub(0x75), cell, 0xe000),
            (Set::Jis0212, 0x75..=0x7e) => private_use(row.wrapping_sub(0x75), cell, 0xe3ac),
            (Set::UserDefined, 0x21..=0x34) => private_use(row.wrapping_sub(0x21), cell, 0xe000),
            _ => None,
        };
        self.push_or_lose(private);
    }
}

/// The 外字 in a row (counted from 0) and a cell (0x21–0x7E) of 94.
pub(super) fn private_use(row: u8, cell: u8, base: u32) -> Option<char> {
    let index = u32::from(row).checked_mul(94)?.checked_add(u32::from(cell.checked_sub(0x21)?))?;
    char::from_u32(base.checked_add(index)?)
}

fn half_width(seven_bits: u8) -> char {
    let offset = u32::from(seven_bits.saturating_sub(0x21));
    char::from_u32(0xff61u32.saturating_add(offset)).unwrap_or('\u{fffd}')
}

fn strict(encoding: &'static Encoding, octets: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(octets).map(std::borrow::Cow::into_owned)
}
