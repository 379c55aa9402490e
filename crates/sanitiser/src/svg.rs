//! SVG (1.1, and what of 2 is in use), plain and in gzip → a PNG of what it draws.
//!
//! The `resvg` crate (pure Rust, no unsafe) reads and draws; what it may meet is bounded here. Text is drawn with the
//! fallback fonts, because the typefaces that a drawing names are never there. Scripts, handlers, moving parts, links
//! and what is foreign to SVG are counted and left behind: nothing crosses but pixels.
//!
//! *Security.* Any octets. Three steps stand before the first pixel: the markup is surveyed for depth and for what it
//! grows to when every reference is followed ([`survey`]); pictures inside go through our own decoders ([`pictures`]),
//! and nothing else is ever opened, neither a file nor an address; the tree that was read is weighed, layer by layer
//! and filter by filter ([`cost`]). What is weighed too lightly meets the walls of the jail.

pub use crate::drawing::Ground;

mod cost;
mod faces;
mod pictures;
mod sheet;
mod survey;
#[cfg(test)]
mod tests;

use crate::{Rewritten, Surroundings, drawing, qr, raster, xml};
use cost::Cost;
use faces::Faces;
use image::{DynamicImage, RgbaImage};
use mail::{MediaType, charset};
use pictures::Pictures;
use policy::{Action, Budget, FindingCode, Findings, Policy};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, roxmltree};
use survey::Survey;

/// Nodes of XML in one drawing.
const XML_NODES_MAX: u32 = 1_000_000;
/// Octets that entities may grow to, by the longest way of counting them.
const ENTITIES_OCTETS_MAX: usize = 64 << 20;
/// How often the sides of the canvas are halved before a drawing is refused.
const HALVINGS_MAX: u32 = 3;
/// Millimetres of a CSS pixel: 96 to the inch.
const MM_PER_PX: f32 = 25.4 / 96.0;

/// Whether these octets are a drawing without gzip around it: a cheap look for what names itself so at its beginning.
pub(crate) fn is_svg(octets: &[u8]) -> bool {
    let head = octets.get(..1_024).unwrap_or(octets);
    head.trim_ascii_start().starts_with(b"<") && head.windows(4).any(|window| window == b"<svg")
}

/// Draws an SVG.
///
/// Errors are verdicts: a limit that was met, or [`FindingCode::Unreadable`].
pub fn rasterise(
    octets: &[u8],
    ground: Ground,
    policy: &Policy,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Rewritten, FindingCode> {
    let octets = drawing::unpacked(octets, budget)?;
    let text = decoded(&octets, budget)?;
    let text = sheet::settled(&text);
    refuse_laughter(&text)?;
    let reading = roxmltree::ParsingOptions {
        allow_dtd: true,
        nodes_limit: XML_NODES_MAX,
        ..roxmltree::ParsingOptions::default()
    };
    let Ok(markup) = roxmltree::Document::parse_with_options(&text, reading) else {
        return Err(FindingCode::Unreadable);
    };
    let survey = Survey::of(&markup)?;
    budget.spend_nodes(survey.weight()).map_err(|exhausted| exhausted.0)?;
    survey.tell(findings);
    let faces = Faces::open(&survey, surroundings);
    let pictures = Pictures::new(policy, budget, findings);
    let options = Options {
        font_family: "sans-serif".to_owned(),
        languages: vec!["ja".to_owned(), "en".to_owned()],
        image_href_resolver: pictures.resolver(),
        font_resolver: faces.resolver(),
        fontdb: faces.database(),
        ..Options::default()
    };
    let tree = Tree::from_xmltree(&markup, &options);
    drop(options);
    pictures.finish()?;
    findings.add_many(FindingCode::FontMissing, faces.missing(), "");
    let Ok(tree) = tree else { return Err(FindingCode::Unreadable) };
    let picture = drawn(&tree, ground, budget, findings)?;
    qr::look(&picture, budget, findings);
    Ok(Rewritten {
        octets: raster::png(&picture)?,
        media_type: MediaType::known("image/png"),
        extension: "png",
        charset: None,
        action: Action::Flatten,
    })
}

/// The markup as text.
fn decoded(octets: &[u8], budget: &mut Budget) -> Result<String, FindingCode> {
    let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
    budget.spend_text(length).map_err(|exhausted| exhausted.0)?;
    let label = xml::declared_encoding(octets);
    let decoded = charset::decode(octets, label.as_deref().or(Some("UTF-8")));
    if decoded.refused {
        return Err(FindingCode::CharsetRefused);
    }
    Ok(decoded.text)
}

/// Entities that stand for much text and are named often (the billion laughs): the reader would write them all out.
fn refuse_laughter(text: &str) -> Result<(), FindingCode> {
    let Some((_, declared)) = text.split_once("<!DOCTYPE") else { return Ok(()) };
    let declared = declared.split_once("]>").map_or(0, |(subset, _)| subset.len());
    let grown = text.matches('&').count().saturating_mul(declared);
    if grown > ENTITIES_OCTETS_MAX { Err(FindingCode::LimitText) } else { Ok(()) }
}

/// The pixels: fewer of them where layers and filters would take too much.
#[expect(clippy::cast_precision_loss, reason = "sides of a canvas are at most 3,000")]
fn drawn(
    tree: &Tree,
    ground: Ground,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    let size = tree.size();
    let (mut width, mut height) =
        drawing::canvas_size((size.width() * MM_PER_PX, size.height() * MM_PER_PX))?;
    let mut tried = 0;
    let scale = loop {
        let scale = (width as f32 / size.width(), height as f32 / size.height());
        let spent = Cost::of(tree, (width, height), scale, budget).and_then(|cost| cost.spend(budget));
        match spent {
            Err(FindingCode::LimitTotalPixels) if tried < HALVINGS_MAX => {
                (width, height, tried) = (width.div_ceil(2), height.div_ceil(2), tried.saturating_add(1));
            }
            Err(code) => return Err(code),
            Ok(()) => break scale,
        }
    };
    if tried > 0 {
        findings.add(FindingCode::ImageReduced);
    }
    budget.spend_image(u64::from(width), u64::from(height)).map_err(|exhausted| exhausted.0)?;
    let mut pixmap = Pixmap::new(width, height).ok_or(FindingCode::LimitImagePixels)?;
    if ground == Ground::White {
        pixmap.fill(Color::WHITE);
    }
    resvg::render(tree, Transform::from_scale(scale.0, scale.1), &mut pixmap.as_mut());
    let pixels = RgbaImage::from_raw(width, height, pixmap.take_demultiplied());
    let picture = DynamicImage::ImageRgba8(pixels.ok_or(FindingCode::Unreadable)?);
    Ok(if ground == Ground::White { DynamicImage::ImageRgb8(picture.into_rgb8()) } else { picture })
}
