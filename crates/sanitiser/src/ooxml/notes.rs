//! Comments of a sheet → the drawing without which Excel does not show them (VML, ISO/IEC 29500-4 §19.4.2.7).
//!
//! One fixed form, in which only the numbers of row and column vary; nothing is taken from the drawing that came.
//! Without it LibreOffice shows every comment at once, over the cells.

use crate::markup::Tree;

const HEAD: &str = concat!(
    "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" ",
    "xmlns:x=\"urn:schemas-microsoft-com:office:excel\">",
    "<v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\">",
    "<v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>",
);

/// Most comments of one sheet that are drawn.
const NOTES_MAX: usize = 65_000;

/// Media type of the drawing.
pub(super) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.vmlDrawing";

/// The drawing for the comments of a sheet; `None` when it has none.
pub(super) fn drawing(comments: &Tree) -> Option<String> {
    let list = comments.child(comments.root(), ("x", "commentList"))?;
    let places = comments
        .children(list)
        .filter_map(|comment| comments.attribute(comment, ("", "ref")))
        .filter_map(cell)
        .take(NOTES_MAX);
    let mut text = HEAD.to_owned();
    let mut number = 1_024u32;
    for (row, column) in places {
        number = number.saturating_add(1);
        text.push_str(&note(number, row, column));
    }
    text.push_str("</xml>");
    (number > 1_024).then_some(text)
}

fn note(number: u32, row: u32, column: u32) -> String {
    let (left, right) = (column.saturating_add(1), column.saturating_add(3));
    let (top, bottom) = (row.saturating_sub(1), row.saturating_add(3));
    format!(
        "<v:shape id=\"_x0000_s{number}\" type=\"#_x0000_t202\" style=\"position:absolute;width:108pt;height:60pt;\
         visibility:hidden\" fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/><v:shadow \
         on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/><v:textbox \
         style=\"mso-direction-alt:auto\"/><x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/>\
         <x:Anchor>{left},15,{top},10,{right},15,{bottom},4</x:Anchor><x:AutoFill>False</x:AutoFill>\
         <x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )
}

/// `AB12` as row and column, both from 0.
fn cell(reference: &str) -> Option<(u32, u32)> {
    let split = reference.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = reference.split_at_checked(split)?;
    if !matches!(letters.len(), 1..=3) || !letters.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let column = letters.bytes().fold(0u32, |sum, letter| {
        sum.saturating_mul(26).saturating_add(u32::from(letter.saturating_sub(b'A')).saturating_add(1))
    });
    let row: u32 = digits.parse().ok()?;
    (1..=1_048_576).contains(&row).then(|| (row.saturating_sub(1), column.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_from_nothing() {
        let cases = [
            ("A1", Some((0, 0))),
            ("AB12", Some((11, 27))),
            ("XFD1048576", Some((1_048_575, 16_383))),
            ("A0", None),
            ("1A", None),
            ("a1", None),
            ("A1:B2", None),
            ("", None),
        ];
        for (reference, place) in cases {
            assert_eq!(cell(reference), place, "{reference}");
        }
    }
}
