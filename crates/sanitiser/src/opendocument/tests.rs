//! Documents made by code, sound and hostile, and what becomes of them.

use super::*;
use crate::FontFace;
use mail::PartPath;
use policy::{FindingCode as F, Limits};
use std::{
    io::{Cursor, Read},
    sync::Arc,
};

struct NoFonts;

impl Surroundings for NoFonts {
    fn begin(&mut self, _path: &PartPath) {}

    fn font(&mut self, _face: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

const NAMESPACES: &str = "xmlns:field='urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0' xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0' xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' xmlns:draw='urn:oasis:names:tc:opendocument:xmlns:drawing:1.0' xmlns:xlink='http://www.w3.org/1999/xlink' xmlns:script='urn:oasis:names:tc:opendocument:xmlns:script:1.0' xmlns:form='urn:oasis:names:tc:opendocument:xmlns:form:1.0' xmlns:style='urn:oasis:names:tc:opendocument:xmlns:style:1.0' xmlns:chart='urn:oasis:names:tc:opendocument:xmlns:chart:1.0' xmlns:svg='urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0' xmlns:ooo='http://openoffice.org/2004/office' xmlns:presentation='urn:oasis:names:tc:opendocument:xmlns:presentation:1.0' xmlns:x='urn:example'";

/// A part with this in its body.
fn content(kind: &str, inside: &str) -> String {
    format!(
        "<office:document-content {NAMESPACES} office:version='1.3'><office:scripts/><office:body><office:{kind}>{inside}</office:{kind}></office:body></office:document-content>"
    )
}

fn package(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipFile::new();
    for (name, octets) in members {
        zip.add(name, octets, Method::Deflated).unwrap();
    }
    zip.finish().unwrap()
}

fn run(octets: &[u8]) -> (Result<Rewritten, FindingCode>, Findings) {
    run_within(octets, &Limits::STANDARD)
}

fn run_within(octets: &[u8], limits: &Limits) -> (Result<Rewritten, FindingCode>, Findings) {
    let (mut budget, mut findings) = (Budget::new(limits), Findings::new());
    let written =
        rebuild(octets, &[], &Policy::standard(), &mut budget, &mut findings, Fidelity::Full, &mut NoFonts);
    (written, findings)
}

fn member(octets: &[u8], name: &str) -> Option<String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(octets)).unwrap();
    let mut text = Vec::new();
    zip.by_name(name).ok()?.read_to_end(&mut text).unwrap();
    Some(String::from_utf8_lossy(&text).into_owned())
}

fn names(octets: &[u8]) -> Vec<String> {
    zip::ZipArchive::new(Cursor::new(octets))
        .unwrap()
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect()
}

/// What stands in the body of what is written.
fn body(octets: &[u8], kind: &str) -> String {
    let content = member(octets, "content.xml").unwrap();
    let (_, behind) = content.split_once(&format!("<office:{kind}>")).unwrap();
    behind.split_once(&format!("</office:{kind}>")).unwrap().0.to_owned()
}

/// A picture of one colour.
fn png(side_px: u32) -> Vec<u8> {
    let mut octets = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(side_px, side_px, image::Rgb([200, 30, 30]))
        .write_to(&mut octets, image::ImageFormat::Png)
        .unwrap();
    octets.into_inner()
}

/// What stands in a text, what is written of it, and what is told.
const CASES: &[(&str, &str, &[FindingCode])] = &[
    (
        "<text:p>日本<text:span x:a='1'>語</text:span></text:p>",
        "<text:p>日本<text:span>語</text:span></text:p>",
        &[],
    ),
    (
        "<text:p><text:a xlink:href='https://example.jp/' xlink:type='simple'>a</text:a><text:a xlink:href='file:///c:/x.exe'>b</text:a></text:p>",
        "<text:p><text:a xlink:href=\"https://example.jp/\" xlink:type=\"simple\">a</text:a>b</text:p>",
        &[F::LinkDropped],
    ),
    (
        "<text:p><text:a xlink:href='#x'>a<office:event-listeners><script:event-listener script:language='ooo:script' xlink:href='vnd.sun.star.script:x'/></office:event-listeners></text:a></text:p>",
        "<text:p><text:a xlink:href=\"#x\">a</text:a></text:p>",
        &[F::Macro],
    ),
    (
        "<text:p>a<text:script script:language='JavaScript'>run()</text:script></text:p>",
        "<text:p>a</text:p>",
        &[F::Macro],
    ),
    (
        "<text:p><text:execute-macro text:name='m'>押す</text:execute-macro></text:p>",
        "<text:p>押す</text:p>",
        &[F::Macro],
    ),
    (
        "<text:p><text:database-display text:database-name='x' text:column-name='y'>山田</text:database-display> <text:dde-connection text:connection-name='x'>12</text:dde-connection></text:p>",
        "<text:p>山田 12</text:p>",
        &[F::FieldFrozen],
    ),
    (
        "<text:dde-connection-decls><text:dde-connection-decl office:dde-application='cmd' office:dde-topic='x' office:dde-item='y'/></text:dde-connection-decls><text:section text:name='s'><text:section-source xlink:href='http://x/a.odt'/><text:p>a</text:p></text:section>",
        "<text:section text:name=\"s\"><text:p>a</text:p></text:section>",
        &[F::ExternalReference],
    ),
    (
        "<text:p><x:new>新しい<text:span>要素</text:span></x:new></text:p>",
        "<text:p>新しい<text:span>要素</text:span></text:p>",
        &[F::ElementDropped],
    ),
    ("stray<text:p>a</text:p>", "<text:p>a</text:p>", &[F::LayoutMayDiffer]),
    (
        "<text:p><draw:frame draw:name='f' svg:width='1cm'><draw:object-ole xlink:href='./Object 1'/></draw:frame></text:p>",
        "<text:p><draw:frame draw:name=\"f\" svg:width=\"1cm\"><draw:text-box/></draw:frame></text:p>",
        &[F::EmbeddedObject],
    ),
    (
        "<text:p><draw:frame><draw:image xlink:href='http://tracker.example/x.png'/></draw:frame></text:p>",
        "<text:p><draw:frame><draw:text-box/></draw:frame></text:p>",
        &[F::ExternalReference, F::PictureDropped],
    ),
    (
        "<text:p><draw:frame><draw:floating-frame xlink:href='http://x/'/></draw:frame><draw:frame><draw:applet draw:code='x'/></draw:frame></text:p>",
        "<text:p><draw:frame><draw:text-box/></draw:frame><draw:frame><draw:text-box/></draw:frame></text:p>",
        &[F::ExternalReference, F::EmbeddedObject],
    ),
    (
        "<office:forms><form:form xlink:href='http://x/'><form:checkbox form:id='c1' form:label='同意する' form:current-state='checked'/></form:form></office:forms><text:p><draw:control draw:control='c1' svg:width='3cm'/></text:p>",
        "<text:p><draw:frame svg:width=\"3cm\"><draw:text-box><text:p>☑同意する</text:p></draw:text-box></draw:frame></text:p>",
        &[F::FormFrozen],
    ),
    (
        "<text:p><field:fieldmark field:type='vnd.oasis.opendocument.field.FORMCHECKBOX'><field:param field:name='Checkbox_Checked' field:value='true'/></field:fieldmark>自宅<field:fieldmark field:type='vnd.oasis.opendocument.field.FORMDROPDOWN'><field:param field:name='Dropdown_ListEntry' field:value='本人'/><field:param field:name='Dropdown_ListEntry' field:value='代理人'/><field:param field:name='Dropdown_Selected' field:value='1'/></field:fieldmark><field:fieldmark-start field:type='x'/>名<field:fieldmark-end/></text:p>",
        "<text:p>☑自宅代理人名</text:p>",
        &[F::FormFrozen],
    ),
    ("<text:p xmlns:x='urn:x'><x:theme/><x:p/>a</text:p>", "<text:p>a</text:p>", &[]),
    (
        "<text:p><text:creator>鈴木</text:creator></text:p>",
        "<text:p><text:creator text:fixed=\"true\">鈴木</text:creator></text:p>",
        &[],
    ),
];

#[test]
fn what_runs_or_reaches_out_goes_and_its_text_stays() {
    let mut ran = 0;
    for (inside, expected, codes) in CASES {
        let octets = package(&[("content.xml", content("text", inside).as_bytes())]);
        let (written, findings) = run(&octets);
        let written = written.unwrap();
        assert_eq!(body(&written.octets, "text"), *expected, "{inside}");
        for code in *codes {
            assert!(findings.has(*code), "{code:?} {inside}");
        }
        assert_eq!(codes.is_empty(), findings.is_empty(), "{inside} {findings:?}");
        // The output is its own rebuild, and nothing is found in it.
        let (again, findings) = run(&written.octets);
        assert_eq!(again.unwrap().octets, written.octets);
        assert!(findings.is_empty(), "{findings:?}");
        ran += 1;
    }
    assert_eq!(ran, 16);
}

#[test]
fn a_control_becomes_a_box_that_is_not_painted_over() {
    let inside = "<style:style style:name='gr1' style:family='graphic'/><style:style style:name='gr2' style:family='graphic'><style:graphic-properties draw:fill='solid'/></style:style><text:p><draw:control draw:style-name='gr1'/><draw:control draw:style-name='gr2'/><draw:control draw:style-name='none'/></text:p>";
    let octets = package(&[("content.xml", content("text", inside).as_bytes())]);
    let written = body(&run(&octets).0.unwrap().octets, "text");
    let line = "draw:stroke=\"solid\" svg:stroke-color=\"#808080\"";
    for properties in [format!("draw:fill=\"none\" {line}"), format!("draw:fill=\"solid\" {line}")] {
        assert!(written.contains(&format!("<style:graphic-properties {properties}/>")), "{written}");
    }
    assert_eq!(written.matches("<draw:frame ").count(), 3);
}

#[test]
fn cells_keep_their_values_when_their_formulas_go() {
    let inside = "<table:table table:name='表'><table:table-source xlink:href='file:///a.ods'/><table:table-row><table:table-cell table:formula='of:=SUM([.A1:.A2])' office:value-type='float' office:value='3'/><table:table-cell table:formula='of:=DDE(&quot;cmd&quot;;&quot;/c calc&quot;;&quot;x&quot;)' office:value-type='float' office:value='4'><text:p>4</text:p></table:table-cell></table:table-row></table:table><table:named-expressions><table:named-range table:name='a' table:cell-range-address=\"'file:///x'#$表.A1\"/><table:named-expression table:name='b' table:expression='of:=WEBSERVICE([.A1])'/></table:named-expressions><table:dde-links><table:dde-link><office:dde-source office:dde-application='cmd'/></table:dde-link></table:dde-links><table:data-pilot-tables><table:data-pilot-table table:name='p'><table:source-service table:name='x'/></table:data-pilot-table></table:data-pilot-tables>";
    let octets = package(&[("content.xml", content("spreadsheet", inside).as_bytes())]);
    let (written, findings) = run(&octets);
    let written = written.unwrap();
    assert_eq!(
        body(&written.octets, "spreadsheet"),
        "<table:table table:name=\"表\"><table:table-row><table:table-cell table:formula=\"of:=SUM([.A1:.A2])\" office:value-type=\"float\" office:value=\"3\"/><table:table-cell office:value-type=\"float\" office:value=\"4\"><text:p>4</text:p></table:table-cell></table:table-row></table:table><table:named-expressions><table:named-range table:name=\"a\"/></table:named-expressions><table:data-pilot-tables/>"
    );
    assert_eq!(findings.count(FindingCode::FormulaFrozen), 2);
    assert_eq!((written.extension, written.media_type.as_str()), ("ods", KINDS[1].1));
}

#[test]
fn pictures_and_charts_are_made_anew_under_names_of_ours() {
    let chart = format!(
        "<office:document-content {NAMESPACES} office:version='1.2'><office:body><office:chart><chart:chart chart:class='chart:bar' xlink:href='..' xlink:type='simple'><chart:plot-area/></chart:chart></office:chart></office:body></office:document-content>"
    );
    let inside = "<text:p><draw:frame><draw:object xlink:href='./Object 7'/><draw:image xlink:href='./ObjectReplacements/Object 7'/></draw:frame><draw:frame><draw:image xlink:href='Pictures/evil.svg'/><draw:image xlink:href='./Pictures/写真.png' xlink:actuate='onLoad'/></draw:frame><draw:frame><draw:image xlink:href='Pictures/写真.png'/></draw:frame><draw:frame><draw:object xlink:href='./Object 8'/><draw:image xlink:href='Pictures/写真.png'/></draw:frame></text:p>";
    let octets = package(&[
        ("content.xml", content("text", inside).as_bytes()),
        ("Object 7/content.xml", chart.as_bytes()),
        ("Object 8/content.xml", content("spreadsheet", "").as_bytes()),
        ("Pictures/写真.png", &png(8)),
        ("Pictures/evil.svg", b"<html/>"),
        ("Pictures/orphan.png", &png(9)),
        ("Thumbnails/thumbnail.png", &png(9)),
        ("Basic/Standard/Module1.xml", b"<m/>"),
        ("Basic/script-lc.xml", b"<m/>"),
        ("Configurations2/x.xml", b"<m/>"),
    ]);
    let (written, findings) = run(&octets);
    let written = written.unwrap();
    assert_eq!(
        names(&written.octets),
        [
            "mimetype",
            "META-INF/manifest.xml",
            "content.xml",
            "styles.xml",
            "Object 1/content.xml",
            "Object 1/styles.xml",
            "Pictures/image1.png"
        ]
    );
    let picture = "<draw:frame><draw:image xlink:href=\"Pictures/image1.png\" xlink:type=\"simple\" xlink:show=\"embed\"/></draw:frame>";
    let object = "<draw:frame><draw:object xlink:href=\"./Object 1\" xlink:type=\"simple\" xlink:show=\"embed\"/></draw:frame>";
    assert_eq!(
        body(&written.octets, "text"),
        format!("<text:p>{object}{picture}{picture}{picture}</text:p>")
    );
    assert!(member(&written.octets, "Object 1/content.xml").unwrap().contains("office:version=\"1.3\""));
    assert_eq!(findings.count(FindingCode::Macro), 1);
    assert_eq!(findings.count(FindingCode::EmbeddedObject), 1);
}

#[test]
fn flat_files_become_packages() {
    let flat = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<office:document {NAMESPACES} xmlns:meta='urn:oasis:names:tc:opendocument:xmlns:meta:1.0' xmlns:dc='http://purl.org/dc/elements/1.1/' office:version='1.2' office:mimetype='application/vnd.oasis.opendocument.text'>\n <office:meta><dc:title>題名</dc:title><meta:initial-creator>山田</meta:initial-creator></office:meta>\n <office:scripts><office:script script:language='ooo:Basic'><ooo:libraries><ooo:library-embedded ooo:name='Standard'><ooo:module ooo:name='M'>Sub Main</ooo:module></ooo:library-embedded></ooo:libraries></office:script></office:scripts>\n <office:styles><style:style style:name='S' style:family='paragraph'/></office:styles>\n <office:body><office:text><text:p>本文<draw:frame><draw:image><office:binary-data>AA AA</office:binary-data></draw:image></draw:frame></text:p></office:text></office:body>\n</office:document>"
    );
    let (written, findings) = run(flat.as_bytes());
    let written = written.unwrap();
    assert_eq!(
        body(&written.octets, "text"),
        "<text:p>本文<draw:frame><draw:text-box/></draw:frame></text:p>"
    );
    assert!(member(&written.octets, "styles.xml").unwrap().contains("<style:style style:name=\"S\""));
    let metadata = member(&written.octets, "meta.xml").unwrap();
    assert!(metadata.contains("<dc:title>題名</dc:title>") && !metadata.contains("山田"));
    assert_eq!((written.extension, findings.count(FindingCode::Macro)), ("odt", 1));
}

/// A key of the policy and its value.
type Setting = (&'static str, &'static str);

#[test]
fn remarks_and_links_go_when_policy_says_so() {
    let inside = "<text:tracked-changes><text:changed-region text:id='c1'><text:deletion><text:p>deleted</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>a<text:change text:change-id='c1'/><office:annotation><text:p>remark</text:p></office:annotation><text:a xlink:href='https://example.jp/'>web</text:a><text:a xlink:href='#place'>here</text:a></text:p>";
    let whole = package(&[("content.xml", content("text", inside).as_bytes())]);
    let cases: &[(&[Setting], &[&str])] = &[
        (&[], &["deleted", "remark", "https://example.jp/", "#place"]),
        (&[("office_changes", "accept")], &["remark", "https://example.jp/", "#place"]),
        (&[("office_comments", "drop")], &["deleted", "https://example.jp/", "#place"]),
        (&[("office_links", "drop")], &["deleted", "remark", "#place"]),
        (&[("office_changes", "accept"), ("office_comments", "drop"), ("office_links", "drop")], &["#place"]),
    ];
    let mut ran = 0;
    for (settings, stays) in cases {
        let mut policy = Policy::standard();
        for (key, value) in *settings {
            policy.set(key, value).unwrap();
        }
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written =
            rebuild(&whole, &[], &policy, &mut budget, &mut findings, Fidelity::Full, &mut NoFonts).unwrap();
        let body = body(&written.octets, "text");
        for word in ["deleted", "remark", "https://example.jp/", "#place"] {
            assert_eq!(body.contains(word), stays.contains(&word), "{settings:?} {word}: {body}");
        }
        assert!(body.contains("web") && body.contains("here"), "{body}");
        let told = findings.count(F::RemarksDropped) + findings.count(F::LinkDropped);
        assert_eq!(usize::try_from(told), Ok(settings.len()));
        ran += 1;
    }
    assert_eq!(ran, 5);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let locked = "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'><manifest:file-entry manifest:full-path='content.xml'><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let cases: &[(Vec<u8>, FindingCode)] = &[
        (b"".to_vec(), FindingCode::Unreadable),
        (b"PK\x03\x04".to_vec(), FindingCode::Unreadable),
        (package(&[("mimetype", b"x")]), FindingCode::Unreadable),
        (package(&[("content.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")]), FindingCode::Unreadable),
        (package(&[("content.xml", content("database", "").as_bytes())]), FindingCode::Unreadable),
        (package(&[("content.xml", content("chart", "").as_bytes())]), FindingCode::NotSupportedYet),
        (
            package(&[("META-INF/manifest.xml", locked.as_bytes()), ("content.xml", b"\x01\x02")]),
            FindingCode::Locked,
        ),
        (
            content("text", "").replace("document-content", "document-styles").into_bytes(),
            FindingCode::Unreadable,
        ),
    ];
    let mut ran = 0;
    for (octets, code) in cases {
        assert_eq!(run(octets).0.map(|_| ()), Err(*code), "case {ran}");
        ran += 1;
    }
    assert_eq!(ran, 8);
}

#[test]
fn damage_is_no_disaster() {
    let inside = "<text:p>a<text:a xlink:href='https://example.jp/'>b</text:a></text:p>";
    let whole = package(&[("content.xml", content("text", inside).as_bytes()), ("styles.xml", b"<x/>")]);
    for end in (0..whole.len()).step_by(7) {
        let _cut = run(&whole[..end]);
    }
    for at in (0..whole.len()).step_by(5) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        let _flipped = run(&flipped);
    }
}

/// Elements that show a picture and have no other in its place.
const LONE: &[&str] = &[
    "<style:style style:name='s' style:family='graphic'><draw:fill-image draw:name='f' xlink:href='P'/></style:style>",
    "<style:style style:name='s' style:family='paragraph'><style:paragraph-properties><style:background-image xlink:href='P'/></style:paragraph-properties></style:style>",
    "<text:list-style style:name='l'><text:list-level-style-image text:level='1' xlink:href='P'/></text:list-style>",
    "<text:p><draw:frame><draw:image xlink:href='P'/></draw:frame></text:p>",
];

#[test]
fn a_picture_that_is_lost_is_told_wherever_it_stood() {
    let mut ran = 0;
    for inside in LONE {
        let inside = content("text", inside);
        let told = |picture: &[u8]| {
            let octets = package(&[("content.xml", inside.as_bytes()), ("P", picture)]);
            let (written, findings) = run(&octets);
            assert!(written.is_ok());
            findings.count(FindingCode::PictureDropped)
        };
        let drawing = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";
        assert_eq!((told(b"<html/>"), told(drawing), told(&png(8))), (1, 0, 0), "{inside}");
        ran += 1;
    }
    assert_eq!(ran, 4);
}

/// A chart of its own, and what shows it.
const CHART: &str = "<text:p><draw:frame><draw:object xlink:href='./Object 7'/></draw:frame></text:p>";

#[test]
fn a_limit_met_on_the_side_is_a_verdict_on_the_document() {
    let chart = content("chart", "<chart:chart chart:class='chart:bar'><chart:plot-area/></chart:chart>");
    let frame = "<text:p><draw:frame><draw:image xlink:href='P'/></draw:frame></text:p>";
    let many = "<y/>".repeat(2_000);
    let many = format!("<office:document-meta {NAMESPACES}>{many}</office:document-meta>");
    let picture = png(64);
    let (plain, shown, charted) = (content("text", ""), content("text", frame), content("text", CHART));
    let nodes = Limits { nodes: 1_000, ..Limits::STANDARD };
    let cases: &[(&str, Vec<u8>, Limits, FindingCode)] = &[
        (
            "a picture",
            package(&[("content.xml", shown.as_bytes()), ("P", &picture)]),
            Limits { total_px: 64 * 64 - 1, ..Limits::STANDARD },
            FindingCode::LimitTotalPixels,
        ),
        (
            "a manifest",
            package(&[("content.xml", plain.as_bytes()), ("META-INF/manifest.xml", many.as_bytes())]),
            nodes,
            FindingCode::LimitNodes,
        ),
        (
            "settings",
            package(&[("content.xml", plain.as_bytes()), ("settings.xml", many.as_bytes())]),
            nodes,
            FindingCode::LimitNodes,
        ),
        (
            "metadata",
            package(&[("content.xml", plain.as_bytes()), ("meta.xml", many.as_bytes())]),
            nodes,
            FindingCode::LimitNodes,
        ),
        (
            "an object",
            package(&[("content.xml", charted.as_bytes()), ("Object 7/content.xml", many.as_bytes())]),
            nodes,
            FindingCode::LimitNodes,
        ),
        (
            "styles of an object",
            package(&[
                ("content.xml", charted.as_bytes()),
                ("Object 7/content.xml", chart.as_bytes()),
                ("Object 7/styles.xml", many.as_bytes()),
            ]),
            nodes,
            FindingCode::LimitNodes,
        ),
    ];
    let mut ran = 0;
    for (name, octets, limits, code) in cases {
        assert!(run(octets).0.is_ok(), "{name}");
        assert_eq!(run_within(octets, limits).0.map(|_| ()), Err(*code), "{name}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn parts_that_cannot_be_read_are_told() {
    let (content, chart) = (content("text", CHART), content("chart", "<chart:chart/>"));
    let cases: &[(&str, &str)] = &[("settings.xml", "settings"), ("Object 7/styles.xml", "styles")];
    let mut ran = 0;
    for (broken, detail) in cases {
        let octets = package(&[
            ("content.xml", content.as_bytes()),
            ("Object 7/content.xml", chart.as_bytes()),
            (broken, b"<"),
        ]);
        let (written, findings) = run(&octets);
        assert!(written.is_ok());
        let told: Vec<_> = findings.iter().map(|finding| (finding.code, finding.detail.as_str())).collect();
        assert_eq!(told, [(FindingCode::ElementDropped, *detail)]);
        ran += 1;
    }
    assert_eq!(ran, 2);
    let mut octets = package(&[("styles.xml", b"<x/>"), ("content.xml", content.as_bytes())]);
    let start = {
        let mut zip = zip::ZipArchive::new(Cursor::new(octets.as_slice())).unwrap();
        usize::try_from(zip.by_name("styles.xml").unwrap().data_start().unwrap()).unwrap()
    };
    octets[start] ^= 0x55;
    let (written, findings) = run(&octets);
    assert!(written.is_ok() && findings.has(FindingCode::LayoutMayDiffer));
    assert!(findings.has(FindingCode::ElementDropped));
}

/// Looking through all that stood before for each section that follows costs the square.
#[test]
fn a_part_of_many_sections_costs_what_it_is_long() {
    let (many, styles) = (30_000, "<office:styles><style:style style:name='S'/></office:styles>");
    let (strays, more) = ("<text:p/>".repeat(many), "<office:styles/>".repeat(many));
    let styles =
        format!("<office:document-styles {NAMESPACES}>{strays}{styles}{more}</office:document-styles>");
    let octets =
        package(&[("content.xml", content("text", "").as_bytes()), ("styles.xml", styles.as_bytes())]);
    let styles = member(&run(&octets).0.unwrap().octets, "styles.xml").unwrap();
    assert_eq!((styles.matches("<office:styles").count(), styles.matches("<text:p").count()), (1, 0));
    assert!(styles.contains("style:name=\"S\""));
}
