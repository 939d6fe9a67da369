//! Attachments (附件) of cases: kept as files under their digest, so that what was attached cannot be exchanged.

use super::{find, next_id};
use crate::DisputeError;
use std::fs;
use std::path::PathBuf;
use tongka_access::{Actor, Owner};
use tongka_audit::Deed;
use tongka_base::date::format_date_time;
use tongka_base::{Clock, MemberCode};
use tongka_crypto::sm3;
use tongka_engine::day::hex;
use tongka_exchange::intake::Folders;
use tongka_lake::LakeError;
use tongka_lake::durable::write_file;
use tongka_storage::{Db, Scope, params};

/// Most bytes of an attachment.
pub const LARGEST: usize = 5 << 20;
/// Most attachments of a case.
const MOST: i64 = 50;
/// Most characters of a name.
const LONGEST_NAME: usize = 100;

/// An attachment of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// SM3 of its bytes, upper-case hex.
    pub digest: String,
    /// File name as it was given.
    pub name: String,
    /// `pdf`, `png`, `jpg`, `txt` or `csv`.
    pub kind: String,
    /// Size.
    pub bytes: u64,
    /// Whose people attached it.
    pub member: MemberCode,
    /// Who.
    pub person: String,
    /// When.
    pub at: String,
}

/// The kind of a file by what it holds, which its name has to agree with.
fn kind_of(name: &str, bytes: &[u8]) -> Result<&'static str, DisputeError> {
    let refuse = |what: &str| Err(DisputeError::Attachment(what.to_owned()));
    let plain = |c: char| !c.is_control() && !"/\\:*?\"<>|".contains(c);
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(plain) || name.starts_with('.') {
        return refuse("文件名 name");
    }
    if bytes.is_empty() || bytes.len() > LARGEST {
        return refuse("大小 size: 1 B – 5 MiB");
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let is_text = || {
        let plain = |c: char| !c.is_control() || "\t\r\n".contains(c);
        std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(plain))
    };
    match extension.as_str() {
        "pdf" if bytes.starts_with(b"%PDF-") => Ok("pdf"),
        "png" if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => Ok("png"),
        "jpg" | "jpeg" if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) => Ok("jpg"),
        "txt" if is_text() => Ok("txt"),
        "csv" if is_text() => Ok("csv"),
        _ => refuse("仅限 pdf、png、jpg、txt、csv，且内容相符 only these, with such content"),
    }
}

fn path(folders: &Folders, digest: &str) -> PathBuf {
    folders.data.join("disputes").join(&digest[..2]).join(digest)
}

/// Attaches a file to a case that is not closed: by a party, or by the centre. The same file again changes nothing.
/// Returns its digest.
///
/// # Errors
/// D05, D06, D11, P05; what the database or the disk says.
pub async fn attach(
    db: &Db,
    folders: &Folders,
    actor: &Actor,
    number: &str,
    (name, bytes): (&str, &[u8]),
    clock: &dyn Clock,
) -> Result<String, DisputeError> {
    actor.require("dispute.propose")?;
    let case = find(db, actor.scope(), number).await?;
    let kind = kind_of(name, bytes)?;
    let digest = hex(&sm3(bytes));
    let member = if let Owner::Member(member) = actor.owner { member } else { MemberCode::CENTRE };
    let file = path(folders, &digest);
    if !file.exists() {
        let folder = file.parent().expect("a folder of two digits");
        fs::create_dir_all(folder).map_err(LakeError::io(folder))?;
        write_file(&file, bytes)?;
    }
    let mut tx = tongka_audit::begin(db).await?;
    let counted = "SELECT CAST(COUNT(*) AS BIGINT) AS attached FROM dispute_attachment WHERE case_id = $1";
    let open = "SELECT id FROM dispute_case WHERE id = $1 AND state <> 'closed'";
    if tx.fetch_optional(open, params![case.id]).await?.is_none() {
        return Err(DisputeError::NotNow(format!("{number} 已结案 closed")));
    }
    if tx.fetch_one(counted, params![case.id]).await?.int("attached")? >= MOST {
        return Err(DisputeError::Attachment(format!("每案最多 {MOST} 个 at most {MOST} of a case")));
    }
    let id = next_id(&mut tx, "dispute_attachment").await?;
    let added = tx
        .execute(
            "INSERT INTO dispute_attachment (id, case_id, digest, name, kind, bytes, member, person, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            params![
                id,
                case.id,
                digest.as_str(),
                name,
                kind,
                bytes.len() as i64,
                member,
                actor.login.as_str(),
                format_date_time(clock.now())
            ],
        )
        .await?;
    if added == 1 {
        let deed = Deed {
            owner: actor.owner.number(),
            actor: &actor.login,
            action: "dispute.case.attach",
            object: number,
            outcome: "ok",
            detail: &digest,
        };
        tongka_audit::commit(tx, &deed, clock).await?;
    }
    Ok(digest)
}

/// The attachments of a case, oldest first.
///
/// # Errors
/// D05; what the database says.
pub async fn attachments(db: &Db, scope: Scope, number: &str) -> Result<Vec<Attachment>, DisputeError> {
    let case = find(db, scope, number).await?;
    let sql =
        "SELECT digest, name, kind, bytes, member, person, at FROM dispute_attachment WHERE case_id = $1 ORDER BY id";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![case.id]).await?;
    let read = |row: &tongka_storage::Row| {
        Ok(Attachment {
            digest: row.text("digest")?,
            name: row.text("name")?,
            kind: row.text("kind")?,
            bytes: row.int("bytes")? as u64,
            member: super::member(row, "member")?,
            person: row.text("person")?,
            at: row.text("at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The bytes of an attachment of a case, and what is known of it.
///
/// # Errors
/// D05 for a case, D11 for an attachment that is not there; D16 when its bytes are no longer those that were attached.
pub async fn content(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    number: &str,
    digest: &str,
) -> Result<(Attachment, Vec<u8>), DisputeError> {
    let found = attachments(db, scope, number).await?.into_iter().find(|attachment| attachment.digest == digest);
    let attachment = found.ok_or_else(|| DisputeError::Attachment("无此附件 no such attachment".into()))?;
    let file = path(folders, &attachment.digest);
    let bytes = fs::read(&file).map_err(LakeError::io(&file))?;
    if hex(&sm3(&bytes)) != attachment.digest {
        return Err(DisputeError::Damaged(format!("attachment {digest}")));
    }
    Ok((attachment, bytes))
}
