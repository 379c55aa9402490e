//! Objects in a document (`Object 1/`) → charts, written anew by the same rules.

use super::{
    Rebuild,
    dialect::{DIALECT, HREF},
    parts,
};
use crate::{
    markup::{self, NodeId, Tree},
    package,
};
use policy::FindingCode;

/// Most objects of a document; each is read and written on its own.
const OBJECTS_MAX: usize = 1_000;

/// An object as it is written.
#[derive(Debug)]
pub(super) struct Object {
    /// `Object 1`.
    pub(super) name: String,
    /// Its content.
    pub(super) content: Vec<u8>,
    /// Its styles.
    pub(super) styles: Vec<u8>,
}

/// Content of an object, and its styles if it has any.
type ObjectParts = (Vec<u8>, Option<Vec<u8>>);

impl Rebuild<'_, '_> {
    /// Makes the object that an element shows anew; says whether there is one now.
    pub(super) fn object(&mut self, tree: &mut Tree, id: NodeId, folder: &str) -> Result<bool, FindingCode> {
        // Objects in objects are left out.
        if !folder.is_empty() || self.objects.len() >= OBJECTS_MAX {
            return Ok(false);
        }
        let Some((content, styles)) = self.parts_of(tree, id)? else { return Ok(false) };
        let mut content = match markup::read(&content, &DIALECT, self.budget) {
            Ok(content) if parts::body(&content) == Some("chart") => content,
            Ok(_) | Err(FindingCode::Unreadable) => return Ok(false),
            Err(limit) => return Err(limit),
        };
        let styles = self.side_part(styles.as_deref(), "styles")?;
        let number = self.objects.len().saturating_add(1);
        let name = format!("Object {number}");
        self.objects.push(Object { name: name.clone(), content: Vec::new(), styles: Vec::new() });
        let place = format!("{name}/");
        parts::as_content(&mut content, self.version);
        self.sieve(&mut content, &place)?;
        let styles = match styles {
            Some(mut styles) => {
                parts::as_styles(&mut styles, self.version);
                self.sieve(&mut styles, &place)?;
                styles.write()
            }
            None => parts::no_styles(self.version),
        };
        if let Some(object) = self.objects.last_mut() {
            (object.content, object.styles) = (content.write(), styles);
        }
        while let Some(inside) = tree.first(id) {
            tree.remove(inside);
        }
        tree.set_attribute(id, HREF, &format!("./{name}"));
        for (attribute, value) in [("type", "simple"), ("show", "embed")] {
            tree.set_attribute(id, ("xlink", attribute), value);
        }
        Ok(true)
    }

    /// Content and styles of an object: members of the package, or what stands in a flat file.
    fn parts_of(&mut self, tree: &Tree, id: NodeId) -> Result<Option<ObjectParts>, FindingCode> {
        if let Some(flat) = tree.child(id, ("office", "document")) {
            let octets = tree.write_from(flat);
            return Ok(Some((octets.clone(), Some(octets))));
        }
        let Some(href) = tree.attribute(id, HREF) else { return Ok(None) };
        let Some(place) = package::resolve("content.xml", href).filter(|_| !href.contains("://")) else {
            self.findings.add(FindingCode::ExternalReference);
            return Ok(None);
        };
        let content = self.member(&format!("{place}/content.xml"))?;
        let styles = self.member(&format!("{place}/styles.xml"))?;
        Ok(content.map(|content| (content, styles)))
    }

    /// A member of the package; one that cannot be read is told and is none.
    pub(super) fn member(&mut self, name: &str) -> Result<Option<Vec<u8>>, FindingCode> {
        match self.unpacked(name) {
            Err(FindingCode::Unreadable) => {
                let file = name.rsplit('/').next().unwrap_or_default();
                self.findings.add_detail(FindingCode::ElementDropped, file.trim_end_matches(".xml"));
                Ok(None)
            }
            read => read,
        }
    }

    /// The octets of a member, without its lock.
    pub(super) fn unpacked(&mut self, name: &str) -> Result<Option<Vec<u8>>, FindingCode> {
        let Some(package) = &mut self.package else { return Ok(None) };
        let Some(octets) = package.read(name, self.budget)? else { return Ok(None) };
        match &self.opened {
            None => Ok(Some(octets)),
            Some(opened) => opened.member(name, octets, self.budget).map(Some),
        }
    }
}
