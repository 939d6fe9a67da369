//! The bank calendar (银行日历): on which days banks work, and therefore when a clearing date is settled.
//!
//! Pure. Clearing dates are every day; money moves on bank days only. Saturdays and Sundays are closed, unless a day is
//! announced as a make-up workday (调休上班); other days are open, unless announced as a holiday (节假日). Each year's
//! announcement is imported; a day of a year without one follows its weekday alone, and [`BankCalendar::knows`] tells.

use crate::Date;
use chrono::{Datelike, Days, Weekday};
use std::collections::{BTreeMap, BTreeSet};

/// What an announcement makes of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayKind {
    /// Closed (放假), whatever its weekday.
    Holiday,
    /// Open (上班), whatever its weekday.
    Workday,
}

impl DayKind {
    /// The word of tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holiday => "holiday",
            Self::Workday => "workday",
        }
    }

    /// The kind of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Holiday, Self::Workday].into_iter().find(|kind| kind.name() == name)
    }
}

/// Announced days, over the rule of weekdays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankCalendar {
    days: BTreeMap<Date, DayKind>,
    years: BTreeSet<i32>,
}

impl BankCalendar {
    /// A calendar of announced days.
    pub fn new(days: impl IntoIterator<Item = (Date, DayKind)>) -> Self {
        let days: BTreeMap<Date, DayKind> = days.into_iter().collect();
        let years = days.keys().map(Datelike::year).collect();
        Self { days, years }
    }

    /// Whether the announcement of a day's year is known.
    pub fn knows(&self, day: Date) -> bool {
        self.years.contains(&day.year())
    }

    /// Whether banks work on a day.
    pub fn is_bank_day(&self, day: Date) -> bool {
        match self.days.get(&day) {
            Some(kind) => *kind == DayKind::Workday,
            None => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }

    /// The first bank day after a day; `None` at the end of the calendar.
    pub fn next_bank_day(&self, day: Date) -> Option<Date> {
        let mut next = day;
        loop {
            next = next.checked_add_days(Days::new(1))?;
            if self.is_bank_day(next) {
                return Some(next);
            }
        }
    }

    /// The n-th bank day after a day; for 0 the day itself, if it is one, or the next.
    pub fn bank_day_after(&self, day: Date, n: u32) -> Option<Date> {
        if n == 0 {
            return if self.is_bank_day(day) { Some(day) } else { self.next_bank_day(day) };
        }
        (0..n).try_fold(day, |day, _| self.next_bank_day(day))
    }

    /// When the positions of a clearing date are settled (结算日): on the first bank day after it (T+1).
    pub fn settlement_date(&self, clearing_date: Date) -> Option<Date> {
        self.next_bank_day(clearing_date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DayKind::{Holiday, Workday};

    fn day(month: u32, day: u32) -> Date {
        Date::from_ymd_opt(2026, month, day).unwrap()
    }

    fn span(from: (u32, u32), to: (u32, u32)) -> impl Iterator<Item = (Date, DayKind)> {
        let (from, to) = (day(from.0, from.1), day(to.0, to.1));
        from.iter_days().take_while(move |d| *d <= to).map(|d| (d, Holiday))
    }

    /// The State Council's announcement for 2026: New Year, Spring Festival, Qingming, Labour Day, Dragon Boat,
    /// Mid-Autumn, National Day, with six make-up workdays.
    fn year_2026() -> BankCalendar {
        let workdays = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)];
        BankCalendar::new(
            span((1, 1), (1, 3))
                .chain(span((2, 15), (2, 23)))
                .chain(span((4, 4), (4, 6)))
                .chain(span((5, 1), (5, 5)))
                .chain(span((6, 19), (6, 21)))
                .chain(span((9, 25), (9, 27)))
                .chain(span((10, 1), (10, 7)))
                .chain(workdays.map(|(m, d)| (day(m, d), Workday))),
        )
    }

    #[test]
    fn holidays_weekends_and_make_up_workdays() {
        let calendar = year_2026();
        let cases = [
            ((1, 1), false),
            ((1, 4), true), // a Sunday that makes up
            ((2, 14), true),
            ((2, 15), false),
            ((2, 23), false), // a Monday of the Spring Festival
            ((2, 24), true),
            ((2, 28), true),
            ((3, 1), false), // a plain Sunday
            ((9, 20), true),
            ((9, 25), false),
            ((9, 28), true),
            ((9, 30), true),
            ((10, 1), false),
            ((10, 7), false),
            ((10, 8), true),
            ((10, 10), true),
            ((10, 11), false),
        ];
        for ((m, d), open) in cases {
            assert_eq!(calendar.is_bank_day(day(m, d)), open, "{m}-{d}");
        }
        let bank_days = day(1, 1).iter_days().take_while(|d| d.year() == 2026).filter(|d| calendar.is_bank_day(*d));
        assert_eq!(bank_days.count(), 248);
    }

    #[test]
    fn clearing_dates_are_settled_on_the_next_bank_day() {
        let calendar = year_2026();
        let cases = [
            ((9, 17), (9, 18)),
            ((9, 18), (9, 20)), // Friday; the Sunday makes up for Golden Week
            ((9, 19), (9, 20)),
            ((9, 24), (9, 28)), // Mid-Autumn
            ((9, 30), (10, 8)), // Golden Week: eight clearing dates are settled on one day
            ((10, 3), (10, 8)),
            ((10, 7), (10, 8)),
            ((10, 9), (10, 10)),
            ((10, 10), (10, 12)),
            ((2, 13), (2, 14)),
            ((2, 14), (2, 24)),
        ];
        for ((m, d), (sm, sd)) in cases {
            assert_eq!(calendar.settlement_date(day(m, d)), Some(day(sm, sd)), "{m}-{d}");
        }
        let golden_week = day(9, 1).iter_days().take(60).filter(|d| calendar.settlement_date(*d) == Some(day(10, 8)));
        assert_eq!(golden_week.count(), 8);
    }

    #[test]
    fn bank_days_are_counted() {
        let calendar = year_2026();
        let cases = [
            ((9, 30), 0, (9, 30)),
            ((9, 30), 1, (10, 8)),
            ((9, 30), 3, (10, 10)),
            ((9, 30), 4, (10, 12)),
            ((10, 2), 0, (10, 8)),
        ];
        for ((m, d), n, (am, ad)) in cases {
            assert_eq!(calendar.bank_day_after(day(m, d), n), Some(day(am, ad)), "{m}-{d} + {n}");
        }
    }

    #[test]
    fn a_year_without_announcement_follows_its_weekdays() {
        let calendar = year_2026();
        let new_year = Date::from_ymd_opt(2027, 1, 1).unwrap();
        assert!(!calendar.knows(new_year) && calendar.knows(day(6, 1)));
        assert!(calendar.is_bank_day(new_year), "a Friday");
        assert!(BankCalendar::default().is_bank_day(day(10, 1)));
        assert_eq!(BankCalendar::default().next_bank_day(Date::MAX), None);
    }
}
