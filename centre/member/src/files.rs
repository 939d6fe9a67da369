//! Files that were sent and wait for the change that takes them in: lists of cards, scheme files.
//!
//! A change names a file by the digest of its bytes; the bytes are kept for as long as the book.

use crate::change::read_cards;
use crate::error::{BookCode, MemberError, RowFault, refuse};
use crate::keys::keep_keys;
use crate::read::Rows;
use std::path::Path;
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_base::date::format_date_time;
use tongka_crypto::sm3;
use tongka_scheme::TacKey;
use tongka_storage::{Db, params};

/// A list of cards, CSV or TOML.
pub(crate) const CARD_LIST: &str = "cards";
/// A scheme file whose test keys were taken out.
pub(crate) const SCHEME_FILE: &str = "scheme";
/// Most bytes of a file.
pub const MOST_BYTES: usize = 256 << 20;

/// A file that was taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SentFile {
    /// Its digest, by which a change names it.
    pub digest: String,
    /// Entries that were read.
    pub entries: u64,
    /// Rows of a list that cannot be read.
    pub faults: Vec<RowFault>,
}

/// Takes a list of cards for `member.blacklist.add` or `.remove`: CSV with the header
/// `scheme,issuer_id,application_serial,listed_at`, or TOML with `[[blacklist]]`. Nothing is listed by this.
///
/// # Errors
/// M15 for a file of another form; what the database says.
pub async fn send_cards(
    db: &Db,
    name: &str,
    bytes: &[u8],
    by: &str,
    clock: &dyn Clock,
) -> Result<SentFile, MemberError> {
    check_size(bytes)?;
    let (cards, faults) = read_cards(bytes)?;
    let digest = keep(db, CARD_LIST, name, bytes, cards.len(), by, clock).await?;
    Ok(SentFile { digest, entries: cards.len() as u64, faults })
}

/// Takes a scheme file for `member.scheme.import` and returns its digest and that of its test keys, which go to the data
/// folder.
///
/// # Errors
/// What [`tongka_scheme::parse`] says; what the database says.
pub async fn send_scheme(
    db: &Db,
    data: &Path,
    name: &str,
    text: &str,
    by: &str,
    clock: &dyn Clock,
) -> Result<(SentFile, String), MemberError> {
    check_size(text.as_bytes())?;
    let mut scheme = tongka_scheme::parse(text, name).map_err(MemberError::Scheme)?;
    let key_file = keep_keys(data, &scheme.tac_keys)?;
    // Which keys there are stays in the text, what they are does not.
    scheme.tac_keys.iter_mut().for_each(|key| *key = TacKey { key: [0; 16], ..key.clone() });
    let kept = tongka_scheme::render(&scheme);
    let entries = scheme.members.len() + scheme.issuers.len() + scheme.fees.len() + scheme.blacklist.len();
    let digest = keep(db, SCHEME_FILE, name, kept.as_bytes(), entries, by, clock).await?;
    Ok((SentFile { digest, entries: entries as u64, faults: Vec::new() }, key_file))
}

fn check_size(bytes: &[u8]) -> Result<(), MemberError> {
    if bytes.len() <= MOST_BYTES {
        return Ok(());
    }
    let (zh, en) = (format!("超过 {MOST_BYTES} 字节"), format!("more than {MOST_BYTES} bytes"));
    refuse(BookCode::File, "file", zh, en)
}

async fn keep(
    db: &Db,
    kind: &str,
    name: &str,
    bytes: &[u8],
    entries: usize,
    by: &str,
    clock: &dyn Clock,
) -> Result<String, MemberError> {
    let digest = hex::encode_upper(sm3(bytes));
    let packed = zstd::bulk::compress(bytes, 3).map_err(|source| MemberError::Io { path: name.into(), source })?;
    let mut tx = tongka_audit::begin(db).await?;
    let sql = "INSERT INTO scheme_file (digest, kind, name, content, entries, sent_at, sent_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING";
    let at = format_date_time(clock.now());
    let new = tx.execute(sql, params![digest.as_str(), kind, name, packed, entries as i64, at, by]).await?;
    if new > 0 {
        let (object, detail) = (format!("{kind} {name}"), format!("{entries} entries, digest {digest}"));
        let deed = Deed { owner: 0, actor: by, action: "member.file", object: &object, outcome: "ok", detail: &detail };
        tongka_audit::record(&mut tx, &deed, clock).await?;
    }
    tx.commit().await?;
    Ok(digest)
}

/// The bytes of a file that was sent.
pub(crate) async fn load_file<R: Rows>(rows: &mut R, kind: &str, digest: &str) -> Result<Vec<u8>, MemberError> {
    let sql = "SELECT content FROM scheme_file WHERE digest = $1 AND kind = $2";
    let Some(row) = rows.first(sql, params![digest, kind]).await? else {
        return refuse(BookCode::Staged, "file", digest, digest);
    };
    let bytes = zstd::bulk::decompress(&row.blob("content")?, MOST_BYTES + 1);
    match bytes {
        Ok(bytes) if hex::encode_upper(sm3(&bytes)) == digest => Ok(bytes),
        _ => Err(MemberError::broken(format!("scheme_file {digest}"))),
    }
}
