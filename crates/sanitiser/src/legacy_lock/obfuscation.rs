//! XOR obfuscation (\[MS-OFFCRYPTO\] 2.3.7): the word → sixteen octets that were laid over a document again and again.
//!
//! *Security.* No lock at all. A word is believed when both its key and its verifier are those of the file, 31 bits.

use crate::compound::u16_at;
use encoding_rs::SHIFT_JIS;

/// Longest word, in octets.
const WORD_OCTETS_MAX: usize = 15;
/// What fills a word up to sixteen octets.
const FILL: [u8; 15] =
    [0xbb, 0xff, 0xff, 0xba, 0xff, 0xff, 0xb9, 0x80, 0x00, 0xbe, 0x0f, 0x00, 0xbf, 0x0f, 0x00];

/// Key and verifier as the file says them.
#[derive(Clone, Copy)]
pub(super) struct Lock {
    key: u16,
    verifier: u16,
}

/// What is laid over the octets.
#[derive(Clone, Copy)]
pub(super) struct Mask([u8; 16]);

impl Lock {
    /// Key and verifier stand behind each other in Excel.
    pub(super) fn of_excel(octets: &[u8]) -> Option<Self> {
        Some(Self { key: u16_at(octets, 0)?, verifier: u16_at(octets, 2)? })
    }

    /// In Word the key is the upper half of one number.
    pub(super) fn of_word(octets: &[u8]) -> Option<Self> {
        Some(Self { key: u16_at(octets, 2)?, verifier: u16_at(octets, 0)? })
    }

    /// The mask, when the word is right.
    pub(super) fn mask(self, word: &str) -> Option<Mask> {
        let (octets, _, lossy) = SHIFT_JIS.encode(word);
        if lossy || octets.is_empty() || octets.len() > WORD_OCTETS_MAX {
            return None;
        }
        let is_right = key(&octets) == self.key && verifier(&octets) == self.verifier;
        is_right.then(|| Mask::new(&octets, self.key))
    }
}

/// The verifier of a word (2.3.7.1).
fn verifier(word: &[u8]) -> u16 {
    let turned = |sum: u16| ((sum << 1) & 0x7fff) | ((sum >> 14) & 1);
    let length = u8::try_from(word.len()).unwrap_or(u8::MAX);
    let sum = word.iter().rev().chain(&[length]).fold(0_u16, |sum, octet| turned(sum) ^ u16::from(*octet));
    sum ^ 0xce4b
}

/// The key of a word. The tables of 2.3.7.2 are those of a CRC-16 (polynomial `0x1021`, from `0xffff`) over octets of
/// seven bits.
fn key(word: &[u8]) -> u16 {
    word.iter().fold(0xffff_u16, |sum, octet| {
        let sum = sum ^ (u16::from(octet & 0x7f) << 8);
        (0..8).fold(sum, |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 })
    })
}

impl Mask {
    fn new(word: &[u8], key: u16) -> Self {
        let key = key.to_le_bytes();
        let mut mask = [0; 16];
        let octets = word.iter().chain(&FILL).zip(key.iter().cycle());
        for (place, (octet, key)) in mask.iter_mut().zip(octets) {
            *place = (octet ^ key).rotate_right(1);
        }
        Self(mask)
    }

    fn from(&self, at: usize) -> impl Iterator<Item = &u8> {
        self.0.iter().cycle().skip(at & 15)
    }

    /// Takes the mask from a record of Excel, from this place of the mask on (method 1, 2.3.7.3).
    pub(super) fn lift_from_record(&self, octets: &mut [u8], at: usize) {
        for (octet, mask) in octets.iter_mut().zip(self.from(at)) {
            *octet = (*octet ^ mask).rotate_right(5);
        }
    }

    /// Takes the mask from a stream of Word that begins at this place of the mask (method 2, 2.3.7.6): octets that are
    /// zero or would become so were left alone.
    pub(super) fn lift_from_stream(&self, octets: &mut [u8], at: usize) {
        for (octet, mask) in octets.iter_mut().zip(self.from(at)) {
            if *octet != 0 && *octet != *mask {
                *octet ^= mask;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Key and verifier of a word, and its mask.
    pub(in crate::legacy_lock) fn locked(word: &str) -> ([u8; 2], [u8; 2], Mask) {
        let word = word.as_bytes();
        (key(word).to_le_bytes(), verifier(word).to_le_bytes(), Mask::new(word, key(word)))
    }

    impl Mask {
        pub(in crate::legacy_lock) fn lay_over_record(&self, octets: &mut [u8], at: usize) {
            for (octet, mask) in octets.iter_mut().zip(self.from(at)) {
                *octet = octet.rotate_left(5) ^ mask;
            }
        }
    }

    #[test]
    fn a_word_has_its_key_verifier_and_mask() {
        // Known of the word that Excel itself tries.
        let word = b"VelvetSweatshop";
        assert_eq!((key(word), verifier(word)), (0xb359, 0x9a0a));
        let lock = Lock::of_excel(&[0x59, 0xb3, 0x0a, 0x9a]).unwrap();
        let mask = lock.mask("VelvetSweatshop").unwrap();
        assert_eq!(mask.0[..4], [0x87, 0x6b, 0x9a, 0xe2]);
        for wrong in ["VelvetSweatshoq", "", "VelvetSweatshop!", "𠮷"] {
            assert!(lock.mask(wrong).is_none(), "{wrong}");
        }
        assert!(Lock::of_word(&[0x0a, 0x9a, 0x59, 0xb3]).unwrap().mask("VelvetSweatshop").is_some());
    }

    #[test]
    fn a_mask_is_lifted_as_it_was_laid() {
        let (_, _, mask) = locked("abc");
        let mut octets = *b"some octets of a record";
        mask.lay_over_record(&mut octets, 21);
        mask.lift_from_record(&mut octets, 21);
        assert_eq!(&octets, b"some octets of a record");
        // Method 2 is its own other way.
        let plain = [0, 1, 2, 3, 0, mask.0[5], 200];
        let mut octets = plain;
        mask.lift_from_stream(&mut octets, 0);
        assert!(octets != plain && octets[0] == 0 && octets[5] == mask.0[5]);
        mask.lift_from_stream(&mut octets, 0);
        assert_eq!(octets, plain);
    }
}
