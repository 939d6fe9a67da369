//! From the fields of a row to a TXU record, by the rules of a profile.

use super::formats::{parse_amount, parse_time_form, slice};
use super::profile::{Profile, Rule, Test};
use super::source::{LineCode, LineFault};
use std::collections::BTreeMap;
use tongka_wire::txu::{LINE_LEN, parse_txu};
use tongka_wire::{FieldType, Kind, Value, write_record};

/// A row: its fields by name.
pub type Row = BTreeMap<String, String>;

/// Whether a rule of the profile passes a row over.
pub(crate) fn is_skipped(tests: &[Test], row: &Row) -> bool {
    tests.iter().any(|test| {
        let value = row.get(&test.field).and_then(|v| slice(v, test.slice)).unwrap_or_default();
        if test.not_in.is_empty() { test.one_of.contains(&value) } else { !test.not_in.contains(&value) }
    })
}

fn text_of(name: &'static str, rule: &Rule, row: &Row) -> Result<String, LineFault> {
    let fault = |code, what: String| LineFault { code, detail: format!("{name}: {what}") };
    let text = match (&rule.constant, &rule.field) {
        (Some(constant), _) => constant.clone(),
        (None, Some(field)) => row.get(field).cloned().unwrap_or_default(),
        (None, None) => String::new(),
    };
    let text = slice(&text, rule.slice).ok_or_else(|| fault(LineCode::Value, format!("\"{text}\" 太短 too short")))?;
    let looked_up = match (&rule.map, &rule.starts) {
        (Some(map), _) => Some(map.get(&text)),
        (None, Some(starts)) => {
            let fitting = starts.iter().filter(|(start, _)| text.starts_with(start.as_str()));
            Some(fitting.max_by_key(|(start, _)| start.len()).map(|(_, value)| value))
        }
        (None, None) => None,
    };
    let mut text = match looked_up {
        Some(found) => found
            .or(rule.otherwise.as_ref())
            .cloned()
            .ok_or_else(|| fault(LineCode::Unlisted, format!("\"{text}\"")))?,
        None => text,
    };
    if rule.upper {
        text.make_ascii_uppercase();
    }
    text = format!("{}{text}{}", rule.before, rule.behind);
    if let Some(width) = rule.pad {
        text = format!("{text:0>width$}");
    }
    Ok(text)
}

fn amount(name: &'static str, rule: &Rule, row: &Row, profile: &Profile) -> Result<i64, LineFault> {
    let read = |text: &str| {
        parse_amount(text, profile.input.amount_unit)
            .ok_or_else(|| LineFault { code: LineCode::Amount, detail: format!("{name}: \"{text}\"") })
    };
    let other = |field: &Option<String>| match field {
        Some(field) => read(row.get(field).map_or("", String::as_str)),
        None => Ok(0),
    };
    let own = match &rule.constant {
        // A constant is written in fen, whatever the layout's unit.
        Some(constant) => parse_amount(constant, super::profile::Unit::Fen)
            .ok_or_else(|| LineFault { code: LineCode::Amount, detail: format!("{name}: \"{constant}\"") })?,
        None => read(&text_of(name, rule, row)?)?,
    };
    Ok(own + other(&rule.plus)? - other(&rule.minus)?)
}

/// Which half of a time a field holds.
fn moment(name: &'static str, rule: &Rule, row: &Row) -> Result<i64, LineFault> {
    let text = text_of(name, rule, row)?;
    let form = rule.format.as_deref().unwrap_or(if name == "date" { "YYYYMMDD" } else { "hhmmss" });
    let found = parse_time_form(&text, form).and_then(|(date, time)| if name == "date" { date } else { time });
    let number = found.and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| LineFault { code: LineCode::Time, detail: format!("{name}: \"{text}\" ≠ {form}") })
}

/// The TXU line of a row.
///
/// # Errors
/// Why the row is rejected: the first field that does not fit.
pub fn txu_line(profile: &Profile, row: &Row, record_no: u64) -> Result<[u8; LINE_LEN], LineFault> {
    let table = Kind::Txu.table();
    let mut values = Vec::with_capacity(table.fields.len());
    for field in table.fields {
        values.push(match field.name {
            "mark" => Value::Text("D".into()),
            "record_no" => Value::Number(record_no as i64),
            "reserved" => Value::Number(0),
            name => {
                let missing = || LineFault { code: LineCode::Missing, detail: name.to_owned() };
                let rule = profile.txu.get(name).ok_or_else(missing)?;
                match name {
                    "amount" | "balance_before" | "list_price" => Value::Number(amount(name, rule, row, profile)?),
                    "date" | "time" => Value::Number(moment(name, rule, row)?),
                    _ if field.ty == FieldType::N => {
                        let text = text_of(name, rule, row)?;
                        let plain = !text.is_empty() && text.len() <= 18 && text.bytes().all(|c| c.is_ascii_digit());
                        let number = text.parse().ok().filter(|_| plain);
                        Value::Number(number.ok_or_else(|| LineFault {
                            code: LineCode::Value,
                            detail: format!("{name}: \"{text}\" 不是数字 no number"),
                        })?)
                    }
                    _ => Value::Text(text_of(name, rule, row)?),
                }
            }
        });
    }
    let mut line = Vec::with_capacity(LINE_LEN);
    let unfit = |what: String| LineFault { code: LineCode::Value, detail: what };
    write_record(table, &values, &mut line).map_err(|e| unfit(format!("{}: {}", e.field, e.what)))?;
    // What the centre would reject as malformed (R 01) is not sent to it.
    parse_txu(&line).map_err(|e| unfit(e.0.to_owned()))?;
    Ok(line.try_into().expect("a record line has its length"))
}
