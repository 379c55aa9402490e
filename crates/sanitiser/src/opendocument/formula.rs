//! Formulas, conditions and addresses of cells (ODF 1.3 part 4 "`OpenFormula`", part 3 §19) → whether they stay inside.
//!
//! *Security.* Given any text; one pass over it. A formula is kept when every function in it is on the list, no
//! reference leads to another file, and no part of it is of another syntax; else the cell keeps its value alone.
//! What `HYPERLINK` leads to must stand there as text and be a link that may cross.

use super::links;
use std::{collections::HashSet, sync::LazyLock};

/// Longest formula (spreadsheets take 64 Ki characters at most).
const OCTETS_MAX: usize = 200_000;

/// Why a formula is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// It refers to another file or program.
    External,
    /// It calls a function that is not on the list.
    Function(String),
    /// It leads to a place that no link may lead to.
    Link,
    /// It is of another syntax.
    Syntax,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// A formula of a cell or of a name.
    Formula,
    /// A condition of a validity rule, a style or a filter, with formulas in it.
    Condition,
}

/// Judges a formula with the prefix of its syntax. `may_link`: it may lead out of the document, to pages and people.
pub(super) fn judge(text: &str, syntax: Syntax, may_link: bool) -> Result<(), Objection> {
    if text.len() > OCTETS_MAX {
        return Err(Objection::Syntax);
    }
    let (prefix, body) = prefixed(text);
    match prefix {
        "of" | "oooc" | "" => {
            let (rest, behind_name, braces, is_far, is_indirect) = (body, false, 0, false, false);
            Scanner { rest, syntax, may_link, behind_name, braces, is_far, is_indirect }.run()
        }
        "ooow" => writer(body),
        _ => Err(Objection::Syntax),
    }
}

/// Whether addresses of cells stay in this document. Several may stand in one attribute.
pub(super) fn is_inside(addresses: &str) -> bool {
    let mut rest = addresses;
    while let Some(place) = rest.find(['\'', '#']) {
        let (_, tail) = rest.split_at_checked(place).unwrap_or(("", rest));
        if tail.starts_with('\'') {
            let Some((_, behind)) = quoted(tail, '\'') else { return false };
            if behind.starts_with('#') {
                return false;
            }
            rest = behind;
        } else {
            let Some(behind) = tail.strip_prefix("#REF!") else { return false };
            rest = behind;
        }
    }
    true
}

/// The prefix of the syntax, when there is one, and what follows it.
fn prefixed(text: &str) -> (&str, &str) {
    match text.split_once(':') {
        Some((prefix, body)) if !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_lowercase()) => {
            (prefix, body)
        }
        _ => ("", text),
    }
}

/// Formulas of text documents: fields and numbers; their functions are fixed and reach nothing.
fn writer(body: &str) -> Result<(), Objection> {
    let lower = body.to_ascii_lowercase();
    let words = ["://", "file:", "dde", "#", "_xleta."];
    if words.iter().any(|word| lower.contains(word)) {
        return Err(Objection::External);
    }
    Ok(())
}

/// What a quoted piece at the start says, its doubled quotes undone, and what stands behind it.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix(quote)?;
    let mut said = String::new();
    loop {
        let (before, behind) = rest.split_once(quote)?;
        said.push_str(before);
        match behind.strip_prefix(quote) {
            Some(further) => {
                said.push(quote);
                rest = further;
            }
            None => return Some((said, behind)),
        }
    }
}

/// Values that stand for an error.
const ERRORS: &[&str] =
    &["#REF!", "#N/A", "#NAME?", "#DIV/0!", "#VALUE!", "#NUM!", "#NULL!", "#GETTING_DATA", "#ERR"];

/// Words of conditions (ODF 1.3 part 3 §19.606 and §19.471, and LibreOffice's conditional formats).
const CONDITIONS: &[&str] = &[
    "cell-content-is-in-list",
    "cell-content-text-length-is-not-between",
    "cell-content-text-length-is-between",
    "cell-content-text-length",
    "cell-content-is-decimal-number",
    "cell-content-is-whole-number",
    "cell-content-is-date",
    "cell-content-is-time",
    "cell-content-is-text",
    "cell-content-is-not-between",
    "cell-content-is-between",
    "cell-content",
    "is-true-formula",
    "is-true-condition",
    "value-is-not-between",
    "value-is-between",
    "value",
    "formula-is",
    "not-contains-text",
    "contains-text",
    "begins-with",
    "ends-with",
    "not-between",
    "between",
    "top-elements",
    "bottom-elements",
    "top-percent",
    "bottom-percent",
    "is-no-error",
    "is-error",
    "above-equal-average",
    "below-equal-average",
    "above-average",
    "below-average",
];

struct Scanner<'a> {
    rest: &'a str,
    syntax: Syntax,
    /// Whether it may lead to pages and people.
    may_link: bool,
    /// Whether a quoted name stands directly before.
    behind_name: bool,
    /// Open braces: a matrix of values, whose rows are parted by `|`.
    braces: u32,
    /// Whether a text in it looks like the address of a file.
    is_far: bool,
    /// Whether it makes references out of text.
    is_indirect: bool,
}

impl<'a> Scanner<'a> {
    fn run(mut self) -> Result<(), Objection> {
        while let Some(c) = self.rest.chars().next() {
            let behind_name = std::mem::take(&mut self.behind_name);
            match c {
                '"' => {
                    let (text, behind) = quoted(self.rest, '"').ok_or(Objection::Syntax)?;
                    self.is_far |= text.contains("//") || text.contains("\\\\") || links::is_active(&text);
                    self.rest = behind;
                }
                '\'' => {
                    self.rest = quoted(self.rest, '\'').ok_or(Objection::Syntax)?.1;
                    self.behind_name = true;
                }
                '#' => {
                    let known = ERRORS.iter().find_map(|error| self.rest.strip_prefix(error));
                    self.rest = known.filter(|_| !behind_name).ok_or(Objection::External)?;
                }
                '[' => self.reference()?,
                '|' if self.braces == 0 => return Err(Objection::External),
                _ if c.is_alphabetic() || c == '_' => self.word()?,
                _ if c.is_numeric() => {
                    let is_number = |c: char| c.is_alphanumeric() || c == '.';
                    self.rest = self.rest.trim_start_matches(is_number);
                }
                _ => {
                    match c {
                        '{' => self.braces = self.braces.saturating_add(1),
                        '}' => self.braces = self.braces.saturating_sub(1),
                        _ => {}
                    }
                    self.rest = self.rest.strip_prefix(c).unwrap_or_default();
                }
            }
        }
        if self.is_far && self.is_indirect { Err(Objection::External) } else { Ok(()) }
    }

    /// A reference in brackets (part 4 §5.8): cells of this document, by a dot behind the name of the sheet.
    fn reference(&mut self) -> Result<(), Objection> {
        let mut rest = self.rest.strip_prefix('[').unwrap_or_default();
        let mut names_cells = false;
        loop {
            let c = rest.chars().next().ok_or(Objection::Syntax)?;
            let behind = rest.strip_prefix(c).unwrap_or_default();
            rest = match c {
                ']' => {
                    // `[1]!name` is a file that a table elsewhere names; `[.A1]![.A2]` is what two ranges share.
                    let other = behind.starts_with('!') && !behind.starts_with("![");
                    self.rest = behind;
                    return if names_cells && !other { Ok(()) } else { Err(Objection::External) };
                }
                '\'' => {
                    let (name, behind) = quoted(rest, '\'').ok_or(Objection::Syntax)?;
                    if behind.starts_with('#') || name.contains("://") || links::is_active(&name) {
                        return Err(Objection::External);
                    }
                    behind
                }
                '#' => {
                    names_cells = true;
                    behind.strip_prefix("REF!").ok_or(Objection::External)?
                }
                '/' | '\\' | '[' | '|' | '"' => return Err(Objection::External),
                '.' => {
                    names_cells = true;
                    behind
                }
                _ => behind,
            };
        }
    }

    /// A word: a function when a bracket follows, else a name or an address.
    fn word(&mut self) -> Result<(), Objection> {
        let condition = CONDITIONS.iter().filter(|_| self.syntax == Syntax::Condition).find_map(|name| {
            let behind = self.rest.strip_prefix(name)?;
            (!behind.starts_with(|c: char| c.is_alphanumeric() || c == '-')).then_some(behind)
        });
        if let Some(behind) = condition {
            self.rest = behind;
            return Ok(());
        }
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '\\');
        let behind = self.rest.trim_start_matches(in_word);
        let length = self.rest.len().saturating_sub(behind.len());
        let (word, behind) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = behind;
        let Some(arguments) = behind.trim_start().strip_prefix('(') else {
            // A function as a value, in the spelling of Excel: another one calls it.
            if let Some((_, function)) = word.to_uppercase().split_once("_XLETA.")
                && (function == "HYPERLINK" || !FUNCTIONS.contains(function))
            {
                return Err(Objection::Function(word.chars().take(60).collect()));
            }
            // `file:///…` without quotes.
            return if behind.starts_with("://") || behind.starts_with(":\\") {
                Err(Objection::External)
            } else {
                Ok(())
            };
        };
        let upper = word.to_uppercase();
        self.is_indirect |= upper == "INDIRECT";
        match upper.as_str() {
            "HYPERLINK" => leads_where_a_link_may(arguments, self.may_link),
            "DDE" => Err(Objection::External),
            _ if FUNCTIONS.contains(upper.as_str()) => Ok(()),
            _ => Err(Objection::Function(word.chars().take(60).collect())),
        }
    }
}

/// The first argument is a text of its own, and a link may lead there: out of the document only where policy lets it.
fn leads_where_a_link_may(arguments: &str, may_link: bool) -> Result<(), Objection> {
    let (target, behind) = quoted(arguments.trim_start(), '"').ok_or(Objection::Link)?;
    let ends = behind.trim_start().starts_with([';', ')', ',']);
    let may_lead = may_link || target.starts_with('#');
    if ends && may_lead && links::sound(&target).is_some() { Ok(()) } else { Err(Objection::Link) }
}

/// The functions that only calculate: those of ODF 1.3 part 4 §6 and what LibreOffice and Excel add to them.
static FUNCTIONS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("functions.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_ascii_whitespace)
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_that_calculate_are_kept() {
        let cases = [
            "of:=SUM([.A1:.B2])+1.5E3",
            "of:=IF([$'Sheet ''1'''.$A$1]=\"a\"\"b#'\";[.#REF!];#N/A)",
            "of:=VLOOKUP([.A1];['明細 #1'.A1:.B9];2;0)",
            "of:=com.microsoft.concat([.A1];\"x|y\")",
            "=SUM(A1:B2)",
            "oooc:=ROUND([.A1];2)",
            "of:=SUM([.A1:.A5]![.A3:.B3])",
            "of:={1;2|3;4}",
            "of:=INDIRECT(\"A\"&ROW())&\"x\"",
            "of:=売上合計*1.1",
            "of:=HYPERLINK(\"https://example.jp/\";\"x\")",
            "of:=HYPERLINK(\"#Sheet2.A1\")",
            "ooow:sum(<A1:B2>)",
            "ooow:\"a\" EQ \"b\"",
        ];
        let mut ran = 0;
        for formula in cases {
            assert_eq!(judge(formula, Syntax::Formula, true), Ok(()), "{formula}");
            ran += 1;
        }
        assert_eq!(ran, 14);
        let conditions = [
            "of:cell-content-is-in-list([$Sheet1.$A$1:.$A$3])",
            "of:cell-content-is-whole-number() and cell-content()>5",
            "formula-is(MONTH([.A1])=10)",
            "value()>=0",
            "is-true-formula(AND([.B1]>=2000;[.B1]<3000))",
            "contains-text(\"済\")",
            "top-elements(3)",
            "unique",
            "=\"x\"",
        ];
        let mut ran = 0;
        for condition in conditions {
            assert_eq!(judge(condition, Syntax::Condition, true), Ok(()), "{condition}");
            ran += 1;
        }
        assert_eq!(ran, 9);
    }

    #[test]
    fn formulas_that_reach_out_are_not() {
        let cases: &[(&str, Objection)] = &[
            ("of:=['file:///C:/a.ods'#$Sheet1.A1]", Objection::External),
            ("of:=[file:///C:/a.ods#$Sheet1.A1]", Objection::External),
            ("of:=['\\\\host\\share\\a.ods'#$'Sheet 1'.A1]", Objection::External),
            ("of:='file:///a.ods'#REF!", Objection::External),
            ("of:=[1]!name", Objection::External),
            ("of:=[.A1]!name", Objection::External),
            ("of:=[\\\\host.A1]", Objection::External),
            ("of:=DDE(\"cmd\";\"/c calc\";\"A1\")", Objection::External),
            ("of:=dde (\"soffice\";\"a\";\"b\")", Objection::External),
            ("msoxl:=cmd|'/c calc'!A1", Objection::Syntax),
            ("of:=cmd|'/c calc'!A1", Objection::External),
            (
                "of:=COM.MICROSOFT.WEBSERVICE(\"http://x\")",
                Objection::Function("COM.MICROSOFT.WEBSERVICE".to_owned()),
            ),
            ("of:=SUM(_xleta.WEBSERVICE)", Objection::Function("_xleta.WEBSERVICE".to_owned())),
            ("of:=SUM(_xleta.HYPERLINK)", Objection::Function("_xleta.HYPERLINK".to_owned())),
            ("ooow:_xleta.WEBSERVICE", Objection::External),
            ("of:=1+MYMACRO(1)", Objection::Function("MYMACRO".to_owned())),
            ("of:=HYPERLINK(\"file:///c:/x.exe\")", Objection::Link),
            ("of:=HYPERLINK(\"http://x/\"&[.A1])", Objection::Link),
            ("of:=HYPERLINK([.A1])", Objection::Link),
            ("of:=INDIRECT(\"'file:///a.ods'#$Sheet1.A1\")", Objection::External),
            ("of:=\"open", Objection::Syntax),
            ("ooow:DDE x", Objection::External),
        ];
        let mut ran = 0;
        for (formula, objection) in cases {
            assert_eq!(judge(formula, Syntax::Formula, true), Err(objection.clone()), "{formula}");
            ran += 1;
        }
        assert_eq!(ran, 22);
        let here = "of:=HYPERLINK(\"#Sheet2.A1\";\"https://example.jp/\")";
        assert_eq!(judge(here, Syntax::Formula, false), Ok(()));
        let out = "of:=hyperlink (\"https://example.jp/\";\"x\")";
        assert_eq!(judge(out, Syntax::Formula, false), Err(Objection::Link));
    }

    #[test]
    fn addresses_stay_inside() {
        let cases = [
            ("Sheet1.A1:Sheet1.B2 'a b'.C3", true),
            ("$'明細 #1'.$A$1", true),
            ("'it''s'.A1", true),
            ("Sheet1.#REF!", true),
            ("'file:///a.ods'#$Sheet1.A1", false),
            ("file:///a.ods#Sheet1.A1", false),
            ("'open", false),
        ];
        let mut ran = 0;
        for (address, inside) in cases {
            assert_eq!(is_inside(address), inside, "{address}");
            ran += 1;
        }
        assert_eq!(ran, 7);
    }
}
