//! Lists (列表) over SQL tables: columns as data, filters, sort, keyset pages, row streams.
//!
//! A list is a [`ListSpec`] constant in the crate that owns the table. Whoever shows lists (the server's API, exports, the
//! command line) knows specs only, so that every list has the same filters, sorting, paging and export.
//!
//! ```
//! use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};
//!
//! pub static UPLOADS: ListSpec = ListSpec {
//!     name: "uploads",
//!     zh: "上送文件",
//!     en: "Uploads",
//!     permission: "file.read",
//!     from: "upload u",
//!     scope: Some("{scope:u.member}"),
//!     columns: &[
//!         Column::new("upload_no", "序号", "Number", "u.upload_no", Kind::Int).hidden(),
//!         Column::new("name", "文件名", "File name", "u.name", Kind::Code),
//!         Column::new("member", "成员机构", "Member", "u.member", Kind::Member),
//!         Column::new("clearing_date", "清算日", "Clearing date", "u.clearing_date", Kind::Date),
//!         Column::new("total_fen", "金额", "Amount", "u.total_fen", Kind::Fen),
//!         Column::new("accepted_at", "接收时间", "Accepted at", "u.accepted_at", Kind::DateTime),
//!     ],
//!     default_sort: &[("clearing_date", Direction::Descending)],
//!     key: "upload_no",
//!     base_filter: None,
//! };
//! ```
//!
//! A contract test of the owner calls [`check`] on both databases: it runs every filter and sort of the spec.
//!
//! Invariants: no text of a caller enters a statement but as a parameter; a list without `scope` is seen by the platform
//! only; the pages of a query are the whole ordered list, without gap or repetition, as long as rows do not move; a cursor
//! goes on with the query that made it and with no other.

mod cell;
mod check;
mod cursor;
mod error;
mod page;
mod query;
mod spec;
mod sql;

pub use cell::Cell;
pub use check::check;
pub use error::{Fault, ListingCode, ListingError};
pub use page::{MOST_COUNTED, Page, Rows, for_each_row, page};
pub use query::{Filter, MOST_ROWS, Op, Query, columns_named};
pub use spec::{Column, Direction, EnumValue, Kind, ListSpec, Tone};
