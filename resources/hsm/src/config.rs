//! Devices from a configuration file: which drivers, where, and the bounds of their pool.
//!
//! Secrets (passphrases, PINs) are not in the file: it names the environment variable that holds each.

use crate::pkcs11::{Pkcs11Hsm, Policy};
use crate::pool::{Limits, Pool};
use crate::profile::{Profile, RACAL_LIKE};
use crate::soft::SoftHsm;
use crate::tcp::{Address, TcpHsm, Tls};
use crate::{Hsm, HsmCode, HsmError};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    pool: PoolSettings,
    device: Vec<DeviceSettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolSettings {
    at_once: Option<usize>,
    wait_ms: Option<u64>,
    failures: Option<u32>,
    rest_ms: Option<u64>,
    /// Transport key that every device has, under which a random key goes from one to the others.
    share_under: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "driver", rename_all = "lowercase", deny_unknown_fields)]
enum DeviceSettings {
    Soft { name: String, keystore: PathBuf, passphrase_env: String },
    Pkcs11 { name: String, module: PathBuf, label: String, pin_env: String, policy: PolicySetting },
    Tcp { name: String, address: String, timeout_ms: Option<u64>, profile: Option<PathBuf>, tls: Option<TlsSettings> },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PolicySetting {
    Strict,
    CardKeys,
    AllKeys,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsSettings {
    ca: PathBuf,
    server: String,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

fn wrong(what: impl std::fmt::Display) -> HsmError {
    HsmError::new(HsmCode::Value, format!("configuration: {what}"))
}

fn secret(variable: &str) -> Result<zeroize::Zeroizing<String>, HsmError> {
    let value = std::env::var(variable).map_err(|_| wrong(format!("the environment has no {variable}")))?;
    Ok(zeroize::Zeroizing::new(value))
}

/// Opens the devices of a configuration. Paths in it are relative to `dir`.
///
/// # Errors
/// H13 for what is wrong in it; what a driver says when it is opened.
pub fn open(text: &str, dir: &Path) -> Result<Pool, HsmError> {
    let file: File = toml::from_str(text).map_err(|e| wrong(e.message()))?;
    let default = Limits::default();
    let limits = Limits {
        at_once: file.pool.at_once.unwrap_or(default.at_once),
        wait: file.pool.wait_ms.map_or(default.wait, Duration::from_millis),
        failures: file.pool.failures.unwrap_or(default.failures).max(1),
        rest: file.pool.rest_ms.map_or(default.rest, Duration::from_millis),
    };
    let devices = file.device.into_iter().map(|device| open_device(device, dir)).collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<&str> = devices.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(wrong(format!("two devices are called {}", twice[0])));
    }
    let pool = Pool::new(devices, limits)?;
    Ok(match file.pool.share_under {
        Some(transport) => pool.sharing_under(transport),
        None => pool,
    })
}

fn open_device(device: DeviceSettings, dir: &Path) -> Result<(String, Arc<dyn Hsm>), HsmError> {
    Ok(match device {
        DeviceSettings::Soft { name, keystore, passphrase_env } => {
            let hsm = SoftHsm::open(&dir.join(keystore), secret(&passphrase_env)?.as_bytes())?;
            (name, Arc::new(hsm))
        }
        DeviceSettings::Pkcs11 { name, module, label, pin_env, policy } => {
            let policy = match policy {
                PolicySetting::Strict => Policy::Strict,
                PolicySetting::CardKeys => Policy::CardKeys,
                PolicySetting::AllKeys => Policy::AllKeys,
            };
            (name, Arc::new(Pkcs11Hsm::open(&dir.join(module), &label, &secret(&pin_env)?, policy)?))
        }
        DeviceSettings::Tcp { name, address, timeout_ms, profile, tls } => {
            let profile = match profile {
                None => Profile::parse(RACAL_LIKE)?,
                Some(path) => {
                    let path = dir.join(path);
                    let text = std::fs::read_to_string(&path).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
                    Profile::parse(&text)?
                }
            };
            let tls = tls.map(|tls| client_tls(&tls, dir)).transpose()?;
            let timeout = timeout_ms.map_or(Duration::from_secs(3), Duration::from_millis);
            (name, Arc::new(TcpHsm::new(Address { address, timeout, tls }, profile)))
        }
    })
}

/// The certificates of a PEM file.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, HsmError> {
    let unreadable = |e: rustls::pki_types::pem::Error| wrong(format!("{}: {e}", path.display()));
    let found = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    found.collect::<Result<Vec<_>, _>>().map_err(unreadable)
}

fn client_tls(settings: &TlsSettings, dir: &Path) -> Result<Tls, HsmError> {
    let certificates = |path: &Path| read_certificates(&dir.join(path));
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&settings.ca)? {
        roots.add(certificate).map_err(wrong)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(wrong)?;
    let builder = builder.with_root_certificates(roots);
    let config = match (&settings.certificate, &settings.key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let path = dir.join(key);
            let key_der = PrivateKeyDer::from_pem_file(&path).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
            builder.with_client_auth_cert(certificates(certificate)?, key_der).map_err(wrong)?
        }
        _ => return Err(wrong("a client certificate and its key come together")),
    };
    let server = ServerName::try_from(settings.server.clone()).map_err(wrong)?;
    Ok(Tls { config: Arc::new(config), server })
}
