//! What errors and disputes refuse, with stable codes.

use std::borrow::Cow;
use tongka_access::AccessError;
use tongka_base::MoneyError;
use tongka_engine::EngineError;
use tongka_storage::StorageError;

/// Why something was not done. `D` codes are refusals: nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DisputeError {
    /// The database failed or refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The engine refused the adjustment or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The approvals refused or failed.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// No suspicious record there, or not of the asking member.
    #[error("D01 无此可疑记录 no such suspicious record: {0}")]
    NotFound(String),
    /// The record was cleared or rejected before.
    #[error("D02 可疑记录已处理 the suspicious record was decided before: {0}")]
    Decided(String),
    /// What was proposed is not complete or not of the right form.
    #[error("D03 申请内容不合法 the proposal is not valid: {0}")]
    Invalid(String),
    /// A member's people asked for what only the centre decides.
    #[error("D04 须由清算中心办理 this is for the people of the centre")]
    CentreOnly,
}

impl DisputeError {
    /// The stable code.
    pub fn code(&self) -> Cow<'static, str> {
        let code = match self {
            Self::Storage(error) => error.code().code(),
            Self::Engine(error) => error.code(),
            Self::Access(error) => return error.code(),
            Self::Money(_) => "M01",
            Self::NotFound(_) => "D01",
            Self::Decided(_) => "D02",
            Self::Invalid(_) => "D03",
            Self::CentreOnly => "D04",
        };
        code.into()
    }
}
