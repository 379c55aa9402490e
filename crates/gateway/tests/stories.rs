//! Stories: the real binary between a real sender and a real inside, on loopback.
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

use common::{BINARY, Gateway, client, demo, folder, is_root, stdout, wait_until};
use std::{collections::BTreeSet, path::Path, process::Command};

#[test]
fn the_main_job_end_to_end() {
    let folder = folder();
    let gateway = Gateway::start(&folder.path().join("data"));
    let cases = [
        ("newsletter", vec![], vec!["text/html"]),
        ("gaiji", vec![], vec![]),
        ("pdf", vec!["Content-Type: application/pdf"], vec!["JavaScript"]),
        ("photo", vec!["Content-Type: image/jpeg"], vec!["Exif"]),
        ("program", vec![], vec!["application/zip"]),
        ("locked", vec![], vec!["application/zip"]),
        ("bomb", vec![], vec!["application/zip"]),
        ("evasion", vec![], vec!["octet-stream"]),
    ];
    for (name, has, lacks) in &cases {
        let queue_id = gateway.send(&demo(name)).unwrap_or_else(|| panic!("{name} was not taken"));
        let mail = gateway.wait_for(&queue_id);
        for wanted in has {
            assert!(mail.contains(wanted), "{name} lacks {wanted}:\n{mail}");
        }
        for unwanted in lacks {
            assert!(!mail.contains(unwanted), "{name} holds {unwanted}");
        }
    }
    let list = gateway.ask(&["queue", "list"]);
    assert!(list.status.success(), "{}", stdout(&list));
    assert!(stdout(&list).contains(&format!("accepted {}", cases.len())), "{}", stdout(&list));
    assert!(stdout(&list).contains(": balanced"), "{}", stdout(&list));
    let audit = gateway.ask(&["audit", "verify"]);
    assert!(audit.status.success(), "{}", stdout(&audit));
}

#[test]
fn a_killed_gateway_loses_nothing() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut promised = BTreeSet::new();
    for round in 0..4 {
        let gateway = Gateway::start(&data);
        let address = gateway.place.address;
        let sender = std::thread::spawn(move || {
            let (text, pdf) = (demo("gaiji"), demo("pdf"));
            let mails = (0..60).map(|n| if n % 10 == 9 { &pdf } else { &text });
            mails.map_while(|mail| client::send(address, &["soumu@example.lg.jp"], mail)).collect::<Vec<_>>()
        });
        let before = gateway.inside().len();
        wait_until("some mail arrives", || gateway.inside().len() > before + 5 + round);
        gateway.kill();
        promised.extend(sender.join().unwrap());
    }
    let gateway = Gateway::start(&data);
    for queue_id in &promised {
        gateway.wait_for(queue_id);
    }
    assert!(promised.len() >= 24, "{} promises", promised.len());
    let list = gateway.ask(&["queue", "list", "--limit", "1"]);
    assert!(list.status.success() && stdout(&list).contains(": balanced"), "{}", stdout(&list));
}

#[test]
fn no_plaintext_of_a_body_touches_the_disk() {
    let folder = folder();
    let data = folder.path().join("data");
    let gateway = Gateway::start(&data);
    let marker = "himitsu-no-shirushi-4711";
    let message = format!("From: a@sender.example\r\nSubject: {marker}\r\n\r\nhonbun {marker}\r\n");
    let queue_id = gateway.send(message.as_bytes()).unwrap();
    gateway.wait_for(&queue_id);
    let mut looked_at = 0;
    let mut open = vec![data.clone()];
    while let Some(path) = open.pop() {
        if path == data.join("inside") {
            continue;
        }
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(octets) = std::fs::read(&path) {
            looked_at += 1;
            let found = octets.windows(marker.len()).any(|window| window == marker.as_bytes());
            assert!(!found, "{} holds the marker", path.display());
        }
    }
    assert!(looked_at >= 3, "only {looked_at} files were looked at");
}

#[test]
fn an_original_comes_back_to_two_people_only() {
    let folder = folder();
    // The other account must be able to reach the socket.
    let status = Command::new("chmod").args(["755"]).arg(folder.path()).status().unwrap();
    assert!(status.success());
    let data = folder.path().join("data");
    let gateway = Gateway::start(&data);
    let message = demo("pdf");
    let queue_id = gateway.send(&message).unwrap();
    gateway.wait_for(&queue_id);
    let asked = gateway.ask(&["quarantine", "request", &queue_id, "--reason", "needed for the exercise"]);
    assert!(asked.status.success(), "{}", stdout(&asked));
    let alone = gateway.ask(&["quarantine", "approve", "1"]);
    assert!(!alone.status.success(), "one's own request was approved: {}", stdout(&alone));
    let early = gateway.ask(&["quarantine", "export", "1", "--out", "/dev/null/none"]);
    assert!(!early.status.success());
    // Only root can act as another account; the test says so rather than pass without having looked.
    assert!(is_root(), "this test needs root to act as a second account");
    let copy = std::env::temp_dir().join(format!("sekisho-{}", std::process::id()));
    std::fs::copy(BINARY, &copy).unwrap();
    let approved = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&copy)
        .args(["quarantine", "approve", "1", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    std::fs::remove_file(&copy).unwrap();
    assert!(approved.status.success(), "{} {}", stdout(&approved), String::from_utf8_lossy(&approved.stderr));
    let out = folder.path().join("original.eml");
    let exported = gateway.ask(&["quarantine", "export", "1", "--out", out.to_str().unwrap()]);
    assert!(exported.status.success(), "{}", stdout(&exported));
    let given = std::fs::read(&out).unwrap();
    assert!(given == message || given == [message, b"\r\n".to_vec()].concat(), "the original differs");
    let again =
        gateway.ask(&["quarantine", "export", "1", "--out", folder.path().join("b").to_str().unwrap()]);
    assert!(!again.status.success(), "an original was given out twice");
    let audit = gateway.ask(&["audit", "export"]);
    for event in ["original.requested", "original.approved", "original.released"] {
        assert!(stdout(&audit).contains(event), "{event} is not in the chain:\n{}", stdout(&audit));
    }
}

#[test]
fn sanitise_reports_one_json_line_and_the_promised_exit_code() {
    let folder = folder();
    for (name, code) in [("gaiji", 0), ("photo", 0), ("program", 2), ("evasion", 2)] {
        let file = format!("{}/../../fixtures/demo/{name}.eml", env!("CARGO_MANIFEST_DIR"));
        let out = folder.path().join(name);
        let output = Command::new(BINARY)
            .args(["sanitise", "--report", "json", "--out"])
            .args([&out, Path::new(&file)])
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{name}: {} {}",
            stdout(&output),
            String::from_utf8_lossy(&output.stderr)
        );
        let text = stdout(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in ["input", "outcome", "parts", "outputs", "elapsed_ms", "jail"] {
            assert!(report.get(key).is_some(), "{name} lacks {key}: {text}");
        }
        assert!(out.join(format!("{name}.eml")).exists(), "{name} was not written");
    }
}

#[test]
fn an_open_relay_it_is_not() {
    let folder = folder();
    let gateway = Gateway::start(&folder.path().join("data"));
    let message = b"Subject: x\r\n\r\nx\r\n";
    let foreign =
        ["x@elsewhere.example", "x%elsewhere.example@example.lg.jp", "elsewhere.example!x@example.lg.jp"];
    for recipient in foreign {
        assert!(
            client::send(gateway.place.address, &[recipient], message).is_none(),
            "{recipient} was taken"
        );
    }
    assert!(client::send(gateway.place.address, &["postmaster@example.lg.jp"], message).is_some());
}
