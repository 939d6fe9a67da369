//! Members come, change their name, pause, go on, and leave.

use super::{Draft, Payload};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::Rows;
use crate::rows::{MemberEntry, SuspensionEntry};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tongka_base::{Date, Fen, MemberCode};
use tongka_storage::params;

/// Most characters of a name.
const LONGEST_NAME: usize = 60;
/// Most characters of a reason.
const LONGEST_REASON: usize = 200;

/// A new member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberAdd {
    /// Its code.
    #[serde(with = "form::member")]
    pub code: MemberCode,
    /// Its name.
    pub name: String,
    /// City code, 4 digits.
    pub city: String,
    /// First day it takes part.
    #[serde(with = "form::date")]
    pub active_from: Date,
    /// Last day it takes part; open-ended when absent.
    #[serde(default, with = "form::date::option", skip_serializing_if = "Option::is_none")]
    pub active_to: Option<Date>,
}

/// Another name or city; another first day while that is still to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberEdit {
    /// Which.
    #[serde(with = "form::member")]
    pub code: MemberCode,
    /// Its name.
    pub name: String,
    /// City code, 4 digits.
    pub city: String,
    /// First day it takes part; as it is when absent.
    #[serde(default, with = "form::date::option", skip_serializing_if = "Option::is_none")]
    pub active_from: Option<Date>,
}

/// A member stops taking part for a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSuspend {
    /// Which.
    #[serde(with = "form::member")]
    pub code: MemberCode,
    /// First day on which it does not take part.
    #[serde(with = "form::date")]
    pub from: Date,
    /// Last one; until it is resumed when absent.
    #[serde(default, with = "form::date::option", skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Why.
    pub reason: String,
}

/// A suspended member takes part again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberResume {
    /// Which.
    #[serde(with = "form::member")]
    pub code: MemberCode,
    /// First day on which it takes part again.
    #[serde(with = "form::date")]
    pub on: Date,
}

/// A member leaves. Its reserve must have been paid out and no open clearing date may know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberClose {
    /// Which.
    #[serde(with = "form::member")]
    pub code: MemberCode,
    /// Last day it takes part.
    #[serde(with = "form::date")]
    pub last_day: Date,
    /// Why.
    pub reason: String,
}

/// A text of people: not empty, not endless, without control characters.
pub(super) fn check_text(field: &str, text: &str, longest: usize) -> Result<(), MemberError> {
    let length = text.chars().count();
    if (1..=longest).contains(&length) && !text.chars().any(char::is_control) && text.trim() == text {
        return Ok(());
    }
    let zh = format!("1 至 {longest} 个字符，首尾无空格");
    let en = format!("1 to {longest} characters, no space at either end");
    refuse(BookCode::Value, field, zh, en)
}

fn check_who(name: &str, city: &str) -> Result<(), MemberError> {
    check_text("name", name, LONGEST_NAME)?;
    if city.len() == 4 && city.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    refuse(BookCode::Value, "city", "4 位数字城市代码", "a city code of 4 digits")
}

pub(super) fn check_period(field: &str, from: Date, to: Option<Date>) -> Result<(), MemberError> {
    if to.is_none_or(|to| from <= to) {
        return Ok(());
    }
    refuse(BookCode::Value, field, "止日早于始日", "it ends before it begins")
}

impl<R> Draft<'_, R> {
    /// The member of a code.
    pub(super) fn member(&self, field: &str, code: MemberCode) -> Result<MemberEntry, MemberError> {
        match self.book.members.get(&code) {
            Some(entry) => Ok(entry.clone()),
            None => refuse(BookCode::NotFound, field, format!("没有成员 {code}"), format!("no member {code}")),
        }
    }

    fn put_member(&mut self, entry: MemberEntry) {
        self.book.members.insert(entry.code, entry);
    }

    fn put_suspension(&mut self, entry: SuspensionEntry) {
        self.book.suspensions.insert((entry.member, entry.from), entry);
    }
}

/// A member with its times, before they change.
fn before<R>(draft: &Draft<'_, R>, entry: &MemberEntry) -> Value {
    let pauses = draft.book.suspensions_of(entry.code);
    let pauses = pauses.map(|p| json!({ "from": p.from.to_string(), "to": p.to.map(|to| to.to_string()) }));
    json!({
        "code": entry.code.to_string(),
        "name": entry.name,
        "city": entry.city,
        "active_from": entry.active_from.to_string(),
        "active_to": entry.active_to.map(|date| date.to_string()),
        "suspensions": pauses.collect::<Value>(),
    })
}

impl Payload for MemberAdd {
    fn object(&self) -> String {
        self.code.to_string()
    }

    fn summary(&self) -> String {
        format!("新增成员 {} {}，自 {} 起参加清算", self.code, self.name, self.active_from)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let Self { code, name, city, active_from, active_to } = self.clone();
        check_who(&name, &city)?;
        if draft.book.members.contains_key(&code) {
            return refuse(BookCode::Exists, "code", format!("成员 {code}"), format!("member {code}"));
        }
        draft.moment.check_ahead("active_from", active_from)?;
        check_period("active_to", active_from, active_to)?;
        draft.put_member(MemberEntry { code, name, city, active_from, active_to });
        Ok(Value::Null)
    }
}

impl Payload for MemberEdit {
    fn object(&self) -> String {
        self.code.to_string()
    }

    fn summary(&self) -> String {
        format!("修改成员 {} 资料：{}", self.code, self.name)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        check_who(&self.name, &self.city)?;
        let mut entry = draft.member("code", self.code)?;
        let before = before(draft, &entry);
        if let Some(from) = self.active_from.filter(|from| *from != entry.active_from) {
            if draft.moment.check_ahead("active_from", entry.active_from).is_err() {
                let zh = format!("已自 {} 起参加清算", entry.active_from);
                let en = format!("it takes part since {}", entry.active_from);
                return refuse(BookCode::State, "active_from", zh, en);
            }
            draft.moment.check_ahead("active_from", from)?;
            check_period("active_from", from, entry.active_to)?;
            entry.active_from = from;
        }
        (entry.name, entry.city) = (self.name.clone(), self.city.clone());
        draft.put_member(entry);
        Ok(before)
    }
}

impl Payload for MemberSuspend {
    fn object(&self) -> String {
        self.code.to_string()
    }

    fn summary(&self) -> String {
        let to = self.to.map_or_else(|| "恢复为止".to_owned(), |to| to.to_string());
        format!("暂停成员 {}：{} 至 {to}，{}", self.code, self.from, self.reason)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        check_text("reason", &self.reason, LONGEST_REASON)?;
        let entry = draft.member("code", self.code)?;
        let before = before(draft, &entry);
        draft.moment.check_ahead("from", self.from)?;
        check_period("to", self.from, self.to)?;
        if entry.active_to.is_some_and(|last| last < self.from) {
            return refuse(BookCode::State, "from", "成员届时已退出", "the member has left by then");
        }
        let last = self.to.unwrap_or(Date::MAX);
        let meets = |p: &SuspensionEntry| p.from <= last && self.from <= p.to.unwrap_or(Date::MAX);
        if draft.book.suspensions_of(self.code).any(meets) {
            return refuse(BookCode::State, "from", "该期间已暂停", "it is suspended then already");
        }
        draft.put_suspension(SuspensionEntry { member: self.code, from: self.from, to: self.to });
        Ok(before)
    }
}

impl Payload for MemberResume {
    fn object(&self) -> String {
        self.code.to_string()
    }

    fn summary(&self) -> String {
        format!("恢复成员 {}，自 {} 起参加清算", self.code, self.on)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let entry = draft.member("code", self.code)?;
        let before = before(draft, &entry);
        draft.moment.check_ahead("on", self.on)?;
        let covers = |p: &&SuspensionEntry| p.from <= self.on && p.to.is_none_or(|to| self.on <= to);
        let Some(pause) = draft.book.suspensions_of(self.code).find(covers).cloned() else {
            return refuse(BookCode::State, "on", "该日未暂停", "it is not suspended on that day");
        };
        match self.on.pred_opt().filter(|last| pause.from <= *last) {
            Some(last) => draft.put_suspension(SuspensionEntry { to: Some(last), ..pause }),
            None => drop(draft.book.suspensions.remove(&(pause.member, pause.from))),
        }
        Ok(before)
    }
}

impl Payload for MemberClose {
    fn object(&self) -> String {
        self.code.to_string()
    }

    fn summary(&self) -> String {
        format!("成员 {} 退出，{} 为最后参加日，{}", self.code, self.last_day, self.reason)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        check_text("reason", &self.reason, LONGEST_REASON)?;
        let mut entry = draft.member("code", self.code)?;
        let before = before(draft, &entry);
        if let Some(last) = entry.active_to {
            return refuse(BookCode::State, "code", format!("最后参加日为 {last}"), format!("its last day is {last}"));
        }
        draft.moment.check_end("last_day", self.last_day)?;
        check_period("last_day", entry.active_from, Some(self.last_day))?;
        check_no_position(draft.rows, self.code).await?;
        entry.active_to = Some(self.last_day);
        draft.put_member(entry);
        Ok(before)
    }
}

/// Refuses while money of the member is on its way: a reserve, or a part in an open clearing date.
async fn check_no_position<R: Rows>(rows: &mut R, member: MemberCode) -> Result<(), MemberError> {
    let account = tongka_engine::posting::reserve_account(member);
    let sql = "SELECT credits_fen - debits_fen AS balance_fen, pending_debits_fen + pending_credits_fen AS pending_fen \
               FROM ledger_account WHERE code = $1";
    if let Some(row) = rows.first(sql, params![account]).await? {
        let (balance, pending) = (Fen(row.int("balance_fen")?), Fen(row.int("pending_fen")?));
        if balance != Fen::ZERO || pending != Fen::ZERO {
            let zh = format!("备付金余额 {balance} 元，在途 {pending} 元");
            let en = format!("reserve {balance} yuan, pending {pending} yuan");
            return refuse(BookCode::Position, "code", zh, en);
        }
    }
    let sql = "SELECT d.clearing_date FROM clearing_day d WHERE d.state <> 'closed' AND (\
               EXISTS (SELECT 1 FROM upload u WHERE u.clearing_date = d.clearing_date AND u.member = $1) \
               OR EXISTS (SELECT 1 FROM upload u JOIN upload_group g ON g.upload_no = u.upload_no \
                          WHERE u.clearing_date = d.clearing_date AND g.issuer = $1))";
    if rows.first(sql, params![member]).await?.is_some() {
        let (zh, en) = ("开放的清算日中有其文件或卡片交易", "an open clearing date has files or cards of it");
        return refuse(BookCode::Position, "code", zh, en);
    }
    Ok(())
}
