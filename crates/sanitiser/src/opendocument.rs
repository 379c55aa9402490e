//! odt, ods, odp, odg, their templates and flat XML (OASIS OpenDocument 1.3) → the same document written anew, still
//! editable.
//!
//! Written are `mimetype`, `META-INF/manifest.xml`, `content.xml`, `styles.xml`, `settings.xml` (of the look alone),
//! `meta.xml` (the title alone), `Pictures/image1.png` … and charts as `Object 1/`. Elements and attributes are those of
//! [`policy::vocabulary::opendocument`]; links lead to web pages, people and places in the document; formulas that
//! reach out keep their values, fields that fetch or run keep their text. Scripts, forms, databases, DDE, embedded
//! files, sounds, fonts, thumbnails and versions have no place in what is written.
//!
//! *Security.* Given any octets. Members are unpacked one by one from the budget ([`crate::package`]), read into a tree
//! that holds only names of the vocabulary ([`crate::markup`]), walked once ([`sieve`]) and written. Names of the source
//! are never names of the output. An encrypted document that no word opens is [`FindingCode::Locked`] ([`lock`]).

mod dialect;
mod forms;
mod formula;
mod links;
mod lock;
mod objects;
mod parts;
mod pictures;
mod settings;
mod sieve;
mod values;

use crate::{
    Rewritten, Surroundings,
    markup::{self, Tree},
    package::Package,
    raster::Fidelity,
    zip_writer::{Method, ZipFile},
};
use dialect::DIALECT;
use lock::{Lock, Opened};
use mail::MediaType;
use objects::Object;
use pictures::Pictures;
use policy::{Action, Budget, FindingCode, Findings, Policy};
use std::borrow::Cow;

/// A document on its way.
struct Rebuild<'a, 's> {
    /// `None` for flat XML.
    package: Option<Package<'s>>,
    /// What opens its members.
    opened: Option<Opened>,
    policy: &'a Policy,
    budget: &'a mut Budget,
    findings: &'a mut Findings,
    fidelity: Fidelity,
    surroundings: &'a mut dyn Surroundings,
    pictures: Pictures,
    objects: Vec<Object>,
    /// Characters of text that stood in what was left out.
    lost_characters: u64,
    /// The version of the format that all parts bear: programs refuse a package whose parts differ.
    version: &'static str,
}

/// What a document is, by its body: the end of its media type, and its extension.
const KINDS: &[(&str, &str, &str)] = &[
    ("text", "application/vnd.oasis.opendocument.text", "odt"),
    ("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("presentation", "application/vnd.oasis.opendocument.presentation", "odp"),
    ("drawing", "application/vnd.oasis.opendocument.graphics", "odg"),
];

/// Writes a document anew.
///
/// A locked one opens with one of `words`. Errors are verdicts: a limit, [`FindingCode::Locked`], [`FindingCode::Unreadable`], or
/// [`FindingCode::NotSupportedYet`] for formulas, charts and databases that are files of their own.
pub fn rebuild(
    octets: &[u8],
    words: &[String],
    policy: &Policy,
    budget: &mut Budget,
    findings: &mut Findings,
    fidelity: Fidelity,
    surroundings: &mut dyn Surroundings,
) -> Result<Rewritten, FindingCode> {
    let whole;
    let (mut package, mut opened) = match octets {
        [b'P', b'K', ..] => {
            let mut package = Package::open(octets, budget, findings)?;
            let lock = Lock::read(&mut package, budget)?;
            let opened = lock.map(|lock| lock.open(&mut package, words, budget, findings)).transpose()?;
            (Some(package), opened)
        }
        _ => (None, None),
    };
    if let (Some(outer), Some(key)) = (&mut package, &opened)
        && let Some(packed) = outer.read(lock::WHOLE, budget)?
    {
        whole = key.member(lock::WHOLE, packed, budget)?;
        let mut inner = Package::open(&whole, budget, findings)?;
        // What is locked once more in there was made by no program.
        if Lock::read(&mut inner, budget)?.is_some() {
            return Err(FindingCode::Unreadable);
        }
        (package, opened) = (Some(inner), None);
    }
    let mut rebuild = Rebuild {
        package,
        opened,
        policy,
        budget,
        findings,
        fidelity,
        surroundings,
        pictures: Pictures::default(),
        objects: Vec::new(),
        lost_characters: 0,
        version: parts::VERSION,
    };
    rebuild.run(octets)
}

/// The parts of a document as they came.
struct Source<'o> {
    content: Cow<'o, [u8]>,
    styles: Option<Cow<'o, [u8]>>,
    settings: Option<Cow<'o, [u8]>>,
    metadata: Option<Cow<'o, [u8]>>,
}

impl Rebuild<'_, '_> {
    fn run(&mut self, octets: &[u8]) -> Result<Rewritten, FindingCode> {
        let source = self.source(octets)?;
        let mut content = markup::read(&source.content, &DIALECT, self.budget)?;
        let root = if self.package.is_some() { "document-content" } else { "document" };
        if !content.is(content.root(), ("office", root)) {
            return Err(FindingCode::Unreadable);
        }
        let body = parts::body(&content).ok_or(FindingCode::Unreadable)?;
        let &(_, media_type, extension) =
            KINDS.iter().find(|(kind, ..)| *kind == body).ok_or(FindingCode::NotSupportedYet)?;
        self.tell_macros();
        self.tell_scripts(&content, content.root());
        self.version = parts::version(&content);
        parts::as_content(&mut content, self.version);
        self.sieve(&mut content, "")?;
        let content = content.write();
        let styles = match &source.styles {
            Some(octets) => {
                let tree = markup::read(octets, &DIALECT, self.budget)?;
                self.styles(tree)?
            }
            None => parts::no_styles(self.version),
        };
        let settings = self.side_part(source.settings.as_deref(), "settings")?;
        let settings = settings.and_then(|tree| settings::rebuild(tree, self.version));
        let metadata = self.side_part(source.metadata.as_deref(), "meta")?;
        let metadata = metadata
            .and_then(|tree| parts::title(&tree))
            .and_then(|title| parts::metadata(&title, self.version));
        if self.lost_characters > 0 {
            self.findings.add(FindingCode::LayoutMayDiffer);
        }
        let octets = self.packed(media_type, content, styles, settings, metadata)?;
        Ok(Rewritten {
            octets,
            media_type: MediaType::known(media_type),
            extension,
            charset: None,
            action: Action::Rebuild,
        })
    }

    fn styles(&mut self, mut tree: Tree) -> Result<Vec<u8>, FindingCode> {
        // A flat file was looked through whole.
        if self.package.is_some() {
            self.tell_scripts(&tree, tree.root());
        }
        parts::as_styles(&mut tree, self.version);
        self.sieve(&mut tree, "")?;
        Ok(tree.write())
    }

    /// Reads a part without which a document is still one. A part that cannot be read is told and is none; a limit is a
    /// verdict.
    fn side_part(&mut self, octets: Option<&[u8]>, name: &str) -> Result<Option<Tree>, FindingCode> {
        let Some(octets) = octets else { return Ok(None) };
        match markup::read(octets, &DIALECT, self.budget) {
            Ok(tree) => Ok(Some(tree)),
            Err(FindingCode::Unreadable) => {
                self.findings.add_detail(FindingCode::ElementDropped, name);
                Ok(None)
            }
            Err(limit) => Err(limit),
        }
    }

    fn source<'o>(&mut self, octets: &'o [u8]) -> Result<Source<'o>, FindingCode> {
        if self.package.is_none() {
            // Each part is a view of the one file.
            let whole = || Cow::Borrowed(octets);
            let (styles, settings, metadata) = (Some(whole()), Some(whole()), Some(whole()));
            return Ok(Source { content: whole(), styles, settings, metadata });
        }
        let styles = self.member("styles.xml")?;
        if styles.is_none() && self.package.as_ref().is_some_and(|package| package.has("styles.xml")) {
            self.findings.add(FindingCode::LayoutMayDiffer);
        }
        Ok(Source {
            content: self.member("content.xml")?.ok_or(FindingCode::Unreadable)?.into(),
            styles: styles.map(Cow::Owned),
            settings: self.member("settings.xml")?.map(Cow::Owned),
            metadata: self.member("meta.xml")?.map(Cow::Owned),
        })
    }

    /// Libraries of scripts beside the document; empty lists of them are none.
    fn tell_macros(&mut self) {
        let Some(package) = &self.package else { return };
        let is_script = |name: &&str| {
            let file = name.rsplit('/').next().unwrap_or_default();
            let lists = ["script-lc.xml", "script-lb.xml", "dialog-lc.xml", "dialog-lb.xml"];
            (name.starts_with("Basic/") || name.starts_with("Scripts/") || name.starts_with("Dialogs/"))
                && !lists.contains(&file)
        };
        let scripts = u32::try_from(package.names().filter(is_script).count()).unwrap_or(u32::MAX);
        self.findings.add_many(FindingCode::Macro, scripts, "");
    }

    /// The package, `mimetype` first (ODF 1.3 part 2 §3.3).
    fn packed(
        &mut self,
        media_type: &str,
        content: Vec<u8>,
        styles: Vec<u8>,
        settings: Option<Vec<u8>>,
        metadata: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, FindingCode> {
        let xml = |name: String, octets: Vec<u8>| (name, "text/xml", octets);
        let mut files = vec![xml("content.xml".to_owned(), content), xml("styles.xml".to_owned(), styles)];
        files.extend(metadata.map(|octets| xml("meta.xml".to_owned(), octets)));
        files.extend(settings.map(|octets| xml("settings.xml".to_owned(), octets)));
        let mut entries = vec![("/".to_owned(), media_type.to_owned())];
        for object in self.objects.drain(..) {
            let chart = "application/vnd.oasis.opendocument.chart";
            entries.push((format!("{}/", object.name), chart.to_owned()));
            files.push(xml(format!("{}/content.xml", object.name), object.content));
            files.push(xml(format!("{}/styles.xml", object.name), object.styles));
        }
        files.append(&mut self.pictures.written);
        entries.extend(files.iter().map(|(name, media_type, _)| (name.clone(), (*media_type).to_owned())));
        let manifest = parts::manifest(&entries, self.version).ok_or(FindingCode::Unreadable)?;
        let mut zip = ZipFile::new();
        let mut written = zip.add("mimetype", media_type.as_bytes(), Method::Stored);
        written = written.and_then(|()| zip.add("META-INF/manifest.xml", &manifest, Method::Deflated));
        for (name, media_type, octets) in files {
            // Pictures are compressed already.
            let method = if media_type == "text/xml" { Method::Deflated } else { Method::Stored };
            written = written.and_then(|()| zip.add(&name, &octets, method));
        }
        match written.and_then(|()| zip.finish()) {
            Ok(octets) => Ok(octets),
            // A ZIP of this form ends at 4 GiB.
            Err(_) => Err(FindingCode::LimitOutput),
        }
    }
}

#[cfg(test)]
mod tests;
