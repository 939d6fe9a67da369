//! What lists refuse, with stable codes.

use tongka_access::AccessError;
use tongka_link::LinkError;
use tongka_storage::StorageError;
use tongka_wire::WireError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A proposal that says nothing possible.
    #[error("O01 内容不合规 a value that does not fit: {0}")]
    Invalid(String),
    /// A version of the list waits to be published.
    #[error("O02 该名单上一版本尚未发布 the version before is not published yet: {0}")]
    Waiting(String),
    /// Nothing changed since the last version.
    #[error("O03 名单无变化 nothing changed since the last version: {0}")]
    Unchanged(String),
    /// An acknowledgement of what the member was not given, or at an impossible time.
    #[error("O04 确认不合规 an acknowledgement that does not fit: {0}")]
    Acknowledgement(String),
    /// Stored content that is not what it was.
    #[error("O05 名单内容损坏 a stored list is damaged: {0}")]
    Damaged(String),
    /// A file could not be written or read.
    #[error("O06 名单文件读写失败 a list file cannot be written or read: {0}")]
    Io(String),
    /// A value that its field cannot hold.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The front.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// People and permissions.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] tongka_audit::AuditError),
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ListError {
    /// The stable code.
    pub fn code(&self) -> String {
        self.to_string().split(' ').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn io(path: &std::path::Path) -> impl Fn(std::io::Error) -> Self + '_ {
        move |error| Self::Io(format!("{}: {error}", path.display()))
    }
}
