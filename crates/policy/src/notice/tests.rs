use super::*;
use crate::{Action, AwaitFor, FindingCode, Findings, OutputInfo, PartReport, Sha256};
use mail::{MediaType, PartPath};

const BANNED: [&str; 4] = ["検疫", "隔離", "サニタイズ", "原本"];

fn context() -> NoticeContext {
    NoticeContext {
        kept: Some(KeptOriginal { receipt: "K7M2P9QX".to_owned(), until: DateTime::utc(1_797_724_800) }),
        reverse_path: "<a@evil.example>".to_owned(),
    }
}

fn part(
    number: u32,
    name: &str,
    media_type: &'static str,
    action: Action,
    codes: &[FindingCode],
) -> PartReport {
    let mut findings = Findings::new();
    for &code in codes {
        findings.add_detail(code, "www.evil.example/詳細");
    }
    let media_type = MediaType::known(media_type);
    let written = matches!(action, Action::Rebuild | Action::Flatten | Action::Extract) && !name.is_empty();
    PartReport {
        path: PartPath::root().child(number),
        name: name.to_owned(),
        media_type: media_type.clone(),
        size_octets: 1,
        reason: action.withholds().then(|| codes.first().copied()).flatten(),
        action,
        is_container: false,
        findings,
        output: written.then(|| OutputInfo {
            name: name.to_owned(),
            media_type,
            size_octets: 1,
            sha256: Sha256([0; 32]),
        }),
    }
}

fn policy(level: NoticeLevel, language: Language) -> Policy {
    let mut policy = Policy::standard();
    (policy.notice_level, policy.notice_language) = (level, language);
    "情報政策課 内線 1234".clone_into(&mut policy.contact);
    policy
}

/// What holds for every text of ours.
fn assert_fit(text: &str) {
    for word in BANNED {
        assert!(!text.contains(word), "{word}: {text}");
    }
    for mark in ["://", "www.", "@", "evil.example"] {
        assert!(!text.contains(mark), "{mark}: {text}");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
}

fn merged(codes: &[FindingCode]) -> PartReport {
    part(1, "", "text/plain", Action::Merge(PartPath::root()), codes)
}

#[test]
fn a_plain_mail_gets_one_line_and_no_status() {
    let report = Report::of_parts(vec![merged(&[])]);
    let texts = write(&report, &context(), &policy(NoticeLevel::Normal, Language::Japanese));
    assert_eq!(texts.status_line, None);
    assert_eq!(
        texts.block,
        "【メール無害化のお知らせ】受付番号 K7M2P9QX 元のメールは、令和8年12月20日（2026年）まで保管しています。\n"
    );
    assert_eq!(texts.list, None);
}

#[test]
fn files_are_named_with_what_became_of_them() {
    let report = Report::of_parts(vec![
        merged(&[]),
        part(2, "見積書.pdf", "application/pdf", Action::Flatten, &[FindingCode::PdfJavaScript]),
        part(
            3,
            "名簿.xlsm",
            "application/vnd.ms-excel",
            Action::Await(AwaitFor::Renderer),
            &[FindingCode::RendererMissing],
        ),
        part(4, "www.evil.com", "application/x-dosexec", Action::Remove, &[FindingCode::TypeNotAllowed]),
    ]);
    let texts = write(&report, &context(), &policy(NoticeLevel::Normal, Language::Japanese));
    assert_eq!(
        texts.status_line.as_deref(),
        Some(
            "【メール無害化】添付ファイルのうち 2 件は、お渡ししていません。くわしくは、このメールの最後のお知らせをご覧ください。"
        )
    );
    let expected = "\
――――――――――――――――――――
【メール無害化のお知らせ】受付番号 K7M2P9QX
・「見積書.pdf」 → 見た目のとおりのPDFに作り直しました。入力欄やリンクは使えません。自動で動くしくみを取り除きました。
・「名簿.xlsm」 → この種類のファイルは、まだ作り直すことができないため、お渡ししていません。
・「www．evil．com」 → プログラムなど、お渡ししないことになっている種類のファイルです。
元のメールは、令和8年12月20日（2026年）まで保管しています。
元のファイルが必要なときは、情報システムの担当者に受付番号をお伝えください。
連絡先: 情報政策課 内線 1234
このお知らせにリンクが付くことはありません。リンクの付いた似た文面は、本物ではありません。
――――――――――――――――――――
";
    assert_eq!(texts.block, expected);
    assert_eq!(texts.list, None);
}

#[test]
fn every_code_is_said_or_silent_in_both_languages_at_every_level() {
    let mut cases = 0;
    for &code in FindingCode::ALL {
        for action in [
            Action::Rebuild,
            Action::Flatten,
            Action::Extract,
            Action::Unpack,
            Action::Merge(PartPath::root()),
            Action::Await(AwaitFor::Password),
            Action::Await(AwaitFor::Renderer),
            Action::Await(AwaitFor::Approval),
            Action::Remove,
        ] {
            let report = Report::of_parts(vec![part(
                2,
                "http://www.evil.example/a@b",
                "application/pdf",
                action,
                &[code],
            )]);
            for level in [NoticeLevel::Short, NoticeLevel::Normal, NoticeLevel::Full] {
                let texts = write(&report, &context(), &policy(level, Language::Both));
                let whole = format!("{:?}{}{:?}", texts.status_line, texts.block, texts.list);
                assert_fit(&whole.replace("\\n", "\n"));
                cases += 1;
            }
        }
    }
    assert_eq!(cases, FindingCode::ALL.len() * 27);
}

#[test]
fn many_files_stay_within_the_block_and_the_rest_is_listed() {
    let mut parts =
        vec![merged(&[FindingCode::HiddenText, FindingCode::DeceptiveLink, FindingCode::ImitatesNotice])];
    parts.extend(
        (2..40).map(|n| part(n, "表.pdf", "application/pdf", Action::Remove, &[FindingCode::Unreadable])),
    );
    let report = Report::of_parts(parts);
    for (level, lines) in [(NoticeLevel::Short, 8), (NoticeLevel::Normal, BLOCK_LINES_MAX)] {
        let texts = write(&report, &context(), &policy(level, Language::Japanese));
        assert!(texts.block.lines().count() <= lines, "{}", texts.block);
        let (name, list) = texts.list.unwrap();
        assert_eq!(name, "無害化結果.txt");
        assert_eq!(list.matches("「表.pdf」").count(), 38);
        assert!(list.contains("先頭に「>」"));
    }
    let full = write(&report, &context(), &policy(NoticeLevel::Full, Language::Japanese));
    assert_eq!((full.block.matches("「表.pdf」").count(), full.list), (38, None));
}

#[test]
fn a_held_mail_is_explained() {
    let reasons = [
        HoldReason::Unreadable,
        HoldReason::Limit(FindingCode::LimitParts),
        HoldReason::Loop,
        HoldReason::JailFailed,
        HoldReason::VerifierRefused,
        HoldReason::Policy,
        HoldReason::NextHopRefused,
        HoldReason::Person,
        HoldReason::InternalFault,
    ];
    for reason in reasons {
        let report = Report::held(reason, Vec::new());
        let texts = write(&report, &context(), &policy(NoticeLevel::Normal, Language::Both));
        assert_fit(&texts.block);
        assert!(texts.status_line.is_some_and(|line| line.contains("まだお渡ししていません")));
        assert!(texts.block.contains("K7M2P9QX") && texts.block.contains("「a＠evil．example」"));
        assert!(texts.block.lines().count() <= 2 * BLOCK_LINES_MAX + 1);
    }
}

#[test]
fn an_html_body_alone_gets_one_line() {
    let html = part(1, "", "text/html", Action::Merge(PartPath::root()), &[FindingCode::HtmlToText]);
    let texts = write(
        &Report::of_parts(vec![html.clone()]),
        &context(),
        &policy(NoticeLevel::Normal, Language::Japanese),
    );
    assert!(texts.block.contains("HTML形式の本文は"));
    let both = write(
        &Report::of_parts(vec![merged(&[]), html]),
        &context(),
        &policy(NoticeLevel::Normal, Language::Japanese),
    );
    assert!(!both.block.contains("HTML形式の本文は"));
}

#[test]
fn what_we_write_counts_as_imitation_when_it_comes_from_outside() {
    let report = Report::of_parts(vec![part(
        2,
        "a.exe",
        "application/x-dosexec",
        Action::Remove,
        &[FindingCode::TypeNotAllowed],
    )]);
    let texts = write(&report, &context(), &policy(NoticeLevel::Normal, Language::Both));
    assert!(imitation_of(&texts.status_line.unwrap()));
    assert_eq!(texts.block.lines().filter(|line| imitation_of(line)).count(), 2);
    for line in [
        "【メール無害化】",
        "■メール無害化のお知らせ",
        " ＊ メール 無害化 のお知らせ：",
        "[MAIL SAFETY NOTICE] x",
        "【ﾒｰﾙ無害化】",
        "メ\u{200b}ール無害化",
        "無害化した元のファイルはこちら https://evil.example/",
        "無害化結果.txt",
    ] {
        assert!(imitation_of(line), "{line}");
    }
    for line in [
        "",
        "> 【メール無害化】",
        "メール無害化製品のご案内",
        "当社の無害化サービスについて",
        "受付番号 1234 https://example.jp/",
        "本日のお知らせ",
    ] {
        assert!(!imitation_of(line), "{line}");
    }
}

#[test]
fn quoted_names_cannot_leave_their_quotes() {
    for (name, expected) in [
        ("報告書.pdf", "「報告書.pdf」"),
        ("a.b.pdf", "「a．b.pdf」"),
        ("evil.com", "「evil．com」"),
        ("http://a.jp/x", "「http：／／a．jp／x」"),
        ("a」「b\r\nc\u{202e}", "「a』『b  c」"),
    ] {
        assert_eq!(quoted(name), expected);
    }
    assert_eq!(quoted(&"あ".repeat(100)).chars().count(), 62);
}

#[test]
fn letters_hold_no_link_and_no_line_of_others() {
    for failure in [DeliveryFailure::Refused, DeliveryFailure::TimedOut] {
        let letter = delivery_failure(failure, &["a@example.jp\r\nx".to_owned()], "https://evil.example");
        assert!(
            letter.text.contains("  a@example.jp  x\n")
                && letter.text.contains("「https：／／evil．example」")
        );
        assert_fit(&letter.text.replace("a@example.jp", ""));
    }
    assert_eq!(follow_up_mark(Language::Japanese), "［追送］");
}

#[test]
fn nothing_is_promised_of_an_original_that_nobody_keeps() {
    let parts = vec![part(1, "予算.pdf", "application/pdf", Action::Flatten, &[])];
    let nobody = NoticeContext { kept: None, ..context() };
    let texts = write(&Report::of_parts(parts), &nobody, &Policy::standard());
    assert!(texts.block.contains("【メール無害化のお知らせ】\n"), "{}", texts.block);
    for promise in ["受付番号", "保管", "元のファイル"] {
        assert!(!texts.block.contains(promise), "{}", texts.block);
    }
}

#[test]
fn lists_of_what_is_held_are_outlines_and_fit() {
    let line = DigestLine {
        receipt: "K7M2P9QX".to_owned(),
        from: "市民 <a@evil.example>\r\nhttps://evil.example/x".to_owned(),
        subject: Some(format!("入札 https://www.evil.example/ {}", "長".repeat(200))),
        recipient: "soumu@example.lg.jp".to_owned(),
        reason: "policy".to_owned(),
        until: DateTime::utc(1_797_724_800),
    };
    let held = [line.clone(), DigestLine { subject: None, ..line }];
    let mut ran = 0;
    for language in [Language::Japanese, Language::English, Language::Both] {
        for reader in [DigestReader::Recipient, DigestReader::Admin] {
            let letter = digest(reader, &held, 3, &policy(NoticeLevel::Normal, language));
            assert_fit(&letter.text);
            assert!(letter.subject.contains('5') && letter.text.contains("K7M2P9QX"));
            assert_eq!(letter.text.contains("policy"), reader == DigestReader::Admin);
            assert!(!letter.text.contains(&"長".repeat(61)));
            ran += 1;
        }
    }
    assert_eq!(ran, 6);
    let letter = digest(DigestReader::Recipient, &held, 0, &policy(NoticeLevel::Normal, Language::Japanese));
    assert!(
        letter.text.lines().next().is_some_and(imitation_of),
        "outside mail that looks like it is quoted"
    );
}
