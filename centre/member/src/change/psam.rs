//! PSAM terminal number ranges of members.

use super::{Draft, Payload, shown};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::Rows;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tongka_base::{MemberCode, PsamNo};
use tongka_scheme::{PsamRange, PsamState};

/// A new range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PsamAdd {
    /// Owner.
    #[serde(with = "form::member")]
    pub member: MemberCode,
    /// First number.
    #[serde(with = "form::psam")]
    pub from: PsamNo,
    /// Last number.
    #[serde(with = "form::psam")]
    pub to: PsamNo,
    /// State.
    #[serde(with = "form::psam_state")]
    pub state: PsamState,
}

/// Another owner, last number or state of the range that begins with `from`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PsamEdit(pub PsamAdd);

/// A range is stopped: its records are rejected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PsamStop {
    /// First number of the range.
    #[serde(with = "form::psam")]
    pub from: PsamNo,
}

/// A range goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PsamRemove(pub PsamStop);

impl PsamAdd {
    fn entry(&self) -> PsamRange {
        PsamRange { member: self.member, from: self.from, to: self.to, state: self.state }
    }

    fn of(range: &PsamRange) -> Self {
        Self { member: range.member, from: range.from, to: range.to, state: range.state }
    }
}

impl<R> Draft<'_, R> {
    fn psam_range(&self, from: PsamNo) -> Result<&PsamRange, MemberError> {
        match self.book.psam_ranges.get(&from) {
            Some(range) => Ok(range),
            None => {
                let (zh, en) = (format!("没有以 {from} 开始的号段"), format!("no range begins with {from}"));
                refuse(BookCode::NotFound, "from", zh, en)
            }
        }
    }

    fn put_range(&mut self, range: PsamRange) -> Result<(), MemberError> {
        self.member("member", range.member)?;
        if range.from > range.to {
            return refuse(BookCode::Value, "to", "末号小于首号", "the last number is before the first");
        }
        self.book.psam_ranges.insert(range.from, range);
        Ok(())
    }
}

impl Payload for PsamAdd {
    fn object(&self) -> String {
        format!("{}–{}", self.from, self.to)
    }

    fn summary(&self) -> String {
        format!("新增PSAM号段 {}，属成员 {}，状态 {}", self.object(), self.member, self.state.name())
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        if draft.psam_range(self.from).is_ok() {
            let what = self.object();
            return refuse(BookCode::Exists, "from", format!("号段 {what}"), format!("range {what}"));
        }
        draft.put_range(self.entry())?;
        Ok(Value::Null)
    }
}

impl Payload for PsamEdit {
    fn object(&self) -> String {
        self.0.object()
    }

    fn summary(&self) -> String {
        format!("修改PSAM号段 {}，属成员 {}，状态 {}", self.object(), self.0.member, self.0.state.name())
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let before = PsamAdd::of(draft.psam_range(self.0.from)?);
        draft.put_range(self.0.entry())?;
        Ok(shown(before))
    }
}

impl Payload for PsamStop {
    fn object(&self) -> String {
        self.from.to_string()
    }

    fn summary(&self) -> String {
        format!("停用以 {} 开始的PSAM号段", self.from)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let range = draft.psam_range(self.from)?.clone();
        let before = PsamAdd::of(&range);
        if range.state == PsamState::Stopped {
            return refuse(BookCode::State, "from", "号段已停用", "the range is stopped already");
        }
        draft.put_range(PsamRange { state: PsamState::Stopped, ..range })?;
        Ok(shown(before))
    }
}

impl Payload for PsamRemove {
    fn object(&self) -> String {
        self.0.object()
    }

    fn summary(&self) -> String {
        format!("删除以 {} 开始的PSAM号段", self.0.from)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let before = PsamAdd::of(draft.psam_range(self.0.from)?);
        draft.book.psam_ranges.remove(&self.0.from);
        Ok(shown(before))
    }
}
