//! The generic codec: any record of any table, field by field.

use crate::table::{Field, FieldType, RecordTable};

/// Widest number that fits 64 bits whatever its digits.
const MAX_DIGITS: usize = 18;

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a field of type N.
    Number(i64),
    /// Of type A, H or S; type S without its padding.
    Text(String),
    /// Of an original record: its bytes, whatever they are.
    Raw(Vec<u8>),
}

/// A value that its field cannot hold, or bytes that a field cannot be read from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("W01 字段 {field} 不合规 field {field} does not fit: {what}")]
pub struct WireError {
    /// Field; `record`, `header` or `name` where the whole does not have its length or shape.
    pub field: &'static str,
    /// What does not fit.
    pub what: String,
}

impl WireError {
    pub(crate) fn new(field: &'static str, what: impl Into<String>) -> Self {
        Self { field, what: what.into() }
    }

    /// Bytes as found, other than printable ASCII escaped.
    pub(crate) fn found(field: &'static str, bytes: &[u8]) -> Self {
        Self::new(field, format!("found \"{}\"", bytes.escape_ascii()))
    }
}

/// Reads the digits of a number, `-` first where `signed`.
pub(crate) fn parse_number(text: &[u8], signed: bool) -> Option<i64> {
    let (digits, negative) = match text {
        [b'-', digits @ ..] if signed => (digits, true),
        digits => (digits, false),
    };
    // Of a wider field the digits in front must be zeros.
    let (zeros, digits) = digits.split_at(digits.len().saturating_sub(MAX_DIGITS));
    if digits.is_empty() || zeros.iter().any(|digit| *digit != b'0') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0_i64, |n, d| n * 10 + i64::from(d - b'0'));
    Some(if negative { -number } else { number })
}

/// A record without its CR LF, when it has the table's length with or without it.
pub(crate) fn record_of<'l>(table: &RecordTable, line: &'l [u8]) -> Result<&'l [u8], WireError> {
    let wanted = table.record_len();
    let record = if line.len() == table.line_len() { line.strip_suffix(b"\r\n") } else { Some(line) };
    record
        .filter(|record| record.len() == wanted)
        .ok_or_else(|| WireError::new("record", format!("{} bytes, not {wanted} with or without CR LF", line.len())))
}

/// Reads one record line, with or without CR LF, into one value for each field.
///
/// # Errors
/// The first field whose bytes do not match its type, or whose mark is not the table's; `record` for a wrong length.
pub fn parse_record(table: &RecordTable, line: &[u8]) -> Result<Vec<Value>, WireError> {
    let record = record_of(table, line)?;
    if record[0] != table.mark {
        return Err(WireError::found("mark", &record[..1]));
    }
    table.fields.iter().map(|field| parse_field(field, &record[field.range()])).collect()
}

pub(crate) fn parse_field(field: &Field, bytes: &[u8]) -> Result<Value, WireError> {
    let text = |allowed: fn(&u8) -> bool| {
        let text = bytes.iter().all(allowed).then(|| bytes.iter().map(|c| char::from(*c)).collect::<String>());
        text.ok_or_else(|| WireError::found(field.name, bytes))
    };
    Ok(match field.ty {
        FieldType::N => {
            let number = parse_number(bytes, field.signed);
            Value::Number(number.ok_or_else(|| WireError::found(field.name, bytes))?)
        }
        FieldType::A => Value::Text(text(u8::is_ascii_uppercase)?),
        FieldType::H => Value::Text(text(is_hex)?),
        FieldType::S => {
            let mut text = text(is_printable)?;
            text.truncate(text.trim_end_matches(' ').len());
            Value::Text(text)
        }
        FieldType::Raw => Value::Raw(bytes.to_vec()),
    })
}

pub(crate) fn is_hex(c: &u8) -> bool {
    matches!(c, b'0'..=b'9' | b'A'..=b'F')
}

pub(crate) fn is_printable(c: &u8) -> bool {
    matches!(c, b' '..=b'~')
}

/// Appends one record line with CR LF.
///
/// # Errors
/// The first field whose value is not of its type or does not fit its width, and nothing is appended.
///
/// # Panics
/// When there is not one value for each field.
pub fn write_record(table: &RecordTable, values: &[Value], out: &mut Vec<u8>) -> Result<(), WireError> {
    assert_eq!(values.len(), table.fields.len(), "one value for each field");
    let start = out.len();
    let mut written = table.fields.iter().zip(values).try_for_each(|(field, value)| write_field(field, value, out));
    if written.is_ok() && out[start] != table.mark {
        written = Err(WireError::found("mark", &out[start..=start]));
    }
    match written {
        Ok(()) => out.extend_from_slice(b"\r\n"),
        Err(_) => out.truncate(start),
    }
    written
}

fn write_field(field: &Field, value: &Value, out: &mut Vec<u8>) -> Result<(), WireError> {
    let width = field.width;
    let bytes = match (field.ty, value) {
        (FieldType::N, Value::Number(n)) if *n >= 0 || field.signed => format!("{n:0width$}").into_bytes(),
        (FieldType::A | FieldType::H, Value::Text(text)) => text.as_bytes().to_vec(),
        (FieldType::S, Value::Text(text)) if !text.ends_with(' ') => format!("{text:<width$}").into_bytes(),
        (FieldType::Raw, Value::Raw(bytes)) => bytes.clone(),
        _ => return Err(WireError::new(field.name, format!("{value:?} is not of type {}", type_text(field)))),
    };
    let fits = bytes.len() == width
        && match field.ty {
            FieldType::A => bytes.iter().all(u8::is_ascii_uppercase),
            FieldType::H => bytes.iter().all(is_hex),
            FieldType::S => bytes.iter().all(is_printable),
            FieldType::N | FieldType::Raw => true,
        };
    if !fits {
        return Err(WireError::new(field.name, format!("{value:?} does not fit {}", type_text(field))));
    }
    out.extend_from_slice(&bytes);
    Ok(())
}

/// Type and width as the documents write them: `N8`.
pub(crate) fn type_text(field: &Field) -> String {
    format!("{}{}", field.ty.letter(), field.width)
}
