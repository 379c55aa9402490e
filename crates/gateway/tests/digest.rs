//! What is held stands in a list for its recipient and in one for the administrator, once a day, as outlines alone.
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

use common::{Place, folder, holds, sink::Sink, stdout, wait_until, zone};

#[test]
fn held_mail_stands_in_the_lists_of_the_day() {
    let folder = folder();
    let sink = Sink::start();
    let zones = zone("inside", "example.lg.jp", sink.address, "");
    let place =
        Place::configured(folder.path(), &format!("[digest]\nadmin = \"joho@example.lg.jp\"\n{zones}"));
    let gateway = place.start_roles("relay,sanitise");
    let mail = "From: Suzuki <a@sender.example>\r\nSubject: mitsumori www.evil.example\r\n\r\nhimitsu\r\n";
    let queue_id = gateway.send(mail.as_bytes()).unwrap();
    let list = || stdout(&place.ask(&["queue", "list"]));
    wait_until("it is a draft", || list().contains("  clean"));
    assert!(place.ask(&["queue", "hold", &queue_id]).status.success());
    let said = stdout(&place.ask(&["queue", "digest"]));
    assert!(
        said.contains("1 copies are held; 1 list(s) for recipients and 1 for the administrator"),
        "{said}"
    );
    let again = stdout(&place.ask(&["queue", "digest"]));
    assert!(again.contains("; 0 list(s) for recipients and 0 for"), "{again}");
    assert!(gateway.stop().success());

    let _gateway = place.start();
    wait_until("the lists are inside", || place.ledger().delivered == 2);
    let inside = sink.since(0);
    let receipt = list().lines().find(|line| line.starts_with(&queue_id)).unwrap().to_owned();
    let receipt = receipt.split_whitespace().nth(1).unwrap().to_owned();
    for (to, about_recipient) in [("soumu@example.lg.jp", false), ("joho@example.lg.jp", true)] {
        let list = inside.iter().find(|mail| mail.forward_paths == [to]).expect(to);
        assert_eq!(list.reverse_path, "");
        assert_eq!(list.field("From").as_deref(), Some("<postmaster@example.lg.jp>"));
        assert_eq!(list.field("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert!(holds(&list.octets, &receipt), "{receipt} in {}", list.text());
        assert!(holds(&list.octets, "mitsumori") && holds(&list.octets, "Suzuki"), "{}", list.text());
        assert_eq!(holds(&list.octets, "soumu＠example．lg．jp"), about_recipient);
        for never in ["himitsu", "www.evil", "evil.example"] {
            assert!(!holds(&list.octets, never), "{never} in {}", list.text());
        }
    }
    assert_eq!(inside.len(), 2);
    let ledger = place.ledger();
    let counts = (ledger.accepted, ledger.born, ledger.delivered, ledger.held, ledger.in_queue);
    assert!(ledger.balanced && counts == (1, 2, 2, 1, 0), "{}", ledger.line);
    assert!(stdout(&place.ask(&["audit", "verify"])).contains("sound"));
    // A day later they would get another one; today they do not, however often it is asked.
    let again = stdout(&place.ask(&["queue", "digest"]));
    assert!(again.contains("; 0 list(s) for recipients and 0 for"), "{again}");
}
