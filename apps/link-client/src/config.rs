//! The configuration (配置): one TOML file, read once; every secret comes from the environment or a file of its own.

use crate::convert::{ConvertError, Profile};
use crate::{ClientCode, ClientError};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tongka_base::{Clock, MemberCode};
use tongka_link::client::{ClientCertificate, HttpsTarget, SftpTarget, Signing, Target};
use tongka_link::sign::{read_key_file, read_sm2_public_key};
use tongka_wire::Kind;
use zeroize::Zeroizing;

/// The commented file that `init` writes.
pub const EXAMPLE: &str = include_str!("../tongka-link.example.toml");

/// What the file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Member code, eight digits.
    pub member: String,
    /// Name shown on the page.
    #[serde(default)]
    pub name: String,
    /// The centre by SFTP.
    pub sftp: Option<Sftp>,
    /// The centre by HTTPS.
    pub https: Option<Https>,
    /// Folders.
    pub folders: Folders,
    /// The centre's SM2 public key: results must be signed by it.
    pub centre_key: Option<String>,
    /// The own key, which signs uploads.
    pub signing: Option<OwnKey>,
    /// Times.
    #[serde(default)]
    pub times: Times,
    /// Limits.
    #[serde(default)]
    pub limits: Bounds,
    /// Who is told.
    #[serde(default)]
    pub notify: Notify,
    /// The status page.
    #[serde(default)]
    pub page: Page,
    /// Files that the member sends every day.
    #[serde(default)]
    pub expected: Vec<Expected>,
    /// File of the converter profile.
    pub profile: Option<PathBuf>,
}

/// The centre by SFTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sftp {
    /// `host:port`.
    pub address: String,
    /// Account.
    pub login: String,
    /// `SHA256:…` of the server's keys.
    pub host_keys: Vec<String>,
    /// File of the private key.
    pub key_file: Option<PathBuf>,
    /// Environment variable of the key's passphrase, or of the password without a key.
    pub secret_env: Option<String>,
}

/// The centre by HTTPS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Https {
    /// `https://host:port`.
    pub url: String,
    /// Trusted authorities, PEM; the public ones when absent.
    pub authorities: Option<PathBuf>,
    /// Id of the API key.
    pub key_id: String,
    /// Environment variable of the shared secret.
    pub secret_env: Option<String>,
    /// File of the shared secret.
    pub secret_file: Option<PathBuf>,
    /// SM2 key file that signs requests instead.
    pub sm2_key_file: Option<PathBuf>,
    /// Environment variable of its passphrase.
    pub sm2_passphrase_env: Option<String>,
    /// Client certificate for mutual TLS, PEM.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub certificate_key: Option<PathBuf>,
}

/// Folders; relative ones lie beside the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folders {
    /// Where the member's programs put files; `raw` and `refused` lie in it.
    pub outbox: PathBuf,
    /// Where results are placed.
    pub inbox: PathBuf,
    /// What was sent and fetched.
    pub archive: PathBuf,
    /// The client's own: journal, files under way.
    pub work: PathBuf,
}

/// The own SM2 key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnKey {
    /// Key file, made by `keygen`.
    pub key_file: PathBuf,
    /// Environment variable of its passphrase.
    pub passphrase_env: String,
}

/// Times.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Times {
    /// How often the outbox is looked at, seconds.
    pub scan_s: u64,
    /// How often the centre is asked for results, seconds.
    pub poll_s: u64,
    /// How long a file must not have changed, milliseconds.
    pub settle_ms: u64,
    /// Time for one answer, seconds.
    pub timeout_s: u64,
    /// After failures in a row it is tried again after so many seconds; after the last, every `retry_then_s`.
    pub retry_s: Vec<u64>,
    /// See `retry_s`.
    pub retry_then_s: u64,
    /// How long no contact is no alarm, seconds.
    pub silence_s: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            scan_s: 2,
            poll_s: 30,
            settle_ms: 2000,
            timeout_s: 60,
            retry_s: vec![1, 2, 5, 15, 60],
            retry_then_s: 180,
            silence_s: 900,
        }
    }
}

/// Limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Free space of each folder's disk below which everything waits, MiB.
    pub spare_mb: u64,
    /// Largest result that is fetched, MiB.
    pub result_mb: u64,
    /// Seconds by which the own clock may differ from the centre's.
    pub clock_s: i64,
    /// Days for which the archive is kept; 0: for ever.
    pub archive_days: u64,
    /// Days for which the journal keeps every step of a file that ended.
    pub journal_days: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { spare_mb: 64, result_mb: 512, clock_s: 120, archive_days: 400, journal_days: 400 }
    }
}

/// Who is told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Program and its arguments; the event comes as JSON on its input and in `TONGKA_CODE`, `TONGKA_TEXT`, `TONGKA_FILE`.
    pub command: Vec<String>,
    /// URL that gets the event as JSON by POST.
    pub webhook: Option<String>,
    /// Trusted authorities for it, PEM.
    pub webhook_authorities: Option<PathBuf>,
}

/// The status page.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    /// Address; none: no page.
    pub address: Option<SocketAddr>,
    /// Whether it may be another than this machine's own.
    pub allow_remote: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { address: Some(SocketAddr::from(([127, 0, 0, 1], 8743))), allow_remote: false }
    }
}

/// Files that the member sends every day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Kind.
    pub kind: String,
    /// At least so many.
    pub files: u32,
    /// By when, `HH:MM`.
    pub by: String,
}

fn bad(what: impl std::fmt::Display) -> ClientError {
    ClientError::new(ClientCode::Config, what)
}

fn secret(name: &str) -> Result<Zeroizing<String>, ClientError> {
    let missing = |_| ClientError::new(ClientCode::Key, format!("环境变量未设置 environment variable not set: {name}"));
    std::env::var(name).map(Zeroizing::new).map_err(missing)
}

/// Whether a URL is `https`, or `http` to this machine.
pub(crate) fn is_safe_url(url: &str) -> bool {
    let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(':') || rest.starts_with('/');
    url.starts_with("https://") || own.iter().any(|o| url.strip_prefix(o).is_some_and(ends))
}

impl Config {
    /// Reads and checks a file; relative paths in it are meant from its folder.
    ///
    /// # Errors
    /// Z01 with what does not fit; Z20.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let text = std::fs::read_to_string(path).map_err(ClientError::io(path))?;
        let base = std::path::absolute(path).map_err(ClientError::io(path))?;
        Self::parse(&text, base.parent().unwrap_or(Path::new("/")))
    }

    /// Reads and checks the text of a file of a folder.
    ///
    /// # Errors
    /// Z01.
    pub fn parse(text: &str, base: &Path) -> Result<Self, ClientError> {
        let mut config: Self = toml::from_str(text).map_err(bad)?;
        let within = |path: &mut PathBuf| *path = base.join(&*path);
        let folders = &mut config.folders;
        [&mut folders.outbox, &mut folders.inbox, &mut folders.archive, &mut folders.work].into_iter().for_each(within);
        config.profile.iter_mut().for_each(within);
        config.signing.iter_mut().for_each(|s| within(&mut s.key_file));
        config.notify.webhook_authorities.iter_mut().for_each(within);
        if let Some(sftp) = &mut config.sftp {
            sftp.key_file.iter_mut().for_each(within);
        }
        if let Some(https) = &mut config.https {
            let files = [&mut https.authorities, &mut https.secret_file, &mut https.sm2_key_file];
            let more = [&mut https.certificate, &mut https.certificate_key];
            files.into_iter().chain(more).flatten().for_each(within);
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ClientError> {
        self.member_code()?;
        match (&self.sftp, &self.https) {
            (Some(sftp), None) if sftp.host_keys.is_empty() => {
                return Err(bad("sftp.host_keys 不能为空 the server's key must be pinned"));
            }
            (Some(sftp), None) if sftp.key_file.is_none() && sftp.secret_env.is_none() => {
                return Err(bad("sftp 须有 key_file 或 secret_env key_file or secret_env is needed"));
            }
            (Some(_), None) => {}
            (None, Some(https)) => {
                let ways = [&https.secret_env.is_some(), &https.secret_file.is_some(), &https.sm2_key_file.is_some()];
                if ways.into_iter().filter(|w| **w).count() != 1 {
                    return Err(bad("https 须在 secret_env、secret_file、sm2_key_file 中选一 exactly one of them"));
                }
                if https.certificate.is_some() != https.certificate_key.is_some() {
                    return Err(bad("https.certificate 与 certificate_key 须同时给出 go together"));
                }
                if !is_safe_url(&https.url) {
                    return Err(bad(format!("https.url 须为 https must be https: {}", https.url)));
                }
            }
            _ => return Err(bad("[sftp] 与 [https] 须有且只有一个 exactly one of them")),
        }
        if let Some(key) = &self.centre_key {
            read_sm2_public_key(key).map_err(|e| bad(format!("centre_key: {e}")))?;
        }
        if let Some(url) = self.notify.webhook.as_ref().filter(|url| !is_safe_url(url)) {
            return Err(bad(format!(
                "notify.webhook 须为 https 或本机 http must be https, or http to this machine: {url}"
            )));
        }
        if let Some(address) = self.page.address.filter(|a| !a.ip().is_loopback() && !self.page.allow_remote) {
            return Err(bad(format!(
                "page.address {address} 不是本机地址，如确需请设 allow_remote is not this machine's own"
            )));
        }
        for expected in &self.expected {
            let member_sends = Kind::parse(&expected.kind).is_some_and(Kind::is_from_member);
            if !member_sends || expected.by().is_none() {
                return Err(bad(format!("expected: {} {}", expected.kind, expected.by)));
            }
        }
        let Folders { outbox, inbox, archive, work } = &self.folders;
        let all = [outbox, inbox, archive, work];
        for (index, one) in all.iter().enumerate() {
            if all.iter().enumerate().any(|(other, path)| other != index && path.starts_with(one)) {
                return Err(bad(format!("文件夹不能相同或互相包含 folders must lie apart: {}", one.display())));
            }
        }
        Ok(())
    }

    /// The member.
    ///
    /// # Errors
    /// Z01.
    pub fn member_code(&self) -> Result<MemberCode, ClientError> {
        let code = MemberCode::parse(self.member.as_bytes()).filter(|m| *m != MemberCode::CENTRE);
        code.ok_or_else(|| bad(format!("member 应为 8 位数字 must be 8 digits: {}", self.member)))
    }

    /// The centre's public key.
    pub fn centre_public_key(&self) -> Option<[u8; 65]> {
        self.centre_key.as_ref().and_then(|key| read_sm2_public_key(key).ok())
    }

    /// The own signing key.
    ///
    /// # Errors
    /// Z19 no passphrase; Y12, Y18.
    pub fn signing_key(&self) -> Result<Option<Zeroizing<[u8; 32]>>, ClientError> {
        let Some(own) = &self.signing else { return Ok(None) };
        Ok(Some(read_key_file(&own.key_file, &secret(&own.passphrase_env)?)?))
    }

    /// The converter profile.
    ///
    /// # Errors
    /// Z15 with what does not fit; Z20.
    pub fn read_profile(&self) -> Result<Option<Profile>, ClientError> {
        let Some(path) = &self.profile else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(ClientError::io(path))?;
        let wrong = |e: ConvertError| ClientError::new(ClientCode::Profile, format!("{}: {e}", path.display()));
        Profile::parse(&text).map(Some).map_err(wrong)
    }

    /// The centre, with its secrets.
    ///
    /// # Errors
    /// Z19 a secret is missing; Y12, Y18.
    pub fn target(&self, clock: Arc<dyn Clock>) -> Result<Target, ClientError> {
        let timeout = Duration::from_secs(self.times.timeout_s.max(1));
        if let Some(sftp) = &self.sftp {
            let secret = sftp.secret_env.as_deref().map(secret).transpose()?;
            return Ok(Target::Sftp(SftpTarget {
                address: sftp.address.clone(),
                login: sftp.login.clone(),
                host_keys: sftp.host_keys.clone(),
                key: sftp.key_file.clone(),
                secret,
                timeout,
            }));
        }
        let https = self.https.as_ref().ok_or_else(|| bad("[https]"))?;
        let hmac = |secret: &str| Signing::Hmac(Zeroizing::new(secret.trim().as_bytes().to_vec()));
        let signing = match (&https.secret_env, &https.secret_file, &https.sm2_key_file) {
            (Some(name), ..) => hmac(&secret(name)?),
            (_, Some(path), _) => hmac(&Zeroizing::new(std::fs::read_to_string(path).map_err(ClientError::io(path))?)),
            (.., Some(path)) => {
                let passphrase = secret(https.sm2_passphrase_env.as_deref().unwrap_or("TONGKA_LINK_API_PASSPHRASE"))?;
                Signing::Sm2(read_key_file(path, &passphrase)?)
            }
            _ => return Err(bad("[https]")),
        };
        let target = HttpsTarget {
            url: https.url.clone(),
            authorities: https.authorities.clone(),
            key: https.key_id.clone(),
            signing,
            timeout,
            clock,
        };
        Ok(match (https.certificate.clone(), https.certificate_key.clone()) {
            (Some(chain), Some(key)) => Target::MutualTls(target, ClientCertificate { chain, key }),
            _ => Target::Https(target),
        })
    }

    /// When to try again after so many failures in a row.
    pub fn retry_after(&self, failures: u32) -> Duration {
        let step = self.times.retry_s.get(failures.saturating_sub(1) as usize);
        Duration::from_secs(*step.unwrap_or(&self.times.retry_then_s.max(1)))
    }
}

impl Expected {
    /// Minutes after midnight.
    pub(crate) fn by(&self) -> Option<u32> {
        let (hours, minutes) = self.by.split_once(':')?;
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    }
}
