//! All SQL migrations, one ordered list for every database.

mod access;
mod audit;
mod cards;
mod case;
mod clearing;
mod dispute;
mod front;
mod issuing;
mod job;
mod keys;
mod ledger;
mod lists;
mod member;
mod reporting;
mod settlement;
mod tac;

use tongka_storage::{Db, Migration, StorageError};

/// The schema, step by step. A released step is never edited: a change is a new step.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "ledger", sql: ledger::SQL },
    Migration { version: 2, name: "clearing", sql: clearing::SQL },
    Migration { version: 3, name: "audit", sql: audit::SQL },
    Migration { version: 4, name: "keys", sql: keys::SQL },
    Migration { version: 5, name: "issuing", sql: issuing::SQL },
    Migration { version: 6, name: "access", sql: access::SQL },
    Migration { version: 7, name: "job", sql: job::SQL },
    Migration { version: 8, name: "member", sql: member::SQL },
    Migration { version: 9, name: "dispute", sql: dispute::SQL },
    Migration { version: 10, name: "front", sql: front::SQL },
    Migration { version: 11, name: "lists", sql: lists::SQL },
    Migration { version: 12, name: "settlement", sql: settlement::SQL },
    Migration { version: 13, name: "cards", sql: cards::SQL },
    Migration { version: 14, name: "tac", sql: tac::SQL },
    Migration { version: 15, name: "reporting", sql: reporting::SQL },
    Migration { version: 16, name: "case", sql: case::SQL },
];

/// Brings a database to the schema of this program.
pub async fn migrate(db: &Db) -> Result<(), StorageError> {
    db.migrate(MIGRATIONS).await
}
