//! Parts and relationships of Office packages that have no place in them.

use super::texts::LINKS;
use super::{DOCUMENT, Hostile, SHEET, SLIDE, hostile};
use crate::pack::{OFFICE, Pack, XML, docx, odt, pptx, rels, types, xlsx};

/// The XML of parts.
pub(super) fn forms() -> Vec<Hostile> {
    let root = |text: &str| docx().set("word/styles1.xml", text);
    let bend = |from: &str, to: &str| docx().bend(DOCUMENT, from, to);
    let utf_16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(XML.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let deep = format!("<w:p>{}{}</w:p></w:body>", "<w:r>".repeat(300), "</w:r>".repeat(300));
    vec![
        hostile("document type", "xml.", &bend("<w:document", "<!DOCTYPE w:document><w:document")),
        hostile("external entity", "xml.", &bend("<w:document", "<!DOCTYPE w [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><w:document")),
        hostile("entity", "xml.", &bend("見積書", "&x;")),
        hostile("reference to any character", "xml.", &bend("見積書", "&#x41;")),
        hostile("instruction for office", "xml.", &bend("<w:document", "<?mso-application progid=\"Word.Document\"?><w:document")),
        hostile("style sheet", "xml.", &bend("<w:body>", "<w:body><?xml-stylesheet href=\"http://x\"?>")),
        hostile("comment", "xml.", &bend("<w:body>", "<w:body><!-- x -->")),
        hostile("cdata", "xml.", &bend("見積書", "<![CDATA[x]]>")),
        hostile("undeclared prefix", "xml.", &bend("<w:body>", "<w:body><z:x/>")),
        hostile("namespace below the root", "xml.", &bend("<w:body>", "<w:body xmlns:z=\"urn:z\">")),
        hostile("unknown namespace", "markup.namespace", &bend("<w:document", "<w:document xmlns:z=\"urn:z\"")),
        hostile(
            "old drawings",
            "markup.namespace",
            &bend("xmlns:w14=\"http://schemas.microsoft.com/office/word/2010/wordml\"", "xmlns:v=\"urn:schemas-microsoft-com:vml\""),
        ),
        hostile("another prefix", "markup.namespace", &bend("xmlns:w14=", "xmlns:evil=")),
        hostile("both editions", "markup.namespace", &bend(
            "xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"",
            "xmlns:pic=\"http://purl.oclc.org/ooxml/drawingml/picture\"",
        )),
        hostile("another declaration", "xml.", &bend("encoding=\"UTF-8\"", "encoding=\"UTF-7\"")),
        hostile("no declaration", "xml.", &root("<w:styles/>")),
        hostile("byte order mark", "xml.", &root(&format!("\u{feff}{XML}<w:styles/>"))),
        hostile("part in utf-16", "xml.", &docx().set("word/styles1.xml", utf_16)),
        hostile("part in utf-7", "xml.", &root("+ADw-?xml version=\"1.0\"?+AD4-")),
        hostile("not utf-8", "xml.", &docx().set("word/styles1.xml", [XML.as_bytes(), b"\xff"].concat())),
        hostile("control character in a text", "xml.", &bend("見積書", "\u{1}")),
        hostile("noncharacter", "xml.", &bend("見積書", "\u{ffff}")),
        hostile("unknown element", "markup.element", &bend("<w:body>", "<w:body><w:evil/>")),
        hostile("unknown attribute", "markup.attribute", &bend("<w:body>", "<w:body><w:p w:onload=\"x\"/>")),
        hostile("attribute of xml", "markup.attribute", &bend("<w:body>", "<w:body><w:p xml:base=\"http://x/\"/>")),
        hostile("too deep", "xml.depth", &bend("</w:body>", &deep)),
        hostile("unclosed", "xml.", &bend("</w:document>", "")),
        hostile("something behind", "xml.", &bend("</w:document>", "</w:document><a/>")),
        hostile("ignores what is not declared", "office.choice", &bend("mc:Ignorable=\"w14\"", "mc:Ignorable=\"zz\"")),
        hostile("must be understood", "office.choice", &bend("mc:Ignorable=\"w14\"", "mc:Ignorable=\"w14\" mc:MustUnderstand=\"w14\"").set("word/styles1.xml", format!("{XML}<w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" mc:ProcessContent=\"w\"/>"))),
        hostile("manifest with a document type", "xml.", &odt().bend("META-INF/manifest.xml", "<manifest:manifest", "<!DOCTYPE m><manifest:manifest")),
        hostile("relationships with an entity", "xml.", &docx().bend("_rels/.rels", "Id=\"rId1\"", "Id=\"&x;\"")),
    ]
}

/// A relationship, and the part to which it leads, besides those of a sound document.
pub(super) fn joined(
    pack: Pack,
    part: &str,
    relation: (&str, &str),
    target: &str,
    kind: &str,
    data: &[u8],
) -> Pack {
    let (folder, file) = part.rsplit_once('/').unwrap();
    let list = format!("{folder}/_rels/{file}.rels");
    let (id, end) = relation;
    let whole = rels(&[(id, end, target)]);
    let one =
        &whole[whole.find("<rel:Relationship Id").unwrap()..whole.find("</rel:Relationships>").unwrap()];
    let pack = pack.bend(&list, "</rel:Relationships>", &format!("{one}</rel:Relationships>"));
    if target.starts_with('!') {
        return pack;
    }
    let name = target.trim_start_matches('/').to_owned();
    let whole = types(&[(&name, kind)]);
    let one = &whole[whole.find("<ct:Override").unwrap()..whole.find("</ct:Types>").unwrap()];
    let pack = pack.bend("[Content_Types].xml", "</ct:Types>", &format!("{one}</ct:Types>"));
    if pack.members.iter().any(|(known, _)| *known == name) { pack } else { pack.with(&name, data) }
}

/// Parts and relationships of Office packages.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
pub(super) fn parts() -> Vec<Hostile> {
    const MACRO: &str = "application/vnd.ms-office.vbaProject";
    let word = |relation: &str, target: &str, kind: &str, data: &[u8]| {
        joined(docx(), DOCUMENT, ("rId9", relation), target, kind, data)
    };
    let sheet = |relation: &str, target: &str, kind: &str, data: &[u8]| {
        joined(xlsx(), SHEET, ("rId9", relation), target, kind, data)
    };
    let mut cases = vec![
        hostile("macros", "office.", &word("http://schemas.microsoft.com/office/2006/relationships/vbaProject", "/word/vbaProject.bin", MACRO, b"\xd0\xcf\x11\xe0")),
        hostile("macros under another name", "office.relation", &word("http://schemas.microsoft.com/office/2006/relationships/vbaProject", "/word/styles9.xml", MACRO, b"\xd0\xcf\x11\xe0")),
        hostile("macro data", "office.relation", &word("http://schemas.microsoft.com/office/2006/relationships/wordVbaData", "/word/vbaData.xml", "application/vnd.ms-word.vbaData+xml", b"")),
        hostile("control", "office.relation", &word("control", "/word/activeX1.xml", "application/vnd.ms-office.activeX+xml", b"")),
        hostile("old object", "office.relation", &word("oleObject", "/word/object1.xml", "application/vnd.openxmlformats-officedocument.oleObject", b"\xd0\xcf\x11\xe0")),
        hostile("package in the package", "office.", &word("package", "/word/embeddings/a.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK")),
        hostile("linked object", "office.relation", &word("oleObject", "!file:///c:/x.xls", "", b"")),
        hostile("linked picture", "office.relation", &word("image", "!http://evil.example/a.png", "", b"")),
        hostile("linked share as a picture", "office.relation", &word("image", "!file://///evil/a.png", "", b"")),
        hostile("attached template", "office.relation", &word("attachedTemplate", "!http://evil.example/a.dotm", "", b"")),
        hostile("subdocument", "office.relation", &word("subDocument", "!file:///c:/a.docx", "", b"")),
        hostile("frame", "office.relation", &word("frame", "!http://evil.example/", "", b"")),
        hostile("mail merge source", "office.relation", &word("mailMergeSource", "!file:///c:/a.mdb", "", b"")),
        hostile("alternative page", "office.relation", &word("aFChunk", "/word/afchunk1.xml", "text/html", b"<html/>")),
        hostile("custom xml", "office.relation", &word("customXml", "/customXml/item1.xml", "application/xml", b"<a/>")),
        hostile("printer settings", "office.", &word("printerSettings", "/word/printerSettings1.bin", "application/x", b"x")),
        hostile("font part", "office.", &word("font", "/word/fonts/font1.odttf", "application/vnd.openxmlformats-officedocument.obfuscatedFont", b"x")),
        hostile("glossary", "office.relation", &word("glossaryDocument", "/word/glossary1.xml", "wordprocessingml.document.glossary", b"")),
        hostile("web settings", "office.relation", &word("webSettings", "/word/webSettings.xml", "wordprocessingml.webSettings", b"")),
        hostile("web extension", "office.relation", &word("http://schemas.microsoft.com/office/2011/relationships/webextension", "/word/webextension1.xml", "application/vnd.ms-office.webextension+xml", b"")),
        hostile("ribbon", "office.relation", &word("http://schemas.microsoft.com/office/2006/relationships/ui/extensibility", "/customUI/customUI.xml", "application/xml", b"")),
        hostile("drawing in svg", "office.", &word("image", "/word/media/image2.svg", "image/svg+xml", b"<svg/>")),
        hostile("drawing in emf", "office.", &word("image", "/word/media/image2.emf", "image/x-emf", b"\x01\0\0\0")),
        hostile("drawing in svg that is named a picture", "office.relation", &word("image", "/word/media/image2.png", "image/svg+xml", b"<svg/>")),
        hostile("drawing in vml", "office.", &word("vmlDrawing", "/word/vmlDrawing1.vml", "application/vnd.openxmlformats-officedocument.vmlDrawing", b"<xml/>")),
        hostile("sound", "office.relation", &word("audio", "!file:///c:/a.wav", "", b"")),
        hostile("video page", "office.relation", &word("video", "!https://evil.example/", "", b"")),
        hostile("relationship of an unknown base", "office.relation", &word("http://evil.example/relationships/styles", "/word/styles2.xml", "wordprocessingml.styles", b"")),
        hostile("external book", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "externalLink"), "/xl/externalLinks/externalLink1.xml", "spreadsheetml.externalLink", b"")),
        hostile("external path", "office.relation", &sheet("externalLinkPath", "!file:///c:/a.xlsx", "", b"")),
        hostile("connections", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "connections"), "/xl/connections.xml", "spreadsheetml.connections", b"")),
        hostile("query", "office.relation", &sheet("queryTable", "/xl/queryTables/queryTable1.xml", "spreadsheetml.queryTable", b"")),
        hostile("macro sheet", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"), "/xl/macrosheets/sheet1.xml", "application/vnd.ms-excel.macrosheet+xml", b"")),
        hostile("macro sheet as a sheet", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "worksheet"), "/xl/macrosheets/sheet1.xml", "application/vnd.ms-excel.macrosheet+xml", b"")),
        hostile("dialogue sheet", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "dialogsheet"), "/xl/dialogsheets/sheet1.xml", "spreadsheetml.dialogsheet", b"")),
        hostile("form control", "office.relation", &sheet("ctrlProp", "/xl/ctrlProps/ctrlProp1.xml", "application/vnd.ms-excel.controlproperties+xml", b"")),
        hostile("real time data", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "volatileDependencies"), "/xl/volatileDependencies.xml", "spreadsheetml.volatileDependencies", b"")),
        hostile("revisions", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "revisionHeaders"), "/xl/revisions/revisionHeaders.xml", "spreadsheetml.revisionHeaders", b"")),
        hostile("map of xml", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "xmlMaps"), "/xl/xmlMaps.xml", "application/xml", b"")),
        hostile("binary sheet", "office.", &joined(xlsx(), "xl/workbook.xml", ("rId9", "worksheet"), "/xl/worksheets/sheet2.bin", "application/vnd.ms-excel.worksheet", b"")),
        hostile("sheet without its element", "office.relation", &joined(xlsx(), "xl/workbook.xml", ("rId9", "worksheet"), "/xl/worksheets/sheet1.xml", "spreadsheetml.worksheet", b"").bend("[Content_Types].xml", "<ct:Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>", "")),
        hostile("tags of a slide", "office.relation", &joined(pptx(), SLIDE, ("rId9", "tags"), "/ppt/tags/tag1.xml", "presentationml.tags", b"")),
        hostile("media of a slide", "office.relation", &joined(pptx(), SLIDE, ("rId9", "http://schemas.microsoft.com/office/2007/relationships/media"), "/ppt/media/media1.jpeg", "image/jpeg", &crate::world::jpeg())),
        hostile("slide in a text", "office.relation", &word("slide", "/ppt/slides/slide1.xml", "presentationml.slide", b"")),
        hostile("part without a relationship", "office.left_over", &docx().with("word/header9.xml", format!("{XML}<a/>"))),
        hostile("picture without a relationship", "office.left_over", &docx().with("word/media/image9.png", crate::world::png(&[]))),
        hostile("relationships without a part", "office.left_over", &docx().with("word/_rels/header9.xml.rels", rels(&[]))),
        hostile("signature", "office.left_over", &docx().with("_xmlsignatures/sig1.xml", "x")),
        hostile("program as a part", "office.name", &docx().with("word/media/image2.exe", "MZ")),
        hostile("shortcut as a part", "office.name", &docx().with("word/x.lnk", "L")),
        hostile("page as a part", "office.name", &docx().with("word/x.html", "<script/>")),
        hostile("part of odd letters", "office.name", &docx().with("word/a b.xml", "x")),
        hostile("part of two extensions", "office.name", &docx().with("word/a.exe.xml", "x")),
        hostile("main part of macros", "office.relation", &docx().bend("[Content_Types].xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", "application/vnd.ms-word.document.macroEnabled.main+xml")),
        hostile("main part of a template", "office.relation", &docx().bend("[Content_Types].xml", "wordprocessingml.document.main", "wordprocessingml.template.main")),
        hostile("book with macros", "office.relation", &xlsx().bend("[Content_Types].xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml")),
        hostile("add-in", "office.relation", &xlsx().bend("[Content_Types].xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", "application/vnd.ms-excel.addin.macroEnabled.main+xml")),
        hostile("show that starts by itself", "office.relation", &pptx().bend("[Content_Types].xml", "presentationml.presentation.main", "presentationml.slideshow.main")),
        hostile("two main parts", "office.main", &docx().set("_rels/.rels", rels(&[("rId1", "officeDocument", "word/document.xml"), ("rId2", "officeDocument", "xl/workbook.xml")])).bend("[Content_Types].xml", "</ct:Types>", "<ct:Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></ct:Types>").with("xl/workbook.xml", "x")),
        hostile("no main part", "office.main", &docx().set("_rels/.rels", rels(&[]))),
        hostile("thumbnail", "office.relation", &docx().bend("_rels/.rels", "</rel:Relationships>", "<rel:Relationship Id=\"t\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail\" Target=\"word/media/image1.png\"/></rel:Relationships>")),
        hostile("custom properties", "office.relation", &docx().bend("_rels/.rels", "</rel:Relationships>", &format!("<rel:Relationship Id=\"t\" Type=\"{OFFICE}/custom-properties\" Target=\"word/styles1.xml\"/></rel:Relationships>"))),
        hostile("types that are not first", "office.content_types", &{
            let mut pack = docx();
            pack.members.swap(0, 1);
            pack
        }),
        hostile("default of a program", "office.content_types", &docx().bend("[Content_Types].xml", "<ct:Override", "<ct:Default Extension=\"bin\" ContentType=\"application/vnd.ms-office.vbaProject\"/><ct:Override")),
        hostile("default that lies", "office.content_types", &docx().bend("[Content_Types].xml", "ContentType=\"image/png\"", "ContentType=\"image/svg+xml\"")),
        hostile("type twice", "office.content_types", &docx().bend("[Content_Types].xml", "</ct:Types>", "<ct:Override PartName=\"/WORD/styles1.xml\" ContentType=\"x/y\"/></ct:Types>")),
        hostile("type of what is not there", "office.content_types", &docx().bend("[Content_Types].xml", "</ct:Types>", "<ct:Override PartName=\"/word/vbaProject.bin\" ContentType=\"x/y\"/></ct:Types>")),
        hostile("relationship name twice", "office.relation", &docx().bend("word/_rels/document.xml.rels", "Id=\"rId2\"", "Id=\"rId1\"")),
        hostile("relationship to nothing", "office.relation", &docx().bend("word/_rels/document.xml.rels", "styles1.xml", "styles2.xml")),
        hostile("relationship out of the package", "office.relation", &docx().bend("word/_rels/document.xml.rels", "styles1.xml", "../../styles1.xml")),
        hostile("relationship through a percent sign", "office.relation", &docx().bend("word/_rels/document.xml.rels", "styles1.xml", "%2e%2e/word/styles1.xml")),
        hostile("relationship in other letters", "office.relation", &docx().bend("word/_rels/document.xml.rels", "styles1.xml", "Styles1.xml")),
        hostile("relationship of another mode", "office.relation", &docx().bend("word/_rels/document.xml.rels", "Target=\"styles1.xml\"", "Target=\"styles1.xml\" TargetMode=\"external\"")),
        hostile("attribute of a relationship", "office.relation", &docx().bend("word/_rels/document.xml.rels", "Target=\"styles1.xml\"", "Target=\"styles1.xml\" Evil=\"1\"")),
        hostile("element that names nothing", "office.reference", &docx().bend(DOCUMENT, "r:id=\"rId2\"", "r:id=\"rId7\"")),
        hostile("element that names another kind", "office.reference", &docx().bend(DOCUMENT, "r:id=\"rId2\"", "r:id=\"rId1\"")),
        hostile("relationship that nothing names", "office.relation", &docx().bend(DOCUMENT, "<w:hyperlink r:id=\"rId2\">", "<w:hyperlink w:anchor=\"a\">")),
        hostile("relationships of both editions", "office.edition", &docx().bend("word/_rels/document.xml.rels", &format!("{OFFICE}/styles"), "http://purl.oclc.org/ooxml/officeDocument/relationships/styles")),
        hostile("part of another edition", "office.edition", &docx().bend("word/styles1.xml", "http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main")),
        hostile("styles that are a document", "office.root", &docx().bend("word/styles1.xml", "<w:styles", "<w:document").bend("word/styles1.xml", "</w:styles", "</w:document")),
        hostile("picture that is a program", "png.", &docx().set("word/media/image1.png", "MZ\x7f")),
        hostile("picture that is a page", "png.", &docx().set("word/media/image1.png", "<html>")),
        hostile("picture with a text", "png.", &docx().set("word/media/image1.png", crate::world::png(&crate::world::chunk(b"tEXt", b"a\0b")))),
        hostile("picture with an archive behind", "png.", &docx().set("word/media/image1.png", [crate::world::png(&[]), b"PK\x05\x06".to_vec(), vec![0; 18]].concat())),
        hostile("photo cut short", "jpeg.", &pptx().set("ppt/media/image1.jpeg", &crate::world::jpeg()[..40])),
        hostile("text that is a book", "office.", &Pack { extension: "docx", media_type: docx().media_type, ..xlsx() }),
        hostile("text that is an open text", "office.", &Pack { extension: "docx", media_type: docx().media_type, ..odt() }),
    ];
    for (name, target) in LINKS {
        let pack = docx().bend("word/_rels/document.xml.rels", "https://www.city.example.lg.jp/", target);
        cases.push(hostile(format!("link to {name}"), "office.link", &pack));
    }
    cases
}
