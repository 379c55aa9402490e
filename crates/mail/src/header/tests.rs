use super::*;
use crate::{Draft, Fields, Framing, MessageId, NamedMailbox, Stamp, compose};
use encoding_rs::{EUC_JP, SHIFT_JIS};

fn named(name: &str, address: &str) -> NamedMailbox {
    NamedMailbox { display_name: name.to_owned(), addr_spec: address.to_owned() }
}

fn b64(octets: &[u8]) -> String {
    let mut out = Vec::new();
    crate::base64::encode(octets, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn unstructured_fields_are_read_in_every_state() {
    let sjis = SHIFT_JIS.encode("会議のお知らせ").0.into_owned();
    let euc = EUC_JP.encode("会議のお知らせ").0.into_owned();
    // Words cut at the fourth octet: inside a character of Shift_JIS, EUC-JP and UTF-8.
    let cut = |octets: &[u8], charset: &str| {
        let (one, two) = octets.split_at(5);
        format!("=?{charset}?B?{}?=\r\n =?{charset}?B?{}?=", b64(one), b64(two)).into_bytes()
    };
    let whole = b64("会議のお知らせ".as_bytes());
    let (left, right) = whole.split_at(13);
    let cases: Vec<(Vec<u8>, &str, bool)> = vec![
        (b" Hello ".to_vec(), "Hello", false),
        (b"Hello\r\n  world".to_vec(), "Hello  world", false),
        (b"Hello\nworld\r".to_vec(), "Hello world", false),
        (b"=?UTF-8?B?5Lya6K2w?=".to_vec(), "会議", false),
        (b"=?utf-8?b?5Lya6K2w?=".to_vec(), "会議", false),
        (b"=?UTF-8*ja?B?5Lya6K2w?=".to_vec(), "会議", false),
        (b"=?UTF-8?Q?=E4=BC=9A_=E8=AD=B0?=".to_vec(), "会 議", false),
        (b"=?utf-8?q?=e4=bc=9a=?=".to_vec(), "会=", false),
        (b"Re: =?UTF-8?B?5Lya6K2w?= (2)".to_vec(), "Re: 会議 (2)", false),
        (b"=?UTF-8?B?5Lya?= =?UTF-8?B?6K2w?=".to_vec(), "会議", false),
        (b"=?UTF-8?B?5Lya?=\r\n\t=?UTF-8?Q?=E8=AD=B0?=".to_vec(), "会議", false),
        (b"=?UTF-8?B?5Lya?==?UTF-8?B?6K2w?=".to_vec(), "会議", false),
        (b"a=?UTF-8?B?5Lya?=b".to_vec(), "a会b", false),
        (b"=?UTF-8?B?5Lya6K2w".to_vec(), "会議", true),
        (b"=?UTF-8?B?5Lya6K2w?".to_vec(), "会議", true),
        (b"=?UTF-8?B?5Lya =?UTF-8?B?6K2w?=".to_vec(), "会議", true),
        (b"=?UTF-8?B?5Lya\r\n 6K2w?=".to_vec(), "会議", true),
        (b"=?UTF-8?Q?=E4=BC=9A =E8=AD=B0?=".to_vec(), "会 議", true),
        (b"=?UTF-8?B?5Lya6K2w5Q?=".to_vec(), "会議\u{fffd}", true),
        (b"\"=?UTF-8?B?5Lya?=\"".to_vec(), "\"会\"", false),
        (format!("=?utf-8?B?{left}?= =?utf-8?B?{right}?=").into_bytes(), "会議のお知らせ", true),
        (cut("会議のお知らせ".as_bytes(), "UTF-8"), "会議のお知らせ", false),
        (cut(&sjis, "Shift_JIS"), "会議のお知らせ", false),
        (cut(&euc, "EUC-JP"), "会議のお知らせ", false),
        (cut(&sjis, "CP932"), "会議のお知らせ", false),
        (b"=?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=".to_vec(), "会議", false),
        (b"=?iso-2022-jp?B?GyRCMnE=?= =?iso-2022-jp?B?NUQbKEI=?=".to_vec(), "会議", false),
        (b"=?ISO-2022-JP?B?GyRCMnE1RA==?=".to_vec(), "会議", true),
        (b"=?ISO-2022-JP?Q?=1B$B2q5D=1B(B?=".to_vec(), "会議", false),
        (b"=?ISO-2022-JP-MS?B?GyRCLSEtahsoQg==?=".to_vec(), "①㈱", false),
        (b"=?CP50221?B?GyhJMTIbKEI=?=".to_vec(), "ｱｲ", false),
        (b"\x1b$B2q5D\x1b(B 1".to_vec(), "会議 1", true),
        (b"\x1b$B=?3F\x1b(B".to_vec(), "戎各", true),
        (sjis.clone(), "会議のお知らせ", true),
        (euc.clone(), "会議のお知らせ", true),
        ("会議のお知らせ".as_bytes().to_vec(), "会議のお知らせ", true),
        ([b"Re: ".as_slice(), &sjis].concat(), "Re: 会議のお知らせ", true),
        (format!("=?iso-8859-1?B?{}?=", b64(&sjis)).into_bytes(), "会議のお知らせ", true),
        (format!("=?us-ascii?B?{}?=", b64("会議のお知らせ".as_bytes())).into_bytes(), "会議のお知らせ", true),
        (b"=?x-unknown?B?5Lya6K2w?=".to_vec(), "会議", true),
        (b"=?iso-8859-1?Q?caf=E9?=".to_vec(), "café", false),
        (b"=?big5?B?p0Gmbg==?=".to_vec(), "你好", false),
        (b"=?UTF-8?B?5Lya?= =?iso-8859-1?Q?=E9?=".to_vec(), "会é", false),
        (b"=?=?=?=".to_vec(), "=?=?=?=", false),
        (b"=?UTF-8?X?abc?=".to_vec(), "=?UTF-8?X?abc?=", false),
        (b"=??B?5Lya?=".to_vec(), "=??B?5Lya?=", false),
        (b"=?UTF-8?B??=".to_vec(), "", false),
        (b"a\0b\x07c\x7f".to_vec(), "abc", false),
        ("=?UTF-8?B?".to_string().into_bytes(), "", true),
        (format!("=?UTF-8?B?{}?=", b64("a\r\nBcc: x\u{202e}y".as_bytes())).into_bytes(), "a  Bcc: xy", false),
        (b"=?utf-7?Q?+ADw-a+AD4-?=".to_vec(), "+ADw-a+AD4-", false),
    ];
    for (raw, expected, repaired) in &cases {
        let read = text(raw);
        assert_eq!(&read.text, expected, "{:?}", String::from_utf8_lossy(raw));
        assert_eq!(read.quality.repaired, *repaired, "{:?} {:?}", String::from_utf8_lossy(raw), read.quality);
    }
    assert_eq!(cases.len(), 51);
    assert!(text(b"=?utf-7?Q?+ADw-a+AD4-?=").quality.refused);
}

#[test]
fn address_lists_are_read_in_every_form() {
    let raw_sjis = [SHIFT_JIS.encode("総務課（表示能力）").0.as_ref(), b" <a@b.jp>, \"x\" <c@d>"].concat();
    let cases: Vec<(&[u8], Vec<NamedMailbox>, bool)> = vec![
        (b"a@b.jp", vec![named("", "a@b.jp")], false),
        (b"<a@b.jp>", vec![named("", "a@b.jp")], false),
        (b"Taro <a@b.jp>", vec![named("Taro", "a@b.jp")], false),
        (b"\"Yamada, Taro\" <a@b.jp>", vec![named("Yamada, Taro", "a@b.jp")], false),
        (b"\"a \\\"b\\\" c\" <a@b.jp>", vec![named("a \"b\" c", "a@b.jp")], false),
        (b"Yamada, Taro <a@b.jp>", vec![named("Yamada, Taro", "a@b.jp")], false),
        (b"a@b.jp (Taro Yamada)", vec![named("Taro Yamada", "a@b.jp")], false),
        (b"(Taro) a@b.jp", vec![named("Taro", "a@b.jp")], false),
        (b"Taro (Soumu) <a@b.jp>", vec![named("Taro (Soumu)", "a@b.jp")], false),
        (
            b"a@b.jp, c@d.jp;e@f.jp",
            vec![named("", "a@b.jp"), named("", "c@d.jp"), named("", "e@f.jp")],
            false,
        ),
        (b"undisclosed-recipients:;", vec![named("undisclosed-recipients", "")], false),
        (
            b"G: a@b.jp, Taro <c@d.jp>;, e@f.jp",
            vec![named("", "a@b.jp"), named("Taro", "c@d.jp"), named("", "e@f.jp")],
            false,
        ),
        (b"<@x.jp,@y.jp:a@b.jp>", vec![named("", "a@b.jp")], false),
        (b"a . b @ c . jp", vec![named("", "a.b@c.jp")], false),
        (b"< a@b.jp >", vec![named("", "a@b.jp")], false),
        (b"<<a@b.jp>>", vec![named("", "a@b.jp")], true),
        (b"Taro <a@b.jp", vec![named("Taro", "a@b.jp")], true),
        (b"\"Taro <a@b.jp>", vec![named("\"Taro", "a@b.jp")], true),
        (b"Taro (x <a@b.jp>", vec![named("Taro (x", "a@b.jp")], true),
        (b"foo..bar@docomo.ne.jp", vec![named("", "foo..bar@docomo.ne.jp")], false),
        (b"\"a b\"@c.jp", vec![named("", "\"a b\"@c.jp")], false),
        (b"=?UTF-8?B?5Lya6K2w?= <a@b.jp>", vec![named("会議", "a@b.jp")], false),
        (b"\"=?UTF-8?B?5Lya6K2w?=\" <a@b.jp>", vec![named("会議", "a@b.jp")], false),
        (b"=?UTF-8?B?5Lya?= =?UTF-8?B?6K2w?=<a@b.jp>", vec![named("会議", "a@b.jp")], false),
        (b"=?UTF-8?Q?Yamada,_T_(x)?= <a@b.jp>", vec![named("Yamada, T (x)", "a@b.jp")], false),
        (b"=?UTF-8?B?IuWxsSI=?= <a@b.jp>", vec![named("山", "a@b.jp")], false),
        (b"a@b.jp (=?UTF-8?B?5Lya6K2w?=)", vec![named("会議", "a@b.jp")], false),
        (b"=?UTF-8?Q?x=40evil.jp=3Cx=40y=3E?= <a@b.jp>", vec![named("x@evil.jp<x@y>", "a@b.jp")], false),
        (b"\x1b$B;3ED\x1b(B\x1b$BB@O:\x1b(B <a@b.jp>", vec![named("山田太郎", "a@b.jp")], false),
        (&raw_sjis, vec![named("総務課（表示能力）", "a@b.jp"), named("x", "c@d")], false),
        ("株式会社.山田 [総務] <a@b.jp>".as_bytes(), vec![named("株式会社.山田 [総務]", "a@b.jp")], false),
        ("<重要> 山田 <a@b.jp>".as_bytes(), vec![named("<重要> 山田", "a@b.jp")], false),
        ("山田 a@b.jp".as_bytes(), vec![named("山田", "a@b.jp")], false),
        ("山田 <あ@b.jp>".as_bytes(), vec![named("山田 <あ@b.jp>", "")], true),
        (b"mailto:a@b.jp", vec![named("", "a@b.jp")], false),
        (b"'a@b.jp' <a@b.jp>", vec![named("'a@b.jp'", "a@b.jp")], false),
        (b"a@b.jp c@d.jp", vec![named("", "a@b.jp"), named("", "c@d.jp")], false),
        (b"G:; (nobody)", vec![named("G", "")], false),
        (b"", vec![], false),
        (b" , ;", vec![], false),
        (b"nobody", vec![named("nobody", "")], true),
        (b"a@b.jp\r\n ,\r\n c@d.jp", vec![named("", "a@b.jp"), named("", "c@d.jp")], false),
    ];
    for (raw, expected, damaged) in &cases {
        let read = mailboxes(raw);
        assert_eq!(&read.list, expected, "{:?}", String::from_utf8_lossy(raw));
        assert_eq!(read.damaged, *damaged, "{:?}", String::from_utf8_lossy(raw));
    }
    assert_eq!(cases.len(), 42);
}

#[test]
fn hostile_lists_are_bounded_and_linear() {
    let patterns = [
        "<",
        "(",
        "\"",
        "=?",
        "=?a?b?",
        "a:",
        ",",
        "<\"",
        "()",
        "(x)a",
        "a@b,",
        "<a@b",
        ";:",
        "\\",
        "=?a?q?=",
        "a,b<",
        "<\"\\\"",
        "?=",
        "=?a?B?=",
        "a*0=b;",
        "a=\"",
        "a*=b'c'd;",
        "\u{1b}$",
        "(\"",
        "a:b;",
        "<a@b,",
    ];
    for pattern in patterns {
        let raw = pattern.repeat(60_000 / pattern.len()).into_bytes();
        let begun = std::time::Instant::now();
        assert!(mailboxes(&raw).list.len() <= MAILBOXES_MAX);
        assert!(text(&raw).text.len() <= 3 * raw.len());
        assert!(message_ids(&raw).ids.len() <= MESSAGE_IDS_MAX);
        assert_eq!(list_id(&raw), None);
        assert!(parameterised(&raw).parameters.len() <= PARAMETERS_MAX);
        assert!(begun.elapsed().as_secs() < 10, "{pattern}: {:?}", begun.elapsed());
    }
    let many = mailboxes("a@b,".repeat(MAILBOXES_MAX).as_bytes());
    assert_eq!((many.list.len(), many.limit_met), (MAILBOXES_MAX, false));
    assert!(mailboxes("a@b,".repeat(MAILBOXES_MAX + 1).as_bytes()).limit_met);
}

#[test]
fn message_ids_are_read() {
    let ids = |raw: &[u8]| {
        let read = message_ids(raw);
        (read.ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>(), read.damaged)
    };
    assert_eq!(ids(b"<a@b>\r\n <c@d>"), (vec!["a@b".to_owned(), "c@d".to_owned()], false));
    assert_eq!(ids(b"Your message of \"x\" <a@b>"), (vec!["a@b".to_owned()], false));
    assert_eq!(ids(b"a@b"), (vec!["a@b".to_owned()], true));
    assert_eq!(ids(b"<a@\r\n b><c d>"), (vec!["a@b".to_owned(), "cd".to_owned()], false));
    assert_eq!(ids(b"<a@b"), (vec!["a@b".to_owned()], true));
    assert_eq!(ids("<あ@b>".as_bytes()), (vec![], true));
    let many: String = (0..300).map(|n| format!("<{n}@x>")).collect();
    let read = message_ids(many.as_bytes());
    assert_eq!((read.ids.len(), read.limit_met), (MESSAGE_IDS_MAX, true));
    assert_eq!(read.ids.first().map(MessageId::as_str), Some("0@x"));
    assert_eq!(read.ids.last().map(MessageId::as_str), Some("299@x"));
    assert_eq!(list_id("役場の知らせ <list.example.jp>".as_bytes()).as_deref(), Some("list.example.jp"));
    assert_eq!(list_id(b"list.example.jp"), None);
}

#[test]
fn parameters_are_read_in_every_broken_form() {
    use OddityKind as K;
    let sjis_name =
        [b"attachment; filename=\"".as_slice(), &SHIFT_JIS.encode("表示能力.pdf").0, b"\""].concat();
    let cases: Vec<(&[u8], &[&str], &[OddityKind])> = vec![
        (b"attachment; filename=a.pdf", &["a.pdf"], &[]),
        (b"attachment; filename=\"a b.pdf\"", &["a b.pdf"], &[]),
        (b"attachment; FileName = \"a.pdf\" ; size=1", &["a.pdf"], &[]),
        (b"attachment; filename=a b.pdf", &["a b.pdf"], &[K::Unquoted]),
        (b"attachment; filename=\"C:\\dir\\a.pdf\"", &["C:\\dir\\a.pdf"], &[]),
        (b"attachment; filename=\"a\\\"b.pdf\"", &["a\"b.pdf"], &[]),
        (b"attachment; filename*=UTF-8''%E8%A1%A8.pdf", &["表.pdf"], &[]),
        (b"attachment; filename*=utf-8'ja'%e8%a1%a8.pdf", &["表.pdf"], &[]),
        (b"attachment; filename*=\"UTF-8''%E8%A1%A8.pdf\"", &["表.pdf"], &[]),
        (b"attachment; filename*=Shift_JIS''%95%5C.pdf", &["表.pdf"], &[]),
        (b"attachment; filename*=iso-2022-jp''%1B%24B%49%3D%1B%28B.pdf", &["表.pdf"], &[]),
        (b"attachment; filename*0*=UTF-8''%E8%A1; filename*1*=%A8.pdf", &["表.pdf"], &[]),
        (b"attachment; filename*1*=%A8.pdf; filename*0*=UTF-8''%E8%A1", &["表.pdf"], &[K::PiecesOutOfOrder]),
        (b"attachment; filename*0*=UTF-8''%E8%A1%A8; filename*1=.pdf", &["表.pdf"], &[]),
        (
            b"attachment; filename*0*=UTF-8''%E8%A1%A8; filename*1=%E8%A1%A8.pdf",
            &["表表.pdf"],
            &[K::LooseExtended],
        ),
        (b"attachment; filename*0=a; filename*2=.exe", &["a.exe"], &[K::PieceMissing]),
        (b"attachment; filename*1=a; filename*2=.exe", &["a.exe"], &[K::PieceMissing]),
        (b"attachment; filename*0=a; filename*0=b; filename*1=.pdf", &["a.pdf"], &[K::PieceRepeated]),
        (
            b"attachment; filename=safe.txt; filename*=UTF-8''evil.exe",
            &["evil.exe", "safe.txt"],
            &[K::FormsDiffer],
        ),
        (b"attachment; filename=a.txt; filename=b.exe", &["a.txt", "b.exe"], &[K::Repeated]),
        (
            b"attachment; filename=a.txt; filename*0=b; filename*1=.exe",
            &["b.exe", "a.txt"],
            &[K::FormsDiffer],
        ),
        (b"attachment; filename=a.txt; filename=a.txt", &["a.txt"], &[]),
        (b"attachment; filename=\"=?UTF-8?B?6KGo?=.pdf\"", &["表.pdf"], &[K::EncodedWord]),
        (b"attachment; filename==?UTF-8?B?6KGo?=", &["表"], &[K::Unquoted, K::EncodedWord]),
        (b"attachment; filename=\"=?UTF-8?B?6KGo?=\r\n =?UTF-8?B?6KGo?=\"", &["表表"], &[K::EncodedWord]),
        (b"attachment; filename*0=\"=?UTF-8?B?6K\"; filename*1=\"Go?=\"", &["表"], &[K::EncodedWord]),
        (b"attachment; filename=\"UTF-8''%E8%A1%A8.pdf\"", &["表.pdf"], &[K::LooseExtended]),
        (b"attachment; filename=\"%E8%A1%A8.pdf\"", &["表.pdf"], &[K::LooseExtended]),
        (b"attachment; filename=\"100%.pdf\"", &["100%.pdf"], &[]),
        (b"attachment; filename*=%E8%A1%A8.pdf", &["表.pdf"], &[K::LooseExtended]),
        (&sjis_name, &["表示能力.pdf"], &[K::RawOctets]),
        ("attachment; filename=\"表.pdf\"".as_bytes(), &["表.pdf"], &[K::RawOctets]),
        (b"attachment; filename=\"\x1b$BI=\x1b(B.pdf\"", &["表.pdf"], &[K::RawOctets]),
        (b"attachment; filename=\"a.pdf; size=1", &["a.pdf"], &[K::UnendedQuote]),
        (b"attachment; filename=\"a.pdf\"x; size=1", &["a.pdf"], &[K::TextBehindQuote]),
        (b"attachment; size=\"1\" filename=\"a.pdf\"", &["a.pdf"], &[K::TextBehindQuote]),
        (b"attachment (x); (y) filename=a.pdf (z)", &["a.pdf"], &[K::Comment]),
        (b"attachment; foo; filename=a.pdf", &["a.pdf"], &[K::NoParameter]),
        (b"attachment; filename=\"a\r\n\tb.pdf\"", &["a b.pdf"], &[]),
        (b"attachment; filename=\"a\0b\x07.pdf\"", &["ab.pdf"], &[]),
        (b"attachment; filename*=UTF-8''a%0D%0AB%E2%80%AEx", &["a  Bx"], &[]),
        (b"attachment; filename", &[], &[K::NoParameter]),
        (b"attachment; filename=", &[""], &[]),
    ];
    for (raw, names, kinds) in &cases {
        let read = parameterised(raw);
        assert_eq!(read.value, "attachment");
        assert_eq!(read.candidates("filename"), *names, "{:?}", String::from_utf8_lossy(raw));
        let met: Vec<OddityKind> = read.oddities.iter().map(|oddity| oddity.kind).collect();
        assert_eq!(met, *kinds, "{:?}", String::from_utf8_lossy(raw));
    }
    assert_eq!(cases.len(), 43);
    let content_type = parameterised(b"Multipart/Mixed; boundary=\"a;b\"; boundary=c");
    assert_eq!(content_type.value, "multipart/mixed");
    assert_eq!(content_type.candidates("boundary"), ["a;b", "c"]);
}

#[test]
fn all_names_of_a_part_are_gathered() {
    let disposition = parameterised(b"attachment; filename*=UTF-8''%E8%A1%A8.pdf");
    let content_type = parameterised(b"application/pdf; name=\"=?UTF-8?B?6KGoLnBkZg==?=\"");
    let names = file_names(Some(&disposition), Some(&content_type));
    assert_eq!((names.candidates.as_slice(), names.differ()), (["表.pdf".to_owned()].as_slice(), false));
    let other = parameterised(b"application/pdf; name=b.exe");
    assert!(file_names(Some(&disposition), Some(&other)).differ());
}

/// The law `parse(compose(x)) = x`, with this decoder.
#[test]
fn composed_fields_read_back_as_they_were() {
    let fields = Fields {
        from: vec![named(
            "関所 花子（総務課）と、とても長い名前の人である山田太郎兵衛左衛門尉",
            "h@example.com",
        )],
        sender: Some(named("a\"b\\c", "s@example.com")),
        reply_to: vec![named("", "\"a b\"@example.com"), named("=?x?=", "r@example.com")],
        to: (0..50).map(|n| named(&format!("受信者{n}"), &format!("u{n}@example.lg.jp"))).collect(),
        cc: vec![named("非公開の宛先", "")],
        subject: "令和８年度の予算 \u{e000} 葛\u{e0100}城 😀👨\u{200d}👩 について "
            .repeat(9)
            .trim()
            .to_owned(),
        message_id: MessageId::new("x.y@z"),
        in_reply_to: vec![MessageId::new("p@q").unwrap()],
        references: (0..30).map(|n| MessageId::new(&format!("{n}@{}", "x".repeat(80))).unwrap()).collect(),
        list_id: Some("l.example".to_owned()),
        ..Fields::default()
    };
    let stamp = Stamp {
        queue_id: "Q1".to_owned(),
        received: "from a by b; Fri, 20 Nov 2026 09:00:00 +0900".to_owned(),
        authentication_results: None,
        accepted: crate::DateTime::utc(1_795_132_800),
        own_message_id: "own@id".to_owned(),
    };
    let name = "請求書（令和８年度上半期・確定版）とても長い名前の最終.pdf";
    let draft = Draft {
        fields: fields.clone(),
        text: "x".to_owned(),
        attachments: vec![crate::Attachment {
            path: crate::PartPath::root(),
            name: name.to_owned(),
            media_type: crate::MediaType::known("application/pdf"),
            charset: None,
            octets: vec![1, 2, 3],
        }],
    };
    let composed = compose(&draft, &stamp, &Framing::default());
    let octets = String::from_utf8(composed.octets).unwrap();
    let field = |name: &str| {
        let (_, rest) = octets.split_once(&format!("\r\n{name}: ")).unwrap();
        let lines: Vec<&str> = rest.split("\r\n").collect();
        let folds = lines.iter().skip(1).take_while(|line| line.starts_with(' ')).count();
        lines[..=folds].join("\r\n").into_bytes()
    };
    assert_eq!(mailboxes(&field("From")).list, fields.from);
    assert_eq!(mailboxes(&field("Sender")).list.first(), fields.sender.as_ref());
    assert_eq!(mailboxes(&field("Reply-To")).list, fields.reply_to);
    assert_eq!(mailboxes(&field("To")).list, fields.to);
    assert_eq!(mailboxes(&field("Cc")).list, fields.cc);
    assert_eq!(text(&field("Subject")).text, fields.subject);
    assert_eq!(message_ids(&field("References")).ids, fields.references);
    assert_eq!(list_id(&field("List-Id")), fields.list_id);
    let disposition = parameterised(&field("Content-Disposition"));
    assert_eq!(
        (disposition.candidates("filename"), disposition.oddities.len()),
        ([name.to_owned()].as_slice(), 0)
    );
    let (_, tail) = octets.split_once("application/pdf").unwrap();
    let (tail, _) = tail.split_once("\r\nContent-Disposition").unwrap();
    let content_type = parameterised(tail.as_bytes());
    assert_eq!(content_type.candidates("name"), [name]);
    assert_eq!(composed.fields.subject, fields.subject);
}
