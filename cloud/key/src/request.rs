//! Requests (申请) under dual control: one custodian proposes, another of the same owner approves, and only then it is done.

use crate::custodian::{Login, authenticate};
use crate::desk::{Desk, Note};
use crate::keys::{KeyState, Level, device_name, insert, key, rival};
use crate::{CENTRE, KeyError};
use serde::{Deserialize, Serialize};
use tongka_base::date::format_date_time;
use tongka_base::id::parse_hex;
use tongka_base::{Algorithm, AppSerial, CardScheme, IssuerId};
use tongka_card::{Fields, Pattern};
use tongka_hsm::{HsmCode, HsmError, KeyBlock, KeyInfo, KeyRef, KeySpec, MOST_LEVELS, Usage};
use tongka_storage::{Row, Scope, TenantCode, params};

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// Name within the owner.
    pub name: String,
    /// Purpose.
    pub usage: Usage,
    /// SM4, else 3DES.
    pub sm4: bool,
    /// Version, as cards carry it.
    pub version: u8,
    /// Index, as cards carry it.
    pub index: u8,
    /// Card scheme it is for: `T`, `M`; none for every scheme.
    #[serde(default)]
    pub scheme: Option<char>,
    /// Place in the hierarchy.
    pub level: Level,
}

impl NewKey {
    /// What the device shall make.
    pub fn spec(&self, owner: TenantCode) -> KeySpec {
        KeySpec {
            name: device_name(owner, &self.name),
            usage: self.usage,
            algorithm: if self.sm4 { Algorithm::Sm4 } else { Algorithm::Tdes },
            version: self.version,
            index: self.index,
        }
    }

    /// Whether its name is one a device takes.
    pub(crate) fn check_name(&self, owner: TenantCode) -> Result<(), KeyError> {
        if self.name.is_empty() {
            return Err(HsmError::new(HsmCode::Value, "a key needs a name").into());
        }
        Ok(self.spec(owner).check()?)
    }

    /// Its card scheme.
    pub(crate) fn card_scheme(&self) -> Result<Option<CardScheme>, KeyError> {
        let read = |letter: char| u8::try_from(letter).ok().and_then(CardScheme::from_letter);
        let unknown = || KeyError::Value("a card scheme is T or M".into());
        self.scheme.map(|letter| read(letter).ok_or_else(unknown)).transpose()
    }

    /// The same under its name within the owner.
    pub(crate) fn managed(&self, info: KeyInfo) -> KeyInfo {
        KeyInfo { spec: KeySpec { name: self.name.clone(), ..info.spec }, ..info }
    }
}

/// Factors (分散因子) of the levels between one key and another, the upper level first, each as a [`Pattern`] that makes
/// eight bytes: `3050FF0000000000`, `{issuer:0..4}FFFFFFFF`, `{serial:2..10}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factors {
    /// The patterns.
    pub levels: Vec<String>,
    /// Issuer id for the field `issuer`, 16 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Application serial for the field `serial`, 20 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

impl Factors {
    /// Of patterns that need no field.
    pub fn new<const N: usize>(levels: [&str; N]) -> Self {
        Self { levels: levels.map(str::to_owned).to_vec(), ..Self::default() }
    }

    /// The factors.
    ///
    /// # Errors
    /// K09 for what is no factor.
    pub fn values(&self) -> Result<Vec<[u8; 8]>, KeyError> {
        let wrong = |e: &dyn std::fmt::Display| KeyError::Value(e.to_string());
        let mut fields = Fields::default();
        if let Some(issuer) = &self.issuer {
            let id = IssuerId::parse(issuer.to_ascii_uppercase().as_bytes());
            fields = fields.issuer(id.ok_or_else(|| wrong(&"an issuer id is 16 hex digits"))?);
        }
        if let Some(serial) = &self.serial {
            let mut bytes = [0; 10];
            if !parse_hex(serial.to_ascii_uppercase().as_bytes(), &mut bytes) {
                return Err(wrong(&"an application serial is 20 hex digits"));
            }
            fields = fields.serial(AppSerial(bytes));
        }
        let factor = |text: &String| Pattern::parse(text).and_then(|p| p.factor(&fields)).map_err(|e| wrong(&e));
        self.levels.iter().map(factor).collect()
    }
}

/// What is asked for. No action holds a key in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Action {
    /// Make a random key.
    Generate {
        /// The key.
        key: NewKey,
    },
    /// The centre makes a tenant's key from a national one, or an owner one of its own from another.
    Derive {
        /// The key it comes from, of the same owner as the request.
        parent: String,
        /// Factors of the levels between both.
        factors: Factors,
        /// Whose the new key is.
        to: i64,
        /// The key.
        key: NewKey,
    },
    /// Give a key out under a transport key.
    Export {
        /// The key.
        name: String,
        /// Factors of the levels below it; none for the key itself.
        factors: Factors,
        /// Transport key of the same owner.
        under: String,
    },
    /// Take a key in from a block.
    Import {
        /// The key.
        key: NewKey,
        /// Transport key of the same owner.
        under: String,
        /// The block.
        block: String,
    },
    /// Another state: activate, suspend, retire, revoke, destroy.
    Move {
        /// The key.
        name: String,
        /// The state.
        to: KeyState,
    },
}

impl Action {
    /// The word of the audit log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Generate { .. } => "key.generate",
            Self::Derive { .. } => "key.derive",
            Self::Export { .. } => "key.export",
            Self::Import { .. } => "key.import",
            Self::Move { .. } => "key.move",
        }
    }

    /// The key it is about.
    pub fn object(&self) -> &str {
        match self {
            Self::Generate { key } | Self::Derive { key, .. } | Self::Import { key, .. } => &key.name,
            Self::Export { name, .. } | Self::Move { name, .. } => name,
        }
    }
}

/// A request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Number.
    pub id: i64,
    /// Whose.
    pub owner: TenantCode,
    /// What.
    pub action: Action,
    /// Who proposed it.
    pub proposer: String,
    /// When.
    pub proposed_at: String,
    /// `open`, `done`, `refused`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
}

/// What came of an approved request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A key was made or taken in.
    Made {
        /// Check value.
        kcv: [u8; 3],
    },
    /// A key was given out.
    Block(KeyBlock),
    /// A state was changed.
    Moved,
}

const COLUMNS: &str = "id, owner, action, proposer, proposed_at, state, decided_by, word, object";

fn request_of(row: &Row) -> Result<Request, KeyError> {
    let action = serde_json::from_str(&row.text("action")?).map_err(|e| KeyError::Value(e.to_string()))?;
    Ok(Request {
        id: row.int("id")?,
        owner: TenantCode(row.int("owner")?),
        action,
        proposer: row.text("proposer")?,
        proposed_at: row.text("proposed_at")?,
        state: row.text("state")?,
        decided_by: row.opt_text("decided_by")?,
    })
}

/// The requests of an owner, newest first.
///
/// # Errors
/// What the database says.
pub async fn requests(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<Request>, KeyError> {
    let sql = format!("SELECT {COLUMNS} FROM key_request WHERE {{tenant:owner}} ORDER BY id DESC");
    desk.db.read(Scope::Tenant(owner)).fetch_all(&sql, params![]).await?.iter().map(request_of).collect()
}

/// What can be told at once to be impossible, so that nobody approves it in vain.
async fn check(desk: &Desk<'_>, owner: TenantCode, action: &Action) -> Result<(), KeyError> {
    let free = async |owner: TenantCode, new: &NewKey| match key(desk, owner, &new.name).await {
        Ok(_) => Err(KeyError::Exists(new.name.clone())),
        Err(KeyError::NotFound(_)) => new.card_scheme().and_then(|_| new.check_name(owner)),
        Err(error) => Err(error),
    };
    match action {
        Action::Generate { key: new } => free(owner, new).await,
        Action::Derive { parent, factors, to, key: new } => {
            if owner != CENTRE && owner != TenantCode(*to) {
                return Err(KeyError::NotFound(parent.clone()));
            }
            let levels = factors.values()?.len();
            if !(1..=MOST_LEVELS).contains(&levels) {
                return Err(KeyError::Value(format!("1 to {MOST_LEVELS} levels")));
            }
            in_use(&key(desk, owner, parent).await?)?;
            free(TenantCode(*to), new).await
        }
        Action::Export { name, factors, under } => {
            factors.values()?;
            transport(&key(desk, owner, under).await?)?;
            in_use(&key(desk, owner, name).await?)
        }
        Action::Import { key: new, under, .. } => {
            transport(&key(desk, owner, under).await?)?;
            free(owner, new).await
        }
        Action::Move { name, to } => {
            let key = key(desk, owner, name).await?;
            if !key.state.may_become(*to) {
                let detail = format!("{name} is {}, it cannot become {}", key.state.name(), to.name());
                return Err(KeyError::State(detail));
            }
            match rival(desk, &key).await? {
                Some(other) if *to == KeyState::Active => {
                    Err(KeyError::State(format!("{other} is what {name} would be")))
                }
                _ => Ok(()),
            }
        }
    }
}

/// A key in use under which others travel.
fn transport(key: &crate::ManagedKey) -> Result<(), KeyError> {
    in_use(key)?;
    if key.spec.usage == Usage::Transport {
        return Ok(());
    }
    let detail = format!("{} is a {} key, no transport key", key.spec.name, key.spec.usage);
    Err(HsmError::new(HsmCode::WrongUsage, detail).into())
}

fn in_use(key: &crate::ManagedKey) -> Result<(), KeyError> {
    if key.state == KeyState::Active {
        return Ok(());
    }
    Err(KeyError::State(format!("{} is {}", key.spec.name, key.state.name())))
}

/// Proposes an action; returns the number of the request.
///
/// # Errors
/// K01 to K05, K07, K09.
pub async fn propose(desk: &Desk<'_>, login: Login<'_>, action: &Action) -> Result<i64, KeyError> {
    let word = format!("{}.propose", action.word());
    let note = Note { owner: login.owner, actor: login.name, action: &word, object: action.object() };
    let work = async {
        authenticate(desk, login).await?;
        check(desk, login.owner, action).await?;
        let mut tx = desk.begin().await?;
        let next =
            tx.fetch_one("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM key_request", params![]).await?.int("id")?;
        let sql = format!("INSERT INTO key_request ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, 'open', NULL, $6, $7)");
        let text = serde_json::to_string(action).map_err(|e| KeyError::Value(e.to_string()))?;
        let at = format_date_time(desk.clock.now());
        let values = params![next, login.owner.0, text, login.name, at, action.word(), action.object()];
        tx.execute(&sql, values).await?;
        desk.finish(tx, note, &format!("request {next}")).await?;
        Ok(next)
    };
    let outcome = work.await;
    desk.noted(note, outcome).await
}

/// Takes a request of an owner for its decision.
async fn open_request(desk: &Desk<'_>, login: Login<'_>, id: i64) -> Result<Request, KeyError> {
    let sql = format!("SELECT {COLUMNS} FROM key_request WHERE id = $1 AND {{tenant:owner}}");
    let row = desk.db.read(Scope::Tenant(login.owner)).fetch_optional(&sql, params![id]).await?;
    let request = row.as_ref().map(request_of).transpose()?;
    request.ok_or_else(|| KeyError::NotFound(format!("request {id}")))
}

/// Approves a request and does it.
///
/// # Errors
/// K01, K03 to K07; H codes of the device. Nothing is done then, and the request stays open.
pub async fn approve(desk: &Desk<'_>, login: Login<'_>, id: i64) -> Result<Done, KeyError> {
    decide(desk, login, id, true).await.map(|done| done.expect("an approved request is done"))
}

/// Refuses a request; its proposer may withdraw it so.
///
/// # Errors
/// K01, K03 to K05, K07.
pub async fn refuse(desk: &Desk<'_>, login: Login<'_>, id: i64) -> Result<(), KeyError> {
    decide(desk, login, id, false).await.map(drop)
}

async fn decide(desk: &Desk<'_>, login: Login<'_>, id: i64, yes: bool) -> Result<Option<Done>, KeyError> {
    let object = format!("request {id}");
    let unknown = if yes { "key.approve" } else { "key.refuse" };
    let note = Note { owner: login.owner, actor: login.name, action: unknown, object: &object };
    let read = async {
        authenticate(desk, login).await?;
        open_request(desk, login, id).await
    };
    let read = read.await;
    let request = desk.noted(note, read).await?;
    let word = format!("{}.{}", request.action.word(), if yes { "approve" } else { "refuse" });
    let note = Note { action: &word, object: request.action.object(), ..note };
    let work = async {
        if yes && request.proposer == login.name {
            return Err(KeyError::SamePerson(login.name.to_owned()));
        }
        let mut tx = desk.begin().await?;
        // Of two who decide at the same time one finds no open request.
        let sql = "UPDATE key_request SET state = $3, decided_by = $4 WHERE id = $1 AND owner = $2 AND state = 'open'";
        let state = if yes { "done" } else { "refused" };
        if tx.execute(sql, params![id, login.owner.0, state, login.name]).await? == 0 {
            return Err(KeyError::State(format!("request {id} is {}", request.state)));
        }
        let detail = format!("request {id} by {}", request.proposer);
        if !yes {
            desk.finish(tx, note, &detail).await?;
            return Ok(None);
        }
        check(desk, login.owner, &request.action).await?;
        let (done, made) = execute(desk, &mut tx, login.owner, &request.action).await?;
        if let Err(error) = desk.finish(tx, note, &detail).await {
            // Without its row a key must not stay on the device.
            if let Some(name) = made {
                desk.hsm.destroy(&name)?;
            }
            return Err(error);
        }
        // A key leaves the device when nothing is left that counts on it.
        if let Action::Move { name, to: KeyState::Destroyed } = &request.action {
            match desk.hsm.destroy(&device_name(login.owner, name)) {
                Err(error) if error.code != HsmCode::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(Some(done))
    };
    let outcome = work.await;
    desk.noted(note, outcome).await
}

/// Removes a key that a stop left on the device without a row: nobody ever used it.
pub(crate) fn clear_orphan(desk: &Desk<'_>, device_name: &str) -> Result<(), KeyError> {
    if desk.hsm.keys()?.iter().any(|info| info.spec.name == device_name) {
        desk.hsm.destroy(device_name)?;
    }
    Ok(())
}

/// Does an action on the device and in the books; also the name of a key that was made on the device.
async fn execute(
    desk: &Desk<'_>,
    tx: &mut tongka_storage::WriteTx,
    owner: TenantCode,
    action: &Action,
) -> Result<(Done, Option<String>), KeyError> {
    let made = async |tx: &mut tongka_storage::WriteTx, owner, new: &NewKey, parent: Option<String>, info: KeyInfo| {
        let name = info.spec.name.clone();
        let kcv = info.kcv;
        let place = (new.card_scheme()?, new.level);
        if let Err(error) = insert(tx, desk, owner, &new.managed(info), place, parent.as_deref()).await {
            desk.hsm.destroy(&name)?;
            return Err(error);
        }
        Ok((Done::Made { kcv }, Some(name)))
    };
    match action {
        Action::Generate { key: new } => {
            let spec = new.spec(owner);
            clear_orphan(desk, &spec.name)?;
            made(tx, owner, new, None, desk.hsm.generate(&spec)?).await
        }
        Action::Derive { parent, factors, to, key: new } => {
            let to = TenantCode(*to);
            let spec = new.spec(to);
            clear_orphan(desk, &spec.name)?;
            let parent_name = device_name(owner, parent);
            let info = desk.hsm.derive(KeyRef { name: &parent_name, factors: &factors.values()? }, &spec)?;
            made(tx, to, new, Some(parent_name), info).await
        }
        Action::Import { key: new, under, block } => {
            let spec = new.spec(owner);
            clear_orphan(desk, &spec.name)?;
            let block = KeyBlock(block.clone().into_bytes());
            made(tx, owner, new, None, desk.hsm.import(&spec, &block, &device_name(owner, under))?).await
        }
        Action::Export { name, factors, under } => {
            let factors = factors.values()?;
            let name = device_name(owner, name);
            let key = KeyRef { name: &name, factors: &factors };
            Ok((Done::Block(desk.hsm.export(key, &device_name(owner, under))?), None))
        }
        Action::Move { name, to } => {
            let sql = "UPDATE managed_key SET state = $3 WHERE owner = $1 AND name = $2";
            tx.execute(sql, params![owner.0, name.as_str(), to.name()]).await?;
            Ok((Done::Moved, None))
        }
    }
}
