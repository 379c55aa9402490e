//! Tracked changes of Word documents (ISO/IEC 29500-1 §17.13.5) → the document as if each had been accepted.
//!
//! Runs, rows, cells and paragraph marks that were deleted or moved away go, all others stay, and so do the properties
//! that hold now. A paragraph whose mark was deleted goes when nothing is left in it and another follows; one with text
//! is not joined with the next. Cells that were merged or parted stay as they are written.
//!
//! *Security.* One pass, and one more over the children of what lost a row, a cell or a paragraph.

use super::sieve::enclosing;
use crate::markup::{NodeId, Tree};
use std::collections::BTreeSet;

/// What the first pass leaves to be looked at.
#[derive(Default)]
struct Touched {
    /// Rows that lost a cell.
    rows: BTreeSet<NodeId>,
    /// Tables that lost a row.
    tables: BTreeSet<NodeId>,
    /// Paragraphs whose mark was deleted, in the order of the document.
    paragraphs: Vec<NodeId>,
}

/// Accepts every change; says whether there was one.
pub(super) fn accept(tree: &mut Tree) -> bool {
    let mut touched = Touched::default();
    let mut next = Some(tree.root());
    let mut found = false;
    while let Some(id) = next {
        let change = match tree.name(id) {
            ("w", local) => local,
            ("w14", "conflictIns") => "ins",
            ("w14", "conflictDel") => "del",
            _ => "",
        };
        // The parent says what a mark without content is about.
        let about = tree.parent(id).map_or("", |parent| tree.name(parent).1);
        let gone = match (change, about) {
            ("ins" | "moveTo", _) if tree.first(id).is_some() => {
                found = true;
                next = tree.following(id, tree.root());
                tree.unwrap(id);
                continue;
            }
            ("del", "trPr") => {
                let row = enclosing(tree, id, &[("w", "tr")]).unwrap_or(id);
                touched.tables.extend(enclosing(tree, row, &[("w", "tbl")]));
                row
            }
            ("cellDel", _) => {
                let cell = enclosing(tree, id, &[("w", "tc")]).unwrap_or(id);
                touched.rows.extend(enclosing(tree, cell, &[("w", "tr")]));
                cell
            }
            ("del" | "moveFrom", "rPr") => {
                touched.paragraphs.extend(paragraph_of_mark(tree, id));
                id
            }
            _ if is_change(change) => id,
            _ => {
                next = tree.following(id, tree.root());
                continue;
            }
        };
        found = true;
        next = tree.behind(gone, tree.root());
        tree.remove(gone);
    }
    touched.settle(tree);
    found
}

/// Marks of changes, and what was deleted or held before.
fn is_change(local: &str) -> bool {
    matches!(
        local,
        "ins"
            | "del"
            | "moveFrom"
            | "moveTo"
            | "rPrChange"
            | "pPrChange"
            | "sectPrChange"
            | "tblPrChange"
            | "tblPrExChange"
            | "trPrChange"
            | "tcPrChange"
            | "tblGridChange"
            | "numberingChange"
            | "cellIns"
            | "cellMerge"
            | "moveFromRangeStart"
            | "moveFromRangeEnd"
            | "moveToRangeStart"
            | "moveToRangeEnd"
            | "customXmlInsRangeStart"
            | "customXmlInsRangeEnd"
            | "customXmlDelRangeStart"
            | "customXmlDelRangeEnd"
            | "customXmlMoveFromRangeStart"
            | "customXmlMoveFromRangeEnd"
            | "customXmlMoveToRangeStart"
            | "customXmlMoveToRangeEnd"
    )
}

/// The paragraph whose mark bears this change (`w:p/w:pPr/w:rPr`).
fn paragraph_of_mark(tree: &Tree, id: NodeId) -> Option<NodeId> {
    let properties = tree.parent(id).and_then(|of_mark| tree.parent(of_mark));
    let properties = properties.filter(|&id| tree.is(id, ("w", "pPr")))?;
    tree.parent(properties).filter(|&id| tree.is(id, ("w", "p")))
}

impl Touched {
    /// Rows without cells, tables without rows and paragraphs without anything go.
    fn settle(mut self, tree: &mut Tree) {
        for row in self.rows {
            if tree.is_attached(row) && !holds(tree, row, ("w", "tc")) {
                self.tables.extend(enclosing(tree, row, &[("w", "tbl")]));
                tree.remove(row);
            }
        }
        for table in self.tables {
            if tree.is_attached(table) && !holds(tree, table, ("w", "tr")) {
                tree.remove(table);
            }
        }
        let paragraphs = || self.paragraphs.iter().copied();
        let holders: BTreeSet<NodeId> = paragraphs().filter_map(|id| tree.parent(id)).collect();
        let last = |holder| tree.children(holder).filter(|&id| tree.is(id, ("w", "p"))).last();
        let kept: BTreeSet<NodeId> = holders.into_iter().filter_map(last).collect();
        for id in paragraphs() {
            if tree.is_attached(id) && !kept.contains(&id) && is_empty(tree, id) && !parts_tables(tree, id) {
                tree.remove(id);
            }
        }
    }
}

/// Whether an element holds another, be it in content controls (`w:sdt`).
fn holds(tree: &Tree, id: NodeId, kind: (&str, &str)) -> bool {
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        for child in tree.children(id) {
            match tree.name(child) {
                name if name == kind => return true,
                ("w", "sdt" | "sdtContent") => open.push(child),
                _ => {}
            }
        }
    }
    false
}

/// Whether nothing but properties is left in a paragraph, and no section ends with it.
fn is_empty(tree: &Tree, paragraph: NodeId) -> bool {
    tree.children(paragraph).all(|child| match tree.name(child) {
        ("w", "pPr") => tree.child(child, ("w", "sectPr")).is_none(),
        ("w", "proofErr") => true,
        _ => false,
    })
}

/// Whether two tables would become one without this paragraph.
fn parts_tables(tree: &Tree, paragraph: NodeId) -> bool {
    let is_table = |node: Option<NodeId>| node.is_some_and(|node| tree.is(node, ("w", "tbl")));
    is_table(tree.previous(paragraph)) && is_table(tree.next(paragraph))
}
