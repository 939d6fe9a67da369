//! What key management refuses.

use tongka_audit::AuditError;
use tongka_hsm::HsmError;
use tongka_storage::StorageError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No such key, request or parent of this owner.
    #[error("K01 密钥或申请不存在 there is no such key or request: {0}")]
    NotFound(String),
    /// The name is taken.
    #[error("K02 名称已被使用 the name is taken: {0}")]
    Exists(String),
    /// No such custodian, or another passphrase.
    #[error("K03 保管员或口令错误 no such custodian, or a wrong passphrase")]
    Login,
    /// The custodian's term has not begun or is over.
    #[error("K04 保管员不在任期内 the custodian's term has not begun or is over: {0}")]
    Term(String),
    /// Too many wrong passphrases.
    #[error("K05 保管员已锁定 the custodian is locked after wrong passphrases: {0}")]
    Locked(String),
    /// One person where two are needed.
    #[error("K06 须由不同的人办理 this needs different people: {0}")]
    SamePerson(String),
    /// The key or the request is not in a state for it.
    #[error("K07 当前状态不允许 its state does not allow this: {0}")]
    State(String),
    /// Not 2 to 5 custodians.
    #[error("K08 须有二至五名保管员 two to five custodians take part: {0}")]
    Participants(usize),
    /// A value that is none.
    #[error("K09 参数不合规 a value that does not fit: {0}")]
    Value(String),
    /// What a custodian should have entered and did not.
    #[error("K10 缺少分量或输入 a component or another input is missing: {0}")]
    Missing(String),
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

impl KeyError {
    /// The stable code.
    pub fn code(&self) -> String {
        self.to_string().split(' ').next().unwrap_or_default().to_owned()
    }
}
