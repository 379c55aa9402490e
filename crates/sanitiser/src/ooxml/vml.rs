//! Drawings of Word before 2010 (VML, ISO/IEC 29500-4 §19) → `DrawingML`: pictures, text boxes and plain shapes at the
//! place and of the size that they had. VML itself never crosses.
//!
//! *Security.* Given any tree; every shape is visited once, and groups are climbed at most [`GROUPS_MAX`] deep. Only
//! numbers, colours of six digits and words of closed lists are taken out of it.

use crate::markup::{Name, NodeId, Tree};

/// Deepest group.
const GROUPS_MAX: usize = 8;
/// English metric units in a point.
const EMU_PER_POINT: f64 = 12_700.0;
/// Longest side, in points: about what a page of Word may be.
const SIDE_MAX: f64 = 4_000.0;

/// Replaces each `w:pict` and `w:object` of a Word part by the drawings that it shows.
pub(super) fn replace(tree: &mut Tree) {
    let holders: Vec<NodeId> = tree
        .descendants(tree.root())
        .filter(|&id| matches!(tree.name(id), ("w", "pict" | "object")))
        .collect();
    let mut number = 0u32;
    // The innermost first: text boxes hold pictures.
    for &holder in holders.iter().rev() {
        let shapes: Vec<NodeId> = tree.descendants(holder).filter(|&id| is_shape(tree, id)).collect();
        for shape in shapes {
            number = number.saturating_add(1);
            if let Some(drawing) = drawing(tree, shape, number) {
                tree.insert_before(holder, drawing);
            }
        }
        tree.remove(holder);
    }
}

fn is_shape(tree: &Tree, id: NodeId) -> bool {
    matches!(tree.name(id), ("v", "shape" | "rect" | "roundrect" | "oval" | "image" | "line"))
}

/// What a `style` attribute says.
pub(super) fn style<'a>(tree: &'a Tree, id: NodeId, key: &str) -> Option<&'a str> {
    let style = tree.attribute(id, ("", "style"))?;
    style
        .split(';')
        .filter_map(|entry| entry.split_once(':'))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case(key).then(|| value.trim()))
}

/// A length in points; a bare number is one in the unit of the group.
fn length(text: &str) -> Option<f64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let number: f64 = number.trim().parse().ok()?;
    let points = match unit.trim() {
        "pt" | "" => number,
        "in" => number * 72.0,
        "cm" => number * 72.0 / 2.54,
        "mm" => number * 72.0 / 25.4,
        "px" => number * 0.75,
        "pc" => number * 12.0,
        "emu" => number / EMU_PER_POINT,
        _ => return None,
    };
    points.is_finite().then_some(points)
}

/// Place and size in points, relative to where the drawing is anchored.
#[derive(Clone, Copy)]
struct Place {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Place {
    fn of(tree: &Tree, id: NodeId) -> Option<Self> {
        let get = |key| style(tree, id, key).and_then(length);
        if let ("v", "line") = tree.name(id) {
            let point = |name| {
                let (x, y) = tree.attribute(id, ("", name))?.split_once(',')?;
                Some((length(x.trim())?, length(y.trim())?))
            };
            let ((x1, y1), (x2, y2)) = (point("from")?, point("to")?);
            let (width, height) = ((x2 - x1).abs(), (y2 - y1).abs());
            return Some(Self { left: x1.min(x2), top: y1.min(y2), width, height });
        }
        Some(Self {
            left: get("margin-left").or_else(|| get("left")).unwrap_or(0.0),
            top: get("margin-top").or_else(|| get("top")).unwrap_or(0.0),
            width: get("width")?,
            height: get("height")?,
        })
    }

    /// Through the groups around a shape; the outermost one says where all stands.
    fn outermost(tree: &Tree, shape: NodeId) -> Option<(Self, NodeId)> {
        let mut place = Self::of(tree, shape)?;
        let (mut at, mut outer) = (shape, shape);
        for _ in 0..GROUPS_MAX {
            let Some(parent) = tree.parent(at) else { break };
            if !tree.is(parent, ("v", "group")) {
                break;
            }
            let frame = Self::of(tree, parent)?;
            let pair = |name| {
                let (x, y) = tree.attribute(parent, ("", name))?.split_once(',')?;
                Some((x.trim().parse::<f64>().ok()?, y.trim().parse::<f64>().ok()?))
            };
            let (width, height) = pair("coordsize").unwrap_or((1_000.0, 1_000.0));
            let (x, y) = pair("coordorigin").unwrap_or((0.0, 0.0));
            if width <= 0.0 || height <= 0.0 {
                return None;
            }
            let (across, down) = (frame.width / width, frame.height / height);
            place = Self {
                left: frame.left + (place.left - x) * across,
                top: frame.top + (place.top - y) * down,
                width: place.width * across,
                height: place.height * down,
            };
            (at, outer) = (parent, parent);
        }
        Some((place, outer))
    }
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
        (None, None) if is_plain(tree, shape) => Content::Shape,
        (None, None) => return None,
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
        Content::TextBox(_) | Content::Shape => {
            let uri = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape";
            let data = add(tree, graphic, ("a", "graphicData"), &[(("", "uri"), uri)])?;
            let text = if let Content::TextBox(text) = content { Some(text) } else { None };
            shape_of(tree, data, shape, place, text)?;
        }
    }
    Some(drawing)
}

const EDGES: [(Name, &str); 4] =
    [(("", "distT"), "0"), (("", "distB"), "0"), (("", "distL"), "0"), (("", "distR"), "0")];

/// A shape without text: shown only where it has a form of its own and a line or a fill.
fn is_plain(tree: &Tree, shape: NodeId) -> bool {
    let off = |name| matches!(tree.attribute(shape, ("", name)), Some("f" | "false"));
    let has_form = !tree.is(shape, ("v", "shape")) && !tree.is(shape, ("v", "image"));
    has_form && !(off("stroked") && off("filled"))
}

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

fn shape_of(tree: &mut Tree, data: NodeId, shape: NodeId, place: Place, text: Option<NodeId>) -> Option<()> {
    let off = |tree: &Tree, name| matches!(tree.attribute(shape, ("", name)), Some("f" | "false"));
    let get = |tree: &Tree, name| tree.attribute(shape, ("", name)).and_then(colour);
    let is_line = tree.is(shape, ("v", "line"));
    let (filled, stroked) = (!off(tree, "filled") && !is_line, !off(tree, "stroked"));
    let fill = get(tree, "fillcolor").unwrap_or_else(|| "FFFFFF".to_owned());
    let stroke = get(tree, "strokecolor").unwrap_or_else(|| "000000".to_owned());
    let weight = tree.attribute(shape, ("", "strokeweight")).and_then(length).unwrap_or(0.75);
    let form = match tree.name(shape).1 {
        "oval" => "ellipse",
        "roundrect" => "roundRect",
        "line" => "line",
        _ => "rect",
    };
    let insets =
        text.and_then(|text| tree.parent(text)).and_then(|holder| tree.attribute(holder, ("", "inset")));
    let insets: Vec<Option<f64>> =
        insets.unwrap_or_default().split(',').map(|inset| length(inset.trim())).collect();
    let inset = |at: usize, otherwise: f64| emu(insets.get(at).copied().flatten().unwrap_or(otherwise));
    let insets = [inset(0, 7.2), inset(1, 3.6), inset(2, 7.2), inset(3, 3.6)];

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
    } else {
        add(tree, line, ("a", "noFill"), &[])?;
    }
    if let Some(text) = text {
        let holder = add(tree, body, ("wps", "txbx"), &[])?;
        tree.remove(text);
        tree.append(holder, text);
    }
    let [left, top, right, bottom] = insets;
    let insets: [(Name, &str); 4] =
        [(("", "lIns"), &left), (("", "tIns"), &top), (("", "rIns"), &right), (("", "bIns"), &bottom)];
    add(tree, body, ("wps", "bodyPr"), &insets).map(|_| ())
}
