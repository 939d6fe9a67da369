//! What can be permitted, and what must not come together in one account.
//!
//! A permission is `area.verb`. In the areas with two-person work, `propose` is the maker's (经办) and `approve` the
//! checker's (复核). 三权分立: system administration, security administration and audit are in three accounts.

use std::collections::{BTreeMap, BTreeSet};

/// Kinds of owners of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The clearing centre.
    Centre,
    /// A member institution.
    Member,
    /// A tenant of the card cloud.
    Tenant,
}

impl Side {
    /// The word in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::Member => "member",
            Self::Tenant => "tenant",
        }
    }
}

/// Part in two-person work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Proposes (经办).
    Maker,
    /// Approves (复核).
    Checker,
    /// Neither.
    None,
}

impl Duty {
    /// The word in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Checker => "checker",
            Self::None => "none",
        }
    }
}

/// The three powers over the system itself, kept apart at the centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// 系统管理: accounts come and go, the system runs.
    System,
    /// 安全管理: who may do what.
    Security,
    /// 审计: what was done.
    Audit,
}

/// A permission.
#[derive(Debug)]
pub struct PermissionSpec {
    /// `area.verb`.
    pub code: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Whose accounts may have it.
    pub sides: &'static [Side],
    /// Part in two-person work.
    pub duty: Duty,
    /// Which of the three powers it is part of.
    pub power: Option<Power>,
}

impl PermissionSpec {
    /// What stands before the dot.
    pub fn area(&self) -> &'static str {
        area(self.code)
    }
}

/// The area of a permission or of the kind of a proposal: what stands before the first dot.
pub fn area(code: &str) -> &str {
    code.split_once('.').map_or(code, |(area, _)| area)
}

const CENTRE: &[Side] = &[Side::Centre];
const MEMBERS: &[Side] = &[Side::Centre, Side::Member];
const TENANTS: &[Side] = &[Side::Centre, Side::Tenant];
const ALL: &[Side] = &[Side::Centre, Side::Member, Side::Tenant];

const fn plain(code: &'static str, zh: &'static str, en: &'static str, sides: &'static [Side]) -> PermissionSpec {
    PermissionSpec { code, zh, en, sides, duty: Duty::None, power: None }
}

const fn maker(code: &'static str, zh: &'static str, en: &'static str, sides: &'static [Side]) -> PermissionSpec {
    PermissionSpec { duty: Duty::Maker, ..plain(code, zh, en, sides) }
}

const fn checker(code: &'static str, zh: &'static str, en: &'static str, sides: &'static [Side]) -> PermissionSpec {
    PermissionSpec { duty: Duty::Checker, ..plain(code, zh, en, sides) }
}

const fn power(spec: PermissionSpec, power: Power) -> PermissionSpec {
    PermissionSpec { power: Some(power), ..spec }
}

/// Every permission there is.
pub static PERMISSIONS: &[PermissionSpec] = &[
    plain("dashboard.read", "查看总览", "see the overview", ALL),
    plain("day.read", "查看清算日", "see clearing days", MEMBERS),
    plain("day.operate", "办理清算日（开日、日切、续办）", "open, cut and resume clearing days", CENTRE),
    plain("day.prove", "重新证明清算日", "prove a clearing day again", CENTRE),
    plain("file.read", "查看文件与回执", "see files and receipts", MEMBERS),
    plain("file.upload", "上送文件", "send files in", MEMBERS),
    plain("file.download", "下载文件", "download files", MEMBERS),
    plain("record.read", "查询交易记录", "search records", MEMBERS),
    plain("position.read", "查看分组、头寸与对账单", "see groups, positions and statements", MEMBERS),
    plain("ledger.read", "查看账户与分录", "see accounts and transfers of the ledger", MEMBERS),
    plain("member.read", "查看成员、参数与费率", "see members, parameters and fees", MEMBERS),
    maker("member.propose", "经办成员与参数变更", "propose changes of members and parameters", CENTRE),
    checker("member.approve", "复核成员与参数变更", "approve changes of members and parameters", CENTRE),
    plain("member.certificate", "提交本机构证书", "send certificates of one's own", MEMBERS),
    plain("cards.unmask", "查看完整卡号", "see whole card numbers", MEMBERS),
    plain("member.simulate", "费率试算", "price past days with other fees", CENTRE),
    plain("settlement.read", "查看资金结算与备付金", "see settlement and reserves", MEMBERS),
    plain(
        "settlement.operate",
        "办理资金结算（生成、发送、收取、对账）",
        "make, send, fetch and reconcile settlements",
        CENTRE,
    ),
    maker("settlement.propose", "经办资金结算", "propose settlement deeds", MEMBERS),
    checker("settlement.approve", "复核资金结算", "approve settlement deeds", MEMBERS),
    plain("dispute.read", "查看可疑、调账与差错", "see suspicious records, adjustments and disputes", MEMBERS),
    maker("dispute.propose", "经办差错处理", "propose decisions on disputes", MEMBERS),
    checker("dispute.approve", "复核差错处理", "approve decisions on disputes", MEMBERS),
    plain("lists.read", "查看名单与参数版本", "see lists and their versions", ALL),
    maker("lists.propose", "经办名单发布", "propose list versions", MEMBERS),
    checker("lists.approve", "复核名单发布", "approve list versions", MEMBERS),
    plain("link.read", "查看文件传输", "see file transfers", MEMBERS),
    plain("link.manage", "管理传输通道", "manage transfer channels", CENTRE),
    plain("report.read", "查看与下载报表", "see and download reports", ALL),
    plain("key.read", "查看密钥台账", "see the books of keys", TENANTS),
    maker("key.propose", "经办密钥事项", "propose key deeds", TENANTS),
    checker("key.approve", "复核密钥事项", "approve key deeds", TENANTS),
    plain("key.ceremony", "参与密钥分量合成", "take part in key ceremonies", TENANTS),
    plain("card.read", "查看卡产品、订单与卡片", "see products, orders and cards", TENANTS),
    maker("card.propose", "经办制卡与发卡", "propose production and issuing", TENANTS),
    checker("card.approve", "复核制卡与发卡", "approve production and issuing", TENANTS),
    plain("card.operate", "办理卡片业务（入库、启用、停用）", "work on cards: stock, activate, stop", TENANTS),
    plain("notice.read", "查看通知", "see notices", ALL),
    plain("notice.write", "发布通知", "publish notices", CENTRE),
    plain("approval.read", "查看待办与申请", "see proposals and what became of them", ALL),
    plain("job.read", "查看后台任务", "see background jobs", ALL),
    plain("job.manage", "取消后台任务", "cancel background jobs", ALL),
    plain("access.read", "查看账号与角色", "see accounts and roles", ALL),
    power(plain("access.write", "管理账号（开户、停用、重置口令）", "manage accounts", ALL), Power::System),
    power(plain("access.key", "管理接口密钥", "manage API keys", ALL), Power::System),
    power(plain("system.manage", "管理系统运行", "manage how the system runs", CENTRE), Power::System),
    power(plain("access.grant", "授予角色", "give roles to accounts", ALL), Power::Security),
    power(plain("access.role", "定义角色", "define roles", CENTRE), Power::Security),
    power(plain("access.session", "查看与强退会话", "see and end sessions", ALL), Power::Security),
    plain("access.logins", "查看登录日志", "see the login log", ALL),
    power(plain("audit.read", "查看审计日志", "see the audit log", ALL), Power::Audit),
    power(plain("audit.verify", "校验审计日志", "verify the audit log", CENTRE), Power::Audit),
    plain("system.read", "查看系统运行", "see how the system runs", CENTRE),
];

/// The permission of a code.
pub fn permission(code: &str) -> Option<&'static PermissionSpec> {
    PERMISSIONS.iter().find(|p| p.code == code)
}

/// Duties that must not be in one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What clashes, in Chinese.
    pub zh: String,
    /// What clashes, in English.
    pub en: String,
}

/// What among these permissions must not be in one account of this side.
///
/// At a member or tenant one administrator does all administration, within its own people.
pub fn conflicts(permissions: &BTreeSet<String>, side: Side) -> Vec<Conflict> {
    let held: Vec<_> = PERMISSIONS.iter().filter(|p| permissions.contains(p.code)).collect();
    let mut found = Vec::new();
    let powers: BTreeSet<Power> = held.iter().filter_map(|p| p.power).collect();
    if powers.len() > 1 && side == Side::Centre {
        found.push(Conflict {
            zh: "系统管理、安全管理、审计三权分立".into(),
            en: "system administration, security administration and audit are kept apart".into(),
        });
    }
    let mut duties: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
    for spec in held {
        let [makes, checks] = duties.entry(spec.area()).or_default();
        *makes |= spec.duty == Duty::Maker;
        *checks |= spec.duty == Duty::Checker;
    }
    for area in duties.iter().filter(|(_, duty)| **duty == [true, true]).map(|(area, _)| area) {
        found.push(Conflict { zh: format!("{area} 的经办与复核"), en: format!("maker and checker of {area}") });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let codes: BTreeSet<_> = PERMISSIONS.iter().map(|p| p.code).collect();
        assert_eq!(codes.len(), PERMISSIONS.len());
        for spec in PERMISSIONS {
            assert!(spec.sides.contains(&Side::Centre) && !spec.zh.is_empty() && !spec.en.is_empty(), "{}", spec.code);
            assert_eq!(spec.code.ends_with(".propose"), spec.duty == Duty::Maker, "{}", spec.code);
            assert_eq!(spec.code.ends_with(".approve"), spec.duty == Duty::Checker, "{}", spec.code);
            if let Some(area) = spec.code.strip_suffix(".propose") {
                assert!(codes.contains(format!("{area}.approve").as_str()), "{area} has no checker");
            }
        }
    }

    #[test]
    fn duties_that_clash_are_told() {
        let count = |codes: &[&str], side| conflicts(&codes.iter().map(|c| (*c).to_owned()).collect(), side).len();
        assert_eq!(count(&["member.propose", "dispute.approve", "audit.read"], Side::Centre), 0);
        assert_eq!(count(&["member.propose", "member.approve"], Side::Centre), 1);
        assert_eq!(count(&["access.write", "access.grant"], Side::Centre), 1);
        assert_eq!(count(&["access.write", "access.grant"], Side::Member), 0);
        assert_eq!(count(&["access.write", "audit.read", "key.propose", "key.approve"], Side::Centre), 2);
    }
}
