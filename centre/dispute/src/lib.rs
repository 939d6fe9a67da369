//! Errors and disputes (差错争议): suspicious records, adjustments by hand, and cases between two members.
//!
//! Whatever moves money here is an adjustment (调账, `tongka_engine::adjust`): decided by two people or by a rule of the
//! scheme, booked by the next cut, never a change of what was cleared before.
//!
//! Invariants: a suspicious record is decided once; its verdict in the lake stays S; who proposes does not approve (the
//! approvals see to that); every decision moves exactly the money that is written into the proposal.

pub mod case;
pub mod chain;
mod decision;
mod error;
pub mod evidence;
pub mod gaps;
mod list;
pub mod manual;
pub mod rules;
pub mod suspicious;

pub use decision::{KINDS, execute, propose, validate};
pub use error::DisputeError;
pub use list::{ADJUSTMENTS, SUSPICIOUS};
