//! The TXU record at speed: digits and hex are read eight bytes at a time, errors are collected without branches and the
//! bad field is looked for only when there is one. Record check 1 (R 01) but for the record number's place.

use crate::table::{Kind, WireError, parse_number};
use std::ops::Range;
use tongka_base::date::{parse_date, parse_time};
use tongka_base::{Algorithm, AppSerial, CardScheme, Date, Industry, IssuerId, PsamNo};

/// Bytes of a line with CR LF.
pub const LINE_LEN: usize = crate::table::TXU.line_len();
/// Bytes of a record without CR LF.
pub const RECORD_LEN: usize = LINE_LEN - 2;

/// Fields 3 to 23: what two uploads of the same transaction have in common.
pub const CONTENT: Range<usize> = 9..154;

/// A consumption record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txu {
    /// Record number, from 1.
    pub record_no: u32,
    /// Card scheme.
    pub scheme: CardScheme,
    /// Issuer id.
    pub issuer_id: IssuerId,
    /// Application serial.
    pub serial: AppSerial,
    /// Card type.
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
    /// Amount, fen.
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
    /// Line.
    pub line: u32,
    /// Device number.
    pub device: u32,
    /// City.
    pub city: u16,
    /// Grey flag.
    pub grey: bool,
    /// Test flag.
    pub test: bool,
}

/// The first field of a record that does not match its type or its listed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {0}")]
pub struct BadField(pub &'static str);

const LOW: u64 = 0x0F0F_0F0F_0F0F_0F0F;
const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const ONES: u64 = 0x0101_0101_0101_0101;

/// Up to eight bytes at `at`, left-padded with the digit zero, first character in the lowest byte.
#[inline(always)]
fn load<const W: usize>(line: &[u8; RECORD_LEN], at: usize) -> u64 {
    let mut bytes = [b'0'; 8];
    bytes[8 - W..].copy_from_slice(&line[at..at + W]);
    u64::from_le_bytes(bytes)
}

/// A number of up to eight digits; sets bits of `bad` when there is another character.
#[inline(always)]
fn digits<const W: usize>(line: &[u8; RECORD_LEN], at: usize, bad: &mut u64) -> u32 {
    let v = load::<W>(line, at);
    *bad |= (v & HIGH ^ ZEROS) | ((v & LOW).wrapping_add(0x0606_0606_0606_0606) & HIGH);
    let v = (v & LOW).wrapping_mul(2561) >> 8;
    let v = (v & 0x00FF_00FF_00FF_00FF).wrapping_mul(6_553_601) >> 16;
    ((v & 0x0000_FFFF_0000_FFFF).wrapping_mul(42_949_672_960_001) >> 32) as u32
}

/// Up to eight hex characters; sets bits of `bad` when there is another character.
#[inline(always)]
fn hex<const W: usize>(line: &[u8; RECORD_LEN], at: usize, bad: &mut u64) -> u32 {
    let v = load::<W>(line, at);
    let letter = v >> 6 & ONES;
    let low = v & LOW;
    // Letters are 0x41–0x46, digits 0x30–0x39: check the upper half, the upper bound and, for letters, the lower bound.
    *bad |= v & HIGH ^ (ZEROS + (letter << 4));
    *bad |= (low + ONES * 6 + letter * 3) & HIGH;
    *bad |= ((low + letter * 15) & (letter << 4)) ^ (letter << 4);
    let nibbles = low + letter * 9;
    let pairs = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF;
    let quads = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    ((quads | quads >> 16) as u32).swap_bytes()
}

/// Reads one record from its line, with or without CR LF.
#[inline]
pub fn parse_txu(line: &[u8]) -> Result<Txu, BadField> {
    let Some(record) = line.first_chunk::<RECORD_LEN>() else { return Err(BadField("record")) };
    match parse_fast(record) {
        Some(txu) => Ok(txu),
        None => Err(first_bad_field(record)),
    }
}

#[inline]
fn parse_fast(r: &[u8; RECORD_LEN]) -> Option<Txu> {
    let mut bad = 0;
    let record_no = digits::<8>(r, 1, &mut bad);
    let issuer_high = hex::<8>(r, 10, &mut bad);
    let issuer_low = hex::<8>(r, 18, &mut bad);
    let serial_high = hex::<4>(r, 26, &mut bad);
    let serial_mid = hex::<8>(r, 30, &mut bad);
    let serial_low = hex::<8>(r, 38, &mut bad);
    let card_type = digits::<2>(r, 46, &mut bad);
    let tti = hex::<2>(r, 48, &mut bad);
    let counter = digits::<5>(r, 50, &mut bad);
    let psam_high = hex::<4>(r, 55, &mut bad);
    let psam_low = hex::<8>(r, 59, &mut bad);
    let psam_txn = hex::<8>(r, 67, &mut bad);
    let negative = r[75] == b'-';
    let lead = if negative { 0 } else { r[75].wrapping_sub(b'0') };
    bad |= u64::from(lead > 9);
    let balance = i64::from(lead) * 100_000_000 + i64::from(digits::<8>(r, 76, &mut bad));
    let amount = digits::<8>(r, 84, &mut bad);
    let list_price = digits::<8>(r, 92, &mut bad);
    let date = digits::<8>(r, 100, &mut bad);
    let time = digits::<6>(r, 108, &mut bad);
    let key_version = hex::<2>(r, 114, &mut bad);
    let algorithm = hex::<2>(r, 116, &mut bad);
    let tac = hex::<8>(r, 118, &mut bad);
    let industry = digits::<2>(r, 126, &mut bad);
    let merchant = digits::<8>(r, 128, &mut bad);
    let line = digits::<6>(r, 136, &mut bad);
    let device = digits::<8>(r, 142, &mut bad);
    let city = digits::<4>(r, 150, &mut bad);
    bad |= u64::from(r[154] & 0xFE != b'0') | u64::from(r[155] & 0xFE != b'0');
    bad |= u64::from(r[156] != b'0') | u64::from(r[157] != b'0');
    bad |= u64::from(tti != 0x06 && tti != 0x09) | u64::from(counter > 65_535);
    let (hours, minutes, seconds) = (time / 10_000, time / 100 % 100, time % 100);
    bad |= u64::from(hours > 23) | u64::from(minutes > 59) | u64::from(seconds > 59) | u64::from(date < 10_000);
    if bad != 0 {
        return None;
    }
    let mut serial = [0; 10];
    serial[..2].copy_from_slice(&(serial_high as u16).to_be_bytes());
    serial[2..6].copy_from_slice(&serial_mid.to_be_bytes());
    serial[6..].copy_from_slice(&serial_low.to_be_bytes());
    let mut psam = [0; 6];
    psam[..2].copy_from_slice(&(psam_high as u16).to_be_bytes());
    psam[2..].copy_from_slice(&psam_low.to_be_bytes());
    Some(Txu {
        record_no,
        scheme: CardScheme::from_letter(r[9])?,
        issuer_id: IssuerId((u64::from(issuer_high) << 32 | u64::from(issuer_low)).to_be_bytes()),
        serial: AppSerial(serial),
        card_type: card_type as u8,
        tti: tti as u8,
        counter: counter as u16,
        psam: PsamNo(psam),
        psam_txn,
        balance_before: (if negative { -balance } else { balance }) as i32,
        amount,
        list_price,
        date: Date::from_ymd_opt((date / 10_000) as i32, date / 100 % 100, date % 100)?,
        time_seconds: hours * 3600 + minutes * 60 + seconds,
        key_version: key_version as u8,
        algorithm: Algorithm::from_code(algorithm as u8)?,
        tac: tac.to_be_bytes(),
        industry: Industry::from_code(industry as u8)?,
        merchant,
        line,
        device,
        city: city as u16,
        grey: r[154] == b'1',
        test: r[155] == b'1',
    })
}

/// Looks for the bad field by the record table; only for records that are known to have one.
fn first_bad_field(record: &[u8; RECORD_LEN]) -> BadField {
    let table = Kind::Txu.table();
    let mut at = 0;
    for field in table.fields {
        let text = &record[at..at + field.width];
        at += field.width;
        let number = || parse_number(text, field.signed);
        let well_typed = match field.ty {
            crate::FieldType::N => number().is_some(),
            crate::FieldType::H => text.iter().all(|c| matches!(c, b'0'..=b'9' | b'A'..=b'F')),
            _ => text.iter().all(u8::is_ascii_uppercase),
        };
        let listed = match field.name {
            "scheme" => CardScheme::from_letter(text[0]).is_some(),
            "tti" => text == b"06" || text == b"09",
            "algorithm" => text == b"01" || text == b"04",
            "counter" => number().is_some_and(|n| n <= 65_535),
            "date" => parse_date(text).is_some(),
            "time" => parse_time(text).is_some(),
            "industry" => number().is_some_and(|n| Industry::from_code(n as u8).is_some()),
            "grey" | "test" => matches!(text, b"0" | b"1"),
            "reserved" => text == b"00",
            _ => true,
        };
        if !well_typed || !listed {
            return BadField(field.name);
        }
    }
    BadField("record")
}

/// The amount of a record line for sums: a malformed amount counts as 0.
#[inline]
pub fn amount_or_zero(line: &[u8]) -> u64 {
    let Some(record) = line.first_chunk::<RECORD_LEN>() else { return 0 };
    let mut bad = 0;
    let amount = digits::<8>(record, 84, &mut bad);
    if bad == 0 { u64::from(amount) } else { 0 }
}

/// Writes a record as its line with CR LF. A number that does not fit its field is an error.
pub fn format_txu(txu: &Txu, out: &mut [u8; LINE_LEN]) -> Result<(), WireError> {
    put(out, 0..1, b"D");
    put_number(out, 1..9, "record_no", u64::from(txu.record_no))?;
    out[9] = txu.scheme.letter();
    put_hex(out, 10, &txu.issuer_id.0);
    put_hex(out, 26, &txu.serial.0);
    put_number(out, 46..48, "card_type", u64::from(txu.card_type))?;
    put_hex(out, 48, &[txu.tti]);
    put_number(out, 50..55, "counter", u64::from(txu.counter))?;
    put_hex(out, 55, &txu.psam.0);
    put_hex(out, 67, &txu.psam_txn.to_be_bytes());
    put_number(out, 75..84, "balance_before", u64::from(txu.balance_before.unsigned_abs()))?;
    if txu.balance_before < 0 {
        if out[75] != b'0' {
            return Err(WireError::new("balance_before", txu.balance_before.to_string()));
        }
        out[75] = b'-';
    }
    put_number(out, 84..92, "amount", u64::from(txu.amount))?;
    put_number(out, 92..100, "list_price", u64::from(txu.list_price))?;
    let date: u64 =
        tongka_base::date::format_date(txu.date).parse().map_err(|_| WireError::new("date", txu.date.to_string()))?;
    put_number(out, 100..108, "date", date)?;
    let s = u64::from(txu.time_seconds);
    put_number(out, 108..114, "time", s / 3600 * 10_000 + s / 60 % 60 * 100 + s % 60)?;
    put_hex(out, 114, &[txu.key_version, txu.algorithm.code()]);
    put_hex(out, 118, &txu.tac);
    put_number(out, 126..128, "industry", u64::from(txu.industry.code()))?;
    put_number(out, 128..136, "merchant", u64::from(txu.merchant))?;
    put_number(out, 136..142, "line", u64::from(txu.line))?;
    put_number(out, 142..150, "device", u64::from(txu.device))?;
    put_number(out, 150..154, "city", u64::from(txu.city))?;
    put(out, 154..160, &[b'0' + u8::from(txu.grey), b'0' + u8::from(txu.test), b'0', b'0', b'\r', b'\n']);
    Ok(())
}

fn put(out: &mut [u8; LINE_LEN], range: Range<usize>, bytes: &[u8]) {
    out[range].copy_from_slice(bytes);
}

fn put_number(
    out: &mut [u8; LINE_LEN],
    range: Range<usize>,
    field: &'static str,
    number: u64,
) -> Result<(), WireError> {
    let mut rest = number;
    for byte in out[range].iter_mut().rev() {
        *byte = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if rest == 0 { Ok(()) } else { Err(WireError::new(field, number.to_string())) }
}

fn put_hex(out: &mut [u8; LINE_LEN], at: usize, bytes: &[u8]) {
    for (pair, byte) in out[at..].chunks_exact_mut(2).zip(bytes) {
        pair[0] = b"0123456789ABCDEF"[usize::from(byte >> 4)];
        pair[1] = b"0123456789ABCDEF"[usize::from(byte & 15)];
    }
}
