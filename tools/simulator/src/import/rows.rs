//! Reading of the open data: JSON pages, JSON lines or CSV, plain or gzipped.

use super::ImportError;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Columns by the names that the open data gives them.
pub(super) const COLUMNS: [&str; 11] = [
    "deal_date",
    "close_date",
    "card_no",
    "deal_value",
    "deal_type",
    "company_name",
    "car_no",
    "station",
    "conn_mark",
    "deal_money",
    "equ_no",
];
/// Columns without which nothing can be converted.
const REQUIRED: [&str; 7] = ["deal_date", "close_date", "card_no", "deal_value", "deal_type", "deal_money", "equ_no"];

/// A row as it was read: the texts of [`COLUMNS`], trimmed; absent ones are empty.
pub(super) type Row = [String; COLUMNS.len()];

/// Reads every row and hands it on with its line number (CSV) or its number among all rows (JSON); a row that is not
/// one comes as the reason why.
pub(super) fn read_rows(
    input: &Path,
    mut take: impl FnMut(u64, Result<Row, String>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let io = |source| ImportError::Io { path: input.to_owned(), source };
    let mut file = BufReader::with_capacity(1 << 16, File::open(input).map_err(io)?);
    let gzipped = file.fill_buf().map_err(io)?.starts_with(&[0x1F, 0x8B]);
    let plain: Box<dyn Read> =
        if gzipped { Box::new(flate2::bufread::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut text = BufReader::with_capacity(1 << 16, plain);
    if text.fill_buf().map_err(io)?.starts_with(b"\xEF\xBB\xBF") {
        text.consume(3);
    }
    let json = loop {
        let next = text.fill_buf().map_err(io)?.first().copied();
        match next {
            Some(b' ' | b'\t' | b'\r' | b'\n') => text.consume(1),
            other => break matches!(other, Some(b'{' | b'[')),
        }
    };
    if json { read_json(text, input, &mut take) } else { read_csv(text, input, &mut take) }
}

/// Pages `{"data":[{…}]}` one after another, arrays of rows, or single rows.
fn read_json(
    text: impl Read,
    input: &Path,
    take: &mut impl FnMut(u64, Result<Row, String>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let wrong = |what: String| ImportError::Json { path: input.to_owned(), what };
    let mut number = 0;
    for page in serde_json::Deserializer::from_reader(text).into_iter::<Value>() {
        let rows = match page.map_err(|e| wrong(e.to_string()))? {
            Value::Array(rows) => rows,
            Value::Object(row) if row.contains_key(REQUIRED[0]) => vec![Value::Object(row)],
            Value::Object(mut page) => match page.remove("data") {
                Some(Value::Array(rows)) => rows,
                _ => return Err(wrong("a page without a list named data".into())),
            },
            _ => return Err(wrong("neither a page nor a list".into())),
        };
        for row in rows {
            number += 1;
            take(number, json_row(&row))?;
        }
    }
    Ok(())
}

fn json_row(row: &Value) -> Result<Row, String> {
    let Value::Object(row) = row else { return Err("not an object".into()) };
    let mut out = Row::default();
    for (cell, column) in out.iter_mut().zip(COLUMNS) {
        *cell = match row.get(column) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            None | Some(Value::Null) => String::new(),
            Some(_) => return Err(format!("{column} is neither text nor a number")),
        };
    }
    Ok(out)
}

/// CSV with a header line; the columns stand in any order.
fn read_csv(
    text: impl Read,
    input: &Path,
    take: &mut impl FnMut(u64, Result<Row, String>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let wrong = |e: csv::Error| ImportError::Csv { path: input.to_owned(), what: e.to_string() };
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text);
    let header = reader.byte_headers().map_err(wrong)?.clone();
    let place = |column: &str| header.iter().position(|name| name.eq_ignore_ascii_case(column.as_bytes()));
    if let Some(missing) = REQUIRED.iter().find(|column| place(column).is_none()) {
        return Err(ImportError::Column { path: input.to_owned(), column: missing });
    }
    let places = COLUMNS.map(place);
    let mut record = csv::ByteRecord::new();
    loop {
        let more = reader.read_byte_record(&mut record).map_err(wrong)?;
        if !more {
            return Ok(());
        }
        let line = record.position().map_or(0, csv::Position::line);
        take(line, csv_row(&record, &places, header.len()))?;
    }
}

fn csv_row(record: &csv::ByteRecord, places: &[Option<usize>], width: usize) -> Result<Row, String> {
    if record.len() != width {
        return Err(format!("{} fields instead of {width}", record.len()));
    }
    let mut out = Row::default();
    for ((cell, place), column) in out.iter_mut().zip(places).zip(COLUMNS) {
        let bytes = place.and_then(|p| record.get(p)).unwrap_or_default();
        *cell = std::str::from_utf8(bytes).map_err(|_| format!("{column} is not UTF-8"))?.to_owned();
    }
    Ok(out)
}
