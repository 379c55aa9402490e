//! Handing out an original: one person asks, another approves, the first takes it — once, within a day.
//!
//! *Security.* Every step stands in the audit chain in the same transaction as its row, and a step is believed only if
//! its row of the chain is there, unbroken, and says the same. Actors are operating-system accounts from peer
//! credentials; equal numbers are one person.

use crate::audit::{AuditEvent, digest_of_words, link};
use crate::engine::Tx;
use crate::queue::said;
use crate::{Actor, Denial, QueueId, RequestId, Store, StoreError, bodies, jobs, vault};
use mail::{DateTime, Untrusted};
use policy::Sha256;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::str::FromStr;

/// How long a request can be used, in seconds.
const VALID_S: i64 = 86_400;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody has decided yet.
    Open,
    /// Another person approved.
    Approved,
    /// Another person refused.
    Refused,
    /// The original was handed out.
    Exported,
}

impl FromStr for RequestState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "open" => Ok(Self::Open),
            "approved" => Ok(Self::Approved),
            "refused" => Ok(Self::Refused),
            "exported" => Ok(Self::Exported),
            _ => Err(StoreError::Damaged("a request in an unknown state")),
        }
    }
}

/// A request for an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// Its number.
    pub id: RequestId,
    /// Whose original.
    pub queue_id: QueueId,
    /// Who asked.
    pub requester: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub requested: DateTime,
    /// Until when it can be used.
    pub expires: DateTime,
    /// Where it stands.
    pub state: RequestState,
    /// Who decided.
    pub decider: Option<Actor>,
    /// Why it was refused.
    pub decision_reason: Option<String>,
}

/// An original that two people let out. Not `Clone`: one approval, one order.
#[derive(Debug)]
pub struct ReleaseOrder {
    /// The request.
    pub request: RequestId,
    /// The message.
    pub queue_id: QueueId,
    /// Who asked, and takes it.
    pub by: Actor,
    /// Who approved; another person.
    pub approved_by: Actor,
    /// Why.
    pub reason: String,
    /// Digest of the octets, as it was at acceptance.
    pub sha256: Sha256,
    /// The original, as it came.
    pub octets: Untrusted,
}

struct Stored {
    message: i64,
    request: ReleaseRequest,
    requested_seq: i64,
    decided_seq: Option<i64>,
}

struct StoredOriginal {
    body: i64,
    size_octets: u64,
    sha256: [u8; 32],
    vault_sha256: [u8; 32],
    received_seq: i64,
}

const COLUMNS: &str = "
    SELECT release_request.id, message.queue_id, requester_uid, requester_name, reason, requested_s, expires_s,
        state, decider_uid, decider_name, decision_reason, release_request.message, requested_seq, decided_seq
    FROM release_request JOIN message ON message.id = release_request.message";

fn stored_of(row: &Row<'_>) -> Result<Stored, StoreError> {
    let decider = match (row.get::<_, Option<u32>>(8)?, row.get::<_, Option<String>>(9)?) {
        (Some(uid), Some(name)) => Some(Actor { uid, name }),
        _ => None,
    };
    Ok(Stored {
        request: ReleaseRequest {
            id: RequestId(row.get(0)?),
            queue_id: jobs::queue_id_of(row, 1)?,
            requester: Actor { uid: row.get(2)?, name: row.get(3)? },
            reason: row.get(4)?,
            requested: DateTime::utc(row.get(5)?),
            expires: DateTime::utc(row.get(6)?),
            state: row.get::<_, String>(7)?.parse()?,
            decider,
            decision_reason: row.get(10)?,
        },
        message: row.get(11)?,
        requested_seq: row.get(12)?,
        decided_seq: row.get(13)?,
    })
}

fn stored(db: &Connection, tenant: &str, id: RequestId) -> Result<Stored, StoreError> {
    let text = format!("{COLUMNS} WHERE release_request.id = ?1 AND release_request.tenant = ?2");
    let mut query = db.prepare_cached(&text)?;
    let mut rows = query.query(params![id.0, tenant])?;
    rows.next()?.map_or(Err(StoreError::NotFound), stored_of)
}

/// Requests, of one message or all, oldest first.
pub(crate) fn requests_of(db: &Connection, message: Option<i64>) -> Result<Vec<ReleaseRequest>, StoreError> {
    let mut query = db.prepare_cached(&format!(
        "{COLUMNS} WHERE ?1 IS NULL OR release_request.message = ?1 ORDER BY release_request.id LIMIT 10000"
    ))?;
    let mut rows = query.query([message])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stored_of(row)?.request);
    }
    Ok(found)
}

impl Store {
    /// Asks for an original.
    pub async fn request_release(
        &self,
        queue_id: &QueueId,
        by: &Actor,
        reason: &str,
    ) -> Result<RequestId, StoreError> {
        let reason = said(reason)?;
        let (queue_id, by) = (queue_id.clone(), by.clone());
        self.write(move |tx| tx.request_release(queue_id, &by, &reason)).await
    }

    /// Approves a request of another person. The day in which it can be used begins anew.
    pub async fn approve(&self, request: RequestId, by: &Actor) -> Result<(), StoreError> {
        let by = by.clone();
        self.write(move |tx| {
            let queue_id = tx.open_request(request, &by)?.queue_id;
            let seq = tx.audit(&AuditEvent::OriginalApproved { request, queue_id, by: by.uid })?;
            tx.decide(request, "approved", &by, None, seq)
        })
        .await
    }

    /// Refuses a request of another person.
    pub async fn refuse(&self, request: RequestId, by: &Actor, reason: &str) -> Result<(), StoreError> {
        let (by, reason) = (by.clone(), said(reason)?);
        self.write(move |tx| {
            let queue_id = tx.open_request(request, &by)?.queue_id;
            let reason_sha256 = digest_of_words(&reason);
            let seq =
                tx.audit(&AuditEvent::OriginalRefused { request, queue_id, by: by.uid, reason_sha256 })?;
            tx.decide(request, "refused", &by, Some(&reason), seq)
        })
        .await
    }

    /// All requests, oldest first.
    pub async fn release_requests(&self) -> Result<Vec<ReleaseRequest>, StoreError> {
        self.read(|db| requests_of(db, None)).await
    }

    /// Hands out the original of an approved request to the one who asked, once.
    ///
    /// The digests of the vault file and of the plaintext are held against the row and against the chain before the
    /// request counts as used; so a damaged vault does not use it up.
    pub async fn export(&self, request: RequestId, by: &Actor) -> Result<ReleaseOrder, StoreError> {
        let (inner, tenant) = (self.inner.clone(), self.tenant().to_owned());
        let (by_first, now_s) = (by.clone(), self.now_s());
        let (octets, sha256) = self
            .read(move |db| {
                let stored = stored(db, &tenant, request)?;
                may_export(db, &stored, &by_first, now_s)?;
                let original = original_of(db, stored.message)?;
                chain_holds_original(db, &stored.request.queue_id, &original)?;
                let file = inner.bodies.load(bodies::find(db, original.body)?)?;
                if vault::digest(&file).0 != original.vault_sha256 {
                    return Err(StoreError::Damaged("the vault file is not the one that was written"));
                }
                let identity = inner.settings.keys.identity().ok_or(StoreError::NoKey)?;
                let octets = vault::open(identity, &file, original.size_octets)?;
                if vault::digest(&octets).0 != original.sha256 {
                    return Err(StoreError::Damaged("the original is not the one that came"));
                }
                Ok((octets, Sha256(original.sha256)))
            })
            .await?;
        let by = by.clone();
        self.write(move |tx| {
            // Looked at again: somebody may have taken it in between.
            let stored = stored(tx.db, tx.tenant, request)?;
            let approved_by = may_export(tx.db, &stored, &by, tx.now_s)?;
            let queue_id = stored.request.queue_id;
            let seq = tx.audit(&AuditEvent::OriginalReleased {
                request,
                queue_id: queue_id.clone(),
                by: by.uid,
                approved_by: approved_by.uid,
                sha256: sha256.to_string(),
            })?;
            tx.db.execute(
                "UPDATE release_request SET state = 'exported', exported_s = ?1, exported_seq = ?2 WHERE id = ?3",
                params![tx.now_s, seq, request.0],
            )?;
            let (reason, octets) = (stored.request.reason, Untrusted::new(octets));
            Ok(ReleaseOrder { request, queue_id, by, approved_by, reason, sha256, octets })
        })
        .await
    }

    /// Sets or lifts a legal hold: while it stands, the original is not purged.
    pub async fn legal_hold(
        &self,
        queue_id: &QueueId,
        held: bool,
        by: &Actor,
        reason: &str,
    ) -> Result<(), StoreError> {
        let (queue_id, by, reason) = (queue_id.clone(), by.uid, said(reason)?);
        self.write(move |tx| {
            let message = tx.message_of(&queue_id)?;
            if !tx.kind_of(message)?.1 {
                return Err(StoreError::Refused(Denial::OriginalGone));
            }
            tx.db.execute("UPDATE message SET legal_hold = ?1 WHERE id = ?2", params![held, message])?;
            let reason_sha256 = digest_of_words(&reason);
            tx.audit(&AuditEvent::LegalHold { queue_id, by, held, reason_sha256 }).map(drop)
        })
        .await
    }
}

impl Tx<'_> {
    fn request_release(
        &mut self,
        queue_id: QueueId,
        by: &Actor,
        reason: &str,
    ) -> Result<RequestId, StoreError> {
        let message = self.message_of(&queue_id)?;
        if !self.kind_of(message)?.1 {
            return Err(StoreError::Refused(Denial::OriginalGone));
        }
        let last = "SELECT coalesce(max(id), 0) + 1 FROM release_request";
        let request = RequestId(self.db.query_row(last, [], |row| row.get(0))?);
        let reason_sha256 = digest_of_words(reason);
        let event = AuditEvent::OriginalRequested { request, queue_id, by: by.uid, reason_sha256 };
        let seq = self.audit(&event)?;
        self.db.execute(
            "INSERT INTO release_request(id, message, tenant, requester_uid, requester_name, reason, requested_s,
                expires_s, state, requested_seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9)",
            params![
                request.0,
                message,
                self.tenant,
                by.uid,
                by.name,
                reason,
                self.now_s,
                self.now_s.saturating_add(VALID_S),
                seq
            ],
        )?;
        Ok(request)
    }

    /// A request that `by` may decide on.
    fn open_request(&self, request: RequestId, by: &Actor) -> Result<ReleaseRequest, StoreError> {
        let stored = stored(self.db, self.tenant, request)?;
        let request = stored.request;
        let denial = if request.state != RequestState::Open {
            Denial::AlreadyDecided
        } else if request.requester.uid == by.uid {
            Denial::SameActor
        } else if self.now_s >= request.expires.unix_s {
            Denial::Expired
        } else {
            return Ok(request);
        };
        Err(StoreError::Refused(denial))
    }

    fn decide(
        &self,
        request: RequestId,
        state: &str,
        by: &Actor,
        reason: Option<&str>,
        seq: i64,
    ) -> Result<(), StoreError> {
        self.db.execute(
            "UPDATE release_request SET state = ?1, decider_uid = ?2, decider_name = ?3, decision_reason = ?4,
                decided_s = ?5, decided_seq = ?6, expires_s = ?7 WHERE id = ?8",
            params![
                state,
                by.uid,
                by.name,
                reason,
                self.now_s,
                seq,
                self.now_s.saturating_add(VALID_S),
                request.0
            ],
        )?;
        Ok(())
    }
}

/// Whether `by` may take the original now; who approved.
fn may_export(db: &Connection, stored: &Stored, by: &Actor, now_s: i64) -> Result<Actor, StoreError> {
    let request = &stored.request;
    let denied = |denial| Err(StoreError::Refused(denial));
    match request.state {
        RequestState::Open => return denied(Denial::NotApproved),
        RequestState::Refused => return denied(Denial::WasRefused),
        RequestState::Exported => return denied(Denial::AlreadyExported),
        RequestState::Approved => {}
    }
    let (Some(decider), Some(decided_seq)) = (&request.decider, stored.decided_seq) else {
        return denied(Denial::NotApproved);
    };
    if decider.uid == request.requester.uid {
        return denied(Denial::SameActor);
    }
    if by.uid != request.requester.uid {
        return denied(Denial::NotRequester);
    }
    if now_s >= request.expires.unix_s {
        return denied(Denial::Expired);
    }
    let asked = AuditEvent::OriginalRequested {
        request: request.id,
        queue_id: request.queue_id.clone(),
        by: request.requester.uid,
        reason_sha256: digest_of_words(&request.reason),
    };
    let approved = AuditEvent::OriginalApproved {
        request: request.id,
        queue_id: request.queue_id.clone(),
        by: decider.uid,
    };
    if chained(db, stored.requested_seq)? != Some(asked) || chained(db, decided_seq)? != Some(approved) {
        return denied(Denial::AuditBroken);
    }
    Ok(decider.clone())
}

/// The event of a row of the chain, if the row holds together with the one before it.
fn chained(db: &Connection, seq: i64) -> Result<Option<AuditEvent>, StoreError> {
    let query = "SELECT at_s, segment, event, hash FROM audit WHERE seq = ?1";
    let row = db
        .query_row(query, [seq], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, [u8; 32]>(3)?,
            ))
        })
        .optional()?;
    let Some((at_s, segment, event, hash)) = row else { return Ok(None) };
    let before = seq.saturating_sub(1);
    let query =
        "SELECT hash FROM audit WHERE seq = ?1 UNION ALL SELECT root FROM audit_segment WHERE last_seq = ?1";
    let before_hash = db.query_row(query, [before], |row| row.get(0)).optional()?;
    let before_hash: [u8; 32] = before_hash.unwrap_or([0; 32]);
    if link(&before_hash, seq, at_s, segment.as_bytes(), event.as_bytes()) != hash {
        return Ok(None);
    }
    Ok(serde_json::from_str(&event).ok())
}

fn original_of(db: &Connection, message: i64) -> Result<StoredOriginal, StoreError> {
    let query = "SELECT original, size_octets, sha256, vault_sha256, received_seq FROM message
                 WHERE id = ?1 AND original IS NOT NULL";
    let found = db
        .query_row(query, [message], |row| {
            Ok(StoredOriginal {
                body: row.get(0)?,
                size_octets: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
                sha256: row.get(2)?,
                vault_sha256: row.get(3)?,
                received_seq: row.get(4)?,
            })
        })
        .optional()?;
    found.ok_or(StoreError::Refused(Denial::OriginalGone))
}

/// What the chain said at acceptance must be what the row says now.
fn chain_holds_original(
    db: &Connection,
    queue_id: &QueueId,
    original: &StoredOriginal,
) -> Result<(), StoreError> {
    let Some(AuditEvent::MessageReceived { queue_id: chained_id, sha256, vault_sha256, .. }) =
        chained(db, original.received_seq)?
    else {
        return Err(StoreError::Refused(Denial::AuditBroken));
    };
    let same = chained_id == *queue_id
        && sha256 == Sha256(original.sha256).to_string()
        && vault_sha256 == Sha256(original.vault_sha256).to_string();
    if same { Ok(()) } else { Err(StoreError::Refused(Denial::AuditBroken)) }
}
