//! `[Content_Types].xml` and the parts of relationships (ECMA-376 part 2 §10.1.2, §9.3).

use super::super::{
    Fault,
    xml::{Event, Reader, Tag},
};
use super::kinds::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// The type of the parts of relationships.
pub(super) const RELATIONSHIPS: &str = "application/vnd.openxmlformats-package.relationships+xml";
const TYPES_NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
const RELATIONSHIPS_NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
/// Types that an extension may stand for.
const DEFAULTS: &[(&str, &str)] = &[
    ("rels", RELATIONSHIPS),
    ("xml", "application/xml"),
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
];

/// Where a relationship leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To the member at this place.
    Part(Kind, usize),
    /// To the web or a mailbox.
    Outside,
}

/// A relationship whose target was judged.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) id: String,
    pub(super) target: Target,
    /// Whether an element of the part names it.
    pub(super) is_named: bool,
}

/// A relationship as it is written.
#[derive(Debug)]
pub(super) struct RawRelation {
    pub(super) id: String,
    pub(super) relation: String,
    pub(super) target: String,
    pub(super) is_external: bool,
}

/// What the members say they are.
#[derive(Debug, Default)]
pub(super) struct ContentTypes {
    defaults: BTreeMap<String, String>,
    overrides: BTreeMap<String, String>,
}

impl ContentTypes {
    pub(super) fn read(octets: &[u8], nodes: &mut u64) -> Result<Self, Fault> {
        const RULE: &str = "office.content_types";
        let mut types = Self::default();
        let mut names = BTreeSet::new();
        list(octets, nodes, TYPES_NAMESPACE, "Types", &mut |tag| {
            let media_type = tag.value("ContentType").unwrap_or_default().to_owned();
            match (tag.local, tag.value("Extension"), tag.value("PartName"), tag.attributes.len()) {
                ("Default", Some(extension), None, 2) => {
                    let is_known = DEFAULTS.contains(&(extension, media_type.as_str()));
                    if !is_known || types.defaults.insert(extension.to_owned(), media_type).is_some() {
                        return Err((RULE, "a default that is not on the list, or twice"));
                    }
                }
                ("Override", None, Some(name), 2) => {
                    let name = name.strip_prefix('/').ok_or((RULE, "of a part without a slash"))?;
                    if media_type.is_empty() || !names.insert(name.to_ascii_lowercase()) {
                        return Err((RULE, "empty, or of a part twice"));
                    }
                    types.overrides.insert(name.to_owned(), media_type);
                }
                _ => return Err((RULE, "an entry of another kind")),
            }
            Ok(())
        })?;
        Ok(types)
    }

    /// The type of a member.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        let by_extension = || self.defaults.get(name.rsplit_once('.')?.1);
        self.overrides.get(name).or_else(by_extension).map(String::as_str)
    }

    /// The names of the parts that are typed by themselves.
    pub(super) fn overrides(&self) -> impl Iterator<Item = &str> {
        self.overrides.keys().map(String::as_str)
    }
}

/// The relationships of one part, no two of one name.
pub(super) fn relationships(octets: &[u8], nodes: &mut u64) -> Result<Vec<RawRelation>, Fault> {
    const RULE: &str = "office.relation";
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    list(octets, nodes, RELATIONSHIPS_NAMESPACE, "Relationships", &mut |tag| {
        let mode = tag.value("TargetMode");
        let count = if mode.is_some() { 4 } else { 3 };
        let (Some(id), Some(relation), Some(target)) =
            (tag.value("Id"), tag.value("Type"), tag.value("Target"))
        else {
            return Err((RULE, "without name, type or target"));
        };
        let is_external = match mode {
            None | Some("Internal") => false,
            Some("External") => true,
            Some(_) => return Err((RULE, "of another mode")),
        };
        let is_id = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if tag.local != "Relationship"
            || tag.attributes.len() != count
            || !is_id
            || !ids.insert(id.to_owned())
        {
            return Err((RULE, "not of the one form, or a name twice"));
        }
        let (id, relation, target) = (id.to_owned(), relation.to_owned(), target.to_owned());
        found.push(RawRelation { id, relation, target, is_external });
        Ok(())
    })?;
    Ok(found)
}

/// A root of one namespace with empty elements in it.
fn list(
    octets: &[u8],
    nodes: &mut u64,
    namespace: &str,
    root: &str,
    each: &mut dyn FnMut(&Tag<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    const RULE: &str = "office.list";
    let mut reader = Reader::new(octets, *nodes)?;
    let mut depth = 0usize;
    while let Some(event) = reader.next()? {
        match event {
            Event::Start(tag) => {
                match depth {
                    0 if tag.local == root && tag.attributes.is_empty() => {}
                    1 if tag.attributes.iter().all(|attribute| attribute.prefix.is_empty()) => each(tag)?,
                    _ => return Err((RULE, "an element of another kind")),
                }
                depth = depth.saturating_add(1);
            }
            Event::Text(text) if text.trim_ascii().is_empty() => {}
            Event::Text(_) => return Err((RULE, "text")),
            Event::End => depth = depth.saturating_sub(1),
        }
    }
    *nodes = reader.nodes_left;
    let [(_, declared)] = reader.namespaces() else { return Err((RULE, "namespaces")) };
    if declared == namespace { Ok(()) } else { Err((RULE, "of another namespace")) }
}

/// The member that a target in `folder` means.
pub(super) fn resolve(folder: &str, target: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
    if target.is_empty() || !target.bytes().all(is_plain) {
        return None;
    }
    let (mut segments, relative): (Vec<&str>, &str) = match target.strip_prefix('/') {
        Some(absolute) => (Vec::new(), absolute),
        None => (folder.split('/').filter(|segment| !segment.is_empty()).collect(), target),
    };
    for segment in relative.split('/') {
        match segment {
            "" | "." => return None,
            ".." => drop(segments.pop()?),
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_inside() {
        let cases = [
            ("word", "document.xml", Some("word/document.xml")),
            ("word", "/word/media/image1.png", Some("word/media/image1.png")),
            ("xl/worksheets", "../drawings/drawing1.xml", Some("xl/drawings/drawing1.xml")),
            ("", "word/document.xml", Some("word/document.xml")),
            ("word", "../../x.xml", None),
            ("word", "", None),
            ("word", "a//b", None),
            ("word", "./b", None),
            ("word", "a%2e/b", None),
            ("word", "file:///x", None),
            ("word", "\\\\host\\x", None),
            ("word", "#x", None),
        ];
        for (folder, target, name) in cases {
            assert_eq!(resolve(folder, target).as_deref(), name, "{target}");
        }
        assert_eq!(cases.len(), 12);
    }
}
