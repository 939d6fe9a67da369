//! The layers of reconciliation: green as they are, and the exact difference where somebody changed a figure.

use crate::centre::{Centre, at, date};
use std::collections::BTreeMap;
use tongka_base::MemberCode;
use tongka_base::date::days_since_epoch;
use tongka_settlement::{Layer, Reconciled, reconcile, reconciled, report};
use tongka_simulator::bank::BankFaults;
use tongka_storage::{Scope, params};
use tongka_testkit::databases;

async fn change(centre: &Centre, sql: &str) {
    let mut tx = centre.db.begin_write(Scope::Platform).await.unwrap();
    tx.execute(sql, params![]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn layer(centre: &Centre, layer: Layer) -> Reconciled {
    reconcile(&centre.db, date(9, 14), layer, "op", &at(date(9, 15), 9)).await.unwrap()
}

fn told(found: &Reconciled) -> Vec<(String, i64, i64)> {
    found.differences.iter().map(|d| (d.key.clone(), d.ours, d.theirs)).collect()
}

#[tokio::test]
async fn every_layer_shows_the_exact_difference() {
    for database in databases().await {
        let centre = Centre::new(&database, 4, date(9, 14), BankFaults::default()).await;
        let refused = reconcile(&centre.db, date(9, 14), Layer::Ledger, "op", &at(date(9, 15), 9)).await;
        assert_eq!(refused.unwrap_err().code(), "T04", "not closed");
        let members = centre.members();
        let mut nets: BTreeMap<MemberCode, i64> = members.iter().map(|m| (*m, 0)).collect();
        nets.insert(members[0], 5_000);
        nets.insert(members[1], -5_100);
        centre.clear(date(9, 14), &nets).await;
        // One upload: 3 records of 5,100 fen accepted, 2 of 40 fen not.
        let (day, acquirer, issuer) = (days_since_epoch(date(9, 14)), members[0].0, members[1].0);
        for sql in [
            format!(
                "INSERT INTO upload (upload_no, clearing_date, name, member, file_date, sequence, header, fingerprint, \
                 body_digest, record_count, total_fen, accepted_at) \
                 VALUES (1, {day}, 'TXU1', {acquirer}, {day}, 1, '', '', '', 5, 5140, '')"
            ),
            "INSERT INTO upload_verdict VALUES (1, 0, 3, 5100)".into(),
            "INSERT INTO upload_verdict VALUES (1, 6, 2, 40)".into(),
            format!("INSERT INTO upload_group VALUES (1, {issuer}, 1, 3, 5100)"),
            format!("INSERT INTO day_group VALUES ({day}, {acquirer}, {issuer}, 1, 3, 5100, NULL, 100, 0)"),
            format!("INSERT INTO result_file VALUES ({day}, {acquirer}, 'TXE', 'E', 2, 40, '', '')"),
            format!("INSERT INTO result_file VALUES ({day}, {issuer}, 'TXD', 'D', 3, 5100, '', '')"),
        ] {
            change(&centre, &sql).await;
        }
        for one in [Layer::Files, Layer::Parties, Layer::Ledger] {
            let found = layer(&centre, one).await;
            assert!(found.is_green(), "{found:?}");
        }
        change(&centre, "UPDATE upload SET total_fen = 5141").await;
        assert_eq!(told(&layer(&centre, Layer::Files).await), [("TXU1".to_owned(), 5_140, 5_141)]);
        change(&centre, "UPDATE result_file SET record_count = 2 WHERE kind = 'TXD'").await;
        assert_eq!(told(&layer(&centre, Layer::Parties).await), [("TXD".to_owned(), 3, 2)]);
        change(&centre, &format!("UPDATE position SET net_fen = 5001 WHERE member = {acquirer}")).await;
        let found = layer(&centre, Layer::Ledger).await;
        assert_eq!(told(&found), [(format!("member:{}:reserve", members[0]), 5_001, 5_000)]);
        let stored = reconciled(&centre.db, date(9, 14)).await.unwrap();
        let differences: Vec<u64> = stored.iter().map(|(.., differences)| *differences).collect();
        assert_eq!(differences, [1, 1, 1]);
        assert_eq!(report(&[found]).len(), 4);
        centre.db.close().await;
    }
}
