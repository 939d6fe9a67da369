//! The codec through its public face: what is written reads back, other bytes are errors, nothing panics.

use proptest::prelude::*;
use tongka_base::date::from_days_since_epoch;
use tongka_base::{Algorithm, AppSerial, CardScheme, Fen, FileCode, Industry, IssuerId, MemberCode, PsamNo, Reason};
use tongka_wire::txu::{BadField, LINE_LEN, RECORD_LEN, Txu, amount_or_zero, format_txu, parse_txu};
use tongka_wire::*;

fn sample() -> [u8; LINE_LEN] {
    let mut line = [0; LINE_LEN];
    format_txu(&txu_sample(), &mut line).unwrap();
    line
}

fn txu_sample() -> Txu {
    Txu {
        record_no: 1,
        scheme: CardScheme::TUnion,
        issuer_id: IssuerId::parse(b"02002900FFFFFFFF").unwrap(),
        serial: AppSerial::parse(b"03104290000000012345").unwrap(),
        card_type: 2,
        tti: 6,
        counter: 291,
        psam: PsamNo::parse(b"112233445566").unwrap(),
        psam_txn: 0xA17,
        balance_before: -150,
        amount: 200,
        list_price: 300,
        date: from_days_since_epoch(20_696).unwrap(),
        time_seconds: 8 * 3600 + 30 * 60 + 15,
        key_version: 1,
        algorithm: Algorithm::Sm4,
        tac: [0xE0, 0xA0, 0xD8, 0x39],
        industry: Industry::Metro,
        merchant: 10_000_001,
        line: 123,
        device: 4567,
        city: 2900,
        grey: false,
        test: true,
    }
}

#[test]
fn a_record_is_written_as_the_document_says() {
    let line = sample();
    let expected = "D00000001T02002900FFFFFFFF031042900000000123450206002911122334455660000\
                    0A17-000001500000020000000300202608310830150104E0A0D839021000000100012300004567290001";
    let expected = format!("{expected}00\r\n");
    assert_eq!(std::str::from_utf8(&line).unwrap(), expected);
    assert_eq!(parse_txu(&line), Ok(txu_sample()));
    assert_eq!(amount_or_zero(&line), 200);
}

#[test]
fn each_field_has_its_error() {
    let table = Kind::Txu.table();
    let cases: &[(&str, &[u8])] = &[
        ("record_no", b"0000000x"),
        ("scheme", b"X"),
        ("issuer_id", b"02002900FFFFFFFf"),
        ("serial", b"0310429000000001234G"),
        ("card_type", b" 2"),
        ("tti", b"05"),
        ("counter", b"65536"),
        ("psam", b"11223344556@"),
        ("psam_txn", b"0000:A17"),
        ("balance_before", b"00000-150"),
        ("balance_before", b"--0000150"),
        ("amount", b"-0000200"),
        ("list_price", b"00000 00"),
        ("date", b"20260230"),
        ("date", b"00000101"),
        ("time", b"240000"),
        ("time", b"236000"),
        ("key_version", b"0g"),
        ("algorithm", b"02"),
        ("tac", b"E0A0D83/"),
        ("industry", b"00"),
        ("industry", b"06"),
        ("merchant", b"1000000A"),
        ("line", b"00012:"),
        ("device", b"0000/567"),
        ("city", b"29O0"),
        ("grey", b"2"),
        ("test", b"x"),
        ("reserved", b"01"),
    ];
    for (field, bytes) in cases {
        let mut line = sample();
        line[table.range(field).unwrap()].copy_from_slice(bytes);
        assert_eq!(parse_txu(&line), Err(BadField(field)), "{field} {bytes:?}");
    }
    let mut line = sample();
    line[table.range("amount").unwrap()].copy_from_slice(b"0000020x");
    assert_eq!(amount_or_zero(&line), 0);
}

#[test]
fn every_byte_value_in_every_place_is_judged_alike_by_both_paths() {
    // The fast path decides, the table names the field: where one sees an error the other must find it.
    for at in 1..RECORD_LEN {
        for byte in 0..=255 {
            let mut line = sample();
            line[at] = byte;
            match parse_txu(&line) {
                Ok(txu) => {
                    let mut again = [0; LINE_LEN];
                    format_txu(&txu, &mut again).unwrap();
                    assert_eq!(again, line, "byte {byte} at {at} reads back");
                }
                Err(BadField(field)) => {
                    let range = Kind::Txu.table().range(field).expect("the table names the field");
                    let date_or_time = matches!(field, "date" | "time" | "counter" | "tti" | "algorithm" | "industry");
                    assert!(range.contains(&at) || date_or_time, "byte {byte} at {at} blamed on {field}");
                }
            }
        }
    }
}

#[test]
fn results_are_written_as_the_document_says() {
    let mut out = Vec::new();
    let stl = StlRow {
        as_acquirer: false,
        counterparty: MemberCode(10_002_900),
        industry: Industry::Bus,
        count: 3,
        gross: Fen(1000),
        issuer_fee: Fen(2),
        centre_fee: Fen(0),
        net: Fen(-998),
    };
    write_stl(&stl, &mut out).unwrap();
    let expected = "LI100029000100000003000000000001000000000000002000000000000-000000000000998\r\n";
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    assert_eq!(out.len(), Kind::Stl.table().line_len());
    assert_eq!(parse_stl(&out), Ok(stl));

    let too_much = StlRow { gross: Fen(1_000_000_000_000_000), ..stl };
    let before = out.clone();
    assert_eq!(write_stl(&too_much, &mut out).unwrap_err().field, "gross");
    assert_eq!(out, before, "nothing of a line that does not fit is written");

    let receipt = ReceiptRow {
        upload_name: "TXU_20260901_10002900_000001.dat".into(),
        result: Some(FileCode::F05),
        record_count: 0,
        total_amount: 0,
        body_digest: [0; 32],
        clearing_date: None,
    };
    out.clear();
    write_txr(&receipt, &mut out).unwrap();
    assert_eq!(out.len(), Kind::Txr.table().line_len());
    assert!(out.starts_with(b"RTXU_20260901_10002900_000001.dat        F05000000000"));
    assert_eq!(parse_txr(&out), Ok(receipt));

    out.clear();
    let original = vec![0xFF; 158];
    write_txe(&ErrorRow { upload_name: "x", original: &original, reason: Reason::Format }, &mut out).unwrap();
    assert_eq!(out.len(), Kind::Txe.table().line_len());
    assert!(out.ends_with(b"R01\r\n"));
    assert!(parse_record(Kind::Txe.table(), &out).is_ok(), "raw bytes of a malformed record are carried");
}

#[test]
fn the_committed_pages_are_those_of_the_tables() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats");
    for (name, content) in render_docs() {
        let path = dir.join(&name);
        if std::env::var_os("TONGKA_WRITE_DOCS").is_some() {
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(&path, &content).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == content, "docs/formats/{name} is stale: run `cargo xtask tidy --write`");
    }
}

/// A small generator, so that the fuzzer below needs no other source of chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

#[test]
fn mutated_lines_never_panic() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let header = Header {
        kind: Kind::Txu,
        sender: MemberCode(10_002_900),
        receiver: MemberCode::CENTRE,
        file_date: txu_sample().date,
        sequence: 1,
        record_count: 1,
        total_amount: -200,
        record_length: 160,
        created_at: *b"20260901000000",
        body_digest: [0xAB; 32],
    };
    let header_line = header.write().unwrap();
    assert_eq!(Header::parse(&header_line), Ok(header));
    for _ in 0..200_000 {
        let mut bytes = if chance.below(2) == 0 { sample().to_vec() } else { header_line.to_vec() };
        for _ in 0..=chance.below(6) {
            let at = chance.below(bytes.len());
            match chance.below(4) {
                0 => bytes[at] = chance.below(256) as u8,
                1 => bytes[at] ^= 1 << chance.below(8),
                2 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, b"0-9AFHDT\r\n \0"[chance.below(12)]),
            }
        }
        let _ = Header::parse(&bytes);
        amount_or_zero(&bytes);
        if let Ok(txu) = parse_txu(&bytes) {
            let mut again = [0; LINE_LEN];
            format_txu(&txu, &mut again).unwrap();
            assert_eq!(again[1..RECORD_LEN], bytes[1..RECORD_LEN]);
        }
        for kind in Kind::ALL {
            let _ = parse_record(kind.table(), &bytes);
        }
        let _ = FileName::parse(&String::from_utf8_lossy(&bytes[..32.min(bytes.len())]));
    }
}

proptest! {
    #[test]
    fn records_read_back(
        record_no in 0u32..100_000_000, counter: u16, psam_txn: u32, tac: [u8; 4], serial: [u8; 10], issuer: [u8; 8],
        psam: [u8; 6], balance in -99_999_999i32..1_000_000_000, amount in 0u32..100_000_000,
        list_price in 0u32..100_000_000, day in 0i32..40_000, time in 0u32..86_400, codes in (0usize..2, 0usize..2, 0usize..6),
        flags in (any::<bool>(), any::<bool>()), city in 0u16..10_000, key_version: u8,
    ) {
        let txu = Txu {
            record_no, counter, psam_txn, tac, key_version, city, amount, list_price,
            scheme: CardScheme::ALL[codes.0],
            algorithm: [Algorithm::Tdes, Algorithm::Sm4][codes.1],
            industry: Industry::ALL[codes.2],
            serial: AppSerial(serial), issuer_id: IssuerId(issuer), psam: PsamNo(psam),
            balance_before: balance, date: from_days_since_epoch(day).unwrap(), time_seconds: time,
            grey: flags.0, test: flags.1,
            ..txu_sample()
        };
        let mut line = [0; LINE_LEN];
        format_txu(&txu, &mut line).unwrap();
        prop_assert_eq!(parse_txu(&line), Ok(txu));
        prop_assert_eq!(amount_or_zero(&line), u64::from(amount));
        prop_assert!(parse_record(Kind::Txu.table(), &line).is_ok());
    }

    #[test]
    fn settlement_rows_read_back(
        counterparty in 0u32..100_000_000, count in 0u64..100_000_000, gross in 0i64..1_000_000_000_000_000,
        fees in (0i64..1_000_000_000_000, 0i64..1_000_000_000_000), net in -999_999_999_999_999i64..9_999_999_999_999_999,
        role: bool,
    ) {
        let row = StlRow {
            as_acquirer: role, counterparty: MemberCode(counterparty), industry: Industry::Taxi, count,
            gross: Fen(gross), issuer_fee: Fen(fees.0), centre_fee: Fen(fees.1), net: Fen(net),
        };
        let mut out = Vec::new();
        write_stl(&row, &mut out).unwrap();
        prop_assert_eq!(parse_stl(&out), Ok(row));
        let statement = StaRow {
            receivable: Fen(gross), payable: Fen(fees.0), adjustments: Fen(net), position: Fen(net),
            reserve_before: Fen(-gross), reserve_after: Fen(gross),
        };
        out.clear();
        write_sta(&statement, &mut out).unwrap();
        prop_assert_eq!(parse_sta(&out), Ok(statement));
    }

    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (parse_txu(&bytes).is_ok(), Header::parse(&bytes).is_ok(), amount_or_zero(&bytes));
        for kind in Kind::ALL {
            let _ = parse_record(kind.table(), &bytes);
        }
    }
}
