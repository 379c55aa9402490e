//! A strict reader of Office Open XML packages (ECMA-376 part 2) as our writer writes them: docx, xlsx, pptx.
//!
//! Every part is reached from the package by relationships of a list, is of the type that its relationship says, has
//! the root element of that type, and has the relationships that its elements name; nothing is left over. What leads
//! out of the package is a link to the web or to a mailbox.
//!
//! *Security.* Given any octets, inside a locked child. Each part is visited once, however many lead to it.

mod kinds;
mod notes;
mod opc;
mod rules;

use super::{Fault, Spending, zip::Member};
use crate::objections::Objections;
use kinds::Kind;
use opc::{Relation, Target};
use policy::vocabulary::Edition;
use std::collections::{BTreeMap, BTreeSet};

/// Most levels of folders, and longest name of a part.
const LEVELS_MAX: usize = 5;
const NAME_OCTETS_MAX: usize = 100;

/// A package being walked.
struct Walk<'octets> {
    members: Vec<Member<'octets>>,
    /// By name in lower case.
    places: BTreeMap<String, usize>,
    types: opc::ContentTypes,
    main: Kind,
    edition: Option<Edition>,
    /// What each member is, once reached.
    kinds: Vec<Option<Kind>>,
    relations: BTreeMap<usize, Vec<Relation>>,
}

/// Reads the whole package and says what is wrong with it.
pub(crate) fn check(octets: &[u8], media_type: &str, spending: &mut Spending, objections: &mut Objections) {
    let main = match media_type {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Kind::Document,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Kind::Workbook,
        _ => Kind::Presentation,
    };
    let mut walk = match Walk::begin(octets, main, spending) {
        Ok(walk) => walk,
        Err((rule, detail)) => return objections.add(rule, detail),
    };
    if let Err((rule, detail)) = walk.reach_all(spending, objections) {
        return objections.add(rule, detail);
    }
    for at in 0..walk.members.len() {
        let name = walk.name(at).to_owned();
        match walk.kinds.get(at).copied().flatten() {
            None => objections.add("office.left_over", format!("nothing leads to {name}")),
            Some(Kind::Image) => walk.picture(at, spending, objections),
            Some(Kind::Package) => {}
            Some(Kind::NotesDrawing) => {
                if let Err((rule, detail)) = walk.drawing(at) {
                    objections.add(rule, format!("{detail}, in {name}"));
                }
            }
            Some(kind) => {
                let read = walk.part(at, kind, spending, objections);
                if let Err((rule, detail)) = read {
                    objections.add(rule, format!("{detail}, in {name}"));
                }
            }
        }
    }
    for (at, relations) in &walk.relations {
        let unnamed = |relation: &&Relation| match relation.target {
            Target::Part(kind, _) => kinds::needs_reference(kind) && !relation.is_named,
            Target::Outside => !relation.is_named,
        };
        let count = relations.iter().filter(unnamed).count();
        if count > 0 {
            objections
                .add("office.relation", format!("{count} that no element names, in {}", walk.name(*at)));
        }
    }
}

impl<'octets> Walk<'octets> {
    fn begin(octets: &'octets [u8], main: Kind, spending: &mut Spending) -> Result<Self, Fault> {
        let members = spending.open(octets)?;
        let mut places = BTreeMap::new();
        for (at, member) in members.iter().enumerate() {
            if !is_part_name(member.name) {
                return Err(("office.name", "not of the one form"));
            }
            places.insert(member.name.to_ascii_lowercase(), at);
        }
        let mut kinds = vec![None; members.len()];
        let first = members.first().filter(|member| member.name == "[Content_Types].xml");
        let types = first.ok_or(("office.content_types", "not the first member"))?.octets()?;
        let types = opc::ContentTypes::read(&types, &mut spending.nodes)?;
        if let Some(slot) = kinds.first_mut() {
            *slot = Some(Kind::Package);
        }
        if let Some(name) = types.overrides().find(|name| !places.contains_key(&name.to_ascii_lowercase())) {
            debug_assert!(!name.is_empty(), "checked when read");
            return Err(("office.content_types", "of a part that is not there"));
        }
        Ok(Self { members, places, types, main, edition: None, kinds, relations: BTreeMap::new() })
    }

    fn name(&self, at: usize) -> &'octets str {
        self.members.get(at).map_or("", |member| member.name)
    }

    /// Walks the relationships from the package on.
    fn reach_all(&mut self, spending: &mut Spending, objections: &mut Objections) -> Result<(), Fault> {
        let mut open = self.follow("", Kind::Package, spending, objections)?;
        let mains = open.iter().filter(|(_, kind)| *kind == self.main).count();
        let others = open.iter().filter(|(_, kind)| {
            *kind != self.main && !matches!(kind, Kind::CoreProperties | Kind::AppProperties)
        });
        if mains != 1 || others.count() > 0 {
            return Err(("office.main", "not one part of the type of the file"));
        }
        while let Some((at, kind)) = open.pop() {
            let more = self.follow(self.name(at), kind, spending, objections)?;
            open.extend(more);
        }
        Ok(())
    }

    /// Reads the relationships of one part; the parts that were reached for the first time.
    fn follow(
        &mut self,
        source: &str,
        source_kind: Kind,
        spending: &mut Spending,
        objections: &mut Objections,
    ) -> Result<Vec<(usize, Kind)>, Fault> {
        let (folder, file) = source.rsplit_once('/').map_or(("", source), |(folder, file)| (folder, file));
        let slash = if folder.is_empty() { "" } else { "/" };
        let name = format!("{folder}{slash}_rels/{file}.rels");
        let Some(&at) = self.places.get(&name.to_ascii_lowercase()) else { return Ok(Vec::new()) };
        let Some(member) = self.members.get(at).copied() else { return Ok(Vec::new()) };
        if member.name != name || self.types.of(member.name) != Some(opc::RELATIONSHIPS) {
            return Err(("office.relation", "a part of relationships of another type"));
        }
        if let Some(slot) = self.kinds.get_mut(at) {
            *slot = Some(Kind::Package);
        }
        let octets = member.octets()?;
        let mut reached = Vec::new();
        let mut relations = Vec::new();
        for raw in opc::relationships(&octets, &mut spending.nodes)? {
            match self.relation(raw, folder, source_kind, &mut reached) {
                Ok(relation) => relations.push(relation),
                Err((rule, detail)) => objections.add(rule, format!("{detail}, in {name}")),
            }
        }
        let source_at = self.places.get(&source.to_ascii_lowercase());
        if let Some(&source_at) = source_at {
            self.relations.insert(source_at, relations);
        }
        Ok(reached)
    }

    fn relation(
        &mut self,
        raw: opc::RawRelation,
        folder: &str,
        source: Kind,
        reached: &mut Vec<(usize, Kind)>,
    ) -> Result<Relation, Fault> {
        let (target, edition) = if raw.is_external {
            let (kind, edition) = kinds::of(&raw.relation, None, source)?;
            debug_assert_eq!(kind, Kind::Hyperlink, "nothing else leads out");
            if !super::address::is_outside(&raw.target) {
                return Err(("office.link", "to a place that is not on the list"));
            }
            (Target::Outside, edition)
        } else {
            const MISSING: Fault = ("office.relation", "leads to nothing");
            let name = opc::resolve(folder, &raw.target).ok_or(MISSING)?;
            let at = *self.places.get(&name.to_ascii_lowercase()).ok_or(MISSING)?;
            if self.name(at) != name {
                return Err(("office.relation", "leads to a name of other letters"));
            }
            let content_type =
                self.types.of(&name).ok_or(("office.content_types", "of a part is missing"))?;
            let (kind, edition) = kinds::of(&raw.relation, Some(content_type), source)?;
            let is_placed = if kind == Kind::Image {
                is_media(&name, content_type)
            } else {
                name.ends_with(if kind == Kind::NotesDrawing { ".vml" } else { ".xml" })
            };
            if !is_placed {
                return Err(("office.name", "an extension that is not of its type"));
            }
            let slot = self.kinds.get_mut(at).ok_or(MISSING)?;
            match slot {
                None => {
                    *slot = Some(kind);
                    reached.push((at, kind));
                }
                Some(known) if *known == kind => {}
                Some(_) => return Err(("office.relation", "leads to a part that is something else, too")),
            }
            (Target::Part(kind, at), edition)
        };
        if edition.is_some_and(|edition| *self.edition.get_or_insert(edition) != edition) {
            return Err(("office.edition", "relationships of both editions"));
        }
        Ok(Relation { id: raw.id, target, is_named: false })
    }

    fn part(
        &mut self,
        at: usize,
        kind: Kind,
        spending: &mut Spending,
        objections: &mut Objections,
    ) -> Result<(), Fault> {
        let Some(member) = self.members.get(at).copied() else { return Ok(()) };
        let octets = member.octets()?;
        let foreign = if kind == Kind::DiagramData { self.foreign(at) } else { BTreeSet::new() };
        let package = rules::Package { edition: self.edition, foreign };
        let mut none = Vec::new();
        let relations = self.relations.get_mut(&at).unwrap_or(&mut none);
        rules::check(&octets, kind, package, relations, &mut spending.nodes, &mut |(rule, detail), place| {
            objections.add(rule, format!("{detail}, at {place} in {}", member.name));
        })
    }

    /// The names under which those who lead to a part know anything but the drawing of a diagram.
    fn foreign(&self, at: usize) -> BTreeSet<String> {
        let leads_here =
            |relation: &Relation| matches!(relation.target, Target::Part(_, place) if place == at);
        let is_drawing =
            |relation: &&Relation| matches!(relation.target, Target::Part(Kind::DiagramDrawing, _));
        let hosts = self.relations.values().filter(|relations| relations.iter().any(leads_here));
        hosts.flatten().filter(|relation| !is_drawing(relation)).map(|relation| relation.id.clone()).collect()
    }

    /// A drawing of a sheet, and the pictures that it names.
    fn drawing(&mut self, at: usize) -> Result<(), Fault> {
        let Some(member) = self.members.get(at).copied() else { return Ok(()) };
        let mut none = Vec::new();
        let relations = self.relations.get_mut(&at).unwrap_or(&mut none);
        for id in notes::check(&member.octets()?)? {
            let leads = |relation: &&mut Relation| {
                relation.id == id && matches!(relation.target, Target::Part(Kind::Image, _))
            };
            let relation = relations.iter_mut().find(leads);
            relation.ok_or(("office.notes", "a picture to which nothing leads"))?.is_named = true;
        }
        Ok(())
    }

    fn picture(&self, at: usize, spending: &mut Spending, objections: &mut Objections) {
        let Some(member) = self.members.get(at) else { return };
        let media_type = self.types.of(member.name).unwrap_or_default();
        match member.octets() {
            Ok(octets) => spending.picture(&octets, media_type, objections),
            Err((rule, detail)) => objections.add(rule, detail),
        }
    }
}

/// The name of a part: letters and digits in few levels, or one of the names that the standard fixes.
fn is_part_name(name: &str) -> bool {
    if name == "[Content_Types].xml" {
        return true;
    }
    let is_plain = |segment: &str| {
        let segment = segment.strip_prefix('_').unwrap_or(segment);
        let (stem, extensions) = segment.split_once('.').unwrap_or((segment, ""));
        stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && matches!(
                extensions,
                "" | "rels" | "xml" | "xml.rels" | "vml" | "vml.rels" | "png" | "jpeg" | "jpg"
            )
    };
    name.len() <= NAME_OCTETS_MAX && name.split('/').count() <= LEVELS_MAX && name.split('/').all(is_plain)
}

fn is_media(name: &str, content_type: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let in_folder = name.rsplit('/').nth(1) == Some("media");
    in_folder && matches!((extension, content_type), ("png", "image/png") | ("jpeg" | "jpg", "image/jpeg"))
}
