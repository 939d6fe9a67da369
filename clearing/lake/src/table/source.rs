//! Where the bytes of a Parquet file come from: its end is read once, the rest by position.
//!
//! The end holds all that says where what is; of a small file it is the file, which then costs one access to the disk.

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// A file of at most this many bytes is read at once.
const SMALL: u64 = 512 << 10;
/// Bytes of the end of a larger file.
const END: u64 = 96 << 10;
/// Bytes read ahead where the reader does not say how much it wants.
const AHEAD: usize = 16 << 10;

/// An open file. Cloning shares it.
#[derive(Clone)]
pub(super) struct Source(Arc<Inner>);

struct Inner {
    file: File,
    len: u64,
    end: Bytes,
}

impl Source {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let end = read_at(&file, len - if len <= SMALL { len } else { END }, len)?;
        Ok(Self(Arc::new(Inner { file, len, end })))
    }
}

fn read_at(file: &File, from: u64, to: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; (to - from) as usize];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes.into())
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.0.len
    }
}

impl ChunkReader for Source {
    type T = Reading;

    fn get_read(&self, start: u64) -> Result<Reading> {
        Ok(Reading { source: self.clone(), at: start, ahead: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let Inner { file, len, end } = &*self.0;
        let to = start.checked_add(length as u64).filter(|to| to <= len);
        let to = to.ok_or_else(|| ParquetError::EOF(format!("{length} bytes at {start} of {len}")))?;
        let end_from = len - end.len() as u64;
        if start >= end_from {
            return Ok(end.slice((start - end_from) as usize..(to - end_from) as usize));
        }
        read_at(file, start, to).map_err(|e| ParquetError::External(Box::new(e)))
    }
}

/// Reads on from a position.
pub(super) struct Reading {
    source: Source,
    at: u64,
    ahead: Bytes,
}

impl Read for Reading {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            let rest = self.source.len().saturating_sub(self.at);
            let length = (out.len().max(AHEAD) as u64).min(rest) as usize;
            self.ahead = self.source.get_bytes(self.at, length).map_err(io::Error::other)?;
            self.at += length as u64;
        }
        let taken = self.ahead.split_to(out.len().min(self.ahead.len()));
        out[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_range_of_a_small_and_a_large_file_reads_as_written() {
        let dir = tempfile::tempdir().unwrap();
        for size in [0, 10, 3 * SMALL as usize] {
            let path = dir.path().join("x");
            let bytes: Vec<u8> = (0..size).map(|n| (n * 7 % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let source = Source::open(&path).unwrap();
            for (from, to) in [(0, size), (size / 3, size / 2), (size.saturating_sub(5), size), (0, 1.min(size))] {
                assert_eq!(source.get_bytes(from as u64, to - from).unwrap(), bytes[from..to]);
                let mut read = Vec::new();
                source.get_read(from as u64).unwrap().read_to_end(&mut read).unwrap();
                assert!(read == bytes[from..]);
            }
            assert!(source.get_bytes(size as u64, 1).is_err());
            assert!(source.get_bytes(u64::MAX, 1).is_err());
        }
        assert_eq!(Source::open(&dir.path().join("gone")).err().map(|e| e.kind()), Some(io::ErrorKind::NotFound));
    }
}
