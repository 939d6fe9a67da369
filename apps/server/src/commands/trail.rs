//! The trail of one record, printed.

use crate::output::{grouped, table};
use serde_json::{Value, json};
use std::fmt::Write;
use tongka_exchange::explain::{Explained, Trail};
use tongka_wire::txu::parse_txu;

pub(crate) fn text(explained: &Explained) -> String {
    match explained {
        Explained::NotAccepted(receipts) => {
            let mut out = String::from(
                "该文件未被接受，没有记录参与清分 / the file was never accepted, none of its records was cleared\n",
            );
            for r in receipts {
                let _ = writeln!(out, "  {} {} {} {}", r.clearing_date, r.upload_name, r.result, r.detail);
            }
            out
        }
        Explained::Record(trail) => record(trail),
    }
}

fn record(t: &Trail) -> String {
    let mut out = String::new();
    let verdict = t.reason.verdict();
    let _ = writeln!(
        out,
        "上送文件 upload: {}（清算日 clearing date {}，第 {} 个接受 accepted as no. {}）",
        t.upload.name, t.upload.clearing_date, t.upload.number, t.upload.number
    );
    let _ = writeln!(out, "记录序号 record: {}", t.record_no);
    let _ = writeln!(out, "原始字节 raw:    {}", String::from_utf8_lossy(&t.raw));
    if let Ok(txu) = parse_txu(&t.raw) {
        let _ = writeln!(
            out,
            "                 卡 card {} {} {}，脱机序号 counter {}，金额 amount {} 分 fen，{} {}",
            txu.scheme,
            txu.issuer_id,
            txu.serial.masked(),
            txu.counter,
            txu.amount,
            txu.date,
            txu.industry.name_zh()
        );
    }
    out.push_str("\n检查 checks\n");
    let rows: Vec<Vec<String>> = t
        .checks
        .iter()
        .map(|c| {
            let mark = if c.applied { "✗ 命中" } else { "✓" };
            vec![
                c.order.to_string(),
                mark.into(),
                format!("{} {}", c.reason.verdict(), c.reason),
                c.reason.text_zh().into(),
                c.inputs.clone(),
            ]
        })
        .collect();
    out.push_str(&table(&["序>", "结果", "判定", "检查项", "输入 inputs"], &rows));
    let _ = writeln!(
        out,
        "\n判定 verdict: {verdict} {} {}（{} {}）",
        verdict.name_zh(),
        t.reason,
        t.reason.text_zh(),
        t.reason.text_en()
    );
    if let Some((date, name, record)) = &t.earlier {
        let _ = writeln!(out, "先前记录 earlier record: {date} {name} 第 {record} 条");
    }
    if let Some(g) = &t.group {
        let _ = writeln!(
            out,
            "\n分组 group: 收单 acquirer {}，发卡 issuer {}，行业 industry {} {}：{} 笔，总额 gross {} 元",
            g.key.acquirer,
            g.key.issuer,
            g.key.industry,
            g.key.industry.name_zh(),
            grouped(g.sum.count),
            g.sum.gross
        );
        match &t.fee_rule {
            Some((at, f)) => {
                let any = |m: Option<tongka_base::MemberCode>| m.map_or("*".to_owned(), |m| m.to_string());
                let _ = writeln!(
                    out,
                    "费率 fee rule: 第 {at} 条（收单 {}，发卡 {}，行业 {}）发卡方 {} ppm → {} 元，清算中心 {} ppm → {} 元（按分组总额四舍五入到分）",
                    any(f.acquirer),
                    any(f.issuer),
                    f.industry.map_or("*".to_owned(), |i| i.to_string()),
                    f.issuer_rate.0,
                    g.issuer_fee,
                    f.centre_rate.0,
                    g.centre_fee
                );
            }
            None if g.is_own_card() => {
                out.push_str("本机构卡在本机构终端：不计费、不入头寸 / own card at own terminal: no fee, no position\n")
            }
            None => out.push_str("无适用费率：不计费 / no fee rule matches: no fee\n"),
        }
    }
    for p in &t.positions {
        let net = p.position.net().map_or("-".to_owned(), |n| n.to_string());
        let _ = writeln!(
            out,
            "头寸 position {}: 应收 {}，应付 {}，净 {net} 元",
            p.member, p.position.receivable, p.position.payable
        );
    }
    out.push('\n');
    for (name, line) in &t.results {
        let _ = writeln!(out, "结果文件 result file: {name} 第 {line} 行 line {line}");
    }
    out
}

pub(crate) fn json(explained: &Explained) -> Value {
    match explained {
        Explained::NotAccepted(receipts) => json!({
            "accepted": false,
            "receipts": receipts.iter().map(|r| json!({
                "clearing_date": r.clearing_date.to_string(), "upload": r.upload_name, "result": r.result, "detail": r.detail,
            })).collect::<Vec<_>>(),
        }),
        Explained::Record(t) => json!({
            "accepted": true,
            "upload": t.upload.name.to_string(),
            "clearing_date": t.upload.clearing_date.to_string(),
            "record": t.record_no,
            "raw": String::from_utf8_lossy(&t.raw),
            "checks": t.checks.iter().map(|c| json!({
                "order": c.order, "verdict": c.reason.verdict().to_string(), "reason": c.reason.to_string(),
                "inputs": c.inputs, "applied": c.applied,
            })).collect::<Vec<_>>(),
            "verdict": t.reason.verdict().to_string(),
            "reason": t.reason.to_string(),
            "earlier": t.earlier.as_ref().map(|(date, name, record)| json!({
                "clearing_date": date.to_string(), "upload": name, "record": record,
            })),
            "group": t.group.as_ref().map(|g| json!({
                "acquirer": g.key.acquirer.to_string(), "issuer": g.key.issuer.to_string(),
                "industry": g.key.industry.to_string(), "count": g.sum.count, "gross_fen": g.sum.gross.0,
                "issuer_fee_fen": g.issuer_fee.0, "centre_fee_fen": g.centre_fee.0,
            })),
            "fee_rule": t.fee_rule.as_ref().map(|(at, f)| json!({
                "place": at, "issuer_rate_ppm": f.issuer_rate.0, "centre_rate_ppm": f.centre_rate.0,
            })),
            "positions": t.positions.iter().map(|p| json!({
                "member": p.member.to_string(), "receivable_fen": p.position.receivable.0, "payable_fen": p.position.payable.0,
            })).collect::<Vec<_>>(),
            "results": t.results.iter().map(|(name, line)| json!({ "file": name, "line": line })).collect::<Vec<_>>(),
        }),
    }
}
