//! Offering (下发): what every member is to have is compared with what it was offered, and the rest is offered.
//!
//! A member that acknowledged the newest version needs nothing. Any other has an offer of it: an increment on what it
//! acknowledged last, or all of it where that is not longer, or where the base is not there any more. The bodies are
//! shared; a member's file is a header line of its own in front of one. Offers of older versions that the member did not
//! fetch are taken back, so that it never finds an increment on something else than it has.

use crate::body::{Body, difference, version_record};
use crate::publish::{Published, full, newest, path, write_body};
use crate::{ListError, ListName};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tongka_audit::Deed;
use tongka_base::date::{format_date, format_date_time};
use tongka_base::{Clock, MemberCode};
use tongka_crypto::Sm3;
use tongka_link::outbox;
use tongka_storage::{Db, Scope, WriteTx, params};
use tongka_wire::{FileName, Header};

/// What was offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// Files.
    pub files: u64,
    /// Their bytes together.
    pub bytes: u64,
}

/// A content that is ready to be offered.
#[derive(Clone, Debug)]
struct Ready {
    base: i64,
    path: PathBuf,
    entries: u64,
    bytes: u64,
    digest: [u8; 32],
}

/// Offers every list to these members, as far as they lack it.
///
/// # Errors
/// O05, O06; what the database says.
pub async fn offer(db: &Db, folder: &Path, members: &[MemberCode], clock: &dyn Clock) -> Result<Offered, ListError> {
    let mut offered = Offered::default();
    for list in ListName::ALL {
        if let Some(newest) = newest(db, list).await? {
            let made = offer_list(db, folder, &newest, members, clock).await?;
            offered.files += made.files;
            offered.bytes += made.bytes;
        }
    }
    Ok(offered)
}

async fn offer_list(
    db: &Db,
    folder: &Path,
    newest: &Published,
    members: &[MemberCode],
    clock: &dyn Clock,
) -> Result<Offered, ListError> {
    let (list, version) = (newest.list, newest.version);
    let lacking = lacking(db, newest, members).await?;
    if lacking.is_empty() {
        return Ok(Offered::default());
    }
    let mut ready: BTreeMap<(i64, MemberCode), Ready> = BTreeMap::new();
    let mut plan = Vec::new();
    for (member, acknowledged) in lacking {
        let of = if list.is_of_member() { member } else { MemberCode::CENTRE };
        let key = (acknowledged, of);
        let content = match ready.get(&key) {
            Some(content) => content.clone(),
            None => {
                let content = prepare(folder, newest, acknowledged, of)?;
                ready.entry(key).or_insert(content).clone()
            }
        };
        plan.push((member, content));
    }
    let now = format_date_time(clock.now());
    let date = clock.now().date();
    let mut taken = names_of_today(db, &format_date(date)).await?;
    let locked = [tongka_audit::HEAD_TABLE, "list_offer", "list_standing"];
    let mut tx = db.begin_write_locking(Scope::Platform, &locked).await?;
    let mut offered = Offered::default();
    for (member, content) in plan {
        let kind = list.kind(content.base == 0);
        let sequence = taken.entry((kind.code(), member)).or_default();
        *sequence += 1;
        let name = FileName { kind, date, member, sequence: *sequence };
        if give(&mut tx, newest, name, &content, &now).await? {
            offered.files += 1;
            offered.bytes += content.bytes;
        }
    }
    let detail = format!("version {version}: {} files, {} bytes", offered.files, offered.bytes);
    let deed =
        Deed { owner: 0, actor: "lists", action: "lists.offer", object: list.code(), outcome: "ok", detail: &detail };
    tongka_audit::record(&mut tx, &deed, clock).await?;
    tx.commit().await?;
    prune(db, folder, newest).await?;
    Ok(offered)
}

/// Members without an offer that they can use, with the version that they acknowledged last (0 for none).
async fn lacking(db: &Db, newest: &Published, members: &[MemberCode]) -> Result<Vec<(MemberCode, i64)>, ListError> {
    let read = db.read(Scope::Platform);
    let code = newest.list.code();
    let mut acknowledged = BTreeMap::new();
    for row in read.fetch_all("SELECT member, acknowledged FROM list_standing WHERE list = $1", params![code]).await? {
        acknowledged.insert(MemberCode(row.int("member")? as u32), row.int("acknowledged")?);
    }
    let sql = "SELECT member, base FROM list_offer WHERE list = $1 AND version = $2";
    let mut has = BTreeSet::new();
    for row in read.fetch_all(sql, params![code, newest.version]).await? {
        has.insert((MemberCode(row.int("member")? as u32), row.int("base")?));
    }
    let lacks = |member: &MemberCode| {
        let last = acknowledged.get(member).copied().unwrap_or_default();
        let useful = last == newest.version || has.contains(&(*member, last)) || has.contains(&(*member, 0));
        (!useful).then_some((*member, last))
    };
    Ok(members.iter().filter_map(lacks).collect())
}

/// Makes the shorter of increment and whole, once.
fn prepare(folder: &Path, newest: &Published, base: i64, member: MemberCode) -> Result<Ready, ListError> {
    let (list, version) = (newest.list, newest.version);
    let whole_path = path(folder, list, version, 0, member);
    let damaged = || ListError::Damaged(whole_path.display().to_string());
    let Some(whole) = full(&whole_path)? else {
        // A member of a list of its own that joined after the version was published.
        return if list.is_of_member() { empty(&whole_path, newest) } else { Err(damaged()) };
    };
    if base > 0
        && base != version
        && let Some(before) = full(&path(folder, list, base, 0, member))?
    {
        let increment = difference(list, &before, &whole);
        if increment.bytes().len() < whole.bytes().len() {
            let at = path(folder, list, version, base, member);
            let record = version_record(version, base, &newest.effective_at, increment.entries())?;
            write_body(&at, &record, &increment)?;
            return Ok(ready(base, at, &record, &increment));
        }
    }
    let record = version_record(version, 0, &newest.effective_at, whole.entries())?;
    Ok(ready(0, whole_path, &record, &whole))
}

/// A content without entries, until the next version.
fn empty(at: &Path, newest: &Published) -> Result<Ready, ListError> {
    let (body, record) = (Body::default(), version_record(newest.version, 0, &newest.effective_at, 0)?);
    write_body(at, &record, &body)?;
    Ok(ready(0, at.to_owned(), &record, &body))
}

fn ready(base: i64, path: PathBuf, record: &[u8], body: &Body) -> Ready {
    let mut digest = Sm3::default();
    digest.update(record);
    digest.update(body.bytes());
    let bytes = (record.len() + body.bytes().len()) as u64;
    Ready { base, path, entries: body.entries(), bytes, digest: digest.finish() }
}

/// Highest sequences of today's list files, by kind and member.
async fn names_of_today(db: &Db, date: &str) -> Result<BTreeMap<(&'static str, MemberCode), u32>, ListError> {
    let mut taken = BTreeMap::new();
    let rows = db.read(Scope::Platform).fetch_all("SELECT name FROM list_offer", params![]).await?;
    for row in rows {
        let name = row.text("name")?;
        if let Some(name) = FileName::parse(&name).ok().filter(|name| format_date(name.date) == date) {
            let last = taken.entry((name.kind.code(), name.member)).or_default();
            *last = name.sequence.max(*last);
        }
    }
    Ok(taken)
}

async fn give(
    tx: &mut WriteTx,
    newest: &Published,
    name: FileName,
    content: &Ready,
    now: &str,
) -> Result<bool, ListError> {
    let (list, version, member) = (newest.list.code(), newest.version, name.member);
    let inserted = tx
        .execute(
            "INSERT INTO list_offer (list, version, member, base, name, entries, bytes, offered_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (list, version, member, base) DO NOTHING",
            params![
                list,
                version,
                member,
                content.base,
                name.to_string(),
                content.entries as i64,
                content.bytes as i64,
                now
            ],
        )
        .await?;
    if inserted == 0 {
        return Ok(false);
    }
    let header = header(name, content, now)?;
    outbox::offer(tx, name, &header, &content.path, content.bytes, now).await?;
    let sql = "SELECT name FROM list_offer WHERE list = $1 AND member = $2 AND name <> $3";
    for row in tx.fetch_all(sql, params![list, member, name.to_string()]).await? {
        outbox::withdraw(tx, member, &row.text("name")?).await?;
    }
    tx.execute(
        "INSERT INTO list_standing (member, list, offered, offered_at, acknowledged) VALUES ($1, $2, $3, $4, 0) \
         ON CONFLICT (member, list) DO UPDATE SET offered = excluded.offered, offered_at = excluded.offered_at",
        params![member, list, version, now],
    )
    .await?;
    Ok(true)
}

fn header(name: FileName, content: &Ready, now: &str) -> Result<String, ListError> {
    let header = Header {
        kind: name.kind,
        sender: MemberCode::CENTRE,
        receiver: name.member,
        file_date: name.date,
        sequence: name.sequence,
        record_count: content.entries as u32 + 1,
        total_amount: 0,
        record_length: name.kind.table().line_len() as u16,
        created_at: now.as_bytes().try_into().map_err(|_| ListError::Damaged(now.to_owned()))?,
        body_digest: content.digest,
    };
    Ok(String::from_utf8(header.write()?.to_vec()).expect("a header is ASCII"))
}

/// Removes contents that nobody needs: neither the newest, nor a base that somebody acknowledged, nor in an offer.
async fn prune(db: &Db, folder: &Path, newest: &Published) -> Result<(), ListError> {
    let code = newest.list.code();
    let sql = "SELECT DISTINCT acknowledged FROM list_standing WHERE list = $1";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![code]).await?;
    let bases = rows.iter().map(|row| row.int("acknowledged")).collect::<Result<BTreeSet<i64>, _>>()?;
    let needed = outbox::bodies(db).await?;
    let at = folder.join(code);
    for entry in fs::read_dir(&at).map_err(ListError::io(&at))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let version = name.split('.').next().and_then(|n| n.parse::<i64>().ok());
        let is_full = name.contains(".from-0.");
        let keep = version.is_none_or(|v| v >= newest.version || (is_full && bases.contains(&v)));
        if !keep && !needed.contains(&entry.path()) {
            fs::remove_file(entry.path()).map_err(ListError::io(&entry.path()))?;
        }
    }
    Ok(())
}
