//! OpenDocument packages that act, load or embed.

use super::texts::LINKS;
use super::{Hostile, hostile};
use crate::pack::{Pack, XML, manifest, odg, odp, ods, odt};

/// OpenDocument.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
pub(super) fn open() -> Vec<Hostile> {
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
