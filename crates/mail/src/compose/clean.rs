//! Values before they are written: whatever they hold, nothing leaves its field.

use super::UNKNOWN_FROM;
use crate::line::line;
use crate::{DateTime, Fields, MediaType, MessageId, NamedMailbox, Stamp};

/// Longest Subject, in characters; beyond it `…` shows the cut.
const SUBJECT_CHARS: usize = 2_000;
/// Longest display name, in characters.
const NAME_CHARS: usize = 250;
/// Longest token of our own fields.
const TOKEN_OCTETS: usize = 900;
/// Longest file name, in octets.
const FILE_NAME_OCTETS: usize = 255;

/// Whether an addr-spec can stand in angle brackets.
///
/// Printable ASCII of at most 320 octets with one `@` that divides it (the last one outside quotes); both sides are
/// not empty. The local-part is either a quoted-string (`"`, octets `%x20-7E` with `"` and `\` escaped by `\`, `"`)
/// or octets `%x21-7E` without `( ) < > [ ] : ; @ \ , "`; dots may stand anywhere in it. The domain is letters,
/// digits, `-`, `_` and `.`, or such octets and `:` within `[` and `]`.
pub fn addr_spec_is_sound(text: &str) -> bool {
    let Some((local_part, domain)) = text.rsplit_once('@') else { return false };
    let domain_octet = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let domain_is_sound = match literal {
        Some(inner) => !inner.is_empty() && inner.bytes().all(|b| domain_octet(b) || b == b':'),
        None => !domain.is_empty() && domain.bytes().all(domain_octet),
    };
    let quoted = local_part.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let local_part_is_sound = match quoted {
        Some(inner) => quoted_is_sound(inner),
        None => {
            !local_part.is_empty()
                && local_part.bytes().all(|b| b.is_ascii_graphic() && !b"()<>[]:;@\\,\"".contains(&b))
        }
    };
    text.len() <= 320 && domain_is_sound && local_part_is_sound
}

fn quoted_is_sound(inner: &str) -> bool {
    let mut escaped = false;
    for octet in inner.bytes() {
        match octet {
            b'"' | b'\\' if escaped => escaped = false,
            _ if escaped => return false,
            b'\\' => escaped = true,
            b'"' => return false,
            0x20..0x7f => {}
            _ => return false,
        }
    }
    !escaped
}

fn short_line(text: &str, most: usize) -> String {
    let whole = line(text);
    match whole.char_indices().nth(most) {
        None => whole,
        Some((end, _)) => {
            let mut short = whole.get(..end).unwrap_or_default().trim_end_matches(' ').to_owned();
            short.push('…');
            short
        }
    }
}

/// Body text: LF and TAB are the only controls.
pub(super) fn body(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

/// Tokens of printable ASCII.
pub(super) fn ascii(text: &str) -> String {
    let printable: String =
        line(text).chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let tokens = printable.split_ascii_whitespace().map(|token| token.get(..TOKEN_OCTETS).unwrap_or(token));
    tokens.collect::<Vec<_>>().join(" ")
}

pub(super) fn queue_id(text: &str) -> String {
    let id: String = text.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    debug_assert_eq!(id, text, "queue ids are made by the store");
    if id.is_empty() { "0".to_owned() } else { id }
}

pub(super) fn charset(label: &str) -> Option<String> {
    let sound = (1..=40).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    sound.then(|| label.to_owned())
}

/// The media type of an attachment; composite types cannot be one (RFC 2045 §6.4).
pub(super) fn media_type(media_type: &MediaType) -> MediaType {
    let discrete =
        matches!(media_type.top_level(), "text" | "image" | "application" | "audio" | "video" | "font");
    match MediaType::parse(media_type.as_str()) {
        Some(sound) if discrete => sound,
        _ => MediaType::UNKNOWN,
    }
}

pub(super) fn file_name(name: &str) -> String {
    let mut clean = line(name);
    while clean.len() > FILE_NAME_OCTETS {
        clean.pop();
    }
    if clean.is_empty() { "part".to_owned() } else { clean }
}

/// All header fields as they will be written.
pub(super) fn fields(fields: &Fields, stamp: &Stamp, queue_id: &str) -> Fields {
    let mut from = mailboxes(&fields.from);
    for mailbox in &mut from {
        if mailbox.addr_spec.is_empty() {
            UNKNOWN_FROM.clone_into(&mut mailbox.addr_spec);
        }
    }
    if from.is_empty() {
        from.push(NamedMailbox { display_name: String::new(), addr_spec: UNKNOWN_FROM.to_owned() });
    }
    let sound_date = |date: &DateTime| date.is_sound();
    let own_id = || {
        MessageId::new(&stamp.own_message_id)
            .or_else(|| MessageId::new(&format!("{queue_id}@sekisho.invalid")))
    };
    Fields {
        from,
        sender: mailboxes(fields.sender.as_slice()).into_iter().next(),
        reply_to: mailboxes(&fields.reply_to),
        to: mailboxes(&fields.to),
        cc: mailboxes(&fields.cc),
        subject: short_line(&fields.subject, SUBJECT_CHARS),
        date: Some(fields.date.filter(sound_date).unwrap_or(stamp.accepted)),
        message_id: fields.message_id.clone().or_else(own_id),
        in_reply_to: fields.in_reply_to.clone(),
        references: fields.references.clone(),
        list_id: fields.list_id.as_deref().and_then(MessageId::new).map(String::from),
        auto_submitted: fields.auto_submitted,
        precedence: fields.precedence,
        suppress_auto_response: fields.suppress_auto_response,
        importance: fields.importance,
        received: fields.received.iter().map(|date| date.filter(sound_date)).collect(),
    }
}

/// Quotes around a name are no part of it: readers take them off.
fn without_quotes(mut name: &str) -> &str {
    while let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        name = inner.trim();
    }
    name
}

/// Names cleaned, addresses dropped that are none; an entry with neither goes.
fn mailboxes(list: &[NamedMailbox]) -> Vec<NamedMailbox> {
    let cleaned = list.iter().map(|mailbox| {
        let addr_spec =
            if addr_spec_is_sound(&mailbox.addr_spec) { mailbox.addr_spec.clone() } else { String::new() };
        let name = short_line(&mailbox.display_name, NAME_CHARS);
        NamedMailbox { display_name: without_quotes(&name).to_owned(), addr_spec }
    });
    cleaned.filter(|mailbox| !(mailbox.display_name.is_empty() && mailbox.addr_spec.is_empty())).collect()
}
