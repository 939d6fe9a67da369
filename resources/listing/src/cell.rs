//! One value of a row, typed by its column.

use crate::spec::{Column, Kind};
use crate::{ListingError, spec::EnumValue};
use chrono::NaiveDateTime;
use serde_json::Value as Json;
use tongka_base::date::{Date, DateTime, from_days_since_epoch};
use tongka_base::{Fen, MemberCode};
use tongka_storage::{Row, Value};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// An integer or a rate.
    Int(i64),
    /// An amount.
    Fen(Fen),
    /// Yes or no.
    Flag(bool),
    /// Text, a code or a digest.
    Text(String),
    /// A date.
    Date(Date),
    /// A wall time, Asia/Shanghai.
    DateTime(DateTime),
    /// A member institution.
    Member(MemberCode),
    /// One of the column's values, or what the database holds instead.
    Enum(String, Option<&'static EnumValue>),
    /// Structured data.
    Json(Json),
}

/// The value of an integer column's enumeration.
pub(crate) fn coded(values: &'static [EnumValue], number: i64) -> Option<&'static EnumValue> {
    values.iter().find(|v| v.value.parse() == Ok(number))
}

/// Reads `YYYYMMDDHHMMSS`.
pub(crate) fn read_time(text: &str) -> Option<DateTime> {
    let fixed = text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit());
    fixed.then(|| NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok())?
}

impl Cell {
    /// What the database holds in the row under `label`.
    pub(crate) fn read(row: &Row, label: &str, column: &Column) -> Result<(Self, Value), ListingError> {
        if column.kind.is_integer() {
            let Some(number) = row.opt_int(label)? else { return Ok((Self::Null, Value::Null)) };
            return Ok((Self::of_integer(number, column)?, Value::Int(number)));
        }
        let Some(text) = row.opt_text(label)? else { return Ok((Self::Null, Value::Null)) };
        Ok((Self::of_text(&text, column)?, Value::Text(text)))
    }

    fn of_integer(number: i64, column: &Column) -> Result<Self, ListingError> {
        let broken = || ListingError::Broken(format!("column {} holds {number}", column.name));
        Ok(match column.kind {
            Kind::Fen => Self::Fen(Fen(number)),
            Kind::Flag => match number {
                0 => Self::Flag(false),
                1 => Self::Flag(true),
                _ => return Err(broken()),
            },
            Kind::Date => {
                let days = i32::try_from(number).map_err(|_| broken())?;
                Self::Date(from_days_since_epoch(days).ok_or_else(broken)?)
            }
            Kind::Member => Self::Member(MemberCode(u32::try_from(number).map_err(|_| broken())?)),
            Kind::Coded(values) => {
                let known = coded(values, number);
                Self::Enum(known.map_or_else(|| number.to_string(), |v| v.value.to_owned()), known)
            }
            _ => Self::Int(number),
        })
    }

    fn of_text(text: &str, column: &Column) -> Result<Self, ListingError> {
        let broken = |what| ListingError::Broken(format!("column {} holds {what}", column.name));
        Ok(match column.kind {
            Kind::DateTime => Self::DateTime(read_time(text).ok_or_else(|| broken("no time"))?),
            Kind::Json => Self::Json(serde_json::from_str(text).map_err(|_| broken("no JSON"))?),
            Kind::Enum(values) => Self::Enum(text.to_owned(), values.iter().find(|v| v.value == text)),
            _ => Self::Text(text.to_owned()),
        })
    }

    /// As answers hold it.
    pub fn json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Int(number) | Self::Fen(Fen(number)) => Json::from(*number),
            Self::Flag(flag) => Json::from(*flag),
            Self::Text(text) | Self::Enum(text, _) => Json::from(text.as_str()),
            Self::Date(date) => Json::from(date.format("%Y-%m-%d").to_string()),
            Self::DateTime(at) => Json::from(at.format("%Y-%m-%dT%H:%M:%S+08:00").to_string()),
            Self::Member(member) => Json::from(member.to_string()),
            Self::Json(value) => value.clone(),
        }
    }

    /// As people read it in a table of their own: amounts in yuan, enumerations by their Chinese name.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Int(number) => number.to_string(),
            Self::Fen(Fen(fen)) => {
                let sign = if *fen < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
            }
            Self::Flag(flag) => if *flag { "是" } else { "否" }.to_owned(),
            Self::Text(text) | Self::Enum(text, None) => text.clone(),
            Self::Enum(_, Some(value)) => value.zh.to_owned(),
            Self::Date(date) => date.format("%Y-%m-%d").to_string(),
            Self::DateTime(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Member(member) => member.to_string(),
            Self::Json(value) => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tone;

    #[test]
    fn cells_have_a_form_for_programs_and_one_for_people() {
        static STATES: &[EnumValue] = &[EnumValue::new("open", "打开", "open", Tone::Info)];
        static REASONS: &[EnumValue] = &[EnumValue::new("06", "拒绝", "rejected", Tone::Bad)];
        let int = |kind, number| Cell::of_integer(number, &Column::new("c", "", "", "c", kind));
        let text = |kind, text| Cell::of_text(text, &Column::new("c", "", "", "c", kind));
        let cases = [
            (int(Kind::Int, -7), "-7", "-7"),
            (int(Kind::Fen, -5), "-5", "-0.05"),
            (int(Kind::Fen, i64::MIN), "-9223372036854775808", "-92233720368547758.08"),
            (int(Kind::Flag, 1), "true", "是"),
            (int(Kind::Date, 0), "\"1970-01-01\"", "1970-01-01"),
            (int(Kind::Member, 2900), "\"00002900\"", "00002900"),
            (int(Kind::Coded(REASONS), 6), "\"06\"", "拒绝"),
            (int(Kind::Coded(REASONS), 7), "\"7\"", "7"),
            (text(Kind::DateTime, "20260901083015"), "\"2026-09-01T08:30:15+08:00\"", "2026-09-01 08:30:15"),
            (text(Kind::Enum(STATES), "open"), "\"open\"", "打开"),
            (text(Kind::Enum(STATES), "gone"), "\"gone\"", "gone"),
            (text(Kind::Json, "{\"a\": [1]}"), "{\"a\":[1]}", "{\"a\":[1]}"),
            (Ok(Cell::Null), "null", ""),
        ];
        for (cell, json, people) in cases {
            let cell = cell.unwrap();
            assert_eq!((cell.json().to_string().as_str(), cell.text().as_str()), (json, people), "{cell:?}");
        }
        for broken in [
            int(Kind::Flag, 2),
            int(Kind::Date, i64::MAX),
            int(Kind::Member, -1),
            text(Kind::DateTime, "2026"),
            text(Kind::DateTime, "20261301000000"),
            text(Kind::Json, "{"),
        ] {
            assert!(matches!(broken, Err(ListingError::Broken(_))), "{broken:?}");
        }
    }
}
