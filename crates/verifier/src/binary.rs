//! Binary parts on their way to the decoders, which run in a locked child.

use crate::{Objection, jpeg, objections::Objections, pdf, png};
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
pub fn decode_all(parts: &[BinaryPart], limits: &DecodeLimits) -> Vec<Objection> {
    let mut objections = Objections::default();
    for part in parts {
        objections.about(Some(part.part));
        match part.media_type.as_str() {
            "image/png" => {
                png::check(&part.octets, limits.image_px, &mut objections);
                check_second_meaning(&part.octets, &mut objections);
            }
            "image/jpeg" => {
                jpeg::check(&part.octets, limits.image_px, &mut objections);
                check_second_meaning(&part.octets, &mut objections);
            }
            "application/pdf" => {
                pdf::check(&part.octets, limits.image_px, limits.pages, &mut objections);
                check_zip(&part.octets, &mut objections);
            }
            _ => objections.add("binary.no_reader", part.media_type.to_string()),
        }
    }
    objections.into_list()
}

/// Programs look for a PDF in the first 1,024 octets of any file, and for a ZIP directory from its end.
fn check_second_meaning(octets: &[u8], objections: &mut Objections) {
    let head = octets.get(..1024).unwrap_or(octets);
    objections.require(!head.windows(5).any(|five| five == b"%PDF-"), "binary.second_meaning", "a PDF, too");
    check_zip(octets, objections);
}

/// An end-of-central-directory record of one disk makes any file a ZIP, too; not every program minds what is behind.
fn check_zip(octets: &[u8], objections: &mut Objections) {
    let found = octets
        .windows(22)
        .any(|window| window.starts_with(b"PK\x05\x06\0\0\0\0") && window.get(8..10) == window.get(10..12));
    objections.require(!found, "binary.second_meaning", "a ZIP, too");
}
