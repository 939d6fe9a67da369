//! Suspicious records and adjustments as lists.

use tongka_engine::list::INDUSTRIES;
use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

static RECORD_STATES: &[EnumValue] = &[
    EnumValue::new("open", "待处理", "open", Tone::Warn),
    EnumValue::new("cleared", "已清算", "cleared", Tone::Ok),
    EnumValue::new("rejected", "已退回", "rejected", Tone::Plain),
];

static REASONS: &[EnumValue] = &[
    EnumValue::new("05", "卡交易序号重复但内容不同", "card key used before with other content", Tone::Bad),
    EnumValue::new("06", "TAC错误", "TAC is wrong", Tone::Bad),
    EnumValue::new("08", "超过单笔限额", "over the single limit", Tone::Warn),
    EnumValue::new("14", "PSAM交易序号重复", "PSAM transaction used before", Tone::Bad),
    EnumValue::new("17", "交易金额超过余额及透支额度", "over balance and overdraft", Tone::Warn),
    EnumValue::new("18", "超过迟到期限", "before the late window", Tone::Warn),
    EnumValue::new("19", "灰记录", "grey record", Tone::Info),
];

/// Suspicious records.
pub static SUSPICIOUS: ListSpec = ListSpec {
    name: "suspicious",
    zh: "可疑记录",
    en: "Suspicious records",
    permission: "dispute.read",
    from: "suspicious_record s",
    scope: Some("({scope:s.acquirer} OR {scope:s.issuer})"),
    columns: &[
        Column::new("id", "编号", "Number", "s.id", Kind::Int).hidden(),
        Column::new("clearing_date", "清算日", "Clearing date", "s.clearing_date", Kind::Date),
        Column::new("upload", "上送文件", "Upload", "s.upload_name", Kind::Code),
        Column::new("record", "记录序号", "Record", "s.record_no", Kind::Int),
        Column::new("acquirer", "收单方", "Acquirer", "s.acquirer", Kind::Member),
        Column::new("issuer", "发卡方", "Issuer", "s.issuer", Kind::Member),
        Column::new("industry", "行业", "Industry", "s.industry", Kind::Coded(INDUSTRIES)).hidden(),
        Column::new("reason", "原因", "Reason", "s.reason", Kind::Coded(REASONS)),
        Column::new("card", "卡序列号", "Card", "s.card", Kind::Code),
        Column::new("counter", "脱机交易序号", "Offline counter", "s.counter", Kind::Int).hidden(),
        Column::new("happened_at", "交易时间", "Happened at", "s.happened_at", Kind::DateTime),
        Column::new("amount_fen", "金额", "Amount", "s.amount_fen", Kind::Fen),
        Column::new("issuer_fee_fen", "发卡方手续费", "Issuer's fee", "s.issuer_fee_fen", Kind::Fen).hidden(),
        Column::new("centre_fee_fen", "清算手续费", "Centre's fee", "s.centre_fee_fen", Kind::Fen).hidden(),
        Column::new("state", "状态", "State", "s.state", Kind::Enum(RECORD_STATES)),
        Column::new("approval", "审批编号", "Approval", "s.approval", Kind::Int).nullable(),
        Column::new("decided_by", "复核人", "Decided by", "s.decided_by", Kind::Text).nullable().hidden(),
        Column::new("decided_at", "处理时间", "Decided at", "s.decided_at", Kind::DateTime).nullable(),
        Column::new("decision_reason", "处理说明", "Decision", "s.decision_reason", Kind::Text).nullable().hidden(),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

static ADJUSTMENT_STATES: &[EnumValue] = &[
    EnumValue::new("approved", "待入账", "to be booked", Tone::Info),
    EnumValue::new("booked", "已入账", "booked", Tone::Ok),
];

static ORIGINS: &[EnumValue] = &[
    EnumValue::new("suspicious", "可疑记录", "suspicious record", Tone::Plain),
    EnumValue::new("dispute", "差错争议", "dispute", Tone::Plain),
    EnumValue::new("late_claim", "迟到请款", "late claim", Tone::Plain),
    EnumValue::new("fee", "手续费", "fee", Tone::Plain),
    EnumValue::new("manual", "人工", "by hand", Tone::Plain),
    EnumValue::new("tac_verdict", "TAC判定", "TAC verdict", Tone::Plain),
];

/// Adjustments.
pub static ADJUSTMENTS: ListSpec = ListSpec {
    name: "adjustments",
    zh: "调账",
    en: "Adjustments",
    permission: "dispute.read",
    from: "adjustment a",
    scope: Some("({scope:a.debtor} OR {scope:a.creditor})"),
    columns: &[
        Column::new("id", "编号", "Number", "a.id", Kind::Int),
        Column::new("state", "状态", "State", "a.state", Kind::Enum(ADJUSTMENT_STATES)),
        Column::new("booked_on", "入账清算日", "Booked on", "a.booked_on", Kind::Date).nullable(),
        Column::new("debtor", "付款方", "Debtor", "a.debtor", Kind::Member),
        Column::new("creditor", "收款方", "Creditor", "a.creditor", Kind::Member),
        Column::new("amount_fen", "金额", "Amount", "a.amount_fen", Kind::Fen),
        Column::new("origin", "来源", "Origin", "a.origin", Kind::Enum(ORIGINS)),
        Column::new("reference", "依据", "Reference", "a.reference", Kind::Code),
        Column::new("record", "记录序号", "Record", "a.record_no", Kind::Int).hidden(),
        Column::new("part", "部分", "Part", "a.part", Kind::Code).hidden(),
        Column::new("reason", "事由", "Reason", "a.reason", Kind::Text),
        Column::new("approval", "审批编号", "Approval", "a.approval", Kind::Int).nullable(),
        Column::new("made_by", "经办", "Made by", "a.made_by", Kind::Text).hidden(),
        Column::new("made_at", "批准时间", "Approved at", "a.made_at", Kind::DateTime),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};
