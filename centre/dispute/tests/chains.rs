//! Balance chains: what is planted is proven exactly, and nothing else; gaps are opened and closed.

mod common;

use common::{At, Centre, Noon, day, december, people, send};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use tongka_access::approve;
use tongka_base::{DateTime, Fen, MemberCode, Reason, Verdict};
use tongka_crypto::sm3;
use tongka_dispute::case::{self, Asked, Raise, Respond};
use tongka_dispute::chain::{Chain, Join, Proof, Tap};
use tongka_dispute::gaps::{self, GAPS, Tracked};
use tongka_dispute::rules::Act;
use tongka_dispute::{evidence, execute, suspicious};
use tongka_exchange::search::{Search, plan};
use tongka_storage::{Db, Scope, params};
use tongka_testkit::databases;
use tongka_wire::txu::{LINE_LEN, Txu, format_txu, parse_txu};
use tongka_wire::{FileName, HEADER_LEN, Header};

fn at(hour: i64) -> DateTime {
    day(1).and_hms_opt(0, 0, 0).unwrap() + chrono::TimeDelta::hours(hour)
}

/// Taps of a card that spends 100 fen each time, all accepted.
fn taps(first: u16, count: u16) -> Vec<Tap> {
    let tap = |n: u16| Tap {
        counter: first.wrapping_add(n),
        before: Fen(1_000_000 - i64::from(n) * 100),
        amount: Fen(100),
        at: at(i64::from(n)),
        reason: Reason::Ok,
        upload: "U".into(),
        record_no: u32::from(n) + 1,
        is_cleared: false,
    };
    (0..count).map(tap).collect()
}

/// The proofs of all records that are not accepted, by record number.
fn proofs(chain: &Chain) -> BTreeMap<u32, Proof> {
    chain.links.iter().filter_map(|link| Some((link.tap.record_no, link.proof.clone()?))).collect()
}

#[test]
fn planted_records_are_proven_and_only_those() {
    let mut card = taps(65_530, 20);
    // Grey between two neighbours, across the wrap of the counter: it happened.
    card[6].reason = Reason::Grey;
    // Two in a row that wait: neither has two accepted neighbours.
    (card[10].reason, card[11].reason) = (Reason::TacWrong, Reason::TooLate);
    // A remainder: more was spent than it says.
    (card[14].reason, card[14].amount) = (Reason::TacWrong, Fen(90));
    // Another record under an accepted counter, and the same one twice.
    let other = Tap { reason: Reason::KeyConflict, amount: Fen(7), record_no: 101, ..card[3].clone() };
    let copy = Tap { reason: Reason::Duplicate, record_no: 102, ..card[4].clone() };
    // The last has nothing after it.
    card[19].reason = Reason::Grey;
    card.extend([other, copy]);
    card.reverse();
    let chain = Chain::of(card);
    let places: Vec<u16> = chain.links.iter().map(|link| link.tap.counter).collect();
    assert_eq!((places[0], *places.last().unwrap()), (65_530, 13));
    let place = |record_no: u32| chain.find("U", record_no).unwrap();
    let expected = BTreeMap::from([
        (7, Proof::Happened { before: place(6), after: place(8) }),
        (11, Proof::NoNeighbour),
        (12, Proof::NoNeighbour),
        (15, Proof::Remainder),
        (20, Proof::NoNeighbour),
        (101, Proof::DidNot { other: place(4) }),
        (102, Proof::Copy { other: place(5) }),
    ]);
    assert_eq!(proofs(&chain), expected);
    let proof = chain.evidence(place(7)).unwrap();
    let counters = [&proof.before, &proof.record, &proof.after].map(|tap| tap.counter);
    assert_eq!((counters, proof.before.after(), proof.after.before), ([65_535, 0, 1], Fen(999_400), Fen(999_300)));
    assert!(chain.evidence(place(8)).is_none() && proof.text().contains("余额链证明"));
    // Cleared by people it carries the chain on.
    let mut card: Vec<Tap> = chain.links.iter().map(|link| link.tap.clone()).collect();
    card.iter_mut().find(|tap| tap.record_no == 11).unwrap().is_cleared = true;
    let chain = Chain::of(card);
    assert!(matches!(proofs(&chain)[&12], Proof::Happened { .. }));
}

#[test]
fn joins_tell_loads_gaps_and_what_is_wrong() {
    let mut card = taps(10, 12);
    card[2..].iter_mut().for_each(|tap| tap.before.0 += 5_000);
    card[4..].iter_mut().for_each(|tap| tap.before.0 -= 30);
    let lost: Vec<Tap> = card.drain(6..9).collect();
    // Loads hide what the next gap spent.
    card[7].counter += 5;
    card[7].before.0 += 100_000;
    card[8].counter += 5;
    card[8].before.0 += 100_000;
    card[8].at = at(-40);
    let chain = Chain::of(card.clone());
    let joins: Vec<Join> = chain.links.iter().map(|link| link.join).collect();
    let spent = Fen(lost.iter().map(|tap| tap.amount.0).sum());
    let expected = [
        Join::First,
        Join::Continuous,
        Join::Loaded(Fen(5_000)),
        Join::Continuous,
        Join::Short(Fen(30)),
        Join::Continuous,
        Join::Gap { missing: 3, spent: Some(spent) },
        Join::Gap { missing: 5, spent: None },
        Join::Continuous,
    ];
    assert_eq!(joins, expected);
    assert_eq!(chain.gaps(), [(5, 6, 3, Some(spent)), (6, 7, 5, None)]);
    let regressions: Vec<bool> = chain.links.iter().map(|link| link.is_regression).collect();
    assert_eq!(regressions.iter().position(|is| *is), Some(8));
    assert_eq!(regressions.iter().filter(|is| **is).count(), 1);
    let drawn = chain.json();
    assert_eq!((&drawn[6]["join"]["missing"], &drawn[6]["join"]["amount_fen"]), (&3.into(), &spent.0.into()));
    assert_eq!((&drawn[8]["regression"], &drawn[0]["proof"]), (&true.into(), &serde_json::Value::Null));
    // What was lost closes the gap.
    card.extend(lost);
    assert_eq!(Chain::of(card).gaps().len(), 1);
    assert_eq!(Chain::of(Vec::new()), Chain::default());
}

#[test]
fn every_second_of_ten_thousand_taps_is_proven() {
    let mut card = taps(50_000, 10_000);
    card.iter_mut().skip(1).step_by(2).for_each(|tap| tap.reason = Reason::Grey);
    let chain = Chain::of(card);
    let proven = proofs(&chain).values().filter(|proof| matches!(proof, Proof::Happened { .. })).count();
    assert_eq!(proven, 4_999, "all but the last, which has nothing after it");
}

/// An upload of a member that does not sign, opened.
struct Upload {
    path: PathBuf,
    header: Header,
    records: Vec<Txu>,
}

impl Upload {
    fn unsigned(centre: &Centre) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![centre.folders(day(1)).inbox];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        let signed = |path: &PathBuf| files.contains(&path.with_file_name(format!("{}.sig", file_name(path))));
        let path = files.iter().find(|path| file_name(path).ends_with(".dat") && !signed(path)).unwrap().clone();
        let bytes = fs::read(&path).unwrap();
        let records = bytes[HEADER_LEN..].chunks_exact(LINE_LEN).map(|line| parse_txu(line).unwrap()).collect();
        Self { header: Header::parse(&bytes[..HEADER_LEN]).unwrap(), path, records }
    }

    fn write(mut self) {
        let mut body = Vec::new();
        for (record, number) in self.records.iter_mut().zip(1..) {
            record.record_no = number;
            let mut line = [0; LINE_LEN];
            format_txu(record, &mut line).unwrap();
            body.extend(line);
        }
        self.header.record_count = self.records.len() as u32;
        self.header.total_amount = self.records.iter().map(|record| i64::from(record.amount)).sum();
        self.header.body_digest = sm3(&body);
        fs::write(&self.path, [&self.header.write().unwrap()[..], &body].concat()).unwrap();
    }

    /// Cards of another member with so many records, each worth something between its first and its last.
    fn cards(&self, centre: &Centre, least: usize) -> Vec<Vec<Txu>> {
        let mut cards: BTreeMap<_, Vec<Txu>> = BTreeMap::new();
        for record in &self.records {
            let issuer = centre.scheme.issuer(record.scheme, record.issuer_id).unwrap().member;
            if issuer != self.header.sender {
                cards.entry(record.serial).or_default().push(record.clone());
            }
        }
        let mut cards: Vec<Vec<Txu>> = cards.into_values().filter(|card| card.len() >= least).collect();
        cards.iter_mut().for_each(|card| card.sort_by_key(|record| record.counter));
        cards.retain(|card| card[1].amount > 0);
        cards
    }

    fn remove(&mut self, gone: &Txu) {
        self.records.retain(|record| (record.serial, record.counter) != (gone.serial, gone.counter));
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

async fn open_gaps(db: &Db) -> Vec<(i64, i64, i64, Option<i64>)> {
    let sql = "SELECT id, counter_from, missing, missing_fen FROM card_gap WHERE state = 'open' ORDER BY id";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![]).await.unwrap();
    let gap = |row: &tongka_storage::Row| {
        let int = |column| row.int(column).unwrap();
        (int("id"), int("counter_from"), int("missing"), row.opt_int("missing_fen").unwrap())
    };
    rows.iter().map(gap).collect()
}

#[tokio::test]
async fn grey_records_are_proven_and_lost_ones_leave_gaps_that_late_arrival_closes() {
    for database in databases().await {
        let centre = Centre::new(&database, 0).await;
        let mut upload = Upload::unsigned(&centre);
        let sender = upload.header.sender;
        let long = upload.cards(&centre, 5).into_iter().next().expect("a card with five records");
        let others = upload.cards(&centre, 3).into_iter().filter(|card| card[0].serial != long[0].serial);
        let [grey, lost]: [Vec<Txu>; 2] = others.take(2).collect::<Vec<_>>().try_into().unwrap();
        let planted = upload.records.iter_mut().find(|r| (r.serial, r.counter) == (grey[1].serial, grey[1].counter));
        planted.unwrap().grey = true;
        upload.remove(&lost[1]);
        long[1..4].iter().for_each(|record| upload.remove(record));
        // What was lost comes the day after, but for the outer two of three.
        let late = FileName { date: day(2), ..FileName::parse(&file_name(&upload.path)).unwrap() };
        let late = Upload {
            path: centre.folders(day(2)).inbox.join(late.to_string()),
            header: Header { file_date: day(2), ..upload.header.clone() },
            records: vec![lost[1].clone(), long[2].clone()],
        };
        upload.write();
        let db = &centre.db;
        let folders = centre.folders(day(1));
        assert_eq!(gaps::track(db, &folders, day(1), &Noon).await.unwrap_err().code(), "D06");
        centre.run(day(1)).await;
        let tracked = send(gaps::track(db, &folders, day(1), &Noon)).await.unwrap();
        assert_eq!((tracked.opened, tracked.closed), (3, 0));
        assert!(tracked.cards > 100);
        assert_eq!(gaps::track(db, &folders, day(1), &Noon).await.unwrap(), tracked);
        let long_spent: i64 = long[1..4].iter().map(|record| i64::from(record.amount)).sum();
        let single = |record: &Txu| (i64::from(record.counter), 1, Some(i64::from(record.amount)));
        let found: Vec<_> =
            open_gaps(db).await.into_iter().map(|(_, from, missing, fen)| (from, missing, fen)).collect();
        assert!(found.contains(&single(&grey[1])) && found.contains(&single(&lost[1])), "{found:?}");
        let proven = found.iter().find(|(_, missing, _)| *missing == 3).unwrap();
        assert_eq!(proven.0, i64::from(long[1].counter));
        // A load between hides what was spent, or a part of it.
        assert!(proven.2.is_none_or(|fen| fen <= long_spent));

        // The grey record is proven, to the centre with its neighbours, to the acquirer without, to nobody else.
        let waiting = Search { verdicts: vec![Verdict::Suspicious], ..Search::over(day(1), day(1)) };
        let waiting = plan(db, &folders, Scope::Platform, &waiting, false).await.unwrap();
        let waiting = waiting.page(10, None, &false.into()).unwrap().records.remove(0);
        let (name, number, issuer) = (waiting.upload.as_str(), waiting.record_no, waiting.issuer.unwrap());
        assert_eq!((waiting.reason, waiting.sender), (Reason::Grey, sender));
        let prove = async |scope| send(evidence::prove(db, &folders, scope, name, number)).await;
        let proof = prove(Scope::Platform).await.unwrap();
        let counters = [&proof.before, &proof.record, &proof.after].map(|tap| tap.counter);
        assert_eq!(counters, [0, 1, 2].map(|n| grey[n].counter));
        assert_eq!(proof.record.amount.0, i64::from(grey[1].amount));
        assert_eq!(prove(Scope::Member(issuer)).await.unwrap(), proof);
        let told = prove(Scope::Member(sender)).await.unwrap();
        assert_eq!((told.before.upload.as_str(), told.after.record_no), ("", 0));
        let stranger = centre.scheme.members.iter().map(|m| m.code).find(|m| *m != sender && *m != issuer).unwrap();
        assert_eq!(prove(Scope::Member(stranger)).await.unwrap_err().code(), "D13");
        let accepted =
            evidence::prove(db, &folders, Scope::Platform, &proof.before.upload, proof.before.record_no).await;
        assert_eq!(accepted.unwrap_err().code(), "D15");
        let drawn = async |member| send(evidence::chain_of(db, &folders, Scope::Member(member), name, number)).await;
        let (chain, place) = drawn(issuer).await.unwrap();
        assert_eq!(chain.links[place].tap.record_no, number);
        assert_eq!(drawn(sender).await.unwrap_err().code(), "D13");

        // Two people clear it on that proof; its gap is then none any more.
        let (maker, checker) = people(MemberCode::CENTRE);
        let id = send(evidence::propose_proven(db, &folders, &maker, (name, number), None, &Noon)).await.unwrap();
        let done = approve(db, &checker, id, &Noon, |tx, approval, clock| {
            Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
        });
        let done = done.await.unwrap();
        assert_eq!(done.after["proof"]["before"]["counter"], grey[0].counter);
        assert_eq!(suspicious::find(db, Scope::Platform, name, number).await.unwrap().state, "cleared");
        assert_eq!(open_gaps(db).await.len(), 2);
        let (chain, place) = drawn(issuer).await.unwrap();
        assert_eq!((chain.links[place].join, chain.gaps().len()), (Join::Continuous, 0));

        // The lost record can be claimed for what its neighbours prove, once; here it is found in time.
        let gap = open_gaps(db).await.into_iter().find(|gap| gap.2 == 1).unwrap();
        let issuer_of_lost = centre.scheme.issuer(lost[1].scheme, lost[1].issuer_id).unwrap().member;
        let claim = Raise {
            act: Act::Claim,
            upload: String::new(),
            record_no: 0,
            gap: Some(gap.0),
            amount: None,
            reason: Some(6),
            note: "终端损坏，余额链可证 lost".into(),
        };
        let (maker, checker) = people(sender);
        let asked = case::raise(db, &folders, &maker, &claim, None, &At(day(2))).await.unwrap();
        let Asked::Proposed(id) = asked else { panic!("two people are needed") };
        let morning = At(day(2));
        let done = approve(db, &checker, id, &morning, |tx, approval, clock| {
            Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
        });
        let number = done.await.unwrap().result["case"].as_str().unwrap().to_owned();
        let claimed = case::find(db, Scope::Member(sender), &number).await.unwrap();
        assert_eq!((claimed.amount.0, claimed.gap), (i64::from(lost[1].amount), Some(gap.0)));
        assert_eq!(case::raise(db, &folders, &maker, &claim, None, &At(day(2))).await.unwrap_err().code(), "D07");
        late.write();
        centre.run(day(2)).await;
        let tracked = gaps::track(db, &centre.folders(day(2)), day(2), &Noon).await.unwrap();
        assert_eq!(tracked, Tracked { cards: 2, opened: 2, closed: 2 }, "one closed, one cut in two");
        let left: Vec<_> = open_gaps(db).await.into_iter().map(|(_, from, missing, _)| (from, missing)).collect();
        assert_eq!(left, [(i64::from(long[1].counter), 1), (i64::from(long[3].counter), 1)]);
        let closed = "SELECT closed_by FROM card_gap WHERE state = 'closed' AND closed_by LIKE 'TXU_20260902%'";
        assert_eq!(db.read(Scope::Platform).fetch_all(closed, params![]).await.unwrap().len(), 1);
        // The claim is then moot: accepted, it moves nothing.
        let (maker, checker) = people(issuer_of_lost);
        let accept = Respond { number, act: Act::Accept, amount: None, reason: None, note: "同意 agreed".into() };
        let Asked::Proposed(id) = case::respond(db, &maker, &accept, None, &morning).await.unwrap() else {
            panic!("two people are needed")
        };
        let done = approve(db, &checker, id, &morning, |tx, approval, clock| {
            Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
        });
        assert_eq!(done.await.unwrap().result["held_fen"], 0);
        let again = case::raise(db, &folders, &people(sender).0, &claim, None, &morning).await;
        assert_eq!(again.unwrap_err().code(), "D09");
        let count = |ages: Vec<gaps::Age>| ages.iter().map(|age| age.gaps).collect::<Vec<_>>();
        assert_eq!(count(gaps::by_age(db, Scope::Platform, day(2)).await.unwrap()), [2, 0, 0, 0]);
        assert_eq!(count(gaps::by_age(db, Scope::Member(sender), december().0).await.unwrap()), [0, 0, 0, 2]);
        tongka_listing::check(db, &GAPS).await.unwrap();
        for date in [1, 2] {
            assert_eq!(centre.differences(day(date)).await, Vec::<String>::new());
        }
        db.close().await;
    }
}
