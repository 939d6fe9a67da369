//! The journal (流水日志): an append-only file of what happened to every file; the books come from it alone.
//!
//! One entry a line: CRC-32 of the text in hex, a blank, the entry as JSON. A member can read it and mail it. An entry counts
//! when `append` returned: it is on disk then. What a kill left at the end, a line that is not whole, is cut off; a bad line
//! with good ones behind it is damage, and the client does not start over it (Z03). Where the disk was full, the part that
//! was written is cut off again, so that the next entry follows the last good one. On start, files that ended long ago are
//! reduced to their last state.

use crate::books::{Books, Entry, Event};
use crate::{ClientCode, ClientError};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tongka_link::disk;

/// The journal and the books that it tells.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    good: u64,
    books: Books,
}

fn frame(entry: &Entry) -> String {
    let text = serde_json::to_string(entry).expect("plain data");
    format!("{:08X} {text}\n", crc32fast::hash(text.as_bytes()))
}

fn unframe(line: &[u8]) -> Option<Entry> {
    let text = line.strip_suffix(b"\n")?;
    let (crc, json) = text.split_at_checked(9)?;
    let crc = std::str::from_utf8(crc.strip_suffix(b" ")?).ok()?;
    if u32::from_str_radix(crc, 16).ok()? != crc32fast::hash(json) {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// Entries, and how many bytes of the file hold them.
fn entries(path: &Path, bytes: &[u8]) -> Result<(Vec<Entry>, u64), ClientError> {
    let (mut entries, mut good, mut at) = (Vec::new(), 0_u64, 0_u64);
    let mut bad: Option<u64> = None;
    for line in bytes.split_inclusive(|c| *c == b'\n') {
        at += line.len() as u64;
        match (unframe(line), bad) {
            (Some(entry), None) => {
                entries.push(entry);
                good = at;
            }
            (Some(_), Some(bad)) => {
                let detail = format!(
                    "{} 第 {bad} 字节起，其后仍有有效记录 from byte {bad}, good entries follow",
                    path.display()
                );
                return Err(ClientError::new(ClientCode::Journal, detail));
            }
            (None, None) => bad = Some(good),
            (None, Some(_)) => {}
        }
    }
    Ok((entries, good))
}

fn books_of(entries: &[Entry]) -> Books {
    let mut books = Books::default();
    entries.iter().for_each(|entry| books.apply(entry));
    books
}

impl Journal {
    /// Opens or starts a journal; cuts a torn end off; reduces what ended before `old_day` (`YYYYMMDD`).
    ///
    /// # Errors
    /// Z03 damage, Z12, Z18.
    pub fn open(path: &Path, old_day: &str) -> Result<Self, ClientError> {
        disk::make_dir(path.parent().unwrap_or(Path::new(".")))?;
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(ClientError::io(path)(error)),
        };
        let (mut all, mut good) = entries(path, &bytes)?;
        let mut books = books_of(&all);
        let ended = books.ended_before(old_day);
        if !ended.is_empty() {
            let reduced = reduced(&books, &ended, &all);
            if reduced.len() < all.len() {
                let text: String = reduced.iter().map(frame).collect();
                // A full disk is no reason not to start: the long journal says the same.
                match disk::write_file(path, text.as_bytes()) {
                    Ok(()) => {
                        good = text.len() as u64;
                        all = reduced;
                        books = books_of(&all);
                    }
                    Err(error) => tracing::warn!("{error}"),
                }
            }
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(ClientError::io(path))?;
        file.set_len(good).map_err(ClientError::io(path))?;
        file.seek(SeekFrom::Start(good)).map_err(ClientError::io(path))?;
        file.sync_all().map_err(ClientError::io(path))?;
        disk::sync_dir(path.parent().unwrap_or(Path::new(".")))?;
        Ok(Self { path: path.to_owned(), file, good, books })
    }

    /// The books of a journal that another process may be writing; an entry that is not whole yet is not read.
    ///
    /// # Errors
    /// Z03, Z18.
    pub fn read(path: &Path) -> Result<Books, ClientError> {
        match fs::read(path) {
            Ok(bytes) => Ok(books_of(&entries(path, &bytes)?.0)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Books::default()),
            Err(error) => Err(ClientError::io(path)(error)),
        }
    }

    /// The books.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Bytes of the journal.
    pub(crate) fn size(&self) -> u64 {
        self.good
    }

    /// Writes entries down, all on disk when it returns; on an error none of them counts.
    ///
    /// # Errors
    /// Z12, Z18.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), ClientError> {
        let text: String = entries.iter().map(frame).collect();
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let cut = self.file.set_len(self.good).and_then(|()| self.file.seek(SeekFrom::Start(self.good)));
            if let Err(error) = cut {
                tracing::error!("{}: {error}", self.path.display());
            }
            return Err(ClientError::io(&self.path)(error));
        }
        self.good += text.len() as u64;
        entries.iter().for_each(|entry| self.books.apply(entry));
        Ok(())
    }
}

/// The entries again, with those of ended files replaced by what sums them up, in front.
fn reduced(books: &Books, ended: &BTreeSet<String>, all: &[Entry]) -> Vec<Entry> {
    let mut kept: Vec<Entry> = ended.iter().flat_map(|name| books.summary_of(name)).collect();
    let of_ended = |entry: &&Entry| match &entry.event {
        Event::Out { name, .. }
        | Event::In { name, .. }
        | Event::Note { name, .. }
        | Event::Receipt { name, .. }
        | Event::Ack { name } => !ended.contains(name),
        Event::Raw { .. } => true,
    };
    kept.extend(all.iter().filter(of_ended).cloned());
    kept
}
