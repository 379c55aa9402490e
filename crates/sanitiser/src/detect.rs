//! Decides by content and structure what a file is; a name or label that disagrees is only reported.
//!
//! A magic table, a second look inside ZIP and compound files (\[MS-CFB\]), and a classifier for texts. The name
//! decides only between kinds that their content cannot tell apart (CSV or text, a script or text, a template or a
//! document) and names what is never passed anyway.
//!
//! *Security.* Never trusted for safety: whatever is decided here, the strict parser of that kind must take the file
//! and a writer of ours writes it anew. A polyglot is one of its faces and loses the others. Looks at the first
//! 64 KiB, at the ends of the file, at most at 4,096 directory entries of a container and at the first 64 KiB of three of
//! its members; allocates little.

mod container;
mod directory;
mod magic;
mod names;
mod text_like;

use mail::MediaType;
use policy::Kind;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// Row of the table of types.
    pub kind: Kind,
    /// Media type of the content.
    pub media_type: MediaType,
    /// True extension without dot; `bin` when nothing is known.
    pub extension: &'static str,
    /// Whether name or declared type belong to another kind than the content.
    pub mismatch: bool,
}

/// One known format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    kind: Kind,
    media_type: &'static str,
    extension: &'static str,
}

const fn format(kind: Kind, media_type: &'static str, extension: &'static str) -> Format {
    Format { kind, media_type, extension }
}

const UNKNOWN: Format = format(Kind::Unknown, "application/octet-stream", "bin");

/// Says what `octets` are. `name` may be empty; `declared` is the Content-Type's media type.
pub fn detect(octets: &[u8], name: &str, declared: Option<&MediaType>) -> Detected {
    let extension = extension_of(name);
    let named = names::format_of_extension(&extension);
    let found = format_of(octets, &extension, named, declared);
    let declared_kind = declared.and_then(names::kind_of_media_type);
    let named_differs = named.is_some_and(|n| !agree(n.kind, found.kind));
    let declared_differs = declared_kind.is_some_and(|kind| !agree(kind, found.kind));
    Detected {
        kind: found.kind,
        media_type: MediaType::known(found.media_type),
        extension: found.extension,
        mismatch: !octets.is_empty() && (named_differs || declared_differs),
    }
}

/// The last extension of a name in lower case, without dots and spaces behind it; empty when there is none.
fn extension_of(name: &str) -> String {
    let name = name.trim_end_matches([' ', '.', '\u{3000}']);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if extension.len() > 32 { String::new() } else { extension.to_lowercase() }
}

fn format_of(octets: &[u8], extension: &str, named: Option<Format>, declared: Option<&MediaType>) -> Format {
    if let Some(found) = magic::format_of(octets, extension) {
        return found;
    }
    if let Some(found) = text_like::format_of(octets, extension, named, declared) {
        return found;
    }
    // Without magic: what is never passed is at least called by its name.
    match named {
        Some(format) if format.kind == Kind::Pdf && magic::is_near_pdf(octets) => format,
        Some(format) if matches!(format.kind, Kind::DomesticDocument | Kind::DiskImage) => format,
        Some(_) | None => UNKNOWN,
    }
}

/// Whether two kinds are seen as one family, so that a difference is no surprise.
fn agree(a: Kind, b: Kind) -> bool {
    let family = |kind: Kind| match kind {
        Kind::Text | Kind::Csv | Kind::Json | Kind::Calendar | Kind::Vcard => 1,
        Kind::Html | Kind::Xml => 2,
        Kind::RasterImage | Kind::OtherImage | Kind::Metafile | Kind::Svg => 3,
        Kind::Ooxml | Kind::OpenDocument | Kind::LegacyOffice => 4,
        Kind::Message | Kind::OutlookMessage | Kind::Tnef => 5,
        Kind::EncryptedMail | Kind::Signature => 6,
        Kind::Audio | Kind::Video => 7,
        Kind::Pdf
        | Kind::DomesticDocument
        | Kind::Archive
        | Kind::Executable
        | Kind::Script
        | Kind::Shortcut
        | Kind::DiskImage
        | Kind::OtherKnown
        | Kind::Unknown => 0,
    };
    a == b || (family(a) != 0 && family(a) == family(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(octets: &[u8], name: &str, kind: Kind, extension: &str) {
        let found = detect(octets, name, None);
        assert_eq!((found.kind, found.extension), (kind, extension), "{name:?} {:?}", octets.get(..16));
    }

    #[test]
    fn content_decides() {
        let cases: &[(&[u8], &str, Kind, &str)] = &[
            (b"%PDF-1.7\n", "x.txt", Kind::Pdf, "pdf"),
            (b"\x00\x01junk\n%PDF-1.4", "a", Kind::Pdf, "pdf"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.jpg", Kind::RasterImage, "png"),
            (b"\xff\xd8\xff\xe0..JFIF", "", Kind::RasterImage, "jpg"),
            (b"MZ\x90\0\x03\0\0\0", "a.pdf", Kind::Executable, "exe"),
            (b"\x7fELF\x02\x01\x01", "a", Kind::Executable, "elf"),
            (b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F", "a.lnk", Kind::Shortcut, "lnk"),
            (b"[InternetShortcut]\r\nURL=http://x\r\n", "a.url", Kind::Shortcut, "url"),
            (
                b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3",
                "a.one",
                Kind::OtherKnown,
                "one",
            ),
            (b"Rar!\x1a\x07\x01\0", "", Kind::Archive, "rar"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "", Kind::Archive, "7z"),
            (b"\x1f\0-lh5-\x10", "", Kind::Archive, "lzh"),
            (b"{\\rt\\ansi", "a.doc", Kind::LegacyOffice, "rtf"),
            (b"\x78\x9f\x3e\x22\x01\0", "winmail.dat", Kind::Tnef, "dat"),
            (b"JwwData.\x01", "a.jww", Kind::DomesticDocument, "jww"),
            (b"\x01\x02\x03\x04", "a.xdw", Kind::DomesticDocument, "xdw"),
            (b"\x01\x02\x03\x04", "a.pdf", Kind::Unknown, "bin"),
            (b"\0%PDF\n\x01", "a.pdf", Kind::Pdf, "pdf"),
            (b"\0%PDF\n\x01", "a.dat", Kind::Unknown, "bin"),
            (b"5 0 obj\x01startxref\n0\n%%EOF\n", "a.pdf", Kind::Pdf, "pdf"),
            (b"5 0 obj\x01startxref\n0\n%%EOF\n", "a.bin", Kind::Unknown, "bin"),
            (b"AC1027\0\0", "a.dwg", Kind::DomesticDocument, "dwg"),
            (b"ISO-10303-21;\nHEADER;\n", "a.sfc", Kind::DomesticDocument, "sfc"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "", Kind::OtherImage, "heic"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "", Kind::Video, "mp4"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "", Kind::RasterImage, "webp"),
            ("日本語の本文です。\r\n".as_bytes(), "a.txt", Kind::Text, "txt"),
            (b"\x93\xfa\x96\x7b\x8c\xea\r\n", "a", Kind::Text, "txt"),
            (b"\x1b$BF|K\\\x1b(B\r\n", "a", Kind::Text, "txt"),
            (b"a,b\r\n1,2\r\n", "a.csv", Kind::Csv, "csv"),
            (b"a\tb\tc\r\n1\t2\t3\r\n4\t5\t6\r\n", "noname", Kind::Csv, "tsv"),
            (b"<!DOCTYPE html><html>", "a.txt", Kind::Html, "html"),
            (b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">", "", Kind::Svg, "svg"),
            (b"<!DOCTYPE svg PUBLIC \"x\" \"y\">\n<svg>", "a.svg", Kind::Svg, "svg"),
            (
                b"<?xml version=\"1.0\"?><?mso-application progid=\"Word.Document\"?><w:x/>",
                "a.xml",
                Kind::LegacyOffice,
                "xml",
            ),
            (b"<?xml version=\"1.0\"?><a/>", "a.xml", Kind::Xml, "xml"),
            (b"{\"a\": [1, 2]}", "a.json", Kind::Json, "json"),
            (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "", Kind::Calendar, "ics"),
            (b"BEGIN:VCARD\r\n", "", Kind::Vcard, "vcf"),
            (b"Received: from x\r\nFrom: a@b\r\nSubject: x\r\n\r\nbody", "a.txt", Kind::Message, "eml"),
            (b"#!/bin/sh\nrm -rf x\n", "a.txt", Kind::Script, "sh"),
            (b"@echo off\r\n", "a.txt", Kind::Script, "bat"),
            (b"WScript.Echo(1)\r\n", "a.js", Kind::Script, "js"),
            (b"-----BEGIN PGP MESSAGE-----\r\n", "a.asc", Kind::EncryptedMail, "asc"),
            (b"-----BEGIN PGP SIGNATURE-----\r\n", "a.asc", Kind::Signature, "asc"),
            (b"ID;PWXL;N;E\r\n", "a.csv", Kind::OtherKnown, "slk"),
            (b"\0\x01\x02\x03\x04\x05", "", Kind::Unknown, "bin"),
            (b"", "a.txt", Kind::Text, "txt"),
            (b"", "", Kind::Unknown, "bin"),
        ];
        let mut ran = 0;
        for (octets, name, kind, extension) in cases {
            check(octets, name, *kind, extension);
            ran += 1;
        }
        assert_eq!(ran, 49);
    }

    #[test]
    fn a_name_or_label_that_disagrees_is_seen() {
        let declared = |text| MediaType::parse(text).unwrap();
        assert!(detect(b"MZ\x90\0", "invoice.pdf", None).mismatch);
        assert!(detect(b"%PDF-1.4", "a.pdf", Some(&declared("image/png"))).mismatch);
        assert!(!detect(b"%PDF-1.4", "a.pdf", Some(&declared("application/octet-stream"))).mismatch);
        assert!(!detect(b"hello\n", "README.md", Some(&declared("text/plain"))).mismatch);
        assert!(!detect(b"a,b\n", "a.csv", Some(&declared("application/vnd.ms-excel"))).mismatch);
    }

    #[test]
    fn any_cut_of_a_file_is_survived() {
        let zip = container::tests::stored_zip(&[("word/document.xml", b"x"), ("[Content_Types].xml", b"y")]);
        for end in 0..zip.len() {
            detect(&zip[..end], "a.docx", None);
        }
        check(&zip, "a.zip", Kind::Ooxml, "docx");
    }
}
