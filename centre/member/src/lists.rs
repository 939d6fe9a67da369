//! The book as lists: its current rows, its versions, and what waits for it.
//!
//! Card numbers of the blacklist are masked in the statement itself: who lacks `cards.unmask` reads `blacklist`, whose
//! statement never selects a whole number, and cannot see that there is `blacklist-cards`, which does.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

static MEMBER_STATES: &[EnumValue] = &[
    EnumValue::new("active", "正常", "active", Tone::Ok),
    EnumValue::new("coming", "待生效", "yet to come", Tone::Info),
    EnumValue::new("suspended", "暂停", "suspended", Tone::Warn),
    EnumValue::new("closed", "已退出", "left", Tone::Plain),
];

static PSAM_STATES: &[EnumValue] = &[
    EnumValue::new("active", "正常", "active", Tone::Ok),
    EnumValue::new("stopped", "停用", "stopped", Tone::Bad),
    EnumValue::new("test", "测试", "test", Tone::Info),
];

static PERIOD_STATES: &[EnumValue] = &[
    EnumValue::new("current", "生效中", "in force", Tone::Ok),
    EnumValue::new("coming", "待生效", "yet to come", Tone::Info),
    EnumValue::new("ended", "已终止", "ended", Tone::Plain),
    EnumValue::new("revoked", "已吊销", "revoked", Tone::Bad),
];

static SCHEMES: &[EnumValue] =
    &[EnumValue::new("T", "交通联合", "T-Union", Tone::Plain), EnumValue::new("M", "住建部", "MOHURD", Tone::Plain)];

static INDUSTRIES: &[EnumValue] = &[
    EnumValue::new("0", "任意", "any", Tone::Plain),
    EnumValue::new("01", "公交", "bus", Tone::Plain),
    EnumValue::new("02", "地铁", "metro", Tone::Plain),
    EnumValue::new("03", "出租", "taxi", Tone::Plain),
    EnumValue::new("04", "轮渡", "ferry", Tone::Plain),
    EnumValue::new("05", "停车", "parking", Tone::Plain),
    EnumValue::new("09", "零售", "retail", Tone::Plain),
];

static DAY_KINDS: &[EnumValue] = &[
    EnumValue::new("holiday", "放假", "holiday", Tone::Warn),
    EnumValue::new("workday", "调休上班", "make-up workday", Tone::Info),
];

static UPLOAD_STATES: &[EnumValue] = &[
    EnumValue::new("waiting", "待登记", "waiting", Tone::Info),
    EnumValue::new("registered", "已登记", "registered", Tone::Ok),
    EnumValue::new("refused", "已退回", "refused", Tone::Bad),
];

const NEWEST: &[(&str, Direction)] = &[("id", Direction::Descending)];
const BY_MEMBER: &[(&str, Direction)] = &[("member", Direction::Ascending)];

/// Members: every member sees who takes part.
static MEMBERS: ListSpec = ListSpec {
    name: "members",
    zh: "成员机构",
    en: "Members",
    permission: "member.read",
    from: "scheme_member m",
    scope: Some(
        "({scope:m.code} OR m.active_to IS NULL \
         OR m.active_to >= (SELECT COALESCE(MAX(d.clearing_date), 0) FROM clearing_day d))",
    ),
    columns: &[
        Column::new("code", "机构代码", "Code", "m.code", Kind::Member),
        Column::new("name", "名称", "Name", "m.name", Kind::Text),
        Column::new("city", "城市代码", "City", "m.city", Kind::Code),
        Column::new(
            "state",
            "状态",
            "State",
            "(SELECT CASE WHEN m.active_from > x.last THEN 'coming' WHEN m.active_to < x.last THEN 'closed' \
             WHEN EXISTS (SELECT 1 FROM scheme_suspension s WHERE s.member = m.code AND s.to_version IS NULL \
             AND s.from_date <= x.last AND (s.to_date IS NULL OR s.to_date >= x.last)) THEN 'suspended' \
             ELSE 'active' END FROM (SELECT COALESCE(MAX(d.clearing_date), 0) AS last FROM clearing_day d) x)",
            Kind::Enum(MEMBER_STATES),
        ),
        Column::new("active_from", "参加起始日", "Takes part from", "m.active_from", Kind::Date),
        Column::new("active_to", "参加截止日", "Takes part until", "m.active_to", Kind::Date).nullable(),
        Column::new(
            "issuers",
            "发卡机构数",
            "Issuers",
            "(SELECT COUNT(*) FROM scheme_issuer i WHERE i.member = m.code AND i.to_version IS NULL)",
            Kind::Int,
        ),
        Column::new("version", "版本", "Since version", "m.from_version", Kind::Int).hidden(),
    ],
    default_sort: &[("code", Direction::Ascending)],
    key: "code",
    base_filter: Some("m.to_version IS NULL"),
};

/// Issuers.
static ISSUERS: ListSpec = ListSpec {
    name: "issuers",
    zh: "发卡机构",
    en: "Issuers",
    permission: "member.read",
    from: "scheme_issuer i",
    scope: Some("{scope:i.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "i.id", Kind::Int).hidden(),
        Column::new("member", "成员机构", "Member", "i.member", Kind::Member),
        Column::new("scheme", "卡体系", "Card scheme", "i.scheme", Kind::Enum(SCHEMES)),
        Column::new("issuer_id", "发卡机构标识", "Issuer id", "i.issuer_id", Kind::Code),
        Column::new("overdraft_limit_fen", "透支限额", "Overdraft limit", "i.overdraft_limit_fen", Kind::Fen),
        Column::new("keys", "密钥版本/算法", "Keys", "i.keys", Kind::Code),
        Column::new("version", "版本", "Since version", "i.from_version", Kind::Int).hidden(),
    ],
    default_sort: BY_MEMBER,
    key: "id",
    base_filter: Some("i.to_version IS NULL"),
};

/// PSAM ranges.
static PSAM_RANGES: ListSpec = ListSpec {
    name: "psam-ranges",
    zh: "PSAM号段",
    en: "PSAM ranges",
    permission: "member.read",
    from: "scheme_psam_range r",
    scope: Some("{scope:r.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "r.id", Kind::Int).hidden(),
        Column::new("member", "成员机构", "Member", "r.member", Kind::Member),
        Column::new("first_number", "首号", "First", "r.first_number", Kind::Code),
        Column::new("last_number", "末号", "Last", "r.last_number", Kind::Code),
        Column::new("state", "状态", "State", "r.state", Kind::Enum(PSAM_STATES)),
        Column::new("version", "版本", "Since version", "r.from_version", Kind::Int).hidden(),
    ],
    default_sort: &[("first_number", Direction::Ascending)],
    key: "id",
    base_filter: Some("r.to_version IS NULL"),
};

/// Fee rules. A member sees those that can apply to it, not what others agreed between them.
static FEES: ListSpec = ListSpec {
    name: "fees",
    zh: "费率",
    en: "Fee rules",
    permission: "member.read",
    from: "scheme_fee f",
    scope: Some("({scope:f.acquirer} OR {scope:f.issuer} OR f.acquirer = 0 OR f.issuer = 0)"),
    columns: &[
        Column::new("id", "编号", "Number", "f.id", Kind::Int).hidden(),
        Column::new("acquirer", "收单方（空为任意）", "Acquirer (empty: any)", "NULLIF(f.acquirer, 0)", Kind::Member)
            .nullable(),
        Column::new("issuer", "发卡方（空为任意）", "Issuer (empty: any)", "NULLIF(f.issuer, 0)", Kind::Member)
            .nullable(),
        Column::new("industry", "行业", "Industry", "f.industry", Kind::Coded(INDUSTRIES)),
        Column::new("issuer_rate_ppm", "发卡方费率", "Issuer's rate", "f.issuer_rate_ppm", Kind::Ppm),
        Column::new("centre_rate_ppm", "中心费率", "Centre's rate", "f.centre_rate_ppm", Kind::Ppm),
        Column::new("from_date", "起始清算日", "From", "f.from_date", Kind::Date),
        Column::new("to_date", "截止清算日", "Until", "f.to_date", Kind::Date).nullable(),
        Column::new(
            "state",
            "状态",
            "State",
            "(SELECT CASE WHEN f.from_date > x.last THEN 'coming' WHEN f.to_date < x.last THEN 'ended' \
             ELSE 'current' END FROM (SELECT COALESCE(MAX(d.clearing_date), 0) AS last FROM clearing_day d) x)",
            Kind::Enum(PERIOD_STATES),
        ),
        Column::new("version", "版本", "Since version", "f.from_version", Kind::Int).hidden(),
    ],
    default_sort: &[("from_date", Direction::Descending)],
    key: "id",
    base_filter: Some("f.to_version IS NULL"),
};

/// Reserve lines.
static RESERVES: ListSpec = ListSpec {
    name: "reserves",
    zh: "备付金额度",
    en: "Reserve lines",
    permission: "member.read",
    from: "scheme_reserve r LEFT JOIN scheme_member m ON m.code = r.member AND m.to_version IS NULL",
    scope: Some("{scope:r.member}"),
    columns: &[
        Column::new("member", "成员机构", "Member", "r.member", Kind::Member),
        Column::new("name", "名称", "Name", "m.name", Kind::Text).nullable(),
        Column::new("opening_fen", "期初余额", "Opening balance", "r.opening_fen", Kind::Fen),
        Column::new("target_fen", "目标余额", "Target", "r.target_fen", Kind::Fen),
        Column::new("warning_fen", "预警线", "Warning line", "r.warning_fen", Kind::Fen),
        Column::new("stop_fen", "停用线", "Stop line", "r.stop_fen", Kind::Fen),
        Column::new("version", "版本", "Since version", "r.from_version", Kind::Int).hidden(),
    ],
    default_sort: BY_MEMBER,
    key: "member",
    base_filter: Some("r.to_version IS NULL"),
};

const CARDS: &str = "scheme_blacklist b";
/// The member that answers for the card's issuer.
const CARD_MEMBER: &str = "(SELECT i.member FROM scheme_issuer i \
                           WHERE i.scheme = b.scheme AND i.issuer_id = b.issuer_id AND i.to_version IS NULL)";
/// A member's cards are those of its issuers.
const CARD_SCOPE: &str = "(b.scheme, b.issuer_id) IN (SELECT i.scheme, i.issuer_id FROM scheme_issuer i \
                          WHERE i.to_version IS NULL AND {scope:i.member})";

const fn card_columns(serial: Column) -> [Column; 7] {
    [
        Column::new("id", "编号", "Number", "b.id", Kind::Int).hidden(),
        Column::new("member", "成员机构", "Member", CARD_MEMBER, Kind::Member).unsorted(),
        Column::new("scheme", "卡体系", "Card scheme", "b.scheme", Kind::Enum(SCHEMES)).unsorted(),
        Column::new("issuer_id", "发卡机构标识", "Issuer id", "b.issuer_id", Kind::Code),
        serial,
        Column::new("listed_at", "列入时间", "Listed at", "b.listed_at", Kind::DateTime),
        Column::new("version", "版本", "Since version", "b.from_version", Kind::Int),
    ]
}

static MASKED_COLUMNS: [Column; 7] = card_columns(
    Column::new(
        "application_serial",
        "应用序列号（掩码）",
        "Application serial (masked)",
        "substr(b.application_serial, 1, 6) || '**********' || substr(b.application_serial, 17, 4)",
        Kind::Code,
    )
    .unsorted(),
);

static WHOLE_COLUMNS: [Column; 7] = card_columns(Column::new(
    "application_serial",
    "应用序列号",
    "Application serial",
    "b.application_serial",
    Kind::Code,
));

/// The blacklist with masked numbers.
static BLACKLIST: ListSpec = ListSpec {
    name: "blacklist",
    zh: "黑名单",
    en: "Blacklist",
    permission: "member.read",
    from: CARDS,
    scope: Some(CARD_SCOPE),
    columns: &MASKED_COLUMNS,
    default_sort: NEWEST,
    key: "id",
    base_filter: Some("b.to_version IS NULL"),
};

/// The blacklist with whole numbers.
static BLACKLIST_CARDS: ListSpec = ListSpec {
    name: "blacklist-cards",
    zh: "黑名单（完整卡号）",
    en: "Blacklist (whole numbers)",
    permission: "cards.unmask",
    from: CARDS,
    scope: Some(CARD_SCOPE),
    columns: &WHOLE_COLUMNS,
    default_sort: NEWEST,
    key: "id",
    base_filter: Some("b.to_version IS NULL"),
};

/// Registered certificates.
static CERTIFICATES: ListSpec = ListSpec {
    name: "certificates",
    zh: "证书",
    en: "Certificates",
    permission: "member.read",
    from: "scheme_certificate c",
    scope: Some("{scope:c.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "c.id", Kind::Int).hidden(),
        Column::new("member", "成员机构", "Member", "c.member", Kind::Member),
        Column::new("label", "名称", "Label", "c.label", Kind::Text),
        Column::new("public_key", "公钥", "Public key", "c.public_key", Kind::Code),
        Column::new("not_before", "有效起始日", "Valid from", "c.not_before", Kind::Date).nullable(),
        Column::new("not_after", "有效截止日", "Valid until", "c.not_after", Kind::Date).nullable(),
        Column::new(
            "state",
            "状态",
            "State",
            "(SELECT CASE WHEN c.revoked = 1 THEN 'revoked' WHEN c.not_before > x.last THEN 'coming' \
             WHEN c.not_after < x.last THEN 'ended' ELSE 'current' END \
             FROM (SELECT COALESCE(MAX(d.clearing_date), 0) AS last FROM clearing_day d) x)",
            Kind::Enum(PERIOD_STATES),
        ),
        Column::new("version", "版本", "Since version", "c.from_version", Kind::Int).hidden(),
    ],
    default_sort: BY_MEMBER,
    key: "id",
    base_filter: Some("c.to_version IS NULL"),
};

/// Certificates that members sent.
static CERTIFICATE_UPLOADS: ListSpec = ListSpec {
    name: "certificate-uploads",
    zh: "证书申请",
    en: "Certificates sent in",
    permission: "member.read",
    from: "certificate_upload u",
    scope: Some("{scope:u.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "u.id", Kind::Int),
        Column::new("member", "成员机构", "Member", "u.member", Kind::Member),
        Column::new("label", "名称", "Label", "u.label", Kind::Text),
        Column::new("public_key", "公钥", "Public key", "u.public_key", Kind::Code),
        Column::new("not_before", "有效起始日", "Valid from", "u.not_before", Kind::Date),
        Column::new("not_after", "有效截止日", "Valid until", "u.not_after", Kind::Date),
        Column::new("proven", "已证明持有私钥", "Possession proven", "u.proven", Kind::Flag),
        Column::new("state", "状态", "State", "u.state", Kind::Enum(UPLOAD_STATES)),
        Column::new("sent_at", "提交时间", "Sent at", "u.sent_at", Kind::DateTime),
        Column::new("sent_by", "提交人", "Sent by", "u.sent_by", Kind::Text),
    ],
    default_sort: NEWEST,
    key: "id",
    base_filter: None,
};

/// Versions of the book.
static SCHEME_VERSIONS: ListSpec = ListSpec {
    name: "scheme-versions",
    zh: "规则簿版本",
    en: "Versions of the scheme book",
    permission: "member.read",
    from: "scheme_version v",
    scope: None,
    columns: &[
        Column::new("version", "版本", "Version", "v.version", Kind::Int),
        Column::new("made_at", "生成时间", "Made at", "v.made_at", Kind::DateTime),
        Column::new("made_by", "复核人", "Made by", "v.made_by", Kind::Text),
        Column::new("approval", "申请号", "Approval", "v.approval", Kind::Int).nullable(),
        Column::new("kind", "变更种类", "Kind", "v.kind", Kind::Code),
        Column::new("note", "说明", "Note", "v.note", Kind::Text),
        Column::new("rows_added", "新增行", "Rows added", "v.rows_added", Kind::Int),
        Column::new("rows_removed", "失效行", "Rows removed", "v.rows_removed", Kind::Int),
        Column::new("digest", "摘要", "Digest", "v.digest", Kind::Digest).hidden(),
    ],
    default_sort: &[("version", Direction::Descending)],
    key: "version",
    base_filter: None,
};

/// The bank calendar, which is everybody's.
static HOLIDAYS: ListSpec = ListSpec {
    name: "holidays",
    zh: "银行日历",
    en: "Bank calendar",
    permission: "member.read",
    from: "scheme_holiday h",
    scope: Some("1 = 1"),
    columns: &[
        Column::new("date", "日期", "Date", "h.date", Kind::Date),
        Column::new("kind", "类别", "Kind", "h.kind", Kind::Enum(DAY_KINDS)),
        Column::new("note", "说明", "Note", "h.note", Kind::Text),
        Column::new("version", "版本", "Since version", "h.from_version", Kind::Int).hidden(),
    ],
    default_sort: &[("date", Direction::Ascending)],
    key: "date",
    base_filter: Some("h.to_version IS NULL"),
};

/// Expected files.
static EXPECTED_FILES: ListSpec = ListSpec {
    name: "expected-files",
    zh: "应到文件",
    en: "Expected files",
    permission: "member.read",
    from: "scheme_expected_file e LEFT JOIN scheme_member m ON m.code = e.member AND m.to_version IS NULL",
    scope: Some("{scope:e.member}"),
    columns: &[
        Column::new("id", "编号", "Number", "e.id", Kind::Int).hidden(),
        Column::new("member", "成员机构", "Member", "e.member", Kind::Member),
        Column::new("name", "名称", "Name", "m.name", Kind::Text).nullable(),
        Column::new("kind", "文件种类", "Kind", "e.kind", Kind::Code),
        Column::new("from_minute", "开始（当日分钟）", "From (minute of the day)", "e.from_minute", Kind::Int),
        Column::new("by_minute", "截止（当日分钟）", "By (minute of the day)", "e.by_minute", Kind::Int),
        Column::new("min_count", "最少份数", "At least", "e.min_count", Kind::Int),
        Column::new("warn_minutes", "提前预警（分钟）", "Warning before (minutes)", "e.warn_minutes", Kind::Int),
        Column::new(
            "escalate_minutes",
            "超时升级（分钟）",
            "Escalation after (minutes)",
            "e.escalate_minutes",
            Kind::Int,
        ),
        Column::new("version", "版本", "Since version", "e.from_version", Kind::Int).hidden(),
    ],
    default_sort: BY_MEMBER,
    key: "id",
    base_filter: Some("e.to_version IS NULL"),
};

/// Every list of this crate.
pub static LISTS: &[&ListSpec] = &[
    &MEMBERS,
    &ISSUERS,
    &PSAM_RANGES,
    &FEES,
    &RESERVES,
    &BLACKLIST,
    &BLACKLIST_CARDS,
    &CERTIFICATES,
    &CERTIFICATE_UPLOADS,
    &SCHEME_VERSIONS,
    &HOLIDAYS,
    &EXPECTED_FILES,
];
