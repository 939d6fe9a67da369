//! What the client says when it refuses or fails: stable codes with their text in both languages.

use std::fmt;
use std::io;
use std::path::Path;
use tongka_link::{LinkCode, LinkError};

tongka_base::codes! {
    /// Why the client refused, failed or warns.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ClientCode {
        Config "Z01" "配置有误" "configuration invalid",
        Locked "Z02" "已有实例在运行" "another instance is running",
        Journal "Z03" "流水日志损坏" "journal damaged",
        Name "Z04" "文件名不合规" "file name malformed",
        Foreign "Z05" "文件名属于其他机构" "file name belongs to another member",
        Kind "Z06" "该类文件不由成员机构上送" "members do not send files of this kind",
        NotPlain "Z07" "不是普通文件" "not a plain file",
        SameName "Z08" "同名文件已取用且内容不同" "other bytes under a name that was used",
        Signature "Z09" "结果文件签名缺失或错误" "signature of a result missing or wrong",
        Conflict "Z10" "同名结果文件内容不同" "a result of that name with other bytes is here",
        BadResult "Z11" "结果文件不合规" "result malformed",
        Full "Z12" "磁盘空间不足，已暂停" "disk full, paused",
        ClockOff "Z13" "本机时钟与中心不符" "the own clock differs from the centre's",
        Unreached "Z14" "连不上中心" "the centre cannot be reached",
        Profile "Z15" "转换模板有误" "converter profile invalid",
        Lines "Z16" "有不能转换的行" "lines that cannot be converted",
        Known "Z17" "源文件已转换过" "the source file was converted before",
        Io "Z18" "读写失败" "reading or writing failed",
        Key "Z19" "密钥或口令不可用" "key or passphrase not usable",
        NotFound "Z20" "没有该文件" "no such file",
        Source "Z21" "源文件不合规" "source file malformed",
        Late "Z22" "应送文件到时未到" "an expected file is late",
        Gap "Z23" "文件序号有缺口" "a sequence number is missing",
    }
}

/// A refusal or failure of the client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The client's own.
    #[error("{} {} {}: {detail}", code.code(), code.text_zh(), code.text_en())]
    Own {
        /// Code.
        code: ClientCode,
        /// What exactly.
        detail: String,
    },
    /// Of the line or the disk.
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl ClientError {
    /// An error of a code.
    pub fn new(code: ClientCode, detail: impl fmt::Display) -> Self {
        Self::Own { code, detail: detail.to_string() }
    }

    /// An error of the file system at a path.
    pub fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |error| {
            let code = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ClientCode::Full,
                io::ErrorKind::NotFound => ClientCode::NotFound,
                _ => ClientCode::Io,
            };
            Self::new(code, format!("{}: {error}", path.display()))
        }
    }

    /// The stable code as text, whatever failed.
    pub fn code_text(&self) -> &'static str {
        match self {
            Self::Own { code, .. } => code.code(),
            Self::Link(error) => error.code_text(),
        }
    }

    /// Whether the own disk is full: everything waits until it is not.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Own { code, .. } => *code == ClientCode::Full,
            Self::Link(error) => error.code() == Some(LinkCode::Full),
        }
    }

    /// What exactly, without code and title.
    pub fn detail(&self) -> String {
        match self {
            Self::Own { detail, .. } | Self::Link(LinkError::Door { detail, .. }) => detail.clone(),
            Self::Link(other) => other.to_string(),
        }
    }
}
