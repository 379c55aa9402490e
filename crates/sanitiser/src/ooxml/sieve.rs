//! One part: what may stay of its elements, attributes, fields, formulas and links.
//!
//! The vocabulary has kept out whatever has no name; here goes what has a name and still must not cross, and what
//! stands empty because of that.

use super::{Book, Rules, changes, compatibility, fields, formula, links, literal, preview};
use crate::markup::{Name, NodeId, Tree};
use policy::{FindingCode, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// A part at work.
pub(super) struct Sieve<'a> {
    pub(super) tree: Tree,
    /// Pictures of an old drawing: name of the shape, name of the relationship.
    pub(super) pictures: &'a BTreeMap<String, String>,
    pub(super) findings: &'a mut Findings,
    pub(super) rules: &'a Rules,
    pub(super) book: &'a mut Book,
}

impl Sieve<'_> {
    /// Whether links may stay at all.
    pub(super) const fn may_link(&self) -> bool {
        self.rules.links
    }

    /// Works through the part. What was there to read before stands in the tally.
    pub(super) fn run(&mut self) {
        compatibility::choose(&mut self.tree);
        unwrap_wrappers(&mut self.tree);
        // What was deleted is no loss, and fields are judged as they stand afterwards.
        if !self.rules.changes && changes::accept(&mut self.tree) {
            self.findings.add_detail(FindingCode::RemarksDropped, "changes");
        }
        // What old drawings say counts as well: not all of them can be drawn anew.
        let before = characters(&self.tree);
        preview::keep(self);
        let mut lost_characters = 0u64;
        self.settle_lost(&mut lost_characters);
        self.deny();
        if matches!(self.tree.name(self.tree.root()).0, "w") {
            fields::judge(self);
        }
        self.formulas();
        let tally = &mut self.book.tally;
        tally.characters = tally.characters.saturating_add(before).saturating_add(lost_characters);
        let after = characters(&self.tree);
        tally.kept_characters = tally.kept_characters.saturating_add(after.min(before));
    }

    /// What the reader could not keep: told, and what stands empty without it goes too.
    fn settle_lost(&mut self, characters: &mut u64) {
        for lost in self.tree.lost().to_vec() {
            let Some(parent) = lost.parent.filter(|&parent| self.tree.is_attached(parent)) else { continue };
            let local = lost.name.rsplit(':').next().unwrap_or_default();
            if !QUIET.contains(&local) && !matches!(self.tree.name(parent).1, "ext") {
                self.findings.add_detail(FindingCode::ElementDropped, &lost.name);
                self.book.tally.elements = self.book.tally.elements.saturating_add(1);
                *characters = characters.saturating_add(lost.characters);
            }
            if local == "macrosheet" || MEDIA.contains(&local) {
                self.findings.add_detail(FindingCode::MediaDropped, local);
            }
            if self.tree.first(parent).is_none() {
                match self.tree.name(parent) {
                    ("a", "graphicData") => remove_object(&mut self.tree, parent),
                    name if needs_content(name) => remove_emptied(&mut self.tree, parent),
                    _ => {}
                }
            }
            // Steps of an animation hang together: without one the rest is no valid animation.
            if let Some(timing) = enclosing(&self.tree, parent, &[("p", "timing")]) {
                self.tree.remove(timing);
            }
        }
    }

    fn deny(&mut self) {
        let root = self.tree.root();
        let mut condemned: Vec<NodeId> = Vec::new();
        let mut next = Some(root);
        while let Some(id) = next {
            if self.must_go(id) {
                condemned.push(id);
                next = self.tree.behind(id, root);
            } else {
                self.attributes(id);
                next = self.tree.following(id, root);
            }
        }
        for id in condemned {
            if self.tree.is(id, ("p", "oleObj")) {
                remove_object(&mut self.tree, id);
                continue;
            }
            // Steps of an animation hang together: without one the rest is no valid animation.
            let target = enclosing(&self.tree, id, &[("p", "timing")]).unwrap_or(id);
            remove_emptied(&mut self.tree, target);
        }
    }

    /// Elements that have a name and must not cross.
    fn must_go(&mut self, id: NodeId) -> bool {
        if self.tree.is_text(id) {
            // There is no mixed content.
            let element = |node: Option<NodeId>| node.is_some_and(|node| !self.tree.is_text(node));
            return element(self.tree.previous(id)) || element(self.tree.next(id));
        }
        match self.tree.name(id) {
            ("v" | "o" | "w10" | "pvml" | "xvml" | "cx" | "mc" | "sl" | "xr" | "xr2" | "xr3", _) => true,
            (
                "w",
                "pict"
                | "object"
                | "rsids"
                | "updateFields"
                | "fldData"
                | "entryMacro"
                | "exitMacro"
                | "movie"
                | "hdrShapeDefaults"
                | "shapeDefaults"
                | "linkStyles"
                | "saveThroughXslt"
                | "removePersonalInformation"
                | "binData"
                | "sourceFileName",
            ) => true,
            ("w", "commentRangeStart" | "commentRangeEnd" | "commentReference" | "annotationRef") => {
                !self.rules.comments
            }
            (
                "x",
                "legacyDrawing"
                | "legacyDrawingHF"
                | "customSheetViews"
                | "customWorkbookViews"
                | "cellWatches"
                | "smartTags"
                | "oleObjects"
                | "controls"
                | "webPublishItems"
                | "metadata"
                | "fileRecoveryPr",
            ) => true,
            ("p", "custDataLst" | "controls" | "oleObj" | "contentPart" | "tags") => true,
            ("a", "hlinkClick" | "hlinkHover" | "hlinkMouseOver") => {
                let action = self.tree.attribute(id, ("", "action")).unwrap_or_default();
                let refused = !links::action_is_allowed(action);
                if refused {
                    self.findings.add_detail(FindingCode::LinkDropped, action);
                }
                refused
            }
            ("x" | "w", "hyperlink") => !self.place_is_allowed(id),
            ("p", "cmd") => {
                let plain = |c: char| c.is_ascii_alphanumeric() || "().-".contains(c);
                self.tree.attribute(id, ("", "type")) != Some("call")
                    || !self.tree.attribute(id, ("", "cmd")).unwrap_or_default().chars().all(plain)
            }
            ("x", "sheet") => {
                if self.tree.attribute(id, ("", "state")) == Some("veryHidden") {
                    let name = self.tree.attribute(id, ("", "name")).unwrap_or_default();
                    self.findings.add_detail(FindingCode::HiddenSheet, name);
                }
                false
            }
            _ => false,
        }
    }

    /// Whether the place that a link names is one; behind an address it is a fragment of it.
    fn place_is_allowed(&mut self, id: NodeId) -> bool {
        let leads_out = self.tree.attribute(id, ("r", "id")).is_some();
        for name in [("", "location"), ("w", "anchor"), ("w", "docLocation")] {
            let Some(place) = self.tree.attribute(id, name) else { continue };
            if links::is_place(place) {
                continue;
            }
            if !leads_out {
                self.findings.add_detail(FindingCode::LinkDropped, place);
                if name.0 == "w" {
                    // The text of the link stays.
                    self.tree.remove_attribute(id, name);
                    continue;
                }
                return false;
            }
            self.tree.remove_attribute(id, name);
        }
        true
    }

    /// Attributes that have a name and must not cross.
    fn attributes(&mut self, id: NodeId) {
        let acting: Vec<Name> = self
            .tree
            .attributes(id)
            .filter(|((_, local), value)| !TEXTS.contains(local) && links::acts(value))
            .map(|(name, _)| name)
            .collect();
        for name in acting {
            self.tree.remove_attribute(id, name);
        }
        for local in ["textlink", "fmlaLink", "fmlaRange", "cellRange", "unlockedFormula"] {
            if self.tree.attribute(id, ("", local)).is_some() && !self.attribute_stays_inside(id, local) {
                self.tree.remove_attribute(id, ("", local));
            }
        }
        match self.tree.name(id) {
            ("x", "c") => {
                // They point into parts that do not cross (rich values, dynamic arrays).
                self.tree.remove_attribute(id, ("", "cm"));
                self.tree.remove_attribute(id, ("", "vm"));
            }
            ("x", "table") => {
                self.tree.remove_attribute(id, ("", "tableType"));
                self.tree.remove_attribute(id, ("", "connectionId"));
            }
            ("x", "definedName") => {
                self.tree.remove_attribute(id, ("", "publishToServer"));
                self.tree.remove_attribute(id, ("", "workbookParameter"));
            }
            ("x", "tableColumn") => {
                self.tree.remove_attribute(id, ("", "queryTableFieldId"));
            }
            ("a", "hlinkClick" | "hlinkHover" | "hlinkMouseOver") => {
                self.tree.remove_attribute(id, ("", "invalidUrl"));
            }
            ("w", _) => {
                let marks: Vec<_> = self
                    .tree
                    .attribute_names(id)
                    .filter(|name| name.0 == "w" && name.1.starts_with("rsid"))
                    .collect();
                for name in marks {
                    self.tree.remove_attribute(id, name);
                }
            }
            _ => {}
        }
    }

    /// Formulas of cells, names, rules and charts.
    fn formulas(&mut self) {
        match self.tree.name(self.tree.root()).0 {
            "x" | "c" => {}
            _ => return,
        }
        let nodes: Vec<NodeId> = self.tree.descendants(self.tree.root()).collect();
        let refused: Vec<NodeId> = nodes.into_iter().filter(|&id| self.formula_is_refused(id)).collect();
        let mut shared: BTreeSet<String> = BTreeSet::new();
        for id in refused {
            if self.tree.is(id, ("x", "definedName")) {
                remove_emptied(&mut self.tree, id);
                continue;
            }
            self.findings.add(FindingCode::FormulaFrozen);
            if self.tree.attribute(id, ("", "t")) == Some("shared")
                && let Some(number) = self.tree.attribute(id, ("", "si"))
            {
                shared.insert(number.to_owned());
            }
            if matches!(self.tree.name(id), ("x", "cacheField" | "calculatedItem")) {
                self.tree.remove_attribute(id, ("", "formula"));
            } else if !literal::of_chart(&mut self.tree, id) {
                let owner = self.formula_owner(id);
                remove_emptied(&mut self.tree, owner);
            }
        }
        self.drop_shared(&shared);
    }

    fn formula_is_refused(&mut self, id: NodeId) -> bool {
        match self.tree.name(id) {
            ("x", "definedName") => self.name_is_refused(id),
            (
                "x",
                "f"
                | "formula"
                | "formula1"
                | "formula2"
                | "oldFormula"
                | "calculatedColumnFormula"
                | "totalsRowFormula",
            )
            | ("xm" | "c", "f")
            | ("c15", "f" | "sqref" | "fullRef" | "levelRef" | "formulaRef" | "dlblFieldTable")
            | ("xm", "sqref") => !self.stays_inside(&self.tree.own_text(id)),
            ("x" | "x14", "cfvo") => !self.attribute_stays_inside(id, "val"),
            ("x", "cacheField" | "calculatedItem") => !self.attribute_stays_inside(id, "formula"),
            _ => false,
        }
    }

    fn attribute_stays_inside(&self, id: NodeId, name: &'static str) -> bool {
        self.stays_inside(self.tree.attribute(id, ("", name)).unwrap_or_default())
    }

    /// The element that makes no sense without the formula.
    fn formula_owner(&self, id: NodeId) -> NodeId {
        let owners: &[_] = match self.tree.name(id) {
            ("x", "formula") | ("x", "cfvo") => &[("x", "cfRule")],
            ("x", "formula1" | "formula2") => &[("x", "dataValidation"), ("x", "rfmt")],
            ("xm", _) | ("x14", "cfvo") => {
                &[("x14", "sparkline"), ("x14", "dataValidation"), ("x14", "cfRule"), ("x", "ext")]
            }
            ("c15", _) => &[("c", "ext"), ("c15", "datalabelsRange")],
            _ => &[],
        };
        enclosing(&self.tree, id, owners).unwrap_or(id)
    }

    fn stays_inside(&self, text: &str) -> bool {
        formula::stays_inside(text, &self.book.gone_names, self.rules.links)
    }

    /// Names that are called by themselves or lead outside. That a name is a macro cannot be said any more.
    fn name_is_refused(&mut self, id: NodeId) -> bool {
        let name = self.tree.attribute(id, ("", "name")).unwrap_or_default().to_owned();
        let is_auto = formula::is_auto_name(&name);
        let refused = is_auto || !self.stays_inside(&self.tree.own_text(id));
        if refused {
            if is_auto {
                self.findings.add_detail(FindingCode::Macro, &name);
            } else {
                self.findings.add_detail(FindingCode::FormulaFrozen, &name);
            }
            self.book.gone_names.insert(name.to_lowercase());
        }
        refused
    }

    /// Cells that share a formula which is gone.
    fn drop_shared(&mut self, shared: &BTreeSet<String>) {
        if shared.is_empty() {
            return;
        }
        let orphans: Vec<NodeId> = self
            .tree
            .descendants(self.tree.root())
            .filter(|&id| {
                self.tree.is(id, ("x", "f"))
                    && self.tree.attribute(id, ("", "si")).is_some_and(|si| shared.contains(si))
            })
            .collect();
        for id in orphans {
            self.tree.remove(id);
        }
    }
}

/// Elements whose loss nobody sees: marks of programs and of people.
const QUIET: &[&str] = &[
    "absPath",
    "shapeDefaults",
    "hdrShapeDefaults",
    "docId",
    "revisionPtr",
    "externalData",
    "extCalcPr",
    "rsids",
    "attachedTemplate",
    "docVars",
    "custDataLst",
    "oleObjects",
    "controls",
    "externalReferences",
    "legacyDrawingHF",
    "embedRegular",
    "embedBold",
    "embedItalic",
    "embedBoldItalic",
    "embeddedFontLst",
    "modifyVerifier",
    "photoAlbum",
    "fileRecoveryPr",
    "customWorkbookViews",
    "customSheetViews",
    "webPublishing",
    "webPublishItems",
    "smartTagPr",
    "customXmlPr",
    "dataBinding",
    "OLEObject",
    "control",
    "object",
    "media",
    "laserTraceLst",
    "decorative",
    "uiCompat97To2003",
    "from",
    "to",
    "customProperties",
    "oleSize",
    "smartTags",
    "smartTagTypes",
    "htmlPubPr",
    "webPr",
    "link",
    "embed",
    "dataStoreItem",
    "attachedSchema",
    "mailMerge",
    "functionGroups",
    "labelList",
];

/// Attributes that hold words for people, whatever they look like, or that are judged elsewhere.
const TEXTS: &[&str] = &[
    "alt",
    "author",
    "comment",
    "descr",
    "description",
    "display",
    "error",
    "errorTitle",
    "help",
    "label",
    "name",
    "promptTitle",
    "prompt",
    "statusBar",
    "title",
    "tooltip",
    "v",
    "c",
    "val",
    "userName",
    "caption",
    "text",
    "formatCode",
    "char",
    "lvlText",
    "displayName",
    "uniqueName",
    "sourceName",
    "alias",
    "tag",
    "numFmt",
    "userId",
    "instr",
    "action",
];

/// Elements that play something.
const MEDIA: &[&str] =
    &["audioFile", "videoFile", "quickTimeFile", "wavAudioFile", "audioCd", "snd", "sndAc", "audio", "video"];

/// Elements that are not valid without content.
fn needs_content(name: (&str, &str)) -> bool {
    matches!(
        name,
        (_, "ext" | "extLst")
            | (
                "x",
                "hyperlinks"
                    | "definedNames"
                    | "dataValidations"
                    | "conditionalFormatting"
                    | "tableParts"
                    | "pivotCaches"
                    | "cfRule"
            )
            | (
                "x14",
                "slicerList"
                    | "slicerCaches"
                    | "dataValidations"
                    | "conditionalFormattings"
                    | "conditionalFormatting"
                    | "sparklineGroups"
                    | "sparklineGroup"
                    | "sparklines"
                    | "pivotCaches"
            )
            | ("x15", "slicerCaches" | "timelineCacheRefs" | "timelineRefs" | "pivotTableReferences")
            | ("p", "custShowLst" | "custShow")
            | ("w", "drawing")
            | ("wpg" | "xdr" | "p", "graphicFrame")
    )
}

/// Takes an element away, and those around it that are nothing without it.
pub(super) fn remove_emptied(tree: &mut Tree, id: NodeId) {
    let mut at = Some(id);
    while let Some(id) = at {
        let parent = tree.parent(id);
        tree.remove(id);
        at = parent.filter(|&parent| parent != tree.root() && tree.first(parent).is_none());
        at = at.filter(|&parent| needs_content(tree.name(parent)));
    }
}

/// Takes away the whole drawing object that an element stands in.
pub(super) fn remove_object(tree: &mut Tree, id: NodeId) {
    let objects = [
        ("p", "graphicFrame"),
        ("w", "drawing"),
        ("wpg", "graphicFrame"),
        ("xdr", "twoCellAnchor"),
        ("xdr", "oneCellAnchor"),
        ("xdr", "absoluteAnchor"),
        ("cdr", "relSizeAnchor"),
        ("cdr", "absSizeAnchor"),
    ];
    let object = enclosing(tree, id, &objects).unwrap_or(id);
    remove_emptied(tree, object);
}

/// The innermost element around a node, or the node itself, that has one of these names.
pub(super) fn enclosing(tree: &Tree, id: NodeId, names: &[(&str, &str)]) -> Option<NodeId> {
    let mut at = Some(id);
    while let Some(id) = at {
        if names.contains(&tree.name(id)) {
            return Some(id);
        }
        at = tree.parent(id);
    }
    None
}

/// Elements that only say what their content belongs to.
fn unwrap_wrappers(tree: &mut Tree) {
    if tree.name(tree.root()).0 != "w" {
        return;
    }
    let mut next = Some(tree.root());
    while let Some(id) = next {
        next = tree.following(id, tree.root());
        if let ("w", "customXml" | "smartTag") = tree.name(id) {
            tree.unwrap(id);
        }
    }
}

/// How much there is to read, white space apart.
fn characters(tree: &Tree) -> u64 {
    let mut sum = 0usize;
    for id in tree.descendants(tree.root()) {
        if !tree.is_text(id) {
            continue;
        }
        let holder = tree.parent(id).map_or(("", ""), |parent| tree.name(parent));
        if matches!(
            holder,
            ("w", "t" | "delText")
                | ("x", "t" | "v")
                | ("a" | "m", "t")
                | ("c", "v")
                | ("xltc" | "p", "text")
        ) {
            sum = sum.saturating_add(tree.text(id).chars().filter(|c| !c.is_whitespace()).count());
        }
    }
    u64::try_from(sum).unwrap_or(u64::MAX)
}
