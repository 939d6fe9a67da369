//! Watching reserves (备付金监测): each member's band, what it is asked to pay in, how long it lasts; an event whenever the
//! band changes; the daily statement of a reserve.

use crate::SettlementError;
use crate::bands::{Band, call, days_left};
use crate::books::{begin, next_id, note};
use crate::proof::prove_bank;
use tongka_base::date::{days_since_epoch, format_date_time};
use tongka_base::{Clock, Date, Fen, MemberCode};
use tongka_engine::posting::reserve_account;
use tongka_ledger::{TransferFilter, transfers};
use tongka_report::pdf::{Block, Table};
use tongka_report::{Cell, Column, Kind};
use tongka_scheme::Reserve;
use tongka_storage::{Db, Scope, params};

/// Clearing dates that a forecast looks back on.
pub const RECENT: i64 = 14;

/// Where a member's reserve stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Member.
    pub member: MemberCode,
    /// The ledger's balance.
    pub balance: Fen,
    /// Band.
    pub band: Band,
    /// What it is asked to pay in.
    pub call: Fen,
    /// Clearing dates until it is under its stop line, as the last [`RECENT`] ones went; none where it does not fall.
    pub days_left: Option<i64>,
}

/// Where the reserves of a scope stand now, by member.
///
/// # Errors
/// What the database says.
pub async fn standings(db: &Db, scope: Scope, lines: &[Reserve]) -> Result<Vec<Standing>, SettlementError> {
    let accounts = tongka_ledger::accounts(db, scope).await?;
    let mut found = Vec::new();
    for line in lines {
        let code = reserve_account(line.member);
        let Some(account) = accounts.iter().find(|a| a.code == code) else { continue };
        let balance = account.balance()?;
        let sql = "SELECT net_fen FROM position WHERE member = $1 AND reserve_after_fen IS NOT NULL AND {scope:member} \
                   ORDER BY clearing_date DESC LIMIT $2";
        let rows = db.read(scope).fetch_all(sql, params![line.member, RECENT]).await?;
        let recent = rows.iter().map(|row| row.int("net_fen").map(Fen)).collect::<Result<Vec<_>, _>>()?;
        found.push(Standing {
            member: line.member,
            balance,
            band: Band::of(line, balance),
            call: call(line, balance)?,
            days_left: days_left(balance, line.stop_fen, &recent),
        });
    }
    Ok(found)
}

/// Notes an event for every member whose band is another than its last event says; the new events' members. Doing it again
/// changes nothing.
///
/// # Errors
/// What the database says.
pub async fn assess(
    db: &Db,
    lines: &[Reserve],
    date: Date,
    by: &str,
    clock: &dyn Clock,
) -> Result<Vec<Standing>, SettlementError> {
    let standings = standings(db, Scope::Platform, lines).await?;
    let mut tx = begin(db).await?;
    let mut events = Vec::new();
    for standing in standings {
        let sql = "SELECT band FROM reserve_event WHERE member = $1 ORDER BY id DESC LIMIT 1";
        let last = tx.fetch_optional(sql, params![standing.member]).await?;
        let last = last.map_or(Ok(Band::Good.word().to_owned()), |row| row.text("band"))?;
        if last == standing.band.word() {
            continue;
        }
        let (id, now) = (next_id(&mut tx, "reserve_event").await?, format_date_time(clock.now()));
        let sql = "INSERT INTO reserve_event (id, member, on_date, band, balance_fen, call_fen, days_left, at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let Standing { member, balance, band, call, days_left } = &standing;
        let values = params![id, *member, days_since_epoch(date), band.word(), *balance, *call, *days_left, now];
        tx.execute(sql, values).await?;
        let detail = format!("{last} → {}, balance {balance}, call {call}", band.word());
        note(&mut tx, *member, by, "settlement.reserve.band", &reserve_account(*member), &detail, clock).await?;
        events.push(standing);
    }
    tx.commit().await?;
    Ok(events)
}

/// The daily statement of a member's reserve: every transfer that was booked on the day with the balance before and after,
/// what is not settled, and what the bank holds.
///
/// # Errors
/// G01 for another member's.
pub async fn reserve_statement(
    db: &Db,
    scope: Scope,
    member: MemberCode,
    date: Date,
) -> Result<Vec<Block>, SettlementError> {
    let code = reserve_account(member);
    let balance = tongka_ledger::balance(db, scope, &code).await?;
    let filter = TransferFilter { account: Some(code.clone()), from: Some(date), to: None, after: 0 };
    let mut later = 0_i128;
    let mut rows = Vec::new();
    let mut on_day = 0_i128;
    for t in transfers(db, scope, &filter, u32::MAX).await? {
        // A withdrawal counts once the bank booked it.
        if !matches!(t.phase(), "posted" | "post") {
            continue;
        }
        let signed = if t.credit == code { i128::from(t.amount.0) } else { -i128::from(t.amount.0) };
        if t.day > i64::from(days_since_epoch(date)) {
            later += signed;
        } else {
            on_day += signed;
            let (paid, received) = if signed < 0 { (Some(t.amount), None) } else { (None, Some(t.amount)) };
            rows.push(vec![t.key.into(), t.reason.into(), Cell::from(received), Cell::from(paid)]);
        }
    }
    let closing = Fen::from_i128(i128::from(balance.0) - later)?;
    let opening = Fen::from_i128(i128::from(closing.0) - on_day)?;
    let sql = "SELECT s.opening_fen, s.closing_fen FROM bank_statement s JOIN bank_account a ON a.number = s.account \
               WHERE a.role = 'reserve' AND s.member = $1 AND s.to_date = $2 AND {scope:s.member} ORDER BY s.sequence DESC";
    let bank = db.read(scope).fetch_optional(sql, params![member, days_since_epoch(date)]).await?;
    let bank = bank.map(|row| row.int("closing_fen").map(Fen)).transpose()?;
    let unsettled = prove_bank(db, date).await?.unsettled.get(&member).copied().unwrap_or_default();
    let pairs = vec![
        ("期初余额 Opening".to_owned(), Cell::Money(opening)),
        ("期末余额 Closing".to_owned(), Cell::Money(closing)),
        ("未结算净额 Not settled".to_owned(), Cell::Money(unsettled)),
        ("银行子账户余额 Balance at the bank".to_owned(), Cell::from(bank)),
    ];
    let text = |title: &str| Column::new(title, Kind::Text);
    let money = |title: &str| Column::summed(title, Kind::Money);
    let columns = vec![text("分录 Transfer"), text("事由 Reason"), money("转入 In"), money("转出 Out")];
    Ok(vec![
        Block::Heading(format!("备付金日对账单 Reserve statement {date} {member}")),
        Block::Pairs(pairs),
        Block::Table(Table::new(columns, rows)),
    ])
}
