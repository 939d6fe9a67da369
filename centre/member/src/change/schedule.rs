//! When clearing dates open and are cut.

use super::{Draft, Payload, shown};
use crate::calendar::{DAY_MINUTES, MOST_MINUTES};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::Rows;
use crate::rows::ScheduleEntry;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Times of the clearing dates of a weekday.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRow {
    /// Monday 1 to Sunday 7; 0 for all that have no row of their own.
    pub weekday: u8,
    /// When it opens, on its day.
    #[serde(with = "form::clock")]
    pub open: u32,
    /// When it is cut.
    #[serde(with = "form::clock")]
    pub cut: u32,
    /// Whether that is on the day after.
    #[serde(default)]
    pub cut_next_day: bool,
    /// Minutes that the cut waits for files that are on their way.
    pub grace_minutes: u32,
}

/// The whole schedule anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSet {
    /// One row for weekday 0, and one for each weekday that differs.
    pub rows: Vec<ScheduleRow>,
}

impl ScheduleRow {
    fn entry(&self) -> ScheduleEntry {
        let next_day = if self.cut_next_day { DAY_MINUTES } else { 0 };
        ScheduleEntry {
            weekday: self.weekday,
            open_minute: self.open,
            cut_minute: self.cut + next_day,
            grace_minutes: self.grace_minutes,
        }
    }

    fn of(entry: &ScheduleEntry) -> Self {
        Self {
            weekday: entry.weekday,
            open: entry.open_minute,
            cut: entry.cut_minute % DAY_MINUTES,
            cut_next_day: entry.cut_minute >= DAY_MINUTES,
            grace_minutes: entry.grace_minutes,
        }
    }
}

impl Payload for ScheduleSet {
    fn object(&self) -> String {
        "schedule".into()
    }

    fn summary(&self) -> String {
        let shown = self.rows.iter().map(|row| {
            let day = ["每日", "周一", "周二", "周三", "周四", "周五", "周六", "周日"];
            let next = if row.cut_next_day { "次日 " } else { "" };
            let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
            let day = day.get(usize::from(row.weekday)).copied().unwrap_or("?");
            format!("{day} {} 开、{next}{} 切", clock(row.open), clock(row.cut))
        });
        format!("设置清算时间：{}", shown.collect::<Vec<_>>().join("，"))
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let before = Self { rows: draft.book.schedule.values().map(ScheduleRow::of).collect() };
        draft.book.schedule.clear();
        for (at, row) in self.rows.iter().enumerate() {
            let field = |name: &str| format!("rows[{at}].{name}");
            let entry = row.entry();
            if row.weekday > 7 {
                return refuse(BookCode::Value, field("weekday"), "0 至 7", "0 to 7");
            } else if entry.cut_minute <= entry.open_minute {
                return refuse(BookCode::Value, field("cut"), "日切须晚于开日", "the cut must be after the opening");
            } else if entry.grace_minutes > MOST_MINUTES {
                let (zh, en) = (format!("不超过 {MOST_MINUTES} 分钟"), format!("at most {MOST_MINUTES} minutes"));
                return refuse(BookCode::Value, field("grace_minutes"), zh, en);
            } else if draft.book.schedule.insert(row.weekday, entry).is_some() {
                return refuse(BookCode::Exists, field("weekday"), "重复", "it is there twice");
            }
        }
        if !draft.book.schedule.contains_key(&0) {
            return refuse(BookCode::Value, "rows", "须有 weekday 为 0 的一行", "a row of weekday 0 is needed");
        }
        Ok(shown(before))
    }
}
