//! Style sheets of a drawing, as far as their weight, their references and what no drawer of ours knows goes.
//!
//! *Security.* Any text. One pass over it; a rule is taken to apply to more elements than it does, never to fewer.

use policy::FindingCode;
use resvg::usvg::roxmltree::Node;
use std::borrow::Cow;
use std::collections::HashMap;

/// Most references of all rules.
const REFERENCES_MAX: usize = 10_000;
/// What the drawer passes over without a word, in lower case.
const UNKNOWN: &[&str] = &[
    "var(",
    "calc(",
    "@media",
    "@supports",
    "@layer",
    "@container",
    ":not(",
    ":is(",
    ":where(",
    ":nth-",
    "oklch(",
    "oklab(",
    "color(",
    "light-dark(",
    "inset(",
    "polygon(",
    "background",
];

/// The rules of all style sheets of a drawing.
#[derive(Debug, Default)]
pub(super) struct Sheet<'a> {
    /// Combinators of each selector: every one of them is tried on every element.
    selectors: Vec<u32>,
    /// Names that rules refer to, by the class, name or kind of the elements that they apply to.
    references: HashMap<&'a str, Vec<&'a str>>,
    /// Names that rules refer to which apply to anything.
    anywhere: Vec<&'a str>,
    /// How many references all rules have.
    count: usize,
}

impl<'a> Sheet<'a> {
    /// Reads one more sheet. Too many references are a verdict: one that is left out could lead into a ring.
    pub(super) fn read(&mut self, text: &'a str) -> Result<(), FindingCode> {
        for rule in text.split('}') {
            let Some((head, block)) = rule.rsplit_once('{') else { continue };
            let named: Vec<&str> = urls(block).collect();
            for selector in head.split(',') {
                let compounds =
                    selector.split([' ', '\t', '\r', '\n', '>', '+', '~']).filter(|word| !word.is_empty());
                let last = compounds.clone().next_back().unwrap_or_default();
                let combinators = compounds.count().saturating_sub(1);
                self.selectors.push(u32::try_from(combinators).unwrap_or(u32::MAX));
                if named.is_empty() {
                    continue;
                }
                self.count = self.count.saturating_add(named.len());
                if self.count > REFERENCES_MAX {
                    return Err(FindingCode::LimitNodes);
                }
                match key(last) {
                    Some(key) => self.references.entry(key).or_default().extend(&named),
                    None => self.anywhere.extend(&named),
                }
            }
        }
        Ok(())
    }

    /// Names that rules let an element refer to.
    pub(super) fn references(&self, element: Node<'_, '_>) -> impl Iterator<Item = &'a str> {
        let classes = element.attribute("class").unwrap_or_default().split_ascii_whitespace();
        let kind = element.tag_name().name();
        let names = classes.chain(element.attribute("id")).chain([kind]);
        let named: Vec<&str> =
            names.filter_map(|name| self.references.get(name)).flatten().copied().collect();
        named.into_iter().chain(self.anywhere.iter().copied())
    }

    /// Steps of trying all selectors on one element this deep in the tree: those with combinators look for every way up.
    pub(super) fn steps(&self, depth: u32) -> u64 {
        let ways = |combinators: u32| {
            let mut ways = 1_u64;
            for step in 0..u64::from(combinators.min(20)) {
                let next = ways.saturating_mul(u64::from(depth).saturating_sub(step).max(1));
                ways = next.checked_div(step.saturating_add(1)).unwrap_or(next);
            }
            ways.max(1)
        };
        self.selectors.iter().fold(0, |sum, combinators| sum.saturating_add(ways(*combinators)))
    }
}

/// One class, name or kind that an element must have for its part of a selector; none where it may be anything.
fn key(compound: &str) -> Option<&str> {
    let compound = compound.split([':', '[']).next()?;
    let word = compound.rsplit(['.', '#']).next()?;
    (!word.is_empty() && word != "*").then_some(word)
}

/// Names in `url(#name)`.
pub(super) fn urls(text: &str) -> impl Iterator<Item = &str> {
    const SPACE: [char; 6] = [' ', '\t', '\r', '\n', '"', '\''];
    text.split("url(").skip(1).filter_map(|rest| {
        let name = rest.trim_start_matches(SPACE).strip_prefix('#')?;
        name.split(|c| c == ')' || SPACE.contains(&c)).next()
    })
}

/// Whether a text of style holds what is passed over, and whether it loads something.
pub(super) fn passed_over(text: &str) -> (bool, bool) {
    let text = text.to_ascii_lowercase();
    let loads = text.split("url(").skip(1).any(|rest| {
        let target = rest.trim_start_matches([' ', '\t', '\r', '\n', '"', '\'']);
        !target.starts_with('#') && !target.starts_with("data:")
    });
    (UNKNOWN.iter().any(|word| text.contains(word)), loads || text.contains("@import"))
}

/// A drawing for light paper: of the colours that a program offers for light and dark the first, of a value with a
/// fallback the fallback. The drawer knows neither and would paint black.
pub(super) fn settled(text: &str) -> Cow<'_, str> {
    if !text.contains("light-dark(") && !text.contains("var(--") {
        return Cow::Borrowed(text);
    }
    let mut settled = String::with_capacity(text.len());
    // What is still to be closed: whether its closing bracket and what comes before it go.
    let mut open: Vec<Wrapper> = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let here = open.last().copied().unwrap_or(Wrapper::Kept);
        if let Some(behind) = rest.strip_prefix("light-dark(") {
            open.push(Wrapper::First);
            rest = behind;
            continue;
        }
        if let Some(behind) = rest.strip_prefix("var(--") {
            open.push(Wrapper::BeforeFallback);
            rest = behind;
            continue;
        }
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
        match (next, here) {
            ('(', _) => open.push(Wrapper::Inner),
            (')', _) => {
                open.pop();
            }
            (',', Wrapper::First) => {
                close(&mut open, Wrapper::Dropped);
                continue;
            }
            (',', Wrapper::BeforeFallback) => {
                close(&mut open, Wrapper::Fallback);
                continue;
            }
            // Markup ends what was never closed.
            ('<' | '>', _) => open.clear(),
            _ => {}
        }
        let is_bracket = next == ')' && !matches!(here, Wrapper::Kept | Wrapper::Inner);
        if !is_bracket && !open.iter().any(|wrapper| wrapper.is_dropped()) {
            settled.push(next);
        }
    }
    Cow::Owned(settled)
}

fn close(open: &mut [Wrapper], becomes: Wrapper) {
    if let Some(last) = open.last_mut() {
        *last = becomes;
    }
}

/// What a bracket belongs to that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrapper {
    /// None.
    Kept,
    /// Another function.
    Inner,
    /// The first colour of two.
    First,
    /// The second one.
    Dropped,
    /// The name of a value.
    BeforeFallback,
    /// What stands for it.
    Fallback,
}

impl Wrapper {
    const fn is_dropped(self) -> bool {
        matches!(self, Self::Dropped | Self::BeforeFallback)
    }
}
