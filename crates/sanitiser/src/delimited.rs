//! CSV (RFC 4180) and tab-separated values are read into cells and written anew, so that a spreadsheet runs none.
//!
//! Same charset (UTF-8 for ISO-2022-JP), CRLF after each row, quotes where a cell needs them or had them. A `sep=` line goes (and with it the
//! odd delimiter: the cells are then delimited by commas). A cell that a spreadsheet would take for a formula gets an
//! apostrophe in front, unless it is wholly a number, a date, a telephone number or a dash.
//!
//! *Security.* Readers differ on quotes and delimiters: a formula that another reader could find behind `;`, a tab
//! or a line end inside a cell is broken, too. Linear; cells are spent as nodes. Writing an output again yields the
//! same octets.

use crate::file_text;
use crate::{Rewritten, text};
use mail::MediaType;
use policy::{Action, Budget, Exhausted, FindingCode, Findings};

/// A cell as it was read.
#[derive(Debug, Default)]
struct Cell {
    value: String,
    quoted: bool,
}

/// Writes a delimited file anew. `label` is the declared charset; `extension` (`csv`, `tsv`) the one to keep.
pub fn rewrite(
    octets: &[u8],
    label: Option<&str>,
    extension: &'static str,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    let file = file_text::read(octets, label, budget, findings)?.for_spreadsheets(findings);
    let mut rows = file.text.as_str();
    let mut stated = None;
    while let (Some(delimiter), rest) = without_separator_line(rows) {
        stated = stated.or(Some(delimiter));
        rows = rest;
        findings.add_detail(FindingCode::MarkupDropped, "sep=");
    }
    let mut neutralised = 0u32;
    let converted;
    if let Some(delimiter) = stated {
        // Without its line the odd delimiter would not be found again: commas then.
        converted =
            rewritten(rows, delimiter, ',', budget, &mut neutralised).map_err(|e| e.0)?.replace("\r\n", "\n");
        rows = &converted;
    }
    let delimiter = likely_delimiter(rows, extension);
    let out = rewritten(rows, delimiter, delimiter, budget, &mut neutralised).map_err(|e| e.0)?;
    findings.add_many(FindingCode::FormulaNeutralised, neutralised, "");
    let (octets, charset) = file_text::write(&out, &file, findings);
    let media_type = if extension == "tsv" { "text/tab-separated-values" } else { "text/csv" };
    Ok(Rewritten {
        octets,
        media_type: MediaType::known(media_type),
        extension: if extension == "tsv" { "tsv" } else { "csv" },
        charset: Some(charset),
        action: Action::Rebuild,
    })
}

/// `sep=;` on the first line tells Excel the delimiter.
fn without_separator_line(text: &str) -> (Option<char>, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let bare = line.trim().trim_matches('"');
    let stated = bare.get(..4).filter(|head| head.eq_ignore_ascii_case("sep=")).and_then(|_| bare.get(4..));
    match stated {
        Some(delimiter) if delimiter.chars().count() <= 1 => {
            (Some(delimiter.chars().next().unwrap_or(',')), rest)
        }
        Some(_) | None => (None, text),
    }
}

/// The delimiter that stands most often in the first line; writing a file anew does not change these counts.
fn likely_delimiter(text: &str, extension: &str) -> char {
    let usual = if extension == "tsv" { '\t' } else { ',' };
    let header = text.split('\n').next().unwrap_or_default();
    let count = |delimiter: char| header.chars().filter(|c| *c == delimiter).count();
    let others = [',', '\t', ';'].into_iter().filter(|delimiter| *delimiter != usual);
    others.fold(usual, |best, other| if count(other) > count(best) { other } else { best })
}

fn rewritten(
    text: &str,
    delimiter: char,
    written: char,
    budget: &mut Budget,
    neutralised: &mut u32,
) -> Result<String, Exhausted> {
    let mut out = String::with_capacity(text.len().saturating_add(64));
    let mut chars = text.chars().peekable();
    let mut first_of_row = true;
    while chars.peek().is_some() {
        budget.spend_nodes(1)?;
        let (mut cell, ended) = read_cell(&mut chars, delimiter);
        if neutralise(&mut cell.value) {
            *neutralised = neutralised.saturating_add(1);
        }
        if !first_of_row {
            out.push(written);
        }
        write_cell(&cell, written, &mut out);
        first_of_row = ended == End::Row;
        if first_of_row {
            out.push_str("\r\n");
        } else if ended == End::Cell && chars.peek().is_none() {
            // A delimiter at the very end: one more, empty cell.
            out.push(written);
        }
    }
    if !first_of_row {
        out.push_str("\r\n");
    }
    Ok(out)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Cell,
    Row,
    File,
}

fn read_cell(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, delimiter: char) -> (Cell, End) {
    let mut cell = Cell::default();
    if chars.next_if_eq(&'"').is_some() {
        cell.quoted = true;
        while let Some(c) = chars.next() {
            if c == '"' && chars.next_if_eq(&'"').is_none() {
                break;
            }
            cell.value.push(c);
        }
    }
    for c in chars.by_ref() {
        match c {
            '\n' => return (cell, End::Row),
            _ if c == delimiter => return (cell, End::Cell),
            _ => cell.value.push(c),
        }
    }
    (cell, End::File)
}

fn write_cell(cell: &Cell, delimiter: char, out: &mut String) {
    let value = &cell.value;
    // Behind a bare comma another reader begins a new cell, whatever the delimiter is here.
    let runs_behind_comma = || delimiter != ',' && value.split(',').skip(1).any(runs);
    // Excel takes a file that begins with these two letters for a symbolic link file, whose macros it runs.
    let misleads = out.is_empty() && value.starts_with("ID");
    let needs = cell.quoted || misleads || value.contains([delimiter, '"', '\n']) || runs_behind_comma();
    if needs {
        out.push('"');
        out.push_str(&value.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(value);
    }
}

/// White space and quotes that spreadsheets look over before they find a formula.
fn is_skipped(c: char) -> bool {
    c.is_whitespace() || c == '"' || text::is_invisible(c)
}

const fn begins_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+'
            | '-'
            | '@'
            | '＝'
            | '＋'
            | '－'
            | '＠'
            | '\u{2212}'
            | '\u{fe62}'
            | '\u{fe63}'
            | '\u{fe66}'
            | '\u{fe6b}'
    )
}

/// Whether a spreadsheet would take a cell of this text for a formula.
fn runs(text: &str) -> bool {
    let rest = text.trim_start_matches(is_skipped);
    rest.starts_with(begins_formula) && !is_harmless(rest)
}

/// Puts an apostrophe where a formula would begin. Says whether it did.
fn neutralise(value: &mut String) -> bool {
    let mut changed = false;
    if runs(value) || value.starts_with(['\t', '\n']) {
        value.insert(0, '\'');
        changed = true;
    }
    if value.contains(['\n', '\t', ';']) {
        let mut out = String::with_capacity(value.len().saturating_add(8));
        for (index, piece) in value.split_inclusive(['\n', '\t', ';']).enumerate() {
            let rest = piece.trim_start_matches(is_skipped);
            // Plus and minus begin list items in running text; only what calls a program needs the rest.
            let formula = rest.starts_with(['=', '@', '＝', '＠'])
                || (rest.starts_with(begins_formula) && rest.contains(['|', '(', '!']));
            if index > 0 && formula && !is_harmless(rest) {
                out.push('\'');
                changed = true;
            }
            out.push_str(piece);
        }
        *value = out;
    }
    changed
}

/// Whether this is wholly a number, a date, a telephone number or a dash: signs, digits and what stands between them.
fn is_harmless(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| is_skipped(c) || c == ';');
    let signed = text.strip_prefix(['+', '-', '＋', '－', '\u{2212}']);
    let Some(rest) = signed else { return false };
    if text.chars().all(|c| matches!(c, '-' | '－' | '\u{2212}')) {
        return true;
    }
    let rest = rest.strip_prefix(['¥', '￥', '\\', '$', '€', '£']).unwrap_or(rest);
    let rest = rest.strip_suffix(['%', '％', '円']).unwrap_or(rest);
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '０'..='９');
    let between = |c: char| {
        matches!(
            c,
            '.' | ',' | '-' | '/' | ':' | ' ' | '(' | ')' | '．' | '，' | '－' | '（' | '）' | '\u{a0}'
        )
    };
    let mut mantissa = rest;
    if let Some((head, exponent)) = rest.split_once(['e', 'E']) {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !digits.chars().all(is_digit) {
            return false;
        }
        mantissa = head;
    }
    mantissa.chars().any(is_digit) && mantissa.chars().all(|c| is_digit(c) || between(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Limits, Severity};

    fn run(octets: &[u8], extension: &'static str) -> (Rewritten, Findings) {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written = rewrite(octets, None, extension, &mut budget, &mut findings).unwrap();
        (written, findings)
    }

    #[test]
    fn formulas_are_neutralised_and_numbers_stay() {
        let cases = [
            ("a,b\n1,2\n", "a,b\r\n1,2\r\n", 0),
            ("=1+1,+1,-5,@x\n", "'=1+1,+1,-5,'@x\r\n", 2),
            ("\"=cmd|' /C calc'!A0\",x", "\"'=cmd|' /C calc'!A0\",x\r\n", 1),
            (" =x,\"\"\"=x\",＝x,－１２\n", "' =x,\"'\"\"=x\",'＝x,－１２\r\n", 3),
            ("-,－,---,-abc,-1e5,+81 (3) 1234-5678\n", "-,－,---,'-abc,-1e5,+81 (3) 1234-5678\r\n", 1),
            ("-¥1,-10%,\"-1,234.5\"\n", "-¥1,-10%,\"-1,234.5\"\r\n", 0),
            ("-1+cmd|' /C calc'!A0\n", "'-1+cmd|' /C calc'!A0\r\n", 1),
            ("sep=;\na;\"b,c\";=d\n", "a,\"b,c\",'=d\r\n", 1),
            ("\"a\nb\",c\n", "\"a\nb\",c\r\n", 0),
            ("\"a\n=b\",c\n", "\"a\n'=b\",c\r\n", 1),
            ("a\"b,c\n", "\"a\"\"b\",c\r\n", 0),
            ("\"a\"b,c\n", "\"ab\",c\r\n", 0),
            ("a;=b,c\n", "a;'=b,c\r\n", 1),
            ("a,\n,\n\nb", "a,\r\n,\r\n\r\nb\r\n", 0),
            ("a,", "a,\r\n", 0),
            ("'=1,x\n", "'=1,x\r\n", 0),
            ("\"\t=1\"\n", "\"'\t'=1\"\r\n", 1),
            ("", "", 0),
            ("ID,名\n1,ID\n", "\"ID\",名\r\n1,ID\r\n", 0),
            ("ID;PWXL\nC;X1\n", "\"ID\";PWXL\r\nC;X1\r\n", 0),
            ("\"unclosed,x\ny", "\"unclosed,x\ny\"\r\n", 0),
            (
                "2026/04/01,10:30,03-1234-5678,090-1234-5678,令和8年\n",
                "2026/04/01,10:30,03-1234-5678,090-1234-5678,令和8年\r\n",
                0,
            ),
        ];
        let mut ran = 0;
        for (input, expected, count) in cases {
            let (written, findings) = run(input.as_bytes(), "csv");
            assert_eq!(String::from_utf8_lossy(&written.octets), expected, "{input:?}");
            assert_eq!(findings.count(FindingCode::FormulaNeutralised), count, "{input:?}");
            let (again, findings) = run(&written.octets, "csv");
            assert_eq!(String::from_utf8_lossy(&again.octets), expected, "{input:?} twice");
            assert_eq!(findings.gravest(), Severity::Info, "{input:?} twice");
            ran += 1;
        }
        assert_eq!(ran, 22);
    }

    #[test]
    fn tabs_delimit_and_charsets_stay() {
        let (written, _) = run(b"a\tb,c\n=x\t2\n", "tsv");
        assert_eq!(written.octets, b"a\tb,c\r\n'=x\t2\r\n");
        let (written, _) = run(b"a\t1,000\tx,-y\n", "tsv");
        assert_eq!(written.octets, b"a\t1,000\t\"x,-y\"\r\n");
        let (written, _) = run(b"\x96\xbc\x91O,\x8fZ\x8f\x8a\n\x8eR\x93c,\x93\x8c\x8b\x9e\n", "csv");
        assert_eq!(written.octets, b"\x96\xbc\x91O,\x8fZ\x8f\x8a\r\n\x8eR\x93c,\x93\x8c\x8b\x9e\r\n");
        assert_eq!(written.charset, Some("Shift_JIS"));
        let (written, _) = run(b"\x1b$BF|K\\\x1b(B,\x1b$B8l\x1b(B\n", "csv");
        assert_eq!(written.octets, "\u{feff}日本,語\r\n".as_bytes());
        assert_eq!(written.charset, Some("UTF-8"));
        let (written, _) = run(b"\xff\xfea\0,\0b\0\n\0", "csv");
        assert_eq!(written.octets, b"\xff\xfea\0,\0b\0\r\0\n\0");
    }
}
