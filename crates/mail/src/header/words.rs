//! Encoded words (RFC 2047) among other text.

use super::Quality;
use crate::{base64, charset};

/// One encoded word as found.
struct Word<'a> {
    charset: &'a [u8],
    is_base64: bool,
    payload: &'a [u8],
}

/// Longest charset label (with language) that is looked at.
const LABEL_MAX: usize = 60;

/// Reads text with encoded words in it; raw octets around them are proven or read as `charset::decode` does.
pub(super) fn decode(value: &[u8], quality: &mut Quality) -> String {
    let mut text = String::with_capacity(value.len());
    let mut group: Vec<Word<'_>> = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (raw, word, after) = next_word(rest, quality);
        // White space between two encoded words is not part of the text (RFC 2047 §6.2).
        let only_space = raw.iter().all(u8::is_ascii_whitespace);
        let joins = match (&word, group.first()) {
            (Some(word), Some(first)) => only_space && same_charset(word.charset, first.charset),
            _ => false,
        };
        if !joins {
            flush(&mut group, &mut text, quality);
            let between_words = only_space && word.is_some() && rest.len() < value.len();
            if !between_words {
                raw_text(raw, &mut text, quality);
            }
        }
        group.extend(word);
        rest = after;
    }
    flush(&mut group, &mut text, quality);
    text
}

fn same_charset(one: &[u8], other: &[u8]) -> bool {
    let name = |label: &[u8]| label.split(|o| *o == b'*').next().unwrap_or_default().to_ascii_lowercase();
    name(one) == name(other)
}

fn raw_text(raw: &[u8], text: &mut String, quality: &mut Quality) {
    if raw.is_ascii() && !raw.contains(&0x1b) {
        text.push_str(&String::from_utf8_lossy(raw));
        return;
    }
    let decoded = charset::decode(raw, None);
    quality.add(Quality::of(&decoded));
    text.push_str(&decoded.text);
}

/// Text up to the next encoded word, the word, and what follows it.
fn next_word<'a>(value: &'a [u8], quality: &mut Quality) -> (&'a [u8], Option<Word<'a>>, &'a [u8]) {
    let mut at = 0usize;
    while let Some(here) = value.get(at..).filter(|rest| !rest.is_empty()) {
        // Raw ISO-2022-JP may hold `=?` as a character.
        if here.starts_with(b"\x1b$") {
            let end =
                here.iter().skip(1).position(|&o| o == 0x1b).map_or(here.len(), |n| n.saturating_add(1));
            at = at.saturating_add(end.max(1));
            continue;
        }
        if let Some((word, length)) = word_at(here, quality) {
            let (raw, _) = value.split_at(at.min(value.len()));
            return (raw, Some(word), here.get(length..).unwrap_or_default());
        }
        at = at.saturating_add(1);
    }
    (value, None, &[])
}

/// The encoded word that begins here, and its length.
fn word_at<'a>(here: &'a [u8], quality: &mut Quality) -> Option<(Word<'a>, usize)> {
    let inner = here.strip_prefix(b"=?")?;
    let charset_end = inner.iter().take(LABEL_MAX).position(|o| matches!(o, b'?' | b' '))?;
    let (charset, rest) = inner.split_at(charset_end);
    let (is_base64, payload) = match rest {
        [b'?', b'B' | b'b', b'?', payload @ ..] => (true, payload),
        [b'?', b'Q' | b'q', b'?', payload @ ..] => (false, payload),
        _ => return None,
    };
    if charset.is_empty() || !charset.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let before_payload = here.len().saturating_sub(payload.len());
    let (length, closing) = payload_end(payload, is_base64);
    quality.repaired |= closing < 2;
    let payload = payload.get(..length)?;
    quality.repaired |= payload.contains(&b' ');
    Some((
        Word { charset, is_base64, payload },
        before_payload.saturating_add(length).saturating_add(closing),
    ))
}

/// Length of the payload and of what closes it: 2 for `?=`, less when it was never closed. Stops at the next `=?`,
/// so that the search is linear over the field.
fn payload_end(payload: &[u8], is_base64: bool) -> (usize, usize) {
    for (at, &octet) in payload.iter().enumerate() {
        let ahead = |by: usize| payload.get(at.saturating_add(by));
        match octet {
            b'?' if ahead(1) == Some(&b'=') => return (at, 2),
            b'?' if is_base64 => return (at, 1),
            b'=' if ahead(1) == Some(&b'?') && ahead(2) != Some(&b'=') => {
                let label = payload.get(at.saturating_add(2)..).unwrap_or_default();
                let begins = label.iter().take(LABEL_MAX).position(|&o| o == b'?').is_some_and(|n| n > 0);
                // `=?` within quoted-printable is a damaged escape unless another word begins here.
                if begins {
                    let end = payload.get(..at).unwrap_or_default().trim_ascii_end().len();
                    return (end, 0);
                }
            }
            b'<' | b'>' | b',' | b'"' if is_base64 => {
                return (payload.get(..at).unwrap_or_default().trim_ascii_end().len(), 0);
            }
            _ => {}
        }
    }
    (payload.len(), 0)
}

/// Decodes adjacent words of one charset together: they may be cut inside a character.
fn flush(group: &mut Vec<Word<'_>>, text: &mut String, quality: &mut Quality) {
    let Some(first) = group.first() else { return };
    let label = String::from_utf8_lossy(first.charset).into_owned();
    let (separate, mut odd) = octets_of(group, Joining::Separate);
    let mut decoded = charset::decode(&separate, Some(&label));
    if group.iter().any(ends_within_quantum) && group.len() > 1 {
        let (joined, _) = octets_of(group, Joining::Joined);
        let other = charset::decode(&joined, Some(&label));
        if (other.loss, other.repaired) < (decoded.loss, decoded.repaired) {
            (decoded, odd) = (other, true);
        }
    }
    quality.repaired |= odd;
    quality.add(Quality::of(&decoded));
    text.push_str(&decoded.text);
    group.clear();
}

/// How the base64 of adjacent words is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joining {
    /// Each word by itself.
    Separate,
    /// As one stream that was cut anywhere.
    Joined,
}

fn ends_within_quantum(word: &Word<'_>) -> bool {
    let characters = word.payload.iter().filter(|o| !o.is_ascii_whitespace()).count();
    word.is_base64 && !characters.is_multiple_of(4)
}

/// The octets of a group, and whether anything in its encoding was damaged.
fn octets_of(group: &[Word<'_>], joining: Joining) -> (Vec<u8>, bool) {
    let (mut octets, mut odd) = (Vec::new(), false);
    let mut stream: Vec<u8> = Vec::new();
    let mut read = |stream: &mut Vec<u8>, octets: &mut Vec<u8>| {
        let read = base64::decode(stream);
        odd |= !read.clean || !stream.iter().filter(|o| !o.is_ascii_whitespace()).count().is_multiple_of(4);
        octets.extend_from_slice(&read.octets);
        stream.clear();
    };
    for word in group {
        if word.is_base64 {
            stream.extend_from_slice(word.payload);
            if joining == Joining::Separate {
                read(&mut stream, &mut octets);
            }
        } else {
            read(&mut stream, &mut octets);
            quoted_printable(word.payload, &mut octets);
        }
    }
    read(&mut stream, &mut octets);
    (octets, odd)
}

/// The Q encoding (RFC 2047 §4.2); an `=` that begins no escape stays.
fn quoted_printable(payload: &[u8], octets: &mut Vec<u8>) {
    let mut rest = payload;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'_', _) => octets.push(b' '),
            (b'=', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                octets.push(super::parameters::hex(*high) << 4 | super::parameters::hex(*low));
                rest = after;
            }
            _ => octets.push(first),
        }
    }
}
