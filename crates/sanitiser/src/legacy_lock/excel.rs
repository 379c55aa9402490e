//! Excel (\[MS-XLS\] 2.2.10): a stream of records, of which one says the lock and some are never locked.
//!
//! *Security.* Any octets. Records are walked once; each octet is decrypted at most once.

use super::{cipher, obfuscation};
use crate::compound::u16_at;

/// Record that the stream is locked from there on (2.4.117), and the end of the globals.
const LOCKED: u16 = 0x002f;
const END: u16 = 0x000a;
/// Records that are looked at for the lock.
const RECORDS_MAX: usize = 100;
/// Octets of a block.
const BLOCK: usize = 1_024;
/// Record of a sheet, which begins with its place in the stream: four octets that are never locked.
const SHEET: u16 = 0x0085;
/// Records that are never locked: BOF, `UsrExcl`, `FileLock`, `InterfaceHdr`, `RRDInfo`, `RRDHead`.
const PLAIN: [u16; 6] = [0x0809, 0x0194, 0x0195, 0x00e1, 0x0196, 0x0138];

/// One record: its kind, and where its octets lie behind the head.
struct Record {
    kind: u16,
    start: usize,
    end: usize,
}

/// The records, up to one that is cut.
fn records(stream: &[u8]) -> impl Iterator<Item = Record> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let (kind, length) = (u16_at(stream, at)?, u16_at(stream, at.checked_add(2)?)?);
        let start = at.checked_add(4)?;
        let end = start.checked_add(usize::from(length))?;
        at = end;
        Some(Record { kind, start, end: end.min(stream.len()) })
    })
}

/// The record that says the lock.
fn lock_record(stream: &[u8]) -> Option<Record> {
    let globals = records(stream).take(RECORDS_MAX).take_while(|record| record.kind != END);
    globals.into_iter().find(|record| record.kind == LOCKED)
}

pub(super) fn is_locked(stream: &[u8]) -> bool {
    lock_record(stream).is_some()
}

/// How a stream is locked.
pub(super) enum Lock {
    Cipher(cipher::Lock),
    Mask(obfuscation::Lock),
}

/// What opens it.
pub(super) enum Key {
    Cipher(cipher::Key),
    Mask(obfuscation::Mask),
}

impl Lock {
    pub(super) fn read(stream: &[u8]) -> Option<Self> {
        let record = lock_record(stream)?;
        let said = stream.get(record.start..record.end)?;
        match u16_at(said, 0)? {
            // Excel 5 and 95 know one way alone and do not name it.
            _ if said.len() == 4 => obfuscation::Lock::of_excel(said).map(Self::Mask),
            0 => obfuscation::Lock::of_excel(said.get(2..)?).map(Self::Mask),
            1 => cipher::Lock::read(said.get(2..)?).map(Self::Cipher),
            _ => None,
        }
    }

    pub(super) fn key(&self, word: &str) -> Option<Key> {
        match self {
            Self::Cipher(lock) => lock.key(word).map(Key::Cipher),
            Self::Mask(lock) => lock.mask(word).map(Key::Mask),
        }
    }
}

/// The stream without its lock, as long as before: places in it are named by other records. The record of the lock
/// becomes one that says nothing.
pub(super) fn open(stream: &[u8], key: &Key) -> Option<Vec<u8>> {
    let lock = lock_record(stream)?;
    let mut plain = open_behind(stream, key, lock.start)?;
    plain.get_mut(lock.start.checked_sub(4)?..lock.start)?.get_mut(..2)?.fill(0);
    plain.get_mut(lock.start..lock.end)?.fill(0);
    Some(plain)
}

/// A stream of records beside it, the data of a pivot table, without the same lock.
pub(super) fn open_beside(stream: &[u8], key: &Key) -> Option<Vec<u8>> {
    open_behind(stream, key, 0)
}

/// Opens the records that begin behind a place.
fn open_behind(stream: &[u8], key: &Key, place: usize) -> Option<Vec<u8>> {
    let mut plain = stream.to_vec();
    // The key stream runs on under what is not locked.
    if let Key::Cipher(key) = key {
        key.open(&mut plain, BLOCK);
    }
    let mut end = 0;
    for record in records(stream) {
        let keep = match record.kind {
            SHEET => record.start.saturating_add(4).min(record.end),
            kind if PLAIN.contains(&kind) || record.start <= place => record.end,
            _ => record.start,
        };
        // The head of a record, and what of it was not locked.
        let head = record.start.saturating_sub(4)..keep;
        plain.get_mut(head.clone())?.copy_from_slice(stream.get(head)?);
        if let Key::Mask(mask) = key {
            // The mask begins where the record would end (2.3.7.3), and runs under what is not locked, too.
            let at = record.end.saturating_add(keep).saturating_sub(record.start);
            mask.lift_from_record(plain.get_mut(keep..record.end)?, at);
        }
        end = record.end;
    }
    // What is no record any more was not locked either.
    plain.get_mut(end..)?.copy_from_slice(stream.get(end..)?);
    Some(plain)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn record(kind: u16, octets: &[u8]) -> Vec<u8> {
        let length = u16::try_from(octets.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), octets].concat()
    }

    /// A stream behind a lock, and what it is without.
    pub(in crate::legacy_lock) fn locked(word: &str, sha1_key_octets: Option<u32>) -> (Vec<u8>, Vec<u8>) {
        let (info, key) = cipher::tests::locked(word, sha1_key_octets);
        stream(&[&[1, 0], &info[..]].concat(), |stream| key.open(stream, BLOCK))
    }

    /// Builds both from the octets of the lock and from what locks a whole stream.
    fn stream(said: &[u8], lay: impl Fn(&mut [u8])) -> (Vec<u8>, Vec<u8>) {
        let front = record(0x0809, &[0, 6, 5, 0]);
        let behind = [
            record(SHEET, &[1, 2, 3, 4, 5, 6, 7, 8]),
            record(0x00e1, &[9, 9]),
            record(0x00fc, &[0x41; 1_500]),
            record(END, &[]),
            record(0x0809, &[0, 6, 0x10, 0]),
            record(0x0204, b"cell"),
            record(END, &[]),
            vec![0; 3],
        ]
        .concat();
        let plain = [front.clone(), record(0, &vec![0; said.len()]), behind.clone()].concat();
        let with_lock = [front, record(LOCKED, said), behind].concat();
        let mut locked = with_lock.clone();
        lay(&mut locked);
        let mut whole = with_lock.clone();
        let first = lock_record(&with_lock).unwrap();
        for record in records(&with_lock).filter(|record| record.start > first.start) {
            let keep = match record.kind {
                SHEET => record.start.checked_add(4).unwrap(),
                kind if PLAIN.contains(&kind) => record.end,
                _ => record.start,
            };
            whole[keep..record.end].copy_from_slice(&locked[keep..record.end]);
        }
        (whole, plain)
    }

    #[test]
    fn records_are_followed_to_the_lock_and_no_further() {
        let begin = [0x09, 0x08, 2, 0, 0, 6];
        let locked = [begin.as_slice(), &[0x2f, 0, 2, 0, 0, 0]].concat();
        let open = [begin.as_slice(), &[0x0a, 0, 0, 0, 0x2f, 0, 0, 0]].concat();
        let endless = [0x09, 0x08, 0, 0].repeat(200);
        for (stream, expected) in [(&locked, true), (&open, false), (&endless, false), (&Vec::new(), false)] {
            assert_eq!(is_locked(stream), expected);
        }
    }

    #[test]
    fn each_way_of_locking_opens_to_the_same_octets() {
        let mut ran = 0;
        for sha1 in [None, Some(5), Some(16)] {
            let (octets, plain) = locked("word", sha1);
            let lock = Lock::read(&octets).unwrap();
            assert!(lock.key("no").is_none());
            let opened = open(&octets, &lock.key("word").unwrap()).unwrap();
            assert!(opened == plain && !is_locked(&opened));
            for end in 0..octets.len() {
                let cut = &octets[..end];
                if let Some(key) = Lock::read(cut).and_then(|lock| lock.key("word")) {
                    assert_eq!(open(cut, &key).map(|plain| plain.len()), Some(end));
                }
            }
            ran += 1;
        }
        assert_eq!(ran, 3);
    }

    #[test]
    fn the_data_of_a_pivot_table_opens_with_the_same_key() {
        let (_, key) = cipher::tests::locked("word", None);
        let plain = [record(0x00c6, &[3; 40]), record(0x00cd, &[4; 1_200]), record(END, &[])].concat();
        let mut locked = plain.clone();
        key.open(&mut locked, BLOCK);
        for record in records(&plain) {
            let head = record.start.checked_sub(4).unwrap()..record.start;
            locked[head.clone()].copy_from_slice(&plain[head]);
        }
        assert!(locked != plain && open_beside(&locked, &Key::Cipher(key)) == Some(plain));
    }

    #[test]
    fn a_mask_is_lifted_from_every_record() {
        let (key, verifier, mask) = obfuscation::tests::locked("abc");
        let both = [key, verifier].concat();
        for said in [[&[0, 0][..], &both].concat(), both.clone()] {
            let (octets, plain) = stream(&said, |stream| {
                let places: Vec<Record> = records(stream).collect();
                for record in places {
                    // All of a record counts; what is never locked is put back by the caller.
                    mask.lay_over_record(&mut stream[record.start..record.end], record.end);
                }
            });
            let key = Lock::read(&octets).and_then(|lock| lock.key("abc")).unwrap();
            assert_eq!(open(&octets, &key), Some(plain));
        }
    }
}
