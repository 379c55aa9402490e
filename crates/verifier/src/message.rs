//! A strict reader of the MIME form that our composer writes, in place (RFC 5322, RFC 2045, RFC 2047, RFC 2231).
//!
//! Built from the grammar in the composer's documentation, not from its code: the order of the header fields, one
//! spelling of each value, one boundary, one encoding. Whatever could be said in two ways is said in one, so two
//! readers cannot disagree about what passes here.
//!
//! *Security.* Given any octets. Linear; no recursion. Before anything is read, every octet is printable ASCII, TAB or
//! part of a CRLF, and no line is longer than 998 octets. Copies are made of decoded values and parts only.

mod base64;
mod cursor;
mod date;
mod fields;
mod framing;
mod name;
mod parts;

pub(crate) use name::{check_name, media_type_of};

use crate::{Expected, objections::Objections};

/// Longest line without CRLF (RFC 5322 §2.1.1).
const LINE_MAX: usize = 998;

/// One attachment, decoded, whose head and digest were compared.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// Index among the attachments, from 1.
    pub(crate) part: u32,
    /// Charset of a text.
    pub(crate) charset: Option<String>,
    /// Decoded octets.
    pub(crate) octets: Vec<u8>,
}

/// What was read: the text and the attachments.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Decoded text, CRLF line ends.
    pub(crate) text: String,
    /// The parts after the text.
    pub(crate) attachments: Vec<Attachment>,
}

/// Reads the whole message and compares what `expected` names.
pub(crate) fn read(octets: &[u8], expected: &Expected, objections: &mut Objections) -> Read {
    objections.about(None);
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > expected.output_octets_max {
        objections.add("mime.size", format!("{} octets", octets.len()));
        return Read::default();
    }
    if let Err((rule, place)) = wire_form(octets) {
        objections.add(rule, format!("at octet {place}"));
        return Read::default();
    }
    let Some((head, body)) = split_head(octets) else {
        objections.add("mime.no_body", "");
        return Read::default();
    };
    let fields = fields::split(head);
    let own = fields::check(&fields, expected, objections);
    let read = parts::read(own, body, expected, objections);
    framing::check(&read.text, expected, objections);
    read
}

/// The octets of header fields (each with its CRLF) and what is behind the empty line.
fn split_head(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(body) = octets.strip_prefix(b"\r\n") {
        return Some((&[], body));
    }
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = octets.get(..end.checked_add(2)?)?;
    Some((head, octets.get(end.checked_add(4)?..)?))
}

/// Printable ASCII, TAB and CRLF alone; short lines; the last line ended.
fn wire_form(octets: &[u8]) -> Result<(), (&'static str, usize)> {
    let is_printable = |b: &u8| matches!(b, 0x20..=0x7e | b'\t');
    let mut rest = octets;
    let mut place = 0usize;
    while !rest.is_empty() {
        // The common case first: a whole line, looked at without stopping in between.
        let line = rest.iter().position(|&b| b == b'\r').unwrap_or(rest.len());
        let whole =
            rest.get(..line).unwrap_or_default().iter().fold(true, |whole, b| whole & is_printable(b));
        let length = if whole { line } else { rest.iter().take_while(|b| is_printable(b)).count() };
        let behind = rest.get(length..).unwrap_or_default();
        place = place.saturating_add(length);
        if length > LINE_MAX {
            return Err(("mime.line_length", place));
        }
        rest = match behind.strip_prefix(b"\r\n") {
            Some(next) => next,
            None if behind.is_empty() => return Err(("mime.line_end", place)),
            None => return Err(("mime.octet", place)),
        };
        place = place.saturating_add(2);
    }
    Ok(())
}
