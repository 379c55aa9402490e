//! The encoded forms of text in header fields: RFC 2047 words, RFC 2231 parameters, folding.

use crate::base64;

/// Octets of UTF-8 in one encoded word: 52 characters of base64 and 12 around them.
const WORD_OCTETS: usize = 39;
/// Characters of one RFC 2231 segment.
const SEGMENT_CHARS: usize = 60;
/// Longest text that is written as it is.
const PLAIN_CHARS: usize = 60;
/// Longest line of folded text.
const LINE_CHARS: usize = 76;

/// Whether a text is written as it is, outside encoded words.
pub(super) fn is_plain(text: &str) -> bool {
    (1..=PLAIN_CHARS).contains(&text.len())
        && text.bytes().all(|b| (0x20..0x7f).contains(&b))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("=?")
}

fn is_plain_name(text: &str) -> bool {
    is_plain(text) && !text.contains(['"', '\\', '%'])
}

/// Text of an unstructured field.
pub(super) fn text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { encoded(text) }
}

/// A quoted-string of a plain text.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// Encoded words, folded one a line.
pub(super) fn encoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len().saturating_mul(2).saturating_add(64));
    let mut piece = String::with_capacity(WORD_OCTETS);
    for character in text.chars() {
        if piece.len().saturating_add(character.len_utf8()) > WORD_OCTETS {
            word(&piece, &mut out);
            piece.clear();
        }
        piece.push(character);
    }
    word(&piece, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

fn word(piece: &str, out: &mut Vec<u8>) {
    if piece.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.extend_from_slice(b"\r\n ");
    }
    out.extend_from_slice(b"=?UTF-8?B?");
    base64::encode(piece.as_bytes(), out);
    out.extend_from_slice(b"?=");
}

/// `name="…"` for readers that know no RFC 2231.
pub(super) fn name_parameter(name: &str) -> String {
    if is_plain_name(name) { format!("name=\"{name}\"") } else { format!("name=\"{}\"", encoded(name)) }
}

/// `filename=` or `filename*=`, in one piece or in numbered ones.
pub(super) fn file_name_parameter(name: &str) -> String {
    if is_plain_name(name) {
        return format!("filename=\"{name}\"");
    }
    let segments = segments(name);
    if let [only] = segments.as_slice() {
        return format!("filename*=UTF-8''{only}");
    }
    let numbered = segments.iter().enumerate().map(|(number, segment)| {
        let charset = if number == 0 { "UTF-8''" } else { "" };
        format!("filename*{number}*={charset}{segment}")
    });
    numbered.collect::<Vec<_>>().join(";\r\n ")
}

fn segments(name: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut segment = String::with_capacity(SEGMENT_CHARS);
    for character in name.chars() {
        let mut escaped = String::with_capacity(12);
        let mut octets = [0; 4];
        for &octet in character.encode_utf8(&mut octets).as_bytes() {
            if octet.is_ascii_alphanumeric() || b"!#$&+-.^_|~".contains(&octet) {
                escaped.push(char::from(octet));
            } else {
                escaped.push_str(&format!("%{octet:02X}"));
            }
        }
        if segment.len().saturating_add(escaped.len()) > SEGMENT_CHARS {
            segments.push(std::mem::take(&mut segment));
        }
        segment.push_str(&escaped);
    }
    if !segment.is_empty() {
        segments.push(segment);
    }
    segments
}

/// Writes a field of ASCII tokens, folded between them.
pub(super) fn folded(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let mut column = name.len().saturating_add(1);
    for (index, token) in value.split_ascii_whitespace().enumerate() {
        if index > 0 && column.saturating_add(1).saturating_add(token.len()) > LINE_CHARS {
            out.extend_from_slice(b"\r\n");
            column = 0;
        }
        out.push(b' ');
        out.extend_from_slice(token.as_bytes());
        column = column.saturating_add(1).saturating_add(token.len());
    }
    out.extend_from_slice(b"\r\n");
}
