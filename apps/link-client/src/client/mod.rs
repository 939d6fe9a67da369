//! The client: what it holds, and one round of its work.
//!
//! A round is local work (requests of people, the outbox, source files), then, when there is something to send or it is time
//! to ask, one connection: send all, fetch all. Whatever fails on the line ends the connection and is tried again; what the
//! other side refuses concerns one file.

mod incoming;
mod outgoing;
mod places;
mod raw;
mod requests;

pub use outgoing::check_file;
pub use places::Places;
pub use requests::Request;

use crate::books::{Books, Bytes, Entry, Event, InState, OutState};
use crate::config::Config;
use crate::convert::Profile;
use crate::journal::Journal;
use crate::notify::{Notice, Notifier};
use crate::status::{Disk, Live};
use crate::{ClientCode, ClientError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tongka_base::date::format_date_time;
use tongka_base::{Clock, MemberCode};
use tongka_link::LinkError;
use tongka_link::client::{Remote, Target};
use tongka_link::disk::{self, Content, open_plain};
use tongka_link::drop::DropFolder;
use zeroize::Zeroizing;

/// What a round did, and what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Files delivered.
    pub sent: u32,
    /// Results placed.
    pub placed: u32,
    /// Source files converted.
    pub converted: u32,
    /// Files refused or kept aside.
    pub refused: u32,
}

/// The client of one member.
pub struct Client {
    pub(crate) config: Config,
    pub(crate) member: MemberCode,
    pub(crate) places: Places,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) journal: Journal,
    pub(crate) live: Arc<Mutex<Live>>,
    target: Target,
    signing_key: Option<Zeroizing<[u8; 32]>>,
    profile: Option<Profile>,
    outbox: DropFolder,
    raw: DropFolder,
    notifier: Notifier,
    /// Files that the other side did not take now, and when to try again.
    later: BTreeMap<String, (u32, Instant)>,
    /// What people were told of, so that they are told once.
    told: BTreeSet<String>,
    _lock: File,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("member", &self.member).field("places", &self.places).finish_non_exhaustive()
    }
}

impl Client {
    /// Opens the folders and the journal; a second client over the same folders is refused.
    ///
    /// # Errors
    /// Z01, Z02, Z03, Z15, Z18, Z19.
    pub fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        let places = Places::new(&config.folders);
        for folder in places.all() {
            disk::make_dir(&folder)?;
        }
        let lock = places.lock()?;
        let days = i64::try_from(config.limits.journal_days).unwrap_or(i64::MAX).min(100_000);
        let old_day = tongka_base::date::format_date(clock.now().date() - chrono::TimeDelta::days(days));
        let journal = Journal::open(&places.journal(), &old_day)?;
        let settle = Duration::from_millis(config.times.settle_ms);
        let started = format_date_time(clock.now());
        let live = Live { pid: std::process::id(), started_at: started, ..Live::default() };
        Ok(Self {
            member: config.member_code()?,
            target: config.target(Arc::clone(&clock))?,
            signing_key: config.signing_key()?,
            profile: config.read_profile()?,
            outbox: DropFolder::new(&places.outbox, settle),
            raw: DropFolder::new(&places.raw(), settle),
            notifier: Notifier::start(&config.notify)?,
            live: Arc::new(Mutex::new(live)),
            later: BTreeMap::new(),
            told: BTreeSet::new(),
            _lock: lock,
            config,
            places,
            clock,
            journal,
        })
    }

    /// The books.
    pub fn books(&self) -> &Books {
        self.journal.books()
    }

    /// What the page shows beside the books.
    pub fn live(&self) -> Arc<Mutex<Live>> {
        Arc::clone(&self.live)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn set_live(&self, change: impl FnOnce(&mut Live)) {
        change(&mut self.live.lock().expect("no thread panics with it"));
    }

    pub(crate) fn note(&mut self, events: impl IntoIterator<Item = Event>) -> Result<(), ClientError> {
        let entries: Vec<Entry> = events.into_iter().map(|event| Entry::now(self.clock.as_ref(), event)).collect();
        self.journal.append(&entries)
    }

    pub(crate) fn out(
        &mut self,
        name: &str,
        state: OutState,
        bytes: Option<Bytes>,
        code: &str,
        detail: &str,
    ) -> Result<(), ClientError> {
        let (name, code, detail) = (name.to_owned(), code.to_owned(), detail.to_owned());
        self.note([Event::Out { name, state, bytes, code, detail }])
    }

    pub(crate) fn incoming(
        &mut self,
        name: &str,
        state: InState,
        bytes: Option<Bytes>,
        code: &str,
        detail: &str,
    ) -> Result<(), ClientError> {
        let (name, code, detail) = (name.to_owned(), code.to_owned(), detail.to_owned());
        self.note([Event::In { name, state, bytes, code, detail }])
    }

    /// Tells people, once for each (code, file) until `forget`.
    pub(crate) fn tell(&mut self, code: &str, file: &str, text: &str) {
        if self.told.insert(format!("{code} {file}")) {
            tracing::warn!(code, file, "{text}");
            let (code, file, text) = (code.to_owned(), file.to_owned(), text.to_owned());
            let at = format_date_time(self.clock.now());
            self.notifier.tell(Notice { at, member: self.config.member.clone(), code, file, text });
        }
    }

    pub(crate) fn forget(&mut self, code: &str, file: &str) {
        self.told.remove(&format!("{code} {file}"));
    }

    /// Local work: what needs no connection.
    ///
    /// # Errors
    /// Z12 the disk is full: all waits until it is not; Z18.
    pub fn local(&mut self) -> Result<Round, ClientError> {
        let mut round = Round::default();
        let checked = self.check_disk().and_then(|()| {
            self.take_requests()?;
            self.take_outbox(&mut round)?;
            self.convert_raw(&mut round)?;
            self.prepare()
        });
        self.settle_disk(&checked);
        checked.map(|()| round)
    }

    /// Whether something waits to be sent now.
    pub fn has_work(&self) -> bool {
        let now = Instant::now();
        let is_due = |name: &String| self.later.get(name).is_none_or(|(_, at)| *at <= now);
        let waits = |state| matches!(state, OutState::Checked | OutState::Signed | OutState::Sending);
        self.books().out.iter().any(|(name, file)| waits(file.state) && is_due(name))
    }

    /// One connection: sends all, fetches all.
    ///
    /// # Errors
    /// What broke the line; Z12, Z18 of the own disk.
    pub async fn exchange(&mut self) -> Result<Round, ClientError> {
        let mut round = Round::default();
        let done = self.exchange_now(&mut round).await;
        self.set_live(|live| live.sending = None);
        self.settle_disk(&done);
        let at = format_date_time(self.clock.now());
        match &done {
            Ok(()) => self.set_live(|live| {
                live.failures = 0;
                live.error = None;
                live.next_try = None;
            }),
            Err(error) => {
                let shown = (error.code_text().to_owned(), error.to_string());
                tracing::warn!("{error}");
                self.set_live(|live| {
                    live.failures += 1;
                    live.error = Some((at, shown.0, shown.1));
                });
            }
        }
        self.watch_silence();
        done.map(|()| round)
    }

    async fn exchange_now(&mut self, round: &mut Round) -> Result<(), ClientError> {
        self.check_disk()?;
        let remote = Remote::connect(&self.target).await?;
        let theirs = remote.time().await?;
        let ours = self.clock.now().and_utc().timestamp() - 8 * 3600;
        let off = ours - theirs;
        let at = format_date_time(self.clock.now());
        self.set_live(|live| {
            live.clock_off_s = Some(off);
            live.last_contact = Some(at);
        });
        if off.abs() > self.config.limits.clock_s {
            let text = format!(
                "本机时钟比中心{} {} 秒 the own clock is {off} s off",
                if off > 0 { "快" } else { "慢" },
                off.abs()
            );
            self.tell(ClientCode::ClockOff.code(), "", &text);
        } else {
            self.forget(ClientCode::ClockOff.code(), "");
        }
        self.send_all(&remote, round).await?;
        self.fetch_all(&remote, round).await?;
        let at = format_date_time(self.clock.now());
        self.set_live(|live| live.last_contact = Some(at));
        self.forget(ClientCode::Unreached.code(), "");
        Ok(())
    }

    /// Long silence is told of.
    fn watch_silence(&mut self) {
        let live = self.live.lock().expect("no thread panics with it").clone();
        let since = live.last_contact.as_deref().unwrap_or(&live.started_at);
        let silent = tongka_base::date::parse_date_time(since).map(|at| (self.clock.now() - at).num_seconds());
        if live.failures > 0 && silent.is_some_and(|s| s > self.config.times.silence_s as i64) {
            let text = live.error.map(|(_, _, text)| text).unwrap_or_default();
            self.tell(ClientCode::Unreached.code(), "", &text);
        }
    }

    /// Free space of every folder's disk; too little of it stops the round.
    fn check_disk(&mut self) -> Result<(), ClientError> {
        let mut disks: Vec<Disk> = Vec::new();
        for folder in self.places.roots() {
            if let Ok(found) = rustix::fs::statvfs(folder) {
                let free_bytes = found.f_bavail.saturating_mul(found.f_frsize);
                let total_bytes = found.f_blocks.saturating_mul(found.f_frsize);
                disks.push(Disk { folder: folder.display().to_string(), free_bytes, total_bytes });
            }
        }
        let spare = self.config.limits.spare_mb << 20;
        let short = disks.iter().find(|d| d.free_bytes < spare).cloned();
        self.set_live(|live| live.disks = disks);
        match short {
            Some(disk) => {
                let detail = format!("{}: 剩余 free {} MiB < {} MiB", disk.folder, disk.free_bytes >> 20, spare >> 20);
                Err(ClientError::new(ClientCode::Full, detail))
            }
            None => Ok(()),
        }
    }

    /// Notes whether the disk is full, and tells once.
    fn settle_disk(&mut self, result: &Result<(), ClientError>) {
        let full = result.as_ref().err().filter(|e| e.is_full()).map(ToString::to_string);
        match &full {
            Some(text) => self.tell(ClientCode::Full.code(), "", text),
            None if result.is_ok() => self.forget(ClientCode::Full.code(), ""),
            None => return,
        }
        self.set_live(|live| live.paused = full);
    }

    /// Writes down what another process may want to see. A full disk is no reason to stop.
    pub fn show(&self) {
        let mut live = self.live.lock().expect("no thread panics with it").clone();
        live.at = format_date_time(self.clock.now());
        let text = serde_json::to_vec_pretty(&live).expect("plain data");
        if let Err(error) = disk::write_file(&self.places.live(), &text) {
            tracing::debug!("{error}");
        }
    }

    /// Removes days of the archive that are older than it is kept.
    ///
    /// # Errors
    /// Z18.
    pub fn prune(&mut self) -> Result<(), ClientError> {
        let days = self.config.limits.archive_days;
        if days == 0 {
            return Ok(());
        }
        let oldest = self.clock.now().date() - chrono::TimeDelta::days(days.min(100_000) as i64);
        let oldest = tongka_base::date::format_date(oldest);
        for folder in [self.places.sent(), self.places.received(), self.places.sources()] {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_day = name.len() == 8 && name.bytes().all(|c| c.is_ascii_digit());
                if is_day && name < oldest {
                    fs::remove_dir_all(entry.path()).map_err(ClientError::io(&entry.path()))?;
                }
            }
        }
        Ok(())
    }
}

/// Size and fingerprint of a file's bytes.
pub(crate) fn bytes_of(path: &Path) -> Result<Bytes, ClientError> {
    let content = open_plain(path).and_then(|mut f| Content::of(&mut f)).map_err(ClientError::io(path))?;
    Ok(Bytes { size: content.size, fingerprint: content.fingerprint() })
}

/// Copies a file; durable, whole or not there.
pub(crate) fn copy_file(from: &Path, to: &Path) -> Result<(), ClientError> {
    let dir = to.parent().unwrap_or(Path::new("."));
    disk::make_dir(dir)?;
    let mut temporary = to.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = std::path::PathBuf::from(temporary);
    let copied = || -> std::io::Result<()> {
        let mut target = File::create(&temporary)?;
        std::io::copy(&mut open_plain(from)?, &mut target)?;
        target.sync_all()?;
        fs::rename(&temporary, to)
    };
    if let Err(error) = copied() {
        let _ = fs::remove_file(&temporary);
        return Err(ClientError::io(to)(error));
    }
    Ok(disk::sync_dir(dir)?)
}

/// Moves a file, making the folder it goes to.
pub(crate) fn move_to(from: &Path, to: &Path) -> Result<(), LinkError> {
    disk::make_dir(to.parent().unwrap_or(Path::new(".")))?;
    disk::move_file(from, to)
}

/// Removes a file that lies elsewhere too; one that is gone is fine.
pub(crate) fn remove(path: &Path) -> Result<(), ClientError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ClientError::io(path)(error)),
        _ => Ok(disk::sync_dir(path.parent().unwrap_or(Path::new(".")))?),
    }
}
