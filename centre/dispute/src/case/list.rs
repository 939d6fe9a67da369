//! Cases and their stages as lists.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

static ACTS: &[EnumValue] = &[
    EnumValue::new("inquire", "查询调单", "inquiry", Tone::Info),
    EnumValue::new("charge_back", "退单", "chargeback", Tone::Warn),
    EnumValue::new("represent", "再请款", "re-presentment", Tone::Warn),
    EnumValue::new("charge_back_again", "二次退单", "second chargeback", Tone::Warn),
    EnumValue::new("arbitrate", "申请仲裁", "arbitration", Tone::Bad),
    EnumValue::new("credit", "贷记调整", "credit adjustment", Tone::Plain),
    EnumValue::new("claim", "请款补采", "late claim", Tone::Warn),
    EnumValue::new("claim_fee", "手续费调整", "fee adjustment", Tone::Warn),
    EnumValue::new("answer", "答复", "answer", Tone::Plain),
    EnumValue::new("accept", "接受", "accepted", Tone::Ok),
    EnumValue::new("refuse", "拒绝", "refused", Tone::Bad),
    EnumValue::new("withdraw", "撤回", "withdrawn", Tone::Plain),
    EnumValue::new("rule", "裁决", "ruling", Tone::Ok),
    EnumValue::new("expire", "逾期", "expired", Tone::Warn),
];

static STATES: &[EnumValue] = &[
    EnumValue::new("inquiry", "待答复", "inquiry", Tone::Info),
    EnumValue::new("answered", "已答复", "answered", Tone::Info),
    EnumValue::new("unanswered", "逾期未答复", "unanswered", Tone::Warn),
    EnumValue::new("charged_back", "已退单", "charged back", Tone::Warn),
    EnumValue::new("represented", "已再请款", "represented", Tone::Warn),
    EnumValue::new("charged_back_again", "已二次退单", "charged back again", Tone::Warn),
    EnumValue::new("arbitration", "仲裁中", "arbitration", Tone::Bad),
    EnumValue::new("claimed", "待确认请款", "claimed", Tone::Info),
    EnumValue::new("fee_claimed", "待确认手续费", "fee claimed", Tone::Info),
    EnumValue::new("refused", "请款被拒", "refused", Tone::Warn),
    EnumValue::new("closed", "已结案", "closed", Tone::Ok),
];

static REASONS: &[EnumValue] = &[
    EnumValue::new("01", "TAC错误", "TAC is wrong", Tone::Plain),
    EnumValue::new("02", "重复交易", "duplicate", Tone::Plain),
    EnumValue::new("03", "金额与票价不符", "amount is not the fare", Tone::Plain),
    EnumValue::new("04", "非本机构卡", "not our card", Tone::Plain),
    EnumValue::new("05", "未执行名单", "the list was not honoured", Tone::Plain),
    EnumValue::new("06", "无凭证", "no evidence", Tone::Plain),
    EnumValue::new("07", "进出站不匹配", "entry and exit do not match", Tone::Plain),
    EnumValue::new("08", "长款：充值已扣款未入卡", "paid but not loaded", Tone::Plain),
    EnumValue::new("09", "短款：充值重复入卡", "loaded twice", Tone::Plain),
    EnumValue::new("10", "终端时间错误", "terminal time is wrong", Tone::Plain),
    EnumValue::new("11", "未提供服务", "service was not provided", Tone::Plain),
];

/// Cases.
pub static CASES: ListSpec = ListSpec {
    name: "dispute-cases",
    zh: "差错案件",
    en: "Dispute cases",
    permission: "dispute.read",
    from: "dispute_case c",
    scope: Some("({scope:c.acquirer} OR {scope:c.issuer})"),
    columns: &[
        Column::new("id", "序号", "Id", "c.id", Kind::Int).hidden(),
        Column::new("number", "案件编号", "Case", "c.number", Kind::Code),
        Column::new("state", "状态", "State", "c.state", Kind::Enum(STATES)),
        Column::new("waits_for", "待办方", "Waits for", "c.waits_for", Kind::Member).nullable(),
        Column::new("deadline", "期限", "Deadline", "c.deadline", Kind::Date).nullable(),
        Column::new("opened_as", "类型", "Type", "c.opened_as", Kind::Enum(ACTS)),
        Column::new("acquirer", "收单方", "Acquirer", "c.acquirer", Kind::Member),
        Column::new("issuer", "发卡方", "Issuer", "c.issuer", Kind::Member),
        Column::new("opener", "发起方", "Opened by", "c.opener", Kind::Member),
        Column::new("disputed_fen", "争议金额", "Disputed", "c.disputed_fen", Kind::Fen),
        Column::new("held_fen", "已调金额", "Moved", "c.held_fen", Kind::Fen),
        Column::new("amount_fen", "交易金额", "Amount", "c.amount_fen", Kind::Fen).hidden(),
        Column::new("clearing_date", "清算日", "Clearing date", "c.clearing_date", Kind::Date),
        Column::new("upload", "上送文件", "Upload", "c.upload_name", Kind::Code),
        Column::new("record", "记录序号", "Record", "c.record_no", Kind::Int),
        Column::new("gap", "断点编号", "Gap", "c.gap", Kind::Int).nullable().hidden(),
        Column::new("card", "卡序列号", "Card", "c.card", Kind::Code),
        Column::new("outcome", "结案方式", "Closed by", "c.outcome", Kind::Enum(ACTS)).nullable(),
        Column::new("opened_at", "发起时间", "Opened at", "c.opened_at", Kind::DateTime),
        Column::new("closed_at", "结案时间", "Closed at", "c.closed_at", Kind::DateTime).nullable().hidden(),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// Stages of cases.
pub static STAGES: ListSpec = ListSpec {
    name: "dispute-stages",
    zh: "差错阶段",
    en: "Stages of disputes",
    permission: "dispute.read",
    from: "dispute_stage s JOIN dispute_case c ON c.id = s.case_id",
    scope: Some("({scope:c.acquirer} OR {scope:c.issuer})"),
    columns: &[
        Column::new("id", "序号", "Id", "s.id", Kind::Int).hidden(),
        Column::new("number", "案件编号", "Case", "c.number", Kind::Code),
        Column::new("stage", "阶段", "Stage", "s.ordinal", Kind::Int),
        Column::new("act", "办理事项", "Deed", "s.act", Kind::Enum(ACTS)),
        Column::new("state", "此后状态", "State after", "s.state", Kind::Enum(STATES)),
        Column::new("by", "办理方", "By", "s.member", Kind::Member),
        Column::new("person", "经办", "Person", "s.person", Kind::Text).hidden(),
        Column::new("approval", "审批编号", "Approval", "s.approval", Kind::Int).nullable().hidden(),
        Column::new("reason", "原因", "Reason", "s.reason", Kind::Coded(REASONS)).nullable(),
        Column::new("note", "说明", "Note", "s.note", Kind::Text),
        Column::new("debtor", "付款方", "Debtor", "s.debtor", Kind::Member).nullable(),
        Column::new("creditor", "收款方", "Creditor", "s.creditor", Kind::Member).nullable(),
        Column::new("amount_fen", "调账金额", "Amount", "s.amount_fen", Kind::Fen),
        Column::new("adjustment", "调账编号", "Adjustment", "s.adjustment", Kind::Int).nullable(),
        Column::new("deadline", "期限", "Deadline", "s.deadline", Kind::Date).nullable(),
        Column::new("at", "办理时间", "At", "s.at", Kind::DateTime),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};
