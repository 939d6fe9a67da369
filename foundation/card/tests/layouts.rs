//! Numbers and file layouts.

mod common;

use common::{h, up};
use tongka_base::{AppSerial, IssuerId};
use tongka_card::files::*;
use tongka_card::numbers::*;

#[test]
fn numbers_and_factors() {
    let pan = Pan::with_check_digit("310429000000001234").unwrap();
    assert_eq!(pan.to_string(), "3104290000000012340");
    assert!(pan.luhn_ok());
    let other = Pan::parse("3104290000000012345").unwrap();
    assert!(!other.luhn_ok(), "read all the same");
    assert_eq!(up(&other.serial().0), "03104290000000012345");
    assert_eq!(Pan::from_serial(&other.serial()), Ok(other));
    assert_eq!(card_factor(&other.serial()), h("4290000000012345"));
    assert_eq!(format!("{other:?}"), "Pan(310429*********2345)");
    for bad in ["310429000000001234", "31042900000000123456", "310429000000001234X", ""] {
        assert_eq!(Pan::parse(bad), Err(NumberError::Digits(19)));
    }
    assert_eq!(Pan::from_serial(&AppSerial(h("13104290000000012345"))), Err(NumberError::Serial));
    assert_eq!(Pan::from_serial(&AppSerial(h("0310429000000001234A"))), Err(NumberError::Serial));

    let number = MohurdNumber::parse("2000000190002030").unwrap();
    assert_eq!((number.city, number.industry, number.serial), (2000, 1, 90_002_030));
    let serial = number.app_serial([0, 1]).unwrap();
    assert_eq!(up(&serial.0), "00012000000190002030");
    assert_eq!(MohurdNumber::from_serial(&serial), Ok(number));
    assert!(MohurdNumber { city: 10_000, ..number }.app_serial([0; 2]).is_err());
    assert_eq!(MohurdNumber::from_serial(&AppSerial([0xAA; 10])), Err(NumberError::Serial));

    let issuer = IssuerId(h("0200290011223344"));
    let factors = [
        (FactorTemplate::IssuerId, "0200290011223344"),
        (FactorTemplate::IssuerHead, "02002900FFFFFFFF"),
        (FactorTemplate::City, "2900FF0000000000"),
        (FactorTemplate::AreaTwice, "0200290002002900"),
        (FactorTemplate::Constant(h("3620800000000000")), "3620800000000000"),
    ];
    for (template, factor) in factors {
        assert_eq!(up(&template.factor(issuer)), factor);
    }
}

#[test]
fn public_information_of_both_schemes() {
    let bytes: [u8; 30] = h("02002900FFFFFFFF010103104290000000012345202501012035123100FF");
    let info = PublicInfo::decode(&bytes).unwrap();
    assert_eq!((info.enabled, info.version, info.expiry), (1, 1, h("20351231")));
    assert_eq!(Pan::from_serial(&info.serial).unwrap().to_string(), "3104290000000012345");
    assert_eq!(info.encode(), bytes);
    let mohurd = PublicInfo { issuer: IssuerId(h("1000200000010000")), ..info };
    let issuer = mohurd.mohurd_issuer();
    assert_eq!((issuer.city, issuer.industry), (h("2000"), h("0001")));
    assert_eq!(issuer.encode(), mohurd.issuer.0);
    assert_eq!(PublicInfo::decode(&bytes[..29]), Err(FileError::Length { file: "EF15", expected: 30, actual: 29 }));
    let mut bad = bytes;
    bad[24] = 0x2A;
    assert_eq!(PublicInfo::decode(&bad), Err(FileError::NotBcd { file: "EF15", field: "expiry" }));
}

#[test]
fn records() {
    let log: [u8; 23] = h("042D000000000001F40930008934034020241229141740");
    let record = TransactionLog::decode(&log).unwrap();
    assert_eq!((record.counter, record.amount, record.tti), (0x042D, 500, 9));
    assert_eq!((record.terminal, record.date, record.time), (h("300089340340"), h("20241229"), h("141740")));
    assert_eq!(record.encode(), log);
    let bytes: [u8; 48] = std::array::from_fn(|i| if (25..32).contains(&i) { 0x11 } else { i as u8 });
    let leg = Journey::decode(&bytes).unwrap();
    assert_eq!((leg.industry, leg.line, leg.amount), (9, [10, 11], 0x1112_1314));
    assert_eq!((leg.city, leg.acquirer[0], leg.tail[0]), ([32, 33], 34, 42));
    assert_eq!(leg.encode(), bytes);
    let bytes: [u8; 60] = std::array::from_fn(|i| i as u8);
    let management = Management::decode(&bytes).unwrap();
    assert_eq!((management.city, management.kind), ([6, 7], 10));
    assert_eq!(management.encode(), bytes);
    let bytes: [u8; 55] = std::array::from_fn(|i| i as u8);
    let holder = Holder::decode(&bytes).unwrap();
    assert_eq!((holder.name[0], holder.document[0], holder.document_type), (2, 22, 54));
    assert_eq!(holder.encode(), bytes);
}

#[test]
fn the_process_record_has_a_checksum() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    let bytes: [u8; 128] = std::array::from_fn(|i| i as u8);
    let record = JourneyProcess::decode(&bytes).unwrap();
    assert_eq!((record.status, record.entry_city, record.exit_station[0]), (14, [15, 16], 43));
    assert_eq!((record.entry_time[0], record.entry_line, record.last_time[0]), (67, 85, 99));
    assert_eq!((record.month_count, record.sign_status, record.crc), (0x7172, 122, 0x7C7D_7E7F));
    assert_eq!(record.encode(), bytes);
    assert!(matches!(JourneyProcess::open(&bytes), Err(FileError::Crc { stored: 0x7C7D_7E7F, .. })));
    let sealed = record.seal();
    assert_eq!(JourneyProcess::open(&sealed).unwrap().entry_city, [15, 16]);
    for at in 6..128 {
        let mut bad = sealed;
        bad[at] ^= 0x10;
        assert!(JourneyProcess::open(&bad).is_err(), "{at}");
    }
}
