//! Giving files (下发): a member's results, receipts and lists, read-only, from any byte on.
//!
//! A member sees what the centre wrote into its outbox, and offers: files made of a head of its own and a body that many
//! members share, so that a list for a hundred members lies on disk once. A file is `fetched` when it was read to its end,
//! and `confirmed` when the member says that it has it: it moves from the outbox to the archive, on the member's side
//! only. Nothing is ever written or removed here. Where the centre has a signing key, every file has its `.sig` beside it.

use crate::disk::{make_dir, open_plain, write_file};
use crate::front::{Caller, Channel, Front};
use crate::inbox::{blocking, seconds, unix_seconds};
use crate::names::InboxName;
use crate::transfers::{self, Event};
use crate::{LinkCode, LinkError, sign};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tongka_base::MemberCode;
use tongka_base::date::format_date_time;
use tongka_storage::{Db, Scope, WriteTx, params};
use tongka_wire::FileName;

/// A file for a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutFile {
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Seconds since 1970-01-01 UTC.
    pub modified: u64,
    /// Whether the member confirmed it.
    pub confirmed: bool,
}

/// Where a file's bytes are.
#[derive(Debug)]
pub struct Source {
    head: Vec<u8>,
    file: File,
    path: PathBuf,
    size: u64,
}

impl Source {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads from an offset; fewer bytes than asked for only at the end.
    ///
    /// # Errors
    /// Y21.
    pub fn read_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, LinkError> {
        let length = self.size.saturating_sub(offset).min(length as u64) as usize;
        let mut bytes = vec![0; length];
        let mut done = 0;
        if let Some(rest) = usize::try_from(offset).ok().and_then(|offset| self.head.get(offset..)) {
            done = rest.len().min(length);
            bytes[..done].copy_from_slice(&rest[..done]);
        }
        let from = (offset + done as u64).saturating_sub(self.head.len() as u64);
        self.file.read_exact_at(&mut bytes[done..], from).map_err(LinkError::io(&self.path))?;
        Ok(bytes)
    }

    fn reader(&self) -> io::Result<impl Read + '_> {
        Ok(self.head.as_slice().chain(open_plain(&self.path)?))
    }
}

/// Where one file of a listing comes from.
enum Origin {
    Plain(PathBuf),
    Offer { head: String, body: PathBuf },
}

impl Origin {
    fn open(&self) -> Result<Source, LinkError> {
        let (head, path) = match self {
            Self::Plain(path) => (Vec::new(), path),
            Self::Offer { head, body } => (head.as_bytes().to_vec(), body),
        };
        let file = open_plain(path).map_err(LinkError::io(path))?;
        let size = head.len() as u64 + file.metadata().map_err(LinkError::io(path))?.len();
        Ok(Source { head, file, path: path.clone(), size })
    }
}

/// Offers a file whose body others may share; it must not change any more. Within the caller's transaction.
///
/// # Errors
/// What the database says.
pub async fn offer(
    tx: &mut WriteTx,
    name: FileName,
    head: &str,
    body: &Path,
    body_size: u64,
    offered_at: &str,
) -> Result<(), LinkError> {
    let size = (head.len() as u64 + body_size) as i64;
    let body = body.to_string_lossy().into_owned();
    tx.execute(
        "INSERT INTO front_offer (member, name, head, body, size, offered_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (member, name) DO NOTHING",
        params![name.member, name.to_string(), head, body, size, offered_at],
    )
    .await?;
    Ok(())
}

/// Takes an offer back that a newer one makes needless, unless the member fetched it and did not confirm it yet. Says
/// whether it is gone. Within the caller's transaction.
///
/// # Errors
/// What the database says.
pub async fn withdraw(tx: &mut WriteTx, member: MemberCode, name: &str) -> Result<bool, LinkError> {
    let sql = "DELETE FROM front_offer WHERE member = $1 AND name = $2 AND NOT EXISTS (SELECT 1 FROM front_file f \
               WHERE f.member = $1 AND f.direction = 'out' AND f.name = $2 AND f.state = 'fetched')";
    Ok(tx.execute(sql, params![member, name]).await? > 0)
}

/// Bodies that offers still need.
///
/// # Errors
/// What the database says.
pub async fn bodies(db: &Db) -> Result<BTreeSet<PathBuf>, LinkError> {
    let rows = db.read(Scope::Platform).fetch_all("SELECT DISTINCT body FROM front_offer", params![]).await?;
    rows.iter().map(|row| Ok(PathBuf::from(row.text("body")?))).collect()
}

/// All files for the caller by name, with where their bytes are.
async fn all(front: &Front, caller: &Caller) -> Result<BTreeMap<String, (OutFile, Origin)>, LinkError> {
    let (member, folder) = (caller.member, front.places.outbox.join(caller.member.to_string()));
    let mut files = blocking(move || Ok(plain_files(&folder, member))).await?;
    let read = front.db.read(Scope::Platform);
    let sql = "SELECT name, head, body, size, offered_at FROM front_offer WHERE member = $1";
    for row in read.fetch_all(sql, params![caller.member]).await? {
        let (name, body) = (row.text("name")?, PathBuf::from(row.text("body")?));
        let file = OutFile {
            name: name.clone(),
            size: row.int("size")? as u64,
            modified: unix_seconds(&row.text("offered_at")?),
            confirmed: false,
        };
        files.insert(name, (file, Origin::Offer { head: row.text("head")?, body }));
    }
    let sql = "SELECT name FROM front_file WHERE member = $1 AND direction = 'out' AND state = 'confirmed'";
    for row in read.fetch_all(sql, params![caller.member]).await? {
        if let Some((file, _)) = files.get_mut(&row.text("name")?) {
            file.confirmed = true;
        }
    }
    Ok(files)
}

/// One file for the caller.
async fn one(front: &Front, caller: &Caller, name: FileName) -> Result<Option<(OutFile, Origin)>, LinkError> {
    let path = front.places.outbox.join(caller.member.to_string()).join(name.to_string());
    let read = front.db.read(Scope::Platform);
    let values = params![caller.member, name.to_string()];
    let found = match fs::symlink_metadata(&path).ok().filter(|m| m.is_file()) {
        Some(metadata) => Some((metadata.len(), seconds(&metadata), Origin::Plain(path))),
        None => {
            let sql = "SELECT head, body, size, offered_at FROM front_offer WHERE member = $1 AND name = $2";
            let offer = read.fetch_optional(sql, values).await?;
            let offer = offer.map(|row| {
                let origin = Origin::Offer { head: row.text("head")?, body: PathBuf::from(row.text("body")?) };
                Ok::<_, LinkError>((row.int("size")? as u64, unix_seconds(&row.text("offered_at")?), origin))
            });
            offer.transpose()?
        }
    };
    let Some((size, modified, origin)) = found else { return Ok(None) };
    let sql = "SELECT 1 AS found FROM front_file WHERE member = $1 AND direction = 'out' AND name = $2 \
               AND state = 'confirmed'";
    let confirmed = read.fetch_optional(sql, values).await?.is_some();
    Ok(Some((OutFile { name: name.to_string(), size, modified, confirmed }, origin)))
}

fn plain_files(folder: &Path, member: MemberCode) -> BTreeMap<String, (OutFile, Origin)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let own = FileName::parse(&name).is_ok_and(|n| n.member == member);
        let Some(metadata) = fs::symlink_metadata(entry.path()).ok().filter(|m| own && m.is_file()) else { continue };
        let file = OutFile { name: name.clone(), size: metadata.len(), modified: seconds(&metadata), confirmed: false };
        files.insert(name, (file, Origin::Plain(entry.path())));
    }
    files
}

/// Files for the caller by name; signatures follow their files.
///
/// # Errors
/// What the database or the disk says.
pub async fn list(front: &Front, caller: &Caller) -> Result<Vec<OutFile>, LinkError> {
    let mut listed = Vec::new();
    for (_, (file, origin)) in all(front, caller).await? {
        let signature = signature(front, caller.member, &file, origin).await?;
        listed.push(file);
        listed.extend(signature.map(|(file, _)| file));
    }
    Ok(listed)
}

/// The signature of a file, made where it is missing; none without a key of the centre.
async fn signature(
    front: &Front,
    member: MemberCode,
    file: &OutFile,
    origin: Origin,
) -> Result<Option<(OutFile, PathBuf)>, LinkError> {
    let Some(key) = front.centre_key.clone() else { return Ok(None) };
    let name = format!("{}.sig", file.name);
    let path = front.places.signatures(member).join(&name);
    let (shown, confirmed) = (path.clone(), file.confirmed);
    let metadata = blocking(move || {
        if let Ok(metadata) = fs::symlink_metadata(&path) {
            return Ok(metadata);
        }
        let source = origin.open()?;
        let text = source.reader().and_then(|mut r| sign::sign_reader(&mut r, &key));
        make_dir(path.parent().unwrap_or(Path::new(".")))?;
        write_file(&path, text.map_err(LinkError::io(&path))?.as_bytes())?;
        fs::symlink_metadata(&path).map_err(LinkError::io(&path))
    })
    .await?;
    let file = OutFile { name, size: metadata.len(), modified: seconds(&metadata), confirmed };
    Ok(Some((file, shown)))
}

/// One file for the caller, or a signature of one.
///
/// # Errors
/// Y04 no name of a file, Y12 none of that name for this member.
pub async fn open(front: &Front, caller: &Caller, name: &str) -> Result<(OutFile, Source), LinkError> {
    let parsed = InboxName::parse(name)?;
    let missing = || LinkError::new(LinkCode::NotFound, &parsed);
    if parsed.file.member != caller.member || !parsed.is_final() {
        return Err(missing());
    }
    let (file, origin) = one(front, caller, parsed.file).await?.ok_or_else(missing)?;
    if !parsed.signature {
        let source = origin.open()?;
        return Ok((file, source));
    }
    let (file, path) = signature(front, caller.member, &file, origin).await?.ok_or_else(missing)?;
    let source = Origin::Plain(path).open()?;
    Ok((file, source))
}

/// Notes that the caller read a file to its end.
///
/// # Errors
/// What the database says.
pub async fn fetched(front: &Front, caller: &Caller, file: &OutFile) -> Result<(), LinkError> {
    // What was confirmed stays so when it is fetched once more.
    mark(front, caller, file, "fetched", file.confirmed).await
}

/// Confirms that the caller has a file it fetched; again is harmless. The signature goes with its file.
///
/// # Errors
/// Y04, Y12, Y25 it was not fetched to its end yet.
pub async fn confirm(front: &Front, caller: &Caller, name: &str) -> Result<(), LinkError> {
    let (file, _) = open(front, caller, name).await?;
    if file.confirmed || file.name.ends_with(".sig") {
        return Ok(());
    }
    let sql = "SELECT state FROM front_file WHERE member = $1 AND direction = 'out' AND name = $2";
    let row = front.db.read(Scope::Platform).fetch_optional(sql, params![caller.member, file.name.as_str()]).await?;
    if row.is_none() {
        return Err(LinkError::new(LinkCode::NotFetched, &file.name));
    }
    mark(front, caller, &file, "confirmed", false).await
}

/// Shows a confirmed file as not confirmed again, so that it is fetched once more.
///
/// # Errors
/// Y04, Y12.
pub async fn recall(front: &Front, caller: &Caller, name: &str) -> Result<(), LinkError> {
    let (file, _) = open(front, caller, name).await?;
    if file.confirmed { mark(front, caller, &file, "fetched", false).await } else { Ok(()) }
}

async fn mark(front: &Front, caller: &Caller, file: &OutFile, state: &str, keep: bool) -> Result<(), LinkError> {
    if file.name.ends_with(".sig") {
        return Ok(());
    }
    let mut tx = transfers::begin(front).await?;
    if !keep {
        tx.execute(
            "INSERT INTO front_file (member, direction, name, size, fingerprint, state, code, updated_at) \
             VALUES ($1, 'out', $2, $3, '', $4, '', $5) ON CONFLICT (member, direction, name) DO UPDATE SET \
             state = excluded.state, updated_at = excluded.updated_at",
            params![caller.member, file.name.as_str(), file.size as i64, state, format_date_time(front.clock.now())],
        )
        .await?;
    }
    transfers::record(&mut tx, front, "out", &Event { size: file.size, state, ..caller.event(&file.name) }).await?;
    Ok(tx.commit().await?)
}

/// How a member stands with its files, for a page of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Files it has not confirmed.
    pub waiting: u64,
    /// Files it confirmed.
    pub confirmed: u64,
}

/// How a member stands.
///
/// # Errors
/// What the database or the disk says.
pub async fn standing(front: &Front, member: MemberCode) -> Result<Standing, LinkError> {
    let caller = Caller {
        member,
        login: String::new(),
        channel: Channel::Https,
        address: String::new(),
        quota_bytes: 0,
        quota_files: 0,
    };
    let files = all(front, &caller).await?;
    let confirmed = files.values().filter(|(file, _)| file.confirmed).count() as u64;
    Ok(Standing { waiting: files.len() as u64 - confirmed, confirmed })
}
