//! The other side of the doors: a member's program that sends and fetches, by SFTP or by HTTPS, with the same rules.
//!
//! A file is sent under a temporary name that holds the beginning of its fingerprint, so that only the same bytes are ever
//! resumed, and takes its name when it is whole. Sending a file that is there already is harmless. Refusals of the other
//! side come back with its code (`Y07`, `F02`…); everything else that goes wrong is a broken connection, to be tried again.

mod https;
mod sftp;

pub use https::{ClientCertificate, HttpsClient, HttpsTarget, Signing, certificates};
pub use sftp::{SftpClient, SftpTarget};

use crate::{LinkCode, LinkError};
use std::path::Path;
use tongka_wire::FileName;

/// A file on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// A file to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its name there; a signature has `.sig` behind the name of its file.
    pub name: FileName,
    /// Whether it is the signature of the file of that name.
    pub signature: bool,
    /// Fingerprint of its bytes, hex.
    pub fingerprint: &'a str,
}

impl Sending<'_> {
    fn remote_name(&self) -> String {
        format!("{}{}", self.name, if self.signature { ".sig" } else { "" })
    }

    fn tag(&self) -> &str {
        self.fingerprint.get(..8).unwrap_or("0")
    }
}

/// A connection to the centre.
#[derive(Debug)]
pub enum Remote {
    /// By SFTP.
    Sftp(SftpClient),
    /// By HTTPS.
    Https(HttpsClient),
}

/// Where the centre is.
#[derive(Clone, Debug)]
pub enum Target {
    /// By SFTP.
    Sftp(SftpTarget),
    /// By HTTPS.
    Https(HttpsTarget),
    /// By HTTPS, showing a certificate.
    MutualTls(HttpsTarget, ClientCertificate),
}

impl Remote {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Y31 not reached, Y32 another host key, Y33 refused.
    pub async fn connect(target: &Target) -> Result<Self, LinkError> {
        Ok(match target {
            Target::Sftp(target) => Self::Sftp(SftpClient::connect(target).await?),
            Target::Https(target) => Self::Https(HttpsClient::new(target, None)?),
            Target::MutualTls(target, shown) => Self::Https(HttpsClient::new(target, Some(shown))?),
        })
    }

    /// The other side's time, in seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// Y33, Y34.
    pub async fn time(&self) -> Result<i64, LinkError> {
        match self {
            Self::Sftp(client) => client.time().await,
            Self::Https(client) => client.time().await,
        }
    }

    /// Sends a file, or the rest of it; `progress` hears how many bytes are there. When it returns, the file is on the
    /// other side's disk under its name.
    ///
    /// # Errors
    /// Y33 with the other side's code, Y34; Y12, Y21 of the own file.
    pub async fn send(&self, file: &Sending<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<(), LinkError> {
        match self {
            Self::Sftp(client) => client.send(file, progress).await,
            Self::Https(client) => client.send(file, progress).await,
        }
    }

    /// Sends a file of any name, as [`Remote::send`] sends one of the exchange.
    ///
    /// # Errors
    /// Y33 with the other side's code, Y34; Y12, Y21 of the own file.
    pub async fn put(&self, path: &Path, name: &str, fingerprint: &str) -> Result<(), LinkError> {
        let tag = fingerprint.get(..8).unwrap_or("0");
        match self {
            Self::Sftp(client) => client.put(path, name, tag, &|_| ()).await,
            Self::Https(client) => client.put(path, name, tag, &|_| ()).await,
        }
    }

    /// Files that wait to be fetched.
    ///
    /// # Errors
    /// Y33, Y34.
    pub async fn list(&self) -> Result<Vec<RemoteFile>, LinkError> {
        match self {
            Self::Sftp(client) => client.list().await,
            Self::Https(client) => client.list().await,
        }
    }

    /// Fetches a file into a local one, which may hold its beginning; synced when it returns.
    ///
    /// # Errors
    /// Y33, Y34; Y21, Y22 of the own disk.
    pub async fn fetch(&self, file: &RemoteFile, into: &Path) -> Result<(), LinkError> {
        match self {
            Self::Sftp(client) => client.fetch(file, into).await,
            Self::Https(client) => client.fetch(file, into).await,
        }
    }

    /// Confirms a file that was fetched.
    ///
    /// # Errors
    /// Y33, Y34.
    pub async fn confirm(&self, name: &str) -> Result<(), LinkError> {
        match self {
            Self::Sftp(client) => client.confirm(name).await,
            Self::Https(client) => client.confirm(name).await,
        }
    }
}

/// What the other side said: its own code and text when it refused, else a broken connection.
pub(crate) fn told(text: &str) -> LinkError {
    let known =
        text.as_bytes().get(..3).is_some_and(|c| c[0].is_ascii_uppercase() && c[1..].iter().all(u8::is_ascii_digit));
    LinkError::new(if known { LinkCode::Refused } else { LinkCode::Broken }, text)
}

/// The code of the other side in a refusal.
pub fn remote_code(error: &LinkError) -> Option<&str> {
    match error {
        LinkError::Door { code: LinkCode::Refused, detail } => detail.get(..3),
        _ => None,
    }
}

/// Opens a local file that may hold the beginning of what is fetched, and says from where to go on.
fn resume(into: &Path, size: u64) -> Result<(std::fs::File, u64), LinkError> {
    let file = crate::disk::open_for_writing(into).map_err(LinkError::io(into))?;
    let mut have = file.metadata().map_err(LinkError::io(into))?.len();
    if have > size {
        file.set_len(0).map_err(LinkError::io(into))?;
        have = 0;
    }
    Ok((file, have))
}
