//! The proof types.

use serde::{Deserialize, Serialize};

/// Why something may cross.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clearance {
    /// The verifier read it and had no objection.
    Verified,
    /// Two people let an original out.
    Released {
        /// Who asked.
        by: String,
        /// Who approved; another person.
        approved_by: String,
        /// Why.
        reason: String,
    },
}

/// A message that may be delivered. Not `Clone`; only this crate makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct CleanMessage {
    octets: Vec<u8>,
    clearance: Clearance,
}

/// A file that may be handed out. Not `Clone`; only this crate makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct CleanFile {
    octets: Vec<u8>,
    clearance: Clearance,
}

macro_rules! proof {
    ($name:ident) => {
        impl $name {
            #[expect(dead_code, reason = "made by the verifying functions of this crate")]
            pub(crate) const fn make(octets: Vec<u8>, clearance: Clearance) -> Self {
                Self { octets, clearance }
            }

            /// What crosses.
            pub fn octets(&self) -> &[u8] {
                &self.octets
            }

            /// Why it may.
            pub fn clearance(&self) -> &Clearance {
                &self.clearance
            }
        }
    };
}
proof!(CleanMessage);
proof!(CleanFile);
