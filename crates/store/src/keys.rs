//! The long-lived keys: vault recipients (portal and recovery), the portal's vault key, the key that signs checkpoints.
//!
//! A key directory holds `vault.pub` (two age recipients, one a line), `vault.key` (the portal's age identity, 0600;
//! absent where originals are only taken in), `audit.key` (ed25519 seed, 0600) and `audit.pub`. The recovery key is
//! shown or written once, to a place of its own, and kept offline.
//!
//! *Security.* Secret files that others can read are refused. `Debug` prints no secret.

use crate::files::{private_dir, read_secret, write_new};
use crate::{StoreError, ids::random};
use age::secrecy::{ExposeSecret, SecretString};
use age::x25519::{Identity, Recipient};
use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer, SigningKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs, io};
use zeroize::Zeroizing;

/// The keys of one installation, loaded. Clones share them.
#[derive(Clone)]
pub struct Keys(Arc<Loaded>);

struct Loaded {
    recipients: Vec<Recipient>,
    identity: Option<Identity>,
    signing: SigningKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opens = if self.can_open_vault() { "opens the vault" } else { "public keys alone" };
        write!(f, "Keys({} recipients, {opens})", self.0.recipients.len())
    }
}

/// What `keys init` made. The recovery key is nowhere else.
pub struct NewKeys {
    /// The portal's recipient.
    pub portal_recipient: String,
    /// The recovery key's recipient.
    pub recovery_recipient: String,
    /// Public half of the key that signs checkpoints, in hexadecimal.
    pub audit_public: String,
    recovery: SecretString,
}

impl fmt::Debug for NewKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKeys({}, {})", self.portal_recipient, self.recovery_recipient)
    }
}

impl NewKeys {
    /// The recovery key, to be printed once and kept offline.
    pub fn recovery_key(&self) -> &str {
        self.recovery.expose_secret()
    }

    /// Writes the recovery key to a new file that only its owner may read.
    pub fn write_recovery_key(&self, path: &Path) -> Result<(), StoreError> {
        let text = Zeroizing::new(format!("{}\n", self.recovery_key()));
        write_new(path, text.as_bytes(), 0o600).map_err(|error| of_file(path, &error))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other failure is told in the same words")]
fn of_file(path: &Path, error: &io::Error) -> StoreError {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => "is not there",
        io::ErrorKind::PermissionDenied => "cannot be read, or others can read it (make it 0600)",
        io::ErrorKind::AlreadyExists => "is there already",
        _ => "cannot be read or written",
    };
    StoreError::Keys { path: path.display().to_string(), problem }
}

fn unsound(path: &Path) -> StoreError {
    StoreError::Keys { path: path.display().to_string(), problem: "is not a key of the expected kind" }
}

impl Keys {
    /// Makes a new set of keys in `dir`, which must not hold one yet.
    pub fn init(dir: &Path) -> Result<NewKeys, StoreError> {
        private_dir(dir).map_err(|error| of_file(dir, &error))?;
        let write = |name: &str, text: &str, mode| {
            let path = dir.join(name);
            write_new(&path, format!("{text}\n").as_bytes(), mode).map_err(|error| of_file(&path, &error))
        };
        let (portal, recovery) = (Identity::generate(), Identity::generate());
        let signing = SigningKey::from_bytes(&Zeroizing::new(random::<32>()?));
        let new = NewKeys {
            portal_recipient: portal.to_public().to_string(),
            recovery_recipient: recovery.to_public().to_string(),
            audit_public: HEXLOWER.encode(signing.verifying_key().as_bytes()),
            recovery: recovery.to_string(),
        };
        // `vault.pub` comes last: a directory without it counts as having no keys.
        write("vault.key", portal.to_string().expose_secret(), 0o600)?;
        write("audit.key", &Zeroizing::new(HEXLOWER.encode(signing.as_bytes())), 0o600)?;
        write("audit.pub", &new.audit_public, 0o644)?;
        write("vault.pub", &format!("{}\n{}", new.portal_recipient, new.recovery_recipient), 0o644)?;
        Ok(new)
    }

    /// Loads the keys of a directory. Without `vault.key` originals can be stored but not opened after three days.
    pub fn load(dir: &Path) -> Result<Self, StoreError> {
        let public = dir.join("vault.pub");
        let text = fs::read_to_string(&public).map_err(|error| of_file(&public, &error))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let recipients: Vec<Recipient> =
            lines.map(|line| line.parse().or(Err(unsound(&public)))).collect::<Result<_, _>>()?;
        if recipients.is_empty() {
            return Err(unsound(&public));
        }
        let private = dir.join("vault.key");
        let identity = match read_secret(&private).map(Zeroizing::new) {
            Ok(text) => Some(text.trim().parse::<Identity>().or(Err(unsound(&private)))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(of_file(&private, &error)),
        };
        let audit = dir.join("audit.key");
        let seed = Zeroizing::new(read_secret(&audit).map_err(|error| of_file(&audit, &error))?);
        let seed = Zeroizing::new(HEXLOWER.decode(seed.trim().as_bytes()).or(Err(unsound(&audit)))?);
        let seed = <[u8; 32]>::try_from(seed.as_slice()).map(Zeroizing::new).or(Err(unsound(&audit)))?;
        Ok(Self(Arc::new(Loaded { recipients, identity, signing: SigningKey::from_bytes(&seed) })))
    }

    /// The keys in `data_dir/keys`, made at the first call: for the demo and for loopback defaults only, because the
    /// recovery key (`recovery.key`) then lies beside what it protects.
    pub fn automatic(data_dir: &Path) -> Result<Self, StoreError> {
        let dir = data_dir.join("keys");
        if !dir.join("vault.pub").exists() {
            // An attempt that was cut off left keys that nothing was ever encrypted to.
            for name in ["vault.key", "audit.key", "audit.pub", "recovery.key"] {
                match fs::remove_file(dir.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(of_file(&dir, &error));
                    }
                    _ => {}
                }
            }
            Self::init(&dir)?.write_recovery_key(&dir.join("recovery.key"))?;
        }
        Self::load(&dir)
    }

    /// The path of the public half that verifies checkpoints.
    pub fn audit_public_path(dir: &Path) -> PathBuf {
        dir.join("audit.pub")
    }

    /// Whether originals can be opened here.
    pub fn can_open_vault(&self) -> bool {
        self.0.identity.is_some()
    }

    /// Public half of the key that signs checkpoints.
    pub fn audit_public(&self) -> [u8; 32] {
        self.0.signing.verifying_key().to_bytes()
    }

    pub(crate) fn recipients(&self) -> &[Recipient] {
        &self.0.recipients
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.0.identity.as_ref()
    }

    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.signing.sign(text).to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let new = Keys::init(dir.path()).unwrap();
        assert!(new.recovery_key().starts_with("AGE-SECRET-KEY-1"));
        let keys = Keys::load(dir.path()).unwrap();
        assert!(keys.can_open_vault());
        assert_eq!(keys.recipients().len(), 2);
        assert_eq!(HEXLOWER.encode(&keys.audit_public()), new.audit_public);
        assert!(Keys::init(dir.path()).is_err(), "a second set must not replace the first");
        fs::remove_file(dir.path().join("vault.key")).unwrap();
        assert!(!Keys::load(dir.path()).unwrap().can_open_vault());
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        Keys::init(dir.path()).unwrap();
        fs::set_permissions(dir.path().join("vault.key"), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keys::load(dir.path()), Err(StoreError::Keys { .. })));
    }
}
