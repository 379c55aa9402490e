//! Compressed rich text (\[MS-OXRTFCP\]): references into a ring of 4,096 octets that begins with common words.
//!
//! *Security.* The size that the header claims is held against what its octets can unpack to, spent, and never passed.

use policy::{Budget, FindingCode};

/// The first octets of the ring (§2.1.3.1.1).
const COMMON: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const RING: usize = 4_096;
const HEADER: usize = 16;
/// A reference of two octets stands for at most this many.
const LONGEST: usize = 17;

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

/// Unpacks a stream.
pub(super) fn unpack(octets: &[u8], budget: &mut Budget) -> Result<Vec<u8>, FindingCode> {
    let claimed = u32_at(octets, 4).and_then(|size| usize::try_from(size).ok());
    let (size, kind) = claimed.zip(u32_at(octets, 8)).ok_or(FindingCode::Unreadable)?;
    let packed = octets.get(HEADER..).unwrap_or_default();
    let most = packed.len().saturating_mul(LONGEST).min(size);
    budget.spend_unpacked(u64::try_from(most).unwrap_or(u64::MAX)).map_err(|exhausted| exhausted.0)?;
    match &kind.to_le_bytes() {
        b"MELA" => Ok(packed.get(..size).unwrap_or(packed).to_vec()),
        b"LZFu" => Ok(lzfu(packed, most)),
        _ => Err(FindingCode::Unreadable),
    }
}

fn lzfu(packed: &[u8], most: usize) -> Vec<u8> {
    let mut ring = [0_u8; RING];
    for (place, octet) in ring.iter_mut().zip(COMMON) {
        *place = *octet;
    }
    let mut at = COMMON.len();
    let mut unpacked = Vec::with_capacity(most);
    let mut octets = packed.iter().copied();
    let mut write = |octet: u8, ring: &mut [u8; RING], at: &mut usize| {
        if let Some(place) = ring.get_mut(*at) {
            *place = octet;
        }
        *at = at.saturating_add(1) % RING;
        unpacked.push(octet);
        unpacked.len() < most
    };
    'stream: while let Some(flags) = octets.next() {
        for bit in 0..8_u32 {
            if flags & (1 << bit) == 0 {
                let Some(octet) = octets.next() else { break 'stream };
                if !write(octet, &mut ring, &mut at) {
                    break 'stream;
                }
                continue;
            }
            let (Some(high), Some(low)) = (octets.next(), octets.next()) else { break 'stream };
            let token = u16::from_be_bytes([high, low]);
            let from = usize::from(token >> 4);
            // A reference to the place that is written next is the end.
            if from == at {
                break 'stream;
            }
            for step in 0..usize::from(token & 0xf).saturating_add(2) {
                let octet = ring.get(from.saturating_add(step) % RING).copied().unwrap_or(0);
                if !write(octet, &mut ring, &mut at) {
                    break 'stream;
                }
            }
        }
    }
    unpacked
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Limits;

    fn packed(size: u32, kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut octets = vec![0; 4];
        octets.extend(size.to_le_bytes());
        octets.extend(kind);
        octets.extend([0; 4]);
        octets.extend(content);
        octets
    }

    #[test]
    fn references_and_literals() {
        // `{\rtf1` from the common words, then literals, then the end mark.
        let content = [0b1000_0001, 0x00, 0x04, b' ', b'a', b'b', b'}', b'\r', b'\n', 0x0d, 0xb0];
        let budget = &mut Budget::new(&Limits::STANDARD);
        assert_eq!(unpack(&packed(100, b"LZFu", &content), budget).unwrap(), b"{\\rtf1 ab}\r\n");
        assert_eq!(unpack(&packed(3, b"MELA", b"abcdef"), budget).unwrap(), b"abc");
        assert_eq!(unpack(&packed(3, b"ELSE", b"abcdef"), budget), Err(FindingCode::Unreadable));
    }

    #[test]
    fn a_claim_is_spent_before_it_is_believed() {
        let small = Limits { unpacked_octets: 33, ..Limits::STANDARD };
        let budget = &mut Budget::new(&small);
        let bomb = packed(u32::MAX, b"LZFu", &[0xff; 2]);
        assert_eq!(unpack(&bomb, budget), Err(FindingCode::LimitUnpackedOctets));
        let exact = Limits { unpacked_octets: 34, ..Limits::STANDARD };
        assert!(unpack(&bomb, &mut Budget::new(&exact)).is_ok());
    }
}
