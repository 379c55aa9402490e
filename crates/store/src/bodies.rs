//! Where sealed octets lie: in the row up to 128 KiB, above that in a file that is flushed before its row exists.
//!
//! A file without a row is an orphan (the process died between the two) and is swept at the next start.

use crate::StoreError;
use crate::error::of_io;
use crate::files;
use crate::ids::random;
use data_encoding::BASE32_NOPAD;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Most octets that are kept in a row.
pub const INLINE_OCTETS_MAX: usize = 128 * 1024;

/// Sealed octets, durable if they are a file, and not yet in any row.
pub(crate) enum Staged {
    Inline(Vec<u8>),
    File(StagedFile),
}

/// A body file that no row names yet; dropping it removes it.
pub(crate) struct StagedFile {
    path: Option<PathBuf>,
    name: String,
    size_octets: i64,
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(%error, "a body file without a row stays until the next start");
        }
    }
}

/// Octets as a row names them.
pub(crate) enum Kept {
    Inline(Vec<u8>),
    File(String),
}

/// The directory of body files.
#[derive(Clone, Debug)]
pub(crate) struct Bodies {
    dir: PathBuf,
}

impl Bodies {
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        files::private_dir(dir)?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Writes and flushes a file when the octets are many. Blocking for these.
    pub(crate) fn stage(&self, sealed: Vec<u8>) -> Result<Staged, StoreError> {
        if sealed.len() <= INLINE_OCTETS_MAX {
            return Ok(Staged::Inline(sealed));
        }
        let name = BASE32_NOPAD.encode(&random::<20>()?);
        let path = self.dir.join(&name);
        let size_octets = i64::try_from(sealed.len()).unwrap_or(i64::MAX);
        let staged = StagedFile { path: Some(path.clone()), name, size_octets };
        match files::write_new(&path, &sealed, 0o600) {
            Ok(()) => Ok(Staged::File(staged)),
            Err(error) => Err(of_io(error)),
        }
    }

    /// Reads what a row names.
    pub(crate) fn load(&self, kept: Kept) -> Result<Vec<u8>, StoreError> {
        match kept {
            Kept::Inline(octets) => Ok(octets),
            Kept::File(name) => match fs::read(self.dir.join(name)) {
                Ok(octets) => Ok(octets),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(StoreError::Damaged("a body file is missing"))
                }
                Err(error) => Err(StoreError::Io(error)),
            },
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Removes files that no row names, and counts rows whose file is missing.
    pub(crate) fn sweep(&self, db: &Connection) -> Result<Sweep, StoreError> {
        let mut query = db.prepare("SELECT file FROM body WHERE file IS NOT NULL")?;
        let mut named: HashSet<String> =
            query.query_map([], |row| row.get(0))?.collect::<Result<_, rusqlite::Error>>()?;
        let mut orphans = 0_u64;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let known = entry.file_name().to_str().is_some_and(|name| named.remove(name));
            if !known {
                fs::remove_file(entry.path())?;
                orphans = orphans.saturating_add(1);
            }
        }
        Ok(Sweep { orphans, missing: u64::try_from(named.len()).unwrap_or(u64::MAX) })
    }
}

/// What a sweep found.
pub(crate) struct Sweep {
    pub(crate) orphans: u64,
    pub(crate) missing: u64,
}

/// Gives the octets a row.
pub(crate) fn insert(db: &Connection, tenant: &str, staged: Staged) -> Result<i64, StoreError> {
    let mut insert =
        db.prepare_cached("INSERT INTO body(tenant, octets, file, size_octets) VALUES(?1, ?2, ?3, ?4)")?;
    match staged {
        Staged::Inline(octets) => {
            let size_octets = i64::try_from(octets.len()).unwrap_or(i64::MAX);
            insert.execute(params![tenant, octets, None::<&str>, size_octets])?;
        }
        Staged::File(mut file) => {
            insert.execute(params![tenant, None::<&[u8]>, file.name, file.size_octets])?;
            // From here on the row may become durable: never remove the file, the sweep does if it did not.
            file.path = None;
        }
    }
    Ok(db.last_insert_rowid())
}

/// What a row names.
pub(crate) fn find(db: &Connection, body: i64) -> Result<Kept, StoreError> {
    let mut query = db.prepare_cached("SELECT octets, file FROM body WHERE id = ?1")?;
    let found = query.query_row([body], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match found {
        Some((Some(octets), None)) => Ok(Kept::Inline(octets)),
        Some((None, Some(file))) => Ok(Kept::File(file)),
        _ => Err(StoreError::Damaged("a body is missing")),
    }
}
