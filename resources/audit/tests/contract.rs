//! What the audit log promises, on both databases.

use chrono::NaiveDate;
use tongka_audit::{Deed, HEAD_TABLE, entries, record, verify};
use tongka_base::{FixedClock, MemberCode};
use tongka_storage::{Db, Scope, TenantCode, WriteTx, params};
use tongka_testkit::databases;

fn clock() -> FixedClock {
    FixedClock(NaiveDate::from_ymd_opt(2026, 9, 1).unwrap().and_hms_opt(8, 30, 15).unwrap())
}

async fn begin(db: &Db) -> WriteTx {
    db.begin_write_locking(Scope::Platform, &[HEAD_TABLE]).await.unwrap()
}

async fn append(db: &Db, owner: i64, object: &str, outcome: &str) {
    let mut tx = begin(db).await;
    let deed = Deed { owner, actor: "zhang", action: "key.export", object, outcome, detail: "" };
    record(&mut tx, &deed, &clock()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn run(db: &Db, sql: &str) {
    let mut tx = begin(db).await;
    assert_eq!(tx.execute(sql, params![]).await.unwrap(), 1, "{sql}");
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_stay_and_any_change_is_found() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        assert_eq!(verify(&db, None).await.unwrap().entries, 0);
        for (owner, object, outcome) in
            [(0, "root", "ok"), (3050, "dtk", "K03"), (3050, "dlk", "ok"), (3310, "dtk", "ok")]
        {
            append(&db, owner, object, outcome).await;
        }
        // A deed that is rolled back leaves no entry and no gap.
        let mut tx = begin(&db).await;
        let deed = Deed { owner: 0, actor: "li", action: "key.destroy", object: "x", outcome: "ok", detail: "" };
        record(&mut tx, &deed, &clock()).await.unwrap();
        tx.rollback().await.unwrap();

        let good = verify(&db, None).await.unwrap();
        assert_eq!((good.entries, good.faults.len()), (4, 0));
        let all = entries(&db, Scope::Platform, 0, 100).await.unwrap();
        assert_eq!(all.iter().map(|e| e.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!((all[1].at.as_str(), all[1].outcome.as_str()), ("20260901083015", "K03"));
        assert_eq!(entries(&db, Scope::Platform, 2, 1).await.unwrap(), all[2..3]);
        let of = |scope| entries(&db, scope, 0, 100);
        assert_eq!(of(Scope::Tenant(TenantCode(3050))).await.unwrap(), all[1..3]);
        assert_eq!(of(Scope::Member(MemberCode(3310))).await.unwrap(), all[3..]);

        let noted = (2, all[1].hash.as_str());
        assert!(verify(&db, Some(noted)).await.unwrap().faults.is_empty());
        run(&db, "UPDATE audit_entry SET outcome = 'ok' WHERE sequence = 2").await;
        assert_eq!(verify(&db, None).await.unwrap().faults[0].0, 2);
        run(&db, "UPDATE audit_entry SET outcome = 'K03' WHERE sequence = 2").await;
        assert!(verify(&db, None).await.unwrap().faults.is_empty());
        run(&db, "DELETE FROM audit_entry WHERE sequence = 3").await;
        assert_eq!(verify(&db, None).await.unwrap().faults[0].0, 4);
        run(&db, "DELETE FROM audit_entry WHERE sequence = 4").await;
        assert!(!verify(&db, None).await.unwrap().faults.is_empty(), "the head remembers");
        // Who sets the head back too is found by what was noted elsewhere.
        run(&db, &format!("UPDATE audit_head SET sequence = 2, hash = '{}'", all[1].hash)).await;
        assert!(verify(&db, None).await.unwrap().faults.is_empty());
        assert!(!verify(&db, Some((4, &all[3].hash))).await.unwrap().faults.is_empty());
        db.close().await;
    }
}
