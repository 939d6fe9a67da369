//! Making a settlement date (结算日): what is not settled yet becomes one instruction a member.
//!
//! A settlement date takes in every closed clearing date whose money moves on it or earlier by the bank calendar (several
//! after holidays) and was taken in by none before, and carries over (结转) each instruction that was rejected, returned or
//! held. What a member has to pay is held where its reserve is under its stop line. Making a date again changes nothing.
//!
//! Invariants: a position is an item of one instruction; an instruction is carried over by one item at most; the positions
//! and fees that a date takes in sum to zero; what the bank may still book is never carried over.

use crate::SettlementError;
use crate::account::{Accounts, Role, accounts_in};
use crate::books::{self, Instruction, Kind, State, date_of, instructions_where, member_of, next_id};
use std::collections::BTreeMap;
use tongka_base::date::{days_since_epoch, format_date, format_date_time};
use tongka_base::{BankCalendar, Clock, Date, Fen, MemberCode, MoneyError};
use tongka_crypto::sm3;
use tongka_engine::day::hex;
use tongka_engine::posting::reserve_account;
use tongka_scheme::Reserve;
use tongka_storage::{Db, Row, WriteTx, params};

/// Something to be settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose; the centre for its fees.
    pub member: MemberCode,
    /// Where it comes from.
    pub source: Source,
    /// What the member receives; negative where it pays.
    pub amount: Fen,
}

/// Where an item comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The member's position, or the centre's fees, of a clearing date.
    Cleared(Date),
    /// An instruction that is carried over, and its reference.
    Carried(i64, String),
}

/// A member's reserve when a date is made: balance and stop line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funds {
    /// The ledger's balance, with all that was cleared.
    pub balance: Fen,
    /// Below this what the member has to pay is held.
    pub stop: Fen,
}

/// What becomes an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Whose.
    pub member: MemberCode,
    /// Sum of the items.
    pub amount: Fen,
    /// Held by rule.
    pub held: bool,
    /// What it settles.
    pub items: Vec<Due>,
}

/// Collapses what is due into one instruction a member, by member. Pure.
///
/// # Errors
/// M01.
pub fn plan(due: Vec<Due>, funds: &BTreeMap<MemberCode, Funds>) -> Result<Vec<Planned>, MoneyError> {
    let mut by_member: BTreeMap<MemberCode, Vec<Due>> = BTreeMap::new();
    for item in due {
        by_member.entry(item.member).or_default().push(item);
    }
    let planned = by_member.into_iter().map(|(member, items)| {
        let amount = Fen::try_sum(items.iter().map(|item| item.amount))?;
        let held = amount < Fen::ZERO && funds.get(&member).is_some_and(|f| f.balance < f.stop);
        Ok(Planned { member, amount, held, items })
    });
    planned.collect()
}

/// What a settlement date holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementDate {
    /// Date.
    pub date: Date,
    /// Clearing dates it took in, first and last.
    pub clearing_dates: Option<(Date, Date)>,
    /// Instructions.
    pub instructions: u64,
    /// Held ones among them.
    pub held: u64,
    /// Instructions carried over from before.
    pub carried: u64,
    /// What members pay.
    pub pays: Fen,
    /// What members receive.
    pub receives: Fen,
    /// The centre's fees.
    pub fees: Fen,
}

impl SettlementDate {
    fn of(row: &Row) -> Result<Self, SettlementError> {
        let first = books::opt_date_of(row, "first_clearing_date")?;
        Ok(Self {
            date: date_of(row, "settlement_date")?,
            clearing_dates: first.zip(books::opt_date_of(row, "last_clearing_date")?),
            instructions: row.int("instructions")? as u64,
            held: row.int("held")? as u64,
            carried: row.int("carried")? as u64,
            pays: Fen(row.int("pays_fen")?),
            receives: Fen(row.int("receives_fen")?),
            fees: Fen(row.int("fees_fen")?),
        })
    }
}

/// Makes a settlement date, or finds it made. `lines` are the members' bands of the scheme.
///
/// # Errors
/// T06 for a day on which banks do not work, or before one that was made; T07 where an account is missing; T90 where what
/// was cleared does not sum to zero.
pub async fn instruct(
    db: &Db,
    calendar: &BankCalendar,
    date: Date,
    lines: &[Reserve],
    by: &str,
    clock: &dyn Clock,
) -> Result<SettlementDate, SettlementError> {
    if !calendar.is_bank_day(date) {
        return Err(SettlementError::Day(format!("{date}: 非银行工作日 banks are closed")));
    }
    let mut tx = books::begin(db).await?;
    let sql = "SELECT * FROM settlement_date WHERE settlement_date >= $1 ORDER BY settlement_date";
    if let Some(row) = tx.fetch_optional(sql, params![days_since_epoch(date)]).await? {
        let known = SettlementDate::of(&row)?;
        if known.date == date {
            return Ok(known);
        }
        return Err(SettlementError::Day(format!("{date}: {} 已结算 is made already", known.date)));
    }
    let mut due = cleared(&mut tx, calendar, date).await?;
    let carried = carried_over(&mut tx).await?;
    due.extend(carried);
    let funds = funds(&mut tx, &due, lines).await?;
    let planned = plan(due, &funds)?;
    let made = store(&mut tx, date, &planned, by, clock).await?;
    tx.commit().await?;
    Ok(made)
}

/// Positions and fees of the clearing dates that this date takes in.
async fn cleared(tx: &mut WriteTx, calendar: &BankCalendar, date: Date) -> Result<Vec<Due>, SettlementError> {
    let sql = "SELECT d.clearing_date, d.centre_fees_fen FROM clearing_day d WHERE d.state = 'closed' \
               AND d.clearing_date < $1 AND NOT EXISTS (SELECT 1 FROM settlement_item i \
               WHERE i.clearing_date = d.clearing_date AND i.kind = 'fees') ORDER BY d.clearing_date";
    let mut due = Vec::new();
    for row in tx.fetch_all(sql, params![days_since_epoch(date)]).await? {
        let cleared_on = date_of(&row, "clearing_date")?;
        if calendar.settlement_date(cleared_on).is_none_or(|on| on > date) {
            continue;
        }
        let source = Source::Cleared(cleared_on);
        let fees = Fen(row.opt_int("centre_fees_fen")?.unwrap_or(0));
        let mut sum = i128::from(fees.0);
        due.push(Due { member: MemberCode::CENTRE, source: source.clone(), amount: fees });
        let sql = "SELECT member, net_fen FROM position WHERE clearing_date = $1 ORDER BY member";
        for row in tx.fetch_all(sql, params![days_since_epoch(cleared_on)]).await? {
            let amount = Fen(row.int("net_fen")?);
            sum += i128::from(amount.0);
            due.push(Due { member: member_of(&row)?, source: source.clone(), amount });
        }
        if sum != 0 {
            return Err(SettlementError::Broken(format!("{cleared_on}: 头寸合计 positions sum to {sum} fen")));
        }
    }
    Ok(due)
}

/// Instructions that did not move their money and that the bank will not book any more. One that the bank booked though it
/// had rejected it waits until people decided.
async fn carried_over(tx: &mut WriteTx) -> Result<Vec<Due>, SettlementError> {
    let condition = "state IN ('held', 'rejected', 'returned') AND carried_to IS NULL AND kind <> 'withdrawal' \
                     AND NOT EXISTS (SELECT 1 FROM bank_queue q WHERE q.instruction = payment_instruction.id \
                     AND q.state = 'open' AND q.code = 'B24')";
    let open = instructions_where(tx, condition, params![]).await?;
    let due = |i: Instruction| Due { member: i.member, source: Source::Carried(i.id, i.reference), amount: i.amount };
    Ok(open.into_iter().map(due).collect())
}

async fn funds(
    tx: &mut WriteTx,
    due: &[Due],
    lines: &[Reserve],
) -> Result<BTreeMap<MemberCode, Funds>, SettlementError> {
    let mut funds = BTreeMap::new();
    for member in due.iter().map(|item| item.member).filter(|m| *m != MemberCode::CENTRE) {
        if let std::collections::btree_map::Entry::Vacant(place) = funds.entry(member) {
            let balance = tongka_ledger::balance_in(tx, &reserve_account(member)).await?;
            place.insert(Funds { balance, stop: stop_of(lines, member) });
        }
    }
    Ok(funds)
}

/// The stop line of a member; without bands in the scheme nothing may be lacking.
pub(crate) fn stop_of(lines: &[Reserve], member: MemberCode) -> Fen {
    lines.iter().find(|l| l.member == member).map_or(Fen::ZERO, |l| l.stop_fen)
}

/// Own account, payer, payee.
fn way(accounts: &Accounts, member: MemberCode, amount: Fen) -> Result<[String; 3], SettlementError> {
    let role = if member == MemberCode::CENTRE { Role::Fees } else { Role::Reserve };
    let own = accounts.of(role, member)?.party.account.clone();
    let clearing = accounts.of(Role::Clearing, MemberCode::CENTRE)?.party.account.clone();
    Ok(if amount < Fen::ZERO { [own.clone(), own, clearing] } else { [own.clone(), clearing, own] })
}

async fn store(
    tx: &mut WriteTx,
    date: Date,
    planned: &[Planned],
    by: &str,
    clock: &dyn Clock,
) -> Result<SettlementDate, SettlementError> {
    let accounts = accounts_in(tx).await?;
    let (day, now) = (days_since_epoch(date), format_date_time(clock.now()));
    let mut id = next_id(tx, "payment_instruction").await?;
    let mut item_id = next_id(tx, "settlement_item").await?;
    let (mut rows, mut items, mut origins) = (Vec::new(), Vec::new(), Vec::new());
    for one in planned {
        // Nothing to move: no account is needed, and it is settled on its date.
        let nil = one.amount == Fen::ZERO;
        let [own, payer, payee] = if nil { Default::default() } else { way(&accounts, one.member, one.amount)? };
        let kind = if one.member == MemberCode::CENTRE { Kind::Fees } else { Kind::Settle };
        let state = if nil {
            State::Settled
        } else if one.held {
            State::Held
        } else {
            State::Made
        };
        let reference = format!("TK{}{}", format_date(date), one.member);
        let reason = if one.held { "备付金低于停付线 the reserve is under its stop line" } else { "" };
        rows.push(
            params![
                id,
                reference,
                kind.word(),
                day,
                one.member,
                one.amount,
                own,
                payer,
                payee,
                state.word(),
                if one.held { "HELD" } else { "" },
                reason,
                nil.then_some(day),
                now.as_str(),
                now.as_str()
            ]
            .to_vec(),
        );
        for item in &one.items {
            let (kind, cleared_on, origin, reference) = match &item.source {
                Source::Cleared(on) if one.member == MemberCode::CENTRE => ("fees", Some(on), None, format_date(*on)),
                Source::Cleared(on) => ("position", Some(on), None, format_date(*on)),
                Source::Carried(origin, reference) => ("carried", None, Some(*origin), reference.clone()),
            };
            origins.extend(origin.map(|origin| (origin, id)));
            let cleared_on = cleared_on.map(|on| days_since_epoch(*on));
            items
                .push(params![item_id, id, day, one.member, kind, cleared_on, origin, reference, item.amount].to_vec());
            item_id += 1;
        }
        id += 1;
    }
    let columns = [
        "id",
        "reference",
        "kind",
        "settlement_date",
        "member",
        "amount_fen",
        "own_account",
        "payer",
        "payee",
        "state",
        "code",
        "reason",
        "settled_on",
        "made_at",
        "changed_at",
    ];
    tx.insert_many("payment_instruction", &columns, rows).await?;
    let columns = [
        "id",
        "instruction",
        "settlement_date",
        "member",
        "kind",
        "clearing_date",
        "origin",
        "reference",
        "amount_fen",
    ];
    tx.insert_many("settlement_item", &columns, items).await?;
    for (origin, successor) in &origins {
        let sql = "UPDATE payment_instruction SET carried_to = $2, changed_at = $3 WHERE id = $1";
        tx.execute(sql, params![*origin, *successor, now.as_str()]).await?;
    }
    let made = summary(date, planned, origins.len() as u64)?;
    let digest = hex(&sm3(format!("{planned:?}").as_bytes()));
    let dates = made.clearing_dates.map(|(first, last)| (days_since_epoch(first), days_since_epoch(last)));
    let sql = "INSERT INTO settlement_date (settlement_date, first_clearing_date, last_clearing_date, instructions, held, \
               carried, pays_fen, receives_fen, fees_fen, digest, made_at, made_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = params![
        day,
        dates.map(|d| d.0),
        dates.map(|d| d.1),
        made.instructions as i64,
        made.held as i64,
        made.carried as i64,
        made.pays,
        made.receives,
        made.fees,
        digest.as_str(),
        now,
        by
    ];
    tx.execute(sql, values).await?;
    let detail = format!("{} instructions, {} held, {} carried, {digest}", made.instructions, made.held, made.carried);
    books::note(tx, MemberCode::CENTRE, by, "settlement.instruct", &date.to_string(), &detail, clock).await?;
    Ok(made)
}

fn summary(date: Date, planned: &[Planned], carried: u64) -> Result<SettlementDate, SettlementError> {
    let of = |wanted: &dyn Fn(&&Planned) -> bool| Fen::try_sum(planned.iter().filter(wanted).map(|p| p.amount));
    let is_member = |p: &Planned| p.member != MemberCode::CENTRE;
    let dates = planned.iter().flat_map(|p| &p.items).filter_map(|item| match item.source {
        Source::Cleared(on) => Some(on),
        Source::Carried(..) => None,
    });
    Ok(SettlementDate {
        date,
        clearing_dates: dates.clone().min().zip(dates.max()),
        instructions: planned.len() as u64,
        held: planned.iter().filter(|p| p.held).count() as u64,
        carried,
        pays: of(&|p| is_member(p) && p.amount < Fen::ZERO)?.checked_neg()?,
        receives: of(&|p| is_member(p) && p.amount > Fen::ZERO)?,
        fees: of(&|p| !is_member(p))?,
    })
}

/// Lets go what is held of members whose reserve is at its stop line again; returns how many.
///
/// # Errors
/// What the database and the ledger say.
pub async fn release(db: &Db, lines: &[Reserve], by: &str, clock: &dyn Clock) -> Result<u64, SettlementError> {
    let mut tx = books::begin(db).await?;
    let mut released = 0;
    for held in instructions_where(&mut tx, "state = 'held' AND carried_to IS NULL", params![]).await? {
        let balance = tongka_ledger::balance_in(&mut tx, &reserve_account(held.member)).await?;
        if balance < stop_of(lines, held.member) {
            continue;
        }
        let sql =
            "UPDATE payment_instruction SET state = 'made', code = '', reason = '', changed_at = $2 WHERE id = $1";
        tx.execute(sql, params![held.id, format_date_time(clock.now())]).await?;
        let detail = format!("balance {balance}");
        books::note(&mut tx, held.member, by, "settlement.release", &held.reference, &detail, clock).await?;
        released += 1;
    }
    tx.commit().await?;
    Ok(released)
}

/// The settlement dates that were made, newest first, at most `limit`.
///
/// # Errors
/// What the database says.
pub async fn settlement_dates(db: &Db, limit: i64) -> Result<Vec<SettlementDate>, SettlementError> {
    let sql = "SELECT * FROM settlement_date ORDER BY settlement_date DESC LIMIT $1";
    let rows = db.read(tongka_storage::Scope::Platform).fetch_all(sql, params![limit]).await?;
    rows.iter().map(SettlementDate::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_collapse_and_short_payers_are_held() {
        let day = |d| Date::from_ymd_opt(2026, 10, d).unwrap();
        let due =
            |member, d, fen| Due { member: MemberCode(member), source: Source::Cleared(day(d)), amount: Fen(fen) };
        let carried = Due { source: Source::Carried(7, "TK1".into()), ..due(2, 1, -30) };
        let all = vec![due(1, 1, 50), due(1, 2, -20), due(2, 1, -60), carried, due(3, 1, -9), due(0, 1, 4)];
        let funds = |balance| Funds { balance: Fen(balance), stop: Fen(100) };
        let funds = BTreeMap::from([1, 2, 3].map(|m| (MemberCode(m), funds(if m == 2 { 99 } else { 100 }))));
        let planned = plan(all, &funds).unwrap();
        let told: Vec<_> = planned.iter().map(|p| (p.member.0, p.amount.0, p.held, p.items.len())).collect();
        assert_eq!(told, [(0, 4, false, 1), (1, 30, false, 2), (2, -90, true, 2), (3, -9, false, 1)]);
    }
}
