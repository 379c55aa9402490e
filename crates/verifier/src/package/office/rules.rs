//! What the elements of one part say: names of the vocabulary, relationships that are there, fields and formulas of
//! their lists, links to places of theirs.
//!
//! *Security.* One pass; memory is one frame an open element, the text of one formula and the pieces of open fields.

use super::super::{
    Fault, address,
    field::{Fields, Piece},
    formula::{self, Dialect},
    markup::Names,
    xml::{Attribute, Event, Reader, Tag},
};
use super::{
    kinds::{self, Kind},
    opc::{Relation, Target},
};
use policy::vocabulary::{self, Edition};
use std::collections::{BTreeMap, BTreeSet};

/// Longest formula or name: Excel's own limit is 8,192 characters.
const FORMULA_OCTETS_MAX: usize = 256 * 1024;

/// What is told about a fault: what, and at which element.
type Tell<'tell> = &'tell mut dyn FnMut(Fault, &str);

/// What the text of an element is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Plain,
    Formula,
    Field(Piece),
}

/// One open element.
struct Frame {
    content: Content,
    is_story: bool,
    is_revision: bool,
    text: String,
}

/// What a part must know of its package.
#[derive(Debug)]
pub(super) struct Package {
    /// The edition of its relationships.
    pub(super) edition: Option<Edition>,
    /// Names that a diagram may not use for its drawing.
    pub(super) foreign: BTreeSet<String>,
}

struct Part<'part> {
    names: Names,
    foreign: BTreeSet<String>,
    kind: Kind,
    /// By name: place in `relations`.
    ids: BTreeMap<String, usize>,
    relations: &'part mut [Relation],
    fields: Fields,
    open: Vec<Frame>,
    /// Number of the innermost revision mark, and of the last one.
    revisions: Vec<u64>,
    last_revision: u64,
}

/// Reads a part to its end. A fault of its form ends it; any other is told, and reading goes on.
pub(super) fn check(
    octets: &[u8],
    kind: Kind,
    package: Package,
    relations: &mut [Relation],
    nodes: &mut u64,
    tell: Tell<'_>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(octets, *nodes)?;
    match reader.next()? {
        Some(Event::Start(_)) => {}
        _ => return Err(("xml.form", "no root element")),
    }
    let names = Names::of_root(&reader, vocabulary::ooxml())?;
    if let (Some(own), Some(edition)) = (names.edition, package.edition)
        && own != edition
    {
        return Err(("office.edition", "of another edition than its relationships"));
    }
    let ids = relations.iter().enumerate().map(|(at, relation)| (relation.id.clone(), at)).collect();
    let mut part = Part {
        names,
        foreign: package.foreign,
        kind,
        ids,
        relations,
        fields: Fields::new(),
        open: Vec::new(),
        revisions: Vec::new(),
        last_revision: 0,
    };
    let root = reader.tag().clone();
    if kinds::root(kind) != Some((root.prefix, root.local)) {
        return Err(("office.root", "of another kind of part"));
    }
    part.start(&root, tell);
    while let Some(event) = reader.next()? {
        match event {
            Event::Start(tag) => part.start(tag, tell),
            Event::Text(text) => {
                let is_instruction = part.fields.is_instruction();
                if let Some(frame) = part.open.last_mut()
                    && frame.content != Content::Plain
                    && (frame.content != Content::Field(Piece::Text) || is_instruction)
                {
                    if frame.text.len().saturating_add(text.len()) > FORMULA_OCTETS_MAX {
                        return Err(("office.text", "a formula or an instruction that is too long"));
                    }
                    frame.text.push_str(&text);
                }
            }
            Event::End => {
                if let Err(fault) = part.end() {
                    tell(fault, "an end");
                }
            }
        }
    }
    *nodes = reader.nodes_left;
    part.fields.end_story()
}

impl Part<'_> {
    fn start(&mut self, tag: &Tag<'_>, tell: Tell<'_>) {
        let name = (tag.prefix, tag.local);
        let is_root = self.open.is_empty();
        let is_special =
            |attribute: &Attribute<'_>| is_root && (attribute.prefix, attribute.local) == ("mc", "Ignorable");
        // The name is one of the vocabulary when anything but its own check speaks of it.
        let place = || format!("{}:{}", tag.prefix, tag.local);
        if let Err(fault) = self.names.check(tag, &is_special) {
            tell(fault, &place());
        }
        for attribute in &tag.attributes {
            if let Err(fault) = self.attribute(name, attribute, tag) {
                tell(fault, &place());
            }
        }
        if let Err(fault) = self.element(name, tag) {
            tell(fault, &place());
        }
        let is_story = matches!(name, ("w", "txbxContent") | ("mc", "Choice" | "Fallback"));
        if is_story && let Err(fault) = self.fields.begin_story() {
            tell(fault, &place());
        }
        let is_revision = matches!(name, ("w", "ins" | "del" | "moveFrom" | "moveTo"));
        if is_revision {
            self.last_revision = self.last_revision.saturating_add(1);
            self.revisions.push(self.last_revision);
        }
        let content = content(name);
        self.open.push(Frame { content, is_story, is_revision, text: String::new() });
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let revision = self.revisions.last().copied().unwrap_or(0);
        let content = match frame.content {
            Content::Plain => Ok(()),
            Content::Formula => formula::check(&frame.text, Dialect::Excel),
            Content::Field(piece) => self.fields.text(piece, revision, &frame.text),
        };
        if frame.is_revision {
            self.revisions.pop();
        }
        let story = if frame.is_story { self.fields.end_story() } else { Ok(()) };
        content.and(story)
    }

    fn element(&mut self, name: (&str, &str), tag: &Tag<'_>) -> Result<(), Fault> {
        match name {
            ("w", "fldChar") => {
                let mark = tag.attributes.iter().find(|a| (a.prefix, a.local) == ("w", "fldCharType"));
                self.fields.mark(mark.map_or("", |mark| &*mark.value))
            }
            ("w", "fldSimple") => {
                let instruction = tag.attributes.iter().find(|a| (a.prefix, a.local) == ("w", "instr"));
                self.fields.simple(instruction.map_or("", |instruction| &*instruction.value))
            }
            // In an instruction these part words.
            ("w", "tab" | "ptab" | "br" | "cr" | "p" | "sym" | "noBreakHyphen" | "softHyphen") => {
                if self.fields.is_instruction() { self.fields.text(Piece::Text, 0, " ") } else { Ok(()) }
            }
            ("x", "definedName") => defined_name(tag),
            ("x", "hyperlink") | ("w", "hyperlink") => hyperlink(tag),
            ("p", "cmd") => {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "().-".contains(c);
                let sound = tag.value("type") == Some("call")
                    && tag.value("cmd").is_some_and(|command| command.chars().all(is_plain));
                if sound { Ok(()) } else { Err(("office.command", "of another program")) }
            }
            // A source in another book is a relationship, or stands in brackets.
            ("x", "worksheetSource" | "rangeSet")
                if tag
                    .attributes
                    .iter()
                    .any(|a| a.prefix.is_empty() && a.value.contains(['[', '\\', '/'])) =>
            {
                Err(("office.source", "of another book"))
            }
            ("mc", "Choice") => {
                let required = tag.value("Requires").unwrap_or_default();
                let mut prefixes = required.split(' ');
                if prefixes.all(|prefix| self.names.has(prefix)) {
                    Ok(())
                } else {
                    Err(("office.choice", "requires what is not declared"))
                }
            }
            _ => Ok(()),
        }
    }

    fn attribute(
        &mut self,
        name: (&str, &str),
        attribute: &Attribute<'_>,
        tag: &Tag<'_>,
    ) -> Result<(), Fault> {
        let value = &*attribute.value;
        match (attribute.prefix, attribute.local) {
            ("r", local) => self.reference(name, local, value, tag),
            // A name among the relationships of the part that shows the diagram.
            ("", "relId") if name == ("dsp", "dataModelExt") && self.foreign.contains(value) => {
                Err(("office.reference", "to a part of another kind"))
            }
            ("mc", "Ignorable") => {
                let mut prefixes = value.split(' ');
                let sound = prefixes.all(|prefix| self.names.has(prefix) && prefix != "mc");
                if sound { Ok(()) } else { Err(("office.choice", "ignores what is not declared")) }
            }
            ("mc", _) => Err(("office.choice", "an attribute of another kind")),
            ("", "action") if matches!(name.1, "hlinkClick" | "hlinkHover" | "hlinkMouseOver") => {
                action(value)
            }
            ("", "invalidUrl") if !value.is_empty() => Err(("office.link", "an address that is none")),
            (
                "",
                "formula" | "fmla" | "textlink" | "unlockedFormula" | "fmlaLink" | "fmlaRange" | "cellRange",
            ) if name.1 != "gd" => formula::check(value, Dialect::Excel),
            ("", "val") if name.1 == "cfvo" => formula::check(value, Dialect::Excel),
            _ => Ok(()),
        }
    }

    /// An attribute of the namespace of relationships.
    fn reference(
        &mut self,
        name: (&str, &str),
        local: &str,
        value: &str,
        tag: &Tag<'_>,
    ) -> Result<(), Fault> {
        // Links without a target run an action of the show; layouts of diagrams have empty pictures.
        let may_be_empty =
            matches!(name, ("a", "hlinkClick" | "hlinkHover" | "hlinkMouseOver") | ("dgm", "shape"));
        if value.is_empty() && may_be_empty {
            return Ok(());
        }
        if name == ("x", "hyperlink") && tag.value("ref").is_none() {
            return Err(("office.link", "of no cell"));
        }
        let expected = kinds::referred(name, local).ok_or(("office.reference", "where none may be"))?;
        self.name_relation(value, expected)
    }

    fn name_relation(&mut self, id: &str, expected: &[Kind]) -> Result<(), Fault> {
        let relation = self.ids.get(id).and_then(|&at| self.relations.get_mut(at));
        let relation = relation.ok_or(("office.reference", "to a relationship that is not there"))?;
        relation.is_named = true;
        let kind = match relation.target {
            Target::Part(kind, _) => kind,
            Target::Outside => Kind::Hyperlink,
        };
        debug_assert_ne!(self.kind, Kind::Image, "pictures have no elements");
        if expected.contains(&kind) { Ok(()) } else { Err(("office.reference", "to a part of another kind")) }
    }
}

/// What the text of an element is.
fn content(name: (&str, &str)) -> Content {
    match name {
        (
            "x",
            "f"
            | "formula"
            | "formula1"
            | "formula2"
            | "oldFormula"
            | "definedName"
            | "calculatedColumnFormula"
            | "totalsRowFormula",
        )
        | ("xm", "f" | "sqref")
        | ("c", "f")
        | ("c15", "f" | "sqref" | "fullRef" | "levelRef" | "formulaRef" | "dlblFieldTable")
        | ("x14", "formula1" | "formula2")
        | ("x15", "f") => Content::Formula,
        ("w", "instrText") => Content::Field(Piece::Instruction),
        ("w", "delInstrText") => Content::Field(Piece::Deleted),
        ("w", "t" | "delText") => Content::Field(Piece::Text),
        _ => Content::Plain,
    }
}

/// A name of a book: none that runs by itself, none that is a macro.
fn defined_name(tag: &Tag<'_>) -> Result<(), Fault> {
    if tag.value("name").is_none_or(formula::is_automatic_name) {
        return Err(("office.name_runs", "a name that runs by itself"));
    }
    let is_on = |local: &str| tag.value(local).is_some_and(|value| !matches!(value, "0" | "false"));
    let flags = ["xlm", "function", "vbProcedure", "publishToServer", "workbookParameter"];
    if flags.into_iter().any(is_on) { Err(("office.name_runs", "a name of a macro")) } else { Ok(()) }
}

/// A link in a text or a cell: to its relationship, or to a place inside.
fn hyperlink(tag: &Tag<'_>) -> Result<(), Fault> {
    let leads_out = tag.attributes.iter().any(|attribute| attribute.prefix == "r");
    let is_place = |local: &str| matches!(local, "location" | "anchor" | "docLocation");
    let places = tag.attributes.iter().filter(|attribute| is_place(attribute.local));
    // Behind an address the place is its fragment; alone it must be one of the document.
    let sound = places.into_iter().all(|place| {
        if leads_out {
            !place.value.contains('\\') && !place.value.chars().any(char::is_control)
        } else {
            address::is_inside(&place.value)
        }
    });
    if sound { Ok(()) } else { Err(("office.link", "to a place that is not on the list")) }
}

/// What a click in a show does: go to another slide, or nothing.
fn action(value: &str) -> Result<(), Fault> {
    let (verb, arguments) = value.split_once('?').unwrap_or((value, ""));
    let sound = match verb {
        "" | "ppaction://noaction" | "ppaction://hlinksldjump" | "ppaction://media" => arguments.is_empty(),
        "ppaction://hlinkshowjump" => matches!(
            arguments,
            "jump=nextslide"
                | "jump=previousslide"
                | "jump=firstslide"
                | "jump=lastslide"
                | "jump=lastslideviewed"
                | "jump=endshow"
        ),
        "ppaction://customshow" => {
            arguments.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'&'))
        }
        _ => false,
    };
    if sound { Ok(()) } else { Err(("office.action", "not on the list")) }
}
