//! Opening the data directory, and what every verb shares.

use crate::audit::{self, AuditEvent};
use crate::bodies::Bodies;
use crate::clock::{Clock, Reading};
use crate::engine::{self, Readers, Tx, Wake, Writer, WriterHandle};
use crate::ids::QueueIds;
use crate::keys::Keys;
use crate::records::RecordKeys;
use crate::working::WorkingKeys;
use crate::{LedgerBalance, StoreError, files, ledger};
use rusqlite::{Connection, OptionalExtension, params};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What the store needs to know.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The directory that holds everything.
    pub data_dir: PathBuf,
    /// The long-lived keys.
    pub keys: Keys,
    /// How much of the disk stays free.
    pub floor: Floor,
    /// Whose mail this is; stands in every row.
    pub tenant: String,
    /// Where time comes from.
    pub clock: Clock,
}

/// How much of the disk must stay free for mail to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// At least this many octets.
    pub octets: u64,
    /// And at least this share of the file system, in per cent; 0 for none.
    pub per_cent: u8,
}

impl Floor {
    /// For a data directory of one's own: 2 GiB or a tenth, whichever is more.
    pub const SERVER: Self = Self { octets: 2 << 30, per_cent: 10 };
    /// The embedded default: 256 MiB.
    pub const EMBEDDED: Self = Self { octets: 256 << 20, per_cent: 0 };
}

/// Whether there is room for mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is.
    Enough {
        /// Octets free for us.
        free_octets: u64,
    },
    /// Answer `452`.
    Short {
        /// Octets free for us.
        free_octets: u64,
        /// Octets that must stay free.
        floor_octets: u64,
    },
}

/// What was found and put right when the data directory was opened.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// Leases that a former process held and that were given back.
    pub leases: u64,
    /// Of these, deliveries that stood between DATA and our record: the recipient may get them twice.
    pub interrupted_attempts: u64,
    /// Body files without a row, removed.
    pub orphans: u64,
    /// Rows whose body file is missing: a person must look.
    pub missing_bodies: u64,
    /// The ledger as it stands.
    pub ledger: LedgerBalance,
    /// The clock is far from where it was: nothing is purged or expired until it is trusted.
    pub clock_jumped: bool,
}

/// The store. Clones are handles to the same one; the last to be dropped closes it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) writer: WriterHandle,
    pub(crate) readers: Readers,
    pub(crate) bodies: Bodies,
    pub(crate) working: WorkingKeys,
    pub(crate) records: RecordKeys,
    pub(crate) ids: QueueIds,
    pub(crate) wake: Arc<Wake>,
    pub(crate) settings: StoreSettings,
    epoch: Instant,
    opened: Reading,
    clock_suspect: AtomicBool,
}

/// How far the clock may have gone on while nothing ran, before a person must say that it is right.
const CLOSED_MAX_S: i64 = 14 * 86_400;

impl Store {
    /// Opens the data directory: takes the lock, migrates, gives leases back, sweeps orphans, checks the ledger.
    pub fn open(settings: StoreSettings) -> Result<(Self, Recovery), StoreError> {
        let dir = settings.data_dir.as_path();
        files::private_dir(dir)?;
        let lock = take_lock(dir)?;
        let working = WorkingKeys::open(&dir.join("keys").join("working"))?;
        let bodies = Bodies::open(&dir.join("bodies"))?;
        let path = dir.join("store.sqlite");
        let db = engine::open_writer(&path)?;
        files::sync_dir(dir)?;
        let clock_jumped = clock_is_suspect(&db, settings.clock.now_s())?;
        let (head, leases, interrupted_attempts) = recover(&db, &settings)?;
        let sweep = bodies.sweep(&db)?;
        let ledger = ledger::balance(&db)?;
        let wake = Arc::new(Wake::default());
        let writer = Writer {
            db,
            keys: settings.keys.clone(),
            tenant: settings.tenant.clone(),
            head,
            clock: settings.clock.clone(),
            clock_kept_s: 0,
            bodies: bodies.clone(),
            wake: wake.clone(),
            lock,
        };
        let epoch = Instant::now();
        let inner = Inner {
            writer: WriterHandle::start(writer)?,
            readers: Readers::new(&path),
            bodies,
            working,
            records: RecordKeys::default(),
            ids: QueueIds::new(),
            wake,
            opened: settings.clock.reading(epoch),
            epoch,
            settings,
            clock_suspect: AtomicBool::new(clock_jumped),
        };
        let recovery = Recovery {
            leases,
            interrupted_attempts,
            orphans: sweep.orphans,
            missing_bodies: sweep.missing,
            ledger,
            clock_jumped,
        };
        Ok((Self { inner: Arc::new(inner) }, recovery))
    }

    /// Whether there is room to accept mail.
    pub fn room(&self) -> Result<Room, StoreError> {
        let Floor { octets, per_cent } = self.inner.settings.floor;
        let disk = rustix::fs::statvfs(&self.inner.settings.data_dir)
            .map_err(|error| StoreError::Io(std::io::Error::from(error)))?;
        let free_octets = disk.f_bavail.saturating_mul(disk.f_frsize);
        let share = disk.f_blocks.saturating_mul(disk.f_frsize).checked_div(100).unwrap_or_default();
        let floor_octets = octets.max(share.saturating_mul(u64::from(per_cent)));
        let no_inodes = disk.f_files > 0 && disk.f_favail < 1_000;
        if free_octets < floor_octets || no_inodes {
            return Ok(Room::Short { free_octets, floor_octets });
        }
        Ok(Room::Enough { free_octets })
    }

    /// Whether a write failed: stop accepting, exit, recover at the next start.
    pub fn is_broken(&self) -> bool {
        self.inner.writer.is_broken()
    }

    /// The tenant of this store.
    pub fn tenant(&self) -> &str {
        &self.inner.settings.tenant
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.inner.settings.keys
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.inner.settings.clock.now_s()
    }

    /// Refuses when the clock jumped, while running or since the last run.
    pub(crate) fn clock_is_sound(&self) -> Result<(), StoreError> {
        let reading = self.inner.settings.clock.reading(self.inner.epoch);
        if reading.jumped_since(self.inner.opened) || self.inner.clock_suspect.load(Ordering::SeqCst) {
            return Err(StoreError::ClockJumped);
        }
        Ok(())
    }

    /// A person says that the clock is right as it is, after it was found to have jumped before the start. A jump while
    /// running is only forgotten by a restart.
    pub async fn trust_clock(&self, by: &crate::Actor) -> Result<(), StoreError> {
        let by = by.uid;
        self.write(move |tx| {
            engine::keep_clock_s(tx.db, tx.now_s)?;
            tx.db.execute("DELETE FROM meta WHERE key = 'clock_suspect'", [])?;
            tx.audit(&AuditEvent::ClockTrusted { by })
        })
        .await?;
        self.inner.clock_suspect.store(false, Ordering::SeqCst);
        Ok(())
    }

    pub(crate) async fn write<T, F>(&self, verb: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.writer.call(verb).await
    }

    pub(crate) async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.readers.run(query).await
    }

    /// Runs something that may block or take long when it is large, here when it is small.
    pub(crate) async fn sized<T, F>(&self, octets: usize, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    {
        if octets <= crate::INLINE_OCTETS_MAX {
            return work(&self.inner);
        }
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || work(&inner)).await.unwrap_or(Err(StoreError::Broken))
    }
}

fn take_lock(dir: &Path) -> Result<File, StoreError> {
    let lock = File::options().create(true).truncate(false).write(true).open(dir.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked),
        Err(TryLockError::Error(error)) => Err(StoreError::Io(error)),
    }
}

/// Whether the clock went back, or further on than a pause would explain; remembered until a person trusts it.
fn clock_is_suspect(db: &Connection, now_s: i64) -> Result<bool, StoreError> {
    let value = |key: &str| {
        db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get::<_, i64>(0)).optional()
    };
    let jumped = value("clock_s")?.is_some_and(|last_s| {
        let passed_s = now_s.saturating_sub(last_s);
        !(-3_600..=CLOSED_MAX_S).contains(&passed_s)
    });
    if jumped {
        db.execute("INSERT OR REPLACE INTO meta(key, value) VALUES('clock_suspect', 1)", [])?;
    }
    Ok(jumped || value("clock_suspect")?.is_some())
}

/// Gives back what a former process had leased. Nobody else can hold a lease: we own the directory.
fn recover(db: &Connection, settings: &StoreSettings) -> Result<(audit::Head, u64, u64), StoreError> {
    let now_s = settings.clock.now_s();
    let transaction = db.unchecked_transaction()?;
    let jobs = db.execute("UPDATE job SET state = 'queued', due_s = ?1 WHERE state = 'leased'", [now_s])?;
    let attempts: i64 = db.query_row(
        "SELECT count(*) FROM clean WHERE state = 'leased' AND attempting_s IS NOT NULL",
        [],
        |row| row.get(0),
    )?;
    let clean = db.execute(
        "UPDATE clean SET state = 'ready', due_s = ?1, attempting_s = NULL WHERE state = 'leased'",
        params![now_s],
    )?;
    let leases = u64::try_from(jobs.saturating_add(clean)).unwrap_or(u64::MAX);
    let attempts = u64::try_from(attempts).unwrap_or_default();
    let mut tx = Tx {
        db,
        keys: &settings.keys,
        tenant: &settings.tenant,
        now_s,
        head: audit::head(db)?,
        unlink: Vec::new(),
        new_jobs: 0,
        new_clean: 0,
        new_trials: 0,
    };
    tx.audit(&AuditEvent::StoreOpened { leases, attempts })?;
    let head = tx.head;
    transaction.commit()?;
    Ok((head, leases, attempts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ManualClock, NewGroup, NewMessage};
    use mail::{Client, DateTime, Envelope, Mailbox, Protocol, ReversePath, Untrusted};

    fn new_mail() -> NewMessage {
        let recipients = vec![Mailbox::parse("a@example.lg.jp").unwrap()];
        NewMessage {
            envelope: Envelope {
                reverse_path: ReversePath::Null,
                forward_paths: recipients.clone(),
                body_type: None,
                client: Client {
                    address: "192.0.2.1".parse().unwrap(),
                    greeting: "mx".to_owned(),
                    protocol: Protocol::Smtp,
                },
            },
            octets: Untrusted::new(vec![b'x'; 100_000]),
            groups: vec![NewGroup { zone: "inside".to_owned(), policy_version: "1".to_owned(), recipients }],
            accepted: DateTime::utc(1_795_132_800),
            stray_line_ends: false,
        }
    }

    /// A disk that is full inside a transaction: that mail is refused, the store lives, and goes on once there is room.
    #[tokio::test]
    async fn a_full_database_refuses_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            data_dir: dir.path().to_owned(),
            keys: Keys::automatic(dir.path()).unwrap(),
            floor: Floor { octets: 0, per_cent: 0 },
            tenant: "city".to_owned(),
            clock: Clock::Manual(ManualClock::at(1_795_132_800)),
        };
        let (store, _) = Store::open(settings).unwrap();
        let pages = |count: u32| {
            store.write(move |tx| Ok(tx.db.execute_batch(&format!("PRAGMA max_page_count = {count}"))?))
        };
        pages(200).await.unwrap();
        let mut taken = 0;
        let refused = loop {
            match store.put_received(new_mail()).await {
                Ok(_) => taken += 1,
                Err(error) => break error,
            }
            assert!(taken < 100, "the limit was not met");
        };
        assert!(matches!(refused, StoreError::Full), "{refused:?}");
        assert!(!store.is_broken() && taken > 0);
        pages(100_000).await.unwrap();
        store.put_received(new_mail()).await.unwrap();
        let ledger = store.ledger().await.unwrap();
        assert!(ledger.is_balanced());
        assert_eq!(ledger.total().accepted, taken + 1);
        assert!(store.audit_verify(None).await.unwrap().is_sound(), "what was rolled back left no gap");
    }
}
