//! What lists and pages show. Subjects and senders appear where a key opens them: the portal always, others for as
//! long as the day's working key lives.

use crate::born::{MessageKind, of_born};
use crate::jobs::{of_job, parent_of, queue_id_of, receipt_of};
use crate::release::{ReleaseRequest, requests_of};
use crate::store::Inner;
use crate::{QueueId, Receipt, Store, StoreError, Summary};
use mail::{DateTime, Envelope, Mailbox};
use policy::Sha256;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::str::FromStr;

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err("unknown state") }
            }
        }
    };
}

states! {
    /// Where a message stands for one zone.
    WorkState {
        /// Waits to be sanitised.
        Queued = "queued",
        /// Is being sanitised.
        Leased = "leased",
        /// Sanitised, and waits for delivery or is being delivered.
        Clean = "clean",
        /// At least one recipient's copy is held, and none is in the queue.
        Held = "held",
        /// Nothing is left to be done.
        Done = "done",
    }
}

states! {
    /// Where a recipient's copy is.
    RecipientState {
        /// On its way.
        InQueue = "in_queue",
        /// The next hop has it.
        Delivered = "delivered",
        /// Kept back.
        Held = "held",
        /// Refused by the next hop, and the sender was told.
        Bounced = "bounced",
        /// Thrown away by a person.
        Discarded = "discarded",
        /// Held until its time was over.
        Expired = "expired",
    }
}

/// What to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only this state.
    pub state: Option<WorkState>,
    /// Only where queue id, receipt number, an address, the sender or the subject holds this.
    pub text: Option<String>,
    /// Only messages whose original is still kept.
    pub with_original: bool,
    /// Most lines.
    pub limit: usize,
}

impl Filter {
    /// Everything, newest first.
    pub const fn newest(limit: usize) -> Self {
        Self { state: None, text: None, with_original: false, limit }
    }
}

/// A recipient of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientLine {
    /// Who.
    pub mailbox: Mailbox,
    /// Where the copy is.
    pub state: RecipientState,
    /// When it is tried again, if it waits for that.
    pub until: Option<DateTime>,
    /// Last reply, or reason.
    pub reply: Option<String>,
}

/// A message for one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLine {
    /// Queue id.
    pub queue_id: QueueId,
    /// The message that it belongs to, when it is one of ours.
    pub parent: Option<QueueId>,
    /// Receipt number of it or of the message that it belongs to.
    pub receipt: Option<Receipt>,
    /// What it is.
    pub kind: MessageKind,
    /// Whose mail it is.
    pub tenant: String,
    /// Zone.
    pub zone: String,
    /// Policy.
    pub policy_version: String,
    /// Where it stands.
    pub state: WorkState,
    /// Why it is held.
    pub hold_reason: Option<String>,
    /// When it came.
    pub accepted: DateTime,
    /// Reverse-path with angle brackets.
    pub reverse_path: String,
    /// Recipients.
    pub recipients: Vec<RecipientLine>,
    /// Size of the original, or of our message, in octets.
    pub size_octets: u64,
    /// How often sanitising was begun.
    pub attempt: u32,
    /// Whether the original is still kept.
    pub has_original: bool,
    /// Subject and so on; `None` before sanitising and where no key opens it.
    pub summary: Option<Summary>,
}

/// A line of the quarantine: a message whose original is kept.
pub type HeldMessage = QueueLine;

/// All that is known of a message.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// One line a zone.
    pub lines: Vec<QueueLine>,
    /// One report a zone, where there is one and a key opens it: zone and JSON.
    pub reports: Vec<(String, String)>,
    /// Envelope; `None` for messages of ours.
    pub envelope: Option<Envelope>,
    /// Digest of the original.
    pub sha256: Option<Sha256>,
    /// Whether a legal hold stands on it.
    pub legal_hold: bool,
    /// When the original was removed.
    pub purged: Option<DateTime>,
    /// Messages of ours that belong to it.
    pub children: Vec<QueueId>,
    /// What happened, oldest first: time, recipient, event, cause.
    pub history: Vec<(DateTime, String, String, Option<String>)>,
    /// Requests for its original, oldest first.
    pub requests: Vec<ReleaseRequest>,
}

/// Most rows that a search looks at.
const SCAN_MAX: i64 = 50_000;

const COLUMNS: &str = "
    SELECT message.queue_id, message.parent, message.receipt, message.kind, job.tenant, job.zone,
        job.policy_version, job.state, job.hold_reason, message.accepted_s, message.accepted_offset_min,
        message.reverse_path, message.size_octets, job.attempt, message.original IS NOT NULL, report.summary,
        job.id, message.id
    FROM job JOIN message ON message.id = job.message LEFT JOIN report ON report.job = job.id";

impl Store {
    /// Lists messages, newest first, one line for each message and zone.
    pub async fn list(&self, filter: Filter) -> Result<Vec<QueueLine>, StoreError> {
        let (inner, tenant) = (self.inner.clone(), self.tenant().to_owned());
        self.read(move |db| {
            let mut query = db.prepare_cached(&format!(
                "{COLUMNS} WHERE job.tenant = ?1 AND (?2 IS NULL OR job.state = ?2)
                    AND (?3 = 0 OR message.original IS NOT NULL)
                 ORDER BY job.id DESC LIMIT ?4"
            ))?;
            let state = filter.state.map(WorkState::name);
            let mut rows = query.query(params![tenant, state, filter.with_original, SCAN_MAX])?;
            let wanted = filter.text.as_deref().map(folded);
            let mut lines = Vec::new();
            while let Some(row) = rows.next()? {
                if lines.len() >= filter.limit {
                    break;
                }
                let line = line_of(&inner, db, row)?;
                if wanted.as_deref().is_none_or(|text| holds(&line, text)) {
                    lines.push(line);
                }
            }
            Ok(lines)
        })
        .await
    }

    /// All that is known of a message.
    pub async fn show(&self, queue_id: &QueueId) -> Result<MessageView, StoreError> {
        let (inner, tenant, queue_id) = (self.inner.clone(), self.tenant().to_owned(), queue_id.clone());
        self.read(move |db| {
            let found = "SELECT id, envelope, sha256, legal_hold, purged_s FROM message
                         WHERE queue_id = ?1 AND tenant = ?2";
            let (message, envelope, sha256, legal_hold, purged): (
                i64,
                Option<Vec<u8>>,
                Option<[u8; 32]>,
                bool,
                _,
            ) = db.query_row(found, params![queue_id.as_str(), tenant], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, Option<i64>>(4)?))
            })?;
            let mut query =
                db.prepare_cached(&format!("{COLUMNS} WHERE job.message = ?1 ORDER BY job.id"))?;
            let mut rows = query.query([message])?;
            let (mut lines, mut reports) = (Vec::new(), Vec::new());
            while let Some(row) = rows.next()? {
                let line = line_of(&inner, db, row)?;
                if let Some(report) = report_of(&inner, db, &line, row.get(16)?)? {
                    reports.push((line.zone.clone(), report));
                }
                lines.push(line);
            }
            Ok(MessageView {
                lines,
                reports,
                envelope: envelope.and_then(|octets| postcard::from_bytes(&octets).ok()),
                sha256: sha256.map(Sha256),
                legal_hold,
                purged: purged.map(DateTime::utc),
                children: children_of(db, message)?,
                history: history_of(db, message)?,
                requests: requests_of(db, Some(message))?,
            })
        })
        .await
    }

    /// The message of a receipt number.
    pub async fn find_receipt(&self, receipt: &Receipt) -> Result<Option<QueueId>, StoreError> {
        let (receipt, tenant) = (receipt.clone(), self.tenant().to_owned());
        self.read(move |db| {
            let query = "SELECT queue_id FROM message WHERE receipt = ?1 AND tenant = ?2";
            let found: Option<String> =
                db.query_row(query, params![receipt.as_str(), tenant], |row| row.get(0)).optional()?;
            Ok(found.and_then(|text| QueueId::parse(&text)))
        })
        .await
    }

    /// Messages whose original is kept, newest first; held ones alone when the filter says so.
    pub async fn quarantine_list(&self, filter: Filter) -> Result<Vec<HeldMessage>, StoreError> {
        self.list(Filter { with_original: true, ..filter }).await
    }

    /// The same as [`Store::show`], for the quarantine.
    pub async fn quarantine_show(&self, queue_id: &QueueId) -> Result<MessageView, StoreError> {
        self.show(queue_id).await
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

fn holds(line: &QueueLine, text: &str) -> bool {
    let has = |part: &str| part.to_lowercase().contains(text);
    let receipt = Receipt::parse(text);
    has(line.queue_id.as_str())
        || line.receipt.as_ref().is_some_and(|own| has(own.as_str()) || receipt.as_ref() == Some(own))
        || has(&line.reverse_path)
        || line.recipients.iter().any(|recipient| has(&recipient.mailbox.to_string()))
        || line.summary.as_ref().is_some_and(|summary| has(&summary.subject) || has(&summary.from))
}

fn line_of(inner: &Inner, db: &Connection, row: &Row<'_>) -> Result<QueueLine, StoreError> {
    let parent = parent_of(db, row.get(1)?)?;
    let (parent, parent_receipt) = parent.map_or((None, None), |(id, receipt)| (Some(id), receipt));
    let queue_id = queue_id_of(row, 0)?;
    let kind = MessageKind::of_name(&row.get::<_, String>(3)?)?;
    let (job, message): (i64, i64) = (row.get(16)?, row.get(17)?);
    let belongs_to = belongs_to(kind, job, &queue_id);
    let summary = match row.get::<_, Option<Vec<u8>>>(15)? {
        Some(sealed) => inner.open_record(db, &format!("summary {belongs_to}"), &sealed)?,
        None => None,
    };
    let state: String = row.get(7)?;
    Ok(QueueLine {
        parent,
        receipt: receipt_of(row, 2)?.or(parent_receipt),
        kind,
        tenant: row.get(4)?,
        zone: row.get(5)?,
        policy_version: row.get(6)?,
        state: state.parse().or(Err(StoreError::Damaged("a job in an unknown state")))?,
        hold_reason: row.get(8)?,
        accepted: DateTime { unix_s: row.get(9)?, offset_min: row.get(10)? },
        reverse_path: row.get(11)?,
        recipients: recipients_of(db, message, job)?,
        size_octets: u64::try_from(row.get::<_, i64>(12)?).unwrap_or_default(),
        attempt: row.get(13)?,
        has_original: row.get(14)?,
        summary: summary.and_then(|octets| postcard::from_bytes(&octets).ok()),
        queue_id,
    })
}

fn belongs_to(kind: MessageKind, job: i64, queue_id: &QueueId) -> String {
    if kind == MessageKind::Mail { of_job(job) } else { of_born(queue_id) }
}

fn report_of(
    inner: &Inner,
    db: &Connection,
    line: &QueueLine,
    job: i64,
) -> Result<Option<String>, StoreError> {
    let mut query = db.prepare_cached("SELECT report FROM report WHERE job = ?1")?;
    let sealed: Option<Vec<u8>> = query.query_row([job], |row| row.get(0)).optional()?;
    let Some(sealed) = sealed else { return Ok(None) };
    let belongs_to = belongs_to(line.kind, job, &line.queue_id);
    let report = inner.open_record(db, &format!("report {belongs_to}"), &sealed)?;
    Ok(report.and_then(|octets| String::from_utf8(octets).ok()))
}

fn recipients_of(db: &Connection, message: i64, job: i64) -> Result<Vec<RecipientLine>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT address, state, due_s, reply FROM recipient WHERE message = ?1 AND job = ?2 ORDER BY address",
    )?;
    let mut rows = query.query([message, job])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (address, state): (String, String) = (row.get(0)?, row.get(1)?);
        found.push(RecipientLine {
            mailbox: Mailbox::parse(&address).or(Err(StoreError::Damaged("an address cannot be read")))?,
            state: state.parse().or(Err(StoreError::Damaged("a recipient in an unknown state")))?,
            until: row.get::<_, Option<i64>>(2)?.map(DateTime::utc),
            reply: row.get(3)?,
        });
    }
    Ok(found)
}

fn children_of(db: &Connection, message: i64) -> Result<Vec<QueueId>, StoreError> {
    let mut query = db.prepare_cached("SELECT queue_id FROM message WHERE parent = ?1 ORDER BY id")?;
    let mut rows = query.query([message])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(queue_id_of(row, 0)?);
    }
    Ok(found)
}

type History = Vec<(DateTime, String, String, Option<String>)>;

fn history_of(db: &Connection, message: i64) -> Result<History, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT at_s, recipient, kind, cause FROM ledger_event WHERE message = ?1 ORDER BY seq LIMIT 10000",
    )?;
    let rows = query.query_map([message], |row| {
        Ok((DateTime::utc(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
