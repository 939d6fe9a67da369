//! Calendar dates and wall times, all Asia/Shanghai, in the two fixed-width spellings of the exchange interface.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// A calendar date in Asia/Shanghai.
pub type Date = NaiveDate;

/// A wall time in Asia/Shanghai.
pub type DateTime = NaiveDateTime;

/// Reads `YYYYMMDD`; `None` unless it is eight ASCII digits naming a real date of the years 1 to 9999.
pub fn parse_date(text: &[u8]) -> Option<Date> {
    let [a, b, c, d, e, f, g, h] = digits(text)?;
    let year = a as i32 * 1000 + b as i32 * 100 + c as i32 * 10 + d as i32;
    if year == 0 {
        return None;
    }
    NaiveDate::from_ymd_opt(year, e as u32 * 10 + f as u32, g as u32 * 10 + h as u32)
}

/// Reads `HHMMSS`; `None` unless it is six ASCII digits naming a real time (no leap second).
pub fn parse_time(text: &[u8]) -> Option<NaiveTime> {
    let [a, b, c, d, e, f] = digits(text)?;
    NaiveTime::from_hms_opt(a as u32 * 10 + b as u32, c as u32 * 10 + d as u32, e as u32 * 10 + f as u32)
}

/// Reads `YYYYMMDDHHMMSS`; `None` unless it is fourteen digits naming a real date and time.
pub fn parse_date_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.as_bytes().split_at_checked(8)?;
    Some(parse_date(date)?.and_time(parse_time(time)?))
}

/// Writes `YYYYMMDD`.
pub fn format_date(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// Writes `YYYYMMDDHHMMSS`.
pub fn format_date_time(at: DateTime) -> String {
    format!("{}{:02}{:02}{:02}", format_date(at.date()), at.hour(), at.minute(), at.second())
}

/// Reads the date as people and scheme files write it, `2026-09-01` or `20260901`.
pub fn parse_date_lenient(text: &str) -> Option<Date> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().or_else(|| parse_date(text.as_bytes()))
}

/// Days from 1970-01-01 to the date; the integer in which dates are stored in columns.
pub fn days_since_epoch(date: Date) -> i32 {
    date.to_epoch_days()
}

/// The date that many days after 1970-01-01.
pub fn from_days_since_epoch(days: i32) -> Option<Date> {
    NaiveDate::from_epoch_days(days)
}

fn digits<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut out: [u8; N] = text.try_into().ok()?;
    for digit in &mut out {
        *digit = digit.wrapping_sub(b'0');
        if *digit > 9 {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_dates_and_times_are_read() {
        assert_eq!(parse_date(b"20240229").map(format_date).as_deref(), Some("20240229"));
        for bad in [&b"20230229"[..], b"20261301", b"00000101", b"2026090", b"202609011", b"2026 901", b"20260900"] {
            assert_eq!(parse_date(bad), None, "{bad:?}");
        }
        assert!(parse_time(b"235959").is_some());
        for bad in [&b"240000"[..], b"236000", b"235960", b"2359"] {
            assert_eq!(parse_time(bad), None, "{bad:?}");
        }
        let day = parse_date(b"20260901").unwrap();
        assert_eq!(from_days_since_epoch(days_since_epoch(day)), Some(day));
    }
}
