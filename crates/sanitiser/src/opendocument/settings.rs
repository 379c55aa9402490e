//! `settings.xml` → the settings that change how a document looks, and no others (ODF 1.3 part 3 §3.10).
//!
//! Settings belong to programs; these are LibreOffice's. Not here: printers, links, passwords, sources of data.

use super::parts;
use crate::markup::{Name, NodeId, Tree};

/// Settings of the view: where a sheet is split and which is in front.
const VIEW: &[&str] = &[
    "ActiveSplitRange",
    "ActiveTable",
    "CursorPositionX",
    "CursorPositionY",
    "HasColumnRowHeaders",
    "HasSheetTabs",
    "HorizontalSplitMode",
    "HorizontalSplitPosition",
    "IsOutlineSymbolsSet",
    "PageViewZoomValue",
    "PositionBottom",
    "PositionLeft",
    "PositionRight",
    "PositionTop",
    "ShowGrid",
    "ShowNotes",
    "ShowPageBreaks",
    "ShowZeroValues",
    "VerticalSplitMode",
    "VerticalSplitPosition",
    "ViewId",
    "ZoomFactor",
    "ZoomType",
    "ZoomValue",
];

/// Settings of the document: how lines are broken and spaced, and what is printed.
const DOCUMENT: &[&str] = &[
    "AddExternalLeading",
    "AddFrameOffsets",
    "AddParaLineSpacingToTableCells",
    "AddParaSpacingToTableCells",
    "AddParaTableSpacing",
    "AddParaTableSpacingAtStart",
    "AddVerticalFrameOffsets",
    "ApplyParagraphMarkFormatToNumbering",
    "AutoCalculate",
    "AutoFirstLineIndentDisregardLineSpace",
    "BackgroundParaOverDrawings",
    "CharacterCompressionType",
    "ClipAsCharacterAnchoredWriterFlyFrames",
    "ClippedPictures",
    "CollapseEmptyCellPara",
    "ConsiderTextWrapOnObjPos",
    "ContinuousEndnotes",
    "DefaultTabStop",
    "DisableOffPagePositioning",
    "DoNotJustifyLinesWithManualBreak",
    "DoNotResetParaAttrsForNumFont",
    "DropCapPunctuation",
    "FloattableNomargins",
    "FootnoteInColumnToPageEnd",
    "FrameAutowidthWithMorePara",
    "GridColor",
    "GutterAtTop",
    "HasColumnRowHeaders",
    "HasSheetTabs",
    "HeaderSpacingBelowLastPara",
    "IgnoreFirstLineIndentInNumbering",
    "IgnoreTabsAndBlanksForLineCalculation",
    "InvertBorderSpacing",
    "IsKernAsianPunctuation",
    "IsOutlineSymbolsSet",
    "JustifyLinesWithShrinking",
    "MathBaselineAlignment",
    "MsWordCompMinLineHeightByFly",
    "MsWordCompTrailingBlanks",
    "NoGapAfterNoteNumber",
    "NoNumberingShowFollowBy",
    "OutlineLevelYieldsNumbering",
    "ParagraphSummation",
    "PrintEmptyPages",
    "PrintHiddenText",
    "PropLineSpacingShrinksFirstLine",
    "ProtectForm",
    "ShowGrid",
    "ShowNotes",
    "ShowPageBreaks",
    "ShowZeroValues",
    "SmallCapsPercentage66",
    "StylesNoDefault",
    "SubtractFlysAnchoredAtFlys",
    "SurroundTextWrapSmall",
    "SyntaxStringRef",
    "TabAtLeftIndentForParagraphsInList",
    "TabOverMargin",
    "TabOverSpacing",
    "TabOverflow",
    "TableRowKeep",
    "TabsRelativeToIndent",
    "TreatSingleColumnBreakAsPageBreak",
    "UnbreakableNumberings",
    "UnxForceZeroExtLeading",
    "UseFormerLineSpacing",
    "UseFormerObjectPositioning",
    "UseFormerTextWrapping",
    "UseOldNumbering",
    "UseVariableWidthNBSP",
    "WordLikeWrapForAsCharFlys",
];

const NAME: Name = ("config", "name");
const TYPE: Name = ("config", "type");

/// The settings that stay, written anew; `None` when none do.
pub(super) fn rebuild(mut tree: Tree, version: &str) -> Option<Vec<u8>> {
    parts::as_settings(&mut tree, version);
    let mut kept = 0u32;
    let mut next = Some(tree.root());
    while let Some(id) = next {
        let root = tree.root();
        if stays(&tree, id) {
            kept = kept.saturating_add(u32::from(tree.is(id, ("config", "config-item"))));
            next = tree.following(id, root);
        } else {
            next = tree.behind(id, root);
            tree.remove(id);
        }
    }
    (kept > 0).then(|| tree.write())
}

fn stays(tree: &Tree, id: NodeId) -> bool {
    let name = tree.attribute(id, NAME);
    match tree.name(id) {
        ("", "") => tree.parent(id).is_some_and(|parent| tree.is(parent, ("config", "config-item"))),
        ("office", "document-settings" | "settings") => true,
        ("config", "config-item-set") => {
            matches!(name, Some("ooo:view-settings" | "ooo:configuration-settings"))
        }
        ("config", "config-item-map-indexed") => name == Some("Views"),
        ("config", "config-item-map-named") => name == Some("Tables"),
        // Without a name a view, with one the view of a sheet.
        ("config", "config-item-map-entry") => name.is_none_or(|name| !name.contains(['/', '\\', ':'])),
        ("config", "config-item") => name.is_some_and(|name| is_item(tree, id, name)),
        _ => false,
    }
}

/// Whether an item is on the list of the set around it and its value is of its type.
fn is_item(tree: &Tree, id: NodeId, name: &str) -> bool {
    let mut around = tree.parent(id);
    while let Some(outer) = around
        && !tree.is(outer, ("config", "config-item-set"))
    {
        around = tree.parent(outer);
    }
    let known = match around.and_then(|set| tree.attribute(set, NAME)) {
        Some("ooo:view-settings") => VIEW.contains(&name),
        Some("ooo:configuration-settings") => DOCUMENT.contains(&name),
        Some(_) | None => false,
    };
    let value = tree.own_text(id);
    let sound = match tree.attribute(id, TYPE) {
        Some("boolean") => matches!(value.as_str(), "true" | "false"),
        Some("short" | "int" | "long" | "double") => value.parse::<f64>().is_ok_and(f64::is_finite),
        Some("string") => {
            matches!(name, "ActiveTable" | "ViewId")
                && !value.contains(['/', '\\', ':'])
                && value.len() <= 200
        }
        Some(_) | None => false,
    };
    known && sound
}

#[cfg(test)]
mod tests {
    use super::{super::dialect::DIALECT, *};
    use crate::markup;
    use policy::{Budget, Limits};

    #[test]
    fn settings_of_the_look_stay() {
        let item = |name: &str, kind: &str, value: &str| {
            format!("<c:config-item c:name='{name}' c:type='{kind}'>{value}</c:config-item>")
        };
        let input = format!(
            "<o:document-settings xmlns:o='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:c='urn:oasis:names:tc:opendocument:xmlns:config:1.0'><o:settings><c:config-item-set c:name='ooo:configuration-settings'>{}{}{}{}{}</c:config-item-set><c:config-item-set c:name='urn:x'>{}</c:config-item-set></o:settings></o:document-settings>",
            item("TabOverflow", "boolean", "true"),
            item("TableRowKeep", "boolean", "perhaps"),
            item("PrinterSetup", "base64Binary", "AAAA"),
            item("PrinterName", "string", "x"),
            item("CurrentDatabaseDataSource", "string", "x"),
            item("TabOverflow", "boolean", "true"),
        );
        let tree = markup::read(input.as_bytes(), &DIALECT, &mut Budget::new(&Limits::STANDARD)).unwrap();
        let written = rebuild(tree, "1.3").unwrap();
        let written = String::from_utf8(written).unwrap();
        assert!(written.contains("config:name=\"TabOverflow\" config:type=\"boolean\">true<"));
        assert_eq!(written.matches("<config:config-item ").count(), 1);
        assert_eq!(written.matches("<config:config-item-set").count(), 1);
    }
}
