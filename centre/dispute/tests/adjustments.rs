//! Suspicious records and adjustments, from the proposal to the books, on both databases.

mod common;

use common::{Centre, Noon, day};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tongka_access::{AccessError, Actor, Owner, approve};
use tongka_base::{Fen, MemberCode, Reason, Verdict};
use tongka_dispute::manual::{self, ManualAdjustment};
use tongka_dispute::{ADJUSTMENTS, DisputeError, SUSPICIOUS, execute, propose, suspicious};
use tongka_engine::day::{adjustments, positions, stored_netting};
use tongka_engine::{Day, DayState, posting};
use tongka_storage::{Db, Scope, params};
use tongka_testkit::databases;

/// Proposes and approves by two people of the centre; what came of it, or the code it was refused with.
async fn decide(db: &Db, kind: &str, payload: &Value) -> Result<Value, String> {
    let code = |e: DisputeError| e.code().into_owned();
    let id = propose(db, &Actor::local("maker"), kind, payload, None, &Noon).await.map_err(code)?;
    let (maker, checker) = (Actor::local("maker"), Actor::local("checker"));
    let same = approve(db, &maker, id, &Noon, |tx, approval, clock| {
        Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
    });
    assert_eq!(same.await.unwrap_err().code(), "P03");
    let done = approve(db, &checker, id, &Noon, |tx, approval, clock| {
        Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
    });
    match done.await {
        Ok(approval) => Ok(approval.result),
        Err(AccessError::Execution(cause)) => Err(code(*cause.downcast::<DisputeError>().unwrap())),
        Err(other) => Err(other.code().into_owned()),
    }
}

/// Every open suspicious record of the work list.
async fn work(db: &Db) -> Vec<suspicious::SuspiciousRecord> {
    let sql = "SELECT upload_name, record_no FROM suspicious_record WHERE state = 'open' ORDER BY id";
    let mut found = Vec::new();
    for row in db.read(Scope::Platform).fetch_all(sql, params![]).await.unwrap() {
        let (upload, record) = (row.text("upload_name").unwrap(), row.int("record_no").unwrap() as u32);
        found.push(suspicious::find(db, Scope::Platform, &upload, record).await.unwrap());
    }
    found
}

async fn adjusted(db: &Db, date: u32) -> BTreeMap<MemberCode, i64> {
    let stored = positions(db, Scope::Platform, day(date)).await.unwrap();
    stored.iter().map(|p| (p.member, p.position.adjustments.0)).filter(|(_, fen)| *fen != 0).collect()
}

fn refusal(result: Result<Value, String>) -> String {
    result.expect_err("must be refused")
}

#[tokio::test]
async fn suspicious_records_are_decided_once_and_cleared_ones_are_booked_by_the_next_cut() {
    for database in databases().await {
        let centre = Centre::new(&database, 100_000).await;
        let db = &centre.db;
        let report = centre.run(day(1)).await;
        let listed = work(db).await;
        let suspicious_sum = report.verdicts.iter().filter(|(reason, ..)| reason.verdict() == Verdict::Suspicious);
        let by_reason = |reason: &Reason| listed.iter().filter(|r| r.reason == *reason).collect::<Vec<_>>();
        assert!(listed.len() > 20, "a day with a tenth of faults has suspicious records");
        for (reason, count, amount) in suspicious_sum {
            let records = by_reason(reason);
            let sum: i64 = records.iter().map(|r| r.amount.0).sum();
            assert_eq!((records.len() as u64, sum), (*count, amount.0), "{reason}");
        }

        let foreign: Vec<_> = listed.iter().filter(|r| r.acquirer != r.issuer && r.centre_fee > Fen::ZERO).collect();
        let (cleared, rejected) = (foreign[0], foreign[1]);
        let own = listed.iter().find(|r| r.acquirer == r.issuer);
        let what = |r: &suspicious::SuspiciousRecord| suspicious::payload(&r.upload, r.record_no, "核实 checked");
        let result = decide(db, suspicious::CLEAR, &what(cleared)).await.unwrap();
        assert_eq!(result["adjustments"].as_array().unwrap().len(), 2);
        let result = decide(db, suspicious::REJECT, &what(rejected)).await.unwrap();
        assert_eq!(result, json!({ "state": "rejected", "adjustments": [] }));
        if let Some(own) = own {
            let result = decide(db, suspicious::CLEAR, &what(own)).await.unwrap();
            assert_eq!(result, json!({ "state": "cleared", "adjustments": [] }));
        }
        for kind in [suspicious::CLEAR, suspicious::REJECT] {
            assert_eq!(refusal(decide(db, kind, &what(cleared)).await), "D02");
            assert_eq!(refusal(decide(db, kind, &what(rejected)).await), "D02");
        }
        let stranger = centre.scheme.members.iter().map(|m| m.code);
        let stranger = stranger.into_iter().find(|m| *m != cleared.acquirer && *m != cleared.issuer).unwrap();
        let unseen = suspicious::find(db, Scope::Member(stranger), &cleared.upload, cleared.record_no).await;
        assert_eq!(unseen.unwrap_err().code(), "D01");

        let outsider = Actor { owner: Owner::Member(cleared.acquirer), ..Actor::local("member") };
        let own_favour = propose(db, &outsider, suspicious::CLEAR, &what(foreign[2]), None, &Noon).await;
        assert_eq!(own_favour.unwrap_err().code(), "D04", "a member does not clear for itself");
        // Proposed twice, both while it was open: only one can be carried out.
        let twice = what(foreign[2]);
        let late = propose(db, &Actor::local("maker"), suspicious::CLEAR, &twice, None, &Noon).await.unwrap();
        decide(db, suspicious::REJECT, &twice).await.unwrap();
        let checker = Actor::local("checker");
        let done = approve(db, &checker, late, &Noon, |tx, approval, clock| {
            Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
        });
        assert!(done.await.unwrap_err().to_string().contains("D02"));

        let before = tongka_ledger::balance(db, Scope::Platform, "centre:fees").await.unwrap();
        centre.run(day(2)).await;
        let pays = cleared.amount.0 - cleared.issuer_fee.0;
        let receives = pays - cleared.centre_fee.0;
        assert_eq!(adjusted(db, 2).await, BTreeMap::from([(cleared.acquirer, receives), (cleared.issuer, -pays)]));
        let netting = stored_netting(db, day(2)).await.unwrap();
        assert_eq!((netting.centre_fees, netting.imbalance().unwrap()), (cleared.centre_fee, Fen::ZERO));
        let fees = tongka_ledger::balance(db, Scope::Platform, "centre:fees").await.unwrap();
        assert_eq!(fees.0 - before.0, cleared.centre_fee.0);
        assert!(adjustments(db, day(2)).await.unwrap().iter().all(|a| a.is_booked));
        for date in [1, 2] {
            assert_eq!(centre.differences(day(date)).await, Vec::<String>::new());
        }
        assert!(tongka_ledger::verify(db).await.unwrap().faults.is_empty());
        for spec in [&ADJUSTMENTS, &SUSPICIOUS] {
            tongka_listing::check(db, spec).await.unwrap();
        }
        db.close().await;
    }
}

#[tokio::test]
async fn adjustments_by_hand_are_booked_with_the_records_of_the_date() {
    for database in databases().await {
        let centre = Centre::new(&database, 0).await;
        let db = &centre.db;
        let members: Vec<MemberCode> = centre.scheme.members.iter().map(|m| m.code).collect();
        let hand = |debtor, creditor, amount, reference: &str| {
            let (reference, reason) = (reference.into(), "更正 correction".into());
            ManualAdjustment { debtor, creditor, amount: Fen(amount), reference, reason }.payload()
        };
        let wrong = hand(members[0], members[1], 5, "A");
        assert_eq!(refusal(decide(db, manual::ADJUST, &wrong).await), "E07", "no accounts before the first date");
        posting::open_accounts(db, &centre.scheme, day(1), &Noon).await.unwrap();
        decide(db, manual::ADJUST, &hand(members[0], members[1], 500, "A")).await.unwrap();
        decide(db, manual::ADJUST, &hand(MemberCode::CENTRE, members[1], 30, "B")).await.unwrap();
        for (payload, code) in [
            (hand(members[0], members[1], 1, "A"), "E06"),
            (hand(members[0], MemberCode(12_345_678), 1, "C"), "E07"),
            (hand(members[0], members[0], 1, "D"), "D03"),
            (hand(members[0], members[1], 0, "D"), "D03"),
            (hand(members[0], members[1], -4, "D"), "D03"),
            (hand(members[0], members[1], 1, ""), "D03"),
            (json!({ "debtor": "1", "creditor": "10001000", "amount_fen": 1, "reference": "x", "reason": "y" }), "D03"),
            (json!({ "amount_fen": 1.5 }), "D03"),
            (Value::Null, "D03"),
        ] {
            assert_eq!(refusal(decide(db, manual::ADJUST, &payload).await), code, "{payload}");
        }
        assert_eq!(refusal(decide(db, "dispute.other", &Value::Null).await), "D03");

        let report = centre.run(day(1)).await;
        assert_eq!(report.imbalance, Fen::ZERO);
        assert_eq!(adjusted(db, 1).await, BTreeMap::from([(members[0], -500), (members[1], 530)]));
        // After the cut the next date takes it in.
        decide(db, manual::ADJUST, &hand(members[1], members[0], 7, "E")).await.unwrap();
        centre.run(day(2)).await;
        assert_eq!(adjusted(db, 2).await, BTreeMap::from([(members[0], 7), (members[1], -7)]));
        let closed = tongka_engine::day::days(db).await.unwrap();
        assert!(closed.iter().all(|d: &Day| d.state == DayState::Closed));
        for date in [1, 2] {
            assert_eq!(centre.differences(day(date)).await, Vec::<String>::new());
        }
        // A changed adjustment does not go unseen.
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        tx.execute("UPDATE adjustment SET amount_fen = 8 WHERE reference = 'E'", params![]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(centre.differences(day(2)).await.iter().any(|d| d.contains("position")));
        db.close().await;
    }
}
