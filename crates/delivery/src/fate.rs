//! What became of a message, recipient by recipient.

use crate::reply::Reply;
use mail::Mailbox;
use thiserror::Error;

/// The outcome of one attempt: every recipient that was asked for, in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Each recipient and its fate.
    pub fates: Vec<(Mailbox, Fate)>,
}

/// The fate of one recipient after one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The next hop answered for it, or it is in the Maildir.
    Delivered {
        /// What the next hop said after the data.
        reply: Reply,
    },
    /// Not now; see [`crate::Schedule`].
    TryLater {
        /// Why.
        cause: Cause,
        /// The whole message may have arrived although we do not know it: trying again may duplicate it.
        may_duplicate: bool,
    },
    /// A final no. The one fate, beside giving up, that a DSN may be written for.
    Refused {
        /// The no.
        reply: Reply,
    },
    /// The inside does not know this mailbox, which should have been known at `RCPT`: held and told to the operator,
    /// never bounced (it would be backscatter).
    UnknownUser {
        /// What the next hop said.
        reply: Reply,
    },
    /// The message is larger than the next hop takes; our own growth may be the reason, so it is held, never bounced.
    TooLarge {
        /// Most octets that the next hop takes, when it says so.
        octets_max: Option<u64>,
        /// What it said, when it was asked at all.
        reply: Option<Reply>,
    },
    /// The message cannot be said in the SMTP that the next hop speaks: held.
    Unsendable(Unsendable),
}

/// Why a message cannot be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// It holds CR or LF outside CRLF; another server could take its middle for its end.
    StrayLineEnd,
    /// It holds octets above 127 and the next hop does not offer 8BITMIME.
    EightBit,
}

/// Why a recipient has to wait.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    /// The next hop said so.
    #[error("{0}")]
    Said(Reply),
    /// No connection.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The connection broke, or what came was no SMTP.
    #[error("connection lost: {0}")]
    Lost(String),
    /// Silence.
    #[error("no answer in time")]
    TimedOut,
    /// The Maildir could not be written.
    #[error("cannot write: {0}")]
    Disk(String),
}

impl Settled {
    /// The same fate for all.
    pub(crate) fn alike(forward_paths: &[Mailbox], fate: &Fate) -> Self {
        Self { fates: forward_paths.iter().map(|mailbox| (mailbox.clone(), fate.clone())).collect() }
    }

    /// Whether every recipient has the message.
    pub fn is_delivered(&self) -> bool {
        self.fates.iter().all(|(_, fate)| matches!(fate, Fate::Delivered { .. }))
    }
}

impl Fate {
    /// Waiting for a cause after which nothing can have arrived.
    pub(crate) const fn later(cause: Cause) -> Self {
        Self::TryLater { cause, may_duplicate: false }
    }
}
