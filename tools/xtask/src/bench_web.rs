//! `bench --web`: the server with lists of a million rows, asked 200 times a second, beside a path that does nothing.

#![expect(clippy::float_arithmetic, reason = "times for people to read")]

use crate::{Outcome, build_release, root};
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROWS: u64 = 1_000_000;
const PER_SECOND: u64 = 200;
const SECONDS: u64 = 20;
const THREADS: usize = 16;
const PASSWORD: &str = "a-million-rows-2026";

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn run() -> Outcome {
    println!("基准：{ROWS} 行的列表，每秒 {PER_SECOND} 次请求，{SECONDS} 秒；空闲内存；导出");
    println!("Bench: lists of {ROWS} rows, {PER_SECOND} requests a second for {SECONDS} s; idle memory; exports\n");
    let tongka = build_release()?;
    let dir = root().join("bench-web");
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(|e| e.to_string())?;
    }
    let day = ["simulate", "day", "--date", "2026-09-01", "--members", "40", "--records", "100000", "--seed", "1"];
    crate::run("模拟 simulate", Command::new(&tongka).args(day).args(["--out", "bench-web"]))?;
    let folders = ["--inbox", "bench-web/inbox", "--outbox", "bench-web/outbox", "--data", "bench-web/data"];
    let run_day = ["centre", "run-day", "--scheme", "bench-web/scheme.toml", "--date", "2026-09-01"];
    crate::run("清算日 clearing day", Command::new(&tongka).args(run_day).args(folders).stdout(Stdio::null()))?;
    long_blacklist(&dir)?;
    fs::write(dir.join("password"), PASSWORD).map_err(|e| e.to_string())?;
    let account = ["account", "add", "--data", "bench-web/data", "--login", "bench", "--name", "bench"];
    let account_2 = ["--person", "B1", "--owner", "centre", "--role", "operator"];
    let add = |command: &mut Command| crate::run("账号 account", command);
    add(Command::new(&tongka).args(account).args(account_2).args(["--password-file", "bench-web/password"]))?;
    let server = serve(&tongka, &dir)?;
    // What starting took is given back before memory is looked at.
    std::thread::sleep(Duration::from_secs(3));
    let idle = memory(&server.child, "VmRSS")?;
    let session = log_in(&server)?;
    first_pages(&server, &session)?;

    println!("\n        p50      p95      p99      max   毫秒 ms");
    let nothing = measure(&server, &session, &["/../../healthz".to_owned()])?;
    line("/healthz：什么也不做 does nothing", &nothing);
    let lists = paths(&server, &session)?;
    line(&format!("{} 种列表查询 list queries", lists.len()), &measure(&server, &session, &lists)?);
    for path in &lists {
        let one = Instant::now();
        get(&server, &session, path)?;
        println!("{:>10.1} ms   {path}", one.elapsed().as_secs_f64() * 1000.0);
    }
    println!("\n空闲内存 idle memory {idle} MB，请求后 after the requests {} MB", memory(&server.child, "VmRSS")?);
    for format in ["csv", "xlsx"] {
        // From here on the peak is the export's, not that of filling the book.
        fs::write(format!("/proc/{}/clear_refs", server.child.id()), "5").map_err(|e| e.to_string())?;
        let started = Instant::now();
        let bytes = get(&server, &session, &format!("/blacklist/export?format={format}"))?;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "导出 export {format}: {ROWS} 行 rows，{} MB，{seconds:.1} s，{:.0} 行/秒 rows/s，峰值内存 peak memory {} MB",
            bytes / 1_000_000,
            ROWS as f64 / seconds,
            memory(&server.child, "VmHWM")?
        );
    }
    drop(server);
    fs::remove_dir_all(&dir).map_err(|e| e.to_string())
}

/// The scheme of the simulated day with a million cards on its blacklist, where the server looks for it.
fn long_blacklist(dir: &Path) -> Outcome {
    let mut text = fs::read_to_string(dir.join("scheme.toml")).map_err(|e| e.to_string())?;
    let scheme = tongka_scheme::parse(&text, "scheme.toml").map_err(|e| e[0].to_string())?;
    let issuers: Vec<_> = scheme.issuers.iter().map(|i| (i.scheme, i.issuer_id)).collect();
    for n in 0..ROWS {
        let (card_scheme, issuer) = &issuers[(n % issuers.len() as u64) as usize];
        let _ = write!(
            text,
            "\n[[blacklist]]\nscheme = \"{card_scheme}\"\nissuer_id = \"{issuer}\"\napplication_serial = \"0319{n:016}\"\n\
             listed_at = \"2026-{:02}-{:02}T{:02}:00:00\"\n",
            n % 8 + 1,
            n % 28 + 1,
            n % 24
        );
    }
    fs::write(dir.join("data/scheme.toml"), text).map_err(|e| e.to_string())
}

fn serve(tongka: &Path, dir: &Path) -> Result<Server, String> {
    println!("▶ 启动服务器并装入规则簿 start the server and fill its scheme book");
    let started = Instant::now();
    let mut command = Command::new(tongka);
    command.args(["serve", "--data", "data", "--listen", "127.0.0.1:0"]).current_dir(dir).stderr(Stdio::piped());
    command.env("TONGKA_LIMITS__REQUESTS_PER_SECOND", "100000").env("TONGKA_LIMITS__BURST", "100000");
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let address = loop {
        let line = lines.next().ok_or("the server ended")?.map_err(|e| e.to_string())?;
        if let Some((_, address)) = line.split_once("http://") {
            break format!("http://{address}");
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    println!("✓ {address} ({} s)", started.elapsed().as_secs());
    Ok(Server { child, address })
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(600))).build().into()
}

fn log_in(server: &Server) -> Result<String, String> {
    let body = serde_json::json!({ "login": "bench", "password": PASSWORD }).to_string();
    let url = format!("{}/api/v1/sessions", server.address);
    let response = agent().post(&url).header("content-type", "application/json").send(body);
    let response = response.map_err(|e| format!("log in: {e}"))?;
    let cookie = response.headers().get("set-cookie").and_then(|c| c.to_str().ok()).unwrap_or_default();
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

thread_local! {
    static AGENT: ureq::Agent = agent();
}

/// Gets a path and returns the number of its bytes.
fn get(server: &Server, session: &str, path: &str) -> Result<u64, String> {
    let url = match path.strip_prefix("/../..") {
        Some(plain) => format!("{}{plain}", server.address),
        None => format!("{}/api/v1{path}", server.address),
    };
    AGENT.with(|agent| {
        let response = agent.get(&url).header("cookie", session).call().map_err(|e| format!("{path}: {e}"))?;
        let mut body = response.into_body().into_reader();
        std::io::copy(&mut body, &mut std::io::sink()).map_err(|e| format!("{path}: {e}"))
    })
}

fn page(server: &Server, session: &str, path: &str) -> Result<serde_json::Value, String> {
    let url = format!("{}/api/v1{path}", server.address);
    let response = agent().get(&url).header("cookie", session).call().map_err(|e| format!("{path}: {e}"))?;
    let mut text = String::new();
    response.into_body().into_reader().read_to_string(&mut text).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

/// Pages from the start, the middle of a walk, filtered and sorted, as people ask for them.
fn paths(server: &Server, session: &str) -> Result<Vec<String>, String> {
    let mut paths: Vec<String> = [
        "/blacklist?limit=50",
        "/blacklist?limit=50&sort=listed_at",
        "/blacklist?limit=50&sort=-id",
        "/blacklist?limit=50&listed_at.from=2026-03-01&listed_at.to=2026-03-02",
        "/blacklist?limit=200&sort=-listed_at",
        "/uploads?limit=50",
        "/members?limit=50",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut cursor = String::new();
    for step in 0..10 {
        let next = page(server, session, &format!("/blacklist?limit=500{cursor}"))?;
        let text = next["next_cursor"].as_str().ok_or("a million rows have a next page")?.to_owned();
        cursor = format!("&cursor={text}");
        if step % 5 == 4 {
            paths.push(format!("/blacklist?limit=500{cursor}"));
        }
    }
    let issuer = page(server, session, "/blacklist?limit=1")?["items"][0]["issuer_id"].clone();
    paths.push(format!("/blacklist?limit=50&issuer_id={}", issuer.as_str().unwrap_or_default()));
    Ok(paths)
}

/// The first answer of every list, so that caches are as warm as in a working day.
fn first_pages(server: &Server, session: &str) -> Outcome {
    let lists = page(server, session, "/lists")?;
    for list in lists["lists"].as_array().into_iter().flatten() {
        get(server, session, &format!("/{}?limit=50", list["name"].as_str().unwrap_or_default()))?;
    }
    Ok(())
}

/// Latencies in milliseconds, ordered. Each request has its moment; one that begins late because others were slow has
/// waited since that moment.
fn measure(server: &Server, session: &str, paths: &[String]) -> Result<Vec<f64>, String> {
    let (next, begun) = (AtomicU64::new(0), Instant::now());
    let work = || -> Result<Vec<f64>, String> {
        let mut told = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= PER_SECOND * SECONDS {
                return Ok(told);
            }
            let due = Duration::from_micros(n * 1_000_000 / PER_SECOND);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            get(server, session, &paths[(n % paths.len() as u64) as usize])?;
            told.push((begun.elapsed() - due).as_secs_f64() * 1000.0);
        }
    };
    let mut all = Vec::new();
    std::thread::scope(|scope| -> Outcome {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a thread ended early")??);
        }
        Ok(())
    })?;
    all.sort_by(f64::total_cmp);
    Ok(all)
}

fn line(what: &str, sorted: &[f64]) {
    let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part) as usize];
    println!("{:>11.1} {:>8.1} {:>8.1} {:>8.1}   {what}", at(0.5), at(0.95), at(0.99), at(1.0));
}

/// Memory of a process in MB, as the system counts it.
fn memory(child: &Child, what: &str) -> Result<u64, String> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).map_err(|e| e.to_string())?;
    let line = status.lines().find_map(|l| l.strip_prefix(what)).unwrap_or_default();
    let kb: u64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").trim().parse().unwrap_or(0);
    Ok(kb / 1000)
}
