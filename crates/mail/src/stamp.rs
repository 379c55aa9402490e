//! What the gateway itself puts into a message that goes inside. Nothing of it comes from the jail.

use crate::DateTime;
use serde::{Deserialize, Serialize};

/// Trace fields and identity, supplied from outside the jail to the writer and, again, to the verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Queue id; also the value of `X-Sekisho-Id`. ASCII letters and digits.
    pub queue_id: String,
    /// Value of our `Received` field after the field name, unfolded, ASCII, ending in a date-time
    /// (RFC 5321 §4.4).
    pub received: String,
    /// Value of the one `Authentication-Results` field (RFC 8601), or `None` when nothing was checked.
    pub authentication_results: Option<String>,
    /// When the message was accepted.
    pub accepted: DateTime,
    /// Our own Message-ID (without angle brackets) for a message that has none, a stand-in or a follow-up.
    pub own_message_id: String,
}
