//! What a style (CSS 2.2 and what mail programs know of CSS 3) says about being seen, and about the space around.
//!
//! *Security.* Reads declarations and rules with simple selectors (`tag`, `.class`, `tag.class`, `#id`); rules inside
//! `@media` and its like do not count. What is not understood counts as visible: text that a page hides by a trick
//! unknown here is shown to the reader, never the other way round. Linear; rules are spent as nodes.

use policy::{Budget, Exhausted};
use std::collections::BTreeMap;

/// A colour, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Unknown,
    Rgb(u8, u8, u8),
}

impl Paint {
    pub(super) const WHITE: Self = Self::Rgb(255, 255, 255);
    pub(super) const BLACK: Self = Self::Rgb(0, 0, 0);

    /// Whether text of this colour cannot be told from that ground.
    pub(super) fn hides_on(self, ground: Self) -> bool {
        match (self, ground) {
            (Self::Rgb(r, g, b), Self::Rgb(x, y, z)) => {
                r.abs_diff(x) <= 6 && g.abs_diff(y) <= 6 && b.abs_diff(z) <= 6
            }
            (Self::Unknown, _) | (_, Self::Unknown) => false,
        }
    }
}

/// What a set of declarations says; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Declarations {
    pub(super) hidden: Option<bool>,
    pub(super) unseen: Option<bool>,
    pub(super) tiny_font: Option<bool>,
    pub(super) colour: Option<Paint>,
    pub(super) ground: Option<Paint>,
    pub(super) preformatted: Option<bool>,
    pub(super) no_margin: Option<bool>,
    pub(super) struck: Option<bool>,
    /// Width or height of a pixel or two.
    pub(super) small: bool,
}

impl Declarations {
    fn merge(&mut self, over: &Self) {
        self.hidden = over.hidden.or(self.hidden);
        self.unseen = over.unseen.or(self.unseen);
        self.tiny_font = over.tiny_font.or(self.tiny_font);
        self.colour = over.colour.or(self.colour);
        self.ground = over.ground.or(self.ground);
        self.preformatted = over.preformatted.or(self.preformatted);
        self.no_margin = over.no_margin.or(self.no_margin);
        self.struck = over.struck.or(self.struck);
        self.small |= over.small;
    }
}

/// The number in front of a length, in its own unit.
fn number(value: &str) -> Option<f32> {
    let end =
        value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

fn is_zero(value: &str) -> bool {
    number(value) == Some(0.0)
}

/// Reads a declaration list (`a: b; c: d`).
pub(super) fn declarations(text: &str) -> Declarations {
    let mut said = Declarations::default();
    let (mut clips, mut empty, mut floats, mut far) = (false, false, false, false);
    for declaration in text.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let property = property.trim().to_ascii_lowercase();
        let value = value.trim().to_ascii_lowercase();
        let value = value.split('!').next().unwrap_or_default().trim();
        match property.as_str() {
            "display" => said.hidden = Some(value == "none"),
            "visibility" => said.unseen = Some(value == "hidden" || value == "collapse"),
            "opacity" => said.hidden = is_zero(value).then_some(true).or(said.hidden),
            "font-size" => said.tiny_font = font_is_tiny(value),
            "font" if is_zero(value) => said.tiny_font = Some(true),
            "color" => said.colour = Some(paint(value)),
            "background" | "background-color" => said.ground = Some(ground(value)),
            "background-image" if value != "none" => said.ground = Some(Paint::Unknown),
            "white-space" => said.preformatted = Some(value.starts_with("pre") && value != "pre-line"),
            "overflow" => clips = value == "hidden",
            "max-height" | "max-width" => empty |= is_zero(value),
            "height" | "width" => {
                empty |= is_zero(value);
                said.small |= number(value).is_some_and(|n| n <= 2.0)
                    && !value.ends_with('%')
                    && !value.ends_with("em");
            }
            "position" => floats = value == "absolute" || value == "fixed",
            "left" | "top" | "margin-left" | "margin-top" => {
                far |= number(value).is_some_and(|n| n <= -500.0)
            }
            "text-indent" if number(value).is_some_and(|n| n <= -500.0) => said.hidden = Some(true),
            "margin" => said.no_margin = Some(value.split_whitespace().all(no_space)),
            "margin-bottom" => said.no_margin = Some(no_space(value)),
            "text-decoration" | "text-decoration-line" => said.struck = Some(value.contains("line-through")),
            _ => {}
        }
    }
    if (clips && empty) || (floats && far) {
        said.hidden = Some(true);
    }
    said
}

fn no_space(value: &str) -> bool {
    value == "auto" || number(value).is_some_and(|n| n.abs() < 2.0 && !value.ends_with("em"))
}

fn font_is_tiny(value: &str) -> Option<bool> {
    let size = number(value)?;
    let relative = value.ends_with('%') || value.ends_with("em");
    Some(if relative { size == 0.0 } else { size <= 1.0 })
}

/// A background: pictures and gradients over it make it unknown.
fn ground(value: &str) -> Paint {
    match value {
        "none" | "transparent" | "inherit" | "initial" => Paint::Unknown,
        _ if value.contains("url(") || value.contains("gradient") => Paint::Unknown,
        _ => paint(value),
    }
}

/// Reads a colour; one that is not understood is unknown.
pub(super) fn paint(value: &str) -> Paint {
    const NAMES: &[(&str, Paint)] = &[
        ("white", Paint::WHITE),
        ("black", Paint::BLACK),
        ("red", Paint::Rgb(255, 0, 0)),
        ("green", Paint::Rgb(0, 128, 0)),
        ("blue", Paint::Rgb(0, 0, 255)),
        ("yellow", Paint::Rgb(255, 255, 0)),
        ("gray", Paint::Rgb(128, 128, 128)),
        ("grey", Paint::Rgb(128, 128, 128)),
        ("silver", Paint::Rgb(192, 192, 192)),
        ("snow", Paint::Rgb(255, 250, 250)),
        ("whitesmoke", Paint::Rgb(245, 245, 245)),
        ("ivory", Paint::Rgb(255, 255, 240)),
    ];
    let value = value.trim().to_ascii_lowercase();
    if let Some((_, paint)) = NAMES.iter().find(|(name, _)| *name == value) {
        return *paint;
    }
    if let Some(inside) = value.strip_prefix("rgb(").or_else(|| value.strip_prefix("rgba(")) {
        let mut parts = inside.trim_end_matches(')').split([',', ' ', '/']).filter(|p| !p.is_empty());
        let mut next = || parts.next().and_then(|part| part.parse::<u8>().ok());
        let (red, green, blue) = (next(), next(), next());
        let opaque = parts.next().is_none_or(|alpha| number(alpha) == Some(1.0) || alpha == "100%");
        return match (red, green, blue) {
            (Some(r), Some(g), Some(b)) if opaque => Paint::Rgb(r, g, b),
            _ => Paint::Unknown,
        };
    }
    hex(value.strip_prefix('#').unwrap_or(&value)).unwrap_or(Paint::Unknown)
}

fn hex(digits: &str) -> Option<Paint> {
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at.checked_add(2)?)?, 16).ok();
    let single =
        |at: usize| u8::from_str_radix(digits.get(at..at.checked_add(1)?)?, 16).ok()?.checked_mul(17);
    match digits.len() {
        6 => Some(Paint::Rgb(pair(0)?, pair(2)?, pair(4)?)),
        3 => Some(Paint::Rgb(single(0)?, single(1)?, single(2)?)),
        _ => None,
    }
}

/// The rules of all `<style>` elements that were understood.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: BTreeMap<String, Declarations>,
    /// Whether a rule that was not understood paints grounds or colours.
    pub(super) paints_unknown: bool,
}

/// Longest selector that is kept.
const SELECTOR_MAX: usize = 128;

impl Sheet {
    /// Adds the rules of one `<style>` element.
    pub(super) fn read(&mut self, text: &str, budget: &mut Budget) -> Result<(), Exhausted> {
        let text = without_comments(text);
        let mut rest = text.as_str();
        while let Some((selectors, after)) = rest.split_once('{') {
            budget.spend_nodes(1)?;
            // What stands before is a statement such as `@import …;` or the end of a block.
            let selectors = selectors.rsplit([';', '}']).next().unwrap_or_default().trim();
            if selectors.starts_with('@')
                && !selectors.starts_with("@font-face")
                && !selectors.starts_with("@page")
            {
                rest = block_end(after);
                self.paints_unknown |= after.len().saturating_sub(rest.len()) > 2;
                continue;
            }
            let (body, after) = after.split_once('}').unwrap_or((after, ""));
            rest = after;
            let said = declarations(body);
            for selector in selectors.split(',') {
                budget.spend_nodes(1)?;
                self.add(selector.trim(), &said);
            }
        }
        Ok(())
    }

    fn add(&mut self, selector: &str, said: &Declarations) {
        let simple = selector.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.#".contains(&b));
        if !simple || selector.is_empty() || selector.len() > SELECTOR_MAX {
            self.paints_unknown |= said.ground.is_some() || said.colour.is_some();
            return;
        }
        self.rules.entry(selector.to_ascii_lowercase()).or_default().merge(said);
    }

    /// What the sheet and the element's own style say together, the more specific over the less.
    pub(super) fn of(&self, name: &str, classes: &str, id: &str, own: &str) -> Declarations {
        let mut said = Declarations::default();
        if !self.rules.is_empty() {
            let mut take = |key: &str| {
                if let Some(rule) = self.rules.get(key) {
                    said.merge(rule);
                }
            };
            take(name);
            let classes = classes.to_ascii_lowercase();
            for class in classes.split_ascii_whitespace() {
                take(&format!(".{class}"));
                take(&format!("{name}.{class}"));
            }
            if !id.is_empty() {
                take(&format!("#{}", id.to_ascii_lowercase()));
            }
        }
        if !own.is_empty() {
            said.merge(&declarations(own));
        }
        said
    }
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out.replace("<!--", "").replace("-->", "")
}

/// What follows the `}` that closes a block with blocks inside.
fn block_end(text: &str) -> &str {
    let mut depth = 1u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.get(at.saturating_add(1)..).unwrap_or_default();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_known() {
        let hides = |style: &str| {
            let said = declarations(style);
            said.hidden == Some(true) || said.unseen == Some(true) || said.tiny_font == Some(true)
        };
        let cases = [
            ("display:none", true),
            ("DISPLAY : None !important", true),
            ("visibility:hidden", true),
            ("font-size:0", true),
            ("font-size:1px", true),
            ("font-size:0.8em", false),
            ("opacity:0", true),
            ("opacity:0.0", true),
            ("opacity:0.5", false),
            ("max-height:0;overflow:hidden", true),
            ("max-height:0", false),
            ("position:absolute;left:-9999px", true),
            ("text-indent:-9999px", true),
            ("mso-hide:all", false),
            ("line-height:0", false),
            ("", false),
        ];
        let mut ran = 0;
        for (style, expected) in cases {
            assert_eq!(hides(style), expected, "{style}");
            ran += 1;
        }
        assert_eq!(ran, 16);
    }

    #[test]
    fn rules_of_simple_selectors_count() {
        let mut sheet = Sheet::default();
        let mut budget = Budget::new(&policy::Limits::STANDARD);
        let text = "<!-- @import url(x); p.Mso, .off{display:none /* } */} @media x{.on{display:none}} #i{color:#fff}
                    @font-face{font-family:x} a b{display:none} -->";
        sheet.read(text, &mut budget).unwrap();
        assert_eq!(sheet.of("p", "a mso", "", "").hidden, Some(true));
        assert_eq!(sheet.of("div", "OFF", "", "display:block").hidden, Some(false));
        assert_eq!(sheet.of("div", "on", "i", "").hidden, None);
        assert_eq!(sheet.of("div", "", "i", "").colour, Some(Paint::WHITE));
    }
}
