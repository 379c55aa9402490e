//! Letters and what they are tried on: who is a neighbour, for how long, how often, and that nothing of it stays.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test stops where it is wrong")]

mod common;

use common::{House, actor, clean, mailbox, new_mail_to, open};
use std::time::Duration;
use store::{Bringing, Letter, NEIGHBOURS_S, QueueId, Trial};

const A: &str = "a@example.lg.jp";
const B: &str = "b@example.lg.jp";

/// A letter of this sender's network with these marks.
fn letter(marks: &[&str], waits: bool, sender: u64) -> Letter {
    let marks = marks.iter().map(|mark| (*mark).to_owned()).collect();
    Letter { words: b"SECRET-WORDS-PLAINTEXT".to_vec(), marks, waits, sender, fitted: Vec::new() }
}

/// Puts a mail in, sanitised, with its letter.
async fn put(house: &House, to: &[&str], letter: Letter) -> QueueId {
    put_in(house, "inside", to, letter).await
}

async fn put_in(house: &House, zone: &str, to: &[&str], letter: Letter) -> QueueId {
    let queue_id = house.store.put_received(new_mail_to(500, &[(zone, to)])).await.unwrap();
    let job = house.lease_jobs().await.into_iter().next().unwrap();
    house.store.put_clean_letter(&job, clean(500), letter).await.unwrap();
    queue_id
}

async fn next(house: &House) -> Option<Trial> {
    let sender = house.store.trial_senders().await.unwrap().into_iter().next()?;
    house.store.take_trial(sender).await.unwrap()
}

/// The waiting mail and the letters of the next trial, which is ended.
async fn tried(house: &House) -> Option<(QueueId, Vec<QueueId>)> {
    let trial = next(house).await?;
    house.store.end_trial(&trial, true).await.unwrap();
    let letters = trial.letters.iter().map(|letter| letter.queue_id.clone()).collect();
    Some((trial.mail.unwrap().queue_id, letters))
}

#[tokio::test]
async fn neighbours_share_a_recipient_a_mark_and_a_zone() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let waiting = put(&house, &[A, B], letter(&["domain kaisha.example", "name x.zip"], true, 1)).await;
    put(&house, &[A], letter(&["domain other.example"], false, 2)).await;
    put(&house, &["c@example.lg.jp"], letter(&["domain kaisha.example"], false, 2)).await;
    put_in(&house, "board", &[A], letter(&["domain kaisha.example"], false, 2)).await;
    assert!(next(&house).await.is_none(), "strangers");
    let told = put(&house, &["A@EXAMPLE.LG.JP"], letter(&["name x.zip"], false, 2)).await;
    let trial = next(&house).await.unwrap();
    assert_eq!(trial.letters.len(), 1);
    assert_eq!(trial.letters[0].queue_id, told);
    assert_eq!(trial.letters[0].recipients, [mailbox(A)], "those who have both");
    assert_eq!(trial.letters[0].words.as_deref(), Some(&b"SECRET-WORDS-PLAINTEXT"[..]));
    assert_eq!(trial.mail.as_ref().unwrap().queue_id, waiting);
    assert!(!format!("{trial:?}").contains("SECRET"));
    house.store.end_trial(&trial, true).await.unwrap();
    assert!(next(&house).await.is_none(), "each is tried once");
    // The other way round: the letter was there before.
    let later = put(&house, &[B, "a@example.lg.jp"], letter(&["name x.zip"], true, 3)).await;
    let mut seen = Vec::new();
    while let Some((mail, letters)) = tried(&house).await {
        seen.push((mail, letters));
    }
    assert!(seen.contains(&(later.clone(), vec![told])), "{seen:?}");
    assert!(seen.contains(&(waiting.clone(), vec![later])), "what waits may tell as well: {seen:?}");
}

#[tokio::test]
async fn after_seventy_two_hours_nobody_is_a_neighbour() {
    for (apart_s, found) in [(NEIGHBOURS_S, true), (NEIGHBOURS_S + 1, false)] {
        for waits_first in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let house = open(dir.path());
            put(&house, &[A], letter(&["m"], waits_first, 1)).await;
            house.deliver_all().await;
            house.clock.pass(Duration::from_secs(apart_s.unsigned_abs()));
            house.store.destroy_working_keys().await.unwrap();
            put(&house, &[A], letter(&["m"], !waits_first, 1)).await;
            assert_eq!(next(&house).await.is_some(), found, "{apart_s} s apart, waits first: {waits_first}");
        }
    }
}

#[tokio::test]
async fn nothing_of_a_letter_is_readable_and_nothing_stays() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    put(&house, &[A], letter(&["domain secret-mark.example"], true, 1)).await;
    put(&house, &[A], letter(&["domain secret-mark.example"], false, 1)).await;
    house.deliver_all().await;
    let octets = || {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let files =
            files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("store.sqlite"));
        files.flat_map(|path| std::fs::read(path).unwrap()).collect::<Vec<u8>>()
    };
    for secret in ["SECRET-WORDS", "secret-mark"] {
        assert!(!octets().windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    house.clock.pass(Duration::from_secs(3 * 86_400 + 3_600));
    assert_eq!(house.store.destroy_working_keys().await.unwrap().len(), 1, "letters no longer need the key");
    assert!(house.store.trial_senders().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_flood_does_not_use_up_the_tries_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let waiting = put(&house, &[A], letter(&["m"], true, 1)).await;
    for _ in 0..30 {
        put(&house, &[A], letter(&["m"], false, 666)).await;
    }
    let told = put(&house, &[A], letter(&["m"], false, 7)).await;
    let mut senders = house.store.trial_senders().await.unwrap();
    senders.sort_unstable();
    assert_eq!(senders, [7, 666]);
    let flood = house.store.take_trial(666).await.unwrap().unwrap();
    assert_eq!(flood.letters.len(), 20);
    let trial = house.store.take_trial(7).await.unwrap().unwrap();
    assert_eq!((trial.letters.len(), &trial.letters[0].queue_id), (1, &told));
    // A trial that never ends is begun three times.
    for _ in 0..2 {
        assert!(house.store.take_trial(666).await.unwrap().is_some());
    }
    assert!(house.store.take_trial(666).await.unwrap().is_none());
    house.store.put_trial_back(&trial).await.unwrap();
    assert_eq!(house.store.take_trial(7).await.unwrap().unwrap().mail.unwrap().queue_id, waiting);
    house.store.end_trial(&trial, false).await.unwrap();
    assert!(house.store.trial_senders().await.unwrap().is_empty());
    put(&house, &[A], letter(&["m"], false, 8)).await;
    assert!(next(&house).await.is_none(), "it does not wait any more");
}

#[tokio::test]
async fn each_recipient_gets_a_part_once() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let queue_id = put(&house, &[A, B], letter(&[], true, 1)).await;
    let (first, second) = ("1.2".parse().unwrap(), "1.3".parse::<mail::PartPath>().unwrap());
    let parts: Vec<mail::PartPath> = vec![first, second];
    let both = [mailbox(A), mailbox(B)];
    let mail = house.store.sanitised(&queue_id).await.unwrap().remove(0);
    assert_eq!(mail.lacking(&both, &parts), [(both.to_vec(), parts.clone())]);
    let bringing = |to: &str, parts: &[mail::PartPath]| Bringing {
        recipients: vec![mailbox(to)],
        parts: parts.to_vec(),
        source: Some("person"),
        letters: Vec::new(),
        by: Some(actor(7)),
    };
    house.store.put_follow_up(&mail, bringing(A, &parts[..1]), clean(500)).await.unwrap();
    let mail = house.store.sanitised(&queue_id).await.unwrap().remove(0);
    let lacking = mail.lacking(&both, &parts);
    assert_eq!(lacking.len(), 2);
    assert!(lacking.contains(&(vec![mailbox(A)], parts[1..].to_vec())));
    assert!(lacking.contains(&(vec![mailbox(B)], parts.clone())));
    let twice = house.store.put_follow_up(&mail, bringing(A, &parts), clean(500)).await;
    assert!(twice.is_err());
    house.store.put_follow_up(&mail, bringing(B, &parts), clean(500)).await.unwrap();
    let mail = house.store.sanitised(&queue_id).await.unwrap().remove(0);
    assert_eq!((mail.lacking(&both, &parts).len(), mail.follow_ups), (1, 2));
    house.balanced().await;
}

#[tokio::test]
async fn an_agreed_password_has_an_end_and_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let house = open(dir.path());
    let until = mail::DateTime::utc(common::NOW_S + 86_400);
    let known = || vec!["a@kaisha.example".to_owned(), "kaisha.example".to_owned()];
    assert!(house.store.agreed_with(known()).await.unwrap().is_empty());
    house.store.agree("Kaisha.example", until, "SECRET-AGREED", &actor(7)).await.unwrap();
    house.store.agree("a@kaisha.example", until, "SECRET-TOO", &actor(7)).await.unwrap();
    assert_eq!(house.store.agreed_with(known()).await.unwrap(), ["SECRET-TOO", "SECRET-AGREED"]);
    assert!(house.store.agreed_with(vec!["other.example".to_owned()]).await.unwrap().is_empty());
    assert!(!format!("{:?}", house.store.agreed_list().await.unwrap()).contains("SECRET"));
    assert_eq!(house.store.disagree("A@kaisha.example", &actor(7)).await.unwrap(), 1);
    house.clock.pass(Duration::from_secs(86_400));
    assert!(house.store.agreed_with(known()).await.unwrap().is_empty(), "its end has come");
    house.store.destroy_working_keys().await.unwrap();
    assert!(house.store.agreed_list().await.unwrap().is_empty());
    let chain = house.store.audit_export(0, usize::MAX).await.unwrap().join("\n");
    assert_eq!(chain.matches("password.removed").count(), 2, "{chain}");
    assert!(!chain.contains("kaisha") && !chain.contains("SECRET"));
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let octets = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!octets.windows(6).any(|window| window == b"SECRET"), "{}", path.display());
    }
}
