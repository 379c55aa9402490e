//! Where a shape stands, how large it is and how it is turned, through the groups around it.

use super::{EMU_PER_POINT, style};
use crate::markup::{NodeId, Tree};

/// Deepest group.
const GROUPS_MAX: usize = 8;

/// A length in points; a bare number is one in the unit of the group.
pub(in crate::ooxml) fn length(text: &str) -> Option<f64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let number: f64 = number.trim().parse().ok()?;
    let points = match unit.trim() {
        "pt" | "" => number,
        "in" => number * 72.0,
        "cm" => number * 72.0 / 2.54,
        "mm" => number * 72.0 / 25.4,
        "px" => number * 0.75,
        "pc" => number * 12.0,
        "emu" => number / EMU_PER_POINT,
        _ => return None,
    };
    points.is_finite().then_some(points)
}

/// An angle in degrees; `fd` are fractions of one, 65,536 to a degree (ISO/IEC 29500-4 §19.1.2.19).
fn angle(text: &str) -> Option<f64> {
    let degrees = match text.strip_suffix("fd") {
        Some(fractions) => fractions.trim().parse::<f64>().ok()? / 65_536.0,
        None => text.trim_end_matches("deg").trim().parse().ok()?,
    };
    degrees.is_finite().then(|| degrees.rem_euclid(360.0))
}

/// Place and size in points, relative to where the drawing is anchored.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// Degrees, with the clock.
    pub(super) turned: f64,
    /// Mirrored from left to right, and from top to bottom.
    pub(super) flipped: (bool, bool),
}

impl Place {
    fn of(tree: &Tree, id: NodeId) -> Option<Self> {
        let get = |key| style(tree, id, key).and_then(length);
        if let ("v", "line") = tree.name(id) {
            let point = |name| {
                let (x, y) = tree.attribute(id, ("", name))?.split_once(',')?;
                Some((length(x.trim())?, length(y.trim())?))
            };
            let ((x1, y1), (x2, y2)) = (point("from")?, point("to")?);
            let (width, height) = ((x2 - x1).abs(), (y2 - y1).abs());
            let flipped = (x2 < x1, y2 < y1);
            return Some(Self { left: x1.min(x2), top: y1.min(y2), width, height, turned: 0.0, flipped });
        }
        let flip = style(tree, id, "flip").unwrap_or_default();
        Some(Self {
            left: get("margin-left").or_else(|| get("left")).unwrap_or(0.0),
            top: get("margin-top").or_else(|| get("top")).unwrap_or(0.0),
            width: get("width")?,
            height: get("height")?,
            turned: style(tree, id, "rotation").and_then(angle).unwrap_or(0.0),
            flipped: (flip.contains('x'), flip.contains('y')),
        })
    }

    /// Through the groups around a shape; the outermost one says where all stands.
    pub(super) fn outermost(tree: &Tree, shape: NodeId) -> Option<(Self, NodeId)> {
        let mut place = Self::of(tree, shape)?;
        let (mut at, mut outer) = (shape, shape);
        for _ in 0..GROUPS_MAX {
            let Some(parent) = tree.parent(at) else { break };
            if !tree.is(parent, ("v", "group")) {
                break;
            }
            let frame = Self::of(tree, parent)?;
            let pair = |name| {
                let (x, y) = tree.attribute(parent, ("", name))?.split_once(',')?;
                Some((x.trim().parse::<f64>().ok()?, y.trim().parse::<f64>().ok()?))
            };
            let (width, height) = pair("coordsize").unwrap_or((1_000.0, 1_000.0));
            let (x, y) = pair("coordorigin").unwrap_or((0.0, 0.0));
            if width <= 0.0 || height <= 0.0 {
                return None;
            }
            let (across, down) = (frame.width / width, frame.height / height);
            place = Self {
                left: frame.left + (place.left - x) * across,
                top: frame.top + (place.top - y) * down,
                width: place.width * across,
                height: place.height * down,
                ..place
            };
            (at, outer) = (parent, parent);
        }
        Some((place, outer))
    }
}
