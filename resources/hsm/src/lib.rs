//! Hardware security modules (加密机) by business command: keys are named and used, never read.
//!
//! [`Hsm`] is what the platform asks of a device. Three drivers offer it: [`soft`], the default, keeps keys in this
//! process and in an encrypted file; [`pkcs11`] uses a token; [`tcp`] a financial HSM over the network, whose command
//! codes and layouts a profile file describes. [`pool`] makes one of several devices. [`device`] is the other side of
//! the TCP protocol: a simulator over any driver.
//!
//! Invariants: no command returns a key in the clear; a key does only what its usage says; no error, log line or
//! `Debug` shows key bytes; what a device cannot do is refused by name.

mod block;
pub mod config;
pub mod device;
mod error;
mod model;
pub mod pkcs11;
pub mod pool;

pub mod profile;
pub mod soft;
pub mod tcp;

pub use error::{HsmCode, HsmError};
pub use model::{Component, DeviceInfo, KeyBlock, KeyInfo, KeyRef, KeySpec, MOST_LEVELS, Usage, algorithm_name};

use tongka_crypto::{SessionInput, Sm4SessionPadding, TacInput};

/// What a session key is made from, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Card random and counters.
    pub input: SessionInput,
    /// How SM4 cards of this kind pad it.
    pub padding: Sm4SessionPadding,
}

/// A device, or several, by business command. Every command may also fail as its driver says.
pub trait Hsm: Send + Sync {
    /// What the device is.
    fn info(&self) -> DeviceInfo;

    /// Whether it answers.
    fn check(&self) -> Result<(), HsmError>;

    /// Its keys, by name.
    fn keys(&self) -> Result<Vec<KeyInfo>, HsmError>;

    /// Makes a random key.
    ///
    /// # Errors
    /// H02, H13.
    fn generate(&self, spec: &KeySpec) -> Result<KeyInfo, HsmError>;

    /// Makes a key from 2 to 5 components by XOR. `kcv` is that of the whole key where the ceremony knows it.
    ///
    /// # Errors
    /// H02; H05 for a wrong number of components or two that are equal; H06.
    fn import_components(
        &self,
        spec: &KeySpec,
        components: &[Component],
        kcv: Option<[u8; 3]>,
    ) -> Result<KeyInfo, HsmError>;

    /// Stores a key diversified from another: a city's from the national one.
    ///
    /// # Errors
    /// H01, H02; H03 where the usage differs; H04 where the algorithm does.
    fn derive(&self, parent: KeyRef<'_>, spec: &KeySpec) -> Result<KeyInfo, HsmError>;

    /// A key under a transport key.
    ///
    /// # Errors
    /// H01; H03 where `under` is no transport key.
    fn export(&self, key: KeyRef<'_>, under: &str) -> Result<KeyBlock, HsmError>;

    /// Stores the key of a block. Usage, algorithm, version and index must be those of the block.
    ///
    /// # Errors
    /// H01, H02; H03 and H04 where the block says otherwise than `spec`; H12.
    fn import(&self, spec: &KeySpec, block: &KeyBlock, under: &str) -> Result<KeyInfo, HsmError>;

    /// Destroys a key.
    ///
    /// # Errors
    /// H01.
    fn destroy(&self, name: &str) -> Result<(), HsmError>;

    /// Check value of a key, stored or diversified.
    ///
    /// # Errors
    /// H01.
    fn kcv(&self, key: KeyRef<'_>) -> Result<[u8; 3], HsmError>;

    /// TAC over transaction data under a card's TAC key.
    ///
    /// # Errors
    /// H01, H03.
    fn tac(&self, key: KeyRef<'_>, data: &[u8]) -> Result<[u8; 4], HsmError>;

    /// Checks a TAC.
    ///
    /// # Errors
    /// H01, H03; H07 where it is wrong.
    fn verify_tac(&self, key: KeyRef<'_>, data: &[u8], tac: [u8; 4]) -> Result<(), HsmError> {
        model::matching(&self.tac(key, data)?, &tac, "TAC")
    }

    /// Purchase TACs of many records: `right[i]` tells whether `tacs[i]` is that of `records[i]`, whose issuer key is
    /// `issuers[records[i].issuer_key]`. All issuer keys have one algorithm.
    ///
    /// # Errors
    /// H01, H03; H04 for mixed algorithms; H13 for an issuer key that is not in the list or lists of unequal length.
    fn verify_tacs(
        &self,
        issuers: &[KeyRef<'_>],
        records: &[TacInput],
        tacs: &[[u8; 4]],
        right: &mut [bool],
    ) -> Result<(), HsmError>;

    /// MAC over data under a session key of a purchase, load, unload or overdraft key.
    ///
    /// # Errors
    /// H01, H03.
    fn session_mac(&self, key: KeyRef<'_>, session: Session, data: &[u8]) -> Result<[u8; 4], HsmError>;

    /// Checks a MAC under a session key: MAC3 of an unload, MAC2 of a purchase.
    ///
    /// # Errors
    /// H01, H03; H07 where it is wrong.
    fn verify_session_mac(&self, key: KeyRef<'_>, session: Session, data: &[u8], mac: [u8; 4]) -> Result<(), HsmError> {
        model::matching(&self.session_mac(key, session, data)?, &mac, "session MAC")
    }

    /// One command for an online transaction: checks the card's MAC1 and returns the host's MAC2.
    ///
    /// # Errors
    /// H01, H03; H07 where MAC1 is wrong.
    fn authorise(
        &self,
        key: KeyRef<'_>,
        session: Session,
        mac1_data: &[u8],
        mac1: [u8; 4],
        mac2_data: &[u8],
    ) -> Result<[u8; 4], HsmError>;

    /// Secure-messaging MAC of a card command.
    ///
    /// # Errors
    /// H01, H03.
    fn secure_mac(&self, key: KeyRef<'_>, challenge: &[u8; 4], command: &[u8]) -> Result<[u8; 4], HsmError>;

    /// Personalisation data encrypted under a transport or card control key: length byte, data, padding.
    ///
    /// # Errors
    /// H01, H03; H13 above 255 bytes.
    fn encrypt(&self, key: KeyRef<'_>, data: &[u8]) -> Result<Vec<u8>, HsmError>;

    /// A card key with its three-byte header, encrypted for WRITE KEY under a transport or card control key.
    ///
    /// # Errors
    /// H01; H03 for a key that is no card key.
    fn wrap_card_key(&self, key: KeyRef<'_>, header: [u8; 3], under: KeyRef<'_>) -> Result<Vec<u8>, HsmError>;

    /// The sixteen bytes of a card key under a transport key, alone: as card data files have them that carry the key's
    /// description in the clear. A MAC over the file stands for both.
    ///
    /// # Errors
    /// H01; H03 for a key that is no card key or `under` that is no transport key.
    fn encrypt_card_key(&self, key: KeyRef<'_>, under: &str) -> Result<[u8; 16], HsmError>;

    /// MAC of a file: 8 bytes for 3DES, 16 for SM4.
    ///
    /// # Errors
    /// H01, H03.
    fn file_mac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, HsmError>;

    /// Checks the MAC of a file.
    ///
    /// # Errors
    /// H01, H03; H07 where it is wrong.
    fn verify_file_mac(&self, key: &str, data: &[u8], mac: &[u8]) -> Result<(), HsmError> {
        model::matching(&self.file_mac(key, data)?, mac, "MAC of the file")
    }

    /// Public key of an SM2 key: 04, x, y.
    ///
    /// # Errors
    /// H01, H03.
    fn sm2_public(&self, key: &str) -> Result<[u8; 65], HsmError>;

    /// SM2 signature (DER) of a message, with the standard's default user id.
    ///
    /// # Errors
    /// H01, H03.
    fn sm2_sign(&self, key: &str, message: &[u8]) -> Result<Vec<u8>, HsmError>;
}
