//! Lists of the front for consoles and exports.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

const TRANSFER_STATES: &[EnumValue] = &[
    EnumValue { value: "login", zh: "登录", en: "logged in", tone: Tone::Plain },
    EnumValue { value: "login-refused", zh: "登录被拒", en: "login refused", tone: Tone::Bad },
    EnumValue { value: "started", zh: "开始接收", en: "started", tone: Tone::Info },
    EnumValue { value: "resumed", zh: "续传", en: "resumed", tone: Tone::Info },
    EnumValue { value: "broken", zh: "中断", en: "broken off", tone: Tone::Warn },
    EnumValue { value: "received", zh: "已收全", en: "received", tone: Tone::Info },
    EnumValue { value: "waiting", zh: "等待签名", en: "waits for its signature", tone: Tone::Warn },
    EnumValue { value: "handed", zh: "已交清算", en: "handed to the centre", tone: Tone::Ok },
    EnumValue { value: "taken", zh: "已受理", en: "taken", tone: Tone::Ok },
    EnumValue { value: "rejected", zh: "不予受理", en: "rejected", tone: Tone::Bad },
    EnumValue { value: "known", zh: "重复送达", en: "known", tone: Tone::Plain },
    EnumValue { value: "refused", zh: "已拒绝", en: "refused", tone: Tone::Bad },
    EnumValue { value: "fetched", zh: "已取走", en: "fetched", tone: Tone::Ok },
    EnumValue { value: "confirmed", zh: "已确认", en: "confirmed", tone: Tone::Ok },
    EnumValue { value: "offered", zh: "待取", en: "offered", tone: Tone::Info },
];

const DIRECTIONS: &[EnumValue] = &[
    EnumValue { value: "in", zh: "上送", en: "from the member", tone: Tone::Plain },
    EnumValue { value: "out", zh: "下发", en: "to the member", tone: Tone::Plain },
    EnumValue { value: "session", zh: "会话", en: "session", tone: Tone::Plain },
];

/// The list of transfers.
pub static TRANSFERS: ListSpec = ListSpec {
    name: "transfers",
    zh: "传输记录",
    en: "Transfers",
    permission: "link.read",
    from: "transfer t",
    scope: Some("{scope:t.member}"),
    columns: &[
        Column::new("id", "序号", "Number", "t.id", Kind::Int).hidden(),
        Column::new("at", "时间", "Time", "t.at", Kind::DateTime),
        Column::new("member", "成员机构", "Member", "t.member", Kind::Member),
        Column::new("direction", "方向", "Direction", "t.direction", Kind::Enum(DIRECTIONS)),
        Column::new("name", "文件名", "File", "t.name", Kind::Code),
        Column::new("size", "字节数", "Bytes", "t.size", Kind::Int),
        Column::new("state", "状态", "State", "t.state", Kind::Enum(TRANSFER_STATES)),
        Column::new("code", "代码", "Code", "t.code", Kind::Code),
        Column::new("detail", "说明", "Detail", "t.detail", Kind::Text),
        Column::new("login", "账户", "Account", "t.login", Kind::Code),
        Column::new("channel", "通道", "Channel", "t.channel", Kind::Code),
        Column::new("address", "来源地址", "Address", "t.address", Kind::Text).hidden(),
        Column::new("fingerprint", "指纹", "Fingerprint", "t.fingerprint", Kind::Digest).hidden(),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

const STATES: &[EnumValue] = &[
    EnumValue { value: "active", zh: "启用", en: "active", tone: Tone::Ok },
    EnumValue { value: "disabled", zh: "停用", en: "disabled", tone: Tone::Bad },
    EnumValue { value: "revoked", zh: "作废", en: "revoked", tone: Tone::Bad },
];

/// The list of accounts.
pub static FRONT_ACCOUNTS: ListSpec = ListSpec {
    name: "front-accounts",
    zh: "前置账户",
    en: "Front accounts",
    permission: "link.read",
    from: "front_account a",
    scope: Some("{scope:a.member}"),
    columns: &[
        Column::new("login", "账户", "Account", "a.login", Kind::Code),
        Column::new("member", "成员机构", "Member", "a.member", Kind::Member),
        Column::new("state", "状态", "State", "a.state", Kind::Enum(STATES)),
        Column::new("addresses", "允许地址", "Addresses", "a.addresses", Kind::Text),
        Column::new("quota_bytes", "配额字节", "Quota bytes", "a.quota_bytes", Kind::Int),
        Column::new("quota_files", "配额文件数", "Quota files", "a.quota_files", Kind::Int),
        Column::new("connections", "连接数上限", "Connections", "a.connections", Kind::Int),
        Column::new("locked_until", "锁定至", "Locked until", "a.locked_until", Kind::DateTime).nullable(),
        Column::new("last_login_at", "最近登录", "Last login", "a.last_login_at", Kind::DateTime).nullable(),
        Column::new("last_address", "最近地址", "Last address", "a.last_address", Kind::Text).nullable(),
    ],
    default_sort: &[("login", Direction::Ascending)],
    key: "login",
    base_filter: None,
};

/// The list of keys.
pub static FRONT_KEYS: ListSpec = ListSpec {
    name: "front-keys",
    zh: "前置公钥",
    en: "Front keys",
    permission: "link.read",
    from: "front_key k JOIN front_account a ON a.login = k.login",
    scope: Some("{scope:a.member}"),
    columns: &[
        Column::new("id", "标识", "Id", "k.login || ' ' || k.fingerprint", Kind::Code).hidden(),
        Column::new("login", "账户", "Account", "k.login", Kind::Code),
        Column::new("member", "成员机构", "Member", "a.member", Kind::Member),
        Column::new("fingerprint", "指纹", "Fingerprint", "k.fingerprint", Kind::Text),
        Column::new("comment", "备注", "Comment", "k.comment", Kind::Text),
        Column::new("valid_from", "起始日", "From", "k.valid_from", Kind::Date),
        Column::new("valid_to", "截止日", "To", "k.valid_to", Kind::Date),
        Column::new("state", "状态", "State", "k.state", Kind::Enum(STATES)),
    ],
    default_sort: &[("login", Direction::Ascending), ("valid_from", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Every list of the front.
pub static LISTS: &[&ListSpec] = &[&TRANSFERS, &FRONT_ACCOUNTS, &FRONT_KEYS];
