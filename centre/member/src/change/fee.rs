//! Fee rules. A rule that a clearing date was priced by is never changed: it ends, and another begins.

use super::member::check_period;
use super::{Draft, Payload, shown};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::Rows;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tongka_base::{Date, Industry, MemberCode, RatePpm};
use tongka_scheme::{FeeKey, FeeRule};

/// A new rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeAdd {
    /// Acquirer, or any.
    #[serde(with = "form::party")]
    pub acquirer: Option<MemberCode>,
    /// Issuer's member, or any.
    #[serde(with = "form::party")]
    pub issuer: Option<MemberCode>,
    /// Industry, or any.
    #[serde(with = "form::industry")]
    pub industry: Option<Industry>,
    /// Issuer's rate.
    pub issuer_rate_ppm: u32,
    /// Centre's rate.
    pub centre_rate_ppm: u32,
    /// First clearing date it holds.
    #[serde(with = "form::date")]
    pub from: Date,
    /// Last one; open-ended when absent.
    #[serde(default, with = "form::date::option", skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Whether the rule of equal pattern that holds on the first date ends the day before.
    #[serde(default)]
    pub end_previous: bool,
}

/// Other rates or another last date of a rule that has not begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeEdit {
    /// Acquirer, or any.
    #[serde(with = "form::party")]
    pub acquirer: Option<MemberCode>,
    /// Issuer's member, or any.
    #[serde(with = "form::party")]
    pub issuer: Option<MemberCode>,
    /// Industry, or any.
    #[serde(with = "form::industry")]
    pub industry: Option<Industry>,
    /// First clearing date, which with the pattern says which rule.
    #[serde(with = "form::date")]
    pub from: Date,
    /// Issuer's rate.
    pub issuer_rate_ppm: u32,
    /// Centre's rate.
    pub centre_rate_ppm: u32,
    /// Last clearing date; open-ended when absent.
    #[serde(default, with = "form::date::option", skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

/// A rule ends. One that has not begun ends before it does, and so goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeEnd {
    /// Acquirer, or any.
    #[serde(with = "form::party")]
    pub acquirer: Option<MemberCode>,
    /// Issuer's member, or any.
    #[serde(with = "form::party")]
    pub issuer: Option<MemberCode>,
    /// Industry, or any.
    #[serde(with = "form::industry")]
    pub industry: Option<Industry>,
    /// First clearing date, which with the pattern says which rule.
    #[serde(with = "form::date")]
    pub from: Date,
    /// Last clearing date it holds.
    #[serde(with = "form::date")]
    pub to: Date,
}

fn before(fee: &FeeRule) -> Value {
    shown(FeeEdit {
        acquirer: fee.acquirer,
        issuer: fee.issuer,
        industry: fee.industry,
        from: fee.from,
        issuer_rate_ppm: fee.issuer_rate.0,
        centre_rate_ppm: fee.centre_rate.0,
        to: fee.to,
    })
}

/// A pattern as people write it.
fn pattern((acquirer, issuer, industry, _): FeeKey) -> String {
    let any = |code: Option<MemberCode>| code.map_or_else(|| "*".to_owned(), |code| code.to_string());
    let industry = industry.map_or_else(|| "*".to_owned(), |industry| industry.to_string());
    format!("收单 {} 发卡 {} 行业 {industry}", any(acquirer), any(issuer))
}

impl<R> Draft<'_, R> {
    fn fee(&self, key: FeeKey) -> Result<FeeRule, MemberError> {
        match self.book.fees.get(&key) {
            Some(fee) => Ok(fee.clone()),
            None => {
                let what = format!("{}，自 {}", pattern(key), key.3);
                refuse(BookCode::NotFound, "from", format!("没有此费率: {what}"), format!("no such fee rule: {what}"))
            }
        }
    }

    fn put_fee(&mut self, fee: FeeRule) -> Result<(), MemberError> {
        for (field, party) in [("acquirer", fee.acquirer), ("issuer", fee.issuer)] {
            if let Some(code) = party {
                self.member(field, code)?;
            }
        }
        check_period("to", fee.from, fee.to)?;
        self.book.fees.insert(fee.key(), fee);
        Ok(())
    }

    /// Ends the rule of equal pattern that holds when another begins, the day before.
    fn end_previous(&mut self, next: &FeeRule) -> Result<Value, MemberError> {
        let precedes = |other: &&FeeRule| {
            (other.acquirer, other.issuer, other.industry) == (next.acquirer, next.issuer, next.industry)
                && other.from < next.from
                && other.to.is_none_or(|to| next.from <= to)
        };
        let Some(previous) = self.book.fees.values().find(precedes).cloned() else {
            let (zh, en) = ("届时没有同条件的费率可终止", "no rule of equal pattern holds then");
            return refuse(BookCode::NotFound, "end_previous", zh, en);
        };
        let before = before(&previous);
        self.put_fee(FeeRule { to: next.from.pred_opt(), ..previous })?;
        Ok(before)
    }
}

impl Payload for FeeAdd {
    fn object(&self) -> String {
        pattern((self.acquirer, self.issuer, self.industry, self.from))
    }

    fn summary(&self) -> String {
        let (issuer, centre) = (self.issuer_rate_ppm, self.centre_rate_ppm);
        format!("新增费率 {}：发卡方 {issuer} ppm，中心 {centre} ppm，自 {} 起", self.object(), self.from)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        draft.moment.check_ahead("from", self.from)?;
        let fee = FeeRule {
            acquirer: self.acquirer,
            issuer: self.issuer,
            industry: self.industry,
            issuer_rate: RatePpm(self.issuer_rate_ppm),
            centre_rate: RatePpm(self.centre_rate_ppm),
            from: self.from,
            to: self.to,
        };
        if draft.fee(fee.key()).is_ok() {
            let what = fee.to_string();
            return refuse(BookCode::Exists, "from", format!("费率 {what}"), format!("fee rule {what}"));
        }
        let before = if self.end_previous { draft.end_previous(&fee)? } else { Value::Null };
        draft.put_fee(fee)?;
        Ok(before)
    }
}

impl Payload for FeeEdit {
    fn object(&self) -> String {
        pattern((self.acquirer, self.issuer, self.industry, self.from))
    }

    fn summary(&self) -> String {
        let (issuer, centre) = (self.issuer_rate_ppm, self.centre_rate_ppm);
        format!("修改自 {} 起的费率 {}：发卡方 {issuer} ppm，中心 {centre} ppm", self.from, self.object())
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let fee = draft.fee((self.acquirer, self.issuer, self.industry, self.from))?;
        draft.moment.check_ahead("from", fee.from)?;
        let before = before(&fee);
        let (issuer_rate, centre_rate) = (RatePpm(self.issuer_rate_ppm), RatePpm(self.centre_rate_ppm));
        draft.put_fee(FeeRule { issuer_rate, centre_rate, to: self.to, ..fee })?;
        Ok(before)
    }
}

impl Payload for FeeEnd {
    fn object(&self) -> String {
        pattern((self.acquirer, self.issuer, self.industry, self.from))
    }

    fn summary(&self) -> String {
        format!("终止自 {} 起的费率 {}，{} 为最后一日", self.from, self.object(), self.to)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let fee = draft.fee((self.acquirer, self.issuer, self.industry, self.from))?;
        let before = before(&fee);
        if let Some(last) = fee.to.filter(|last| *last <= self.to) {
            let (zh, en) = (format!("最后一日为 {last}"), format!("its last date is {last}"));
            return refuse(BookCode::State, "to", zh, en);
        }
        draft.moment.check_end("to", self.to)?;
        if self.to < fee.from {
            draft.book.fees.remove(&fee.key());
        } else {
            draft.put_fee(FeeRule { to: Some(self.to), ..fee })?;
        }
        Ok(before)
    }
}
