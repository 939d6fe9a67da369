//! Layouts of the purse application's files (文件). Amounts are fen; dates and times are BCD as on the card.

mod journey;

pub use journey::{JourneyProcess, crc32};

use tongka_base::{AppSerial, IssuerId};

/// A file or record that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Wrong length.
    #[error("{file} 长度错误 must be {expected} bytes, not {actual}")]
    Length {
        /// The file.
        file: &'static str,
        /// Bytes it has.
        expected: usize,
        /// Bytes there were.
        actual: usize,
    },
    /// A date, time or serial that is not BCD.
    #[error("{file} 字段不是BCD码 field {field} is not BCD")]
    NotBcd {
        /// The file.
        file: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The checksum differs.
    #[error("EF1A 校验错误 CRC-32 is {stored:08X}, computed {computed:08X}")]
    Crc {
        /// In the record.
        stored: u32,
        /// Over the record.
        computed: u32,
    },
}

/// A field of fixed length.
pub(crate) trait Field: Sized {
    const LEN: usize;
    /// Reads the first `LEN` bytes of a slice that has them.
    fn get(bytes: &[u8]) -> Self;
    fn put(&self, out: &mut Vec<u8>);
}

impl<const N: usize> Field for [u8; N] {
    const LEN: usize = N;
    fn get(bytes: &[u8]) -> Self {
        std::array::from_fn(|i| bytes[i])
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

macro_rules! integer_field {
    ($($int:ty)*) => {$(
        impl Field for $int {
            const LEN: usize = size_of::<$int>();
            fn get(bytes: &[u8]) -> Self {
                Self::from_be_bytes(std::array::from_fn(|i| bytes[i]))
            }
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
        }
    )*};
}
integer_field!(u8 u16 u32);

macro_rules! newtype_field {
    ($($name:ident $len:literal)*) => {$(
        impl Field for $name {
            const LEN: usize = $len;
            fn get(bytes: &[u8]) -> Self {
                Self(Field::get(bytes))
            }
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }
        }
    )*};
}
newtype_field!(IssuerId 8 AppSerial 10);

macro_rules! layout {
    (
        $(#[$doc:meta])* $name:ident $file:literal $len:literal bcd [$($bcd:ident)*]
        { $($(#[$fdoc:meta])* $field:ident: $ty:ty),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }

        impl $name {
            /// Bytes of the file or record.
            pub const LEN: usize = $len;

            /// Reads it.
            pub fn decode(bytes: &[u8]) -> Result<Self, $crate::files::FileError> {
                if bytes.len() != $len {
                    let actual = bytes.len();
                    return Err($crate::files::FileError::Length { file: $file, expected: $len, actual });
                }
                let mut _at = 0;
                let mut next = |len: usize| { let part = &bytes[_at.._at + len]; _at += len; part };
                let read = Self { $($field: $crate::files::Field::get(next(<$ty as $crate::files::Field>::LEN))),* };
                $({
                    let mut raw = Vec::new();
                    $crate::files::Field::put(&read.$bcd, &mut raw);
                    if !$crate::files::is_bcd(&raw) {
                        return Err($crate::files::FileError::NotBcd { file: $file, field: stringify!($bcd) });
                    }
                })*
                Ok(read)
            }

            /// Writes it.
            pub fn encode(&self) -> [u8; $len] {
                const { assert!(0 $(+ <$ty as $crate::files::Field>::LEN)* == $len) };
                let mut out = Vec::with_capacity($len);
                $($crate::files::Field::put(&self.$field, &mut out);)*
                out.try_into().expect("the fields fill the layout")
            }
        }
    };
}
pub(crate) use layout;

/// Whether every nibble is a decimal digit.
pub fn is_bcd(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte >> 4 <= 9 && byte & 0x0F <= 9)
}

layout! {
    /// EF15 (公共应用基本信息), 30 bytes, of both schemes.
    PublicInfo "EF15" 30 bcd [start expiry] {
        /// Issuer id (发卡机构标识); a MOHURD card has [`MohurdIssuer`] in it.
        issuer: IssuerId,
        /// Application type (应用类型标识), on many cards 00 not enabled, 01 enabled.
        enabled: u8,
        /// Application version (应用版本).
        version: u8,
        /// Application serial (应用序列号).
        serial: AppSerial,
        /// First day (启用日期), YYYYMMDD.
        start: [u8; 4],
        /// Last day (有效日期), YYYYMMDD.
        expiry: [u8; 4],
        /// Issuer's own data.
        issuer_data: [u8; 2],
    }
}

layout! {
    /// What a MOHURD card has in the eight bytes of the issuer id.
    MohurdIssuer "EF15 issuer" 8 bcd [] {
        /// Issuer code (发卡方代码).
        issuer: [u8; 2],
        /// City code (城市代码).
        city: [u8; 2],
        /// Industry code (行业代码).
        industry: [u8; 2],
        /// Card class and the like, as the city has it.
        reserved: [u8; 2],
    }
}

impl PublicInfo {
    /// The issuer id as a MOHURD card has it.
    pub fn mohurd_issuer(&self) -> MohurdIssuer {
        MohurdIssuer::decode(&self.issuer.0).expect("eight bytes")
    }
}

layout! {
    /// EF16 (持卡人基本信息), 55 bytes.
    Holder "EF16" 55 bcd [] {
        /// Card type (卡类型标识).
        card_type: u8,
        /// Staff mark (职工标识).
        staff: u8,
        /// Name (姓名), GBK.
        name: [u8; 20],
        /// Document number (证件号码).
        document: [u8; 32],
        /// Document type (证件类型).
        document_type: u8,
    }
}

layout! {
    /// EF17 of T-Union (管理信息), 60 bytes.
    Management "EF17" 60 bcd [] {
        /// Country (国际代码), 00000156.
        country: [u8; 4],
        /// Province (省级代码).
        province: [u8; 2],
        /// City (城市代码).
        city: [u8; 2],
        /// Interoperability (互通卡种), 0001 interoperable.
        interoperable: [u8; 2],
        /// Kind of card (卡种类型).
        kind: u8,
        /// Reserved.
        reserved: [u8; 49],
    }
}

layout! {
    /// A record of EF18 (交易明细), 23 bytes.
    TransactionLog "EF18" 23 bcd [date time] {
        /// Offline counter of a purchase, online counter of a load.
        counter: u16,
        /// Overdraft limit (透支限额).
        overdraft: [u8; 3],
        /// Amount.
        amount: u32,
        /// Transaction type (交易类型标识).
        tti: u8,
        /// Terminal number (终端机编号).
        terminal: [u8; 6],
        /// Date, YYYYMMDD.
        date: [u8; 4],
        /// Time, hhmmss.
        time: [u8; 3],
    }
}

layout! {
    /// A record of EF1E (互通行业信息循环记录), 48 bytes: one leg of a journey.
    Journey "EF1E" 48 bcd [time] {
        /// 02 or 06 single, 03 entry, 04 exit.
        kind: u8,
        /// Device number.
        device: [u8; 8],
        /// Industry: 00 other, 01 metro, 02 bus.
        industry: u8,
        /// Line.
        line: [u8; 2],
        /// Station.
        station: [u8; 2],
        /// Operator.
        operator: [u8; 2],
        /// Reserved.
        reserved: u8,
        /// Amount.
        amount: u32,
        /// Balance after.
        balance: u32,
        /// Date and time, YYYYMMDDhhmmss.
        time: [u8; 7],
        /// City code.
        city: [u8; 2],
        /// Acquirer id (受理方机构).
        acquirer: [u8; 8],
        /// Reserved.
        tail: [u8; 6],
    }
}
