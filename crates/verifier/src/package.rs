//! Packages: Office Open XML, OpenDocument, and archives that were unpacked and written anew.
//!
//! Each has its own reader of its one written form, over a common ZIP reader and a common XML reader. Names of elements
//! and attributes come from [`policy::vocabulary`]; whatever they could do (links, relationships, fields, formulas,
//! media) is judged here, by rules that share nothing with those who wrote it.
//!
//! *Security.* Given any octets, inside a locked child. Linear in the octets that are unpacked, which are limited before
//! they are; one member is unpacked at a time.

mod address;
mod archive;
mod field;
mod formula;
mod markup;
mod office;
mod opendocument;
mod xml;
mod zip;

pub(crate) use archive::check as check_archive;
pub(crate) use office::check as check_office;
pub(crate) use opendocument::check as check_open;

use crate::{DecodeLimits, gif, jpeg, objections::Objections, png};

/// Rule and detail.
type Fault = (&'static str, &'static str);

/// The unpacked octets of any package that need no ratio.
const RATIO_FLOOR_OCTETS: u64 = 10 << 20;

/// What may still be spent on one part of the draft: a document, or an archive with the documents in it.
#[derive(Debug)]
pub(crate) struct Spending {
    limits: DecodeLimits,
    members: u64,
    unpacked_octets: u64,
    nodes: u64,
    pixels: u64,
}

impl Spending {
    /// Nothing is spent.
    pub(crate) const fn new(limits: &DecodeLimits) -> Self {
        Self {
            limits: *limits,
            members: limits.members,
            unpacked_octets: limits.unpacked_octets,
            nodes: limits.nodes,
            pixels: limits.total_px,
        }
    }

    /// The members of a ZIP file, which were paid for.
    fn open<'octets>(&mut self, octets: &'octets [u8]) -> Result<Vec<zip::Member<'octets>>, Fault> {
        let packed = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        let by_ratio = packed.saturating_mul(self.limits.unpack_ratio).max(RATIO_FLOOR_OCTETS);
        let most = zip::Most {
            members: usize::try_from(self.members).unwrap_or(usize::MAX),
            unpacked_octets: self.unpacked_octets.min(by_ratio),
        };
        let members = zip::read(octets, most)?;
        let sum = members.iter().filter_map(|member| u64::try_from(member.size_octets).ok()).sum();
        self.members = self.members.saturating_sub(u64::try_from(members.len()).unwrap_or(u64::MAX));
        self.unpacked_octets = self.unpacked_octets.saturating_sub(sum);
        Ok(members)
    }

    /// A picture of a package, decoded to its end.
    fn picture(&mut self, octets: &[u8], media_type: &str, objections: &mut Objections) {
        let area = match media_type {
            "image/png" => {
                png::check(octets, self.limits.image_px, objections);
                png::area(octets)
            }
            "image/jpeg" => match jpeg::walk(octets, self.limits.image_px) {
                Ok(frame) => u64::from(frame.width).saturating_mul(u64::from(frame.height)),
                Err((rule, detail)) => {
                    objections.add(rule, detail);
                    0
                }
            },
            // Documents hold none: only a member of an archive is asked for as one.
            "image/gif" => gif::check(octets, self.limits.image_px, objections),
            _ => {
                objections.add("package.media", "neither PNG nor JPEG");
                0
            }
        };
        crate::binary::check_second_meaning(octets, objections);
        match self.pixels.checked_sub(area) {
            Some(left) => self.pixels = left,
            None => objections.add("package.pixels", "too many in all pictures"),
        }
    }
}
