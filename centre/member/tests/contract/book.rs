//! Versions: what goes in comes out, for ever.

use super::*;
use tongka_member::{at_version, card_changes, changes, current_version, verify, version_of, versions};
use tongka_scheme::render;
use tongka_storage::{Scope, params};

#[tokio::test]
async fn a_scheme_file_comes_out_as_it_went_in() {
    let mut digests = Vec::new();
    for centre in Centre::empty().await {
        let empty = current(&centre.db, centre.data()).await.unwrap_err();
        assert_eq!(shown(&empty), "M04 ");
        assert_eq!(current_version(&centre.db).await.unwrap(), None);
        let version = centre.import(SCHEME).await;
        assert_eq!((version.number, version.rows_removed), (1, 0));
        assert_eq!(version.rows_added, 1 + 2 + 1 + 2 + 2 + 2 + 2 + 3 + 1);
        let scheme = centre.scheme().await;
        assert_eq!(scheme, example());
        assert_eq!(parse(&render(&scheme), "rendered.toml").unwrap(), example());
        assert_eq!(at_version(&centre.db, centre.data(), 1).await.unwrap(), scheme);
        assert_eq!(version_of(&centre.db, &version.digest).await.unwrap().as_ref(), Some(&version));
        assert_eq!(version_of(&centre.db, "0").await.unwrap(), None);
        let missing = at_version(&centre.db, centre.data(), 2).await.unwrap_err();
        assert_eq!(shown(&missing), "M05 version");
        assert!(verify(&centre.db).await.unwrap().faults.is_empty());
        digests.push(version.digest);
    }
    assert_eq!(digests[0], digests[1], "a digest follows from what is in the book alone");
}

#[tokio::test]
async fn a_scheme_of_every_city_comes_out_as_it_went_in() {
    let scheme = tongka_simulator::simulated_scheme(7, 350).unwrap();
    for centre in Centre::empty().await {
        centre.import(&render(&scheme)).await;
        assert_eq!(centre.scheme().await, scheme);
    }
}

#[tokio::test]
async fn a_file_with_faults_and_a_second_first_import_change_nothing() {
    for centre in Centre::empty().await {
        let broken = SCHEME.replace("industry = \"02\"", "industry = \"07\"");
        let refused = import_first(&centre.db, centre.data(), "s.toml", &broken, "local", &clock()).await.unwrap_err();
        assert_eq!(refused.code(), "C03");
        assert!(versions(&centre.db).await.unwrap().is_empty());
        let first = centre.import(SCHEME).await;
        let again = import_first(&centre.db, centre.data(), "s.toml", SCHEME, "local", &clock()).await.unwrap_err();
        assert_eq!(shown(&again), "M13 ");
        assert_eq!(versions(&centre.db).await.unwrap(), [first]);
    }
}

#[tokio::test]
async fn test_keys_are_in_a_file_of_their_owner_and_nowhere_in_sql() {
    use std::os::unix::fs::PermissionsExt;
    for centre in Centre::both().await {
        let folder = centre.data().join("tac-keys");
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(text.contains("C0C1C2C3C4C5C6C7D0D1D2D3D4D5D6D7"));

        let sql = "SELECT scheme || key_file AS text FROM scheme_tac_key \
                   UNION ALL SELECT note FROM scheme_version UNION ALL SELECT detail FROM audit_entry";
        for row in centre.db.read(Scope::Platform).fetch_all(sql, params![]).await.unwrap() {
            assert!(!row.text("text").unwrap().contains("C0C1C2C3"));
        }
        std::fs::write(&files[0], text.replace("C0C1", "C1C0")).unwrap();
        assert_eq!(shown(&current(&centre.db, centre.data()).await.unwrap_err()), "M17 tac_key");
        std::fs::remove_file(&files[0]).unwrap();
        assert_eq!(shown(&current(&centre.db, centre.data()).await.unwrap_err()), "M17 tac_key");
    }
}

#[tokio::test]
async fn old_versions_stay_as_they_were() {
    for centre in Centre::both().await {
        let first = centre.scheme().await;
        let range = json!({ "member": "10002900", "from": "290000010000", "to": "29000001FFFF", "state": "active" });
        let result = centre.change("member.psam.add", range).await.unwrap();
        assert_eq!((result["version"].as_i64(), result["first_clearing_date"].as_str()), (Some(2), Some("2026-08-20")));
        centre.change("member.fee.end", json!({
            "acquirer": "10002900", "issuer": "10003350", "industry": "02", "from": "2026-01-01", "to": "2026-09-30",
        })).await.unwrap();
        let now = centre.scheme().await;
        assert_eq!((now.psam_ranges.len(), now.fees[1].to), (3, Some(date("2026-09-30"))));
        assert_eq!(at_version(&centre.db, centre.data(), 1).await.unwrap(), first);
        let second = at_version(&centre.db, centre.data(), 2).await.unwrap();
        assert_eq!((second.psam_ranges.len(), second.fees), (3, first.fees));

        let all = changes(&centre.db, 1, 3).await.unwrap();
        let tables: Vec<_> = all.tables.iter().map(|t| (t.table, t.removed, t.added)).collect();
        assert_eq!(tables, [("scheme_psam_range", 0, 1), ("scheme_fee", 1, 1)]);
        let lines = [
            "+ scheme_psam_range first_number=290000010000 last_number=29000001FFFF member=10002900 state=active",
            "- scheme_fee acquirer=10002900 issuer=10003350 industry=2 from_date=2026-01-01 to_date=2026-12-31 \
             issuer_rate_ppm=1500 centre_rate_ppm=300",
            "+ scheme_fee acquirer=10002900 issuer=10003350 industry=2 from_date=2026-01-01 to_date=2026-09-30 \
             issuer_rate_ppm=1500 centre_rate_ppm=300",
        ];
        assert_eq!(all.lines, lines);
        let back = changes(&centre.db, 3, 1).await.unwrap();
        assert_eq!(back.lines.len(), 3);
        assert!(changes(&centre.db, 2, 2).await.unwrap().tables.is_empty());
        assert!(card_changes(&centre.db, 1, 3).await.unwrap().added.is_empty());
        let notes: Vec<_> = versions(&centre.db).await.unwrap().into_iter().map(|v| (v.kind, v.made_by)).collect();
        let expected = ["member.scheme.import", "member.psam.add", "member.fee.end"];
        assert_eq!(notes.iter().map(|note| note.0.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(notes[1].1, "li");
    }
}

#[tokio::test]
async fn rows_changed_by_hand_are_found() {
    for centre in Centre::both().await {
        centre.change("member.fee.add", fee("2026-09-01")).await.unwrap();
        assert!(verify(&centre.db).await.unwrap().faults.is_empty());
        let write = async |sql: &str| {
            let mut tx = centre.db.begin_write(Scope::Platform).await.unwrap();
            tx.execute(sql, params![]).await.unwrap();
            tx.commit().await.unwrap();
            verify(&centre.db).await.unwrap().faults
        };
        let faults = write("UPDATE scheme_fee SET centre_rate_ppm = 501 WHERE centre_rate_ppm = 500").await;
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("版本 1 "), "{faults:?}");
        assert!(write("UPDATE scheme_fee SET centre_rate_ppm = 500 WHERE centre_rate_ppm = 501").await.is_empty());
        let faults = write("DELETE FROM scheme_psam_range WHERE first_number = '335000000000'").await;
        assert_eq!(faults.len(), 1, "{faults:?}");
        // What contradicts the rules is not given out as a scheme.
        write("DELETE FROM scheme_member WHERE code = 10003350").await;
        assert_eq!(shown(&current(&centre.db, centre.data()).await.unwrap_err()), "M18 ");
    }
}
