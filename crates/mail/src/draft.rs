//! What the sanitiser makes of an input: a model, not octets. *The model is the sieve: what it cannot say cannot
//! pass.*

use crate::{Fields, MediaType, PartPath};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The sanitised message or file as the jail hands it out. The gateway adds stamp and notice, the canonical writer
/// turns it into octets, the verifier reads those anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Decoded header fields; empty for a file.
    pub fields: Fields,
    /// The text that the reader sees, lines ended by `\n`, already filtered; empty for a file.
    pub text: String,
    /// Newly written parts in the order in which they are shown.
    #[serde(deserialize_with = "crate::at_most::<_, _, 200_000>")]
    pub attachments: Vec<Attachment>,
}

/// One newly written part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The input part that it was made from.
    pub path: PartPath,
    /// File name, cleaned, with the true extension.
    pub name: String,
    /// What the octets are.
    pub media_type: MediaType,
    /// The charset of a `text/*` attachment as a MIME label (`UTF-8`, `Shift_JIS`, …); `None` for others.
    pub charset: Option<String>,
    /// The octets that our writer wrote.
    #[serde(with = "serde_bytes")]
    pub octets: Vec<u8>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({} {} {} octets)", self.path, self.media_type, self.octets.len())
    }
}
