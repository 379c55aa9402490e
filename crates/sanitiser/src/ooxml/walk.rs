//! The walk over a package: from the root along allowed relationships, each part once, and the new package.

mod objects;

use super::{
    Book, DIALECT, Rules, Tally, links, notes,
    parts::{self, Family, Part},
    preview, properties,
    references::{self, Numbers, expected, may_be_empty, repair_counts, unlink},
    refused,
    sieve::Sieve,
};
use crate::Surroundings;
use crate::markup::{self, Tree};
use crate::package::{
    self, Package, content_types::ContentTypes, relationships, relationships::Relationship,
};
use crate::picture;
use crate::zip_writer::{Method, ZipFile};
use policy::vocabulary::Edition;
use policy::{Budget, FindingCode, Findings, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// Most nodes of all parts that are open at the same time.
const NODES_MAX: usize = 12_000_000;

/// A document written anew.
pub(super) struct Written {
    pub(super) octets: Vec<u8>,
    pub(super) family: Family,
    pub(super) tally: Tally,
}

/// A part that was read and waits to be written.
struct Loaded {
    part: Part,
    /// The name that it is written under, below the folder of the family.
    name: String,
    source: String,
    tree: Option<Tree>,
    relationships: Vec<Relationship>,
}

/// Where a new relationship leads.
enum Target {
    Part(usize),
    /// Name of a written picture below the folder.
    Picture(String),
    /// Name of a written drawing of comments below the folder.
    Notes(String),
    Address(String),
}

/// A relationship as it is written.
struct NewRelationship {
    id: String,
    target: Target,
}

/// A part as it stands in the new package.
struct Member {
    name: String,
    octets: Vec<u8>,
    method: Method,
}

struct Walk<'a> {
    package: Package<'a>,
    types: ContentTypes,
    policy: &'a Policy,
    rules: &'a Rules,
    budget: &'a mut Budget,
    findings: &'a mut Findings,
    surroundings: &'a mut dyn Surroundings,
    family: Family,
    edition: Edition,
    book: Book,
    loaded: Vec<Loaded>,
    /// Parts by their name in the source (lower case) and kind; `None` for those that cannot be read.
    known: BTreeMap<(String, Part), Option<usize>>,
    pictures: BTreeMap<String, Option<String>>,
    numbers: BTreeMap<&'static str, u32>,
    nodes: usize,
    /// Members of the new package.
    members: Vec<Member>,
    /// Declared types of the new package, by member.
    overrides: Vec<(String, &'static str)>,
    extensions: BTreeSet<&'static str>,
}

/// Rebuilds a package.
pub(super) fn rebuild(
    octets: &[u8],
    policy: &Policy,
    rules: &Rules,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Written, FindingCode> {
    let mut package = Package::open(octets, budget, findings)?;
    let types = read_tree(&mut package, "[Content_Types].xml", budget)?.ok_or(FindingCode::Unreadable)?;
    let types = ContentTypes::of(&types);
    let root = read_tree(&mut package, "_rels/.rels", budget)?.ok_or(FindingCode::Unreadable)?;
    let root = relationships::of(&root)?;
    let main = root
        .iter()
        .find(|relationship| relationship.kind == "officeDocument" && !relationship.external)
        .and_then(|relationship| package::resolve("", &relationship.target))
        .ok_or(FindingCode::Unreadable)?;
    let family = Family::of_main_type(types.of_part(&main)).ok_or(FindingCode::TypeNotAllowed)?;
    let mut walk = Walk {
        package,
        types,
        policy,
        rules,
        budget,
        findings,
        surroundings,
        family,
        edition: Edition::Transitional,
        book: Book::default(),
        loaded: Vec::new(),
        known: BTreeMap::new(),
        pictures: BTreeMap::new(),
        numbers: BTreeMap::new(),
        nodes: 0,
        members: Vec::new(),
        overrides: Vec::new(),
        extensions: BTreeSet::new(),
    };
    walk.report_refused(&root);
    walk.load(&main, family.main())?.ok_or(FindingCode::Unreadable)?;
    if let Some(tree) = walk.loaded.first().and_then(|main| main.tree.as_ref()) {
        walk.edition = tree.edition();
    }
    let mut next = 0;
    while next < walk.loaded.len() {
        walk.write(next)?;
        next = next.saturating_add(1);
    }
    walk.finish(&root)
}

/// A part of the package itself; `None` when there is none.
fn read_tree(
    package: &mut Package<'_>,
    name: &str,
    budget: &mut Budget,
) -> Result<Option<Tree>, FindingCode> {
    match package.read(name, budget)? {
        Some(octets) => markup::read(&octets, &DIALECT, budget).map(Some),
        None => Ok(None),
    }
}

/// What a part that cannot be read means for the whole: nothing, unless a limit was met.
fn forgive<T>(result: Result<T, FindingCode>) -> Result<Option<T>, FindingCode> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(FindingCode::Unreadable) => Ok(None),
        Err(code) => Err(code),
    }
}

impl Walk<'_> {
    /// Reads a part once; `None` when there is none that can be read.
    fn load(&mut self, source: &str, part: Part) -> Result<Option<usize>, FindingCode> {
        let key = (source.to_ascii_lowercase(), part);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        // While it is being read it cannot be reached.
        self.known.insert(key.clone(), None);
        let tree = forgive(read_tree(&mut self.package, source, self.budget))?.flatten();
        let tree = tree.filter(|tree| tree.is(tree.root(), part.row().root));
        let Some(tree) = tree else {
            self.lose(part);
            return Ok(None);
        };
        self.nodes = self.nodes.saturating_add(tree.len());
        if self.nodes > NODES_MAX {
            return Err(FindingCode::LimitNodes);
        }
        let relationships = self.relationships(source)?;
        self.report_refused(&relationships);
        self.take(source, part, tree, relationships).map(Some)
    }

    /// Sieves a tree and gives the part its place.
    fn take(
        &mut self,
        source: &str,
        part: Part,
        tree: Tree,
        mut relationships: Vec<Relationship>,
    ) -> Result<usize, FindingCode> {
        let pictures = self.old_pictures(source, &tree, &mut relationships)?;
        let (findings, rules) = (&mut *self.findings, self.rules);
        let mut sieve = Sieve { tree, pictures: &pictures, findings, rules, book: &mut self.book };
        sieve.run();
        let tree = sieve.tree;
        let stem = part.row().stem;
        let number = self.numbers.entry(stem).or_default();
        *number = number.saturating_add(1);
        let name = match (stem.strip_suffix('#'), *number) {
            (Some(stem), number) => format!("{stem}{number}.xml"),
            (None, 1) => format!("{stem}.xml"),
            (None, number) => format!("{stem}{number}.xml"),
        };
        let place = self.loaded.len();
        self.loaded.push(Loaded { part, name, source: source.to_owned(), tree: Some(tree), relationships });
        self.known.insert((source.to_ascii_lowercase(), part), Some(place));
        Ok(place)
    }

    /// The pictures of objects that stand in an old drawing, each with a relationship of its own in the part.
    fn old_pictures(
        &mut self,
        source: &str,
        tree: &Tree,
        relationships: &mut Vec<Relationship>,
    ) -> Result<BTreeMap<String, String>, FindingCode> {
        let mut found = BTreeMap::new();
        let drawing = relationships.iter().find(|given| given.kind == "vmlDrawing" && !given.external);
        let Some(drawing) = drawing.filter(|_| preview::needs_old_drawing(tree)) else { return Ok(found) };
        let Some(name) = package::resolve(source, &drawing.target) else { return Ok(found) };
        // A drawing that cannot be read has no pictures to give.
        let octets = forgive(self.package.read(&name, self.budget))?.flatten();
        let old = octets.map(|octets| forgive(markup::read(&octets, &preview::OLD_DRAWING, self.budget)));
        let Some(old) = old.transpose()?.flatten() else { return Ok(found) };
        let given = self.relationships(&name)?;
        let by_id = relationships::by_id(&given);
        for (shape, id) in preview::pictures(&old) {
            let image = by_id.get(id.as_str()).filter(|given| given.kind == "image" && !given.external);
            let Some(target) = image.and_then(|image| package::resolve(&name, &image.target)) else {
                continue;
            };
            let id = format!("preview{}", relationships.len());
            let (kind, target) = ("image".to_owned(), format!("/{target}"));
            relationships.push(Relationship { id: id.clone(), kind, target, external: false });
            found.insert(shape, id);
        }
        Ok(found)
    }

    /// Tells of what a part refers to and what never crosses.
    fn report_refused(&mut self, relationships: &[Relationship]) {
        for relationship in relationships {
            refused::tell(relationship, self.findings);
        }
    }

    /// Tells of a part that the document promised and that is not there or cannot be read.
    fn lose(&mut self, part: Part) {
        self.findings.add_detail(FindingCode::ElementDropped, part.row().stem);
        if part.holds_remarks() {
            self.findings.add_detail(FindingCode::RemarksDropped, part.row().stem);
        }
        let tally = &mut self.book.tally;
        tally.elements = tally.elements.saturating_add(1);
        tally.parts = tally.parts.saturating_add(u64::from(part.is_seen()));
    }

    /// Tells of what an attribute names and no relationship of a fitting kind leads to.
    fn lose_named(&mut self, source: Part, expected: &[&str], relationship: Option<&Relationship>) {
        if relationship.is_some_and(refused::is_told) {
            return;
        }
        match expected {
            // A link that leads nowhere was none.
            [] | ["hyperlink", ..] => {}
            ["image", ..] => self.findings.add(FindingCode::PictureDropped),
            [kind, ..] => {
                if let Some(part) = Part::of_relationship(source, kind) {
                    self.lose(part);
                }
            }
        }
    }

    /// What a part refers to. Relationships that cannot be read are told: what hangs on them is gone.
    fn relationships(&mut self, source: &str) -> Result<Vec<Relationship>, FindingCode> {
        let name = relationships::part_of(source);
        match forgive(read_tree(&mut self.package, &name, self.budget))? {
            Some(Some(tree)) => relationships::of(&tree),
            Some(None) => Ok(Vec::new()),
            None => {
                self.findings.add_detail(FindingCode::ElementDropped, "relationships");
                let tally = &mut self.book.tally;
                tally.elements = tally.elements.saturating_add(1);
                tally.parts = tally.parts.saturating_add(1);
                Ok(Vec::new())
            }
        }
    }

    /// Resolves what a part refers to, reads the parts that are new, and writes it.
    fn write(&mut self, place: usize) -> Result<(), FindingCode> {
        let Some(loaded) = self.loaded.get_mut(place) else { return Ok(()) };
        let (Some(mut tree), part, source) = (loaded.tree.take(), loaded.part, loaded.source.clone()) else {
            return Ok(());
        };
        let name = loaded.name.clone();
        let given = std::mem::take(&mut loaded.relationships);
        let mut new: Vec<NewRelationship> = Vec::new();
        let given_by_id = relationships::by_id(&given);
        let mut numbers = Numbers::of(&given);
        let mut by_id: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (node, attribute) in references::named(&tree) {
            if !tree.is_attached(node) {
                continue;
            }
            let id = tree.attribute(node, attribute).unwrap_or_default().to_owned();
            if id.is_empty() && may_be_empty(&tree, node) {
                continue;
            }
            let relationship = given_by_id.get(id.as_str()).copied();
            let expected = expected(&tree, node, attribute);
            let fits =
                relationship.is_some_and(|relationship| expected.contains(&relationship.kind.as_str()));
            let written = match relationship.filter(|_| fits) {
                None => {
                    self.lose_named(part, expected, relationship);
                    None
                }
                Some(relationship) => match by_id.get(&id) {
                    Some(known) => known.clone(),
                    None => {
                        let target = self.follow(part, &source, relationship)?;
                        let written = target.map(|target| {
                            let id = numbers.give(&id);
                            new.push(NewRelationship { id: id.clone(), target });
                            id
                        });
                        by_id.insert(id, written.clone());
                        written
                    }
                },
            };
            match written {
                Some(id) => tree.set_attribute(node, attribute, &id),
                None => unlink(&mut tree, node, attribute),
            }
        }
        self.follow_implicit(part, &source, &given, &by_id, &mut numbers, &mut new)?;
        if part == Part::Worksheet {
            let margins = self.draw_objects(&source, &mut tree, &given, &mut numbers, &mut new)?;
            // Both old drawings keep their numbers, so that what is written again is the same.
            let (mut of_notes, mut of_margins) = (None, None);
            for old in given.iter().filter(|given| given.kind == "vmlDrawing") {
                let name = package::resolve(&source, &old.target);
                let is_margins = margins.iter().any(|(margins, _)| Some(margins) == name.as_ref());
                let place = if is_margins { &mut of_margins } else { &mut of_notes };
                place.get_or_insert(old.id.as_str());
            }
            let id = numbers.give(of_notes.unwrap_or_default());
            self.draw_notes(&mut tree, id, &mut new);
            let id = numbers.give(of_margins.unwrap_or_default());
            self.draw_margins(&mut tree, &margins, id, &mut new)?;
        }
        repair_counts(&mut tree);
        tree.set_edition(self.edition);
        let octets = tree.write();
        self.nodes = self.nodes.saturating_sub(tree.len());
        drop(tree);
        self.put_part(part, &name, octets, &new);
        Ok(())
    }

    /// Relationships that count although no attribute names them.
    fn follow_implicit(
        &mut self,
        part: Part,
        source: &str,
        given: &[Relationship],
        by_id: &BTreeMap<String, Option<String>>,
        numbers: &mut Numbers,
        new: &mut Vec<NewRelationship>,
    ) -> Result<(), FindingCode> {
        for relationship in given {
            if relationship.external || by_id.contains_key(&relationship.id) {
                continue;
            }
            let Some(kind) = Part::of_relationship(part, &relationship.kind) else { continue };
            if !kind.is_implicit_from(part) || self.leaves_out(kind) {
                continue;
            }
            let Some(target) = self.promised(kind, source, relationship) else {
                self.lose(kind);
                continue;
            };
            if let Some(place) = self.load(&target, kind)? {
                let id = numbers.give(&relationship.id);
                new.push(NewRelationship { id, target: Target::Part(place) });
            }
        }
        Ok(())
    }

    /// Comments of a sheet need a drawing.
    fn draw_notes(&mut self, tree: &mut Tree, id: String, new: &mut Vec<NewRelationship>) {
        let comments = new.iter().find_map(|relationship| match relationship.target {
            Target::Part(place) => self.loaded.get(place).filter(|part| part.part == Part::ExcelComments),
            Target::Picture(_) | Target::Notes(_) | Target::Address(_) => None,
        });
        let Some(drawing) = comments.and_then(|comments| comments.tree.as_ref()).and_then(notes::drawing)
        else {
            return;
        };
        let Some(mark) = tree.create(("x", "legacyDrawing")) else { return };
        tree.set_attribute(mark, ("r", "id"), &id);
        objects::insert_before_any(tree, mark, &["picture", "tableParts", "extLst"]);
        let name = self.put_old_drawing(drawing);
        new.push(NewRelationship { id, target: Target::Notes(name) });
    }

    /// Whether policy leaves parts of this kind out.
    fn leaves_out(&mut self, kind: Part) -> bool {
        let left_out = kind.is_remark() && !self.rules.comments;
        if left_out && kind.holds_remarks() {
            self.findings.add_detail(FindingCode::RemarksDropped, kind.row().stem);
        }
        left_out
    }

    /// The part that a relationship leads to, if it is there and declares to be what the relationship promises.
    fn promised(&self, kind: Part, source: &str, relationship: &Relationship) -> Option<String> {
        let target = package::resolve(source, &relationship.target)?;
        (kind.row().declares(self.types.of_part(&target)) && self.package.has(&target)).then_some(target)
    }

    /// Follows a relationship that an attribute names.
    fn follow(
        &mut self,
        part: Part,
        source: &str,
        relationship: &Relationship,
    ) -> Result<Option<Target>, FindingCode> {
        if relationship.external {
            if relationship.kind != "hyperlink" || !part.may_link() {
                return Ok(None);
            }
            let address = links::target(&relationship.target).filter(|_| self.rules.links);
            if address.is_none() {
                self.findings.add_detail(FindingCode::LinkDropped, &relationship.target);
            }
            return Ok(address.map(Target::Address));
        }
        if relationship.kind == "image" {
            let target = package::resolve(source, &relationship.target).filter(|_| part.may_show());
            let Some(target) = target else {
                self.findings.add(FindingCode::PictureDropped);
                return Ok(None);
            };
            return Ok(self.picture(&target)?.map(Target::Picture));
        }
        if part == Part::Workbook && SHEETS_EMPTIED.contains(&relationship.kind.as_str()) {
            return Ok(self.empty_sheet(&relationship.target)?.map(Target::Part));
        }
        let Some(kind) = Part::of_relationship(part, &relationship.kind) else { return Ok(None) };
        let place = match self.promised(kind, source, relationship) {
            Some(target) => self.load(&target, kind)?,
            None => {
                self.lose(kind);
                None
            }
        };
        if place.is_none() && kind == Part::Worksheet {
            return Ok(self.empty_sheet(&relationship.target)?.map(Target::Part));
        }
        Ok(place.map(Target::Part))
    }

    /// An empty sheet in the place of one that must not cross: names and numbers of the others stay right.
    fn empty_sheet(&mut self, source: &str) -> Result<Option<usize>, FindingCode> {
        let Some(mut tree) = Tree::new(&DIALECT, ("x", "worksheet")) else { return Ok(None) };
        let Some(data) = tree.create(("x", "sheetData")) else { return Ok(None) };
        tree.append(tree.root(), data);
        self.take(&format!("{source}#empty"), Part::Worksheet, tree, Vec::new()).map(Some)
    }

    /// The name of a picture in the new package, below the folder.
    fn picture(&mut self, source: &str) -> Result<Option<String>, FindingCode> {
        let key = source.to_ascii_lowercase();
        if let Some(known) = self.pictures.get(&key) {
            return Ok(known.clone());
        }
        let octets = forgive(self.package.read(source, self.budget))?.flatten();
        let picture = match octets {
            Some(octets) => {
                let fidelity = self.rules.fidelity;
                picture::rebuild(
                    &octets,
                    self.policy,
                    fidelity,
                    self.budget,
                    self.findings,
                    self.surroundings,
                )?
            }
            None => None,
        };
        if picture.is_none() {
            self.findings.add(FindingCode::PictureDropped);
        }
        let name = picture.map(|picture| {
            let number = self.numbers.entry("image").or_default();
            *number = number.saturating_add(1);
            let name = format!("media/image{number}.{}", picture.extension);
            self.extensions.insert(picture.extension);
            self.members.push(Member {
                name: format!("{}/{name}", self.family.folder()),
                octets: picture.octets,
                method: Method::Stored,
            });
            name
        });
        self.pictures.insert(key, name.clone());
        Ok(name)
    }

    /// Puts a written part and its relationships into the new package.
    fn put_part(&mut self, part: Part, name: &str, octets: Vec<u8>, new: &[NewRelationship]) {
        let folder = self.family.folder();
        let full = format!("{folder}/{name}");
        self.overrides.push((full.clone(), part.row().media_type));
        self.members.push(Member { name: full, octets, method: Method::Deflated });
        if new.is_empty() {
            return;
        }
        let mut body = String::new();
        for relationship in new {
            let (kind, target, mode) = match &relationship.target {
                Target::Part(place) => {
                    let Some(loaded) = self.loaded.get(*place) else { continue };
                    (loaded.part.relationship_type(self.edition), relative(name, &loaded.name), "")
                }
                Target::Picture(picture) => {
                    (parts::plain_relationship_type("image", self.edition), relative(name, picture), "")
                }
                Target::Notes(drawing) => {
                    (parts::plain_relationship_type("vmlDrawing", self.edition), relative(name, drawing), "")
                }
                Target::Address(address) => (
                    parts::plain_relationship_type("hyperlink", self.edition),
                    address.clone(),
                    " TargetMode=\"External\"",
                ),
            };
            push_relationship(&mut body, &relationship.id, &kind, &target, mode);
        }
        self.put(&relationships::part_of(&format!("{folder}/{name}")), relationships_part(&body));
    }

    fn put(&mut self, name: &str, text: String) {
        self.members.push(Member {
            name: name.to_owned(),
            octets: text.into_bytes(),
            method: Method::Deflated,
        });
    }

    /// Properties, root relationships, declared types; then the package.
    fn finish(mut self, root: &[Relationship]) -> Result<Written, FindingCode> {
        let folder = self.family.folder();
        let main = format!("{folder}/{}", self.loaded.first().map_or("", |main| main.name.as_str()));
        let mut body = String::new();
        push_relationship(&mut body, "rId1", &self.family.main().relationship_type(self.edition), &main, "");
        let core = self.property(root, &["core-properties"])?.and_then(|tree| properties::core(&tree));
        if let Some(core) = core {
            let kind =
                "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties";
            push_relationship(&mut body, "rId2", kind, "docProps/core.xml", "");
            let media_type = "application/vnd.openxmlformats-package.core-properties+xml";
            self.overrides.push(("docProps/core.xml".to_owned(), media_type));
            self.put("docProps/core.xml", core);
        }
        let kinds = ["extended-properties", "extendedProperties"];
        let application = self.property(root, &kinds)?;
        let application = application.and_then(|tree| properties::application(&tree, self.edition));
        if let Some(application) = application {
            let name = match self.edition {
                Edition::Transitional => "extended-properties",
                Edition::Strict => "extendedProperties",
            };
            let kind = parts::plain_relationship_type(name, self.edition);
            push_relationship(&mut body, "rId3", &kind, "docProps/app.xml", "");
            let media_type = "application/vnd.openxmlformats-officedocument.extended-properties+xml";
            self.overrides.push(("docProps/app.xml".to_owned(), media_type));
            self.put("docProps/app.xml", application);
        }
        let mut file = ZipFile::new();
        let types = self.content_types();
        let root = relationships_part(&body);
        let first = [("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", root.as_bytes())];
        let written = first
            .into_iter()
            .map(|(name, octets)| (name, octets, Method::Deflated))
            .chain(self.members.iter().map(|m| (m.name.as_str(), m.octets.as_slice(), m.method)))
            .try_for_each(|(name, octets, method)| file.add(name, octets, method));
        let Ok(octets) = written.and_then(|()| file.finish()) else { return Err(FindingCode::OutOfMemory) };
        Ok(Written { octets, family: self.family, tally: self.book.tally })
    }

    fn property(&mut self, root: &[Relationship], kinds: &[&str]) -> Result<Option<Tree>, FindingCode> {
        let found = root
            .iter()
            .find(|relationship| !relationship.external && kinds.contains(&relationship.kind.as_str()));
        let Some(target) = found.and_then(|found| package::resolve("", &found.target)) else {
            return Ok(None);
        };
        Ok(forgive(read_tree(&mut self.package, &target, self.budget))?.flatten())
    }

    fn content_types(&self) -> String {
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Types \
             xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" \
             ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
            .to_owned();
        for extension in &self.extensions {
            text.push_str(&format!("<Default Extension=\"{extension}\" ContentType=\"image/{extension}\"/>"));
        }
        for (name, media_type) in &self.overrides {
            text.push_str(&format!("<Override PartName=\"/{name}\" ContentType=\"{media_type}\"/>"));
        }
        text.push_str("</Types>");
        text
    }
}

/// The way from one part to another, both below the same folder and at most one folder deep.
fn relative(from: &str, to: &str) -> String {
    match (from.rsplit_once('/'), to.rsplit_once('/')) {
        (Some((here, _)), Some((there, name))) if here == there => name.to_owned(),
        (Some(_), _) => format!("../{to}"),
        (None, _) => to.to_owned(),
    }
}

/// Sheets that are programs or dialogs.
const SHEETS_EMPTIED: &[&str] = &["xlMacrosheet", "xlIntlMacrosheet", "dialogsheet"];

fn relationships_part(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships \
         xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{body}</Relationships>"
    )
}

fn push_relationship(body: &mut String, id: &str, kind: &str, target: &str, mode: &str) {
    let target =
        target.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    body.push_str(&format!("<Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"{mode}/>"));
}
