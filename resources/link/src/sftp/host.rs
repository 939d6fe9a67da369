//! The server's own keys.

use crate::disk::{open_plain, write_file};
use crate::{LinkCode, LinkError};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey};
use std::io::Read;
use std::path::Path;

/// The host keys, Ed25519 and ECDSA P-256, made on the first start. Members pin their fingerprints.
///
/// # Errors
/// Y18 a file that is no key, Y21, Y22.
pub fn host_keys(data: &Path) -> Result<Vec<PrivateKey>, LinkError> {
    let kinds =
        [("host_ed25519", Algorithm::Ed25519), ("host_ecdsa", Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })];
    kinds.into_iter().map(|(name, algorithm)| host_key(&data.join(name), algorithm)).collect()
}

fn host_key(path: &Path, algorithm: Algorithm) -> Result<PrivateKey, LinkError> {
    let bad = |e: russh::keys::ssh_key::Error| LinkError::new(LinkCode::Key, format!("{}: {e}", path.display()));
    if !path.exists() {
        let key = PrivateKey::random(&mut rand::rng(), algorithm).map_err(bad)?;
        // A file made here is readable by its owner only.
        write_file(path, key.to_openssh(LineEnding::LF).map_err(bad)?.as_bytes())?;
    }
    let mut text = String::new();
    open_plain(path).and_then(|mut f| f.read_to_string(&mut text)).map_err(LinkError::io(path))?;
    PrivateKey::from_openssh(text).map_err(bad)
}
