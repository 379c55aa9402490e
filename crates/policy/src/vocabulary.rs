//! The names of markup that may cross: elements of Office documents, and the attributes that each may bear.
//!
//! Names alone, taken from the standards (ISO/IEC 29500, OASIS OpenDocument 1.3 and the published extensions of
//! both); the sources stand at the head of each list. What embeds, links, runs or binds to data outside is not on the
//! lists, so a name that is not here has nothing to say. What the values mean (links, fields, formulas) is judged by
//! whoever reads them, the sanitiser and the verifier each by its own rules.

use std::{collections::HashMap, sync::LazyLock};

/// One of the namespaces of a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId(u8);

/// Under which of its two names a namespace stands (ISO/IEC 29500-1 and 29500-4). OpenDocument knows only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edition {
    /// The name that nearly all programs write.
    Transitional,
    /// The name of the strict conformance class.
    Strict,
}

/// An element: its name, and the attributes that it may bear; those without a namespace have `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    namespace: NamespaceId,
    local: &'static str,
    attributes: Vec<(Option<NamespaceId>, &'static str)>,
}

impl Element {
    /// The namespace of its name.
    pub const fn namespace(&self) -> NamespaceId {
        self.namespace
    }

    /// Its name without prefix.
    pub const fn local(&self) -> &'static str {
        self.local
    }

    /// Whether the element may bear this attribute.
    pub fn allows(&self, namespace: Option<NamespaceId>, local: &str) -> bool {
        self.attribute(namespace, local).is_some()
    }

    /// The name of this attribute as it stands in the list, if the element may bear it.
    pub fn attribute(&self, namespace: Option<NamespaceId>, local: &str) -> Option<&'static str> {
        self.attributes.iter().find(|&&(known, name)| known == namespace && name == local).map(|&(_, n)| n)
    }
}

/// A list of names.
#[derive(Debug)]
pub struct Vocabulary {
    /// Prefix, transitional and strict name of each namespace.
    namespaces: Vec<(&'static str, &'static str, Option<&'static str>)>,
    by_uri: HashMap<&'static str, (NamespaceId, Edition)>,
    /// By local name, a map for each namespace.
    elements: Vec<HashMap<&'static str, Element>>,
}

/// Office Open XML and its packages.
pub fn ooxml() -> &'static Vocabulary {
    static OOXML: LazyLock<Vocabulary> =
        LazyLock::new(|| Vocabulary::read(include_str!("vocabulary/ooxml.txt")));
    &OOXML
}

/// OpenDocument.
pub fn opendocument() -> &'static Vocabulary {
    static OPEN_DOCUMENT: LazyLock<Vocabulary> =
        LazyLock::new(|| Vocabulary::read(include_str!("vocabulary/opendocument.txt")));
    &OPEN_DOCUMENT
}

impl Vocabulary {
    /// The namespace of a name, and under which of its names it was called.
    pub fn namespace_of_uri(&self, uri: &str) -> Option<(NamespaceId, Edition)> {
        self.by_uri.get(uri).copied()
    }

    /// The namespace that a prefix stands for in what is written here.
    pub fn namespace_of_prefix(&self, prefix: &str) -> Option<NamespaceId> {
        let place = self.namespaces.iter().position(|&(known, ..)| known == prefix)?;
        u8::try_from(place).ok().map(NamespaceId)
    }

    /// The one prefix under which a namespace is written.
    pub fn prefix(&self, namespace: NamespaceId) -> &'static str {
        self.namespaces.get(usize::from(namespace.0)).map_or("", |&(prefix, ..)| prefix)
    }

    /// The name of a namespace; one without a strict name keeps its own.
    pub fn uri(&self, namespace: NamespaceId, edition: Edition) -> &'static str {
        self.namespaces.get(usize::from(namespace.0)).map_or("", |&(_, uri, strict)| match edition {
            Edition::Transitional => uri,
            Edition::Strict => strict.unwrap_or(uri),
        })
    }

    /// An element, if its name is on the list.
    pub fn element(&self, namespace: NamespaceId, local: &str) -> Option<&Element> {
        self.elements.get(usize::from(namespace.0))?.get(local)
    }

    /// All namespaces, in the order of the list.
    pub fn namespaces(&self) -> impl Iterator<Item = NamespaceId> {
        (0..self.namespaces.len()).filter_map(|place| u8::try_from(place).ok().map(NamespaceId))
    }

    /// Reads a list: `@ PREFIX NAMESPACE [STRICT]` and `PREFIX:ELEMENT ATTRIBUTE...`, comments behind `#`.
    fn read(list: &'static str) -> Self {
        let mut vocabulary = Self { namespaces: Vec::new(), by_uri: HashMap::new(), elements: Vec::new() };
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some("@"), Some(prefix)) => vocabulary.declare(prefix, words.next(), words.next()),
                (Some(name), first) => {
                    let attributes = first.into_iter().chain(words);
                    let attributes = attributes.filter_map(|name| vocabulary.attribute(name)).collect();
                    vocabulary.admit(name, attributes);
                }
                (None, _) => {}
            }
        }
        vocabulary
    }

    fn declare(&mut self, prefix: &'static str, uri: Option<&'static str>, strict: Option<&'static str>) {
        let (Some(uri), Ok(place)) = (uri, u8::try_from(self.namespaces.len())) else { return };
        self.namespaces.push((prefix, uri, strict));
        self.elements.push(HashMap::new());
        self.by_uri.insert(uri, (NamespaceId(place), Edition::Transitional));
        if let Some(strict) = strict {
            self.by_uri.insert(strict, (NamespaceId(place), Edition::Strict));
        }
    }

    fn admit(&mut self, name: &'static str, attributes: Vec<(Option<NamespaceId>, &'static str)>) {
        if let Some((Some(namespace), local)) = self.attribute(name)
            && let Some(elements) = self.elements.get_mut(usize::from(namespace.0))
        {
            elements.insert(local, Element { namespace, local, attributes });
        }
    }

    /// A name of the list, with the namespace of its prefix; `None` when the prefix is not declared.
    fn attribute(&self, name: &'static str) -> Option<(Option<NamespaceId>, &'static str)> {
        match name.split_once(':') {
            Some((prefix, local)) => Some((Some(self.namespace_of_prefix(prefix)?), local)),
            None => Some((None, name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line of a list says something: no prefix is undeclared, no element stands twice.
    fn check(list: &'static str, vocabulary: &Vocabulary) -> usize {
        let lines: Vec<_> = list.lines().filter(|line| !line.starts_with(['#', '@'])).collect();
        assert_eq!(lines.len(), vocabulary.elements.iter().map(HashMap::len).sum::<usize>());
        for line in &lines {
            for name in line.split(' ') {
                assert!(vocabulary.attribute(name).is_some(), "{name}");
            }
        }
        lines.len()
    }

    #[test]
    fn every_name_of_the_lists_is_read() {
        assert_eq!(check(include_str!("vocabulary/ooxml.txt"), ooxml()), 2_917);
        assert_eq!(check(include_str!("vocabulary/opendocument.txt"), opendocument()), 518);
    }

    #[test]
    fn a_namespace_is_found_under_both_of_its_names() {
        let words = ooxml();
        let (main, edition) =
            words.namespace_of_uri("http://purl.oclc.org/ooxml/wordprocessingml/main").expect("known");
        assert_eq!((words.prefix(main), edition), ("w", Edition::Strict));
        assert_eq!(
            words.uri(main, Edition::Transitional),
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        );
        assert!(
            words
                .element(main, "p")
                .is_some_and(|p| p.allows(Some(main), "rsidR") && !p.allows(None, "rsidR"))
        );
        assert_eq!(words.namespace_of_uri("urn:unknown"), None);
    }

    #[test]
    fn what_embeds_links_or_runs_has_no_name() {
        let absent = [
            "w:object",
            "w:control",
            "w:altChunk",
            "w:subDoc",
            "w:attachedTemplate",
            "w:mailMerge",
            "w:dataBinding",
            "o:OLEObject",
            "x:oleObjects",
            "x:controls",
            "x:externalReferences",
            "x:ddeLink",
            "x:oleLink",
            "p:oleObj",
            "p:controls",
            "p:snd",
            "a:audioFile",
            "a:videoFile",
            "c:externalData",
            "w:fldData",
            "w:entryMacro",
            "wp15:webVideoPr",
            "cx:binary",
            "vt:blob",
            "xvml:FmlaMacro",
            "xvml:ScriptText",
            "ap:HyperlinkBase",
        ];
        for name in absent {
            let (prefix, local) = name.split_once(':').expect("a prefix");
            let namespace = ooxml().namespace_of_prefix(prefix).expect("declared");
            assert!(ooxml().element(namespace, local).is_none(), "{name}");
        }
        for (prefix, local) in [("office", "scripts"), ("table", "dde-links"), ("draw", "object-ole")] {
            let namespace = opendocument().namespace_of_prefix(prefix).expect("declared");
            assert!(opendocument().element(namespace, local).is_none(), "{prefix}:{local}");
        }
        assert_eq!(absent.len(), 27);
    }
}
