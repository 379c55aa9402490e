//! Any octets as packages, and as the markup inside of sound packages: no panic, bounded objections, and what passes
//! holds none of the markup that no rule may let through.
#![no_main]

#[path = "../../crates/verifier/tests/taken_child/packages/never.rs"]
mod never;

use libfuzzer_sys::fuzz_target;
use mail::MediaType;
use never::NEVER;
use verifier::{BinaryPart, DecodeLimits, decode_all};

const LIMITS: DecodeLimits = DecodeLimits {
    image_px: 1 << 20,
    pages: 20,
    unpacked_octets: 16 << 20,
    members: 100,
    nodes: 1 << 20,
    ..DecodeLimits::of(&policy::Limits::STANDARD)
};
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fuzz_target!(|octets: &[u8]| {
    let Some((choice, octets)) = octets.split_first() else { return };
    let types = [
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/zip",
    ];
    let media_type = types[usize::from(*choice % 6)];
    let package = match choice / 6 % 3 {
        0 => octets.to_vec(),
        1 => around(media_type, &String::from_utf8_lossy(octets)),
        _ => members(octets),
    };
    let part = BinaryPart { part: 1, media_type: MediaType::known(media_type), octets: package };
    let objections = decode_all(std::slice::from_ref(&part), &LIMITS);
    assert!(objections.len() <= 100);
    if objections.is_empty() && choice / 6 % 3 == 1 {
        let text = String::from_utf8_lossy(octets);
        for never in NEVER {
            assert!(media_type == "application/zip" || !text.contains(never), "{never}");
        }
    }
});

/// Members out of the octets: names and contents in turn, parted by zero octets.
fn members(octets: &[u8]) -> Vec<u8> {
    let mut pieces = octets.split(|octet| *octet == 0);
    let mut members = Vec::new();
    while let (Some(name), Some(data)) = (pieces.next(), pieces.next()) {
        members.push((String::from_utf8_lossy(name).into_owned(), data.to_vec()));
    }
    zip(&members)
}

/// A sound package with `inside` in the body of its main part.
fn around(media_type: &str, inside: &str) -> Vec<u8> {
    let member = |name: &str, data: String| (name.to_owned(), data.into_bytes());
    if let Some(kind) = media_type.strip_prefix("application/vnd.oasis.opendocument.") {
        let oasis = "urn:oasis:names:tc:opendocument:xmlns";
        let namespaces: String = ["office", "text", "table", "style", "config", "chart"]
            .iter()
            .map(|name| format!(" xmlns:{name}=\"{oasis}:{name}:1.0\""))
            .collect();
        let namespaces = format!(
            "{namespaces} xmlns:draw=\"{oasis}:drawing:1.0\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
        );
        let root =
            |name: &str, inside: &str| format!("{XML}<office:{name}{namespaces}>{inside}</office:{name}>");
        let entries: String = [("/", media_type), ("content.xml", "text/xml"), ("styles.xml", "text/xml")]
            .iter()
            .map(|(name, kind)| {
                format!("<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"{kind}\"/>")
            })
            .collect();
        let body = format!("<office:body><office:{kind}>{inside}</office:{kind}></office:body>");
        return zip(&[
            member("mimetype", media_type.to_owned()),
            member(
                "META-INF/manifest.xml",
                format!(
                    "{XML}<manifest:manifest xmlns:manifest=\"{oasis}:manifest:1.0\">{entries}</manifest:manifest>"
                ),
            ),
            member("content.xml", root("document-content", &body)),
            member("styles.xml", root("document-styles", "")),
        ]);
    }
    let namespaces = format!(
        "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:x=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:r=\"{OFFICE}\""
    );
    let (name, root, kind) = if media_type.ends_with("wordprocessingml.document") {
        ("word/document.xml", "w:document", "wordprocessingml.document")
    } else if media_type.ends_with("spreadsheetml.sheet") {
        ("xl/workbook.xml", "x:workbook", "spreadsheetml.sheet")
    } else {
        ("ppt/presentation.xml", "p:presentation", "presentationml.presentation")
    };
    zip(&[
        member(
            "[Content_Types].xml",
            format!(
                "{XML}<ct:Types xmlns:ct=\"http://schemas.openxmlformats.org/package/2006/content-types\"><ct:Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><ct:Override PartName=\"/{name}\" ContentType=\"application/vnd.openxmlformats-officedocument.{kind}.main+xml\"/></ct:Types>"
            ),
        ),
        member(
            "_rels/.rels",
            format!(
                "{XML}<rel:Relationships xmlns:rel=\"http://schemas.openxmlformats.org/package/2006/relationships\"><rel:Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"/{name}\"/></rel:Relationships>"
            ),
        ),
        member(name, format!("{XML}<{root} {namespaces}>{inside}</{root}>")),
    ])
}

/// A ZIP file of stored members, in the one form.
fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let place = out.len() as u32;
        let flags: u16 = if name.is_ascii() { 0 } else { 0x0800 };
        let mut common = [10, 0].to_vec();
        common.extend(flags.to_le_bytes());
        common.extend([0, 0, 0, 0, 0x21, 0]);
        common.extend(crc(data).to_le_bytes());
        common.extend([(data.len() as u32).to_le_bytes(); 2].concat());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(data);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((0o100_644u32 << 16).to_le_bytes());
        directory.extend(place.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = (members.len() as u16).to_le_bytes();
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend([count, count].concat());
    end.extend((directory.len() as u32).to_le_bytes());
    end.extend((out.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [out, directory, end].concat()
}

fn crc(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
