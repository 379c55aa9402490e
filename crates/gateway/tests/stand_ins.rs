//! A held mail still puts a stand-in inside, however late it was held.
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

use common::{Place, folder, holds, sink::Sink, stdout, wait_until};

/// Writes the limits of the next start.
fn limit(place: &Place, message_out: &str) {
    let path = place.config.as_ref().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let before = text.split("[limits]").next().unwrap();
    std::fs::write(path, format!("{before}[limits]\nmessage_out = \"{message_out}\"\n")).unwrap();
}

/// The verifier reads a stored draft under today's limits; a draft of yesterday's may be too large for them.
#[test]
fn a_draft_that_is_refused_on_load_twice_is_held_with_a_stand_in() {
    let folder = folder();
    let sink = Sink::start();
    let place = Place::before(folder.path(), sink.address);
    limit(&place, "20 MiB");
    let gateway = place.start_roles("relay,sanitise");
    let lines: String = (0..2_000).map(|n| format!("himitsu {n}\r\n")).collect();
    let mail = format!("From: a@sender.example\r\nSubject: large\r\n\r\n{lines}");
    let queue_id = gateway.send(mail.as_bytes()).unwrap();
    let state = |wanted: &str| {
        let list = stdout(&place.ask(&["queue", "list"]));
        list.lines().any(|line| line.starts_with(&queue_id) && line.contains(&format!("  {wanted}")))
    };
    wait_until("it is a draft", || state("clean"));
    assert!(gateway.stop().success());
    limit(&place, "10 KiB");
    let gateway = place.start_roles("deliver");
    wait_until("it is sent back", || state("queued"));
    assert!(gateway.stop().success());
    limit(&place, "20 MiB");
    let gateway = place.start_roles("sanitise");
    wait_until("it is a draft again", || state("clean"));
    assert!(gateway.stop().success());
    assert_eq!(sink.count(), 0);
    limit(&place, "10 KiB");
    let _gateway = place.start_roles("deliver");
    wait_until("it is held", || state("held (verifier_refused)"));
    wait_until("the stand-in is inside", || place.ledger().delivered == 1);
    let inside = sink.since(0);
    assert_eq!(inside.len(), 1);
    assert_eq!(inside[0].field("X-Sekisho-Id").as_deref(), Some(queue_id.as_str()));
    assert_eq!(inside[0].forward_paths, ["soumu@example.lg.jp"]);
    assert!(!holds(&inside[0].octets, "himitsu"), "{}", inside[0].text());
    assert!(holds(&inside[0].octets, "受付番号"), "{}", inside[0].text());
    let ledger = place.ledger();
    let counts = (ledger.accepted, ledger.born, ledger.delivered, ledger.held, ledger.in_queue);
    assert!(ledger.balanced && counts == (1, 1, 1, 1, 0), "{}", ledger.line);
}
