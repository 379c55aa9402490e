//! The second view: `mail-parser` reads the same octets, and every leaf must lie where ours lies, with the same
//! transfer encoding and the same decoded octets. Where it does not, the entity is refused (`ViewsDiffer`).
//!
//! What is known of the other reader and harmless is passed over: it leaves damaged base64 undecoded and says so
//! (`is_encoding_problem`; so it does with all that follows a missing final delimiter), it skips lines of text that
//! stand where the header section should end, it does not read nested messages that hold nothing but a header section, and it does
//! not undo uuencode. Encoded nested messages are compared as messages of their own.
//!
//! *Security.* Octets that our own walk has been through. The other reader parses iteratively, but a deep chain of
//! nested messages overflows the stack when its result is dropped (20,000 levels, a mail of 0.7 MB); the chain is
//! therefore taken apart iteratively here, whatever depth our reading found.

use super::transfer::Encoding;
use mail_parser::{Encoding as TheirEncoding, MessageParser, MessagePart, PartType};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// Most leaves without a counterpart that are looked into one by one; beyond them the root is refused.
const STRANGE_MAX: usize = 1_000;

/// A leaf or a nested message of our reading.
#[derive(Debug)]
pub(super) struct Ours<'a> {
    /// Place in the caller's list.
    pub(super) index: usize,
    /// Where the raw body lies.
    pub(super) body: Range<usize>,
    pub(super) what: What<'a>,
}

/// What our reading made of it.
#[derive(Debug)]
pub(super) enum What<'a> {
    /// A leaf: its encoding, and its decoded octets if they decoded without damage.
    Leaf { encoding: Encoding, clean: Option<&'a [u8]> },
    /// A nested message that is read in place.
    Message,
    /// A nested message that was decoded first.
    EncodedMessage,
    /// A multipart.
    Multipart,
    /// Refused already, or text whose start the other reader is known to miss: whatever it finds inside does not
    /// matter.
    Passed,
}

/// Ranges, made free of overlap, by their starts.
struct Ranges(BTreeMap<usize, usize>);

impl Ranges {
    fn of(ranges: impl Iterator<Item = Range<usize>>) -> Self {
        let mut ranges: Vec<_> = ranges.collect();
        ranges.sort_unstable_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        let mut kept: BTreeMap<usize, usize> = BTreeMap::new();
        for range in ranges {
            if kept.last_key_value().is_none_or(|(_, &end)| range.start >= end) {
                kept.insert(range.start, range.end);
            }
        }
        Self(kept)
    }

    fn holds(&self, at: usize) -> bool {
        self.0.range(..=at).next_back().is_some_and(|(_, &end)| at < end)
    }
}

/// What the other reader found: a body that is no container.
struct Theirs {
    body: Range<usize>,
    encoding: TheirEncoding,
    problem: bool,
    /// Decoded octets of a body that is not text (text is already turned into Unicode).
    binary: Option<Vec<u8>>,
}

/// Compares; returns the `index` of each of ours with which the other reader disagrees.
pub(super) fn differing(octets: &[u8], ours: &[Ours<'_>]) -> Vec<usize> {
    let Some(theirs) = leaves(octets) else {
        return ours.first().map(|root| root.index).into_iter().collect();
    };
    let mut differing = Vec::new();
    let by_start: BTreeMap<usize, &Theirs> = theirs.iter().map(|leaf| (leaf.body.start, leaf)).collect();
    let blobs = Ranges::of(theirs.iter().filter(|other| other.problem).map(|other| other.body.clone()));
    for mine in ours {
        let at = mine.body.start;
        let other = by_start.get(&at).copied();
        let blob = other.is_none() && blobs.holds(at);
        if !blob && !agrees(octets, mine, other) {
            differing.push(mine.index);
        }
    }
    let known: BTreeSet<usize> = ours.iter().map(|mine| mine.body.start).collect();
    let passed = ours.iter().filter(|mine| matches!(mine.what, What::Passed)).map(|mine| mine.body.clone());
    let passed = Ranges::of(passed);
    let strange = |other: &&Theirs| {
        let at = other.body.start;
        !other.problem && !known.contains(&at) && !passed.holds(at) && !is_blank(octets, &other.body)
    };
    for (count, other) in theirs.iter().filter(strange).enumerate() {
        if count == STRANGE_MAX {
            differing.extend(ours.first().map(|root| root.index));
            break;
        }
        differing.extend(innermost(ours, other.body.start).map(|mine| mine.index));
    }
    differing.sort_unstable();
    differing.dedup();
    differing
}

/// The smallest of ours that holds this offset.
fn innermost<'o, 'a>(ours: &'o [Ours<'a>], offset: usize) -> Option<&'o Ours<'a>> {
    ours.iter().filter(|mine| mine.body.contains(&offset)).min_by_key(|mine| mine.body.len())
}

fn agrees(octets: &[u8], mine: &Ours<'_>, other: Option<&Theirs>) -> bool {
    match (&mine.what, other) {
        (What::Passed | What::Message | What::Multipart, _) => true,
        // An encoded message is a leaf to both.
        (What::Leaf { .. } | What::EncodedMessage, None) => is_blank(octets, &mine.body),
        (What::EncodedMessage, Some(_)) => true,
        (What::Leaf { .. }, Some(other)) if other.problem => true,
        (What::Leaf { encoding, clean }, Some(other)) => {
            let same = match encoding {
                Encoding::Identity | Encoding::Uuencode => other.encoding == TheirEncoding::None,
                Encoding::Base64 => other.encoding == TheirEncoding::Base64,
                Encoding::QuotedPrintable => other.encoding == TheirEncoding::QuotedPrintable,
            };
            let end = same_end(octets, mine.body.end, other.body.end);
            let decoded = match (clean, &other.binary, encoding) {
                (Some(mine), Some(other), Encoding::Base64) => *mine == other.as_slice(),
                _ => true,
            };
            same && end && decoded
        }
    }
}

/// Whether nothing but white space lies between two ends of a body.
fn same_end(octets: &[u8], one: usize, other: usize) -> bool {
    is_blank(octets, &(one.min(other)..one.max(other)))
}

fn is_blank(octets: &[u8], range: &Range<usize>) -> bool {
    octets.get(range.clone()).unwrap_or(&[]).iter().all(u8::is_ascii_whitespace)
}

/// All leaves that the other reader finds. Nested messages that it read in place share the offsets of the outer
/// message; those that it decoded first are leaves here.
fn leaves(octets: &[u8]) -> Option<Vec<Theirs>> {
    // It subtracts without looking in places (a soft line break before a delimiter). A panic of the second reader
    // must not take the message with it: it counts as disagreement.
    let message = std::panic::catch_unwind(|| MessageParser::default().parse(octets)).ok()?;
    let mut found = Vec::new();
    let mut open: Vec<Vec<MessagePart<'_>>> = Vec::new();
    let mut doomed: Vec<Vec<MessagePart<'_>>> = Vec::new();
    open.extend(message.map(|message| message.parts));
    while let Some(parts) = open.pop() {
        for part in parts {
            let offset = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
            let body = offset(part.offset_body)..offset(part.offset_end);
            let leaf = |binary: Option<Vec<u8>>| Theirs {
                body: body.clone(),
                encoding: part.encoding,
                problem: part.is_encoding_problem,
                binary,
            };
            match part.body {
                PartType::Multipart(_) => {}
                PartType::Text(_) | PartType::Html(_) => found.push(leaf(None)),
                PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                    found.push(leaf(Some(octets.into_owned())))
                }
                PartType::Message(message) if part.encoding == TheirEncoding::None => {
                    open.push(message.parts)
                }
                PartType::Message(message) => {
                    found.push(leaf(None));
                    doomed.push(message.parts);
                }
            }
        }
    }
    take_apart(doomed);
    Some(found)
}

/// Drops a forest of nested messages without recursion.
fn take_apart(mut doomed: Vec<Vec<MessagePart<'_>>>) {
    while let Some(parts) = doomed.pop() {
        for part in parts {
            if let PartType::Message(message) = part.body {
                doomed.push(message.parts);
            }
        }
    }
}
