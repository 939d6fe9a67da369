//! Cards on the list and off it, one by one and by the file; files of whole schemes.

use super::*;
use tongka_member::{card_changes, send_cards, send_scheme};
use tongka_scheme::{BlacklistEntry, render};
use tongka_storage::{Scope, params};

const LISTED: &str = "03104290000000012345";

fn card(serial: &str) -> Value {
    json!({ "scheme": "T", "issuer_id": "02002900FFFFFFFF", "application_serial": serial })
}

fn serials(cards: &[BlacklistEntry]) -> Vec<String> {
    cards.iter().map(|card| card.application_serial.to_string()).collect()
}

fn csv(rows: impl Iterator<Item = String>) -> String {
    let header = "scheme,issuer_id,application_serial,listed_at\r\n";
    rows.fold(header.to_owned(), |text, row| text + &row + "\r\n")
}

#[tokio::test]
async fn a_few_cards() {
    for centre in Centre::both().await {
        let new = "03104290000000000001";
        let add = async |cards: Value| centre.change("member.blacklist.add", json!({ "cards": cards })).await;
        assert_eq!(add(json!([card(LISTED)])).await, Err("M15".into()));
        assert_eq!(add(json!([card(new), card(new)])).await, Err("M15".into()));
        assert_eq!(add(json!([])).await, Err("M19 cards".into()));
        let stranger = json!([{ "scheme": "M", "issuer_id": "02002900FFFFFFFF", "application_serial": new }]);
        assert_eq!(add(stranger).await, Err("M15".into()));
        let mut dated = card("03104290000000000002");
        dated["listed_at"] = json!("2026-08-19T10:00:00");
        add(json!([card(new), dated])).await.unwrap();
        let scheme = centre.scheme().await;
        let listed: Vec<_> = scheme.blacklist.iter().map(|card| card.listed_at.to_string()).collect();
        assert_eq!(serials(&scheme.blacklist)[..2], [new, "03104290000000000002"]);
        assert_eq!(listed, ["2026-08-20 12:00:00", "2026-08-19 10:00:00", "2026-08-01 08:30:00"]);

        let remove = async |cards: Value| centre.change("member.blacklist.remove", json!({ "cards": cards })).await;
        assert_eq!(remove(json!([card("03104290000000000009")])).await, Err("M15".into()));
        remove(json!([card(LISTED), card(new)])).await.unwrap();
        assert_eq!(serials(&centre.scheme().await.blacklist), ["03104290000000000002"]);
        add(json!([card(new)])).await.unwrap();

        let changes = card_changes(&centre.db, 1, 4).await.unwrap();
        assert_eq!(serials(&changes.removed), [LISTED]);
        assert_eq!(serials(&changes.added), [new, "03104290000000000002"]);
        let back = card_changes(&centre.db, 4, 1).await.unwrap();
        assert_eq!((back.added, back.removed), (changes.removed, changes.added));
        // A card that went and came back at the same second did not change.
        assert_eq!(card_changes(&centre.db, 2, 4).await.unwrap().removed.len(), 1);
        assert!(card_changes(&centre.db, 2, 4).await.unwrap().added.is_empty());
        // Nothing that people read shows a whole number.
        let sql = "SELECT summary AS text FROM approval UNION ALL SELECT note FROM scheme_version \
                   UNION ALL SELECT object || detail FROM audit_entry";
        for row in centre.db.read(Scope::Platform).fetch_all(sql, params![]).await.unwrap() {
            assert!(!row.text("text").unwrap().contains("0310429000000000000"), "{}", row.text("text").unwrap());
        }
    }
}

#[tokio::test]
async fn many_cards_in_a_file() {
    let row = |n: usize| format!("T,02002900FFFFFFFF,031042900001{n:08},2026-08-10T00:00:00");
    let good = csv((0..2500).map(row));
    for centre in Centre::both().await {
        let send =
            async |name: &str, text: &str| send_cards(&centre.db, name, text.as_bytes(), "zhang", &clock()).await;
        let sent = send("cards.csv", &good).await.unwrap();
        assert_eq!((sent.entries, sent.faults.len()), (2500, 0));
        assert_eq!(send("again.csv", &good).await.unwrap().digest, sent.digest);
        assert_eq!(centre.scheme().await.blacklist.len(), 1, "sending lists nothing");
        let by_file = |digest: &str, skip: bool| json!({ "file": digest, "skip": skip });
        centre.change("member.blacklist.add", by_file(&sent.digest, false)).await.unwrap();
        assert_eq!(centre.scheme().await.blacklist.len(), 2501);
        assert_eq!(card_changes(&centre.db, 1, 2).await.unwrap().added.len(), 2500);

        // Row 1 is the header: rows 3, 4, 5 cannot be read, row 6 is listed, row 7 is new, row 8 the same again.
        let mixed = csv([
            row(7_000),
            "X,02002900FFFFFFFF,03104290000100000001,".into(),
            "T,02002900FFFFFFFF".into(),
            "T,02002900FFFFFFFF,0310429000010000000,2026-08-10T00:00:00".into(),
            row(3),
            row(7_001),
            row(7_001),
            "T,0200290000000000,03104290000100007777,".into(),
        ]
        .into_iter());
        let mixed = send("mixed.csv", &mixed).await.unwrap();
        assert_eq!(mixed.entries, 5);
        let faults: Vec<_> = mixed.faults.iter().map(|f| (f.row, f.field.as_str(), f.code)).collect();
        assert_eq!(faults, [(3, "scheme", "M02"), (4, "", "M15"), (5, "application_serial", "M02")]);
        let refused =
            validate(&centre.db, "member.blacklist.add", &by_file(&mixed.digest, false), None, &clock()).await;
        let MemberError::Rows(faults) = refused.unwrap_err() else { panic!("rows are refused") };
        let rows: Vec<_> = faults.iter().map(|f| (f.row, f.code)).collect();
        assert_eq!(rows, [(3, "M02"), (4, "M15"), (5, "M02"), (6, "M07"), (8, "M07"), (9, "M06")]);
        assert!(faults.iter().all(|f| !f.zh.contains("0310429000010000") && !f.en.contains("0310429000010000")));
        let result = centre.change("member.blacklist.add", by_file(&mixed.digest, true)).await.unwrap();
        assert_eq!(result["skipped_rows"], 6);
        assert_eq!(centre.scheme().await.blacklist.len(), 2503);
        assert_eq!(centre.change("member.blacklist.add", by_file(&mixed.digest, true)).await, Err("M15".into()));

        let toml = (0..2500).map(|n| {
            format!("[[blacklist]]\nscheme = \"T\"\nissuer_id = \"02002900FFFFFFFF\"\napplication_serial = \"031042900001{n:08}\"\n")
        });
        let off = send("off.toml", &toml.collect::<String>()).await.unwrap();
        assert_eq!(off.entries, 2500);
        centre.change("member.blacklist.remove", by_file(&off.digest, false)).await.unwrap();
        assert_eq!(
            serials(&centre.scheme().await.blacklist),
            ["03104290000000012345", "03104290000100007000", "03104290000100007001"]
        );
        assert_eq!(card_changes(&centre.db, 1, 4).await.unwrap().added.len(), 2);
        assert!(tongka_member::verify(&centre.db).await.unwrap().faults.is_empty());

        assert_eq!(centre.change("member.blacklist.add", by_file("AB", false)).await, Err("M16 file".into()));
        for bad in ["", "serial\n03104290000000012345\n", "[[card]]\nx = 1\n", "[[blacklist]]\nx = \n"] {
            assert_eq!(shown(&send("bad", bad).await.unwrap_err()), "M15 file", "{bad}");
        }
        let latin = send_cards(&centre.db, "bad", b"scheme,issuer_id\xFF", "zhang", &clock()).await.unwrap_err();
        assert_eq!(shown(&latin), "M15 file");
    }
}

#[tokio::test]
async fn a_whole_scheme_file_is_taken_in_by_two_people() {
    for centre in Centre::both().await {
        centre.open_day("2026-09-01").await;
        let mut next = example();
        next.rules.late_window_days = 20;
        next.members[0].name = "上海公共交通卡".into();
        next.blacklist.clear();
        next.tac_keys[0].key = [0x5A; 16];
        let fee = next.fees[0].clone();
        next.fees[0].to = Some(date("2026-12-31"));
        next.fees.insert(1, tongka_scheme::FeeRule { from: date("2027-01-01"), ..fee });
        let import = async |text: &str| {
            let (sent, key_file) = send_scheme(&centre.db, centre.data(), "next.toml", text, "zhang", &clock())
                .await
                .map_err(|e| shown(&e))?;
            let payload = json!({ "file": sent.digest, "key_file": key_file, "note": "年度调整" });
            centre.change("member.scheme.import", payload).await
        };
        assert_eq!(import("[rules]").await, Err("C08".into()));
        let result = import(&render(&next)).await.unwrap();
        assert_eq!(result["version"], 2);
        assert_eq!(centre.scheme().await, next);
        let tables: Vec<_> = tongka_member::changes(&centre.db, 1, 2).await.unwrap().tables;
        let tables: Vec<_> = tables.iter().map(|t| (t.table, t.removed, t.added)).collect();
        let expected = [
            ("scheme_rules", 1, 1),
            ("scheme_member", 1, 1),
            ("scheme_fee", 1, 2),
            ("scheme_tac_key", 3, 3),
            ("scheme_blacklist", 1, 0),
        ];
        assert_eq!(tables, expected, "only what differs is written");
        assert_eq!(import(&render(&next)).await, Err("M09 ".into()));
        assert_eq!(tongka_member::at_version(&centre.db, centre.data(), 1).await.unwrap(), example());

        // What clearing dates were priced by does not change behind them.
        let mut rewritten = next.clone();
        rewritten.fees[0].centre_rate.0 += 1;
        assert_eq!(import(&render(&rewritten)).await, Err("M08 fee".into()));
        let mut cut = next.clone();
        cut.fees.remove(0);
        assert_eq!(import(&render(&cut)).await, Err("M08 fee".into()));
        let mut shortened = next.clone();
        shortened.fees[0].to = Some(date("2026-08-31"));
        assert_eq!(import(&render(&shortened)).await, Err("M08 fee".into()));
        let sql = "SELECT COUNT(*) AS n FROM scheme_file WHERE kind = 'scheme'";
        assert_eq!(centre.db.read(Scope::Platform).fetch_one(sql, params![]).await.unwrap().int("n").unwrap(), 4);
    }
}
