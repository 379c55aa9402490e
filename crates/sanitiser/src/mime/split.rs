//! Delimiter lines of a multipart body (RFC 2046 §5.1.1): body and boundary → the ranges of its parts.
//!
//! RFC 2046 compares the *beginning* of a line with the boundary, many readers compare the whole line. This reading
//! takes whole lines (with trailing white space) and names every line on which the two differ.
//!
//! *Security.* Any octets; one pass over the body, ranges only. The number of parts is checked against the budget
//! by the caller before anything is made of them.

use super::line::{Breaks, Line, is_blank, lines, trim};
use policy::Ambiguity;
use std::ops::Range;

/// A body cut at its delimiters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    /// What stands before the first delimiter.
    pub(super) preamble: Range<usize>,
    /// Header and body of each part.
    pub(super) parts: Vec<Range<usize>>,
    /// What stands behind the final delimiter, if there is one.
    pub(super) epilogue: Option<Range<usize>>,
    /// Offsets of lines that begin like a delimiter and go on.
    pub(super) near: Vec<usize>,
    /// Readers differ on a delimiter.
    pub(super) doubt: Option<Ambiguity>,
}

/// What a line is to this boundary.
enum Mark {
    Delimiter,
    Final,
    /// Begins like a delimiter and goes on.
    Near,
}

/// Cuts the body that lies in `range`.
pub(super) fn split(octets: &[u8], range: Range<usize>, boundary: &[u8]) -> Split {
    let mut found = Split { preamble: range.start..range.end, ..Split::default() };
    let mut open: Option<usize> = None;
    for line in lines(octets, range.clone(), Breaks::Lf) {
        if line.text.contains(&b'\r') && hides_delimiter(line.text, boundary) {
            found.doubt.get_or_insert(Ambiguity::BareCrAtBoundary);
        }
        let Some(mut mark) = mark(&line, boundary) else { continue };
        if found.epilogue.is_some() {
            found.doubt.get_or_insert(Ambiguity::BoundaryAfterFinal);
            continue;
        }
        if matches!(mark, Mark::Near) && ends_here(octets, &line, range.end, boundary) {
            mark = Mark::Final;
        }
        if matches!(mark, Mark::Near) {
            found.near.push(line.start);
            continue;
        }
        let end = before_line_end(octets, range.start, line.start);
        match open.replace(line.next) {
            Some(start) => found.parts.push(start..end.max(start)),
            None => found.preamble = range.start..end,
        }
        if matches!(mark, Mark::Final) {
            open = None;
            found.epilogue = Some(line.next..range.end);
        }
    }
    if let Some(start) = open {
        found.parts.push(start..range.end);
    }
    found
}

fn mark(line: &Line<'_>, boundary: &[u8]) -> Option<Mark> {
    let rest = line.text.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let rest = trim(rest, |b| is_blank(b) || b == b'\r');
    Some(match rest {
        b"" => Mark::Delimiter,
        b"--" => Mark::Final,
        _ => Mark::Near,
    })
}

/// Whether this is a final delimiter that lost its last octet or gained some, with nothing behind it: a reader that
/// does not take it for one finds one line of text more, and no part.
fn ends_here(octets: &[u8], line: &Line<'_>, end: usize, boundary: &[u8]) -> bool {
    let rest = line.text.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)).unwrap_or(&[]);
    let behind = octets.get(line.next..end).unwrap_or(&[]);
    rest.starts_with(b"-") && behind.iter().all(|&b| super::line::is_folding(b))
}

/// Whether a delimiter stands behind a bare CR inside a line.
fn hides_delimiter(text: &[u8], boundary: &[u8]) -> bool {
    text.split(|&b| b == b'\r')
        .skip(1)
        .any(|piece| piece.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(boundary)))
}

/// The offset before the line end that belongs to the delimiter on the line that starts at `at`.
fn before_line_end(octets: &[u8], start: usize, at: usize) -> usize {
    let before = octets.get(start..at).unwrap_or(&[]);
    let kept = before.strip_suffix(b"\r\n").or_else(|| before.strip_suffix(b"\n")).unwrap_or(before);
    start.saturating_add(kept.len())
}

/// Whether the set of lines that begin with `--` and `shorter` is the set that begins with `--` and `boundary`: a
/// reader that cuts an unquoted boundary short then finds the same delimiters.
pub(super) fn same_lines(octets: &[u8], range: Range<usize>, boundary: &[u8], shorter: &[u8]) -> bool {
    lines(octets, range, Breaks::Lf)
        .filter_map(|line| line.text.strip_prefix(b"--"))
        .all(|text| !text.starts_with(shorter) || text.starts_with(boundary))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &[u8], boundary: &[u8]) -> (Vec<String>, Option<Ambiguity>) {
        let found = split(body, 0..body.len(), boundary);
        let text = |range: &Range<usize>| String::from_utf8_lossy(&body[range.clone()]).into_owned();
        (found.parts.iter().map(text).collect(), found.doubt)
    }

    #[test]
    fn parts_lie_between_delimiters() {
        let body = b"pre\r\n--B\r\none\r\n\r\n--B \t\r\n--B\r\ntwo\n--B--\r\nepi";
        let found = split(body, 0..body.len(), b"B");
        assert_eq!(&body[found.preamble.clone()], b"pre");
        assert_eq!(&body[found.epilogue.clone().unwrap()], b"epi");
        assert_eq!(texts(body, b"B"), (vec!["one\r\n".into(), String::new(), "two".into()], None));
    }

    #[test]
    fn doubtful_delimiters_are_named() {
        let near = |body: &[u8]| split(body, 0..body.len(), b"B").near.len();
        assert_eq!(near(b"--B\r\na\r\n--Bx\r\nb\r\n--B--"), 1);
        assert_eq!(near(b"--B\r\na\r\n--B--x\r\nb"), 1);
        assert_eq!(near(b"--B\r\na\r\n--B-\r\n"), 0);
        assert_eq!(texts(b"--B\r\na\r\n--B--\r\n--B\r\nb", b"B").1, Some(Ambiguity::BoundaryAfterFinal));
        assert_eq!(texts(b"--B\r\na\r--B\r\nb\r\n--B--", b"B").1, Some(Ambiguity::BareCrAtBoundary));
        assert_eq!(texts(b"--B\r\na", b"B"), (vec!["a".into()], None));
        assert_eq!(texts(b"nothing", b"B"), (vec![], None));
    }

    #[test]
    fn a_boundary_cut_short_may_still_find_the_same_lines() {
        let body = b"--=_x\r\n--=_x--\r\n";
        assert!(same_lines(body, 0..body.len(), b"=_x", b""));
        let body = b"--=_x\r\n--\r\nsig\r\n";
        assert!(!same_lines(body, 0..body.len(), b"=_x", b""));
    }
}
