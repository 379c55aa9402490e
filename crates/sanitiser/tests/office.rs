//! Real Office documents: they are rebuilt, with all that there is to read, and writing them again gives the same
//! parts.
#![expect(clippy::unwrap_used, reason = "a test reads the corpus it was given; a panic is its way to fail")]

use mail::PartPath;
use policy::{Budget, FindingCode, Findings, Kind, Limits, Policy};
use sanitiser::{FontFace, Surroundings, detect::detect, ooxml, package::Package, raster::Fidelity};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Nothing;

impl Surroundings for Nothing {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(beside, PathBuf::from);
    root.join("MANIFEST.tsv").is_file().then_some(root)
}

fn rebuild(octets: &[u8], findings: &mut Findings) -> Result<Vec<u8>, FindingCode> {
    let policy = Policy::standard();
    let mut budget = Budget::new(&Limits::STANDARD);
    ooxml::rebuild(octets, &policy, Fidelity::Full, &mut budget, findings, &mut Nothing).map(|w| w.octets)
}

/// The parts by name, without photographs: those lose a little each time that they are written.
fn parts(octets: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut budget = Budget::new(&Limits::STANDARD);
    let mut package = Package::open(octets, &mut budget, &mut Findings::new()).unwrap();
    let names: Vec<String> = package.names().map(str::to_owned).collect();
    names
        .into_iter()
        .map(|name| {
            let part = package.read(&name, &mut budget).unwrap().unwrap();
            let kept = if name.ends_with(".jpeg") { Vec::new() } else { part };
            (name, kept)
        })
        .collect()
}

#[test]
fn real_documents_are_rebuilt_and_rebuilt_again() {
    let Some(root) = corpus() else {
        println!("no corpus: not checked");
        return;
    };
    let list = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let (mut documents, mut rebuilt, mut whole) = (0u32, 0u32, 0u32);
    for path in list.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let Ok(octets) = std::fs::read(root.join(path)) else { continue };
        // A compound file is one under a password; it waits.
        if detect(&octets, path, None).kind != Kind::Ooxml || !octets.starts_with(b"PK") {
            continue;
        }
        documents += 1;
        let mut findings = Findings::new();
        let Ok(first) = rebuild(&octets, &mut findings) else { continue };
        rebuilt += 1;
        whole += u32::from(!findings.has(FindingCode::LayoutMayDiffer));
        let again = rebuild(&first, &mut Findings::new()).unwrap();
        assert!(parts(&first) == parts(&again), "{path} changes when it is written again");
    }
    println!("{rebuilt} of {documents} documents rebuilt, {whole} of them whole");
    assert!(documents > 200 && rebuilt * 100 >= documents * 97 && whole * 100 >= rebuilt * 95);
}
