//! A simulated clearing day: uploads, scheme and the truth about every record.

use crate::bad_files::BadFile;
use crate::draft::{Draft, TacKeys, Upload, txn_base, write_upload};
use crate::plan::{Job, jobs};
use crate::traffic::{Site, fill};
use crate::world::World;
use crate::{SimError, at, faults};
use base64::Engine;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use tongka_base::{Date, Reason};
use tongka_crypto::{sm2_sign, sm3};
use tongka_wire::txu::LINE_LEN;
use tongka_wire::{HEADER_LEN, Header};

/// What a simulated day is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayPlan {
    /// Clearing date, also the files' date; 2021 to 2059.
    pub date: Date,
    /// Member institutions, 1 to 350; of four and more the last one is suspended.
    pub members: u32,
    /// Records of all accepted files together.
    pub records: u64,
    /// Scheme, cards and taps follow from it.
    pub seed: u64,
    /// Faulty records per million; 0 is a clean day without refused files either.
    pub faults_ppm: u32,
    /// Most records of a file, at most 1,000,000.
    pub max_records_per_file: u32,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DaySummary {
    /// Files that will be accepted.
    pub files: u64,
    /// Files that will be refused, resends included.
    pub refused_files: u64,
    /// Records of the accepted files.
    pub records: u64,
    /// Bytes of the accepted files.
    pub bytes: u64,
    /// Sum of the amounts of the accepted files, fen.
    pub amount_fen: u64,
    /// Records with verdict A.
    pub accepted: u64,
    /// Sum of the amounts of records with verdict A, fen.
    pub accepted_amount_fen: u64,
    /// Records by verdict and reason, as `A00` or `R01`.
    pub reasons: BTreeMap<String, u64>,
    /// Refused files by code, as `F04`.
    pub file_codes: BTreeMap<String, u64>,
}

/// What the truth says of one file.
struct Truth {
    job: usize,
    name: String,
    code: Option<&'static str>,
    count: u32,
    exceptions: Vec<(u32, Reason)>,
}

/// Writes `OUT/scheme.toml`, `OUT/inbox/` with the day's uploads and detached signatures, `OUT/truth.csv` and, on a day
/// with faults, `OUT/resend/` with a changed copy of an accepted file. The same plan gives the same bytes.
///
/// `truth.csv` has the columns `upload,record_no,verdict,reason`: a row with record number 0 for each file (verdict `OK`
/// or the file code) and one for each record of accepted files, in the order of acceptance; refused files follow.
/// `progress` is told the number of records each time a file is done, from several threads. `OUT/inbox` must be empty or absent.
pub fn simulate_day(plan: &DayPlan, out: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<DaySummary, SimError> {
    let world = World::new(plan.seed, plan.members)?;
    let jobs = jobs(plan, &world)?;
    let inbox = out.join("inbox");
    fs::create_dir_all(&inbox).map_err(at(&inbox))?;
    if fs::read_dir(&inbox).map_err(at(&inbox))?.next().is_some() {
        return Err(SimError::NotEmpty(inbox));
    }
    let scheme = out.join("scheme.toml");
    fs::write(&scheme, tongka_scheme::render(&world.scheme)).map_err(at(&scheme))?;

    let resent = jobs.iter().find(|job| plan.faults_ppm > 0 && job.bad.is_none() && job.records > 0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(jobs.len());
    let next = AtomicUsize::new(0);
    let mut summary = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(workers * 2);
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                let sender = sender.clone();
                let (world, jobs, next, inbox) = (&world, &jobs, &next, &inbox);
                scope.spawn(move || work(plan, world, jobs, next, inbox, progress, &sender))
            })
            .collect();
        drop(sender);
        let told = write_truth(out, receiver.into_iter(), resent);
        // Of an error on either side the workers' is the cause: they stop when nobody listens.
        let mut summary = DaySummary::default();
        for handle in handles {
            let part = handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            add(&mut summary, part?);
        }
        told.map(|()| summary)
    })?;
    if let Some(job) = resent {
        resend(&world, job, out)?;
        summary.refused_files += 1;
        *summary.file_codes.entry("F07".into()).or_default() += 1;
    }
    Ok(summary)
}

fn add(total: &mut DaySummary, part: DaySummary) {
    total.files += part.files;
    total.refused_files += part.refused_files;
    total.records += part.records;
    total.bytes += part.bytes;
    total.amount_fen += part.amount_fen;
    total.accepted += part.accepted;
    total.accepted_amount_fen += part.accepted_amount_fen;
    part.reasons.into_iter().for_each(|(reason, count)| *total.reasons.entry(reason).or_default() += count);
    part.file_codes.into_iter().for_each(|(code, count)| *total.file_codes.entry(code).or_default() += count);
}

/// Makes one file after another until none is left.
fn work(
    plan: &DayPlan,
    world: &World,
    jobs: &[Job],
    next: &AtomicUsize,
    inbox: &Path,
    progress: &(dyn Fn(u64) + Sync),
    sender: &SyncSender<Truth>,
) -> Result<DaySummary, SimError> {
    let mut summary = DaySummary::default();
    let (mut drafts, mut bytes) = (Vec::new(), Vec::new());
    while let Some((index, job)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, jobs.get(i)?))) {
        let mut upload = make(plan, world, job, &mut drafts, bytes)?;
        if let Some(bad) = job.bad {
            bad.spoil(&mut upload)?;
        }
        let name = job.bad.map_or_else(|| job.name.to_string(), |bad| bad.file_name(job.name));
        write_file(world, job, inbox, &name, &upload.bytes)?;
        tally(&mut summary, job, &upload);
        if job.bad.is_none() {
            progress(u64::from(upload.count));
        }
        let code = job.bad.map(|bad| bad.code().code());
        let truth = Truth { job: index, name, code, count: upload.count, exceptions: upload.exceptions };
        bytes = upload.bytes;
        if sender.send(truth).is_err() {
            break;
        }
    }
    Ok(summary)
}

fn tally(summary: &mut DaySummary, job: &Job, upload: &Upload) {
    if let Some(bad) = job.bad {
        summary.refused_files += 1;
        *summary.file_codes.entry(bad.code().to_string()).or_default() += 1;
        return;
    }
    let accepted = u64::from(upload.count) - upload.exceptions.len() as u64;
    summary.files += 1;
    summary.records += u64::from(upload.count);
    summary.bytes += upload.bytes.len() as u64;
    summary.amount_fen += upload.total;
    summary.accepted += accepted;
    summary.accepted_amount_fen += upload.accepted_total;
    *summary.reasons.entry("A00".into()).or_default() += accepted;
    for (_, reason) in &upload.exceptions {
        *summary.reasons.entry(format!("{}{reason}", reason.verdict())).or_default() += 1;
    }
}

/// The good upload of a job.
fn make(plan: &DayPlan, world: &World, job: &Job, drafts: &mut Vec<Draft>, bytes: Vec<u8>) -> Result<Upload, SimError> {
    let count = job.records as usize;
    let site_of = |sequence| Site::new(job.member, sequence, plan.date, plan.max_records_per_file);
    let site = site_of(job.site);
    drafts.clear();
    drafts.reserve(count);
    if job.shared_in > 0 {
        faults::shared(world, &site_of(job.site - 1), job.shared_in, true, drafts);
    }
    faults::shared(world, &site, job.shared_out, false, drafts);
    for (local, global) in job.faults.clone().enumerate() {
        if drafts.len() + faults::MOST_RECORDS > count {
            break;
        }
        faults::add(world, &site, global, local as u64, drafts);
    }
    fill(world, &site, count, drafts);
    let keys = TacKeys { tdes: &world.keys_tdes, sm4: &world.keys_sm4 };
    write_upload(job.name, drafts, site.terminals.len(), txn_base(plan.date), keys, bytes)
}

/// Writes the file, its signature first, so that the file is never seen without.
fn write_file(world: &World, job: &Job, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), SimError> {
    let path = folder.join(name);
    if world.signs(job.member) && job.bad != Some(BadFile::Unsigned) {
        let key = world.signing_key(job.member);
        let signed = if job.bad == Some(BadFile::WrongSignature) { &bytes[..HEADER_LEN] } else { bytes };
        let der = sm2_sign(&key, signed).ok_or(SimError::Signature)?;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let path = folder.join(format!("{name}.sig"));
        fs::write(&path, text).map_err(at(&path))?;
    }
    let growing = folder.join(format!("{name}.tmp"));
    fs::write(&growing, bytes).map_err(at(&growing))?;
    fs::rename(&growing, &path).map_err(at(&path))
}

/// Writes `truth.csv` in the order of the jobs, whatever the order in which they get done.
fn write_truth(out: &Path, truths: impl Iterator<Item = Truth>, resent: Option<&Job>) -> Result<(), SimError> {
    let path = out.join("truth.csv");
    let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(&path).map_err(at(&path))?);
    file.write_all(b"upload,record_no,verdict,reason\n").map_err(at(&path))?;
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for truth in truths {
        waiting.insert(truth.job, truth);
        while let Some(truth) = waiting.remove(&next) {
            write_rows(&truth, &mut file).map_err(at(&path))?;
            next += 1;
        }
    }
    if let Some(job) = resent {
        writeln!(file, "resend/{},0,F07,", job.name).map_err(at(&path))?;
    }
    file.flush().map_err(at(&path))
}

fn write_rows(truth: &Truth, file: &mut impl Write) -> std::io::Result<()> {
    writeln!(file, "{},0,{},", truth.name, truth.code.unwrap_or("OK"))?;
    if truth.code.is_some() {
        return Ok(());
    }
    let mut exceptions = truth.exceptions.iter().peekable();
    let mut row = truth.name.clone().into_bytes();
    row.push(b',');
    let stem = row.len();
    for number in 1..=truth.count {
        let reason = exceptions.next_if(|(n, _)| *n == number).map_or(Reason::Ok, |(_, reason)| *reason);
        row.truncate(stem);
        push_number(&mut row, number);
        let code = reason.code();
        row.extend_from_slice(&[b',', reason.verdict().letter(), b',', b'0' + code / 10, b'0' + code % 10, b'\n']);
        file.write_all(&row)?;
    }
    Ok(())
}

fn push_number(row: &mut Vec<u8>, number: u32) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut rest = number;
    while rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    row.extend_from_slice(&digits[at..]);
}

/// Writes an accepted file once more with another device number in its last record.
fn resend(world: &World, job: &Job, out: &Path) -> Result<(), SimError> {
    let folder = out.join("resend");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let name = job.name.to_string();
    let path = out.join("inbox").join(&name);
    let mut bytes = fs::read(&path).map_err(at(&path))?;
    let place = bytes.len() - LINE_LEN + 149;
    bytes[place] ^= 1;
    let mut fields = Header::parse(&bytes[..HEADER_LEN]).map_err(|e| SimError::Plan(e.to_string()))?;
    fields.body_digest = sm3(&bytes[HEADER_LEN..]);
    bytes[..HEADER_LEN].copy_from_slice(&fields.write().map_err(|e| SimError::Plan(e.to_string()))?);
    write_file(world, job, &folder, &name, &bytes)
}
