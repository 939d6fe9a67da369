//! The event log of this reader, a file: [`tongka_card::events`] has its form. What happens here is in no audit log, for
//! there may be no line to the platform; so it is written down, chained, and comes with the feedback.
//!
//! Events of an order are sealed under its file key and follow the order's own digest. What happens where there is no
//! order that can be trusted (its file is damaged, an emulated card got a malformed command) is sealed by a digest alone.

use std::error::Error;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use tongka_base::date::format_date_time;
use tongka_base::{Algorithm, Clock, SystemClock};
use tongka_card::events::{Event, UNSEALED, read};
use tongka_crypto::{Key16, mac_whole, sm3};

/// How lines are sealed.
enum Seal {
    Key(Algorithm, Key16),
    Digest,
}

/// An event log.
pub(crate) struct Journal {
    path: PathBuf,
    first: Vec<u8>,
    seal: Seal,
}

impl Journal {
    /// The log of an order.
    pub(crate) fn of_order(path: &Path, digest: &[u8; 32], algorithm: Algorithm, key: &Key16) -> Self {
        let first = digest.iter().map(|b| format!("{b:02X}")).collect::<String>().into_bytes();
        Self { path: path.to_owned(), first, seal: Seal::Key(algorithm, key.clone()) }
    }

    /// A log that belongs to no order.
    pub(crate) fn unsealed(path: &Path) -> Self {
        Self { path: path.to_owned(), first: UNSEALED.to_vec(), seal: Seal::Digest }
    }

    /// The name of the log beside another file.
    pub(crate) fn beside(path: &Path, extension: &str) -> PathBuf {
        let mut name = OsString::from(path);
        name.push(extension);
        name.into()
    }

    fn sealed(&self, data: &[u8]) -> Result<Vec<u8>, std::convert::Infallible> {
        Ok(match &self.seal {
            Seal::Key(algorithm, key) => mac_whole(*algorithm, key.bytes(), &sm3(data)),
            Seal::Digest => sm3(data).to_vec(),
        })
    }

    /// The events so far, and the last seal.
    ///
    /// # Errors
    /// Q20 where the log is not what was written.
    pub(crate) fn events(&self) -> Result<(Vec<Event>, Vec<u8>), Box<dyn Error>> {
        let text = if self.path.exists() { std::fs::read_to_string(&self.path)? } else { String::new() };
        read(&text, &self.first, |data| self.sealed(data))
            .map_err(|e| format!("Q20 {}: {e}", self.path.display()).into())
    }

    /// Adds an event; on disk when this returns.
    ///
    /// # Errors
    /// Q20; where the file cannot be written.
    pub(crate) fn add(&self, code: &str, object: &str, detail: &str) -> Result<(), Box<dyn Error>> {
        let (events, last) = self.events()?;
        let event = Event {
            sequence: events.len() as u64 + 1,
            at: format_date_time(SystemClock.now()),
            code: code.to_owned(),
            object: object.to_owned(),
            detail: detail.to_owned(),
        };
        let Ok((line, _)) = event.line(&last, |data| self.sealed(data));
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        file.write_all(line.as_bytes())?;
        Ok(file.sync_all()?)
    }

    /// Adds an event for what was refused; the outcome stays what it was.
    pub(crate) fn refused<T>(&self, object: &str, outcome: Result<T, Box<dyn Error>>) -> Result<T, Box<dyn Error>> {
        if let Err(error) = &outcome {
            let text = error.to_string();
            let (code, detail) = text.split_once(' ').unwrap_or((&text, ""));
            let code = if code.len() == 3 && code.starts_with('Q') { code } else { "Q00" };
            self.add(code, object, detail)?;
        }
        outcome
    }
}
