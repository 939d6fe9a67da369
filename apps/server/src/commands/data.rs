//! `scheme`, `simulate` and `import`.

use crate::args::{ImportCommand, SchemeCommand, SimulateCommand};
use crate::output::grouped;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::error::Error;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;
use tongka_base::Fen;
use tongka_exchange::run::load_scheme;
use tongka_simulator::{DayPlan, import_shenzhen, simulate_day};

/// A bar over records; hidden where standard error is no terminal.
pub(crate) fn record_bar(total: Option<u64>, message: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = match total {
        Some(_) => "{msg} [{bar:40}] {human_pos}/{human_len} {per_sec} {eta}",
        None => "{spinner} {msg} {human_pos} {per_sec}",
    };
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.with_style(ProgressStyle::with_template(template).expect("a fixed template")).with_message(message)
}

pub(crate) fn scheme(command: SchemeCommand, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let SchemeCommand::Check { file } = command;
    let (scheme, _) = load_scheme(&file)?;
    let parts = [
        ("members", "成员机构", scheme.members.len()),
        ("issuers", "发卡机构", scheme.issuers.len()),
        ("psam_ranges", "PSAM号段", scheme.psam_ranges.len()),
        ("fees", "费率规则", scheme.fees.len()),
        ("blacklist", "黑名单卡", scheme.blacklist.len()),
        ("tac_keys", "TAC密钥", scheme.tac_keys.len()),
        ("reserves", "备付金", scheme.reserves.len()),
    ];
    if json {
        let counts: serde_json::Map<_, _> = parts.iter().map(|(name, _, n)| ((*name).to_owned(), json!(n))).collect();
        println!("{}", json!({ "file": file, "ok": true, "counts": counts }));
    } else {
        println!("{}: 规则文件合规 scheme is valid", file.display());
        for (name, zh, n) in parts {
            println!("  {zh} {name}: {n}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn simulate(command: SimulateCommand, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let SimulateCommand::Day { date, members, records, seed, faults, max_records_per_file, out } = command;
    let plan = DayPlan { date, members, records, seed, faults_ppm: faults, max_records_per_file };
    let bar = record_bar(Some(records), "模拟 simulating");
    let started = Instant::now();
    let summary = simulate_day(&plan, &out, &|done| bar.inc(done))?;
    bar.finish_and_clear();
    let ms = started.elapsed().as_millis() as u64;
    if json {
        println!(
            "{}",
            json!({ "out": out, "files": summary.files, "records": summary.records, "refused_files": summary.refused_files, "ms": ms })
        );
    } else {
        println!(
            "已模拟 simulated: {} 个可接受文件 good files, {} 个待拒文件 bad files, {} 条记录 records, {} ms\n  {}\n  {}\n  {}",
            grouped(summary.files),
            grouped(summary.refused_files),
            grouped(summary.records),
            grouped(ms),
            out.join("scheme.toml").display(),
            out.join("inbox").display(),
            out.join("truth.csv").display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn import(command: ImportCommand, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let ImportCommand::Taps { from: _, file, scheme, member, close_on, out } = command;
    let (scheme, _) = load_scheme(&scheme)?;
    let summary = import_shenzhen(&file, &scheme, member, close_on, &out)?;
    if json {
        println!("{}", serde_json::to_string(&summary)?);
    } else {
        println!(
            "已导入 imported: {} 行 rows → {} 条记录 records（地铁 metro {}，公交 bus {}，重复 copies {}），{} 行未转换 not converted\n卡 cards {}，终端 terminals {}，金额 amount {} 元，标价 list price {} 元",
            grouped(summary.rows),
            grouped(summary.converted),
            grouped(summary.metro),
            grouped(summary.bus),
            grouped(summary.duplicates),
            grouped(summary.rejected),
            grouped(summary.cards),
            grouped(summary.terminals),
            Fen(summary.amount_fen as i64),
            Fen(summary.list_price_fen as i64)
        );
        for upload in &summary.uploads {
            println!("  {}（{} 条 records）", out.join(&upload.name).display(), grouped(upload.records));
        }
        if summary.rejected > 0 {
            println!("  {} 逐行原因 reason by row", out.join("rejects.csv").display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
