//! How many TXU records a second one thread reads: `cargo run --release -p tongka-wire --example parse_rate [records]`.

use std::hint::black_box;
use std::time::Instant;
use tongka_base::date::from_days_since_epoch;
use tongka_base::{Algorithm, AppSerial, CardScheme, Industry, IssuerId, PsamNo};
use tongka_wire::txu::{LINE_LEN, Txu, amount_or_zero, format_txu, parse_txu};

/// Records kept in memory: 16 MB, more than a processor's cache holds.
const DISTINCT: u32 = 100_000;
/// Times that everything is measured; the best counts, as other programs may disturb.
const ROUNDS: u32 = 5;

fn main() {
    let records: u64 = std::env::args().nth(1).map_or(10_000_000, |text| text.parse().expect("a number of records"));
    let passes = records.div_ceil(u64::from(DISTINCT));
    let mut lines = vec![[0; LINE_LEN]; DISTINCT as usize];
    for (number, line) in (1..).zip(&mut lines) {
        format_txu(&record(number), line).expect("every number fits its field");
    }
    measure("parse_txu", &mut lines, passes, |line| {
        let txu = parse_txu(black_box(line)).expect("written by format_txu");
        u64::from(black_box(&txu).amount)
    });
    measure("amount_or_zero", &mut lines, passes, |line| amount_or_zero(black_box(line)));
    let sample = record(7);
    measure("format_txu", &mut lines, passes, |line| {
        format_txu(black_box(&sample), line).expect("every number fits its field");
        u64::from(line[84])
    });
}

/// Prints the best rate of a few rounds over all lines.
fn measure(what: &str, lines: &mut [[u8; LINE_LEN]], passes: u64, mut work: impl FnMut(&mut [u8; LINE_LEN]) -> u64) {
    let count = passes * lines.len() as u64;
    let mut best = u128::MAX;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..passes {
            black_box(lines.iter_mut().map(&mut work).fold(0, u64::wrapping_add));
        }
        best = best.min(started.elapsed().as_micros());
    }
    let tenths = u128::from(count) * 10 / best.max(1);
    println!("{what}: {}.{} M records/s ({count} records)", tenths / 10, tenths % 10);
}

/// Every number differs from record to record, as it would in an upload.
fn record(number: u32) -> Txu {
    let mixed = number.wrapping_mul(2_654_435_761);
    let mut serial = [0x03; 10];
    serial[2..6].copy_from_slice(&mixed.to_be_bytes());
    let [a, b, c, d] = mixed.to_le_bytes();
    Txu {
        record_no: number,
        scheme: CardScheme::ALL[mixed as usize % 2],
        issuer_id: IssuerId([0x02, 0x00, a, b, 0xFF, 0xFF, 0xFF, 0xFF]),
        serial: AppSerial(serial),
        card_type: a % 4,
        tti: if b > 128 { 9 } else { 6 },
        counter: mixed as u16,
        psam: PsamNo([0x29, 0, a, b, c, d]),
        psam_txn: mixed,
        balance_before: (mixed % 100_000) as i32 - 1_000,
        amount: mixed % 1_000,
        list_price: mixed % 1_500,
        date: from_days_since_epoch(20_696 - (mixed % 20) as i32).expect("a date of 2026"),
        time_seconds: mixed % 86_400,
        key_version: 1,
        algorithm: if c > 128 { Algorithm::Tdes } else { Algorithm::Sm4 },
        tac: [d, c, b, a],
        industry: Industry::ALL[mixed as usize % 6],
        merchant: mixed % 100_000_000,
        line: mixed % 1_000_000,
        device: mixed % 99_999_999,
        city: (mixed % 10_000) as u16,
        grey: mixed.is_multiple_of(1000),
        test: mixed.is_multiple_of(1001),
    }
}
