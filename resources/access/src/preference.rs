//! What people set for themselves (个人设置): columns, saved filters, the look. JSON under a name, per account.

use crate::actor::Actor;
use crate::error::{AccessCode, AccessError};
use serde_json::Value as Json;
use tongka_storage::{Db, Scope, params};

/// Largest value, in bytes of JSON.
const LARGEST: usize = 64 << 10;
/// Most names of an account.
const MOST: i64 = 200;

fn check_name(name: &str) -> Result<(), AccessError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(AccessError::field(AccessCode::Value, "key", "1 to 64 letters, digits, dots, dashes or underscores"))
}

/// What is set under a name; `null` where nothing is.
///
/// # Errors
/// P10 for a name that is none.
pub async fn preference(db: &Db, actor: &Actor, name: &str) -> Result<Json, AccessError> {
    check_name(name)?;
    let sql = "SELECT value FROM preference WHERE account = $1 AND name = $2";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![actor.account, name]).await?;
    let text = row.map(|row| row.text("value")).transpose()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null))
}

/// Sets a value; `null` forgets it.
///
/// # Errors
/// P10 for a name that is none, a value that is too large, or too many names.
pub async fn set_preference(db: &Db, actor: &Actor, name: &str, value: &Json) -> Result<(), AccessError> {
    check_name(name)?;
    let text = value.to_string();
    // In JSON text, U+0000 is an escape, which the database takes.
    if text.len() > LARGEST {
        return Err(AccessError::field(AccessCode::Value, "value", format!("at most {LARGEST} bytes")));
    }
    let mut tx = db.begin_write_locking(Scope::Platform, &["preference"]).await?;
    if value.is_null() {
        let sql = "DELETE FROM preference WHERE account = $1 AND name = $2";
        tx.execute(sql, params![actor.account, name]).await?;
    } else {
        let sql = "SELECT COUNT(*) AS n FROM preference WHERE account = $1 AND name <> $2";
        if tx.fetch_one(sql, params![actor.account, name]).await?.int("n")? >= MOST {
            return Err(AccessError::field(AccessCode::Value, "key", format!("at most {MOST} names")));
        }
        let sql = "INSERT INTO preference (account, name, value) VALUES ($1, $2, $3) \
                   ON CONFLICT (account, name) DO UPDATE SET value = excluded.value";
        tx.execute(sql, params![actor.account, name, text]).await?;
    }
    Ok(tx.commit().await?)
}
