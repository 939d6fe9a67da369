//! Versions of lists from approval to acknowledgement, on both databases.

use serde_json::json;
use std::sync::Arc;
use tempfile::TempDir;
use tongka_access::{Actor, Owner, approve};
use tongka_base::date::{DateTime, parse_date};
use tongka_base::{Clock, MemberCode};
use tongka_crypto::sm3;
use tongka_link::{Caller, Channel, Front, Hooks, Limits, Places, outbox};
use tongka_lists::*;
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope, params};
use tongka_testkit::{TestDatabase, databases};
use tongka_wire::{FileName, HEADER_LEN, Header, Kind, Value, parse_record, write_record};

const SHANGHAI: MemberCode = MemberCode(10002900);
const BEIJING: MemberCode = MemberCode(10001000);

/// A clock that stands at an hour of the first of September.
#[derive(Clone, Copy, Debug)]
struct At(u32);

impl Clock for At {
    fn now(&self) -> DateTime {
        parse_date(b"20260901").unwrap().and_hms_opt(self.0, 0, 0).unwrap()
    }
}

fn scheme(cards: &[(u8, &str)]) -> Scheme {
    let mut text = r#"
[rules]
late_window_days = 30
single_limit_fen = 100000
blacklist_grace_hours = 2
history_days = 90
tac_verifier = "issuer"
[[member]]
code = "10001000"
name = "北京"
city = "1000"
active_from = "2026-01-01"
[[member]]
code = "10002900"
name = "上海"
city = "2900"
active_from = "2026-01-01"
[[issuer]]
scheme = "T"
issuer_id = "02002900FFFFFFFF"
member = "10002900"
overdraft_limit_fen = 0
keys = [{ version = "01", algorithm = "01" }, { version = "01", algorithm = "04" }]
[[psam_range]]
member = "10002900"
from = "290000000001"
to = "29000000FFFF"
state = "active"
[[fee]]
acquirer = "*"
issuer = "10002900"
industry = "*"
issuer_rate_ppm = 2000
centre_rate_ppm = 500
from = "2026-01-01"
[[fee]]
acquirer = "10001000"
issuer = "10001000"
industry = "01"
issuer_rate_ppm = 1000
centre_rate_ppm = 500
from = "2026-01-01"
"#
    .to_owned();
    for (card, listed) in cards {
        text += &format!(
            "[[blacklist]]\nscheme = \"T\"\nissuer_id = \"02002900FFFFFFFF\"\napplication_serial = \"{card:020X}\"\n\
             listed_at = \"{listed}\"\n"
        );
    }
    tongka_scheme::parse(&text, "test").unwrap_or_else(|errors| panic!("{errors:?}"))
}

struct Ground {
    dir: TempDir,
    db: Db,
    front: Front,
}

impl Ground {
    async fn new(database: &TestDatabase) -> Self {
        let dir = TempDir::new().unwrap();
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        tongka_access::sync_roles(&db).await.unwrap();
        let places = Places {
            data: dir.path().join("front"),
            inbox: dir.path().join("inbox"),
            desk: dir.path().join("desk"),
            outbox: dir.path().join("out"),
        };
        let front = Front::new(db.clone(), places, Limits::default(), Arc::new(At(12)), Hooks::default());
        Self { dir, db, front }
    }

    fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join("lists")
    }

    /// One more version of the book, as far as lists look at it.
    async fn book(&self, version: i64) {
        let mut tx = self.db.begin_write(Scope::Platform).await.unwrap();
        let sql = "INSERT INTO scheme_version (version, made_at, made_by, approval, kind, note, rows_added, \
                   rows_removed, digest) VALUES ($1, '20260901000000', 'test', NULL, 'test', '', 0, 0, $2)";
        tx.execute(sql, params![version, format!("D{version}")]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn wish(&self, list: ListName, hour: u32) -> Result<i64, ListError> {
        let wish = Wish { list, effective_at: format!("20260901{hour:02}0000"), note: "日更".into() };
        propose(&self.db, &Actor::local("maker"), &wish, None, &At(8)).await
    }

    async fn publish(&self, list: ListName, hour: u32, scheme: &Scheme) {
        let approval = self.wish(list, hour).await.unwrap();
        approve(&self.db, &Actor::local("checker"), approval, &At(8), |tx, approval, clock| {
            Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
        })
        .await
        .unwrap();
        let waiting = approved(&self.db).await.unwrap();
        assert_eq!(waiting.len(), 1);
        // Twice, as after a stop in between.
        for _ in 0..2 {
            publish(&self.db, &self.folder(), &waiting[0], scheme, &[BEIJING, SHANGHAI], &At(9)).await.unwrap();
        }
        assert!(approved(&self.db).await.unwrap().is_empty());
    }

    async fn offer(&self, hour: u32) -> u64 {
        offer(&self.db, &self.folder(), &[BEIJING, SHANGHAI], &At(hour)).await.unwrap().files
    }

    fn caller(&self, member: MemberCode) -> Caller {
        Caller {
            member,
            login: "link".into(),
            channel: Channel::Https,
            address: String::new(),
            quota_bytes: 1 << 20,
            quota_files: 10,
        }
    }

    /// What waits for a member: names with base, version and entries of each.
    async fn waits(&self, member: MemberCode) -> Vec<(String, i64, i64, Vec<String>)> {
        let caller = self.caller(member);
        let mut found = Vec::new();
        for file in outbox::list(&self.front, &caller).await.unwrap() {
            let (_, source) = outbox::open(&self.front, &caller, &file.name).await.unwrap();
            let bytes = source.read_at(0, source.size() as usize).unwrap();
            let header = Header::parse(&bytes[..HEADER_LEN]).unwrap();
            let name = FileName::parse(&file.name).unwrap();
            assert_eq!((header.kind, header.receiver, header.sequence), (name.kind, member, name.sequence));
            assert_eq!(header.body_digest, sm3(&bytes[HEADER_LEN..]));
            let mut lines = bytes[HEADER_LEN..].split_inclusive(|b| *b == b'\n');
            let first = parse_record(&tongka_wire::LIST_VERSION, lines.next().unwrap()).unwrap();
            let [_, Value::Number(version), Value::Number(base), _, Value::Number(entries), _] = &first[..] else {
                panic!("{first:?}")
            };
            let lines: Vec<String> = lines.map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
            assert_eq!((lines.len() as i64, header.record_count as usize), (*entries, lines.len() + 1));
            for line in &lines {
                parse_record(name.kind.table(), line.as_bytes()).unwrap();
            }
            found.push((file.name, *version, *base, lines));
        }
        found
    }

    async fn acknowledge(&self, member: MemberCode, says: &[(&str, i64, &str)], hour: u32) -> Result<(), ListError> {
        let mut lines = Vec::new();
        for (list, version, at) in says {
            let values = [
                Value::Text("K".into()),
                Value::Text((*list).into()),
                Value::Number(*version),
                Value::Number(at.parse().unwrap()),
            ];
            write_record(Kind::Ack.table(), &values, &mut lines).unwrap();
        }
        acknowledge(&self.db, member, "ACK_20260901_x", &lines, &At(hour)).await.map(drop)
    }
}

fn cards(lines: &[String]) -> Vec<(&str, &str)> {
    lines.iter().map(|line| (&line[1..2], &line[37..39])).collect()
}

#[tokio::test]
async fn a_member_gets_what_changed_since_what_it_acknowledged() {
    for database in databases().await {
        let ground = Ground::new(&database).await;
        ground.book(1).await;
        let old: Vec<(u8, &str)> = (1..=9).map(|card| (card, "2026-08-01T00:00:00")).collect();
        ground.publish(ListName::Blacklist, 10, &scheme(&old)).await;
        assert_eq!((ground.offer(9).await, ground.offer(9).await), (2, 0), "once for each member");
        for member in [BEIJING, SHANGHAI] {
            let waits = ground.waits(member).await;
            let [(name, 1, 0, lines)] = &waits[..] else { panic!("{waits:?}") };
            assert_eq!(name, &format!("BLF_20260901_{member}_000001.dat"));
            assert_eq!(lines.len(), 9);
        }
        // Shanghai works with it; nobody may say more than it was given, or from the day after tomorrow on.
        ground.acknowledge(SHANGHAI, &[("BLF", 1, "20260901093000")], 10).await.unwrap();
        for says in [
            ("BLF", 2, "20260901093000"),
            ("BLF", 0, "20260901093000"),
            ("WHT", 1, "20260901093000"),
            ("BLI", 1, "20260901093000"),
            ("BLF", 1, "20260901120000"),
            ("BLF", 1, "20260931120000"),
        ] {
            let refused = ground.acknowledge(BEIJING, &[("BLF", 1, "20260901093000"), says], 10).await.unwrap_err();
            assert!(refused.to_string().starts_with("O04 ") && refused.to_string().contains("record 2"), "{refused}");
        }
        // Nothing to publish, then one card went, one came, one is listed anew.
        assert_eq!(ground.wish(ListName::Blacklist, 12).await.unwrap_err().code(), "O03");
        ground.book(2).await;
        let mut new = old.clone();
        new.retain(|(card, _)| *card != 3);
        new[0].1 = "2026-08-31T00:00:00";
        new.push((10, "2026-08-31T00:00:00"));
        ground.publish(ListName::Blacklist, 12, &scheme(&new)).await;
        assert_eq!((ground.offer(11).await, ground.offer(11).await), (2, 0));
        let waits = ground.waits(SHANGHAI).await;
        let [(name, 2, 1, lines)] = &waits[..] else { panic!("{waits:?}") };
        assert_eq!(name, "BLI_20260901_10002900_000001.dat");
        assert_eq!(cards(lines), [("A", "01"), ("D", "03"), ("A", "0A")]);
        // Beijing never fetched the first: that is taken back, and it gets all of the second.
        let waits = ground.waits(BEIJING).await;
        let [(name, 2, 0, lines)] = &waits[..] else { panic!("{waits:?}") };
        assert_eq!((&name[..], lines.len()), ("BLF_20260901_10001000_000002.dat", 9));
        // It acknowledges; a version later the base of the increment is what it has.
        ground.acknowledge(BEIJING, &[("BLF", 2, "20260901113000")], 12).await.unwrap();
        ground.book(3).await;
        ground.publish(ListName::Blacklist, 14, &scheme(&new[1..])).await;
        ground.offer(13).await;
        let waits = ground.waits(BEIJING).await;
        let [.., (_, 3, 2, lines)] = &waits[..] else { panic!("{waits:?}") };
        assert_eq!(cards(lines), [("D", "01")]);
        let waits = ground.waits(SHANGHAI).await;
        assert!(waits.iter().any(|(_, version, base, _)| (*version, *base) == (3, 1)), "{waits:?}");
        // Only what somebody needs is kept.
        let kept: Vec<String> = std::fs::read_dir(ground.folder().join("BLF"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(kept.contains(&"3.from-0.body".to_owned()) && kept.contains(&"1.from-0.body".to_owned()), "{kept:?}");
        ground.db.close().await;
    }
}

#[tokio::test]
async fn every_list_has_its_content_and_fees_are_those_of_the_member() {
    for database in databases().await {
        let ground = Ground::new(&database).await;
        ground.book(1).await;
        for list in ListName::ALL {
            ground.publish(list, 10, &scheme(&[(7, "2026-08-01T00:00:00")])).await;
        }
        assert_eq!(ground.offer(9).await, 12);
        let find = |waits: &[(String, i64, i64, Vec<String>)], list: &str| {
            waits.iter().find(|(name, ..)| name.starts_with(list)).unwrap().3.clone()
        };
        let waits = ground.waits(SHANGHAI).await;
        assert_eq!(&find(&waits, "WHT")[1][..30], "WA1000290029002026010199991231");
        assert_eq!(find(&waits, "ISS").len(), 2);
        assert!(find(&waits, "ISS")[1].starts_with("IAT02002900FFFFFFFF010410002900000000000"));
        assert!(find(&waits, "PSM")[0].starts_with("PA29000000000129000000FFFF10002900A"));
        let rules = find(&waits, "PAR");
        assert!(rules.iter().any(|line| line.starts_with("RAtac_verifier_issuer") && line.contains("000000000000001")));
        assert_eq!(find(&waits, "FEE").len(), 1);
        assert_eq!(find(&ground.waits(BEIJING).await, "FEE").len(), 2);
        // A stored content that somebody touched is never given out.
        ground.book(2).await;
        ground.publish(ListName::Acceptance, 12, &scheme(&[])).await;
        let path = ground.folder().join("WHT/2.from-0.body");
        std::fs::write(&path, b"cut off").unwrap();
        let refused = offer(&ground.db, &ground.folder(), &[BEIJING], &At(11)).await.unwrap_err();
        assert_eq!(refused.code(), "O05");
        ground.db.close().await;
    }
}

#[tokio::test]
async fn who_answers_follows_from_what_was_given_and_acknowledged() {
    for database in databases().await {
        let ground = Ground::new(&database).await;
        ground.book(1).await;
        let judge = async |member, hour: u32| {
            let at = At(hour).now();
            let found = liability(&ground.db, member, 1, at, 2).await.unwrap();
            (found.liable, found.version)
        };
        assert_eq!(judge(SHANGHAI, 20).await, (Liable::Issuer, None), "not published");
        ground.publish(ListName::Blacklist, 10, &scheme(&[(7, "2026-08-01T00:00:00")])).await;
        ground.offer(9).await;
        assert_eq!(judge(SHANGHAI, 9).await, (Liable::Issuer, Some(1)), "not effective yet");
        assert_eq!(judge(SHANGHAI, 10).await, (Liable::Issuer, Some(1)), "within the grace of two hours");
        assert_eq!(judge(SHANGHAI, 11).await, (Liable::Acquirer, Some(1)), "offered at nine, over at eleven");
        ground.acknowledge(SHANGHAI, &[("BLF", 1, "20260901100000")], 10).await.unwrap();
        assert_eq!(judge(SHANGHAI, 10).await, (Liable::Acquirer, Some(1)), "its terminals know");
        assert_eq!(judge(BEIJING, 10).await, (Liable::Issuer, Some(1)));
        ground.db.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_published_is_refused() {
    for database in databases().await {
        let ground = Ground::new(&database).await;
        ground.book(1).await;
        assert_eq!(ground.wish(ListName::Fees, 7).await.unwrap_err().code(), "O01", "in the past");
        for payload in [
            json!({ "list": "BLI", "effective_at": "20260901100000", "note": "" }),
            json!({ "list": "BLF", "effective_at": "2026-09-01", "note": "" }),
            json!({ "list": "BLF", "effective_at": "20260901100000", "note": "x".repeat(201) }),
            json!({}),
        ] {
            assert_eq!(Wish::read(&payload).unwrap_err().code(), "O01", "{payload}");
        }
        let first = ground.wish(ListName::Fees, 10).await.unwrap();
        let second = ground.wish(ListName::Fees, 11).await.unwrap();
        let decide = async |approval| {
            approve(&ground.db, &Actor::local("checker"), approval, &At(8), |tx, approval, clock| {
                Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
            })
            .await
        };
        decide(first).await.unwrap();
        assert!(decide(second).await.unwrap_err().to_string().contains("O02"), "one at a time");
        assert_eq!(ground.wish(ListName::Fees, 12).await.unwrap_err().code(), "O02");
        let member = Actor { owner: Owner::Member(BEIJING), ..Actor::local("member") };
        let wish = Wish { list: ListName::Blacklist, effective_at: "20260901100000".into(), note: String::new() };
        assert_eq!(propose(&ground.db, &member, &wish, None, &At(8)).await.unwrap_err().code(), "O01");
        ground.db.close().await;
    }
}
