//! Octets of text and a charset label become Unicode, and text goes back into the charset it came in.
//!
//! On `encoding_rs` (the WHATWG Encoding Standard, whose Japanese tables are those of Windows) with our own label
//! table, and our own reader of ISO-2022-JP (RFC 1468, RFC 1554, RFC 2237, CP50220–50222) in [`decode`]'s `jis` module.
//!
//! A label is believed as long as the octets allow it. It is corrected only where the octets prove it wrong: escape
//! sequences of ISO-2022-JP with characters behind them; well-formed UTF-8 with sequences of three octets or under a
//! single-octet label; octets that are not valid under the label and read without fault as `Shift_JIS` or EUC-JP with
//! the kana and kanji of real text ([`Decoded::repaired`]). Unlabelled octets that prove nothing are Western text
//! when they look like it; otherwise each is a loss, because a wrong guess would garble without anybody's notice.
//!
//! Decided here: 0x5C and 0x7E of JIS-Roman (`ESC ( J`) become `\` and `~`, as with Windows and as with `Shift_JIS`, so
//! that paths and addresses survive. 外字 become private-use characters: F040–F9FC of `Shift_JIS` U+E000–E757; rows
//! 85–94 of EUC-JP and of ISO-2022-JP U+E000–E3AB and those of JIS X 0212 U+E3AC–E757; rows 95–114 of CP50220 and
//! `ESC $ ( ?` U+E000–E757. JIS X 0213 is read as far as it equals JIS X 0208; the rest is counted as loss.
//!
//! *Security.* Given any octets and any label. Time and memory are linear: the output has at most three octets for
//! one of the input. UTF-7, HZ and ISO-2022-CN are not read at all, because text hides in them from whoever looks at
//! octets ([`Decoded::refused`]). The result may hold any Unicode character, controls too: filtering comes after.

mod double_octet;
mod encode;
mod guess;
mod jis;
mod label;
mod unicode;

pub use encode::{ByteOrderMark, Encoded, encode};

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, WINDOWS_1252};
use guess::Japanese;
use label::Charset;

/// Text that was octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text; a byte order mark is not part of it.
    pub text: String,
    /// MIME name of the charset by which it was read.
    pub used: &'static str,
    /// Whether the label was missing or wrong and the octets proved another, or an escape sequence was missing.
    pub repaired: bool,
    /// Characters that could not be read; each stands as U+FFFD.
    pub loss: u32,
    /// Whether the charset is one that is not read; the text is then the ASCII of the octets.
    pub refused: bool,
    /// Private-use characters (外字) in the text.
    pub private_use: u32,
    /// Whether a byte order mark stood in front.
    pub byte_order_mark: bool,
}

/// What one of the readers made of all octets.
struct Reading {
    text: String,
    used: &'static str,
    loss: u32,
    repaired: bool,
}

impl Reading {
    /// Where every octet above 0x7F is a character of its own or the encoding counts its faults as U+FFFD.
    fn by(encoding: &'static Encoding, octets: &[u8], repaired: bool) -> Self {
        let (text, faulty) = encoding.decode_without_bom_handling(octets);
        let loss = if faulty { count(&text, |c| c == '\u{fffd}') } else { 0 };
        Self { text: text.into_owned(), used: encoding.name(), loss, repaired }
    }
}

/// Reads `octets` by `label`, or by what they prove to be.
pub fn decode(octets: &[u8], label: Option<&str>) -> Decoded {
    let charset = label.map_or(Charset::Unknown, label::charset);
    let (reading, byte_order_mark, refused) = if let Some((marked, rest)) = byte_order_mark(octets, charset) {
        (unicode::by_mark(marked, rest, charset), true, false)
    } else if let Charset::Refused { shifts } = charset
        && octets.iter().any(|o| shifts.contains(o) || !o.is_ascii())
    {
        (ascii_view(octets), false, true)
    } else {
        (without_mark(octets, charset), false, false)
    };
    let private_use = count(&reading.text, is_private_use);
    Decoded {
        text: reading.text,
        used: reading.used,
        repaired: reading.repaired,
        loss: reading.loss,
        refused,
        private_use,
        byte_order_mark,
    }
}

/// Whether a character is 外字: its look is known only to those who agreed on it.
pub fn is_private_use(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

fn count(text: &str, mut matches: impl FnMut(char) -> bool) -> u32 {
    u32::try_from(text.chars().filter(|&c| matches(c)).count()).unwrap_or(u32::MAX)
}

/// A byte order mark that cannot be text of the labelled charset.
fn byte_order_mark(octets: &[u8], charset: Charset) -> Option<(unicode::Marked, &[u8])> {
    use unicode::Marked;
    if let Some(rest) = octets.strip_prefix(b"\xef\xbb\xbf") {
        return std::str::from_utf8(rest).is_ok().then_some((Marked::Utf8, rest));
    }
    if matches!(charset, Charset::Utf32) {
        return None;
    }
    let (order, rest) = match octets {
        [0xff, 0xfe, rest @ ..] => (Marked::Utf16Le, rest),
        [0xfe, 0xff, rest @ ..] => (Marked::Utf16Be, rest),
        _ => return None,
    };
    (matches!(charset, Charset::Utf16(_)) || rest.len().is_multiple_of(2)).then_some((order, rest))
}

fn without_mark(octets: &[u8], charset: Charset) -> Reading {
    if let Charset::Utf16(order) = charset {
        return unicode::utf16(octets, order);
    }
    if charset == Charset::Utf32 {
        return unicode::utf32(octets);
    }
    if charset == Charset::Iso2022Kr {
        return double_octet::iso_2022_kr(octets);
    }
    if octets.is_ascii() && !jis::has_shifts(octets) {
        if charset == Charset::Iso2022Jp
            && let Some(text) = jis::without_escapes(octets)
        {
            return Reading { text, used: "ISO-2022-JP", loss: 0, repaired: true };
        }
        return plain(octets, charset.name());
    }
    if jis::is_proven(octets) || (charset == Charset::Iso2022Jp && jis::has_shifts(octets)) {
        let read = jis::decode(octets);
        let expected = charset == Charset::Iso2022Jp;
        return Reading {
            text: read.text,
            used: "ISO-2022-JP",
            loss: read.loss,
            repaired: read.repaired || !expected,
        };
    }
    if octets.is_ascii() {
        return plain(octets, charset.name());
    }
    by_label_or_proof(octets, charset)
}

/// Octets above 0x7F, no escape sequences.
fn by_label_or_proof(octets: &[u8], charset: Charset) -> Reading {
    match charset {
        Charset::Utf8 => {
            if let Ok(text) = std::str::from_utf8(octets) {
                return Reading { text: text.to_owned(), used: "UTF-8", loss: 0, repaired: false };
            }
            let by_label = Reading::by(encoding_rs::UTF_8, octets, false);
            if guess::is_utf8(octets) { by_label } else { better(octets, by_label) }
        }
        Charset::ShiftJis | Charset::EucJp | Charset::EucJpMs => {
            let by_label = if charset == Charset::ShiftJis {
                Reading::by(SHIFT_JIS, octets, false)
            } else {
                double_octet::euc_jp(octets, charset == Charset::EucJpMs)
            };
            if by_label.loss == 0 && !guess::utf8_is_proven(octets, &by_label.text) {
                return by_label;
            }
            better(octets, by_label)
        }
        Charset::Other(encoding) if encoding.is_single_byte() => match guess::japanese(octets) {
            Some(proven) if guess::outweighs_single_octets(octets, proven) => read_as(octets, proven),
            _ => Reading::by(encoding, octets, false),
        },
        Charset::Other(encoding) => {
            let by_label = Reading::by(encoding, octets, false);
            if by_label.loss == 0 { by_label } else { better(octets, by_label) }
        }
        // JIS8: half-width kana without any escape sequence, or another charset under a wrong label.
        Charset::Iso2022Jp => match guess::japanese(octets) {
            Some(proven) => read_as(octets, proven),
            None => {
                let read = jis::decode(octets);
                Reading { text: read.text, used: "ISO-2022-JP", loss: read.loss, repaired: true }
            }
        },
        Charset::Ascii | Charset::Unknown | Charset::Refused { .. } => unlabelled(octets),
        Charset::Utf16(_) | Charset::Utf32 | Charset::Iso2022Kr => unlabelled(octets),
    }
}

/// The reading under the label, or a reading that the octets prove although the label says otherwise.
fn better(octets: &[u8], by_label: Reading) -> Reading {
    match guess::japanese(octets) {
        Some(proven) if guess::beats(octets, proven, &by_label.text) => read_as(octets, proven),
        _ => by_label,
    }
}

fn unlabelled(octets: &[u8]) -> Reading {
    match guess::japanese(octets) {
        Some(proven) => read_as(octets, proven),
        None => {
            let western = Reading::by(WINDOWS_1252, octets, true);
            if guess::is_plausible_western(&western.text) { western } else { ascii_view(octets) }
        }
    }
}

fn read_as(octets: &[u8], proven: Japanese) -> Reading {
    let mut reading = match proven {
        Japanese::Utf8 => Reading::by(encoding_rs::UTF_8, octets, true),
        Japanese::ShiftJis => Reading::by(SHIFT_JIS, octets, true),
        Japanese::EucJp => double_octet::euc_jp(octets, false),
    };
    reading.repaired = true;
    reading
}

fn plain(octets: &[u8], used: &'static str) -> Reading {
    debug_assert!(octets.is_ascii(), "asked before");
    Reading { text: String::from_utf8_lossy(octets).into_owned(), used, loss: 0, repaired: false }
}

/// What a charset that is not read, or that nothing proves, shows: its ASCII, everything else as U+FFFD.
fn ascii_view(octets: &[u8]) -> Reading {
    let text: String =
        octets.iter().map(|&o| if o.is_ascii() { char::from(o) } else { '\u{fffd}' }).collect();
    let loss = count(&text, |c| c == '\u{fffd}');
    Reading { text, used: "US-ASCII", loss, repaired: false }
}

/// EUC-JP as `encoding_rs` reads it, for tables of JIS.
fn euc(octets: &[u8]) -> Option<String> {
    EUC_JP.decode_without_bom_handling_and_without_replacement(octets).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests;
