//! The work list of suspicious records (可疑记录): each waits for people to clear or reject it.
//!
//! Records do not become SQL rows, with this exception: a record with verdict S is a piece of work. The rows are made in
//! the transaction of step prove, from the lake. Clearing one later moves the money that the record would have moved had
//! it been accepted, so the fees of a group of this one record are worked out here, by the fee rule of its own date; its
//! verdict in the lake stays S.

use crate::EngineError;
use tongka_base::date::{days_since_epoch, format_date, from_days_since_epoch};
use tongka_base::{AppSerial, CardScheme, Date, Fen, Industry, IssuerId, MemberCode, Reason, Verdict};
use tongka_lake::Lake;
use tongka_lake::table::{Column, Table};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope, Value, WriteTx, params};

/// Numbers of records in one upload, rounded up to a power of two: a row's id is upload number × this + record number.
const RECORDS_PER_UPLOAD: i64 = 1 << 20;

const COLUMNS: [&str; 15] = [
    "id",
    "clearing_date",
    "upload_name",
    "record_no",
    "acquirer",
    "issuer",
    "industry",
    "reason",
    "card",
    "counter",
    "happened_at",
    "amount_fen",
    "issuer_fee_fen",
    "centre_fee_fen",
    "state",
];

/// The rows of a date's suspicious records, ready to be inserted.
pub(crate) async fn collect(db: &Db, scheme: &Scheme, lake: &Lake, date: Date) -> Result<Vec<Vec<Value>>, EngineError> {
    let suspicious = Reason::ALL.iter().filter(|r| r.verdict() == Verdict::Suspicious);
    let codes = suspicious.map(|r| r.code().to_string()).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT u.upload_no, u.name, u.member FROM upload u WHERE u.clearing_date = $1 AND EXISTS (SELECT 1 FROM \
         upload_verdict v WHERE v.upload_no = u.upload_no AND v.reason IN ({codes})) ORDER BY u.upload_no"
    );
    let mut rows = Vec::new();
    for upload in db.read(Scope::Platform).fetch_all(&sql, params![days_since_epoch(date)]).await? {
        let name = upload.text("name")?;
        let table = Table::open(&lake.table_path(date, &name))?;
        let upload =
            Upload { number: upload.int("upload_no")?, acquirer: MemberCode(upload.int("member")? as u32), name };
        for group in 0..table.groups() {
            collect_group(scheme, date, &upload, &table, group, &mut rows)?;
        }
    }
    Ok(rows)
}

struct Upload {
    number: i64,
    acquirer: MemberCode,
    name: String,
}

fn collect_group(
    scheme: &Scheme,
    date: Date,
    upload: &Upload,
    table: &Table,
    group: usize,
    rows: &mut Vec<Vec<Value>>,
) -> Result<(), EngineError> {
    let reasons = table.narrow(group, Column::Reason)?;
    let is_suspicious =
        |code: i32| Reason::from_code(code as u8).is_some_and(|reason| reason.verdict() == Verdict::Suspicious);
    if !reasons.iter().any(|code| is_suspicious(*code)) {
        return Ok(());
    }
    let numbers = table.narrow(group, Column::RecordNo)?;
    let schemes = table.narrow(group, Column::Scheme)?;
    let issuers = table.wide(group, Column::IssuerId)?;
    let highs = table.narrow(group, Column::SerialHigh)?;
    let lows = table.wide(group, Column::SerialLow)?;
    let counters = table.narrow(group, Column::Counter)?;
    let industries = table.narrow(group, Column::Industry)?;
    let amounts = table.narrow(group, Column::Amount)?;
    let dates = table.narrow(group, Column::Date)?;
    let times = table.narrow(group, Column::Time)?;
    for row in (0..reasons.len()).filter(|row| is_suspicious(reasons[*row])) {
        let unknown = || EngineError::ProofFailed(format!("{} record {}: unknown issuer", upload.name, numbers[row]));
        let card_scheme = CardScheme::from_letter(schemes[row] as u8).ok_or_else(unknown)?;
        let issuer_id = IssuerId((issuers[row] as u64).to_be_bytes());
        let issuer = scheme.issuer(card_scheme, issuer_id).ok_or_else(unknown)?.member;
        let industry = Industry::from_code(industries[row] as u8).ok_or_else(unknown)?;
        let amount = Fen(i64::from(amounts[row] as u32));
        let rule =
            (upload.acquirer != issuer).then(|| scheme.fee_rule(upload.acquirer, issuer, industry, date)).flatten();
        let mut serial = [0; 10];
        serial[..2].copy_from_slice(&(highs[row] as u16).to_be_bytes());
        serial[2..].copy_from_slice(&(lows[row] as u64).to_be_bytes());
        rows.push(
            params![
                upload.number * RECORDS_PER_UPLOAD + i64::from(numbers[row]),
                days_since_epoch(date),
                upload.name.as_str(),
                numbers[row],
                upload.acquirer,
                issuer,
                industry.code(),
                reasons[row],
                AppSerial(serial).masked(),
                counters[row],
                happened_at(dates[row], times[row] as u32),
                amount,
                rule.map_or(Ok(Fen::ZERO), |rule| amount.fee_half_up(rule.issuer_rate))?,
                rule.map_or(Ok(Fen::ZERO), |rule| amount.fee_half_up(rule.centre_rate))?,
                "open"
            ]
            .to_vec(),
        );
    }
    Ok(())
}

fn happened_at(day: i32, seconds: u32) -> String {
    let date = from_days_since_epoch(day).map_or_else(|| "00000000".into(), format_date);
    format!("{date}{:02}{:02}{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Writes the rows, in the transaction of step prove.
pub(crate) async fn insert(tx: &mut WriteTx, rows: Vec<Vec<Value>>) -> Result<(), EngineError> {
    Ok(tx.insert_many("suspicious_record", &COLUMNS, rows).await?)
}
