//! Bank messages that are wrong in every way: each is refused or queued by its code, and the books do not move.

use crate::centre::{Centre, at, calendar, date, number};
use std::collections::{BTreeMap, BTreeSet};
use tongka_base::{Date, Fen, MemberCode};
use tongka_settlement::account::Role;
use tongka_settlement::{BankCode, Instruction, State, instruct, instructions, prove_bank, receive};
use tongka_simulator::bank::BankFaults;
use tongka_storage::Scope;
use tongka_testkit::databases;
use tongka_wire::iso20022::{
    CamtHead, Entry, EntryStatus, IsoCode, Notification, OriginalStatus, Statement, StatementHead, StatusReport,
    TransactionStatus, write_notification, write_statements, write_status,
};

const DAY: u32 = 15;

fn entry(reference: Option<&str>, amount: i64, on: Date) -> Entry {
    Entry {
        number: 1,
        amount: Fen(amount.abs()),
        is_credit: amount > 0,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked_on: Some(on),
        valued_on: Some(on),
        reference: reference.map(Into::into),
        bank_reference: None,
        return_reason: None,
        party: None,
        party_account: None,
        remittance: "清算".into(),
    }
}

fn statement(id: &str, account: &str, sequence: u64, opening: i64, on: Date, entries: Vec<Entry>) -> Vec<u8> {
    let sum: i128 = entries.iter().map(Entry::signed).sum();
    let head = StatementHead {
        id: id.into(),
        sequence: Some(sequence),
        created_at: None,
        account: account.into(),
        days: Some((on, on)),
        opening: Fen(opening),
        closing: Fen(opening + sum as i64),
        closing_on: Some(on),
    };
    let message = CamtHead { id: id.into(), created_at: on.and_hms_opt(20, 0, 0).unwrap() };
    write_statements(&message, &[Statement { head, entries }]).unwrap()
}

fn notification(id: &str, account: &str, on: Date, entry: Entry) -> Vec<u8> {
    let message = CamtHead { id: id.into(), created_at: on.and_hms_opt(16, 0, 0).unwrap() };
    let told = Notification { id: id.into(), account: account.into(), entries: vec![entry] };
    write_notification(&message, &[told]).unwrap()
}

fn status(id: &str, order: &str, payment: &str, status: OriginalStatus) -> Vec<u8> {
    let transaction = TransactionStatus { id: payment.into(), status, reason: Some("AC04".into()), text: None };
    let report = StatusReport {
        id: id.into(),
        created_at: date(9, DAY).and_hms_opt(11, 0, 0).unwrap(),
        order: order.into(),
        group: None,
        reason: None,
        transactions: vec![transaction],
    };
    write_status(&report, "pain.001.001.09").unwrap()
}

/// A centre whose instructions of one settlement date are out, and the instructions by member.
async fn sent(database: &tongka_testkit::TestDatabase) -> (Centre, Vec<Instruction>) {
    let mut centre = Centre::new(database, 3, date(9, 14), BankFaults::default()).await;
    let members = centre.members();
    let mut nets: BTreeMap<MemberCode, i64> = members.iter().map(|m| (*m, 0)).collect();
    for (at, net) in nets.values_mut().enumerate().take(6) {
        *net = [-1_000, -2_000, -3_000, 1_500, 1_400, 3_000][at];
    }
    centre.clear(date(9, 14), &nets).await;
    let lines = centre.scheme.reserves.clone();
    let clock = at(date(9, DAY), 9);
    instruct(&centre.db, &calendar(), date(9, DAY), &lines, "op", &clock).await.unwrap();
    centre.send(&clock).await;
    centre.bank.collect();
    let all = instructions(&centre.db, Scope::Platform, date(9, DAY)).await.unwrap();
    (centre, all.into_iter().filter(|i| i.amount != Fen::ZERO).collect())
}

async fn take(centre: &Centre, bytes: &[u8]) -> (String, String) {
    let received = receive(&centre.db, centre.data(), bytes, &at(date(9, DAY), 21)).await.unwrap();
    (received.state.to_owned(), received.code)
}

#[tokio::test]
async fn every_wrong_message_is_refused_by_its_code() {
    for database in databases().await {
        let (mut centre, sent) = sent(&database).await;
        let day = date(9, DAY);
        let own = number(Role::Reserve, centre.members()[11]);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let first = statement("S1", &own, 1, 1_000_000, day, vec![entry(None, 5, day)]);
        assert_eq!(take(&centre, &first).await, ("accepted".into(), String::new()));
        let good = |id: &str| text(statement(id, &own, 2, 1_000_005, date(9, 16), vec![entry(None, 7, date(9, 16))]));
        let order = format!("TKM20260915-{}-1", sent[1].member);
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("B01", good("X01").replace("camt.053.001.08", "camt.060.001.05").into_bytes()),
            ("B02", good("X02").replace("<Ntry>", &format!("<Ntry><A>{}</A>", "x".repeat(1 << 17))).into_bytes()),
            ("B03", good("X03").replacen("?>", "?><!DOCTYPE a [<!ENTITY x \"y\">]>", 1).into_bytes()),
            ("B04", good("X04").replace("</Stmt>", "</Stnt>").into_bytes()),
            ("B05", good("X05").replace("<CdtDbtInd>CRDT", "<CdtDbtInd>KRDT").into_bytes()),
            ("B06", good("X06").replace("Ccy=\"CNY\"", "Ccy=\"EUR\"").into_bytes()),
            ("B07", good("X07").replace(">0.07<", ">0.08<").into_bytes()),
            ("B10", first.clone()),
            ("B11", statement("S1", &own, 2, 1_000_005, date(9, 16), Vec::new())),
            ("B12", status("X12", "TKM20260915-1", &sent[0].reference, OriginalStatus::Rejected)),
            ("B12", status("Y12", &order, &sent[0].reference, OriginalStatus::Rejected)),
            ("B13", statement("X13", "6222999", 1, 0, day, Vec::new())),
            ("B13", notification("Y13", "6222999", day, entry(Some("A"), 5, day))),
            ("B14", statement("X14", &own, 3, 9, date(9, 17), Vec::new())),
            ("B15", statement("X15", &own, 2, 1_000_006, date(9, 16), Vec::new())),
            ("B16", statement("X16", &own, 1, 1_000_000, day, Vec::new())),
            ("B16", statement("Y16", &own, 2, 1_000_005, date(9, 14), Vec::new())),
            ("B17", statement("X17", &own, 2, 1_000_005, date(9, 16), vec![entry(None, 7, day)])),
        ];
        let before = instructions(&centre.db, Scope::Platform, day).await.unwrap();
        for (code, bytes) in &cases {
            let state = match *code {
                "B10" => "doubled",
                "B14" => "waiting",
                _ => "refused",
            };
            assert_eq!(take(&centre, bytes).await, (state.into(), (*code).into()));
            assert_eq!(take(&centre, bytes).await.1, "B10", "{code} again");
        }
        assert_eq!(instructions(&centre.db, Scope::Platform, day).await.unwrap(), before, "nothing moved");
        // The statement between comes: the waiting one does not open with its balance, so it is refused after all.
        assert_eq!(take(&centre, good("S2").as_bytes()).await.0, "accepted");
        let row = centre.db.read(Scope::Platform);
        let sql = "SELECT state, code FROM bank_message WHERE message_id = 'X14' AND state <> 'doubled'";
        let waited = row.fetch_one(sql, &[]).await.unwrap();
        assert_eq!((waited.text("state").unwrap(), waited.text("code").unwrap()), ("refused".into(), "B15".into()));
        let told: BTreeSet<&str> = cases.iter().map(|(code, _)| *code).collect();
        let whole = |c: &&BankCode| c.code() < "B18";
        assert!(BankCode::ALL.iter().filter(whole).all(|c| told.contains(c.code())), "{told:?}");
        assert!(IsoCode::ALL.iter().all(|c| told.contains(c.code())), "{told:?}");
        centre.hand_over();
        assert!(tongka_ledger::verify(&centre.db).await.unwrap().faults.is_empty());
        centre.db.close().await;
    }
}

#[tokio::test]
async fn what_contradicts_the_books_is_queued_and_moves_nothing() {
    for database in databases().await {
        let (centre, sent) = sent(&database).await;
        let day = date(9, DAY);
        let state = async |at: usize| {
            let all = instructions(&centre.db, Scope::Platform, day).await.unwrap();
            all.into_iter().find(|i| i.id == sent[at].id).unwrap().state
        };
        let told = |at: usize| sent[at].booked_on(&sent[at].own_account).unwrap().0;
        let codes = async || centre.queue().await.into_iter().map(|(_, code, _)| code).collect::<Vec<_>>();
        let booked = |id: &str, at: usize, fen: i64| {
            notification(id, &sent[at].own_account, day, entry(Some(&sent[at].reference), fen, day))
        };
        let answered = |id: &str, at: usize, what| {
            let order = if sent[at].amount < Fen::ZERO { sent[at].member } else { MemberCode::UNROUTED };
            status(id, &format!("TKM20260915-{order}-1"), &sent[at].reference, what)
        };
        // sent[0] is the centre's fees, if any; take payers and receivers behind it.
        let (a, b, c) = (1, 2, 3);
        take(&centre, &booked("N1", a, told(a) + 1)).await;
        take(&centre, &booked("N2", a, -told(a))).await;
        assert_eq!((state(a).await, codes().await), (State::Sent, vec!["B23".to_owned()]));
        take(&centre, &answered("P1", b, OriginalStatus::Rejected)).await;
        take(&centre, &booked("N3", b, told(b))).await;
        assert_eq!((state(b).await, codes().await.last().unwrap().as_str()), (State::Rejected, "B24"));
        take(&centre, &booked("N4", c, told(c))).await;
        take(&centre, &answered("P2", c, OriginalStatus::Rejected)).await;
        assert_eq!((state(c).await, codes().await.last().unwrap().as_str()), (State::Settled, "B26"));
        // The answer after the booking, and a second notification, change nothing.
        take(&centre, &answered("P3", c, OriginalStatus::Pending)).await;
        take(&centre, &booked("N5", c, told(c))).await;
        assert_eq!(state(c).await, State::Settled);
        let queued = codes().await.len();
        // A statement with a booking twice; another without what the notification told.
        let twice = vec![entry(Some(&sent[a].reference), told(a), day), entry(Some(&sent[a].reference), told(a), day)];
        take(&centre, &statement("S1", &sent[a].own_account, 1, 1_000_000, day, twice)).await;
        take(&centre, &statement("S2", &sent[c].own_account, 1, 1_000_000, day, Vec::new())).await;
        let late: Vec<String> = codes().await.split_off(queued);
        assert_eq!((state(a).await, late), (State::Settled, vec!["B25".to_owned(), "B22".to_owned()]));
        // What is sent back is not settled any more, and is carried over.
        let back = date(9, 16);
        let returned = Entry { is_reversal: true, ..entry(Some(&sent[a].reference), -told(a), back) };
        take(&centre, &statement("S3", &sent[a].own_account, 2, 1_000_000 + 2 * told(a), back, vec![returned])).await;
        assert_eq!(state(a).await, State::Returned);
        // Booked though rejected: people settle it, so that it is not carried over.
        let line = entry(Some(&sent[b].reference), told(b), day);
        take(&centre, &statement("S4", &sent[b].own_account, 1, 1_000_000, day, vec![line])).await;
        let lines = centre.scheme.reserves.clone();
        let clock = at(back, 9);
        let made = instruct(&centre.db, &calendar(), back, &lines, "op", &clock).await.unwrap();
        assert_eq!(made.carried, 1, "the returned one; the contradicted one waits for people");
        let items = centre.queue().await;
        let item = items.iter().rev().find(|(_, code, _)| code == "B24").unwrap().0;
        let settle = serde_json::json!({ "item": item, "action": "settle", "note": "与银行核实" });
        centre.resolve(settle, &clock).await.unwrap();
        assert_eq!(state(b).await, State::Settled);
        let proof = prove_bank(&centre.db, day).await.unwrap();
        let off: Vec<i64> = proof.differences().iter().map(|d| d.theirs - d.ours).collect();
        assert_eq!(off, [told(a), -told(c)], "the second booking, and the one that is not on the statement");
        assert!(tongka_ledger::verify(&centre.db).await.unwrap().faults.is_empty());
        centre.db.close().await;
    }
}
