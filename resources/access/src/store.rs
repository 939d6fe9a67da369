//! What every topic needs of the database.

use crate::error::AccessError;
use tongka_audit::Deed;
use tongka_base::{Clock, DateTime};
use tongka_crypto::sm3;
use tongka_storage::{Db, StorageError, WriteTx, params};

/// The next number of a table, in a transaction from [`tongka_audit::begin`]: these follow each other.
pub(crate) async fn next_id(tx: &mut WriteTx, table: &'static str) -> Result<i64, StorageError> {
    let sql = format!("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM {table}");
    tx.fetch_one(&sql, params![]).await?.int("id")
}

/// Notes a refusal in the audit log, with its code as the outcome; what came of the work stays what it was.
pub(crate) async fn refused<T>(
    db: &Db,
    deed: Deed<'_>,
    clock: &dyn Clock,
    outcome: Result<T, AccessError>,
) -> Result<T, AccessError> {
    if let Err(error) = &outcome
        && error.access_code().is_some()
    {
        let code = error.code();
        tongka_audit::note(db, &Deed { outcome: &code, ..deed }, clock).await?;
    }
    outcome
}

/// Seconds since 1970-01-01 UTC of a time in Asia/Shanghai.
pub(crate) fn unix_seconds(at: DateTime) -> i64 {
    at.and_utc().timestamp() - 8 * 3600
}

/// The digest under which a token is kept.
pub(crate) fn token_hash(token: &str) -> String {
    hex::encode_upper(sm3(token.as_bytes()))
}
