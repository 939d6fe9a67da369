//! Key blocks (密钥块): how a key travels under a transport key.
//!
//! Text: `TK1`, usage (4, padded with spaces), algorithm (`T` or `S`), version and index (two hex digits each), KCV (six
//! hex digits), the encrypted key (hex) and a MAC over all before it (hex). Two keys are made from the transport key by
//! diversification, one to encrypt (ECB; the content is a random key), one for the MAC (retail MAC or SM4 CBC-MAC,
//! whole), so that a key is never used for both. A block that was altered or is under another key is refused.

use crate::{HsmCode, HsmError, KeyBlock, KeySpec, Usage};
use tongka_base::Algorithm;
use tongka_crypto::{Key16, mac_whole, sm4_decrypt, sm4_encrypt, tdes_decrypt, tdes_encrypt};
use zeroize::Zeroizing;

const MAGIC: &str = "TK1";
const HEADER: usize = 3 + 4 + 1 + 2 + 2 + 6;
/// Longest key value: SM2 private keys and card keys.
const LONGEST: usize = 32;

/// Factors by which the two keys come from the transport key.
const ENCRYPT: [u8; 8] = *b"TK1-ENC\0";
const AUTHENTICATE: [u8; 8] = *b"TK1-MAC\0";

/// The two keys made from a transport key.
pub(crate) struct TransportKeys {
    algorithm: Algorithm,
    encryption: Key16,
    authentication: Key16,
}

impl TransportKeys {
    /// By whatever diversifies the transport key.
    pub(crate) fn by(
        algorithm: Algorithm,
        mut diversify: impl FnMut([u8; 8]) -> Result<Key16, HsmError>,
    ) -> Result<Self, HsmError> {
        Ok(Self { algorithm, encryption: diversify(ENCRYPT)?, authentication: diversify(AUTHENTICATE)? })
    }

    fn mac(&self, data: &[u8]) -> Vec<u8> {
        mac_whole(self.algorithm, self.authentication.bytes(), data)
    }
}

/// ECB of whole blocks under a transport key.
fn cipher(algorithm: Algorithm, key: &[u8; 16], data: &[u8], encrypt: bool) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(data.len()));
    match algorithm {
        Algorithm::Tdes => {
            for block in data.chunks_exact(8) {
                let block = block.try_into().expect("8 bytes");
                out.extend(if encrypt { tdes_encrypt(key, block) } else { tdes_decrypt(key, block) });
            }
        }
        Algorithm::Sm4 => {
            for block in data.chunks_exact(16) {
                let block = block.try_into().expect("16 bytes");
                out.extend(if encrypt { sm4_encrypt(key, block) } else { sm4_decrypt(key, block) });
            }
        }
    }
    out
}

/// Wraps a key value under a transport key.
pub(crate) fn wrap(
    transport: &TransportKeys,
    usage: Usage,
    algorithm: Algorithm,
    version: u8,
    index: u8,
    kcv: [u8; 3],
    value: &[u8],
) -> KeyBlock {
    let letter = if algorithm == Algorithm::Tdes { 'T' } else { 'S' };
    let mut text =
        format!("{MAGIC}{:<4}{letter}{version:02X}{index:02X}{}", usage.code(), hex::encode_upper(kcv)).into_bytes();
    text.extend(
        hex::encode_upper(cipher(transport.algorithm, transport.encryption.bytes(), value, true).as_slice())
            .into_bytes(),
    );
    let mac = transport.mac(&text);
    text.extend(hex::encode_upper(mac).into_bytes());
    KeyBlock(text)
}

/// Unwraps a block for a key that shall be as `spec` says; the value and its check value from the block.
pub(crate) fn unwrap(
    transport: &TransportKeys,
    spec: &KeySpec,
    block: &KeyBlock,
) -> Result<(Zeroizing<Vec<u8>>, [u8; 3]), HsmError> {
    let damaged = || HsmError::new(HsmCode::Block, "its MAC or its form is wrong");
    let text = std::str::from_utf8(&block.0).ok().filter(|t| t.is_ascii() && t.len() <= HEADER + 4 * LONGEST + 32);
    let text = text.ok_or_else(damaged)?;
    let mac_length = if transport.algorithm == Algorithm::Tdes { 16 } else { 32 };
    let content = text.len().checked_sub(HEADER + mac_length).filter(|n| *n > 0).ok_or_else(damaged)?;
    let (signed, found) = text.split_at(HEADER + content);
    let expected = transport.mac(signed.as_bytes());
    // Compared without an early end.
    let found = hex::decode(found).map_err(|_| damaged())?;
    if found.len() != expected.len() || found.iter().zip(&expected).fold(0, |d, (a, b)| d | (a ^ b)) != 0 {
        return Err(damaged());
    }
    let field = |from: usize, to: usize| &signed[from..to];
    if field(0, 3) != MAGIC {
        return Err(damaged());
    }
    let usage = Usage::parse(field(3, 7).trim_end()).ok_or_else(damaged)?;
    if usage != spec.usage {
        return Err(HsmError::new(HsmCode::WrongUsage, format!("the block holds a {usage} key, not {}", spec.usage)));
    }
    let letter = if spec.algorithm == Algorithm::Tdes { "T" } else { "S" };
    if field(7, 8) != letter {
        return Err(HsmError::new(HsmCode::WrongAlgorithm, "the block holds a key of another algorithm"));
    }
    if field(8, 12) != format!("{:02X}{:02X}", spec.version, spec.index) {
        return Err(HsmError::new(HsmCode::Value, "the block holds a key of another version or index"));
    }
    let kcv = hex::decode(field(12, 18)).ok().and_then(|k| k.try_into().ok()).ok_or_else(damaged)?;
    let encrypted = hex::decode(&signed[HEADER..]).map_err(|_| damaged())?;
    let value = cipher(transport.algorithm, transport.encryption.bytes(), &encrypted, false);
    if value.len() != encrypted.len() {
        return Err(damaged());
    }
    Ok((value, kcv))
}
