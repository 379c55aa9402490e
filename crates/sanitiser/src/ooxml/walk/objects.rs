//! The old drawings of the sheets: the pictures of objects go into the drawing of the sheet, and what cannot be shown
//! is told.

use super::{Loaded, NewRelationship, Target, Walk, forgive};
use crate::markup::{self, Tree};
use crate::ooxml::{
    DIALECT,
    parts::Part,
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
    /// Gives a sheet the pictures of its objects.
    pub(super) fn draw_objects(
        &mut self,
        source: &str,
        tree: &mut Tree,
        given: &[Relationship],
        numbers: &mut Numbers,
        new: &mut Vec<NewRelationship>,
    ) -> Result<(), FindingCode> {
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
        }
        Ok(())
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
        // What follows a drawing in a sheet (ISO/IEC 29500-1 §18.3.1.99) and is still there.
        let root = tree.root();
        let behind = tree.children(root).find(|&child| {
            matches!(tree.name(child), ("x", "drawingHF" | "picture" | "tableParts" | "extLst"))
        });
        match behind {
            Some(behind) => tree.insert_before(behind, mark),
            None => tree.append(root, mark),
        }
        new.push(NewRelationship { id, target: Target::Part(place) });
        Ok(Some(place))
    }
}
