//! Taking files in (收取): resumed at any byte, complete on disk, then in the centre's hands, once.
//!
//! A file is written into the member's spool and only ever grows at its end. It is complete when it is closed under its
//! final name with as many bytes as its header says, or when it is renamed to its final name, which claims that it is.
//! Then, in this order: synced and named; in the books as `received`; moved to the centre; in the books as `handed`. A stop
//! between any two is made good by [`recover`]. Sending the same bytes again is harmless at every point.
//!
//! Before a file is moved, what became of its name decides:
//!
//! | the name | same bytes | other bytes |
//! |---|---|---|
//! | was accepted | known: nothing is done | refused `Y08`, bytes kept aside |
//! | lies with the centre, not judged yet or waiting (F09) | known | refused `Y07`: send again later |
//! | was refused by its receipt | known | takes its place |
//! | is new | handed over | handed over |

use crate::disk::{Content, make_dir, move_file, open_for_writing, open_plain};
use crate::front::{Arrival, Caller, Front, Slot, Usage};
use crate::names::InboxName;
use crate::sign::{read_signature, verify_file};
use crate::transfers::{self, Event};
use crate::{Channel, LinkCode, LinkError};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tongka_base::date::{format_date_time, parse_date_time};
use tongka_base::{Clock, MemberCode};
use tongka_storage::{Db, Scope, WriteTx, params};
use tongka_wire::{FileName, HEADER_LEN, Header, Kind};

/// Bytes of the largest signature file.
const SIGNATURE_BYTES: u64 = 4096;

/// A file of a member that is being written.
#[derive(Debug)]
pub struct Upload {
    name: InboxName,
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    slot: Arc<Slot>,
    generation: u64,
    usage: Arc<Usage>,
    /// A write was refused: what is there is not what was sent.
    failed: bool,
}

impl Upload {
    /// Its name.
    pub fn name(&self) -> &InboxName {
        &self.name
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// What became of a file that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `handed`, `known`, or `waiting` for its signature; `received` for a signature.
    pub state: &'static str,
    /// Fingerprint of its bytes, hex.
    pub fingerprint: String,
    /// Bytes.
    pub size: u64,
}

/// A file in a member's inbox, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxFile {
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Seconds since 1970-01-01 UTC.
    pub modified: u64,
    /// `receiving` while it is in the spool, else the state in the books.
    pub state: String,
}

/// Reads a name for the caller and checks that it is the caller's to write.
async fn own_name(front: &Front, caller: &Caller, text: &str) -> Result<InboxName, LinkError> {
    let checked = InboxName::parse(text).and_then(|name| {
        if name.file.member != caller.member {
            return Err(LinkError::new(LinkCode::Foreign, &name));
        }
        match front.places.target(name.file.kind) {
            Some(_) => Ok(name),
            None => Err(LinkError::new(LinkCode::Kind, &name)),
        }
    });
    if let Err(error) = &checked {
        front.alarm(caller, &crate::names::shown(text), error).await?;
    }
    checked
}

/// Starts or resumes a file; a writer that still holds it from another connection is cut off.
///
/// # Errors
/// Y04, Y05, Y06 the name; Y09 the quota of files; Y21, Y22.
pub async fn open(front: &Front, caller: &Caller, name: &str, from_start: bool) -> Result<Upload, LinkError> {
    let name = own_name(front, caller, name).await?;
    let path = front.places.spool(caller.member).join(name.to_string());
    let usage = front.usage(caller.member);
    let slot = front.slot(&name.to_string());
    let mut generation = slot.generation.lock().await;
    make_dir(&front.places.spool(caller.member))?;
    let is_new = !path.exists();
    if is_new && usage.files.load(Ordering::SeqCst) >= caller.quota_files {
        let error = LinkError::new(LinkCode::Quota, format!("{} 个文件 files", caller.quota_files));
        front.alarm(caller, &name.to_string(), &error).await?;
        return Err(error);
    }
    let file = open_for_writing(&path).map_err(LinkError::io(&path))?;
    usage.files.fetch_add(u64::from(is_new), Ordering::SeqCst);
    let mut size = file.metadata().map_err(LinkError::io(&path))?.len();
    if from_start && size > 0 {
        file.set_len(0).map_err(LinkError::io(&path))?;
        usage.less(size, 0);
        size = 0;
    }
    *generation += 1;
    let state = if size == 0 { "started" } else { "resumed" };
    let shown = name.to_string();
    transfers::note(front, "in", &Event { size, state, ..caller.event(&shown) }).await?;
    let own = *generation;
    drop(generation);
    Ok(Upload { name, path, file: Arc::new(file), size, slot, generation: own, usage, failed: false })
}

/// Writes bytes at an offset, which is at most the end of what is there.
///
/// # Errors
/// Y09, Y10, Y11, Y21, Y22, Y24; nothing is written then.
pub async fn write(
    front: &Front,
    caller: &Caller,
    upload: &mut Upload,
    offset: u64,
    bytes: &[u8],
) -> Result<(), LinkError> {
    let written = write_now(front, caller, upload, offset, bytes).await;
    upload.failed |= written.is_err();
    written
}

async fn write_now(
    front: &Front,
    caller: &Caller,
    upload: &mut Upload,
    offset: u64,
    bytes: &[u8],
) -> Result<(), LinkError> {
    let generation = upload.slot.generation.lock().await;
    if *generation != upload.generation {
        return Err(LinkError::new(LinkCode::Superseded, &upload.name));
    }
    if offset > upload.size {
        let detail = format!("{}: {offset} > {}", upload.name, upload.size);
        return Err(LinkError::new(LinkCode::Offset, detail));
    }
    let end = offset.saturating_add(bytes.len() as u64);
    let most = if upload.name.signature { SIGNATURE_BYTES } else { front.limits.file_bytes };
    if end > most {
        let error = LinkError::new(LinkCode::TooLarge, format!("{}: > {most} 字节 bytes", upload.name));
        drop(generation);
        front.alarm(caller, &upload.name.to_string(), &error).await?;
        return Err(error);
    }
    let growth = end.saturating_sub(upload.size);
    if growth > 0 {
        let used = upload.usage.bytes.fetch_add(growth, Ordering::SeqCst) + growth;
        if used > caller.quota_bytes {
            upload.usage.less(growth, 0);
            let error = LinkError::new(LinkCode::Quota, format!("{} 字节 bytes", caller.quota_bytes));
            drop(generation);
            front.alarm(caller, &upload.name.to_string(), &error).await?;
            return Err(error);
        }
        // Looked at once a megabyte: asking costs more than writing a piece.
        if upload.size >> 20 != end >> 20 && front.free_bytes() == 0 {
            upload.usage.less(growth, 0);
            return Err(LinkError::new(LinkCode::Full, &upload.name));
        }
    }
    if let Err(error) = upload.file.write_all_at(bytes, offset) {
        // What was written of it is cut off again, so that the file's end stays what the caller was told.
        let _ = upload.file.set_len(upload.size);
        upload.usage.less(growth, 0);
        return Err(LinkError::io(&upload.path)(error));
    }
    upload.size = upload.size.max(end);
    Ok(())
}

/// Cuts a file off, as clients do that resume.
///
/// # Errors
/// Y11 for a longer one, Y21, Y24.
pub async fn truncate(upload: &mut Upload, size: u64) -> Result<(), LinkError> {
    let generation = upload.slot.generation.lock().await;
    if *generation != upload.generation {
        return Err(LinkError::new(LinkCode::Superseded, &upload.name));
    }
    if size > upload.size {
        return Err(LinkError::new(LinkCode::Offset, format!("{}: {size} > {}", upload.name, upload.size)));
    }
    upload.file.set_len(size).map_err(LinkError::io(&upload.path))?;
    upload.usage.less(upload.size - size, 0);
    upload.size = size;
    Ok(())
}

/// Puts what was written on disk.
///
/// # Errors
/// Y21, Y22.
pub async fn sync(upload: &Upload) -> Result<(), LinkError> {
    let (file, path) = (Arc::clone(&upload.file), upload.path.clone());
    blocking(move || {
        file.sync_all().map_err(LinkError::io(&path))?;
        crate::disk::sync_dir(path.parent().unwrap_or(Path::new(".")))
    })
    .await
}

/// Ends writing: what is there is on disk; a file under its final name that is complete is taken.
///
/// `None` for a file that is to go on or to be renamed.
///
/// # Errors
/// As [`take`].
pub async fn close(front: &Front, caller: &Caller, upload: Upload) -> Result<Option<Taken>, LinkError> {
    sync(&upload).await?;
    let current = *upload.slot.generation.lock().await == upload.generation;
    if !current || !upload.name.is_final() {
        return Ok(None);
    }
    let complete = if upload.failed {
        false
    } else if upload.name.signature {
        upload.size > 0 && fs::read_to_string(&upload.path).is_ok_and(|text| read_signature(&text).is_some())
    } else {
        is_complete(&upload.path, upload.size).map_err(LinkError::io(&upload.path))?
    };
    if !complete {
        let shown = upload.name.to_string();
        let event = Event { size: upload.size, state: "broken", ..caller.event(&shown) };
        transfers::note(front, "in", &event).await?;
        return Ok(None);
    }
    let name = upload.name.clone();
    drop(upload);
    take(front, caller, &name, &name).await.map(Some)
}

/// Whether a file has as many bytes as its header says, or can never have: a header that is none is for the centre to
/// refuse.
fn is_complete(path: &Path, size: u64) -> std::io::Result<bool> {
    if size < HEADER_LEN as u64 {
        return Ok(false);
    }
    let mut head = vec![0; HEADER_LEN];
    open_plain(path)?.read_exact_at(&mut head, 0)?;
    Ok(Header::parse(&head).map_or(true, |header| size >= whole_size(&header)))
}

/// Bytes of a file with that header.
fn whole_size(header: &Header) -> u64 {
    HEADER_LEN as u64 + u64::from(header.record_count) * u64::from(header.record_length)
}

/// Renames a file of the inbox; to a final name, it is taken.
///
/// # Errors
/// Y12 no such file in the spool; as [`take`].
pub async fn rename(front: &Front, caller: &Caller, from: &str, to: &str) -> Result<Option<Taken>, LinkError> {
    let from = own_name(front, caller, from).await?;
    let to = own_name(front, caller, to).await?;
    if to.is_final() && to.signature == from.signature {
        return take(front, caller, &from, &to).await.map(Some);
    }
    let spool = front.places.spool(caller.member);
    let (source, target) = (spool.join(from.to_string()), spool.join(to.to_string()));
    let _locks = lock_two(front, &from.to_string(), &to.to_string()).await;
    let replaced = fs::symlink_metadata(&target).map(|m| m.len()).ok();
    open_plain(&source).map_err(LinkError::io(&source))?;
    move_file(&source, &target)?;
    if let Some(bytes) = replaced {
        front.usage(caller.member).less(bytes, 1);
    }
    Ok(None)
}

type Guard = tokio::sync::OwnedMutexGuard<u64>;

/// Locks the slots of two names in one order, whoever asks; writers of both are cut off.
async fn lock_two(front: &Front, one: &str, other: &str) -> (Guard, Option<Guard>) {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    let lock = |name: &str| {
        let slot = front.slot(name);
        async move {
            let mut guard = Arc::clone(&slot.generation).lock_owned().await;
            *guard += 1;
            guard
        }
    };
    let first_guard = lock(first).await;
    let second_guard = if first == second { None } else { Some(lock(second).await) };
    (first_guard, second_guard)
}

/// Removes an unfinished file, or the entry of a file that its receipt refused.
///
/// # Errors
/// Y12, Y13 what the centre has.
pub async fn remove(front: &Front, caller: &Caller, name: &str) -> Result<(), LinkError> {
    let name = own_name(front, caller, name).await?;
    let shown = name.to_string();
    let path = front.places.spool(caller.member).join(&shown);
    let _locks = lock_two(front, &shown, &shown).await;
    if let Ok(metadata) = fs::symlink_metadata(&path) {
        fs::remove_file(&path).map_err(LinkError::io(&path))?;
        front.usage(caller.member).less(metadata.len(), 1);
        let sql = "DELETE FROM front_file WHERE member = $1 AND direction = 'in' AND name = $2 AND state = 'waiting'";
        let mut tx = transfers::begin(front).await?;
        tx.execute(sql, params![caller.member, shown.as_str()]).await?;
        let event = Event { size: metadata.len(), state: "broken", detail: "removed", ..caller.event(&shown) };
        transfers::record(&mut tx, front, "in", &event).await?;
        return Ok(tx.commit().await?);
    }
    let Some(file) = booked(front, caller.member, &shown).await? else {
        return Err(LinkError::new(LinkCode::NotFound, shown));
    };
    if name.signature || standing(front, name.file, &file.fingerprint).await? != Standing::Refused {
        return Err(LinkError::new(LinkCode::ReadOnly, format!("已交清算，不能撤回 the centre has it: {shown}")));
    }
    let sql = "UPDATE front_file SET state = 'hidden' WHERE member = $1 AND direction = 'in' AND name = $2";
    let mut tx = transfers::begin(front).await?;
    tx.execute(sql, params![caller.member, shown.as_str()]).await?;
    Ok(tx.commit().await?)
}

/// A row of the books.
struct Booked {
    fingerprint: String,
    state: String,
}

async fn booked(front: &Front, member: MemberCode, name: &str) -> Result<Option<Booked>, LinkError> {
    let sql = "SELECT fingerprint, state FROM front_file WHERE member = $1 AND direction = 'in' AND name = $2";
    let row = front.db.read(Scope::Platform).fetch_optional(sql, params![member, name]).await?;
    row.map(|row| Ok(Booked { fingerprint: row.text("fingerprint")?, state: row.text("state")? })).transpose()
}

async fn book(
    tx: &mut WriteTx,
    front: &Front,
    member: MemberCode,
    name: &str,
    content: (u64, &str),
    state: &str,
    code: &str,
) -> Result<(), LinkError> {
    tx.execute(
        "INSERT INTO front_file (member, direction, name, size, fingerprint, state, code, updated_at) \
         VALUES ($1, 'in', $2, $3, $4, $5, $6, $7) ON CONFLICT (member, direction, name) DO UPDATE SET \
         size = excluded.size, fingerprint = excluded.fingerprint, state = excluded.state, code = excluded.code, \
         updated_at = excluded.updated_at",
        params![member, name, content.0 as i64, content.1, state, code, format_date_time(front.clock.now())],
    )
    .await?;
    Ok(())
}

/// What became of a name and the bytes that lie with the centre under it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Accepted with this fingerprint.
    Accepted(String),
    /// Not judged yet, or waits for its predecessor.
    Pending,
    /// Refused: it may be replaced.
    Refused,
}

/// What the centre's books say of a name, and of the bytes under it.
async fn standing(front: &Front, file: FileName, fingerprint: &str) -> Result<Standing, LinkError> {
    let (read, name) = (front.db.read(Scope::Platform), file.to_string());
    if file.kind != Kind::Txu {
        let sql = "SELECT state FROM front_file WHERE member = $1 AND direction = 'in' AND name = $2";
        let row = read.fetch_optional(sql, params![file.member, name.as_str()]).await?;
        return Ok(match row.map(|row| row.text("state")).transpose()?.as_deref() {
            Some("taken") => Standing::Accepted(fingerprint.to_owned()),
            Some("rejected") => Standing::Refused,
            _ => Standing::Pending,
        });
    }
    let sql = "SELECT fingerprint FROM upload WHERE name = $1";
    if let Some(row) = read.fetch_optional(sql, params![name.as_str()]).await? {
        return Ok(Standing::Accepted(row.text("fingerprint")?));
    }
    let sql = "SELECT result FROM receipt WHERE upload_name = $1 AND fingerprint = $2 \
               ORDER BY clearing_date DESC, sequence DESC";
    let row = read.fetch_optional(sql, params![name.as_str(), fingerprint]).await?;
    Ok(match row.map(|row| row.text("result")).transpose()?.as_deref() {
        None | Some("F09") => Standing::Pending,
        Some(_) => Standing::Refused,
    })
}

/// Takes a complete file under its final name. Durable, and in the centre's hands, when it returns `handed`.
///
/// # Errors
/// Y07, Y08 the name is taken; Y12; Y16 a signature that is none; Y21, Y22. The bytes stay in the spool, or aside where
/// they can never be taken.
pub async fn take(front: &Front, caller: &Caller, from: &InboxName, to: &InboxName) -> Result<Taken, LinkError> {
    let (shown, spool) = (to.to_string(), front.places.spool(caller.member));
    // A signature and its file go by one lock, so that they meet.
    let _locks = lock_two(front, &from.to_string(), &to.file.to_string()).await;
    let (source, path) = (spool.join(from.to_string()), spool.join(&shown));
    let replaced = if source == path { None } else { fs::symlink_metadata(&path).map(|m| m.len()).ok() };
    let content = {
        let (source, path) = (source.clone(), path.clone());
        blocking(move || {
            let mut file = open_plain(&source).map_err(LinkError::io(&source))?;
            file.sync_all().map_err(LinkError::io(&source))?;
            let content = Content::of(&mut file).map_err(LinkError::io(&source))?;
            if source != path {
                move_file(&source, &path)?;
            }
            Ok(content)
        })
        .await?
    };
    if let Some(bytes) = replaced {
        front.usage(caller.member).less(bytes, 1);
    }
    if to.signature {
        return take_signature(front, caller, to, &path, content).await;
    }
    let fingerprint = content.fingerprint();
    let known = booked(front, caller.member, &shown).await?;
    let known = known.filter(|k| !matches!(k.state.as_str(), "received" | "waiting"));
    if let Some(known) = known {
        let stands = standing(front, to.file, &known.fingerprint).await?;
        let same = match &stands {
            Standing::Accepted(accepted) => *accepted == fingerprint,
            _ => known.fingerprint == fingerprint,
        };
        // Refused for its signature, the same bytes may come again with a better one.
        let signed_anew = stands == Standing::Refused && spool.join(format!("{shown}.sig")).exists();
        if same && !signed_anew {
            drop_spooled(front, caller, &path, content.size)?;
            let event = Event { size: content.size, fingerprint: &fingerprint, state: "known", ..caller.event(&shown) };
            transfers::note(front, "in", &event).await?;
            return Ok(Taken { state: "known", fingerprint, size: content.size });
        }
        match stands {
            Standing::Refused => {}
            Standing::Pending => return Err(LinkError::new(LinkCode::Pending, &shown)),
            Standing::Accepted(_) => {
                return Err(set_aside(front, caller, &path, &shown, (content.size, &fingerprint)).await?);
            }
        }
    } else if let Standing::Accepted(accepted) = standing(front, to.file, &fingerprint).await? {
        // Taken in by another way than this front.
        if accepted != fingerprint {
            return Err(set_aside(front, caller, &path, &shown, (content.size, &fingerprint)).await?);
        }
        drop_spooled(front, caller, &path, content.size)?;
        let mut tx = transfers::begin(front).await?;
        book(&mut tx, front, caller.member, &shown, (content.size, &fingerprint), "handed", "").await?;
        tx.commit().await?;
        return Ok(Taken { state: "known", fingerprint, size: content.size });
    }
    let due = (front.hooks.certificate)(caller.member).is_some() && !spool.join(format!("{shown}.sig")).exists();
    let state = if due { "waiting" } else { "received" };
    let mut tx = transfers::begin(front).await?;
    book(&mut tx, front, caller.member, &shown, (content.size, &fingerprint), state, "").await?;
    let event = Event { size: content.size, fingerprint: &fingerprint, state, ..caller.event(&shown) };
    transfers::record(&mut tx, front, "in", &event).await?;
    tx.commit().await?;
    if due {
        return Ok(Taken { state: "waiting", fingerprint, size: content.size });
    }
    hand_over(front, caller, to.file).await?;
    Ok(Taken { state: "handed", fingerprint, size: content.size })
}

/// Takes a signature: it goes with its file, or after it while that is not accepted.
async fn take_signature(
    front: &Front,
    caller: &Caller,
    name: &InboxName,
    path: &Path,
    content: Content,
) -> Result<Taken, LinkError> {
    let shown = name.to_string();
    let fingerprint = content.fingerprint();
    let text = fs::read_to_string(path).ok().filter(|_| content.size <= SIGNATURE_BYTES);
    if text.and_then(|text| read_signature(&text)).is_none() {
        let error = LinkError::new(LinkCode::Signature, format!("不是 base64 的 DER 签名 no base64 of DER: {shown}"));
        drop_spooled(front, caller, path, content.size)?;
        front.alarm(caller, &shown, &error).await?;
        return Err(error);
    }
    let event = Event { size: content.size, fingerprint: &fingerprint, state: "received", ..caller.event(&shown) };
    transfers::note(front, "in", &event).await?;
    let taken = Taken { state: "received", fingerprint, size: content.size };
    let Some(file) = booked(front, caller.member, &name.file.to_string()).await? else { return Ok(taken) };
    if matches!(file.state.as_str(), "waiting" | "received") {
        hand_over(front, caller, name.file).await?;
        return Ok(taken);
    }
    match standing(front, name.file, &file.fingerprint).await? {
        // It may be the better one of the same bytes: it goes to where they are, and the next intake looks again.
        Standing::Refused | Standing::Pending => {
            let target = front.places.target(name.file.kind).expect("checked with the name").join(&shown);
            move_out(front, caller, path, &target, content.size)?;
            let path = target.with_extension("");
            (front.hooks.arrived)(&Arrival { name: name.file, path });
        }
        Standing::Accepted(_) => drop_spooled(front, caller, path, content.size)?,
    }
    Ok(taken)
}

/// Keeps bytes that can never be taken, and says so.
async fn set_aside(
    front: &Front,
    caller: &Caller,
    path: &Path,
    shown: &str,
    content: (u64, &str),
) -> Result<LinkError, LinkError> {
    let error = LinkError::new(LinkCode::Taken, shown);
    let folder = front.places.refused(caller.member);
    make_dir(&folder)?;
    move_out(front, caller, path, &folder.join(format!("{shown}.{}", &content.1[..16])), content.0)?;
    let text = error.to_string();
    tracing::warn!(member = %caller.member, name = shown, "{text}");
    (front.hooks.alarm)(&crate::Alarm { member: caller.member, code: error.code_text(), text: text.clone() });
    let event = Event {
        size: content.0,
        fingerprint: content.1,
        state: "refused",
        code: error.code_text(),
        detail: &text,
        ..caller.event(shown)
    };
    transfers::note(front, "in", &event).await?;
    Ok(error)
}

fn drop_spooled(front: &Front, caller: &Caller, path: &Path, size: u64) -> Result<(), LinkError> {
    fs::remove_file(path).map_err(LinkError::io(path))?;
    front.usage(caller.member).less(size, 1);
    Ok(())
}

/// Out of the spool and its quota.
fn move_out(front: &Front, caller: &Caller, from: &Path, to: &Path, size: u64) -> Result<(), LinkError> {
    make_dir(to.parent().unwrap_or(Path::new(".")))?;
    move_file(from, to)?;
    front.usage(caller.member).less(size, 1);
    Ok(())
}

/// Moves a file that is in the books as received or waiting to the centre, its signature first. Safe to run again after a
/// stop anywhere in it. The caller holds the lock of the name.
async fn hand_over(front: &Front, caller: &Caller, file: FileName) -> Result<(), LinkError> {
    let (shown, spool) = (file.to_string(), front.places.spool(caller.member));
    let target = front.places.target(file.kind).expect("checked with the name").join(&shown);
    let (path, signature) = (spool.join(&shown), spool.join(format!("{shown}.sig")));
    let sql = "SELECT size, fingerprint FROM front_file WHERE member = $1 AND direction = 'in' AND name = $2";
    let row = front.db.read(Scope::Platform).fetch_one(sql, params![caller.member, shown.as_str()]).await?;
    let (size, fingerprint) = (row.int("size")? as u64, row.text("fingerprint")?);
    let mut detail = String::new();
    if let Some(public_key) = (front.hooks.certificate)(caller.member).filter(|_| path.exists()) {
        let (file, text) = (path.clone(), fs::read_to_string(&signature).ok());
        let right = blocking(move || {
            let signature = text.and_then(|text| read_signature(&text));
            signature.map(|s| verify_file(&file, &public_key, &s)).transpose()
        })
        .await?;
        detail = match right {
            Some(true) => "签名正确 signature right",
            Some(false) => "签名错误 signature wrong",
            None => "签名缺失 signature missing",
        }
        .to_owned();
        if right != Some(true) {
            // The centre says so in its receipt (F08); here people are told.
            let error = LinkError::new(LinkCode::Signature, &shown);
            (front.hooks.alarm)(&crate::Alarm {
                member: caller.member,
                code: error.code_text(),
                text: error.to_string(),
            });
        }
    }
    if let Ok(metadata) = fs::symlink_metadata(&signature) {
        let target = target.with_file_name(format!("{shown}.sig"));
        move_out(front, caller, &signature, &target, metadata.len())?;
    }
    if path.exists() {
        move_out(front, caller, &path, &target, size)?;
    }
    let mut tx = transfers::begin(front).await?;
    book(&mut tx, front, caller.member, &shown, (size, &fingerprint), "handed", "").await?;
    let event = Event { size, fingerprint: &fingerprint, state: "handed", detail: &detail, ..caller.event(&shown) };
    transfers::record(&mut tx, front, "in", &event).await?;
    tx.commit().await?;
    (front.hooks.arrived)(&Arrival { name: file, path: target });
    Ok(())
}

/// Hands over what a stop kept from it, and what waited too long for its signature. To be run when the front starts and
/// every minute after. Returns the number of files handed over.
///
/// # Errors
/// What the database or the disk says.
pub async fn recover(front: &Front) -> Result<usize, LinkError> {
    let wait = chrono::TimeDelta::from_std(front.limits.signature_wait).unwrap_or(chrono::TimeDelta::MAX);
    let long_ago = front.clock.now().checked_sub_signed(wait).map(format_date_time).unwrap_or_default();
    let sql = "SELECT member, name FROM front_file WHERE direction = 'in' \
               AND (state = 'received' OR (state = 'waiting' AND updated_at <= $1))";
    let rows = front.db.read(Scope::Platform).fetch_all(sql, params![long_ago]).await?;
    let mut handed = 0;
    for row in rows {
        let name = row.text("name")?;
        let Ok(file) = FileName::parse(&name) else { continue };
        let caller = Caller {
            member: MemberCode(row.int("member")? as u32),
            login: "front".to_owned(),
            channel: Channel::Sftp,
            address: String::new(),
            quota_bytes: u64::MAX,
            quota_files: u64::MAX,
        };
        let _locks = lock_two(front, &name, &name).await;
        // Whoever held the lock may have handed it over.
        let still = booked(front, caller.member, &name).await?;
        if still.is_some_and(|b| matches!(b.state.as_str(), "received" | "waiting")) {
            hand_over(front, &caller, file).await?;
            handed += 1;
        }
    }
    Ok(handed)
}

/// Whether a file of the desk is in the books as handed over, or is not in them: put there by other means. Until then its
/// front is not done with it.
///
/// # Errors
/// What the database says.
pub async fn is_handed(db: &Db, name: FileName) -> Result<bool, LinkError> {
    let sql = "SELECT state FROM front_file WHERE member = $1 AND direction = 'in' AND name = $2";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![name.member, name.to_string()]).await?;
    let state = row.map(|row| row.text("state")).transpose()?;
    Ok(!state.is_some_and(|state| matches!(state.as_str(), "received" | "waiting")))
}

/// Notes what the centre made of a file of the desk: `taken`, or `rejected` with a code and why, which lets it be sent anew.
///
/// # Errors
/// What the database says.
pub async fn settle(
    db: &Db,
    name: FileName,
    size: u64,
    refusal: Option<(&str, &str)>,
    clock: &dyn Clock,
) -> Result<(), LinkError> {
    let state = if refusal.is_some() { "rejected" } else { "taken" };
    let (code, detail) = refusal.unwrap_or_default();
    let shown = name.to_string();
    let mut tx = db.begin_write_locking(Scope::Platform, &transfers::LOCKED).await?;
    let sql = "UPDATE front_file SET state = $3, code = $4 WHERE member = $1 AND direction = 'in' AND name = $2";
    tx.execute(sql, params![name.member, shown.as_str(), state, code]).await?;
    let caller = Caller {
        member: name.member,
        login: "desk".to_owned(),
        channel: Channel::Desk,
        address: String::new(),
        quota_bytes: 0,
        quota_files: 0,
    };
    let event = Event { size, state, code, detail, ..caller.event(&shown) };
    transfers::append(&mut tx, clock, "in", &event).await?;
    Ok(tx.commit().await?)
}

/// The caller's inbox: what is in the spool, and what was handed over in the last days.
///
/// # Errors
/// What the database or the disk says.
pub async fn list(front: &Front, caller: &Caller) -> Result<Vec<InboxFile>, LinkError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(front.places.spool(caller.member)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() && InboxName::parse(&name).is_ok() {
            files.push(InboxFile {
                name,
                size: metadata.len(),
                modified: seconds(&metadata),
                state: "receiving".into(),
            });
        }
    }
    let since = front.clock.now() - chrono::TimeDelta::days(SHOWN_DAYS);
    let sql = "SELECT name, size, state, updated_at FROM front_file WHERE member = $1 AND direction = 'in' \
               AND state IN ('handed', 'taken', 'rejected') AND updated_at >= $2";
    let rows = front.db.read(Scope::Platform).fetch_all(sql, params![caller.member, format_date_time(since)]).await?;
    for row in rows {
        let name = row.text("name")?;
        if files.iter().all(|f| f.name != name) {
            let modified = unix_seconds(&row.text("updated_at")?);
            files.push(InboxFile { name, size: row.int("size")? as u64, modified, state: row.text("state")? });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Days for which a file that was handed over is shown in the inbox.
const SHOWN_DAYS: i64 = 7;

/// One file of the caller's inbox.
///
/// # Errors
/// Y04, Y05, Y06, Y12.
pub async fn stat(front: &Front, caller: &Caller, name: &str) -> Result<InboxFile, LinkError> {
    let name = InboxName::parse(name)?;
    if name.file.member != caller.member {
        return Err(LinkError::new(LinkCode::NotFound, &name));
    }
    let shown = name.to_string();
    if let Ok(metadata) = fs::symlink_metadata(front.places.spool(caller.member).join(&shown)) {
        let modified = seconds(&metadata);
        return Ok(InboxFile { name: shown, size: metadata.len(), modified, state: "receiving".into() });
    }
    let sql = "SELECT size, state, updated_at FROM front_file WHERE member = $1 AND direction = 'in' AND name = $2 \
               AND state <> 'hidden'";
    let row = front.db.read(Scope::Platform).fetch_optional(sql, params![caller.member, shown.as_str()]).await?;
    let row = row.ok_or_else(|| LinkError::new(LinkCode::NotFound, &shown))?;
    let modified = unix_seconds(&row.text("updated_at")?);
    Ok(InboxFile { name: shown, size: row.int("size")? as u64, modified, state: row.text("state")? })
}

/// What the books say of a file: its state, and the fingerprint of its bytes where they are complete.
///
/// # Errors
/// As [`stat`].
pub async fn state(front: &Front, caller: &Caller, name: &str) -> Result<(InboxFile, String), LinkError> {
    let file = stat(front, caller, name).await?;
    let fingerprint = booked(front, caller.member, &file.name).await?.map(|b| b.fingerprint).unwrap_or_default();
    Ok((file, fingerprint))
}

/// Writes a whole small file as its member would send it: for callers that have it in memory.
///
/// # Errors
/// As [`open`] and [`take`].
pub async fn receive_whole(front: &Front, caller: &Caller, name: &str, bytes: &[u8]) -> Result<Taken, LinkError> {
    let mut upload = open(front, caller, &format!("{name}.whole.tmp"), true).await?;
    write(front, caller, &mut upload, 0, bytes).await?;
    let from = upload.name().to_string();
    drop(upload);
    rename(front, caller, &from, name).await?.ok_or_else(|| LinkError::new(LinkCode::Name, name))
}

pub(crate) fn seconds(metadata: &fs::Metadata) -> u64 {
    let modified = metadata.modified().ok().and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
    modified.map_or(0, |d| d.as_secs())
}

/// Of a time in the books, Asia/Shanghai.
pub(crate) fn unix_seconds(at: &str) -> u64 {
    parse_date_time(at).map_or(0, |at| (at.and_utc().timestamp() - 8 * 3600).max(0) as u64)
}

/// Runs what waits for the disk off the threads that serve others.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LinkError> + Send + 'static,
) -> Result<T, LinkError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(LinkError::new(LinkCode::Io, e)))
}
