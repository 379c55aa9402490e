//! A mail's way through the store: received, sanitised, delivered; held with a stand-in; sent back; two zones.

mod common;

use common::*;
use mail::{DateTime, ReversePath};
use policy::HoldReason;
use std::time::Duration;
use store::{
    Born, Denial, Filter, INLINE_OCTETS_MAX, MessageKind, Receipt, RecipientResult, SentBack, StoreError,
    WorkState,
};

#[tokio::test]
async fn one_mail_to_two_zones_is_two_jobs_with_one_original() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(10_000).await;
    let jobs = house.lease_jobs().await;
    assert_eq!(jobs.len(), 2);
    assert_eq!(jobs[0].recipients, [mailbox("a@example.lg.jp"), mailbox("b@example.lg.jp")]);
    assert_eq!((jobs[0].zone.as_str(), jobs[0].policy_version.as_str()), ("inside", "policy-inside"));
    assert_eq!(jobs[1].recipients, [mailbox("c@example.lg.jp")]);
    assert_eq!((jobs[1].zone.as_str(), jobs[1].policy_version.as_str()), ("board", "policy-board"));
    assert_eq!(jobs[0].receipt, jobs[1].receipt);
    for job in &jobs {
        assert_eq!((&job.queue_id, job.attempt, job.size_octets), (&queue_id, 1, 10_000));
        assert_eq!(job.accepted, DateTime::utc(NOW_S).in_jst());
        assert_eq!(house.store.open_original(job).await.unwrap(), new_mail(10_000).octets);
        house.store.put_clean(job.job, clean(9_000)).await.unwrap();
    }
    let drafts = house.lease_clean().await;
    assert_eq!(drafts.len(), 2);
    for draft in &drafts {
        assert_eq!(draft.octets, clean(9_000).octets);
        assert_eq!(draft.expected, clean(9_000).expected);
        assert_eq!((draft.kind, draft.receipt.as_ref()), (MessageKind::Mail, Some(&jobs[0].receipt)));
        house.store.attempting(draft.id).await.unwrap();
        let results = draft.recipients.iter().map(|mailbox| (mailbox.clone(), delivered())).collect();
        house.store.settle(draft.id, results).await.unwrap();
    }
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.delivered, line.in_queue), (3, 3, 0));
    assert!(house.lease_jobs().await.is_empty() && house.lease_clean().await.is_empty());
    assert_eq!(house.state_of(&queue_id, "inside").await, "done");
    assert!(house.store.audit_verify(None).await.unwrap().is_sound());
}

#[tokio::test]
async fn bodies_at_the_inline_limit_and_beyond_come_back_whole() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let mut ran = 0;
    for size in [0, 1, INLINE_OCTETS_MAX - 1_000, INLINE_OCTETS_MAX, INLINE_OCTETS_MAX + 1, 1_000_000] {
        house.put(size).await;
        for job in house.lease_jobs().await {
            assert_eq!(house.store.open_original(&job).await.unwrap(), new_mail(size).octets);
            house.store.put_clean(job.job, clean(size)).await.unwrap();
        }
        for draft in house.lease_clean().await {
            assert!(draft.octets == clean(size).octets);
            let results = draft.recipients.iter().map(|mailbox| (mailbox.clone(), delivered())).collect();
            house.store.settle(draft.id, results).await.unwrap();
        }
        ran += 1;
    }
    assert_eq!(ran, 6);
    // Originals over the limit stay as files; drafts went with their delivery.
    let files = std::fs::read_dir(dir.path().join("bodies")).unwrap().count();
    assert_eq!(files, 3);
}

#[tokio::test]
async fn a_held_mail_sends_a_stand_in_that_is_counted_as_born() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    let jobs = house.lease_jobs().await;
    let stand_in = house
        .store
        .hold_job(jobs[0].job, HoldReason::Loop, report_json(), summary(), Some(clean(300)))
        .await
        .unwrap()
        .unwrap();
    house.store.hold_job(jobs[1].job, HoldReason::Policy, report_json(), summary(), None).await.unwrap();
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.born, line.held, line.in_queue), (3, 2, 3, 2));
    let drafts = house.lease_clean().await;
    assert_eq!(drafts.len(), 1);
    assert_eq!((drafts[0].kind, &drafts[0].queue_id), (MessageKind::StandIn, &stand_in));
    assert_eq!(drafts[0].parent.as_ref(), Some(&queue_id));
    assert_eq!(
        drafts[0].receipt.as_ref(),
        Some(&jobs[0].receipt),
        "the stand-in names the held mail's number"
    );
    assert_eq!(drafts[0].recipients.len(), 2);
    assert_eq!(house.state_of(&queue_id, "inside").await, "held");
    let held = Filter { state: Some(WorkState::Held), ..Filter::newest(10) };
    let held = house.store.quarantine_list(held).await.unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(held[1].hold_reason.as_deref(), Some("loop"));
    assert_eq!(held[1].summary, Some(summary()));
    assert_eq!(house.store.show(&queue_id).await.unwrap().children, [stand_in]);
}

#[tokio::test]
async fn a_lost_lease_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    house.put(500).await;
    let first = house.lease_jobs().await;
    assert!(house.lease_jobs().await.is_empty(), "what is leased is not leased twice");
    house.clock.pass(Duration::from_secs(61));
    let second = house.lease_jobs().await;
    assert_eq!((second.len(), second[0].attempt), (2, 2));
    let late = house.store.put_clean(first[0].job, clean(100)).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    house.store.put_clean(second[0].job, clean(100)).await.unwrap();
    assert!(matches!(house.store.put_clean(second[0].job, clean(100)).await, Err(StoreError::LeaseLost)));
    house.store.give_back(second[1].job, Duration::from_secs(30)).await.unwrap();
    assert!(house.lease_jobs().await.is_empty());
    house.clock.pass(Duration::from_secs(30));
    let third = house.lease_jobs().await;
    assert_eq!(third[0].attempt, 3);
    house.store.give_back_untried(third[0].job, Duration::ZERO).await.unwrap();
    assert_eq!(house.lease_jobs().await[0].attempt, 3, "what was not begun does not count");
    house.balanced().await;
}

#[tokio::test]
async fn recipients_end_each_in_their_own_way() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    for job in house.lease_jobs().await {
        house.store.put_clean(job.job, clean(100)).await.unwrap();
    }
    let drafts = house.lease_clean().await;
    let until = DateTime::utc(NOW_S + 600);
    let deferred = RecipientResult::Deferred { until, reply: "451 later\r\nreally".to_owned() };
    let results = vec![(mailbox("a@example.lg.jp"), delivered()), (mailbox("b@example.lg.jp"), deferred)];
    house.store.settle(drafts[0].id, results).await.unwrap();
    let refused =
        RecipientResult::Held { reason: HoldReason::NextHopRefused, reply: "552 too big".to_owned() };
    house.store.settle(drafts[1].id, vec![(mailbox("c@example.lg.jp"), refused)]).await.unwrap();
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.delivered, line.held, line.in_queue), (3, 1, 1, 1));
    assert!(house.lease_clean().await.is_empty(), "not due yet");
    house.clock.pass(Duration::from_secs(600));
    let again = house.lease_clean().await;
    assert_eq!(again[0].recipients, [mailbox("b@example.lg.jp")], "who has it does not get it twice");
    assert_eq!(again[0].attempt, 2);
    let bounced = RecipientResult::Bounced { reply: "550 no such user".to_owned() };
    house.store.settle(again[0].id, vec![(mailbox("b@example.lg.jp"), bounced)]).await.unwrap();
    let line = house.balanced().await;
    assert_eq!((line.delivered, line.bounced, line.held, line.in_queue), (1, 1, 1, 0));
    assert_eq!(house.state_of(&queue_id, "board").await, "held");
    // What the next hop refused can be put back, and is sanitised again for that recipient alone.
    assert_eq!(house.store.release_held(&queue_id, &actor(1)).await.unwrap(), 1);
    let jobs = house.lease_jobs().await;
    assert_eq!((jobs.len(), jobs[0].zone.as_str()), (1, "board"));
    house.balanced().await;
}

#[tokio::test]
async fn a_draft_refused_twice_is_held_with_its_stand_in() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let new = new_mail_to(500, &[("inside", &["a@example.lg.jp"])]);
    let queue_id = house.store.put_received(new).await.unwrap();
    for went in [SentBack::Again, SentBack::Held] {
        let jobs = house.lease_jobs().await;
        house.store.put_clean(jobs[0].job, clean(100)).await.unwrap();
        let drafts = house.lease_clean().await;
        let born = Born {
            kind: MessageKind::StandIn,
            reverse_path: ReversePath::Null,
            recipients: drafts[0].recipients.clone(),
            zone: "inside".to_owned(),
            policy_version: "policy-inside".to_owned(),
            accepted: DateTime::utc(NOW_S),
        };
        let stand_in = Some((born, clean(50)));
        let back = house.store.send_back(drafts[0].id, HoldReason::VerifierRefused, stand_in).await.unwrap();
        assert_eq!(back, went);
    }
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.held, line.born, line.in_queue), (1, 1, 1, 1));
    let drafts = house.lease_clean().await;
    assert_eq!((drafts[0].kind, drafts[0].parent.as_ref()), (MessageKind::StandIn, Some(&queue_id)));
}

#[tokio::test]
async fn a_refused_draft_is_made_again_once_and_then_held() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let new = new_mail_to(500, &[("inside", &["a@example.lg.jp"])]);
    let queue_id = house.store.put_received(new).await.unwrap();
    let mut went = Vec::new();
    for _ in 0..2 {
        let jobs = house.lease_jobs().await;
        assert_eq!(jobs[0].was_sent_back, !went.is_empty());
        house.store.put_clean(jobs[0].job, clean(100)).await.unwrap();
        let drafts = house.lease_clean().await;
        went.push(house.store.send_back(drafts[0].id, HoldReason::VerifierRefused, None).await.unwrap());
    }
    assert_eq!(went, [SentBack::Again, SentBack::Held]);
    assert_eq!(house.state_of(&queue_id, "inside").await, "held");
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.held), (1, 1));
    assert!(house.lease_clean().await.is_empty() && house.lease_jobs().await.is_empty());
}

#[tokio::test]
async fn a_person_can_hold_put_back_and_drop() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    let leased = house.lease_jobs().await;
    assert_eq!(house.store.hold(&queue_id, &actor(1)).await.unwrap(), 3);
    let late = house.store.put_clean(leased[0].job, clean(100)).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "the sanitiser's work is not taken after the hold");
    assert!(house.lease_jobs().await.is_empty());
    assert_eq!(house.store.release_held(&queue_id, &actor(1)).await.unwrap(), 3);
    assert_eq!(house.lease_jobs().await.len(), 2);
    let nameless = house.store.drop_message(&queue_id, &actor(1), " ").await;
    assert!(matches!(nameless, Err(StoreError::Refused(Denial::NoReason))));
    assert_eq!(house.store.drop_message(&queue_id, &actor(1), "spam").await.unwrap(), 3);
    let line = house.balanced().await;
    assert_eq!((line.accepted, line.discarded), (3, 3));
    let again = house.store.drop_message(&queue_id, &actor(1), "spam").await;
    assert!(matches!(again, Err(StoreError::Refused(Denial::WrongState))));
}

#[tokio::test]
async fn what_is_being_sent_cannot_be_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    for job in house.lease_jobs().await {
        house.store.put_clean(job.job, clean(100)).await.unwrap();
    }
    let drafts = house.lease_clean().await;
    house.store.attempting(drafts[0].id).await.unwrap();
    let dropped = house.store.drop_message(&queue_id, &actor(1), "spam").await;
    assert!(matches!(dropped, Err(StoreError::Refused(Denial::WrongState))));
    house.clock.pass(Duration::from_secs(61));
    let again = house.lease_clean().await;
    assert!(again.iter().any(|draft| draft.first_attempt.is_some()));
    // Leased but not yet announced: it can be dropped, and the announcement is then refused.
    assert_eq!(house.store.drop_message(&queue_id, &actor(1), "spam").await.unwrap(), 3);
    assert!(matches!(house.store.attempting(again[0].id).await, Err(StoreError::LeaseLost)));
    house.balanced().await;
}

#[tokio::test]
async fn lists_find_by_every_word_that_a_caller_may_say() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = house.put(500).await;
    house.deliver_all().await;
    let receipt = house.store.list(Filter::newest(1)).await.unwrap()[0].receipt.clone().unwrap();
    let (first, second) = receipt.as_str().split_at(4);
    let told = format!("{first}-{}", second.to_lowercase());
    let words = [queue_id.as_str(), &told, "入札", "差出人", "sender@", "C@EXAMPLE"];
    let mut ran = 0;
    for word in words {
        let filter = Filter { text: Some(word.to_owned()), ..Filter::newest(10) };
        assert!(!house.store.list(filter).await.unwrap().is_empty(), "{word}");
        ran += 1;
    }
    assert_eq!(ran, 6);
    let filter = Filter { text: Some("nothing".to_owned()), ..Filter::newest(10) };
    assert!(house.store.list(filter).await.unwrap().is_empty());
    assert_eq!(
        house.store.find_receipt(&Receipt::parse(&told).unwrap()).await.unwrap(),
        Some(queue_id.clone())
    );
    let view = house.store.show(&queue_id).await.unwrap();
    assert_eq!(view.reports.len(), 2);
    assert_eq!(view.reports[0].1, report_json());
    assert_eq!(view.history.len(), 6);
}

#[tokio::test]
async fn loops_are_woken_and_never_miss_work() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let store = house.store.clone();
    let waiter = tokio::spawn(async move {
        loop {
            let jobs = store.lease_jobs(10, 60).await.unwrap();
            if !jobs.is_empty() {
                return jobs.len();
            }
            store.jobs_ready().await;
        }
    });
    house.put(500).await;
    let leased = tokio::time::timeout(Duration::from_secs(20), waiter).await.unwrap().unwrap();
    assert_eq!(leased, 2);
}
