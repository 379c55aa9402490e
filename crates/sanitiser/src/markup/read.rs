//! Octets → tree.

use super::{
    ATTRIBUTES_MAX, DEPTH_MAX, Dialect, Lost, NODES_MAX, Name, NodeId, Tree, White,
    tree::{Attribute, Content, Kind, Span},
};
use policy::vocabulary::{Edition, NamespaceId};
use policy::{Budget, FindingCode};
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

/// Most prefixes in scope at one place.
const PREFIXES_MAX: usize = 256;
/// Most elements that are remembered as lost, one by one; of the rest, only how many and how much text.
const LOST_MAX: usize = 4_096;

/// Reads a part. [`FindingCode::Unreadable`] when it is not well-formed or in another encoding, or a limit.
pub fn read(octets: &[u8], dialect: &Dialect, budget: &mut Budget) -> Result<Tree, FindingCode> {
    let text = decoded(octets)?;
    let mut reader = quick_xml::Reader::from_str(&text);
    reader.config_mut().check_end_names = true;
    let mut growing = Growing {
        tree: Tree::empty(dialect),
        dialect,
        open: Vec::new(),
        scope: Vec::new(),
        pending: String::new(),
        skipping: None,
        has_root: false,
        budget,
    };
    loop {
        let Ok(event) = reader.read_event() else { return Err(FindingCode::Unreadable) };
        match event {
            Event::Start(start) => growing.start(&start, Closing::Later)?,
            Event::Empty(start) => growing.start(&start, Closing::Now)?,
            Event::End(_) => growing.end()?,
            Event::Text(text) => growing.text(&text.xml10_content())?,
            Event::CData(text) => growing.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let resolved = if reference.is_char_ref() {
                    reference.resolve_char_ref().ok().flatten().map(|c| Cow::Owned(c.to_string()))
                } else {
                    quick_xml::escape::resolve_xml_entity(&reference).map(Cow::Borrowed)
                };
                growing.text(&resolved.ok_or(FindingCode::Unreadable)?)?;
            }
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().transpose();
                let encoding = encoding.ok().flatten().unwrap_or(Cow::Borrowed("UTF-8"));
                let known = ["utf-8", "utf8", "utf-16", "us-ascii"];
                if !known.iter().any(|known| known.eq_ignore_ascii_case(&encoding)) && !text.is_ascii() {
                    return Err(FindingCode::Unreadable);
                }
            }
            Event::Comment(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err(FindingCode::Unreadable),
            Event::Eof => break,
        }
    }
    if !growing.has_root || !growing.open.is_empty() || growing.skipping.is_some() {
        return Err(FindingCode::Unreadable);
    }
    if growing.tree.is_empty() {
        return Err(FindingCode::Unreadable);
    }
    Ok(growing.tree)
}

/// The text of a part: UTF-8, or UTF-16 by its byte order mark or its first character.
fn decoded(octets: &[u8]) -> Result<Cow<'_, str>, FindingCode> {
    let utf16 = match octets {
        [0xff, 0xfe, ..] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] => Some(encoding_rs::UTF_16BE),
        [b'<', 0, ..] => Some(encoding_rs::UTF_16LE),
        [0, b'<', ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    let encoding = utf16.unwrap_or(encoding_rs::UTF_8);
    let (text, malformed) = encoding.decode_with_bom_removal(octets);
    if malformed { Err(FindingCode::Unreadable) } else { Ok(text) }
}

/// Whether an element is closed by the tag that opens it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Now,
    Later,
}

/// A prefix in scope.
struct Binding {
    prefix: String,
    namespace: Option<(NamespaceId, Edition)>,
}

/// An open element.
struct Open {
    id: NodeId,
    /// How many prefixes were in scope before it.
    scope: usize,
}

/// A subtree that is not kept.
struct Skipping {
    depth: usize,
    lost: Lost,
}

struct Growing<'a> {
    tree: Tree,
    dialect: &'a Dialect,
    open: Vec<Open>,
    scope: Vec<Binding>,
    /// Text that belongs to the innermost open element and has no node yet.
    pending: String,
    skipping: Option<Skipping>,
    has_root: bool,
    budget: &'a mut Budget,
}

impl Growing<'_> {
    fn start(&mut self, start: &BytesStart<'_>, closing: Closing) -> Result<(), FindingCode> {
        self.budget.spend_nodes(1).map_err(|e| e.0)?;
        if self.tree.len() >= NODES_MAX {
            return Err(FindingCode::LimitNodes);
        }
        if let Some(skipping) = &mut self.skipping {
            if closing == Closing::Later {
                skipping.depth = skipping.depth.saturating_add(1);
                if self.open.len().saturating_add(skipping.depth) > DEPTH_MAX {
                    return Err(FindingCode::Unreadable);
                }
            }
            return Ok(());
        }
        if self.open.is_empty() && self.has_root {
            return Err(FindingCode::Unreadable);
        }
        self.has_root = true;
        if self.open.len() >= DEPTH_MAX {
            return Err(FindingCode::Unreadable);
        }
        let scope = self.scope.len();
        self.declare(start)?;
        let name = start.name();
        let (prefix, local) = split(name.as_ref());
        let namespace = self.namespace(prefix);
        if namespace.is_some_and(|(_, edition)| edition == Edition::Strict) {
            self.tree.edition = Edition::Strict;
        }
        let kind = self.kind(namespace.map(|(namespace, _)| namespace), local);
        let Some(kind) = kind else {
            if let Some(around) = self.open.last().map(|open| open.id)
                && (self.dialect.unwraps)(self.tree.name(around))
            {
                return self.pass_over(around, name.as_ref(), scope, closing);
            }
            self.scope.truncate(scope);
            return self.skip(name.as_ref(), closing);
        };
        self.flush(true)?;
        let attributes = self.attributes(start, kind)?;
        let content = Content::Element { kind, attributes };
        let id = self.tree.push(content).ok_or(FindingCode::LimitNodes)?;
        if let Some(parent) = self.open.last() {
            let parent = parent.id;
            self.tree.append(parent, id);
        }
        match closing {
            Closing::Later => self.open.push(Open { id, scope }),
            Closing::Now => self.scope.truncate(scope),
        }
        Ok(())
    }

    /// Takes what is in an element as if it stood in the element around it.
    fn pass_over(
        &mut self,
        around: NodeId,
        name: &str,
        scope: usize,
        closing: Closing,
    ) -> Result<(), FindingCode> {
        self.lose(Lost { parent: Some(around), name: name.chars().take(60).collect(), characters: 0 });
        match closing {
            Closing::Later => self.open.push(Open { id: around, scope }),
            Closing::Now => self.scope.truncate(scope),
        }
        Ok(())
    }

    /// Remembers that an element is not kept. A part whose root is not kept is no part.
    fn skip(&mut self, name: &str, closing: Closing) -> Result<(), FindingCode> {
        let Some(parent) = self.open.last().map(|open| open.id) else { return Err(FindingCode::Unreadable) };
        let lost = Lost { parent: Some(parent), name: name.chars().take(60).collect(), characters: 0 };
        match closing {
            Closing::Now => self.lose(lost),
            Closing::Later => self.skipping = Some(Skipping { depth: 1, lost }),
        }
        Ok(())
    }

    fn lose(&mut self, lost: Lost) {
        if self.tree.lost.len() < LOST_MAX {
            self.tree.lost.push(lost);
        } else if let Some(last) = self.tree.lost.last_mut() {
            last.characters = last.characters.saturating_add(lost.characters);
        }
    }

    /// Binds the prefixes that an element declares, and notes which namespaces may be ignored.
    fn declare(&mut self, start: &BytesStart<'_>) -> Result<(), FindingCode> {
        if !start.attributes_raw().contains("xmlns") {
            return Ok(());
        }
        let mut count = 0usize;
        for attribute in start.attributes().with_checks(false) {
            let Ok(attribute) = attribute else { return Err(FindingCode::Unreadable) };
            count = count.saturating_add(1);
            if count > ATTRIBUTES_MAX {
                return Err(FindingCode::Unreadable);
            }
            let key = attribute.key.as_ref();
            let prefix = match key.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) if rest.starts_with(':') => rest.get(1..).unwrap_or_default(),
                Some(_) | None => continue,
            };
            if self.scope.len() >= PREFIXES_MAX {
                return Err(FindingCode::Unreadable);
            }
            let Ok(uri) = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0) else {
                return Err(FindingCode::Unreadable);
            };
            let namespace = self.tree.vocabulary.namespace_of_uri(uri.trim());
            self.scope.push(Binding { prefix: prefix.to_owned(), namespace });
        }
        Ok(())
    }

    fn namespace(&self, prefix: &str) -> Option<(NamespaceId, Edition)> {
        self.scope.iter().rev().find(|binding| binding.prefix == prefix)?.namespace
    }

    /// What an element is. Names that are read only to be rewritten come first; they may have no namespace.
    fn kind(&self, namespace: Option<NamespaceId>, local: &str) -> Option<Kind> {
        let prefix = namespace.map_or("", |namespace| self.tree.vocabulary.prefix(namespace));
        let also = self.dialect.also.iter().find(|also| also.name.0 == prefix && also.name.1 == local);
        if let Some(also) = also {
            return Some(Kind::Also(also));
        }
        self.tree.vocabulary.element(namespace?, local).map(Kind::Known)
    }

    fn attributes(&mut self, start: &BytesStart<'_>, kind: Kind) -> Result<Span, FindingCode> {
        let Ok(first) = u32::try_from(self.tree.attributes.len()) else {
            return Err(FindingCode::LimitNodes);
        };
        let mut kept: Vec<Attribute> = Vec::new();
        let mut count = 0usize;
        for attribute in start.attributes().with_checks(false) {
            let Ok(attribute) = attribute else { return Err(FindingCode::Unreadable) };
            count = count.saturating_add(1);
            if count > ATTRIBUTES_MAX {
                return Err(FindingCode::Unreadable);
            }
            let key = attribute.key.as_ref();
            if key == "xmlns" || key.starts_with("xmlns:") {
                continue;
            }
            let name = self.attribute_name(key, kind);
            let ignorable = name.is_none() && key.ends_with(":Ignorable");
            if name.is_none() && !ignorable {
                continue;
            }
            self.budget.spend_nodes(1).map_err(|e| e.0)?;
            let Ok(value) = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0) else {
                return Err(FindingCode::Unreadable);
            };
            if ignorable {
                self.note_ignorable(key, &value);
            }
            let Some((prefix, local)) = name else { continue };
            if kept.iter().any(|known| known.prefix == prefix && known.local == local) {
                return Err(FindingCode::Unreadable);
            }
            if prefix == "xml" && !is_xml_value(local, &value) {
                continue;
            }
            let value = self.tree.keep(&legal(&value));
            kept.push(Attribute { prefix, local, value });
        }
        let length = u32::try_from(kept.len()).unwrap_or(0);
        self.tree.attributes.extend(kept);
        Ok(Span { start: first, length })
    }

    /// The name of an attribute, if the element may bear it.
    fn attribute_name(&self, key: &str, kind: Kind) -> Option<Name> {
        let (prefix, local) = split(key);
        if prefix == "xml" {
            return ["space", "lang", "id"].into_iter().find(|known| *known == local).map(|l| ("xml", l));
        }
        let namespace = if prefix.is_empty() { None } else { Some(self.namespace(prefix)?.0) };
        let prefix = namespace.map_or("", |namespace| self.tree.vocabulary.prefix(namespace));
        match kind {
            Kind::Known(element) => element.attribute(namespace, local).map(|local| (prefix, local)),
            Kind::Also(also) => {
                also.attributes.iter().find(|known| known.0 == prefix && known.1 == local).copied()
            }
        }
    }

    /// `mc:Ignorable` (ISO/IEC 29500-3 §10.1): prefixes of namespaces that a reader may pass over.
    fn note_ignorable(&mut self, key: &str, value: &str) {
        let (prefix, _) = split(key);
        let compatibility = self.namespace(prefix).map(|(namespace, _)| namespace);
        if compatibility.is_none() || compatibility != self.tree.vocabulary.namespace_of_prefix("mc") {
            return;
        }
        for prefix in value.split_ascii_whitespace().take(PREFIXES_MAX) {
            if let Some((namespace, _)) = self.namespace(prefix)
                && !self.tree.ignorable.contains(&namespace)
            {
                self.tree.ignorable.push(namespace);
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<(), FindingCode> {
        if let Some(skipping) = &mut self.skipping {
            let characters = text.chars().filter(|c| !c.is_whitespace()).count();
            let characters = u64::try_from(characters).unwrap_or(u64::MAX);
            skipping.lost.characters = skipping.lost.characters.saturating_add(characters);
        } else if !self.open.is_empty() {
            self.pending.push_str(&legal(text));
        } else if !text.trim_ascii().is_empty() {
            return Err(FindingCode::Unreadable);
        }
        Ok(())
    }

    /// Gives the pending text a node.
    fn flush(&mut self, beside_element: bool) -> Result<(), FindingCode> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.pending);
        let Some(parent) = self.open.last().map(|open| open.id) else { return Ok(()) };
        let is_white = text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
        let beside_element = beside_element || self.tree.first(parent).is_some();
        if is_white && beside_element && self.dialect.white == White::InLeaves {
            return Ok(());
        }
        self.budget.spend_nodes(1).map_err(|e| e.0)?;
        let id = self.tree.create_text(&text).ok_or(FindingCode::LimitNodes)?;
        self.tree.append(parent, id);
        Ok(())
    }

    fn end(&mut self) -> Result<(), FindingCode> {
        if let Some(skipping) = &mut self.skipping {
            skipping.depth = skipping.depth.saturating_sub(1);
            if skipping.depth == 0
                && let Some(done) = self.skipping.take()
            {
                self.lose(done.lost);
            }
            return Ok(());
        }
        self.flush(false)?;
        let open = self.open.pop().ok_or(FindingCode::Unreadable)?;
        self.scope.truncate(open.scope);
        Ok(())
    }
}

/// Whether an attribute of XML itself says what it may.
fn is_xml_value(local: &str, value: &str) -> bool {
    match local {
        "space" => matches!(value, "preserve" | "default"),
        _ => value.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')),
    }
}

/// Prefix and local name.
fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The text without characters that XML does not know (XML 1.0 §2.2).
fn legal(text: &str) -> Cow<'_, str> {
    let is_legal = |c: char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.chars().all(is_legal) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|&c| is_legal(c)).collect())
    }
}
