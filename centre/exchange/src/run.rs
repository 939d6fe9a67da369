//! One clearing date from open to closed over a folder: every step once, in order, restartable at any point.

use crate::ExchangeError;
use crate::filecheck::Checked;
use crate::intake::{Folders, IntakeReport, intake};
use crate::process::Workshop;
use crate::publish::{member_index, restage, run_publish, stage_dir};
use crate::stage::{Stage, StagedUpload};
use crate::store;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;
use tongka_base::{Clock, Date, Fen, MemberCode, Reason};
use tongka_crypto::sm3;
use tongka_engine::day::{self, DayState, Step, crash_point, hex, mark_done};
use tongka_engine::{posting, proof};
use tongka_lake::durable::write_file;
use tongka_lake::keys::KeyIndex;
use tongka_lake::{Lake, LakeError};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope};
use tongka_txn::{Columns, KeySecret, Rulebook};
use tongka_wire::FileName;

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

fn scheme_copy(folders: &Folders, digest: &str) -> PathBuf {
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

fn key_secret(folders: &Folders) -> Result<KeySecret, ExchangeError> {
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
    let date = options.date;
    let _lock = lock(folders)?;
    let (scheme, scheme_text) = load_scheme(&options.scheme)?;
    let digest = hex(&sm3(scheme_text.as_bytes()));
    let db = open_database(folders, options.database.as_deref()).await?;
    let known = day::days(&db).await?;
    if known.iter().any(|d| d.date == date && d.state == DayState::Closed) {
        return report(&db, &scheme, date, true, IntakeReport::default(), Vec::new(), started).await;
    }
    if !scheme_copy(folders, &digest).exists() {
        write_file(&scheme_copy(folders, &digest), scheme_text.as_bytes())?;
    }
    day::open(&db, date, &digest, clock).await?;
    crash_point("open:after");
    posting::open_accounts(&db, &scheme, date, clock).await?;

    let lake = lake(folders);
    let secret = key_secret(folders)?;
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let done = day::steps(&db, date).await?;
    let is_done = |step: Step| done.contains_key(step.name());
    let mut steps = Timer { on_event, done: Vec::new(), last: Instant::now() };

    let mut taken_in = IntakeReport::default();
    let mut live = None;
    if !is_done(Step::Cut) {
        let rulebook = Rulebook::compile(&scheme, date);
        let shop = Workshop { rulebook: &rulebook, secret: &secret, lake: &lake, date, threads };
        let (index, stage, intake_report) = run_intake(&db, &shop, &scheme, folders, &known, clock, on_event).await?;
        taken_in = intake_report;
        live = Some((index, stage));
        if !is_done(Step::Intake) {
            let mut tx = db.begin_write(Scope::Platform).await?;
            let detail = format!("{intake_report:?}");
            mark_done(&mut tx, date, Step::Intake, clock, &detail, "", &detail).await?;
            tx.commit().await?;
        }
        steps.done(Step::Intake);
        crash_point("intake:done");
        day::cut(&db, date, clock).await?;
        steps.done(Step::Cut);
        crash_point("cut:done");
    }
    let (index, stage) = live.unzip();
    // The key files of the date are derived: they are written beside the other steps.
    let keys = index.map(|index| {
        let lake = lake.clone();
        std::thread::spawn(move || index.close(&lake, date))
    });
    if !is_done(Step::Price) {
        day::run_price(&db, &scheme, date, clock).await?;
        steps.done(Step::Price);
        crash_point("price:done");
    }
    if !is_done(Step::Net) {
        day::run_net(&db, &scheme, date, clock).await?;
        steps.done(Step::Net);
        crash_point("net:done");
    }
    if !is_done(Step::Prove) {
        proof::run_prove(&db, &scheme, &lake, date, threads, clock).await?;
        steps.done(Step::Prove);
        crash_point("prove:done");
    }
    if !is_done(Step::Post) {
        posting::run_post(&db, date, clock).await?;
        steps.done(Step::Post);
        crash_point("post:done");
    }
    if !is_done(Step::Publish) {
        let staged = match stage {
            Some(stage) => stage.finish()?.filter(Stage::in_order),
            None => None,
        };
        let stage = match staged {
            Some(stage) => stage,
            None => restage(&db, &scheme, &lake, folders, date).await?,
        };
        run_publish(&db, &scheme, folders, date, stage, clock).await?;
        steps.done(Step::Publish);
        crash_point("publish:done");
    }
    match keys {
        Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
        None => rebuild_keys(&db, &lake, &secret, date).await?,
    }
    crash_point("close:before-commit");
    day::close(&db, date, clock).await?;
    steps.done(Step::Close);
    let _ = fs::remove_dir_all(stage_dir(folders));
    report(&db, &scheme, date, false, taken_in, steps.done, started).await
}

/// Tells and times steps.
struct Timer<'a> {
    on_event: &'a (dyn Fn(Event) + Sync),
    done: Vec<(Step, u64)>,
    last: Instant,
}

impl Timer<'_> {
    fn done(&mut self, step: Step) {
        self.done.push((step, self.last.elapsed().as_millis() as u64));
        self.last = Instant::now();
        (self.on_event)(Event::Done(step));
    }
}

async fn run_intake(
    db: &Db,
    shop: &Workshop<'_>,
    scheme: &Scheme,
    folders: &Folders,
    known: &[day::Day],
    clock: &dyn Clock,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<(KeyIndex, Stager, IntakeReport), ExchangeError> {
    let date = shop.date;
    let before = store::uploads(db, Scope::Platform, date).await?;
    shop.lake.sweep(date, |name| before.iter().any(|u| u.name.to_string() == name))?;
    let window = chrono_days(scheme.rules.history_days);
    let history: Vec<Date> =
        known.iter().map(|d| d.date).filter(|d| *d < date && date.signed_duration_since(*d) <= window).collect();
    let (mut index, missing) = KeyIndex::open(shop.lake, date, &history)?;
    if !missing.is_empty() {
        for lost in missing {
            rebuild_keys(db, shop.lake, shop.secret, lost).await?;
        }
        index = KeyIndex::open(shop.lake, date, &history)?.0;
    }
    for upload in &before {
        index.insert_stored(shop.lake, shop.secret, date, &upload.name.to_string(), upload.name.member)?;
    }
    let stager = Stager::start(Stage::create(&stage_dir(folders), scheme.members.len())?, shop.lake.clone(), date);
    for upload in &before {
        let table = tongka_lake::table::Table::open(&shop.lake.table_path(date, &upload.name.to_string()))?;
        let (reasons, members) = table.outcomes()?;
        stager.send(StageJob { name: upload.name, sender: member_index(scheme, upload.name.member), reasons, members });
    }
    let progress = |records| on_event(Event::Records(records));
    let judged = |upload: &Checked, columns: &Columns| {
        let name = upload.candidate.upload.expect("only well-formed names are accepted");
        stager.send(StageJob {
            name,
            sender: member_index(scheme, name.member),
            reasons: columns.reason.clone(),
            members: columns.issuer_member.clone(),
        });
    };
    let report = intake(db, shop, scheme, folders, &mut index, clock, &judged, &progress).await?;
    Ok((index, stager, report))
}

fn chrono_days(days: u32) -> chrono::TimeDelta {
    chrono::TimeDelta::days(i64::from(days))
}

/// Makes the key files of a closed (or closing) date from its stored uploads.
async fn rebuild_keys(db: &Db, lake: &Lake, secret: &KeySecret, date: Date) -> Result<(), ExchangeError> {
    let mut index = KeyIndex::alone(lake, date)?;
    for upload in store::uploads(db, Scope::Platform, date).await? {
        index.insert_stored(lake, secret, date, &upload.name.to_string(), upload.name.member)?;
    }
    Ok(index.close(lake, date)?)
}

/// Uploads that wait for the stage; more make intake wait, so that both end at about the same time.
const STAGE_QUEUE: usize = 4;

/// An upload whose verdicts stand, on its way to the stage.
struct StageJob {
    name: FileName,
    sender: u16,
    reasons: Vec<u8>,
    members: Vec<u16>,
}

/// Appends uploads to the stage in a thread of its own, while the next ones are taken in.
struct Stager {
    jobs: SyncSender<StageJob>,
    thread: JoinHandle<Result<Stage, ExchangeError>>,
}

impl Stager {
    fn start(mut stage: Stage, lake: Lake, date: Date) -> Self {
        let (jobs, queue) = sync_channel::<StageJob>(STAGE_QUEUE);
        let thread = std::thread::spawn(move || {
            for job in queue {
                stage.append(&StagedUpload {
                    name: job.name,
                    archive: &lake.archive_path(date, &job.name.to_string()),
                    sender: job.sender,
                    reasons: &job.reasons,
                    members: &job.members,
                })?;
            }
            Ok(stage)
        });
        Self { jobs, thread }
    }

    /// A stage that failed shows when it is finished; until then its jobs are dropped.
    fn send(&self, job: StageJob) {
        let _ = self.jobs.send(job);
    }

    fn finish(self) -> Result<Option<Stage>, ExchangeError> {
        drop(self.jobs);
        let stage = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Some(stage))
    }
}

async fn report(
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
