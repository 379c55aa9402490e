//! One mail to recipients of two zones: each zone has its own policy, its own version, its own envelope.
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

use common::{Place, client, demo, folder, sink::Sink, wait_until, zone};

#[test]
fn each_zone_gets_its_own_version_and_never_the_others_addresses() {
    let folder = folder();
    let (town, council) = (Sink::start(), Sink::start());
    let zones = [
        zone("town", "town.example.lg.jp", town.address, "notice_language = \"ja\""),
        zone(
            "council",
            "council.example.lg.jp",
            council.address,
            "pdf = \"remove\"\nnotice_language = \"en\"",
        ),
    ];
    let gateway = Place::configured(folder.path(), &zones.concat()).start();
    let recipients = [
        "soumu@town.example.lg.jp",
        "giin@council.example.lg.jp",
        "zeimu@town.example.lg.jp",
        "jimu@council.example.lg.jp",
    ];
    let pdf =
        [b"Bcc: jimu@council.example.lg.jp, zeimu@town.example.lg.jp\r\n".to_vec(), demo("pdf")].concat();
    let queue_id = client::send(gateway.place.address, &recipients, &pdf).unwrap();
    wait_until("all four have it", || gateway.place.ledger().delivered == 4);
    for (sink, own, other) in [(&town, "town", "council"), (&council, "council", "town")] {
        let mails = sink.since(0);
        let mut paths: Vec<String> = mails.iter().flat_map(|mail| mail.forward_paths.clone()).collect();
        paths.sort();
        let mut wanted: Vec<&str> =
            recipients.iter().copied().filter(|r| r.contains(&format!("@{own}."))).collect();
        wanted.sort_unstable();
        assert_eq!(paths, wanted, "envelopes of zone {own}");
        for mail in mails {
            assert_eq!(mail.field("X-Sekisho-Id").as_deref(), Some(queue_id.as_str()));
            assert!(!common::holds(&mail.octets, &format!("{other}.example.lg.jp")), "{}", mail.text());
            let has_pdf = mail.text().contains("Content-Type: application/pdf");
            assert_eq!(has_pdf, own == "town", "zone {own}:\n{}", mail.text());
        }
    }
    // What the council does not get is said there in its own language, not in the town's.
    let text = |sink: &Sink| sink.since(0)[0].octets.clone();
    assert!(common::holds(&text(&council), "receipt") || common::holds(&text(&council), "Receipt"));
    assert!(common::holds(&text(&town), "受付番号") && !common::holds(&text(&council), "受付番号"));
    let ledger = gateway.place.ledger();
    assert!(ledger.balanced && ledger.accepted == 4, "{}", ledger.line);
    let show = common::stdout(&gateway.ask(&["queue", "show", &queue_id]));
    assert!(show.contains("report for zone town") && show.contains("report for zone council"), "{show}");
}
