//! docx, xlsx, pptx and their macro, template and show variants (ISO/IEC 29500, strict and transitional) → the same
//! document written anew: it stays editable and looks the same, and nothing in it runs, fetches or hides.
//!
//! The package is walked from its root along the relationships of an allow-list ([`parts`]); what is not reached that
//! way does not exist any more. Every part becomes a tree of named elements ([`crate::markup`]), goes through the
//! [`sieve`] and is written under a name of our own; pictures are decoded and written anew.
//!
//! *Security.* Given any octets. What never crosses: macros, macro sheets, controls, embedded objects and fonts,
//! links to other documents, DDE, queries, attached templates, custom XML, sound and film, printer settings,
//! signatures, anything binary but pictures of ours. Spends members, unpacked octets, nodes and pixels from the budget.

mod changes;
mod compatibility;
mod fields;
mod formula;
mod links;
mod literal;
mod margins;
mod notes;
mod parts;
mod preview;
mod properties;
mod references;
mod refused;
mod sheet_objects;
mod sieve;
mod vml;
mod walk;

use crate::markup::{Also, Dialect, White};
use crate::raster::Fidelity;
use crate::{Rewritten, Surroundings};
use mail::MediaType;
use policy::{Action, Budget, FindingCode, Findings, Policy};
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

/// How Office Open XML is read.
pub static DIALECT: Dialect = Dialect {
    vocabulary: policy::vocabulary::ooxml,
    also: ALSO,
    white: White::InLeaves,
    unwraps: |_| false,
    declared: &[],
};

/// What is read only to be rewritten: wrappers that go, and objects whose picture stays.
const ALSO: &[Also] = &[
    Also { name: ("w", "customXml"), attributes: &[] },
    Also { name: ("w", "smartTag"), attributes: &[] },
    Also { name: ("w", "object"), attributes: &[("w", "dxaOrig"), ("w", "dyaOrig")] },
    Also { name: ("p", "oleObj"), attributes: &[("", "spid")] },
];

/// What policy says about documents.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// Links to web pages and mail addresses stay.
    links: bool,
    /// Comments stay.
    comments: bool,
    /// Tracked changes stay; otherwise they are accepted.
    changes: bool,
    fidelity: Fidelity,
}

/// What is known across the parts of one document.
#[derive(Debug, Default)]
struct Book {
    /// Names of the workbook that do not exist any more, in lower case.
    gone_names: BTreeSet<String>,
    tally: Tally,
}

/// How much of a document there was, and how much is left.
#[derive(Debug, Default)]
struct Tally {
    characters: u64,
    kept_characters: u64,
    /// Elements without a name that were left out and may have been seen.
    elements: u64,
    /// Parts that people read or look at and that were not there or could not be read.
    parts: u64,
}

/// Less text than this part in a thousand left out is no change that anybody sees.
const RECALL_PER_MILLE: u64 = 995;
/// More unknown elements than this are told.
const ELEMENTS_UNSEEN: u64 = 20;

/// Writes a document anew.
///
/// Errors are verdicts: a limit that was met, or why the package as a whole cannot be read.
pub fn rebuild(
    octets: &[u8],
    policy: &Policy,
    fidelity: Fidelity,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Rewritten, FindingCode> {
    // A compound file (\[MS-OFFCRYPTO\]): the package is inside, under a password.
    if octets.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(FindingCode::Locked);
    }
    let rules = Rules {
        links: policy.office_links,
        comments: policy.office_comments,
        changes: policy.office_changes,
        fidelity,
    };
    let written = walk::rebuild(octets, policy, &rules, budget, findings, surroundings)?;
    let tally = &written.tally;
    let kept = tally.kept_characters.saturating_mul(1_000);
    let is_short = kept < tally.characters.saturating_mul(RECALL_PER_MILLE);
    if is_short || tally.elements > ELEMENTS_UNSEEN || tally.parts > 0 {
        findings.add_detail(
            FindingCode::LayoutMayDiffer,
            &format!(
                "{}/{} characters, {} elements",
                tally.kept_characters, tally.characters, tally.elements
            ),
        );
    }
    Ok(Rewritten {
        octets: written.octets,
        media_type: MediaType::known(written.family.media_type()),
        extension: written.family.extension(),
        charset: None,
        action: Action::Rebuild,
    })
}
