//! Frames and their pictures → PNG and JPEG written anew, under names of ours.
//!
//! *Security.* A picture is decoded to pixels and written from them ([`crate::picture`]); what cannot be read is left
//! out. Nothing outside of the package is ever asked for. Each picture of the package is read once.

use super::{Rebuild, dialect::HREF};
use crate::{
    markup::{NodeId, Tree},
    mime, package, picture,
};
use policy::FindingCode;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The pictures of a package as they are written.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    /// Name in the source, and the name here; `None` for one that could not be read.
    known: BTreeMap<String, Option<String>>,
    /// Names here by the SHA-256 of what is written: what is the same is written once.
    by_digest: BTreeMap<[u8; 32], String>,
    /// Name, media type and octets.
    pub(super) written: Vec<(String, &'static str, Vec<u8>)>,
}

impl Rebuild<'_, '_> {
    /// Leaves in a frame what can be shown: an object made anew, else the first picture that can be, else a box of the
    /// same size, so that nothing around it moves.
    pub(super) fn frame(&mut self, tree: &mut Tree, frame: NodeId, folder: &str) -> Result<(), FindingCode> {
        let named = |tree: &Tree, local| -> Vec<NodeId> {
            tree.children(frame).filter(|&id| tree.is(id, ("draw", local))).collect()
        };
        let (objects, images) = (named(tree, "object"), named(tree, "image"));
        let holds_more =
            !named(tree, "text-box").is_empty() || tree.child(frame, ("table", "table")).is_some();
        let embeds = ["object-ole", "applet", "plugin", "floating-frame"];
        let embeds = embeds.iter().any(|&local| tree.child(frame, ("draw", local)).is_some());
        if objects.is_empty() && images.is_empty() && !embeds {
            return Ok(());
        }
        let mut shown = false;
        for object in objects {
            if !shown && self.object(tree, object, folder)? {
                shown = true;
            } else {
                self.findings.add(FindingCode::EmbeddedObject);
                tree.remove(object);
            }
        }
        let had_picture = !images.is_empty();
        for image in images {
            if !shown && self.picture(tree, image, folder)? {
                shown = true;
            } else {
                tree.remove(image);
            }
        }
        if !shown && !holds_more {
            if had_picture {
                self.findings.add(FindingCode::PictureDropped);
            }
            if let Some(text_box) = tree.create(("draw", "text-box")) {
                match tree.first(frame) {
                    Some(first) => tree.insert_before(first, text_box),
                    None => tree.append(frame, text_box),
                }
            }
        }
        Ok(())
    }

    /// Makes the picture of an element that has no other in its place anew; says whether there is one now.
    pub(super) fn lone_picture(
        &mut self,
        tree: &mut Tree,
        id: NodeId,
        folder: &str,
    ) -> Result<bool, FindingCode> {
        let had_picture =
            tree.attribute(id, HREF).is_some() || tree.child(id, ("office", "binary-data")).is_some();
        let shown = self.picture(tree, id, folder)?;
        if had_picture && !shown {
            self.findings.add(FindingCode::PictureDropped);
        }
        Ok(shown)
    }

    /// Makes the picture of an element anew; says whether there is one now. Without one the element bears no link.
    fn picture(&mut self, tree: &mut Tree, id: NodeId, folder: &str) -> Result<bool, FindingCode> {
        let inline = tree.child(id, ("office", "binary-data"));
        let href = tree.attribute(id, HREF).map(str::to_owned);
        let written = match (inline, href) {
            (Some(data), _) => {
                // ODF 1.3 part 3 §19.396.
                let text = tree.own_text(data);
                tree.remove(data);
                self.budget.spend_unpacked(u64::try_from(text.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
                self.written_picture(&mime::base64(text.as_bytes()))?
            }
            (None, Some(href)) => self.picture_at(&href, folder)?,
            (None, None) => None,
        };
        let Some(name) = written else {
            tree.remove_attribute(id, HREF);
            return Ok(false);
        };
        tree.set_attribute(id, HREF, &name);
        for (attribute, value) in [("type", "simple"), ("show", "embed")] {
            tree.set_attribute(id, ("xlink", attribute), value);
        }
        Ok(true)
    }

    /// The name of a picture of the package as it is written here.
    fn picture_at(&mut self, href: &str, folder: &str) -> Result<Option<String>, FindingCode> {
        let inside = !href.contains("://") && !href.starts_with(['/', '\\']);
        let place = package::resolve(&format!("{folder}content.xml"), href).filter(|_| inside);
        let Some(place) = place else {
            self.findings.add(FindingCode::ExternalReference);
            return Ok(None);
        };
        if let Some(known) = self.pictures.known.get(&place) {
            return Ok(known.clone());
        }
        // What stands for an object in the files of old versions has no name that tells its type.
        let octets = match self.unpacked(&place) {
            Ok(octets) => octets,
            Err(FindingCode::Unreadable) => None,
            Err(limit) => return Err(limit),
        };
        let written = match octets {
            Some(octets) => self.written_picture(&octets)?,
            None => None,
        };
        self.pictures.known.insert(place, written.clone());
        Ok(written)
    }

    /// Decodes a picture and writes it anew.
    fn written_picture(&mut self, octets: &[u8]) -> Result<Option<String>, FindingCode> {
        let (policy, fidelity) = (self.policy, self.fidelity);
        let (findings, surroundings) = (&mut *self.findings, &mut *self.surroundings);
        let rebuilt = picture::rebuild(octets, policy, fidelity, self.budget, findings, surroundings)?;
        let Some(rebuilt) = rebuilt else { return Ok(None) };
        let digest: [u8; 32] = Sha256::digest(&rebuilt.octets).into();
        if let Some(name) = self.pictures.by_digest.get(&digest) {
            return Ok(Some(name.clone()));
        }
        let number = self.pictures.written.len().saturating_add(1);
        let name = format!("Pictures/image{number}.{}", rebuilt.extension);
        self.pictures.by_digest.insert(digest, name.clone());
        self.pictures.written.push((name.clone(), rebuilt.media_type, rebuilt.octets));
        Ok(Some(name))
    }
}
