//! Originals at rest: one age file each (age-encryption.org/v1), to the vault's X25519 recipients and to the working
//! key of the day, written once.
//!
//! *Security.* The octets are hostile and never looked at. The file is bound to its row by its digest and that of the
//! plaintext; both also stand in the audit chain.

use crate::StoreError;
use crate::working::WorkingKey;
use age::x25519::Recipient;
use age::{Decryptor, Encryptor};
use policy::Sha256;
use sha2::Digest;
use std::io::{Read, Write};

pub(crate) fn digest(octets: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(octets).into())
}

/// Encrypts to all recipients. The working key's stanza comes first, because it is the one that is opened daily.
pub(crate) fn seal(
    working: Option<&WorkingKey>,
    vault: &[Recipient],
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let failed = StoreError::Damaged("age refused to encrypt");
    let working = working.into_iter().map(|key| key as &dyn age::Recipient);
    let all = working.chain(vault.iter().map(|recipient| recipient as &dyn age::Recipient));
    let Ok(encryptor) = Encryptor::with_recipients(all) else { return Err(failed) };
    let mut sealed = Vec::with_capacity(plain.len().saturating_add(1_024));
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(plain)?;
    writer.finish()?;
    Ok(sealed)
}

/// Decrypts; `size_octets` is what the row says the plaintext has, and more is never read.
pub(crate) fn open(
    identity: &dyn age::Identity,
    sealed: &[u8],
    size_octets: u64,
) -> Result<Vec<u8>, StoreError> {
    let Ok(decryptor) = Decryptor::new_buffered(sealed) else {
        return Err(StoreError::Damaged("an original is not an age file"));
    };
    let Ok(mut reader) = decryptor.decrypt(std::iter::once(identity)) else { return Err(StoreError::NoKey) };
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
    use crate::working::WorkingKeys;
    use age::x25519::Identity;

    #[test]
    fn each_recipient_opens_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let keys = WorkingKeys::open(dir.path()).unwrap();
        let (working, other) = (keys.current(0).unwrap(), keys.current(86_400).unwrap());
        let (portal, recovery) = (Identity::generate(), Identity::generate());
        let vault = [portal.to_public(), recovery.to_public()];
        let sealed = seal(Some(&working), &vault, b"original").unwrap();
        for identity in [&*working as &dyn age::Identity, &portal, &recovery] {
            assert_eq!(open(identity, &sealed, 8).unwrap(), b"original");
        }
        for identity in [&*other as &dyn age::Identity, &Identity::generate()] {
            assert!(matches!(open(identity, &sealed, 8), Err(StoreError::NoKey)));
        }
        assert!(open(&*working, &sealed, 7).is_err());
        assert!(open(&*working, &sealed[..sealed.len() - 1], 8).is_err());
        let mut flipped = sealed.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(open(&*working, &flipped, 8).is_err());
    }
}
