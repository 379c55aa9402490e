//! Working keys: one a day, with which what is on its way can be read again without the vault key.
//!
//! They live in `keys/working` of the data directory, on the sanitising side only, and are destroyed once they are
//! three days old and nothing queued, waiting or leased needs them (see `retention`). From each come, by a hash with
//! a label of its own, a key that wraps the file keys of originals, one for drafts and one for the marks of letters.
//!
//! A working key is symmetric: whoever seals with it here also opens with it, and an X25519 stanza (two scalar
//! multiplications to seal, two to open) costs as much as all else that sealing a short mail does. In the age file it
//! is a stanza of its own kind, which other programs pass over: `-> sekisho-working SALT`, where the file key is
//! encrypted as in an X25519 stanza with `HKDF-SHA-256(ikm = key, salt = SALT, info = "sekisho working key, wrap, 1")`.

use crate::StoreError;
use crate::clock::day_of;
use crate::files;
use crate::ids::random;
use crate::seal::SealKey;
use age::secrecy::ExposeSecret;
use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt, hkdf};
use data_encoding::{BASE64_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, fs, io};
use zeroize::Zeroizing;

/// The key of one day (days since 1970-01-01, UTC).
pub(crate) struct WorkingKey {
    pub(crate) day: i64,
    wrap: SealKey,
    pub(crate) drafts: SealKey,
    marks: SealKey,
}

/// Size of a key file: the secret in hexadecimal, and a line end.
const KEY_FILE_OCTETS: usize = 65;
/// Kind of the stanza.
const TAG: &str = "sekisho-working";
const WRAP: &[u8] = b"sekisho working key, wrap, 1";
const MARK: &[u8] = b"sekisho working key, mark, 1";
const SALT_OCTETS: usize = 16;

impl fmt::Debug for WorkingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkingKey(day {})", self.day)
    }
}

impl WorkingKey {
    fn of_secret(day: i64, secret: &[u8; 32]) -> Self {
        let derived = |label: &[u8]| {
            let mut hash = Sha256::new();
            hash.update(label);
            hash.update(secret);
            SealKey::new(hash.finalize().into())
        };
        let (wrap, drafts) =
            (derived(b"sekisho working key, originals, 1\0"), derived(b"sekisho working key, drafts, 1\0"));
        Self { day, wrap, drafts, marks: derived(b"sekisho working key, marks, 1\0") }
    }

    /// A keyed hash, by which a token is found again as long as the key exists.
    pub(crate) fn mark(&self, token: &str) -> [u8; 16] {
        let [mark @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
            hkdf(&*self.marks, MARK, token.as_bytes());
        mark
    }

    fn wrapping_key(&self, salt: &[u8]) -> SealKey {
        SealKey::new(hkdf(salt, WRAP, &*self.wrap))
    }
}

impl age::Recipient for WorkingKey {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let salt = random::<SALT_OCTETS>().or(Err(EncryptError::Io(io::Error::other("no randomness"))))?;
        let body = aead_encrypt(&self.wrapping_key(&salt), file_key.expose_secret());
        let stanza = Stanza { tag: TAG.to_owned(), args: vec![BASE64_NOPAD.encode(&salt)], body };
        Ok((vec![stanza], HashSet::new()))
    }
}

impl age::Identity for WorkingKey {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let [salt] = stanza.args.as_slice() else { return None };
        if stanza.tag != TAG {
            return None;
        }
        let salt = BASE64_NOPAD.decode(salt.as_bytes()).ok().filter(|salt| salt.len() == SALT_OCTETS)?;
        let opened = aead_decrypt(&self.wrapping_key(&salt), FILE_KEY_BYTES, &stanza.body).ok()?;
        let file_key = <[u8; FILE_KEY_BYTES]>::try_from(Zeroizing::new(opened).as_slice()).ok()?;
        Some(Ok(FileKey::new(Box::new(file_key))))
    }
}

/// The secret of a key file; `None` when it was cut off.
fn secret_of(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let octets = Zeroizing::new(HEXLOWER.decode(text.trim().as_bytes()).ok()?);
    <[u8; 32]>::try_from(octets.as_slice()).map(Zeroizing::new).ok()
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
            match secret_of(&text) {
                Some(secret) => {
                    days.insert(day, Arc::new(WorkingKey::of_secret(day, &secret)));
                }
                // Cut off while it was made (nothing uses it yet) or while it was destroyed (nothing uses it any more).
                None if text.len() < KEY_FILE_OCTETS || text.bytes().all(|octet| octet == 0) => {
                    files::destroy(&path)?;
                }
                None => return Err(StoreError::Damaged("a working key cannot be read")),
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
        let secret = Zeroizing::new(random::<32>()?);
        let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(HEXLOWER.encode(&*secret))));
        match files::write_new(&self.path(day), text.as_bytes(), 0o600) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StoreError::Damaged("a working key is there that could not be read"));
            }
            Err(error) => return Err(crate::error::of_io(error)),
        }
        let key = Arc::new(WorkingKey::of_secret(day, &secret));
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
        files::write_new(&dir.path().join("5.key"), b"3fe2", 0o600).unwrap();
        let keys = WorkingKeys::open(dir.path()).unwrap();
        assert!(keys.current(5 * 86_400).is_ok());
        files::write_new(&dir.path().join("6.key"), &[0; KEY_FILE_OCTETS], 0o600).unwrap();
        assert!(WorkingKeys::open(dir.path()).is_ok());
        assert!(!dir.path().join("6.key").exists());
        files::write_new(&dir.path().join("7.key"), &[b'x'; KEY_FILE_OCTETS], 0o600).unwrap();
        assert!(WorkingKeys::open(dir.path()).is_err(), "a whole key is never thrown away");
        assert!(dir.path().join("7.key").exists());
    }
}
