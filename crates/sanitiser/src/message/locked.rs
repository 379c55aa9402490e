//! Parts that are locked with a password are tried again once the whole mail was read: with its own words, then with
//! those of neighbouring mails, then with the passwords that were agreed with the sender.
//!
//! *Security.* A wrong word opens nothing; what a right one opens walks the same road as a part without a lock. Files
//! tried again, octets kept for that and words are bounded, and over many files the words are fewer for each.

use super::{
    Growing,
    leaf::{self, Part},
};
use crate::Need;
use crate::password_words::{self, Letter};
use policy::{Action, AwaitFor, FindingCode, Findings};

/// Locked files of a mail that are tried again.
const FILES_MAX: usize = 20;
/// Octets of them.
const OCTETS_MAX: usize = 64 * 1024 * 1024;
/// Tries over all files of a mail, so that many files together cost no more than five.
const TRIES_MAX: usize = 1_000;
/// Of the words for a file, those of its own mail; so many are left for the neighbours and for what was agreed.
const OWN_MAX: usize = 100;
const NEIGHBOURS_MAX: usize = 80;
const AGREED_MAX: usize = 20;
const _: () = assert!(OWN_MAX + NEIGHBOURS_MAX + AGREED_MAX == password_words::WORDS_MAX);
/// Text files up to this size are read for passwords.
const TEXT_FILE_OCTETS_MAX: usize = 16 * 1024;

/// A part to be tried again.
pub(crate) struct Locked {
    pub(super) part: Part,
    pub(super) octets: Vec<u8>,
    pub(super) findings: Findings,
}

impl Growing<'_> {
    /// Remembers a part that waits for a password, as long as there is room.
    pub(super) fn remember(&mut self, part: &Part, octets: &[u8], findings: Findings) {
        let kept: usize = self.locked.iter().map(|locked| locked.octets.len()).sum();
        if self.locked.len() < FILES_MAX && kept.saturating_add(octets.len()) <= OCTETS_MAX {
            self.locked.push(Locked { part: part.clone(), octets: octets.to_vec(), findings });
        }
    }

    /// Whether one of the parts reported since waits for a password.
    pub(super) fn waits_since(&self, from: usize) -> bool {
        let since = self.parts.get(from..).unwrap_or_default();
        since.iter().any(|part| part.action == Action::Await(AwaitFor::Password))
    }
}

/// Tries the parts that wait, with one kind of words after the other.
pub(crate) fn open(growing: &mut Growing<'_>) {
    if growing.locked.is_empty() {
        return;
    }
    let supplements = growing.rules.supplements;
    let neighbours = password_words::candidates(&supplements.letters);
    let kinds = [
        (FindingCode::PasswordInMail, password_words::candidates(&[own_letter(growing)]), OWN_MAX),
        (FindingCode::PasswordInNeighbour, neighbours, NEIGHBOURS_MAX),
        (FindingCode::PasswordAgreed, supplements.agreed.clone(), AGREED_MAX),
    ];
    let mut tried: Vec<String> = Vec::new();
    for (source, mut words, most) in kinds {
        let each = TRIES_MAX.checked_div(growing.locked.len()).unwrap_or_default();
        words.truncate(most.min(each));
        words.retain(|word| !supplements.passwords.contains(word));
        if words.is_empty() {
            continue;
        }
        // A file in a file may need one kind of word for the outer one and another for itself.
        growing.words = supplements.passwords.iter().chain(&words).chain(&tried).cloned().collect();
        tried.extend(words);
        for locked in std::mem::take(&mut growing.locked) {
            if let Some(locked) = again(locked, source, growing) {
                growing.locked.push(locked);
            }
        }
    }
}

/// Whether the mail may tell a password, for itself or for a neighbour.
pub(crate) fn tells_a_password(growing: &Growing<'_>) -> bool {
    password_words::tells(&own_letter(growing))
}

/// What the mail itself says.
fn own_letter(growing: &Growing<'_>) -> Letter {
    let mut text = growing.draft.text.clone();
    for file in &growing.draft.attachments {
        let is_text = file.media_type.as_str() == "text/plain" && file.octets.len() <= TEXT_FILE_OCTETS_MAX;
        if let (true, Ok(said)) = (is_text, std::str::from_utf8(&file.octets)) {
            text.push('\n');
            text.push_str(said);
        }
    }
    Letter {
        subject: growing.draft.fields.subject.clone(),
        text,
        names: growing.parts.iter().map(|part| part.name.clone()).filter(|name| !name.is_empty()).collect(),
        date: growing.draft.fields.date,
    }
}

/// Tries one part again, in the place of what was said of it before; given back when it still waits.
fn again(locked: Locked, source: FindingCode, growing: &mut Growing<'_>) -> Option<Locked> {
    let path = locked.part.path.clone();
    growing.needs.retain(|need| !matches!(need, Need::Render(document) if document.path.is_within(&path)));
    let part_at = growing.parts.iter().position(|part| part.path.is_within(&path))?;
    let file_at = growing.draft.attachments.iter().position(|file| file.path.is_within(&path));
    let (parts, files) = (std::mem::take(&mut growing.parts), std::mem::take(&mut growing.draft.attachments));
    growing.parts = parts.into_iter().filter(|part| !part.path.is_within(&path)).collect();
    growing.draft.attachments = files.into_iter().filter(|file| !file.path.is_within(&path)).collect();
    let (parts, files) = (growing.parts.len(), growing.draft.attachments.len());
    let text = growing.draft.text.len();
    growing.is_attempting = true;
    leaf::attempt(&locked.part, &locked.octets, locked.findings.clone(), growing);
    growing.is_attempting = false;
    // What stood in the text after the first attempt stands there still.
    growing.draft.text.truncate(text);
    let waits = growing.waits_since(parts);
    let said = growing.parts.split_off(parts.min(growing.parts.len()));
    let part_at = part_at.min(growing.parts.len());
    growing.parts.splice(part_at..part_at, said);
    if let (false, Some(part)) = (waits, growing.parts.get_mut(part_at)) {
        part.findings.add(source);
    }
    let written = growing.draft.attachments.split_off(files.min(growing.draft.attachments.len()));
    let file_at =
        file_at.unwrap_or_else(|| files_before(part_at, growing)).min(growing.draft.attachments.len());
    growing.draft.attachments.splice(file_at..file_at, written);
    waits.then_some(locked)
}

/// How many files were written for the parts that stand before a place of the report.
fn files_before(part_at: usize, growing: &Growing<'_>) -> usize {
    let before = growing.parts.get(..part_at).unwrap_or_default();
    let is_before = |file: &&mail::Attachment| before.iter().any(|part| part.path == file.path);
    growing.draft.attachments.iter().filter(is_before).count()
}
