//! Header and result records: as the document says, read back equal, refused where a number does not fit.

mod common;

use common::{UPLOAD, header, lines, receipt, sta, stl, txu_line};
use proptest::prelude::*;
use tongka_base::date::from_days_since_epoch;
use tongka_base::{Fen, FileCode, Industry, MemberCode, Reason};
use tongka_wire::txu::RECORD_LEN;
use tongka_wire::*;

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), WireError>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_are_written_as_the_document_says() {
    let record = String::from_utf8(txu_line()[..RECORD_LEN].to_vec()).unwrap();
    let padded = format!("{UPLOAD:<40}");
    let original = record.as_bytes();
    assert_eq!(
        std::str::from_utf8(&header().write().unwrap()).unwrap(),
        format!(
            "H01TXU100029000000000020260831000001000000010000000000002000160{}{}\r\n",
            "20260901000000",
            "AB".repeat(32)
        )
    );
    assert_eq!(
        written(|out| write_stl(&stl(), out)),
        "LI100029000100000003000000000001000000000000002000000000000-000000000000998\r\n"
    );
    assert_eq!(
        written(|out| write_sta(&sta(), out)),
        "P00000000000010000000000000002000-000000000000005-0000000000010050000000000000500-000000000000505\r\n"
    );
    assert_eq!(
        written(|out| write_txr(&receipt(), out)),
        format!("R{padded}F05{}{}{}{}\r\n", "0".repeat(8), "0".repeat(15), "0".repeat(64), "0".repeat(8))
    );
    let txd = DetailRow { acquirer: MemberCode(10_002_900), upload_name: UPLOAD, original };
    assert_eq!(written(|out| write_txd(&txd, out)), format!("D10002900{padded}{record}\r\n"));
    let txe = ErrorRow { upload_name: UPLOAD, original, reason: Reason::KeyConflict };
    assert_eq!(written(|out| write_txe(&txe, out)), format!("E{padded}{record}S05\r\n"));
}

#[test]
fn every_table_writes_what_it_read() {
    for (table, line) in lines() {
        let values = parse_record(table, &line).unwrap();
        assert_eq!(values.len(), table.fields.len());
        assert_eq!(line.len(), table.line_len());
        assert_eq!(line[0], table.mark);
        let mut again = Vec::new();
        write_record(table, &values, &mut again).unwrap();
        assert_eq!(again, line, "{}", table.title_en);
        assert_eq!(parse_record(table, &line[..line.len() - 2]), Ok(values), "without CR LF");
        let total =
            table.amount_range().map(|range| std::str::from_utf8(&line[range]).unwrap().parse::<u64>().unwrap());
        let expected = match table.kind {
            Some(Kind::Txu | Kind::Txe | Kind::Txd | Kind::Sus) => Some(200),
            Some(Kind::Stl) => Some(1000),
            _ => None,
        };
        assert_eq!(total, expected, "{}", table.title_en);
    }
}

#[test]
fn a_number_that_does_not_fit_is_an_error_and_nothing_is_written() {
    type Write = fn(&mut Vec<u8>) -> Result<(), WireError>;
    let cases: &[(&str, Write)] = &[
        ("count", |out| write_stl(&StlRow { count: 100_000_000, ..stl() }, out)),
        ("count", |out| write_stl(&StlRow { count: u64::MAX, ..stl() }, out)),
        ("counterparty", |out| write_stl(&StlRow { counterparty: MemberCode(100_000_000), ..stl() }, out)),
        ("gross", |out| write_stl(&StlRow { gross: Fen(1_000_000_000_000_000), ..stl() }, out)),
        ("gross", |out| write_stl(&StlRow { gross: Fen(-1), ..stl() }, out)),
        ("issuer_fee", |out| write_stl(&StlRow { issuer_fee: Fen(1_000_000_000_000), ..stl() }, out)),
        ("centre_fee", |out| write_stl(&StlRow { centre_fee: Fen(-1), ..stl() }, out)),
        ("net", |out| write_stl(&StlRow { net: Fen(10_000_000_000_000_000), ..stl() }, out)),
        ("net", |out| write_stl(&StlRow { net: Fen(-1_000_000_000_000_000), ..stl() }, out)),
        ("position", |out| write_sta(&StaRow { position: Fen(i64::MIN), ..sta() }, out)),
        ("reserve_after", |out| write_sta(&StaRow { reserve_after: Fen(i64::MAX), ..sta() }, out)),
        ("record_count", |out| write_txr(&ReceiptRow { record_count: 100_000_000, ..receipt() }, out)),
        ("total_amount", |out| write_txr(&ReceiptRow { total_amount: -1, ..receipt() }, out)),
        ("clearing_date", |out| {
            write_txr(&ReceiptRow { clearing_date: Some(tongka_base::Date::MAX), ..receipt() }, out)
        }),
        ("acquirer", |out| {
            let row = DetailRow { acquirer: MemberCode(100_000_000), upload_name: UPLOAD, original: &[b'0'; 158] };
            write_txd(&row, out)
        }),
        ("original", |out| {
            let row = DetailRow { acquirer: MemberCode(1), upload_name: UPLOAD, original: &[b'0'; 157] };
            write_txd(&row, out)
        }),
        ("upload_name", |out| {
            let upload_name = "TXU_20260901_10002900_000001.dat and more";
            write_txe(&ErrorRow { upload_name, original: &[b'0'; 158], reason: Reason::Format }, out)
        }),
        ("upload_name", |out| {
            write_txe(&ErrorRow { upload_name: "上海", original: &[b'0'; 158], reason: Reason::Format }, out)
        }),
    ];
    for (field, write) in cases {
        let mut out = b"before".to_vec();
        assert_eq!(write(&mut out).unwrap_err().field, *field);
        assert_eq!(out, b"before", "nothing of a line that does not fit is written");
    }
    assert_eq!(Header { total_amount: 1_000_000_000_000_000, ..header() }.write().unwrap_err().field, "total_amount");
    assert_eq!(Header { sequence: 1_000_000, ..header() }.write().unwrap_err().field, "sequence");
    assert_eq!(Header { record_length: 10_000, ..header() }.write().unwrap_err().field, "record_length");
    assert_eq!(Header { created_at: *b"2026090100000x", ..header() }.write().unwrap_err().field, "created_at");
}

#[test]
fn a_header_is_refused_by_field() {
    let cases: &[(&str, &[u8])] = &[
        ("mark", b"D"),
        ("version", b"02"),
        ("version", b" 1"),
        ("kind", b"TXX"),
        ("kind", b"txu"),
        ("sender", b"1000290A"),
        ("receiver", b"-0000000"),
        ("file_date", b"20260931"),
        ("sequence", b"00000 "),
        ("record_count", b"+0000001"),
        ("total_amount", b"0000000000-0200"),
        ("record_length", b"0x60"),
        ("created_at", b"2026-09-01 000"),
        ("body_digest", &[b'a'; 64]),
    ];
    for (field, bytes) in cases {
        let mut line = header().write().unwrap();
        line[HEADER.range(field).unwrap()].copy_from_slice(bytes);
        assert_eq!(Header::parse(&line).unwrap_err().field, *field, "{field} {bytes:?}");
    }
    let mut line = header().write().unwrap();
    assert_eq!(Header::parse(&line), Ok(header()));
    line[HEADER.range("total_amount").unwrap()].copy_from_slice(b"-00000000000200");
    assert_eq!(Header::parse(&line), Ok(Header { total_amount: -200, ..header() }));
    line[142] = b' ';
    assert_eq!(Header::parse(&line).unwrap_err().field, "header");
    assert_eq!(Header::parse(&line[..142]).unwrap_err().field, "header");
}

#[test]
fn a_header_is_compared_with_its_name() {
    let name = FileName { kind: Kind::Txu, date: common::date(), member: MemberCode(10_002_900), sequence: 1 };
    assert_eq!(header().check_upload(&name), Ok(()));
    let cases = [
        ("kind", Header { kind: Kind::Txr, ..header() }),
        ("sender", Header { sender: MemberCode(1), ..header() }),
        ("receiver", Header { receiver: MemberCode(1), ..header() }),
        ("file_date", Header { file_date: from_days_since_epoch(0).unwrap(), ..header() }),
        ("sequence", Header { sequence: 2, ..header() }),
        ("record_count", Header { record_count: 1_000_001, ..header() }),
    ];
    for (field, header) in cases {
        assert_eq!(header.check_upload(&name).unwrap_err().field, field);
    }
    assert_eq!(Header { record_count: MAX_RECORDS, ..header() }.check_upload(&name), Ok(()));
    assert_eq!(header().check_record_length(), Ok(()));
    assert!(Header { record_length: 158, ..header() }.check_record_length().is_err());
    assert_eq!(Header { kind: Kind::Stl, record_length: 77, ..header() }.check_record_length(), Ok(()));
}

#[test]
fn receipts_name_any_upload() {
    for (name, expected) in [("通.dat", "???.dat"), (&"x".repeat(50), &"x".repeat(40)), ("a b ", "a b")] {
        let mut out = Vec::new();
        write_txr(&ReceiptRow { upload_name: name.into(), ..receipt() }, &mut out).unwrap();
        assert_eq!(parse_txr(&out).unwrap().upload_name, expected);
    }
}

#[test]
fn raw_bytes_of_a_malformed_record_are_carried_unchanged() {
    let original: Vec<u8> = (0..158).map(|n| n as u8 ^ 0xA5).collect();
    for reason in Reason::ALL {
        let row = ErrorRow { upload_name: "x", original: &original, reason: *reason };
        let mut out = Vec::new();
        write_txe(&row, &mut out).unwrap();
        assert_eq!(parse_txe(&out), Ok(row));
        assert_eq!(parse_record(Kind::Txe.table(), &out).unwrap()[2], Value::Raw(original.clone()));
        // A verdict that is not the reason's, and a reason that does not exist.
        let end = out.len();
        out[end - 5] = if out[end - 5] == b'S' { b'R' } else { b'S' };
        assert_eq!(parse_txe(&out).unwrap_err().field, "verdict");
        out[end - 4..end - 2].copy_from_slice(b"13");
        assert_eq!(parse_txe(&out).unwrap_err().field, "reason");
    }
}

proptest! {
    #[test]
    fn headers_and_receipts_read_back(
        kind in 0usize..7, parties in (0u32..100_000_000, 0u32..100_000_000), day in -719_162i32..2_932_897,
        sequence in 0u32..1_000_000, count in 0u32..100_000_000, total in -99_999_999_999_999i64..1_000_000_000_000_000,
        length in 0u16..10_000, digest: [u8; 32], created in "[0-9]{14}", name in "([!-~][ -~]{0,38})?[!-~]",
        code in prop::option::of(0usize..10), dated: bool,
    ) {
        let date = from_days_since_epoch(day).unwrap();
        let header = Header {
            kind: Kind::ALL[kind], sender: MemberCode(parties.0), receiver: MemberCode(parties.1), file_date: date,
            sequence, record_count: count, total_amount: total, record_length: length,
            created_at: created.as_bytes().try_into().unwrap(), body_digest: digest,
        };
        prop_assert_eq!(Header::parse(&header.write().unwrap()), Ok(header));
        let receipt = ReceiptRow {
            upload_name: name, result: code.map(|code| FileCode::ALL[code]), record_count: count,
            total_amount: total.max(0), body_digest: digest, clearing_date: dated.then_some(date),
        };
        let mut out = Vec::new();
        write_txr(&receipt, &mut out).unwrap();
        prop_assert_eq!(parse_txr(&out), Ok(receipt));
    }

    #[test]
    fn rows_of_figures_read_back(
        counterparty in 0u32..100_000_000, count in 0u64..100_000_000, gross in 0i64..1_000_000_000_000_000,
        fees in (0i64..1_000_000_000_000, 0i64..1_000_000_000_000), role: bool, industry in 0usize..6,
        signed in prop::array::uniform6(-999_999_999_999_999i64..10_000_000_000_000_000),
    ) {
        let [receivable, payable, adjustments, position, reserve_before, reserve_after] = signed.map(Fen);
        let row = StlRow {
            as_acquirer: role, counterparty: MemberCode(counterparty), industry: Industry::ALL[industry], count,
            gross: Fen(gross), issuer_fee: Fen(fees.0), centre_fee: Fen(fees.1), net: position,
        };
        let mut out = Vec::new();
        write_stl(&row, &mut out).unwrap();
        prop_assert_eq!(parse_stl(&out), Ok(row));
        let row = StaRow { receivable, payable, adjustments, position, reserve_before, reserve_after };
        out.clear();
        write_sta(&row, &mut out).unwrap();
        prop_assert_eq!(parse_sta(&out), Ok(row));
    }

    #[test]
    fn details_read_back_and_are_those_of_the_generic_writer(
        acquirer in 0u32..100_000_000, name in "([!-~][ -~]{0,38})?[!-~]", original in prop::collection::vec(any::<u8>(), 158),
        reason in 0usize..17,
    ) {
        let row = DetailRow { acquirer: MemberCode(acquirer), upload_name: &name, original: &original };
        let (mut out, mut generic) = (Vec::new(), Vec::new());
        write_txd(&row, &mut out).unwrap();
        prop_assert_eq!(parse_txd(&out), Ok(row));
        let (text, raw) = (Value::Text(name.clone()), Value::Raw(original.clone()));
        let values = [Value::Text("D".into()), Value::Number(acquirer.into()), text.clone(), raw.clone()];
        write_record(Kind::Txd.table(), &values, &mut generic).unwrap();
        prop_assert_eq!(&out, &generic);
        let reason = Reason::ALL[reason];
        let row = ErrorRow { upload_name: &name, original: &original, reason };
        out.clear();
        generic.clear();
        write_txe(&row, &mut out).unwrap();
        prop_assert_eq!(parse_txe(&out), Ok(row));
        let verdict = Value::Text(reason.verdict().to_string());
        let values = [Value::Text("E".into()), text, raw, verdict, Value::Number(reason.code().into())];
        write_record(Kind::Sus.table(), &values, &mut generic).unwrap();
        prop_assert_eq!(out, generic);
    }
}
