//! Keys, diversification (密钥分散), check values and the MACs everything else is made of.

use crate::block::{des_decrypt, des_encrypt, sm4_encrypt, tdes_encrypt};
use tongka_base::Algorithm;
use zeroize::Zeroize;

/// A 16-byte secret key: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Key16([u8; 16]);

impl Key16 {
    /// Takes the key bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key bytes, for a cipher.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Drop for Key16 {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Key16 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key16(…)")
    }
}

fn halves(key: &[u8; 16]) -> ([u8; 8], [u8; 8]) {
    let (left, right) = key.split_at(8);
    (left.try_into().expect("8 bytes"), right.try_into().expect("8 bytes"))
}

/// One level of diversification: 3DES encrypts the factor and its complement, SM4 encrypts both as one block.
pub fn diversify(algorithm: Algorithm, key: &[u8; 16], factor: &[u8; 8]) -> [u8; 16] {
    let mut both = [0; 16];
    both[..8].copy_from_slice(factor);
    both[8..].copy_from_slice(&factor.map(|byte| !byte));
    match algorithm {
        Algorithm::Sm4 => sm4_encrypt(key, &both),
        Algorithm::Tdes => {
            let (left, right) = halves(&both);
            both[..8].copy_from_slice(&tdes_encrypt(key, &left));
            both[8..].copy_from_slice(&tdes_encrypt(key, &right));
            both
        }
    }
}

/// Diversification over several levels, the national one first: `[issuer factor, card factor]`.
pub fn diversify_levels(algorithm: Algorithm, key: &Key16, factors: &[[u8; 8]]) -> Key16 {
    factors.iter().fold(key.clone(), |key, factor| Key16(diversify(algorithm, &key.0, factor)))
}

/// Key check value: the first three bytes of the encryption of zeros.
pub fn kcv(algorithm: Algorithm, key: &[u8; 16]) -> [u8; 3] {
    let cipher = match algorithm {
        Algorithm::Tdes => tdes_encrypt(key, &[0; 8]).to_vec(),
        Algorithm::Sm4 => sm4_encrypt(key, &[0; 16]).to_vec(),
    };
    [cipher[0], cipher[1], cipher[2]]
}

/// The data with 80 00 … appended, always, to whole blocks of `N` bytes.
fn padded<const N: usize>(data: &[u8]) -> Vec<[u8; N]> {
    let mut bytes = data.to_vec();
    bytes.push(0x80);
    bytes.resize(bytes.len().div_ceil(N) * N, 0);
    bytes.chunks_exact(N).map(|block| block.try_into().expect("whole blocks")).collect()
}

fn chain<const N: usize>(iv: [u8; N], data: &[u8], encrypt: impl Fn(&[u8; N]) -> [u8; N]) -> [u8; N] {
    padded::<N>(data).iter().fold(iv, |state, block| encrypt(&std::array::from_fn(|i| state[i] ^ block[i])))
}

/// Single-DES CBC-MAC; the last block whole.
pub fn mac_des(key: &[u8; 8], iv: [u8; 8], data: &[u8]) -> [u8; 8] {
    chain(iv, data, |block| des_encrypt(key, block))
}

/// SM4 CBC-MAC; the last block whole.
pub fn mac_sm4(key: &[u8; 16], iv: [u8; 16], data: &[u8]) -> [u8; 16] {
    chain(iv, data, |block| sm4_encrypt(key, block))
}

/// ANSI X9.19 retail MAC: DES-CBC under the left half, then decrypt with the right and encrypt with the left half.
pub fn retail_mac(key: &[u8; 16], iv: [u8; 8], data: &[u8]) -> [u8; 8] {
    let (left, right) = halves(key);
    des_encrypt(&left, &des_decrypt(&right, &mac_des(&left, iv, data)))
}

/// The whole last block of a MAC over data, initial value zero: retail MAC (8 bytes) for 3DES, CBC-MAC (16) for SM4.
pub fn mac_whole(algorithm: Algorithm, key: &[u8; 16], data: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Tdes => retail_mac(key, [0; 8], data).to_vec(),
        Algorithm::Sm4 => mac_sm4(key, [0; 16], data).to_vec(),
    }
}

/// The DES key of a 3DES TAC: left half XOR right half.
pub(crate) fn fold(key: &[u8; 16]) -> [u8; 8] {
    std::array::from_fn(|i| key[i] ^ key[i + 8])
}
