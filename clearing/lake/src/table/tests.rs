//! Tables written and read back, whole and in part.

use super::*;
use std::ops::Range;
use tongka_base::{AppSerial, CardScheme, MemberCode, Reason};
use tongka_txn::{Columns, FLAG_GREY, FLAG_TEST, NO_MEMBER, split_serial};
use tongka_wire::txu::Txu;

/// Records of a few cards that come again and again, some of them malformed; figures reach their extremes.
pub(crate) fn sample(rows: usize, seed: u64) -> Columns {
    let mut columns = Columns::default();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut dice = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    columns.restart(rows);
    let cards = (rows as u64 / 4).max(1);
    for _ in 0..rows {
        let bad = dice(50) == 0;
        let card = if dice(10) == 0 { 0 } else { dice(cards) };
        let number = |n: u64| if bad { 0 } else { n };
        let top = dice(20) == 0;
        columns.scheme.push(number(u64::from(if card % 3 == 0 { b'M' } else { b'T' })) as u8);
        columns.issuer_id.push(number(if card % 2 == 0 { 0x0200_2900_FFFF_FFFF } else { 0xF200_2900_0000_0001 }));
        columns.serial_high.push(number(0x0310) as u16);
        columns.serial_low.push(number(if card % 5 == 0 { !card } else { 0x4290_0000_0000_0000 + card * 977 }));
        columns.card_type.push(number(dice(3)) as u8);
        columns.tti.push(number(6 + 3 * dice(2)) as u8);
        columns.counter.push(number(dice(65_536)) as u16);
        columns.psam.push(number(if top { (1 << 48) - 1 } else { 0x2900_0000_0000 + dice(40) }));
        columns.psam_txn.push(number(if top { u64::from(u32::MAX) } else { dice(1 << 31) }) as u32);
        columns.balance_before.push(if bad { 0 } else { dice(20_000) as i32 - 1_000 });
        columns.amount.push(dice(2_000) as u32);
        columns.list_price.push(number(dice(99_999_999)) as u32);
        columns.date.push(if bad { 0 } else { 20_690 + dice(9) as i32 });
        columns.time.push(number(dice(86_400)) as u32);
        columns.key_version.push(number(1) as u8);
        columns.algorithm.push(number(1 + 3 * dice(2)) as u8);
        columns.tac.push(number(if top { u64::from(u32::MAX) } else { dice(1 << 32) }) as u32);
        columns.industry.push(number(1 + dice(5)) as u8);
        columns.merchant.push(number(dice(99_999_999)) as u32);
        columns.line.push(number(dice(999_999)) as u32);
        columns.device.push(number(dice(99_999_999)) as u32);
        columns.city.push(number(dice(9_999)) as u16);
        columns.flags.push(number(dice(4)) as u8);
        columns.issuer_member.push(if bad || dice(30) == 0 { NO_MEMBER } else { (card % 2) as u16 });
        columns.reason.push(if bad { 1 } else { [0, 0, 0, 2, 6, 19][dice(6) as usize] });
    }
    columns
}

const MEMBERS: [MemberCode; 2] = [MemberCode(10_002_900), MemberCode(10_001_000)];

/// A row of the columns as the record it should come back as.
fn record(c: &Columns, row: usize) -> StoredRecord {
    let mut serial = [0; 10];
    serial[..2].copy_from_slice(&c.serial_high[row].to_be_bytes());
    serial[2..].copy_from_slice(&c.serial_low[row].to_be_bytes());
    let fields = CardScheme::from_letter(c.scheme[row]).map(|scheme| Txu {
        record_no: row as u32 + 1,
        scheme,
        issuer_id: tongka_base::IssuerId(c.issuer_id[row].to_be_bytes()),
        serial: AppSerial(serial),
        card_type: c.card_type[row],
        tti: c.tti[row],
        counter: c.counter[row],
        psam: tongka_base::PsamNo(c.psam[row].to_be_bytes()[2..].try_into().unwrap()),
        psam_txn: c.psam_txn[row],
        balance_before: c.balance_before[row],
        amount: c.amount[row],
        list_price: c.list_price[row],
        date: tongka_base::date::from_days_since_epoch(c.date[row]).unwrap(),
        time_seconds: c.time[row],
        key_version: c.key_version[row],
        algorithm: tongka_base::Algorithm::from_code(c.algorithm[row]).unwrap(),
        tac: c.tac[row].to_be_bytes(),
        industry: tongka_base::Industry::from_code(c.industry[row]).unwrap(),
        merchant: c.merchant[row],
        line: c.line[row],
        device: c.device[row],
        city: c.city[row],
        grey: c.flags[row] & FLAG_GREY != 0,
        test: c.flags[row] & FLAG_TEST != 0,
    });
    StoredRecord {
        record_no: row as u32 + 1,
        reason: Reason::from_code(c.reason[row]).unwrap(),
        issuer: MEMBERS.get(usize::from(c.issuer_member[row])).copied(),
        amount: c.amount[row],
        fields,
    }
}

fn written(rows: usize) -> (tempfile::TempDir, Columns, Table) {
    let dir = tempfile::tempdir().unwrap();
    let columns = sample(rows, 5);
    let path = dir.path().join("x.parquet");
    write(&path, &columns, &MEMBERS).unwrap();
    let table = Table::open(&path).unwrap();
    (dir, columns, table)
}

#[test]
fn the_column_table_is_in_the_order_of_the_enum() {
    assert_eq!(COLUMNS[Column::Reason as usize].0, "reason");
    assert_eq!(COLUMNS[Column::Psam as usize].0, "psam");
    assert_eq!(COLUMNS[Column::IssuerMember as usize].0, "issuer_member");
    assert_eq!(COLUMNS.len(), Column::Reason as usize + 1);
}

#[test]
fn any_rows_come_back_as_they_were() {
    for rows in [0, 1, 20_000, 150_000] {
        let (_dir, columns, table) = written(rows);
        assert_eq!((table.rows(), table.members()), (rows, &MEMBERS[..]));
        let (reasons, members) = table.outcomes().unwrap();
        assert!(reasons == columns.reason && members == columns.issuer_member);
        // Every row, a few, and those around the borders of pages and row groups.
        let around = |at: u32| at.saturating_sub(2)..at + 2;
        let borders: Vec<u32> = [2, 8_192, 16_384, 131_072, rows as u32].into_iter().flat_map(around).collect();
        let sparse: Vec<u32> = (0..rows as u32).step_by(997).collect();
        for mut wanted in [(0..rows as u32).collect(), borders, sparse, vec![rows as u32 / 2]] {
            wanted.retain(|row| (*row as usize) < rows);
            let found = table.records(&wanted).unwrap();
            assert_eq!(found.len(), wanted.len());
            for stored in found {
                assert_eq!(stored, record(&columns, stored.record_no as usize - 1));
            }
        }
    }
}

/// What a filter has to find: by looking at every row.
fn expected(columns: &Columns, holds: impl Fn(usize) -> bool) -> Vec<u32> {
    (0..columns.len()).filter(|row| holds(*row)).map(|row| row as u32 + 1).collect()
}

fn found(table: &Table, filter: &Filter, among: Option<&[Range<u32>]>) -> Vec<u32> {
    let rows = table.find(filter, among, &|| false).unwrap();
    assert!(rows.windows(2).all(|pair| pair[0].1 < pair[1].1), "in the order of rows");
    let mut numbers: Vec<u32> = rows.into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn filters_find_what_looking_at_every_row_finds() {
    let (_dir, c, table) = written(150_000);
    let filter = |build: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        build(&mut filter);
        filter
    };
    let psam = c.psam[77];
    let by_psam = filter(&|f| f.test(Column::Psam, Test::Is(psam as i64)));
    assert_eq!(found(&table, &by_psam, None), expected(&c, |row| c.psam[row] == psam));
    let top = filter(&|f| f.test(Column::PsamTxn, Test::Is(i64::from(u32::MAX as i32))));
    assert_eq!(found(&table, &top, None), expected(&c, |row| c.psam_txn[row] == u32::MAX));
    let amounts = filter(&|f| {
        f.test(Column::Reason, Test::OneOf(1 << 6 | 1 << 19));
        f.test(Column::Amount, Test::Within(100, 120));
        f.test(Column::IssuerMember, Test::Is(1));
    });
    let wanted = |row: usize| {
        matches!(c.reason[row], 6 | 19) && (100..=120).contains(&c.amount[row]) && c.issuer_member[row] == 1
    };
    assert_eq!(found(&table, &amounts, None), expected(&c, wanted));
    let day = 20_693 * 86_400_i64;
    let window = filter(&|f| f.seconds(day + 3_600, day + 86_400 + 7_200));
    let at = |row: usize| i64::from(c.date[row]) * 86_400 + i64::from(c.time[row]);
    assert_eq!(
        found(&table, &window, None),
        expected(&c, |row| (day + 3_600..=day + 93_600).contains(&at(row)) && c.date[row] > 0)
    );
    let nothing = filter(&|f| f.test(Column::Amount, Test::Is(5_000)));
    assert!(found(&table, &nothing, None).is_empty());
    assert_eq!(found(&table, &Filter::default(), None).len(), 150_000);
    assert!(table.find(&Filter::default(), None, &|| true).unwrap().is_empty(), "cancelled");
}

#[test]
fn a_card_is_found_by_its_pages_and_among_given_rows() {
    let (_dir, c, table) = written(150_000);
    let mut pages = 0;
    for row in (0..150_000).step_by(2_003) {
        let Some(txu) = record(&c, row).fields else { continue };
        let mut filter = Filter::default();
        filter.card(txu.serial);
        let (high, low) = split_serial(txu.serial.0);
        let wanted = expected(&c, |row| c.scheme[row] != 0 && c.serial_high[row] == high && c.serial_low[row] == low);
        assert_eq!(found(&table, &filter, None), wanted);
        assert_eq!(found(&table, &filter, Some(std::slice::from_ref(&(0..150_000)))), wanted);
        assert!(found(&table, &filter, Some(&[])).is_empty());
        pages += (0..table.groups())
            .flat_map(|group| table.pages_with(group, Column::SerialLow, low))
            .map(|range| range.len())
            .sum::<usize>();
    }
    assert!(pages < 75 * 150_000 / 2, "most pages are passed over: {pages} rows looked at");
}

#[test]
fn a_file_that_is_not_the_lakes_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    assert!(matches!(Table::open(&path), Err(LakeError::Io { .. })));
    std::fs::write(&path, b"PAR1 but not really PAR1").unwrap();
    assert!(matches!(Table::open(&path), Err(LakeError::Damaged { .. })));
    let columns = sample(20_000, 1);
    write(&path, &columns, &MEMBERS).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    assert!(matches!(Table::open(&path), Err(LakeError::Damaged { .. })));
    // Bytes of a page that were lost are noticed when the page is read.
    let mut torn = bytes.clone();
    torn[4..400].fill(0);
    std::fs::write(&path, &torn).unwrap();
    let read = Table::open(&path).and_then(|table| table.records(&[0, 1]));
    assert!(matches!(read, Err(LakeError::Damaged { .. })), "{read:?}");
}
