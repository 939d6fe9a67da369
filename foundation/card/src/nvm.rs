//! Non-volatile memory (非易失存储) of a card: a byte array in which every byte written costs one unit of power.
//!
//! Writes of a command are staged and committed through a redo log in the same array: log, commit mark, data, mark
//! cleared. A single byte is written or not. Whatever byte is the last before power is lost, [`Nvm::recover`] brings
//! the data of before the commit (mark not written) or of after it (mark written).
//!
//! Journal: mark (00 idle, A5 committed), length 2, entries of address 2, length 2, bytes.

use zeroize::{Zeroize, Zeroizing};

/// Power was lost: the card is off, the writes of the command are either all there or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("掉电 power lost")]
pub struct PowerLost;

/// A commit that did not happen, or not before power was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// Power was lost on the way.
    PowerLost,
    /// More than the journal holds; nothing was written.
    Full,
}

/// How many bytes can still be written before power is lost; `None` is without end.
#[derive(Clone, Copy, Debug)]
pub struct Power(pub Option<u64>);

impl Power {
    /// Takes one unit.
    fn spend(&mut self) -> Result<(), PowerLost> {
        if let Some(left) = &mut self.0 {
            *left = left.checked_sub(1).ok_or(PowerLost)?;
        }
        Ok(())
    }
}

const IDLE: u8 = 0x00;
const COMMITTED: u8 = 0xA5;
const ENTRIES: usize = 3;

/// The memory.
pub struct Nvm {
    /// Journal, then data.
    bytes: Vec<u8>,
    journal: usize,
    staged: Vec<(usize, Vec<u8>)>,
}

impl Nvm {
    /// Zeros: so many bytes of data behind so many of journal.
    ///
    /// # Panics
    /// When the sizes do not fit two-byte addresses, or the journal is shorter than its header.
    pub fn new(data: usize, journal: usize) -> Self {
        assert!(data <= 0xFFFF && (ENTRIES..=0xFFFF).contains(&journal), "two-byte addresses");
        Self { bytes: vec![0; journal + data], journal, staged: Vec::new() }
    }

    /// Bytes of data.
    pub fn size(&self) -> usize {
        self.bytes.len() - self.journal
    }

    /// Committed data.
    ///
    /// # Panics
    /// Outside the memory.
    pub fn read(&self, at: usize, len: usize) -> &[u8] {
        &self.bytes[self.journal + at..][..len]
    }

    /// A committed byte.
    pub fn byte(&self, at: usize) -> u8 {
        self.bytes[self.journal + at]
    }

    /// Committed bytes as an array.
    pub fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.read(at, N).try_into().expect("as long as read")
    }

    /// Stages a write; nothing changes before [`Nvm::commit`].
    ///
    /// # Panics
    /// Outside the memory.
    pub fn stage(&mut self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.size(), "write outside the memory");
        self.staged.push((at, bytes.to_vec()));
    }

    /// Forgets what is staged.
    pub fn discard(&mut self) {
        self.staged.iter_mut().for_each(|(_, bytes)| bytes.zeroize());
        self.staged.clear();
    }

    /// Writes what is staged, all or nothing.
    pub fn commit(&mut self, power: &mut Power) -> Result<(), CommitError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let mut log = Zeroizing::new(Vec::with_capacity(self.journal));
        for (at, bytes) in &self.staged {
            log.extend_from_slice(&(*at as u16).to_be_bytes());
            log.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
            log.extend_from_slice(bytes);
        }
        self.discard();
        if ENTRIES + log.len() > self.journal {
            return Err(CommitError::Full);
        }
        let mut write = || -> Result<(), PowerLost> {
            for (i, byte) in log.iter().enumerate() {
                self.put(ENTRIES + i, *byte, power)?;
            }
            for (i, byte) in (log.len() as u16).to_be_bytes().into_iter().enumerate() {
                self.put(1 + i, byte, power)?;
            }
            self.put(0, COMMITTED, power)?;
            self.redo(power)
        };
        write().map_err(|PowerLost| CommitError::PowerLost)
    }

    /// Finishes a commit that power was lost in, if its mark is there. May itself lose power, and be called again.
    pub fn recover(&mut self, power: &mut Power) -> Result<(), PowerLost> {
        self.discard();
        if self.bytes[0] == COMMITTED { self.redo(power) } else { Ok(()) }
    }

    /// Wipes what an idle journal still holds, as the maker of a card does who has put secrets in.
    pub fn clear_journal(&mut self) {
        if self.bytes[0] == IDLE {
            self.bytes[..self.journal].zeroize();
        }
    }

    fn redo(&mut self, power: &mut Power) -> Result<(), PowerLost> {
        for (at, range) in self.entries() {
            for (i, from) in range.enumerate() {
                let byte = self.bytes[from];
                self.put(self.journal + at + i, byte, power)?;
            }
        }
        self.put(0, IDLE, power)
    }

    /// Address and journal range of each logged write that lies inside the memory.
    fn entries(&self) -> Vec<(usize, std::ops::Range<usize>)> {
        let number = |at: usize| usize::from(self.bytes[at]) << 8 | usize::from(self.bytes[at + 1]);
        let end = (ENTRIES + number(1)).min(self.journal);
        let (mut at, mut out) = (ENTRIES, Vec::new());
        while at + 4 <= end {
            let (target, len) = (number(at), number(at + 2));
            at += 4;
            if at + len > end || target + len > self.size() {
                break;
            }
            out.push((target, at..at + len));
            at += len;
        }
        out
    }

    fn put(&mut self, at: usize, byte: u8, power: &mut Power) -> Result<(), PowerLost> {
        power.spend()?;
        self.bytes[at] = byte;
        Ok(())
    }

    /// The whole memory, journal included.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.bytes.len() + 2));
        out.extend_from_slice(&(self.journal as u16).to_be_bytes());
        out.extend_from_slice(&self.bytes);
        out
    }

    /// The memory that [`Nvm::to_bytes`] wrote; `None` for what cannot be one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (journal, bytes) = bytes.split_first_chunk::<2>()?;
        let journal = usize::from(u16::from_be_bytes(*journal));
        let fits = journal >= ENTRIES && (journal..=journal + 0xFFFF).contains(&bytes.len());
        fits.then(|| Self { bytes: bytes.to_vec(), journal, staged: Vec::new() })
    }
}

impl Drop for Nvm {
    fn drop(&mut self) {
        self.discard();
        self.bytes.zeroize();
    }
}

impl std::fmt::Debug for Nvm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nvm({} bytes)", self.size())
    }
}
