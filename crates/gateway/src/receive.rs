//! The answers that the relay asks for: who is known, and where a message goes so that it is never lost.

use crate::config::{Config, KnownRecipients};
use mail::{Mailbox, ReversePath};
use relay::{Acceptance, Accepted, Delay, Recipients, Sink, Taken};
use std::{collections::BTreeMap, sync::Arc};
use store::{NewGroup, NewMessage, Store, StoreError};

/// Knows the recipients of the configuration.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) config: Arc<Config>,
}

impl Recipients for Directory {
    async fn accepts(&self, mailbox: &Mailbox, _reverse_path: &ReversePath) -> Acceptance {
        match self.config.zone_of(mailbox.domain()).map(|zone| &zone.recipients) {
            Some(KnownRecipients::Any) => Acceptance::Accept,
            Some(KnownRecipients::Listed(known))
                if known.contains(&mailbox.to_string().to_ascii_lowercase()) =>
            {
                Acceptance::Accept
            }
            Some(KnownRecipients::Listed(_)) | None => Acceptance::unknown(),
        }
    }
}

/// Puts accepted messages into the store.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Store,
}

impl Sink for Intake {
    async fn take(&self, accepted: Accepted) -> Taken {
        let groups = groups(&self.config, &accepted.envelope.forward_paths);
        let recipients = accepted.envelope.forward_paths.len();
        let size_octets = accepted.untrusted.len();
        let new = NewMessage {
            groups,
            envelope: accepted.envelope,
            octets: accepted.untrusted,
            accepted: crate::clock::now().in_jst(),
            stray_line_ends: accepted.line_ends.stray_cr > 0 || accepted.line_ends.stray_lf > 0,
        };
        match self.store.put_received(new).await {
            Ok(queue_id) => {
                let queue_id = queue_id.as_str().to_owned();
                tracing::info!(event = "message.received", queue_id, size_octets, recipients);
                Taken::Stored { queue_id }
            }
            Err(StoreError::Full) => {
                tracing::error!(event = "disk.short", "new mail is put off until there is room");
                Taken::TryLater(Delay::Storage)
            }
            Err(error) => {
                tracing::error!(%error, "a message could not be stored; the client keeps it");
                Taken::TryLater(Delay::Fault)
            }
        }
    }
}

/// Recipients by zone. Recipients of one zone never appear in another's envelope.
fn groups(config: &Config, forward_paths: &[Mailbox]) -> Vec<NewGroup> {
    let mut by_zone: BTreeMap<&str, NewGroup> = BTreeMap::new();
    for mailbox in forward_paths {
        let Some(zone) = config.zone_of(mailbox.domain()) else { continue };
        let group = by_zone.entry(&zone.name).or_insert_with(|| NewGroup {
            zone: zone.name.clone(),
            policy_version: zone.policy.version.clone(),
            recipients: Vec::new(),
        });
        group.recipients.push(mailbox.clone());
    }
    by_zone.into_values().collect()
}
