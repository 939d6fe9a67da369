//! The clearing engine (清分引擎): the steps of a clearing day, for the centre and for a city alike.
//!
//! intake → cut → price → net → prove → post → publish → close. Each step is one SQL transaction keyed by (clearing
//! date, step): it has happened whole or not at all, and running it again changes nothing. Netting sums the summaries
//! that intake wrote, so that closing costs pairs, not records; proof takes another path, over the stored records, and
//! must agree before anything is posted or published.
//!
//! Invariants: Σ positions + centre fees = 0; an accepted record is in exactly one group of exactly one clearing date;
//! a closed date is never written again.

pub mod adjust;
pub mod day;
pub mod list;
pub mod posting;
pub mod pricing;
pub mod proof;
mod suspicious;
pub mod whatif;

pub use day::{Day, DayState, Step, crash_point};

use tongka_base::MoneyError;
use tongka_lake::LakeError;
use tongka_ledger::LedgerError;
use tongka_storage::StorageError;

/// Why a step of a clearing day stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database failed or refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The caller asks for what the state of the day does not allow.
    #[error("{code} {text}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// In both languages.
        text: String,
    },
    /// Two paths to the same figure disagree: nothing further is done with the day.
    #[error("E90 账务证明失败 proof failed: {0}")]
    ProofFailed(String),
}

impl EngineError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Storage(error) => error.code().code(),
            Self::Ledger(error) => error.code(),
            Self::Lake(error) => error.code(),
            Self::Money(_) => "M01",
            Self::Refused { code, .. } => code,
            Self::ProofFailed(_) => "E90",
        }
    }

    /// A refusal with its code and text.
    pub fn refused(code: &'static str, text: impl Into<String>) -> Self {
        Self::Refused { code, text: text.into() }
    }
}
