//! The card and file cryptography of the document, over block ciphers and hashes of public crates.
//!
//! Scalar and allocation-happy where that is plainer. Kept apart from the fast path's kernels on purpose.

use base64::Engine;
use des::cipher::{Block, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use des::{Des, TdesEde2};
use sm2::dsa::signature::Verifier;
use sm2::dsa::{Signature, VerifyingKey};
use sm3::Digest;
use sm4::Sm4;
use tongka_base::Algorithm;

/// Running SM3.
#[derive(Clone, Default)]
pub(crate) struct Sm3(sm3::Sm3);

impl Sm3 {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// SM3 of the bytes.
pub(crate) fn sm3(bytes: &[u8]) -> [u8; 32] {
    let mut running = Sm3::default();
    running.update(bytes);
    running.finish()
}

fn encrypted<C: BlockCipherEncrypt + BlockSizeUser>(cipher: &C, block: &[u8]) -> Vec<u8> {
    let mut block = Block::<C>::try_from(block).expect("a whole block");
    cipher.encrypt_block(&mut block);
    block.to_vec()
}

/// One level of key diversification (密钥分散): 3DES as two blocks under X and NOT X, SM4 as one block X ‖ NOT X.
pub(crate) fn diversify(algorithm: Algorithm, key: &[u8; 16], factor: &[u8; 8]) -> [u8; 16] {
    let inverted = factor.map(|byte| !byte);
    let derived = match algorithm {
        Algorithm::Tdes => {
            let cipher = TdesEde2::new(key.into());
            [encrypted(&cipher, factor), encrypted(&cipher, &inverted)].concat()
        }
        Algorithm::Sm4 => encrypted(&Sm4::new(key.into()), &[*factor, inverted].concat()),
    };
    derived.try_into().expect("16 bytes")
}

/// CBC-MAC from a zero vector over data padded with 80 00…, always; the leftmost four bytes of the last block.
fn cbc_mac<C: BlockCipherEncrypt + BlockSizeUser>(cipher: &C, data: &[u8]) -> [u8; 4] {
    let size = C::block_size();
    let mut padded = data.to_vec();
    padded.push(0x80);
    while !padded.len().is_multiple_of(size) {
        padded.push(0);
    }
    let mut state = vec![0; size];
    for block in padded.chunks(size) {
        for (s, b) in state.iter_mut().zip(block) {
            *s ^= b;
        }
        state = encrypted(cipher, &state);
    }
    [state[0], state[1], state[2], state[3]]
}

/// TAC (交易认证码) under a card's TAC key: 3DES folds the key's halves into one DES key, SM4 uses it whole.
pub(crate) fn tac(algorithm: Algorithm, card_key: &[u8; 16], data: &[u8]) -> [u8; 4] {
    match algorithm {
        Algorithm::Tdes => {
            let folded: [u8; 8] = std::array::from_fn(|i| card_key[i] ^ card_key[i + 8]);
            cbc_mac(&Des::new(&folded.into()), data)
        }
        Algorithm::Sm4 => cbc_mac(&Sm4::new(card_key.into()), data),
    }
}

/// Whether `text` is the base64 of a DER SM2 signature over SM3 of `message` by the owner of `public`, with the
/// standard's default identity. White space around the base64 is allowed.
pub(crate) fn signature_is_valid(public: &[u8; 65], message: &[u8], text: &[u8]) -> bool {
    let Ok(der) = base64::engine::general_purpose::STANDARD.decode(text.trim_ascii()) else { return false };
    let Ok(signature) = Signature::from_der(&der) else { return false };
    let Ok(key) = VerifyingKey::from_sec1_bytes("1234567812345678", public) else { return false };
    key.verify(message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{hex, to_hex};

    const TAC_MASTER: &[u8] = b"C0C1C2C3C4C5C6C7D0D1D2D3D4D5D6D7";

    fn card_key(algorithm: Algorithm, issuer: &[u8], card: &[u8]) -> [u8; 16] {
        let issuer_key = diversify(algorithm, &hex(TAC_MASTER).unwrap(), &hex(issuer).unwrap());
        diversify(algorithm, &issuer_key, &hex(card).unwrap())
    }

    #[test]
    fn published_hash() {
        assert_eq!(to_hex(&sm3(b"abc")), "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0");
    }

    #[test]
    fn keys_diversify_over_issuer_and_card() {
        let key = card_key(Algorithm::Tdes, b"02002900FFFFFFFF", b"0429000000001234");
        assert_ne!(to_hex(&key), "103FCCB43F66C475C4718468FF56CB80", "another card has another key");
        let key = card_key(Algorithm::Tdes, b"02002900FFFFFFFF", b"4290000000012345");
        assert_eq!(to_hex(&key), "103FCCB43F66C475C4718468FF56CB80");
        let key = card_key(Algorithm::Sm4, b"02002900FFFFFFFF", b"4290000000012345");
        assert_eq!(to_hex(&key), "1D34EE7F79A2B3018B815E1BB4D13C0A");
        let key = card_key(Algorithm::Tdes, b"2000FF0000000000", b"0000000090002030");
        assert_eq!(to_hex(&key), "5FBDED4779BCDC323F0CB1AC4CA82C0B");
    }

    #[test]
    fn transaction_codes() {
        let (issuer, card) = (b"02002900FFFFFFFF", b"4290000000012345");
        let purchase: [u8; 22] = hex(b"000000C80611223344556600000A1720250131083015").unwrap();
        let compound: [u8; 22] = hex(b"000000C80911223344556600000A1720250131083015").unwrap();
        for (algorithm, data, code) in [
            (Algorithm::Tdes, purchase, "E0A0D839"),
            (Algorithm::Tdes, compound, "3DE06E64"),
            (Algorithm::Sm4, purchase, "50E081FB"),
            (Algorithm::Sm4, compound, "033A253D"),
        ] {
            assert_eq!(to_hex(&tac(algorithm, &card_key(algorithm, issuer, card), &data)), code);
        }
        let data: [u8; 22] = hex(b"000000010620000000000700001A2B20110402154217").unwrap();
        let key = card_key(Algorithm::Tdes, b"2000FF0000000000", b"0000000090002030");
        assert_eq!(to_hex(&tac(Algorithm::Tdes, &key, &data)), "E80B993B");
    }
}
