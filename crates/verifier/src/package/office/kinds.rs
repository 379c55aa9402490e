//! The parts of Office Open XML that may be in a package, and what leads to them (ECMA-376 part 1, [MS-OE376]).

use super::super::Fault;
use Kind::*;
use policy::vocabulary::Edition;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Package,
    Document,
    Workbook,
    Presentation,
    CoreProperties,
    AppProperties,
    WordStyles,
    FontTable,
    Numbering,
    WordSettings,
    Footnotes,
    Endnotes,
    Header,
    Footer,
    WordComments,
    CommentsExtended,
    CommentsIds,
    People,
    Worksheet,
    Chartsheet,
    SharedStrings,
    SheetStyles,
    Drawing,
    SheetComments,
    ThreadedComments,
    Persons,
    Table,
    PivotTable,
    PivotCache,
    PivotRecords,
    Slide,
    SlideLayout,
    SlideMaster,
    NotesSlide,
    NotesMaster,
    HandoutMaster,
    PresentationProperties,
    ViewProperties,
    TableStyles,
    CommentAuthors,
    SlideComments,
    Theme,
    ThemeOverride,
    Chart,
    ChartStyle,
    ChartColours,
    ChartShapes,
    DiagramData,
    DiagramLayout,
    DiagramStyle,
    DiagramColours,
    DiagramDrawing,
    Image,
    /// The drawing without which Excel does not show comments.
    NotesDrawing,
    /// Not a part: an address outside.
    Hyperlink,
}

/// A kind of part: what leads to it from where, what it says it is, and its root element.
pub(super) struct Row {
    pub(super) kind: Kind,
    /// The end of the relationship's type, behind the name of its base.
    relation: &'static str,
    pub(super) content_type: &'static str,
    pub(super) root: (&'static str, &'static str),
    from: &'static [Kind],
}

const fn row(
    kind: Kind,
    relation: &'static str,
    content_type: &'static str,
    root: (&'static str, &'static str),
    from: &'static [Kind],
) -> Row {
    Row { kind, relation, content_type, root, from }
}

const STORIES: &[Kind] = &[
    Document,
    Header,
    Footer,
    Footnotes,
    Endnotes,
    WordComments,
    Drawing,
    ChartShapes,
    Slide,
    SlideLayout,
    SlideMaster,
    NotesSlide,
    NotesMaster,
    HandoutMaster,
    DiagramData,
    DiagramDrawing,
    Chartsheet,
];
const CHARTS: &[Kind] = &[Chart];
const WORD: &[Kind] = &[Document];
const BOOK: &[Kind] = &[Workbook];
const SHEETS: &[Kind] = &[Worksheet, Chartsheet];
const SHOW: &[Kind] = &[Presentation];

/// Bases: `o` the standard's own (both editions), `p` packages, `m…` years of Microsoft's extensions.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(Document, "o/officeDocument", "wml:document.main", ("w", "document"), &[Package]),
    row(Workbook, "o/officeDocument", "sml:sheet.main", ("x", "workbook"), &[Package]),
    row(Presentation, "o/officeDocument", "pml:presentation.main", ("p", "presentation"), &[Package]),
    row(CoreProperties, "p/metadata/core-properties", "opc:core-properties", ("cp", "coreProperties"), &[Package]),
    row(AppProperties, "o/extended-properties", "ooxml:extended-properties", ("ap", "Properties"), &[Package]),
    row(WordStyles, "o/styles", "wml:styles", ("w", "styles"), WORD),
    row(FontTable, "o/fontTable", "wml:fontTable", ("w", "fonts"), WORD),
    row(Numbering, "o/numbering", "wml:numbering", ("w", "numbering"), WORD),
    row(WordSettings, "o/settings", "wml:settings", ("w", "settings"), WORD),
    row(Footnotes, "o/footnotes", "wml:footnotes", ("w", "footnotes"), WORD),
    row(Endnotes, "o/endnotes", "wml:endnotes", ("w", "endnotes"), WORD),
    row(Header, "o/header", "wml:header", ("w", "hdr"), WORD),
    row(Footer, "o/footer", "wml:footer", ("w", "ftr"), WORD),
    row(WordComments, "o/comments", "wml:comments", ("w", "comments"), WORD),
    row(CommentsExtended, "m2011/commentsExtended", "wml:commentsExtended", ("w15", "commentsEx"), WORD),
    row(CommentsIds, "m2016-09/commentsIds", "wml:commentsIds", ("w16cid", "commentsIds"), WORD),
    row(People, "m2011/people", "wml:people", ("w15", "people"), WORD),
    row(Worksheet, "o/worksheet", "sml:worksheet", ("x", "worksheet"), BOOK),
    row(Chartsheet, "o/chartsheet", "sml:chartsheet", ("x", "chartsheet"), BOOK),
    row(SharedStrings, "o/sharedStrings", "sml:sharedStrings", ("x", "sst"), BOOK),
    row(SheetStyles, "o/styles", "sml:styles", ("x", "styleSheet"), BOOK),
    row(Drawing, "o/drawing", "ooxml:drawing", ("xdr", "wsDr"), SHEETS),
    row(SheetComments, "o/comments", "sml:comments", ("x", "comments"), SHEETS),
    row(ThreadedComments, "m2017-10/threadedComment", "ms-excel:threadedcomments", ("xltc", "ThreadedComments"), SHEETS),
    row(Persons, "m2017-10/person", "ms-excel:person", ("xltc", "personList"), BOOK),
    row(Table, "o/table", "sml:table", ("x", "table"), SHEETS),
    row(PivotTable, "o/pivotTable", "sml:pivotTable", ("x", "pivotTableDefinition"), &[Worksheet, Workbook]),
    row(PivotCache, "o/pivotCacheDefinition", "sml:pivotCacheDefinition", ("x", "pivotCacheDefinition"), &[Workbook, PivotTable]),
    row(PivotRecords, "o/pivotCacheRecords", "sml:pivotCacheRecords", ("x", "pivotCacheRecords"), &[PivotCache]),
    row(Slide, "o/slide", "pml:slide", ("p", "sld"), &[Presentation, Slide, NotesSlide, SlideLayout, SlideMaster]),
    row(SlideLayout, "o/slideLayout", "pml:slideLayout", ("p", "sldLayout"), &[Slide, SlideMaster]),
    row(SlideMaster, "o/slideMaster", "pml:slideMaster", ("p", "sldMaster"), &[Presentation, SlideLayout]),
    row(NotesSlide, "o/notesSlide", "pml:notesSlide", ("p", "notes"), &[Slide]),
    row(NotesMaster, "o/notesMaster", "pml:notesMaster", ("p", "notesMaster"), &[Presentation, NotesSlide]),
    row(HandoutMaster, "o/handoutMaster", "pml:handoutMaster", ("p", "handoutMaster"), SHOW),
    row(PresentationProperties, "o/presProps", "pml:presProps", ("p", "presentationPr"), SHOW),
    row(ViewProperties, "o/viewProps", "pml:viewProps", ("p", "viewPr"), SHOW),
    row(TableStyles, "o/tableStyles", "pml:tableStyles", ("a", "tblStyleLst"), SHOW),
    row(CommentAuthors, "o/commentAuthors", "pml:commentAuthors", ("p", "cmAuthorLst"), SHOW),
    row(SlideComments, "o/comments", "pml:comments", ("p", "cmLst"), &[Slide]),
    row(Theme, "o/theme", "ooxml:theme", ("a", "theme"), &[Document, Workbook, Presentation, SlideMaster, NotesMaster, HandoutMaster]),
    row(ThemeOverride, "o/themeOverride", "ooxml:themeOverride", ("a", "themeOverride"), &[Slide, SlideLayout, NotesSlide, Chart]),
    row(Chart, "o/chart", "dml:chart", ("c", "chartSpace"), STORIES),
    row(ChartStyle, "m2011/chartStyle", "ms-office:chartstyle", ("cs", "chartStyle"), CHARTS),
    row(ChartColours, "m2011/chartColorStyle", "ms-office:chartcolorstyle", ("cs", "colorStyle"), CHARTS),
    row(ChartShapes, "o/chartUserShapes", "dml:chartshapes", ("c", "userShapes"), CHARTS),
    row(DiagramData, "o/diagramData", "dml:diagramData", ("dgm", "dataModel"), STORIES),
    row(DiagramLayout, "o/diagramLayout", "dml:diagramLayout", ("dgm", "layoutDef"), STORIES),
    row(DiagramStyle, "o/diagramQuickStyle", "dml:diagramStyle", ("dgm", "styleDef"), STORIES),
    row(DiagramColours, "o/diagramColors", "dml:diagramColors", ("dgm", "colorsDef"), STORIES),
    row(DiagramDrawing, "m2007/diagramDrawing", "ms-office:drawingml.diagramDrawing", ("dsp", "drawing"), STORIES),
];

/// Parts that may hold pictures.
#[rustfmt::skip]
const PICTURED: &[Kind] = &[
    Document, Header, Footer, Footnotes, Endnotes, WordComments, Numbering, Worksheet, Chartsheet, Drawing, ChartShapes,
    Chart, ChartStyle, Slide, SlideLayout, SlideMaster, NotesSlide, NotesMaster, HandoutMaster, Theme, ThemeOverride,
    DiagramData, DiagramLayout, DiagramStyle, DiagramDrawing, TableStyles, WordStyles, NotesDrawing,
];
/// Parts that may hold links.
#[rustfmt::skip]
const LINKED: &[Kind] = &[
    Document, Header, Footer, Footnotes, Endnotes, WordComments, Worksheet, Drawing, ChartShapes, Chart, Slide, SlideLayout,
    SlideMaster, NotesSlide, NotesMaster, HandoutMaster, DiagramData, DiagramDrawing,
];

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
const OFFICE_STRICT: &str = "http://purl.oclc.org/ooxml/officeDocument/relationships/";

/// The end of a relationship's type behind the short name of its base, and the edition when its base has two.
fn short(relation: &str) -> Option<(&'static str, &str, Option<Edition>)> {
    if let Some(end) = relation.strip_prefix(OFFICE) {
        return Some(("o", end, Some(Edition::Transitional)));
    }
    if let Some(end) = relation.strip_prefix(OFFICE_STRICT) {
        let end = if end == "extendedProperties" { "extended-properties" } else { end };
        return Some(("o", end, Some(Edition::Strict)));
    }
    if let Some(end) = relation.strip_prefix("http://schemas.openxmlformats.org/package/2006/relationships/")
    {
        return Some(("p", end, None));
    }
    let (year, end) =
        relation.strip_prefix("http://schemas.microsoft.com/office/")?.split_once("/relationships/")?;
    let base = match year {
        "2007" => "m2007",
        "2011" => "m2011",
        "2016/09" => "m2016-09",
        "2017/10" => "m2017-10",
        _ => return None,
    };
    Some((base, end, None))
}

/// Whether `content_type` is the one that a row names in short.
fn is_type(content_type: &str, short: &str) -> bool {
    let Some((base, name)) = short.split_once(':') else { return false };
    let head = match base {
        "wml" => "application/vnd.openxmlformats-officedocument.wordprocessingml.",
        "sml" => "application/vnd.openxmlformats-officedocument.spreadsheetml.",
        "pml" => "application/vnd.openxmlformats-officedocument.presentationml.",
        "dml" => "application/vnd.openxmlformats-officedocument.drawingml.",
        "ooxml" => "application/vnd.openxmlformats-officedocument.",
        "opc" => "application/vnd.openxmlformats-package.",
        "ms-word" => "application/vnd.ms-word.",
        "ms-excel" => "application/vnd.ms-excel.",
        "ms-office" => "application/vnd.ms-office.",
        _ => return false,
    };
    content_type.strip_prefix(head).and_then(|end| end.strip_suffix("+xml")) == Some(name)
}

/// What a relationship of this type from `source` leads to, when its target says that it is `content_type` (`None`
/// when it is outside), and the edition of the type.
pub(super) fn of(
    relation: &str,
    content_type: Option<&str>,
    source: Kind,
) -> Result<(Kind, Option<Edition>), Fault> {
    const RULE: &str = "office.relation";
    let (base, end, edition) = short(relation).ok_or((RULE, "of a type that is not on the list"))?;
    let Some(content_type) = content_type else {
        let sound = (base, end) == ("o", "hyperlink") && LINKED.contains(&source);
        return if sound { Ok((Hyperlink, edition)) } else { Err((RULE, "leads out, and is no link")) };
    };
    if (base, end) == ("o", "image") {
        let sound = matches!(content_type, "image/png" | "image/jpeg") && PICTURED.contains(&source);
        return if sound {
            Ok((Image, edition))
        } else {
            Err((RULE, "a picture of another type, or where none is"))
        };
    }
    if (base, end) == ("o", "vmlDrawing") {
        let sound =
            content_type == "application/vnd.openxmlformats-officedocument.vmlDrawing" && source == Worksheet;
        return if sound {
            Ok((NotesDrawing, edition))
        } else {
            Err((RULE, "a drawing where no comments are"))
        };
    }
    let is_relation = |row: &&Row| row.relation.split_once('/') == Some((base, end));
    let mut rows = ROWS.iter().filter(is_relation).peekable();
    if rows.peek().is_none() {
        return Err((RULE, "of a type that is not on the list"));
    }
    let found = rows.find(|row| is_type(content_type, row.content_type) && row.from.contains(&source));
    found.map(|row| (row.kind, edition)).ok_or((RULE, "to a part of another type, or from the wrong part"))
}

/// The root element of a kind.
pub(super) fn root(kind: Kind) -> Option<(&'static str, &'static str)> {
    ROWS.iter().find(|row| row.kind == kind).map(|row| row.root)
}

/// What an attribute with a relationship's name may lead to; `None` when none may be there.
pub(super) fn referred(element: (&str, &str), attribute: &str) -> Option<&'static [Kind]> {
    Some(match (element, attribute) {
        (("w" | "x", "hyperlink"), "id") => &[Hyperlink],
        (("w", "headerReference"), "id") => &[Header],
        (("w", "footerReference"), "id") => &[Footer],
        (("x", "sheet"), "id") => &[Worksheet, Chartsheet],
        (("x", "drawing"), "id") => &[Drawing],
        (("x", "legacyDrawing" | "legacyDrawingHF"), "id") => &[NotesDrawing],
        (("x", "picture"), "id") | (("a", "blip"), "embed") => &[Image],
        (("x", "tablePart"), "id") => &[Table],
        (("x", "pivotCache"), "id") => &[PivotCache],
        (("x", "pivotCacheDefinition"), "id") => &[PivotRecords],
        (("p", "sldMasterId"), "id") => &[SlideMaster],
        (("p", "notesMasterId"), "id") => &[NotesMaster],
        (("p", "handoutMasterId"), "id") => &[HandoutMaster],
        (("p", "sldId" | "sld"), "id") => &[Slide],
        (("p", "sldLayoutId"), "id") => &[SlideLayout],
        (("a", "hlinkClick" | "hlinkHover" | "hlinkMouseOver"), "id") => &[Hyperlink, Slide],
        (("c", "chart"), "id") => &[Chart],
        (("c", "userShapes"), "id") => &[ChartShapes],
        (("dgm", "relIds"), "dm") => &[DiagramData],
        (("dgm", "relIds"), "lo") => &[DiagramLayout],
        (("dgm", "relIds"), "qs") => &[DiagramStyle],
        (("dgm", "relIds"), "cs") => &[DiagramColours],
        _ => return None,
    })
}

/// Whether a relationship means nothing unless an attribute of its part names it.
pub(super) const fn needs_reference(kind: Kind) -> bool {
    matches!(kind, Hyperlink | Image | NotesDrawing | Header | Footer | Worksheet | Chartsheet | Chart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_follows_from_relation_type_and_source() {
        let wml = "application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml";
        let styles = |base: &str| of(&format!("{base}styles"), Some(wml), Document);
        assert_eq!(styles(OFFICE), Ok((WordStyles, Some(Edition::Transitional))));
        assert_eq!(styles(OFFICE_STRICT), Ok((WordStyles, Some(Edition::Strict))));
        assert!(styles("http://evil/").is_err());
        assert!(of(&format!("{OFFICE}styles"), Some(wml), Workbook).is_err());
        assert!(of(&format!("{OFFICE}header"), Some(wml), Document).is_err());
        assert_eq!(of(&format!("{OFFICE}hyperlink"), None, Slide).map(|(kind, _)| kind), Ok(Hyperlink));
        let never = [
            "vbaProject",
            "oleObject",
            "package",
            "attachedTemplate",
            "aFChunk",
            "subDocument",
            "externalLink",
            "control",
            "customXml",
            "printerSettings",
            "font",
            "glossaryDocument",
            "audio",
            "video",
            "frame",
            "connections",
            "vmlDrawing",
        ];
        for end in never {
            let relation = format!("{OFFICE}{end}");
            assert!(
                of(&relation, None, Document).is_err() && of(&relation, Some(wml), Document).is_err(),
                "{end}"
            );
        }
        // No two rows can be taken for one another.
        for (at, row) in ROWS.iter().enumerate() {
            let twin =
                |other: &&Row| other.relation == row.relation && other.content_type == row.content_type;
            assert!(!ROWS.iter().skip(at.saturating_add(1)).any(|other| twin(&other)), "{:?}", row.kind);
        }
        assert_eq!((never.len(), ROWS.len()), (17, 51));
    }
}
