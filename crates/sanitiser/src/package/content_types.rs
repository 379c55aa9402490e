//! `[Content_Types].xml` (ECMA-376 part 2 §7.2.3) → the media type of each part.

use crate::markup::Tree;
use std::collections::BTreeMap;

/// The media types that a package declares.
#[derive(Debug, Default)]
pub struct ContentTypes {
    /// By extension in lower case.
    defaults: BTreeMap<String, String>,
    /// By part name in lower case, without a leading slash.
    overrides: BTreeMap<String, String>,
}

impl ContentTypes {
    /// Takes the declarations out of the part.
    pub fn of(tree: &Tree) -> Self {
        let mut types = Self::default();
        for id in tree.children(tree.root()) {
            let Some(media_type) = tree.attribute(id, ("", "ContentType")) else { continue };
            let media_type = media_type.trim().to_ascii_lowercase();
            if let Some(extension) = tree.attribute(id, ("", "Extension")) {
                types.defaults.insert(extension.to_ascii_lowercase(), media_type);
            } else if let Some(name) = tree.attribute(id, ("", "PartName")) {
                let name = name.replace('\\', "/");
                let name = name.strip_prefix('/').unwrap_or(&name);
                types.overrides.insert(name.to_ascii_lowercase(), media_type);
            }
        }
        types
    }

    /// The media type of a part in lower case; empty when none is declared.
    pub fn of_part(&self, name: &str) -> &str {
        let name = name.to_ascii_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let declared = self.overrides.get(&name).or_else(|| self.defaults.get(extension));
        declared.map_or("", String::as_str)
    }
}
