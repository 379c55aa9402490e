//! Huffman codes of a DEFLATE stream (RFC 1951 §3.2.2).

use super::{Fault, bits::Bits};

/// Codes of up to so many bits are found at once.
const FAST_BITS: u16 = 10;

/// One set of codes.
pub(super) struct Codes {
    /// By the next bits: symbol and length (the low four bits); 0 where the code is longer, or is none.
    fast: Vec<u16>,
    /// How many codes there are of each length.
    counts: [u16; 16],
    /// The symbols in the order of their codes.
    symbols: Vec<u16>,
}

impl Codes {
    /// The codes of these lengths. A set must use every code, but for one code of one bit, or none at all.
    pub(super) fn new(lengths: &[u8]) -> Result<Self, Fault> {
        let mut counts = [0u16; 16];
        for &length in lengths {
            let slot = counts.get_mut(usize::from(length)).ok_or("code length")?;
            *slot = slot.saturating_add(1);
        }
        counts[0] = 0;
        let mut left = 1i32;
        for &count in counts.iter().skip(1) {
            left = left.saturating_mul(2).saturating_sub(i32::from(count));
            if left < 0 {
                return Err("a set with too many codes");
            }
        }
        let codes: u16 = counts.iter().sum();
        if left > 0 && !(codes == 0 || (codes == 1 && counts[1] == 1)) {
            return Err("a set with unused codes");
        }
        let mut symbols = Vec::with_capacity(usize::from(codes));
        let mut fast = vec![0u16; 1 << FAST_BITS];
        let mut code = 0u16;
        for length in 1..=15u16 {
            code = code.wrapping_mul(2);
            let of_length = (0u16..).zip(lengths).filter(|(_, found)| u16::from(**found) == length);
            if counts.get(usize::from(length)) == Some(&0) {
                continue;
            }
            for (symbol, _) in of_length {
                symbols.push(symbol);
                if length <= FAST_BITS {
                    let first = code.reverse_bits() >> 16u16.saturating_sub(length);
                    let entries = fast.iter_mut().skip(usize::from(first)).step_by(1 << length);
                    entries.for_each(|entry| *entry = symbol << 4 | length);
                }
                code = code.wrapping_add(1);
            }
        }
        Ok(Self { fast, counts, symbols })
    }

    /// Reads one code.
    pub(super) fn read(&self, bits: &mut Bits<'_>) -> Result<u16, Fault> {
        let ahead = bits.peek();
        let entry = self.fast.get(usize::from(ahead & 0x3ff)).copied().unwrap_or_default();
        if entry != 0 {
            bits.skip(u32::from(entry & 15))?;
            return Ok(entry >> 4);
        }
        let (mut code, mut first, mut index) = (0u32, 0u32, 0u32);
        for (length, &count) in (1u32..).zip(self.counts.iter().skip(1)) {
            code |= u32::from(ahead) >> length.saturating_sub(1) & 1;
            let count = u32::from(count);
            if let Some(place) = code.checked_sub(first).filter(|place| *place < count) {
                bits.skip(length)?;
                let place = usize::try_from(index.saturating_add(place)).unwrap_or(usize::MAX);
                return self.symbols.get(place).copied().ok_or("no such code");
            }
            index = index.saturating_add(count);
            first = first.saturating_add(count).saturating_mul(2);
            code = code.saturating_mul(2);
        }
        Err("no such code")
    }
}
