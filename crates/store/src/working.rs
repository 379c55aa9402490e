//! Working keys: one a day, with which what is on its way can be read again without the vault key.
//!
//! They live in `keys/working` of the data directory, on the sanitising side only, and are destroyed once they are
//! three days old and nothing queued, waiting or leased needs them (see `retention`). From each an age identity for
//! originals and, by a hash with a label of its own, a symmetric key for drafts are had.

use crate::StoreError;
use crate::clock::day_of;
use crate::files;
use crate::seal::SealKey;
use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, fs, io};
use zeroize::Zeroizing;

/// The key of one day (days since 1970-01-01, UTC).
pub(crate) struct WorkingKey {
    pub(crate) day: i64,
    pub(crate) identity: Identity,
    pub(crate) recipient: Recipient,
    pub(crate) drafts: SealKey,
}

impl fmt::Debug for WorkingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkingKey(day {})", self.day)
    }
}

impl WorkingKey {
    fn of_identity(day: i64, identity: Identity) -> Self {
        let secret = identity.to_string();
        let mut hash = Sha256::new();
        hash.update(b"sekisho working key, drafts, 1\0");
        hash.update(secret.expose_secret().as_bytes());
        let drafts = SealKey::new(hash.finalize().into());
        Self { day, recipient: identity.to_public(), identity, drafts }
    }
}

/// The working keys that exist.
#[derive(Debug)]
pub(crate) struct WorkingKeys {
    dir: PathBuf,
    days: Mutex<BTreeMap<i64, Arc<WorkingKey>>>,
}

impl WorkingKeys {
    /// Loads what lies in `dir`, which is made when missing.
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        files::private_dir(dir)?;
        let mut days = BTreeMap::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let Some(day) = stem.and_then(|stem| stem.parse::<i64>().ok()) else { continue };
            let text = Zeroizing::new(files::read_secret(&path)?);
            match text.trim().parse::<Identity>() {
                Ok(identity) => {
                    days.insert(day, Arc::new(WorkingKey::of_identity(day, identity)));
                }
                // Cut off while it was made (nothing uses it yet) or while it was destroyed (nothing uses it any more).
                Err(_) => files::destroy(&path)?,
            }
        }
        Ok(Self { dir: dir.to_owned(), days: Mutex::new(days) })
    }

    fn days(&self) -> MutexGuard<'_, BTreeMap<i64, Arc<WorkingKey>>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, day: i64) -> PathBuf {
        self.dir.join(format!("{day}.key"))
    }

    /// The key of the day in which `unix_s` lies; it is durable before it is returned.
    pub(crate) fn current(&self, unix_s: i64) -> Result<Arc<WorkingKey>, StoreError> {
        let day = day_of(unix_s);
        let mut days = self.days();
        if let Some(key) = days.get(&day) {
            return Ok(key.clone());
        }
        let identity = Identity::generate();
        let text = Zeroizing::new(format!("{}\n", identity.to_string().expose_secret()));
        match files::write_new(&self.path(day), text.as_bytes(), 0o600) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StoreError::Damaged("a working key is there that could not be read"));
            }
            Err(error) => return Err(crate::error::of_io(error)),
        }
        let key = Arc::new(WorkingKey::of_identity(day, identity));
        days.insert(day, key.clone());
        Ok(key)
    }

    /// The key of a day, unless it was destroyed.
    pub(crate) fn of_day(&self, day: i64) -> Result<Arc<WorkingKey>, StoreError> {
        self.days().get(&day).cloned().ok_or(StoreError::NoKey)
    }

    /// The days before `day` whose keys still exist.
    pub(crate) fn before(&self, day: i64) -> Vec<i64> {
        self.days().range(..day).map(|(day, _)| *day).collect()
    }

    /// Destroys the key of a day.
    pub(crate) fn destroy(&self, day: i64) -> Result<(), StoreError> {
        let mut days = self.days();
        days.remove(&day);
        match files::destroy(&self.path(day)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::Io(error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_key_is_one_a_day_survives_and_can_be_destroyed() {
        let dir = tempfile::tempdir().unwrap();
        let keys = WorkingKeys::open(dir.path()).unwrap();
        let first = keys.current(10).unwrap();
        assert_eq!(keys.current(86_399).unwrap().drafts, first.drafts);
        assert_ne!(keys.current(86_400).unwrap().drafts, first.drafts);
        let again = WorkingKeys::open(dir.path()).unwrap();
        assert_eq!(again.of_day(0).unwrap().drafts, first.drafts);
        assert_eq!(again.before(1), [0]);
        again.destroy(0).unwrap();
        assert!(matches!(again.of_day(0), Err(StoreError::NoKey)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_was_cut_off_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        files::write_new(&dir.path().join("5.key"), b"AGE-SEC", 0o600).unwrap();
        let keys = WorkingKeys::open(dir.path()).unwrap();
        assert!(keys.current(5 * 86_400).is_ok());
    }
}
