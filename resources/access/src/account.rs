//! Accounts (账号): who may log in, and whose they are.
//!
//! An account belongs to a person, told by staff number (工号), and to an institution. Who manages accounts
//! (`access.write`) is at the centre another one than who gives roles (`access.grant`), and nobody does either for
//! themselves: that makes two people for every right that is given.

use crate::actor::{Actor, Owner, Via};
use crate::error::{AccessCode, AccessError};
use crate::permission::conflicts;
use crate::role::{allowed, permissions_of_roles, seed_roles};
use crate::session::end_sessions_of;
use crate::store::{next_id, refused};
use crate::{password, totp::TotpState};
use std::collections::BTreeSet;
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_base::date::format_date_time;
use tongka_storage::{Db, Row, Scope, WriteTx, params};
use zeroize::Zeroizing;

/// Passwords of before that cannot be taken again.
const HISTORY: i64 = 5;

/// An account to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// What is typed to log in: 3 to 32 letters, digits, `.`, `_`, `-`; kept in lower case.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Staff number: the same in all accounts of one person.
    pub person: String,
    /// Whom it belongs to.
    pub owner: Owner,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Number.
    pub id: i64,
    /// What is typed to log in.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Staff number.
    pub person: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Whether it can be used.
    pub enabled: bool,
    /// Whether the next thing to do is a new password.
    pub must_change_password: bool,
    /// One-time passwords.
    pub totp: TotpState,
    /// When somebody last logged in, `YYYYMMDDHHMMSS`.
    pub last_login_at: Option<String>,
    /// When it was opened.
    pub created_at: String,
    /// Its roles.
    pub roles: Vec<String>,
}

/// An account that was opened, or whose password was reset.
pub struct Opened {
    /// Number.
    pub id: i64,
    /// For the first login, shown this once.
    pub password: Zeroizing<String>,
}

pub(crate) const COLUMNS: &str = "id, login, name, person, member, tenant, enabled, must_change_password, totp_state, \
                                  last_login_at, created_at";

impl Account {
    pub(crate) fn of(row: &Row, roles: Vec<String>) -> Result<Self, AccessError> {
        Ok(Self {
            id: row.int("id")?,
            login: row.text("login")?,
            name: row.text("name")?,
            person: row.text("person")?,
            owner: Owner::of(row)?,
            enabled: row.flag("enabled")?,
            must_change_password: row.flag("must_change_password")?,
            totp: TotpState::of(&row.text("totp_state")?),
            last_login_at: row.opt_text("last_login_at")?,
            created_at: row.text("created_at")?,
            roles,
        })
    }
}

fn not_there(id: i64) -> AccessError {
    AccessError::new(AccessCode::NotFound, format!("account {id}"))
}

fn check(new: &NewAccount) -> Result<(), AccessError> {
    let length = |text: &str| text.chars().count();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !(3..=32).contains(&length(&new.login)) || !new.login.chars().all(plain) {
        return Err(AccessError::field(
            AccessCode::Value,
            "login",
            "3 to 32 letters, digits, dots, dashes or underscores",
        ));
    }
    if !(1..=64).contains(&length(&new.name)) || new.name.chars().any(char::is_control) || new.name.trim().is_empty() {
        return Err(AccessError::field(AccessCode::Value, "name", "1 to 64 characters"));
    }
    if !(1..=32).contains(&length(&new.person)) || !new.person.chars().all(plain) {
        return Err(AccessError::field(
            AccessCode::Value,
            "person",
            "1 to 32 letters, digits, dots, dashes or underscores",
        ));
    }
    Ok(())
}

/// Whether the actor works on accounts of this owner: the centre on all, others on their own.
fn reaches(actor: &Actor, owner: Owner) -> bool {
    actor.owner == Owner::Centre || actor.owner == owner
}

/// An account with its roles.
///
/// # Errors
/// P06 for what is not there or another institution's.
pub async fn account(db: &Db, scope: Scope, id: i64) -> Result<Account, AccessError> {
    let marker = if matches!(scope, Scope::Tenant(_)) { "{tenant:tenant}" } else { "{scope:member}" };
    let sql = format!("SELECT {COLUMNS} FROM account WHERE id = $1 AND {marker}");
    let row = db.read(scope).fetch_optional(&sql, params![id]).await?.ok_or_else(|| not_there(id))?;
    let sql = "SELECT role FROM account_role WHERE account = $1 ORDER BY role";
    let roles = db.read(Scope::Platform).fetch_all(sql, params![id]).await?;
    let roles = roles.iter().map(|row| row.text("role")).collect::<Result<_, _>>()?;
    Account::of(&row, roles)
}

/// The account in a transaction, if the actor reaches it and it is not their own.
async fn anothers(tx: &mut WriteTx, actor: &Actor, id: i64) -> Result<Account, AccessError> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE id = $1");
    let row = tx.fetch_optional(&sql, params![id]).await?.ok_or_else(|| not_there(id))?;
    let account = Account::of(&row, Vec::new())?;
    if !reaches(actor, account.owner) {
        return Err(not_there(id));
    }
    if actor.via != Via::Local && (actor.account == id || actor.person == account.person) {
        return Err(AccessError::new(AccessCode::Oneself, account.login));
    }
    Ok(account)
}

fn deed<'d>(actor: &'d Actor, action: &'d str, object: &'d str, detail: &'d str) -> Deed<'d> {
    Deed { owner: actor.owner.number(), actor: &actor.login, action, object, outcome: "ok", detail }
}

fn deed_on<'d>(actor: &'d Actor, account: &'d Account, action: &'d str, detail: &'d str) -> Deed<'d> {
    Deed { owner: account.owner.number(), ..deed(actor, action, &account.login, detail) }
}

/// Opens an account without roles. Its password is made here, for the first login, where it has to be changed.
///
/// # Errors
/// P05 without `access.write`, P09, P10.
pub async fn open_account(db: &Db, actor: &Actor, new: &NewAccount, clock: &dyn Clock) -> Result<Opened, AccessError> {
    let password = password::temporary();
    let work = async {
        actor.require("access.write")?;
        let mut tx = tongka_audit::begin(db).await?;
        let id = insert(&mut tx, actor, new, &password, true, clock).await?;
        tx.commit().await?;
        Ok(id)
    };
    let outcome = work.await;
    let id = refused(db, deed(actor, "account.open", &new.login, ""), clock, outcome).await?;
    Ok(Opened { id, password })
}

/// Opens an account with roles and a password that its person chose, at the command line of the server.
///
/// # Errors
/// P05 for anybody else; P07, P09 to P12.
pub async fn open_account_here(
    db: &Db,
    actor: &Actor,
    new: &NewAccount,
    roles: &[&str],
    chosen: &str,
    clock: &dyn Clock,
) -> Result<i64, AccessError> {
    let work = async {
        if actor.via != Via::Local {
            return Err(AccessError::new(AccessCode::Permission, "only at the command line"));
        }
        password::check(chosen, &new.login)?;
        let mut tx = tongka_audit::begin(db).await?;
        seed_roles(&mut tx).await?;
        let id = insert(&mut tx, actor, new, chosen, false, clock).await?;
        let roles: BTreeSet<String> = roles.iter().map(|r| (*r).to_owned()).collect();
        give(&mut tx, actor, id, &roles, clock).await?;
        tx.commit().await?;
        Ok(id)
    };
    let outcome = work.await;
    refused(db, deed(actor, "account.open", &new.login, ""), clock, outcome).await
}

/// Opens the first account of an administrator: `system-admin`, `security-admin` or `auditor`, of which there is none that
/// can be used yet.
///
/// # Errors
/// P26 when there is one; as [`open_account_here`].
pub async fn create_first_admin(
    db: &Db,
    new: &NewAccount,
    role: &str,
    chosen: &str,
    clock: &dyn Clock,
) -> Result<i64, AccessError> {
    if !["system-admin", "security-admin", "auditor"].contains(&role) {
        return Err(AccessError::field(AccessCode::Role, "role", "system-admin, security-admin or auditor"));
    }
    let sql = "SELECT a.login AS login FROM account a JOIN account_role r ON r.account = a.id \
               WHERE r.role = $1 AND a.enabled = 1 LIMIT 1";
    if let Some(row) = db.read(Scope::Platform).fetch_optional(sql, params![role]).await? {
        return Err(AccessError::new(AccessCode::NotFirst, row.text("login")?));
    }
    open_account_here(db, &Actor::local(&new.login), new, &[role], chosen, clock).await
}

async fn insert(
    tx: &mut WriteTx,
    actor: &Actor,
    new: &NewAccount,
    secret: &str,
    must_change: bool,
    clock: &dyn Clock,
) -> Result<i64, AccessError> {
    check(new)?;
    if !reaches(actor, new.owner) {
        return Err(AccessError::field(AccessCode::Permission, "owner", "another institution's"));
    }
    let login = new.login.to_ascii_lowercase();
    if tx.fetch_optional("SELECT id FROM account WHERE login = $1", params![&login]).await?.is_some() {
        return Err(AccessError::field(AccessCode::Exists, "login", login));
    }
    let hash = password::hash(secret).await?;
    let id = next_id(tx, "account").await?;
    let [member, tenant] = new.owner.columns();
    let sql = "INSERT INTO account (id, login, name, person, member, tenant, enabled, password_hash, \
               must_change_password, failures, totp_state, totp_secret, totp_step, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, 0, 'off', '', 0, $9)";
    let at = format_date_time(clock.now());
    let values = params![id, &login, &new.name, &new.person, member, tenant, hash.as_str(), must_change, at];
    tx.execute(sql, values).await?;
    remember(tx, id, &hash).await?;
    let detail = format!("account {id}, {} of {}", new.person, new.owner);
    let entry = Deed { owner: new.owner.number(), ..deed(actor, "account.open", &login, &detail) };
    tongka_audit::record(tx, &entry, clock).await?;
    Ok(id)
}

/// Keeps a password's hash so that it is not taken again.
async fn remember(tx: &mut WriteTx, account: i64, hash: &str) -> Result<(), AccessError> {
    let sql = "SELECT COALESCE(MAX(sequence), 0) + 1 AS next FROM account_password WHERE account = $1";
    let next = tx.fetch_one(sql, params![account]).await?.int("next")?;
    let sql = "INSERT INTO account_password (account, sequence, password_hash) VALUES ($1, $2, $3)";
    tx.execute(sql, params![account, next, hash]).await?;
    let sql = "DELETE FROM account_password WHERE account = $1 AND sequence <= $2";
    tx.execute(sql, params![account, next - HISTORY]).await?;
    Ok(())
}

/// Gives an account exactly these roles.
async fn give(
    tx: &mut WriteTx,
    actor: &Actor,
    id: i64,
    roles: &BTreeSet<String>,
    clock: &dyn Clock,
) -> Result<(), AccessError> {
    let account = anothers(tx, actor, id).await?;
    let codes = permissions_of_roles(tx, roles).await?;
    let fitting = allowed(codes.iter().cloned().collect(), account.owner);
    if let Some(code) = codes.difference(&fitting).next() {
        let detail = format!("{code} is not for accounts of {}", account.owner);
        return Err(AccessError::field(AccessCode::Role, "roles", detail));
    }
    // What a person may do by another account counts too.
    let sql = "SELECT DISTINCT p.permission AS permission FROM account a JOIN account_role r ON r.account = a.id \
               JOIN role_permission p ON p.role = r.role WHERE a.person = $1 AND a.id <> $2 AND a.enabled = 1";
    let mut all = codes;
    for row in tx.fetch_all(sql, params![&account.person, id]).await? {
        all.insert(row.text("permission")?);
    }
    if let Some(conflict) = conflicts(&all, account.owner.side()).first() {
        let detail = format!("{} {}", conflict.zh, conflict.en);
        return Err(AccessError::field(AccessCode::Conflict, "roles", detail));
    }
    let sql = "SELECT role FROM account_role WHERE account = $1 ORDER BY role";
    let before = tx.fetch_all(sql, params![id]).await?;
    let before = before.iter().map(|row| row.text("role")).collect::<Result<Vec<_>, _>>()?;
    tx.execute("DELETE FROM account_role WHERE account = $1", params![id]).await?;
    for role in roles {
        tx.execute("INSERT INTO account_role (account, role) VALUES ($1, $2)", params![id, role]).await?;
    }
    let after = roles.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let detail = format!("from [{}] to [{after}]", before.join(","));
    tongka_audit::record(tx, &deed_on(actor, &account, "account.roles", &detail), clock).await?;
    Ok(())
}

/// Gives an account exactly these roles; they count from its next request on.
///
/// # Errors
/// P05 without `access.grant`, P06, P11, P12, P14.
pub async fn set_roles(
    db: &Db,
    actor: &Actor,
    id: i64,
    roles: &BTreeSet<String>,
    clock: &dyn Clock,
) -> Result<(), AccessError> {
    let work = async {
        actor.require("access.grant")?;
        let mut tx = tongka_audit::begin(db).await?;
        give(&mut tx, actor, id, roles, clock).await?;
        Ok(tx.commit().await?)
    };
    let outcome = work.await;
    refused(db, deed(actor, "account.roles", &format!("account {id}"), ""), clock, outcome).await
}

/// Lets an account be used or not. Disabling ends its sessions; enabling also ends a lock.
///
/// # Errors
/// P05 without `access.write`, P06, P14.
pub async fn set_enabled(db: &Db, actor: &Actor, id: i64, enabled: bool, clock: &dyn Clock) -> Result<(), AccessError> {
    let action = if enabled { "account.enable" } else { "account.disable" };
    let work = async {
        actor.require("access.write")?;
        let mut tx = tongka_audit::begin(db).await?;
        let account = anothers(&mut tx, actor, id).await?;
        let sql = "UPDATE account SET enabled = $1, failures = 0, locked_until = NULL WHERE id = $2";
        tx.execute(sql, params![enabled, id]).await?;
        if !enabled {
            end_sessions_of(&mut tx, id, None, "disabled", clock).await?;
        }
        Ok(tongka_audit::commit(tx, &deed_on(actor, &account, action, ""), clock).await?)
    };
    let outcome = work.await;
    refused(db, deed(actor, action, &format!("account {id}"), ""), clock, outcome).await
}

/// Gives an account a new password for one login, ends its lock and its sessions.
///
/// # Errors
/// P05 without `access.write`, P06, P14.
pub async fn reset_password(db: &Db, actor: &Actor, id: i64, clock: &dyn Clock) -> Result<Opened, AccessError> {
    let password = password::temporary();
    let work = async {
        actor.require("access.write")?;
        let hash = password::hash(&password).await?;
        let mut tx = tongka_audit::begin(db).await?;
        let account = anothers(&mut tx, actor, id).await?;
        let sql = "UPDATE account SET password_hash = $1, must_change_password = 1, failures = 0, locked_until = NULL \
                   WHERE id = $2";
        tx.execute(sql, params![hash, id]).await?;
        end_sessions_of(&mut tx, id, None, "password reset", clock).await?;
        Ok(tongka_audit::commit(tx, &deed_on(actor, &account, "account.reset-password", ""), clock).await?)
    };
    let outcome = work.await;
    refused(db, deed(actor, "account.reset-password", &format!("account {id}"), ""), clock, outcome).await?;
    Ok(Opened { id, password })
}

/// Takes the one-time passwords of an account away, for who lost the device: another power than who resets passwords.
///
/// # Errors
/// P05 without `access.grant`, P06, P14.
pub async fn reset_totp(db: &Db, actor: &Actor, id: i64, clock: &dyn Clock) -> Result<(), AccessError> {
    let work = async {
        actor.require("access.grant")?;
        let mut tx = tongka_audit::begin(db).await?;
        let account = anothers(&mut tx, actor, id).await?;
        crate::totp::forget(&mut tx, id).await?;
        end_sessions_of(&mut tx, id, None, "one-time password reset", clock).await?;
        Ok(tongka_audit::commit(tx, &deed_on(actor, &account, "account.reset-totp", ""), clock).await?)
    };
    let outcome = work.await;
    refused(db, deed(actor, "account.reset-totp", &format!("account {id}"), ""), clock, outcome).await
}

/// Changes one's own password; other sessions end.
///
/// # Errors
/// P01 for a wrong old one, P07, P08.
pub async fn change_password(
    db: &Db,
    actor: &Actor,
    old: &str,
    new: &str,
    clock: &dyn Clock,
) -> Result<(), AccessError> {
    let work = async {
        let id = actor.account;
        let sql = "SELECT password_hash FROM account WHERE id = $1 AND enabled = 1";
        let read = db.read(Scope::Platform);
        let kept = read.fetch_optional(sql, params![id]).await?.ok_or_else(|| not_there(id))?.text("password_hash")?;
        if !password::verify(old, &kept).await {
            return Err(AccessError::field(AccessCode::Login, "old_password", ""));
        }
        password::check(new, &actor.login)?;
        let sql = "SELECT password_hash FROM account_password WHERE account = $1 ORDER BY sequence DESC";
        let mut earlier = vec![kept.clone()];
        for row in read.fetch_all(sql, params![id]).await? {
            earlier.push(row.text("password_hash")?);
        }
        earlier.dedup();
        for hash in &earlier {
            if password::verify(new, hash).await {
                return Err(AccessError::field(AccessCode::UsedPassword, "password", "one of the last five"));
            }
        }
        let hash = password::hash(new).await?;
        let mut tx = tongka_audit::begin(db).await?;
        // Only over the password that was shown to be known.
        let sql =
            "UPDATE account SET password_hash = $1, must_change_password = 0 WHERE id = $2 AND password_hash = $3";
        if tx.execute(sql, params![hash.as_str(), id, kept]).await? == 0 {
            return Err(AccessError::field(AccessCode::Login, "old_password", "it was changed meanwhile"));
        }
        remember(&mut tx, id, &hash).await?;
        let this = if let Via::Session(session) = actor.via { Some(session) } else { None };
        end_sessions_of(&mut tx, id, this, "password changed", clock).await?;
        Ok(tongka_audit::commit(tx, &deed(actor, "account.password", &actor.login, ""), clock).await?)
    };
    let outcome = work.await;
    refused(db, deed(actor, "account.password", &actor.login, ""), clock, outcome).await
}
