//! What a PDF holds besides its pages: counted for the report, because none of it crosses.
//!
//! *Security.* lopdf reads the file with bounds on nesting and on what one stream may inflate to; every object visited
//! is spent as a node. What lopdf cannot read is reported as not inspected: the pages are pictures all the same.

use lopdf::{Dictionary, Document, LoadOptions, Object};
use policy::{Budget, Exhausted, FindingCode, Findings};

/// Files over this size are not inspected: lopdf holds every object in memory.
pub(super) const INSPECTED_OCTETS_MAX: usize = 64 * 1024 * 1024;
/// Most that one stream of objects may inflate to.
const STREAM_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// Reads a file for inspection; `None` (and a finding) when it cannot be done.
pub(super) fn read(input: &[u8], password: &str, findings: &mut Findings) -> Option<Document> {
    let unread = |findings: &mut Findings, why| {
        findings.add_detail(FindingCode::PdfNotInspected, why);
        None
    };
    if input.len() > INSPECTED_OCTETS_MAX {
        return unread(findings, "size");
    }
    match load(input, password) {
        Ok(document) if document.is_encrypted() => unread(findings, "encryption"),
        Ok(document) => {
            if document.xref_recovery.is_some() {
                findings.add(FindingCode::PdfRepaired);
            }
            Some(document)
        }
        Err(_) => unread(findings, "structure"),
    }
}

/// Reads a file within bounds; the objects of a locked one are missing.
pub(super) fn load(input: &[u8], password: &str) -> lopdf::Result<Document> {
    let options = LoadOptions {
        password: (!password.is_empty()).then(|| password.to_owned()),
        max_decompressed_size: Some(STREAM_OCTETS_MAX),
        ..LoadOptions::default()
    };
    Document::load_mem_with_options(input, options)
}

/// Counts active content, forms, files and signatures.
pub(super) fn inspect(
    document: &Document,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<(), Exhausted> {
    catalog(document, findings);
    let mut stack: Vec<&Object> = Vec::new();
    for object in document.objects.values() {
        stack.push(object);
        while let Some(object) = stack.pop() {
            budget.spend_nodes(1)?;
            if let Object::Array(items) = object {
                stack.extend(items.iter().filter(|item| holds_others(item)));
                continue;
            }
            let Some(dict) = dictionary_of(object) else { continue };
            dictionary(document, dict, findings);
            stack.extend(dict.iter().map(|(_, value)| value).filter(|value| holds_others(value)));
        }
    }
    Ok(())
}

const fn holds_others(object: &Object) -> bool {
    matches!(object, Object::Array(_) | Object::Dictionary(_) | Object::Stream(_))
}

/// The value of a key, behind its reference.
pub(super) fn value<'a>(document: &'a Document, dict: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    document.dereference(dict.get(key).ok()?).ok().map(|(_, object)| object)
}

/// A dictionary under a key.
pub(super) fn sub<'a>(document: &'a Document, dict: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
    dictionary_of(value(document, dict, key)?)
}

/// An object that is a dictionary, or the dictionary of a stream.
pub(super) fn dictionary_of(object: &Object) -> Option<&Dictionary> {
    object.as_dict().ok().or_else(|| object.as_stream().ok().map(|stream| &stream.dict))
}

/// A name under a key; empty when there is none.
pub(super) fn name<'a>(document: &'a Document, dict: &'a Dictionary, key: &[u8]) -> &'a [u8] {
    value(document, dict, key).and_then(|object| object.as_name().ok()).unwrap_or_default()
}

fn catalog(document: &Document, findings: &mut Findings) {
    let Ok(catalog) = document.catalog() else {
        return;
    };
    let opens = sub(document, catalog, b"OpenAction").map(|action| name(document, action, b"S"));
    if opens.is_some_and(|kind| kind != b"GoTo") {
        findings.add_detail(FindingCode::PdfAutoAction, "OpenAction");
    }
    if let Some(form) = sub(document, catalog, b"AcroForm") {
        if form.has(b"XFA") {
            findings.add(FindingCode::PdfXfa);
        }
        let fields =
            value(document, form, b"Fields").and_then(|fields| fields.as_array().ok()).map_or(0, Vec::len);
        findings.add_many(FindingCode::PdfForm, u32::try_from(fields).unwrap_or(u32::MAX), "");
    }
}

fn dictionary(document: &Document, dict: &Dictionary, findings: &mut Findings) {
    match name(document, dict, b"S") {
        b"JavaScript" => findings.add(FindingCode::PdfJavaScript),
        b"Launch" => findings.add_detail(FindingCode::PdfLaunch, &target(document, dict)),
        b"GoToR" | b"GoToE" if dict.has(b"F") || dict.has(b"T") => {
            findings.add_detail(FindingCode::PdfLaunch, &target(document, dict));
        }
        b"URI" => {
            let address = value(document, dict, b"URI").map(text).unwrap_or_default();
            findings.add_detail(FindingCode::PdfLink, &address);
        }
        b"SubmitForm" | b"ImportData" => findings.add_detail(FindingCode::PdfSubmit, &target(document, dict)),
        b"Rendition" | b"Movie" | b"Sound" | b"RichMediaExecute" | b"GoTo3DView" => {
            findings.add(FindingCode::PdfMedia)
        }
        _ => {}
    }
    if dict.has(b"AA") {
        findings.add_detail(FindingCode::PdfAutoAction, "AA");
    }
    if sub(document, dict, b"EF").is_some() {
        findings.add_detail(FindingCode::PdfEmbeddedFile, &target_name(document, dict));
    }
    let is_annotation = dict.has(b"Rect");
    if is_annotation
        && matches!(name(document, dict, b"Subtype"), b"RichMedia" | b"Movie" | b"Sound" | b"3D" | b"Screen")
    {
        findings.add(FindingCode::PdfMedia);
    }
    if name(document, dict, b"FT") == b"Sig" && sub(document, dict, b"V").is_some() {
        findings.add(FindingCode::PdfSignature);
    }
}

/// Where an action leads: its file specification.
fn target(document: &Document, action: &Dictionary) -> String {
    match value(document, action, b"F") {
        Some(Object::Dictionary(specification)) => target_name(document, specification),
        Some(object) => text(object),
        None => sub(document, action, b"Win").map(|win| target_name(document, win)).unwrap_or_default(),
    }
}

fn target_name(document: &Document, specification: &Dictionary) -> String {
    let found = [b"UF".as_slice(), b"F", b"Unix", b"DOS"]
        .into_iter()
        .find_map(|key| value(document, specification, key));
    found.map(text).unwrap_or_default()
}

/// A text string (ISO 32000-1 §7.9.2.2): UTF-16 or UTF-8 by its mark, else what it can be: `Shift_JIS` from Japanese
/// programs that never heard of marks, or Latin.
pub(super) fn text(object: &Object) -> String {
    let Object::String(octets, _) = object else {
        return String::new();
    };
    let (encoding, rest) = match octets.as_slice() {
        [0xFE, 0xFF, rest @ ..] => (encoding_rs::UTF_16BE, rest),
        [0xFF, 0xFE, rest @ ..] => (encoding_rs::UTF_16LE, rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => (encoding_rs::UTF_8, rest),
        rest if std::str::from_utf8(rest).is_ok() => (encoding_rs::UTF_8, rest),
        rest if encoding_rs::SHIFT_JIS
            .decode_without_bom_handling_and_without_replacement(rest)
            .is_some() =>
        {
            (encoding_rs::SHIFT_JIS, rest)
        }
        rest => (encoding_rs::WINDOWS_1252, rest),
    };
    encoding.decode_without_bom_handling(rest).0.into_owned()
}
