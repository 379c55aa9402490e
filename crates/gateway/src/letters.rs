//! From a sanitised mail to the letter that it is to its neighbours, and back to what the jail tries.

use mail::{Draft, Envelope};
use policy::{Action, AwaitFor, FindingCode, PartReport, Report, neighbour, notice::PasswordFrom};
use sha2::Digest;

/// Octets of a text that are kept.
const TEXT_OCTETS_MAX: usize = 64 * 1024;
/// Names of files that are kept.
const NAMES_MAX: usize = 100;

/// The letter of a mail; `None` when it neither tells a password nor waits for one, as most mails.
pub(crate) fn of(
    draft: &Draft,
    report: &Report,
    envelope: &Envelope,
    sender: jail::Sender,
) -> Option<store::Letter> {
    let has = |code| report.parts.iter().any(|part| part.findings.has(code));
    let fitted: Vec<&'static str> = [
        (FindingCode::PasswordInMail, PasswordFrom::Mail),
        (FindingCode::PasswordAgreed, PasswordFrom::Agreed),
    ]
    .into_iter()
    .filter(|&(code, _)| has(code))
    .map(|(_, from)| from.name())
    .collect();
    let waiting: Vec<&PartReport> = report.parts.iter().filter(|part| waits(part)).collect();
    if fitted.is_empty() && waiting.is_empty() && !has(FindingCode::PasswordTold) {
        return None;
    }
    let end = draft.text.floor_char_boundary(TEXT_OCTETS_MAX);
    let text = draft.text.get(..end).unwrap_or_default().to_owned();
    let said = format!("{}\n{text}", draft.fields.subject);
    let names = waiting.iter().map(|part| part.name.as_str());
    let marks = neighbour::marks(&draft.fields, &envelope.reverse_path, &said, names);
    let words = jail::Letter {
        subject: draft.fields.subject.clone(),
        text,
        names: report
            .parts
            .iter()
            .map(|part| part.name.clone())
            .filter(|n| !n.is_empty())
            .take(NAMES_MAX)
            .collect(),
        date: draft.fields.date,
    };
    let words = postcard::to_stdvec(&words).ok()?;
    Some(store::Letter { words, marks, waits: !waiting.is_empty(), sender: sender.0, fitted })
}

/// Whether a part opens by itself once its password is known.
fn waits(part: &PartReport) -> bool {
    part.action == Action::Await(AwaitFor::Password) && part.findings.has(FindingCode::PasswordAwaited)
}

/// What a letter says, as the jail reads it.
pub(crate) fn read(words: &[u8]) -> Option<jail::Letter> {
    postcard::from_bytes(words).ok()
}

/// A name for what goes to these people of these parts: each goes once, so that it names one follow-up.
pub(crate) fn name_of(recipients: &[mail::Mailbox], parts: &[mail::PartPath]) -> String {
    let said = recipients.iter().map(ToString::to_string).chain(parts.iter().map(ToString::to_string));
    let digest = sha2::Sha256::digest(said.collect::<Vec<_>>().join("\0"));
    digest.iter().take(6).map(|octet| format!("{octet:02x}")).collect()
}
