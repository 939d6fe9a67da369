//! Columns of the records of one upload.

use crate::keys::KeyHash;
use tongka_base::{Reason, Verdict};

/// Bit of `flags`: the terminal did not see the card's answer.
pub const FLAG_GREY: u8 = 1;
/// Bit of `flags`: test card or test terminal.
pub const FLAG_TEST: u8 = 2;
/// `issuer_member` of a record whose issuer is unknown.
pub const NO_MEMBER: u16 = u16::MAX;
/// `issuer_rank` of a record whose issuer is unknown.
pub const NO_RANK: u16 = u16::MAX;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $ty:ty),* $(,)?) => {
        /// Records of one upload as columns; row `i` is record number `i + 1`.
        #[derive(Clone, Debug, Default)]
        pub struct Columns {
            $($(#[$doc])* pub $name: Vec<$ty>),*
        }

        impl Columns {
            /// Removes all rows and makes room for `rows`; memory that is there is used again.
            pub fn restart(&mut self, rows: usize) {
                $(self.$name.clear(); self.$name.reserve_exact(rows);)*
            }

            /// Appends a row of zeros: the row of a malformed record.
            pub(crate) fn push_zero(&mut self) {
                $(self.$name.push(Default::default());)*
            }
        }
    };
}

columns! {
    /// Card scheme letter, `T` or `M`; 0 in the row of a malformed record.
    scheme: u8,
    /// Issuer id, big-endian.
    issuer_id: u64,
    /// First two bytes of the application serial.
    serial_high: u16,
    /// Last eight bytes of the application serial: the card factor.
    serial_low: u64,
    /// Card type.
    card_type: u8,
    /// Transaction type (TTI).
    tti: u8,
    /// Offline counter.
    counter: u16,
    /// PSAM terminal number, 48 bits.
    psam: u64,
    /// PSAM transaction number.
    psam_txn: u32,
    /// Balance before, fen.
    balance_before: i32,
    /// Amount, fen; also in the row of a malformed record, where a malformed amount counts as 0.
    amount: u32,
    /// List price, fen.
    list_price: u32,
    /// Transaction date, days since 1970-01-01.
    date: i32,
    /// Transaction time, seconds since midnight.
    time: u32,
    /// Key version.
    key_version: u8,
    /// Algorithm code.
    algorithm: u8,
    /// TAC.
    tac: u32,
    /// Industry code.
    industry: u8,
    /// Merchant.
    merchant: u32,
    /// Line.
    line: u32,
    /// Device number.
    device: u32,
    /// City.
    city: u16,
    /// [`FLAG_GREY`] and [`FLAG_TEST`].
    flags: u8,
    /// Index of the issuer's member in the scheme, or [`NO_MEMBER`].
    issuer_member: u16,
    /// Index of the issuer in the scheme, or [`NO_RANK`].
    issuer_rank: u16,
    /// Reason code; it fixes the verdict.
    reason: u8,
    /// Hash of the card key with the content.
    card_key: KeyHash,
    /// Hash of the PSAM key.
    psam_key: KeyHash,
}

impl Columns {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.reason.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.reason.is_empty()
    }

    /// The reason of a row.
    pub fn reason(&self, row: usize) -> Reason {
        Reason::from_code(self.reason[row]).expect("a column holds only known reasons")
    }

    /// The verdict of a row.
    pub fn verdict(&self, row: usize) -> Verdict {
        self.reason(row).verdict()
    }
}
