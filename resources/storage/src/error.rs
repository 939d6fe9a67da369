//! What can go wrong between a statement and its rows, with stable codes.

use crate::db::DbKind;
use std::borrow::Cow;
use std::fmt;

/// Whose turn it is after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageClass {
    /// The caller asked for what the data does not allow; the same again gives the same answer.
    Refusal,
    /// Something outside broke; try again later, or after the operator has acted.
    Failure,
    /// The program or the database file contradicts itself: stop this piece of work and keep everything.
    Broken,
}

macro_rules! codes {
    ($($name:ident $code:literal $class:ident $zh:literal $en:literal),* $(,)?) => {
        /// What went wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum StorageCode {
            $(#[doc = concat!("`", $code, "` ", $zh, ", ", $en)] $name),*
        }

        impl StorageCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code in messages, `S01` and up.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// Refusal, failure or broken invariant.
            pub fn class(self) -> StorageClass {
                match self { $(Self::$name => StorageClass::$class),* }
            }

            /// The Chinese text.
            pub fn text_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }

            /// The English text.
            pub fn text_en(self) -> &'static str {
                match self { $(Self::$name => $en),* }
            }
        }
    };
}

codes! {
    Open "S01" Failure "数据库无法打开" "the database cannot be opened",
    Lost "S02" Failure "数据库连接中断" "the connection to the database is lost",
    Conflict "S03" Failure "与其他事务冲突，可重试" "in conflict with another transaction, may be tried again",
    Full "S04" Failure "数据库空间不足" "the database has no space left",
    CommitUnknown "S05" Failure "提交结果未知" "the outcome of the commit is unknown",
    Unique "S06" Refusal "唯一约束冲突" "a row with this key exists already",
    Constraint "S07" Refusal "数据不满足约束" "the value is not allowed here",
    NotFound "S08" Refusal "记录不存在" "there is no such row",
    Io "S09" Failure "数据库读写失败" "the database cannot read or write",
    Scope "S10" Broken "语句缺少数据范围" "the statement does not fit its scope",
    Parameters "S11" Broken "语句与参数不符" "the statement and its parameters or columns do not fit",
    Statement "S12" Broken "数据库不接受该语句" "the database does not take the statement",
    MigrationAltered "S13" Broken "已执行的迁移被改动" "an applied migration was altered",
    MigrationOrder "S14" Broken "迁移清单次序错误" "the list of migrations is out of order",
    MigrationNewer "S15" Broken "数据库版本高于程序" "the database is newer than this program",
    Corrupt "S16" Broken "数据库文件损坏" "the database is damaged",
    Unfinished "S17" Broken "事务中有失败的语句，不能提交" "a statement of the transaction failed, it cannot be committed",
}

/// An error of the storage layer: a code, and a detail for people.
#[derive(Debug)]
pub struct StorageError {
    code: StorageCode,
    detail: String,
    source: Option<sqlx::Error>,
}

impl StorageError {
    pub(crate) fn new(code: StorageCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), source: None }
    }

    pub(crate) fn from_sqlx(kind: DbKind, error: sqlx::Error) -> Self {
        Self { code: classify(kind, &error), detail: error.to_string(), source: Some(error) }
    }

    pub(crate) fn with_code(self, code: StorageCode) -> Self {
        Self { code, ..self }
    }

    /// What went wrong.
    pub fn code(&self) -> StorageCode {
        self.code
    }

    /// Refusal, failure or broken invariant.
    pub fn class(&self) -> StorageClass {
        self.code.class()
    }

    /// What did not fit, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether a row with the same unique key exists already.
    pub fn is_unique_violation(&self) -> bool {
        self.code == StorageCode::Unique
    }

    /// Whether the whole transaction may be tried again at once: another one was in the way and nothing was written.
    pub fn is_conflict(&self) -> bool {
        self.code == StorageCode::Conflict
    }

    /// Whether the connection went away. After [`StorageCode::CommitUnknown`] look whether the work is there before
    /// doing it again; after [`StorageCode::Lost`] nothing was written.
    pub fn is_lost(&self) -> bool {
        matches!(self.code, StorageCode::Lost | StorageCode::CommitUnknown)
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}: {}", self.code.code(), self.code.text_zh(), self.code.text_en(), self.detail)
    }
}

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e as _)
    }
}

fn classify(kind: DbKind, error: &sqlx::Error) -> StorageCode {
    use sqlx::Error as E;
    match error {
        E::Database(e) => match (e.is_unique_violation(), kind) {
            (true, _) => StorageCode::Unique,
            (_, DbKind::Sqlite) => sqlite_code(e.code()),
            (_, DbKind::Postgres) => postgres_code(e.code()),
        },
        E::Configuration(_) | E::InvalidArgument(_) | E::Tls(_) => StorageCode::Open,
        E::Io(_) | E::Protocol(_) | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => StorageCode::Lost,
        E::PoolTimedOut => StorageCode::Conflict,
        E::RowNotFound => StorageCode::NotFound,
        E::TypeNotFound { .. }
        | E::ColumnIndexOutOfBounds { .. }
        | E::ColumnNotFound(_)
        | E::ColumnDecode { .. }
        | E::Encode(_)
        | E::Decode(_)
        | E::AnyDriverError(_) => StorageCode::Parameters,
        _ => StorageCode::Statement,
    }
}

/// Result codes of SQLite: the low byte of the extended code.
fn sqlite_code(code: Option<Cow<'_, str>>) -> StorageCode {
    match code.and_then(|c| c.parse::<i32>().ok()).unwrap_or_default() & 0xFF {
        5 | 6 => StorageCode::Conflict,        // busy, locked
        11 | 26 => StorageCode::Corrupt,       // corrupt, not a database
        13 => StorageCode::Full,               // full
        14 | 23 => StorageCode::Open,          // cannot open, authorization
        18..=20 => StorageCode::Constraint,    // too big, constraint, mismatch
        1 | 21 | 25 => StorageCode::Statement, // error, misuse, range
        _ => StorageCode::Io,                  // read-only, I/O, no memory and all else from outside
    }
}

/// SQLSTATE classes of PostgreSQL.
fn postgres_code(code: Option<Cow<'_, str>>) -> StorageCode {
    let code = code.unwrap_or_default();
    match (code.get(..2).unwrap_or_default(), &*code) {
        (_, "40001" | "40P01" | "55P03" | "57014") => StorageCode::Conflict,
        (_, "53300") => StorageCode::Conflict,
        (_, "53100") => StorageCode::Full,
        ("08", _) | (_, "57P01" | "57P02" | "57P03" | "57P05") => StorageCode::Lost,
        (_, "XX001" | "XX002") => StorageCode::Corrupt,
        ("22" | "23", _) => StorageCode::Constraint,
        ("28" | "3D", _) => StorageCode::Open,
        ("0A" | "42" | "25", _) if code != "25006" => StorageCode::Statement,
        _ => StorageCode::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_without_gaps() {
        for (i, code) in StorageCode::ALL.iter().enumerate() {
            assert_eq!(code.code(), format!("S{:02}", i + 1));
        }
    }

    #[test]
    fn codes_of_both_databases_are_told_apart() {
        let sqlite = |code: i32| sqlite_code(Some(code.to_string().into()));
        assert_eq!(sqlite(517), StorageCode::Conflict, "busy snapshot");
        assert_eq!(sqlite(13), StorageCode::Full);
        assert_eq!(sqlite(787), StorageCode::Constraint, "foreign key");
        assert_eq!(sqlite(3338), StorageCode::Io, "an extended I/O error");
        assert_eq!(sqlite(1), StorageCode::Statement);
        let postgres = |code: &'static str| postgres_code(Some(code.into()));
        assert_eq!(postgres("40001"), StorageCode::Conflict);
        assert_eq!(postgres("53100"), StorageCode::Full);
        assert_eq!(postgres("57P01"), StorageCode::Lost);
        assert_eq!(postgres("23503"), StorageCode::Constraint);
        assert_eq!(postgres("42P01"), StorageCode::Statement);
        assert_eq!(postgres("25006"), StorageCode::Io, "read-only");
    }
}
