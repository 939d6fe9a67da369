//! Digits and hex eight bytes at a time, within one 64-bit register (SWAR). Errors set bits of an accumulator.

const LOW: u64 = 0x0F0F_0F0F_0F0F_0F0F;
const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const ONES: u64 = 0x0101_0101_0101_0101;

/// The `W` bytes at `at`, at most eight, left-padded with the digit zero, first character in the lowest byte.
///
/// They are loaded with what stands before them, in one piece: `at + W` is never below 8 in a TXU record.
#[inline(always)]
fn load<const W: usize, const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    const { assert!(W >= 1 && W <= 8) }
    let end = at + W;
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[end - 8..end]);
    let field = !0 << (8 * (8 - W));
    (u64::from_le_bytes(word) & field) | (ZEROS & !field)
}

/// A number of up to eight digits; sets bits of `bad` where there is another character.
#[inline(always)]
pub(super) fn digits<const W: usize, const N: usize>(bytes: &[u8; N], at: usize, bad: &mut u64) -> u32 {
    let v = load::<W, N>(bytes, at);
    // A digit is 0x30 to 0x39: the upper half is 3, and 6 more does not carry out of the lower half.
    *bad |= ((v & HIGH) ^ ZEROS) | (((v & LOW) + ONES * 6) & HIGH);
    // Neighbours are joined to pairs, pairs to fours, fours to eight; the products' upper parts fall away.
    let v = (v & LOW).wrapping_mul(10 * 0x100 + 1) >> 8;
    let v = (v & 0x00FF_00FF_00FF_00FF).wrapping_mul(100 * 0x1_0000 + 1) >> 16;
    ((v & 0x0000_FFFF_0000_FFFF).wrapping_mul(10_000 * 0x1_0000_0000 + 1) >> 32) as u32
}

/// Up to eight upper-case hex characters; sets bits of `bad` where there is another character.
#[inline(always)]
pub(super) fn hex<const W: usize, const N: usize>(bytes: &[u8; N], at: usize, bad: &mut u64) -> u32 {
    let v = load::<W, N>(bytes, at);
    let letter = (v >> 6) & ONES;
    let low = v & LOW;
    // Letters are 0x41 to 0x46, digits 0x30 to 0x39: the upper half first,
    *bad |= (v & HIGH) ^ (ZEROS + (letter << 4));
    // then the upper bound (9 and 6 carry when 6 and 9 more are added), then that a letter's lower half is not 0.
    *bad |= (low + ONES * 6 + letter * 3) & HIGH;
    *bad |= ((low + letter * 15) & (letter << 4)) ^ (letter << 4);
    let nibbles = low + letter * 9;
    let pairs = ((nibbles << 4) | (nibbles >> 8)) & 0x00FF_00FF_00FF_00FF;
    let quads = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF;
    ((quads | (quads >> 16)) as u32).swap_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte value in every place of every width, against the standard library.
    #[test]
    fn every_byte_in_every_place_is_judged_as_by_the_standard_library() {
        fn check<const W: usize>() {
            for text in ["01234567", "99999999", "00000000", "9AF0A9BC"] {
                for at in 0..W {
                    for byte in 0..=255_u8 {
                        // Bytes around the field that must not matter.
                        let mut record = [0xFF; 24];
                        record[9..9 + W].copy_from_slice(&text.as_bytes()[8 - W..]);
                        record[9 + at] = byte;
                        let bytes = &record[9..9 + W];
                        let text = std::str::from_utf8(bytes).unwrap_or("?");
                        let (mut bad_digit, mut bad_hex) = (0, 0);
                        let number = digits::<W, 24>(&record, 9, &mut bad_digit);
                        let value = hex::<W, 24>(&record, 9, &mut bad_hex);
                        let is_number = bytes.iter().all(u8::is_ascii_digit);
                        let is_hex = bytes.iter().all(|c| matches!(c, b'0'..=b'9' | b'A'..=b'F'));
                        assert_eq!((bad_digit == 0, bad_hex == 0), (is_number, is_hex), "{bytes:?}");
                        assert!(!is_number || text.parse() == Ok(number), "{text} is read as {number}");
                        assert!(!is_hex || u32::from_str_radix(text, 16) == Ok(value), "{text} is read as {value:X}");
                    }
                }
            }
        }
        check::<1>();
        check::<2>();
        check::<4>();
        check::<5>();
        check::<6>();
        check::<8>();
    }
}
