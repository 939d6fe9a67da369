//! Columns and cells of a table, whatever file they go to.

use tongka_base::{Date, DateTime, Fen};

/// What a column holds; it decides alignment and number format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, codes, digests: left.
    Text,
    /// Whole numbers: right, with thousands separators.
    Int,
    /// Fen, shown as yuan with two decimals: right.
    Money,
    /// Parts per million, shown as per cent with four decimals: right.
    Rate,
    /// A calendar date.
    Date,
    /// A wall time, Asia/Shanghai.
    DateTime,
}

impl Kind {
    /// Whether its cells stand on the right.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Money | Self::Rate)
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading, for people.
    pub title: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it is added up: whole numbers and money only.
    pub total: bool,
}

impl Column {
    /// A column that is not added up.
    pub fn new(title: impl Into<String>, kind: Kind) -> Self {
        Self { title: title.into(), kind, total: false }
    }

    /// A column that is added up.
    pub fn summed(title: impl Into<String>, kind: Kind) -> Self {
        Self { total: true, ..Self::new(title, kind) }
    }
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Money.
    Money(Fen),
    /// Parts per million.
    Rate(i64),
    /// A date.
    Date(Date),
    /// A wall time.
    DateTime(DateTime),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Fen> for Cell {
    fn from(fen: Fen) -> Self {
        Self::Money(fen)
    }
}

impl From<Date> for Cell {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, Into::into)
    }
}

impl Cell {
    /// A count; one that does not fit stands as text.
    pub fn count(n: u64) -> Self {
        i64::try_from(n).map_or_else(|_| Self::Text(n.to_string()), Self::Int)
    }

    /// What it holds, whatever its column says; none for nothing.
    pub(crate) fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Empty => return None,
            Self::Text(_) => Kind::Text,
            Self::Int(_) => Kind::Int,
            Self::Money(_) => Kind::Money,
            Self::Rate(_) => Kind::Rate,
            Self::Date(_) => Kind::Date,
            Self::DateTime(_) => Kind::DateTime,
        })
    }

    /// As a program reads it: yuan as `-1234.56`, per cent as `0.2000%`.
    pub fn plain(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Int(n) => n.to_string(),
            Self::Money(fen) => fen.to_string().replace(',', ""),
            Self::Rate(ppm) => percent(*ppm),
            Self::Date(date) => date.to_string(),
            Self::DateTime(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }

    /// As people read it: yuan as `-1,234.56`.
    pub fn shown(&self) -> String {
        match self {
            // A count is money's whole part: the same separators.
            Self::Int(n) => grouped(*n),
            Self::Money(fen) => fen.to_string(),
            other => other.plain(),
        }
    }
}

fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(ppm: i64) -> String {
    let sign = if ppm < 0 { "-" } else { "" };
    let ppm = ppm.unsigned_abs();
    format!("{sign}{}.{:04}%", ppm / 10_000, ppm % 10_000)
}

/// Running sums of the columns that are added up, exact.
#[derive(Clone, Debug)]
pub struct Totals(Vec<Option<(Kind, i128)>>);

impl Totals {
    /// Sums of nothing yet.
    pub fn new(columns: &[Column]) -> Self {
        let sum = |c: &Column| (c.total && matches!(c.kind, Kind::Int | Kind::Money)).then_some((c.kind, 0));
        Self(columns.iter().map(sum).collect())
    }

    /// Whether any column is added up.
    pub fn any(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    /// Adds a row.
    pub fn add(&mut self, row: &[Cell]) {
        for (sum, cell) in self.0.iter_mut().zip(row) {
            if let (Some((_, sum)), Cell::Int(n) | Cell::Money(Fen(n))) = (sum, cell) {
                *sum += i128::from(*n);
            }
        }
    }

    /// The row of sums; `label` goes into the first column that is not added up. A sum beyond 64 bits stands as text.
    pub fn row(&self, label: &str) -> Vec<Cell> {
        let mut label = Some(label);
        let cell = |sum: &Option<(Kind, i128)>| match sum {
            None => label.take().map_or(Cell::Empty, Cell::from),
            Some((kind, sum)) => match (kind, i64::try_from(*sum)) {
                (Kind::Money, Ok(sum)) => Cell::Money(Fen(sum)),
                (_, Ok(sum)) => Cell::Int(sum),
                (Kind::Money, Err(_)) => Cell::Text(format!("{}.{:02}", sum / 100, (sum % 100).abs())),
                (_, Err(_)) => Cell::Text(sum.to_string()),
            },
        };
        self.0.iter().map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_as_programs_and_people_expect() {
        let date = tongka_base::date::parse_date(b"20260901").unwrap();
        let cases = [
            (Cell::Int(-1_234_567), "-1234567", "-1,234,567"),
            (Cell::Int(999), "999", "999"),
            (Cell::Money(Fen(-123_456)), "-1234.56", "-1,234.56"),
            (Cell::Rate(2000), "0.2000%", "0.2000%"),
            (Cell::Rate(-1), "-0.0001%", "-0.0001%"),
            (Cell::Date(date), "2026-09-01", "2026-09-01"),
            (Cell::DateTime(date.and_hms_opt(8, 5, 0).unwrap()), "2026-09-01 08:05:00", "2026-09-01 08:05:00"),
            (Cell::count(u64::MAX), "18446744073709551615", "18446744073709551615"),
        ];
        for (cell, plain, shown) in cases {
            assert_eq!((cell.plain().as_str(), cell.shown().as_str()), (plain, shown));
        }
    }

    #[test]
    fn sums_are_exact_also_beyond_64_bits() {
        let columns = [Column::new("a", Kind::Text), Column::summed("b", Kind::Money), Column::new("c", Kind::Int)];
        let mut totals = Totals::new(&columns);
        totals.add(&[Cell::Empty, Cell::Money(Fen(i64::MAX)), Cell::Int(1)]);
        assert_eq!(totals.row("合计"), [Cell::from("合计"), Cell::Money(Fen(i64::MAX)), Cell::Empty]);
        totals.add(&[Cell::Empty, Cell::Money(Fen(1)), Cell::Int(1)]);
        assert_eq!(totals.row("合计")[1], Cell::from("92233720368547758.08"));
    }
}
