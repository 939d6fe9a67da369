//! What an HSM can refuse and how it can fail.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $zh:literal $en:literal),* $(,)?) => {
        /// Why a command was not done; the code is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum HsmCode { $($(#[$doc])* $name),* }

        impl HsmCode {
            /// All codes, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// `H01` and so on.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// Meaning in Chinese.
            pub fn text_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }

            /// Meaning in English.
            pub fn text_en(self) -> &'static str {
                match self { $(Self::$name => $en),* }
            }
        }
    };
}

codes! {
    /// There is no key of that name.
    NotFound "H01" "密钥不存在" "there is no such key",
    /// There is a key of that name.
    Exists "H02" "密钥已存在" "a key of that name exists",
    /// The key is for another purpose.
    WrongUsage "H03" "密钥用途不符" "the key is for another purpose",
    /// The key has another algorithm.
    WrongAlgorithm "H04" "密钥算法不符" "the key has another algorithm",
    /// Too few, too many or repeated components.
    Components "H05" "密钥分量缺少、过多或重复" "components are missing, too many or repeated",
    /// A check value differs.
    Kcv "H06" "校验值不符" "the check value differs",
    /// A MAC is wrong.
    Mac "H07" "MAC错误" "the MAC is wrong",
    /// The device cannot do it, or its policy forbids it.
    Unsupported "H08" "设备不支持或策略禁止" "the device cannot do this or its policy forbids it",
    /// The device cannot be reached or broke.
    Failed "H09" "设备故障或不可达" "the device failed or cannot be reached",
    /// No device became free in time.
    Busy "H10" "等待设备超时" "no device became free in time",
    /// The keystore cannot be opened: wrong passphrase or altered.
    Keystore "H11" "密钥库口令错误或被改动" "wrong passphrase, or the keystore was altered",
    /// A key block was altered or is under another key.
    Block "H12" "密钥块被改动或传输密钥不符" "the key block was altered or is under another key",
    /// A value is outside what the command takes.
    Value "H13" "参数不合规" "a value is outside what the command takes",
    /// The device answered something else than its profile says.
    Protocol "H14" "设备应答不符合协议" "the answer does not fit the device's profile",
}

impl HsmCode {
    /// The code of a text as [`HsmCode::code`] gives it.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.code() == code)
    }

    /// Whether another device, or the same one later, might do it.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Busy | Self::Protocol)
    }
}

/// A command that was not done. Never holds key bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HsmError {
    /// Why.
    pub code: HsmCode,
    /// What did not fit, for people.
    pub detail: String,
}

impl HsmError {
    /// An error with a detail.
    pub fn new(code: HsmCode, detail: impl fmt::Display) -> Self {
        Self { code, detail: detail.to_string() }
    }
}

impl fmt::Display for HsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}: {}", self.code.code(), self.code.text_zh(), self.code.text_en(), self.detail)
    }
}

impl std::error::Error for HsmError {}
