//! Prints records per second of every TAC kernel, beside the library's ciphers record by record, and digest rates.
//! Run: `cargo run --release -p tongka-crypto --example kernels`

use std::time::{Duration, Instant};
use tongka_base::Algorithm;
use tongka_crypto::*;

fn main() {
    let keys: Vec<[u8; 16]> = (0..80_u8).map(|n| [n.wrapping_mul(37); 16]).collect();
    let input: Vec<TacInput> = (0..16_384_u32)
        .map(|n| TacInput {
            issuer_key: n % 80,
            card_factor: u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes(),
            data: std::array::from_fn(|i| (n >> (i % 4 * 8)) as u8),
        })
        .collect();
    let mut out = vec![[0; 4]; input.len()];
    for algorithm in [Algorithm::Tdes, Algorithm::Sm4] {
        for kernel in Kernel::available(algorithm) {
            let rate = per_second(input.len() as u64, || tac_batch_with(kernel, algorithm, &keys, &input, &mut out));
            println!(
                "{algorithm:?} {kernel:?}: {}.{:02} M records/s on one core",
                rate / 1_000_000,
                rate / 10_000 % 100
            );
        }
    }
    let data = vec![0x5A; 1 << 20];
    let one = per_second(data.len() as u64, || {
        sm3(&data);
    });
    println!("SM3 one stream: {} MB/s", one / 1_000_000);
    let library = per_second(data.len() as u64, || {
        use sm3::Digest;
        sm3::Sm3::digest(&data);
    });
    println!("SM3 one stream, library: {} MB/s", library / 1_000_000);
    for count in [8, 16] {
        let many = per_second(count * data.len() as u64, || {
            let mut streams: Vec<Sm3> = (0..count).map(|_| Sm3::new()).collect();
            sm3_update_many(&mut streams.iter_mut().map(|s| (s, data.as_slice())).collect::<Vec<_>>());
        });
        println!("SM3 {count} streams: {} MB/s", many / 1_000_000);
    }
}

/// Units per second of `work`, repeated for half a second.
fn per_second(units: u64, mut work: impl FnMut()) -> u64 {
    let started = Instant::now();
    let mut rounds = 0;
    while started.elapsed() < Duration::from_millis(500) {
        work();
        rounds += 1;
    }
    (u128::from(units * rounds) * 1_000_000_000 / started.elapsed().as_nanos()) as u64
}
