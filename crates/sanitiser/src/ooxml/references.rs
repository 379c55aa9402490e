//! The attributes that name a relationship: what each may lead to, under which name it is written, and what becomes of
//! an element whose relationship is gone.

use super::{links, sieve};
use crate::markup::{Name, NodeId, Tree};
use crate::package::relationships::Relationship;
use std::collections::BTreeSet;

/// Names of relationships: those of the usual form stay, because other parts may speak of them by number (drawings
/// of diagrams); all others get a free one.
pub(super) struct Numbers {
    taken: BTreeSet<u32>,
}

impl Numbers {
    pub(super) fn of(given: &[Relationship]) -> Self {
        Self { taken: given.iter().filter_map(|relationship| Self::number(&relationship.id)).collect() }
    }

    fn number(id: &str) -> Option<u32> {
        let digits = id.strip_prefix("rId").filter(|digits| digits.len() <= 6 && !digits.starts_with('0'))?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    }

    pub(super) fn give(&mut self, id: &str) -> String {
        if let Some(number) = Self::number(id) {
            return format!("rId{number}");
        }
        let free = self.taken.last().copied().unwrap_or(0).saturating_add(1);
        self.taken.insert(free);
        format!("rId{free}")
    }
}

/// Attributes that name a relationship, in the order of the document.
pub(super) fn named(tree: &Tree) -> Vec<(NodeId, Name)> {
    tree.descendants(tree.root())
        .flat_map(|id| tree.attribute_names(id).filter(|name| name.0 == "r").map(move |name| (id, name)))
        .collect()
}

/// The kinds of relationships that an attribute may name, by the ends of their types.
pub(super) fn expected(tree: &Tree, node: NodeId, attribute: Name) -> &'static [&'static str] {
    match (tree.name(node), attribute.1) {
        (("w" | "x", "hyperlink"), "id") => &["hyperlink"],
        (("a", "hlinkClick" | "hlinkHover" | "hlinkMouseOver"), "id") => &["hyperlink", "slide"],
        (("a", "blip"), "embed") | (("x", "picture"), "id") => &["image"],
        (("w", "headerReference"), "id") => &["header"],
        (("w", "footerReference"), "id") => &["footer"],
        (("x", "sheet"), "id") => {
            &["worksheet", "chartsheet", "xlMacrosheet", "xlIntlMacrosheet", "dialogsheet"]
        }
        (("x", "drawing"), "id") => &["drawing"],
        (("x", "tablePart"), "id") => &["table"],
        (("x", "pivotCache"), "id") => &["pivotCacheDefinition"],
        (("x", "pivotCacheDefinition"), "id") => &["pivotCacheRecords"],
        (("p", "sldMasterId"), "id") => &["slideMaster"],
        (("p", "notesMasterId"), "id") => &["notesMaster"],
        (("p", "handoutMasterId"), "id") => &["handoutMaster"],
        (("p", "sldId" | "sld"), "id") => &["slide"],
        (("p", "sldLayoutId"), "id") => &["slideLayout"],
        (("c", "chart"), "id") => &["chart"],
        (("c", "userShapes"), "id") => &["chartUserShapes"],
        (("dgm", "relIds"), "dm") => &["diagramData"],
        (("dgm", "relIds"), "lo") => &["diagramLayout"],
        (("dgm", "relIds"), "qs") => &["diagramQuickStyle"],
        (("dgm", "relIds"), "cs") => &["diagramColors"],
        _ => &[],
    }
}

/// Links without a target run an action of the show; layouts of diagrams name empty pictures.
pub(super) fn may_be_empty(tree: &Tree, node: NodeId) -> bool {
    links::is_drawing_link(tree, node) || tree.is(node, ("dgm", "shape"))
}

/// What becomes of an element whose relationship does not exist any more.
pub(super) fn unlink(tree: &mut Tree, node: NodeId, attribute: Name) {
    match tree.name(node) {
        ("a", "blip") | ("x", "pageSetup" | "pivotSelection") | ("dgm", "shape") => {
            tree.remove_attribute(node, attribute);
        }
        ("x", "hyperlink") if tree.attribute(node, ("", "location")).is_some() => {
            tree.remove_attribute(node, attribute);
        }
        ("w", "hyperlink") if tree.attribute(node, ("w", "anchor")).is_some() => {
            tree.remove_attribute(node, attribute);
        }
        ("w", "hyperlink") => tree.unwrap(node),
        ("c", "chart") | ("dgm", "relIds") => sieve::remove_object(tree, node),
        _ => sieve::remove_emptied(tree, node),
    }
}

/// Counts that stand beside what they count.
pub(super) fn repair_counts(tree: &mut Tree) {
    let counted: Vec<NodeId> = tree
        .descendants(tree.root())
        .filter(|&id| {
            matches!(tree.name(id), ("x", "tableParts" | "dataValidations") | ("x14", "dataValidations"))
        })
        .collect();
    for id in counted {
        if tree.attribute(id, ("", "count")).is_some() {
            let count = tree.children(id).filter(|&child| !tree.is_text(child)).count();
            tree.set_attribute(id, ("", "count"), &count.to_string());
        }
    }
}
