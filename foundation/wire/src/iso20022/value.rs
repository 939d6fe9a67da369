//! Amounts and dates of bank messages.

use super::error::{IsoCode, IsoError, shown};
use super::xml::Element;
use chrono::{FixedOffset, NaiveDate, NaiveDateTime};
use tongka_base::date::DateTime;
use tongka_base::{Date, Fen};

/// Reads an amount of yuan with at most two decimals; a sign, an exponent or a third decimal is refused, never rounded.
pub fn parse_amount(text: &str) -> Option<Fen> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || decimals.len() > 2 || !digits(whole) || !digits(decimals) {
        return None;
    }
    if text.ends_with('.') {
        return None;
    }
    let number = |part: &str| part.bytes().fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
    let fen = if decimals.len() == 1 { number(decimals) * 10 } else { number(decimals) };
    Some(Fen(number(whole) * 100 + fen))
}

/// Writes an amount of zero or more as the messages spell it: `1234.50`.
pub fn format_amount(amount: Fen) -> String {
    debug_assert!(amount >= Fen::ZERO, "a message says the direction beside the amount");
    format!("{}.{:02}", amount.0 / 100, amount.0 % 100)
}

/// An amount in an element with attribute `Ccy`.
pub(crate) fn amount_of(element: &Element, path: &str) -> Result<Fen, IsoError> {
    let found = element.find(path);
    let found = found.ok_or_else(|| IsoError::field(&format!("{}/{path}", element.name()), "缺失 missing"))?;
    let currency = found.attribute("Ccy").unwrap_or_default();
    if currency != "CNY" {
        return Err(IsoError::new(IsoCode::Amount, format!("{path}: currency {}", shown(currency))));
    }
    parse_amount(found.text()).ok_or_else(|| IsoError::new(IsoCode::Amount, format!("{path}: {}", shown(found.text()))))
}

/// Whether a credit (`CRDT`); `DBIT` is none.
pub(crate) fn is_credit(element: &Element) -> Result<bool, IsoError> {
    match element.need("CdtDbtInd")? {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        other => Err(IsoError::field("CdtDbtInd", shown(other))),
    }
}

/// An ISO date, which may carry a time zone, or an ISO time, as a date in Asia/Shanghai. An element holds it in `Dt` or
/// `DtTm`, or is it.
pub(crate) fn opt_date(element: &Element, path: &str) -> Result<Option<Date>, IsoError> {
    let Some(holder) = element.find(path) else { return Ok(None) };
    let text = holder.opt_of(&["Dt", "DtTm"]).unwrap_or_else(|| holder.text());
    parse_date(text).map(Some).ok_or_else(|| IsoError::field(path, shown(text)))
}

fn parse_date(text: &str) -> Option<Date> {
    if text.contains('T') {
        return parse_time(text).map(|at| at.date());
    }
    let (date, zone) = text.split_at_checked(10)?;
    let is_offset = |zone: &[u8]| {
        matches!(zone, [b'+' | b'-', hours @ .., b':', m1, m2]
            if hours.len() == 2 && hours.iter().chain([m1, m2]).all(u8::is_ascii_digit))
    };
    let plain = zone.is_empty() || zone == "Z" || is_offset(zone.as_bytes());
    plain.then(|| strict_date(date))?
}

fn strict_date(text: &str) -> Option<Date> {
    let shape = text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    (shape && text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

/// An ISO time in Asia/Shanghai; one without a zone is taken to be there already.
pub(crate) fn parse_time(text: &str) -> Option<DateTime> {
    if text.len() > 40 {
        return None;
    }
    if let Ok(at) = chrono::DateTime::<FixedOffset>::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&FixedOffset::east_opt(8 * 3600)?).naive_local());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()
}

/// Writes a time as the messages spell it.
pub(crate) fn format_time(at: DateTime) -> String {
    format!("{}+08:00", at.format("%Y-%m-%dT%H:%M:%S"))
}

/// A text of 1 to 35 characters of the reference set: what names messages and payments.
pub(crate) fn reference<'t>(text: &'t str, field: &str) -> Result<&'t str, IsoError> {
    let fits = (1..=35).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-?:().,'+ ".contains(&b))
        && !text.starts_with(' ')
        && !text.ends_with(' ');
    if fits { Ok(text) } else { Err(IsoError::field(field, shown(text))) }
}

/// A text of at most `most` characters without control characters, never empty.
pub(crate) fn short_text<'t>(text: &'t str, most: usize, field: &str) -> Result<&'t str, IsoError> {
    let fits = !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(IsoError::field(field, shown(text))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongka_base::date::format_date;

    #[test]
    fn amounts_are_never_rounded() {
        let cases = [
            ("0", Some(0)),
            ("8.85", Some(885)),
            ("1234.5", Some(123_450)),
            ("007.00", Some(700)),
            ("999999999999999.99", Some(99_999_999_999_999_999)),
            ("1.00000", None),
            ("1.001", None),
            ("-1.00", None),
            ("+1.00", None),
            ("1e3", None),
            ("1,000.00", None),
            ("", None),
            (".5", None),
            ("5.", None),
            ("１.00", None),
            ("1000000000000000.00", None),
        ];
        for (text, fen) in cases {
            assert_eq!(parse_amount(text), fen.map(Fen), "{text}");
        }
        for fen in [0, 5, 100, 123_456_789] {
            assert_eq!(parse_amount(&format_amount(Fen(fen))), Some(Fen(fen)));
        }
    }

    #[test]
    fn dates_come_in_many_spellings() {
        let cases = [
            ("2026-09-01", Some("20260901")),
            ("2026-09-01+08:00", Some("20260901")),
            ("2026-09-01Z", Some("20260901")),
            ("2026-09-01T23:59:59+08:00", Some("20260901")),
            ("2026-09-01T18:43:50+00:00", Some("20260902")),
            ("2026-09-01T18:43:50Z", Some("20260902")),
            ("2026-09-01T18:43:50.123", Some("20260901")),
            ("2026-09-01T18:43:50.123+02:00", Some("20260902")),
            ("2026-02-30", None),
            ("2026-9-1", None),
            ("20260901", None),
            ("2026-09-01 08:00", None),
            ("", None),
            ("二〇二六年九月一", None),
        ];
        for (text, date) in cases {
            assert_eq!(parse_date(text).map(format_date).as_deref(), date, "{text}");
        }
    }
}
