//! Where files lie.

use crate::config::Folders;
use crate::{ClientCode, ClientError};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use tongka_base::date::format_date;
use tongka_wire::FileName;

/// Folders of a client.
#[derive(Clone, Debug)]
pub struct Places {
    /// Where the member's programs put files.
    pub outbox: PathBuf,
    /// Where results are placed.
    pub inbox: PathBuf,
    /// What was sent and fetched.
    pub archive: PathBuf,
    /// The client's own.
    pub work: PathBuf,
}

impl Places {
    /// The folders of a configuration.
    pub fn new(folders: &Folders) -> Self {
        let Folders { outbox, inbox, archive, work } = folders.clone();
        Self { outbox, inbox, archive, work }
    }

    /// The four folders of the configuration.
    pub fn roots(&self) -> [&Path; 4] {
        [&self.outbox, &self.inbox, &self.archive, &self.work]
    }

    /// Every folder.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        let own = [self.raw(), self.refused(), self.converted(), self.rejects(), self.sent(), self.received()];
        let more = [self.sources(), self.under_way(), self.arriving(), self.aside(), self.staging(), self.requests()];
        self.roots().into_iter().map(Path::to_owned).chain(own).chain(more).collect()
    }

    /// Source files of the city.
    pub fn raw(&self) -> PathBuf {
        self.outbox.join("raw")
    }

    /// What could not be sent, each with its reason.
    pub fn refused(&self) -> PathBuf {
        self.outbox.join("refused")
    }

    /// Lines of source files that were not converted.
    pub fn rejects(&self) -> PathBuf {
        self.outbox.join("rejects")
    }

    /// Results in the city's layout.
    pub fn converted(&self) -> PathBuf {
        self.inbox.join("converted")
    }

    /// What was sent, by file date.
    pub fn sent(&self) -> PathBuf {
        self.archive.join("sent")
    }

    /// What was fetched, by clearing date.
    pub fn received(&self) -> PathBuf {
        self.archive.join("received")
    }

    /// Source files, by day of conversion.
    pub fn sources(&self) -> PathBuf {
        self.archive.join("sources")
    }

    /// Files that are being sent.
    pub fn under_way(&self) -> PathBuf {
        self.work.join("out")
    }

    /// Files that are being fetched.
    pub fn arriving(&self) -> PathBuf {
        self.work.join("in")
    }

    /// Results that are not what they should be.
    pub fn aside(&self) -> PathBuf {
        self.work.join("aside")
    }

    /// Conversions under way.
    pub(crate) fn staging(&self) -> PathBuf {
        self.work.join("convert")
    }

    /// What people ask of a running client.
    pub(crate) fn requests(&self) -> PathBuf {
        self.work.join("requests")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.work.join("journal.log")
    }

    /// What a running client shows.
    pub(crate) fn live(&self) -> PathBuf {
        self.work.join("state.json")
    }

    /// Where a sent file is archived.
    pub fn sent_file(&self, name: &FileName) -> PathBuf {
        self.sent().join(format_date(name.date)).join(name.to_string())
    }

    /// Where a fetched file is archived.
    pub fn received_file(&self, name: &FileName) -> PathBuf {
        self.received().join(format_date(name.date)).join(name.to_string())
    }

    fn lock_path(&self) -> PathBuf {
        self.work.join("lock")
    }

    /// Takes the folders for one process.
    ///
    /// # Errors
    /// Z02 another has them; Z18.
    pub(crate) fn lock(&self) -> Result<File, ClientError> {
        let path = self.lock_path();
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(ClientError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(ClientError::new(ClientCode::Locked, self.work.display())),
            Err(TryLockError::Error(error)) => Err(ClientError::io(&path)(error)),
        }
    }

    /// Whether a client has the folders.
    pub fn is_locked(&self) -> bool {
        File::open(self.lock_path()).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}
