//! The tree of a part → what may stay of it: elements that run, fetch or embed go, and with them what they hold, or
//! what they showed stays as text.
//!
//! *Security.* The tree holds only names of the vocabulary and those that [`super::dialect`] reads to rewrite them;
//! the writer leaves out the latter in any case. One pass, no recursion.

use super::{
    Rebuild,
    dialect::{self, HREF},
    forms::{self, Controls},
    links,
    values::{self, Verdict},
};
use crate::markup::{Name, NodeId, Tree};
use policy::FindingCode;

/// How the walk goes on behind a node.
enum Step {
    /// Into the node.
    On,
    /// The node and all in it is dropped.
    Drop,
    /// What is in the node takes its place.
    Unwrap,
}

/// Elements without a name that nobody sees: colours that are written out wherever they are used, and marks of charts.
const UNSEEN: &[&str] = &["theme", "p"];

/// What becomes of an element that may not stay.
const FATES: &[(Name, Fate, Option<FindingCode>)] = &[
    (("office", "scripts"), Fate::Drop, None),
    (("office", "event-listeners"), Fate::Drop, None),
    (("presentation", "sound"), Fate::Drop, Some(FindingCode::MediaDropped)),
    (("presentation", "play"), Fate::Drop, Some(FindingCode::MediaDropped)),
    (("anim", "audio"), Fate::Drop, Some(FindingCode::MediaDropped)),
    (("anim", "command"), Fate::Drop, None),
    (("table", "error-macro"), Fate::Drop, Some(FindingCode::Macro)),
    (("office", "binary-data"), Fate::Drop, None),
    (("draw", "object-ole"), Fate::Drop, Some(FindingCode::EmbeddedObject)),
    (("draw", "applet"), Fate::Drop, Some(FindingCode::EmbeddedObject)),
    (("draw", "plugin"), Fate::Drop, Some(FindingCode::MediaDropped)),
    (("draw", "floating-frame"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("draw", "image-map"), Fate::Drop, Some(FindingCode::LinkDropped)),
    (("text", "script"), Fate::Drop, Some(FindingCode::Macro)),
    (("text", "execute-macro"), Fate::Unwrap, Some(FindingCode::Macro)),
    (("text", "database-display"), Fate::Unwrap, Some(FindingCode::FieldFrozen)),
    (("text", "database-next"), Fate::Drop, Some(FindingCode::FieldFrozen)),
    (("text", "database-row-select"), Fate::Drop, Some(FindingCode::FieldFrozen)),
    (("text", "database-row-number"), Fate::Unwrap, Some(FindingCode::FieldFrozen)),
    (("text", "database-name"), Fate::Unwrap, Some(FindingCode::FieldFrozen)),
    (("text", "dde-connection"), Fate::Unwrap, Some(FindingCode::FieldFrozen)),
    (("text", "dde-connection-decls"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("office", "dde-source"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("text", "section-source"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("text", "alphabetical-index-auto-mark-file"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "table-source"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "cell-range-source"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "dde-links"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "dde-link"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "database-source-sql"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "database-source-query"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "database-source-table"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("table", "source-service"), Fate::Drop, Some(FindingCode::ExternalReference)),
    (("svg", "font-face-src"), Fate::Drop, None),
    (("office", "forms"), Fate::Drop, None),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Drop,
    Unwrap,
}

/// Fields that show what the document's properties say. The properties do not cross; what was shown does.
const PROPERTIES: &[&str] = &[
    "author-initials",
    "author-name",
    "creation-date",
    "creation-time",
    "creator",
    "description",
    "editing-cycles",
    "editing-duration",
    "initial-creator",
    "keywords",
    "modification-date",
    "modification-time",
    "print-date",
    "print-time",
    "printed-by",
    "subject",
    "title",
    "user-defined",
];

impl Rebuild<'_, '_> {
    /// Goes through a part. `folder` is where it stands in the package: empty, or `Object 1/`.
    pub(super) fn sieve(&mut self, tree: &mut Tree, folder: &str) -> Result<(), FindingCode> {
        self.tell_lost(tree);
        let controls = Controls::of(tree);
        let mut next = Some(tree.root());
        while let Some(id) = next {
            let step = self.visit(tree, id, folder, &controls)?;
            let root = tree.root();
            next = match step {
                Step::On => tree.following(id, root),
                Step::Drop => {
                    let behind = tree.behind(id, root);
                    tree.remove(id);
                    behind
                }
                Step::Unwrap => {
                    let inside = tree.first(id).or_else(|| tree.behind(id, root));
                    tree.unwrap(id);
                    inside
                }
            };
        }
        Ok(())
    }

    /// What had no name in the vocabulary.
    fn tell_lost(&mut self, tree: &Tree) {
        for lost in tree.lost() {
            let (_, local) = lost.name.rsplit_once(':').unwrap_or(("", &lost.name));
            if !(UNSEEN.contains(&local) && lost.characters == 0) {
                self.findings.add_detail(FindingCode::ElementDropped, local);
            }
            self.lost_characters = self.lost_characters.saturating_add(lost.characters);
        }
    }

    fn visit(
        &mut self,
        tree: &mut Tree,
        id: NodeId,
        folder: &str,
        controls: &Controls,
    ) -> Result<Step, FindingCode> {
        if tree.is_text(id) {
            return Ok(self.visit_text(tree, id));
        }
        let name = tree.name(id);
        if let Some((_, fate, code)) = FATES.iter().find(|(known, ..)| *known == name) {
            if let Some(code) = code {
                self.findings.add(*code);
            }
            return Ok(if *fate == Fate::Drop { Step::Drop } else { Step::Unwrap });
        }
        if self.is_left_out(tree, id, name) || !self.sieve_values(tree, id, name) {
            return Ok(Step::Drop);
        }
        match name {
            ("text" | "draw", "a") => return Ok(self.visit_link(tree, id)),
            ("draw", "frame") => self.frame(tree, id, folder)?,
            // Elsewhere than in a frame they have no place and size of their own.
            ("draw", "image" | "object") if !is_in_frame(tree, id) => return Ok(Step::Drop),
            ("draw", "fill-image") if !self.lone_picture(tree, id, folder)? => return Ok(Step::Drop),
            ("style", "background-image")
                if tree.attribute(id, HREF).is_some() || tree.first(id).is_some() =>
            {
                self.lone_picture(tree, id, folder)?;
            }
            ("text", "list-level-style-image") if !self.lone_picture(tree, id, folder)? => {
                tree.rename(id, ("text", "list-level-style-bullet"));
                tree.set_attribute(id, ("text", "bullet-char"), "•");
            }
            ("chart", "symbol-image") => return Ok(Step::Drop),
            ("chart", "chart") if !matches!(tree.attribute(id, HREF), Some("." | "..") | None) => {
                tree.remove_attribute(id, HREF);
            }
            ("field", local) => {
                if local == "fieldmark" {
                    forms::freeze_mark(tree, id);
                }
                if matches!(local, "fieldmark" | "fieldmark-start") {
                    self.findings.add(FindingCode::FormFrozen);
                }
                return Ok(Step::Drop);
            }
            ("draw", "control") => {
                controls.freeze(tree, id);
                self.findings.add(FindingCode::FormFrozen);
                return Ok(Step::Drop);
            }
            ("table", "data-pilot-table") if tree.child(id, ("table", "source-cell-range")).is_none() => {
                self.findings.add(FindingCode::ExternalReference);
                return Ok(Step::Drop);
            }
            ("text", local) if PROPERTIES.contains(&local) => {
                tree.set_attribute(id, ("text", "fixed"), "true");
            }
            _ => {}
        }
        Ok(Step::On)
    }

    /// Whether policy leaves an element out: a remark, or the record of a change (which is thereby accepted).
    fn is_left_out(&mut self, tree: &Tree, id: NodeId, name: Name) -> bool {
        let (left_out, told) = match name {
            ("office", "annotation") => (!self.policy.office_comments, true),
            ("office", "annotation-end") => (!self.policy.office_comments, false),
            // It may stand there without a single change.
            ("text" | "table", "tracked-changes") => {
                (!self.policy.office_changes, tree.children(id).any(|child| !tree.is_text(child)))
            }
            ("text", "change" | "change-start" | "change-end") => (!self.policy.office_changes, false),
            _ => (false, false),
        };
        if left_out && told {
            self.findings.add_detail(FindingCode::RemarksDropped, name.1);
        }
        left_out
    }

    /// Text where the format has none is no content of the document.
    fn visit_text(&mut self, tree: &Tree, id: NodeId) -> Step {
        let holds = tree.parent(id).is_some_and(|parent| dialect::holds_text(tree.name(parent)));
        if holds {
            return Step::On;
        }
        let characters = tree.text(id).chars().filter(|c| !c.is_whitespace()).count();
        let characters = u64::try_from(characters).unwrap_or(u64::MAX);
        self.lost_characters = self.lost_characters.saturating_add(characters);
        Step::Drop
    }

    /// Judges the attributes of an element; says whether the element stays.
    fn sieve_values(&mut self, tree: &mut Tree, id: NodeId, name: Name) -> bool {
        let may_link = self.policy.office_links;
        let judged = tree.attributes(id).map(|(attribute, value)| {
            let verdict = match attribute {
                HREF => Verdict::Keep,
                _ => values::judge(name, attribute, value, may_link),
            };
            (attribute, verdict)
        });
        let gone: Vec<(Name, Verdict)> = judged.filter(|(_, verdict)| *verdict != Verdict::Keep).collect();
        for (attribute, verdict) in gone {
            match verdict {
                Verdict::Keep => {}
                Verdict::Remove(code) => {
                    if let Some(code) = code {
                        self.findings.add(code);
                    }
                    tree.remove_attribute(id, attribute);
                }
                Verdict::RemoveElement(code) => {
                    self.findings.add(code);
                    return false;
                }
            }
        }
        if !leads(name) {
            tree.remove_attribute(id, HREF);
        }
        true
    }

    fn visit_link(&mut self, tree: &mut Tree, id: NodeId) -> Step {
        let target = tree.attribute(id, HREF).unwrap_or_default();
        match links::sound(target).filter(|_| self.policy.office_links || target.starts_with('#')) {
            Some(sound) => {
                tree.set_attribute(id, HREF, &sound);
                Step::On
            }
            None => {
                let detail = target.chars().take(100).collect::<String>();
                self.findings.add_detail(FindingCode::LinkDropped, &detail);
                Step::Unwrap
            }
        }
    }

    /// Scripts in what is dropped; the empty frames of scripts that programs always write are none.
    pub(super) fn tell_scripts(&mut self, tree: &Tree, top: NodeId) {
        for id in tree.descendants(top) {
            let runs = match tree.name(id) {
                ("script", "event-listener") | ("ooo", "module" | "library-linked") => true,
                ("office", "script") => {
                    tree.children(id).any(|child| !tree.text(child).trim_ascii().is_empty())
                }
                ("presentation", "event-listener") => {
                    let action = tree.attribute(id, ("presentation", "action"));
                    matches!(action, Some("execute" | "verb" | "sound"))
                }
                _ => false,
            };
            if runs {
                self.findings.add(FindingCode::Macro);
            }
        }
    }
}

/// Elements whose link is judged with them.
fn leads(name: Name) -> bool {
    matches!(
        name,
        ("text" | "draw", "a")
            | ("draw", "image" | "object" | "fill-image")
            | ("style", "background-image")
            | ("text", "list-level-style-image")
            | ("chart", "chart")
    )
}

fn is_in_frame(tree: &Tree, id: NodeId) -> bool {
    tree.parent(id).is_some_and(|parent| tree.is(parent, ("draw", "frame")))
}
