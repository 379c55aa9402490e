//! Octets from outside, before anything was read from them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Octets that came from outside. Only code inside the jail may look into them; everyone else moves them.
///
/// `Debug` prints the length alone, so that no log line can carry mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untrusted(#[serde(with = "serde_bytes")] Vec<u8>);

impl Untrusted {
    /// Marks octets as untrusted.
    pub fn new(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets, for a parser in the jail or for writing them to the vault.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// Gives the octets away.
    pub fn into_octets(self) -> Vec<u8> {
        self.0
    }

    /// Length in octets.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no octet at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untrusted({} octets)", self.0.len())
    }
}
