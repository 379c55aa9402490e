//! UTF-16 (RFC 2781) and UTF-32, with and without byte order mark.

use super::{
    Reading, count,
    label::{Charset, Order},
};
use encoding_rs::{UTF_16BE, UTF_16LE};

/// What a byte order mark says.
#[derive(Clone, Copy)]
pub(super) enum Marked {
    Utf8,
    Utf16Be,
    Utf16Le,
}

/// Reads what follows a byte order mark.
pub(super) fn by_mark(marked: Marked, rest: &[u8], charset: Charset) -> Reading {
    match marked {
        Marked::Utf8 => {
            let repaired = !matches!(charset, Charset::Utf8 | Charset::Unknown);
            Reading::by(encoding_rs::UTF_8, rest, repaired)
        }
        Marked::Utf16Be => Reading::by(UTF_16BE, rest, !matches!(charset, Charset::Utf16(_))),
        Marked::Utf16Le => Reading::by(UTF_16LE, rest, !matches!(charset, Charset::Utf16(_))),
    }
}

/// Reads UTF-16 without a mark: by its label, else by where the high octets are those of ASCII, kana and kanji.
pub(super) fn utf16(octets: &[u8], order: Option<Order>) -> Reading {
    if octets.is_ascii() && !octets.contains(&0) {
        // An ASCII text under a wrong label: in UTF-16 it would have an octet 0 at least.
        if let Some(text) = plausible_ascii(octets) {
            return Reading { text, used: "US-ASCII", loss: 0, repaired: true };
        }
    }
    let order = order.unwrap_or_else(|| {
        let high = |nth: usize| octets.chunks_exact(2).filter(|unit| telling(unit.get(nth))).count();
        // RFC 2781 §4.3: big-endian unless something says otherwise.
        if high(1) > high(0) { Order::Little } else { Order::Big }
    });
    Reading::by(if order == Order::Big { UTF_16BE } else { UTF_16LE }, octets, false)
}

fn plausible_ascii(octets: &[u8]) -> Option<String> {
    let spaces = octets.iter().filter(|o| matches!(o, b' ' | b'\n' | b'\r')).count();
    (spaces > 0).then(|| String::from_utf8_lossy(octets).into_owned())
}

/// The high octet of ASCII, of kana and CJK punctuation, of full-width forms.
fn telling(octet: Option<&u8>) -> bool {
    matches!(octet, Some(0 | 0x30 | 0xff))
}

/// Reads UTF-32 by its mark, else by where the zero octet stands.
pub(super) fn utf32(octets: &[u8]) -> Reading {
    let (order, rest) = match octets {
        [0xff, 0xfe, 0, 0, rest @ ..] => (Order::Little, rest),
        [0, 0, 0xfe, 0xff, rest @ ..] => (Order::Big, rest),
        [0, _, _, _, ..] => (Order::Big, octets),
        _ => (Order::Little, octets),
    };
    let mut units = rest.chunks_exact(4);
    let mut text = String::with_capacity(rest.len());
    for unit in units.by_ref() {
        let unit = <[u8; 4]>::try_from(unit).unwrap_or_default();
        let number = if order == Order::Big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
        text.push(char::from_u32(number).unwrap_or('\u{fffd}'));
    }
    if !units.remainder().is_empty() {
        text.push('\u{fffd}');
    }
    let loss = count(&text, |c| c == '\u{fffd}');
    Reading { text, used: "UTF-32", loss, repaired: false }
}
