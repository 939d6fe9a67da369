//! Lists of settlement.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

/// What was paid into reserves and taken out of them.
pub static TOPUPS: ListSpec = ListSpec {
    name: "topups",
    zh: "备付金充值与支取",
    en: "Reserve top-ups and withdrawals",
    permission: "settlement.read",
    from: "ledger_transfer t",
    scope: Some(
        "t.debit IN (SELECT d.code FROM ledger_account d WHERE {scope:d.owner}) \
         OR t.credit IN (SELECT c.code FROM ledger_account c WHERE {scope:c.owner})",
    ),
    columns: &[
        Column::new("sequence", "分录号", "Transfer", "t.sequence", Kind::Int),
        Column::new("booking_date", "记账日", "Booked on", "t.booking_date", Kind::Date),
        Column::new("debit", "借方科目", "Debit", "t.debit", Kind::Code),
        Column::new("credit", "贷方科目", "Credit", "t.credit", Kind::Code),
        Column::new("amount_fen", "金额", "Amount", "t.amount_fen", Kind::Fen),
        Column::new("reason", "事由", "Reason", "t.reason", Kind::Text),
        Column::new("created_at", "记账时间", "Booked at", "t.created_at", Kind::DateTime),
    ],
    default_sort: &[("sequence", Direction::Descending)],
    key: "sequence",
    base_filter: Some("t.key LIKE 'reserve-topup/%' OR t.key LIKE 'reserve-withdrawal/%'"),
};

static INSTRUCTION_STATES: &[EnumValue] = &[
    EnumValue::new("made", "待发送", "to be sent", Tone::Plain),
    EnumValue::new("held", "已扣留", "held by rule", Tone::Warn),
    EnumValue::new("sent", "已发送", "sent", Tone::Info),
    EnumValue::new("acknowledged", "银行已受理", "acknowledged", Tone::Info),
    EnumValue::new("settled", "已结算", "settled", Tone::Ok),
    EnumValue::new("rejected", "银行拒绝", "rejected", Tone::Bad),
    EnumValue::new("unknown", "结果不明", "unknown", Tone::Warn),
    EnumValue::new("returned", "银行退回", "returned", Tone::Bad),
];

static INSTRUCTION_KINDS: &[EnumValue] = &[
    EnumValue::new("settle", "头寸结算", "positions", Tone::Plain),
    EnumValue::new("fees", "清算手续费", "fees of the centre", Tone::Plain),
    EnumValue::new("withdrawal", "备付金支取", "withdrawal", Tone::Plain),
];

/// Settlement dates.
pub static SETTLEMENT_DATES: ListSpec = ListSpec {
    name: "settlement-dates",
    zh: "结算日",
    en: "Settlement dates",
    permission: "settlement.read",
    from: "settlement_date d",
    scope: None,
    columns: &[
        Column::new("settlement_date", "结算日", "Settlement date", "d.settlement_date", Kind::Date),
        Column::new("first_clearing_date", "首个清算日", "First clearing date", "d.first_clearing_date", Kind::Date)
            .nullable(),
        Column::new("last_clearing_date", "末个清算日", "Last clearing date", "d.last_clearing_date", Kind::Date)
            .nullable(),
        Column::new("instructions", "指令", "Instructions", "d.instructions", Kind::Int),
        Column::new("held", "扣留", "Held", "d.held", Kind::Int),
        Column::new("carried", "结转", "Carried over", "d.carried", Kind::Int),
        Column::new("pays_fen", "应付合计", "Members pay", "d.pays_fen", Kind::Fen),
        Column::new("receives_fen", "应收合计", "Members receive", "d.receives_fen", Kind::Fen),
        Column::new("fees_fen", "清算手续费", "Fees of the centre", "d.fees_fen", Kind::Fen),
        Column::new("made_by", "办理人", "Made by", "d.made_by", Kind::Text).hidden(),
        Column::new("made_at", "办理时间", "Made at", "d.made_at", Kind::DateTime),
        Column::new("digest", "摘要", "Digest", "d.digest", Kind::Digest).hidden(),
    ],
    default_sort: &[("settlement_date", Direction::Descending)],
    key: "settlement_date",
    base_filter: None,
};

/// Instructions.
pub static INSTRUCTIONS: ListSpec = ListSpec {
    name: "payment-instructions",
    zh: "结算指令",
    en: "Payment instructions",
    permission: "settlement.read",
    from: "payment_instruction i",
    scope: Some("{scope:i.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "i.id", Kind::Int).hidden(),
        Column::new("settlement_date", "结算日", "Settlement date", "i.settlement_date", Kind::Date),
        Column::new("member", "成员", "Member", "i.member", Kind::Member),
        Column::new("kind", "类别", "Kind", "i.kind", Kind::Enum(INSTRUCTION_KINDS)),
        Column::new("amount_fen", "金额（收为正）", "Amount, received", "i.amount_fen", Kind::Fen),
        Column::new("state", "状态", "State", "i.state", Kind::Enum(INSTRUCTION_STATES)),
        Column::new("code", "原因码", "Code", "i.code", Kind::Code),
        Column::new("reason", "原因", "Reason", "i.reason", Kind::Text),
        Column::new("settled_on", "入账日", "Settled on", "i.settled_on", Kind::Date).nullable(),
        Column::new("settled_by", "依据", "Settled by", "i.settled_by", Kind::Text).nullable().hidden(),
        Column::new("returned_on", "退回日", "Returned on", "i.returned_on", Kind::Date).nullable().hidden(),
        Column::new("carried_to", "结转至", "Carried to", "i.carried_to", Kind::Int).nullable().hidden(),
        Column::new("reference", "指令编号", "Reference", "i.reference", Kind::Code),
        Column::new("due_at", "应答时限", "Answer due", "i.due_at", Kind::DateTime).nullable().hidden(),
        Column::new("changed_at", "更新时间", "Changed at", "i.changed_at", Kind::DateTime),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// What instructions settle: positions of clearing dates, fees, what is carried over.
pub static SETTLEMENT_ITEMS: ListSpec = ListSpec {
    name: "settlement-items",
    zh: "结算明细",
    en: "Settlement items",
    permission: "settlement.read",
    from: "settlement_item t JOIN payment_instruction i ON i.id = t.instruction",
    scope: Some("{scope:t.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "t.id", Kind::Int).hidden(),
        Column::new("settlement_date", "结算日", "Settlement date", "t.settlement_date", Kind::Date),
        Column::new("member", "成员", "Member", "t.member", Kind::Member),
        Column::new("kind", "来源", "Source", "t.kind", Kind::Enum(ITEM_KINDS)),
        Column::new("clearing_date", "清算日", "Clearing date", "t.clearing_date", Kind::Date).nullable(),
        Column::new("reference", "来源编号", "Reference", "t.reference", Kind::Code),
        Column::new("amount_fen", "金额（收为正）", "Amount, received", "t.amount_fen", Kind::Fen),
        Column::new("state", "指令状态", "State of the instruction", "i.state", Kind::Enum(INSTRUCTION_STATES)),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

static ITEM_KINDS: &[EnumValue] = &[
    EnumValue::new("position", "头寸", "position", Tone::Plain),
    EnumValue::new("fees", "手续费", "fees", Tone::Plain),
    EnumValue::new("carried", "结转", "carried over", Tone::Warn),
];

static DIRECTIONS: &[EnumValue] = &[
    EnumValue::new("out", "发往银行", "to the bank", Tone::Plain),
    EnumValue::new("in", "来自银行", "from the bank", Tone::Plain),
];

static MESSAGE_STATES: &[EnumValue] = &[
    EnumValue::new("ready", "待发送", "to be sent", Tone::Info),
    EnumValue::new("sent", "已发送", "sent", Tone::Ok),
    EnumValue::new("accepted", "已处理", "applied", Tone::Ok),
    EnumValue::new("doubled", "重复", "received before", Tone::Plain),
    EnumValue::new("waiting", "等待前序", "waits", Tone::Warn),
    EnumValue::new("refused", "已拒收", "refused", Tone::Bad),
];

/// Messages to and from the bank.
pub static BANK_MESSAGES: ListSpec = ListSpec {
    name: "bank-messages",
    zh: "银行报文",
    en: "Bank messages",
    permission: "settlement.read",
    from: "bank_message m",
    scope: None,
    columns: &[
        Column::new("id", "编号", "Number", "m.id", Kind::Int),
        Column::new("direction", "方向", "Direction", "m.direction", Kind::Enum(DIRECTIONS)),
        Column::new("kind", "报文", "Message", "m.kind", Kind::Code),
        Column::new("message_id", "报文编号", "Message id", "m.message_id", Kind::Code),
        Column::new("state", "状态", "State", "m.state", Kind::Enum(MESSAGE_STATES)),
        Column::new("code", "代码", "Code", "m.code", Kind::Code),
        Column::new("detail", "说明", "Detail", "m.detail", Kind::Text),
        Column::new("attempts", "次数", "Attempts", "m.attempts", Kind::Int),
        Column::new("bytes", "字节", "Bytes", "m.bytes", Kind::Int).hidden(),
        Column::new("digest", "摘要", "Digest", "m.digest", Kind::Digest).hidden(),
        Column::new("at", "时间", "At", "m.at", Kind::DateTime),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

static LINE_STATES: &[EnumValue] = &[
    EnumValue::new("matched", "已匹配", "matched", Tone::Ok),
    EnumValue::new("open", "待处理", "open", Tone::Warn),
    EnumValue::new("resolved", "已处理", "resolved", Tone::Plain),
];

/// Lines of the bank's statements.
pub static STATEMENT_LINES: ListSpec = ListSpec {
    name: "statement-lines",
    zh: "银行对账单明细",
    en: "Statement lines",
    permission: "settlement.read",
    from: "bank_line l",
    scope: Some("{scope:l.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "l.id", Kind::Int).hidden(),
        Column::new("booked_on", "入账日", "Booked on", "l.booked_on", Kind::Date),
        Column::new("account", "账号", "Account", "l.account", Kind::Code),
        Column::new("member", "成员", "Member", "l.member", Kind::Member),
        Column::new("amount_fen", "金额（收为正）", "Amount, received", "l.amount_fen", Kind::Fen),
        Column::new("reference", "指令编号", "Reference", "l.reference", Kind::Code).nullable(),
        Column::new("bank_reference", "银行流水号", "Bank's reference", "l.bank_reference", Kind::Code).nullable(),
        Column::new("party", "对方", "Other party", "l.party", Kind::Text).nullable(),
        Column::new("remittance", "附言", "Remittance", "l.remittance", Kind::Text),
        Column::new("state", "状态", "State", "l.state", Kind::Enum(LINE_STATES)),
        Column::new("rule", "规则", "Rule", "l.rule", Kind::Code),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

static QUEUE_KINDS: &[EnumValue] = &[
    EnumValue::new("missing_here", "银行有、本方无", "missing here", Tone::Warn),
    EnumValue::new("missing_there", "本方有、银行无", "missing there", Tone::Warn),
    EnumValue::new("different", "不一致", "different", Tone::Bad),
];

static QUEUE_STATES: &[EnumValue] =
    &[EnumValue::new("open", "待处理", "open", Tone::Warn), EnumValue::new("resolved", "已处理", "resolved", Tone::Ok)];

/// The work queue of reconciliation with the bank.
pub static BANK_QUEUE: ListSpec = ListSpec {
    name: "bank-queue",
    zh: "银行对账差异",
    en: "Differences with the bank",
    permission: "settlement.read",
    from: "bank_queue q",
    scope: None,
    columns: &[
        Column::new("id", "编号", "Number", "q.id", Kind::Int),
        Column::new("kind", "类别", "Kind", "q.kind", Kind::Enum(QUEUE_KINDS)),
        Column::new("code", "代码", "Code", "q.code", Kind::Code),
        Column::new("found_on", "日期", "Date", "q.found_on", Kind::Date),
        Column::new("account", "账号", "Account", "q.account", Kind::Code),
        Column::new("member", "成员", "Member", "q.member", Kind::Member),
        Column::new("reference", "编号或流水号", "Reference", "q.reference", Kind::Code),
        Column::new("ours_fen", "本方", "Ours", "q.ours_fen", Kind::Fen).nullable(),
        Column::new("theirs_fen", "银行", "Theirs", "q.theirs_fen", Kind::Fen).nullable(),
        Column::new("detail", "说明", "Detail", "q.detail", Kind::Text),
        Column::new("state", "状态", "State", "q.state", Kind::Enum(QUEUE_STATES)),
        Column::new("action", "处理", "Action", "q.action", Kind::Code),
        Column::new("note", "处理说明", "Note", "q.note", Kind::Text).hidden(),
        Column::new("approval", "审批编号", "Approval", "q.approval", Kind::Int).nullable().hidden(),
        Column::new("at", "发现时间", "Found at", "q.at", Kind::DateTime),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

static ROLES: &[EnumValue] = &[
    EnumValue::new("reserve", "备付金子账户", "reserve", Tone::Plain),
    EnumValue::new("outside", "成员收款账户", "outside", Tone::Plain),
    EnumValue::new("clearing", "清算账户", "clearing", Tone::Plain),
    EnumValue::new("fees", "手续费账户", "fees", Tone::Plain),
];

static ACCOUNT_STATES: &[EnumValue] =
    &[EnumValue::new("active", "在用", "active", Tone::Ok), EnumValue::new("closed", "停用", "closed", Tone::Plain)];

/// Accounts at the bank.
pub static BANK_ACCOUNTS: ListSpec = ListSpec {
    name: "bank-accounts",
    zh: "银行账户",
    en: "Bank accounts",
    permission: "settlement.read",
    from: "bank_account a",
    scope: Some("{scope:a.member}"),
    columns: &[
        Column::new("number", "账号", "Number", "a.number", Kind::Code),
        Column::new("role", "用途", "Role", "a.role", Kind::Enum(ROLES)),
        Column::new("member", "成员", "Member", "a.member", Kind::Member),
        Column::new("name", "户名", "Name", "a.name", Kind::Text),
        Column::new("bank", "联行号", "Bank", "a.bank", Kind::Code),
        Column::new("state", "状态", "State", "a.state", Kind::Enum(ACCOUNT_STATES)),
        Column::new("approval", "审批编号", "Approval", "a.approval", Kind::Int).hidden(),
        Column::new("changed_at", "更新时间", "Changed at", "a.changed_at", Kind::DateTime),
    ],
    default_sort: &[("member", Direction::Ascending)],
    key: "number",
    base_filter: None,
};

static BANDS: &[EnumValue] = &[
    EnumValue::new("good", "正常", "good", Tone::Ok),
    EnumValue::new("alert", "提醒", "alert", Tone::Info),
    EnumValue::new("call", "追缴", "call", Tone::Warn),
    EnumValue::new("stop", "停付", "stop", Tone::Bad),
];

/// Events of reserves.
pub static RESERVE_EVENTS: ListSpec = ListSpec {
    name: "reserve-events",
    zh: "备付金预警",
    en: "Reserve events",
    permission: "settlement.read",
    from: "reserve_event e",
    scope: Some("{scope:e.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "e.id", Kind::Int).hidden(),
        Column::new("on_date", "日期", "Date", "e.on_date", Kind::Date),
        Column::new("member", "成员", "Member", "e.member", Kind::Member),
        Column::new("band", "区间", "Band", "e.band", Kind::Enum(BANDS)),
        Column::new("balance_fen", "余额", "Balance", "e.balance_fen", Kind::Fen),
        Column::new("call_fen", "应补", "To be paid in", "e.call_fen", Kind::Fen),
        Column::new("days_left", "可用天数", "Days left", "e.days_left", Kind::Int).nullable(),
        Column::new("at", "时间", "At", "e.at", Kind::DateTime),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

static LAYERS: &[EnumValue] = &[
    EnumValue::new("files", "文件总账↔明细", "file totals ↔ details", Tone::Plain),
    EnumValue::new("parties", "收单方↔清算中心↔发卡方", "sent ↔ accepted ↔ received", Tone::Plain),
    EnumValue::new("ledger", "头寸↔账务", "positions ↔ ledger", Tone::Plain),
    EnumValue::new("bank", "账务↔银行", "ledger ↔ bank", Tone::Plain),
];

/// Reconciliations.
pub static RECONCILIATIONS: ListSpec = ListSpec {
    name: "reconciliations",
    zh: "分层对账",
    en: "Reconciliation by layers",
    permission: "settlement.read",
    from: "reconciliation r",
    scope: None,
    columns: &[
        Column::new("id", "编号", "Number", "r.id", Kind::Int).hidden(),
        Column::new("on_date", "日期", "Date", "r.on_date", Kind::Date),
        Column::new("layer", "层次", "Layer", "r.layer", Kind::Enum(LAYERS)),
        Column::new("compared", "核对项", "Compared", "r.compared", Kind::Int),
        Column::new("differences", "差异", "Differences", "r.differences", Kind::Int),
        Column::new("made_at", "核对时间", "Made at", "r.made_at", Kind::DateTime),
        Column::new("digest", "摘要", "Digest", "r.digest", Kind::Digest).hidden(),
    ],
    default_sort: &[("on_date", Direction::Descending), ("layer", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// What differs in reconciliations.
pub static RECONCILIATION_DIFFERENCES: ListSpec = ListSpec {
    name: "reconciliation-differences",
    zh: "分层对账差异",
    en: "Differences by layers",
    permission: "settlement.read",
    from: "reconciliation_difference d",
    scope: None,
    columns: &[
        Column::new("id", "编号", "Number", "d.id", Kind::Int).hidden(),
        Column::new("on_date", "日期", "Date", "d.on_date", Kind::Date),
        Column::new("layer", "层次", "Layer", "d.layer", Kind::Enum(LAYERS)),
        Column::new("key", "对象", "Object", "d.key", Kind::Code),
        Column::new("member", "成员", "Member", "d.member", Kind::Member),
        Column::new("what", "项目", "What", "d.what", Kind::Text),
        Column::new("ours", "本方", "Ours", "d.ours", Kind::Int),
        Column::new("theirs", "对方", "Theirs", "d.theirs", Kind::Int),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// Every list of settlement.
pub static LISTS: &[&ListSpec] = &[
    &TOPUPS,
    &SETTLEMENT_DATES,
    &INSTRUCTIONS,
    &SETTLEMENT_ITEMS,
    &BANK_MESSAGES,
    &STATEMENT_LINES,
    &BANK_QUEUE,
    &BANK_ACCOUNTS,
    &RESERVE_EVENTS,
    &RECONCILIATIONS,
    &RECONCILIATION_DIFFERENCES,
];
