//! Controls of forms → boxes with the text that they showed. A form sends what is written into it; a box does not.

use crate::markup::{Name, NodeId, Tree};
use std::collections::BTreeMap;

/// What the controls of a part show, by the name under which a drawing refers to them.
#[derive(Debug, Default)]
pub(super) struct Controls(BTreeMap<String, String>);

impl Controls {
    /// Reads the forms of a part.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut controls = Self::default();
        for id in tree.descendants(tree.root()) {
            if tree.name(id).0 == "form" {
                let names = [("xml", "id"), ("form", "id")];
                let name = names.iter().find_map(|&name| tree.attribute(id, name));
                if let Some(name) = name {
                    controls.0.insert(name.to_owned(), shown(tree, id));
                }
            }
        }
        controls
    }

    /// Turns a control into a box with its text.
    pub(super) fn freeze(&self, tree: &mut Tree, control: NodeId) {
        let text = tree.attribute(control, ("draw", "control")).and_then(|name| self.0.get(name)).cloned();
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
        tree.append(paragraph, text);
        tree.append(text_box, paragraph);
        tree.append(frame, text_box);
        tree.insert_before(control, frame);
    }
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
