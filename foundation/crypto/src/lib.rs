//! Card cryptography (卡片密码): DES, SM2, SM3, SM4; diversification, session keys, MAC and TAC; batch TAC kernels.
//!
//! Rules and field lists follow the PBOC purse as both card schemes use it; what differs between card systems is a
//! parameter. Block ciphers and curves come from well-kept libraries; own code is the bit-sliced and vectorised kernels,
//! each tested against those libraries. Invariants: nothing here prints or returns a key that it was not asked to
//! derive; no input makes it panic but a slice of the wrong length in a documented place.

mod block;
mod card;
mod hmac;
mod key;
mod secure;
mod sm2;
mod sm3;
mod tac;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use block::{des_decrypt, des_encrypt, sm4_decrypt, sm4_encrypt, tdes_decrypt, tdes_encrypt};
pub use card::{
    LoadFields, OverdraftFields, PurchaseFields, SessionInput, SessionKey, Sm4SessionPadding, UnloadFields, load_mac1,
    load_mac2, load_tac, overdraft_mac1, overdraft_mac2, overdraft_tac, purchase_mac1, purchase_mac2, purchase_tac,
    session_key, tac, unload_mac1, unload_mac2, unload_mac3,
};
pub use hmac::{equal_in_constant_time, hmac_sm3};
pub use key::{Key16, diversify, diversify_levels, kcv, mac_des, mac_sm4, mac_whole, retail_mac};
pub use secure::{
    decrypt_key, encrypt_key, external_authentication, secure_encrypt, secure_mac, secure_plain, wrap_key,
};
pub use sm2::{Sm2Signer, Sm2Verifier, sm2_public_key, sm2_sign, sm2_verify};
pub use sm3::{Sm3, sm3, sm3_update_many};
pub use tac::{Kernel, TacInput, tac_batch, tac_batch_with, tac_data, tac_purchase};
