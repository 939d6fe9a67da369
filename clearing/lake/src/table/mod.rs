//! Records of one upload as a Parquet file, sorted by card (scheme, issuer id, application serial, offline counter).
//!
//! Every record of the upload is there, whatever its verdict; `record_no` leads back to its raw line. Columns are plain
//! 32- and 64-bit integers, so that any Parquet reader can use them; the file says which member each index of
//! `issuer_member` stands for. Pages are small and the file knows where each begins, so that a few rows cost a few
//! pages.

mod filter;
mod read;
mod record;
mod source;
mod write;

pub use filter::{Filter, Test};
pub use read::Table;
pub use record::StoredRecord;
pub use write::write;

use crate::LakeError;
use parquet::errors::ParquetError;
use std::path::Path;

/// A column of the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
#[allow(missing_docs)] // each is the column of `tongka_txn::Columns` of the same name
pub enum Column {
    RecordNo,
    Scheme,
    IssuerId,
    SerialHigh,
    SerialLow,
    CardType,
    Tti,
    Counter,
    Psam,
    PsamTxn,
    BalanceBefore,
    Amount,
    ListPrice,
    Date,
    Time,
    KeyVersion,
    Algorithm,
    Tac,
    Industry,
    Merchant,
    Line,
    Device,
    City,
    Flags,
    IssuerMember,
    Reason,
}

/// How a column is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    /// Few distinct values: dictionary.
    Dictionary,
    /// Sorted or clustered: differences, bit-packed.
    Delta,
    /// No pattern.
    Plain,
}

use Store::{Delta, Dictionary, Plain};

/// Name, width in bits and storage, in the order of [`Column`].
const COLUMNS: [(&str, u8, Store); 26] = [
    ("record_no", 32, Delta),
    ("scheme", 32, Dictionary),
    ("issuer_id", 64, Delta),
    ("serial_high", 32, Delta),
    ("serial_low", 64, Delta),
    ("card_type", 32, Dictionary),
    ("tti", 32, Dictionary),
    ("counter", 32, Delta),
    ("psam", 64, Delta),
    ("psam_txn", 32, Delta),
    ("balance_before", 32, Delta),
    ("amount", 32, Delta),
    ("list_price", 32, Delta),
    ("date", 32, Dictionary),
    ("time", 32, Delta),
    ("key_version", 32, Dictionary),
    ("algorithm", 32, Dictionary),
    ("tac", 32, Plain),
    ("industry", 32, Dictionary),
    ("merchant", 32, Delta),
    ("line", 32, Delta),
    ("device", 32, Delta),
    ("city", 32, Delta),
    ("flags", 32, Dictionary),
    ("issuer_member", 32, Dictionary),
    ("reason", 32, Dictionary),
];

/// Under this key the file says which members the indexes of `issuer_member` stand for.
const MEMBERS: &str = "tongka.members";

fn failed(path: &Path) -> impl Fn(ParquetError) -> LakeError + '_ {
    move |error| match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => LakeError::Io { path: path.to_owned(), source: *source },
            Err(other) => LakeError::damaged(path, other),
        },
        other => LakeError::damaged(path, other),
    }
}

#[cfg(test)]
pub(crate) mod tests;
