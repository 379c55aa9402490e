//! `mc:AlternateContent` (ISO/IEC 29500-3 §10.2): one alternative is taken and stands in its place.
//!
//! The first choice whose namespaces can be kept, that lost nothing while it was read and that holds nothing which is
//! taken away later; else the fallback; else the first choice that can be read at all.

use crate::markup::{NodeId, Tree};
use std::collections::BTreeSet;

/// Takes one alternative at each place, the outer ones first.
pub(super) fn choose(tree: &mut Tree) {
    let damaged = damaged(tree);
    let mut next = Some(tree.root());
    while let Some(id) = next {
        next = tree.following(id, tree.root());
        if !tree.is(id, ("mc", "AlternateContent")) {
            continue;
        }
        let chosen = chosen(tree, id, &damaged);
        let branches: Vec<NodeId> = tree.children(id).filter(|&branch| Some(branch) != chosen).collect();
        for branch in branches {
            tree.remove(branch);
        }
        // What is inside is visited next: alternatives nest.
        let inside = chosen.and_then(|chosen| tree.first(chosen));
        next = inside.or_else(|| tree.behind(id, tree.root()));
        if let Some(chosen) = chosen {
            tree.unwrap(chosen);
        }
        tree.unwrap(id);
    }
}

/// The choices in which something was lost while they were read. Extensions may be lost: they add to what stands
/// there without them.
fn damaged(tree: &Tree) -> BTreeSet<NodeId> {
    let mut damaged = BTreeSet::new();
    for lost in tree.lost() {
        let mut at = lost.parent.filter(|&parent| !matches!(tree.name(parent).1, "ext" | "extLst"));
        while let Some(node) = at {
            if tree.is(node, ("mc", "Choice")) {
                damaged.insert(node);
            }
            at = tree.parent(node);
        }
    }
    damaged
}

fn chosen(tree: &Tree, id: NodeId, damaged: &BTreeSet<NodeId>) -> Option<NodeId> {
    let choices = || tree.children(id).filter(|&branch| tree.is(branch, ("mc", "Choice")));
    let fallback = tree.child(id, ("mc", "Fallback")).filter(|&fallback| tree.first(fallback).is_some());
    let readable = |choice: &NodeId| tree.first(*choice).is_some();
    let whole = |choice: &NodeId| {
        !damaged.contains(choice) && !tree.descendants(*choice).any(|n| is_taken_away(tree, n))
    };
    choices()
        .find(|choice| readable(choice) && whole(choice))
        .or(fallback)
        .or_else(|| choices().find(readable))
}

/// What would be taken away later, or what the fallback says as well (the chart styles of 2007).
fn is_taken_away(tree: &Tree, id: NodeId) -> bool {
    matches!(
        tree.name(id),
        ("v" | "o" | "w10" | "pvml" | "xvml" | "cx", _)
            | ("p", "oleObj" | "contentPart")
            | ("w", "pict" | "object")
            | ("c14", "style")
    )
}
