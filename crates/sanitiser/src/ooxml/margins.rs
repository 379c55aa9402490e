//! Pictures in headers and footers of a sheet → the drawing that holds them (VML, ISO/IEC 29500-4 §19.1); there is no
//! newer form for them.
//!
//! One fixed form, in which only the place (one of eighteen words), the size and the name of the relationship vary.
//! Nothing else is taken from the drawing that came, and the pictures are written anew as all others.

use super::vml;
use crate::markup::{NodeId, Tree};

const HEAD: &str = concat!(
    "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" ",
    "xmlns:x=\"urn:schemas-microsoft-com:office:excel\">",
    "<v:shapetype id=\"_x0000_t75\" coordsize=\"21600,21600\" o:spt=\"75\" o:preferrelative=\"t\" ",
    "path=\"m@4@5l@4@11@9@11@9@5xe\" filled=\"f\" stroked=\"f\"><v:stroke joinstyle=\"miter\"/><v:formulas>",
    "<v:f eqn=\"if lineDrawn pixelLineWidth 0\"/><v:f eqn=\"sum @0 1 0\"/><v:f eqn=\"sum 0 0 @1\"/>",
    "<v:f eqn=\"prod @2 1 2\"/><v:f eqn=\"prod @3 21600 pixelWidth\"/><v:f eqn=\"prod @3 21600 pixelHeight\"/>",
    "<v:f eqn=\"sum @0 0 1\"/><v:f eqn=\"prod @6 1 2\"/><v:f eqn=\"prod @7 21600 pixelWidth\"/>",
    "<v:f eqn=\"sum @8 21600 0\"/><v:f eqn=\"prod @7 21600 pixelHeight\"/><v:f eqn=\"sum @10 21600 0\"/>",
    "</v:formulas><v:path o:extrusionok=\"f\" gradientshapeok=\"t\" o:connecttype=\"rect\"/>",
    "<o:lock v:ext=\"edit\" aspectratio=\"t\"/></v:shapetype>",
);

/// Left, centre and right of header and footer: of all pages, of even ones, of the first.
const PLACES: &[&str] = &[
    "LH", "CH", "RH", "LF", "CF", "RF", "LHEVEN", "CHEVEN", "RHEVEN", "LFEVEN", "CFEVEN", "RFEVEN",
    "LHFIRST", "CHFIRST", "RHFIRST", "LFFIRST", "CFFIRST", "RFFIRST",
];
/// Longest side, in points: no paper is longer.
const SIDE_MAX: f64 = 4_000.0;

/// A picture in a header or footer.
#[derive(Debug)]
pub(super) struct Picture {
    place: &'static str,
    /// The name of the relationship that leads to it.
    pub(super) picture: String,
    width: f64,
    height: f64,
}

impl Picture {
    /// Whether both stand at one place.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

/// The picture that a shape shows in a header or footer; `None` when it stands in none or has no size.
pub(super) fn of_shape(drawing: &Tree, shape: NodeId, picture: &str) -> Option<Picture> {
    let name = drawing.attribute(shape, ("", "id"))?;
    let place = PLACES.iter().copied().find(|known| *known == name)?;
    let side = |key| {
        let length = vml::style(drawing, shape, key).and_then(vml::length)?;
        (0.01..=SIDE_MAX).contains(&length).then_some(length)
    };
    Some(Picture { place, picture: picture.to_owned(), width: side("width")?, height: side("height")? })
}

/// The drawing; each picture with the name of its relationship.
pub(super) fn drawing<'p>(pictures: impl Iterator<Item = (&'p Picture, &'p str)>) -> String {
    let mut text = HEAD.to_owned();
    let mut number = 1_024u32;
    for (picture, relationship) in pictures {
        number = number.saturating_add(1);
        let Picture { place, width, height, .. } = picture;
        text.push_str(&format!(
            "<v:shape id=\"{place}\" o:spid=\"_x0000_s{number}\" type=\"#_x0000_t75\" style=\"position:absolute;\
             margin-left:0;margin-top:0;width:{width:.2}pt;height:{height:.2}pt;z-index:1\"><v:imagedata \
             o:relid=\"{relationship}\" o:title=\"\"/><o:lock v:ext=\"edit\" rotation=\"t\"/></v:shape>"
        ));
    }
    text.push_str("</xml>");
    text
}
