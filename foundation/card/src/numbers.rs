//! Card numbers of both schemes, the application serial (应用序列号) they are stored as, and diversification factors.

use std::fmt;
use tongka_base::{AppSerial, IssuerId};

/// A card number that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not as many decimal digits as the number has.
    #[error("卡号位数或字符错误 card number must have {0} decimal digits")]
    Digits(usize),
    /// The application serial is not BCD, or does not start with the zero that pads a PAN.
    #[error("应用序列号不是卡号 application serial does not hold such a number")]
    Serial,
}

/// T-Union primary account number (交通联合卡号): 19 digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pan([u8; 19]);

impl Pan {
    /// Reads 19 digits. The last digit is not checked: not every issuer's number plan has a check digit.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        digits(text).map(Self)
    }

    /// The number of an 18-digit body with its Luhn check digit.
    pub fn with_check_digit(body: &str) -> Result<Self, NumberError> {
        let body: [u8; 18] = digits(body)?;
        let mut number = [0; 19];
        number[..18].copy_from_slice(&body);
        number[18] = luhn_digit(&body);
        Ok(Self(number))
    }

    /// Whether the last digit is the Luhn check digit of the others.
    pub fn luhn_ok(&self) -> bool {
        luhn_digit(&self.0[..18]) == self.0[18]
    }

    /// The application serial: a zero and the number in BCD.
    pub fn serial(&self) -> AppSerial {
        let nibble = |i: usize| if i == 0 { 0 } else { self.0[i - 1] };
        AppSerial(std::array::from_fn(|i| nibble(2 * i) << 4 | nibble(2 * i + 1)))
    }

    /// The number in an application serial.
    pub fn from_serial(serial: &AppSerial) -> Result<Self, NumberError> {
        let all: [u8; 20] = std::array::from_fn(|i| serial.0[i / 2] >> (4 * (1 - i % 2)) & 0x0F);
        if all[0] != 0 || all.iter().any(|digit| *digit > 9) {
            return Err(NumberError::Serial);
        }
        Ok(Self(std::array::from_fn(|i| all[i + 1])))
    }
}

impl fmt::Display for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{digit}"))
    }
}

impl fmt::Debug for Pan {
    /// Masked: digits 7 to 15 are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        write!(f, "Pan({}*********{})", &text[..6], &text[15..])
    }
}

/// MOHURD card number (住建部互联互通卡号): city code, industry code and issuing serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MohurdNumber {
    /// City code (城市代码), four digits.
    pub city: u16,
    /// Industry code (行业代码), four digits.
    pub industry: u16,
    /// Issuing serial (发行流水号), eight digits.
    pub serial: u32,
}

impl MohurdNumber {
    /// Reads 16 digits.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let number: [u8; 16] = digits(text)?;
        let value = |part: &[u8]| part.iter().fold(0u32, |n, digit| n * 10 + u32::from(*digit));
        let short = |part: &[u8]| value(part) as u16;
        Ok(Self { city: short(&number[..4]), industry: short(&number[4..8]), serial: value(&number[8..]) })
    }

    /// The application serial: two bytes of interoperability mark (互通标识) and the number in BCD.
    pub fn app_serial(&self, mark: [u8; 2]) -> Result<AppSerial, NumberError> {
        let number: [u8; 16] = digits(&self.to_string())?;
        let mut out = [0; 10];
        out[..2].copy_from_slice(&mark);
        for (byte, pair) in out[2..].iter_mut().zip(number.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(AppSerial(out))
    }

    /// The number in the last eight bytes of an application serial.
    pub fn from_serial(serial: &AppSerial) -> Result<Self, NumberError> {
        let text: String = serial.0[2..].iter().map(|byte| format!("{byte:02X}")).collect();
        Self::parse(&text).map_err(|_| NumberError::Serial)
    }
}

impl fmt::Display for MohurdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:04}{:08}", self.city, self.industry, self.serial)
    }
}

/// How a scheme makes the factor of its issuer level (发卡机构分散因子) from the issuer id of EF15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorTemplate {
    /// The issuer id as it stands.
    IssuerId,
    /// Its first four bytes and FF FF FF FF.
    IssuerHead,
    /// The city code, bytes 2 and 3, and FF 00 00 00 00 00.
    City,
    /// The first four bytes twice.
    AreaTwice,
    /// The same for every card.
    Constant([u8; 8]),
}

impl FactorTemplate {
    /// The factor of an issuer.
    pub fn factor(self, issuer: IssuerId) -> [u8; 8] {
        let [a, b, c, d, ..] = issuer.0;
        match self {
            Self::IssuerId => issuer.0,
            Self::IssuerHead => [a, b, c, d, 0xFF, 0xFF, 0xFF, 0xFF],
            Self::City => [c, d, 0xFF, 0, 0, 0, 0, 0],
            Self::AreaTwice => [a, b, c, d, a, b, c, d],
            Self::Constant(factor) => factor,
        }
    }
}

/// The card factor (卡片分散因子): the last eight bytes of the application serial.
pub fn card_factor(serial: &AppSerial) -> [u8; 8] {
    serial.card_factor()
}

/// The Luhn check digit of a body; digits are values 0 to 9, of which anything above counts as its last digit.
pub fn luhn_digit(body: &[u8]) -> u8 {
    let sum: u32 = body.iter().rev().enumerate().map(|(i, digit)| luhn_value(i, *digit % 10)).sum();
    ((10 - sum % 10) % 10) as u8
}

fn luhn_value(from_right: usize, digit: u8) -> u32 {
    let value = u32::from(digit) * if from_right.is_multiple_of(2) { 2 } else { 1 };
    value / 10 + value % 10
}

fn digits<const N: usize>(text: &str) -> Result<[u8; N], NumberError> {
    let bytes: [u8; N] = text.as_bytes().try_into().map_err(|_| NumberError::Digits(N))?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|b| b - b'0')).ok_or(NumberError::Digits(N))
}
