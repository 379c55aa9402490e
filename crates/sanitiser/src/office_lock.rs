//! A locked Office document (\[MS-OFFCRYPTO\]: agile §2.3.4.10, standard §2.3.4.5) → the package in it.
//!
//! The password that Excel itself tries is tried first and without a word, because readers never asked for it either.
//!
//! *Security.* A password is believed when the verifier of the file says so, a hash of at least 20 octets. Rounds are
//! spent before they are run, whatever the file says of them. The package is read as any other; that its own MAC is not
//! looked at lets nobody in.

use crate::{archive::words, compound::Compound};
use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, BlockCipherDecrypt, KeyInit},
};
use data_encoding::BASE64;
use policy::{Budget, FindingCode, Findings};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};

/// What Excel locks write-protected workbooks with, which readers try unasked.
pub(crate) const DEFAULT: &str = "VelvetSweatshop";
/// Octets of a block of AES, and of a segment of a package (§2.3.4.15).
const BLOCK: usize = 16;
const SEGMENT: usize = 4_096;
/// Rounds of the standard way.
const STANDARD_ROUNDS: u32 = 50_000;
/// Longest description of the lock.
const INFO_OCTETS_MAX: usize = 64 << 10;

/// Whether a document is a package behind a lock.
pub(crate) fn is_locked(octets: &[u8]) -> bool {
    octets.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// Opens a document with one of the words.
pub(crate) fn open(
    octets: &[u8],
    given: &[String],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Vec<u8>, FindingCode> {
    let (info, package) = streams(octets).ok_or(FindingCode::Unreadable)?;
    let lock = Lock::read(&info).ok_or(FindingCode::Locked)?;
    for word in std::iter::once(DEFAULT.to_owned()).chain(words::texts(given)) {
        if let Err(exhausted) = budget.spend_unlocking(lock.rounds()) {
            findings.add(exhausted.0);
            break;
        }
        let Some(key) = lock.key(&word) else { continue };
        budget.spend_unpacked(u64::try_from(package.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
        if word != DEFAULT {
            findings.add(FindingCode::Unlocked);
        }
        // What is locked once more in there was made by no program, and could be so a thousand times.
        let opened = lock.package(&key, &package).filter(|opened| !is_locked(opened));
        return opened.ok_or(FindingCode::Unreadable);
    }
    findings.add(FindingCode::PasswordAwaited);
    Err(FindingCode::Locked)
}

/// `EncryptionInfo` and `EncryptedPackage`.
fn streams(octets: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let file = Compound::open(octets)?;
    let stream = |wanted: &str| {
        let (_, _, number) = file.streams(0).find(|(name, _, _)| *name == wanted)?;
        file.stream(number)
    };
    let info = stream("EncryptionInfo").filter(|info| info.len() <= INFO_OCTETS_MAX)?;
    Some((info, stream("EncryptedPackage")?))
}

/// A hash of the format.
#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn of<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            parts.iter().fold(D::new(), |hash, part| hash.chain_update(part)).finalize().to_vec()
        }
        match self {
            Self::Sha1 => of::<Sha1>(parts),
            Self::Sha256 => of::<Sha256>(parts),
            Self::Sha384 => of::<Sha384>(parts),
            Self::Sha512 => of::<Sha512>(parts),
        }
    }

    /// The hash of salt and word, hashed so many times with a counter in front.
    fn spun(self, salt: &[u8], word: &str, rounds: u32) -> Vec<u8> {
        fn spun<D: Digest>(salt: &[u8], word: &[u8], rounds: u32) -> Vec<u8> {
            let mut last = D::new().chain_update(salt).chain_update(word).finalize();
            for round in 0..rounds {
                last = D::new().chain_update(round.to_le_bytes()).chain_update(&last).finalize();
            }
            last.to_vec()
        }
        let word: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
        match self {
            Self::Sha1 => spun::<Sha1>(salt, &word, rounds),
            Self::Sha256 => spun::<Sha256>(salt, &word, rounds),
            Self::Sha384 => spun::<Sha384>(salt, &word, rounds),
            Self::Sha512 => spun::<Sha512>(salt, &word, rounds),
        }
    }
}

/// The two ways of locking.
enum Lock {
    Agile(Box<Agile>),
    Standard(Box<Standard>),
}

/// Agile: everything is said in XML.
struct Agile {
    hash: Hash,
    salt: Vec<u8>,
    package_hash: Hash,
    package_salt: Vec<u8>,
    rounds: u32,
    key_octets: usize,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
    key: Vec<u8>,
}

/// Standard: AES in ECB, SHA-1.
struct Standard {
    key_octets: usize,
    salt: Vec<u8>,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
}

impl Lock {
    fn read(info: &[u8]) -> Option<Self> {
        match info.split_first_chunk::<8>()? {
            ([4, 0, 4, 0, ..], xml) => {
                Agile::read(std::str::from_utf8(xml).ok()?).map(Box::new).map(Self::Agile)
            }
            ([2..=4, 0, 2, 0, ..], rest) => Standard::read(rest).map(Box::new).map(Self::Standard),
            _ => None,
        }
    }

    fn rounds(&self) -> u64 {
        match self {
            Self::Agile(agile) => u64::from(agile.rounds),
            Self::Standard(_) => u64::from(STANDARD_ROUNDS),
        }
    }

    /// The key of the package, when the word is right.
    fn key(&self, word: &str) -> Option<Vec<u8>> {
        match self {
            Self::Agile(agile) => agile.key(word),
            Self::Standard(standard) => standard.key(word),
        }
    }

    /// The package: its size, then its octets.
    fn package(&self, key: &[u8], package: &[u8]) -> Option<Vec<u8>> {
        let (size, packed) = package.split_first_chunk::<8>()?;
        let size = usize::try_from(u64::from_le_bytes(*size)).ok()?;
        let mut plain = match self {
            Self::Agile(agile) => {
                let mut plain = Vec::with_capacity(packed.len());
                for (number, segment) in (0_u32..).zip(packed.chunks(SEGMENT)) {
                    let start = agile.package_hash.of(&[&agile.package_salt, &number.to_le_bytes()]);
                    plain.extend(decrypted(key, Some(start.get(..BLOCK)?), segment)?);
                }
                plain
            }
            Self::Standard(_) => decrypted(key, None, packed)?,
        };
        if size > plain.len() {
            return None;
        }
        plain.truncate(size);
        plain.starts_with(b"PK\x03\x04").then_some(plain)
    }
}

/// The value of an attribute in the tag of an element.
fn attribute<'x>(tag: &'x str, name: &str) -> Option<&'x str> {
    let start = tag.find(&format!(" {name}=\""))?.checked_add(name.len())?.checked_add(3)?;
    tag.get(start..)?.split('"').next()
}

/// The tag of the first element of a name, whatever its prefix.
fn tag<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    xml.split('<').filter_map(|tag| tag.split('>').next()).find(|tag| {
        let named = tag.split(char::is_whitespace).next().unwrap_or_default();
        named.rsplit(':').next() == Some(name)
    })
}

fn hash_of(tag: &str) -> Option<Hash> {
    Some(match attribute(tag, "hashAlgorithm")? {
        "SHA1" | "SHA-1" => Hash::Sha1,
        "SHA256" | "SHA-256" => Hash::Sha256,
        "SHA384" | "SHA-384" => Hash::Sha384,
        "SHA512" | "SHA-512" => Hash::Sha512,
        _ => return None,
    })
}

impl Agile {
    fn read(xml: &str) -> Option<Self> {
        let (data, key) = (tag(xml, "keyData")?, tag(xml, "encryptedKey")?);
        for tag in [data, key] {
            let is_known = attribute(tag, "cipherAlgorithm") == Some("AES")
                && attribute(tag, "cipherChaining") == Some("ChainingModeCBC");
            if !is_known {
                return None;
            }
        }
        let octets = |tag, name| BASE64.decode(attribute(tag, name)?.as_bytes()).ok();
        let bits: usize = attribute(key, "keyBits")?.parse().ok()?;
        Some(Self {
            hash: hash_of(key)?,
            salt: octets(key, "saltValue")?,
            package_hash: hash_of(data)?,
            package_salt: octets(data, "saltValue")?,
            rounds: attribute(key, "spinCount")?.parse().ok()?,
            key_octets: bits.checked_div(8).filter(|octets| matches!(octets, 16 | 24 | 32))?,
            verifier: octets(key, "encryptedVerifierHashInput")?,
            verifier_hash: octets(key, "encryptedVerifierHashValue")?,
            key: octets(key, "encryptedKeyValue")?,
        })
    }

    fn key(&self, word: &str) -> Option<Vec<u8>> {
        let spun = self.hash.spun(&self.salt, word, self.rounds);
        let open = |purpose: [u8; 8], value: &[u8]| {
            let mut key = self.hash.of(&[&spun, &purpose]);
            key.resize(self.key_octets, 0x36);
            decrypted(&key, Some(self.salt.get(..BLOCK)?), value)
        };
        let verifier = open([0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79], &self.verifier)?;
        let expected = open([0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e], &self.verifier_hash)?;
        // The verifier is as long as the salt.
        let verifier = verifier.get(..self.salt.len())?;
        if !expected.starts_with(&self.hash.of(&[verifier])) {
            return None;
        }
        let mut key = open([0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6], &self.key)?;
        key.truncate(self.key_octets);
        Some(key)
    }
}

impl Standard {
    fn read(rest: &[u8]) -> Option<Self> {
        let word = |octets: &[u8], at: usize| {
            octets
                .get(at..)?
                .first_chunk()
                .copied()
                .map(u32::from_le_bytes)
                .and_then(|n| usize::try_from(n).ok())
        };
        let header = word(rest, 0)?;
        let bits = word(rest, 20)?;
        let verifier = rest.get(4_usize.checked_add(header)?..)?;
        if word(verifier, 0)? != BLOCK || word(verifier, 36)? != 20 {
            return None;
        }
        Some(Self {
            key_octets: bits.checked_div(8).filter(|octets| matches!(octets, 16 | 24 | 32))?,
            salt: verifier.get(4..20)?.to_vec(),
            verifier: verifier.get(20..36)?.to_vec(),
            verifier_hash: verifier.get(40..72)?.to_vec(),
        })
    }

    fn key(&self, word: &str) -> Option<Vec<u8>> {
        let spun = Hash::Sha1.spun(&self.salt, word, STANDARD_ROUNDS);
        let last = Hash::Sha1.of(&[&spun, &[0; 4]]);
        let mut key = Vec::new();
        for fill in [0x36_u8, 0x5c] {
            let padded: Vec<u8> =
                last.iter().copied().chain(std::iter::repeat(0)).take(64).map(|octet| octet ^ fill).collect();
            key.extend(Hash::Sha1.of(&[&padded]));
        }
        key.truncate(self.key_octets);
        let verifier = decrypted(&key, None, &self.verifier)?;
        let expected = decrypted(&key, None, &self.verifier_hash)?;
        expected.starts_with(&Hash::Sha1.of(&[&verifier])).then_some(key)
    }
}

/// AES, in CBC from a start vector or in ECB; what does not fill a block at the end is left out.
pub(crate) fn decrypted(key: &[u8], start: Option<&[u8]>, packed: &[u8]) -> Option<Vec<u8>> {
    match key.len() {
        16 => Some(blocks(&Aes128::new_from_slice(key).ok()?, start, packed)),
        24 => Some(blocks(&Aes192::new_from_slice(key).ok()?, start, packed)),
        32 => Some(blocks(&Aes256::new_from_slice(key).ok()?, start, packed)),
        _ => None,
    }
}

fn blocks<C: BlockCipherDecrypt>(cipher: &C, start: Option<&[u8]>, packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(packed.len());
    let mut before = start.unwrap_or_default();
    for chunk in packed.chunks_exact(BLOCK) {
        let mut block = Array::<u8, C::BlockSize>::default();
        for (place, octet) in block.iter_mut().zip(chunk) {
            *place = *octet;
        }
        cipher.decrypt_block(&mut block);
        for (place, octet) in block.iter_mut().zip(before) {
            *place ^= octet;
        }
        plain.extend_from_slice(&block);
        if start.is_some() {
            before = chunk;
        }
    }
    plain
}
