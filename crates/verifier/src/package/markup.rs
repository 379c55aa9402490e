//! What the XML of all packages has in common: names out of a vocabulary, and attributes that no element may bear.
//!
//! *Security.* Nothing is kept but the namespaces of the root.

use super::{
    Fault, address, formula,
    xml::{Attribute, Reader, Tag},
};
use policy::vocabulary::{Edition, NamespaceId, Vocabulary};

/// Names of elements, in any namespace, that embed, run, link or fetch something; that no vocabulary has them is
/// not relied on.
#[rustfmt::skip]
const DENIED_ELEMENTS: &[&str] = &[
    "OLEObject", "altChunk", "applet", "attachedSchema", "attachedTemplate", "audio-file", "audioCd", "audioFile", "auto-reload",
    "binary", "binary-data", "blob", "connection", "connections", "contentPart", "control", "controls", "custData",
    "custDataLst", "customData", "dataBinding", "dbPr", "dde-connection", "dde-connection-decl",
    "dde-connection-decls", "dde-link", "dde-links", "dde-source", "ddeItem", "ddeItems", "ddeLink", "dialogsheet",
    "docVar", "docVars", "embedBold", "embedBoldItalic", "embedItalic", "embedRegular", "embeddedFont",
    "embeddedFontLst", "entryMacro", "event-listener", "event-listeners", "execute-macro", "exitMacro", "externalBook",
    "externalData", "externalLink", "externalReference", "externalReferences", "fileRecoveryPr", "floating-frame",
    "fldData", "font-face-format", "font-face-src", "font-face-uri", "forms", "frameset", "functionGroup",
    "functionGroups", "HLinks", "HyperlinkBase", "imgLayer", "macrosheet", "mailMerge", "media", "movie", "oblob", "objectEmbed", "objectLink",
    "object-ole", "oleItem", "oleItems", "oleLink", "oleObj", "oleObject", "oleObjects", "oleSize", "ostorage", "ostream",
    "plugin", "printerSettings", "quickTimeFile", "recipientData", "relationshipTable", "saveThroughXslt", "script",
    "scripts", "section-source", "snd", "sndAc", "sound", "stream", "storage", "subDoc", "svgBlip", "table-source",
    "cell-range-source", "videoFile", "wavAudioFile", "webExtension", "webExtensionRef", "webPr", "webPublishItem",
    "webPublishItems", "webVideoPr", "webextension", "xmlColumnPr",
];
/// Attributes that name what runs or is fetched.
#[rustfmt::skip]
const DENIED_ATTRIBUTES: &[&str] = &[
    "althref", "codeName", "embeddedHtml", "equationxml", "gfxdata", "macro-name", "ole", "oleid", "sigProvUrl", "src", "xlm", "vbProcedure",
];
/// Attributes of words for people, which may look like anything.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "action", "alt", "author", "comment", "descr", "description", "display", "display-name", "error", "errorTitle", "help", "label", "name", "promptTitle", "prompt",
    "statusBar", "string", "string-value", "title", "tooltip", "v", "c", "val", "userName", "caption", "creator", "initials", "text",
    "formatCode", "char", "lvlText", "displayName", "uniqueName", "sourceName", "num-prefix", "num-suffix", "leader-text", "citation", "value",
    "alias", "tag", "numFmt", "annote", "booktitle", "url", "custom1", "custom2", "custom3", "custom4", "custom5",
    "string-value-if-true", "string-value-if-false", "member-name", "data-field", "id", "userId", "s",
];

/// Namespaces of the vocabularies that our writers only read: the old drawings (VML) with their controls, maps and
/// schemas that are fetched, forms and scripts.
const ONLY_READ: &[&str] = &["v", "o", "w10", "pvml", "xvml", "cx", "sl", "form", "script"];

/// The namespaces of one part, each under the prefix of the vocabulary.
#[derive(Debug)]
pub(super) struct Names {
    vocabulary: &'static Vocabulary,
    known: Vec<(&'static str, NamespaceId)>,
    /// The edition of its namespaces; `None` when none has two.
    pub(super) edition: Option<Edition>,
}

impl Names {
    /// What the root declares. Read after the root's start tag.
    pub(super) fn of_root(reader: &Reader<'_>, vocabulary: &'static Vocabulary) -> Result<Self, Fault> {
        const RULE: &str = "markup.namespace";
        let mut names = Self { vocabulary, known: Vec::new(), edition: None };
        for (prefix, uri) in reader.namespaces() {
            let (id, edition) = vocabulary.namespace_of_uri(uri).ok_or((RULE, "not on the list"))?;
            let canonical = vocabulary.prefix(id);
            if ONLY_READ.contains(&canonical) {
                return Err((RULE, "of drawings or schemas that are never written"));
            }
            if canonical != *prefix {
                return Err((RULE, "under another prefix than its own"));
            }
            if vocabulary.uri(id, Edition::Transitional) != vocabulary.uri(id, Edition::Strict)
                && *names.edition.get_or_insert(edition) != edition
            {
                return Err((RULE, "of both editions"));
            }
            names.known.push((canonical, id));
        }
        Ok(names)
    }

    fn id(&self, prefix: &str) -> Option<(&'static str, NamespaceId)> {
        self.known.iter().copied().find(|(known, _)| *known == prefix)
    }

    /// Whether `prefix` is declared.
    pub(super) fn has(&self, prefix: &str) -> bool {
        self.id(prefix).is_some()
    }

    /// Checks element and attributes against the vocabulary and against what is denied everywhere.
    /// `special`: attributes that the caller judges alone.
    pub(super) fn check(&self, tag: &Tag<'_>, special: &dyn Fn(&Attribute<'_>) -> bool) -> Result<(), Fault> {
        let (_, id) = self.id(tag.prefix).ok_or(("markup.element", "not on the list"))?;
        let element = self.vocabulary.element(id, tag.local).ok_or(("markup.element", "not on the list"))?;
        if DENIED_ELEMENTS.contains(&tag.local) {
            return Err(("markup.element", "embeds, runs, links or fetches"));
        }
        for attribute in &tag.attributes {
            if special(attribute) {
                continue;
            }
            if attribute.prefix == "xml" {
                let sound = match attribute.local {
                    "space" => matches!(&*attribute.value, "preserve" | "default"),
                    "lang" | "id" => {
                        attribute.value.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
                    }
                    _ => false,
                };
                if !sound {
                    return Err(("markup.attribute", "of XML, and not on the list"));
                }
                continue;
            }
            let namespace = match attribute.prefix {
                "" => None,
                prefix => Some(self.id(prefix).ok_or(("markup.attribute", "not on the list"))?.1),
            };
            if !element.allows(namespace, attribute.local) {
                return Err(("markup.attribute", "not on the list"));
            }
            denied(attribute)?;
        }
        Ok(())
    }
}

/// What no attribute may be or hold.
fn denied(attribute: &Attribute<'_>) -> Result<(), Fault> {
    let (local, value) = (attribute.local, &*attribute.value);
    // Names of events begin so; `on` itself switches a shadow.
    let is_event = local.strip_prefix("on").is_some_and(|event| event.len() >= 3);
    if is_event || DENIED_ATTRIBUTES.contains(&local) || (local == "macro" && !value.is_empty()) {
        return Err(("markup.attribute", "runs or fetches"));
    }
    if local == "style"
        && ["url(", "expression", "behavior", "import", "\\"].iter().any(|word| contains(value, word))
    {
        return Err(("markup.attribute", "a style that fetches or runs"));
    }
    if !WORDS.contains(&local) && address::is_active(value) {
        return Err(("markup.address", "an address on which a program would act"));
    }
    Ok(())
}

/// Whether it holds `word`, without regard to case.
pub(super) fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Checks attributes that hold a formula.
pub(super) fn formula(value: &str, dialect: formula::Dialect) -> Result<(), Fault> {
    formula::check(value, dialect)
}
