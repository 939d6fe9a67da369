//! A clearing date while it is open (开放的清算日): takes files in as they arrive, then runs to its end.
//!
//! Whoever holds an [`OpenDay`] holds the lock of the data folder ([`crate::run::lock`]): one at a time.

use crate::ExchangeError;
use crate::filecheck::Checked;
use crate::intake::{Folders, Intake, IntakeReport};
use crate::process::Workshop;
use crate::publish::{member_index, restage, run_publish, stage_dir};
use crate::run::{DayReport, Event, key_secret, lake, report, scheme_copy};
use crate::search::missing_card_indexes;
use crate::stage::{Stage, StagedUpload};
use crate::store;
use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;
use tongka_base::{Clock, Date};
use tongka_crypto::sm3;
use tongka_engine::day::{self, DayState, Step, StepRecord, crash_point, hex, mark_done};
use tongka_engine::{posting, proof};
use tongka_lake::cards::CardIndex;
use tongka_lake::durable::write_file;
use tongka_lake::keys::KeyIndex;
use tongka_lake::{Lake, LakeError};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope};
use tongka_txn::{Columns, KeySecret, Rulebook};
use tongka_wire::FileName;

/// What a clearing date runs with.
pub struct DaySetup<'a> {
    /// Database.
    pub db: &'a Db,
    /// Folders.
    pub folders: &'a Folders,
    /// Rules and parties.
    pub scheme: Scheme,
    /// The scheme's text: its digest is the scheme's identity, and the installation keeps a copy.
    pub scheme_text: String,
    /// Threads for records; all cores when absent.
    pub threads: Option<usize>,
}

/// A date asked for.
pub enum Opened<'a> {
    /// It is closed; the scheme is given back.
    Closed(Scheme),
    /// It is open.
    Open(Box<OpenDay<'a>>),
}

/// An open clearing date.
pub struct OpenDay<'a> {
    db: &'a Db,
    folders: &'a Folders,
    scheme: Scheme,
    rulebook: Rulebook,
    lake: Lake,
    secret: KeySecret,
    date: Date,
    threads: usize,
    done: BTreeMap<String, StepRecord>,
    live: Option<Live>,
}

/// What intake holds while files come in.
struct Live {
    index: KeyIndex,
    stager: Stager,
    intake: Intake,
}

impl<'a> OpenDay<'a> {
    /// Opens a date, or takes up one that is open already where it stood.
    ///
    /// # Errors
    /// E01–E03 of the engine; what files and database say.
    pub async fn open(setup: DaySetup<'a>, date: Date, clock: &dyn Clock) -> Result<Opened<'a>, ExchangeError> {
        let DaySetup { db, folders, scheme, scheme_text, threads } = setup;
        let known = day::days(db).await?;
        if known.iter().any(|d| d.date == date && d.state == DayState::Closed) {
            return Ok(Opened::Closed(scheme));
        }
        let digest = hex(&sm3(scheme_text.as_bytes()));
        if !scheme_copy(folders, &digest).exists() {
            write_file(&scheme_copy(folders, &digest), scheme_text.as_bytes())?;
        }
        day::open(db, date, &digest, clock).await?;
        crash_point("open:after");
        posting::open_accounts(db, &scheme, date, clock).await?;
        let mut day = Self {
            db,
            folders,
            rulebook: Rulebook::compile(&scheme, date),
            lake: lake(folders),
            secret: key_secret(folders)?,
            date,
            threads: threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            done: day::steps(db, date).await?,
            live: None,
            scheme,
        };
        if !day.is_cut() {
            day.live = Some(day.start_intake(&known).await?);
        }
        Ok(Opened::Open(Box::new(day)))
    }

    /// Its date.
    pub fn date(&self) -> Date {
        self.date
    }

    /// The scheme it runs under.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether no more files are taken into it.
    pub fn is_cut(&self) -> bool {
        self.is_done(Step::Cut)
    }

    fn is_done(&self, step: Step) -> bool {
        self.done.contains_key(step.name())
    }

    async fn start_intake(&self, known: &[day::Day]) -> Result<Live, ExchangeError> {
        let (db, date) = (self.db, self.date);
        let before = store::uploads(db, Scope::Platform, date).await?;
        self.lake.sweep(date, |name| before.iter().any(|u| u.name.to_string() == name))?;
        let window = chrono::TimeDelta::days(i64::from(self.scheme.rules.history_days));
        let history: Vec<Date> =
            known.iter().map(|d| d.date).filter(|d| *d < date && date.signed_duration_since(*d) <= window).collect();
        let (mut index, missing) = KeyIndex::open(&self.lake, date, &history)?;
        if !missing.is_empty() {
            for lost in missing {
                rebuild_keys(db, &self.lake, &self.secret, lost).await?;
            }
            index = KeyIndex::open(&self.lake, date, &history)?.0;
        }
        let stage = Stage::create(&stage_dir(self.folders), self.scheme.members.len())?;
        let stager = Stager::start(stage, self.lake.clone(), date);
        for upload in &before {
            let (name, sender) = (upload.name, member_index(&self.scheme, upload.name.member));
            index.insert_stored(&self.lake, &self.secret, date, &name.to_string(), name.member)?;
            let table = tongka_lake::table::Table::open(&self.lake.table_path(date, &name.to_string()))?;
            let (reasons, members) = table.outcomes()?;
            stager.send(StageJob { name, sender, reasons, members });
        }
        Ok(Live { index, stager, intake: Intake::start(db, self.folders, date).await? })
    }

    /// Takes in what lies in the inbox and what waited for it; safe to call again and again while the date is open.
    ///
    /// # Errors
    /// What files and database say. Memory may then be ahead of what was committed: open the date again.
    ///
    /// # Panics
    /// On a date that is cut.
    pub async fn take_in(
        &mut self,
        clock: &dyn Clock,
        on_event: &(dyn Fn(Event) + Sync),
    ) -> Result<IntakeReport, ExchangeError> {
        let live = self.live.as_mut().expect("the date is not cut");
        let shop = Workshop {
            rulebook: &self.rulebook,
            secret: &self.secret,
            lake: &self.lake,
            date: self.date,
            threads: self.threads,
        };
        let (scheme, stager) = (&self.scheme, &live.stager);
        let judged = |upload: &Checked, columns: &Columns| {
            let name = upload.candidate.upload.expect("only well-formed names are accepted");
            stager.send(StageJob {
                name,
                sender: member_index(scheme, name.member),
                reasons: columns.reason.clone(),
                members: columns.issuer_member.clone(),
            });
        };
        let progress = |records| on_event(Event::Records(records));
        let Live { index, intake, .. } = live;
        intake.take_in(self.db, &shop, scheme, self.folders, index, clock, &judged, &progress).await
    }

    /// Cuts the date and runs every step that is not done yet, to the end.
    ///
    /// # Errors
    /// What a step says; opening the date again and finishing it goes on from the step that failed.
    pub async fn finish(
        mut self: Box<Self>,
        taken_in: IntakeReport,
        started: Instant,
        clock: &dyn Clock,
        on_event: &(dyn Fn(Event) + Sync),
    ) -> Result<DayReport, ExchangeError> {
        let (db, folders, date) = (self.db, self.folders, self.date);
        let mut steps = Timer { on_event, done: Vec::new(), last: started };
        let live = self.live.take();
        if !self.is_done(Step::Cut) {
            if !self.is_done(Step::Intake) {
                let mut tx = db.begin_write(Scope::Platform).await?;
                let detail = format!("{taken_in:?}");
                mark_done(&mut tx, date, Step::Intake, clock, &detail, "", &detail).await?;
                tx.commit().await?;
            }
            steps.done(Step::Intake);
            crash_point("intake:done");
            day::cut(db, date, clock).await?;
            steps.done(Step::Cut);
            crash_point("cut:done");
        }
        let (index, stager) = live.map(|live| (live.index, live.stager)).unzip();
        // The key files and the card index of the date are derived: they are written beside the other steps.
        let keys = index.map(|index| {
            let lake = self.lake.clone();
            std::thread::spawn(move || index.close(&lake, date))
        });
        let cards = CardIndexing::start(db, &self.lake, &self.secret, date).await?;
        let scheme = &self.scheme;
        if !self.is_done(Step::Price) {
            day::run_price(db, scheme, date, clock).await?;
            steps.done(Step::Price);
            crash_point("price:done");
        }
        if !self.is_done(Step::Net) {
            day::run_net(db, scheme, date, clock).await?;
            steps.done(Step::Net);
            crash_point("net:done");
        }
        if !self.is_done(Step::Prove) {
            proof::run_prove(db, scheme, &self.lake, date, self.threads, clock).await?;
            steps.done(Step::Prove);
            crash_point("prove:done");
        }
        if !self.is_done(Step::Post) {
            posting::run_post(db, date, clock).await?;
            steps.done(Step::Post);
            crash_point("post:done");
        }
        if !self.is_done(Step::Publish) {
            let staged = match stager {
                Some(stager) => Some(stager.finish()?).filter(Stage::in_order),
                None => None,
            };
            let stage = match staged {
                Some(stage) => stage,
                None => restage(db, scheme, &self.lake, folders, date).await?,
            };
            run_publish(db, scheme, folders, date, stage, clock).await?;
            steps.done(Step::Publish);
            crash_point("publish:done");
        }
        match keys {
            Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
            None => rebuild_keys(db, &self.lake, &self.secret, date).await?,
        }
        cards.finish()?;
        crash_point("close:before-commit");
        day::close(db, date, clock).await?;
        steps.done(Step::Close);
        let _ = fs::remove_dir_all(stage_dir(folders));
        report(db, scheme, date, false, taken_in, steps.done, started).await
    }
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

/// Makes the card index of a closing date, and those of closed dates that are missing, in a thread of its own.
struct CardIndexing(JoinHandle<Result<(), LakeError>>);

impl CardIndexing {
    async fn start(db: &Db, lake: &Lake, secret: &KeySecret, date: Date) -> Result<Self, ExchangeError> {
        let mut dates = missing_card_indexes(db, lake).await?;
        let names = store::uploads(db, Scope::Platform, date).await?.iter().map(|u| u.name.to_string()).collect();
        dates.push((date, names));
        let (lake, secret) = (lake.clone(), secret.clone());
        Ok(Self(std::thread::spawn(move || {
            dates.iter().try_for_each(|(date, names)| CardIndex::build(&lake, *date, &secret, names))
        })))
    }

    fn finish(self) -> Result<(), ExchangeError> {
        Ok(self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    }
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

    fn finish(self) -> Result<Stage, ExchangeError> {
        drop(self.jobs);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
