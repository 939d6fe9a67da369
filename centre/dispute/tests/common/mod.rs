//! A small centre for tests: simulated days on either database.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::PathBuf;
use tempfile::TempDir;
use tongka_access::{Actor, Owner};
use tongka_base::date::{DateTime, days_since_epoch, parse_date};
use tongka_base::{Clock, Date, MemberCode};
use tongka_exchange::intake::Folders;
use tongka_exchange::run::{self, RunOptions};
use tongka_exchange::{DayReport, run_day};
use tongka_scheme::Scheme;
use tongka_simulator::{DayPlan, simulate_day};
use tongka_storage::{Db, Scope, params};
use tongka_testkit::TestDatabase;

/// Noon of the first day, for ever.
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime {
        day(1).and_hms_opt(12, 0, 0).expect("noon")
    }
}

/// The morning of a date.
#[derive(Clone, Copy)]
pub(crate) struct At(pub(crate) Date);

impl Clock for At {
    fn now(&self) -> DateTime {
        self.0.and_hms_opt(9, 0, 0).expect("a morning")
    }
}

/// A future as a server runs it: it may move between threads.
pub(crate) fn send<T: Send>(future: T) -> T {
    future
}

/// Long after every deadline.
pub(crate) fn december() -> At {
    At(Date::from_ymd_opt(2026, 12, 1).expect("a day of December"))
}

/// A maker and a checker of a member, or of the centre.
pub(crate) fn people(member: MemberCode) -> (Actor, Actor) {
    let owner = if member == MemberCode::CENTRE { Owner::Centre } else { Owner::Member(member) };
    let person = |login: &str| Actor { owner, ..Actor::local(format!("{login}-{member}")) };
    (person("maker"), person("checker"))
}

pub(crate) fn day(day: u32) -> Date {
    parse_date(format!("202609{day:02}").as_bytes()).expect("a day of September")
}

pub(crate) struct Centre {
    dir: TempDir,
    url: String,
    pub(crate) db: Db,
    pub(crate) scheme: Scheme,
}

impl Centre {
    /// Simulates the uploads of day 1 and opens the database; nothing is cleared yet.
    pub(crate) async fn new(database: &TestDatabase, faults_ppm: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let plan =
            DayPlan { date: day(1), members: 5, records: 2_000, seed: 7, faults_ppm, max_records_per_file: 1_000_000 };
        simulate_day(&plan, dir.path(), &|_| {}).unwrap();
        std::fs::create_dir(dir.path().join("empty")).unwrap();
        let (scheme, _) = run::load_scheme(&dir.path().join("scheme.toml")).unwrap();
        let folders = Folders { data: dir.path().join("data"), inbox: PathBuf::new(), outbox: PathBuf::new() };
        let db = run::open_database(&folders, Some(database.url())).await.unwrap();
        Self { dir, url: database.url().into(), db, scheme }
    }

    pub(crate) fn folders(&self, date: Date) -> Folders {
        let inbox = if date == day(1) { "inbox" } else { "empty" };
        let path = |name: &str| self.dir.path().join(name);
        Folders { inbox: path(inbox), outbox: path("out"), data: path("data") }
    }

    /// Runs a date to its end: the simulated uploads on day 1, none on any other.
    pub(crate) async fn run(&self, date: Date) -> DayReport {
        let options = RunOptions {
            scheme: self.dir.path().join("scheme.toml"),
            date,
            folders: self.folders(date),
            database: Some(self.url.clone()),
            threads: Some(2),
        };
        run_day(&options, &Noon, &|_| {}).await.unwrap()
    }

    /// Announces days of the bank calendar.
    pub(crate) async fn holidays(&self, days: &[(Date, &str)]) {
        let mut tx = self.db.begin_write(Scope::Platform).await.unwrap();
        let sql = "INSERT INTO scheme_version (version, made_at, made_by, kind, note, rows_added, rows_removed, digest) \
                   VALUES (1, '20260901000000', 'test', 'test', '', 0, 0, 'test')";
        tx.execute(sql, params![]).await.unwrap();
        for ((date, kind), id) in days.iter().zip(1..) {
            let sql = "INSERT INTO scheme_holiday (id, date, kind, note, from_version) VALUES ($1, $2, $3, '', 1)";
            tx.execute(sql, params![id, days_since_epoch(*date), *kind]).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Proves a closed date three ways; the differences found.
    pub(crate) async fn differences(&self, date: Date) -> Vec<String> {
        tongka_exchange::prove::prove(&self.db, &self.folders(date), date, None, 2).await.unwrap().differences
    }
}
