//! Cells that a spreadsheet would run, in comma- and tab-separated values (RFC 4180).
//!
//! A cell runs when its first visible character is `=`, `+`, `-`, `@` or a full-width or small form of one. `+` and `-` may
//! begin a cell of digits and the signs of numbers, dates and telephone numbers only: without a letter there is no
//! function, no reference and no command. Readers differ on delimiters, so outside quotes a cell begins behind each of
//! comma, semicolon and TAB, and inside them a piece behind a semicolon, a TAB or a line end is looked at, too; where
//! it may be running text only `=`, `@` and what could call something (`|`, `(`, `!`) count.
//!
//! *Security.* One linear pass, nothing allocated. Quoting is read strictly, so that a quote left open hides nothing.

use crate::objections::Objections;

/// Checks the scan form of a whole file.
pub(crate) fn check(text: &str, objections: &mut Objections) {
    let first = text.split(['\r', '\n']).next().unwrap_or_default().trim().trim_matches('"');
    let states = first.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("sep="));
    let states = states && first.get(4..).is_some_and(|delimiter| delimiter.chars().count() <= 1);
    objections.require(!states, "csv.separator", "a line that says how to read the file");
    // Excel takes any file that begins so for a symbolic link file (SYLK), whose formulas and macros it runs.
    objections.require(!text.starts_with("ID"), "csv.symbolic_link", "begins like a file of another kind");
    let mut rest = text;
    // At the start of a row and behind a comma the rule is strict.
    let mut strict = true;
    loop {
        let (cell, behind) = match rest.strip_prefix('"') {
            Some(inside) => {
                let Some(end) = closing_quote(inside) else {
                    objections.add("csv.quoting", "a quote is left open");
                    return;
                };
                let (cell, behind) = inside.split_at_checked(end).unwrap_or((inside, ""));
                (cell, behind.get(1..).unwrap_or_default())
            }
            None => {
                let end = rest.find([',', ';', '\t', '\r', '\n', '"']).unwrap_or(rest.len());
                rest.split_at_checked(end).unwrap_or((rest, ""))
            }
        };
        let runs =
            cell.split(['\n', '\t', ';']).enumerate().any(|(index, piece)| runs(piece, strict && index == 0));
        objections.require(!runs, "csv.cell_runs", "a cell that a spreadsheet would run");
        let mut next = behind.chars();
        strict = match next.next() {
            Some(',') => true,
            Some(';' | '\t') => false,
            Some('\r') if next.next() == Some('\n') => true,
            None => return,
            Some(_) => {
                objections.add(
                    "csv.quoting",
                    "a quote inside a bare cell, text behind a quoted one, or a bare line end",
                );
                return;
            }
        };
        rest = next.as_str();
    }
}

/// Where the quote that ends the cell stands; a doubled one does not.
fn closing_quote(inside: &str) -> Option<usize> {
    let mut octets = inside.bytes().enumerate().peekable();
    while let Some((place, octet)) = octets.next() {
        if octet == b'"' && octets.next_if(|&(_, next)| next == b'"').is_none() {
            return Some(place);
        }
    }
    None
}

fn runs(piece: &str, strict: bool) -> bool {
    let piece = piece.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
    match piece.chars().next() {
        Some('=' | '@' | '＝' | '＠') => true,
        Some('+' | '-' | '＋' | '－' | '\u{2212}' | '﹢' | '﹣' | '﹦' | '﹫') => {
            (strict || piece.contains(['|', '(', '!'])) && !is_numeric(piece)
        }
        _ => false,
    }
}

/// Digits and the signs of numbers, dates and telephone numbers; an `E` only between a digit and an exponent.
fn is_numeric(piece: &str) -> bool {
    let octets = piece.as_bytes();
    piece.char_indices().all(|(place, c)| match c {
        '0'..='9'
        | '０'..='９'
        | '+'
        | '-'
        | '＋'
        | '－'
        | '\u{2212}'
        | '.'
        | ','
        | '．'
        | '，'
        | '/'
        | ':'
        | '('
        | ')'
        | '（'
        | '）'
        | '%'
        | '％'
        | '¥'
        | '￥'
        | '\\'
        | '$'
        | '€'
        | '£'
        | '円'
        | '一'
        | '"' => true,
        'e' | 'E' => {
            let before = place.checked_sub(1).and_then(|before| octets.get(before));
            let behind = octets.get(place.saturating_add(1));
            before.is_none_or(|b| b.is_ascii_digit() || !b.is_ascii())
                && behind.is_some_and(|b| b.is_ascii_digit() || !b.is_ascii() || matches!(b, b'+' | b'-'))
        }
        _ => c.is_whitespace(),
    })
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
    fn data_pass() {
        let cases = [
            "",
            "a,b\r\n1,-2\r\n",
            "\"a \"\"x\"\", b\nc\",+81-3-1234-5678",
            "-1.5E-3,-,+5%",
            "'=1+1,a=b",
            "a;b\r\n",
            "memo; -x,\"a, =b\"",
            "-100円,+81 (3) 1234-5678\r\n",
            "sep=ab\r\n",
            "\"ID\",a\r\n",
            "Id,a\r\n",
        ];
        for case in cases {
            assert_eq!(rules(case), Vec::<String>::new(), "{case:?}");
        }
    }

    #[test]
    fn cells_that_run_are_refused() {
        let cases = [
            "=1+1",
            "a,=cmd|' /C calc'!A0",
            "\"=1\"",
            "\" =1\"",
            "a\r\n@SUM(1)",
            "+A1",
            "-cmd|x",
            "＝1",
            "\t=1",
            "sep=;\r\n",
            "ID;PWXL;N;E\r\nC;X1;Y1;ECALL(A1)\r\n",
            "ID,a\r\n",
            "﹦1",
            "\u{2212}A1",
            "＋Ａ１",
            "\"open",
            "a\"b\"",
            "\"a\"b",
            "\"sep=,\"",
            "\"\"\"=1\"\"\"",
            "a;=1",
            "a;+cmd|x",
            "\"a\n=1\"",
            "a\n=1",
            "x;y\r\na,=1;b",
        ];
        for case in cases {
            assert!(!rules(case).is_empty(), "{case:?}");
        }
        assert_eq!(cases.len(), 25);
    }
}
