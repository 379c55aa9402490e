//! A PDF as it came → the same PDF with what hayro does not draw or read by itself.
//!
//! - Composite fonts that embed their program but have no `ToUnicode` map get one by way of the Adobe character
//!   collections, or the text layer would lose the whole text.
//! - Forms with a transparency group that is neither isolated nor knockout, painted plainly, lose the group: painted
//!   with Normal and alpha 1 it equals no group (ISO 32000-1 §11.4.5), while hayro would isolate it and turn a
//!   highlight into an opaque bar.
//! - A page tree that hayro counts short is written flat: see [`super::tree`].
//! - Appearances of fields and annotations: see [`super::appearance`].
//!
//! The result is only ever drawn to pixels.
//!
//! *Security.* Works on objects that lopdf has already read; walks them once, each spent as a node.

use super::inspect::{dictionary_of, name, sub, value};
use super::{appearance, tree};
use hayro::hayro_interpret::hayro_cmap::{BfString, CMap, CMapName, load_embedded};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};
use policy::{Budget, Exhausted, FindingCode, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// Makes the changes; the octets of the changed file, or `None` when nothing needed to change. `pages` is what hayro
/// counts in the file as it came, `None` if hayro cannot open it at all: then it is written anew in any case.
pub(super) fn normalise(
    mut document: Document,
    pages: Option<usize>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Option<Vec<u8>>, Exhausted> {
    budget.spend_nodes(u64::try_from(document.objects.len()).unwrap_or(u64::MAX))?;
    let tree = tree::flatten(&mut document, pages.unwrap_or(0), budget)?;
    if let Some(missing) = tree {
        findings.add(FindingCode::PdfRepaired);
        findings.add_many(FindingCode::PageIncomplete, missing, "missing");
    }
    let fonts = add_to_unicode(&mut document);
    let groups = drop_plain_groups(&mut document);
    let built = appearance::build(&mut document, budget, findings)?;
    if !(fonts || groups || built || tree.is_some() || pages.is_none()) {
        return Ok(None);
    }
    let mut octets = Vec::new();
    Ok(document.save_to(&mut octets).is_ok().then_some(octets))
}

/// Stands for codes that are UTF-16 already.
const IDENTITY: &[u8] = b"Identity-UTF16";

fn add_to_unicode(document: &mut Document) -> bool {
    let mut lacking: Vec<(ObjectId, Vec<u8>, &'static [u8])> = Vec::new();
    for (id, object) in &document.objects {
        let Object::Dictionary(font) = object else { continue };
        if name(document, font, b"Subtype") != b"Type0" {
            continue;
        }
        if name(document, font, b"ToUnicode").starts_with(b"Identity-") {
            // Not allowed, but written: the codes are UTF-16.
            lacking.push((*id, IDENTITY.to_vec(), IDENTITY));
            continue;
        }
        if font.has(b"ToUnicode") {
            continue;
        }
        let descendant = value(document, font, b"DescendantFonts")
            .and_then(|fonts| fonts.as_array().ok())
            .and_then(|fonts| document.dereference(fonts.first()?).ok())
            .and_then(|(_, font)| font.as_dict().ok());
        let Some(descendant) = descendant else { continue };
        let embeds = sub(document, descendant, b"FontDescriptor")
            .is_some_and(|descriptor| descriptor.has(b"FontFile2") || descriptor.has(b"FontFile3"));
        let encoding = name(document, font, b"Encoding");
        let collection = collection(document, descendant).or_else(|| collection_of_encoding(encoding));
        if let (true, Some(collection), false) = (embeds, collection, encoding.is_empty()) {
            lacking.push((*id, encoding.to_vec(), collection));
        }
    }
    let mut made: BTreeMap<Vec<u8>, ObjectId> = BTreeMap::new();
    let is_changed = !lacking.is_empty();
    for (id, encoding, collection) in lacking {
        let map = if encoding.starts_with(b"Identity-") && collection != IDENTITY {
            // hayro takes the name of a predefined map; with Identity, codes are CIDs.
            Object::Name(collection.to_vec())
        } else if let Some(known) = made.get(&encoding) {
            Object::Reference(*known)
        } else {
            let Some(map) = code_to_unicode(&encoding, collection) else { continue };
            let stream = document.add_object(Stream::new(Dictionary::new(), map.into_bytes()));
            made.insert(encoding, stream);
            Object::Reference(stream)
        };
        if let Ok(font) = document.get_dictionary_mut(id) {
            font.set("ToUnicode", map);
        }
    }
    is_changed
}

fn collection(document: &Document, font: &Dictionary) -> Option<&'static [u8]> {
    let ordering = value(document, sub(document, font, b"CIDSystemInfo")?, b"Ordering")?;
    match ordering.as_str().ok()? {
        b"Japan1" => Some(b"Adobe-Japan1-UCS2"),
        b"GB1" => Some(b"Adobe-GB1-UCS2"),
        b"CNS1" => Some(b"Adobe-CNS1-UCS2"),
        b"Korea1" => Some(b"Adobe-Korea1-UCS2"),
        _ => None,
    }
}

/// Japanese encodings whose font does not say its collection.
fn collection_of_encoding(encoding: &[u8]) -> Option<&'static [u8]> {
    let is_japanese = encoding.starts_with(b"UniJIS") || encoding.windows(4).any(|part| part == b"RKSJ");
    is_japanese.then_some(b"Adobe-Japan1-UCS2".as_slice())
}

/// A `ToUnicode` map for a predefined encoding: code → CID → Unicode.
fn code_to_unicode(encoding: &[u8], collection: &[u8]) -> Option<String> {
    if collection == IDENTITY {
        return Some(super::write::to_unicode(&[]));
    }
    let parse = |name: &[u8]| CMap::parse(load_embedded(CMapName::from_bytes(name))?, load_embedded);
    let (to_cid, to_unicode) = (parse(encoding)?, parse(collection)?);
    let mut lines: Vec<String> = Vec::new();
    for code in 0..=0xFFFF_u32 {
        for (length, digits) in [(1, 2), (2, 4)] {
            if length == 1 && code > 0xFF {
                continue;
            }
            let Some(cid) = to_cid.lookup_cid_code(code, length).filter(|cid| *cid != 0) else { continue };
            let text = match to_unicode.lookup_bf_string(cid) {
                Some(BfString::Char(c)) => c.to_string(),
                Some(BfString::String(text)) => text,
                None => continue,
            };
            let units: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
            lines.push(format!("<{code:0digits$X}><{units}>\n"));
        }
    }
    let mut map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n/CMapType 2 def\n1 begincodespacerange <0000><FFFF> endcodespacerange\n".to_owned();
    for block in lines.chunks(100) {
        map.push_str(&format!("{} beginbfchar\n{}endbfchar\n", block.len(), block.concat()));
    }
    map.push_str("endcmap end end\n");
    Some(map)
}

fn drop_plain_groups(document: &mut Document) -> bool {
    let candidates: BTreeSet<ObjectId> = document
        .objects
        .iter()
        .filter(|(_, object)| {
            object.as_stream().is_ok_and(|form| has_plain_group_with_blend(document, &form.dict))
        })
        .map(|(id, _)| *id)
        .collect();
    if candidates.is_empty() {
        return false;
    }
    let mut plainly = BTreeSet::new();
    let mut otherwise = BTreeSet::new();
    for object in document.objects.values() {
        let Some(dict) = dictionary_of(object) else { continue };
        uses(document, dict, &mut plainly, &mut otherwise);
    }
    let mut is_changed = false;
    for id in candidates.intersection(&plainly).filter(|id| !otherwise.contains(id)) {
        if let Ok(form) = document.get_object_mut(*id).and_then(Object::as_stream_mut) {
            form.dict.remove(b"Group");
            is_changed = true;
        }
    }
    is_changed
}

/// A form whose group is neither isolated nor knockout, and which blends inside: only there the group matters.
fn has_plain_group_with_blend(document: &Document, form: &Dictionary) -> bool {
    let Some(group) = sub(document, form, b"Group") else { return false };
    let is_set = |key: &[u8]| value(document, group, key).is_some_and(|flag| flag.as_bool().unwrap_or(true));
    let blends =
        sub(document, form, b"Resources").is_some_and(|resources| !paints_plainly(document, resources));
    blends && !is_set(b"I") && !is_set(b"K")
}

/// Whether no graphics state of these resources blends, masks or lets shine through.
fn paints_plainly(document: &Document, resources: &Dictionary) -> bool {
    let Some(states) = sub(document, resources, b"ExtGState") else { return true };
    states.iter().all(|(_, state)| {
        let Some(state) = document.dereference(state).ok().and_then(|(_, state)| state.as_dict().ok()) else {
            return true;
        };
        let is_opaque = |key: &[u8]| {
            value(document, state, key)
                .and_then(|alpha| alpha.as_float().ok())
                .is_none_or(|alpha| alpha >= 1.0)
        };
        let is_named = |key: &[u8], names: &[&[u8]]| {
            value(document, state, key)
                .is_none_or(|object| object.as_name().is_ok_and(|name| names.contains(&name)))
        };
        is_opaque(b"ca")
            && is_opaque(b"CA")
            && is_named(b"BM", &[b"Normal", b"Compatible"])
            && is_named(b"SMask", &[b"None"])
    })
}

/// Which forms a dictionary paints: as the appearance of an annotation or from plain resources, or otherwise.
fn uses(
    document: &Document,
    dict: &Dictionary,
    plainly: &mut BTreeSet<ObjectId>,
    otherwise: &mut BTreeSet<ObjectId>,
) {
    if let Some(states) = sub(document, dict, b"AP") {
        plainly.extend(states.iter().filter_map(|(_, state)| state.as_reference().ok()));
    }
    if let Ok(mask) = dict.get(b"G").and_then(Object::as_reference) {
        otherwise.insert(mask);
    }
    let resources = if dict.has(b"XObject") { Some(dict) } else { sub(document, dict, b"Resources") };
    let Some(resources) = resources else { return };
    let Some(forms) = sub(document, resources, b"XObject") else { return };
    let into = if paints_plainly(document, resources) { plainly } else { otherwise };
    into.extend(forms.iter().filter_map(|(_, form)| form.as_reference().ok()));
}
