//! A strict reader of OpenDocument packages (OASIS OpenDocument 1.3 parts 2 and 3) as our writer writes them.
//!
//! `mimetype` first and stored, a manifest that names every file and no other, content, styles, and of the settings
//! and the metadata what says nothing about anyone; pictures that an element shows; objects that are charts written
//! by the same rules. What leads out is a link to the web or to a mailbox.
//!
//! *Security.* Given any octets, inside a locked child. Each file is read once.

use super::{
    Fault, Spending, address,
    formula::Dialect,
    markup::{self, Names},
    xml::{Attribute, Event, Reader, Tag},
    zip::Member,
};
use crate::objections::Objections;
use policy::vocabulary;
use std::collections::{BTreeMap, BTreeSet};

const MANIFEST: &str = "META-INF/manifest.xml";
const HEAD: &str = "application/vnd.oasis.opendocument.";
/// Parts of the names of settings that name printers, sources, programs or secrets.
#[rustfmt::skip]
const DENIED_SETTINGS: &[&str] = &[
    "printer", "database", "link", "template", "script", "macro", "password", "key", "embed", "url", "path", "server", "event",
];

/// What the XML of a package leads to.
#[derive(Debug, Default)]
struct Shown {
    pictures: BTreeSet<String>,
    objects: BTreeSet<String>,
}

/// Reads the whole package and says what is wrong with it.
pub(crate) fn check(octets: &[u8], media_type: &str, spending: &mut Spending, objections: &mut Objections) {
    if let Err((rule, detail)) = package(octets, media_type, spending, objections) {
        objections.add(rule, detail);
    }
}

fn package(
    octets: &[u8],
    media_type: &str,
    spending: &mut Spending,
    objections: &mut Objections,
) -> Result<(), Fault> {
    let members = spending.open(octets)?;
    let first = members.first().filter(|first| first.name == "mimetype" && first.is_stored);
    let first = first.ok_or(("open.mimetype", "not the first file, or not stored"))?;
    if *first.octets()? != *media_type.as_bytes() {
        return Err(("open.mimetype", "of another type"));
    }
    let find = |name: &str| members.iter().find(|member| member.name == name);
    let manifest = find(MANIFEST).ok_or(("open.manifest", "missing"))?;
    let mut listed = manifest_entries(&manifest.octets()?, &mut spending.nodes)?;
    if listed.remove("/").as_deref() != Some(media_type) {
        return Err(("open.manifest", "of another type"));
    }
    if find("content.xml").is_none() || find("styles.xml").is_none() {
        return Err(("open.file", "content or styles are missing"));
    }
    let body = media_type.strip_prefix(HEAD).unwrap_or_default();
    let mut shown = Shown::default();
    for member in &members {
        if matches!(member.name, "mimetype" | MANIFEST) {
            continue;
        }
        let listed_type = listed.remove(member.name);
        let Some(listed_type) = listed_type else {
            objections.add("open.manifest", "a file that it does not name");
            continue;
        };
        if let Err((rule, detail)) = file(member, &listed_type, body, &mut shown, spending, objections) {
            objections.add(rule, format!("{detail}, in {}", kind_of(member.name)));
        }
    }
    finish(&members, &mut listed, &shown, objections);
    Ok(())
}

/// What a file is, in words of ours.
fn kind_of(name: &str) -> &'static str {
    ["content.xml", "styles.xml", "meta.xml", "settings.xml"]
        .into_iter()
        .find(|known| name.ends_with(known))
        .unwrap_or("another file")
}

/// Nothing is left over, and nothing is missing.
fn finish(
    members: &[Member<'_>],
    listed: &mut BTreeMap<String, String>,
    shown: &Shown,
    objections: &mut Objections,
) {
    let names: BTreeSet<&str> = members.iter().map(|member| member.name).collect();
    for object in &shown.objects {
        let is_whole = names.contains(format!("{object}/content.xml").as_str())
            && listed.remove(&format!("{object}/")).is_some_and(|kind| kind == format!("{HEAD}chart"));
        objections.require(is_whole, "open.object", "shown and not there, or of another type");
    }
    objections.require(listed.is_empty(), "open.manifest", "names what is not there");
    for picture in &shown.pictures {
        objections.require(names.contains(picture.as_str()), "open.picture", "shown and not there");
    }
    for name in names {
        let is_shown = match name.split_once('/') {
            None | Some(("META-INF", _)) => true,
            Some(("Pictures", _)) => shown.pictures.contains(name),
            Some((object, _)) => shown.objects.contains(object),
        };
        objections.require(is_shown, "open.left_over", "nothing shows it");
    }
}

/// Path and type of each entry of the manifest.
fn manifest_entries(octets: &[u8], nodes: &mut u64) -> Result<BTreeMap<String, String>, Fault> {
    const RULE: &str = "open.manifest";
    let mut entries = BTreeMap::new();
    let mut reader = Reader::new(octets, *nodes)?;
    let mut names = None;
    let mut depth = 0usize;
    loop {
        let root = match reader.next()? {
            None => break,
            Some(Event::End) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Some(Event::Text(text)) if text.trim_ascii().is_empty() => continue,
            Some(Event::Text(_)) => return Err((RULE, "text")),
            Some(Event::Start(_)) => depth == 0,
        };
        if root {
            names = Some(Names::of_root(&reader, vocabulary::opendocument())?);
        }
        let tag = reader.tag();
        if let Some(names) = &names {
            names.check(tag, &|_| false)?;
        }
        match (depth, tag.prefix, tag.local) {
            (0, "manifest", "manifest") => {}
            (1, "manifest", "file-entry") => {
                let value =
                    |local: &str| Some(tag.attributes.iter().find(|a| a.local == local)?.value.to_string());
                let path =
                    value("full-path").filter(|path| !path.is_empty()).ok_or((RULE, "without a path"))?;
                let media_type = value("media-type").ok_or((RULE, "without a type"))?;
                if entries.insert(path, media_type).is_some() {
                    return Err((RULE, "a file twice"));
                }
            }
            _ => return Err((RULE, "an entry of another kind")),
        }
        depth = depth.saturating_add(1);
    }
    *nodes = reader.nodes_left;
    Ok(entries)
}

fn file(
    member: &Member<'_>,
    listed_type: &str,
    body: &str,
    shown: &mut Shown,
    spending: &mut Spending,
    objections: &mut Objections,
) -> Result<(), Fault> {
    if let Some(picture) = member.name.strip_prefix("Pictures/") {
        let (stem, extension) = picture.rsplit_once('.').unwrap_or((picture, ""));
        let agrees =
            matches!((extension, listed_type), ("png", "image/png") | ("jpeg" | "jpg", "image/jpeg"));
        if !agrees || stem.is_empty() || !stem.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(("open.picture", "a name that is not of its type"));
        }
        spending.picture(&member.octets()?, listed_type, objections);
        return Ok(());
    }
    let (object, name) =
        member.name.rsplit_once('/').map_or((None, member.name), |(object, name)| (Some(object), name));
    if object.is_some_and(|object| !is_object(object)) {
        return Err(("open.file", "in a folder that is not on the list"));
    }
    let root = match (name, object) {
        ("content.xml", _) => "document-content",
        ("styles.xml", _) => "document-styles",
        ("meta.xml", None) => "document-meta",
        ("settings.xml", None) => "document-settings",
        _ => return Err(("open.file", "not on the list")),
    };
    if listed_type != "text/xml" {
        return Err(("open.manifest", "of another type than the file"));
    }
    // A drawing is of type `graphics` and has the body `drawing`.
    let body = match (object, body) {
        (Some(_), _) => "chart",
        (None, "graphics") => "drawing",
        (None, body) => body,
    };
    let octets = member.octets()?;
    let mut tell = |(rule, detail): Fault, place: &str| {
        objections.add(rule, format!("{detail}, at {place} in {}", kind_of(member.name)));
    };
    markup(&octets, root, body, shown, &mut spending.nodes, &mut tell)
}

/// `Object 1`, `Object 2` …
fn is_object(folder: &str) -> bool {
    let number = folder.strip_prefix("Object ").unwrap_or_default();
    (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
}

/// Reads the XML of one file to its end.
fn markup(
    octets: &[u8],
    root: &str,
    body: &str,
    shown: &mut Shown,
    nodes: &mut u64,
    tell: &mut dyn FnMut(Fault, &str),
) -> Result<(), Fault> {
    let mut reader = Reader::new(octets, *nodes)?;
    if !matches!(reader.next()?, Some(Event::Start(_))) {
        return Err(("xml.form", "no root element"));
    }
    let names = Names::of_root(&reader, vocabulary::opendocument())?;
    let tag = reader.tag().clone();
    if (tag.prefix, tag.local) != ("office", root) {
        return Err(("open.root", "of another kind of file"));
    }
    start(&names, &tag, shown, tell);
    // How deep inside of `office:body` this is; 0 outside.
    let mut body_depth = 0usize;
    while let Some(event) = reader.next()? {
        match event {
            Event::Start(tag) => {
                start(&names, tag, shown, tell);
                if body_depth == 1 && (tag.prefix, tag.local) != ("office", body) {
                    tell(("open.body", "of another type of document"), "office:body");
                }
                if body_depth > 0 || (tag.prefix, tag.local) == ("office", "body") {
                    body_depth = body_depth.saturating_add(1);
                }
            }
            Event::Text(_) => {}
            Event::End => body_depth = body_depth.saturating_sub(1),
        }
    }
    *nodes = reader.nodes_left;
    Ok(())
}

fn start(names: &Names, tag: &Tag<'_>, shown: &mut Shown, tell: &mut dyn FnMut(Fault, &str)) {
    let place = || format!("{}:{}", tag.prefix, tag.local);
    let is_link = |attribute: &Attribute<'_>| (attribute.prefix, attribute.local) == ("xlink", "href");
    // What a link may be is judged below; whether there may be one, by the vocabulary.
    if let Err(fault) = names.check(tag, &|attribute| is_link(attribute) && may_link(tag)) {
        tell(fault, &place());
    }
    for attribute in &tag.attributes {
        let checked =
            if is_link(attribute) { link(tag, &attribute.value, shown) } else { value(tag, attribute) };
        if let Err(fault) = checked {
            tell(fault, &place());
        }
    }
}

fn may_link(tag: &Tag<'_>) -> bool {
    matches!(
        (tag.prefix, tag.local),
        ("text" | "draw", "a")
            | ("draw", "area-circle" | "area-polygon" | "area-rectangle" | "image" | "fill-image" | "object")
            | ("style", "background-image")
            | ("text", "list-level-style-image")
            | ("chart", "symbol-image" | "chart")
    )
}

/// Where an element leads.
fn link(tag: &Tag<'_>, href: &str, shown: &mut Shown) -> Result<(), Fault> {
    const RULE: &str = "open.link";
    match (tag.prefix, tag.local) {
        ("text" | "draw", "a") | ("draw", "area-circle" | "area-polygon" | "area-rectangle") => {
            let sound = match href.strip_prefix('#') {
                Some(place) => is_place(place),
                None => address::is_outside(href),
            };
            if sound { Ok(()) } else { Err((RULE, "to a place that is not on the list")) }
        }
        ("draw", "image" | "fill-image")
        | ("style", "background-image")
        | ("text", "list-level-style-image")
        | ("chart", "symbol-image") => {
            if !href.starts_with("Pictures/") {
                return Err((RULE, "a picture outside of the package"));
            }
            shown.pictures.insert(href.to_owned());
            Ok(())
        }
        ("draw", "object") => {
            let object = href.strip_prefix("./").unwrap_or(href);
            if !is_object(object) {
                return Err((RULE, "an object outside of the package"));
            }
            shown.objects.insert(object.to_owned());
            Ok(())
        }
        // A chart's data are in the document that shows it.
        ("chart", "chart") if matches!(href, "." | "..") => Ok(()),
        _ => Err((RULE, "where none may be")),
    }
}

/// A place in the document: `Sheet1.A1`, `1.見出し|outline`.
fn is_place(place: &str) -> bool {
    let is_odd = |c: char| c.is_control() || matches!(c, '\\' | '<' | '>' | '"');
    !place.contains(is_odd) && !place.contains("//") && !address::is_active(place)
}

/// Attributes that hold a formula, a reference, or the name of a setting.
fn value(tag: &Tag<'_>, attribute: &Attribute<'_>) -> Result<(), Fault> {
    let (local, value) = (attribute.local, &*attribute.value);
    let is_reference = ["address", "addresses", "range", "ranges"].iter().any(|end| local.ends_with(end));
    let is_formula = matches!(local, "formula" | "condition" | "expression") && attribute.prefix != "draw";
    if (is_formula || is_reference)
        && !matches!(attribute.prefix, "svg" | "style" | "dr3d") | (local == "condition")
    {
        // Writer's own formulas part their arguments so.
        let is_writer = value.starts_with("ooow:");
        let written = if is_writer { value.replace('|', ";") } else { value.to_owned() };
        markup::formula(&written, Dialect::Open)?;
    }
    if (tag.prefix, attribute.prefix, local) == ("calcext", "calcext", "value") {
        markup::formula(value, Dialect::Open)?;
    }
    if (tag.prefix, tag.local) == ("config", "config-item") {
        let is_named = |names: &[&str]| names.contains(&value);
        let sound = match (attribute.prefix, local) {
            ("config", "name") => {
                is_named(&["UseOldPrinterMetrics"])
                    || !DENIED_SETTINGS.iter().any(|word| markup::contains(value, word))
            }
            ("config", "type") => {
                is_named(&["boolean", "short", "int", "long", "double"]) || is_text_setting(tag)
            }
            _ => true,
        };
        if !sound {
            return Err(("open.setting", "of printers, sources, programs or secrets"));
        }
    }
    Ok(())
}

/// Settings whose value is a text: the name of a sheet, or of a view.
fn is_text_setting(tag: &Tag<'_>) -> bool {
    let value = |local: &str| tag.attributes.iter().find(|a| a.local == local).map(|a| &*a.value);
    value("type") == Some("string") && matches!(value("name"), Some("ActiveTable" | "ViewId"))
}
