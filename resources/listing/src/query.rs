//! What a caller asks of a list, read and checked against its columns.

use crate::cell::read_time;
use crate::error::{Fault, ListingCode};
use crate::spec::{Column, Direction, Kind, ListSpec};
use crate::{ListingError, cursor};
use chrono::{DateTime as Rfc3339, Datelike, FixedOffset, NaiveDate};
use tongka_base::MemberCode;
use tongka_base::date::{days_since_epoch, format_date, format_date_time};
use tongka_storage::Value;

/// Most rows of a page.
pub const MOST_ROWS: u32 = 500;
/// Rows of a page when the caller does not say.
const USUAL_ROWS: u32 = 50;
/// Most values of `.in`.
const MOST_VALUES: usize = 100;
/// Longest value of a condition, in bytes.
const LONGEST: usize = 500;

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Is the value.
    Equal,
    /// Is one of the values.
    In,
    /// Is the value or larger.
    From,
    /// Is the value or smaller.
    To,
    /// Contains the text, upper and lower case alike.
    Like,
    /// Begins with the text.
    Prefix,
}

impl Op {
    const ALL: [Self; 6] = [Self::Equal, Self::In, Self::From, Self::To, Self::Like, Self::Prefix];

    fn of(suffix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.suffix() == suffix)
    }

    /// What stands behind the column's name: empty, `in`, `from`, `to`, `like`, `prefix`.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::In => "in",
            Self::From => "from",
            Self::To => "to",
            Self::Like => "like",
            Self::Prefix => "prefix",
        }
    }
}

impl Kind {
    /// The conditions a column of this kind takes.
    pub fn operations(self) -> &'static [Op] {
        match self {
            Self::Int | Self::Fen | Self::Ppm | Self::Date => &[Op::Equal, Op::In, Op::From, Op::To],
            Self::DateTime => &[Op::Equal, Op::From, Op::To],
            Self::Flag => &[Op::Equal],
            Self::Text | Self::Code | Self::Digest => &[Op::Equal, Op::In, Op::Like, Op::Prefix],
            Self::Enum(_) | Self::Coded(_) | Self::Member => &[Op::Equal, Op::In],
            Self::Json => &[],
        }
    }
}

/// A condition on one column, its values as SQL holds them.
#[derive(Clone, Debug)]
pub struct Filter {
    pub(crate) column: &'static Column,
    pub(crate) op: Op,
    pub(crate) values: Vec<Value>,
}

/// What a caller asks of a list.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) filters: Vec<Filter>,
    /// Ends with the key of the list.
    pub(crate) sort: Vec<(&'static Column, Direction)>,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<cursor::Cursor>,
    pub(crate) fingerprint: String,
}

impl Query {
    /// Reads parameters as the address holds them, decoded: `limit`, `cursor`, `sort`, and conditions `column` or
    /// `column.op`.
    ///
    /// # Errors
    /// [`ListingError::Query`] with everything that does not fit; [`ListingError::Broken`] for a spec that names a column
    /// it does not have.
    pub fn read<N: AsRef<str>, V: AsRef<str>>(
        spec: &'static ListSpec,
        parameters: &[(N, V)],
    ) -> Result<Self, ListingError> {
        let mut faults = Vec::new();
        let mut filters: Vec<Filter> = Vec::new();
        let (mut limit, mut cursor_text, mut sort_text) = (None, None, None);
        for (at, (name, value)) in parameters.iter().enumerate() {
            let (name, value) = (name.as_ref(), value.as_ref());
            if parameters[..at].iter().any(|(earlier, _)| earlier.as_ref() == name) {
                faults.push(Fault::new(name, ListingCode::Twice, "give it once"));
                continue;
            }
            match name {
                "limit" => match value.parse::<u32>() {
                    Ok(rows) if (1..=MOST_ROWS).contains(&rows) => limit = Some(rows),
                    _ => faults.push(Fault::new(name, ListingCode::Limit, "not a number from 1 to 500")),
                },
                "cursor" => cursor_text = Some(value),
                "sort" => sort_text = Some(value),
                _ => match read_filter(spec, name, value) {
                    Ok(filter) => filters.push(filter),
                    Err(fault) => faults.push(fault),
                },
            }
        }
        let sort = match sort_text.map(|text| read_sort(spec, text)) {
            Some(Ok(sort)) => sort,
            Some(Err(fault)) => {
                faults.push(fault);
                Vec::new()
            }
            None => default_sort(spec)?,
        };
        if !faults.is_empty() {
            return Err(ListingError::Query(faults));
        }
        filters.sort_by_key(|f| (f.column.name, f.op));
        let sort = complete(spec, sort)?;
        let fingerprint = cursor::fingerprint(spec, &filters, &sort);
        let cursor = cursor_text
            .map(|text| {
                cursor::Cursor::read(text, &fingerprint, &sort)
                    .ok_or_else(|| vec![Fault::new("cursor", ListingCode::Cursor, "take it from the page before")])
            })
            .transpose()
            .map_err(ListingError::Query)?;
        Ok(Self { filters, sort, limit: limit.unwrap_or(USUAL_ROWS), cursor, fingerprint })
    }

    /// All rows in the default order.
    ///
    /// # Errors
    /// [`ListingError::Broken`] for a spec that names a column it does not have.
    pub fn all(spec: &'static ListSpec) -> Result<Self, ListingError> {
        Self::read::<&str, &str>(spec, &[])
    }

    /// The columns that are filtered by, for the audit log.
    pub fn filtered_by(&self) -> impl Iterator<Item = (&'static str, Op)> {
        self.filters.iter().map(|f| (f.column.name, f.op))
    }
}

/// The columns of a comma-separated list of names, or those shown by default.
///
/// # Errors
/// [`ListingError::Query`] V09.
pub fn columns_named(spec: &'static ListSpec, names: Option<&str>) -> Result<Vec<&'static Column>, ListingError> {
    let Some(names) = names else { return Ok(spec.shown()) };
    let mut columns: Vec<&'static Column> = Vec::new();
    for name in names.split(',') {
        let refuse = |detail: &str| {
            let detail = format!("{} {detail}", shortened(name));
            ListingError::Query(vec![Fault::new("columns", ListingCode::Columns, detail)])
        };
        let column = spec.column(name).ok_or_else(|| refuse("is no column"))?;
        if columns.iter().any(|c| c.name == name) {
            return Err(refuse("is there twice"));
        }
        columns.push(column);
    }
    Ok(columns)
}

/// What a caller wrote, short enough to be repeated.
fn shortened(text: &str) -> String {
    let short: String = text.chars().take(40).filter(|c| !c.is_control()).collect();
    format!("{short:?}")
}

fn default_sort(spec: &'static ListSpec) -> Result<Vec<(&'static Column, Direction)>, ListingError> {
    let column = |name| {
        spec.column(name).ok_or_else(|| ListingError::Broken(format!("{} has no column {name} to sort by", spec.name)))
    };
    spec.default_sort.iter().map(|(name, direction)| Ok((column(name)?, *direction))).collect()
}

fn read_sort(spec: &'static ListSpec, text: &str) -> Result<Vec<(&'static Column, Direction)>, Fault> {
    let mut sort: Vec<(&'static Column, Direction)> = Vec::new();
    for term in text.split(',') {
        let (name, direction) = match term.strip_prefix('-') {
            Some(name) => (name, Direction::Descending),
            None => (term, Direction::Ascending),
        };
        let refuse = |what: &str| Fault::new("sort", ListingCode::Sort, format!("{} {what}", shortened(term)));
        let column = spec.column(name).ok_or_else(|| refuse("is no column"))?;
        if !column.sortable {
            return Err(refuse("is not sortable"));
        }
        if sort.iter().any(|(c, _)| c.name == name) {
            return Err(refuse("is there twice"));
        }
        sort.push((column, direction));
    }
    Ok(sort)
}

/// Ends an order with the key, in the direction of the term before it, so that one index can serve both. What follows the
/// key in an order changes nothing and is left out.
fn complete(
    spec: &'static ListSpec,
    mut sort: Vec<(&'static Column, Direction)>,
) -> Result<Vec<(&'static Column, Direction)>, ListingError> {
    if let Some(at) = sort.iter().position(|(c, _)| c.name == spec.key) {
        sort.truncate(at + 1);
        return Ok(sort);
    }
    let key = spec.column(spec.key).filter(|c| !c.nullable && !matches!(c.kind, Kind::Json));
    let key = key.ok_or_else(|| ListingError::Broken(format!("{} has no column for its key", spec.name)))?;
    let direction = sort.last().map_or(Direction::Ascending, |(_, direction)| *direction);
    sort.push((key, direction));
    Ok(sort)
}

fn read_filter(spec: &'static ListSpec, name: &str, value: &str) -> Result<Filter, Fault> {
    let (column_name, suffix) = name.split_once('.').unwrap_or((name, ""));
    let named = shortened(name);
    let column = spec
        .column(column_name)
        .filter(|c| c.filterable)
        .ok_or_else(|| Fault::new(named.trim_matches('"'), ListingCode::NoField, "no such field to filter by"))?;
    let op =
        Op::of(suffix).filter(|op| column.kind.operations().contains(op) && !name.ends_with('.')).ok_or_else(|| {
            Fault::new(named.trim_matches('"'), ListingCode::Operation, format!("{} field", column.kind.word()))
        })?;
    let wrong = |detail: &str| Fault::new(name, ListingCode::Value, detail);
    if value.len() > LONGEST.max(if op == Op::In { LONGEST * 20 } else { 0 }) {
        return Err(wrong("longer than is useful"));
    }
    if value.contains('\0') {
        return Err(wrong("contains U+0000"));
    }
    let texts: Vec<&str> = if op == Op::In { value.split(',').collect() } else { vec![value] };
    if texts.len() > MOST_VALUES {
        return Err(wrong("more than 100 values"));
    }
    let mut values = Vec::with_capacity(texts.len());
    for text in texts {
        values.extend(read_value(column.kind, op, text).ok_or_else(|| wrong(expected(column.kind)))?);
    }
    Ok(Filter { column, op, values })
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Int | Kind::Ppm => "an integer is expected",
        Kind::Fen => "an integer of fen is expected",
        Kind::Flag => "true or false is expected",
        Kind::Date => "a date YYYY-MM-DD is expected",
        Kind::DateTime => "a date YYYY-MM-DD or a time in RFC 3339 is expected",
        Kind::Enum(_) | Kind::Coded(_) => "not one of the field's values",
        Kind::Member => "a member code of 8 digits is expected",
        Kind::Digest => "hexadecimal digits are expected",
        Kind::Text | Kind::Code | Kind::Json => "text is expected",
    }
}

/// A value as SQL holds it; two for a time that equals a whole day.
fn read_value(kind: Kind, op: Op, text: &str) -> Option<Vec<Value>> {
    let value = match kind {
        Kind::Int | Kind::Fen | Kind::Ppm => Value::Int(text.parse().ok()?),
        Kind::Flag => Value::Int(match text {
            "true" => 1,
            "false" => 0,
            _ => return None,
        }),
        Kind::Date => Value::from(days_since_epoch(read_date(text)?)),
        Kind::DateTime => return read_moment(op, text),
        Kind::Enum(values) => Value::Text(values.iter().find(|v| v.value == text)?.value.to_owned()),
        Kind::Coded(values) => Value::Int(values.iter().find(|v| v.value == text)?.value.parse().ok()?),
        Kind::Member => Value::from(MemberCode::parse(text.as_bytes())?),
        Kind::Digest if text.bytes().all(|b| b.is_ascii_hexdigit()) => Value::Text(text.to_ascii_uppercase()),
        Kind::Text | Kind::Code => Value::from(text),
        Kind::Digest | Kind::Json => return None,
    };
    Some(vec![value])
}

fn read_date(text: &str) -> Option<NaiveDate> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    plain.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?.filter(|d| (1..=9999).contains(&d.year()))
}

/// A day stands for its first second in `.from`, its last in `.to`, and both when something equals it.
fn read_moment(op: Op, text: &str) -> Option<Vec<Value>> {
    if let Some(date) = read_date(text) {
        let (first, last) = (format!("{}000000", format_date(date)), format!("{}235959", format_date(date)));
        return Some(match op {
            Op::From => vec![Value::Text(first)],
            Op::To => vec![Value::Text(last)],
            _ => vec![Value::Text(first), Value::Text(last)],
        });
    }
    // A plus sign in an address that nobody encoded arrives as a space.
    let at = Rfc3339::<FixedOffset>::parse_from_rfc3339(&text.replace(' ', "+")).ok()?;
    let local = format_date_time(at.with_timezone(&FixedOffset::east_opt(8 * 3600)?).naive_local());
    read_time(&local)?;
    Some(if op == Op::Equal { vec![Value::Text(local.clone()), Value::Text(local)] } else { vec![Value::Text(local)] })
}
