//! One clearing date from open to closed over a folder: every step once, in order, restartable at any point.

use crate::ExchangeError;
use crate::intake::{Folders, IntakeReport};
use crate::open_day::{DaySetup, OpenDay, Opened};
use crate::store;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tongka_base::{Clock, Date, Fen, MemberCode, Reason};
use tongka_engine::day::{self, Step};
use tongka_lake::durable::write_file;
use tongka_lake::{Lake, LakeError};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope};
use tongka_txn::KeySecret;

/// What to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Scheme file.
    pub scheme: PathBuf,
    /// Clearing date.
    pub date: Date,
    /// Folders.
    pub folders: Folders,
    /// Database; a SQLite file in the data folder when absent.
    pub database: Option<String>,
    /// Threads for records; all cores when absent.
    pub threads: Option<usize>,
}

/// Progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Records were checked: this many more.
    Records(u64),
    /// A step is done.
    Done(Step),
}

/// What a clearing date came to.
#[derive(Clone, Debug)]
pub struct DayReport {
    /// Date.
    pub date: Date,
    /// Whether it was closed before this run, which then did nothing.
    pub was_closed: bool,
    /// What intake did in this run.
    pub intake: IntakeReport,
    /// Count and amount by reason, over the whole date.
    pub verdicts: Vec<(Reason, u64, Fen)>,
    /// Receipts by result over the whole date.
    pub receipts: Vec<(String, u64)>,
    /// Groups with money and their gross.
    pub groups: u64,
    /// Gross of groups that move money.
    pub gross: Fen,
    /// Σ receivables.
    pub receivable: Fen,
    /// Σ payables.
    pub payable: Fen,
    /// The centre's fees.
    pub centre_fees: Fen,
    /// Σ positions + centre fees: zero.
    pub imbalance: Fen,
    /// Members below a line of their reserve: code, reserve, whether it is the stop line.
    pub reserve_alerts: Vec<(MemberCode, Fen, bool)>,
    /// Result files.
    pub result_files: u64,
    /// Milliseconds by step in this run.
    pub step_ms: Vec<(Step, u64)>,
    /// Milliseconds of the whole run.
    pub total_ms: u64,
}

/// Reads a scheme file.
pub fn load_scheme(path: &Path) -> Result<(Scheme, String), ExchangeError> {
    let text = fs::read_to_string(path).map_err(LakeError::io(path))?;
    let scheme = tongka_scheme::parse(&text, &path.display().to_string())
        .map_err(|errors| ExchangeError::Scheme(errors.iter().map(ToString::to_string).collect()))?;
    Ok((scheme, text))
}

/// Opens an installation's database and brings it to this program's schema.
pub async fn open_database(folders: &Folders, url: Option<&str>) -> Result<Db, ExchangeError> {
    fs::create_dir_all(&folders.data).map_err(LakeError::io(&folders.data))?;
    let default = || {
        let path = std::path::absolute(folders.data.join("tongka.db")).map_err(LakeError::io(&folders.data))?;
        Ok::<_, ExchangeError>(format!("sqlite://{}", path.display()))
    };
    let db = Db::open(&url.map_or_else(default, |u| Ok(u.to_owned()))?).await?;
    tongka_schema::migrate(&db).await?;
    Ok(db)
}

/// The lake of an installation.
pub fn lake(folders: &Folders) -> Lake {
    Lake::new(folders.data.join("lake"))
}

/// The scheme by which a date ran, from the installation's copy.
pub fn stored_scheme(folders: &Folders, digest: &str) -> Result<Scheme, ExchangeError> {
    Ok(load_scheme(&scheme_copy(folders, digest))?.0)
}

pub(crate) fn scheme_copy(folders: &Folders, digest: &str) -> PathBuf {
    folders.data.join("schemes").join(format!("{digest}.toml"))
}

/// Keeps other processes off the data folder while it lives.
pub fn lock(folders: &Folders) -> Result<File, ExchangeError> {
    fs::create_dir_all(&folders.data).map_err(LakeError::io(&folders.data))?;
    let path = folders.data.join("lock");
    let file = File::create(&path).map_err(LakeError::io(&path))?;
    file.try_lock().map_err(|_| ExchangeError::Locked { path: folders.data.clone() })?;
    Ok(file)
}

/// The secret under which an installation hashes keys and cards; made the first time.
pub fn key_secret(folders: &Folders) -> Result<KeySecret, ExchangeError> {
    let path = folders.data.join("lake").join("key-secret");
    if !path.exists() {
        write_file(&path, &rand::random::<[u8; 16]>())?;
    }
    let bytes = fs::read(&path).map_err(LakeError::io(&path))?;
    let bytes = bytes.try_into().map_err(|_| LakeError::Damaged { path, what: "not 16 bytes".into() })?;
    Ok(KeySecret::new(bytes))
}

/// Runs a clearing date to its end. A date that is closed is only reported.
pub async fn run_day(
    options: &RunOptions,
    clock: &dyn Clock,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<DayReport, ExchangeError> {
    let started = Instant::now();
    let folders = &options.folders;
    let _lock = lock(folders)?;
    let (scheme, scheme_text) = load_scheme(&options.scheme)?;
    let db = open_database(folders, options.database.as_deref()).await?;
    let setup = DaySetup { db: &db, folders, scheme, scheme_text, threads: options.threads };
    match OpenDay::open(setup, options.date, clock).await? {
        Opened::Closed(scheme) => {
            report(&db, &scheme, options.date, true, IntakeReport::default(), Vec::new(), started).await
        }
        Opened::Open(mut day) => {
            let mut taken_in = IntakeReport::default();
            if !day.is_cut() {
                taken_in = day.take_in(clock, on_event).await?;
            }
            day.finish(taken_in, started, clock, on_event).await
        }
    }
}

pub(crate) async fn report(
    db: &Db,
    scheme: &Scheme,
    date: Date,
    was_closed: bool,
    intake: IntakeReport,
    step_ms: Vec<(Step, u64)>,
    started: Instant,
) -> Result<DayReport, ExchangeError> {
    let groups = day::priced_groups(db, date).await?;
    let netting = day::stored_netting(db, date).await?;
    let positions = day::positions(db, Scope::Platform, date).await?;
    let mut receipts: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for receipt in store::receipts(db, Scope::Platform, Some(date)).await? {
        *receipts.entry(receipt.result).or_default() += 1;
    }
    let money = groups.iter().filter(|g| !g.is_own_card());
    let reserve_alerts = positions.iter().filter_map(|p| {
        let (lines, (_, after)) = scheme.reserve(p.member).zip(p.reserve)?;
        (after < lines.warning_fen).then_some((p.member, after, after < lines.stop_fen))
    });
    Ok(DayReport {
        date,
        was_closed,
        intake,
        verdicts: store::verdicts(db, Scope::Platform, date).await?,
        receipts: receipts.into_iter().collect(),
        groups: groups.len() as u64,
        gross: Fen::try_sum(money.map(|g| g.sum.gross))?,
        receivable: Fen::try_sum(netting.positions.values().map(|p| p.receivable))?,
        payable: Fen::try_sum(netting.positions.values().map(|p| p.payable))?,
        centre_fees: netting.centre_fees,
        imbalance: netting.imbalance()?,
        reserve_alerts: reserve_alerts.collect(),
        result_files: store::result_files(db, Scope::Platform, date).await?.len() as u64,
        step_ms,
        total_ms: started.elapsed().as_millis() as u64,
    })
}
