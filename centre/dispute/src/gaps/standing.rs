//! Where each card stood at the end of a date: one file a date, ascending by card, read and written as a stream.
//!
//! It follows from the file of the tracked date before and the records of the date alone, so that it can be written again.

use crate::DisputeError;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use tongka_base::Date;
use tongka_base::date::format_date;
use tongka_exchange::intake::Folders;
use tongka_lake::LakeError;
use tongka_lake::durable::DurableFile;

/// A card's last accepted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Keyed hash of the card.
    pub(super) card: u64,
    pub(super) counter: u16,
    /// Balance after.
    pub(super) after: i32,
    pub(super) upload_no: u32,
    pub(super) record_no: u32,
}

const ENTRY: usize = 22;
const MAGIC: &[u8; 8] = b"TKSTAND1";

impl Standing {
    fn bytes(&self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[..8].copy_from_slice(&self.card.to_be_bytes());
        bytes[8..10].copy_from_slice(&self.counter.to_be_bytes());
        bytes[10..14].copy_from_slice(&self.after.to_be_bytes());
        bytes[14..18].copy_from_slice(&self.upload_no.to_be_bytes());
        bytes[18..].copy_from_slice(&self.record_no.to_be_bytes());
        bytes
    }

    fn of(bytes: [u8; ENTRY]) -> Self {
        let four = |at: usize| bytes[at..at + 4].try_into().expect("four bytes");
        Self {
            card: u64::from_be_bytes(bytes[..8].try_into().expect("eight bytes")),
            counter: u16::from_be_bytes([bytes[8], bytes[9]]),
            after: i32::from_be_bytes(four(10)),
            upload_no: u32::from_be_bytes(four(14)),
            record_no: u32::from_be_bytes(four(18)),
        }
    }
}

fn path(folders: &Folders, date: Date) -> PathBuf {
    folders.data.join("lake").join("standing").join(format!("{}.bin", format_date(date)))
}

/// The standings of a date, one after another.
pub(super) struct Reader {
    file: BufReader<File>,
    path: PathBuf,
}

impl Iterator for Reader {
    type Item = Result<Standing, DisputeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = [0; ENTRY];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Some(Ok(Standing::of(bytes))),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            Err(error) => Some(Err(LakeError::io(&self.path)(error).into())),
        }
    }
}

/// Opens the standings of a date; nothing before the first.
pub(super) fn read(folders: &Folders, date: Option<Date>) -> Result<Option<Peekable<Reader>>, DisputeError> {
    let Some(date) = date else { return Ok(None) };
    let path = path(folders, date);
    let mut file = BufReader::with_capacity(1 << 20, File::open(&path).map_err(LakeError::io(&path))?);
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic).map_err(LakeError::io(&path))?;
    let length = fs::metadata(&path).map_err(LakeError::io(&path))?.len() as usize;
    if magic != *MAGIC || !(length - MAGIC.len()).is_multiple_of(ENTRY) {
        return Err(DisputeError::Damaged(path.display().to_string()));
    }
    Ok(Some(Reader { file, path }.peekable()))
}

/// The standings of a date being written.
pub(super) struct Writer {
    file: DurableFile,
    path: PathBuf,
}

impl Writer {
    pub(super) fn create(folders: &Folders, date: Date) -> Result<Self, DisputeError> {
        let path = path(folders, date);
        let mut writer = Self { file: DurableFile::create(&path)?, path };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    pub(super) fn add(&mut self, standing: &Standing) -> Result<(), DisputeError> {
        self.write(&standing.bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DisputeError> {
        Ok(self.file.write_all(bytes).map_err(LakeError::io(&self.path))?)
    }

    pub(super) fn finish(self) -> Result<(), DisputeError> {
        Ok(self.file.finish()?)
    }
}

/// Removes the standings before a date: they are not read again.
pub(super) fn forget_before(folders: &Folders, date: Date) {
    let keep = path(folders, date);
    let is_older = |path: &Path| path.extension().is_some_and(|end| end == "bin") && *path < *keep;
    let files = keep.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    for file in files.map(|entry| entry.path()).filter(|path| is_older(path)) {
        // One that stays is only in the way; the next date tries again.
        let _ = fs::remove_file(file);
    }
}
