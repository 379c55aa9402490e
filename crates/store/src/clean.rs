//! Drafts at rest, and the deliverer's lease on them.
//!
//! What lies here is a draft, not a `CleanMessage`: types end at the disk, and whoever leases one has it verified
//! again under the policy of that day.

use crate::bodies::{self, Kept, Staged};
use crate::born::{MessageKind, of_born};
use crate::engine::Tx;
use crate::jobs::{of_job, parent_of, pending, queue_id_of, receipt_of};
use crate::message::Group;
use crate::records::Summary;
use crate::seal;
use crate::{CleanId, QueueId, Receipt, Store, StoreError};
use mail::{DateTime, Mailbox, ReversePath};
use policy::Outcome;
use rusqlite::params;
use std::fmt;

/// A composed message with all that is needed to verify it again.
#[derive(Clone, PartialEq, Eq)]
pub struct Clean {
    /// The message, composed.
    pub octets: Vec<u8>,
    /// What the verifier holds it against, in its own words.
    pub expected: Vec<u8>,
    /// The report.
    pub report_json: String,
    /// What lists show.
    pub summary: Summary,
}

impl fmt::Debug for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clean({} octets, {:?})", self.octets.len(), self.summary)
    }
}

/// A draft to be verified and delivered before the lease ends.
#[derive(Clone, PartialEq, Eq)]
pub struct LeasedClean {
    /// The handle that the other verbs want.
    pub id: CleanId,
    /// Queue id of this message.
    pub queue_id: QueueId,
    /// The message that it belongs to, when it is one of ours.
    pub parent: Option<QueueId>,
    /// What it is.
    pub kind: MessageKind,
    /// Receipt number of the message, or of the one that it belongs to.
    pub receipt: Option<Receipt>,
    /// Zone of the recipients.
    pub zone: String,
    /// Policy under which it was made.
    pub policy_version: String,
    /// Whom failures are reported to.
    pub reverse_path: ReversePath,
    /// The recipients that are due.
    pub recipients: Vec<Mailbox>,
    /// The composed message.
    pub octets: Vec<u8>,
    /// What the verifier holds it against.
    pub expected: Vec<u8>,
    /// How often it was leased, this time included: from 1.
    pub attempt: u32,
    /// When delivery was first tried.
    pub first_attempt: Option<DateTime>,
    /// When the message came, or came to be.
    pub accepted: DateTime,
}

impl fmt::Debug for LeasedClean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, kind, octets) = (&self.queue_id, self.kind, self.octets.len());
        write!(f, "LeasedClean({id}, {kind:?}, {octets} octets, attempt {})", self.attempt)
    }
}

/// A draft and its records, sealed, not yet in any row.
pub(crate) struct SealedClean {
    staged: Staged,
    expected: Vec<u8>,
    working_day: i64,
    records: SealedRecords,
    pub(crate) outcome: Outcome,
    pub(crate) size_octets: i64,
}

pub(crate) struct SealedRecords {
    summary: Vec<u8>,
    report: Vec<u8>,
}

/// A draft as its row says, still sealed.
struct Found {
    leased: LeasedClean,
    kept: Kept,
    expected: Vec<u8>,
    working_day: i64,
    belongs_to: String,
}

impl Store {
    pub(crate) async fn seal_records(
        &self,
        belongs_to: &str,
        report_json: &str,
        summary: &Summary,
    ) -> Result<SealedRecords, StoreError> {
        let sealer = self.sealer().await?;
        let Ok(summary) = postcard::to_stdvec(summary) else {
            return Err(StoreError::Damaged("a summary cannot be written"));
        };
        Ok(SealedRecords {
            summary: sealer.seal(&format!("summary {belongs_to}"), &summary)?,
            report: sealer.seal(&format!("report {belongs_to}"), report_json.as_bytes())?,
        })
    }

    pub(crate) async fn seal_clean(
        &self,
        belongs_to: String,
        clean: Clean,
    ) -> Result<SealedClean, StoreError> {
        let Clean { octets, expected, report_json, summary } = clean;
        let records = self.seal_records(&belongs_to, &report_json, &summary).await?;
        let working = self.inner.working.current(self.now_s())?;
        let outcome = summary.outcome;
        self.sized(octets.len(), move |inner| {
            let sealed = seal::seal(&working.drafts, &format!("draft {belongs_to}"), &octets)?;
            Ok(SealedClean {
                staged: inner.bodies.stage(sealed)?,
                expected: seal::seal(&working.drafts, &format!("expected {belongs_to}"), &expected)?,
                working_day: working.day,
                records,
                outcome,
                size_octets: i64::try_from(octets.len()).unwrap_or(i64::MAX),
            })
        })
        .await
    }

    /// Leases up to `max` drafts that are due, the oldest first.
    ///
    /// A draft that does not open any more comes without octets and expectations, so that no verifier passes it; it
    /// is the caller's to send back.
    pub async fn lease_clean(&self, max: usize, lease_s: u32) -> Result<Vec<LeasedClean>, StoreError> {
        let found = self.write(move |tx| tx.lease_clean(max, lease_s)).await?;
        let mut leased = Vec::with_capacity(found.len());
        for found in found {
            let bare = found.leased.clone();
            let octets = if matches!(found.kept, Kept::Inline(_)) { 0 } else { usize::MAX };
            match self.sized(octets, move |inner| inner.open_clean(found)).await {
                Ok(clean) => leased.push(clean),
                Err(error) => {
                    tracing::error!(queue_id = %bare.queue_id, %error, "a draft does not open");
                    leased.push(bare);
                }
            }
        }
        Ok(leased)
    }

    /// Says, durably, that DATA is about to be sent.
    pub async fn attempting(&self, id: CleanId) -> Result<(), StoreError> {
        self.write(move |tx| {
            let mut update = tx.db.prepare_cached(
                "UPDATE clean SET attempting_s = ?1, first_attempt_s = coalesce(first_attempt_s, ?1)
                 WHERE id = ?2 AND lease = ?3 AND state = 'leased'",
            )?;
            match update.execute(params![tx.now_s, id.row, id.lease])? {
                0 => Err(StoreError::LeaseLost),
                _ => Ok(()),
            }
        })
        .await
    }
}

impl crate::store::Inner {
    fn open_clean(&self, found: Found) -> Result<LeasedClean, StoreError> {
        let Found { mut leased, kept, expected, working_day, belongs_to } = found;
        let working = self.working.of_day(working_day)?;
        let sealed = self.bodies.load(kept)?;
        leased.octets = seal::open(&working.drafts, &format!("draft {belongs_to}"), &sealed)?;
        leased.expected = seal::open(&working.drafts, &format!("expected {belongs_to}"), &expected)?;
        Ok(leased)
    }
}

impl Tx<'_> {
    pub(crate) fn put_records(&self, group: &Group, records: &SealedRecords) -> Result<(), StoreError> {
        let mut insert = self.db.prepare_cached(
            "INSERT OR REPLACE INTO report(job, tenant, zone, policy_version, summary, report)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        insert.execute(params![
            group.job,
            self.tenant,
            group.zone,
            group.policy_version,
            records.summary,
            records.report
        ])?;
        Ok(())
    }

    pub(crate) fn insert_clean(&mut self, group: &Group, sealed: SealedClean) -> Result<(), StoreError> {
        let body = bodies::insert(self.db, self.tenant, sealed.staged)?;
        let mut insert = self.db.prepare_cached(
            "INSERT INTO clean(job, message, tenant, zone, policy_version, state, due_s, body, expected, working_day)
             VALUES(?1, ?2, ?3, ?4, ?5, 'ready', ?6, ?7, ?8, ?9)",
        )?;
        insert.execute(params![
            group.job,
            group.message,
            self.tenant,
            group.zone,
            group.policy_version,
            self.now_s,
            body,
            sealed.expected,
            sealed.working_day
        ])?;
        self.put_records(group, &sealed.records)?;
        self.new_clean = self.new_clean.saturating_add(1);
        Ok(())
    }

    fn lease_clean(&mut self, max: usize, lease_s: u32) -> Result<Vec<Found>, StoreError> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let mut query = self.db.prepare_cached(
            "SELECT clean.id, clean.lease, clean.attempt, clean.zone, clean.policy_version, clean.message, clean.job,
                clean.first_attempt_s, clean.body, clean.expected, clean.working_day, message.queue_id,
                message.receipt, message.kind, message.parent, message.reverse_path, message.accepted_s,
                message.accepted_offset_min
             FROM clean JOIN message ON message.id = clean.message
             WHERE clean.state IN ('ready', 'leased') AND clean.due_s <= ?1
             ORDER BY clean.due_s, clean.id LIMIT ?2",
        )?;
        let until_s = self.now_s.saturating_add(i64::from(lease_s));
        let (mut found, mut unreadable): (Vec<Found>, Vec<(i64, i64, StoreError)>) = (Vec::new(), Vec::new());
        let mut rows = query.query(params![self.now_s, max])?;
        while let Some(row) = rows.next()? {
            match self.found_clean(row) {
                Ok(clean) => found.push(clean),
                Err(error) => unreadable.push((row.get(0)?, row.get(6)?, error)),
            }
        }
        drop(rows);
        // A row that cannot be read must not stand before all others for ever.
        for (clean, job, error) in unreadable {
            tracing::error!(clean, job, %error, "a draft cannot be read; it is held");
            self.hold_unreadable(job)?;
            self.db
                .prepare_cached("UPDATE clean SET state = 'held', lease = lease + 1 WHERE id = ?1")?
                .execute([clean])?;
        }
        let mut update = self.db.prepare_cached(
            "UPDATE clean SET state = 'leased', due_s = ?1, attempt = ?2, lease = ?3, attempting_s = NULL
             WHERE id = ?4",
        )?;
        for found in &found {
            let clean = &found.leased;
            update.execute(params![until_s, clean.attempt, clean.id.lease, clean.id.row])?;
        }
        Ok(found)
    }

    fn found_clean(&self, row: &rusqlite::Row<'_>) -> Result<Found, StoreError> {
        let (message, job): (i64, i64) = (row.get(5)?, row.get(6)?);
        let kind = MessageKind::of_name(&row.get::<_, String>(13)?)?;
        let queue_id = queue_id_of(row, 11)?;
        let parent = parent_of(self.db, row.get(14)?)?;
        let (parent, parent_receipt) = parent.map_or((None, None), |(id, receipt)| (Some(id), receipt));
        let belongs_to = if kind == MessageKind::Mail { of_job(job) } else { of_born(&queue_id) };
        let leased = LeasedClean {
            id: CleanId { row: row.get(0)?, lease: i64::saturating_add(row.get(1)?, 1) },
            queue_id,
            parent,
            kind,
            receipt: receipt_of(row, 12)?.or(parent_receipt),
            zone: row.get(3)?,
            policy_version: row.get(4)?,
            reverse_path: reverse_path_of(&row.get::<_, String>(15)?)?,
            recipients: pending(self.db, message, job, Some(self.now_s))?,
            octets: Vec::new(),
            expected: Vec::new(),
            attempt: u32::saturating_add(row.get(2)?, 1),
            first_attempt: row.get::<_, Option<i64>>(7)?.map(DateTime::utc),
            accepted: DateTime { unix_s: row.get(16)?, offset_min: row.get(17)? },
        };
        let kept = bodies::find(self.db, row.get(8)?)?;
        Ok(Found { leased, kept, expected: row.get(9)?, working_day: row.get(10)?, belongs_to })
    }
}

/// Reads a reverse-path as it displays.
pub(crate) fn reverse_path_of(text: &str) -> Result<ReversePath, StoreError> {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    match inner {
        Some("") => Ok(ReversePath::Null),
        Some(mailbox) => Mailbox::parse(mailbox)
            .map(ReversePath::Mailbox)
            .or(Err(StoreError::Damaged("a reverse-path cannot be read"))),
        None => Err(StoreError::Damaged("a reverse-path cannot be read")),
    }
}
