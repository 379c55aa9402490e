//! Locked zip members: the old cipher of PKWARE (APPNOTE §6.1) and the `AES` of `WinZip` (AE-1 and AE-2).
//!
//! *Security.* A password is never believed for the one octet (or two) that the header offers as a check: the CRC of the
//! content or the MAC over the packed octets decides. What deriving a key costs is spent before it is derived.

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Rounds of PBKDF2 that `WinZip` takes.
const ROUNDS: u32 = 1_000;
/// Octets of the MAC behind the content.
const MAC_OCTETS: usize = 10;
/// Octets in front of a member locked in the old way.
const OLD_HEAD_OCTETS: usize = 12;

/// The packed octets of a member locked in the old way, decrypted, when the word may be right.
pub(super) fn old(content: &[u8], check: u8, word: &[u8]) -> Option<Vec<u8>> {
    let (head, packed) = content.split_at_checked(OLD_HEAD_OCTETS)?;
    let mut keys = Keys::new(word);
    let last = head.iter().map(|&octet| keys.decrypt(octet)).last()?;
    (last == check).then(|| packed.iter().map(|&octet| keys.decrypt(octet)).collect())
}

/// The three running keys.
struct Keys(u32, u32, u32);

impl Keys {
    fn new(word: &[u8]) -> Self {
        let mut keys = Self(0x1234_5678, 0x2345_6789, 0x3456_7890);
        for &octet in word {
            keys.update(octet);
        }
        keys
    }

    fn update(&mut self, octet: u8) {
        self.0 = crc_step(self.0, octet);
        self.1 = self.1.wrapping_add(self.0 & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        let [.., high] = self.1.to_le_bytes();
        self.2 = crc_step(self.2, high);
    }

    fn decrypt(&mut self, octet: u8) -> u8 {
        let low = (self.2 | 2) & 0xffff;
        let [_, mask, ..] = low.wrapping_mul(low ^ 1).to_le_bytes();
        let plain = octet ^ mask;
        self.update(plain);
        plain
    }
}

#[expect(clippy::indexing_slicing, reason = "the index stays below 256, and the compiler runs this")]
/// The table of CRC-32 (polynomial `0xedb8_8320`).
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut octet = 0_u32;
    while octet < 256 {
        let mut sum = octet;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
            bit += 1;
        }
        table[octet as usize] = sum;
        octet += 1;
    }
    table
};

fn crc_step(sum: u32, octet: u8) -> u32 {
    let [low, ..] = (sum ^ u32::from(octet)).to_le_bytes();
    CRC.get(usize::from(low)).copied().unwrap_or_default() ^ (sum >> 8)
}

/// Sizes for a strength of 1 to 3: key and salt.
const fn sizes(strength: u8) -> (usize, usize) {
    match strength {
        1 => (16, 8),
        2 => (24, 12),
        _ => (32, 16),
    }
}

/// Rounds that one try costs.
pub(super) fn aes_rounds(strength: u8) -> u64 {
    let (key, _) = sizes(strength);
    let blocks = key.saturating_mul(2).saturating_add(2).div_ceil(20);
    u64::from(ROUNDS).saturating_mul(u64::try_from(blocks).unwrap_or(u64::MAX))
}

/// The packed octets of a member locked with `AES`, decrypted, when the MAC says that the word is right.
pub(super) fn aes(content: &[u8], strength: u8, word: &[u8]) -> Option<Vec<u8>> {
    let (key_octets, salt_octets) = sizes(strength);
    let (salt, rest) = content.split_at_checked(salt_octets)?;
    let (check, rest) = rest.split_at_checked(2)?;
    let (packed, mac) = rest.split_at_checked(rest.len().checked_sub(MAC_OCTETS)?)?;
    let derived = pbkdf2(word, salt, ROUNDS, key_octets.saturating_mul(2).saturating_add(2));
    let (key, derived) = derived.split_at_checked(key_octets)?;
    let (mac_key, expected) = derived.split_at_checked(key_octets)?;
    if expected != check {
        return None;
    }
    let mut hmac = Hmac::<Sha1>::new_from_slice(mac_key).ok()?;
    hmac.update(packed);
    hmac.verify_truncated_left(mac).ok()?;
    match strength {
        1 => counted::<Aes128>(key, packed),
        2 => counted::<Aes192>(key, packed),
        _ => counted::<Aes256>(key, packed),
    }
}

/// Counter mode whose counter begins at 1 and has its lowest octet first.
fn counted<C: KeyInit + BlockCipherEncrypt>(key: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut plain = Vec::with_capacity(packed.len());
    for (counter, chunk) in (1_u128..).zip(packed.chunks(16)) {
        let mut block = Array::<u8, C::BlockSize>::default();
        for (place, octet) in block.iter_mut().zip(counter.to_le_bytes()) {
            *place = octet;
        }
        cipher.encrypt_block(&mut block);
        plain.extend(chunk.iter().zip(&block).map(|(octet, mask)| octet ^ mask));
    }
    Some(plain)
}

/// PBKDF2 with HMAC-SHA-1 (RFC 8018 §5.2).
pub(crate) fn pbkdf2(word: &[u8], salt: &[u8], rounds: u32, octets: usize) -> Vec<u8> {
    let mut derived = Vec::with_capacity(octets.saturating_add(20));
    let Ok(keyed) = Hmac::<Sha1>::new_from_slice(word) else { return derived };
    for index in 1_u32.. {
        if derived.len() >= octets {
            break;
        }
        let mut hmac = keyed.clone();
        hmac.update(salt);
        hmac.update(&index.to_be_bytes());
        let mut last = hmac.finalize().into_bytes();
        let mut block = last;
        for _ in 1..rounds {
            let mut hmac = keyed.clone();
            hmac.update(&last);
            last = hmac.finalize().into_bytes();
            for (sum, octet) in block.iter_mut().zip(&last) {
                *sum ^= octet;
            }
        }
        derived.extend_from_slice(&block);
    }
    derived.truncate(octets);
    derived
}
