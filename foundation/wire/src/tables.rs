//! The record tables: exchange interface v1, chapters 2, 3, 4 and 7, field by field.

use crate::table::FieldType::{A, H, N, Raw, S};
use crate::table::{Field, Kind, RecordTable, field, lay_out, signed};

/// The header line, which opens every file.
pub const HEADER: RecordTable = RecordTable {
    kind: None,
    title_zh: "文件头",
    title_en: "Header line",
    mark: b'H',
    direction: "每个文件 every file",
    order_zh: "文件第一行",
    order_en: "first line of the file",
    fields: &HEADER_FIELDS,
    amount_field: None,
    lead: None,
};

const HEADER_FIELDS: [Field; 12] = lay_out([
    field("mark", "标识", A, 1, "`H`"),
    field("version", "版本", N, 2, "`01`"),
    field("kind", "文件类型", A, 3, "同文件名 equals the name"),
    field("sender", "发送方", N, 8, "机构代码，`00000000` 为清算中心 member code, `00000000` = centre"),
    field("receiver", "接收方", N, 8, "同上 as above"),
    field("file_date", "文件日期", N, 8, "`YYYYMMDD`，同文件名 equals the name"),
    field("sequence", "文件序号", N, 6, "同文件名 equals the name"),
    field("record_count", "记录数", N, 8, "最多 at most 1,000,000"),
    signed("total_amount", "总金额", 15, "本类型金额字段之和，分 sum of the kind's amount field, fen"),
    field("record_length", "记录长度", N, 4, "每行字节数，含 CR LF bytes of one record line with CR LF"),
    field("created_at", "生成时间", N, 14, "`YYYYMMDDHHMMSS`"),
    field("body_digest", "文件体摘要", H, 64, "文件头之后全部字节的 SM3 SM3 of all bytes after the header line"),
]);

/// Consumption upload.
pub(crate) const TXU: RecordTable = RecordTable {
    kind: Some(Kind::Txu),
    title_zh: "消费上送文件",
    title_en: "Consumption upload",
    mark: b'D',
    direction: "成员机构 → 清算中心 member → centre",
    order_zh: "记录序号",
    order_en: "record no.",
    fields: &TXU_FIELDS,
    amount_field: Some(11),
    lead: None,
};

const TXU_FIELDS: [Field; 26] = lay_out([
    field("mark", "标识", A, 1, "`D`"),
    field("record_no", "记录序号", N, 8, "1, 2, 3 …"),
    field("scheme", "卡体系", A, 1, "`T` 交通联合 T-Union (JT/T 978)，`M` 住建部互联互通 MOHURD (CJ/T 331)"),
    field("issuer_id", "发卡机构标识", H, 16, "EF15 前 8 字节 first 8 bytes of EF15"),
    field(
        "serial",
        "应用序列号",
        H,
        20,
        "EF15 第 10–19 字节，末 8 字节为卡片分散因子 bytes 10–19 of EF15; its last 8 bytes are the card factor",
    ),
    field(
        "card_type",
        "卡种类型",
        N,
        2,
        "发卡方代码 issuer's code: 00 普通 ordinary, 02 学生 student, 03 老人 senior, 04 测试 test …",
    ),
    field("tti", "交易类型", H, 2, "`06` 消费 purchase，`09` 复合消费 compound purchase"),
    field("counter", "脱机交易序号", N, 5, "0–65535，INITIALIZE 返回值 value returned by INITIALIZE"),
    field("psam", "PSAM终端号", H, 12, "PSAM EF16"),
    field("psam_txn", "PSAM交易序号", H, 8, "PSAM 的序号，不是设备的 the SAM's, not the device's"),
    signed("balance_before", "交易前余额", 9, "分，可为负 fen, may be negative"),
    field("amount", "交易金额", N, 8, "分，实际扣款，可为 0 fen, really deducted; 0 is valid (entry tap, free ride)"),
    field("list_price", "应收金额", N, 8, "分，仅供参考 fen, information only"),
    field("date", "交易日期", N, 8, "`YYYYMMDD`"),
    field("time", "交易时间", N, 6, "`HHMMSS`"),
    field("key_version", "密钥版本", H, 2, "TAC 密钥的版本 of the TAC key"),
    field("algorithm", "算法标识", H, 2, "`01` 3DES，`04` SM4"),
    field("tac", "TAC", H, 8, "交易验证码 transaction authentication code"),
    field(
        "industry",
        "行业",
        N,
        2,
        "01 公交 bus, 02 地铁 metro, 03 出租 taxi, 04 轮渡 ferry, 05 停车 parking, 09 零售 retail",
    ),
    field("merchant", "商户", N, 8, "收单方的商户代码 acquirer's operator code"),
    field("line", "线路", N, 6, "`000000` 为无 = none"),
    field("device", "设备号", N, 8, ""),
    field("city", "消费城市", N, 4, "刷卡所在城市 where the tap happened"),
    field("grey", "灰记录标志", N, 1, "1 = 终端未收到卡应答 the terminal did not see the card's answer"),
    field("test", "测试标志", N, 1, "1 = 测试卡或测试终端 test card or test terminal"),
    field("reserved", "保留", N, 2, "`00`"),
]);

/// Receipt.
pub(crate) const TXR: RecordTable = RecordTable {
    kind: Some(Kind::Txr),
    title_zh: "回执文件",
    title_en: "Receipt",
    mark: b'R',
    direction: "清算中心 → 成员机构 centre → member",
    order_zh: "仅一条",
    order_en: "one record",
    fields: &TXR_FIELDS,
    amount_field: None,
    lead: None,
};

const TXR_FIELDS: [Field; 7] = lay_out([
    field("mark", "标识", A, 1, "`R`"),
    field("upload_name", "上送文件名", S, 40, "不可见字节写作 `?`，超长截断 unprintable bytes as `?`, cut at 40"),
    field("result", "结果", S, 3, "`OK ` 或文件检查代码 or a file check code `F01`–`F10`"),
    field("record_count", "记录数", N, 8, "同上送文件头，拒绝为 0 as in the upload's header; 0 when refused"),
    field("total_amount", "总金额", N, 15, "同上送文件头，拒绝为 0 as in the upload's header; 0 when refused"),
    field("body_digest", "文件体摘要", H, 64, "同上送文件头，拒绝为全 0 as in the upload's header; zeros when refused"),
    field("clearing_date", "清算日期", N, 8, "`YYYYMMDD`，拒绝为全 0 zeros when refused"),
]);

const ORIGINAL: Field = field(
    "original",
    "原始记录",
    Raw,
    TXU.record_len(),
    "上送的 TXU 记录，不含 CR LF the TXU record as uploaded, without CR LF",
);

const DETAIL_ORDER_ZH: &str = "发送方代码、上送文件名、记录序号";
const DETAIL_ORDER_EN: &str = "sender code, upload name, record no.";

/// Records not cleared, to the acquirer.
pub(crate) const TXE: RecordTable = RecordTable {
    kind: Some(Kind::Txe),
    title_zh: "未清分明细文件",
    title_en: "Records not cleared",
    mark: b'E',
    direction: "清算中心 → 收单方 centre → acquirer",
    order_zh: DETAIL_ORDER_ZH,
    order_en: DETAIL_ORDER_EN,
    fields: &ERROR_FIELDS,
    amount_field: Some(2),
    lead: None,
};

/// Suspicious records, to the issuer.
pub(crate) const SUS: RecordTable = RecordTable {
    kind: Some(Kind::Sus),
    title_zh: "可疑明细文件",
    title_en: "Suspicious records",
    direction: "清算中心 → 发卡方 centre → issuer",
    ..TXE
};

const ERROR_FIELDS: [Field; 5] = lay_out([
    field("mark", "标识", A, 1, "`E`"),
    field("upload_name", "上送文件名", S, 40, ""),
    ORIGINAL,
    field("verdict", "判定", A, 1, "`R` 拒绝 rejected，`S` 可疑 suspicious，`D` 重复 duplicate，`T` 测试 test"),
    field("reason", "原因", N, 2, "见 README 的判定原因 see the reasons in README"),
]);

/// Cleared detail, to the issuer.
pub(crate) const TXD: RecordTable = RecordTable {
    kind: Some(Kind::Txd),
    title_zh: "清分明细文件",
    title_en: "Cleared detail",
    mark: b'D',
    direction: "清算中心 → 发卡方 centre → issuer",
    order_zh: DETAIL_ORDER_ZH,
    order_en: DETAIL_ORDER_EN,
    fields: &TXD_FIELDS,
    amount_field: Some(3),
    lead: None,
};

const TXD_FIELDS: [Field; 4] = lay_out([
    field("mark", "标识", A, 1, "`D`"),
    field("acquirer", "收单方", N, 8, "机构代码 member code"),
    field("upload_name", "上送文件名", S, 40, ""),
    ORIGINAL,
]);

/// Settlement by group.
pub(crate) const STL: RecordTable = RecordTable {
    kind: Some(Kind::Stl),
    title_zh: "结算结果文件",
    title_en: "Settlement by group",
    mark: b'L',
    direction: "清算中心 → 成员机构 centre → member",
    order_zh: "角色、对方机构、行业",
    order_en: "role, counterparty, industry",
    fields: &STL_FIELDS,
    amount_field: Some(5),
    lead: None,
};

const STL_FIELDS: [Field; 9] = lay_out([
    field("mark", "标识", A, 1, "`L`"),
    field("role", "角色", A, 1, "`A` 收单方 acquirer，`I` 发卡方 issuer"),
    field("counterparty", "对方机构", N, 8, "机构代码 member code"),
    field("industry", "行业", N, 2, "同 TXU as in TXU"),
    field("count", "笔数", N, 8, ""),
    field("gross", "总额", N, 15, "分 fen"),
    field("issuer_fee", "发卡方手续费", N, 12, "分 fen"),
    field("centre_fee", "清算中心手续费", N, 12, "分，发卡方行为 0 fen; 0 in issuer rows"),
    signed("net", "净额", 16, "分，对本机构，发卡方行为负 fen, for this member; negative in issuer rows"),
]);

/// Statement.
pub(crate) const STA: RecordTable = RecordTable {
    kind: Some(Kind::Sta),
    title_zh: "对账单文件",
    title_en: "Statement",
    mark: b'P',
    direction: "清算中心 → 成员机构 centre → member",
    order_zh: "仅一条",
    order_en: "one record",
    fields: &STA_FIELDS,
    amount_field: None,
    lead: None,
};

const STA_FIELDS: [Field; 7] = lay_out([
    field("mark", "标识", A, 1, "`P`"),
    signed("receivable", "应收", 16, "分 fen"),
    signed("payable", "应付", 16, "分 fen"),
    signed("adjustments", "调账", 16, "分 fen"),
    signed("position", "净头寸", 16, "分 fen"),
    signed("reserve_before", "备付金期初", 16, "分 fen"),
    signed("reserve_after", "备付金期末", 16, "分，期初 + 净头寸 fen; before + position"),
]);

/// The issuer's TAC verdicts.
pub(crate) const TXV: RecordTable = RecordTable {
    kind: Some(Kind::Txv),
    title_zh: "TAC判定文件",
    title_en: "TAC verdicts of the issuer",
    mark: b'V',
    direction: "发卡方 → 清算中心 issuer → centre",
    order_zh: "清算日期、上送文件名、记录序号，每条记录至多一次",
    order_en: "clearing date, upload name, record no.; each record at most once",
    fields: &TXV_FIELDS,
    amount_field: Some(5),
    lead: None,
};

const TXV_FIELDS: [Field; 7] = lay_out([
    field("mark", "标识", A, 1, "`V`"),
    field("clearing_date", "清算日期", N, 8, "该记录所在 TXD 的清算日期 of the TXD that held the record"),
    field("acquirer", "收单方", N, 8, "同 TXD as in the TXD"),
    field("upload_name", "上送文件名", S, 40, "同 TXD as in the TXD"),
    field("record_no", "记录序号", N, 8, "原始记录的序号 of the original record"),
    field("amount", "交易金额", N, 8, "分，同原始记录 fen, as in the original record"),
    field(
        "verdict",
        "判定",
        N,
        2,
        "`00` TAC 正确 right，`06` TAC 错误 wrong；期限内未判定视为正确 no verdict in time counts as right",
    ),
]);

// Widths that the interface states.
const _: () = assert!(HEADER.line_len() == 143 && TXU.line_len() == 160);
const _: () = assert!(TXR.line_len() == 141 && TXE.line_len() == 204 && SUS.line_len() == 204);
const _: () = assert!(TXD.line_len() == 209 && STL.line_len() == 77 && STA.line_len() == 99);
