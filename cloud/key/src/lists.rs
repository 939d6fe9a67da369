//! The lists of key management. None has a column of a key: there is none in the tables.

use tongka_listing::Kind::{Code, Date, DateTime, Enum, Flag, Int, Text};
use tongka_listing::{Column, Direction, EnumValue, ListSpec, Tone};

const STATES: &[EnumValue] = &[
    EnumValue::new("generated", "已生成", "Generated", Tone::Warn),
    EnumValue::new("active", "启用", "Active", Tone::Ok),
    EnumValue::new("suspended", "暂停", "Suspended", Tone::Warn),
    EnumValue::new("retired", "停止发卡", "Retired", Tone::Plain),
    EnumValue::new("revoked", "吊销", "Revoked", Tone::Bad),
    EnumValue::new("destroyed", "销毁", "Destroyed", Tone::Bad),
];
const LEVELS: &[EnumValue] = &[
    EnumValue::new("national", "全国", "National", Tone::Info),
    EnumValue::new("issuer", "发卡机构", "Issuer", Tone::Plain),
    EnumValue::new("service", "服务", "Service", Tone::Plain),
];
const ALGORITHMS: &[EnumValue] =
    &[EnumValue::new("3DES", "3DES", "3DES", Tone::Plain), EnumValue::new("SM4", "SM4", "SM4", Tone::Info)];
const SCHEMES: &[EnumValue] = &[
    EnumValue::new("", "通用", "Any", Tone::Plain),
    EnumValue::new("T", "交通联合", "T-Union", Tone::Info),
    EnumValue::new("M", "住建部", "MOHURD", Tone::Info),
];
const DECISIONS: &[EnumValue] = &[
    EnumValue::new("open", "待复核", "Open", Tone::Warn),
    EnumValue::new("done", "已完成", "Done", Tone::Ok),
    EnumValue::new("refused", "已驳回", "Refused", Tone::Bad),
];

/// Keys as the books have them.
pub static KEYS: ListSpec = ListSpec {
    name: "keys",
    zh: "密钥台账",
    en: "Keys",
    permission: "key.read",
    from: "managed_key k",
    scope: Some("{tenant:k.owner}"),
    columns: &[
        Column::new("id", "标识", "Id", "CAST(k.owner AS TEXT) || '.' || k.name", Code).hidden(),
        Column::new("owner", "所有者", "Owner", "k.owner", Int),
        Column::new("name", "密钥", "Key", "k.name", Code),
        Column::new("usage", "用途", "Usage", "k.usage", Code),
        Column::new("scheme", "卡体系", "Card scheme", "k.scheme", Enum(SCHEMES)),
        Column::new("algorithm", "算法", "Algorithm", "k.algorithm", Enum(ALGORITHMS)),
        Column::new("version", "版本", "Version", "k.version", Int),
        Column::new("key_index", "索引", "Index", "k.key_index", Int),
        Column::new("level", "层级", "Level", "k.level", Enum(LEVELS)),
        Column::new("state", "状态", "State", "k.state", Enum(STATES)),
        Column::new("kcv", "校验值", "KCV", "k.kcv", Code),
        Column::new("parent", "上级密钥", "Parent", "k.parent", Code).nullable(),
        Column::new("made_at", "生成时间", "Made", "k.made_at", DateTime),
    ],
    default_sort: &[("owner", Direction::Ascending), ("name", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Custodians and their terms.
pub static CUSTODIANS: ListSpec = ListSpec {
    name: "custodians",
    zh: "密钥保管员",
    en: "Custodians",
    permission: "key.read",
    from: "custodian c",
    scope: Some("{tenant:c.owner}"),
    columns: &[
        Column::new("id", "标识", "Id", "CAST(c.owner AS TEXT) || '.' || c.name", Code).hidden(),
        Column::new("owner", "所有者", "Owner", "c.owner", Int),
        Column::new("name", "姓名", "Name", "c.name", Text),
        Column::new("active_from", "任期自", "From", "c.active_from", Date),
        Column::new("active_to", "任期至", "Until", "c.active_to", Date),
        Column::new("failures", "口令错误", "Wrong passphrases", "c.failures", Int),
        Column::new("locked", "锁定", "Locked", "CASE WHEN c.failures >= 5 THEN 1 ELSE 0 END", Flag),
    ],
    default_sort: &[("owner", Direction::Ascending), ("name", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

/// Requests under dual control.
pub static KEY_REQUESTS: ListSpec = ListSpec {
    name: "key-requests",
    zh: "密钥双控申请",
    en: "Key requests",
    permission: "key.read",
    from: "key_request r",
    scope: Some("{tenant:r.owner}"),
    columns: &[
        Column::new("id", "申请号", "Request", "r.id", Int),
        Column::new("owner", "所有者", "Owner", "r.owner", Int),
        Column::new("word", "操作", "Deed", "r.word", Code),
        Column::new("object", "密钥", "Key", "r.object", Code),
        // A block that is to be taken in is under its transport key; it is no use to a list all the same.
        Column::new(
            "action",
            "内容",
            "Action",
            "CASE WHEN r.word = 'key.import' THEN '{}' ELSE r.action END",
            tongka_listing::Kind::Json,
        )
        .hidden(),
        Column::new("proposer", "经办", "Proposed by", "r.proposer", Text),
        Column::new("proposed_at", "时间", "Proposed", "r.proposed_at", DateTime),
        Column::new("state", "状态", "State", "r.state", Enum(DECISIONS)),
        Column::new("decided_by", "复核", "Decided by", "r.decided_by", Text).nullable(),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};

/// All lists of this crate.
pub static LISTS: &[&ListSpec] = &[&KEYS, &CUSTODIANS, &KEY_REQUESTS];
