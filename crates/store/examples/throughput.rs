//! Answers: how many mails a second does the store carry from acceptance to delivery, and at what CPU?
//!
//! `cargo run --release -p store --example throughput -- [MAILS] [SESSIONS] [OCTETS]` in a directory on the disk in
//! question. Each mail is received, leased, opened, sanitised (a copy), leased, announced and settled, durably.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a measurement"
)]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use mail::{Client, DateTime, Envelope, Mailbox, Protocol, ReversePath, Untrusted};
use policy::Outcome;
use std::time::{Duration, Instant};
use store::{
    Clean, Clock, Floor, Keys, NewGroup, NewMessage, RecipientResult, Store, StoreSettings, Summary,
};

fn new_mail(size_octets: usize) -> NewMessage {
    let recipient = Mailbox::parse("a@example.lg.jp").unwrap();
    NewMessage {
        envelope: Envelope {
            reverse_path: ReversePath::Mailbox(Mailbox::parse("sender@example.com").unwrap()),
            forward_paths: vec![recipient.clone()],
            body_type: None,
            client: Client {
                address: "192.0.2.1".parse().unwrap(),
                greeting: "mx.example.com".to_owned(),
                protocol: Protocol::Esmtp,
            },
        },
        octets: Untrusted::new(vec![b'x'; size_octets]),
        groups: vec![NewGroup {
            zone: "inside".to_owned(),
            policy_version: "standard".to_owned(),
            recipients: vec![recipient],
        }],
        accepted: DateTime::utc(1_795_132_800),
        stray_line_ends: false,
    }
}

fn clean(octets: Vec<u8>) -> Clean {
    let summary = Summary {
        subject: "件名".to_owned(),
        from: "差出人".to_owned(),
        outcome: Outcome::Clean,
        parts: 1,
        withheld: 0,
    };
    Clean { octets, expected: vec![0; 300], report_json: "x".repeat(600), summary }
}

fn cpu_s() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

async fn receive(store: Store, mails: usize, size_octets: usize) {
    for _ in 0..mails {
        store.put_received(new_mail(size_octets)).await.unwrap();
    }
}

async fn sanitise(store: Store) {
    loop {
        let jobs = store.lease_jobs(16, 600).await.unwrap();
        if jobs.is_empty() {
            store.jobs_ready().await;
        }
        for job in jobs {
            let original = store.open_original(&job).await.unwrap();
            store.put_clean(job.job, clean(original.into_octets())).await.unwrap();
        }
    }
}

async fn deliver(store: Store, done: tokio::sync::mpsc::UnboundedSender<()>) {
    loop {
        let drafts = store.lease_clean(16, 600).await.unwrap();
        if drafts.is_empty() {
            store.clean_ready().await;
        }
        for draft in drafts {
            store.attempting(draft.id).await.unwrap();
            let reply = || RecipientResult::Delivered { reply: "250 2.0.0 ok".to_owned() };
            let results = draft.recipients.into_iter().map(|mailbox| (mailbox, reply())).collect();
            store.settle(draft.id, results).await.unwrap();
            done.send(()).unwrap();
        }
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<usize>().ok());
    let mails = arguments.next().unwrap_or(3_000);
    let sessions = arguments.next().unwrap_or(10).max(1);
    let size_octets = arguments.next().unwrap_or(10_240);
    let dir = tempfile::tempdir_in(".").unwrap();
    let settings = StoreSettings {
        data_dir: dir.path().to_owned(),
        keys: Keys::automatic(dir.path()).unwrap(),
        floor: Floor::EMBEDDED,
        tenant: "bench".to_owned(),
        clock: Clock::System,
    };
    let (store, _) = Store::open(settings).unwrap();
    let (done, mut finished) = tokio::sync::mpsc::unbounded_channel();
    let (start, cpu) = (Instant::now(), cpu_s());
    let mut loops = Vec::new();
    for _ in 0..4 {
        loops.push(tokio::spawn(sanitise(store.clone())));
        loops.push(tokio::spawn(deliver(store.clone(), done.clone())));
    }
    let senders: Vec<_> =
        (0..sessions).map(|_| tokio::spawn(receive(store.clone(), mails / sessions, size_octets))).collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let (received, cpu_received) = (start.elapsed(), cpu_s() - cpu);
    for _ in 0..mails / sessions * sessions {
        tokio::time::timeout(Duration::from_secs(60), finished.recv()).await.unwrap().unwrap();
    }
    let (elapsed, cpu) = (start.elapsed(), cpu_s() - cpu);
    let count = (mails / sessions * sessions) as f64;
    println!("received  {:>7.0} mails/s (cpu so far {cpu_received:.2} s)", count / received.as_secs_f64());
    println!("delivered {:>7.0} mails/s", count / elapsed.as_secs_f64());
    println!("cpu       {:>7.2} s per 1000 mails of {size_octets} octets", cpu / count * 1000.0);
    let start = Instant::now();
    let ledger = store.ledger().await.unwrap();
    println!("ledger    {} ({:?})", ledger.total(), start.elapsed());
    assert!(ledger.is_balanced());
    for task in loops {
        task.abort();
    }
}
