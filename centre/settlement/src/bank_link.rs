//! The way to the bank (银企通道): files are put there and fetched from there, whole or not at all.
//!
//! Putting the same file again is harmless: the bank knows it by its ids. A fetched file stays until it is taken in for
//! good and confirmed, so that a stop in between only fetches it again.

use crate::SettlementError;
use std::path::{Path, PathBuf};
use tongka_link::LinkError;
use tongka_link::client::{Remote, RemoteFile, Target};
use tongka_link::disk::{make_dir, write_file};

/// Where the bank is.
#[derive(Debug)]
pub enum BankLink {
    /// Two folders that a program of the bank (or its front-end machine, 前置机) empties and fills.
    Folder {
        /// Files to the bank.
        to_bank: PathBuf,
        /// Files from the bank.
        from_bank: PathBuf,
    },
    /// An SFTP or HTTPS server of the bank.
    Remote(Target),
}

/// A way that is open.
#[derive(Debug)]
pub enum OpenLink<'l> {
    /// Folders.
    Folder(&'l Path, &'l Path),
    /// A connection.
    Remote(Box<Remote>),
}

impl BankLink {
    /// Opens the way.
    ///
    /// # Errors
    /// Y31–Y33.
    pub async fn open(&self) -> Result<OpenLink<'_>, SettlementError> {
        Ok(match self {
            Self::Folder { to_bank, from_bank } => {
                make_dir(to_bank)?;
                make_dir(from_bank)?;
                OpenLink::Folder(to_bank, from_bank)
            }
            Self::Remote(target) => OpenLink::Remote(Box::new(Remote::connect(target).await?)),
        })
    }
}

impl OpenLink<'_> {
    /// Puts a local file there under a name; `fingerprint` is that of its bytes.
    ///
    /// # Errors
    /// Y codes.
    pub async fn put(&self, path: &Path, name: &str, fingerprint: &str) -> Result<(), SettlementError> {
        match self {
            Self::Folder(to_bank, _) => {
                let bytes = std::fs::read(path).map_err(LinkError::io(path))?;
                Ok(write_file(&to_bank.join(name), &bytes)?)
            }
            Self::Remote(remote) => Ok(remote.put(path, name, fingerprint).await?),
        }
    }

    /// Files that wait to be fetched, by name.
    ///
    /// # Errors
    /// Y codes.
    pub async fn list(&self) -> Result<Vec<RemoteFile>, SettlementError> {
        match self {
            Self::Folder(_, from_bank) => {
                let io = LinkError::io(from_bank);
                let mut files = Vec::new();
                for entry in std::fs::read_dir(from_bank).map_err(&io)? {
                    let entry = entry.map_err(&io)?;
                    let (name, metadata) = (entry.file_name().to_string_lossy().into_owned(), entry.metadata());
                    let metadata = metadata.map_err(&io)?;
                    if metadata.is_file() && !name.ends_with(".tmp") && !name.starts_with('.') {
                        files.push(RemoteFile { name, size: metadata.len() });
                    }
                }
                files.sort_by(|a, b| a.name.cmp(&b.name));
                Ok(files)
            }
            Self::Remote(remote) => Ok(remote.list().await?),
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Y codes.
    pub async fn fetch(&self, file: &RemoteFile, spool: &Path) -> Result<Vec<u8>, SettlementError> {
        let path = match self {
            Self::Folder(_, from_bank) => from_bank.join(&file.name),
            Self::Remote(remote) => {
                make_dir(spool)?;
                let path = spool.join("fetched.part");
                if path.exists() {
                    std::fs::remove_file(&path).map_err(LinkError::io(&path))?;
                }
                remote.fetch(file, &path).await?;
                path
            }
        };
        Ok(std::fs::read(&path).map_err(LinkError::io(&path))?)
    }

    /// Lets go of a file that was taken in.
    ///
    /// # Errors
    /// Y codes.
    pub async fn confirm(&self, name: &str) -> Result<(), SettlementError> {
        match self {
            Self::Folder(_, from_bank) => {
                let path = from_bank.join(name);
                Ok(std::fs::remove_file(&path).map_err(LinkError::io(&path))?)
            }
            Self::Remote(remote) => Ok(remote.confirm(name).await?),
        }
    }
}
