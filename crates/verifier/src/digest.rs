//! Size and SHA-256 of a part against what was expected.

use crate::{ExpectedPart, objections::Objections};
use sha2::{Digest, Sha256};

/// Objects when size or digest differ.
pub(crate) fn compare(octets: &[u8], wanted: &ExpectedPart, objections: &mut Objections) {
    let size = u64::try_from(octets.len()).unwrap_or(u64::MAX);
    objections.require(size == wanted.size_octets, "part.size", "not the expected one");
    let digest = Sha256::digest(octets);
    objections.require(wanted.sha256.0 == *digest, "part.sha256", "not the expected one");
}
