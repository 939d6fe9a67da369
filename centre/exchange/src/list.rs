//! Uploads, receipts, result files and statements as lists.

use tongka_base::FileCode;
use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

/// Number of an upload's records under some reasons.
macro_rules! count_of {
    ($reasons:literal) => {
        concat!(
            "(SELECT CAST(COALESCE(SUM(v.record_count), 0) AS BIGINT) FROM upload_verdict v \
             WHERE v.upload_no = u.upload_no AND v.reason IN (",
            $reasons,
            "))"
        )
    };
}

const fn count(name: &'static str, zh: &'static str, en: &'static str, sql: &'static str) -> Column {
    Column::new(name, zh, en, sql, Kind::Int).unsorted().unfiltered()
}

/// Accepted uploads, newest first.
pub static UPLOADS: ListSpec = ListSpec {
    name: "uploads",
    zh: "上送文件",
    en: "Uploads",
    permission: "file.read",
    from: "upload u",
    scope: Some("{scope:u.member}"),
    columns: &[
        Column::new("upload_no", "接受序号", "Number", "u.upload_no", Kind::Int),
        Column::new("name", "文件名", "File name", "u.name", Kind::Code),
        Column::new("clearing_date", "清算日", "Clearing date", "u.clearing_date", Kind::Date),
        Column::new("member", "上送机构", "Sender", "u.member", Kind::Member),
        Column::new("file_date", "文件日期", "File date", "u.file_date", Kind::Date).hidden(),
        Column::new("sequence", "文件序号", "Sequence", "u.sequence", Kind::Int).hidden(),
        Column::new("record_count", "记录数", "Records", "u.record_count", Kind::Int),
        Column::new("total_fen", "总金额", "Amount", "u.total_fen", Kind::Fen),
        count("accepted", "接受", "Accepted", count_of!("0")),
        count("rejected", "拒绝", "Rejected", count_of!("1, 2, 3, 7, 11, 15, 16")),
        count("suspicious", "可疑", "Suspicious", count_of!("5, 6, 8, 14, 17, 18, 19")),
        count("duplicate", "重复", "Duplicate", count_of!("4")),
        count("test", "测试", "Test", count_of!("12")),
        Column::new("accepted_at", "接受时间", "Accepted at", "u.accepted_at", Kind::DateTime),
        Column::new("body_digest", "内容摘要", "Body digest", "u.body_digest", Kind::Digest).hidden(),
        Column::new("fingerprint", "文件指纹", "Fingerprint", "u.fingerprint", Kind::Digest).hidden(),
    ],
    default_sort: &[("upload_no", Direction::Descending)],
    key: "upload_no",
    base_filter: None,
};

const fn code(code: FileCode, tone: Tone) -> EnumValue {
    EnumValue::new(code.code(), code.text_zh(), code.text_en(), tone)
}

static RESULTS: &[EnumValue] = &[
    EnumValue::new("OK", "接受", "accepted", Tone::Ok),
    code(FileCode::F01, Tone::Bad),
    code(FileCode::F02, Tone::Bad),
    code(FileCode::F03, Tone::Bad),
    code(FileCode::F04, Tone::Bad),
    code(FileCode::F05, Tone::Bad),
    code(FileCode::F06, Tone::Bad),
    code(FileCode::F07, Tone::Bad),
    code(FileCode::F08, Tone::Bad),
    code(FileCode::F09, Tone::Warn),
    code(FileCode::F10, Tone::Bad),
];
const _: () = assert!(RESULTS.len() == FileCode::ALL.len() + 1);

/// Receipts: one of every file that came, whatever became of it.
pub static RECEIPTS: ListSpec = ListSpec {
    name: "receipts",
    zh: "回执",
    en: "Receipts",
    permission: "file.read",
    from: "receipt r",
    scope: Some("{scope:r.member}"),
    columns: &[
        Column::new("clearing_date", "清算日", "Clearing date", "r.clearing_date", Kind::Date),
        Column::new("member", "机构", "Member", "r.member", Kind::Member),
        Column::new("sequence", "回执序号", "Sequence", "r.sequence", Kind::Int),
        Column::new("upload_name", "上送文件", "Upload", "r.upload_name", Kind::Code),
        Column::new("result", "结果", "Result", "r.result", Kind::Enum(RESULTS)),
        Column::new("detail", "说明", "Detail", "r.detail", Kind::Text),
        Column::new("fingerprint", "文件指纹", "Fingerprint", "r.fingerprint", Kind::Digest).hidden(),
        Column::new(
            "id",
            "标识",
            "Key",
            "(CAST(r.clearing_date AS TEXT) || '-' || CAST(r.member AS TEXT) || '-' || CAST(r.sequence AS TEXT))",
            Kind::Code,
        )
        .hidden(),
    ],
    default_sort: &[
        ("clearing_date", Direction::Descending),
        ("member", Direction::Ascending),
        ("sequence", Direction::Descending),
    ],
    key: "id",
    base_filter: None,
};

static KINDS: &[EnumValue] = &[
    EnumValue::new("TXE", "未清分明细", "records not cleared", Tone::Warn),
    EnumValue::new("TXD", "已清分明细", "cleared records of own cards", Tone::Ok),
    EnumValue::new("SUS", "可疑明细", "suspicious records of own cards", Tone::Warn),
    EnumValue::new("STL", "清分汇总", "settlement by counterparty", Tone::Plain),
    EnumValue::new("STA", "资金汇总", "position and reserve", Tone::Plain),
];

/// Published result files.
pub static RESULT_FILES: ListSpec = ListSpec {
    name: "result-files",
    zh: "结果文件",
    en: "Result files",
    permission: "file.read",
    from: "result_file f",
    scope: Some("{scope:f.member}"),
    columns: &[
        Column::new("name", "文件名", "File name", "f.name", Kind::Code),
        Column::new("clearing_date", "清算日", "Clearing date", "f.clearing_date", Kind::Date),
        Column::new("member", "接收机构", "Receiver", "f.member", Kind::Member),
        Column::new("kind", "类型", "Kind", "f.kind", Kind::Enum(KINDS)),
        Column::new("record_count", "记录数", "Records", "f.record_count", Kind::Int),
        Column::new("total_fen", "总金额", "Amount", "f.total_fen", Kind::Fen),
        Column::new("created_at", "发布时间", "Published at", "f.created_at", Kind::DateTime),
        Column::new("body_digest", "内容摘要", "Body digest", "f.body_digest", Kind::Digest).hidden(),
    ],
    default_sort: &[
        ("clearing_date", Direction::Descending),
        ("member", Direction::Ascending),
        ("kind", Direction::Ascending),
    ],
    key: "name",
    base_filter: None,
};

/// Numbers that statements and settlement summaries were issued under.
pub static STATEMENTS: ListSpec = ListSpec {
    name: "statements",
    zh: "对账单",
    en: "Statements",
    permission: "position.read",
    from: "statement s",
    scope: Some("{scope:s.member}"),
    columns: &[
        Column::new("number", "编号", "Number", "s.number", Kind::Code),
        Column::new("clearing_date", "清算日", "Clearing date", "s.clearing_date", Kind::Date),
        Column::new("member", "机构", "Member", "s.member", Kind::Member),
        Column::new("version", "版本", "Version", "s.version", Kind::Int),
        Column::new("reason", "更正原因", "Reason", "s.reason", Kind::Text),
        Column::new("made_by", "制表人", "Made by", "s.made_by", Kind::Text),
        Column::new("made_at", "制表时间", "Made at", "s.made_at", Kind::DateTime),
        Column::new("digest", "数据摘要", "Digest", "s.digest", Kind::Digest).hidden(),
    ],
    default_sort: &[
        ("clearing_date", Direction::Descending),
        ("member", Direction::Ascending),
        ("version", Direction::Descending),
    ],
    key: "number",
    base_filter: None,
};

/// Files of TAC verdicts by issuers.
pub static TAC_ANSWERS: ListSpec = ListSpec {
    name: "tac-answers",
    zh: "TAC判定文件",
    en: "TAC verdict files",
    permission: "file.read",
    from: "tac_answer a",
    scope: Some("{scope:a.issuer}"),
    columns: &[
        Column::new("file", "文件名", "File", "a.file", Kind::Code),
        Column::new("issuer", "发卡方", "Issuer", "a.issuer", Kind::Member),
        Column::new("records", "判定笔数", "Records", "a.records", Kind::Int),
        Column::new("wrong", "错误笔数", "Wrong", "a.wrong", Kind::Int),
        Column::new("wrong_fen", "错误金额", "Amount", "a.wrong_fen", Kind::Fen),
        Column::new("taken_at", "接收时间", "Taken at", "a.taken_at", Kind::DateTime),
    ],
    default_sort: &[("taken_at", Direction::Descending)],
    key: "file",
    base_filter: None,
};

/// Cleared records that their issuers found wrong.
pub static TAC_WRONG: ListSpec = ListSpec {
    name: "tac-wrong",
    zh: "TAC错误交易",
    en: "Records with a wrong TAC",
    permission: "dispute.read",
    from: "tac_wrong w",
    scope: Some("({scope:w.acquirer} OR {scope:w.issuer})"),
    columns: &[
        Column::new("key", "标识", "Key", "w.upload_name || '#' || CAST(w.record_no AS TEXT)", Kind::Code).hidden(),
        Column::new("clearing_date", "清算日", "Clearing date", "w.clearing_date", Kind::Date),
        Column::new("upload_name", "上送文件", "Upload", "w.upload_name", Kind::Code),
        Column::new("record_no", "记录序号", "Record", "w.record_no", Kind::Int),
        Column::new("acquirer", "收单方", "Acquirer", "w.acquirer", Kind::Member),
        Column::new("issuer", "发卡方", "Issuer", "w.issuer", Kind::Member),
        Column::new("card", "卡号", "Card", "w.card", Kind::Code),
        Column::new("amount_fen", "金额", "Amount", "w.amount_fen", Kind::Fen),
        Column::new("adjustment", "调账号", "Adjustment", "w.adjustment", Kind::Int).nullable(),
        Column::new("file", "判定文件", "Verdict file", "w.file", Kind::Code),
    ],
    default_sort: &[("clearing_date", Direction::Descending), ("upload_name", Direction::Ascending)],
    key: "key",
    base_filter: None,
};

/// Every list of this crate.
pub static LISTS: [&ListSpec; 6] = [&UPLOADS, &RECEIPTS, &RESULT_FILES, &STATEMENTS, &TAC_ANSWERS, &TAC_WRONG];

#[cfg(test)]
mod tests {
    use super::*;
    use tongka_base::{Reason, Verdict};

    #[test]
    fn counts_of_uploads_are_by_the_reasons_of_each_verdict() {
        for verdict in Verdict::ALL {
            let codes: Vec<String> =
                Reason::ALL.iter().filter(|r| r.verdict() == verdict).map(|r| r.code().to_string()).collect();
            let column = UPLOADS.column(verdict.name_en()).unwrap();
            assert!(column.sql.contains(&format!("v.reason IN ({}))", codes.join(", "))), "{}", column.sql);
        }
        assert!(RESULTS[1..].iter().map(|v| v.value).eq(FileCode::ALL.iter().map(|c| c.code())));
    }
}
