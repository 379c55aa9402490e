//! Letters as people write them, and the word that opens their file.

use super::*;

/// A try is cheap, but nobody wants to need many: the word stands among the first so many.
const AMONG: usize = 12;

fn letter(text: &str) -> Letter {
    Letter { text: text.to_owned(), ..Letter::default() }
}

/// Text of a letter, and the word.
const TEXTS: &[(&str, &str)] = &[
    ("パスワード：abc123", "abc123"),
    ("パスワード: abc123", "abc123"),
    ("パスワード　abc123", "abc123"),
    ("パスワード＝abc123", "abc123"),
    ("パスワード→abc123", "abc123"),
    ("パスワード：ＡＢＣ１２３", "ABC123"),
    ("パスワード：ａｂｃ－１２３", "abc-123"),
    ("ﾊﾟｽﾜｰﾄﾞ:x7y8z9", "x7y8z9"),
    ("PW: Kq3vT9", "Kq3vT9"),
    ("ＰＷ：Kq3vT9", "Kq3vT9"),
    ("pw=Kq3vT9", "Kq3vT9"),
    ("P/W: Kq3vT9", "Kq3vT9"),
    ("PASS：20yy-Zeimu", "20yy-Zeimu"),
    ("Pass:1234", "1234"),
    ("解凍パスワードはHk82mzです。", "Hk82mz"),
    ("解凍パスワードは、Hk82mz です", "Hk82mz"),
    ("開封パスワードはHk82mzとなります。", "Hk82mz"),
    ("パスワードは Hk82mz になりますので、よろしくお願いいたします。", "Hk82mz"),
    ("パスは「tanaka55」です", "tanaka55"),
    ("パスは『tanaka55』です。", "tanaka55"),
    ("パスワード【tanaka55】", "tanaka55"),
    ("【パスワード】tanaka55", "tanaka55"),
    ("[Password] tanaka55", "tanaka55"),
    ("■パスワード■　tanaka55", "tanaka55"),
    ("パスワード：\"tanaka55\"（引用符は含みません）", "tanaka55"),
    ("パスワード：“tanaka55”", "tanaka55"),
    ("パスワード：<tanaka55>", "tanaka55"),
    ("パスワード：'tanaka55'", "tanaka55"),
    ("パスワードは ≪tanaka55≫ です", "tanaka55"),
    ("添付ファイルのパスワードは下記の通りです。\n\n Xy7#kL\n\n以上、よろしくお願いします。", "Xy7#kL"),
    (
        "添付ファイルのパスワードは以下のとおりです。\n--------------------\nXy7#kL\n--------------------",
        "Xy7#kL",
    ),
    ("先ほどお送りしたファイルのパスワードをお知らせします。\n\n  パスワード\n  　Xy7#kL", "Xy7#kL"),
    ("パスワード\n↓\nXy7#kL", "Xy7#kL"),
    ("パスワードは次のとおりです。\n\n　　　「Xy7#kL」\n", "Xy7#kL"),
    ("> パスワードは\n> Xy7#kL\n> です。", "Xy7#kL"),
    ("●解凍用PW\n・Xy7#kL", "Xy7#kL"),
    ("パスワード： Xy7#kL （すべて半角）", "Xy7#kL"),
    ("パスワード：Xy7#kL(半角英数)", "Xy7#kL"),
    ("パスワード：Xy7#kL、有効期限：2026/12/01", "Xy7#kL"),
    ("ファイル名：mitsumori.zip\nパスワード：Xy7#kL", "Xy7#kL"),
    ("見積書.zip のパスワード: aaa111\n仕様書.zip のパスワード: bbb222", "bbb222"),
    ("各ファイルのパスワードです。\n見積書.zip　aaa111\n仕様書.zip　bbb222", "bbb222"),
    ("PW1: aaa111  PW2: bbb222", "bbb222"),
    ("ID：soumu / パスワード：bbb222", "bbb222"),
    ("「bbb222」が解凍パスワードになります。", "bbb222"),
    ("bbb222 が解凍用のパスワードです。", "bbb222"),
    ("zipファイルは bbb222 のパスワードで開いてください。", "bbb222"),
    ("暗証番号は4649です", "4649"),
    ("解凍キー：9-8-7-6", "9-8-7-6"),
    ("パスフレーズ: correct horse battery", "correct"),
    ("合言葉は「さくら満開」です。", "さくら満開"),
    ("パスワードはひまわりです。", "ひまわり"),
    ("パスワードは全角の「ＡＢＣ」です", "ＡＢＣ"),
    ("Password: Winter2026!", "Winter2026!"),
    ("password is Winter2026.", "Winter2026"),
    ("The password for the attached file is Winter2026.", "Winter2026"),
    ("Please use the following password to open the file:\n\n    Winter2026\n\nBest regards,", "Winter2026"),
    ("Use \"Winter2026\" as the password.", "Winter2026"),
    ("PASSCODE = 0x7Fz", "0x7Fz"),
    ("The passphrase: sunshine", "sunshine"),
    ("Passwd:Pass1234", "Pass1234"),
    ("pwd - Winter2026", "Winter2026"),
    ("お世話になっております。\n\nQ8w!e2Rt\n\n以上です。", "Q8w!e2Rt"),
    ("先程のメールの件です。\n「Q8we2Rt」\nよろしくお願いします。", "Q8we2Rt"),
    ("パスワードは本日の日付8桁です。", "20261121"),
    ("解凍パスワードは送信日の年月日（西暦8桁）です。", "20261121"),
    ("パスワード：本日の日付(yymmdd)", "261121"),
    ("PWは本日の月日4桁です", "1121"),
    ("パスワードは貴社電話番号の下4桁です。\n\n総務課 TEL 03-1234-5678", "5678"),
    ("パスワードは代表電話番号の下四桁です。\n電話：０４５（９８７）６５４３", "6543"),
    ("The password is the last four digits of our phone number.\nPhone: 03-1234-5678", "5678"),
    ("パスワード：p(a)ss.w0rd", "p(a)ss.w0rd"),
    ("パスワード：abc.def.", "abc.def"),
    ("パスワード：C:\\temp9", "C:\\temp9"),
];

#[test]
fn the_word_of_a_letter_is_among_the_first() {
    let date = DateTime::parse("Sat, 21 Nov 2026 18:06:24 +0900");
    let mut ran = 0;
    for (text, word) in TEXTS {
        let words = candidates(&[Letter { date, ..letter(text) }]);
        let at = words.iter().position(|candidate| candidate == word);
        assert!(at.is_some_and(|at| at < AMONG), "{text:?}: {word} at {at:?} of {words:?}");
        assert!(tells(&letter(text)) || word.starts_with("2026"), "{text:?}");
        ran += 1;
    }
    assert!(ran >= 60, "{ran}");
}

#[test]
fn subjects_and_names_of_files_are_read() {
    let cases = [
        (Letter { subject: "【PW】abc123".to_owned(), ..letter("本文") }, "abc123"),
        (Letter { subject: "Re: パスワードのご連絡（Kq3vT9）".to_owned(), ..letter("") }, "Kq3vT9"),
        (Letter { names: vec!["見積書(pass_1234).pdf".to_owned()], ..letter("") }, "1234"),
        (Letter { names: vec!["資料_PW2026ab.zip".to_owned()], ..letter("") }, "2026ab"),
        (Letter { names: vec!["資料[パスワードzeimu7].zip".to_owned()], ..letter("") }, "zeimu7"),
        (Letter { names: vec!["Kessan-2026Q3.zip".to_owned()], ..letter("") }, "Kessan-2026Q3"),
    ];
    let mut ran = 0;
    for (letter, word) in cases {
        let words = candidates(&[letter]);
        assert!(words.iter().take(AMONG).any(|candidate| candidate == word), "{word}: {words:?}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn a_letter_without_a_password_costs_few_words() {
    let letters = [
        "お世話になっております。総務課の山田です。\n添付ファイルをご確認ください。\nパスワードは別途メールにてお送りします。",
        "The password will be sent separately.\nBest regards",
        "バスとパスタとパスポートの写真です。 https://www.example.com/a?b=c mailto a@example.com",
    ];
    for text in letters {
        let words = candidates(&[letter(text)]);
        assert!(words.len() <= 3, "{text}: {words:?}");
        assert!(!tells(&letter(text)), "{text}: {words:?}");
    }
}

#[test]
fn words_are_bounded_distinct_and_from_all_letters() {
    let many: String = (0..5_000).map(|n| format!("パスワード：w{n:05}\n")).collect();
    let words = candidates(&[letter(&many), letter("PW: late9")]);
    assert!(words.iter().take(3).any(|word| word == "late9"), "each letter has its turn");
    assert_eq!(words.len(), WORDS_MAX);
    let distinct: HashSet<_> = words.iter().collect();
    assert_eq!(distinct.len(), words.len());
    let words = candidates(&[letter(&"x".repeat(1_000_000)), letter("PW: late9")]);
    assert_eq!(words.first().map(String::as_str), Some("late9"));
    let mut words = words;
    extend(&mut words, (0..500).map(|n| format!("agreed{n}")));
    assert_eq!(words.len(), WORDS_MAX);
    assert_eq!(format!("{:?}", letter("himitsu")), "Letter(7 octets, 0 names)");
}

#[test]
fn odd_input_is_read_to_its_end() {
    let odd = [
        "",
        "パスワード",
        "パスワード「",
        "PW:((((",
        "「」『』",
        "\u{0}\u{feff}",
        "pw\u{3000}\n\n\n",
        "下桁電話last",
    ];
    for text in odd {
        let _words = candidates(&[Letter {
            subject: text.to_owned(),
            names: vec![text.to_owned()],
            ..letter(&text.repeat(300))
        }]);
    }
}
