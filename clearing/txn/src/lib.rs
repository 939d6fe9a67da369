//! The canonical transaction as columns (交易列存), and the checks that give every record its verdict.
//!
//! An upload's records become [`Columns`]; a [`Rulebook`] is the scheme compiled for one clearing date; [`check_chunk`]
//! appends records and their reasons in the order of exchange interface v1, chapter 5, up to check 13. Checks 14 and 15
//! need every earlier accepted record and belong to the key index of the lake.
//!
//! Invariants: row `i` of an upload is its record number `i + 1`; every record has a row, also a malformed one (its
//! columns are then zero but for the amount); a reason is set exactly once.

mod checks;
mod columns;
mod groups;
mod keys;
mod rulebook;

pub use checks::{CheckStep, Scratch, check_chunk, trace_record};
pub use columns::{Columns, FLAG_GREY, FLAG_TEST, NO_MEMBER, NO_RANK};
pub use groups::{GroupKey, GroupSum, Groups};
pub use keys::{KeyHash, KeySecret};
pub use rulebook::{IssuerRules, Rulebook, Sender, number48, split_serial};
