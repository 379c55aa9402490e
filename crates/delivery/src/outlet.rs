//! A configured destination, whichever kind it is.

use crate::fate::{Cause, Fate, Settled};
use crate::maildir::{Layout, Maildir};
use crate::next_hop::{HopSettings, NextHop, SettingsError};
use mail::{DateTime, Mailbox, ReversePath};
use std::path::PathBuf;
use verifier::CleanMessage;

/// Where the messages of a zone go, as the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a next hop.
    Smtp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// Into a Maildir that all recipients share.
    Maildir {
        /// Its root.
        path: PathBuf,
    },
}

/// One delivery: a message to those recipients of one zone that still wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consignment {
    /// The same for every attempt of this delivery, different for all others.
    pub delivery_id: String,
    /// When the message was accepted.
    pub received: DateTime,
    /// `MAIL FROM`.
    pub reverse_path: ReversePath,
    /// Who still waits for it.
    pub forward_paths: Vec<Mailbox>,
}

/// A destination that is ready for messages.
#[derive(Debug)]
pub enum Outlet {
    /// A next hop with its connections.
    Smtp(NextHop),
    /// A Maildir.
    Maildir(Maildir),
}

impl Outlet {
    /// Makes a destination ready with the house's settings; `hello` is our name in EHLO. Nothing is connected or
    /// written yet.
    pub fn new(destination: &Destination, hello: &str) -> Result<Self, SettingsError> {
        match destination {
            Destination::Smtp { host, port } => {
                HopSettings::standard(host, *port, hello).map(|settings| Self::Smtp(NextHop::new(settings)))
            }
            Destination::Maildir { path } => Ok(Self::Maildir(Maildir::new(path.clone(), Layout::One))),
        }
    }

    /// Delivers; a fate for every recipient.
    pub async fn deliver(&self, consignment: &Consignment, message: &CleanMessage) -> Settled {
        let Consignment { delivery_id, received, reverse_path, forward_paths } = consignment;
        if delivery_id.is_empty() {
            debug_assert!(false, "deliveries have ids");
            let cause = Cause::Disk("a delivery without an id".to_owned());
            return Settled::alike(forward_paths, &Fate::later(cause));
        }
        match self {
            Self::Smtp(next_hop) => next_hop.deliver(reverse_path, forward_paths, message).await,
            Self::Maildir(maildir) => {
                maildir.deliver(delivery_id, received.unix_s, forward_paths, message).await
            }
        }
    }
}
