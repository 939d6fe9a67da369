//! Which files a member should send for each clearing date, and by when.

use super::{Draft, Payload, shown};
use crate::calendar::{DAY_MINUTES, MOST_MINUTES};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::Rows;
use crate::rows::ExpectedEntry;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tongka_base::MemberCode;

/// Most files of a kind and day.
const MOST_FILES: u32 = 10_000;

/// Files of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRow {
    /// Kind of file: `TXU`.
    pub kind: String,
    /// From when on they may come, on the clearing date.
    #[serde(with = "form::clock")]
    pub from: u32,
    /// By when they must have come.
    #[serde(with = "form::clock")]
    pub by: u32,
    /// Whether that is on the day after.
    #[serde(default)]
    pub by_next_day: bool,
    /// How many at least.
    pub min_count: u32,
    /// Minutes before that time from which people are warned.
    pub warn_minutes: u32,
    /// Minutes after that time from which the matter goes up.
    pub escalate_minutes: u32,
}

/// All expected files of a member anew; none when empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedSet {
    /// Member.
    #[serde(with = "form::member")]
    pub member: MemberCode,
    /// One row a kind.
    pub rows: Vec<ExpectedRow>,
}

impl ExpectedRow {
    fn entry(&self, member: MemberCode) -> ExpectedEntry {
        ExpectedEntry {
            member,
            kind: self.kind.clone(),
            from_minute: self.from,
            by_minute: self.by + if self.by_next_day { DAY_MINUTES } else { 0 },
            min_count: self.min_count,
            warn_minutes: self.warn_minutes,
            escalate_minutes: self.escalate_minutes,
        }
    }

    fn of(entry: &ExpectedEntry) -> Self {
        Self {
            kind: entry.kind.clone(),
            from: entry.from_minute,
            by: entry.by_minute % DAY_MINUTES,
            by_next_day: entry.by_minute >= DAY_MINUTES,
            min_count: entry.min_count,
            warn_minutes: entry.warn_minutes,
            escalate_minutes: entry.escalate_minutes,
        }
    }
}

impl Payload for ExpectedSet {
    fn object(&self) -> String {
        self.member.to_string()
    }

    fn summary(&self) -> String {
        let shown = self.rows.iter().map(|row| {
            let next = if row.by_next_day { "次日 " } else { "" };
            format!("{} 至少 {} 份，{next}{:02}:{:02} 前", row.kind, row.min_count, row.by / 60, row.by % 60)
        });
        let shown = shown.collect::<Vec<_>>().join("，");
        format!("设置成员 {} 应到文件：{}", self.member, if shown.is_empty() { "无".to_owned() } else { shown })
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        draft.member("member", self.member)?;
        let old = draft.book.expected_files.values().filter(|entry| entry.member == self.member);
        let before = Self { member: self.member, rows: old.map(ExpectedRow::of).collect() };
        draft.book.expected_files.retain(|(member, _), _| *member != self.member);
        for (at, row) in self.rows.iter().enumerate() {
            let field = |name: &str| format!("rows[{at}].{name}");
            let entry = row.entry(self.member);
            let key = (self.member, row.kind.clone());
            if row.kind.len() != 3 || !row.kind.bytes().all(|b| b.is_ascii_uppercase()) {
                return refuse(BookCode::Value, field("kind"), "三位大写字母，如 TXU", "three capitals, such as TXU");
            } else if entry.by_minute <= entry.from_minute {
                return refuse(BookCode::Value, field("by"), "须晚于开始时间", "it must be after the beginning");
            } else if !(1..=MOST_FILES).contains(&row.min_count) {
                let (zh, en) = (format!("1 至 {MOST_FILES}"), format!("1 to {MOST_FILES}"));
                return refuse(BookCode::Value, field("min_count"), zh, en);
            } else if row.warn_minutes > MOST_MINUTES || row.escalate_minutes > MOST_MINUTES {
                let (zh, en) = (format!("不超过 {MOST_MINUTES} 分钟"), format!("at most {MOST_MINUTES} minutes"));
                return refuse(BookCode::Value, field("warn_minutes"), zh, en);
            } else if draft.book.expected_files.insert(key, entry).is_some() {
                return refuse(BookCode::Exists, field("kind"), "重复", "it is there twice");
            }
        }
        Ok(shown(before))
    }
}
