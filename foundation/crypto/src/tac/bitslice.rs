//! Bit-sliced DES: word `b` of a block holds bit `b` (0 = least significant) of the blocks of all lanes. Permutations
//! cost nothing, keys may differ in every lane without a key schedule.

use super::TacInput;
use super::lanes::{Lanes, Plain};
use super::sboxes::*;

/// A block, or a key, of every lane.
type Block<W> = [W; 64];

/// Tables of FIPS 46-3, in positions from 1 (most significant).
const IP: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32,
    24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47,
    39, 31, 23, 15, 7,
];
const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4,
    25,
];
const PC1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55,
    47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
const PC2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30,
    40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const SHIFTS: [u8; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

/// Word of the key block that each bit of each round key is.
const ROUND_KEYS: [[u8; 48]; 16] = {
    let mut out = [[0; 48]; 16];
    let (mut round, mut turned) = (0, 0);
    while round < 16 {
        turned += SHIFTS[round] as usize;
        let mut bit = 0;
        while bit < 48 {
            let at = PC2[bit] as usize - 1;
            let half = at / 28 * 28;
            out[round][bit] = 64 - PC1[half + (at - half + turned) % 28];
            bit += 1;
        }
        round += 1;
    }
    out
};

/// Place in the half block (0 = most significant) to which output bit `b` of S-box `s` goes: the inverse of P.
const P_PLACES: [u8; 32] = {
    let mut out = [0; 32];
    let mut at = 0;
    while at < 32 {
        out[P[at] as usize - 1] = at as u8;
        at += 1;
    }
    out
};

/// One DES of every lane; backwards with `decrypt`.
#[inline(always)]
fn des<W: Lanes>(block: &mut Block<W>, key: &Block<W>, decrypt: bool) {
    let mut left: [W; 32] = std::array::from_fn(|i| block[64 - IP[i] as usize]);
    let mut right: [W; 32] = std::array::from_fn(|i| block[64 - IP[32 + i] as usize]);
    for round in 0..16 {
        let k = &ROUND_KEYS[if decrypt { 15 - round } else { round }];
        macro_rules! sbox {
            ($number:literal, $f:ident) => {
                let at = 4 * ($number - 1);
                let input = |i: usize| right[(at + 31 + i) % 32].xor(key[k[6 * ($number - 1) + i] as usize]);
                let out = $f(input(0), input(1), input(2), input(3), input(4), input(5));
                for bit in 0..4 {
                    let place = P_PLACES[at + bit] as usize;
                    left[place] = left[place].xor(out[bit]);
                }
            };
        }
        sbox!(1, s1);
        sbox!(2, s2);
        sbox!(3, s3);
        sbox!(4, s4);
        sbox!(5, s5);
        sbox!(6, s6);
        sbox!(7, s7);
        sbox!(8, s8);
        std::mem::swap(&mut left, &mut right);
    }
    // The halves of the last round are not swapped: right ‖ left goes through the inverse of IP.
    for i in 0..32 {
        block[64 - IP[i] as usize] = right[i];
        block[64 - IP[32 + i] as usize] = left[i];
    }
}

/// From one 64-bit value a lane to one word a bit, and back: 64 × 64 bit transposition in every column. Lane `n` is bit
/// `n % 64` of column `n / 64`.
#[inline(always)]
fn transpose<W: Lanes>(words: &mut Block<W>) {
    let mut size = 32;
    let mut mask = 0x0000_0000_FFFF_FFFF_u64;
    while size > 0 {
        let keep = W::splat(mask);
        let mut at = 0;
        while at < 64 {
            let (a, b) = (words[at], words[at + size]);
            let moved = a.shr(size as u32).xor(b).and(keep);
            words[at + size] = b.xor(moved);
            words[at] = a.xor(moved.shl(size as u32));
            at = (at + size + 1) & !size;
        }
        size /= 2;
        mask ^= mask << size;
    }
}

/// One word a bit from one 64-bit value a lane; lanes beyond the batch repeat its first record.
#[inline(always)]
fn gather<W: Lanes>(lanes: usize, value: impl Fn(usize) -> u64) -> Block<W> {
    let mut columns = [0_u64; 8];
    let mut words: Block<W> = std::array::from_fn(|bit| {
        for (column, slot) in columns[..W::COLUMNS].iter_mut().enumerate() {
            let lane = column * 64 + bit;
            *slot = value(if lane < lanes { lane } else { 0 });
        }
        W::load(&columns[..W::COLUMNS])
    });
    transpose(&mut words);
    words
}

#[inline(always)]
fn be(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().expect("eight bytes"))
}

/// TACs of up to one word of lanes, with the cipher given by the caller, which has the instructions enabled.
#[inline(always)]
fn tac_lanes<W: Lanes>(
    keys: &[[u8; 16]],
    input: &[TacInput],
    out: &mut [[u8; 4]],
    des: impl Fn(&mut Block<W>, &Block<W>, bool),
) {
    let lanes = input.len();
    let left: Block<W> = gather(lanes, |lane| be(&keys[input[lane].issuer_key as usize][..8]));
    let right: Block<W> = gather(lanes, |lane| be(&keys[input[lane].issuer_key as usize][8..]));
    let factor: Block<W> = gather(lanes, |lane| u64::from_be_bytes(input[lane].card_factor));
    let tdes = |block: &mut Block<W>| {
        des(block, &left, false);
        des(block, &right, true);
        des(block, &left, false);
    };
    let mut key_left = factor;
    tdes(&mut key_left);
    let mut key_right = factor.map(W::not);
    tdes(&mut key_right);
    let key: Block<W> = std::array::from_fn(|bit| key_left[bit].xor(key_right[bit]));

    let mut state: Block<W> = gather(lanes, |lane| be(&input[lane].data[..8]));
    des(&mut state, &key, false);
    for at in [8, 16] {
        let block: Block<W> = gather(lanes, |lane| {
            let data = &input[lane].data;
            if at == 8 {
                be(&data[8..16])
            } else {
                be(&[data[16], data[17], data[18], data[19], data[20], data[21], 0x80, 0])
            }
        });
        for bit in 0..64 {
            state[bit] = state[bit].xor(block[bit]);
        }
        des(&mut state, &key, false);
    }
    transpose(&mut state);
    let mut columns = [0_u64; 8];
    for (bit, word) in state.into_iter().enumerate() {
        word.store(&mut columns[..W::COLUMNS]);
        for (column, value) in columns[..W::COLUMNS].iter().enumerate() {
            if let Some(tac) = out.get_mut(column * 64 + bit) {
                tac.copy_from_slice(&value.to_be_bytes()[..4]);
            }
        }
    }
}

/// All TACs of a batch in plain integers.
pub(super) fn portable(keys: &[[u8; 16]], input: &[TacInput], out: &mut [[u8; 4]]) {
    for (input, out) in input.chunks(256).zip(out.chunks_mut(256)) {
        tac_lanes::<Plain>(keys, input, out, des_plain);
    }
}

fn des_plain(block: &mut Block<Plain>, key: &Block<Plain>, decrypt: bool) {
    des(block, key, decrypt);
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{avx2, avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::lanes::x86::{Ymm, Zmm};
    use super::*;

    #[target_feature(enable = "avx2")]
    fn des_avx2(block: &mut Block<Ymm>, key: &Block<Ymm>, decrypt: bool) {
        des(block, key, decrypt);
    }

    /// All TACs of a batch, 256 lanes at a time.
    #[target_feature(enable = "avx2")]
    pub(crate) fn avx2(keys: &[[u8; 16]], input: &[TacInput], out: &mut [[u8; 4]]) {
        for (input, out) in input.chunks(256).zip(out.chunks_mut(256)) {
            tac_lanes::<Ymm>(keys, input, out, |block, key, decrypt| des_avx2(block, key, decrypt));
        }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn des_avx512(block: &mut Block<Zmm>, key: &Block<Zmm>, decrypt: bool) {
        des(block, key, decrypt);
    }

    /// All TACs of a batch, 512 lanes at a time.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(crate) fn avx512(keys: &[[u8; 16]], input: &[TacInput], out: &mut [[u8; 4]]) {
        for (input, out) in input.chunks(512).zip(out.chunks_mut(512)) {
            tac_lanes::<Zmm>(keys, input, out, |block, key, decrypt| des_avx512(block, key, decrypt));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposition_is_its_own_inverse_and_puts_bits_where_they_belong() {
        let value = |lane: usize| (lane as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let words: Block<Plain> = gather(256, value);
        for (bit, word) in words.into_iter().enumerate() {
            let mut columns = [0; 4];
            word.store(&mut columns);
            for lane in 0..256 {
                assert_eq!(columns[lane / 64] >> (lane % 64) & 1, value(lane) >> bit & 1, "bit {bit} of lane {lane}");
            }
        }
    }

    #[test]
    fn one_des_agrees_with_the_library() {
        let key = 0x0123_4567_89AB_CDEF_u64;
        let mut block: Block<Plain> = gather(256, |lane| 0x4E6F_7720_6973_2074 ^ lane as u64);
        let keys: Block<Plain> = gather(256, |_| key);
        des(&mut block, &keys, false);
        transpose(&mut block);
        let mut columns = [0; 4];
        block[3].store(&mut columns);
        let expected = crate::block::des_encrypt(&key.to_be_bytes(), &(0x4E6F_7720_6973_2074_u64 ^ 3).to_be_bytes());
        assert_eq!(columns[0].to_be_bytes(), expected);
    }
}
