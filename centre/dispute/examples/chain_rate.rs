//! How long the balance chain of one card takes: `cargo run --release -p tongka-dispute --example chain_rate`.

use std::time::Instant;
use tongka_base::date::parse_date;
use tongka_base::{Fen, Reason};
use tongka_dispute::chain::{Chain, Proof, Tap};

const TAPS: u32 = 10_000;
const RUNS: usize = 50;

fn main() {
    let start = parse_date(b"20260901").expect("a date").and_hms_opt(0, 0, 0).expect("midnight");
    let tap = |n: u32| Tap {
        counter: (60_000 + n) as u16,
        before: Fen(5_000_000 - i64::from(n) * 200),
        amount: Fen(200),
        at: start + chrono::TimeDelta::minutes(i64::from(n)),
        reason: if n % 2 == 1 { Reason::Grey } else { Reason::Ok },
        upload: format!("TXU_20260901_10002900_{:06}.dat", n % 90 + 1),
        record_no: n * 7_919 % 1_000_000 + 1,
        is_cleared: false,
    };
    // As they come out of the lake: by date and upload, not by counter.
    let mut taps: Vec<Tap> = (0..TAPS).map(tap).collect();
    taps.sort_by(|a, b| (&a.upload, a.record_no).cmp(&(&b.upload, b.record_no)));
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let taps = taps.clone();
        let begun = Instant::now();
        let chain = Chain::of(taps);
        times.push(begun.elapsed());
        let proven = chain.links.iter().filter(|link| matches!(link.proof, Some(Proof::Happened { .. }))).count();
        assert_eq!(proven as u32, TAPS / 2 - 1);
    }
    times.sort_unstable();
    println!("{TAPS} taps, {} proven: median {:?}, slowest {:?}", TAPS / 2 - 1, times[RUNS / 2], times[RUNS - 1]);
}
