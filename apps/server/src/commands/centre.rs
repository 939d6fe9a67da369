//! `centre` and `ledger`.

use super::data::record_bar;
use super::trail;
use crate::args::{CentreCommand, DataArgs, LedgerCommand};
use crate::output::{grouped, table};
use serde_json::{Value, json};
use std::error::Error;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tongka_base::{Date, Fen, MemberCode, Reason, SystemClock, Verdict};
use tongka_engine::day::{self, DayState, Step};
use tongka_exchange::intake::Folders;
use tongka_exchange::run::{self, DayReport, Event, RunOptions, open_database};
use tongka_exchange::{explain, prove, run_day, store};
use tongka_ledger::TransferFilter;
use tongka_storage::{Db, Scope};

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn folders(data: &DataArgs) -> Folders {
    Folders { inbox: PathBuf::new(), outbox: PathBuf::new(), data: data.data.clone() }
}

pub(super) async fn open(data: &DataArgs) -> Result<Db, Box<dyn Error>> {
    if data.database.is_none() && !data.data.join("tongka.db").exists() {
        return Err(format!("X04 数据目录中没有数据库 no database in the data folder: {}", data.data.display()).into());
    }
    open_or_make(data).await
}

/// The database, made where there is none.
pub(super) async fn open_or_make(data: &DataArgs) -> Result<Db, Box<dyn Error>> {
    Ok(open_database(&folders(data), data.database.as_deref()).await?)
}

fn scope_of(member: Option<MemberCode>) -> Scope {
    member.map_or(Scope::Platform, Scope::Member)
}

async fn date_or_last(db: &Db, date: Option<Date>) -> Result<Date, Box<dyn Error>> {
    let days = day::days(db).await?;
    match date {
        Some(date) if days.iter().any(|d| d.date == date) => Ok(date),
        Some(date) => Err(format!("X04 没有此清算日 no such clearing date: {date}").into()),
        None => Ok(days.last().ok_or("X04 还没有清算日 no clearing date yet")?.date),
    }
}

pub(crate) async fn run(command: CentreCommand, json: bool) -> Outcome {
    match command {
        CentreCommand::RunDay { scheme, date, inbox, outbox, data, threads } => {
            let folders = Folders { inbox, outbox, data: data.data };
            run_one_day(RunOptions { scheme, date, folders, database: data.database, threads }, json).await
        }
        CentreCommand::Days { data } => days(&data, json).await,
        CentreCommand::Files { data, date, member } => files(&data, date, member, json).await,
        CentreCommand::Positions { data, date, member } => positions(&data, date, member, json).await,
        CentreCommand::Ledger { data, account, member } => ledger(&data, account.as_deref(), member, json).await,
        CentreCommand::Explain { data, file, record } => {
            let db = open(&data).await?;
            let explained = explain::explain(&db, &folders(&data), Scope::Platform, &file, record).await?;
            if json {
                println!("{}", trail::json(&explained));
            } else {
                print!("{}", trail::text(&explained));
            }
            Ok(ExitCode::SUCCESS)
        }
        CentreCommand::Prove { data, date, inbox } => prove_day(&data, date, inbox, json).await,
    }
}

async fn run_one_day(options: RunOptions, json: bool) -> Outcome {
    if !options.folders.inbox.is_dir() {
        return Err(format!("X04 上送目录不存在 no such inbox: {}", options.folders.inbox.display()).into());
    }
    let bar = record_bar(None, "记录 records");
    let on_terminal = std::io::stderr().is_terminal();
    let on_event = |event: Event| match event {
        Event::Records(n) => bar.inc(n),
        Event::Done(step) if on_terminal => bar.println(format!("✓ {} {}", step.name_zh(), step.name())),
        Event::Done(step) => eprintln!("done {}", step.name()),
    };
    let report = run_day(&options, &SystemClock, &on_event).await?;
    bar.finish_and_clear();
    if json {
        println!("{}", report_json(&report));
    } else {
        print!("{}", report_text(&report, &options.folders));
    }
    Ok(ExitCode::SUCCESS)
}

fn records_per_second(report: &DayReport) -> Option<u64> {
    (report.total_ms > 0 && report.intake.records > 0).then(|| report.intake.records * 1000 / report.total_ms)
}

/// Most memory the process held at once, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn report_json(report: &DayReport) -> Value {
    json!({
        "clearing_date": report.date.to_string(),
        "was_closed": report.was_closed,
        "files": report.receipts.iter().map(|(r, n)| json!({ "result": r, "count": n })).collect::<Vec<_>>(),
        "known_files": report.intake.known,
        "waiting_files": report.intake.waiting,
        "records": report.verdicts.iter().map(|v| v.1).sum::<u64>(),
        "verdicts": report.verdicts.iter().map(|(reason, count, amount)| json!({
            "verdict": reason.verdict().to_string(), "reason": reason.to_string(), "count": count, "amount_fen": amount.0,
        })).collect::<Vec<_>>(),
        "gross_fen": report.gross.0,
        "receivable_fen": report.receivable.0,
        "payable_fen": report.payable.0,
        "centre_fees_fen": report.centre_fees.0,
        "imbalance_fen": report.imbalance.0,
        "reserve_alerts": report.reserve_alerts.iter().map(|(m, reserve, stop)| json!({
            "member": m.to_string(), "reserve_fen": reserve.0, "line": if *stop { "stop" } else { "warning" },
        })).collect::<Vec<_>>(),
        "result_files": report.result_files,
        "step_ms": report.step_ms.iter().map(|(s, ms)| (s.name().to_owned(), json!(ms))).collect::<serde_json::Map<_, _>>(),
        "total_ms": report.total_ms,
        "records_per_second": records_per_second(report),
        "peak_memory_bytes": peak_memory_bytes(),
    })
}

fn report_text(report: &DayReport, folders: &Folders) -> String {
    let mut out = format!("清算日 clearing date {}", report.date);
    if report.was_closed {
        out.push_str("：此前已关账，未作任何改动 / was closed before, nothing was changed");
    }
    out.push_str("\n\n文件 Files\n");
    let results = report.receipts.iter().map(|(result, count)| {
        let text = tongka_base::FileCode::parse(result)
            .map_or("接受 accepted".to_owned(), |c| format!("{} {}", c.text_zh(), c.text_en()));
        vec![result.clone(), grouped(*count), text]
    });
    out.push_str(&table(&["回执", "文件数>", "含义"], &results.collect::<Vec<_>>()));
    out.push_str("\n判定 Verdicts\n");
    out.push_str(&verdict_table(&report.verdicts));
    out.push_str(&format!(
        "\n资金 Money（元 yuan）\n  跨机构交易总额 gross       {:>20}\n  收单方应收 receivable      {:>20}\n  发卡方应付 payable         {:>20}\n  清算手续费 centre fees     {:>20}\n  Σ 头寸 + 手续费 = {}  {}\n",
        report.gross.to_string(),
        report.receivable.to_string(),
        report.payable.to_string(),
        report.centre_fees.to_string(),
        report.imbalance,
        if report.imbalance == Fen::ZERO { "✓ 平衡，已由第二路径证明 balanced, proven by a second path" } else { "✗ 不平" },
    ));
    for (member, reserve, stop) in &report.reserve_alerts {
        let line = if *stop { "停用线 stop line" } else { "预警线 warning line" };
        out.push_str(&format!("  ! 备付金低于{line}：{member} {reserve}\n"));
    }
    out.push_str(&format!("\n结果文件 result files: {}", grouped(report.result_files)));
    if !report.step_ms.is_empty() {
        let steps: Vec<String> =
            report.step_ms.iter().map(|(s, ms)| format!("{} {} ms", s.name_zh(), grouped(*ms))).collect();
        out.push_str(&format!("\n用时 time: {} ms（{}）", grouped(report.total_ms), steps.join("，")));
    }
    if let Some(rate) = records_per_second(report) {
        out.push_str(&format!("\n速度 speed: {} 条/秒 records/s", grouped(rate)));
    }
    out.push_str(&format!("\n结果目录 outbox: {}\n", folders.outbox.display()));
    out
}

fn verdict_table(verdicts: &[(Reason, u64, Fen)]) -> String {
    let mut rows = Vec::new();
    for verdict in Verdict::ALL {
        for (reason, count, amount) in verdicts.iter().filter(|v| v.0.verdict() == verdict) {
            rows.push(vec![
                format!("{verdict} {}", verdict.name_zh()),
                reason.to_string(),
                grouped(*count),
                amount.to_string(),
                format!("{} {}", reason.text_zh(), reason.text_en()),
            ]);
        }
    }
    let total: u64 = verdicts.iter().map(|v| v.1).sum();
    let amount = Fen::try_sum(verdicts.iter().map(|v| v.2)).map_or("-".to_owned(), |a| a.to_string());
    rows.push(vec!["合计 total".into(), String::new(), grouped(total), amount, String::new()]);
    table(&["判定", "原因", "笔数>", "金额(元)>", "含义"], &rows)
}

async fn days(data: &DataArgs, json: bool) -> Outcome {
    let db = open(data).await?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for d in day::days(&db).await? {
        let steps = day::steps(&db, d.date).await?;
        let done: Vec<&str> = Step::ALL.into_iter().map(Step::name).filter(|s| steps.contains_key(*s)).collect();
        let verdicts = store::verdicts(&db, Scope::Platform, d.date).await?;
        let records: u64 = verdicts.iter().map(|v| v.1).sum();
        let accepted: u64 = verdicts.iter().filter(|v| v.0 == Reason::Ok).map(|v| v.1).sum();
        let state = if d.state == DayState::Closed { "已关账 closed" } else { "进行中 open" };
        rows.push(vec![
            d.date.to_string(),
            state.into(),
            format!("{}/{}", done.len(), Step::ALL.len()),
            grouped(records),
            grouped(accepted),
            d.centre_fees.map_or("-".into(), |f| f.to_string()),
            d.closed_at.clone().unwrap_or_default(),
        ]);
        values.push(json!({
            "clearing_date": d.date.to_string(), "closed": d.state == DayState::Closed, "steps": done,
            "records": records, "accepted": accepted, "centre_fees_fen": d.centre_fees.map(|f| f.0),
            "scheme_digest": d.scheme_digest, "opened_at": d.opened_at, "closed_at": d.closed_at,
            "step_records": steps.iter().map(|(name, s)| (name.clone(), json!({
                "done_at": s.done_at, "input_digest": s.input_digest, "output_digest": s.output_digest, "detail": s.detail,
            }))).collect::<serde_json::Map<_, _>>(),
        }));
    }
    if json {
        println!("{}", Value::from(values));
    } else {
        let columns = ["清算日", "状态", "步骤>", "记录>", "接受>", "手续费(元)>", "关账时间"];
        print!("{}", table(&columns, &rows));
    }
    Ok(ExitCode::SUCCESS)
}

async fn files(data: &DataArgs, date: Option<Date>, member: Option<MemberCode>, json: bool) -> Outcome {
    let db = open(data).await?;
    let date = date_or_last(&db, date).await?;
    let scope = scope_of(member);
    let receipts = store::receipts(&db, scope, Some(date)).await?;
    let uploads = store::uploads(&db, scope, date).await?;
    let results = store::result_files(&db, scope, date).await?;
    let of = |name: &str| uploads.iter().find(|u| u.name.to_string() == name);
    if json {
        let received = receipts.iter().map(|r| {
            let upload = of(&r.upload_name).filter(|_| r.result == "OK");
            json!({
                "upload": r.upload_name, "member": r.member.to_string(), "result": r.result, "detail": r.detail,
                "receipt_sequence": r.sequence, "records": upload.map(|u| u.records), "total_fen": upload.map(|u| u.total.0),
            })
        });
        let sent = results.iter().map(|f| {
            json!({
                "name": f.name, "member": f.member.to_string(), "kind": f.kind, "records": f.records,
                "total_fen": f.total.0, "body_digest": f.body_digest,
            })
        });
        let (received, sent): (Vec<_>, Vec<_>) = (received.collect(), sent.collect());
        println!("{}", json!({ "clearing_date": date.to_string(), "received": received, "published": sent }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("清算日 {date} 收到的文件 files received");
    let rows: Vec<_> = receipts
        .iter()
        .map(|r| {
            let upload = of(&r.upload_name).filter(|_| r.result == "OK");
            let (records, total) =
                upload.map_or((String::new(), String::new()), |u| (grouped(u.records), u.total.to_string()));
            vec![r.upload_name.clone(), r.result.clone(), records, total, r.detail.clone()]
        })
        .collect();
    print!("{}", table(&["上送文件", "回执", "记录>", "总金额(元)>", "说明"], &rows));
    println!("\n发布的文件 files published");
    let rows: Vec<_> = results
        .iter()
        .map(|f| vec![f.name.clone(), grouped(f.records), f.total.to_string(), f.body_digest[..16].to_owned()])
        .collect();
    print!("{}", table(&["结果文件", "记录>", "总金额(元)>", "摘要(前16位)"], &rows));
    Ok(ExitCode::SUCCESS)
}

async fn positions(data: &DataArgs, date: Option<Date>, member: Option<MemberCode>, json: bool) -> Outcome {
    let db = open(data).await?;
    let date = date_or_last(&db, date).await?;
    let all = day::positions(&db, scope_of(member), date).await?;
    let netting = day::stored_netting(&db, date).await?;
    let days = day::days(&db).await?;
    let digest = days.iter().find(|d| d.date == date).map(|d| d.scheme_digest.clone()).unwrap_or_default();
    let scheme = run::stored_scheme(&folders(data), &digest)?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for p in &all {
        let name = scheme.member(p.member).map_or("", |m| m.name.as_str());
        let net = p.position.net()?;
        let (before, after) = p.reserve.unwrap_or_default();
        let texts = [p.position.receivable, p.position.payable, p.position.adjustments, net, before, after]
            .map(|f| f.to_string());
        rows.push([vec![p.member.to_string(), name.to_owned()], texts.to_vec()].concat());
        values.push(json!({
            "member": p.member.to_string(), "name": name, "receivable_fen": p.position.receivable.0,
            "payable_fen": p.position.payable.0, "adjustments_fen": p.position.adjustments.0, "position_fen": net.0,
            "reserve_before_fen": before.0, "reserve_after_fen": after.0,
        }));
    }
    let imbalance = netting.imbalance()?;
    if json {
        let (fees, sum) = (netting.centre_fees.0, imbalance.0);
        let date = date.to_string();
        println!(
            "{}",
            json!({ "clearing_date": date, "positions": values, "centre_fees_fen": fees, "imbalance_fen": sum })
        );
    } else {
        println!("清算日 {date} 头寸（元） positions in yuan");
        let columns = ["机构", "名称", "应收>", "应付>", "调账>", "净头寸>", "备付金期初>", "备付金期末>"];
        print!("{}", table(&columns, &rows));
        println!("清算手续费 centre fees: {}    Σ 头寸 + 手续费: {imbalance}", netting.centre_fees);
    }
    Ok(ExitCode::SUCCESS)
}

async fn ledger(data: &DataArgs, account: Option<&str>, member: Option<MemberCode>, json: bool) -> Outcome {
    let db = open(data).await?;
    let scope = scope_of(member);
    let accounts = tongka_ledger::accounts(&db, scope).await?;
    let mut transfers = Vec::new();
    loop {
        let after = transfers.last().map_or(0, |t: &tongka_ledger::TransferRow| t.sequence);
        let filter = TransferFilter { account: account.map(str::to_owned), after, ..TransferFilter::default() };
        let page = tongka_ledger::transfers(&db, scope, &filter, 1000).await?;
        if page.is_empty() {
            break;
        }
        transfers.extend(page);
    }
    let booked = |day: i64| {
        let date = i32::try_from(day).ok().and_then(tongka_base::date::from_days_since_epoch);
        date.map_or(String::new(), |d| d.to_string())
    };
    if json {
        let accounts = accounts.iter().map(|a| {
            json!({
                "code": a.code, "kind": a.kind, "debits_fen": a.debits.0, "credits_fen": a.credits.0,
                "pending_debits_fen": a.pending_debits.0, "pending_credits_fen": a.pending_credits.0, "balance_fen": a.balance().ok().map(|b| b.0),
            })
        });
        let transfers = transfers.iter().map(|t| {
            json!({
                "sequence": t.sequence, "key": t.key, "phase": t.phase(), "debit": t.debit, "credit": t.credit,
                "amount_fen": t.amount.0, "date": booked(t.day), "reason": t.reason, "hash": t.hash,
            })
        });
        let (accounts, transfers): (Vec<_>, Vec<_>) = (accounts.collect(), transfers.collect());
        println!("{}", json!({ "accounts": accounts, "transfers": transfers }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("科目余额（元） account balances in yuan");
    let rows: Vec<_> = accounts
        .iter()
        .map(|a| {
            vec![
                a.code.clone(),
                a.debits.to_string(),
                a.credits.to_string(),
                a.balance().map_or(String::new(), |b| b.to_string()),
            ]
        })
        .collect();
    print!("{}", table(&["科目", "借方>", "贷方>", "余额>"], &rows));
    println!("\n分录 transfers");
    let rows: Vec<_> = transfers
        .iter()
        .map(|t| {
            let (sequence, amount) = (t.sequence.to_string(), t.amount.to_string());
            vec![sequence, booked(t.day), t.debit.clone(), t.credit.clone(), amount, t.reason.clone()]
        })
        .collect();
    print!("{}", table(&["序号>", "日期", "借", "贷", "金额(元)>", "事由"], &rows));
    Ok(ExitCode::SUCCESS)
}

async fn prove_day(data: &DataArgs, date: Date, inbox: Option<PathBuf>, json: bool) -> Outcome {
    let db = open(data).await?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = prove::prove(&db, &folders(data), date, inbox.as_deref(), threads).await?;
    let agrees = report.differences.is_empty();
    if json {
        println!(
            "{}",
            json!({
                "clearing_date": date.to_string(), "ok": agrees, "uploads": report.uploads,
                "lake_records": report.lake_records, "raw_records": report.raw_records,
                "result_files": report.result_files, "imbalance_fen": report.imbalance.0, "differences": report.differences,
            })
        );
    } else {
        println!(
            "清算日 {date} 证明 proof\n  上送文件 uploads: {}\n  湖中重算 from the lake: {} 条 records\n  原始文件重算 from raw files: {} 条 records\n  结果文件 result files: {}\n  Σ 头寸 + 手续费: {}",
            grouped(report.uploads),
            grouped(report.lake_records),
            grouped(report.raw_records),
            grouped(report.result_files),
            report.imbalance
        );
        for difference in &report.differences {
            println!("  ✗ {difference}");
        }
        println!(
            "{}",
            if agrees {
                "✓ 账、湖、原始文件三方一致 books, lake and raw files agree"
            } else {
                "✗ 三方不一致 they differ"
            }
        );
    }
    Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

pub(crate) async fn ledger_verify(command: LedgerCommand, json: bool) -> Outcome {
    let LedgerCommand::Verify { data } = command;
    let db = open(&data).await?;
    let report = tongka_ledger::verify(&db).await?;
    let sound = report.faults.is_empty();
    if json {
        println!(
            "{}",
            json!({
                "ok": sound, "transfers": report.transfers, "accounts": report.accounts, "head": report.head.to_string(),
                "faults": report.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        );
    } else {
        println!("分录 transfers: {}，科目 accounts: {}", grouped(report.transfers), grouped(report.accounts));
        println!("链尾 head: {}", report.head);
        for fault in &report.faults {
            println!("  ✗ {fault}");
        }
        println!("{}", if sound { "✓ 总账完好 the ledger is sound" } else { "✗ 总账被改动 the ledger was altered" });
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
