//! Fields of Word documents (ISO/IEC 29500-1 §17.16): the instruction is put together across its runs and judged; what
//! is not allowed becomes the text that it showed.
//!
//! *Security.* The verb must stand literally at the beginning of the instruction: one that nested fields would build
//! (`{ QUOTE 68 68 69 }`) is not on the list. Fields that include files, talk to programs, run macros or carry binary
//! data never stay. Fields are matched per story (body, note, text box), so that none reaches over its edge; fields
//! without a beginning or an end are undone. Linear in the nodes of a part.

use super::{links, sieve::Sieve};
use crate::markup::{NodeId, Tree};
use policy::FindingCode;
use std::collections::BTreeMap;

/// Verbs that neither fetch nor run anything and lose nothing by being updated.
const VERBS: &[&str] = &[
    "=",
    "ADVANCE",
    "AUTONUM",
    "AUTONUMLGL",
    "AUTONUMOUT",
    "BIBLIOGRAPHY",
    "CITATION",
    "COMPARE",
    "CREATEDATE",
    "DATE",
    "EQ",
    "FILENAME",
    "FORMCHECKBOX",
    "FORMDROPDOWN",
    "FORMTEXT",
    "IF",
    "INDEX",
    "LISTNUM",
    "MERGEFIELD",
    "NOTEREF",
    "NUMPAGES",
    "PAGE",
    "PAGEREF",
    "QUOTE",
    "REF",
    "SECTION",
    "SECTIONPAGES",
    "SEQ",
    "STYLEREF",
    "SYMBOL",
    "TC",
    "TIME",
    "TITLE",
    "TOC",
    "XE",
];
/// Verbs that only show what is no longer kept (author, saved date): they stay as the text that they showed, and that
/// is no loss worth telling.
const QUIET: &[&str] = &[
    "AUTHOR",
    "CHARFORMAT",
    "COMMENTS",
    "DOCPROPERTY",
    "DOCVARIABLE",
    "EDITTIME",
    "FILESIZE",
    "KEYWORDS",
    "LASTSAVEDBY",
    "NUMCHARS",
    "NUMWORDS",
    "PRINTDATE",
    "REVNUM",
    "SAVEDATE",
    "SUBJECT",
    "TEMPLATE",
    "USERADDRESS",
    "USERINITIALS",
    "USERNAME",
    "INFO",
    "AUTOTEXT",
    "AUTOTEXTLIST",
    "GREETINGLINE",
    "ADDRESSBLOCK",
    "NEXT",
    "NEXTIF",
    "SKIPIF",
    "MERGEREC",
    "MERGESEQ",
    "HTMLCONTROL",
    "BARCODE",
    "SHAPE",
];
/// Deepest nesting of fields.
const DEPTH_MAX: usize = 32;

/// A field between its beginning and its end.
struct Field {
    begin: NodeId,
    /// The instruction up to the first nested field: its instruction text alone.
    literal: String,
    /// The same with everything that stands between its pieces: text, tabs, line and paragraph ends.
    spaced: String,
    /// Its pieces, and whether one of them was inserted or deleted by a tracked change.
    pieces: usize,
    is_revised: bool,
    /// Whether a nested field stands in the instruction.
    nested: bool,
    /// Everything visible or meaningful between beginning and separator.
    instruction: Vec<NodeId>,
    separator: Option<NodeId>,
}

impl Field {
    const fn beginning_at(begin: NodeId) -> Self {
        Self {
            begin,
            literal: String::new(),
            spaced: String::new(),
            pieces: 0,
            is_revised: false,
            nested: false,
            instruction: Vec::new(),
            separator: None,
        }
    }
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    /// Replaced by its result without a word.
    Quiet,
    /// Replaced by its result.
    Freeze,
    /// As before; it would have talked to something outside.
    Outside,
}

/// The open fields of each story.
#[derive(Default)]
struct Stories {
    open: BTreeMap<NodeId, Vec<Field>>,
    /// How many fields are open in all stories together.
    count: usize,
}

/// Judges every field of a part.
pub(super) fn judge(sieve: &mut Sieve<'_>) {
    let mut stories = Stories::default();
    let mut next = Some(sieve.tree.root());
    while let Some(id) = next {
        let tree = &sieve.tree;
        let (prefix, local) = tree.name(id);
        // The next node is looked up first: a field that ends here may take nodes away, but none behind.
        next = match local {
            "fldChar" | "instrText" | "delInstrText" => tree.behind(id, tree.root()),
            _ => tree.following(id, tree.root()),
        };
        match (prefix, local) {
            ("w", "fldSimple") => {
                stories.nest(id, &sieve.tree);
                simple(id, sieve, &mut next);
            }
            ("w", "fldChar") => stories.mark(id, sieve),
            ("w", "instrText" | "delInstrText") => stories.instruction(id, sieve),
            ("w", _) if stories.count > 0 => stories.between(id, local, &sieve.tree),
            _ => {}
        }
    }
    // Without an end: the instruction goes, what it may have shown stays.
    for field in stories.open.into_values().flatten() {
        finish_as(sieve, &field, None, Verdict::Quiet);
    }
}

impl Stories {
    /// `w:fldChar`: the beginning, the separator or the end of a field.
    fn mark(&mut self, id: NodeId, sieve: &mut Sieve<'_>) {
        let kind = sieve.tree.attribute(id, ("w", "fldCharType")).unwrap_or_default().to_owned();
        let fields = self.open.entry(story_of(&sieve.tree, id)).or_default();
        match kind.as_str() {
            "begin" if fields.len() < DEPTH_MAX => {
                if let Some(outer) = fields.last_mut().filter(|outer| outer.separator.is_none()) {
                    outer.nested = true;
                }
                note(fields, id);
                fields.push(Field::beginning_at(id));
                self.count = self.count.saturating_add(1);
            }
            "separate" if fields.last().is_some_and(|field| field.separator.is_none()) => {
                let depth = fields.len().saturating_sub(1);
                note(fields.get_mut(..depth).unwrap_or_default(), id);
                if let Some(field) = fields.last_mut() {
                    field.separator = Some(id);
                }
            }
            "end" if !fields.is_empty() => {
                if let Some(field) = fields.pop() {
                    note(fields, id);
                    self.count = self.count.saturating_sub(1);
                    finish(sieve, &field, Some(id));
                }
            }
            _ => sieve.tree.remove(id),
        }
    }

    /// A field stands here: it is nested when it stands in the instruction of another.
    fn nest(&mut self, id: NodeId, tree: &Tree) {
        if self.count == 0 {
            return;
        }
        let outer = self.open.get_mut(&story_of(tree, id)).and_then(|fields| fields.last_mut());
        if let Some(outer) = outer.filter(|outer| outer.separator.is_none()) {
            outer.nested = true;
        }
    }

    /// `w:instrText`: a piece of the instruction of the innermost field.
    fn instruction(&mut self, id: NodeId, sieve: &mut Sieve<'_>) {
        let tree = &mut sieve.tree;
        let fields = self.open.entry(story_of(tree, id)).or_default();
        // An instruction outside of a field has no reader.
        let Some(field) = fields.last_mut().filter(|field| field.separator.is_none()) else {
            return tree.remove(id);
        };
        let text = tree.own_text(id);
        field.pieces = field.pieces.saturating_add(1);
        field.is_revised |= tree.is(id, ("w", "delInstrText")) || is_revised(tree, id);
        if !field.nested {
            field.literal.push_str(&text);
            field.spaced.push_str(&text);
        }
        note(fields, id);
    }

    /// What stands between the pieces of an instruction: it would show if the field went.
    fn between(&mut self, id: NodeId, local: &str, tree: &Tree) {
        let is_text = matches!(local, "t" | "delText");
        let parts_words = matches!(
            local,
            "tab" | "ptab" | "br" | "cr" | "sym" | "drawing" | "noBreakHyphen" | "softHyphen" | "p"
        );
        if !is_text && !parts_words {
            return;
        }
        let Some(fields) = self.open.get_mut(&story_of(tree, id)) else { return };
        if let Some(field) = fields.last_mut().filter(|field| field.separator.is_none()) {
            field.pieces = field.pieces.saturating_add(1);
            if !field.nested {
                field.spaced.push_str(&if is_text { tree.own_text(id) } else { " ".to_owned() });
            }
        }
        if local != "p" {
            note(fields, id);
        }
    }
}

/// Notes a node in every field whose instruction it stands in.
fn note(fields: &mut [Field], id: NodeId) {
    for field in fields.iter_mut().filter(|field| field.separator.is_none()) {
        field.instruction.push(id);
    }
}

/// The text that a node belongs to: fields do not reach from one into another.
fn story_of(tree: &Tree, id: NodeId) -> NodeId {
    let mut at = id;
    while let Some(parent) = tree.parent(at) {
        at = parent;
        if let ("w", "txbxContent" | "comment" | "footnote" | "endnote") = tree.name(at) {
            return at;
        }
    }
    at
}

fn finish(sieve: &mut Sieve<'_>, field: &Field, end: Option<NodeId>) {
    let may_link = sieve.may_link();
    let alone = verdict(&field.literal, field.nested, may_link);
    let spaced = verdict(&field.spaced, field.nested, may_link);
    // Readers differ in what they put together; what was revised in part has two readings as well.
    let verdict = match (alone, spaced) {
        (Verdict::Keep, Verdict::Keep) if field.is_revised && (field.pieces > 1 || field.nested) => {
            Verdict::Freeze
        }
        (Verdict::Keep, other) => other,
        (other, _) => other,
    };
    finish_as(sieve, field, end, verdict);
}

/// Whether a node was inserted or deleted by a tracked change.
fn is_revised(tree: &Tree, id: NodeId) -> bool {
    let mut at = tree.parent(id);
    while let Some(node) = at {
        match tree.name(node) {
            ("w", "ins" | "del" | "moveFrom" | "moveTo") => return true,
            ("w", "p") => return false,
            _ => at = tree.parent(node),
        }
    }
    false
}

fn finish_as(sieve: &mut Sieve<'_>, field: &Field, end: Option<NodeId>, verdict: Verdict) {
    if verdict == Verdict::Keep {
        return;
    }
    report(sieve, &field.literal, verdict);
    for &id in field.instruction.iter().chain([&field.begin]).chain(&field.separator).chain(&end) {
        sieve.tree.remove(id);
    }
}

/// `w:fldSimple`: the instruction is an attribute, the result stands inside.
fn simple(id: NodeId, sieve: &mut Sieve<'_>, next: &mut Option<NodeId>) {
    let instruction = sieve.tree.attribute(id, ("w", "instr")).unwrap_or_default().to_owned();
    let verdict = verdict(&instruction, false, sieve.may_link());
    if verdict != Verdict::Keep {
        report(sieve, &instruction, verdict);
        *next = sieve.tree.following(id, sieve.tree.root());
        sieve.tree.unwrap(id);
    }
}

fn report(sieve: &mut Sieve<'_>, instruction: &str, verdict: Verdict) {
    let verb: String = instruction.trim().chars().take_while(|c| c.is_alphanumeric()).take(20).collect();
    match verdict {
        Verdict::Keep | Verdict::Quiet => {}
        Verdict::Freeze => sieve.findings.add_detail(FindingCode::FieldFrozen, &verb.to_uppercase()),
        Verdict::Outside => sieve.findings.add_detail(FindingCode::ExternalReference, &verb.to_uppercase()),
    }
}

fn verdict(instruction: &str, nested: bool, may_link: bool) -> Verdict {
    let instruction = instruction.trim_start();
    if instruction.starts_with('=') {
        return Verdict::Keep;
    }
    let end =
        instruction.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\\')).unwrap_or(instruction.len());
    let (verb, arguments) = instruction.split_at_checked(end).unwrap_or((instruction, ""));
    let verb = verb.to_ascii_uppercase();
    match verb.as_str() {
        "" => Verdict::Quiet,
        // The verb might go on in what the nested field shows.
        _ if nested && arguments.is_empty() => Verdict::Freeze,
        "HYPERLINK" if nested || !link_is_allowed(arguments, may_link) => Verdict::Freeze,
        "HYPERLINK" => Verdict::Keep,
        // A bookmark alone is a reference, and Word itself writes it as `REF`.
        verb if VERBS.contains(&verb) => Verdict::Keep,
        verb if QUIET.contains(&verb) => Verdict::Quiet,
        "DDE" | "DDEAUTO" | "LINK" | "INCLUDETEXT" | "INCLUDEPICTURE" | "INCLUDE" | "IMPORT" | "EMBED"
        | "DATABASE" | "RD" => Verdict::Outside,
        _ => Verdict::Freeze,
    }
}

/// `HYPERLINK "address" \l "place" \o "tip"` (§17.16.5.25): the address if there is one must be allowed.
fn link_is_allowed(arguments: &str, may_link: bool) -> bool {
    let words = words(arguments);
    let mut words = words.iter().map(String::as_str);
    let (mut address, mut place) = (None, None);
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_str() {
            "\\l" | "\\s" if place.is_none() => place = words.next(),
            "\\o" | "\\t" => {
                words.next();
            }
            "\\n" | "\\m" | "\\h" => {}
            _ if word.starts_with('\\') => return false,
            _ if address.is_none() => address = Some(word),
            _ => return false,
        }
    }
    match (address, place) {
        (None | Some(""), Some(place)) => links::is_place(place),
        // The instruction stays as it is written: only an address that needs no mending may.
        (Some(address), place) => {
            may_link
                && links::target(address).as_deref() == Some(address)
                && place.is_none_or(links::is_place)
        }
        (None, None) => false,
    }
}

/// The words of an instruction; `\\` in quotes stands for one backslash.
fn words(arguments: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quoted, mut growing) = (false, false);
    let mut characters = arguments.chars().peekable();
    while let Some(c) = characters.next() {
        let c = match c {
            '"' | '“' | '”' => {
                quoted = !quoted;
                if quoted {
                    words.push(String::new());
                }
                growing = quoted;
                continue;
            }
            '\\' if quoted => characters.next().unwrap_or(c),
            c if c.is_whitespace() && !quoted => {
                growing = false;
                continue;
            }
            c => c,
        };
        if !growing {
            words.push(String::new());
            growing = true;
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_judged_by_their_literal_verb() {
        let cases: &[(&str, bool, Verdict)] = &[
            (" PAGE \\* MERGEFORMAT ", false, Verdict::Keep),
            ("TOC \\o \"1-3\" \\h", false, Verdict::Keep),
            (" eq \\o\\ac(○,印)", false, Verdict::Keep),
            ("= SUM(ABOVE)", false, Verdict::Keep),
            ("IF ", true, Verdict::Keep),
            ("IF", true, Verdict::Freeze),
            ("HYPERLINK \"https://example.jp/\"", false, Verdict::Keep),
            ("HYPERLINK \\l \"_Toc1\"", false, Verdict::Keep),
            ("HYPERLINK \"mailto:a@example.jp\" \\o \"tip\"", false, Verdict::Keep),
            ("HYPERLINK \"file:///c:\\\\x.exe\"", false, Verdict::Freeze),
            ("HYPERLINK \"\\\\\\\\server\\\\x\"", false, Verdict::Freeze),
            ("HYPERLINK", true, Verdict::Freeze),
            ("HYPERLINK \"https://a.jp\" \"file:///x\"", false, Verdict::Freeze),
            ("AUTHOR", false, Verdict::Quiet),
            ("", true, Verdict::Quiet),
            ("DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe \"/k calc\"", false, Verdict::Outside),
            ("dde excel x", false, Verdict::Outside),
            ("INCLUDEPICTURE \"http://a/x.png\" \\d", false, Verdict::Outside),
            ("INCLUDETEXT \"\\\\\\\\s\\\\x\"", false, Verdict::Outside),
            ("LINK Excel.Sheet.8 x", false, Verdict::Outside),
            ("EMBED Package", false, Verdict::Outside),
            ("MACROBUTTON Run click", false, Verdict::Freeze),
            ("GOTOBUTTON x y", false, Verdict::Freeze),
            ("PRINT 27", false, Verdict::Freeze),
            ("ADDIN EN.CITE", false, Verdict::Freeze),
            ("CONTROL Forms.CommandButton.1", false, Verdict::Freeze),
            ("SET x y", false, Verdict::Freeze),
            ("ASK x y", false, Verdict::Freeze),
            ("UNKNOWNVERB", false, Verdict::Freeze),
        ];
        let mut ran = 0;
        for (instruction, nested, expected) in cases {
            assert_eq!(verdict(instruction, *nested, true), *expected, "{instruction}");
            ran += 1;
        }
        assert_eq!(ran, 29);
        assert_eq!(verdict("HYPERLINK \"https://example.jp/\"", false, false), Verdict::Freeze);
    }
}
