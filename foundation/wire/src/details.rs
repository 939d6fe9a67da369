//! Records that carry an uploaded record on, byte for byte: TXD, TXE and SUS. Written without allocation, as there are
//! millions of them.

use crate::codec::{WireError, is_printable, parse_number, record_of};
use crate::table::{Field, Kind, RecordTable};
use crate::txu::RECORD_LEN;
use tongka_base::{MemberCode, Reason};

/// A cleared record for its issuer (`TXD`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetailRow<'a> {
    /// Acquirer.
    pub acquirer: MemberCode,
    /// Name of the upload.
    pub upload_name: &'a str,
    /// The record as uploaded, without CR LF: 158 bytes.
    pub original: &'a [u8],
}

/// A record that is not cleared (`TXE` for its acquirer, `SUS` for its issuer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorRow<'a> {
    /// Name of the upload.
    pub upload_name: &'a str,
    /// The record as uploaded, without CR LF: 158 bytes, any bytes.
    pub original: &'a [u8],
    /// Why it is not cleared; fixes the verdict.
    pub reason: Reason,
}

/// Appends a TXD line.
///
/// # Errors
/// A value that does not fit its field; nothing is appended then.
pub fn write_txd(row: &DetailRow<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
    let acquirer = digits::<8>("acquirer", row.acquirer.0)?;
    check_original(row.upload_name, row.original)?;
    out.push(b'D');
    out.extend_from_slice(&acquirer);
    append_original(row.upload_name, row.original, out);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Appends a TXE or SUS line.
///
/// # Errors
/// A value that does not fit its field; nothing is appended then.
pub fn write_txe(row: &ErrorRow<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
    let reason = digits::<2>("reason", u32::from(row.reason.code()))?;
    check_original(row.upload_name, row.original)?;
    out.push(b'E');
    append_original(row.upload_name, row.original, out);
    out.push(row.reason.verdict().letter());
    out.extend_from_slice(&reason);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Reads a TXD line, with or without CR LF.
///
/// # Errors
/// The first field that does not match its type; `record` for a wrong length. The original is not looked into.
pub fn parse_txd(line: &[u8]) -> Result<DetailRow<'_>, WireError> {
    let [mark, acquirer, name, original] = fields(Kind::Txd.table(), line)?;
    check_mark(Kind::Txd, mark)?;
    let code = MemberCode::parse(acquirer).ok_or_else(|| WireError::found("acquirer", acquirer))?;
    Ok(DetailRow { acquirer: code, upload_name: parse_name(name)?, original })
}

/// Reads a TXE or SUS line, with or without CR LF.
///
/// # Errors
/// The first field that does not match its type, an unknown reason, or a verdict that is not the reason's; `record` for
/// a wrong length. The original is not looked into.
pub fn parse_txe(line: &[u8]) -> Result<ErrorRow<'_>, WireError> {
    let [mark, name, original, verdict, reason] = fields(Kind::Txe.table(), line)?;
    check_mark(Kind::Txe, mark)?;
    let upload_name = parse_name(name)?;
    let code = parse_number(reason, false).and_then(|code| u8::try_from(code).ok());
    let known = code.and_then(Reason::from_code).ok_or_else(|| WireError::found("reason", reason))?;
    if [known.verdict().letter()] != verdict {
        return Err(WireError::found("verdict", verdict));
    }
    Ok(ErrorRow { upload_name, original, reason: known })
}

/// The fields of a line by the table.
fn fields<'l, const N: usize>(table: &RecordTable, line: &'l [u8]) -> Result<[&'l [u8]; N], WireError> {
    let record = record_of(table, line)?;
    let all: &[Field; N] = table.fields.try_into().map_err(|_| WireError::new("record", "other number of fields"))?;
    Ok(all.map(|field| &record[field.range()]))
}

fn check_mark(kind: Kind, mark: &[u8]) -> Result<(), WireError> {
    if mark == [kind.table().mark] { Ok(()) } else { Err(WireError::found("mark", mark)) }
}

fn parse_name(bytes: &[u8]) -> Result<&str, WireError> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.iter().all(is_printable));
    text.map(|text| text.trim_end_matches(' ')).ok_or_else(|| WireError::found("upload_name", bytes))
}

fn check_original(name: &str, original: &[u8]) -> Result<(), WireError> {
    if name.len() > 40 || name.ends_with(' ') || !name.as_bytes().iter().all(is_printable) {
        return Err(WireError::found("upload_name", name.as_bytes()));
    }
    if original.len() != RECORD_LEN {
        return Err(WireError::new("original", format!("{} bytes instead of {RECORD_LEN}", original.len())));
    }
    Ok(())
}

fn append_original(name: &str, original: &[u8], out: &mut Vec<u8>) {
    let mut padded = [b' '; 40];
    padded[..name.len()].copy_from_slice(name.as_bytes());
    out.extend_from_slice(&padded);
    out.extend_from_slice(original);
}

fn digits<const W: usize>(field: &'static str, number: u32) -> Result<[u8; W], WireError> {
    let (mut text, mut rest) = ([b'0'; W], number);
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if rest == 0 { Ok(text) } else { Err(WireError::new(field, format!("{number} does not fit N{W}"))) }
}
