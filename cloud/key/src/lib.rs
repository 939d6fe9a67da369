//! Key management (密钥管理系统), for the centre and for every tenant city.
//!
//! The HSM holds the keys; here is who may do what with them: custodians (密钥保管员) with passphrases and terms,
//! ceremonies in which several of them make a key from components, and dual control: whatever changes or exports a key is
//! proposed by one custodian and approved by another of the same owner. Owner 0 is the centre; a tenant's custodians see
//! and use their own keys only, and another owner's key answers as one that is not there.
//!
//! Invariants: nothing here ever holds a stored key; every deed and every refusal leaves an audit entry; a key's row and
//! the key on the device appear together, and a key on the device without a row was never used.

mod ceremony;
mod custodian;
mod desk;
mod error;
mod keys;
pub mod lists;
mod request;

pub use ceremony::{Minutes, OpenCeremony, Participant, ceremony};
pub use custodian::{Custodian, Login, Proof, admit, custodians, enrol, together};
pub use desk::Desk;
pub use error::KeyError;
pub use keys::{Finding, KeyState, Level, ManagedKey, Wanted, choose, inventory, keys, pick};
pub use request::{Action, Done, Factors, NewKey, Request, approve, propose, refuse, requests};

/// The centre as an owner of keys.
pub const CENTRE: tongka_storage::TenantCode = tongka_storage::TenantCode(0);
