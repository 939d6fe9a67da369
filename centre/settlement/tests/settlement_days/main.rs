//! Settlement days with a bank that delays, refuses, doubles, loses and reorders, and the books after each of them.

mod bad_input;
mod centre;
mod layers;

use centre::{Centre, at, calendar, date, number};
use serde_json::json;
use std::collections::BTreeMap;
use tongka_base::{Date, MemberCode};
use tongka_settlement::account::Role;
use tongka_settlement::reserve::{TOP_UP, WITHDRAW};
use tongka_settlement::{
    Band, Layer, State, ask_again, assess, instruct, instructions, prove_bank, reconcile, release, reserve_statement,
    settlement_dates, standings, unfinished,
};
use tongka_simulator::bank::BankFaults;
use tongka_storage::Scope;
use tongka_testkit::databases;

const FAULTS: BankFaults = BankFaults { lost_order: 8, rejected: 6, late_booking: 6, lost: 10, doubled: 10, late: 10 };

/// A number that follows from what it is for.
fn draw(seed: u64, date: Date, what: u64) -> u64 {
    let mut z = seed ^ what.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (date.to_epoch_days() as u64) << 20;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Positions of a date: every member pays some other; the first one loses more than it gets.
fn positions(seed: u64, date: Date, members: &[MemberCode]) -> BTreeMap<MemberCode, i64> {
    let mut nets: BTreeMap<MemberCode, i64> = members.iter().map(|m| (*m, 0)).collect();
    for (at, payer) in members.iter().enumerate() {
        let amount = (draw(seed, date, at as u64) % 20_000) as i64 + if at == 0 { 25_000 } else { 0 };
        let payee = members[(at + 1 + (draw(seed, date, 100 + at as u64) % 11) as usize) % members.len()];
        let fee = amount / 500;
        *nets.get_mut(payer).unwrap() -= amount;
        *nets.get_mut(&payee).unwrap() += amount - fee;
    }
    nets
}

/// Proves every day that has all its statements; the days that do.
async fn prove_all(centre: &Centre, days: &[Date], explained: i64) -> usize {
    let mut proven = 0;
    for day in days {
        let proof = prove_bank(&centre.db, *day).await.unwrap();
        if proof.without.is_empty() {
            let off: i64 = proof.compared.iter().filter(|c| c.key != "total").map(|c| c.theirs - c.ours).sum();
            if explained == 0 {
                assert_eq!(proof.differences(), Vec::<&_>::new(), "{day}");
            }
            assert!(off == 0 || off == explained, "{day}: {off}");
            proven += 1;
        }
    }
    proven
}

#[tokio::test]
async fn days_with_a_faulty_bank_keep_the_books_and_the_bank_equal() {
    for database in databases().await {
        let (seed, first, last, quiet) = (11, date(9, 14), date(10, 20), date(10, 14));
        let mut centre = Centre::new(&database, seed, first, FAULTS).await;
        let (members, calendar) = (centre.members(), calendar());
        let lines = centre.scheme.reserves.clone();
        let bank_days: Vec<Date> =
            first.iter_days().take_while(|d| *d <= last).filter(|d| calendar.is_bank_day(*d)).collect();
        let mut topped_up = 0;
        let (mut withdrawn, mut held) = (false, 0);
        let mut events = Vec::new();
        for today in first.iter_days().take_while(|d| *d <= last) {
            let yesterday = today.pred_opt().unwrap();
            if today > first {
                let mut nets = positions(seed, yesterday, &members);
                if today >= quiet {
                    nets.values_mut().for_each(|net| *net = 0);
                }
                centre.clear(yesterday, &nets).await;
            }
            if !calendar.is_bank_day(today) {
                let refused = instruct(&centre.db, &calendar, today, &lines, "op", &at(today, 9)).await.unwrap_err();
                assert_eq!(refused.code(), "T06");
                continue;
            }
            if today == quiet {
                centre.bank.set_faults(BankFaults::default());
            }
            // Who is under its stop line pays in, sooner or later, and is let go.
            for member in &members {
                let balance = centre.ledger(*member).await;
                if balance < 300_000 && (today >= quiet || draw(seed, today, 9).is_multiple_of(2)) {
                    let reference = format!("DEP{today}{member}");
                    centre.bank.outside(&number(Role::Reserve, *member), tongka_base::Fen(800_000), &reference, "充值");
                    centre.move_reserve(TOP_UP, *member, 800_000, &reference, &at(today, 8)).await.unwrap();
                    topped_up += 1;
                }
            }
            release(&centre.db, &lines, "op", &at(today, 8)).await.unwrap();
            let made = instruct(&centre.db, &calendar, today, &lines, "op", &at(today, 9)).await.unwrap();
            assert_eq!(instruct(&centre.db, &calendar, today, &lines, "op", &at(today, 9)).await.unwrap(), made);
            held += made.held;
            if today == date(10, 8) {
                assert_eq!(made.clearing_dates, Some((date(9, 30), date(10, 7))), "Golden Week collapses");
            }
            if today == date(9, 22) {
                let member = members[5];
                let refused = centre.move_reserve(WITHDRAW, member, 90_000_000, "W1", &at(today, 9)).await;
                assert_eq!(refused, Err("T03".into()));
                centre.move_reserve(WITHDRAW, member, 50_000, "W1", &at(today, 9)).await.unwrap();
                withdrawn = true;
            }
            centre.send(&at(today, 9)).await;
            centre.fetch(&at(today, 10)).await;
            for hour in [12, 15] {
                ask_again(&centre.db, centre.data(), &centre.link, &at(today, hour)).await.unwrap();
                centre.hand_over();
                centre.fetch(&at(today, hour)).await;
            }
            let next = calendar.next_bank_day(today).unwrap();
            centre.bank.end_day(next).unwrap();
            for received in centre.fetch(&at(today, 21)).await {
                assert!(received.state != "refused", "{received:?}");
            }
            let so_far: Vec<Date> = bank_days.iter().copied().filter(|d| *d <= today).collect();
            prove_all(&centre, &so_far[so_far.len().saturating_sub(3)..], 0).await;
            assert!(tongka_ledger::verify(&centre.db).await.unwrap().faults.is_empty());
            let clock = at(today, 22);
            events.extend(assess(&centre.db, &lines, today, "op", &clock).await.unwrap().into_iter().map(|s| s.band));
            assert_eq!(assess(&centre.db, &lines, today, "op", &clock).await.unwrap(), [], "told once");
        }
        for band in [Band::Alert, Band::Call, Band::Stop, Band::Good] {
            assert!(events.contains(&band), "{events:?}");
        }
        let own = standings(&centre.db, Scope::Member(members[0]), &lines).await.unwrap();
        assert!(own.len() == 1 && own[0].member == members[0] && own[0].days_left.is_some(), "{own:?}");
        for day in &bank_days {
            let found = reconcile(&centre.db, *day, Layer::Bank, "op", &at(last, 23)).await.unwrap();
            assert!(found.is_green(), "{found:?}");
            let own = reserve_statement(&centre.db, Scope::Member(members[0]), members[0], *day).await.unwrap();
            assert_eq!(own.len(), 3);
            let other = reserve_statement(&centre.db, Scope::Member(members[1]), members[0], *day).await;
            assert_eq!(other.unwrap_err().code(), "G01", "another member's is not there");
        }
        assert!(topped_up > 0 && withdrawn && held > 0, "{topped_up} {held}");
        let expected = bank_days.len();
        assert_eq!(prove_all(&centre, &bank_days, 0).await, expected, "every day is proven in the end");
        assert_eq!(unfinished(&centre.db).await.unwrap(), [], "everything is settled after quiet days");
        let mut carried = 0;
        for date in &bank_days {
            for one in instructions(&centre.db, Scope::Platform, *date).await.unwrap() {
                let executed = centre.bank.executed(&one.reference);
                let settled = one.state == State::Settled && one.amount.0 != 0;
                assert_eq!(executed, settled, "{one:?}: settled if and only if the bank moved the money");
                carried += u64::from(one.carried_to.is_some());
            }
            let member = Scope::Member(members[0]);
            let own = instructions(&centre.db, member, *date).await.unwrap();
            assert!(own.iter().all(|i| i.member == members[0]) && own.len() <= 1, "a member sees its own");
        }
        let told: u64 = settlement_dates(&centre.db, 100).await.unwrap().iter().map(|d| d.carried).sum();
        assert!(carried > 5 && carried == told, "{carried} carried, {told} told");
        for fault in ["lost order", "rejected", "late booking", "lost", "doubled", "late"] {
            assert!(centre.bank.happened.get(fault).is_some_and(|n| *n > 3), "{fault} {:?}", centre.bank.happened);
        }
        for member in &members {
            let truth = centre.bank.balance(&number(Role::Reserve, *member)).unwrap().0;
            assert_eq!(centre.ledger(*member).await, truth, "{member}");
        }
        assert_eq!(centre.bank.balance(&number(Role::Clearing, MemberCode::CENTRE)).unwrap().0, 0);
        assert_eq!(centre.queue().await, [], "nothing is left to be looked at");
        for spec in tongka_settlement::LISTS {
            tongka_listing::check(&centre.db, spec).await.unwrap();
        }
        centre.db.close().await;
    }
}

#[tokio::test]
async fn planted_differences_are_found_exactly_and_resolved_by_two_people() {
    for database in databases().await {
        let (first, second) = (date(9, 14), date(9, 15));
        let mut centre = Centre::new(&database, 5, first, BankFaults::default()).await;
        let (members, calendar) = (centre.members(), calendar());
        let lines = centre.scheme.reserves.clone();
        let own = |at: usize| number(Role::Reserve, members[at]);
        // A deposit and a charge that the books do not know, and two that cancel each other.
        let planted = [(0, 12_345, "IN1"), (1, -77, "CHG"), (2, 500, "ERR"), (2, -500, "REV")];
        for (member, fen, reference) in planted {
            centre.bank.outside(&own(member), tongka_base::Fen(fen), reference, "planted");
        }
        // A top-up that is booked and that the bank does not have.
        centre.move_reserve(TOP_UP, members[3], 4_000, "NEVER", &at(first, 9)).await.unwrap();
        instruct(&centre.db, &calendar, first, &lines, "op", &at(first, 9)).await.unwrap();
        centre.bank.end_day(second).unwrap();
        centre.fetch(&at(first, 21)).await;
        let proof = prove_bank(&centre.db, first).await.unwrap();
        let differences: BTreeMap<String, i64> =
            proof.differences().iter().map(|c| (c.key.clone(), c.theirs - c.ours)).collect();
        let expected = [(own(0), 12_345), (own(1), -77), ("total".to_owned(), 12_268)];
        assert_eq!(differences, BTreeMap::from(expected));
        let queue = centre.queue().await;
        let codes: Vec<(&str, i64)> = queue.iter().map(|(_, code, off)| (code.as_str(), *off)).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [("B21", -500), ("B21", -77), ("B21", 500), ("B21", 12_345), ("B22", -4_000)]);
        let item = |off: i64| queue.iter().find(|(.., o)| *o == off).unwrap().0;
        let clock = at(second, 9);
        let wrong =
            centre.resolve(json!({ "item": item(500), "other": item(-77), "action": "offset", "note": "x" }), &clock);
        assert_eq!(wrong.await, Err("T05".into()));
        assert_eq!(
            centre.resolve(json!({ "item": item(500), "action": "burn", "note": "x" }), &clock).await,
            Err("T01".into())
        );
        assert_eq!(
            centre.resolve(json!({ "item": 999, "action": "accept", "note": "x" }), &clock).await,
            Err("T04".into())
        );
        let offset = json!({ "item": item(500), "other": item(-500), "action": "offset", "note": "银行冲正" });
        centre.resolve(offset, &clock).await.unwrap();
        centre.resolve(json!({ "item": item(-77), "action": "book", "note": "账户管理费" }), &clock).await.unwrap();
        // The deposit's top-up comes late, by two people, and meets its line.
        centre.move_reserve(TOP_UP, members[0], 12_345, "IN1", &clock).await.unwrap();
        assert_eq!(centre.move_reserve(TOP_UP, members[0], 12_345, "IN1", &clock).await, Err("T02".into()));
        assert!(prove_bank(&centre.db, first).await.unwrap().is_green());
        assert_eq!(centre.queue().await.iter().map(|q| q.1.as_str()).collect::<Vec<_>>(), ["B22"]);
        // What was missing there arrives.
        centre.bank.outside(&own(3), tongka_base::Fen(4_000), "NEVER", "late");
        centre.bank.end_day(date(9, 16)).unwrap();
        centre.fetch(&at(second, 21)).await;
        assert!(prove_bank(&centre.db, second).await.unwrap().is_green());
        assert_eq!(centre.queue().await, []);
        assert!(tongka_ledger::verify(&centre.db).await.unwrap().faults.is_empty());
        centre.db.close().await;
    }
}
