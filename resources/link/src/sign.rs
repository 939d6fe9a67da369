//! SM2 signatures over whole files (`.sig`: SM2 over SM3, DER, base64), and the key file that makes them.
//!
//! A key file holds a private key as ChaCha20-Poly1305 under Argon2id of a passphrase; its parameters and public key are
//! authenticated with it. The key is in memory only as long as the program runs, and wiped then.

use crate::disk::{open_plain, write_file};
use crate::{LinkCode, LinkError};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::Path;
use tongka_crypto::{Sm2Signer, Sm2Verifier, sm2_public_key};
use zeroize::Zeroizing;

const FORMAT: &str = "tongka-sm2-key-1";
/// Memory (KiB), passes and lanes of Argon2id.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// The DER bytes of a signature file; `None` when it is no base64.
pub fn read_signature(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok().filter(|der| der.first() == Some(&0x30) && der.len() > 8)
}

/// The text of a signature file over what a reader gives.
///
/// # Errors
/// What the reader says; a private key that is none.
pub fn sign_reader(source: &mut dyn Read, private: &[u8; 32]) -> io::Result<String> {
    let mut signer = Sm2Signer::new(private).ok_or_else(|| io::Error::other("no SM2 private key"))?;
    each_piece(source, |piece| signer.update(piece))?;
    Ok(STANDARD.encode(signer.sign()))
}

/// Whether a DER signature is right for what a reader gives.
///
/// # Errors
/// What the reader says.
pub fn verify_reader(source: &mut dyn Read, public: &[u8; 65], signature: &[u8]) -> io::Result<bool> {
    let Some(mut verifier) = Sm2Verifier::new(public) else { return Ok(false) };
    each_piece(source, |piece| verifier.update(piece))?;
    Ok(verifier.verify(signature))
}

/// Whether a DER signature is right for a file.
///
/// # Errors
/// Y12, Y21.
pub fn verify_file(path: &Path, public: &[u8; 65], signature: &[u8]) -> Result<bool, LinkError> {
    let mut file = open_plain(path).map_err(LinkError::io(path))?;
    verify_reader(&mut file, public, signature).map_err(LinkError::io(path))
}

fn each_piece(source: &mut dyn Read, mut piece: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(()),
            read => piece(&buffer[..read]),
        }
    }
}

/// A key file.
#[derive(Serialize, Deserialize)]
struct Sealed {
    format: String,
    public_key: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    nonce: String,
    private_key: String,
}

impl Sealed {
    /// What is authenticated beside the key.
    fn header(&self) -> String {
        let Self { format, public_key, memory_kib, passes, lanes, salt, .. } = self;
        format!("{format} {public_key} {memory_kib} {passes} {lanes} {salt}")
    }

    fn cipher(&self, passphrase: &str) -> Option<ChaCha20Poly1305> {
        // A file must not make its reader use more than it is worth.
        if self.format != FORMAT || self.memory_kib > 16 * COST.0 || self.passes > 16 * COST.1 || self.lanes > 16 {
            return None;
        }
        let salt = hex::decode(&self.salt).ok()?;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt, &mut *key)
            .ok()?;
        Some(ChaCha20Poly1305::new(&Key::from(*key)))
    }
}

/// Makes a new key, writes it into a file that must not exist, and returns its public key, `04…` in hex.
///
/// # Errors
/// Y17 the file exists, Y20 a passphrase shorter than 12 characters, Y21, Y22.
pub fn make_key_file(path: &Path, passphrase: &str) -> Result<String, LinkError> {
    if path.exists() {
        return Err(LinkError::new(LinkCode::Exists, path.display()));
    }
    if passphrase.chars().count() < 12 {
        return Err(LinkError::new(LinkCode::Invalid, "口令至少 12 位 passphrase has at least 12 characters"));
    }
    let (private, public) = loop {
        // All but about one in 2^32 of them are keys.
        let private = Zeroizing::new(rand::random::<[u8; 32]>());
        if let Some(public) = sm2_public_key(&private) {
            break (private, hex::encode_upper(public));
        }
    };
    let (salt, nonce): ([u8; 16], [u8; 12]) = (rand::random(), rand::random());
    let mut sealed = Sealed {
        format: FORMAT.to_owned(),
        public_key: public.clone(),
        memory_kib: COST.0,
        passes: COST.1,
        lanes: COST.2,
        salt: hex::encode_upper(salt),
        nonce: hex::encode_upper(nonce),
        private_key: String::new(),
    };
    let header = sealed.header();
    let payload = Payload { msg: private.as_slice(), aad: header.as_bytes() };
    let cipher = sealed.cipher(passphrase).expect("our own parameters");
    let encrypted = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|e| LinkError::new(LinkCode::Io, e))?;
    sealed.private_key = hex::encode_upper(encrypted);
    write_file(path, serde_json::to_string_pretty(&sealed).expect("plain data").as_bytes())?;
    Ok(public)
}

/// Reads a key file.
///
/// # Errors
/// Y12 no such file; Y18 another passphrase, or the file was altered.
pub fn read_key_file(path: &Path, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, LinkError> {
    let text = std::fs::read_to_string(path).map_err(LinkError::io(path))?;
    let open = || {
        let sealed: Sealed = serde_json::from_str(&text).ok()?;
        let nonce: [u8; 12] = hex::decode(&sealed.nonce).ok()?.try_into().ok()?;
        let encrypted = hex::decode(&sealed.private_key).ok()?;
        let header = sealed.header();
        let payload = Payload { msg: &encrypted, aad: header.as_bytes() };
        let private = Zeroizing::new(sealed.cipher(passphrase)?.decrypt(&Nonce::from(nonce), payload).ok()?);
        let private: Zeroizing<[u8; 32]> = Zeroizing::new(private.as_slice().try_into().ok()?);
        (hex::encode_upper(sm2_public_key(&private)?) == sealed.public_key).then_some(private)
    };
    open().ok_or_else(|| {
        let detail = format!("口令不符或文件被改动 another passphrase, or altered: {}", path.display());
        LinkError::new(LinkCode::Key, detail)
    })
}

/// Reads an uncompressed SM2 public key, `04…` in 130 hex digits.
///
/// # Errors
/// Y18.
pub fn read_sm2_public_key(text: &str) -> Result<[u8; 65], LinkError> {
    let key: Option<[u8; 65]> = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    key.filter(|key| Sm2Verifier::new(key).is_some())
        .ok_or_else(|| LinkError::new(LinkCode::Key, "SM2 公钥为 130 位十六进制 public key is 130 hex digits, 04…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_gives_its_key_to_its_passphrase_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("member.key");
        assert_eq!(make_key_file(&path, "short").unwrap_err().code(), Some(LinkCode::Invalid));
        let public = read_sm2_public_key(&make_key_file(&path, "correct horse battery").unwrap()).unwrap();
        assert_eq!(make_key_file(&path, "correct horse battery").unwrap_err().code(), Some(LinkCode::Exists));
        let private = read_key_file(&path, "correct horse battery").unwrap();
        assert_eq!(sm2_public_key(&private), Some(public));
        assert_eq!(read_key_file(&path, "correct horse batterz").unwrap_err().code(), Some(LinkCode::Key));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&hex::encode_upper(private.as_slice())));
        std::fs::write(&path, text.replace("\"passes\": 3", "\"passes\": 2")).unwrap();
        assert_eq!(read_key_file(&path, "correct horse battery").unwrap_err().code(), Some(LinkCode::Key));

        let message: Vec<u8> = (0..600_000_u32).map(|n| n as u8).collect();
        let signature = read_signature(&sign_reader(&mut message.as_slice(), &private).unwrap()).unwrap();
        assert!(verify_reader(&mut message.as_slice(), &public, &signature).unwrap());
        assert!(!verify_reader(&mut &message[1..], &public, &signature).unwrap());
        assert_eq!(read_signature("no base64!"), None);
    }
}
