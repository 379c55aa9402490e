//! Locks: which of many passwords fits, and one that holds only the attachments (ISO 32000-1 §7.6.5, `EFF`).
//!
//! A password is checked against the dictionary of the lock, without reading the file again for each.
//!
//! With the crypt filter `Identity` for streams and for strings the pages are not encrypted, and readers show them
//! without asking; hayro and lopdf want the password all the same. What is locked are the attached files, and those do
//! not cross in any case.
//!
//! *Security.* The octets change nowhere but in the name of the trailer's key, and are only ever drawn to pixels.

use super::inspect::{INSPECTED_OCTETS_MAX, load, name};
use lopdf::encryption::DecryptionError;
use lopdf::{Dictionary, Document, Error};

/// The trailer's key (ISO 32000-1 Table 15).
const KEY: &[u8] = b"/Encrypt";
/// As long, and read by nobody.
const NO_KEY: &[u8] = b"/Unlocks";

/// Octets that may be read over all tries on a file whose lock cannot be checked apart from it.
const TRIED_OCTETS_MAX: usize = 256 * 1024 * 1024;

/// Of these passwords, those that open the file; where that cannot be told, as many as may be tried one by one.
pub(super) fn fitting(input: &[u8], passwords: &[String]) -> Vec<String> {
    if passwords.len() <= 1 {
        return passwords.to_vec();
    }
    let document = if input.len() > INSPECTED_OCTETS_MAX { None } else { load(input, "").ok() };
    let checked = document.filter(Document::is_encrypted).and_then(|document| {
        let fits = |password: &&String| match document.authenticate_password(password) {
            Ok(()) => Some(true),
            Err(Error::Decryption(DecryptionError::IncorrectPassword | DecryptionError::StringPrep(_))) => {
                Some(false)
            }
            Err(_) => None,
        };
        let verdicts: Option<Vec<bool>> = passwords.iter().map(|password| fits(&password)).collect();
        Some(
            passwords.iter().zip(verdicts?).filter(|(_, fits)| *fits).map(|(word, _)| word.clone()).collect(),
        )
    });
    let tries = TRIED_OCTETS_MAX.checked_div(input.len()).unwrap_or(usize::MAX).clamp(2, 40);
    checked.unwrap_or_else(|| passwords.iter().take(tries).cloned().collect())
}

/// The same file without its lock, if the lock does not hold the pages.
pub(super) fn taken_off(input: &[u8]) -> Option<Vec<u8>> {
    if input.len() > INSPECTED_OCTETS_MAX {
        return None;
    }
    let document = load(input, "").ok()?;
    let (_, lock) = document.dereference(document.trailer.get(b"Encrypt").ok()?).ok()?;
    let lock = lock.as_dict().ok()?;
    let is_open = |key: &[u8]| !lock.has(key) || name(&document, lock, key) == b"Identity";
    if version(lock) < 4 || !is_open(b"StmF") || !is_open(b"StrF") {
        return None;
    }
    Some(renamed(input))
}

/// From version 4 on, crypt filters are heeded.
fn version(lock: &Dictionary) -> i64 {
    lock.get(b"V").and_then(lopdf::Object::as_i64).unwrap_or(0)
}

fn renamed(input: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(KEY) {
            Some(after) if !after.first().is_some_and(u8::is_ascii_alphanumeric) => {
                octets.extend_from_slice(NO_KEY);
                rest = after;
            }
            _ => {
                octets.push(*first);
                rest = after;
            }
        }
    }
    octets
}
