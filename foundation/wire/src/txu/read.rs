//! From bytes to [`Txu`].

use super::swar::{digits, hex};
use super::{BadField, RECORD_LEN, Txu, TxuRecord, at};
use crate::codec::{parse_field, parse_number};
use crate::tables::TXU;
use tongka_base::date::{parse_date, parse_time};
use tongka_base::{Algorithm, AppSerial, CardScheme, Date, Industry, IssuerId, PsamNo};

/// Reads one record from its line, with or without CR LF.
///
/// # Errors
/// The first field that does not match its type or its listed values; `record` for a line of another length.
#[inline]
pub fn parse_txu(line: &[u8]) -> Result<Txu, BadField> {
    TxuRecord::new(line).ok_or(BadField("record"))?.parse()
}

#[inline]
pub(super) fn parse(record: &[u8; RECORD_LEN]) -> Result<Txu, BadField> {
    parse_fast(record).ok_or_else(|| first_bad_field(record))
}

/// The amount of a record line for sums: a malformed amount counts as 0, as does that of a line too short to have one.
#[inline]
pub fn amount_or_zero(line: &[u8]) -> u64 {
    let Some(record) = line.first_chunk::<RECORD_LEN>() else { return 0 };
    let mut bad = 0;
    let amount = digits::<{ at::AMOUNT.end - at::AMOUNT.start }, RECORD_LEN>(record, at::AMOUNT.start, &mut bad);
    if bad == 0 { u64::from(amount) } else { 0 }
}

/// Industry by code; the codes are small.
const INDUSTRIES: [Option<Industry>; 16] = {
    let mut by_code = [None; 16];
    let mut index = 0;
    while index < Industry::ALL.len() {
        by_code[Industry::ALL[index] as usize] = Some(Industry::ALL[index]);
        index += 1;
    }
    by_code
};

#[inline]
fn parse_fast(record: &[u8; RECORD_LEN]) -> Option<Txu> {
    let mut bad = 0;
    macro_rules! number {
        ($field:ident) => {
            digits::<{ at::$field.end - at::$field.start }, RECORD_LEN>(record, at::$field.start, &mut bad)
        };
    }
    // Hex wider than a register is read in parts of four and eight characters.
    macro_rules! hex {
        ($field:ident) => {
            hex::<{ at::$field.end - at::$field.start }, RECORD_LEN>(record, at::$field.start, &mut bad)
        };
        ($field:ident + $skip:literal, $width:literal) => {{
            const { assert!(at::$field.start + $skip + $width <= at::$field.end) }
            hex::<$width, RECORD_LEN>(record, at::$field.start + $skip, &mut bad)
        }};
    }
    let flag = |range: std::ops::Range<usize>| record[range.start];
    let record_no = number!(RECORD_NO);
    let issuer = [hex!(ISSUER_ID + 0, 8), hex!(ISSUER_ID + 8, 8)];
    let serial = [hex!(SERIAL + 0, 4), hex!(SERIAL + 4, 8), hex!(SERIAL + 12, 8)];
    let card_type = number!(CARD_TYPE);
    let tti = hex!(TTI);
    let counter = number!(COUNTER);
    let psam = [hex!(PSAM + 0, 4), hex!(PSAM + 4, 8)];
    let psam_txn = hex!(PSAM_TXN);
    // Nine characters: `-` or a digit, then eight digits.
    let sign = record[at::BALANCE_BEFORE.start];
    let negative = sign == b'-';
    let lead = if negative { 0 } else { sign.wrapping_sub(b'0') };
    bad |= u64::from(lead > 9);
    let rest = digits::<8, RECORD_LEN>(record, at::BALANCE_BEFORE.start + 1, &mut bad);
    let balance = i64::from(lead) * 100_000_000 + i64::from(rest);
    let amount = number!(AMOUNT);
    let list_price = number!(LIST_PRICE);
    let date = number!(DATE);
    let time = number!(TIME);
    let key_version = hex!(KEY_VERSION);
    let algorithm = hex!(ALGORITHM);
    let tac = hex!(TAC);
    let industry = number!(INDUSTRY);
    let merchant = number!(MERCHANT);
    let line = number!(LINE);
    let device = number!(DEVICE);
    let city = number!(CITY);
    let reserved = number!(RESERVED);
    // A flag is 0x30 or 0x31.
    bad |= u64::from((flag(at::GREY) & 0xFE) ^ b'0') | u64::from((flag(at::TEST) & 0xFE) ^ b'0');
    bad |= u64::from(reserved) | u64::from((tti != 0x06) & (tti != 0x09)) | u64::from(counter > 65_535);
    let (hours, minutes, seconds) = (time / 10_000, time / 100 % 100, time % 100);
    bad |= u64::from(hours > 23) | u64::from(minutes > 59) | u64::from(seconds > 59) | u64::from(date < 10_000);
    if bad != 0 {
        return None;
    }
    let mut serial_bytes = [0; 10];
    serial_bytes[..2].copy_from_slice(&(serial[0] as u16).to_be_bytes());
    serial_bytes[2..6].copy_from_slice(&serial[1].to_be_bytes());
    serial_bytes[6..].copy_from_slice(&serial[2].to_be_bytes());
    let mut psam_bytes = [0; 6];
    psam_bytes[..2].copy_from_slice(&(psam[0] as u16).to_be_bytes());
    psam_bytes[2..].copy_from_slice(&psam[1].to_be_bytes());
    Some(Txu {
        record_no,
        scheme: CardScheme::from_letter(flag(at::SCHEME))?,
        issuer_id: IssuerId(((u64::from(issuer[0]) << 32) | u64::from(issuer[1])).to_be_bytes()),
        serial: AppSerial(serial_bytes),
        card_type: card_type as u8,
        tti: tti as u8,
        counter: counter as u16,
        psam: PsamNo(psam_bytes),
        psam_txn,
        balance_before: (if negative { -balance } else { balance }) as i32,
        amount,
        list_price,
        date: Date::from_ymd_opt((date / 10_000) as i32, date / 100 % 100, date % 100)?,
        time_seconds: hours * 3600 + minutes * 60 + seconds,
        key_version: key_version as u8,
        algorithm: Algorithm::from_code(algorithm as u8)?,
        tac: tac.to_be_bytes(),
        industry: INDUSTRIES.get(industry as usize).copied().flatten()?,
        merchant,
        line,
        device,
        city: city as u16,
        grey: flag(at::GREY) == b'1',
        test: flag(at::TEST) == b'1',
    })
}

/// Looks for the bad field by the record table; only for records that are known to have one.
#[cold]
fn first_bad_field(record: &[u8; RECORD_LEN]) -> BadField {
    // The mark belongs to the file checks.
    for field in &TXU.fields[1..] {
        let text = &record[field.range()];
        let number = || parse_number(text, field.signed);
        let listed = match field.name {
            "scheme" => CardScheme::from_letter(text[0]).is_some(),
            "tti" => text == b"06" || text == b"09",
            "algorithm" => text == b"01" || text == b"04",
            "counter" => number().is_some_and(|n| n <= 65_535),
            "date" => parse_date(text).is_some(),
            "time" => parse_time(text).is_some(),
            "industry" => number().and_then(|n| u8::try_from(n).ok()).is_some_and(|n| Industry::from_code(n).is_some()),
            "grey" | "test" => matches!(text, b"0" | b"1"),
            "reserved" => text == b"00",
            _ => true,
        };
        if !listed || parse_field(field, text).is_err() {
            return BadField(field.name);
        }
    }
    BadField("record")
}
