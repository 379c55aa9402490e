//! Tree → octets, in one plain form.

use super::{
    NodeId, Tree,
    tree::{Content, Kind},
};
use policy::vocabulary::NamespaceId;
use std::collections::BTreeSet;

impl Tree {
    /// The part as it stands in the package. What was read only to be rewritten is left out with all that is in it.
    pub fn write(&self) -> Vec<u8> {
        self.write_from(self.root())
    }

    /// The same of a subtree alone, as a part of its own.
    pub fn write_from(&self, top: NodeId) -> Vec<u8> {
        let mut out = String::with_capacity(self.text.len().saturating_mul(2).saturating_add(1_024));
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
        let mut next = Some(top);
        // Open elements are the parents of `id`, so that closing tags need no list of their own.
        while let Some(id) = next {
            match self.node(id).map(|node| node.content) {
                Some(Content::Text(span)) => escape(self.str_of(span), false, &mut out),
                Some(Content::Element { kind: Kind::Known(_), .. }) => {
                    self.open_tag(id, top, &mut out);
                    if let Some(first) = self.first(id) {
                        out.push('>');
                        next = Some(first);
                        continue;
                    }
                    out.push_str("/>");
                }
                Some(Content::Element { kind: Kind::Also(_), .. }) | None => {}
            }
            next = self.close_until_next(id, top, &mut out);
        }
        out.into_bytes()
    }

    /// Writes the closing tags behind a finished node, up to the next one that is to be written.
    fn close_until_next(&self, mut id: NodeId, top: NodeId, out: &mut String) -> Option<NodeId> {
        while id != top {
            if let Some(next) = self.next(id) {
                return Some(next);
            }
            id = self.parent(id)?;
            let (prefix, local) = self.name(id);
            out.push_str("</");
            push_name(prefix, local, out);
            out.push('>');
        }
        None
    }

    fn open_tag(&self, id: NodeId, top: NodeId, out: &mut String) {
        let (prefix, local) = self.name(id);
        out.push('<');
        push_name(prefix, local, out);
        if id == top {
            self.declarations(top, out);
        }
        for attribute in self.attributes_of(id) {
            out.push(' ');
            push_name(attribute.prefix, attribute.local, out);
            out.push_str("=\"");
            escape(self.str_of(attribute.value), true, out);
            out.push('"');
        }
    }

    /// The namespaces that are in use, and which of them a reader may ignore.
    fn declarations(&self, top: NodeId, out: &mut String) {
        let mut used = self.used_namespaces(top);
        let ignorable: Vec<NamespaceId> =
            self.ignorable.iter().copied().filter(|n| used.contains(n)).collect();
        if !ignorable.is_empty() {
            used.extend(self.vocabulary.namespace_of_prefix("mc"));
        }
        for &namespace in &used {
            out.push_str(" xmlns:");
            out.push_str(self.vocabulary.prefix(namespace));
            out.push_str("=\"");
            escape(self.vocabulary.uri(namespace, self.edition), true, out);
            out.push('"');
        }
        if !ignorable.is_empty() {
            let prefixes: Vec<&str> =
                ignorable.iter().map(|&namespace| self.vocabulary.prefix(namespace)).collect();
            out.push_str(" mc:Ignorable=\"");
            out.push_str(&prefixes.join(" "));
            out.push('"');
        }
    }

    fn used_namespaces(&self, top: NodeId) -> BTreeSet<NamespaceId> {
        let mut used = BTreeSet::new();
        let mut prefixes: Vec<&'static str> = Vec::new();
        for id in self.descendants(top) {
            if let Some(Content::Element { kind: Kind::Known(element), .. }) =
                self.node(id).map(|n| n.content)
            {
                used.insert(element.namespace());
            }
            for attribute in self.attributes_of(id) {
                if !attribute.prefix.is_empty() && !prefixes.contains(&attribute.prefix) {
                    prefixes.push(attribute.prefix);
                }
            }
        }
        prefixes.extend(self.declared);
        used.extend(prefixes.iter().filter_map(|prefix| self.vocabulary.namespace_of_prefix(prefix)));
        used
    }
}

fn push_name(prefix: &str, local: &str, out: &mut String) {
    if !prefix.is_empty() {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local);
}

fn escape(text: &str, in_attribute: bool, out: &mut String) {
    let special = |b: u8| matches!(b, b'&' | b'<' | b'>' | b'"' | b'\t' | b'\n' | b'\r');
    if !text.bytes().any(special) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\t' if in_attribute => out.push_str("&#9;"),
            '\n' if in_attribute => out.push_str("&#10;"),
            _ => out.push(c),
        }
    }
}
