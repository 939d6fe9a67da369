//! Secure messaging (安全报文), external authentication, key loading.

use crate::block::{sm4_decrypt, sm4_encrypt, tdes_decrypt, tdes_encrypt};
use crate::key::Key16;
use crate::key::{mac_sm4, retail_mac};
use tongka_base::Algorithm;
use zeroize::Zeroizing;

/// MAC of a command under secure messaging: `command` is CLA INS P1 P2 Lc (the MAC's four bytes counted) and data; the
/// initial value is the card's challenge followed by zeros.
pub fn secure_mac(algorithm: Algorithm, key: &[u8; 16], challenge: &[u8; 4], command: &[u8]) -> [u8; 4] {
    let mut iv = [0; 16];
    iv[..4].copy_from_slice(challenge);
    let block = match algorithm {
        Algorithm::Tdes => retail_mac(key, iv[..8].try_into().expect("8 bytes"), command).to_vec(),
        Algorithm::Sm4 => mac_sm4(key, iv, command).to_vec(),
    };
    [block[0], block[1], block[2], block[3]]
}

/// Command data ready to be encrypted: length byte and data, padded with 80 00 … only if not aligned. `None` above 255
/// bytes.
pub fn secure_plain(algorithm: Algorithm, data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(data.len() + 17));
    plain.push(u8::try_from(data.len()).ok()?);
    plain.extend_from_slice(data);
    let size = block_size(algorithm);
    if !plain.len().is_multiple_of(size) {
        plain.push(0x80);
        let padded = plain.len().div_ceil(size) * size;
        plain.resize(padded, 0);
    }
    Some(plain)
}

fn block_size(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Tdes => 8,
        Algorithm::Sm4 => 16,
    }
}

/// Encrypts command data as [`secure_plain`] makes it ready, ECB. `None` above 255 bytes.
pub fn secure_encrypt(algorithm: Algorithm, key: &[u8; 16], data: &[u8]) -> Option<Vec<u8>> {
    let encrypt = |block: &[u8]| match algorithm {
        Algorithm::Tdes => tdes_encrypt(key, block.try_into().expect("8 bytes")).to_vec(),
        Algorithm::Sm4 => sm4_encrypt(key, block.try_into().expect("16 bytes")).to_vec(),
    };
    Some(secure_plain(algorithm, data)?.chunks_exact(block_size(algorithm)).flat_map(encrypt).collect())
}

/// A key encrypted for WRITE KEY: its three-byte header (usage, version, algorithm) and value as secured data.
pub fn wrap_key(algorithm: Algorithm, transport: &[u8; 16], header: [u8; 3], key: &[u8; 16]) -> Vec<u8> {
    let data = [&header[..], key].concat();
    secure_encrypt(algorithm, transport, &data).expect("19 bytes")
}

/// The sixteen bytes of a key under a transport key, ECB, with neither length nor padding.
pub fn encrypt_key(algorithm: Algorithm, transport: &[u8; 16], key: &[u8; 16]) -> [u8; 16] {
    match algorithm {
        Algorithm::Tdes => by_halves(key, |half| tdes_encrypt(transport, half)),
        Algorithm::Sm4 => sm4_encrypt(transport, key),
    }
}

/// Undoes [`encrypt_key`]. Whatever the cipher text, some key comes out: only a check value or a MAC tells which.
pub fn decrypt_key(algorithm: Algorithm, transport: &[u8; 16], cipher: &[u8; 16]) -> Key16 {
    Key16::new(match algorithm {
        Algorithm::Tdes => by_halves(cipher, |half| tdes_decrypt(transport, half)),
        Algorithm::Sm4 => sm4_decrypt(transport, cipher),
    })
}

fn by_halves(bytes: &[u8; 16], each: impl Fn(&[u8; 8]) -> [u8; 8]) -> [u8; 16] {
    let (halves, _) = bytes.as_chunks::<8>();
    let mut out = [0; 16];
    for (to, from) in out.chunks_exact_mut(8).zip(halves) {
        to.copy_from_slice(&each(from));
    }
    out
}

/// Cryptogram of EXTERNAL AUTHENTICATE for a challenge of up to eight bytes, padded with zeros.
pub fn external_authentication(algorithm: Algorithm, key: &[u8; 16], challenge: &[u8; 8]) -> [u8; 8] {
    match algorithm {
        Algorithm::Tdes => tdes_encrypt(key, challenge),
        Algorithm::Sm4 => {
            let mut block = [0; 16];
            block[..8].copy_from_slice(challenge);
            let cipher = sm4_encrypt(key, &block);
            std::array::from_fn(|i| cipher[i] ^ cipher[i + 8])
        }
    }
}
