//! Raster images (PNG, JPEG, GIF, BMP, TIFF, WebP, ICO) → a newly written PNG, JPEG or GIF, or an image PDF.
//!
//! The picture is decoded to pixels, turned upright (EXIF 2.32 §4.6.5), brought to sRGB and eight bits, and written
//! anew; nothing else crosses. Photographs that came as lossy JPEG or WebP stay JPEG at about the strength they came
//! with; everything else becomes PNG, because PNG keeps what it is given. TIFF of several pages or with fax pixels is
//! a document and becomes an image PDF.
//!
//! What we write, exactly, so that the verifier can be strict:
//! * PNG ([`png`]): `IHDR` [`PLTE`] [`tRNS`] `IDAT` `IEND`, no interlace, and a function of the pixels alone.
//! * GIF ([`animation`]), of pictures that move and only where policy says so.
//! * JPEG ([`jpeg`]): baseline; `SOI APP0(JFIF, no thumbnail) SOF0 DQT DQT DHT… SOS EOI`, one interleaved scan, no
//!   restart intervals, 1 or 3 components.
//!
//! *Security.* Input is any octets. The dimensions are read first and spent from the budget before a decoder gets to
//! allocate; decoders get the same limits. What decodes only in part is kept in part, with a finding. Apple's `CgBI`
//! PNG and everything that no decoder here reads is refused as unreadable.

mod animation;
mod colour;
mod decode;
mod exif;
mod jpeg;
mod outline;
mod png;
mod tiff;

pub(crate) use colour::to_srgb;
pub(crate) use decode::spend;

use crate::{Rewritten, qr};
use image::{DynamicImage, imageops::FilterType, metadata::Orientation};
use mail::MediaType;
use outline::{Format, Outline};
use policy::{Action, AnimatedImages, Budget, FindingCode, Findings, Policy};

/// How much of a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Every pixel.
    Full,
    /// At most [`REDUCED_SIDE_PX`] on the longer side and stronger compression: the first output was too large.
    Reduced,
}

/// Longer side of a picture that had to be reduced.
pub const REDUCED_SIDE_PX: u32 = 2_000;
/// Longest side of a picture, in pixels: no JPEG is wider (libjpeg's `JPEG_MAX_DIMENSION`), and the verifier holds PNG
/// and the pictures of a PDF to the same.
pub const SIDE_MAX_PX: u32 = 65_500;

/// Writes a picture anew that is a file of its own: one that moves goes on moving where policy says so.
///
/// Errors are verdicts, as those of [`rebuild`].
pub fn rebuild_file(
    input: &[u8],
    policy: &Policy,
    budget: &mut Budget,
    findings: &mut Findings,
    fidelity: Fidelity,
) -> Result<Rewritten, FindingCode> {
    let may_move = policy.animated_images == AnimatedImages::All && fidelity == Fidelity::Full;
    if !may_move || Format::of(input) != Some(Format::Gif) {
        return rebuild(input, policy, budget, findings, fidelity);
    }
    let mut outline = outline::survey(Format::Gif, input);
    let Some(animation) = animation::rewrite(input, &outline, budget) else {
        return rebuild(input, policy, budget, findings, fidelity);
    };
    // What stands behind a fault is lost as the end of a still picture is.
    outline.truncated |= animation.frames <= outline.further_frames;
    outline.further_frames = 0;
    report(&outline, findings);
    let first = decode::decode(Format::Gif, input, &outline, budget, findings)?;
    qr::look(&first, budget, findings);
    Ok(rewritten(animation.octets, "image/gif", "gif"))
}

/// Writes a picture anew; of one that moves its first frame.
///
/// Errors are verdicts: a limit that was met, or [`FindingCode::Unreadable`].
pub fn rebuild(
    input: &[u8],
    policy: &Policy,
    budget: &mut Budget,
    findings: &mut Findings,
    fidelity: Fidelity,
) -> Result<Rewritten, FindingCode> {
    let format = Format::of(input).ok_or(FindingCode::Unreadable)?;
    if format == Format::Tiff {
        return tiff::rebuild(input, policy, budget, findings, fidelity);
    }
    let outline = outline::survey(format, input);
    report(&outline, findings);
    if outline.foreign {
        return Err(FindingCode::Unreadable);
    }
    let mut picture = decode::decode(format, input, &outline, budget, findings)?;
    if outline.orientation != Orientation::NoTransforms {
        picture.apply_orientation(outline.orientation);
        findings.add(FindingCode::OrientationApplied);
    }
    qr::look(&picture, budget, findings);
    write(picture, &outline, policy, findings, fidelity)
}

/// The pixels of a picture that is part of another document: upright, in sRGB, eight bits a channel.
pub(crate) fn pixels(
    input: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    let format = Format::of(input).ok_or(FindingCode::Unreadable)?;
    let outline = outline::survey(format, input);
    let mut picture = decode::decode(format, input, &outline, budget, findings)?;
    picture.apply_orientation(outline.orientation);
    Ok(picture)
}

/// Writes a photograph whose decoder lives elsewhere: JPEG, or PNG where something shines through.
pub(crate) fn photograph(
    picture: DynamicImage,
    policy: &Policy,
    findings: &mut Findings,
    fidelity: Fidelity,
) -> Result<Rewritten, FindingCode> {
    // Nothing is known of how it was compressed, but that it was compressed with loss.
    let outline = Outline { lossy: true, ..outline::survey(Format::Png, b"") };
    write(picture, &outline, policy, findings, fidelity)
}

/// Writes a picture that we drew ourselves.
pub(crate) fn png(picture: &DynamicImage) -> Result<Vec<u8>, FindingCode> {
    png::write(picture)
}

/// What the structure alone tells.
fn report(outline: &Outline, findings: &mut Findings) {
    findings.add_many(FindingCode::ImageMetadata, outline.metadata, "");
    if outline.gps {
        findings.add(FindingCode::ImageGps);
    }
    if outline.trailing_octets > 0 {
        findings.add_detail(FindingCode::TrailingOctets, &outline.trailing_octets.to_string());
    }
    findings.add_many(FindingCode::FramesDropped, outline.further_frames, "");
    if outline.truncated {
        findings.add(FindingCode::ImageTruncated);
    }
}

/// Writes the upright eight-bit picture as JPEG if it came as a lossy photograph, else as PNG.
fn write(
    picture: DynamicImage,
    outline: &Outline,
    policy: &Policy,
    findings: &mut Findings,
    fidelity: Fidelity,
) -> Result<Rewritten, FindingCode> {
    let has_alpha = picture.color().has_alpha();
    let picture = match fidelity {
        Fidelity::Reduced if picture.width().max(picture.height()) > REDUCED_SIDE_PX => {
            findings.add_detail(
                FindingCode::ImageReduced,
                &format!("{}x{} px", picture.width(), picture.height()),
            );
            picture.resize(REDUCED_SIDE_PX, REDUCED_SIDE_PX, FilterType::Triangle)
        }
        Fidelity::Full | Fidelity::Reduced => picture,
    };
    if outline.lossy && !has_alpha {
        let strength = jpeg::Strength::choose(outline, policy, fidelity);
        return Ok(rewritten(jpeg::write(&picture, strength)?, "image/jpeg", "jpg"));
    }
    let octets = png::write(&picture)?;
    if fidelity == Fidelity::Reduced && !has_alpha && octets.len() > 500_000 {
        let photograph = jpeg::write(&picture, jpeg::Strength::reduced(policy))?;
        if photograph.len() < octets.len() / 2 {
            findings.add_detail(FindingCode::ImageReduced, "jpeg");
            return Ok(rewritten(photograph, "image/jpeg", "jpg"));
        }
    }
    Ok(rewritten(octets, "image/png", "png"))
}

fn rewritten(octets: Vec<u8>, media_type: &'static str, extension: &'static str) -> Rewritten {
    let media_type = MediaType::known(media_type);
    Rewritten { octets, media_type, extension, charset: None, action: Action::Rebuild }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test pictures")]
mod tests;
