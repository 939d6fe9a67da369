//! TAC by the issuer (发卡方验证TAC): where the scheme says so, the centre clears without looking at TACs, the `TXD` asks the
//! issuer, and its `TXV` answers. What nobody answers in time counts as right.
//!
//! A record with a wrong TAC is undone by adjustments that mirror what it moved: the acquirer gives back what it received,
//! the centre its fee. A file is taken whole or refused whole, so that the issuer can mend it and send it again.

use crate::intake::Folders;
use crate::{ExchangeError, run, store};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use tongka_audit::Deed;
use tongka_base::date::{days_since_epoch, format_date_time, parse_date};
use tongka_base::{Clock, Date, Fen, MemberCode, Reason};
use tongka_engine::adjust::{NewAdjustment, Origin, approve};
use tongka_engine::day;
use tongka_lake::table::{StoredRecord, Table};
use tongka_scheme::{Scheme, TacVerifier};
use tongka_storage::{Db, Scope, WriteTx, params};
use tongka_wire::{Kind, Value, parse_record};

/// What came of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Records that were judged.
    pub records: u64,
    /// Of them wrong.
    pub wrong: u64,
    /// What the wrong ones had moved.
    pub wrong_fen: Fen,
}

/// A line of the file.
struct Verdict {
    at: usize,
    date: Date,
    acquirer: MemberCode,
    upload: String,
    record_no: u32,
    amount: i64,
    right: bool,
}

impl Verdict {
    fn refuse<T>(&self, what: impl std::fmt::Display) -> Result<T, ExchangeError> {
        Err(refused(self.at, what))
    }
}

fn refused(at: usize, what: impl std::fmt::Display) -> ExchangeError {
    ExchangeError::TacVerdict(format!("record {at}: {what}"))
}

fn read(lines: &[u8]) -> Result<Vec<Verdict>, ExchangeError> {
    let table = Kind::Txv.table();
    let read_one = |(index, line): (usize, &[u8])| {
        let at = index + 1;
        let values = parse_record(table, line).map_err(|error| refused(at, error))?;
        let [_, Value::Number(date), Value::Number(acquirer), Value::Text(upload), Value::Number(record_no), rest @ ..] =
            values.as_slice()
        else {
            return Err(refused(at, "not as laid out"));
        };
        let [Value::Number(amount), Value::Number(verdict)] = rest else {
            return Err(refused(at, "not as laid out"));
        };
        let right = match verdict {
            0 => true,
            6 => false,
            other => return Err(refused(at, format!("判定 verdict {other:02}"))),
        };
        let date = parse_date(format!("{date:08}").as_bytes());
        let date = date.ok_or_else(|| refused(at, "清算日期 clearing date"))?;
        let (acquirer, record_no) = (MemberCode(*acquirer as u32), *record_no as u32);
        Ok(Verdict { at, date, acquirer, upload: upload.clone(), record_no, amount: *amount, right })
    };
    lines.chunks_exact(table.line_len()).enumerate().map(read_one).collect()
}

/// Takes the records of a `TXV` file of an issuer, whose structure was checked; `days` after its clearing date a record
/// is judged no more. Taking the same file again changes nothing.
///
/// # Errors
/// X11 with the number of the record at fault: not cleared for this issuer, not as it was cleared, named twice, found wrong
/// before, disputed before, too late, or the centre verifies. Nothing is taken then.
pub async fn take_verdicts(
    db: &Db,
    folders: &Folders,
    issuer: MemberCode,
    (file, digest): (&str, &str),
    lines: &[u8],
    days: u32,
    clock: &dyn Clock,
) -> Result<Verdicts, ExchangeError> {
    let known = "SELECT records, wrong, wrong_fen FROM tac_answer WHERE file = $1 AND digest = $2";
    if let Some(row) = db.read(Scope::Platform).fetch_optional(known, params![file, digest]).await? {
        let (records, wrong) = (row.int("records")? as u64, row.int("wrong")? as u64);
        return Ok(Verdicts { records, wrong, wrong_fen: Fen(row.int("wrong_fen")?) });
    }
    let verdicts = read(lines)?;
    let mut by_upload: BTreeMap<(Date, &str), Vec<&Verdict>> = BTreeMap::new();
    for verdict in &verdicts {
        by_upload.entry((verdict.date, &verdict.upload)).or_default().push(verdict);
    }
    let (mut schemes, mut wrong) = (BTreeMap::new(), Vec::new());
    for ((date, upload), mut verdicts) in by_upload {
        if let Entry::Vacant(place) = schemes.entry(date) {
            place.insert(scheme_of(db, folders, date, verdicts[0], days, clock).await?);
        }
        verdicts.sort_unstable_by_key(|verdict| verdict.record_no);
        if let Some(twice) = verdicts.windows(2).find(|pair| pair[0].record_no == pair[1].record_no) {
            return twice[1].refuse("同一记录出现两次 the record is named twice");
        }
        let stored = stored(db, folders, issuer, upload, &verdicts).await?;
        let found = verdicts.iter().zip(stored).filter(|(verdict, _)| !verdict.right);
        wrong.extend(found.map(|(verdict, record)| (*verdict, record)));
    }
    let mut tx = tongka_audit::begin(db).await?;
    let mut sums = Verdicts { records: verdicts.len() as u64, wrong: wrong.len() as u64, wrong_fen: Fen::ZERO };
    for (_, record) in &wrong {
        sums.wrong_fen = sums.wrong_fen.checked_add(Fen(i64::from(record.amount)))?;
    }
    tx.execute(
        "INSERT INTO tac_answer (file, issuer, records, wrong, wrong_fen, digest, taken_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            file,
            issuer,
            sums.records as i64,
            sums.wrong as i64,
            sums.wrong_fen,
            digest,
            format_date_time(clock.now())
        ],
    )
    .await?;
    for (verdict, record) in &wrong {
        undo(&mut tx, &schemes[&verdict.date], issuer, verdict, record, file, clock).await?;
    }
    let detail = format!("{} records, {} wrong, {}", sums.records, sums.wrong, sums.wrong_fen);
    let deed = Deed {
        owner: i64::from(issuer.0),
        actor: &issuer.to_string(),
        action: "tac.verdicts",
        object: file,
        outcome: "ok",
        detail: &detail,
    };
    tongka_audit::commit(tx, &deed, clock).await?;
    Ok(sums)
}

/// The scheme of a date whose records may be judged now.
async fn scheme_of(
    db: &Db,
    folders: &Folders,
    date: Date,
    verdict: &Verdict,
    days: u32,
    clock: &dyn Clock,
) -> Result<Scheme, ExchangeError> {
    let closed = day::days(db).await?.into_iter().find(|day| day.date == date && day.state == day::DayState::Closed);
    let Some(closed) = closed else {
        return verdict.refuse(format!("清算日 {date} 尚未关账 the clearing date is not closed"));
    };
    let scheme = run::stored_scheme(folders, &closed.scheme_digest)?;
    if scheme.rules.tac_verifier != TacVerifier::Issuer {
        return verdict.refuse(format!("{date} 由清算中心验证 TAC the centre verified on {date}"));
    }
    if days_since_epoch(clock.now().date()) > days_since_epoch(date) + days as i32 {
        return verdict.refuse(format!("已过 {days} 天期限，视为正确 after {days} days it counts as right"));
    }
    Ok(scheme)
}

/// The cleared records that verdicts of one upload name, in their order.
async fn stored(
    db: &Db,
    folders: &Folders,
    issuer: MemberCode,
    upload: &str,
    verdicts: &[&Verdict],
) -> Result<Vec<StoredRecord>, ExchangeError> {
    let known = store::upload(db, Scope::Platform, upload).await?;
    let first = verdicts[0];
    let none = "本机构没有该笔已清算交易 no such record was cleared for this issuer";
    let Some(known) = known.filter(|known| known.clearing_date == first.date) else { return first.refuse(none) };
    let table = Table::open(&run::lake(folders).table_path(first.date, upload))?;
    // A row's place in the table is its place among the records sorted by card: the outcomes are by number.
    let (reasons, members) = table.outcomes()?;
    let of_issuer = table.members().iter().position(|member| *member == issuer);
    for verdict in verdicts {
        let row = (verdict.record_no as usize).wrapping_sub(1);
        let cleared = reasons.get(row).is_some_and(|code| Reason::from_code(*code) == Some(Reason::Ok))
            && members.get(row).map(|index| usize::from(*index)) == of_issuer;
        if !cleared || verdict.acquirer != known.name.member {
            return verdict.refuse(none);
        }
    }
    let wanted: Vec<u32> = verdicts.iter().map(|verdict| verdict.record_no).collect();
    let mut records = table.records(&rows_of(&table, &wanted)?)?;
    records.sort_unstable_by_key(|record| record.record_no);
    for (verdict, record) in verdicts.iter().zip(&records) {
        if verdict.amount != i64::from(record.amount) {
            return verdict.refuse(format!("金额 amount {} 应为 should be {}", verdict.amount, record.amount));
        }
    }
    let sql = "SELECT record_no FROM tac_wrong WHERE upload_name = $1";
    for row in db.read(Scope::Platform).fetch_all(sql, params![upload]).await? {
        let before = row.int("record_no")? as u32;
        if let Ok(at) = wanted.binary_search(&before) {
            return verdicts[at].refuse("此前已判定为错误 it was found wrong before");
        }
    }
    Ok(records)
}

/// Rows of a table that hold these record numbers, ascending.
fn rows_of(table: &Table, wanted: &[u32]) -> Result<Vec<u32>, ExchangeError> {
    let mut rows = Vec::with_capacity(wanted.len());
    for group in 0..table.groups() {
        let first = table.group_rows(group).start;
        let numbers = table.narrow(group, tongka_lake::table::Column::RecordNo)?;
        let here = numbers.iter().enumerate().filter(|(_, number)| wanted.binary_search(&(**number as u32)).is_ok());
        rows.extend(here.map(|(row, _)| first + row as u32));
    }
    Ok(rows)
}

/// Books what undoes a record, and remembers it.
async fn undo(
    tx: &mut WriteTx,
    scheme: &Scheme,
    issuer: MemberCode,
    verdict: &Verdict,
    record: &StoredRecord,
    file: &str,
    clock: &dyn Clock,
) -> Result<(), ExchangeError> {
    // What a dispute gave back is not given back again.
    let sql = "SELECT number FROM dispute_case WHERE upload_name = $1 AND record_no = $2 AND opened_as <> 'claim_fee' AND \
               (held_fen <> 0 OR state IN ('charged_back', 'represented', 'charged_back_again', 'arbitration'))";
    if let Some(row) = tx.fetch_optional(sql, params![verdict.upload.as_str(), verdict.record_no]).await? {
        return verdict.refuse(format!("该记录已有差错案件 it is in dispute: {}", row.text("number")?));
    }
    let amount = Fen(i64::from(record.amount));
    let fields = record.fields.as_ref();
    let Some(fields) = fields else { return verdict.refuse("原始记录无法读取 the record cannot be read") };
    let acquirer = verdict.acquirer;
    let rule = scheme.fee_rule(acquirer, issuer, fields.industry, verdict.date);
    let fee = |rate: fn(&tongka_scheme::FeeRule) -> tongka_base::RatePpm| {
        rule.map_or(Ok(Fen::ZERO), |rule| amount.fee_half_up(rate(rule)))
    };
    let (issuer_fee, centre_fee) = (fee(|rule| rule.issuer_rate)?, fee(|rule| rule.centre_rate)?);
    let gives_back = amount.checked_sub(issuer_fee)?.checked_sub(centre_fee)?;
    let mut first = None;
    // A member's own card at its own terminal moved no money.
    let parts = [("amount", acquirer, gives_back), ("centre-fee", MemberCode::CENTRE, centre_fee)];
    for (part, debtor, amount) in parts.into_iter().filter(|(_, _, amount)| acquirer != issuer && *amount > Fen::ZERO) {
        let new = NewAdjustment {
            debtor,
            creditor: issuer,
            amount,
            origin: Origin::TacVerdict,
            reference: verdict.upload.clone(),
            record_no: verdict.record_no,
            part: part.into(),
            reason: format!("发卡方判定 TAC 错误 the issuer found the TAC wrong: {file}"),
            approval: None,
            made_by: issuer.to_string(),
        };
        let id = approve(tx, &new, clock).await?;
        first = first.or(Some(id));
    }
    tx.execute(
        "INSERT INTO tac_wrong (upload_name, record_no, clearing_date, acquirer, issuer, card, amount_fen, adjustment, \
         file) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            verdict.upload.as_str(),
            verdict.record_no,
            days_since_epoch(verdict.date),
            acquirer,
            issuer,
            fields.serial.masked(),
            amount,
            first,
            file
        ],
    )
    .await?;
    Ok(())
}
