//! Pictures in the headers and footers of a sheet: the one old drawing that crosses, and what it may not say.

use super::{Hostile, SHEET, hostile, parts::joined};
use crate::pack::{Pack, rels, xlsx};

const DRAWING: &str = "xl/drawings/vmlDrawing1.vml";
const VML: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><v:shapetype id=\"_x0000_t75\" coordsize=\"21600,21600\" o:spt=\"75\" o:preferrelative=\"t\" path=\"m@4@5l@4@11@9@11@9@5xe\" filled=\"f\" stroked=\"f\"><v:stroke joinstyle=\"miter\"/><v:formulas><v:f eqn=\"if lineDrawn pixelLineWidth 0\"/><v:f eqn=\"sum @0 1 0\"/><v:f eqn=\"sum 0 0 @1\"/><v:f eqn=\"prod @2 1 2\"/><v:f eqn=\"prod @3 21600 pixelWidth\"/><v:f eqn=\"prod @3 21600 pixelHeight\"/><v:f eqn=\"sum @0 0 1\"/><v:f eqn=\"prod @6 1 2\"/><v:f eqn=\"prod @7 21600 pixelWidth\"/><v:f eqn=\"sum @8 21600 0\"/><v:f eqn=\"prod @7 21600 pixelHeight\"/><v:f eqn=\"sum @10 21600 0\"/></v:formulas><v:path o:extrusionok=\"f\" gradientshapeok=\"t\" o:connecttype=\"rect\"/><o:lock v:ext=\"edit\" aspectratio=\"t\"/></v:shapetype><v:shape id=\"LH\" o:spid=\"_x0000_s1025\" type=\"#_x0000_t75\" style=\"position:absolute;margin-left:0;margin-top:0;width:75.00pt;height:72.00pt;z-index:1\"><v:imagedata o:relid=\"rId1\" o:title=\"\"/><o:lock v:ext=\"edit\" rotation=\"t\"/></v:shape></xml>";

/// A book whose sheet names an old drawing, without the relationships of that.
fn drawn(vml: &str) -> Pack {
    let kind = "application/vnd.openxmlformats-officedocument.vmlDrawing";
    let pack = joined(xlsx(), SHEET, ("rId9", "vmlDrawing"), &format!("/{DRAWING}"), kind, vml.as_bytes());
    pack.bend(SHEET, "<x:hyperlinks>", "<x:legacyDrawingHF r:id=\"rId9\"/><x:hyperlinks>")
        .with("xl/drawings/_rels/vmlDrawing1.vml.rels", rels(&[]))
}

fn with_picture(vml: &str) -> Pack {
    let picture = crate::world::png(&[]);
    joined(drawn(vml), DRAWING, ("rId1", "image"), "/xl/media/image9.png", "image/png", &picture)
}

/// A picture in the header of a sheet.
pub(super) fn sound() -> Pack {
    with_picture(VML)
}

pub(super) fn cases() -> Vec<Hostile> {
    let bent = |from: &str, to: &str| {
        assert!(VML.contains(from), "{from}");
        with_picture(&VML.replacen(from, to, 1))
    };
    let leading = |relation: &str, target: &str, kind: &str, data: &[u8]| {
        joined(drawn(VML), DRAWING, ("rId1", relation), target, kind, data)
    };
    let notes = "office.notes";
    vec![
        hostile("header picture of a place that is none", notes, &bent("id=\"LH\"", "id=\"XX\"")),
        hostile("header picture with an address", notes, &bent("o:title=\"\"", "src=\"file://evil/x\"")),
        hostile("header picture that is a link", notes, &bent("o:spid", "href=\"http://x/\" o:spid")),
        hostile("header picture with a script", notes, &bent("z-index:1", "behavior:url(x)")),
        hostile("header picture of another name", notes, &bent("\"rId1\"", "\"rId2\"")),
        hostile("header picture that is read twice", notes, &bent("</xml>", "<v:shape/></xml>")),
        hostile("header picture to which nothing leads", notes, &drawn(VML)),
        hostile(
            "header picture elsewhere",
            "office.relation",
            &leading("image", "!http://evil.example/a.png", "", b""),
        ),
        hostile(
            "header picture on a share",
            "office.relation",
            &leading("image", "!file://evil/a.png", "", b""),
        ),
        hostile(
            "header picture that is a drawing",
            "office.",
            &leading("image", "/xl/media/image9.emf", "image/x-emf", b"\x01\0"),
        ),
        hostile(
            "header picture that is an object",
            "office.relation",
            &leading("oleObject", "/xl/media/image9.png", "image/png", b""),
        ),
        hostile(
            "header picture that is a sheet",
            "office.",
            &leading("worksheet", "/xl/worksheets/sheet1.xml", "spreadsheetml.worksheet", b""),
        ),
        hostile(
            "header picture that no drawing names",
            "office.relation",
            &joined(
                sound(),
                DRAWING,
                ("rId2", "image"),
                "/xl/media/image8.png",
                "image/png",
                &crate::world::png(&[]),
            ),
        ),
        hostile(
            "header picture of a text",
            "office.",
            &joined(sound(), DRAWING, ("rId2", "hyperlink"), "!https://example.jp/", "", b""),
        ),
        hostile(
            "drawing of headers that no sheet names",
            "office.relation",
            &sound().bend(SHEET, "<x:legacyDrawingHF r:id=\"rId9\"/>", ""),
        ),
    ]
}
