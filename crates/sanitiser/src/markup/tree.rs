//! The tree: nodes in one table, linked by numbers; all text in one string.

use super::{Also, Dialect, Name};
use policy::vocabulary::{Edition, Element, NamespaceId, Vocabulary};

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// A piece of the text of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) length: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Known(&'static Element),
    Also(&'static Also),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Element { kind: Kind, attributes: Span },
    Text(Span),
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) parent: Option<NodeId>,
    pub(super) previous: Option<NodeId>,
    pub(super) next: Option<NodeId>,
    pub(super) first: Option<NodeId>,
    pub(super) last: Option<NodeId>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) prefix: &'static str,
    pub(super) local: &'static str,
    pub(super) value: Span,
}

/// An element that was not kept while reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Where it stood.
    pub parent: Option<NodeId>,
    /// Its name as written, shortened.
    pub name: String,
    /// How many characters of text it held, white space apart.
    pub characters: u64,
}

/// A part as a tree of the elements that a vocabulary names.
#[derive(Debug)]
pub struct Tree {
    pub(super) vocabulary: &'static Vocabulary,
    pub(super) nodes: Vec<Node>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) text: String,
    pub(super) lost: Vec<Lost>,
    /// Namespaces that the source said may be ignored (ISO/IEC 29500-3 §10.1).
    pub(super) ignorable: Vec<NamespaceId>,
    pub(super) edition: Edition,
    /// Prefixes that are declared in any case.
    pub(super) declared: &'static [&'static str],
}

impl Tree {
    /// A tree of one element; `None` when the vocabulary has no such name.
    pub fn new(dialect: &Dialect, root: Name) -> Option<Self> {
        let mut tree = Self::empty(dialect);
        tree.create(root).map(|_| tree)
    }

    pub(super) fn empty(dialect: &Dialect) -> Self {
        Self {
            vocabulary: (dialect.vocabulary)(),
            nodes: Vec::new(),
            attributes: Vec::new(),
            text: String::new(),
            lost: Vec::new(),
            ignorable: Vec::new(),
            edition: Edition::Transitional,
            declared: dialect.declared,
        }
    }

    /// The root element.
    pub const fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// Under which names the namespaces of this part stand.
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// Sets under which names the namespaces are written.
    pub const fn set_edition(&mut self, edition: Edition) {
        self.edition = edition;
    }

    /// How many nodes were ever kept.
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A tree has a root.
    pub const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What was not kept while reading.
    pub fn lost(&self) -> &[Lost] {
        &self.lost
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(usize::try_from(id.0).ok()?)
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(id.0).ok()?)
    }

    pub(super) fn str_of(&self, span: Span) -> &str {
        let start = usize::try_from(span.start).unwrap_or(usize::MAX);
        let length = usize::try_from(span.length).unwrap_or(0);
        self.text.get(start..start.saturating_add(length)).unwrap_or_default()
    }

    /// Keeps a piece of text; beyond 4 GiB nothing more is kept.
    pub(super) fn keep(&mut self, text: &str) -> Span {
        let start = u32::try_from(self.text.len());
        let length = u32::try_from(text.len());
        let (Ok(start), Ok(length)) = (start, length) else { return Span::default() };
        self.text.push_str(text);
        Span { start, length }
    }

    /// Name of an element; `("", "")` for text.
    pub fn name(&self, id: NodeId) -> Name {
        match self.node(id).map(|node| node.content) {
            Some(Content::Element { kind: Kind::Known(element), .. }) => {
                (self.vocabulary.prefix(element.namespace()), element.local())
            }
            Some(Content::Element { kind: Kind::Also(also), .. }) => also.name,
            Some(Content::Text(_)) | None => ("", ""),
        }
    }

    /// Whether a node is an element of this name.
    pub fn is(&self, id: NodeId, name: Name) -> bool {
        self.name(id) == name
    }

    /// Whether a node is text.
    pub fn is_text(&self, id: NodeId) -> bool {
        matches!(self.node(id).map(|node| node.content), Some(Content::Text(_)))
    }

    /// The text of a text node; empty for an element.
    pub fn text(&self, id: NodeId) -> &str {
        match self.node(id).map(|node| node.content) {
            Some(Content::Text(span)) => self.str_of(span),
            Some(Content::Element { .. }) | None => "",
        }
    }

    /// All text inside an element that stands in its own text nodes.
    pub fn own_text(&self, id: NodeId) -> String {
        self.children(id).map(|child| self.text(child)).collect()
    }

    /// The element that holds a node.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.parent
    }

    /// The node behind, under the same parent.
    pub fn next(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.next
    }

    /// The node before, under the same parent.
    pub fn previous(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.previous
    }

    /// The first node inside.
    pub fn first(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.first
    }

    /// The nodes inside, in order.
    pub fn children(&self, id: NodeId) -> Children<'_> {
        Children { tree: self, next: self.first(id) }
    }

    /// The first child element of this name.
    pub fn child(&self, id: NodeId, name: Name) -> Option<NodeId> {
        self.children(id).find(|&child| self.is(child, name))
    }

    /// The node that follows in the order of the document, below `top`.
    pub fn following(&self, id: NodeId, top: NodeId) -> Option<NodeId> {
        self.first(id).or_else(|| self.behind(id, top))
    }

    /// The node that follows a whole subtree in the order of the document, below `top`.
    pub fn behind(&self, mut id: NodeId, top: NodeId) -> Option<NodeId> {
        loop {
            if id == top {
                return None;
            }
            if let Some(next) = self.next(id) {
                return Some(next);
            }
            id = self.parent(id)?;
        }
    }

    /// Every node below `top` and `top` itself, in the order of the document. The tree must not change meanwhile.
    pub fn descendants(&self, top: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(Some(top), move |&id| self.following(id, top))
    }

    /// The first element of this name at or below `top`.
    pub fn find(&self, top: NodeId, name: Name) -> Option<NodeId> {
        self.descendants(top).find(|&id| self.is(id, name))
    }

    /// Whether a node still hangs at the root.
    pub fn is_attached(&self, mut id: NodeId) -> bool {
        // The parents of a node are fewer than its nodes.
        for _ in 0..=self.nodes.len() {
            if id == self.root() {
                return true;
            }
            match self.parent(id) {
                Some(parent) => id = parent,
                None => return false,
            }
        }
        false
    }

    pub(super) fn attributes_of(&self, id: NodeId) -> &[Attribute] {
        let Some(Content::Element { attributes, .. }) = self.node(id).map(|node| node.content) else {
            return &[];
        };
        let start = usize::try_from(attributes.start).unwrap_or(usize::MAX);
        let length = usize::try_from(attributes.length).unwrap_or(0);
        self.attributes.get(start..start.saturating_add(length)).unwrap_or_default()
    }

    /// The value of an attribute.
    pub fn attribute(&self, id: NodeId, name: Name) -> Option<&str> {
        let attributes = self.attributes_of(id);
        let found = attributes.iter().find(|a| a.prefix == name.0 && a.local == name.1)?;
        Some(self.str_of(found.value))
    }

    /// The names of the attributes of an element.
    pub fn attribute_names(&self, id: NodeId) -> impl Iterator<Item = Name> {
        self.attributes_of(id).iter().map(|a| (a.prefix, a.local))
    }

    /// The names and values of the attributes of an element.
    pub fn attributes(&self, id: NodeId) -> impl Iterator<Item = (Name, &str)> {
        self.attributes_of(id).iter().map(|a| ((a.prefix, a.local), self.str_of(a.value)))
    }

    /// Sets an attribute; one that the vocabulary does not give to the element is not taken.
    pub fn set_attribute(&mut self, id: NodeId, name: Name, value: &str) {
        if !self.may_bear(id, name) {
            return;
        }
        let value = self.keep(value);
        let Some(Content::Element { kind, attributes }) = self.node(id).map(|node| node.content) else {
            return;
        };
        let start = usize::try_from(attributes.start).unwrap_or(usize::MAX);
        let length = usize::try_from(attributes.length).unwrap_or(0);
        let range = start..start.saturating_add(length);
        if let Some(known) = self
            .attributes
            .get_mut(range.clone())
            .and_then(|own| own.iter_mut().find(|known| known.prefix == name.0 && known.local == name.1))
        {
            known.value = value;
            return;
        }
        // The attributes of one element stand together: they move to the end, where there is room for one more.
        let Ok(moved) = u32::try_from(self.attributes.len()) else { return };
        let own: Vec<Attribute> = self.attributes.get(range).unwrap_or_default().to_vec();
        self.attributes.extend(own);
        self.attributes.push(Attribute { prefix: name.0, local: name.1, value });
        let attributes = Span { start: moved, length: attributes.length.saturating_add(1) };
        if let Some(node) = self.node_mut(id) {
            node.content = Content::Element { kind, attributes };
        }
    }

    fn may_bear(&self, id: NodeId, name: Name) -> bool {
        if name.0 == "xml" {
            return matches!(name.1, "space" | "lang" | "id");
        }
        match self.node(id).map(|node| node.content) {
            Some(Content::Element { kind: Kind::Known(element), .. }) => {
                let namespace = self.vocabulary.namespace_of_prefix(name.0);
                (name.0.is_empty() || namespace.is_some()) && element.allows(namespace, name.1)
            }
            Some(Content::Element { kind: Kind::Also(also), .. }) => also.attributes.contains(&name),
            Some(Content::Text(_)) | None => false,
        }
    }

    /// Takes an attribute away; says whether it was there.
    pub fn remove_attribute(&mut self, id: NodeId, name: Name) -> bool {
        let own = self.attributes_of(id);
        let Some(place) = own.iter().position(|a| a.prefix == name.0 && a.local == name.1) else {
            return false;
        };
        let Some(Content::Element { kind, attributes }) = self.node(id).map(|node| node.content) else {
            return false;
        };
        let start = usize::try_from(attributes.start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(attributes.length).unwrap_or(0));
        if let Some(rest) = self.attributes.get_mut(start.saturating_add(place)..end) {
            rest.rotate_left(usize::from(!rest.is_empty()));
        }
        let attributes = Span { length: attributes.length.saturating_sub(1), ..attributes };
        if let Some(node) = self.node_mut(id) {
            node.content = Content::Element { kind, attributes };
        }
        true
    }

    /// A new element that hangs nowhere yet; `None` when the vocabulary has no such name.
    pub fn create(&mut self, name: Name) -> Option<NodeId> {
        let namespace = self.vocabulary.namespace_of_prefix(name.0)?;
        let element = self.vocabulary.element(namespace, name.1)?;
        let start = u32::try_from(self.attributes.len()).ok()?;
        let attributes = Span { start, length: 0 };
        self.push(Content::Element { kind: Kind::Known(element), attributes })
    }

    /// A new text node that hangs nowhere yet.
    pub fn create_text(&mut self, text: &str) -> Option<NodeId> {
        let span = self.keep(text);
        self.push(Content::Text(span))
    }

    pub(super) fn push(&mut self, content: Content) -> Option<NodeId> {
        let id = NodeId(u32::try_from(self.nodes.len()).ok()?);
        let (parent, previous, next, first, last) = (None, None, None, None, None);
        self.nodes.push(Node { content, parent, previous, next, first, last });
        Some(id)
    }

    /// Gives an element another name of the vocabulary; it keeps those attributes that the new name may bear.
    pub fn rename(&mut self, id: NodeId, name: Name) -> bool {
        let namespace = self.vocabulary.namespace_of_prefix(name.0);
        let Some(element) = namespace.and_then(|namespace| self.vocabulary.element(namespace, name.1)) else {
            return false;
        };
        let Some(Content::Element { attributes, .. }) = self.node(id).map(|node| node.content) else {
            return false;
        };
        if let Some(node) = self.node_mut(id) {
            node.content = Content::Element { kind: Kind::Known(element), attributes };
        }
        let unfit: Vec<Name> = self.attribute_names(id).filter(|&name| !self.may_bear(id, name)).collect();
        for name in unfit {
            self.remove_attribute(id, name);
        }
        true
    }

    /// Replaces the whole content of an element by text.
    pub fn set_text(&mut self, id: NodeId, text: &str) {
        while let Some(child) = self.first(id) {
            self.remove(child);
        }
        if let Some(node) = self.create_text(text) {
            self.append(id, node);
        }
    }

    /// Takes a node with all that is in it out of the tree.
    pub fn remove(&mut self, id: NodeId) {
        let Some(&Node { parent, previous, next, .. }) = self.node(id) else { return };
        match previous.and_then(|previous| self.node_mut(previous)) {
            Some(before) => before.next = next,
            None => {
                if let Some(parent) = parent.and_then(|parent| self.node_mut(parent)) {
                    parent.first = next;
                }
            }
        }
        match next.and_then(|next| self.node_mut(next)) {
            Some(after) => after.previous = previous,
            None => {
                if let Some(parent) = parent.and_then(|parent| self.node_mut(parent)) {
                    parent.last = previous;
                }
            }
        }
        if let Some(node) = self.node_mut(id) {
            (node.parent, node.previous, node.next) = (None, None, None);
        }
    }

    /// Hangs a node that hangs nowhere behind the last child of `parent`.
    pub fn append(&mut self, parent: NodeId, id: NodeId) {
        let last = self.node(parent).and_then(|node| node.last);
        if let Some(node) = self.node_mut(id) {
            (node.parent, node.previous, node.next) = (Some(parent), last, None);
        }
        match last.and_then(|last| self.node_mut(last)) {
            Some(before) => before.next = Some(id),
            None => {
                if let Some(parent) = self.node_mut(parent) {
                    parent.first = Some(id);
                }
            }
        }
        if let Some(parent) = self.node_mut(parent) {
            parent.last = Some(id);
        }
    }

    /// Hangs a node that hangs nowhere before another.
    pub fn insert_before(&mut self, place: NodeId, id: NodeId) {
        let Some(&Node { parent, previous, .. }) = self.node(place) else { return };
        if parent.is_none() {
            return;
        }
        if let Some(node) = self.node_mut(id) {
            (node.parent, node.previous, node.next) = (parent, previous, Some(place));
        }
        if let Some(after) = self.node_mut(place) {
            after.previous = Some(id);
        }
        match previous.and_then(|previous| self.node_mut(previous)) {
            Some(before) => before.next = Some(id),
            None => {
                if let Some(parent) = parent.and_then(|parent| self.node_mut(parent)) {
                    parent.first = Some(id);
                }
            }
        }
    }

    /// Puts the children of an element in its place.
    pub fn unwrap(&mut self, id: NodeId) {
        while let Some(child) = self.first(id) {
            self.remove(child);
            self.insert_before(id, child);
        }
        self.remove(id);
    }
}

/// The nodes inside an element.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    tree: &'a Tree,
    next: Option<NodeId>,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next?;
        self.next = self.tree.next(id);
        Some(id)
    }
}
