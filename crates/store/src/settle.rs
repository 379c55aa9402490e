//! The deliverer's verdicts, recipient by recipient.

use crate::audit::AuditEvent;
use crate::born::{Born, MessageKind};
use crate::clean::Clean;
use crate::engine::Tx;
use crate::ledger::EventKind;
use crate::message::Group;
use crate::{CleanId, QueueId, Store, StoreError};
use mail::{DateTime, Mailbox};
use policy::HoldReason;
use rusqlite::params;

/// What the next hop said of a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientResult {
    /// It took it.
    Delivered {
        /// Its reply.
        reply: String,
    },
    /// Not now.
    Deferred {
        /// When to try again.
        until: DateTime,
        /// Its reply, or what kept us from asking.
        reply: String,
    },
    /// It refused for good, and the sender is told.
    Bounced {
        /// Its reply.
        reply: String,
    },
    /// It refused for a reason that is not the sender's: a person must look.
    Held {
        /// Why.
        reason: HoldReason,
        /// Its reply.
        reply: String,
    },
}

/// A draft whose lease is held.
pub(crate) struct HeldLease {
    pub(crate) group: Group,
    pub(crate) queue_id: QueueId,
    pub(crate) kind: MessageKind,
    pub(crate) body: i64,
}

#[derive(Default)]
struct Counts {
    delivered: u64,
    bounced: u64,
    held: Option<HoldReason>,
}

impl Store {
    /// Records what became of recipients. Those not named stay in the queue and are due again.
    pub async fn settle(
        &self,
        id: CleanId,
        results: Vec<(Mailbox, RecipientResult)>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| tx.settle(id, &results).map(drop)).await
    }

    /// As [`Store::settle`], with the failure report for the bounced recipients in the same transaction.
    pub async fn settle_with_dsn(
        &self,
        id: CleanId,
        results: Vec<(Mailbox, RecipientResult)>,
        dsn: Born,
        clean: Clean,
    ) -> Result<QueueId, StoreError> {
        let sealed = self.seal_born(clean).await?;
        self.write(move |tx| {
            let (message, queue_id) = tx.settle(id, &results)?;
            tx.put_born(message, &queue_id, &Born { kind: MessageKind::Dsn, ..dsn }, sealed)
        })
        .await
    }
}

/// A reply as it is kept: one line, at most 500 characters.
fn kept_reply(reply: &str) -> String {
    reply.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

impl Tx<'_> {
    fn settle(
        &mut self,
        id: CleanId,
        results: &[(Mailbox, RecipientResult)],
    ) -> Result<(i64, QueueId), StoreError> {
        let lease = self.leased_clean(id)?;
        let mut counts = Counts::default();
        for (mailbox, result) in results {
            self.settle_one(&lease.group, &mailbox.to_string(), result, &mut counts)?;
        }
        let (queue_id, zone) = (lease.queue_id.clone(), lease.group.zone.clone());
        if counts.delivered > 0 && lease.kind == MessageKind::Digest {
            self.mark_listed(lease.group.message)?;
        }
        if counts.delivered > 0 {
            let recipients = counts.delivered;
            self.audit(&AuditEvent::MessageDelivered {
                queue_id: queue_id.clone(),
                zone: zone.clone(),
                recipients,
            })?;
        }
        if counts.bounced > 0 {
            let recipients = counts.bounced;
            self.audit(&AuditEvent::MessageBounced {
                queue_id: queue_id.clone(),
                zone: zone.clone(),
                recipients,
            })?;
        }
        if let Some(reason) = counts.held {
            let mut update =
                self.db.prepare_cached("UPDATE job SET hold_reason = ?1, held_s = ?2 WHERE id = ?3")?;
            update.execute(params![reason.name(), self.now_s, lease.group.job])?;
            self.audit(&AuditEvent::MessageHeld {
                queue_id,
                zone,
                policy_version: lease.group.policy_version.clone(),
                reason: reason.name().to_owned(),
                by: None,
            })?;
        }
        self.close_or_requeue(id, &lease)?;
        Ok((lease.group.message, lease.queue_id))
    }

    fn settle_one(
        &self,
        group: &Group,
        address: &str,
        result: &RecipientResult,
        counts: &mut Counts,
    ) -> Result<(), StoreError> {
        let moved = |kind, reply: &str| {
            self.move_recipient(group, address, "in_queue", kind, Some(&kept_reply(reply)))
        };
        match result {
            RecipientResult::Delivered { reply } => {
                counts.delivered =
                    counts.delivered.saturating_add(moved(EventKind::Delivered, reply)?.into());
            }
            RecipientResult::Bounced { reply } => {
                counts.bounced = counts.bounced.saturating_add(moved(EventKind::Bounced, reply)?.into());
            }
            RecipientResult::Held { reason, reply } => {
                if moved(EventKind::Held, reply)? {
                    counts.held = Some(*reason);
                }
            }
            RecipientResult::Deferred { until, reply } => {
                let mut update = self.db.prepare_cached(
                    "UPDATE recipient SET due_s = ?1, reply = ?2, changed_s = ?3
                     WHERE message = ?4 AND address = ?5 AND job = ?6 AND state = 'in_queue'",
                )?;
                let reply = kept_reply(reply);
                update.execute(params![
                    until.unix_s,
                    reply,
                    self.now_s,
                    group.message,
                    address,
                    group.job
                ])?;
            }
        }
        Ok(())
    }

    /// The draft of a lease that is still held.
    pub(crate) fn leased_clean(&self, id: CleanId) -> Result<HeldLease, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT clean.message, clean.job, clean.zone, clean.policy_version, clean.body, message.queue_id,
                message.kind
             FROM clean JOIN message ON message.id = clean.message
             WHERE clean.id = ?1 AND clean.lease = ?2 AND clean.state = 'leased'",
        )?;
        let mut rows = query.query([id.row, id.lease])?;
        let Some(row) = rows.next()? else { return Err(StoreError::LeaseLost) };
        Ok(HeldLease {
            group: Group {
                message: row.get(0)?,
                job: row.get(1)?,
                zone: row.get(2)?,
                policy_version: row.get(3)?,
            },
            body: row.get(4)?,
            queue_id: crate::jobs::queue_id_of(row, 5)?,
            kind: MessageKind::of_name(&row.get::<_, String>(6)?)?,
        })
    }

    /// With recipients left, the draft is due again when the first of them is; without, it goes.
    fn close_or_requeue(&mut self, id: CleanId, lease: &HeldLease) -> Result<(), StoreError> {
        let group = &lease.group;
        let mut query = self.db.prepare_cached(
            "SELECT sum(state = 'in_queue'), sum(state = 'held'), min(coalesce(due_s, ?3)) FILTER (WHERE state = 'in_queue')
             FROM recipient WHERE message = ?1 AND job = ?2",
        )?;
        let row = params![group.message, group.job, self.now_s];
        let (left, held, due_s): (i64, i64, Option<i64>) =
            query.query_row(row, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if left > 0 {
            let mut update = self.db.prepare_cached(
                "UPDATE clean SET state = 'ready', due_s = ?1, attempting_s = NULL WHERE id = ?2",
            )?;
            update.execute(params![due_s.unwrap_or(self.now_s), id.row])?;
            self.new_clean = self.new_clean.saturating_add(1);
            return Ok(());
        }
        self.set_job(group.job, if held > 0 { "held" } else { "done" })?;
        self.shelve_clean(id.row, lease.body, lease.kind, held > 0)
    }

    /// A draft that nobody waits for goes. One of ours that is held stays, because there is no original to make it
    /// from again.
    pub(crate) fn shelve_clean(
        &mut self,
        row: i64,
        body: i64,
        kind: MessageKind,
        held: bool,
    ) -> Result<(), StoreError> {
        if held && kind != MessageKind::Mail {
            let mut update = self.db.prepare_cached(
                "UPDATE clean SET state = 'held', attempting_s = NULL, lease = lease + 1 WHERE id = ?1",
            )?;
            update.execute([row])?;
            return Ok(());
        }
        self.db.prepare_cached("DELETE FROM clean WHERE id = ?1")?.execute([row])?;
        self.remove_body(body)
    }

    /// Removes a body with its row; a file goes once this is durable.
    pub(crate) fn remove_body(&mut self, body: i64) -> Result<(), StoreError> {
        // Inline octets are not read just to be thrown away.
        let mut query = self.db.prepare_cached("SELECT file FROM body WHERE id = ?1")?;
        if let Some(name) = query.query_row([body], |row| row.get::<_, Option<String>>(0))? {
            self.unlink.push(name);
        }
        self.db.prepare_cached("DELETE FROM body WHERE id = ?1")?.execute([body])?;
        Ok(())
    }
}
