//! What the composer writes, the verifier passes.

use mail::compose::Framing;
use mail::{Attachment, DateTime, Draft, Fields, MediaType, MessageId, NamedMailbox, PartPath, Stamp};
use sha2::{Digest, Sha256};
use verifier::{Expected, ExpectedPart};

fn stamp() -> Stamp {
    Stamp {
        queue_id: "Q4Kb1x".to_owned(),
        received: "from mx.example.jp (mx.example.jp [192.0.2.1]) by gw.example.lg.jp with ESMTPS id Q4Kb1x; \
                   Fri, 20 Nov 2026 09:00:00 +0900"
            .to_owned(),
        authentication_results: Some(
            "gw.example.lg.jp; spf=pass smtp.mailfrom=example.jp; dkim=none; dmarc=pass header.from=example.jp"
                .to_owned(),
        ),
        accepted: DateTime { unix_s: 1_795_132_800, offset_min: 540 },
        own_message_id: "Q4Kb1x@gw.example.lg.jp".to_owned(),
    }
}

fn mailbox(display_name: &str, addr_spec: &str) -> NamedMailbox {
    NamedMailbox { display_name: display_name.to_owned(), addr_spec: addr_spec.to_owned() }
}

fn attachment(name: &str, media_type: &'static str, charset: Option<&str>, octets: &[u8]) -> Attachment {
    Attachment {
        path: PartPath::root(),
        name: name.to_owned(),
        media_type: MediaType::known(media_type),
        charset: charset.map(str::to_owned),
        octets: octets.to_vec(),
    }
}

fn check(case: &str, draft: &Draft, stamp: &Stamp, framing: &Framing) {
    let composed = mail::compose::compose(draft, stamp, framing);
    let expected = Expected {
        stamp: stamp.clone(),
        from: composed.fields.from.clone(),
        subject: composed.fields.subject.clone(),
        date: composed.fields.date,
        above: composed.above.clone(),
        below: composed.below.clone(),
        parts: composed
            .parts
            .iter()
            .map(|part| ExpectedPart {
                name: part.name.clone(),
                media_type: part.media_type.clone(),
                size_octets: part.octets.len() as u64,
                sha256: policy::Sha256(Sha256::digest(&part.octets).into()),
            })
            .collect(),
        output_octets_max: 20 << 20,
        image_px_max: 50_000_000,
        pages_max: 1_000,
    };
    let refusal = verifier::message(composed.octets, &expected, &mut |_| Ok(Vec::new())).err();
    let text = refusal.as_ref().map(|refusal| String::from_utf8_lossy(&refusal.draft).into_owned());
    assert!(refusal.is_none(), "{case}: {:?}\n{text:?}", refusal.map(|refusal| refusal.objections));
}

#[test]
fn what_is_composed_passes() {
    let full = Fields {
        from: vec![mailbox(
            "山田 太郎（さいたま市役所 総務部 情報政策課 情報システム係）",
            "yamada@city.example.jp",
        )],
        sender: Some(mailbox("Office \"A\" \\ B", "office@example.jp")),
        reply_to: vec![mailbox("", "\"a b\"@example.jp"), mailbox("John, Doe", "j@[192.0.2.1]")],
        to: vec![mailbox("undisclosed", ""), mailbox("関係者", "")],
        cc: vec![mailbox("葛\u{e0100}城", "foo..bar@docomo.ne.jp")],
        subject: "【重要】令和8年度予算要求に関する照会について（回答期限：11月30日）👨‍👩‍👧".to_owned(),
        date: Some(DateTime { unix_s: 1_795_132_000, offset_min: -300 }),
        message_id: MessageId::new("a.b@example.jp"),
        in_reply_to: vec![MessageId::new("1@x").unwrap()],
        references: vec![MessageId::new("1@x").unwrap(), MessageId::new("2@x").unwrap()],
        list_id: Some("list.example.jp".to_owned()),
        auto_submitted: Some(mail::AutoSubmitted::AutoReplied),
        precedence: Some(mail::Precedence::Bulk),
        suppress_auto_response: true,
        importance: Some(mail::Importance::High),
        received: vec![Some(DateTime { unix_s: 1_795_131_000, offset_min: 0 }), None],
    };
    let framing = Framing {
        status_line: Some("添付ファイルを安全な形に変えました。".to_owned()),
        notice: "----\n受付番号 ABCD2345\n".to_owned(),
        list_attachment: Some(("無害化結果.txt".to_owned(), "一覧\n二行目\n".to_owned())),
    };
    let texts =
        ["", "hello\n", "こんにちは\n\n 本文\n", "-- \nsig\n", "From me\n", "a\tb", &"x".repeat(77), "--\n"];
    let names =
        ["a.csv", "見積書（令和8年度・第2四半期分）最終版のコピーのコピー.csv", "100% a.csv", "a; b.csv"];
    let mut ran = 0;
    for fields in [Fields::default(), full] {
        for text in texts {
            for framing in [&Framing::default(), &framing] {
                let mut draft =
                    Draft { fields: fields.clone(), text: text.to_owned(), attachments: Vec::new() };
                check(text, &draft, &stamp(), framing);
                let bare = Stamp { authentication_results: None, ..stamp() };
                for name in names {
                    draft.attachments = vec![
                        attachment(name, "text/csv", Some("UTF-8"), b"a,b\r\n1,-2\r\n"),
                        attachment("写真.JPG", "image/jpeg", None, &[0xff; 57 * 2]),
                        attachment("empty.txt", "text/plain", Some("Shift_JIS"), b""),
                    ];
                    check(name, &draft, &bare, framing);
                    ran += 1;
                }
            }
        }
    }
    assert_eq!(ran, 2 * 8 * 2 * 4);
}

#[test]
fn subjects_and_names_of_every_length_pass() {
    let mut ran = 0;
    for (index, unit) in ["あ", "a", "é", "𠮷", " ", "x y", "=?", "\"", "%"].into_iter().enumerate() {
        for count in 1..90usize {
            let text = unit.repeat(count);
            let fields = Fields {
                from: vec![mailbox(&text, "a@example.jp")],
                subject: text.clone(),
                ..Fields::default()
            };
            let attachments = match index {
                0..=3 | 8 if text.len() <= 250 => {
                    vec![attachment(&format!("{text}.txt"), "text/plain", Some("UTF-8"), b"")]
                }
                _ => Vec::new(),
            };
            check(&text, &Draft { fields, text: String::new(), attachments }, &stamp(), &Framing::default());
            ran += 1;
        }
    }
    assert_eq!(ran, 9 * 89);
}
