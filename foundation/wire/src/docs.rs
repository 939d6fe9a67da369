//! The generated pages `docs/formats`: what the tables and the catalogue of codes say, for people.

use crate::codec::type_text;
use crate::table::{FieldType, Kind, RecordTable};
use crate::tables::HEADER;
use std::fmt::Write;
use tongka_base::{FileCode, Reason};

const PREFACE: &str = "\
# 数据交换接口文件格式 Exchange file formats

由代码中的记录表生成，请勿手工修改。Generated from the record tables in the code; do not edit.

- 定长 ASCII，每行以 CR LF 结尾；金额为整数分。Fixed-width ASCII, every line ends in CR LF; amounts are integer fen.
- 类型 types: `N` 数字右对齐补零，标 ± 者可为负，负数以 `-` 开头、宽度不变；`H` 大写十六进制；`A` 大写字母；\
`S` 可见 ASCII 左对齐补空格；`X` 原样字节。\
`N` digits, zero-padded, where marked ± a negative number starts with `-` in the same width; `H` upper-case hex; \
`A` upper-case letters; `S` printable ASCII, space-padded; `X` bytes as they came.
- 日期 `YYYYMMDD`，时间 `HHMMSS`，均为北京时间。Dates and times are wall time in Asia/Shanghai.
- 文件名 file name: `KIND_DATE_MEMBER_SEQ.dat`，如 e.g. `TXU_20260901_10002900_000001.dat`。\
DATE 为上送方文件日期或清算日期；MEMBER 为上送方或接收方；SEQ 按 (类型, 日期, 机构) 从 000001 起连续。\
DATE is the sender's file date for uploads and the clearing date for results; MEMBER the sending or the receiving member; \
SEQ counts from 000001 without gaps for each (kind, date, member).
- 写作时用 `NAME.tmp`，完成后改名；每个文件最多 1,000,000 条。\
A sender writes `NAME.tmp` and renames it when complete; at most 1,000,000 records a file.

";

/// Every page of `docs/formats` as (file name, Markdown): one a kind, and `README.md`.
pub fn render_docs() -> Vec<(String, String)> {
    let mut index = String::from(PREFACE);
    index.push_str("## 文件类型 Kinds\n\n| 类型 kind | 名称 title | 方向 direction | 行长 line |\n|---|---|---|---|\n");
    let mut pages = Vec::new();
    for kind in Kind::ALL {
        let table = kind.table();
        let (zh, en, length) = (table.title_zh, table.title_en, table.line_len());
        let _ = writeln!(index, "| [`{kind}`]({kind}.md) | {zh} {en} | {} | {length} |", table.direction);
        let heading = format!("# `{kind}` {zh} {en}\n\n");
        let footer = "\n[文件格式总览 Overview](README.md)\n";
        let lead = table.lead.map(|lead| format!("\n## {} {}\n\n{}", lead.title_zh, lead.title_en, render_table(lead)));
        let lead = lead.unwrap_or_default();
        pages.push((format!("{kind}.md"), format!("{heading}{}{lead}{footer}", render_table(table))));
    }
    let _ = write!(index, "\n## {} {}\n\n{}", HEADER.title_zh, HEADER.title_en, render_table(&HEADER));
    index.push_str(
        "\n## 文件检查 File checks\n\n按序检查，首个不符者拒绝整个文件。Checked in this order; the first failure refuses the \
         whole file.\n\n| 代码 code | 含义 meaning |\n|---|---|\n",
    );
    for code in FileCode::ALL {
        let _ = writeln!(index, "| `{code}` | {} {} |", code.text_zh(), code.text_en());
    }
    index.push_str(
        "\n## 判定原因 Reasons of verdicts\n\n| 原因 reason | 判定 verdict | 含义 meaning |\n|---|---|---|\n",
    );
    for reason in Reason::ALL {
        let verdict = reason.verdict();
        let (zh, en) = (verdict.name_zh(), verdict.name_en());
        let _ = writeln!(index, "| `{reason}` | `{verdict}` {zh} {en} | {} {} |", reason.text_zh(), reason.text_en());
    }
    pages.push(("README.md".into(), index));
    pages
}

fn render_table(table: &RecordTable) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "- 方向 direction: {}", table.direction);
    let _ = writeln!(out, "- 排序 order: {}；{}", table.order_zh, table.order_en);
    match table.amount_field.map(|index| &table.fields[index]) {
        Some(field) if field.ty == FieldType::Raw => {
            out.push_str(
                "- 文件头总金额 total amount in the header: 原始记录交易金额之和 sum of the originals' `amount`\n",
            );
        }
        Some(field) => {
            let _ =
                writeln!(out, "- 文件头总金额 total amount in the header: {}之和 sum of `{}`", field.zh, field.name);
        }
        None if table.kind.is_some() => out.push_str("- 文件头总金额 total amount in the header: 0\n"),
        None => {}
    }
    let _ = writeln!(out, "- 行长 line length: {} 字节，含 CR LF bytes with CR LF\n", table.line_len());
    out.push_str("| # | 字段 | field | 类型 type | 偏移 offset | 说明 note |\n|---|---|---|---|---|---|\n");
    for (number, field) in (1..).zip(table.fields) {
        let sign = if field.signed { " ±" } else { "" };
        let (zh, name, ty, offset, note) = (field.zh, field.name, type_text(field), field.offset, field.note);
        let _ = writeln!(out, "| {number} | {zh} | `{name}` | {ty}{sign} | {offset} | {note} |");
    }
    out
}
