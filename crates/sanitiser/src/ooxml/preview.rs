//! Embedded objects → the picture that they showed.

use super::{
    sieve::{Sieve, enclosing},
    vml,
};
use crate::markup::{Name, NodeId, Tree};

/// Puts pictures in the place of embedded objects where the part holds one.
pub(super) fn keep(sieve: &mut Sieve<'_>) {
    let objects: Vec<NodeId> =
        sieve.tree.descendants(sieve.tree.root()).filter(|&id| sieve.tree.is(id, ("p", "oleObj"))).collect();
    for object in objects {
        of_slide(&mut sieve.tree, object);
    }
    if sieve.tree.name(sieve.tree.root()).0 == "w" {
        vml::replace(&mut sieve.tree);
    }
}

/// `p:oleObj` holds a picture of itself since 2010 (ISO/IEC 29500-1 §19.3.2.4): it takes the place of the frame.
fn of_slide(tree: &mut Tree, object: NodeId) {
    let Some(frame) = enclosing(tree, object, &[("p", "graphicFrame")]) else { return };
    let Some(picture) = tree.find(object, ("p", "pic")) else { return };
    copy_identity(tree, frame, picture);
    tree.remove(picture);
    tree.insert_before(frame, picture);
    tree.remove(frame);
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
