//! Accounts and transfers as lists.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

static SIDES: &[EnumValue] =
    &[EnumValue::new("debit", "借", "debit", Tone::Plain), EnumValue::new("credit", "贷", "credit", Tone::Plain)];

static PHASES: &[EnumValue] = &[
    EnumValue::new("posted", "已入账", "posted", Tone::Ok),
    EnumValue::new("pending", "预留", "pending", Tone::Info),
    EnumValue::new("post", "预留入账", "pending one posted", Tone::Ok),
    EnumValue::new("void", "预留撤销", "pending one voided", Tone::Warn),
];

/// Accounts with their sums. A member sees its own.
pub static LEDGER_ACCOUNTS: ListSpec = ListSpec {
    name: "ledger-accounts",
    zh: "总账科目",
    en: "Ledger accounts",
    permission: "ledger.read",
    from: "ledger_account a",
    scope: Some("{scope:a.owner}"),
    columns: &[
        Column::new("code", "科目代码", "Account", "a.code", Kind::Code),
        Column::new("kind", "类别", "Kind", "a.kind", Kind::Code),
        Column::new("owner", "所属机构", "Owner", "a.owner", Kind::Member).nullable(),
        Column::new("normal_side", "余额方向", "Normal side", "a.normal_side", Kind::Enum(SIDES)),
        Column::new("debits_fen", "借方累计", "Debits", "a.debits_fen", Kind::Fen),
        Column::new("credits_fen", "贷方累计", "Credits", "a.credits_fen", Kind::Fen),
        Column::new("balance_fen", "余额", "Balance", BALANCE, Kind::Fen),
        Column::new("pending_debits_fen", "借方预留", "Pending debits", "a.pending_debits_fen", Kind::Fen),
        Column::new("pending_credits_fen", "贷方预留", "Pending credits", "a.pending_credits_fen", Kind::Fen),
        Column::new("min_fen", "余额下限", "Lowest balance", "a.min_fen", Kind::Fen).nullable().hidden(),
        Column::new("max_fen", "余额上限", "Highest balance", "a.max_fen", Kind::Fen).nullable().hidden(),
        Column::new("sequence", "序号", "Number", "a.sequence", Kind::Int).hidden(),
        Column::new("hash", "链上摘要", "Chain hash", "a.hash", Kind::Digest).hidden(),
    ],
    default_sort: &[("code", Direction::Ascending)],
    key: "code",
    base_filter: None,
};

/// Positive on the account's normal side.
const BALANCE: &str =
    "(CASE a.normal_side WHEN 'debit' THEN a.debits_fen - a.credits_fen ELSE a.credits_fen - a.debits_fen END)";

/// Transfers, newest first. A member sees those that touch an account of its own.
pub static LEDGER_TRANSFERS: ListSpec = ListSpec {
    name: "ledger-transfers",
    zh: "总账分录",
    en: "Ledger transfers",
    permission: "ledger.read",
    from: "ledger_transfer t",
    scope: Some(
        "t.debit IN (SELECT d.code FROM ledger_account d WHERE {scope:d.owner}) \
         OR t.credit IN (SELECT c.code FROM ledger_account c WHERE {scope:c.owner})",
    ),
    columns: &[
        Column::new("sequence", "序号", "Number", "t.sequence", Kind::Int),
        Column::new("booking_date", "记账日", "Booked on", "t.booking_date", Kind::Date),
        Column::new("phase", "状态", "State", "t.phase", Kind::Enum(PHASES)),
        Column::new("debit", "借方科目", "Debit", "t.debit", Kind::Code),
        Column::new("credit", "贷方科目", "Credit", "t.credit", Kind::Code),
        Column::new("amount_fen", "金额", "Amount", "t.amount_fen", Kind::Fen),
        Column::new("reason", "事由", "Reason", "t.reason", Kind::Text),
        Column::new("created_at", "记账时间", "Booked at", "t.created_at", Kind::DateTime),
        Column::new("key", "幂等键", "Idempotency key", "t.key", Kind::Code).hidden(),
        Column::new("pending_key", "预留分录", "Pending transfer", "t.pending_key", Kind::Code).nullable().hidden(),
        Column::new("hash", "链上摘要", "Chain hash", "t.hash", Kind::Digest).hidden(),
    ],
    default_sort: &[("sequence", Direction::Descending)],
    key: "sequence",
    base_filter: None,
};

/// Every list of this crate.
pub static LISTS: [&ListSpec; 2] = [&LEDGER_ACCOUNTS, &LEDGER_TRANSFERS];
