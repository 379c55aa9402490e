//! The embedded engine: one writer thread with group commit, a few readers, one owner of the data directory.
//!
//! Verbs queue up as closures. The writer takes what is waiting (up to 64), runs each in a savepoint of one
//! transaction, commits, and only then answers. While one commit waits for the disk the next batch gathers by itself,
//! so that an idle store adds no waiting.
//!
//! A commit that fails for another reason than a full disk leaves it unknown what is on the disk. It is never tried
//! again: the store is broken from then on, and every verb says so (`PostgreSQL` learnt this in 2018).

use crate::audit::Head;
use crate::keys::Keys;
use crate::{StoreError, schema};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, oneshot};

/// Most verbs in one commit.
const BATCH_MAX: usize = 64;

/// What a verb works with.
pub(crate) struct Tx<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) keys: &'a Keys,
    pub(crate) tenant: &'a str,
    pub(crate) now_s: i64,
    pub(crate) head: Head,
    /// Body files whose rows are gone once this commits.
    pub(crate) unlink: Vec<String>,
    pub(crate) new_jobs: usize,
    pub(crate) new_clean: usize,
    pub(crate) new_trials: usize,
}

/// How a batch ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BatchEnd {
    Committed,
    /// Rolled back because the disk is full; nothing of it was stored.
    Full,
    Broken,
}

/// A verb that waits for its turn, and whoever waits for its answer.
trait Queued: Send {
    /// Runs it; `false` when the whole batch must stop.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    fn answer(self: Box<Self>, end: BatchEnd);
}

struct Call<T, F> {
    verb: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Queued for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(verb) = self.verb.take() else { return true };
        let outcome = in_savepoint(tx, verb);
        let goes_on = outcome.as_ref().err().is_none_or(|error| !error.is_fatal() && !tx.db.is_autocommit());
        self.outcome = Some(outcome);
        goes_on
    }

    fn answer(self: Box<Self>, end: BatchEnd) {
        let lost = match end {
            BatchEnd::Committed => StoreError::Broken,
            BatchEnd::Full => StoreError::Full,
            BatchEnd::Broken => StoreError::Broken,
        };
        let outcome = match (end, self.outcome) {
            (BatchEnd::Committed, Some(outcome)) | (BatchEnd::Full, Some(outcome @ Err(_))) => outcome,
            _ => Err(lost),
        };
        if self.reply.send(outcome).is_err() {
            tracing::debug!("a verb was done after its caller had gone");
        }
    }
}

fn in_savepoint<T>(
    tx: &mut Tx<'_>,
    verb: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mark = (tx.head.clone(), tx.unlink.len(), tx.new_jobs, tx.new_clean, tx.new_trials);
    control(tx.db, "SAVEPOINT verb")?;
    // A fault of ours must not take the other verbs of the batch with it.
    let outcome = catch_unwind(AssertUnwindSafe(|| verb(tx))).unwrap_or_else(|payload| {
        tracing::error!(panic = panic_text(&*payload), "a verb of the store panicked; it is rolled back");
        Err(StoreError::Damaged("a fault inside the store"))
    });
    if outcome.is_err() {
        (tx.head, tx.new_jobs, tx.new_clean, tx.new_trials) = (mark.0, mark.2, mark.3, mark.4);
        tx.unlink.truncate(mark.1);
        if !tx.db.is_autocommit() {
            control(tx.db, "ROLLBACK TO verb")?;
            control(tx.db, "RELEASE verb")?;
        }
        return outcome;
    }
    control(tx.db, "RELEASE verb")?;
    outcome
}

/// A statement that steers the transaction. If it fails, nobody knows any more what the batch holds.
fn control(db: &Connection, statement: &str) -> Result<(), StoreError> {
    let done = db.prepare_cached(statement).and_then(|mut statement| statement.execute([]));
    done.map(drop).or(Err(StoreError::Broken))
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

/// Wakes the loops that wait for work.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    pub(crate) jobs: Notify,
    pub(crate) clean: Notify,
    pub(crate) trials: Notify,
}

/// What the writer thread owns.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) keys: Keys,
    pub(crate) tenant: String,
    pub(crate) head: Head,
    pub(crate) clock: crate::Clock,
    pub(crate) clock_kept_s: i64,
    pub(crate) bodies: crate::bodies::Bodies,
    pub(crate) wake: Arc<Wake>,
    /// Held for as long as the database is open.
    pub(crate) lock: std::fs::File,
}

impl Writer {
    fn serve(mut self, calls: &mpsc::Receiver<Box<dyn Queued>>, broken: &AtomicBool) {
        while let Ok(first) = calls.recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX
                && let Ok(next) = calls.try_recv()
            {
                batch.push(next);
            }
            let end = if broken.load(Ordering::SeqCst) { BatchEnd::Broken } else { self.commit(&mut batch) };
            if end == BatchEnd::Broken && !broken.swap(true, Ordering::SeqCst) {
                tracing::error!("the store failed to write; it accepts nothing more, restart the gateway");
            }
            for call in batch {
                call.answer(end);
            }
        }
        if let Err((_, error)) = self.db.close() {
            tracing::warn!(%error, "the database did not close cleanly; it recovers at the next start");
        }
        drop(self.lock);
    }

    fn commit(&mut self, batch: &mut [Box<dyn Queued>]) -> BatchEnd {
        let now_s = self.clock.now_s();
        let begun = self.db.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
        if let Err(error) = begun {
            return self.failed(&error.into());
        }
        let mut tx = Tx {
            db: &self.db,
            keys: &self.keys,
            tenant: &self.tenant,
            now_s,
            head: self.head.clone(),
            unlink: Vec::new(),
            new_jobs: 0,
            new_clean: 0,
            new_trials: 0,
        };
        for call in batch.iter_mut() {
            if !call.run(&mut tx) {
                let end = if tx.db.is_autocommit() { StoreError::Full } else { StoreError::Broken };
                return self.failed(&end);
            }
        }
        let Tx { head, unlink, new_jobs, new_clean, new_trials, .. } = tx;
        // The highest time seen tells a later start whether the clock jumped.
        let keep_clock = now_s.saturating_sub(self.clock_kept_s) >= 60;
        if keep_clock && let Err(error) = keep_clock_s(&self.db, now_s) {
            return self.failed(&error);
        }
        let committed = self.db.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        if let Err(error) = committed {
            return self.failed(&error.into());
        }
        self.head = head;
        if keep_clock {
            self.clock_kept_s = now_s;
        }
        self.after_commit(&unlink, new_jobs, new_clean);
        if new_trials > 0 {
            self.wake.trials.notify_one();
        }
        BatchEnd::Committed
    }

    fn after_commit(&self, unlink: &[String], new_jobs: usize, new_clean: usize) {
        for name in unlink {
            if let Err(error) = std::fs::remove_file(self.bodies.path(name)) {
                tracing::warn!(%error, "a body file that is no longer needed stays until the next start");
            }
        }
        for _ in 0..new_jobs {
            self.wake.jobs.notify_one();
        }
        for _ in 0..new_clean {
            self.wake.clean.notify_one();
        }
    }

    /// Rolls back. Only a full disk is believed to have left nothing behind.
    fn failed(&self, error: &StoreError) -> BatchEnd {
        let rolled_back = self.db.is_autocommit() || self.db.execute_batch("ROLLBACK").is_ok();
        if matches!(error, StoreError::Full) && rolled_back {
            tracing::error!("the disk is full: nothing of this batch was stored");
            return BatchEnd::Full;
        }
        tracing::error!(%error, "the store could not commit");
        BatchEnd::Broken
    }
}

pub(crate) fn keep_clock_s(db: &Connection, now_s: i64) -> Result<(), StoreError> {
    let mut keep = db.prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES('clock_s', ?1)")?;
    keep.execute([now_s])?;
    Ok(())
}

/// The handle to the writer thread.
#[derive(Debug)]
pub(crate) struct WriterHandle {
    calls: Mutex<Option<mpsc::Sender<Box<dyn Queued>>>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    broken: Arc<AtomicBool>,
}

impl std::fmt::Debug for dyn Queued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queued")
    }
}

impl WriterHandle {
    pub(crate) fn start(writer: Writer) -> Result<Self, StoreError> {
        let (calls, waiting) = mpsc::channel();
        let broken = Arc::new(AtomicBool::new(false));
        let flag = broken.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.serve(&waiting, &flag))?;
        Ok(Self { calls: Mutex::new(Some(calls)), thread: Mutex::new(Some(thread)), broken })
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Runs a verb and waits until it is durable.
    pub(crate) async fn call<T, F>(&self, verb: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call: Box<dyn Queued> = Box::new(Call { verb: Some(verb), outcome: None, reply });
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = calls.and_then(|calls| calls.send(call).ok());
        if sent.is_none() || self.is_broken() {
            return Err(StoreError::Broken);
        }
        answer.await.unwrap_or(Err(StoreError::Broken))
    }
}

impl Drop for WriterHandle {
    fn drop(&mut self) {
        drop(self.calls.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of the store panicked");
        }
    }
}

/// A few connections that only read.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

/// Most readers at a time.
const READERS_MAX: usize = 4;

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        let turns = Arc::new(Semaphore::new(READERS_MAX));
        Self { path: path.to_owned(), idle: Arc::new(Mutex::new(Vec::new())), turns }
    }

    /// Runs a query on a thread that may block.
    pub(crate) async fn run<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = self.turns.clone().acquire_owned().await.or(Err(StoreError::Broken))?;
        let readers = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let reader = readers.take()?;
            // One snapshot for all statements of a query.
            let outcome = reader.unchecked_transaction().map_err(StoreError::from).and_then(|tx| query(&tx));
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            drop(turn);
            outcome
        });
        done.await.unwrap_or(Err(StoreError::Broken))
    }

    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(reader) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(reader);
        }
        open_reader(&self.path)
    }
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = opened(path, flags)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// The connection that writes, with the newest schema.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = opened(path, flags)?;
    db.set_prepared_statement_cache_capacity(128);
    db.execute_batch(schema::WRITER_PRAGMAS)?;
    schema::migrate(&db)?;
    Ok(db)
}

fn opened(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    // Without this a plan follows the values that are bound (`LIMIT ?`, patterns of `LIKE`, a zero or one behind `=`, what
    // may meet the condition of an index, and with statistics every range), and the statement is prepared again when
    // one of them has changed.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(db)
}
