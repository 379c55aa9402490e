//! What the relay asks of whoever runs it.

use mail::{Envelope, Mailbox, ReversePath, Untrusted};
use std::borrow::Cow;
use std::future::Future;

/// Knows which mailboxes exist.
pub trait Recipients: Send + Sync + 'static {
    /// Whether mail from `reverse_path` to `mailbox` is taken. Asked for configured domains only, never for
    /// postmaster; the answer is cut off at [`crate::Times::recipient_answer`].
    fn accepts(
        &self,
        mailbox: &Mailbox,
        reverse_path: &ReversePath,
    ) -> impl Future<Output = Acceptance> + Send;
}

/// Makes messages durable.
pub trait Sink: Send + Sync + 'static {
    /// Takes a message over. [`Taken::Stored`] is a promise: the client hears `250` and forgets its copy. The future
    /// is dropped at [`crate::Times::sink_answer`]; a message stored in spite of that may come twice.
    fn take(&self, accepted: Accepted) -> impl Future<Output = Taken> + Send;
}

/// The answer about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// `250 2.1.5`.
    Accept,
    /// No, and never.
    Refuse {
        /// Reply code, 550 to 559; anything else is said as 550.
        code: u16,
        /// Enhanced status code of class 5, such as `5.1.1`.
        enhanced: &'static str,
        /// For the human reader.
        text: Cow<'static, str>,
    },
    /// `451 4.4.3`: cannot be known now.
    TryLater,
}

impl Acceptance {
    /// `550 5.1.1`: there is no such mailbox.
    pub const fn unknown() -> Self {
        Self::Refuse { code: 550, enhanced: "5.1.1", text: Cow::Borrowed("No such mailbox here") }
    }
}

/// A message whose data has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whence and to whom; at least one recipient.
    pub envelope: Envelope,
    /// The data as received: dots unstuffed, every line end CRLF, no NUL, no trace field added.
    pub untrusted: Untrusted,
    /// What was irregular about its lines.
    pub line_ends: LineEnds,
}

/// What was irregular about the lines of a message (RFC 5321 §2.3.8, RFC 5322 §2.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineEnds {
    /// CR without LF that became a line end.
    pub stray_cr: u64,
    /// LF without CR that became a line end.
    pub stray_lf: u64,
    /// Lines over 998 octets.
    pub long_lines: u64,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is durable: `250 2.0.0 Ok: queued as …`.
    Stored {
        /// Our name for it.
        queue_id: String,
    },
    /// Not now; the client keeps it.
    TryLater(Delay),
    /// `554`, and never.
    Refuse {
        /// Enhanced status code of class 5, such as `5.7.1`.
        enhanced: &'static str,
        /// For the human reader.
        text: Cow<'static, str>,
    },
}

/// Why not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// `452 4.3.1`: no room.
    Storage,
    /// `451 4.3.0`: anything else on our side.
    Fault,
}
