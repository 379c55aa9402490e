//! The next hop: its settings and a pool of connections to it.

use crate::dsn::Notification;
use crate::fate::{Cause, Fate, Settled};
use crate::peer::Peer;
use crate::transaction::{self, After, Letter};
use mail::{Mailbox, ReversePath};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use verifier::CleanMessage;

/// Where the next hop is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct HopSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Our name in EHLO.
    pub hello: String,
    /// Most connections at one time; more deliveries wait.
    pub connections_max: usize,
    /// An idle connection is not used again after this long.
    pub idle_max: Duration,
    /// Most messages over one connection.
    pub messages_per_connection_max: u32,
    /// Most recipients in one transaction; 100 is what every server must take (RFC 5321 §4.5.3.1.8).
    pub recipients_per_transaction_max: usize,
    /// Time limits.
    pub times: Times,
}

/// How long we wait, and for what (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// For a connection.
    pub connect: Duration,
    /// For the greeting and for the reply to EHLO, MAIL, RCPT and RSET.
    pub command: Duration,
    /// For the reply to DATA.
    pub data: Duration,
    /// For the reply to the end of data.
    pub message: Duration,
    /// A message may take its octets divided by this longer.
    pub octets_per_second_min: u64,
}

/// Why settings are none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// Nobody to speak to.
    #[error("{0:?} is not a host")]
    Host(String),
    /// Not a name for EHLO.
    #[error("{0:?} is not a host name to greet with")]
    Hello(String),
}

/// A next hop with its connections.
#[derive(Debug)]
pub struct NextHop {
    settings: HopSettings,
    places: Semaphore,
    idle: Mutex<Vec<Peer>>,
}

impl HopSettings {
    /// The house's choice for a next hop inside.
    pub fn standard(host: &str, port: u16, hello: &str) -> Result<Self, SettingsError> {
        let sound =
            |name: &str| (1..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        if !sound(host) {
            return Err(SettingsError::Host(host.to_owned()));
        }
        if !sound(hello) {
            return Err(SettingsError::Hello(hello.to_owned()));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            hello: hello.to_owned(),
            connections_max: 10,
            idle_max: Duration::from_secs(30),
            messages_per_connection_max: 100,
            recipients_per_transaction_max: 100,
            times: Times::standard(),
        })
    }
}

impl Times {
    /// RFC 5321 §4.5.3.2; a connection on a local network is there in half a minute or not at all.
    pub const fn standard() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(300),
            data: Duration::from_secs(120),
            message: Duration::from_secs(600),
            octets_per_second_min: 10_000,
        }
    }

    /// How long sending a message and waiting for its reply may take.
    pub(crate) fn message_allowance(&self, octets: usize) -> Duration {
        let seconds = u64::try_from(octets).unwrap_or(u64::MAX).checked_div(self.octets_per_second_min);
        self.message.saturating_add(Duration::from_secs(seconds.unwrap_or_default()))
    }
}

impl NextHop {
    /// A next hop without connections yet.
    pub fn new(settings: HopSettings) -> Self {
        let places = Semaphore::new(settings.connections_max.clamp(1, Semaphore::MAX_PERMITS));
        Self { settings, places, idle: Mutex::default() }
    }

    /// Delivers a clean message to its recipients. An attempt that is dropped halfway leaves nothing behind but a
    /// closed connection; the message may have arrived all the same.
    pub async fn deliver(
        &self,
        reverse_path: &ReversePath,
        forward_paths: &[Mailbox],
        message: &CleanMessage,
    ) -> Settled {
        self.send(reverse_path, forward_paths, message.octets()).await
    }

    /// Sends a failure notification to the one whom it tells of the failure.
    pub async fn notify(&self, notification: &Notification) -> Settled {
        let forward_paths = std::slice::from_ref(notification.forward_path());
        self.send(&ReversePath::Null, forward_paths, notification.octets()).await
    }

    /// Closes the connections that nobody uses now.
    pub async fn close_idle(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for peer in idle {
            peer.quit().await;
        }
    }

    async fn send(&self, reverse_path: &ReversePath, forward_paths: &[Mailbox], octets: &[u8]) -> Settled {
        let Ok(_place) = self.places.acquire().await else {
            let cause = Cause::Unreachable("the next hop is closed".to_owned());
            return Settled::alike(forward_paths, &Fate::later(cause));
        };
        let mut fates = Vec::with_capacity(forward_paths.len());
        for forward_paths in forward_paths.chunks(self.settings.recipients_per_transaction_max.max(1)) {
            let letter = Letter { reverse_path, forward_paths, octets };
            match self.send_letter(&letter).await {
                Ok(settled) => fates.extend(forward_paths.iter().cloned().zip(settled)),
                Err(cause) => fates.extend(Settled::alike(forward_paths, &Fate::later(cause)).fates),
            }
        }
        Settled { fates }
    }

    async fn send_letter(&self, letter: &Letter<'_>) -> Result<Vec<Fate>, Cause> {
        let times = &self.settings.times;
        if let Some(mut peer) = self.take_idle() {
            let (fates, after) = transaction::transact(&mut peer, letter, times).await;
            if after != After::Stale {
                self.give_back(peer, after).await;
                return Ok(fates);
            }
        }
        let mut peer = Peer::connect(&self.settings).await?;
        let (fates, after) = transaction::transact(&mut peer, letter, times).await;
        self.give_back(peer, after).await;
        Ok(fates)
    }

    /// The connection used last, so that the others can grow old.
    fn take_idle(&self) -> Option<Peer> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        idle.retain(|peer| now.saturating_duration_since(peer.used_at) < self.settings.idle_max);
        idle.pop()
    }

    async fn give_back(&self, mut peer: Peer, after: After) {
        let usable = match after {
            After::Idle => true,
            After::Open => peer
                .ask("RSET\r\n", self.settings.times.command)
                .await
                .is_ok_and(|r| r.is_positive_completion()),
            After::Broken | After::Stale => false,
        };
        if !usable {
            return;
        }
        if peer.messages >= self.settings.messages_per_connection_max {
            return peer.quit().await;
        }
        peer.used_at = Instant::now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(peer);
    }
}

#[cfg(test)]
#[path = "next_hop_tests.rs"]
mod tests;
