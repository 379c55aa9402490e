//! RC4 with a key of MD5 (\[MS-OFFCRYPTO\] 2.3.6) or of SHA-1 ("`CryptoAPI`", 2.3.5): the word → keys → plain octets.
//!
//! *Security.* Neither protects anything any more; they are here to be opened. A word is believed when the verifier of
//! the file says so, a hash of at least 16 octets.

use crate::compound::{u16_at, u32_at};
use md5::Md5;
use sha1::{Digest, Sha1};

/// Octets of a salt and of a verifier.
const SALT: usize = 16;
/// RC4 among the ciphers of `CryptoAPI`, and SHA-1 among its hashes; 0 leaves it to the program, which takes these.
const RC4: u32 = 0x6801;
const SHA1: u32 = 0x8004;
/// Bits of a key when the file names none.
const KEY_BITS: u32 = 40;
/// What trying one word costs, in rounds of key derivation.
pub(super) const ROUNDS: u64 = 8;

/// How a stream is locked, as its file says.
pub(super) struct Lock {
    kind: Kind,
    salt: [u8; SALT],
    verifier: [u8; SALT],
    verifier_hash: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Kind {
    Md5,
    Sha1 { key_octets: usize },
}

/// What the word and the salt make; of it come the keys of the blocks.
pub(super) struct Key {
    kind: Kind,
    base: Vec<u8>,
}

impl Lock {
    /// Reads the structure that begins with the version (2.3.5.1, 2.3.6.1); `None` when it is none of these.
    pub(super) fn read(info: &[u8]) -> Option<Self> {
        match (u16_at(info, 0)?, u16_at(info, 2)?) {
            (1, 1) => Some(Self {
                kind: Kind::Md5,
                salt: chunk(info, 4)?,
                verifier: chunk(info, 20)?,
                verifier_hash: info.get(36..52)?.to_vec(),
            }),
            (2..=4, 2) => {
                let size = usize::try_from(u32_at(info, 8)?).ok()?;
                let header = info.get(12..)?;
                let known =
                    |at, known| Some(matches!(u32_at(header, at)?, 0) || u32_at(header, at)? == known);
                let bits = u32_at(header, 16).map(|bits| if bits == 0 { KEY_BITS } else { bits })?;
                let key_octets = usize::try_from(bits.checked_div(8)?).ok()?;
                if !known(8, RC4)? || !known(12, SHA1)? || !(5..=16).contains(&key_octets) {
                    return None;
                }
                let verifier = header.get(size..)?;
                Some(Self {
                    kind: Kind::Sha1 { key_octets },
                    salt: chunk(verifier, 4)?,
                    verifier: chunk(verifier, 20)?,
                    verifier_hash: verifier.get(40..60)?.to_vec(),
                })
            }
            _ => None,
        }
    }

    /// The key, when the word is right.
    pub(super) fn key(&self, word: &str) -> Option<Key> {
        let word: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let base = match self.kind {
            Kind::Md5 => {
                let first = Md5::digest(&word);
                let once = [first.get(..5)?, &self.salt].concat();
                Md5::digest(once.repeat(16)).get(..5)?.to_vec()
            }
            Kind::Sha1 { .. } => Sha1::new().chain_update(self.salt).chain_update(&word).finalize().to_vec(),
        };
        let key = Key { kind: self.kind, base };
        let mut stream = key.stream(0);
        let mut verifier = self.verifier;
        stream.apply(&mut verifier);
        let mut expected = self.verifier_hash.clone();
        stream.apply(&mut expected);
        let is_right = match self.kind {
            Kind::Md5 => Md5::digest(verifier).as_slice() == expected,
            Kind::Sha1 { .. } => Sha1::digest(verifier).as_slice() == expected,
        };
        is_right.then_some(key)
    }
}

fn chunk(octets: &[u8], at: usize) -> Option<[u8; SALT]> {
    octets.get(at..)?.first_chunk().copied()
}

impl Key {
    /// The stream of a block, from its beginning.
    pub(super) fn stream(&self, block: u32) -> Stream {
        let block = block.to_le_bytes();
        match self.kind {
            Kind::Md5 => Stream::new(&Md5::new().chain_update(&self.base).chain_update(block).finalize()),
            Kind::Sha1 { key_octets } => {
                let hash = Sha1::new().chain_update(&self.base).chain_update(block).finalize();
                let mut key = hash.get(..key_octets).unwrap_or_default().to_vec();
                if key_octets == 5 {
                    // The short key is filled up (2.3.5.2).
                    key.resize(16, 0);
                }
                Stream::new(&key)
            }
        }
    }

    /// Decrypts octets that fill blocks of this size from the first block on.
    pub(super) fn open(&self, octets: &mut [u8], block_octets: usize) {
        for (block, chunk) in (0_u32..).zip(octets.chunks_mut(block_octets.max(1))) {
            self.stream(block).apply(chunk);
        }
    }
}

/// A running RC4.
#[derive(Clone)]
pub(super) struct Stream {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Stream {
    fn new(key: &[u8]) -> Self {
        let mut state: [u8; 256] = std::array::from_fn(|at| u8::try_from(at).unwrap_or(u8::MAX));
        let mut j = 0_u8;
        for (i, octet) in (0..=u8::MAX).zip(key.iter().cycle()) {
            j = j.wrapping_add(octet_at(&state, i)).wrapping_add(*octet);
            state.swap(usize::from(i), usize::from(j));
        }
        Self { state, i: 0, j: 0 }
    }

    /// Decrypts the octets that come next.
    pub(super) fn apply(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.i = self.i.wrapping_add(1);
            let at_i = octet_at(&self.state, self.i);
            self.j = self.j.wrapping_add(at_i);
            let at_j = octet_at(&self.state, self.j);
            self.state.swap(usize::from(self.i), usize::from(self.j));
            *octet ^= octet_at(&self.state, at_i.wrapping_add(at_j));
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "an octet is below 256")]
fn octet_at(state: &[u8; 256], at: u8) -> u8 {
    state[usize::from(at)]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A lock for a word, as a program would write it, and its key: of MD5, or of SHA-1 with so many octets.
    pub(in crate::legacy_lock) fn locked(word: &str, sha1_key_octets: Option<u32>) -> (Vec<u8>, Key) {
        let (salt, verifier) = ([7_u8; SALT], [9_u8; SALT]);
        let word: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (kind, base, mut hash) = match sha1_key_octets {
            None => {
                let once = [&Md5::digest(&word)[..5], &salt].concat();
                (Kind::Md5, Md5::digest(once.repeat(16))[..5].to_vec(), Md5::digest(verifier).to_vec())
            }
            Some(octets) => {
                let base = Sha1::digest([&salt[..], &word].concat()).to_vec();
                let kind = Kind::Sha1 { key_octets: usize::try_from(octets).unwrap() };
                (kind, base, Sha1::digest(verifier).to_vec())
            }
        };
        let key = Key { kind, base };
        let mut stream = key.stream(0);
        let mut hidden = verifier;
        stream.apply(&mut hidden);
        stream.apply(&mut hash);
        let info = match sha1_key_octets {
            None => [&[1, 0, 1, 0][..], &salt, &hidden, &hash].concat(),
            Some(octets) => {
                let name = [b'R', 0, 0, 0];
                let header: Vec<u8> = [4, 0, RC4, SHA1, octets.checked_mul(8).unwrap(), 1, 0, 0]
                    .iter()
                    .flat_map(|n: &u32| n.to_le_bytes())
                    .chain(name)
                    .collect();
                let size = u32::try_from(header.len()).unwrap().to_le_bytes();
                let of = |n: u32| n.to_le_bytes();
                [&[2, 0, 2, 0, 4, 0, 0, 0][..], &size, &header, &of(16), &salt, &hidden, &of(20), &hash]
                    .concat()
            }
        };
        (info, key)
    }

    #[test]
    fn the_stream_is_that_of_rfc_6229() {
        // RFC 6229 §2: keys of 40 and of 128 bits.
        let cases: [(&[u8], [u8; 8]); 2] = [
            (&[1, 2, 3, 4, 5], [0xb2, 0x39, 0x63, 0x05, 0xf0, 0x3d, 0xc0, 0x27]),
            (
                &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
                [0x9a, 0xc7, 0xcc, 0x9a, 0x60, 0x9d, 0x1e, 0xf7],
            ),
        ];
        for (key, expected) in cases {
            let mut octets = [0; 8];
            Stream::new(key).apply(&mut octets);
            assert_eq!(octets, expected);
        }
    }

    #[test]
    fn a_lock_opens_with_its_word_alone_and_any_cut_is_survived() {
        let mut ran = 0;
        for sha1 in [None, Some(5), Some(16)] {
            let (info, _) = locked("合言葉12", sha1);
            let lock = Lock::read(&info).unwrap();
            assert!(lock.key("合言葉12").is_some());
            assert!(lock.key("合言葉").is_none());
            for end in 0..info.len() {
                assert!(Lock::read(&info[..end]).is_none());
            }
            ran += 1;
        }
        assert_eq!(ran, 3);
        // Another cipher than RC4, a key of no known length.
        let (info, _) = locked("x", Some(16));
        for (at, octet) in [(20, 0x0e), (28, 0xff)] {
            let mut other = info.clone();
            other[at] = octet;
            assert!(Lock::read(&other).is_none(), "{at}");
        }
    }
}
