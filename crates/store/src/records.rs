//! Reports and summaries at rest: sealed with a key of the day that only the vault key or the day's working key opens.
//!
//! They hold subjects and file names. Sealing each with age would cost more than all else the store does, so a random
//! key a day is wrapped with age once, stored, and used symmetrically. After three days, when the working key is
//! destroyed, only the portal (or the recovery key) can read them.

use crate::clock::day_of;
use crate::ids::random;
use crate::seal::{self, SealKey};
use crate::{Store, StoreError, vault};
use policy::Outcome;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What lists show of a message. Sealed at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Subject, decoded and cleaned.
    pub subject: String,
    /// Sender as shown, decoded and cleaned.
    pub from: String,
    /// How sanitising ended.
    pub outcome: Outcome,
    /// Parts that do not merely hold others.
    pub parts: u32,
    /// Of these, removed or waiting.
    pub withheld: u32,
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Summary({:?}, {} parts, {} withheld)", self.outcome, self.parts, self.withheld)
    }
}

struct RecordKey {
    id: i64,
    day: i64,
    key: SealKey,
}

/// The keys that were opened so far.
#[derive(Default)]
pub(crate) struct RecordKeys {
    current: Mutex<Option<Arc<RecordKey>>>,
    opened: Mutex<HashMap<i64, Arc<RecordKey>>>,
}

impl fmt::Debug for RecordKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKeys")
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RecordKeys {
    /// Forgets what a destroyed working key had opened.
    pub(crate) fn forget(&self, day: i64) {
        locked(&self.opened).retain(|_, key| key.day != day);
    }
}

/// A sealer of records, ready for use inside a verb.
pub(crate) struct Sealer(Arc<RecordKey>);

impl Sealer {
    /// Seals a record; `belongs_to` names what it is and of which message.
    pub(crate) fn seal(&self, belongs_to: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let sealed = seal::seal(&self.0.key, belongs_to, plain)?;
        Ok([self.0.id.to_be_bytes().as_slice(), &sealed].concat())
    }
}

impl Store {
    /// The sealer of today; made and stored durably at the first call of a day.
    pub(crate) async fn sealer(&self) -> Result<Sealer, StoreError> {
        let now_s = self.now_s();
        let day = day_of(now_s);
        let current = locked(&self.inner.records.current).clone();
        if let Some(key) = current.filter(|key| key.day == day) {
            return Ok(Sealer(key));
        }
        let working = self.inner.working.current(now_s)?;
        let stored = self.read(move |db| stored_key(db, day)).await?;
        // A key of today that an earlier process made is used again as long as the working key opens it.
        let reopened = stored.and_then(|(id, wrapped)| {
            let plain = vault::open(&*working, &wrapped, 32).ok()?;
            Some(Arc::new(RecordKey { id, day, key: SealKey::new(plain.try_into().ok()?) }))
        });
        let key = match reopened {
            Some(key) => key,
            None => {
                let key = SealKey::new(random::<32>()?);
                let wrapped = vault::seal(Some(&working), self.keys().recipients(), &*key)?;
                let insert = move |tx: &mut crate::engine::Tx<'_>| {
                    tx.db.execute(
                        "INSERT INTO record_key(day, wrapped) VALUES(?1, ?2)",
                        params![day, wrapped],
                    )?;
                    Ok(tx.db.last_insert_rowid())
                };
                Arc::new(RecordKey { id: self.write(insert).await?, day, key })
            }
        };
        locked(&self.inner.records.opened).insert(key.id, key.clone());
        *locked(&self.inner.records.current) = Some(key.clone());
        Ok(Sealer(key))
    }
}

fn stored_key(db: &rusqlite::Connection, day: i64) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let query = "SELECT id, wrapped FROM record_key WHERE day = ?1 ORDER BY id DESC LIMIT 1";
    Ok(db.query_row(query, [day], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

impl crate::store::Inner {
    /// Opens a record; `None` when the key is not here.
    pub(crate) fn open_record(
        &self,
        db: &rusqlite::Connection,
        belongs_to: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((id, sealed)) = sealed.split_first_chunk::<8>() else {
            return Err(StoreError::Damaged("a sealed record is cut"));
        };
        let Some(key) = self.record_key(db, i64::from_be_bytes(*id))? else { return Ok(None) };
        seal::open(&key.key, belongs_to, sealed).map(Some)
    }

    fn record_key(&self, db: &rusqlite::Connection, id: i64) -> Result<Option<Arc<RecordKey>>, StoreError> {
        if let Some(key) = locked(&self.records.opened).get(&id) {
            return Ok(Some(key.clone()));
        }
        let query = "SELECT day, wrapped FROM record_key WHERE id = ?1";
        let row = db.query_row(query, [id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((day, wrapped)): Option<(i64, Vec<u8>)> = row else { return Ok(None) };
        let working = self.working.of_day(day).ok();
        let working = working.iter().map(|key| &**key as &dyn age::Identity);
        let vault = self.settings.keys.identity().map(|identity| identity as &dyn age::Identity);
        let plain = working.chain(vault).find_map(|identity| vault::open(identity, &wrapped, 32).ok());
        let Some(plain) = plain.and_then(|plain| <[u8; 32]>::try_from(plain).ok()) else { return Ok(None) };
        let key = Arc::new(RecordKey { id, day, key: SealKey::new(plain) });
        locked(&self.records.opened).insert(id, key.clone());
        Ok(Some(key))
    }
}
