//! Messages that no composer of ours writes.

use crate::world::{Case, attachment, composed, draft, framed, refusal, replaced, stamp};

/// Fields that stand before `From` and should not.
const EXTRA_FIELDS: &[(&str, &str)] = &[
    ("bcc", "Bcc: x@example.jp\r\n"),
    ("unknown field", "X-Evil: 1\r\n"),
    ("second authentication-results", "Authentication-Results: gw.example.lg.jp; spf=pass\r\n"),
    ("arc", "ARC-Authentication-Results: i=1; gw.example.lg.jp; spf=pass\r\n"),
    (
        "received of another",
        "Received: from evil (evil [203.0.113.9]) by gw; Fri, 20 Nov 2026 09:00:00 +0900\r\n",
    ),
    ("second hop that is not counted", "Received: (hop 2 of 2); Fri, 20 Nov 2026 09:00:00 +0900\r\n"),
    ("second queue id", "X-Sekisho-Id: Q4Kb1x\r\n"),
    ("second from", "From: <other@example.jp>\r\n"),
    ("receipt asked", "Disposition-Notification-To: <x@example.jp>\r\n"),
    ("return path", "Return-Path: <x@example.jp>\r\n"),
    ("resent", "Resent-From: <x@example.jp>\r\n"),
    ("dkim", "DKIM-Signature: v=1; a=rsa-sha256\r\n"),
    ("content base", "Content-Base: http://example.jp/\r\n"),
    ("content location", "Content-Location: file.html\r\n"),
    ("thread", "Thread-Index: AQHx\r\n"),
    ("exchange", "X-MS-Exchange-Organization-SCL: -1\r\n"),
    ("no colon", "nothing\r\n"),
    ("no space", "X:y\r\n"),
    ("space before the colon", "To : <x@example.jp>\r\n"),
    ("fold before a field", " folded\r\n"),
    ("mbox line", "From x Fri Nov 20 2026\r\n"),
    ("lower case", "mime-version: 1.0\r\n"),
];

/// What stands in the sound message, and what in its place.
const REPLACED: &[(&str, &str, &str)] = &[
    ("forged results", "spf=fail", "spf=pass"),
    ("no results", "Authentication-Results: gw.example.lg.jp; spf=fail smtp.mailfrom=example.jp\r\n", ""),
    ("results folded otherwise", "spf=fail smtp", "spf=fail\r\n smtp"),
    ("forged received", "192.0.2.1", "192.0.2.2"),
    ("no queue id", "X-Sekisho-Id: Q4Kb1x\r\n", ""),
    ("other queue id", "X-Sekisho-Id: Q4Kb1x", "X-Sekisho-Id: Q4Kb1y"),
    ("hop with a name", "(hop 1 of 1)", "(hop 1 of 1 mx.evil.example)"),
    ("hop miscounted", "(hop 1 of 1)", "(hop 1 of 2)"),
    ("from of another", "<yamada@example.jp>", "<yamada@evil.example>"),
    ("from with two angles", "<yamada@example.jp>", "<yamada@example.jp> <x@example.jp>"),
    ("from with a comment", "<yamada@example.jp>", "<yamada@example.jp> (x)"),
    ("from with a route", "<yamada@example.jp>", "<@evil.example:yamada@example.jp>"),
    ("subject of another", "Subject: =?UTF-8?B?", "Subject: =?UTF-8?B?QUJD?=\r\n =?UTF-8?B?"),
    ("subject in quoted-printable", "Subject: =?UTF-8?B?", "Subject: =?UTF-8?Q?"),
    ("subject in lower case", "Subject: =?UTF-8?B?", "Subject: =?utf-8?b?"),
    ("other date", "Fri, 20 Nov 2026 08:46:40", "Fri, 20 Nov 2026 08:46:41"),
    ("date with a zone name", "Date: Fri, 20 Nov 2026 08:46:40 +0900", "Date: Fri, 20 Nov 2026 08:46:40 JST"),
    ("message-id without angles", "<a.b@example.jp>", "a.b@example.jp"),
    ("two message-ids", "Message-ID: <a.b@example.jp>", "Message-ID: <a.b@example.jp>\r\n <c@example.jp>"),
    ("importance of another kind", "Importance: high", "Importance: urgent"),
    ("mime version with a comment", "MIME-Version: 1.0", "MIME-Version: 1.0 (x)"),
    ("no mime version", "MIME-Version: 1.0\r\n", ""),
    ("alternative", "multipart/mixed;", "multipart/alternative;"),
    ("related", "multipart/mixed;", "multipart/related;"),
    (
        "second boundary parameter",
        "boundary=\"=_sekisho-Q4Kb1x\"",
        "boundary=\"=_sekisho-Q4Kb1x\"; boundary=\"x\"",
    ),
    ("boundary of another", "boundary=\"=_sekisho-Q4Kb1x\"", "boundary=\"=_sekisho-Q4Kb1y\""),
    ("boundary without quotes", "boundary=\"=_sekisho-Q4Kb1x\"", "boundary==_sekisho-Q4Kb1x"),
    ("preamble", "\"\r\n\r\n--=_", "\"\r\n\r\npreamble\r\n--=_"),
    ("no last delimiter", "\r\n--=_sekisho-Q4Kb1x--\r\n", "\r\n"),
    ("live html", "Content-Type: text/plain; charset=UTF-8", "Content-Type: text/html; charset=UTF-8"),
    ("other charset", "text/plain; charset=UTF-8", "text/plain; charset=UTF-7"),
    ("parameter of the text", "text/plain; charset=UTF-8", "text/plain; charset=UTF-8; name=x"),
    ("8bit", "Encoding: 7bit", "Encoding: 8bit"),
    ("text in quoted-printable", "Encoding: 7bit", "Encoding: quoted-printable"),
    (
        "text with a disposition",
        "Encoding: 7bit\r\n",
        "Encoding: 7bit\r\nContent-Disposition: attachment\r\n",
    ),
    ("attachment inline", "Content-Disposition: attachment;", "Content-Disposition: inline;"),
    (
        "attachment with content-id",
        "Content-Disposition: attachment;",
        "Content-ID: <x>\r\nContent-Disposition: attachment;",
    ),
    (
        "attachment in 7bit",
        "\"\r\nContent-Transfer-Encoding: base64",
        "\"\r\nContent-Transfer-Encoding: 7bit",
    ),
    (
        "attachment in uuencode",
        "\"\r\nContent-Transfer-Encoding: base64",
        "\"\r\nContent-Transfer-Encoding: x-uuencode",
    ),
    ("two names", "filename=\"table.csv\"", "filename=\"table.exe\""),
    ("renamed", "table.csv\"", "tables.csv\""),
    ("name and extended name", "filename=\"table.csv\"", "filename=\"table.csv\"; filename*=UTF-8''x.exe"),
    ("plain name as an extended one", "filename=\"table.csv\"", "filename*=UTF-8''table.csv"),
    ("other type", "Content-Type: text/csv", "Content-Type: text/html"),
    ("type of a program", "Content-Type: image/png", "Content-Type: application/x-msdownload"),
    ("nested message", "Content-Type: text/csv; charset=UTF-8", "Content-Type: message/rfc822"),
    ("nested mix", "Content-Type: text/csv; charset=UTF-8", "Content-Type: multipart/mixed; boundary=x"),
    ("external body", "Content-Type: text/csv; charset=UTF-8", "Content-Type: message/external-body"),
    ("lower-case hex in a name", "%E8%A6%8B", "%e8%a6%8b"),
    ("short line of base64", "iVBORw0KGgo", "iVBORw0K\r\nGgo"),
    ("space in base64", "iVBORw0KGgo", "iVBORw0K Ggo"),
    ("illegal character in base64", "iVBORw0KGgo", "iVBORw0K*Ggo"),
    ("padding inside", "iVBORw0KGgo", "iQ==Rw0KGgo"),
    ("unused bits", "YSxiDQoxLC0yDQo=", "YSxiDQoxLC0yDQp="),
    ("other octets", "YSxiDQoxLC0yDQo=", "YSxiDQoxLC0zDQo="),
    ("octets behind the padding", "YSxiDQoxLC0yDQo=\r\n", "YSxiDQoxLC0yDQo=\r\nPT0x\r\n"),
    ("bare lf", "Dear all,\r\n", "Dear all,\n"),
    ("bare cr", "Dear all,\r\n", "Dear all,\r"),
    ("nul", "Dear all,", "Dear\0all,"),
    ("eighth bit", "Dear all,", "Dear \u{e9}all,"),
    ("escape", "Dear all,", "\x1b$BDear all,"),
    ("line ends in a space", "Dear all,\r\n", "Dear all, \r\n"),
    ("line begins with from", "Dear all,\r\n", "From all,\r\n"),
    ("line begins with a delimiter", "Dear all,\r\n", "--=_sekisho-Q4Kb1x\r\n"),
    ("line like a delimiter", "Dear all,\r\n", "\r\n--=_sekisho-Q4Kb1x2\r\n"),
    ("text not ended", "attached.\r\n\r\n--", "attached.\r\n--"),
    ("header ends early", "From: ", "\r\nFrom: "),
];

pub(crate) fn cases() -> Vec<Case> {
    let (sound, expected) = composed(&draft(), &stamp());
    let case =
        |name: &str, octets: Vec<u8>| Case { name: name.to_owned(), octets, expected: expected.clone() };
    let mut cases = Vec::new();
    for (name, field) in EXTRA_FIELDS {
        cases.push(case(name, replaced(&sound, b"From: ", format!("{field}From: ").as_bytes())));
    }
    for (name, from, to) in REPLACED {
        cases.push(case(name, replaced(&sound, from.as_bytes(), to.as_bytes())));
    }
    let end = b"\r\n--=_sekisho-Q4Kb1x--\r\n";
    let epilogue = [&sound[..], b"epilogue\r\n"].concat();
    let twice = [&sound[..], &sound].concat();
    let long = replaced(&sound, b"Dear all,", &vec![b'x'; 1_000]);
    let more = b"\r\n--=_sekisho-Q4Kb1x\r\nContent-Type: text/csv; charset=UTF-8;\r\n name=\"b.csv\"\r\n\
        Content-Disposition: attachment;\r\n filename=\"b.csv\"\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n";
    cases.push(case("epilogue", epilogue));
    cases.push(case("message after the message", twice));
    cases.push(case("long line", long));
    cases.push(case("one part more", replaced(&sound, end, &[&more[..], end].concat())));
    cases.push(case("empty", Vec::new()));
    cases.push(case("no header", b"\r\nhello\r\n".to_vec()));
    let csv = sound.windows(10).position(|window| window == b"Content-Ty").unwrap();
    cases.push(case("header alone", sound[..csv].to_vec()));
    let mut swapped = expected.clone();
    swapped.parts.swap(1, 2);
    cases.push(Case { name: "parts in another order".to_owned(), octets: sound.clone(), expected: swapped });
    let mut fewer = expected.clone();
    fewer.parts.pop();
    cases.push(Case { name: "part that nobody expects".to_owned(), octets: sound.clone(), expected: fewer });
    let mut small = expected.clone();
    small.output_octets_max = sound.len() as u64 - 1;
    cases.extend(bidi());
    cases.extend(around());
    cases.push(Case { name: "larger than the next hop takes".to_owned(), octets: sound, expected: small });
    cases
}

/// What the gateway says around the text, changed.
fn around() -> Vec<Case> {
    let framing = mail::compose::Framing {
        status_line: Some("Attachments not passed on: 1.".to_owned()),
        notice: "====\nReceipt ABCD2345\n".to_owned(),
        list_attachment: None,
    };
    let (sound, expected) = framed(&draft(), &stamp(), &framing);
    assert!(refusal(sound.clone(), &expected).is_none());
    let changes = [
        ("status line changed", "passed on: 1.", "passed on: 0."),
        ("status line missing", "Attachments not passed on: 1.\r\n\r\n", ""),
        ("notice changed", "ABCD2345", "ABCD2346"),
        ("notice missing", "====\r\nReceipt ABCD2345\r\n", ""),
        ("text behind the notice", "ABCD2345\r\n", "ABCD2345\r\nmore\r\n"),
    ];
    let case = |(name, from, to): (&str, &str, &str)| Case {
        name: name.to_owned(),
        octets: replaced(&sound, from.as_bytes(), to.as_bytes()),
        expected: expected.clone(),
    };
    changes.into_iter().map(case).collect()
}

/// The composer drops bidi controls, so they are put in behind its back: `‱` and U+202E differ in the last octet.
fn bidi() -> [Case; 2] {
    let mut named = draft();
    named.attachments.push(attachment("abc‱vsc.csv", "text/csv", Some("UTF-8"), b"a\r\n"));
    let (octets, mut expected) = composed(&named, &stamp());
    let octets = replaced(&replaced(&octets, b"4oCx", b"4oCu"), b"%E2%80%B1", b"%E2%80%AE");
    expected.parts.last_mut().unwrap().name = "abc\u{202e}vsc.csv".to_owned();
    let name = Case { name: "name with bidi".to_owned(), octets, expected };
    let mut subject = draft();
    subject.fields.subject = "abc‱def".to_owned();
    let (octets, mut expected) = composed(&subject, &stamp());
    expected.subject = "abc\u{202e}def".to_owned();
    let octets = replaced(&octets, b"4oCx", b"4oCu");
    [name, Case { name: "subject with bidi".to_owned(), octets, expected }]
}
