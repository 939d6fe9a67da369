//! The audit log (审计日志): who did what to what, and how it ended; appended in the transaction of the deed, hash-chained.
//!
//! A deed that is refused is recorded too, in a transaction of its own. An entry holds no key, no passphrase and no full
//! card number: what callers put into it is shown to auditors.
//!
//! Invariants: entries are numbered from 1 without gaps; none is ever changed or removed; the hash of each covers the one
//! before, so that a changed, removed or inserted entry is found by [`verify`]. Who can rewrite the whole table can
//! rewrite the whole chain: [`verify`] takes an earlier head to compare with, kept elsewhere.

use tongka_base::Clock;
use tongka_base::date::format_date_time;
use tongka_crypto::sm3;
use tongka_storage::{Db, Row, Scope, StorageError, WriteTx, params};

/// Table to lock for transactions that append ([`Db::begin_write_locking`]).
pub const HEAD_TABLE: &str = "audit_head";
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A failure of the audit log.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The head is missing: the log was tampered with or the schema is not there.
    #[error("A01 审计链头缺失 the head of the audit log is missing")]
    NoHead,
}

/// A deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed<'a> {
    /// Tenant or member it belongs to; 0 for the platform.
    pub owner: i64,
    /// Who did it, or tried to.
    pub actor: &'a str,
    /// What was done: a stable word such as `key.export`.
    pub action: &'a str,
    /// To what.
    pub object: &'a str,
    /// `ok`, or the code it was refused with.
    pub outcome: &'a str,
    /// What else an auditor should know.
    pub detail: &'a str,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number, from 1.
    pub sequence: i64,
    /// When, Asia/Shanghai, YYYYMMDDHHMMSS.
    pub at: String,
    /// Tenant or member; 0 for the platform.
    pub owner: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
    /// `ok` or a code.
    pub outcome: String,
    /// More.
    pub detail: String,
    /// Hash of this entry and all before it, hex.
    pub hash: String,
}

impl Entry {
    fn of(row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            sequence: row.int("sequence")?,
            at: row.text("at")?,
            owner: row.int("owner")?,
            actor: row.text("actor")?,
            action: row.text("action")?,
            object: row.text("object")?,
            outcome: row.text("outcome")?,
            detail: row.text("detail")?,
            hash: row.text("hash")?,
        })
    }

    /// Every field behind its length, so that no two entries have one text; then the hash before.
    fn hash_after(&self, previous: &str) -> String {
        let (sequence, owner) = (self.sequence.to_string(), self.owner.to_string());
        let fields =
            [&sequence, &self.at, &owner, &self.actor, &self.action, &self.object, &self.outcome, &self.detail];
        let mut text = String::new();
        for field in fields {
            text.push_str(&format!("{}:{field}", field.len()));
        }
        text.push_str(previous);
        hex::encode_upper(sm3(text.as_bytes()))
    }
}

const COLUMNS: &str = "sequence, at, owner, actor, action, object, outcome, detail, hash";

/// Appends an entry in the caller's transaction, which must be of the platform's scope.
///
/// # Errors
/// A01; what the database says.
pub async fn record(tx: &mut WriteTx, deed: &Deed<'_>, clock: &dyn Clock) -> Result<(), AuditError> {
    let sql = "UPDATE audit_head SET sequence = sequence + 1 RETURNING sequence, hash";
    let head = tx.fetch_optional(sql, params![]).await?.ok_or(AuditError::NoHead)?;
    let mut entry = Entry {
        sequence: head.int("sequence")?,
        at: format_date_time(clock.now()),
        owner: deed.owner,
        actor: deed.actor.to_owned(),
        action: deed.action.to_owned(),
        object: deed.object.to_owned(),
        outcome: deed.outcome.to_owned(),
        detail: deed.detail.to_owned(),
        hash: String::new(),
    };
    entry.hash = entry.hash_after(&head.text("hash")?);
    let sql = format!("INSERT INTO audit_entry ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    let values = params![
        entry.sequence,
        entry.at,
        entry.owner,
        entry.actor,
        entry.action,
        entry.object,
        entry.outcome,
        entry.detail,
        entry.hash.as_str()
    ];
    tx.execute(&sql, values).await?;
    tx.execute("UPDATE audit_head SET hash = $1", params![entry.hash]).await?;
    Ok(())
}

/// A write transaction of the platform's scope that may append.
///
/// # Errors
/// What the database says.
pub async fn begin(db: &Db) -> Result<WriteTx, StorageError> {
    db.begin_write_locking(Scope::Platform, &[HEAD_TABLE]).await
}

/// Appends the entry of a deed that is done and makes both durable.
///
/// # Errors
/// As [`record`].
pub async fn commit(mut tx: WriteTx, deed: &Deed<'_>, clock: &dyn Clock) -> Result<(), AuditError> {
    record(&mut tx, deed, clock).await?;
    Ok(tx.commit().await?)
}

/// Appends an entry in a transaction of its own: of a deed that was refused.
///
/// # Errors
/// As [`record`].
pub async fn note(db: &Db, deed: &Deed<'_>, clock: &dyn Clock) -> Result<(), AuditError> {
    commit(begin(db).await?, deed, clock).await
}

/// Entries after a number, oldest first, at most `limit`. A tenant or member sees its own.
///
/// # Errors
/// What the database says.
pub async fn entries(db: &Db, scope: Scope, after: i64, limit: i64) -> Result<Vec<Entry>, AuditError> {
    let marker = if matches!(scope, Scope::Tenant(_)) { "{tenant:owner}" } else { "{scope:owner}" };
    let sql = format!("SELECT {COLUMNS} FROM audit_entry WHERE sequence > $1 AND {marker} ORDER BY sequence LIMIT $2");
    let rows = db.read(scope).fetch_all(&sql, params![after, limit]).await?;
    Ok(rows.iter().map(Entry::of).collect::<Result<_, _>>()?)
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries looked at.
    pub entries: i64,
    /// Hash of the last one.
    pub head: String,
    /// What does not fit: number of the entry and what; the first ten.
    pub faults: Vec<(i64, &'static str)>,
}

/// Recomputes the chain; `earlier` is a (number, hash) noted before, which must still be in it.
///
/// # Errors
/// A01; what the database says.
pub async fn verify(db: &Db, earlier: Option<(i64, &str)>) -> Result<Verified, AuditError> {
    const PAGE: i64 = 5000;
    const MOST: usize = 10;
    let mut found = Verified { entries: 0, head: GENESIS.to_owned(), faults: Vec::new() };
    let mut tx = db.begin_read(Scope::Platform).await?;
    let sql = format!("SELECT {COLUMNS} FROM audit_entry WHERE sequence > $1 ORDER BY sequence LIMIT $2");
    let mut last = 0;
    loop {
        let rows = tx.fetch_all(&sql, params![last, PAGE]).await?;
        for row in &rows {
            let entry = Entry::of(row)?;
            found.entries += 1;
            let mut fault = |what| {
                if found.faults.len() < MOST {
                    found.faults.push((entry.sequence, what));
                }
            };
            if entry.sequence != last + 1 {
                fault("an entry before it is missing");
            }
            if entry.hash != entry.hash_after(&found.head) {
                fault("its content or one before it was changed");
            }
            if earlier.is_some_and(|(sequence, hash)| sequence == entry.sequence && hash != entry.hash) {
                fault("it is not the entry that was noted");
            }
            last = entry.sequence;
            found.head = entry.hash;
        }
        if rows.is_empty() {
            break;
        }
    }
    let head =
        tx.fetch_optional("SELECT sequence, hash FROM audit_head", params![]).await?.ok_or(AuditError::NoHead)?;
    if (head.int("sequence")?, head.text("hash")?) != (last, found.head.clone()) {
        found.faults.push((last, "the head is not the last entry"));
    }
    if earlier.is_some_and(|(sequence, _)| sequence > last) {
        found.faults.push((last, "entries that were noted are missing at the end"));
    }
    Ok(found)
}
