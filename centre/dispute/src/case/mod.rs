//! Dispute cases (差错案件): about one record, between its acquirer and its issuer, stage after stage.
//!
//! What may happen is [`rules`](crate::rules); [`apply`] is the only place that writes. A stage is added in the transaction
//! of the adjustment that it makes, so the history and the money cannot differ.
//!
//! Invariants: a stage is never changed or removed; what a case holds is the sum of what its stages moved; a record is
//! never disputed for more than its amount less what was given back before; a member meets another's case as one that is
//! not there.

mod apply;
mod ask;
mod attach;
mod due;
mod file;
mod list;
mod parameters;

pub use ask::{Asked, Raise, Respond, raise, respond};
pub(crate) use ask::{execute, no_record};
pub use attach::{Attachment, LARGEST, attach, attachments, content};
pub use due::due;
pub use file::{News, news, take_file};
pub use list::{CASES, STAGES};
pub use parameters::{SET_RULES, rules};
pub(crate) use parameters::{draft_rules, set_rules};

use crate::DisputeError;
use crate::rules::{Act, Parties, State};
use tongka_base::date::from_days_since_epoch;
use tongka_base::{Date, Fen, MemberCode};
use tongka_storage::{Db, Row, Scope, StorageError, WriteTx, params};

/// Kind of the proposal that opens a case.
pub const RAISE: &str = "dispute.case.raise";
/// Kind of the proposal of a later stage, the centre's ruling among them.
pub const RESPOND: &str = "dispute.case.respond";

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Row.
    pub(crate) id: i64,
    /// Its number, for people and files.
    pub number: String,
    /// The record's upload; empty for a lost record.
    pub upload: String,
    /// The record's number there; 0 for a lost record.
    pub record_no: u32,
    /// The gap in a card's counters that a lost record left.
    pub gap: Option<i64>,
    /// The record's clearing date; of a gap, the day it was found.
    pub clearing_date: Date,
    /// Between whom.
    pub parties: Parties,
    /// What opened it.
    pub opened_as: Act,
    /// The card's serial, masked.
    pub card: String,
    /// The record's amount.
    pub amount: Fen,
    /// How much of it is disputed.
    pub disputed: Fen,
    /// What whom it is for has got so far.
    pub held: Fen,
    /// Where it stands.
    pub state: State,
    /// What closed it.
    pub outcome: Option<Act>,
    /// The last day for the next deed.
    pub deadline: Option<Date>,
    /// When it was opened.
    pub opened_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
}

const COLUMNS: &str = "id, number, upload_name, record_no, gap, clearing_date, acquirer, issuer, opener, opened_as, card, \
                       amount_fen, disputed_fen, held_fen, state, outcome, deadline, opened_at, closed_at";

pub(crate) fn member(row: &Row, column: &str) -> Result<MemberCode, StorageError> {
    Ok(MemberCode(row.int(column)? as u32))
}

fn day(row: &Row, column: &str) -> Result<Option<Date>, StorageError> {
    Ok(row.opt_int(column)?.and_then(|days| from_days_since_epoch(days as i32)))
}

fn damaged(what: &str) -> DisputeError {
    DisputeError::Damaged(what.to_owned())
}

fn case_of(row: &Row) -> Result<Case, DisputeError> {
    Ok(Case {
        id: row.int("id")?,
        number: row.text("number")?,
        upload: row.text("upload_name")?,
        record_no: row.int("record_no")? as u32,
        gap: row.opt_int("gap")?,
        clearing_date: day(row, "clearing_date")?.ok_or_else(|| damaged("clearing_date"))?,
        parties: Parties {
            acquirer: member(row, "acquirer")?,
            issuer: member(row, "issuer")?,
            opener: member(row, "opener")?,
        },
        opened_as: Act::of(&row.text("opened_as")?).ok_or_else(|| damaged("opened_as"))?,
        card: row.text("card")?,
        amount: Fen(row.int("amount_fen")?),
        disputed: Fen(row.int("disputed_fen")?),
        held: Fen(row.int("held_fen")?),
        state: State::of(&row.text("state")?).ok_or_else(|| damaged("state"))?,
        outcome: row.opt_text("outcome")?.and_then(|word| Act::of(&word)),
        deadline: day(row, "deadline")?,
        opened_at: row.text("opened_at")?,
        closed_at: row.opt_text("closed_at")?,
    })
}

pub(crate) fn no_case(number: &str) -> DisputeError {
    DisputeError::NoCase(number.chars().take(40).collect())
}

/// One case; a member sees those that it is a party to.
///
/// # Errors
/// D05; what the database says.
pub async fn find(db: &Db, scope: Scope, number: &str) -> Result<Case, DisputeError> {
    let sql =
        format!("SELECT {COLUMNS} FROM dispute_case WHERE number = $1 AND ({{scope:acquirer}} OR {{scope:issuer}})");
    let row = db.read(scope).fetch_optional(&sql, params![number]).await?;
    row.as_ref().map(case_of).transpose()?.ok_or_else(|| no_case(number))
}

/// The case as it is in a transaction.
async fn load(tx: &mut WriteTx, number: &str) -> Result<Case, DisputeError> {
    let sql = format!("SELECT {COLUMNS} FROM dispute_case WHERE number = $1");
    let row = tx.fetch_optional(&sql, params![number]).await?;
    row.as_ref().map(case_of).transpose()?.ok_or_else(|| no_case(number))
}

/// What happened in a case once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its place, from 1.
    pub ordinal: u32,
    /// What was done.
    pub act: Act,
    /// The state after it.
    pub state: State,
    /// Whose people did it; the centre for the calendar.
    pub member: MemberCode,
    /// Who.
    pub person: String,
    /// The approval by two people.
    pub approval: Option<i64>,
    /// Which of the reasons.
    pub reason: Option<u8>,
    /// Why, in words.
    pub note: String,
    /// Who paid whom how much.
    pub moved: Option<(MemberCode, MemberCode, Fen)>,
    /// The adjustment that does so.
    pub adjustment: Option<i64>,
    /// The last day for the deed after it.
    pub deadline: Option<Date>,
    /// When.
    pub at: String,
}

/// The history of a case, oldest first; a member sees that of its own cases.
///
/// # Errors
/// D05; what the database says.
pub async fn stages(db: &Db, scope: Scope, number: &str) -> Result<Vec<Stage>, DisputeError> {
    let case = find(db, scope, number).await?;
    // The case is the caller's, so its stages are.
    let sql = "SELECT ordinal, act, state, member, person, approval, reason, note, debtor, creditor, amount_fen, \
               adjustment, deadline, at FROM dispute_stage WHERE case_id = $1 ORDER BY ordinal";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![case.id]).await?;
    rows.iter().map(stage_of).collect()
}

fn stage_of(row: &Row) -> Result<Stage, DisputeError> {
    let party = |column| Ok::<_, StorageError>(row.opt_int(column)?.map(|code| MemberCode(code as u32)));
    let amount = Fen(row.int("amount_fen")?);
    Ok(Stage {
        ordinal: row.int("ordinal")? as u32,
        act: Act::of(&row.text("act")?).ok_or_else(|| damaged("act"))?,
        state: State::of(&row.text("state")?).ok_or_else(|| damaged("state"))?,
        member: member(row, "member")?,
        person: row.text("person")?,
        approval: row.opt_int("approval")?,
        reason: row.opt_int("reason")?.map(|code| code as u8),
        note: row.text("note")?,
        moved: party("debtor")?.zip(party("creditor")?).map(|(debtor, creditor)| (debtor, creditor, amount)),
        adjustment: row.opt_int("adjustment")?,
        deadline: day(row, "deadline")?,
        at: row.text("at")?,
    })
}

/// The next row number of a table, in a transaction that holds the audit log: these follow each other.
async fn next_id(tx: &mut WriteTx, table: &'static str) -> Result<i64, StorageError> {
    let sql = format!("SELECT CAST(COALESCE(MAX(id), 0) + 1 AS BIGINT) AS id FROM {table}");
    tx.fetch_one(&sql, params![]).await?.int("id")
}
