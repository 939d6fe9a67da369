//! The worker (后台): leads the open clearing date and runs background jobs.
//!
//! One worker of an installation leads: it holds the lock of the data folder, keeps the open date's [`OpenDay`], takes
//! files in as they arrive and carries out the jobs `day.open` and `day.cut`. The others wait for the lock. Where the
//! configuration says so, the leader asks for those jobs itself, by the schedule. Every worker also runs the other jobs
//! ([`super::jobs`]), beside the date.
//!
//! It runs in threads of its own, so that a long step never holds up the API.

use super::config::Config;
use super::{bank, deeds, desk, jobs, schemes};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Notify;
use tongka_base::{Clock, Date, SystemClock};
use tongka_engine::day::{self, DayState, Step};
use tongka_exchange::intake::{Folders, IntakeReport};
use tongka_exchange::run::{Event, lock};
use tongka_exchange::{DaySetup, ExchangeError, OpenDay, Opened};
use tongka_job::{Lease, NewJob, Progress};
use tongka_storage::{Db, Scope};

/// Opens a clearing date.
pub(crate) const OPEN: &str = "day.open";
/// Cuts a clearing date and runs it to its end, from the step where it stands.
pub(crate) const CUT: &str = "day.cut";
/// How long a job stays with a node that says nothing.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// How often a running job says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the leader waits after a failure before it takes the date up again.
const REST: Duration = Duration::from_secs(5);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What the threads of a worker share with the rest of the process.
#[derive(Clone)]
pub(crate) struct Bell {
    /// Rings when something may have arrived.
    pub(crate) nudge: Arc<Notify>,
    stop: Arc<AtomicBool>,
    /// Whether this process leads.
    leads: Arc<AtomicBool>,
}

/// Holds the lead; gives it back when dropped.
struct Lead(Arc<AtomicBool>);

impl Drop for Lead {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self { nudge: Arc::default(), stop: Arc::default(), leads: Arc::default() }
    }

    /// Asks the worker to end after what it is doing.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.nudge.notify_waiters();
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether this process leads: what one process of an installation does at a time is done by the one that leads.
    pub(crate) fn leads(&self) -> bool {
        self.leads.load(Ordering::Acquire)
    }

    fn lead(&self) -> Lead {
        self.leads.store(true, Ordering::Release);
        Lead(self.leads.clone())
    }

    /// Waits for the nudge, at most so long.
    pub(crate) async fn wait(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.nudge.notified()).await;
    }
}

/// This process among the nodes of an installation.
pub(crate) fn node() -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}

/// Starts the worker's threads; they end after [`Bell::stop`].
pub(crate) fn start(config: &Config, bell: &Bell) -> std::io::Result<Vec<std::thread::JoinHandle<()>>> {
    let leader = {
        let (config, bell) = (config.clone(), bell.clone());
        thread("tongka-leader", async move { lead(&config, &bell).await })?
    };
    let runner = {
        let (config, bell) = (config.clone(), bell.clone());
        thread("tongka-jobs", async move { jobs::run(&config, &bell).await })?
    };
    let desk = {
        let (config, bell) = (config.clone(), bell.clone());
        thread("tongka-desk", async move { desk::run(&config, &bell).await })?
    };
    let bank = {
        let (config, bell) = (config.clone(), bell.clone());
        thread("tongka-bank", async move { bank::run(&config, &bell).await })?
    };
    Ok(vec![leader, runner, desk, bank])
}

/// A thread with a runtime: the work blocks it, heartbeats run beside.
fn thread(name: &str, work: impl Future<Output = ()> + Send + 'static) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(work),
            Err(error) => tracing::error!(%error, "worker cannot start"),
        }
    })
}

async fn lead(config: &Config, bell: &Bell) {
    while !bell.stopped() {
        match term(config, bell).await {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(%error, "the leading worker starts again");
                metrics::counter!("tongka_worker_failures_total").increment(1);
                bell.wait(REST).await;
            }
        }
    }
}

/// As long as this worker leads: until it stops or fails.
async fn term(config: &Config, bell: &Bell) -> Outcome<()> {
    let folders = config.folders();
    for folder in [&folders.inbox, &folders.outbox] {
        std::fs::create_dir_all(folder)?;
    }
    let _lock = match lock(&folders) {
        Ok(lock) => lock,
        Err(ExchangeError::Locked { .. }) => {
            // Another worker leads.
            bell.wait(Duration::from_secs(1)).await;
            return Ok(());
        }
        Err(other) => return Err(other.into()),
    };
    let _lead = bell.lead();
    let db = tongka_exchange::run::open_database(&folders, config.database.as_deref()).await?;
    let mut leader = Leader { config, folders: &folders, db: &db, day: None, seen: None, asked_at: None };
    tracing::info!(node = node(), "leading the clearing date");
    let outcome = leader.serve(bell).await;
    drop(leader);
    db.close().await;
    outcome
}

struct Leader<'a> {
    config: &'a Config,
    folders: &'a Folders,
    db: &'a Db,
    day: Option<Box<OpenDay<'a>>>,
    /// Time of last change of the inbox when it was last looked through.
    seen: Option<SystemTime>,
    /// When the schedule last asked for a job, so that a failing one is not asked for every moment.
    asked_at: Option<Instant>,
}

impl<'a> Leader<'a> {
    async fn serve(&mut self, bell: &Bell) -> Outcome<()> {
        self.take_up().await?;
        let look_every = Duration::from_millis(self.config.clearing.look_every_ms.max(50));
        while !bell.stopped() {
            if let Some(lease) = tongka_job::claim(self.db, &[OPEN, CUT], &node(), LEASE, &SystemClock).await? {
                self.carry_out(lease).await?;
                continue;
            }
            self.look().await?;
            if self.config.clearing.automatic {
                self.by_schedule().await?;
            }
            bell.wait(look_every).await;
        }
        Ok(())
    }

    /// Takes up the date that is open, where there is one.
    async fn take_up(&mut self) -> Outcome<()> {
        self.day = None;
        self.seen = None;
        let days = day::days(self.db).await?;
        if let Some(open) = days.iter().find(|d| d.state == DayState::Open) {
            let text = schemes::stored_text(self.folders, &open.scheme_digest)?;
            self.open(open.date, text).await?;
        }
        Ok(())
    }

    async fn open(&mut self, date: Date, text: String) -> Outcome<()> {
        let scheme = schemes::parse(&text)?;
        let setup = DaySetup {
            db: self.db,
            folders: self.folders,
            scheme,
            scheme_text: text,
            threads: self.config.clearing.threads,
        };
        match OpenDay::open(setup, date, &SystemClock).await? {
            Opened::Open(day) => {
                tracing::info!(%date, cut = day.is_cut(), "clearing date open");
                self.day = Some(day);
                Ok(())
            }
            Opened::Closed(_) => Err(format!("X06 清算日已关账 the clearing date is closed: {date}").into()),
        }
    }

    /// Takes in what arrived since the last look.
    async fn look(&mut self) -> Outcome<()> {
        let Some(day) = self.day.as_mut().filter(|day| !day.is_cut()) else {
            return Ok(());
        };
        let changed = std::fs::metadata(&self.folders.inbox)?.modified()?;
        if self.seen == Some(changed) {
            return Ok(());
        }
        let report = day.take_in(&SystemClock, &|_| {}).await?;
        told(&report);
        // A change in the same instant as the look would not show in the time: one more look is taken then.
        let fresh = SystemTime::now().duration_since(changed).is_ok_and(|age| age > Duration::from_secs(2));
        self.seen = fresh.then_some(changed);
        Ok(())
    }

    async fn carry_out(&mut self, lease: Lease) -> Outcome<()> {
        let job = lease.job.clone();
        tracing::info!(job = job.id, kind = job.kind, "job begins");
        let lease = Arc::new(lease);
        let beat = heartbeat(self.db, &lease);
        let result = match job.kind.as_str() {
            OPEN => self.open_by_job(&job.payload).await,
            _ => self.cut_by_job(&job.payload, &lease).await,
        };
        if !settle(self.db, lease, beat, result).await? {
            // What is in memory may be ahead of what was committed.
            self.take_up().await?;
        }
        Ok(())
    }

    async fn open_by_job(&mut self, payload: &serde_json::Value) -> Outcome<serde_json::Value> {
        let date = date_of(payload)?;
        if let Some(open) = &self.day {
            if open.date() == date {
                return Ok(serde_json::json!({ "clearing_date": date.to_string() }));
            }
            return Err(format!("E02 清算日 {0} 尚未关账 clearing date {0} is still open", open.date()).into());
        }
        // What was approved for this date or one before it holds from here on.
        for done in tongka_access::due(self.db, date, &SystemClock, deeds::execute).await? {
            tracing::info!(approval = done.id, kind = done.kind, state = done.state.word(), "scheduled change");
        }
        let text = schemes::text_for(self.db, self.config).await?;
        self.open(date, text).await?;
        Ok(serde_json::json!({ "clearing_date": date.to_string() }))
    }

    async fn cut_by_job(&mut self, payload: &serde_json::Value, lease: &Arc<Lease>) -> Outcome<serde_json::Value> {
        let date = date_of(payload)?;
        let days = day::days(self.db).await?;
        if days.iter().any(|d| d.date == date && d.state == DayState::Closed) {
            return Ok(serde_json::json!({ "clearing_date": date.to_string(), "was_closed": true }));
        }
        if self.day.as_ref().is_none_or(|day| day.date() != date) {
            return Err(format!("X04 该清算日未开 the clearing date is not open: {date}").into());
        }
        let started = Instant::now();
        let mut day = self.day.take().expect("looked at above");
        let mut taken_in = IntakeReport::default();
        if !day.is_cut() {
            taken_in = day.take_in(&SystemClock, &|_| {}).await?;
            told(&taken_in);
        }
        let (steps, mut queue) = tokio::sync::mpsc::unbounded_channel();
        let teller = {
            let (db, lease) = (self.db.clone(), lease.clone());
            tokio::spawn(async move {
                while let Some(step) = queue.recv().await {
                    let step: Step = step;
                    let text = format!("{} {}", step.name_zh(), step.name());
                    let progress = Progress { done: step as i64 + 1, total: Some(Step::ALL.len() as i64), text: &text };
                    if lease.progress(&db, progress, &SystemClock).await.is_err() {
                        break;
                    }
                }
            })
        };
        let on_event = |event: Event| {
            if let Event::Done(step) = event {
                let _ = steps.send(step);
            }
        };
        let report = day.finish(taken_in, started, &SystemClock, &on_event).await;
        drop(steps);
        let _ = teller.await;
        let report = report?;
        tidy_inbox(self.db, self.folders, date).await?;
        let took = std::time::Duration::from_millis(report.total_ms);
        metrics::gauge!("tongka_clearing_day_seconds").set(took.as_secs_f64());
        Ok(serde_json::json!({
            "clearing_date": date.to_string(),
            "records": report.verdicts.iter().map(|(_, count, _)| count).sum::<u64>(),
            "centre_fees_fen": report.centre_fees.0,
            "imbalance_fen": report.imbalance.0,
            "result_files": report.result_files,
            "step_ms": report.step_ms.iter().map(|(s, ms)| (s.name(), *ms)).collect::<std::collections::BTreeMap<_, _>>(),
        }))
    }

    /// Asks for what the schedule says, once it is due.
    async fn by_schedule(&mut self) -> Outcome<()> {
        const AGAIN: Duration = Duration::from_secs(60);
        if self.asked_at.is_some_and(|at| at.elapsed() < AGAIN) {
            return Ok(());
        }
        let last = day::days(self.db).await?.last().map(|d| d.date);
        let open = self.day.as_ref().map(|d| d.date());
        let due = schemes::due(self.db, last, open, SystemClock.now()).await?;
        if let Some((kind, date)) = due {
            self.asked_at = Some(Instant::now());
            ask(self.db, kind, date, "schedule").await?;
        } else {
            self.asked_at = None;
        }
        Ok(())
    }
}

/// Asks for `day.open` or `day.cut` of a date; while it is asked for already, the same job.
pub(crate) async fn ask(db: &Db, kind: &str, date: Date, by: &str) -> Result<i64, tongka_job::JobError> {
    let job = NewJob {
        kind,
        owner: Scope::Platform,
        dedupe_key: Some(&date.to_string()),
        payload: serde_json::json!({ "clearing_date": date.to_string() }),
        created_by: by,
    };
    tongka_job::enqueue(db, &job, &SystemClock).await
}

pub(crate) fn date_of(payload: &serde_json::Value) -> Outcome<Date> {
    let text = payload["clearing_date"].as_str().unwrap_or_default();
    tongka_base::date::parse_date_lenient(text).ok_or_else(|| format!("W02 日期无效 not a date: {text}").into())
}

/// Says now and then that a job lives; ends when aborted.
pub(crate) fn heartbeat(db: &Db, lease: &Arc<Lease>) -> tokio::task::JoinHandle<()> {
    let (db, lease) = (db.clone(), lease.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            if let Err(error) = lease.heartbeat(&db, &SystemClock).await {
                tracing::warn!(job = lease.job.id, %error, "heartbeat");
            }
        }
    })
}

/// Ends a job with what came of it; says whether it was done.
pub(crate) async fn settle(
    db: &Db,
    lease: Arc<Lease>,
    beat: tokio::task::JoinHandle<()>,
    result: Outcome<serde_json::Value>,
) -> Outcome<bool> {
    beat.abort();
    let _ = beat.await;
    let lease = Arc::into_inner(lease).ok_or("the heartbeat still holds the lease")?;
    match result {
        Ok(result) => {
            lease.finish(db, &result, &SystemClock).await?;
            Ok(true)
        }
        Err(error) => {
            tracing::error!(job = lease.job.id, kind = lease.job.kind, %error, "job failed");
            lease.fail(db, &error.to_string(), &SystemClock).await?;
            Ok(false)
        }
    }
}

fn told(report: &IntakeReport) {
    if report.accepted + report.refused > 0 {
        let IntakeReport { accepted, refused, waiting, records, .. } = *report;
        tracing::info!(accepted, refused, waiting, records, "files taken in");
        metrics::counter!("tongka_files_total", "result" => "accepted").increment(accepted);
        metrics::counter!("tongka_files_total", "result" => "refused").increment(refused);
        metrics::counter!("tongka_records_total").increment(records);
    }
}

/// Removes uploads from the server's own inbox that a closed date accepted: their bytes are in the archive.
async fn tidy_inbox(db: &Db, folders: &Folders, date: Date) -> Outcome<()> {
    for upload in tongka_exchange::store::uploads(db, Scope::Platform, date).await? {
        let path = folders.inbox.join(upload.name.to_string());
        let signature = PathBuf::from(format!("{}.sig", path.display()));
        for path in [path, signature] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(())
}
