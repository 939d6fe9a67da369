//! What the ledger refuses, with stable codes.

use tongka_base::{Fen, MoneyError};
use tongka_storage::StorageError;

/// Why the ledger did not do as asked. `G` codes are refusals: nothing was written for the batch.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database failed or refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An account of that code does not exist, or is not within the scope.
    #[error("G01 账户不存在 no such account: {0}")]
    NoAccount(String),
    /// An account of that code exists with other terms.
    #[error("G02 账户已存在且条款不同 account exists with other terms: {0}")]
    OtherAccount(String),
    /// Not a transfer or an account: empty key or code, amount not above zero, both sides one account, bounds without
    /// zero.
    #[error("G03 分录或账户不合法 not valid: {0}")]
    Invalid(String),
    /// The key was used with other content.
    #[error("G04 同一幂等键对应不同内容 key was used with other content: {0}")]
    OtherContent(String),
    /// A balance would leave its bounds.
    #[error("G05 余额超出上下限 {key}: balance of {account} would be {balance}, out of its bounds")]
    Bounds {
        /// Key of the row that was refused.
        key: String,
        /// Account.
        account: String,
        /// The balance it would have, with pending transfers counted against it.
        balance: Fen,
    },
    /// No pending transfer of that key.
    #[error("G06 无此待处理分录 no pending transfer of that key: {0}")]
    NotPending(String),
    /// The pending transfer was ended before, under another key.
    #[error("G07 待处理分录已了结 pending transfer was ended before: {0}")]
    AlreadyEnded(String),
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The ledger contradicts itself: nothing more is posted until it is verified.
    #[error("G90 账本自相矛盾 the ledger contradicts itself: {0}")]
    Broken(String),
}

impl LedgerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Storage(error) => error.code().code(),
            Self::NoAccount(_) => "G01",
            Self::OtherAccount(_) => "G02",
            Self::Invalid(_) => "G03",
            Self::OtherContent(_) => "G04",
            Self::Bounds { .. } => "G05",
            Self::NotPending(_) => "G06",
            Self::AlreadyEnded(_) => "G07",
            Self::Money(_) => "M01",
            Self::Broken(_) => "G90",
        }
    }
}
