//! What a text may hold: only what a reader sees, and nothing on which a reader's program acts.
//!
//! Written for decoded text with CRLF line ends, as it stands on the wire. Texts in Japanese charsets are not decoded
//! (see [`charset`]): they are mapped to a scan form that keeps line ends and all ASCII where a decoder would see it.
//!
//! *Security.* One pass over the characters and one over the lines, both linear; nothing is allocated for UTF-8.

pub(crate) mod charset;
pub(crate) mod component;
pub(crate) mod delimited;
pub(crate) mod json;
pub(crate) mod xml;

use crate::objections::Objections;

/// Longest tag sequence of a flag; the longest in use has six tags and a terminator.
const FLAG_TAGS_MAX: usize = 16;
/// Longest scheme or host that is compared.
const WORD_MAX: usize = 255;

/// Which line ends a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// CRLF alone.
    Crlf,
    /// CRLF, or LF alone.
    Either,
    /// None: a value of one line, without TAB.
    OneLine,
}

/// Checks the text that a mail program shows: characters, and lines on which it would act.
pub(crate) fn check(text: &str, objections: &mut Objections) {
    check_characters(text, LineEnds::Crlf, objections);
    for line in text.split("\r\n") {
        check_line(line, objections);
    }
}

/// Only what can be seen, TAB, and line ends. A byte order mark must have been taken off before.
pub(crate) fn check_characters(text: &str, ends: LineEnds, objections: &mut Objections) {
    let mut rest = text;
    let mut previous: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        // The common case first: printable ASCII in one go.
        let plain = rest.bytes().take_while(|b| (0x20..0x7f).contains(b)).count();
        if plain > 0 {
            let (run, behind) = rest.split_at_checked(plain).unwrap_or((rest, ""));
            previous = run.chars().next_back();
            rest = behind;
            continue;
        }
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        let line_end = match (c, ends) {
            ('\r', LineEnds::Crlf | LineEnds::Either) => behind.strip_prefix('\n'),
            ('\n', LineEnds::Either) => Some(behind),
            _ => None,
        };
        if let Some(behind) = line_end {
            previous = None;
            rest = behind;
            continue;
        }
        if c == '\u{1f3f4}' {
            rest = flag_tags(behind);
            previous = Some(c);
            continue;
        }
        let is_tab = c == '\t' && ends != LineEnds::OneLine;
        if !is_tab && is_never_shown(c) && !is_in_place(c, previous, behind.chars().next()) {
            objections.add("text.character", format!("U+{:04X}", u32::from(c)));
        }
        previous = Some(c);
        rest = behind;
    }
}

/// Controls, bidi controls, zero-width and filler characters, separators, tags, selectors, noncharacters.
fn is_never_shown(c: char) -> bool {
    let code = u32::from(c);
    matches!(
        code,
        0x00..=0x1f | 0x7f..=0x9f | 0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfdd0..=0xfdef | 0xfe00..=0xfe0f
        | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff
    ) || code & 0xfffe == 0xfffe
}

/// Joiners inside emoji, selectors behind what they select, ideographic variants (UTS #37, UTS #51).
fn is_in_place(c: char, previous: Option<char>, next: Option<char>) -> bool {
    let Some(previous) = previous else { return false };
    match u32::from(c) {
        0x200d => {
            (is_emoji(previous) || previous == '\u{fe0f}' || is_skin_tone(previous))
                && next.is_some_and(is_emoji)
        }
        0xfe0e | 0xfe0f => is_emoji(previous) || matches!(previous, '0'..='9' | '#' | '*'),
        0xfe00..=0xfe0d => is_ideograph(previous) || is_wide_punctuation(previous),
        0xe0100..=0xe01ef => is_ideograph(previous),
        _ => false,
    }
}

fn is_skin_tone(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

fn is_emoji(c: char) -> bool {
    matches!(
        u32::from(c),
        0xa9 | 0xae | 0x203c | 0x2049 | 0x2122 | 0x2139 | 0x2190..=0x21ff | 0x2300..=0x23ff | 0x24c2
        | 0x25a0..=0x27bf | 0x2900..=0x297f | 0x2b00..=0x2bff | 0x3030 | 0x303d | 0x3297 | 0x3299
        | 0x1_f000..=0x1_faff
    )
}

fn is_ideograph(c: char) -> bool {
    matches!(
        u32::from(c),
        0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff
        | 0x2_0000..=0x3_fffd
    )
}

fn is_wide_punctuation(c: char) -> bool {
    matches!(u32::from(c), 0x3001..=0x3002 | 0xff01 | 0xff0c | 0xff0e | 0xff1a..=0xff1b | 0xff1f)
}

/// What is behind the tags of a flag (UTS #51 ED-14a); all of it when there are none.
fn flag_tags(behind: &str) -> &str {
    for (index, (at, c)) in behind.char_indices().enumerate().take(FLAG_TAGS_MAX) {
        match u32::from(c) {
            0xe0020..=0xe007e => {}
            0xe007f if index > 0 => return behind.get(at.saturating_add(4)..).unwrap_or_default(),
            _ => break,
        }
    }
    behind
}

/// Lines that some program would decode, and addresses on which it would act.
pub(crate) fn check_line(line: &str, objections: &mut Objections) {
    let start = line.trim_start_matches([' ', '\t']);
    let encoded = match start.as_bytes().first() {
        Some(b'b') => is_uuencode(start),
        Some(b'=') => ["=ybegin ", "=ypart ", "=yend "].iter().any(|head| start.starts_with(head)),
        Some(b'(') => start.starts_with("(This file must be converted with BinHex"),
        Some(b'-') => start.starts_with("-----BEGIN "),
        _ => false,
    };
    objections.require(!encoded, "text.encoded_file", "a line that begins an encoded file");
    let octets = line.as_bytes();
    for (place, octet) in octets.iter().enumerate() {
        match octet {
            b':' => {
                let (before, behind) = line.split_at_checked(place).unwrap_or((line, ""));
                if is_live_scheme(before, behind.get(1..).unwrap_or_default()) {
                    objections.add("text.scheme", "an address on which a program acts");
                }
            }
            b'\\' if line.get(place..).is_some_and(is_unc) => objections.add("text.unc_path", ""),
            _ => {}
        }
    }
}

fn starts_with(text: &str, head: &str) -> bool {
    text.as_bytes().get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head.as_bytes()))
}

/// `begin 644 name`, `begin-base64 644 name`.
fn is_uuencode(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("begin") else { return false };
    let rest = rest.strip_prefix("-base64").unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(' ') else { return false };
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let (Some(mode), Some(_name)) = (words.next(), words.next()) else { return false };
    let octal = mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    octal && (mode.len() == 3 || (mode.len() == 4 && mode.starts_with('0')))
}

/// Whether a program would act on an address whose scheme ends `before` the colon.
fn is_live_scheme(before: &str, behind: &str) -> bool {
    if behind.chars().next().is_none_or(char::is_whitespace) {
        return false;
    }
    let is_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    let length = before.bytes().rev().take(WORD_MAX).take_while(|&b| is_scheme(b)).count();
    let scheme = before.get(before.len().saturating_sub(length)..).unwrap_or_default();
    if scheme.len() > 64 {
        return false;
    }
    let last = scheme.rsplit(['.', '+']).next().unwrap_or_default();
    let is = |name: &str| last.eq_ignore_ascii_case(name);
    starts_with(last, "ms-")
        || ["search-ms", "search", "javascript", "vbscript", "mhtml", "shell"].iter().any(|name| is(name))
        || (is("file") && behind.starts_with(['/', '\\', '%']))
}

/// `\\host\share`, `\\host@SSL\…`.
fn is_unc(text: &str) -> bool {
    let rest = text.trim_start_matches('\\');
    if text.len().saturating_sub(rest.len()) < 2 || !rest.starts_with(|c: char| c.is_alphanumeric()) {
        return false;
    }
    let is_host = |c: char| c.is_alphanumeric() || ".-_%$".contains(c);
    let mut behind = rest.chars().take(WORD_MAX).skip_while(|&c| is_host(c));
    match behind.next() {
        Some('@') => true,
        Some('\\' | '/') => behind.next().is_some_and(char::is_alphanumeric),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<String> {
        let mut objections = Objections::default();
        check(text, &mut objections);
        objections.into_list().into_iter().map(|o| o.rule).collect()
    }

    #[test]
    fn what_people_write_passes() {
        let cases = [
            "",
            "一行目\r\n\ttab\r\n",
            "絵文字 👨‍👩‍👧 ❤️ 1️⃣ 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "葛\u{e0100}城、辻\u{fe00}",
            "外字 \u{e000}",
            "begin 2024 with joy",
            "profile: x",
            "File: report.pdf",
            "a \\\\hline b",
            "https://example.jp/?a=b:c",
        ];
        for case in cases {
            assert_eq!(rules(case), Vec::<String>::new(), "{case:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_refused() {
        let cases = [
            "a\nb",
            "a\rb",
            "\0",
            "\u{1b}[0m",
            "a\u{202e}b",
            "\u{200b}",
            "\u{feff}a",
            "a\u{200d}b",
            "a\u{fe0f}",
            "a\u{e0100}",
            "\u{e0061}",
            "\u{85}",
            "\u{ad}",
            "\u{fffe}",
            "\u{2028}",
            "\u{3164}",
            "\u{1f3f4}\u{e0067}",
        ];
        for case in cases {
            assert!(!rules(case).is_empty(), "{case:?}");
        }
        assert_eq!(cases.len(), 17);
    }

    #[test]
    fn what_programs_act_on_is_refused() {
        let cases = [
            ("begin 644 a.exe", "text.encoded_file"),
            ("x\r\nbegin-base64 0644 a.exe", "text.encoded_file"),
            ("=ybegin line=128 size=1 name=a", "text.encoded_file"),
            ("(This file must be converted with BinHex 4.0)", "text.encoded_file"),
            ("-----BEGIN PGP MESSAGE-----", "text.encoded_file"),
            ("見て file://host/x", "text.scheme"),
            ("FILE:\\\\x", "text.scheme"),
            ("search-ms:query=x", "text.scheme"),
            ("<ms-officecmd:{}>", "text.scheme"),
            ("javascript:alert(1)", "text.scheme"),
            ("\\\\host\\share", "text.unc_path"),
            ("\\\\host@SSL\\dav", "text.unc_path"),
        ];
        for (case, rule) in cases {
            assert!(rules(case).iter().any(|found| found == rule), "{case:?}");
        }
    }
}
