//! From [`Txu`] to bytes.

use super::{LINE_LEN, RECORD_LEN, Txu, at};
use crate::codec::WireError;
use chrono::Datelike;
use std::ops::Range;
use tongka_base::Date;

const SECONDS_PER_DAY: u32 = 86_400;
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Writes a record as its line with CR LF.
///
/// # Errors
/// The first number that does not fit its field, a transaction type other than 0x06 and 0x09, a year before 1 or after
/// 9999, or a time that is not within a day. What was written until then stays in `out`.
pub fn format_txu(txu: &Txu, out: &mut [u8; LINE_LEN]) -> Result<(), WireError> {
    out[0] = b'D';
    put_number(out, at::RECORD_NO, "record_no", txu.record_no)?;
    out[at::SCHEME.start] = txu.scheme.letter();
    put_hex(out, at::ISSUER_ID, &txu.issuer_id.0);
    put_hex(out, at::SERIAL, &txu.serial.0);
    put_number(out, at::CARD_TYPE, "card_type", u32::from(txu.card_type))?;
    if !matches!(txu.tti, 0x06 | 0x09) {
        return Err(WireError::new("tti", format!("{:02X}", txu.tti)));
    }
    put_hex(out, at::TTI, &[txu.tti]);
    put_number(out, at::COUNTER, "counter", u32::from(txu.counter))?;
    put_hex(out, at::PSAM, &txu.psam.0);
    put_hex(out, at::PSAM_TXN, &txu.psam_txn.to_be_bytes());
    put_number(out, at::BALANCE_BEFORE, "balance_before", txu.balance_before.unsigned_abs())?;
    if txu.balance_before < 0 {
        if out[at::BALANCE_BEFORE.start] != b'0' {
            return Err(WireError::new("balance_before", txu.balance_before.to_string()));
        }
        out[at::BALANCE_BEFORE.start] = b'-';
    }
    put_number(out, at::AMOUNT, "amount", txu.amount)?;
    put_number(out, at::LIST_PRICE, "list_price", txu.list_price)?;
    put_number(out, at::DATE, "date", packed_date(txu.date)?)?;
    let seconds = txu.time_seconds;
    if seconds >= SECONDS_PER_DAY {
        return Err(WireError::new("time", format!("{seconds} seconds since midnight")));
    }
    let time = seconds / 3600 * 10_000 + seconds / 60 % 60 * 100 + seconds % 60;
    put_number(out, at::TIME, "time", time)?;
    put_hex(out, at::KEY_VERSION, &[txu.key_version]);
    put_hex(out, at::ALGORITHM, &[txu.algorithm.code()]);
    put_hex(out, at::TAC, &txu.tac);
    put_number(out, at::INDUSTRY, "industry", u32::from(txu.industry.code()))?;
    put_number(out, at::MERCHANT, "merchant", txu.merchant)?;
    put_number(out, at::LINE, "line", txu.line)?;
    put_number(out, at::DEVICE, "device", txu.device)?;
    put_number(out, at::CITY, "city", u32::from(txu.city))?;
    out[at::GREY.start] = b'0' + u8::from(txu.grey);
    out[at::TEST.start] = b'0' + u8::from(txu.test);
    out[at::RESERVED].copy_from_slice(b"00");
    out[RECORD_LEN..].copy_from_slice(b"\r\n");
    Ok(())
}

/// The date as the number `YYYYMMDD`.
fn packed_date(date: Date) -> Result<u32, WireError> {
    match u32::try_from(date.year()) {
        Ok(year @ 1..=9999) => Ok(year * 10_000 + date.month() * 100 + date.day()),
        _ => Err(WireError::new("date", date.to_string())),
    }
}

#[inline]
fn put_number(
    out: &mut [u8; LINE_LEN],
    range: Range<usize>,
    field: &'static str,
    number: u32,
) -> Result<(), WireError> {
    let mut rest = number;
    for byte in out[range].iter_mut().rev() {
        *byte = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if rest == 0 { Ok(()) } else { Err(WireError::new(field, number.to_string())) }
}

#[inline]
fn put_hex(out: &mut [u8; LINE_LEN], range: Range<usize>, bytes: &[u8]) {
    for (pair, byte) in out[range].chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
}
