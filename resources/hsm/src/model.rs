//! Keys as the outside sees them: a name, what they are for, and a check value; never their bytes.

use crate::{HsmCode, HsmError};
use serde::{Deserialize, Serialize};
use std::fmt;
use tongka_base::Algorithm;
use tongka_crypto::Key16;

macro_rules! usages {
    ($($(#[$doc:meta])* $name:ident $code:literal $zh:literal),* $(,)?) => {
        /// What a key is for. A key does nothing else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Usage { $($(#[$doc])* #[serde(rename = $code)] $name),* }

        impl Usage {
            /// All usages.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The field's abbreviation.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// Chinese name.
            pub fn text_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }
        }
    };
}

usages! {
    /// Card master control key.
    CardMaster "CCK" "卡片主控密钥",
    /// Card maintenance key.
    CardMaintenance "CMK" "卡片维护密钥",
    /// Application master control key.
    AppMaster "ACK" "应用主控密钥",
    /// Application maintenance key.
    AppMaintenance "DAMK" "应用维护密钥",
    /// Purchase key.
    Purchase "DPK" "消费密钥",
    /// Load key.
    Load "DLK" "圈存密钥",
    /// TAC key.
    Tac "DTK" "TAC密钥",
    /// Unload key.
    Unload "DULK" "圈提密钥",
    /// Overdraft update key.
    Overdraft "DUK" "修改透支限额密钥",
    /// PIN unblock key.
    PinUnblock "DPUK" "PIN解锁密钥",
    /// PIN reload key.
    PinReload "DRPK" "PIN重装密钥",
    /// Internal authentication key.
    InternalAuth "IAK" "内部认证密钥",
    /// External authentication key.
    ExternalAuth "EAK" "外部认证密钥",
    /// Record protection key.
    RecordProtect "RPK" "互通记录保护密钥",
    /// A key that card data have room for and no rule uses yet.
    Reserved "RSV" "保留密钥",
    /// Transport key: other keys travel under it.
    Transport "ZMK" "传输密钥",
    /// Key of a file's MAC.
    FileMac "ZAK" "文件MAC密钥",
    /// SM2 signature key.
    Sign "SM2" "签名密钥",
}

impl Usage {
    /// The usage of an abbreviation.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|u| u.code() == code)
    }

    /// Whether keys of cards are diversified from it.
    pub fn is_card_key(self) -> bool {
        !matches!(self, Self::Transport | Self::FileMac | Self::Sign)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// `3DES` or `SM4`, as people write it.
pub fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Tdes => "3DES",
        Algorithm::Sm4 => "SM4",
    }
}

/// What a new key shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Name: 1 to 48 of `a-z 0-9 . _ -`.
    pub name: String,
    /// Purpose.
    pub usage: Usage,
    /// Algorithm; a [`Usage::Sign`] key is SM2 whatever stands here.
    pub algorithm: Algorithm,
    /// Version, as cards carry it.
    pub version: u8,
    /// Index, as cards carry it.
    pub index: u8,
}

impl KeySpec {
    /// Refuses a name that is none.
    pub fn check(&self) -> Result<(), HsmError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        if self.name.is_empty() || self.name.len() > 48 || !self.name.bytes().all(plain) {
            return Err(HsmError::new(HsmCode::Value, "a key name is 1 to 48 of a-z 0-9 . _ -"));
        }
        Ok(())
    }
}

/// A key of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// What it is.
    pub spec: KeySpec,
    /// First three bytes of the encryption of zeros; of an SM2 key, of the SM3 of its public key.
    pub kcv: [u8; 3],
}

/// A key of a device, or one diversified from it inside the device for one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRef<'a> {
    /// Name of the stored key.
    pub name: &'a str,
    /// Factors, one a level, the upper level first. Empty: the stored key itself.
    pub factors: &'a [[u8; 8]],
}

impl<'a> KeyRef<'a> {
    /// The stored key itself.
    pub fn stored(name: &'a str) -> Self {
        Self { name, factors: &[] }
    }
}

/// Levels that one command diversifies at most.
pub const MOST_LEVELS: usize = 4;

/// One component of a key, in the hands of one custodian.
#[derive(Debug)]
pub struct Component {
    /// Its value.
    pub value: Key16,
    /// Its check value, from the custodian's sheet.
    pub kcv: [u8; 3],
}

/// A key under a transport key, with its description and a MAC over both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBlock(pub Vec<u8>);

/// Compares MACs without stopping at the first difference.
pub(crate) fn matching(made: &[u8], given: &[u8], what: &str) -> Result<(), HsmError> {
    let same = made.len() == given.len() && made.iter().zip(given).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0;
    if same { Ok(()) } else { Err(HsmError::new(HsmCode::Mac, what)) }
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Driver: `soft`, `pkcs11`, `tcp`.
    pub driver: &'static str,
    /// Model and version.
    pub model: String,
    /// What a custodian should know of how it keeps keys.
    pub notes: Vec<String>,
}
