//! PDF (ISO 32000-1) → a PDF of pictures of its pages, with an invisible text layer.
//!
//! Nothing of the source's structure crosses: each page is drawn to pixels, the pixels are encoded anew, and the text
//! layer holds only characters that we saw painted. [`write`] describes the one form that comes out.
//!
//! *Security.* May be given anything. Spends pages and pixels before a page is drawn, characters before they are
//! written and nodes while inspecting; one page is in memory at a time. The reader (hayro) cannot be given a budget of
//! its own: it can run out of memory or time on hostile files, which the jail child's limits turn into a verdict.

mod appearance;
mod chars;
mod encode;
mod fonts;
pub mod glyphless;
mod images;
mod inspect;
mod layer;
mod lock;
mod normalise;
mod number;
mod render;
mod salvage;
mod seen;
mod sketch;
mod tree;
pub mod write;

pub use images::{PageImage, Pixels, image_pdf};

use crate::{Rewritten, Surroundings, qr};
use encode::Raster;
use fonts::Fonts;
use hayro::RenderCache;
use hayro::hayro_interpret::{InterpreterCache, InterpreterSettings};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::Rect;
use layer::{Canvas, Codes};
use lopdf::Document;
use mail::MediaType;
use number::Number;
use policy::{Action, Budget, Exhausted, FindingCode, Findings, Policy};
use render::Paper;
use seen::Outlines;
use write::{Image, Writer};

/// How well pages are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// As policy says.
    None,
    /// The output was too large: half the resolution (at least 100 dpi) and a lower quality.
    Smaller,
}

/// Pages after which hayro's caches are given up, so that memory does not grow with the document.
const PAGES_PER_CACHE: usize = 32;

/// Turns a PDF into pictures of its pages. `passwords` are tried when it is locked.
///
/// # Errors
///
/// `Locked` when none of the passwords opens it, `Unreadable`, or the limit that was met.
pub fn flatten(
    input: &[u8],
    passwords: &[String],
    policy: &Policy,
    reduction: Reduction,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Rewritten, FindingCode> {
    let passwords = &lock::fitting(input, passwords);
    let pdf = match open(input, passwords) {
        Ok((pdf, password)) => prepare(pdf, input, password, budget, findings)?,
        Err(code) => match lock::taken_off(input) {
            Some(plain) => prepare(open(&plain, &[])?.0, &plain, "", budget, findings)?,
            None => {
                let is_locked = code == FindingCode::Locked;
                repair(input, passwords, is_locked, budget, findings)?.ok_or(code)?
            }
        },
    };
    if input.windows(8).any(|window| window == b"/Encrypt") {
        findings.add(FindingCode::PdfEncryptionDropped);
    }
    let mut reduction = reduction;
    loop {
        match draw_all(&pdf, policy, reduction, budget, findings, surroundings) {
            Err(FindingCode::LimitOutput) if reduction == Reduction::None => reduction = Reduction::Smaller,
            result => return result.map(rewritten),
        }
    }
}

fn rewritten(octets: Vec<u8>) -> Rewritten {
    Rewritten {
        octets,
        media_type: MediaType::known("application/pdf"),
        extension: "pdf",
        charset: None,
        action: Action::Flatten,
    }
}

/// Opens a file, with the password that opened it.
fn open<'p>(input: &[u8], passwords: &'p [String]) -> Result<(Pdf, &'p str), FindingCode> {
    let mut result = Pdf::new(input.to_vec());
    let mut used = "";
    for password in passwords {
        if !matches!(result, Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected))) {
            break;
        }
        result = Pdf::new_with_password(input.to_vec(), password);
        used = password;
    }
    match result {
        Ok(pdf) if pdf.pages().is_empty() => Err(FindingCode::Unreadable),
        Ok(pdf) => Ok((pdf, used)),
        Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected)) => Err(FindingCode::Locked),
        Err(LoadPdfError::Decryption(_) | LoadPdfError::Invalid) => Err(FindingCode::Unreadable),
    }
}

/// A file in which hayro finds no page, but lopdf does (crypt filters, damage), or only [`salvage`]: written anew for
/// hayro. What is locked is not salvaged.
fn repair(
    input: &[u8],
    passwords: &[String],
    is_locked: bool,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Option<Pdf>, FindingCode> {
    for password in std::iter::once("").chain(passwords.iter().map(String::as_str)) {
        let mut built = Findings::new();
        if let Some(document) = inspect::read(input, password, &mut built)
            && let Some(pdf) = anew(document, budget, &mut built)?
        {
            findings.append(built);
            return Ok(Some(pdf));
        }
    }
    if is_locked {
        return Ok(None);
    }
    let Some(document) = salvage::salvage(input, budget).map_err(limit)? else { return Ok(None) };
    let mut built = Findings::new();
    let pdf = anew(document, budget, &mut built)?;
    if pdf.is_some() {
        findings.append(built);
        guessed(findings);
    }
    Ok(pdf)
}

/// What was found without a table may not be all that was there.
fn guessed(findings: &mut Findings) {
    if !findings.has(FindingCode::PageIncomplete) {
        findings.add_detail(FindingCode::PageIncomplete, "structure");
    }
}

/// A document that hayro does not open as it came.
fn anew(
    document: Document,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Option<Pdf>, FindingCode> {
    inspect::inspect(&document, budget, findings).map_err(limit)?;
    let Some(octets) = normalise::normalise(document, None, budget, findings).map_err(limit)? else {
        return Ok(None);
    };
    let pdf = Pdf::new(octets).ok().filter(|pdf| !pdf.pages().is_empty());
    if pdf.is_some() && !findings.has(FindingCode::PdfRepaired) {
        findings.add(FindingCode::PdfRepaired);
    }
    Ok(pdf)
}

/// Reports what else the file holds, and makes up for what the renderer lacks. The file as it came is drawn when it
/// could not be prepared, or when preparing lost a page.
fn prepare(
    pdf: Pdf,
    input: &[u8],
    password: &str,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Pdf, FindingCode> {
    let Some(document) = inspect::read(input, password, findings) else {
        return Ok(pdf);
    };
    inspect::inspect(&document, budget, findings).map_err(limit)?;
    let mut built = Findings::new();
    // hayro has found pages where lopdf has not even found a catalog: there may be more of them.
    let salvaged = match document.catalog() {
        Ok(_) => None,
        Err(_) => salvage::salvage(input, budget).map_err(limit)?,
    };
    let document = salvaged.unwrap_or(document);
    let Some(octets) =
        normalise::normalise(document, Some(pdf.pages().len()), budget, &mut built).map_err(limit)?
    else {
        findings.append(built);
        return Ok(pdf);
    };
    match Pdf::new(octets) {
        Ok(prepared) if prepared.pages().len() >= pdf.pages().len() => {
            findings.append(built);
            Ok(prepared)
        }
        _ => {
            findings.add_detail(FindingCode::PageIncomplete, "fields");
            Ok(pdf)
        }
    }
}

/// What is the same for all pages of one run.
struct Run {
    reduction: Reduction,
    dpi: f64,
    quality: u8,
    fonts: Fonts,
    settings: InterpreterSettings,
}

/// hayro's caches and ours, given up from time to time.
#[derive(Default)]
struct Caches<'a> {
    render: RenderCache<'a>,
    interpreter: InterpreterCache<'a>,
    outlines: Outlines,
}

fn limit(exhausted: Exhausted) -> FindingCode {
    exhausted.0
}

fn draw_all(
    pdf: &Pdf,
    policy: &Policy,
    reduction: Reduction,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Vec<u8>, FindingCode> {
    let pages = pdf.pages();
    budget.spend_pages(u64::try_from(pages.len()).unwrap_or(u64::MAX)).map_err(limit)?;
    let wanted = f64::from(policy.pdf_dpi);
    let (dpi, quality) = match reduction {
        Reduction::None => (wanted, policy.jpeg_quality),
        Reduction::Smaller => {
            findings.add_detail(FindingCode::ResolutionReduced, "output size");
            ((wanted / 2.0).max(wanted.min(100.0)), policy.jpeg_quality.min(60))
        }
    };
    let fonts = Fonts::default();
    let settings = fonts.settings();
    let run = Run { reduction, dpi, quality, fonts, settings };
    let mut writer = Writer::new();
    let mut codes = Codes::default();
    let mut caches = Caches::default();
    for (index, page) in pages.iter().enumerate() {
        if index.checked_rem(PAGES_PER_CACHE) == Some(0) {
            caches = Caches::default();
        }
        let number = index.saturating_add(1);
        let written = draw_one(&run, page, number, &mut caches, &mut codes, budget, findings, surroundings)?;
        writer.page(
            Number::of(written.width_pt),
            Number::of(written.height_pt),
            &written.image,
            &written.runs,
        );
        if u64::try_from(writer.len()).unwrap_or(u64::MAX) > budget.limits().output_octets {
            return Err(FindingCode::LimitOutput);
        }
    }
    Ok(writer.finish(&codes.supplementary))
}

struct Written {
    width_pt: f64,
    height_pt: f64,
    image: Image,
    runs: String,
}

#[expect(clippy::too_many_arguments, reason = "one caller; the state of a document and what it may spend")]
fn draw_one<'a>(
    run: &Run,
    page: &'a Page<'a>,
    number: usize,
    caches: &mut Caches<'a>,
    codes: &mut Codes,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Written, FindingCode> {
    let mut paper = Paper::of(page, run.dpi, budget.limits());
    let size = Rect::new(0.0, 0.0, paper.width_pt, paper.height_pt);
    let to_pt = paper.to_pt(page);
    let (glyphs, pictures, mut hidden) = loop {
        let look = seen::look(page, size, to_pt, &caches.interpreter, &run.settings, &mut caches.outlines);
        if !run.fonts.fetch(surroundings) {
            if let Some(dpi) = look.scan_dpi(run.dpi).filter(|_| run.reduction == Reduction::None) {
                paper = Paper::of(page, dpi, budget.limits());
            }
            break (look.glyphs, look.pictures, look.hidden);
        }
        *caches = Caches::default();
    };
    run.fonts.complaints();
    if paper.is_reduced {
        findings.add_detail(FindingCode::ResolutionReduced, &format!("page {number}"));
    }
    budget.spend_page_pixels(u64::from(paper.width_px), u64::from(paper.height_px)).map_err(limit)?;
    let mut pixmap = render::draw(page, paper, &caches.render, &run.settings);
    while run.fonts.fetch(surroundings) {
        *caches = Caches::default();
        pixmap = render::draw(page, paper, &caches.render, &run.settings);
    }
    report(&run.fonts, number, findings);

    let (width_px, height_px) = (usize::from(paper.width_px), usize::from(paper.height_px));
    let rgbx = pixmap.data_as_u8_slice();
    let px_per_pt =
        (f64::from(paper.width_px) / paper.width_pt, f64::from(paper.height_px) / paper.height_pt);
    let canvas = Canvas { rgbx, width_px, height_px, px_per_pt, height_pt: paper.height_pt };
    let layer = layer::build(&glyphs, &pictures, &canvas, codes);
    budget.spend_text(layer.chars).map_err(limit)?;
    hidden = hidden.saturating_add(layer.hidden);
    findings.add_many(FindingCode::PdfHiddenText, hidden, "");

    qr::look_rgbx(width_px, height_px, rgbx, budget, findings);
    let raster = Raster { width_px: u32::from(paper.width_px), height_px: u32::from(paper.height_px), rgbx };
    let image = encode::encode(&raster, run.quality);
    Ok(Written { width_pt: paper.width_pt, height_pt: paper.height_pt, image, runs: layer.runs })
}

/// Says what could not be drawn on a page.
fn report(fonts: &Fonts, page: usize, findings: &mut Findings) {
    let complaints = fonts.complaints();
    for font in &complaints.missing {
        findings.add_detail(FindingCode::FontMissing, font);
    }
    let warnings = complaints.images.saturating_add(complaints.fonts).saturating_add(complaints.annotations);
    if warnings > 0 || !complaints.missing.is_empty() {
        findings.add_detail(FindingCode::PageIncomplete, &format!("page {page}"));
    }
}
