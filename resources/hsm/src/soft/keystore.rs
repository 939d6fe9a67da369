//! The keystore (密钥库): a map of keys, and the file that keeps it.
//!
//! File: JSON with the parameters of Argon2id, a salt, a nonce and the keys as ChaCha20-Poly1305 of a JSON list; the
//! parameters are authenticated with it. It is written whole beside its name, synced and renamed, so that a crash leaves
//! the old or the new keys.

use crate::{HsmCode, HsmError, KeyInfo, KeySpec, Usage};
use argon2::{Algorithm as Kdf, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use tongka_base::Algorithm;
use zeroize::{Zeroize, Zeroizing};

/// Memory (KiB), passes and lanes of Argon2id.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// One key with its bytes.
pub(super) struct Entry {
    pub(super) spec: KeySpec,
    pub(super) kcv: [u8; 3],
    pub(super) value: Zeroizing<Vec<u8>>,
}

/// A key as the file has it, before encryption.
#[derive(Serialize, Deserialize)]
struct Plain {
    name: String,
    usage: Usage,
    sm4: bool,
    version: u8,
    index: u8,
    kcv: String,
    value: String,
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    format: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    nonce: String,
    keys: String,
}

const FORMAT: &str = "tongka-keystore-1";

impl Sealed {
    /// What is authenticated beside the keys.
    fn header(&self) -> String {
        format!("{} {} {} {} {}", self.format, self.memory_kib, self.passes, self.lanes, self.salt)
    }
}

/// Where the keystore is kept and under what.
struct Home {
    path: PathBuf,
    cost: (u32, u32, u32),
    salt: [u8; 16],
    master: Zeroizing<[u8; 32]>,
}

pub(super) struct Keystore {
    entries: BTreeMap<String, Entry>,
    home: Option<Home>,
    locks: Vec<region::LockGuard>,
    unlocked: usize,
    no_cores: bool,
}

fn failed(path: &Path, error: impl std::fmt::Display) -> HsmError {
    HsmError::new(HsmCode::Failed, format!("keystore {}: {error}", path.display()))
}

fn master(passphrase: &[u8], salt: &[u8], cost: (u32, u32, u32)) -> Result<Zeroizing<[u8; 32]>, HsmError> {
    let bad = |e: argon2::Error| HsmError::new(HsmCode::Keystore, e);
    let params = Params::new(cost.0, cost.1, cost.2, Some(32)).map_err(bad)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Kdf::Argon2id, Version::V0x13, params).hash_password_into(passphrase, salt, &mut *out).map_err(bad)?;
    Ok(out)
}

/// Keys of this process must not be written to disk when it ends badly.
fn forbid_cores() -> bool {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(rustix::process::Resource::Core, none).is_ok()
}

impl Keystore {
    pub(super) fn in_memory() -> Self {
        let no_cores = forbid_cores();
        Self { entries: BTreeMap::new(), home: None, locks: Vec::new(), unlocked: 0, no_cores }
    }

    pub(super) fn open(path: &Path, passphrase: &[u8]) -> Result<Self, HsmError> {
        let mut store = Self::in_memory();
        if !path.exists() {
            let salt = rand::random();
            store.home =
                Some(Home { path: path.to_owned(), cost: COST, salt, master: master(passphrase, &salt, COST)? });
            store.save()?;
            return Ok(store);
        }
        let text = std::fs::read_to_string(path).map_err(|e| failed(path, e))?;
        let altered = || HsmError::new(HsmCode::Keystore, path.display());
        let sealed: Sealed = serde_json::from_str(&text).map_err(|_| altered())?;
        let cost = (sealed.memory_kib, sealed.passes, sealed.lanes);
        // A file must not make its reader use more than it is worth.
        if sealed.format != FORMAT || cost.0 > 16 * COST.0 || cost.1 > 16 * COST.1 || cost.2 > 16 {
            return Err(altered());
        }
        let salt: [u8; 16] = hex::decode(&sealed.salt).ok().and_then(|s| s.try_into().ok()).ok_or_else(altered)?;
        let nonce: [u8; 12] = hex::decode(&sealed.nonce).ok().and_then(|s| s.try_into().ok()).ok_or_else(altered)?;
        let keys = hex::decode(&sealed.keys).map_err(|_| altered())?;
        let master = master(passphrase, &salt, cost)?;
        let header = sealed.header();
        let payload = Payload { msg: &keys, aad: header.as_bytes() };
        let cipher = ChaCha20Poly1305::new(&Key::from(*master));
        let plain = Zeroizing::new(cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| altered())?);
        let plain: Vec<Plain> = serde_json::from_slice(&plain).map_err(|_| altered())?;
        for key in plain {
            let value = Zeroizing::new(hex::decode(&key.value).map_err(|_| altered())?);
            let kcv = hex::decode(&key.kcv).ok().and_then(|k| k.try_into().ok()).ok_or_else(altered)?;
            let algorithm = if key.sm4 { Algorithm::Sm4 } else { Algorithm::Tdes };
            let spec =
                KeySpec { name: key.name.clone(), usage: key.usage, algorithm, version: key.version, index: key.index };
            store.put(Entry { spec, kcv, value });
        }
        store.home = Some(Home { path: path.to_owned(), cost, salt, master });
        Ok(store)
    }

    fn put(&mut self, entry: Entry) {
        match region::lock(entry.value.as_ptr(), entry.value.len()) {
            Ok(guard) => self.locks.push(guard),
            Err(_) => self.unlocked += 1,
        }
        self.entries.insert(entry.spec.name.clone(), entry);
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.home.as_ref().map(|home| home.path.as_path())
    }

    /// Whether every key is in memory that is never swapped out.
    pub(super) fn memory_locked(&self) -> bool {
        self.unlocked == 0
    }

    /// Whether this process leaves no memory image behind when it ends badly.
    pub(super) fn leaves_no_core(&self) -> bool {
        self.no_cores
    }

    pub(super) fn get(&self, name: &str) -> Result<&Entry, HsmError> {
        // A name comes from outside: only one that can be a key's is repeated.
        let shown: String = name.chars().take(48).filter(|c| c.is_ascii_graphic()).collect();
        self.entries.get(name).ok_or_else(|| HsmError::new(HsmCode::NotFound, shown))
    }

    pub(super) fn infos(&self) -> Vec<KeyInfo> {
        self.entries.values().map(|e| KeyInfo { spec: e.spec.clone(), kcv: e.kcv }).collect()
    }

    /// Adds a key; it stays only when the file has it too.
    pub(super) fn insert(&mut self, entry: Entry) -> Result<(), HsmError> {
        let name = entry.spec.name.clone();
        if self.entries.contains_key(&name) {
            return Err(HsmError::new(HsmCode::Exists, name));
        }
        self.put(entry);
        self.save().inspect_err(|_| drop(self.entries.remove(&name)))
    }

    /// Removes a key, from the file too.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), HsmError> {
        self.get(name)?;
        let entry = self.entries.remove(name).expect("found above");
        self.save().inspect_err(|_| drop(self.entries.insert(name.to_owned(), entry)))
    }

    fn save(&self) -> Result<(), HsmError> {
        match &self.home {
            Some(home) => self.write(home),
            None => Ok(()),
        }
    }

    pub(super) fn backup(&self, path: &Path, passphrase: &[u8]) -> Result<(), HsmError> {
        if path.exists() {
            return Err(HsmError::new(HsmCode::Exists, path.display()));
        }
        let salt = rand::random();
        self.write(&Home { path: path.to_owned(), cost: COST, salt, master: master(passphrase, &salt, COST)? })
    }

    fn write(&self, home: &Home) -> Result<(), HsmError> {
        let plain: Vec<Plain> = self
            .entries
            .values()
            .map(|e| Plain {
                name: e.spec.name.clone(),
                usage: e.spec.usage,
                sm4: e.spec.algorithm == Algorithm::Sm4,
                version: e.spec.version,
                index: e.spec.index,
                kcv: hex::encode_upper(e.kcv),
                value: hex::encode_upper(e.value.as_slice()),
            })
            .collect();
        let plain = Zeroizing::new(serde_json::to_vec(&plain).expect("plain data"));
        let nonce: [u8; 12] = rand::random();
        let mut sealed = Sealed {
            format: FORMAT.to_owned(),
            memory_kib: home.cost.0,
            passes: home.cost.1,
            lanes: home.cost.2,
            salt: hex::encode_upper(home.salt),
            nonce: hex::encode_upper(nonce),
            keys: String::new(),
        };
        let header = sealed.header();
        let payload = Payload { msg: &plain, aad: header.as_bytes() };
        let cipher = ChaCha20Poly1305::new(&Key::from(*home.master));
        let keys = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| failed(&home.path, "encryption"))?;
        sealed.keys = hex::encode_upper(keys);
        let text = serde_json::to_string_pretty(&sealed).expect("plain data");
        let write = || -> std::io::Result<()> {
            let dir = home.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::create_dir_all(dir)?;
            // A file made here is readable by its owner only.
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&home.path)?;
            File::open(dir)?.sync_all()
        };
        write().map_err(|e| failed(&home.path, e))
    }
}
