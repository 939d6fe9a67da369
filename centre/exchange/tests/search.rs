//! Record search over closed dates and an open one, held against the raw lines of the archive, on both databases.

mod common;

use common::{clock, day, folders, installation};
use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;
use tongka_base::{Date, Fen, MemberCode, Reason, Verdict};
use tongka_exchange::intake::Folders;
use tongka_exchange::open_day::{DaySetup, OpenDay, Opened};
use tongka_exchange::record::Record;
use tongka_exchange::run::{lake, load_scheme};
use tongka_exchange::search::{Cursor, Search, missing_card_indexes, plan, reason_counts};
use tongka_exchange::{ExchangeError, store};
use tongka_lake::archive::ArchiveReader;
use tongka_lake::table::Table;
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope, TenantCode};
use tongka_testkit::databases;
use tongka_wire::txu::{LINE_LEN, Txu, parse_txu};

/// A record by its raw line.
#[derive(Clone, Debug)]
struct Truth {
    date: Date,
    upload_no: i64,
    upload: String,
    record_no: u32,
    sender: MemberCode,
    reason: Reason,
    issuer: Option<MemberCode>,
    amount: u64,
    txu: Option<Txu>,
}

type Place = (Date, String, u32);

impl Truth {
    fn place(&self) -> Place {
        (self.date, self.upload.clone(), self.record_no)
    }
}

fn place(record: &Record) -> Place {
    (record.clearing_date, record.upload.clone(), record.record_no)
}

/// Every record of the installation, in the order of a search.
async fn truth(db: &Db, folders: &Folders, scheme: &Scheme) -> Vec<Truth> {
    let mut all = Vec::new();
    for d in [3, 2, 1] {
        for upload in store::uploads(db, Scope::Platform, day(d)).await.unwrap() {
            let name = upload.name.to_string();
            let lake = lake(folders);
            let (reasons, _) = Table::open(&lake.table_path(day(d), &name)).unwrap().outcomes().unwrap();
            let mut archive = ArchiveReader::open(&lake.archive_path(day(d), &name)).unwrap();
            let (mut block, mut body) = (Vec::new(), Vec::new());
            archive.next_block(&mut block).unwrap();
            while archive.next_block(&mut block).unwrap() {
                body.extend_from_slice(&block);
            }
            for (row, line) in body.chunks_exact(LINE_LEN).enumerate() {
                let reason = Reason::from_code(reasons[row]).unwrap();
                // A record whose number is not its place is malformed, though each field reads well.
                let txu = parse_txu(line).ok().filter(|_| reason != Reason::Format);
                all.push(Truth {
                    date: day(d),
                    upload_no: upload.number,
                    upload: name.clone(),
                    record_no: row as u32 + 1,
                    sender: upload.name.member,
                    reason,
                    issuer: txu.as_ref().and_then(|t| scheme.issuer(t.scheme, t.issuer_id)).map(|i| i.member),
                    amount: tongka_wire::txu::amount_or_zero(line),
                    txu,
                });
            }
        }
    }
    all
}

/// An installation with two closed dates and an open one.
struct Ready {
    db: Db,
    folders: Folders,
    scheme: Scheme,
    truth: Vec<Truth>,
}

async fn ready(dir: &Path, url: &str) -> Ready {
    let (db, scheme_path) = installation(dir, url, 3, 2, 3_000).await;
    let folders = folders(dir, 3);
    let (scheme, scheme_text) = load_scheme(&scheme_path).unwrap();
    let setup = DaySetup {
        db: &db,
        folders: &folders,
        scheme: scheme.clone(),
        scheme_text: scheme_text.clone(),
        threads: Some(2),
    };
    let Opened::Open(mut open) = OpenDay::open(setup, day(3), &clock(3)).await.unwrap() else {
        panic!("the third date is open")
    };
    open.take_in(&clock(3), &|_| ()).await.unwrap();
    drop(open);
    let truth = truth(&db, &folders, &scheme).await;
    assert!(truth.len() >= 9_000 && truth.iter().any(|t| t.date == day(3)), "{}", truth.len());
    Ready { db, folders, scheme, truth }
}

/// Runs a search page by page and whole, compares with what looking at every raw line finds, and returns the records.
async fn check(ready: &Ready, scope: Scope, search: &Search, holds: &dyn Fn(&Truth) -> bool) -> Vec<Record> {
    let plan = plan(&ready.db, &ready.folders, scope, search, true).await.unwrap();
    let seen = |t: &&Truth| match scope {
        Scope::Member(member) => t.sender == member || t.issuer == Some(member),
        _ => true,
    };
    let within = |t: &&Truth| (search.from..=search.to).contains(&t.date);
    let wanted: Vec<&Truth> = ready.truth.iter().filter(seen).filter(within).filter(|t| holds(t)).collect();
    let go = AtomicBool::new(false);
    let mut all: Vec<Record> = Vec::new();
    plan.each::<ExchangeError>(&go, &mut |record| {
        all.push(record);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    let places = |records: &[Record]| records.iter().map(place).collect::<Vec<_>>();
    let expected: Vec<Place> = wanted.iter().map(|t| t.place()).collect();
    assert_eq!(places(&all), expected, "{search:?} in {scope:?}");
    assert!(plan.records() >= all.len() as u64);
    for (record, truth) in all.iter().zip(&wanted) {
        compare(record, truth);
    }
    for limit in [1, 7, 1_000] {
        let (mut paged, mut after) = (Vec::new(), None);
        while paged.len() < 3 * limit {
            let page = plan.page(limit, after, &go).unwrap();
            assert!(page.records.len() == limit || page.next.is_none());
            paged.extend(page.records);
            let Some(next) = page.next else { break };
            assert_eq!(Cursor::parse(&next.to_string()).unwrap(), next);
            after = Some(next);
        }
        assert_eq!(paged, all[..paged.len()], "pages of {limit}");
        assert!(paged.len() >= all.len().min(3 * limit));
    }
    all
}

fn compare(record: &Record, truth: &Truth) {
    assert_eq!((record.upload_no, record.sender, record.issuer), (truth.upload_no, truth.sender, truth.issuer));
    assert_eq!((record.reason, record.amount), (truth.reason, Fen(truth.amount as i64)));
    assert_eq!(record.fields.is_some(), truth.txu.is_some());
    let (Some(f), Some(t)) = (&record.fields, &truth.txu) else { return };
    assert_eq!((f.scheme, f.issuer_id, &f.card), (t.scheme, t.issuer_id, &t.serial.to_string()));
    assert_eq!((f.card_type, f.tti, f.counter), (t.card_type, t.tti, t.counter));
    assert_eq!((f.psam, f.psam_txn), (t.psam, t.psam_txn));
    assert_eq!((f.balance_before.0, f.list_price.0), (i64::from(t.balance_before), i64::from(t.list_price)));
    assert_eq!((f.key_version, f.algorithm, f.tac), (t.key_version, t.algorithm, t.tac));
    assert_eq!((f.industry, f.merchant, f.line), (t.industry, t.merchant, t.line));
    assert_eq!((f.device, f.city, f.grey, f.test), (t.device, t.city, t.grey, t.test));
    let at = t.date.and_hms_opt(t.time_seconds / 3600, t.time_seconds / 60 % 60, t.time_seconds % 60);
    assert_eq!(Some(f.at), at);
}

#[tokio::test]
async fn searches_find_exactly_what_the_raw_lines_say() {
    for database in databases().await {
        let dir = TempDir::new().unwrap();
        database.open().await.close().await;
        let ready = ready(dir.path(), database.url()).await;
        let everything = Search::over(day(1), day(3));
        check(&ready, Scope::Platform, &everything, &|_| true).await;
        check(&ready, Scope::Platform, &Search::over(day(2), day(2)), &|_| true).await;
        let member = ready.truth[0].sender;
        let mine = check(&ready, Scope::Member(member), &everything, &|_| true).await;
        assert!(mine.iter().any(|r| r.sender != member) && mine.len() < ready.truth.len());

        cards(&ready).await;
        terminals(&ready).await;

        let sent = |t: &Truth, wanted: MemberCode| t.sender == wanted;
        let search = Search { sender: Some(member), ..everything.clone() };
        check(&ready, Scope::Platform, &search, &|t| sent(t, member)).await;
        let other = ready.scheme.members.iter().map(|m| m.code).find(|c| *c != member).unwrap();
        // What another member sent is seen as far as its own cards are concerned, and no further.
        let found = check(&ready, Scope::Member(other), &search, &|t| sent(t, member)).await;
        assert!(!found.is_empty() && found.iter().all(|r| r.issuer == Some(other)));
        let search = Search { issuer: Some(member), ..everything.clone() };
        check(&ready, Scope::Platform, &search, &|t| t.issuer == Some(member)).await;
        check(&ready, Scope::Member(other), &search, &|t| t.issuer == Some(member)).await;

        let suspicious = Search::suspicious(day(1), day(3));
        let found = check(&ready, Scope::Platform, &suspicious, &|t| t.reason.verdict() == Verdict::Suspicious).await;
        let counts = reason_counts(&ready.db, Scope::Platform, day(1), day(3), Verdict::Suspicious).await.unwrap();
        assert_eq!(counts.iter().map(|c| c.records).sum::<u64>(), found.len() as u64);
        let mine = reason_counts(&ready.db, Scope::Member(member), day(1), day(3), Verdict::Suspicious).await.unwrap();
        assert!(mine.iter().all(|c| c.sender == member) && mine.len() < counts.len());
        let search = Search { reasons: vec![Reason::TacWrong, Reason::Format], ..everything.clone() };
        check(&ready, Scope::Platform, &search, &|t| matches!(t.reason, Reason::TacWrong | Reason::Format)).await;
        let search =
            Search { verdicts: vec![Verdict::Accepted], reasons: vec![Reason::TacWrong], ..everything.clone() };
        check(&ready, Scope::Platform, &search, &|_| false).await;

        let search = Search { amount_from: Some(Fen(150)), amount_to: Some(Fen(300)), ..everything.clone() };
        check(&ready, Scope::Platform, &search, &|t| (150..=300).contains(&t.amount)).await;
        let (since, until) = (day(1).and_hms_opt(7, 30, 0).unwrap(), day(2).and_hms_opt(8, 0, 0).unwrap());
        let at = |t: &Txu| t.date.and_hms_opt(0, 0, 0).unwrap() + chrono::TimeDelta::seconds(t.time_seconds.into());
        let search = Search { since: Some(since), until: Some(until), ..everything.clone() };
        check(&ready, Scope::Platform, &search, &|t| t.txu.as_ref().is_some_and(|t| (since..=until).contains(&at(t))))
            .await;
        let industry = ready.truth.iter().find_map(|t| Some(t.txu.as_ref()?.industry)).unwrap();
        let upload = ready.truth[0].upload.clone();
        let search = Search { industry: Some(industry), upload: Some(upload.clone()), ..everything.clone() };
        let holds = |t: &Truth| t.upload == upload && t.txu.as_ref().is_some_and(|t| t.industry == industry);
        check(&ready, Scope::Platform, &search, &holds).await;
        ready.db.close().await;
    }
}

/// Cards of every kind, with and without the card indexes of closed dates.
async fn cards(ready: &Ready) {
    let lake = lake(&ready.folders);
    assert!(missing_card_indexes(&ready.db, &lake).await.unwrap().is_empty(), "made when a date closes");
    let mut serials = BTreeSet::new();
    let mut chosen = Vec::new();
    for t in ready.truth.iter().step_by(37) {
        let Some(txu) = &t.txu else { continue };
        if chosen.len() < 8 && serials.insert(txu.serial) {
            chosen.push(txu.clone());
        }
    }
    let everything = Search::over(day(1), day(3));
    for round in ["with the index", "without one date's", "with a damaged one"] {
        for txu in &chosen {
            let search = Search { card: Some(txu.serial), ..everything.clone() };
            let holds = |t: &Truth| t.txu.as_ref().is_some_and(|t| t.serial == txu.serial);
            let found = check(ready, Scope::Platform, &search, &holds).await;
            assert!(!found.is_empty(), "{round}");
            let issuer = found.iter().find_map(|r| r.issuer);
            let members = if round == "with the index" { &ready.scheme.members[..] } else { &[] };
            for member in members {
                let seen = check(ready, Scope::Member(member.code), &search, &holds).await;
                assert!(issuer != Some(member.code) || !seen.is_empty());
            }
            let search = Search { issuer_id: Some(txu.issuer_id), scheme: Some(txu.scheme), ..search };
            let same =
                |t: &Truth| t.txu.as_ref().is_some_and(|t| (t.scheme, t.issuer_id) == (txu.scheme, txu.issuer_id));
            check(ready, Scope::Platform, &search, &|t| holds(t) && same(t)).await;
        }
        match round {
            "with the index" => fs::remove_file(lake.day_dir(day(1)).join("cards.index")).unwrap(),
            "without one date's" => fs::write(lake.day_dir(day(2)).join("cards.index"), b"x").unwrap(),
            _ => {}
        }
    }
    let missing: Vec<Date> =
        missing_card_indexes(&ready.db, &lake).await.unwrap().into_iter().map(|(date, _)| date).collect();
    assert_eq!(missing, [day(2), day(1)]);
    // A card nobody has.
    let nobody = Search { card: Some(tongka_base::AppSerial([0xAB; 10])), ..everything };
    check(ready, Scope::Platform, &nobody, &|_| false).await;
}

/// Terminals of their owner, and those that others used without owning them.
async fn terminals(ready: &Ready) {
    let everything = Search::over(day(1), day(3));
    let foreign = ready.truth.iter().find(|t| t.reason == Reason::UnknownPsam).unwrap();
    for t in ready.truth.iter().step_by(2_003).chain([foreign]) {
        let Some(txu) = &t.txu else { continue };
        let search = Search { psam: Some(txu.psam), ..everything.clone() };
        let holds = |t: &Truth| t.txu.as_ref().is_some_and(|t| t.psam == txu.psam);
        check(ready, Scope::Platform, &search, &holds).await;
        check(ready, Scope::Member(t.sender), &search, &holds).await;
        let search = Search { psam_txn: Some(txu.psam_txn), ..search };
        let holds = |t: &Truth| t.txu.as_ref().is_some_and(|t| (t.psam, t.psam_txn) == (txu.psam, txu.psam_txn));
        assert!(!check(ready, Scope::Platform, &search, &holds).await.is_empty());
    }
}

#[tokio::test]
async fn records_are_masked_searches_that_make_no_sense_refused_and_a_cancelled_one_ends() {
    let dir = TempDir::new().unwrap();
    let database = tongka_testkit::sqlite();
    let ready = ready(dir.path(), database.url()).await;
    let (db, folders) = (&ready.db, &ready.folders);
    let everything = Search::over(day(1), day(3));
    let go = AtomicBool::new(false);
    let page = plan(db, folders, Scope::Platform, &everything, false).await.unwrap().page(200, None, &go).unwrap();
    for record in &page.records {
        let truth = ready.truth.iter().find(|t| t.place() == place(record)).unwrap();
        let Some(txu) = &truth.txu else { continue };
        assert_eq!(record.fields.as_ref().unwrap().card, txu.serial.masked());
        let serial = txu.serial.to_string();
        assert!(!record.json().to_string().contains(&serial));
        assert!(!format!("{record:?}{:?}", record.cells()).contains(&serial));
        assert_eq!(record.cells().len(), Record::columns().len());
        assert_eq!(record.json()["amount_fen"], record.amount.0);
    }
    let bad = [
        Search::over(day(2), day(1)),
        Search { amount_from: Some(Fen(2)), amount_to: Some(Fen(1)), ..everything.clone() },
        Search { upload: Some("../../etc/passwd".into()), ..everything.clone() },
        Search { since: day(2).and_hms_opt(0, 0, 0), until: day(1).and_hms_opt(0, 0, 0), ..everything.clone() },
    ];
    for search in bad {
        let refused = plan(db, folders, Scope::Platform, &search, false).await.err().unwrap().to_string();
        assert!(refused.starts_with("X07 "), "{refused}");
    }
    let tenant = plan(db, folders, Scope::Tenant(TenantCode(1)), &everything, false).await.err().unwrap();
    assert!(matches!(tenant, ExchangeError::NotForTenants), "{tenant}");
    for text in ["", "20260901", "20260901.1", "20260901.1.2.3", "x.1.1", "20260901.-1.1", "20260901.1.99999999999"] {
        assert!(Cursor::parse(text).unwrap_err().to_string().starts_with("X07 "), "{text}");
    }
    let stopped = plan(db, folders, Scope::Platform, &everything, false).await.unwrap();
    let cancelled = stopped.page(10, None, &AtomicBool::new(true));
    assert!(matches!(cancelled, Err(ExchangeError::Cancelled)));
    // Breaking off takes no more.
    let mut taken = 0;
    stopped
        .each::<ExchangeError>(&go, &mut |_| {
            taken += 1;
            Ok(if taken == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .unwrap();
    assert_eq!(taken, 5);
}
