//! The bank calendar of a year, as announced: holidays, and weekend days on which banks work.

use super::{Draft, Payload, shown};
use crate::error::{BookCode, MemberError, RowFault, refuse};
use crate::form;
use crate::read::Rows;
use crate::rows::HolidayEntry;
use chrono::{Datelike, Weekday};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tongka_base::{Date, DayKind};

/// An announced day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarDay {
    /// Date.
    #[serde(with = "form::date")]
    pub date: Date,
    /// Closed or open.
    #[serde(with = "form::day_kind")]
    pub kind: DayKind,
    /// What for: 国庆节.
    #[serde(default)]
    pub note: String,
}

/// All announced days of a year anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSet {
    /// Year.
    pub year: i32,
    /// Its days that do not follow their weekday, and holidays.
    pub days: Vec<CalendarDay>,
}

/// Reads a year's calendar from CSV with the header `date,kind,note`.
///
/// # Errors
/// M15 with every row that cannot be read.
pub fn read_calendar(year: i32, text: &str) -> Result<CalendarSet, MemberError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> =
        reader.headers().map(|header| header.iter().map(str::to_owned).collect()).unwrap_or_default();
    if header != ["date", "kind", "note"] {
        return refuse(BookCode::File, "file", "首行应为 date,kind,note", "the first line must be date,kind,note");
    }
    let (mut days, mut faults) = (Vec::new(), Vec::new());
    for (row, record) in (2..).zip(reader.records()) {
        let mut fault = |field: &str, zh: &str, en: &str| {
            let (zh, en) = (zh.to_owned(), en.to_owned());
            faults.push(RowFault { row, field: field.to_owned(), code: BookCode::File.code(), zh, en });
        };
        let Ok(record) = record else {
            fault("", "无法识别", "cannot be read");
            continue;
        };
        let field = |at: usize| record.get(at).unwrap_or_default();
        let (date, kind) = (form::read_date(field(0)), DayKind::from_name(field(1)));
        if date.is_none() {
            fault("date", "应为 YYYY-MM-DD", "expected YYYY-MM-DD");
        }
        if kind.is_none() {
            fault("kind", "应为 holiday 或 workday", "expected holiday or workday");
        }
        if let (Some(date), Some(kind)) = (date, kind) {
            days.push(CalendarDay { date, kind, note: field(2).to_owned() });
        }
    }
    if faults.is_empty() { Ok(CalendarSet { year, days }) } else { Err(MemberError::Rows(faults)) }
}

impl Payload for CalendarSet {
    fn object(&self) -> String {
        self.year.to_string()
    }

    fn summary(&self) -> String {
        let holidays = self.days.iter().filter(|day| day.kind == DayKind::Holiday).count();
        format!("设置 {} 年银行日历：放假 {holidays} 天，调休上班 {} 天", self.year, self.days.len() - holidays)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let mut seen = BTreeSet::new();
        for (at, day) in self.days.iter().enumerate() {
            let field = |name: &str| format!("days[{at}].{name}");
            let weekend = matches!(day.date.weekday(), Weekday::Sat | Weekday::Sun);
            if day.date.year() != self.year {
                return refuse(BookCode::Value, field("date"), "不在该年", "not in the year");
            } else if !seen.insert(day.date) {
                return refuse(BookCode::Exists, field("date"), "日期重复", "the date is there twice");
            } else if day.kind == DayKind::Workday && !weekend {
                return refuse(BookCode::Value, field("kind"), "平日本为工作日", "a weekday is a workday anyway");
            } else if day.note.chars().count() > 40 || day.note.chars().any(char::is_control) {
                return refuse(BookCode::Value, field("note"), "不超过 40 个字符", "at most 40 characters");
            }
        }
        let of_year = |date: &Date| date.year() == self.year;
        let old: BTreeMap<Date, HolidayEntry> =
            draft.book.holidays.iter().filter(|(date, _)| of_year(date)).map(|(d, e)| (*d, e.clone())).collect();
        let new: BTreeMap<Date, HolidayEntry> = self
            .days
            .iter()
            .map(|day| (day.date, HolidayEntry { date: day.date, kind: day.kind, note: day.note.clone() }))
            .collect();
        // Settlement dates of clearing dates that were opened stay as they were told; a year that was not there may come.
        if !old.is_empty() {
            for date in old.keys().chain(new.keys()) {
                if old.get(date).map(|e| e.kind) != new.get(date).map(|e| e.kind) {
                    draft.moment.check_ahead("days", *date)?;
                }
            }
        }
        let day = |e: &HolidayEntry| CalendarDay { date: e.date, kind: e.kind, note: e.note.clone() };
        let before = Self { year: self.year, days: old.values().map(day).collect() };
        draft.book.holidays.retain(|date, _| !of_year(date));
        draft.book.holidays.extend(new);
        Ok(shown(before))
    }
}
