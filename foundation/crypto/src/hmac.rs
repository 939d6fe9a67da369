//! HMAC (RFC 2104, GM/T 0042) over SM3.

use crate::sm3::{Sm3, sm3};
use std::hint::black_box;

const BLOCK: usize = 64;

/// HMAC-SM3 of a message.
pub fn hmac_sm3(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&sm3(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sm3::new();
    inner.update(&block.map(|byte| byte ^ 0x36));
    inner.update(message);
    let mut outer = Sm3::new();
    outer.update(&block.map(|byte| byte ^ 0x5C));
    outer.update(&inner.finish());
    block.fill(0);
    black_box(&block);
    outer.finish()
}

/// Whether two byte strings are equal; takes the same time wherever they differ.
pub fn equal_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && black_box(one.iter().zip(other).fold(0, |bits, (a, b)| bits | (a ^ b))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_as_openssl_computes_it() {
        let cases: [(Vec<u8>, &[u8], &str); 3] = [
            ((0..16).collect(), b"abc", "83FD35B3FF6211428A38C070431AD42C23A86EACA25A5EA81A1DED4704A12C7C"),
            ((0..64).collect(), b"", "3F21ACED563487175A00740C5A13CD3BC7F5A358B7488863EC5CF9A8ACCA5049"),
            ((0..200).collect(), b"abc", "47D7717736B2E8B24C52627030E79321D1A865B2B746C1A96A86CCA66DFF41C3"),
        ];
        for (key, message, expected) in cases {
            assert_eq!(hex::encode_upper(hmac_sm3(&key, message)), expected, "key of {} bytes", key.len());
        }
    }

    #[test]
    fn equality_is_of_all_bytes() {
        assert!(equal_in_constant_time(b"abc", b"abc") && equal_in_constant_time(b"", b""));
        for other in [&b"abd"[..], b"bbc", b"ab", b"abcd", b""] {
            assert!(!equal_in_constant_time(b"abc", other));
        }
    }
}
