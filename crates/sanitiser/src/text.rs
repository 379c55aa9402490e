//! The one filter through which every text passes before a person reads it: decoded text in, visible text out.
//!
//! Line ends become `\n`; control, bidi and invisible characters go, save those without which Japanese names or
//! emoji change (variation selectors, joiners inside emoji) and 外字; addresses on which a reader's program would
//! act (`file:`, `search-ms:`, UNC paths …) and lines that it would decode (uuencode, yEnc, `BinHex`, armour) are
//! broken visibly. Format=flowed (RFC 3676) is unwrapped by [`unflow`] before.
//!
//! *Security.* Given any text of any length; spends its characters from the budget and refuses the whole text when
//! they do not suffice. One pass for characters and one for lines, both linear. Filtering twice changes nothing and
//! finds nothing above *info* the second time.

mod characters;
mod flowed;
mod lines;

pub use characters::is_invisible;
pub(crate) use characters::visible;
pub use flowed::{DelSp, unflow};

use policy::{Budget, FindingCode, Findings};

/// Filters a text. Fails only when the budget for text is spent.
pub fn filter(text: &str, budget: &mut Budget, findings: &mut Findings) -> Result<String, FindingCode> {
    let chars = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    budget.spend_text(chars).map_err(|exhausted| exhausted.0)?;
    Ok(filter_spent(text, findings))
}

/// Filters a text that has been paid for.
pub(crate) fn filter_spent(text: &str, findings: &mut Findings) -> String {
    lines::broken(&visible(text, findings), findings)
}

/// Whether a line, as it stands, is one on which no program would act.
pub(crate) fn is_inert(line: &str) -> bool {
    lines::broken(line, &mut Findings::new()) == line
}

/// Filters one short field (a subject, a name, a cell of a summary): as [`filter`], and line ends become spaces.
pub fn filter_line(text: &str, findings: &mut Findings) -> String {
    let line = filter_spent(text, findings);
    line.split('\n').map(str::trim).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Limits, Severity};

    fn check(input: &str, expected: &str) {
        let mut budget = Budget::new(&Limits::STANDARD);
        let mut findings = Findings::new();
        let once = filter(input, &mut budget, &mut findings).unwrap();
        assert_eq!(once, expected, "{input:?}");
        let mut again = Findings::new();
        assert_eq!(filter(&once, &mut budget, &mut again).unwrap(), once, "{input:?} twice");
        assert_eq!(again.gravest(), Severity::Info, "{input:?} twice: {again:?}");
    }

    #[test]
    fn texts_become_visible_and_stay_so() {
        let cases = [
            ("a\r\nb\rc\nd\u{85}e\u{2028}f", "a\nb\nc\nd\ne\nf"),
            ("a\0b\u{1b}[31mc\u{7f}\u{9b}", "ab[31mc"),
            ("\u{202e}fdp.exe\u{202c} \u{200b}x\u{feff}", "fdp.exe x"),
            ("👨\u{200d}👩\u{200d}👧", "👨\u{200d}👩\u{200d}👧"),
            ("❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}", "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}"),
            ("a\u{200d}b 1\u{fe0f}", "ab 1"),
            ("👨\u{200d}\u{200d}👩", "👨\u{200d}👩"),
            ("葛\u{e0100}飾 辻\u{fe00} x\u{e0100}", "葛\u{e0100}飾 辻\u{fe00} x"),
            (
                "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} \u{e0041}",
                "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} ",
            ),
            ("髙\u{e000}橋", "髙\u{e000}橋"),
            ("か\u{3099} ｶﾞ ㈱ ①", "か\u{3099} ｶﾞ ㈱ ①"),
            ("リンクfile://h/s", "リンクfile：//h/s"),
            ("fi\u{200b}le:///c:/x FILE:x", "file：///c:/x FILE：x"),
            ("profile:x file: report", "profile:x file: report"),
            ("search-ms:query=x&crumb=y", "search-ms：query=x&crumb=y"),
            ("MS-Word:ofe|u|http://x", "MS-Word：ofe|u|http://x"),
            ("javascript:alert(1) vbscript:x", "javascript：alert(1) vbscript：x"),
            ("data:text/html,x Data: yes data:5", "data：text/html,x Data: yes data:5"),
            ("see \\\\host\\share\\x", "see ＼＼host\\share\\x"),
            ("\\\\192.0.2.1@80\\dav", "＼＼192.0.2.1@80\\dav"),
            ("<\\\\server>", "<＼＼server>"),
            ("x\\\\_h\\s \\\\h\\_s", "x＼＼_h\\s ＼＼h\\_s"),
            (
                "x-ms-word:ofe a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.file:x",
                "x-ms-word：ofe a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.file：x",
            ),
            ("C:\\Users\\x \\o/ \\\\_// \\d+", "C:\\Users\\x \\o/ \\\\_// \\d+"),
            ("http://x.jp/a:b 10:30 注:file", "http://x.jp/a:b 10:30 注:file"),
            ("begin 644 a.exe\nM...\nend", "> begin 644 a.exe\nM...\nend"),
            ("begin 2020 with", "begin 2020 with"),
            ("=ybegin line=128 size=1 name=x", "> =ybegin line=128 size=1 name=x"),
            ("-----BEGIN PGP MESSAGE-----", "> -----BEGIN PGP MESSAGE-----"),
            ("-----Original Message-----", "-----Original Message-----"),
            (
                "(This file must be converted with BinHex 4.0)",
                "> (This file must be converted with BinHex 4.0)",
            ),
        ];
        let mut ran = 0;
        for (input, expected) in cases {
            check(input, expected);
            ran += 1;
        }
        assert_eq!(ran, 31);
    }

    #[test]
    fn what_is_taken_in_one_go_is_visible() {
        let plain = ('\0'..=char::MAX).filter(|&c| characters::is_plain(c)).collect::<String>();
        assert!(plain.chars().count() > 20_000);
        assert!(!plain.chars().any(is_invisible));
    }

    #[test]
    fn findings_say_what_was_done() {
        let mut findings = Findings::new();
        let mut budget = Budget::new(&Limits::STANDARD);
        filter("\u{e000}\u{200b}\u{200b}file:///x\nbegin 644 x\n", &mut budget, &mut findings).unwrap();
        for (code, count) in [
            (FindingCode::PrivateUse, 1),
            (FindingCode::InvisibleDropped, 2),
            (FindingCode::DangerousLink, 1),
            (FindingCode::EncodedInText, 1),
        ] {
            assert_eq!(findings.count(code), count, "{code:?}");
        }
    }

    #[test]
    fn the_text_budget_is_met_exactly_and_passed_by_one() {
        let mut budget = Budget::new(&Limits { text_chars: 3, ..Limits::STANDARD });
        assert_eq!(filter("あいう", &mut budget, &mut Findings::new()).as_deref(), Ok("あいう"));
        assert_eq!(filter("x", &mut budget, &mut Findings::new()), Err(FindingCode::LimitText));
    }
}
