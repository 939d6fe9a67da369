//! Member institutions (成员机构) and the scheme book (规则簿): rules and parties of the clearing centre as data that two
//! people change, version by version.
//!
//! | to | use |
//! |---|---|
//! | fill an empty book from a scheme file | [`import_first`] |
//! | run a clearing date | [`current`], which gives a version and its [`tongka_scheme::Scheme`] |
//! | look back | [`at_version`], [`version_of`] a digest, [`changes`], [`card_changes`] |
//! | change it | [`validate`], then a proposal of `tongka-access`, whose approval calls [`execute`] |
//! | send what a change names | [`send_cards`], [`send_scheme`], [`send_certificate`] |
//! | know days and hours | [`bank_calendar`], [`schedule`], [`expected_board`] |
//! | see lists | [`LISTS`] |
//!
//! Invariants:
//! - a row holds from one version to another, is written once and closed once: every version can be read for ever;
//! - every version keeps the rules that the parser of scheme files keeps;
//! - an approval makes exactly one version or none, in its own transaction, with an audit entry;
//! - the digest of a version follows from the digest before it and the rows it closed and inserted;
//! - no change reaches a clearing date that was opened;
//! - no key is in SQL, no whole card number in an error, a log or an approval's summary.

mod book;
mod calendar;
mod certificates;
pub mod change;
mod error;
mod expected;
mod files;
mod form;
mod import;
mod keys;
mod lists;
mod onboarding;
mod read;
mod rows;
mod version;
mod write;

pub use book::TableChange;
pub use calendar::{DayTimes, Schedule, bank_calendar, bank_calendar_in, schedule};
pub use certificates::{
    NewCertificate, present_members, proof_text, refuse_certificate, send_certificate, valid_certificates,
    waiting_certificate,
};
pub use change::{Change, Checked, KINDS, KindSpec, execute, validate};
pub use error::{BookCode, MemberError, Refusal, RowFault};
pub use expected::{ExpectedFiles, Standing, expected_board};
pub use files::{MOST_BYTES, SentFile, send_cards, send_scheme};
pub use import::import_first;
pub use lists::LISTS;
pub use onboarding::{Onboarding, STEPS, StepRecord, StepSpec, StepState, note_step, onboardings, start_onboarding};
pub use version::{
    CardChanges, Changes, Verified, Version, at_version, card_changes, changes, current, current_version, listed_since,
    names, reserves, rules, verify, version_of, versions,
};
