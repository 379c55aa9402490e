//! Binary parts on their way to the decoders, which run in a locked child.

use crate::Objection;
use mail::MediaType;
use policy::Limits;
use serde::{Deserialize, Serialize};

/// One newly written binary part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinaryPart {
    /// Which part of the draft; attachments count from 1.
    pub part: u32,
    /// What it says it is.
    pub media_type: MediaType,
    /// Its octets.
    #[serde(with = "serde_bytes")]
    pub octets: Vec<u8>,
}

impl std::fmt::Debug for BinaryPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BinaryPart({} {} {} octets)", self.part, self.media_type, self.octets.len())
    }
}

/// What decoding may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodeLimits {
    /// Pixels of one image or page.
    pub image_px: u64,
    /// Pages of one document.
    pub pages: u64,
}

impl DecodeLimits {
    /// The part of the limits that decoders need.
    pub const fn of(limits: &Limits) -> Self {
        let image_px = if limits.page_px > limits.image_px { limits.page_px } else { limits.image_px };
        Self { image_px, pages: limits.pages }
    }
}

/// The child that should have decoded died or was stopped: nothing is proven, so nothing crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderFailed;

/// Decodes every part to its last octet and gathers all objections. Runs only in a locked child.
pub fn decode_all(parts: &[BinaryPart], _limits: &DecodeLimits) -> Vec<Objection> {
    let object = |part: &BinaryPart| Objection {
        rule: "binary.no_reader".to_owned(),
        part: Some(part.part),
        detail: part.media_type.to_string(),
    };
    parts.iter().map(object).collect()
}
