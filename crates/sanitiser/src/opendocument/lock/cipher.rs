//! The word → the key of a member → its octets.

use crate::{archive::zip_lock::pbkdf2, office_lock};
use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};
use argon2::{Algorithm, Argon2, Params, Version};
use blowfish::Blowfish;
use flate2::read::DeflateDecoder;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::io::Read;

/// Octets of which a checksum is made, and of which they are decrypted.
const CHECKED_OCTETS: usize = 1_024;
const DECRYPTED_OCTETS: usize = 1_056;
/// Octets of a block of AES, of a start vector of GCM, and of what GCM puts behind.
const BLOCK: usize = 16;
const GCM_START: usize = 12;
const GCM_TAG: usize = 16;
/// Octets of a block of Blowfish.
const SMALL_BLOCK: usize = 8;
/// Octets of PBKDF2 that one run gives.
const SHA1_OCTETS: usize = 20;
/// Rounds that filling one KiB of Argon2id costs.
const ROUNDS_PER_KIB: u64 = 4;

/// A hash of the format.
#[derive(Clone, Copy)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

#[derive(Clone, Copy)]
pub(super) enum Cipher {
    /// Filled up to whole blocks as in XML Encryption 1.1 §5.2.
    AesCbc,
    /// The start vector in front, the tag behind.
    AesGcm,
    /// Each block under the one before it.
    BlowfishCfb,
}

#[derive(Clone, Copy)]
pub(super) enum Derivation {
    Pbkdf2 { rounds: u32 },
    Argon2id { passes: u32, memory_kib: u32, lanes: u32 },
}

/// How a member is locked.
pub(super) struct Entry {
    /// Octets that it unpacks to.
    pub(super) size_octets: u64,
    pub(super) cipher: Cipher,
    pub(super) start_vector: Vec<u8>,
    pub(super) start: Hash,
    pub(super) derivation: Derivation,
    pub(super) salt: Vec<u8>,
    pub(super) key_octets: usize,
    pub(super) checksum: Option<(Hash, Vec<u8>)>,
}

/// By what a word is believed.
#[derive(Clone, Copy)]
pub(super) enum Proof {
    Checksum,
    /// What comes out begins as a package.
    Package,
}

impl Hash {
    fn of(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }
}

impl Entry {
    /// What deriving the key costs.
    pub(super) fn rounds(&self) -> u64 {
        match self.derivation {
            Derivation::Pbkdf2 { rounds } => {
                let runs = u64::try_from(self.key_octets.div_ceil(SHA1_OCTETS)).unwrap_or(u64::MAX);
                u64::from(rounds).saturating_mul(runs)
            }
            Derivation::Argon2id { passes, memory_kib, .. } => {
                u64::from(passes).saturating_mul(u64::from(memory_kib)).saturating_mul(ROUNDS_PER_KIB)
            }
        }
    }

    fn key(&self, word: &str) -> Option<Vec<u8>> {
        let start = self.start.of(word.as_bytes());
        match self.derivation {
            Derivation::Pbkdf2 { rounds } => Some(pbkdf2(&start, &self.salt, rounds, self.key_octets)),
            Derivation::Argon2id { passes, memory_kib, lanes } => {
                let mut key = vec![0; self.key_octets];
                let parameters = Params::new(memory_kib, passes, lanes, Some(self.key_octets)).ok()?;
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
                argon2.hash_password_into(&start, &self.salt, &mut key).ok()?;
                Some(key)
            }
        }
    }

    /// Whether a member opens with the word.
    pub(super) fn is_opened_by(&self, word: &str, packed: &[u8], proof: Proof) -> bool {
        let Some(key) = self.key(word) else { return false };
        match (proof, &self.checksum) {
            (Proof::Checksum, Some((hash, sum))) => {
                let front = packed.get(..DECRYPTED_OCTETS).unwrap_or(packed);
                let Some(mut plain) = self.decrypted(&key, front) else { return false };
                if front.len() == packed.len() {
                    self.unfill(&mut plain);
                }
                plain.truncate(CHECKED_OCTETS);
                *sum == hash.of(&plain)
            }
            (Proof::Checksum, None) => false,
            (Proof::Package, _) => {
                let front = packed.get(..DECRYPTED_OCTETS).unwrap_or(packed);
                let Some(plain) = self.decrypted(&key, front) else { return false };
                let mut begin = [0; 4];
                DeflateDecoder::new(plain.as_slice()).read_exact(&mut begin).is_ok()
                    && begin == *b"PK\x03\x04"
            }
        }
    }

    /// The deflated octets of a member.
    pub(super) fn plain(&self, word: &str, packed: &[u8]) -> Option<Vec<u8>> {
        let packed = match self.cipher {
            Cipher::AesCbc | Cipher::BlowfishCfb => packed,
            Cipher::AesGcm => packed.get(..packed.len().checked_sub(GCM_TAG)?)?,
        };
        let mut plain = self.decrypted(&self.key(word)?, packed)?;
        self.unfill(&mut plain);
        Some(plain)
    }

    /// The last octet says how many fill up the last block.
    fn unfill(&self, plain: &mut Vec<u8>) {
        match self.cipher {
            Cipher::AesCbc => {
                let filled = plain.last().map_or(0, |last| usize::from(*last)).min(BLOCK);
                plain.truncate(plain.len().saturating_sub(filled));
            }
            Cipher::AesGcm | Cipher::BlowfishCfb => {}
        }
    }

    fn decrypted(&self, key: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
        match self.cipher {
            Cipher::AesCbc => office_lock::decrypted(key, Some(self.start_vector.get(..BLOCK)?), packed),
            Cipher::AesGcm => {
                let (start, packed) = packed.split_first_chunk::<GCM_START>()?;
                match key.len() {
                    16 => counted::<Aes128>(key, start, packed),
                    24 => counted::<Aes192>(key, start, packed),
                    _ => counted::<Aes256>(key, start, packed),
                }
            }
            Cipher::BlowfishCfb => fed_back(key, self.start_vector.get(..SMALL_BLOCK)?, packed),
        }
    }
}

/// Counter mode as GCM uses it (NIST SP 800-38D §7.1): the content begins at the second count.
fn counted<C: KeyInit + BlockCipherEncrypt>(
    key: &[u8],
    start: &[u8; GCM_START],
    packed: &[u8],
) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut plain = Vec::with_capacity(packed.len());
    for (counter, chunk) in (2_u32..).zip(packed.chunks(BLOCK)) {
        let mut block = Array::<u8, C::BlockSize>::default();
        for (place, octet) in block.iter_mut().zip(start.iter().copied().chain(counter.to_be_bytes())) {
            *place = octet;
        }
        cipher.encrypt_block(&mut block);
        plain.extend(chunk.iter().zip(&block).map(|(octet, mask)| octet ^ mask));
    }
    Some(plain)
}

/// Blowfish whose stream is made of the octets before it (NIST SP 800-38A §6.3, whole blocks).
fn fed_back(key: &[u8], start: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
    let cipher: Blowfish = Blowfish::new_from_slice(key).ok()?;
    let mut plain = Vec::with_capacity(packed.len());
    let mut before = start;
    for chunk in packed.chunks(SMALL_BLOCK) {
        let mut block = Array::try_from(before).ok()?;
        cipher.encrypt_block(&mut block);
        plain.extend(chunk.iter().zip(&block).map(|(octet, mask)| octet ^ mask));
        before = chunk;
    }
    Some(plain)
}
