//! SMTP server (RFC 5321, with RFC 1870 SIZE, RFC 2920 PIPELINING, RFC 6152 8BITMIME, RFC 2034 ENHANCEDSTATUSCODES
//! and RFC 9422 LIMITS): connections in, envelopes and untrusted octets out.
//!
//! [`Session`] is the protocol without sockets and without a clock: octets go in, replies and [`Event`]s come out.
//! [`serve`] is the thin tokio driver around it. What the relay cannot know it asks: [`Recipients`] says whether a
//! mailbox exists, [`Sink`] makes a message durable. `250` after the data is said only when the sink has said
//! [`Taken::Stored`].
//!
//! *Security.* Everything here is spoken to by anyone on the internet. Only exact `CRLF . CRLF` ends the data; only
//! CRLF ends a command; input that waits where the client must listen ends the session. Lines, commands, errors,
//! recipients, messages, octets, connections and seconds have limits in [`Settings`], and none of them can be
//! switched off.

mod ask;
mod command;
mod connection;
mod data;
mod load;
mod reply;
mod serve;
mod session;
mod settings;

pub use ask::{Acceptance, Accepted, Delay, LineEnds, Recipients, Sink, Taken};
pub use serve::serve;
pub use session::{Event, Phase, Session, Step};
pub use settings::{Settings, SettingsError, StrayLineEnds, Times};
