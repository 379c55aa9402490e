//! Four eyes: an original comes out byte for byte, once, for the one who asked, after another approved.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it is wrong")]

mod common;

use common::*;
use policy::HoldReason;
use std::time::Duration;
use store::{Denial, QueueId, RequestId, RequestState, StoreError};

async fn denied<T: std::fmt::Debug>(outcome: Result<T, StoreError>, why: Denial) {
    match outcome {
        Err(StoreError::Refused(denial)) => assert_eq!(denial, why),
        other => panic!("{other:?}"),
    }
}

async fn asked(house: &House, size: usize) -> (QueueId, RequestId) {
    let queue_id = house.put(size).await;
    let request = house.store.request_release(&queue_id, &actor(1), "need the seal").await.unwrap();
    (queue_id, request)
}

#[tokio::test]
async fn two_people_let_an_original_out_once() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let mut ran = 0;
    for size in [700, 400_000] {
        let (queue_id, request) = asked(&house, size).await;
        denied(house.store.export(request, &actor(1)).await, Denial::NotApproved).await;
        denied(house.store.approve(request, &actor(1)).await, Denial::SameActor).await;
        house.store.approve(request, &actor(2)).await.unwrap();
        denied(house.store.approve(request, &actor(3)).await, Denial::AlreadyDecided).await;
        denied(house.store.export(request, &actor(2)).await, Denial::NotRequester).await;
        let order = house.store.export(request, &actor(1)).await.unwrap();
        assert!(order.octets == new_mail(size).octets);
        assert_eq!((order.by.uid, order.approved_by.uid, &order.queue_id), (1, 2, &queue_id));
        assert_eq!(house.store.show(&queue_id).await.unwrap().sha256, Some(order.sha256));
        denied(house.store.export(request, &actor(1)).await, Denial::AlreadyExported).await;
        ran += 1;
    }
    assert_eq!(ran, 2);
    let lines = house.store.audit_export(0, 1000).await.unwrap().join("\n");
    for step in ["original.requested", "original.approved", "original.released"] {
        assert_eq!(lines.matches(step).count(), 2, "{step}");
    }
    assert!(house.store.audit_verify(None).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_held_mail_and_a_delivered_one_can_both_be_had() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let (_, first) = asked(&house, 500).await;
    for job in house.lease_jobs().await {
        house.store.hold_job(job.job, HoldReason::Unreadable, report_json(), summary(), None).await.unwrap();
    }
    let (_, second) = asked(&house, 500).await;
    house.deliver_all().await;
    for request in [first, second] {
        house.store.approve(request, &actor(2)).await.unwrap();
        assert!(house.store.export(request, &actor(1)).await.is_ok());
    }
    let states: Vec<_> = house.store.release_requests().await.unwrap().iter().map(|r| r.state).collect();
    assert_eq!(states, [RequestState::Exported; 2]);
}

#[tokio::test]
async fn refused_expired_and_unreasoned_requests_open_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let (queue_id, refused) = asked(&house, 500).await;
    denied(house.store.request_release(&queue_id, &actor(1), "  ").await, Denial::NoReason).await;
    denied(house.store.refuse(refused, &actor(1), "no").await, Denial::SameActor).await;
    house.store.refuse(refused, &actor(2), "not needed").await.unwrap();
    denied(house.store.export(refused, &actor(1)).await, Denial::WasRefused).await;
    denied(house.store.approve(refused, &actor(2)).await, Denial::AlreadyDecided).await;

    let stale = house.store.request_release(&queue_id, &actor(1), "again").await.unwrap();
    let approved = house.store.request_release(&queue_id, &actor(1), "again").await.unwrap();
    house.store.approve(approved, &actor(2)).await.unwrap();
    house.clock.pass(Duration::from_secs(86_400));
    denied(house.store.approve(stale, &actor(2)).await, Denial::Expired).await;
    denied(house.store.export(approved, &actor(1)).await, Denial::Expired).await;
    assert!(matches!(house.store.export(RequestId(99), &actor(1)).await, Err(StoreError::NotFound)));
}

/// Rows that were written past us open nothing: approval needs its row in the chain, and so does the original.
#[tokio::test]
async fn forged_rows_and_swapped_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let (_, forged) = asked(&house, 500).await;
    let (_, swapped) = asked(&house, 500).await;
    let (_, flipped) = asked(&house, 500).await;
    let (_, redirected) = asked(&house, 500).await;
    for request in [swapped, flipped, redirected] {
        house.store.approve(request, &actor(2)).await.unwrap();
    }
    let db = rusqlite::Connection::open(dir.path().join("store.sqlite")).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    let forge =
        "UPDATE release_request SET state = 'approved', decider_uid = 9, decider_name = 'x', decided_seq = 1
                 WHERE id = ?1";
    db.execute(forge, [forged.0]).unwrap();
    denied(house.store.export(forged, &actor(1)).await, Denial::AuditBroken).await;
    // The approval of one request does not serve for another message.
    db.execute("UPDATE release_request SET message = 1 WHERE id = ?1", [redirected.0]).unwrap();
    denied(house.store.export(redirected, &actor(1)).await, Denial::AuditBroken).await;
    db.execute(
        "UPDATE message SET original = 1, vault_sha256 = (SELECT vault_sha256 FROM message WHERE id = 1),
                sha256 = (SELECT sha256 FROM message WHERE id = 1) WHERE id = 2",
        [],
    )
    .unwrap();
    denied(house.store.export(swapped, &actor(1)).await, Denial::AuditBroken).await;
    db.execute("UPDATE body SET octets = CAST(octets || x'00' AS BLOB) WHERE id = 3", []).unwrap();
    assert!(matches!(house.store.export(flipped, &actor(1)).await, Err(StoreError::Damaged(_))));
    let state = house.store.release_requests().await.unwrap()[2].state;
    assert_eq!(state, RequestState::Approved, "a damaged vault does not use the approval up");
}
