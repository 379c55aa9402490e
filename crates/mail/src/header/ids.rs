//! Lists of msg-ids (RFC 5322 §3.6.4) and List-Id (RFC 2919).

use super::{MESSAGE_IDS_MAX, unfolded};
use crate::MessageId;

/// The msg-ids of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageIds {
    /// In the order of the field.
    pub ids: Vec<MessageId>,
    /// Whether something was there that is no msg-id.
    pub damaged: bool,
    /// Whether there were more than [`MESSAGE_IDS_MAX`]: the first and the last ones were kept.
    pub limit_met: bool,
}

/// Reads Message-ID, In-Reply-To or References. Words between the angle brackets' pairs (RFC 5322 §4.5.4) are passed
/// over; without any bracket, words with an `@` are taken.
pub fn message_ids(raw: &[u8]) -> MessageIds {
    let value = unfolded(raw);
    let text = String::from_utf8_lossy(&value);
    let mut found = MessageIds::default();
    let has_brackets = text.contains('<');
    let mut candidates: Vec<String> = Vec::new();
    if has_brackets {
        for piece in text.split('<').skip(1) {
            let inner = piece.split('>').next().unwrap_or_default();
            found.damaged |= !piece.contains('>');
            candidates.push(inner.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        }
    } else {
        let words = text.split([' ', ',', ';']).filter(|word| word.contains('@'));
        candidates.extend(words.map(|word| word.trim_matches('>').to_owned()));
        found.damaged |= !text.trim().is_empty();
    }
    for candidate in candidates {
        match MessageId::new(&candidate) {
            Some(id) => found.ids.push(id),
            None => found.damaged = true,
        }
    }
    if found.ids.len() > MESSAGE_IDS_MAX {
        let last = found.ids.len().saturating_sub(MESSAGE_IDS_MAX).saturating_add(1);
        found.ids.drain(1..last);
        found.limit_met = true;
    }
    found
}

/// Reads the identifier of List-Id; `None` when there is none in angle brackets.
pub fn list_id(raw: &[u8]) -> Option<String> {
    let value = unfolded(raw);
    let text = String::from_utf8_lossy(&value);
    let (_, behind) = text.rsplit_once('<')?;
    let (inner, _) = behind.split_once('>')?;
    MessageId::new(inner.trim()).map(String::from)
}
