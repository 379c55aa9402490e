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
///
/// Reading it is free:
/// ```
/// fn size(message: &verifier::CleanMessage) -> usize {
///     let octets = message.octets();
///     octets.len()
/// }
/// ```
/// A second one cannot be made of it,
/// ```compile_fail
/// fn size(message: &verifier::CleanMessage) -> usize {
///     let octets = verifier::CleanMessage::clone(message);
///     octets.len()
/// }
/// ```
/// nor one of any octets:
/// ```
/// fn made(octets: Vec<u8>) -> Option<verifier::CleanMessage> {
///     verifier::released(octets, "asked", "approved", "why").ok()
/// }
/// ```
/// ```compile_fail
/// fn made(octets: Vec<u8>) -> Option<verifier::CleanMessage> {
///     Some(verifier::CleanMessage { octets, clearance: verifier::Clearance::Verified })
/// }
/// ```
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
