//! Binary parts on their way to the decoders, which run in a locked child.

use crate::{
    Objection, gif, jpeg,
    objections::Objections,
    package::{self, Spending},
    pdf, png,
};
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
    /// Pixels of all pictures of one package.
    pub total_px: u64,
    /// Members of one package, and of all packages in it.
    pub members: u64,
    /// Octets that one package, and all packages in it, may have when unpacked.
    pub unpacked_octets: u64,
    /// Unpacked octets per packed octet, once 10 MiB are unpacked.
    pub unpack_ratio: u64,
    /// Tags, attributes and texts of the XML of one package.
    pub nodes: u64,
}

impl DecodeLimits {
    /// The part of the limits that decoders need.
    pub const fn of(limits: &Limits) -> Self {
        let image_px = if limits.page_px > limits.image_px { limits.page_px } else { limits.image_px };
        Self {
            image_px,
            pages: limits.pages,
            total_px: limits.total_px,
            members: limits.archive_members,
            unpacked_octets: limits.unpacked_octets,
            // What was unpacked for the draft was packed by others, and our packing may be better than theirs.
            unpack_ratio: limits.unpack_ratio.saturating_mul(2),
            nodes: limits.nodes,
        }
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
            "image/gif" => {
                gif::check(&part.octets, limits.image_px, &mut objections);
                check_second_meaning(&part.octets, &mut objections);
            }
            "application/pdf" => {
                pdf::check(&part.octets, limits.image_px, limits.pages, &mut objections);
                check_zip(&part.octets, &mut objections);
            }
            "application/zip" => {
                package::check_archive(&part.octets, &mut Spending::new(limits), &mut objections);
            }
            media_type if is_package(media_type) => {
                check_package(&part.octets, media_type, &mut Spending::new(limits), &mut objections);
            }
            _ => objections.add("binary.no_reader", part.media_type.to_string()),
        }
    }
    objections.into_list()
}

/// Whether parts of this type are decoded in the child.
pub(crate) fn is_binary(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "application/pdf" | "application/zip")
        || is_package(media_type)
}

/// Whether it is a document in a package.
pub(crate) fn is_package(media_type: &str) -> bool {
    PACKAGES.contains(&media_type)
}

/// Documents in packages.
const PACKAGES: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.graphics",
];

/// Reads a document in a package.
pub(crate) fn check_package(
    octets: &[u8],
    media_type: &str,
    spending: &mut Spending,
    objections: &mut Objections,
) {
    let ends = zip_ends(octets).count();
    objections.require(ends <= 1, "binary.second_meaning", "another ZIP, too");
    check_pdf(octets, objections);
    if media_type.contains("openxmlformats") {
        package::check_office(octets, media_type, spending, objections);
    } else {
        package::check_open(octets, media_type, spending, objections);
    }
}

/// Programs look for a PDF in the first 1,024 octets of any file, and for a ZIP directory from its end.
pub(crate) fn check_second_meaning(octets: &[u8], objections: &mut Objections) {
    check_pdf(octets, objections);
    check_zip(octets, objections);
}

fn check_pdf(octets: &[u8], objections: &mut Objections) {
    let head = octets.get(..1024).unwrap_or(octets);
    objections.require(!head.windows(5).any(|five| five == b"%PDF-"), "binary.second_meaning", "a PDF, too");
}

/// An end-of-central-directory record of one disk makes any file a ZIP, too; not every program minds what is behind.
pub(crate) fn check_zip(octets: &[u8], objections: &mut Objections) {
    objections.require(zip_ends(octets).next().is_none(), "binary.second_meaning", "a ZIP, too");
}

/// Where such records stand.
pub(crate) fn zip_ends(octets: &[u8]) -> impl Iterator<Item = usize> {
    let is_end =
        |window: &[u8]| window.starts_with(b"PK\x05\x06\0\0\0\0") && window.get(8..10) == window.get(10..12);
    octets.windows(22).enumerate().filter(move |(_, window)| is_end(window)).map(|(place, _)| place)
}
