//! The generated pages `docs/formats`: what the tables say, for people.

use crate::table::{Field, FieldType, HEADER, Kind, RecordTable};
use std::fmt::Write;

/// Every page as (file name, Markdown).
pub fn render_docs() -> Vec<(String, String)> {
    let mut index = String::from(
        "# 数据交换接口文件格式 Exchange file formats\n\n\
         由代码中的记录表生成，请勿手工修改。Generated from the record tables in the code; do not edit.\n\n\
         - 定长 ASCII，行尾 CR LF；金额为整数分。Fixed-width ASCII, lines end in CR LF; amounts are integer fen.\n\
         - `N` 数字右对齐补零，负数以 `-` 开头；`H` 大写十六进制；`A` 大写字母；`S` 可打印字符左对齐补空格。\
         `N` digits, zero-padded, a negative number starts with `-`; `H` upper-case hex; `A` upper-case letters; \
         `S` printable, space-padded.\n\
         - 文件名 File name: `KIND_YYYYMMDD_MEMBER_SEQ.dat`\n\n",
    );
    index.push_str(&render_table("H", &HEADER));
    index.push_str("\n## 文件类型 Kinds\n\n| 类型 | 名称 | 方向 | 行长 |\n|---|---|---|---|\n");
    let mut pages = Vec::new();
    for kind in Kind::ALL {
        let table = kind.table();
        let (zh, en, length) = (table.title_zh, table.title_en, table.line_len());
        let _ = writeln!(index, "| [`{kind}`]({kind}.md) | {zh} {en} | {} | {length} |", table.direction);
        pages.push((format!("{kind}.md"), format!("# `{kind}` {zh} {en}\n\n{}", render_table(kind.code(), table))));
    }
    pages.push(("README.md".into(), index));
    pages
}

fn render_table(code: &str, table: &RecordTable) -> String {
    let mut out = format!("## `{code}` {} {}\n\n", table.title_zh, table.title_en);
    let _ = writeln!(out, "- 方向 direction: {}", table.direction);
    let _ = writeln!(out, "- 排序 order: {}", table.order);
    if !table.amount.is_empty() {
        let _ = writeln!(out, "- 文件头总金额 total amount in the header: {}", table.amount);
    }
    let _ = writeln!(out, "- 行长 line length: {} bytes with CR LF\n", table.line_len());
    out.push_str("| # | 字段 | field | 类型 type | 偏移 offset | 说明 note |\n|---|---|---|---|---|---|\n");
    for (index, field) in table.fields.iter().enumerate() {
        let (zh, name, note) = (field.zh, field.name, field.note);
        let _ = writeln!(
            out,
            "| {} | {zh} | `{name}` | {} | {} | {note} |",
            index + 1,
            type_text(field),
            table.offset(index)
        );
    }
    out
}

fn type_text(field: &Field) -> String {
    let letter = match field.ty {
        FieldType::A => "A",
        FieldType::N => "N",
        FieldType::H => "H",
        FieldType::S => "S",
    };
    format!("{letter}{}{}", field.width, if field.signed { " ±" } else { "" })
}
