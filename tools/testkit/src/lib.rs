//! Real parts for tests: a private PostgreSQL server, and both databases for one test body.
//!
//! A contract suite runs every body on both databases:
//!
//! ```no_run
//! # async fn test() {
//! for database in tongka_testkit::databases().await {
//!     let db = database.open().await;
//!     // db.migrate(…), then what the contract says
//!     db.close().await;
//! }
//! # }
//! ```
//!
//! Invariant: a missing PostgreSQL makes such a test fail and say what to install; it is never passed over. No server
//! and no data outlives the test process, however that ends.

mod database;
#[cfg(feature = "hsm")]
pub mod hsm;
mod postgres;
mod programs;

pub use database::{TestDatabase, databases, sqlite};
pub use postgres::{Postgres, PostgresError};
