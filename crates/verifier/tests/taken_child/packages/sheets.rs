//! Workbooks whose formulas and names reach outside.

use super::{Hostile, SHEET, SLIDE, hostile};
use crate::pack::{pptx, xlsx};

/// Sheets: formulas and names; slides: actions.
#[expect(clippy::too_many_lines, reason = "one row a hostile file")]
pub(super) fn sheets() -> Vec<Hostile> {
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
        ("web service as a value", "_xlfn.MAP(A1:A9,_xleta.WEBSERVICE)"),
        ("link as a value", "_xlfn.MAP(A1:A9,_xleta.HYPERLINK)"),
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
