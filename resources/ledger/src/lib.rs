//! Double-entry ledger (复式记账): accounts, and transfers between exactly two of them.
//!
//! A transfer is posted (入账) at once, or pending (预留) and later ended, exactly once, by being posted or voided (撤销).
//! Everything happens inside the caller's write transaction, so that a step of the clearing day and its ledger rows
//! commit together. Rows are never changed; only the sums kept with an account and the heads of the chains are.
//!
//! Invariants, all recomputed by [`verify`]:
//! - Σ debits = Σ credits, and the sums of an account are those of its transfers;
//! - after each transfer the balances it touched are within their account's bounds, with pending transfers counted
//!   against the account and never for it;
//! - transfers are numbered from 1 without gaps, and each carries the SM3 of itself and of the row before it; so are and
//!   do accounts. A changed, deleted or inserted row breaks its chain, and a shortened chain disagrees with its head
//!   and with the accounts' sums. Who rewrites everything consistently is found by a [`Head`] kept elsewhere;
//! - a key (幂等键) names one transfer for ever: the same again changes nothing, other content is refused.
//!
//! Absent on purpose: changing or deleting a transfer, changing the terms of an account, more than one currency.

mod account;
mod chain;
mod error;
mod list;
mod post;
mod read;
mod sums;
mod verify;

pub use account::open_accounts;
pub use chain::Head;
pub use error::LedgerError;
pub use list::{LEDGER_ACCOUNTS, LEDGER_TRANSFERS, LISTS};
pub use post::{apply_all, has_key, post_all, reserve_all, resolve_all};
pub use read::{
    Account, TransferFilter, TransferRow, TrialBalance, account, accounts, balance, balance_in, head, transfers,
    trial_balance,
};
pub use verify::{Fault, Place, VerifyReport, verify, verify_against};

use tongka_base::{Date, Fen, MemberCode};

/// The table that every posting transaction changes. Who posts from several tasks at once begins with
/// `db.begin_write_locking(Scope::Platform, &[HEAD_TABLE])`: they then wait for each other instead of running into
/// conflicts on PostgreSQL.
pub const HEAD_TABLE: &str = "ledger_head";

/// The side on which an account's balance grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormalSide {
    /// 借: assets.
    Debit,
    /// 贷: liabilities and income.
    Credit,
}

impl NormalSide {
    /// The name in the database and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Debit, Self::Credit].into_iter().find(|side| side.name() == name)
    }
}

/// An account to open. A new account is empty, so its bounds must allow zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSpec {
    /// Unique code, such as `member:10002900:reserve`.
    pub code: String,
    /// Kind, for reports.
    pub kind: String,
    /// The member whose account it is; none for the platform's own.
    pub owner: Option<MemberCode>,
    /// Side on which its balance grows.
    pub normal_side: NormalSide,
    /// Lowest balance allowed, counting pending transfers that lower it; zero or less.
    pub min_fen: Option<Fen>,
    /// Highest balance allowed, counting pending transfers that raise it; zero or more.
    pub max_fen: Option<Fen>,
}

/// A movement of money: `debit` is debited and `credit` credited by `amount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Idempotency key, unique for ever, chosen by the caller: `clearing/20260901/10002900/payable`.
    pub key: String,
    /// Debited account.
    pub debit: String,
    /// Credited account, another one.
    pub credit: String,
    /// Amount, above zero.
    pub amount: Fen,
    /// Clearing date it is booked on.
    pub date: Date,
    /// For people.
    pub reason: String,
    /// Creation time, from a clock; not part of what has to be the same under the same key.
    pub created_at: String,
}

/// How a pending transfer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It is posted, in full.
    Post,
    /// It is voided.
    Void,
}

/// The end of a pending transfer: a row of its own, with the accounts and the amount of the pending one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingEnd {
    /// Idempotency key of this row.
    pub key: String,
    /// Key of the pending transfer.
    pub pending_key: String,
    /// Posted or voided.
    pub resolution: Resolution,
    /// Clearing date it is booked on.
    pub date: Date,
    /// For people.
    pub reason: String,
    /// Creation time, from a clock; not part of what has to be the same under the same key.
    pub created_at: String,
}

/// A row to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A transfer posted at once.
    Post(Transfer),
    /// A transfer that is pending until it is ended.
    Reserve(Transfer),
    /// The end of a pending transfer, which may be in the same batch before it.
    Resolve(PendingEnd),
}
