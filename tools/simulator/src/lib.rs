//! Simulated clearing days, and uploads made of real taps.
//!
//! [`simulate_day`] writes the uploads of a day as members would send them, with every kind of fault where asked, and
//! the truth about every record: truth follows from how a record was made, not from a second implementation of the
//! checks. Invariants: the same [`DayPlan`] gives the same bytes whatever the machine and the number of threads; days
//! of one seed never reuse a (card, counter) or a (PSAM, transaction number) within the history that counts; memory
//! grows with the records of a file, not of a day. Source: exchange interface v1.
//!
//! [`bank`] is a settlement bank with faults, which keeps true balances.
//!
//! [`import_shenzhen`] turns rows of the Shenzhen open data into valid uploads of one member.

mod bad_files;
pub mod bank;
mod cities;
mod damage;
mod day;
mod dice;
mod draft;
mod fault_kinds;
mod faults;
mod import;
mod plan;
mod traffic;
mod world;

pub use day::{DayPlan, DaySummary, simulate_day};
pub use import::{ImportError, ImportSummary, ImportedUpload, import_shenzhen};
pub use world::{MAX_MEMBERS, simulated_scheme};

use std::path::{Path, PathBuf};

/// Why a day cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The plan cannot be carried out.
    #[error("G01 模拟计划无效 invalid plan: {0}")]
    Plan(String),
    /// The inbox already holds files.
    #[error("G02 目录非空 folder is not empty: {0}")]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error("G03 文件读写失败 cannot read or write {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A simulated member cannot sign.
    #[error("G04 签名失败 cannot sign")]
    Signature,
}

/// Names the path in an I/O error.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> SimError + '_ {
    |source| SimError::Io { path: path.to_owned(), source }
}
