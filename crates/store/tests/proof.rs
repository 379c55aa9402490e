//! What is tampered with is noticed: the ledger's two sides, the audit chain, its checkpoints.

#![allow(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod common;

use common::*;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;
use store::{AuditFault, Checkpoint, Store};

/// Somebody with the database in hand, and the triggers out of the way.
fn tamper(dir: &Path, sql: &str) {
    let db = Connection::open(dir.join("store.sqlite")).unwrap();
    db.execute_batch(
        "DROP TRIGGER ledger_event_fixed; DROP TRIGGER ledger_event_kept; DROP TRIGGER audit_fixed; DROP TRIGGER audit_kept;",
    )
    .unwrap();
    db.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn each_side_of_the_ledger_notices_the_other() {
    let cases = [
        ("a row is gone", "DELETE FROM recipient WHERE address = 'a@example.lg.jp'"),
        ("a row is said to be delivered", "UPDATE recipient SET state = 'delivered' WHERE address = 'a@example.lg.jp'"),
        ("an event is gone", "DELETE FROM ledger_event WHERE recipient = 'a@example.lg.jp'"),
        ("an event is doubled", "INSERT INTO ledger_event(at_s, message, job, recipient, tenant, zone, policy_version, kind)
            SELECT at_s, message, job, recipient, tenant, zone, policy_version, kind FROM ledger_event LIMIT 1"),
        ("a message is gone", "DELETE FROM message"),
        ("an event is forged", "INSERT INTO ledger_event(at_s, message, job, recipient, tenant, zone, policy_version, kind)
            SELECT at_s, message, job, recipient, tenant, zone, policy_version, 'delivered' FROM ledger_event LIMIT 1"),
    ];
    let mut ran = 0;
    for (case, sql) in cases {
        let dir = tempfile::tempdir().unwrap();
        let house = open(dir.path());
        house.put(500).await;
        house.balanced().await;
        drop(house);
        tamper(dir.path(), sql);
        let house = open(dir.path());
        assert!(!house.recovery.ledger.is_balanced(), "{case}");
        assert!(!house.recovery.ledger.imbalances.is_empty(), "{case}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[tokio::test]
async fn the_ledger_and_the_chain_are_append_only() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    house.put(500).await;
    drop(house);
    let db = Connection::open(dir.path().join("store.sqlite")).unwrap();
    let mut ran = 0;
    for table in ["ledger_event", "audit"] {
        for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET at_s = 0")] {
            let refused = db.execute_batch(&sql).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{refused}");
            ran += 1;
        }
    }
    assert_eq!(ran, 4);
}

async fn with_history(dir: &Path) -> House {
    let house = open(dir);
    for _ in 0..3 {
        house.put(500).await;
    }
    house.deliver_all().await;
    house
}

async fn verdict(store: &Store, checkpoint: Option<Checkpoint>) -> Vec<AuditFault> {
    store.audit_verify(checkpoint).await.unwrap().faults
}

#[tokio::test]
async fn a_flipped_octet_in_any_column_of_the_chain_is_noticed() {
    let cases = [
        "UPDATE audit SET event = replace(event, '\"recipients\":3', '\"recipients\":2') WHERE seq = 2",
        "UPDATE audit SET at_s = at_s + 1 WHERE seq = 2",
        "UPDATE audit SET segment = '2026-12' WHERE seq = 2",
        "UPDATE audit SET hash = zeroblob(32) WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 1",
        "UPDATE audit SET seq = seq + 1000 WHERE seq >= 5",
    ];
    let mut ran = 0;
    for sql in cases {
        let dir = tempfile::tempdir().unwrap();
        let house = with_history(dir.path()).await;
        assert!(verdict(&house.store, None).await.is_empty());
        drop(house);
        tamper(dir.path(), sql);
        let house = open(dir.path());
        assert!(!verdict(&house.store, None).await.is_empty(), "{sql}");
        ran += 1;
    }
    assert_eq!(ran, 7);
}

#[tokio::test]
async fn a_cut_tail_is_noticed_with_the_checkpoint_alone() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let house = with_history(dir.path()).await;
    let path = house.store.checkpoint(outside.path()).await.unwrap();
    let checkpoint = Checkpoint::read(&path).unwrap();
    house.put(500).await;
    assert!(
        verdict(&house.store, Some(checkpoint.clone())).await.is_empty(),
        "a longer chain still meets it"
    );
    drop(house);
    tamper(dir.path(), "DELETE FROM audit WHERE seq >= 8");
    let house = open(dir.path());
    assert!(verdict(&house.store, None).await.is_empty(), "without it a cut tail cannot be seen");
    let faults = verdict(&house.store, Some(checkpoint.clone())).await;
    assert_eq!(faults, [AuditFault::CheckpointMissed { seq: checkpoint.seq }]);
    let mut forged = checkpoint;
    forged.seq = 3;
    assert_eq!(verdict(&house.store, Some(forged)).await, [AuditFault::CheckpointForged]);
}

#[tokio::test]
async fn a_month_is_closed_with_a_signed_root() {
    let dir = tempfile::tempdir().unwrap();
    let house = with_history(dir.path()).await;
    house.clock.pass(Duration::from_secs(40 * 86_400));
    house.put(500).await;
    house.clock.pass(Duration::from_secs(40 * 86_400));
    house.put(500).await;
    let verdict_before = house.store.audit_verify(None).await.unwrap();
    assert!(verdict_before.is_sound());
    assert_eq!(verdict_before.segments, 2);
    drop(house);
    tamper(dir.path(), "UPDATE audit_segment SET root = zeroblob(32) WHERE name = '2026-11'");
    let db = Connection::open(dir.path().join("store.sqlite")).unwrap();
    let names: i64 = db.query_row("SELECT count(*) FROM audit_segment", [], |row| row.get(0)).unwrap();
    assert_eq!(names, 2);
    drop(db);
    let clock = store::ManualClock::at(NOW_S + 80 * 86_400);
    let house = open_at(dir.path(), &clock);
    let segment = "2026-11".to_owned();
    assert!(verdict(&house.store, None).await.contains(&AuditFault::SegmentChanged { segment }));
}

#[tokio::test]
async fn the_chain_is_exported_as_json_lines_without_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let house = with_history(dir.path()).await;
    let lines = house.store.audit_export(0, 10_000).await.unwrap();
    assert!(lines.len() > 10);
    assert!(lines.iter().all(|line| !line.contains('@') && line.starts_with('{')));
    assert!(lines.iter().any(|line| line.contains("message.received")));
    assert_eq!(house.store.audit_export(3, 2).await.unwrap().len(), 2);
}
