//! What an SMTP transaction says about a message, beside its octets (RFC 5321 §2.3.1).

use crate::{Mailbox, ReversePath};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The envelope: who sent it and to whom, and over which connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// `MAIL FROM`.
    pub reverse_path: ReversePath,
    /// `RCPT TO`, without duplicates, in the order given; at least one, at most the configured limit.
    pub forward_paths: Vec<Mailbox>,
    /// The `BODY` parameter (RFC 6152), when given.
    pub body_type: Option<BodyType>,
    /// The peer.
    pub client: Client,
}

/// The SMTP client that handed the message over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Peer address of the connection.
    pub address: IpAddr,
    /// Argument of EHLO or HELO, as said; at most 255 octets of printable ASCII.
    pub greeting: String,
    /// Whether it greeted with EHLO.
    pub protocol: Protocol,
}

/// Protocol keyword for the `with` clause of a Received field (RFC 5321 §4.4, RFC 3848).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// HELO.
    Smtp,
    /// EHLO.
    Esmtp,
    /// EHLO after STARTTLS.
    Esmtps,
}

/// Argument of the `BODY` parameter (RFC 6152 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyType {
    /// `7BIT`.
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
}
