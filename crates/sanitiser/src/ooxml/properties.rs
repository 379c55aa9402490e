//! Properties of a document: its title and when it was made (ECMA-376 part 2 §8), and which family of programs wrote it.
//!
//! Authors, companies, templates, revisions and times of editing do not cross. The family of programs does: a
//! spreadsheet program decides by it whether the values in the cells can be believed.

use crate::markup::Tree;
use policy::vocabulary::{self, Edition};

const CORE_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<cp:coreProperties \
     xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
     xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
     xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">";

/// Longest title, in characters.
const TITLE_CHARS: usize = 500;

/// `core.xml` from the one that came; `None` when there is nothing to say.
pub(super) fn core(tree: &Tree) -> Option<String> {
    let value = |name| tree.child(tree.root(), name).map(|id| tree.own_text(id));
    let title: String = value(("dc", "title")).unwrap_or_default().trim().chars().take(TITLE_CHARS).collect();
    let created = value(("dcterms", "created")).unwrap_or_default();
    let created = created.trim();
    let mut body = String::new();
    if !title.is_empty() {
        body.push_str("<dc:title>");
        for c in title.chars().filter(|c| !c.is_control()) {
            match c {
                '&' => body.push_str("&amp;"),
                '<' => body.push_str("&lt;"),
                '>' => body.push_str("&gt;"),
                _ => body.push(c),
            }
        }
        body.push_str("</dc:title>");
    }
    if is_instant(created) {
        body.push_str("<dcterms:created xsi:type=\"dcterms:W3CDTF\">");
        body.push_str(created);
        body.push_str("</dcterms:created>");
    }
    (!body.is_empty()).then(|| format!("{CORE_HEAD}{body}</cp:coreProperties>"))
}

/// `2024-04-01T09:00:00Z` (W3CDTF).
fn is_instant(text: &str) -> bool {
    let shape = text.bytes().map(|b| if b.is_ascii_digit() { b'0' } else { b });
    shape.eq(b"0000-00-00T00:00:00Z".iter().copied())
}

/// `app.xml` with nothing but the family of programs; `None` for all others.
pub(super) fn application(tree: &Tree, edition: Edition) -> Option<String> {
    let application = tree.child(tree.root(), ("ap", "Application")).map(|id| tree.own_text(id))?;
    let known = ["Microsoft Office Word", "Microsoft Excel", "Microsoft Office PowerPoint", "LibreOffice"];
    let name = known.iter().find(|name| application.trim().starts_with(**name))?;
    let words = vocabulary::ooxml();
    let namespace = words.uri(words.namespace_of_prefix("ap")?, edition);
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ap:Properties \
         xmlns:ap=\"{namespace}\">\
         <ap:Application>{name}</ap:Application></ap:Properties>"
    ))
}
