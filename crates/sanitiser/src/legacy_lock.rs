//! Whether a binary Office document bears a password: Word (\[MS-DOC\] 2.5.2), Excel (\[MS-XLS\] 2.4.117), PowerPoint
//! (\[MS-PPT\] 2.3.2).
//!
//! *Security.* Any octets. Only the first octets of one stream are looked at. What is said decides
//! whether a document that cannot be drawn waits for its password or is removed; it never opens anything.

use crate::compound::{Compound, u16_at};

/// Flag of the FIB: locked.
const WORD_LOCKED: u16 = 0x0100;
/// Record that an Excel stream is locked from there on, and the end of its globals.
const EXCEL_LOCKED: u16 = 0x002f;
const EXCEL_END: u16 = 0x000a;
/// Records of an Excel stream that are looked at.
const EXCEL_RECORDS_MAX: usize = 100;
/// Mark of a PowerPoint document that is locked.
const POWERPOINT_LOCKED: [u8; 4] = [0xdf, 0xc4, 0xd1, 0xf3];

/// Whether a document in a compound file is locked, as it says itself.
pub(crate) fn is_locked(octets: &[u8]) -> bool {
    let Some(file) = Compound::open(octets) else { return false };
    let stream = |name: &str| {
        let (_, _, number) = file.streams(0).find(|(named, _, _)| named.eq_ignore_ascii_case(name))?;
        file.stream(number)
    };
    if let Some(word) = stream("WordDocument") {
        return u16_at(&word, 0x0a).is_some_and(|flags| flags & WORD_LOCKED != 0);
    }
    if let Some(excel) = stream("Workbook").or_else(|| stream("Book")) {
        return excel_is_locked(&excel);
    }
    stream("Current User").is_some_and(|user| user.get(12..16) == Some(&POWERPOINT_LOCKED))
}

fn excel_is_locked(stream: &[u8]) -> bool {
    let mut rest = stream;
    for _ in 0..EXCEL_RECORDS_MAX {
        let (Some(kind), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) else { return false };
        match kind {
            EXCEL_LOCKED => return true,
            EXCEL_END => return false,
            _ => rest = rest.get(usize::from(length).saturating_add(4)..).unwrap_or_default(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_followed_to_the_lock_and_no_further() {
        let begin = [0x09, 0x08, 2, 0, 0, 6];
        let locked = [begin.as_slice(), &[0x2f, 0, 2, 0, 0, 0]].concat();
        let open = [begin.as_slice(), &[0x0a, 0, 0, 0, 0x2f, 0, 0, 0]].concat();
        let endless = [0x09, 0x08, 0, 0].repeat(200);
        for (stream, expected) in [(&locked, true), (&open, false), (&endless, false), (&Vec::new(), false)] {
            assert_eq!(excel_is_locked(stream), expected);
        }
        assert!(!is_locked(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    }
}
