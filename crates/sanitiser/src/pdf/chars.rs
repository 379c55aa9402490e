//! Which characters may stand in a text layer.
//!
//! *Security.* The layer is read by search, copy and screen readers: nothing in it may hide, reorder or control.

use unicode_normalization::UnicodeNormalization as _;

/// Whether a character is written. Not written: C0 and C1 controls, soft hyphen, combining grapheme joiner, Arabic
/// letter mark, Hangul fillers, Khmer inherent vowels, Mongolian and other variation selectors, zero-width and bidi
/// controls, line and paragraph separators, invisible operators, surrogates, private use, noncharacters, specials
/// (annotation, object replacement, replacement character), musical controls, and everything from U+E0000 on.
pub(super) fn is_written(c: char) -> bool {
    let code = u32::from(c);
    let is_barred = matches!(code,
        0x00..=0x1F | 0x7F..=0x9F | 0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5
        | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164
        | 0xD800..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFF
        | 0x1D173..=0x1D17A | 0xE0000..);
    !is_barred && code & 0xFFFE != 0xFFFE
}

/// Whether a character is only a form of another: ligatures, CJK radicals, vertical presentation forms.
fn is_form(c: char) -> bool {
    matches!(u32::from(c), 0xFB00..=0xFB06 | 0x2E80..=0x2FDF | 0xFE10..=0xFE1F | 0xFE30..=0xFE4F)
}

/// The written characters of what a glyph stands for; forms become the characters that people search for (NFKC), and
/// every kind of space but the ideographic one becomes U+0020.
pub(super) fn plain(text: impl Iterator<Item = char>) -> String {
    let mut plain = String::new();
    for c in text {
        if matches!(c, '\t' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}') {
            plain.push(' ');
        } else if is_form(c) {
            plain.extend(std::iter::once(c).nfkc().filter(|&c| is_written(c)));
        } else if is_written(c) {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_become_what_people_search_for() {
        let cases = [
            ("︑︒", "、。"),
            ("⼀⽇", "一日"),
            ("ﬁn", "fin"),
            ("a\u{202E}b\u{200B}c\u{E000}d\u{FEFF}", "abcd"),
            ("髙﨑神\u{E0100}", "髙﨑神"),
            ("𠮷😀", "𠮷😀"),
            ("a\u{A0}b\u{3000}c", "a b\u{3000}c"),
            ("\u{10FFFF}\u{FFFE}\u{0}", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(plain(given.chars()), expected);
        }
        assert_eq!(cases.len(), 8);
    }
}
