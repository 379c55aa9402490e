use super::*;
use std::fmt::Write as _;

struct Talk {
    session: Session,
    messages: Vec<Accepted>,
    asked: usize,
}

impl Talk {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let domains = ["example.lg.jp".to_owned(), "second.lg.jp".to_owned()];
        let mut settings = Settings::standard("mx.example.lg.jp", &domains).unwrap();
        change(&mut settings);
        let mut session = Session::new(Arc::new(settings), [192, 0, 2, 1].into());
        session.written();
        Self { session, messages: Vec::new(), asked: 0 }
    }

    fn greeted(change: impl FnOnce(&mut Settings)) -> Self {
        let mut talk = Self::new(change);
        assert!(talk.say("EHLO client.example\r\n").starts_with("250-mx.example.lg.jp\r\n"));
        talk
    }

    /// Feeds octets and gives the replies. `nobody@` is unknown, `later@` cannot be known.
    fn say(&mut self, input: impl AsRef<[u8]>) -> String {
        let mut input = input.as_ref();
        loop {
            let step = self.session.receive(input);
            input = &input[step.consumed..];
            match step.event {
                Some(Event::Recipient { mailbox, .. }) => {
                    self.asked += 1;
                    self.session.recipient_answered(match mailbox.local_part() {
                        "nobody" => Acceptance::unknown(),
                        "later" => Acceptance::TryLater,
                        _ => Acceptance::Accept,
                    });
                }
                Some(Event::Message(accepted)) => {
                    self.messages.push(*accepted);
                    let queue_id = format!("Q{}", self.messages.len());
                    self.session.sink_answered(Taken::Stored { queue_id });
                }
                None => break,
            }
        }
        let replies = String::from_utf8(self.session.replies().clone()).unwrap();
        self.session.written();
        replies
    }

    fn expect(&mut self, input: &str, reply: &str) {
        let said = self.say(format!("{input}\r\n"));
        assert!(said.starts_with(reply) && said.matches("\r\n").count() == 1, "{input:?} → {said:?}");
    }

    fn closed(&self) -> bool {
        self.session.phase() == Phase::Closed
    }
}

const TRANSACTION: &str = "MAIL FROM:<a@remote.example>\r\nRCPT TO:<b@example.lg.jp>\r\n";

#[test]
fn a_message_is_taken_in_one_pipeline() {
    let mut talk = Talk::greeted(|_| {});
    let said = talk.say(format!("{TRANSACTION}DATA\r\n"));
    assert_eq!(said, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n");
    assert_eq!(talk.session.phase(), Phase::Data);
    let said = talk.say("Subject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\n");
    assert_eq!(said, "250 2.0.0 Ok: queued as Q1\r\n250 2.0.0 Ok\r\n");
    let accepted = &talk.messages[0];
    assert_eq!(accepted.untrusted.octets(), b"Subject: x\r\n\r\n.dot\r\n");
    assert_eq!(accepted.envelope.client.greeting, "client.example");
    assert_eq!(accepted.envelope.client.protocol, Protocol::Esmtp);
    assert_eq!(accepted.envelope.forward_paths.len(), 1);
}

#[test]
fn extensions_are_offered() {
    let mut talk = Talk::new(|_| {});
    let said = talk.say("EHLO x\r\n");
    assert_eq!(
        said,
        "250-mx.example.lg.jp\r\n250-PIPELINING\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n\
         250-ENHANCEDSTATUSCODES\r\n250 LIMITS RCPTMAX=1000 MAILMAX=100\r\n"
    );
    talk.expect("HELO x", "250 mx.example.lg.jp");
}

#[test]
fn commands_out_of_order_are_refused() {
    let mut talk = Talk::new(|settings| settings.errors_max = 100);
    talk.expect("MAIL FROM:<a@b>", "503 5.5.1");
    talk.expect("RCPT TO:<b@example.lg.jp>", "503 5.5.1");
    talk.expect("DATA", "503 5.5.1");
    talk.expect("HELO x", "250 ");
    talk.expect("RCPT TO:<b@example.lg.jp>", "503 5.5.1");
    talk.expect("DATA", "503 5.5.1");
    talk.expect("MAIL FROM:<a@b>", "250 2.1.0");
    talk.expect("MAIL FROM:<a@b>", "503 5.5.1");
    talk.expect("DATA", "554 5.5.1");
    talk.expect("RCPT TO:<nobody@example.lg.jp>", "550 5.1.1");
    talk.expect("RCPT TO:<later@example.lg.jp>", "451 4.4.3");
    talk.expect("DATA", "554 5.5.1");
    talk.expect("RCPT TO:<b@example.lg.jp>", "250 2.1.5");
    talk.expect("RSET", "250 2.0.0");
    talk.expect("DATA", "503 5.5.1");
    talk.expect("MAIL FROM:<>", "250 2.1.0");
    talk.expect("HELO x", "250 ");
    talk.expect("RCPT TO:<b@example.lg.jp>", "503 5.5.1");
    talk.expect("VRFY b", "252 2.0.0");
    talk.expect("EXPN b", "502 5.5.1");
    talk.expect("STARTTLS", "502 5.5.1");
    talk.expect("BDAT 5 LAST", "502 5.5.1");
    talk.expect("HELP", "214 2.0.0");
    talk.expect("NOOP x", "250 2.0.0");
    talk.expect("QUIT", "221 2.0.0");
    assert!(talk.closed());
    assert_eq!(talk.say("NOOP\r\n"), "");
}

#[test]
fn open_relay_forms_are_refused() {
    let forms = [
        "<a@elsewhere.example>",
        "<a%elsewhere.example@example.lg.jp>",
        "<elsewhere.example!a@example.lg.jp>",
        "<\"a@elsewhere.example\"@example.lg.jp>",
        "<a@elsewhere.example@example.lg.jp>",
        "<@example.lg.jp:a@elsewhere.example>",
        "<@example.lg.jp,@second.lg.jp:a@elsewhere.example>",
        "<a@elsewhere.example@[192.0.2.9]>",
        "<a@[192.0.2.9]>",
        "<a%elsewhere.example@[192.0.2.9]>",
        "<a@sub.example.lg.jp>",
        "<a@example.lg.jp.>",
        "<a@xexample.lg.jp>",
        "<\"a%elsewhere.example\"@example.lg.jp>",
        "<postmaster@elsewhere.example>",
        "<elsewhere.example!a>",
    ];
    let mut talk = Talk::greeted(|_| {});
    talk.expect("MAIL FROM:<a@remote.example>", "250");
    let mut ran = 0;
    for form in forms {
        let said = talk.say(format!("RCPT TO:{form}\r\n"));
        assert!(said.starts_with("550 5.7.1"), "{form} → {said}");
        ran += 1;
    }
    assert_eq!((ran, talk.asked), (16, 0));
    talk.expect("RCPT TO:<@elsewhere.example:a@example.lg.jp>", "250 2.1.5");
    talk.expect("RCPT TO:<a@SECOND.lg.jp>", "250 2.1.5");
}

#[test]
fn postmaster_is_taken_and_never_asked_about() {
    let mut talk = Talk::greeted(|_| {});
    talk.expect("MAIL FROM:<>", "250");
    for path in ["<postmaster>", "<Postmaster>", "<POSTMASTER@second.lg.jp>"] {
        talk.expect(&format!("RCPT TO:{path}"), "250 2.1.5");
    }
    assert_eq!(talk.asked, 0);
    talk.expect("DATA", "354");
    talk.say(".\r\n");
    let envelope = &talk.messages[0].envelope;
    assert_eq!(envelope.reverse_path, ReversePath::Null);
    let paths: Vec<String> = envelope.forward_paths.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["postmaster@example.lg.jp", "POSTMASTER@second.lg.jp"]);
    assert!(talk.messages[0].untrusted.is_empty());
}

#[test]
fn waiting_input_at_a_synchronisation_point_ends_the_session() {
    for command in ["EHLO x", "HELO x", "QUIT", "DATA", "STARTTLS", "BDAT 3", "AUTH PLAIN"] {
        let mut talk = Talk::greeted(|_| {});
        talk.say(TRANSACTION);
        let said = talk.say(format!("NOOP\r\n{command}\r\nN"));
        assert_eq!(
            said,
            format!("250 2.0.0 Ok\r\n{}", "554 5.5.0 Improper use of pipelining, closing connection\r\n")
        );
        assert!(talk.closed(), "{command}");
    }
    for command in ["NOOP", "RSET", "MAIL FROM:<>"] {
        let mut talk = Talk::greeted(|_| {});
        talk.say(format!("{command}\r\nNOOP\r\n"));
        assert!(!talk.closed(), "{command}");
    }
}

#[test]
fn the_driver_can_find_early_talk_before_the_reply_is_out() {
    let mut talk = Talk::greeted(|_| {});
    talk.session.receive(b"NOOP\r\nQUIT\r\n");
    assert!(talk.session.is_synchronising());
    talk.session.talked_early();
    assert!(talk.session.replies().starts_with(b"250 2.0.0 Ok\r\n554 5.5.0"));
    assert!(talk.closed());
}

#[test]
fn commands_of_other_protocols_end_the_session() {
    let mut talk = Talk::new(|_| {});
    let said = talk.say("POST / HTTP/1.1\r\n");
    assert!(said.starts_with("554 5.5.1"));
    assert!(talk.closed());
}

#[test]
fn only_crlf_ends_a_command() {
    let mut talk = Talk::greeted(|_| {});
    assert_eq!(talk.say("NOOP\n"), "");
    assert_eq!(talk.say("NOOP\r"), "");
    assert!(talk.say("\n").starts_with("500 5.5.2"));
    assert!(talk.say("NOOP\r\r\n").starts_with("500 5.5.2"));
    assert!(talk.say(b"NOOP \xe3\x81\x82\r\n").starts_with("500 5.5.2"));
    assert!(talk.say("NOOP \0\r\n").starts_with("500 5.5.2"));
    assert!(talk.say("NOOP\r\n").starts_with("250"));
}

#[test]
fn commands_in_every_split_are_read_alike() {
    let input = b"MAIL FROM:<a@b>\r\nRCPT TO:<b@example.lg.jp>\r\nBAD\r\n\r\nNOOP \r\rx\r\nNOOP\r\n";
    let whole = Talk::greeted(|_| {}).say(input);
    let mut ran = 0;
    for first in 0..input.len() {
        for second in first..input.len() {
            let mut talk = Talk::greeted(|_| {});
            let mut said = talk.say(&input[..first]);
            said += &talk.say(&input[first..second]);
            said += &talk.say(&input[second..]);
            assert_eq!(said, whole);
            ran += 1;
        }
    }
    assert_eq!(ran, input.len() * (input.len() + 1) / 2);
}

#[test]
fn the_length_of_a_command_is_limited() {
    let line = |octets: usize| format!("NOOP {}\r\n", "x".repeat(octets - 7));
    for pieces in [1, 7, 5_000] {
        let mut talk = Talk::greeted(|_| {});
        for (octets, reply) in [(2_048, "250"), (2_049, "500 5.5.2"), (100_000, "500 5.5.2"), (7, "250")] {
            let mut said = String::new();
            for piece in line(octets).as_bytes().chunks(pieces) {
                said += &talk.say(piece);
                assert!(talk.session.line.capacity() <= 8_192);
            }
            assert!(said.starts_with(reply) && said.matches("\r\n").count() == 1, "{octets} → {said}");
        }
    }
}

#[test]
fn errors_are_limited() {
    let mut talk = Talk::greeted(|_| {});
    for _ in 0..9 {
        talk.expect("NONSENSE", "500 5.5.1");
    }
    assert!(!talk.closed());
    talk.expect("NONSENSE", "421 4.7.0");
    assert!(talk.closed());
}

#[test]
fn refused_recipients_are_limited_apart() {
    let mut talk = Talk::greeted(|_| {});
    talk.expect("MAIL FROM:<>", "250");
    for _ in 0..99 {
        talk.expect("RCPT TO:<nobody@example.lg.jp>", "550 5.1.1");
    }
    talk.expect("RCPT TO:<nobody@example.lg.jp>", "421 4.7.0");
    assert!(talk.closed());
}

#[test]
fn recipients_are_limited_and_duplicates_do_not_count() {
    let mut talk = Talk::greeted(|settings| settings.recipients_max = 3);
    talk.expect("MAIL FROM:<>", "250");
    for local_part in ["a", "b", "a", "c", "c"] {
        talk.expect(&format!("RCPT TO:<{local_part}@example.lg.jp>"), "250 2.1.5");
    }
    talk.expect("RCPT TO:<d@example.lg.jp>", "452 4.5.3");
    talk.expect("RCPT TO:<b@EXAMPLE.lg.jp>", "250 2.1.5");
    talk.expect("DATA", "354");
    talk.say(".\r\n");
    assert_eq!(talk.messages[0].envelope.forward_paths.len(), 3);
}

#[test]
fn messages_are_limited() {
    let mut talk = Talk::greeted(|settings| settings.messages_max = 2);
    for _ in 0..2 {
        talk.say(TRANSACTION);
        talk.expect("DATA", "354");
        talk.expect(".", "250 2.0.0");
    }
    talk.expect("MAIL FROM:<>", "421 4.7.0");
    assert!(talk.closed());
}

#[test]
fn the_declared_size_is_limited() {
    let mut talk = Talk::greeted(|_| {});
    talk.expect("MAIL FROM:<> SIZE=26214401", "552 5.3.4");
    talk.expect("MAIL FROM:<> SIZE=26214400", "250 2.1.0");
}

#[test]
fn a_refused_message_leaves_the_session_open() {
    let mut talk = Talk::greeted(|settings| settings.size_octets_max = 100);
    talk.say(TRANSACTION);
    talk.expect("DATA", "354");
    let mut long = String::new();
    for _ in 0..100 {
        writeln!(long, "0123456789\r").unwrap();
    }
    assert_eq!(talk.say(long), "");
    talk.expect(".", "552 5.3.4");
    assert!(talk.messages.is_empty());
    talk.say(TRANSACTION);
    talk.expect("DATA", "354");
    talk.expect("\r\n.", "250 2.0.0");
}

#[test]
fn memory_given_up_is_answered_452() {
    let mut talk = Talk::greeted(|_| {});
    talk.say(TRANSACTION);
    talk.expect("DATA", "354");
    talk.say("octets\r\n");
    assert!(talk.session.held_octets() > 0);
    talk.session.give_up_for_room();
    assert_eq!(talk.session.held_octets(), 0);
    talk.expect("more\r\n.", "452 4.3.1");
    assert!(talk.messages.is_empty());
}

#[test]
fn a_stop_lets_data_end() {
    let mut talk = Talk::greeted(|_| {});
    talk.say(TRANSACTION);
    talk.expect("DATA", "354");
    talk.session.stop();
    assert_eq!(
        talk.say("x\r\n.\r\n"),
        "250 2.0.0 Ok: queued as Q1\r\n421 4.3.2 Service is shutting down, try again later\r\n"
    );
    assert!(talk.closed());
    let mut talk = Talk::greeted(|_| {});
    talk.session.stop();
    assert!(talk.say("").starts_with("421 4.3.2"));
    assert!(talk.closed());
}

#[test]
fn answers_of_the_sink_are_passed_on() {
    let answers = [
        (Taken::Stored { queue_id: "A\r\n9".to_owned() }, "250 2.0.0 Ok: queued as A??9\r\n"),
        (Taken::TryLater(Delay::Storage), "452 4.3.1 "),
        (Taken::TryLater(Delay::Fault), "451 4.3.0 "),
        (Taken::Refuse { enhanced: "5.7.1", text: "No".into() }, "554 5.7.1 No\r\n"),
    ];
    let mut ran = 0;
    for (answer, expected) in answers {
        let mut talk = Talk::greeted(|_| {});
        talk.say(format!("{TRANSACTION}DATA\r\n"));
        let step = talk.session.receive(b".\r\nNOOP\r\n");
        assert_eq!(step.consumed, 3);
        assert_eq!(talk.session.receive(b"NOOP\r\n").consumed, 0, "nothing is read while a question is open");
        talk.session.sink_answered(answer);
        let said = talk.say("");
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(talk.session.phase(), Phase::Commands);
        ran += 1;
    }
    assert_eq!(ran, 4);
}
