//! An encrypted document (ODF 1.3 part 2 §3.4, part 2 §4.8) → its members, or the package that is encrypted as one
//! member of another (`encrypted-package`, as `LibreOffice` writes it since 24.2).
//!
//! The manifest says of each member how it is locked: a start key of the word (SHA-1 or SHA-256), a key derived of that
//! (PBKDF2 or Argon2id), AES in CBC or GCM or Blowfish in CFB, and a checksum of its first octets. Members are deflated
//! before they are encrypted.
//!
//! *Security.* Any octets. What deriving a key costs by the word of the file is spent before it is derived, and so is
//! what a member unpacks to. A word is believed when the checksum of a member says so, at least 20 octets, or when a
//! package comes out. That nothing was changed behind the checksum is not looked at: what comes out is read as any
//! other, and a package in a package is the last one.

mod cipher;
mod manifest;

use crate::{archive::words, package::Package};
use cipher::{Entry, Proof};
use flate2::read::DeflateDecoder;
use policy::{Budget, FindingCode, Findings};
use std::{collections::BTreeMap, io::Read};

/// The member that is a whole package.
pub(super) const WHOLE: &str = "encrypted-package";
/// The member that every document has.
const CONTENT: &str = "content.xml";
/// The ratio of a member is looked at once this much would be unpacked.
const RATIO_FLOOR_OCTETS: u64 = 10 * 1024 * 1024;

/// What is locked, by the name of the member in lower case; `None` for what is locked in a way that is not known here.
pub(super) struct Lock(BTreeMap<String, Option<Entry>>);

/// A lock and the word that opens it.
pub(super) struct Opened {
    lock: Lock,
    word: String,
}

impl Lock {
    /// The lock of a package, if it has one.
    pub(super) fn read(package: &mut Package<'_>, budget: &mut Budget) -> Result<Option<Self>, FindingCode> {
        let manifest = match package.read("META-INF/manifest.xml", budget) {
            Ok(Some(manifest)) => manifest,
            // The manifest never crosses: nothing is lost with it.
            Ok(None) | Err(FindingCode::Unreadable) => return Ok(None),
            Err(limit) => return Err(limit),
        };
        match manifest::entries(&manifest, budget) {
            Ok(entries) => Ok((!entries.is_empty()).then_some(Self(entries))),
            Err(FindingCode::Unreadable) => Ok(None),
            Err(limit) => Err(limit),
        }
    }

    /// Tries the words.
    pub(super) fn open(
        self,
        package: &mut Package<'_>,
        given: &[String],
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> Result<Opened, FindingCode> {
        let name = [WHOLE, CONTENT].into_iter().find(|name| self.0.contains_key(*name));
        let name = name.or_else(|| self.0.keys().next().map(String::as_str)).unwrap_or_default();
        let entry = self.0.get(name).and_then(Option::as_ref).ok_or(FindingCode::Locked)?;
        let proof = if name == WHOLE { Proof::Package } else { Proof::Checksum };
        let packed = package.read(name, budget)?.ok_or(FindingCode::Unreadable)?;
        for word in words::texts(given) {
            if let Err(exhausted) = budget.spend_unlocking(entry.rounds()) {
                findings.add(exhausted.0);
                break;
            }
            if entry.is_opened_by(&word, &packed, proof) {
                findings.add(FindingCode::Unlocked);
                return Ok(Opened { lock: self, word });
            }
        }
        findings.add(FindingCode::PasswordAwaited);
        Err(FindingCode::Locked)
    }
}

impl Opened {
    /// A member as it was before it was locked; one that is not locked stays as it is.
    pub(super) fn member(
        &self,
        name: &str,
        packed: Vec<u8>,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, FindingCode> {
        let entry = match self.lock.0.get(&name.to_ascii_lowercase()) {
            None => return Ok(packed),
            Some(entry) => entry.as_ref().ok_or(FindingCode::Unreadable)?,
        };
        budget.spend_unlocking(entry.rounds()).map_err(|e| e.0)?;
        let plain = entry.plain(&self.word, &packed).ok_or(FindingCode::Unreadable)?;
        let packed_octets = u64::try_from(plain.len()).unwrap_or(u64::MAX);
        let ratio = budget.limits().unpack_ratio;
        if entry.size_octets > RATIO_FLOOR_OCTETS && entry.size_octets > packed_octets.saturating_mul(ratio) {
            return Err(FindingCode::LimitUnpackRatio);
        }
        budget.spend_unpacked(entry.size_octets).map_err(|e| e.0)?;
        inflated(&plain, entry.size_octets).ok_or(FindingCode::Unreadable)
    }
}

/// Inflates what must be of this size.
fn inflated(packed: &[u8], size_octets: u64) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let read = DeflateDecoder::new(packed).take(size_octets.checked_add(1)?).read_to_end(&mut octets);
    let is_whole = u64::try_from(octets.len()).is_ok_and(|read| read == size_octets);
    (read.is_ok() && is_whole).then_some(octets)
}

#[cfg(test)]
mod tests;
