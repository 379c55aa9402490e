//! What a draft is held against, and what is said when it does not hold.

use mail::{DateTime, MediaType, Stamp};
use policy::Sha256;
use serde::{Deserialize, Serialize};

/// Expectations about one composed message. They come from outside the jail, or were checked there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// What the gateway itself put in.
    pub stamp: Stamp,
    /// Decoded `From` display, exactly as composed.
    pub from: Vec<mail::NamedMailbox>,
    /// Decoded `Subject`, exactly as composed.
    pub subject: String,
    /// `Date` as composed.
    pub date: Option<DateTime>,
    /// What the gateway put above the text, lines ended by `\n`.
    pub above: String,
    /// What the gateway put below the text, likewise: the notice.
    pub below: String,
    /// The parts after the text, in order.
    pub parts: Vec<ExpectedPart>,
    /// Most octets that the whole may have.
    pub output_octets_max: u64,
    /// Most pixels of one image or page.
    pub image_px_max: u64,
    /// Most pages of one document.
    pub pages_max: u64,
}

/// One attached part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedPart {
    /// Decoded file name.
    pub name: String,
    /// Media type.
    pub media_type: MediaType,
    /// Size of the decoded part in octets.
    pub size_octets: u64,
    /// Digest of the decoded part.
    pub sha256: Sha256,
}

/// One reason against a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Which rule: a stable dotted name such as `mime.field_unknown`, `png.chunk_unknown`, `pdf.object_kind`.
    pub rule: String,
    /// Which attached part (0 is the text, attachments count from 1), when it lies in one.
    pub part: Option<u32>,
    /// For the log of the operator: what was seen; no octets of mail.
    pub detail: String,
}

/// A draft that was refused, given back with every objection.
#[derive(Debug)]
pub struct Refusal {
    /// What was refused.
    pub draft: Vec<u8>,
    /// Every objection, not the first alone.
    pub objections: Vec<Objection>,
}
