//! What the markup of a drawing holds and what it grows to: `use`, patterns, masks and markers stand for what they
//! refer to, wherever they stand.
//!
//! *Security.* Linear in the nodes and references of the file, without recursion. A drawing whose references come back
//! to themselves is in error (SVG 1.1 §5.6, §14) and unreadable; one that is too deep for a reader that recurses, too.

use policy::{FindingCode, Findings};
use resvg::usvg::roxmltree::{Document, Node, NodeId};
use std::collections::HashMap;

/// Deepest element, references followed.
const DEPTH_MAX: u32 = 200;
/// What an element costs, as nodes of the budget: most of what the reader makes of it is memory.
const ELEMENT_NODES: u64 = 256;
/// How the address of a picture begins that the drawing carries itself.
const DATA: &str = "data:";

/// Elements that stand for what their address names; others (`a`, `animate`) only point at it.
const STANDS_FOR: &[&str] =
    &["use", "pattern", "linearGradient", "radialGradient", "feImage", "textPath", "tref", "filter"];

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Elements once every reference is followed.
    elements: u64,
    /// Rules of style sheets, each of which is tried on each element.
    rules: u64,
    active: u32,
    moving: u32,
    links: u32,
    remote: u32,
    foreign: u32,
    /// Elements of text.
    pub(super) texts: u32,
    /// Whether anything is set in a serif face, or bold.
    pub(super) serif: bool,
    pub(super) bold: bool,
}

/// How large and how deep an element is with all that it stands for.
#[derive(Clone, Copy)]
enum Grown {
    Unknown,
    Open,
    Known(u64, u32),
}

impl Survey {
    /// Looks through a document.
    pub(super) fn of(markup: &Document<'_>) -> Result<Self, FindingCode> {
        let mut survey = Self::default();
        let elements = || markup.descendants().filter(Node::is_element);
        for element in elements() {
            survey.look(element);
        }
        let text = markup.input_text().to_ascii_lowercase();
        survey.bold = text.contains("bold") || text.contains("font-weight");
        survey.serif =
            ["serif", "times", "mincho", "明朝", "georgia", "roman"].iter().any(|word| text.contains(word));
        survey.elements = grown(markup)?;
        Ok(survey)
    }

    /// What reading and matching cost, as nodes of the budget.
    pub(super) fn weight(&self) -> u64 {
        self.elements.saturating_mul(ELEMENT_NODES.saturating_add(self.rules))
    }

    /// Says what a picture of the drawing does not have.
    pub(super) fn tell(&self, findings: &mut Findings) {
        findings.add_many(FindingCode::ActiveHtml, self.active, "");
        findings.add_many(FindingCode::FramesDropped, self.moving, "");
        findings.add_many(FindingCode::PdfLink, self.links, "");
        findings.add_many(FindingCode::RemoteImage, self.remote, "");
        findings.add_many(FindingCode::PageIncomplete, self.foreign, "");
    }

    fn look(&mut self, element: Node<'_, '_>) {
        let count = |seen: &mut u32| *seen = seen.saturating_add(1);
        let handlers = element.attributes().filter(|attribute| attribute.name().starts_with("on")).count();
        self.active = self.active.saturating_add(u32::try_from(handlers).unwrap_or(u32::MAX));
        let target = href(element).unwrap_or_default();
        match element.tag_name().name() {
            "script" | "handler" => count(&mut self.active),
            "animate" | "animateMotion" | "animateTransform" | "animateColor" | "set" => {
                count(&mut self.moving)
            }
            "a" if !target.is_empty() => count(&mut self.links),
            "image" | "feImage" if !target.starts_with(DATA) && !target.starts_with('#') => {
                count(&mut self.remote)
            }
            "use" if !target.is_empty() && !target.starts_with('#') => count(&mut self.remote),
            "foreignObject" => count(&mut self.foreign),
            "text" => count(&mut self.texts),
            "style" => {
                let rules: usize = element
                    .children()
                    .filter_map(|node| node.text())
                    .map(|text| text.matches('{').count())
                    .sum();
                self.rules = self.rules.saturating_add(u64::try_from(rules).unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }
}

/// The address of a `use`, picture or link, in either spelling.
fn href<'a>(element: Node<'a, '_>) -> Option<&'a str> {
    element
        .attributes()
        .find(|attribute| attribute.name() == "href")
        .map(|attribute| attribute.value().trim())
}

/// Names that an element refers to: `#name` as its address, and every `url(#name)` in an attribute.
fn references<'a>(element: Node<'a, '_>) -> impl Iterator<Item = &'a str> {
    let own = href(element).filter(|_| STANDS_FOR.contains(&element.tag_name().name()));
    let own = own.and_then(|href| href.strip_prefix('#'));
    let styled = element.attributes().flat_map(|attribute| {
        attribute.value().split("url(").skip(1).filter_map(|rest| {
            let name = rest.trim_start_matches([' ', '"', '\'']).strip_prefix('#')?;
            name.split([')', '"', '\'', ' ']).next()
        })
    });
    own.into_iter().chain(styled)
}

/// Elements of the root once every reference is followed.
fn grown(markup: &Document<'_>) -> Result<u64, FindingCode> {
    let mut named = HashMap::new();
    for element in markup.descendants().filter(Node::is_element) {
        if let Some(id) = element.attribute("id") {
            named.entry(id).or_insert(element);
        }
    }
    let mut sizes = Sizes::default();
    let mut waiting = vec![markup.root_element()];
    while let Some(element) = waiting.last().copied() {
        match sizes.of(element.id()) {
            Grown::Known(..) => {
                waiting.pop();
            }
            Grown::Unknown => {
                sizes.set(element.id(), Grown::Open);
                for next in element.children().filter(Node::is_element).chain(referred(element, &named)) {
                    match sizes.of(next.id()) {
                        Grown::Unknown => waiting.push(next),
                        Grown::Open => return Err(FindingCode::Unreadable),
                        Grown::Known(..) => {}
                    }
                }
            }
            Grown::Open => {
                waiting.pop();
                let (own, depth) = sizes.sum(element, &named);
                if depth > DEPTH_MAX {
                    return Err(FindingCode::Unreadable);
                }
                sizes.set(element.id(), Grown::Known(own, depth));
            }
        }
    }
    Ok(match sizes.of(markup.root_element().id()) {
        Grown::Known(elements, _) => elements,
        Grown::Unknown | Grown::Open => u64::MAX,
    })
}

fn referred<'a, 'i>(
    element: Node<'a, 'i>,
    named: &HashMap<&'a str, Node<'a, 'i>>,
) -> impl Iterator<Item = Node<'a, 'i>> {
    references(element).filter_map(|name| named.get(name).copied())
}

/// Sizes by the number of a node.
#[derive(Default)]
struct Sizes(HashMap<NodeId, Grown>);

impl Sizes {
    fn of(&self, node: NodeId) -> Grown {
        self.0.get(&node).copied().unwrap_or(Grown::Unknown)
    }

    fn set(&mut self, node: NodeId, grown: Grown) {
        self.0.insert(node, grown);
    }

    /// An element, what is in it, and what it refers to. A pattern or marker that a group names is drawn again for
    /// everything in the group.
    fn sum<'a, 'i>(&self, element: Node<'a, 'i>, named: &HashMap<&'a str, Node<'a, 'i>>) -> (u64, u32) {
        let known = |node: Node<'_, '_>| match self.of(node.id()) {
            Grown::Known(elements, depth) => (elements, depth),
            Grown::Unknown | Grown::Open => (0, 0),
        };
        let (mut own, mut deepest) = (1_u64, 0);
        for child in element.children().filter(Node::is_element) {
            let (elements, depth) = known(child);
            (own, deepest) = (own.saturating_add(elements), deepest.max(depth));
        }
        let mut all = own;
        for target in referred(element, named) {
            let (elements, depth) = known(target);
            let times = if matches!(target.tag_name().name(), "pattern" | "marker") { own } else { 1 };
            all = all.saturating_add(elements.saturating_mul(times));
            deepest = deepest.max(depth);
        }
        (all, deepest.saturating_add(1))
    }
}
