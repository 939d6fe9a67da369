//! Installations with simulated clearing dates.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};
use tongka_base::date::parse_date;
use tongka_base::{Date, FixedClock};
use tongka_exchange::intake::Folders;
use tongka_exchange::run::{RunOptions, open_database};
use tongka_exchange::run_day;
use tongka_simulator::{DayPlan, simulate_day};
use tongka_storage::Db;

/// A day of September 2026.
pub(crate) fn day(d: u32) -> Date {
    parse_date(format!("202609{d:02}").as_bytes()).unwrap()
}

/// The evening of that day.
pub(crate) fn clock(d: u32) -> FixedClock {
    FixedClock(day(d).and_hms_opt(20, 0, 0).unwrap())
}

/// The folders of an installation when a day's uploads come in.
pub(crate) fn folders(dir: &Path, d: u32) -> Folders {
    Folders { inbox: dir.join(format!("d{d}/inbox")), outbox: dir.join("out"), data: dir.join("data") }
}

/// Makes the uploads of the first days, with faults, and closes all but those after `closed`. Returns the database and
/// the scheme file that all days share.
pub(crate) async fn installation(dir: &Path, url: &str, days: u32, closed: u32, records: u64) -> (Db, PathBuf) {
    let scheme = dir.join("d1/scheme.toml");
    for d in 1..=days {
        let plan =
            DayPlan { date: day(d), members: 6, records, seed: 11, faults_ppm: 60_000, max_records_per_file: 400 };
        simulate_day(&plan, &dir.join(format!("d{d}")), &|_| ()).unwrap();
        let options = RunOptions {
            scheme: scheme.clone(),
            date: day(d),
            folders: folders(dir, d),
            database: Some(url.to_owned()),
            threads: Some(2),
        };
        if d <= closed {
            run_day(&options, &clock(d), &|_| ()).await.unwrap();
        }
    }
    (open_database(&folders(dir, days), Some(url)).await.unwrap(), scheme)
}
