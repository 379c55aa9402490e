//! The drawings behind a sheet (VML, ISO/IEC 29500-4 §19): of its comments, and of the pictures in its headers and
//! footers. Each is one fixed form, octet for octet, in which nothing varies but the numbers of shapes, rows and
//! columns, or the place of a picture, its size and the name of the relationship that leads to it.
//!
//! *Security.* VML can fetch and run; this reader knows none of it. Linear.

use super::super::Fault;

/// What stands before the first shape.
const HEAD: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\"><v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>";
/// A shape; `#` stands for a number.
const SHAPE: &str = "<v:shape id=\"_x0000_s#\" type=\"~#_x0000_t202\" style=\"position:absolute;width:108pt;height:60pt;visibility:hidden\" fillcolor=\"~#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"~#ffffe1\"/><v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/><v:textbox style=\"mso-direction-alt:auto\"/><x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>#,15,#,10,#,15,#,4</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>#</x:Row><x:Column>#</x:Column></x:ClientData></v:shape>";
const END: &str = "</xml>";
/// Most digits of a number: rows end at 1,048,576.
const DIGITS_MAX: usize = 7;

/// What stands before the first picture.
const PICTURES_HEAD: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><v:shapetype id=\"_x0000_t75\" coordsize=\"21600,21600\" o:spt=\"75\" o:preferrelative=\"t\" path=\"m@4@5l@4@11@9@11@9@5xe\" filled=\"f\" stroked=\"f\"><v:stroke joinstyle=\"miter\"/><v:formulas><v:f eqn=\"if lineDrawn pixelLineWidth 0\"/><v:f eqn=\"sum @0 1 0\"/><v:f eqn=\"sum 0 0 @1\"/><v:f eqn=\"prod @2 1 2\"/><v:f eqn=\"prod @3 21600 pixelWidth\"/><v:f eqn=\"prod @3 21600 pixelHeight\"/><v:f eqn=\"sum @0 0 1\"/><v:f eqn=\"prod @6 1 2\"/><v:f eqn=\"prod @7 21600 pixelWidth\"/><v:f eqn=\"sum @8 21600 0\"/><v:f eqn=\"prod @7 21600 pixelHeight\"/><v:f eqn=\"sum @10 21600 0\"/></v:formulas><v:path o:extrusionok=\"f\" gradientshapeok=\"t\" o:connecttype=\"rect\"/><o:lock v:ext=\"edit\" aspectratio=\"t\"/></v:shapetype>";
/// Behind the place of a picture; `#` stands for a number.
const PICTURE: &str = "\" o:spid=\"_x0000_s#\" type=\"~#_x0000_t75\" style=\"position:absolute;margin-left:0;margin-top:0;width:#.#pt;height:#.#pt;z-index:1\"><v:imagedata o:relid=\"rId";
/// Behind the number of a relationship.
const PICTURE_END: &str = "\" o:title=\"\"/><o:lock v:ext=\"edit\" rotation=\"t\"/></v:shape>";

/// The names of the relationships to the pictures of such a drawing; that of comments has none.
pub(super) fn check(octets: &[u8]) -> Result<Vec<String>, Fault> {
    const FORM: Fault = ("office.notes", "a drawing of a sheet of another form");
    let text = str::from_utf8(octets).ok().ok_or(FORM)?;
    if let Some(rest) = text.strip_prefix(PICTURES_HEAD) {
        return pictures(rest).ok_or(FORM);
    }
    let mut rest = text.strip_prefix(HEAD).ok_or(FORM)?;
    while rest != END {
        rest = filled(SHAPE, rest).ok_or(FORM)?;
    }
    Ok(Vec::new())
}

/// The pictures behind the head: no two at one place, and none of another's name.
fn pictures(mut rest: &str) -> Option<Vec<String>> {
    let (mut places, mut names) = (Vec::new(), Vec::new());
    while rest != END {
        let (place, behind) = rest.strip_prefix("<v:shape id=\"")?.split_once('"')?;
        let (edge, pages) = place.split_at_checked(2)?;
        let is_place = matches!(edge, "LH" | "CH" | "RH" | "LF" | "CF" | "RF");
        if !is_place || !matches!(pages, "" | "EVEN" | "FIRST") || places.contains(&place) {
            return None;
        }
        places.push(place);
        // The quotation mark belongs to what is fixed.
        let behind = rest.get(rest.len().checked_sub(behind.len())?.checked_sub(1)?..)?;
        let behind = filled(PICTURE, behind)?;
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) =
            behind.split_at_checked(digits).filter(|_| (1..=DIGITS_MAX).contains(&digits))?;
        let name = format!("rId{number}");
        if names.contains(&name) {
            return None;
        }
        names.push(name);
        rest = behind.strip_prefix(PICTURE_END)?;
    }
    (!names.is_empty()).then_some(names)
}

/// What stands behind a form with numbers in it.
fn filled<'text>(form: &str, mut rest: &'text str) -> Option<&'text str> {
    let mut pieces = form.split('#').peekable();
    while let Some(piece) = pieces.next() {
        // `~#` is the sign itself.
        let (literal, is_sign) = piece.strip_suffix('~').map_or((piece, false), |literal| (literal, true));
        rest = rest.strip_prefix(literal)?;
        if is_sign {
            rest = rest.strip_prefix('#')?;
        } else if pieces.peek().is_some() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=DIGITS_MAX).contains(&digits) {
                return None;
            }
            rest = rest.get(digits..)?;
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_numbers_varies() {
        let one = SHAPE.replace("~#", "\u{1}").replace('#', "12").replace('\u{1}', "#");
        let sound = format!("{HEAD}{one}{one}{END}");
        assert_eq!(check(sound.as_bytes()), Ok(Vec::new()));
        let cases = [
            format!("{HEAD}{END} "),
            format!("{HEAD}{one}"),
            format!("{HEAD}<v:imagedata src=\"x\"/>{END}"),
            sound.replace("hidden", "visible"),
            sound.replace(">12<", ">12345678<"),
            sound.replace(">12<", "><"),
            sound.replace("False", "=cmd"),
            sound.replace("#_x0000", "_x0000"),
        ];
        for case in &cases {
            assert!(check(case.as_bytes()).is_err(), "{case}");
        }
        assert_eq!(cases.len(), 8);
    }

    #[test]
    fn pictures_stand_at_places_that_are_known() {
        let picture = |place: &str, id: &str| {
            let fixed = PICTURE.replace("~#", "\u{1}").replace('#', "12").replace('\u{1}', "#");
            format!("<v:shape id=\"{place}{fixed}{id}{PICTURE_END}")
        };
        let of = |pictures: &[(&str, &str)]| {
            let shapes: String = pictures.iter().map(|(place, id)| picture(place, id)).collect();
            format!("{PICTURES_HEAD}{shapes}{END}")
        };
        let sound = of(&[("LH", "1"), ("RFEVEN", "2"), ("CHFIRST", "34")]);
        assert_eq!(check(sound.as_bytes()), Ok(["rId1", "rId2", "rId34"].map(str::to_owned).to_vec()));
        let cases = [
            of(&[]),
            of(&[("LH", "1"), ("LH", "2")]),
            of(&[("LH", "1"), ("RH", "1")]),
            of(&[("XH", "1")]),
            of(&[("LHODD", "1")]),
            of(&[("LH", "")]),
            of(&[("LH", "x")]),
            sound.replace("width:12.12pt", "width:calc(1)"),
            sound.replace("o:title=\"\"", "src=\"http://x/\""),
            sound.replace(END, "<v:shape href=\"x\"/></xml>"),
            format!("{sound} "),
            sound.replace(PICTURES_HEAD, HEAD),
        ];
        for case in &cases {
            assert!(check(case.as_bytes()).is_err(), "{case}");
        }
        assert_eq!(cases.len(), 12);
    }
}
