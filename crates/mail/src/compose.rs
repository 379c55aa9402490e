//! The canonical MIME writer: a draft, the gateway's stamp and its notice become the octets that go inside
//! (RFC 5322, RFC 2045, RFC 2047, RFC 2231, RFC 8601 §2).
//!
//! There is exactly one way to write each value, so that a strict reader can be written from this page alone. All
//! lines end in CRLF, every octet is printable ASCII, TAB (in a 7bit body only), CR or LF, and CR and LF stand
//! only together. No line is longer than 998 octets.
//!
//! # Grammar
//!
//! ABNF (RFC 5234); `CRLF`, `SP`, `DIGIT` as there, literals in their exact case. `fold` is one place to break a
//! line. No other white space is written anywhere.
//!
//! ```text
//! message      = fields ( single / mixed )
//! fields       = [ "Authentication-Results: " folded-text CRLF ]      ; Stamp::authentication_results
//!                "Received: " folded-text CRLF                        ; Stamp::received
//!                *( "Received: (hop " number " of " number [ ", undated" ] "); " date-time CRLF )
//!                "X-Sekisho-Id: " queue-id CRLF                       ; Stamp::queue_id
//!                "From: " mailboxes CRLF
//!                [ "Sender: " mailbox CRLF ]
//!                [ "Reply-To: " mailboxes CRLF ]
//!                [ "To: " mailboxes CRLF ]
//!                [ "Cc: " mailboxes CRLF ]
//!                [ "Subject: " text CRLF ]                            ; absent when empty
//!                "Date: " date-time CRLF
//!                "Message-ID: <" msg-id ">" CRLF
//!                [ "In-Reply-To: " msg-ids CRLF ]
//!                [ "References: " msg-ids CRLF ]
//!                [ "List-Id: <" list-id ">" CRLF ]
//!                [ "Auto-Submitted: " ( "no" / "auto-generated" / "auto-replied" / "auto-notified" ) CRLF ]
//!                [ "Precedence: " ( "bulk" / "list" / "junk" ) CRLF ]
//!                [ "X-Auto-Response-Suppress: All" CRLF ]
//!                [ "Importance: " ( "high" / "normal" / "low" ) CRLF ]
//!                "MIME-Version: 1.0" CRLF
//!
//! single       = text-entity                                          ; no attachment and no list
//! mixed        = "Content-Type: multipart/mixed;" fold "boundary=" DQUOTE boundary DQUOTE CRLF
//!                CRLF
//!                "--" boundary CRLF text-entity
//!                1*( CRLF "--" boundary CRLF attachment )             ; the list, if any, is the last
//!                CRLF "--" boundary "--" CRLF
//! boundary     = "=_sekisho-" queue-id
//!
//! text-entity  = "Content-Type: text/plain; charset=UTF-8" CRLF
//!                "Content-Transfer-Encoding: " ( "7bit" CRLF CRLF lines-7bit / "base64" CRLF CRLF lines-b64 )
//! attachment   = "Content-Type: " media-type [ "; charset=" charset ] ";" fold name CRLF
//!                "Content-Disposition: attachment;" fold filename CRLF
//!                "Content-Transfer-Encoding: base64" CRLF CRLF lines-b64
//! name         = "name=" DQUOTE ( plain-name / words ) DQUOTE
//! filename     = "filename=" DQUOTE plain-name DQUOTE                 ; exactly when `name` holds a plain-name
//!              / "filename*=UTF-8''" octets                           ; when that is at most 60 characters
//!              / "filename*0*=UTF-8''" octets 1*( ";" fold "filename*" number "*=" octets )
//! octets       = 1*( attr-char / "%" 2HEXDIG )                        ; upper-case hex, at most 60 characters,
//!                                                                     ; filled as far as whole characters go
//! lines-7bit   = *( *76( TAB / %x20-7E ) CRLF )                       ; see "Bodies"
//! lines-b64    = *( 76base64-char CRLF ) [ 1*76base64-char CRLF ]     ; padded, whole groups of four
//!
//! mailboxes    = mailbox *( "," fold mailbox )
//! mailbox      = "<" addr-spec ">"                                    ; no display name
//!              / quoted SP "<" addr-spec ">"
//!              / words fold "<" addr-spec ">"
//!              / ( quoted / words ) ":;"                              ; a name without an address; never in From
//! quoted       = DQUOTE 1*( %x20-21 / %x23-5B / %x5D-7E / "\" DQUOTE / "\\" ) DQUOTE
//! text         = plain / words
//! words        = word *( fold word )
//! word         = "=?UTF-8?B?" base64 "?="
//! msg-ids      = "<" msg-id ">" *( fold "<" msg-id ">" )
//! folded-text  = token *( ( SP / fold ) token )                       ; token: 1*900( %x21-7E )
//! fold         = CRLF SP
//! queue-id     = 1*40( ALPHA / DIGIT )
//! number       = 1*10DIGIT                                            ; no leading zero, hops count from 1
//! ```
//!
//! # Which form
//!
//! * *plain*: 1 to 60 characters `%x20-7E`, not beginning or ending with SP, not containing `=?`. Any other text
//!   that is not empty is written as *words*. A display name that is *plain* is *quoted*; `\` and `"` are escaped.
//! * *plain-name* is *plain* without `"`, `\` and `%`.
//! * *words*: the UTF-8 octets are cut greedily at character borders into pieces of at most 39 octets, each piece
//!   one word; a reader joins the decoded pieces with nothing between.
//! * *octets*: `attr-char` of RFC 2231 are `ALPHA / DIGIT` and `! # $ & + - . ^ _ | ~`; every other octet is `%XX`. Segments of `filename*N*` are filled greedily with whole characters up to 60 characters
//!   (`UTF-8''` not counted); N counts from 0.
//! * *folded-text*: SP between two tokens is *fold* exactly when the line with the next token would pass 76
//!   characters. A reader unfolds by dropping CRLF.
//! * *date-time* is what [`DateTime`] displays: `Fri, 20 Nov 2026 09:00:00 +0900`. An undated hop shows the time of
//!   acceptance in UTC.
//! * *addr-spec*: see [`addr_spec_is_sound`].
//!
//! # Bodies
//!
//! The text is the status line and an empty line (if any), the draft's text, then an empty line and the notice (if
//! any), every line ended. It is 7bit exactly when every line is at most 76 characters of TAB and `%x20-7E`, does
//! not begin with `--` or `From ` and does not end in SP or TAB; otherwise base64 of its UTF-8 octets with CRLF line
//! ends. The attached list is always `text/plain; charset=UTF-8` in base64, with CRLF line ends.
//!
//! # Cleaning
//!
//! Values are cleaned before they are written ([`Composed::fields`], [`Composed::text`] and
//! [`Composed::parts`] say what was written; a verifier expects exactly that): in header text CR, LF, TAB and the
//! line and paragraph separators become SP, all other controls, bidi controls, U+FEFF and noncharacters go, ends
//! are trimmed, a Subject is cut at 2,000 and a display name at 250 characters with `…`; in body text controls
//! other than LF and TAB go. A From that is missing, or has no readable address, says [`UNKNOWN_FROM`]; a missing
//! Date is the time of acceptance; a missing Message-ID is the stamp's.
//!
//! *Security.* Given values that came through the jail's frame and are not believed: whatever they hold, no CR, LF
//! or control character leaves its field, and the boundary occurs in no body (`=_` and a leading `--` cannot be
//! written in one). Spends time and memory linear in the draft.

mod clean;
mod words;

pub use clean::addr_spec_is_sound;

use crate::{Attachment, DateTime, Draft, Fields, MediaType, MessageId, NamedMailbox, Stamp, base64};
use std::borrow::Cow;

/// The address that stands in `From` when the original has none that can be read.
pub const UNKNOWN_FROM: &str = "unknown@sender.invalid";

/// What the gateway puts around the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// One line on top of the text.
    pub status_line: Option<String>,
    /// The block below the text, lines ended by `\n`; empty for none.
    pub notice: String,
    /// File name and content of the attached list of what was done.
    pub list_attachment: Option<(String, String)>,
}

/// The written message, and the values that it holds after cleaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed<'draft> {
    /// What goes to the verifier.
    pub octets: Vec<u8>,
    /// The header values as written.
    pub fields: Fields,
    /// The whole text as written, lines ended by `\n`.
    pub text: String,
    /// What of the text the framing put above the draft's, likewise.
    pub above: String,
    /// What of the text the framing put below the draft's, likewise.
    pub below: String,
    /// The parts after the text as written, the attached list last.
    pub parts: Vec<ComposedPart<'draft>>,
}

/// One written part after the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposedPart<'draft> {
    /// File name as written.
    pub name: String,
    /// Media type as written.
    pub media_type: MediaType,
    /// Charset as written.
    pub charset: Option<String>,
    /// The octets as a reader decodes them.
    pub octets: Cow<'draft, [u8]>,
}

/// Writes the message. Same values, same octets.
pub fn compose<'draft>(draft: &'draft Draft, stamp: &Stamp, framing: &Framing) -> Composed<'draft> {
    let queue_id = clean::queue_id(&stamp.queue_id);
    let fields = clean::fields(&draft.fields, stamp, &queue_id);
    let above = match &framing.status_line {
        Some(line) => format!("{}\n\n", crate::line::line(line)),
        None => String::new(),
    };
    let below = ended(clean::body(&framing.notice));
    let text = whole_text(&above, &draft.text, &below);
    let mut parts: Vec<ComposedPart<'_>> = draft.attachments.iter().map(written_part).collect();
    if let Some((name, list)) = &framing.list_attachment {
        parts.push(ComposedPart {
            name: clean::file_name(name),
            media_type: MediaType::TEXT,
            charset: Some("UTF-8".to_owned()),
            octets: Cow::Owned(with_crlf(&ended(clean::body(list)))),
        });
    }
    let size = parts.iter().fold(text.len(), |sum, part| sum.saturating_add(part.octets.len()));
    let mut out = Vec::with_capacity(size.saturating_div(2).saturating_mul(3).saturating_add(4096));
    write_fields(&fields, stamp, &queue_id, &mut out);
    if parts.is_empty() {
        write_text_entity(&text, &mut out);
    } else {
        write_mixed(&text, &parts, &queue_id, &mut out);
    }
    Composed { octets: out, fields, text, above, below, parts }
}

fn written_part(attachment: &Attachment) -> ComposedPart<'_> {
    ComposedPart {
        name: clean::file_name(&attachment.name),
        media_type: clean::media_type(&attachment.media_type),
        charset: attachment.charset.as_deref().and_then(clean::charset),
        octets: Cow::Borrowed(&attachment.octets),
    }
}

fn whole_text(above: &str, text: &str, below: &str) -> String {
    let mut whole = above.to_owned();
    whole.push_str(&ended(clean::body(text)));
    if !whole.is_empty() && !below.is_empty() {
        whole.push('\n');
    }
    whole.push_str(below);
    whole
}

/// The text with its last line ended; an empty text stays empty.
fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn with_crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn write_fields(fields: &Fields, stamp: &Stamp, queue_id: &str, out: &mut Vec<u8>) {
    if let Some(results) = &stamp.authentication_results {
        words::folded("Authentication-Results", &clean::ascii(results), out);
    }
    words::folded("Received", &clean::ascii(&stamp.received), out);
    for (index, date) in fields.received.iter().enumerate() {
        let undated = if date.is_some() { "" } else { ", undated" };
        let date = date.unwrap_or(DateTime::utc(stamp.accepted.unix_s));
        let value =
            format!("(hop {} of {}{undated}); {date}", index.saturating_add(1), fields.received.len());
        field("Received", &value, out);
    }
    field("X-Sekisho-Id", queue_id, out);
    mailboxes("From", &fields.from, out);
    mailboxes("Sender", fields.sender.as_slice(), out);
    mailboxes("Reply-To", &fields.reply_to, out);
    mailboxes("To", &fields.to, out);
    mailboxes("Cc", &fields.cc, out);
    if !fields.subject.is_empty() {
        field("Subject", &words::text(&fields.subject), out);
    }
    if let Some(date) = fields.date {
        field("Date", &date.to_string(), out);
    }
    message_ids("Message-ID", fields.message_id.as_slice(), out);
    message_ids("In-Reply-To", &fields.in_reply_to, out);
    message_ids("References", &fields.references, out);
    if let Some(id) = &fields.list_id {
        field("List-Id", &format!("<{id}>"), out);
    }
    if let Some(value) = fields.auto_submitted {
        field("Auto-Submitted", value.token(), out);
    }
    if let Some(value) = fields.precedence {
        field("Precedence", value.token(), out);
    }
    if fields.suppress_auto_response {
        field("X-Auto-Response-Suppress", "All", out);
    }
    if let Some(value) = fields.importance {
        field("Importance", value.token(), out);
    }
    field("MIME-Version", "1.0", out);
}

/// One field whose value was made by this module and may hold folds.
fn field(name: &str, value: &str, out: &mut Vec<u8>) {
    for piece in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
}

fn mailboxes(name: &str, list: &[NamedMailbox], out: &mut Vec<u8>) {
    if !list.is_empty() {
        let written: Vec<String> = list.iter().map(mailbox).collect();
        field(name, &written.join(",\r\n "), out);
    }
}

fn mailbox(mailbox: &NamedMailbox) -> String {
    let (name, address) = (&mailbox.display_name, &mailbox.addr_spec);
    if name.is_empty() {
        return format!("<{address}>");
    }
    let plain = words::is_plain(name);
    let phrase = if plain { words::quoted(name) } else { words::encoded(name) };
    match (address.is_empty(), plain) {
        (true, _) => format!("{phrase}:;"),
        (false, true) => format!("{phrase} <{address}>"),
        (false, false) => format!("{phrase}\r\n <{address}>"),
    }
}

fn message_ids(name: &str, ids: &[MessageId], out: &mut Vec<u8>) {
    if !ids.is_empty() {
        let written: Vec<String> = ids.iter().map(|id| format!("<{}>", id.as_str())).collect();
        field(name, &written.join("\r\n "), out);
    }
}

fn write_text_entity(text: &str, out: &mut Vec<u8>) {
    field("Content-Type", "text/plain; charset=UTF-8", out);
    if is_seven_bit(text) {
        field("Content-Transfer-Encoding", "7bit", out);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&with_crlf(text));
    } else {
        field("Content-Transfer-Encoding", "base64", out);
        out.extend_from_slice(b"\r\n");
        base64::encode_lines(&with_crlf(text), out);
    }
}

/// Whether a text goes as it is; see "Bodies" above.
fn is_seven_bit(text: &str) -> bool {
    text.split('\n').all(|line| {
        line.len() <= 76
            && line.bytes().all(|b| b == b'\t' || (0x20..0x7f).contains(&b))
            && !line.starts_with("--")
            && !line.starts_with("From ")
            && !line.ends_with([' ', '\t'])
    })
}

fn write_mixed(text: &str, parts: &[ComposedPart<'_>], queue_id: &str, out: &mut Vec<u8>) {
    let boundary = format!("=_sekisho-{queue_id}");
    field("Content-Type", &format!("multipart/mixed;\r\n boundary=\"{boundary}\""), out);
    out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    write_text_entity(text, out);
    for part in parts {
        out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        let charset = part.charset.as_ref().map(|label| format!("; charset={label}")).unwrap_or_default();
        let name = words::name_parameter(&part.name);
        field("Content-Type", &format!("{}{charset};\r\n {name}", part.media_type), out);
        let file_name = words::file_name_parameter(&part.name);
        field("Content-Disposition", &format!("attachment;\r\n {file_name}"), out);
        field("Content-Transfer-Encoding", "base64", out);
        out.extend_from_slice(b"\r\n");
        base64::encode_lines(&part.octets, out);
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
}

#[cfg(test)]
mod tests;
