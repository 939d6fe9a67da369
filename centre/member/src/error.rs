//! What the scheme book refuses, with stable codes.

use std::path::PathBuf;
use tongka_audit::AuditError;
use tongka_scheme::SchemeError;
use tongka_storage::StorageError;

tongka_base::codes! {
    /// Why a change of the book is refused. `M01` is the overflow of money.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum BookCode {
        Payload "M02" "变更内容格式错误" "the change is malformed",
        Kind "M03" "没有此种变更" "there is no such kind of change",
        Empty "M04" "规则簿尚无版本，请先导入规则文件" "the book has no version yet: import a scheme file first",
        Version "M05" "没有此版本" "there is no such version",
        NotFound "M06" "对象不存在" "there is no such entry",
        Exists "M07" "对象已存在" "the entry exists already",
        Past "M08" "日期须晚于已开放或已关账的清算日" "the date must be after every clearing date that was opened",
        Nothing "M09" "没有任何变化" "nothing would change",
        Rule "M10" "违反规则" "a rule of the scheme is broken",
        InUse "M11" "仍被其他条目引用" "other entries still refer to it",
        Position "M12" "成员仍有未结头寸或备付金" "the member still has a position or a reserve",
        State "M13" "当前状态不允许" "its state does not allow this",
        Certificate "M14" "证书无效" "the certificate is not valid",
        File "M15" "文件有误" "the file has faults",
        Staged "M16" "没有此文件，请重新上传" "there is no such file: send it again",
        TacKeys "M17" "测试密钥文件缺失或被改动" "the file of test keys is missing or was changed",
        Broken "M18" "规则簿被改动" "the book was changed behind its back",
        Value "M19" "取值不合规" "a value that does not fit",
        Owner "M20" "不能为其他机构办理" "not for another institution",
    }
}

/// A change that is refused, and the field at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {} {}: {zh} / {en}", .code.code(), .code.text_zh(), .code.text_en())]
pub struct Refusal {
    /// Why.
    pub code: BookCode,
    /// Field of the payload; empty for the whole.
    pub field: String,
    /// What exactly, in Chinese.
    pub zh: String,
    /// What exactly, in English.
    pub en: String,
}

/// A row of a file that is refused.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RowFault {
    /// Row of the file, from 1; the header counts.
    pub row: usize,
    /// Its field; empty for the whole row.
    pub field: String,
    /// Stable code.
    pub code: &'static str,
    /// What, in Chinese. Card numbers are masked.
    pub zh: String,
    /// What, in English.
    pub en: String,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// A change that is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Rows of a file that are refused.
    #[error("M15 文件有误 the file has faults: {} 处 faults; {}", .0.len(), show_rows(.0))]
    Rows(Vec<RowFault>),
    /// A scheme file that is refused.
    #[error("{}", show_scheme(.0))]
    Scheme(Vec<SchemeError>),
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A file of the data folder failed.
    #[error("M21 文件读写失败 cannot read or write {path}: {source}")]
    Io {
        /// File.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

fn show_rows(rows: &[RowFault]) -> String {
    let shown =
        |row: &RowFault| format!("第{}行 row {} {} {} {} / {}", row.row, row.row, row.field, row.code, row.zh, row.en);
    rows.iter().take(20).map(shown).collect::<Vec<_>>().join("; ")
}

fn show_scheme(errors: &[SchemeError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl MemberError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.code(),
            Self::Rows(_) => BookCode::File.code(),
            Self::Scheme(errors) => errors.first().map_or("C01", |error| error.code.as_str()),
            Self::Storage(error) => error.code().code(),
            Self::Audit(AuditError::Storage(error)) => error.code().code(),
            Self::Audit(AuditError::NoHead) => "A01",
            Self::Io { .. } => "M21",
        }
    }

    /// The refusal, where it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    pub(crate) fn refused(
        code: BookCode,
        field: impl Into<String>,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Refusal { code, field: field.into(), zh: zh.into(), en: en.into() }.into()
    }

    /// The book contradicts itself: somebody changed rows by hand, or the disk did.
    pub(crate) fn broken(what: impl Into<String>) -> Self {
        let what = what.into();
        Self::refused(BookCode::Broken, "", what.clone(), what)
    }
}

/// Refuses.
pub(crate) fn refuse<T>(
    code: BookCode,
    field: impl Into<String>,
    zh: impl Into<String>,
    en: impl Into<String>,
) -> Result<T, MemberError> {
    Err(MemberError::refused(code, field, zh, en))
}
