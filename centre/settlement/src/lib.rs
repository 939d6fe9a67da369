//! Settlement (结算) through a bank and the reserve fund (备付金). Here so far: what members pay into their reserves and
//! take out of them, by two people of the centre.

mod error;
mod list;
pub mod reserve;

pub use error::SettlementError;
pub use list::{LISTS, TOPUPS};
