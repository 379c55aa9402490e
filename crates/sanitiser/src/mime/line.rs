//! Lines of a message (RFC 5322 §2.1): the smallest unit that the MIME reader walks by.
//!
//! *Security.* Any octets. Linear, allocates nothing. LF ends a line with or without a CR before it; a CR alone
//! ends one only in the second reading of a header section, which exists to be compared with the first.

use std::ops::Range;

/// Where lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaks {
    /// At CRLF and at a bare LF.
    Lf,
    /// At a bare CR too.
    LfAndCr,
}

/// One line of `octets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Offset of its first octet.
    pub(super) start: usize,
    /// Offset behind its line end.
    pub(super) next: usize,
    /// What stands on it, without its line end.
    pub(super) text: &'a [u8],
    /// Whether it ends in LF without CR.
    pub(super) bare_lf: bool,
}

/// The line that starts at `at`; `None` at the end of the octets.
pub(super) fn line_at(octets: &[u8], at: usize, breaks: Breaks) -> Option<Line<'_>> {
    let rest = octets.get(at..).filter(|rest| !rest.is_empty())?;
    let found = match breaks {
        Breaks::Lf => rest.iter().position(|&b| b == b'\n'),
        Breaks::LfAndCr => rest.iter().position(|&b| b == b'\n' || b == b'\r'),
    };
    let Some(end) = found else {
        return Some(Line { start: at, next: octets.len(), text: rest, bare_lf: false });
    };
    let (text, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
    if tail.starts_with(b"\r\n") {
        return Some(Line {
            start: at,
            next: at.saturating_add(end).saturating_add(2),
            text,
            bare_lf: false,
        });
    }
    let next = at.saturating_add(end).saturating_add(1);
    match (breaks, text.split_last()) {
        (Breaks::Lf, Some((b'\r', text))) => Some(Line { start: at, next, text, bare_lf: false }),
        _ => Some(Line { start: at, next, text, bare_lf: tail.starts_with(b"\n") }),
    }
}

/// The lines of `range`, one after the other.
pub(super) fn lines(octets: &[u8], range: Range<usize>, breaks: Breaks) -> impl Iterator<Item = Line<'_>> {
    let inside = octets.get(..range.end).unwrap_or(octets);
    let mut at = range.start;
    std::iter::from_fn(move || {
        let line = line_at(inside, at, breaks)?;
        at = line.next;
        Some(line)
    })
}

/// Whether this is SP or HTAB.
pub(super) const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Whether this is white space of a folded field value: SP, HTAB, CR, LF.
pub(super) const fn is_folding(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// Without SP and HTAB at both ends.
pub(super) fn trim_blanks(text: &[u8]) -> &[u8] {
    trim(text, is_blank)
}

/// Without octets that `drop` names, at both ends.
pub(super) fn trim(mut text: &[u8], drop: impl Fn(u8) -> bool) -> &[u8] {
    while let Some((_, rest)) = text.split_first().filter(|(first, _)| drop(**first)) {
        text = rest;
    }
    while let Some((_, rest)) = text.split_last().filter(|(last, _)| drop(**last)) {
        text = rest;
    }
    text
}

/// Whether a CR without LF behind it stands in the octets.
pub(super) fn has_bare_cr(octets: &[u8]) -> bool {
    let mut rest = octets;
    while let Some(at) = rest.iter().position(|&b| b == b'\r') {
        rest = rest.get(at.saturating_add(1)..).unwrap_or(&[]);
        if rest.first() != Some(&b'\n') {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(octets: &[u8], breaks: Breaks) -> Vec<&[u8]> {
        lines(octets, 0..octets.len(), breaks).map(|line| line.text).collect()
    }

    #[test]
    fn lines_end_at_crlf_and_lf_and_in_the_second_reading_at_cr() {
        assert_eq!(texts(b"a\r\nb\nc", Breaks::Lf), [b"a", b"b", b"c"]);
        assert_eq!(texts(b"a\rb\r\n\r\n", Breaks::Lf), [&b"a\rb"[..], b""]);
        assert_eq!(texts(b"a\rb\r\n\r\n", Breaks::LfAndCr), [&b"a"[..], b"b", b""]);
        assert_eq!(texts(b"a\r\r\nb", Breaks::Lf), [&b"a\r"[..], b"b"]);
        assert_eq!(texts(b"a\r\r\nb", Breaks::LfAndCr), [&b"a"[..], b"", b"b"]);
        assert!(texts(b"", Breaks::Lf).is_empty());
        assert!(has_bare_cr(b"a\rb") && has_bare_cr(b"a\r") && !has_bare_cr(b"a\r\n\r\n"));
    }
}
