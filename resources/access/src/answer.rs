//! Stored answers (幂等): a request that comes twice under one key is worked on once and answered twice.
//!
//! A caller claims a key before the work and stores the answer after it. A claim whose work never came to an answer, because
//! the server went away, is never worked on again: whether the work was done is not known (P21), and the caller looks.
//! Answers may show a secret once, so they are kept sealed, for 72 hours.

use crate::error::{AccessCode, AccessError};
use crate::secret::ServerSecret;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tongka_base::Clock;
use tongka_base::date::format_date_time;
use tongka_storage::{Db, Scope, StorageError, params};

/// How long answers are kept.
pub const KEPT: TimeDelta = TimeDelta::hours(72);
/// After this long a claim without answer is taken for one whose server went away.
const WORKED_ON: TimeDelta = TimeDelta::minutes(10);
/// How often a claim is tried again when another transaction was in the way.
const TRIES: usize = 5;

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names and values of headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// Work on it, then [`store_answer`] or [`release`].
    Work,
    /// It was worked on: answer with this.
    Answered(Answer),
}

fn about(caller: &str, key: &str) -> String {
    format!("answer {}:{caller} {key}", caller.len())
}

/// Claims a key for a request of which `fingerprint` tells everything that matters.
///
/// # Errors
/// P10 for a key that is none, P19 for one of another request, P20 while it is worked on, P21.
pub async fn claim(
    db: &Db,
    secret: &ServerSecret,
    caller: &str,
    key: &str,
    fingerprint: &str,
    clock: &dyn Clock,
) -> Result<Claim, AccessError> {
    let printable = key.bytes().all(|b| b.is_ascii_graphic());
    if key.is_empty() || key.len() > 64 || !printable {
        return Err(AccessError::field(AccessCode::Value, "Idempotency-Key", "1 to 64 visible ASCII characters"));
    }
    let mut tries = 0;
    loop {
        match try_claim(db, secret, caller, key, fingerprint, clock).await {
            Err(AccessError::Storage(error)) if error.is_conflict() && tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

async fn try_claim(
    db: &Db,
    secret: &ServerSecret,
    caller: &str,
    key: &str,
    fingerprint: &str,
    clock: &dyn Clock,
) -> Result<Claim, AccessError> {
    let now = clock.now();
    let mut tx = db.begin_write(Scope::Platform).await?;
    let sql = "DELETE FROM stored_answer WHERE caller = $1 AND request_key = $2 AND claimed_at < $3";
    tx.execute(sql, params![caller, key, format_date_time(now - KEPT)]).await?;
    let sql = "INSERT INTO stored_answer (caller, request_key, fingerprint, claimed_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    if tx.execute(sql, params![caller, key, fingerprint, format_date_time(now)]).await? == 1 {
        tx.commit().await?;
        return Ok(Claim::Work);
    }
    let sql = "SELECT fingerprint, claimed_at, answer FROM stored_answer WHERE caller = $1 AND request_key = $2";
    let row = tx.fetch_one(sql, params![caller, key]).await?;
    if row.text("fingerprint")? != fingerprint {
        return Err(AccessError::field(AccessCode::OtherBody, "Idempotency-Key", ""));
    }
    let Some(sealed) = row.opt_text("answer")? else {
        let fresh = row.text("claimed_at")? >= format_date_time(now - WORKED_ON);
        let code = if fresh { AccessCode::InProgress } else { AccessCode::OutcomeUnknown };
        return Err(AccessError::field(code, "Idempotency-Key", ""));
    };
    let plain = secret.unseal(&about(caller, key), &sealed)?;
    let answer = serde_json::from_slice(&plain).map_err(|e| AccessError::new(AccessCode::Secret, e.to_string()))?;
    Ok(Claim::Answered(answer))
}

/// Stores the answer of a claimed request.
///
/// # Errors
/// What the database says.
pub async fn store_answer(
    db: &Db,
    secret: &ServerSecret,
    caller: &str,
    key: &str,
    answer: &Answer,
) -> Result<(), AccessError> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(answer).expect("an answer has a JSON form"));
    let sealed = secret.seal(&about(caller, key), &plain);
    let sql = "UPDATE stored_answer SET status = $1, answer = $2 WHERE caller = $3 AND request_key = $4";
    Ok(write(db, sql, params![answer.status, sealed, caller, key]).await?)
}

/// Gives a claim back: nothing was done, the same request may come again.
///
/// # Errors
/// What the database says.
pub async fn release(db: &Db, caller: &str, key: &str) -> Result<(), AccessError> {
    let sql = "DELETE FROM stored_answer WHERE caller = $1 AND request_key = $2 AND answer IS NULL";
    Ok(write(db, sql, params![caller, key]).await?)
}

/// One statement on a row that is the caller's own; other rows' transactions may still be in the way on PostgreSQL.
async fn write(db: &Db, sql: &str, values: &[tongka_storage::Value]) -> Result<(), StorageError> {
    let mut tries = 0;
    loop {
        let work = async {
            let mut tx = db.begin_write(Scope::Platform).await?;
            tx.execute(sql, values).await?;
            tx.commit().await
        };
        match work.await {
            Err(error) if error.is_conflict() && tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

/// Forgets answers older than [`KEPT`]. Returns their number.
///
/// # Errors
/// What the database says.
pub async fn prune_answers(db: &Db, clock: &dyn Clock) -> Result<u64, AccessError> {
    let mut tx = db.begin_write(Scope::Platform).await?;
    let before = format_date_time(clock.now() - KEPT);
    let gone = tx.execute("DELETE FROM stored_answer WHERE claimed_at < $1", params![before]).await?;
    tx.commit().await?;
    Ok(gone)
}
