use super::*;
use crate::{Attachment, PartPath};

fn stamp() -> Stamp {
    Stamp {
        queue_id: "Q7K2M9".to_owned(),
        received:
            "from mx.example.com (mx.example.com [192.0.2.1]) by sekisho.example.lg.jp with ESMTP id Q7K2M9; \
                   Fri, 20 Nov 2026 09:00:00 +0900"
                .to_owned(),
        authentication_results: Some("sekisho.example.lg.jp; spf=pass smtp.mailfrom=example.com".to_owned()),
        accepted: DateTime { unix_s: 1_795_132_800, offset_min: 540 },
        own_message_id: "Q7K2M9@sekisho.example.lg.jp".to_owned(),
    }
}

fn mailbox(name: &str, address: &str) -> NamedMailbox {
    NamedMailbox { display_name: name.to_owned(), addr_spec: address.to_owned() }
}

fn draft() -> Draft {
    Draft {
        fields: Fields {
            from: vec![mailbox("関所 花子（総務課）", "hanako@example.com")],
            to: vec![
                mailbox("Taro \"T\" Yamada", "taro@example.lg.jp"),
                mailbox("", "foo..bar@docomo.ne.jp"),
            ],
            cc: vec![mailbox("非公開", "")],
            subject: "令和８年度の予算について（ご確認のお願い）".to_owned(),
            references: vec![MessageId::new("a@b").unwrap(), MessageId::new("c@d").unwrap()],
            received: vec![Some(DateTime::utc(0)), None],
            ..Fields::default()
        },
        text: "こんにちは。\n-- \n署名\n".to_owned(),
        attachments: Vec::new(),
    }
}

fn attachment(name: &str) -> Attachment {
    Attachment {
        path: PartPath::root().child(2),
        name: name.to_owned(),
        media_type: MediaType::known("application/pdf"),
        charset: None,
        octets: vec![7; 100],
    }
}

fn written(draft: &Draft, framing: &Framing) -> String {
    String::from_utf8(compose(draft, &stamp(), framing).octets).unwrap()
}

/// What the docs of the module say about every message.
fn assert_wire(text: &str) {
    assert!(text.ends_with("\r\n"));
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    for line in text.split("\r\n") {
        assert!(line.len() <= 998);
        assert!(line.bytes().all(|b| b == b'\t' || (0x20..0x7f).contains(&b)), "{line:?}");
        if line.contains("=?UTF-8?B?") {
            assert!(line.len() <= 76, "{line}");
        }
    }
}

#[test]
fn a_text_alone_is_one_entity_in_the_fixed_order() {
    let text = written(&draft(), &Framing::default());
    assert_wire(&text);
    let names: Vec<&str> = text
        .split("\r\n")
        .take_while(|l| !l.is_empty())
        .filter(|l| !l.starts_with(' '))
        .filter_map(|l| l.split(':').next())
        .collect();
    assert_eq!(
        names,
        [
            "Authentication-Results",
            "Received",
            "Received",
            "Received",
            "X-Sekisho-Id",
            "From",
            "To",
            "Cc",
            "Subject",
            "Date",
            "Message-ID",
            "References",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding"
        ]
    );
    assert!(
        text.contains("To: \"Taro \\\"T\\\" Yamada\" <taro@example.lg.jp>,\r\n <foo..bar@docomo.ne.jp>\r\n")
    );
    assert!(text.contains("Cc: =?UTF-8?B?6Z2e5YWs6ZaL?=:;\r\n"));
    assert!(text.contains("Received: (hop 2 of 2, undated); Fri, 20 Nov 2026 00:00:00 +0000\r\n"));
    assert!(text.contains("References: <a@b>\r\n <c@d>\r\n"));
    assert!(text.contains("Message-ID: <Q7K2M9@sekisho.example.lg.jp>\r\n"));
}

#[test]
fn attachments_and_the_list_make_a_multipart() {
    let mut draft = draft();
    "ascii text\n".clone_into(&mut draft.text);
    draft.attachments = vec![
        attachment("a.pdf"),
        attachment("請求書（令和８年度上半期・確定版）最終.pdf"),
        attachment("表.pdf"),
    ];
    let framing = Framing {
        status_line: Some("top".to_owned()),
        notice: "notice".to_owned(),
        list_attachment: Some(("無害化結果.txt".to_owned(), "a\nb".to_owned())),
    };
    let text = written(&draft, &framing);
    assert_wire(&text);
    assert!(text.contains("\r\n\r\ntop\r\n\r\nascii text\r\n\r\nnotice\r\n\r\n--=_sekisho-Q7K2M9\r\n"));
    assert!(text.contains("Content-Type: application/pdf;\r\n name=\"a.pdf\"\r\nContent-Disposition: attachment;\r\n filename=\"a.pdf\"\r\n"));
    assert!(text.contains(
        "filename*0*=UTF-8''%E8%AB%8B%E6%B1%82%E6%9B%B8%EF%BC%88%E4%BB%A4%E5%92%8C;\r\n filename*1*=%EF%BC%98"
    ));
    assert!(text.contains("filename*=UTF-8''%E8%A1%A8.pdf\r\n"));
    assert!(text.contains("YQ0KYg0K\r\n\r\n--=_sekisho-Q7K2M9--\r\n"));
    assert_eq!(text.matches("--=_sekisho-Q7K2M9").count(), 6);
}

#[test]
fn no_value_leaves_its_field() {
    let evil = "a\r\nBcc: x@y\u{202e}\u{0}\u{2028}b";
    let mut draft = draft();
    draft.fields.subject = evil.to_owned();
    draft.fields.from = vec![mailbox(evil, "x@y>\r\nBcc: <z")];
    draft.fields.list_id = Some("a\r\nb".to_owned());
    draft.text = "x\r\n\r\n--=_sekisho-Q7K2M9\r\n\u{1}\u{85}".to_owned();
    draft.attachments = vec![Attachment {
        media_type: MediaType::known("message/rfc822"),
        charset: Some("x\r\ny".to_owned()),
        ..attachment(evil)
    }];
    let mut stamp = stamp();
    stamp.received = "from a\r\nBcc: x; date".to_owned();
    let composed = compose(&draft, &stamp, &Framing::default());
    let text = String::from_utf8(composed.octets).unwrap();
    assert_wire(&text);
    assert!(!text.contains("\nBcc"));
    assert!(!text.contains("List-Id"));
    assert!(text.contains("Content-Type: application/octet-stream;\r\n name="));
    assert_eq!(text.matches("\r\n--=_sekisho-Q7K2M9").count(), 3);
    assert_eq!(composed.fields.subject, "a  Bcc: x@y b");
    assert_eq!(composed.fields.from, [mailbox("a  Bcc: x@y b", UNKNOWN_FROM)]);
    assert_eq!(composed.text, "x\n\n--=_sekisho-Q7K2M9\n");
}

#[test]
fn addr_specs_that_could_break_out_are_none() {
    for sound in [
        "a@b.jp",
        "foo..bar@docomo.ne.jp",
        "foo.@ezweb.ne.jp",
        "\"a b\\\"c@d\"@x",
        "a@[192.0.2.1]",
        "a@[IPv6:::1]",
    ] {
        assert!(addr_spec_is_sound(sound), "{sound}");
    }
    for unsound in [
        "",
        "a",
        "@b",
        "a@",
        "a b@c",
        "a@b c",
        "a<@b",
        "a@b>",
        "あ@b",
        "\"a@b",
        "\"a\"b\"@c",
        "\"a\\\"@c",
        "a@[]",
        "a@b@c",
        "a\r\n@b",
    ] {
        assert!(!addr_spec_is_sound(unsound), "{unsound}");
    }
}

#[test]
fn quotes_around_a_name_are_no_part_of_it_and_what_is_written_reads_back() {
    for name in ["\"関所\"", "\"x y\" z\"@x\"", "\"\"a\" b\"\"", "\"", "a \"b\""] {
        let draft = Draft { fields: Fields { to: vec![mailbox(name, "")], ..Fields::default() }, ..draft() };
        let composed = compose(&draft, &stamp(), &Framing::default());
        let text = String::from_utf8(composed.octets).unwrap();
        let field = text.split("\r\nTo: ").nth(1).unwrap().split("\r\nDate:").next().unwrap();
        assert_eq!(crate::header::mailboxes(field.as_bytes()).list, composed.fields.to, "{name}");
    }
}
