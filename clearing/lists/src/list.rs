//! Lists for consoles and exports: versions, what was offered, how far behind members are.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

const NAMES: &[EnumValue] = &[
    EnumValue { value: "BLF", zh: "黑名单", en: "blacklist", tone: Tone::Plain },
    EnumValue { value: "WHT", zh: "受理名单", en: "acceptance list", tone: Tone::Plain },
    EnumValue { value: "ISS", zh: "发卡机构", en: "issuers", tone: Tone::Plain },
    EnumValue { value: "PSM", zh: "PSAM状态", en: "PSAM states", tone: Tone::Plain },
    EnumValue { value: "PAR", zh: "参数", en: "parameters", tone: Tone::Plain },
    EnumValue { value: "FEE", zh: "费率", en: "fees", tone: Tone::Plain },
];

const STATES: &[EnumValue] = &[
    EnumValue { value: "approved", zh: "待发布", en: "approved", tone: Tone::Info },
    EnumValue { value: "published", zh: "已发布", en: "published", tone: Tone::Ok },
];

const LAGS: &[EnumValue] = &[
    EnumValue { value: "current", zh: "已是最新", en: "current", tone: Tone::Ok },
    EnumValue { value: "behind", zh: "落后", en: "behind", tone: Tone::Warn },
    EnumValue { value: "never", zh: "从未确认", en: "never acknowledged", tone: Tone::Bad },
];

/// Versions of lists.
pub static LIST_VERSIONS: ListSpec = ListSpec {
    name: "list-versions",
    zh: "名单版本",
    en: "List versions",
    permission: "lists.read",
    from: "list_version v",
    scope: Some("1 = 1"),
    columns: &[
        Column::new("key", "标识", "Key", "v.list || '-' || CAST(v.version AS TEXT)", Kind::Code).hidden(),
        Column::new("list", "名单", "List", "v.list", Kind::Enum(NAMES)),
        Column::new("version", "版本", "Version", "v.version", Kind::Int),
        Column::new("state", "状态", "State", "v.state", Kind::Enum(STATES)),
        Column::new("effective_at", "生效时间", "Effective at", "v.effective_at", Kind::DateTime),
        Column::new("entries", "条目数", "Entries", "v.entries", Kind::Int).nullable(),
        Column::new("bytes", "字节数", "Bytes", "v.bytes", Kind::Int).nullable(),
        Column::new("book_version", "规则簿版本", "Book version", "v.book_version", Kind::Int),
        Column::new("approved_by", "复核人", "Approved by", "v.approved_by", Kind::Code),
        Column::new("published_at", "发布时间", "Published at", "v.published_at", Kind::DateTime).nullable(),
        Column::new("note", "备注", "Note", "v.note", Kind::Text),
        Column::new("digest", "内容摘要", "Digest", "v.digest", Kind::Digest).nullable().hidden(),
    ],
    default_sort: &[("list", Direction::Ascending), ("version", Direction::Descending)],
    key: "key",
    base_filter: None,
};

/// What was offered to members.
pub static LIST_OFFERS: ListSpec = ListSpec {
    name: "list-offers",
    zh: "名单下发记录",
    en: "List offers",
    permission: "lists.read",
    from: "list_offer o LEFT JOIN front_file f ON f.member = o.member AND f.direction = 'out' AND f.name = o.name",
    scope: Some("{scope:o.member}"),
    columns: &[
        Column::new("name", "文件名", "File", "o.name", Kind::Code),
        Column::new("member", "成员机构", "Member", "o.member", Kind::Member),
        Column::new("list", "名单", "List", "o.list", Kind::Enum(NAMES)),
        Column::new("version", "版本", "Version", "o.version", Kind::Int),
        Column::new("base", "基础版本（0 为全量）", "Base (0: full)", "o.base", Kind::Int),
        Column::new("entries", "条目数", "Entries", "o.entries", Kind::Int),
        Column::new("bytes", "字节数", "Bytes", "o.bytes", Kind::Int),
        Column::new("offered_at", "下发时间", "Offered at", "o.offered_at", Kind::DateTime),
        Column::new("fetched", "取件", "Fetching", "f.state", Kind::Enum(FETCHED)).nullable(),
    ],
    default_sort: &[("offered_at", Direction::Descending)],
    key: "name",
    base_filter: None,
};

const FETCHED: &[EnumValue] = &[
    EnumValue { value: "fetched", zh: "已取走", en: "fetched", tone: Tone::Info },
    EnumValue { value: "confirmed", zh: "已确认取件", en: "confirmed", tone: Tone::Ok },
];

/// How far behind members are.
pub static LIST_LAG: ListSpec = ListSpec {
    name: "list-lag",
    zh: "名单更新进度",
    en: "List lag",
    permission: "lists.read",
    from: "list_standing s",
    scope: Some("{scope:s.member}"),
    columns: &[
        Column::new("key", "标识", "Key", "CAST(s.member AS TEXT) || '-' || s.list", Kind::Code).hidden(),
        Column::new("member", "成员机构", "Member", "s.member", Kind::Member),
        Column::new("list", "名单", "List", "s.list", Kind::Enum(NAMES)),
        Column::new("state", "进度", "State", LAG, Kind::Enum(LAGS)),
        Column::new("offered", "已下发版本", "Offered", "s.offered", Kind::Int),
        Column::new("acknowledged", "已确认版本", "Acknowledged", "s.acknowledged", Kind::Int),
        Column::new("behind", "落后版本数", "Versions behind", "s.offered - s.acknowledged", Kind::Int),
        Column::new("offered_at", "下发时间", "Offered at", "s.offered_at", Kind::DateTime),
        Column::new("applied_at", "终端启用时间", "Applied at", "s.applied_at", Kind::DateTime).nullable(),
        Column::new("acknowledged_at", "确认时间", "Acknowledged at", "s.acknowledged_at", Kind::DateTime).nullable(),
    ],
    default_sort: &[("behind", Direction::Descending), ("member", Direction::Ascending)],
    key: "key",
    base_filter: None,
};

const LAG: &str =
    "CASE WHEN s.acknowledged = 0 THEN 'never' WHEN s.acknowledged < s.offered THEN 'behind' ELSE 'current' END";

/// Every list of lists.
pub static LISTS: &[&ListSpec] = &[&LIST_VERSIONS, &LIST_OFFERS, &LIST_LAG];
