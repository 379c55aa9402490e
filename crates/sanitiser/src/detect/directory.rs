//! The directory of a ZIP (APPNOTE 6.3 §4.3) → the names of its members, and the beginning of one of them.
//!
//! *Security.* At most [`ENTRIES_MAX`] entries are read and [`BEGINNING_MAX`] octets unpacked of a member; broken
//! structures end the look.

use super::container::{u16_at, u32_at};
use flate2::read::DeflateDecoder;
use std::io::Read;

/// Most entries whose names are read.
pub(super) const ENTRIES_MAX: usize = 4_096;
/// Most octets of a member that are looked at.
const BEGINNING_MAX: u64 = 64 * 1024;

/// A member: its name as documents compare them (in lower case, with slashes and none in front), and where its local
/// header stands.
pub(super) struct Entry {
    pub(super) name: String,
    at: usize,
}

/// The entries of the central directory, or of the local headers when there is none.
pub(super) fn entries(octets: &[u8]) -> Vec<Entry> {
    central(octets).filter(|entries| !entries.is_empty()).unwrap_or_else(|| local(octets))
}

fn entry(name: &[u8], at: usize) -> Entry {
    let name = String::from_utf8_lossy(name).replace('\\', "/").to_ascii_lowercase();
    Entry { name: name.strip_prefix('/').unwrap_or(&name).to_owned(), at }
}

fn central(octets: &[u8]) -> Option<Vec<Entry>> {
    let tail_start = octets.len().saturating_sub(65_557);
    let tail = octets.get(tail_start..)?;
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06")?;
    let mut at = u32_at(tail, end.checked_add(16)?)?;
    let mut entries = Vec::new();
    while entries.len() < ENTRIES_MAX && octets.get(at..at.checked_add(4)?) == Some(b"PK\x01\x02") {
        let name = at.checked_add(46)?;
        let name_end = name.checked_add(u16_at(octets, at.checked_add(28)?)?)?;
        entries.push(entry(octets.get(name..name_end)?, u32_at(octets, at.checked_add(42)?)?));
        let extra = u16_at(octets, at.checked_add(30)?)?;
        at = name_end.checked_add(extra)?.checked_add(u16_at(octets, at.checked_add(32)?)?)?;
    }
    Some(entries)
}

fn local(octets: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0usize;
    let mut step = || {
        let here = at;
        if octets.get(at..at.checked_add(4)?)? != b"PK\x03\x04" {
            return None;
        }
        let name = at.checked_add(30)?;
        let name_end = name.checked_add(u16_at(octets, at.checked_add(26)?)?)?;
        let extra = u16_at(octets, at.checked_add(28)?)?;
        let size = u32_at(octets, at.checked_add(18)?)?;
        at = name_end.checked_add(extra)?.checked_add(size)?;
        octets.get(name..name_end).map(|name| entry(name, here))
    };
    while entries.len() < ENTRIES_MAX {
        let Some(found) = step() else { break };
        entries.push(found);
    }
    entries
}

/// What a member begins with, as text; empty when it cannot be read.
pub(super) fn beginning(octets: &[u8], entry: &Entry) -> String {
    let read = || {
        let at = entry.at;
        if octets.get(at..at.checked_add(4)?)? != b"PK\x03\x04" {
            return None;
        }
        let method = u16_at(octets, at.checked_add(8)?)?;
        let name_and_extra =
            u16_at(octets, at.checked_add(26)?)?.checked_add(u16_at(octets, at.checked_add(28)?)?)?;
        let content = octets.get(at.checked_add(30)?.checked_add(name_and_extra)?..)?;
        let mut found = Vec::new();
        // What stands behind the member is read with it where it is stored: enough for a look.
        let read = match method {
            0 => content.take(BEGINNING_MAX).read_to_end(&mut found),
            8 => DeflateDecoder::new(content).take(BEGINNING_MAX).read_to_end(&mut found),
            _ => return None,
        };
        // What came before a fault counts.
        drop(read);
        Some(String::from_utf8_lossy(&found).into_owned())
    };
    read().unwrap_or_default()
}
