//! What settlement refuses, with stable codes.

use tongka_access::AccessError;
use tongka_base::MoneyError;
use tongka_ledger::LedgerError;
use tongka_storage::StorageError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    /// A proposal that says nothing possible.
    #[error("T01 内容不合规 a value that does not fit: {0}")]
    Invalid(String),
    /// The reference of the bank was booked before.
    #[error("T02 该银行流水已入账 the bank's reference was booked before: {0}")]
    Booked(String),
    /// The reserve does not hold as much.
    #[error("T03 备付金不足 the reserve does not hold as much: {0}")]
    Short(String),
    /// A sum that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// People and permissions.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SettlementError {
    /// The stable code.
    pub fn code(&self) -> String {
        self.to_string().split(' ').next().unwrap_or_default().to_owned()
    }
}
