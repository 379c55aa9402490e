//! A page → pixels: exact paper size, resolution within the limits, white paper.
//!
//! *Security.* hayro is pure Rust and forbids unsafe code, but can be made to allocate or loop by a hostile file, so
//! the child's limits are the net below. Side and area are clamped *before* it is called (a side of 65,535 px panics).
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "geometry in floats; casts to integers are clamped to the limits of a page first"
)]

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, RenderSettings, Resources, TargetInit};
use hayro::{RenderCache, render_into};
use policy::Limits;

/// Longest side of a page in points that a PDF 1.7 reader must take (ISO 32000-1 Annex C).
const SIDE_PT_MAX: f64 = 14_400.0;

/// Paper and pixels of one page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Paper {
    /// Size of the written page in points, after rotation and `UserUnit`.
    pub(super) width_pt: f64,
    pub(super) height_pt: f64,
    /// Size in units of the source, after rotation.
    source_width: f64,
    source_height: f64,
    pub(super) width_px: u16,
    pub(super) height_px: u16,
    /// Whether the limits forced a lower resolution than wanted.
    pub(super) is_reduced: bool,
}

impl Paper {
    /// The paper of a page at a wanted resolution.
    pub(super) fn of(page: &Page<'_>, dpi: f64, limits: &Limits) -> Self {
        let (width, height) = page.render_dimensions();
        let unit = page.raw().get::<f32>(b"UserUnit".as_slice()).filter(|u| u.is_finite() && *u > 0.0);
        Self::sized(f64::from(width), f64::from(height), f64::from(unit.unwrap_or(1.0)), dpi, limits)
    }

    fn sized(source_width: f64, source_height: f64, unit: f64, dpi: f64, limits: &Limits) -> Self {
        let sane = |side: f64| if side.is_finite() { side.clamp(1.0, 1e7) } else { 612.0 };
        let (source_width, source_height) = (sane(source_width), sane(source_height));
        let fit = (SIDE_PT_MAX / (source_width.max(source_height) * unit)).min(1.0);
        let width_pt = (source_width * unit * fit).clamp(1.0, SIDE_PT_MAX);
        let height_pt = (source_height * unit * fit).clamp(1.0, SIDE_PT_MAX);
        let side_max = (limits.page_side_px.min(16_000) as f64).max(1.0);
        let wanted = dpi / 72.0;
        let by_side = side_max / width_pt.max(height_pt);
        let by_area = (limits.page_px.max(1) as f64 / (width_pt * height_pt)).sqrt();
        let scale = wanted.min(by_side).min(by_area * 0.999);
        let side_px = |side: f64| (side * scale).round().clamp(1.0, side_max) as u16;
        Self {
            width_pt,
            height_pt,
            source_width,
            source_height,
            width_px: side_px(width_pt),
            height_px: side_px(height_pt),
            is_reduced: scale < wanted * 0.99 || fit < 1.0,
        }
    }

    /// From units of the source (y down, after rotation) to pixels.
    fn to_px(self) -> Affine {
        Affine::scale_non_uniform(
            f64::from(self.width_px) / self.source_width,
            f64::from(self.height_px) / self.source_height,
        )
    }

    /// From default user space to points of the written page (y up).
    pub(super) fn to_pt(self, page: &Page<'_>) -> Affine {
        Affine::scale_non_uniform(self.width_pt / self.source_width, self.height_pt / self.source_height)
            * affine(page, false)
    }
}

/// Draws a page on white paper.
pub(super) fn draw<'a>(
    page: &'a Page<'a>,
    paper: Paper,
    cache: &RenderCache<'a>,
    settings: &InterpreterSettings,
) -> Pixmap {
    let single = RenderSettings { num_threads: 0, ..RenderSettings::default() };
    let mut context = RenderContext::new_with(paper.width_px, paper.height_px, single);
    let transform = paper.to_px() * affine(page, true);
    render_into(page, cache, settings, &hayro::RenderSettings::default(), &mut context, transform);
    context.flush();
    let mut pixmap = Pixmap::new(paper.width_px, paper.height_px);
    context.render_with(
        &mut pixmap,
        &mut Resources::default(),
        RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() },
    );
    pixmap
}

/// From default user space of the page to its rotated, cropped space with the origin in a corner.
fn affine(page: &Page<'_>, y_down: bool) -> Affine {
    use hayro::hayro_interpret::TransformExt as _;
    page.initial_transform(y_down).to_kurbo()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_meets_its_limits_exactly_and_is_reduced_beyond() {
        let limits = Limits { page_side_px: 1000, page_px: 500_000, ..Limits::STANDARD };
        let paper = Paper::sized(720.0, 360.0, 1.0, 100.0, &limits);
        assert_eq!((paper.width_px, paper.height_px, paper.is_reduced), (999, 500, false));
        let paper = Paper::sized(720.0, 360.0, 1.0, 200.0, &limits);
        assert!(paper.is_reduced && paper.width_px <= 1000);
        let paper = Paper::sized(1e9, f64::NAN, 10.0, 200.0, &Limits::STANDARD);
        assert!(paper.is_reduced && paper.width_pt <= SIDE_PT_MAX && paper.height_pt >= 1.0);
        assert!(u64::from(paper.width_px) * u64::from(paper.height_px) <= Limits::STANDARD.page_px);
    }
}
