//! `bench`: one clearing day, run by Tongka and, as a baseline, by PostgreSQL in SQL, in the same call.

use crate::{Outcome, build_release, root};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use tongka_testkit::Postgres;

const DATE: &str = "2026-09-01";

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
    // What the simulation wrote must not be written back to disk on the time of those who are measured.
    crate::run("落盘 sync", &mut Command::new("sync"))?;

    let run_day = ["--json", "centre", "run-day", "--scheme", "bench/scheme.toml", "--date", DATE];
    let folders = ["--inbox", "bench/inbox", "--outbox", "bench/outbox", "--data", "bench/data"];
    let started = Instant::now();
    let output =
        Command::new(&tongka).args(run_day).args(folders).current_dir(root()).output().map_err(|e| e.to_string())?;
    let tongka_ms = started.elapsed().as_millis() as u64;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|e| format!("run-day: {e}"))?;
    let accepted =
        report["verdicts"].as_array().and_then(|v| v.iter().find(|v| v["reason"] == "00")).map(|v| v["count"].clone());
    if !output.status.success() || accepted != Some(records.into()) {
        return Err(format!("run-day accepted {accepted:?} of {records}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    crate::run("落盘 sync", &mut Command::new("sync"))?;

    let baseline_ms = baseline(&dir)?;
    let rate = |ms: u64| records * 1000 / ms.max(1);
    println!("\n                 记录/秒 records/s   用时 ms");
    println!("Tongka           {:>17}   {tongka_ms}", rate(tongka_ms));
    println!("PostgreSQL       {:>17}   {baseline_ms}", rate(baseline_ms));
    println!("倍数 ratio       {:>15}.{}", baseline_ms / tongka_ms.max(1), baseline_ms * 10 / tongka_ms.max(1) % 10);
    println!("峰值内存 peak    {:>15} MB", report["peak_memory_bytes"].as_u64().unwrap_or(0) / 1_000_000);
    println!("各步 steps ms    {}", report["step_ms"]);
    fs::remove_dir_all(&dir).map_err(|e| e.to_string())
}

/// COPY, unique index, checks and sums in SQL. Preparing the CSV and starting the server are not timed.
fn baseline(dir: &Path) -> Result<u64, String> {
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
    psql(&["-f", &tables.display().to_string()])?;
    let started = Instant::now();
    psql(&["-c", &format!("\\copy tx FROM '{}' CSV", csv.display())])?;
    psql(&["-c", "CREATE UNIQUE INDEX tx_card ON tx (scheme, issuer_id, serial, counter)"])?;
    psql(&["-c", "CREATE UNIQUE INDEX tx_psam ON tx (psam, psam_txn)"])?;
    psql(&["-c", CHECKS])?;
    psql(&["-c", GROUPS])?;
    let ms = started.elapsed().as_millis() as u64;
    println!("✓ PostgreSQL 基线 baseline ({} s)", ms / 1000);
    Ok(ms)
}

const CHECKS: &str = "CREATE TABLE verdict AS SELECT t.sender, t.upload, t.record_no, i.member AS issuer, t.industry, t.amount, \
    CASE WHEN i.member IS NULL THEN 3 \
    WHEN r.state IS NULL OR r.state = 'stopped' THEN 2 \
    WHEN t.test = 1 OR t.card_type = 4 OR r.state = 'test' THEN 12 \
    WHEN t.tdate > DATE '2026-09-01' THEN 11 \
    WHEN t.tdate < DATE '2026-09-01' - 30 THEN 18 \
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
        "CREATE TABLE tx (upload int, sender int, record_no int, scheme char(1), issuer_id text, serial text, card_type int, \
         tti text, counter int, psam text, psam_txn text, balance bigint, amount bigint, list_price bigint, tdate date, \
         ttime time, key_version text, algorithm text, tac text, industry int, merchant int, line int, device int, city int, \
         grey int, test int);\n\
         CREATE TABLE issuer (scheme char(1), issuer_id text, member int, overdraft bigint);\n\
         CREATE TABLE psam_range (member int, from_no text, to_no text, state text);\n\
         CREATE TABLE blacklist (scheme char(1), issuer_id text, serial text, listed_at timestamp);\n",
    );
    for i in &scheme.issuers {
        let overdraft = i.overdraft_limit_fen.0;
        sql.push_str(&format!(
            "INSERT INTO issuer VALUES ('{}', '{}', {}, {overdraft});\n",
            i.scheme, i.issuer_id, i.member.0
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
