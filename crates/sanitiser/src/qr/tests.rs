use super::*;
use crate::pdf::{self, Reduction};
use crate::raster::{self, Fidelity};
use crate::{FontFace, Surroundings};
use image::{GrayImage, Luma};
use mail::PartPath;
use policy::{Limits, Policy};
use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

const CONTENT: &str = "https://pay.example.jp/slip?number=00123456789012345678901234&sum=12300";

fn code() -> QrCode {
    QrCode::encode_text(CONTENT, QrCodeEcc::Medium).unwrap()
}

/// A code on white paper, so many pixels a module.
fn picture(module: u32) -> DynamicImage {
    let code = code();
    let size = u32::try_from(code.size()).unwrap();
    DynamicImage::ImageLuma8(GrayImage::from_fn((size + 40) * module, (size + 60) * module, |x, y| {
        let place = |at: u32| i32::try_from(at / module).unwrap() - 20;
        Luma([if code.get_module(place(x), place(y)) { 0 } else { 255 }])
    }))
}

fn said(findings: &Findings) -> Vec<String> {
    findings.iter().filter(|f| f.code == FindingCode::QrCode).map(|f| f.detail.clone()).collect()
}

fn looked(picture: &DynamicImage) -> Vec<String> {
    let mut findings = Findings::new();
    look(picture, &mut Budget::new(&Limits::STANDARD), &mut findings);
    said(&findings)
}

#[test]
fn a_code_is_read_at_every_size() {
    let mut ran = 0;
    for module in [3, 4, 8, 20, 60] {
        assert_eq!(looked(&picture(module)), [CONTENT], "{module}");
        ran += 1;
    }
    assert_eq!(ran, 5);
}

#[test]
fn a_code_in_shift_jis_is_read() {
    let segment = qrcodegen::QrSegment::make_bytes(b"\x94[\x95t\x8f\x91\x82\xcc\x94\xd4\x8d\x86");
    let code = QrCode::encode_segments(&[segment], QrCodeEcc::Medium).unwrap();
    let picture = GrayImage::from_fn(300, 300, |x, y| {
        let place = |at: u32| i32::try_from(at / 6).unwrap() - 8;
        Luma([if code.get_module(place(x), place(y)) { 0 } else { 255 }])
    });
    assert_eq!(looked(&DynamicImage::ImageLuma8(picture)), ["納付書の番号"]);
}

#[test]
fn pictures_keep_their_codes_readable() {
    let mut ran = 0;
    for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg] {
        let mut octets = Vec::new();
        picture(3).write_to(&mut Cursor::new(&mut octets), format).unwrap();
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written =
            raster::rebuild(&octets, &Policy::standard(), &mut budget, &mut findings, Fidelity::Full);
        assert_eq!(said(&findings), [CONTENT]);
        assert_eq!(looked(&image::load_from_memory(&written.unwrap().octets).unwrap()), [CONTENT]);
        ran += 1;
    }
    assert_eq!(ran, 2);
}

/// A page with the code, one point (0.35 mm) a module, as payment slips print it.
fn page() -> Vec<u8> {
    let code = code();
    let mut content = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                writeln!(content, "{} {} 1 1 re f", 50 + x, 250 - y).unwrap();
            }
        }
    }
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<<>>>>".to_owned(),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()),
    ];
    let (mut out, mut table) = ("%PDF-1.7\n".to_owned(), String::new());
    for (index, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", out.len()).unwrap();
        write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let start = out.len();
    write!(
        out,
        "xref\n0 5\n0000000000 65535 f \n{table}trailer\n<</Root 1 0 R/Size 5>>\nstartxref\n{start}\n%%EOF\n"
    )
    .unwrap();
    out.into_bytes()
}

#[test]
fn pages_keep_their_codes_readable_at_the_default_resolution() {
    let policy = Policy::standard();
    let flatten = |octets: &[u8]| {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let reduction = Reduction::None;
        let written = pdf::flatten(octets, &[], &policy, reduction, &mut budget, &mut findings, &mut Bare);
        (written.unwrap().octets, said(&findings))
    };
    let (once, first) = flatten(&page());
    assert_eq!(first, [CONTENT]);
    // Reading what was written shows that the code in it is whole.
    let (_, second) = flatten(&once);
    assert_eq!(second, [CONTENT]);
}

#[test]
fn a_picture_strewn_with_patterns_is_not_searched() {
    let strewn = GrayImage::from_fn(1_600, 1_600, |x, y| {
        let (x, y) = (x % 16, y % 16);
        let ring = |at: u32| at.abs_diff(7);
        let far = ring(x).max(ring(y));
        Luma([if matches!(far, 0..=2 | 5..=6) { 0 } else { 255 }])
    });
    assert_eq!(looked(&DynamicImage::ImageLuma8(strewn)), Vec::<String>::new());
    let mut budget = Budget::new(&Limits { total_px: 10, ..Limits::STANDARD });
    let mut findings = Findings::new();
    look(&picture(4), &mut budget, &mut findings);
    assert!(findings.is_empty());
}
