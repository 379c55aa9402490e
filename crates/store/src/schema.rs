//! Tables of the embedded engine and how an older data directory is brought up to date.
//!
//! Addresses are plain columns; everything that could hold a subject, a file name or a text is sealed. Every row
//! carries tenant, and zone and policy version where it belongs to one.

use crate::StoreError;
use rusqlite::Connection;

/// One step per schema version; a step never changes once it was released.
const STEPS: [&str; 4] = [V1, V2, V3, V4];

/// Newest schema that this version knows.
pub(crate) fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings the database to the newest schema, each step in a transaction of its own.
pub(crate) fn migrate(db: &Connection) -> Result<(), StoreError> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known() {
        return Err(StoreError::SchemaNewer { found, known: known() });
    }
    let done = usize::try_from(found).unwrap_or_default();
    for (index, step) in STEPS.iter().enumerate().skip(done) {
        let version = index.saturating_add(1);
        db.execute_batch(&format!("BEGIN IMMEDIATE; {step}; PRAGMA user_version = {version}; COMMIT;"))?;
    }
    Ok(())
}

/// What every connection is set to.
pub(crate) const WRITER_PRAGMAS: &str = "
    PRAGMA page_size = 4096;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;
    PRAGMA trusted_schema = OFF;
    PRAGMA recursive_triggers = ON;
";

const V1: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;

CREATE TABLE body(
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    octets BLOB,
    file TEXT UNIQUE,
    size_octets INTEGER NOT NULL,
    CHECK((octets IS NULL) <> (file IS NULL))
) STRICT;

CREATE TABLE message(
    id INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE,
    receipt TEXT UNIQUE,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL CHECK(kind IN ('mail', 'stand_in', 'follow_up', 'released', 'dsn')),
    parent INTEGER,
    accepted_s INTEGER NOT NULL,
    accepted_offset_min INTEGER NOT NULL,
    stored_s INTEGER NOT NULL,
    reverse_path TEXT NOT NULL,
    envelope BLOB,
    size_octets INTEGER NOT NULL,
    stray_line_ends INTEGER NOT NULL,
    sha256 BLOB,
    vault_sha256 BLOB,
    original INTEGER,
    working_day INTEGER,
    received_seq INTEGER NOT NULL,
    legal_hold INTEGER NOT NULL DEFAULT 0,
    purged_s INTEGER
) STRICT;
CREATE INDEX message_parent ON message(parent) WHERE parent IS NOT NULL;
CREATE INDEX message_original ON message(stored_s) WHERE original IS NOT NULL;

CREATE TABLE job(
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    zone TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('queued', 'leased', 'clean', 'held', 'done')),
    due_s INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0,
    sent_back INTEGER NOT NULL DEFAULT 0,
    hold_reason TEXT,
    held_s INTEGER
) STRICT;
CREATE INDEX job_message ON job(message);
CREATE INDEX job_due ON job(due_s) WHERE state IN ('queued', 'leased');
CREATE INDEX job_held ON job(held_s) WHERE state = 'held';

CREATE TABLE report(
    job INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    zone TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    summary BLOB NOT NULL,
    report BLOB NOT NULL
) STRICT;

CREATE TABLE recipient(
    message INTEGER NOT NULL,
    address TEXT NOT NULL,
    job INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    zone TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('in_queue', 'delivered', 'held', 'bounced', 'discarded', 'expired')),
    changed_s INTEGER NOT NULL,
    reply TEXT,
    due_s INTEGER,
    listed_s INTEGER,
    digested_s INTEGER,
    PRIMARY KEY(message, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE clean(
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    message INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    zone TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('ready', 'leased', 'held')),
    due_s INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0,
    first_attempt_s INTEGER,
    attempting_s INTEGER,
    body INTEGER NOT NULL,
    expected BLOB NOT NULL,
    working_day INTEGER NOT NULL
) STRICT;
CREATE INDEX clean_due ON clean(due_s) WHERE state IN ('ready', 'leased');
CREATE INDEX clean_job ON clean(job);

CREATE TABLE ledger_event(
    seq INTEGER PRIMARY KEY,
    at_s INTEGER NOT NULL,
    message INTEGER NOT NULL,
    job INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    tenant TEXT NOT NULL,
    zone TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    kind TEXT NOT NULL CHECK(kind IN
        ('accepted', 'born', 'delivered', 'held', 'bounced', 'discarded', 'expired', 'requeued')),
    cause TEXT
) STRICT;
CREATE INDEX ledger_event_message ON ledger_event(message);

CREATE TABLE record_key(id INTEGER PRIMARY KEY, day INTEGER NOT NULL, wrapped BLOB NOT NULL) STRICT;

CREATE TABLE release_request(
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    requester_uid INTEGER NOT NULL,
    requester_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('open', 'approved', 'refused', 'exported')),
    decider_uid INTEGER,
    decider_name TEXT,
    decision_reason TEXT,
    decided_s INTEGER,
    exported_s INTEGER,
    requested_seq INTEGER NOT NULL,
    decided_seq INTEGER,
    exported_seq INTEGER
) STRICT;
CREATE INDEX release_request_message ON release_request(message);

CREATE TABLE audit(
    seq INTEGER PRIMARY KEY,
    segment TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    event TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE audit_segment(
    name TEXT PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    before BLOB NOT NULL,
    root BLOB NOT NULL,
    signature BLOB NOT NULL,
    purged_s INTEGER
) STRICT;

CREATE TABLE purge_open(id INTEGER PRIMARY KEY CHECK(id = 1)) STRICT;
CREATE TRIGGER ledger_event_fixed BEFORE UPDATE ON ledger_event
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_event_kept BEFORE DELETE ON ledger_event WHEN NOT EXISTS (SELECT 1 FROM purge_open)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit WHEN NOT EXISTS (SELECT 1 FROM purge_open)
    BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END
";

/// Parts that a follow-up brought: each once.
const V2: &str = "
CREATE TABLE brought_part(
    job INTEGER NOT NULL,
    path TEXT NOT NULL,
    follow_up TEXT NOT NULL,
    PRIMARY KEY(job, path)
) STRICT, WITHOUT ROWID
";

/// Letters and what they are to be tried on, agreed passwords; parts are brought to each recipient once.
const V3: &str = "
CREATE TABLE letter(
    job INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    zone TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    stored_s INTEGER NOT NULL,
    working_day INTEGER NOT NULL,
    waits INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    words BLOB NOT NULL
) STRICT;
CREATE INDEX letter_stored ON letter(stored_s);

CREATE TABLE letter_mark(
    mark BLOB NOT NULL,
    waits INTEGER NOT NULL,
    job INTEGER NOT NULL,
    PRIMARY KEY(mark, waits, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_mark_job ON letter_mark(job);

CREATE TABLE letter_pair(
    waiting INTEGER NOT NULL,
    letter INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    takes INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(waiting, letter)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_pair_letter ON letter_pair(letter);
CREATE INDEX letter_pair_open ON letter_pair(sender, waiting) WHERE done = 0;

CREATE TABLE agreed_password(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    sender TEXT NOT NULL,
    until_s INTEGER NOT NULL,
    added_s INTEGER NOT NULL,
    password BLOB NOT NULL
) STRICT;
CREATE INDEX agreed_password_sender ON agreed_password(tenant, sender);

CREATE TABLE brought_to(
    job INTEGER NOT NULL,
    path TEXT NOT NULL,
    recipient TEXT NOT NULL,
    follow_up TEXT NOT NULL,
    PRIMARY KEY(job, path, recipient)
) STRICT, WITHOUT ROWID;
INSERT INTO brought_to(job, path, recipient, follow_up)
    SELECT brought_part.job, brought_part.path, recipient.address, brought_part.follow_up
    FROM brought_part JOIN job ON job.id = brought_part.job
        JOIN recipient ON recipient.message = job.message AND recipient.job = job.id;
DROP TABLE brought_part
";

/// Lists of what is held: messages of a kind that the first table did not know, and the copies that stand in them.
const V4: &str = "
CREATE TABLE message_4(
    id INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE,
    receipt TEXT UNIQUE,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL CHECK(kind IN ('mail', 'stand_in', 'follow_up', 'released', 'dsn', 'digest')),
    parent INTEGER,
    accepted_s INTEGER NOT NULL,
    accepted_offset_min INTEGER NOT NULL,
    stored_s INTEGER NOT NULL,
    reverse_path TEXT NOT NULL,
    envelope BLOB,
    size_octets INTEGER NOT NULL,
    stray_line_ends INTEGER NOT NULL,
    sha256 BLOB,
    vault_sha256 BLOB,
    original INTEGER,
    working_day INTEGER,
    received_seq INTEGER NOT NULL,
    legal_hold INTEGER NOT NULL DEFAULT 0,
    purged_s INTEGER
) STRICT;
INSERT INTO message_4 SELECT * FROM message;
DROP TABLE message;
ALTER TABLE message_4 RENAME TO message;
CREATE INDEX message_parent ON message(parent) WHERE parent IS NOT NULL;
CREATE INDEX message_original ON message(stored_s) WHERE original IS NOT NULL;
CREATE INDEX message_digest ON message(stored_s) WHERE kind = 'digest';

CREATE TABLE digest_line(
    digest INTEGER NOT NULL,
    listing TEXT NOT NULL CHECK(listing IN ('recipient', 'admin')),
    message INTEGER NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY(digest, message, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX digest_line_message ON digest_line(message)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_an_older_version_keeps_its_messages() {
        let db = Connection::open_in_memory().unwrap();
        for step in [V1, V2] {
            db.execute_batch(step).unwrap();
        }
        db.pragma_update(None, "user_version", 2).unwrap();
        let insert = |id: &str, kind: &str| {
            db.execute(
                "INSERT INTO message(queue_id, receipt, tenant, kind, accepted_s, accepted_offset_min, stored_s,
                    reverse_path, size_octets, stray_line_ends, original, received_seq)
                 VALUES(?1, ?1, 'main', ?2, 1, 540, 2, '<>', 3, 0, 4, 5)",
                [id, kind],
            )
        };
        insert("A", "mail").unwrap();
        assert!(insert("B", "digest").is_err());
        migrate(&db).unwrap();
        insert("B", "digest").unwrap();
        assert!(insert("C", "letter").is_err() && insert("A", "mail").is_err());
        let row = "SELECT accepted_offset_min, stored_s, original, received_seq, legal_hold FROM message
                   WHERE queue_id = 'A' AND id = 1";
        let row: [i64; 5] = db
            .query_row(row, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]))
            .unwrap();
        assert_eq!(row, [540, 2, 4, 5, 0]);
        migrate(&db).unwrap();
    }
}
