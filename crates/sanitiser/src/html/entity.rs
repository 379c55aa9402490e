//! Character references (WHATWG HTML §13.2.5.72–80, §13.5) become characters.
//!
//! *Security.* One pass; a reference is at most 32 octets long. What is no reference stays as it is.

use std::borrow::Cow;
use web_atoms::NAMED_ENTITIES;

/// Where the reference stands: in values of attributes, `&copy=1` is no reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    Attribute,
}

/// Longest name is `CounterClockwiseContourIntegral;`.
const NAME_MAX: usize = 32;
/// Longest name that is known without its semicolon.
const BARE_NAME_MAX: usize = 6;

/// The text with its references resolved.
pub(super) fn decoded(text: &str, place: Place) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        rest = match reference(after, place, &mut out) {
            Some(rest) => rest,
            None => {
                out.push('&');
                after
            }
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Resolves one reference behind `&`, gives what follows it.
fn reference<'a>(after: &'a str, place: Place, out: &mut String) -> Option<&'a str> {
    if let Some(number) = after.strip_prefix('#') {
        return numeric(number, out);
    }
    let length = after.bytes().take(NAME_MAX).take_while(u8::is_ascii_alphanumeric).count();
    let name = after.get(..length)?;
    let behind = after.get(length..)?;
    if let Some(rest) = behind.strip_prefix(';')
        && let Some(chars) = NAMED_ENTITIES.get(after.get(..length.saturating_add(1))?)
        && chars.0 != 0
    {
        push(*chars, out);
        return Some(rest);
    }
    for end in (2..=length.min(BARE_NAME_MAX)).rev() {
        let Some(chars) = NAMED_ENTITIES.get(name.get(..end)?).filter(|chars| chars.0 != 0) else { continue };
        let rest = after.get(end..)?;
        let runs_on = rest.starts_with(|c: char| c == '=' || c.is_ascii_alphanumeric());
        if place == Place::Attribute && runs_on {
            return None;
        }
        push(*chars, out);
        return Some(rest);
    }
    None
}

fn push(chars: (u32, u32), out: &mut String) {
    out.extend([chars.0, chars.1].into_iter().filter(|code| *code != 0).filter_map(char::from_u32));
}

fn numeric<'a>(number: &'a str, out: &mut String) -> Option<&'a str> {
    let hex = number.strip_prefix(['x', 'X']);
    let (digits, radix) = hex.map_or((number, 10), |hex| (hex, 16));
    let length = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    if length == 0 {
        return None;
    }
    let code = u32::from_str_radix(digits.get(..length)?, radix).unwrap_or(u32::MAX);
    let character = match code {
        0x80..=0x9f => windows_1252(code),
        _ => char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}'),
    };
    out.push(character);
    let rest = digits.get(length..)?;
    Some(rest.strip_prefix(';').unwrap_or(rest))
}

/// Numbers of the C1 range mean Windows-1252 (WHATWG HTML §13.2.5.80).
fn windows_1252(code: u32) -> char {
    let octet = [u8::try_from(code).unwrap_or(b'?')];
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&octet);
    text.chars().next().unwrap_or('\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        let cases = [
            ("a &amp; b &lt;&gt;&quot;&#39;", Place::Text, "a & b <>\"'"),
            ("&#x3042;&#12356;&nbsp;&copy", Place::Text, "あい\u{a0}©"),
            ("&#150;&#0;&#x110000;&#xd800;", Place::Text, "–\u{fffd}\u{fffd}\u{fffd}"),
            ("&notit; &notin; &nosuch; & &;", Place::Text, "¬it; ∉ &nosuch; & &;"),
            ("?a=1&copy=2&amp;b=3&lt", Place::Attribute, "?a=1&copy=2&b=3<"),
            ("&#;&#x;&#xg", Place::Text, "&#;&#x;&#xg"),
            ("&NotEqualTilde;", Place::Text, "≂̸"),
        ];
        let mut ran = 0;
        for (text, place, expected) in cases {
            assert_eq!(decoded(text, place), expected, "{text:?}");
            ran += 1;
        }
        assert_eq!(ran, 7);
    }
}
