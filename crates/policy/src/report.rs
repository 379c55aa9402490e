//! What was done: one report an input, one entry a part.

use crate::{Action, FindingCode, Findings};
use mail::{MediaType, PartPath};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sha256(pub [u8; 32]);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// How an input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Everything crossed, newly written.
    Clean,
    /// At least one part is removed, waits or failed.
    Partial,
    /// Nothing is let through.
    Held,
}

impl Outcome {
    /// Stable name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Partial => "partial",
            Self::Held => "held",
        }
    }
}

/// Why a whole input is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldReason {
    /// Not even the outline of the message can be read.
    Unreadable,
    /// A limit on the whole message was met.
    Limit(FindingCode),
    /// Our own mark is already there: it went in a circle.
    Loop,
    /// The jail failed on the whole message, or too often.
    JailFailed,
    /// The verifier refused the draft.
    VerifierRefused,
    /// Policy or a scanner says so.
    Policy,
    /// The next hop refused it because of its size or form, although the sender did nothing wrong.
    NextHopRefused,
    /// A person held it.
    Person,
    /// A fault of ours.
    InternalFault,
}

impl HoldReason {
    /// Stable name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Limit(code) => code.name(),
            Self::Loop => "loop",
            Self::JailFailed => "jail_failed",
            Self::VerifierRefused => "verifier_refused",
            Self::Policy => "policy",
            Self::NextHopRefused => "next_hop_refused",
            Self::Person => "person",
            Self::InternalFault => "internal_fault",
        }
    }
}

/// What was written for a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputInfo {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: MediaType,
    /// Size in octets.
    pub size_octets: u64,
    /// Digest.
    pub sha256: Sha256,
}

/// One part of the input and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartReport {
    /// Where it stood.
    pub path: PartPath,
    /// Its cleaned name; empty when it had none.
    pub name: String,
    /// What its content is.
    pub media_type: MediaType,
    /// Size of its decoded octets.
    pub size_octets: u64,
    /// What became of it.
    pub action: Action,
    /// Why, when it was removed or waits.
    pub reason: Option<FindingCode>,
    /// Whether it holds the parts below it (multipart, nested message): it does not count for the outcome.
    pub is_container: bool,
    /// What was seen.
    pub findings: Findings,
    /// What was written, unless merged, removed or waiting.
    pub output: Option<OutputInfo>,
}

/// The whole report of one input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it is held.
    pub reason: Option<HoldReason>,
    /// All parts in the order of the tree.
    #[serde(deserialize_with = "mail::at_most::<_, _, 200_000>")]
    pub parts: Vec<PartReport>,
}

impl Report {
    /// A report whose outcome follows from its parts.
    pub fn of_parts(parts: Vec<PartReport>) -> Self {
        let withheld = parts.iter().any(|part| !part.is_container && part.action.withholds());
        Self { outcome: if withheld { Outcome::Partial } else { Outcome::Clean }, reason: None, parts }
    }

    /// A report that lets nothing through.
    pub fn held(reason: HoldReason, parts: Vec<PartReport>) -> Self {
        Self { outcome: Outcome::Held, reason: Some(reason), parts }
    }
}
