//! Verdicts on records: the types of fields, each check at its edge, and their order.

use super::*;

const NAME: &str = "TXU_20260901_10003350_000001.dat";

/// Verdicts of the taps as the records of one file of Jiaxing.
fn judged(taps: &[Tap]) -> Vec<String> {
    judged_by(scheme(), taps)
}

fn judged_by(scheme: Scheme, taps: &[Tap]) -> Vec<String> {
    verdicts(&Centre::new(scheme).day("20260901", &[upload_of(NAME, taps)]).files[0])
}

#[test]
fn a_record_with_every_fault_is_mended_one_check_at_a_time() {
    type Mend = fn(&mut Tap);
    let held = Tap { counter: "00007".into(), psam_txn: "0000000A".into(), ..Tap::default() };
    let other_card = Tap { counter: "00008".into(), psam_txn: "0000000B".into(), ..Tap::default() };
    let mut tap = Tap {
        issuer: "02009999FFFFFFFF",
        serial: "03104290000000066666".into(),
        card_type: "04",
        psam: "999900000001",
        psam_txn: "0000000B".into(),
        counter: "00007".into(),
        date: "20260902".into(),
        version: "02",
        tac: "00000000",
        amount: 100_001,
        balance: "000000000".into(),
        grey: "1",
        test: "1",
        reserved: "01",
        ..Tap::default()
    };
    // What still ails the tap, and what mends it.
    let mends: [(&str, Mend); 18] = [
        ("R01", |t| t.reserved = "00"),
        ("R03", |t| t.issuer = "02009000FFFFFFFF"),
        ("R16", |t| t.issuer = "02002900FFFFFFFF"),
        ("R02", |t| t.psam = "335000010000"),
        ("R02", |t| t.psam = "33500002FFFF"),
        ("T12", |t| t.test = "0"),
        ("T12", |t| t.card_type = "00"),
        ("T12", |t| t.psam = "335000000001"),
        ("R11", |t| t.date = "20260801".into()),
        ("S18", |t| t.date = "20260831".into()),
        ("R15", |t| t.version = "01"),
        ("S06", |t| t.tac = ""),
        ("S08", |t| t.amount = 100_000),
        ("S17", |t| t.balance = "000100000".into()),
        ("S19", |t| t.grey = "0"),
        ("R07", |t| t.serial = "03104290000000012345".into()),
        ("S05", |t| t.counter = "00009".into()),
        ("S14", |t| t.psam_txn = "0000000C".into()),
    ];
    let mut taps = vec![held, Tap { serial: "03104290000000054321".into(), ..other_card }];
    let mut expected = vec!["A00", "A00"];
    for (verdict, mend) in mends {
        taps.push(tap.clone());
        expected.push(verdict);
        mend(&mut tap);
    }
    taps.extend([tap.clone(), tap]);
    expected.extend(["A00", "D04"]);
    assert_eq!(judged(&taps), expected);
}

#[test]
fn every_field_has_a_type() {
    let good = Tap::default().line(1);
    // (offset, text) that makes the record malformed, for every field that can be.
    let malformed = [
        (1, "00000001"),
        (1, " 0000001"),
        (9, "X"),
        (9, "t"),
        (10, "02002900ffffffff"),
        (26, "0310429000000001234G"),
        (46, " 0"),
        (48, "05"),
        (48, "6 "),
        (50, "65536"),
        (50, "-0001"),
        (55, "33500000000g"),
        (67, "0000a000"),
        (75, "+00010000"),
        (75, "0000-0100"),
        (75, "         "),
        (84, "-0000200"),
        (84, "0000020 "),
        (92, "-0000200"),
        (100, "20260832"),
        (100, "00000101"),
        (108, "240000"),
        (108, "236000"),
        (108, "000060"),
        (114, "0g"),
        (116, "00"),
        (116, "02"),
        (118, "0000000x"),
        (126, "00"),
        (126, "06"),
        (126, "10"),
        (128, "0000000A"),
        (136, "00000A"),
        (142, "0000000 "),
        (150, "33 0"),
        (154, "2"),
        (155, " "),
        (156, "01"),
    ];
    let mut lines = vec![good.clone()];
    for (offset, text) in malformed {
        let mut line = good.clone();
        line.replace_range(1..9, &format!("{:08}", lines.len() + 1));
        line.replace_range(offset..offset + text.len(), text);
        lines.push(line);
    }
    let outcome = prove(&[upload_of_lines(NAME, &lines)]);
    assert_eq!(results(&outcome), ["OK"]);
    let verdicts = verdicts(&outcome.files[0]);
    assert_eq!(verdicts[0], "A00");
    for (verdict, fault) in verdicts[1..].iter().zip(malformed) {
        assert_eq!(verdict, "R01", "{fault:?}");
    }
}

#[test]
fn every_listed_value_is_a_value() {
    let mut taps: Vec<Tap> = ["01", "02", "03", "04", "05", "09"]
        .into_iter()
        .zip(1..)
        .map(|(industry, n)| Tap { industry, ..Tap::nth(n) })
        .collect();
    taps.push(Tap { tti: "09", ..Tap::nth(11) });
    taps.push(Tap { algorithm: "04", ..Tap::nth(12) });
    taps.push(Tap { counter: "65535".into(), ..Tap::nth(13) });
    taps.push(Tap { amount: 0, balance: "-00000000".into(), ..Tap::nth(14) });
    taps.push(Tap { scheme: "M", issuer: "1000200000010000", ..Tap::nth(15) });
    assert_eq!(judged(&taps), ["A00"; 11]);
}

#[test]
fn limits_are_inclusive() {
    let overdraft =
        |balance: &str, amount, n| Tap { issuer: "02003350FFFFFFFF", balance: balance.into(), amount, ..Tap::nth(n) };
    let taps = [
        Tap { date: "20260802".into(), ..Tap::nth(1) },
        Tap { date: "20260801".into(), ..Tap::nth(2) },
        Tap { date: "20260901".into(), ..Tap::nth(3) },
        Tap { psam: "33500000FFFF", ..Tap::nth(4) },
        Tap { psam: "335000000000", ..Tap::nth(5) },
        Tap { psam: "290000000001", ..Tap::nth(6) },
        overdraft("000000100", 600, 7),
        overdraft("000000100", 601, 8),
        overdraft("-00000500", 0, 9),
        overdraft("-00000501", 0, 10),
    ];
    assert_eq!(judged(&taps), ["A00", "S18", "A00", "A00", "R02", "R02", "A00", "S17", "A00", "S17"]);
}

#[test]
fn an_issuer_counts_on_its_last_day() {
    let gone = |date: &str, n| Tap { issuer: "02009000FFFFFFFF", date: date.into(), ..Tap::nth(n) };
    assert_eq!(judged(&[gone("20260815", 1), gone("20260816", 2)]), ["A00", "R16"]);
}

#[test]
fn the_blacklist_bites_after_its_grace() {
    let listed = |time, counter: &str| Tap {
        serial: "03104290000000066666".into(),
        date: "20260831".into(),
        time,
        counter: counter.into(),
        psam_txn: format!("000{counter}"),
        ..Tap::default()
    };
    assert_eq!(judged(&[listed("000000", "00001")]), ["R07"]);
    let mut later = scheme();
    later.blacklist[0].listed_at = at("20260830000001");
    let taps = [listed("000000", "00001"), listed("000001", "00002")];
    assert_eq!(judged_by(later, &taps), ["A00", "R07"]);
    let other_issuer = Tap { issuer: "02003350FFFFFFFF", ..listed("000000", "00001") };
    assert_eq!(judged(&[other_issuer]), ["A00"], "the serial alone is not the card");
}

#[test]
fn an_issuer_that_verifies_tacs_itself_gets_wrong_ones_too() {
    let mut by_issuer = scheme();
    by_issuer.rules.tac_verifier = TacVerifier::Issuer;
    by_issuer.tac_keys.clear();
    assert_eq!(judged_by(by_issuer, &[Tap { tac: "00000000", ..Tap::default() }]), ["A00"]);
    let mut keyless = scheme();
    keyless.tac_keys.clear();
    let carried = CarryOver::default();
    let input = carried.input(&keyless, date("20260901"), at("20260901000000"), &[], OutputMode::Keep);
    assert!(matches!(prove_day(&input, &[]), Err(ProofError::MissingTacKey { scheme: 'T', .. })));
}

#[test]
fn a_duplicate_is_equal_in_fields_3_to_23_and_sender() {
    let tap = Tap::default();
    let grey = Tap { grey: "1", ..tap.clone() };
    let other_device = Tap { device: "00000002", ..tap.clone() };
    let other_psam_txn = Tap { psam_txn: "00000A18".into(), ..tap.clone() };
    let other_card = Tap { serial: "03104290000000054321".into(), ..tap.clone() };
    let taps = [tap.clone(), tap.clone(), other_device, other_psam_txn, other_card, grey];
    assert_eq!(judged(&taps), ["A00", "D04", "S05", "S05", "S14", "S19"]);
}

#[test]
fn only_accepted_records_hold_keys() {
    let wrong_tac = Tap { tac: "00000000", ..Tap::default() };
    assert_eq!(judged(&[wrong_tac, Tap::default(), Tap::default()]), ["S06", "A00", "D04"]);
    // An S14 does not hold its card key: the same tap with a free PSAM number is accepted.
    let clash = Tap { serial: "03104290000000054321".into(), ..Tap::default() };
    let free = Tap { psam_txn: "00000A18".into(), ..clash.clone() };
    assert_eq!(judged(&[Tap::default(), clash, free]), ["A00", "S14", "A00"]);
}

#[test]
fn the_same_tap_from_two_senders_is_a_conflict() {
    let mut both = scheme();
    both.psam_ranges.insert(
        0,
        PsamRange { member: SHANGHAI, from: psam("335000000001"), to: psam("335000000001"), state: PsamState::Active },
    );
    let uploads = [
        upload_of(NAME, &[Tap::default()]),
        upload_of("TXU_20260901_10002900_000001.dat", &[Tap::default()]),
        upload_of("TXU_20260831_10003350_000001.dat", &[Tap::nth(1)]),
    ];
    let outcome = Centre::new(both).day("20260901", &uploads);
    let seen: Vec<_> = outcome.files.iter().map(|f| (f.name.clone(), verdicts(f))).collect();
    let expected = [("20260831_10003350", "A00"), ("20260901_10002900", "A00"), ("20260901_10003350", "S05")];
    let expected =
        expected.map(|(name, verdict)| (format!("TXU_{name}_000001.dat").into_bytes(), vec![verdict.to_string()]));
    assert_eq!(seen, expected, "by date, then member");
}
