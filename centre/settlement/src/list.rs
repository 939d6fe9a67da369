//! Lists of settlement.

use tongka_listing::{Column, Direction, Kind, ListSpec};

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

/// Every list of settlement.
pub static LISTS: &[&ListSpec] = &[&TOPUPS];
