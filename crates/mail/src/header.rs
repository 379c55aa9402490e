//! Raw header field values become decoded ones (RFC 5322 §2.2, RFC 2047, RFC 2231, RFC 6532), whatever state they
//! are in.
//!
//! What mail programs really write is read: encoded words cut inside a character or off a group of base64, without
//! padding, with spaces in them, in quotes, next to each other without a space, never ended; raw octets of any
//! charset and raw ISO-2022-JP; addresses with comments, routes and groups, and Japanese names that nobody quoted;
//! parameters in numbered pieces, out of order, cut inside a character. Where it had to guess, it says so.
//!
//! *Security.* Given any octets of one field value (the budget bounds the header section). Everything is one pass,
//! or a bounded number of them; results are bounded by [`MAILBOXES_MAX`], [`MESSAGE_IDS_MAX`] and
//! [`PARAMETERS_MAX`], and say when a bound was met. No result holds a control character. Nothing decoded is decoded
//! again, and nothing decoded is taken for syntax.

mod addresses;
mod ids;
mod parameters;
mod words;

pub use addresses::{Mailboxes, mailboxes};
pub use ids::{MessageIds, list_id, message_ids};
pub use parameters::{FileNames, Oddity, OddityKind, Parameter, Parameterised, file_names, parameterised};

use crate::{charset, line::line};
use std::borrow::Cow;

/// Most mailboxes of one field.
pub const MAILBOXES_MAX: usize = 2_000;
/// Most msg-ids of one field; of more, the first and the last ones are kept.
pub const MESSAGE_IDS_MAX: usize = 200;
/// Most parameters of one field, pieces counted one by one.
pub const PARAMETERS_MAX: usize = 200;

/// How a value was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Whether something that RFC 2047 or RFC 2231 forbid was repaired, or a charset was found without its label.
    pub repaired: bool,
    /// Characters that could not be read.
    pub loss: u32,
    /// Whether a charset was named that is not read (UTF-7, HZ).
    pub refused: bool,
    /// 外字.
    pub private_use: u32,
}

impl Quality {
    fn add(&mut self, other: Self) {
        self.repaired |= other.repaired;
        self.loss = self.loss.saturating_add(other.loss);
        self.refused |= other.refused;
        self.private_use = self.private_use.saturating_add(other.private_use);
    }

    fn of(decoded: &charset::Decoded) -> Self {
        Self {
            repaired: decoded.repaired,
            loss: decoded.loss,
            refused: decoded.refused,
            private_use: decoded.private_use,
        }
    }
}

/// The text of an unstructured field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text, one line.
    pub text: String,
    /// How it was read.
    pub quality: Quality,
}

/// Reads an unstructured field such as Subject.
pub fn text(raw: &[u8]) -> Text {
    let mut quality = Quality::default();
    let text = line(&words::decode(&unfolded(raw), &mut quality));
    Text { text, quality }
}

/// The value on one line: a line end before white space goes, every other one becomes a space (RFC 5322 §2.2.3).
fn unfolded(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.iter().any(|o| matches!(o, b'\r' | b'\n' | b'\t' | 0)) {
        return Cow::Borrowed(raw);
    }
    let mut value = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'\r' | b'\n' => {
                let after_pair = if first == b'\r' { tail.strip_prefix(b"\n").unwrap_or(tail) } else { tail };
                rest = after_pair;
                if !matches!(after_pair.first(), None | Some(b' ' | b'\t')) {
                    value.push(b' ');
                }
            }
            b'\t' => value.push(b' '),
            0 => {}
            _ => value.push(first),
        }
    }
    Cow::Owned(value)
}

/// A structured field as text whose ASCII is syntax: raw octets above ASCII and raw ISO-2022-JP are decoded as a
/// whole, because their octets may look like quotes, commas and brackets.
fn as_text(raw: &[u8], quality: &mut Quality) -> (String, bool) {
    let value = unfolded(raw);
    if value.is_ascii() && !value.contains(&0x1b) {
        return (String::from_utf8_lossy(&value).into_owned(), false);
    }
    let decoded = charset::decode(&value, None);
    quality.add(Quality::of(&decoded));
    (decoded.text, true)
}

#[cfg(test)]
mod tests;
