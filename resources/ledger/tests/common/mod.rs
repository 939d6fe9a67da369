//! A ledger for tests: `bank` (an asset, at least zero), `a` (a reserve, 0 to 100 yuan) and `b` (no bounds).

#![allow(dead_code, reason = "each test binary uses a part")]

use tongka_base::date::parse_date;
use tongka_base::{Date, Fen, MemberCode};
use tongka_ledger::{AccountSpec, Entry, NormalSide, PendingEnd, Resolution, Transfer, open_accounts};
use tongka_storage::{Db, Scope};
use tongka_testkit::TestDatabase;

pub(crate) fn day(day: u32) -> Date {
    parse_date(format!("202609{day:02}").as_bytes()).expect("a day of September")
}

pub(crate) fn transfer(key: &str, debit: &str, credit: &str, amount: i64) -> Transfer {
    Transfer {
        key: key.into(),
        debit: debit.into(),
        credit: credit.into(),
        amount: Fen(amount),
        date: day(1),
        reason: "test 测试".into(),
        created_at: "20260901120000".into(),
    }
}

pub(crate) fn end(key: &str, pending_key: &str, resolution: Resolution) -> PendingEnd {
    PendingEnd {
        key: key.into(),
        pending_key: pending_key.into(),
        resolution,
        date: day(1),
        reason: "end".into(),
        created_at: "20260901130000".into(),
    }
}

pub(crate) fn pay(key: &str, debit: &str, credit: &str, amount: i64) -> Entry {
    Entry::Post(transfer(key, debit, credit, amount))
}

pub(crate) fn hold(key: &str, debit: &str, credit: &str, amount: i64) -> Entry {
    Entry::Reserve(transfer(key, debit, credit, amount))
}

pub(crate) fn entry_end(key: &str, pending_key: &str, resolution: Resolution) -> Entry {
    Entry::Resolve(end(key, pending_key, resolution))
}

/// Opens further accounts without bounds.
pub(crate) async fn open(db: &Db, accounts: &[(&str, Option<u32>)]) {
    let spec = |(code, owner): &(&str, Option<u32>)| AccountSpec {
        code: (*code).into(),
        kind: "test".into(),
        owner: owner.map(MemberCode),
        normal_side: NormalSide::Credit,
        min_fen: None,
        max_fen: None,
    };
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    open_accounts(&mut tx, &accounts.iter().map(spec).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
}

/// A fresh ledger on the given kind of database.
pub(crate) async fn ready(database: &TestDatabase) -> Db {
    let db = database.open().await;
    tongka_schema::migrate(&db).await.unwrap();
    let spec = |code: &str, normal_side, min: Option<i64>, max: Option<i64>| AccountSpec {
        code: code.into(),
        kind: "test".into(),
        owner: None,
        normal_side,
        min_fen: min.map(Fen),
        max_fen: max.map(Fen),
    };
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    let accounts = [
        spec("bank", NormalSide::Debit, Some(0), None),
        spec("a", NormalSide::Credit, Some(0), Some(10_000)),
        spec("b", NormalSide::Credit, None, None),
    ];
    open_accounts(&mut tx, &accounts).await.unwrap();
    tx.commit().await.unwrap();
    db
}
