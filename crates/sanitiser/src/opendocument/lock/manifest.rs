//! `META-INF/manifest.xml` → how the members are locked (ODF 1.3 part 2 §4.8).

use super::cipher::{Cipher, Derivation, Entry, Hash};
use crate::{
    markup::{self, Name, NodeId, Tree},
    opendocument::dialect::DIALECT,
};
use data_encoding::BASE64;
use policy::{Budget, FindingCode};
use std::{borrow::Cow, collections::BTreeMap};

/// What holds when the manifest does not say it (§4.8.7, §4.8.8): rounds of PBKDF2, octets of a key.
const ROUNDS: u32 = 1_024;
const KEY_OCTETS: usize = 16;
/// Most memory, lanes of Argon2id.
const MEMORY_KIB_MAX: u32 = 64 * 1024;
const LANES_MAX: u32 = 16;

/// The locked members by their names in lower case.
pub(super) fn entries(
    manifest: &[u8],
    budget: &mut Budget,
) -> Result<BTreeMap<String, Option<Entry>>, FindingCode> {
    let tree = markup::read(&without_doctype(manifest), &DIALECT, budget)?;
    let mut entries = BTreeMap::new();
    for data in tree.descendants(tree.root()).filter(|id| tree.is(*id, ("manifest", "encryption-data"))) {
        let Some(parent) = tree.parent(data) else { continue };
        let path = tree.attribute(parent, ("manifest", "full-path")).unwrap_or_default();
        let name = path.trim_start_matches('/').to_ascii_lowercase();
        entries.insert(name, entry(&tree, parent, data));
    }
    Ok(entries)
}

/// The manifests of old versions name a DTD, which says nothing that is needed.
fn without_doctype(manifest: &[u8]) -> Cow<'_, [u8]> {
    const DOCTYPE: &[u8] = b"<!DOCTYPE";
    let cut = || {
        let start = manifest.windows(DOCTYPE.len()).position(|octets| octets == DOCTYPE)?;
        let (before, doctype) = manifest.split_at_checked(start)?;
        let length = doctype.iter().position(|octet| *octet == b'>')?;
        let (doctype, behind) = doctype.split_at_checked(length)?;
        (!doctype.contains(&b'[')).then(|| [before, behind.get(1..).unwrap_or_default()].concat())
    };
    cut().map_or(Cow::Borrowed(manifest), Cow::Owned)
}

/// One member; `None` when it is locked in a way that is not known here.
fn entry(tree: &Tree, parent: NodeId, data: NodeId) -> Option<Entry> {
    let child = |local| tree.child(data, ("manifest", local));
    let said = |id: Option<NodeId>, name: Name| tree.attribute(id?, name);
    let octets = |id, local| BASE64.decode(said(id, ("manifest", local))?.as_bytes()).ok();
    let (algorithm, derivation) = (child("algorithm"), child("key-derivation"));
    let key_octets = match said(derivation, ("manifest", "key-size")) {
        Some(size) => size.parse().ok()?,
        None => KEY_OCTETS,
    };
    let checksum = octets(Some(data), "checksum").and_then(|sum| {
        let name = said(Some(data), ("manifest", "checksum-type"))?;
        let kind = name.rsplit(['#', ':']).next().unwrap_or_default();
        match kind.to_ascii_lowercase().as_str() {
            "sha1/1k" | "sha1-1k" => Some((Hash::Sha1, sum)),
            "sha256-1k" => Some((Hash::Sha256, sum)),
            _ => None,
        }
    });
    Some(Entry {
        size_octets: said(Some(parent), ("manifest", "size"))?.parse().ok()?,
        cipher: cipher(said(algorithm, ("manifest", "algorithm-name"))?)?,
        start_vector: octets(algorithm, "initialisation-vector")?,
        start: start(said(child("start-key-generation"), ("manifest", "start-key-generation-name")))?,
        derivation: derivation_of(tree, derivation?)?,
        salt: octets(derivation, "salt")?,
        key_octets: Some(key_octets).filter(|octets| matches!(octets, 16 | 24 | 32))?,
        checksum,
    })
}

fn cipher(name: &str) -> Option<Cipher> {
    match name.rsplit('#').next()? {
        "aes128-cbc" | "aes192-cbc" | "aes256-cbc" => Some(Cipher::AesCbc),
        "aes128-gcm" | "aes192-gcm" | "aes256-gcm" => Some(Cipher::AesGcm),
        "Blowfish CFB" | "blowfish" => Some(Cipher::BlowfishCfb),
        _ => None,
    }
}

fn start(name: Option<&str>) -> Option<Hash> {
    match name.unwrap_or("SHA1").rsplit('#').next()? {
        "SHA1" | "sha1" => Some(Hash::Sha1),
        "sha256" => Some(Hash::Sha256),
        _ => None,
    }
}

fn derivation_of(tree: &Tree, id: NodeId) -> Option<Derivation> {
    let number = |name| tree.attribute(id, name)?.parse::<u32>().ok();
    let name = tree.attribute(id, ("manifest", "key-derivation-name"))?;
    if name.rsplit(['#', ':']).next()? == "pbkdf2" || name == "PBKDF2" {
        let rounds = match tree.attribute(id, ("manifest", "iteration-count")) {
            Some(_) => number(("manifest", "iteration-count"))?,
            None => ROUNDS,
        };
        return Some(Derivation::Pbkdf2 { rounds });
    }
    if name.rsplit(':').next()? != "argon2id" {
        return None;
    }
    let (passes, memory_kib, lanes) = (
        number(("loext", "argon2-iterations"))?,
        number(("loext", "argon2-memory"))?,
        number(("loext", "argon2-lanes"))?,
    );
    let is_sound = (1..=LANES_MAX).contains(&lanes) && memory_kib <= MEMORY_KIB_MAX && passes > 0;
    is_sound.then_some(Derivation::Argon2id { passes, memory_kib, lanes })
}
