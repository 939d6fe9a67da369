//! The converter (格式转换): a city's own files into consumption uploads, results back into the city's layout.
//!
//! | module | what is in it |
//! |---|---|
//! | [`profile`] | the partner profile (转换模板), TOML |
//! | [`source`] | the lines of a source file as fields |
//! | [`mapping`] | from fields to a TXU record, by rules |
//! | [`formats`] | amounts, dates and times as cities write them |
//! | [`results`] | from records of results to the city's layout |
//!
//! Invariants: every line of a source file ends as a record, as passed over by a rule of the profile, or as a reject with its
//! number, a code and its bytes; a field of TXU that neither the layout nor a rule gives is never invented; no amount goes
//! through floating point. The same bytes under the same profile give the same records.

pub mod formats;
pub mod mapping;
pub mod profile;
pub mod results;
pub mod source;

pub use profile::{ConvertError, Profile};
pub use source::{Converted, LineCode, LineReject, convert};
