//! Top-ups (充值) of a member's reserve and withdrawals (支取) from it: what the bank's statement says, booked by two people.
//!
//! | deed | debit | credit |
//! |---|---|---|
//! | top-up | `bank:settlement` | the member's reserve |
//! | withdrawal | the member's reserve | `bank:settlement` |
//!
//! A reference of the bank is booked once. A withdrawal never takes more than the reserve holds.

use crate::SettlementError;
use serde_json::{Value, json};
use tongka_access::{Actor, Approval, Owner, Proposal};
use tongka_base::date::format_date_time;
use tongka_base::{Clock, Fen, MemberCode};
use tongka_engine::posting::{BANK, reserve_account};
use tongka_ledger::Transfer;
use tongka_storage::{Db, Scope, WriteTx};

/// Money came in.
pub const TOP_UP: &str = "settlement.reserve.topup";
/// Money goes out.
pub const WITHDRAW: &str = "settlement.reserve.withdraw";

/// A movement between the bank and a reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Whose reserve.
    pub member: MemberCode,
    /// How much.
    pub amount: Fen,
    /// The bank's reference (银行流水号): 1 to 60 characters.
    pub reference: String,
    /// What people note, at most 200 characters.
    pub note: String,
}

impl Movement {
    /// The payload of its proposal.
    pub fn payload(&self) -> Value {
        json!({
            "member": self.member.to_string(), "amount_fen": self.amount.0, "reference": self.reference, "note": self.note,
        })
    }

    /// Reads a proposal.
    ///
    /// # Errors
    /// T01.
    pub fn read(payload: &Value) -> Result<Self, SettlementError> {
        let wrong = |what: &str| SettlementError::Invalid(what.to_owned());
        let text = |field: &str| payload[field].as_str().map(str::trim).unwrap_or_default().to_owned();
        let plain = |text: &str, most: usize| text.chars().count() <= most && !text.chars().any(char::is_control);
        let member = MemberCode::parse(text("member").as_bytes());
        let amount = payload["amount_fen"].as_i64().map(Fen).filter(|amount| *amount > Fen::ZERO);
        let (reference, note) = (text("reference"), text("note"));
        if reference.is_empty() || !plain(&reference, 60) {
            return Err(wrong("reference: 银行流水号 1–60 个字符 the bank's reference, 1 to 60 characters"));
        }
        if !plain(&note, 200) {
            return Err(wrong("note: 至多 200 个字符 at most 200 characters"));
        }
        Ok(Self {
            member: member.ok_or_else(|| wrong("member: 八位成员代码 a member code of 8 digits"))?,
            amount: amount.ok_or_else(|| wrong("amount_fen: 大于零的整数分 an integer above 0"))?,
            reference,
            note,
        })
    }

    fn key(&self, kind: &str) -> String {
        let what = if kind == TOP_UP { "reserve-topup" } else { "reserve-withdrawal" };
        format!("{what}/{}/{}", self.member, self.reference)
    }

    fn transfer(&self, kind: &str, approval: i64, clock: &dyn Clock) -> Transfer {
        let reserve = reserve_account(self.member);
        let (debit, credit) = if kind == TOP_UP { (BANK.into(), reserve) } else { (reserve, BANK.into()) };
        let what = if kind == TOP_UP { "reserve top-up 备付金充值" } else { "reserve withdrawal 备付金支取" };
        Transfer {
            key: self.key(kind),
            debit,
            credit,
            amount: self.amount,
            date: clock.now().date(),
            reason: format!("{what} {}，申请 approval {approval}", self.reference),
            created_at: format_date_time(clock.now()),
        }
    }
}

/// Proposes a top-up or a withdrawal; returns the number of the approval. Both people are the centre's.
///
/// # Errors
/// T01; T02, T03 for what could not be booked now; G01 for a member without a reserve; those of the approvals.
pub async fn propose(
    db: &Db,
    actor: &Actor,
    kind: &'static str,
    movement: &Movement,
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<i64, SettlementError> {
    if actor.owner != Owner::Centre {
        return Err(SettlementError::Invalid("由清算中心办理 done by the centre".into()));
    }
    let movement = Movement::read(&movement.payload())?;
    let balance = tongka_ledger::balance(db, Scope::Platform, &reserve_account(movement.member)).await?;
    if kind == WITHDRAW {
        check(balance, movement.amount)?;
    }
    let mut tx = db.begin_write(Scope::Platform).await?;
    let booked = tongka_ledger::has_key(&mut tx, &movement.key(kind)).await?;
    tx.rollback().await?;
    if booked {
        return Err(SettlementError::Booked(movement.reference));
    }
    let zh = if kind == TOP_UP { "备付金充值" } else { "备付金支取" };
    let proposal = Proposal {
        kind,
        owner: Owner::Centre,
        object: movement.member.to_string(),
        summary: format!("{zh}：成员 {} {} 元，流水 {}", movement.member, movement.amount, movement.reference),
        before: json!({ "balance_fen": balance.0 }),
        after: movement.payload(),
        effective_on: None,
        request_key,
    };
    Ok(tongka_access::propose(db, actor, &proposal, clock).await?)
}

fn check(balance: Fen, amount: Fen) -> Result<(), SettlementError> {
    if amount <= balance {
        return Ok(());
    }
    Err(SettlementError::Short(format!("余额 balance {balance} 元，支取 withdrawal {amount} 元")))
}

/// Books an approved movement in the transaction of its approval.
///
/// # Errors
/// T01–T03; G codes of the ledger.
pub async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, SettlementError> {
    if approval.institution != Owner::Centre {
        return Err(SettlementError::Invalid("由清算中心办理 done by the centre".into()));
    }
    let kind = approval.kind.as_str();
    if ![TOP_UP, WITHDRAW].contains(&kind) {
        return Err(SettlementError::Invalid(format!("kind {kind}")));
    }
    let movement = Movement::read(&approval.after)?;
    if tongka_ledger::has_key(tx, &movement.key(kind)).await? {
        return Err(SettlementError::Booked(movement.reference));
    }
    let account = reserve_account(movement.member);
    if kind == WITHDRAW {
        check(tongka_ledger::balance_in(tx, &account).await?, movement.amount)?;
    }
    tongka_ledger::post_all(tx, &[movement.transfer(kind, approval.id, clock)]).await?;
    Ok(json!({ "balance_fen": tongka_ledger::balance_in(tx, &account).await?.0 }))
}
