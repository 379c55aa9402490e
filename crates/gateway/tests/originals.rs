//! Originals come back to two people only, octet by octet, and the audit chain knows each step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

mod common;

use common::{BINARY, Gateway, Place, demo, folder, is_root, sink::Sink, stdout, wait_until};
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The second account.
const NOBODY: &str = "65534";

/// A gateway that a second account can ask, and that account's copy of the binary.
struct House {
    folder: tempfile::TempDir,
    gateway: Gateway,
    sink: Sink,
}

impl House {
    fn open() -> Self {
        // Only root can act as another account; the test says so rather than pass without having looked.
        assert!(is_root(), "this test needs root to act as a second account");
        let folder = folder();
        assert!(Command::new("chmod").arg("755").arg(folder.path()).status().unwrap().success());
        std::fs::copy(BINARY, folder.path().join("sekisho")).unwrap();
        let sink = Sink::start();
        let gateway = Place::before(folder.path(), sink.address).start();
        Self { folder, gateway, sink }
    }

    /// Sends a mail and waits until something is inside in its place.
    fn send(&self, mail: &[u8]) -> String {
        let queue_id = self.gateway.send(mail).unwrap();
        wait_until("it is inside", || self.sink.has(&queue_id) && self.gateway.place.ledger().in_queue == 0);
        queue_id
    }

    /// What the first account is told, and whether it was content.
    fn first(&self, arguments: &[&str]) -> (bool, String) {
        told(&self.gateway.ask(arguments))
    }

    /// The same, for the second account.
    fn second(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("setpriv")
            .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
            .arg(self.folder.path().join("sekisho"))
            .args(arguments)
            .arg("--data")
            .arg(&self.gateway.place.data)
            .output()
            .unwrap();
        told(&output)
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn export(&self, request: &str, name: &str) -> (bool, String) {
        self.first(&["quarantine", "export", request, "--out", self.out(name).to_str().unwrap()])
    }
}

fn told(output: &Output) -> (bool, String) {
    (output.status.success(), stdout(output) + &String::from_utf8_lossy(&output.stderr))
}

fn hex(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

fn looping() -> Vec<u8> {
    b"From: a@sender.example\r\nSubject: hold me\r\nX-Sekisho-Id: A\r\nX-Sekisho-Id: B\r\n\r\n\xfe\xff raw\r\n".to_vec()
}

#[test]
fn an_original_changed_or_held_comes_back_to_two_people_only() {
    let house = House::open();
    for (number, (mail, state)) in [(demo("pdf"), "done"), (looping(), "held (loop)")].into_iter().enumerate()
    {
        let (request, name) = ((number + 1).to_string(), format!("original-{number}.eml"));
        let queue_id = house.send(&mail);
        let (content, listed) = house.first(&["quarantine", "list"]);
        let line = listed.lines().find(|line| line.starts_with(&queue_id)).expect("its line");
        assert!(content && line.contains(&format!("  {state}  ")), "{line}");
        // A receipt number stands for the queue id.
        let receipt = line.split_whitespace().nth(1).unwrap();
        let (content, shown) = house.first(&["quarantine", "show", receipt]);
        assert!(content && shown.contains(&format!("sha256 {}", hex(&mail))), "{shown}");
        let asked = house.first(&["quarantine", "request", receipt, "--reason", "needed for the exercise"]);
        assert!(asked.0, "{}", asked.1);
        assert!(!house.first(&["quarantine", "approve", &request]).0, "one's own request was approved");
        assert!(!house.export(&request, "too-early").0, "exported without approval");
        let approved = house.second(&["quarantine", "approve", &request]);
        assert!(approved.0, "{}", approved.1);
        let out = house.out("by-another");
        assert!(!house.second(&["quarantine", "export", &request, "--out", out.to_str().unwrap()]).0);
        let (content, said) = house.export(&request, &name);
        assert!(content && said.contains(&hex(&mail)), "{said}");
        let given = std::fs::read(house.out(&name)).unwrap();
        assert_eq!((hex(&given), given.len()), (hex(&mail), mail.len()), "the original differs");
        assert!(!house.export(&request, "twice").0, "given out twice");
        assert!(!["too-early", "by-another", "twice"].iter().any(|name| house.out(name).exists()));
    }
    let queue_id = house.send(&demo("gaiji"));
    assert!(house.second(&["quarantine", "request", &queue_id, "--reason", "curious"]).0);
    assert!(!house.second(&["quarantine", "refuse", "3", "--reason", "my own"]).0);
    assert!(house.first(&["quarantine", "refuse", "3", "--reason", "no need"]).0);
    assert!(!house.export("3", "refused").0 && !house.out("refused").exists());
    each_step_is_chained(&house);
}

fn each_step_is_chained(house: &House) {
    let (_, chain) = house.first(&["audit", "export"]);
    let steps = |event: &str| -> Vec<serde_json::Value> {
        let lines = chain.lines().filter(|line| line.contains(&format!("\"{event}\"")));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    for (event, by) in [
        ("original.requested", vec![0, 0, 65_534]),
        ("original.approved", vec![65_534, 65_534]),
        ("original.released", vec![0, 0]),
        ("original.refused", vec![0]),
    ] {
        let accounts: Vec<u64> = steps(event).iter().map(|step| number(step, "by")).collect();
        assert_eq!(accounts, by, "{event}:\n{chain}");
    }
    assert!(steps("original.released").iter().all(|step| number(step, "approved_by") == 65_534));
    assert!(!chain.contains("exercise") && !chain.contains('@'), "words or addresses in the chain");
    assert!(house.first(&["audit", "verify"]).0);
}

fn number(step: &serde_json::Value, key: &str) -> u64 {
    step["detail"][key].as_u64().unwrap_or_else(|| panic!("no {key} in {step}"))
}

/// A copy of a stopped gateway's data, changed by `change`; what `audit verify` says of it.
fn verdict(place: &Place, checkpoint: Option<&Path>, change: impl FnOnce(&Path)) -> (bool, String) {
    let copy = folder();
    let data = copy.path().join("data");
    assert!(Command::new("cp").arg("-a").args([&place.data, &data]).status().unwrap().success());
    change(&data.join("store.sqlite"));
    let mut command = Command::new(BINARY);
    command.args(["audit", "verify", "--data"]).arg(&data);
    if let Some(checkpoint) = checkpoint {
        command.arg("--checkpoint").arg(checkpoint);
    }
    told(&command.output().unwrap())
}

#[test]
fn the_chain_notices_one_flipped_octet_and_with_the_checkpoint_a_cut_tail() {
    let folder = folder();
    let sink = Sink::start();
    let gateway = Place::before(folder.path(), sink.address).start();
    let outside = folder.path().join("checkpoints");
    for _ in 0..3 {
        gateway.send(&demo("gaiji")).unwrap();
    }
    wait_until("all is settled", || gateway.place.ledger().delivered == 3);
    assert!(gateway.ask(&["audit", "export", "--checkpoint-to", outside.to_str().unwrap()]).status.success());
    let checkpoint = std::fs::read_dir(&outside).unwrap().next().unwrap().unwrap().path();
    let place = gateway.place.clone();
    assert!(gateway.stop().success());
    // Everything into one file, so that the octets that are flipped are those that are read.
    let db = rusqlite::Connection::open(place.data.join("store.sqlite")).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    // Unchanged it is sound, and any later chain meets the checkpoint.
    for checkpoint in [None, Some(checkpoint.as_path())] {
        let (sound, said) = verdict(&place, checkpoint, |_| ());
        assert!(sound, "{said}");
    }
    let mut flipped = 0;
    for event in ["message.received", "message.sanitised", "message.delivered"] {
        let whole = std::fs::read(place.data.join("store.sqlite")).unwrap();
        let places: Vec<usize> = (0..whole.len())
            .filter(|&at| whole[at..].starts_with(format!("\"{event}\"").as_bytes()))
            .collect();
        let &at = places.last().expect(event);
        let (sound, said) = verdict(&place, None, |file| {
            let mut octets = std::fs::read(file).unwrap();
            octets[at + 1] ^= 1;
            std::fs::write(file, octets).unwrap();
        });
        assert!(!sound, "one octet of {event} at {at} was flipped and not noticed: {said}");
        flipped += 1;
    }
    assert_eq!(flipped, 3);
    let cut = |file: &Path| {
        let db = rusqlite::Connection::open(file).unwrap();
        db.execute_batch(
            "DROP TRIGGER audit_kept; DELETE FROM audit WHERE seq > (SELECT max(seq) - 2 FROM audit)",
        )
        .unwrap();
    };
    assert!(verdict(&place, None, cut).0, "without a checkpoint a cut tail cannot be seen");
    let (sound, said) = verdict(&place, Some(&checkpoint), cut);
    assert!(!sound, "a cut tail was not noticed: {said}");
}

#[test]
fn a_legal_hold_is_set_and_lifted_with_a_reason() {
    let house = House::open();
    let id = house.send(&demo("gaiji"));
    let shown = || house.first(&["quarantine", "show", &id]).1.contains("legal hold");
    assert!(!shown());
    let (fine, said) = house.first(&["quarantine", "legal-hold", &id, "--reason", " "]);
    assert!(!fine && !shown(), "{said}");
    let (fine, said) = house.first(&["quarantine", "legal-hold", &id, "--reason", "court"]);
    assert!(fine && shown(), "{said}");
    let (fine, said) = house.first(&["quarantine", "legal-hold", &id, "--reason", "over", "--lift"]);
    assert!(fine && !shown(), "{said}");
    let audit = house.first(&["audit", "export"]).1;
    assert_eq!(audit.matches("original.legal_hold").count(), 2, "{audit}");
    assert!(!audit.contains("court"), "the reason stands there as a digest alone");
}
