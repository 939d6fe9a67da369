//! What a proven day says: plain values, ordered and comparable.

use crate::history::DayKeys;
use crate::name::FileId;
use crate::netting::{Group, GroupKey, OwnGroup, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tongka_base::{Date, Fen, FileCode, MemberCode, Reason};

/// An SM3 digest.
pub type Digest = [u8; 32];

/// What became of one upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileResult {
    /// Accepted; its records have verdicts.
    Accepted,
    /// Refused, or with `F09` waiting; nothing of it is cleared.
    Refused(FileCode),
    /// Accepted before with the same bytes.
    NoOp,
}

/// One upload and what was said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOutcome {
    /// Its name.
    pub name: Vec<u8>,
    /// SM3 of the whole file.
    pub file_digest: Digest,
    /// What became of it.
    pub result: FileResult,
    /// For people: what a refusal found. Not part of the interface.
    pub detail: String,
    /// Record count of an accepted file's header; 0 otherwise.
    pub count: u64,
    /// Total amount of an accepted file's header; 0 otherwise.
    pub total: Fen,
    /// Body digest of an accepted file's header; zeros otherwise.
    pub digest: Digest,
    /// The receipt written for it, as a key of [`DayOutcome::result_files`]; none when an earlier one stands.
    pub receipt: Option<String>,
    /// One reason a record of an accepted file, in file order; the reason fixes the verdict.
    pub reasons: Vec<Reason>,
}

/// A refusal that has its receipt: the same bytes refused again for the same reason get no other one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refusal {
    /// Name of the upload.
    pub name: Vec<u8>,
    /// SM3 of the whole file.
    pub file_digest: Digest,
    /// Why it was refused.
    pub code: FileCode,
}

/// A file for a member. The header carries the body's digest, so header and size fix the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    /// The header line with CR LF.
    pub header: Vec<u8>,
    /// Everything after the header line, when the day was proven with [`OutputMode::Keep`](crate::OutputMode::Keep).
    pub body: Option<Vec<u8>>,
    /// Bytes of the whole file.
    pub size: u64,
}

impl ResultFile {
    /// The whole file, when its body was kept.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        self.body.as_ref().map(|body| [&self.header[..], body].concat())
    }
}

/// Everything one clearing date comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOutcome {
    /// The clearing date.
    pub clearing_date: Date,
    /// Every upload in the order in which it was taken.
    pub files: Vec<FileOutcome>,
    /// Groups cleared between two members.
    pub groups: BTreeMap<GroupKey, Group>,
    /// Groups of a member with itself, which move no money and appear only in TXD.
    pub own_groups: BTreeMap<GroupKey, OwnGroup>,
    /// Position of every member of the scheme.
    pub positions: BTreeMap<MemberCode, Position>,
    /// What the centre's fee account receives.
    pub centre_fees: Fen,
    /// Receipts and results by path under the outbox, e.g. `10002900/TXD_20260901_10002900_000001.dat`.
    pub result_files: BTreeMap<String, ResultFile>,
    /// Identities that this day's accepted files took, with SM3 of the whole file.
    pub accepted: BTreeMap<FileId, Digest>,
    /// Refusals receipted on this day.
    pub refused: BTreeSet<Refusal>,
    /// Keys that this day's accepted records hold.
    pub keys: Arc<DayKeys>,
}
