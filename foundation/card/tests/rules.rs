//! Who may do what and when: order, keys, PIN, secure messaging, blocking, limits, lengths.

mod common;

use common::*;
use tongka_base::Algorithm::{Sm4, Tdes};
use tongka_base::CardScheme::{Mohurd, TUnion};
use tongka_card::apdu::build::{self, Purse, Secure};
use tongka_card::card::{Access, PurseImage, Transmission};
use tongka_card::flow::FlowError;
use tongka_card::*;
use tongka_crypto::{Key16, external_authentication, tac};

fn raw(card: &mut Card, command: &str) -> StatusWord {
    Response::parse(&card.transmit(&hex::decode(command).unwrap())).unwrap().status
}

fn card() -> Card {
    let mut image = image(TUnion, Tdes);
    image.ep.balance = 1000;
    let mut card = Card::from_image(&image, seeded(1)).unwrap();
    select(&mut card);
    card
}

#[test]
fn wrong_order_is_refused() {
    let mut card = card();
    let debit = build::debit([0; 4], [0; 4], [0; 3], [0; 4]);
    let credit = build::credit_for_load([0; 4], [0; 3], [0; 4]);
    assert_eq!(send(&mut card, &debit).status, StatusWord::CONDITIONS);
    assert_eq!(send(&mut card, &credit).status, StatusWord::CONDITIONS);
    ok(&mut card, &build::init_for_purchase(Purse::Ep, 1, 1, h(TERMINAL)));
    assert_eq!(send(&mut card, &credit).status, StatusWord::CONDITIONS);
    assert_eq!(send(&mut card, &debit).status, StatusWord::CONDITIONS, "the session is gone");
    ok(&mut card, &build::init_for_purchase(Purse::Ep, 1, 1, h(TERMINAL)));
    assert_eq!(send(&mut card, &debit).status, StatusWord::MAC);
    ok(&mut card, &build::init_for_purchase(Purse::Ep, 1, 1, h(TERMINAL)));
    select(&mut card);
    assert_eq!(send(&mut card, &debit).status, StatusWord::CONDITIONS, "SELECT ends it");
    assert_eq!(send(&mut card, &build::update_capp_cache(0x1E, 0, 0, &[1])).status, StatusWord::CONDITIONS);
    ok(&mut card, &build::init_for_capp(1, 1, h(TERMINAL)));
    assert_eq!(send(&mut card, &debit).status, StatusWord::CONDITIONS, "no cache update");
    ok(&mut card, &build::init_for_capp(1, 1, h(TERMINAL)));
    for (sfi, record, mode, status) in [
        (0x18, 0, 0, StatusWord::SECURITY),
        (0x1A, 9, 4, StatusWord::RECORD_NOT_FOUND),
        (0x1A, 0x77, 0, StatusWord::RECORD_NOT_FOUND),
        (0x15, 1, 4, StatusWord::FILE_TYPE),
        (0x0B, 1, 4, StatusWord::FILE_NOT_FOUND),
        (0x1E, 0, 0, StatusWord::OK),
    ] {
        assert_eq!(send(&mut card, &build::update_capp_cache(sfi, record, mode, &[1, 2])).status, status, "{sfi:02X}");
    }
    card.power_on();
    assert_eq!(send(&mut card, &build::get_balance(Purse::Ep)).status, StatusWord::CONDITIONS, "no application");
    assert_eq!(balance(&mut card, Purse::Ep), 1000);
}

#[test]
fn keys_are_chosen_by_index_version_and_algorithm() {
    let mut image = image(TUnion, Sm4);
    image.ep.balance = 100;
    let second = KeyImage { index: 2, version: 9, ..KeyImage::new(KeyUsage::Purchase, Tdes, Key16::new([3; 16])) };
    image.keys.push(second);
    let mut card = Card::from_image(&image, seeded(1)).unwrap();
    select(&mut card);
    let mut chosen = |index| {
        let answer = send(&mut card, &build::init_for_purchase(Purse::Ep, index, 1, h(TERMINAL)));
        if answer.status.is_ok() { Ok((answer.data[9], answer.data[10])) } else { Err(answer.status) }
    };
    assert_eq!(chosen(0x01), Ok((1, 4)), "the card's own algorithm");
    assert_eq!(chosen(0x41), Ok((1, 0)));
    assert_eq!(chosen(0x81), Ok((1, 4)));
    assert_eq!(chosen(0x02), Ok((9, 0)), "only there in the other algorithm");
    for missing in [0x00, 0x03, 0x82, 0xC1] {
        assert_eq!(chosen(missing), Err(StatusWord::KEY_INDEX), "{missing:02X}");
    }
    // A PSAM of other keys makes another MAC1.
    let mut other = psam_image();
    other.keys[0].key = Key16::new([8; 16]);
    let mut psam = Psam::from_image(&other);
    let refused = purchase(&mut card, &mut psam, &request(TUnion, Tdes, 1)).unwrap_err();
    assert_eq!(refused, FlowError::Refused { step: "DEBIT", status: StatusWord::MAC });
    assert_eq!(balance(&mut card, Purse::Ep), 100);
}

#[test]
fn counters_end_and_balances_have_limits() {
    let mut image = image(Mohurd, Tdes);
    image.ep = PurseImage { balance: 90_000, online_counter: 0xFFFE, offline_counter: 0xFFFE, overdraft: 0 };
    let mut card = Card::from_image(&image, seeded(1)).unwrap();
    let mut psam = Psam::from_image(&psam_image());
    let of = (Mohurd, Tdes);
    assert_eq!(load(&mut card, of, Purse::Ep, 10_001), Err(StatusWord::WRONG_DATA));
    load(&mut card, of, Purse::Ep, 10_000).unwrap();
    assert_eq!(load(&mut card, of, Purse::Ep, 0), Err(StatusWord::COUNTER_MAXIMUM));
    let low = purchase(&mut card, &mut psam, &request(Mohurd, Tdes, 100_001)).unwrap_err();
    assert_eq!(low, FlowError::Refused { step: "INITIALIZE", status: StatusWord::LOW_BALANCE });
    assert_eq!(purchase(&mut card, &mut psam, &request(Mohurd, Tdes, 1)).unwrap().counter, 0xFFFE);
    let end = purchase(&mut card, &mut psam, &request(Mohurd, Tdes, 1)).unwrap_err();
    assert_eq!(end, FlowError::Refused { step: "INITIALIZE", status: StatusWord::COUNTER_MAXIMUM });
    assert_eq!(send(&mut card, &build::get_transaction_prove(6, 0xFFFD)).status, StatusWord::NO_PROOF);
    assert_eq!(send(&mut card, &build::get_transaction_prove(0x11, 0xFFFE)).status, StatusWord::NO_PROOF);
    // A card without a deposit refuses its commands.
    image.ed = None;
    let mut card = Card::from_image(&image, seeded(1)).unwrap();
    assert_eq!(load(&mut card, of, Purse::Ed, 1), Err(StatusWord::BLOCKED));
}

#[test]
fn the_pin_locks_and_is_unblocked_and_reloaded() {
    for algorithm in [Tdes, Sm4] {
        let of = |usage| (TUnion, algorithm, usage);
        let mut card = Card::from_image(&with_pin(image(TUnion, algorithm)), seeded(1)).unwrap();
        let pin = [0x12, 0x34, 0x56];
        select(&mut card);
        for left in [2, 1, 0] {
            assert_eq!(send(&mut card, &build::verify_pin(&[0x99, 0x99])).status, StatusWord::tries(left));
        }
        assert_eq!(send(&mut card, &build::verify_pin(&pin)).status, StatusWord::LOCKED);
        assert_eq!(send(&mut card, &build::change_pin(&pin, &[1, 2])).status, StatusWord::LOCKED);
        let unblock =
            |pin: &'static [u8], new| move |secure: &Secure<'_>| build::unblock_pin(new, pin, secure).unwrap();
        let wrong = secured(&mut card, of(KeyUsage::PinUnblock), unblock(&[0x99, 0x99], false));
        assert_eq!(wrong, StatusWord::WRONG_DATA);
        let right = secured(&mut card, of(KeyUsage::PinUnblock), unblock(&[0x12, 0x34, 0x56], false));
        assert_eq!(right, StatusWord::OK);
        ok(&mut card, &build::verify_pin(&pin));
        ok(&mut card, &build::change_pin(&pin, &[0x11, 0x22]));
        assert_eq!(send(&mut card, &build::verify_pin(&pin)).status, StatusWord::tries(2));
        ok(&mut card, &build::verify_pin(&[0x11, 0x22]));
        let key = card_key(TUnion, algorithm, KeyUsage::PinReload);
        let mut bad = build::reload_pin(algorithm, &key, &pin);
        bad.data[0] ^= 1;
        assert_eq!(send(&mut card, &bad).status, StatusWord::MAC);
        ok(&mut card, &build::reload_pin(algorithm, &key, &pin));
        ok(&mut card, &build::verify_pin(&pin));
        ok(&mut card, &build::init_for_load(Purse::Ep, 1, 1, h(HOST)));
        assert_eq!(tac(algorithm, &key, &pin), build::reload_pin(algorithm, &key, &pin).data[3..]);
        let new = secured(&mut card, of(KeyUsage::PinUnblock), unblock(&[0x77, 0x77], true));
        assert_eq!(new, StatusWord::OK);
        ok(&mut card, &build::verify_pin(&[0x77, 0x77]));
    }
}

#[test]
fn cutting_the_power_gives_no_free_guess_of_the_pin() {
    let mut card = Card::from_image(&with_pin(image(TUnion, Tdes)), seeded(1)).unwrap();
    let guess = build::verify_pin(&[0x99, 0x99]).bytes();
    let right = build::verify_pin(&[0x12, 0x34, 0x56]).bytes();
    let bytes = card.to_bytes();
    // Wherever the power is cut, right and wrong look alike until the try is taken.
    for budget in 0..40 {
        let mut other = Card::from_bytes(&bytes, seeded(1)).unwrap();
        let wrong = card.transmit_with_power(&guess, Some(budget));
        if wrong.is_err() {
            assert!(other.transmit_with_power(&right, Some(budget)).is_err());
        }
        card = Card::from_bytes(&bytes, seeded(1)).unwrap();
    }
}

#[test]
fn authentication_has_tries() {
    for algorithm in [Tdes, Sm4] {
        let mut image = image(TUnion, algorithm);
        let private = image.files.iter_mut().find(|file| file.fid == 0x19).unwrap();
        private.write = Access::Authenticated;
        let mut card = Card::from_image(&image, seeded(1)).unwrap();
        select(&mut card);
        let key = card_key(TUnion, algorithm, KeyUsage::ExternalAuth);
        let update = Command::new(0x00, 0xDC, 1, 0x19 << 3 | 4).data([7; 5]);
        assert_eq!(send(&mut card, &update).status, StatusWord::SECURITY);
        assert_eq!(send(&mut card, &build::external_auth(0, [0; 8])).status, StatusWord::NO_CHALLENGE);
        for length in [4, 8] {
            let mut challenge = [0; 8];
            challenge[..length].copy_from_slice(&ok(&mut card, &build::get_challenge(length as u16)));
            ok(&mut card, &build::external_auth(0, external_authentication(algorithm, key.bytes(), &challenge)));
        }
        ok(&mut card, &update);
        assert_eq!(ok(&mut card, &build::read_record(0x19, 1, 64))[..6], [7, 7, 7, 7, 7, 0]);
        for left in [2, 1, 0] {
            ok(&mut card, &build::get_challenge(8));
            assert_eq!(send(&mut card, &build::external_auth(0, [0; 8])).status, StatusWord::tries(left));
        }
        ok(&mut card, &build::get_challenge(8));
        assert_eq!(send(&mut card, &build::external_auth(0, [0; 8])).status, StatusWord::LOCKED);
        let internal = card_key(TUnion, algorithm, KeyUsage::InternalAuth);
        let answer = ok(&mut card, &build::internal_auth(1, [5; 8]));
        assert_eq!(answer, external_authentication(algorithm, internal.bytes(), &[5; 8]));
    }
}

#[test]
fn secure_messaging_is_checked() {
    let mut card = card();
    let of = (TUnion, Tdes, KeyUsage::Maintenance);
    assert_eq!(raw(&mut card, "00D695180420351231"), StatusWord::SECURITY);
    assert_eq!(raw(&mut card, "04D695180820351231AB74759E"), StatusWord::NO_CHALLENGE);
    assert_eq!(secured(&mut card, of, |s| build::update_binary(0x15, 24, &h::<4>("20351231"), s)), StatusWord::OK);
    assert_eq!(secured(&mut card, of, |s| build::update_binary(0x15, 28, &[0; 4], s)), StatusWord::OUT_OF_FILE);
    assert_eq!(secured(&mut card, of, |s| build::append_record(0x18, &[0; 23], s)), StatusWord::SECURITY);
    let protect = (TUnion, Tdes, KeyUsage::RecordProtect);
    assert_eq!(secured(&mut card, protect, |s| build::append_record(0x1A, &[0; 128], s)), StatusWord::NO_SPACE);
    let wrong = (TUnion, Tdes, KeyUsage::Load);
    for _ in 0..3 {
        let status = secured(&mut card, wrong, |s| build::update_binary(0x15, 24, &[0; 4], s));
        assert_eq!(status, StatusWord::SM_MAC);
    }
    assert_eq!(secured(&mut card, of, |s| build::update_binary(0x15, 24, &[0; 4], s)), StatusWord::LOCKED);
    assert_eq!(ok(&mut card, &build::read_binary(0x15, 24, 4)), h::<4>("20351231"));
}

#[test]
fn applications_and_cards_are_blocked() {
    let mut card = card();
    let of = (TUnion, Tdes, KeyUsage::Maintenance);
    assert_eq!(secured(&mut card, of, build::application_unblock), StatusWord::CONDITIONS);
    assert_eq!(secured(&mut card, of, |s| build::application_block(false, s)), StatusWord::OK);
    assert_eq!(send(&mut card, &build::select_aid(&card::TUNION_AID)).status, StatusWord::FILE_BLOCKED);
    let init = build::init_for_purchase(Purse::Ep, 1, 1, h(TERMINAL));
    assert_eq!(send(&mut card, &init).status, StatusWord::BLOCKED);
    assert_eq!(balance(&mut card, Purse::Ep), 1000);
    assert_eq!(secured(&mut card, of, build::application_unblock), StatusWord::OK);
    ok(&mut card, &init);
    assert_eq!(secured(&mut card, of, |s| build::application_block(true, s)), StatusWord::OK);
    assert_eq!(send(&mut card, &init).status, StatusWord::PERMANENTLY_BLOCKED);
    assert_eq!(secured(&mut card, of, build::application_unblock), StatusWord::PERMANENTLY_BLOCKED);
    assert_eq!(secured(&mut card, of, |s| build::application_block(false, s)), StatusWord::OK);
    assert_eq!(send(&mut card, &init).status, StatusWord::PERMANENTLY_BLOCKED, "for ever");
    let master = (TUnion, Tdes, KeyUsage::CardMaintenance);
    assert_eq!(secured(&mut card, master, build::card_block), StatusWord::OK);
    card.power_on();
    for command in [build::select_aid(&card::TUNION_AID), build::get_challenge(4), init] {
        assert_eq!(send(&mut card, &command).status, StatusWord::BLOCKED);
    }
}

#[test]
fn a_psam_locks_cards_for_the_blacklist() {
    for algorithm in [Tdes, Sm4] {
        let mut card = Card::from_image(&image(TUnion, algorithm), seeded(1)).unwrap();
        let mut psam = Psam::from_image(&psam_image());
        select(&mut card);
        let factors = [serial(TUnion).card_factor(), template(TUnion).factor(issuer(TUnion))].concat();
        let init = Command::new(0x80, 0x1A, 0x36, index(algorithm)).data(factors);
        assert_eq!(psam.transmit(&init.bytes()), [0x90, 0x00]);
        let mut data = ok(&mut card, &build::get_challenge(4));
        data.extend_from_slice(&[0, 0, 0, 0, 0x84, 0x1E, 0x00, 0x00, 0x04]);
        let mac = Response::parse(&psam.transmit(&Command::new(0x80, 0xFA, 5, 0).data(data).bytes())).unwrap();
        ok(&mut card, &Command::new(0x84, 0x1E, 0, 0).data(mac.data));
        assert_eq!(send(&mut card, &build::select_aid(&card::TUNION_AID)).status, StatusWord::FILE_BLOCKED);
    }
}

#[test]
fn a_psam_locks_after_wrong_mac2() {
    let mut psam = Psam::from_image(&psam_image());
    let status = |psam: &mut Psam, command: &Command| Response::parse(&psam.transmit(&command.bytes())).unwrap().status;
    let init = |version, algorithm, factors: &[[u8; 8]]| {
        build::init_sam_for_purchase([1; 4], [0, 1], 1, 6, h(DATE), h(TIME), version, algorithm, factors)
    };
    let credit = build::credit_sam_for_purchase([0; 4]);
    assert_eq!(status(&mut psam, &credit), StatusWord::CONDITIONS);
    assert_eq!(status(&mut psam, &init(2, 0, &[[1; 8]])), StatusWord::KEY_INDEX);
    assert_eq!(status(&mut psam, &init(1, 9, &[[1; 8]])), StatusWord::KEY_INDEX);
    assert_eq!(status(&mut psam, &init(1, 0, &[[1; 8]; 4])), StatusWord::WRONG_LENGTH);
    for _ in 0..3 {
        assert_eq!(status(&mut psam, &init(1, 0, &[[1; 8], [2; 8]])), StatusWord::OK);
        assert_eq!(status(&mut psam, &credit), StatusWord::MAC);
    }
    assert_eq!(status(&mut psam, &init(1, 0, &[[1; 8], [2; 8]])), StatusWord::LOCKED);
    let mut image = psam_image();
    image.next_txn = u32::MAX;
    let mut psam = Psam::from_image(&image);
    assert_eq!(status(&mut psam, &init(1, 0, &[[1; 8]])), StatusWord::COUNTER_MAXIMUM);
}

#[test]
fn lengths_files_and_the_two_transmissions() {
    let mut card = card();
    assert_eq!(raw(&mut card, "00B0951F01"), StatusWord::OUT_OF_FILE);
    assert_eq!(raw(&mut card, "00B095001F"), StatusWord::right_length(30));
    assert_eq!(raw(&mut card, "00B09500"), StatusWord::right_length(30));
    assert_eq!(raw(&mut card, "00B0951C00"), StatusWord::OK);
    assert_eq!(raw(&mut card, "00B0980017"), StatusWord::FILE_TYPE);
    assert_eq!(raw(&mut card, "00B2019C00"), StatusWord::FILE_NOT_FOUND);
    assert_eq!(raw(&mut card, "00B201D417"), StatusWord::right_length(128));
    assert_eq!(raw(&mut card, "805C000205"), StatusWord::right_length(4));
    assert_eq!(raw(&mut card, "805C010204"), StatusWord::WRONG_P1P2);
    assert_eq!(raw(&mut card, "0084000005"), StatusWord::WRONG_LENGTH);
    assert_eq!(raw(&mut card, "805001020A01000000011122334455"), StatusWord::WRONG_LENGTH);
    assert_eq!(raw(&mut card, "00990000"), StatusWord::INS_NOT_SUPPORTED);
    assert_eq!(raw(&mut card, "90840000"), StatusWord::CLA_NOT_SUPPORTED);
    assert_eq!(raw(&mut card, "00A4000002DEAD"), StatusWord::FILE_NOT_FOUND);
    assert_eq!(raw(&mut card, "00A40000020016"), StatusWord::OK);
    assert_eq!(ok(&mut card, &Command::new(0, 0xB0, 0, 50).le(256)).len(), 5, "of the file selected");
    let ppse = ok(&mut card, &build::select_aid(&card::PPSE));
    assert!(ppse.windows(8).any(|window| window == card::TUNION_AID));
    assert_eq!(raw(&mut card, "00A40000023F00"), StatusWord::OK);
    assert_eq!(raw(&mut card, "00B0850004"), StatusWord::OK, "EF05 of the MF");
    assert_eq!(raw(&mut card, "00B0950004"), StatusWord::FILE_NOT_FOUND);

    select(&mut card);
    card.set_transmission(Transmission::GetResponse);
    let init = "805001020B0100000001112233445566";
    assert_eq!(raw(&mut card, init), StatusWord::more(15));
    assert_eq!(send(&mut card, &build::get_response(9)).status, StatusWord::right_length(15));
    assert_eq!(ok(&mut card, &build::get_response(15)).len(), 15);
    assert_eq!(send(&mut card, &build::get_response(15)).status, StatusWord::CONDITIONS);
    let mut psam = Psam::from_image(&psam_image());
    psam.set_transmission(Transmission::GetResponse);
    let mut sam = build::init_sam_for_purchase([1; 4], [0, 1], 1, 6, h(DATE), h(TIME), 1, 0, &[[1; 8]]);
    sam.le = None;
    assert_eq!(psam.transmit(&sam.bytes()), [0x61, 8]);
    assert_eq!(psam.transmit(&build::get_response(8).bytes()).len(), 10);
}

#[test]
fn ill_defined_images_are_refused() {
    use tongka_card::card::{FileImage, FileKind, ImageError, PinImage};
    let good = || image(TUnion, Tdes);
    let make = |image: &CardImage| Card::from_image(image, seeded(1)).map(drop).unwrap_err();
    let mut bad = good();
    bad.files.push(FileImage::records(0x18, FileKind::Cyclic, 23, 10));
    assert_eq!(make(&bad), ImageError::File(0x18));
    bad = good();
    bad.files.push(FileImage::records(0x09, FileKind::Linear, 4, 1).with(vec![vec![0; 5]]));
    assert_eq!(make(&bad), ImageError::File(0x09));
    bad = good();
    bad.keys.push(bad.keys[0].clone());
    assert_eq!(make(&bad), ImageError::Key(bad.keys[0].index));
    bad = good();
    bad.ep.balance = 100_001;
    assert_eq!(make(&bad), ImageError::Purse);
    bad = good();
    bad.pin = Some(PinImage { value: vec![1], tries: 3, for_load: false });
    assert_eq!(make(&bad), ImageError::Pin);
}
