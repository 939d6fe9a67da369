//! SM2 signatures over SM3 (GB/T 32918.2), DER, with the usual user id `1234567812345678`.

use crate::sm3::{Sm3, sm3};
use sm2::dsa::signature::Signer;
use sm2::dsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};

const USER_ID: &str = "1234567812345678";
/// Curve parameters a, b and the base point's x, y, as they enter ZA.
const CURVE: [u8; 128] = {
    let hex = b"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC\
                28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93\
                32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7\
                BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0";
    let mut out = [0; 128];
    let mut at = 0;
    while at < 256 {
        let digit = if hex[at] <= b'9' { hex[at] - b'0' } else { hex[at] - b'A' + 10 };
        out[at / 2] = out[at / 2] << 4 | digit;
        at += 1;
    }
    out
};

/// The uncompressed public key of a private key; `None` when that is no private key.
pub fn sm2_public_key(private: &[u8; 32]) -> Option<[u8; 65]> {
    let key = SigningKey::from_slice(USER_ID, private).ok()?;
    key.verifying_key().to_sec1_bytes().as_ref().try_into().ok()
}

/// Signs a message; `None` when the private key is none.
pub fn sm2_sign(private: &[u8; 32], message: &[u8]) -> Option<Vec<u8>> {
    let key = SigningKey::from_slice(USER_ID, private).ok()?;
    let signature: Signature = key.try_sign(message).ok()?;
    Some(signature.to_der().as_bytes().to_vec())
}

/// Whether a DER signature of a message is right.
pub fn sm2_verify(public: &[u8; 65], message: &[u8], signature: &[u8]) -> bool {
    let Some(mut verifier) = Sm2Verifier::new(public) else { return false };
    verifier.update(message);
    verifier.verify(signature)
}

/// A digest that has taken in ZA, which binds the signer's identity and key.
fn digest_for(public: &[u8; 65]) -> Sm3 {
    let bits = (USER_ID.len() as u16 * 8).to_be_bytes();
    let mut digest = Sm3::new();
    digest.update(&sm3(&[&bits[..], USER_ID.as_bytes(), &CURVE, &public[1..]].concat()));
    digest
}

/// Signs a message that comes in pieces.
pub struct Sm2Signer {
    key: SigningKey,
    digest: Sm3,
}

impl Sm2Signer {
    /// A signer; `None` when the private key is none.
    pub fn new(private: &[u8; 32]) -> Option<Self> {
        let key = SigningKey::from_slice(USER_ID, private).ok()?;
        let public: [u8; 65] = key.verifying_key().to_sec1_bytes().as_ref().try_into().ok()?;
        Some(Self { key, digest: digest_for(&public) })
    }

    /// The next piece of the message.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// The DER signature over all that came.
    pub fn sign(self) -> Vec<u8> {
        let signature: Signature =
            self.key.sign_prehash(&self.digest.finish()).expect("a digest of the right length can be signed");
        signature.to_der().as_bytes().to_vec()
    }
}

/// Verifies a signature over a message that comes in pieces.
pub struct Sm2Verifier {
    key: VerifyingKey,
    digest: Sm3,
}

impl Sm2Verifier {
    /// A verifier for an uncompressed public key; `None` when it is no point of the curve.
    pub fn new(public: &[u8; 65]) -> Option<Self> {
        let key = VerifyingKey::from_sec1_bytes(USER_ID, public).ok()?;
        Some(Self { key, digest: digest_for(public) })
    }

    /// The next piece of the message.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// Whether the DER signature is right for all that came.
    pub fn verify(self, signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_der(signature) else { return false };
        self.key.verify_prehash(&self.digest.finish(), &signature).is_ok()
    }
}
