//! The transaction lake (交易湖): immutable files per (clearing date, upload), on a local folder or NAS.
//!
//! For every accepted upload there are two files: its raw bytes ([`archive`]) and its records as Parquet columns sorted
//! by card ([`table`]). A file becomes visible in the SQL transaction that accepts its upload; one that SQL does not
//! name is an orphan and is swept. Two things are derived from them: [`keys`], by which a transaction is recognised
//! again, and [`cards`], by which a card's records are found.
//!
//! Invariants: a visible file is complete, on disk and never changed; nothing here reads SQL; Parquet is named in this
//! crate only.

pub mod archive;
pub mod cards;
pub mod durable;
pub mod keys;
mod run;
pub mod table;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tongka_base::Date;
use tongka_base::date::format_date;

/// A failure below the lake: the outside broke, or a file is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The file system failed: full disk, lost mount, missing file.
    #[error("L01 文件读写失败 file system failed on {path}: {source}")]
    Io {
        /// File.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// A file is damaged: its bytes are not those that were written.
    #[error("L02 文件损坏 damaged file {path}: {what}")]
    Damaged {
        /// File.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
}

impl LakeError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "L01",
            Self::Damaged { .. } => "L02",
        }
    }

    /// Wraps an I/O error with its path.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, what: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.to_string() }
    }
}

/// Where the lake's files are.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

impl Lake {
    /// A lake under a folder; nothing is created yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Folder of one clearing date.
    pub fn day_dir(&self, date: Date) -> PathBuf {
        self.root.join(format_date(date))
    }

    /// Parquet file of an upload.
    pub fn table_path(&self, date: Date, upload: &str) -> PathBuf {
        self.day_dir(date).join(upload).with_extension("parquet")
    }

    /// Raw bytes of an upload.
    pub fn archive_path(&self, date: Date, upload: &str) -> PathBuf {
        self.day_dir(date).join(upload).with_extension("raw")
    }

    /// Folder of the key files of closed dates.
    pub(crate) fn keys_dir(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Removes every file of a date that no accepted upload owns: what a killed run left behind.
    pub fn sweep(&self, date: Date, owns: impl Fn(&str) -> bool) -> Result<(), LakeError> {
        let dir = self.day_dir(date);
        if !dir.exists() {
            return Ok(());
        }
        for entry in fs::read_dir(&dir).map_err(LakeError::io(&dir))? {
            let path = entry.map_err(LakeError::io(&dir))?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_upload = path.extension().is_some_and(|e| e == "raw" || e == "parquet" || e == "tmp");
            if is_upload && !owns(&format!("{stem}.dat")) {
                fs::remove_file(&path).map_err(LakeError::io(&path))?;
            }
        }
        Ok(())
    }
}
