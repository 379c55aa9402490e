//! Drawings of Word before 2010 (VML, ISO/IEC 29500-4 §19) → `DrawingML`: pictures, text boxes, `WordArt` and shapes of
//! known forms at the place, of the size and turned as they were. VML itself never crosses.
//!
//! *Security.* Given any tree; every shape is visited once, and groups are climbed a few levels. Only numbers, colours
//! of six digits, words of closed lists and the text of `WordArt` are taken out of it.

mod form;
mod place;
mod word_art;

use crate::markup::{Name, NodeId, Tree};
use place::Place;
pub(super) use place::length;

/// English metric units in a point.
const EMU_PER_POINT: f64 = 12_700.0;
/// Longest side, in points: about what a page of Word may be.
const SIDE_MAX: f64 = 4_000.0;

/// Replaces each `w:pict` and `w:object` of a Word part by the drawings that it shows. Returns how many shapes there
/// were that nothing stands for now; those of objects are told as objects.
pub(super) fn replace(tree: &mut Tree) -> u64 {
    let holders: Vec<NodeId> = tree
        .descendants(tree.root())
        .filter(|&id| matches!(tree.name(id), ("w", "pict" | "object")))
        .collect();
    let (mut number, mut lost) = (0u32, 0u64);
    // The innermost first: text boxes hold pictures.
    for &holder in holders.iter().rev() {
        let shapes: Vec<NodeId> = tree.descendants(holder).filter(|&id| is_shape(tree, id)).collect();
        for shape in shapes {
            number = number.saturating_add(1);
            if let Some(drawing) = drawing(tree, shape, number) {
                tree.insert_before(holder, drawing);
            } else if tree.is(holder, ("w", "pict")) && is_seen(tree, shape) {
                lost = lost.saturating_add(1);
            }
        }
        tree.remove(holder);
    }
    lost
}

fn is_shape(tree: &Tree, id: NodeId) -> bool {
    let names = ["shape", "rect", "roundrect", "oval", "image", "line", "polyline", "curve", "arc"];
    let (prefix, local) = tree.name(id);
    prefix == "v" && names.contains(&local)
}

/// Whether anybody sees a shape.
fn is_seen(tree: &Tree, shape: NodeId) -> bool {
    style(tree, shape, "visibility") != Some("hidden")
        && !(is_off(tree, shape, "stroked") && is_off(tree, shape, "filled"))
}

fn is_off(tree: &Tree, shape: NodeId, name: &'static str) -> bool {
    matches!(tree.attribute(shape, ("", name)), Some("f" | "false"))
}

/// What a `style` attribute says.
pub(super) fn style<'a>(tree: &'a Tree, id: NodeId, key: &str) -> Option<&'a str> {
    let style = tree.attribute(id, ("", "style"))?;
    style
        .split(';')
        .filter_map(|entry| entry.split_once(':'))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case(key).then(|| value.trim()))
}

/// Points as English metric units.
fn emu(points: f64) -> String {
    format!("{:.0}", (points.clamp(-SIDE_MAX, SIDE_MAX) * EMU_PER_POINT).round() + 0.0)
}

/// An element with attributes, hung behind the last child of `parent`.
pub(super) fn add(
    tree: &mut Tree,
    parent: NodeId,
    name: Name,
    attributes: &[(Name, &str)],
) -> Option<NodeId> {
    let id = tree.create(name)?;
    for (name, value) in attributes {
        tree.set_attribute(id, *name, value);
    }
    tree.append(parent, id);
    Some(id)
}

/// What a shape shows.
enum Content {
    Picture(String),
    TextBox(NodeId),
    WordArt(NodeId),
    Shape,
}

fn drawing(tree: &mut Tree, shape: NodeId, number: u32) -> Option<NodeId> {
    let (place, outer) = Place::outermost(tree, shape)?;
    let image = tree.child(shape, ("v", "imagedata"));
    let picture = image.and_then(|image| tree.attribute(image, ("r", "id")).map(str::to_owned));
    let text = tree.find(shape, ("w", "txbxContent"));
    let content = match (picture, text) {
        (Some(id), _) => Content::Picture(id),
        (None, Some(text)) => Content::TextBox(text),
        (None, None) => match word_art::text_box(tree, shape, place) {
            Some(text) => Content::WordArt(text),
            None if form::of(tree, shape).is_some() && is_seen(tree, shape) => Content::Shape,
            None => return None,
        },
    };
    let drawing = tree.create(("w", "drawing"))?;
    let frame = if style(tree, outer, "position") == Some("absolute") {
        anchor(tree, drawing, outer, place)?
    } else {
        add(tree, drawing, ("wp", "inline"), &EDGES)?
    };
    if tree.is(frame, ("wp", "inline")) {
        add(
            tree,
            frame,
            ("wp", "extent"),
            &[(("", "cx"), &emu(place.width)), (("", "cy"), &emu(place.height))],
        )?;
    }
    let id = 50_000u32.saturating_add(number).to_string();
    let name = format!("Drawing {number}");
    add(tree, frame, ("wp", "docPr"), &[(("", "id"), &id), (("", "name"), &name)])?;
    add(tree, frame, ("wp", "cNvGraphicFramePr"), &[])?;
    let graphic = add(tree, frame, ("a", "graphic"), &[])?;
    match content {
        Content::Picture(relationship) => {
            let uri = "http://schemas.openxmlformats.org/drawingml/2006/picture";
            let data = add(tree, graphic, ("a", "graphicData"), &[(("", "uri"), uri)])?;
            picture_of(tree, data, &relationship, place, &id, &name)?;
        }
        Content::TextBox(_) | Content::WordArt(_) | Content::Shape => {
            let uri = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape";
            let data = add(tree, graphic, ("a", "graphicData"), &[(("", "uri"), uri)])?;
            shape_of(tree, data, shape, place, &content)?;
        }
    }
    Some(drawing)
}

const EDGES: [(Name, &str); 4] =
    [(("", "distT"), "0"), (("", "distB"), "0"), (("", "distL"), "0"), (("", "distR"), "0")];

fn anchor(tree: &mut Tree, drawing: NodeId, outer: NodeId, place: Place) -> Option<NodeId> {
    let level = style(tree, outer, "z-index").and_then(|z| z.parse::<i64>().ok()).unwrap_or(0);
    let behind = if level < 0 { "1" } else { "0" };
    let height = level.unsigned_abs().min(500_000_000).to_string();
    let mut attributes = EDGES.to_vec();
    attributes.extend([
        (("", "simplePos"), "0"),
        (("", "relativeHeight"), height.as_str()),
        (("", "behindDoc"), behind),
        (("", "locked"), "0"),
        (("", "layoutInCell"), "1"),
        (("", "allowOverlap"), "1"),
    ]);
    let across =
        position(tree, outer, "mso-position-horizontal", &["left", "center", "right", "inside", "outside"]);
    let down =
        position(tree, outer, "mso-position-vertical", &["top", "center", "bottom", "inside", "outside"]);
    let from_h = match style(tree, outer, "mso-position-horizontal-relative") {
        Some("margin") => "margin",
        Some("page") => "page",
        Some("char") => "character",
        _ => "column",
    };
    let from_v = match style(tree, outer, "mso-position-vertical-relative") {
        Some("margin") => "margin",
        Some("page") => "page",
        Some("line") => "line",
        _ => "paragraph",
    };
    let wrap = match tree.find(outer, ("w10", "wrap")).and_then(|wrap| tree.attribute(wrap, ("", "type"))) {
        Some("square" | "tight" | "through") => "wrapSquare",
        Some("topAndBottom") => "wrapTopAndBottom",
        _ => "wrapNone",
    };
    let frame = add(tree, drawing, ("wp", "anchor"), &attributes)?;
    add(tree, frame, ("wp", "simplePos"), &[(("", "x"), "0"), (("", "y"), "0")])?;
    for (name, from, aligned, offset) in
        [("positionH", from_h, across, place.left), ("positionV", from_v, down, place.top)]
    {
        let position = add(tree, frame, ("wp", name), &[(("", "relativeFrom"), from)])?;
        let (kind, value) = match aligned {
            Some(word) => ("align", word.to_owned()),
            None => ("posOffset", emu(offset)),
        };
        let value_node = add(tree, position, ("wp", kind), &[])?;
        tree.set_text(value_node, &value);
    }
    add(tree, frame, ("wp", "extent"), &[(("", "cx"), &emu(place.width)), (("", "cy"), &emu(place.height))])?;
    let sides: &[(Name, &str)] = if wrap == "wrapSquare" { &[(("", "wrapText"), "bothSides")] } else { &[] };
    add(tree, frame, ("wp", wrap), sides)?;
    Some(frame)
}

fn position(tree: &Tree, id: NodeId, key: &str, words: &[&'static str]) -> Option<&'static str> {
    let value = style(tree, id, key)?;
    words.iter().find(|word| **word == value).copied()
}

fn transform(tree: &mut Tree, parent: NodeId, place: Place) -> Option<()> {
    let frame = add(tree, parent, ("a", "xfrm"), &[])?;
    if place.turned != 0.0 {
        // Sixty thousandths of a degree (ISO/IEC 29500-1 §20.1.10.3).
        tree.set_attribute(frame, ("", "rot"), &format!("{:.0}", place.turned * 60_000.0));
    }
    for (flipped, name) in [(place.flipped.0, "flipH"), (place.flipped.1, "flipV")] {
        if flipped {
            tree.set_attribute(frame, ("", name), "1");
        }
    }
    add(tree, frame, ("a", "off"), &[(("", "x"), "0"), (("", "y"), "0")])?;
    add(tree, frame, ("a", "ext"), &[(("", "cx"), &emu(place.width)), (("", "cy"), &emu(place.height))])?;
    Some(())
}

fn geometry(tree: &mut Tree, parent: NodeId, form: &str) -> Option<()> {
    let geometry = add(tree, parent, ("a", "prstGeom"), &[(("", "prst"), form)])?;
    add(tree, geometry, ("a", "avLst"), &[]).map(|_| ())
}

fn picture_of(
    tree: &mut Tree,
    data: NodeId,
    relationship: &str,
    place: Place,
    id: &str,
    name: &str,
) -> Option<()> {
    let picture = add(tree, data, ("pic", "pic"), &[])?;
    let identity = add(tree, picture, ("pic", "nvPicPr"), &[])?;
    add(tree, identity, ("pic", "cNvPr"), &[(("", "id"), id), (("", "name"), name)])?;
    add(tree, identity, ("pic", "cNvPicPr"), &[])?;
    let fill = add(tree, picture, ("pic", "blipFill"), &[])?;
    add(tree, fill, ("a", "blip"), &[(("r", "embed"), relationship)])?;
    let stretch = add(tree, fill, ("a", "stretch"), &[])?;
    add(tree, stretch, ("a", "fillRect"), &[])?;
    let shape = add(tree, picture, ("pic", "spPr"), &[])?;
    transform(tree, shape, place)?;
    geometry(tree, shape, "rect")
}

/// A colour of six or three digits, or one of the words that Word writes.
pub(super) fn colour(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let named = match word.to_ascii_lowercase().as_str() {
        "black" => "000000",
        "white" => "FFFFFF",
        "red" => "FF0000",
        "green" => "008000",
        "blue" => "0000FF",
        "yellow" => "FFFF00",
        "gray" => "808080",
        "silver" => "C0C0C0",
        "navy" => "000080",
        "maroon" => "800000",
        _ => "",
    };
    if !named.is_empty() {
        return Some(named.to_owned());
    }
    let digits = word.strip_prefix('#').filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    match digits.len() {
        6 => Some(digits.to_ascii_uppercase()),
        3 => Some(digits.chars().flat_map(|c| [c, c]).collect::<String>().to_ascii_uppercase()),
        _ => None,
    }
}

fn shape_of(tree: &mut Tree, data: NodeId, shape: NodeId, place: Place, content: &Content) -> Option<()> {
    let get = |tree: &Tree, name| tree.attribute(shape, ("", name)).and_then(colour);
    let text = match content {
        Content::TextBox(text) | Content::WordArt(text) => Some(*text),
        Content::Picture(_) | Content::Shape => None,
    };
    let is_art = matches!(content, Content::WordArt(_));
    let form = if is_art { "rect" } else { form::of(tree, shape).unwrap_or("rect") };
    let filled = !is_art && !is_off(tree, shape, "filled") && !form::is_line(form);
    let stroked = !is_art && !is_off(tree, shape, "stroked");
    let fill = get(tree, "fillcolor").unwrap_or_else(|| "FFFFFF".to_owned());
    let stroke = get(tree, "strokecolor").unwrap_or_else(|| "000000".to_owned());
    let weight = tree.attribute(shape, ("", "strokeweight")).and_then(length).unwrap_or(0.75);

    let body = add(tree, data, ("wps", "wsp"), &[])?;
    let boxed: &[(Name, &str)] = if text.is_some() { &[(("", "txBox"), "1")] } else { &[] };
    add(tree, body, ("wps", "cNvSpPr"), boxed)?;
    let properties = add(tree, body, ("wps", "spPr"), &[])?;
    transform(tree, properties, place)?;
    geometry(tree, properties, form)?;
    if filled {
        let solid = add(tree, properties, ("a", "solidFill"), &[])?;
        add(tree, solid, ("a", "srgbClr"), &[(("", "val"), &fill)])?;
    } else {
        add(tree, properties, ("a", "noFill"), &[])?;
    }
    let line = add(tree, properties, ("a", "ln"), &[(("", "w"), &emu(weight.clamp(0.0, 100.0)))])?;
    if stroked {
        let solid = add(tree, line, ("a", "solidFill"), &[])?;
        add(tree, solid, ("a", "srgbClr"), &[(("", "val"), &stroke)])?;
        line_style(tree, shape, line)?;
    } else {
        add(tree, line, ("a", "noFill"), &[])?;
    }
    let insets = insets(tree, text);
    if let Some(text) = text {
        let holder = add(tree, body, ("wps", "txbx"), &[])?;
        if tree.parent(text).is_some() {
            tree.remove(text);
        }
        tree.append(holder, text);
    }
    let [left, top, right, bottom] = insets;
    let mut attributes: Vec<(Name, &str)> =
        vec![(("", "lIns"), &left), (("", "tIns"), &top), (("", "rIns"), &right), (("", "bIns"), &bottom)];
    if is_art {
        attributes = vec![(("", "wrap"), "none"), (("", "anchor"), "ctr"), (("", "fromWordArt"), "1")];
    }
    let behaviour = add(tree, body, ("wps", "bodyPr"), &attributes)?;
    if is_art {
        // The letters fill the box; programs that do not know this show them at their own size.
        let warp = add(tree, behaviour, ("a", "prstTxWarp"), &[(("", "prst"), "textPlain")])?;
        add(tree, warp, ("a", "avLst"), &[])?;
    }
    Some(())
}

/// How far the text of a box stays from its sides: left, top, right, bottom.
fn insets(tree: &Tree, text: Option<NodeId>) -> [String; 4] {
    let holder = text.and_then(|text| tree.parent(text));
    let insets = holder.and_then(|holder| tree.attribute(holder, ("", "inset"))).unwrap_or_default();
    let insets: Vec<Option<f64>> = insets.split(',').map(|inset| length(inset.trim())).collect();
    let inset = |at: usize, otherwise: f64| emu(insets.get(at).copied().flatten().unwrap_or(otherwise));
    [inset(0, 7.2), inset(1, 3.6), inset(2, 7.2), inset(3, 3.6)]
}

/// Dashes and ends of a line.
fn line_style(tree: &mut Tree, shape: NodeId, line: NodeId) -> Option<()> {
    const DASHES: &[(&str, &str)] = &[
        ("dash", "dash"),
        ("shortdash", "sysDash"),
        ("longdash", "lgDash"),
        ("dot", "sysDot"),
        ("shortdot", "sysDot"),
        ("1 1", "sysDot"),
        ("dashdot", "dashDot"),
        ("longdashdot", "lgDashDot"),
        ("longdashdotdot", "lgDashDotDot"),
    ];
    const ENDS: &[(&str, &str)] = &[
        ("block", "triangle"),
        ("classic", "stealth"),
        ("open", "arrow"),
        ("oval", "oval"),
        ("diamond", "diamond"),
    ];
    let Some(stroke) = tree.child(shape, ("v", "stroke")) else { return Some(()) };
    let word = |tree: &Tree, name, words: &[(&str, &'static str)]| {
        let value = tree.attribute(stroke, ("", name))?.to_ascii_lowercase();
        words.iter().find(|(known, _)| *known == value).map(|(_, word)| *word)
    };
    if let Some(dash) = word(tree, "dashstyle", DASHES) {
        add(tree, line, ("a", "prstDash"), &[(("", "val"), dash)])?;
    }
    for (name, end) in [("startarrow", "headEnd"), ("endarrow", "tailEnd")] {
        if let Some(word) = word(tree, name, ENDS) {
            add(tree, line, ("a", end), &[(("", "type"), word)])?;
        }
    }
    Some(())
}
