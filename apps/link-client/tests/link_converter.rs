//! The converter: the two example profiles on small samples made after real layouts, both ways.

mod common;

use common::{Centre, Member, file_name, names};
use std::fs;
use std::io::Cursor;
use tongka_link_client::books::{OutState, RawState};
use tongka_link_client::convert::results::{convert_result, result_name};
use tongka_link_client::convert::source::{Stop, check_name, write_reject};
use tongka_link_client::convert::{Converted, LineReject, Profile, convert};
use tongka_wire::txu::{LINE_LEN, Txu, format_txu, parse_txu};
use tongka_wire::{ErrorRow, HEADER_LEN, Header, Kind, write_txe};

fn profile(name: &str) -> Profile {
    let path = format!("{}/profiles/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    Profile::parse(&fs::read_to_string(path).unwrap()).unwrap()
}

struct Outcome {
    done: Converted,
    records: Vec<Txu>,
    rejects: Vec<LineReject>,
}

fn run(profile: &Profile, source: &[u8]) -> Result<Outcome, String> {
    let (mut records, mut rejects) = (Vec::new(), Vec::new());
    let mut record = |line: &[u8; LINE_LEN]| {
        records.push(parse_txu(line).unwrap());
        Ok(())
    };
    let mut reject = |r: &LineReject| {
        rejects.push(r.clone());
        Ok(())
    };
    match convert(profile, &mut Cursor::new(source), 1_000_000, &mut record, &mut reject) {
        Ok(done) => Ok(Outcome { done, records, rejects }),
        Err(Stop::File(fault)) => Err(fault.code.code().to_owned()),
        Err(Stop::Io(error)) => panic!("{error}"),
    }
}

/// A line in the Jiaxing style, of 100 bytes without what is added.
fn sp_line(serial: u32, card: &str, counter: u32, balance: u32, amount: u32) -> String {
    format!("{serial:012}000011013350335000000001{card:0>20}{counter:06}{balance:08}{amount:08}20260901081530{:08}", 21)
}

fn sp_file(lines: &[String], length: usize) -> Vec<u8> {
    let head = format!("011001{:08}{length:08}{}\r\n", lines.len(), "F".repeat(24));
    let body: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
    (head + &body).into_bytes()
}

const ADDED: &str = "060000A0010101B7E2C9D4";

#[test]
fn the_jiaxing_layout_alone_lacks_what_clearing_needs_and_says_so() {
    let profile = profile("jiaxing-sp");
    assert_eq!(profile.missing(), ["tti", "psam_txn", "key_version", "algorithm", "tac"]);
    let line = sp_line(1, "3104290000000012345", 7, 5000, 150);
    assert_eq!(line.len(), 100);
    let outcome = run(&profile, &sp_file(&[line], 100)).unwrap();
    assert_eq!(outcome.done, Converted { records: 0, skipped: 0, rejected: 1 });
    let fault = &outcome.rejects[0].fault;
    assert_eq!((fault.code.code(), fault.detail.as_str()), ("U04", "tti"));
    assert!(check_name(&profile, "SP26090133500000000001.REC").is_ok());
    assert!(check_name(&profile, "XX26090133500000000001.REC").is_err());
    assert!(check_name(&profile, "SP2609013350000000001.REC").is_err());
}

#[test]
fn the_extended_jiaxing_layout_becomes_uploads_line_by_line() {
    let profile = profile("jiaxing-sp-extended");
    assert!(profile.missing().is_empty());
    let line = |card: &str, amount| sp_line(1, card, 7, 5000, amount) + ADDED;
    let mut bad_time = line("3104290000000012345", 150);
    bad_time.replace_range(86..92, "256000");
    let lines = [
        line("3104290000000012345", 150),
        line("3104335000000000001", 150),
        line("3104999900000000001", 150),
        bad_time,
        line("3104290000000012345", 150).replace("B7E2C9D4", "B7E2C9DX"),
        line("3104584000000000009", 0),
    ];
    let outcome = run(&profile, &sp_file(&lines, 122)).unwrap();
    assert_eq!(outcome.done, Converted { records: 2, skipped: 1, rejected: 3 });
    let codes: Vec<(u64, &str)> = outcome.rejects.iter().map(|r| (r.line, r.fault.code.code())).collect();
    assert_eq!(codes, [(4, "U05"), (5, "U03"), (6, "U03")]);
    assert_eq!(outcome.rejects[0].raw, format!("{}\r\n", lines[2]).as_bytes());
    let first = &outcome.records[0];
    assert_eq!(first.issuer_id.to_string(), "02002900FFFFFFFF");
    assert_eq!(first.serial.to_string(), "03104290000000012345");
    assert_eq!((first.counter, first.balance_before, first.amount, first.psam_txn), (7, 5000, 150, 0xA001));
    assert_eq!((first.city, first.merchant, first.tac), (3350, 21, [0xB7, 0xE2, 0xC9, 0xD4]));
    assert_eq!((outcome.records[1].record_no, outcome.records[1].amount), (2, 0));

    // The file as a whole.
    let good = sp_file(&lines[..1], 122);
    for (what, bytes, code) in [
        ("count", String::from_utf8(good.clone()).unwrap().replacen("00000001", "00000002", 1).into_bytes(), "U11"),
        ("length", sp_file(&lines[..1], 100), "U10"),
        ("type", String::from_utf8(good.clone()).unwrap().replacen("1001", "1002", 1).into_bytes(), "U10"),
        ("empty", Vec::new(), "U10"),
    ] {
        assert_eq!(run(&profile, &bytes).err().as_deref(), Some(code), "{what}");
    }
    // Cut off at the end: the line is rejected, not lost.
    let cut = run(&profile, &good[..good.len() - 1]).unwrap();
    assert_eq!((cut.done.rejected, cut.rejects[0].fault.code.code()), (1, "U08"));
}

fn yct_line(dt: &str, area: &str, fee: &str, tt: &str) -> Vec<u8> {
    let text = format!(
        "20260901\t{dt}\t{area}\t5810\t00123456\t    1234\t20260901081530\t5100000012345678\t1A2B3C4D\t{fee:>10}\t\
         {:>10}\t{:>10}\t{tt}\t   42\t机场快线\tB7E2C9D4\r\n",
        "2.50", "47.50"
    );
    encoding_rs::GBK.encode(&text).0.into_owned()
}

#[test]
fn the_guangzhou_layout_becomes_uploads_in_fen() {
    let profile = profile("guangzhou-cpu");
    assert!(profile.missing().is_empty());
    let mut source = Vec::new();
    for line in [
        yct_line("02", "2900", "2.50", "06"),
        yct_line("01", "2900", "50.00", "02"),
        yct_line("02", "5810", "2.50", "06"),
        yct_line("02", "2900", "2.505", "06"),
        yct_line("02", "2900", "2.50", "07"),
        yct_line("02", "7777", "2.50", "06"),
        b"a\tb\r\n".to_vec(),
        b"\xFF\xFF\t\r\n".to_vec(),
    ] {
        source.extend_from_slice(&line);
    }
    let outcome = run(&profile, &source).unwrap();
    assert_eq!(outcome.done, Converted { records: 1, skipped: 2, rejected: 5 });
    let codes: Vec<&str> = outcome.rejects.iter().map(|r| r.fault.code.code()).collect();
    assert_eq!(codes, ["U06", "U05", "U05", "U01", "U02"]);
    let record = &outcome.records[0];
    assert_eq!((record.amount, record.list_price, record.balance_before), (250, 250, 5000));
    assert_eq!(record.psam.to_string(), "581000123456");
    assert_eq!((record.psam_txn, record.counter, record.tti), (0x1234, 42, 6));
    let mut text = Vec::new();
    write_reject(&outcome.rejects[0], &mut text).unwrap();
    let line = [b"4\tU06\t".as_slice()].concat();
    assert!(text.starts_with(&line) && text.ends_with(&yct_line("02", "2900", "2.505", "06")));
}

/// A result with one record that was not cleared.
fn txe(record: &Txu) -> Vec<u8> {
    let mut line = [0; LINE_LEN];
    format_txu(record, &mut line).unwrap();
    let mut body = Vec::new();
    let row = ErrorRow {
        upload_name: "TXU_20260901_10002900_000001.dat",
        original: &line[..LINE_LEN - 2],
        reason: tongka_base::Reason::from_code(6).unwrap(),
    };
    write_txe(&row, &mut body).unwrap();
    common::whole(&file_name(Kind::Txe, 1), &body, i64::from(record.amount))
}

#[test]
fn results_go_back_in_the_city_s_own_layout() {
    let guangzhou = profile("guangzhou-cpu");
    let record = run(&guangzhou, &yct_line("02", "2900", "2.50", "06")).unwrap().records.remove(0);
    let (name, file) = (file_name(Kind::Txe, 1), txe(&record));
    let back = |profile: &Profile| {
        let layout = profile.result.iter().find(|r| r.kind == "TXE").unwrap();
        let mut out = Vec::new();
        convert_result(layout, &name, &mut Cursor::new(&file), &mut out).unwrap();
        (result_name(layout, &name), out)
    };
    let (shown, out) = back(&guangzhou);
    assert_eq!(shown, "CW20260901000001.txt");
    let text = encoding_rs::GBK.decode(&out).0.into_owned();
    let wanted = "00123456\t00001234\t20260901081530\t5100000012345678\t      2.50\t      2.50\t     47.50\tB7E2C9D4\t可疑\t06\t\
                  TXU_20260901_10002900_000001.dat        \r\n";
    assert_eq!(text.split_once('\t').unwrap().1, wanted.split_once('\t').unwrap().1);
    let (shown, out) = back(&profile("jiaxing-sp-extended"));
    assert_eq!(shown, "XE2026090110002900000001.REC");
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("0110020000000100000083FFFFFFFFFFFFFFFFFFFFFFFF\r\n"), "{text}");
    assert!(text.ends_with("00005000000002502026090108153 0S06\r\n".replace(' ', "").as_str()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_file_is_converted_once_and_sent_and_its_rejects_are_kept() {
    let centre = Centre::start(None, None).await;
    let path = format!("{}/profiles/jiaxing-sp-extended.toml", env!("CARGO_MANIFEST_DIR"));
    let member = Member::of(&centre, &format!("profile = {path:?}"));
    let mut client = member.client();
    let lines = [
        sp_line(1, "3104290000000012345", 7, 5000, 150) + ADDED,
        sp_line(2, "3104999900000000001", 7, 5000, 150) + ADDED,
    ];
    let source = "SP26090133500000000001.REC";
    let bytes = sp_file(&lines, 122);
    for round in 0..3 {
        // The same bytes under another name, and under the same, are not converted again.
        let name = ["SP26090133500000000001.REC", "SP26090133500000000002.REC", source][round];
        member.put(&format!("raw/{name}"), &bytes);
        client.local().unwrap();
        client.exchange().await.unwrap();
    }
    let raw = client.books().raw.values().next().unwrap().clone();
    assert_eq!((raw.state, raw.lines, raw.names.len()), (RawState::Converted, [1, 0, 1], 1));
    assert_eq!(client.books().out.len(), 1);
    let name = &raw.names[0];
    assert_eq!(client.books().out[name].state, OutState::Archived);
    let upload = centre.received(name).unwrap();
    let header = Header::parse(&upload[..HEADER_LEN]).unwrap();
    assert_eq!((header.record_count, header.total_amount), (1, 150));
    assert_eq!(parse_txu(&upload[HEADER_LEN..]).unwrap().amount, 150);
    assert_eq!(names(&member.path("outbox/refused")).iter().filter(|n| n.ends_with(".REC")).count(), 2);
    let rejects = names(&member.path("outbox/rejects"));
    let text = fs::read_to_string(member.path("outbox/rejects").join(&rejects[0])).unwrap();
    assert!(rejects.len() == 1 && text.starts_with("3\tU05\t") && text.contains(&lines[1]), "{text}");
    // What does not fit as a whole comes back with its reason.
    member.put("raw/notes.txt", b"x");
    client.local().unwrap();
    assert!(names(&member.path("outbox/refused")).contains(&"notes.txt".to_owned()));
    // Another file takes the next number.
    member.put("raw/SP26090133500000000003.REC", &sp_file(&[lines[0].clone(), lines[0].clone()], 122));
    client.local().unwrap();
    let mut all: Vec<&String> = client.books().out.keys().collect();
    all.sort();
    assert!(all.len() == 2 && all[1].ends_with("_000002.dat"), "{all:?}");
    centre.end().await;
}
