//! Mails that come as a file: `.eml`, Outlook's `.msg`, `winmail.dat`, and mails that are signed as a whole.
//!
//! Each becomes a tree of entities below the path of the file, and is walked like a nested message. A `winmail.dat`
//! is no mail of its own but the other half of the one around it: its header is not shown, nor its text when the
//! mail has said the same already.
//!
//! *Security.* What is nested too deep is refused where it is read; nothing here copies octets.

use super::leaf::{self, Part, report, withheld};
use super::{Growing, fields};
use crate::mime::{self, Entity, EntityBody};
use crate::{detect, html, outlook, similarity, tnef};
use mail::charset;
use policy::{Action, Budget, FindingCode, Findings, Kind, Phrase};

/// Two texts that agree to this many per mille say the same.
const SAME_PER_MILLE: u64 = 850;

/// Reads a mail from its file and walks it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the caller gives mails alone; all others read as messages"
)]
pub(super) fn visit(part: &Part, octets: &[u8], mut findings: Findings, growing: &mut Growing<'_>) {
    let (path, budget) = (part.path.child(1), &mut growing.budget);
    let read = match part.detected.kind {
        Kind::OutlookMessage => outlook::read(octets, path, budget, &mut findings),
        Kind::Tnef => tnef::read(octets, path, budget, &mut findings),
        _ => mime::read_below(octets, path, budget).map(|message| message.root),
    };
    let root = match read {
        Ok(root) => root,
        Err(code) => return withheld(part, octets, Action::Remove, code, findings, growing),
    };
    report(part, octets, Action::Unpack, None, findings, growing);
    contain(growing);
    if part.detected.kind == Kind::Tnef && growing.is_message {
        return other_half(root, growing);
    }
    fields::show(&root, growing);
    super::walk(&root, growing);
}

/// What was signed as a whole: a mail's body with its own fields, or a file.
pub(super) fn signed(
    part: &Part,
    octets: &[u8],
    content: &[u8],
    mut findings: Findings,
    growing: &mut Growing<'_>,
) {
    findings.add(FindingCode::SignatureLost);
    let path = part.path.child(1);
    let Some(content) = entity(content) else {
        report(part, octets, Action::Unpack, None, findings, growing);
        contain(growing);
        let name = part.name.strip_suffix(".p7m").unwrap_or(&part.name).to_owned();
        let detected = detect::detect(content, &name, None);
        let inner = Part { path, name, content_id: None, charset: None, detected };
        if let Err(exhausted) = growing.budget.spend_part() {
            return withheld(&inner, content, Action::Remove, exhausted.0, Findings::new(), growing);
        }
        return leaf::rewrite(&inner, content, Findings::new(), growing);
    };
    match mime::read_below(&content, path, &mut growing.budget) {
        Ok(message) => {
            report(part, octets, Action::Unpack, None, findings, growing);
            contain(growing);
            super::walk(&message.root, growing);
        }
        Err(code) => withheld(part, octets, Action::Remove, code, findings, growing),
    }
}

/// Octets that begin with the fields of an entity (RFC 8551 §3.1), with the one field that it may lack.
fn entity(content: &[u8]) -> Option<Vec<u8>> {
    let head = content.get(..content.len().min(1_024)).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let is_entity = ["content-", "mime-version:"].iter().any(|field| head.trim_start().starts_with(field));
    let version: &[u8] = if head.contains("mime-version:") { b"" } else { b"MIME-Version: 1.0\r\n" };
    is_entity.then(|| [version, content.trim_ascii_start()].concat())
}

/// The part that was reported last holds those that follow.
fn contain(growing: &mut Growing<'_>) {
    if let Some(container) = growing.parts.last_mut() {
        container.is_container = true;
    }
}

/// The half of a mail that only Outlook reads.
fn other_half(mut root: Entity, growing: &mut Growing<'_>) {
    if let EntityBody::Multipart(children) = &mut root.body
        && let Some(text) = children.first().and_then(shown_text)
    {
        let said = similarity::similarity_per_mille(&text, &growing.draft.text) >= SAME_PER_MILLE;
        if said {
            children.remove(0);
        } else if !growing.draft.text.trim().is_empty() {
            let divider = growing.phrase(Phrase::OtherVersion);
            growing.append_text(&divider);
        }
    }
    super::walk(&root, growing);
}

/// What the text of a mail says, for comparing alone; `None` for an attachment.
fn shown_text(entity: &Entity) -> Option<String> {
    match (&entity.body, entity.media_type.as_str()) {
        (EntityBody::Multipart(children), "multipart/alternative") => {
            children.iter().find_map(|child| match &child.body {
                EntityBody::Leaf(_) => shown_text(child),
                EntityBody::Multipart(_) | EntityBody::Message(_) | EntityBody::Refused(_) => None,
            })
        }
        (EntityBody::Leaf(octets), kind) if entity.header.is_empty() && kind.starts_with("text/") => {
            let text = charset::decode(octets, entity.parameters.charset.as_deref()).text;
            if kind == "text/html" {
                let mut budget = Budget::new(&policy::Limits::STANDARD);
                return html::to_text(&text, &mut budget, &mut Findings::new()).ok().map(|page| page.text);
            }
            Some(text)
        }
        _ => None,
    }
}

/// Whether this kind is a mail in a file.
pub(super) fn is_mail(kind: Kind) -> bool {
    matches!(kind, Kind::Message | Kind::OutlookMessage | Kind::Tnef)
}
