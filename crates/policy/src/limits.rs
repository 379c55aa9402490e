//! The limits of one input (a message with all that it holds, or one file). Every limit is a config key.

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// Limits with their units in the names. [`Limits::STANDARD`] is the documented default; there is no `Default`,
/// because these decide safety.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest message that is accepted, in octets.
    pub message_octets: u64,
    /// Largest message that goes inside (the next hop's SIZE), in octets.
    pub output_octets: u64,
    /// Parts in the whole tree.
    pub parts: u64,
    /// Depth of MIME entities and nested messages.
    pub mime_depth: u64,
    /// Octets of one header section.
    pub header_octets: u64,
    /// Header fields of one entity.
    pub header_fields: u64,
    /// Depth of archives in archives.
    pub archive_depth: u64,
    /// Members of all archives together.
    pub archive_members: u64,
    /// Octets that may be unpacked, over all archives and compressed streams together.
    pub unpacked_octets: u64,
    /// Unpacked octets per packed octet, looked at once 10 MiB are unpacked.
    pub unpack_ratio: u64,
    /// Rounds of key derivation that trying passwords may take, over all locked parts together.
    pub unlock_rounds: u64,
    /// Pages of all documents together.
    pub pages: u64,
    /// Longest side of a rendered page, in pixels.
    pub page_side_px: u64,
    /// Area of a rendered page, in pixels.
    pub page_px: u64,
    /// Area of one decoded image, in pixels.
    pub image_px: u64,
    /// Pixels of all images and pages together.
    pub total_px: u64,
    /// Characters of text in the whole output.
    pub text_chars: u64,
    /// Nodes (tags, cells, objects, operators) that parsers may visit.
    pub nodes: u64,
    /// Documents that the renderer draws.
    pub rendered_documents: u64,
    /// Octets of the documents that go to the renderer together, and of what comes back together.
    pub rendered_octets: u64,
    /// Address space of one jail child, in octets.
    pub child_address_space_octets: u64,
    /// CPU time of one jail child, in seconds.
    pub child_cpu_s: u64,
    /// Wall time of one jail child, in seconds.
    pub child_wall_s: u64,
}

impl Limits {
    /// The defaults of DESIGN ("Limits").
    pub const STANDARD: Self = Self {
        message_octets: 25 * MIB,
        output_octets: 20 * MIB,
        parts: 1_000,
        mime_depth: 20,
        header_octets: MIB,
        header_fields: 2_000,
        archive_depth: 5,
        archive_members: 10_000,
        unpacked_octets: 500 * MIB,
        unpack_ratio: 200,
        unlock_rounds: 120_000_000,
        pages: 1_000,
        page_side_px: 16_000,
        page_px: 40_000_000,
        image_px: 50_000_000,
        total_px: 8_000_000_000,
        text_chars: 20_000_000,
        nodes: 50_000_000,
        rendered_documents: 20,
        rendered_octets: 64 * MIB,
        child_address_space_octets: 1_536 * MIB,
        child_cpu_s: 120,
        child_wall_s: 150,
    };
}
