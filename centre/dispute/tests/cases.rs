//! Dispute cases from the first deed to the books, on both databases.

mod common;

use common::{At, Centre, day, december, people, send};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tongka_access::{AccessError, Actor, approve};
use tongka_base::{Date, Fen, MemberCode, Verdict};
use tongka_dispute::case::{self, Asked, Raise, Respond};
use tongka_dispute::rules::{Act, CaseRules, EDGES, Money, Parties, State, Who, edge};
use tongka_dispute::{DisputeError, execute, propose, suspicious};
use tongka_engine::day::positions;
use tongka_exchange::record::Record;
use tongka_exchange::search::{Search, plan};
use tongka_ledger::verify;
use tongka_storage::{Db, Scope, params};
use tongka_testkit::databases;
use tongka_wire::{Kind, Value as Field, parse_record, write_record};

/// The second person of the same institution says yes; what came of it, or the code it was refused with.
async fn approved(db: &Db, checker: &Actor, id: i64, at: At) -> Result<Value, String> {
    let done = approve(db, checker, id, &at, |tx, approval, clock| {
        Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
    });
    match done.await {
        Ok(approval) => Ok(approval.result),
        Err(AccessError::Execution(cause)) => Err(cause.downcast::<DisputeError>().unwrap().code().into_owned()),
        Err(other) => Err(other.code().into_owned()),
    }
}

/// The number of the case after one or two people of a party acted, or the code of the refusal.
async fn through(db: &Db, checker: &Actor, asked: Result<Asked, DisputeError>, at: At) -> Result<String, String> {
    match asked.map_err(|error| error.code().into_owned())? {
        Asked::Done(number) => Ok(number),
        Asked::Proposed(id) => Ok(approved(db, checker, id, at).await?["case"].as_str().expect("a case").to_owned()),
    }
}

fn raising(record: &Record, act: Act, amount: Option<i64>) -> Raise {
    Raise {
        act,
        upload: record.upload.clone(),
        record_no: record.record_no,
        gap: None,
        amount: amount.map(Fen),
        reason: Some(3),
        note: "金额不符 amount".into(),
    }
}

fn parties(record: &Record, opener: MemberCode) -> Parties {
    Parties { acquirer: record.sender, issuer: record.issuer.unwrap(), opener }
}

/// Opens a case by two people of a party, where two are needed.
async fn open(
    centre: &Centre,
    record: &Record,
    who: Who,
    act: Act,
    amount: Option<i64>,
    at: At,
) -> Result<String, String> {
    let member = parties(record, MemberCode::CENTRE).one(who).unwrap();
    let (maker, checker) = people(member);
    let raise = raising(record, act, amount);
    let folders = centre.folders(day(1));
    let asked = send(case::raise(&centre.db, &folders, &maker, &raise, None, &at)).await;
    through(&centre.db, &checker, asked, at).await
}

/// Goes on with a case by two people of a party or of the centre.
async fn go_on(
    db: &Db,
    member: MemberCode,
    number: &str,
    act: Act,
    amount: Option<i64>,
    at: At,
) -> Result<State, String> {
    let (maker, checker) = people(member);
    let respond = Respond {
        number: number.to_owned(),
        act,
        amount: amount.map(Fen),
        reason: act.needs_reason().then_some(6),
        note: "已核对 checked".into(),
    };
    let asked = send(case::respond(db, &maker, &respond, None, &at)).await;
    through(db, &checker, asked, at).await?;
    Ok(case::find(db, Scope::Platform, number).await.unwrap().state)
}

/// Records of the first date between two members, worth something, of a verdict.
async fn foreign(centre: &Centre, verdict: Verdict) -> Vec<Record> {
    let search = Search { verdicts: vec![verdict], ..Search::over(day(1), day(1)) };
    let plan = plan(&centre.db, &centre.folders(day(1)), Scope::Platform, &search, false).await.unwrap();
    let records = plan.page(10_000, None, &false.into()).unwrap().records;
    records.into_iter().filter(|r| r.issuer.is_some_and(|i| i != r.sender) && r.amount > Fen(100)).collect()
}

async fn rejected(centre: &Centre, record: &Record) {
    let payload = suspicious::payload(&record.upload, record.record_no, "退回 returned");
    let (maker, checker) = people(MemberCode::CENTRE);
    let id = propose(&centre.db, &maker, suspicious::REJECT, &payload, None, &At(day(1))).await.unwrap();
    approved(&centre.db, &checker, id, At(day(1))).await.unwrap();
}

#[test]
fn the_rules_are_sound() {
    for edge in EDGES {
        let waits = edge.from.and_then(State::waits_for);
        assert!(edge.from.is_none() || waits.is_some(), "nothing follows the end: {edge:?}");
        assert_eq!(edge.to == State::Closed, edge.deadline.is_none(), "{edge:?}");
        let twin = EDGES.iter().filter(|other| other.from == edge.from && other.act == edge.act).count();
        assert_eq!(twin, 1, "{edge:?}");
        assert!(edge.money == Money::Stays || edge.act == Act::Expire || edge.needs_two(), "{edge:?}");
    }
    for state in State::ALL {
        let expires = edge(Some(state), Act::Expire).is_some();
        assert_eq!(expires, !matches!(state, State::Closed | State::Arbitration), "{state:?}");
        assert_eq!(State::of(state.word()), Some(state));
    }
    for act in Act::ALL {
        assert_eq!((Act::of(act.word()), Act::from_code(act.code())), (Some(act), Some(act)));
    }
    let mut rules = CaseRules::default();
    for (name, value) in rules.values() {
        assert!(rules.set(name, value) && !rules.set(name, -1), "{name}");
    }
    assert!(!rules.set("other", 1) && rules == CaseRules::default());
}

#[tokio::test]
async fn every_type_goes_through_its_life_and_every_fen_is_booked_on_the_next_date() {
    use Act::*;
    for database in databases().await {
        let centre = Centre::new(&database, 100_000).await;
        let db = &centre.db;
        centre.run(day(1)).await;
        centre.holidays(&[(day(20), "workday"), (day(25), "holiday")]).await;
        let cleared = foreign(&centre, Verdict::Accepted).await;
        let returned = foreign(&centre, Verdict::Suspicious).await;
        let at = |d: u32| At(day(d));
        type Script<'a> = (&'a Record, Who, Act, Option<i64>, Vec<(u32, Who, Act, Option<i64>, State)>, i64);
        for record in &returned[..3] {
            rejected(&centre, record).await;
        }
        let (acquirer, issuer, rule) = (Who::Acquirer, Who::Issuer, Who::Centre);
        let amount = |record: &Record| record.amount.0;
        let scripts: Vec<Script<'_>> = vec![
            // 01: asked, answered, charged back in part, accepted.
            (
                &cleared[0],
                acquirer,
                Inquire,
                None,
                vec![
                    (3, issuer, Answer, None, State::Answered),
                    (4, issuer, ChargeBack, Some(40), State::ChargedBack),
                    (7, acquirer, Accept, None, State::Closed),
                ],
                40,
            ),
            // 02 to 05: all the way, for the issuer.
            (
                &cleared[1],
                issuer,
                ChargeBack,
                None,
                vec![
                    (3, acquirer, Represent, None, State::Represented),
                    (4, issuer, ChargeBackAgain, None, State::ChargedBackAgain),
                    (7, acquirer, Arbitrate, None, State::Arbitration),
                    (8, rule, Rule, Some(amount(&cleared[1])), State::Closed),
                ],
                amount(&cleared[1]),
            ),
            // 05 earlier, for the acquirer.
            (
                &cleared[2],
                issuer,
                ChargeBack,
                None,
                vec![
                    (3, acquirer, Represent, None, State::Represented),
                    (4, issuer, Arbitrate, None, State::Arbitration),
                    (8, rule, Rule, Some(0), State::Closed),
                ],
                0,
            ),
            // 02 taken back by who raised it.
            (&cleared[3], issuer, ChargeBack, None, vec![(3, issuer, Withdraw, None, State::Closed)], 0),
            // 06.
            (&cleared[4], acquirer, Credit, Some(60), vec![], 60),
            // 07 refused and ruled in half; accepted; left to the calendar.
            (
                &returned[0],
                acquirer,
                Claim,
                None,
                vec![
                    (3, issuer, Refuse, None, State::Refused),
                    (4, acquirer, Arbitrate, None, State::Arbitration),
                    (7, rule, Rule, Some(50), State::Closed),
                ],
                50,
            ),
            (&returned[1], acquirer, Claim, Some(70), vec![(3, issuer, Accept, None, State::Closed)], 70),
            // 08.
            (&cleared[5], issuer, ClaimFee, Some(7), vec![(3, acquirer, Accept, None, State::Closed)], 7),
        ];
        for (record, who, act, fen, steps, held) in &scripts {
            let number = open(&centre, record, *who, *act, *fen, at(2)).await.unwrap();
            let opened = case::find(db, Scope::Platform, &number).await.unwrap();
            for (d, who, act, fen, state) in steps {
                let member = opened.parties.one(*who).unwrap();
                let found = go_on(db, member, &number, *act, *fen, at(*d)).await;
                assert_eq!(found, Ok(*state), "{number} {act:?}");
            }
            let closed = case::find(db, Scope::Platform, &number).await.unwrap();
            assert_eq!((closed.state, closed.held), (State::Closed, Fen(*held)), "{act:?}");
            assert!(closed.outcome.is_some() && closed.closed_at.is_some() && closed.deadline.is_none());
        }

        // Silence: an inquiry lets the issuer charge back, a chargeback stands, a claim is accepted.
        let asked = open(&centre, &cleared[6], issuer, Inquire, None, at(14)).await.unwrap();
        let claimed = open(&centre, &returned[2], acquirer, Claim, None, at(14)).await.unwrap();
        let deadline = async |number: &str| case::find(db, Scope::Platform, number).await.unwrap().deadline;
        assert_eq!(deadline(&asked).await, Some(day(20)), "a Sunday on which banks work is the fifth day");
        assert_eq!(send(case::due(db, &at(20))).await.unwrap(), Vec::<String>::new());
        assert_eq!(case::due(db, &at(21)).await.unwrap(), [asked.as_str()]);
        assert_eq!(case::due(db, &at(21)).await.unwrap(), Vec::<String>::new());
        let charged = go_on(db, cleared[6].issuer.unwrap(), &asked, ChargeBack, None, at(21)).await;
        assert_eq!(charged, Ok(State::ChargedBack));
        assert_eq!(deadline(&asked).await, Date::from_ymd_opt(2026, 10, 6), "Friday the 25th is a holiday");
        assert_eq!(case::due(db, &december()).await.unwrap(), [claimed.as_str(), asked.as_str()]);
        assert_eq!(case::due(db, &december()).await.unwrap(), Vec::<String>::new());
        for (number, record) in [(&asked, &cleared[6]), (&claimed, &returned[2])] {
            let closed = case::find(db, Scope::Platform, number).await.unwrap();
            assert_eq!((closed.outcome, closed.held), (Some(Expire), record.amount));
        }

        // The books: what the stages say and the fees of two arbitrations for and one against the claimant.
        let mut expected = BTreeMap::<MemberCode, i64>::new();
        let mut owed = |debtor: MemberCode, creditor: MemberCode, amount: Fen| {
            *expected.entry(debtor).or_default() -= amount.0;
            *expected.entry(creditor).or_default() += amount.0;
        };
        let rows = db.read(Scope::Platform).fetch_all("SELECT number FROM dispute_case", params![]).await.unwrap();
        for row in rows {
            let number = row.text("number").unwrap();
            let case = case::find(db, Scope::Platform, &number).await.unwrap();
            let stages = case::stages(db, Scope::Platform, &number).await.unwrap();
            let beneficiary = case.parties.beneficiary(case.opened_as);
            let mut held = 0;
            for (stage, place) in stages.iter().zip(1..) {
                assert_eq!(stage.ordinal, place);
                assert_eq!(stage.moved.is_some(), stage.adjustment.is_some());
                if let Some((debtor, creditor, amount)) = stage.moved {
                    owed(debtor, creditor, amount);
                    held += if creditor == beneficiary { amount.0 } else { -amount.0 };
                }
            }
            assert_eq!(held, case.held.0, "{number}");
        }
        let fee = CaseRules::default().arbitration_fee;
        owed(cleared[1].sender, MemberCode::CENTRE, fee);
        owed(cleared[2].issuer.unwrap(), MemberCode::CENTRE, fee);
        let half = amount(&returned[0]) <= 100;
        owed(if half { returned[0].issuer.unwrap() } else { returned[0].sender }, MemberCode::CENTRE, fee);
        assert_eq!(expected.values().sum::<i64>(), 0);
        assert_eq!(expected.remove(&MemberCode::CENTRE), Some(fee.0 * 3));
        let report = centre.run(day(2)).await;
        assert_eq!(report.imbalance, Fen::ZERO);
        let booked = positions(db, Scope::Platform, day(2)).await.unwrap();
        let booked: BTreeMap<_, _> =
            booked.iter().map(|p| (p.member, p.position.adjustments.0)).filter(|(_, fen)| *fen != 0).collect();
        expected.retain(|_, fen| *fen != 0);
        assert_eq!(booked, expected);
        for date in [1, 2] {
            assert_eq!(centre.differences(day(date)).await, Vec::<String>::new());
        }
        assert!(verify(db).await.unwrap().faults.is_empty());
        assert!(tongka_audit::verify(db, None).await.unwrap().faults.is_empty());
        for spec in [&case::CASES, &case::STAGES] {
            tongka_listing::check(db, spec).await.unwrap();
        }
        db.close().await;
    }
}

#[tokio::test]
async fn what_is_not_right_is_refused_with_its_code_and_moves_nothing() {
    use Act::*;
    for database in databases().await {
        let centre = Centre::new(&database, 100_000).await;
        let (db, folders) = (&centre.db, centre.folders(day(1)));
        centre.run(day(1)).await;
        let cleared = foreign(&centre, Verdict::Accepted).await;
        let waiting = &foreign(&centre, Verdict::Suspicious).await[0];
        let (record, issuer) = (&cleared[0], cleared[0].issuer.unwrap());
        let stranger = centre.scheme.members.iter().map(|m| m.code);
        let stranger = stranger.into_iter().find(|m| *m != record.sender && *m != issuer).unwrap();
        let at = At(day(2));
        let refused = async |member: MemberCode, raise: Raise, at: At| {
            let (maker, checker) = people(member);
            let asked = case::raise(db, &folders, &maker, &raise, None, &at).await;
            through(db, &checker, asked, at).await.unwrap_err()
        };
        let own = Search { verdicts: vec![Verdict::Accepted], ..Search::over(day(1), day(1)) };
        let own = plan(db, &folders, Scope::Platform, &own, false).await.unwrap().page(10_000, None, &false.into());
        let own = own.unwrap().records.into_iter().find(|r| r.issuer == Some(r.sender) && r.amount > Fen::ZERO);
        let full = record.amount.0;
        let mut cases = vec![
            (record.sender, raising(record, ChargeBack, None), at, "D06"),
            (issuer, raising(record, Credit, None), at, "D06"),
            (issuer, raising(record, Rule, None), at, "D06"),
            (issuer, raising(record, ChargeBack, Some(full + 1)), at, "D10"),
            (issuer, raising(record, ChargeBack, Some(0)), at, "D10"),
            (issuer, raising(record, ChargeBack, Some(-5)), at, "D10"),
            (record.sender, raising(record, Claim, None), at, "D09"),
            (waiting.issuer.unwrap(), raising(waiting, ChargeBack, None), at, "D09"),
            (issuer, raising(record, ChargeBack, None), december(), "D08"),
            (stranger, raising(record, ChargeBack, None), at, "D13"),
            (issuer, Raise { record_no: 999_999, ..raising(record, ChargeBack, None) }, at, "D13"),
            (issuer, Raise { upload: "x'; --".into(), ..raising(record, ChargeBack, None) }, at, "D13"),
            (issuer, Raise { gap: Some(1), ..raising(record, Claim, None) }, at, "D13"),
            (issuer, Raise { reason: None, ..raising(record, ChargeBack, None) }, at, "D03"),
            (issuer, Raise { reason: Some(12), ..raising(record, ChargeBack, None) }, at, "D03"),
            (issuer, Raise { note: " ".into(), ..raising(record, ChargeBack, None) }, at, "D03"),
            (MemberCode::CENTRE, raising(record, ChargeBack, None), at, "D12"),
        ];
        if let Some(own) = &own {
            cases.push((own.sender, raising(own, Credit, None), at, "D09"));
        }
        for (member, raise, at, code) in cases {
            assert_eq!(refused(member, raise.clone(), at).await, code, "{raise:?}");
        }
        let (maker, checker) = people(issuer);
        let bare = Actor { permissions: Default::default(), ..maker.clone() };
        let asked = case::raise(db, &folders, &bare, &raising(record, ChargeBack, None), None, &at).await;
        assert_eq!(asked.unwrap_err().code(), "P05");

        // One person, and people of another member, do not approve; what was proposed twice is done once.
        let propose_it = async || {
            let asked = case::raise(db, &folders, &maker, &raising(record, ChargeBack, None), None, &at).await;
            let Asked::Proposed(id) = asked.unwrap() else { panic!("two people are needed") };
            id
        };
        let (first, second) = (propose_it().await, propose_it().await);
        assert_eq!(approved(db, &maker, first, at).await.unwrap_err(), "P03");
        assert_eq!(approved(db, &people(record.sender).1, first, at).await.unwrap_err(), "P06");
        assert_eq!(approved(db, &people(MemberCode::CENTRE).1, first, at).await.unwrap_err(), "P22");
        let number = approved(db, &checker, first, at).await.unwrap()["case"].as_str().unwrap().to_owned();
        assert_eq!(approved(db, &checker, second, at).await.unwrap_err(), "D07");
        assert_eq!(refused(issuer, raising(record, ChargeBack, Some(1)), at).await, "D07");
        assert_eq!(refused(record.sender, raising(record, Credit, Some(1)), at).await, "D10", "nothing is left");

        for (member, number, act, at, code) in [
            (issuer, number.as_str(), Accept, at, "D06"),
            (record.sender, &number, Answer, at, "D06"),
            (record.sender, &number, Expire, at, "D06"),
            (record.sender, &number, Rule, at, "D04"),
            (MemberCode::CENTRE, &number, Rule, at, "D06"),
            (MemberCode::CENTRE, &number, Accept, at, "D12"),
            (stranger, &number, Accept, at, "D05"),
            (record.sender, "D20260902000999", Accept, at, "D05"),
            (record.sender, &number, Represent, december(), "D08"),
        ] {
            assert_eq!(go_on(db, member, number, act, None, at).await.unwrap_err(), code, "{act:?}");
        }
        assert_eq!(case::find(db, Scope::Member(stranger), &number).await.unwrap_err().code(), "D05");
        assert_eq!(case::stages(db, Scope::Member(stranger), &number).await.unwrap_err().code(), "D05");
        // Half credited while the other half is presented again: it cannot be charged back whole a second time.
        assert_eq!(go_on(db, record.sender, &number, Represent, None, at).await, Ok(State::Represented));
        let credit = open(&centre, record, Who::Acquirer, Credit, Some(1), at).await.unwrap();
        assert_eq!(case::find(db, Scope::Platform, &credit).await.unwrap().state, State::Closed);
        assert_eq!(go_on(db, issuer, &number, ChargeBackAgain, None, at).await.unwrap_err(), "D10");

        let sql = "SELECT debtor, creditor, amount_fen FROM adjustment ORDER BY id";
        let moved: Vec<[i64; 3]> = db
            .read(Scope::Platform)
            .fetch_all(sql, params![])
            .await
            .unwrap()
            .iter()
            .map(|row| ["debtor", "creditor", "amount_fen"].map(|column| row.int(column).unwrap()))
            .collect();
        let (a, i) = (i64::from(record.sender.0), i64::from(issuer.0));
        assert_eq!(moved, [[a, i, full], [i, a, full], [a, i, 1]]);
        assert_eq!(centre.run(day(2)).await.imbalance, Fen::ZERO);
        assert_eq!(centre.differences(day(2)).await, Vec::<String>::new());
        db.close().await;
    }
}

#[tokio::test]
async fn parameters_are_set_by_two_people_of_the_centre() {
    for database in databases().await {
        let centre = Centre::new(&database, 0).await;
        let db = &centre.db;
        let (maker, checker) = people(MemberCode::CENTRE);
        let set = async |payload: Value| {
            propose(db, &maker, case::SET_RULES, &payload, None, &At(day(1))).await.map_err(|e| e.code().into_owned())
        };
        for wrong in [json!({}), json!({ "represent": 0 }), json!({ "represent": "5" }), json!({ "x": 5 }), Value::Null]
        {
            assert_eq!(set(wrong).await.unwrap_err(), "D03");
        }
        let id = set(json!({ "represent": 7, "arbitration_fee_fen": 0 })).await.unwrap();
        assert_eq!(case::rules(db).await.unwrap(), CaseRules::default());
        approved(db, &checker, id, At(day(1))).await.unwrap();
        let rules = CaseRules { represent: 7, arbitration_fee: Fen::ZERO, ..CaseRules::default() };
        assert_eq!(case::rules(db).await.unwrap(), rules);
        db.close().await;
    }
}

fn line(act: Act, case: &str, record: Option<&Record>, amount: i64) -> Vec<u8> {
    let mut note = "核对 checked".as_bytes().to_vec();
    note.resize(120, b' ');
    let values = [
        Field::Text("Q".into()),
        Field::Number(act.code().into()),
        Field::Text(case.into()),
        Field::Text(record.map_or(String::new(), |r| r.upload.clone())),
        Field::Number(record.map_or(0, |r| r.record_no.into())),
        Field::Number(0),
        Field::Number(amount),
        Field::Number(if act.needs_reason() { 6 } else { 0 }),
        Field::Raw(note),
    ];
    let mut out = Vec::new();
    write_record(Kind::Dsp.table(), &values, &mut out).unwrap();
    out
}

#[tokio::test]
async fn files_are_taken_whole_or_refused_whole_and_both_sides_are_told() {
    for database in databases().await {
        let centre = Centre::new(&database, 0).await;
        let (db, folders) = (&centre.db, centre.folders(day(1)));
        centre.run(day(1)).await;
        let cleared = foreign(&centre, Verdict::Accepted).await;
        let issuer = cleared[0].issuer.unwrap();
        let others: Vec<&Record> = cleared.iter().filter(|r| r.issuer == Some(issuer)).take(2).collect();
        let take = async |member: MemberCode, file: &str, lines: &[u8]| {
            send(case::take_file(db, &folders, member, (file, file), lines, &At(day(2)))).await
        };
        let good = [line(Act::ChargeBack, "", Some(others[0]), 0), line(Act::Inquire, "", Some(others[1]), 0)].concat();
        let twice = [good.clone(), line(Act::ChargeBack, "", Some(others[0]), 1)].concat();
        let error = take(issuer, "DSP_1", &twice).await.unwrap_err();
        assert!(matches!(&error, DisputeError::Line { at: 3, cause } if cause.code() == "D07"), "{error}");
        for (bad, code) in [
            (line(Act::Rule, "D20260902000001", None, 1), "D04"),
            (line(Act::Accept, "D20260902000001", None, 0), "D05"),
            (line(Act::Credit, "", Some(others[0]), 0), "D06"),
        ] {
            let error = take(issuer, "DSP_1", &bad).await.unwrap_err();
            assert!(matches!(&error, DisputeError::Line { at: 1, cause } if cause.code() == code), "{error} {code}");
        }
        let count = async |table: &str| {
            let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {table}");
            db.read(Scope::Platform).fetch_one(&sql, params![]).await.unwrap().int("n").unwrap()
        };
        assert_eq!((count("dispute_case").await, count("adjustment").await), (0, 0), "refused whole");
        for _ in 0..2 {
            assert_eq!(take(issuer, "DSP_1", &good).await.unwrap(), 2);
        }
        assert_eq!(
            (count("dispute_case").await, count("adjustment").await),
            (2, 1),
            "the same file again is nothing new"
        );

        let amount = others[0].amount.0;
        for (member, total, records) in [(issuer, amount, 2), (others[0].sender, -amount, 1)] {
            let news = send(case::news(db, member, 0)).await.unwrap();
            assert!(news.records >= records && news.total.0 == total);
            let fields = parse_record(Kind::Dsr.table(), &news.lines[..Kind::Dsr.table().line_len()]).unwrap();
            assert_eq!((&fields[3], &fields[11]), (&Field::Number(2), &Field::Number(total)));
            assert_eq!(case::news(db, member, news.last).await.unwrap().records, 0);
        }
        let number = case::find(db, Scope::Member(issuer), "D20260902000001").await.unwrap().number;
        assert_eq!(take(others[0].sender, "DSP_2", &line(Act::Represent, &number, None, 0)).await.unwrap(), 1);
        assert_eq!(case::find(db, Scope::Platform, &number).await.unwrap().held, Fen::ZERO);
        db.close().await;
    }
}

#[tokio::test]
async fn attachments_are_kept_under_their_digest() {
    for database in databases().await {
        let centre = Centre::new(&database, 0).await;
        let (db, folders) = (&centre.db, centre.folders(day(1)));
        centre.run(day(1)).await;
        let record = &foreign(&centre, Verdict::Accepted).await[0];
        let number = open(&centre, record, Who::Issuer, Act::Inquire, None, At(day(2))).await.unwrap();
        let (person, _) = people(record.sender);
        let add = async |who: &Actor, name: &str, bytes: &[u8]| {
            let added = send(case::attach(db, &folders, who, &number, (name, bytes), &At(day(2)))).await;
            added.map_err(|error| error.code().into_owned())
        };
        let big = vec![b'x'; case::LARGEST + 1];
        for (name, bytes) in [
            ("a.exe", &b"MZ"[..]),
            ("a.pdf", b"MZ"),
            ("a.png", b"%PDF-1.7"),
            ("../a.txt", b"x"),
            (".txt", b"x"),
            ("a.txt", b""),
            ("a.txt", b"\x00"),
            ("a.csv", b"\xFF\xFE"),
            ("a.txt", &big),
        ] {
            assert_eq!(add(&person, name, bytes).await.unwrap_err(), "D11", "{name}");
        }
        let digest = add(&person, "小票 slip.PDF", b"%PDF-1.7 x").await.unwrap();
        assert_eq!(add(&person, "slip.pdf", b"%PDF-1.7 x").await.unwrap(), digest, "the same again");
        add(&people(MemberCode::CENTRE).0, "note.txt", "说明\r\n".as_bytes()).await.unwrap();
        let stranger = centre.scheme.members.iter().map(|m| m.code);
        let stranger = stranger.into_iter().find(|m| *m != record.sender && Some(*m) != record.issuer).unwrap();
        assert_eq!(add(&people(stranger).0, "a.txt", b"x").await.unwrap_err(), "D05");
        let issuer = Scope::Member(record.issuer.unwrap());
        let listed = case::attachments(db, issuer, &number).await.unwrap();
        assert_eq!(listed.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["小票 slip.PDF", "note.txt"]);
        let (attachment, bytes) = case::content(db, &folders, issuer, &number, &digest).await.unwrap();
        assert_eq!((attachment.kind.as_str(), bytes.as_slice()), ("pdf", &b"%PDF-1.7 x"[..]));
        let unseen = case::content(db, &folders, Scope::Member(stranger), &number, &digest).await;
        assert_eq!(unseen.unwrap_err().code(), "D05");
        let path = folders.data.join("disputes").join(&digest[..2]).join(&digest);
        std::fs::write(path, b"%PDF-1.7 y").unwrap();
        assert_eq!(case::content(db, &folders, issuer, &number, &digest).await.unwrap_err().code(), "D16");
        db.close().await;
    }
}
