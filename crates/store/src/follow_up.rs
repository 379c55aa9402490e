//! Parts that waited and became ready: each goes inside once, in a follow-up that hangs on its mail.

use crate::audit::AuditEvent;
use crate::born::{Born, MessageKind};
use crate::clean::Clean;
use crate::engine::Tx;
use crate::jobs::{of_job, queue_id_of, receipt_of};
use crate::message::Group;
use crate::{Actor, Denial, QueueId, Receipt, Store, StoreError};
use mail::{DateTime, Envelope, Mailbox, PartPath, ReversePath, Untrusted};
use rusqlite::{Connection, params};

/// A mail for one zone, as it stands in the ledger, of which parts may wait.
#[derive(Clone, Debug)]
pub struct Sanitised {
    group: Group,
    /// Queue id.
    pub queue_id: QueueId,
    /// Receipt number.
    pub receipt: Receipt,
    /// Zone.
    pub zone: String,
    /// Envelope as received.
    pub envelope: Envelope,
    /// The recipients of the zone that have the mail or will have it.
    pub recipients: Vec<Mailbox>,
    /// When the mail came.
    pub accepted: DateTime,
    /// The report; `None` where no key opens it.
    pub report_json: Option<String>,
    /// Parts that a follow-up brought already.
    pub brought: Vec<PartPath>,
}

impl Store {
    /// What was sanitised of a mail, zone by zone; nothing of what is held.
    pub async fn sanitised(&self, queue_id: &QueueId) -> Result<Vec<Sanitised>, StoreError> {
        let (queue_id, inner) = (queue_id.clone(), self.inner.clone());
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT job.id, job.message, job.zone, job.policy_version, message.queue_id, message.receipt,
                    message.envelope, message.accepted_s, message.accepted_offset_min, report.report
                 FROM message JOIN job ON job.message = message.id JOIN report ON report.job = job.id
                 WHERE message.queue_id = ?1 AND message.kind = 'mail' AND message.original IS NOT NULL
                    AND job.state IN ('clean', 'done')",
            )?;
            let mut rows = query.query([queue_id.as_str()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (job, message): (i64, i64) = (row.get(0)?, row.get(1)?);
                let (zone, policy_version): (String, String) = (row.get(2)?, row.get(3)?);
                let envelope: Vec<u8> = row.get(6)?;
                let sealed: Vec<u8> = row.get(9)?;
                let report = inner.open_record(db, &format!("report {}", of_job(job)), &sealed)?;
                found.push(Sanitised {
                    group: Group { message, job, zone: zone.clone(), policy_version },
                    queue_id: queue_id_of(row, 4)?,
                    receipt: receipt_of(row, 5)?
                        .ok_or(StoreError::Damaged("a mail has no receipt number"))?,
                    zone,
                    envelope: postcard::from_bytes(&envelope)
                        .or(Err(StoreError::Damaged("an envelope cannot be read")))?,
                    recipients: reached(db, message, job)?,
                    accepted: DateTime { unix_s: row.get(7)?, offset_min: row.get(8)? },
                    report_json: report.and_then(|report| String::from_utf8(report).ok()),
                    brought: brought(db, job)?,
                });
            }
            Ok(found)
        })
        .await
    }

    /// The original of such a mail, to be sanitised again with what its parts waited for.
    pub async fn open_sanitised(&self, mail: &Sanitised) -> Result<Untrusted, StoreError> {
        self.open_original_of(mail.group.job).await
    }

    /// Puts a follow-up into the queue that brings these parts. Refused when a part was brought before.
    pub async fn put_follow_up(
        &self,
        mail: &Sanitised,
        parts: Vec<PartPath>,
        by: &Actor,
        clean: Clean,
    ) -> Result<QueueId, StoreError> {
        if mail.recipients.is_empty() {
            return Err(StoreError::Refused(Denial::NoRecipients));
        }
        let sealed = self.seal_born(clean).await?;
        let born = Born {
            kind: MessageKind::FollowUp,
            reverse_path: ReversePath::Null,
            recipients: mail.recipients.clone(),
            zone: mail.zone.clone(),
            policy_version: mail.group.policy_version.clone(),
            accepted: DateTime::utc(self.now_s()).in_jst(),
        };
        let (mail, by) = (mail.clone(), by.uid);
        self.write(move |tx| {
            let follow_up = tx.put_born(mail.group.message, &mail.queue_id, &born, sealed)?;
            tx.bring(&mail, &parts, &follow_up, by)?;
            Ok(follow_up)
        })
        .await
    }
}

impl Tx<'_> {
    fn bring(
        &mut self,
        mail: &Sanitised,
        parts: &[PartPath],
        follow_up: &QueueId,
        by: u32,
    ) -> Result<(), StoreError> {
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO brought_part(job, path, follow_up) VALUES(?1, ?2, ?3)")?;
        for part in parts {
            if insert.execute(params![mail.group.job, part.to_string(), follow_up.as_str()])? == 0 {
                return Err(StoreError::Refused(Denial::BroughtBefore));
            }
        }
        drop(insert);
        self.audit(&AuditEvent::PartsBrought {
            queue_id: mail.queue_id.clone(),
            follow_up: follow_up.clone(),
            parts: u64::try_from(parts.len()).unwrap_or(u64::MAX),
            by,
        })?;
        Ok(())
    }
}

/// The recipients of a job that have their copy or will have it.
fn reached(db: &Connection, message: i64, job: i64) -> Result<Vec<Mailbox>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT address FROM recipient WHERE message = ?1 AND job = ?2 AND state IN ('in_queue', 'delivered')",
    )?;
    let mut rows = query.query([message, job])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let address: String = row.get(0)?;
        found.push(Mailbox::parse(&address).or(Err(StoreError::Damaged("an address cannot be read")))?);
    }
    Ok(found)
}

fn brought(db: &Connection, job: i64) -> Result<Vec<PartPath>, StoreError> {
    let mut query = db.prepare_cached("SELECT path FROM brought_part WHERE job = ?1")?;
    let mut rows = query.query([job])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let path: String = row.get(0)?;
        found.push(path.parse().or(Err(StoreError::Damaged("a part path cannot be read")))?);
    }
    Ok(found)
}
