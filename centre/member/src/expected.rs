//! The board of expected files (应到文件看板): who should have sent what by now, with a warning before it is too late.

use crate::book::Book;
use crate::calendar::at_minute;
use crate::error::MemberError;
use crate::read::{At, load_shelf};
use crate::rows::{Entry, ExpectedEntry, MemberEntry};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use tongka_base::date::{days_since_epoch, parse_date_time};
use tongka_base::{Date, DateTime, MemberCode};
use tongka_storage::{Db, Scope, params};

/// Where the files of a kind stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 未到时间: they need not be there yet.
    Waiting,
    /// 即将超时: the time is near.
    DueSoon,
    /// 已超时: they should be there.
    Late,
    /// 已升级: they should have been there long ago.
    Escalated,
    /// 已到齐: they came in time.
    Arrived,
    /// 迟到到齐: they came, but late.
    ArrivedLate,
}

impl Standing {
    /// The word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::DueSoon => "due_soon",
            Self::Late => "late",
            Self::Escalated => "escalated",
            Self::Arrived => "arrived",
            Self::ArrivedLate => "arrived_late",
        }
    }
}

/// A line of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedFiles {
    /// Member.
    pub member: MemberCode,
    /// Its name.
    pub name: String,
    /// Kind of file.
    pub kind: String,
    /// From when on they may come.
    pub from: DateTime,
    /// By when they must have come.
    pub by: DateTime,
    /// How many at least.
    pub expected: u32,
    /// How many came.
    pub arrived: u32,
    /// When the last one came.
    pub last_at: Option<DateTime>,
    /// Where they stand.
    pub standing: Standing,
    /// Minutes since they should have been there, or by which they came late.
    pub late_minutes: i64,
}

/// Judges the files of one kind by when they came.
fn judge(entry: &ExpectedEntry, name: &str, date: Date, mut arrivals: Vec<DateTime>, now: DateTime) -> ExpectedFiles {
    arrivals.sort_unstable();
    let minutes = |minutes: u32| TimeDelta::minutes(i64::from(minutes));
    let (from, by) = (at_minute(date, entry.from_minute), at_minute(date, entry.by_minute));
    let complete_at = arrivals.get(entry.min_count as usize - 1).copied();
    let late = |at: DateTime| (at - by).num_minutes().max(0);
    let (standing, late_minutes) = match complete_at {
        Some(at) if at <= by => (Standing::Arrived, 0),
        Some(at) => (Standing::ArrivedLate, late(at)),
        None if now > by + minutes(entry.escalate_minutes) => (Standing::Escalated, late(now)),
        None if now > by => (Standing::Late, late(now)),
        None if now >= by - minutes(entry.warn_minutes) => (Standing::DueSoon, 0),
        None => (Standing::Waiting, 0),
    };
    ExpectedFiles {
        member: entry.member,
        name: name.to_owned(),
        kind: entry.kind.clone(),
        from,
        by,
        expected: entry.min_count,
        arrived: u32::try_from(arrivals.len()).unwrap_or(u32::MAX),
        last_at: arrivals.last().copied(),
        standing,
        late_minutes,
    }
}

/// The board of a clearing date at a moment: the members that take part on it, those in trouble first. A member sees its
/// own lines.
///
/// # Errors
/// What the database says.
pub async fn expected_board(
    db: &Db,
    scope: Scope,
    date: Date,
    now: DateTime,
) -> Result<Vec<ExpectedFiles>, MemberError> {
    let sees = |member: MemberCode| match scope {
        Scope::Platform => true,
        Scope::Member(own) => own == member,
        Scope::Tenant(_) => false,
    };
    let mut rows = db.begin_read(Scope::Platform).await?;
    let expected = load_shelf::<ExpectedEntry, _>(&mut rows, At::Current).await?;
    let members = Book {
        members: load_shelf::<MemberEntry, _>(&mut rows, At::Current).await?,
        suspensions: load_shelf(&mut rows, At::Current).await?,
        ..Book::default()
    };
    let sql = "SELECT member, name, accepted_at FROM upload WHERE clearing_date = $1";
    let mut arrivals: BTreeMap<(MemberCode, String), Vec<DateTime>> = BTreeMap::new();
    for row in rows.fetch_all(sql, params![days_since_epoch(date)]).await? {
        let member = MemberCode(u32::try_from(row.int("member")?).unwrap_or_default());
        let kind = row.text("name")?.get(..3).unwrap_or_default().to_owned();
        if let Some(at) = parse_date_time(&row.text("accepted_at")?) {
            arrivals.entry((member, kind)).or_default().push(at);
        }
    }
    let mut board: Vec<ExpectedFiles> = expected
        .values()
        .filter(|entry| sees(entry.member) && members.is_active(entry.member, date))
        .map(|entry| {
            let name = members.members.get(&entry.member).map_or("", |member| member.name.as_str());
            judge(entry, name, date, arrivals.remove(&entry.key()).unwrap_or_default(), now)
        })
        .collect();
    let trouble = |line: &ExpectedFiles| match line.standing {
        Standing::Escalated => 0,
        Standing::Late => 1,
        Standing::DueSoon => 2,
        Standing::Waiting => 3,
        Standing::ArrivedLate => 4,
        Standing::Arrived => 5,
    };
    board.sort_by_key(|line| (trouble(line), line.by, line.member));
    Ok(board)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::*;

    #[test]
    fn files_are_due_late_and_there() {
        let entry = ExpectedEntry {
            member: MemberCode(1),
            kind: "TXU".into(),
            from_minute: 60,
            by_minute: 16 * 60,
            min_count: 2,
            warn_minutes: 30,
            escalate_minutes: 45,
        };
        let date = Date::from_ymd_opt(2026, 9, 1).unwrap();
        let at = |hour, minute| date.and_hms_opt(hour, minute, 0).unwrap();
        let cases = [
            (vec![], at(15, 29), Waiting, 0),
            (vec![], at(15, 30), DueSoon, 0),
            (vec![at(8, 0)], at(16, 0), DueSoon, 0),
            (vec![at(8, 0)], at(16, 1), Late, 1),
            (vec![at(8, 0)], at(16, 45), Late, 45),
            (vec![], at(16, 46), Escalated, 46),
            (vec![at(16, 0), at(8, 0)], at(23, 0), Arrived, 0),
            (vec![at(8, 0), at(16, 20), at(17, 0)], at(23, 0), ArrivedLate, 20),
        ];
        for (arrivals, now, standing, late_minutes) in cases {
            let count = arrivals.len();
            let found = judge(&entry, "沪", date, arrivals, now);
            assert_eq!((found.standing, found.late_minutes), (standing, late_minutes), "{now}");
            assert_eq!((found.arrived as usize, found.by), (count, at(16, 0)));
        }
    }
}
