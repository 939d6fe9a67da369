//! The record tables of versioned lists (名单与参数). Every list file opens with its version record; all lines have one
//! length, so that a file is checked like any other.

use crate::table::FieldType::{A, H, N, S};
use crate::table::{Field, Kind, RecordTable, field, lay_out};

/// Bytes of a record of a list, without CR LF.
const RECORD: usize = 62;

/// The version record, which opens every list file.
pub const LIST_VERSION: RecordTable = RecordTable {
    kind: None,
    title_zh: "版本记录",
    title_en: "Version record",
    mark: b'V',
    direction: DOWN,
    order_zh: "名单文件的第一条记录",
    order_en: "first record of a list file",
    fields: &VERSION_FIELDS,
    amount_field: None,
    lead: None,
};

const VERSION_FIELDS: [Field; 6] = lay_out([
    field("mark", "标识", A, 1, "`V`"),
    field("version", "版本号", N, 10, "应用本文件之后的版本 the version after applying this file"),
    field("base", "基础版本号", N, 10, "0 为全量；否则须先有该版本 0 = full; else that version must be there first"),
    field("effective_at", "生效时间", N, 14, "`YYYYMMDDHHMMSS`"),
    field("entries", "其余记录数", N, 8, "number of the records that follow"),
    field("reserved", "保留", N, RECORD - 43, ZEROS),
]);

const DOWN: &str = "清算中心 → 成员机构 centre → member";
const ZEROS: &str = "全 0 zeros";
const OP: &str = "`A` 增加或更改 add or change，`D` 删除 delete";

const fn list(kind: Kind, zh: &'static str, en: &'static str, mark: u8, fields: &'static [Field]) -> RecordTable {
    RecordTable {
        kind: Some(kind),
        title_zh: zh,
        title_en: en,
        mark,
        direction: DOWN,
        order_zh: "版本记录，其后按标识之后的各字段升序",
        order_en: "the version record, then rising by the fields after the operation",
        fields,
        amount_field: None,
        lead: Some(&LIST_VERSION),
    }
}

/// Blacklist, full.
pub(crate) const BLF: RecordTable = list(Kind::Blf, "黑名单全量文件", "Blacklist, full", b'B', &BLACKLIST_FIELDS);

/// Blacklist, incremental.
pub(crate) const BLI: RecordTable =
    list(Kind::Bli, "黑名单增量文件", "Blacklist, incremental", b'B', &BLACKLIST_FIELDS);

const BLACKLIST_FIELDS: [Field; 7] = lay_out([
    field("mark", "标识", A, 1, "`B`"),
    field("op", "操作", A, 1, OP),
    field("scheme", "卡体系", A, 1, "同 TXU as in TXU"),
    field("issuer_id", "发卡机构标识", H, 16, "同 TXU as in TXU"),
    field("serial", "应用序列号", H, 20, "同 TXU as in TXU"),
    field("listed_at", "列入时间", N, 14, "`YYYYMMDDHHMMSS`"),
    field("reserved", "保留", N, RECORD - 53, ZEROS),
]);

/// Acceptance list.
pub(crate) const WHT: RecordTable = list(Kind::Wht, "受理名单文件", "Acceptance list", b'W', &ACCEPTANCE_FIELDS);

const ACCEPTANCE_FIELDS: [Field; 7] = lay_out([
    field("mark", "标识", A, 1, "`W`"),
    field("op", "操作", A, 1, OP),
    field("member", "成员机构", N, 8, "机构代码 member code"),
    field("city", "城市代码", N, 4, ""),
    field("active_from", "启用日期", N, 8, "`YYYYMMDD`"),
    field("active_to", "截止日期", N, 8, "`YYYYMMDD`，`99991231` 为长期 open-ended"),
    field("reserved", "保留", N, RECORD - 30, ZEROS),
]);

/// Issuers and their keys.
pub(crate) const ISS: RecordTable = list(Kind::Iss, "发卡机构文件", "Issuers and their keys", b'I', &ISSUER_FIELDS);

const ISSUER_FIELDS: [Field; 9] = lay_out([
    field("mark", "标识", A, 1, "`I`"),
    field("op", "操作", A, 1, OP),
    field("scheme", "卡体系", A, 1, "同 TXU as in TXU"),
    field("issuer_id", "发卡机构标识", H, 16, "同 TXU as in TXU"),
    field("key_version", "密钥版本", H, 2, "TAC 密钥，每把一条 of a TAC key, one record a key"),
    field("algorithm", "算法标识", H, 2, "同 TXU as in TXU"),
    field("member", "成员机构", N, 8, "对该卡负责的机构 the member that answers for its cards"),
    field("overdraft_limit", "透支限额", N, 9, "分 fen"),
    field("reserved", "保留", N, RECORD - 40, ZEROS),
]);

/// PSAM ranges.
pub(crate) const PSM: RecordTable = list(Kind::Psm, "PSAM状态文件", "PSAM ranges and states", b'P', &PSAM_FIELDS);

const PSAM_FIELDS: [Field; 7] = lay_out([
    field("mark", "标识", A, 1, "`P`"),
    field("op", "操作", A, 1, OP),
    field("from", "起始终端号", H, 12, "含 inclusive"),
    field("to", "截止终端号", H, 12, "含 inclusive"),
    field("member", "成员机构", N, 8, "机构代码 member code"),
    field("state", "状态", A, 1, "`A` 启用 active，`S` 停用 stopped，`T` 测试 test"),
    field("reserved", "保留", N, RECORD - 35, ZEROS),
]);

/// Parameters.
pub(crate) const PAR: RecordTable = list(Kind::Par, "参数文件", "Parameters", b'R', &PARAMETER_FIELDS);

const PARAMETER_FIELDS: [Field; 5] = lay_out([
    field("mark", "标识", A, 1, "`R`"),
    field("op", "操作", A, 1, OP),
    field(
        "name",
        "参数名",
        S,
        32,
        "`late_window_days`、`single_limit_fen`、`blacklist_grace_hours`、`history_days`、\
         `tac_verifier_issuer`（0/1）",
    ),
    field("value", "参数值", N, 15, ""),
    field("reserved", "保留", N, RECORD - 49, ZEROS),
]);

/// Fee rules.
pub(crate) const FEE: RecordTable = list(Kind::Fee, "费率文件", "Fee rules", b'F', &FEE_FIELDS);

const FEE_FIELDS: [Field; 10] = lay_out([
    field("mark", "标识", A, 1, "`F`"),
    field("op", "操作", A, 1, OP),
    field("acquirer", "收单方", S, 8, "机构代码或 `*` member code or `*`"),
    field("issuer", "发卡方", S, 8, "机构代码或 `*` member code or `*`"),
    field("industry", "行业", S, 2, "行业代码或 `*` industry or `*`"),
    field("from", "启用日期", N, 8, "`YYYYMMDD`"),
    field("to", "截止日期", N, 8, "`YYYYMMDD`，`99991231` 为长期 open-ended"),
    field("issuer_rate", "发卡方费率", N, 7, "百万分之 ppm"),
    field("centre_rate", "清算中心费率", N, 7, "百万分之 ppm"),
    field("reserved", "保留", N, RECORD - 50, ZEROS),
]);

/// Confirmation of lists.
pub(crate) const ACK: RecordTable = RecordTable {
    kind: Some(Kind::Ack),
    title_zh: "名单确认文件",
    title_en: "Confirmation of lists",
    mark: b'K',
    direction: "成员机构 → 清算中心 member → centre",
    order_zh: "名单代码",
    order_en: "list",
    fields: &ACK_FIELDS,
    amount_field: None,
    lead: None,
};

const ACK_FIELDS: [Field; 4] = lay_out([
    field("mark", "标识", A, 1, "`K`"),
    field("list", "名单", A, 3, "`BLF`（增量亦同 also after `BLI`）、`WHT`、`ISS`、`PSM`、`PAR`、`FEE`"),
    field("version", "版本号", N, 10, "终端已启用的版本 the version that terminals work with"),
    field("applied_at", "启用时间", N, 14, "`YYYYMMDDHHMMSS`"),
]);

// One length, so that the version record fits every list.
const _: () = assert!(LIST_VERSION.record_len() == RECORD && BLF.record_len() == RECORD && BLI.record_len() == RECORD);
const _: () = assert!(WHT.record_len() == RECORD && ISS.record_len() == RECORD && PSM.record_len() == RECORD);
const _: () = assert!(PAR.record_len() == RECORD && FEE.record_len() == RECORD && ACK.line_len() == 30);
