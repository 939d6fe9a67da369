//! SM4 in 32-bit lanes: one record a lane, round keys of its own in every lane.
//!
//! The S-box is an inversion in a field of 256 elements between two affine maps. The same inversion sits in the S-box of
//! the AES instructions and in the GFNI instruction, after a change of basis; `gen/sm4.py` finds and proves the maps.

use super::TacInput;
use std::arch::x86_64::*;

/// System parameters FK and CK of the key schedule.
const FK: [u32; 4] = [0xA3B1_BAC6, 0x56AA_3350, 0x677D_9197, 0xB270_22DC];
const CK: [u32; 32] = {
    let mut out = [0; 32];
    let mut i = 0;
    while i < 128 {
        out[i / 4] = (out[i / 4] << 8) | ((i as u32 * 7) % 256);
        i += 1;
    }
    out
};

/// Affine maps before and after the AES S-box, by low and high nibble.
const PRE_LOW: [u8; 16] =
    [0x3E, 0xB2, 0x0E, 0x82, 0xBB, 0x37, 0x8B, 0x07, 0xA1, 0x2D, 0x91, 0x1D, 0x24, 0xA8, 0x14, 0x98];
const PRE_HIGH: [u8; 16] =
    [0x00, 0xDC, 0x2E, 0xF2, 0xC5, 0x19, 0xEB, 0x37, 0x08, 0xD4, 0x26, 0xFA, 0xCD, 0x11, 0xE3, 0x3F];
const POST_LOW: [u8; 16] =
    [0x6C, 0xD4, 0xA6, 0x1E, 0x52, 0xEA, 0x98, 0x20, 0x0B, 0xB3, 0xC1, 0x79, 0x35, 0x8D, 0xFF, 0x47];
const POST_HIGH: [u8; 16] =
    [0x00, 0xE0, 0x50, 0xB0, 0x9D, 0x7D, 0xCD, 0x2D, 0xC0, 0x20, 0x90, 0x70, 0x5D, 0xBD, 0x0D, 0xED];
/// Undoes the row shift of the last AES round beforehand.
const ROWS: [u8; 16] = [0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3];
/// Affine maps around the GFNI inversion: matrix before with its constant, matrix after with its constant.
const GFNI_PRE: (u64, i32) = (0x4C28_7DB9_1A22_505D, 0x3E);
const GFNI_POST: (u64, i32) = (0xF3AB_34A9_74A6_B589, 0xD3);

/// The rotations of bytes within 32-bit words by 8 and 16 bits, as shuffles of one 128-bit lane.
const ROTATE_8: [u8; 16] = [3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14];
const ROTATE_16: [u8; 16] = [2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13];

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]])
}

/// Batch, key schedule and encryption over `$groups` vectors of records side by side, which hides the latency of the
/// rounds; the macro is the one text for both widths.
macro_rules! kernel {
    ($name:ident, $ops:ident, $groups:literal, $features:literal) => {
        /// TACs of a batch.
        #[target_feature(enable = $features)]
        pub(crate) fn $name(keys: &[[u8; 16]], input: &[TacInput], out: &mut [[u8; 4]]) {
            use $ops::{LANES, Vector, load, splat, store, transpose, xor};
            const RECORDS: usize = $groups * LANES;
            // One word of one block of each record.
            let gather = |of: &dyn Fn(usize) -> u32| -> [Vector; $groups] {
                let mut words = [[0; LANES]; $groups];
                for (n, word) in words.as_flattened_mut().iter_mut().enumerate() {
                    *word = of(n);
                }
                words.map(|w| load(&w))
            };
            // Issuer keys are expanded in lanes too; the list is short beside the batch.
            let mut expanded = vec![[0_u32; 32]; keys.len()];
            for (keys, expanded) in keys.chunks(RECORDS).zip(expanded.chunks_mut(RECORDS)) {
                let key = |n: usize| &keys[n.min(keys.len() - 1)];
                let words = [0, 1, 2, 3].map(|w| gather(&|n| word(key(n), w)));
                for (round, key) in $ops::expand(&words).into_iter().enumerate() {
                    let key = key.map(|group| store(group));
                    for (schedule, word) in expanded.iter_mut().zip(key.as_flattened()) {
                        schedule[round] = *word;
                    }
                }
            }
            for (input, out) in input.chunks(RECORDS).zip(out.chunks_mut(RECORDS)) {
                let record = |n: usize| &input[n.min(input.len() - 1)];
                let mut issuer = [[splat(0); $groups]; 32];
                for group in 0..$groups {
                    for part in 0..32 / LANES {
                        let mut rows = [splat(0); LANES];
                        for (lane, row) in rows.iter_mut().enumerate() {
                            let schedule = &expanded[record(group * LANES + lane).issuer_key as usize];
                            *row = load(schedule[part * LANES..].first_chunk().expect("32 round keys"));
                        }
                        for (round, keys) in transpose(rows).into_iter().enumerate() {
                            issuer[part * LANES + round][group] = keys;
                        }
                    }
                }
                let factor = [0, 1].map(|w| gather(&|n| word(&record(n).card_factor, w)));
                let complement = factor.map(|w| w.map(|group| xor(group, splat(u32::MAX))));
                let card = $ops::encrypt(&issuer, &[factor[0], factor[1], complement[0], complement[1]]);
                let card = $ops::expand(&card);
                let first = [0, 1, 2, 3].map(|w| gather(&|n| word(&record(n).data, w)));
                let mut state = $ops::encrypt(&card, &first);
                // 22 bytes: the second block is six bytes of data, 80 and zeros.
                let tail =
                    |n: usize| u32::from(record(n).data[20]) << 24 | u32::from(record(n).data[21]) << 16 | 0x8000;
                let second = [gather(&|n| word(&record(n).data, 4)), gather(&tail)];
                for (state, second) in state.iter_mut().zip(second) {
                    for group in 0..$groups {
                        state[group] = xor(state[group], second[group]);
                    }
                }
                let tac = $ops::encrypt(&card, &state)[0].map(|group| store(group));
                for (out, tac) in out.iter_mut().zip(tac.as_flattened()) {
                    *out = tac.to_be_bytes();
                }
            }
        }
    };
}

kernel!(avx2, with_aes, 2, "avx2,aes");
kernel!(avx512, with_gfni, 4, "avx512f,avx512bw,gfni");

/// Key schedule and encryption from the few operations of a width.
macro_rules! rounds {
    ($groups:literal, $features:literal) => {
        /// One word of each record.
        type Word = [Vector; $groups];

        /// Round keys of a key in every lane.
        #[target_feature(enable = $features)]
        pub(super) fn expand(key: &[Word; 4]) -> [Word; 32] {
            let mut k = *key;
            for (word, fk) in k.iter_mut().zip(super::FK) {
                for group in word {
                    *group = xor(*group, splat(fk));
                }
            }
            let mut out = [[splat(0); $groups]; 32];
            for (out, ck) in out.iter_mut().zip(super::CK) {
                for group in 0..$groups {
                    let s = sbox(xor(xor3(k[1][group], k[2][group], k[3][group]), splat(ck)));
                    out[group] = xor(k[0][group], xor3(s, rotate::<13, 19>(s), rotate::<23, 9>(s)));
                }
                k = [k[1], k[2], k[3], *out];
            }
            out
        }

        /// One block of every lane.
        #[target_feature(enable = $features)]
        pub(super) fn encrypt(keys: &[Word; 32], block: &[Word; 4]) -> [Word; 4] {
            let mut x = *block;
            for key in keys {
                let mut next = x[0];
                for group in 0..$groups {
                    let s = sbox(xor(xor3(x[1][group], x[2][group], x[3][group]), key[group]));
                    next[group] = xor(next[group], diffuse(s));
                }
                x = [x[1], x[2], x[3], next];
            }
            [x[3], x[2], x[1], x[0]]
        }
    };
}

mod with_aes {
    //! Eight lanes of AVX2, the S-box by the AES instructions.

    use super::*;
    pub(super) use crate::x86::by8::*;

    rounds!(2, "avx2,aes");

    #[target_feature(enable = "avx2")]
    fn table(bytes: &[u8; 16]) -> Vector {
        // SAFETY: the array has the 16 bytes that an unaligned load reads.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx2")]
    fn diffuse(s: Vector) -> Vector {
        let by8 = _mm256_shuffle_epi8(s, table(&ROTATE_8));
        let by16 = _mm256_shuffle_epi8(s, table(&ROTATE_16));
        let by24 = _mm256_shuffle_epi8(by8, table(&ROTATE_16));
        xor3(s, by24, rotate::<2, 30>(xor3(s, by8, by16)))
    }

    #[target_feature(enable = "avx2")]
    fn affine(x: Vector, low: &[u8; 16], high: &[u8; 16]) -> Vector {
        let nibble = _mm256_set1_epi8(0x0F);
        let by_low = _mm256_shuffle_epi8(table(low), _mm256_and_si256(x, nibble));
        let by_high = _mm256_shuffle_epi8(table(high), _mm256_and_si256(_mm256_srli_epi16::<4>(x), nibble));
        xor(by_low, by_high)
    }

    #[target_feature(enable = "avx2,aes")]
    fn sbox(x: Vector) -> Vector {
        let y = _mm256_shuffle_epi8(affine(x, &PRE_LOW, &PRE_HIGH), table(&ROWS));
        let zero = _mm_setzero_si128();
        let low = _mm_aesenclast_si128(_mm256_castsi256_si128(y), zero);
        let high = _mm_aesenclast_si128(_mm256_extracti128_si256::<1>(y), zero);
        affine(_mm256_set_m128i(high, low), &POST_LOW, &POST_HIGH)
    }
}

mod with_gfni {
    //! Sixteen lanes of AVX-512, the S-box by GFNI.

    use super::*;
    pub(super) use crate::x86::by16::*;

    rounds!(4, "avx512f,avx512bw,gfni");

    #[target_feature(enable = "avx512f")]
    fn diffuse(s: Vector) -> Vector {
        let parts = xor3(rotate::<2, 30>(s), rotate::<10, 22>(s), rotate::<18, 14>(s));
        xor3(s, parts, rotate::<24, 8>(s))
    }

    #[target_feature(enable = "avx512f,avx512bw,gfni")]
    fn sbox(x: Vector) -> Vector {
        let pre = _mm512_gf2p8affine_epi64_epi8::<{ GFNI_PRE.1 }>(x, _mm512_set1_epi64(GFNI_PRE.0 as i64));
        _mm512_gf2p8affineinv_epi64_epi8::<{ GFNI_POST.1 }>(pre, _mm512_set1_epi64(GFNI_POST.0 as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the GFNI instructions do to one byte, from the instruction set's description.
    fn affine_byte(matrix: u64, x: u8, constant: i32) -> u8 {
        let bit = |i: u32| ((matrix >> (8 * (7 - i))) as u8 & x).count_ones() & 1;
        (0..8).fold(0, |out, i| out | (bit(i) as u8) << i) ^ constant as u8
    }

    fn multiply(a: u8, b: u8) -> u8 {
        (0..8)
            .fold((0, a), |(sum, a), i| {
                let sum = if b >> i & 1 == 1 { sum ^ a } else { sum };
                (sum, a << 1 ^ if a & 0x80 == 0 { 0 } else { 0x1B })
            })
            .0
    }

    fn inverse(x: u8) -> u8 {
        (0..254).fold(1, |power, _| multiply(power, x))
    }

    /// The S-box, read off the library's cipher: in the key schedule's place a block of equal words isolates it.
    fn sbox_by_rounds(x: u8) -> u8 {
        // tau of one byte through a full affine-inverse-affine, with the constants that the standard gives.
        let turn = |x: u8| (0..8).fold(0, |out, i| out | ((0xA7_u8.rotate_left(i) & x).count_ones() as u8 & 1) << i);
        let mut inverses = [0_u8; 256];
        // Inversion modulo x^8+x^7+x^6+x^5+x^4+x^2+1 by search.
        let product = |a: u8, b: u8| {
            (0..8)
                .fold((0_u8, a), |(sum, a), i| {
                    let sum = if b >> i & 1 == 1 { sum ^ a } else { sum };
                    (sum, a << 1 ^ if a & 0x80 == 0 { 0 } else { 0xF5 })
                })
                .0
        };
        for a in 1..=255 {
            inverses[a as usize] = (1..=255).find(|b| product(a, *b) == 1).unwrap_or(0);
        }
        turn(inverses[(turn(x) ^ 0xD3) as usize]) ^ 0xD3
    }

    #[test]
    fn the_gfni_maps_make_the_sm4_s_box() {
        assert_eq!(
            (sbox_by_rounds(0), sbox_by_rounds(0xFF)),
            (0xD6, 0x48),
            "first and last entry of the standard's table"
        );
        for x in (0..=255).step_by(5) {
            let gfni = affine_byte(GFNI_POST.0, inverse(affine_byte(GFNI_PRE.0, x, GFNI_PRE.1)), GFNI_POST.1);
            assert_eq!(gfni, sbox_by_rounds(x), "{x:02X}");
        }
    }
}
