//! Messages of our own: stand-ins, follow-ups, released copies, DSNs, lists. Each has its own row, queue id and ledger
//! entries, and all but lists hang on the message that they belong to.

use crate::audit::AuditEvent;
use crate::clean::{Clean, SealedClean};
use crate::engine::Tx;
use crate::ledger::EventKind;
use crate::message::MessageRow;
use crate::{Denial, QueueId, Store, StoreError};
use mail::{DateTime, Mailbox, ReversePath};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// It came from outside.
    Mail,
    /// It stands in for a mail that is held.
    StandIn,
    /// It brings a part that became ready later.
    FollowUp,
    /// It brings an original that two people let out.
    Released,
    /// It tells a sender of a failure.
    Dsn,
    /// It lists what is held; see [`crate::Digest`].
    Digest,
}

impl MessageKind {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::StandIn => "stand_in",
            Self::FollowUp => "follow_up",
            Self::Released => "released",
            Self::Dsn => "dsn",
            Self::Digest => "digest",
        }
    }

    pub(crate) fn of_name(name: &str) -> Result<Self, StoreError> {
        [Self::Mail, Self::StandIn, Self::FollowUp, Self::Released, Self::Dsn, Self::Digest]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(StoreError::Damaged("a message of unknown kind"))
    }
}

/// A message of ours and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Born {
    /// What it is; neither [`MessageKind::Mail`] nor [`MessageKind::Digest`], which belongs to no single message.
    pub kind: MessageKind,
    /// Whom failures are reported to: nobody, for most.
    pub reverse_path: ReversePath,
    /// Whom it goes to.
    pub recipients: Vec<Mailbox>,
    /// Zone of the recipients; for a DSN the one that leads outside.
    pub zone: String,
    /// Policy of the message that it belongs to.
    pub policy_version: String,
    /// When it came to be.
    pub accepted: DateTime,
}

/// A message of ours, sealed and named, not yet in any row.
pub(crate) struct SealedBorn {
    queue_id: QueueId,
    sealed: SealedClean,
}

impl Store {
    /// Puts a message of ours into the queue, beside the message that it belongs to.
    pub async fn put_born(&self, parent: &QueueId, born: Born, clean: Clean) -> Result<QueueId, StoreError> {
        if born.recipients.is_empty() || matches!(born.kind, MessageKind::Mail | MessageKind::Digest) {
            return Err(StoreError::Refused(Denial::NoRecipients));
        }
        let sealed = self.seal_born(clean).await?;
        let parent = parent.clone();
        self.write(move |tx| {
            let row = tx.message_of(&parent)?;
            tx.put_born(row, &parent, &born, sealed)
        })
        .await
    }

    /// Puts a failure report to the sender into the queue.
    pub async fn put_dsn(
        &self,
        failed: &QueueId,
        to: Mailbox,
        zone: &str,
        policy_version: &str,
        clean: Clean,
    ) -> Result<QueueId, StoreError> {
        let born = Born {
            kind: MessageKind::Dsn,
            // RFC 5321 §4.5.5: a report is never reported on.
            reverse_path: ReversePath::Null,
            recipients: vec![to],
            zone: zone.to_owned(),
            policy_version: policy_version.to_owned(),
            accepted: DateTime::utc(self.now_s()),
        };
        self.put_born(failed, born, clean).await
    }

    pub(crate) async fn seal_born(&self, clean: Clean) -> Result<SealedBorn, StoreError> {
        self.seal_born_as(self.new_queue_id()?, clean).await
    }

    pub(crate) async fn seal_born_as(
        &self,
        queue_id: QueueId,
        clean: Clean,
    ) -> Result<SealedBorn, StoreError> {
        let sealed = self.seal_clean(of_born(&queue_id), clean).await?;
        Ok(SealedBorn { queue_id, sealed })
    }
}

/// What the records and the draft of a message of ours are sealed for.
pub(crate) fn of_born(queue_id: &QueueId) -> String {
    format!("message {queue_id}")
}

impl Tx<'_> {
    pub(crate) fn put_born(
        &mut self,
        parent: i64,
        parent_id: &QueueId,
        born: &Born,
        sealed: SealedBorn,
    ) -> Result<QueueId, StoreError> {
        let queue_id = sealed.queue_id.clone();
        let received_seq = self.audit(&AuditEvent::MessageBorn {
            queue_id: queue_id.clone(),
            kind: born.kind.name().to_owned(),
            parent: parent_id.clone(),
            zone: born.zone.clone(),
            policy_version: born.policy_version.clone(),
        })?;
        self.insert_born(Some(parent), born, sealed, received_seq)?;
        Ok(queue_id)
    }

    /// Writes the rows of a message of ours; returns its own.
    pub(crate) fn insert_born(
        &mut self,
        parent: Option<i64>,
        born: &Born,
        SealedBorn { queue_id, sealed }: SealedBorn,
        received_seq: i64,
    ) -> Result<i64, StoreError> {
        let message = self.insert_message(&MessageRow {
            queue_id: &queue_id,
            kind: born.kind,
            parent,
            accepted: born.accepted,
            reverse_path: born.reverse_path.to_string(),
            envelope: None,
            size_octets: sealed.size_octets,
            stray_line_ends: false,
            original: None,
            received_seq,
        })?;
        let group = self.insert_job(message, &born.zone, &born.policy_version, "clean")?;
        for recipient in &born.recipients {
            self.insert_recipient(&group, recipient, EventKind::Born)?;
        }
        self.insert_clean(&group, sealed)?;
        Ok(message)
    }
}
