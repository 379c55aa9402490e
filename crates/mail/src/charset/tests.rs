use super::*;

/// (octets, label, text, charset used, repaired, loss)
type Case<'a> = (&'a [u8], Option<&'a str>, &'a str, &'a str, bool, u32);

fn check(cases: &[Case<'_>], expected_number: usize) {
    for (octets, label, text, used, repaired, loss) in cases {
        let read = decode(octets, *label);
        assert_eq!(read.text, *text, "{octets:x?} {label:?}");
        assert_eq!((read.used, read.repaired, read.loss), (*used, *repaired, *loss), "{text} {label:?}");
    }
    assert_eq!(cases.len(), expected_number);
}

#[test]
fn iso_2022_jp_in_all_dialects() {
    const JIS: Option<&str> = Some("iso-2022-jp");
    check(
        &[
            (b"\x1b$B$3$s$K$A$O\x1b(B", JIS, "こんにちは", "ISO-2022-JP", false, 0),
            (b"\x1b$@4A;z\x1b(J abc\\~", JIS, "漢字 abc\\~", "ISO-2022-JP", false, 0),
            (b"\x1b$@4A;z\x1b(H!", JIS, "漢字!", "ISO-2022-JP", false, 0),
            (b"\x1b(I1234^\x1b(B", JIS, "ｱｲｳｴﾞ", "ISO-2022-JP", false, 0),
            (b"\x0e1234^\x0fA", JIS, "ｱｲｳｴﾞA", "ISO-2022-JP", false, 0),
            (b"\x1b$B4A\x1b(B\xb1\xb2\xb3", JIS, "漢ｱｲｳ", "ISO-2022-JP", true, 0),
            (
                b"\x1b$B-!-j-3\x1b(B",
                Some("ISO-2022-JP"),
                "①㈱Ⅳ".replace('Ⅳ', "⑲").leak(),
                "ISO-2022-JP",
                false,
                0,
            ),
            (b"\x1b$Byuy!\x1b(B", Some("CP50221"), "﨑纊", "ISO-2022-JP", false, 0),
            (b"\x1b$(D0!\x1b(B", Some("iso-2022-jp-1"), "丂", "ISO-2022-JP", false, 0),
            (b"\x1b$A0!\x1b$(C0!\x1b(B", Some("iso-2022-jp-2"), "啊가", "ISO-2022-JP", false, 0),
            (b"\x1b.A\x1bNi\x1b$B4A\x1b(B", Some("ISO-2022-JP-2"), "é漢", "ISO-2022-JP", false, 0),
            (b"\x1b$B4A;z", JIS, "漢字", "ISO-2022-JP", true, 0),
            (b"\x1b$B4A;z\r\nabc", JIS, "漢字\r\nabc", "ISO-2022-JP", true, 0),
            (b"\x1b$B$\"$$\r\n$+$-$/\x1b(B", JIS, "あい\r\nかきく", "ISO-2022-JP", true, 0),
            (b"\x1b$B$\"\xa4\xa4\x1b(B", JIS, "あい", "ISO-2022-JP", true, 0),
            (b"\x1b$Bu!~~\x1b(B", Some("ISO-2022-JP-MS"), "\u{e000}\u{e3ab}", "ISO-2022-JP", false, 0),
            (b"\x1b$(?!!4~\x1b(B", Some("ISO-2022-JP-MS"), "\u{e000}\u{e757}", "ISO-2022-JP", false, 0),
            (b"\x1b$B4A\x7f!\x1b(B", Some("CP50220"), "漢\u{e000}", "ISO-2022-JP", false, 0),
            (b"\x1b$(Q4A/!\x1b(B", Some("ISO-2022-JP-2004"), "漢\u{fffd}", "ISO-2022-JP", false, 1),
            (b"\x1b$(P4A\x1b(B", Some("ISO-2022-JP-3"), "\u{fffd}", "ISO-2022-JP", false, 1),
            (b"\x1b&@\x1b$B4A\x1b(B", JIS, "漢", "ISO-2022-JP", false, 0),
            (b"\x1b$B4A\x1b(B", Some("us-ascii"), "漢", "ISO-2022-JP", true, 0),
            (b"\x1b$B4A\x1b(B", None, "漢", "ISO-2022-JP", true, 0),
            (b"\x1b$B4A\x1b(B", Some("utf-8"), "漢", "ISO-2022-JP", true, 0),
            (b"\x1b$B4A\x1b(B", Some("shift_jis"), "漢", "ISO-2022-JP", true, 0),
            (b"\x1b$B4\x1b(B", JIS, "\u{fffd}", "ISO-2022-JP", false, 1),
            (b"$B4A;z(B and $B$\"(J.", JIS, "漢字 and あ.", "ISO-2022-JP", true, 0),
            (b"costs $B4 (B)", JIS, "costs $B4 (B)", "ISO-2022-JP", false, 0),
            (b"\x1b[31mred", JIS, "\u{1b}[31mred", "ISO-2022-JP", false, 1),
            (b"\x1b[31mred", None, "\u{1b}[31mred", "US-ASCII", false, 0),
        ],
        30,
    );
}

#[test]
fn other_charsets_by_their_label() {
    check(
        &[
            (b"\x8a\xbf\x8e\x9a\xb6\xde\\~", Some("Shift_JIS"), "漢字ｶﾞ\\~", "Shift_JIS", false, 0),
            (
                b"\x87\x40\xfb\xfc\xf0\x40\xf9\xfc",
                Some("CP932"),
                "①髙\u{e000}\u{e757}",
                "Shift_JIS",
                false,
                0,
            ),
            (b"\x8a\xbf", Some("x-sjis"), "漢", "Shift_JIS", false, 0),
            (b"\x8a\xbf", Some("MS_Kanji"), "漢", "Shift_JIS", false, 0),
            (b"\x8a\xbf", Some("Windows-31J"), "漢", "Shift_JIS", false, 0),
            (b"\x8a\xbf", Some("\"shift-jis\""), "漢", "Shift_JIS", false, 0),
            (b"\xb4\xc1\xbb\xfa\x8e\xb1\x8f\xb0\xa1", Some("EUC-JP"), "漢字ｱ丂", "EUC-JP", false, 0),
            (b"\xad\xa1\xf5\xa1", Some("CP51932"), "①\u{e000}", "EUC-JP", false, 0),
            (b"\xf9\xa1\x8f\xf5\xa1", Some("eucJP-ms"), "\u{e178}\u{e3ac}", "EUC-JP", false, 0),
            ("漢字".as_bytes(), Some("utf8"), "漢字", "UTF-8", false, 0),
            (b"\xef\xbb\xbfa\xe3\x81\x82", Some("utf-8"), "aあ", "UTF-8", false, 0),
            (b"\xff\xfea\0", Some("utf-16"), "a", "UTF-16LE", false, 0),
            (b"\x30\x42\x30\x44", Some("utf-16"), "あい", "UTF-16BE", false, 0),
            (b"\x42\x30\x44\x30", Some("utf-16"), "あい", "UTF-16LE", false, 0),
            (b"\x42\x30", Some("utf-16le"), "あ", "UTF-16LE", false, 0),
            (b"\0\0\x30\x42", Some("utf-32"), "あ", "UTF-32", false, 0),
            (b"caf\xe9", Some("iso-8859-1"), "café", "windows-1252", false, 0),
            (b"\xc4\xe3\xba\xc3", Some("gb2312"), "你好", "GBK", false, 0),
            (b"\xa7A\xa6n", Some("big5"), "你好", "Big5", false, 0),
            (b"\xb0\xa1", Some("ks_c_5601-1987"), "가", "EUC-KR", false, 0),
            (b"\x1b$)C\x0e0!\x0f a", Some("iso-2022-kr"), "가 a", "EUC-KR", false, 0),
            (b"\xf0\xd2", Some("koi8-r"), "Пр", "KOI8-R", false, 0),
            (b"\xcf\xf0", Some("windows-1251"), "Пр", "windows-1251", false, 0),
            (b"\xcf\xf0", Some("cp1251"), "Пр", "windows-1251", false, 0),
            (b"plain", Some("x-nobody-knows"), "plain", "US-ASCII", false, 0),
        ],
        25,
    );
}

#[test]
fn labels_that_lie_are_corrected_where_it_is_proven() {
    let sjis = SHIFT_JIS.encode("こんにちは、総務課です。").0.into_owned();
    let euc = EUC_JP.encode("こんにちは、総務課です。").0.into_owned();
    let text = "こんにちは、総務課です。";
    let kana = SHIFT_JIS.encode("ﾀﾞｲｺｸﾎﾞｳｴｷ ｶﾌﾞｼｷｶﾞｲｼｬ").0.into_owned();
    check(
        &[
            (&sjis, None, text, "Shift_JIS", true, 0),
            (&sjis, Some("us-ascii"), text, "Shift_JIS", true, 0),
            (&sjis, Some("utf-8"), text, "Shift_JIS", true, 0),
            (&sjis, Some("iso-8859-1"), text, "Shift_JIS", true, 0),
            (&sjis, Some("iso-2022-jp"), text, "Shift_JIS", true, 0),
            (&sjis, Some("euc-jp"), text, "Shift_JIS", true, 0),
            (&sjis, Some("x-unknown"), text, "Shift_JIS", true, 0),
            (&euc, None, text, "EUC-JP", true, 0),
            (&euc, Some("us-ascii"), text, "EUC-JP", true, 0),
            (&euc, Some("utf-8"), text, "EUC-JP", true, 0),
            (&euc, Some("iso-8859-1"), text, "EUC-JP", true, 0),
            (&euc, Some("iso-2022-jp"), text, "EUC-JP", true, 0),
            (text.as_bytes(), None, text, "UTF-8", true, 0),
            (text.as_bytes(), Some("iso-8859-1"), text, "UTF-8", true, 0),
            (text.as_bytes(), Some("us-ascii"), text, "UTF-8", true, 0),
            (text.as_bytes(), Some("shift_jis"), text, "UTF-8", true, 0),
            (text.as_bytes(), Some("euc-jp"), text, "UTF-8", true, 0),
            (text.as_bytes(), Some("iso-2022-jp"), text, "UTF-8", true, 0),
            (&kana, None, "ﾀﾞｲｺｸﾎﾞｳｴｷ ｶﾌﾞｼｷｶﾞｲｼｬ", "Shift_JIS", true, 0),
            (b"pr\xe9sent \xe0 Paris", None, "présent à Paris", "windows-1252", true, 0),
            (b"\xab\xa0Oui\xa0\xbb", None, "«\u{a0}Oui\u{a0}»", "windows-1252", true, 0),
            (b"\xcf\xf0\xe8\xe2\xe5\xf2", None, &"\u{fffd}".repeat(6), "US-ASCII", false, 6),
            (b"pr\xe9sent \xe0 Paris", Some("iso-8859-1"), "présent à Paris", "windows-1252", false, 0),
            (b"\xe3\x81\x82\xe3\x81\x84\xe3", Some("utf-8"), "あい\u{fffd}", "UTF-8", false, 1),
        ],
        24,
    );
}

#[test]
fn charsets_that_hide_text_are_refused() {
    for (octets, label, refused) in [
        (b"+ADw-script+AD4-".as_slice(), "utf-7", true),
        (b"plain text", "utf-7", false),
        (b"~{<:Ky2;~}", "hz-gb-2312", true),
        (b"\x1b$)A\x0e", "iso-2022-cn", true),
    ] {
        let read = decode(octets, Some(label));
        assert_eq!(read.refused, refused, "{label}");
        assert!(!read.text.contains('<') || label == "hz-gb-2312");
    }
}

#[test]
fn files_go_back_into_their_charset() {
    let text = "①髙ｱ漢字\r\n\u{e000}\u{e757}abc〜";
    let back = "①髙ｱ漢字\r\n\u{e000}\u{e757}abc～";
    let sjis = encode(text, "cp932", ByteOrderMark::Omit);
    assert_eq!((decode(&sjis.octets, Some(sjis.used)).text.as_str(), sjis.unencodable.len()), (back, 0));
    let euc = encode("①ｱ漢字\u{e000}😀😀", "euc-jp", ByteOrderMark::Omit);
    assert_eq!(decode(&euc.octets, Some(euc.used)).text, "①ｱ漢字\u{e000}〓〓");
    assert_eq!(euc.unencodable, ['😀']);
    let jis = encode("a①ｱ漢\n字", "iso-2022-jp", ByteOrderMark::Omit);
    assert!(jis.octets.is_ascii() && jis.octets.ends_with(b"\x1b(B"));
    assert_eq!(decode(&jis.octets, Some(jis.used)).text, "a①ｱ漢\n字");
    let utf8 = encode("あ", "utf-8", ByteOrderMark::Write);
    assert_eq!(utf8.octets, b"\xef\xbb\xbf\xe3\x81\x82");
    let utf16 = encode("あ", "utf-16", ByteOrderMark::Write);
    assert_eq!(utf16.octets, b"\xff\xfe\x42\x30");
    assert!(decode(&utf16.octets, None).byte_order_mark);
    assert_eq!(encode("é漢", "windows-1252", ByteOrderMark::Omit).octets, b"\xe9?");
}
