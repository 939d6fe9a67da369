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

/// The words of a block of each lane: the data of one record, the factor and its complement, or a key.
type Words<const N: usize> = [[u32; N]; 4];

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]])
}

/// Rounds and batch over `$lanes` lanes of `$vector`; the macro is the one text for both widths.
macro_rules! kernel {
    ($name:ident, $module:ident, $lanes:literal, $vector:ty, $features:literal) => {
        #[target_feature(enable = $features)]
        pub(crate) fn $name(keys: &[[u8; 16]], input: &[TacInput], out: &mut [[u8; 4]]) {
            const N: usize = $lanes;
            // Issuer keys are expanded in lanes too; the list is short beside the batch.
            let mut expanded = vec![[0_u32; 32]; keys.len()];
            for (keys, expanded) in keys.chunks(N).zip(expanded.chunks_mut(N)) {
                let lane = |n: usize| &keys[n.min(keys.len() - 1)];
                let words: Words<N> = std::array::from_fn(|w| std::array::from_fn(|n| word(lane(n), w)));
                for (round, key) in $module::expand(&words).into_iter().enumerate() {
                    let key = $module::store(key);
                    for (n, schedule) in expanded.iter_mut().enumerate() {
                        schedule[round] = key[n];
                    }
                }
            }
            for (input, out) in input.chunks(N).zip(out.chunks_mut(N)) {
                let lane = |n: usize| &input[n.min(input.len() - 1)];
                let schedules: [&[u32; 32]; N] = std::array::from_fn(|n| &expanded[lane(n).issuer_key as usize]);
                let issuer: [$vector; 32] =
                    std::array::from_fn(|round| $module::load(&std::array::from_fn(|n| schedules[n][round])));
                let factor: Words<N> = std::array::from_fn(|w| {
                    let turned = if w < 2 { 0 } else { u32::MAX };
                    std::array::from_fn(|n| word(&lane(n).card_factor, w % 2) ^ turned)
                });
                let card = $module::encrypt(&issuer, &factor.map(|w| $module::load(&w)));
                let card = $module::expand(&card.map(|w| $module::store(w)));
                let first: Words<N> = std::array::from_fn(|w| std::array::from_fn(|n| word(&lane(n).data, w)));
                let state = $module::encrypt(&card, &first.map(|w| $module::load(&w)));
                // 22 bytes: the second block is six bytes of data, 80 and zeros.
                let second: Words<N> = std::array::from_fn(|w| {
                    std::array::from_fn(|n| match w {
                        0 => word(&lane(n).data, 4),
                        1 => u32::from(lane(n).data[20]) << 24 | u32::from(lane(n).data[21]) << 16 | 0x8000,
                        _ => 0,
                    })
                });
                let state = std::array::from_fn(|w| $module::xor(state[w], $module::load(&second[w])));
                let tac = $module::store($module::encrypt(&card, &state)[0]);
                for (out, tac) in out.iter_mut().zip(tac) {
                    *out = tac.to_be_bytes();
                }
            }
        }
    };
}

kernel!(avx2, by8, 8, __m256i, "avx2,aes");
kernel!(avx512, by16, 16, __m512i, "avx512f,avx512bw,gfni");

/// Key schedule and encryption from the few operations of a width.
macro_rules! rounds {
    ($vector:ty, $lanes:literal, $features:literal) => {
        /// Round keys of a key in every lane.
        #[target_feature(enable = $features)]
        pub(super) fn expand(key: &super::Words<$lanes>) -> [$vector; 32] {
            let mut k: [$vector; 4] = std::array::from_fn(|w| xor(load(&key[w]), splat(super::FK[w])));
            let mut out = [splat(0); 32];
            for round in 0..32 {
                let mixed = xor(xor(k[1], k[2]), xor(k[3], splat(super::CK[round])));
                let s = sbox(mixed);
                let next = xor(k[0], xor(s, xor(rotate::<13, 19>(s), rotate::<23, 9>(s))));
                k = [k[1], k[2], k[3], next];
                out[round] = next;
            }
            out
        }

        /// One block of every lane.
        #[target_feature(enable = $features)]
        pub(super) fn encrypt(keys: &[$vector; 32], block: &[$vector; 4]) -> [$vector; 4] {
            let mut x = *block;
            for key in keys {
                let s = sbox(xor(xor(x[1], x[2]), xor(x[3], *key)));
                let next = xor(x[0], diffuse(s));
                x = [x[1], x[2], x[3], next];
            }
            [x[3], x[2], x[1], x[0]]
        }
    };
}

mod by8 {
    //! Eight lanes of AVX2, the S-box by the AES instructions.

    use super::*;

    rounds!(__m256i, 8, "avx2,aes");

    #[target_feature(enable = "avx2")]
    pub(super) fn load(words: &[u32; 8]) -> __m256i {
        // SAFETY: the array has the 32 bytes that an unaligned load reads.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn store(value: __m256i) -> [u32; 8] {
        let mut words = [0; 8];
        // SAFETY: the array has the 32 bytes that an unaligned store writes.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) };
        words
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn xor(a: __m256i, b: __m256i) -> __m256i {
        _mm256_xor_si256(a, b)
    }

    #[target_feature(enable = "avx2")]
    fn splat(word: u32) -> __m256i {
        _mm256_set1_epi32(word as i32)
    }

    #[target_feature(enable = "avx2")]
    fn table(bytes: &[u8; 16]) -> __m256i {
        // SAFETY: the array has the 16 bytes that an unaligned load reads.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx2")]
    fn rotate<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
        _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
    }

    #[target_feature(enable = "avx2")]
    fn diffuse(s: __m256i) -> __m256i {
        let by8 = _mm256_shuffle_epi8(s, table(&ROTATE_8));
        let by16 = _mm256_shuffle_epi8(s, table(&ROTATE_16));
        let by24 = _mm256_shuffle_epi8(by8, table(&ROTATE_16));
        xor(xor(s, by24), rotate::<2, 30>(xor(xor(s, by8), by16)))
    }

    #[target_feature(enable = "avx2")]
    fn affine(x: __m256i, low: &[u8; 16], high: &[u8; 16]) -> __m256i {
        let nibble = _mm256_set1_epi8(0x0F);
        let by_low = _mm256_shuffle_epi8(table(low), _mm256_and_si256(x, nibble));
        let by_high = _mm256_shuffle_epi8(table(high), _mm256_and_si256(_mm256_srli_epi16::<4>(x), nibble));
        xor(by_low, by_high)
    }

    #[target_feature(enable = "avx2,aes")]
    fn sbox(x: __m256i) -> __m256i {
        let y = _mm256_shuffle_epi8(affine(x, &PRE_LOW, &PRE_HIGH), table(&ROWS));
        let zero = _mm_setzero_si128();
        let low = _mm_aesenclast_si128(_mm256_castsi256_si128(y), zero);
        let high = _mm_aesenclast_si128(_mm256_extracti128_si256::<1>(y), zero);
        affine(_mm256_set_m128i(high, low), &POST_LOW, &POST_HIGH)
    }
}

mod by16 {
    //! Sixteen lanes of AVX-512, the S-box by GFNI.

    use super::*;

    rounds!(__m512i, 16, "avx512f,avx512bw,gfni");

    #[target_feature(enable = "avx512f")]
    pub(super) fn load(words: &[u32; 16]) -> __m512i {
        // SAFETY: the array has the 64 bytes that an unaligned load reads.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn store(value: __m512i) -> [u32; 16] {
        let mut words = [0; 16];
        // SAFETY: the array has the 64 bytes that an unaligned store writes.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) };
        words
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn xor(a: __m512i, b: __m512i) -> __m512i {
        _mm512_xor_si512(a, b)
    }

    #[target_feature(enable = "avx512f")]
    fn splat(word: u32) -> __m512i {
        _mm512_set1_epi32(word as i32)
    }

    #[target_feature(enable = "avx512f")]
    fn rotate<const LEFT: i32, const RIGHT: i32>(x: __m512i) -> __m512i {
        _mm512_rol_epi32::<LEFT>(x)
    }

    #[target_feature(enable = "avx512f")]
    fn diffuse(s: __m512i) -> __m512i {
        let parts = xor(xor(_mm512_rol_epi32::<2>(s), _mm512_rol_epi32::<10>(s)), _mm512_rol_epi32::<18>(s));
        xor(xor(s, parts), _mm512_rol_epi32::<24>(s))
    }

    #[target_feature(enable = "avx512f,avx512bw,gfni")]
    fn sbox(x: __m512i) -> __m512i {
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
