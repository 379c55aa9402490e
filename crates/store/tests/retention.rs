//! What goes when its time is over, and what does not.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "small numbers of days; helpers may fail loudly"
)]

mod common;

use common::*;
use mail::DateTime;
use policy::HoldReason;
use std::time::Duration;
use store::{Denial, Digest, HeldCopy, Listing, Purge, StoreError};

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

/// A list of these copies for `recipient`.
async fn list(house: &House, listing: Listing, recipient: &str, copies: &[HeldCopy]) -> bool {
    let digest = Digest {
        queue_id: house.store.new_queue_id().unwrap(),
        listing,
        recipient: mailbox(recipient),
        zone: "inside".to_owned(),
        policy_version: "policy-inside".to_owned(),
        since: DateTime::utc(house.clock_s() - 3_600),
    };
    house.store.put_digest(digest, copies, clean(500)).await.unwrap()
}

async fn hold_all(house: &House) {
    for job in house.lease_jobs().await {
        house.store.hold_job(job.job, HoldReason::Policy, report_json(), summary(), None).await.unwrap();
    }
}

fn of(copies: &[HeldCopy], recipient: &str) -> Vec<HeldCopy> {
    copies.iter().filter(|copy| copy.recipient == mailbox(recipient)).cloned().collect()
}

#[tokio::test]
async fn held_mail_expires_only_after_a_week_in_both_lists() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    hold_all(&house).await;
    let expire = async || house.store.expire_held(DateTime::utc(NOW_S + 86_400)).await.unwrap();
    house.clock.pass(DAY * 40);
    assert_eq!(expire().await, 0, "nobody was told");
    let copies = house.store.held_copies().await.unwrap();
    let lines: Vec<_> = copies.iter().map(|copy| (copy.recipient.to_string(), &copy.queue_id)).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|(_, id)| **id == queue_id));
    assert!(copies.iter().all(|copy| copy.listed.is_none() && copy.digested.is_none()));
    assert!(list(&house, Listing::Recipient, "a@example.lg.jp", &of(&copies, "a@example.lg.jp")).await);
    assert!(!list(&house, Listing::Recipient, "a@example.lg.jp", &copies).await, "one is on its way");
    house.clock.pass(DAY * 8);
    assert!(list(&house, Listing::Admin, "it@example.lg.jp", &copies).await);
    assert!(
        house.store.held_copies().await.unwrap().iter().all(|copy| copy.listed.is_none()),
        "not there yet"
    );
    house.deliver_all().await;
    assert!(!list(&house, Listing::Admin, "it@example.lg.jp", &copies).await, "one a day");
    house.clock.pass(DAY * 6);
    assert_eq!(expire().await, 0, "not a week yet");
    house.clock.pass(DAY);
    assert_eq!(expire().await, 1, "the others were not told");
    assert!(list(&house, Listing::Recipient, "b@example.lg.jp", &of(&copies, "b@example.lg.jp")).await);
    house.deliver_all().await;
    house.store.legal_hold(&queue_id, true, &actor(1), "court").await.unwrap();
    house.clock.pass(DAY * 8);
    assert_eq!(expire().await, 0, "legal hold");
    house.store.legal_hold(&queue_id, false, &actor(1), "court").await.unwrap();
    assert_eq!(expire().await, 1);
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.born, line.delivered, line.held, line.expired), (3, 3, 3, 1, 2));
    let audit = house.store.audit_export(0, 1_000).await.unwrap().concat();
    assert_eq!(audit.matches("digest.born").count(), 3);
}

#[tokio::test]
async fn a_week_in_the_lists_begins_anew_when_mail_is_held_again() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    hold_all(&house).await;
    let copies = house.store.held_copies().await.unwrap();
    for listing in [Listing::Recipient, Listing::Admin] {
        assert!(list(&house, listing, "a@example.lg.jp", &copies).await);
    }
    house.deliver_all().await;
    house.clock.pass(DAY * 6);
    house.store.release_held(&queue_id, &actor(1)).await.unwrap();
    hold_all(&house).await;
    house.clock.pass(DAY * 2);
    assert_eq!(house.store.expire_held(DateTime::utc(NOW_S + 86_400)).await.unwrap(), 0);
    assert!(house.store.held_copies().await.unwrap().iter().all(|copy| copy.listed.is_none()));
    house.balanced().await;
}

#[tokio::test]
async fn lists_go_with_the_records() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    hold_all(&house).await;
    let copies = house.store.held_copies().await.unwrap();
    assert!(list(&house, Listing::Recipient, "a@example.lg.jp", &copies).await);
    house.deliver_all().await;
    house.store.drop_message(&queue_id, &actor(1), "spam").await.unwrap();
    house.clock.pass(DAY * 500);
    let later = DateTime::utc(house.clock_s() - 86_400);
    for purge in [
        Purge { originals_before: Some(later), records_before: None },
        Purge { originals_before: None, records_before: Some(later) },
    ] {
        let plan = house.store.purge_plan(purge).await.unwrap();
        house.store.purge(&plan, &actor(1)).await.unwrap();
    }
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.born, line.delivered), (0, 0, 0));
}

#[tokio::test]
async fn the_last_daily_work_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    assert_eq!(house.store.last_daily().await.unwrap(), None);
    house.store.daily_done(20_777).await.unwrap();
    house.store.daily_done(20_778).await.unwrap();
    let clock = house.clock.clone();
    drop(house);
    assert_eq!(open_at(dir.path(), &clock).store.last_daily().await.unwrap(), Some(20_778));
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
