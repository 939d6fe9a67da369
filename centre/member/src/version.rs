//! Versions of the book: which there are, the scheme of each, what changed between two.

use crate::book::{Book, Delta, Difference, TableChange};
use crate::error::{BookCode, MemberError, refuse};
use crate::keys::read_key_files;
use crate::read::{At, Rows, load_cards};
use crate::rows::Entry;
use crate::write::{Digester, GENESIS, head};
use std::path::Path;
use tongka_base::date::format_date_time;
use tongka_base::{AppSerial, CardScheme, DateTime, IssuerId, MemberCode};
use tongka_scheme::{BlacklistEntry, Reserve, Rules, Scheme};
use tongka_storage::{Db, Row, Scope, StorageError, WriteTx, params};

/// A version of the book.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Version {
    /// Number, from 1 without gaps.
    pub number: i64,
    /// When it was made, `YYYYMMDDHHMMSS`.
    pub made_at: String,
    /// Who approved it, or imported the first one.
    pub made_by: String,
    /// The approval behind it.
    pub approval: Option<i64>,
    /// Kind of change.
    pub kind: String,
    /// What changed, for people.
    pub note: String,
    /// Rows that came.
    pub rows_added: i64,
    /// Rows that went.
    pub rows_removed: i64,
    /// Identifies the version and all before it.
    pub digest: String,
}

pub(crate) const COLUMNS: &str = "version, made_at, made_by, approval, kind, note, rows_added, rows_removed, digest";

impl Version {
    pub(crate) fn of(row: &Row) -> Result<Self, MemberError> {
        Ok(Self {
            number: row.int("version")?,
            made_at: row.text("made_at")?,
            made_by: row.text("made_by")?,
            approval: row.opt_int("approval")?,
            kind: row.text("kind")?,
            note: row.text("note")?,
            rows_added: row.int("rows_added")?,
            rows_removed: row.int("rows_removed")?,
            digest: row.text("digest")?,
        })
    }

    pub(crate) async fn insert(&self, tx: &mut WriteTx) -> Result<(), StorageError> {
        let sql = format!("INSERT INTO scheme_version ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
        let values = params![
            self.number,
            &self.made_at,
            &self.made_by,
            self.approval,
            &self.kind,
            &self.note,
            self.rows_added,
            self.rows_removed,
            &self.digest
        ];
        tx.execute(&sql, values).await.map(drop)
    }
}

/// All versions, oldest first.
///
/// # Errors
/// What the database says.
pub async fn versions(db: &Db) -> Result<Vec<Version>, MemberError> {
    let sql = format!("SELECT {COLUMNS} FROM scheme_version ORDER BY version");
    db.read(Scope::Platform).fetch_all(&sql, params![]).await?.iter().map(Version::of).collect()
}

/// The newest version; `None` while the book is empty.
///
/// # Errors
/// What the database says.
pub async fn current_version(db: &Db) -> Result<Option<Version>, MemberError> {
    head(&mut db.begin_read(Scope::Platform).await?).await
}

/// Names of the members as they are now, by code: every member knows the others.
///
/// # Errors
/// What the database says.
pub async fn names(db: &Db) -> Result<Vec<(MemberCode, String)>, MemberError> {
    let sql = "SELECT code, name FROM scheme_member WHERE to_version IS NULL ORDER BY code";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![]).await?;
    let broken = || MemberError::broken("scheme_member");
    let name = |row: &Row| Ok((MemberCode(u32::try_from(row.int("code")?).map_err(|_| broken())?), row.text("name")?));
    rows.iter().map(name).collect()
}

/// The version of a digest, as a clearing date keeps it.
///
/// # Errors
/// What the database says.
pub async fn version_of(db: &Db, digest: &str) -> Result<Option<Version>, MemberError> {
    let sql = format!("SELECT {COLUMNS} FROM scheme_version WHERE digest = $1");
    let row = db.read(Scope::Platform).fetch_optional(&sql, params![digest]).await?;
    row.as_ref().map(Version::of).transpose()
}

/// The newest version with its scheme: what the next clearing date runs under. Test keys come from the data folder.
///
/// # Errors
/// M04 while the book is empty; M17, M18; what the database says.
pub async fn current(db: &Db, data: &Path) -> Result<(Version, Scheme), MemberError> {
    let mut rows = db.begin_read(Scope::Platform).await?;
    let Some(version) = head(&mut rows).await? else {
        return refuse(BookCode::Empty, "", "规则簿为空", "the book is empty");
    };
    let scheme = load_scheme(&mut rows, At::Current, data).await?;
    Ok((version, scheme))
}

/// The scheme of a version.
///
/// # Errors
/// M05 for a number that is no version's; M17, M18; what the database says.
pub async fn at_version(db: &Db, data: &Path, number: i64) -> Result<Scheme, MemberError> {
    let mut rows = db.begin_read(Scope::Platform).await?;
    check_version(&mut rows, number).await?;
    load_scheme(&mut rows, At::Version(number), data).await
}

async fn check_version<R: Rows>(rows: &mut R, number: i64) -> Result<(), MemberError> {
    let found = rows.first("SELECT version FROM scheme_version WHERE version = $1", params![number]).await?;
    if found.is_some() {
        return Ok(());
    }
    refuse(BookCode::Version, "version", format!("版本 {number}"), format!("version {number}"))
}

/// Reads a scheme and checks it as the parser of scheme files does.
pub(crate) async fn load_scheme<R: Rows>(rows: &mut R, at: At, data: &Path) -> Result<Scheme, MemberError> {
    let book = Book::load(rows, at).await?;
    let cards = load_cards(rows, at).await?;
    let tac_keys = read_key_files(data, book.tac_keys.values())?;
    let Some(scheme) = book.scheme(cards, tac_keys) else {
        return refuse(BookCode::Empty, "", "规则簿为空", "the book is empty");
    };
    match tongka_scheme::check(&scheme).first() {
        None => Ok(scheme),
        Some(fault) => Err(MemberError::broken(fault.to_string())),
    }
}

/// What differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Changes {
    /// From this version.
    pub from: i64,
    /// To this one.
    pub to: i64,
    /// Rows by table; tables that do not differ are not named.
    pub tables: Vec<TableChange>,
    /// The rows for people, `-` gone and `+` come, without cards.
    pub lines: Vec<String>,
}

/// What differs between two versions; the other way round when the first is the later one.
///
/// # Errors
/// M05; what the database says.
pub async fn changes(db: &Db, from: i64, to: i64) -> Result<Changes, MemberError> {
    let mut rows = db.begin_read(Scope::Platform).await?;
    check_version(&mut rows, from).await?;
    check_version(&mut rows, to).await?;
    let before = Book::load(&mut rows, At::Version(from)).await?;
    let after = Book::load(&mut rows, At::Version(to)).await?;
    let mut delta = before.delta(&after);
    delta.cards = card_difference(&mut rows, from, to).await?;
    Ok(Changes { from, to, tables: delta.tables(), lines: delta.lines() })
}

/// Blacklisted cards that went and came between two versions, from the rows that changed: an incremental list.
///
/// # Errors
/// M05; what the database says.
pub async fn card_changes(db: &Db, from: i64, to: i64) -> Result<CardChanges, MemberError> {
    let mut rows = db.begin_read(Scope::Platform).await?;
    check_version(&mut rows, from).await?;
    check_version(&mut rows, to).await?;
    let Difference { removed, added } = card_difference(&mut rows, from, to).await?;
    Ok(CardChanges { removed, added })
}

/// An incremental blacklist. A card whose listing time changed is in both lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardChanges {
    /// Cards that are no longer listed, by card.
    pub removed: Vec<BlacklistEntry>,
    /// Cards that are listed now, by card.
    pub added: Vec<BlacklistEntry>,
}

async fn card_difference<R: Rows>(rows: &mut R, from: i64, to: i64) -> Result<Difference<BlacklistEntry>, MemberError> {
    let (low, high) = (from.min(to), from.max(to));
    let mut read = async |predicate: &str| {
        let sql = format!("SELECT {} FROM scheme_blacklist WHERE {predicate}", BlacklistEntry::COLUMNS.join(", "));
        let found = rows.all(&sql, params![low, high]).await?;
        let mut cards = found.iter().map(BlacklistEntry::read).collect::<Result<Vec<_>, _>>()?;
        cards.sort_unstable_by_key(Entry::key);
        Ok::<_, MemberError>(cards)
    };
    // A row that came and went in between is in neither state.
    let gone = read("from_version <= $1 AND to_version > $1 AND to_version <= $2").await?;
    let came = read("from_version > $1 AND from_version <= $2 AND (to_version IS NULL OR to_version > $2)").await?;
    // One that went and came back unchanged differs in rows only.
    let merged = Difference::merge(&gone, &came);
    Ok(if from <= to { merged } else { Difference { removed: merged.added, added: merged.removed } })
}

/// The rules as they are now; `None` while the book is empty.
///
/// # Errors
/// What the database says.
pub async fn rules(db: &Db) -> Result<Option<Rules>, MemberError> {
    let sql = format!("SELECT {} FROM {} WHERE to_version IS NULL", Rules::COLUMNS.join(", "), Rules::TABLE);
    let row = db.read(Scope::Platform).fetch_optional(&sql, params![]).await?;
    row.as_ref().map(Rules::read).transpose()
}

/// The lines of the members' reserves as they are now, by member.
///
/// # Errors
/// What the database says.
pub async fn reserves(db: &Db) -> Result<Vec<Reserve>, MemberError> {
    let (columns, table) = (Reserve::COLUMNS.join(", "), Reserve::TABLE);
    let sql = format!("SELECT {columns} FROM {table} WHERE to_version IS NULL ORDER BY member");
    db.read(Scope::Platform).fetch_all(&sql, params![]).await?.iter().map(Reserve::read).collect()
}

/// The version of the book since which a card was listed at a moment, by when it was made; `None` when it was not.
///
/// # Errors
/// What the database says.
pub async fn listed_since(
    db: &Db,
    (scheme, issuer_id, serial): (CardScheme, IssuerId, AppSerial),
    at: DateTime,
) -> Result<Option<i64>, MemberError> {
    let sql = "SELECT b.from_version FROM scheme_blacklist b \
               JOIN scheme_version f ON f.version = b.from_version \
               LEFT JOIN scheme_version t ON t.version = b.to_version \
               WHERE b.scheme = $1 AND b.issuer_id = $2 AND b.application_serial = $3 AND b.listed_at <= $4 \
               AND f.made_at <= $4 AND (t.made_at IS NULL OR t.made_at > $4) ORDER BY b.from_version LIMIT 1";
    let values = params![scheme.to_string(), issuer_id.to_string(), serial.to_string(), format_date_time(at)];
    let row = db.read(Scope::Platform).fetch_optional(sql, values).await?;
    Ok(row.map(|row| row.int("from_version")).transpose()?)
}

/// Lines that a difference shows to people.
const MOST_LINES: usize = 2000;

impl Delta {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        push_lines(&mut lines, &self.rules);
        push_lines(&mut lines, &self.members);
        push_lines(&mut lines, &self.suspensions);
        push_lines(&mut lines, &self.certificates);
        push_lines(&mut lines, &self.issuers);
        push_lines(&mut lines, &self.psam_ranges);
        push_lines(&mut lines, &self.fees);
        push_lines(&mut lines, &self.reserves);
        push_lines(&mut lines, &self.tac_keys);
        push_lines(&mut lines, &self.holidays);
        push_lines(&mut lines, &self.schedule);
        push_lines(&mut lines, &self.expected_files);
        let all: u64 = self.tables().iter().map(|table| table.added + table.removed).sum();
        let left = all - lines.len() as u64 - (self.cards.added.len() + self.cards.removed.len()) as u64;
        if left > 0 {
            lines.push(format!("… 另有 {left} 行 {left} more rows"));
        }
        lines
    }
}

fn push_lines<E: Entry + std::fmt::Debug>(lines: &mut Vec<String>, difference: &Difference<E>) {
    for (sign, entries) in [('-', &difference.removed), ('+', &difference.added)] {
        for entry in entries.iter().take(MOST_LINES.saturating_sub(lines.len())) {
            lines.push(format!("{sign} {} {}", E::TABLE, show(entry)));
        }
    }
}

/// `column=value` of each column.
fn show<E: Entry>(entry: &E) -> String {
    let shown = E::COLUMNS.iter().zip(entry.values()).map(|(column, value)| {
        use tongka_storage::Value;
        let is_date = column.ends_with("_date")
            || matches!(*column, "date" | "active_from" | "active_to")
            || matches!(*column, "not_before" | "not_after");
        match value {
            Value::Int(days) if is_date => {
                let date = i32::try_from(days).ok().and_then(tongka_base::date::from_days_since_epoch);
                format!("{column}={}", date.map_or_else(|| days.to_string(), |date| date.to_string()))
            }
            Value::Int(number) => format!("{column}={number}"),
            Value::Text(text) => format!("{column}={text}"),
            Value::Blob(bytes) => format!("{column}={}", hex::encode_upper(bytes)),
            Value::Null => format!("{column}=-"),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// Versions looked at.
    pub versions: u64,
    /// The newest digest.
    pub digest: String,
    /// Versions whose rows do not give their digest, the first ten, and what else does not fit.
    pub faults: Vec<String>,
}

/// Computes every version's digest again from the rows, and checks the newest state.
///
/// # Errors
/// What the database says.
pub async fn verify(db: &Db) -> Result<Verified, MemberError> {
    const MOST: usize = 10;
    let mut rows = db.begin_read(Scope::Platform).await?;
    let sql = format!("SELECT {COLUMNS} FROM scheme_version ORDER BY version");
    let known = rows.fetch_all(&sql, params![]).await?.iter().map(Version::of).collect::<Result<Vec<_>, _>>()?;
    let mut found = Verified { versions: 0, digest: GENESIS.into(), faults: Vec::new() };
    for version in known {
        found.versions += 1;
        let number = version.number;
        let mut digester = Digester::new(number, &found.digest);
        let delta = Delta::of_version(&mut rows, number).await;
        if let Ok(delta) = &delta {
            delta.digest(&mut digester);
        }
        let wrong = number != found.versions as i64 || delta.is_err() || digester.finish() != version.digest;
        if wrong && found.faults.len() < MOST {
            found
                .faults
                .push(format!("版本 {number} 与其摘要不符 the rows of version {number} do not give its digest"));
        }
        found.digest = version.digest;
    }
    if let Ok(book) = Book::load(&mut rows, At::Current).await {
        found.faults.extend(book.faults().iter().take(MOST).map(ToString::to_string));
    }
    Ok(found)
}
