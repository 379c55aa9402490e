//! Any octets as an Office document, and as the main part of a sound package of each family: never a panic, and what
//! is written is written again octet for octet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::PartPath;
use policy::{Budget, Findings, Limits, Policy};
use sanitiser::{
    FontFace, Surroundings, ooxml,
    raster::Fidelity,
    zip_writer::{Method, ZipFile},
};
use std::sync::Arc;

struct Nothing;

impl Surroundings for Nothing {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

const BASE: &str = "application/vnd.openxmlformats-officedocument";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A package whose main part holds these octets.
fn package(main: &str, kind: &str, octets: &[u8]) -> Option<Vec<u8>> {
    let types = format!(
        "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Override PartName='/{main}' \
         ContentType='{BASE}.{kind}.main+xml'/></Types>"
    );
    let root = format!(
        "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='rId1' \
         Type='{OFFICE}/officeDocument' Target='{main}'/></Relationships>"
    );
    let mut file = ZipFile::new();
    file.add("[Content_Types].xml", types.as_bytes(), Method::Stored).ok()?;
    file.add("_rels/.rels", root.as_bytes(), Method::Stored).ok()?;
    file.add(main, octets, Method::Stored).ok()?;
    file.finish().ok()
}

fn rebuild(octets: &[u8]) -> Option<Vec<u8>> {
    let limits = Limits { image_px: 1_000_000, total_px: 4_000_000, nodes: 1_000_000, ..Limits::STANDARD };
    let (mut budget, mut findings) = (Budget::new(&limits), Findings::new());
    let policy = Policy::standard();
    let written = ooxml::rebuild(octets, &policy, Fidelity::Full, &mut budget, &mut findings, &mut Nothing);
    written.ok().map(|written| written.octets)
}

fuzz_target!(|octets: &[u8]| {
    rebuild(octets);
    let mains = [
        ("word/document.xml", "wordprocessingml.document"),
        ("xl/workbook.xml", "spreadsheetml.sheet"),
        ("ppt/presentation.xml", "presentationml.presentation"),
    ];
    for (main, kind) in mains {
        if let Some(first) = package(main, kind, octets).and_then(|package| rebuild(&package)) {
            assert_eq!(rebuild(&first).as_ref(), Some(&first));
        }
    }
});
