//! What a person does to the queue: retry, drop, hold, put back what is held.

use crate::audit::{AuditEvent, digest_of_words};
use crate::born::MessageKind;
use crate::engine::Tx;
use crate::ledger::EventKind;
use crate::message::Group;
use crate::{Actor, Denial, QueueId, Store, StoreError};
use policy::HoldReason;
use rusqlite::params;

struct Draft {
    row: i64,
    body: i64,
    being_sent: bool,
}

impl Store {
    /// Makes everything of a message that waits due now. Returns how many jobs and drafts that are.
    pub async fn retry(&self, queue_id: &QueueId) -> Result<u64, StoreError> {
        let queue_id = queue_id.clone();
        self.write(move |tx| {
            let message = tx.message_of(&queue_id)?;
            let now = params![tx.now_s, message];
            tx.db.execute("UPDATE recipient SET due_s = NULL WHERE message = ?2 AND due_s > ?1", now)?;
            let jobs = "UPDATE job SET due_s = ?1 WHERE message = ?2 AND state = 'queued'";
            let clean = "UPDATE clean SET due_s = ?1 WHERE message = ?2 AND state = 'ready'";
            let (jobs, clean) = (tx.db.execute(jobs, now)?, tx.db.execute(clean, now)?);
            tx.new_jobs = tx.new_jobs.saturating_add(jobs);
            tx.new_clean = tx.new_clean.saturating_add(clean);
            Ok(u64::try_from(jobs.saturating_add(clean)).unwrap_or(u64::MAX))
        })
        .await
    }

    /// Throws away what is still in the queue or held of a message: its recipients count as discarded by a person.
    /// What was delivered stays delivered, and the original stays in the vault.
    pub async fn drop_message(
        &self,
        queue_id: &QueueId,
        by: &Actor,
        reason: &str,
    ) -> Result<u64, StoreError> {
        let reason = said(reason)?;
        let (queue_id, by) = (queue_id.clone(), by.uid);
        self.write(move |tx| {
            let (message, kind) = tx.message_at_rest(&queue_id)?;
            let mut dropped = 0_usize;
            for group in tx.groups_of(message)? {
                let cause = format!("uid {by}");
                for state in ["in_queue", "held"] {
                    let moved = tx.move_all(&group, state, EventKind::Discarded, Some(&cause))?;
                    dropped = dropped.saturating_add(moved.len());
                }
                tx.remove_drafts(&group, kind, false)?;
                tx.set_job(group.job, "done")?;
            }
            let recipients = u64::try_from(dropped).unwrap_or(u64::MAX);
            if recipients == 0 {
                return Err(StoreError::Refused(Denial::WrongState));
            }
            let reason_sha256 = digest_of_words(&reason);
            tx.audit(&AuditEvent::MessageDiscarded { queue_id, recipients, by, reason_sha256 })?;
            Ok(recipients)
        })
        .await
    }

    /// Holds what is still in the queue of a message. Returns how many recipients that are.
    pub async fn hold(&self, queue_id: &QueueId, by: &Actor) -> Result<u64, StoreError> {
        let (queue_id, by) = (queue_id.clone(), by.uid);
        self.write(move |tx| {
            let (message, kind) = tx.message_at_rest(&queue_id)?;
            let mut held = 0_usize;
            for group in tx.groups_of(message)? {
                if tx.count(&group, "in_queue")? == 0 {
                    continue;
                }
                let moved = tx.hold_group(&group, &queue_id, HoldReason::Person, Some(by))?;
                held = held.saturating_add(moved.len());
                tx.remove_drafts(&group, kind, true)?;
            }
            match held {
                0 => Err(StoreError::Refused(Denial::WrongState)),
                _ => Ok(u64::try_from(held).unwrap_or(u64::MAX)),
            }
        })
        .await
    }

    /// Puts what is held of a message back: mail is sanitised again from the original under today's policy, messages
    /// of ours are verified and tried again. No original goes inside by this.
    pub async fn release_held(&self, queue_id: &QueueId, by: &Actor) -> Result<u64, StoreError> {
        let (queue_id, by) = (queue_id.clone(), by.uid);
        self.write(move |tx| {
            let message = tx.message_of(&queue_id)?;
            let (kind, has_original) = tx.kind_of(message)?;
            if kind == MessageKind::Mail && !has_original {
                return Err(StoreError::Refused(Denial::OriginalGone));
            }
            let mut released = 0_usize;
            for group in tx.groups_of(message)? {
                if tx.count(&group, "held")? == 0 {
                    continue;
                }
                // Others of the group may be on their way: they keep their draft, and the held ones join later.
                if tx.count(&group, "in_queue")? > 0 {
                    return Err(StoreError::Refused(Denial::WrongState));
                }
                let cause = format!("uid {by}");
                let moved = tx.move_all(&group, "held", EventKind::Requeued, Some(&cause))?;
                released = released.saturating_add(moved.len());
                tx.requeue(&group, kind)?;
                let zone = group.zone.clone();
                tx.audit(&AuditEvent::MessageRequeued { queue_id: queue_id.clone(), zone, by: Some(by) })?;
            }
            match released {
                0 => Err(StoreError::Refused(Denial::WrongState)),
                _ => Ok(u64::try_from(released).unwrap_or(u64::MAX)),
            }
        })
        .await
    }
}

/// A reason that a person gave, at most 1,000 characters.
pub(crate) fn said(reason: &str) -> Result<String, StoreError> {
    let text: String = reason.trim().chars().take(1_000).collect();
    if text.is_empty() { Err(StoreError::Refused(Denial::NoReason)) } else { Ok(text) }
}

impl Tx<'_> {
    pub(crate) fn kind_of(&self, message: i64) -> Result<(MessageKind, bool), StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT kind, original IS NOT NULL FROM message WHERE id = ?1")?;
        let (kind, has_original): (String, bool) =
            query.query_row([message], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((MessageKind::of_name(&kind)?, has_original))
    }

    /// A message of which nothing is being sent right now: what was said after DATA cannot be taken back.
    fn message_at_rest(&self, queue_id: &QueueId) -> Result<(i64, MessageKind), StoreError> {
        let message = self.message_of(queue_id)?;
        for group in self.groups_of(message)? {
            if self.drafts_of(&group)?.iter().any(|draft| draft.being_sent) {
                return Err(StoreError::Refused(Denial::WrongState));
            }
        }
        Ok((message, self.kind_of(message)?.0))
    }

    pub(crate) fn groups_of(&self, message: i64) -> Result<Vec<Group>, StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT id, zone, policy_version FROM job WHERE message = ?1")?;
        let rows = query.query_map([message], |row| {
            Ok(Group { message, job: row.get(0)?, zone: row.get(1)?, policy_version: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn drafts_of(&self, group: &Group) -> Result<Vec<Draft>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, body, state = 'leased' AND attempting_s IS NOT NULL FROM clean WHERE job = ?1",
        )?;
        let rows = query.query_map([group.job], |row| {
            Ok(Draft { row: row.get(0)?, body: row.get(1)?, being_sent: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn remove_drafts(
        &mut self,
        group: &Group,
        kind: MessageKind,
        held: bool,
    ) -> Result<(), StoreError> {
        for draft in self.drafts_of(group)? {
            self.shelve_clean(draft.row, draft.body, kind, held)?;
        }
        Ok(())
    }

    pub(crate) fn count(&self, group: &Group, state: &str) -> Result<i64, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT count(*) FROM recipient WHERE message = ?1 AND job = ?2 AND state = ?3",
        )?;
        Ok(query.query_row(params![group.message, group.job, state], |row| row.get(0))?)
    }

    /// Puts a group back to work: mail to the sanitiser, ours to delivery.
    fn requeue(&mut self, group: &Group, kind: MessageKind) -> Result<(), StoreError> {
        if kind == MessageKind::Mail {
            self.db.execute(
                "UPDATE job SET state = 'queued', due_s = ?1, attempt = 0, sent_back = 0, hold_reason = NULL,
                    held_s = NULL, lease = lease + 1 WHERE id = ?2",
                params![self.now_s, group.job],
            )?;
            self.new_jobs = self.new_jobs.saturating_add(1);
            return Ok(());
        }
        let ready = self.db.execute(
            "UPDATE clean SET state = 'ready', due_s = ?1, attempt = 0, first_attempt_s = NULL WHERE job = ?2",
            params![self.now_s, group.job],
        )?;
        if ready == 0 {
            return Err(StoreError::Refused(Denial::OriginalGone));
        }
        self.db
            .execute("UPDATE job SET hold_reason = NULL, held_s = NULL WHERE id = ?1", params![group.job])?;
        self.set_job(group.job, "clean")?;
        self.new_clean = self.new_clean.saturating_add(1);
        Ok(())
    }
}
