//! One raw field value through every reader: never a panic, no control character in any result, and what is composed
//! of it reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::{DateTime, Draft, Fields, Stamp, compose, header};

fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fuzz_target!(|raw: &[u8]| {
    let text = header::text(raw).text;
    assert!(is_one_line(&text));
    let mailboxes = header::mailboxes(raw);
    assert!(mailboxes.list.iter().all(|m| is_one_line(&m.display_name) && is_one_line(&m.addr_spec)));
    let ids = header::message_ids(raw);
    let parameters = header::parameterised(raw);
    for parameter in &parameters.parameters {
        assert!(!parameter.candidates.is_empty() && parameter.candidates.iter().all(|value| is_one_line(value)));
    }
    for name in header::file_names(Some(&parameters), None).candidates {
        let clean = mail::file_name(&name, "pdf").name;
        assert_eq!(mail::file_name(&clean, "pdf").name, clean);
    }
    let fields = Fields {
        from: mailboxes.list.clone(),
        to: mailboxes.list,
        subject: text,
        references: ids.ids,
        list_id: header::list_id(raw),
        ..Fields::default()
    };
    let stamp = Stamp {
        queue_id: "Q1".to_owned(),
        received: "by x; Fri, 20 Nov 2026 09:00:00 +0900".to_owned(),
        authentication_results: None,
        accepted: DateTime::utc(1_795_132_800),
        own_message_id: "own@id".to_owned(),
    };
    let draft = Draft { fields, ..Draft::default() };
    let composed = compose::compose(&draft, &stamp, &compose::Framing::default());
    let written = String::from_utf8(composed.octets).expect("ASCII is written");
    assert!(written.is_ascii());
    assert!(written.split("\r\n").all(|line| !line.contains(['\r', '\n']) && line.len() <= 998));
    let (_, rest) = written.split_once("\r\nTo: ").unwrap_or(("", ""));
    if !rest.is_empty() {
        let lines: Vec<&str> = rest.split("\r\n").collect();
        let folds = lines.iter().skip(1).take_while(|line| line.starts_with(' ')).count();
        let again = header::mailboxes(lines[..=folds].join("\r\n").as_bytes()).list;
        assert_eq!(again, composed.fields.to);
    }
});
