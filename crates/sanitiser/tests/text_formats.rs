//! Real files: what they are is told by their content, and text formats written anew are written anew to the same
//! octets, with no grave finding.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test reads the corpus it was given; a panic is its way to fail"
)]

use policy::{Budget, FindingCode, Findings, Kind, Limits, Severity};
use sanitiser::detect::detect;
use sanitiser::{Rewritten, calendar, delimited, html, json, plain_file, text, vcard, xml};
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(beside, PathBuf::from);
    root.join("MANIFEST.tsv").is_file().then_some(root)
}

/// Path below the corpus and the type that its list names.
fn listed(root: &Path) -> Vec<(String, String)> {
    let list = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        (columns[0].to_owned(), columns[3].to_owned())
    };
    list.lines().skip(1).map(row).filter(|(path, _)| root.join(path).is_file()).collect()
}

/// The kinds that a listed type may be found as.
fn kinds(listed: &str) -> &'static [Kind] {
    match listed {
        "pdf" => &[Kind::Pdf],
        "eml" => &[Kind::Message],
        "xlsx" | "docx" | "pptx" => &[Kind::Ooxml, Kind::LegacyOffice],
        "zip" => &[Kind::Archive, Kind::OpenDocument],
        "lzh" | "7z" | "rar" | "tar" | "cpio" | "ar" | "bz2" | "gz" | "arj" | "xz" => &[Kind::Archive],
        "png" | "bmp" | "tiff" | "gif" | "jpg" | "ico" | "webp" => &[Kind::RasterImage],
        "heic" | "avif" => &[Kind::OtherImage],
        "xls" | "doc" | "ppt" | "rtf" => &[Kind::LegacyOffice],
        "odf" => &[Kind::OpenDocument],
        "tnef" => &[Kind::Tnef],
        "html" => &[Kind::Html],
        "vcf" => &[Kind::Vcard],
        "ics" => &[Kind::Calendar],
        "jar" | "apk" => &[Kind::Executable, Kind::Archive],
        _ => &[],
    }
}

#[test]
fn real_files_are_what_they_are_listed_as() {
    let Some(root) = corpus() else {
        println!("no corpus: not checked");
        return;
    };
    let (mut looked_at, mut right) = (0u32, 0u32);
    for (path, kind) in listed(&root) {
        let expected = kinds(&kind);
        let octets = std::fs::read(root.join(&path)).unwrap();
        let found = detect(&octets, &path, None);
        for end in [0, 1, 7, 100, octets.len() / 2, octets.len().saturating_sub(1)] {
            detect(&octets[..end.min(octets.len())], &path, None);
        }
        if expected.is_empty() {
            continue;
        }
        looked_at += 1;
        if expected.contains(&found.kind) {
            right += 1;
        } else {
            println!("{path}: {}", found.kind.key());
        }
    }
    println!("{right} of {looked_at}");
    assert!(looked_at > 2_000 && right * 100 > looked_at * 95);
}

fn rewrite(
    octets: &[u8],
    kind: Kind,
    extension: &'static str,
) -> Option<(Result<Rewritten, FindingCode>, Findings)> {
    let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
    let (b, f) = (&mut budget, &mut findings);
    let written = match kind {
        Kind::Csv => delimited::rewrite(octets, None, extension, b, f),
        Kind::Text => plain_file::rewrite(octets, None, b, f),
        Kind::Xml => xml::rewrite(octets, None, b, f),
        Kind::Json => json::rewrite(octets, b, f),
        Kind::Calendar => calendar::rewrite(octets, None, b, f).map(|(_, file)| file),
        Kind::Vcard => vcard::rewrite(octets, None, b, f),
        _ => return None,
    };
    Some((written, findings))
}

#[test]
fn real_text_files_are_written_anew_to_the_same_octets() {
    let Some(root) = corpus() else {
        println!("no corpus: not checked");
        return;
    };
    let (mut ran, mut refused) = (0u32, 0u32);
    for (path, _) in listed(&root).into_iter().filter(|(path, _)| path.starts_with("other/")) {
        let octets = std::fs::read(root.join(&path)).unwrap();
        let found = detect(&octets, &path, None);
        let Some((written, _)) = rewrite(&octets, found.kind, found.extension) else { continue };
        ran += 1;
        let Ok(written) = written else {
            println!("{path}: {written:?}");
            refused += 1;
            continue;
        };
        let (again, findings) = rewrite(&written.octets, found.kind, found.extension).unwrap();
        assert_eq!(again.unwrap().octets, written.octets, "{path}");
        assert_eq!(findings.gravest(), Severity::Info, "{path}");
    }
    println!("{ran} written anew, {refused} refused");
    assert!(ran >= 90 && refused <= 5);
}

#[test]
fn real_pages_read_and_stay_as_they_are() {
    let Some(root) = corpus() else {
        println!("no corpus: not checked");
        return;
    };
    let mut ran = 0;
    for (path, kind) in listed(&root) {
        if kind != "html" && kind != "eml" {
            continue;
        }
        // A whole mail read as a page is a bad page: that is what this is for.
        let octets = std::fs::read(root.join(&path)).unwrap();
        let page = String::from_utf8_lossy(&octets[..octets.len().min(200_000)]).into_owned();
        let mut budget = Budget::new(&Limits::STANDARD);
        let read = html::to_text(&page, &mut budget, &mut Findings::new()).unwrap();
        let mut findings = Findings::new();
        assert_eq!(text::filter(&read.text, &mut budget, &mut findings).as_ref(), Ok(&read.text), "{path}");
        assert_eq!(findings.gravest(), Severity::Info, "{path}");
        ran += 1;
    }
    println!("{ran} pages");
    assert!(ran > 500);
}
