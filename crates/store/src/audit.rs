//! The audit chain: one SHA-256 chain per node, in monthly segments, of events from a closed list.
//!
//! Each row's hash covers the hash before it, its number, its time, its segment and its text. When a month ends its
//! last hash is signed (ed25519) as the segment's root; purging takes whole segments and leaves their roots. Rows hold
//! ids, numbers and digests — no addresses, no words of people.
//!
//! *Security.* Who can rewrite the whole database can rewrite the chain: only a checkpoint kept elsewhere shows that.

mod verify;

pub use verify::{AuditFault, AuditVerdict, Checkpoint};

use crate::engine::Tx;
use crate::keys::Keys;
use crate::{QueueId, RequestId, StoreError, clock};
use policy::Sha256;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::Digest;

/// What is recorded. Names and fields are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
#[expect(missing_docs, reason = "the fields are named in the words of the columns that they repeat")]
pub enum AuditEvent {
    /// The data directory was opened; leases found were given back.
    #[serde(rename = "store.opened")]
    StoreOpened { leases: u64, attempts: u64 },
    /// A message was accepted and is durable.
    #[serde(rename = "message.received")]
    MessageReceived {
        queue_id: QueueId,
        tenant: String,
        octets: u64,
        recipients: u64,
        sha256: String,
        vault_sha256: String,
    },
    /// A draft was made of it for one zone.
    #[serde(rename = "message.sanitised")]
    MessageSanitised { queue_id: QueueId, zone: String, policy_version: String, outcome: String },
    /// A message of ours came to be.
    #[serde(rename = "message.born")]
    MessageBorn { queue_id: QueueId, kind: String, parent: QueueId, zone: String, policy_version: String },
    /// A list of what is held came to be.
    #[serde(rename = "digest.born")]
    DigestBorn { queue_id: QueueId, listing: String, zone: String, policy_version: String, copies: u64 },
    /// Parts that had waited went inside in a follow-up.
    #[serde(rename = "parts.brought")]
    PartsBrought { queue_id: QueueId, follow_up: QueueId, parts: u64, by: Option<u32> },
    /// A password opened parts of it; where it came from, and the letters that were tried if it came from one.
    #[serde(rename = "password.fitted")]
    PasswordFitted { queue_id: QueueId, source: String, letters: Vec<QueueId> },
    /// A password was agreed with a sender.
    #[serde(rename = "password.agreed")]
    PasswordAgreed { id: i64, until_s: i64, by: u32 },
    /// An agreed password was removed, by a person or because its end had come.
    #[serde(rename = "password.removed")]
    PasswordRemoved { id: i64, by: Option<u32> },
    /// Recipients of a zone do not get it for now.
    #[serde(rename = "message.held")]
    MessageHeld { queue_id: QueueId, zone: String, policy_version: String, reason: String, by: Option<u32> },
    /// Recipients got it.
    #[serde(rename = "message.delivered")]
    MessageDelivered { queue_id: QueueId, zone: String, recipients: u64 },
    /// Recipients' server refused it for good.
    #[serde(rename = "message.bounced")]
    MessageBounced { queue_id: QueueId, zone: String, recipients: u64 },
    /// A person threw it away.
    #[serde(rename = "message.discarded")]
    MessageDiscarded { queue_id: QueueId, recipients: u64, by: u32, reason_sha256: String },
    /// It was put back to be sanitised or delivered again.
    #[serde(rename = "message.requeued")]
    MessageRequeued { queue_id: QueueId, zone: String, by: Option<u32> },
    /// Its time in the lists was over.
    #[serde(rename = "message.expired")]
    MessageExpired { queue_id: QueueId, recipients: u64 },
    /// A person asked for an original.
    #[serde(rename = "original.requested")]
    OriginalRequested { request: RequestId, queue_id: QueueId, by: u32, reason_sha256: String },
    /// Another person approved.
    #[serde(rename = "original.approved")]
    OriginalApproved { request: RequestId, queue_id: QueueId, by: u32 },
    /// A person refused.
    #[serde(rename = "original.refused")]
    OriginalRefused { request: RequestId, queue_id: QueueId, by: u32, reason_sha256: String },
    /// The original was handed out.
    #[serde(rename = "original.released")]
    OriginalReleased { request: RequestId, queue_id: QueueId, by: u32, approved_by: u32, sha256: String },
    /// A legal hold was set or lifted.
    #[serde(rename = "original.legal_hold")]
    LegalHold { queue_id: QueueId, by: u32, held: bool, reason_sha256: String },
    /// Originals were removed because their time was over.
    #[serde(rename = "originals.purged")]
    OriginalsPurged { count: u64, before_s: i64, by: u32 },
    /// Records and whole segments were removed because their time was over.
    #[serde(rename = "records.purged")]
    RecordsPurged { messages: u64, segments: u64, before_s: i64, by: u32 },
    /// A working key was destroyed.
    #[serde(rename = "key.destroyed")]
    KeyDestroyed { day: i64 },
    /// A person said that the clock is right.
    #[serde(rename = "clock.trusted")]
    ClockTrusted { by: u32 },
}

/// Where the chain ends.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: [u8; 32],
    pub(crate) segment: String,
}

const GENESIS: [u8; 32] = [0; 32];

/// The hash of a row.
pub(crate) fn link(before: &[u8; 32], seq: i64, at_s: i64, segment: &[u8], event: &[u8]) -> [u8; 32] {
    let mut hash = sha2::Sha256::new();
    hash.update(b"sekisho audit 1\0");
    hash.update(before);
    hash.update(seq.to_be_bytes());
    hash.update(at_s.to_be_bytes());
    hash.update(segment);
    hash.update([0]);
    hash.update(event);
    hash.finalize().into()
}

/// What is signed for a closed segment.
pub(crate) fn root_text(name: &str, first: i64, last: i64, before: &[u8; 32], root: &[u8; 32]) -> Vec<u8> {
    let mut text = format!("sekisho audit root 1\0{name}\0{first}\0{last}\0").into_bytes();
    text.extend_from_slice(before);
    text.extend_from_slice(root);
    text
}

/// The end of the stored chain.
pub(crate) fn head(db: &Connection) -> Result<Head, StoreError> {
    let row = db
        .query_row("SELECT seq, hash, segment FROM audit ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    if let Some((seq, hash, segment)) = row {
        return Ok(Head { seq, hash, segment });
    }
    let root = "SELECT last_seq, root, name FROM audit_segment ORDER BY last_seq DESC LIMIT 1";
    let row = db.query_row(root, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let (seq, hash, segment) = row.unwrap_or((0, GENESIS, String::new()));
    Ok(Head { seq, hash, segment })
}

/// SHA-256 of words that a person wrote, in hexadecimal.
pub(crate) fn digest_of_words(words: &str) -> String {
    Sha256(sha2::Sha256::digest(words.as_bytes()).into()).to_string()
}

impl Tx<'_> {
    /// Appends an event; returns its number.
    pub(crate) fn audit(&mut self, event: &AuditEvent) -> Result<i64, StoreError> {
        let Ok(text) = serde_json::to_string(event) else {
            return Err(StoreError::Damaged("an audit event cannot be written"));
        };
        let month = clock::month_of(self.now_s);
        // A clock that goes back does not reopen a segment.
        let segment = if month > self.head.segment { month } else { self.head.segment.clone() };
        if segment != self.head.segment && self.head.seq > 0 {
            seal_segment(self.db, self.keys, &self.head)?;
        }
        let seq = self.head.seq.saturating_add(1);
        let hash = link(&self.head.hash, seq, self.now_s, segment.as_bytes(), text.as_bytes());
        let mut insert = self.db.prepare_cached(
            "INSERT INTO audit(seq, segment, at_s, event, hash) VALUES(?1, ?2, ?3, ?4, ?5)",
        )?;
        insert.execute(params![seq, segment, self.now_s, text, hash])?;
        self.head = Head { seq, hash, segment };
        Ok(seq)
    }
}

/// Signs the root of the segment that ends at `head`.
fn seal_segment(db: &Connection, keys: &Keys, head: &Head) -> Result<(), StoreError> {
    let last = "SELECT last_seq, root FROM audit_segment ORDER BY last_seq DESC LIMIT 1";
    let last = db.query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (last_seq, before): (i64, [u8; 32]) = last.unwrap_or((0, GENESIS));
    let first = last_seq.saturating_add(1);
    let signature = keys.sign(&root_text(&head.segment, first, head.seq, &before, &head.hash));
    db.execute(
        "INSERT INTO audit_segment(name, first_seq, last_seq, before, root, signature) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        params![head.segment, first, head.seq, before, head.hash, signature],
    )?;
    Ok(())
}
