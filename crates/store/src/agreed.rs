//! Passwords that were agreed with a correspondent (「いつものパスワード」), each with an end.
//!
//! They outlive the working keys, and the vault key is not on the sanitising side; so they are sealed with a key of
//! their own, `keys/agreed.key` in the data directory (0600), which is made when the first is added.
//!
//! *Security.* Whoever reads the data directory as this account can open them, as with the working keys. No verb
//! shows one; the chain names them by number.

use crate::audit::AuditEvent;
use crate::ids::random;
use crate::seal::{self, SealKey};
use crate::{Actor, Denial, Store, StoreError, files};
use data_encoding::HEXLOWER;
use mail::DateTime;
use rusqlite::params;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// Most passwords that are tried for one sender, the newest first.
const AGREED_MAX: i64 = 20;

/// An agreed password, without itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Its number.
    pub id: i64,
    /// The address or domain of the sender, in lower case.
    pub sender: String,
    /// Until when it is tried.
    pub until: DateTime,
    /// When it was added.
    pub added: DateTime,
}

fn belongs_to(tenant: &str, sender: &str) -> String {
    format!("agreed {tenant} {sender}")
}

fn read_key(path: &Path) -> Result<Option<SealKey>, StoreError> {
    match files::read_secret(path).map(Zeroizing::new) {
        Ok(text) => {
            let octets = HEXLOWER.decode(text.trim().as_bytes()).map(Zeroizing::new);
            let damaged = StoreError::Damaged("the key of agreed passwords cannot be read");
            let Ok(octets) = octets else { return Err(damaged) };
            <[u8; 32]>::try_from(octets.as_slice()).map(SealKey::new).map(Some).or(Err(damaged))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::Io(error)),
    }
}

/// Makes the key, or reads the one that another process made in the meantime.
fn make_key(path: &Path) -> Result<SealKey, StoreError> {
    let key = SealKey::new(random::<32>()?);
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(HEXLOWER.encode(&*key))));
    match files::write_whole(path, text.as_bytes(), 0o600) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read_key(path)?.ok_or(StoreError::Io(error))
        }
        Err(error) => Err(StoreError::Io(error)),
    }
}

impl Store {
    fn agreed_key(&self, make: bool) -> Result<Option<SealKey>, StoreError> {
        let path = self.inner.settings.data_dir.join("keys").join("agreed.key");
        match read_key(&path)? {
            None if make => make_key(&path).map(Some),
            known => Ok(known),
        }
    }

    /// Adds a password for a sender (an address or a domain); its number.
    pub async fn agree(
        &self,
        sender: &str,
        until: DateTime,
        password: &str,
        by: &Actor,
    ) -> Result<i64, StoreError> {
        if password.is_empty() || sender.is_empty() {
            return Err(StoreError::Refused(Denial::NoReason));
        }
        let sender = sender.to_lowercase();
        let Some(key) = self.agreed_key(true)? else { return Err(StoreError::NoKey) };
        let sealed = seal::seal(&key, &belongs_to(self.tenant(), &sender), password.as_bytes())?;
        let by = by.uid;
        self.write(move |tx| {
            let insert = "INSERT INTO agreed_password(tenant, sender, until_s, added_s, password)
                          VALUES(?1, ?2, ?3, ?4, ?5)";
            let row = params![tx.tenant, sender, until.unix_s, tx.now_s, sealed];
            tx.db.prepare_cached(insert)?.execute(row)?;
            let id = tx.db.last_insert_rowid();
            tx.audit(&AuditEvent::PasswordAgreed { id, until_s: until.unix_s, by })?;
            Ok(id)
        })
        .await
    }

    /// All that stand, by sender.
    pub async fn agreed_list(&self) -> Result<Vec<Agreed>, StoreError> {
        let (tenant, now_s) = (self.tenant().to_owned(), self.now_s());
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT id, sender, until_s, added_s FROM agreed_password WHERE tenant = ?1 AND until_s > ?2
                 ORDER BY sender, id",
            )?;
            let rows = query.query_map(params![tenant, now_s], |row| {
                Ok(Agreed {
                    id: row.get(0)?,
                    sender: row.get(1)?,
                    until: DateTime::utc(row.get(2)?),
                    added: DateTime::utc(row.get(3)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Removes all passwords of a sender; how many.
    pub async fn disagree(&self, sender: &str, by: &Actor) -> Result<usize, StoreError> {
        let (sender, by) = (sender.to_lowercase(), by.uid);
        self.write(move |tx| {
            let mut query =
                tx.db.prepare_cached("SELECT id FROM agreed_password WHERE tenant = ?1 AND sender = ?2")?;
            let ids = query.query_map(params![tx.tenant, sender], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            for id in &ids {
                tx.db.prepare_cached("DELETE FROM agreed_password WHERE id = ?1")?.execute([id])?;
                tx.audit(&AuditEvent::PasswordRemoved { id: *id, by: Some(by) })?;
            }
            Ok(ids.len())
        })
        .await
    }

    /// The passwords agreed with any of these senders (addresses and domains), to be tried in the jail.
    pub async fn agreed_with(&self, senders: Vec<String>) -> Result<Vec<String>, StoreError> {
        let Some(key) = self.agreed_key(false)? else { return Ok(Vec::new()) };
        let (tenant, now_s) = (self.tenant().to_owned(), self.now_s());
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT password FROM agreed_password WHERE tenant = ?1 AND sender = ?2 AND until_s > ?3
                 ORDER BY id DESC LIMIT ?4",
            )?;
            let mut found = Vec::new();
            for sender in &senders {
                for sealed in query.query_map(params![tenant, sender, now_s, AGREED_MAX], |row| row.get(0))? {
                    let sealed: Vec<u8> = sealed?;
                    let opened = seal::open(&key, &belongs_to(&tenant, sender), &sealed)?;
                    let damaged = StoreError::Damaged("an agreed password is no text");
                    found.push(String::from_utf8(opened).or(Err(damaged))?);
                }
            }
            Ok(found)
        })
        .await
    }
}

impl crate::engine::Tx<'_> {
    /// Removes agreed passwords whose end has come.
    pub(crate) fn end_agreed(&mut self) -> Result<(), StoreError> {
        let mut query = self.db.prepare_cached("SELECT id FROM agreed_password WHERE until_s <= ?1")?;
        let ids: Vec<i64> = query.query_map([self.now_s], |row| row.get(0))?.collect::<Result<_, _>>()?;
        drop(query);
        for id in ids {
            self.db.prepare_cached("DELETE FROM agreed_password WHERE id = ?1")?.execute([id])?;
            self.audit(&AuditEvent::PasswordRemoved { id, by: None })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_first_who_makes_it_is_the_key_of_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agreed.key");
        assert!(read_key(&path).unwrap().is_none());
        let first = make_key(&path).unwrap();
        assert_eq!(*make_key(&path).unwrap(), *first);
        assert_eq!(*read_key(&path).unwrap().unwrap(), *first);
    }
}
