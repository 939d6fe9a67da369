//! Managed keys: what is known of a key beside the device that holds it.

use crate::KeyError;
use crate::desk::Desk;
use tongka_base::Algorithm;
use tongka_base::date::format_date_time;
use tongka_hsm::{KeyInfo, KeySpec, Usage, algorithm_name};
use tongka_storage::{Row, Scope, TenantCode, WriteTx, params};

/// How high in the hierarchy a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// National (全国): issuers' keys come from it.
    National,
    /// Issuer or city (城市): cards' keys come from it.
    Issuer,
    /// Transport and file keys: no other key comes from it.
    Service,
}

impl Level {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::Issuer => "issuer",
            Self::Service => "service",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::National, Self::Issuer, Self::Service].into_iter().find(|l| l.name() == name)
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Made, not yet used (已生成).
    Generated,
    /// In use (启用).
    Active,
    /// Cards are no longer issued under it; what they did is still verified (停止发卡).
    Retired,
    /// Not used at all (吊销).
    Revoked,
    /// Gone from the device (销毁).
    Destroyed,
}

impl KeyState {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
            Self::Destroyed => "destroyed",
        }
    }

    /// Chinese name.
    pub fn text_zh(self) -> &'static str {
        match self {
            Self::Generated => "已生成",
            Self::Active => "启用",
            Self::Retired => "停止发卡",
            Self::Revoked => "吊销",
            Self::Destroyed => "销毁",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Generated, Self::Active, Self::Retired, Self::Revoked, Self::Destroyed]
            .into_iter()
            .find(|s| s.name() == name)
    }

    /// Whether a key may go from this state to that.
    pub fn may_become(self, next: Self) -> bool {
        use KeyState::{Active, Destroyed, Generated, Retired, Revoked};
        matches!(
            (self, next),
            (Generated, Active | Destroyed)
                | (Active, Retired | Revoked)
                | (Retired, Revoked)
                // Again, after a stop between the books and the device.
                | (Revoked | Destroyed, Destroyed)
        )
    }
}

/// A key of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedKey {
    /// Whose.
    pub owner: TenantCode,
    /// Name within the owner, purpose, algorithm, version and index.
    pub spec: KeySpec,
    /// Place in the hierarchy.
    pub level: Level,
    /// State.
    pub state: KeyState,
    /// Check value.
    pub kcv: [u8; 3],
    /// The key it was derived from, with its owner, where there is one.
    pub parent: Option<String>,
    /// When it was made.
    pub made_at: String,
}

impl ManagedKey {
    /// Its name on the device.
    pub fn device_name(&self) -> String {
        device_name(self.owner, &self.spec.name)
    }
}

/// Keys of different owners never share a name on the device.
pub(crate) fn device_name(owner: TenantCode, name: &str) -> String {
    format!("{owner}.{name}")
}

const COLUMNS: &str = "owner, name, usage, algorithm, version, key_index, level, state, kcv, parent, made_at";

fn key_of(row: &Row) -> Result<ManagedKey, KeyError> {
    let odd = || KeyError::Value("a stored key that does not read".into());
    let algorithm =
        if row.text("algorithm")? == algorithm_name(Algorithm::Sm4) { Algorithm::Sm4 } else { Algorithm::Tdes };
    Ok(ManagedKey {
        owner: TenantCode(row.int("owner")?),
        spec: KeySpec {
            name: row.text("name")?,
            usage: Usage::parse(&row.text("usage")?).ok_or_else(odd)?,
            algorithm,
            version: row.int("version")? as u8,
            index: row.int("key_index")? as u8,
        },
        level: Level::parse(&row.text("level")?).ok_or_else(odd)?,
        state: KeyState::parse(&row.text("state")?).ok_or_else(odd)?,
        kcv: hex::decode(row.text("kcv")?).ok().and_then(|k| k.try_into().ok()).ok_or_else(odd)?,
        parent: row.opt_text("parent")?,
        made_at: row.text("made_at")?,
    })
}

/// The keys of an owner, by name.
///
/// # Errors
/// What the database says.
pub async fn keys(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<ManagedKey>, KeyError> {
    let sql = format!("SELECT {COLUMNS} FROM managed_key WHERE {{tenant:owner}} ORDER BY name");
    desk.db.read(Scope::Tenant(owner)).fetch_all(&sql, params![]).await?.iter().map(key_of).collect()
}

/// One key of an owner; another owner's is not there.
pub(crate) async fn key(desk: &Desk<'_>, owner: TenantCode, name: &str) -> Result<ManagedKey, KeyError> {
    let sql = format!("SELECT {COLUMNS} FROM managed_key WHERE name = $1 AND {{tenant:owner}}");
    let row = desk.db.read(Scope::Tenant(owner)).fetch_optional(&sql, params![name]).await?;
    row.as_ref().map(key_of).transpose()?.ok_or_else(|| KeyError::NotFound(name.to_owned()))
}

/// The key for a purpose: without a version the newest active one, which cards are issued under; with a version that
/// one, active or retired, which verifies what cards of that version did.
///
/// # Errors
/// K01 where there is none.
pub async fn pick(
    desk: &Desk<'_>,
    owner: TenantCode,
    usage: Usage,
    algorithm: Algorithm,
    version: Option<u8>,
) -> Result<ManagedKey, KeyError> {
    let fits = |key: &ManagedKey| {
        let usable = key.state == KeyState::Active || (version.is_some() && key.state == KeyState::Retired);
        usable
            && (key.spec.usage, key.spec.algorithm) == (usage, algorithm)
            && version.is_none_or(|v| v == key.spec.version)
    };
    let found = keys(desk, owner).await?.into_iter().filter(fits).max_by_key(|key| key.spec.version);
    found.ok_or_else(|| KeyError::NotFound(format!("{usage} {} {version:?}", algorithm_name(algorithm))))
}

/// Writes the row of a new key.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    desk: &Desk<'_>,
    owner: TenantCode,
    info: &KeyInfo,
    level: Level,
    parent: Option<&str>,
) -> Result<(), KeyError> {
    let KeyInfo { spec, kcv } = info;
    let sql = format!("INSERT INTO managed_key ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    let values = params![
        owner.0,
        spec.name.as_str(),
        spec.usage.code(),
        algorithm_name(spec.algorithm),
        i64::from(spec.version),
        i64::from(spec.index),
        level.name(),
        KeyState::Generated.name(),
        hex::encode_upper(kcv),
        parent,
        format_date_time(desk.clock.now())
    ];
    tx.execute(&sql, values).await?;
    Ok(())
}

/// What an inventory found of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// On the device as in the books.
    Sound(ManagedKey),
    /// In the books, not on the device.
    Missing(ManagedKey),
    /// On the device with another check value than in the books.
    Differs(ManagedKey),
    /// Destroyed in the books, still on the device: to be destroyed again.
    Remains(ManagedKey),
    /// On the device, not in the books: left by a stop between both, never used.
    Unknown(String),
}

/// The keys of an owner, in the books and on the device.
///
/// # Errors
/// What the database or the device says.
pub async fn inventory(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<Finding>, KeyError> {
    let on_device = desk.hsm.keys()?;
    let mut found = Vec::new();
    let known = keys(desk, owner).await?;
    for key in &known {
        let there = on_device.iter().find(|info| info.spec.name == key.device_name());
        found.push(match there {
            Some(_) if key.state == KeyState::Destroyed => Finding::Remains(key.clone()),
            Some(info) if info.kcv == key.kcv => Finding::Sound(key.clone()),
            Some(_) => Finding::Differs(key.clone()),
            None if key.state == KeyState::Destroyed => Finding::Sound(key.clone()),
            None => Finding::Missing(key.clone()),
        });
    }
    let prefix = format!("{owner}.");
    for info in on_device {
        if let Some(name) = info.spec.name.strip_prefix(&prefix)
            && !known.iter().any(|key| key.spec.name == name)
        {
            found.push(Finding::Unknown(name.to_owned()));
        }
    }
    Ok(found)
}
