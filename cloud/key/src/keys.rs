//! Managed keys: what is known of a key beside the device that holds it.

use crate::KeyError;
use crate::desk::Desk;
use tongka_base::date::format_date_time;
use tongka_base::{Algorithm, CardScheme};
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
    /// Not used for the time being (暂停).
    Suspended,
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
            Self::Suspended => "suspended",
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
            Self::Suspended => "暂停",
            Self::Retired => "停止发卡",
            Self::Revoked => "吊销",
            Self::Destroyed => "销毁",
        }
    }

    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Generated, Self::Active, Self::Suspended, Self::Retired, Self::Revoked, Self::Destroyed];

    /// The state of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Whether a key may go from this state to that.
    pub fn may_become(self, next: Self) -> bool {
        use KeyState::{Active, Destroyed, Generated, Retired, Revoked, Suspended};
        matches!(
            (self, next),
            (Generated, Active | Destroyed)
                | (Active, Suspended | Retired | Revoked)
                | (Suspended, Active | Retired | Revoked)
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
    /// Card scheme it is for; none for keys of every scheme, and those that are for no cards.
    pub scheme: Option<CardScheme>,
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

const COLUMNS: &str = "owner, name, usage, algorithm, version, key_index, scheme, level, state, kcv, parent, made_at";

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
        scheme: row.text("scheme")?.bytes().next().and_then(CardScheme::from_letter),
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

/// A key by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Purpose.
    pub usage: Usage,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Cards of which scheme; a key of every scheme fits too.
    pub scheme: Option<CardScheme>,
    /// Index.
    pub index: u8,
    /// Without: the newest active one, which cards are issued under. With: that one, active or retired, which verifies
    /// what cards of that version did.
    pub version: Option<u8>,
}

impl Wanted {
    /// The newest active key of index 1.
    pub fn new(usage: Usage, algorithm: Algorithm) -> Self {
        Self { usage, algorithm, scheme: None, index: 1, version: None }
    }

    /// The one of a version.
    #[must_use]
    pub fn version(self, version: u8) -> Self {
        Self { version: Some(version), ..self }
    }

    fn fits(&self, key: &ManagedKey) -> bool {
        let usable = key.state == KeyState::Active || (self.version.is_some() && key.state == KeyState::Retired);
        let spec = &key.spec;
        usable
            && (spec.usage, spec.algorithm, spec.index) == (self.usage, self.algorithm, self.index)
            && (key.scheme.is_none() || key.scheme == self.scheme)
            && self.version.is_none_or(|version| version == spec.version)
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} index {}", self.usage, algorithm_name(self.algorithm), self.index)?;
        self.scheme.map_or(Ok(()), |scheme| write!(f, " scheme {scheme}"))?;
        self.version.map_or(Ok(()), |version| write!(f, " version {version}"))
    }
}

/// The key for a purpose; one of the scheme goes before one of every scheme.
///
/// # Errors
/// K01 where there is none.
pub async fn pick(desk: &Desk<'_>, owner: TenantCode, wanted: Wanted) -> Result<ManagedKey, KeyError> {
    choose(&keys(desk, owner).await?, wanted).cloned()
}

/// [`pick`] among keys that were read before.
///
/// # Errors
/// K01 where there is none.
pub fn choose(keys: &[ManagedKey], wanted: Wanted) -> Result<&ManagedKey, KeyError> {
    let found = keys.iter().filter(|key| wanted.fits(key));
    let found = found.max_by_key(|key| (key.scheme.is_some(), key.spec.version));
    found.ok_or_else(|| KeyError::NotFound(wanted.to_string()))
}

/// The key that already does what `key` would do once it is active, if there is one: which of two keys with one
/// description made a card's key could not be told.
pub(crate) async fn rival(desk: &Desk<'_>, key: &ManagedKey) -> Result<Option<String>, KeyError> {
    if !key.spec.usage.is_card_key() {
        return Ok(None);
    }
    let does = |k: &ManagedKey| (k.spec.usage, k.spec.algorithm, k.spec.version, k.spec.index, k.scheme, k.level);
    let in_office = |k: &ManagedKey| matches!(k.state, KeyState::Active | KeyState::Suspended | KeyState::Retired);
    let mut all = keys(desk, key.owner).await?.into_iter();
    let same = all.find(|k| k.spec.name != key.spec.name && in_office(k) && does(k) == does(key));
    Ok(same.map(|k| k.spec.name))
}

/// Writes the row of a new key.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    desk: &Desk<'_>,
    owner: TenantCode,
    info: &KeyInfo,
    (scheme, level): (Option<CardScheme>, Level),
    parent: Option<&str>,
) -> Result<(), KeyError> {
    let KeyInfo { spec, kcv } = info;
    let sql = format!("INSERT INTO managed_key ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
    let values = params![
        owner.0,
        spec.name.as_str(),
        spec.usage.code(),
        algorithm_name(spec.algorithm),
        i64::from(spec.version),
        i64::from(spec.index),
        scheme.map_or_else(String::new, |scheme| scheme.to_string()),
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
