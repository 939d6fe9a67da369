//! What a door says when it refuses or fails: stable codes with their text in both languages.

use std::fmt;
use std::io;
use tongka_audit::AuditError;
use tongka_storage::{StorageCode, StorageError};

tongka_base::codes! {
    /// Why a door refused or failed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum LinkCode {
        Login "Y01" "登录被拒绝" "login refused",
        Locked "Y02" "账户已停用或暂时锁定" "account disabled or locked for a while",
        Address "Y03" "来源地址不在允许范围" "address not allowed",
        Name "Y04" "文件名不合规" "file name malformed",
        Foreign "Y05" "文件名属于其他机构" "file name belongs to another member",
        Kind "Y06" "该类文件不由成员机构上送" "members do not send files of this kind",
        Pending "Y07" "同名文件尚未处理，请稍后再送" "the file before of that name is not judged yet, send it again later",
        Taken "Y08" "同名文件已接受且内容不同" "accepted before under that name with other bytes",
        Quota "Y09" "超出配额" "over quota",
        TooLarge "Y10" "文件过大" "file too large",
        Offset "Y11" "写入位置不在文件末尾" "not written at the end of the file",
        NotFound "Y12" "没有该文件" "no such file",
        ReadOnly "Y13" "只读" "read-only",
        Incomplete "Y14" "文件未传完" "file not complete",
        Connections "Y15" "连接数超限" "too many connections",
        Signature "Y16" "签名缺失或错误" "signature missing or wrong",
        Exists "Y17" "已存在" "exists already",
        Key "Y18" "公钥不被接受" "public key not accepted",
        Keys "Y19" "有效公钥至多两把" "at most two keys may be valid",
        Invalid "Y20" "参数无效" "invalid value",
        Io "Y21" "读写失败" "reading or writing failed",
        Full "Y22" "磁盘空间不足" "disk full",
        Differs "Y23" "摘要不符" "digest differs",
        Superseded "Y24" "该文件已由新的连接续传" "a newer connection goes on with this file",
        NotFetched "Y25" "文件尚未取完" "file not fetched whole yet",
        Unreachable "Y31" "无法连接" "cannot be reached",
        HostKey "Y32" "服务器密钥不符" "host key differs",
        Refused "Y33" "对方拒绝" "refused by the other side",
        Broken "Y34" "连接中断" "connection broken",
        Protocol "Y35" "对方应答不合规" "the other side's answer is malformed",
    }
}

impl fmt::Display for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A refusal or failure of a door.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A refusal, or an outside failure with a code of its own.
    #[error("{code} {} {}: {detail}", code.text_zh(), code.text_en())]
    Door {
        /// Code.
        code: LinkCode,
        /// What exactly.
        detail: String,
    },
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl LinkError {
    /// An error of a code.
    pub fn new(code: LinkCode, detail: impl fmt::Display) -> Self {
        Self::Door { code, detail: detail.to_string() }
    }

    /// An error of the file system at a path.
    pub fn io(path: &std::path::Path) -> impl Fn(io::Error) -> Self + '_ {
        move |error| {
            let code = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LinkCode::Full,
                io::ErrorKind::NotFound => LinkCode::NotFound,
                _ => LinkCode::Io,
            };
            Self::new(code, format!("{}: {error}", path.display()))
        }
    }

    /// The door's code; none for an error of the database.
    pub fn code(&self) -> Option<LinkCode> {
        match self {
            Self::Door { code, .. } => Some(*code),
            Self::Storage(error) if error.code() == StorageCode::Full => Some(LinkCode::Full),
            _ => None,
        }
    }

    /// The stable code as text, whatever failed.
    pub fn code_text(&self) -> &'static str {
        match self {
            Self::Door { code, .. } => code.code(),
            Self::Storage(error) => error.code().code(),
            Self::Audit(_) => "A01",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_distinct() {
        let codes: BTreeSet<&str> = LinkCode::ALL.iter().map(|c| c.code()).collect();
        assert_eq!(codes.len(), LinkCode::ALL.len());
        assert!(codes.iter().all(|c| c.len() == 3 && c.starts_with('Y')));
    }
}
