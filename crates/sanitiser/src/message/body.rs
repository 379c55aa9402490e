//! The text that the reader sees: plain, HTML or the better of two alternatives (RFC 2046 §5.1.4).
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever is no inline text is visited as a part")]

use super::{Growing, embedded, part_report};
use crate::{
    html::{self, HtmlText, ImageSource},
    html_file,
    mime::{Disposition, Entity, EntityBody},
    report, similarity, text,
};
use mail::charset;
use policy::{Action, FindingCode, Findings, Phrase, notice};

/// The children of a multipart/alternative, sorted by what can be done with them.
pub(super) struct Alternative<'m> {
    plain: Option<(&'m Entity, &'m [u8])>,
    html: Option<(&'m Entity, &'m [u8])>,
    /// Containers around the HTML, for the report.
    around: Vec<&'m Entity>,
    /// Everything else: pictures beside the HTML, calendar parts.
    pub(super) others: Vec<&'m Entity>,
}

impl<'m> Alternative<'m> {
    pub(super) fn of(entity: &'m Entity) -> Self {
        let mut sorted = Self { plain: None, html: None, around: Vec::new(), others: Vec::new() };
        for child in entity.children() {
            match &child.body {
                EntityBody::Leaf(octets) if is_text(child, "text/plain") && sorted.plain.is_none() => {
                    sorted.plain = Some((child, octets));
                }
                EntityBody::Leaf(octets) if is_text(child, "text/html") && sorted.html.is_none() => {
                    sorted.html = Some((child, octets));
                }
                EntityBody::Multipart(related) if sorted.html.is_none() && related.iter().any(leads) => {
                    sorted.around.push(child);
                    for inner in related {
                        match &inner.body {
                            EntityBody::Leaf(octets)
                                if is_text(inner, "text/html") && sorted.html.is_none() =>
                            {
                                sorted.html = Some((inner, octets));
                            }
                            _ => sorted.others.push(inner),
                        }
                    }
                }
                _ => sorted.others.push(child),
            }
        }
        sorted
    }
}

/// Whether this is an inline text of the type.
fn is_text(entity: &Entity, media_type: &str) -> bool {
    entity.media_type.as_str() == media_type && entity.disposition != Disposition::Attachment
}

/// Whether this child of a multipart/related is the text that the others belong to.
pub(super) fn leads(child: &Entity) -> bool {
    is_text(child, "text/html")
        || is_text(child, "text/plain")
        || child.media_type.as_str() == "multipart/alternative"
}

/// Shows the plain version when both say the same, the HTML's text otherwise, and both when they differ.
pub(super) fn alternative(alternative: &Alternative<'_>, growing: &mut Growing<'_>) {
    for container in &alternative.around {
        growing.parts.push(part_report(container, Action::Unpack, None, true));
    }
    let plain = alternative.plain.and_then(|(entity, octets)| {
        let mut findings = Findings::new();
        read_plain(entity, octets, growing, &mut findings).map(|text| (entity, text, findings))
    });
    let html = alternative.html.and_then(|(entity, octets)| {
        let mut findings = Findings::new();
        read_html(entity, octets, growing, &mut findings).map(|text| (entity, text, findings))
    });
    match (plain, html) {
        (Some((plain, text, mut findings)), Some((html, html_text, html_findings))) => {
            if similarity::alternatives_differ(&text, &html_text) {
                findings.add(FindingCode::AlternativesDiffer);
                show_html(&html_text, growing);
                let divider = growing.phrase(Phrase::OtherVersion);
                growing.append_text(&divider);
                growing.append_text(&text);
            } else {
                // The plain text names no picture by a mark: each keeps the name that it came with.
                growing.append_text(&text);
            }
            report_text(plain, Action::Merge(mail::PartPath::root()), findings, growing);
            report_text(html, Action::Merge(mail::PartPath::root()), html_findings, growing);
        }
        (Some((entity, text, findings)), None) => {
            growing.append_text(&text);
            report_text(entity, Action::Merge(mail::PartPath::root()), findings, growing);
        }
        (None, Some((entity, html_text, findings))) => {
            show_html(&html_text, growing);
            report_text(entity, Action::Merge(mail::PartPath::root()), findings, growing);
        }
        (None, None) => {}
    }
}

/// A text leaf on its own.
pub(super) fn plain(entity: &Entity, octets: &[u8], growing: &mut Growing<'_>) {
    let mut findings = Findings::new();
    let Some(decoded) = decoded(entity, octets, growing, &mut findings) else { return };
    let (decoded, files) = embedded::cut_out(&decoded, &entity.path, growing, &mut findings);
    if let Some(text) = filter_plain(entity, decoded, growing, &mut findings) {
        growing.append_text(&text);
        report_text(entity, shown(entity, Action::Rebuild), findings, growing);
    }
    embedded::rewrite(files, growing);
}

/// An HTML leaf on its own.
pub(super) fn html(entity: &Entity, octets: &[u8], growing: &mut Growing<'_>) {
    let mut findings = Findings::new();
    if let Some(text) = read_html(entity, octets, growing, &mut findings) {
        show_html(&text, growing);
        report_text(entity, shown(entity, Action::Extract), findings, growing);
    }
}

/// A report of a mail system.
pub(super) fn report(entity: &Entity, octets: &[u8], growing: &mut Growing<'_>) {
    let mut findings = Findings::new();
    if let Some(code) = growing.begin(&entity.path) {
        return refuse(entity, code, findings, growing);
    }
    match report::to_text(octets, &mut growing.budget, &mut findings) {
        Ok(text) => {
            let divider = growing.phrase(Phrase::DeliveryReport);
            growing.append_text(&divider);
            growing.append_text(&quote_imitations(&text, &mut findings));
            report_text(entity, shown(entity, Action::Extract), findings, growing);
        }
        Err(code) => refuse(entity, code, findings, growing),
    }
}

/// The text of a message that has no parts is the root itself; any other is shown inside the root.
pub(super) fn shown(entity: &Entity, alone: Action) -> Action {
    if entity.path.depth() == 1 { alone } else { Action::Merge(mail::PartPath::root()) }
}

fn report_text(entity: &Entity, action: Action, findings: Findings, growing: &mut Growing<'_>) {
    let mut report = part_report(entity, action, None, false);
    report.findings.append(findings);
    growing.parts.push(report);
}

fn refuse(entity: &Entity, code: FindingCode, findings: Findings, growing: &mut Growing<'_>) {
    let mut report = part_report(entity, Action::Remove, Some(code), false);
    report.findings.append(findings);
    growing.parts.push(report);
}

/// Decoded, unwrapped and filtered; `None` when the part was refused and reported.
fn read_plain(
    entity: &Entity,
    octets: &[u8],
    growing: &mut Growing<'_>,
    findings: &mut Findings,
) -> Option<String> {
    let decoded = decoded(entity, octets, growing, findings)?;
    filter_plain(entity, decoded, growing, findings)
}

fn filter_plain(
    entity: &Entity,
    decoded: String,
    growing: &mut Growing<'_>,
    findings: &mut Findings,
) -> Option<String> {
    let text = if entity.parameters.flowed {
        let del_sp = if entity.parameters.delsp { text::DelSp::Yes } else { text::DelSp::No };
        text::unflow(&decoded, del_sp)
    } else {
        decoded
    };
    match text::filter(&text, &mut growing.budget, findings) {
        Ok(text) => Some(quote_imitations(&text, findings)),
        Err(code) => {
            refuse(entity, code, std::mem::take(findings), growing);
            None
        }
    }
}

fn read_html(
    entity: &Entity,
    octets: &[u8],
    growing: &mut Growing<'_>,
    findings: &mut Findings,
) -> Option<HtmlText> {
    let decoded = decoded(entity, octets, growing, findings)?;
    let read = html::to_text(&decoded, &mut growing.budget, findings);
    let filtered = read.and_then(|mut read| {
        read.text = quote_imitations(&text::filter(&read.text, &mut growing.budget, findings)?, findings);
        Ok(read)
    });
    match filtered {
        Ok(text) => Some(text),
        Err(code) => {
            refuse(entity, code, std::mem::take(findings), growing);
            None
        }
    }
}

fn decoded(
    entity: &Entity,
    octets: &[u8],
    growing: &mut Growing<'_>,
    findings: &mut Findings,
) -> Option<String> {
    if let Some(code) = growing.begin(&entity.path) {
        refuse(entity, code, std::mem::take(findings), growing);
        return None;
    }
    let own =
        (entity.media_type.as_str() == "text/html").then(|| html_file::declared_charset(octets)).flatten();
    let label = entity.parameters.charset.as_deref().or(own.as_deref());
    let decoded = charset::decode(octets, label);
    if decoded.refused {
        refuse(entity, FindingCode::CharsetRefused, std::mem::take(findings), growing);
        return None;
    }
    note_charset(&decoded, findings);
    Some(decoded.text)
}

/// What decoding met, as findings.
fn note_charset(decoded: &charset::Decoded, findings: &mut Findings) {
    if decoded.repaired {
        findings.add_detail(FindingCode::CharsetRepaired, decoded.used);
    }
    findings.add_many(FindingCode::CharsetLoss, decoded.loss, decoded.used);
}

fn show_html(text: &HtmlText, growing: &mut Growing<'_>) {
    growing.append_text(&text.text);
    remember_marks(text, growing);
}

/// The pictures that the text names, so that the attachments can bear the same names.
fn remember_marks(text: &HtmlText, growing: &mut Growing<'_>) {
    for image in text.images.iter().filter(|image| image.mark > 0) {
        if let ImageSource::Cid(id) = &image.source {
            growing.marks.push((id.clone(), image.mark));
        }
    }
}

/// Lines that imitate our notice are quoted.
pub(super) fn quote_imitations(text: &str, findings: &mut Findings) -> String {
    let mut quoted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if notice::imitation_of(line) {
            findings.add(FindingCode::ImitatesNotice);
            quoted.push_str("> ");
        }
        quoted.push_str(line);
    }
    quoted
}
