//! Reading the chain anew: flipped octets, missing rows, and — held against a checkpoint — a cut tail.

use super::{GENESIS, Head, head, link, root_text};
use crate::keys::Keys;
use crate::{Store, StoreError, files};
use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A signed statement of where the chain ended at some time, kept outside the data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Number of the last row.
    pub seq: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// When it was signed, in seconds since 1970.
    pub at_s: i64,
    /// Public half of the signing key, in hexadecimal.
    pub public_key: String,
    /// Signature over the three fields above, in hexadecimal.
    pub signature: String,
}

impl Checkpoint {
    fn text(seq: i64, hash: &str, at_s: i64) -> Vec<u8> {
        format!("sekisho audit checkpoint 1\0{seq}\0{hash}\0{at_s}").into_bytes()
    }

    fn sign(keys: &Keys, head: &Head, at_s: i64) -> Self {
        let hash = HEXLOWER.encode(&head.hash);
        let signature = HEXLOWER.encode(&keys.sign(&Self::text(head.seq, &hash, at_s)));
        Self { seq: head.seq, hash, at_s, public_key: HEXLOWER.encode(&keys.audit_public()), signature }
    }

    /// Reads a checkpoint file.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let text = std::fs::read(path)?;
        serde_json::from_slice(&text).or(Err(StoreError::Damaged("a checkpoint cannot be read")))
    }

    /// Whether the signature is that of `public_key` over these fields.
    pub fn is_signed_by(&self, public_key: &[u8; 32]) -> bool {
        let Ok(signature) = HEXLOWER.decode(self.signature.as_bytes()) else { return false };
        verifies(public_key, &Self::text(self.seq, &self.hash, self.at_s), &signature)
    }
}

fn verifies(public_key: &[u8; 32], text: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_bytes(public_key), Signature::from_slice(signature))
    else {
        return false;
    };
    key.verify(text, &signature).is_ok()
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum AuditFault {
    /// A row is not what was chained, or something was put before it.
    RowChanged {
        /// Its number.
        seq: i64,
    },
    /// Rows are missing before this one.
    RowsMissing {
        /// Number of the first row after the gap.
        seq: i64,
    },
    /// A segment's root is not that of its rows, or its signature is not ours.
    SegmentChanged {
        /// Name of the segment.
        segment: String,
    },
    /// The chain ends before the checkpoint, or is another chain.
    CheckpointMissed {
        /// Row that the checkpoint names.
        seq: i64,
    },
    /// The checkpoint itself is not signed by our key.
    CheckpointForged,
}

/// What reading the chain anew showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditVerdict {
    /// Rows read.
    pub rows: u64,
    /// Closed segments looked at, those whose rows were purged included.
    pub segments: u64,
    /// Number of the last row.
    pub last_seq: i64,
    /// Hash of the last row, in hexadecimal.
    pub last_hash: String,
    /// Everything that does not hold, the first hundred.
    pub faults: Vec<AuditFault>,
}

impl AuditVerdict {
    /// Whether everything holds.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

const FAULTS_MAX: usize = 100;

struct Walk {
    faults: Vec<AuditFault>,
    rows: u64,
    seq: i64,
    hash: [u8; 32],
}

impl Walk {
    fn fault(&mut self, fault: AuditFault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}

struct Segment {
    name: String,
    first: i64,
    last: i64,
    before: [u8; 32],
    root: [u8; 32],
    signature: Vec<u8>,
    purged: bool,
}

fn segments(db: &Connection) -> Result<Vec<Segment>, StoreError> {
    let mut query = db.prepare(
        "SELECT name, first_seq, last_seq, before, root, signature, purged_s IS NOT NULL
         FROM audit_segment ORDER BY last_seq",
    )?;
    let rows = query.query_map([], |row| {
        Ok(Segment {
            name: row.get(0)?,
            first: row.get(1)?,
            last: row.get(2)?,
            before: row.get(3)?,
            root: row.get(4)?,
            signature: row.get(5)?,
            purged: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Reads the whole chain.
pub(crate) fn verify(
    db: &Connection,
    public_key: &[u8; 32],
    checkpoint: Option<&Checkpoint>,
) -> Result<AuditVerdict, StoreError> {
    let mut walk = Walk { faults: Vec::new(), rows: 0, seq: 0, hash: GENESIS };
    let checkpoint_hash = checkpoint.map(|point| (point.seq, HEXLOWER.decode(point.hash.as_bytes()).ok()));
    let mut checkpoint_met = checkpoint.is_none_or(|point| point.seq == 0);
    let segments = segments(db)?;
    let mut closed = segments.iter().peekable();
    let mut meet = |seq: i64, hash: &[u8; 32]| {
        if let Some((wanted, Some(wanted_hash))) = &checkpoint_hash
            && *wanted == seq
            && wanted_hash.as_slice() == hash.as_slice()
        {
            checkpoint_met = true;
        }
    };
    let mut query = db.prepare("SELECT seq, at_s, segment, event, hash FROM audit ORDER BY seq")?;
    let mut rows = query.query([])?;
    loop {
        let row = rows.next()?;
        let next = row.map(|row| row.get::<_, i64>(0)).transpose()?;
        // Segments that end before this row are checked against the chain as it stands; purged ones are jumped over.
        while let Some(segment) = closed.next_if(|segment| next.is_none_or(|seq| segment.last < seq)) {
            let text = root_text(&segment.name, segment.first, segment.last, &segment.before, &segment.root);
            let mut sound = verifies(public_key, &text, &segment.signature);
            if segment.purged {
                sound &= segment.first == walk.seq.saturating_add(1) && segment.before == walk.hash;
                (walk.seq, walk.hash) = (segment.last, segment.root);
                meet(walk.seq, &walk.hash);
            } else {
                sound &= (segment.last, segment.root) == (walk.seq, walk.hash);
            }
            if !sound {
                walk.fault(AuditFault::SegmentChanged { segment: segment.name.clone() });
            }
        }
        let Some(row) = row else { break };
        let (seq, at_s): (i64, i64) = (row.get(0)?, row.get(1)?);
        // Flipped octets may no longer be UTF-8, or 32: they are compared as they lie there.
        let octets =
            |column| row.get_ref(column).ok().and_then(|value| value.as_bytes().ok()).unwrap_or_default();
        let (segment, event) = (octets(2), octets(3));
        let hash = <[u8; 32]>::try_from(octets(4)).unwrap_or_default();
        if seq != walk.seq.saturating_add(1) {
            walk.fault(AuditFault::RowsMissing { seq });
        } else if link(&walk.hash, seq, at_s, segment, event) != hash {
            walk.fault(AuditFault::RowChanged { seq });
        }
        walk.rows = walk.rows.saturating_add(1);
        (walk.seq, walk.hash) = (seq, hash);
        meet(seq, &hash);
    }
    if let Some(point) = checkpoint {
        if !point.is_signed_by(public_key) {
            walk.fault(AuditFault::CheckpointForged);
        } else if !checkpoint_met && !in_purged(&segments, point.seq) {
            walk.fault(AuditFault::CheckpointMissed { seq: point.seq });
        }
    }
    let segments = u64::try_from(segments.len()).unwrap_or(u64::MAX);
    let last_hash = HEXLOWER.encode(&walk.hash);
    Ok(AuditVerdict { rows: walk.rows, segments, last_seq: walk.seq, last_hash, faults: walk.faults })
}

/// Whether a row was purged in good order: then only its segment's root can be held against anything.
fn in_purged(segments: &[Segment], seq: i64) -> bool {
    segments.iter().any(|segment| segment.purged && (segment.first..=segment.last).contains(&seq))
}

impl Store {
    /// Writes a signed checkpoint into `dir`, which should lie outside the data directory: one file a day, replaced
    /// in one step, so that a day's last checkpoint stays.
    pub async fn checkpoint(&self, dir: &Path) -> Result<PathBuf, StoreError> {
        let (keys, now_s, dir) = (self.keys().clone(), self.now_s(), dir.to_owned());
        self.read(move |db| {
            let point = Checkpoint::sign(&keys, &head(db)?, now_s);
            let text =
                serde_json::to_vec(&point).or(Err(StoreError::Damaged("a checkpoint cannot be written")))?;
            std::fs::create_dir_all(&dir)?;
            let path = dir.join(format!("audit-checkpoint-{}.json", crate::clock::day_of(now_s)));
            let new = path.with_extension("new");
            let mut file = std::fs::File::create(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            files::sync_dir(&dir)?;
            Ok(path)
        })
        .await
    }

    /// Reads the chain anew, and holds it against a checkpoint when one is given.
    pub async fn audit_verify(&self, checkpoint: Option<Checkpoint>) -> Result<AuditVerdict, StoreError> {
        let public = self.keys().audit_public();
        self.read(move |db| verify(db, &public, checkpoint.as_ref())).await
    }

    /// The chain as JSON lines, oldest first, at most `limit` rows after row `after`.
    pub async fn audit_export(&self, after: i64, limit: usize) -> Result<Vec<String>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT seq, at_s, segment, event, hash FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let mut rows = query.query(params![after, limit])?;
            let mut lines = Vec::new();
            while let Some(row) = rows.next()? {
                let event =
                    String::from_utf8_lossy(row.get_ref(3)?.as_bytes().unwrap_or_default()).into_owned();
                let event: serde_json::Value = serde_json::from_str(&event).unwrap_or(event.into());
                let line = serde_json::json!({
                    "seq": row.get::<_, i64>(0)?,
                    "at_s": row.get::<_, i64>(1)?,
                    "segment": row.get::<_, String>(2)?,
                    "detail": event,
                    "hash": HEXLOWER.encode(&row.get::<_, Vec<u8>>(4)?),
                });
                lines.push(line.to_string());
            }
            Ok(lines)
        })
        .await
    }
}
