//! Custodians (密钥保管员): who they are, and that it is they.

use crate::KeyError;
use crate::desk::{Desk, Note};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tongka_base::Date;
use tongka_base::date::{days_since_epoch, from_days_since_epoch};
use tongka_storage::{Scope, TenantCode, params};

/// Wrong passphrases in a row after which a custodian is locked.
const MOST_FAILURES: i64 = 5;
/// Shortest passphrase.
const SHORTEST: usize = 8;

/// How it is known that a custodian is who they say.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// By their passphrase, which is checked here.
    Passphrase(&'a str),
    /// By the caller, who has authenticated the person: a session of the server. The person must be a custodian in
    /// office all the same.
    Session,
}

/// A custodian who says who they are.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// Whose custodian: [`crate::CENTRE`] or a tenant.
    pub owner: TenantCode,
    /// Name: of the person, not of one of their accounts, so that nobody is two people.
    pub name: &'a str,
    /// How it is known.
    pub proof: Proof<'a>,
}

impl<'a> Login<'a> {
    /// A custodian with their passphrase.
    pub fn new(owner: TenantCode, name: &'a str, passphrase: &'a str) -> Self {
        Self { owner, name, proof: Proof::Passphrase(passphrase) }
    }

    /// A person whom the caller has authenticated.
    pub fn of_session(owner: TenantCode, person: &'a str) -> Self {
        Self { owner, name: person, proof: Proof::Session }
    }
}

impl std::fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({}, {})", self.owner, self.name)
    }
}

/// Registers a custodian for a term, or gives one a new term and passphrase, which also unlocks. Who may do so is the
/// installation's administrator, named in the audit log. One who is known by their session has no passphrase.
///
/// # Errors
/// K09 for a name, passphrase or term that is none.
pub async fn enrol(
    desk: &Desk<'_>,
    administrator: &str,
    login: Login<'_>,
    from: Date,
    to: Date,
) -> Result<(), KeyError> {
    let note = Note { owner: login.owner, actor: administrator, action: "custodian.enrol", object: login.name };
    let outcome = register(desk, note, login, from, to).await;
    desk.noted(note, outcome).await
}

async fn register(desk: &Desk<'_>, note: Note<'_>, login: Login<'_>, from: Date, to: Date) -> Result<(), KeyError> {
    let plain = login.name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    if login.name.is_empty() || login.name.chars().count() > 32 || !plain {
        return Err(KeyError::Value("a custodian's name is 1 to 32 letters, digits or . _ -".into()));
    }
    if from > to {
        return Err(KeyError::Value("a term ends after it begins".into()));
    }
    let hash = match login.proof {
        Proof::Session => String::new(),
        Proof::Passphrase(passphrase) if passphrase.chars().count() < SHORTEST => {
            return Err(KeyError::Value(format!("a passphrase has at least {SHORTEST} characters")));
        }
        Proof::Passphrase(passphrase) => Argon2::default()
            .hash_password(passphrase.as_bytes())
            .map_err(|e| KeyError::Value(format!("passphrase: {e}")))?
            .to_string(),
    };
    let mut tx = desk.begin().await?;
    let sql = "INSERT INTO custodian (owner, name, passphrase_hash, active_from, active_to, failures) \
               VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (owner, name) DO UPDATE SET \
               passphrase_hash = excluded.passphrase_hash, active_from = excluded.active_from, \
               active_to = excluded.active_to, failures = 0";
    let values = params![login.owner.0, login.name, hash, days_since_epoch(from), days_since_epoch(to)];
    tx.execute(sql, values).await?;
    desk.finish(tx, note, &format!("{from} to {to}")).await
}

/// A custodian as registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custodian {
    /// Name.
    pub name: String,
    /// First day of the term.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Whether wrong passphrases have locked them.
    pub locked: bool,
}

/// The custodians of an owner, by name.
///
/// # Errors
/// What the database says.
pub async fn custodians(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<Custodian>, KeyError> {
    let sql = "SELECT name, active_from, active_to, failures FROM custodian WHERE {tenant:owner} ORDER BY name";
    let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![]).await?;
    let day = |days: i64| {
        let day = i32::try_from(days).ok().and_then(from_days_since_epoch);
        day.ok_or_else(|| KeyError::Value("a stored term that does not read".into()))
    };
    let of = |row: &tongka_storage::Row| -> Result<Custodian, KeyError> {
        let locked = row.int("failures")? >= MOST_FAILURES;
        let (from, to) = (day(row.int("active_from")?)?, day(row.int("active_to")?)?);
        Ok(Custodian { name: row.text("name")?, from, to, locked })
    };
    rows.iter().map(of).collect()
}

/// Lets a custodian see what their owner has. What a custodian of one owner may see, one of another may not, even where
/// both use one machine.
///
/// # Errors
/// K03 to K05.
pub async fn admit(desk: &Desk<'_>, login: Login<'_>) -> Result<(), KeyError> {
    let note = Note { owner: login.owner, actor: login.name, action: "key.see", object: "" };
    let outcome = authenticate(desk, login).await;
    desk.noted(note, outcome).await
}

/// Two custodians of one owner who do something together: both are who they say, in office, and not the same person. For
/// deeds of other subsystems that let keys out.
///
/// # Errors
/// K03 to K06.
pub async fn together(desk: &Desk<'_>, people: [Login<'_>; 2]) -> Result<(), KeyError> {
    if people[0].owner != people[1].owner {
        return Err(KeyError::Login);
    }
    if people[0].name == people[1].name {
        return Err(KeyError::SamePerson(people[0].name.to_owned()));
    }
    for login in people {
        authenticate(desk, login).await?;
    }
    Ok(())
}

/// Checks that a custodian is who they say, and in office.
pub(crate) async fn authenticate(desk: &Desk<'_>, login: Login<'_>) -> Result<(), KeyError> {
    let sql = "SELECT passphrase_hash, active_from, active_to, failures FROM custodian \
               WHERE name = $1 AND {tenant:owner}";
    let row = desk.db.read(Scope::Tenant(login.owner)).fetch_optional(sql, params![login.name]).await?;
    let Some(row) = row else { return Err(KeyError::Login) };
    if row.int("failures")? >= MOST_FAILURES {
        return Err(KeyError::Locked(login.name.to_owned()));
    }
    if let Proof::Passphrase(passphrase) = login.proof {
        let hash = row.text("passphrase_hash")?;
        let right = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(passphrase.as_bytes(), &hash).is_ok());
        let mut tx = desk.begin().await?;
        let failures = if right { "0" } else { "failures + 1" };
        let sql = format!("UPDATE custodian SET failures = {failures} WHERE owner = $1 AND name = $2");
        tx.execute(&sql, params![login.owner.0, login.name]).await?;
        tx.commit().await?;
        if !right {
            return Err(KeyError::Login);
        }
    }
    let today = days_since_epoch(desk.clock.now().date());
    let term = (row.int("active_from")?, row.int("active_to")?);
    if i64::from(today) < term.0 || i64::from(today) > term.1 {
        let until = from_days_since_epoch(term.1 as i32).map_or_else(String::new, |d| format!(" until {d}"));
        return Err(KeyError::Term(format!("{}{until}", login.name)));
    }
    Ok(())
}
