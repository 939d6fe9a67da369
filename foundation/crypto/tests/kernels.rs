//! Every kernel of this machine against the library's ciphers, on random keys; digests in lanes against one by one.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tongka_base::Algorithm;
use tongka_crypto::*;

fn batch(rng: &mut ChaCha8Rng, keys: usize, records: usize) -> (Vec<[u8; 16]>, Vec<TacInput>) {
    let keys: Vec<[u8; 16]> = (0..keys).map(|_| rng.random()).collect();
    let input = (0..records).map(|_| {
        let mut data = [0; 22];
        rng.fill(&mut data[..]);
        TacInput { issuer_key: rng.random_range(0..keys.len() as u32), card_factor: rng.random(), data }
    });
    let input = input.collect();
    (keys, input)
}

#[test]
fn every_kernel_agrees_with_the_scalar_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for algorithm in [Algorithm::Tdes, Algorithm::Sm4] {
        for records in [0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1000] {
            let (keys, input) = batch(&mut rng, 1 + records % 37, records);
            let mut expected = vec![[0; 4]; records];
            for (record, tac) in input.iter().zip(&mut expected) {
                let card_key = diversify(algorithm, &keys[record.issuer_key as usize], &record.card_factor);
                *tac = tac_purchase(algorithm, &card_key, &record.data);
            }
            for kernel in Kernel::available(algorithm) {
                let mut out = vec![[0; 4]; records];
                tac_batch_with(kernel, algorithm, &keys, &input, &mut out);
                assert!(out == expected, "{kernel:?} {algorithm:?} {records}");
            }
            let mut out = vec![[0; 4]; records];
            tac_batch(algorithm, &keys, &input, &mut out);
            assert!(out == expected, "best {algorithm:?} {records}");
        }
    }
}

#[test]
fn digests_side_by_side_are_those_of_each_stream_alone() {
    use sm3::Digest;
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for streams in [0, 1, 2, 3, 7, 8, 9, 20] {
        let mut together: Vec<Sm3> = (0..streams).map(|_| Sm3::new()).collect();
        let mut alone: Vec<sm3::Sm3> = (0..streams).map(|_| sm3::Sm3::default()).collect();
        for _ in 0..12 {
            let pieces: Vec<Vec<u8>> = (0..streams)
                .map(|_| {
                    let length = [0, 1, 63, 64, 65, 128, 1000, 5000][rng.random_range(0..8)];
                    (0..length).map(|_| rng.random()).collect()
                })
                .collect();
            let mut jobs: Vec<(&mut Sm3, &[u8])> = together.iter_mut().zip(pieces.iter().map(Vec::as_slice)).collect();
            sm3_update_many(&mut jobs);
            for (digest, piece) in alone.iter_mut().zip(&pieces) {
                digest.update(piece);
            }
        }
        for (ours, library) in together.into_iter().zip(alone) {
            assert_eq!(ours.finish(), <[u8; 32]>::from(library.finalize()));
        }
    }
}

#[test]
fn one_digest_agrees_with_the_library_at_every_length() {
    use sm3::Digest;
    let message: Vec<u8> = (0..300).map(|n| n as u8).collect();
    for length in 0..message.len() {
        let mut pieces = Sm3::new();
        for piece in message[..length].chunks(37) {
            pieces.update(piece);
        }
        let expected = <[u8; 32]>::from(sm3::Sm3::digest(&message[..length]));
        assert_eq!((sm3(&message[..length]), pieces.finish()), (expected, expected), "{length} bytes");
    }
}
