//! The row of a message, shared by received mail and messages of our own.

use crate::born::MessageKind;
use crate::engine::Tx;
use crate::ids::Receipt;
use crate::{QueueId, StoreError};
use mail::{DateTime, Mailbox};
use rusqlite::{OptionalExtension, params};

/// A message about to be written.
pub(crate) struct MessageRow<'a> {
    pub(crate) queue_id: &'a QueueId,
    pub(crate) kind: MessageKind,
    pub(crate) parent: Option<i64>,
    pub(crate) accepted: DateTime,
    pub(crate) reverse_path: String,
    pub(crate) envelope: Option<Vec<u8>>,
    pub(crate) size_octets: i64,
    pub(crate) stray_line_ends: bool,
    pub(crate) original: Option<Original>,
    pub(crate) received_seq: i64,
}

/// The original as stored.
pub(crate) struct Original {
    pub(crate) body: i64,
    pub(crate) working_day: i64,
    pub(crate) sha256: [u8; 32],
    pub(crate) vault_sha256: [u8; 32],
}

/// The zone and policy that recipients share.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) message: i64,
    pub(crate) job: i64,
    pub(crate) zone: String,
    pub(crate) policy_version: String,
}

impl Tx<'_> {
    pub(crate) fn insert_message(&self, row: &MessageRow<'_>) -> Result<i64, StoreError> {
        let receipt = if row.kind == MessageKind::Mail { Some(self.free_receipt()?) } else { None };
        let original = row.original.as_ref();
        let mut insert = self.db.prepare_cached(
            "INSERT INTO message(queue_id, receipt, tenant, kind, parent, accepted_s, accepted_offset_min, stored_s,
                reverse_path, envelope, size_octets, stray_line_ends, sha256, vault_sha256, original, working_day,
                received_seq)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
        insert.execute(params![
            row.queue_id.as_str(),
            receipt.as_ref().map(Receipt::as_str),
            self.tenant,
            row.kind.name(),
            row.parent,
            row.accepted.unix_s,
            row.accepted.offset_min,
            self.now_s,
            row.reverse_path,
            row.envelope,
            row.size_octets,
            row.stray_line_ends,
            original.map(|original| original.sha256),
            original.map(|original| original.vault_sha256),
            original.map(|original| original.body),
            original.map(|original| original.working_day),
            row.received_seq,
        ])?;
        Ok(self.db.last_insert_rowid())
    }

    fn free_receipt(&self) -> Result<Receipt, StoreError> {
        for _ in 0..16 {
            let receipt = Receipt::draw()?;
            let mut taken = self.db.prepare_cached("SELECT 1 FROM message WHERE receipt = ?1")?;
            if !taken.exists([receipt.as_str()])? {
                return Ok(receipt);
            }
        }
        Err(StoreError::Damaged("no free receipt number"))
    }

    /// Writes the job of a group; received mail is `queued`, messages of ours are `clean` already.
    pub(crate) fn insert_job(
        &self,
        message: i64,
        zone: &str,
        policy_version: &str,
        state: &str,
    ) -> Result<Group, StoreError> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO job(message, tenant, zone, policy_version, state, due_s) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        insert.execute(params![message, self.tenant, zone, policy_version, state, self.now_s])?;
        let job = self.db.last_insert_rowid();
        Ok(Group { message, job, zone: zone.to_owned(), policy_version: policy_version.to_owned() })
    }

    /// Writes a recipient's row and the ledger event that brought it here.
    pub(crate) fn insert_recipient(
        &self,
        group: &Group,
        recipient: &Mailbox,
        event: crate::ledger::EventKind,
    ) -> Result<(), StoreError> {
        let address = recipient.to_string();
        let mut insert = self.db.prepare_cached(
            "INSERT OR IGNORE INTO recipient(message, address, job, tenant, zone, policy_version, state, changed_s)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, 'in_queue', ?7)",
        )?;
        let row = params![
            group.message,
            address,
            group.job,
            self.tenant,
            group.zone,
            group.policy_version,
            self.now_s
        ];
        // A recipient that was named twice stands once, and is counted once.
        if insert.execute(row)? == 0 {
            return Ok(());
        }
        self.ledger_event(group, &address, event, None)
    }

    /// Finds a message by its queue id.
    pub(crate) fn message_of(&self, queue_id: &QueueId) -> Result<i64, StoreError> {
        let mut query =
            self.db.prepare_cached("SELECT id FROM message WHERE queue_id = ?1 AND tenant = ?2")?;
        let found = query.query_row([queue_id.as_str(), self.tenant], |row| row.get(0)).optional()?;
        found.ok_or(StoreError::NotFound)
    }
}
