//! Uploads, receipts and result files in the database.

use crate::ExchangeError;
use crate::filecheck::Checked;
use crate::process::Processed;
use std::collections::HashMap;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{Clock, Date, Fen, Industry, MemberCode, Reason};
use tongka_engine::day::hex;
use tongka_storage::{Db, Row, Scope, WriteTx, params};
use tongka_wire::{FileName, Kind};

/// An accepted upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Number in the order of acceptance.
    pub number: i64,
    /// The clearing date it was accepted into.
    pub clearing_date: Date,
    /// Its name.
    pub name: FileName,
    /// Its header line without CR LF.
    pub header: String,
    /// Fingerprint of its bytes, hex.
    pub fingerprint: String,
    /// SM3 of its body, hex.
    pub body_digest: String,
    /// Number of records.
    pub records: u64,
    /// Total amount.
    pub total: Fen,
    /// When it was accepted.
    pub accepted_at: String,
}

const UPLOAD_COLUMNS: &str =
    "upload_no, clearing_date, name, header, fingerprint, body_digest, record_count, total_fen, accepted_at";

/// The clearing date of a row.
pub(crate) fn date_of(row: &Row) -> Result<Date, ExchangeError> {
    Ok(from_days_since_epoch(row.int("clearing_date")? as i32).expect("written from a date"))
}

fn upload_of(row: &Row) -> Result<Upload, ExchangeError> {
    Ok(Upload {
        number: row.int("upload_no")?,
        clearing_date: date_of(row)?,
        name: FileName::parse(&row.text("name")?).expect("written from a file name"),
        header: row.text("header")?,
        fingerprint: row.text("fingerprint")?,
        body_digest: row.text("body_digest")?,
        records: row.int("record_count")? as u64,
        total: Fen(row.int("total_fen")?),
        accepted_at: row.text("accepted_at")?,
    })
}

/// The uploads accepted into a clearing date, in the order of acceptance.
pub async fn uploads(db: &Db, scope: Scope, date: Date) -> Result<Vec<Upload>, ExchangeError> {
    let sql =
        format!("SELECT {UPLOAD_COLUMNS} FROM upload WHERE clearing_date = $1 AND {{scope:member}} ORDER BY upload_no");
    db.read(scope).fetch_all(&sql, params![days_since_epoch(date)]).await?.iter().map(upload_of).collect()
}

/// The accepted upload of a name.
pub async fn upload(db: &Db, scope: Scope, name: &str) -> Result<Option<Upload>, ExchangeError> {
    let sql = format!("SELECT {UPLOAD_COLUMNS} FROM upload WHERE name = $1 AND {{scope:member}}");
    db.read(scope).fetch_optional(&sql, params![name]).await?.as_ref().map(upload_of).transpose()
}

/// Names of accepted uploads that contain a text, the newest first; none where the text cannot be in a name.
pub async fn names_like(db: &Db, scope: Scope, text: &str, most: u32) -> Result<Vec<String>, ExchangeError> {
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c)) {
        return Ok(Vec::new());
    }
    let pattern = text.replace('_', "!_");
    let sql = "SELECT name FROM upload WHERE name LIKE $1 ESCAPE '!' AND {scope:member} \
               ORDER BY upload_no DESC LIMIT $2";
    let rows = db.read(scope).fetch_all(sql, params![format!("%{pattern}%"), most]).await?;
    rows.iter().map(|row| Ok(row.text("name")?)).collect()
}

/// Fingerprints of all accepted uploads by name.
pub async fn accepted_fingerprints(db: &Db) -> Result<HashMap<String, String>, ExchangeError> {
    let rows = db.read(Scope::Platform).fetch_all("SELECT name, fingerprint FROM upload", params![]).await?;
    rows.iter().map(|row| Ok((row.text("name")?, row.text("fingerprint")?))).collect()
}

/// A receipt (回执).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Clearing date.
    pub clearing_date: Date,
    /// To whom; [`MemberCode::UNROUTED`] where the sender cannot be told.
    pub member: MemberCode,
    /// Number of the receipt within (clearing date, member), from 1.
    pub sequence: u32,
    /// Name of the upload as it came.
    pub upload_name: String,
    /// Fingerprint of its bytes, hex.
    pub fingerprint: String,
    /// `OK` or the code.
    pub result: String,
    /// What did not fit, for people.
    pub detail: String,
    /// The whole receipt file.
    pub content: String,
}

const RECEIPT_COLUMNS: &str = "clearing_date, member, sequence, upload_name, fingerprint, result, detail, content";

fn receipt_of(row: &Row) -> Result<Receipt, ExchangeError> {
    Ok(Receipt {
        clearing_date: date_of(row)?,
        member: MemberCode(row.int("member")? as u32),
        sequence: row.int("sequence")? as u32,
        upload_name: row.text("upload_name")?,
        fingerprint: row.text("fingerprint")?,
        result: row.text("result")?,
        detail: row.text("detail")?,
        content: row.text("content")?,
    })
}

/// The receipts of a clearing date, by member and sequence.
pub async fn receipts(db: &Db, scope: Scope, date: Option<Date>) -> Result<Vec<Receipt>, ExchangeError> {
    let sql = format!(
        "SELECT {RECEIPT_COLUMNS} FROM receipt WHERE clearing_date >= $1 AND clearing_date <= $2 AND {{scope:member}} \
         ORDER BY clearing_date, member, sequence"
    );
    let (from, to) = date.map_or((i64::MIN, i64::MAX), |d| {
        let day = i64::from(days_since_epoch(d));
        (day, day)
    });
    db.read(scope).fetch_all(&sql, params![from, to]).await?.iter().map(receipt_of).collect()
}

/// The receipts of an upload of this name, in the order in which they were given.
pub async fn receipts_of(db: &Db, scope: Scope, upload: &str) -> Result<Vec<Receipt>, ExchangeError> {
    let sql = format!(
        "SELECT {RECEIPT_COLUMNS} FROM receipt WHERE upload_name = $1 AND {{scope:member}} \
         ORDER BY clearing_date, sequence"
    );
    db.read(scope).fetch_all(&sql, params![upload]).await?.iter().map(receipt_of).collect()
}

/// By reason: count and amount. By issuer's member and industry of the accepted ones: count and gross.
pub type Summary = (Vec<(Reason, u64, Fen)>, Vec<(MemberCode, Industry, u64, Fen)>);

/// What the records of an upload came to.
pub async fn summary(db: &Db, scope: Scope, upload_no: i64) -> Result<Summary, ExchangeError> {
    let sql = "SELECT v.reason, v.record_count, v.amount_fen FROM upload_verdict v \
               JOIN upload u ON u.upload_no = v.upload_no WHERE v.upload_no = $1 AND {scope:u.member} ORDER BY v.reason";
    let mut verdicts = Vec::new();
    for row in db.read(scope).fetch_all(sql, params![upload_no]).await? {
        let reason = Reason::from_code(row.int("reason")? as u8).expect("written from a reason");
        verdicts.push((reason, row.int("record_count")? as u64, Fen(row.int("amount_fen")?)));
    }
    let sql = "SELECT g.issuer, g.industry, g.record_count, g.gross_fen FROM upload_group g \
               JOIN upload u ON u.upload_no = g.upload_no WHERE g.upload_no = $1 AND {scope:u.member} \
               ORDER BY g.issuer, g.industry";
    let mut groups = Vec::new();
    for row in db.read(scope).fetch_all(sql, params![upload_no]).await? {
        let industry = Industry::from_code(row.int("industry")? as u8).expect("written from an industry");
        let issuer = MemberCode(row.int("issuer")? as u32);
        groups.push((issuer, industry, row.int("record_count")? as u64, Fen(row.int("gross_fen")?)));
    }
    Ok((verdicts, groups))
}

/// Writes an accepted upload with its summaries.
pub async fn insert_upload(
    tx: &mut WriteTx,
    number: i64,
    date: Date,
    checked: &Checked,
    processed: &Processed,
    clock: &dyn Clock,
) -> Result<(), ExchangeError> {
    let name = checked.candidate.upload.expect("only well-formed names are accepted");
    let (header, head) = checked.header.as_ref().expect("only files with a header are accepted");
    tx.execute(
        "INSERT INTO upload (upload_no, clearing_date, name, member, file_date, sequence, header, fingerprint, \
         body_digest, record_count, total_fen, accepted_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
        params![
            number,
            days_since_epoch(date),
            name.to_string(),
            name.member.0,
            days_since_epoch(name.date),
            name.sequence,
            String::from_utf8_lossy(head).trim_end().to_owned(),
            hex(&checked.fingerprint),
            hex(&header.body_digest),
            header.record_count,
            header.total_amount,
            format_date_time(clock.now())
        ],
    )
    .await?;
    let groups = processed
        .groups
        .iter()
        .map(|(key, sum)| params![number, key.issuer.0, key.industry.code(), sum.count as i64, sum.gross.0].to_vec());
    let columns = ["upload_no", "issuer", "industry", "record_count", "gross_fen"];
    tx.insert_many("upload_group", &columns, groups.collect()).await?;
    let verdicts = processed
        .verdicts
        .iter()
        .map(|(reason, (count, amount))| params![number, reason.code(), *count as i64, amount.0].to_vec());
    tx.insert_many("upload_verdict", &["upload_no", "reason", "record_count", "amount_fen"], verdicts.collect())
        .await?;
    Ok(())
}

/// Writes a receipt.
pub async fn insert_receipt(tx: &mut WriteTx, receipt: &Receipt) -> Result<(), ExchangeError> {
    tx.execute(
        "INSERT INTO receipt (clearing_date, member, sequence, upload_name, fingerprint, result, detail, content) \
         VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
        params![
            days_since_epoch(receipt.clearing_date),
            receipt.member.0,
            receipt.sequence,
            receipt.upload_name.as_str(),
            receipt.fingerprint.as_str(),
            receipt.result.as_str(),
            receipt.detail.as_str(),
            receipt.content.as_str()
        ],
    )
    .await?;
    Ok(())
}

/// The next number of an upload.
pub async fn next_upload_number(db: &Db) -> Result<i64, ExchangeError> {
    let sql = "SELECT CAST(COALESCE(MAX(upload_no), 0) + 1 AS BIGINT) AS next FROM upload";
    Ok(db.read(Scope::Platform).fetch_one(sql, params![]).await?.int("next")?)
}

/// Count and amount by reason over a clearing date, of one member's uploads or of all.
pub async fn verdicts(db: &Db, scope: Scope, date: Date) -> Result<Vec<(Reason, u64, Fen)>, ExchangeError> {
    let sql = "SELECT v.reason, CAST(SUM(v.record_count) AS BIGINT) AS record_count, \
               CAST(SUM(v.amount_fen) AS BIGINT) AS amount_fen \
               FROM upload_verdict v JOIN upload u ON u.upload_no = v.upload_no \
               WHERE u.clearing_date = $1 AND {scope:u.member} GROUP BY v.reason ORDER BY v.reason";
    let verdict = |row: &Row| {
        let reason = Reason::from_code(row.int("reason")? as u8).expect("written from a reason");
        Ok((reason, row.int("record_count")? as u64, Fen(row.int("amount_fen")?)))
    };
    db.read(scope).fetch_all(sql, params![days_since_epoch(date)]).await?.iter().map(verdict).collect()
}

/// A published result file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    /// To whom.
    pub member: MemberCode,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Number of records.
    pub records: u64,
    /// Amount in the header.
    pub total: Fen,
    /// SM3 of its body, hex.
    pub body_digest: String,
    /// Creation time in its header.
    pub created_at: String,
}

/// The result files published for a clearing date.
pub async fn result_files(db: &Db, scope: Scope, date: Date) -> Result<Vec<ResultFile>, ExchangeError> {
    let sql = "SELECT member, kind, name, record_count, total_fen, body_digest, created_at FROM result_file \
               WHERE clearing_date = $1 AND {scope:member} ORDER BY member, kind";
    let file = |row: &Row| {
        Ok(ResultFile {
            member: MemberCode(row.int("member")? as u32),
            kind: row.text("kind")?,
            name: row.text("name")?,
            records: row.int("record_count")? as u64,
            total: Fen(row.int("total_fen")?),
            body_digest: row.text("body_digest")?,
            created_at: row.text("created_at")?,
        })
    };
    db.read(scope).fetch_all(sql, params![days_since_epoch(date)]).await?.iter().map(file).collect()
}

/// Writes the published files of a date.
pub async fn insert_result_files(tx: &mut WriteTx, date: Date, files: &[ResultFile]) -> Result<(), ExchangeError> {
    let columns = ["clearing_date", "member", "kind", "name", "record_count", "total_fen", "body_digest", "created_at"];
    let rows = files.iter().map(|f| {
        params![
            days_since_epoch(date),
            f.member.0,
            f.kind.as_str(),
            f.name.as_str(),
            f.records as i64,
            f.total.0,
            f.body_digest.as_str(),
            f.created_at.as_str()
        ]
        .to_vec()
    });
    tx.insert_many("result_file", &columns, rows.collect()).await?;
    Ok(())
}

/// The name of a result file of a clearing date.
pub fn result_name(kind: Kind, date: Date, member: MemberCode, sequence: u32) -> FileName {
    FileName { kind, date, member, sequence }
}
