//! Whole clearing days through the executable, as an operator runs them. What comes out is compared with what the
//! simulator knows by construction and, byte for byte, with the second implementation.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tongka_proof::{CarryOver, OutputMode, prove_day, read_inbox};

const TONGKA: &str = env!("CARGO_BIN_EXE_tongka");

fn tongka(args: &[&str], dir: &Path) -> Output {
    Command::new(TONGKA).args(args).current_dir(dir).output().unwrap()
}

fn ok(args: &[&str], dir: &Path) -> Value {
    let output = tongka(&[&["--json"], args].concat(), dir);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?}: {text} {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

fn refused(args: &[&str], dir: &Path, code: &str) {
    let output = tongka(args, dir);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains(code), "{args:?}: expected {code}, got {text}");
}

fn simulate(dir: &Path, name: &str, date: &str, records: u32, faults: &str) {
    let records = records.to_string();
    let plan = ["simulate", "day", "--date", date, "--members", "6", "--records", &records, "--seed", "11"];
    ok(&[&plan[..], &["--faults", faults, "--out", name]].concat(), dir);
}

fn run_args<'a>(scheme: &'a str, date: &'a str, inbox: &'a str) -> Vec<&'a str> {
    let folders = ["--inbox", inbox, "--outbox", "out", "--data", "data"];
    [&["centre", "run-day", "--scheme", scheme, "--date", date][..], &folders].concat()
}

/// Every published file by path, with its creation time blanked.
fn outbox(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for member in fs::read_dir(dir).unwrap().flatten() {
        for file in fs::read_dir(member.path()).unwrap().flatten() {
            let mut bytes = fs::read(file.path()).unwrap();
            bytes[63..77].fill(b'0');
            let path = format!("{}/{}", member.file_name().to_string_lossy(), file.file_name().to_string_lossy());
            files.insert(path, bytes);
        }
    }
    files
}

/// The ledger without its creation times and hashes, which depend on them.
fn books(dir: &Path, extra: &[&str]) -> Vec<String> {
    let ledger = ok(&[&["centre", "ledger", "--data", "data"], extra].concat(), dir);
    let line = |t: &Value| format!("{} {} {} {} {}", t["key"], t["debit"], t["credit"], t["amount_fen"], t["date"]);
    ledger["transfers"].as_array().unwrap().iter().map(line).collect()
}

/// What receipts and detail files of a date say: (upload, record no.) → verdict and reason. Malformed records, whose
/// number may be anything, are counted by upload under number 0 of the second map.
fn published_verdicts(dir: &Path, date: &str) -> (HashMap<(String, u32), String>, HashMap<String, u32>) {
    let (mut found, mut malformed) = (HashMap::new(), HashMap::new());
    for (path, bytes) in outbox(&dir.join("out")) {
        let name = path.rsplit('/').next().unwrap();
        if &name[4..12] != date {
            continue;
        }
        let body = &bytes[143..];
        let text = |b: &[u8]| String::from_utf8_lossy(b).trim().to_owned();
        match &name[..3] {
            "TXR" => {
                found.insert((text(&body[1..41]), 0), text(&body[41..44]));
            }
            "TXD" => {
                for line in body.chunks_exact(209) {
                    found.insert((text(&line[9..49]), text(&line[50..58]).parse().unwrap()), "A00".into());
                }
            }
            "TXE" => {
                for line in body.chunks_exact(204) {
                    let upload = text(&line[1..41]);
                    if line.ends_with(b"R01\r\n") {
                        *malformed.entry(upload).or_default() += 1;
                    } else {
                        found.insert((upload, text(&line[42..50]).parse().unwrap()), text(&line[199..202]));
                    }
                }
            }
            _ => {}
        }
    }
    (found, malformed)
}

#[test]
fn a_day_with_every_fault_matches_truth_and_the_second_implementation() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    simulate(dir, "day", "2026-09-01", 6_000, "5");
    let report = ok(&run_args("day/scheme.toml", "2026-09-01", "day/inbox"), dir);
    assert_eq!((&report["imbalance_fen"], &report["records"]), (&Value::from(0), &Value::from(6_000)));

    let truth = fs::read_to_string(dir.join("day/truth.csv")).unwrap();
    let (found, found_malformed) = published_verdicts(dir, "20260901");
    let (mut codes, mut wrong, mut malformed) = (BTreeSet::new(), Vec::new(), HashMap::new());
    for row in truth.lines().skip(1) {
        let [upload, number, verdict, reason]: [&str; 4] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
        codes.insert(format!("{verdict}{reason}"));
        let stands = found.get(&(upload.to_owned(), number.parse().unwrap()));
        if (verdict, reason) == ("R", "01") {
            *malformed.entry(upload.to_owned()).or_default() += 1;
        } else if !upload.starts_with("resend/") && stands != Some(&format!("{verdict}{reason}")) {
            wrong.push((row.to_owned(), stands.cloned()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong, first {:?}", wrong.len(), wrong.first());
    assert_eq!(found_malformed, malformed);
    for reason in tongka_base::Reason::ALL {
        assert!(codes.contains(&format!("{}{reason}", reason.verdict())), "the simulator covers {reason}");
    }
    for code in tongka_base::FileCode::ALL {
        assert!(codes.contains(code.code()), "the simulator covers {code}");
    }

    compare_with_second_implementation(dir, "day/scheme.toml", &[("2026-09-01", "day/inbox")]);
    for extra in [&[][..], &["--inbox", "day/inbox"]] {
        let proof = ok(&[&["centre", "prove", "--data", "data", "--date", "2026-09-01"], extra].concat(), dir);
        assert_eq!((&proof["ok"], &proof["raw_records"]), (&Value::Bool(true), &Value::from(6_000)));
    }
    assert_eq!(ok(&["ledger", "verify", "--data", "data"], dir)["ok"], true);
}

/// Runs the dates through the second implementation and compares every file of the outbox but for creation times.
fn compare_with_second_implementation(dir: &Path, scheme: &str, days: &[(&str, &str)]) {
    let text = fs::read_to_string(dir.join(scheme)).unwrap();
    let scheme = tongka_scheme::parse(&text, "scheme").unwrap();
    let mut carry = CarryOver::opening(&scheme);
    let mut expected = BTreeMap::new();
    for (date, inbox) in days {
        let date = tongka_base::date::parse_date_lenient(date).unwrap();
        let input = carry.input(&scheme, date, Default::default(), &[], OutputMode::Keep);
        let outcome = prove_day(&input, &read_inbox(&dir.join(inbox)).unwrap()).unwrap();
        for (path, file) in &outcome.result_files {
            let mut bytes = file.bytes().unwrap();
            bytes[63..77].fill(b'0');
            expected.insert(path.clone(), bytes);
        }
        carry.carry(&outcome);
    }
    let found = outbox(&dir.join("out"));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    for (path, bytes) in &expected {
        assert!(&found[path] == bytes, "{path} differs");
    }
}

fn copy_all(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap().flatten() {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn dates_in_sequence_share_history_and_a_closed_one_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    simulate(dir, "d1", "2026-09-01", 3_000, "4");
    simulate(dir, "d2", "2026-09-02", 3_000, "4");
    assert_eq!(fs::read(dir.join("d1/scheme.toml")).unwrap(), fs::read(dir.join("d2/scheme.toml")).unwrap());
    // The second date also meets the whole first inbox again, and a resend with other bytes.
    fs::create_dir(dir.join("both")).unwrap();
    for from in ["d1/inbox", "d2/inbox", "d1/resend"] {
        copy_all(&dir.join(from), &dir.join("both"));
    }
    // Yesterday's records under a new name: every one that was accepted is a duplicate now.
    let name = unsigned_upload(&dir.join("d1/inbox"));
    let mut bytes = fs::read(dir.join("d1/inbox").join(&name)).unwrap();
    bytes[22..30].copy_from_slice(b"20260831");
    fs::write(dir.join("both").join(name.replace("20260901", "20260831")), &bytes).unwrap();

    let scheme = "d1/scheme.toml";
    ok(&run_args(scheme, "2026-09-01", "d1/inbox"), dir);
    let after_first = outbox(&dir.join("out"));
    refused(&run_args(scheme, "2026-08-31", "d1/inbox"), dir, "E01");
    let report = ok(&run_args(scheme, "2026-09-02", "both"), dir);
    let codes: Vec<&str> = report["files"].as_array().unwrap().iter().filter_map(|f| f["result"].as_str()).collect();
    assert!(codes.contains(&"F07"), "{codes:?}");
    compare_with_second_implementation(dir, scheme, &[("2026-09-01", "d1/inbox"), ("2026-09-02", "both")]);
    let both = outbox(&dir.join("out"));
    assert!(after_first.iter().all(|(path, bytes)| &both[path] == bytes), "what was published stays as it was");

    let before = (both, books(dir, &[]));
    for date in ["2026-09-01", "2026-09-02"] {
        assert_eq!(ok(&run_args(scheme, date, "both"), dir)["was_closed"], true);
    }
    assert!((outbox(&dir.join("out")), books(dir, &[])) == before, "running a closed date again changes nothing");
    for date in ["2026-09-01", "2026-09-02"] {
        assert_eq!(ok(&["centre", "prove", "--data", "data", "--date", date], dir)["ok"], true);
    }

    // The key files are derived: without them the next date makes them again.
    for date in ["20260901", "20260902"] {
        fs::remove_file(dir.join(format!("data/lake/keys/{date}.cards"))).unwrap();
    }
    simulate(dir, "d3", "2026-09-03", 2_000, "4");
    ok(&run_args(scheme, "2026-09-03", "d3/inbox"), dir);
    let days = [("2026-09-01", "d1/inbox"), ("2026-09-02", "both"), ("2026-09-03", "d3/inbox")];
    compare_with_second_implementation(dir, scheme, &days);
    explain_tells_where_a_record_went(dir);
}

/// Name of an accepted upload that carries no signature.
fn unsigned_upload(inbox: &Path) -> String {
    let truth = fs::read_to_string(inbox.join("../truth.csv")).unwrap();
    let accepted = truth.lines().filter_map(|row| row.strip_suffix(",0,OK,"));
    accepted.map(str::to_owned).find(|name| !inbox.join(format!("{name}.sig")).exists()).unwrap()
}

/// For some records of every verdict the line of the result file that `explain` names is that record's.
fn explain_tells_where_a_record_went(dir: &Path) {
    let truth = fs::read_to_string(dir.join("d3/truth.csv")).unwrap();
    let mut seen: HashMap<String, u32> = HashMap::new();
    for row in truth.lines().skip(1).filter(|row| !row.contains(",0,")) {
        let [upload, number, verdict, reason]: [&str; 4] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
        let count = seen.entry(format!("{verdict}{reason}")).or_default();
        *count += 1;
        if *count > 2 {
            continue;
        }
        let trail = ok(&["centre", "explain", "--data", "data", "--file", upload, "--record", number], dir);
        assert_eq!((trail["verdict"].as_str(), trail["reason"].as_str()), (Some(verdict), Some(reason)), "{row}");
        let raw = trail["raw"].as_str().unwrap();
        assert!(!trail["results"].as_array().unwrap().is_empty());
        for result in trail["results"].as_array().unwrap() {
            let name = result["file"].as_str().unwrap();
            let bytes = fs::read(dir.join("out").join(&name[13..21]).join(name)).unwrap();
            let line = bytes.split(|b| *b == b'\n').nth(result["line"].as_u64().unwrap() as usize - 1).unwrap();
            assert!(String::from_utf8_lossy(line).contains(raw), "{row}: {result}");
        }
        assert_eq!(trail["earlier"].is_object(), ["04", "05", "14"].contains(&reason), "{row}");
        let last = trail["checks"].as_array().unwrap().last().unwrap();
        assert_eq!(last["applied"], Value::Bool(reason != "00"), "{row}");
    }
    assert!(seen.len() >= 17, "{seen:?}");
    let name = unsigned_upload(&dir.join("d3/inbox"));
    let text = tongka(&["centre", "explain", "--data", "data", "--file", &name, "--record", "1"], dir);
    assert!(String::from_utf8_lossy(&text.stdout).contains("判定 verdict"));
    refused(&["centre", "explain", "--data", "data", "--file", "nothing.dat", "--record", "1"], dir, "X04");
}

/// The points at which tests stop the process dead; nothing stops at the last one.
const CRASH_POINTS: [&str; 14] = [
    "open:after",
    "intake:before-commit",
    "intake:after-commit",
    "intake:done",
    "cut:done",
    "price:done",
    "net:done",
    "prove:done",
    "post:done",
    "publish:between-members",
    "publish:before-commit",
    "publish:done",
    "close:before-commit",
    "none",
];

#[test]
fn a_killed_run_is_taken_up_again_with_the_same_bytes_and_books() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    simulate(dir, "day", "2026-09-01", 2_000, "4");
    let args = run_args("../day/scheme.toml", "2026-09-01", "../day/inbox");
    let fresh = |name: &str| -> PathBuf {
        let place = dir.join(name);
        fs::create_dir(&place).unwrap();
        place
    };
    let undisturbed = fresh("undisturbed");
    ok(&args, &undisturbed);
    let expected = (outbox(&undisturbed.join("out")), books(&undisturbed, &[]));

    for (n, point) in CRASH_POINTS.iter().enumerate() {
        let place = fresh(&format!("at-{n}"));
        let killed =
            Command::new(TONGKA).args(&args).env("TONGKA_CRASH_AT", point).current_dir(&place).output().unwrap();
        assert_eq!(killed.status.success(), *point == "none", "{point}");
        ok(&args, &place);
        assert!((outbox(&place.join("out")), books(&place, &[])) == expected, "after a kill at {point}");
        assert_eq!(ok(&["ledger", "verify", "--data", "data"], &place)["ok"], true);
    }

    // And at instants nobody chose: each attempt is killed a little later than the one before, until one gets through.
    let place = fresh("random");
    let mut delay = Duration::from_micros(500);
    let mut kills = 0;
    loop {
        let mut child = Command::new(TONGKA)
            .args(&args)
            .current_dir(&place)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (_keep, never) = std::sync::mpsc::channel::<()>();
        let _ = never.recv_timeout(delay);
        if child.try_wait().unwrap().is_some() {
            assert!(child.wait().unwrap().success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        delay += delay / 5 + Duration::from_micros(300);
    }
    assert!(kills > 3, "{kills} kills");
    assert!((outbox(&place.join("out")), books(&place, &[])) == expected, "after {kills} kills");
    assert_eq!(ok(&["ledger", "verify", "--data", "data"], &place)["ok"], true);
}

#[test]
fn a_full_disk_stops_the_run_with_a_code_and_it_goes_on_when_there_is_room() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    simulate(dir, "day", "2026-09-01", 20_000, "2");
    let args = run_args("../day/scheme.toml", "2026-09-01", "../day/inbox");
    fs::create_dir(dir.join("undisturbed")).unwrap();
    ok(&args, &dir.join("undisturbed"));
    let expected = (outbox(&dir.join("undisturbed/out")), books(&dir.join("undisturbed"), &[]));

    // No file of this program may grow beyond a bound, which is raised from run to run: writing fails in one place
    // after another, with SQLite mostly in the database, with PostgreSQL only in other files.
    let server = tongka_testkit::Postgres::start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(server.fresh_database()).unwrap();
    for (place, database, bounds) in [
        ("sqlite", &[][..], &[128, 256, 512, 1024, 2048][..]),
        ("postgres", &["--database", &url], &[0, 64, 128, 192, 256, 384, 512, 768, 1024, 1536]),
    ] {
        let place = dir.join(place);
        fs::create_dir(&place).unwrap();
        let args = [&args[..], database].concat();
        let mut stopped = BTreeSet::new();
        for blocks in bounds {
            let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
            let mut command = Command::new("sh");
            let output = command.args(["-c", &limited, "sh", TONGKA]).args(&args).current_dir(&place).output().unwrap();
            if output.status.success() {
                break;
            }
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = message.split("错误 error: ").nth(1).and_then(|m| m.split(' ').next()).unwrap_or_default();
            assert!(code.len() == 3 && code.starts_with(['L', 'S']), "{blocks} blocks: {message}");
            stopped.insert(message);
        }
        assert!(stopped.len() >= 2, "{stopped:?}");
        ok(&args, &place);
        assert!((outbox(&place.join("out")), books(&place, database)) == expected, "after {stopped:?}");
        assert_eq!(ok(&[&["ledger", "verify", "--data", "data"], database].concat(), &place)["ok"], true);
    }
}

#[test]
fn what_is_no_readable_file_in_the_inbox_is_receipted_and_the_day_goes_on() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    simulate(dir, "day", "2026-09-01", 2_000, "0");
    let inbox = dir.join("day/inbox");
    // Each takes the name of an upload that a member of the scheme could have sent.
    let name = unsigned_upload(&inbox);
    let next = |sequence: u32| inbox.join(format!("{}_{sequence:06}.dat", &name[..21]));
    std::os::unix::fs::symlink("gone", next(900_001)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", next(900_002)).unwrap();
    fs::write(next(900_003), b"").unwrap();
    let bytes = fs::read(inbox.join(&name)).unwrap();
    fs::write(next(900_004), &bytes[..bytes.len() - 7]).unwrap();
    fs::write(inbox.join("notes.txt"), b"not an upload").unwrap();
    fs::write(inbox.join("TXU_20260901_10001000_000001.dat.tmp"), b"still being written").unwrap();
    let report = ok(&run_args("day/scheme.toml", "2026-09-01", "day/inbox"), dir);
    assert_eq!(report["records"], 2_000);
    let files = ok(&["centre", "files", "--data", "data", "--date", "2026-09-01"], dir);
    let result = |of: &str| {
        let found = files["received"].as_array().unwrap().iter().find(|f| f["upload"].as_str() == Some(of));
        found.map(|f| f["result"].as_str().unwrap().to_owned())
    };
    for (sequence, code) in [(900_001, "F03"), (900_002, "F03"), (900_003, "F03"), (900_004, "F03")] {
        let name = next(sequence).file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(result(&name).as_deref(), Some(code), "{name}");
    }
    assert_eq!(result("notes.txt").as_deref(), Some("F01"));
    let aside = fs::read_dir(dir.join("data/aside/20260901")).unwrap().count();
    assert_eq!(aside, 3, "what has bytes of its own is kept; a link is not followed");
    assert_eq!(ok(&run_args("day/scheme.toml", "2026-09-02", "day/inbox"), dir)["imbalance_fen"], 0);
}

#[test]
fn bad_schemes_dates_and_folders_are_refused_by_name() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    simulate(dir, "day", "2026-09-01", 2_000, "0");
    let text = fs::read_to_string(dir.join("day/scheme.toml")).unwrap();
    fs::write(dir.join("bad.toml"), text.replacen("history_days", "history_day", 1)).unwrap();
    refused(&["scheme", "check", "bad.toml"], dir, "bad.toml:");
    refused(&run_args("bad.toml", "2026-09-01", "day/inbox"), dir, "C0");
    assert_eq!(ok(&["scheme", "check", "day/scheme.toml"], dir)["ok"], true);
    refused(&run_args("day/scheme.toml", "2026-09-01", "nowhere"), dir, "X04");
    refused(&["centre", "positions", "--data", "nowhere"], dir, "X04");
    // A clean day accepts every record.
    let report = ok(&run_args("day/scheme.toml", "2026-09-01", "day/inbox"), dir);
    let verdicts = report["verdicts"].as_array().unwrap();
    assert_eq!((verdicts.len(), &verdicts[0]["reason"]), (1, &Value::from("00")));
    // One bit of the stored bytes changed behind the books' back is found.
    let stored = fs::read_dir(dir.join("data/lake/20260901")).unwrap().flatten().map(|f| f.path());
    let raw = stored.into_iter().find(|p| p.extension().is_some_and(|e| e == "raw")).unwrap();
    let mut bytes = fs::read(&raw).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&raw, bytes).unwrap();
    let output = tongka(&["centre", "prove", "--data", "data", "--date", "2026-09-01"], dir);
    assert!(!output.status.success());
}

#[test]
fn postgresql_gives_the_same_bytes_and_books_and_a_lost_server_only_delays() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    simulate(dir, "day", "2026-09-01", 2_000, "4");
    for place in ["sqlite", "postgres"] {
        fs::create_dir(dir.join(place)).unwrap();
    }
    let args = run_args("../day/scheme.toml", "2026-09-01", "../day/inbox");
    ok(&args, &dir.join("sqlite"));
    let server = tongka_testkit::Postgres::start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(server.fresh_database()).unwrap();
    let database = ["--database", url.as_str()];
    let place = dir.join("postgres");
    refused(&[&args[..], &["--database", "postgres://tongka@127.0.0.1:1/none"]].concat(), &place, "S0");
    // The server drops every connection again and again, at longer and longer intervals, until a run gets through.
    let cuts = "DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM pg_sleep(0.006 * n); PERFORM pg_stat_clear_snapshot(); \
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'; END LOOP; END $$";
    let psql = |sql: &str| {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-t", "-A", "-c", sql, &url]).env("PGAPPNAME", "cutter").stderr(Stdio::null());
        psql
    };
    let mut cutter = psql(cuts).spawn().unwrap();
    let mut lost = 0;
    loop {
        let output = tongka(&[&args[..], &database].concat(), &place);
        if output.status.success() {
            break;
        }
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains("错误 error: S"), "{message}");
        lost += 1;
    }
    cutter.kill().unwrap();
    cutter.wait().unwrap();
    // The server goes on with what a killed client asked for: it is told to stop, too.
    let stop = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE application_name = 'cutter' AND pid <> pg_backend_pid()";
    while psql(stop).output().unwrap().stdout != b"0\n" {}
    assert!(lost > 0, "at least one run met the loss");
    assert!(outbox(&place.join("out")) == outbox(&dir.join("sqlite/out")));
    assert_eq!(books(&place, &database), books(&dir.join("sqlite"), &[]));
    assert_eq!(ok(&[&["ledger", "verify", "--data", "data"], &database[..]].concat(), &place)["ok"], true);
    let proof = [&["centre", "prove", "--data", "data", "--date", "2026-09-01"], &database[..]].concat();
    assert_eq!(ok(&proof, &place)["ok"], true);
}
