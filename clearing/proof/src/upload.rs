//! Uploads as they lie in a member's inbox, read one at a time.

use crate::error::ProofError;
use crate::fields::readable;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// Where an upload's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file that is opened only while it is proven.
    Path(PathBuf),
    /// Here.
    Bytes(Vec<u8>),
    /// Loaded only while it is proven.
    Load(Loader),
}

/// Fetches an upload's bytes from where only the caller knows.
#[derive(Clone)]
pub struct Loader(pub Arc<dyn Fn() -> io::Result<Vec<u8>> + Send + Sync>);

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loader")
    }
}

impl PartialEq for Loader {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Loader {}

/// One uploaded file (上送文件) under its final name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// File name, as the bytes the file system gives.
    pub name: Vec<u8>,
    /// The content.
    pub source: Source,
    /// Content of `NAME.sig`, when there is one.
    pub signature: Option<Vec<u8>>,
}

impl Upload {
    /// The whole content. It is held only by the caller, so that one file at a time is in memory.
    pub(crate) fn read(&self) -> Result<Cow<'_, [u8]>, ProofError> {
        match &self.source {
            Source::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Source::Path(path) => fs::read(path).map(Cow::Owned).map_err(|source| self.unreadable(source)),
            Source::Load(loader) => (loader.0)().map(Cow::Owned).map_err(|source| self.unreadable(source)),
        }
    }

    fn unreadable(&self, source: io::Error) -> ProofError {
        ProofError::Read { name: readable(&self.name), source }
    }
}

/// Lists the uploads of a folder, ordered by name, with their detached signatures.
///
/// Names ending in `.tmp` are not final and never read; names ending in `.sig` are signatures and never uploads;
/// anything that is not a regular file is ignored. Every other name is an upload, well-formed or not.
pub fn read_inbox(folder: &Path) -> io::Result<Vec<Upload>> {
    let mut uploads = BTreeMap::new();
    let mut signatures = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = name_bytes(entry.file_name());
        if name.ends_with(b".tmp") || !fs::metadata(entry.path())?.is_file() {
            continue;
        }
        if name.ends_with(b".sig") {
            signatures.insert((name, entry.path()));
        } else {
            uploads.insert(name, (entry.path(), None));
        }
    }
    for (name, path) in signatures {
        if let Some((_, signature)) = uploads.get_mut(&name[..name.len() - b".sig".len()]) {
            *signature = Some(fs::read(path)?);
        }
    }
    Ok(uploads
        .into_iter()
        .map(|(name, (path, signature))| Upload { name, source: Source::Path(path), signature })
        .collect())
}

#[cfg(unix)]
pub(crate) fn name_bytes(name: OsString) -> Vec<u8> {
    std::os::unix::ffi::OsStringExt::into_vec(name)
}

#[cfg(not(unix))]
pub(crate) fn name_bytes(name: OsString) -> Vec<u8> {
    name.into_string().map_or_else(|name| name.to_string_lossy().into_owned().into_bytes(), String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_holds_uploads_signatures_and_noise() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("TXU_20260901_10002900_000002.dat", "b");
        write("TXU_20260901_10002900_000001.dat", "a");
        write("TXU_20260901_10002900_000001.dat.sig", "signature");
        write("TXU_20260901_10002900_000003.dat.tmp", "half");
        write("stray.sig", "alone");
        write("notes.txt", "n");
        fs::create_dir(folder.path().join("old")).unwrap();
        let uploads = read_inbox(folder.path()).unwrap();
        let seen: Vec<_> = uploads.iter().map(|u| (readable(&u.name), u.signature.as_deref())).collect();
        assert_eq!(
            seen,
            [
                ("TXU_20260901_10002900_000001.dat".into(), Some(&b"signature"[..])),
                ("TXU_20260901_10002900_000002.dat".into(), None),
                ("notes.txt".into(), None),
            ]
        );
        assert_eq!(&*uploads[1].read().unwrap(), b"b");
    }
}
