//! Why a scheme file was refused.

use std::fmt;

/// Kind of a refusal; its code (`C01` to `C08`) is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// `C01`: not TOML.
    Syntax,
    /// `C02`: a section or field that a scheme does not have.
    UnknownField,
    /// `C03`: a value of the wrong type, form or range.
    BadValue,
    /// `C04`: a second entry of the same identity.
    Duplicate,
    /// `C05`: a reference to a member or issuer that is not in the file.
    UnknownReference,
    /// `C06`: PSAM ranges overlap.
    PsamOverlap,
    /// `C07`: fee rules of equal pattern overlap in time.
    FeeOverlap,
    /// `C08`: a section, field or key is missing.
    Missing,
}

impl ErrorCode {
    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "C01",
            Self::UnknownField => "C02",
            Self::BadValue => "C03",
            Self::Duplicate => "C04",
            Self::UnknownReference => "C05",
            Self::PsamOverlap => "C06",
            Self::FeeOverlap => "C07",
            Self::Missing => "C08",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One reason for which a scheme file was refused, and where. Never contains key bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column} {code} {reason_zh} / {reason_en}")]
pub struct SchemeError {
    /// What kind of fault.
    pub code: ErrorCode,
    /// Name of the file, as given to [`parse`](crate::parse).
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The reason in Chinese.
    pub reason_zh: String,
    /// The reason in English.
    pub reason_en: String,
}
