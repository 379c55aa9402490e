//! Parts that waited and became ready: each goes to each recipient once, in a follow-up that hangs on its mail.

use crate::audit::AuditEvent;
use crate::born::{Born, MessageKind};
use crate::clean::Clean;
use crate::engine::Tx;
use crate::jobs::{of_job, queue_id_of, receipt_of};
use crate::message::Group;
use crate::store::Inner;
use crate::{Actor, Denial, QueueId, Receipt, Store, StoreError};
use mail::{DateTime, Envelope, Mailbox, PartPath, ReversePath, Untrusted};
use rusqlite::{Connection, Params, params};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A mail for one zone, as it stands in the ledger, of which parts may wait.
#[derive(Clone)]
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
    /// Follow-ups so far.
    pub follow_ups: usize,
    /// Parts that a follow-up brought already, and to whom.
    brought: BTreeSet<(String, PartPath)>,
}

impl fmt::Debug for Sanitised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sanitised({}, {}, {} recipients)", self.queue_id, self.zone, self.recipients.len())
    }
}

impl Sanitised {
    /// Of these recipients and parts that wait, who lacks which: recipients that lack the same together.
    pub fn lacking(
        &self,
        recipients: &[Mailbox],
        waiting: &[PartPath],
    ) -> Vec<(Vec<Mailbox>, Vec<PartPath>)> {
        let mut groups: BTreeMap<Vec<PartPath>, Vec<Mailbox>> = BTreeMap::new();
        for recipient in recipients {
            let address = recipient.to_string();
            let lacks =
                waiting.iter().filter(|path| !self.brought.contains(&(address.clone(), (*path).clone())));
            let lacks: Vec<PartPath> = lacks.cloned().collect();
            if !lacks.is_empty() {
                groups.entry(lacks).or_default().push(recipient.clone());
            }
        }
        groups.into_iter().map(|(parts, recipients)| (recipients, parts)).collect()
    }
}

/// What a follow-up brings to whom, and why it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bringing {
    /// Recipients of the mail, or some of them.
    pub recipients: Vec<Mailbox>,
    /// Parts that waited.
    pub parts: Vec<PartPath>,
    /// Where the password came from, if they were locked.
    pub source: Option<&'static str>,
    /// The letters that were tried, where it came from one.
    pub letters: Vec<QueueId>,
    /// Who gave it, if a person did.
    pub by: Option<Actor>,
}

impl Store {
    /// What was sanitised of a mail, zone by zone; nothing of what is held.
    pub async fn sanitised(&self, queue_id: &QueueId) -> Result<Vec<Sanitised>, StoreError> {
        let (queue_id, inner) = (queue_id.clone(), self.inner.clone());
        self.read(move |db| sanitised_where(db, &inner, "message.queue_id = ?1", [queue_id.as_str()])).await
    }

    /// The original of such a mail, to be sanitised again with what its parts waited for.
    pub async fn open_sanitised(&self, mail: &Sanitised) -> Result<Untrusted, StoreError> {
        self.open_original_of(mail.group.job).await
    }

    /// Puts a follow-up into the queue. Refused when one of the recipients has one of the parts already.
    pub async fn put_follow_up(
        &self,
        mail: &Sanitised,
        bringing: Bringing,
        clean: Clean,
    ) -> Result<QueueId, StoreError> {
        if bringing.recipients.is_empty() {
            return Err(StoreError::Refused(Denial::NoRecipients));
        }
        let sealed = self.seal_born(clean).await?;
        let born = Born {
            kind: MessageKind::FollowUp,
            reverse_path: ReversePath::Null,
            recipients: bringing.recipients.clone(),
            zone: mail.zone.clone(),
            policy_version: mail.group.policy_version.clone(),
            accepted: DateTime::utc(self.now_s()).in_jst(),
        };
        let mail = mail.clone();
        self.write(move |tx| {
            let follow_up = tx.put_born(mail.group.message, &mail.queue_id, &born, sealed)?;
            tx.bring(&mail, bringing, &follow_up)?;
            Ok(follow_up)
        })
        .await
    }
}

impl Tx<'_> {
    fn bring(&mut self, mail: &Sanitised, bringing: Bringing, follow_up: &QueueId) -> Result<(), StoreError> {
        let Bringing { recipients, parts, source, letters, by } = bringing;
        let mut insert = self.db.prepare_cached(
            "INSERT OR IGNORE INTO brought_to(job, path, recipient, follow_up) VALUES(?1, ?2, ?3, ?4)",
        )?;
        for (part, recipient) in parts.iter().flat_map(|part| recipients.iter().map(move |to| (part, to))) {
            let row = params![mail.group.job, part.to_string(), recipient.to_string(), follow_up.as_str()];
            if insert.execute(row)? == 0 {
                return Err(StoreError::Refused(Denial::BroughtBefore));
            }
        }
        drop(insert);
        let queue_id = mail.queue_id.clone();
        if let Some(source) = source {
            self.audit(&AuditEvent::PasswordFitted { queue_id, source: source.to_owned(), letters })?;
        }
        self.audit(&AuditEvent::PartsBrought {
            queue_id: mail.queue_id.clone(),
            follow_up: follow_up.clone(),
            parts: u64::try_from(parts.len()).unwrap_or(u64::MAX),
            by: by.map(|by| by.uid),
        })?;
        Ok(())
    }
}

/// The sanitised mails that fit a condition over `message` and `job`.
pub(crate) fn sanitised_where(
    db: &Connection,
    inner: &Inner,
    condition: &str,
    values: impl Params,
) -> Result<Vec<Sanitised>, StoreError> {
    let mut query = db.prepare_cached(&format!(
        "SELECT job.id, job.message, job.zone, job.policy_version, message.queue_id, message.receipt,
            message.envelope, message.accepted_s, message.accepted_offset_min, report.report
         FROM message JOIN job ON job.message = message.id JOIN report ON report.job = job.id
         WHERE {condition} AND message.kind = 'mail' AND message.original IS NOT NULL
            AND job.state IN ('clean', 'done')",
    ))?;
    let mut rows = query.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (job, message): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (zone, policy_version): (String, String) = (row.get(2)?, row.get(3)?);
        let envelope: Vec<u8> = row.get(6)?;
        let sealed: Vec<u8> = row.get(9)?;
        let report = inner.open_record(db, &format!("report {}", of_job(job)), &sealed)?;
        let (brought, follow_ups) = brought(db, job)?;
        found.push(Sanitised {
            group: Group { message, job, zone: zone.clone(), policy_version },
            queue_id: queue_id_of(row, 4)?,
            receipt: receipt_of(row, 5)?.ok_or(StoreError::Damaged("a mail has no receipt number"))?,
            zone,
            envelope: postcard::from_bytes(&envelope)
                .or(Err(StoreError::Damaged("an envelope cannot be read")))?,
            recipients: reached(db, message, job)?,
            accepted: DateTime { unix_s: row.get(7)?, offset_min: row.get(8)? },
            report_json: report.and_then(|report| String::from_utf8(report).ok()),
            follow_ups,
            brought,
        });
    }
    Ok(found)
}

/// The recipients of a job that have their copy or will have it.
pub(crate) fn reached(db: &Connection, message: i64, job: i64) -> Result<Vec<Mailbox>, StoreError> {
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

/// Who has which parts of a job, and how many follow-ups there were.
fn brought(db: &Connection, job: i64) -> Result<(BTreeSet<(String, PartPath)>, usize), StoreError> {
    let mut query = db.prepare_cached("SELECT recipient, path, follow_up FROM brought_to WHERE job = ?1")?;
    let mut rows = query.query([job])?;
    let (mut found, mut follow_ups) = (BTreeSet::new(), BTreeSet::<String>::new());
    while let Some(row) = rows.next()? {
        let path: String = row.get(1)?;
        let path = path.parse().or(Err(StoreError::Damaged("a part path cannot be read")))?;
        found.insert((row.get(0)?, path));
        follow_ups.insert(row.get(2)?);
    }
    Ok((found, follow_ups.len()))
}
