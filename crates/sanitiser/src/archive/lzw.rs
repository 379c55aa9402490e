//! `compress` (.Z) → its content: LZW with codes of 9 to 16 bits, lowest bit first.
//!
//! *Security.* The table has at most 65,536 entries. A code that does not stand in it is damage.

use std::io::{self, Read};

/// The code that empties the table.
const CLEAR: usize = 256;

/// A reader of the content.
pub(super) struct Decompress<'a> {
    input: &'a [u8],
    /// Position of the next bit.
    bit: usize,
    width: u32,
    width_max: u32,
    clears: bool,
    /// Codes read at this width; they come in groups of eight, which are filled up when the width changes.
    codes: usize,
    prefixes: Vec<u16>,
    suffixes: Vec<u8>,
    last: Option<usize>,
    first_octet: u8,
    /// Octets of the current code, last one first.
    pending: Vec<u8>,
}

impl<'a> Decompress<'a> {
    /// Opens a file by its header.
    pub(super) fn new(input: &'a [u8]) -> io::Result<Self> {
        let Some(([0x1f, 0x9d, flags], input)) = input.split_first_chunk::<3>() else {
            return Err(damaged());
        };
        let width_max = u32::from(flags & 0x1f);
        if !(9..=16).contains(&width_max) {
            return Err(damaged());
        }
        let clears = flags & 0x80 != 0;
        let mut decompress = Self {
            input,
            bit: 0,
            width: 9,
            width_max,
            clears,
            codes: 0,
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            last: None,
            first_octet: 0,
            pending: Vec::new(),
        };
        decompress.clear(if clears { CLEAR.saturating_add(1) } else { CLEAR });
        Ok(decompress)
    }

    fn clear(&mut self, entries: usize) {
        self.prefixes.clear();
        self.prefixes.resize(entries, 0);
        self.suffixes = (0..=u8::MAX).collect();
        self.suffixes.resize(entries, 0);
    }

    /// The next code; `None` at the end.
    fn code(&mut self) -> Option<usize> {
        let mut code = 0_usize;
        for shift in 0..self.width {
            let octet = *self.input.get(self.bit.checked_div(8)?)?;
            let bit = (octet >> (self.bit & 7)) & 1;
            code |= usize::from(bit) << shift;
            self.bit = self.bit.saturating_add(1);
        }
        self.codes = self.codes.saturating_add(1);
        Some(code)
    }

    /// Skips what fills up the group, and goes on with another width.
    fn set_width(&mut self, width: u32) {
        let missing = self.codes.wrapping_neg() & 7;
        let bits = usize::try_from(self.width).unwrap_or(16).saturating_mul(missing);
        self.bit = self.bit.saturating_add(bits);
        self.codes = 0;
        self.width = width;
    }

    /// Puts the octets of the next code into `pending`; `false` at the end.
    fn step(&mut self) -> io::Result<bool> {
        if self.width < self.width_max && self.prefixes.len() >= 1 << self.width {
            self.set_width(self.width.saturating_add(1));
        }
        let Some(code) = self.code() else { return Ok(false) };
        if code == CLEAR && self.clears {
            // The entry of the clearing code itself is made once more by the next one.
            self.clear(CLEAR);
            self.set_width(9);
            return Ok(true);
        }
        let entries = self.prefixes.len();
        let Some(last) = self.last else {
            self.first_octet = u8::try_from(code).or(Err(damaged()))?;
            self.pending.push(self.first_octet);
            self.last = Some(code);
            return Ok(true);
        };
        let mut walked = code;
        if code >= entries {
            if code > entries {
                return Err(damaged());
            }
            self.pending.push(self.first_octet);
            walked = last;
        }
        while walked >= CLEAR {
            // Each prefix is an older entry, so the walk ends.
            let prefix = self.prefixes.get(walked).copied().map(usize::from).ok_or_else(damaged)?;
            self.pending.push(self.suffixes.get(walked).copied().ok_or_else(damaged)?);
            if prefix >= walked {
                return Err(damaged());
            }
            walked = prefix;
        }
        self.first_octet = u8::try_from(walked).or(Err(damaged()))?;
        self.pending.push(self.first_octet);
        if entries < 1 << self.width_max {
            self.prefixes.push(u16::try_from(last).or(Err(damaged()))?);
            self.suffixes.push(self.first_octet);
        }
        self.last = Some(code);
        Ok(true)
    }
}

fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl Read for Decompress<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0_usize;
        for place in buffer {
            while self.pending.is_empty() {
                if !self.step()? {
                    return Ok(filled);
                }
            }
            *place = self.pending.pop().unwrap_or_default();
            filled = filled.saturating_add(1);
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes codes of one width, group by group.
    fn packed(codes: &[u16]) -> Vec<u8> {
        let mut octets = vec![0x1f, 0x9d, 0x90];
        let bits: Vec<u16> = codes.iter().flat_map(|code| (0..9).map(move |bit| (code >> bit) & 1)).collect();
        octets.extend(bits.chunks(8).map(|eight| {
            let octet = eight.iter().rev().fold(0, |octet, bit| octet << 1 | bit);
            u8::try_from(octet).unwrap()
        }));
        octets
    }

    #[test]
    fn codes_and_clears_are_read() {
        let cases: &[(&[u16], &[u8])] = &[
            (&[97, 98, 257, 99], b"ababc"),
            // A code that is being made while it is read.
            (&[97, 257, 258], b"aaaaaa"),
            // A clear fills up its group of eight.
            (&[97, 98, 256, 0, 0, 0, 0, 0, 99, 100], b"abcd"),
        ];
        for (codes, expected) in cases {
            let mut content = Vec::new();
            Decompress::new(&packed(codes)).unwrap().read_to_end(&mut content).unwrap();
            assert_eq!(content, *expected);
        }
        assert_eq!(cases.len(), 3);
        for codes in [&[97, 300][..], &[300]] {
            assert!(Decompress::new(&packed(codes)).unwrap().read_to_end(&mut Vec::new()).is_err());
        }
        assert!(Decompress::new(b"\x1f\x9d\x90").is_ok());
        assert!(Decompress::new(b"\x1f\x9d\x9f").is_err());
    }
}
