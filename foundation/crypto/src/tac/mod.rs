//! Batch TAC: for millions of purchase records the card key is derived from the issuer's and one MAC computed, in lanes.

mod bitslice;
mod lanes;
mod sboxes;
#[cfg(target_arch = "x86_64")]
mod sm4_x86;

use crate::block::{des_encrypt, sm4_encrypt};
use crate::key::{diversify, fold};
use std::sync::OnceLock;
use tongka_base::Algorithm;

/// One record whose TAC is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TacInput {
    /// Index of the issuer-level TAC key in the list given with the batch.
    pub issuer_key: u32,
    /// Card factor.
    pub card_factor: [u8; 8],
    /// The 22 bytes that [`tac_data`] makes.
    pub data: [u8; 22],
}

/// The bytes under a purchase TAC: amount, type, PSAM number, PSAM transaction number, date and time in BCD.
pub fn tac_data(amount: u32, tti: u8, psam: [u8; 6], psam_txn: u32, date_bcd: [u8; 4], time_bcd: [u8; 3]) -> [u8; 22] {
    let mut data = [0; 22];
    data[..4].copy_from_slice(&amount.to_be_bytes());
    data[4] = tti;
    data[5..11].copy_from_slice(&psam);
    data[11..15].copy_from_slice(&psam_txn.to_be_bytes());
    data[15..19].copy_from_slice(&date_bcd);
    data[19..].copy_from_slice(&time_bcd);
    data
}

/// TAC of one record under its card's TAC key.
pub fn tac_purchase(algorithm: Algorithm, card_key: &[u8; 16], data: &[u8; 22]) -> [u8; 4] {
    let mut message = [0; 32];
    message[..22].copy_from_slice(data);
    message[22] = 0x80;
    let first4 = |block: &[u8]| [block[0], block[1], block[2], block[3]];
    match algorithm {
        Algorithm::Tdes => {
            let key = fold(card_key);
            let chain = |state: [u8; 8], block: &[u8]| des_encrypt(&key, &std::array::from_fn(|i| state[i] ^ block[i]));
            first4(&message[..24].chunks_exact(8).fold([0; 8], chain))
        }
        Algorithm::Sm4 => {
            let chain =
                |state: [u8; 16], block: &[u8]| sm4_encrypt(card_key, &std::array::from_fn(|i| state[i] ^ block[i]));
            first4(&message.chunks_exact(16).fold([0; 16], chain))
        }
    }
}

/// A way to compute a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kernel {
    /// Record by record with the library's ciphers.
    Scalar,
    /// Bit-sliced DES in 256 lanes of plain integers.
    Portable,
    /// Bit-sliced DES in 256 lanes; SM4 in 8 lanes with the S-box of the AES instructions.
    Avx2,
    /// Bit-sliced DES in 512 lanes; SM4 in 16 lanes with GFNI.
    Avx512,
}

impl Kernel {
    /// The kernels this machine can run for an algorithm, slowest first.
    pub fn available(algorithm: Algorithm) -> Vec<Self> {
        let mut kernels = vec![Self::Scalar];
        if algorithm == Algorithm::Tdes {
            kernels.push(Self::Portable);
        }
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let tdes = algorithm == Algorithm::Tdes;
            if has!("avx2") && (tdes || has!("aes")) {
                kernels.push(Self::Avx2);
            }
            if has!("avx512f") && has!("avx512bw") && (tdes || has!("gfni")) {
                kernels.push(Self::Avx512);
            }
        }
        kernels
    }

    /// The fastest kernel of this machine that agrees with the scalar one on a sample; asked once a process. A kernel
    /// that fails its self-test is never used.
    fn best(algorithm: Algorithm) -> Self {
        static BEST: [OnceLock<Kernel>; 2] = [OnceLock::new(), OnceLock::new()];
        let slot = usize::from(algorithm == Algorithm::Sm4);
        *BEST[slot].get_or_init(|| {
            let (keys, input) = self_test_sample();
            let mut expected = vec![[0; 4]; input.len()];
            tac_batch_with(Self::Scalar, algorithm, &keys, &input, &mut expected);
            let agrees = |kernel: &Self| {
                let mut out = vec![[0; 4]; input.len()];
                tac_batch_with(*kernel, algorithm, &keys, &input, &mut out);
                out == expected
            };
            Self::available(algorithm).into_iter().rev().find(agrees).unwrap_or(Self::Scalar)
        })
    }
}

/// 600 records under three keys, from a small generator.
fn self_test_sample() -> (Vec<[u8; 16]>, Vec<TacInput>) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let keys = (0..3).map(|_| std::array::from_fn(|_| byte())).collect();
    let input = (0..600).map(|n| TacInput {
        issuer_key: n % 3,
        card_factor: std::array::from_fn(|_| byte()),
        data: std::array::from_fn(|_| byte()),
    });
    (keys, input.collect())
}

/// TACs of a batch with the fastest kernel of this machine.
///
/// # Panics
/// When `out` is not as long as `input`, or an input names a key that is not there.
pub fn tac_batch(algorithm: Algorithm, keys: &[[u8; 16]], input: &[TacInput], out: &mut [[u8; 4]]) {
    // A few records are not worth a batch of lanes.
    let kernel = if input.len() < 24 { Kernel::Scalar } else { Kernel::best(algorithm) };
    tac_batch_with(kernel, algorithm, keys, input, out);
}

/// TACs of a batch with a given kernel of [`Kernel::available`].
///
/// # Panics
/// As [`tac_batch`], and when the machine cannot run the kernel.
pub fn tac_batch_with(
    kernel: Kernel,
    algorithm: Algorithm,
    keys: &[[u8; 16]],
    input: &[TacInput],
    out: &mut [[u8; 4]],
) {
    assert_eq!(input.len(), out.len(), "one TAC for each record");
    assert!(input.iter().all(|i| (i.issuer_key as usize) < keys.len()), "every record names a key of the list");
    assert!(Kernel::available(algorithm).contains(&kernel), "this machine cannot run {kernel:?}");
    match (algorithm, kernel) {
        (Algorithm::Tdes, Kernel::Portable) => bitslice::portable(keys, input, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the kernel is available: the CPU has its instructions.
        (Algorithm::Tdes, Kernel::Avx2) => unsafe { bitslice::avx2(keys, input, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        (Algorithm::Tdes, Kernel::Avx512) => unsafe { bitslice::avx512(keys, input, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        (Algorithm::Sm4, Kernel::Avx2) => unsafe { sm4_x86::avx2(keys, input, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        (Algorithm::Sm4, Kernel::Avx512) => unsafe { sm4_x86::avx512(keys, input, out) },
        _ => {
            for (record, tac) in input.iter().zip(out) {
                let card_key = diversify(algorithm, &keys[record.issuer_key as usize], &record.card_factor);
                *tac = tac_purchase(algorithm, &card_key, &record.data);
            }
        }
    }
}
