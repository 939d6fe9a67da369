//! What lies in an inbox: candidates for intake, in the order in which they are taken in.

use crate::ExchangeError;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use tongka_lake::LakeError;
use tongka_wire::{FileName, Kind};

/// A file that asks to be taken in.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Name in the folder, as text; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The name read as the name of an upload; `None` is F01.
    pub upload: Option<FileName>,
}

/// Lists the candidates of the folders: well-formed names by (DATE, MEMBER, SEQ), then the others by bytes.
///
/// Names ending in `.tmp` are not finished and never read; `.sig` belongs to the upload beside it; folders are passed
/// over. Of two files with one name the one in the earlier folder counts.
pub fn candidates(folders: &[&Path]) -> Result<Vec<Candidate>, ExchangeError> {
    let mut names: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for folder in folders {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(folder).map_err(LakeError::io(folder))? {
            let entry = entry.map_err(LakeError::io(folder))?;
            let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
            let name = entry.file_name();
            let text = name.as_encoded_bytes();
            if !is_folder && !text.ends_with(b".tmp") && !text.ends_with(b".sig") {
                names.entry(name).or_insert_with(|| entry.path());
            }
        }
    }
    let mut all: Vec<Candidate> = names
        .into_iter()
        .map(|(name, path)| {
            let upload = name.to_str().and_then(|n| FileName::parse(n).ok()).filter(|n| n.kind == Kind::Txu);
            Candidate { name: name.to_string_lossy().into_owned(), path, upload }
        })
        .collect();
    all.sort_by_key(|c| c.upload.map_or((1, None), |u| (0, Some((u.date, u.member, u.sequence)))));
    Ok(all)
}
