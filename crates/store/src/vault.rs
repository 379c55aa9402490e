//! Originals at rest: one age file each (age-encryption.org/v1), X25519 recipients, written once.
//!
//! *Security.* The octets are hostile and never looked at. The file is bound to its row by its digest and that of the
//! plaintext; both also stand in the audit chain.

use crate::StoreError;
use age::x25519::{Identity, Recipient};
use age::{Decryptor, Encryptor};
use policy::Sha256;
use sha2::Digest;
use std::io::{Read, Write};

pub(crate) fn digest(octets: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(octets).into())
}

/// Encrypts to all recipients. The working key's stanza comes first, because it is the one that is opened daily.
pub(crate) fn seal(
    working: Option<&Recipient>,
    vault: &[Recipient],
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let failed = StoreError::Damaged("age refused to encrypt");
    let all = working.into_iter().chain(vault).map(|recipient| recipient as &dyn age::Recipient);
    let Ok(encryptor) = Encryptor::with_recipients(all) else { return Err(failed) };
    let mut sealed = Vec::with_capacity(plain.len().saturating_add(1_024));
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(plain)?;
    writer.finish()?;
    Ok(sealed)
}

/// Decrypts; `size_octets` is what the row says the plaintext has, and more is never read.
pub(crate) fn open(identity: &Identity, sealed: &[u8], size_octets: u64) -> Result<Vec<u8>, StoreError> {
    let Ok(decryptor) = Decryptor::new_buffered(sealed) else {
        return Err(StoreError::Damaged("an original is not an age file"));
    };
    let identity = std::iter::once(identity as &dyn age::Identity);
    let Ok(mut reader) = decryptor.decrypt(identity) else { return Err(StoreError::NoKey) };
    let mut plain = Vec::with_capacity(usize::try_from(size_octets).unwrap_or_default().min(sealed.len()));
    let limit = size_octets.saturating_add(1);
    let read = reader.by_ref().take(limit).read_to_end(&mut plain);
    if read.is_err() || u64::try_from(plain.len()).ok() != Some(size_octets) {
        return Err(StoreError::Damaged("an original does not open whole"));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_opens_and_nobody_else() {
        let ids: Vec<_> = (0..3).map(|_| Identity::generate()).collect();
        let vault = [ids[1].to_public(), ids[2].to_public()];
        let sealed = seal(Some(&ids[0].to_public()), &vault, b"original").unwrap();
        for id in &ids {
            assert_eq!(open(id, &sealed, 8).unwrap(), b"original");
        }
        assert!(matches!(open(&Identity::generate(), &sealed, 8), Err(StoreError::NoKey)));
        assert!(open(&ids[0], &sealed, 7).is_err());
        assert!(open(&ids[0], &sealed[..sealed.len() - 1], 8).is_err());
        let mut flipped = sealed.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(open(&ids[0], &flipped, 8).is_err());
    }
}
