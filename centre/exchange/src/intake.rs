//! Intake (收文): every file of an inbox gets its receipt, every record of an accepted one its verdict.

use crate::ExchangeError;
use crate::filecheck::{Checked, Refusal, check};
use crate::inbox::{Candidate, candidates};
use crate::process::{Workshop, process};
use crate::store::{self, Receipt};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tongka_base::date::format_date_time;
use tongka_base::{Clock, Date, FileCode, MemberCode};
use tongka_crypto::Sm2Verifier;
use tongka_engine::day::{crash_point, hex};
use tongka_lake::LakeError;
use tongka_lake::durable::{sync_dir, write_file};
use tongka_lake::keys::KeyIndex;
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope};
use tongka_txn::Columns;
use tongka_wire::{FileName, Header, Kind};

/// Where a clearing date takes files from and puts them.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Uploads of members; only read.
    pub inbox: PathBuf,
    /// Receipts and result files, one folder a member.
    pub outbox: PathBuf,
    /// The installation's own data.
    pub data: PathBuf,
}

impl Folders {
    /// Copies of files that wait for their predecessor.
    pub fn waiting(&self) -> PathBuf {
        self.data.join("waiting")
    }

    /// Copies of refused files of a clearing date.
    pub fn aside(&self, date: Date) -> PathBuf {
        self.data.join("aside").join(tongka_base::date::format_date(date))
    }

    /// A member's outbox; `unrouted` where the sender cannot be told.
    pub fn member_outbox(&self, member: MemberCode) -> PathBuf {
        if member == MemberCode::UNROUTED { self.outbox.join("unrouted") } else { self.outbox.join(member.to_string()) }
    }
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Accepted and cleared.
    Accepted,
    /// Refused, or made to wait (F09).
    Refused(Refusal),
    /// Seen before with the same bytes and the same outcome: nothing is done.
    Known,
    /// Made to wait before, and what it waits for is still not there.
    StillWaiting,
}

/// Counts over one intake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntakeReport {
    /// Files accepted now.
    pub accepted: u64,
    /// Files refused now.
    pub refused: u64,
    /// Files that wait for their predecessor.
    pub waiting: u64,
    /// Files known from before.
    pub known: u64,
    /// Records of the files accepted now.
    pub records: u64,
}

/// What intake remembers of earlier files.
struct Memory {
    accepted: HashMap<String, String>,
    receipted: HashSet<(String, String, String)>,
    next_receipt: BTreeMap<MemberCode, u32>,
    next_upload: i64,
}

impl Memory {
    async fn load(db: &Db, date: Date) -> Result<Self, ExchangeError> {
        let mut memory = Self {
            accepted: store::accepted_fingerprints(db).await?,
            receipted: HashSet::new(),
            next_receipt: BTreeMap::new(),
            next_upload: store::next_upload_number(db).await?,
        };
        for receipt in store::receipts(db, Scope::Platform, None).await? {
            if receipt.clearing_date == date {
                let next = memory.next_receipt.entry(receipt.member).or_insert(1);
                *next = (*next).max(receipt.sequence + 1);
            }
            memory.receipted.insert((receipt.upload_name, receipt.fingerprint, receipt.result));
        }
        Ok(memory)
    }
}

/// The intake of one clearing date, from its opening to its cut.
pub struct Intake {
    memory: Memory,
    /// Files whose fate stands, as they were when it was decided: they are not read again.
    settled: HashMap<PathBuf, FileStamp>,
}

/// Inode, length and time of last change of a file and of its signature.
type FileStamp = [Option<(u64, u64, SystemTime)>; 2];

impl Intake {
    /// Loads what intake remembers and puts receipts into outboxes that a crash kept back.
    ///
    /// # Errors
    /// What database and files say.
    pub async fn start(db: &Db, folders: &Folders, date: Date) -> Result<Self, ExchangeError> {
        let intake = Self { memory: Memory::load(db, date).await?, settled: HashMap::new() };
        deliver_receipts(folders, &store::receipts(db, Scope::Platform, Some(date)).await?)?;
        Ok(intake)
    }

    /// Takes an inbox in, group of files by group of files; each group is one SQL transaction. `judged` is called with
    /// every upload whose verdicts stand, in the order of acceptance and before the commit: what it does must be derived.
    ///
    /// An accepted file may be what another one waited for: the folders are looked through again until nothing more is
    /// accepted.
    ///
    /// # Errors
    /// What database and files say. What was decided but not committed is forgotten: the next call decides it again.
    pub async fn take_in(
        &mut self,
        db: &Db,
        shop: &Workshop<'_>,
        scheme: &Scheme,
        folders: &Folders,
        index: &mut KeyIndex,
        clock: &dyn Clock,
        judged: &(dyn Fn(&Checked, &Columns) + Sync),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<IntakeReport, ExchangeError> {
        let mut report = IntakeReport::default();
        loop {
            let accepted = report.accepted;
            self.pass(db, shop, scheme, folders, index, clock, judged, progress, &mut report).await?;
            if report.accepted == accepted || !folders.waiting().exists() {
                return Ok(report);
            }
        }
    }

    async fn pass(
        &mut self,
        db: &Db,
        shop: &Workshop<'_>,
        scheme: &Scheme,
        folders: &Folders,
        index: &mut KeyIndex,
        clock: &dyn Clock,
        judged: &(dyn Fn(&Checked, &Columns) + Sync),
        progress: &(dyn Fn(u64) + Sync),
        report: &mut IntakeReport,
    ) -> Result<(), ExchangeError> {
        let mut found = candidates(&[&folders.inbox, &folders.waiting()])?;
        found.retain(|c| self.settled.get(&c.path).is_none_or(|settled| stamp(&c.path) != *settled));
        for group in found.chunks(GROUP) {
            let stamps: Vec<FileStamp> = group.iter().map(|c| stamp(&c.path)).collect();
            let checked = check_side_by_side(scheme, shop, group);
            let mut fates = Vec::with_capacity(checked.len());
            for file in &checked {
                fates.push(decide(scheme, shop.date, file, &mut self.memory)?);
            }
            self.settle(db, shop, scheme, folders, index, clock, judged, progress, &checked, &fates, report).await?;
            for ((file, fate), stamp) in checked.iter().zip(&fates).zip(stamps) {
                let waits = matches!(fate, Fate::StillWaiting)
                    || matches!(fate, Fate::Refused(refusal) if refusal.code == FileCode::F09);
                if !waits {
                    self.settled.insert(file.candidate.path.clone(), stamp);
                }
            }
        }
        Ok(())
    }

    /// Carries out the fates of one group: lake, copies, then one SQL transaction, then receipts.
    async fn settle(
        &mut self,
        db: &Db,
        shop: &Workshop<'_>,
        scheme: &Scheme,
        folders: &Folders,
        index: &mut KeyIndex,
        clock: &dyn Clock,
        judged: &(dyn Fn(&Checked, &Columns) + Sync),
        progress: &(dyn Fn(u64) + Sync),
        checked: &[Checked],
        fates: &[Fate],
        report: &mut IntakeReport,
    ) -> Result<(), ExchangeError> {
        let memory = &mut self.memory;
        let uploads: Vec<&Checked> =
            checked.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Accepted).map(|(file, _)| file).collect();
        let processed = process(shop, &uploads, index, judged, progress)?;
        for (file, fate) in checked.iter().zip(fates) {
            if let Fate::Refused(refusal) = fate {
                keep_aside(folders, shop.date, file, refusal)?;
            }
        }
        crash_point("intake:before-commit");
        let mut results = processed.into_iter();
        let (mut taken, mut receipts) = (Vec::new(), Vec::new());
        let mut tx = db.begin_write(Scope::Platform).await?;
        for (file, fate) in checked.iter().zip(fates) {
            match fate {
                Fate::Known | Fate::StillWaiting => report.known += 1,
                Fate::Accepted => {
                    let processed = results.next().expect("one result for each accepted upload");
                    store::insert_upload(&mut tx, memory.next_upload, shop.date, file, &processed, clock).await?;
                    memory.next_upload += 1;
                    report.accepted += 1;
                    report.records += processed.records;
                    let receipt = receipt(scheme, shop.date, file, None, memory, clock)?;
                    store::insert_receipt(&mut tx, &receipt).await?;
                    receipts.push(receipt);
                    taken.push(file);
                }
                Fate::Refused(refusal) => {
                    if refusal.code == FileCode::F09 {
                        report.waiting += 1;
                    } else {
                        report.refused += 1;
                    }
                    let receipt = receipt(scheme, shop.date, file, Some(refusal), memory, clock)?;
                    store::insert_receipt(&mut tx, &receipt).await?;
                    receipts.push(receipt);
                }
            }
        }
        tx.commit().await?;
        crash_point("intake:after-commit");
        deliver_receipts(folders, &receipts)?;
        for file in taken {
            let waiting = folders.waiting().join(&file.candidate.name);
            if waiting.exists() {
                fs::remove_file(&waiting).map_err(LakeError::io(&waiting))?;
                let _ = fs::remove_file(signature_path(&waiting));
            }
        }
        Ok(())
    }
}

fn stamp(path: &Path) -> FileStamp {
    [path, &signature_path(path)].map(|path| {
        let meta = fs::symlink_metadata(path).ok()?;
        Some((meta.ino(), meta.len(), meta.modified().ok()?))
    })
}

/// Files of one SQL transaction.
const GROUP: usize = 64;

fn check_side_by_side(scheme: &Scheme, shop: &Workshop<'_>, group: &[Candidate]) -> Vec<Checked> {
    // Dealt out by size, so that the threads end at about the same time.
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_by_cached_key(|i| std::cmp::Reverse(fs::metadata(&group[*i].path).map_or(0, |m| m.len())));
    let shares: Vec<Vec<usize>> =
        (0..shop.threads).map(|t| order.iter().copied().skip(t).step_by(shop.threads).collect()).collect();
    let mut checked: Vec<(usize, Checked)> = std::thread::scope(|scope| {
        let threads: Vec<_> = shares
            .into_iter()
            .map(|share| {
                scope.spawn(move || {
                    let files: Vec<&Candidate> = share.iter().map(|i| &group[*i]).collect();
                    share.into_iter().zip(check(scheme, shop.date, &files)).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p))).collect()
    });
    checked.sort_unstable_by_key(|(index, _)| *index);
    checked.into_iter().map(|(_, checked)| checked).collect()
}

/// The checks that need the other files: known before, F07 to F10. An accepted file takes its identity at once.
fn decide(scheme: &Scheme, date: Date, file: &Checked, memory: &mut Memory) -> Result<Fate, ExchangeError> {
    let fingerprint = hex(&file.fingerprint);
    let earlier = memory.accepted.get(&file.candidate.name);
    if earlier == Some(&fingerprint) {
        return Ok(Fate::Known);
    }
    let refusal = match &file.refusal {
        Some(refusal) => Some(refusal.clone()),
        None if earlier.is_some() => Some(Refusal::new(FileCode::F07, "accepted before with other bytes")),
        None => {
            let name = file.candidate.upload.expect("a file without a name is refused");
            let before = FileName { sequence: name.sequence.saturating_sub(1), ..name };
            if let Some(refusal) = check_signature(scheme, date, file, name)? {
                Some(refusal)
            } else if name.sequence > 1 && !memory.accepted.contains_key(&before.to_string()) {
                Some(Refusal::new(FileCode::F09, format!("waits for {before}")))
            } else if name.date > date {
                Some(Refusal::new(FileCode::F10, format!("file date {} is after {date}", name.date)))
            } else {
                None
            }
        }
    };
    match refusal {
        None => {
            memory.accepted.insert(file.candidate.name.clone(), fingerprint);
            Ok(Fate::Accepted)
        }
        Some(refusal) => {
            let known = (file.candidate.name.clone(), fingerprint, refusal.code.code().to_owned());
            Ok(match (memory.receipted.contains(&known), refusal.code) {
                (false, _) => Fate::Refused(refusal),
                (true, FileCode::F09) => Fate::StillWaiting,
                (true, _) => Fate::Known,
            })
        }
    }
}

fn signature_path(upload: &Path) -> PathBuf {
    let mut path = upload.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// F08: where the member has a registered certificate, the detached signature over the whole file must be right under
/// one that is valid on the clearing date.
fn check_signature(
    scheme: &Scheme,
    date: Date,
    file: &Checked,
    name: FileName,
) -> Result<Option<Refusal>, ExchangeError> {
    let Some(member) = scheme.member(name.member).filter(|m| !m.certificates.is_empty()) else {
        return Ok(None);
    };
    let refuse = |detail: &str| Ok(Some(Refusal::new(FileCode::F08, detail)));
    let Ok(text) = fs::read_to_string(signature_path(&file.candidate.path)) else {
        return refuse("signature file missing");
    };
    use base64::Engine;
    let text: String = text.split_ascii_whitespace().collect();
    let Ok(signature) = base64::engine::general_purpose::STANDARD.decode(text) else {
        return refuse("signature is not base64");
    };
    let path = &file.candidate.path;
    let mut upload = File::open(path).map_err(LakeError::io(path))?;
    let mut verifiers: Vec<_> =
        member.certificates_on(date).filter_map(|certificate| Sm2Verifier::new(&certificate.public_key)).collect();
    if verifiers.is_empty() {
        return refuse("no registered certificate is valid on the clearing date");
    }
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = upload.read(&mut buffer).map_err(LakeError::io(path))?;
        if read == 0 {
            break;
        }
        verifiers.iter_mut().for_each(|verifier| verifier.update(&buffer[..read]));
    }
    let right = verifiers.into_iter().any(|verifier| verifier.verify(&signature));
    if right { Ok(None) } else { refuse("signature is wrong") }
}

/// Copies a refused or waiting file, so that its bytes are kept whatever becomes of the inbox.
fn keep_aside(folders: &Folders, date: Date, file: &Checked, refusal: &Refusal) -> Result<(), ExchangeError> {
    let source = &file.candidate.path;
    let target = if refusal.code == FileCode::F09 {
        folders.waiting().join(&file.candidate.name)
    } else {
        let safe: String = file
            .candidate
            .name
            .chars()
            .take(80)
            .map(|c| if c.is_ascii_graphic() && c != '/' { c } else { '_' })
            .collect();
        folders.aside(date).join(format!("{}_{}_{safe}", refusal.code, &hex(&file.fingerprint)[..16]))
    };
    if *source == target || target.exists() || !fs::symlink_metadata(source).is_ok_and(|m| m.is_file()) {
        return Ok(());
    }
    let copy = |from: &Path, to: &Path| -> Result<(), ExchangeError> {
        let temp = PathBuf::from(format!("{}.tmp", to.display()));
        let copied = || -> std::io::Result<()> {
            fs::copy(from, &temp)?;
            File::open(&temp)?.sync_all()?;
            fs::rename(&temp, to)
        };
        Ok(copied().map_err(LakeError::io(to))?)
    };
    let dir = target.parent().expect("inside the data folder");
    fs::create_dir_all(dir).map_err(LakeError::io(dir))?;
    if signature_path(source).exists() {
        copy(&signature_path(source), &signature_path(&target))?;
    }
    copy(source, &target)?;
    Ok(sync_dir(dir)?)
}

fn receipt(
    scheme: &Scheme,
    date: Date,
    file: &Checked,
    refusal: Option<&Refusal>,
    memory: &mut Memory,
    clock: &dyn Clock,
) -> Result<Receipt, ExchangeError> {
    let sender = file.candidate.upload.map(|u| u.member).filter(|m| scheme.member(*m).is_some());
    let member = sender.unwrap_or(MemberCode::UNROUTED);
    let next = memory.next_receipt.entry(member).or_insert(1);
    let sequence = *next;
    *next += 1;
    let accepted = file.header.as_ref().filter(|_| refusal.is_none()).map(|(header, _)| header);
    let line = tongka_wire::ReceiptRow {
        upload_name: file.candidate.name.clone(),
        result: refusal.map(|r| r.code),
        record_count: accepted.map_or(0, |h| h.record_count),
        total_amount: accepted.map_or(0, |h| h.total_amount),
        body_digest: accepted.map_or([0; 32], |h| h.body_digest),
        clearing_date: accepted.map(|_| date),
    };
    let mut body = Vec::new();
    tongka_wire::write_txr(&line, &mut body)?;
    let header = result_header(
        Kind::Txr,
        date,
        member,
        sequence,
        1,
        0,
        tongka_crypto::sm3(&body),
        &format_date_time(clock.now()),
    );
    let content = [header.write()?.as_slice(), &body].concat();
    let result = refusal.map_or("OK", |r| r.code.code()).to_owned();
    let fingerprint = hex(&file.fingerprint);
    memory.receipted.insert((file.candidate.name.clone(), fingerprint.clone(), result.clone()));
    Ok(Receipt {
        clearing_date: date,
        member,
        sequence,
        upload_name: file.candidate.name.clone(),
        fingerprint,
        result,
        detail: refusal.map_or(String::new(), |r| r.detail.clone()),
        content: String::from_utf8(content).expect("the interface is ASCII"),
    })
}

/// The header of a file from the centre to a member.
#[allow(clippy::too_many_arguments)]
pub(crate) fn result_header(
    kind: Kind,
    date: Date,
    member: MemberCode,
    sequence: u32,
    records: u64,
    total: i64,
    body_digest: [u8; 32],
    created_at: &str,
) -> Header {
    Header {
        kind,
        sender: MemberCode::CENTRE,
        receiver: member,
        file_date: date,
        sequence,
        record_count: records as u32,
        total_amount: total,
        record_length: kind.table().line_len() as u16,
        created_at: created_at.as_bytes().try_into().expect("YYYYMMDDHHMMSS"),
        body_digest,
    }
}

/// Puts receipts into the outbox that it lacks.
fn deliver_receipts(folders: &Folders, receipts: &[Receipt]) -> Result<(), ExchangeError> {
    for receipt in receipts {
        let name = store::result_name(Kind::Txr, receipt.clearing_date, receipt.member, receipt.sequence);
        let path = folders.member_outbox(receipt.member).join(name.to_string());
        if !path.exists() {
            write_file(&path, receipt.content.as_bytes())?;
        }
    }
    Ok(())
}
