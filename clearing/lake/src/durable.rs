//! Files that are complete and on disk, or not there: written beside their name, synced, renamed, folder synced.

use crate::LakeError;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file being written under a temporary name; dropped unfinished, it leaves nothing under its own name.
#[derive(Debug)]
pub struct DurableFile {
    path: PathBuf,
    temp: PathBuf,
    out: BufWriter<File>,
}

impl DurableFile {
    /// Starts a file; creates its folder.
    pub fn create(path: &Path) -> Result<Self, LakeError> {
        let dir = path.parent().expect("a file has a folder");
        fs::create_dir_all(dir).map_err(LakeError::io(dir))?;
        let mut temp = path.to_owned().into_os_string();
        temp.push(".tmp");
        let temp = PathBuf::from(temp);
        let file = File::create(&temp).map_err(LakeError::io(&temp))?;
        Ok(Self { path: path.to_owned(), temp, out: BufWriter::with_capacity(1 << 18, file) })
    }

    /// Syncs the bytes and gives the file its name, replacing one of that name.
    pub fn finish(self) -> Result<(), LakeError> {
        let file = self.out.into_inner().map_err(|e| LakeError::io(&self.temp)(e.into_error()))?;
        file.sync_all().map_err(LakeError::io(&self.temp))?;
        fs::rename(&self.temp, &self.path).map_err(LakeError::io(&self.path))?;
        sync_dir(self.path.parent().expect("a file has a folder"))
    }
}

impl Write for DurableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a whole small file durably.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
    let mut file = DurableFile::create(path)?;
    file.write_all(bytes).map_err(LakeError::io(path))?;
    file.finish()
}

/// Syncs a folder, so that names made in it survive a power cut.
pub fn sync_dir(dir: &Path) -> Result<(), LakeError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(LakeError::io(dir))
}
