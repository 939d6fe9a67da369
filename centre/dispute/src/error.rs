//! What errors and disputes refuse, with stable codes.

use std::borrow::Cow;
use tongka_access::AccessError;
use tongka_audit::AuditError;
use tongka_base::{Date, Fen, MoneyError};
use tongka_engine::EngineError;
use tongka_exchange::ExchangeError;
use tongka_lake::LakeError;
use tongka_member::MemberError;
use tongka_storage::StorageError;
use tongka_wire::WireError;

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
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The records could not be read.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// An attachment or the lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The calendar could not be read.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A line does not fit its table.
    #[error(transparent)]
    Wire(#[from] WireError),
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
    /// No case of that number, or another's.
    #[error("D05 无此差错案件 no such case: {0}")]
    NoCase(String),
    /// Not in this state, or not by this party.
    #[error("D06 当前状态下不能由该机构办理 not now, or not by this party: {0}")]
    NotNow(String),
    /// The same was raised before.
    #[error("D07 已就该记录发起过 it was raised before, in case {0}")]
    Twice(String),
    /// The last day has passed.
    #[error("D08 已过期限 {0} the last day has passed")]
    Late(Date),
    /// The record is none that can be disputed so.
    #[error("D09 该记录不适用此类差错 the record cannot be disputed so: {0}")]
    NotDisputable(String),
    /// More than the record, or than what is left of it.
    #[error("D10 金额 {amount} 不在可争议金额 {left} 之内 the amount is not within what can be disputed")]
    OverAmount {
        /// What was asked for.
        amount: Fen,
        /// What is left.
        left: Fen,
    },
    /// A file that may not be attached.
    #[error("D11 附件不合规 the attachment is refused: {0}")]
    Attachment(String),
    /// The centre's people asked for what a party does.
    #[error("D12 须由当事成员机构办理 this is for the people of a party")]
    MemberOnly,
    /// No such record, or another's.
    #[error("D13 无此交易记录 no such record: {0}")]
    NoRecord(String),
    /// A line of a file of disputes was refused, and with it the file.
    #[error("D14 差错文件第 {at} 条被拒 record {at} of the file is refused: {cause}")]
    Line {
        /// Record number, from 1.
        at: usize,
        /// With what.
        cause: Box<Self>,
    },
    /// The chain of balances does not prove it.
    #[error("D15 余额链未能证明 the balance chain does not prove it: {0}")]
    NotProven(String),
    /// What is stored cannot be read.
    #[error("D16 差错数据损坏 stored dispute data is damaged: {0}")]
    Damaged(String),
}

impl DisputeError {
    /// The stable code.
    pub fn code(&self) -> Cow<'static, str> {
        let code = match self {
            Self::Storage(error) => error.code().code(),
            Self::Engine(error) => error.code(),
            Self::Access(error) => return error.code(),
            Self::Audit(error) => return told(error),
            Self::Exchange(error) => return told(error),
            Self::Lake(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Wire(_) => "W01",
            Self::Money(_) => "M01",
            Self::NotFound(_) => "D01",
            Self::Decided(_) => "D02",
            Self::Invalid(_) => "D03",
            Self::CentreOnly => "D04",
            Self::NoCase(_) => "D05",
            Self::NotNow(_) => "D06",
            Self::Twice(_) => "D07",
            Self::Late(_) => "D08",
            Self::NotDisputable(_) => "D09",
            Self::OverAmount { .. } => "D10",
            Self::Attachment(_) => "D11",
            Self::MemberOnly => "D12",
            Self::NoRecord(_) => "D13",
            Self::Line { .. } => "D14",
            Self::NotProven(_) => "D15",
            Self::Damaged(_) => "D16",
        };
        code.into()
    }
}

/// Every error of this house says its code first.
fn told(error: &dyn std::error::Error) -> Cow<'static, str> {
    error.to_string().split(' ').next().unwrap_or_default().to_owned().into()
}
