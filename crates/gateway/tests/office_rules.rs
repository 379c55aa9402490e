//! Documents under the three rules for their links, comments and changes, through the real binary: what is written
//! then passes the verifier, and nothing of the three is left.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

mod common;

use common::{BINARY, folder};
use serde_json::Value;
use std::{io::Read, process::Command};

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const NAMES: &str = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' \
    xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main' \
    xmlns:p='http://schemas.openxmlformats.org/presentationml/2006/main' \
    xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main' \
    xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'";

/// A part: its name, the kind of its type, its content.
type Part = (&'static str, &'static str, &'static str);
/// Relationships of a part: its name, and id, kind and target of each; a target with `!` is an address.
type Relations = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

fn package(parts: &[Part], relations: &[Relations]) -> Vec<u8> {
    let types: String = parts.iter().map(|(name, kind, _)| {
        format!("<Override PartName='/{name}' ContentType='application/vnd.openxmlformats-officedocument.{kind}+xml'/>")
    }).collect();
    let types = format!(
        "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>{types}</Types>"
    );
    let mut members = vec![("[Content_Types].xml".to_owned(), types)];
    for (part, list) in relations {
        let list: String = list
            .iter()
            .map(|(id, kind, target)| {
                let mode = if target.starts_with('!') { "TargetMode='External'" } else { "" };
                format!(
                    "<Relationship Id='{id}' Type='{OFFICE}/{kind}' Target='{}' {mode}/>",
                    target.trim_start_matches('!')
                )
            })
            .collect();
        let (folder, name) = part.rsplit_once('/').map_or(("", *part), |(folder, name)| (folder, name));
        let name = format!("{folder}/_rels/{name}.rels");
        let list = format!(
            "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>{list}</Relationships>"
        );
        members.push((name.trim_start_matches('/').to_owned(), list));
    }
    for (name, _, content) in parts {
        members.push(((*name).to_owned(), content.replacen("NAMES", NAMES, 1)));
    }
    let members: Vec<_> = members.iter().map(|(name, content)| (name.as_str(), content.as_bytes())).collect();
    fixtures::zip(&members)
}

fn docx() -> Vec<u8> {
    package(
        &[
            (
                "word/document.xml",
                "wordprocessingml.document.main",
                "<w:document NAMES><w:body><w:p><w:pPr><w:rPr><w:del w:id='1' w:author='a'/></w:rPr></w:pPr><w:del w:id='2' w:author='a'><w:r><w:delText>lapsed</w:delText></w:r></w:del></w:p><w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w='9'/></w:tblGrid><w:tr><w:tc><w:tcPr><w:cellDel w:id='3' w:author='a'/></w:tcPr><w:p/></w:tc></w:tr></w:tbl><w:p><w:ins w:id='4' w:author='a'><w:r><w:t>kept</w:t></w:r></w:ins><w:commentRangeStart w:id='0'/><w:hyperlink r:id='rId2'><w:r><w:t>web</w:t></w:r></w:hyperlink><w:commentRangeEnd w:id='0'/><w:r><w:commentReference w:id='0'/></w:r></w:p><w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>HYPERLINK \"https://example.jp/b\"</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>field</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p></w:body></w:document>",
            ),
            (
                "word/comments.xml",
                "wordprocessingml.comments",
                "<w:comments NAMES><w:comment w:id='0' w:author='a'><w:p><w:r><w:t>remark</w:t></w:r></w:p></w:comment></w:comments>",
            ),
        ],
        &[
            ("", &[("rId1", "officeDocument", "word/document.xml")]),
            (
                "word/document.xml",
                &[("rId1", "comments", "comments.xml"), ("rId2", "hyperlink", "!https://example.jp/a")],
            ),
        ],
    )
}

fn xlsx() -> Vec<u8> {
    package(
        &[
            (
                "xl/workbook.xml",
                "spreadsheetml.sheet.main",
                "<x:workbook NAMES><x:sheets><x:sheet name='One' sheetId='1' r:id='rId1'/></x:sheets></x:workbook>",
            ),
            (
                "xl/worksheets/sheet1.xml",
                "spreadsheetml.worksheet",
                "<x:worksheet NAMES><x:sheetData><x:row r='1'><x:c r='A1' t='str'><x:f>HYPERLINK(\"https://example.jp/b\",\"kept\")</x:f><x:v>kept</x:v></x:c></x:row></x:sheetData><x:hyperlinks><x:hyperlink ref='A1' r:id='rId2'/></x:hyperlinks></x:worksheet>",
            ),
            (
                "xl/comments1.xml",
                "spreadsheetml.comments",
                "<x:comments NAMES><x:authors><x:author>a</x:author></x:authors><x:commentList><x:comment ref='A1' authorId='0'><x:text><x:t>remark</x:t></x:text></x:comment></x:commentList></x:comments>",
            ),
        ],
        &[
            ("", &[("rId1", "officeDocument", "xl/workbook.xml")]),
            ("xl/workbook.xml", &[("rId1", "worksheet", "worksheets/sheet1.xml")]),
            (
                "xl/worksheets/sheet1.xml",
                &[("rId1", "comments", "../comments1.xml"), ("rId2", "hyperlink", "!https://example.jp/a")],
            ),
        ],
    )
}

fn pptx() -> Vec<u8> {
    package(
        &[
            (
                "ppt/presentation.xml",
                "presentationml.presentation.main",
                "<p:presentation NAMES><p:sldMasterIdLst><p:sldMasterId id='2147483648' r:id='rId1'/></p:sldMasterIdLst><p:sldIdLst><p:sldId id='256' r:id='rId2'/></p:sldIdLst></p:presentation>",
            ),
            (
                "ppt/slides/slide1.xml",
                "presentationml.slide",
                "<p:sld NAMES><p:cSld><p:spTree><p:sp><p:nvSpPr><p:cNvPr id='2' name='x'><a:hlinkClick r:id='rId3'/></p:cNvPr></p:nvSpPr><p:txBody><a:bodyPr/><a:p><a:r><a:t>kept</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>",
            ),
            (
                "ppt/slideMasters/slideMaster1.xml",
                "presentationml.slideMaster",
                "<p:sldMaster NAMES><p:cSld><p:spTree/></p:cSld><p:sldLayoutIdLst><p:sldLayoutId id='2147483649' r:id='rId1'/></p:sldLayoutIdLst></p:sldMaster>",
            ),
            (
                "ppt/slideLayouts/slideLayout1.xml",
                "presentationml.slideLayout",
                "<p:sldLayout NAMES><p:cSld><p:spTree/></p:cSld></p:sldLayout>",
            ),
            (
                "ppt/comments/comment1.xml",
                "presentationml.comments",
                "<p:cmLst NAMES><p:cm authorId='0' idx='1'><p:pos x='1' y='1'/><p:text>remark</p:text></p:cm></p:cmLst>",
            ),
            (
                "ppt/commentAuthors.xml",
                "presentationml.commentAuthors",
                "<p:cmAuthorLst NAMES><p:cmAuthor id='0' name='a' initials='a' lastIdx='1' clrIdx='0'/></p:cmAuthorLst>",
            ),
        ],
        &[
            ("", &[("rId1", "officeDocument", "ppt/presentation.xml")]),
            (
                "ppt/presentation.xml",
                &[
                    ("rId1", "slideMaster", "slideMasters/slideMaster1.xml"),
                    ("rId2", "slide", "slides/slide1.xml"),
                    ("rId3", "commentAuthors", "commentAuthors.xml"),
                ],
            ),
            (
                "ppt/slides/slide1.xml",
                &[
                    ("rId1", "slideLayout", "../slideLayouts/slideLayout1.xml"),
                    ("rId2", "comments", "../comments/comment1.xml"),
                    ("rId3", "hyperlink", "!https://example.jp/a"),
                ],
            ),
            (
                "ppt/slideMasters/slideMaster1.xml",
                &[("rId1", "slideLayout", "../slideLayouts/slideLayout1.xml")],
            ),
            (
                "ppt/slideLayouts/slideLayout1.xml",
                &[("rId1", "slideMaster", "../slideMasters/slideMaster1.xml")],
            ),
        ],
    )
}

/// A flat file: the mark of a package is no deflated member.
fn open(kind: &str, body: &str) -> Vec<u8> {
    let oasis = "urn:oasis:names:tc:opendocument:xmlns";
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<office:document xmlns:office='{oasis}:office:1.0' xmlns:text='{oasis}:text:1.0' xmlns:table='{oasis}:table:1.0' xmlns:xlink='http://www.w3.org/1999/xlink' office:version='1.3' office:mimetype='application/vnd.oasis.opendocument.{kind}'><office:body>{body}</office:body></office:document>"
    )
    .into_bytes()
}

fn odt() -> Vec<u8> {
    open(
        "text",
        "<office:text><text:tracked-changes><text:changed-region text:id='c1'><text:deletion><text:p>lapsed</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>kept<text:change text:change-id='c1'/><office:annotation><text:p>remark</text:p></office:annotation><text:a xlink:type='simple' xlink:href='https://example.jp/a'>web</text:a></text:p></office:text>",
    )
}

fn ods() -> Vec<u8> {
    open(
        "spreadsheet",
        "<office:spreadsheet><table:tracked-changes><table:cell-content-change table:id='c1'><table:previous><table:change-track-table-cell><text:p>lapsed</text:p></table:change-track-table-cell></table:previous></table:cell-content-change></table:tracked-changes><table:table table:name='One'><table:table-row><table:table-cell table:formula='of:=HYPERLINK(&quot;https://example.jp/b&quot;)' office:value-type='string'><office:annotation><text:p>remark</text:p></office:annotation><text:p>kept<text:a xlink:type='simple' xlink:href='https://example.jp/a'>web</text:a></text:p></table:table-cell></table:table-row></table:table><table:named-expressions><table:named-expression table:name='n' table:expression='of:=HYPERLINK(&quot;https://example.jp/c&quot;)'/></table:named-expressions></office:spreadsheet>",
    )
}

/// Everything that is in a package, unpacked, or in a flat file.
fn inside(octets: &[u8]) -> String {
    if octets.starts_with(b"<") {
        return String::from_utf8_lossy(octets).into_owned();
    }
    let mut all = String::new();
    for (start, _) in octets.windows(4).enumerate().filter(|(_, four)| four == b"PK\x03\x04") {
        let number =
            |at: usize| usize::from(u16::from_le_bytes([octets[start + at], octets[start + at + 1]]));
        let data = &octets[start + 30 + number(26) + number(28)..];
        let mut unpacked = Vec::new();
        if number(8) == 8 {
            flate2::read::DeflateDecoder::new(data).read_to_end(&mut unpacked).unwrap();
        }
        all.push_str(&String::from_utf8_lossy(&unpacked));
    }
    all
}

#[test]
fn documents_without_links_comments_and_changes_pass_the_verifier() {
    let folder = folder();
    let keys = ["office_links=drop", "office_comments=drop", "office_changes=accept"];
    let gone = ["example.jp", "remark", "lapsed"];
    let mut ran = 0;
    for (name, octets) in
        [("a.docx", docx()), ("a.xlsx", xlsx()), ("a.pptx", pptx()), ("a.fodt", odt()), ("a.fods", ods())]
    {
        let input = folder.path().join(name);
        std::fs::write(&input, &octets).unwrap();
        for rules in [&[][..], &keys] {
            let mut command = Command::new(BINARY);
            let out = folder.path().join(format!("out{ran}"));
            command.args(["sanitise", "--report", "json", "--out"]).arg(&out);
            for key in rules {
                command.args(["--policy", key]);
            }
            let done = command.arg(&input).output().unwrap();
            let report: Value = serde_json::from_slice(&done.stdout)
                .unwrap_or_else(|_| panic!("{name}: {}", String::from_utf8_lossy(&done.stderr)));
            let part = &report["parts"][0];
            assert_eq!(
                (part["action"].as_str(), report["outcome"].as_str()),
                (Some("rebuild"), Some("clean")),
                "{name} {rules:?}: {report}"
            );
            let written = out.join(part["output"]["name"].as_str().unwrap());
            let all = inside(&std::fs::read(written).unwrap());
            assert!(all.contains("kept"), "{name}: {all}");
            for word in gone {
                let stays = rules.is_empty() && inside(&octets).contains(word);
                assert_eq!(all.contains(word), stays, "{name} {rules:?} {word}: {all}");
            }
            let findings = part["findings"].to_string();
            for code in ["link_dropped", "remarks_dropped"] {
                assert_eq!(findings.contains(code), !rules.is_empty(), "{name} {rules:?}: {findings}");
            }
            ran += 1;
        }
    }
    assert_eq!(ran, 10);
}
