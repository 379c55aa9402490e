//! The second look: what a ZIP (APPNOTE 6.3) or a compound file (\[MS-CFB\]) holds.
//!
//! *Security.* Reads names alone, at most 4,096 of them; broken structures end the look, never the program.

use super::names::{DOCX, PPTX, XLSX};
use super::{Format, format};
use policy::Kind;

/// Most entries whose names are read.
const ENTRIES_MAX: usize = 4_096;

fn u16_at(octets: &[u8], at: usize) -> Option<usize> {
    let bytes = octets.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
}

fn u32_at(octets: &[u8], at: usize) -> Option<usize> {
    let bytes = octets.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// What a ZIP is, by the names in it.
pub(super) fn zip_format(octets: &[u8], extension: &str) -> Format {
    let names = zip_names(octets);
    let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name.as_bytes()));
    let has_under = |folder: &str| names.iter().any(|n| n.starts_with(folder.as_bytes()));
    if let Some(found) = by_mimetype(octets) {
        return found;
    }
    if has("[Content_Types].xml") {
        if has("word/document.xml") || has_under("word/") {
            return ooxml(DOCX, extension, if has("word/vbaProject.bin") { "docm" } else { "docx" }, &WORD);
        }
        if has("xl/workbook.bin") {
            return format(
                Kind::LegacyOffice,
                "application/vnd.ms-excel.sheet.binary.macroenabled.12",
                "xlsb",
            );
        }
        if has("xl/workbook.xml") || has_under("xl/") {
            return ooxml(XLSX, extension, if has("xl/vbaProject.bin") { "xlsm" } else { "xlsx" }, &EXCEL);
        }
        if has("ppt/presentation.xml") || has_under("ppt/") {
            return ooxml(PPTX, extension, if has("ppt/vbaProject.bin") { "pptm" } else { "pptx" }, &POINT);
        }
        if has_under("visio/") {
            return format(Kind::LegacyOffice, "application/vnd.ms-visio.drawing", "vsdx");
        }
        if has("AppxManifest.xml") {
            return format(Kind::Executable, "application/appx", "appx");
        }
        if names.iter().any(|n| n.ends_with(b".fdseq")) {
            return format(Kind::OtherKnown, "application/vnd.ms-xpsdocument", "xps");
        }
    }
    if has("AndroidManifest.xml") {
        return format(Kind::Executable, "application/vnd.android.package-archive", "apk");
    }
    if has("META-INF/MANIFEST.MF") {
        return format(Kind::Executable, "application/java-archive", "jar");
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
    const TYPES: &[(&[u8], &str, &str)] = &[
        (
            b"application/vnd.oasis.opendocument.text-template",
            "application/vnd.oasis.opendocument.text",
            "ott",
        ),
        (b"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text", "odt"),
        (
            b"application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.spreadsheet",
            "ods",
        ),
        (
            b"application/vnd.oasis.opendocument.presentation",
            "application/vnd.oasis.opendocument.presentation",
            "odp",
        ),
        (
            b"application/vnd.oasis.opendocument.graphics",
            "application/vnd.oasis.opendocument.graphics",
            "odg",
        ),
        (b"application/vnd.oasis.opendocument", "application/vnd.oasis.opendocument.formula", "odf"),
    ];
    for (prefix, media_type, extension) in TYPES {
        if value.starts_with(prefix) {
            return Some(format(Kind::OpenDocument, media_type, extension));
        }
    }
    value.starts_with(b"application/epub").then_some(format(Kind::OtherKnown, "application/epub+zip", "epub"))
}

/// Names of the central directory, or of the local headers when there is none.
fn zip_names(octets: &[u8]) -> Vec<&[u8]> {
    central_names(octets).filter(|names| !names.is_empty()).unwrap_or_else(|| local_names(octets))
}

fn central_names(octets: &[u8]) -> Option<Vec<&[u8]>> {
    let tail_start = octets.len().saturating_sub(65_557);
    let tail = octets.get(tail_start..)?;
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06")?;
    let mut at = u32_at(tail, end.checked_add(16)?)?;
    let mut names = Vec::new();
    while names.len() < ENTRIES_MAX && octets.get(at..at.checked_add(4)?) == Some(b"PK\x01\x02") {
        let name = at.checked_add(46)?;
        let name_end = name.checked_add(u16_at(octets, at.checked_add(28)?)?)?;
        names.push(octets.get(name..name_end)?);
        let extra = u16_at(octets, at.checked_add(30)?)?;
        at = name_end.checked_add(extra)?.checked_add(u16_at(octets, at.checked_add(32)?)?)?;
    }
    Some(names)
}

fn local_names(octets: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let mut at = 0usize;
    let mut step = || {
        if octets.get(at..at.checked_add(4)?)? != b"PK\x03\x04" {
            return None;
        }
        let name = at.checked_add(30)?;
        let name_end = name.checked_add(u16_at(octets, at.checked_add(26)?)?)?;
        let extra = u16_at(octets, at.checked_add(28)?)?;
        let size = u32_at(octets, at.checked_add(18)?)?;
        at = name_end.checked_add(extra)?.checked_add(size)?;
        octets.get(name..name_end)
    };
    while names.len() < ENTRIES_MAX {
        let Some(name) = step() else { break };
        names.push(name);
    }
    names
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
}
