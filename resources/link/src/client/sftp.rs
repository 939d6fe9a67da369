//! The SFTP client.

use super::{RemoteFile, Sending, resume, told};
use crate::disk::open_plain;
use crate::{LinkCode, LinkError};
use russh::client::{Config, Handle, Handler};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::File;
use russh_sftp::protocol::{OpenFlags, StatusCode};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// Bytes read from the own disk at a time.
const PIECE: usize = 128 * 1024;

/// Where and who.
#[derive(Clone)]
pub struct SftpTarget {
    /// `host:port`.
    pub address: String,
    /// Account.
    pub login: String,
    /// `SHA256:…` of the server's keys that are trusted.
    pub host_keys: Vec<String>,
    /// File of the private key, in OpenSSH's form.
    pub key: Option<PathBuf>,
    /// Passphrase of the key file, or the account's password without a key.
    pub secret: Option<Zeroizing<String>>,
    /// Time for one answer.
    pub timeout: Duration,
}

/// Never shows the secret.
impl std::fmt::Debug for SftpTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SftpTarget({}@{})", self.login, self.address)
    }
}

/// Checks the server's key against the pinned fingerprints.
struct Pinned {
    host_keys: Vec<String>,
    differs: Arc<AtomicBool>,
}

impl Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let known = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                let fingerprint = crate::accounts::key_fingerprint(key);
                self.host_keys.contains(&fingerprint)
            }
            PublicKeyOrCertificate::Certificate(_) => false,
        };
        self.differs.store(!known, Ordering::Release);
        Ok(known)
    }
}

/// A session.
pub struct SftpClient {
    sftp: SftpSession,
    _ssh: Handle<Pinned>,
}

impl std::fmt::Debug for SftpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SftpClient")
    }
}

fn broken(error: impl std::fmt::Display) -> LinkError {
    LinkError::new(LinkCode::Broken, error)
}

fn said(error: SftpError) -> LinkError {
    match error {
        SftpError::Status(status) => told(&status.error_message),
        other => broken(other),
    }
}

fn is_missing(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

impl SftpClient {
    pub(super) async fn connect(target: &SftpTarget) -> Result<Self, LinkError> {
        let config = Config {
            inactivity_timeout: Some(Duration::from_secs(300)),
            keepalive_interval: Some(Duration::from_secs(30)),
            nodelay: true,
            ..Config::default()
        };
        let differs = Arc::new(AtomicBool::new(false));
        let pinned = Pinned { host_keys: target.host_keys.clone(), differs: Arc::clone(&differs) };
        let connecting = russh::client::connect(Arc::new(config), target.address.as_str(), pinned);
        let unreached = |e: &dyn std::fmt::Display| {
            let code = if differs.load(Ordering::Acquire) { LinkCode::HostKey } else { LinkCode::Unreachable };
            LinkError::new(code, format!("{}: {e}", target.address))
        };
        let mut ssh = tokio::time::timeout(target.timeout, connecting)
            .await
            .map_err(|e| unreached(&e))?
            .map_err(|e| unreached(&e))?;
        let login = async {
            match (&target.key, &target.secret) {
                (Some(path), secret) => {
                    let key = load_secret_key(path, secret.as_ref().map(|s| s.as_str()))
                        .map_err(|e| LinkError::new(LinkCode::Key, format!("{}: {e}", path.display())))?;
                    let hash = ssh.best_supported_rsa_hash().await.map_err(broken)?.flatten();
                    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
                    ssh.authenticate_publickey(&target.login, key).await.map_err(broken)
                }
                (None, Some(secret)) => ssh.authenticate_password(&target.login, secret.as_str()).await.map_err(broken),
                (None, None) => Err(LinkError::new(LinkCode::Key, "没有密钥或密码 neither key nor password")),
            }
        };
        if !tokio::time::timeout(target.timeout, login).await.map_err(broken)??.success() {
            let detail = format!("Y01 登录被拒绝 login refused: {}", target.login);
            return Err(LinkError::new(LinkCode::Refused, detail));
        }
        let start = async {
            let channel = ssh.channel_open_session().await.map_err(broken)?;
            channel.request_subsystem(true, "sftp").await.map_err(broken)?;
            SftpSession::new(channel.into_stream()).await.map_err(said)
        };
        let sftp = tokio::time::timeout(target.timeout, start).await.map_err(broken)??;
        sftp.set_timeout(target.timeout.as_secs().max(1));
        Ok(Self { sftp, _ssh: ssh })
    }

    pub(super) async fn time(&self) -> Result<i64, LinkError> {
        let root = self.sftp.metadata("/").await.map_err(said)?;
        root.mtime.map(i64::from).ok_or_else(|| LinkError::new(LinkCode::Protocol, "no time"))
    }

    pub(super) async fn send(&self, file: &Sending<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<(), LinkError> {
        self.put(file.path, &file.remote_name(), file.tag(), progress).await
    }

    pub(super) async fn put(
        &self,
        path: &Path,
        name: &str,
        tag: &str,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), LinkError> {
        let mut own = open_plain(path).map_err(LinkError::io(path))?;
        let size = own.metadata().map_err(LinkError::io(path))?.len();
        let temporary = format!("/inbox/{name}.{tag}.tmp");
        let there = match self.sftp.metadata(temporary.as_str()).await {
            Ok(found) => found.size.unwrap_or(0),
            Err(error) if is_missing(&error) => 0,
            Err(error) => return Err(said(error)),
        };
        let (from, flags) = if there > 0 && there <= size {
            (there, OpenFlags::WRITE | OpenFlags::CREATE)
        } else {
            (0, OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE)
        };
        let mut remote = self.sftp.open_with_flags(temporary.as_str(), flags).await.map_err(said)?;
        own.seek(SeekFrom::Start(from)).map_err(LinkError::io(path))?;
        remote.seek(SeekFrom::Start(from)).await.map_err(broken)?;
        let mut at = from;
        let mut piece = vec![0; PIECE];
        loop {
            let read = own.read(&mut piece).map_err(LinkError::io(path))?;
            if read == 0 {
                break;
            }
            remote.write_all(&piece[..read]).await.map_err(|e| told(&e.to_string()))?;
            at += read as u64;
            progress(at);
        }
        remote.shutdown().await.map_err(|e| told(&e.to_string()))?;
        self.sftp.rename(temporary, format!("/inbox/{name}")).await.map_err(said)
    }

    pub(super) async fn list(&self) -> Result<Vec<RemoteFile>, LinkError> {
        let entries = self.sftp.read_dir("/outbox").await.map_err(said)?;
        let file = |entry: russh_sftp::client::fs::DirEntry| RemoteFile {
            name: entry.file_name(),
            size: entry.metadata().size.unwrap_or(0),
        };
        let mut files: Vec<RemoteFile> = entries.map(file).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    pub(super) async fn fetch(&self, file: &RemoteFile, into: &Path) -> Result<(), LinkError> {
        let (mut own, have) = resume(into, file.size)?;
        let path = format!("/outbox/{}", file.name);
        let mut remote: File = self.sftp.open_with_flags(path, OpenFlags::READ).await.map_err(said)?;
        // The last byte is read again where all is there, so that the other side knows that it was fetched.
        let from = have.min(file.size.saturating_sub(1));
        remote.seek(SeekFrom::Start(from)).await.map_err(broken)?;
        own.seek(SeekFrom::Start(from)).map_err(LinkError::io(into))?;
        let mut at = from;
        let mut piece = vec![0; PIECE];
        while at < file.size {
            let read = remote.read(&mut piece).await.map_err(|e| told(&e.to_string()))?;
            if read == 0 {
                return Err(LinkError::new(LinkCode::Broken, format!("{} ended at {at}", file.name)));
            }
            own.write_all(&piece[..read]).map_err(LinkError::io(into))?;
            at += read as u64;
        }
        own.sync_all().map_err(LinkError::io(into))
    }

    pub(super) async fn confirm(&self, name: &str) -> Result<(), LinkError> {
        self.sftp.rename(format!("/outbox/{name}"), format!("/archive/{name}")).await.map_err(said)
    }
}
