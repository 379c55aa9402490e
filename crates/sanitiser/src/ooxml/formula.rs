//! Whether a formula (ISO/IEC 29500-1 §18.17) stays inside its workbook.
//!
//! *Security.* Given any text; one pass. A formula is refused when it holds a DDE link (`cmd|'…'!A1`), a reference to
//! another book, path or address, or a function that fetches, runs or asks something outside. What is refused is never
//! repaired: the value that was last computed stays in its place. A function that is handed over as a value
//! (`_xleta.NAME`) is judged like one that is called.

use super::links;
use std::collections::BTreeSet;

/// Functions of worksheets and macro sheets that reach outside or run something.
const FUNCTIONS: &[&str] = &[
    "ACTIVATE",
    "ALERT",
    "APPLY",
    "ARGUMENT",
    "BEEP",
    "BREAK",
    "CALL",
    "CALLER",
    "CANCEL",
    "CHDIR",
    "CLOSE",
    "CREATE",
    "DELETE",
    "DIRECTORIES",
    "DIRECTORY",
    "DOCUMENTS",
    "ECHO",
    "ERROR",
    "EVALUATE",
    "EXEC",
    "EXECUTE",
    "FCLOSE",
    "FILES",
    "FILTERXML",
    "FOPEN",
    "FORMULA",
    "FPOS",
    "FREAD",
    "FREADLN",
    "FSIZE",
    "FWRITE",
    "FWRITELN",
    "GOTO",
    "HALT",
    "HELP",
    "IMAGE",
    "INITIATE",
    "INPUT",
    "LINKS",
    "MESSAGE",
    "NOTE",
    "OPEN",
    "PAUSE",
    "POKE",
    "PRINT",
    "PY",
    "QUIT",
    "REFTEXT",
    "REGISTER",
    "REQUEST",
    "RESTART",
    "RESULT",
    "RETURN",
    "RTD",
    "RUN",
    "SAVE",
    "SCENARIO",
    "SQL",
    "STEP",
    "STOCKHISTORY",
    "TERMINATE",
    "TEXTREF",
    "TRANSLATE",
    "UNREGISTER",
    "VOLATILE",
    "WAIT",
    "WEBSERVICE",
    "WINDOWS",
    "COPILOT",
    "DETECTLANGUAGE",
    "IMPORTTEXT",
    "IMPORTCSV",
];

/// The functions of worksheets with a dot in their names (ISO/IEC 29500-1 §18.17.7, \[MS-XLSX\] 2.2.2). All others are
/// of the macro language or of an add-in.
const DOTTED: &[&str] = &[
    "AGGREGATE",
    "BETA.DIST",
    "BETA.INV",
    "BINOM.DIST",
    "BINOM.DIST.RANGE",
    "BINOM.INV",
    "CEILING.MATH",
    "CEILING.PRECISE",
    "CHISQ.DIST",
    "CHISQ.DIST.RT",
    "CHISQ.INV",
    "CHISQ.INV.RT",
    "CHISQ.TEST",
    "CONFIDENCE.NORM",
    "CONFIDENCE.T",
    "COVARIANCE.P",
    "COVARIANCE.S",
    "ECMA.CEILING",
    "ERF.PRECISE",
    "ERFC.PRECISE",
    "ERROR.TYPE",
    "EXPON.DIST",
    "F.DIST",
    "F.DIST.RT",
    "F.INV",
    "F.INV.RT",
    "F.TEST",
    "FLOOR.MATH",
    "FLOOR.PRECISE",
    "FORECAST.ETS",
    "FORECAST.ETS.CONFINT",
    "FORECAST.ETS.SEASONALITY",
    "FORECAST.ETS.STAT",
    "FORECAST.LINEAR",
    "GAMMA.DIST",
    "GAMMA.INV",
    "GAMMALN.PRECISE",
    "HYPGEOM.DIST",
    "ISO.CEILING",
    "LOGNORM.DIST",
    "LOGNORM.INV",
    "MODE.MULT",
    "MODE.SNGL",
    "NEGBINOM.DIST",
    "NETWORKDAYS.INTL",
    "NORM.DIST",
    "NORM.INV",
    "NORM.S.DIST",
    "NORM.S.INV",
    "PERCENTILE.EXC",
    "PERCENTILE.INC",
    "PERCENTRANK.EXC",
    "PERCENTRANK.INC",
    "POISSON.DIST",
    "QUARTILE.EXC",
    "QUARTILE.INC",
    "RANK.AVG",
    "RANK.EQ",
    "SKEW.P",
    "STDEV.P",
    "STDEV.S",
    "T.DIST",
    "T.DIST.2T",
    "T.DIST.RT",
    "T.INV",
    "T.INV.2T",
    "T.TEST",
    "VAR.P",
    "VAR.S",
    "WEIBULL.DIST",
    "WORKDAY.INTL",
    "Z.TEST",
];

/// Names that Excel calls by itself.
const AUTO_NAMES: &[&str] =
    &["autoopen", "autoclose", "autoactivate", "autodeactivate", "autoexec", "autoexit"];

/// Whether a defined name would be called by itself, whatever stands behind it.
pub(super) fn is_auto_name(name: &str) -> bool {
    let name = unescaped(name).trim().to_lowercase();
    let name = name.strip_prefix("_xlnm.").unwrap_or(&name);
    let name: String = name.chars().filter(|c| !matches!(c, '_' | '.')).collect();
    AUTO_NAMES.iter().any(|auto| name.starts_with(auto))
}

/// Whether a formula stays inside. `gone` are defined names (in lower case) that do not exist any more.
pub(super) fn stays_inside(formula: &str, gone: &BTreeSet<String>, may_link: bool) -> bool {
    let plain = unescaped(formula);
    one_stays_inside(formula, gone, may_link)
        && (plain == formula || one_stays_inside(&plain, gone, may_link))
}

/// `_x0041_` as the character that it stands for (ISO/IEC 29500-1 §22.4.2.4).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_x") {
        out.push_str(before);
        let digits = after.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let closed = after.get(4..5) == Some("_");
        let c = digits.filter(|_| closed).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match c.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = after.get(5..).unwrap_or_default();
            }
            None => {
                out.push_str("_x");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn one_stays_inside(formula: &str, gone: &BTreeSet<String>, may_link: bool) -> bool {
    let (mut is_indirect, mut has_place) = (false, false);
    let mut rest = formula.trim_start().trim_start_matches('=');
    // What stood before: an identifier that may own a bracket or an argument list.
    let (mut word, mut spaced) = ("", false);
    while let Some(c) = rest.chars().next() {
        match c {
            '"' => {
                let Some(after) = past_quoted(rest, '"') else { return false };
                let quoted = rest.get(..rest.len().saturating_sub(after.len())).unwrap_or_default();
                has_place |= quoted.contains("\\\\") || quoted.contains("//") || links::acts(quoted);
                (rest, word) = (after, "");
            }
            '\'' => {
                let Some(after) = past_quoted(rest, '\'') else { return false };
                let quoted = rest.get(..rest.len().saturating_sub(after.len())).unwrap_or_default();
                // The name of a sheet holds none of these; a path, another book or a DDE item does.
                let is_sheet = !quoted.contains(['[', ']', '\\', '/', '|', '?', '*']) && !links::acts(quoted);
                if !is_sheet || after.starts_with('#') {
                    return false;
                }
                (rest, word) = (after, "'");
            }
            '[' => {
                // Behind a name: columns of a table. Otherwise: another book.
                if spaced || !word.starts_with(is_word) {
                    return false;
                }
                let Some(after) = past_brackets(rest) else { return false };
                if after.starts_with(|c| is_word(c) || matches!(c, '!' | '\'' | '[')) {
                    return false;
                }
                (rest, word) = (after, "]");
            }
            '(' => {
                if !function_is_allowed(word, rest, may_link) {
                    return false;
                }
                is_indirect |= word.eq_ignore_ascii_case("INDIRECT");
                rest = rest.get(1..).unwrap_or_default();
                word = "";
            }
            '|' | '｜' | '\\' | ']' | '`' => return false,
            _ if c.is_control() && !c.is_whitespace() => return false,
            _ if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                if !after.starts_with(['(', '!', '[']) && gone.contains(&name.to_lowercase()) {
                    return false;
                }
                if let Some(function) = handed_over(name) {
                    if !function_is_allowed(&function, "", may_link) {
                        return false;
                    }
                    is_indirect |= function == "INDIRECT";
                }
                if after.starts_with(':') && links::acts(&format!("{name}:")) {
                    return false;
                }
                (rest, word) = (after, name);
            }
            _ => {
                // `://` stands in no formula: an address without quotes.
                if rest.starts_with("://") || rest.starts_with("//") {
                    return false;
                }
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
                if !c.is_whitespace() {
                    word = "";
                }
            }
        }
        spaced = c.is_whitespace();
    }
    // A place that is put together while computing must not lie outside.
    !(is_indirect && has_place)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '.' | '$' | '#' | '?' | '・' | 'ー')
        || (!c.is_ascii() && !c.is_whitespace() && c != '｜')
}

/// What follows a quoted piece; a doubled quote stands for itself.
fn past_quoted(text: &str, quote: char) -> Option<&str> {
    let mut rest = text.get(1..)?;
    loop {
        let (_, after) = rest.split_once(quote)?;
        match after.strip_prefix(quote) {
            Some(further) => rest = further,
            None => return Some(after),
        }
    }
}

/// What follows a bracketed piece; brackets nest, and `'` takes away the meaning of the next character.
fn past_brackets(text: &str) -> Option<&str> {
    let mut depth = 0usize;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\'' => {
                characters.next();
            }
            '[' => depth = depth.saturating_add(1),
            ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(at.saturating_add(1)..);
                }
            }
            _ => {}
        }
    }
    None
}

/// The function that a word hands over as a value, in capitals: another function calls it, and what with stands nowhere
/// in the formula.
fn handed_over(word: &str) -> Option<String> {
    word.to_ascii_uppercase().split_once("_XLETA.").map(|(_, function)| function.to_owned())
}

fn function_is_allowed(word: &str, arguments: &str, may_link: bool) -> bool {
    let name = word.trim_start_matches(['@', '#']).to_ascii_uppercase();
    // Functions of add-ins and of macros by their file names.
    if name.starts_with("_XLL.") || name.starts_with("_XLUDF.") {
        return false;
    }
    let mut name = name.as_str();
    while let Some(rest) = name.strip_prefix("_XLFN.").or_else(|| name.strip_prefix("_XLWS.")) {
        name = rest;
    }
    if name == "HYPERLINK" {
        return may_link && links_to_allowed(arguments);
    }
    !(FUNCTIONS.contains(&name)
        || name.starts_with("CUBE")
        || (name.contains('.') && !DOTTED.contains(&name)))
}

/// `HYPERLINK("address"…`: the address must be literal.
fn links_to_allowed(arguments: &str) -> bool {
    let Some(first) = arguments.strip_prefix('(').map(str::trim_start) else { return false };
    let Some(after) = first.strip_prefix('"').and_then(|_| past_quoted(first, '"')) else { return false };
    let behind = after.trim_start();
    if !behind.starts_with([',', ')', ';']) {
        return false;
    }
    let literal = first.get(1..first.len().saturating_sub(after.len()).saturating_sub(1)).unwrap_or_default();
    match literal.strip_prefix('#') {
        Some(place) => links::is_place(place),
        None => links::target(literal).as_deref() == Some(literal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_that_reach_outside_are_refused() {
        let cases: &[(&str, bool)] = &[
            ("SUM(A1:B2)*1.1", true),
            ("IF(A1=\"x|y\",1,'売上 2024'!B3)", true),
            ("合計!A1+表1[[#This Row],[金額|円]]", true),
            ("VLOOKUP(A1,Sheet2!$A:$C,3,FALSE)", true),
            ("_xlfn.T.INV.2T(0.05,3)+ERROR.TYPE(A1)", true),
            ("_xlfn._xlws.SORT(A1:A9)", true),
            ("'Sheet1:Sheet3'!A1", true),
            ("INDEX(A1:A3, 2)", true),
            ("HYPERLINK(\"https://example.jp/\",\"x\")", true),
            ("HYPERLINK(\"#Sheet2!A1\",\"x\")", true),
            ("A1#", true),
            ("{1,2;3,4}", true),
            ("cmd|'/c calc'!A1", false),
            ("=cmd|' /C calc'!A0", false),
            ("DDE(\"a\",\"b\",\"c\")+'a|b'!A1", false),
            ("[1]Sheet1!A1", false),
            ("SUM([2]Sheet1!A1)", false),
            ("'[book.xlsx]Sheet1'!A1", false),
            ("'C:\\x\\[book.xlsx]Sheet1'!A1", false),
            ("'\\\\server\\share\\[b.xlsx]S'!A1", false),
            ("'http://example.jp/[b.xlsx]S'!A1", false),
            ("http://example.jp/a", false),
            ("WEBSERVICE(\"http://example.jp\")", false),
            ("_xlfn.WEBSERVICE(A1)", false),
            ("webservice (A1)", false),
            ("_xlfn.FILTERXML(A1,\"x\")", false),
            ("RTD(\"a\",,\"b\")", false),
            ("CALL(\"kernel32\",\"WinExec\",\"JCJ\",\"calc\",0)", false),
            ("REGISTER.ID(\"a\",\"b\")", false),
            ("EXEC(\"calc\")", false),
            ("GET.WORKSPACE(1)", false),
            ("GET.CELL(6,A1)", false),
            ("_xlfn.IMAGE(\"http://example.jp/x.png\")", false),
            ("_xlfn._xlws.PY(0,1)", false),
            ("CUBEVALUE(\"c\",\"m\")", false),
            ("_xll.Evil(1)", false),
            ("HYPERLINK(\"file:///c:/x.exe\")", false),
            ("HYPERLINK(\"\\\\server\\share\")", false),
            ("HYPERLINK(\"http://a.jp/\"&A1)", false),
            ("HYPERLINK(A1)", false),
            ("gone+1", false),
            ("_x0057_EBSERVICE(A1)", false),
            ("INDIRECT(\"'\\\\host\\[b]s'!A1\")", false),
            ("INDIRECT(\"A\"&ROW())", true),
            ("foo[1]Sheet!A1", false),
            ("ｃｍｄ｜'x'!a", false),
            ("A1 [1]Sheet1!A1", false),
            ("'a'[1]Sheet1!A1", false),
            ("\"unclosed", false),
            ("MAP(A1:A3,_xleta.SUM)", true),
            ("_xlfn.BYROW(A1:B3,_xleta.STDEV.S)", true),
            ("_xlfn.MAP(A1:A3,_xleta.WEBSERVICE)", false),
            ("_xlfn.MAP(A1:A3,_XLETA.webservice)", false),
            ("_xlfn.MAP(A1:A3,_xlfn._xleta._xlfn.IMAGE)", false),
            ("_xlfn.MAP(A1:A3,_xleta._xleta.SUM)", false),
            ("_xlfn.MAP(A1:A3,$_xleta.EXEC )", false),
            ("_xlfn.MAP(A1:A3,_xleta.HYPERLINK)", false),
            ("_xlfn.MAP(A1:A3,_xleta.GET.CELL)", false),
            ("_xlfn.MAP(\"\\\\host\\x\",_xleta.INDIRECT)", false),
            ("_xlfn.MAP(A1:A3,_xleta.INDIRECT)", true),
        ];
        let gone = BTreeSet::from(["gone".to_owned()]);
        let mut ran = 0;
        for (formula, inside) in cases {
            assert_eq!(stays_inside(formula, &gone, true), *inside, "{formula}");
            ran += 1;
        }
        assert_eq!(ran, 60);
        assert!(!stays_inside("HYPERLINK(\"https://example.jp/\",\"x\")", &gone, false));
        assert!(is_auto_name("_xlnm.Auto_Open") && is_auto_name("AUTO_OPEN1") && !is_auto_name("automatic"));
    }
}
