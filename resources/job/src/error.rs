//! What is refused about jobs.

use std::borrow::Cow;
use tongka_storage::StorageError;

tongka_base::codes! {
    /// Why something is refused.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum JobCode {
        NotFound "J01" "任务不存在" "there is no such job",
        Ended "J02" "任务已结束" "the job has ended",
        LeaseLost "J03" "任务租约已失效" "the lease of the job is lost",
        Attempts "J04" "任务多次中断" "the job was interrupted too often",
        Value "J05" "任务参数不合规" "a value of the job does not fit",
        NotFailed "J06" "任务不能重新开始" "the job cannot begin anew",
    }
}

/// A refusal or failure.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Refused.
    #[error("{} {} {}: {detail}", .code.code(), .code.text_zh(), .code.text_en())]
    Refused {
        /// Why.
        code: JobCode,
        /// More.
        detail: String,
    },
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl JobError {
    pub(crate) fn new(code: JobCode, detail: impl Into<String>) -> Self {
        Self::Refused { code, detail: detail.into() }
    }

    /// The stable code.
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Self::Refused { code, .. } => code.code().into(),
            Self::Storage(error) => error.code().code().into(),
        }
    }
}
