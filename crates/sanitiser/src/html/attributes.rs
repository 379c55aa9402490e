//! The attributes of a start tag that matter to text.
//!
//! *Security.* One pass over the attributes of a tag, however many there are; keeps at most one value a known name.

use super::entity::{Place, decoded};
use super::token::Tag;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Attributes that matter; the first of each name counts.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    values: BTreeMap<&'static str, Cow<'a, str>>,
    /// Event handlers (`onclick` …).
    pub(super) handlers: u32,
}

const ATTRIBUTES: &[&str] = &[
    "alt",
    "background",
    "bgcolor",
    "border",
    "checked",
    "class",
    "color",
    "colspan",
    "content",
    "hidden",
    "height",
    "href",
    "http-equiv",
    "id",
    "role",
    "rowspan",
    "size",
    "src",
    "start",
    "style",
    "title",
    "type",
    "value",
    "width",
];

impl<'a> Seen<'a> {
    pub(super) fn of(tag: &Tag<'a>) -> Self {
        let mut seen = Self::default();
        for (name, value) in tag.attributes() {
            if name.len() > 16 {
                continue;
            }
            if name.len() > 3 && name.get(..2).is_some_and(|on| on.eq_ignore_ascii_case("on")) {
                seen.handlers = seen.handlers.saturating_add(1);
                continue;
            }
            if let Some(known) = ATTRIBUTES.iter().find(|known| known.eq_ignore_ascii_case(name)) {
                seen.values.entry(known).or_insert_with(|| decoded(value, Place::Attribute));
            }
        }
        seen
    }

    /// The value, empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.as_ref())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The number at the beginning of the value.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        let value = self.get(name).trim();
        let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
        value.get(..end)?.parse().ok()
    }
}
