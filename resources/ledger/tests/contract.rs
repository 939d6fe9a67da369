//! What the ledger promises, checked on SQLite and on PostgreSQL.

mod common;

use common::{day, entry_end, hold, open, pay, ready};
use tongka_base::{Fen, MemberCode};
use tongka_ledger::{
    AccountSpec, Entry, HEAD_TABLE, LedgerError, NormalSide, Resolution, Transfer, TransferFilter, account, accounts,
    apply_all, balance, balance_in, has_key, head, open_accounts, post_all, reserve_all, resolve_all, transfers,
    trial_balance, verify, verify_against,
};
use tongka_storage::{Db, Scope};
use tongka_testkit::databases;

/// Applies a batch in a transaction of its own.
async fn apply(db: &Db, entries: &[Entry]) -> Result<usize, LedgerError> {
    let mut tx = db.begin_write_locking(Scope::Platform, &[HEAD_TABLE]).await?;
    let appended = apply_all(&mut tx, entries).await?;
    tx.commit().await?;
    Ok(appended)
}

async fn balances(db: &Db) -> Vec<(String, i64, i64)> {
    let all = accounts(db, Scope::Platform).await.unwrap();
    all.iter().map(|a| (a.code.clone(), a.balance().unwrap().0, a.available().unwrap().0)).collect()
}

/// A case: batches one after the other, the code each is answered with ("" for accepted), then balance and available
/// amount of the capped reserve `a` (0 to 100 yuan), of `b` (no bounds) and of the bank (an asset, at least zero).
type Case = (&'static str, Vec<(Vec<Entry>, &'static str)>, [(i64, i64); 3]);

fn cases() -> Vec<Case> {
    use Resolution::{Post, Void};
    let fund = || (vec![pay("fund", "bank", "a", 5_000)], "");
    vec![
        ("a posted transfer moves both balances", vec![fund()], [(5_000, 5_000), (0, 0), (5_000, 5_000)]),
        (
            "a reserve is spent to zero and no further",
            vec![fund(), (vec![pay("1", "a", "b", 5_000)], ""), (vec![pay("2", "a", "b", 1)], "G05")],
            [(0, 0), (5_000, 5_000), (5_000, 5_000)],
        ),
        (
            "a maximum is reached and not passed",
            vec![fund(), (vec![pay("1", "bank", "a", 5_000)], ""), (vec![pay("2", "b", "a", 1)], "G05")],
            [(10_000, 10_000), (0, 0), (10_000, 10_000)],
        ),
        (
            "the lower bound of a debit account",
            vec![fund(), (vec![pay("1", "b", "bank", 5_001)], "G05"), (vec![pay("2", "b", "bank", 5_000)], "")],
            [(5_000, 5_000), (-5_000, -5_000), (0, 0)],
        ),
        (
            "pending takes from what is available",
            vec![fund(), (vec![hold("h", "a", "b", 3_000)], ""), (vec![pay("1", "a", "b", 2_001)], "G05")],
            [(5_000, 2_000), (0, 0), (5_000, 5_000)],
        ),
        (
            "pending cannot be spent by its receiver",
            vec![(vec![hold("h", "bank", "a", 5_000)], ""), (vec![pay("1", "a", "b", 1)], "G05")],
            [(0, 0), (0, 0), (0, 0)],
        ),
        (
            "pending counts towards the maximum",
            vec![fund(), (vec![hold("h", "bank", "a", 5_000)], ""), (vec![pay("1", "bank", "a", 1)], "G05")],
            [(5_000, 5_000), (0, 0), (5_000, 5_000)],
        ),
        (
            "pending is posted once",
            vec![
                fund(),
                (vec![hold("h", "a", "b", 3_000)], ""),
                (vec![entry_end("e", "h", Post)], ""),
                (vec![entry_end("e2", "h", Post)], "G07"),
                (vec![entry_end("e3", "h", Void)], "G07"),
            ],
            [(2_000, 2_000), (3_000, 3_000), (5_000, 5_000)],
        ),
        (
            "pending is voided once and its money is free again",
            vec![
                fund(),
                (vec![hold("h", "a", "b", 3_000)], ""),
                (vec![entry_end("e", "h", Void)], ""),
                (vec![entry_end("e2", "h", Post)], "G07"),
                (vec![pay("1", "a", "b", 5_000)], ""),
            ],
            [(0, 0), (5_000, 5_000), (5_000, 5_000)],
        ),
        (
            "only what is pending can be ended",
            vec![fund(), (vec![entry_end("e", "fund", Post)], "G06"), (vec![entry_end("e", "none", Void)], "G06")],
            [(5_000, 5_000), (0, 0), (5_000, 5_000)],
        ),
        (
            "an end of an end is refused",
            vec![
                fund(),
                (vec![hold("h", "a", "b", 1), entry_end("e", "h", Post)], ""),
                (vec![entry_end("e2", "e", Void)], "G06"),
            ],
            [(4_999, 4_999), (1, 1), (5_000, 5_000)],
        ),
        (
            "one bad row refuses the whole batch",
            vec![(vec![pay("1", "bank", "a", 5_000), pay("2", "a", "b", 5_001)], "G05")],
            [(0, 0), (0, 0), (0, 0)],
        ),
        (
            "bounds hold after each row, not only at the end",
            vec![(vec![pay("1", "a", "b", 1), pay("2", "bank", "a", 1)], "G05")],
            [(0, 0), (0, 0), (0, 0)],
        ),
        (
            "the same again changes nothing",
            vec![
                fund(),
                fund(),
                (vec![hold("h", "a", "b", 10), hold("h", "a", "b", 10)], ""),
                (vec![entry_end("e", "h", Post), entry_end("e", "h", Post)], ""),
                (vec![hold("h", "a", "b", 10), entry_end("e", "h", Post)], ""),
            ],
            [(4_990, 4_990), (10, 10), (5_000, 5_000)],
        ),
        (
            "a known key with other content is refused",
            vec![
                fund(),
                (vec![pay("fund", "bank", "a", 4_999)], "G04"),
                (vec![pay("fund", "bank", "b", 5_000)], "G04"),
                (vec![hold("fund", "bank", "a", 5_000)], "G04"),
                (vec![pay("1", "bank", "b", 1), pay("1", "bank", "b", 2)], "G04"),
                (vec![hold("h", "a", "b", 10), entry_end("fund", "h", Post)], "G04"),
            ],
            [(5_000, 5_000), (0, 0), (5_000, 5_000)],
        ),
        (
            "what is no transfer is refused",
            vec![
                (vec![pay("1", "bank", "a", 0)], "G03"),
                (vec![pay("1", "bank", "a", -5)], "G03"),
                (vec![pay("1", "a", "a", 5)], "G03"),
                (vec![pay("", "bank", "a", 5)], "G03"),
                (vec![pay("1", "bank", "nobody", 5)], "G01"),
                (vec![pay("1", "nobody", "a", 5)], "G01"),
            ],
            [(0, 0), (0, 0), (0, 0)],
        ),
        (
            "a sum that does not fit is refused",
            vec![
                (vec![pay("1", "bank", "b", i64::MAX)], ""),
                (vec![pay("2", "bank", "b", 1)], "M01"),
                (vec![pay("3", "bank", "b", i64::MAX), pay("4", "b", "bank", i64::MAX)], "M01"),
            ],
            [(0, 0), (i64::MAX, i64::MAX), (i64::MAX, i64::MAX)],
        ),
    ]
}

/// Takes all transfers out again, so that the next case starts on empty accounts.
async fn empty(db: &Db) {
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    for sql in [
        "DELETE FROM ledger_transfer",
        "UPDATE ledger_account SET debits_fen = 0, credits_fen = 0, pending_debits_fen = 0, pending_credits_fen = 0",
        "UPDATE ledger_head SET sequence = 0, hash = previous_hash FROM ledger_account a \
         WHERE chain = 'transfer' AND a.sequence = 1",
    ] {
        tx.execute(sql, &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn batches_are_accepted_or_refused_whole() {
    for database in databases().await {
        let db = ready(&database).await;
        for (name, batches, expected) in cases() {
            empty(&db).await;
            for (i, (entries, answer)) in batches.iter().enumerate() {
                let before = (balances(&db).await, head(&db).await.unwrap());
                let result = apply(&db, entries).await;
                let code = result.as_ref().err().map_or("", LedgerError::code);
                assert_eq!(code, *answer, "{name}, batch {i}: {result:?}");
                if result.is_err() {
                    assert_eq!((balances(&db).await, head(&db).await.unwrap()), before, "{name}, batch {i}");
                }
            }
            let found = balances(&db).await.into_iter().map(|(_, posted, available)| (posted, available));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
            let report = verify(&db).await.unwrap();
            assert!(report.is_sound(), "{name}: {:?}", report.faults);
            let trial = trial_balance(&db, Scope::Platform).await.unwrap();
            assert_eq!((trial.debits, trial.credits), (report.debits, report.debits), "{name}");
        }
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_transaction_usable() {
    for database in databases().await {
        let db = ready(&database).await;
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        let [first, bad, last] = [("1", "bank", 50), ("2", "b", 10_001), ("3", "bank", 7)]
            .map(|(key, debit, amount)| common::transfer(key, debit, "a", amount));
        assert_eq!(post_all(&mut tx, std::slice::from_ref(&first)).await.unwrap(), 1);
        assert_eq!(post_all(&mut tx, &[last.clone(), bad]).await.unwrap_err().code(), "G05");
        assert!(!has_key(&mut tx, "3").await.unwrap());
        assert_eq!(reserve_all(&mut tx, &[last]).await.unwrap(), 1);
        assert!(has_key(&mut tx, "3").await.unwrap());
        assert_eq!(balance_in(&mut tx, "a").await.unwrap(), Fen(50));
        assert_eq!(resolve_all(&mut tx, &[common::end("4", "3", Resolution::Post)]).await.unwrap(), 1);
        assert_eq!(balance_in(&mut tx, "a").await.unwrap(), Fen(57));
        assert_eq!(balance_in(&mut tx, "z").await.unwrap_err().code(), "G01");
        // The same at another time of day is the same.
        let later = Transfer { created_at: "20260901235959".into(), ..first };
        assert_eq!(post_all(&mut tx, &[later]).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert!(verify(&db).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn accounts_are_opened_once() {
    for database in databases().await {
        let db = ready(&database).await;
        let spec = AccountSpec {
            code: "c".into(),
            kind: "reserve".into(),
            owner: Some(MemberCode(7)),
            normal_side: NormalSide::Credit,
            min_fen: Some(Fen(-5)),
            max_fen: None,
        };
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        assert_eq!(open_accounts(&mut tx, &[spec.clone(), spec.clone()]).await.unwrap(), 1);
        assert_eq!(open_accounts(&mut tx, std::slice::from_ref(&spec)).await.unwrap(), 0);
        let others = [
            (AccountSpec { kind: "income".into(), ..spec.clone() }, "G02"),
            (AccountSpec { owner: None, ..spec.clone() }, "G02"),
            (AccountSpec { normal_side: NormalSide::Debit, ..spec.clone() }, "G02"),
            (AccountSpec { min_fen: None, ..spec.clone() }, "G02"),
            (AccountSpec { max_fen: Some(Fen(1)), ..spec.clone() }, "G02"),
            (AccountSpec { code: "d".into(), min_fen: Some(Fen(1)), ..spec.clone() }, "G03"),
            (AccountSpec { code: "d".into(), max_fen: Some(Fen(-1)), ..spec.clone() }, "G03"),
            (AccountSpec { code: String::new(), ..spec.clone() }, "G03"),
        ];
        for (other, code) in others {
            assert_eq!(
                open_accounts(&mut tx, std::slice::from_ref(&other)).await.unwrap_err().code(),
                code,
                "{other:?}"
            );
        }
        tx.commit().await.unwrap();
        let read = account(&db, Scope::Platform, "c").await.unwrap();
        assert_eq!((read.kind, read.owner, read.min_fen, read.max_fen), (spec.kind, spec.owner, spec.min_fen, None));
        assert!(verify(&db).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn a_member_sees_its_own_accounts_and_transfers() {
    for database in databases().await {
        let db = ready(&database).await;
        open(&db, &[("m1", Some(1)), ("m2", Some(2))]).await;
        let entries =
            [pay("1", "m1", "b", 10), pay("2", "b", "m2", 20), pay("3", "m2", "m1", 30), pay("4", "bank", "a", 40)];
        apply(&db, &entries).await.unwrap();
        let one = Scope::Member(MemberCode(1));
        let keys = async |scope, filter: &TransferFilter| {
            let rows = transfers(&db, scope, filter, 10).await.unwrap();
            rows.iter().map(|r| r.key.clone()).collect::<Vec<_>>().join(" ")
        };
        let all = TransferFilter::default();
        assert_eq!(keys(Scope::Platform, &all).await, "1 2 3 4");
        assert_eq!(keys(one, &all).await, "1 3");
        assert_eq!(keys(Scope::Member(MemberCode(3)), &all).await, "");
        let of = |code: &str| TransferFilter { account: Some(code.into()), ..TransferFilter::default() };
        assert_eq!(keys(Scope::Platform, &of("m2")).await, "2 3");
        assert_eq!(keys(one, &of("m2")).await, "3", "only what touches its own account");
        assert_eq!(keys(Scope::Platform, &TransferFilter { after: 2, ..all.clone() }).await, "3 4");
        assert_eq!(keys(Scope::Platform, &TransferFilter { from: Some(day(2)), ..all.clone() }).await, "");
        assert_eq!(
            keys(Scope::Platform, &TransferFilter { from: Some(day(1)), to: Some(day(1)), ..all }).await,
            "1 2 3 4"
        );
        assert_eq!(accounts(&db, one).await.unwrap().iter().map(|a| &*a.code).collect::<Vec<_>>(), ["m1"]);
        assert_eq!(balance(&db, one, "m1").await.unwrap(), Fen(20));
        for code in ["m2", "bank", "nobody"] {
            assert_eq!(
                balance(&db, one, code).await.unwrap_err().code(),
                "G01",
                "{code}: no telling whether it exists"
            );
        }
        let mut tx = db.begin_write(one).await.unwrap();
        assert_eq!(
            apply_all(&mut tx, &[pay("5", "m1", "m2", 1)]).await.unwrap_err().code(),
            "S10",
            "posting is the platform's"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_posting_at_once_keep_every_fen() {
    for database in databases().await {
        let db = ready(&database).await;
        apply(&db, &[pay("fund", "bank", "a", 10_000)]).await.unwrap();
        let tasks = (0..8_i64).map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut spent = 0;
                for i in 0..20_i64 {
                    let amount = 1 + (task * 31 + i * 17) % 150;
                    // Half of the tasks take the lock first, the others run into conflicts and try again.
                    let entries =
                        [pay(&format!("{task}/{i}"), "a", "b", amount), pay(&format!("back {task}/{i}"), "b", "a", 1)];
                    let result = loop {
                        let tables: &[&str] = if task % 2 == 0 { &[HEAD_TABLE] } else { &[] };
                        let mut tx = db.begin_write_locking(Scope::Platform, tables).await.unwrap();
                        let result = match apply_all(&mut tx, &entries).await {
                            Ok(_) => tx.commit().await.map_err(LedgerError::from),
                            Err(error) => Err(error),
                        };
                        match result {
                            Err(LedgerError::Storage(error)) if error.is_conflict() => {}
                            other => break other,
                        }
                    };
                    match result {
                        Ok(()) => spent += amount - 1,
                        Err(error) => assert_eq!(error.code(), "G05", "{error}"),
                    }
                }
                spent
            })
        });
        let mut spent = 0;
        for task in tasks.collect::<Vec<_>>() {
            spent += task.await.unwrap();
        }
        assert_eq!(balance(&db, Scope::Platform, "a").await.unwrap(), Fen(10_000 - spent));
        assert_eq!(balance(&db, Scope::Platform, "b").await.unwrap(), Fen(spent));
        assert!(spent > 9_000, "some task was refused only near the end: {spent}");
        let report = verify(&db).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.faults);
    }
}

#[tokio::test]
async fn a_kept_head_proves_that_history_was_continued() {
    for database in databases().await {
        let db = ready(&database).await;
        apply(&db, &[pay("1", "bank", "a", 10), pay("2", "bank", "a", 10)]).await.unwrap();
        let anchor = head(&db).await.unwrap();
        apply(&db, &[pay("3", "bank", "a", 10)]).await.unwrap();
        let report = verify_against(&db, std::slice::from_ref(&anchor)).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.faults);
        assert_eq!(report.head, head(&db).await.unwrap());

        // Another ledger, sound in itself, in which the second transfer never happened like that.
        let another = tongka_testkit::sqlite();
        let other = ready(&another).await;
        apply(&other, &[pay("1", "bank", "a", 10), pay("2", "bank", "b", 10), pay("3", "bank", "a", 10)])
            .await
            .unwrap();
        assert!(verify(&other).await.unwrap().is_sound());
        let report = verify_against(&other, &[anchor]).await.unwrap();
        assert_eq!(report.faults.len(), 1);
        assert!(report.faults[0].to_string().contains("transfer 2"), "{}", report.faults[0]);
    }
}
