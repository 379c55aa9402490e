//! What is removed when its time is over: originals, records, whole audit segments, working keys, held mail.
//!
//! Purging is two steps: a plan that only counts, and the deed, which is refused when the plan no longer fits, when
//! the clock jumped, or when the audit chain does not hold.

use crate::audit::AuditEvent;
use crate::clock::day_of;
use crate::engine::Tx;
use crate::ledger::EventKind;
use crate::{Actor, Denial, QueueId, Store, StoreError};
use mail::DateTime;
use rusqlite::{Connection, params};

/// What to purge: everything accepted before these instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purge {
    /// Originals.
    pub originals_before: Option<DateTime>,
    /// Records of messages whose original is gone, and whole audit segments.
    pub records_before: Option<DateTime>,
}

/// What a purge would remove. Only [`Store::purge_plan`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgePlan {
    purge: Purge,
    /// Originals.
    pub originals: u64,
    /// Octets that they take.
    pub octets: u64,
    /// Originals that stay because of a legal hold.
    pub legal_holds: u64,
    /// Messages whose records go.
    pub records: u64,
    /// Audit segments that go; their signed roots stay.
    pub segments: u64,
}

/// How long a held message must have stood in both lists before it may expire, in seconds.
const LISTED_S: i64 = 7 * 86_400;

/// Working keys older than this many days go, if nothing needs them.
const WORKING_DAYS: i64 = 3;

/// Originals that may go: nothing of the message is in the queue or held.
const PURGEABLE: &str = "
    FROM message WHERE original IS NOT NULL AND stored_s < ?1 AND NOT EXISTS (
        SELECT 1 FROM recipient WHERE recipient.message = message.id AND state IN ('in_queue', 'held'))";

/// Messages whose records may go: no original, nothing open, and no child or parent that is kept for such a reason.
const OUTDATED: &str = "
    FROM message WHERE original IS NULL AND stored_s < ?1
        AND NOT EXISTS (SELECT 1 FROM recipient WHERE recipient.message = message.id AND state IN ('in_queue', 'held'))
        AND NOT EXISTS (SELECT 1 FROM message AS child WHERE child.parent = message.id AND child.stored_s >= ?1)";

/// Closed segments before the oldest row that something kept still points to.
const CLOSED: &str = "
    FROM audit_segment WHERE purged_s IS NULL
        AND (SELECT max(at_s) FROM audit WHERE seq = audit_segment.last_seq) < ?1
        AND last_seq < (SELECT min(seq) FROM (
            SELECT min(received_seq) AS seq FROM message WHERE original IS NOT NULL
            UNION ALL SELECT min(requested_seq) FROM release_request WHERE state IN ('open', 'approved')
            UNION ALL SELECT 9223372036854775807))";

impl Store {
    /// Counts what a purge would remove, and removes nothing.
    pub async fn purge_plan(&self, purge: Purge) -> Result<PurgePlan, StoreError> {
        self.read(move |db| plan(db, purge)).await
    }

    /// Removes what the plan counted. Refused when anything changed since, when the clock jumped, or when the audit
    /// chain is broken.
    pub async fn purge(&self, planned: &PurgePlan, by: &Actor) -> Result<(), StoreError> {
        self.clock_is_sound()?;
        if !self.audit_verify(None).await?.is_sound() {
            return Err(StoreError::Refused(Denial::AuditBroken));
        }
        let (planned, by) = (planned.clone(), by.uid);
        self.write(move |tx| {
            if plan(tx.db, planned.purge)? != planned {
                return Err(StoreError::Refused(Denial::PlanStale));
            }
            if let Some(before) = planned.purge.originals_before {
                tx.purge_originals(before.unix_s, by)?;
            }
            if let Some(before) = planned.purge.records_before {
                tx.purge_records(before.unix_s, &planned, by)?;
            }
            Ok(())
        })
        .await
    }

    /// Lets held copies expire that were accepted before `before` and stood in both lists for a week. Returns how many.
    pub async fn expire_held(&self, before: DateTime) -> Result<u64, StoreError> {
        self.clock_is_sound()?;
        self.write(move |tx| tx.expire_held(before.unix_s)).await
    }

    /// Destroys working keys that are three days old and that nothing queued, waiting or leased needs, letters
    /// included. Returns their days.
    pub async fn destroy_working_keys(&self) -> Result<Vec<DateTime>, StoreError> {
        self.clock_is_sound()?;
        self.write(|tx| tx.forget_letters().and_then(|()| tx.end_agreed())).await?;
        let today = day_of(self.now_s());
        let mut destroyed = Vec::new();
        for day in self.inner.working.before(today.saturating_sub(WORKING_DAYS.saturating_sub(1))) {
            // The chain says it before it is done: a key that is said to be gone and is not is destroyed next time.
            let free = self.write(move |tx| {
                let needed = is_needed(tx.db, day)?;
                if !needed {
                    tx.audit(&AuditEvent::KeyDestroyed { day })?;
                }
                Ok(!needed)
            });
            if free.await? {
                self.inner.working.destroy(day)?;
                self.inner.records.forget(day);
                destroyed.push(DateTime::utc(day.saturating_mul(86_400)));
            }
        }
        Ok(destroyed)
    }
}

fn is_needed(db: &Connection, day: i64) -> Result<bool, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM clean WHERE working_day = ?1)
             OR EXISTS (SELECT 1 FROM letter WHERE working_day = ?1)
             OR EXISTS (SELECT 1 FROM job JOIN message ON message.id = job.message
                 WHERE job.state IN ('queued', 'leased', 'clean') AND message.working_day = ?1)",
    )?;
    Ok(query.query_row([day], |row| row.get(0))?)
}

fn number(db: &Connection, text: &str, before_s: i64) -> Result<u64, StoreError> {
    let count: i64 = db.query_row(text, [before_s], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn plan(db: &Connection, purge: Purge) -> Result<PurgePlan, StoreError> {
    let mut plan = PurgePlan { purge, originals: 0, octets: 0, legal_holds: 0, records: 0, segments: 0 };
    if let Some(before) = purge.originals_before {
        let count = |what: &str, held: u8| {
            number(db, &format!("SELECT {what} {PURGEABLE} AND legal_hold = {held}"), before.unix_s)
        };
        plan.originals = count("count(*)", 0)?;
        plan.octets =
            count("coalesce(sum((SELECT size_octets FROM body WHERE body.id = message.original)), 0)", 0)?;
        plan.legal_holds = count("count(*)", 1)?;
    }
    if let Some(before) = purge.records_before {
        plan.records = number(db, &format!("SELECT count(*) {OUTDATED}"), before.unix_s)?;
        plan.segments = number(db, &format!("SELECT count(*) {CLOSED}"), before.unix_s)?;
    }
    Ok(plan)
}

impl Tx<'_> {
    fn ids(&self, text: &str, before_s: i64) -> Result<Vec<i64>, StoreError> {
        let mut query = self.db.prepare_cached(text)?;
        let rows = query.query_map([before_s], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn purge_originals(&mut self, before_s: i64, by: u32) -> Result<(), StoreError> {
        let ids = self.ids(&format!("SELECT id {PURGEABLE} AND legal_hold = 0"), before_s)?;
        for id in &ids {
            let body = "SELECT original FROM message WHERE id = ?1";
            let body = self.db.prepare_cached(body)?.query_row([id], |row| row.get(0))?;
            self.remove_body(body)?;
            let clear = "UPDATE message SET original = NULL, working_day = NULL, purged_s = ?1 WHERE id = ?2";
            self.db.prepare_cached(clear)?.execute([self.now_s, *id])?;
        }
        if !ids.is_empty() {
            let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            self.audit(&AuditEvent::OriginalsPurged { count, before_s, by })?;
        }
        Ok(())
    }

    fn purge_records(&mut self, before_s: i64, planned: &PurgePlan, by: u32) -> Result<(), StoreError> {
        if planned.records == 0 && planned.segments == 0 {
            return Ok(());
        }
        self.db.execute("INSERT INTO purge_open(id) VALUES(1)", [])?;
        for id in self.ids(&format!("SELECT id {OUTDATED}"), before_s)? {
            for text in [
                "DELETE FROM report WHERE job IN (SELECT id FROM job WHERE message = ?1)",
                "DELETE FROM brought_to WHERE job IN (SELECT id FROM job WHERE message = ?1)",
                "DELETE FROM job WHERE message = ?1",
                "DELETE FROM recipient WHERE message = ?1",
                "DELETE FROM ledger_event WHERE message = ?1",
                "DELETE FROM release_request WHERE message = ?1",
                "DELETE FROM digest_line WHERE digest = ?1 OR message = ?1",
                "DELETE FROM message WHERE id = ?1",
            ] {
                self.db.prepare_cached(text)?.execute([id])?;
            }
        }
        let segments = self.ids(&format!("SELECT last_seq {CLOSED} ORDER BY last_seq"), before_s)?;
        if let Some(last) = segments.last() {
            self.db.execute("DELETE FROM audit WHERE seq <= ?1", [last])?;
            self.db.execute(
                "UPDATE audit_segment SET purged_s = ?1 WHERE last_seq <= ?2 AND purged_s IS NULL",
                params![self.now_s, last],
            )?;
        }
        let old_keys = "DELETE FROM record_key WHERE day < ?1 AND NOT EXISTS (SELECT 1 FROM report)";
        self.db.execute(old_keys, [day_of(before_s)])?;
        self.db.execute("DELETE FROM purge_open", [])?;
        let (messages, segments) = (planned.records, planned.segments);
        self.audit(&AuditEvent::RecordsPurged { messages, segments, before_s, by })?;
        Ok(())
    }

    fn expire_held(&mut self, before_s: i64) -> Result<u64, StoreError> {
        let listed_before_s = self.now_s.saturating_sub(LISTED_S);
        let mut query = self.db.prepare_cached(
            "SELECT recipient.message, recipient.job, recipient.address, message.queue_id
             FROM recipient JOIN message ON message.id = recipient.message
             WHERE recipient.state = 'held' AND message.stored_s < ?1 AND message.legal_hold = 0
                 AND recipient.listed_s <= ?2 AND recipient.digested_s <= ?2",
        )?;
        let mut rows = query.query(params![before_s, listed_before_s])?;
        let mut found: Vec<(i64, i64, String, QueueId)> = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, row.get(1)?, row.get(2)?, crate::jobs::queue_id_of(row, 3)?));
        }
        drop(rows);
        for (message, job, address, queue_id) in &found {
            let Some(group) = self.groups_of(*message)?.into_iter().find(|group| group.job == *job) else {
                return Err(StoreError::Damaged("a recipient without a job"));
            };
            self.move_recipient(&group, address, "held", EventKind::Expired, Some("retention"))?;
            if self.count(&group, "in_queue")? == 0 && self.count(&group, "held")? == 0 {
                let (kind, _) = self.kind_of(*message)?;
                self.remove_drafts(&group, kind, false)?;
                self.set_job(*job, "done")?;
            }
            let queue_id = queue_id.clone();
            self.audit(&AuditEvent::MessageExpired { queue_id, recipients: 1 })?;
        }
        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }
}
