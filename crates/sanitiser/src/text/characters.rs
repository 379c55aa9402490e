//! Which characters a reader can see (Unicode 16, UTS #51 for emoji, UTS #37 for ideographic variants).
//!
//! *Security.* One pass over the characters with one of look-behind; the look-ahead is bounded (a flag made of tags).

use policy::{FindingCode, Findings};

/// Longest tag sequence behind a black flag that is kept (the longest in use has 6 tags).
const FLAG_TAGS_MAX: usize = 16;

/// Whether a character is never shown by itself: controls (other than tab and line end), bidi controls, zero-width
/// and filler characters, tags, variation selectors, non-characters.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffc}' | '\u{fffe}' | '\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || (u32::from(c) & 0xfffe) == 0xfffe
}

/// Printable ASCII, line feeds, Japanese punctuation, kana, ideographs, full-width and half-width forms: nothing is done
/// about any of them.
pub(super) const fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\n' | '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff9f}')
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3fffd}')
}

/// Characters that have an emoji form, a little wider than UTS #51's table.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23ff}' | '\u{24c2}' | '\u{25aa}'..='\u{25fe}'
        | '\u{2600}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b55}' | '\u{3030}'
        | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Whether a joiner or selector stands where it changes what is seen.
fn is_kept(c: char, previous: Option<char>, next: Option<char>) -> bool {
    let Some(previous) = previous else { return false };
    match c {
        '\u{200d}' => (is_emoji(previous) || previous == '\u{fe0f}') && next.is_some_and(is_emoji),
        '\u{fe0e}' | '\u{fe0f}' => {
            is_emoji(previous)
                || (matches!(previous, '0'..='9' | '#' | '*') && c == '\u{fe0f}' && next == Some('\u{20e3}'))
        }
        '\u{fe00}'..='\u{fe0d}' => is_ideograph(previous) || is_cjk_punctuation(previous),
        '\u{e0100}'..='\u{e01ef}' => is_ideograph(previous),
        _ => false,
    }
}

/// Full-width punctuation has standardised variants (corner or centre).
fn is_cjk_punctuation(c: char) -> bool {
    matches!(
        c,
        '\u{3001}' | '\u{3002}' | '\u{ff01}' | '\u{ff0c}' | '\u{ff0e}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}'
    )
}

/// The octets of a flag made of tags that follow a black flag (UTS #51 ED-14a), or 0.
fn flag_tags(rest: &str) -> usize {
    for (index, (at, c)) in rest.char_indices().enumerate().take(FLAG_TAGS_MAX) {
        match c {
            '\u{e0020}'..='\u{e007e}' => {}
            '\u{e007f}' if index > 0 => return at.saturating_add(c.len_utf8()),
            _ => return 0,
        }
    }
    0
}

/// The text with line ends as `\n` and without invisible characters.
pub(crate) fn visible(text: &str, findings: &mut Findings) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut dropped, mut private) = (0u32, 0u32);
    let mut previous = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // The common case first: what everybody sees, in one go.
        let behind = rest.trim_start_matches(is_plain);
        let run = rest.get(..rest.len().saturating_sub(behind.len())).unwrap_or_default();
        if !run.is_empty() {
            out.push_str(run);
            previous = run.chars().next_back();
            rest = behind;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let next = rest.chars().next();
        let kept = match c {
            '\r' if next == Some('\n') => continue,
            '\r' | '\x0b' | '\x0c' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            _ if is_invisible(c) => {
                if !is_kept(c, previous, next) {
                    dropped = dropped.saturating_add(1);
                    continue;
                }
                c
            }
            _ => c,
        };
        if is_private(c) {
            private = private.saturating_add(1);
        }
        out.push(kept);
        previous = Some(kept);
        if c == '\u{1f3f4}' {
            let (tags, behind) = rest.split_at_checked(flag_tags(rest)).unwrap_or_default();
            out.push_str(tags);
            rest = behind;
        }
    }
    findings.add_many(FindingCode::InvisibleDropped, dropped, "");
    findings.add_many(FindingCode::PrivateUse, private, "");
    out
}
