//! Parameters of statements.

use tongka_base::{Fen, MemberCode};

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An integer: also flags (0 and 1), days since 1970-01-01 and fen.
    Int(i64),
    /// Text; without U+0000, which PostgreSQL cannot store.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// Nothing. It is written into the query text, so that PostgreSQL takes it for a column of any type.
    Null,
}

/// A list of parameters as `&[Value]`: `params![day, member.0, "open"]`. Use `.to_vec()` for a row of a batch.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] as &[$crate::Value] };
}

macro_rules! from_integers {
    ($($t:ty),*) => {
        $(impl From<$t> for Value {
            fn from(value: $t) -> Self {
                Self::Int(i64::from(value))
            }
        })*
    };
}

from_integers!(i64, i32, i16, i8, u32, u16, u8, bool);

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<Fen> for Value {
    fn from(value: Fen) -> Self {
        Self::Int(value.0)
    }
}

impl From<MemberCode> for Value {
    fn from(value: MemberCode) -> Self {
        Self::Int(i64::from(value.0))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
