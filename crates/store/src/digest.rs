//! The lists of what is held: which copies stand in which, and the messages of ours that carry them.
//!
//! Held mail expires only after it stood in the recipient's list and in the admin's for a week. A copy has stood in a
//! list when the mail that carries the list was delivered; that is written in the transaction that settles it.

use crate::audit::AuditEvent;
use crate::born::{Born, MessageKind};
use crate::clean::Clean;
use crate::engine::Tx;
use crate::jobs::{of_job, queue_id_of, receipt_of};
use crate::{QueueId, Receipt, Store, StoreError, Summary};
use mail::{DateTime, Mailbox, ReversePath};
use rusqlite::{OptionalExtension, params};

/// Most held copies that are looked at.
const COPIES_MAX: i64 = 100_000;

/// How long a list that could not be delivered keeps further ones back, in seconds.
const UNDELIVERED_S: i64 = 40 * 86_400;

/// A list in which held mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The recipient's own.
    Recipient,
    /// The admin's.
    Admin,
}

impl Listing {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Admin => "admin",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Recipient => "listed_s",
            Self::Admin => "digested_s",
        }
    }
}

/// A recipient's copy of a mail that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCopy {
    message: i64,
    /// Whose copy.
    pub recipient: Mailbox,
    /// Queue id of the mail.
    pub queue_id: QueueId,
    /// Receipt number of the mail.
    pub receipt: Receipt,
    /// Zone.
    pub zone: String,
    /// When the mail came.
    pub accepted: DateTime,
    /// Reverse-path with angle brackets.
    pub reverse_path: String,
    /// Why it is held.
    pub reason: String,
    /// Subject and so on; `None` where no key opens it any more.
    pub summary: Option<Summary>,
    /// When it first stood in its recipient's list.
    pub listed: Option<DateTime>,
    /// When it first stood in the admin's list.
    pub digested: Option<DateTime>,
}

/// A list on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// From [`Store::new_queue_id`].
    pub queue_id: QueueId,
    /// Which list.
    pub listing: Listing,
    /// Whom it goes to.
    pub recipient: Mailbox,
    /// Zone of that recipient.
    pub zone: String,
    /// Policy of that zone.
    pub policy_version: String,
    /// Nobody gets a second list that came to be since then.
    pub since: DateTime,
}

impl Store {
    /// A queue id for a message of ours that bears it inside.
    pub fn new_queue_id(&self) -> Result<QueueId, StoreError> {
        self.inner.ids.next(self.inner.settings.clock.wall_ms())
    }

    /// Copies of mail that are held, by recipient; those that stood in no list come first.
    pub async fn held_copies(&self) -> Result<Vec<HeldCopy>, StoreError> {
        let (inner, tenant) = (self.inner.clone(), self.tenant().to_owned());
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT message.id, message.queue_id, message.receipt, recipient.address, recipient.zone,
                    message.accepted_s, message.accepted_offset_min, message.reverse_path,
                    coalesce(job.hold_reason, ''), report.summary, job.id, recipient.listed_s, recipient.digested_s
                 FROM recipient JOIN message ON message.id = recipient.message JOIN job ON job.id = recipient.job
                 LEFT JOIN report ON report.job = job.id
                 WHERE recipient.state = 'held' AND message.kind = 'mail' AND recipient.tenant = ?1
                 ORDER BY recipient.address, recipient.listed_s IS NOT NULL, message.id LIMIT ?2",
            )?;
            let mut rows = query.query(params![tenant, COPIES_MAX])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (address, sealed, job): (String, Option<Vec<u8>>, i64) =
                    (row.get(3)?, row.get(9)?, row.get(10)?);
                let summary = match sealed {
                    Some(sealed) => inner.open_record(db, &format!("summary {}", of_job(job)), &sealed)?,
                    None => None,
                };
                found.push(HeldCopy {
                    message: row.get(0)?,
                    queue_id: queue_id_of(row, 1)?,
                    receipt: receipt_of(row, 2)?
                        .ok_or(StoreError::Damaged("a mail has no receipt number"))?,
                    recipient: Mailbox::parse(&address)
                        .or(Err(StoreError::Damaged("an address cannot be read")))?,
                    zone: row.get(4)?,
                    accepted: DateTime { unix_s: row.get(5)?, offset_min: row.get(6)? },
                    reverse_path: row.get(7)?,
                    reason: row.get(8)?,
                    summary: summary.and_then(|octets| postcard::from_bytes(&octets).ok()),
                    listed: row.get::<_, Option<i64>>(11)?.map(DateTime::utc),
                    digested: row.get::<_, Option<i64>>(12)?.map(DateTime::utc),
                });
            }
            Ok(found)
        })
        .await
    }

    /// Puts a list into the queue. `false` when its recipient got one since [`Digest::since`], or has one that is still
    /// on its way or held: then nothing is written.
    pub async fn put_digest(
        &self,
        digest: Digest,
        copies: &[HeldCopy],
        clean: Clean,
    ) -> Result<bool, StoreError> {
        let sealed = self.seal_born_as(digest.queue_id.clone(), clean).await?;
        let copies: Vec<(i64, String)> =
            copies.iter().map(|copy| (copy.message, copy.recipient.to_string())).collect();
        self.write(move |tx| {
            if tx.has_digest(&digest)? {
                return Ok(false);
            }
            let received_seq = tx.audit(&AuditEvent::DigestBorn {
                queue_id: digest.queue_id.clone(),
                listing: digest.listing.name().to_owned(),
                zone: digest.zone.clone(),
                policy_version: digest.policy_version.clone(),
                copies: u64::try_from(copies.len()).unwrap_or(u64::MAX),
            })?;
            let born = Born {
                kind: MessageKind::Digest,
                reverse_path: ReversePath::Null,
                recipients: vec![digest.recipient.clone()],
                zone: digest.zone.clone(),
                policy_version: digest.policy_version.clone(),
                accepted: DateTime::utc(tx.now_s).in_jst(),
            };
            let row = tx.insert_born(None, &born, sealed, received_seq)?;
            let mut insert = tx.db.prepare_cached(
                "INSERT INTO digest_line(digest, listing, message, address) VALUES(?1, ?2, ?3, ?4)",
            )?;
            for (message, address) in &copies {
                insert.execute(params![row, digest.listing.name(), message, address])?;
            }
            Ok(true)
        })
        .await
    }

    /// The day that [`Store::daily_done`] was told last.
    pub async fn last_daily(&self) -> Result<Option<i64>, StoreError> {
        self.read(|db| {
            let query = "SELECT value FROM meta WHERE key = 'daily'";
            Ok(db.query_row(query, [], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Remembers that the work of a day (days since 1970-01-01, in the caller's zone) is done.
    pub async fn daily_done(&self, day: i64) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.db.execute("INSERT OR REPLACE INTO meta(key, value) VALUES('daily', ?1)", [day])?;
            Ok(())
        })
        .await
    }
}

impl Tx<'_> {
    fn has_digest(&self, digest: &Digest) -> Result<bool, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM message JOIN recipient ON recipient.message = message.id
             WHERE message.kind = 'digest' AND message.stored_s >= ?4 - ?5
                AND recipient.address = ?2 AND recipient.tenant = ?3
                AND (message.stored_s >= ?4 OR recipient.state IN ('in_queue', 'held'))
                AND EXISTS (SELECT 1 FROM digest_line WHERE digest = message.id AND listing = ?1)",
        )?;
        let row = params![
            digest.listing.name(),
            digest.recipient.to_string(),
            self.tenant,
            digest.since.unix_s,
            UNDELIVERED_S
        ];
        Ok(query.exists(row)?)
    }

    /// Notes that the copies of a delivered list stood in it; the first time counts.
    pub(crate) fn mark_listed(&self, digest: i64) -> Result<(), StoreError> {
        for listing in [Listing::Recipient, Listing::Admin] {
            let column = listing.column();
            let text = format!(
                "UPDATE recipient SET {column} = coalesce({column}, ?1) WHERE state = 'held'
                 AND (message, address) IN
                    (SELECT message, address FROM digest_line WHERE digest = ?2 AND listing = ?3)"
            );
            self.db.prepare_cached(&text)?.execute(params![self.now_s, digest, listing.name()])?;
        }
        Ok(())
    }
}
