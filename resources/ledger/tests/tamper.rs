//! Whatever is altered behind the ledger's back is found by verification and named.

mod common;

use common::{entry_end, hold, open, pay, ready};
use tongka_ledger::{Resolution, apply_all, verify};
use tongka_storage::{Db, Scope, params};
use tongka_testkit::{TestDatabase, databases};

/// Accounts 1 `bank`, 2 `a`, 3 `b`, 4 `spare`; transfers 1 to 7.
async fn sound(database: &TestDatabase) -> Db {
    let db = ready(database).await;
    open(&db, &[("spare", Some(9))]).await;
    let entries = [
        pay("1", "bank", "a", 1_000),
        hold("2", "a", "b", 300),
        hold("3", "a", "b", 200),
        entry_end("4", "2", Resolution::Post),
        entry_end("5", "3", Resolution::Void),
        hold("6", "a", "b", 50),
        pay("7", "a", "b", 10),
    ];
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    apply_all(&mut tx, &entries).await.unwrap();
    tx.commit().await.unwrap();
    let report = verify(&db).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.accounts, report.transfers, report.debits.0), (4, 7, 1_310));
    db
}

async fn alter(db: &Db, statements: &str) {
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    for statement in statements.split(';') {
        assert!(tx.execute(statement, &[]).await.unwrap() > 0, "{statement}");
    }
    tx.commit().await.unwrap();
}

/// Statements, and what the first fault is about.
const CASES: &[(&str, &str)] = &[
    // Transfers, column by column.
    ("UPDATE ledger_transfer SET sequence = 9 WHERE sequence = 7", "transfer 9: numbers 7 to 8 are missing"),
    ("UPDATE ledger_transfer SET sequence = -sequence WHERE sequence = 1", "transfer -1:"),
    ("UPDATE ledger_transfer SET key = 'other' WHERE sequence = 7", "transfer 7: its content"),
    ("UPDATE ledger_transfer SET phase = 'pending' WHERE sequence = 7", "transfer 7: its content"),
    ("UPDATE ledger_transfer SET phase = 'posted' WHERE sequence = 6", "transfer 6: its content"),
    ("UPDATE ledger_transfer SET phase = 'void' WHERE sequence = 4", "transfer 4: its content"),
    ("UPDATE ledger_transfer SET pending_key = '6' WHERE sequence = 5", "transfer 5: its content"),
    ("UPDATE ledger_transfer SET pending_key = NULL WHERE sequence = 5", "transfer 5: its content"),
    ("UPDATE ledger_transfer SET pending_key = '6' WHERE sequence = 7", "transfer 7: its content"),
    ("UPDATE ledger_transfer SET debit = 'spare' WHERE sequence = 7", "transfer 7: its content"),
    ("UPDATE ledger_transfer SET credit = 'spare' WHERE sequence = 2", "transfer 2: its content"),
    ("UPDATE ledger_transfer SET amount_fen = amount_fen + 1 WHERE sequence = 1", "transfer 1: its content"),
    ("UPDATE ledger_transfer SET booking_date = booking_date + 1 WHERE sequence = 3", "transfer 3: its content"),
    ("UPDATE ledger_transfer SET reason = '' WHERE sequence = 1", "transfer 1: its content"),
    ("UPDATE ledger_transfer SET created_at = '20260901120001' WHERE sequence = 6", "transfer 6: its content"),
    ("UPDATE ledger_transfer SET previous_hash = hash WHERE sequence = 5", "transfer 5: does not follow"),
    ("UPDATE ledger_transfer SET hash = previous_hash WHERE sequence = 5", "transfer 5: its content"),
    ("UPDATE ledger_transfer SET hash = previous_hash WHERE sequence = 7", "transfer 7: its content"),
    // Transfers deleted, at the front, in the middle, at the end; the head adjusted or not.
    ("DELETE FROM ledger_transfer WHERE sequence = 1", "transfer 2: numbers 1 to 1 are missing"),
    ("DELETE FROM ledger_transfer WHERE sequence = 5", "transfer 6: numbers 5 to 5 are missing"),
    ("DELETE FROM ledger_transfer WHERE sequence = 7", "account a: its debits are 310 fen, its transfers make 300 fen"),
    (
        "DELETE FROM ledger_transfer WHERE sequence = 7; UPDATE ledger_head SET sequence = 6, \
         hash = (SELECT hash FROM ledger_transfer WHERE sequence = 6) WHERE chain = 'transfer'",
        "account a: its debits",
    ),
    (
        "DELETE FROM ledger_transfer WHERE sequence = 7; UPDATE ledger_account SET debits_fen = debits_fen - 10 \
         WHERE code = 'a'; UPDATE ledger_account SET credits_fen = credits_fen - 10 WHERE code = 'b'",
        "head of the transfer chain: it counts 7 rows, the last row is 6",
    ),
    (
        "DELETE FROM ledger_transfer WHERE sequence = 4; UPDATE ledger_transfer SET sequence = 4 WHERE sequence = 7",
        "transfer 4: does not follow",
    ),
    // Transfers inserted.
    (
        "INSERT INTO ledger_transfer SELECT 8, 'forged', phase, pending_key, debit, credit, amount_fen, booking_date, \
         reason, created_at, hash, hash FROM ledger_transfer WHERE sequence = 7",
        "transfer 8: its content",
    ),
    (
        "INSERT INTO ledger_transfer SELECT 0, 'forged', phase, pending_key, debit, credit, amount_fen, booking_date, \
         reason, created_at, previous_hash, hash FROM ledger_transfer WHERE sequence = 1",
        "transfer 0:",
    ),
    // Accounts, column by column.
    ("UPDATE ledger_account SET sequence = 6 WHERE code = 'spare'", "account spare: numbers 4 to 5 are missing"),
    ("UPDATE ledger_account SET code = 'other' WHERE code = 'spare'", "account other: its content"),
    ("UPDATE ledger_account SET kind = 'income' WHERE code = 'a'", "account a: its content"),
    ("UPDATE ledger_account SET owner = 8 WHERE code = 'spare'", "account spare: its content"),
    ("UPDATE ledger_account SET owner = NULL WHERE code = 'spare'", "account spare: its content"),
    ("UPDATE ledger_account SET normal_side = 'credit' WHERE code = 'bank'", "account bank: its content"),
    ("UPDATE ledger_account SET min_fen = NULL WHERE code = 'a'", "account a: its content"),
    ("UPDATE ledger_account SET max_fen = 0 WHERE code = 'b'", "account b: its content"),
    ("UPDATE ledger_account SET previous_hash = hash WHERE code = 'a'", "account a: does not follow"),
    ("UPDATE ledger_account SET hash = previous_hash WHERE code = 'spare'", "account spare: its content"),
    ("UPDATE ledger_account SET debits_fen = debits_fen + 1 WHERE code = 'spare'", "account spare: its debits"),
    ("UPDATE ledger_account SET credits_fen = credits_fen - 1 WHERE code = 'b'", "account b: its credits"),
    ("UPDATE ledger_account SET pending_debits_fen = 0 WHERE code = 'a'", "account a: its pending debits"),
    ("UPDATE ledger_account SET pending_credits_fen = 1 WHERE code = 'spare'", "account spare: its pending credits"),
    // Balances altered so that Σ debits = Σ credits still holds.
    (
        "UPDATE ledger_account SET credits_fen = credits_fen - 5 WHERE code = 'b'; \
         UPDATE ledger_account SET credits_fen = credits_fen + 5 WHERE code = 'spare'",
        "account b: its credits",
    ),
    (
        "DELETE FROM ledger_account WHERE code = 'spare'",
        "head of the account chain: it counts 4 rows, the last row is 3",
    ),
    (
        "INSERT INTO ledger_account SELECT 5, 'forged', kind, owner, normal_side, min_fen, max_fen, hash, hash, 0, 0, 0, 0 \
         FROM ledger_account WHERE code = 'spare'",
        "account forged: its content",
    ),
    // Heads.
    ("UPDATE ledger_head SET sequence = 8 WHERE chain = 'transfer'", "head of the transfer chain: it counts 8"),
    ("UPDATE ledger_head SET hash = '' WHERE chain = 'transfer'", "head of the transfer chain: its hash"),
    ("UPDATE ledger_head SET hash = '' WHERE chain = 'account'", "head of the account chain: its hash"),
    ("DELETE FROM ledger_head WHERE chain = 'account'", "head of the account chain: is missing"),
];

const TABLES: [&str; 3] = ["ledger_account", "ledger_transfer", "ledger_head"];

/// Puts every row back as it was when the copies were made.
async fn restore(db: &Db) {
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    for table in TABLES.iter().rev() {
        tx.execute(&format!("DELETE FROM {table}"), &[]).await.unwrap();
    }
    for table in TABLES {
        tx.execute(&format!("INSERT INTO {table} SELECT * FROM copy_of_{table}"), &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn every_alteration_is_found_and_named() {
    for database in databases().await {
        let db = sound(&database).await;
        for table in TABLES {
            let copy = format!("CREATE TABLE copy_of_{table} AS SELECT * FROM {table}");
            db.read(Scope::Platform).fetch_all(&copy, &[]).await.unwrap();
        }
        for (statements, expected) in CASES {
            alter(&db, statements).await;
            let report = verify(&db).await.unwrap();
            let first = report.faults.first().map(ToString::to_string).unwrap_or_default();
            assert!(first.contains(expected), "{statements}\n  found: {first}\n  not: {expected}");
            restore(&db).await;
        }
        assert!(verify(&db).await.unwrap().is_sound(), "the last one was put back");
    }
}

/// Someone who can compute hashes appends a row that fits the chain and moves the head, but not the balances.
#[tokio::test]
async fn a_well_made_row_without_its_balances_is_found() {
    for database in databases().await {
        let db = sound(&database).await;
        let workshop = tongka_testkit::sqlite();
        let forge = sound(&workshop).await;
        let mut tx = forge.begin_write(Scope::Platform).await.unwrap();
        apply_all(&mut tx, &[pay("8", "a", "spare", 90)]).await.unwrap();
        tx.commit().await.unwrap();
        let columns =
            "sequence, key, phase, debit, credit, amount_fen, booking_date, reason, created_at, previous_hash, hash";
        let row = forge
            .read(Scope::Platform)
            .fetch_one(&format!("SELECT {columns} FROM ledger_transfer WHERE sequence = 8"), &[])
            .await
            .unwrap();
        let text = |column| row.text(column).unwrap();
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        tx.execute(
            &format!("INSERT INTO ledger_transfer ({columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"),
            params![
                8,
                text("key"),
                text("phase"),
                text("debit"),
                text("credit"),
                90,
                row.int("booking_date").unwrap(),
                text("reason"),
                text("created_at"),
                text("previous_hash"),
                text("hash")
            ],
        )
        .await
        .unwrap();
        let head = "UPDATE ledger_head SET sequence = 8, hash = $1 WHERE chain = 'transfer'";
        tx.execute(head, params![text("hash")]).await.unwrap();
        tx.commit().await.unwrap();
        let found = verify(&db).await.unwrap().faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("account a: its debits") && found[1].contains("account spare: its credits"),
            "{found:?}"
        );
    }
}

/// SQLite stores text in an integer column when told to; the row is named, not skipped.
#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let database = tongka_testkit::sqlite();
    let db = sound(&database).await;
    alter(&db, "UPDATE ledger_transfer SET amount_fen = 'ten' WHERE sequence = 7").await;
    let report = verify(&db).await.unwrap();
    assert!(report.faults[0].to_string().contains("transfer 7: cannot be read"), "{}", report.faults[0]);
    alter(&db, "UPDATE ledger_account SET debits_fen = x'00' WHERE code = 'spare'").await;
    let report = verify(&db).await.unwrap();
    assert!(report.faults[0].to_string().contains("account spare: cannot be read"), "{}", report.faults[0]);
}
