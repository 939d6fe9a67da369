//! The daily proof ledger ↔ bank (账实相符): what each account at the bank must hold at the end of a day, from the books.
//!
//! ```text
//! reserve in the ledger − positions not settled by the day − movements the bank did not have by the day = sub-account
//! centre:fees           − fees not settled by the day      − entries  the bank did not have by the day = fee account
//!                         positions and fees not settled by the day, all together                      = clearing account
//! bank:settlement       −                                    all movements                             = the sum of these
//! ```
//!
//! The figures of the bank are those of its statements; the books are read in one snapshot, at any later time.

use crate::SettlementError;
use crate::account::Role;
use crate::books::{Instruction, member_of};
use std::collections::{BTreeMap, HashMap};
use tongka_base::date::days_since_epoch;
use tongka_base::{Date, Fen, MemberCode};
use tongka_engine::posting::{BANK, FEES, reserve_account};
use tongka_storage::{Db, ReadTx, Scope, params};

/// Two figures of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What it is: an account number, or `total`.
    pub key: String,
    /// Whose.
    pub member: MemberCode,
    /// What the books say, fen.
    pub ours: i64,
    /// What the bank says, fen.
    pub theirs: i64,
}

/// The proof of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankProof {
    /// Day.
    pub date: Date,
    /// Every account with a statement, and the total where all have one.
    pub compared: Vec<Compared>,
    /// Accounts without a statement that ends with the day.
    pub without: Vec<String>,
    /// What is not settled by the day, by member; the centre's fees under its code.
    pub unsettled: BTreeMap<MemberCode, Fen>,
}

impl BankProof {
    /// Whether every figure agrees.
    pub fn is_green(&self) -> bool {
        self.without.is_empty() && self.compared.iter().all(|c| c.ours == c.theirs)
    }

    /// What differs.
    pub fn differences(&self) -> Vec<&Compared> {
        self.compared.iter().filter(|c| c.ours != c.theirs).collect()
    }
}

/// Proves a day.
///
/// # Errors
/// M01; what the database says.
pub async fn prove_bank(db: &Db, date: Date) -> Result<BankProof, SettlementError> {
    let mut tx = db.begin_read(Scope::Platform).await?;
    let mut open: BTreeMap<MemberCode, i128> = not_taken_in(&mut tx).await?;
    for (member, fen) in not_settled(&mut tx, date).await? {
        *open.entry(member).or_default() += fen;
    }
    let moved = movements(&mut tx, date).await?;
    let statements = closings(&mut tx, date).await?;
    let sql = "SELECT number, role, member FROM bank_account WHERE state = 'active' AND role <> 'outside' ORDER BY role, member";
    let mut compared = Vec::new();
    let mut without = Vec::new();
    let mut theirs_total = 0_i128;
    for row in tx.fetch_all(sql, params![]).await? {
        let (number, role, member) = (row.text("number")?, row.text("role")?, member_of(&row)?);
        let own = |of: &BTreeMap<MemberCode, i128>| of.get(&member).copied().unwrap_or(0);
        let ours = if role == Role::Clearing.word() {
            open.values().sum()
        } else {
            let ledger = if role == Role::Fees.word() { FEES.to_owned() } else { reserve_account(member) };
            i128::from(balance(&mut tx, &ledger).await?) - own(&open) - own(&moved)
        };
        let Some(theirs) = statements.get(&number) else {
            without.push(number);
            continue;
        };
        theirs_total += i128::from(*theirs);
        compared.push(Compared { key: number, member, ours: Fen::from_i128(ours)?.0, theirs: *theirs });
    }
    if without.is_empty() {
        let bank = i128::from(balance(&mut tx, BANK).await?) - moved.values().sum::<i128>();
        let theirs = Fen::from_i128(theirs_total)?.0;
        compared.push(Compared {
            key: "total".into(),
            member: MemberCode::CENTRE,
            ours: Fen::from_i128(bank)?.0,
            theirs,
        });
    }
    let unsettled = open.into_iter().map(|(m, fen)| Ok((m, Fen::from_i128(fen)?)));
    Ok(BankProof { date, compared, without, unsettled: unsettled.collect::<Result<_, SettlementError>>()? })
}

async fn balance(tx: &mut ReadTx, account: &str) -> Result<i64, SettlementError> {
    let sql = "SELECT CAST(CASE normal_side WHEN 'debit' THEN debits_fen - credits_fen ELSE credits_fen - debits_fen END \
               AS BIGINT) AS balance FROM ledger_account WHERE code = $1";
    Ok(tx.fetch_optional(sql, params![account]).await?.map_or(Ok(0), |row| row.int("balance"))?)
}

/// What was posted and is no item of a settlement date yet.
async fn not_taken_in(tx: &mut ReadTx) -> Result<BTreeMap<MemberCode, i128>, SettlementError> {
    let sql = "SELECT p.member, CAST(SUM(p.net_fen) AS BIGINT) AS fen FROM position p \
               WHERE p.reserve_after_fen IS NOT NULL AND NOT EXISTS (SELECT 1 FROM settlement_item i \
               WHERE i.clearing_date = p.clearing_date AND i.member = p.member) GROUP BY p.member \
               UNION ALL SELECT 0 AS member, CAST(COALESCE(SUM(d.centre_fees_fen), 0) AS BIGINT) AS fen FROM clearing_day d \
               JOIN day_step s ON s.clearing_date = d.clearing_date AND s.step = 'post' \
               WHERE NOT EXISTS (SELECT 1 FROM settlement_item i WHERE i.clearing_date = d.clearing_date AND i.kind = 'fees')";
    let mut open = BTreeMap::new();
    for row in tx.fetch_all(sql, params![]).await? {
        *open.entry(member_of(&row)?).or_default() += i128::from(row.int("fen")?);
    }
    Ok(open)
}

/// What of the instructions was not settled at the end of a day. An instruction that carries another over stands for it as
/// far as that one was not settled itself.
async fn not_settled(tx: &mut ReadTx, date: Date) -> Result<BTreeMap<MemberCode, i128>, SettlementError> {
    let day = days_since_epoch(date);
    let condition = "kind <> 'withdrawal' AND (settled_on IS NULL OR settled_on > $1 OR returned_on IS NOT NULL)";
    let sql = format!("SELECT {} FROM payment_instruction WHERE {condition} ORDER BY id", Instruction::COLUMNS);
    let rows = tx.fetch_all(&sql, params![day]).await?;
    let instructions = rows.iter().map(Instruction::of).collect::<Result<Vec<_>, _>>()?;
    let sql = format!(
        "SELECT instruction, origin, amount_fen FROM settlement_item WHERE instruction IN \
         (SELECT id FROM payment_instruction WHERE {condition})"
    );
    let mut items: HashMap<i64, Vec<(Option<i64>, i64)>> = HashMap::new();
    for row in tx.fetch_all(&sql, params![day]).await? {
        items.entry(row.int("instruction")?).or_default().push((row.opt_int("origin")?, row.int("amount_fen")?));
    }
    // An origin is older than what carries it over, so it is known when it is asked for.
    let mut unsettled: HashMap<i64, i128> = HashMap::new();
    let mut open = BTreeMap::new();
    for instruction in &instructions {
        let amount = if instruction.is_settled_by(date) {
            0
        } else {
            let parts = items.get(&instruction.id).into_iter().flatten();
            let part = |(origin, fen): &(Option<i64>, i64)| match origin {
                Some(origin) => unsettled.get(origin).copied().unwrap_or(0),
                None => i128::from(*fen),
            };
            parts.map(part).sum()
        };
        unsettled.insert(instruction.id, amount);
        // One that is carried over is counted where it was carried to.
        if instruction.carried_to.is_none() {
            *open.entry(instruction.member).or_default() += amount;
        }
    }
    Ok(open)
}

/// What the ledger has of movements that the bank did not have by the day.
async fn movements(tx: &mut ReadTx, date: Date) -> Result<BTreeMap<MemberCode, i128>, SettlementError> {
    let sql = "SELECT member, CAST(SUM(amount_fen) AS BIGINT) AS fen FROM reserve_movement \
               WHERE state IN ('booked', 'confirmed') AND (confirmed_on IS NULL OR confirmed_on > $1) GROUP BY member";
    let rows = tx.fetch_all(sql, params![days_since_epoch(date)]).await?;
    rows.iter().map(|row| Ok((member_of(row)?, i128::from(row.int("fen")?)))).collect()
}

/// The closing balance of each account whose statement ends with the day.
async fn closings(tx: &mut ReadTx, date: Date) -> Result<HashMap<String, i64>, SettlementError> {
    let sql = "SELECT s.account, s.closing_fen FROM bank_statement s WHERE s.sequence = (SELECT MAX(t.sequence) \
               FROM bank_statement t WHERE t.account = s.account AND t.to_date = $1)";
    let rows = tx.fetch_all(sql, params![days_since_epoch(date)]).await?;
    rows.iter().map(|row| Ok((row.text("account")?, row.int("closing_fen")?))).collect()
}
