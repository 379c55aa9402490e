//! Controls of forms → boxes with the text that they showed. A form sends what is written into it; a box does not.

use crate::markup::{Name, NodeId, Tree};
use std::collections::BTreeMap;

/// The controls of a part.
#[derive(Debug, Default)]
pub(super) struct Controls {
    /// What they show, by the name under which a drawing refers to them.
    shown: BTreeMap<String, String>,
    /// The styles of drawings that the part itself holds.
    styles: BTreeMap<String, NodeId>,
}

impl Controls {
    /// Reads the forms of a part.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut controls = Self::default();
        for id in tree.descendants(tree.root()) {
            if tree.name(id).0 == "form" {
                let names = [("xml", "id"), ("form", "id")];
                let name = names.iter().find_map(|&name| tree.attribute(id, name));
                if let Some(name) = name {
                    controls.shown.insert(name.to_owned(), shown(tree, id));
                }
            }
            let is_style =
                tree.is(id, ("style", "style")) && tree.attribute(id, ("style", "family")) == Some("graphic");
            if let Some(name) = tree.attribute(id, ("style", "name")).filter(|_| is_style) {
                controls.styles.insert(name.to_owned(), id);
            }
        }
        controls
    }

    /// Turns a control into a box with its text.
    pub(super) fn freeze(&self, tree: &mut Tree, control: NodeId) {
        let text =
            tree.attribute(control, ("draw", "control")).and_then(|name| self.shown.get(name)).cloned();
        let created = (
            tree.create(("draw", "frame")),
            tree.create(("draw", "text-box")),
            tree.create(("text", "p")),
            tree.create_text(&text.unwrap_or_default()),
        );
        let (Some(frame), Some(text_box), Some(paragraph), Some(text)) = created else { return };
        let kept: Vec<(Name, String)> =
            tree.attributes(control).map(|(name, value)| (name, value.to_owned())).collect();
        for (name, value) in kept {
            tree.set_attribute(frame, name, &value);
        }
        self.as_box(tree, control);
        tree.append(paragraph, text);
        tree.append(text_box, paragraph);
        tree.append(frame, text_box);
        tree.insert_before(control, frame);
    }
}

impl Controls {
    /// A control paints itself and has a style that says little; a box without a fill of its own would be painted over
    /// with that of the program.
    fn as_box(&self, tree: &mut Tree, control: NodeId) {
        let name = tree.attribute(control, ("draw", "style-name"));
        let Some(&style) = name.and_then(|name| self.styles.get(name)) else { return };
        let properties = match tree.child(style, ("style", "graphic-properties")) {
            Some(properties) => properties,
            None => {
                let Some(properties) = tree.create(("style", "graphic-properties")) else { return };
                tree.append(style, properties);
                properties
            }
        };
        for (name, value) in
            [(("draw", "fill"), "none"), (("draw", "stroke"), "solid"), (("svg", "stroke-color"), "#808080")]
        {
            if tree.attribute(properties, name).is_none() {
                tree.set_attribute(properties, name, value);
            }
        }
    }
}

/// Turns a field of a form that came from Word (`LibreOffice` keeps it under a name of its own) into what it showed.
pub(super) fn freeze_mark(tree: &mut Tree, mark: NodeId) {
    let kind = tree.attribute(mark, ("field", "type")).unwrap_or_default();
    let shown = if kind.ends_with("FORMCHECKBOX") {
        let is_on = parameters(tree, mark, "Checkbox_Checked").next() == Some("true");
        Some(if is_on { "☑" } else { "☐" }.to_owned())
    } else {
        let chosen = parameters(tree, mark, "Dropdown_Selected").next();
        let chosen = chosen.and_then(|number| number.parse().ok()).unwrap_or_default();
        parameters(tree, mark, "Dropdown_ListEntry").nth(chosen).map(str::to_owned)
    };
    if let Some(text) = shown.and_then(|shown| tree.create_text(&shown)) {
        tree.insert_before(mark, text);
    }
}

/// The values of a field under this name.
fn parameters<'t>(tree: &'t Tree, mark: NodeId, name: &'static str) -> impl Iterator<Item = &'t str> {
    let named = tree.children(mark).filter(move |&id| tree.attribute(id, ("field", "name")) == Some(name));
    named.filter_map(|id| tree.attribute(id, ("field", "value")))
}

/// The text that a control shows.
fn shown(tree: &Tree, id: NodeId) -> String {
    let value = |local| tree.attribute(id, ("form", local)).unwrap_or_default();
    let is_on =
        |names: &[&'static str]| names.iter().any(|&local| matches!(value(local), "checked" | "true"));
    match tree.name(id).1 {
        "checkbox" => {
            let mark = if is_on(&["current-state"]) { "☑" } else { "☐" };
            format!("{mark}{}", value("label"))
        }
        "radio" => {
            let mark = if is_on(&["current-selected"]) { "◉" } else { "○" };
            format!("{mark}{}", value("label"))
        }
        "listbox" => {
            let selected = |&option: &NodeId| {
                let on = |local| tree.attribute(option, ("form", local)) == Some("true");
                on("current-selected") || on("selected")
            };
            let labels = tree.children(id).filter(selected);
            let labels = labels.filter_map(|option| tree.attribute(option, ("form", "label")));
            labels.collect::<Vec<_>>().join("、")
        }
        "fixed-text" | "button" | "frame" => value("label").to_owned(),
        _ if value("current-value").is_empty() => value("value").to_owned(),
        _ => value("current-value").to_owned(),
    }
}
