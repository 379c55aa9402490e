//! Embedded objects → the picture that they showed.
//!
//! Newer documents hold that picture beside the object; older ones in a drawing of their own (VML, ISO/IEC 29500-4
//! §19), where the object names a shape.

use super::{
    sieve::{Sieve, enclosing},
    vml,
};
use crate::markup::{Also, Dialect, Name, NodeId, Tree, White};
use std::collections::BTreeMap;

/// How the drawings of old are read: for the pictures of their shapes, and nothing else.
pub(super) static OLD_DRAWING: Dialect = Dialect {
    vocabulary: policy::vocabulary::ooxml,
    also: &[
        Also { name: ("", "xml"), attributes: &[] },
        Also {
            name: ("v", "shape"),
            attributes: &[
                ("", "id"),
                ("o", "spid"),
                ("", "style"),
                ("", "filled"),
                ("", "fillcolor"),
                ("", "stroked"),
                ("", "strokecolor"),
            ],
        },
        Also { name: ("v", "imagedata"), attributes: &[("o", "relid"), ("r", "id")] },
    ],
    white: White::InLeaves,
    unwraps: |_| false,
    declared: &[],
};

/// The pictures of an old drawing: name of the shape, name of the relationship.
pub(super) fn pictures(drawing: &Tree) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for shape in drawing.descendants(drawing.root()).filter(|&id| drawing.is(id, ("v", "shape"))) {
        let Some(relationship) = picture(drawing, shape) else { continue };
        for name in [("o", "spid"), ("", "id")] {
            if let Some(name) = drawing.attribute(shape, name) {
                found.insert(name.to_owned(), relationship.clone());
            }
        }
    }
    found
}

/// The name of the relationship that leads to the picture of a shape.
pub(super) fn picture(drawing: &Tree, shape: NodeId) -> Option<String> {
    let image = drawing.child(shape, ("v", "imagedata"))?;
    let named = drawing.attribute(image, ("o", "relid")).or_else(|| drawing.attribute(image, ("r", "id")));
    named.map(str::to_owned)
}

/// Whether a part shows objects whose pictures stand in an old drawing.
pub(super) fn needs_old_drawing(tree: &Tree) -> bool {
    tree.descendants(tree.root())
        .any(|id| tree.is(id, ("p", "oleObj")) && tree.find(id, ("p", "pic")).is_none())
}

/// Puts pictures in the place of embedded objects.
pub(super) fn keep(sieve: &mut Sieve<'_>) {
    let objects: Vec<NodeId> =
        sieve.tree.descendants(sieve.tree.root()).filter(|&id| sieve.tree.is(id, ("p", "oleObj"))).collect();
    for object in objects {
        of_slide(&mut sieve.tree, object, sieve.pictures);
    }
    if sieve.tree.name(sieve.tree.root()).0 == "w" {
        let lost = vml::replace(&mut sieve.tree);
        sieve.book.tally.parts = sieve.book.tally.parts.saturating_add(lost);
    }
}

/// `p:oleObj` holds a picture of itself since 2010 (ISO/IEC 29500-1 §19.3.2.4): it takes the place of the frame. Before,
/// it named a shape.
fn of_slide(tree: &mut Tree, object: NodeId, pictures: &BTreeMap<String, String>) {
    let Some(frame) = enclosing(tree, object, &[("p", "graphicFrame")]) else { return };
    let picture = match tree.find(object, ("p", "pic")) {
        Some(picture) => {
            tree.remove(picture);
            picture
        }
        None => {
            let shape = tree.attribute(object, ("", "spid")).unwrap_or_default();
            let Some(relationship) = pictures.get(shape) else { return };
            let Some(picture) = picture_like(tree, frame, relationship) else { return };
            picture
        }
    };
    copy_identity(tree, frame, picture);
    tree.insert_before(frame, picture);
    tree.remove(frame);
}

/// A picture at the place of a frame.
fn picture_like(tree: &mut Tree, frame: NodeId, relationship: &str) -> Option<NodeId> {
    let transform = tree.child(frame, ("p", "xfrm"))?;
    let corner = |tree: &Tree, name: Name, value: Name| {
        let id = tree.child(transform, name)?;
        tree.attribute(id, value).map(str::to_owned)
    };
    let (x, y) = (corner(tree, ("a", "off"), ("", "x"))?, corner(tree, ("a", "off"), ("", "y"))?);
    let (cx, cy) = (corner(tree, ("a", "ext"), ("", "cx"))?, corner(tree, ("a", "ext"), ("", "cy"))?);
    let picture = tree.create(("p", "pic"))?;
    let identity = vml::add(tree, picture, ("p", "nvPicPr"), &[])?;
    vml::add(tree, identity, ("p", "cNvPr"), &[(("", "id"), "0"), (("", "name"), "")])?;
    vml::add(tree, identity, ("p", "cNvPicPr"), &[])?;
    vml::add(tree, identity, ("p", "nvPr"), &[])?;
    let fill = vml::add(tree, picture, ("p", "blipFill"), &[])?;
    vml::add(tree, fill, ("a", "blip"), &[(("r", "embed"), relationship)])?;
    let stretch = vml::add(tree, fill, ("a", "stretch"), &[])?;
    vml::add(tree, stretch, ("a", "fillRect"), &[])?;
    let shape = vml::add(tree, picture, ("p", "spPr"), &[])?;
    let place = vml::add(tree, shape, ("a", "xfrm"), &[])?;
    vml::add(tree, place, ("a", "off"), &[(("", "x"), &x), (("", "y"), &y)])?;
    vml::add(tree, place, ("a", "ext"), &[(("", "cx"), &cx), (("", "cy"), &cy)])?;
    let form = vml::add(tree, shape, ("a", "prstGeom"), &[(("", "prst"), "rect")])?;
    vml::add(tree, form, ("a", "avLst"), &[])?;
    Some(picture)
}

/// Animations and links know a shape by its number: the picture takes that of the frame.
fn copy_identity(tree: &mut Tree, frame: NodeId, picture: NodeId) {
    let of = |tree: &Tree, top: NodeId, holder: Name| {
        tree.child(top, holder).and_then(|holder| tree.child(holder, ("p", "cNvPr")))
    };
    let Some(from) = of(tree, frame, ("p", "nvGraphicFramePr")) else { return };
    let Some(to) = of(tree, picture, ("p", "nvPicPr")) else { return };
    for name in [("", "id"), ("", "name"), ("", "descr"), ("", "title")] {
        if let Some(value) = tree.attribute(from, name).map(str::to_owned) {
            tree.set_attribute(to, name, &value);
        }
    }
}
