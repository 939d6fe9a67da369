//! The clearing scheme (清分规则与参数): who takes part and by which rules a clearing day is run.
//!
//! Plain data, read whole from a scheme file ([`parse`]) or refused whole, and written back by [`render`]. Source:
//! exchange interface v1, chapter 8.
//! Invariants of a [`Scheme`] that came out of [`parse`]: codes are unique, every reference resolves, PSAM ranges do
//! not overlap, no two fee rules of equal pattern overlap in time, and every allowed (scheme, version, algorithm)
//! has its TAC key where the centre verifies. [`check`] says whether a scheme from elsewhere keeps them. No error text
//! shows the bytes of a key.

mod check;
mod error;
mod model;
mod parse;
mod read;
mod render;

pub use check::{Fault, check};
pub use error::{ErrorCode, SchemeError};
pub use model::*;
pub use parse::{parse, parse_tac_keys};
pub use render::{render, render_tac_keys};
