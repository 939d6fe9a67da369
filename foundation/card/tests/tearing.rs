//! Power is cut before every byte a command writes: the card is then as before the command or as after it.

mod common;

use common::*;
use tongka_base::Algorithm::{self, Sm4, Tdes};
use tongka_base::CardScheme::TUnion;
use tongka_card::apdu::build::{self, Purse, Secure};
use tongka_card::card::PurseImage;
use tongka_card::flow::{CacheWrite, Channel, FlowError, recover};
use tongka_card::*;
use tongka_crypto::Key16;

/// All of a card's memory but its journal.
fn state(card: &Card) -> Vec<u8> {
    let bytes = card.to_bytes();
    let journal = usize::from(u16::from_be_bytes([bytes[8], bytes[9]]));
    bytes[10 + journal..].to_vec()
}

/// Cuts the power everywhere in the command that `prepare` makes. Proof is asked for as type and counter where there is
/// one. Commands under a counted MAC may leave a try taken.
fn tear(start: &Card, counted: bool, proof: Option<(u8, u16)>, prepare: impl Fn(&mut Card) -> Command) {
    let bytes = start.to_bytes();
    let fresh = || Card::from_bytes(&bytes, seeded(21)).unwrap();
    let before = state(start);
    let mut card = fresh();
    let command = prepare(&mut card);
    let answer = Response::parse(&card.transmit(&command.bytes())).unwrap();
    assert!(answer.status.is_ok(), "{:?}", answer.status);
    let after = state(&card);
    assert_ne!(before, after);
    let (mut old, mut new) = (0, 0);
    for budget in 0.. {
        let mut card = fresh();
        let command = prepare(&mut card).bytes();
        match card.transmit_with_power(&command, Some(budget)) {
            Ok(torn) => {
                assert_eq!(torn, answer.bytes());
                assert_eq!(state(&card), after);
                break;
            }
            Err(PowerLost) => assert_eq!(card.transmit_with_power(&[0, 0x84, 0, 0, 4], None), Err(PowerLost)),
        }
        // Power is cut again while the card recovers, a byte later each time.
        let mut again = budget % 5;
        while card.power_on_with_power(Some(again)).is_err() {
            again += 1 + budget % 7;
        }
        let now = state(&card);
        if now == after {
            new += 1;
            if let Some((tti, counter)) = proof {
                select(&mut card);
                let proof = ok(&mut card, &build::get_transaction_prove(tti, counter));
                let given = &answer.data[..4];
                assert!(proof[..4] == *given || proof[4..] == *given, "{proof:02X?} {given:02X?}");
            }
        } else {
            old += 1;
            let changed: Vec<usize> = (0..now.len()).filter(|i| now[*i] != before[*i]).collect();
            match changed[..] {
                [] => {}
                [try_at] => assert!(counted && now[try_at] + 1 == before[try_at]),
                _ => panic!("neither before nor after at {budget}: {changed:?}"),
            }
            // Nothing is lost: the same again succeeds.
            let again = prepare(&mut card);
            assert!(send(&mut card, &again).status.is_ok());
        }
    }
    assert!(old > 10 && new > 1, "{old} {new}");
}

fn card(algorithm: Algorithm) -> Card {
    let mut image = image(TUnion, algorithm);
    let purse = PurseImage { balance: 5000, overdraft: 0, online_counter: 0xFF, offline_counter: 0x1FF };
    (image.ep, image.ed) = (purse, Some(purse));
    Card::from_image(&image, seeded(20)).unwrap()
}

fn begin_debit(card: &mut Card, algorithm: Algorithm, compound: bool) -> Command {
    select(card);
    let mut psam = Psam::from_image(&psam_image());
    let begin = if compound {
        build::init_for_capp(index(algorithm), 300, h(TERMINAL))
    } else {
        build::init_for_purchase(Purse::Ep, index(algorithm), 300, h(TERMINAL))
    };
    let d = ok(card, &begin);
    if compound {
        ok(card, &build::update_capp_cache(0x1A, 0x1A, 0, &[&[0x1A, 1, 0, 124][..], &[0x55; 100]].concat()));
        ok(card, &build::update_capp_cache(0x1E, 0, 0, &[0x66; 48]));
        ok(card, &build::update_capp_cache(0x1E, 0, 3, &[0x77; 48]));
    }
    let factors = [serial(TUnion).card_factor(), template(TUnion).factor(issuer(TUnion))];
    let random = d[11..15].try_into().unwrap();
    let tti = if compound { 9 } else { 6 };
    let counter = [d[4], d[5]];
    let init = build::init_sam_for_purchase(random, counter, 300, tti, h(DATE), h(TIME), d[9], d[10], &factors);
    let sam = Response::parse(&psam.transmit(&init.bytes())).unwrap().data;
    build::debit(sam[..4].try_into().unwrap(), h(DATE), h(TIME), sam[4..].try_into().unwrap())
}

#[test]
fn load_and_unload_and_overdraft() {
    for algorithm in [Tdes, Sm4] {
        let of = (TUnion, algorithm);
        tear(&card(algorithm), false, Some((2, 0xFF)), |card| begin_load(card, of, Purse::Ep, 700).unwrap().0);
        tear(&card(algorithm), false, Some((1, 0xFF)), |card| begin_load(card, of, Purse::Ed, 700).unwrap().0);
        tear(&card(algorithm), false, Some((3, 0xFF)), |card| begin_unload(card, of, 700).unwrap().0);
        tear(&card(algorithm), false, Some((7, 0xFF)), |card| begin_overdraft(card, of, [1, 2, 3]).unwrap().0);
    }
}

#[test]
fn debit_simple_and_compound() {
    for algorithm in [Tdes, Sm4] {
        tear(&card(algorithm), false, Some((6, 0x1FF)), |card| begin_debit(card, algorithm, false));
        tear(&card(algorithm), false, Some((9, 0x1FF)), |card| begin_debit(card, algorithm, true));
    }
}

#[test]
fn updates_blocks_and_keys() {
    for algorithm in [Tdes, Sm4] {
        let under = |usage| {
            let key = card_key(TUnion, algorithm, usage);
            move |card: &mut Card, make: &dyn Fn(&Secure<'_>) -> Command| {
                select(card);
                let challenge = ok(card, &build::get_challenge(4)).try_into().unwrap();
                make(&Secure { algorithm, key: &key, challenge })
            }
        };
        let (secure, protected) = (under(KeyUsage::Maintenance), under(KeyUsage::RecordProtect));
        tear(&card(algorithm), true, None, |card| {
            secure(card, &|secure| build::update_binary(0x16, 3, &[0x31; 40], secure))
        });
        tear(&card(algorithm), true, None, |card| {
            protected(card, &|secure| build::update_record(0x1A, 2, &[0x31; 128], secure))
        });
        tear(&card(algorithm), true, None, |card| {
            protected(card, &|secure| build::append_record(0x1E, &[0x31; 48], secure))
        });
        tear(&card(algorithm), true, None, |card| secure(card, &|secure| build::application_block(true, secure)));

        let maker = Key16::new([0x17; 16]);
        let blank = Card::blank(maker.clone(), algorithm, seeded(1));
        tear(&blank, true, None, |card| {
            let challenge = ok(card, &build::get_challenge(8)).try_into().unwrap();
            let cryptogram = tongka_crypto::external_authentication(algorithm, maker.bytes(), &challenge);
            ok(card, &build::external_auth(0, cryptogram));
            let challenge = ok(card, &build::get_challenge(4)).try_into().unwrap();
            let secure = Secure { algorithm, key: &maker, challenge };
            build::write_key(1, 5, [0x3E, 1, 0], &Key16::new([0x99; 16]), &secure)
        });
    }
}

#[test]
fn the_transaction_number_of_a_psam_never_repeats() {
    let mut psam = Psam::from_image(&psam_image());
    let init = build::init_sam_for_purchase([1; 4], [0, 1], 1, 6, h(DATE), h(TIME), 1, 0, &[[1; 8], [2; 8]]).bytes();
    let mut last = None;
    for budget in (0..60).cycle().take(600) {
        match psam.transmit_with_power(&init, Some(budget)) {
            Err(PowerLost) => drop(psam.power_on()),
            Ok(answer) => {
                let number = u32::from_be_bytes(answer[..4].try_into().unwrap());
                assert!(last < Some(number));
                last = Some(number);
            }
        }
    }
    assert!(last.is_some());
}

/// A reader whose card loses power in the debit.
struct Torn<'a> {
    card: &'a mut Card,
    budget: u64,
}

impl Channel for Torn<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PowerLost> {
        let budget = (command[1] == 0x54).then_some(self.budget);
        self.card.transmit_with_power(command, budget)
    }
}

#[test]
fn the_terminal_learns_of_a_torn_purchase() {
    let mut request = request(TUnion, Sm4, 300);
    request.cache = vec![CacheWrite { sfi: 0x1E, record: 0, mode: 0, data: vec![3; 48] }];
    let (mut paid, mut unpaid) = (0, 0);
    for budget in 0..1000 {
        let (mut card, mut psam) = (card(Sm4), Psam::from_image(&psam_image()));
        let result = purchase(&mut Torn { card: &mut card, budget }, &mut psam, &request);
        let unknown = match result {
            Ok(_) => {
                assert!(paid > 0 && unpaid > 0);
                return;
            }
            Err(FlowError::Unknown(record)) => record,
            Err(other) => panic!("{other}"),
        };
        card.power_on();
        let recovered = recover(&mut card, &unknown).unwrap();
        let left = balance(&mut card, Purse::Ep);
        match recovered {
            Some(record) => {
                paid += 1;
                assert_eq!(left, 4700);
                assert_ne!(record.tac, [0; 4]);
            }
            None => {
                unpaid += 1;
                assert_eq!(left, 5000);
            }
        }
    }
    panic!("no budget was enough");
}

#[test]
fn a_torn_purchase_is_judged_by_the_log_after_others() {
    let begin = || (card(Tdes), Psam::from_image(&psam_image()), request(TUnion, Tdes, 300));
    let later = |card: &mut Card, psam: &mut Psam, count: u8| {
        for n in 0..count {
            let again = tongka_card::flow::PurchaseRequest {
                time: [9, ((n / 10) << 4) | (n % 10), 0],
                ..request(TUnion, Tdes, 1)
            };
            purchase(card, psam, &again).unwrap();
        }
        card.power_on();
    };
    for (budget, count, judged) in [
        (1000, 1, Err(FlowError::ProofGone { paid: true })),
        (20, 1, Ok(None)),
        (1000, 10, Err(FlowError::ProofGone { paid: false })),
        (20, 10, Ok(None)),
        (20, 11, Err(FlowError::ProofGone { paid: false })),
    ] {
        let (mut card, mut psam, request) = begin();
        let record = match purchase(&mut Torn { card: &mut card, budget }, &mut psam, &request) {
            Ok(record) => record,
            Err(FlowError::Unknown(record)) => *record,
            Err(other) => panic!("{other}"),
        };
        card.power_on();
        later(&mut card, &mut psam, count);
        assert_eq!(recover(&mut card, &record), judged, "{budget} {count}");
    }
}
