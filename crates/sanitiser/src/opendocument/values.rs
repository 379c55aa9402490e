//! The value of one attribute → kept, changed, or left out.

use super::{
    formula::{self, Objection, Syntax},
    links,
};
use crate::markup::Name;
use policy::FindingCode;

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays.
    Keep,
    /// It goes; the element stays.
    Remove(Option<FindingCode>),
    /// It goes, and the element says nothing without it.
    RemoveElement(FindingCode),
}

/// Attributes of words for people, and names: they may look like anything.
const WORDS: &[&str] = &[
    "name",
    "display-name",
    "title",
    "label",
    "description",
    "string-value",
    "string-value-if-true",
    "string-value-if-false",
    "num-prefix",
    "num-suffix",
    "author",
    "annote",
    "booktitle",
    "url",
    "note",
    "publisher",
    "value",
    "member-name",
    "comment",
    "leader-text",
    "custom1",
    "custom2",
    "custom3",
    "custom4",
    "custom5",
];

/// Judges an attribute of an element of ours; `xlink:href` is judged with its element. `may_link`: formulas may lead to
/// pages and people.
pub(super) fn judge(element: Name, name: Name, value: &str, may_link: bool) -> Verdict {
    let formula =
        |syntax, otherwise: fn(Option<FindingCode>) -> Verdict| formula(value, syntax, may_link, otherwise);
    match (name.0, name.1) {
        ("xml", "space") if !matches!(value, "preserve" | "default") => Verdict::Remove(None),
        ("xml", "id" | "lang") if !value.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) => {
            Verdict::Remove(None)
        }
        ("xml", _) => Verdict::Keep,
        ("office", "target-frame-name") if !is_frame_name(value) => Verdict::Remove(None),
        ("style", "filter-name") | ("text", "global") | ("draw" | "loext", "mime-type") => {
            Verdict::Remove(None)
        }
        ("table" | "text", "formula") => formula(Syntax::Formula, Verdict::Remove),
        ("table", "expression") => formula(Syntax::Formula, drop_element),
        ("style", "condition") => formula(Syntax::Condition, drop_element),
        ("calcext", "value") if element.1 == "condition" => formula(Syntax::Condition, drop_element),
        ("calcext", "value") => formula(Syntax::Formula, Verdict::Remove),
        ("table" | "text", "condition") => formula(Syntax::Condition, Verdict::Remove),
        ("table" | "chart" | "calcext" | "draw" | "style", local)
            if is_address(local) && !formula::is_inside(value) =>
        {
            Verdict::Remove(Some(FindingCode::ExternalReference))
        }
        (_, local) if !WORDS.contains(&local) && links::is_active(value) => {
            Verdict::Remove(Some(FindingCode::ExternalReference))
        }
        _ => Verdict::Keep,
    }
}

fn drop_element(code: Option<FindingCode>) -> Verdict {
    Verdict::RemoveElement(code.unwrap_or(FindingCode::FormulaFrozen))
}

fn formula(
    value: &str,
    syntax: Syntax,
    may_link: bool,
    otherwise: fn(Option<FindingCode>) -> Verdict,
) -> Verdict {
    match formula::judge(value, syntax, may_link) {
        Ok(()) => Verdict::Keep,
        Err(Objection::Link) => otherwise(Some(FindingCode::LinkDropped)),
        Err(Objection::External | Objection::Function(_) | Objection::Syntax) => {
            otherwise(Some(FindingCode::FormulaFrozen))
        }
    }
}

fn is_address(local: &str) -> bool {
    ["address", "addresses", "range", "ranges"].iter().any(|end| local.ends_with(end))
}

fn is_frame_name(value: &str) -> bool {
    value.len() <= 40 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_by_what_they_could_do() {
        let keep = Verdict::Keep;
        let frozen = Verdict::Remove(Some(FindingCode::FormulaFrozen));
        let external = Verdict::Remove(Some(FindingCode::ExternalReference));
        let cases: &[(Name, Name, &str, &Verdict)] = &[
            (("table", "table-cell"), ("table", "formula"), "of:=[.A1]", &keep),
            (("table", "table-cell"), ("table", "formula"), "of:=DDE(\"a\";\"b\";\"c\")", &frozen),
            (("table", "content-validation"), ("table", "condition"), "of:cell-content()>5", &keep),
            (
                ("table", "named-expression"),
                ("table", "expression"),
                "of:=['file:///a'#$A.A1]",
                &Verdict::RemoveElement(FindingCode::FormulaFrozen),
            ),
            (("table", "named-range"), ("table", "cell-range-address"), "$'a b'.$A$1", &keep),
            (("table", "named-range"), ("table", "cell-range-address"), "'file:///a'#$A.A1", &external),
            (("chart", "series"), ("chart", "values-cell-range-address"), "local-table.$B$2:.$B$5", &keep),
            (("draw", "frame"), ("draw", "name"), "file:///a", &keep),
            (("draw", "frame"), ("draw", "style-name"), "file:///a", &external),
            (("draw", "custom-shape"), ("draw", "data"), "\\\\host\\x", &external),
            (("text", "a"), ("office", "target-frame-name"), "_blank", &keep),
            (("text", "a"), ("office", "target-frame-name"), "a b", &Verdict::Remove(None)),
            (("text", "p"), ("xml", "id"), "id1", &keep),
            (("text", "p"), ("xml", "id"), "a b", &Verdict::Remove(None)),
        ];
        let mut ran = 0;
        for (element, name, value, verdict) in cases {
            assert_eq!(&judge(*element, *name, value, true), *verdict, "{name:?} {value}");
            ran += 1;
        }
        assert_eq!(ran, 14);
        let link = "of:=HYPERLINK(\"https://example.jp/\")";
        let dropped = Some(FindingCode::LinkDropped);
        for (name, verdict) in [
            (("table", "formula"), Verdict::Remove(dropped)),
            (("table", "condition"), Verdict::Remove(dropped)),
            (("table", "expression"), Verdict::RemoveElement(FindingCode::LinkDropped)),
            (("style", "condition"), Verdict::RemoveElement(FindingCode::LinkDropped)),
        ] {
            assert_eq!(judge(("table", "x"), name, link, true), keep, "{name:?}");
            assert_eq!(judge(("table", "x"), name, link, false), verdict, "{name:?}");
        }
    }
}
