//! What every part of settlement reads and writes: instructions, their states, numbers of new rows.

use crate::SettlementError;
use tongka_base::date::{days_since_epoch, from_days_since_epoch};
use tongka_base::{Date, Fen, MemberCode};
use tongka_storage::{Db, Row, Scope, StorageError, Value, WriteTx, params};

/// State of an instruction (指令).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Made, not sent.
    Made,
    /// Held by rule: the member is under its stop line.
    Held,
    /// Sent, no answer.
    Sent,
    /// The bank has it.
    Acknowledged,
    /// The bank booked it.
    Settled,
    /// The bank refused it.
    Rejected,
    /// No answer in time: asked again under the same ids, never sent under others.
    Unknown,
    /// Booked, then sent back by the bank.
    Returned,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Made,
        Self::Held,
        Self::Sent,
        Self::Acknowledged,
        Self::Settled,
        Self::Rejected,
        Self::Unknown,
        Self::Returned,
    ];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        ["made", "held", "sent", "acknowledged", "settled", "rejected", "unknown", "returned"][self as usize]
    }

    fn of(word: &str) -> Result<Self, SettlementError> {
        let found = Self::ALL.into_iter().find(|state| state.word() == word);
        found.ok_or_else(|| SettlementError::Broken(format!("state {word}")))
    }

    /// Whether the bank may have it and still book it.
    pub fn is_out(self) -> bool {
        matches!(self, Self::Sent | Self::Acknowledged | Self::Unknown)
    }
}

/// What an instruction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A member's positions.
    Settle,
    /// The centre's fees.
    Fees,
    /// A withdrawal from a reserve.
    Withdrawal,
}

impl Kind {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        ["settle", "fees", "withdrawal"][self as usize]
    }

    fn of(word: &str) -> Result<Self, SettlementError> {
        let found = [Self::Settle, Self::Fees, Self::Withdrawal].into_iter().find(|kind| kind.word() == word);
        found.ok_or_else(|| SettlementError::Broken(format!("kind {word}")))
    }
}

/// An instruction to the bank: one a member and settlement date, or one a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Number.
    pub id: i64,
    /// Its `EndToEndId`, for ever.
    pub reference: String,
    /// What it is for.
    pub kind: Kind,
    /// Settlement date.
    pub settlement_date: Date,
    /// Whose it is; the centre's for its fees.
    pub member: MemberCode,
    /// What the own account receives; negative where it pays.
    pub amount: Fen,
    /// The account whose booking settles it.
    pub own_account: String,
    /// Account that pays.
    pub payer: String,
    /// Account that receives.
    pub payee: String,
    /// State.
    pub state: State,
    /// The bank's reason, or the rule that holds it.
    pub code: String,
    /// When the bank booked it.
    pub settled_on: Option<Date>,
    /// When it was sent back.
    pub returned_on: Option<Date>,
    /// The instruction that carries it over.
    pub carried_to: Option<i64>,
    /// The withdrawal it pays.
    pub movement: Option<i64>,
    /// The message it went out with.
    pub message: Option<i64>,
    /// Whether the statement lines of payer and payee were matched.
    pub lines: (Option<i64>, Option<i64>),
}

impl Instruction {
    pub(crate) const COLUMNS: &'static str = "id, reference, kind, settlement_date, member, amount_fen, own_account, \
        payer, payee, state, code, settled_on, returned_on, carried_to, movement, message, payer_line, payee_line";

    pub(crate) fn of(row: &Row) -> Result<Self, SettlementError> {
        Ok(Self {
            id: row.int("id")?,
            reference: row.text("reference")?,
            kind: Kind::of(&row.text("kind")?)?,
            settlement_date: date_of(row, "settlement_date")?,
            member: member_of(row)?,
            amount: Fen(row.int("amount_fen")?),
            own_account: row.text("own_account")?,
            payer: row.text("payer")?,
            payee: row.text("payee")?,
            state: State::of(&row.text("state")?)?,
            code: row.text("code")?,
            settled_on: opt_date_of(row, "settled_on")?,
            returned_on: opt_date_of(row, "returned_on")?,
            carried_to: row.opt_int("carried_to")?,
            movement: row.opt_int("movement")?,
            message: row.opt_int("message")?,
            lines: (row.opt_int("payer_line")?, row.opt_int("payee_line")?),
        })
    }

    /// What an account of it is booked: negative for the payer.
    pub fn booked_on(&self, account: &str) -> Option<Fen> {
        let size = self.amount.0.abs();
        match account {
            a if a == self.payer => Some(Fen(-size)),
            a if a == self.payee => Some(Fen(size)),
            _ => None,
        }
    }

    /// Whether its money had moved, and stayed, at the end of a day.
    pub fn is_settled_by(&self, day: Date) -> bool {
        self.settled_on.is_some_and(|on| on <= day) && self.returned_on.is_none_or(|on| on > day)
    }
}

/// The instructions of a scope that meet a condition, which is this crate's own text; in their order.
pub(crate) async fn instructions_where(
    tx: &mut WriteTx,
    condition: &str,
    params: &[Value],
) -> Result<Vec<Instruction>, SettlementError> {
    let sql = format!("SELECT {} FROM payment_instruction WHERE {condition} ORDER BY id", Instruction::COLUMNS);
    tx.fetch_all(&sql, params).await?.iter().map(Instruction::of).collect()
}

/// The instructions of a settlement date, by member. A member sees its own.
///
/// # Errors
/// What the database says.
pub async fn instructions(db: &Db, scope: Scope, date: Date) -> Result<Vec<Instruction>, SettlementError> {
    let sql = format!(
        "SELECT {} FROM payment_instruction WHERE settlement_date = $1 AND {{scope:member}} ORDER BY id",
        Instruction::COLUMNS
    );
    db.read(scope).fetch_all(&sql, params![days_since_epoch(date)]).await?.iter().map(Instruction::of).collect()
}

/// A write transaction that may post to the ledger and append to the audit log. The audit log comes first, as in the
/// transaction of an approval, so that the two never wait for each other.
pub(crate) async fn begin(db: &Db) -> Result<WriteTx, StorageError> {
    db.begin_write_locking(Scope::Platform, &[tongka_audit::HEAD_TABLE, tongka_ledger::HEAD_TABLE]).await
}

/// The number of the next row of a table. Writers of these tables follow each other ([`begin`]).
pub(crate) async fn next_id(tx: &mut WriteTx, table: &'static str) -> Result<i64, StorageError> {
    let sql = format!("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM {table}");
    tx.fetch_one(&sql, params![]).await?.int("id")
}

pub(crate) fn date_of(row: &Row, column: &str) -> Result<Date, SettlementError> {
    opt_date_of(row, column)?.ok_or_else(|| SettlementError::Broken(format!("{column} is no date")))
}

pub(crate) fn opt_date_of(row: &Row, column: &str) -> Result<Option<Date>, SettlementError> {
    Ok(row.opt_int(column)?.and_then(|days| from_days_since_epoch(i32::try_from(days).ok()?)))
}

pub(crate) fn member_of(row: &Row) -> Result<MemberCode, SettlementError> {
    let code = row.int("member")?;
    u32::try_from(code).map(MemberCode).map_err(|_| SettlementError::Broken(format!("member {code}")))
}

/// Notes a deed of settlement in its own transaction.
pub(crate) async fn note(
    tx: &mut WriteTx,
    member: MemberCode,
    by: &str,
    action: &str,
    object: &str,
    detail: &str,
    clock: &dyn tongka_base::Clock,
) -> Result<(), SettlementError> {
    let owner = i64::from(member.0);
    let deed = tongka_audit::Deed { owner, actor: by, action, object, outcome: "ok", detail };
    Ok(tongka_audit::record(tx, &deed, clock).await?)
}
