//! SQL storage: one query text on SQLite (a file, the default) and PostgreSQL (production).
//!
//! | to | use |
//! |---|---|
//! | open a database | [`Db::open`] |
//! | read | [`Db::read`], or [`Db::begin_read`] for several statements over one snapshot |
//! | write | [`Db::begin_write`], or [`Db::begin_write_locking`] where many tasks want the same rows |
//! | bring the tables up to date | [`Db::migrate`] |
//!
//! Query text: `$1`, `$2`, … stand for parameters; `{scope:column}` and `{tenant:column}` stand for the rows that the
//! caller may see ([`Scope`]). Column types are `BIGINT` (also for flags, dates as days since 1970-01-01 and money in
//! fen), `TEXT` and bytes. A sum needs `CAST(SUM(x) AS BIGINT)`, because PostgreSQL sums into NUMERIC.
//!
//! Invariants:
//! - no statement without a scope: forgetting it does not compile, forgetting its marker is refused (S10);
//! - every placeholder has its parameter and every parameter its placeholder (S11), because SQLite would quietly take
//!   NULL for a missing one;
//! - what was committed survives a power cut (SQLite: WAL with `synchronous=FULL`; PostgreSQL: its default);
//! - a write transaction in which a statement failed, or was abandoned half-way, cannot be committed (S17);
//! - a migration once applied is never altered (S13).

mod db;
mod error;
mod insert;
mod migrate;
mod row;
mod scope;
mod statement;
mod tx;
mod value;

pub use db::{Db, DbKind, Read};
pub use error::{StorageClass, StorageCode, StorageError};
pub use migrate::Migration;
pub use row::Row;
pub use scope::{Scope, TenantCode};
pub use tx::{ReadTx, WriteTx};
pub use value::Value;
