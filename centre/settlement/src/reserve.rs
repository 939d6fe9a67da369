//! Top-ups (充值) of a member's reserve and withdrawals (支取) from it, by two people and the bank.
//!
//! | deed | debit | credit | the bank confirms it by |
//! |---|---|---|---|
//! | top-up | `bank:settlement` | the member's reserve | a statement line with that reference |
//! | withdrawal | the member's reserve | `bank:settlement` | booking the instruction that goes out |
//! | entry (补记) | as the line says | | being the line |
//!
//! A withdrawal is pending in the ledger until the bank booked it, and void when the bank refused it. Where a member has no
//! accounts at the bank registered, nothing goes out: the withdrawal was made by hand and is booked at once, as a top-up is.
//!
//! A reference of the bank is booked once. A withdrawal never takes more than the reserve holds.

use crate::SettlementError;
use crate::account::{Role, accounts_in};
use crate::books::{date_of, member_of, next_id};
use crate::deed::centre_only;
use serde_json::{Value, json};
use tongka_access::{Actor, Approval, Owner, Proposal};
use tongka_base::date::{days_since_epoch, format_date, format_date_time};
use tongka_base::{Clock, Date, Fen, MemberCode};
use tongka_engine::posting::{BANK, FEES, reserve_account};
use tongka_ledger::{PendingEnd, Resolution, Transfer};
use tongka_storage::{Db, Row, Scope, WriteTx, params};

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
    centre_only(actor.owner)?;
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

/// Carries out an approved movement in the transaction of its approval: books it, or has the bank pay it out.
///
/// # Errors
/// T01–T03; G codes of the ledger.
pub async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, SettlementError> {
    centre_only(approval.institution)?;
    let kind = approval.kind.as_str();
    if ![TOP_UP, WITHDRAW].contains(&kind) {
        return Err(SettlementError::Invalid(format!("kind {kind}")));
    }
    let movement = Movement::read(&approval.after)?;
    if tongka_ledger::has_key(tx, &movement.key(kind)).await? {
        return Err(SettlementError::Booked(movement.reference));
    }
    let account = reserve_account(movement.member);
    let transfer = movement.transfer(kind, approval.id, clock);
    let mut instruction = None;
    if kind == WITHDRAW {
        let sql = "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS waiting FROM reserve_movement \
                   WHERE member = $1 AND state = 'waiting'";
        let waiting = Fen(tx.fetch_one(sql, params![movement.member]).await?.int("waiting")?);
        check(tongka_ledger::balance_in(tx, &account).await?.checked_add(waiting)?, movement.amount)?;
        instruction = pay_out(tx, &movement, &transfer, approval.id, clock).await?;
    }
    if instruction.is_none() {
        tongka_ledger::post_all(tx, &[transfer]).await?;
        let id = insert(tx, kind, &movement, "booked", approval.id, clock).await?;
        meet_line(tx, id, kind, &movement, clock).await?;
    }
    let balance = tongka_ledger::balance_in(tx, &account).await?;
    Ok(json!({ "balance_fen": balance.0, "instruction": instruction }))
}

async fn insert(
    tx: &mut WriteTx,
    kind: &str,
    movement: &Movement,
    state: &str,
    approval: i64,
    clock: &dyn Clock,
) -> Result<i64, SettlementError> {
    let (id, now) = (next_id(tx, "reserve_movement").await?, clock.now());
    let (word, amount) =
        if kind == TOP_UP { ("topup", movement.amount) } else { ("withdrawal", movement.amount.checked_neg()?) };
    let booked_on = (state == "booked").then(|| days_since_epoch(now.date()));
    let sql = "INSERT INTO reserve_movement (id, kind, member, amount_fen, reference, note, state, booked_on, approval, \
               made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let Movement { member, reference, note, .. } = movement;
    let values = params![id, word, *member, amount, reference, note, state, booked_on, approval, format_date_time(now)];
    tx.execute(sql, values).await?;
    Ok(id)
}

/// Makes the instruction of a withdrawal; none where the member has no accounts at the bank.
async fn pay_out(
    tx: &mut WriteTx,
    movement: &Movement,
    transfer: &Transfer,
    approval: i64,
    clock: &dyn Clock,
) -> Result<Option<i64>, SettlementError> {
    let accounts = accounts_in(tx).await?;
    let (Ok(own), Ok(outside)) =
        (accounts.of(Role::Reserve, movement.member), accounts.of(Role::Outside, movement.member))
    else {
        return Ok(None);
    };
    tongka_ledger::reserve_all(tx, std::slice::from_ref(transfer)).await?;
    let moved = insert(tx, WITHDRAW, movement, "waiting", approval, clock).await?;
    let (id, date) = (next_id(tx, "payment_instruction").await?, clock.now().date());
    let sql = "INSERT INTO payment_instruction (id, reference, kind, settlement_date, member, amount_fen, own_account, \
               payer, payee, state, code, reason, movement, made_at, changed_at) \
               VALUES ($1, $2, 'withdrawal', $3, $4, $5, $6, $6, $7, 'made', '', '', $8, $9, $9)";
    let reference = format!("TKW{}{}-{moved}", format_date(date), movement.member);
    let (own, outside) = (&own.party.account, &outside.party.account);
    let (amount, now) = (movement.amount.checked_neg()?, format_date_time(clock.now()));
    let day = days_since_epoch(date);
    tx.execute(sql, params![id, reference, day, movement.member, amount, own, outside, moved, now]).await?;
    Ok(Some(id))
}

/// A line of the bank that was waiting in the queue for this movement confirms it.
async fn meet_line(
    tx: &mut WriteTx,
    id: i64,
    kind: &str,
    movement: &Movement,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    let amount = if kind == TOP_UP { movement.amount.0 } else { -movement.amount.0 };
    let sql = "SELECT id, booked_on FROM bank_line WHERE state = 'open' AND member = $1 AND amount_fen = $2 \
               AND (bank_reference = $3 OR reference = $3) AND instruction IS NULL ORDER BY id LIMIT 1";
    let found = tx.fetch_optional(sql, params![movement.member, amount, &movement.reference]).await?;
    let Some(line) = found else { return Ok(()) };
    let line_id = line.int("id")?;
    let sql = "UPDATE bank_line SET state = 'matched', rule = 'reference', movement = $2 WHERE id = $1";
    tx.execute(sql, params![line_id, id]).await?;
    let sql = "UPDATE bank_queue SET state = 'resolved', action = 'arrived', changed_at = $2 WHERE line = $1 AND state = 'open'";
    tx.execute(sql, params![line_id, format_date_time(clock.now())]).await?;
    confirm(tx, id, line_id, date_of(&line, "booked_on")?).await
}

/// The bank's line confirms a movement that is booked.
pub(crate) async fn confirm(tx: &mut WriteTx, id: i64, line: i64, on: Date) -> Result<(), SettlementError> {
    let sql = "UPDATE reserve_movement SET state = 'confirmed', confirmed_on = $2, line = $3 WHERE id = $1";
    tx.execute(sql, params![id, days_since_epoch(on), line]).await?;
    Ok(())
}

/// The key of a withdrawal's pending transfer.
async fn pending_key(tx: &mut WriteTx, id: i64) -> Result<(MemberCode, Fen, String), SettlementError> {
    let row =
        tx.fetch_one("SELECT member, reference, amount_fen FROM reserve_movement WHERE id = $1", params![id]).await?;
    let (member, reference) = (member_of(&row)?, row.text("reference")?);
    Ok((member, Fen(row.int("amount_fen")?), format!("reserve-withdrawal/{member}/{reference}")))
}

/// The bank booked a withdrawal, or refused it (`on` is none).
pub(crate) async fn end_withdrawal(
    tx: &mut WriteTx,
    id: i64,
    on: Option<Date>,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    let (.., pending) = pending_key(tx, id).await?;
    let (what, resolution, state) =
        if on.is_some() { ("post", Resolution::Post, "confirmed") } else { ("void", Resolution::Void, "rejected") };
    let end = PendingEnd {
        key: format!("{pending}/{what}"),
        pending_key: pending,
        resolution,
        date: on.unwrap_or(clock.now().date()),
        reason: if on.is_some() { "银行已付 paid by the bank" } else { "银行拒绝 refused by the bank" }.into(),
        created_at: format_date_time(clock.now()),
    };
    tongka_ledger::resolve_all(tx, &[end]).await?;
    let day = on.map(days_since_epoch);
    let sql = "UPDATE reserve_movement SET state = $2, booked_on = $3, confirmed_on = $3 WHERE id = $1";
    tx.execute(sql, params![id, state, day]).await?;
    Ok(())
}

/// The day of a confirmed withdrawal as the statement has it.
pub(crate) async fn redate_withdrawal(tx: &mut WriteTx, id: i64, on: Date) -> Result<(), SettlementError> {
    tx.execute("UPDATE reserve_movement SET confirmed_on = $2 WHERE id = $1", params![id, days_since_epoch(on)])
        .await?;
    Ok(())
}

/// The bank sent a withdrawal back: it is in the reserve again.
pub(crate) async fn return_withdrawal(
    tx: &mut WriteTx,
    id: i64,
    on: Date,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    let (member, amount, pending) = pending_key(tx, id).await?;
    let back = Entry { member, amount: amount.checked_neg()?, on, reference: format!("R{id}"), kind: "return" };
    post_entry(tx, &back, &format!("{pending}/return"), "银行退回 returned by the bank", 0, None, clock).await?;
    Ok(())
}

struct Entry {
    member: MemberCode,
    amount: Fen,
    on: Date,
    reference: String,
    kind: &'static str,
}

async fn post_entry(
    tx: &mut WriteTx,
    entry: &Entry,
    key: &str,
    note: &str,
    approval: i64,
    line: Option<i64>,
    clock: &dyn Clock,
) -> Result<i64, SettlementError> {
    let owner = if entry.member == MemberCode::CENTRE { FEES.to_owned() } else { reserve_account(entry.member) };
    let (debit, credit) = if entry.amount > Fen::ZERO { (BANK.to_owned(), owner) } else { (owner, BANK.to_owned()) };
    let transfer = Transfer {
        key: key.to_owned(),
        debit,
        credit,
        amount: Fen(entry.amount.0.abs()),
        date: entry.on,
        reason: format!("bank entry 银行补记 {note}"),
        created_at: format_date_time(clock.now()),
    };
    tongka_ledger::post_all(tx, &[transfer]).await?;
    let id = next_id(tx, "reserve_movement").await?;
    let sql = "INSERT INTO reserve_movement (id, kind, member, amount_fen, reference, note, state, booked_on, \
               confirmed_on, line, approval, made_at) VALUES ($1, $2, $3, $4, $5, $6, 'confirmed', $7, $7, $8, $9, $10)";
    let (day, now) = (days_since_epoch(entry.on), format_date_time(clock.now()));
    let values = params![id, entry.kind, entry.member, entry.amount, &entry.reference, note, day, line, approval, now];
    tx.execute(sql, values).await?;
    Ok(id)
}

/// Books a line of the bank that the books did not have, on its own day.
pub(crate) async fn book_line(
    tx: &mut WriteTx,
    line: &Row,
    note: &str,
    approval: i64,
    clock: &dyn Clock,
) -> Result<i64, SettlementError> {
    let (id, account, member) = (line.int("id")?, line.text("account")?, member_of(line)?);
    let row = tx.fetch_optional("SELECT role FROM bank_account WHERE number = $1", params![&account]).await?;
    if row.is_some_and(|row| row.text("role").is_ok_and(|role| role == Role::Clearing.word())) {
        let what = "清算账户的款项不属任何一方 what is on the clearing account is nobody's";
        return Err(SettlementError::State(what.into()));
    }
    let (on, amount) = (date_of(line, "booked_on")?, Fen(line.int("amount_fen")?));
    let entry = Entry { member, amount, on, reference: format!("L{id}"), kind: "entry" };
    post_entry(tx, &entry, &format!("reserve-entry/{account}/{id}"), note, approval, Some(id), clock).await
}
