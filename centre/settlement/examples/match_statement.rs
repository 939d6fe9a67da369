//! Reads a bank statement of a million lines and matches it, beside PostgreSQL that only matches, in SQL.
//!
//! `cargo run --release -p tongka-settlement --example match_statement [LINES]`

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use tongka_settlement::matching::{Expected, Line, Outcome, match_lines};
use tongka_testkit::Postgres;
use tongka_wire::iso20022::{IsoError, stream_statements};

type Outcomes = [usize; 3];

/// What the books expect, and the line that the bank has of it: some by their id, some with it in the remittance, some
/// without any; some with another amount, some that the books do not know.
struct One {
    reference: String,
    amount: i64,
    line_reference: Option<String>,
    remittance: String,
    line_amount: i64,
}

fn one(n: u64) -> One {
    let reference = format!("TK20260915{n:08}");
    let amount = 100 + (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 34) as i64;
    let (line_reference, remittance, line_amount) = match n % 100 {
        0..70 => (Some(reference.clone()), "清算资金".to_owned(), amount),
        70..85 => (None, format!("清算资金 {reference}"), amount),
        85..95 => (None, "清算资金".to_owned(), amount),
        95..98 => (Some(reference.clone()), "清算资金".to_owned(), amount + 1),
        _ => (Some(format!("XX{n}")), "他行来账".to_owned(), amount),
    };
    One { reference, amount, line_reference, remittance, line_amount }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lines: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |n| n.parse())?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("statement.xml");
    let fen = write_statement(&file, lines)?;
    let bytes = std::fs::metadata(&file)?.len();
    println!("{lines} 条明细 lines, {} MB, {fen} fen", bytes / 1_000_000);

    let started = Instant::now();
    let books: Vec<(String, i64)> = (0..lines).map(one).map(|o| (o.reference, o.amount)).collect();
    let expected: Vec<Expected<'_>> =
        books.iter().map(|(reference, amount)| Expected { reference, amount: *amount, day: 20_711 }).collect();
    println!("{:>8} ms  备好应有项 what the books expect", started.elapsed().as_millis());

    let started = Instant::now();
    let mut entries = Vec::new();
    let input = BufReader::with_capacity(1 << 20, File::open(&file)?);
    stream_statements::<IsoError>(
        input,
        |entry| {
            entries.push(entry);
            Ok(())
        },
        |_| Ok(()),
    )?;
    let read_ms = started.elapsed().as_millis();
    let started = Instant::now();
    let found: Vec<Line<'_>> = entries
        .iter()
        .map(|e| Line {
            reference: e.reference.as_deref(),
            bank_reference: e.bank_reference.as_deref(),
            remittance: &e.remittance,
            amount: if e.is_credit { e.amount.0 } else { -e.amount.0 },
            day: 20_711,
        })
        .collect();
    let matching = match_lines(&expected, &found);
    let match_ms = started.elapsed().as_millis();
    let mut outcomes: Outcomes = [0; 3];
    for outcome in &matching.lines {
        outcomes[match outcome {
            Outcome::Matched(..) => 0,
            Outcome::Different(..) | Outcome::Twice(_) => 1,
            Outcome::Missing => 2,
        }] += 1;
    }
    println!("{read_ms:>8} ms  读取并核算 read, checked and added up");
    println!(
        "{match_ms:>8} ms  匹配 matched: {outcomes:?} matched, different, missing; {} unclaimed",
        matching.unclaimed.len()
    );
    println!("{:>8} MB  峰值内存 peak memory", peak_memory_mb());
    baseline(dir.path(), lines, outcomes)
}

fn write_statement(path: &Path, lines: u64) -> std::io::Result<i64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let total: i64 = (0..lines).map(|n| one(n).line_amount).sum();
    let balance = |kind: &str, fen: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{}.{:02}</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
             <Dt><Dt>2026-09-15</Dt></Dt></Bal>",
            fen / 100,
            fen % 100
        )
    };
    write!(
        out,
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId>\
         <CreDtTm>2026-09-15T20:00:00+08:00</CreDtTm></GrpHdr><Stmt><Id>S</Id><Acct><Id><Othr><Id>6222001</Id></Othr></Id>\
         </Acct>{}{}",
        balance("OPBD", 0),
        balance("CLBD", total)
    )?;
    for n in 0..lines {
        let One { line_reference, remittance, line_amount, .. } = one(n);
        let reference =
            line_reference.map(|r| format!("<Refs><EndToEndId>{r}</EndToEndId></Refs>")).unwrap_or_default();
        write!(
            out,
            "<Ntry><Amt Ccy=\"CNY\">{}.{:02}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt>\
             <Dt>2026-09-15</Dt></BookgDt><AcctSvcrRef>BK{n}</AcctSvcrRef><NtryDtls><TxDtls>{reference}\
             <RmtInf><Ustrd>{remittance}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
            line_amount / 100,
            line_amount % 100
        )?;
    }
    write!(out, "</Stmt></BkToCstmrStmt></Document>")?;
    out.flush()?;
    Ok(total)
}

fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1_000
}

/// The same three rules in SQL over tables that are loaded and analysed before the clock starts.
const RULES: &str = "
UPDATE line SET found = e.id, rule = 1 FROM expected e WHERE e.reference = line.reference;
UPDATE line SET found = e.id, rule = 2 FROM expected e WHERE line.found IS NULL AND line.remittance LIKE '清算资金 %'
    AND e.reference = split_part(line.remittance, ' ', 2);
UPDATE line SET found = pair.expected, rule = 3 FROM (
    SELECT l.id AS line, e.id AS expected FROM
    (SELECT amount, MIN(id) AS id FROM line WHERE found IS NULL AND reference IS NULL GROUP BY amount HAVING COUNT(*) = 1) l
    JOIN (SELECT amount, MIN(id) AS id FROM expected WHERE NOT EXISTS (SELECT 1 FROM line WHERE line.found = expected.id)
          GROUP BY amount HAVING COUNT(*) = 1) e ON e.amount = l.amount) pair WHERE pair.line = line.id;
";

fn baseline(dir: &Path, lines: u64, outcomes: Outcomes) -> Result<(), Box<dyn std::error::Error>> {
    let server = Postgres::start()?;
    let url = server.url();
    let psql = |args: &[&str]| -> Result<String, Box<dyn std::error::Error>> {
        let output =
            Command::new("psql").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", &url]).args(args).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    let (books, bank) = (dir.join("expected.csv"), dir.join("line.csv"));
    let mut out = [BufWriter::new(File::create(&books)?), BufWriter::new(File::create(&bank)?)];
    for n in 0..lines {
        let o = one(n);
        writeln!(out[0], "{n},{},{}", o.reference, o.amount)?;
        writeln!(out[1], "{n},{},{},{},,", o.line_reference.unwrap_or_default(), o.remittance, o.line_amount)?;
    }
    out.iter_mut().try_for_each(Write::flush)?;
    psql(&["-c", "CREATE TABLE expected (id BIGINT PRIMARY KEY, reference TEXT UNIQUE, amount BIGINT)"])?;
    psql(&[
        "-c",
        "CREATE TABLE line (id BIGINT PRIMARY KEY, reference TEXT, remittance TEXT, amount BIGINT, found BIGINT, rule INT)",
    ])?;
    psql(&["-c", &format!("\\copy expected FROM '{}' CSV", books.display())])?;
    psql(&["-c", &format!("\\copy line FROM '{}' CSV", bank.display())])?;
    psql(&["-c", "ANALYZE"])?;
    let rules = dir.join("rules.sql");
    std::fs::write(&rules, RULES)?;
    let started = Instant::now();
    psql(&["-f", &rules.display().to_string()])?;
    println!("{:>8} ms  PostgreSQL，三条规则 the three rules, tables loaded before", started.elapsed().as_millis());
    let counts = "SELECT COUNT(*) FILTER (WHERE e.amount = l.amount), COUNT(*) FILTER (WHERE e.amount <> l.amount), \
                  COUNT(*) FILTER (WHERE e.id IS NULL) FROM line l LEFT JOIN expected e ON e.id = l.found";
    let told = psql(&["-c", counts])?;
    let same = told == outcomes.map(|n| n.to_string()).join("|");
    println!("{}", if same { "结果相同 the same outcomes" } else { "结果不同 OTHER OUTCOMES" });
    if same { Ok(()) } else { Err(told.into()) }
}
