//! TIFF 6.0 → a picture, or an image PDF where it is a document: several pages, fax coding (Class F, RFC 2301), or
//! pixels that are not square.
//!
//! Fax strips are decoded here ([`fax`]), everything else by the `tiff` crate; samples of any usual depth, palettes,
//! inks, planes and inverted photometry become grey or RGB of eight bits.
//!
//! *Security.* Pages and pixels are spent before a page is decoded; the crate's own limits are set to the same
//! figures; chains of directories that run in a circle end in the crate. A page that does not decode is shown as far as
//! it goes, or blank, with [`FindingCode::PageIncomplete`]: the number of pages stays.

mod directory;
mod fax;
mod mend;
mod samples;

use super::{Fidelity, colour, decode, outline};
use crate::Rewritten;
use crate::pdf::{PageImage, Pixels, image_pdf};
use ::tiff::decoder::{Decoder, Limits};
use directory::Directory;
use image::DynamicImage;
use mend::Mended;
use policy::{Budget, FindingCode, Findings, Policy};
use std::collections::BTreeSet;
use std::io::Cursor;

type Source<'a> = Decoder<Cursor<&'a [u8]>>;

/// Octets of one tag's value that are read.
const TAG_OCTETS_MAX: usize = 4 << 20;

/// Writes a TIFF anew.
pub(super) fn rebuild(
    input: &[u8],
    policy: &Policy,
    budget: &mut Budget,
    findings: &mut Findings,
    fidelity: Fidelity,
) -> Result<Rewritten, FindingCode> {
    let mended = mend::mend(input);
    let Ok(decoder) = Decoder::new(Cursor::new(mended.octets.as_ref())) else {
        return Err(FindingCode::Unreadable);
    };
    let mut limits = Limits::default();
    limits.decoding_buffer_size =
        usize::try_from(budget.limits().image_px.saturating_mul(16)).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = TAG_OCTETS_MAX;
    let mut decoder = decoder.with_limits(limits);
    let first = Directory::read(&mut decoder, &mended.palettes).ok_or(FindingCode::Unreadable)?;
    report(&first, findings);
    let is_document = first.coding.is_some() || !first.is_square() || decoder.more_images();
    if is_document {
        return document(&mended, decoder, first, policy, budget, findings);
    }
    decode::spend(first.width, first.height, budget)?;
    let mut picture = page(&mended.octets, &mut decoder, &first, budget, findings)?;
    turn(&mut picture, &first, findings);
    let mut outline = outline::survey(outline::Format::Tiff, input);
    outline.lossy = first.lossy;
    super::write(picture, &outline, policy, findings, fidelity)
}

fn report(directory: &Directory, findings: &mut Findings) {
    findings.add_many(FindingCode::ImageMetadata, directory.metadata, "");
    if directory.gps {
        findings.add(FindingCode::ImageGps);
    }
}

fn turn(picture: &mut DynamicImage, directory: &Directory, findings: &mut Findings) {
    if directory.orientation != image::metadata::Orientation::NoTransforms {
        picture.apply_orientation(directory.orientation);
        findings.add(FindingCode::OrientationApplied);
    }
}

/// A page for each directory, one in memory at a time.
fn document(
    mended: &Mended<'_>,
    mut decoder: Source<'_>,
    first: Directory,
    policy: &Policy,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    let mut next = Some(first);
    let mut stopped = None;
    let mut number = 0_u32;
    let pages = std::iter::from_fn(|| {
        let directory = next.take()?;
        number = number.saturating_add(1);
        let spent = budget.spend_pages(1).map_err(|exhausted| exhausted.0);
        if let Err(code) = spent.and_then(|()| decode::spend(directory.width, directory.height, budget)) {
            stopped = Some(code);
            return None;
        }
        let picture = page(&mended.octets, &mut decoder, &directory, budget, findings).unwrap_or_else(|_| {
            findings.add_detail(FindingCode::PageIncomplete, &number.to_string());
            let mut blank = image::GrayImage::new(directory.width, directory.height);
            blank.fill(255);
            DynamicImage::ImageLuma8(blank)
        });
        let image = page_image(picture, &directory, findings);
        next = following(&mut decoder, &mended.palettes, number, findings);
        Some(image)
    });
    let written = image_pdf(pages, policy.jpeg_quality);
    match stopped {
        Some(code) => Err(code),
        None => written.ok_or(FindingCode::Unreadable),
    }
}

/// The next directory that is a page: thumbnails (`NewSubfileType` bit 0) are passed over.
fn following(
    decoder: &mut Source<'_>,
    palettes: &BTreeSet<u64>,
    number: u32,
    findings: &mut Findings,
) -> Option<Directory> {
    while decoder.more_images() {
        let directory = match decoder.next_image() {
            Ok(()) => Directory::read(decoder, palettes),
            Err(_) => None,
        };
        let Some(directory) = directory else {
            // The chain breaks off here; how many pages are missing cannot be known.
            findings.add_detail(FindingCode::PageIncomplete, &number.saturating_add(1).to_string());
            return None;
        };
        report(&directory, findings);
        if !directory.is_thumbnail {
            return Some(directory);
        }
        findings.add_detail(FindingCode::ImageMetadata, "thumbnail");
    }
    None
}

fn page_image(mut picture: DynamicImage, directory: &Directory, findings: &mut Findings) -> PageImage {
    turn(&mut picture, directory, findings);
    let (mut dpi_x, mut dpi_y) = directory.dpi();
    if directory.is_turned_sideways() {
        std::mem::swap(&mut dpi_x, &mut dpi_y);
    }
    let (width_px, height_px) = (picture.width(), picture.height());
    let pixels = if let DynamicImage::ImageLuma8(grey) = picture {
        Pixels::Grey(grey.into_raw())
    } else if let DynamicImage::ImageRgb8(rgb) = picture {
        Pixels::Rgb(rgb.into_raw())
    } else {
        Pixels::Rgb(colour::on_white(&picture))
    };
    PageImage { width_px, height_px, dpi_x, dpi_y, pixels }
}

/// The pixels of the present directory.
fn page(
    input: &[u8],
    decoder: &mut Source<'_>,
    directory: &Directory,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    match directory.coding {
        Some(coding) => fax_page(input, coding, directory, findings),
        None => samples::page(decoder, directory, budget, findings),
    }
}

/// A bilevel page in fax strips.
fn fax_page(
    input: &[u8],
    coding: fax::Coding,
    directory: &Directory,
    findings: &mut Findings,
) -> Result<DynamicImage, FindingCode> {
    let mut pixels: Vec<u8> = Vec::new();
    let mut damaged = 0_u32;
    let mut left = directory.height;
    for &(offset, length) in &directory.strips {
        let rows = left.min(directory.rows_per_strip);
        if rows == 0 {
            break;
        }
        left = left.saturating_sub(rows);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // A length that leads past the end: what is there is taken.
        let rest = input.get(start..).unwrap_or_default();
        let strip = rest.get(..length).unwrap_or(rest);
        let decoded = if directory.lowest_bit_first {
            let turned: Vec<u8> = strip.iter().map(|octet| octet.reverse_bits()).collect();
            fax::decode(&turned, coding, directory.width, rows)
        } else {
            fax::decode(strip, coding, directory.width, rows)
        };
        damaged = damaged.saturating_add(decoded.damaged);
        pixels.extend_from_slice(&decoded.pixels);
    }
    damaged = damaged.saturating_add(left);
    if damaged >= directory.height {
        return Err(FindingCode::Unreadable);
    }
    if damaged > 0 {
        findings.add_detail(FindingCode::ImageTruncated, &damaged.to_string());
    }
    let area = u64::from(directory.width).saturating_mul(u64::from(directory.height));
    pixels.resize(usize::try_from(area).unwrap_or(usize::MAX), 255);
    if directory.black_is_zero {
        pixels.iter_mut().for_each(|pixel| *pixel = !*pixel);
    }
    image::GrayImage::from_raw(directory.width, directory.height, pixels)
        .map(DynamicImage::ImageLuma8)
        .ok_or(FindingCode::Unreadable)
}
