//! The exchange interface (数据交换接口) of the clearing centre: member files in, receipts and result files out, and the
//! run of a whole clearing date over a folder. Source: exchange interface v1.
//!
//! Invariants: an inbox is only read; a file that is refused or waits is copied aside before its receipt is written; a
//! receipt is in the database before it is in the outbox; a result file is published once and never changed.

pub mod explain;
pub mod filecheck;
pub mod inbox;
pub mod intake;
pub mod list;
pub mod open_day;
pub mod overview;
pub mod process;
pub mod prove;
pub mod publish;
pub mod record;
pub mod run;
pub mod search;
pub mod stage;
pub mod statement;
pub mod store;
pub mod tac_verdict;

pub use open_day::{DaySetup, OpenDay, Opened};
pub use run::{DayReport, Event, RunOptions, run_day};

use std::path::PathBuf;
use tongka_base::MoneyError;
use tongka_engine::EngineError;
use tongka_lake::LakeError;
use tongka_ledger::LedgerError;
use tongka_storage::StorageError;

/// Why a command of the exchange stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The database failed or refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The lake or another file failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The scheme file was refused.
    #[error("{}", .0.join("\n"))]
    Scheme(Vec<String>),
    /// A result does not fit the exchange interface.
    #[error("X01 结果文件字段溢出 a result does not fit its field: {0}")]
    Wire(#[from] tongka_wire::WireError),
    /// A file changed while it was read.
    #[error("X02 文件读取过程中被改动，稍后重试 file changed while it was read, run again later: {path}")]
    Changed {
        /// File.
        path: PathBuf,
    },
    /// Another process works on the data folder.
    #[error("X03 数据目录正被另一进程使用 another process works on the data folder {path}")]
    Locked {
        /// Data folder.
        path: PathBuf,
    },
    /// Nothing of that name or date.
    #[error("X04 未找到 not found: {0}")]
    NotFound(String),
    /// What is asked for belongs to the centre and its members.
    #[error("X06 租户无权查询清算中心的交易 tenants have no records of the centre")]
    NotForTenants,
    /// A search that makes no sense.
    #[error("X07 查询条件无效 the search cannot be done: {0}")]
    BadQuery(String),
    /// The caller no longer wants the answer.
    #[error("X08 查询已取消 the search was cancelled")]
    Cancelled,
    /// Statements are of closed dates.
    #[error("X09 清算日 {0} 尚未关账，没有对账单 clearing date {0} is not closed, there is no statement yet")]
    NotClosed(tongka_base::Date),
    /// The books do not give what was issued under a number.
    #[error("X10 账簿内容与已出具的对账单 {0} 不符，请核查 the books differ from the statement issued as {0}")]
    StatementDiffers(String),
    /// The audit log refused.
    #[error(transparent)]
    Audit(#[from] tongka_audit::AuditError),
    /// A file of TAC verdicts that does not fit what was cleared.
    #[error("X11 TAC判定不合规 a TAC verdict that does not fit: {0}")]
    TacVerdict(String),
    /// The proof from raw files could not be run.
    #[error("X05 原始文件证明无法执行 proof from raw files failed: {0}")]
    Proof(String),
}

impl From<LedgerError> for ExchangeError {
    fn from(error: LedgerError) -> Self {
        Self::Engine(error.into())
    }
}
