//! The books (流水账): what became of every file, as the journal tells it.
//!
//! | outgoing | |
//! |---|---|
//! | `planned` | a name was given out to a conversion, its bytes are being written |
//! | `seen`, `checked`, `signed` | in the client's hands; the file checks passed; its signature lies beside it |
//! | `sending`, `delivered` | bytes are going; the other side has it |
//! | `archived` | moved to the archive, which is never done before `delivered` |
//! | `accepted`, `waiting` | by its receipt: with counts; or waiting for its predecessor (F09) |
//! | `refused`, `rejected` | by a check here or by the front; by its receipt: may be sent anew under its name |
//!
//! | incoming | |
//! |---|---|
//! | `listed`, `fetched` | on the own disk |
//! | `verified` | is what its header says, signed by the centre |
//! | `converted` | its conversion waits to be placed with it |
//! | `placed`, `confirmed` | in the inbox, synced; the other side was told, which is never done before `placed` |
//! | `bad` | kept aside and not confirmed |

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tongka_base::Clock;
use tongka_base::date::parse_date_time;

macro_rules! states {
    ($(#[$doc:meta])* $type:ident { $($name:ident $text:literal $zh:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $type {
            $(#[doc = $zh] $name),*
        }

        impl $type {
            /// The name in the journal.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The Chinese name.
            pub fn name_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }
        }
    };
}

states! {
    /// How an outgoing file stands.
    OutState {
        Planned "planned" "转换中",
        Seen "seen" "已取用",
        Checked "checked" "已检查",
        Signed "signed" "已签名",
        Sending "sending" "发送中",
        Delivered "delivered" "已送达",
        Archived "archived" "已归档",
        Waiting "waiting" "待前序",
        Accepted "accepted" "已接受",
        Refused "refused" "未能发送",
        Rejected "rejected" "被拒收",
    }
}

states! {
    /// How an incoming file stands.
    InState {
        Listed "listed" "待取",
        Fetched "fetched" "已取回",
        Verified "verified" "已验证",
        Converted "converted" "已转换",
        Placed "placed" "已入收件箱",
        Confirmed "confirmed" "已确认",
        Bad "bad" "异常搁置",
    }
}

states! {
    /// How a source file of the city stands.
    RawState {
        Planned "planned" "转换中",
        Converted "converted" "已转换",
        Failed "failed" "不能转换",
    }
}

/// What a receipt (TXR) said of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The receipt's own name.
    pub file: String,
    /// `OK` or a file code.
    pub result: String,
    /// Records.
    pub records: u32,
    /// Total, fen.
    pub total_fen: i64,
    /// Clearing date, `YYYYMMDD`; empty when refused.
    pub clearing_date: String,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// An outgoing file came to stand so.
    Out {
        /// Name.
        name: String,
        /// State.
        state: OutState,
        /// Size and fingerprint, when they were learnt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<Bytes>,
        /// Code of a refusal.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        code: String,
        /// More, for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// An incoming file came to stand so.
    In {
        /// Name.
        name: String,
        /// State.
        state: InState,
        /// Size and fingerprint, when they were learnt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<Bytes>,
        /// Code.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        code: String,
        /// More, for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// Something about an outgoing file that does not change how it stands.
    Note {
        /// Name.
        name: String,
        /// Code.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        code: String,
        /// What.
        detail: String,
    },
    /// A receipt came for an upload.
    Receipt {
        /// The upload.
        name: String,
        /// What it said.
        receipt: Receipt,
    },
    /// A source file of the city came to stand so.
    Raw {
        /// SM3 of its bytes.
        digest: String,
        /// Its name.
        source: String,
        /// State.
        state: RawState,
        /// Names given out to it, in order.
        names: Vec<String>,
        /// Lines converted, passed over, rejected.
        lines: [u64; 3],
        /// Code.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        code: String,
        /// More, for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// A person has seen what is wrong with a file.
    Ack {
        /// Name, or digest of a source file.
        name: String,
    },
}

/// What identifies a file's bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// How many.
    pub size: u64,
    /// Fingerprint, hex.
    pub fingerprint: String,
}

/// An event and when it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `YYYYMMDDHHMMSS`, Asia/Shanghai.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

impl Entry {
    /// An event that happens now.
    pub fn now(clock: &dyn Clock, event: Event) -> Self {
        Self { at: tongka_base::date::format_date_time(clock.now()), event }
    }
}

/// A line of a file's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When, the last time.
    pub at: String,
    /// State, or `note`.
    pub state: String,
    /// Code.
    pub code: String,
    /// More.
    pub detail: String,
    /// How many times in a row.
    pub times: u32,
}

/// An outgoing file.
#[derive(Clone, Debug, Serialize)]
pub struct OutFile {
    /// State.
    pub state: OutState,
    /// Its bytes.
    pub bytes: Bytes,
    /// When it came to stand so.
    pub at: String,
    /// Code of a refusal.
    pub code: String,
    /// More.
    pub detail: String,
    /// What its receipt said.
    pub receipt: Option<Receipt>,
    /// Whether a person has seen what is wrong.
    pub seen: bool,
    /// What happened.
    pub history: Vec<Step>,
}

/// An incoming file.
#[derive(Clone, Debug, Serialize)]
pub struct InFile {
    /// State.
    pub state: InState,
    /// Its bytes.
    pub bytes: Bytes,
    /// When it came to stand so.
    pub at: String,
    /// Code.
    pub code: String,
    /// More.
    pub detail: String,
    /// Whether a person has seen what is wrong.
    pub seen: bool,
    /// What happened.
    pub history: Vec<Step>,
}

/// A source file of the city.
#[derive(Clone, Debug, Serialize)]
pub struct RawFile {
    /// Its name.
    pub source: String,
    /// State.
    pub state: RawState,
    /// Names given out to it.
    pub names: Vec<String>,
    /// When it came to stand so.
    pub at: String,
    /// Lines converted, passed over, rejected.
    pub lines: [u64; 3],
    /// Code.
    pub code: String,
    /// More.
    pub detail: String,
    /// Whether a person has seen what is wrong.
    pub seen: bool,
}

/// All files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Books {
    /// Outgoing, by name.
    pub out: BTreeMap<String, OutFile>,
    /// Incoming, by name.
    pub incoming: BTreeMap<String, InFile>,
    /// Source files, by digest.
    pub raw: BTreeMap<String, RawFile>,
}

fn step(history: &mut Vec<Step>, at: &str, state: &str, code: &str, detail: &str) {
    if let Some(last) = history.last_mut().filter(|l| l.state == state && l.code == code && l.detail == detail) {
        at.clone_into(&mut last.at);
        last.times += 1;
        return;
    }
    let (state, code, detail) = (state.to_owned(), code.to_owned(), detail.to_owned());
    history.push(Step { at: at.to_owned(), state, code, detail, times: 1 });
}

impl Books {
    /// Takes one more entry in.
    pub fn apply(&mut self, entry: &Entry) {
        let at = &entry.at;
        match &entry.event {
            Event::Out { name, state, bytes, code, detail } => {
                let file = self.out.entry(name.clone()).or_insert_with(|| OutFile {
                    state: *state,
                    bytes: Bytes::default(),
                    at: String::new(),
                    code: String::new(),
                    detail: String::new(),
                    receipt: None,
                    seen: false,
                    history: Vec::new(),
                });
                if let Some(bytes) = bytes {
                    // Other bytes under a name that was refused: what was said of those before is history.
                    if *bytes != file.bytes && !file.bytes.fingerprint.is_empty() {
                        file.receipt = None;
                    }
                    file.bytes.clone_from(bytes);
                }
                file.state = *state;
                file.at.clone_from(at);
                file.code.clone_from(code);
                file.detail.clone_from(detail);
                file.seen = false;
                step(&mut file.history, at, state.name(), code, detail);
            }
            Event::In { name, state, bytes, code, detail } => {
                let file = self.incoming.entry(name.clone()).or_insert_with(|| InFile {
                    state: *state,
                    bytes: Bytes::default(),
                    at: String::new(),
                    code: String::new(),
                    detail: String::new(),
                    seen: false,
                    history: Vec::new(),
                });
                if let Some(bytes) = bytes {
                    file.bytes.clone_from(bytes);
                }
                file.state = *state;
                file.at.clone_from(at);
                file.code.clone_from(code);
                file.detail.clone_from(detail);
                file.seen = false;
                step(&mut file.history, at, state.name(), code, detail);
            }
            Event::Note { name, code, detail } => {
                if let Some(file) = self.out.get_mut(name) {
                    step(&mut file.history, at, "note", code, detail);
                } else if let Some(file) = self.incoming.get_mut(name) {
                    step(&mut file.history, at, "note", code, detail);
                }
            }
            Event::Receipt { name, receipt } => {
                if let Some(file) = self.out.get_mut(name) {
                    file.state = match receipt.result.as_str() {
                        "OK" => OutState::Accepted,
                        "F09" => OutState::Waiting,
                        _ => OutState::Rejected,
                    };
                    file.code = if receipt.result == "OK" { String::new() } else { receipt.result.clone() };
                    file.at.clone_from(at);
                    file.seen = false;
                    file.receipt = Some(receipt.clone());
                    step(&mut file.history, at, file.state.name(), &file.code, &receipt.file);
                }
            }
            Event::Raw { digest, source, state, names, lines, code, detail } => {
                let file = RawFile {
                    source: source.clone(),
                    state: *state,
                    names: names.clone(),
                    at: at.clone(),
                    lines: *lines,
                    code: code.clone(),
                    detail: detail.clone(),
                    seen: false,
                };
                self.raw.insert(digest.clone(), file);
            }
            Event::Ack { name } => {
                if let Some(file) = self.out.get_mut(name) {
                    file.seen = true;
                }
                if let Some(file) = self.incoming.get_mut(name) {
                    file.seen = true;
                }
                for (digest, file) in &mut self.raw {
                    file.seen |= digest == name || file.source == *name;
                }
            }
        }
    }

    /// The fewest entries from which the books of what ended before a time come out the same, histories aside.
    pub(crate) fn summary_of(&self, name: &str) -> Vec<Entry> {
        let mut entries = Vec::new();
        if let Some(file) = self.out.get(name) {
            let event = Event::Out {
                name: name.to_owned(),
                state: if file.receipt.is_some() { OutState::Archived } else { file.state },
                bytes: Some(file.bytes.clone()),
                code: if file.receipt.is_some() { String::new() } else { file.code.clone() },
                detail: file.detail.clone(),
            };
            entries.push(Entry { at: file.at.clone(), event });
            if let Some(receipt) = file.receipt.clone() {
                let event = Event::Receipt { name: name.to_owned(), receipt };
                entries.push(Entry { at: file.at.clone(), event });
            }
        }
        if let Some(file) = self.incoming.get(name) {
            let event = Event::In {
                name: name.to_owned(),
                state: file.state,
                bytes: Some(file.bytes.clone()),
                code: file.code.clone(),
                detail: file.detail.clone(),
            };
            entries.push(Entry { at: file.at.clone(), event });
        }
        let wrong = self.out.get(name).is_some_and(|f| f.seen) || self.incoming.get(name).is_some_and(|f| f.seen);
        if wrong {
            let at = entries.last().map(|e| e.at.clone()).unwrap_or_default();
            entries.push(Entry { at, event: Event::Ack { name: name.to_owned() } });
        }
        entries
    }

    /// Names of files with which nothing will happen any more, and nothing did since a day.
    pub(crate) fn ended_before(&self, day: &str) -> BTreeSet<String> {
        let old = |at: &str| at.get(..8).is_some_and(|d| d < day);
        let out = self.out.iter().filter(|(_, f)| f.state == OutState::Accepted && old(&f.at));
        let incoming = self.incoming.iter().filter(|(_, f)| f.state == InState::Confirmed && old(&f.at));
        out.map(|(n, _)| n.clone()).chain(incoming.map(|(n, _)| n.clone())).collect()
    }
}

/// A time of the books for people: `2026-09-01 09:00:00`.
pub fn shown_at(at: &str) -> String {
    parse_date_time(at).map_or_else(|| at.to_owned(), |t| t.format("%Y-%m-%d %H:%M:%S").to_string())
}
