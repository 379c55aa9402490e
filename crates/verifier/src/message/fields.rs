//! Header fields: which, in which order, how often, and each value in its one spelling.

use super::{
    cursor::{Cursor, ascii},
    date,
    name::{self, quoted, words},
};
use crate::{
    Expected,
    objections::Objections,
    text::{self, LineEnds},
};
use mail::NamedMailbox;

/// Every field that may stand, in the order in which it must. Only `Received` may repeat.
const ORDER: &[&str] = &[
    "Authentication-Results",
    "Received",
    "X-Sekisho-Id",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Id",
    "Auto-Submitted",
    "Precedence",
    "X-Auto-Response-Suppress",
    "Importance",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Most `Received` fields of hops before ours.
const HOPS_MAX: usize = 50;

/// A header field as it stands: name, and value with its folds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'octets> {
    name: &'octets str,
    value: &'octets [u8],
}

/// What the fields say about the body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own<'octets> {
    pub(super) content_type: &'octets [u8],
    pub(super) transfer_encoding: Option<&'octets [u8]>,
}

/// Cuts the header at each CRLF that no space follows.
pub(super) fn split(head: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let folded = |place: &usize| {
            let behind = rest.get(*place..).unwrap_or_default();
            behind.starts_with(b"\r\n") && behind.get(2) != Some(&b' ')
        };
        let end = (0..rest.len()).find(folded).unwrap_or(rest.len());
        let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let colon = line.windows(2).position(|two| two == b": ").unwrap_or(0);
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        fields.push(Field { name: ascii(name), value: value.get(2..).unwrap_or_default() });
        rest = behind.get(2..).unwrap_or_default();
    }
    fields
}

/// Checks all fields; what they say about the body.
pub(super) fn check<'octets>(
    fields: &[Field<'octets>],
    expected: &Expected,
    objections: &mut Objections,
) -> Own<'octets> {
    let mut last: Option<usize> = None;
    for field in fields {
        let place = ORDER.iter().position(|name| *name == field.name);
        match (place, last) {
            (None, _) => objections.add("mime.field_unknown", format!("{} octets", field.name.len())),
            (Some(place), Some(last)) if place == last && field.name != "Received" => {
                objections.add("mime.field_twice", field.name);
            }
            (Some(place), Some(last)) if place < last => objections.add("mime.field_order", field.name),
            _ => {}
        }
        last = place.max(last);
        if field.value.contains(&b'\t') {
            objections.add("mime.field_octet", field.name);
        }
    }
    trace(fields, expected, objections);
    let mut own = Own::default();
    for name in ["From", "Date", "Message-ID", "MIME-Version", "Content-Type"] {
        if !fields.iter().any(|field| field.name == name) {
            objections.add("mime.field_missing", name);
        }
    }
    if fields.iter().any(|field| field.name == "Subject") == expected.subject.is_empty() {
        objections.add("mime.subject", "stands and should not, or the reverse");
    }
    for field in fields {
        match field.name {
            "Content-Type" => own.content_type = field.value,
            "Content-Transfer-Encoding" => own.transfer_encoding = Some(field.value),
            _ => value(*field, expected, objections),
        }
    }
    own
}

/// `Authentication-Results`, `Received` and `X-Sekisho-Id`: exactly the stamp's, and the minimal hops.
fn trace(fields: &[Field<'_>], expected: &Expected, objections: &mut Objections) {
    let stamp = &expected.stamp;
    let with = |name: &'static str| fields.iter().filter(move |field| field.name == name);
    let results: Vec<_> = with("Authentication-Results").collect();
    let agree = match (&stamp.authentication_results, results.as_slice()) {
        (None, []) => true,
        (Some(value), [only]) => is_folded(**only, value),
        _ => false,
    };
    objections.require(agree, "mime.authentication_results", "not that of the stamp");
    let ids: Vec<_> = with("X-Sekisho-Id").collect();
    let agree = matches!(ids.as_slice(), [only] if only.value == stamp.queue_id.as_bytes());
    objections.require(agree, "mime.queue_id", "not that of the stamp");
    let mut received = with("Received");
    let ours = received.next().is_some_and(|field| is_folded(*field, &stamp.received));
    objections.require(ours, "mime.received", "the first is not that of the stamp");
    let hops: Vec<_> = received.collect();
    objections.require(hops.len() <= HOPS_MAX, "mime.received", "too many hops");
    for (number, hop) in (1usize..).zip(&hops) {
        let agree = is_hop(hop.value, number, hops.len(), expected);
        objections.require(agree, "mime.received_hop", "not of the minimal form");
    }
}

/// Whether the field is `text` in the one way to fold it.
fn is_folded(field: Field<'_>, text: &str) -> bool {
    let mut cursor = Cursor::new(field.value);
    let mut column = field.name.len().saturating_add(2);
    for (index, token) in text.split_ascii_whitespace().enumerate() {
        if index > 0 {
            let end = column.saturating_add(1).saturating_add(token.len());
            let is_break = end > 76;
            if !(if is_break { cursor.fold() } else { cursor.eat(b" ") }) {
                return false;
            }
            column = if is_break { 1 } else { column.saturating_add(1) };
        }
        if !cursor.eat(token.as_bytes()) {
            return false;
        }
        column = column.saturating_add(token.len());
    }
    cursor.is_at_end()
}

fn is_hop(value: &[u8], number: usize, count: usize, expected: &Expected) -> bool {
    let mut cursor = Cursor::new(value);
    if !cursor.eat(format!("(hop {number} of {count}").as_bytes()) {
        return false;
    }
    let undated = cursor.eat(b", undated");
    if !cursor.eat(b"); ") {
        return false;
    }
    match date::read(ascii(cursor.rest)) {
        Some(date) if undated => date.unix_s == expected.stamp.accepted.unix_s && date.offset_min == 0,
        date => date.is_some(),
    }
}

/// One field other than those of the trace and of the body.
fn value(field: Field<'_>, expected: &Expected, objections: &mut Objections) {
    let value = field.value;
    let sound = match field.name {
        "From" | "Sender" | "Reply-To" | "To" | "Cc" => return mailbox_field(field, expected, objections),
        "Subject" => match text_value(value) {
            Some(subject) => {
                text::check_characters(&subject, LineEnds::OneLine, objections);
                objections.require(subject == expected.subject, "mime.subject", "not the expected one");
                return;
            }
            None => false,
        },
        "Date" => match date::read(ascii(value)) {
            Some(date) => {
                let agrees = match expected.date {
                    Some(wanted) => date == wanted,
                    None => date.unix_s == expected.stamp.accepted.unix_s,
                };
                objections.require(agrees, "mime.date", "not the expected one");
                return;
            }
            None => false,
        },
        "Message-ID" => message_ids(value) == Some(1),
        "In-Reply-To" | "References" => message_ids(value).is_some(),
        "List-Id" => {
            let id = value.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")).unwrap_or_default();
            (1..=255).contains(&id.len()) && id.iter().all(|b| b.is_ascii_graphic() && !b"<>".contains(b))
        }
        "Auto-Submitted" => {
            [&b"no"[..], b"auto-generated", b"auto-replied", b"auto-notified"].contains(&value)
        }
        "Precedence" => [&b"bulk"[..], b"list", b"junk"].contains(&value),
        "X-Auto-Response-Suppress" => value == b"All",
        "Importance" => [&b"high"[..], b"normal", b"low"].contains(&value),
        "MIME-Version" => value == b"1.0",
        // The trace was checked, unknown names were objected to.
        _ => true,
    };
    if !sound {
        objections.add("mime.field_value", field.name);
    }
}

fn mailbox_field(field: Field<'_>, expected: &Expected, objections: &mut Objections) {
    let Some(mailboxes) = mailboxes(field.value) else {
        objections.add("mime.field_value", field.name);
        return;
    };
    for mailbox in &mailboxes {
        text::check_characters(&mailbox.display_name, LineEnds::OneLine, objections);
    }
    match field.name {
        "From" => objections.require(mailboxes == expected.from, "mime.from", "not the expected one"),
        "Sender" => objections.require(mailboxes.len() == 1, "mime.sender", "more than one"),
        _ => {}
    }
}

/// `plain` as it stands, or words.
fn text_value(value: &[u8]) -> Option<String> {
    if value.starts_with(b"=?") {
        let mut cursor = Cursor::new(value);
        let decoded = words(&mut cursor)?;
        return cursor.is_at_end().then_some(decoded);
    }
    let plain = ascii(value);
    name::is_plain(plain).then(|| plain.to_owned())
}

fn mailboxes(value: &[u8]) -> Option<Vec<NamedMailbox>> {
    let mut cursor = Cursor::new(value);
    let mut found = Vec::new();
    loop {
        found.push(mailbox(&mut cursor)?);
        if cursor.is_at_end() {
            return Some(found);
        }
        if !(cursor.eat(b",") && cursor.fold()) {
            return None;
        }
    }
}

fn mailbox(cursor: &mut Cursor<'_>) -> Option<NamedMailbox> {
    let display_name = match cursor.rest.first()? {
        b'<' => String::new(),
        b'"' => {
            let name = quoted(cursor)?;
            if cursor.eat(b":;") {
                return Some(NamedMailbox { display_name: name, addr_spec: String::new() });
            }
            if !cursor.eat(b" ") {
                return None;
            }
            name
        }
        _ => {
            let name = words(cursor)?;
            if cursor.eat(b":;") {
                return Some(NamedMailbox { display_name: name, addr_spec: String::new() });
            }
            if !cursor.fold() {
                return None;
            }
            name
        }
    };
    let addr_spec = angle(cursor, true)?.to_owned();
    is_addr_spec(&addr_spec).then_some(NamedMailbox { display_name, addr_spec })
}

/// What stands in angle brackets; `quotes` lets a quoted local-part hold `>`.
fn angle<'octets>(cursor: &mut Cursor<'octets>, quotes: bool) -> Option<&'octets str> {
    if !cursor.eat(b"<") {
        return None;
    }
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = cursor.rest.iter().position(|&octet| {
        let ends = octet == b'>' && !is_quoted;
        match octet {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' if quotes => is_quoted = !is_quoted,
            _ => {}
        }
        ends
    })?;
    let inside = cursor.rest.get(..end)?;
    cursor.rest = cursor.rest.get(end.checked_add(1)?..)?;
    Some(ascii(inside))
}

/// How many msg-ids stand there.
fn message_ids(value: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(value);
    let mut count = 0usize;
    loop {
        let id = angle(&mut cursor, false)?;
        let sound = (1..=250).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_graphic() && !b"<>()\\\"".contains(&b));
        if !sound {
            return None;
        }
        count = count.checked_add(1)?;
        if cursor.is_at_end() {
            return Some(count);
        }
        if !cursor.fold() {
            return None;
        }
    }
}

/// The form that the composer's documentation gives.
fn is_addr_spec(text: &str) -> bool {
    let (local, domain) = if let Some(inside) = text.strip_prefix('"') {
        let mut escaped = false;
        let end = inside.bytes().position(|octet| {
            let ends = octet == b'"' && !escaped;
            escaped = octet == b'\\' && !escaped;
            ends
        });
        let Some((local, domain)) = end.and_then(|end| inside.split_at_checked(end)) else { return false };
        let Some(domain) = domain.strip_prefix("\"@") else { return false };
        (local.bytes().all(|b| (0x20..0x7f).contains(&b)), domain)
    } else {
        let Some((local, domain)) = text.split_once('@') else { return false };
        let sound = |b: u8| b.is_ascii_graphic() && !b"()<>[]:;@\\,\"".contains(&b);
        (!local.is_empty() && local.bytes().all(sound), domain)
    };
    let word = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let domain_is_sound = match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => !literal.is_empty() && literal.bytes().all(|b| word(b) || b == b':'),
        None => !domain.is_empty() && domain.bytes().all(word),
    };
    local && domain_is_sound && text.len() <= 320
}
