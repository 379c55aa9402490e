//! Names: encoded words, quoted strings, file names and what a file name may be.

use super::{
    base64,
    cursor::{Cursor, ascii},
};
use crate::{
    objections::Objections,
    text::{self, LineEnds},
};

/// Octets of UTF-8 in one encoded word.
const WORD_OCTETS: usize = 39;
/// Characters of one segment of an extended parameter.
const SEGMENT_CHARS: usize = 60;
/// Octets of a file name.
const NAME_OCTETS: usize = 255;

/// 1 to 60 printable characters, no space at the ends, nothing like an encoded word.
pub(super) fn is_plain(text: &str) -> bool {
    (1..=60).contains(&text.len())
        && text.bytes().all(|b| (0x20..0x7f).contains(&b))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("=?")
}

fn is_plain_name(text: &str) -> bool {
    is_plain(text) && !text.contains(['"', '\\', '%'])
}

/// Words of a text that is not plain: a plain one is written as it is.
pub(super) fn words(cursor: &mut Cursor<'_>) -> Option<String> {
    any_words(cursor).filter(|text| !is_plain(text))
}

/// `word *( fold word )`, filled greedily; the decoded text.
fn any_words(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut text = String::new();
    let mut last = WORD_OCTETS;
    loop {
        if !cursor.eat(b"=?UTF-8?B?") {
            return None;
        }
        let coded = cursor.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
        if !cursor.eat(b"?=") {
            return None;
        }
        let piece = String::from_utf8(base64::word(coded)?).ok()?;
        let first = piece.chars().next()?.len_utf8();
        // The word before would have held this character, were there room.
        if piece.len() > WORD_OCTETS || last.saturating_add(first) <= WORD_OCTETS {
            return None;
        }
        last = piece.len();
        text.push_str(&piece);
        if !cursor.rest.starts_with(b"\r\n =?") {
            return Some(text);
        }
        cursor.fold();
    }
}

/// A quoted-string of a plain text.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Option<String> {
    if !cursor.eat(b"\"") {
        return None;
    }
    let mut text = String::new();
    loop {
        let run = cursor.take_while(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\');
        text.push_str(ascii(run));
        if cursor.eat(b"\\\"") {
            text.push('"');
        } else if cursor.eat(b"\\\\") {
            text.push('\\');
        } else if cursor.eat(b"\"") {
            return is_plain(&text).then_some(text);
        } else {
            return None;
        }
    }
}

/// `name="…"`, then, after CRLF, `Content-Disposition` with the same name.
pub(super) fn both_names(cursor: &mut Cursor<'_>) -> Option<String> {
    if !cursor.eat(b"name=\"") {
        return None;
    }
    let is_words = cursor.rest.starts_with(b"=?");
    let name = if is_words {
        any_words(cursor).filter(|name| !is_plain_name(name))?
    } else {
        let plain = ascii(cursor.take_while(|b| b != b'"')).to_owned();
        if !is_plain_name(&plain) {
            return None;
        }
        plain
    };
    if !cursor.eat(b"\"\r\nContent-Disposition: attachment;\r\n filename") {
        return None;
    }
    let again = if is_words { extended(cursor)? } else { simple(cursor)? };
    (again == name && cursor.eat(b"\r\n")).then_some(name)
}

fn simple(cursor: &mut Cursor<'_>) -> Option<String> {
    if !cursor.eat(b"=\"") {
        return None;
    }
    let plain = ascii(cursor.take_while(|b| b != b'"')).to_owned();
    cursor.eat(b"\"").then_some(plain)
}

/// RFC 2231: one value, or segments counted from 0 and filled greedily.
fn extended(cursor: &mut Cursor<'_>) -> Option<String> {
    if cursor.eat(b"*=UTF-8''") {
        let (text, length, _) = segment(cursor)?;
        return (length <= SEGMENT_CHARS).then_some(text);
    }
    if !cursor.eat(b"*0*=UTF-8''") {
        return None;
    }
    let (mut text, mut last, _) = segment(cursor)?;
    let mut number = 1u32;
    while cursor.eat(format!(";\r\n filename*{number}*=").as_bytes()) {
        let (piece, length, first) = segment(cursor)?;
        if last > SEGMENT_CHARS || last.saturating_add(first) <= SEGMENT_CHARS {
            return None;
        }
        last = length;
        text.push_str(&piece);
        number = number.checked_add(1)?;
    }
    (number > 1 && last <= SEGMENT_CHARS).then_some(text)
}

/// One run of octets: text, its length as written, and that of its first character.
fn segment(cursor: &mut Cursor<'_>) -> Option<(String, usize, usize)> {
    let is_attr = |b: u8| b.is_ascii_alphanumeric() || b"!#$&+-.^_|~".contains(&b);
    let coded = cursor.take_while(|b| is_attr(b) || b == b'%');
    let mut octets = Vec::with_capacity(coded.len());
    let mut rest = coded;
    while let Some((&first, behind)) = rest.split_first() {
        if first != b'%' {
            octets.push(first);
            rest = behind;
            continue;
        }
        let (digits, after) = behind.split_at_checked(2)?;
        let upper = digits.iter().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b));
        let octet = u8::from_str_radix(ascii(digits), 16).ok()?;
        if !upper || is_attr(octet) {
            return None;
        }
        octets.push(octet);
        rest = after;
    }
    let text = String::from_utf8(octets).ok()?;
    let first = text.chars().next()?;
    let first_length = match u8::try_from(first) {
        Ok(octet) if is_attr(octet) => 1,
        _ => first.len_utf8().saturating_mul(3),
    };
    Some((text, coded.len(), first_length))
}

/// The media types that cross as attachments, and the extensions that say the same.
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("text/plain", &["txt", "text", "log"]),
    ("text/csv", &["csv"]),
    ("text/tab-separated-values", &["tsv"]),
    ("application/json", &["json"]),
    ("text/xml", &["xml"]),
    ("application/xml", &["xml"]),
    ("text/calendar", &["ics", "ical", "ifb"]),
    ("text/vcard", &["vcf", "vcard"]),
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif", "pjpeg"]),
    ("image/gif", &["gif"]),
    ("application/pdf", &["pdf"]),
    ("application/zip", &["zip"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    ("application/vnd.oasis.opendocument.presentation", &["odp"]),
    ("application/vnd.oasis.opendocument.graphics", &["odg"]),
];

/// The media type that an extension stands for, where no label says it.
pub(crate) fn media_type_of(extension: &str) -> Option<&'static str> {
    let says = |known: &&str| extension.eq_ignore_ascii_case(known);
    EXTENSIONS.iter().find(|(_, extensions)| extensions.iter().any(says)).map(|(known, _)| *known)
}

/// Names of devices on Windows, which no file may have.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// Whether the type may cross at all, and the name is that of such a file and of nothing else.
pub(crate) fn check_name(name: &str, media_type: &str, objections: &mut Objections) {
    let Some((_, extensions)) = EXTENSIONS.iter().find(|(known, _)| *known == media_type) else {
        objections.add("part.media_type", "not on the list");
        return;
    };
    text::check_characters(name, LineEnds::OneLine, objections);
    objections.require(
        !name.contains(['/', '\\', '\u{a5}', '\u{20a9}', ':', '*', '?', '"', '<', '>', '|']),
        "name.path_character",
        "a character with a meaning in paths",
    );
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let agrees = extensions.iter().any(|known| extension.eq_ignore_ascii_case(known));
    objections.require(agrees, "name.extension", "does not say what the part is");
    let sound = !stem.trim().is_empty() && !stem.starts_with([' ', '.']) && name.len() <= NAME_OCTETS;
    objections.require(sound, "name.form", "empty, hidden or too long");
    let base = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = base.strip_prefix("com").or_else(|| base.strip_prefix("lpt"));
    let device = DEVICES.contains(&base.as_str())
        || numbered
            .is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']) || matches!(rest, "¹" | "²" | "³"));
    objections.require(!device, "name.device", "");
}
