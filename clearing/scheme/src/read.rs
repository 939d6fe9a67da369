//! Reads fields out of the TOML tree and keeps what was found wrong, with its place.

use std::collections::HashMap;
use std::hash::Hash;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};
use tongka_base::date::{parse_date, parse_time};
use tongka_base::{Algorithm, CardScheme, Date, DateTime, Fen, IssuerId, KeyVersion, MemberCode};

use crate::check::MAX_FEN;
use crate::{ErrorCode, SchemeError};

/// Longest text that a message quotes; a TAC key is longer.
const MAX_QUOTED: usize = 24;

/// The tables of an array section; none when the section is absent.
pub(crate) fn section<'t, 'i>(
    root: &'t DeTable<'i>,
    name: &'static str,
    report: &mut Report<'_>,
) -> Vec<Entry<'t, 'i>> {
    let Some(value) = root.get(name) else { return Vec::new() };
    let mut refuse = |at: usize| {
        let (zh, en) = (format!("{name} 应写为 [[{name}]] 节"), format!("{name} must be sections [[{name}]]"));
        report.add(ErrorCode::BadValue, at, zh, en);
    };
    let DeValue::Array(items) = value.get_ref() else {
        refuse(value.span().start);
        return Vec::new();
    };
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        match item.get_ref() {
            DeValue::Table(table) => entries.push(Entry { section: name, at: item.span().start, table }),
            _ => refuse(item.span().start),
        }
    }
    entries
}

/// What a field takes, in both languages.
#[derive(Clone, Copy)]
pub(crate) struct Want {
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

pub(crate) const TEXT: Want = Want { zh: "文本", en: "a text" };
pub(crate) const OWN_CODE: Want = Want {
    zh: "8位数字成员代码, 且非 00000000 和 99999999",
    en: "a member code of 8 digits other than 00000000 and 99999999",
};
pub(crate) const CODE: Want = Want { zh: "8位数字成员代码", en: "a member code of 8 digits" };
pub(crate) const CODE_OR_ANY: Want = Want { zh: "8位数字成员代码或 *", en: "a member code of 8 digits, or *" };
pub(crate) const DATE: Want = Want { zh: "日期文本 YYYY-MM-DD", en: "a date as text YYYY-MM-DD" };
pub(crate) const DATE_TIME: Want =
    Want { zh: "时间文本 YYYY-MM-DDTHH:MM:SS", en: "a date and time as text YYYY-MM-DDTHH:MM:SS" };
pub(crate) const PUBLIC_KEY: Want = Want {
    zh: "以04开头的130位十六进制SM2公钥",
    en: "an SM2 public key of 130 hex characters beginning with 04",
};
pub(crate) const SCHEME: Want = Want { zh: "T 或 M", en: "T or M" };
pub(crate) const ISSUER_ID: Want = Want { zh: "16位大写十六进制", en: "16 upper-case hex characters" };
pub(crate) const SERIAL: Want = Want { zh: "20位大写十六进制", en: "20 upper-case hex characters" };
pub(crate) const PSAM: Want = Want { zh: "12位大写十六进制", en: "12 upper-case hex characters" };
pub(crate) const STATE: Want = Want { zh: "active、stopped 或 test", en: "active, stopped or test" };
pub(crate) const VERIFIER: Want = Want { zh: "centre 或 issuer", en: "centre or issuer" };
pub(crate) const VERSION: Want =
    Want { zh: "2位大写十六进制密钥版本", en: "a key version of 2 upper-case hex characters" };
pub(crate) const ALGORITHM: Want = Want { zh: "01 或 04", en: "01 or 04" };
pub(crate) const INDUSTRY: Want =
    Want { zh: "行业代码 01、02、03、04、05、09 或 *", en: "an industry 01, 02, 03, 04, 05, 09, or *" };
pub(crate) const TAC_KEY: Want = Want { zh: "32位十六进制密钥", en: "a key of 32 hex characters" };
pub(crate) const PERIOD_LIST: Want = Want { zh: "暂停期间列表", en: "a list of periods" };
pub(crate) const PERIOD_ITEM: Want = Want { zh: "{ from, to } 的列表", en: "a list of { from, to }" };
pub(crate) const CERTIFICATE_LIST: Want = Want { zh: "证书列表", en: "a list of certificates" };
pub(crate) const CERTIFICATE_ITEM: Want = Want {
    zh: "{ public_key, not_before, not_after } 的列表",
    en: "a list of { public_key, not_before, not_after }",
};
pub(crate) const KEY_LIST: Want = Want { zh: "密钥列表", en: "a list of keys" };
pub(crate) const KEY_ITEM: Want =
    Want { zh: "{ version, algorithm } 的列表", en: "a list of { version, algorithm }" };

/// A table of the file, with the place where it begins.
pub(crate) struct Entry<'t, 'i> {
    pub(crate) section: &'static str,
    pub(crate) at: usize,
    pub(crate) table: &'t DeTable<'i>,
}

impl<'t, 'i> Entry<'t, 'i> {
    /// Reports every field that is not one of `known`.
    pub(crate) fn check_fields(&self, known: &[&str], report: &mut Report<'_>) {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let quotable = !self.is_secret() || name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let shown = if quotable { quote(name) } else { Quote::length(name) };
            let zh = format!("[{}] 中有未知字段 {}", self.section, shown.zh);
            let en = format!("unknown field {} in [{}]", shown.en, self.section);
            report.add(ErrorCode::UnknownField, key.span().start, zh, en);
        }
    }

    /// Whether no value of the table may be quoted.
    pub(crate) fn is_secret(&self) -> bool {
        self.section == "tac_key"
    }

    /// Where the value of a field begins, or the table when it is absent.
    pub(crate) fn at_field(&self, name: &str) -> usize {
        self.table.get(name).map_or(self.at, |value| value.span().start)
    }

    pub(crate) fn required(&self, name: &str, report: &mut Report<'_>) -> Option<&'t Spanned<DeValue<'i>>> {
        let value = self.table.get(name);
        if value.is_none() {
            let zh = format!("[{}] 缺少字段 {name}", self.section);
            let en = format!("field {name} of [{}] is missing", self.section);
            report.add(ErrorCode::Missing, self.at, zh, en);
        }
        value
    }

    pub(crate) fn bad(&self, name: &str, value: &Spanned<DeValue<'i>>, want: Want, report: &mut Report<'_>) {
        self.bad_value(name, value, want.zh, want.en, report);
    }

    pub(crate) fn bad_value(
        &self,
        name: &str,
        value: &Spanned<DeValue<'i>>,
        zh: &str,
        en: &str,
        report: &mut Report<'_>,
    ) {
        let found = match value.get_ref() {
            DeValue::String(text) if self.is_secret() => Quote::length(text),
            DeValue::String(text) => quote(text),
            DeValue::Integer(number) if !self.is_secret() && number.as_str().len() <= MAX_QUOTED => {
                Quote::both(number.to_string())
            }
            DeValue::Integer(_) => Quote::of("整数", "an integer"),
            DeValue::Float(_) => Quote::of("小数", "a float"),
            DeValue::Boolean(_) => Quote::of("布尔值", "a boolean"),
            DeValue::Datetime(_) => Quote::of("TOML日期(应加引号)", "a TOML date (quote it)"),
            DeValue::Array(_) => Quote::of("数组", "an array"),
            DeValue::Table(_) => Quote::of("表", "a table"),
        };
        let zh = format!("{name} 应为{zh}, 实为 {}", found.zh);
        let en = format!("{name} must be {en}, found {}", found.en);
        report.add(ErrorCode::BadValue, value.span().start, zh, en);
    }

    /// A required text field, as `read` takes it.
    pub(crate) fn text<T>(
        &self,
        name: &str,
        want: Want,
        report: &mut Report<'_>,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.required(name, report)?;
        self.optional_text(name, want, report, read)?
    }

    /// An optional text field: `Some(None)` when absent, `None` when bad.
    pub(crate) fn optional_text<T>(
        &self,
        name: &str,
        want: Want,
        report: &mut Report<'_>,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        let Some(value) = self.table.get(name) else { return Some(None) };
        let read = match value.get_ref() {
            DeValue::String(text) => read(text),
            _ => None,
        };
        if read.is_none() {
            self.bad(name, value, want, report);
        }
        read.map(Some)
    }

    /// A required integer from `min` to `max`.
    pub(crate) fn integer(&self, name: &str, min: i64, max: i64, report: &mut Report<'_>) -> Option<i64> {
        let value = self.required(name, report)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => to_i64(number),
            _ => None,
        };
        let number = number.filter(|n| (min..=max).contains(n));
        if number.is_none() {
            let (zh, en) = (format!("{min} 至 {max} 的整数"), format!("an integer from {min} to {max}"));
            self.bad_value(name, value, &zh, &en, report);
        }
        number
    }

    pub(crate) fn fen(&self, name: &str, report: &mut Report<'_>) -> Option<Fen> {
        self.integer(name, 0, MAX_FEN, report).map(Fen)
    }

    pub(crate) fn scheme(&self, report: &mut Report<'_>) -> Option<CardScheme> {
        self.text("scheme", SCHEME, report, |text| match text.as_bytes() {
            [letter] => CardScheme::from_letter(*letter),
            _ => None,
        })
    }

    pub(crate) fn issuer_id(&self, report: &mut Report<'_>) -> Option<IssuerId> {
        self.text("issuer_id", ISSUER_ID, report, |text| IssuerId::parse(text.as_bytes()))
    }

    pub(crate) fn version(&self, report: &mut Report<'_>) -> Option<KeyVersion> {
        self.text("version", VERSION, report, |text| read_byte(text).map(KeyVersion))
    }

    pub(crate) fn algorithm(&self, report: &mut Report<'_>) -> Option<Algorithm> {
        self.text("algorithm", ALGORITHM, report, |text| read_byte(text).and_then(Algorithm::from_code))
    }

    /// A required code of a member of the file.
    pub(crate) fn member(&self, name: &str, members: &Seen<MemberCode>, report: &mut Report<'_>) -> Option<MemberCode> {
        let code = self.text(name, CODE, report, |text| MemberCode::parse(text.as_bytes()))?;
        self.check_member(name, code, members, report);
        Some(code)
    }

    /// A required code of a member of the file, or `*`.
    pub(crate) fn member_or_any(
        &self,
        name: &str,
        members: &Seen<MemberCode>,
        report: &mut Report<'_>,
    ) -> Option<Option<MemberCode>> {
        let code = self.text(name, CODE_OR_ANY, report, |text| match text {
            "*" => Some(None),
            code => MemberCode::parse(code.as_bytes()).map(Some),
        })?;
        if let Some(code) = code {
            self.check_member(name, code, members, report);
        }
        Some(code)
    }

    pub(crate) fn check_member(
        &self,
        name: &str,
        code: MemberCode,
        members: &Seen<MemberCode>,
        report: &mut Report<'_>,
    ) {
        if !members.contains(&code) {
            let (zh, en) = (format!("{name} 是未登记的成员: {code}"), format!("{name} is an unknown member: {code}"));
            report.add(ErrorCode::UnknownReference, self.at_field(name), zh, en);
        }
    }

    /// A required first and an optional last day, in order.
    pub(crate) fn period(&self, from: &str, to: &str, report: &mut Report<'_>) -> (Option<Date>, Option<Option<Date>>) {
        let first = self.text(from, DATE, report, read_date);
        let last = self.optional_text(to, DATE, report, read_date);
        if let (Some(first), Some(Some(last))) = (first, last)
            && first > last
        {
            self.reversed(from, to, &first.to_string(), &last.to_string(), report);
        }
        (first, last)
    }

    pub(crate) fn reversed(&self, from: &str, to: &str, first: &str, last: &str, report: &mut Report<'_>) {
        let zh = format!("{from} 大于 {to}: {first} > {last}");
        let en = format!("{from} is after {to}: {first} > {last}");
        report.add(ErrorCode::BadValue, self.at_field(to), zh, en);
    }
}

/// Identities met so far and where.
pub(crate) struct Seen<T>(HashMap<T, usize>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Seen<T> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(HashMap::with_capacity(capacity))
    }

    pub(crate) fn contains(&self, id: &T) -> bool {
        self.0.contains_key(id)
    }

    /// Notes the identity; reports it when it was met before.
    pub(crate) fn add(
        &mut self,
        id: T,
        at: usize,
        zh: impl Into<String>,
        en: impl Into<String>,
        report: &mut Report<'_>,
    ) {
        if let Some(first) = self.0.get(&id) {
            let line = report.line(*first);
            let (zh, en) = (zh.into(), en.into());
            let (zh, en) = (format!("{zh}, 首见第{line}行"), format!("{en}, first in line {line}"));
            report.add(ErrorCode::Duplicate, at, zh, en);
        } else {
            self.0.insert(id, at);
        }
    }
}

/// A foreign text as a message shows it.
pub(crate) struct Quote {
    pub(crate) zh: String,
    pub(crate) en: String,
}

impl Quote {
    fn both(text: String) -> Self {
        Self { zh: text.clone(), en: text }
    }

    fn of(zh: &str, en: &str) -> Self {
        Self { zh: zh.to_owned(), en: en.to_owned() }
    }

    /// Only the length of the text.
    pub(crate) fn length(text: &str) -> Self {
        let count = text.chars().count();
        Self { zh: format!("{count} 个字符"), en: format!("{count} characters") }
    }
}

/// A short text in quotes; of a longer one only its length, as it may be a key in the wrong place.
pub(crate) fn quote(text: &str) -> Quote {
    if text.chars().count() <= MAX_QUOTED { Quote::both(format!("{text:?}")) } else { Quote::length(text) }
}

pub(crate) fn to_i64(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Reads `YYYY-MM-DD`.
pub(crate) fn read_date(text: &str) -> Option<Date> {
    match text.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => parse_date(&[*y1, *y2, *y3, *y4, *m1, *m2, *d1, *d2]),
        _ => None,
    }
}

/// Reads `YYYY-MM-DDTHH:MM:SS`.
pub(crate) fn read_date_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once('T')?;
    match time.as_bytes() {
        [h1, h2, b':', m1, m2, b':', s1, s2] => {
            Some(read_date(date)?.and_time(parse_time(&[*h1, *h2, *m1, *m2, *s1, *s2])?))
        }
        _ => None,
    }
}

/// Reads two upper-case hex characters.
pub(crate) fn read_byte(text: &str) -> Option<u8> {
    let mut byte = [0];
    tongka_base::id::parse_hex(text.as_bytes(), &mut byte).then_some(byte[0])
}

/// Reads hex of either case that fills `out`.
pub(crate) fn read_hex(text: &str, out: &mut [u8]) -> bool {
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    text.len() == out.len() * 2
        && out.iter_mut().zip(text.as_bytes().chunks_exact(2)).all(|(byte, pair)| {
            let read = nibble(pair[0]).zip(nibble(pair[1])).map(|(high, low)| high << 4 | low);
            *byte = read.unwrap_or_default();
            read.is_some()
        })
}

/// Errors found so far, by offset into the text.
pub(crate) struct Report<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    found: Vec<Found>,
}

struct Found {
    code: ErrorCode,
    at: usize,
    zh: String,
    en: String,
}

impl<'t> Report<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, line_starts, found: Vec::new() }
    }

    pub(crate) fn add(&mut self, code: ErrorCode, at: usize, zh: impl Into<String>, en: impl Into<String>) {
        self.found.push(Found { code, at, zh: zh.into(), en: en.into() });
    }

    /// The line of an offset, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// The errors in the order of the text.
    pub(crate) fn finish(mut self, file_name: &str) -> Vec<SchemeError> {
        self.found.sort_by(|a, b| (a.at, a.code, &a.en).cmp(&(b.at, b.code, &b.en)));
        let found = std::mem::take(&mut self.found);
        // Counts on from the error before on the same line, so that a long line is walked once.
        let (mut counted, mut column, mut last_line) = (0, 1, 0);
        let errors = found.into_iter().map(|Found { code, at, zh, en }| {
            let line = self.line(at);
            if line != last_line {
                (counted, column, last_line) = (self.line_starts[line - 1], 1, line);
            }
            let at = self.text.floor_char_boundary(at.min(self.text.len()));
            column += self.text[counted..at.max(counted)].chars().count();
            counted = at.max(counted);
            SchemeError { code, file: file_name.to_owned(), line, column, reason_zh: zh, reason_en: en }
        });
        errors.collect()
    }
}
