//! `*.rels` (ECMA-376 part 2 §6.5) → what a part refers to.

use crate::markup::Tree;
use policy::FindingCode;
use std::collections::{BTreeMap, BTreeSet};

/// One relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// Its name inside the part.
    pub id: String,
    /// The last segment of its type, such as `image`; the bases in front of it (transitional, strict, Microsoft's
    /// own) are told apart by nobody.
    pub kind: String,
    /// Where it leads, as written.
    pub target: String,
    /// Whether the target is outside of the package.
    pub external: bool,
}

/// Most relationships of one part: a sheet may have 65,530 links.
const RELATIONSHIPS_MAX: usize = 100_000;

/// Takes the relationships out of a part; of two with one name only the first. [`FindingCode::LimitNodes`] when there
/// are too many.
pub fn of(tree: &Tree) -> Result<Vec<Relationship>, FindingCode> {
    let mut found: Vec<Relationship> = Vec::new();
    let mut known = BTreeSet::new();
    for (place, id) in tree.children(tree.root()).enumerate() {
        if place >= RELATIONSHIPS_MAX {
            return Err(FindingCode::LimitNodes);
        }
        let attribute = |name| tree.attribute(id, ("", name)).unwrap_or_default().trim();
        let (name, target) = (attribute("Id"), attribute("Target"));
        let kind = attribute("Type").rsplit('/').next().unwrap_or_default();
        if name.is_empty() || kind.is_empty() || !known.insert(name.to_owned()) {
            continue;
        }
        found.push(Relationship {
            id: name.to_owned(),
            kind: kind.to_owned(),
            target: target.to_owned(),
            external: attribute("TargetMode").eq_ignore_ascii_case("External"),
        });
    }
    Ok(found)
}

/// Relationships by their names: a part may name as many as it has, and looking through all of them each time would
/// cost the square.
pub fn by_id(relationships: &[Relationship]) -> BTreeMap<&str, &Relationship> {
    relationships.iter().map(|relationship| (relationship.id.as_str(), relationship)).collect()
}

/// The name of the part that holds the relationships of `source`; of the package itself for an empty one.
pub fn part_of(source: &str) -> String {
    let (folder, name) = source.rsplit_once('/').map_or(("", source), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}_rels/{name}.rels")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{markup, ooxml};
    use policy::{Budget, Limits};

    #[test]
    fn relationships_are_read_by_the_end_of_their_type() {
        let part = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
            <Relationship Id="a" Type="http://x/image" Target="m/i.png"/>
            <Relationship Id="a" Type="http://x/oleObject" Target="o.bin"/>
            <Relationship Id="b" Type="http://x/hyperlink" Target="http://a/" TargetMode="External"/>
            <Relationship Type="http://x/image" Target="c"/></Relationships>"#;
        let tree = markup::read(part, &ooxml::DIALECT, &mut Budget::new(&Limits::STANDARD)).unwrap();
        let found = of(&tree).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].kind.as_str(), found[0].external), ("image", false));
        assert_eq!((found[1].kind.as_str(), found[1].external), ("hyperlink", true));
    }

    #[test]
    fn a_limit_is_met_exactly_and_passed_by_one() {
        let mut ran = 0;
        for (count, expected) in [
            (RELATIONSHIPS_MAX, Ok(RELATIONSHIPS_MAX)),
            (RELATIONSHIPS_MAX + 1, Err(FindingCode::LimitNodes)),
        ] {
            let namespace = "http://schemas.openxmlformats.org/package/2006/relationships";
            let mut part = format!("<Relationships xmlns='{namespace}'>");
            for number in 0..count {
                part.push_str(&format!("<Relationship Id='r{number}' Type='x/image' Target='i'/>"));
            }
            part.push_str("</Relationships>");
            let mut budget = Budget::new(&Limits::STANDARD);
            let tree = markup::read(part.as_bytes(), &ooxml::DIALECT, &mut budget).unwrap();
            assert_eq!(of(&tree).map(|found| found.len()), expected);
            ran += 1;
        }
        assert_eq!(ran, 2);
    }

    #[test]
    fn the_part_of_a_part() {
        assert_eq!(part_of(""), "_rels/.rels");
        assert_eq!(part_of("a.xml"), "_rels/a.xml.rels");
        assert_eq!(part_of("word/document.xml"), "word/_rels/document.xml.rels");
    }
}
