//! Proof (核算): the second path from raw uploads to verdicts, positions and result files.
//!
//! The centre recomputes every published figure twice. The engine is the fast way; this crate is the slow and plain
//! one, written from exchange interface v1 alone. A mistake is caught only while the two share nothing but the
//! document, so this crate **must stay independent**: it uses the base types and the scheme's data, and never the
//! crates of the fast path (wire, txn, lake, engine). Its layouts, checks, card cryptography, fee selection and
//! rounding are its own, even where another crate could lend them.
//!
//! One record at a time, one file at a time, no clever structure: what is written here should be readable beside the
//! document. Entry points:
//! - [`read_inbox`] lists the uploads of a folder; [`prove_day`] turns them into a [`DayOutcome`];
//! - [`prove_day_in_runs`] does so when the day's files arrived in several runs;
//! - [`CarryOver`] carries identities, keys and reserves from day to day, so that successive days can be proven from
//!   their raw files alone;
//! - [`compare_outbox`] holds an outcome against a folder of result files, times of creation aside.
//!
//! Invariants of a [`DayOutcome`]: Σ positions + centre fees = 0; every accepted record is in exactly one TXD file and
//! every other record of an accepted file in exactly one TXE file; equal inputs give equal outcomes.

mod carry;
mod compare;
mod crypto;
mod day;
mod error;
mod fields;
mod filecheck;
mod header;
mod history;
mod name;
mod netting;
mod outcome;
mod record;
mod recordcheck;
mod results;
#[cfg(test)]
mod tests;
mod upload;

pub use carry::CarryOver;
pub use compare::{Difference, compare_outbox};
pub use day::{DayInput, OutputMode, prove_day, prove_day_in_runs};
pub use error::ProofError;
pub use history::{CardKey, ContentDigest, DayKeys, KeyHistory, PsamTxn};
pub use name::FileId;
pub use netting::{Adjustment, Group, GroupKey, OwnGroup, Position};
pub use outcome::{DayOutcome, Digest, FileOutcome, FileResult, Refusal, ResultFile};
pub use upload::{Loader, Source, Upload, read_inbox};
