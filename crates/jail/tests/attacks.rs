//! The fourteen attacks, really tried: each by a child that locked itself as every child does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

use jail::{Death, Pool, PoolSettings, Sender, Turn};
use policy::{HoldReason, Limits, Outcome, Policy};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

fn attacker() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples").join("attacker")
}

fn settings(attack: &str) -> PoolSettings {
    let limits = Limits {
        child_address_space_octets: 512 << 20,
        child_cpu_s: 4,
        child_wall_s: 10,
        ..Limits::STANDARD
    };
    PoolSettings {
        program: attacker(),
        extra_arguments: vec![attack.to_owned()],
        limits,
        fonts: Vec::new(),
        renderer: None,
        spare: 0,
        light: 1,
        heavy: 1,
        light_wall: Duration::from_secs(10),
    }
}

const ATTACKS: &[(&str, Death)] = &[
    ("open", Death::Crash),
    ("write", Death::Crash),
    ("connect", Death::Crash),
    ("exec", Death::Crash),
    ("fork", Death::Crash),
    ("ptrace", Death::Crash),
    ("signal", Death::Crash),
    ("loop", Death::TimeOut),
    ("sleep", Death::TimeOut),
    ("memory", Death::OutOfMemory),
    ("stack", Death::Crash),
    ("panic", Death::Crash),
    ("claim", Death::Nonsense),
    ("trailing", Death::Nonsense),
];

#[test]
fn every_attack_ends_in_the_child() {
    let mut tried = 0;
    for (attack, expected) in ATTACKS {
        let pool = Pool::unproven(settings(attack)).unwrap();
        let started = Instant::now();
        let provoked = pool.provoke(Turn::heavy(Sender::default())).unwrap();
        assert_eq!(provoked.death, *expected, "{attack}: {}", provoked.errors);
        assert!(!provoked.errors.contains("reached true"), "{attack} reached its goal: {}", provoked.errors);
        assert!(started.elapsed() < Duration::from_secs(25), "{attack} took {:?}", started.elapsed());
        tried += 1;
    }
    assert_eq!(tried, 14);
    assert!(!PathBuf::from("/tmp/sekisho-attacker").exists());
}

#[test]
fn a_jail_whose_children_only_fail_holds_the_message() {
    let pool = Pool::unproven(settings("panic")).unwrap();
    let job = jail::Job::Message(mail::Untrusted::new(b"Subject: x\r\n\r\ny\r\n".to_vec()));
    let done = pool
        .sanitise(job, &Policy::standard(), jail::Supplements::default(), Turn::heavy(Sender::default()))
        .unwrap();
    assert_eq!((done.report.outcome, done.report.reason), (Outcome::Held, Some(HoldReason::JailFailed)));
    assert!(done.draft.attachments.is_empty() && done.draft.text.is_empty());
}

#[test]
fn a_child_that_cannot_answer_is_no_jail() {
    assert!(Pool::start(settings("panic")).is_err());
    assert!(Pool::start(settings("honest")).is_ok());
}

/// Of four that do not end, one goes on in the light lane's only place; the others do not wait for it.
#[test]
fn the_quick_lane_waits_for_nobody() {
    let pool = Pool::unproven(settings("loop")).unwrap();
    let provoke = |pool: Pool| {
        std::thread::spawn(move || {
            let started = Instant::now();
            assert_eq!(pool.provoke(Turn::quick(Sender::default())).unwrap().death, Death::TimeOut);
            started.elapsed()
        })
    };
    let all: Vec<_> = (0..4).map(|_| provoke(pool.clone())).collect();
    let mut times: Vec<Duration> = all.into_iter().map(|one| one.join().unwrap()).collect();
    times.sort();
    assert!(times[3] > jail::QUICK_WALL * 10 && times[2] < times[3] / 2, "{times:?}");
}
