//! One line of text for a header field: nothing in it can end the line or turn its writing.

/// Header text: one line, no controls, no bidi controls, no noncharacters, ends trimmed.
pub(crate) fn line(text: &str) -> String {
    let kept = text.chars().filter_map(|c| match c {
        '\r' | '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        _ if c.is_control() || changes_direction(c) || c == '\u{feff}' || is_noncharacter(c) => None,
        _ => Some(c),
    });
    kept.collect::<String>().trim_matches(' ').to_owned()
}

fn changes_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}
