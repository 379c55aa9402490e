//! A draft that the verifier refused on load: made anew from the original once, then held.

use crate::audit::AuditEvent;
use crate::born::{Born, MessageKind, SealedBorn};
use crate::clean::Clean;
use crate::engine::Tx;
use crate::{CleanId, Store, StoreError};
use mail::Mailbox;
use policy::HoldReason;
use rusqlite::params;

/// Where a draft went that was sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBack {
    /// To be sanitised again.
    Again,
    /// Held: it was sent back before, or there is no original to make it from.
    Held,
}

impl Store {
    /// Sends a draft back. Recipients that have it already keep it; only the others are served again.
    ///
    /// If it is held now, the stand-in goes to them in its place, in the same transaction; without one nothing goes.
    pub async fn send_back(
        &self,
        id: CleanId,
        reason: HoldReason,
        stand_in: Option<(Born, Clean)>,
    ) -> Result<SentBack, StoreError> {
        let stand_in = match stand_in {
            Some((born, clean)) => {
                Some((Born { kind: MessageKind::StandIn, ..born }, self.seal_born(clean).await?))
            }
            None => None,
        };
        self.write(move |tx| tx.send_back(id, reason, stand_in)).await
    }
}

impl Tx<'_> {
    fn send_back(
        &mut self,
        id: CleanId,
        reason: HoldReason,
        stand_in: Option<(Born, SealedBorn)>,
    ) -> Result<SentBack, StoreError> {
        let lease = self.leased_clean(id)?;
        let group = &lease.group;
        let mut query = self.db.prepare_cached(
            "SELECT job.sent_back = 0 AND message.original IS NOT NULL FROM job
             JOIN message ON message.id = job.message WHERE job.id = ?1",
        )?;
        let again: bool = query.query_row([group.job], |row| row.get(0))?;
        if !again {
            let held = self.hold_group(group, &lease.queue_id, reason, None)?;
            self.shelve_clean(id.row, lease.body, lease.kind, true)?;
            if let Some((mut born, sealed)) = stand_in.filter(|_| !held.is_empty()) {
                born.recipients = held.iter().filter_map(|address| Mailbox::parse(address).ok()).collect();
                self.put_born(group.message, &lease.queue_id, &born, sealed)?;
            }
            return Ok(SentBack::Held);
        }
        self.shelve_clean(id.row, lease.body, MessageKind::Mail, false)?;
        let mut update = self.db.prepare_cached(
            "UPDATE job SET state = 'queued', due_s = ?1, sent_back = sent_back + 1, attempt = 0, lease = lease + 1
             WHERE id = ?2",
        )?;
        update.execute(params![self.now_s, group.job])?;
        let zone = group.zone.clone();
        self.audit(&AuditEvent::MessageRequeued { queue_id: lease.queue_id, zone, by: None })?;
        self.new_jobs = self.new_jobs.saturating_add(1);
        Ok(SentBack::Again)
    }
}
