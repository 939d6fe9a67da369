//! What a list refuses.

use std::fmt;
use tongka_storage::StorageError;

tongka_base::codes! {
    /// Why a query is refused.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum ListingCode {
        NoList "V01" "列表不存在" "there is no such list",
        NoField "V02" "列表没有该字段" "the list has no such field",
        Operation "V03" "该字段不支持此条件" "the field cannot be filtered this way",
        Value "V04" "条件值不合规" "the value does not fit the field",
        Sort "V05" "不能按此排序" "rows cannot be ordered this way",
        Limit "V06" "每页条数应为1至500" "limit is 1 to 500",
        Cursor "V07" "翻页标记无效或属于其他查询" "the cursor is damaged or of another query",
        Twice "V08" "参数重复" "the parameter is given twice",
        Columns "V09" "导出列无效" "the columns to export do not fit",
        Broken "V10" "列表定义与数据库不符" "the list does not fit its tables",
        Stopped "V11" "导出中断" "the export was interrupted",
    }
}

/// One thing that is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The parameter.
    pub field: String,
    /// What is wrong.
    pub code: ListingCode,
    /// More, in English.
    pub detail: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, code: ListingCode, detail: impl Into<String>) -> Self {
        Self { field: field.into(), code, detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, code, detail } = self;
        write!(f, "{} {} {}: {field}: {detail}", code.code(), code.text_zh(), code.text_en())
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The list does not exist for this caller.
    #[error("V01 列表不存在 there is no such list: {0}")]
    NoList(String),
    /// The query does not fit the list; all that is wrong with it, at least one.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Query(Vec<Fault>),
    /// The list contradicts its tables.
    #[error("V10 列表定义与数据库不符 the list does not fit its tables: {0}")]
    Broken(String),
    /// The consumer of an export wants no more rows, or failed.
    #[error("V11 导出中断 the export was interrupted: {0}")]
    Stopped(Box<dyn std::error::Error + Send + Sync>),
    /// The database refused or failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ListingError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoList(_) => ListingCode::NoList.code(),
            Self::Query(faults) => faults.first().map_or(ListingCode::Value, |f| f.code).code(),
            Self::Broken(_) => ListingCode::Broken.code(),
            Self::Stopped(_) => ListingCode::Stopped.code(),
            Self::Storage(error) => error.code().code(),
        }
    }
}
