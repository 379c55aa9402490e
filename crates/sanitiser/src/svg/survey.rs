//! What the markup of a drawing holds and what it grows to: `use`, patterns, masks and markers stand for what they
//! refer to, wherever they stand, by an attribute or by a rule of a style sheet.
//!
//! *Security.* Linear in the nodes and references of the file, without recursion. A drawing whose references come back
//! to themselves is in error (SVG 1.1 §5.6, §14) and unreadable; one that is too deep for a reader that recurses, too.
//! Where readers may take one of several elements for a name, all are counted.

use super::sheet::{Sheet, passed_over, urls};
use policy::{FindingCode, Findings};
use resvg::usvg::roxmltree::{Document, Node, NodeId};
use std::collections::HashMap;

/// Deepest element, references followed.
const DEPTH_MAX: u32 = 200;
/// What an element costs, as nodes of the budget: most of what the reader makes of it is memory.
const ELEMENT_NODES: u64 = 256;
/// Octets of style, or of a picture, that cost as much as an element: they are read wherever it stands.
const STYLE_OCTETS: u64 = 256;
const PICTURE_OCTETS: u64 = 512;
/// Octets for one corner of a line, at least.
const CORNER_OCTETS: u64 = 2;
/// Most references that are followed, and most elements that are met by them: a name may be borne by many.
const STEPS_MAX: u64 = 20_000_000;
/// Characters of a text for which each of its characters is looked at once more.
const TEXT_CHARACTERS: u64 = 16;
/// How the address of a picture begins that the drawing carries itself.
const DATA: &str = "data:";
/// Elements that stand for what their address names; others (`a`, `animate`) only point at it.
const STANDS_FOR: &[&str] =
    &["use", "pattern", "linearGradient", "radialGradient", "feImage", "textPath", "tref", "filter"];

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What reading, matching and keeping the elements costs once every reference is followed, as nodes of the budget.
    weight: u64,
    active: u32,
    moving: u32,
    links: u32,
    remote: u32,
    /// What nobody here draws.
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
    Known(Size),
}

#[derive(Clone, Copy, Default)]
struct Size {
    /// Elements.
    elements: u64,
    /// Corners of its lines: a marker stands at each.
    corners: u64,
    depth: u32,
}

impl Survey {
    /// Looks through a document.
    pub(super) fn of(markup: &Document<'_>) -> Result<Self, FindingCode> {
        let (mut survey, mut sheet) = (Self::default(), Sheet::default());
        let mut texts = 0_u64;
        for element in markup.descendants().filter(Node::is_element) {
            survey.look(element);
            match element.tag_name().name() {
                "style" => {
                    for text in element.children().filter_map(|node| node.text()) {
                        sheet.read(text)?;
                        survey.look_at_style(text);
                    }
                }
                "text" => texts = texts.saturating_add(shaping(element)),
                _ => {}
            }
        }
        let text = markup.input_text().to_ascii_lowercase();
        survey.bold = text.contains("bold") || text.contains("font-weight");
        survey.serif =
            ["serif", "times", "mincho", "明朝", "georgia", "roman"].iter().any(|word| text.contains(word));
        let grown = Growth::of(markup, &sheet)?;
        let each = ELEMENT_NODES.saturating_add(sheet.steps(grown.depth));
        survey.weight = grown.elements.saturating_mul(each).saturating_add(texts);
        Ok(survey)
    }

    pub(super) fn weight(&self) -> u64 {
        self.weight
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
        if let Some(style) = element.attribute("style") {
            self.look_at_style(style);
        }
        let target = hrefs(element).next().unwrap_or_default();
        let is = |node: Option<Node<'_, '_>>, name| node.is_some_and(|node| node.tag_name().name() == name);
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
            // A switch has something else for those who cannot draw it.
            "foreignObject" if !is(element.parent(), "switch") => count(&mut self.foreign),
            "text" => count(&mut self.texts),
            "video" | "audio" | "iframe" | "canvas" | "embed" | "object" => count(&mut self.foreign),
            _ => {}
        }
    }

    fn look_at_style(&mut self, text: &str) {
        let (unknown, loads) = passed_over(text);
        self.foreign = self.foreign.saturating_add(u32::from(unknown));
        self.remote = self.remote.saturating_add(u32::from(loads));
    }
}

/// What setting a text costs: all of it is gone through for each of its pieces, and again for its length.
fn shaping(text: Node<'_, '_>) -> u64 {
    let length = |text: &str| u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let characters =
        text.descendants().filter_map(|node| node.text()).map(length).fold(0, u64::saturating_add);
    let pieces = u64::try_from(text.descendants().filter(Node::is_element).count()).unwrap_or(u64::MAX);
    let times = characters.checked_div(TEXT_CHARACTERS).unwrap_or_default().saturating_add(pieces);
    characters.saturating_mul(times)
}

/// The addresses of a `use`, picture or link, in both spellings.
fn hrefs<'a>(element: Node<'a, '_>) -> impl Iterator<Item = &'a str> {
    element
        .attributes()
        .filter(|attribute| attribute.name() == "href")
        .map(|attribute| attribute.value().trim())
}

/// The elements of a document by their names, and what is known of their growth.
struct Growth<'a, 'i, 's> {
    named: HashMap<&'a str, Vec<Node<'a, 'i>>>,
    sheet: &'s Sheet<'a>,
    sizes: HashMap<NodeId, Grown>,
    steps: u64,
}

impl<'a, 'i> Growth<'a, 'i, '_> {
    /// The size of the root once every reference is followed.
    fn of(markup: &'a Document<'i>, sheet: &Sheet<'a>) -> Result<Size, FindingCode> {
        let mut named: HashMap<&str, Vec<Node<'_, '_>>> = HashMap::new();
        for element in markup.descendants().filter(Node::is_element) {
            if let Some(id) = element.attribute("id") {
                named.entry(id).or_default().push(element);
            }
        }
        let mut growth = Growth { named, sheet, sizes: HashMap::new(), steps: 0 };
        let root = markup.root_element();
        let mut waiting = vec![root];
        while let Some(element) = waiting.last().copied() {
            match growth.size(element) {
                Grown::Known(_) => {
                    waiting.pop();
                }
                Grown::Unknown => {
                    growth.sizes.insert(element.id(), Grown::Open);
                    let referred = growth.referred(element)?;
                    for next in element.children().filter(Node::is_element).chain(referred) {
                        match growth.size(next) {
                            Grown::Unknown => waiting.push(next),
                            Grown::Open => return Err(FindingCode::Unreadable),
                            Grown::Known(_) => {}
                        }
                    }
                }
                Grown::Open => {
                    waiting.pop();
                    let size = growth.sum(element)?;
                    if size.depth > DEPTH_MAX {
                        return Err(FindingCode::Unreadable);
                    }
                    growth.sizes.insert(element.id(), Grown::Known(size));
                }
            }
        }
        Ok(growth.known(root))
    }

    fn size(&self, node: Node<'_, '_>) -> Grown {
        self.sizes.get(&node.id()).copied().unwrap_or(Grown::Unknown)
    }

    fn known(&self, node: Node<'_, '_>) -> Size {
        match self.size(node) {
            Grown::Known(size) => size,
            Grown::Unknown | Grown::Open => Size::default(),
        }
    }

    /// What an element refers to: by its address, by `url(#name)` in an attribute, and by the rules of the sheets.
    fn referred(&mut self, element: Node<'a, 'i>) -> Result<Vec<Node<'a, 'i>>, FindingCode> {
        let stands = STANDS_FOR.contains(&element.tag_name().name());
        let own = hrefs(element).filter(|_| stands).filter_map(|href| href.strip_prefix('#'));
        let styled = element.attributes().flat_map(|attribute| urls(attribute.value()));
        let names = own.chain(styled).chain(self.sheet.references(element));
        let mut referred = Vec::new();
        for name in names {
            let bearers = self.named.get(name).map(Vec::as_slice).unwrap_or_default();
            let met = u64::try_from(bearers.len()).unwrap_or(u64::MAX).saturating_add(1);
            self.steps = self.steps.saturating_add(met);
            if self.steps > STEPS_MAX {
                return Err(FindingCode::LimitNodes);
            }
            referred.extend(bearers);
        }
        Ok(referred)
    }

    /// An element, what is in it, and what it refers to. A pattern that a group names is drawn again for everything in
    /// the group, and a marker at every corner.
    fn sum(&mut self, element: Node<'a, 'i>) -> Result<Size, FindingCode> {
        let octets = |name| u64::try_from(element.attribute(name).map_or(0, str::len)).unwrap_or(u64::MAX);
        let share = |octets: u64, each: u64| octets.checked_div(each).unwrap_or_default();
        let picture =
            hrefs(element).map(str::len).max().and_then(|octets| u64::try_from(octets).ok()).unwrap_or(0);
        let mut own = Size {
            elements: share(octets("style"), STYLE_OCTETS)
                .saturating_add(share(picture, PICTURE_OCTETS))
                .saturating_add(1),
            corners: share(octets("d").saturating_add(octets("points")), CORNER_OCTETS),
            depth: 0,
        };
        for child in element.children().filter(Node::is_element) {
            let child = self.known(child);
            own.elements = own.elements.saturating_add(child.elements);
            own.corners = own.corners.saturating_add(child.corners);
            own.depth = own.depth.max(child.depth);
        }
        let mut all = own;
        for target in self.referred(element)? {
            let size = self.known(target);
            let (weight, times) = match target.tag_name().name() {
                "pattern" => (size.elements, own.elements),
                "marker" => (size.elements, own.elements.max(own.corners)),
                // It is kept once; its stops weigh little.
                "linearGradient" | "radialGradient" => (share(size.elements, 16).saturating_add(1), 1),
                _ => (size.elements, 1),
            };
            all.elements = all.elements.saturating_add(weight.saturating_mul(times));
            all.corners = all.corners.saturating_add(size.corners.saturating_mul(times));
            all.depth = all.depth.max(size.depth);
        }
        all.depth = all.depth.saturating_add(1);
        Ok(all)
    }
}
