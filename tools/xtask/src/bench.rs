//! `bench`: one clearing day, run by Tongka and, as a baseline, by PostgreSQL in SQL, in the same call.

use crate::{Outcome, build_release, root};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use tongka_testkit::Postgres;

const DATE: &str = "2026-09-01";
/// Runs of Tongka, of which the median is told: it takes seconds, and a shared machine has its moods.
const RUNS: usize = 3;

pub(crate) fn run(records: Result<u64, String>) -> Outcome {
    let records = records.map_err(|n| format!("--records {n}: a number is expected"))?;
    println!("基准：{records} 条记录的一个清算日，Tongka（含 TAC 验证、全部落盘）对 PostgreSQL（不验 TAC）");
    println!("Bench: a day of {records} records, Tongka (TAC verified, all durable) beside PostgreSQL (no TAC)\n");
    let tongka = build_release()?;
    let dir = root().join("bench");
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(|e| e.to_string())?;
    }
    let count = records.to_string();
    let day = ["simulate", "day", "--date", DATE, "--members", "40", "--seed", "1", "--out", "bench"];
    crate::run("模拟 simulate", Command::new(&tongka).args(day).args(["--records", &count]))?;
    let mut runs = (1..=RUNS).map(|run| clearing_day(&tongka, &dir, records, run)).collect::<Result<Vec<_>, _>>()?;
    runs.sort_by_key(|(ms, _)| *ms);
    let (tongka_ms, report) = runs.swap_remove(RUNS / 2);

    let baselines = baseline(&dir, records)?;
    let line = |name: &str, ms: u64| {
        let (rate, ratio) = (records * 1000 / ms.max(1), ms * 10 / tongka_ms.max(1));
        println!("{rate:>12} {ms:>10} {:>9}.{}   {name}", ratio / 10, ratio % 10);
    };
    println!("\n   记录/秒/s    用时 ms    倍数 ratio");
    line("Tongka：TAC、回执、轧差、证明、记账、结果文件，全部落盘 everything, durable", tongka_ms);
    for (order, ms) in baselines {
        line(&format!("PostgreSQL，{}", order.name()), ms);
    }
    println!("峰值内存 peak memory {} MB", report["peak_memory_bytes"].as_u64().unwrap_or(0) / 1_000_000);
    println!("各步 steps, ms {}", report["step_ms"]);
    fs::remove_dir_all(&dir).map_err(|e| e.to_string())?;
    let example = ["run", "--release", "--quiet", "--package", "tongka-crypto", "--example", "kernels"];
    crate::run("密码内核 crypto kernels", &mut crate::cargo(&example))
}

/// One run of the day on an empty installation: milliseconds and its report.
fn clearing_day(tongka: &Path, dir: &Path, records: u64, run: usize) -> Result<(u64, serde_json::Value), String> {
    println!("▶ Tongka {run}/{RUNS}");
    for folder in ["data", "outbox"] {
        if dir.join(folder).exists() {
            fs::remove_dir_all(dir.join(folder)).map_err(|e| e.to_string())?;
        }
    }
    // What was written before must not be written back to disk on the time of those who are measured.
    crate::run("落盘 sync", &mut Command::new("sync"))?;
    let args = ["--json", "centre", "run-day", "--scheme", "scheme.toml", "--date", DATE];
    let folders = ["--inbox", "inbox", "--outbox", "outbox", "--data", "data"];
    let started = Instant::now();
    let output = Command::new(tongka).args(args).args(folders).current_dir(dir).output().map_err(|e| e.to_string())?;
    let ms = started.elapsed().as_millis() as u64;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|e| format!("run-day: {e}"))?;
    let accepted =
        report["verdicts"].as_array().and_then(|v| v.iter().find(|v| v["reason"] == "00")).map(|v| v["count"].clone());
    if !output.status.success() || accepted != Some(records.into()) {
        return Err(format!("run-day accepted {accepted:?} of {records}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    println!("✓ Tongka {run}/{RUNS} ({ms} ms)");
    Ok((ms, report))
}

/// When the unique indexes are made.
#[derive(Clone, Copy)]
enum Order {
    /// Before the records: as every day is that has a history to find duplicates in.
    IndexFirst,
    /// After the records: only possible on the very first day.
    IndexLast,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::IndexFirst => "唯一索引已在（日常）unique indexes in place, as on every day with a history",
            Self::IndexLast => "装载后建索引（仅首日可行）indexes made after the load, as only a first day can",
        }
    }
}

/// COPY, unique indexes, checks and sums in SQL, in both orders: milliseconds of each. Preparing the CSV and starting
/// the server are not timed.
fn baseline(dir: &Path, records: u64) -> Result<[(Order, u64); 2], String> {
    let err = |e: std::io::Error| e.to_string();
    println!("▶ PostgreSQL 基线 baseline");
    let server = Postgres::start().map_err(|e| e.to_string())?;
    let url = server.url();
    let csv = dir.join("records.csv");
    write_csv(&dir.join("inbox"), &csv).map_err(err)?;
    let tables = dir.join("tables.sql");
    write_tables(&dir.join("scheme.toml"), &tables)?;
    let psql = |args: &[&str]| -> Outcome {
        let psql = ["-X", "-q", "-v", "ON_ERROR_STOP=1", &url];
        let status = Command::new("psql").args(psql).args(args).status().map_err(err)?;
        if status.success() { Ok(()) } else { Err(format!("psql {args:?}: {status}")) }
    };
    // As a careful administrator would set it for a bulk load; these need no restart.
    for setting in ["max_wal_size = '16GB'", "maintenance_work_mem = '1GB'", "work_mem = '256MB'"] {
        psql(&["-c", &format!("ALTER SYSTEM SET {setting}")])?;
    }
    psql(&["-c", "SELECT pg_reload_conf()", "-o", "/dev/null"])?;
    let copy = format!("\\copy tx FROM '{}' CSV", csv.display());
    let mut times = [(Order::IndexFirst, 0), (Order::IndexLast, 0)];
    for (order, ms) in &mut times {
        psql(&["-f", &tables.display().to_string()])?;
        let statements: &[&str] = match order {
            Order::IndexFirst => &[CARD_INDEX, PSAM_INDEX, &copy, CHECKS, GROUPS],
            Order::IndexLast => &[&copy, CARD_INDEX, PSAM_INDEX, CHECKS, GROUPS],
        };
        let started = Instant::now();
        statements.iter().try_for_each(|statement| psql(&["-c", statement]))?;
        *ms = started.elapsed().as_millis() as u64;
        // Fails by a division by zero unless both sides accept the same records.
        psql(&[
            "-o",
            "/dev/null",
            "-c",
            &format!("SELECT 1 / (count(*) = {records})::int FROM verdict WHERE reason = 0"),
        ])?;
        println!("✓ {} ({} s)", order.name(), *ms / 1000);
    }
    Ok(times)
}

const CARD_INDEX: &str = "CREATE UNIQUE INDEX tx_card ON tx (scheme, issuer_id, serial, counter)";
const PSAM_INDEX: &str = "CREATE UNIQUE INDEX tx_psam ON tx (psam, psam_txn)";

const CHECKS: &str = "CREATE TABLE verdict AS SELECT t.sender, t.upload, t.record_no, i.member AS issuer, t.industry, t.amount, \
    CASE WHEN i.member IS NULL THEN 3 \
    WHEN r.state IS NULL OR r.state = 'stopped' THEN 2 \
    WHEN t.test = 1 OR t.card_type = 4 OR r.state = 'test' THEN 12 \
    WHEN t.tdate > DATE '2026-09-01' THEN 11 \
    WHEN t.tdate < DATE '2026-09-01' - 30 THEN 18 \
    WHEN NOT t.key_version || t.algorithm = ANY (i.keys) THEN 15 \
    WHEN t.amount > 100000 THEN 8 \
    WHEN t.amount > t.balance + i.overdraft THEN 17 \
    WHEN t.grey = 1 THEN 19 \
    WHEN b.serial IS NOT NULL AND t.tdate + t.ttime >= b.listed_at + INTERVAL '24 hours' THEN 7 \
    ELSE 0 END AS reason \
    FROM tx t LEFT JOIN issuer i ON i.scheme = t.scheme AND i.issuer_id = t.issuer_id \
    LEFT JOIN psam_range r ON r.member = t.sender AND t.psam BETWEEN r.from_no AND r.to_no \
    LEFT JOIN blacklist b ON b.scheme = t.scheme AND b.issuer_id = t.issuer_id AND b.serial = t.serial";

const GROUPS: &str = "CREATE TABLE day_group AS SELECT sender, issuer, industry, count(*), sum(amount) \
    FROM verdict WHERE reason = 0 GROUP BY sender, issuer, industry";

fn write_csv(inbox: &Path, csv: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(csv)?);
    // Fields of a record line: offset and width, in the order of the table.
    let fields = [
        (1, 8),
        (9, 1),
        (10, 16),
        (26, 20),
        (46, 2),
        (48, 2),
        (50, 5),
        (55, 12),
        (67, 8),
        (75, 9),
        (84, 8),
        (92, 8),
        (100, 8),
        (108, 6),
        (114, 2),
        (116, 2),
        (118, 8),
        (126, 2),
        (128, 8),
        (136, 6),
        (142, 8),
        (150, 4),
        (154, 1),
        (155, 1),
    ];
    for (upload, entry) in fs::read_dir(inbox)?.enumerate() {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "dat") {
            continue;
        }
        let sender = path.file_name().unwrap_or_default().to_string_lossy()[13..21].to_owned();
        for line in BufReader::with_capacity(1 << 20, File::open(&path)?).split(b'\n').skip(1) {
            let line = line?;
            write!(out, "{upload},{sender}")?;
            for (at, width) in fields {
                out.write_all(b",")?;
                out.write_all(&line[at..at + width])?;
            }
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

fn write_tables(scheme: &Path, tables: &Path) -> Outcome {
    let text = fs::read_to_string(scheme).map_err(|e| e.to_string())?;
    let scheme = tongka_scheme::parse(&text, "scheme.toml").map_err(|e| format!("{e:?}"))?;
    let mut sql = String::from(
        "SET client_min_messages = warning;\n\
         DROP TABLE IF EXISTS tx, issuer, psam_range, blacklist, verdict, day_group;\n\
         CREATE TABLE tx (upload int, sender int, record_no int, scheme char(1), issuer_id text, serial text, card_type int, \
         tti text, counter int, psam text, psam_txn text, balance bigint, amount bigint, list_price bigint, tdate date, \
         ttime time, key_version text, algorithm text, tac text, industry int, merchant int, line int, device int, city int, \
         grey int, test int);\n\
         CREATE TABLE issuer (scheme char(1), issuer_id text, member int, overdraft bigint, keys text[]);\n\
         CREATE TABLE psam_range (member int, from_no text, to_no text, state text);\n\
         CREATE TABLE blacklist (scheme char(1), issuer_id text, serial text, listed_at timestamp);\n",
    );
    for i in &scheme.issuers {
        let overdraft = i.overdraft_limit_fen.0;
        let keys: Vec<String> =
            i.keys.iter().map(|(version, algorithm)| format!("{:02X}{:02}", version.0, algorithm.code())).collect();
        sql.push_str(&format!(
            "INSERT INTO issuer VALUES ('{}', '{}', {}, {overdraft}, '{{{}}}');\n",
            i.scheme,
            i.issuer_id,
            i.member.0,
            keys.join(",")
        ));
    }
    for r in &scheme.psam_ranges {
        let state = format!("{:?}", r.state).to_lowercase();
        sql.push_str(&format!(
            "INSERT INTO psam_range VALUES ({}, '{}', '{}', '{state}');\n",
            r.member.0, r.from, r.to
        ));
    }
    for b in &scheme.blacklist {
        let serial = b.application_serial;
        sql.push_str(&format!(
            "INSERT INTO blacklist VALUES ('{}', '{}', '{serial}', '{}');\n",
            b.scheme, b.issuer_id, b.listed_at
        ));
    }
    sql.push_str("ANALYZE;\n");
    fs::write(tables, sql).map_err(|e| e.to_string())
}
