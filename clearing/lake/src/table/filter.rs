//! Finding rows: tests on columns, the cheapest reading first.

use super::read::may_hold;
use super::{Column, Table};
use crate::LakeError;
use std::ops::Range;
use tongka_base::AppSerial;
use tongka_txn::split_serial;

/// What a column has to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// This value.
    Is(i64),
    /// A value within these bounds, both included; for columns without a sign.
    Within(i64, i64),
    /// One of the values, each a bit: value `n` is bit `n`; for columns whose values are below 64.
    OneOf(u64),
}

impl Test {
    fn holds(self, value: i64) -> bool {
        match self {
            Self::Is(wanted) => value == wanted,
            Self::Within(from, to) => (from..=to).contains(&value),
            Self::OneOf(bits) => (0..64).contains(&value) && bits >> value & 1 == 1,
        }
    }

    /// Whether a value that passes can lie between these bounds.
    fn may_pass(self, bounds: (i64, i64)) -> bool {
        match self {
            Self::Is(wanted) => may_hold(bounds, wanted),
            Self::Within(from, to) => bounds.0 > bounds.1 || bounds.0 < 0 || (bounds.0 <= to && from <= bounds.1),
            Self::OneOf(bits) => bounds.0 < 0 || bounds.1 > 63 || (bounds.0..=bounds.1).any(|n| bits >> n & 1 == 1),
        }
    }
}

/// What a record has to be like: every test holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    tests: Vec<(Column, Test)>,
    card: Option<(u16, u64)>,
    /// Second of the transaction since 1970, both bounds included.
    seconds: Option<(i64, i64)>,
}

const DAY: i64 = 86_400;

impl Filter {
    /// A column has to pass a test. Tests that few records pass should come first.
    pub fn test(&mut self, column: Column, test: Test) {
        self.tests.push((column, test));
    }

    /// The card has this application serial.
    pub fn card(&mut self, serial: AppSerial) {
        self.card = Some(split_serial(serial.0));
    }

    /// The transaction took place within these seconds since 1970-01-01 of its wall time, both included.
    pub fn seconds(&mut self, from: i64, to: i64) {
        self.test(Column::Date, Test::Within(from.div_euclid(DAY), to.div_euclid(DAY)));
        self.seconds = Some((from, to));
    }
}

impl Table {
    /// Record number and row of every record that passes, in the order of rows. `among` are the only rows to look at,
    /// ascending, where that is known. Gives up between row groups with what it has when `cancelled` says so.
    pub fn find(
        &self,
        filter: &Filter,
        among: Option<&[Range<u32>]>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<(u32, u32)>, LakeError> {
        let mut found = Vec::new();
        for group in 0..self.groups() {
            if cancelled() {
                break;
            }
            let rows = self.find_in(group, filter, among)?;
            if rows.is_empty() {
                continue;
            }
            let first = self.group_rows(group).start;
            let numbers = self.take(group, Column::RecordNo, &rows)?;
            found.extend(numbers.into_iter().zip(rows).map(|(number, row)| (number as u32, first + row)));
        }
        Ok(found)
    }

    /// Rows of one row group that pass, counted from its first one.
    fn find_in(&self, group: usize, filter: &Filter, among: Option<&[Range<u32>]>) -> Result<Vec<u32>, LakeError> {
        let mut tests = Vec::with_capacity(filter.tests.len() + 2);
        if let Some((high, low)) = filter.card {
            tests.push((Column::SerialLow, Test::Is(low as i64)));
            tests.push((Column::SerialHigh, Test::Is(i64::from(high))));
        }
        tests.extend_from_slice(&filter.tests);
        let may_pass = |(column, test): &(Column, Test)| self.range(group, *column).is_none_or(|b| test.may_pass(b));
        if !tests.iter().all(may_pass) {
            return Ok(Vec::new());
        }
        let here = self.group_rows(group);
        let mut rows: Option<Vec<u32>> = match (among, filter.card) {
            (Some(ranges), _) => {
                let clip = |range: &Range<u32>| range.start.max(here.start)..range.end.min(here.end);
                let rows = ranges.iter().map(clip).flat_map(|range| range.map(|row| row - here.start));
                Some(rows.collect())
            }
            (None, Some((_, low))) => {
                Some(self.pages_with(group, Column::SerialLow, low).into_iter().flatten().collect())
            }
            (None, None) => None,
        };
        for (column, test) in tests {
            let passed = match rows.take() {
                None => {
                    let values = self.take_all(group, column)?;
                    (0..).zip(values).filter(|(_, value)| test.holds(*value)).map(|(row, _)| row).collect()
                }
                Some(rows) if rows.is_empty() => return Ok(rows),
                Some(rows) => {
                    let values = self.take(group, column, &rows)?;
                    rows.into_iter().zip(values).filter(|(_, v)| test.holds(*v)).map(|(row, _)| row).collect()
                }
            };
            rows = Some(passed);
        }
        let rows: Vec<u32> = rows.unwrap_or_else(|| (0..here.len() as u32).collect());
        match filter.seconds {
            Some((from, to)) if !rows.is_empty() => {
                let days = self.take(group, Column::Date, &rows)?;
                let times = self.take(group, Column::Time, &rows)?;
                let at = days.into_iter().zip(times).map(|(day, time)| day * DAY + time);
                let within = rows.into_iter().zip(at).filter(|(_, at)| (from..=to).contains(at));
                Ok(within.map(|(row, _)| row).collect())
            }
            _ => Ok(rows),
        }
    }

    fn take_all(&self, group: usize, column: Column) -> Result<Vec<i64>, LakeError> {
        match super::COLUMNS[column as usize].1 {
            32 => Ok(self.narrow(group, column)?.into_iter().map(i64::from).collect()),
            _ => self.wide(group, column),
        }
    }
}
