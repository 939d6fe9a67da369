//! A card's whole life, in both schemes and algorithms.

mod common;

use common::*;
use proptest::prelude::*;
use tongka_base::Algorithm::{Sm4, Tdes};
use tongka_base::CardScheme::TUnion;
use tongka_card::apdu::build::{self, Purse};
use tongka_card::card::{Directory, FileKind};
use tongka_card::files::{Journey, JourneyProcess, TransactionLog};
use tongka_card::flow::{CacheWrite, recover};
use tongka_card::personalise::personalise;
use tongka_card::*;
use tongka_crypto::{Key16, purchase_tac};

fn personalised(image: &CardImage) -> Card {
    let maker = Key16::new([0x5C; 16]);
    let mut card = Card::blank(maker.clone(), image.algorithm, seeded(7));
    personalise(&mut card, image, &maker, image.algorithm).unwrap();
    let bytes = card.to_bytes();
    Card::from_bytes(&bytes, seeded(8)).unwrap()
}

#[test]
fn a_personalised_card_asks_for_the_pin_it_was_given() {
    for (scheme, algorithm) in ALL {
        let mut card = personalised(&with_pin(image(scheme, algorithm)));
        assert_eq!(load(&mut card, (scheme, algorithm), Purse::Ep, 5000), Err(StatusWord::SECURITY));
        ok(&mut card, &build::verify_pin(&[0x12, 0x34, 0x56]));
        ok(&mut card, &build::init_for_load(Purse::Ep, index(algorithm), 5000, h(HOST)));
        for made in ["80E000190728010001000101", "844400000400000000", "84D401000400000000"] {
            let answer = card.transmit(&hex::decode(made).unwrap());
            assert_eq!(answer, StatusWord::INVALID_STATE.0.to_be_bytes());
        }
    }
}

#[test]
fn from_blank_to_proof() {
    for (scheme, algorithm) in ALL {
        let image = image(scheme, algorithm);
        let mut card = personalised(&image);
        let mut psam = Psam::from_image(&psam_image());
        assert_eq!(balance(&mut card, Purse::Ep), 0);
        for file in image.files.iter().filter(|file| file.directory == Directory::Adf) {
            for (n, record) in file.records.iter().enumerate() {
                let read = if file.kind == FileKind::Transparent {
                    build::read_binary(file.fid as u8, 0, 256)
                } else {
                    build::read_record(file.fid as u8, n as u8 + 1, 256)
                };
                assert_eq!(&ok(&mut card, &read), record, "{:04X}", file.fid);
            }
        }
        load(&mut card, (scheme, algorithm), Purse::Ep, 100).unwrap();
        load(&mut card, (scheme, algorithm), Purse::Ep, 5000).unwrap();
        let record = purchase(&mut card, &mut psam, &request(scheme, algorithm, 200)).unwrap();
        assert_eq!((record.balance_before, record.counter, record.tti, record.psam_txn), (5100, 0, 6, 0xA17));
        assert_eq!((record.algorithm, record.key_version), (algorithm, 1));
        let fields = tongka_crypto::PurchaseFields {
            amount: 200,
            tti: 6,
            terminal: record.psam.0,
            terminal_txn: record.psam_txn.to_be_bytes(),
            date: record.date,
            time: record.time,
        };
        assert_eq!(record.tac, purchase_tac(algorithm, &card_key(scheme, algorithm, KeyUsage::Tac), &fields));
        let proof = ok(&mut card, &build::get_transaction_prove(6, 0));
        assert_eq!(proof[4..], record.tac);
        assert_eq!(recover(&mut card, &record).unwrap(), Some(record.clone()));
        assert_eq!(balance(&mut card, Purse::Ep), 4900);
        let log = |card: &mut Card, n| TransactionLog::decode(&ok(card, &build::read_record(0x18, n, 23))).unwrap();
        assert_eq!((log(&mut card, 1).tti, log(&mut card, 1).amount), (6, 200));
        assert_eq!((log(&mut card, 2).tti, log(&mut card, 2).amount), (2, 5000));
        assert_eq!((log(&mut card, 3).counter, log(&mut card, 3).amount), (0, 100));
        assert_eq!(send(&mut card, &build::read_record(0x18, 4, 23)).status, StatusWord::RECORD_NOT_FOUND);
    }
}

#[test]
fn a_metro_ride_is_two_compound_purchases() {
    for algorithm in [Tdes, Sm4] {
        let mut start = image(TUnion, algorithm);
        start.ep.balance = 2000;
        let mut card = Card::from_image(&start, seeded(3)).unwrap();
        let mut psam = Psam::from_image(&psam_image());
        let mut process = JourneyProcess::empty();
        (process.id, process.flag, process.length, process.status) = (0x1A, 1, 124, 1);
        let journey = |kind: u8, amount: u32| {
            let mut leg = Journey::decode(&[0; 48]).unwrap();
            (leg.kind, leg.industry, leg.amount, leg.time) = (kind, 1, amount, h("20250131083015"));
            CacheWrite { sfi: 0x1E, record: 0, mode: 0, data: leg.encode().to_vec() }
        };
        let write = |process: &JourneyProcess, mode: u8| {
            let record = if mode == 0 { 0x1A } else { 1 };
            CacheWrite { sfi: 0x1A, record, mode, data: process.seal().to_vec() }
        };
        let mut entry = request(TUnion, algorithm, 0);
        entry.cache = vec![write(&process, 0), journey(3, 0)];
        let entered = purchase(&mut card, &mut psam, &entry).unwrap();
        assert_eq!((entered.tti, entered.amount), (9, 0));
        let read = ok(&mut card, &build::read_record(0x1A, 1, 128));
        assert_eq!(JourneyProcess::open(&read).unwrap().status, 1);
        process.status = 0;
        let mut exit = request(TUnion, algorithm, 400);
        // Two appends to one cyclic file in one transaction.
        exit.cache = vec![write(&process, 4), journey(4, 400), journey(6, 1)];
        let left = purchase(&mut card, &mut psam, &exit).unwrap();
        assert_eq!((left.counter, left.balance_before), (1, 2000));
        let kinds: Vec<u8> = (1..=3).map(|n| ok(&mut card, &build::read_record(0x1E, n, 48))[0]).collect();
        assert_eq!(kinds, [6, 4, 3]);
        assert_eq!(balance(&mut card, Purse::Ep), 1600);
    }
}

#[test]
fn a_deposit_is_loaded_overdrawn_and_unloaded() {
    for of @ (scheme, algorithm) in ALL {
        let mut card = Card::from_image(&image(scheme, algorithm), seeded(4)).unwrap();
        load(&mut card, of, Purse::Ed, 3000).unwrap();
        let (update, tac) = begin_overdraft(&mut card, of, [0, 0x03, 0xE8]).unwrap();
        assert_eq!(ok(&mut card, &update), tac);
        assert_eq!(ok(&mut card, &build::get_balance(Purse::Ed)), 4000u32.to_be_bytes());
        let (debit, mac3) = begin_unload(&mut card, of, 1000).unwrap();
        assert_eq!(ok(&mut card, &debit), mac3);
        assert_eq!(begin_unload(&mut card, of, 2001).unwrap_err(), StatusWord::LOW_BALANCE);
        assert_eq!(balance(&mut card, Purse::Ed), 2000);
        // 2500 of 2000 and 1000 overdraft: the balance is below zero, and a load lifts it.
        let mut psam = Psam::from_image(&psam_image());
        spend(&mut card, &mut psam, of, build::init_for_withdraw(index(algorithm), 2500, h(TERMINAL)), 2500, 4);
        assert_eq!(balance(&mut card, Purse::Ed), -500);
        assert_eq!(ok(&mut card, &build::get_balance(Purse::Ed)), 500u32.to_be_bytes());
        assert!(
            begin_overdraft(&mut card, of, [0; 3])
                .is_ok_and(|(update, _)| { send(&mut card, &update).status == StatusWord::WRONG_DATA })
        );
        load(&mut card, of, Purse::Ed, 700).unwrap();
        assert_eq!(balance(&mut card, Purse::Ed), 200);
        assert_eq!(balance(&mut card, Purse::Ep), 0);
    }
}

fn spend(
    card: &mut Card,
    psam: &mut Psam,
    (scheme, _): (tongka_base::CardScheme, tongka_base::Algorithm),
    begin: Command,
    amount: u32,
    tti: u8,
) {
    let d = ok(card, &begin);
    let factors = [serial(scheme).card_factor(), template(scheme).factor(issuer(scheme))];
    let random = d[11..15].try_into().unwrap();
    let (date, time) = (h(DATE), h(TIME));
    let init = build::init_sam_for_purchase(random, [d[4], d[5]], amount, tti, date, time, d[9], d[10], &factors);
    let answer = Response::parse(&psam.transmit(&init.bytes())).unwrap();
    assert!(answer.status.is_ok());
    let (txn, mac1) = (answer.data[..4].try_into().unwrap(), answer.data[4..].try_into().unwrap());
    let debit = ok(card, &build::debit(txn, date, time, mac1));
    let credit = build::credit_sam_for_purchase(debit[4..].try_into().unwrap());
    assert_eq!(psam.transmit(&credit.bytes()), [0x90, 0x00]);
}

#[test]
fn saved_state_comes_back_or_is_refused() {
    let mut card = Card::from_image(&image(TUnion, Sm4), seeded(5)).unwrap();
    load(&mut card, (TUnion, Sm4), Purse::Ep, 1234).unwrap();
    let bytes = card.to_bytes();
    let mut back = Card::from_bytes(&bytes, seeded(6)).unwrap();
    assert_eq!(balance(&mut back, Purse::Ep), 1234);
    for (n, length) in [(0, 0), (3, bytes.len()), (bytes.len() - 1, bytes.len()), (100, 100)] {
        let mut bad = bytes[..length].to_vec();
        if let Some(byte) = bad.get_mut(n) {
            *byte ^= 1;
        }
        assert!(Card::from_bytes(&bad, seeded(6)).is_err());
    }
    let mut psam = Psam::from_image(&psam_image());
    purchase(&mut back, &mut psam, &request(TUnion, Sm4, 1)).unwrap();
    let mut psam = Psam::from_bytes(&psam.to_bytes()).unwrap();
    assert_eq!(purchase(&mut back, &mut psam, &request(TUnion, Sm4, 1)).unwrap().psam_txn, 0xA18);
    assert!(Psam::from_bytes(&[0; 40]).is_err());
    let shown = format!("{back:?} {psam:?} {:?} {:?}", image(TUnion, Tdes).keys[0], with_pin(image(TUnion, Tdes)).pin);
    assert!(!shown.contains("112233445566778") && !shown.contains("18, 52"), "{shown}");
}

#[derive(Clone, Debug)]
enum Step {
    Load(bool, u32),
    Pay(u32),
    Ride(u32),
    Unload(u32),
    Overdraft(u16),
    Abandoned(u32),
    WrongMac(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<bool>(), 0u32..4000).prop_map(|(ed, amount)| Step::Load(ed, amount)),
        (0u32..3000).prop_map(Step::Pay),
        (0u32..3000).prop_map(Step::Ride),
        (0u32..3000).prop_map(Step::Unload),
        (0u16..2000).prop_map(Step::Overdraft),
        (0u32..3000).prop_map(Step::Abandoned),
        (0u32..3000).prop_map(Step::WrongMac),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The balance is what went in less what came out, whatever the order, and every refusal leaves it alone.
    #[test]
    fn money_is_conserved(steps in prop::collection::vec(step(), 1..25), sm4 in any::<bool>()) {
        let of = (TUnion, if sm4 { Sm4 } else { Tdes });
        let mut image = image(of.0, of.1);
        image.max_balance = 8000;
        image.ep.overdraft = 500;
        let mut card = Card::from_image(&image, seeded(11)).unwrap();
        let mut psam = Psam::from_image(&psam_image());
        let (mut ep, mut ed) = (0i64, 0i64);
        for step in steps {
            match step {
                Step::Load(is_ed, amount) => {
                    let purse = if is_ed { Purse::Ed } else { Purse::Ep };
                    let held = if is_ed { &mut ed } else { &mut ep };
                    let fits = *held + i64::from(amount) <= 8000;
                    prop_assert_eq!(load(&mut card, of, purse, amount).is_ok(), fits);
                    if fits { *held += i64::from(amount) }
                }
                Step::Pay(amount) | Step::Ride(amount) => {
                    let mut request = request(of.0, of.1, amount);
                    if matches!(step, Step::Ride(_)) {
                        request.cache = vec![CacheWrite { sfi: 0x1E, record: 0, mode: 3, data: vec![3] }];
                    }
                    let enough = i64::from(amount) <= ep + 500;
                    let paid = purchase(&mut card, &mut psam, &request);
                    prop_assert_eq!(paid.is_ok(), enough);
                    if let Ok(record) = paid {
                        prop_assert_eq!(i64::from(record.balance_before), ep);
                        ep -= i64::from(amount);
                    }
                }
                Step::Unload(amount) => {
                    let begun = begin_unload(&mut card, of, amount);
                    prop_assert_eq!(begun.is_ok(), i64::from(amount) <= ed);
                    if let Ok((debit, _)) = begun {
                        ok(&mut card, &debit);
                        ed -= i64::from(amount);
                    }
                }
                Step::Overdraft(limit) => {
                    let [a, b] = limit.to_be_bytes();
                    let (update, _) = begin_overdraft(&mut card, of, [0, a, b]).unwrap();
                    ok(&mut card, &update);
                }
                Step::Abandoned(amount) => drop(begin_load(&mut card, of, Purse::Ep, amount)),
                Step::WrongMac(amount) => {
                    if let Ok((mut credit, _)) = begin_load(&mut card, of, Purse::Ep, amount) {
                        *credit.data.last_mut().unwrap() ^= 1;
                        prop_assert_eq!(send(&mut card, &credit).status, StatusWord::MAC);
                    }
                }
            }
            prop_assert_eq!(balance(&mut card, Purse::Ep), ep);
            prop_assert_eq!(balance(&mut card, Purse::Ed), ed);
        }
    }
}
