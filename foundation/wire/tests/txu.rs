//! The fast TXU codec: as the document says, and never of another opinion than the record table.

mod common;

use common::{txu, txu_line};
use proptest::prelude::*;
use tongka_base::date::from_days_since_epoch;
use tongka_base::{Algorithm, AppSerial, CardScheme, Industry, IssuerId, PsamNo};
use tongka_wire::txu::{
    BadField, CONTENT, LINE_LEN, RECORD_LEN, Txu, TxuRecord, amount_or_zero, at, format_txu, parse_txu,
};
use tongka_wire::*;

#[test]
fn a_record_is_written_as_the_document_says() {
    let line = txu_line();
    let expected = "D00000001T02002900FFFFFFFF031042900000000123450206002911122334455660000\
                    0A17-000001500000020000000300202608310830150104E0A0D839021000000100012300004567290001";
    let expected = format!("{expected}00\r\n");
    assert_eq!(std::str::from_utf8(&line).unwrap(), expected);
    assert_eq!(parse_txu(&line), Ok(txu()));
    assert_eq!(parse_txu(&line[..RECORD_LEN]), Ok(txu()), "without CR LF");
    assert_eq!(amount_or_zero(&line), 200);
    let record = TxuRecord::new(&line).unwrap();
    assert_eq!((record.field(at::TAC), record.content()), (&b"E0A0D839"[..], &line[9..154]));
}

#[test]
fn offsets_are_those_of_the_document() {
    // Chapter 3, column by column.
    let offsets = [
        0, 1, 9, 10, 26, 46, 48, 50, 55, 67, 75, 84, 92, 100, 108, 114, 116, 118, 126, 128, 136, 142, 150, 154, 155,
        156,
    ];
    let fields = Kind::Txu.table().fields;
    assert_eq!(fields.iter().map(|field| field.offset).collect::<Vec<_>>(), offsets);
    let ranges = [
        at::MARK,
        at::RECORD_NO,
        at::SCHEME,
        at::ISSUER_ID,
        at::SERIAL,
        at::CARD_TYPE,
        at::TTI,
        at::COUNTER,
        at::PSAM,
        at::PSAM_TXN,
        at::BALANCE_BEFORE,
        at::AMOUNT,
        at::LIST_PRICE,
        at::DATE,
        at::TIME,
        at::KEY_VERSION,
        at::ALGORITHM,
        at::TAC,
        at::INDUSTRY,
        at::MERCHANT,
        at::LINE,
        at::DEVICE,
        at::CITY,
        at::GREY,
        at::TEST,
        at::RESERVED,
    ];
    assert_eq!(fields.iter().map(Field::range).collect::<Vec<_>>(), ranges);
    assert_eq!((LINE_LEN, RECORD_LEN, CONTENT), (160, 158, 9..154));
    assert_eq!(Kind::Txu.table().amount_range(), Some(at::AMOUNT));
}

#[test]
fn each_field_has_its_error() {
    let cases: &[(&str, &[u8])] = &[
        ("record_no", b"0000000x"),
        ("scheme", b"X"),
        ("scheme", b"t"),
        ("issuer_id", b"02002900FFFFFFFf"),
        ("serial", b"0310429000000001234G"),
        ("card_type", b" 2"),
        ("tti", b"05"),
        ("counter", b"65536"),
        ("counter", b"99999"),
        ("psam", b"11223344556@"),
        ("psam_txn", b"0000:A17"),
        ("balance_before", b"00000-150"),
        ("balance_before", b"--0000150"),
        ("balance_before", b"+00000150"),
        ("amount", b"-0000200"),
        ("list_price", b"00000 00"),
        ("date", b"20260230"),
        ("date", b"00000101"),
        ("date", b"20261301"),
        ("time", b"240000"),
        ("time", b"236000"),
        ("time", b"235960"),
        ("key_version", b"0g"),
        ("algorithm", b"02"),
        ("tac", b"E0A0D83/"),
        ("industry", b"00"),
        ("industry", b"06"),
        ("industry", b"99"),
        ("merchant", b"1000000A"),
        ("line", b"00012:"),
        ("device", b"0000/567"),
        ("city", b"29O0"),
        ("grey", b"2"),
        ("test", b"x"),
        ("reserved", b"01"),
        ("reserved", b"0 "),
    ];
    for (field, bytes) in cases {
        let mut line = txu_line();
        line[Kind::Txu.table().range(field).unwrap()].copy_from_slice(bytes);
        assert_eq!(parse_txu(&line), Err(BadField(field)), "{field} {bytes:?}");
    }
    let line = txu_line();
    let with = |bytes: &[u8]| [&line[..RECORD_LEN], bytes].concat();
    for wrong in [&line[..RECORD_LEN - 1], &with(b"\n"), &with(b"\n\r"), &with(b"\r\n0"), b""] {
        assert_eq!(parse_txu(wrong), Err(BadField("record")));
    }
}

#[test]
fn the_borders_of_listed_values_are_valid() {
    let cases: &[(&str, &[u8])] = &[
        ("counter", b"65535"),
        ("counter", b"00000"),
        ("balance_before", b"-99999999"),
        ("balance_before", b"999999999"),
        ("amount", b"00000000"),
        ("date", b"20240229"),
        ("date", b"99991231"),
        ("time", b"235959"),
        ("tti", b"09"),
        ("key_version", b"FF"),
        ("industry", b"09"),
        ("scheme", b"M"),
    ];
    for (field, bytes) in cases {
        let mut line = txu_line();
        line[Kind::Txu.table().range(field).unwrap()].copy_from_slice(bytes);
        let txu = parse_txu(&line).unwrap_or_else(|bad| panic!("{bad} for {field} {bytes:?}"));
        let mut again = [0; LINE_LEN];
        format_txu(&txu, &mut again).unwrap();
        assert_eq!(again, line);
    }
}

#[test]
fn a_malformed_amount_counts_as_nothing() {
    for bytes in [b"0000020x", b"-0000200", b" 0000200", b"0000200 "] {
        let mut line = txu_line();
        line[at::AMOUNT].copy_from_slice(bytes);
        assert_eq!(amount_or_zero(&line), 0);
    }
    let mut line = txu_line();
    line[at::AMOUNT].copy_from_slice(b"99999999");
    line[at::DATE].copy_from_slice(b"xxxxxxxx");
    assert_eq!(amount_or_zero(&line), 99_999_999, "whatever the other fields hold");
    assert_eq!(amount_or_zero(&line[..RECORD_LEN - 1]), 0);
}

#[test]
fn every_byte_value_in_every_place_is_judged_alike_by_both_paths() {
    // The fast path decides, the table names the field: where one sees an error the other must find it.
    for place in 1..RECORD_LEN {
        for byte in 0..=255 {
            let mut line = txu_line();
            line[place] = byte;
            match parse_txu(&line) {
                Ok(txu) => {
                    let mut again = [0; LINE_LEN];
                    format_txu(&txu, &mut again).unwrap();
                    assert_eq!(again, line, "byte {byte} at {place} reads back");
                }
                Err(BadField(field)) => {
                    let range = Kind::Txu.table().range(field).expect("the table names the field");
                    assert!(range.contains(&place), "byte {byte} at {place} blamed on {field}");
                }
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_not_written() {
    type Change = fn(&mut Txu);
    let cases: &[(&str, Change)] = &[
        ("record_no", |t| t.record_no = 100_000_000),
        ("card_type", |t| t.card_type = 100),
        ("tti", |t| t.tti = 7),
        ("balance_before", |t| t.balance_before = 1_000_000_000),
        ("balance_before", |t| t.balance_before = -100_000_000),
        ("balance_before", |t| t.balance_before = i32::MIN),
        ("amount", |t| t.amount = 100_000_000),
        ("list_price", |t| t.list_price = u32::MAX),
        ("date", |t| t.date = tongka_base::Date::MAX),
        ("date", |t| t.date = tongka_base::Date::MIN),
        ("time", |t| t.time_seconds = 86_400),
        ("merchant", |t| t.merchant = 100_000_000),
        ("line", |t| t.line = 1_000_000),
        ("device", |t| t.device = 100_000_000),
        ("city", |t| t.city = 10_000),
    ];
    for (field, change) in cases {
        let mut changed = txu();
        change(&mut changed);
        assert_eq!(format_txu(&changed, &mut [0; LINE_LEN]).unwrap_err().field, *field);
    }
}

proptest! {
    #[test]
    fn records_read_back(
        record_no in 0u32..100_000_000, counter: u16, psam_txn: u32, tac: [u8; 4], serial: [u8; 10], issuer: [u8; 8],
        psam: [u8; 6], balance in -99_999_999i32..1_000_000_000, amount in 0u32..100_000_000,
        list_price in 0u32..100_000_000, day in -719_162i32..2_932_897, time in 0u32..86_400,
        codes in (0usize..2, 0usize..2, 0usize..6, 0u8..100), flags in (any::<bool>(), any::<bool>(), any::<bool>()),
        city in 0u16..10_000, key_version: u8,
        parties in (0u32..100_000_000, 0u32..1_000_000, 0u32..100_000_000),
    ) {
        let txu = Txu {
            record_no, counter, psam_txn, tac, key_version, city, amount, list_price,
            scheme: CardScheme::ALL[codes.0],
            algorithm: [Algorithm::Tdes, Algorithm::Sm4][codes.1],
            industry: Industry::ALL[codes.2],
            card_type: codes.3,
            serial: AppSerial(serial), issuer_id: IssuerId(issuer), psam: PsamNo(psam),
            balance_before: balance, date: from_days_since_epoch(day).unwrap(), time_seconds: time,
            grey: flags.0, test: flags.1, tti: if flags.2 { 6 } else { 9 },
            merchant: parties.0, line: parties.1, device: parties.2,
        };
        let mut line = [0; LINE_LEN];
        format_txu(&txu, &mut line).unwrap();
        prop_assert_eq!(parse_txu(&line), Ok(txu));
        prop_assert_eq!(amount_or_zero(&line), u64::from(amount));
        // The generic codec reads the same, and writes it back.
        let values = parse_record(Kind::Txu.table(), &line).unwrap();
        prop_assert_eq!(&values[10..13], [balance.into(), amount.into(), list_price.into()].map(Value::Number));
        let mut again = Vec::new();
        write_record(Kind::Txu.table(), &values, &mut again).unwrap();
        prop_assert_eq!(again, line);
    }
}
