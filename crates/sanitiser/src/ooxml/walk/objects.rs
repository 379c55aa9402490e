//! The old drawings of the sheets: the pictures of objects go into the drawing of the sheet, and what cannot be shown
//! is told.

use super::{Loaded, NewRelationship, Target, Walk, forgive, push_relationship, relationships_part};
use crate::markup::{self, NodeId, Tree};
use crate::ooxml::{
    DIALECT, margins, notes,
    parts::{self, Part},
    preview,
    references::Numbers,
    sheet_objects::{self, Object, Shown},
};
use crate::package::{
    self,
    relationships::{self, Relationship},
};
use policy::FindingCode;

/// Most old drawings of one sheet: one of the cells and one of headers and footers are all that a program writes.
const OLD_DRAWINGS_MAX: usize = 4;

impl Walk<'_> {
    /// Gives a sheet the pictures of its objects. Those of headers and footers are given back, each with the name of
    /// the drawing that it stands in.
    pub(super) fn draw_objects(
        &mut self,
        source: &str,
        tree: &mut Tree,
        given: &[Relationship],
        numbers: &mut Numbers,
        new: &mut Vec<NewRelationship>,
    ) -> Result<Vec<(String, margins::Picture)>, FindingCode> {
        let mut margins = Vec::new();
        let is_old = |given: &&Relationship| given.kind == "vmlDrawing" && !given.external;
        let names: Vec<String> = given
            .iter()
            .filter(is_old)
            .filter_map(|given| package::resolve(source, &given.target))
            .take(OLD_DRAWINGS_MAX)
            .collect();
        let controls_are_told =
            given.iter().any(|given| matches!(given.kind.as_str(), "ctrlProp" | "control"));
        for name in names {
            let Some(shown) = self.shown(&name)? else { continue };
            for _ in 0..shown.lost_pictures {
                self.findings.add(FindingCode::PictureDropped);
            }
            for control in shown.controls.iter().filter(|_| !controls_are_told) {
                self.findings.add_detail(FindingCode::EmbeddedObject, control);
            }
            self.draw_shown(source, &name, tree, &shown.objects, numbers, new)?;
            margins.extend(shown.margins.into_iter().map(|picture| (name.clone(), picture)));
        }
        Ok(margins)
    }

    /// Gives a sheet the pictures of its headers and footers, which [`Walk::draw_objects`] found; those of all old
    /// drawings stand in one.
    pub(super) fn draw_margins(
        &mut self,
        tree: &mut Tree,
        found: &[(String, margins::Picture)],
        id: String,
        new: &mut Vec<NewRelationship>,
    ) -> Result<(), FindingCode> {
        let mut kept: Vec<(&margins::Picture, String)> = Vec::new();
        let mut body = String::new();
        let mut read: Option<(&str, Vec<Relationship>)> = None;
        for (old, picture) in found {
            if read.as_ref().is_none_or(|(name, _)| name != old) {
                read = Some((old, self.relationships(old)?));
            }
            let given = read.as_ref().map_or(&[][..], |(_, given)| given);
            let image = given.iter().find(|given| given.id == picture.picture);
            let image = image.filter(|given| given.kind == "image" && !given.external);
            let target = image.and_then(|image| package::resolve(old, &image.target));
            let is_first = !kept.iter().any(|(known, _)| known.is_at(picture));
            let Some(target) = target.filter(|_| is_first) else {
                self.findings.add(FindingCode::PictureDropped);
                continue;
            };
            // One that cannot be written is told there.
            let Some(written) = self.picture(&target)? else { continue };
            let image = format!("rId{}", kept.len().saturating_add(1));
            let kind = parts::plain_relationship_type("image", self.edition);
            push_relationship(&mut body, &image, &kind, &format!("../{written}"), "");
            kept.push((picture, image));
        }
        let Some(mark) = tree.create(("x", "legacyDrawingHF")).filter(|_| !kept.is_empty()) else {
            return Ok(());
        };
        tree.set_attribute(mark, ("r", "id"), &id);
        insert_before_any(tree, mark, &["picture", "tableParts", "extLst"]);
        let drawing = margins::drawing(kept.iter().map(|(picture, id)| (*picture, id.as_str())));
        let name = self.put_old_drawing(drawing);
        let full = format!("{}/{name}", self.family.folder());
        self.put(&relationships::part_of(&full), relationships_part(&body));
        new.push(NewRelationship { id, target: Target::Notes(name) });
        Ok(())
    }

    /// Puts an old drawing of ours into the new package; its name below the folder.
    pub(super) fn put_old_drawing(&mut self, drawing: String) -> String {
        let number = self.numbers.entry("vmlDrawing").or_default();
        *number = number.saturating_add(1);
        let name = format!("drawings/vmlDrawing{number}.vml");
        let full = format!("{}/{name}", self.family.folder());
        self.overrides.push((full.clone(), notes::MEDIA_TYPE));
        self.put(&full, drawing);
        name
    }

    /// What an old drawing shows besides comments.
    fn shown(&mut self, name: &str) -> Result<Option<Shown>, FindingCode> {
        let Some(octets) = forgive(self.package.read(name, self.budget))?.flatten() else { return Ok(None) };
        if !sheet_objects::shows_more_than_notes(&octets) {
            return Ok(None);
        }
        let drawing = forgive(markup::read(&octets, &preview::OLD_DRAWING, self.budget))?;
        if drawing.is_none() {
            self.findings.add_detail(FindingCode::ElementDropped, "vmlDrawing");
        }
        Ok(drawing.as_ref().map(sheet_objects::shown))
    }

    fn draw_shown(
        &mut self,
        source: &str,
        old: &str,
        tree: &mut Tree,
        objects: &[Object],
        numbers: &mut Numbers,
        new: &mut Vec<NewRelationship>,
    ) -> Result<(), FindingCode> {
        if objects.is_empty() {
            return Ok(());
        }
        let known = new.iter().find_map(|relationship| match relationship.target {
            Target::Part(place) => {
                self.loaded.get(place).is_some_and(|part| part.part == Part::SheetDrawing).then_some(place)
            }
            Target::Picture(_) | Target::Notes(_) | Target::Address(_) => None,
        });
        let place = match known {
            Some(place) => Some(place),
            None => self.new_drawing(source, tree, numbers, new)?,
        };
        let given = self.relationships(old)?;
        let drawing = place.and_then(|place| self.loaded.get_mut(place));
        // A drawing that an earlier sheet has as well may be written already.
        let Some(Loaded { tree: Some(drawing), relationships, .. }) = drawing else {
            objects.iter().for_each(|_| self.findings.add(FindingCode::PictureDropped));
            return Ok(());
        };
        let before = drawing.len();
        let placeholders = sheet_objects::placeholders(drawing);
        let by_id = relationships::by_id(&given);
        for (number, object) in objects.iter().enumerate() {
            let image = by_id.get(object.picture.as_str());
            let image = image.filter(|given| given.kind == "image" && !given.external);
            let Some(target) = image.and_then(|image| package::resolve(old, &image.target)) else {
                self.findings.add(FindingCode::PictureDropped);
                continue;
            };
            let id = format!("object{}", relationships.len());
            let (kind, target) = ("image".to_owned(), format!("/{target}"));
            if sheet_objects::draw(drawing, object, number, &id, &placeholders).is_some() {
                relationships.push(Relationship { id, kind, target, external: false });
            }
        }
        self.nodes = self.nodes.saturating_add(drawing.len().saturating_sub(before));
        Ok(())
    }

    /// A drawing for a sheet that has none.
    fn new_drawing(
        &mut self,
        source: &str,
        tree: &mut Tree,
        numbers: &mut Numbers,
        new: &mut Vec<NewRelationship>,
    ) -> Result<Option<usize>, FindingCode> {
        let made = Tree::new(&DIALECT, ("xdr", "wsDr")).zip(tree.create(("x", "drawing")));
        let Some((drawing, mark)) = made else { return Ok(None) };
        let place = self.take(&format!("{source}#objects"), Part::SheetDrawing, drawing, Vec::new())?;
        let id = numbers.give("");
        tree.set_attribute(mark, ("r", "id"), &id);
        insert_before_any(tree, mark, &["picture", "tableParts", "extLst"]);
        new.push(NewRelationship { id, target: Target::Part(place) });
        Ok(Some(place))
    }
}

/// Hangs an element of a sheet before what follows it there (ISO/IEC 29500-1 §18.3.1.99).
pub(super) fn insert_before_any(tree: &mut Tree, mark: NodeId, followers: &[&str]) {
    let root = tree.root();
    let is_follower = |&child: &NodeId| matches!(tree.name(child), ("x", name) if followers.contains(&name));
    let behind = tree.children(root).find(is_follower);
    match behind {
        Some(behind) => tree.insert_before(behind, mark),
        None => tree.append(root, mark),
    }
}
