//! Detail result files (TXE, TXD, SUS) while they grow: each accepted upload appends its lines, publishing gives the
//! files their headers and names. What is staged is derived from the archive and made again after a crash.

use crate::ExchangeError;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use tongka_base::{Reason, Verdict};
use tongka_crypto::{Sm3, sm3_update_many};
use tongka_lake::LakeError;
use tongka_lake::archive::{ArchiveReader, BLOCK_LINES};
use tongka_txn::NO_MEMBER;
use tongka_wire::txu::{LINE_LEN, amount_or_zero};
use tongka_wire::{FileName, HEADER_LEN, Kind};

/// Bytes buffered over all files before they are hashed side by side and written.
const BUFFERED: usize = 24 << 20;
/// Bytes of one file after which it is synced, so that the disk works while the day is still taken in.
const SYNC_EVERY: u64 = 8 << 20;
/// The kinds staged here, in the order of the parts of a member.
pub const KINDS: [Kind; 3] = [Kind::Txe, Kind::Txd, Kind::Sus];

/// One growing result file.
#[derive(Default)]
struct Part {
    buffer: Vec<u8>,
    digest: Sm3,
    records: u64,
    total: u64,
    written: u64,
    synced: u64,
}

/// Count, sum and digest of a finished result file's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartSum {
    /// Number of records.
    pub records: u64,
    /// Sum of field 12, fen; a malformed amount counts as 0.
    pub total_fen: u64,
    /// SM3 of the body.
    pub digest: [u8; 32],
}

/// The result files of one clearing date while they grow.
pub struct Stage {
    dir: PathBuf,
    parts: Vec<Part>,
    buffered: usize,
    last: Option<FileName>,
    in_order: bool,
    syncer: SyncSender<File>,
}

/// An accepted upload as the stage needs it.
pub struct StagedUpload<'a> {
    /// Its name.
    pub name: FileName,
    /// Its archive.
    pub archive: &'a Path,
    /// Index of its sender in the scheme.
    pub sender: u16,
    /// Reason code of every record.
    pub reasons: &'a [u8],
    /// Index of the issuer's member of every record.
    pub members: &'a [u16],
}

impl Stage {
    /// An empty stage in a folder of its own, for `members` members.
    pub fn create(dir: &Path, members: usize) -> Result<Self, ExchangeError> {
        if dir.exists() {
            fs::remove_dir_all(dir).map_err(LakeError::io(dir))?;
        }
        fs::create_dir_all(dir).map_err(LakeError::io(dir))?;
        let parts = std::iter::repeat_with(Part::default).take(members * KINDS.len()).collect();
        let (syncer, files) = sync_channel::<File>(64);
        // Only starts the writing back early: errors show when the file is synced for publishing.
        std::thread::spawn(move || files.into_iter().for_each(|file| drop(file.sync_data())));
        Ok(Self { dir: dir.to_owned(), parts, buffered: 0, last: None, in_order: true, syncer })
    }

    /// Whether uploads came in the order of the result files: sender, then name.
    pub fn in_order(&self) -> bool {
        self.in_order
    }

    /// Appends the lines of an accepted upload.
    pub fn append(&mut self, upload: &StagedUpload<'_>) -> Result<(), ExchangeError> {
        let order = |n: &FileName| (n.member, n.date, n.sequence);
        self.in_order &= self.last.as_ref().is_none_or(|last| order(last) < order(&upload.name));
        self.last = Some(upload.name);

        let name = format!("{:<40}", upload.name.to_string());
        let cleared = format!("D{}{name}", upload.name.member);
        let mut archive = ArchiveReader::open(upload.archive)?;
        let mut block = Vec::with_capacity(BLOCK_LINES * LINE_LEN);
        archive.next_block(&mut block)?;
        let mut row = 0;
        while archive.next_block(&mut block)? {
            for line in block.chunks_exact(LINE_LEN) {
                let reason = Reason::from_code(upload.reasons[row]).expect("a column holds only known reasons");
                let issuer = upload.members[row];
                row += 1;
                let record = &line[..LINE_LEN - 2];
                if reason == Reason::Ok {
                    self.push(issuer, Kind::Txd, &[cleared.as_bytes(), record, b"\r\n"], line);
                    continue;
                }
                let verdict = format!("{}{reason}\r\n", reason.verdict());
                let parts = [b"E", name.as_bytes(), record, verdict.as_bytes()];
                self.push(upload.sender, Kind::Txe, &parts, line);
                if reason.verdict() == Verdict::Suspicious && issuer != NO_MEMBER {
                    self.push(issuer, Kind::Sus, &parts, line);
                }
            }
            if self.buffered >= BUFFERED {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn push(&mut self, member: u16, kind: Kind, pieces: &[&[u8]], line: &[u8]) {
        let part = &mut self.parts[usize::from(member) * KINDS.len() + slot(kind)];
        let before = part.buffer.len();
        for piece in pieces {
            part.buffer.extend_from_slice(piece);
        }
        self.buffered += part.buffer.len() - before;
        part.records += 1;
        part.total += amount_or_zero(line);
    }

    /// Hashes and writes what is buffered.
    fn flush(&mut self) -> Result<(), ExchangeError> {
        let mut jobs: Vec<(&mut Sm3, &[u8])> = self
            .parts
            .iter_mut()
            .filter(|p| !p.buffer.is_empty())
            .map(|p| (&mut p.digest, p.buffer.as_slice()))
            .collect();
        sm3_update_many(&mut jobs);
        let parts = self.parts.len();
        for index in 0..parts {
            if self.parts[index].buffer.is_empty() {
                continue;
            }
            let path = self.part_path(index);
            let part = &mut self.parts[index];
            let io = LakeError::io(&path);
            let mut write = || -> std::io::Result<()> {
                let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
                if part.written == 0 {
                    file.write_all(&[b' '; HEADER_LEN])?;
                }
                file.write_all(&part.buffer)?;
                part.written += part.buffer.len() as u64;
                if part.written - part.synced >= SYNC_EVERY {
                    // What cannot be queued now is synced when the file is published.
                    let _ = self.syncer.try_send(file);
                    part.synced = part.written;
                }
                Ok(())
            };
            write().map_err(io)?;
            // One upload can fill one part's buffer: it must not stay that large in each part in turn.
            part.buffer.clear();
            part.buffer.shrink_to(BUFFERED / parts);
        }
        self.buffered = 0;
        Ok(())
    }

    fn part_path(&self, index: usize) -> PathBuf {
        self.dir.join(format!("{}-{}.part", index / KINDS.len(), KINDS[index % KINDS.len()]))
    }

    /// Hashes and writes the rest and tells the sums by (member index, kind).
    pub fn sums(&mut self) -> Result<Vec<(u16, Kind, PartSum)>, ExchangeError> {
        self.flush()?;
        let sum = |(index, part): (usize, &Part)| {
            let sum = PartSum { records: part.records, total_fen: part.total, digest: part.digest.clone().finish() };
            ((index / KINDS.len()) as u16, KINDS[index % KINDS.len()], sum)
        };
        Ok(self.parts.iter().enumerate().map(sum).collect())
    }

    /// Gives a part its header line and its name in the outbox; the caller syncs the folder.
    pub fn publish(&self, member: u16, kind: Kind, header: &[u8], target: &Path) -> Result<(), ExchangeError> {
        let index = usize::from(member) * KINDS.len() + slot(kind);
        let path = self.part_path(index);
        let io = LakeError::io(&path);
        let finish = || -> std::io::Result<()> {
            let file: File = OpenOptions::new().create(true).write(true).truncate(false).open(&path)?;
            file.write_all_at(header, 0)?;
            file.sync_all()?;
            match fs::rename(&path, target) {
                Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
                    let beside = target.with_extension("dat.tmp");
                    fs::copy(&path, &beside)?;
                    File::open(&beside)?.sync_all()?;
                    fs::rename(&beside, target)
                }
                renamed => renamed,
            }
        };
        Ok(finish().map_err(io)?)
    }
}

fn slot(kind: Kind) -> usize {
    KINDS.iter().position(|k| *k == kind).expect("one of the staged kinds")
}
