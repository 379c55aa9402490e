//! Objects and controls of a sheet → the pictures that they showed, in the drawing of the sheet.
//!
//! What an object or an `ActiveX` control shows stands in an old drawing only (VML, ISO/IEC 29500-4 §19.1 and
//! §19.4): a shape with a picture, and the cells that it covers (`x:Anchor`, in columns, rows and pixels). Programs
//! since 2010 write an empty hidden shape beside it, which the picture takes the place of.
//!
//! *Security.* Given any tree. Only numbers within the limits of a sheet, colours of six digits and the names of
//! relationships are taken out of it; at most [`OBJECTS_MAX`] pictures a sheet.

use super::{
    margins, preview,
    vml::{self, add},
};
use crate::markup::{Name, NodeId, Tree};
use std::collections::BTreeMap;

/// Most pictures of one sheet.
const OBJECTS_MAX: usize = 1_000;
/// English metric units in a pixel of the old drawings (96 to the inch).
const EMU_PER_PIXEL: u32 = 9_525;
/// Most pixels behind the edge of a cell: more than the widest column and the highest row have.
const OFFSET_MAX: u32 = 4_000;
/// The last column and the last row, from 0.
const LAST: (u32, u32) = (16_383, 1_048_575);

/// What an old drawing of a sheet shows.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) objects: Vec<Object>,
    /// Pictures of headers and footers.
    pub(super) margins: Vec<margins::Picture>,
    /// Pictures that have no place among the cells or are too many.
    pub(super) lost_pictures: usize,
    /// Controls that have no picture, by the word of the format for their kind.
    pub(super) controls: Vec<String>,
}

/// An object that has a picture.
#[derive(Debug)]
pub(super) struct Object {
    /// The names of the shape.
    names: Vec<String>,
    /// The name of the relationship that leads to the picture.
    pub(super) picture: String,
    /// Column, pixels, row, pixels of the upper left and of the lower right corner.
    corners: [[u32; 4]; 2],
    fill: Option<String>,
    line: Option<String>,
}

/// Whether the octets of an old drawing speak of anything but comments: those of many cells are long, and nothing is
/// taken out of them.
pub(super) fn shows_more_than_notes(octets: &[u8]) -> bool {
    const MARK: &[u8] = b"ObjectType=";
    let mut places = octets.windows(MARK.len()).enumerate().filter(|&(_, window)| window == MARK);
    let is_other = |place: usize| {
        let value = octets.get(place.saturating_add(MARK.len())..).unwrap_or_default();
        !value.get(1..).unwrap_or_default().starts_with(b"Note")
    };
    // In UTF-16 nothing of this is found.
    octets.contains(&0)
        || octets.windows(9).any(|window| window == b"imagedata")
        || places.any(|(place, _)| is_other(place))
}

/// What an old drawing of a sheet shows.
pub(super) fn shown(drawing: &Tree) -> Shown {
    let mut shown = Shown::default();
    for shape in drawing.descendants(drawing.root()) {
        if !matches!(drawing.name(shape), ("v", "shape" | "rect")) {
            continue;
        }
        if vml::style(drawing, shape, "visibility") == Some("hidden") {
            continue;
        }
        let data = drawing.child(shape, ("xvml", "ClientData"));
        let kind = data.and_then(|data| drawing.attribute(data, ("", "ObjectType"))).unwrap_or_default();
        match preview::picture(drawing, shape) {
            Some(_) if shown.objects.len().max(shown.margins.len()) >= OBJECTS_MAX => {
                shown.lost_pictures = shown.lost_pictures.saturating_add(1);
            }
            Some(picture) => {
                let corners = data.and_then(|data| corners(drawing, data));
                let margin = data.is_none().then(|| margins::of_shape(drawing, shape, &picture)).flatten();
                match (corners, margin) {
                    (Some(corners), _) => shown.objects.push(object(drawing, shape, picture, corners)),
                    (None, Some(margin)) => shown.margins.push(margin),
                    (None, None) => shown.lost_pictures = shown.lost_pictures.saturating_add(1),
                }
            }
            None if CONTROLS.contains(&kind) => shown.controls.push(kind.to_ascii_lowercase()),
            None => {}
        }
    }
    shown
}

/// The controls of forms (ISO/IEC 29500-4 §20.4.2.58) as people see them.
const CONTROLS: &[&str] =
    &["Button", "Checkbox", "Dialog", "Drop", "Edit", "GBox", "Label", "List", "Radio", "Scroll", "Spin"];

/// The cells that a shape covers.
fn corners(drawing: &Tree, data: NodeId) -> Option<[[u32; 4]; 2]> {
    let anchor = drawing.child(data, ("xvml", "Anchor"))?;
    let text = drawing.own_text(anchor);
    let mut numbers = text.split(',').map(|number| number.trim().parse::<u32>().ok());
    let mut corner = || {
        let [column, right, row, down] = std::array::from_fn(|_| numbers.next().flatten());
        let (column, row) = (column?, row?);
        (column <= LAST.0 && row <= LAST.1).then_some([
            column,
            right?.min(OFFSET_MAX),
            row,
            down?.min(OFFSET_MAX),
        ])
    };
    let (from, to) = (corner()?, corner()?);
    let [[left, _, top, _], [right, _, bottom, _]] = [from, to];
    (left <= right && top <= bottom).then_some([from, to])
}

fn object(drawing: &Tree, shape: NodeId, picture: String, corners: [[u32; 4]; 2]) -> Object {
    let names = [("o", "spid"), ("", "id")].into_iter();
    let names = names.filter_map(|name| drawing.attribute(shape, name).map(str::to_owned)).collect();
    let is_on = |name| matches!(drawing.attribute(shape, ("", name)), Some("t" | "true"));
    let colour = |name, otherwise: &str| {
        let named = drawing.attribute(shape, ("", name)).and_then(vml::colour);
        named.unwrap_or_else(|| otherwise.to_owned())
    };
    Object {
        names,
        picture,
        corners,
        fill: is_on("filled").then(|| colour("fillcolor", "FFFFFF")),
        line: is_on("stroked").then(|| colour("strokecolor", "000000")),
    }
}

/// Draws an object; `number` tells it from the others of the sheet. `placeholders` are those of [`placeholders`].
pub(super) fn draw(
    tree: &mut Tree,
    object: &Object,
    number: usize,
    relationship: &str,
    placeholders: &BTreeMap<String, NodeId>,
) -> Option<()> {
    let placeholder = object.names.iter().find_map(|name| placeholders.get(name).copied());
    let identity = placeholder.and_then(|shape| {
        let holder = tree.child(shape, ("xdr", "nvSpPr"))?;
        let identity = tree.child(holder, ("xdr", "cNvPr"))?;
        let get = |name| tree.attribute(identity, ("", name)).map(str::to_owned);
        Some((get("id")?, get("name")?, get("descr")))
    });
    let number = 50_000usize.saturating_add(number);
    let (id, name, words) =
        identity.unwrap_or_else(|| (number.to_string(), format!("Object {number}"), None));
    let root = tree.root();
    let anchor = add(tree, root, ("xdr", "twoCellAnchor"), &[(("", "editAs"), "oneCell")])?;
    for (edge, [column, right, row, down]) in ["from", "to"].into_iter().zip(object.corners) {
        let corner = add(tree, anchor, ("xdr", edge), &[])?;
        let emu = |pixels: u32| pixels.saturating_mul(EMU_PER_PIXEL);
        for (name, value) in [("col", column), ("colOff", emu(right)), ("row", row), ("rowOff", emu(down))] {
            let node = add(tree, corner, ("xdr", name), &[])?;
            tree.set_text(node, &value.to_string());
        }
    }
    let picture = add(tree, anchor, ("xdr", "pic"), &[])?;
    let holder = add(tree, picture, ("xdr", "nvPicPr"), &[])?;
    let mut names: Vec<(Name, &str)> = vec![(("", "id"), &id), (("", "name"), &name)];
    names.extend(words.as_deref().map(|words| (("", "descr"), words)));
    add(tree, holder, ("xdr", "cNvPr"), &names)?;
    add(tree, holder, ("xdr", "cNvPicPr"), &[])?;
    let fill = add(tree, picture, ("xdr", "blipFill"), &[])?;
    add(tree, fill, ("a", "blip"), &[(("r", "embed"), relationship)])?;
    let stretch = add(tree, fill, ("a", "stretch"), &[])?;
    add(tree, stretch, ("a", "fillRect"), &[])?;
    let form = add(tree, picture, ("xdr", "spPr"), &[])?;
    let geometry = add(tree, form, ("a", "prstGeom"), &[(("", "prst"), "rect")])?;
    add(tree, geometry, ("a", "avLst"), &[])?;
    if let Some(colour) = &object.fill {
        solid(tree, form, colour)?;
    }
    if let Some(colour) = &object.line {
        let line = add(tree, form, ("a", "ln"), &[(("", "w"), "9525")])?;
        solid(tree, line, colour)?;
    }
    add(tree, anchor, ("xdr", "clientData"), &[])?;
    // The hidden shape stands where the object is in the order of the drawing.
    let before = placeholder.and_then(|shape| tree.parent(shape));
    if let Some(before) = before.filter(|&before| tree.parent(before) == Some(root)) {
        tree.remove(anchor);
        tree.insert_before(before, anchor);
        tree.remove(before);
    }
    Some(())
}

fn solid(tree: &mut Tree, parent: NodeId, colour: &str) -> Option<()> {
    let fill = add(tree, parent, ("a", "solidFill"), &[])?;
    add(tree, fill, ("a", "srgbClr"), &[(("", "val"), colour)]).map(|_| ())
}

/// The hidden shapes that stand for shapes of the old drawing (\[MS-ODRAWXML\] `compatExt`), by the names of those.
pub(super) fn placeholders(tree: &Tree) -> BTreeMap<String, NodeId> {
    let mut found = BTreeMap::new();
    let mut shape = None;
    for id in tree.descendants(tree.root()) {
        match tree.name(id) {
            ("xdr", "sp") => shape = Some(id),
            ("xdr", "pic" | "cxnSp" | "graphicFrame" | "grpSp") => shape = None,
            ("a14", "compatExt") => {
                if let (Some(shape), Some(name)) = (shape, tree.attribute(id, ("", "spid"))) {
                    found.insert(name.to_owned(), shape);
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup;
    use policy::{Budget, Limits};

    fn drawing(shapes: &str) -> Tree {
        let text = format!(
            "<xml xmlns:v='urn:schemas-microsoft-com:vml' xmlns:o='urn:schemas-microsoft-com:office:office' \
             xmlns:x='urn:schemas-microsoft-com:office:excel'>{shapes}</xml>"
        );
        let mut budget = Budget::new(&Limits::STANDARD);
        markup::read(text.as_bytes(), &preview::OLD_DRAWING, &mut budget).unwrap()
    }

    #[test]
    fn a_picture_covers_the_cells_of_its_anchor() {
        let at = |anchor: &str| {
            let data =
                format!("<x:ClientData ObjectType='Pict'><x:Anchor>{anchor}</x:Anchor></x:ClientData>");
            let shape = format!("<v:shape id='s' stroked='t'><v:imagedata o:relid='rId1'/>{data}</v:shape>");
            let mut shown = shown(&drawing(&shape));
            (shown.objects.pop().map(|object| object.corners), shown.lost_pictures)
        };
        let cases = [
            ("\n 0, 0, 1, 0, 1, 41, 3, 14", Some([[0, 0, 1, 0], [1, 41, 3, 14]])),
            ("0,0,0,0,16383,0,1048575,9999999", Some([[0, 0, 0, 0], [16_383, 0, 1_048_575, OFFSET_MAX]])),
            ("0,0,0,0,16384,0,1,0", None),
            ("0,0,0,0,1,0,1048576,0", None),
            ("2,0,0,0,1,0,1,0", None),
            ("0,0,0,0,1,0,1", None),
            ("0,0,0,0,1,-1,1,0", None),
            ("", None),
        ];
        for (anchor, corners) in cases {
            assert_eq!(at(anchor), (corners, usize::from(corners.is_none())), "{anchor}");
        }
        assert_eq!(cases.len(), 8);
    }

    #[test]
    fn controls_are_counted_and_what_is_hidden_is_not() {
        let control = "<v:shape id='a'><x:ClientData ObjectType='Checkbox'/></v:shape>";
        let note = "<v:shape id='a'><x:ClientData ObjectType='Note'/></v:shape>";
        let hidden = "<v:shape id='a' style='x:1;visibility:hidden'><v:imagedata o:relid='rId1'/></v:shape>";
        let sizeless = "<v:shape id='LH'><v:imagedata o:relid='rId1'/></v:shape>";
        let size = "style='width:9pt;height:1in'";
        let header = format!("<v:shape id='RFEVEN' {size}><v:imagedata o:relid='rId1'/></v:shape>");
        let other = header.replace("RFEVEN", "XX");
        let shown = shown(&drawing(&[control, note, hidden, sizeless, &header, &other].concat()));
        assert_eq!((shown.controls.as_slice(), shown.lost_pictures), (&["checkbox".to_owned()][..], 2));
        assert_eq!((shown.objects.len(), shown.margins.len()), (0, 1));
        let cases = [(control, true), (note, false), (hidden, true), ("", false), ("<\0x\0", true)];
        for (text, expected) in cases {
            assert_eq!(shows_more_than_notes(text.replace('\'', "\"").as_bytes()), expected, "{text}");
        }
    }
}
