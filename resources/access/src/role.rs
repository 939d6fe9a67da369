//! Roles (角色): named sets of permissions, as data.
//!
//! Built-in ones are as the program says and cannot be changed; an installation adds its own. A role holds no two duties
//! that clash, so that a single role never breaks what separate ones must not.

use crate::actor::{Actor, Owner};
use crate::error::{AccessCode, AccessError};
use crate::permission::{Side, conflicts, permission};
use crate::store::refused;
use std::collections::{BTreeMap, BTreeSet};
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_storage::{Db, Scope, StorageError, WriteTx, params};

/// A role that the program brings.
#[derive(Debug)]
pub struct BuiltInRole {
    /// Stable code.
    pub code: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// What it permits.
    pub permissions: &'static [&'static str],
}

const fn role(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    permissions: &'static [&'static str],
) -> BuiltInRole {
    BuiltInRole { code, zh, en, permissions }
}

/// The roles that every installation has.
pub static BUILT_IN_ROLES: &[BuiltInRole] = &[
    role(
        "operator",
        "清算操作员",
        "Clearing operator",
        &[
            "dashboard.read",
            "day.read",
            "day.operate",
            "day.prove",
            "file.read",
            "file.upload",
            "file.download",
            "record.read",
            "position.read",
            "ledger.read",
            "member.read",
            "member.propose",
            "member.simulate",
            "settlement.read",
            "dispute.read",
            "dispute.propose",
            "lists.read",
            "lists.propose",
            "link.read",
            "link.manage",
            "report.read",
            "notice.read",
            "notice.write",
            "approval.read",
            "job.read",
            "job.manage",
            "system.read",
        ],
    ),
    role(
        "checker",
        "复核员",
        "Checker",
        &[
            "dashboard.read",
            "day.read",
            "file.read",
            "file.download",
            "record.read",
            "position.read",
            "ledger.read",
            "member.read",
            "member.approve",
            "member.simulate",
            "settlement.read",
            "settlement.approve",
            "dispute.read",
            "dispute.approve",
            "lists.read",
            "lists.approve",
            "link.read",
            "report.read",
            "notice.read",
            "approval.read",
            "job.read",
        ],
    ),
    role(
        "finance",
        "财务",
        "Finance",
        &[
            "dashboard.read",
            "day.read",
            "position.read",
            "ledger.read",
            "member.read",
            "settlement.read",
            "settlement.operate",
            "settlement.propose",
            "dispute.read",
            "report.read",
            "file.read",
            "file.download",
            "notice.read",
            "approval.read",
            "job.read",
        ],
    ),
    role(
        "system-admin",
        "系统管理员",
        "System administrator",
        &["access.read", "access.write", "access.key", "system.read", "system.manage", "job.read", "notice.read"],
    ),
    role(
        "security-admin",
        "安全管理员",
        "Security administrator",
        &[
            "access.read",
            "access.grant",
            "access.role",
            "access.session",
            "access.logins",
            "system.read",
            "notice.read",
        ],
    ),
    role(
        "card-inquiry",
        "完整卡号查询员",
        "Whole card numbers",
        &["file.read", "record.read", "member.read", "cards.unmask", "notice.read"],
    ),
    role(
        "auditor",
        "审计员",
        "Auditor",
        &["access.read", "access.logins", "audit.read", "audit.verify", "approval.read", "notice.read"],
    ),
    role(
        "key-manager",
        "密钥管理员",
        "Key manager",
        &["key.read", "key.propose", "key.ceremony", "approval.read", "notice.read"],
    ),
    role(
        "key-checker",
        "密钥复核员",
        "Key checker",
        &["key.read", "key.approve", "key.ceremony", "approval.read", "notice.read"],
    ),
    role(
        "card-manager",
        "卡管员",
        "Card manager",
        &[
            "card.read",
            "card.propose",
            "card.operate",
            "lists.read",
            "report.read",
            "approval.read",
            "job.read",
            "notice.read",
        ],
    ),
    role(
        "card-checker",
        "卡务复核员",
        "Card checker",
        &["card.read", "card.approve", "lists.read", "report.read", "approval.read", "notice.read"],
    ),
    role(
        "member-admin",
        "成员机构管理员",
        "Member administrator",
        &[
            "dashboard.read",
            "access.read",
            "access.write",
            "access.grant",
            "access.session",
            "access.key",
            "access.logins",
            "audit.read",
            "notice.read",
        ],
    ),
    role(
        "member-operator",
        "成员机构操作员",
        "Member operator",
        &[
            "dashboard.read",
            "day.read",
            "file.read",
            "file.upload",
            "file.download",
            "record.read",
            "position.read",
            "ledger.read",
            "member.read",
            "member.certificate",
            "settlement.read",
            "settlement.propose",
            "dispute.read",
            "dispute.propose",
            "lists.read",
            "lists.propose",
            "link.read",
            "report.read",
            "notice.read",
            "approval.read",
            "job.read",
            "job.manage",
        ],
    ),
    role(
        "member-checker",
        "成员机构复核员",
        "Member checker",
        &[
            "dashboard.read",
            "day.read",
            "file.read",
            "file.download",
            "record.read",
            "position.read",
            "ledger.read",
            "member.read",
            "settlement.read",
            "settlement.approve",
            "dispute.read",
            "dispute.approve",
            "lists.read",
            "lists.approve",
            "link.read",
            "report.read",
            "notice.read",
            "approval.read",
            "job.read",
        ],
    ),
    role(
        "viewer",
        "只读",
        "Viewer",
        &[
            "dashboard.read",
            "day.read",
            "file.read",
            "position.read",
            "ledger.read",
            "member.read",
            "settlement.read",
            "dispute.read",
            "lists.read",
            "link.read",
            "report.read",
            "notice.read",
            "approval.read",
            "job.read",
        ],
    ),
];

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Stable code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Whether the program brings it.
    pub built_in: bool,
    /// What it permits.
    pub permissions: BTreeSet<String>,
}

/// What an account is and may do at this moment.
pub(crate) struct Now {
    pub(crate) person: String,
    pub(crate) permissions: BTreeSet<String>,
}

/// Reads an account's permissions again; a disabled account has none.
pub(crate) async fn permissions_now(tx: &mut WriteTx, account: i64) -> Result<Now, AccessError> {
    let sql = "SELECT person, enabled, member, tenant FROM account WHERE id = $1";
    let row = tx.fetch_optional(sql, params![account]).await?;
    let row = row.ok_or_else(|| AccessError::new(AccessCode::NotFound, format!("account {account}")))?;
    let person = row.text("person")?;
    if !row.flag("enabled")? {
        return Ok(Now { person, permissions: BTreeSet::new() });
    }
    let owner = Owner::of(&row)?;
    let rows = tx.fetch_all(PERMISSIONS_OF, params![account]).await?;
    let codes = rows.iter().map(|row| row.text("permission")).collect::<Result<Vec<_>, _>>()?;
    Ok(Now { person, permissions: allowed(codes, owner) })
}

pub(crate) const PERMISSIONS_OF: &str = "SELECT DISTINCT p.permission AS permission FROM account_role r \
                                         JOIN role_permission p ON p.role = r.role WHERE r.account = $1";

/// Those that exist and that an account of this owner may have.
pub(crate) fn allowed(codes: Vec<String>, owner: Owner) -> BTreeSet<String> {
    let fits = |code: &String| permission(code).is_some_and(|spec| spec.sides.contains(&owner.side()));
    codes.into_iter().filter(fits).collect()
}

/// What these roles permit together.
pub(crate) async fn permissions_of_roles(
    tx: &mut WriteTx,
    roles: &BTreeSet<String>,
) -> Result<BTreeSet<String>, AccessError> {
    let mut codes = BTreeSet::new();
    for role in roles {
        if tx.fetch_optional("SELECT code FROM role WHERE code = $1", params![role]).await?.is_none() {
            return Err(AccessError::field(AccessCode::Role, "roles", role.clone()));
        }
        for row in tx.fetch_all("SELECT permission FROM role_permission WHERE role = $1", params![role]).await? {
            codes.insert(row.text("permission")?);
        }
    }
    Ok(codes)
}

/// Brings the built-in roles to what this program says. Every start of a server does that.
///
/// # Errors
/// What the database says.
pub async fn sync_roles(db: &Db) -> Result<(), AccessError> {
    let mut tx = tongka_audit::begin(db).await?;
    seed_roles(&mut tx).await?;
    Ok(tx.commit().await?)
}

pub(crate) async fn seed_roles(tx: &mut WriteTx) -> Result<(), StorageError> {
    let sql = "SELECT role, permission FROM role_permission ORDER BY role, permission";
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tx.fetch_all(sql, params![]).await? {
        kept.entry(row.text("role")?).or_default().push(row.text("permission")?);
    }
    for role in BUILT_IN_ROLES {
        let mut wanted = role.permissions.to_vec();
        wanted.sort_unstable();
        let sql = "INSERT INTO role (code, zh, en, built_in) VALUES ($1, $2, $3, 1) ON CONFLICT (code) DO UPDATE SET \
                   zh = excluded.zh, en = excluded.en, built_in = 1";
        tx.execute(sql, params![role.code, role.zh, role.en]).await?;
        if kept.get(role.code).is_some_and(|kept| *kept == wanted) {
            continue;
        }
        put_permissions(tx, role.code, wanted.into_iter()).await?;
    }
    Ok(())
}

async fn put_permissions<'a>(
    tx: &mut WriteTx,
    role: &str,
    permissions: impl Iterator<Item = &'a str>,
) -> Result<(), StorageError> {
    tx.execute("DELETE FROM role_permission WHERE role = $1", params![role]).await?;
    let rows = permissions.map(|code| params![role, code].to_vec()).collect();
    tx.insert_many("role_permission", &["role", "permission"], rows).await
}

/// Every role, by code.
///
/// # Errors
/// What the database says.
pub async fn roles(db: &Db) -> Result<Vec<Role>, AccessError> {
    let mut tx = db.begin_read(Scope::Platform).await?;
    let mut permissions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in tx.fetch_all("SELECT role, permission FROM role_permission", params![]).await? {
        permissions.entry(row.text("role")?).or_default().insert(row.text("permission")?);
    }
    let mut roles = Vec::new();
    for row in tx.fetch_all("SELECT code, zh, en, built_in FROM role ORDER BY code", params![]).await? {
        let code = row.text("code")?;
        let permissions = permissions.remove(&code).unwrap_or_default();
        let (zh, en, built_in) = (row.text("zh")?, row.text("en")?, row.flag("built_in")?);
        roles.push(Role { code, zh, en, built_in, permissions });
    }
    Ok(roles)
}

/// Defines a role of the installation, or defines it anew: the accounts that have it are bound by it from their next request
/// on.
///
/// # Errors
/// P05 without `access.role`; P10 for a value; P11 for duties that clash, in the role or in an account that has it; P12 for
/// a permission that an account which has the role may not have; P13 built in; P14 when the actor has the role.
pub async fn put_role(db: &Db, actor: &Actor, role: &Role, clock: &dyn Clock) -> Result<(), AccessError> {
    let deed = Deed {
        owner: actor.owner.number(),
        actor: &actor.login,
        action: "role.put",
        object: &role.code,
        outcome: "ok",
        detail: "",
    };
    let work = async {
        actor.require("access.role")?;
        check(role)?;
        let mut tx = tongka_audit::begin(db).await?;
        let sql = "SELECT built_in FROM role WHERE code = $1";
        let row = tx.fetch_optional(sql, params![&role.code]).await?;
        if row.as_ref().map(|row| row.flag("built_in")).transpose()?.unwrap_or(false) {
            return Err(AccessError::field(AccessCode::BuiltIn, "code", role.code.clone()));
        }
        let sql = "SELECT permission FROM role_permission WHERE role = $1 ORDER BY permission";
        let before = tx.fetch_all(sql, params![&role.code]).await?;
        let before = before.iter().map(|row| row.text("permission")).collect::<Result<Vec<_>, _>>()?;
        let sql = "INSERT INTO role (code, zh, en, built_in) VALUES ($1, $2, $3, 0) ON CONFLICT (code) DO UPDATE SET \
                   zh = excluded.zh, en = excluded.en";
        tx.execute(sql, params![&role.code, &role.zh, &role.en]).await?;
        put_permissions(&mut tx, &role.code, role.permissions.iter().map(String::as_str)).await?;
        check_holders(&mut tx, actor, role).await?;
        let after = role.permissions.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        let detail = format!("from [{}] to [{after}]", before.join(","));
        Ok(tongka_audit::commit(tx, &Deed { detail: &detail, ..deed }, clock).await?)
    };
    let outcome = work.await;
    refused(db, deed, clock, outcome).await
}

fn check(role: &Role) -> Result<(), AccessError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(2..=32).contains(&role.code.len()) || !role.code.chars().all(plain) {
        return Err(AccessError::field(AccessCode::Value, "code", "2 to 32 lower-case letters, digits or dashes"));
    }
    for (field, text) in [("zh", &role.zh), ("en", &role.en)] {
        if !(1..=64).contains(&text.chars().count()) || text.chars().any(char::is_control) {
            return Err(AccessError::field(AccessCode::Value, field, "1 to 64 characters"));
        }
    }
    if let Some(code) = role.permissions.iter().find(|code| permission(code).is_none()) {
        let short: String = code.chars().take(64).collect();
        return Err(AccessError::field(AccessCode::Value, "permissions", format!("no such permission: {short}")));
    }
    // Of the three powers a role may mix what a member's administrator may have, as the built-in one does.
    let centre_only = role.permissions.iter().filter_map(|c| permission(c)).any(|p| p.sides == [Side::Centre]);
    let side = if centre_only { Side::Centre } else { Side::Member };
    match conflicts(&role.permissions, side).first() {
        Some(conflict) => {
            Err(AccessError::field(AccessCode::Conflict, "permissions", format!("{} {}", conflict.zh, conflict.en)))
        }
        None => Ok(()),
    }
}

/// Checks the accounts that have a role, after it was changed.
async fn check_holders(tx: &mut WriteTx, actor: &Actor, role: &Role) -> Result<(), AccessError> {
    let sql = "SELECT a.id AS id, a.login AS login, a.person AS person, a.member AS member, a.tenant AS tenant \
               FROM account a JOIN account_role r ON r.account = a.id WHERE r.role = $1 ORDER BY a.id";
    for row in tx.fetch_all(sql, params![&role.code]).await? {
        let (login, owner) = (row.text("login")?, Owner::of(&row)?);
        if row.int("id")? == actor.account || row.text("person")? == actor.person {
            return Err(AccessError::new(AccessCode::Oneself, format!("{login} has the role")));
        }
        let fits = |code: &String| permission(code).is_some_and(|p| p.sides.contains(&owner.side()));
        if let Some(code) = role.permissions.iter().find(|code| !fits(code)) {
            let detail = format!("{login} has the role and may not have {code}");
            return Err(AccessError::field(AccessCode::Role, "permissions", detail));
        }
        let sql = "SELECT DISTINCT p.permission AS permission FROM account a JOIN account_role r ON r.account = a.id \
                   JOIN role_permission p ON p.role = r.role WHERE a.person = $1 AND a.enabled = 1";
        let all = tx.fetch_all(sql, params![row.text("person")?]).await?;
        let all = all.iter().map(|row| row.text("permission")).collect::<Result<_, _>>()?;
        if let Some(conflict) = conflicts(&all, owner.side()).first() {
            let detail = format!("{login}: {} {}", conflict.zh, conflict.en);
            return Err(AccessError::field(AccessCode::Conflict, "permissions", detail));
        }
    }
    Ok(())
}

/// Removes a role of the installation that no account has.
///
/// # Errors
/// P05 without `access.role`, P06, P13, P27 while an account has it.
pub async fn delete_role(db: &Db, actor: &Actor, code: &str, clock: &dyn Clock) -> Result<(), AccessError> {
    let deed = Deed {
        owner: actor.owner.number(),
        actor: &actor.login,
        action: "role.delete",
        object: code,
        outcome: "ok",
        detail: "",
    };
    let work = async {
        actor.require("access.role")?;
        let mut tx = tongka_audit::begin(db).await?;
        let row = tx.fetch_optional("SELECT built_in FROM role WHERE code = $1", params![code]).await?;
        let row = row.ok_or_else(|| AccessError::new(AccessCode::NotFound, "role"))?;
        if row.flag("built_in")? {
            return Err(AccessError::new(AccessCode::BuiltIn, code));
        }
        let sql = "SELECT account FROM account_role WHERE role = $1 LIMIT 1";
        if let Some(row) = tx.fetch_optional(sql, params![code]).await? {
            return Err(AccessError::new(AccessCode::State, format!("account {} has it", row.int("account")?)));
        }
        tx.execute("DELETE FROM role_permission WHERE role = $1", params![code]).await?;
        tx.execute("DELETE FROM role WHERE code = $1", params![code]).await?;
        Ok(tongka_audit::commit(tx, &deed, clock).await?)
    };
    let outcome = work.await;
    refused(db, deed, clock, outcome).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::PERMISSIONS;

    #[test]
    fn built_in_roles_are_sound() {
        let mut given: BTreeSet<&str> = BTreeSet::new();
        for role in BUILT_IN_ROLES {
            let permissions: BTreeSet<String> = role.permissions.iter().map(|p| (*p).to_owned()).collect();
            assert_eq!(permissions.len(), role.permissions.len(), "{} names one twice", role.code);
            let member = role.code.starts_with("member-");
            let side = if member { Side::Member } else { Side::Centre };
            assert_eq!(conflicts(&permissions, side), [], "{}", role.code);
            for code in role.permissions {
                let spec = permission(code).unwrap_or_else(|| panic!("{} names {code}", role.code));
                assert!(!member || spec.sides.contains(&Side::Member), "{} has {code}", role.code);
            }
            given.extend(role.permissions);
        }
        for spec in PERMISSIONS {
            assert!(given.contains(&spec.code), "nobody has {}", spec.code);
        }
    }
}
