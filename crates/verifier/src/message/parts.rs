//! The body: one text, or the text and the attachments between boundaries derived from the queue id.

use super::{
    Attachment, Read, base64,
    cursor::{Cursor, ascii},
    fields::Own,
    name,
};
use crate::{Expected, ExpectedPart, digest, objections::Objections, text};

const TEXT_TYPE: &[u8] = b"text/plain; charset=UTF-8";

/// How a text was encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transfer {
    SevenBit,
    Base64,
}

/// Reads the body; attachments are numbered from 1, the text is part 0.
pub(super) fn read(own: Own<'_>, body: &[u8], expected: &Expected, objections: &mut Objections) -> Read {
    if own.content_type == TEXT_TYPE {
        objections.require(expected.parts.is_empty(), "mime.part_count", "parts are missing");
        let transfer = match own.transfer_encoding {
            Some(b"7bit") => Transfer::SevenBit,
            Some(b"base64") => Transfer::Base64,
            _ => {
                objections.add("mime.transfer_encoding", "");
                return Read::default();
            }
        };
        return Read { text: read_text(body, transfer, objections), attachments: Vec::new() };
    }
    let boundary = format!("=_sekisho-{}", expected.stamp.queue_id);
    let announced = format!("multipart/mixed;\r\n boundary=\"{boundary}\"");
    if own.content_type != announced.as_bytes() {
        objections.add("mime.content_type", "neither a text nor a mix with the boundary of the stamp");
        return Read::default();
    }
    objections.require(own.transfer_encoding.is_none(), "mime.transfer_encoding", "of a mix");
    let mut read = Read::default();
    if let Err((rule, detail)) = mixed(body, &boundary, expected, &mut read, objections) {
        objections.add(rule, detail);
    }
    objections.about(None);
    let count = read.attachments.len();
    if count != expected.parts.len() || count == 0 {
        objections.add("mime.part_count", format!("{count} instead of {}", expected.parts.len()));
    }
    read
}

type Fault = (&'static str, &'static str);

fn mixed(
    body: &[u8],
    boundary: &str,
    expected: &Expected,
    read: &mut Read,
    objections: &mut Objections,
) -> Result<(), Fault> {
    const BOUNDARY: Fault = ("mime.boundary", "a delimiter is missing or not exact");
    let delimiter = format!("--{boundary}");
    let mut cursor = Cursor::new(body);
    if !(cursor.eat(delimiter.as_bytes()) && cursor.eat(b"\r\n")) {
        return Err(BOUNDARY);
    }
    objections.about(Some(0));
    let head = b"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: ";
    let transfer = match (cursor.eat(head), cursor.eat(b"7bit\r\n\r\n"), cursor.eat(b"base64\r\n\r\n")) {
        (true, true, _) => Transfer::SevenBit,
        (true, false, true) => Transfer::Base64,
        _ => return Err(("mime.text_head", "the first part is not the text")),
    };
    read.text = read_text(until_delimiter(&mut cursor).ok_or(BOUNDARY)?, transfer, objections);
    for part in 1u32.. {
        if !(cursor.eat(b"\r\n") && cursor.eat(delimiter.as_bytes())) {
            return Err(BOUNDARY);
        }
        if cursor.eat(b"--\r\n") {
            break;
        }
        if !cursor.eat(b"\r\n") {
            return Err(BOUNDARY);
        }
        objections.about(Some(part));
        let wanted = usize::try_from(part).ok().and_then(|part| expected.parts.get(part.checked_sub(1)?));
        let attachment = attachment(&mut cursor, part, wanted, objections)?;
        read.attachments.push(attachment);
    }
    objections.about(None);
    if cursor.is_at_end() { Ok(()) } else { Err(("mime.after_end", "octets behind the last delimiter")) }
}

/// The octets up to the next line that begins with `--`, without the CRLF that belongs to the delimiter.
fn until_delimiter<'octets>(cursor: &mut Cursor<'octets>) -> Option<&'octets [u8]> {
    let end = cursor.rest.windows(4).position(|four| four == b"\r\n--")?;
    let (taken, behind) = cursor.rest.split_at_checked(end)?;
    cursor.rest = behind;
    Some(taken)
}

fn attachment(
    cursor: &mut Cursor<'_>,
    part: u32,
    wanted: Option<&ExpectedPart>,
    objections: &mut Objections,
) -> Result<Attachment, Fault> {
    const HEAD: Fault = ("mime.attachment_head", "not of the one form");
    if !cursor.eat(b"Content-Type: ") {
        return Err(HEAD);
    }
    let media_type = ascii(cursor.take_while(|b| b.is_ascii_graphic() && b != b';')).to_owned();
    let charset = cursor
        .eat(b"; charset=")
        .then(|| ascii(cursor.take_while(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))).to_owned());
    if !cursor.eat(b";\r\n ") {
        return Err(HEAD);
    }
    let name =
        name::both_names(cursor).ok_or(("mime.attachment_name", "not of the one form, or two names"))?;
    if !cursor.eat(b"Content-Transfer-Encoding: base64\r\n\r\n") {
        return Err(HEAD);
    }
    name::check_name(&name, &media_type, objections);
    // No `-` is in the alphabet, so the first one begins the delimiter.
    let dash = cursor.rest.iter().position(|&b| b == b'-').and_then(|dash| dash.checked_sub(2));
    let (coded, behind) =
        dash.and_then(|end| cursor.rest.split_at_checked(end)).ok_or(("mime.boundary", ""))?;
    cursor.rest = behind;
    let octets = match base64::lines(coded) {
        Ok(octets) => octets,
        Err(why) => {
            objections.add("mime.base64", why);
            Vec::new()
        }
    };
    match wanted {
        None => objections.add("mime.part_count", "a part that nobody expects"),
        Some(wanted) => {
            objections.require(wanted.name == name, "part.name", "not the expected one");
            objections.require(
                wanted.media_type.as_str() == media_type,
                "part.media_type",
                "not the expected one",
            );
            digest::compare(&octets, wanted, objections);
        }
    }
    Ok(Attachment { part, charset, octets })
}

/// Decodes the text and checks everything about it.
fn read_text(body: &[u8], transfer: Transfer, objections: &mut Objections) -> String {
    objections.about(Some(0));
    let text = match transfer {
        Transfer::SevenBit => {
            objections.require(is_seven_bit(body), "mime.text_7bit", "a line that is not written so");
            ascii(body).to_owned()
        }
        Transfer::Base64 => {
            let octets = base64::lines(body).unwrap_or_else(|why| {
                objections.add("mime.base64", why);
                Vec::new()
            });
            objections.require(!is_seven_bit(&octets), "mime.text_form", "base64 without need");
            String::from_utf8(octets).unwrap_or_else(|_| {
                objections.add("text.utf8", "");
                String::new()
            })
        }
    };
    objections.require(
        text.is_empty() || text.ends_with("\r\n"),
        "text.line_end",
        "the last line is not ended",
    );
    text::check(&text, objections);
    objections.about(None);
    text
}

/// Lines of at most 76 of TAB and printable ASCII, each ended, none that a mailer would change.
fn is_seven_bit(body: &[u8]) -> bool {
    let Some(lines) = body.strip_suffix(b"\r\n") else { return body.is_empty() };
    let mut rest = Some(lines);
    while let Some(left) = rest {
        let end = left.iter().position(|&b| !matches!(b, 0x20..=0x7e | b'\t')).unwrap_or(left.len());
        let (line, behind) = left.split_at_checked(end).unwrap_or((left, &[]));
        let sound = line.len() <= 76
            && !line.starts_with(b"--")
            && !line.starts_with(b"From ")
            && !line.ends_with(b" ")
            && !line.ends_with(b"\t");
        if !sound {
            return false;
        }
        rest = if behind.is_empty() {
            None
        } else if let Some(next) = behind.strip_prefix(b"\r\n") {
            Some(next)
        } else {
            return false;
        };
    }
    true
}
