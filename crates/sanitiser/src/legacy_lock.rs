//! A locked binary Office document → the same document without its lock: Word (\[MS-DOC\] 2.2.6), Excel (\[MS-XLS\]
//! 2.2.10), PowerPoint (\[MS-PPT\] 2.3.7), by the ways of \[MS-OFFCRYPTO\] 2.3.
//!
//! Streams are decrypted in their place in the compound file, and what said that they were locked is taken out; the
//! document then goes on as any other.
//!
//! *Security.* Any octets. A word costs a few hashes, which are spent before they are taken; a document is opened once,
//! in work that is linear in its size. What comes out is no more trusted than what came in.

mod cipher;
mod excel;
mod obfuscation;
mod word;

use crate::{
    archive::words,
    compound::{Compound, Number},
    office_lock,
};
use policy::{Budget, FindingCode, Findings};

/// Mark of a PowerPoint document that is locked.
const POWERPOINT_LOCKED: [u8; 4] = [0xdf, 0xc4, 0xd1, 0xf3];

/// A stream of the root, by its name.
fn stream(file: &Compound<'_>, name: &str) -> Option<(Number, Vec<u8>)> {
    let (_, _, number) = file.streams(0).find(|(named, _, _)| named.eq_ignore_ascii_case(name))?;
    Some((number, file.stream(number)?))
}

fn excel_stream(file: &Compound<'_>) -> Option<(Number, Vec<u8>)> {
    stream(file, "Workbook").or_else(|| stream(file, "Book"))
}

/// Whether a document in a compound file is locked, as it says itself.
pub(crate) fn is_locked(octets: &[u8]) -> bool {
    let Some(file) = Compound::open(octets) else { return false };
    if let Some((_, main)) = stream(&file, "WordDocument") {
        return word::is_locked(&main);
    }
    if let Some((_, records)) = excel_stream(&file) {
        return excel::is_locked(&records);
    }
    stream(&file, "Current User").is_some_and(|(_, user)| user.get(12..16) == Some(&POWERPOINT_LOCKED))
}

/// Opens a document with one of the words, after the one that Excel itself tries.
pub fn open(
    octets: &[u8],
    given: &[String],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Vec<u8>, FindingCode> {
    let file = Compound::open(octets).ok_or(FindingCode::Unreadable)?;
    let lock = Lock::read(&file).ok_or(FindingCode::Locked)?;
    for word in std::iter::once(office_lock::DEFAULT.to_owned()).chain(words::texts(given)) {
        if let Err(exhausted) = budget.spend_unlocking(cipher::ROUNDS) {
            findings.add(exhausted.0);
            break;
        }
        let Some(key) = lock.key(&word) else { continue };
        budget.spend_unpacked(u64::try_from(octets.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
        if word != office_lock::DEFAULT {
            findings.add(FindingCode::Unlocked);
        }
        let opened = key.open(&file, octets).filter(|opened| !is_locked(opened));
        return opened.ok_or(FindingCode::Unreadable);
    }
    Err(FindingCode::Locked)
}

/// How a document is locked.
enum Lock {
    Excel(excel::Lock),
    Word(word::Lock),
}

/// What opens it.
enum Key {
    Excel(excel::Key),
    Word(word::Key),
}

impl Lock {
    /// The lock of a document; `None` when it is locked in a way that is not known here.
    fn read(file: &Compound<'_>) -> Option<Self> {
        if let Some((_, main)) = stream(file, "WordDocument") {
            let table = stream(file, word::table_name(&main));
            return word::Lock::read(&main, table.as_ref().map(|(_, table)| table.as_slice()))
                .map(Self::Word);
        }
        let (_, records) = excel_stream(file)?;
        excel::Lock::read(&records).map(Self::Excel)
    }

    fn key(&self, word: &str) -> Option<Key> {
        match self {
            Self::Excel(lock) => lock.key(word).map(Key::Excel),
            Self::Word(lock) => lock.key(word).map(Key::Word),
        }
    }
}

impl Key {
    /// A copy of the file in which nothing is locked.
    fn open(&self, file: &Compound<'_>, octets: &[u8]) -> Option<Vec<u8>> {
        let mut copy = octets.to_vec();
        match self {
            Self::Excel(key) => {
                let (number, records) = excel_stream(file)?;
                file.write_over(number, &excel::open(&records, key)?, &mut copy)?;
            }
            Self::Word(key) => {
                let (number, main) = stream(file, "WordDocument")?;
                file.write_over(number, &key.open_main(&main)?, &mut copy)?;
                if let Some((number, table)) = stream(file, word::table_name(&main)) {
                    file.write_over(number, &key.open_table(&table), &mut copy)?;
                }
                if let Some((number, data)) = stream(file, "Data") {
                    file.write_over(number, &key.open_data(&data), &mut copy)?;
                }
            }
        }
        Some(copy)
    }
}
