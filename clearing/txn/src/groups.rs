//! Per-group sums of accepted records: a monoid, so that batches merge in any order and on any node.

use std::collections::BTreeMap;
use tongka_base::{Fen, Industry, MemberCode, MoneyError};

/// What accepted records of one clearing date are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// Acquirer (收单方): the sender of the upload.
    pub acquirer: MemberCode,
    /// The issuer's member (发卡方).
    pub issuer: MemberCode,
    /// Industry.
    pub industry: Industry,
}

/// Count and gross amount of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSum {
    /// Number of records.
    pub count: u64,
    /// Sum of amounts.
    pub gross: Fen,
}

impl GroupSum {
    /// Adds another sum of the same group.
    pub fn merge(&mut self, other: Self) -> Result<(), MoneyError> {
        self.count += other.count;
        self.gross = self.gross.checked_add(other.gross)?;
        Ok(())
    }
}

/// Sums by group, in group order.
pub type Groups = BTreeMap<GroupKey, GroupSum>;
