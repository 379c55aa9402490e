//! The sanitiser's verbs: lease work, open its original, hand in the draft, hold it, give it back.

use crate::audit::AuditEvent;
use crate::bodies;
use crate::born::{Born, MessageKind};
use crate::clean::{Clean, SealedClean};
use crate::engine::Tx;
use crate::ledger::EventKind;
use crate::message::Group;
use crate::records::Summary;
use crate::vault;
use crate::{JobId, Letter, QueueId, Receipt, Store, StoreError};
use mail::{DateTime, Envelope, Mailbox, ReversePath, Untrusted};
use policy::HoldReason;
use rusqlite::{Connection, OptionalExtension, params};
use std::{fmt, sync::Arc, time::Duration};

/// One message for one policy group, to be sanitised before the lease ends.
#[derive(Clone, Debug)]
pub struct LeasedJob {
    /// The handle that the other verbs want.
    pub job: JobId,
    /// Queue id of the message.
    pub queue_id: QueueId,
    /// Receipt number of the message.
    pub receipt: Receipt,
    /// Zone of the recipients.
    pub zone: String,
    /// Policy of the recipients, as it was at acceptance.
    pub policy_version: String,
    /// Envelope as received; its forward-paths name recipients of other zones too.
    pub envelope: Envelope,
    /// The recipients of this group that are still in the queue.
    pub recipients: Vec<Mailbox>,
    /// When the message came.
    pub accepted: DateTime,
    /// Size of the original in octets.
    pub size_octets: u64,
    /// Whether bare CR or LF were in it.
    pub stray_line_ends: bool,
    /// How often it was leased, this time included: from 1.
    pub attempt: u32,
    /// Whether the verifier sent its draft back once.
    pub was_sent_back: bool,
    /// The original as it lies in the database; one that lies in a file is read when it is opened.
    sealed: Option<Sealed>,
}

/// A sealed original, with the day of its working key.
#[derive(Clone)]
struct Sealed {
    working_day: i64,
    octets: Arc<Vec<u8>>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} octets)", self.octets.len())
    }
}

impl Store {
    /// Leases up to `max` jobs that are due, the oldest first. Leases of others that ran out count as due.
    pub async fn lease_jobs(&self, max: usize, lease_s: u32) -> Result<Vec<LeasedJob>, StoreError> {
        self.write(move |tx| tx.lease_jobs(max, lease_s)).await
    }

    /// Ends when there may be a job to lease.
    pub async fn jobs_ready(&self) {
        const DUE: &str = "SELECT min(due_s) FROM job WHERE state IN ('queued', 'leased')";
        self.work_ready(&self.inner.wake.jobs, DUE).await;
    }

    /// Ends when there may be a draft to lease.
    pub async fn clean_ready(&self) {
        const DUE: &str = "SELECT min(due_s) FROM clean WHERE state IN ('ready', 'leased')";
        self.work_ready(&self.inner.wake.clean, DUE).await;
    }

    async fn work_ready(&self, notify: &tokio::sync::Notify, query: &'static str) {
        /// The wall clock may be set while we wait: look again after this time.
        const LONGEST_S: u64 = 30;
        /// Work that is due waits so much longer at most.
        const SHORTLY: Duration = Duration::from_millis(20);
        let notified = notify.notified();
        tokio::pin!(notified);
        // Most often there is something at once; only an idle loop asks when the next is due.
        if notified.as_mut().enable() || tokio::time::timeout(SHORTLY, notified.as_mut()).await.is_ok() {
            return;
        }
        let due = self.read(move |db| Ok(db.prepare_cached(query)?.query_row([], |row| row.get(0))?)).await;
        let wait_s = match due {
            Ok(Some(due_s)) => u64::try_from(i64::saturating_sub(due_s, self.now_s())).unwrap_or_default(),
            Ok(None) => LONGEST_S,
            // Broken: the caller's next verb says so; do not spin until then.
            Err(_) => 1,
        };
        if wait_s > 0 {
            let limit = Duration::from_secs(wait_s.min(LONGEST_S));
            let _woken = tokio::time::timeout(limit, notified).await.is_ok();
        }
    }

    /// The original of a leased job, by the working key of its day; the vault key serves where that is gone.
    pub async fn open_original(&self, job: &LeasedJob) -> Result<Untrusted, StoreError> {
        match &job.sealed {
            Some(sealed) => self.inner.open_sealed(sealed.working_day, &sealed.octets, job.size_octets),
            None => self.open_original_of(job.job.row).await,
        }
    }

    pub(crate) async fn open_original_of(&self, row: i64) -> Result<Untrusted, StoreError> {
        let inner = self.inner.clone();
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT message.original, message.working_day, message.size_octets
                 FROM job JOIN message ON message.id = job.message WHERE job.id = ?1",
            )?;
            let found: (Option<i64>, Option<i64>, i64) =
                query.query_row([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let (Some(body), Some(day), size_octets) = found else { return Err(StoreError::NotFound) };
            let file = inner.bodies.load(bodies::find(db, body)?)?;
            let size_octets = u64::try_from(size_octets).unwrap_or_default();
            inner.open_sealed(day, &file, size_octets)
        })
        .await
    }

    /// Hands in the draft of a job: durable, and due for delivery.
    pub async fn put_clean(&self, job: JobId, clean: Clean) -> Result<(), StoreError> {
        let sealed = self.seal_clean(of_job(job.row), clean).await?;
        self.write(move |tx| {
            let (group, queue_id, _) = tx.leased_job(job)?;
            tx.put_clean(&group, queue_id, sealed)
        })
        .await
    }

    /// As [`Store::put_clean`], with the letter that it is to its neighbours, in the same transaction.
    pub async fn put_clean_letter(
        &self,
        job: &LeasedJob,
        clean: Clean,
        letter: Letter,
    ) -> Result<(), StoreError> {
        let letter = self.seal_letter(job.job.row, &job.recipients, letter)?;
        let (job, sealed) = (job.job, self.seal_clean(of_job(job.job.row), clean).await?);
        self.write(move |tx| {
            let (group, queue_id, _) = tx.leased_job(job)?;
            tx.put_clean(&group, queue_id.clone(), sealed)?;
            tx.put_letter(&group, &queue_id, &letter)
        })
        .await
    }

    /// Holds a job's recipients, and sends them the stand-in, if there is one, in the same transaction. Returns the
    /// stand-in's queue id.
    pub async fn hold_job(
        &self,
        job: JobId,
        reason: HoldReason,
        report_json: String,
        summary: Summary,
        stand_in: Option<Clean>,
    ) -> Result<Option<QueueId>, StoreError> {
        let records = self.seal_records(&of_job(job.row), &report_json, &summary).await?;
        let stand_in = match stand_in {
            Some(clean) => Some(self.seal_born(clean).await?),
            None => None,
        };
        self.write(move |tx| {
            let (group, queue_id, accepted) = tx.leased_job(job)?;
            tx.put_records(&group, &records)?;
            let held = tx.hold_group(&group, &queue_id, reason, None)?;
            let Some(stand_in) = stand_in.filter(|_| !held.is_empty()) else { return Ok(None) };
            let recipients = held.iter().filter_map(|address| Mailbox::parse(address).ok()).collect();
            let (zone, policy_version) = (group.zone, group.policy_version);
            let reverse_path = ReversePath::Null;
            let born =
                Born { kind: MessageKind::StandIn, reverse_path, recipients, zone, policy_version, accepted };
            tx.put_born(group.message, &queue_id, &born, stand_in).map(Some)
        })
        .await
    }

    /// Gives a job back, to be leased again after `retry_after`. The attempt counts.
    pub async fn give_back(&self, job: JobId, retry_after: Duration) -> Result<(), StoreError> {
        self.give_back_after(job, retry_after, 0).await
    }

    /// Gives a job back that was not even begun (no child was free): the attempt does not count, so that a mail is
    /// never held for how busy we were.
    pub async fn give_back_untried(&self, job: JobId, retry_after: Duration) -> Result<(), StoreError> {
        self.give_back_after(job, retry_after, 1).await
    }

    async fn give_back_after(&self, job: JobId, after: Duration, uncounted: u8) -> Result<(), StoreError> {
        let after_s = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
        self.write(move |tx| {
            let mut update = tx.db.prepare_cached(
                "UPDATE job SET state = 'queued', due_s = ?1, attempt = attempt - ?4
                 WHERE id = ?2 AND lease = ?3 AND state = 'leased'",
            )?;
            let due_s = tx.now_s.saturating_add(after_s);
            let given = update.execute(params![due_s, job.row, job.lease, uncounted])?;
            if given == 0 {
                return Err(StoreError::LeaseLost);
            }
            tx.new_jobs = tx.new_jobs.saturating_add(1);
            Ok(())
        })
        .await
    }
}

/// What the records and the draft of a job are sealed for.
pub(crate) fn of_job(row: i64) -> String {
    format!("job {row}")
}

impl crate::store::Inner {
    fn open_sealed(&self, day: i64, file: &[u8], size_octets: u64) -> Result<Untrusted, StoreError> {
        let opened = match self.working.of_day(day) {
            Ok(key) => vault::open(&*key, file, size_octets),
            Err(_) => match self.settings.keys.identity() {
                Some(identity) => vault::open(identity, file, size_octets),
                None => Err(StoreError::NoKey),
            },
        };
        opened.map(Untrusted::new)
    }
}

impl Tx<'_> {
    fn lease_jobs(&mut self, max: usize, lease_s: u32) -> Result<Vec<LeasedJob>, StoreError> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let mut query = self.db.prepare_cached(
            "SELECT job.id, job.lease, job.attempt, job.sent_back, job.zone, job.policy_version, job.message,
                message.queue_id, message.receipt, message.envelope, message.accepted_s,
                message.accepted_offset_min, message.size_octets, message.stray_line_ends, message.working_day,
                body.octets
             FROM job JOIN message ON message.id = job.message LEFT JOIN body ON body.id = message.original
             WHERE job.state IN ('queued', 'leased') AND job.due_s <= ?1 ORDER BY job.due_s, job.id LIMIT ?2",
        )?;
        let mut update = self.db.prepare_cached(
            "UPDATE job SET state = 'leased', due_s = ?1, attempt = ?2, lease = ?3 WHERE id = ?4",
        )?;
        let until_s = self.now_s.saturating_add(i64::from(lease_s));
        let (mut leased, mut unreadable) = (Vec::new(), Vec::new());
        let mut rows = query.query(params![self.now_s, max])?;
        while let Some(row) = rows.next()? {
            match self.job_of(row) {
                Ok(job) => leased.push(job),
                Err(error) => unreadable.push((row.get(0)?, error)),
            }
        }
        drop(rows);
        // A row that cannot be read must not stand before all others for ever.
        for (job, error) in unreadable {
            tracing::error!(job, %error, "a job cannot be read; it is held");
            self.hold_unreadable(job)?;
        }
        for job in &leased {
            update.execute(params![until_s, job.attempt, job.job.lease, job.job.row])?;
        }
        Ok(leased)
    }

    fn job_of(&self, row: &rusqlite::Row<'_>) -> Result<LeasedJob, StoreError> {
        let job = JobId { row: row.get(0)?, lease: i64::saturating_add(row.get(1)?, 1) };
        let envelope: Vec<u8> = row.get(9)?;
        let (working_day, octets): (Option<i64>, Option<Vec<u8>>) = (row.get(14)?, row.get(15)?);
        let sealed = working_day
            .zip(octets)
            .map(|(working_day, octets)| Sealed { working_day, octets: Arc::new(octets) });
        Ok(LeasedJob {
            sealed,
            job,
            queue_id: queue_id_of(row, 7)?,
            receipt: receipt_of(row, 8)?.ok_or(StoreError::Damaged("a mail has no receipt number"))?,
            zone: row.get(4)?,
            policy_version: row.get(5)?,
            envelope: postcard::from_bytes(&envelope)
                .or(Err(StoreError::Damaged("an envelope cannot be read")))?,
            recipients: pending(self.db, row.get(6)?, job.row, None)?,
            accepted: DateTime { unix_s: row.get(10)?, offset_min: row.get(11)? },
            size_octets: u64::try_from(row.get::<_, i64>(12)?).unwrap_or_default(),
            stray_line_ends: row.get(13)?,
            attempt: u32::saturating_add(row.get(2)?, 1),
            was_sent_back: row.get::<_, i64>(3)? > 0,
        })
    }

    /// Holds the recipients of a job of which not even the row can be read.
    pub(crate) fn hold_unreadable(&mut self, job: i64) -> Result<(), StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT job.message, job.zone, job.policy_version, message.queue_id
             FROM job JOIN message ON message.id = job.message WHERE job.id = ?1",
        )?;
        let mut rows = query.query([job])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        let group = Group { message: row.get(0)?, job, zone: row.get(1)?, policy_version: row.get(2)? };
        let queue_id = queue_id_of(row, 3)?;
        self.hold_group(&group, &queue_id, HoldReason::InternalFault, None).map(drop)
    }

    /// The group of a job whose lease is still held, its queue id and when it was accepted.
    pub(crate) fn leased_job(&self, job: JobId) -> Result<(Group, QueueId, DateTime), StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT job.message, job.zone, job.policy_version, message.queue_id, message.accepted_s,
                message.accepted_offset_min
             FROM job JOIN message ON message.id = job.message
             WHERE job.id = ?1 AND job.lease = ?2 AND job.state = 'leased'",
        )?;
        let mut rows = query.query([job.row, job.lease])?;
        let Some(row) = rows.next()? else { return Err(StoreError::LeaseLost) };
        let group =
            Group { message: row.get(0)?, job: job.row, zone: row.get(1)?, policy_version: row.get(2)? };
        let accepted = DateTime { unix_s: row.get(4)?, offset_min: row.get(5)? };
        Ok((group, queue_id_of(row, 3)?, accepted))
    }

    fn put_clean(&mut self, group: &Group, queue_id: QueueId, sealed: SealedClean) -> Result<(), StoreError> {
        let outcome = sealed.outcome.name().to_owned();
        self.insert_clean(group, sealed)?;
        self.set_job(group.job, "clean")?;
        self.audit(&AuditEvent::MessageSanitised {
            queue_id,
            zone: group.zone.clone(),
            policy_version: group.policy_version.clone(),
            outcome,
        })?;
        Ok(())
    }

    /// Holds everything of a group that is in the queue; returns the addresses.
    pub(crate) fn hold_group(
        &mut self,
        group: &Group,
        queue_id: &QueueId,
        reason: HoldReason,
        by: Option<u32>,
    ) -> Result<Vec<String>, StoreError> {
        let held = self.move_all(group, "in_queue", EventKind::Held, Some(reason.name()))?;
        let mut update = self.db.prepare_cached(
            "UPDATE job SET state = 'held', hold_reason = ?1, held_s = ?2, lease = lease + 1 WHERE id = ?3",
        )?;
        update.execute(params![reason.name(), self.now_s, group.job])?;
        self.audit(&AuditEvent::MessageHeld {
            queue_id: queue_id.clone(),
            zone: group.zone.clone(),
            policy_version: group.policy_version.clone(),
            reason: reason.name().to_owned(),
            by,
        })?;
        Ok(held)
    }

    /// Moves a job to a state in which no lease is held.
    pub(crate) fn set_job(&self, job: i64, state: &str) -> Result<(), StoreError> {
        let mut update = self
            .db
            .prepare_cached("UPDATE job SET state = ?1, due_s = ?2, lease = lease + 1 WHERE id = ?3")?;
        update.execute(params![state, self.now_s, job])?;
        Ok(())
    }
}

pub(crate) fn queue_id_of(row: &rusqlite::Row<'_>, column: usize) -> Result<QueueId, StoreError> {
    let text: String = row.get(column)?;
    QueueId::parse(&text).ok_or(StoreError::Damaged("a queue id cannot be read"))
}

pub(crate) fn receipt_of(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<Receipt>, StoreError> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| Receipt::parse(&text)))
}

/// The recipients of a job that are in the queue; with `due_s`, only those that are due by then.
pub(crate) fn pending(
    db: &Connection,
    message: i64,
    job: i64,
    due_s: Option<i64>,
) -> Result<Vec<Mailbox>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT address FROM recipient WHERE message = ?1 AND job = ?2 AND state = 'in_queue'
            AND coalesce(due_s, 0) <= ?3",
    )?;
    let mut rows = query.query(params![message, job, due_s.unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let address: String = row.get(0)?;
        found.push(Mailbox::parse(&address).or(Err(StoreError::Damaged("an address cannot be read")))?);
    }
    Ok(found)
}

/// Queue id and receipt number of the message that a message of ours belongs to.
pub(crate) fn parent_of(
    db: &Connection,
    parent: Option<i64>,
) -> Result<Option<(QueueId, Option<Receipt>)>, StoreError> {
    let Some(parent) = parent else { return Ok(None) };
    let mut query = db.prepare_cached("SELECT queue_id, receipt FROM message WHERE id = ?1")?;
    let row =
        query.query_row([parent], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)));
    let Some((queue_id, receipt)) = row.optional()? else { return Ok(None) };
    let receipt = receipt.and_then(|text| Receipt::parse(&text));
    Ok(QueueId::parse(&queue_id).map(|queue_id| (queue_id, receipt)))
}
