//! The desk (收件台): files of members that are no consumption uploads, and what the centre gives out beside results.
//!
//! Where this process leads, it looks again and again: publishes approved list versions, offers them, takes `ACK`, `TXV`
//! and `DSP` files, carries out what passed deadlines of disputes mean. Each is taken whole or refused whole, with a code and why in the transfer log; its bytes are kept either
//! way. Everything here may be stopped at any point and run again.

use super::config::Config;
use super::front::places;
use super::worker::Bell;
use crate::output::hex;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tongka_base::{Clock, Date, FileCode, MemberCode, SystemClock};
use tongka_crypto::sm3;
use tongka_dispute::case::{due, take_file};
use tongka_dispute::{DisputeError, gaps};
use tongka_engine::day::{self, DayState};
use tongka_exchange::intake::Folders;
use tongka_exchange::tac_verdict::take_verdicts;
use tongka_link::disk::{make_dir, move_file};
use tongka_link::{inbox, sign};
use tongka_storage::Db;
use tongka_wire::{BodyCheck, FileName, HEADER_LEN, Header, Kind, check_upload};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Looks between two at what people approved and members acknowledged.
const LISTS_EVERY: u32 = 4;
/// Looks between two at what goes by days: deadlines, dates that were closed.
const DATES_EVERY: u32 = 120;
const REST: Duration = Duration::from_secs(5);

/// Where list contents are.
pub(crate) fn lists_folder(folders: &Folders) -> PathBuf {
    folders.data.join("lists")
}

/// Works until the bell stops.
pub(crate) async fn run(config: &Config, bell: &Bell) {
    while !bell.stopped() {
        if let Err(error) = serve(config, bell).await {
            tracing::error!(%error, "the desk starts again");
            metrics::counter!("tongka_worker_failures_total").increment(1);
            bell.wait(REST).await;
        }
    }
}

async fn serve(config: &Config, bell: &Bell) -> Outcome<()> {
    let folders = config.folders();
    let db = tongka_exchange::run::open_database(&folders, config.database.as_deref()).await?;
    let (mut looks, mut tracked) = (0_u32, None);
    while !bell.stopped() {
        if bell.leads() {
            take_in(config, &db, &folders).await?;
            if looks.is_multiple_of(LISTS_EVERY) {
                publish(&db, &folders).await?;
            }
            if looks.is_multiple_of(DATES_EVERY) {
                for number in due(&db, &SystemClock).await? {
                    tracing::info!(number, "a dispute went on, its deadline passed");
                }
                track_gaps(&db, &folders, &mut tracked).await?;
            }
            looks = looks.wrapping_add(1);
        }
        bell.wait(LOOK_EVERY).await;
    }
    db.close().await;
    Ok(())
}

/// Looks for gaps in the counters of cards, date by date, once each is closed.
async fn track_gaps(db: &Db, folders: &Folders, tracked: &mut Option<Date>) -> Outcome<()> {
    for day in day::days(db).await? {
        if day.state == DayState::Closed && tracked.is_none_or(|last| last < day.date) {
            gaps::track(db, folders, day.date, &SystemClock).await?;
            *tracked = Some(day.date);
        }
    }
    Ok(())
}

/// Publishes what was approved, and offers what members lack.
async fn publish(db: &Db, folders: &Folders) -> Outcome<()> {
    let (lists, clock) = (lists_folder(folders), &SystemClock);
    let members = tongka_member::present_members(db, clock.now().date()).await?;
    for version in tongka_lists::approved(db).await? {
        let scheme = tongka_member::at_version(db, &folders.data, version.book_version).await?;
        tongka_lists::publish(db, &lists, &version, &scheme, &members, clock).await?;
        tracing::info!(list = %version.list, version = version.version, "list published");
    }
    let offered = tongka_lists::offer(db, &lists, &members, clock).await?;
    if offered.files > 0 {
        tracing::info!(files = offered.files, bytes = offered.bytes, "lists offered");
        metrics::counter!("tongka_list_files_total").increment(offered.files);
    }
    Ok(())
}

/// A refusal: code and why.
type Refusal = (String, String);

async fn take_in(config: &Config, db: &Db, folders: &Folders) -> Outcome<()> {
    let desk = places(folders).desk;
    let mut names: Vec<FileName> = fs::read_dir(&desk)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| FileName::parse(&entry.file_name().to_string_lossy()).ok())
        .filter(|name| matches!(name.kind, Kind::Ack | Kind::Txv | Kind::Dsp))
        .collect();
    names.sort_unstable();
    for name in names {
        if inbox::is_handed(db, name).await? {
            take(config, db, folders, &desk, name).await?;
        }
    }
    Ok(())
}

async fn take(config: &Config, db: &Db, folders: &Folders, desk: &Path, name: FileName) -> Outcome<()> {
    let path = desk.join(name.to_string());
    let bytes = fs::read(&path).map_err(|e| format!("L01 {}: {e}", path.display()))?;
    let digest = hex(&sm3(&bytes));
    let outcome = match checked(db, &path, name, &bytes).await? {
        Some(refusal) => Err(refusal),
        None => carry_out(config, db, folders, name, &digest, &bytes[HEADER_LEN..]).await?,
    };
    let refusal = outcome.as_ref().err().map(|(code, why)| (code.as_str(), why.as_str()));
    match refusal {
        None => tracing::info!(%name, "taken at the desk"),
        Some((code, why)) => {
            tracing::warn!(%name, code, why, "refused at the desk");
            metrics::counter!("tongka_front_alarms_total").increment(1);
        }
    }
    inbox::settle(db, name, bytes.len() as u64, refusal, &SystemClock).await?;
    // Kept under its digest: a refused name may come again with other bytes.
    let kept = folders.data.join("desk-archive").join(name.kind.code());
    make_dir(&kept)?;
    let signature = desk.join(format!("{name}.sig"));
    if signature.is_file() {
        move_file(&signature, &kept.join(format!("{name}.{}.sig", &digest[..16])))?;
    }
    move_file(&path, &kept.join(format!("{name}.{}", &digest[..16])))?;
    Ok(())
}

/// F03 to F06 and F08: the same checks as an upload's.
async fn checked(db: &Db, path: &Path, name: FileName, bytes: &[u8]) -> Outcome<Option<Refusal>> {
    let split = bytes.len().min(HEADER_LEN);
    let header = Header::parse(&bytes[..split]);
    let mut body = BodyCheck::new(name.kind);
    body.take(&bytes[split..]);
    let refusal = check_upload(&name, header.as_ref(), &body, sm3(&bytes[split..]));
    if let Some(refusal) = refusal {
        return Ok(Some((refusal.code.code().to_owned(), refusal.detail)));
    }
    let all = tongka_member::valid_certificates(db, SystemClock.now().date()).await?;
    let keys: Vec<[u8; 65]> =
        all.into_iter().filter(|(member, _)| *member == name.member).map(|(_, key)| key).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let text = fs::read_to_string(path.with_file_name(format!("{name}.sig"))).unwrap_or_default();
    let right = match sign::read_signature(&text) {
        None => false,
        Some(signature) => {
            let verify = |key: &[u8; 65]| sign::verify_reader(&mut &bytes[..], key, &signature);
            keys.iter().map(verify).collect::<Result<Vec<_>, _>>()?.contains(&true)
        }
    };
    Ok((!right).then(|| (FileCode::F08.code().to_owned(), FileCode::F08.text_zh().to_owned())))
}

/// Hands a file to who answers for its kind. A refusal is what its sender can mend.
async fn carry_out(
    config: &Config,
    db: &Db,
    folders: &Folders,
    name: FileName,
    digest: &str,
    lines: &[u8],
) -> Outcome<Result<(), Refusal>> {
    let member: MemberCode = name.member;
    let told = |text: String| {
        let (code, why) = text.split_once(' ').unwrap_or((&text, ""));
        (code.to_owned(), why.to_owned())
    };
    if name.kind == Kind::Ack {
        return match tongka_lists::acknowledge(db, member, &name.to_string(), lines, &SystemClock).await {
            Ok(_) => Ok(Ok(())),
            Err(error @ tongka_lists::ListError::Acknowledgement(_)) => Ok(Err(told(error.to_string()))),
            Err(error) => Err(error.into()),
        };
    }
    if name.kind == Kind::Dsp {
        let file = name.to_string();
        return match take_file(db, folders, member, (&file, digest), lines, &SystemClock).await {
            Ok(_) => Ok(Ok(())),
            Err(error @ DisputeError::Line { .. }) => Ok(Err(told(error.to_string()))),
            Err(error) => Err(error.into()),
        };
    }
    let (file, days) = (name.to_string(), config.clearing.tac_verdict_days);
    match take_verdicts(db, folders, member, (&file, digest), lines, days, &SystemClock).await {
        Ok(_) => Ok(Ok(())),
        Err(error @ tongka_exchange::ExchangeError::TacVerdict(_)) => Ok(Err(told(error.to_string()))),
        Err(error) => Err(error.into()),
    }
}
