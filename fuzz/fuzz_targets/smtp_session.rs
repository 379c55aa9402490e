//! Arbitrary octets in arbitrary pieces through one SMTP session; what must hold whatever they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use relay::{Acceptance, Delay, Event, Phase, Session, Settings, Taken};
use std::sync::Arc;

/// Every line is a reply of at most 512 octets, and the text holds no line end of someone else's making.
fn check_replies(replies: &[u8]) {
    assert!(replies.is_empty() || replies.ends_with(b"\r\n"));
    for line in replies.split_inclusive(|&octet| octet == b'\n') {
        let text = line.strip_suffix(b"\r\n").expect("a line ends in CRLF");
        assert!(text.len() >= 4 && text.len() <= 510);
        assert!(text[..3].iter().all(u8::is_ascii_digit) && matches!(text[0], b'2'..=b'5'));
        assert!(matches!(text[3], b' ' | b'-'));
        assert!(text.iter().all(|octet| (0x20..0x7f).contains(octet)));
    }
}

fuzz_target!(|input: (Vec<u8>, bool, Vec<u8>)| {
    let (cuts, greeted, octets) = input;
    let mut settings = Settings::standard("mx.example.lg.jp", &["example.lg.jp".to_owned()]).unwrap();
    settings.size_octets_max = 4_096;
    settings.recipients_max = 3;
    settings.data_line_octets_max = 1_024;
    let mut session = Session::new(Arc::new(settings), [192, 0, 2, 1].into());
    session.written();
    if greeted {
        for line in ["EHLO x\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<postmaster>\r\n", "DATA\r\n"] {
            session.receive(line.as_bytes());
        }
        assert_eq!(session.phase(), Phase::Data);
        session.written();
    }
    let mut rest = octets.as_slice();
    let mut cuts = cuts.iter().copied().cycle();
    while !rest.is_empty() && session.phase() != Phase::Closed {
        let length = usize::from(cuts.next().unwrap_or(u8::MAX)).max(1).min(rest.len());
        let (mut piece, after) = rest.split_at(length);
        rest = after;
        loop {
            let before = session.phase();
            let step = session.receive(piece);
            assert!(step.consumed <= piece.len());
            piece = &piece[step.consumed..];
            match step.event {
                None => {
                    assert!(piece.is_empty() || session.phase() == Phase::Closed);
                    break;
                }
                Some(Event::Recipient { mailbox, .. }) => {
                    assert_eq!(before, Phase::Commands);
                    assert_eq!(mailbox.domain(), "example.lg.jp");
                    assert!(!mailbox.local_part().contains(['%', '!', '@']));
                    session.recipient_answered(match mailbox.local_part().len() % 3 {
                        0 => Acceptance::unknown(),
                        1 => Acceptance::Accept,
                        _ => Acceptance::TryLater,
                    });
                }
                Some(Event::Message(accepted)) => {
                    let message = accepted.untrusted.octets();
                    assert!(message.len() <= 4_096 && !message.contains(&0));
                    assert!(message.is_empty() || message.ends_with(b"\r\n"));
                    let strays = message.iter().enumerate().any(|(index, &octet)| match octet {
                        b'\r' => message.get(index + 1) != Some(&b'\n'),
                        b'\n' => index == 0 || message[index - 1] != b'\r',
                        _ => false,
                    });
                    assert!(!strays);
                    assert!((1..=3).contains(&accepted.envelope.forward_paths.len()));
                    session.sink_answered(match message.len() % 3 {
                        0 => Taken::Stored { queue_id: "Q".to_owned() },
                        1 => Taken::TryLater(Delay::Storage),
                        _ => Taken::Refuse { enhanced: "5.7.1", text: "No".into() },
                    });
                }
            }
        }
        assert!(session.held_octets() <= 16_384);
        check_replies(session.replies());
        session.written();
    }
});
