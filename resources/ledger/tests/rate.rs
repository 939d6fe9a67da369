//! Batches of thousands of transfers in one transaction.

mod common;

use common::{open, ready, transfer};
use std::time::Instant;
use tongka_ledger::{HEAD_TABLE, post_all, verify};
use tongka_storage::Scope;
use tongka_testkit::databases;

#[tokio::test]
async fn a_batch_of_thousands_is_posted_whole() {
    for database in databases().await {
        let db = ready(&database).await;
        let members = (0..300).map(|i| format!("member:{i:08}:reserve")).collect::<Vec<_>>();
        open(&db, &members.iter().map(|m| (m.as_str(), Some(1))).collect::<Vec<_>>()).await;
        let batch = |round: usize| {
            (0..10_000_usize)
                .map(|i| transfer(&format!("{round}/{i}"), "b", &members[i % members.len()], 1 + i as i64))
                .collect::<Vec<_>>()
        };
        let batches = [batch(0), batch(1)];
        let started = Instant::now();
        for transfers in &batches {
            let mut tx = db.begin_write_locking(Scope::Platform, &[HEAD_TABLE]).await.unwrap();
            assert_eq!(post_all(&mut tx, transfers).await.unwrap(), transfers.len());
            tx.commit().await.unwrap();
        }
        let posted = started.elapsed();
        let report = verify(&db).await.unwrap();
        eprintln!("20,000 transfers posted in {posted:?}, verified in {:?}", started.elapsed() - posted);
        assert!(report.is_sound(), "{:?}", report.faults);
        assert_eq!(report.transfers, 20_000);
    }
}
