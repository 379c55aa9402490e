//! Markup of documents and slides that acts, loads or hides.

use super::{DOCUMENT, Hostile, hostile};
use crate::pack::docx;

/// Where no link may lead.
pub(super) const LINKS: &[(&str, &str)] = &[
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
pub(super) fn texts() -> Vec<Hostile> {
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
    let goes_on = format!(
        "<w:p>{}<w:del w:id=\"1\"><w:r><w:delInstrText>PAGE </w:delInstrText></w:r></w:del>{}{}{}{}</w:p>",
        mark("begin"),
        mark("begin"),
        code("QUOTE 68 68 69"),
        mark("end"),
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
        word("field with a deleted word before an inner field", "field.revision", &goes_on),
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
