//! The TXU record (消费记录) at speed, for millions of records a second.
//!
//! Digits and hex are read eight bytes at a time and errors are collected without branches; which field is bad is looked
//! for by the record table, and only where there is one. This is record check 1 (`R 01`) but for the record number's
//! place in the file, which the caller knows. The mark and the line's end belong to the file checks.

pub mod at;
mod read;
mod swar;
mod write;

pub use read::{amount_or_zero, parse_txu};
pub use write::format_txu;

use std::ops::Range;
use tongka_base::{Algorithm, AppSerial, CardScheme, Date, Industry, IssuerId, PsamNo};

/// Bytes of a line with CR LF.
pub const LINE_LEN: usize = crate::tables::TXU.line_len();

/// Bytes of a record without CR LF.
pub const RECORD_LEN: usize = crate::tables::TXU.record_len();

/// Fields 3 to 23: what two uploads of the same transaction have in common.
pub const CONTENT: Range<usize> = at::SCHEME.start..at::CITY.end;

/// A consumption record whose every field matches its type and its listed values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txu {
    /// Record number; whether it is the record's place is for the caller to say.
    pub record_no: u32,
    /// Card scheme.
    pub scheme: CardScheme,
    /// Issuer id.
    pub issuer_id: IssuerId,
    /// Application serial.
    pub serial: AppSerial,
    /// Card type, the issuer's code, 0 to 99.
    pub card_type: u8,
    /// Transaction type, 0x06 or 0x09.
    pub tti: u8,
    /// Offline counter.
    pub counter: u16,
    /// PSAM terminal number.
    pub psam: PsamNo,
    /// PSAM transaction number.
    pub psam_txn: u32,
    /// Balance before, fen; may be negative.
    pub balance_before: i32,
    /// Amount really deducted, fen.
    pub amount: u32,
    /// List price, fen.
    pub list_price: u32,
    /// Transaction date.
    pub date: Date,
    /// Transaction time, seconds since midnight.
    pub time_seconds: u32,
    /// Key version.
    pub key_version: u8,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// TAC.
    pub tac: [u8; 4],
    /// Industry.
    pub industry: Industry,
    /// Merchant.
    pub merchant: u32,
    /// Line; 0 = none.
    pub line: u32,
    /// Device number.
    pub device: u32,
    /// City where the tap happened.
    pub city: u16,
    /// Whether the terminal did not see the card's answer.
    pub grey: bool,
    /// Whether card or terminal is a test one.
    pub test: bool,
}

/// The first field of a record that does not match its type or its listed values, by its name in the table; `record`
/// when the line does not have the length of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("W02 字段 {0} 不符合类型或取值 field {0} does not match its type or its listed values")]
pub struct BadField(pub &'static str);

/// A record in place, unread: 158 bytes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxuRecord<'a>(&'a [u8; RECORD_LEN]);

impl<'a> TxuRecord<'a> {
    /// The record of a line, with or without CR LF; `None` for any other length or end.
    #[inline]
    pub fn new(line: &'a [u8]) -> Option<Self> {
        let (record, end) = line.split_first_chunk()?;
        matches!(end, b"" | b"\r\n").then_some(Self(record))
    }

    /// Its bytes.
    #[inline]
    pub fn bytes(self) -> &'a [u8; RECORD_LEN] {
        self.0
    }

    /// The bytes of a field, by one of the ranges in [`at`].
    ///
    /// # Panics
    /// When the range lies outside the record.
    #[inline]
    pub fn field(self, range: Range<usize>) -> &'a [u8] {
        &self.0[range]
    }

    /// The bytes of fields 3 to 23, which two uploads of the same transaction have in common.
    #[inline]
    pub fn content(self) -> &'a [u8] {
        &self.0[CONTENT]
    }

    /// All fields, or the first that is bad.
    #[inline]
    pub fn parse(self) -> Result<Txu, BadField> {
        read::parse(self.0)
    }
}
