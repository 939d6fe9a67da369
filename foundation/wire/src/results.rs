//! Records from the centre to its members, typed.

use crate::table::{Kind, ORIGINAL, Value, WireError, parse_record, write_record};
use tongka_base::date::{format_date, parse_date};
use tongka_base::{Date, Fen, FileCode, Industry, MemberCode, Reason};

/// Receipt (回执) of one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Name of the upload as it came; cut to 40 characters, others than printable ASCII become `?`.
    pub upload_name: String,
    /// `None` = OK.
    pub result: Option<FileCode>,
    /// Number of records, 0 when refused.
    pub record_count: u32,
    /// Total amount in fen, 0 when refused.
    pub total_amount: i64,
    /// Body digest, zeros when refused.
    pub body_digest: [u8; 32],
    /// Clearing date, `None` when refused.
    pub clearing_date: Option<Date>,
}

/// Settlement (结算) of one group for one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StlRow {
    /// Whether the member is the acquirer of the group; else its issuer.
    pub as_acquirer: bool,
    /// The other member.
    pub counterparty: MemberCode,
    /// Industry.
    pub industry: Industry,
    /// Number of records.
    pub count: u64,
    /// Gross.
    pub gross: Fen,
    /// Issuer's fee.
    pub issuer_fee: Fen,
    /// Centre's fee; 0 in issuer rows.
    pub centre_fee: Fen,
    /// Net for this member.
    pub net: Fen,
}

/// Statement (对账单) of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaRow {
    /// Received as acquirer.
    pub receivable: Fen,
    /// Paid as issuer.
    pub payable: Fen,
    /// Adjustments.
    pub adjustments: Fen,
    /// Position.
    pub position: Fen,
    /// Reserve before.
    pub reserve_before: Fen,
    /// Reserve after.
    pub reserve_after: Fen,
}

/// A cleared record for its issuer (TXD).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailRow<'a> {
    /// Acquirer.
    pub acquirer: MemberCode,
    /// Name of the upload.
    pub upload_name: &'a str,
    /// The record as uploaded, without CR LF: 158 bytes.
    pub original: &'a [u8],
}

/// A record that is not cleared (TXE, SUS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRow<'a> {
    /// Name of the upload.
    pub upload_name: &'a str,
    /// The record as uploaded, without CR LF: 158 bytes, any bytes.
    pub original: &'a [u8],
    /// Why it is not cleared.
    pub reason: Reason,
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn number(n: i64) -> Value {
    Value::Number(n)
}

fn count(n: u64) -> Result<Value, WireError> {
    i64::try_from(n).map(Value::Number).map_err(|_| WireError::new("count", n.to_string()))
}

/// Appends a TXR line.
pub fn write_txr(row: &ReceiptRow, out: &mut Vec<u8>) -> Result<(), WireError> {
    let name: String =
        row.upload_name.chars().take(40).map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
    let date = row.clearing_date.map_or(Ok(0), |d| format_date(d).parse());
    let values = [
        text("R"),
        text(name),
        text(row.result.map_or("OK", FileCode::code)),
        number(i64::from(row.record_count)),
        number(row.total_amount),
        text(row.body_digest.iter().map(|b| format!("{b:02X}")).collect::<String>()),
        number(date.map_err(|_| WireError::new("clearing_date", "year"))?),
    ];
    write_record(Kind::Txr.table(), &values, out)
}

/// Appends an STL line.
pub fn write_stl(row: &StlRow, out: &mut Vec<u8>) -> Result<(), WireError> {
    let values = [
        text("L"),
        text(if row.as_acquirer { "A" } else { "I" }),
        number(i64::from(row.counterparty.0)),
        number(i64::from(row.industry.code())),
        count(row.count)?,
        number(row.gross.0),
        number(row.issuer_fee.0),
        number(row.centre_fee.0),
        number(row.net.0),
    ];
    write_record(Kind::Stl.table(), &values, out)
}

/// Appends an STA line.
pub fn write_sta(row: &StaRow, out: &mut Vec<u8>) -> Result<(), WireError> {
    let amounts = [row.receivable, row.payable, row.adjustments, row.position, row.reserve_before, row.reserve_after];
    let values: Vec<Value> = std::iter::once(text("P")).chain(amounts.map(|a| number(a.0))).collect();
    write_record(Kind::Sta.table(), &values, out)
}

fn name40(name: &str) -> Result<String, WireError> {
    let fits = name.len() <= 40 && name.bytes().all(|c| (b' '..=b'~').contains(&c));
    fits.then(|| format!("{name:<40}")).ok_or_else(|| WireError::new("upload_name", name))
}

fn original(bytes: &[u8]) -> Result<&[u8], WireError> {
    let fits = bytes.len() == ORIGINAL.width;
    fits.then_some(bytes).ok_or_else(|| WireError::new("original", format!("{} bytes", bytes.len())))
}

/// Appends a TXD line.
pub fn write_txd(row: &DetailRow<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
    let (name, original) = (name40(row.upload_name)?, original(row.original)?);
    out.extend_from_slice(format!("D{}{name}", row.acquirer).as_bytes());
    out.extend_from_slice(original);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Appends a TXE or SUS line.
pub fn write_txe(row: &ErrorRow<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
    let (name, original) = (name40(row.upload_name)?, original(row.original)?);
    out.extend_from_slice(format!("E{name}").as_bytes());
    out.extend_from_slice(original);
    out.extend_from_slice(format!("{}{}\r\n", row.reason.verdict(), row.reason).as_bytes());
    Ok(())
}

fn numbers(values: &[Value]) -> Vec<i64> {
    values.iter().map(|v| if let Value::Number(n) = v { *n } else { 0 }).collect()
}

fn texts(values: &[Value]) -> Vec<&str> {
    values.iter().map(|v| if let Value::Text(t) = v { t.as_str() } else { "" }).collect()
}

/// Reads a TXR line.
pub fn parse_txr(line: &[u8]) -> Result<ReceiptRow, WireError> {
    let values = parse_record(Kind::Txr.table(), line)?;
    let (n, t) = (numbers(&values), texts(&values));
    let result = match t[2] {
        "OK" => None,
        code => Some(FileCode::parse(code).ok_or_else(|| WireError::new("result", code))?),
    };
    let mut body_digest = [0; 32];
    tongka_base::id::parse_hex(t[5].as_bytes(), &mut body_digest);
    let date = format!("{:08}", n[6]);
    let clearing_date = match n[6] {
        0 => None,
        _ => Some(parse_date(date.as_bytes()).ok_or_else(|| WireError::new("clearing_date", date))?),
    };
    let record_count = n[3] as u32;
    Ok(ReceiptRow { upload_name: t[1].into(), result, record_count, total_amount: n[4], body_digest, clearing_date })
}

/// Reads an STL line.
pub fn parse_stl(line: &[u8]) -> Result<StlRow, WireError> {
    let values = parse_record(Kind::Stl.table(), line)?;
    let (n, t) = (numbers(&values), texts(&values));
    Ok(StlRow {
        as_acquirer: match t[1] {
            "A" => true,
            "I" => false,
            other => return Err(WireError::new("role", other)),
        },
        counterparty: MemberCode(n[2] as u32),
        industry: Industry::from_code(n[3] as u8).ok_or_else(|| WireError::new("industry", n[3].to_string()))?,
        count: n[4] as u64,
        gross: Fen(n[5]),
        issuer_fee: Fen(n[6]),
        centre_fee: Fen(n[7]),
        net: Fen(n[8]),
    })
}

/// Reads an STA line.
pub fn parse_sta(line: &[u8]) -> Result<StaRow, WireError> {
    let n = numbers(&parse_record(Kind::Sta.table(), line)?);
    Ok(StaRow {
        receivable: Fen(n[1]),
        payable: Fen(n[2]),
        adjustments: Fen(n[3]),
        position: Fen(n[4]),
        reserve_before: Fen(n[5]),
        reserve_after: Fen(n[6]),
    })
}
