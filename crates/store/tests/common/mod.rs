//! A store in a temporary directory under a clock that the test moves, and mails to put into it.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of this")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test stops where it is wrong")]
#![allow(clippy::mod_module_files, reason = "the name that keeps cargo from taking it for a test")]

use mail::{Client, DateTime, Envelope, Mailbox, Protocol, ReversePath, Untrusted};
use policy::Outcome;
use std::path::Path;
use store::{
    Actor, Clean, Clock, Filter, Floor, Keys, LeasedClean, LeasedJob, ManualClock, NewGroup, NewMessage,
    QueueId, RecipientResult, Recovery, Store, StoreError, StoreSettings, Summary,
};

/// Fri, 20 Nov 2026 00:00:00 UTC.
pub const NOW_S: i64 = 1_795_132_800;

pub struct House {
    pub store: Store,
    pub clock: ManualClock,
    pub recovery: Recovery,
}

pub fn settings(dir: &Path, clock: &ManualClock) -> StoreSettings {
    StoreSettings {
        data_dir: dir.to_owned(),
        keys: Keys::automatic(dir).unwrap(),
        floor: Floor { octets: 0, per_cent: 0 },
        tenant: "city".to_owned(),
        clock: Clock::Manual(clock.clone()),
    }
}

pub fn try_open(dir: &Path, clock: &ManualClock) -> Result<(Store, Recovery), StoreError> {
    Store::open(settings(dir, clock))
}

pub fn open(dir: &Path) -> House {
    open_at(dir, &ManualClock::at(NOW_S))
}

pub fn open_at(dir: &Path, clock: &ManualClock) -> House {
    let (store, recovery) = try_open(dir, clock).unwrap();
    House { store, clock: clock.clone(), recovery }
}

pub fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

pub fn actor(uid: u32) -> Actor {
    Actor { uid, name: format!("user{uid}") }
}

pub const BODY: &str = "機密の本文 SECRET-BODY-PLAINTEXT";
pub const SUBJECT: &str = "入札の件 SECRET-SUBJECT-PLAINTEXT";
pub const FILE_NAME: &str = "SECRET-FILE-NAME.pdf";

/// A mail to two people of one zone and one of another.
pub fn new_mail(size_octets: usize) -> NewMessage {
    new_mail_to(
        size_octets,
        &[("inside", &["a@example.lg.jp", "b@example.lg.jp"]), ("board", &["c@example.lg.jp"])],
    )
}

pub fn new_mail_to(size_octets: usize, groups: &[(&str, &[&str])]) -> NewMessage {
    let mut octets = format!("Subject: {SUBJECT}\r\n\r\n{BODY}\r\n").into_bytes();
    while octets.len() < size_octets {
        octets.extend_from_slice(BODY.as_bytes());
    }
    octets.truncate(size_octets.max(120));
    let groups: Vec<NewGroup> = groups
        .iter()
        .map(|(zone, recipients)| NewGroup {
            zone: (*zone).to_owned(),
            policy_version: format!("policy-{zone}"),
            recipients: recipients.iter().map(|text| mailbox(text)).collect(),
        })
        .collect();
    NewMessage {
        envelope: Envelope {
            reverse_path: ReversePath::Mailbox(mailbox("sender@example.com")),
            forward_paths: groups.iter().flat_map(|group| group.recipients.clone()).collect(),
            body_type: None,
            client: Client {
                address: "192.0.2.1".parse().unwrap(),
                greeting: "mx.example.com".to_owned(),
                protocol: Protocol::Esmtp,
            },
        },
        octets: Untrusted::new(octets),
        groups,
        accepted: DateTime::utc(NOW_S).in_jst(),
        stray_line_ends: false,
    }
}

pub fn summary() -> Summary {
    Summary {
        subject: SUBJECT.to_owned(),
        from: "差出人".to_owned(),
        outcome: Outcome::Partial,
        parts: 2,
        withheld: 1,
    }
}

pub fn report_json() -> String {
    format!("{{\"parts\":[{{\"name\":\"{FILE_NAME}\"}}]}}")
}

pub fn clean(size_octets: usize) -> Clean {
    let mut octets = BODY.as_bytes().to_vec();
    octets.resize(size_octets.max(octets.len()), b'x');
    Clean { octets, expected: SUBJECT.as_bytes().to_vec(), report_json: report_json(), summary: summary() }
}

impl House {
    /// What the clock shows, in seconds.
    pub fn clock_s(&self) -> i64 {
        self.clock.now_s()
    }

    pub async fn put(&self, size_octets: usize) -> QueueId {
        self.store.put_received(new_mail(size_octets)).await.unwrap()
    }

    pub async fn lease_jobs(&self) -> Vec<LeasedJob> {
        self.store.lease_jobs(100, 60).await.unwrap()
    }

    pub async fn lease_clean(&self) -> Vec<LeasedClean> {
        self.store.lease_clean(100, 60).await.unwrap()
    }

    /// Sanitises and delivers all that is there.
    pub async fn deliver_all(&self) {
        for job in self.lease_jobs().await {
            self.store.put_clean(job.job, clean(500)).await.unwrap();
        }
        for clean in self.lease_clean().await {
            self.store.attempting(clean.id).await.unwrap();
            let results = clean.recipients.iter().map(|mailbox| (mailbox.clone(), delivered())).collect();
            self.store.settle(clean.id, results).await.unwrap();
        }
    }

    pub async fn balanced(&self) -> store::LedgerLine {
        let ledger = self.store.ledger().await.unwrap();
        assert!(ledger.is_balanced(), "{:?}", ledger.imbalances);
        ledger.total()
    }

    pub async fn state_of(&self, queue_id: &QueueId, zone: &str) -> String {
        let lines = self.store.list(Filter::newest(1000)).await.unwrap();
        let line = lines.iter().find(|line| line.queue_id == *queue_id && line.zone == zone).unwrap();
        line.state.name().to_owned()
    }
}

pub fn delivered() -> RecipientResult {
    RecipientResult::Delivered { reply: "250 2.0.0 ok".to_owned() }
}
