//! Lists of the clearing day, the exchange and the ledger over real days, on both databases.

mod common;

use common::installation;
use std::collections::BTreeSet;
use tempfile::TempDir;
use tongka_base::MemberCode;
use tongka_exchange::statement::statement;
use tongka_listing::{ListSpec, Query, check, page};
use tongka_storage::{Db, Scope, params};
use tongka_testkit::databases;

fn lists() -> Vec<&'static ListSpec> {
    let (ledger, engine, exchange) = (tongka_ledger::LISTS, tongka_engine::list::LISTS, tongka_exchange::list::LISTS);
    ledger.into_iter().chain(engine).chain(exchange).collect()
}

fn list(name: &str) -> &'static ListSpec {
    lists().into_iter().find(|spec| spec.name == name).unwrap()
}

/// Every row of a list, with every column.
async fn rows(db: &Db, scope: Scope, name: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let spec = list(name);
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let mut parameters = vec![("limit".to_owned(), "50".to_owned())];
        parameters.extend(cursor.map(|c| ("cursor".to_owned(), c)));
        let page = page(db, scope, spec, &Query::read(spec, &parameters).unwrap()).await.unwrap();
        all.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn every_filter_and_sort_runs_and_members_see_their_own_rows_only() {
    for database in databases().await {
        let dir = TempDir::new().unwrap();
        let (db, _) = installation(dir.path(), database.url(), 2, 2, 1_500).await;
        let positions = rows(&db, Scope::Platform, "positions").await;
        let member = MemberCode::parse(positions[0]["member"].as_str().unwrap().as_bytes()).unwrap();
        let folders = common::folders(dir.path(), 2);
        for day in [1, 2] {
            let (date, clock) = (common::day(day), common::clock(3));
            statement(&db, &folders, Scope::Platform, date, member, "test", &clock).await.unwrap();
        }
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        let sql = "INSERT INTO tac_answer (file, issuer, records, wrong, wrong_fen, digest, taken_at) \
                   VALUES ('TXV_1', $1, 9, 1, 200, 'D', '20260903200000')";
        tx.execute(sql, params![member]).await.unwrap();
        let sql = "INSERT INTO tac_wrong (upload_name, record_no, clearing_date, acquirer, issuer, card, amount_fen, \
                   adjustment, file) VALUES ('TXU_1', 1, 20000, 10009999, $1, '1234**', 200, NULL, 'TXV_1')";
        tx.execute(sql, params![member]).await.unwrap();
        tx.commit().await.unwrap();
        for spec in lists() {
            check(&db, spec).await.unwrap_or_else(|e| panic!("{}: {e}", spec.name));
            let all = rows(&db, Scope::Platform, spec.name).await;
            assert!(!all.is_empty(), "{}", spec.name);
            let keys: BTreeSet<String> = all.iter().map(|row| row[spec.key].to_string()).collect();
            assert_eq!(keys.len(), all.len(), "{} has one key a row", spec.name);
        }

        let code = member.to_string();
        let own = Scope::Member(member);
        for (name, column) in [
            ("uploads", "member"),
            ("receipts", "member"),
            ("result-files", "member"),
            ("positions", "member"),
            ("statements", "member"),
            ("tac-answers", "issuer"),
            ("tac-wrong", "issuer"),
            ("ledger-accounts", "owner"),
        ] {
            let seen = rows(&db, own, name).await;
            assert!(!seen.is_empty() && seen.iter().all(|row| row[column] == code.as_str()), "{name}");
            let all = rows(&db, Scope::Platform, name).await;
            assert_eq!(all.iter().filter(|row| row[column] == code.as_str()).count(), seen.len(), "{name}");
        }
        assert!(!list("day-steps").visible(own), "the centre's");

        let groups = rows(&db, own, "groups").await;
        assert!(groups.iter().all(|g| g["acquirer"] == code.as_str() || g["issuer"] == code.as_str()));
        let hidden = |g: &&serde_json::Map<_, _>| g["acquirer"] != code.as_str();
        assert!(groups.iter().filter(hidden).all(|g| g["centre_fee_fen"] == 0));
        let all = rows(&db, Scope::Platform, "groups").await;
        let foreign = all.iter().filter(|g| g["issuer"] == code.as_str()).filter(hidden);
        assert!(foreign.map(|g| g["centre_fee_fen"].as_i64().unwrap()).sum::<i64>() > 0);

        // Everybody knows the dates; the figures are those of what the caller may see.
        let (mine, all) = (rows(&db, own, "clearing-days").await, rows(&db, Scope::Platform, "clearing-days").await);
        let records = |of: &[serde_json::Map<String, serde_json::Value>], scope: &str| {
            let wanted = |u: &&serde_json::Map<_, _>| scope.is_empty() || u["member"] == scope;
            of.iter().filter(wanted).map(|u| u["record_count"].as_i64().unwrap()).sum::<i64>()
        };
        let uploads = rows(&db, Scope::Platform, "uploads").await;
        let sum = |days: &[serde_json::Map<_, _>]| days.iter().map(|d| d["records"].as_i64().unwrap()).sum::<i64>();
        assert_eq!((mine.len(), sum(&mine)), (2, records(&uploads, &code)));
        assert_eq!((all.len(), sum(&all)), (2, records(&uploads, "")));
        assert!(mine.iter().all(|d| d["centre_fees_fen"].is_null()) && all.iter().all(|d| d["centre_fees_fen"] != 0));

        let account = format!("member:{code}:reserve");
        let touches = |t: &&serde_json::Map<_, _>| t["debit"] == account.as_str() || t["credit"] == account.as_str();
        let transfers = rows(&db, own, "ledger-transfers").await;
        let all = rows(&db, Scope::Platform, "ledger-transfers").await;
        assert!(transfers.iter().all(|t| touches(&t)) && transfers.len() == all.iter().filter(touches).count());
        // What an upload's columns count is what its verdicts are.
        for upload in &uploads {
            let count = |name: &str| upload[name].as_i64().unwrap();
            let parts = ["accepted", "rejected", "suspicious", "duplicate", "test"].map(count);
            assert_eq!(parts.iter().sum::<i64>(), count("record_count"));
        }
        db.close().await;
    }
}
