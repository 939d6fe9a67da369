//! From the records of a result to the city's layout.

use super::formats::{encode, format_amount, format_time_form, slice};
use super::profile::{ConvertError, LineEnding, ResultColumn, ResultLayout, Shape};
use std::io::{self, BufRead, Write};
use tongka_base::date::format_date;
use tongka_wire::{Field, FieldType, FileName, HEADER_LEN, Header, Kind};

/// Why a result is not converted.
#[derive(Debug)]
pub enum Fault {
    /// A value does not fit the layout.
    Layout(ConvertError),
    /// The disk.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn layout(what: impl Into<String>) -> Fault {
    Fault::Layout(ConvertError(what.into()))
}

/// The name of the city's file.
pub fn result_name(layout: &ResultLayout, name: &FileName) -> String {
    let date = format_date(name.date);
    let (member, sequence) = (name.member.to_string(), format!("{:06}", name.sequence));
    layout.name.replace("{date}", &date).replace("{member}", &member).replace("{sequence}", &sequence)
}

/// Writes a whole result, whose file is `source`, in the city's layout; returns the number of records.
///
/// # Errors
/// A value that does not fit its column, or that the charset cannot say.
pub fn convert_result(
    result: &ResultLayout,
    name: &FileName,
    source: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<u64, Fault> {
    let kind = result.kind().map_err(Fault::Layout)?;
    let table = kind.table();
    let mut head = [0; HEADER_LEN];
    source.read_exact(&mut head)?;
    let header = Header::parse(&head).map_err(|e| layout(e.to_string()))?;
    let end: &[u8] = if result.line_ending == LineEnding::Lf { b"\n" } else { b"\r\n" };
    let mut write = |text: &str| -> Result<(), Fault> {
        let bytes = encode(result.charset, text).ok_or_else(|| layout(format!("charset: {text}")))?;
        out.write_all(&bytes)?;
        Ok(out.write_all(end)?)
    };
    if let Some(first) = &result.header {
        write(&header_line(first, result, name, header.record_count))?;
    }
    let delimiter = if result.shape == Shape::Delimited { result.delimiter.as_str() } else { "" };
    let mut line = vec![0; table.line_len()];
    for _ in 0..header.record_count {
        source.read_exact(&mut line)?;
        // A record of another table in front of a list is no record of the kind.
        if line[0] != table.mark {
            continue;
        }
        let mut columns = Vec::with_capacity(result.column.len());
        for column in &result.column {
            columns.push(column_text(result, kind, column, &line)?);
        }
        write(&columns.join(delimiter))?;
    }
    Ok(u64::from(header.record_count))
}

/// Fills the places of a first line in.
fn header_line(first: &str, result: &ResultLayout, name: &FileName, count: u32) -> String {
    let length: usize = result.column.iter().filter_map(|c| c.width).sum();
    let values = [
        ("date", format_date(name.date)),
        ("member", name.member.to_string()),
        ("sequence", format!("{:06}", name.sequence)),
        ("count", count.to_string()),
        ("length", length.to_string()),
    ];
    let mut text = first.to_owned();
    for (place, value) in values {
        text = text.replace(&format!("{{{place}}}"), &value);
        for width in 1..=20 {
            text = text.replace(&format!("{{{place}:{width}}}"), &format!("{value:0>width$}"));
        }
    }
    text
}

/// A field and its bytes in a line; of the original record behind `original.`.
fn find<'l>(kind: Kind, from: &str, line: &'l [u8]) -> Option<(&'static Field, &'l [u8])> {
    match from.strip_prefix("original.") {
        Some(inner) => {
            let original = &line[kind.table().range("original")?];
            let field = Kind::Txu.table().field(inner)?;
            Some((field, original.get(field.range())?))
        }
        None => {
            let field = kind.table().field(from)?;
            Some((field, line.get(field.range())?))
        }
    }
}

fn is_amount(field: &Field) -> bool {
    let names = ["amount", "balance_before", "list_price", "gross", "issuer_fee", "centre_fee", "net", "total_amount"];
    let more = ["receivable", "payable", "adjustments", "position", "reserve_before", "reserve_after"];
    names.contains(&field.name) || more.contains(&field.name)
}

fn column_text(result: &ResultLayout, kind: Kind, column: &ResultColumn, line: &[u8]) -> Result<String, Fault> {
    let ascii = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let number = |bytes: &[u8]| ascii(bytes).parse::<i64>();
    let text = match (&column.constant, column.from.as_deref()) {
        (Some(constant), _) => constant.clone(),
        (None, Some("original.datetime")) => {
            let part = |name| find(kind, name, line).map(|(_, bytes)| ascii(bytes)).unwrap_or_default();
            let form = column.format.as_deref().unwrap_or("YYYYMMDDhhmmss");
            format_time_form(&part("original.date"), &part("original.time"), form)
        }
        (None, Some(from)) => {
            let (field, bytes) = find(kind, from, line).ok_or_else(|| layout(from))?;
            match &column.format {
                Some(form) if field.name == "time" => format_time_form("", &ascii(bytes), form),
                Some(form) => format_time_form(&ascii(bytes), "", form),
                // Bytes of an original record that are no number are shown as they came: the record may have been
                // rejected for them.
                None if is_amount(field) => match number(bytes) {
                    Ok(fen) => {
                        let less = column.minus.as_deref().and_then(|m| find(kind, m, line));
                        let less = less.and_then(|(_, bytes)| number(bytes).ok()).unwrap_or(0);
                        format_amount(fen - less, result.amount_unit)
                    }
                    Err(_) => ascii(bytes),
                },
                None if field.ty == FieldType::S => ascii(bytes).trim_end_matches(' ').to_owned(),
                None => ascii(bytes),
            }
        }
        (None, None) => String::new(),
    };
    let text = slice(&text, column.slice).ok_or_else(|| layout(format!("\"{text}\" 太短 too short")))?;
    let text = column.map.as_ref().and_then(|map| map.get(&text)).cloned().unwrap_or(text);
    let Some(width) = column.width else { return Ok(text) };
    let bytes = encode(result.charset, &text).map_or(0, |bytes| bytes.len());
    if bytes > width {
        return Err(layout(format!("\"{text}\" 宽于 wider than {width}")));
    }
    let fill: String = std::iter::repeat_n(column.fill.unwrap_or(' '), width - bytes).collect();
    Ok(match text.strip_prefix('-') {
        // As in exchange files, the sign stands first.
        Some(digits) if column.right && column.fill == Some('0') => format!("-{fill}{digits}"),
        _ if column.right => fill + &text,
        _ => text + &fill,
    })
}
