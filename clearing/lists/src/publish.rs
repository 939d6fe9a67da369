//! Publishing (发布): a version is proposed and approved by two people of the centre; then its content is made, once.
//!
//! Contents lie in a folder of lists: `BLF/3.from-0.body` is version 3 of the blacklist in full, `BLF/3.from-1.body` what
//! leads there from version 1, each opened by its version record. A list with a content for each member has the member's
//! code in its name.

use crate::body::{Body, body, version_record};
use crate::{ListError, ListName};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tongka_access::{Actor, Approval, Owner, Proposal};
use tongka_base::date::{format_date_time, parse_date_time};
use tongka_base::{Clock, MemberCode};
use tongka_crypto::sm3;
use tongka_link::disk::{make_dir, write_file};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Row, Scope, WriteTx, params};

/// Kind of the proposal.
pub const PUBLISH: &str = "lists.publish";

/// What is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which list.
    pub list: ListName,
    /// From when terminals work with it, `YYYYMMDDHHMMSS`.
    pub effective_at: String,
    /// What people note, at most 200 characters.
    pub note: String,
}

impl Wish {
    /// The payload of its proposal.
    pub fn payload(&self) -> Value {
        json!({ "list": self.list.code(), "effective_at": self.effective_at, "note": self.note })
    }

    /// Reads a proposal.
    ///
    /// # Errors
    /// O01.
    pub fn read(payload: &Value) -> Result<Self, ListError> {
        let text = |field: &str| payload[field].as_str().map(str::trim).unwrap_or_default();
        let wrong = |what: &str| ListError::Invalid(what.to_owned());
        let list = ListName::parse(text("list"));
        let (effective_at, note) = (text("effective_at"), text("note"));
        parse_date_time(effective_at).ok_or_else(|| wrong("effective_at: 不是时间 not a time"))?;
        if note.chars().count() > 200 || note.chars().any(char::is_control) {
            return Err(wrong("note: 至多 200 个字符 at most 200 characters"));
        }
        Ok(Self {
            list: list.ok_or_else(|| wrong("list: BLF、WHT、ISS、PSM、PAR 或 or FEE"))?,
            effective_at: effective_at.to_owned(),
            note: note.to_owned(),
        })
    }
}

/// A time as people read it.
fn shown(text: &str) -> String {
    parse_date_time(text).map_or_else(|| text.to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// A version that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Which list.
    pub list: ListName,
    /// Number.
    pub version: i64,
    /// Version of the book whose content it has.
    pub book_version: i64,
    /// From when on, `YYYYMMDDHHMMSS`.
    pub effective_at: String,
    /// Since when members can have it.
    pub published_at: String,
}

fn published(row: &Row, list: ListName) -> Result<Published, ListError> {
    Ok(Published {
        list,
        version: row.int("version")?,
        book_version: row.int("book_version")?,
        effective_at: row.text("effective_at")?,
        published_at: row.text("published_at")?,
    })
}

/// The newest published version of a list.
///
/// # Errors
/// What the database says.
pub async fn newest(db: &Db, list: ListName) -> Result<Option<Published>, ListError> {
    let sql = "SELECT version, book_version, effective_at, published_at FROM list_version \
               WHERE list = $1 AND state = 'published' ORDER BY version DESC LIMIT 1";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![list.code()]).await?;
    row.map(|row| published(&row, list)).transpose()
}

/// The first published version of a list that holds what a version of the book holds.
pub(crate) async fn first_with(db: &Db, list: ListName, book: i64) -> Result<Option<Published>, ListError> {
    let sql = "SELECT version, book_version, effective_at, published_at FROM list_version \
               WHERE list = $1 AND state = 'published' AND book_version >= $2 ORDER BY version LIMIT 1";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![list.code(), book]).await?;
    row.map(|row| published(&row, list)).transpose()
}

/// Proposes to publish a list as the book is when a second person approves; returns the number of the approval.
///
/// # Errors
/// O01 (also for who is not the centre's), O02, O03; those of the approvals.
pub async fn propose(
    db: &Db,
    actor: &Actor,
    wish: &Wish,
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<i64, ListError> {
    if actor.owner != Owner::Centre {
        return Err(ListError::Invalid("由清算中心办理 done by the centre".into()));
    }
    let wish = Wish::read(&wish.payload())?;
    if wish.effective_at < format_date_time(clock.now()) {
        return Err(ListError::Invalid("effective_at: 早于当前时间 in the past".into()));
    }
    let read = db.read(Scope::Platform);
    let sql = "SELECT version FROM list_version WHERE list = $1 AND state = 'approved'";
    if read.fetch_optional(sql, params![wish.list.code()]).await?.is_some() {
        return Err(ListError::Waiting(wish.list.to_string()));
    }
    let before = newest(db, wish.list).await?;
    let sql = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM scheme_version";
    let book = read.fetch_one(sql, params![]).await?.int("version")?;
    if before.as_ref().is_some_and(|before| before.book_version == book) {
        return Err(ListError::Unchanged(wish.list.to_string()));
    }
    let Wish { list, effective_at, note } = &wish;
    let proposal = Proposal {
        kind: PUBLISH,
        owner: Owner::Centre,
        object: list.to_string(),
        summary: format!("发布{}：规则簿版本 {book}，{} 生效。{note}", list.name_zh(), shown(effective_at)),
        before: before.map_or(Value::Null, |before| {
            json!({ "version": before.version, "book_version": before.book_version, "effective_at": before.effective_at })
        }),
        after: wish.payload(),
        effective_on: None,
        request_key,
    };
    Ok(tongka_access::propose(db, actor, &proposal, clock).await?)
}

/// Carries out an approved proposal: there is one more version, of the book as it is now, which waits for [`publish`].
///
/// # Errors
/// O01, O02; what the database says.
pub async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, ListError> {
    if approval.institution != Owner::Centre || approval.kind != PUBLISH {
        return Err(ListError::Invalid(approval.kind.clone()));
    }
    let wish = Wish::read(&approval.after)?;
    let sql = "SELECT version FROM list_version WHERE list = $1 AND state = 'approved'";
    if tx.fetch_optional(sql, params![wish.list.code()]).await?.is_some() {
        return Err(ListError::Waiting(wish.list.to_string()));
    }
    let sql = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM list_version WHERE list = $1";
    let version = tx.fetch_one(sql, params![wish.list.code()]).await?.int("version")? + 1;
    let sql = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM scheme_version";
    let book = tx.fetch_one(sql, params![]).await?.int("version")?;
    let approver = approval.decider.as_ref().map_or("", |person| person.login.as_str());
    tx.execute(
        "INSERT INTO list_version (list, version, book_version, state, effective_at, note, approval, approved_by, \
         approved_at) VALUES ($1, $2, $3, 'approved', $4, $5, $6, $7, $8)",
        params![
            wish.list.code(),
            version,
            book,
            wish.effective_at.as_str(),
            wish.note.as_str(),
            approval.id,
            approver,
            format_date_time(clock.now())
        ],
    )
    .await?;
    Ok(json!({ "list": wish.list.code(), "version": version, "book_version": book }))
}

/// A version that waits to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// Which list.
    pub list: ListName,
    /// Number.
    pub version: i64,
    /// Version of the book that it is made of.
    pub book_version: i64,
    effective_at: String,
}

/// Versions that wait to be published.
///
/// # Errors
/// What the database says.
pub async fn approved(db: &Db) -> Result<Vec<Approved>, ListError> {
    let sql = "SELECT list, version, book_version, effective_at FROM list_version WHERE state = 'approved' \
               ORDER BY list, version";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![]).await?;
    let known = |row: &Row| {
        let list = row.text("list")?;
        let list = ListName::parse(&list).ok_or(ListError::Damaged(list))?;
        let (version, book_version) = (row.int("version")?, row.int("book_version")?);
        Ok(Approved { list, version, book_version, effective_at: row.text("effective_at")? })
    };
    rows.iter().map(known).collect()
}

/// Where a content is: of a version, from a base, of a member where each has its own.
pub(crate) fn path(folder: &Path, list: ListName, version: i64, base: i64, member: MemberCode) -> PathBuf {
    let of_member = if list.is_of_member() { format!(".{member}") } else { String::new() };
    folder.join(list.code()).join(format!("{version}.from-{base}{of_member}.body"))
}

/// Reads the lines of a full content that was written; `None` when it is not there any more.
pub(crate) fn full(path: &Path) -> Result<Option<Body>, ListError> {
    let mut bytes = match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(ListError::io(path))?,
    };
    let first = tongka_wire::LIST_VERSION.line_len();
    if bytes.len() < first {
        return Err(ListError::Damaged(path.display().to_string()));
    }
    bytes.drain(..first);
    Body::of(bytes, &path.display().to_string()).map(Some)
}

/// Writes a content with its version record in front.
pub(crate) fn write_body(path: &Path, record: &[u8], body: &Body) -> Result<(), ListError> {
    make_dir(path.parent().unwrap_or(Path::new(".")))?;
    write_file(path, &[record, body.bytes()].concat())?;
    Ok(())
}

/// Makes the content of an approved version from the scheme of its book version, for these members, and publishes it.
/// Running it again after a stop writes the same content.
///
/// # Errors
/// O05, O06; what the database says.
pub async fn publish(
    db: &Db,
    folder: &Path,
    version: &Approved,
    scheme: &Scheme,
    members: &[MemberCode],
    clock: &dyn Clock,
) -> Result<(), ListError> {
    let list = version.list;
    let everybody = [MemberCode::CENTRE];
    let receivers = if list.is_of_member() { members } else { &everybody };
    let (mut entries, mut bytes, mut digests) = (0, 0, Vec::new());
    for member in receivers {
        let content = body(list, scheme, *member)?;
        let record = version_record(version.version, 0, &version.effective_at, content.entries())?;
        write_body(&path(folder, list, version.version, 0, *member), &record, &content)?;
        entries = entries.max(content.entries());
        bytes = bytes.max(content.bytes().len());
        digests.push(content.digest());
    }
    // The digest of one content, or of the digests of all.
    let digest = match digests.as_slice() {
        [one] => one.clone(),
        several => hex::encode_upper(sm3(several.concat().as_bytes())),
    };
    let mut tx = db.begin_write(Scope::Platform).await?;
    tx.execute(
        "UPDATE list_version SET state = 'published', entries = $3, bytes = $4, digest = $5, published_at = $6 \
         WHERE list = $1 AND version = $2 AND state = 'approved'",
        params![
            list.code(),
            version.version,
            entries as i64,
            bytes as i64,
            digest.as_str(),
            format_date_time(clock.now())
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(())
}
