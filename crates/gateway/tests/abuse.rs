//! What strangers try with a mail server: to be relayed to others, and to send mail in circles.
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

use common::{Place, client::Session, folder, sink::Sink, stdout, wait_until};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock},
};

/// Forward-paths that lead elsewhere, or that the next server might read so.
const ELSEWHERE: &[&str] = &[
    "<x@elsewhere.example>",
    "<x@elsewhere.example> ORCPT=rfc822;x@elsewhere.example",
    "x@elsewhere.example",
    "<x@elsewhere.example.>",
    "<x@sub.example.lg.jp>",
    "<x@example.lg.jp.elsewhere.example>",
    "<x@notexample.lg.jp>",
    "<x@[127.0.0.1]>",
    "<x@[192.0.2.1]>",
    "<x@[IPv6:::1]>",
    "<x@localhost>",
    // The percent hack, bang paths, and both.
    "<x%elsewhere.example@example.lg.jp>",
    "<x%elsewhere.example@[127.0.0.1]>",
    "<x%elsewhere.example>",
    "<elsewhere.example!x@example.lg.jp>",
    "<elsewhere.example!x>",
    "<example.lg.jp!elsewhere.example!x>",
    "<elsewhere.example!x%other.example@example.lg.jp>",
    "<\"elsewhere.example!x\"@example.lg.jp>",
    // Source routes.
    "<@example.lg.jp:x@elsewhere.example>",
    "<@example.lg.jp,@other.example:x@elsewhere.example>",
    "<@elsewhere.example:x%other.example@example.lg.jp>",
    "<@example.lg.jp:elsewhere.example!x>",
    // Quoted local-parts, and several at signs.
    "<\"x@elsewhere.example\">",
    "<\"x@elsewhere.example\"@example.lg.jp>",
    "<\"x%elsewhere.example\"@example.lg.jp>",
    "<\"x\\@elsewhere.example\"@example.lg.jp>",
    "<x@elsewhere.example@example.lg.jp>",
    "<x@example.lg.jp@elsewhere.example>",
    "<x\\@elsewhere.example@example.lg.jp>",
    // Spaces, nulls and other octets that some servers lose on the way.
    "<x@elsewhere.example @example.lg.jp>",
    "<x@ elsewhere.example>",
    "<x @elsewhere.example>",
    "<x@elsewhere.example\0@example.lg.jp>",
    "<x@example.lg.jp\0.elsewhere.example>",
    "<x@elsewhere.example\t>",
    "<x@elsewhere.example\r>",
    "<x@elsewhere.example>\n<y@elsewhere.example>",
    "<x@elsewhere.example,soumu@example.lg.jp>",
    "<x@elsewhere.example;soumu@example.lg.jp>",
    "<x@elsewhere.example> <soumu@example.lg.jp>",
    "<<x@elsewhere.example>@example.lg.jp>",
    "<x@\u{ff45}lsewhere.example>",
    // Nobody, pipes and files.
    "<>",
    "< >",
    "<@example.lg.jp>",
    "<\"\"@elsewhere.example>",
    "<|/bin/false>",
    "</tmp/x>",
    ":include:/etc/passwd",
];

/// Reverse-paths that some servers trust.
const FROM: &[&str] = &[
    "<a@sender.example>",
    "<>",
    "<soumu@example.lg.jp>",
    "<postmaster@[127.0.0.1]>",
    "<postmaster@localhost>",
    "<x@elsewhere.example>",
];

#[test]
fn an_open_relay_it_is_not() {
    let folder = folder();
    let sink = Sink::start();
    let gateway = Place::before(folder.path(), sink.address).start();
    let mut probes = 0;
    for from in FROM {
        for path in ELSEWHERE {
            let mut session = Session::open(gateway.place.address).unwrap();
            assert!(session.say(format!("MAIL FROM:{from}")).unwrap().starts_with("250"), "{from}");
            let reply = session.say(format!("RCPT TO:{path}")).unwrap();
            assert!(reply.starts_with('5'), "from {from} to {path:?}: {reply}");
            assert!(session.data(b"Subject: relayed\r\n\r\nx\r\n").is_none(), "DATA after {path:?}");
            probes += 1;
        }
    }
    assert_eq!(probes, 300);
    // One good recipient beside the bad ones is served alone; so the refusals above were of the paths.
    let mut session = Session::open(gateway.place.address).unwrap();
    session.say("MAIL FROM:<a@sender.example>").unwrap();
    let taken: Vec<&&str> = ELSEWHERE
        .iter()
        .filter(|path| session.say(format!("RCPT TO:{path}")).is_some_and(|reply| reply.starts_with('2')))
        .collect();
    assert!(taken.is_empty(), "{taken:?}");
    let mut session = Session::open(gateway.place.address).unwrap();
    session.say("MAIL FROM:<a@sender.example>").unwrap();
    for path in ["<x@elsewhere.example>", "<soumu@example.lg.jp>", "<postmaster>"] {
        let reply = session.say(format!("RCPT TO:{path}")).unwrap();
        assert_eq!(reply.starts_with("250"), !path.contains("elsewhere"), "{path}: {reply}");
    }
    let reply = session.data(b"Subject: for us\r\n\r\nx\r\n").unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    wait_until("the good one is settled", || gateway.place.ledger().delivered == 2);
    let mut paths: Vec<String> = sink.since(0).into_iter().flat_map(|mail| mail.forward_paths).collect();
    paths.sort();
    assert_eq!(paths, ["postmaster@example.lg.jp", "soumu@example.lg.jp"]);
    assert_eq!(gateway.place.ledger().accepted, 2);
}

/// The inside's server sends everything back to the gateway, with a trace field of its own on top.
#[test]
fn a_forwarding_loop_ends() {
    let folder = folder();
    let back: Arc<OnceLock<SocketAddr>> = Arc::default();
    let replies: Arc<Mutex<Vec<String>>> = Arc::default();
    let (to, heard) = (Arc::clone(&back), Arc::clone(&replies));
    let sink = Sink::start_with(Box::new(move |mail| {
        let trace = b"Received: from sekisho by mail.inside.example; Fri, 20 Nov 2026 09:08:00 +0900\r\n";
        let mut session = Session::open(*to.get().unwrap()).unwrap();
        session.say(format!("MAIL FROM:<{}>", mail.reverse_path)).unwrap();
        session.say("RCPT TO:<soumu@example.lg.jp>").unwrap();
        heard.lock().unwrap().push(session.data(&[trace, mail.octets.as_slice()].concat()).unwrap());
    }));
    let gateway = Place::before(folder.path(), sink.address).start();
    back.set(gateway.place.address).unwrap();
    gateway.send(b"From: a@sender.example\r\nSubject: round\r\n\r\nand round\r\n").unwrap();
    wait_until("the loop ends", || {
        replies.lock().unwrap().last().is_some_and(|reply| !reply.starts_with("250"))
    });
    wait_until("nothing moves any more", || gateway.place.ledger().in_queue == 0);
    let replies = replies.lock().unwrap();
    assert!(replies.last().unwrap().starts_with("554 5.4.6"), "{replies:?}");
    assert!(replies.len() <= 30, "{} rounds", replies.len());
    assert_eq!(sink.count(), replies.len());
    let ledger = gateway.place.ledger();
    assert!(ledger.balanced && ledger.accepted == replies.len(), "{}", ledger.line);
}

/// A hop that keeps our own mark shows it to us twice: the mail is held, and the stand-in says why.
#[test]
fn a_mail_with_our_mark_twice_is_held() {
    let folder = folder();
    let sink = Sink::start();
    let gateway = Place::before(folder.path(), sink.address).start();
    let mail = "From: a@sender.example\r\nSubject: again\r\nX-Sekisho-Id: 1QFQYVXWJ3KE\r\n\
                X-Sekisho-Id: 1QFQYVKVBBZB\r\n\r\nhimitsu\r\n";
    let queue_id = gateway.send(mail.as_bytes()).unwrap();
    wait_until("the stand-in arrives", || sink.has(&queue_id));
    let held = gateway.ask(&["queue", "list", "--state", "held"]);
    assert!(stdout(&held).contains(&queue_id) && stdout(&held).contains("(loop)"), "{}", stdout(&held));
    assert!(!common::holds(&sink.since(0)[0].octets, "himitsu"));
    wait_until("all is settled", || gateway.place.ledger().in_queue == 0);
    let ledger = gateway.place.ledger();
    assert!(ledger.balanced && (ledger.held, ledger.born) == (1, 1), "{}", ledger.line);
}
