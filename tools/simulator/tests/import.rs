//! Import of the Shenzhen open data from small samples in every shape in which it comes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tongka_base::{AppSerial, Industry, MemberCode};
use tongka_simulator::{ImportError, ImportSummary, import_shenzhen, simulated_scheme};
use tongka_wire::txu::{LINE_LEN, Txu, parse_txu};
use tongka_wire::{HEADER_LEN, Header};

const COLUMNS: &str =
    "deal_date,close_date,card_no,deal_value,deal_type,company_name,car_no,station,conn_mark,deal_money,equ_no";

fn rows() -> Vec<[&'static str; 11]> {
    let (day, close) = ("2018-09-01 08:00:00", "2018-09-01 00:00:00");
    vec![
        [day, close, "ABCDEFGHI", "0", "地铁入站", "地铁十一号线", "IGT-1", "福田", "0", "0", "268001001"],
        [
            "2018-09-01 08:30:00",
            close,
            "ABCDEFGHI",
            "700",
            "地铁出站",
            "地铁五号线",
            "OGT-1",
            "长龙",
            "0",
            "665",
            "263032105",
        ],
        [
            "2018-09-01 08:10:00",
            close,
            "CBAAAAAAA",
            "200",
            "巴士",
            "金华南巴士",
            "粤B1",
            "M500",
            "1",
            "160",
            "223000001",
        ],
        [
            "2018-09-01 08:10:00",
            close,
            "CBAAAAAAA",
            "200",
            "巴士",
            "金华南巴士",
            "粤B1",
            "M500",
            "1",
            "160",
            "223000001",
        ],
        [
            "2018-08-31 23:50:00",
            "2018-08-31 00:00:00",
            "CBAAAAAAA",
            "200",
            "巴士",
            "金华南巴士",
            "",
            "",
            "0",
            "160",
            "223000001",
        ],
        ["2018-09-01 25:00:00", close, "ABCDEFGHI", "0", "地铁入站", "地铁一号线", "", "", "0", "0", "268001001"],
        [day, close, "ABCDEFGHI", "2.00", "巴士", "x", "", "", "0", "160", "268001001"],
        [day, close, "ABCDEFGHI", "200", "有轨电车", "x", "", "", "0", "160", "268001001"],
        [day, close, "", "200", "巴士", "x", "", "", "0", "160", "268001001"],
        [day, close, "ABCDEFGHI", "200", "巴士", "x", "", "", "0", "160", "EQ-7"],
    ]
}

fn csv(order: &[usize], quoted: bool, bom: bool) -> String {
    let names: Vec<&str> = COLUMNS.split(',').collect();
    let cell = |text: &str| if quoted { format!("\"{text}\"") } else { text.to_owned() };
    let line = |cells: &[&str]| order.iter().map(|i| cell(cells[*i])).collect::<Vec<_>>().join(",") + "\n";
    let body: String = rows().iter().map(|row| line(row)).collect();
    format!("{}{}{body}", if bom { "\u{FEFF}" } else { "" }, line(&names))
}

fn object(row: &[&str; 11]) -> String {
    let fields = COLUMNS.split(',').zip(row).map(|(name, text)| format!("\"{name}\":\"{text}\""));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn json() -> String {
    let page = |rows: &[[&str; 11]]| {
        let rows: Vec<String> = rows.iter().map(object).collect();
        format!("{{\"total\":10,\"data\":[{}],\"page\":1}}", rows.join(","))
    };
    let all = rows();
    page(&all[..4]) + "\n" + &page(&all[4..])
}

fn json_lines() -> String {
    rows().iter().map(|row| object(row) + "\n").collect()
}

fn import(folder: &Path, name: &str, bytes: &[u8]) -> (ImportSummary, PathBuf) {
    let (input, out) = (folder.join(name), folder.join(format!("{name}.out")));
    fs::write(&input, bytes).unwrap();
    let scheme = simulated_scheme(3, 6).unwrap();
    (import_shenzhen(&input, &scheme, None, None, &out).unwrap(), out)
}

fn upload(path: &Path) -> (Header, Vec<Txu>) {
    let bytes = fs::read(path).unwrap();
    let header = Header::parse(&bytes[..HEADER_LEN]).unwrap();
    assert_eq!(header.body_digest, tongka_crypto::sm3(&bytes[HEADER_LEN..]));
    (header, bytes[HEADER_LEN..].chunks(LINE_LEN).map(|line| parse_txu(line).unwrap()).collect())
}

#[test]
fn rows_become_records() {
    let folder = tempfile::tempdir().unwrap();
    let order: Vec<usize> = (0..11).collect();
    let (summary, out) = import(folder.path(), "a.csv", csv(&order, false, false).as_bytes());
    assert_eq!((summary.rows, summary.converted, summary.rejected, summary.duplicates), (10, 5, 5, 1));
    assert_eq!((summary.metro, summary.bus, summary.cards, summary.terminals), (2, 3, 2, 3));
    assert_eq!((summary.amount_fen, summary.list_price_fen), (665 + 3 * 160, 700 + 3 * 200));
    assert_eq!(summary.member, "10005840");
    let names: Vec<&str> = summary.uploads.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(names, ["TXU_20180831_10005840_000001.dat", "TXU_20180901_10005840_000001.dat"]);

    let (header, records) = upload(&out.join(names[1]));
    assert_eq!((header.record_count, header.total_amount), (4, 985));
    let [entry, bus, copy, exit] = &records[..] else { panic!("{records:?}") };
    assert_eq!((entry.industry, entry.amount, entry.tti, entry.line), (Industry::Metro, 0, 0x09, 11));
    assert_eq!((exit.industry, exit.amount, exit.list_price, exit.line), (Industry::Metro, 665, 700, 5));
    assert_eq!((entry.serial, entry.counter + 1), (exit.serial, exit.counter));
    assert_eq!(Some(entry.serial), AppSerial::parse(b"03090000000012345678"));
    assert_eq!((entry.balance_before, exit.balance_before), (10_000, 10_000));
    assert_eq!((bus.industry, bus.amount, bus.list_price, bus.tti), (Industry::Bus, 160, 200, 0x06));
    assert_eq!(Txu { record_no: 3, ..bus.clone() }, *copy);
    let (_, earlier) = upload(&out.join(names[0]));
    assert_eq!((earlier[0].serial, earlier[0].psam), (bus.serial, bus.psam));
    assert_ne!(earlier[0].counter, bus.counter);
    assert!(earlier[0].psam_txn < bus.psam_txn);

    let rejects = fs::read_to_string(out.join("rejects.csv")).unwrap();
    let lines: Vec<&str> = rejects.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(lines, ["line", "7", "8", "9", "10", "11"]);
    assert!(fs::read_to_string(out.join("import.json")).unwrap().contains("\"converted\": 5"));
}

#[test]
fn every_shape_gives_the_same_uploads() {
    let folder = tempfile::tempdir().unwrap();
    let order: Vec<usize> = (0..11).collect();
    let turned = [2, 0, 4, 9, 3, 10, 5, 7, 6, 8, 1];
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(csv(&turned, true, true).as_bytes()).unwrap();
    let shapes = [
        ("plain.csv", csv(&order, false, false).into_bytes()),
        ("turned.csv", csv(&turned, true, true).into_bytes()),
        ("turned.csv.gz", gz.finish().unwrap()),
        ("pages.json", json().into_bytes()),
        ("lines.json", json_lines().into_bytes()),
    ];
    let read = |(name, bytes): &(&str, Vec<u8>)| {
        let (summary, out) = import(folder.path(), name, bytes);
        let files: Vec<Vec<u8>> = summary.uploads.iter().map(|u| fs::read(out.join(&u.name)).unwrap()).collect();
        (summary, files)
    };
    let first = read(&shapes[0]);
    for shape in &shapes[1..] {
        assert!(read(shape) == first, "{}", shape.0);
    }
}

#[test]
fn what_is_no_open_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let scheme = simulated_scheme(3, 6).unwrap();
    let import = |text: &str, member| {
        let input = folder.path().join("input");
        fs::write(&input, text).unwrap();
        import_shenzhen(&input, &scheme, member, None, &folder.path().join("out"))
    };
    assert!(matches!(import("deal_date,card_no\n1,2\n", None), Err(ImportError::Column { column: "close_date", .. })));
    assert!(matches!(import("{\"data\":[", None), Err(ImportError::Json { .. })));
    assert!(matches!(import("{\"rows\":[]}", None), Err(ImportError::Json { .. })));
    assert!(matches!(import(COLUMNS, Some(MemberCode(1))), Err(ImportError::Member(_))));
    let empty = import(COLUMNS, Some(MemberCode(10_001_000))).unwrap();
    assert_eq!((empty.rows, empty.uploads.len(), empty.member.as_str()), (0, 0, "10001000"));
    let ragged = import(&format!("{COLUMNS}\n1,2,3\n[]"), None).unwrap();
    assert_eq!((ragged.rows, ragged.rejected), (2, 2));
}
