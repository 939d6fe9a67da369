//! Fees, netting, and the proof that a day's money cancels out.

use super::*;
use crate::netting::{Adjustment, Tally, net};

const DAY: &str = "20260901";

fn group(acquirer: MemberCode, issuer: MemberCode, industry: Industry) -> GroupKey {
    GroupKey { acquirer, issuer, industry }
}

/// Fees of a group with a gross of 1,000,000 fen: issuer's, centre's.
fn fees(scheme: &Scheme, key: GroupKey) -> Result<(i64, i64), ProofError> {
    let mut tally = Tally::default();
    tally.add(key, 1_000_000);
    let netting = net(scheme, date(DAY), &tally, &[], &BTreeMap::new())?;
    Ok((netting.groups[&key].issuer_fee.0, netting.groups[&key].centre_fee.0))
}

#[test]
fn the_most_specific_rule_in_force_prices_a_group() {
    let bus = Some(Industry::Bus);
    // Every pattern for (Jiaxing, Shanghai, bus); the rate tells which one won. From most to least specific.
    let patterns = [
        (Some(JIAXING), Some(SHANGHAI), bus, 7),
        (Some(JIAXING), Some(SHANGHAI), None, 6),
        (None, Some(SHANGHAI), bus, 5),
        (None, Some(SHANGHAI), None, 4),
        (Some(JIAXING), None, bus, 3),
        (Some(JIAXING), None, None, 2),
        (None, None, bus, 1),
        (None, None, None, 9),
    ];
    let rule = |(acquirer, issuer, industry, rate): (_, _, _, u32)| FeeRule {
        acquirer,
        issuer,
        industry,
        issuer_rate: RatePpm(rate),
        centre_rate: RatePpm(rate * 10),
        from: date(DAY),
        to: Some(date(DAY)),
    };
    let ours = group(JIAXING, SHANGHAI, Industry::Bus);
    for first in 0..patterns.len() {
        let mut scheme = scheme();
        scheme.fees = patterns[first..].iter().copied().map(rule).collect();
        let rate = i64::from(patterns[first].3);
        assert_eq!(fees(&scheme, ours).unwrap(), (rate, rate * 10), "in order");
        scheme.fees.reverse();
        assert_eq!(fees(&scheme, ours).unwrap(), (rate, rate * 10), "in reverse order");
    }
    let mut scheme = scheme();
    scheme.fees = patterns.iter().copied().map(rule).collect();
    assert_eq!(fees(&scheme, group(JIAXING, SHANGHAI, Industry::Metro)).unwrap().0, 6);
    assert_eq!(fees(&scheme, group(BEIJING, SHANGHAI, Industry::Bus)).unwrap().0, 5);
    assert_eq!(fees(&scheme, group(JIAXING, BEIJING, Industry::Bus)).unwrap().0, 3);
    assert_eq!(fees(&scheme, group(SHANGHAI, BEIJING, Industry::Metro)).unwrap().0, 9);

    for (from, to, in_force) in [
        ("20260902", None, false),
        ("20260901", None, true),
        ("20260801", Some("20260831"), false),
        ("20260801", Some("20260901"), true),
    ] {
        scheme.fees = vec![FeeRule { from: date(from), to: to.map(date), ..rule((None, None, None, 4)) }];
        let expected = if in_force { (4, 40) } else { (0, 0) };
        assert_eq!(fees(&scheme, ours).unwrap(), expected, "{from} to {to:?}");
    }
    scheme.fees = vec![rule((None, None, None, 4)); 2];
    assert!(matches!(fees(&scheme, ours), Err(ProofError::AmbiguousFee { industry: "01", .. })));
}

#[test]
fn fees_are_rounded_once_a_group() {
    // 125 × 2 % = 2.5 → 3; twice that is 5, not 6. 125 × 0.25 % = 0.3125 → 0; twice 0.625 → 1.
    let tap = |n| Tap { amount: 125, ..Tap::nth(n) };
    let name = "TXU_20260901_10003350_000001.dat";
    let one = prove(&[upload_of(name, &[tap(1)])]);
    let two = prove(&[upload_of(name, &[tap(1), tap(2)])]);
    let key = group(JIAXING, SHANGHAI, Industry::Bus);
    let fees = |count, gross, issuer_fee, centre_fee| Group {
        count,
        gross: Fen(gross),
        issuer_fee: Fen(issuer_fee),
        centre_fee: Fen(centre_fee),
    };
    assert_eq!(one.groups, BTreeMap::from([(key, fees(1, 125, 3, 0))]));
    assert_eq!(two.groups, BTreeMap::from([(key, fees(2, 250, 5, 1))]));
    assert_eq!((two.positions[&JIAXING].position, two.positions[&SHANGHAI].position), (Fen(244), Fen(-245)));
    assert_eq!(two.centre_fees, Fen(1));
}

#[test]
fn own_cards_move_no_money() {
    let own = Tap { issuer: "02003350FFFFFFFF", ..Tap::nth(1) };
    let outcome = prove(&[upload_of("TXU_20260901_10003350_000001.dat", &[own])]);
    assert!(outcome.groups.is_empty());
    assert_eq!(
        outcome.own_groups,
        BTreeMap::from([(group(JIAXING, JIAXING, Industry::Bus), OwnGroup { count: 1, gross: Fen(200) })])
    );
    assert!(outcome.positions.values().all(|row| row.position == Fen::ZERO));
    let size = |kind: &str| outcome.result_files[&format!("10003350/{kind}_20260901_10003350_000001.dat")].size;
    assert_eq!((size("TXD"), size("STL")), (143 + 209, 143));
}

#[test]
fn a_free_ride_is_a_group_of_zero() {
    let free = Tap { amount: 0, ..Tap::nth(1) };
    let outcome = prove(&[upload_of("TXU_20260901_10003350_000001.dat", &[free])]);
    assert_eq!(outcome.groups.len(), 1);
    assert_eq!(outcome.result_files["10002900/STL_20260901_10002900_000001.dat"].size, 143 + 77);
}

#[test]
fn adjustments_move_money_between_their_parties() {
    let scheme = scheme();
    let tally = Tally::default();
    let net = |adjustments: &[(MemberCode, MemberCode, i64)]| {
        let adjustments: Vec<Adjustment> = adjustments
            .iter()
            .map(|&(debtor, creditor, fen)| Adjustment { debtor, creditor, amount: Fen(fen) })
            .collect();
        net(&scheme, date(DAY), &tally, &adjustments, &BTreeMap::from([(SHANGHAI, Fen(100))]))
    };
    let centre = MemberCode::CENTRE;
    let netting = net(&[(SHANGHAI, JIAXING, 300), (JIAXING, SHANGHAI, 40), (SHANGHAI, centre, 7)]).unwrap();
    let shanghai = netting.positions[&SHANGHAI];
    assert_eq!((shanghai.adjustments, shanghai.position, shanghai.reserve_after), (Fen(-267), Fen(-267), Fen(-167)));
    assert_eq!((netting.positions[&JIAXING].position, netting.centre_fees), (Fen(260), Fen(7)));
    assert_eq!(net(&[(centre, JIAXING, 9)]).unwrap().centre_fees, Fen(-9));
    assert!(matches!(net(&[(SHANGHAI, MemberCode(1), 5)]), Err(ProofError::UnknownMember(MemberCode(1)))));
}

#[test]
fn positions_and_centre_fees_cancel_out_whatever_the_groups() {
    let members = [BEIJING, SHANGHAI, JIAXING, GONE];
    let mut state = 1_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..500 {
        let mut scheme = scheme();
        scheme.fees[0].issuer_rate = RatePpm(random(1_000_001) as u32);
        scheme.fees[0].centre_rate = RatePpm(random(1_000_001) as u32);
        let mut tally = Tally::default();
        for _ in 0..random(40) {
            let (a, i) = (members[random(4) as usize], members[random(4) as usize]);
            tally.add(group(a, i, Industry::ALL[random(6) as usize]), random(100_000_000) as i64);
        }
        let netting = net(&scheme, date(DAY), &tally, &[], &BTreeMap::new()).unwrap();
        let sum: i64 = netting.positions.values().map(|row| row.position.0).sum();
        assert_eq!(sum + netting.centre_fees.0, 0);
        let gross: i64 = netting.groups.values().map(|g| g.gross.0 - g.issuer_fee.0).sum();
        assert_eq!(netting.positions.values().map(|row| row.payable.0).sum::<i64>(), gross);
    }
}
