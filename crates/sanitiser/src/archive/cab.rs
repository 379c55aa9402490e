//! Cabinet (MS-CAB §2): the `CFFILE` entries.
//!
//! *Security.* Headers alone are read, at most 65,535 entries, each of which goes forward.

use super::{Entry, Gathered, Stop, le16, le32, names::RawName};
use policy::FindingCode;

/// Reads the entries.
pub(super) fn read(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let flags = le16(input, 30).ok_or(Stop)?;
    if flags & 3 != 0 {
        out.findings.add(FindingCode::MultiVolume);
    }
    let count = le16(input, 28).ok_or(Stop)?;
    let mut at = le32(input, 16).and_then(|at| usize::try_from(at).ok()).ok_or(Stop)?;
    for _ in 0..count {
        let name = at.checked_add(16).and_then(|start| input.get(start..)).ok_or(Stop)?;
        let length = name.iter().position(|&octet| octet == 0).ok_or(Stop)?;
        let name = name.get(..length).unwrap_or_default();
        let attributes = le16(input, at.saturating_add(14)).ok_or(Stop)?;
        out.take(Entry {
            name: if attributes & 0x80 == 0 { RawName::local(name) } else { RawName::utf8(name) },
            size_octets: le32(input, at).map(u64::from),
            encrypted: false,
            is_folder: false,
            is_link: false,
            head: Vec::new(),
        })?;
        at = at.saturating_add(17).saturating_add(length);
    }
    out.finish();
    Ok(())
}
