//! A hundred members at the front at once, half by SFTP, half by HTTPS: bytes a second, and how long receipts take.
//!
//! `cargo run --release --package tongka-link-client --example front_load -- --tongka EXECUTABLE --dir FOLDER
//! [--members 100] [--records 4000000] [--files 1]`
//!
//! First all members send one large file each while no clearing date is open. Then, on a server of its own with an open
//! date, each sends files of 10,000 records, one after the other, and waits for nothing; the time from the
//! acknowledged end of a file to its receipt in the outbox is told. As a baseline the same bytes are written to the same
//! disk by as many threads, each file synced. The folder is removed in the end.

#![expect(clippy::float_arithmetic, reason = "figures for people to read")]

use base64::Engine as _;
use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tongka_base::SystemClock;
use tongka_link::accounts::key_fingerprint;
use tongka_link::client::{HttpsTarget, Remote, Sending, SftpTarget, Signing, Target};
use tongka_link::disk::Content;
use tongka_link::sftp::host_keys;
use tongka_wire::FileName;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PASSWORD: &str = "a-hundred-members-2026";
const RECEIPT_RECORDS: u64 = 10_000;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1)).cloned();
    let tongka = PathBuf::from(value("--tongka").ok_or("--tongka EXECUTABLE")?);
    let dir = PathBuf::from(value("--dir").ok_or("--dir FOLDER")?);
    let members: u64 = value("--members").map_or(Ok(100), |n| n.parse())?;
    let records: u64 = value("--records").map_or(Ok(4_000_000), |n| n.parse())?;
    let files: u64 = value("--files").map_or(Ok(1), |n| n.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;

    println!("{members} 个成员同时上送，一半 SFTP，一半 HTTPS / members sending at once, half SFTP, half HTTPS");
    let ground = Ground::new(&tongka, &dir.join("bulk"), members, records, 1_000_000)?;
    let bytes: u64 =
        ground.files.iter().flat_map(|(_, files)| files).map(|f| f.metadata().map_or(0, |m| m.len())).sum();
    let written = baseline(&ground.files, &dir.join("baseline"))?;
    let started = Instant::now();
    let sent = runtime.block_on(send_all(&ground))?;
    let took = started.elapsed().as_secs_f64();
    ground.check()?;
    let rate = |seconds: f64| bytes as f64 / 1e6 / seconds;
    println!(
        "{:>10.1} MB/s   {} 个文件，{} MB，全部落盘并交清算 files, all durable and handed over",
        rate(took),
        sent.len(),
        bytes / 1_000_000
    );
    println!(
        "{:>10.1} MB/s   基准：同样字节，同样线程数，逐个落盘 the same bytes written and synced by as many threads",
        rate(written)
    );
    println!("峰值内存 peak memory of the server {} MB", ground.server.peak_memory()?);
    drop(ground);
    fs::remove_dir_all(dir.join("bulk"))?;

    let ground =
        Ground::new(&tongka, &dir.join("receipts"), members, members * RECEIPT_RECORDS * files, RECEIPT_RECORDS)?;
    ground.open_date()?;
    let sent = runtime.block_on(send_all(&ground))?;
    let mut waits = ground.receipts(sent)?;
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)];
    println!(
        "回执 receipts of {} files of {RECEIPT_RECORDS} records: p50 {} ms, p99 {} ms, max {} ms",
        waits.len(),
        at(50),
        at(99),
        waits.last().copied().unwrap_or_default()
    );
    drop(ground);
    fs::remove_dir_all(&dir)?;
    Ok(())
}

/// A server of its own with its members, their keys and files.
struct Ground {
    dir: PathBuf,
    server: Server,
    /// By member, its files in the order of sending.
    files: Vec<(String, Vec<PathBuf>)>,
    targets: HashMap<String, Target>,
}

struct Server {
    child: Child,
    http: String,
    sftp: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(tongka: &Path, dir: &Path) -> Outcome<Self> {
        let config = "listen = \"127.0.0.1:0\"\ndata = \"data\"\n[front]\nsftp = \"127.0.0.1:0\"\n\
                      connections_per_address = 512\n\
                      [limits]\nrequests_per_second = 1000\nburst = 1000\nupload_bytes = 300000000\n";
        fs::write(dir.join("tongka.toml"), config)?;
        let mut child = Command::new(tongka)
            .args(["serve", "--config", "tongka.toml"])
            .current_dir(dir)
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let mut sftp = String::new();
        let http = loop {
            let line = lines.next().ok_or("the server does not say where it is")??;
            if let Some((_, address)) = line.split_once("SFTP: ") {
                address.clone_into(&mut sftp);
            }
            if let Some((_, address)) = line.split_once("http://") {
                break format!("http://{address}");
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, http, sftp })
    }

    fn peak_memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("VmHWM")?;
        let kib: u64 = line.split_ascii_whitespace().nth(1).ok_or("VmHWM")?.parse()?;
        Ok(kib * 1024 / 1_000_000)
    }
}

fn run(tongka: &Path, dir: &Path, args: &[&str]) -> Outcome<()> {
    let output = Command::new(tongka).args(args).current_dir(dir).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

impl Ground {
    fn new(tongka: &Path, dir: &Path, members: u64, records: u64, per_file: u64) -> Outcome<Self> {
        fs::create_dir_all(dir.join("data"))?;
        let (members, records, per_file) = (members.to_string(), records.to_string(), per_file.to_string());
        let plan = ["simulate", "day", "--date", "2026-09-01", "--seed", "1", "--out", "day"];
        let size = ["--members", &members, "--records", &records, "--max-records-per-file", &per_file];
        run(tongka, dir, &[&plan[..], &size].concat())?;
        fs::copy(dir.join("day/scheme.toml"), dir.join("data/scheme.toml"))?;
        fs::write(dir.join("password"), PASSWORD)?;
        let mut by_member: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for entry in fs::read_dir(dir.join("day/inbox"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            by_member.entry(name[13..21].to_owned()).or_default().push(path);
        }
        let mut files: Vec<_> = by_member.into_iter().collect();
        files.iter_mut().for_each(|(_, files)| files.sort());
        files.sort();
        let account = |login: &str, owner: &str, role: &str| {
            let who = ["account", "add", "--data", "data", "--login", login, "--name", login, "--person", login];
            run(tongka, dir, &[&who[..], &["--owner", owner, "--role", role, "--password-file", "password"]].concat())
        };
        account("system", "centre", "system-admin")?;
        account("operator", "centre", "operator")?;
        for (at, (member, _)) in files.iter().enumerate() {
            let login = format!("m{member}");
            if at % 2 == 0 {
                let key = format!("{login}.key");
                let made = ["-q", "-t", "ed25519", "-N", "", "-f", &key];
                Command::new("ssh-keygen").args(made).current_dir(dir).status()?;
                run(tongka, dir, &["front", "add", "--data", "data", "--login", &login, "--member", member])?;
                let public = format!("{key}.pub");
                let days = ["--from", "2026-01-01", "--to", "2099-12-31", "--public-key", &public];
                run(tongka, dir, &[&["front", "key", "--data", "data", "--login", &login][..], &days].concat())?;
            } else {
                account(&login, &format!("member:{member}"), "member-operator")?;
            }
        }
        let server = Server::start(tongka, dir)?;
        let mut ground = Self { dir: dir.to_owned(), server, files, targets: HashMap::new() };
        ground.targets = ground.targets()?;
        Ok(ground)
    }

    fn targets(&self) -> Outcome<HashMap<String, Target>> {
        let hosts = host_keys(&self.dir.join("data/front"))?;
        let host_keys: Vec<String> = hosts.iter().map(|key| key_fingerprint(key.public_key())).collect();
        let system = Session::log_in(&self.server.http, "system")?;
        let accounts = system.get("/accounts?limit=500")?;
        let mut targets = HashMap::new();
        for (at, (member, _)) in self.files.iter().enumerate() {
            let login = format!("m{member}");
            let timeout = Duration::from_secs(120);
            let target = if at % 2 == 0 {
                Target::Sftp(SftpTarget {
                    address: self.server.sftp.clone(),
                    key: Some(self.dir.join(format!("{login}.key"))),
                    login,
                    host_keys: host_keys.clone(),
                    secret: None,
                    timeout,
                })
            } else {
                let rows = accounts["items"].as_array().ok_or("accounts")?;
                let id = rows.iter().find(|row| row["login"] == login.as_str()).ok_or("account")?["id"].clone();
                let made = system.post("/api-keys", &serde_json::json!({ "account": id, "name": "link" }))?;
                let secret = made["secret"].as_str().ok_or_else(|| made.to_string())?;
                Target::Https(HttpsTarget {
                    url: self.server.http.clone(),
                    authorities: None,
                    key: made["id"].as_str().ok_or("id")?.to_owned(),
                    signing: Signing::Hmac(base64::engine::general_purpose::STANDARD.decode(secret)?.into()),
                    timeout,
                    clock: Arc::new(SystemClock),
                })
            };
            targets.insert(member.clone(), target);
        }
        Ok(targets)
    }

    fn open_date(&self) -> Outcome<()> {
        let operator = Session::log_in(&self.server.http, "operator")?;
        let asked = operator.post("/clearing-days", &serde_json::json!({ "date": "2026-09-01" }))?;
        let job = format!("/jobs/{}", asked["job"]);
        while operator.get(&job)?["state"] != "done" {
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Every file that was sent is in the centre's inbox with its bytes.
    fn check(&self) -> Outcome<()> {
        let mut same = 0;
        for path in self.files.iter().flat_map(|(_, files)| files) {
            let there = self.dir.join("data/inbox").join(path.file_name().ok_or("a file has a name")?);
            same += usize::from(fs::read(&there)? == fs::read(path)?);
        }
        let all: usize = self.files.iter().map(|(_, files)| files.len()).sum();
        if same == all { Ok(()) } else { Err(format!("{same} of {all} files arrived as they were sent").into()) }
    }

    /// Waits for all receipts; milliseconds from the end of each upload to its receipt.
    fn receipts(&self, sent: Vec<(FileName, std::time::SystemTime)>) -> Outcome<Vec<u64>> {
        let deadline = Instant::now() + Duration::from_secs(300);
        let mut seen = HashMap::new();
        while seen.len() < sent.len() {
            for (member, _) in &self.files {
                for entry in fs::read_dir(self.dir.join("data/outbox").join(member)).into_iter().flatten().flatten() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    if name.starts_with("TXR_") && name.ends_with(".dat") && !seen.contains_key(&name) {
                        let bytes = fs::read(entry.path())?;
                        let Some(line) = bytes.get(143..) else { continue };
                        let receipt = tongka_wire::parse_txr(line)?;
                        seen.insert(name, (receipt.upload_name, entry.metadata()?.modified()?));
                    }
                }
            }
            if Instant::now() > deadline {
                return Err(format!("{} of {} receipts after 300 s", seen.len(), sent.len()).into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let made: HashMap<String, std::time::SystemTime> = seen.into_values().collect();
        let wait = |(name, at): (FileName, std::time::SystemTime)| {
            made.get(&name.to_string()).map(|made| made.duration_since(at).unwrap_or_default().as_millis() as u64)
        };
        sent.into_iter().map(|one| wait(one).ok_or_else(|| "a receipt of another file".into())).collect()
    }
}

/// All members at once, each its files one after the other.
async fn send_all(ground: &Ground) -> Outcome<Vec<(FileName, std::time::SystemTime)>> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let mut work = tokio::task::JoinSet::new();
    for (member, files) in ground.files.clone() {
        let (target, sent) = (ground.targets[&member].clone(), Arc::clone(&sent));
        work.spawn(async move {
            let remote = Remote::connect(&target).await?;
            for path in files {
                let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let (name, signature) = match shown.strip_suffix(".sig") {
                    Some(name) => (FileName::parse(name)?, true),
                    None => (FileName::parse(&shown)?, false),
                };
                let read = path.clone();
                let content = tokio::task::spawn_blocking(move || {
                    fs::File::open(read).and_then(|mut file| Content::of(&mut file))
                });
                let fingerprint = content.await??.fingerprint();
                let file = Sending { path: &path, name, signature, fingerprint: &fingerprint };
                remote.send(&file, &|_| ()).await?;
                let mut sent = sent.lock().expect("nothing panics with it");
                // Where a signature is due, the file is with the centre when that came.
                match sent.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, at)) => *at = std::time::SystemTime::now(),
                    None => sent.push((name, std::time::SystemTime::now())),
                }
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        });
    }
    while let Some(done) = work.join_next().await {
        done??;
    }
    let sent = Arc::into_inner(sent).ok_or("still sending")?;
    Ok(sent.into_inner().expect("nothing panics with it"))
}

/// The same bytes written by as many threads, each file synced: seconds.
fn baseline(files: &[(String, Vec<PathBuf>)], dir: &Path) -> Outcome<f64> {
    fs::create_dir_all(dir)?;
    let started = Instant::now();
    let outcomes: Vec<Outcome<()>> = std::thread::scope(|scope| {
        let write = |own: &Vec<PathBuf>| -> Outcome<()> {
            for path in own {
                let bytes = fs::read(path)?;
                let mut file = fs::File::create(dir.join(path.file_name().ok_or("a name")?))?;
                file.write_all(&bytes)?;
                file.sync_all()?;
            }
            Ok(())
        };
        let threads: Vec<_> = files.iter().map(|(_, own)| scope.spawn(move || write(own))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("panicked".into()))).collect()
    });
    outcomes.into_iter().collect::<Outcome<Vec<()>>>()?;
    let took = started.elapsed().as_secs_f64();
    fs::remove_dir_all(dir)?;
    Ok(took)
}

/// A session of somebody at the centre.
struct Session {
    agent: ureq::Agent,
    http: String,
    cookie: String,
    csrf: String,
}

impl Session {
    fn log_in(http: &str, login: &str) -> Outcome<Self> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let body = serde_json::json!({ "login": login, "password": PASSWORD });
        let request = ureq::http::Request::post(format!("{http}/api/v1/sessions"))
            .header("content-type", "application/json")
            .body(body.to_string())?;
        let mut response = agent.run(request)?;
        let cookie = response.headers().get("set-cookie").ok_or("no session")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let told: serde_json::Value = serde_json::from_str(&response.body_mut().read_to_string()?)?;
        let csrf = told["csrf_token"].as_str().ok_or("no token")?.to_owned();
        Ok(Self { agent, http: http.to_owned(), cookie, csrf })
    }

    fn get(&self, path: &str) -> Outcome<serde_json::Value> {
        let request = ureq::http::Request::get(format!("{}/api/v1{path}", self.http)).header("cookie", &self.cookie);
        Ok(serde_json::from_str(&self.agent.run(request.body(())?)?.body_mut().read_to_string()?)?)
    }

    fn post(&self, path: &str, body: &serde_json::Value) -> Outcome<serde_json::Value> {
        let request = ureq::http::Request::post(format!("{}/api/v1{path}", self.http))
            .header("cookie", &self.cookie)
            .header("x-csrf-token", &self.csrf)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("bench-{:016x}", rand::random::<u64>()))
            .body(body.to_string())?;
        Ok(serde_json::from_str(&self.agent.run(request)?.body_mut().read_to_string()?)?)
    }
}
