//! Codes of parties, cards, terminals and keys. Each has its own type, so that one cannot be passed for another.

use std::fmt;

/// Member institution (成员机构) code, eight decimal digits; `00000000` is the centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberCode(pub u32);

impl MemberCode {
    /// The clearing centre (清算中心) itself.
    pub const CENTRE: Self = Self(0);
    /// Stands in receipts for a sender that cannot be told.
    pub const UNROUTED: Self = Self(99_999_999);

    /// Reads eight ASCII digits.
    pub fn parse(text: &[u8]) -> Option<Self> {
        (text.len() == 8 && text.iter().all(u8::is_ascii_digit))
            .then(|| Self(text.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'))))
    }
}

impl fmt::Display for MemberCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

/// Card scheme (卡体系): whose card application made the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardScheme {
    /// T-Union (交通联合), JT/T 978; letter `T`.
    TUnion,
    /// MOHURD interconnect (住建部互联互通), CJ/T 331; letter `M`.
    Mohurd,
}

impl CardScheme {
    /// Both schemes.
    pub const ALL: [Self; 2] = [Self::TUnion, Self::Mohurd];

    /// The scheme of an exchange letter.
    pub fn from_letter(letter: u8) -> Option<Self> {
        match letter {
            b'T' => Some(Self::TUnion),
            b'M' => Some(Self::Mohurd),
            _ => None,
        }
    }

    /// The exchange letter, `T` or `M`.
    pub fn letter(self) -> u8 {
        match self {
            Self::TUnion => b'T',
            Self::Mohurd => b'M',
        }
    }
}

impl fmt::Display for CardScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.letter()))
    }
}

/// Algorithm of a card key in exchange files: `01` 3DES, `04` SM4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Two-key triple DES; exchange code `01`.
    Tdes,
    /// SM4 (国密); exchange code `04`.
    Sm4,
}

impl Algorithm {
    /// The algorithm of an exchange code byte (0x01 or 0x04).
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0x01 => Some(Self::Tdes),
            0x04 => Some(Self::Sm4),
            _ => None,
        }
    }

    /// The exchange code byte.
    pub fn code(self) -> u8 {
        match self {
            Self::Tdes => 0x01,
            Self::Sm4 => 0x04,
        }
    }
}

/// Key version (密钥版本) byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyVersion(pub u8);

/// Industry (行业) of the terminal, as coded in exchange files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Industry {
    /// 公交, `01`.
    Bus = 1,
    /// 地铁, `02`.
    Metro = 2,
    /// 出租, `03`.
    Taxi = 3,
    /// 轮渡, `04`.
    Ferry = 4,
    /// 停车, `05`.
    Parking = 5,
    /// 零售, `09`.
    Retail = 9,
}

impl Industry {
    /// Every industry, in code order.
    pub const ALL: [Self; 6] = [Self::Bus, Self::Metro, Self::Taxi, Self::Ferry, Self::Parking, Self::Retail];

    /// The industry of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|i| i.code() == code)
    }

    /// The code: 1 to 5, or 9.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The Chinese name.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Bus => "公交",
            Self::Metro => "地铁",
            Self::Taxi => "出租",
            Self::Ferry => "轮渡",
            Self::Parking => "停车",
            Self::Retail => "零售",
        }
    }
}

impl fmt::Display for Industry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.code())
    }
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Reads upper-case hexadecimal text of exactly twice the length.
            pub fn parse(text: &[u8]) -> Option<Self> {
                let mut out = [0; $len];
                parse_hex(text, &mut out).then_some(Self(out))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }
    };
}

hex_id!(
    /// Issuer id (发卡机构标识), the first 8 bytes of the card's EF15.
    IssuerId, 8
);
hex_id!(
    /// Application serial (应用序列号), bytes 10–19 of EF15; its last 8 bytes are the card's diversification factor.
    AppSerial, 10
);
hex_id!(
    /// PSAM terminal number (终端机编号), the PSAM's EF16: what enters MAC and TAC.
    PsamNo, 6
);

impl AppSerial {
    /// The card factor (卡片分散因子): the last 8 bytes.
    pub fn card_factor(&self) -> [u8; 8] {
        self.0[2..].try_into().expect("8 of 10 bytes")
    }

    /// The serial for people and logs: all but the first six and last four digits masked.
    pub fn masked(&self) -> String {
        let text = self.to_string();
        format!("{}**********{}", &text[..6], &text[16..])
    }
}

impl CardScheme {
    /// The issuer's diversification factor (发卡机构分散因子): T-Union uses the issuer id itself, MOHURD its
    /// city code (bytes 2–3) followed by `FF0000000000`.
    pub fn issuer_factor(self, issuer: IssuerId) -> [u8; 8] {
        match self {
            Self::TUnion => issuer.0,
            Self::Mohurd => [issuer.0[2], issuer.0[3], 0xFF, 0, 0, 0, 0, 0],
        }
    }
}

/// Reads upper-case hex of exactly `2 * out.len()` characters into `out`; false and an unspecified `out` otherwise.
pub fn parse_hex(text: &[u8], out: &mut [u8]) -> bool {
    if text.len() != out.len() * 2 {
        return false;
    }
    let nibble = |c: u8| match c {
        b'0'..=b'9' => c - b'0',
        b'A'..=b'F' => c - b'A' + 10,
        _ => 0xFF,
    };
    let mut bad = 0;
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (nibble(pair[0]), nibble(pair[1]));
        bad |= (high | low) & 0xF0;
        *byte = high << 4 | low & 0x0F;
    }
    bad == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_as_written() {
        assert_eq!(MemberCode::parse(b"10002900").unwrap().to_string(), "10002900");
        assert_eq!(MemberCode::parse(b"1000290"), None);
        assert_eq!(MemberCode::parse(b"1000290A"), None);
        let serial = AppSerial::parse(b"03104290000000012345").unwrap();
        assert_eq!(serial.to_string(), "03104290000000012345");
        assert_eq!(serial.card_factor(), [0x42, 0x90, 0, 0, 0, 0x01, 0x23, 0x45]);
        assert_eq!(serial.masked(), "031042**********2345");
        assert_eq!(IssuerId::parse(b"02002900ffffffff"), None, "lower case is not type H");
        let codes = (0..=255).filter(|c| Industry::from_code(*c).is_some()).collect::<Vec<u8>>();
        assert_eq!(codes, [1, 2, 3, 4, 5, 9]);
    }

    #[test]
    fn issuer_factor_follows_the_scheme() {
        let issuer = IssuerId::parse(b"1000200000010000").unwrap();
        assert_eq!(CardScheme::TUnion.issuer_factor(issuer), issuer.0);
        assert_eq!(CardScheme::Mohurd.issuer_factor(issuer), [0x20, 0x00, 0xFF, 0, 0, 0, 0, 0]);
    }
}
