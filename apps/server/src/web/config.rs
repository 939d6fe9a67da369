//! Configuration of the server (服务器配置): defaults, then a TOML file, then the environment (`TONGKA_LISTEN`,
//! `TONGKA_CLEARING__AUTOMATIC`, …), then the command line.

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tongka_exchange::intake::Folders;

/// Every setting with its default, as a file to start from.
pub(crate) const COMMENTED: &str = include_str!("../../tongka.toml");

/// Names that the environment may set.
const SETTINGS: [&str; 15] = [
    "listen", "data", "inbox", "outbox", "database", "roles", "tls", "session", "limits", "clearing", "keys", "log",
    "report", "front", "bank",
];

/// What a server process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// The API, the console and the portal.
    CentreApi,
    /// The doors that members send files through and fetch them from.
    Front,
    /// Clearing dates and background jobs. Several may run: one leads, the others wait to take over.
    Worker,
}

/// The whole configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) inbox: Option<PathBuf>,
    pub(crate) outbox: Option<PathBuf>,
    pub(crate) database: Option<String>,
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) tls: Option<Tls>,
    pub(crate) session: Session,
    pub(crate) limits: Limits,
    pub(crate) clearing: Clearing,
    pub(crate) keys: Keys,
    pub(crate) log: Log,
    pub(crate) report: Report,
    pub(crate) front: Front,
    pub(crate) bank: Option<Bank>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    pub(crate) idle_minutes: u32,
    pub(crate) absolute_hours: u32,
    pub(crate) secure_cookie: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) requests_per_second: u32,
    pub(crate) burst: u32,
    pub(crate) body_bytes: usize,
    pub(crate) upload_bytes: u64,
    pub(crate) timeout_seconds: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clearing {
    pub(crate) automatic: bool,
    pub(crate) threads: Option<usize>,
    pub(crate) look_every_ms: u64,
    pub(crate) scheme: Option<PathBuf>,
    pub(crate) tac_verdict_days: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    pub(crate) hsm: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) fonts: Vec<PathBuf>,
}

/// The way to the bank.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bank {
    pub(crate) to_bank: PathBuf,
    pub(crate) from_bank: PathBuf,
    #[serde(default)]
    pub(crate) automatic: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Front {
    pub(crate) sftp: Option<SocketAddr>,
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) signing_key: Option<PathBuf>,
    pub(crate) signing_passphrase: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("data"),
            inbox: None,
            outbox: None,
            database: None,
            roles: BTreeSet::from([Role::CentreApi, Role::Front, Role::Worker]),
            tls: None,
            session: Session { idle_minutes: 15, absolute_hours: 12, secure_cookie: false },
            limits: Limits {
                requests_per_second: 50,
                burst: 200,
                body_bytes: 2 << 20,
                upload_bytes: 200 << 20,
                timeout_seconds: 60,
            },
            clearing: Clearing {
                automatic: false,
                threads: None,
                look_every_ms: 500,
                scheme: None,
                tac_verdict_days: 5,
            },
            keys: Keys { hsm: None },
            log: Log { level: "info".into(), format: LogFormat::Text },
            report: Report { fonts: Vec::new() },
            front: Front {
                sftp: None,
                connections: 512,
                connections_per_address: 32,
                signing_key: None,
                signing_passphrase: None,
            },
            bank: None,
        }
    }
}

impl Config {
    /// Defaults, then the file, then the environment.
    ///
    /// # Errors
    /// W01 with the setting at fault.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, String> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(format!("W01 配置文件不存在 no such configuration file: {}", file.display()));
            }
            figment = figment.merge(Toml::file(file));
        }
        // Other programs of the family have variables of their own.
        let own = |key: &figment::value::UncasedStr| {
            let name = key.as_str().to_ascii_lowercase();
            SETTINGS.contains(&name.split("__").next().unwrap_or_default())
        };
        let environment = Env::prefixed("TONGKA_").filter(own).split("__").lowercase(true);
        figment.merge(environment).extract().map_err(|e| format!("W01 配置有误 configuration refused: {e}"))
    }

    /// Folders of the installation.
    pub(crate) fn folders(&self) -> Folders {
        Folders {
            inbox: self.inbox.clone().unwrap_or_else(|| self.data.join("inbox")),
            outbox: self.outbox.clone().unwrap_or_else(|| self.data.join("outbox")),
            data: self.data.clone(),
        }
    }

    /// As text without passwords: one of a database address, one of a key.
    pub(crate) fn redacted(&self) -> String {
        let mut shown = self.clone();
        shown.front.signing_passphrase = self.front.signing_passphrase.as_ref().map(|_| "***".into());
        shown.database = self.database.as_deref().map(|url| match (url.split_once("://"), url.rsplit_once('@')) {
            (Some((kind, _)), Some((_, place))) => format!("{kind}://***@{place}"),
            _ => url.to_owned(),
        });
        toml::to_string_pretty(&shown).expect("settings are plain data")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_file_says_the_defaults() {
        let read: Config = Figment::from(Toml::string(COMMENTED)).extract().unwrap();
        assert_eq!(read.redacted(), Config::default().redacted());
    }

    #[test]
    fn an_unknown_setting_is_refused_and_a_password_is_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tongka.toml");
        std::fs::write(&file, "lisen = \"127.0.0.1:1\"\n").unwrap();
        assert!(Config::load(Some(&file)).unwrap_err().contains("lisen"));
        std::fs::write(&file, "database = \"postgres://a:secret@db/tongka\"\n").unwrap();
        let shown = Config::load(Some(&file)).unwrap().redacted();
        assert!(shown.contains("postgres://***@db/tongka") && !shown.contains("secret"));
    }
}
