//! The raw bytes of an upload, kept for ever: its header line and its body in compressed blocks of whole lines.
//!
//! Layout: magic, header block, body blocks of [`BLOCK_LINES`] lines (the last may be shorter), a block of length 0. A
//! block is its compressed length (u32 LE) and one zstd frame with checksum.

use crate::LakeError;
use crate::durable::DurableFile;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zstd::bulk::{Compressor, Decompressor};

/// Lines of a block.
pub const BLOCK_LINES: usize = 16_384;
const LINE: usize = tongka_wire::txu::LINE_LEN;
const MAGIC: &[u8; 8] = b"TKRAW001";

/// Writes one archive.
pub struct ArchiveWriter {
    file: DurableFile,
    path: PathBuf,
    compressor: Compressor<'static>,
    buffer: Vec<u8>,
}

impl ArchiveWriter {
    /// Starts the archive of an upload with its header line.
    pub fn create(path: &Path, header: &[u8]) -> Result<Self, LakeError> {
        let mut file = DurableFile::create(path)?;
        file.write_all(MAGIC).map_err(LakeError::io(path))?;
        let mut compressor = Compressor::new(1).map_err(LakeError::io(path))?;
        compressor.include_checksum(true).map_err(LakeError::io(path))?;
        let mut archive = Self { file, path: path.to_owned(), compressor, buffer: Vec::new() };
        archive.block(header)?;
        Ok(archive)
    }

    /// Appends the next block: [`BLOCK_LINES`] whole lines, fewer only at the end.
    pub fn block(&mut self, bytes: &[u8]) -> Result<(), LakeError> {
        let io = |source| LakeError::Io { path: self.path.clone(), source };
        self.buffer.resize(zstd::zstd_safe::compress_bound(bytes.len()), 0);
        let length = self.compressor.compress_to_buffer(bytes, &mut self.buffer[..]).map_err(io)?;
        self.file.write_all(&(length as u32).to_le_bytes()).map_err(io)?;
        self.file.write_all(&self.buffer[..length]).map_err(io)
    }

    /// Makes the archive durable and visible under its name.
    pub fn finish(mut self) -> Result<(), LakeError> {
        self.file.write_all(&[0; 4]).map_err(LakeError::io(&self.path))?;
        self.file.finish()
    }
}

/// Reads one archive, block by block.
pub struct ArchiveReader {
    file: BufReader<File>,
    path: PathBuf,
    decompressor: Decompressor<'static>,
    compressed: Vec<u8>,
}

impl ArchiveReader {
    /// Opens an archive; its first block is the header line.
    pub fn open(path: &Path) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io(path))?;
        let decompressor = Decompressor::new().map_err(LakeError::io(path))?;
        let mut reader = Self {
            file: BufReader::with_capacity(1 << 18, file),
            path: path.to_owned(),
            decompressor,
            compressed: Vec::new(),
        };
        let mut magic = [0; 8];
        reader.read_exact(&mut magic)?;
        if &magic != MAGIC {
            return Err(LakeError::damaged(path, "not an archive"));
        }
        Ok(reader)
    }

    /// The next block into `out` (replaced); false at the end.
    pub fn next_block(&mut self, out: &mut Vec<u8>) -> Result<bool, LakeError> {
        let length = self.block_length()?;
        if length == 0 {
            return Ok(false);
        }
        let mut compressed = std::mem::take(&mut self.compressed);
        compressed.resize(length, 0);
        self.read_exact(&mut compressed)?;
        out.resize(BLOCK_LINES * LINE, 0);
        let size = self.decompressor.decompress_to_buffer(&compressed, &mut out[..]);
        self.compressed = compressed;
        out.truncate(size.map_err(|e| LakeError::damaged(&self.path, e))?);
        Ok(true)
    }

    /// One line of the body, by record number from 1; `None` past the end.
    pub fn line(self, record_no: u32) -> Result<Option<Vec<u8>>, LakeError> {
        Ok(self.lines(&[record_no])?.pop())
    }

    /// Lines of the body by record numbers from 1, rising; those past the end are left out.
    pub fn lines(mut self, record_nos: &[u32]) -> Result<Vec<Vec<u8>>, LakeError> {
        let mut lines = Vec::with_capacity(record_nos.len());
        let (mut block, mut held, mut passed) = (Vec::new(), None, 0);
        for row in record_nos.iter().filter_map(|no| (*no as usize).checked_sub(1)) {
            // The first block is the header line.
            let wanted = row / BLOCK_LINES + 1;
            while held != Some(wanted) {
                if passed == wanted {
                    if !self.next_block(&mut block)? {
                        return Ok(lines);
                    }
                    held = Some(wanted);
                } else {
                    let length = self.block_length()?;
                    if length == 0 {
                        return Ok(lines);
                    }
                    self.file.seek(SeekFrom::Current(length as i64)).map_err(LakeError::io(&self.path))?;
                }
                passed += 1;
            }
            lines.extend(block.chunks_exact(LINE).nth(row % BLOCK_LINES).map(<[u8]>::to_vec));
        }
        Ok(lines)
    }

    fn block_length(&mut self) -> Result<usize, LakeError> {
        let mut length = [0; 4];
        self.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > zstd::zstd_safe::compress_bound(BLOCK_LINES * LINE) {
            return Err(LakeError::damaged(&self.path, "block length out of range"));
        }
        Ok(length)
    }

    fn read_exact(&mut self, out: &mut [u8]) -> Result<(), LakeError> {
        self.file.read_exact(out).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => LakeError::damaged(&self.path, "ends too early"),
            _ => LakeError::io(&self.path)(e),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(lines: usize) -> Vec<u8> {
        (0..lines).flat_map(|n| format!("{n:0158}\r\n").into_bytes()).collect()
    }

    #[test]
    fn bytes_come_back_and_damage_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.raw");
        let body = sample(BLOCK_LINES + 3);
        let mut archive = ArchiveWriter::create(&path, b"header").unwrap();
        for block in body.chunks(BLOCK_LINES * LINE) {
            archive.block(block).unwrap();
        }
        assert!(!path.exists(), "invisible until finished");
        archive.finish().unwrap();

        let mut reader = ArchiveReader::open(&path).unwrap();
        let (mut block, mut all) = (Vec::new(), Vec::new());
        while reader.next_block(&mut block).unwrap() {
            all.extend_from_slice(&block);
        }
        assert_eq!(all, [b"header", &body[..]].concat());
        for record in [1, BLOCK_LINES, BLOCK_LINES + 1, BLOCK_LINES + 3] {
            let line = ArchiveReader::open(&path).unwrap().line(record as u32).unwrap().unwrap();
            assert_eq!(line, &body[(record - 1) * LINE..record * LINE]);
        }
        let some = [2, 3, BLOCK_LINES as u32 + 1, BLOCK_LINES as u32 + 3, BLOCK_LINES as u32 + 4];
        let lines = ArchiveReader::open(&path).unwrap().lines(&some).unwrap();
        assert_eq!(lines.len(), 4, "the last is past the end");
        assert_eq!((&lines[0][..], &lines[3][..]), (&body[LINE..2 * LINE], &body[(BLOCK_LINES + 2) * LINE..]));
        for record in [0, BLOCK_LINES as u32 + 4, u32::MAX] {
            assert_eq!(ArchiveReader::open(&path).unwrap().line(record).unwrap(), None);
        }

        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let mut reader = ArchiveReader::open(&path).unwrap();
        let damaged = std::iter::from_fn(|| Some(reader.next_block(&mut block))).find_map(Result::err);
        assert!(matches!(damaged, Some(LakeError::Damaged { .. })));
    }
}
