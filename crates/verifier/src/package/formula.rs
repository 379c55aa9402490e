//! Formulas of spreadsheets: those of Excel (ECMA-376 part 1 §18.17) and of OpenDocument (`OpenFormula` 1.3).
//!
//! A formula is cut into strings, quoted names, brackets and words. It may compute with what the document holds: no
//! DDE (`app|topic!item`), no reference to another book, share or address, no function that loads, sends, registers or
//! runs something, under whatever prefix (`_xlfn.`, `COM.MICROSOFT.`), and none of the macro language of Excel 4.
//!
//! *Security.* Linear. What cannot be cut (an open string or bracket) is refused.

use super::{Fault, address};

const RULE: &str = "formula.form";
const OUTSIDE: Fault = ("formula.reference", "leads out of the document");

/// Which rules for brackets hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Excel: tables, and books that are not there.
    Excel,
    /// OpenDocument: every reference.
    Open,
}

/// Functions that reach out of the document, and macro functions without a dot in their names.
#[rustfmt::skip]
const DENIED: &[&str] = &[
    "ABSREF", "ACTIVATE", "ALERT", "APPLY", "ARGUMENT", "BEEP", "BREAK", "CALL", "CALLER", "CANCEL", "CHDIR", "CLEAR",
    "CLOSE", "COPILOT", "COPY", "CREATE", "CUT", "DDE",
    "DELETE", "DEREF", "DETECTLANGUAGE", "DIRECTORIES", "DIRECTORY", "DOCUMENTS", "ECHO", "ERROR", "EVALUATE",
    "EXEC", "EXECUTE", "FCLOSE", "FILES", "FILTERXML", "FOPEN", "FPOS", "FREAD", "FREADLN", "FSIZE", "FWRITE",
    "FWRITELN", "GOTO", "HALT", "HELP", "IMAGE", "IMPORTCSV", "IMPORTDATA", "IMPORTFEED", "IMPORTHTML", "IMPORTRANGE",
    "IMPORTTEXT", "IMPORTXML", "INITIATE", "INPUT", "LINKS", "MESSAGE", "NAMES", "NOTE", "OPEN", "PASTE", "PAUSE", "POKE", "PRINT", "PY", "QUIT",
    "REFTEXT", "REGISTER", "RELREF", "RENAME", "REQUEST", "RESTART", "RESULT", "RETURN", "RTD", "RUN", "SAVE", "SCENARIO", "SELECTION", "SQL", "STEP",
    "STOCKHISTORY", "TERMINATE", "TEXTREF", "TRANSLATE", "UNREGISTER", "VOLATILE", "WAIT", "WEBSERVICE", "WINDOWS",
];
/// Beginnings of function names that may not be called.
const DENIED_PREFIXES: &[&str] = &["CUBE", "_XLL.", "XLL."];
/// Functions of worksheets with a dot in their names; all other such are of the macro language, or of an add-in.
#[rustfmt::skip]
const DOTTED: &[&str] = &[
    "BETA.DIST", "BETA.INV", "BINOM.DIST", "BINOM.DIST.RANGE", "BINOM.INV", "CEILING.MATH", "CEILING.PRECISE",
    "CHISQ.DIST", "CHISQ.DIST.RT", "CHISQ.INV", "CHISQ.INV.RT", "CHISQ.TEST", "CONFIDENCE.NORM", "CONFIDENCE.T",
    "COVARIANCE.P", "COVARIANCE.S", "ECMA.CEILING", "ERF.PRECISE", "ERFC.PRECISE", "ERROR.TYPE", "EXPON.DIST",
    "F.DIST", "F.DIST.RT", "F.INV", "F.INV.RT", "F.TEST", "FLOOR.MATH", "FLOOR.PRECISE", "FORECAST.ETS",
    "FORECAST.ETS.ADD", "FORECAST.ETS.CONFINT", "FORECAST.ETS.MULT", "FORECAST.ETS.PI.ADD", "FORECAST.ETS.PI.MULT",
    "FORECAST.ETS.SEASONALITY", "FORECAST.ETS.STAT", "FORECAST.ETS.STAT.ADD", "FORECAST.ETS.STAT.MULT",
    "FORECAST.LINEAR", "GAMMA.DIST", "GAMMA.INV", "GAMMALN.PRECISE", "HYPGEOM.DIST", "ISO.CEILING", "LOGNORM.DIST",
    "LOGNORM.INV", "MODE.MULT", "MODE.SNGL", "MULTIPLE.OPERATIONS", "NEGBINOM.DIST", "NETWORKDAYS.EXCEL",
    "NETWORKDAYS.INTL", "NORM.DIST", "NORM.INV", "NORM.S.DIST", "NORM.S.INV", "PERCENTILE.EXC", "PERCENTILE.INC",
    "PERCENTRANK.EXC", "PERCENTRANK.INC", "POISSON.DIST", "QUARTILE.EXC", "QUARTILE.INC", "RANK.AVG", "RANK.EQ",
    "SKEW.P", "STDEV.P", "STDEV.S", "T.DIST", "T.DIST.2T", "T.DIST.RT", "T.INV", "T.INV.2T", "T.TEST", "VAR.P",
    "VAR.S", "WEEKNUM.EXCEL2003", "WEIBULL.DIST", "WORKDAY.INTL", "Z.TEST",
];
/// Prefixes under which a function may be written.
#[rustfmt::skip]
const PREFIXES: &[&str] = &[
    "_XLFN.", "_XLWS.", "_XLPM.", "_XLUDF.", "__XLUDF.", "COM.MICROSOFT.", "ORG.LIBREOFFICE.", "ORG.OPENOFFICE.",
];
/// In front of a function that is a value: another one calls it, with what the formula does not say.
const HANDED_OVER: &str = "_XLETA.";

/// Checks a formula as it is written, and as it reads once `_xHHHH_` is decoded (ECMA-376 part 1 §22.9.2.19).
pub(super) fn check(formula: &str, dialect: Dialect) -> Result<(), Fault> {
    // OpenDocument may hold formulas of Excel as they are.
    let is_foreign = formula.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("msoxl:"));
    let dialect = if is_foreign { Dialect::Excel } else { dialect };
    let decoded = decoded(formula);
    walk(formula, dialect)?;
    if decoded == formula { Ok(()) } else { walk(&decoded, dialect) }
}

/// A name that Excel runs when a book is opened, closed or shown.
pub(super) fn is_automatic_name(name: &str) -> bool {
    let name = decoded(name).trim().to_ascii_lowercase();
    let name = name.strip_prefix("_xlnm.").unwrap_or(&name);
    let name: String = name.chars().filter(|c| *c != '_' && *c != '.').collect();
    ["autoopen", "autoclose", "autoactivate", "autodeactivate", "autoexec", "autoexit"]
        .iter()
        .any(|known| name.starts_with(known))
}

/// `_xHHHH_` is a character in many values of `SpreadsheetML`.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once("_x") {
        out.push_str(plain);
        let code = behind.get(..5).and_then(|code| code.strip_suffix('_'));
        let code = code.filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(c) = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            out.push(c);
            rest = behind.get(5..).unwrap_or_default();
        } else {
            out.push_str("_x");
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

/// What stood last, for a bracket or a parenthesis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last<'formula> {
    Word(&'formula str),
    Other,
}

fn walk(formula: &str, dialect: Dialect) -> Result<(), Fault> {
    let mut rest = formula;
    let mut last = Last::Other;
    let (mut is_indirect, mut has_far_text) = (false, false);
    let mut braces = 0u32;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        let before = std::mem::replace(&mut last, Last::Other);
        rest = match c {
            '"' => {
                let (text, behind) = quoted(behind, '"')?;
                has_far_text |= text.contains("\\\\") || text.contains("//") || address::is_active(text);
                behind
            }
            '\'' => {
                let (name, behind) = quoted(behind, '\'')?;
                let is_sheet =
                    !name.contains(['[', ']', '\\', '/', '|', '?', '*']) && !address::is_active(name);
                if !is_sheet || behind.starts_with('#') {
                    return Err(OUTSIDE);
                }
                behind
            }
            '[' if dialect == Dialect::Open => {
                let behind = reference(behind)?;
                // `!` is an intersection here.
                if behind.starts_with(|c| is_word(c) || matches!(c, '\'' | '[')) {
                    return Err(OUTSIDE);
                }
                behind
            }
            '[' => bracket(behind, before)?,
            // Between the rows of an array of constants in OpenFormula.
            '|' if dialect == Dialect::Open && braces > 0 => behind,
            '|' | '｜' => return Err(("formula.dde", "")),
            '{' => {
                braces = braces.saturating_add(1);
                behind
            }
            '}' => {
                braces = braces.saturating_sub(1);
                behind
            }
            '\\' | ']' | '`' => return Err(OUTSIDE),
            '(' => {
                if let Last::Word(name) = before {
                    is_indirect |= call(name, behind)?;
                }
                behind
            }
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let (word, behind) = rest.split_at_checked(end).ok_or((RULE, "word"))?;
                if behind.starts_with(':') && address::is_active(&format!("{word}:")) {
                    return Err(OUTSIDE);
                }
                if let Some((_, function)) = word.to_uppercase().split_once(HANDED_OVER) {
                    is_indirect |= call(function, "")?;
                }
                last = Last::Word(word);
                behind
            }
            c if c.is_whitespace() => {
                last = before;
                behind
            }
            c if c.is_control() => return Err((RULE, "a control character")),
            _ => behind,
        };
    }
    if is_indirect && has_far_text { Err(OUTSIDE) } else { Ok(()) }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '?') || (!c.is_ascii() && !c.is_whitespace() && c != '｜')
}

/// Up to the quote that is not doubled; what is behind it.
fn quoted(behind: &str, quote: char) -> Result<(&str, &str), Fault> {
    let mut octets = behind.char_indices().peekable();
    while let Some((at, c)) = octets.next() {
        if c == quote && octets.next_if(|&(_, next)| next == quote).is_none() {
            let inside = behind.get(..at).unwrap_or_default();
            return Ok((inside, behind.get(at.saturating_add(1)..).unwrap_or_default()));
        }
    }
    Err((RULE, "an open quote"))
}

/// A bracket in Excel: columns of a table, behind its name. Any other names a book, but for `[0]!`, this one.
fn bracket<'formula>(behind: &'formula str, before: Last<'_>) -> Result<&'formula str, Fault> {
    if let Some(name) = behind.strip_prefix("0]!") {
        return Ok(name);
    }
    let Last::Word(_table) = before else { return Err(OUTSIDE) };
    let mut depth = 1u32;
    let mut chars = behind.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            // An apostrophe takes the next character for itself.
            '\'' => {
                chars.next();
            }
            '[' => depth = depth.saturating_add(1),
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let rest = behind.get(at.saturating_add(1)..).unwrap_or_default();
            let goes_on = rest.starts_with(|c| is_word(c) || matches!(c, '!' | '\'' | '['));
            return if goes_on { Err(OUTSIDE) } else { Ok(rest) };
        }
    }
    Err((RULE, "an open bracket"))
}

/// A reference of `OpenFormula`: sheets and cells of this document.
fn reference(behind: &str) -> Result<&str, Fault> {
    let mut rest = behind;
    while let Some(c) = rest.chars().next() {
        let next = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            ']' => return Ok(next),
            '\'' => {
                let (name, next) = quoted(next, '\'')?;
                if next.starts_with('#') || address::is_active(name) || name.contains("://") {
                    return Err(OUTSIDE);
                }
                next
            }
            '#' if next.starts_with("REF!") => next,
            '/' | '\\' | '[' | '#' | '|' | '"' => return Err(OUTSIDE),
            _ => next,
        };
    }
    Err((RULE, "an open bracket"))
}

/// Whether the function `name` takes a reference as text; a function that may not be called is refused.
fn call(name: &str, arguments: &str) -> Result<bool, Fault> {
    const DENY: Fault = ("formula.function", "one that may not be called");
    let name = name.to_uppercase();
    let mut name = name.as_str();
    while let Some(behind) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = behind;
    }
    let is_macro = name.contains('.') && !DOTTED.contains(&name);
    let is_denied = DENIED.contains(&name) || DENIED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_macro || is_denied {
        return Err(DENY);
    }
    if name == "HYPERLINK" {
        let target = arguments
            .trim_start()
            .strip_prefix('"')
            .ok_or(("formula.link", "to a place that is computed"))?;
        let (target, behind) = quoted(target, '"')?;
        let is_whole = behind.trim_start().starts_with([',', ';', ')']);
        let is_known = match target.strip_prefix('#') {
            Some(place) => address::is_inside(place),
            None => address::is_outside(target),
        };
        if !is_whole || !is_known {
            return Err(("formula.link", "to a place that is not on the list"));
        }
    }
    Ok(name == "INDIRECT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_that_compute_pass() {
        let excel = [
            "",
            "SUM(A1:B2)",
            "'表 1'!A1+Sheet2!$B$2",
            "SUM('Jan:Dec'!A1)",
            "IF(A1=\"a|b [1] \\\\x\",\"\",'it''s'!A1)",
            "Table1[[#This Row],[列'[1']]]*2",
            "SUM(表1[金額])",
            "[0]!名前",
            "_xlfn.STDEV.S(A1:A9)",
            "_xlfn.XLOOKUP(A1,B:B,C:C)",
            "HYPERLINK(\"https://example.jp/\",\"x\")",
            "HYPERLINK(\"#Sheet2!A1\")",
            "{1,2;3,4}",
            "#REF!",
            "A1#",
            "@A1:A3",
            "INDIRECT(\"A\"&ROW())",
            "_xlfn._xlws.FILTER(A:A,B:B>1)",
            "Sheet1!$A:$A",
            "\"file:///x\"",
            "1E+5%",
            "TEXT(A1,\"yyyy/m/d\")",
        ];
        for formula in excel {
            assert_eq!(check(formula, Dialect::Excel), Ok(()), "{formula}");
        }
        let open = [
            "of:=SUM([.A1:.B2])",
            "of:=['表 1'.A1]+[$Sheet2.$B$2]",
            "of:=[.#REF!]",
            "oooc:=[.A1]*2",
            "of:=COM.MICROSOFT.STDEV.S([.A1])",
            "of:=HYPERLINK(\"http://example.jp/\";\"x\")",
            "msoxl:=SUM(A1)",
            "of:cell-content-is-in-list(\"a\";\"b\")",
            "cell-content()>=1",
            "is-true-formula([.A1]=1)",
            "of:={1;2|3;4}",
            "of:=SUM([.A1:.B2]![.B1:.C3])",
        ];
        for formula in open {
            assert_eq!(check(formula, Dialect::Open), Ok(()), "{formula}");
        }
        assert_eq!((excel.len(), open.len()), (22, 12));
    }

    #[test]
    fn formulas_that_reach_out_are_refused() {
        let excel = [
            "cmd|'/c calc'!A0",
            "=cmd|'/C calc'!'A1'",
            "'cmd'|'x'!a",
            "'cmd|/c calc'!A0",
            "DDE(\"cmd\",\"/c\",\"x\")",
            "[1]Sheet1!A1",
            "'[book.xlsx]S'!A1",
            "'C:\\x\\[b.xlsx]S'!A1",
            "'\\\\host\\share\\[b]S'!A1",
            "'http://x/[b]S'!A1",
            "\\\\host\\x!A1",
            "[1]!name",
            "foo[1]!A1",
            "foo[1]Sheet!A1",
            "CALL(\"kernel32\",\"WinExec\",\"JCJ\",\"calc\",0)",
            "call (\"a\")",
            "REGISTER.ID(\"a\",\"b\")",
            "EXEC(\"calc\")",
            "_xlfn.WEBSERVICE(\"http://x\")",
            "_xlfn._xlfn.WEBSERVICE(A1)",
            "FILTERXML(A1,B1)",
            "RTD(\"a\",,\"b\")",
            "_xlfn.IMAGE(\"http://x\")",
            "CUBEVALUE(\"a\",\"b\")",
            "_xlfn._xlws.PY(1)",
            "_xll.Foo(1)",
            "GET.CELL(1,A1)",
            "EVALUATE(A1)",
            "RUN(\"x\")",
            "SQL.REQUEST(\"x\")",
            "INITIATE(\"a\",\"b\")",
            "FOPEN(\"x\")",
            "HYPERLINK(\"file:///x\")",
            "HYPERLINK(\"\\\\host\\x\")",
            "HYPERLINK(A1)",
            "HYPERLINK(\"http://x/\"&A1)",
            "HYPERLINK(\"#\\\\host\\x\")",
            "INDIRECT(\"'\\\\host\\[b]s'!A1\")",
            "INDIRECT(\"'file:///x'#$s.a1\")",
            "_x0057_EBSERVICE(A1)",
            "W_x0045_BSERVICE(A1)",
            "\"open",
            "'open",
            "T[open",
            "A1]",
            "a\u{1}b",
            "ｃｍｄ｜'x'!a",
        ];
        for formula in excel {
            assert!(check(formula, Dialect::Excel).is_err(), "{formula}");
        }
        let open = [
            "of:=DDE(\"soffice\";\"file:///x\";\"a\")",
            "of:=['file:///c:/x.ods'#$Sheet1.A1]",
            "of:=[file:///x#Sheet1.A1]",
            "of:=['http://x/a.ods'#Sheet1.A1]",
            "of:='file:///x'#$Sheet1.A1",
            "of:=COM.MICROSOFT.WEBSERVICE([.A1])",
            "of:=WEBSERVICE([.A1])",
            "msoxl:=cmd|'/c calc'!A1",
            "msoxl:=[1]Sheet!A1",
            "of:=HYPERLINK([.A1])",
            "of:=COM.SUN.STAR.SHEET.ADDIN.ANALYSIS.X(1)",
            "of:=[.A1",
            "of:=['x'.A1",
            "of:=INDIRECT(\"'file:///x'#a\")",
            "of:=file:x",
            "of:=[\\\\host.A1]",
        ];
        for formula in open {
            assert!(check(formula, Dialect::Open).is_err(), "{formula}");
        }
        assert_eq!((excel.len(), open.len()), (47, 16));
    }

    #[test]
    fn functions_that_are_values_are_judged_as_if_they_were_called() {
        for formula in ["_xlfn.BYROW(A1:B3,_xleta.STDEV.S)", "_xlfn.MAP(A1:A3,_xleta.INDIRECT)"] {
            assert_eq!(check(formula, Dialect::Excel), Ok(()), "{formula}");
        }
        for formula in [
            "_xlfn.MAP(A1:A3,_xleta.WEBSERVICE)",
            "_xlfn.MAP(A1:A3,_XLETA.webservice)",
            "_xlfn.MAP(A1:A3,_xlfn._xleta._xlfn.IMAGE)",
            "_xlfn.MAP(A1:A3,_xleta._xleta.SUM)",
            "_xlfn.MAP(A1:A3,$_xleta.EXEC )",
            "_xlfn.MAP(A1:A3,_xleta.HYPERLINK)",
            "_xlfn.MAP(A1:A3,_xleta.GET.CELL)",
            "_xlfn.MAP(\"\\\\host\\x\",_xleta.INDIRECT)",
        ] {
            assert!(check(formula, Dialect::Excel).is_err(), "{formula}");
        }
        assert!(check("of:=MAP([.A1:.A3];_xleta.WEBSERVICE)", Dialect::Open).is_err());
    }

    #[test]
    fn names_that_run_by_themselves_are_known() {
        for name in ["Auto_Open", "auto_open_1", "_xlnm.Auto_Close", "Auto_x005F_Open", "AUTO_ACTIVATE"] {
            assert!(is_automatic_name(name), "{name}");
        }
        for name in ["_xlnm.Print_Area", "automat", "自動"] {
            assert!(!is_automatic_name(name), "{name}");
        }
    }
}
