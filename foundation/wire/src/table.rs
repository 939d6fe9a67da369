//! Record tables: every field of every kind, and the generic codec over them.

use std::fmt;

/// Type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Upper-case letters.
    A,
    /// Digits, right-aligned, zero-padded; where `signed`, a negative number starts with `-` in the same width.
    N,
    /// Upper-case hex.
    H,
    /// Printable ASCII, left-aligned, space-padded.
    S,
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Identifier.
    pub name: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// Type.
    pub ty: FieldType,
    /// Bytes.
    pub width: usize,
    /// Whether a number may be negative.
    pub signed: bool,
    /// Remark.
    pub note: &'static str,
}

const fn field(name: &'static str, zh: &'static str, ty: FieldType, width: usize, note: &'static str) -> Field {
    Field { name, zh, ty, width, signed: false, note }
}

const fn signed(name: &'static str, zh: &'static str, width: usize, note: &'static str) -> Field {
    Field { name, zh, ty: FieldType::N, width, signed: true, note }
}

/// Kind of an exchange file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Consumption upload, member → centre.
    Txu,
    /// Receipt.
    Txr,
    /// Records whose verdict is not A, to the acquirer.
    Txe,
    /// Cleared detail, to the issuer.
    Txd,
    /// Suspicious records, to the issuer.
    Sus,
    /// Settlement by group.
    Stl,
    /// Statement.
    Sta,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [Self::Txu, Self::Txr, Self::Txe, Self::Txd, Self::Sus, Self::Stl, Self::Sta];

    /// The three letters.
    pub fn code(self) -> &'static str {
        ["TXU", "TXR", "TXE", "TXD", "SUS", "STL", "STA"][self as usize]
    }

    /// The kind of three letters.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == text)
    }

    /// Its record table.
    pub fn table(self) -> &'static RecordTable {
        &TABLES[self as usize]
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The record of a kind.
#[derive(Clone, Copy, Debug)]
pub struct RecordTable {
    /// Title in Chinese.
    pub title_zh: &'static str,
    /// Title in English.
    pub title_en: &'static str,
    /// From whom to whom.
    pub direction: &'static str,
    /// Order of the records.
    pub order: &'static str,
    /// What the header's total amount sums.
    pub amount: &'static str,
    /// Fields in order.
    pub fields: &'static [Field],
}

impl RecordTable {
    /// Bytes of a record without CR LF.
    pub const fn record_len(&self) -> usize {
        let (mut sum, mut at) = (0, 0);
        while at < self.fields.len() {
            sum += self.fields[at].width;
            at += 1;
        }
        sum
    }

    /// Bytes of a line with CR LF: the record length of the header.
    pub const fn line_len(&self) -> usize {
        self.record_len() + 2
    }

    /// Offset of a field by position.
    pub const fn offset(&self, index: usize) -> usize {
        let (mut sum, mut at) = (0, 0);
        while at < index {
            sum += self.fields[at].width;
            at += 1;
        }
        sum
    }

    /// Byte range of a field by name.
    pub fn range(&self, name: &str) -> Option<std::ops::Range<usize>> {
        let index = self.fields.iter().position(|f| f.name == name)?;
        let start = self.offset(index);
        Some(start..start + self.fields[index].width)
    }
}

use FieldType::{A, H, N, S};

/// The header line; not a kind of its own.
pub(crate) const HEADER: RecordTable = RecordTable {
    title_zh: "文件头",
    title_en: "Header line",
    direction: "every file",
    order: "first line",
    amount: "",
    fields: &[
        field("mark", "标识", A, 1, "H"),
        field("version", "版本", N, 2, "01"),
        field("kind", "文件类型", A, 3, ""),
        field("sender", "发送方", N, 8, "member code, 00000000 = centre"),
        field("receiver", "接收方", N, 8, ""),
        field("file_date", "文件日期", N, 8, "equals the name"),
        field("sequence", "序号", N, 6, "equals the name"),
        field("record_count", "记录数", N, 8, ""),
        signed("total_amount", "总金额", 15, "sum of the kind's amount field, fen"),
        field("record_length", "记录长度", N, 4, "bytes of one record line with CR LF"),
        field("created_at", "生成时间", N, 14, "YYYYMMDDHHMMSS"),
        field("body_digest", "文件体摘要", H, 64, "SM3 of all bytes after the header line"),
    ],
};

/// Length of the original record inside TXE, TXD and SUS.
pub(crate) const ORIGINAL: Field = field("original", "原始记录", S, 158, "the TXU record without CR LF, as uploaded");

const ERROR_FIELDS: &[Field] = &[
    field("mark", "标识", A, 1, "E"),
    field("upload_name", "上送文件名", S, 40, ""),
    ORIGINAL,
    field("verdict", "判定", A, 1, "R, S, D or T"),
    field("reason", "原因", N, 2, ""),
];

const TABLES: [RecordTable; 7] = [
    RecordTable {
        title_zh: "消费上送文件",
        title_en: "Consumption upload",
        direction: "member → centre 成员机构 → 清算中心",
        order: "record no.",
        amount: "amount 交易金额",
        fields: &[
            field("mark", "标识", A, 1, "D"),
            field("record_no", "记录序号", N, 8, "1, 2, 3 …"),
            field("scheme", "卡体系", A, 1, "T = T-Union (JT/T 978), M = MOHURD (CJ/T 331)"),
            field("issuer_id", "发卡机构标识", H, 16, "first 8 bytes of EF15"),
            field("serial", "应用序列号", H, 20, "bytes 10–19 of EF15; its last 8 bytes are the card factor"),
            field("card_type", "卡种类型", N, 2, "00 ordinary, 02 student, 03 senior, 04 test …"),
            field("tti", "交易类型", H, 2, "06 purchase, 09 compound purchase"),
            field("counter", "脱机交易序号", N, 5, "0–65535, as returned by INITIALIZE"),
            field("psam", "PSAM终端号", H, 12, "PSAM EF16"),
            field("psam_txn", "PSAM交易序号", H, 8, "the SAM's, not the device's"),
            signed("balance_before", "交易前余额", 9, "fen, may be negative"),
            field("amount", "交易金额", N, 8, "fen, really deducted; 0 is valid"),
            field("list_price", "应收金额", N, 8, "fen, information only"),
            field("date", "交易日期", N, 8, "YYYYMMDD"),
            field("time", "交易时间", N, 6, "HHMMSS"),
            field("key_version", "密钥版本", H, 2, "of the TAC key"),
            field("algorithm", "算法标识", H, 2, "01 3DES, 04 SM4"),
            field("tac", "TAC", H, 8, ""),
            field("industry", "行业", N, 2, "01 bus, 02 metro, 03 taxi, 04 ferry, 05 parking, 09 retail"),
            field("merchant", "商户", N, 8, "acquirer's operator code"),
            field("line", "线路", N, 6, "000000 = none"),
            field("device", "设备号", N, 8, ""),
            field("city", "消费城市", N, 4, "where the tap happened"),
            field("grey", "灰记录标志", N, 1, "1 = the terminal did not see the card's answer"),
            field("test", "测试标志", N, 1, "1 = test card or test terminal"),
            field("reserved", "保留", N, 2, "00"),
        ],
    },
    RecordTable {
        title_zh: "回执文件",
        title_en: "Receipt",
        direction: "centre → member 清算中心 → 成员机构",
        order: "one record",
        amount: "0",
        fields: &[
            field("mark", "标识", A, 1, "R"),
            field("upload_name", "上送文件名", S, 40, ""),
            field("result", "结果", S, 3, "OK or F01–F10"),
            field("record_count", "记录数", N, 8, "as in the upload's header; 0 when refused"),
            field("total_amount", "总金额", N, 15, "as in the upload's header; 0 when refused"),
            field("body_digest", "文件体摘要", H, 64, "as in the upload's header; zeros when refused"),
            field("clearing_date", "清算日期", N, 8, "zeros when refused"),
        ],
    },
    RecordTable {
        title_zh: "差错明细文件",
        title_en: "Records not cleared",
        direction: "centre → acquirer 清算中心 → 收单方",
        order: "sender code, upload name, record no.",
        amount: "amount of the original record 原始记录交易金额",
        fields: ERROR_FIELDS,
    },
    RecordTable {
        title_zh: "清分明细文件",
        title_en: "Cleared detail",
        direction: "centre → issuer 清算中心 → 发卡方",
        order: "sender code, upload name, record no.",
        amount: "amount of the original record 原始记录交易金额",
        fields: &[
            field("mark", "标识", A, 1, "D"),
            field("acquirer", "收单方", N, 8, ""),
            field("upload_name", "上送文件名", S, 40, ""),
            ORIGINAL,
        ],
    },
    RecordTable {
        title_zh: "可疑明细文件",
        title_en: "Suspicious records",
        direction: "centre → issuer 清算中心 → 发卡方",
        order: "sender code, upload name, record no.",
        amount: "amount of the original record 原始记录交易金额",
        fields: ERROR_FIELDS,
    },
    RecordTable {
        title_zh: "结算结果文件",
        title_en: "Settlement by group",
        direction: "centre → member 清算中心 → 成员机构",
        order: "role, counterparty, industry",
        amount: "gross 总额",
        fields: &[
            field("mark", "标识", A, 1, "L"),
            field("role", "角色", A, 1, "A acquirer, I issuer"),
            field("counterparty", "对方机构", N, 8, ""),
            field("industry", "行业", N, 2, ""),
            field("count", "笔数", N, 8, ""),
            field("gross", "总额", N, 15, "fen"),
            field("issuer_fee", "发卡方手续费", N, 12, "fen"),
            field("centre_fee", "清算中心手续费", N, 12, "fen; 0 in issuer rows"),
            signed("net", "净额", 16, "fen, for this member; negative in issuer rows"),
        ],
    },
    RecordTable {
        title_zh: "对账单文件",
        title_en: "Statement",
        direction: "centre → member 清算中心 → 成员机构",
        order: "one record",
        amount: "0",
        fields: &[
            field("mark", "标识", A, 1, "P"),
            signed("receivable", "应收", 16, "fen"),
            signed("payable", "应付", 16, "fen"),
            signed("adjustments", "调账", 16, "fen"),
            signed("position", "净头寸", 16, "fen"),
            signed("reserve_before", "备付金期初", 16, "fen"),
            signed("reserve_after", "备付金期末", 16, "fen; before + position"),
        ],
    },
];

/// The table of TXU, for constants.
pub(crate) const TXU: RecordTable = TABLES[0];

const _: () = assert!(HEADER.line_len() == 143 && TABLES[0].line_len() == 160);

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a field of type N.
    Number(i64),
    /// Of any other type; type S without its padding.
    Text(String),
}

/// A value that its field cannot hold, or bytes that a field cannot be read from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("W01 字段 {field} 不合规 field {field} does not fit: {what}")]
pub struct WireError {
    /// Field.
    pub field: &'static str,
    /// What does not fit.
    pub what: String,
}

impl WireError {
    pub(crate) fn new(field: &'static str, what: impl Into<String>) -> Self {
        Self { field, what: what.into() }
    }
}

/// Reads the digits of a number, `-` first where `signed`.
pub(crate) fn parse_number(text: &[u8], signed: bool) -> Option<i64> {
    let (digits, negative) = match text {
        [b'-', digits @ ..] if signed => (digits, true),
        digits => (digits, false),
    };
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0_i64, |n, d| n * 10 + i64::from(d - b'0'));
    Some(if negative { -number } else { number })
}

/// Reads one record line, with or without CR LF.
pub fn parse_record(table: &RecordTable, line: &[u8]) -> Result<Vec<Value>, WireError> {
    let record = line.strip_suffix(b"\r\n").unwrap_or(line);
    if record.len() != table.record_len() {
        return Err(WireError::new("record", format!("{} bytes instead of {}", record.len(), table.record_len())));
    }
    let mut at = 0;
    let mut values = Vec::with_capacity(table.fields.len());
    for field in table.fields {
        let text = &record[at..at + field.width];
        at += field.width;
        let bad = || WireError::new(field.name, String::from_utf8_lossy(text));
        let ascii = || String::from_utf8(text.to_vec()).map_err(|_| bad());
        values.push(match field.ty {
            N if field.width <= 18 => Value::Number(parse_number(text, field.signed).ok_or_else(bad)?),
            N => return Err(bad()),
            A if text.iter().all(u8::is_ascii_uppercase) => Value::Text(ascii()?),
            H if text.iter().all(|c| matches!(c, b'0'..=b'9' | b'A'..=b'F')) => Value::Text(ascii()?),
            S if field.width == ORIGINAL.width => Value::Text(String::from_utf8_lossy(text).into_owned()),
            S if text.iter().all(|c| (b' '..=b'~').contains(c)) => Value::Text(ascii()?.trim_end().to_owned()),
            A | H | S => return Err(bad()),
        });
    }
    Ok(values)
}

/// Appends one record line with CR LF. A value that does not fit its field is an error and nothing is appended.
pub fn write_record(table: &RecordTable, values: &[Value], out: &mut Vec<u8>) -> Result<(), WireError> {
    assert_eq!(values.len(), table.fields.len(), "one value for each field");
    let start = out.len();
    let written = table.fields.iter().zip(values).try_for_each(|(field, value)| write_field(field, value, out));
    match written {
        Ok(()) => out.extend_from_slice(b"\r\n"),
        Err(_) => out.truncate(start),
    }
    written
}

fn write_field(field: &Field, value: &Value, out: &mut Vec<u8>) -> Result<(), WireError> {
    let width = field.width;
    let text = match (field.ty, value) {
        (N, Value::Number(n)) if *n >= 0 => format!("{n:0width$}"),
        (N, Value::Number(n)) if field.signed => format!("-{:0w$}", n.unsigned_abs(), w = width - 1),
        (A | H, Value::Text(text)) => text.clone(),
        (S, Value::Text(text)) => format!("{text:<width$}"),
        _ => return Err(WireError::new(field.name, format!("{value:?} is not of type {:?}", field.ty))),
    };
    let fits = match field.ty {
        A => text.bytes().all(|c| c.is_ascii_uppercase()),
        H => text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'A'..=b'F')),
        N | S => text.bytes().all(|c| (b' '..=b'~').contains(&c)),
    };
    if text.len() != width || !fits {
        return Err(WireError::new(field.name, format!("{text} does not fit {:?}{width}", field.ty)));
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
