//! Records of figures from the centre to its members, typed: TXR, STL and STA.

use crate::codec::{Value, WireError, is_printable, parse_number, parse_record, write_record};
use crate::table::Kind;
use tongka_base::date::{format_date, parse_date};
use tongka_base::{Date, Fen, FileCode, Industry, MemberCode};

/// Receipt (回执) of one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Name of the upload as it came. Written cut to 40 bytes, each byte other than printable ASCII as `?`.
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
    /// Net for this member; negative in issuer rows.
    pub net: Fen,
}

/// Statement (对账单) of one member and clearing date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaRow {
    /// What it receives as acquirer.
    pub receivable: Fen,
    /// What it pays as issuer.
    pub payable: Fen,
    /// Adjustments booked on the date.
    pub adjustments: Fen,
    /// Position: receivable − payable + adjustments.
    pub position: Fen,
    /// Reserve before.
    pub reserve_before: Fen,
    /// Reserve after: before + position.
    pub reserve_after: Fen,
}

/// Appends a TXR line.
///
/// # Errors
/// A number that does not fit its field; nothing is appended then.
pub fn write_txr(row: &ReceiptRow, out: &mut Vec<u8>) -> Result<(), WireError> {
    let name: String =
        row.upload_name.bytes().take(40).map(|c| if is_printable(&c) { char::from(c) } else { '?' }).collect();
    let date = row.clearing_date.map_or_else(|| "0".repeat(8), format_date);
    let date = parse_number(date.as_bytes(), false).ok_or_else(|| WireError::new("clearing_date", date))?;
    let values = [
        text("R"),
        text(name.trim_end_matches(' ')),
        text(row.result.map_or("OK", FileCode::code)),
        number(row.record_count),
        number(row.total_amount),
        text(row.body_digest.iter().map(|byte| format!("{byte:02X}")).collect::<String>()),
        number(date),
    ];
    write_record(Kind::Txr.table(), &values, out)
}

/// Appends an STL line.
///
/// # Errors
/// A number that does not fit its field; nothing is appended then.
pub fn write_stl(row: &StlRow, out: &mut Vec<u8>) -> Result<(), WireError> {
    let count = i64::try_from(row.count).map_err(|_| WireError::new("count", row.count.to_string()))?;
    let values = [
        text("L"),
        text(if row.as_acquirer { "A" } else { "I" }),
        number(row.counterparty.0),
        number(row.industry.code()),
        number(count),
        number(row.gross.0),
        number(row.issuer_fee.0),
        number(row.centre_fee.0),
        number(row.net.0),
    ];
    write_record(Kind::Stl.table(), &values, out)
}

/// Appends an STA line.
///
/// # Errors
/// A number that does not fit its field; nothing is appended then.
pub fn write_sta(row: &StaRow, out: &mut Vec<u8>) -> Result<(), WireError> {
    let values = [
        text("P"),
        number(row.receivable.0),
        number(row.payable.0),
        number(row.adjustments.0),
        number(row.position.0),
        number(row.reserve_before.0),
        number(row.reserve_after.0),
    ];
    write_record(Kind::Sta.table(), &values, out)
}

/// Reads a TXR line, with or without CR LF.
///
/// # Errors
/// The first field that does not match its type or its listed values; `record` for a wrong length.
pub fn parse_txr(line: &[u8]) -> Result<ReceiptRow, WireError> {
    let row = Row::parse(Kind::Txr, line)?;
    let result = match row.text(2)? {
        "OK" => None,
        code => Some(FileCode::parse(code).ok_or_else(|| row.bad(2))?),
    };
    let mut body_digest = [0; 32];
    if !tongka_base::id::parse_hex(row.text(5)?.as_bytes(), &mut body_digest) {
        return Err(row.bad(5));
    }
    let clearing_date = match row.number(6)? {
        0 => None,
        date => Some(parse_date(format!("{date:08}").as_bytes()).ok_or_else(|| row.bad(6))?),
    };
    Ok(ReceiptRow {
        upload_name: row.text(1)?.to_owned(),
        result,
        record_count: row.small(3)?,
        total_amount: row.number(4)?,
        body_digest,
        clearing_date,
    })
}

/// Reads an STL line, with or without CR LF.
///
/// # Errors
/// The first field that does not match its type or its listed values; `record` for a wrong length.
pub fn parse_stl(line: &[u8]) -> Result<StlRow, WireError> {
    let row = Row::parse(Kind::Stl, line)?;
    let industry = row.small::<u8>(3)?;
    Ok(StlRow {
        as_acquirer: match row.text(1)? {
            "A" => true,
            "I" => false,
            _ => return Err(row.bad(1)),
        },
        counterparty: MemberCode(row.small(2)?),
        industry: Industry::from_code(industry).ok_or_else(|| row.bad(3))?,
        count: row.small(4)?,
        gross: Fen(row.number(5)?),
        issuer_fee: Fen(row.number(6)?),
        centre_fee: Fen(row.number(7)?),
        net: Fen(row.number(8)?),
    })
}

/// Reads an STA line, with or without CR LF.
///
/// # Errors
/// The first field that does not match its type; `record` for a wrong length.
pub fn parse_sta(line: &[u8]) -> Result<StaRow, WireError> {
    let row = Row::parse(Kind::Sta, line)?;
    Ok(StaRow {
        receivable: Fen(row.number(1)?),
        payable: Fen(row.number(2)?),
        adjustments: Fen(row.number(3)?),
        position: Fen(row.number(4)?),
        reserve_before: Fen(row.number(5)?),
        reserve_after: Fen(row.number(6)?),
    })
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn number(n: impl Into<i64>) -> Value {
    Value::Number(n.into())
}

/// The values of a record, taken by index as their types.
struct Row {
    kind: Kind,
    values: Vec<Value>,
}

impl Row {
    fn parse(kind: Kind, line: &[u8]) -> Result<Self, WireError> {
        Ok(Self { kind, values: parse_record(kind.table(), line)? })
    }

    fn bad(&self, index: usize) -> WireError {
        WireError::new(self.kind.table().fields[index].name, format!("found {:?}", self.values[index]))
    }

    fn number(&self, index: usize) -> Result<i64, WireError> {
        if let Value::Number(number) = self.values[index] { Ok(number) } else { Err(self.bad(index)) }
    }

    fn small<T: TryFrom<i64>>(&self, index: usize) -> Result<T, WireError> {
        self.number(index)?.try_into().map_err(|_| self.bad(index))
    }

    fn text(&self, index: usize) -> Result<&str, WireError> {
        if let Value::Text(text) = &self.values[index] { Ok(text) } else { Err(self.bad(index)) }
    }
}
