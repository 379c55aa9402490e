//! The parts that a document may have: by which relationship they are reached, what they must declare to be, and
//! under which name they are written (ISO/IEC 29500-1 §§11–15 and 22.2, \[MS-OFFMACRO2\], \[MS-XLSX\], \[MS-DOCX\]).
//!
//! *Security.* This is the allow-list of the package: a relationship that is not here leads nowhere, and a part that
//! declares another type than its relationship promises is not read.

use crate::markup::Name;
use policy::vocabulary::Edition;

/// The three families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Word,
    Excel,
    PowerPoint,
}

impl Family {
    /// Folder of the parts in the package.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Excel => "xl",
            Self::PowerPoint => "ppt",
        }
    }

    /// Extension of the file.
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Word => "docx",
            Self::Excel => "xlsx",
            Self::PowerPoint => "pptx",
        }
    }

    /// Media type of the file.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Word => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Excel => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::PowerPoint => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        }
    }

    /// The kind of the main part.
    pub(super) const fn main(self) -> Part {
        match self {
            Self::Word => Part::Document,
            Self::Excel => Part::Workbook,
            Self::PowerPoint => Part::Presentation,
        }
    }

    /// The family of a main part, by what it declares to be; add-ins are programs and none of them.
    pub(super) fn of_main_type(media_type: &str) -> Option<Self> {
        [Self::Word, Self::Excel, Self::PowerPoint]
            .into_iter()
            .find(|family| family.main().row().declares(media_type))
    }
}

const TRANSITIONAL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
const STRICT: &str = "http://purl.oclc.org/ooxml/officeDocument/relationships/";

/// Whether a relationship is followed only where an attribute of the part names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    ByName,
    ByItself,
}

/// What is known of a kind of part.
pub(super) struct Row {
    /// Last segment of the relationship's type.
    relation: &'static str,
    /// Base of the relationship's type where it is Microsoft's own.
    base: Option<&'static str>,
    /// What the part may declare to be; the first is what we declare.
    types: &'static [&'static str],
    /// What we declare the part to be.
    pub(super) media_type: &'static str,
    /// Its root element.
    pub(super) root: Name,
    /// The name that it is written under below the folder of the family, without extension; `#` stands for a number.
    /// These are the names that Microsoft's programs give: some readers look for them rather than for relationships.
    pub(super) stem: &'static str,
    reached: Reached,
}

impl Row {
    /// Whether a part of this kind may declare to be that.
    pub(super) fn declares(&self, media_type: &str) -> bool {
        self.types.iter().any(|known| known.eq_ignore_ascii_case(media_type))
    }
}

macro_rules! parts {
    ($($variant:ident: $relation:literal $base:expr, $root:expr, $stem:literal, $reached:ident, $type:literal $(| $other:literal)*;)+) => {
        /// The kinds of XML parts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Part { $($variant,)+ }

        impl Part {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(super) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$variant => {
                        const ROW: Row = Row {
                            relation: $relation,
                            base: $base,
                            types: &[concat!("application/", $type) $(, concat!("application/", $other))*],
                            media_type: concat!("application/", $type),
                            root: $root,
                            stem: $stem,
                            reached: Reached::$reached,
                        };
                        &ROW
                    })+
                }
            }
        }
    };
}

const MS_2007: Option<&str> = Some("http://schemas.microsoft.com/office/2007/relationships/");
const MS_2011: Option<&str> = Some("http://schemas.microsoft.com/office/2011/relationships/");
const MS_2016: Option<&str> = Some("http://schemas.microsoft.com/office/2016/09/relationships/");
const MS_2017: Option<&str> = Some("http://schemas.microsoft.com/office/2017/10/relationships/");

parts! {
    Document: "officeDocument" None, ("w", "document"), "document", ByName,
        "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        | "vnd.ms-word.document.macroEnabled.main+xml"
        | "vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"
        | "vnd.ms-word.template.macroEnabledTemplate.main+xml";
    Workbook: "officeDocument" None, ("x", "workbook"), "workbook", ByName,
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
        | "vnd.ms-excel.sheet.macroEnabled.main+xml"
        | "vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml"
        | "vnd.ms-excel.template.macroEnabled.main+xml";
    Presentation: "officeDocument" None, ("p", "presentation"), "presentation", ByName,
        "vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
        | "vnd.ms-powerpoint.presentation.macroEnabled.main+xml"
        | "vnd.openxmlformats-officedocument.presentationml.template.main+xml"
        | "vnd.ms-powerpoint.template.macroEnabled.main+xml"
        | "vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"
        | "vnd.ms-powerpoint.slideshow.macroEnabled.main+xml";

    WordStyles: "styles" None, ("w", "styles"), "styles", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.styles+xml";
    FontTable: "fontTable" None, ("w", "fonts"), "fontTable", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.fontTable+xml";
    Numbering: "numbering" None, ("w", "numbering"), "numbering", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml";
    Settings: "settings" None, ("w", "settings"), "settings", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.settings+xml";
    Footnotes: "footnotes" None, ("w", "footnotes"), "footnotes", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml";
    Endnotes: "endnotes" None, ("w", "endnotes"), "endnotes", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.endnotes+xml";
    Header: "header" None, ("w", "hdr"), "header#", ByName,
        "vnd.openxmlformats-officedocument.wordprocessingml.header+xml";
    Footer: "footer" None, ("w", "ftr"), "footer#", ByName,
        "vnd.openxmlformats-officedocument.wordprocessingml.footer+xml";
    WordComments: "comments" None, ("w", "comments"), "comments", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.comments+xml";
    CommentsExtended: "commentsExtended" MS_2011, ("w15", "commentsEx"), "commentsExtended", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.commentsExtended+xml";
    CommentsIds: "commentsIds" MS_2016, ("w16cid", "commentsIds"), "commentsIds", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.commentsIds+xml";
    People: "people" MS_2011, ("w15", "people"), "people", ByItself,
        "vnd.openxmlformats-officedocument.wordprocessingml.people+xml";

    Worksheet: "worksheet" None, ("x", "worksheet"), "worksheets/sheet#", ByName,
        "vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";
    Chartsheet: "chartsheet" None, ("x", "chartsheet"), "chartsheets/sheet#", ByName,
        "vnd.openxmlformats-officedocument.spreadsheetml.chartsheet+xml";
    SharedStrings: "sharedStrings" None, ("x", "sst"), "sharedStrings", ByItself,
        "vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml";
    ExcelStyles: "styles" None, ("x", "styleSheet"), "styles", ByItself,
        "vnd.openxmlformats-officedocument.spreadsheetml.styles+xml";
    ExcelComments: "comments" None, ("x", "comments"), "comments#", ByItself,
        "vnd.openxmlformats-officedocument.spreadsheetml.comments+xml";
    ThreadedComments: "threadedComment" MS_2017, ("xltc", "ThreadedComments"), "threadedComments/threadedComment#", ByItself,
        "vnd.ms-excel.threadedcomments+xml";
    Persons: "person" MS_2017, ("xltc", "personList"), "persons/person#", ByItself,
        "vnd.ms-excel.person+xml";
    Table: "table" None, ("x", "table"), "tables/table#", ByName,
        "vnd.openxmlformats-officedocument.spreadsheetml.table+xml";
    PivotTable: "pivotTable" None, ("x", "pivotTableDefinition"), "pivotTables/pivotTable#", ByItself,
        "vnd.openxmlformats-officedocument.spreadsheetml.pivotTable+xml";
    PivotCache: "pivotCacheDefinition" None, ("x", "pivotCacheDefinition"), "pivotCache/pivotCacheDefinition#", ByItself,
        "vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheDefinition+xml";
    PivotRecords: "pivotCacheRecords" None, ("x", "pivotCacheRecords"), "pivotCache/pivotCacheRecords#", ByName,
        "vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheRecords+xml";
    SheetDrawing: "drawing" None, ("xdr", "wsDr"), "drawings/drawing#", ByName,
        "vnd.openxmlformats-officedocument.drawing+xml";

    Slide: "slide" None, ("p", "sld"), "slides/slide#", ByName,
        "vnd.openxmlformats-officedocument.presentationml.slide+xml";
    SlideLayout: "slideLayout" None, ("p", "sldLayout"), "slideLayouts/slideLayout#", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.slideLayout+xml";
    SlideMaster: "slideMaster" None, ("p", "sldMaster"), "slideMasters/slideMaster#", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.slideMaster+xml";
    NotesSlide: "notesSlide" None, ("p", "notes"), "notesSlides/notesSlide#", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.notesSlide+xml";
    NotesMaster: "notesMaster" None, ("p", "notesMaster"), "notesMasters/notesMaster#", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.notesMaster+xml";
    HandoutMaster: "handoutMaster" None, ("p", "handoutMaster"), "handoutMasters/handoutMaster#", ByName,
        "vnd.openxmlformats-officedocument.presentationml.handoutMaster+xml";
    PresentationProperties: "presProps" None, ("p", "presentationPr"), "presProps", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.presProps+xml";
    ViewProperties: "viewProps" None, ("p", "viewPr"), "viewProps", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.viewProps+xml";
    TableStyles: "tableStyles" None, ("a", "tblStyleLst"), "tableStyles", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.tableStyles+xml";
    CommentAuthors: "commentAuthors" None, ("p", "cmAuthorLst"), "commentAuthors", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.commentAuthors+xml";
    SlideComments: "comments" None, ("p", "cmLst"), "comments/comment#", ByItself,
        "vnd.openxmlformats-officedocument.presentationml.comments+xml";

    Theme: "theme" None, ("a", "theme"), "theme/theme#", ByItself,
        "vnd.openxmlformats-officedocument.theme+xml";
    ThemeOverride: "themeOverride" None, ("a", "themeOverride"), "theme/themeOverride#", ByItself,
        "vnd.openxmlformats-officedocument.themeOverride+xml";
    Chart: "chart" None, ("c", "chartSpace"), "charts/chart#", ByName,
        "vnd.openxmlformats-officedocument.drawingml.chart+xml";
    ChartShapes: "chartUserShapes" None, ("c", "userShapes"), "drawings/shapes#", ByName,
        "vnd.openxmlformats-officedocument.drawingml.chartshapes+xml";
    ChartStyle: "chartStyle" MS_2011, ("cs", "chartStyle"), "charts/style#", ByItself,
        "vnd.ms-office.chartstyle+xml";
    ChartColours: "chartColorStyle" MS_2011, ("cs", "colorStyle"), "charts/colors#", ByItself,
        "vnd.ms-office.chartcolorstyle+xml";
    DiagramData: "diagramData" None, ("dgm", "dataModel"), "diagrams/data#", ByName,
        "vnd.openxmlformats-officedocument.drawingml.diagramData+xml";
    DiagramLayout: "diagramLayout" None, ("dgm", "layoutDef"), "diagrams/layout#", ByName,
        "vnd.openxmlformats-officedocument.drawingml.diagramLayout+xml";
    DiagramStyle: "diagramQuickStyle" None, ("dgm", "styleDef"), "diagrams/quickStyle#", ByName,
        "vnd.openxmlformats-officedocument.drawingml.diagramStyle+xml";
    DiagramColours: "diagramColors" None, ("dgm", "colorsDef"), "diagrams/colors#", ByName,
        "vnd.openxmlformats-officedocument.drawingml.diagramColors+xml";
    DiagramDrawing: "diagramDrawing" MS_2007, ("dsp", "drawing"), "diagrams/drawing#", ByItself,
        "vnd.ms-office.drawingml.diagramDrawing+xml";
}

impl Part {
    /// The kind that a relationship from `source` promises; what its target declares to be is another question.
    pub(super) fn of_relationship(source: Self, relation: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|part| part.row().relation == relation && part.may_follow(source))
    }

    /// Whether such a part may hang at `source`.
    fn may_follow(self, source: Self) -> bool {
        use Part as P;
        match self {
            P::Document | P::Workbook | P::Presentation => false,
            P::WordStyles
            | P::FontTable
            | P::Numbering
            | P::Settings
            | P::Footnotes
            | P::Endnotes
            | P::Header
            | P::Footer
            | P::WordComments
            | P::CommentsExtended
            | P::CommentsIds
            | P::People => source == P::Document,
            P::Worksheet | P::Chartsheet | P::SharedStrings | P::ExcelStyles | P::Persons => {
                source == P::Workbook
            }
            P::ExcelComments | P::ThreadedComments | P::Table | P::PivotTable => source == P::Worksheet,
            P::PivotCache => matches!(source, P::Workbook | P::PivotTable),
            P::PivotRecords => source == P::PivotCache,
            P::SheetDrawing => matches!(source, P::Worksheet | P::Chartsheet),
            P::Slide => {
                matches!(source, P::Presentation | P::Slide | P::NotesSlide | P::SlideLayout | P::SlideMaster)
            }
            P::SlideLayout => matches!(source, P::Slide | P::SlideMaster),
            P::SlideMaster => matches!(source, P::Presentation | P::SlideLayout),
            P::NotesSlide | P::SlideComments => source == P::Slide,
            P::NotesMaster => matches!(source, P::Presentation | P::NotesSlide),
            P::HandoutMaster
            | P::PresentationProperties
            | P::ViewProperties
            | P::TableStyles
            | P::CommentAuthors => source == P::Presentation,
            P::Theme => matches!(
                source,
                P::Document
                    | P::Workbook
                    | P::Presentation
                    | P::SlideMaster
                    | P::NotesMaster
                    | P::HandoutMaster
            ),
            P::ThemeOverride => {
                matches!(source, P::Slide | P::SlideLayout | P::NotesSlide | P::Chart)
            }
            P::ChartStyle | P::ChartColours | P::ChartShapes => source == P::Chart,
            P::Chart
            | P::DiagramData
            | P::DiagramLayout
            | P::DiagramStyle
            | P::DiagramColours
            | P::DiagramDrawing => source.is_story(),
        }
    }

    /// Whether it is something that people read or look at, with drawings in it.
    fn is_story(self) -> bool {
        use Part as P;
        matches!(
            self,
            P::Document
                | P::Header
                | P::Footer
                | P::Footnotes
                | P::Endnotes
                | P::WordComments
                | P::SheetDrawing
                | P::ChartShapes
                | P::Slide
                | P::SlideLayout
                | P::SlideMaster
                | P::NotesSlide
                | P::NotesMaster
                | P::HandoutMaster
                | P::DiagramData
                | P::DiagramDrawing
        )
    }

    /// Whether its loss is seen.
    pub(super) fn is_seen(self) -> bool {
        use Part as P;
        self.is_story()
            || matches!(
                self,
                P::Worksheet
                    | P::Chartsheet
                    | P::SharedStrings
                    | P::Chart
                    | P::WordStyles
                    | P::ExcelStyles
                    | P::Numbering
            )
    }

    /// Whether it may have links of its own.
    pub(super) fn may_link(self) -> bool {
        self.is_story() || matches!(self, Self::Worksheet | Self::Chart)
    }

    /// Whether it may show pictures.
    pub(super) fn may_show(self) -> bool {
        use Part as P;
        self.is_story()
            || matches!(
                self,
                P::Numbering
                    | P::Worksheet
                    | P::Chartsheet
                    | P::Chart
                    | P::ChartStyle
                    | P::Theme
                    | P::ThemeOverride
                    | P::DiagramLayout
                    | P::DiagramStyle
                    | P::TableStyles
                    | P::WordStyles
            )
    }

    /// Type of the relationship that leads to it.
    pub(super) fn relationship_type(self, edition: Edition) -> String {
        let row = self.row();
        let base = row.base.unwrap_or(match edition {
            Edition::Transitional => TRANSITIONAL,
            Edition::Strict => STRICT,
        });
        format!("{base}{}", row.relation)
    }

    /// Whether the relationship from `source` counts although no attribute names it.
    pub(super) fn is_implicit_from(self, source: Self) -> bool {
        match (source, self) {
            (Self::NotesSlide, Self::Slide) => true,
            (Self::Presentation, Self::SlideMaster | Self::NotesMaster | Self::SlideLayout)
            | (Self::SlideMaster, Self::SlideLayout)
            | (Self::Workbook, Self::PivotCache) => false,
            _ => self.row().reached == Reached::ByItself,
        }
    }

    /// Whether it holds the remarks themselves: what people miss when it goes.
    pub(super) const fn holds_remarks(self) -> bool {
        matches!(
            self,
            Self::WordComments | Self::ExcelComments | Self::ThreadedComments | Self::SlideComments
        )
    }

    /// Whether it holds remarks of people rather than the document.
    pub(super) const fn is_remark(self) -> bool {
        self.holds_remarks()
            || matches!(
                self,
                Self::CommentsExtended
                    | Self::CommentsIds
                    | Self::People
                    | Self::Persons
                    | Self::CommentAuthors
            )
    }
}

/// Type of a relationship that no XML part has: `image`, `hyperlink`.
pub(super) fn plain_relationship_type(relation: &str, edition: Edition) -> String {
    let base = match edition {
        Edition::Transitional => TRANSITIONAL,
        Edition::Strict => STRICT,
    };
    format!("{base}{relation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_reached_by_its_relationship_and_has_a_root_that_can_be_written() {
        let words = policy::vocabulary::ooxml();
        let mut ran = 0;
        for &part in Part::ALL {
            let row = part.row();
            let namespace = words.namespace_of_prefix(row.root.0).unwrap();
            assert!(words.element(namespace, row.root.1).is_some(), "{part:?}");
            assert!(row.declares(row.types[0]));
            let mut sources = Part::ALL.iter().filter(|&&source| part.may_follow(source)).peekable();
            assert_eq!(sources.peek().is_some(), row.relation != "officeDocument");
            // From one part a relationship promises one kind.
            assert!(sources.all(|&source| Part::of_relationship(source, row.relation) == Some(part)));
            ran += 1;
        }
        assert_eq!(ran, Part::ALL.len());
        assert_eq!(Part::of_relationship(Part::Document, "vbaProject"), None);
        assert!(!Part::WordStyles.row().declares("application/vnd.ms-office.vbaproject"));
        assert_eq!(Family::of_main_type("application/vnd.ms-excel.addin.macroenabled.main+xml"), None);
    }
}
