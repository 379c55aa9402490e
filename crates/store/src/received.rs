//! The relay's verb: a message and its groups, durable when the future ends.

use crate::audit::AuditEvent;
use crate::bodies;
use crate::born::MessageKind;
use crate::engine::Tx;
use crate::ledger::EventKind;
use crate::message::{MessageRow, Original};
use crate::vault;
use crate::{Denial, QueueId, Room, Store, StoreError};
use mail::{DateTime, Envelope, Mailbox, Untrusted};
use policy::Sha256;

/// A message as the relay hands it over.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its envelope.
    pub envelope: Envelope,
    /// Its octets.
    pub octets: Untrusted,
    /// The recipients by zone and policy; together they are the envelope's forward-paths.
    pub groups: Vec<NewGroup>,
    /// When it came.
    pub accepted: DateTime,
    /// Whether bare CR or LF were in it.
    pub stray_line_ends: bool,
}

/// Recipients that share a zone and a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Name of the zone.
    pub zone: String,
    /// Version of the policy.
    pub policy_version: String,
    /// At least one.
    pub recipients: Vec<Mailbox>,
}

struct Sealed {
    staged: bodies::Staged,
    working_day: i64,
    sha256: Sha256,
    vault_sha256: Sha256,
    size_octets: u64,
}

impl Store {
    /// Takes a message over. When this returns `Ok` it is durable: answer `250`.
    ///
    /// [`StoreError::Full`] means `452`; everything else `451`.
    pub async fn put_received(&self, new: NewMessage) -> Result<QueueId, StoreError> {
        if new.groups.is_empty() || new.groups.iter().any(|group| group.recipients.is_empty()) {
            return Err(StoreError::Refused(Denial::NoRecipients));
        }
        if let Room::Short { .. } = self.room()? {
            return Err(StoreError::Full);
        }
        let queue_id = self.inner.ids.next(self.inner.settings.clock.wall_ms())?;
        let working = self.inner.working.current(self.now_s())?;
        let NewMessage { envelope, octets, groups, accepted, stray_line_ends } = new;
        let sealed = self
            .sized(octets.len(), move |inner| {
                let recipients = inner.settings.keys.recipients();
                let file = vault::seal(Some(&working), recipients, octets.octets())?;
                Ok(Sealed {
                    working_day: working.day,
                    sha256: vault::digest(octets.octets()),
                    vault_sha256: vault::digest(&file),
                    size_octets: u64::try_from(octets.len()).unwrap_or(u64::MAX),
                    staged: inner.bodies.stage(file)?,
                })
            })
            .await?;
        self.write(move |tx| tx.put_received(queue_id, &envelope, sealed, &groups, accepted, stray_line_ends))
            .await
    }
}

impl Tx<'_> {
    fn put_received(
        &mut self,
        queue_id: QueueId,
        envelope: &Envelope,
        sealed: Sealed,
        groups: &[NewGroup],
        accepted: DateTime,
        stray_line_ends: bool,
    ) -> Result<QueueId, StoreError> {
        let Ok(envelope_octets) = postcard::to_stdvec(envelope) else {
            return Err(StoreError::Damaged("an envelope cannot be written"));
        };
        let recipients = groups.iter().map(|group| group.recipients.len()).sum::<usize>();
        let received_seq = self.audit(&AuditEvent::MessageReceived {
            queue_id: queue_id.clone(),
            tenant: self.tenant.to_owned(),
            octets: sealed.size_octets,
            recipients: u64::try_from(recipients).unwrap_or(u64::MAX),
            sha256: sealed.sha256.to_string(),
            vault_sha256: sealed.vault_sha256.to_string(),
        })?;
        let original = Original {
            body: bodies::insert(self.db, self.tenant, sealed.staged)?,
            working_day: sealed.working_day,
            sha256: sealed.sha256.0,
            vault_sha256: sealed.vault_sha256.0,
        };
        let message = self.insert_message(&MessageRow {
            queue_id: &queue_id,
            kind: MessageKind::Mail,
            parent: None,
            accepted,
            reverse_path: envelope.reverse_path.to_string(),
            envelope: Some(envelope_octets),
            size_octets: i64::try_from(sealed.size_octets).unwrap_or(i64::MAX),
            stray_line_ends,
            original: Some(original),
            received_seq,
        })?;
        for group in groups {
            let row = self.insert_job(message, &group.zone, &group.policy_version, "queued")?;
            for recipient in &group.recipients {
                self.insert_recipient(&row, recipient, EventKind::Accepted)?;
            }
            self.new_jobs = self.new_jobs.saturating_add(1);
        }
        Ok(queue_id)
    }
}
