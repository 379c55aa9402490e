//! Fields and annotations without an appearance → forms that show them, in the plain way that readers do.
//!
//! Form software often leaves this to the reader (`NeedAppearances`): without it the entered values would be lost
//! (ISO 32000-1 §12.5.5, §12.7.3.3). What we cannot show is reported as an incomplete page.

use super::inspect::{name, sub, text, value};
use super::sketch::{Sketch, Style};
use lopdf::{Dictionary, Document, Object, ObjectId};
use policy::{Budget, Exhausted, FindingCode, Findings};

const HIDDEN_OR_NO_VIEW: i64 = 1 << 1 | 1 << 5;
/// Field flags (ISO 32000-1 §12.7.4, bit positions less one).
const MULTILINE: i64 = 1 << 12;
const PASSWORD: i64 = 1 << 13;
const COMB: i64 = 1 << 24;
const PUSH_BUTTON: i64 = 1 << 16;
const COMBO: i64 = 1 << 17;

/// Builds what is missing; true if anything was built.
pub(super) fn build(
    document: &mut Document,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<bool, Exhausted> {
    let form = document.catalog().ok().and_then(|catalog| sub(document, catalog, b"AcroForm")).cloned();
    let form = form.unwrap_or_default();
    let needs_all =
        value(document, &form, b"NeedAppearances").is_some_and(|flag| flag.as_bool().unwrap_or(false));
    let mut built: Vec<(ObjectId, Sketch)> = Vec::new();
    let pages: Vec<ObjectId> = document.page_iter().collect();
    number_annotations(document, &pages, budget)?;
    for (number, page) in (1_usize..).zip(pages) {
        let Ok(page) = document.get_dictionary(page) else { continue };
        let Some(annotations) = value(document, page, b"Annots").and_then(|list| list.as_array().ok()) else {
            continue;
        };
        for annotation in annotations {
            budget.spend_nodes(1)?;
            let Ok((id, Object::Dictionary(dict))) = document.dereference(annotation) else { continue };
            let flags = integer(document, dict, b"F").unwrap_or(0);
            if flags & HIDDEN_OR_NO_VIEW != 0 {
                continue;
            }
            match (sketch(document, dict, &form, needs_all), id) {
                (Shown::Built(sketch), Some(id)) => {
                    let kind = String::from_utf8_lossy(name(document, dict, b"Subtype")).into_owned();
                    findings.add_detail(FindingCode::AppearanceBuilt, &kind);
                    built.push((id, sketch));
                }
                (Shown::AsItIs, _) => {}
                (Shown::Not | Shown::Built(_), _) => {
                    findings.add_detail(FindingCode::PageIncomplete, &format!("page {number}"));
                }
            }
        }
    }
    let is_changed = !built.is_empty();
    for (id, sketch) in built {
        let area = sketch.area().map(Object::Real);
        let stream = document.add_object(sketch.into_form());
        if let Ok(annotation) = document.get_dictionary_mut(id) {
            let mut appearance = Dictionary::new();
            appearance.set("N", Object::Reference(stream));
            annotation.set("AP", appearance);
            annotation.set("Rect", area.to_vec());
        }
    }
    Ok(is_changed)
}

/// Annotations that stand directly in the list of their page become objects of their own, so that they can be given an
/// appearance.
fn number_annotations(
    document: &mut Document,
    pages: &[ObjectId],
    budget: &mut Budget,
) -> Result<(), Exhausted> {
    for &page in pages {
        let Ok(dict) = document.get_dictionary(page) else { continue };
        let list = value(document, dict, b"Annots").and_then(|list| list.as_array().ok());
        let Some(list) = list.filter(|list| list.iter().any(|item| item.as_dict().is_ok())) else { continue };
        let mut list = list.clone();
        for item in &mut list {
            budget.spend_nodes(1)?;
            if item.as_dict().is_ok() {
                *item = Object::Reference(document.add_object(item.clone()));
            }
        }
        if let Ok(dict) = document.get_dictionary_mut(page) {
            dict.set("Annots", list);
        }
    }
    Ok(())
}

/// What becomes of an annotation.
enum Shown {
    /// It has an appearance, or nothing to show.
    AsItIs,
    Built(Sketch),
    /// It should show something, and does not.
    Not,
}

fn sketch(document: &Document, dict: &Dictionary, form: &Dictionary, needs_all: bool) -> Shown {
    let has_appearance =
        sub(document, dict, b"AP").is_some_and(|states| value(document, states, b"N").is_some());
    let kind = name(document, dict, b"Subtype");
    let Some(rect) = numbers(document, dict, b"Rect") else { return Shown::AsItIs };
    let [x0, y0, x1, y1] = rect.as_slice() else { return Shown::AsItIs };
    let area = [x0.min(*x1), y0.min(*y1), x0.max(*x1), y0.max(*y1)];
    let sketch = Sketch::new(area);
    if kind == b"Widget" {
        let is_text =
            matches!(inherited(document, dict, b"FT").and_then(|ft| ft.as_name().ok()), Some(b"Tx" | b"Ch"));
        if has_appearance && !(needs_all && is_text) {
            return Shown::AsItIs;
        }
        return widget(document, dict, form, sketch);
    }
    if has_appearance {
        return Shown::AsItIs;
    }
    markup(document, dict, kind, sketch)
}

fn widget(document: &Document, dict: &Dictionary, form: &Dictionary, mut sketch: Sketch) -> Shown {
    let look = sub(document, dict, b"MK");
    let width = border_width(document, dict).unwrap_or(1.0);
    if let Some(fill) = look.and_then(|look| numbers(document, look, b"BG")) {
        sketch.fill_area(&fill);
    }
    if let Some(line) = look.and_then(|look| numbers(document, look, b"BC")) {
        sketch.stroke_area(&line, width);
    }
    let flags = inherited(document, dict, b"Ff").and_then(|flags| flags.as_i64().ok()).unwrap_or(0);
    let style = style(document, dict, form);
    match inherited(document, dict, b"FT").and_then(|kind| kind.as_name().ok()) {
        Some(b"Tx") => {
            let shown = inherited(document, dict, b"V").map(field_text).unwrap_or_default();
            let shown = if flags & PASSWORD != 0 { "*".repeat(shown.chars().count()) } else { shown };
            let cells = inherited(document, dict, b"MaxLen").and_then(|cells| cells.as_i64().ok());
            match cells {
                Some(cells @ 1..=200) if flags & COMB != 0 => sketch.comb(&shown, cells, &style),
                _ if flags & MULTILINE != 0 => sketch.lines(&shown, &style),
                _ => sketch.line(&shown, &style),
            }
        }
        Some(b"Ch") if flags & COMBO != 0 => {
            let value = inherited(document, dict, b"V").map(field_text).unwrap_or_default();
            sketch.line(&option_text(document, dict, &value), &style);
        }
        Some(b"Ch") => list_box(document, dict, &mut sketch, &style),
        Some(b"Btn") if flags & PUSH_BUTTON != 0 => {
            let caption = look.and_then(|look| value(document, look, b"CA")).map(text).unwrap_or_default();
            sketch.line(&caption, &style.centred());
        }
        Some(b"Btn") => {
            let state = name(document, dict, b"AS");
            let chosen = inherited(document, dict, b"V").and_then(|value| value.as_name().ok());
            let is_on =
                if state.is_empty() { chosen.is_some_and(|name| name != b"Off") } else { state != b"Off" };
            if is_on {
                sketch.check();
            }
        }
        _ => {}
    }
    if sketch.is_empty() { Shown::AsItIs } else { Shown::Built(sketch) }
}

fn list_box(document: &Document, dict: &Dictionary, sketch: &mut Sketch, style: &Style) {
    let chosen: Vec<String> = match inherited(document, dict, b"V") {
        Some(Object::Array(values)) => values.iter().map(text).collect(),
        Some(value) => vec![text(value)],
        None => Vec::new(),
    };
    let marked = inherited(document, dict, b"I").and_then(|indices| indices.as_array().ok());
    let marked: Vec<i64> = marked.into_iter().flatten().filter_map(|index| index.as_i64().ok()).collect();
    let first = inherited(document, dict, b"TI").and_then(|top| top.as_i64().ok()).unwrap_or(0);
    let mut lines = Vec::new();
    if let Some(Object::Array(options)) = inherited(document, dict, b"Opt") {
        for (index, option) in (0_i64..).zip(options).skip_while(|(index, _)| *index < first).take(200) {
            let (export, shown) = option_pair(option);
            let is_chosen = marked.contains(&index) || chosen.contains(&export) || chosen.contains(&shown);
            lines.push(format!("{}{shown}", if is_chosen { "» " } else { "" }));
        }
    }
    sketch.lines(&lines.join("\n"), style);
}

fn option_pair(option: &Object) -> (String, String) {
    match option.as_array() {
        Ok(pair) => (pair.first().map(text).unwrap_or_default(), pair.get(1).map(text).unwrap_or_default()),
        Err(_) => (text(option), text(option)),
    }
}

/// What is shown for an exported value.
fn option_text(document: &Document, dict: &Dictionary, export: &str) -> String {
    if let Some(Object::Array(options)) = inherited(document, dict, b"Opt") {
        let found = options.iter().take(1000).map(option_pair).find(|(value, _)| value == export);
        if let Some((_, shown)) = found {
            return shown;
        }
    }
    export.to_owned()
}

fn markup(document: &Document, dict: &Dictionary, kind: &[u8], mut sketch: Sketch) -> Shown {
    let colour = numbers(document, dict, b"C").filter(|colour| !colour.is_empty());
    let line = colour.clone().unwrap_or_else(|| vec![0.0]);
    let width = border_width(document, dict).unwrap_or(1.0);
    let quads = numbers(document, dict, b"QuadPoints").unwrap_or_default();
    // Readers go by the points, also where the rectangle leaves them out.
    sketch.reach(&quads);
    let inner = numbers(document, dict, b"IC").filter(|colour| !colour.is_empty());
    sketch.opacity(value(document, dict, b"CA").and_then(|alpha| alpha.as_float().ok()));
    match kind {
        b"Highlight" => {
            let colour = colour.unwrap_or_else(|| vec![1.0, 1.0, 0.0]);
            quads.chunks_exact(8).take(2000).for_each(|quad| sketch.highlight(quad, &colour));
        }
        b"Underline" | b"Squiggly" => {
            quads.chunks_exact(8).take(2000).for_each(|quad| sketch.rule(quad, &line, 0.1))
        }
        b"StrikeOut" => quads.chunks_exact(8).take(2000).for_each(|quad| sketch.rule(quad, &line, 0.45)),
        b"Square" => {
            inner.iter().for_each(|fill| sketch.fill_area(fill));
            sketch.stroke_area(&line, width);
        }
        b"Circle" => sketch.ellipse(inner.as_deref(), &line, width),
        b"Line" => {
            let points = numbers(document, dict, b"L").unwrap_or_default();
            sketch.reach(&points);
            sketch.path(&points, None, &line, width, false);
        }
        b"PolyLine" | b"Polygon" => {
            let points = numbers(document, dict, b"Vertices").unwrap_or_default();
            sketch.reach(&points);
            sketch.path(&points, inner.as_deref(), &line, width, kind == b"Polygon");
        }
        b"Ink" => {
            let strokes = value(document, dict, b"InkList").and_then(|strokes| strokes.as_array().ok());
            for stroke in strokes.into_iter().flatten().take(2000) {
                let stroke = document.dereference(stroke).ok().and_then(|(_, stroke)| stroke.as_array().ok());
                let points = stroke.map(|points| floats(document, points)).unwrap_or_default();
                sketch.reach(&points);
                sketch.path(&points, None, &line, width, false);
            }
        }
        b"FreeText" => {
            colour.iter().for_each(|fill| sketch.fill_area(fill));
            let contents = value(document, dict, b"Contents").map(text).unwrap_or_default();
            sketch.lines(&contents, &style(document, dict, &Dictionary::new()));
        }
        b"Link" if colour.is_some() && border_width(document, dict).is_some_and(|width| width > 0.0) => {
            sketch.stroke_area(&line, width);
        }
        b"Link" | b"Popup" | b"PrinterMark" | b"TrapNet" | b"" => return Shown::AsItIs,
        _ => return Shown::Not,
    }
    if sketch.is_empty() { Shown::Not } else { Shown::Built(sketch) }
}

fn field_text(value: &Object) -> String {
    if let Ok(values) = value.as_array() {
        values.iter().map(text).collect::<Vec<_>>().join("\n")
    } else if let Ok(name) = value.as_name() {
        String::from_utf8_lossy(name).into_owned()
    } else if let Ok(stream) = value.as_stream() {
        let plain = stream.get_plain_content_with_limit(1_000_000).unwrap_or_default();
        text(&Object::string_literal(plain))
    } else {
        text(value)
    }
}

/// A value of a field, its own or of the fields above it.
fn inherited<'a>(document: &'a Document, dict: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut field = dict;
    for _ in 0..16 {
        if let Some(found) = value(document, field, key) {
            return Some(found);
        }
        field = sub(document, field, b"Parent")?;
    }
    None
}

fn style(document: &Document, dict: &Dictionary, form: &Dictionary) -> Style {
    let appearance = inherited(document, dict, b"DA").or_else(|| value(document, form, b"DA"));
    let align = inherited(document, dict, b"Q").or_else(|| value(document, form, b"Q"));
    let appearance = appearance.and_then(|text| text.as_str().ok()).unwrap_or_default();
    Style::read(
        &String::from_utf8_lossy(appearance),
        align.and_then(|align| align.as_i64().ok()).unwrap_or(0),
    )
}

fn border_width(document: &Document, dict: &Dictionary) -> Option<f32> {
    let style = sub(document, dict, b"BS").and_then(|style| value(document, style, b"W"));
    let width = style.and_then(|width| width.as_float().ok());
    width.or_else(|| numbers(document, dict, b"Border")?.get(2).copied()).map(|width| width.clamp(0.0, 50.0))
}

fn integer(document: &Document, dict: &Dictionary, key: &[u8]) -> Option<i64> {
    value(document, dict, key)?.as_i64().ok()
}

fn numbers(document: &Document, dict: &Dictionary, key: &[u8]) -> Option<Vec<f32>> {
    Some(floats(document, value(document, dict, key)?.as_array().ok()?))
}

fn floats(document: &Document, items: &[Object]) -> Vec<f32> {
    let number =
        |item| document.dereference(item).ok()?.1.as_float().ok().filter(|number| number.is_finite());
    items.iter().take(100_000).filter_map(number).collect()
}
