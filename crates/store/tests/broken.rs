//! A write that fails is never tried again: the store is broken for good, and the next process finds all that was
//! acknowledged. The failing disk is a limit on the size of files, under which this test runs itself a second time.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops where it is wrong")]

mod common;

use common::*;
use std::path::Path;
use std::process::Command;
use store::{Filter, StoreError};

const CHILD: &str = "SEKISHO_TEST_BROKEN_DIR";

#[tokio::test]
async fn a_failed_write_breaks_the_store_for_good_and_loses_nothing() {
    if let Some(dir) = std::env::var_os(CHILD) {
        meet_the_limit(Path::new(&dir)).await;
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let acknowledged: Vec<&str> =
        said.lines().filter_map(|line| line.strip_prefix("acknowledged ")).collect();
    assert!(acknowledged.len() > 5, "{said}");
    let after = open(dir.path());
    assert!(after.recovery.ledger.is_balanced());
    let kept = after.store.list(Filter::newest(100_000)).await.unwrap();
    for queue_id in &acknowledged {
        assert!(kept.iter().any(|line| line.queue_id.as_str() == *queue_id), "{queue_id} is lost");
    }
    after.put(500).await;
    assert!(after.store.audit_verify(None).await.unwrap().is_sound());
}

async fn meet_the_limit(dir: &Path) {
    let house = open(dir);
    let broke = loop {
        match house.store.put_received(new_mail(10_000)).await {
            Ok(queue_id) => println!("acknowledged {queue_id}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(broke, StoreError::Broken), "{broke:?}");
    assert!(house.store.is_broken());
    assert!(matches!(house.store.put_received(new_mail(100)).await, Err(StoreError::Broken)));
    assert!(matches!(house.store.lease_jobs(1, 60).await, Err(StoreError::Broken)));
}
