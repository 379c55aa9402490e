//! Death at any moment: nothing that was acknowledged is lost, nothing is stuck, the ledger balances.

#![allow(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use common::*;
use policy::HoldReason;
use std::fs;
use std::path::Path;
use std::time::Duration;
use store::{Floor, Keys, Room, Store, StoreError};

/// What a kill leaves: the directory as it is, without the process that owns it.
fn copy_of(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else if entry.file_name() != "store.sqlite-shm" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn after_each_step_a_kill_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let mut kills = Vec::new();
    for size in [500, 200_000] {
        let queue_id = house.put(size).await;
        kills.push(("received", copy_of(dir.path())));
        let jobs = house.lease_jobs().await;
        kills.push(("leased", copy_of(dir.path())));
        house.store.put_clean(jobs[0].job, clean(size)).await.unwrap();
        house.store.put_clean(jobs[1].job, clean(size)).await.unwrap();
        kills.push(("sanitised", copy_of(dir.path())));
        let drafts = house.lease_clean().await;
        kills.push(("leased for delivery", copy_of(dir.path())));
        house.store.attempting(drafts[0].id).await.unwrap();
        kills.push(("attempting", copy_of(dir.path())));
        let results = drafts[0].recipients.iter().map(|mailbox| (mailbox.clone(), delivered())).collect();
        house.store.settle(drafts[0].id, results).await.unwrap();
        kills.push(("half delivered", copy_of(dir.path())));
        house.store.send_back(drafts[1].id, HoldReason::VerifierRefused, None).await.unwrap();
        kills.push(("sent back", copy_of(dir.path())));
        house.store.drop_message(&queue_id, &actor(1), "test").await.unwrap();
    }
    assert_eq!(kills.len(), 14);
    for (index, (step, dir)) in kills.iter().enumerate() {
        let after = open(dir.path());
        assert!(after.recovery.ledger.is_balanced(), "{step}: {:?}", after.recovery.ledger.imbalances);
        assert_eq!(after.recovery.missing_bodies, 0, "{step}");
        assert_eq!(after.recovery.orphans, 0, "{step}");
        assert_eq!(after.recovery.interrupted_attempts, u64::from(*step == "attempting"), "{step}");
        after.deliver_all().await;
        let line = after.balanced().await;
        let messages = if index < 7 { 1 } else { 2 };
        assert_eq!(line.accepted, 3 * messages, "{step}");
        assert_eq!((line.in_queue, line.held), (0, 0), "{step}: everything is delivered in the end");
        assert_eq!(line.delivered + line.discarded, line.accepted, "{step}");
        assert!(after.store.audit_verify(None).await.unwrap().is_sound(), "{step}");
    }
}

#[tokio::test]
async fn a_kill_in_the_middle_of_load_keeps_every_acknowledged_mail() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let mut ran = 0;
    for round in 0..3 {
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let store = house.store.clone();
                tokio::spawn(async move {
                    let mut acknowledged = Vec::new();
                    for _ in 0..5 {
                        acknowledged.push(store.put_received(new_mail(2_000)).await.unwrap());
                    }
                    acknowledged
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(5 * round)).await;
        let known: Vec<_> = house.store.list(store::Filter::newest(100_000)).await.unwrap();
        // Database and log are copied one after the other; this load is too small for a checkpoint between them.
        let copy = copy_of(dir.path());
        let after = open(copy.path());
        assert!(after.recovery.ledger.is_balanced());
        let kept = after.store.list(store::Filter::newest(100_000)).await.unwrap();
        for line in known {
            assert!(kept.iter().any(|other| other.queue_id == line.queue_id), "{} is lost", line.queue_id);
        }
        for sender in senders {
            ran += sender.await.unwrap().len();
        }
    }
    assert_eq!(ran, 60);
    assert_eq!(house.balanced().await.accepted, 180);
}

#[tokio::test]
async fn orphans_are_swept_and_missing_files_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    house.put(300_000).await;
    drop(house);
    let bodies = dir.path().join("bodies");
    fs::write(bodies.join("ORPHAN"), b"no row names me").unwrap();
    let after = open(dir.path());
    assert_eq!((after.recovery.orphans, after.recovery.missing_bodies), (1, 0));
    assert!(!bodies.join("ORPHAN").exists());
    drop(after);
    fs::remove_file(fs::read_dir(&bodies).unwrap().next().unwrap().unwrap().path()).unwrap();
    let after = open(dir.path());
    assert_eq!(after.recovery.missing_bodies, 1);
    let jobs = after.lease_jobs().await;
    assert!(matches!(after.store.open_original(&jobs[0]).await, Err(StoreError::Damaged(_))));
}

#[tokio::test]
async fn one_process_owns_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    assert!(matches!(try_open(dir.path(), &house.clock), Err(StoreError::Locked)));
    let clock = house.clock.clone();
    drop(house);
    assert!(try_open(dir.path(), &clock).is_ok());
}

#[tokio::test]
async fn a_newer_schema_is_refused_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let db = rusqlite::Connection::open(dir.path().join("store.sqlite")).unwrap();
    db.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(db);
    let again = try_open(dir.path(), &store::ManualClock::at(NOW_S));
    assert!(matches!(again, Err(StoreError::SchemaNewer { found: 99, .. })));
}

#[tokio::test]
async fn below_the_floor_mail_is_refused_and_work_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    house.put(500).await;
    let clock = house.clock.clone();
    drop(house);
    let mut settings = settings(dir.path(), &clock);
    settings.floor = Floor { octets: u64::MAX, per_cent: 0 };
    let (short, _) = Store::open(settings).unwrap();
    assert!(matches!(short.room().unwrap(), Room::Short { .. }));
    assert!(matches!(short.put_received(new_mail(500)).await, Err(StoreError::Full)));
    let jobs = short.lease_jobs(10, 60).await.unwrap();
    short.put_clean(jobs[0].job, clean(500)).await.unwrap();
    assert!(!short.is_broken(), "a full disk is not the end");
    assert!(matches!(Floor::SERVER, Floor { octets: 2_147_483_648, per_cent: 10 }));
}

/// Neither database, log, body files nor anything else holds a body, a subject or a file name.
#[tokio::test]
async fn no_plaintext_lies_in_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    for size in [2_000, 400_000] {
        house.put(size).await;
        let jobs = house.lease_jobs().await;
        house.store.put_clean(jobs[0].job, clean(size)).await.unwrap();
        let stand_in = Some(clean(size));
        house
            .store
            .hold_job(jobs[1].job, HoldReason::Loop, report_json(), summary(), stand_in)
            .await
            .unwrap();
    }
    house.store.checkpoint(&dir.path().join("checkpoints")).await.unwrap();
    let looked_at = grep(dir.path(), &[BODY, SUBJECT, FILE_NAME, "SECRET-BODY", "SECRET-SUBJECT", "差出人"]);
    house.deliver_all().await;
    drop(house);
    let looked_at_closed =
        grep(dir.path(), &[BODY, SUBJECT, FILE_NAME, "SECRET-BODY", "SECRET-SUBJECT", "差出人"]);
    assert!(looked_at >= 10 && looked_at_closed >= 8, "{looked_at} {looked_at_closed}");
    assert!(grep_finds(dir.path(), "a@example.lg.jp"), "the search itself works: addresses are plain");
}

fn grep(dir: &Path, words: &[&str]) -> usize {
    for word in words {
        assert!(!grep_finds(dir, word), "{word} is on the disk");
    }
    files_of(dir).len()
}

fn grep_finds(dir: &Path, word: &str) -> bool {
    files_of(dir).iter().any(|file| {
        let octets = fs::read(file).unwrap();
        octets.windows(word.len()).any(|window| window == word.as_bytes())
    })
}

fn files_of(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(files_of(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files
}

#[tokio::test]
async fn without_the_vault_key_the_working_key_serves_and_nothing_else_opens() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    house.put(500).await;
    let clock = house.clock.clone();
    drop(house);
    fs::rename(dir.path().join("keys/vault.key"), dir.path().join("vault.key.away")).unwrap();
    assert!(!Keys::load(&dir.path().join("keys")).unwrap().can_open_vault());
    let house = open_at(dir.path(), &clock);
    let jobs = house.lease_jobs().await;
    assert!(house.store.open_original(&jobs[0]).await.is_ok());
    drop(house);
    for key in fs::read_dir(dir.path().join("keys/working")).unwrap() {
        fs::remove_file(key.unwrap().path()).unwrap();
    }
    clock.pass(Duration::from_secs(120));
    let house = open_at(dir.path(), &clock);
    let jobs = house.lease_jobs().await;
    assert!(matches!(house.store.open_original(&jobs[0]).await, Err(StoreError::NoKey)));
}
