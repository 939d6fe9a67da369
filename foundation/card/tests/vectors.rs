//! Worked vectors of purse transactions, computed with an independent library over arbitrary keys, replayed as APDUs.

mod common;

use common::*;
use tongka_base::Algorithm::{Sm4, Tdes};
use tongka_base::CardScheme::{Mohurd, TUnion};
use tongka_base::PsamNo;
use tongka_card::apdu::build::{self, Purse, Secure};
use tongka_card::card::PurseImage;
use tongka_card::*;
use tongka_crypto::Key16;

fn hexed(card: &mut Card, command: &str) -> String {
    up(&card.transmit(&hex::decode(command).unwrap()))
}

fn card(image: &CardImage, randoms: &str) -> Card {
    let mut card = Card::from_image(image, scripted(randoms, 1)).unwrap();
    select(&mut card);
    card
}

#[test]
fn purchase_and_compound_purchase() {
    let tdes = ("00", ["989F1A9E", "70E3E4B1"], "F864AC5C", ["E0A0D839", "3DE06E64"]);
    let sm4 = ("04", ["07067D26", "2D504BA7"], "66E1612C", ["50E081FB", "033A253D"]);
    for (algorithm, (byte, mac1, mac2, tac)) in [(Tdes, tdes), (Sm4, sm4)] {
        for compound in [0, 1] {
            let mut image = image(TUnion, algorithm);
            image.ep = PurseImage { balance: 1000, offline_counter: 0x0123, ..PurseImage::default() };
            let mut card = card(&image, "5A6B7C8D");
            let mut psam = Psam::from_image(&psam_image());
            let init = ["805001020B01000000C81122334455660F", "805003020B01000000C81122334455660F"][compound];
            let start = format!("000003E8012300000001{byte}5A6B7C8D9000");
            assert_eq!(hexed(&mut card, init), start);
            let tti = ["06", "09"][compound];
            let sam =
                format!("80700000245A6B7C8D0123000000C8{tti}2025013108301501{byte}429000000001234502002900FFFFFFFF");
            let answer = up(&psam.transmit(&hex::decode(sam).unwrap()));
            assert_eq!(answer, format!("00000A17{}9000", mac1[compound]));
            if compound == 1 {
                assert_eq!(hexed(&mut card, "80DC00F00403112233"), "9000");
            }
            let debit = format!("805401000F00000A1720250131083015{}", mac1[compound]);
            assert_eq!(hexed(&mut card, &debit), format!("{}{mac2}9000", tac[compound]));
            assert_eq!(psam.transmit(&hex::decode(format!("8072000004{mac2}")).unwrap()), [0x90, 0x00]);
            assert_eq!(hexed(&mut card, "805C030204"), "000003209000");
            let log = format!("0123000000000000C8{tti}11223344556620250131083015");
            assert_eq!(hexed(&mut card, "00B201C417"), format!("{log}9000"));
            let prove = format!("805A00{tti}02012308");
            assert_eq!(hexed(&mut card, &prove), format!("{mac2}{}9000", tac[compound]));
        }
    }
}

#[test]
fn load() {
    for (algorithm, byte, mac1, mac2, tac) in
        [(Tdes, "00", "263E5B32", "F64C119A", "1BFF898D"), (Sm4, "04", "5F3F7E64", "7F4EA2CD", "7A4C2A13")]
    {
        let mut image = image(TUnion, algorithm);
        image.ep = PurseImage { balance: 1000, online_counter: 0x45, ..PurseImage::default() };
        let mut card = card(&image, "91A2B3C4");
        let start = hexed(&mut card, "805000020B010000138831000000000110");
        assert_eq!(start, format!("000003E8004501{byte}91A2B3C4{mac1}9000"));
        let credit = format!("805200000B20250201101112{mac2}");
        assert_eq!(hexed(&mut card, &credit), format!("{tac}9000"));
        assert_eq!(hexed(&mut card, "805C030204"), "000017709000");
        assert_eq!(hexed(&mut card, "805A000202004508"), format!("{mac2}{tac}9000"));
        assert_eq!(hexed(&mut card, "00B201C400"), "00450000000000138802310000000001202502011011129000");
    }
}

#[test]
fn unload_and_overdraft() {
    let mut image = image(TUnion, Tdes);
    image.ed = Some(PurseImage { balance: 6000, online_counter: 0x45, ..PurseImage::default() });
    let mut card = card(&image, "91A2B3C4");
    assert_eq!(hexed(&mut card, "805005010B01000003E831000000000110"), "000017700045010091A2B3C4CB2D69BD9000");
    assert_eq!(hexed(&mut card, "805403000B2025020110111229F45304"), "1DB292039000");
    assert_eq!(hexed(&mut card, "805C030104"), "000013889000");

    let mut card = self::card(&image, "91A2B3C4");
    assert_eq!(hexed(&mut card, "80500401070131000000000113"), "000017700045000000010091A2B3C4BDCC66829000");
    assert_eq!(hexed(&mut card, "805800000E0003202025020110111219267BBC"), "BD1DE2E99000");
    assert_eq!(hexed(&mut card, "805C000104"), "00001A909000");
    assert_eq!(hexed(&mut card, "805A000702004508"), "19267BBCBD1DE2E99000");
}

#[test]
fn secure_messaging() {
    for (algorithm, update, block) in [(Tdes, "AB74759E", "CD5BB672"), (Sm4, "0B04FFFD", "E4AEF531")] {
        let mut card = card(&image(TUnion, algorithm), "4156B52B4156B52B");
        assert_eq!(hexed(&mut card, "0084000004"), "4156B52B9000");
        assert_eq!(hexed(&mut card, &format!("04D695180820351231{update}")), "9000");
        assert_eq!(hexed(&mut card, "00B0951804"), "203512319000");
        assert_eq!(hexed(&mut card, "0084000004"), "4156B52B9000");
        assert_eq!(hexed(&mut card, &format!("841E000004{block}")), "9000");
        assert_eq!(hexed(&mut card, "805001020B01000000C81122334455660F"), "6A81");
    }
}

#[test]
fn write_key_of_a_blank_card() {
    let maker = card_key(TUnion, Tdes, KeyUsage::Maintenance);
    let mut card = Card::blank(maker.clone(), Tdes, scripted("00000000000000004156B52B", 1));
    let challenge = ok(&mut card, &build::get_challenge(8)).try_into().unwrap();
    let cryptogram = tongka_crypto::external_authentication(Tdes, maker.bytes(), &challenge);
    ok(&mut card, &build::external_auth(0, cryptogram));
    let challenge: [u8; 4] = ok(&mut card, &build::get_challenge(4)).try_into().unwrap();
    let command = "84D401001CED2919F0BDF2BDFB00E8B0D1229A118409D35739341FABAE457741D8";
    let key: Key16 = card_key(TUnion, Tdes, KeyUsage::Purchase);
    let secure = Secure { algorithm: Tdes, key: &maker, challenge };
    assert_eq!(up(&build::write_key(0, 0, [0x3E, 1, 0], &key, &secure).bytes()), command);
    assert_eq!(hexed(&mut card, command), "9000");
}

#[test]
fn mohurd_purchase() {
    let mut image = image(Mohurd, Tdes);
    image.ep = PurseImage { balance: 100, offline_counter: 5, ..PurseImage::default() };
    let mut card = card(&image, "52B58B73");
    let mut sam = psam_image();
    (sam.terminal, sam.next_txn) = (PsamNo(h("200000000007")), 0x1A2B);
    let mut psam = Psam::from_image(&sam);
    let start = ok(&mut card, &build::init_for_purchase(Purse::Ep, 1, 1, h("200000000007")));
    assert_eq!(up(&start), "000000640005000000010052B58B73");
    let init = "807000002452B58B730005000000010620110402154217010000000000900020302000FF0000000000";
    assert_eq!(up(&psam.transmit(&hex::decode(init).unwrap())), "00001A2B8C230C269000");
    let debit = hexed(&mut card, "805401000F00001A2B201104021542178C230C26");
    assert!(debit.starts_with("E80B993B") && debit.ends_with("9000"), "{debit}");
}
