//! Header fields of a message → the decoded values that cross, and marks of imitation (RFC 5322 §3.6, RFC 2919,
//! RFC 3834).

use super::Growing;
use crate::{mime::Entity, text};
use mail::{AutoSubmitted, DateTime, Fields, Importance, NamedMailbox, Precedence, header};
use policy::{FindingCode, Findings, Phrase, Policy};

/// Reads the fields of the message itself.
pub(super) fn read(root: &Entity, policy: &Policy) -> (Fields, Findings) {
    let mut findings = Findings::new();
    let fields = Fields {
        from: mailboxes(root, "From", &mut findings),
        sender: mailboxes(root, "Sender", &mut findings).into_iter().next(),
        reply_to: mailboxes(root, "Reply-To", &mut findings),
        to: mailboxes(root, "To", &mut findings),
        cc: mailboxes(root, "Cc", &mut findings),
        subject: unstructured(root, "Subject", &mut findings),
        date: root.field("Date").and_then(ascii).and_then(DateTime::parse),
        message_id: ids(root, "Message-ID").into_iter().next(),
        in_reply_to: ids(root, "In-Reply-To"),
        references: ids(root, "References"),
        list_id: root.field("List-Id").and_then(header::list_id),
        auto_submitted: token(root, "Auto-Submitted").and_then(AutoSubmitted::parse),
        precedence: token(root, "Precedence").and_then(Precedence::parse),
        suppress_auto_response: root.field("X-Auto-Response-Suppress").is_some(),
        importance: token(root, "Importance").and_then(Importance::parse).or_else(|| priority(root)),
        received: root.fields("Received").map(received_date).collect(),
    };
    findings.append(policy::imitations(&fields, policy));
    (fields, findings)
}

/// Shows the header of a nested message as lines of text.
pub(super) fn show(entity: &Entity, growing: &mut Growing<'_>) {
    let mut findings = Findings::new();
    let named = |list: Vec<NamedMailbox>| {
        let shown = |m: &NamedMailbox| match m.addr_spec.as_str() {
            "" => m.display_name.clone(),
            address => format!("{} <{address}>", m.display_name).trim_start().to_owned(),
        };
        list.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    let date = entity.field("Date").and_then(ascii).and_then(DateTime::parse);
    let values = [
        (Phrase::From, named(mailboxes(entity, "From", &mut findings))),
        (Phrase::To, named(mailboxes(entity, "To", &mut findings))),
        (Phrase::Date, date.map(|date| date.to_string()).unwrap_or_default()),
        (Phrase::Subject, unstructured(entity, "Subject", &mut findings)),
    ];
    let mut shown = growing.phrase(Phrase::AttachedMessage);
    for (label, value) in values.into_iter().filter(|(_, value)| !value.is_empty()) {
        shown.push('\n');
        shown.push_str(&growing.phrase(label));
        shown.push_str(&text::filter_line(&value, &mut findings));
    }
    growing.append_text(&shown);
    if let Some(container) = growing.parts.last_mut() {
        container.findings.append(findings);
    }
}

/// The file name of an entity as decoded, or `fallback`; and what was odd about it.
pub(super) fn name(entity: &Entity, fallback: &str) -> (String, Findings) {
    let mut findings = Findings::new();
    let disposition = entity.field("Content-Disposition").map(header::parameterised);
    let content_type = entity.field("Content-Type").map(header::parameterised);
    let names = header::file_names(disposition.as_ref(), content_type.as_ref());
    if names.differ() {
        findings.add_detail(FindingCode::AmbiguousName, &names.candidates.join(" / "));
    }
    let name = names.candidates.into_iter().next().unwrap_or_else(|| fallback.to_owned());
    (name, findings)
}

fn ascii(raw: &[u8]) -> Option<&str> {
    std::str::from_utf8(raw).ok().map(str::trim)
}

fn mailboxes(entity: &Entity, field: &str, findings: &mut Findings) -> Vec<NamedMailbox> {
    let mut list = Vec::new();
    for raw in entity.fields(field).take(1) {
        let read = header::mailboxes(raw);
        if read.quality.loss > 0 || read.damaged || read.limit_met {
            findings.add_detail(FindingCode::FieldDamaged, field);
        }
        list.extend(read.list.into_iter().map(|mailbox| NamedMailbox {
            display_name: text::filter_line(&mailbox.display_name, findings),
            addr_spec: mailbox.addr_spec,
        }));
    }
    list
}

fn ids(entity: &Entity, field: &str) -> Vec<mail::MessageId> {
    entity.field(field).map(|raw| header::message_ids(raw).ids).unwrap_or_default()
}

fn unstructured(entity: &Entity, field: &str, findings: &mut Findings) -> String {
    let Some(raw) = entity.field(field) else { return String::new() };
    let read = header::text(raw);
    if read.quality.loss > 0 {
        findings.add_detail(FindingCode::FieldDamaged, field);
    }
    text::filter_line(&read.text, findings)
}

/// A token without its comments and parameters.
fn token<'m>(entity: &'m Entity, field: &'m str) -> Option<&'m str> {
    let text = entity.fields(field).next().and_then(ascii)?;
    text.split([';', '(', ' ', '\t']).next()
}

/// `X-Priority` 1 and 2 are high, 4 and 5 are low.
fn priority(entity: &Entity) -> Option<Importance> {
    match token(entity, "X-Priority")?.trim() {
        "1" | "2" => Some(Importance::High),
        "4" | "5" => Some(Importance::Low),
        _ => None,
    }
}

/// The date after the last semicolon of a Received field (RFC 5321 §4.4).
fn received_date(raw: &[u8]) -> Option<DateTime> {
    let text = String::from_utf8_lossy(raw);
    DateTime::parse(text.rsplit_once(';')?.1)
}
