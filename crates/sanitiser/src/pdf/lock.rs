//! A lock that holds only the attachments (ISO 32000-1 §7.6.5, `EFF`).
//!
//! With the crypt filter `Identity` for streams and for strings the pages are not encrypted, and readers show them
//! without asking; hayro and lopdf want the password all the same. What is locked are the attached files, and those do
//! not cross in any case.
//!
//! *Security.* The octets change nowhere but in the name of the trailer's key, and are only ever drawn to pixels.

use super::inspect::{INSPECTED_OCTETS_MAX, load, name};
use lopdf::Dictionary;

/// The trailer's key (ISO 32000-1 Table 15).
const KEY: &[u8] = b"/Encrypt";
/// As long, and read by nobody.
const NO_KEY: &[u8] = b"/Unlocks";

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
