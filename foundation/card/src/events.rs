//! The event log of a reader (读写器事件日志): what happened at a device without a line to the platform, chained so that no
//! line is changed, left out or added unseen.
//!
//! A line is `sequence,at,code,object,detail,seal`. The seal is made over the seal before it and the rest of the line;
//! how, the caller says: with a MAC under a key that the platform has too, nobody without the key can write such a log;
//! with a digest alone it shows damage, not forgery. The first line follows a seal of what the log belongs to.

use std::fmt::Write;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number, from 1.
    pub sequence: u64,
    /// When, YYYYMMDDHHMMSS.
    pub at: String,
    /// `written`, `complete`, or the code of what was refused.
    pub code: String,
    /// What it is about: a card number, masked.
    pub object: String,
    /// More, for people.
    pub detail: String,
}

impl Event {
    /// The event without its seal.
    fn text(&self) -> String {
        let plain = |text: &str| text.replace([',', '\n', '\r'], " ");
        let Self { sequence, at, code, object, detail } = self;
        format!("{sequence},{},{},{},{}", plain(at), plain(code), plain(object), plain(detail))
    }

    /// What its seal is made over.
    fn sealed(&self, previous: &[u8]) -> Vec<u8> {
        [&(previous.len() as u32).to_be_bytes()[..], previous, self.text().as_bytes()].concat()
    }

    /// The line of the log, and its seal, which the next line follows.
    ///
    /// # Errors
    /// What `seal` says.
    pub fn line<E>(&self, previous: &[u8], seal: impl Fn(&[u8]) -> Result<Vec<u8>, E>) -> Result<(String, Vec<u8>), E> {
        let seal = seal(&self.sealed(previous))?;
        let mut line = self.text();
        line.push(',');
        for byte in &seal {
            let _ = write!(line, "{byte:02X}");
        }
        line.push('\n');
        Ok((line, seal))
    }
}

/// What the first line of a log follows that belongs to no order and is sealed by a digest alone.
pub const UNSEALED: &[u8] = b"TONGKA-EVENTS";

/// Why a log is not taken.
#[derive(Debug, thiserror::Error)]
pub enum LogError<E> {
    /// This line, counted from 1, is not what was written there.
    #[error("事件日志第 {0} 行不符 line {0} of the event log is not what was written")]
    Line(usize),
    /// The seal could not be made.
    #[error(transparent)]
    Seal(E),
}

/// The events of a log whose every seal is right, and the last seal. `first` is the seal of what it belongs to.
///
/// # Errors
/// The first line that is not right.
pub fn read<E>(
    text: &str,
    first: &[u8],
    seal: impl Fn(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<(Vec<Event>, Vec<u8>), LogError<E>> {
    let mut previous = first.to_vec();
    let mut events = Vec::new();
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(LogError::Line(text.lines().count()));
    }
    for (n, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let [sequence, at, code, object, detail, _] = fields[..] else { return Err(LogError::Line(n + 1)) };
        let event = Event {
            sequence: sequence.parse().map_err(|_| LogError::Line(n + 1))?,
            at: at.to_owned(),
            code: code.to_owned(),
            object: object.to_owned(),
            detail: detail.to_owned(),
        };
        let (written, seal) = event.line(&previous, &seal).map_err(LogError::Seal)?;
        if event.sequence != n as u64 + 1 || written.trim_end_matches('\n') != line {
            return Err(LogError::Line(n + 1));
        }
        previous = seal;
        events.push(event);
    }
    Ok((events, previous))
}
