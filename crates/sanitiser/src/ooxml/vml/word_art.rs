//! `WordArt` of old, such as a watermark (写し, 案): its words become a text box of the same size, turned like it.
//!
//! The letters are as large as fit, in the colour of their fill; that they followed a curve is lost.

use super::{Place, add, colour, style};
use crate::markup::{NodeId, Tree};

/// Most characters: more are no art, and the shape is one that nothing stands for.
const CHARACTERS_MAX: usize = 1_000;
/// Part of a line's height that its letters take.
const HEIGHT_OF_LETTERS: f64 = 0.75;
/// Half points of the smallest and of the largest letters (ISO/IEC 29500-1 §17.18.42).
const LETTERS: (f64, f64) = (2.0, 3_276.0);

/// The content of the text box that stands for a shape, if it is `WordArt`.
pub(super) fn text_box(tree: &mut Tree, shape: NodeId, place: Place) -> Option<NodeId> {
    let path = tree.child(shape, ("v", "textpath"))?;
    let text = tree.attribute(path, ("", "string")).filter(|text| !text.trim().is_empty())?.to_owned();
    if text.chars().count() > CHARACTERS_MAX {
        return None;
    }
    let face = style(tree, path, "font-family").map(|face| face.trim_matches(['"', '\'']).to_owned());
    let bold = style(tree, path, "font-weight") == Some("bold");
    let colour = faded(tree, shape);
    let lines: Vec<&str> = text.lines().collect();
    let size = format!("{:.0}", size(&lines, place));
    let content = tree.create(("w", "txbxContent"))?;
    for line in lines {
        let paragraph = add(tree, content, ("w", "p"), &[])?;
        let properties = add(tree, paragraph, ("w", "pPr"), &[])?;
        let spacing = [("before", "0"), ("after", "0"), ("line", "240"), ("lineRule", "auto")];
        let spacing = spacing.map(|(name, value)| (("w", name), value));
        add(tree, properties, ("w", "spacing"), &spacing)?;
        add(tree, properties, ("w", "jc"), &[(("w", "val"), "center")])?;
        let run = add(tree, paragraph, ("w", "r"), &[])?;
        let properties = add(tree, run, ("w", "rPr"), &[])?;
        if let Some(face) = &face {
            let faces = ["ascii", "hAnsi", "eastAsia"].map(|kind| (("w", kind), face.as_str()));
            add(tree, properties, ("w", "rFonts"), &faces)?;
        }
        if bold {
            add(tree, properties, ("w", "b"), &[])?;
        }
        add(tree, properties, ("w", "color"), &[(("w", "val"), &colour)])?;
        add(tree, properties, ("w", "sz"), &[(("w", "val"), &size)])?;
        let words = add(tree, run, ("w", "t"), &[])?;
        tree.set_text(words, line);
    }
    Some(content)
}

/// Half points at which the longest line fits the width, and all lines the height.
#[expect(clippy::cast_precision_loss, reason = "counts of at most a thousand")]
fn size(lines: &[&str], place: Place) -> f64 {
    let wide = |line: &&str| line.chars().map(|c| if c.is_ascii() { 0.6 } else { 1.0 }).sum::<f64>();
    let widest = lines.iter().map(wide).fold(1.0, f64::max);
    let height = place.height / lines.len().max(1) as f64 * HEIGHT_OF_LETTERS;
    (height.min(place.width / widest) * 2.0).clamp(LETTERS.0, LETTERS.1)
}

/// The colour of the fill as it looks on paper: what is half transparent is half white.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of two octets")]
fn faded(tree: &Tree, shape: NodeId) -> String {
    let fill =
        tree.attribute(shape, ("", "fillcolor")).and_then(colour).unwrap_or_else(|| "C0C0C0".to_owned());
    let opacity = tree.child(shape, ("v", "fill")).and_then(|fill| tree.attribute(fill, ("", "opacity")));
    let opacity = opacity.and_then(|opacity| match opacity.strip_suffix('f') {
        Some(fraction) => fraction.parse::<f64>().ok().map(|fraction| fraction / 65_536.0),
        None => opacity.parse().ok(),
    });
    let opacity = opacity.filter(|opacity: &f64| opacity.is_finite()).unwrap_or(1.0).clamp(0.0, 1.0);
    let channel = |at: usize| {
        let octet = fill.get(at..at.saturating_add(2)).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        (f64::from(octet.unwrap_or(0xc0)) * opacity + 255.0 * (1.0 - opacity)).round() as u8
    };
    format!("{:02X}{:02X}{:02X}", channel(0), channel(2), channel(4))
}
