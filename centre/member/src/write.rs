//! Writing the next version: rows are closed and inserted, the digest goes on from the one before.
//!
//! The digest of a version covers the digest before it and every row that the version closed or inserted. It depends on
//! nothing else: it never changes, and rows that were changed by hand show in [`crate::verify`].

use crate::book::{Delta, Difference};
use crate::error::{BookCode, MemberError, refuse};
use crate::read::{CARDS_A_QUESTION, Rows, listed};
use crate::rows::Entry;
use crate::version::{COLUMNS, Version};
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_base::date::format_date_time;
use tongka_crypto::Sm3;
use tongka_scheme::BlacklistEntry;
use tongka_storage::{Value, WriteTx, params};

/// Digest before the first version.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Rows that are turned into values at a time.
const ROWS_A_PART: usize = 20_000;

/// Computes the digest of a version.
pub(crate) struct Digester(Sm3);

impl Digester {
    pub(crate) fn new(version: i64, previous: &str) -> Self {
        let mut digest = Sm3::new();
        digest.update(format!("tongka scheme book\n{version}\n{previous}\n").as_bytes());
        Self(digest)
    }

    /// A line a row: `-` or `+`, the table, every value behind its length.
    pub(crate) fn difference<E: Entry>(&mut self, difference: &Difference<E>) {
        let mut line = String::new();
        for (sign, entries) in [('-', &difference.removed), ('+', &difference.added)] {
            for entry in entries {
                line.clear();
                line.push(sign);
                line.push_str(E::TABLE);
                for value in entry.values() {
                    push_value(&mut line, &value);
                }
                line.push('\n');
                self.0.update(line.as_bytes());
            }
        }
    }

    pub(crate) fn finish(self) -> String {
        hex::encode_upper(self.0.finish())
    }
}

fn push_value(line: &mut String, value: &Value) {
    use std::fmt::Write;
    let written = match value {
        Value::Int(number) => write!(line, "|{number}"),
        Value::Text(text) => write!(line, "|{}:{text}", text.len()),
        Value::Blob(bytes) => write!(line, "|{}:{}", bytes.len(), hex::encode_upper(bytes)),
        Value::Null => write!(line, "|-"),
    };
    written.expect("a string takes everything");
}

/// Closes the current rows of entries.
pub(crate) async fn close<E: Entry>(tx: &mut WriteTx, entries: &[E], version: i64) -> Result<(), MemberError> {
    let keys: Vec<String> = E::COLUMNS[..E::KEY_COLUMNS]
        .iter()
        .enumerate()
        .map(|(n, column)| format!(" AND {column} = ${}", n + 2))
        .collect();
    let sql = format!("UPDATE {} SET to_version = $1 WHERE to_version IS NULL{}", E::TABLE, keys.concat());
    for entry in entries {
        let key = entry.values().into_iter().take(E::KEY_COLUMNS);
        let values: Vec<Value> = std::iter::once(Value::Int(version)).chain(key).collect();
        check_closed(tx.execute(&sql, &values).await?, 1, E::TABLE)?;
    }
    Ok(())
}

fn check_closed(rows: u64, expected: u64, table: &str) -> Result<(), MemberError> {
    if rows == expected {
        return Ok(());
    }
    Err(MemberError::broken(format!("{table}: {rows} current rows where there should be {expected}")))
}

/// Closes the current rows of cards, many at once: a blacklist is taken back by the hundred thousand.
pub(crate) async fn close_cards(tx: &mut WriteTx, cards: &[BlacklistEntry], version: i64) -> Result<(), MemberError> {
    for part in cards.chunks(CARDS_A_QUESTION) {
        let rows = listed(tx, part.iter().map(Entry::key)).await?;
        check_closed(rows.len() as u64, part.len() as u64, BlacklistEntry::TABLE)?;
        let ids: Vec<String> = rows.values().map(|(id, _)| id.to_string()).collect();
        // Numbers of rows, not somebody's text.
        let sql = format!("UPDATE scheme_blacklist SET to_version = $1 WHERE id IN ({})", ids.join(", "));
        check_closed(tx.execute(&sql, params![version]).await?, ids.len() as u64, BlacklistEntry::TABLE)?;
    }
    Ok(())
}

/// Inserts entries as rows that hold from a version on.
pub(crate) async fn insert<E: Entry>(tx: &mut WriteTx, entries: &[E], version: i64) -> Result<(), MemberError> {
    if entries.is_empty() {
        return Ok(());
    }
    let sql = format!("SELECT COALESCE(MAX(id), 0) AS id FROM {}", E::TABLE);
    let mut id = tx.fetch_one(&sql, params![]).await?.int("id")?;
    let columns: Vec<&str> = ["id"].iter().chain(E::COLUMNS).chain(&["from_version", "to_version"]).copied().collect();
    for part in entries.chunks(ROWS_A_PART) {
        let rows = part.iter().map(|entry| {
            id += 1;
            let mut row = vec![Value::Int(id)];
            row.extend(entry.values());
            row.extend([Value::Int(version), Value::Null]);
            row
        });
        let rows = rows.collect();
        tx.insert_many(E::TABLE, &columns, rows).await?;
    }
    Ok(())
}

/// Who makes a version, and why.
pub(crate) struct Making<'a> {
    pub(crate) by: &'a str,
    pub(crate) approval: Option<i64>,
    pub(crate) kind: &'a str,
    pub(crate) note: &'a str,
}

/// The newest version, if there is one.
pub(crate) async fn head<R: Rows>(rows: &mut R) -> Result<Option<Version>, MemberError> {
    let sql = format!("SELECT {COLUMNS} FROM scheme_version ORDER BY version DESC LIMIT 1");
    rows.first(&sql, params![]).await?.as_ref().map(Version::of).transpose()
}

/// Makes the next version of a difference that is right, in the caller's transaction, with its audit entry.
pub(crate) async fn append(
    tx: &mut WriteTx,
    delta: &Delta,
    making: &Making<'_>,
    clock: &dyn Clock,
) -> Result<Version, MemberError> {
    if delta.is_empty() {
        return refuse(BookCode::Nothing, "", "与当前版本相同", "equal to the current version");
    }
    let head = head(tx).await?;
    let number = head.as_ref().map_or(1, |head| head.number + 1);
    let mut digester = Digester::new(number, head.as_ref().map_or(GENESIS, |head| &head.digest));
    delta.digest(&mut digester);
    let tables = delta.tables();
    let version = Version {
        number,
        made_at: format_date_time(clock.now()),
        made_by: making.by.to_owned(),
        approval: making.approval,
        kind: making.kind.to_owned(),
        note: making.note.to_owned(),
        rows_added: tables.iter().map(|table| table.added as i64).sum(),
        rows_removed: tables.iter().map(|table| table.removed as i64).sum(),
        digest: digester.finish(),
    };
    version.insert(tx).await?;
    delta.write(tx, number).await?;
    let detail = format!("version {number} digest {}", version.digest);
    let deed = Deed {
        owner: 0,
        actor: making.by,
        action: "member.version",
        object: making.kind,
        outcome: "ok",
        detail: &detail,
    };
    tongka_audit::record(tx, &deed, clock).await?;
    Ok(version)
}
