//! Adjustments (调账): money between two members, or a member and the centre, that no record of the date moves.
//!
//! An adjustment is decided outside a clearing day (a suspicious record cleared, a dispute, a correction by hand) and
//! booked by one: the cut takes in every approved adjustment that is not booked yet, so that what is approved before the
//! cut is booked on the open date and what is approved after it on the next. It enters the member's position beside
//! receivable and payable and moves the reserve by a ledger transfer of its own.
//!
//! Invariants: each has one debtor and one creditor and an amount above zero, so adjustments sum to zero; the same
//! origin is adjusted once; a booked one is never changed, a mistake is corrected by another adjustment.

use crate::EngineError;
use std::collections::BTreeMap;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{Clock, Date, Fen, MemberCode, MoneyError};
use tongka_storage::{Db, Row, Scope, StorageError, WriteTx, params};

/// Why money is adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// 可疑记录: a suspicious record was cleared.
    Suspicious,
    /// 差错争议: a stage of a dispute.
    Dispute,
    /// 迟到请款: a late or lost record was claimed and proven.
    LateClaim,
    /// 手续费: fees are corrected.
    Fee,
    /// 人工: by hand.
    Manual,
    /// 发卡方TAC判定: the issuer found the TAC of a cleared record wrong.
    TacVerdict,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 6] =
        [Self::Suspicious, Self::Dispute, Self::LateClaim, Self::Fee, Self::Manual, Self::TacVerdict];

    /// The name in the database.
    pub fn name(self) -> &'static str {
        ["suspicious", "dispute", "late_claim", "fee", "manual", "tac_verdict"][self as usize]
    }

    /// The Chinese name.
    pub fn name_zh(self) -> &'static str {
        ["可疑记录", "差错争议", "迟到请款", "手续费", "人工", "TAC判定"][self as usize]
    }

    /// The origin of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// An adjustment to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAdjustment {
    /// Who pays; [`MemberCode::CENTRE`] for the centre.
    pub debtor: MemberCode,
    /// Who receives; [`MemberCode::CENTRE`] for the centre.
    pub creditor: MemberCode,
    /// How much, above zero.
    pub amount: Fen,
    /// Why.
    pub origin: Origin,
    /// Of what: the name of an upload, the number of a dispute, the key of a request.
    pub reference: String,
    /// The record of the upload; 0 where it is not about a record.
    pub record_no: u32,
    /// Which part of the whole, such as `amount` or `centre-fee`; with the three before it, unique for ever.
    pub part: String,
    /// For people.
    pub reason: String,
    /// The approval by two people; none where a rule of the scheme decided.
    pub approval: Option<i64>,
    /// Who proposed it, or the rule.
    pub made_by: String,
}

/// An adjustment as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Number.
    pub id: i64,
    /// The clearing date it is booked on, once a cut took it in.
    pub booked_on: Option<Date>,
    /// Whether the date is posted.
    pub is_booked: bool,
    /// What was asked for.
    pub terms: NewAdjustment,
    /// When it was approved.
    pub made_at: String,
}

const COLUMNS: &str = "id, state, booked_on, debtor, creditor, amount_fen, origin, reference, record_no, part, reason, \
                       approval, made_by, made_at";

fn adjustment_of(row: &Row) -> Result<Adjustment, EngineError> {
    let member = |column| Ok::<_, StorageError>(MemberCode(row.int(column)? as u32));
    let origin = row.text("origin")?;
    let origin = Origin::from_name(&origin)
        .ok_or_else(|| EngineError::ProofFailed(format!("an adjustment has the unknown origin {origin}")))?;
    let date = row.opt_int("booked_on")?;
    Ok(Adjustment {
        id: row.int("id")?,
        booked_on: date.and_then(|day| from_days_since_epoch(day as i32)),
        is_booked: row.text("state")? == "booked",
        terms: NewAdjustment {
            debtor: member("debtor")?,
            creditor: member("creditor")?,
            amount: Fen(row.int("amount_fen")?),
            origin,
            reference: row.text("reference")?,
            record_no: row.int("record_no")? as u32,
            part: row.text("part")?,
            reason: row.text("reason")?,
            approval: row.opt_int("approval")?,
            made_by: row.text("made_by")?,
        },
        made_at: row.text("made_at")?,
    })
}

/// Books an adjustment on the clearing date whose cut comes next; returns its number. The transaction is the one of the
/// decision.
///
/// Refused: `E05` not an adjustment (amount, parties), `E06` its origin was adjusted before, `E07` a party without a
/// reserve account.
pub async fn approve(tx: &mut WriteTx, new: &NewAdjustment, clock: &dyn Clock) -> Result<i64, EngineError> {
    if new.amount <= Fen::ZERO || new.debtor == new.creditor {
        let what = format!("{} → {} {}", new.debtor, new.creditor, new.amount);
        return Err(EngineError::refused("E05", format!("调账不合法 not an adjustment: {what}")));
    }
    for party in [new.debtor, new.creditor].into_iter().filter(|p| *p != MemberCode::CENTRE) {
        let account = crate::posting::reserve_account(party);
        let sql = "SELECT code FROM ledger_account WHERE code = $1";
        if tx.fetch_optional(sql, params![account]).await?.is_none() {
            return Err(EngineError::refused("E07", format!("机构没有备付金账户 no reserve account: {party}")));
        }
    }
    let sql = "SELECT id FROM adjustment WHERE origin = $1 AND reference = $2 AND record_no = $3 AND part = $4";
    let identity = params![new.origin.name(), new.reference.as_str(), new.record_no, new.part.as_str()];
    if let Some(row) = tx.fetch_optional(sql, identity).await? {
        let (id, reference) = (row.int("id")?, &new.reference);
        return Err(EngineError::refused(
            "E06",
            format!(
                "已有调账 {id}，不重复 adjusted before by {id}: {} {reference}#{}",
                new.origin.name(),
                new.record_no
            ),
        ));
    }
    let sql = "SELECT CAST(COALESCE(MAX(id), 0) + 1 AS BIGINT) AS next FROM adjustment";
    let id = tx.fetch_one(sql, params![]).await?.int("next")?;
    tx.execute(
        "INSERT INTO adjustment (id, state, debtor, creditor, amount_fen, origin, reference, record_no, part, reason, \
         approval, made_by, made_at) VALUES ($1, 'approved', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            id,
            new.debtor,
            new.creditor,
            new.amount,
            new.origin.name(),
            new.reference.as_str(),
            new.record_no,
            new.part.as_str(),
            new.reason.as_str(),
            new.approval,
            new.made_by.as_str(),
            format_date_time(clock.now())
        ],
    )
    .await?;
    Ok(id)
}

/// The adjustments booked on a date, by number.
pub async fn adjustments(db: &Db, date: Date) -> Result<Vec<Adjustment>, EngineError> {
    let sql = format!("SELECT {COLUMNS} FROM adjustment WHERE booked_on = $1 ORDER BY id");
    let rows = db.read(Scope::Platform).fetch_all(&sql, params![days_since_epoch(date)]).await?;
    rows.iter().map(adjustment_of).collect()
}

/// One adjustment; a member sees those it is a party to.
pub async fn adjustment(db: &Db, scope: Scope, id: i64) -> Result<Option<Adjustment>, EngineError> {
    let sql = format!("SELECT {COLUMNS} FROM adjustment WHERE id = $1 AND ({{scope:debtor}} OR {{scope:creditor}})");
    db.read(scope).fetch_optional(&sql, params![id]).await?.as_ref().map(adjustment_of).transpose()
}

/// At the cut: every approved adjustment not taken in yet is booked on this date. Returns their number.
pub(crate) async fn take_in(tx: &mut WriteTx, date: Date) -> Result<u64, EngineError> {
    let sql = "UPDATE adjustment SET booked_on = $1 WHERE booked_on IS NULL AND state = 'approved'";
    Ok(tx.execute(sql, params![days_since_epoch(date)]).await?)
}

/// At posting: the adjustments of the date are in the ledger.
pub(crate) async fn mark_booked(tx: &mut WriteTx, date: Date) -> Result<(), EngineError> {
    tx.execute("UPDATE adjustment SET state = 'booked' WHERE booked_on = $1", params![days_since_epoch(date)]).await?;
    Ok(())
}

/// Signed sums by party, the centre's under [`MemberCode::CENTRE`].
pub fn sums(adjustments: &[Adjustment]) -> Result<BTreeMap<MemberCode, Fen>, MoneyError> {
    let mut sums = BTreeMap::<MemberCode, Fen>::new();
    for NewAdjustment { debtor, creditor, amount, .. } in adjustments.iter().map(|a| &a.terms) {
        let debit = sums.entry(*debtor).or_default();
        *debit = debit.checked_sub(*amount)?;
        let credit = sums.entry(*creditor).or_default();
        *credit = credit.checked_add(*amount)?;
    }
    Ok(sums)
}
