//! A page tree as readers count it → a flat one that hayro counts alike.
//!
//! hayro takes each page object once and skips what is missing; other readers show a page that is listed twice twice,
//! and a missing one as an empty sheet. The number of pages must be that of the source, so where ours is smaller the
//! tree is written flat (ISO 32000-1 §7.7.3): inherited attributes on each page, a copy for each mention. Pages that
//! the root's `Count` promises beyond those are empty sheets too, as in other readers. Where the root has no `Kids` at
//! all, other readers take the root itself for the one page.
//!
//! *Security.* Walks with a stack of its own, never into a node above itself; every kid is spent as a node, and the walk
//! ends at the limit of pages. A count that passes that limit is not believed at all, nor one over [`PROMISED_MAX`]
//! where not a single page stands behind it: a few octets must not become a thousand sheets.

use super::inspect::{dictionary_of, name, sub, value};
use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};
use policy::{Budget, Exhausted};

/// Attributes that a page inherits (ISO 32000-1 Table 30).
const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];
/// Most empty sheets for a promise of pages of which none is there.
const PROMISED_MAX: usize = 100;
/// Deepest tree that is walked.
const DEPTH_MAX: usize = 2_000;

struct Node {
    id: Option<ObjectId>,
    kids: std::vec::IntoIter<Object>,
    inherited: Dictionary,
}

/// Writes the tree flat if it holds more pages than hayro counted. Says whether it did, and how many sheets are empty
/// because their page is missing.
pub(super) fn flatten(
    document: &mut Document,
    counted: usize,
    budget: &mut Budget,
) -> Result<Option<u32>, Exhausted> {
    let most = usize::try_from(budget.limits().pages).unwrap_or(usize::MAX);
    let (mut pages, mut missing) = walk(document, most, budget)?;
    if counted == 0 && usize::try_from(missing).is_ok_and(|missing| missing == pages.len()) {
        (pages, missing) = without_tree(document, pages, most);
    }
    if let Some(sheet) = pages.last().map(empty_sheet) {
        let promised = promised(document);
        while promised <= most && pages.len() < promised {
            budget.spend_nodes(1)?;
            pages.push(sheet.clone());
            missing = missing.saturating_add(1);
        }
    }
    if pages.len() <= counted || pages.len() > most {
        return Ok(None);
    }
    let root = document.new_object_id();
    let mut kids = Vec::with_capacity(pages.len());
    for mut page in pages {
        page.set("Parent", Object::Reference(root));
        page.set("Type", "Page");
        kids.push(Object::Reference(document.add_object(page)));
    }
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    document.objects.insert(
        root,
        Object::Dictionary(dictionary! { "Type" => "Pages", "Count" => count, "Kids" => kids }),
    );
    let Ok(catalog) = document.catalog_mut() else { return Ok(None) };
    catalog.set("Pages", Object::Reference(root));
    Ok(Some(missing))
}

/// The pages of a document whose tree leads to none but `sheets`, which are missing; and how many are empty then.
fn without_tree(document: &Document, sheets: Vec<Dictionary>, most: usize) -> (Vec<Dictionary>, u32) {
    let Some(root) = root(document) else { return (sheets, 0) };
    if !root.has(b"Kids") {
        return (vec![root.clone()], u32::from(!root.has(b"Contents")));
    }
    // Pages that no tree leads to are shown before the sheets that stand for them, in the order of their numbers.
    let is_page = |dict: &&Dictionary| name(document, dict, b"Type") == b"Page" && dict.has(b"Contents");
    let mut pages: Vec<_> =
        document.objects.values().filter_map(dictionary_of).filter(is_page).take(most).cloned().collect();
    if pages.is_empty() && sheets.is_empty() && (1..=PROMISED_MAX.min(most)).contains(&promised(document)) {
        return (vec![empty_sheet(root)], 1);
    }
    let rest = sheets.into_iter().skip(pages.len());
    let missing = u32::try_from(rest.len()).unwrap_or(u32::MAX);
    pages.extend(rest);
    (pages, missing)
}

fn root(document: &Document) -> Option<&Dictionary> {
    sub(document, document.catalog().ok()?, b"Pages")
}

/// How many pages the root says that there are; without kids it is a page, whatever it says.
fn promised(document: &Document) -> usize {
    let count =
        root(document).filter(|root| root.has(b"Kids")).and_then(|root| value(document, root, b"Count"));
    count.and_then(|count| usize::try_from(count.as_i64().ok()?).ok()).unwrap_or(0)
}

/// A page of the same size with nothing on it.
fn empty_sheet(page: &Dictionary) -> Dictionary {
    let attributes = page.iter().filter(|(key, _)| INHERITED.contains(&key.as_slice()));
    attributes.map(|(key, attribute)| (key.clone(), attribute.clone())).collect()
}

fn walk(document: &Document, most: usize, budget: &mut Budget) -> Result<(Vec<Dictionary>, u32), Exhausted> {
    let (mut pages, mut missing) = (Vec::new(), 0_u32);
    let root = document.catalog().ok().and_then(|catalog| catalog.get(b"Pages").ok());
    let mut path: Vec<Node> =
        root.and_then(|root| node(document, root, &Dictionary::new())).into_iter().collect();
    while let Some(top) = path.last_mut() {
        let Some(kid) = top.kids.next() else {
            path.pop();
            continue;
        };
        let inherited = top.inherited.clone();
        budget.spend_nodes(1)?;
        if pages.len() > most || path.len() > DEPTH_MAX {
            break;
        }
        let id = kid.as_reference().ok();
        if id.is_some() && path.iter().any(|above| above.id == id) {
            continue;
        }
        if let Some(below) = node(document, &kid, &inherited) {
            path.push(below);
            continue;
        }
        match document.dereference(&kid).ok().and_then(|(_, page)| dictionary_of(page)) {
            Some(page) => pages.push(with_inherited(page, &inherited)),
            None => {
                missing = missing.saturating_add(1);
                pages.push(inherited);
            }
        }
    }
    Ok((pages, missing))
}

/// A node of the tree; `None` for a page and for what is missing.
fn node(document: &Document, object: &Object, inherited: &Dictionary) -> Option<Node> {
    let (id, dict) = document.dereference(object).ok()?;
    let dict = dict.as_dict().ok()?;
    let kids = value(document, dict, b"Kids").and_then(|kids| kids.as_array().ok());
    if kids.is_none() && name(document, dict, b"Type") != b"Pages" {
        return None;
    }
    let kids = kids.cloned().unwrap_or_default().into_iter();
    let mut own = Dictionary::new();
    for key in INHERITED {
        if let Ok(attribute) = dict.get(key) {
            own.set(key, attribute.clone());
        }
    }
    Some(Node { id, kids, inherited: with_inherited(&own, inherited) })
}

fn with_inherited(dict: &Dictionary, inherited: &Dictionary) -> Dictionary {
    let mut page = dict.clone();
    for (key, attribute) in inherited.iter().filter(|(key, _)| !dict.has(key)) {
        page.set(key.clone(), attribute.clone());
    }
    page
}
