//! What card management refuses.

use tongka_audit::AuditError;
use tongka_hsm::HsmError;
use tongka_key::KeyError;
use tongka_storage::StorageError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum IssuingError {
    /// No such product, order or card of this owner.
    #[error("N01 卡产品、订单或卡片不存在 there is no such product, order or card: {0}")]
    NotFound(String),
    /// The code is taken.
    #[error("N02 编号已被使用 the code is taken: {0}")]
    Exists(String),
    /// The segment meets another one.
    #[error("N03 号段与已分配号段重叠 the segment overlaps one that is allotted")]
    Overlap,
    /// Not enough numbers are left.
    #[error("N04 号段余量不足 not enough numbers are left: {0}")]
    Exhausted(u64),
    /// The card or order is not in a state for it.
    #[error("N05 当前状态不允许 its state does not allow this: {0}")]
    State(String),
    /// A value that does not fit.
    #[error("N06 参数不合规 a value that does not fit: {0}")]
    Value(String),
    /// A card data or feedback file that is damaged or foreign.
    #[error("N07 文件损坏或MAC错误 the file is damaged or its MAC is wrong: {0}")]
    File(String),
    /// The event log of a reader is missing where one is due, or was changed.
    #[error("N08 读写器事件日志缺失或被改动 the reader's event log is missing or was changed: {0}")]
    Events(String),
    /// A key is missing or the device refused.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The device refused or failed.
    #[error(transparent)]
    Hsm(#[from] HsmError),
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl IssuingError {
    /// The stable code.
    pub fn code(&self) -> String {
        self.to_string().split(' ').next().unwrap_or_default().to_owned()
    }
}
