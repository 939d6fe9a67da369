//! A date that takes its files in as they arrive ends like one that finds them all at once: the same verdicts, result
//! files and books. Receipts differ in number only where a file had to wait.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;
use tongka_base::date::parse_date;
use tongka_base::{Date, SystemClock};
use tongka_exchange::intake::{Folders, IntakeReport};
use tongka_exchange::run::{RunOptions, load_scheme, open_database};
use tongka_exchange::{DaySetup, OpenDay, Opened, run_day};
use tongka_simulator::{DayPlan, simulate_day};

fn date() -> Date {
    parse_date(b"20260901").unwrap()
}

fn folders(dir: &Path, name: &str, inbox: PathBuf) -> Folders {
    Folders { inbox, outbox: dir.join(name).join("out"), data: dir.join(name).join("data") }
}

/// Result files by name, creation times blanked; receipts are told apart by their count only.
fn results(outbox: &Path) -> (BTreeMap<String, Vec<u8>>, usize) {
    let (mut files, mut receipts) = (BTreeMap::new(), 0);
    for member in fs::read_dir(outbox).unwrap().flatten() {
        for file in fs::read_dir(member.path()).unwrap().flatten() {
            let name = file.file_name().into_string().unwrap();
            let mut bytes = fs::read(file.path()).unwrap();
            bytes[63..77].fill(b'0');
            if name.starts_with("TXR") { receipts += 1 } else { drop(files.insert(name, bytes)) }
        }
    }
    (files, receipts)
}

async fn open<'a>(db: &'a tongka_storage::Db, folders: &'a Folders, scheme: &Path) -> Box<OpenDay<'a>> {
    let (scheme, scheme_text) = load_scheme(scheme).unwrap();
    let setup = DaySetup { db, folders, scheme, scheme_text, threads: Some(2) };
    match OpenDay::open(setup, date(), &SystemClock).await.unwrap() {
        Opened::Open(day) => day,
        Opened::Closed(_) => panic!("the date is open"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_one_by_one_end_like_all_at_once() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let day = dir.join("day");
    let plan =
        DayPlan { date: date(), members: 5, records: 4_000, seed: 3, faults_ppm: 30_000, max_records_per_file: 400 };
    simulate_day(&plan, &day, &|_| {}).unwrap();
    let scheme = day.join("scheme.toml");

    let whole = folders(dir, "whole", day.join("inbox"));
    let options =
        RunOptions { scheme: scheme.clone(), date: date(), folders: whole.clone(), database: None, threads: Some(2) };
    run_day(&options, &SystemClock, &|_| {}).await.unwrap();

    let inbox = dir.join("arriving");
    fs::create_dir(&inbox).unwrap();
    let pieces = folders(dir, "pieces", inbox.clone());
    let db = open_database(&pieces, None).await.unwrap();
    let mut names: Vec<_> = fs::read_dir(day.join("inbox")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.retain(|name| !name.to_str().unwrap().ends_with(".sig"));
    names.sort();
    // In the order of acceptance, but the first two of a member arrive the wrong way round: one has to wait.
    let swapped = names.iter().position(|n| n.to_str().unwrap().ends_with("000002.dat")).unwrap();
    names.swap(swapped - 1, swapped);
    let mut open_day = open(&db, &pieces, &scheme).await;
    let (mut accepted, mut waiting) = (0, 0);
    for (n, name) in names.iter().enumerate() {
        let source = day.join("inbox").join(name);
        let signature = source.with_extension("dat.sig");
        if signature.exists() {
            fs::copy(&signature, inbox.join(signature.file_name().unwrap())).unwrap();
        }
        fs::copy(&source, inbox.join(name)).unwrap();
        let report = open_day.take_in(&SystemClock, &|_| {}).await.unwrap();
        accepted += report.accepted;
        waiting += report.waiting;
        if n == names.len() / 2 {
            // The process restarts in the middle of the day.
            drop(open_day);
            open_day = open(&db, &pieces, &scheme).await;
        }
        let again = open_day.take_in(&SystemClock, &|_| {}).await.unwrap();
        assert_eq!((again.accepted, again.refused, again.records), (0, 0, 0), "nothing is taken in twice");
    }
    assert!(accepted > 0 && waiting >= 1);
    open_day.finish(IntakeReport::default(), Instant::now(), &SystemClock, &|_| {}).await.unwrap();

    let ((expected, _), (found, _)) = (results(&whole.outbox), results(&pieces.outbox));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
    let (scheme, scheme_text) = load_scheme(&scheme).unwrap();
    let setup = DaySetup { db: &db, folders: &pieces, scheme, scheme_text, threads: None };
    assert!(matches!(OpenDay::open(setup, date(), &SystemClock).await.unwrap(), Opened::Closed(_)));
}
