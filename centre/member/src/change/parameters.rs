//! The rules of the day, and the lines of a member's reserve.

use super::{Draft, Payload, shown};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::Rows;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tongka_base::{Fen, MemberCode};
use tongka_scheme::{Reserve, Rules, TacVerifier};
use tongka_storage::params;

/// All rules anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesSet {
    /// Days before the clearing date from which a transaction date is too late.
    pub late_window_days: u32,
    /// Amounts above this are suspicious.
    pub single_limit_fen: i64,
    /// Hours after listing from which a blacklisted card is refused.
    pub blacklist_grace_hours: u32,
    /// Days for which keys of accepted records count.
    pub history_days: u32,
    /// Who checks TACs.
    #[serde(with = "form::verifier")]
    pub tac_verifier: TacVerifier,
}

/// All lines of a reserve anew. The opening balance cannot change once it is booked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReserveSet {
    /// Member.
    #[serde(with = "form::member")]
    pub member: MemberCode,
    /// Balance when the member joins; booked once.
    pub opening_fen: i64,
    /// Balance the member is asked to keep.
    pub target_fen: i64,
    /// Below this the member is warned.
    pub warning_fen: i64,
    /// Below this the member is stopped by rule.
    pub stop_fen: i64,
}

impl RulesSet {
    fn of(rules: &Rules) -> Self {
        Self {
            late_window_days: rules.late_window_days,
            single_limit_fen: rules.single_limit_fen.0,
            blacklist_grace_hours: rules.blacklist_grace_hours,
            history_days: rules.history_days,
            tac_verifier: rules.tac_verifier,
        }
    }
}

impl ReserveSet {
    fn of(reserve: &Reserve) -> Self {
        Self {
            member: reserve.member,
            opening_fen: reserve.opening_fen.0,
            target_fen: reserve.target_fen.0,
            warning_fen: reserve.warning_fen.0,
            stop_fen: reserve.stop_fen.0,
        }
    }
}

impl Payload for RulesSet {
    fn object(&self) -> String {
        "rules".into()
    }

    fn summary(&self) -> String {
        format!(
            "设置清分规则：迟到 {} 天，单笔限额 {} 元，黑名单宽限 {} 小时，历史 {} 天，TAC 验证方 {}",
            self.late_window_days,
            Fen(self.single_limit_fen),
            self.blacklist_grace_hours,
            self.history_days,
            self.tac_verifier.name()
        )
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let before = draft.book.rules.get(&()).map(Self::of);
        let rules = Rules {
            late_window_days: self.late_window_days,
            single_limit_fen: Fen(self.single_limit_fen),
            blacklist_grace_hours: self.blacklist_grace_hours,
            history_days: self.history_days,
            tac_verifier: self.tac_verifier,
        };
        draft.book.rules.insert((), rules);
        Ok(shown(before))
    }
}

impl Payload for ReserveSet {
    fn object(&self) -> String {
        self.member.to_string()
    }

    fn summary(&self) -> String {
        format!(
            "设置成员 {} 备付金：目标 {} 元，预警 {} 元，停用 {} 元",
            self.member,
            Fen(self.target_fen),
            Fen(self.warning_fen),
            Fen(self.stop_fen)
        )
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        draft.member("member", self.member)?;
        if !(self.stop_fen <= self.warning_fen && self.warning_fen <= self.target_fen) {
            let (zh, en) = ("须 停用线 ≤ 预警线 ≤ 目标", "stop line ≤ warning line ≤ target is needed");
            return refuse(BookCode::Value, "warning_fen", zh, en);
        }
        let old = draft.book.reserves.get(&self.member).copied();
        if old.map_or(0, |old| old.opening_fen.0) != self.opening_fen {
            let key = format!("reserve-opening/{}", self.member);
            let booked = draft.rows.first("SELECT key FROM ledger_transfer WHERE key = $1", params![key]).await?;
            if booked.is_some() {
                let (zh, en) = ("期初余额已入账，不能更改", "the opening balance is booked and cannot change");
                return refuse(BookCode::State, "opening_fen", zh, en);
            }
        }
        let reserve = Reserve {
            member: self.member,
            opening_fen: Fen(self.opening_fen),
            target_fen: Fen(self.target_fen),
            warning_fen: Fen(self.warning_fen),
            stop_fen: Fen(self.stop_fen),
        };
        draft.book.reserves.insert(self.member, reserve);
        Ok(shown(old.as_ref().map(Self::of)))
    }
}
