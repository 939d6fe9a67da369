//! Settlement (结算) through a bank, the reserve fund (备付金) and reconciliation (对账).
//!
//! | to | use |
//! |---|---|
//! | make a settlement date, let go what is held | [`instruct()`], [`release`] |
//! | send, fetch, ask again | [`send`], [`fetch`] ([`receive()`] for one message), [`ask_again`] |
//! | prove ledger = bank | [`prove_bank`] |
//! | compare the four layers | [`reconcile()`], [`report`] |
//! | watch reserves | [`assess`], [`standings`], [`reserve_statement`] |
//! | do what takes two people | [`account::propose`], [`queue::propose`], [`reserve::propose`]; [`execute`] for all |
//!
//! The ledger's reserves move when a date is cleared; the bank's when it is settled. Between the two stand the instructions
//! that are not settled yet, and at the end of every day:
//!
//! - a member's reserve in the ledger − what of its is not settled = the balance of its sub-account at the bank;
//! - the clearing account holds what is not settled, all members and fees together;
//! - all accounts together hold what the ledger says of the bank.
//!
//! Invariants: an instruction has one `EndToEndId` for ever and is never sent under another; only a booking of the bank
//! settles; a message is applied once; what contradicts the books is queued by name and moves nothing by itself.

pub mod account;
mod bands;
mod bank_link;
mod booking;
mod books;
mod deed;
mod error;
mod instruct;
mod list;
pub mod matching;
mod outgoing;
mod proof;
pub mod queue;
mod receive;
mod reconcile;
pub mod reserve;
mod statement;
mod watch;

pub use bands::{Band, call, days_left};
pub use bank_link::{BankLink, OpenLink};
pub use books::{Instruction, Kind, State, instructions};
pub use deed::{KINDS, execute};
pub use error::{BankCode, SettlementError};
pub use instruct::{Due, Funds, Planned, SettlementDate, Source, instruct, plan, release, settlement_dates};
pub use list::{
    BANK_ACCOUNTS, BANK_MESSAGES, BANK_QUEUE, INSTRUCTIONS, LISTS, RECONCILIATION_DIFFERENCES, RECONCILIATIONS,
    RESERVE_EVENTS, SETTLEMENT_DATES, SETTLEMENT_ITEMS, STATEMENT_LINES, TOPUPS,
};
pub use outgoing::{ANSWER_MINUTES, Overdue, Sent, ask_again, send, unfinished};
pub use proof::{BankProof, Compared, prove_bank};
pub use receive::{LARGEST, Received, fetch, receive};
pub use reconcile::{Layer, Pair, Reconciled, compare, join, reconcile, reconciled, report};
pub use statement::{Break, Previous, follows};
pub use watch::{RECENT, Standing, assess, reserve_statement, standings};
