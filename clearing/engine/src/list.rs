//! Clearing dates, their steps, positions and groups as lists.

use tongka_base::Industry;
use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

static STATES: &[EnumValue] =
    &[EnumValue::new("open", "进行中", "open", Tone::Info), EnumValue::new("closed", "已关账", "closed", Tone::Ok)];

/// True for the centre only: a member has no row in a table of nobody's.
macro_rules! centre_only {
    ($then:literal) => {
        concat!(
            "(CASE WHEN EXISTS (SELECT 1 FROM (SELECT -1 AS nobody) n WHERE {scope:n.nobody}) THEN ",
            $then,
            " ELSE NULL END)"
        )
    };
}

/// Clearing dates, newest first. Everybody knows the dates; counts and amounts are those of the uploads that the caller
/// may see, and the centre's fees are the centre's.
pub static CLEARING_DAYS: ListSpec = ListSpec {
    name: "clearing-days",
    zh: "清算日",
    en: "Clearing days",
    permission: "day.read",
    from: "clearing_day d",
    scope: Some("{scope:d.clearing_date} OR 1 = 1"),
    columns: &[
        Column::new("clearing_date", "清算日", "Clearing date", "d.clearing_date", Kind::Date),
        Column::new("state", "状态", "State", "d.state", Kind::Enum(STATES)),
        Column::new("opened_at", "开日时间", "Opened at", "d.opened_at", Kind::DateTime),
        Column::new("closed_at", "关账时间", "Closed at", "d.closed_at", Kind::DateTime).nullable(),
        Column::new(
            "uploads",
            "文件数",
            "Files",
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM upload u \
             WHERE u.clearing_date = d.clearing_date AND {scope:u.member})",
            Kind::Int,
        )
        .unsorted()
        .unfiltered(),
        Column::new(
            "records",
            "记录数",
            "Records",
            "(SELECT CAST(COALESCE(SUM(u.record_count), 0) AS BIGINT) FROM upload u \
             WHERE u.clearing_date = d.clearing_date AND {scope:u.member})",
            Kind::Int,
        )
        .unsorted()
        .unfiltered(),
        Column::new(
            "total_fen",
            "上送金额",
            "Amount sent",
            "(SELECT CAST(COALESCE(SUM(u.total_fen), 0) AS BIGINT) FROM upload u \
             WHERE u.clearing_date = d.clearing_date AND {scope:u.member})",
            Kind::Fen,
        )
        .unsorted()
        .unfiltered(),
        Column::new(
            "steps",
            "已完成步骤",
            "Steps done",
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM day_step s WHERE s.clearing_date = d.clearing_date)",
            Kind::Int,
        )
        .unsorted()
        .unfiltered(),
        Column::new("centre_fees_fen", "清算手续费", "Centre fees", centre_only!("d.centre_fees_fen"), Kind::Fen)
            .nullable()
            .unsorted()
            .unfiltered(),
        Column::new("scheme_digest", "规则摘要", "Scheme digest", "d.scheme_digest", Kind::Digest).hidden(),
    ],
    default_sort: &[("clearing_date", Direction::Descending)],
    key: "clearing_date",
    base_filter: None,
};

static STEPS: &[EnumValue] = &[
    EnumValue::new("intake", "收文", "intake", Tone::Plain),
    EnumValue::new("cut", "日切", "cut", Tone::Plain),
    EnumValue::new("price", "计费", "price", Tone::Plain),
    EnumValue::new("net", "轧差", "net", Tone::Plain),
    EnumValue::new("prove", "证明", "prove", Tone::Plain),
    EnumValue::new("post", "记账", "post", Tone::Plain),
    EnumValue::new("publish", "发布", "publish", Tone::Plain),
    EnumValue::new("close", "关账", "close", Tone::Plain),
];

/// Steps that are done, with what they read and wrote. The centre's.
pub static DAY_STEPS: ListSpec = ListSpec {
    name: "day-steps",
    zh: "清算步骤",
    en: "Steps of clearing days",
    permission: "day.read",
    from: "day_step s",
    scope: None,
    columns: &[
        Column::new("clearing_date", "清算日", "Clearing date", "s.clearing_date", Kind::Date),
        Column::new("step", "步骤", "Step", "s.step", Kind::Enum(STEPS)),
        Column::new("done_at", "完成时间", "Done at", "s.done_at", Kind::DateTime),
        Column::new("detail", "说明", "Detail", "s.detail", Kind::Text),
        Column::new("input_digest", "输入摘要", "Input digest", "s.input_digest", Kind::Digest).hidden(),
        Column::new("output_digest", "输出摘要", "Output digest", "s.output_digest", Kind::Digest).hidden(),
        Column::new("id", "标识", "Key", "(CAST(s.clearing_date AS TEXT) || '-' || s.step)", Kind::Code).hidden(),
    ],
    default_sort: &[("clearing_date", Direction::Descending), ("done_at", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// Positions of members by clearing date.
pub static POSITIONS: ListSpec = ListSpec {
    name: "positions",
    zh: "清算头寸",
    en: "Positions",
    permission: "position.read",
    from: "position p",
    scope: Some("{scope:p.member}"),
    columns: &[
        Column::new("clearing_date", "清算日", "Clearing date", "p.clearing_date", Kind::Date),
        Column::new("member", "成员机构", "Member", "p.member", Kind::Member),
        Column::new("receivable_fen", "应收", "Receivable", "p.receivable_fen", Kind::Fen),
        Column::new("payable_fen", "应付", "Payable", "p.payable_fen", Kind::Fen),
        Column::new("adjustments_fen", "调账", "Adjustments", "p.adjustments_fen", Kind::Fen),
        Column::new("net_fen", "净头寸", "Net position", "p.net_fen", Kind::Fen),
        Column::new("reserve_before_fen", "备付金期初", "Reserve before", "p.reserve_before_fen", Kind::Fen).nullable(),
        Column::new("reserve_after_fen", "备付金期末", "Reserve after", "p.reserve_after_fen", Kind::Fen).nullable(),
        Column::new(
            "id",
            "标识",
            "Key",
            "(CAST(p.clearing_date AS TEXT) || '-' || CAST(p.member AS TEXT))",
            Kind::Code,
        )
        .hidden(),
    ],
    default_sort: &[("clearing_date", Direction::Descending), ("member", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Industries as the exchange interface writes them.
pub static INDUSTRIES: &[EnumValue] = &[
    EnumValue::new("01", "公交", "bus", Tone::Plain),
    EnumValue::new("02", "地铁", "metro", Tone::Plain),
    EnumValue::new("03", "出租", "taxi", Tone::Plain),
    EnumValue::new("04", "轮渡", "ferry", Tone::Plain),
    EnumValue::new("05", "停车", "parking", Tone::Plain),
    EnumValue::new("09", "零售", "retail", Tone::Plain),
];
const _: () = assert!(INDUSTRIES.len() == Industry::ALL.len());

/// Priced groups. Both parties see a group; the centre's fee is the acquirer's affair.
pub static GROUPS: ListSpec = ListSpec {
    name: "groups",
    zh: "清分分组",
    en: "Groups",
    permission: "position.read",
    from: "day_group g",
    scope: Some("{scope:g.acquirer} OR {scope:g.issuer}"),
    columns: &[
        Column::new("clearing_date", "清算日", "Clearing date", "g.clearing_date", Kind::Date),
        Column::new("acquirer", "收单方", "Acquirer", "g.acquirer", Kind::Member),
        Column::new("issuer", "发卡方", "Issuer", "g.issuer", Kind::Member),
        Column::new("industry", "行业", "Industry", "g.industry", Kind::Coded(INDUSTRIES)),
        Column::new("record_count", "笔数", "Records", "g.record_count", Kind::Int),
        Column::new("gross_fen", "交易金额", "Gross", "g.gross_fen", Kind::Fen),
        Column::new("issuer_fee_fen", "发卡方手续费", "Issuer's fee", "g.issuer_fee_fen", Kind::Fen),
        Column::new(
            "centre_fee_fen",
            "清算手续费",
            "Centre's fee",
            "(CASE WHEN {scope:g.acquirer} THEN g.centre_fee_fen ELSE 0 END)",
            Kind::Fen,
        )
        .unsorted()
        .unfiltered(),
        Column::new(
            "own_card",
            "本机构卡",
            "Own cards",
            "(CASE WHEN g.acquirer = g.issuer THEN 1 ELSE 0 END)",
            Kind::Flag,
        )
        .unsorted(),
        Column::new(
            "id",
            "标识",
            "Key",
            "(CAST(g.clearing_date AS TEXT) || '-' || CAST(g.acquirer AS TEXT) || '-' || CAST(g.issuer AS TEXT) || '-' \
             || CAST(g.industry AS TEXT))",
            Kind::Code,
        )
        .hidden(),
    ],
    default_sort: &[
        ("clearing_date", Direction::Descending),
        ("acquirer", Direction::Ascending),
        ("issuer", Direction::Ascending),
        ("industry", Direction::Ascending),
    ],
    key: "id",
    base_filter: None,
};

/// Every list of this crate.
pub static LISTS: [&ListSpec; 4] = [&CLEARING_DAYS, &DAY_STEPS, &POSITIONS, &GROUPS];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    #[test]
    fn names_are_those_of_the_steps_and_industries() {
        let steps: Vec<_> = Step::ALL.into_iter().map(|step| (step.name(), step.name_zh())).collect();
        assert!(STEPS.iter().map(|v| (v.value, v.zh)).eq(steps));
        let industries = Industry::ALL.into_iter().map(|i| (i.to_string(), i.name_zh()));
        assert!(INDUSTRIES.iter().map(|v| (v.value.to_owned(), v.zh)).eq(industries));
    }
}
