//! Test keys (测试密钥): `[[tac_key]]` of a test scheme, in a file of the data folder that only its owner can read.
//!
//! SQL knows that a key is there and the digest of its file, never the key. The file's name is its digest: another
//! content is another file, and an old version finds the keys that it ran with.

use crate::error::{BookCode, MemberError, refuse};
use crate::rows::TacKeyEntry;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tongka_crypto::sm3;
use tongka_lake::durable::write_file;
use tongka_scheme::{TacKey, parse_tac_keys, render_tac_keys};

fn path_of(data: &Path, digest: &str) -> PathBuf {
    data.join("tac-keys").join(format!("{digest}.toml"))
}

/// Keeps keys in a file and returns its digest; the text of no keys has none.
pub(crate) fn keep_keys(data: &Path, keys: &[TacKey]) -> Result<String, MemberError> {
    if keys.is_empty() {
        return Ok(String::new());
    }
    let text = render_tac_keys(keys);
    let digest = hex::encode_upper(sm3(text.as_bytes()));
    let path = path_of(data, &digest);
    if !path.exists() {
        let failed = |source| MemberError::Io { path: path.clone(), source };
        let folder = path.parent().expect("inside the data folder");
        fs::create_dir_all(folder).map_err(failed)?;
        only_for_owner(folder, 0o700).map_err(failed)?;
        // The folder lets nobody else in while the file has the mode it was born with.
        write_file(&path, text.as_bytes())
            .map_err(|error| MemberError::Io { path: path.clone(), source: std::io::Error::other(error) })?;
        only_for_owner(&path, 0o600).map_err(failed)?;
    }
    Ok(digest)
}

#[cfg(unix)]
fn only_for_owner(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn only_for_owner(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

/// The keys that entries name, in order.
pub(crate) fn read_key_files<'a>(
    data: &Path,
    entries: impl Iterator<Item = &'a TacKeyEntry>,
) -> Result<Vec<TacKey>, MemberError> {
    let mut files: BTreeMap<&str, Vec<TacKey>> = BTreeMap::new();
    let mut keys = Vec::new();
    for entry in entries {
        let digest = entry.key_file.as_str();
        if !files.contains_key(digest) {
            files.insert(digest, read_file(data, digest)?);
        }
        let wanted = (entry.scheme, entry.version, entry.algorithm);
        let key = files[digest].iter().find(|key| (key.scheme, key.version, key.algorithm) == wanted);
        match key {
            Some(key) => keys.push(key.clone()),
            None => return missing(digest),
        }
    }
    Ok(keys)
}

fn missing<T>(digest: &str) -> Result<T, MemberError> {
    let text = format!("tac-keys/{digest}.toml");
    refuse(BookCode::TacKeys, "tac_key", text.clone(), text)
}

fn read_file(data: &Path, digest: &str) -> Result<Vec<TacKey>, MemberError> {
    let Ok(text) = fs::read_to_string(path_of(data, digest)) else { return missing(digest) };
    if hex::encode_upper(sm3(text.as_bytes())) != digest {
        return missing(digest);
    }
    // The errors of a scheme file never show a key, and neither do these.
    parse_tac_keys(&text, "tac-keys").map_err(MemberError::Scheme)
}
