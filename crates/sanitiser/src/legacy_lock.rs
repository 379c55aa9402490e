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
mod powerpoint;
mod word;

use crate::{
    archive::words,
    compound::{Compound, Number},
    office_lock,
};
use policy::{Budget, FindingCode, Findings};

/// Streams of PowerPoint; that with the locked summary makes programs take a document for locked, and is hidden from
/// them under another name.
const USER: &str = "Current User";
const SLIDES: &str = "PowerPoint Document";
const SUMMARY: &str = "EncryptedSummary";
const HIDDEN_SUMMARY: &str = "SummaryEncrypted";
/// Storage of Excel with the data of pivot tables.
const PIVOTS: &str = "_SX_DB_CUR";
/// Rounds that opening an object of PowerPoint costs.
const OBJECT_ROUNDS: u64 = 4;

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
    stream(&file, USER).is_some_and(|(_, user)| powerpoint::is_locked(&user))
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
        budget.spend_unlocking(lock.objects().saturating_mul(OBJECT_ROUNDS)).map_err(|e| e.0)?;
        if word != office_lock::DEFAULT {
            findings.add(FindingCode::Unlocked);
        }
        let opened = lock.open(&key, &file, octets).filter(|opened| !is_locked(opened));
        return opened.ok_or(FindingCode::Unreadable);
    }
    findings.add(FindingCode::PasswordAwaited);
    Err(FindingCode::Locked)
}

/// How a document is locked.
enum Lock {
    Excel(excel::Lock),
    Word(word::Lock),
    PowerPoint(cipher::Lock, powerpoint::Objects),
}

/// What opens it.
enum Key {
    Excel(excel::Key),
    Word(word::Key),
    PowerPoint(cipher::Key),
}

impl Lock {
    /// The lock of a document; `None` when it is locked in a way that is not known here.
    fn read(file: &Compound<'_>) -> Option<Self> {
        if let Some((_, main)) = stream(file, "WordDocument") {
            let table = stream(file, word::table_name(&main));
            return word::Lock::read(&main, table.as_ref().map(|(_, table)| table.as_slice()))
                .map(Self::Word);
        }
        if let Some((_, records)) = excel_stream(file) {
            return excel::Lock::read(&records).map(Self::Excel);
        }
        let ((_, user), (_, slides)) = (stream(file, USER)?, stream(file, SLIDES)?);
        let objects = powerpoint::Objects::read(&user, &slides)?;
        Some(Self::PowerPoint(objects.lock(&slides)?, objects))
    }

    fn key(&self, word: &str) -> Option<Key> {
        match self {
            Self::Excel(lock) => lock.key(word).map(Key::Excel),
            Self::Word(lock) => lock.key(word).map(Key::Word),
            Self::PowerPoint(lock, _) => lock.key(word).map(Key::PowerPoint),
        }
    }

    /// How many objects are locked by themselves.
    fn objects(&self) -> u64 {
        match self {
            Self::Excel(_) | Self::Word(_) => 0,
            Self::PowerPoint(_, objects) => u64::try_from(objects.count()).unwrap_or(u64::MAX),
        }
    }

    /// A copy of the file in which nothing is locked.
    fn open(&self, key: &Key, file: &Compound<'_>, octets: &[u8]) -> Option<Vec<u8>> {
        let mut copy = octets.to_vec();
        match (self, key) {
            (_, Key::Excel(key)) => {
                let (number, records) = excel_stream(file)?;
                file.write_over(number, &excel::open(&records, key)?, &mut copy)?;
                open_pivots(file, key, &mut copy);
            }
            (_, Key::Word(key)) => {
                let (number, main) = stream(file, "WordDocument")?;
                file.write_over(number, &key.open_main(&main)?, &mut copy)?;
                if let Some((number, table)) = stream(file, word::table_name(&main)) {
                    file.write_over(number, &key.open_table(&table), &mut copy)?;
                }
                if let Some((number, data)) = stream(file, "Data") {
                    file.write_over(number, &key.open_data(&data), &mut copy)?;
                }
            }
            (Self::PowerPoint(_, objects), Key::PowerPoint(key)) => {
                let (number, user) = stream(file, USER)?;
                file.write_over(number, &powerpoint::open_user(&user)?, &mut copy)?;
                let (number, slides) = stream(file, SLIDES)?;
                file.write_over(number, &objects.open(&slides, key)?, &mut copy)?;
                if let Some((number, pictures)) = stream(file, "Pictures") {
                    file.write_over(number, &powerpoint::open_pictures(&pictures, key), &mut copy)?;
                }
                if let Some((number, _)) = stream(file, SUMMARY) {
                    file.rename(number, HIDDEN_SUMMARY, &mut copy)?;
                }
            }
            (Self::Excel(_) | Self::Word(_), Key::PowerPoint(_)) => return None,
        }
        Some(copy)
    }
}

/// Opens the data of pivot tables: together no longer than the file, so that streams which lie in one another end it.
/// What cannot be opened stays; the cells show the table all the same.
fn open_pivots(file: &Compound<'_>, key: &excel::Key, copy: &mut [u8]) {
    let mut room = copy.len();
    for storage in file.storages(0, PIVOTS) {
        for (_, size, number) in file.streams(storage) {
            let Some(left) = room.checked_sub(size) else { return };
            room = left;
            let opened = file.stream(number).and_then(|stream| excel::open_beside(&stream, key));
            if opened.and_then(|opened| file.write_over(number, &opened, copy)).is_none() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compound::tests::{file, stream};
    use policy::Limits;

    fn opened(octets: &[u8], words: &[&str], limits: &Limits) -> (Result<Vec<u8>, FindingCode>, Findings) {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let mut findings = Findings::new();
        let result = open(octets, &words, &mut Budget::new(limits), &mut findings);
        (result, findings)
    }

    #[test]
    fn a_document_opens_in_its_place_with_one_of_the_words() {
        let (locked, plain) = excel::tests::locked("word", Some(16));
        let octets = file(&[("other", b"stays"), ("Workbook", &locked)]);
        assert!(is_locked(&octets));
        let (result, findings) = opened(&octets, &["no", "ｗｏｒｄ"], &Limits::STANDARD);
        let result = result.expect("the word is among them");
        assert!(findings.has(FindingCode::Unlocked) && !is_locked(&result));
        assert!(stream(&result, "Workbook") == Some(plain) && result.len() == octets.len());
        assert_eq!(stream(&result, "other").as_deref(), Some(&b"stays"[..]));
        assert_eq!(opened(&octets, &["no"], &Limits::STANDARD).0, Err(FindingCode::Locked));
        // Excel's own word needs none.
        let (locked, _) = excel::tests::locked(office_lock::DEFAULT, None);
        let (result, findings) = opened(&file(&[("Book", &locked)]), &[], &Limits::STANDARD);
        assert!(result.is_ok() && findings.is_empty());
        for at in 0..octets.len() {
            let _cut = opened(&octets[..at], &["word"], &Limits::STANDARD);
            let mut other = octets.clone();
            other[at] ^= 0x55;
            if let (Ok(opened), _) = opened(&other, &["word"], &Limits::STANDARD) {
                assert_eq!(opened.len(), octets.len());
            }
        }
    }

    #[test]
    fn words_are_spent_and_a_second_lock_is_none() {
        let (mut locked, _) = excel::tests::locked("word", Some(16));
        let octets = file(&[("Workbook", &locked)]);
        for (words, is_open) in [(2, true), (1, false)] {
            let limits = Limits { unlock_rounds: cipher::ROUNDS.saturating_mul(words), ..Limits::STANDARD };
            let (result, findings) = opened(&octets, &["word"], &limits);
            assert_eq!((result.is_ok(), findings.has(FindingCode::LimitUnlocking)), (is_open, !is_open));
        }
        // Another record behind the first says the same.
        let at = locked.windows(2).rposition(|pair| pair == [0xe1, 0]).expect("a record behind the lock");
        locked[at] = 0x2f;
        let octets = file(&[("Workbook", &locked)]);
        assert_eq!(opened(&octets, &["word"], &Limits::STANDARD).0, Err(FindingCode::Unreadable));
    }
}
