//! The front (通信前置): where files lie, what is allowed, who is told.

use crate::{LinkError, transfers};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongka_base::{Clock, MemberCode};
use tongka_storage::Db;
use tongka_wire::{FileName, Kind};
use zeroize::Zeroizing;

/// Folders of the front. The spool should be on the file system of the inbox, so that a file is moved, not copied.
#[derive(Clone, Debug)]
pub struct Places {
    /// The front's own data: spool, refused files, signatures, host keys.
    pub data: PathBuf,
    /// The centre's inbox: consumption uploads.
    pub inbox: PathBuf,
    /// The centre's desk (收件台): all other files of members.
    pub desk: PathBuf,
    /// Results and receipts, one folder a member.
    pub outbox: PathBuf,
}

impl Places {
    /// Files of a member that are not handed over yet.
    pub fn spool(&self, member: MemberCode) -> PathBuf {
        self.data.join("spool").join(member.to_string())
    }

    /// Bytes that were refused, kept.
    pub fn refused(&self, member: MemberCode) -> PathBuf {
        self.data.join("refused").join(member.to_string())
    }

    /// Signatures over results of a member.
    pub(crate) fn signatures(&self, member: MemberCode) -> PathBuf {
        self.data.join("signatures").join(member.to_string())
    }

    /// Where a kind of file of members goes; none for what only the centre sends.
    pub(crate) fn target(&self, kind: Kind) -> Option<&PathBuf> {
        match kind {
            Kind::Txu => Some(&self.inbox),
            kind if kind.is_from_member() => Some(&self.desk),
            _ => None,
        }
    }
}

/// Limits for every member.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest file.
    pub file_bytes: u64,
    /// How long a file waits for its signature where one is due; then the centre refuses it (F08).
    pub signature_wait: Duration,
    /// Free space that is left to the rest of the system.
    pub spare_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        // A million records of 160 bytes, and room.
        Self { file_bytes: 256 << 20, signature_wait: Duration::from_secs(600), spare_bytes: 256 << 20 }
    }
}

/// Bytes that may lie in a member's spool where its account says nothing else.
pub const QUOTA_BYTES: u64 = 4 << 30;
/// Files that may lie there.
pub const QUOTA_FILES: u64 = 1000;

/// By which line a file came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// SFTP.
    Sftp,
    /// HTTPS.
    Https,
    /// The centre's own desk.
    Desk,
}

impl Channel {
    /// The name in the books.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sftp => "sftp",
            Self::Https => "https",
            Self::Desk => "desk",
        }
    }
}

/// Who is at the door.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The member whose files these are.
    pub member: MemberCode,
    /// The account.
    pub login: String,
    /// The line.
    pub channel: Channel,
    /// The address called from.
    pub address: String,
    /// Bytes that may lie in the spool.
    pub quota_bytes: u64,
    /// Files that may lie in the spool.
    pub quota_files: u64,
}

/// A file that the centre has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The file.
    pub name: FileName,
    /// Where it is.
    pub path: PathBuf,
}

/// Something that people should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Whose account or file.
    pub member: MemberCode,
    /// Stable code.
    pub code: &'static str,
    /// What happened, Chinese first.
    pub text: String,
}

/// A certificate by member: its uncompressed SM2 public key.
pub type Certificates = dyn Fn(MemberCode) -> Option<[u8; 65]> + Send + Sync;

/// Who is told, and what the front must ask.
pub struct Hooks {
    /// The registered certificate of a member.
    pub certificate: Box<Certificates>,
    /// A file is in the centre's hands.
    pub arrived: Box<dyn Fn(&Arrival) + Send + Sync>,
    /// Something is wrong.
    pub alarm: Box<dyn Fn(&Alarm) + Send + Sync>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { certificate: Box::new(|_| None), arrived: Box::new(|_| {}), alarm: Box::new(|_| {}) }
    }
}

/// What all doors share. One front works on a spool at a time.
pub struct Front {
    /// The books.
    pub db: Db,
    /// Folders.
    pub places: Places,
    /// Limits.
    pub limits: Limits,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub hooks: Hooks,
    /// The centre's SM2 key, which signs results.
    pub centre_key: Option<Zeroizing<[u8; 32]>>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    usage: Mutex<HashMap<MemberCode, Arc<Usage>>>,
}

/// One name being worked on: who holds the lock works, and only the newest writer may write.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) generation: Arc<tokio::sync::Mutex<u64>>,
}

/// What a member's spool holds.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) bytes: AtomicU64,
    pub(crate) files: AtomicU64,
}

impl Usage {
    pub(crate) fn less(&self, bytes: u64, files: u64) {
        let take = |from: &AtomicU64, n: u64| {
            let _ = from.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |have| Some(have.saturating_sub(n)));
        };
        take(&self.bytes, bytes);
        take(&self.files, files);
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").field("places", &self.places).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Front {
    /// A front over these places.
    pub fn new(db: Db, places: Places, limits: Limits, clock: Arc<dyn Clock>, hooks: Hooks) -> Self {
        let (slots, usage) = (Mutex::default(), Mutex::default());
        Self { db, places, limits, clock, hooks, centre_key: None, slots, usage }
    }

    /// The slot of a name.
    pub(crate) fn slot(&self, name: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().expect("no thread panics with it");
        // What nobody holds is forgotten, so that the map stays as small as what is being sent.
        if slots.len() > 4096 {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(name.to_owned()).or_default())
    }

    /// What a member's spool holds; counted once, then kept.
    pub(crate) fn usage(&self, member: MemberCode) -> Arc<Usage> {
        let mut all = self.usage.lock().expect("no thread panics with it");
        let counted = || {
            let usage = Usage::default();
            for entry in fs::read_dir(self.places.spool(member)).into_iter().flatten().flatten() {
                if let Ok(metadata) = entry.metadata() {
                    usage.bytes.fetch_add(metadata.len(), Ordering::SeqCst);
                    usage.files.fetch_add(1, Ordering::SeqCst);
                }
            }
            Arc::new(usage)
        };
        Arc::clone(all.entry(member).or_insert_with(counted))
    }

    /// Free bytes of the spool's file system, less what is left to others.
    pub(crate) fn free_bytes(&self) -> u64 {
        let free = rustix::fs::statvfs(&self.places.data).map_or(u64::MAX, |s| s.f_bavail.saturating_mul(s.f_frsize));
        free.saturating_sub(self.limits.spare_bytes)
    }

    /// Tells people, and writes it into the books.
    pub(crate) async fn alarm(&self, caller: &Caller, name: &str, error: &LinkError) -> Result<(), LinkError> {
        let text = error.to_string();
        tracing::warn!(member = %caller.member, login = caller.login, name, "{text}");
        (self.hooks.alarm)(&Alarm { member: caller.member, code: error.code_text(), text: text.clone() });
        let event = transfers::Event { state: "refused", code: error.code_text(), detail: &text, ..caller.event(name) };
        transfers::note(self, "in", &event).await
    }
}

impl Caller {
    /// An event of this caller, to be filled in.
    pub(crate) fn event<'a>(&'a self, name: &'a str) -> transfers::Event<'a> {
        transfers::Event { caller: self, name, size: 0, fingerprint: "", state: "", code: "", detail: "" }
    }
}
