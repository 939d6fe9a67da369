//! Single blocks of DES, two-key triple DES and SM4.

use des::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

/// DES of one block.
pub fn des_encrypt(key: &[u8; 8], block: &[u8; 8]) -> [u8; 8] {
    let mut out = *block;
    des::Des::new(key.into()).encrypt_block((&mut out).into());
    out
}

/// Inverse DES of one block.
pub fn des_decrypt(key: &[u8; 8], block: &[u8; 8]) -> [u8; 8] {
    let mut out = *block;
    des::Des::new(key.into()).decrypt_block((&mut out).into());
    out
}

/// Two-key triple DES (EDE) of one block.
pub fn tdes_encrypt(key: &[u8; 16], block: &[u8; 8]) -> [u8; 8] {
    let mut out = *block;
    des::TdesEde2::new(key.into()).encrypt_block((&mut out).into());
    out
}

/// Inverse two-key triple DES of one block.
pub fn tdes_decrypt(key: &[u8; 16], block: &[u8; 8]) -> [u8; 8] {
    let mut out = *block;
    des::TdesEde2::new(key.into()).decrypt_block((&mut out).into());
    out
}

/// SM4 of one block.
pub fn sm4_encrypt(key: &[u8; 16], block: &[u8; 16]) -> [u8; 16] {
    let mut out = *block;
    sm4::Sm4::new(key.into()).encrypt_block((&mut out).into());
    out
}

/// Inverse SM4 of one block.
pub fn sm4_decrypt(key: &[u8; 16], block: &[u8; 16]) -> [u8; 16] {
    let mut out = *block;
    sm4::Sm4::new(key.into()).decrypt_block((&mut out).into());
    out
}
