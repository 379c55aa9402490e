//! A strict reader of the XML that our writer puts into packages (XML 1.0, Namespaces in XML 1.0).
//!
//! One spelling of everything: the declaration, then one element and nothing behind it; no document type, processing
//! instruction, comment or CDATA section; attributes in double quotes, one space before each; namespaces are declared
//! on the root alone, each under one prefix; of references only those to `& < > "` and to TAB, LF and CR. So two
//! readers cannot see two documents, and no reader fetches anything to read it.
//!
//! *Security.* One pass. Memory is one slice an open element and the attributes of one tag; depth, attributes of a tag
//! and nodes are limited. Names are ASCII, as in every vocabulary that is read here.

use super::Fault;
use std::borrow::Cow;

const RULE: &str = "xml.form";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 256;
/// Most attributes of one element, the declarations of the root among them.
const ATTRIBUTES_MAX: usize = 256;
/// Longest name.
const NAME_OCTETS_MAX: usize = 200;

/// One attribute that is not a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute<'text> {
    /// Its prefix; empty without one.
    pub(super) prefix: &'text str,
    /// Its local name.
    pub(super) local: &'text str,
    /// Its value.
    pub(super) value: Cow<'text, str>,
}

/// A start tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tag<'text> {
    /// Prefix; empty for the default namespace.
    pub(super) prefix: &'text str,
    /// Local name.
    pub(super) local: &'text str,
    /// Attributes in their order, no two of one name.
    pub(super) attributes: Vec<Attribute<'text>>,
}

impl Tag<'_> {
    /// The value of an attribute without a prefix.
    pub(super) fn value(&self, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|a| a.prefix.is_empty() && a.local == local)?;
        Some(&found.value)
    }
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'reader, 'text> {
    /// An element begins.
    Start(&'reader Tag<'text>),
    /// Character data that is not empty.
    Text(Cow<'text, str>),
    /// The element that was opened last ends.
    End,
}

/// A document, and how far it was read.
#[derive(Debug)]
pub(super) struct Reader<'text> {
    rest: &'text str,
    /// Names of the open elements as they are written.
    open: Vec<&'text str>,
    tag: Tag<'text>,
    /// Prefix and name of each namespace of the root.
    namespaces: Vec<(&'text str, Cow<'text, str>)>,
    /// The tag that was read last ends itself.
    ends_itself: bool,
    is_done: bool,
    /// Tags, attributes and texts that may still be read.
    pub(super) nodes_left: u64,
}

impl<'text> Reader<'text> {
    /// Checks characters and declaration.
    pub(super) fn new(octets: &'text [u8], nodes_left: u64) -> Result<Self, Fault> {
        let text = str::from_utf8(octets).or(Err((RULE, "not UTF-8")))?;
        let control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n');
        if octets.iter().any(control) || text.contains(['\u{fffe}', '\u{ffff}']) {
            return Err(("xml.character", "not one of XML"));
        }
        let rest = text.strip_prefix(DECLARATION).ok_or(("xml.declaration", "not the one form"))?;
        if !rest.starts_with('<') {
            return Err((RULE, "no root element"));
        }
        Ok(Self {
            rest,
            open: Vec::new(),
            tag: Tag::default(),
            namespaces: Vec::new(),
            ends_itself: false,
            is_done: false,
            nodes_left,
        })
    }

    /// The namespaces that the root declares; complete once the root was read.
    pub(super) fn namespaces(&self) -> &[(&'text str, Cow<'text, str>)] {
        &self.namespaces
    }

    /// The start tag that was read last.
    pub(super) const fn tag(&self) -> &Tag<'text> {
        &self.tag
    }

    /// The next event; `None` behind the root element, when nothing is left.
    pub(super) fn next(&mut self) -> Result<Option<Event<'_, 'text>>, Fault> {
        if self.ends_itself {
            self.ends_itself = false;
            return self.end();
        }
        if self.is_done {
            return Ok(None);
        }
        self.spend(1)?;
        let Some(tag) = self.rest.strip_prefix('<') else {
            let end = self.rest.find('<').ok_or((RULE, "cut short"))?;
            let (data, behind) = self.rest.split_at_checked(end).ok_or((RULE, "cut short"))?;
            if data.contains("]]>") {
                return Err((RULE, "]]> in character data"));
            }
            self.rest = behind;
            return Ok(Some(Event::Text(decoded(data)?)));
        };
        if let Some(closing) = tag.strip_prefix('/') {
            let open = self.open.last().copied().unwrap_or_default();
            let behind = closing.strip_prefix(open).and_then(|behind| behind.strip_prefix('>'));
            self.rest = behind.ok_or((RULE, "end tag"))?;
            return self.end();
        }
        self.start(tag)?;
        Ok(Some(Event::Start(&self.tag)))
    }

    fn spend(&mut self, nodes: u64) -> Result<(), Fault> {
        self.nodes_left = self.nodes_left.checked_sub(nodes).ok_or(("xml.nodes", "too many"))?;
        Ok(())
    }

    fn end(&mut self) -> Result<Option<Event<'_, 'text>>, Fault> {
        self.open.pop().ok_or((RULE, "end tag"))?;
        if self.open.is_empty() {
            self.is_done = true;
            if !self.rest.is_empty() {
                return Err((RULE, "something behind the root element"));
            }
        }
        Ok(Some(Event::End))
    }

    fn start(&mut self, tag: &'text str) -> Result<(), Fault> {
        let (qualified, mut rest) = name(tag)?;
        let is_root = self.open.is_empty();
        self.tag.attributes.clear();
        while let Some(spaced) = rest.strip_prefix(' ') {
            self.spend(1)?;
            if self.tag.attributes.len().saturating_add(self.namespaces.len()) >= ATTRIBUTES_MAX {
                return Err(("xml.attributes", "too many"));
            }
            let (key, behind) = name(spaced)?;
            let value = behind.strip_prefix("=\"").ok_or((RULE, "attribute"))?;
            let (value, behind) = value.split_once('"').ok_or((RULE, "attribute"))?;
            if value.contains(['<', '\t', '\n']) {
                return Err((RULE, "attribute value"));
            }
            rest = behind;
            self.attribute(key, decoded(value)?, is_root)?;
        }
        let (prefix, local) = split(qualified);
        (self.tag.prefix, self.tag.local) = (prefix, local);
        self.check_prefixes()?;
        self.ends_itself = rest.starts_with("/>");
        self.rest = rest.strip_prefix('/').unwrap_or(rest).strip_prefix('>').ok_or((RULE, "start tag"))?;
        if self.open.len() >= DEPTH_MAX {
            return Err(("xml.depth", "nested too deeply"));
        }
        self.open.push(qualified);
        Ok(())
    }

    fn attribute(&mut self, key: &'text str, value: Cow<'text, str>, is_root: bool) -> Result<(), Fault> {
        const NAMESPACE: &str = "xml.namespace";
        let declared = if key == "xmlns" { Some("") } else { key.strip_prefix("xmlns:") };
        if let Some(prefix) = declared {
            if !is_root {
                return Err((NAMESPACE, "declared below the root"));
            }
            if prefix.starts_with("xml") || value.is_empty() {
                return Err((NAMESPACE, "a declaration that none may make"));
            }
            if self.namespaces.iter().any(|(known, name)| *known == prefix || *name == value) {
                return Err((NAMESPACE, "declared twice"));
            }
            self.namespaces.push((prefix, value));
            return Ok(());
        }
        let (prefix, local) = split(key);
        if self.tag.attributes.iter().any(|known| (known.prefix, known.local) == (prefix, local)) {
            return Err((RULE, "an attribute twice"));
        }
        self.tag.attributes.push(Attribute { prefix, local, value });
        Ok(())
    }

    /// Every prefix is declared; an element without one is in the default namespace.
    fn check_prefixes(&self) -> Result<(), Fault> {
        let is_declared = |prefix: &str| self.namespaces.iter().any(|(known, _)| *known == prefix);
        let attributes = self.tag.attributes.iter().map(|attribute| attribute.prefix);
        let mut used = attributes.filter(|prefix| !matches!(*prefix, "" | "xml"));
        if is_declared(self.tag.prefix) && used.all(is_declared) {
            Ok(())
        } else {
            Err(("xml.namespace", "a prefix that is not declared"))
        }
    }
}

/// A name with at most one colon, and what is behind it.
fn name(text: &str) -> Result<(&str, &str), Fault> {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    let end = text.bytes().take_while(is_name).count();
    let (name, behind) = text.split_at_checked(end).ok_or((RULE, "name"))?;
    let is_start = |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let sound = match name.split_once(':') {
        Some((prefix, local)) => is_start(prefix) && is_start(local) && !local.contains(':'),
        None => is_start(name),
    };
    if sound && name.len() <= NAME_OCTETS_MAX { Ok((name, behind)) } else { Err((RULE, "name")) }
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The text without its references.
fn decoded(text: &str) -> Result<Cow<'_, str>, Fault> {
    let Some((mut plain, mut rest)) = text.split_once('&') else { return Ok(Cow::Borrowed(text)) };
    let mut out = String::with_capacity(text.len());
    loop {
        out.push_str(plain);
        let (reference, behind) = rest.split_once(';').ok_or((RULE, "reference"))?;
        out.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#9" => '\t',
            "#10" => '\n',
            "#13" => '\r',
            _ => return Err((RULE, "reference")),
        });
        match behind.split_once('&') {
            Some(next) => (plain, rest) = next,
            None => {
                out.push_str(behind);
                return Ok(Cow::Owned(out));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<String, Fault> {
        let text = format!("{DECLARATION}{body}");
        let mut reader = Reader::new(text.as_bytes(), 1_000)?;
        let mut seen = String::new();
        while let Some(event) = reader.next()? {
            match event {
                Event::Start(tag) => {
                    seen.push_str(&format!("<{}|{}", tag.prefix, tag.local));
                    for attribute in &tag.attributes {
                        seen.push_str(&format!(
                            " {}|{}={:?}",
                            attribute.prefix, attribute.local, attribute.value
                        ));
                    }
                    seen.push('>');
                }
                Event::Text(text) => seen.push_str(&text),
                Event::End => seen.push_str("</>"),
            }
        }
        Ok(seen)
    }

    #[test]
    fn the_one_form_is_read() {
        let cases = [
            ("<a xmlns=\"u\"/>", "<|a></>"),
            ("<a xmlns=\"u\"><b c=\"1\">x &amp;&#13;\n</b><d/></a>", "<|a><|b |c=\"1\">x &\r\n</><|d></></>"),
            (
                "<w:a xmlns:w=\"u\" w:b=\"&quot;&#9;\" xml:space=\"preserve\"> </w:a>",
                "<w|a w|b=\"\\\"\\t\" xml|space=\"preserve\"> </>",
            ),
        ];
        for (body, seen) in cases {
            assert_eq!(read(body).as_deref(), Ok(seen), "{body}");
        }
    }

    #[test]
    fn every_other_form_is_refused() {
        let deep = format!("<a xmlns=\"u\">{}{}</a>", "<b>".repeat(256), "</b>".repeat(256));
        let wide: String = (0..257).map(|n| format!(" a{n}=\"\"")).collect();
        let wide = format!("<a xmlns=\"u\"{wide}/>");
        let many = format!("<a xmlns=\"u\">{}</a>", "<b/>".repeat(1_000));
        let cases: [&str; 44] = [
            "",
            "x",
            " <a xmlns=\"u\"/>",
            "<a/>",
            "<a xmlns=\"\"/>",
            "<a xmlns=\"u\">",
            "<a xmlns=\"u\"/>\n",
            "<a xmlns=\"u\"/><a/>",
            "<a xmlns=\"u\"></b>",
            "<a xmlns=\"u\"></a >",
            "<a xmlns=\"u\" />",
            "<a xmlns=\"u\"  b=\"\"/>",
            "<a xmlns='u'/>",
            "<a xmlns=\"u\" b/>",
            "<a xmlns=\"u\" b=1/>",
            "<a xmlns=\"u\" b = \"1\"/>",
            "<a xmlns=\"u\" b=\"1\"c=\"2\"/>",
            "<a xmlns=\"u\" b=\"1\" b=\"2\"/>",
            "<a xmlns=\"u\" b=\"<\"/>",
            "<a xmlns=\"u\" b=\"\n\"/>",
            "<a xmlns=\"u\"><b xmlns=\"v\"/></a>",
            "<a xmlns=\"u\" xmlns:b=\"u\"/>",
            "<a xmlns=\"u\" xmlns:b=\"v\" xmlns:b=\"w\"/>",
            "<a xmlns=\"u\" xmlns:xml=\"v\"/>",
            "<a xmlns=\"u\"><c:b/></a>",
            "<a xmlns=\"u\" c:b=\"\"/>",
            "<a:b:c xmlns:a=\"u\"/>",
            "<:a xmlns=\"u\"/>",
            "<あ xmlns=\"u\"/>",
            "<a xmlns=\"u\"><!-- --></a>",
            "<a xmlns=\"u\"><![CDATA[x]]></a>",
            "<a xmlns=\"u\"><?p?></a>",
            "<!DOCTYPE a><a xmlns=\"u\"/>",
            "<a xmlns=\"u\">&apos;</a>",
            "<a xmlns=\"u\">&#65;</a>",
            "<a xmlns=\"u\">&x;</a>",
            "<a xmlns=\"u\">&</a>",
            "<a xmlns=\"u\">]]></a>",
            "<a xmlns=\"u\">\r\n</a>",
            "<a xmlns=\"u\">\u{1}</a>",
            "<a xmlns=\"u\">\u{ffff}</a>",
            &deep,
            &wide,
            &many,
        ];
        for body in cases {
            assert!(read(body).is_err(), "{body}");
        }
        let other = [
            &b"<a xmlns=\"u\"/>"[..],
            b"<?xml version=\"1.0\"?>\n<a xmlns=\"u\"/>",
            b"<?xml version=\"1.1\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<a xmlns=\"u\"/>",
            b"<?xml version=\"1.0\" encoding=\"UTF-7\" standalone=\"yes\"?>\n<a xmlns=\"u\"/>",
            b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<a xmlns=\"u\"/>",
            b"\xff\xfe<\0a\0/\0>\0",
        ];
        for octets in other {
            assert!(Reader::new(octets, 9).is_err(), "{octets:?}");
        }
        assert_eq!(other.len(), 6);
    }
}
