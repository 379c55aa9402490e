//! Hands clean messages on: to the next hop by SMTP (RFC 5321, client side), or into a Maildir.
//!
//! Takes [`verifier::CleanMessage`] and nothing else that holds mail; the one thing that leaves besides is the
//! [`Notification`] of a failure, which [`dsn`] writes itself (RFC 3464). Every recipient gets a [`Fate`] of its own;
//! [`Schedule`] says when those that must wait are tried again.
//!
//! *Security.* The next hop is configured by the operator; what it says is still quoted as text of others, cut and
//! escaped, and no reply of it can lose a message: whatever is not a plain final refusal is tried again or held.

pub mod dsn;
mod fate;
mod maildir;
mod next_hop;
mod outlet;
mod peer;
mod reply;
mod schedule;
mod transaction;

pub use dsn::Notification;
pub use fate::{Cause, Fate, Settled, Unsendable};
pub use maildir::{Layout, Maildir};
pub use next_hop::{HopSettings, NextHop, SettingsError, Times};
pub use outlet::{Consignment, Destination, Outlet};
pub use reply::{EnhancedStatus, Reply};
pub use schedule::{Next, Schedule};
