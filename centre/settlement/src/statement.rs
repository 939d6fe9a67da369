//! Statements of accounts (银行对账单): each follows the one before, and each of its lines gets an outcome.
//!
//! A statement is taken in when its number follows (B14 waits, B16 refused), it opens with the closing balance before (B15)
//! and its entries are of its days (B17); that its entries make its closing balance was checked when it was read (B07).
//!
//! Invariants: the statements of an account are one chain of balances; every booked line is matched or in the work queue.

use crate::account::{BankAccount, account_of_number};
use crate::booking::{self, Booking};
use crate::books::{Instruction, State, date_of, instructions_where, next_id};
use crate::matching::{Expected, Line, Outcome, match_lines};
use crate::queue::{self, Finding};
use crate::receive::{Applied, Refusal};
use crate::{BankCode, SettlementError, reserve};
use tongka_base::date::{days_since_epoch, format_date_time};
use tongka_base::{Clock, Date, Fen};
use tongka_storage::{WriteTx, params};
use tongka_wire::iso20022::{Entry, EntryStatus, Statement, StatementHead};

/// What became of a message of statements.
pub(crate) enum Taken {
    Done,
    Waits(String),
}

/// The statement before of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Number.
    pub sequence: i64,
    /// Last day.
    pub to: Date,
    /// Balance at its end.
    pub closing: Fen,
}

/// How a statement does not follow the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// One between is missing.
    Gap,
    /// It was taken in before.
    Again,
    /// It opens with another balance.
    Opening,
}

/// Whether a statement follows the one before, and under which number. Without a number of the bank it follows when its
/// days do. Pure.
///
/// # Errors
/// How it does not.
pub fn follows(previous: Option<&Previous>, head: &StatementHead, days: (Date, Date)) -> Result<i64, Break> {
    let given = head.sequence.and_then(|n| i64::try_from(n).ok());
    let Some(previous) = previous else { return Ok(given.unwrap_or(1)) };
    match given {
        Some(n) if n <= previous.sequence => return Err(Break::Again),
        Some(n) if n > previous.sequence + 1 => return Err(Break::Gap),
        _ => {}
    }
    if days.1 < previous.to || (given.is_none() && days.0 <= previous.to) {
        return Err(Break::Again);
    }
    if head.opening != previous.closing { Err(Break::Opening) } else { Ok(previous.sequence + 1) }
}

/// An account number as refusals show it.
pub(crate) fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    let tail: String = digits[digits.len().saturating_sub(4)..].iter().collect();
    format!("…{tail}")
}

/// Takes in the statements of a message, all or none.
pub(crate) async fn take_in(
    tx: &mut WriteTx,
    message: i64,
    message_id: &str,
    statements: Vec<Statement>,
    clock: &dyn Clock,
) -> Applied<Taken> {
    for Statement { head, entries } in statements {
        let Some(account) = account_of_number(tx, &head.account).await? else {
            return Ok(Err(Refusal::new(BankCode::Account, masked(&head.account))));
        };
        let booked: Vec<Entry> = entries.into_iter().filter(|e| e.status == EntryStatus::Booked).collect();
        let last = head.closing_on.or_else(|| booked.iter().filter_map(|e| e.booked_on).max());
        let days = head.days.or(last.map(|day| (day, day))).unwrap_or((clock.now().date(), clock.now().date()));
        if let Some(entry) = booked.iter().find(|e| e.booked_on.is_some_and(|on| on < days.0 || on > days.1)) {
            return Ok(Err(Refusal::new(BankCode::Days, format!("{} entry {}", head.id, entry.number))));
        }
        let previous = previous(tx, &head.account).await?;
        let sequence = match follows(previous.as_ref(), &head, days) {
            Ok(sequence) => sequence,
            Err(Break::Gap) => {
                let after = previous.map_or(0, |p| p.sequence);
                return Ok(Ok(Taken::Waits(format!("{} 在 after {after}", head.id))));
            }
            Err(Break::Again) => return Ok(Err(Refusal::new(BankCode::Again, &head.id))),
            Err(Break::Opening) => {
                let closing = previous.map_or(Fen::ZERO, |p| p.closing);
                let detail = format!("{}: 上期 before {closing}，本期 opening {}", head.id, head.opening);
                return Ok(Err(Refusal::new(BankCode::Opening, detail)));
            }
        };
        let one = Incoming { message, message_id, account: &account, head: &head, booked: &booked, days, sequence };
        one.store(tx, clock).await?;
    }
    Ok(Ok(Taken::Done))
}

async fn previous(tx: &mut WriteTx, account: &str) -> Result<Option<Previous>, SettlementError> {
    let sql =
        "SELECT sequence, to_date, closing_fen FROM bank_statement WHERE account = $1 ORDER BY sequence DESC LIMIT 1";
    let row = tx.fetch_optional(sql, params![account]).await?;
    let previous = |row: &tongka_storage::Row| {
        let closing = Fen(row.int("closing_fen")?);
        Ok(Previous { sequence: row.int("sequence")?, to: date_of(row, "to_date")?, closing })
    };
    row.as_ref().map(previous).transpose()
}

struct Incoming<'a> {
    message: i64,
    message_id: &'a str,
    account: &'a BankAccount,
    head: &'a StatementHead,
    booked: &'a [Entry],
    days: (Date, Date),
    sequence: i64,
}

/// What a line can be.
enum Target {
    Instruction(Box<Instruction>),
    Movement { id: i64, amount: i64, reference: String, on: Date },
}

/// How a line is stored.
struct Stored {
    state: &'static str,
    rule: &'static str,
    instruction: Option<i64>,
    movement: Option<i64>,
}

impl Stored {
    fn open() -> Self {
        Self { state: "open", rule: "", instruction: None, movement: None }
    }
}

/// Most lines of a statement, so that a line's number fits behind its statement's.
const LINES: i64 = 1 << 24;

impl Incoming<'_> {
    fn on(&self, entry: &Entry) -> Date {
        entry.booked_on.unwrap_or(self.days.1)
    }

    fn amount(entry: &Entry) -> i64 {
        if entry.is_credit { entry.amount.0 } else { -entry.amount.0 }
    }

    async fn store(&self, tx: &mut WriteTx, clock: &dyn Clock) -> Result<(), SettlementError> {
        let id = next_id(tx, "bank_statement").await?;
        self.insert_head(tx, id, clock).await?;
        let targets = self.targets(tx).await?;
        let expected: Vec<Expected<'_>> = targets.iter().map(|t| self.expected(t)).collect();
        let is_return = |e: &Entry| e.is_reversal || e.return_reason.is_some();
        let lines: Vec<Line<'_>> = self
            .booked
            .iter()
            .map(|e| Line {
                // What is sent back is looked up by its reference alone.
                reference: if is_return(e) { Some("") } else { e.reference.as_deref() },
                bank_reference: if is_return(e) { None } else { e.bank_reference.as_deref() },
                remittance: if is_return(e) { "" } else { &e.remittance },
                amount: Self::amount(e),
                day: i64::from(days_since_epoch(self.on(e))),
            })
            .collect();
        let matching = match_lines(&expected, &lines);
        let mut rows = Vec::with_capacity(lines.len());
        let mut matched = 0;
        for (at, (entry, outcome)) in self.booked.iter().zip(&matching.lines).enumerate() {
            let line = id * LINES + at as i64 + 1;
            let stored = if is_return(entry) {
                self.returned(tx, line, entry, clock).await?
            } else {
                self.outcome(tx, line, entry, *outcome, &targets, clock).await?
            };
            matched += i64::from(stored.state == "matched");
            let Stored { state, rule, instruction, movement } = stored;
            rows.push(
                params![
                    line,
                    id,
                    at as i64 + 1,
                    &self.head.account,
                    self.account.member,
                    days_since_epoch(self.on(entry)),
                    Self::amount(entry),
                    entry.reference.as_deref(),
                    entry.bank_reference.as_deref(),
                    entry.party.as_deref(),
                    entry.remittance.as_str(),
                    is_return(entry),
                    state,
                    rule,
                    instruction,
                    movement
                ]
                .to_vec(),
            );
        }
        let columns = [
            "id",
            "statement",
            "line_no",
            "account",
            "member",
            "booked_on",
            "amount_fen",
            "reference",
            "bank_reference",
            "party",
            "remittance",
            "is_return",
            "state",
            "rule",
            "instruction",
            "movement",
        ];
        tx.insert_many("bank_line", &columns, rows).await?;
        tx.execute("UPDATE bank_statement SET matched = $2 WHERE id = $1", params![id, matched]).await?;
        for at in matching.unclaimed {
            self.missing_there(tx, &targets[at], clock).await?;
        }
        Ok(())
    }

    async fn insert_head(&self, tx: &mut WriteTx, id: i64, clock: &dyn Clock) -> Result<(), SettlementError> {
        let sql = "INSERT INTO bank_statement (id, account, member, sequence, statement_id, message, from_date, to_date, \
                   opening_fen, closing_fen, line_count, matched, at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12)";
        let values = params![
            id,
            &self.head.account,
            self.account.member,
            self.sequence,
            &self.head.id,
            self.message,
            days_since_epoch(self.days.0),
            days_since_epoch(self.days.1),
            self.head.opening,
            self.head.closing,
            self.booked.len() as i64,
            format_date_time(clock.now())
        ];
        tx.execute(sql, values).await?;
        Ok(())
    }

    /// What the books still expect on this account.
    async fn targets(&self, tx: &mut WriteTx) -> Result<Vec<Target>, SettlementError> {
        let account = self.head.account.as_str();
        let condition = "((payer = $1 AND payer_line IS NULL) OR (payee = $1 AND payee_line IS NULL))";
        let found = instructions_where(tx, condition, params![account]).await?;
        let mut targets: Vec<Target> = found.into_iter().map(|i| Target::Instruction(Box::new(i))).collect();
        let sql = "SELECT id, amount_fen, reference, booked_on FROM reserve_movement WHERE member = $1 \
                   AND state = 'booked' ORDER BY id";
        if self.account.role == crate::account::Role::Reserve {
            for row in tx.fetch_all(sql, params![self.account.member]).await? {
                targets.push(Target::Movement {
                    id: row.int("id")?,
                    amount: row.int("amount_fen")?,
                    reference: row.text("reference")?,
                    on: date_of(&row, "booked_on")?,
                });
            }
        }
        Ok(targets)
    }

    fn expected<'t>(&self, target: &'t Target) -> Expected<'t> {
        match target {
            Target::Instruction(i) => {
                let amount = i.booked_on(&self.head.account).map_or(0, |f| f.0);
                let day = i64::from(days_since_epoch(i.settled_on.unwrap_or(i.settlement_date)));
                // What is not out is never found by its amount alone.
                let day = if i.state.is_out() || i.state == State::Settled { day } else { i64::MIN };
                Expected { reference: &i.reference, amount, day }
            }
            Target::Movement { amount, reference, on, .. } => {
                Expected { reference, amount: *amount, day: i64::from(days_since_epoch(*on)) }
            }
        }
    }

    async fn outcome(
        &self,
        tx: &mut WriteTx,
        line: i64,
        entry: &Entry,
        outcome: Outcome,
        targets: &[Target],
        clock: &dyn Clock,
    ) -> Result<Stored, SettlementError> {
        let (at, rule) = match outcome {
            Outcome::Matched(at, rule) | Outcome::Different(at, rule) => (at, rule.word()),
            Outcome::Twice(_) => {
                self.missing_here(tx, line, entry, BankCode::Twice, clock).await?;
                return Ok(Stored::open());
            }
            Outcome::Missing => {
                let code = self.unknown_code(tx, entry).await?;
                self.missing_here(tx, line, entry, code, clock).await?;
                return Ok(Stored::open());
            }
        };
        match &targets[at] {
            Target::Instruction(instruction) => {
                if !self.booked(tx, line, entry, instruction, false, clock).await? {
                    return Ok(Stored::open());
                }
                let side = if instruction.payer == self.head.account { "payer_line" } else { "payee_line" };
                let sql = format!("UPDATE payment_instruction SET {side} = $2 WHERE id = $1");
                tx.execute(&sql, params![instruction.id, line]).await?;
                queue::arrived(tx, "instruction", instruction.id, &self.head.account, clock).await?;
                Ok(Stored { state: "matched", rule, instruction: Some(instruction.id), movement: None })
            }
            Target::Movement { id, amount, reference, .. } => {
                if *amount != Self::amount(entry) {
                    let finding = Finding {
                        movement: Some(*id),
                        ours: Some(*amount),
                        reference,
                        ..self.finding(line, entry, BankCode::Amount)
                    };
                    queue::open(tx, &finding, clock).await?;
                    return Ok(Stored::open());
                }
                reserve::confirm(tx, *id, line, self.on(entry)).await?;
                queue::arrived(tx, "movement", *id, &self.head.account, clock).await?;
                Ok(Stored { state: "matched", rule, instruction: None, movement: Some(*id) })
            }
        }
    }

    async fn booked(
        &self,
        tx: &mut WriteTx,
        line: i64,
        entry: &Entry,
        instruction: &Instruction,
        is_return: bool,
        clock: &dyn Clock,
    ) -> Result<bool, SettlementError> {
        let source = format!("camt.053 {} {}", self.message_id, entry.number);
        let booking = Booking {
            account: &self.head.account,
            amount: Self::amount(entry),
            on: self.on(entry),
            source: &source,
            is_return,
            line: Some(line),
        };
        booking::apply(tx, instruction, &booking, clock).await
    }

    /// A line that undoes an earlier one.
    async fn returned(
        &self,
        tx: &mut WriteTx,
        line: i64,
        entry: &Entry,
        clock: &dyn Clock,
    ) -> Result<Stored, SettlementError> {
        let found = match &entry.reference {
            Some(reference) => instructions_where(tx, "reference = $1", params![reference]).await?.pop(),
            None => None,
        };
        let Some(instruction) = found else {
            self.missing_here(tx, line, entry, BankCode::MissingHere, clock).await?;
            return Ok(Stored::open());
        };
        if !self.booked(tx, line, entry, &instruction, true, clock).await? {
            return Ok(Stored::open());
        }
        Ok(Stored { state: "matched", rule: "return", instruction: Some(instruction.id), movement: None })
    }

    /// A line of an instruction whose line came before is a second booking of it.
    async fn unknown_code(&self, tx: &mut WriteTx, entry: &Entry) -> Result<BankCode, SettlementError> {
        let Some(reference) = &entry.reference else { return Ok(BankCode::MissingHere) };
        let known = instructions_where(tx, "reference = $1", params![reference]).await?;
        Ok(if known.is_empty() { BankCode::MissingHere } else { BankCode::Twice })
    }

    fn finding<'f>(&'f self, line: i64, entry: &'f Entry, code: BankCode) -> Finding<'f> {
        Finding {
            code,
            account: &self.head.account,
            member: self.account.member,
            line: Some(line),
            instruction: None,
            movement: None,
            reference: entry.reference.as_deref().or(entry.bank_reference.as_deref()).unwrap_or("-"),
            ours: None,
            theirs: Some(Self::amount(entry)),
            on: self.on(entry),
            detail: format!("{}：{}", code.text_zh(), entry.remittance),
        }
    }

    async fn missing_here(
        &self,
        tx: &mut WriteTx,
        line: i64,
        entry: &Entry,
        code: BankCode,
        clock: &dyn Clock,
    ) -> Result<(), SettlementError> {
        queue::open(tx, &self.finding(line, entry, code), clock).await
    }

    /// What should have been on this statement and is not.
    async fn missing_there(&self, tx: &mut WriteTx, target: &Target, clock: &dyn Clock) -> Result<(), SettlementError> {
        let (reference, ours, instruction, movement) = match target {
            Target::Instruction(i) => {
                let told = i.settled_on.is_some_and(|on| on <= self.days.1);
                let silent = i.state == State::Unknown && i.settlement_date <= self.days.1;
                if !(told || silent) || i.amount == Fen::ZERO {
                    return Ok(());
                }
                (&i.reference, i.booked_on(&self.head.account).map_or(0, |f| f.0), Some(i.id), None)
            }
            Target::Movement { on, .. } if *on > self.days.1 => return Ok(()),
            Target::Movement { id, amount, reference, .. } => (reference, *amount, None, Some(*id)),
        };
        let finding = Finding {
            code: BankCode::MissingThere,
            account: &self.head.account,
            member: self.account.member,
            line: None,
            instruction,
            movement,
            reference,
            ours: Some(ours),
            theirs: None,
            on: self.days.1,
            detail: format!("{}：对账单 statement {}", BankCode::MissingThere.text_zh(), self.head.id),
        };
        queue::open(tx, &finding, clock).await
    }
}
