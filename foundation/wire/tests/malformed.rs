//! Malformed input of any sort is an answer, never a panic.

mod common;

use common::{UPLOAD, header, lines, txu_line};
use proptest::prelude::*;
use tongka_wire::txu::{LINE_LEN, RECORD_LEN, amount_or_zero, format_txu, parse_txu};
use tongka_wire::*;

/// Gives the bytes to every parser; what reads must write back as it was.
fn answer(bytes: &[u8]) {
    let _ = (amount_or_zero(bytes), parse_txr(bytes).is_ok(), parse_stl(bytes).is_ok(), parse_sta(bytes).is_ok());
    let _ = (parse_txd(bytes).is_ok(), parse_txe(bytes).is_ok());
    if let Ok(name) = FileName::parse(&String::from_utf8_lossy(bytes)) {
        assert_eq!(name.to_string().as_bytes(), bytes);
    }
    if let Ok(header) = Header::parse(bytes) {
        let again = header.write().unwrap();
        let negative_zero = header.total_amount == 0 && bytes[44] == b'-';
        assert!(again == bytes || negative_zero);
    }
    if let Ok(txu) = parse_txu(bytes) {
        let mut again = [0; LINE_LEN];
        format_txu(&txu, &mut again).unwrap();
        let negative_zero = txu.balance_before == 0 && bytes[75] == b'-';
        assert!(again[1..RECORD_LEN] == bytes[1..RECORD_LEN] || negative_zero);
        assert!(bytes[0] != b'D' || parse_record(Kind::Txu.table(), bytes).is_ok(), "the table agrees");
    }
    for kind in Kind::ALL {
        if let Ok(values) = parse_record(kind.table(), bytes) {
            let mut again = Vec::new();
            write_record(kind.table(), &values, &mut again).unwrap();
            let read_again = parse_record(kind.table(), &again);
            assert_eq!(read_again, Ok(values));
        }
    }
}

#[test]
fn every_single_byte_change_parses_or_names_its_field() {
    for (table, line) in lines() {
        for place in 0..table.record_len() {
            for byte in 0..=255 {
                let mut changed = line.clone();
                changed[place] = byte;
                answer(&changed);
                if let Err(error) = parse_record(table, &changed) {
                    let range = table.range(error.field).expect("the error names a field");
                    assert!(range.contains(&place), "{} at {place}: {error}", table.title_en);
                }
            }
        }
    }
}

/// A small generator with a fixed seed, so that every run does the same.
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
fn a_hundred_thousand_mutations_of_valid_lines_are_answers() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut valid: Vec<Vec<u8>> = lines().into_iter().map(|(_, line)| line).collect();
    valid.push(UPLOAD.into());
    for _ in 0..100_000 {
        let mut bytes = valid[chance.below(valid.len())].clone();
        for _ in 0..=chance.below(6) {
            let place = chance.below(bytes.len());
            match chance.below(6) {
                0 => bytes[place] = chance.below(256) as u8,
                1 => bytes[place] ^= 1 << chance.below(8),
                2 if bytes.len() > 1 => {
                    bytes.remove(place);
                }
                3 => bytes.insert(place, b"0-9AFHDT\r\n \0"[chance.below(12)]),
                4 => {
                    let other = chance.below(bytes.len());
                    bytes.swap(place, other);
                }
                _ => bytes[place] = b"0-9AFHDT_.1 "[chance.below(12)],
            }
        }
        answer(&bytes);
    }
}

#[test]
fn a_whole_file_mutated_is_read_line_by_line() {
    let mut chance = Chance(1);
    let mut file = header().write().unwrap().to_vec();
    (0..20).for_each(|_| file.extend_from_slice(&txu_line()));
    for _ in 0..2_000 {
        let mut bytes = file.clone();
        for _ in 0..=chance.below(20) {
            let place = chance.below(bytes.len());
            bytes[place] = chance.below(256) as u8;
        }
        bytes.truncate(bytes.len() - chance.below(200).min(chance.below(200)));
        let (head, body) = bytes.split_at(HEADER_LEN);
        answer(head);
        body.chunks(LINE_LEN).for_each(answer);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        answer(&bytes);
    }

    #[test]
    fn any_bytes_of_a_fitting_length_are_an_answer(table in 0usize..8, bytes in prop::collection::vec(b' '..=b'~', 300)) {
        let length = lines()[table].1.len();
        let mut line = bytes[..length].to_vec();
        answer(&line);
        line[length - 2..].copy_from_slice(b"\r\n");
        answer(&line);
    }

    #[test]
    fn any_text_is_a_name_or_not(text in "(TXU|STL|[A-Z]{3})_[0-9]{8}_[0-9]{8}_[0-9]{6}\\.dat|\\PC{0,40}") {
        if let Ok(name) = FileName::parse(&text) {
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
