//! Sealing with a key that is at hand: XChaCha20-Poly1305 with a random nonce, for drafts and records.
//!
//! A sealed text is a nonce of 24 octets, then ciphertext and tag. What it belongs to (kind of record, queue id,
//! zone) is authenticated with it, so that rows cannot be swapped.

use crate::StoreError;
use crate::ids::random;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// A key for sealing; wiped when dropped.
pub(crate) type SealKey = Zeroizing<[u8; 32]>;

const NONCE_OCTETS: usize = 24;

pub(crate) fn seal(key: &SealKey, belongs_to: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce = random::<NONCE_OCTETS>()?;
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let payload = Payload { msg: plain, aad: belongs_to.as_bytes() };
    let sealed = cipher.encrypt(XNonce::from_slice(&nonce), payload);
    let sealed = sealed.or(Err(StoreError::Damaged("a text is too long to be sealed")))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

pub(crate) fn open(key: &SealKey, belongs_to: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = StoreError::Damaged("a sealed text does not open");
    let Some((nonce, text)) = sealed.split_at_checked(NONCE_OCTETS) else { return Err(damaged) };
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let payload = Payload { msg: text, aad: belongs_to.as_bytes() };
    cipher.decrypt(XNonce::from_slice(nonce), payload).or(Err(damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_only_where_it_belongs() {
        let key = SealKey::new([7; 32]);
        let sealed = seal(&key, "draft 1", "件名".as_bytes()).unwrap();
        assert_eq!(open(&key, "draft 1", &sealed).unwrap(), "件名".as_bytes());
        assert!(open(&key, "draft 2", &sealed).is_err());
        assert!(open(&SealKey::new([8; 32]), "draft 1", &sealed).is_err());
        for index in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1;
            assert!(open(&key, "draft 1", &flipped).is_err());
            assert!(open(&key, "draft 1", &sealed[..index]).is_err());
        }
    }
}
