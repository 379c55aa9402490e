//! What a text may hold: only what a reader sees, and nothing on which a reader's program acts.
//!
//! Written for decoded text with CRLF line ends, as it stands on the wire. Texts in Japanese charsets are not decoded
//! (see [`charset`]): they are mapped to a scan form that keeps line ends and all ASCII where a decoder would see it.
//!
//! *Security.* One pass over the characters and one over the lines, both linear.

pub(crate) mod charset;
pub(crate) mod component;
pub(crate) mod delimited;
pub(crate) mod json;
mod lines;
pub(crate) mod xml;

use crate::objections::Objections;
pub(crate) use lines::{LIVE, check_line};

/// Longest tag sequence of a flag; the longest in use has six tags and a terminator.
const FLAG_TAGS_MAX: usize = 16;

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
    for line in lines_of(text) {
        check_line(line, objections);
    }
}

/// The lines of a text whose line ends were checked, without these.
pub(crate) fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// Checks a file of text under the label of its charset.
pub(crate) fn check_file(octets: &[u8], label: &str, media_type: &str, objections: &mut Objections) {
    let form = match charset::scan_form(octets, label) {
        Ok(form) => form,
        Err(why) => return objections.add("text.charset", why),
    };
    let fault = match media_type {
        "text/plain" => {
            check_characters(&form, LineEnds::Crlf, objections);
            if let Some(guessed) = charset::guessed(octets, label) {
                check_characters(guessed, LineEnds::Crlf, objections);
            }
            None
        }
        "text/csv" | "text/tab-separated-values" => {
            check_characters(&form, LineEnds::Either, objections);
            delimited::check(&form, objections);
            if let Some(guessed) = charset::guessed(octets, label) {
                check_characters(guessed, LineEnds::Either, objections);
                delimited::check(guessed, objections);
            }
            if let Some(guessed) = charset::as_shift_jis(octets, label) {
                delimited::check(&guessed, objections);
            }
            // A spreadsheet knows no escapes: the octets of kanji are ASCII to it, and may be a formula.
            (label == "ISO-2022-JP").then_some(("csv.charset", "one that no spreadsheet reads"))
        }
        "application/json" => {
            check_characters(&form, LineEnds::Either, objections);
            json::check(&form).err().map(|why| ("json.form", why))
        }
        "text/xml" | "application/xml" => {
            check_characters(&form, LineEnds::Either, objections);
            xml::check(&form).err().map(|why| ("xml.form", why))
        }
        "text/calendar" | "text/vcard" => {
            check_characters(&form, LineEnds::Crlf, objections);
            if media_type == "text/vcard" {
                component::check_card(&form, objections);
            } else {
                component::check_calendar(&form, objections);
            }
            None
        }
        _ => Some(("part.media_type", "not on the list")),
    };
    if let Some((rule, why)) = fault {
        objections.add(rule, why);
    }
}

/// Only what can be seen, TAB, and line ends. A byte order mark must have been taken off before.
pub(crate) fn check_characters(text: &str, ends: LineEnds, objections: &mut Objections) {
    let mut rest = text;
    let mut previous: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        // The common case first: what everybody sees, in one go.
        let behind = rest.trim_start_matches(is_plain);
        let run = rest.get(..rest.len().saturating_sub(behind.len())).unwrap_or_default();
        if !run.is_empty() {
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

/// Printable ASCII, Japanese punctuation, kana, ideographs, and full-width and half-width forms: of these
/// [`is_never_shown`] names none.
const fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff9f}')
}

/// Controls, bidi controls, zero-width and filler characters, separators, tags, selectors, noncharacters.
pub(crate) fn is_never_shown(c: char) -> bool {
    let code = u32::from(c);
    matches!(
        code,
        0x00..=0x1f | 0x7f..=0x9f | 0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfdd0..=0xfdef | 0xfe00..=0xfe0f
        | 0xfeff | 0xffa0 | 0xfff0..=0xfffc | 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<String> {
        let mut objections = Objections::default();
        check(text, &mut objections);
        objections.into_list().into_iter().map(|o| o.rule).collect()
    }

    #[test]
    fn what_is_passed_in_one_go_is_always_shown() {
        let plain: Vec<char> = ('\0'..=char::MAX).filter(|&c| is_plain(c)).collect();
        assert!(plain.len() > 20_000);
        assert_eq!(plain.into_iter().find(|&c| is_never_shown(c)), None);
    }

    #[test]
    fn what_people_write_passes() {
        let cases = [
            "",
            "一行目\r\n\ttab\r\n",
            "絵文字 👨‍👩‍👧 ❤️ 1️⃣ 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "葛\u{e0100}城、辻\u{fe00}",
            "外字 \u{e000}",
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
}
