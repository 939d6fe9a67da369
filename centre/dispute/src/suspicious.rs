//! Suspicious records (可疑记录) and their end: cleared (清算) or rejected (退回), by two people, once.
//!
//! - **clear**: the issuer pays the acquirer what the record would have moved had it been accepted: its amount less the
//!   issuer's fee and the centre's fee, both at the fee rule that was in force on its clearing date, for a group of this
//!   one record; the centre's fee is an adjustment of its own in favour of the centre. A member's own card at its own
//!   terminal moves no money, as ever.
//! - **reject**: closed without money; the acquirer bears the loss.

use crate::DisputeError;
use crate::decision::{Draft, decider, text};
use serde_json::{Value, json};
use tongka_access::Approval;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{Clock, Date, Fen, MemberCode, Reason};
use tongka_engine::adjust::{NewAdjustment, Origin, approve};
use tongka_storage::{Db, Row, Scope, WriteTx, params};

/// Kind of the proposal to clear a record.
pub const CLEAR: &str = "dispute.suspicious.clear";
/// Kind of the proposal to reject a record.
pub const REJECT: &str = "dispute.suspicious.reject";

/// A suspicious record as the work list knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspiciousRecord {
    /// Its clearing date.
    pub clearing_date: Date,
    /// Upload that brought it.
    pub upload: String,
    /// Its number there.
    pub record_no: u32,
    /// Sender.
    pub acquirer: MemberCode,
    /// The card's member.
    pub issuer: MemberCode,
    /// Why it is suspicious.
    pub reason: Reason,
    /// The card's serial, masked.
    pub card: String,
    /// Its offline counter.
    pub counter: u16,
    /// What it would move.
    pub amount: Fen,
    /// The issuer's fee on it.
    pub issuer_fee: Fen,
    /// The centre's fee on it.
    pub centre_fee: Fen,
    /// `open`, `cleared` or `rejected`.
    pub state: String,
}

const COLUMNS: &str = "clearing_date, upload_name, record_no, acquirer, issuer, reason, card, counter, amount_fen, \
                       issuer_fee_fen, centre_fee_fen, state";

fn record_of(row: &Row) -> Result<SuspiciousRecord, DisputeError> {
    Ok(SuspiciousRecord {
        clearing_date: from_days_since_epoch(row.int("clearing_date")? as i32).expect("written from a date"),
        upload: row.text("upload_name")?,
        record_no: row.int("record_no")? as u32,
        acquirer: MemberCode(row.int("acquirer")? as u32),
        issuer: MemberCode(row.int("issuer")? as u32),
        reason: Reason::from_code(row.int("reason")? as u8).expect("written from a reason"),
        card: row.text("card")?,
        counter: row.int("counter")? as u16,
        amount: Fen(row.int("amount_fen")?),
        issuer_fee: Fen(row.int("issuer_fee_fen")?),
        centre_fee: Fen(row.int("centre_fee_fen")?),
        state: row.text("state")?,
    })
}

/// One suspicious record; a member sees those of its terminals and of its cards.
///
/// # Errors
/// D01; what the database says.
pub async fn find(db: &Db, scope: Scope, upload: &str, record_no: u32) -> Result<SuspiciousRecord, DisputeError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM suspicious_record WHERE upload_name = $1 AND record_no = $2 \
         AND ({{scope:acquirer}} OR {{scope:issuer}})"
    );
    let row = db.read(scope).fetch_optional(&sql, params![upload, record_no]).await?;
    row.as_ref().map(record_of).transpose()?.ok_or_else(|| not_found(upload, record_no))
}

fn not_found(upload: &str, record_no: u32) -> DisputeError {
    DisputeError::NotFound(format!("{upload}#{record_no}"))
}

/// The payload of a proposal about a record.
pub fn payload(upload: &str, record_no: u32, reason: &str) -> Value {
    json!({ "upload": upload, "record": record_no, "reason": reason })
}

fn read(payload: &Value) -> Result<(&str, u32, &str), DisputeError> {
    let upload = text(payload, "upload", 64)?;
    let record_no = payload["record"].as_u64().and_then(|n| u32::try_from(n).ok());
    let record_no = record_no.ok_or_else(|| DisputeError::Invalid("record".into()))?;
    Ok((upload, record_no, text(payload, "reason", 200)?))
}

pub(crate) async fn draft(db: &Db, payload: &Value) -> Result<Draft, DisputeError> {
    let (upload, record_no, reason) = read(payload)?;
    let record = find(db, Scope::Platform, upload, record_no).await?;
    if record.state != "open" {
        return Err(decided(&record));
    }
    let SuspiciousRecord { card, amount, reason: verdict, acquirer, issuer, .. } = &record;
    Ok(Draft {
        object: format!("{upload}#{record_no}"),
        summary: format!("{upload} 第 {record_no} 条，{amount} 元，{}：{reason}", verdict.text_zh()),
        before: json!({
            "state": record.state, "reason": verdict.to_string(), "card": card, "amount_fen": amount.0,
            "acquirer": acquirer.to_string(), "issuer": issuer.to_string(),
            "issuer_fee_fen": record.issuer_fee.0, "centre_fee_fen": record.centre_fee.0,
        }),
    })
}

fn decided(record: &SuspiciousRecord) -> DisputeError {
    DisputeError::Decided(format!("{}#{} {}", record.upload, record.record_no, record.state))
}

pub(crate) async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, DisputeError> {
    let (upload, record_no, reason) = read(&approval.after)?;
    let sql = format!("SELECT {COLUMNS} FROM suspicious_record WHERE upload_name = $1 AND record_no = $2");
    let row = tx.fetch_optional(&sql, params![upload, record_no]).await?;
    let record = row.as_ref().map(record_of).transpose()?.ok_or_else(|| not_found(upload, record_no))?;
    let state = if approval.kind == CLEAR { "cleared" } else { "rejected" };
    let changed = tx
        .execute(
            "UPDATE suspicious_record SET state = $3, approval = $4, decided_by = $5, decided_at = $6, \
             decision_reason = $7 WHERE upload_name = $1 AND record_no = $2 AND state = 'open'",
            params![upload, record_no, state, approval.id, decider(approval), format_date_time(clock.now()), reason],
        )
        .await?;
    if changed != 1 {
        return Err(decided(&record));
    }
    if approval.kind == CLEAR {
        // Its counter is no longer missing. Of the card only the masked number is known here: the amount that the neighbours
        // prove has to be the record's too.
        let sql = "UPDATE card_gap SET state = 'closed', closed_on = $1, closed_by = $2 WHERE state = 'open' \
                   AND missing = 1 AND issuer = $3 AND card = $4 AND counter_from = $5 AND missing_fen = $6";
        let today = days_since_epoch(clock.now().date());
        let by = format!("{upload}#{record_no}");
        let gap = params![today, by, record.issuer, record.card.as_str(), record.counter, record.amount];
        tx.execute(sql, gap).await?;
    }
    let mut ids = Vec::new();
    if approval.kind == CLEAR && record.acquirer != record.issuer {
        let receives = record.amount.checked_sub(record.issuer_fee)?.checked_sub(record.centre_fee)?;
        let parts = [("amount", record.acquirer, receives), ("centre-fee", MemberCode::CENTRE, record.centre_fee)];
        for (part, creditor, amount) in parts.into_iter().filter(|(_, _, amount)| *amount > Fen::ZERO) {
            let new = NewAdjustment {
                debtor: record.issuer,
                creditor,
                amount,
                origin: Origin::Suspicious,
                reference: record.upload.clone(),
                record_no: record.record_no,
                part: part.into(),
                reason: reason.into(),
                approval: Some(approval.id),
                made_by: approval.proposer.login.clone(),
            };
            ids.push(approve(tx, &new, clock).await?);
        }
    }
    Ok(json!({ "state": state, "adjustments": ids }))
}
