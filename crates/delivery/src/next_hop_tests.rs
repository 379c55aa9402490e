use super::*;
use crate::fate::Unsendable;
use crate::reply::Reply;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One line of a scripted next hop's part.
#[derive(Clone, Copy)]
enum Act {
    /// Waits for a line that begins so, then says this (with `\n` for CRLF).
    Hear(&'static str, &'static str),
    /// Reads a message to its end, then says this.
    Message(&'static str),
    /// Reads a message to its end and hangs up.
    Vanish,
    /// Says nothing more and waits until the other side hangs up.
    Silence,
    /// Hangs up and waits for another connection.
    HangUp,
}

use Act::{HangUp, Hear, Message, Silence, Vanish};

const EHLO: &str = "250-hop\n250-PIPELINING\n250-8BITMIME\n250 SIZE 1000\n";
const GREET: [Act; 2] = [Hear("EHLO", EHLO), Hear("EHLO", EHLO)];

/// Plays the acts; gives the messages that were read.
async fn hop(acts: &[&[Act]]) -> (NextHop, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acts = acts.concat();
    let played = tokio::spawn(async move {
        let mut messages = Vec::new();
        for scene in acts.split(|act| matches!(act, HangUp)) {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 hop\r\n").await.unwrap();
            for act in scene {
                match act {
                    Hear(expected, said) => {
                        let mut line = String::new();
                        stream.read_line(&mut line).await.unwrap();
                        assert!(line.starts_with(expected) && line.ends_with("\r\n"), "{expected}: {line}");
                        stream.write_all(said.replace('\n', "\r\n").as_bytes()).await.unwrap();
                    }
                    Message(said) => {
                        messages.push(read_message(&mut stream).await);
                        stream.write_all(said.replace('\n', "\r\n").as_bytes()).await.unwrap();
                    }
                    Vanish => messages.push(read_message(&mut stream).await),
                    Silence => {
                        let mut rest = Vec::new();
                        stream.read_to_end(&mut rest).await.unwrap();
                    }
                    HangUp => {}
                }
            }
        }
        messages
    });
    let mut settings = HopSettings::standard("127.0.0.1", port, "mx.example.lg.jp").unwrap();
    settings.times.command = Duration::from_millis(300);
    (NextHop::new(settings), played)
}

async fn read_message(stream: &mut BufReader<tokio::net::TcpStream>) -> String {
    let mut message = String::new();
    loop {
        let from = message.len();
        assert!(stream.read_line(&mut message).await.unwrap() > 0, "the message ends");
        if message.get(from..) == Some(".\r\n") {
            message.truncate(from);
            return message;
        }
    }
}

fn boxes(local_parts: &[&str]) -> Vec<Mailbox> {
    local_parts.iter().map(|local| Mailbox::parse(&format!("{local}@example.lg.jp")).unwrap()).collect()
}

async fn send(hop: &NextHop, local_parts: &[&str]) -> Vec<Fate> {
    let sender = ReversePath::Mailbox(Mailbox::parse("a@remote.example").unwrap());
    let settled = hop.send(&sender, &boxes(local_parts), b"Subject: x\r\n\r\n.dot\r\n").await;
    assert_eq!(
        settled.fates.iter().map(|(mailbox, _)| mailbox.clone()).collect::<Vec<_>>(),
        boxes(local_parts)
    );
    settled.fates.into_iter().map(|(_, fate)| fate).collect()
}

fn delivered(fate: &Fate) -> bool {
    matches!(fate, Fate::Delivered { reply } if reply.code == 250)
}

const DELIVER: [Act; 4] = [
    Hear("MAIL", "250 ok\n"),
    Hear("RCPT", "250 ok\n"),
    Hear("DATA", "354 go\n"),
    Message("250 2.0.0 taken\n"),
];

#[tokio::test]
async fn one_refused_recipient_of_three_does_not_harm_the_others() {
    let (hop, played) = hop(&[
        &GREET,
        &[
            Hear("MAIL FROM:<a@remote.example> SIZE=20", "250 ok\n"),
            Hear("RCPT TO:<b@example.lg.jp>", "250 ok\n"),
            Hear("RCPT TO:<nobody@", "550-5.1.1 no\n550 5.1.1 such user\n"),
            Hear("RCPT TO:<d@", "450 4.2.0 busy\n"),
            Hear("RCPT TO:<e..f@", "250 ok\n"),
            Hear("DATA", "354 go\n"),
            Message("250 2.0.0 taken\n"),
        ],
    ])
    .await;
    let fates = send(&hop, &["b", "nobody", "d", "e..f"]).await;
    assert!(delivered(&fates[0]) && delivered(&fates[3]));
    assert!(
        matches!(&fates[1], Fate::UnknownUser { reply } if reply.text.starts_with("no")),
        "{:?}",
        fates[1]
    );
    assert!(
        matches!(&fates[2], Fate::TryLater { cause: Cause::Said(reply), may_duplicate: false } if reply.code == 450)
    );
    assert_eq!(played.await.unwrap(), ["Subject: x\r\n\r\n..dot\r\n"]);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let refuse = [Hear("MAIL", "250 ok\n"), Hear("RCPT", "550 5.7.1 no\n"), Hear("RSET", "250 ok\n")];
    let (hop, played) = hop(&[&GREET, &DELIVER, &refuse, &DELIVER]).await;
    assert!(delivered(&send(&hop, &["b"]).await[0]));
    assert!(matches!(send(&hop, &["b"]).await[0], Fate::Refused { .. }));
    assert!(delivered(&send(&hop, &["b"]).await[0]));
    assert_eq!(played.await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_costs_nothing() {
    let (hop, played) = hop(&[&GREET, &DELIVER, &[HangUp], &GREET, &DELIVER]).await;
    assert!(delivered(&send(&hop, &["b"]).await[0]));
    assert!(delivered(&send(&hop, &["b"]).await[0]));
    assert_eq!(played.await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_connection_has_a_last_message() {
    let quit = [Hear("QUIT", "221 bye\n"), HangUp];
    let (mut hop, played) = hop(&[&GREET, &DELIVER, &quit, &GREET, &DELIVER]).await;
    hop.settings.messages_per_connection_max = 1;
    assert!(delivered(&send(&hop, &["b"]).await[0]));
    hop.settings.messages_per_connection_max = 2;
    assert!(delivered(&send(&hop, &["b"]).await[0]));
    assert_eq!(played.await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_connection_lost_after_the_end_of_data_may_duplicate() {
    let (hop, played) = hop(&[&GREET, &DELIVER[..3], &[Vanish]]).await;
    let fates = send(&hop, &["b"]).await;
    assert!(matches!(&fates[0], Fate::TryLater { cause: Cause::Lost(_), may_duplicate: true }), "{fates:?}");
    assert_eq!(played.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_slow_hop_is_tried_later() {
    let scenes: [&[Act]; 4] = [
        &[Silence],
        &[GREET[0], Silence],
        &[GREET[0], GREET[1], Silence],
        &[GREET[0], GREET[1], DELIVER[0], Silence],
    ];
    let mut ran = 0;
    for scene in scenes {
        let (hop, played) = hop(&[scene]).await;
        let fates = send(&hop, &["b"]).await;
        assert!(
            matches!(&fates[0], Fate::TryLater { cause: Cause::TimedOut, may_duplicate: false }),
            "{fates:?}"
        );
        played.await.unwrap();
        ran += 1;
    }
    assert_eq!(ran, 4);
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let hop = NextHop::new(HopSettings::standard("127.0.0.1", port, "mx").unwrap());
    let fates = send(&hop, &["b", "c"]).await;
    assert!(matches!(&fates[1], Fate::TryLater { cause: Cause::Unreachable(_), may_duplicate: false }));
}

#[tokio::test]
async fn what_is_too_large_is_neither_sent_nor_bounced() {
    let small = Hear("EHLO", "250-hop\n250 SIZE 19\n");
    let (hop, played) = hop(&[&[small, small]]).await;
    let fates = send(&hop, &["b"]).await;
    assert_eq!(fates[0], Fate::TooLarge { octets_max: Some(19), reply: None });
    played.await.unwrap();
}

#[tokio::test]
async fn size_refusals_are_no_bounces() {
    let (hop, played) = hop(&[
        &GREET,
        &[Hear("MAIL", "552 5.3.4 too large\n"), Hear("RSET", "250 ok\n")],
        &DELIVER[..3],
        &[Message("552 5.3.4 too large after all\n")],
    ])
    .await;
    for _ in 0..2 {
        let fates = send(&hop, &["b"]).await;
        assert!(matches!(&fates[0], Fate::TooLarge { octets_max: None, reply: Some(_) }), "{fates:?}");
    }
    assert_eq!(played.await.unwrap().len(), 1);
}

#[tokio::test]
async fn many_recipients_go_in_several_transactions() {
    let (mut hop, played) = hop(&[&GREET, &DELIVER, &DELIVER, &DELIVER]).await;
    hop.settings.recipients_per_transaction_max = 1;
    let fates = send(&hop, &["a", "b", "c"]).await;
    assert_eq!(fates.iter().filter(|fate| delivered(fate)).count(), 3);
    assert_eq!(played.await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_hop_without_extensions_is_spoken_to_plainly() {
    let plain = Hear("EHLO", "250 hop\n");
    let (hop, played) =
        hop(&[&[plain, plain, Hear("MAIL FROM:<a@remote.example>\r\n", "250 ok\n")], &DELIVER[1..]]).await;
    assert!(delivered(&send(&hop, &["b"]).await[0]));
    let sender = ReversePath::Null;
    let settled = hop.send(&sender, &boxes(&["b"]), b"\xe3\x81\x82\r\n").await;
    assert_eq!(settled.fates[0].1, Fate::Unsendable(Unsendable::EightBit));
    played.await.unwrap();
}

#[tokio::test]
async fn a_notification_has_no_reverse_path() {
    let plain = Hear("EHLO", "250 hop\n");
    let (hop, played) = hop(&[&[plain, plain, Hear("MAIL FROM:<>\r\n", "250 ok\n")], &DELIVER[1..]]).await;
    let reply = Reply::new(554, "5.7.1 no");
    let fates = [(boxes(&["b"]).remove(0), Fate::Refused { reply })];
    let notification = crate::dsn::failure(&crate::dsn::Failure {
        reporting_mta: "mx.example.lg.jp",
        from: &boxes(&["postmaster"])[0],
        reverse_path: &ReversePath::Mailbox(Mailbox::parse("a@remote.example").unwrap()),
        receipt: "R",
        arrived: mail::DateTime::utc(0),
        now: mail::DateTime::utc(0),
        fates: &fates,
        header_section: b"",
    })
    .unwrap();
    assert!(hop.notify(&notification).await.is_delivered());
    assert!(
        played.await.unwrap()[0].starts_with("From: Mail Delivery System <postmaster@example.lg.jp>\r\n")
    );
}

#[tokio::test]
async fn two_thousand_messages_to_smtp_sink() {
    let program = std::path::Path::new("/usr/sbin/smtp-sink");
    if !program.exists() {
        println!("two_thousand_messages_to_smtp_sink: Postfix's smtp-sink is absent, nothing was sent");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut sink = std::process::Command::new(program);
    if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0 {
        sink.args(["-u", "nobody"]);
    }
    let mut sink = sink.args([&address.to_string(), "10"]).spawn().unwrap();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        assert!(sink.try_wait().unwrap().is_none(), "smtp-sink runs");
        tokio::task::yield_now().await;
    }
    let mut settings = HopSettings::standard("127.0.0.1", address.port(), "mx.example.lg.jp").unwrap();
    settings.messages_per_connection_max = 10_000;
    let hop = NextHop::new(settings);
    let octets =
        [&b"Subject: x\r\n\r\n"[..], "0123456789".repeat(7).as_bytes(), b"\r\n"].concat().repeat(120);
    let since = Instant::now();
    let mut ran = 0;
    for _ in 0..2_000 {
        let settled = hop.send(&ReversePath::Null, &boxes(&["a", "b"]), &octets).await;
        assert!(settled.is_delivered(), "{settled:?}");
        ran += 1;
    }
    let seconds = since.elapsed().as_secs_f64();
    println!(
        "{ran} messages of {} octets over one connection: {:.0}/s",
        octets.len(),
        f64::from(ran) / seconds
    );
    assert_eq!((ran, hop.idle.lock().unwrap().len()), (2_000, 1));
    sink.kill().unwrap();
    sink.wait().unwrap();
}
