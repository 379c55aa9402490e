//! One budget for the whole message tree, so that a hundred small bombs are one bomb.
//!
//! Spend *before* allocating. Reaching a limit is a verdict on the part, never a silent truncation.

use crate::{FindingCode, Limits};

/// What is left of the limits for one input.
#[derive(Clone, Debug)]
pub struct Budget {
    limits: Limits,
    parts: u64,
    archive_members: u64,
    unpacked_octets: u64,
    unlock_rounds: u64,
    pages: u64,
    px: u64,
    text_chars: u64,
    nodes: u64,
}

/// A limit was met; the code says which. The part that met it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted(pub FindingCode);

fn spend(left: &mut u64, amount: u64, code: FindingCode) -> Result<(), Exhausted> {
    *left = left.checked_sub(amount).ok_or(Exhausted(code))?;
    Ok(())
}

impl Budget {
    /// A full budget.
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            parts: limits.parts,
            archive_members: limits.archive_members,
            unpacked_octets: limits.unpacked_octets,
            unlock_rounds: limits.unlock_rounds,
            pages: limits.pages,
            px: limits.total_px,
            text_chars: limits.text_chars,
            nodes: limits.nodes,
        }
    }

    /// The limits that do not sum up over the tree (depths, sides, ratios).
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// One more part of the tree.
    pub fn spend_part(&mut self) -> Result<(), Exhausted> {
        spend(&mut self.parts, 1, FindingCode::LimitParts)
    }

    /// Parts that may still be read.
    pub fn parts_left(&self) -> u64 {
        self.parts
    }

    /// Archive members, as soon as their count is known.
    pub fn spend_archive_members(&mut self, members: u64) -> Result<(), Exhausted> {
        spend(&mut self.archive_members, members, FindingCode::LimitArchiveMembers)
    }

    /// Octets that a decompressor or decoder is about to write.
    pub fn spend_unpacked(&mut self, octets: u64) -> Result<(), Exhausted> {
        spend(&mut self.unpacked_octets, octets, FindingCode::LimitUnpackedOctets)
    }

    /// Octets that may still be unpacked.
    pub fn unpacked_left(&self) -> u64 {
        self.unpacked_octets
    }

    /// Rounds of key derivation that trying one password is about to take.
    pub fn spend_unlocking(&mut self, rounds: u64) -> Result<(), Exhausted> {
        spend(&mut self.unlock_rounds, rounds, FindingCode::LimitUnlocking)
    }

    /// Pages about to be rendered.
    pub fn spend_pages(&mut self, pages: u64) -> Result<(), Exhausted> {
        spend(&mut self.pages, pages, FindingCode::LimitPages)
    }

    /// An image about to be decoded: checked against the area of one image, then spent from the total.
    pub fn spend_image(&mut self, width_px: u64, height_px: u64) -> Result<(), Exhausted> {
        let px = width_px.checked_mul(height_px).ok_or(Exhausted(FindingCode::LimitImagePixels))?;
        if px > self.limits.image_px {
            return Err(Exhausted(FindingCode::LimitImagePixels));
        }
        spend(&mut self.px, px, FindingCode::LimitTotalPixels)
    }

    /// A page about to be rendered, already clamped to the limits of one page.
    pub fn spend_page_pixels(&mut self, width_px: u64, height_px: u64) -> Result<(), Exhausted> {
        let px = width_px.checked_mul(height_px).ok_or(Exhausted(FindingCode::LimitPagePixels))?;
        if px > self.limits.page_px || width_px.max(height_px) > self.limits.page_side_px {
            return Err(Exhausted(FindingCode::LimitPagePixels));
        }
        spend(&mut self.px, px, FindingCode::LimitTotalPixels)
    }

    /// Pixels about to be painted over in a drawing whose own area is spent already.
    pub fn spend_drawing(&mut self, px: u64) -> Result<(), Exhausted> {
        spend(&mut self.px, px, FindingCode::LimitTotalPixels)
    }

    /// Characters of text about to be written.
    pub fn spend_text(&mut self, chars: u64) -> Result<(), Exhausted> {
        spend(&mut self.text_chars, chars, FindingCode::LimitText)
    }

    /// Nodes (tags, cells, objects) about to be visited.
    pub fn spend_nodes(&mut self, nodes: u64) -> Result<(), Exhausted> {
        spend(&mut self.nodes, nodes, FindingCode::LimitNodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_met_exactly_and_passed_by_one() {
        let mut budget = Budget::new(&Limits { parts: 2, ..Limits::STANDARD });
        assert_eq!(budget.spend_part(), Ok(()));
        assert_eq!(budget.spend_part(), Ok(()));
        assert_eq!(budget.spend_part(), Err(Exhausted(FindingCode::LimitParts)));
        let mut budget = Budget::new(&Limits { image_px: 100, total_px: 150, ..Limits::STANDARD });
        assert_eq!(budget.spend_image(10, 10), Ok(()));
        assert_eq!(budget.spend_image(10, 11), Err(Exhausted(FindingCode::LimitImagePixels)));
        assert_eq!(budget.spend_image(u64::MAX, 2), Err(Exhausted(FindingCode::LimitImagePixels)));
        assert_eq!(budget.spend_image(10, 10), Err(Exhausted(FindingCode::LimitTotalPixels)));
    }
}
