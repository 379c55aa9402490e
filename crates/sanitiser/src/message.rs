//! A message: octets → draft and report (RFC 5322, RFC 2045–2046, RFC 6522).
//!
//! `mime::read` gives the tree; this walks it in reading order and decides for each leaf whether it is text that the
//! reader sees in place or a part that is written anew as an attachment.
//!
//! *Security.* Never recursive over input: nested messages and multiparts are visited from a stack. A part is
//! announced before it is opened, and a part on which an earlier child died is not opened again.

mod body;
mod drawn;
mod embedded;
mod fields;
pub(crate) mod leaf;
pub(crate) mod locked;
mod nested;
mod text_only;

use crate::{Need, Outcome, Supplements, Surroundings, calendar, mime};
use body::Alternative;
use mail::{Draft, MediaType, PartPath};
use mime::{Entity, EntityBody};
use policy::{Action, Budget, FindingCode, Findings, HoldReason, PartReport, Phrase, Policy, Report};

/// What stays the same for the whole input.
pub(crate) struct Rules<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) supplements: &'a Supplements,
}

/// The draft and report as they grow.
pub(crate) struct Growing<'a> {
    pub(crate) rules: Rules<'a>,
    pub(crate) budget: Budget,
    pub(crate) surroundings: &'a mut dyn Surroundings,
    pub(crate) draft: Draft,
    pub(crate) parts: Vec<PartReport>,
    /// Whether there is a text of a mail to which something can be added.
    pub(crate) is_message: bool,
    /// Pictures that the text refers to as ［画像n］: Content-ID and mark.
    pub(crate) marks: Vec<(String, u32)>,
    /// Passwords to try now.
    pub(crate) words: Vec<String>,
    /// Parts to be tried again once everything was read.
    pub(crate) locked: Vec<locked::Locked>,
    /// Whether a file is open, so that what is met now lies in it.
    pub(crate) is_attempting: bool,
    /// Archives in archives, as deep as the part that is being written anew stands.
    pub(crate) archive_depth: u64,
    /// What has to come from outside before this can be finished.
    pub(crate) needs: Vec<Need>,
}

impl<'a> Growing<'a> {
    pub(crate) fn new(
        policy: &'a Policy,
        supplements: &'a Supplements,
        surroundings: &'a mut dyn Surroundings,
    ) -> Self {
        Self {
            rules: Rules { policy, supplements },
            budget: Budget::new(&policy.limits),
            surroundings,
            draft: Draft::default(),
            parts: Vec::new(),
            is_message: true,
            marks: Vec::new(),
            words: supplements.passwords.clone(),
            locked: Vec::new(),
            is_attempting: false,
            archive_depth: 0,
            needs: Vec::new(),
        }
    }

    pub(crate) fn phrase(&self, phrase: Phrase) -> String {
        phrase.text(self.rules.policy.notice_language)
    }

    /// Announces a part; the reason for which it is not opened, if it killed an earlier child.
    pub(crate) fn begin(&mut self, path: &PartPath) -> Option<FindingCode> {
        let failed =
            self.rules.supplements.failed.iter().find(|(failed, _)| failed == path).map(|(_, code)| *code);
        if failed.is_none() {
            self.surroundings.begin(path);
        }
        failed
    }

    /// Appends a paragraph to the text of the mail. Whatever it was made from, no line of it imitates our notice.
    pub(crate) fn append_text(&mut self, text: &str) {
        let text = text.trim_matches('\n');
        if text.is_empty() {
            return;
        }
        if !self.draft.text.is_empty() {
            self.draft.text.push('\n');
        }
        self.draft.text.push_str(&body::quote_imitations(text, &mut Findings::new()));
        self.draft.text.push('\n');
    }

    /// Says in the text of the mail what the appointments are.
    pub(crate) fn show_appointments(&mut self, text: &calendar::CalendarText) {
        if !self.is_message {
            return;
        }
        for entry in &text.entries {
            let mut shown = self.phrase(Phrase::Appointment);
            let time = if entry.end.is_empty() {
                entry.start.clone()
            } else {
                format!("{} – {}", entry.start, entry.end)
            };
            let values = [
                (Phrase::Subject, &entry.summary),
                (Phrase::Date, &time),
                (Phrase::Place, &entry.location),
                (Phrase::Organiser, &entry.organizer),
            ];
            for (label, value) in values.into_iter().filter(|(_, value)| !value.is_empty()) {
                shown.push('\n');
                shown.push_str(&self.phrase(label));
                shown.push_str(value);
            }
            self.append_text(&shown);
        }
    }

    /// For a file: the text that a message would show becomes a text file of its own.
    pub(crate) fn text_as_attachment(&mut self, part: &leaf::Part) {
        if self.draft.text.is_empty() {
            return;
        }
        let octets = std::mem::take(&mut self.draft.text).replace('\n', "\r\n").into_bytes();
        let stem = part.name.rsplit_once('.').map_or(part.name.as_str(), |(stem, _)| stem);
        self.draft.attachments.insert(
            0,
            mail::Attachment {
                path: part.path.clone(),
                name: mail::file_name(stem, "txt").name,
                media_type: MediaType::TEXT,
                charset: Some("UTF-8".to_owned()),
                octets,
            },
        );
    }

    pub(crate) fn finish(self) -> Outcome {
        if !self.needs.is_empty() {
            return Outcome::Needs(self.needs);
        }
        Outcome::Done(Box::new(self.draft), Box::new(Report::of_parts(self.parts)))
    }

    fn held(self, reason: HoldReason) -> Outcome {
        let draft = Draft { fields: self.draft.fields, ..Draft::default() };
        Outcome::Done(Box::new(draft), Box::new(Report::held(reason, self.parts)))
    }
}

/// One step of the walk.
enum Step<'m> {
    Visit(&'m Entity),
    /// The same, for the body of a message: its header is shown (nested) or crosses (root).
    Header(&'m Entity),
}

/// Sanitises a message.
pub(crate) fn sanitise(
    octets: &[u8],
    policy: &Policy,
    supplements: &Supplements,
    surroundings: &mut dyn Surroundings,
) -> Outcome {
    let mut growing = Growing::new(policy, supplements, surroundings);
    if growing.begin(&PartPath::root()).is_some() {
        return growing.held(HoldReason::JailFailed);
    }
    let message = match mime::read(octets, &mut growing.budget) {
        Ok(message) => message,
        Err(code) => return growing.held(HoldReason::Limit(code)),
    };
    let (fields, field_findings) = fields::read(&message.root, policy);
    growing.draft.fields = fields;
    if message.hold().is_some() {
        return growing.held(HoldReason::Loop);
    }
    walk(&message.root, &mut growing);
    locked::open(&mut growing);
    let tells = locked::tells_a_password(&growing);
    if let Some(root) = growing.parts.first_mut() {
        root.findings.add_many(FindingCode::PasswordTold, u32::from(tells), "");
        root.findings.append(field_findings);
    }
    growing.finish()
}

/// Walks one message and all that it holds, in reading order.
pub(crate) fn walk(root: &Entity, growing: &mut Growing<'_>) {
    let mut steps = vec![Step::Visit(root)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Visit(entity) => visit(entity, growing, &mut steps),
            Step::Header(entity) => fields::show(entity, growing),
        }
    }
}

fn visit<'m>(entity: &'m Entity, growing: &mut Growing<'_>, steps: &mut Vec<Step<'m>>) {
    match &entity.body {
        EntityBody::Refused(code) => {
            growing.parts.push(part_report(entity, Action::Remove, Some(*code), false));
        }
        EntityBody::Message(child) => {
            growing.parts.push(part_report(entity, Action::Unpack, None, true));
            steps.push(Step::Visit(child));
            steps.push(Step::Header(child));
        }
        EntityBody::Multipart(children) => {
            growing.parts.push(part_report(entity, Action::Unpack, None, true));
            match entity.media_type.as_str() {
                "multipart/alternative" => {
                    let alternative = Alternative::of(entity);
                    body::alternative(&alternative, growing);
                    steps.extend(alternative.others.into_iter().rev().map(Step::Visit));
                }
                "multipart/related" => {
                    // The pictures follow the text that shows them; the text decides their marks.
                    let (texts, rest): (Vec<_>, Vec<_>) =
                        children.iter().partition(|child| body::leads(child));
                    steps.extend(rest.into_iter().rev().map(Step::Visit));
                    steps.extend(texts.into_iter().rev().map(Step::Visit));
                }
                _ => steps.extend(children.iter().rev().map(Step::Visit)),
            }
        }
        EntityBody::Leaf(octets) => leaf::visit(entity, octets, growing),
    }
}

/// The report of an entity that is not (yet) rewritten.
pub(crate) fn part_report(
    entity: &Entity,
    action: Action,
    reason: Option<FindingCode>,
    is_container: bool,
) -> PartReport {
    let (name, _) = fields::name(entity, "");
    let size_octets = match &entity.body {
        EntityBody::Leaf(octets) => u64::try_from(octets.len()).unwrap_or(u64::MAX),
        EntityBody::Multipart(_) | EntityBody::Message(_) | EntityBody::Refused(_) => 0,
    };
    PartReport {
        path: entity.path.clone(),
        name,
        media_type: known(&entity.media_type),
        size_octets,
        action,
        reason,
        is_container,
        findings: entity.findings.clone(),
        output: None,
    }
}

/// A declared media type, as it may stand in a report.
fn known(declared: &MediaType) -> MediaType {
    declared.clone()
}

/// The findings of an entity, to be continued.
pub(crate) fn findings_of(entity: &Entity) -> Findings {
    entity.findings.clone()
}
