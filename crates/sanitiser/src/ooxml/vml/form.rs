//! Forms of shapes by their number (\[MS-ODRAW\] §2.4.24 MSOSPT), as `DrawingML` names them (ISO/IEC 29500-1 §20.1.10.56).

use crate::markup::{NodeId, Tree};

/// Numbers of the shapes that Word and its neighbours offered, and the same among the presets.
const FORMS: &[(u32, &str)] = &[
    (1, "rect"),
    (2, "roundRect"),
    (3, "ellipse"),
    (4, "diamond"),
    (5, "triangle"),
    (6, "rtTriangle"),
    (7, "parallelogram"),
    // The trapezoid of old stands on its shorter side.
    (8, "flowChartManualOperation"),
    (9, "hexagon"),
    (10, "octagon"),
    (11, "plus"),
    (12, "star5"),
    (13, "rightArrow"),
    (15, "homePlate"),
    (16, "cube"),
    (19, "arc"),
    (20, "line"),
    (21, "plaque"),
    (22, "can"),
    (23, "donut"),
    (32, "straightConnector1"),
    (33, "bentConnector2"),
    (34, "bentConnector3"),
    (35, "bentConnector4"),
    (36, "bentConnector5"),
    (37, "curvedConnector2"),
    (38, "curvedConnector3"),
    (39, "curvedConnector4"),
    (40, "curvedConnector5"),
    (41, "callout1"),
    (42, "callout2"),
    (43, "callout3"),
    (44, "accentCallout1"),
    (45, "accentCallout2"),
    (46, "accentCallout3"),
    (47, "borderCallout1"),
    (48, "borderCallout2"),
    (49, "borderCallout3"),
    (50, "accentBorderCallout1"),
    (51, "accentBorderCallout2"),
    (52, "accentBorderCallout3"),
    (53, "ribbon"),
    (54, "ribbon2"),
    (55, "chevron"),
    (56, "pentagon"),
    (57, "noSmoking"),
    (58, "star8"),
    (59, "star16"),
    (60, "star32"),
    (61, "wedgeRectCallout"),
    (62, "wedgeRoundRectCallout"),
    (63, "wedgeEllipseCallout"),
    (64, "wave"),
    (65, "foldedCorner"),
    (66, "leftArrow"),
    (67, "downArrow"),
    (68, "upArrow"),
    (69, "leftRightArrow"),
    (70, "upDownArrow"),
    (71, "irregularSeal1"),
    (72, "irregularSeal2"),
    (73, "lightningBolt"),
    (74, "heart"),
    (76, "quadArrow"),
    (77, "leftArrowCallout"),
    (78, "rightArrowCallout"),
    (79, "upArrowCallout"),
    (80, "downArrowCallout"),
    (81, "leftRightArrowCallout"),
    (82, "upDownArrowCallout"),
    (83, "quadArrowCallout"),
    (84, "bevel"),
    (85, "leftBracket"),
    (86, "rightBracket"),
    (87, "leftBrace"),
    (88, "rightBrace"),
    (89, "leftUpArrow"),
    (90, "bentUpArrow"),
    (91, "bentArrow"),
    (92, "star24"),
    (93, "stripedRightArrow"),
    (94, "notchedRightArrow"),
    (95, "blockArc"),
    (96, "smileyFace"),
    (97, "verticalScroll"),
    (98, "horizontalScroll"),
    (99, "circularArrow"),
    (101, "uturnArrow"),
    (102, "curvedRightArrow"),
    (103, "curvedLeftArrow"),
    (104, "curvedUpArrow"),
    (105, "curvedDownArrow"),
    (106, "cloudCallout"),
    (107, "ellipseRibbon"),
    (108, "ellipseRibbon2"),
    (109, "flowChartProcess"),
    (110, "flowChartDecision"),
    (111, "flowChartInputOutput"),
    (112, "flowChartPredefinedProcess"),
    (113, "flowChartInternalStorage"),
    (114, "flowChartDocument"),
    (115, "flowChartMultidocument"),
    (116, "flowChartTerminator"),
    (117, "flowChartPreparation"),
    (118, "flowChartManualInput"),
    (119, "flowChartManualOperation"),
    (120, "flowChartConnector"),
    (121, "flowChartPunchedCard"),
    (122, "flowChartPunchedTape"),
    (123, "flowChartSummingJunction"),
    (124, "flowChartOr"),
    (125, "flowChartCollate"),
    (126, "flowChartSort"),
    (127, "flowChartExtract"),
    (128, "flowChartMerge"),
    (130, "flowChartOnlineStorage"),
    (131, "flowChartMagneticTape"),
    (132, "flowChartMagneticDisk"),
    (133, "flowChartMagneticDrum"),
    (134, "flowChartDisplay"),
    (135, "flowChartDelay"),
    (176, "flowChartAlternateProcess"),
    (177, "flowChartOffpageConnector"),
    (182, "leftRightUpArrow"),
    (183, "sun"),
    (184, "moon"),
    (185, "bracketPair"),
    (186, "bracePair"),
    (187, "star4"),
    (188, "doubleWave"),
    (202, "rect"),
];

/// The preset of a shape, if it has a form of its own.
pub(super) fn of(tree: &Tree, shape: NodeId) -> Option<&'static str> {
    match tree.name(shape).1 {
        "rect" | "image" => Some("rect"),
        "oval" => Some("ellipse"),
        "roundrect" => Some("roundRect"),
        "line" => Some("line"),
        _ => {
            let number = number(tree, shape)?;
            FORMS.iter().find(|(known, _)| *known == number).map(|(_, preset)| *preset)
        }
    }
}

/// Whether a form is a line: it has no inside.
pub(super) fn is_line(preset: &str) -> bool {
    preset == "line" || preset.contains("onnector") && !preset.starts_with("flow")
}

/// Number of its form: its own, or that of the type which Word names after it.
fn number(tree: &Tree, shape: NodeId) -> Option<u32> {
    if let Some(own) = tree.attribute(shape, ("o", "spt")) {
        return own.parse().ok();
    }
    let named = tree.attribute(shape, ("", "type"))?;
    let digits = named.rsplit_once("_t")?.1;
    digits.parse().ok()
}
