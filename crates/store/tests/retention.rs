//! What goes when its time is over, and what does not.

#![allow(clippy::arithmetic_side_effects, reason = "small numbers of days")]

mod common;

use common::*;
use mail::DateTime;
use policy::HoldReason;
use std::time::Duration;
use store::{Denial, Listing, Purge, StoreError};

const DAY: Duration = Duration::from_secs(86_400);

fn originals(days_after_start: i64) -> Purge {
    Purge { originals_before: Some(DateTime::utc(NOW_S + days_after_start * 86_400)), records_before: None }
}

#[tokio::test]
async fn working_keys_go_after_three_days_when_nothing_needs_them() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    house.clock.pass(DAY * 2);
    assert!(house.store.destroy_working_keys().await.unwrap().is_empty(), "too young");
    house.clock.pass(DAY);
    assert!(house.store.destroy_working_keys().await.unwrap().is_empty(), "still queued");
    let jobs = house.lease_jobs().await;
    assert!(house.store.destroy_working_keys().await.unwrap().is_empty(), "leased");
    for job in jobs {
        house.store.put_clean(job.job, clean(500)).await.unwrap();
    }
    assert!(house.store.destroy_working_keys().await.unwrap().is_empty(), "a draft could be sent back");
    house.deliver_all().await;
    assert_eq!(house.store.destroy_working_keys().await.unwrap().len(), 1);
    // The draft's key of the fourth day is there; the first day's is gone, and the vault still opens the original.
    assert_eq!(std::fs::read_dir(dir.path().join("keys/working")).unwrap().count(), 1);
    let request = house.store.request_release(&queue_id, &actor(1), "reason").await.unwrap();
    house.store.approve(request, &actor(2)).await.unwrap();
    assert!(house.store.export(request, &actor(1)).await.unwrap().octets == new_mail(500).octets);
}

#[tokio::test]
async fn originals_go_in_two_steps_and_not_while_they_are_needed() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let delivered = house.put(500).await;
    let on_legal_hold = house.put(300_000).await;
    house.deliver_all().await;
    let held = house.put(500).await;
    for job in house.lease_jobs().await {
        house.store.hold_job(job.job, HoldReason::Policy, report_json(), summary(), None).await.unwrap();
    }
    house.store.legal_hold(&on_legal_hold, true, &actor(1), "court").await.unwrap();
    house.clock.pass(DAY * 10);
    let young = house.put(500).await;
    let plan = house.store.purge_plan(originals(5)).await.unwrap();
    assert_eq!((plan.originals, plan.legal_holds), (1, 1));
    assert!(plan.octets > 500);
    house.store.purge(&plan, &actor(1)).await.unwrap();
    let has = async |id: &store::QueueId| house.store.show(id).await.unwrap().lines[0].has_original;
    assert!(!has(&delivered).await);
    assert!(has(&on_legal_hold).await && has(&held).await && has(&young).await);
    let stale = house.store.purge(&plan, &actor(1)).await;
    assert!(matches!(stale, Err(StoreError::Refused(Denial::PlanStale))));
    let asked = house.store.request_release(&delivered, &actor(1), "late").await;
    assert!(matches!(asked, Err(StoreError::Refused(Denial::OriginalGone))));
    house.balanced().await;
}

#[tokio::test]
async fn records_go_with_whole_segments_and_leave_their_signed_roots() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    house.put(500).await;
    house.deliver_all().await;
    let old_point = house.store.checkpoint(outside.path()).await.unwrap();
    house.clock.pass(DAY * 420);
    house.put(500).await;
    house.deliver_all().await;
    house.clock.pass(DAY * 2);
    let plan = house.store.purge_plan(originals(419)).await.unwrap();
    house.store.purge(&plan, &actor(1)).await.unwrap();
    let before = DateTime::utc(NOW_S + 60 * 86_400);
    let plan =
        house.store.purge_plan(Purge { originals_before: None, records_before: Some(before) }).await.unwrap();
    assert_eq!((plan.records, plan.segments), (1, 1));
    house.store.purge(&plan, &actor(1)).await.unwrap();
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.delivered), (3, 3));
    let point = store::Checkpoint::read(&old_point).unwrap();
    let verdict = house.store.audit_verify(Some(point)).await.unwrap();
    assert!(verdict.is_sound(), "{:?}", verdict.faults);
    assert_eq!(verdict.segments, 1);
    let clock = house.clock.clone();
    drop(house);
    let house = open_at(dir.path(), &clock);
    assert!(house.recovery.ledger.is_balanced());
    house.put(500).await;
    assert!(house.store.audit_verify(None).await.unwrap().is_sound());
}

#[tokio::test]
async fn held_mail_expires_only_after_a_week_in_both_lists() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    for job in house.lease_jobs().await {
        house.store.hold_job(job.job, HoldReason::Policy, report_json(), summary(), None).await.unwrap();
    }
    let expire = async || house.store.expire_held(DateTime::utc(NOW_S + 86_400)).await.unwrap();
    house.clock.pass(DAY * 40);
    assert_eq!(expire().await, 0, "nobody was told");
    house.store.mark_listed(vec![queue_id.clone()], Listing::Recipient).await.unwrap();
    house.clock.pass(DAY * 7);
    assert_eq!(expire().await, 0, "the admin was not told");
    house.store.mark_listed(vec![queue_id.clone()], Listing::Digest).await.unwrap();
    house.clock.pass(DAY * 6);
    assert_eq!(expire().await, 0, "not a week yet");
    house.clock.pass(DAY);
    assert_eq!(expire().await, 3);
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.expired), (3, 3));
}

#[tokio::test]
async fn a_clock_that_jumped_removes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    house.put(500).await;
    house.deliver_all().await;
    let refused = |outcome: Result<(), StoreError>| assert!(matches!(outcome, Err(StoreError::ClockJumped)));
    house.clock.jump_to(NOW_S + 365 * 86_400);
    let plan = house.store.purge_plan(originals(100)).await.unwrap();
    assert_eq!(plan.originals, 1, "a dry run may look");
    refused(house.store.purge(&plan, &actor(1)).await);
    refused(house.store.expire_held(DateTime::utc(NOW_S + 86_400)).await.map(drop));
    refused(house.store.destroy_working_keys().await.map(drop));
    drop(house);

    let mut ran = 0;
    for jump_s in [-86_400, 365 * 86_400] {
        let clock = store::ManualClock::at(NOW_S + jump_s);
        let house = open_at(dir.path(), &clock);
        assert!(house.recovery.clock_jumped, "{jump_s}");
        refused(house.store.purge(&plan, &actor(1)).await);
        drop(house);
        let house = open_at(dir.path(), &clock);
        assert!(house.recovery.clock_jumped, "it is not forgotten by starting again");
        ran += 1;
    }
    assert_eq!(ran, 2);
    let house = open_at(dir.path(), &store::ManualClock::at(NOW_S + 365 * 86_400));
    house.store.trust_clock(&actor(1)).await.unwrap();
    let plan = house.store.purge_plan(originals(100)).await.unwrap();
    house.store.purge(&plan, &actor(1)).await.unwrap();
}
