//! The drawing behind the comments of a sheet (VML, ISO/IEC 29500-4 §19.4.2.7): one fixed form, octet for octet, in
//! which nothing varies but the numbers of shapes, rows and columns.
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

/// Whether these octets are such a drawing.
pub(super) fn check(octets: &[u8]) -> Result<(), Fault> {
    const FORM: Fault = ("office.notes", "a drawing of comments of another form");
    let text = str::from_utf8(octets).ok().ok_or(FORM)?;
    let mut rest = text.strip_prefix(HEAD).ok_or(FORM)?;
    while rest != END {
        rest = shape(rest).ok_or(FORM)?;
    }
    Ok(())
}

/// What stands behind one shape.
fn shape(mut rest: &str) -> Option<&str> {
    let mut pieces = SHAPE.split('#').peekable();
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
        assert_eq!(check(sound.as_bytes()), Ok(()));
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
}
