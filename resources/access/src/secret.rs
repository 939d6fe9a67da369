//! The installation's secret (服务器密钥): what has to come back in the clear is sealed under it.
//!
//! It lives in a file of the data folder, readable by its owner only, and never in the database: a copy of the database
//! alone opens nothing. All nodes of an installation share it.

use crate::error::{AccessCode, AccessError};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use tongka_crypto::hmac_sm3;
use zeroize::Zeroizing;

const NONCE: usize = 12;
const LENGTH: usize = 32;

/// The secret of an installation.
pub struct ServerSecret {
    cipher: ChaCha20Poly1305,
    mac_key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerSecret")
    }
}

fn unusable(path: &Path, what: impl std::fmt::Display) -> AccessError {
    AccessError::new(AccessCode::Secret, format!("{}: {what}", path.display()))
}

impl ServerSecret {
    /// Reads the secret, or makes one where there is none.
    ///
    /// # Errors
    /// P25 for a file that cannot be read or made, has another length, or that others may read.
    pub fn open(path: &Path) -> Result<Self, AccessError> {
        match fs::metadata(path) {
            Ok(about) if about.permissions().mode() & 0o077 != 0 => {
                return Err(unusable(path, "others may read it; set its mode to 600"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => Self::make(path).map_err(|e| unusable(path, e))?,
            Err(error) => return Err(unusable(path, error)),
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(|e| unusable(path, e))?);
        let key: Zeroizing<[u8; LENGTH]> =
            Zeroizing::new(bytes.as_slice().try_into().map_err(|_| unusable(path, "it is not 32 bytes long"))?);
        let mac_key = Zeroizing::new(hmac_sm3(&*key, b"fingerprint"));
        Ok(Self { cipher: ChaCha20Poly1305::new(&Key::from(*key)), mac_key })
    }

    /// Written beside and then linked to its name, so that of two processes that begin at once one makes it and no half of it
    /// is ever seen.
    fn make(path: &Path) -> std::io::Result<()> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::fill(bytes.as_mut_slice());
        let beside = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let outcome = file.write_all(bytes.as_slice()).and_then(|()| file.sync_all());
        let outcome = outcome.and_then(|()| match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
        fs::remove_file(&beside)?;
        outcome
    }

    /// A fingerprint of bytes that tells nothing of them to who has not the secret; hex.
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        hex::encode_upper(hmac_sm3(&*self.mac_key, bytes))
    }

    /// Seals bytes; `about` says what they are, and opening takes the same words.
    pub(crate) fn seal(&self, about: &str, plain: &[u8]) -> String {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain, aad: about.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).expect("memory holds what is sealed twice");
        BASE64_STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed; P25 when it was sealed by another secret, for something else, or was changed.
    pub(crate) fn unseal(&self, about: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, AccessError> {
        let wrong = || AccessError::new(AccessCode::Secret, format!("{about} was not sealed by this installation"));
        let bytes = BASE64_STANDARD_NO_PAD.decode(sealed).map_err(|_| wrong())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        let payload = Payload { msg: sealed, aad: about.as_bytes() };
        Ok(Zeroizing::new(self.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| wrong())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_made_once_and_opens_only_what_it_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.secret");
        let secret = ServerSecret::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let sealed = secret.seal("key 1", b"value");
        let again = ServerSecret::open(&path).unwrap();
        assert_eq!(again.unseal("key 1", &sealed).unwrap().as_slice(), b"value");
        let other = ServerSecret::open(&folder.path().join("other")).unwrap();
        let code = |outcome: Result<Zeroizing<Vec<u8>>, AccessError>| outcome.unwrap_err().access_code();
        assert_eq!(code(again.unseal("key 2", &sealed)), Some(AccessCode::Secret));
        assert_eq!(code(other.unseal("key 1", &sealed)), Some(AccessCode::Secret));
        assert_eq!(code(again.unseal("key 1", "AAAA")), Some(AccessCode::Secret));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(ServerSecret::open(&path).unwrap_err().access_code(), Some(AccessCode::Secret));
        fs::write(folder.path().join("other"), b"short").unwrap();
        assert!(ServerSecret::open(&folder.path().join("other")).is_err());
    }
}
