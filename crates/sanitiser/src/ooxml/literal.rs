//! A chart's reference to cells elsewhere (ISO/IEC 29500-1 §21.2.2) → the values that the chart last showed.

use crate::markup::{NodeId, Tree};

/// Turns the reference around a formula of a chart into its cached values; says whether it did.
pub(super) fn of_chart(tree: &mut Tree, formula: NodeId) -> bool {
    if !tree.is(formula, ("c", "f")) {
        return false;
    }
    let Some(reference) = tree.parent(formula) else { return false };
    let Some(holder) = tree.parent(reference) else { return false };
    let (cache, literal) = match tree.name(reference) {
        ("c", "numRef") => (tree.child(reference, ("c", "numCache")), ("c", "numLit")),
        ("c", "strRef") => (tree.child(reference, ("c", "strCache")), ("c", "strLit")),
        _ => (None, ("", "")),
    };
    let Some(cache) = cache else {
        // Without values there is nothing to show.
        tree.remove(reference);
        return true;
    };
    if tree.is(holder, ("c", "tx")) {
        let value = tree.find(cache, ("c", "v")).map(|value| tree.own_text(value)).unwrap_or_default();
        title(tree, reference, &value);
        return true;
    }
    tree.remove(cache);
    tree.insert_before(reference, cache);
    tree.remove(reference);
    tree.rename(cache, literal)
}

/// The name of a series is a plain value; a title of the chart is rich text and keeps none.
fn title(tree: &mut Tree, reference: NodeId, value: &str) {
    let Some(holder) = tree.parent(reference) else { return };
    tree.remove(reference);
    let in_series = tree.parent(holder).is_some_and(|series| tree.is(series, ("c", "ser")));
    if !in_series {
        tree.remove(holder);
        return;
    }
    if let Some(plain) = tree.create(("c", "v")) {
        tree.append(holder, plain);
        tree.set_text(plain, value);
    }
}
