//! What the book says of days and hours: bank days, and when clearing dates open and are cut.

use crate::error::MemberError;
use crate::read::{At, Rows, load_shelf};
use crate::rows::{HolidayEntry, ScheduleEntry, Shelf};
use chrono::{Datelike, TimeDelta};
use tongka_base::{BankCalendar, Date, DateTime};
use tongka_storage::{Db, Scope, WriteTx};

/// Minutes of a day.
pub(crate) const DAY_MINUTES: u32 = 24 * 60;
/// Most minutes of grace, warning and escalation: half a day.
pub(crate) const MOST_MINUTES: u32 = 12 * 60;

/// The bank calendar as it is now.
///
/// # Errors
/// What the database says.
pub async fn bank_calendar(db: &Db) -> Result<BankCalendar, MemberError> {
    current(&mut db.begin_read(Scope::Platform).await?).await
}

/// The bank calendar as a transaction sees it.
///
/// # Errors
/// What the database says.
pub async fn bank_calendar_in(tx: &mut WriteTx) -> Result<BankCalendar, MemberError> {
    current(tx).await
}

async fn current<R: Rows>(rows: &mut R) -> Result<BankCalendar, MemberError> {
    let days = load_shelf::<HolidayEntry, _>(rows, At::Current).await?;
    Ok(BankCalendar::new(days.into_values().map(|entry| (entry.date, entry.kind))))
}

/// When clearing dates open and are cut (清算时间表).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(Shelf<ScheduleEntry>);

/// The times of one clearing date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTimes {
    /// It may open from here on.
    pub open_at: DateTime,
    /// It is cut here (日切).
    pub cut_at: DateTime,
    /// Until here the cut waits for files that are on their way.
    pub grace_until: DateTime,
}

impl Schedule {
    /// The times of a clearing date; `None` while no schedule was set.
    pub fn times(&self, date: Date) -> Option<DayTimes> {
        let weekday = u8::try_from(date.weekday().number_from_monday()).expect("1 to 7");
        let entry = self.0.get(&weekday).or_else(|| self.0.get(&0))?;
        let cut_at = at_minute(date, entry.cut_minute);
        Some(DayTimes {
            open_at: at_minute(date, entry.open_minute),
            cut_at,
            grace_until: cut_at + TimeDelta::minutes(i64::from(entry.grace_minutes)),
        })
    }
}

/// The schedule as it is now.
///
/// # Errors
/// What the database says.
pub async fn schedule(db: &Db) -> Result<Schedule, MemberError> {
    let mut rows = db.begin_read(Scope::Platform).await?;
    Ok(Schedule(load_shelf(&mut rows, At::Current).await?))
}

/// Minutes after the midnight with which a date begins.
pub(crate) fn at_minute(date: Date, minute: u32) -> DateTime {
    date.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekday_of_its_own_goes_before_every_day() {
        let entry =
            |weekday, open_minute, cut_minute| ScheduleEntry { weekday, open_minute, cut_minute, grace_minutes: 30 };
        let rows = [entry(0, 0, 23 * 60), entry(7, 60, DAY_MINUTES + 90)];
        let schedule = Schedule(rows.into_iter().map(|row| (row.weekday, row)).collect());
        let day = |d| Date::from_ymd_opt(2026, 11, d).unwrap();
        let shown = |date| {
            let times = schedule.times(date).unwrap();
            [times.open_at, times.cut_at, times.grace_until].map(|at| at.format("%d %H:%M").to_string())
        };
        assert_eq!(shown(day(21)), ["21 00:00", "21 23:00", "21 23:30"]);
        assert_eq!(shown(day(22)), ["22 01:00", "23 01:30", "23 02:00"], "a Sunday");
        assert_eq!(Schedule::default().times(day(21)), None);
    }
}
