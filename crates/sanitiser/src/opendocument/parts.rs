//! The parts of a document: which of its sections stand in which, and the parts that are written from nothing.

use super::dialect::DIALECT;
use crate::markup::{Name, NodeId, Tree};
use std::collections::BTreeSet;

/// The version of a document that names none.
pub(super) const VERSION: &str = "1.2";
/// Versions of the format (ODF 1.3 part 3 §19.388). The packages of older ones name no version, and what we write is
/// what 1.2 takes, too.
const VERSIONS: &[&str] = &["1.2", "1.3", "1.4"];

/// The sections of `content.xml`.
const CONTENT: &[Name] = &[("office", "font-face-decls"), ("office", "automatic-styles"), ("office", "body")];
/// The sections of `styles.xml`.
const STYLES: &[Name] = &[
    ("office", "font-face-decls"),
    ("office", "styles"),
    ("office", "automatic-styles"),
    ("office", "master-styles"),
];

/// What the body is: `text`, `spreadsheet`, `presentation`, `drawing`, `chart` …
pub(super) fn body(tree: &Tree) -> Option<&'static str> {
    let body = tree.child(tree.root(), ("office", "body"))?;
    tree.children(body).map(|id| tree.name(id)).find(|name| name.0 == "office").map(|name| name.1)
}

/// Makes a part or a flat document a `content.xml`; what is only counted goes with the walk behind.
pub(super) fn as_content(tree: &mut Tree, version: &str) {
    reduce(tree, ("office", "document-content"), CONTENT, version);
    let Some(body) = tree.child(tree.root(), ("office", "body")) else { return };
    let mut others: Vec<NodeId> = tree.children(body).collect();
    if let Some(first) = others.iter().position(|&id| tree.name(id).0 == "office") {
        others.remove(first);
    }
    for other in others {
        if !tree.is_text(other) {
            tree.remove(other);
        }
    }
}

/// Makes a part or a flat document a `styles.xml`.
pub(super) fn as_styles(tree: &mut Tree, version: &str) {
    reduce(tree, ("office", "document-styles"), STYLES, version);
}

/// Makes a part or a flat document a `settings.xml`.
pub(super) fn as_settings(tree: &mut Tree, version: &str) {
    reduce(tree, ("office", "document-settings"), &[("office", "settings")], version);
}

/// Gives the root its name, and keeps one of each of these sections under it.
fn reduce(tree: &mut Tree, root: Name, sections: &[Name], version: &str) {
    let mut seen: BTreeSet<Name> = BTreeSet::new();
    let children: Vec<NodeId> = tree.children(tree.root()).collect();
    for child in children {
        let name = tree.name(child);
        if !sections.contains(&name) || !seen.insert(name) {
            tree.remove(child);
        }
    }
    tree.rename(tree.root(), root);
    tree.set_attribute(tree.root(), ("office", "version"), version);
}

/// The version that a document names.
pub(super) fn version(tree: &Tree) -> &'static str {
    let named = tree.attribute(tree.root(), ("office", "version"));
    VERSIONS.iter().copied().find(|&version| named == Some(version)).unwrap_or(VERSION)
}

/// A `styles.xml` that says nothing.
pub(super) fn no_styles(version: &str) -> Vec<u8> {
    Tree::new(&DIALECT, ("office", "document-styles")).map_or_else(Vec::new, |mut tree| {
        tree.set_attribute(tree.root(), ("office", "version"), version);
        tree.write()
    })
}

/// A `meta.xml` with a title alone.
pub(super) fn metadata(title: &str, version: &str) -> Option<Vec<u8>> {
    let mut tree = Tree::new(&DIALECT, ("office", "document-meta"))?;
    tree.set_attribute(tree.root(), ("office", "version"), version);
    let (meta, element) = (tree.create(("office", "meta"))?, tree.create(("dc", "title"))?);
    tree.set_text(element, title);
    tree.append(meta, element);
    tree.append(tree.root(), meta);
    Some(tree.write())
}

/// The title in the metadata of a document or in its `meta.xml`.
pub(super) fn title(tree: &Tree) -> Option<String> {
    let meta = tree.child(tree.root(), ("office", "meta"))?;
    let title = tree.own_text(tree.child(meta, ("dc", "title"))?);
    let title: String = title.chars().filter(|&c| !c.is_control() && !crate::text::is_invisible(c)).collect();
    let title: String = title.trim().chars().take(500).collect();
    (!title.is_empty()).then_some(title)
}

/// `META-INF/manifest.xml`: path and media type of every file.
pub(super) fn manifest(entries: &[(String, String)], version: &str) -> Option<Vec<u8>> {
    let mut tree = Tree::new(&DIALECT, ("manifest", "manifest"))?;
    tree.set_attribute(tree.root(), ("manifest", "version"), version);
    for (path, media_type) in entries {
        let entry = tree.create(("manifest", "file-entry"))?;
        tree.set_attribute(entry, ("manifest", "full-path"), path);
        tree.set_attribute(entry, ("manifest", "media-type"), media_type);
        if path.ends_with('/') {
            tree.set_attribute(entry, ("manifest", "version"), version);
        }
        tree.append(tree.root(), entry);
    }
    Some(tree.write())
}
