//! PowerPoint (\[MS-PPT\] 2.3.7): `Current User` leads to the last edit, the edits to the persist objects, one of which
//! says the lock; each of the others is locked by itself, under its own number.
//!
//! *Security.* Any octets. Edits are followed backwards only, and there are no more objects than the stream has room
//! for; what is decrypted is together no longer than the stream, so that objects which lie in one another end it.

use super::cipher::{Key, Lock, Stream};
use crate::compound::{u16_at, u32_at};
use std::collections::BTreeMap;

/// Mark of a document that is locked, and of one that is not (2.3.2).
const LOCKED: u32 = 0xf3d1_c4df;
const PLAIN: u32 = 0xe391_c05f;
/// Where the mark and the place of the last edit stand in `Current User`.
const MARK: usize = 12;
const LAST_EDIT: usize = 16;
/// Octets of the head of a record: flags, kind, length.
const HEAD: usize = 8;
/// Kinds of records: an edit, the directory of an edit, the lock.
const EDIT: u16 = 0x0ff5;
const DIRECTORY: u16 = 0x1772;
const LOCK: u16 = 0x2f14;
/// Length of an edit that names a lock, and of one that does not (2.3.3).
const EDIT_LOCKED: u32 = 0x20;
const EDIT_PLAIN: u32 = 0x1c;
/// Octets of the longer one with its head, and where in it the lock is named.
const EDIT_OCTETS: usize = 40;
const EDIT_LOCK: usize = 36;
/// Records in `Pictures` that are drawings (\[MS-ODRAW\] 2.2.23), and instances that bear two marks of identity
/// (2.2.24 to 2.2.30).
const DRAWINGS: [u16; 3] = [0xf01a, 0xf01b, 0xf01c];
const TWO_MARKS: [u16; 8] = [0x217, 0x3d5, 0x46b, 0x543, 0x6e1, 0x6e3, 0x6e5, 0x7a9];
/// Octets of a mark of identity, and of what stands behind the marks in front of a drawing and of another picture.
const MARK_OCTETS: usize = 16;
const DRAWING_FRONT: usize = 34;
const PICTURE_FRONT: usize = 1;

pub(super) fn is_locked(user: &[u8]) -> bool {
    u32_at(user, MARK) == Some(LOCKED)
}

/// The objects of a document.
pub(super) struct Objects {
    /// Where the edits begin.
    edits: Vec<usize>,
    /// Where each object begins, by its number.
    places: BTreeMap<u32, usize>,
    lock: usize,
}

fn usize_at(octets: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(octets, at)?).ok()
}

fn kind_at(stream: &[u8], at: usize) -> Option<u16> {
    u16_at(stream, at.checked_add(2)?)
}

/// What stands behind the head of a record of this kind.
fn record(stream: &[u8], at: usize, kind: u16) -> Option<&[u8]> {
    let start = at.checked_add(HEAD)?;
    let length = usize_at(stream, at.checked_add(4)?)?;
    stream.get(start..start.checked_add(length)?).filter(|_| kind_at(stream, at) == Some(kind))
}

impl Objects {
    /// Reads the directories of all edits, the last first: where two name one object, the later one holds.
    pub(super) fn read(user: &[u8], stream: &[u8]) -> Option<Self> {
        let mut at = usize_at(user, LAST_EDIT)?;
        let lock = u32_at(record(stream, at, EDIT)?, 28)?;
        let (mut edits, mut places) = (Vec::new(), BTreeMap::new());
        let mut room = stream.len().checked_div(4)?;
        loop {
            let edit = record(stream, at, EDIT)?;
            edits.push(at);
            let directory = record(stream, usize_at(edit, 12)?, DIRECTORY)?;
            let mut words = directory.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
            while let Some(head) = words.next() {
                let (first, count) = (head & 0x000f_ffff, head >> 20);
                for (number, place) in (first..).zip(words.by_ref().take(usize::try_from(count).ok()?)) {
                    room = room.checked_sub(1)?;
                    places.entry(number).or_insert(usize::try_from(place).ok()?);
                }
            }
            match usize_at(edit, 8)? {
                0 => break,
                earlier if earlier < at => at = earlier,
                _ => return None,
            }
            room = room.checked_sub(1)?;
        }
        let lock = *places.get(&lock)?;
        Some(Self { edits, places, lock })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    pub(super) fn lock(&self, stream: &[u8]) -> Option<Lock> {
        Lock::read(record(stream, self.lock, LOCK)?)
    }

    /// `PowerPoint Document` without its lock; nothing stands in the place of it.
    pub(super) fn open(&self, stream: &[u8], key: &Key) -> Option<Vec<u8>> {
        let mut plain = stream.to_vec();
        let mut room = stream.len();
        for (&number, &at) in &self.places {
            if matches!(kind_at(stream, at), Some(EDIT | DIRECTORY)) || at == self.lock {
                continue;
            }
            let mut keys = key.stream(number);
            let mut head: [u8; HEAD] = *stream.get(at..)?.first_chunk()?;
            keys.apply(&mut head);
            let length = HEAD.checked_add(usize_at(&head, 4)?)?;
            room = room.checked_sub(length)?;
            let object = plain.get_mut(at..at.checked_add(length)?)?;
            object.copy_from_slice(stream.get(at..at.checked_add(length)?)?);
            let (first, rest) = object.split_first_chunk_mut::<HEAD>()?;
            *first = head;
            keys.apply(rest);
        }
        let length = HEAD.checked_add(record(stream, self.lock, LOCK)?.len())?;
        plain.get_mut(self.lock..self.lock.checked_add(length)?)?.fill(0);
        for &at in &self.edits {
            if u32_at(stream, at.checked_add(4)?)? == EDIT_LOCKED {
                let edit = plain.get_mut(at..)?.get_mut(..EDIT_OCTETS)?;
                edit.get_mut(4..HEAD)?.copy_from_slice(&EDIT_PLAIN.to_le_bytes());
                edit.get_mut(EDIT_LOCK..)?.fill(0);
            }
        }
        Some(plain)
    }
}

/// `Current User`, which then says that nothing is locked.
pub(super) fn open_user(user: &[u8]) -> Option<Vec<u8>> {
    let mut plain = user.to_vec();
    plain.get_mut(MARK..LAST_EDIT)?.copy_from_slice(&PLAIN.to_le_bytes());
    Some(plain)
}

/// `Pictures`, of which every field is locked by itself under the same number; what follows upon something unknown
/// stays.
pub(super) fn open_pictures(stream: &[u8], key: &Key) -> Vec<u8> {
    let mut plain = stream.to_vec();
    let keys = key.stream(0);
    let mut rest = plain.as_mut_slice();
    while let Some(after) = open_picture(rest, &keys) {
        rest = after;
    }
    plain
}

/// Opens the picture in front; gives back what stands behind it.
fn open_picture<'o>(octets: &'o mut [u8], keys: &Stream) -> Option<&'o mut [u8]> {
    let (head, rest) = octets.split_first_chunk_mut::<HEAD>()?;
    keys.clone().apply(head);
    let (mut picture, after) = rest.split_at_mut_checked(usize_at(head, 4)?)?;
    let (flags, kind) = (u16_at(head, 0)?, u16_at(head, 2)?);
    let marks = if TWO_MARKS.contains(&(flags >> 4)) { 2 } else { 1 };
    let front = if DRAWINGS.contains(&kind) { DRAWING_FRONT } else { PICTURE_FRONT };
    for octets in std::iter::repeat_n(MARK_OCTETS, marks).chain([front]) {
        let field;
        (field, picture) = picture.split_at_mut_checked(octets)?;
        keys.clone().apply(field);
    }
    keys.clone().apply(picture);
    Some(after)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test files")]
mod tests {
    use super::super::cipher;
    use super::*;

    fn atom(kind: u16, octets: &[u8]) -> Vec<u8> {
        let length = u32::try_from(octets.len()).unwrap();
        [&[0, 0][..], &kind.to_le_bytes(), &length.to_le_bytes(), octets].concat()
    }

    fn words(words: &[usize]) -> Vec<u8> {
        words.iter().flat_map(|&word| u32::try_from(word).unwrap().to_le_bytes()).collect()
    }

    /// `Current User`, and the document behind a lock and without: two edits, of which the later one gives the second
    /// object anew, and the lock as the fourth object.
    fn locked(word: &str, sha1_key_octets: Option<u32>) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let (info, key) = cipher::tests::locked(word, sha1_key_octets);
        let objects = [(1, atom(0x03e8, b"first")), (2, atom(0x03ee, b"old")), (2, atom(0x03ee, &[7; 900]))];
        let (mut closed, mut plain, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (number, object) in objects {
            places.push(closed.len());
            plain.extend_from_slice(&object);
            let mut object = object;
            // The object that a later edit gives anew is not reached any more, and stays as it is.
            if places.len() != 2 {
                key.stream(number).apply(&mut object);
            }
            closed.extend(object);
        }
        let lock = closed.len();
        closed.extend(atom(LOCK, &info));
        plain.extend(vec![0; closed.len() - lock]);
        let mut earlier = 0;
        for entries in
            [&[1 | 2 << 20, places[0], places[1]][..], &[2 | 1 << 20, places[2], 4 | 1 << 20, lock]]
        {
            let (directory, at) = (closed.len(), closed.len() + HEAD + entries.len() * 4);
            let edit = atom(EDIT, &words(&[0, 0, earlier, directory, 1, 5, 0, 4]));
            let both = [atom(DIRECTORY, &words(entries)), edit].concat();
            closed.extend_from_slice(&both);
            plain.extend(both);
            plain[at + 4] = 0x1c;
            plain[at + EDIT_LOCK] = 0;
            earlier = at;
        }
        let user = atom(0x0ff6, &[words(&[20, 0, earlier]), vec![0; 8]].concat());
        let mut user = user;
        user[MARK..LAST_EDIT].copy_from_slice(&LOCKED.to_le_bytes());
        (user, closed, plain)
    }

    #[test]
    fn objects_of_all_edits_are_opened_and_the_lock_is_taken_out() {
        let (user, closed, plain) = locked("word", Some(16));
        assert!(is_locked(&user));
        let objects = Objects::read(&user, &closed).unwrap();
        let lock = objects.lock(&closed).unwrap();
        assert!(objects.count() == 3 && lock.key("no").is_none());
        let key = lock.key("word").unwrap();
        assert!(objects.open(&closed, &key).unwrap() == plain);
        assert!(!is_locked(&open_user(&user).unwrap()));
        for end in 0..closed.len() {
            let cut = &closed[..end];
            let _any = Objects::read(&user, cut).and_then(|objects| objects.open(cut, &key));
        }
        for at in 0..closed.len() {
            let mut other = closed.clone();
            other[at] ^= 0x41;
            let _any = Objects::read(&user, &other).and_then(|objects| objects.open(&other, &key));
        }
    }

    #[test]
    fn edits_in_a_ring_and_objects_in_one_another_end() {
        let (user, closed, _) = locked("word", Some(16));
        let last = usize_at(&user, LAST_EDIT).unwrap();
        let mut ring = closed.clone();
        ring[last + 16..last + 20].copy_from_slice(&words(&[last]));
        assert!(Objects::read(&user, &ring).is_none());
        // A thousand objects that are one.
        let (_, key) = cipher::tests::locked("word", Some(16));
        let objects = Objects { edits: Vec::new(), places: (0..1_000).map(|n| (n, 0)).collect(), lock: 8 };
        let stream = [vec![0x11; 8], atom(LOCK, &[])].concat();
        assert!(objects.open(&stream, &key).is_none());
    }

    #[test]
    fn pictures_are_opened_field_by_field() {
        let (_, key) = cipher::tests::locked("word", Some(16));
        let plain: Vec<u8> = [(0x6e0_u16, 0xf01e_u16, 17), (0x6e1, 0xf01e, 33), (0x3d4, 0xf01a, 50)]
            .into_iter()
            .flat_map(|(instance, kind, front)| {
                let mut picture = atom(kind, &vec![0x33; front + 9]);
                picture[..2].copy_from_slice(&(instance << 4).to_le_bytes());
                picture
            })
            .collect();
        let mut closed = plain.clone();
        let mut fields = Vec::new();
        for front in [vec![16, 1], vec![16, 16, 1], vec![16, 34]] {
            fields.extend([vec![HEAD], front, vec![9]].concat());
        }
        let mut rest = closed.as_mut_slice();
        for octets in fields {
            let field;
            (field, rest) = rest.split_at_mut(octets);
            key.stream(0).apply(field);
        }
        assert!(rest.is_empty() && open_pictures(&closed, &key) == plain);
        for end in 0..closed.len() {
            assert_eq!(open_pictures(&closed[..end], &key).len(), end);
        }
    }
}
