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

use common::{BINARY, Gateway, client, demo, folder, stdout, wait_until};
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
