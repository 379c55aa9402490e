//! A small writer of ZIP files and of sound documents, independent of the real ones, and easy to bend.

use crate::world::{crc, jpeg, png};

/// A bare DEFLATE stream of stored blocks.
pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let zlib = crate::world::zlib(data);
    zlib[2..zlib.len() - 4].to_vec()
}

/// One member as it is written.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) packed: Vec<u8>,
    pub(crate) version: u16,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) moment: [u8; 4],
    pub(crate) crc: u32,
    pub(crate) size: u32,
    pub(crate) extra: Vec<u8>,
    /// Behind the data.
    pub(crate) behind: Vec<u8>,
    /// Of the directory: made by, name, comment, attributes, and how far before its place it is said to be.
    pub(crate) made_by: u16,
    pub(crate) listed_name: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) attributes: u32,
    pub(crate) pulled: u32,
}

/// A deflated member.
pub(crate) fn entry(name: &str, data: &[u8]) -> Entry {
    Entry {
        name: name.as_bytes().to_vec(),
        packed: deflate(data),
        version: 20,
        flags: if name.is_ascii() { 0 } else { 0x0800 },
        method: 8,
        moment: [0, 0, 0x21, 0],
        crc: crc(data),
        size: data.len() as u32,
        extra: Vec::new(),
        behind: Vec::new(),
        made_by: 0x0314,
        listed_name: name.as_bytes().to_vec(),
        comment: Vec::new(),
        attributes: 0o100_644 << 16,
        pulled: 0,
    }
}

/// A member as it is.
pub(crate) fn stored(name: &str, data: &[u8]) -> Entry {
    Entry { packed: data.to_vec(), version: 10, method: 0, ..entry(name, data) }
}

/// The file of these members; `bend` may change the octets of its end record.
pub(crate) fn zip_bent(entries: &[Entry], bend: &dyn Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let place = out.len() as u32 - entry.pulled;
        let mut common = entry.version.to_le_bytes().to_vec();
        common.extend(entry.flags.to_le_bytes());
        common.extend(entry.method.to_le_bytes());
        common.extend(entry.moment);
        common.extend(entry.crc.to_le_bytes());
        common.extend((entry.packed.len() as u32).to_le_bytes());
        common.extend(entry.size.to_le_bytes());
        let lengths = |name: &[u8], extra: &[u8]| {
            [(name.len() as u16).to_le_bytes(), (extra.len() as u16).to_le_bytes()].concat()
        };
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(lengths(&entry.name, &entry.extra));
        out.extend(&entry.name);
        out.extend(&entry.extra);
        out.extend(&entry.packed);
        out.extend(&entry.behind);
        directory.extend(b"PK\x01\x02");
        directory.extend(entry.made_by.to_le_bytes());
        directory.extend(&common);
        directory.extend(lengths(&entry.listed_name, &[]));
        directory.extend((entry.comment.len() as u16).to_le_bytes());
        directory.extend([0; 4]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(place.to_le_bytes());
        directory.extend(&entry.listed_name);
        directory.extend(&entry.comment);
    }
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    let count = (entries.len() as u16).to_le_bytes();
    end.extend([count, count].concat());
    end.extend((directory.len() as u32).to_le_bytes());
    end.extend((out.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    bend(&mut end);
    [out, directory, end].concat()
}

pub(crate) fn zip(entries: &[Entry]) -> Vec<u8> {
    zip_bent(entries, &|_| {})
}

/// A document: its members in order, by name.
#[derive(Clone)]
pub(crate) struct Pack {
    pub(crate) extension: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) members: Vec<(String, Vec<u8>)>,
}

impl Pack {
    /// With one file more.
    pub(crate) fn with(mut self, name: &str, data: impl AsRef<[u8]>) -> Self {
        self.members.push((name.to_owned(), data.as_ref().to_vec()));
        self
    }

    /// Without a file.
    pub(crate) fn without(mut self, name: &str) -> Self {
        let count = self.members.len();
        self.members.retain(|(known, _)| known != name);
        assert!(self.members.len() < count, "{name} is not there");
        self
    }

    /// With `from` replaced in the file `name`.
    pub(crate) fn bend(mut self, name: &str, from: &str, to: &str) -> Self {
        let (_, data) = self.members.iter_mut().find(|(known, _)| known == name).unwrap();
        *data = crate::world::replaced(data, from.as_bytes(), to.as_bytes());
        self
    }

    /// With another file instead.
    pub(crate) fn set(mut self, name: &str, data: impl AsRef<[u8]>) -> Self {
        let (_, old) = self.members.iter_mut().find(|(known, _)| known == name).unwrap();
        *old = data.as_ref().to_vec();
        self
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let plain = |(name, data): &(String, Vec<u8>)| {
            if name == "mimetype" { stored(name, data) } else { entry(name, data) }
        };
        self.members.iter().map(plain).collect()
    }

    pub(crate) fn octets(&self) -> Vec<u8> {
        zip(&self.entries())
    }
}

pub(crate) const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
pub(crate) const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const W: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
const X: &str = "xmlns:x=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
const P: &str = "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\"";
const A: &str = "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"";

/// A part of relationships: name, end of the type, target; with `!` before it the target is outside.
pub(crate) fn rels(entries: &[(&str, &str, &str)]) -> String {
    let one = |(id, kind, target): &(&str, &str, &str)| {
        let kind = if kind.contains("://") { (*kind).to_owned() } else { format!("{OFFICE}/{kind}") };
        let (target, mode) = match target.strip_prefix('!') {
            Some(outside) => (outside, " TargetMode=\"External\""),
            None => (*target, ""),
        };
        format!("<rel:Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"{mode}/>")
    };
    let entries: String = entries.iter().map(one).collect();
    format!(
        "{XML}<rel:Relationships xmlns:rel=\"http://schemas.openxmlformats.org/package/2006/relationships\">{entries}</rel:Relationships>"
    )
}

/// `[Content_Types].xml` of parts of the standard.
pub(crate) fn types(overrides: &[(&str, &str)]) -> String {
    let one = |(name, kind): &(&str, &str)| {
        let kind = if kind.contains('/') {
            (*kind).to_owned()
        } else {
            format!("application/vnd.openxmlformats-officedocument.{kind}+xml")
        };
        format!("<ct:Override PartName=\"/{name}\" ContentType=\"{kind}\"/>")
    };
    let overrides: String = overrides.iter().map(one).collect();
    format!(
        "{XML}<ct:Types xmlns:ct=\"http://schemas.openxmlformats.org/package/2006/content-types\"><ct:Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><ct:Default Extension=\"png\" ContentType=\"image/png\"/><ct:Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/>{overrides}</ct:Types>"
    )
}

fn member(name: &str, data: impl AsRef<[u8]>) -> (String, Vec<u8>) {
    (name.to_owned(), data.as_ref().to_vec())
}

/// A text with a style, a link, a picture and a field.
pub(crate) fn docx() -> Pack {
    let document = format!(
        "{XML}<w:document {W} xmlns:r=\"{OFFICE}\" {A} xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\" xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" xmlns:w14=\"http://schemas.microsoft.com/office/word/2010/wordml\" mc:Ignorable=\"w14\"><w:body><w:p><w:r><w:t xml:space=\"preserve\">見積書 </w:t></w:r><w:hyperlink r:id=\"rId2\"><w:r><w:t>例</w:t></w:r></w:hyperlink></w:p><w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r></w:p><w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:blipFill><a:blip r:embed=\"rId3\"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p></w:body></w:document>"
    );
    Pack {
        extension: "docx",
        media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        members: vec![
            member(
                "[Content_Types].xml",
                types(&[
                    ("word/document.xml", "wordprocessingml.document.main"),
                    ("word/styles1.xml", "wordprocessingml.styles"),
                ]),
            ),
            member("_rels/.rels", rels(&[("rId1", "officeDocument", "word/document.xml")])),
            member("word/document.xml", document),
            member(
                "word/_rels/document.xml.rels",
                rels(&[
                    ("rId1", "styles", "styles1.xml"),
                    ("rId2", "hyperlink", "!https://www.city.example.lg.jp/"),
                    ("rId3", "image", "media/image1.png"),
                ]),
            ),
            member("word/styles1.xml", format!("{XML}<w:styles {W}><w:docDefaults/></w:styles>")),
            member("word/media/image1.png", png(&[])),
        ],
    }
}

/// A book of one sheet with a formula, a name and a link.
pub(crate) fn xlsx() -> Pack {
    let workbook = format!(
        "{XML}<x:workbook {X} xmlns:r=\"{OFFICE}\"><x:sheets><x:sheet name=\"表\" sheetId=\"1\" r:id=\"rId1\"/></x:sheets><x:definedNames><x:definedName name=\"合計\">表!$A$1</x:definedName></x:definedNames></x:workbook>"
    );
    let sheet = format!(
        "{XML}<x:worksheet {X} xmlns:r=\"{OFFICE}\"><x:sheetData><x:row r=\"1\"><x:c r=\"A1\"><x:f>SUM(B1:B9)</x:f><x:v>1</x:v></x:c><x:c r=\"A2\" t=\"inlineStr\"><x:is><x:t>=1+1</x:t></x:is></x:c></x:row></x:sheetData><x:conditionalFormatting sqref=\"A1\"><x:cfRule type=\"expression\" priority=\"1\"><x:formula>A1&gt;1</x:formula></x:cfRule></x:conditionalFormatting><x:dataValidations><x:dataValidation sqref=\"A3\"><x:formula1>\"a,b\"</x:formula1></x:dataValidation></x:dataValidations><x:hyperlinks><x:hyperlink ref=\"A1\" r:id=\"rId1\"/><x:hyperlink ref=\"A2\" location=\"表!A1\"/></x:hyperlinks></x:worksheet>"
    );
    Pack {
        extension: "xlsx",
        media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        members: vec![
            member(
                "[Content_Types].xml",
                types(&[
                    ("xl/workbook.xml", "spreadsheetml.sheet.main"),
                    ("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet"),
                ]),
            ),
            member("_rels/.rels", rels(&[("rId1", "officeDocument", "/xl/workbook.xml")])),
            member("xl/workbook.xml", workbook),
            member("xl/_rels/workbook.xml.rels", rels(&[("rId1", "worksheet", "worksheets/sheet1.xml")])),
            member("xl/worksheets/sheet1.xml", sheet),
            member(
                "xl/worksheets/_rels/sheet1.xml.rels",
                rels(&[("rId1", "hyperlink", "!mailto:a@example.jp")]),
            ),
        ],
    }
}

/// A show of one slide with a picture and a link.
pub(crate) fn pptx() -> Pack {
    let show = format!(
        "{XML}<p:presentation {P} xmlns:r=\"{OFFICE}\"><p:sldMasterIdLst><p:sldMasterId id=\"2147483648\" r:id=\"rId1\"/></p:sldMasterIdLst><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId2\"/></p:sldIdLst></p:presentation>"
    );
    let slide = format!(
        "{XML}<p:sld {P} {A} xmlns:r=\"{OFFICE}\"><p:cSld><p:spTree><p:pic><p:nvPicPr><p:cNvPr id=\"1\" name=\"C:\\x.png\" descr=\"\\\\host\\x.png\"><a:hlinkClick r:id=\"rId3\"/></p:cNvPr></p:nvPicPr><p:blipFill><a:blip r:embed=\"rId2\"/></p:blipFill></p:pic><p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"x\"><a:hlinkClick r:id=\"\" action=\"ppaction://hlinkshowjump?jump=nextslide\"/></p:cNvPr></p:nvSpPr></p:sp></p:spTree></p:cSld></p:sld>"
    );
    let layout = |root: &str| {
        format!("{XML}<p:{root} {P} xmlns:r=\"{OFFICE}\"><p:cSld><p:spTree/></p:cSld></p:{root}>")
    };
    let master = format!(
        "{XML}<p:sldMaster {P} xmlns:r=\"{OFFICE}\"><p:cSld><p:spTree/></p:cSld><p:sldLayoutIdLst><p:sldLayoutId id=\"2147483649\" r:id=\"rId1\"/></p:sldLayoutIdLst></p:sldMaster>"
    );
    Pack {
        extension: "pptx",
        media_type: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        members: vec![
            member(
                "[Content_Types].xml",
                types(&[
                    ("ppt/presentation.xml", "presentationml.presentation.main"),
                    ("ppt/slides/slide1.xml", "presentationml.slide"),
                    ("ppt/slideMasters/slideMaster1.xml", "presentationml.slideMaster"),
                    ("ppt/slideLayouts/slideLayout1.xml", "presentationml.slideLayout"),
                ]),
            ),
            member("_rels/.rels", rels(&[("rId1", "officeDocument", "ppt/presentation.xml")])),
            member("ppt/presentation.xml", show),
            member(
                "ppt/_rels/presentation.xml.rels",
                rels(&[
                    ("rId1", "slideMaster", "slideMasters/slideMaster1.xml"),
                    ("rId2", "slide", "slides/slide1.xml"),
                ]),
            ),
            member("ppt/slides/slide1.xml", slide),
            member(
                "ppt/slides/_rels/slide1.xml.rels",
                rels(&[
                    ("rId1", "slideLayout", "../slideLayouts/slideLayout1.xml"),
                    ("rId2", "image", "../media/image1.jpeg"),
                    ("rId3", "hyperlink", "!http://example.jp/"),
                ]),
            ),
            member("ppt/slideLayouts/slideLayout1.xml", layout("sldLayout")),
            member(
                "ppt/slideLayouts/_rels/slideLayout1.xml.rels",
                rels(&[("rId1", "slideMaster", "../slideMasters/slideMaster1.xml")]),
            ),
            member("ppt/slideMasters/slideMaster1.xml", master),
            member(
                "ppt/slideMasters/_rels/slideMaster1.xml.rels",
                rels(&[("rId1", "slideLayout", "../slideLayouts/slideLayout1.xml")]),
            ),
            member("ppt/media/image1.jpeg", jpeg()),
        ],
    }
}

const OASIS: &str = "urn:oasis:names:tc:opendocument:xmlns";

/// The manifest of these files.
pub(crate) fn manifest(media_type: &str, files: &[(&str, &str)]) -> String {
    let one = |(name, kind): &(&str, &str)| {
        format!("<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"{kind}\"/>")
    };
    let files: String = [("/", media_type)].iter().chain(files).map(one).collect();
    format!("{XML}<manifest:manifest xmlns:manifest=\"{OASIS}:manifest:1.0\">{files}</manifest:manifest>")
}

fn open(extension: &'static str, media_type: &'static str, body: &str) -> Pack {
    let namespaces = format!(
        "xmlns:office=\"{OASIS}:office:1.0\" xmlns:text=\"{OASIS}:text:1.0\" xmlns:table=\"{OASIS}:table:1.0\" xmlns:draw=\"{OASIS}:drawing:1.0\" xmlns:style=\"{OASIS}:style:1.0\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
    );
    let content = format!(
        "{XML}<office:document-content {namespaces} office:version=\"1.3\"><office:automatic-styles/><office:body>{body}</office:body></office:document-content>"
    );
    let styles = format!(
        "{XML}<office:document-styles {namespaces} office:version=\"1.3\"><office:styles/></office:document-styles>"
    );
    Pack {
        extension,
        media_type,
        members: vec![
            member("mimetype", media_type),
            member(
                "META-INF/manifest.xml",
                manifest(
                    media_type,
                    &[
                        ("content.xml", "text/xml"),
                        ("styles.xml", "text/xml"),
                        ("Pictures/image1.png", "image/png"),
                    ],
                ),
            ),
            member("content.xml", content),
            member("styles.xml", styles),
            member("Pictures/image1.png", png(&[])),
        ],
    }
}

const FRAME: &str = "<draw:frame><draw:image xlink:href=\"Pictures/image1.png\"/></draw:frame>";

/// A text with a link and a picture.
pub(crate) fn odt() -> Pack {
    let body = format!(
        "<office:text><text:p>本文 <text:a xlink:type=\"simple\" xlink:href=\"https://example.jp/\">例</text:a>{FRAME}</text:p></office:text>"
    );
    open("odt", "application/vnd.oasis.opendocument.text", &body)
}

/// A book of one sheet with a formula.
pub(crate) fn ods() -> Pack {
    let body = format!(
        "<office:spreadsheet><table:table table:name=\"表\"><table:shapes>{FRAME}</table:shapes><table:table-row><table:table-cell table:formula=\"of:=SUM([.B1:.B9])\"><text:p>1</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>"
    );
    open("ods", "application/vnd.oasis.opendocument.spreadsheet", &body)
}

/// A show and a drawing.
pub(crate) fn odp() -> Pack {
    let body =
        format!("<office:presentation><draw:page draw:name=\"1\">{FRAME}</draw:page></office:presentation>");
    open("odp", "application/vnd.oasis.opendocument.presentation", &body)
}

pub(crate) fn odg() -> Pack {
    let body = format!("<office:drawing><draw:page draw:name=\"1\">{FRAME}</draw:page></office:drawing>");
    open("odg", "application/vnd.oasis.opendocument.graphics", &body)
}

/// An archive of files that may cross.
pub(crate) fn archive() -> Pack {
    Pack {
        extension: "zip",
        media_type: "application/zip",
        members: vec![
            member("報告/表.csv", b"a,b\r\n1,-2\r\n"),
            member("報告/本文.txt", "日本語\r\n"),
            member("報告/sjis.txt", b"\x93\xfa\x96\x7b\r\n"),
            member("a.json", b"{\"a\":1}"),
            member("a.xml", b"<a/>"),
            member("photo.JPG", jpeg()),
            member("picture.png", png(&[])),
            member("見積書.pdf", crate::document::sound()),
            member("見積書.docx", docx().octets()),
            member("sub/sub/表.ods", ods().octets()),
        ],
    }
}
