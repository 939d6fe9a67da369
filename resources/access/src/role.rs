//! Roles (角色): named sets of permissions, as data.

use crate::actor::Owner;
use crate::error::{AccessCode, AccessError};
use crate::permission::permission;
use std::collections::BTreeSet;
use tongka_storage::{WriteTx, params};

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
