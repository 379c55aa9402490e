//! Word (\[MS-DOC\] 2.2.6): the flags of `WordDocument` say the lock; its streams are locked from their beginning.
//!
//! *Security.* Any octets. Each stream is gone through once.

use super::{cipher, obfuscation};
use crate::compound::{u16_at, u32_at};

/// Flags of the FIB (2.5.2): locked, which of the two tables, and by a mask.
const LOCKED: u16 = 0x0100;
const SECOND_TABLE: u16 = 0x0200;
const MASKED: u16 = 0x8000;
/// Where the flags lie, and the number behind them that says the key of a mask or the length of the lock.
const FLAGS: usize = 0x0a;
const NUMBER: usize = 0x0e;
/// Oldest version whose FIB is of this form, and which has a table and other locks than a mask: Word 97.
const VERSION_97: u16 = 0x00c1;
/// Octets of the FIB that are not locked, since Word 97 and before.
const FIB: usize = 0x44;
const OLD_FIB: usize = 0x34;
/// Octets of a block.
const BLOCK: usize = 512;
/// Longest description of the lock.
const LOCK_OCTETS_MAX: usize = 4_096;

pub(super) fn is_locked(main: &[u8]) -> bool {
    u16_at(main, FLAGS).is_some_and(|flags| flags & LOCKED != 0)
}

/// The table that belongs to the document; it begins with the lock.
pub(super) fn table_name(main: &[u8]) -> &'static str {
    let second = u16_at(main, FLAGS).is_some_and(|flags| flags & SECOND_TABLE != 0);
    if second { "1Table" } else { "0Table" }
}

fn is_old(main: &[u8]) -> bool {
    u16_at(main, 2).is_none_or(|version| version < VERSION_97)
}

/// How the streams are locked.
pub(super) enum Lock {
    /// With so many octets of description in front of the table.
    Cipher(cipher::Lock, usize),
    Mask(obfuscation::Lock),
}

/// What opens them.
pub(super) enum Key {
    Cipher(cipher::Key, usize),
    Mask(obfuscation::Mask),
}

impl Lock {
    pub(super) fn read(main: &[u8], table: Option<&[u8]>) -> Option<Self> {
        if is_old(main) || u16_at(main, FLAGS)? & MASKED != 0 {
            return obfuscation::Lock::of_word(main.get(NUMBER..)?).map(Self::Mask);
        }
        let octets = usize::try_from(u32_at(main, NUMBER)?).ok()?;
        let said = table?.get(..octets).filter(|said| said.len() <= LOCK_OCTETS_MAX)?;
        cipher::Lock::read(said).map(|lock| Self::Cipher(lock, octets))
    }

    pub(super) fn key(&self, word: &str) -> Option<Key> {
        match self {
            Self::Cipher(lock, octets) => lock.key(word).map(|key| Key::Cipher(key, *octets)),
            Self::Mask(lock) => lock.mask(word).map(Key::Mask),
        }
    }
}

impl Key {
    /// Opens a stream whose first octets were not locked.
    fn open(&self, stream: &[u8], plain_octets: usize) -> Vec<u8> {
        let mut opened = stream.to_vec();
        match self {
            Self::Cipher(key, _) => key.open(&mut opened, BLOCK),
            Self::Mask(mask) => mask.lift_from_stream(&mut opened, 0),
        }
        let front = stream.get(..plain_octets).unwrap_or(stream);
        if let Some(place) = opened.get_mut(..front.len()) {
            place.copy_from_slice(front);
        }
        opened
    }

    /// `WordDocument`, which then says that nothing is locked.
    pub(super) fn open_main(&self, main: &[u8]) -> Option<Vec<u8>> {
        let mut opened = self.open(main, if is_old(main) { OLD_FIB } else { FIB });
        let flags = u16_at(main, FLAGS)? & !(LOCKED | MASKED);
        opened.get_mut(FLAGS..)?.get_mut(..2)?.copy_from_slice(&flags.to_le_bytes());
        opened.get_mut(NUMBER..)?.get_mut(..4)?.fill(0);
        Some(opened)
    }

    /// The table; nothing stands in the place of the lock, because places in the table are named by number.
    pub(super) fn open_table(&self, table: &[u8]) -> Vec<u8> {
        match self {
            Self::Cipher(_, octets) => {
                let mut opened = self.open(table, 0);
                opened.iter_mut().take(*octets).for_each(|octet| *octet = 0);
                opened
            }
            Self::Mask(_) => self.open(table, 0),
        }
    }

    /// `Data`: pictures, forms.
    pub(super) fn open_data(&self, data: &[u8]) -> Vec<u8> {
        self.open(data, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Main stream and table, locked and plain.
    type Streams = (Vec<u8>, Vec<u8>);

    fn locked(word: &str, sha1_key_octets: Option<u32>) -> (Streams, Streams) {
        let (info, key) = cipher::tests::locked(word, sha1_key_octets);
        let mut main: Vec<u8> = (0..2_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        main[2..4].copy_from_slice(&[0xc1, 0]);
        main[FLAGS..FLAGS + 2].copy_from_slice(&[0x00, 0x12]);
        main[NUMBER..NUMBER + 4].fill(0);
        let table = [vec![0; info.len()], vec![0x55; 700]].concat();
        let mut closed = main.clone();
        key.open(&mut closed, BLOCK);
        closed[..FIB].copy_from_slice(&main[..FIB]);
        closed[FLAGS + 1] |= 1;
        closed[NUMBER..NUMBER + 4].copy_from_slice(&u32::try_from(info.len()).unwrap().to_le_bytes());
        let mut closed_table = table.clone();
        key.open(&mut closed_table, BLOCK);
        closed_table[..info.len()].copy_from_slice(&info);
        ((closed, closed_table), (main, table))
    }

    #[test]
    fn each_way_of_locking_opens_to_the_same_octets() {
        let mut ran = 0;
        for sha1 in [None, Some(5), Some(16)] {
            let ((main, table), plain) = locked("word", sha1);
            assert!(is_locked(&main) && table_name(&main) == "1Table");
            let lock = Lock::read(&main, Some(&table)).unwrap();
            assert!(lock.key("no").is_none());
            let key = lock.key("word").unwrap();
            let opened = (key.open_main(&main).unwrap(), key.open_table(&table));
            assert!(opened == plain && !is_locked(&opened.0));
            for end in 0..main.len() {
                let _cut = key.open_main(&main[..end]);
                assert!(Lock::read(&main[..end], Some(&table)).is_some() == (end >= NUMBER + 4));
            }
            assert!(Lock::read(&main, Some(&table[..20])).is_none() && Lock::read(&main, None).is_none());
            ran += 1;
        }
        assert_eq!(ran, 3);
    }

    #[test]
    fn a_mask_is_lifted_from_new_and_old_documents() {
        let (key, verifier, mask) = obfuscation::tests::locked("abc");
        for (version, fib) in [(0xc1, FIB), (0x68, OLD_FIB)] {
            let mut plain: Vec<u8> = (0..400_u32).map(|n| n.to_le_bytes()[0]).collect();
            plain[2..4].copy_from_slice(&[version, 0]);
            plain[FLAGS..FLAGS + 2].fill(0);
            plain[NUMBER..NUMBER + 4].fill(0);
            let mut closed = plain.clone();
            mask.lift_from_stream(&mut closed, 0);
            closed[..fib].copy_from_slice(&plain[..fib]);
            closed[FLAGS + 1] = if fib == FIB { 0x81 } else { 1 };
            closed[NUMBER..NUMBER + 4].copy_from_slice(&[verifier, key].concat());
            let key = Lock::read(&closed, None).and_then(|lock| lock.key("abc")).unwrap();
            assert_eq!(key.open_main(&closed), Some(plain));
        }
    }
}
