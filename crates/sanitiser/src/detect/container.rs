//! The second look: what a ZIP (APPNOTE 6.3) or a compound file (\[MS-CFB\]) holds.
//!
//! *Security.* Reads names, at most 4,096 of them, and the beginnings of the members that say what the whole is; broken
//! structures end the look, never the program.

use super::directory::{ENTRIES_MAX, beginning, entries};
use super::names::{DOCX, PPTX, XLSX};
use super::{Format, format};
use policy::Kind;

pub(super) fn u16_at(octets: &[u8], at: usize) -> Option<usize> {
    let bytes = octets.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
}

pub(super) fn u32_at(octets: &[u8], at: usize) -> Option<usize> {
    let bytes = octets.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// What a ZIP is, by the names in it. Some programs write them with backslashes, and some write a `mimetype` that is
/// packed, stands elsewhere or is not there at all: what holds the parts of a document is one.
pub(super) fn zip_format(octets: &[u8], extension: &str) -> Format {
    if let Some(found) = by_mimetype(octets) {
        return found;
    }
    let entries = entries(octets);
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    let has_under = |folder: &str| entries.iter().any(|entry| entry.name.starts_with(folder));
    let beginning_of = |name: &str| {
        entries
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| beginning(octets, entry))
            .unwrap_or_default()
    };
    if has("[content_types].xml") {
        if has_under("word/") {
            return ooxml(DOCX, extension, if has("word/vbaproject.bin") { "docm" } else { "docx" }, &WORD);
        }
        if has("xl/workbook.bin") {
            return format(
                Kind::LegacyOffice,
                "application/vnd.ms-excel.sheet.binary.macroenabled.12",
                "xlsb",
            );
        }
        if has_under("xl/") {
            return ooxml(XLSX, extension, if has("xl/vbaproject.bin") { "xlsm" } else { "xlsx" }, &EXCEL);
        }
        if has_under("ppt/") {
            return ooxml(PPTX, extension, if has("ppt/vbaproject.bin") { "pptm" } else { "pptx" }, &POINT);
        }
        if has_under("visio/") {
            return format(Kind::LegacyOffice, "application/vnd.ms-visio.drawing", "vsdx");
        }
        if has("appxmanifest.xml") {
            return format(Kind::Executable, "application/appx", "appx");
        }
        if entries.iter().any(|entry| entry.name.ends_with(".fdseq")) {
            return format(Kind::OtherKnown, "application/vnd.ms-xpsdocument", "xps");
        }
    }
    if has("androidmanifest.xml") {
        return format(Kind::Executable, "application/vnd.android.package-archive", "apk");
    }
    if has("meta-inf/manifest.mf") {
        return format(Kind::Executable, "application/java-archive", "jar");
    }
    if has("meta-inf/manifest.xml") && has("content.xml") {
        let said = || open_document(beginning_of("mimetype").trim());
        let listed = || open_document(&listed_type(&beginning_of("meta-inf/manifest.xml")));
        let shown = || open_document(body_type(&beginning_of("content.xml")));
        if let Some(found) = said().or_else(listed).or_else(shown) {
            return found;
        }
    }
    if extension == "kmz" || has("doc.kml") {
        return format(Kind::OtherKnown, "application/vnd.google-earth.kmz", "kmz");
    }
    format(Kind::Archive, "application/zip", "zip")
}

const WORD: [&str; 2] = ["dotx", "dotm"];
const EXCEL: [&str; 3] = ["xltx", "xltm", "xlam"];
const POINT: [&str; 6] = ["potx", "potm", "ppsx", "ppsm", "ppam", "sldx"];

/// Templates and shows differ from documents in a content type deep inside: the name tells them apart.
fn ooxml(
    media_type: &'static str,
    extension: &str,
    by_content: &'static str,
    variants: &[&'static str],
) -> Format {
    let variant = variants.iter().find(|v| **v == extension).copied();
    format(Kind::Ooxml, media_type, variant.unwrap_or(by_content))
}

/// `OpenDocument` and EPUB begin with a stored member `mimetype` (ODF 1.3 part 2 §3.3).
fn by_mimetype(octets: &[u8]) -> Option<Format> {
    let size = u32_at(octets, 18)?.min(128);
    if octets.get(30..38)? != b"mimetype" {
        return None;
    }
    let start = 38usize.checked_add(u16_at(octets, 28)?)?;
    let value = octets.get(start..).unwrap_or_default();
    let value = value.get(..size.max(1)).filter(|_| size > 0).unwrap_or(value);
    open_document(&String::from_utf8_lossy(value))
}

/// The format of a media type that a package gives to itself.
fn open_document(media_type: &str) -> Option<Format> {
    const TYPES: &[(&str, &str, &str)] = &[
        ("text-template", "application/vnd.oasis.opendocument.text", "ott"),
        ("text", "application/vnd.oasis.opendocument.text", "odt"),
        ("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", "ods"),
        ("presentation", "application/vnd.oasis.opendocument.presentation", "odp"),
        ("graphics", "application/vnd.oasis.opendocument.graphics", "odg"),
        ("", "application/vnd.oasis.opendocument.formula", "odf"),
    ];
    if media_type.starts_with("application/epub") {
        return Some(format(Kind::OtherKnown, "application/epub+zip", "epub"));
    }
    let rest = media_type.strip_prefix("application/vnd.oasis.opendocument")?;
    let kind = rest.strip_prefix('.').unwrap_or_default();
    let found = TYPES.iter().find(|(prefix, ..)| kind.starts_with(prefix))?;
    Some(format(Kind::OpenDocument, found.1, found.2))
}

/// The media type that a manifest gives to the whole (ODF 1.3 part 2 §4.3): that of the entry `/`.
fn listed_type(manifest: &str) -> String {
    let value = |tag: &str, name: &str| {
        let (_, behind) = tag.split_once(&format!(":{name}="))?;
        let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        behind.split(quote).nth(1).map(str::to_owned)
    };
    let whole = manifest.split('<').find(|tag| value(tag, "full-path").as_deref() == Some("/"));
    whole.and_then(|tag| value(tag, "media-type")).unwrap_or_default()
}

/// The media type of a document, by what stands in its body (ODF 1.3 part 3 §3.3).
fn body_type(content: &str) -> &'static str {
    let body = content.split_once("<office:body").map_or("", |(_, body)| body);
    let (_, first) = body.split_once("<office:").unwrap_or_default();
    const BODIES: &[(&str, &str)] = &[
        ("text", "application/vnd.oasis.opendocument.text"),
        ("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
        ("presentation", "application/vnd.oasis.opendocument.presentation"),
        ("drawing", "application/vnd.oasis.opendocument.graphics"),
    ];
    // A body that stands behind long styles is not seen; that it is a document is.
    let known = BODIES.iter().find(|(name, _)| first.starts_with(name));
    let is_document = content.contains("urn:oasis:names:tc:opendocument:");
    known.map_or(if is_document { "application/vnd.oasis.opendocument.text" } else { "" }, |row| row.1)
}

/// What a compound file is, by the names of its streams.
pub(super) fn compound_format(octets: &[u8], extension: &str) -> Format {
    let names = compound_names(octets).unwrap_or_default();
    let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    let locked = ["docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "ppsx"];
    let rows: &[(&str, Kind, &'static str, &'static str)] = &[
        ("__properties_version1.0", Kind::OutlookMessage, "application/vnd.ms-outlook", "msg"),
        ("WordDocument", Kind::LegacyOffice, "application/msword", "doc"),
        ("Workbook", Kind::LegacyOffice, "application/vnd.ms-excel", "xls"),
        ("Book", Kind::LegacyOffice, "application/vnd.ms-excel", "xls"),
        ("PowerPoint Document", Kind::LegacyOffice, "application/vnd.ms-powerpoint", "ppt"),
        ("PP40", Kind::LegacyOffice, "application/vnd.ms-powerpoint", "ppt"),
        ("DocumentText", Kind::DomesticDocument, "application/x-js-taro", "jtd"),
        ("JustCompressedDocument", Kind::DomesticDocument, "application/x-js-taro", "jttc"),
        ("VisioDocument", Kind::LegacyOffice, "application/vnd.visio", "vsd"),
        ("Quill", Kind::LegacyOffice, "application/x-mspublisher", "pub"),
        ("MatOST", Kind::LegacyOffice, "application/vnd.ms-works", "wps"),
        ("\u{5}HwpSummaryInformation", Kind::OtherKnown, "application/x-hwp", "hwp"),
        ("BodyText", Kind::OtherKnown, "application/x-hwp", "hwp"),
    ];
    if has("EncryptedPackage") {
        let named = locked.iter().find(|known| **known == extension).copied().unwrap_or("docx");
        let media_type = if named.starts_with('x') {
            XLSX
        } else if named.starts_with('p') {
            PPTX
        } else {
            DOCX
        };
        return format(Kind::Ooxml, media_type, named);
    }
    // Windows Installer keeps its streams under names of another alphabet (U+3800–4840).
    if names.iter().any(|n| n.starts_with('\u{4840}')) {
        return format(Kind::Executable, "application/x-msi", "msi");
    }
    for (stream, kind, media_type, extension) in rows {
        if has(stream) {
            return format(*kind, media_type, extension);
        }
    }
    format(Kind::OtherKnown, "application/x-ole-storage", "ole")
}

/// Names of the directory entries (\[MS-CFB\] §2.6), following the chain of the first 109 FAT sectors.
fn compound_names(octets: &[u8]) -> Option<Vec<String>> {
    let shift = u32::try_from(u16_at(octets, 30)?).ok().filter(|shift| (7..=16).contains(shift))?;
    let size = 1usize.checked_shl(shift)?;
    let sector = |number: usize| {
        let start = number.checked_add(1)?.checked_mul(size)?;
        octets.get(start..octets.len().min(start.checked_add(size)?))
    };
    let next = |number: usize| {
        let per_sector = size.checked_div(4)?;
        let fat = number.checked_div(per_sector).filter(|index| *index < 109)?;
        let fat_sector = u32_at(octets, 76usize.checked_add(fat.checked_mul(4)?)?)?;
        u32_at(sector(fat_sector)?, number.checked_rem(per_sector)?.checked_mul(4)?)
    };
    let mut names = Vec::new();
    let mut number = u32_at(octets, 48);
    let mut steps = 0usize;
    while let Some(block) = number.and_then(sector) {
        for entry in block.chunks_exact(128) {
            let length = u16_at(entry, 64)?.min(64);
            let units = entry.get(..length)?.chunks_exact(2).map(|pair| {
                u16::from_le_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)])
            });
            let name: String =
                char::decode_utf16(units.take_while(|unit| *unit != 0)).filter_map(Result::ok).collect();
            if !name.is_empty() {
                names.push(name);
            }
        }
        steps = steps.saturating_add(1);
        if names.len() >= ENTRIES_MAX || steps >= ENTRIES_MAX {
            break;
        }
        number = number.and_then(next);
    }
    Some(names)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A ZIP of stored members without checksums: enough for a look at names.
    pub(in crate::detect) fn stored_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in members {
            let at = u32::try_from(out.len()).unwrap();
            let size = u32::try_from(content.len()).unwrap().to_le_bytes();
            let name_size = u16::try_from(name.len()).unwrap().to_le_bytes();
            out.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
            out.extend(size.iter().chain(&size).chain(&name_size).chain(&[0, 0]));
            out.extend(name.as_bytes());
            out.extend(*content);
            directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
            directory.extend(size.iter().chain(&size).chain(&name_size));
            directory.extend([0; 12]);
            directory.extend(at.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let at = u32::try_from(out.len()).unwrap();
        out.extend(&directory);
        out.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0");
        out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        out.extend(at.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    #[test]
    fn zips_are_what_they_hold() {
        let cases: &[(&[&str], &str, Kind, &str)] = &[
            (&["[Content_Types].xml", "word/document.xml"], "x.zip", Kind::Ooxml, "docx"),
            (&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"], "", Kind::Ooxml, "docm"),
            (&["[Content_Types].xml", "xl/workbook.xml"], "xltx", Kind::Ooxml, "xltx"),
            (&["[Content_Types].xml", "xl/workbook.bin"], "", Kind::LegacyOffice, "xlsb"),
            (&["ppt/presentation.xml", "[Content_Types].xml"], "", Kind::Ooxml, "pptx"),
            (&["META-INF/MANIFEST.MF", "A.class"], "", Kind::Executable, "jar"),
            (&["AndroidManifest.xml", "META-INF/MANIFEST.MF"], "", Kind::Executable, "apk"),
            (&["a.txt"], "", Kind::Archive, "zip"),
        ];
        let mut ran = 0;
        for (names, extension, kind, expected) in cases {
            let members: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
            let zip = stored_zip(&members);
            let found = zip_format(&zip, extension);
            assert_eq!((found.kind, found.extension), (*kind, *expected), "{names:?}");
            ran += 1;
        }
        assert_eq!(ran, 8);
        let odt =
            stored_zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"")]);
        assert_eq!(zip_format(&odt, "").extension, "odt");
    }

    #[test]
    fn documents_are_known_by_their_parts() {
        const LIST: &[u8] = b"<manifest:manifest><manifest:file-entry manifest:full-path='content.xml' \
            manifest:media-type='text/xml'/><manifest:file-entry \
            manifest:media-type=\"application/vnd.oasis.opendocument.presentation\" manifest:full-path=\"/\"/>";
        const BODY: &[u8] =
            b"<office:document-content xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'>\
            <office:body><office:spreadsheet>";
        const SAID: &[u8] = b"application/vnd.oasis.opendocument.graphics\n";
        type Case<'a> = (&'a [(&'a str, &'a [u8])], Kind, &'a str);
        let cases: &[Case<'_>] = &[
            (&[("[Content_Types].xml", b""), ("xl\\workbook.xml", b"")], Kind::Ooxml, "xlsx"),
            (&[("[content_types].XML", b""), ("/Word/Document.xml", b"")], Kind::Ooxml, "docx"),
            (&[("[Content_Types].xml", b""), ("xl\\vbaProject.bin", b"")], Kind::Ooxml, "xlsm"),
            (&[("META-INF/manifest.xml", LIST), ("content.xml", BODY)], Kind::OpenDocument, "odp"),
            (&[("META-INF\\manifest.xml", b""), ("content.xml", BODY)], Kind::OpenDocument, "ods"),
            (
                &[("META-INF/manifest.xml", LIST), ("content.xml", BODY), ("mimetype", SAID)],
                Kind::OpenDocument,
                "odg",
            ),
            (
                &[("META-INF/manifest.xml", LIST), ("content.xml", BODY), ("META-INF/MANIFEST.MF", b"")],
                Kind::Executable,
                "jar",
            ),
            (&[("META-INF/manifest.xml", b"<a/>"), ("content.xml", b"<b/>")], Kind::Archive, "zip"),
            (&[("content.xml", BODY)], Kind::Archive, "zip"),
        ];
        let mut ran = 0;
        for (members, kind, extension) in cases {
            let found = zip_format(&stored_zip(members), "");
            assert_eq!((found.kind, found.extension), (*kind, *extension), "case {ran}");
            ran += 1;
        }
        assert_eq!(ran, 9);
    }
}
