//! How things stand (状态): from the books and from what a running client shows. The page, `status` and its JSON all come
//! from here.

use crate::books::{Books, InState, OutState, RawState};
use crate::config::Config;
use crate::{ClientCode, ClientError};
use chrono::Timelike;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tongka_base::DateTime;
use tongka_base::date::format_date;
use tongka_base::date::parse_date_time;
use tongka_wire::FileName;

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Folder on it.
    pub folder: String,
    /// Free bytes.
    pub free_bytes: u64,
    /// All bytes.
    pub total_bytes: u64,
}

/// What a running client knows beside its books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Live {
    /// Its process.
    pub pid: u32,
    /// Since when it runs.
    pub started_at: String,
    /// When this was written.
    pub at: String,
    /// When the centre was reached last.
    pub last_contact: Option<String>,
    /// Seconds by which the own clock is ahead of the centre's.
    pub clock_off_s: Option<i64>,
    /// Connections that failed in a row.
    pub failures: u32,
    /// The last failure: when, code, text.
    pub error: Option<(String, String, String)>,
    /// When it is tried again.
    pub next_try: Option<String>,
    /// Why everything waits.
    pub paused: Option<String>,
    /// What is being sent: name, bytes so far, bytes in all.
    pub sending: Option<(String, u64, u64)>,
    /// Results that wait at the centre.
    pub remote_waiting: Option<usize>,
    /// Disks.
    pub disks: Vec<Disk>,
}

/// Something that is wrong and stays so until it is mended or a person has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// When.
    pub at: String,
    /// Stable code.
    pub code: String,
    /// File, empty for none.
    pub file: String,
    /// What, Chinese first.
    pub text: String,
}

/// A file for the tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// State.
    pub state: String,
    /// State in Chinese.
    pub state_zh: String,
    /// Whether all is well, so far: `ok`, `wait`, `bad`.
    pub tone: String,
    /// When.
    pub at: String,
    /// Receipt or code.
    pub remark: String,
}

/// Files that are expected of the member today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectedLine {
    /// Kind.
    pub kind: String,
    /// How many.
    pub files: u32,
    /// Delivered.
    pub delivered: u32,
    /// By when.
    pub by: String,
    /// Whether it is late.
    pub late: bool,
}

/// Numbers of today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Today {
    /// Files that wait to be sent, whenever they came.
    pub waiting: u32,
    /// Delivered.
    pub delivered: u32,
    /// Accepted by receipt.
    pub accepted: u32,
    /// Records in them.
    pub records: u64,
    /// Their amount, fen.
    pub amount_fen: i64,
    /// Refused here, by the front, or by receipt.
    pub refused: u32,
    /// Results fetched.
    pub fetched: u32,
    /// Source files converted.
    pub converted: u32,
}

/// How things stand.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Member code.
    pub member: String,
    /// Name.
    pub name: String,
    /// Now.
    pub at: String,
    /// Whether a client runs.
    pub running: bool,
    /// The centre's address.
    pub target: String,
    /// Numbers.
    pub today: Today,
    /// Expected files.
    pub expected: Vec<ExpectedLine>,
    /// What is wrong.
    pub troubles: Vec<Trouble>,
    /// Outgoing files, newest first.
    pub outgoing: Vec<Line>,
    /// Incoming files, newest first.
    pub incoming: Vec<Line>,
    /// What the running client shows.
    pub live: Live,
}

/// Lines of each table.
const LINES: usize = 100;

/// Reads how things stand from the folders of a client, running or not.
///
/// # Errors
/// Z03, Z18.
pub fn read(config: &Config, now: DateTime) -> Result<Status, ClientError> {
    let places = crate::client::Places::new(&config.folders);
    let books = crate::journal::Journal::read(&places.journal())?;
    let live = std::fs::read(places.live()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    Ok(of(config, &books, &live.unwrap_or_default(), places.is_locked(), now))
}

/// How things stand.
pub fn of(config: &Config, books: &Books, live: &Live, running: bool, now: DateTime) -> Status {
    let target = config.sftp.as_ref().map(|s| format!("sftp://{}@{}", s.login, s.address));
    let target = target.or_else(|| config.https.as_ref().map(|h| h.url.clone())).unwrap_or_default();
    let expected = expected(config, books, now);
    Status {
        member: config.member.clone(),
        name: config.name.clone(),
        at: now.format("%Y%m%d%H%M%S").to_string(),
        running,
        target,
        today: today(books, &format_date(now.date())),
        troubles: troubles(config, books, live, &expected, now),
        expected,
        outgoing: outgoing(books),
        incoming: incoming(books),
        live: live.clone(),
    }
}

fn is_delivered(state: OutState) -> bool {
    matches!(state, OutState::Delivered | OutState::Archived | OutState::Waiting | OutState::Accepted)
}

fn is_waiting(state: OutState) -> bool {
    matches!(state, OutState::Planned | OutState::Seen | OutState::Checked | OutState::Signed | OutState::Sending)
}

fn today(books: &Books, day: &str) -> Today {
    let mut today = Today::default();
    for file in books.out.values() {
        today.waiting += u32::from(is_waiting(file.state));
        if !file.at.starts_with(day) {
            continue;
        }
        today.delivered += u32::from(is_delivered(file.state));
        today.refused += u32::from(matches!(file.state, OutState::Refused | OutState::Rejected));
        if let Some(receipt) = file.receipt.as_ref().filter(|_| file.state == OutState::Accepted) {
            today.accepted += 1;
            today.records += u64::from(receipt.records);
            today.amount_fen += receipt.total_fen;
        }
    }
    let placed = |state| matches!(state, InState::Placed | InState::Confirmed);
    today.fetched = books.incoming.values().filter(|f| f.at.starts_with(day) && placed(f.state)).count() as u32;
    let converted = books.raw.values().filter(|f| f.at.starts_with(day) && f.state == RawState::Converted);
    today.converted = converted.count() as u32;
    today
}

fn expected(config: &Config, books: &Books, now: DateTime) -> Vec<ExpectedLine> {
    let day = format_date(now.date());
    let minutes = now.hour() * 60 + now.minute();
    let line = |expected: &crate::config::Expected| {
        let of_kind = |name: &String| name.starts_with(&expected.kind);
        let delivered = |(name, file): &(&String, &crate::books::OutFile)| {
            of_kind(name)
                && is_delivered(file.state)
                && file.history.iter().any(|s| s.state == "delivered" && s.at.starts_with(&day))
        };
        let delivered = books.out.iter().filter(delivered).count() as u32;
        ExpectedLine {
            kind: expected.kind.clone(),
            files: expected.files,
            delivered,
            by: expected.by.clone(),
            late: delivered < expected.files && expected.by().is_some_and(|by| minutes >= by),
        }
    };
    config.expected.iter().map(line).collect()
}

fn outgoing(books: &Books) -> Vec<Line> {
    let mut lines: Vec<Line> = books
        .out
        .iter()
        .map(|(name, file)| {
            let receipt = file.receipt.as_ref().filter(|r| r.result == "OK").map(|r| {
                let amount = crate::convert::formats::format_amount(r.total_fen, crate::convert::profile::Unit::Yuan);
                format!("{} 条 records，{amount} 元 CNY，清算日 date {}", r.records, r.clearing_date)
            });
            let tone = match file.state {
                OutState::Accepted | OutState::Delivered | OutState::Archived => "ok",
                OutState::Refused | OutState::Rejected => "bad",
                _ => "wait",
            };
            Line {
                name: name.clone(),
                size: file.bytes.size,
                state: file.state.name().to_owned(),
                state_zh: file.state.name_zh().to_owned(),
                tone: tone.to_owned(),
                at: file.at.clone(),
                remark: receipt.unwrap_or_else(|| format!("{} {}", file.code, file.detail).trim().to_owned()),
            }
        })
        .collect();
    lines.sort_by(|a, b| (&b.at, &b.name).cmp(&(&a.at, &a.name)));
    lines.truncate(LINES);
    lines
}

fn incoming(books: &Books) -> Vec<Line> {
    let mut lines: Vec<Line> = books
        .incoming
        .iter()
        .map(|(name, file)| Line {
            name: name.clone(),
            size: file.bytes.size,
            state: file.state.name().to_owned(),
            state_zh: file.state.name_zh().to_owned(),
            tone: match file.state {
                InState::Placed | InState::Confirmed => "ok",
                InState::Bad => "bad",
                _ => "wait",
            }
            .to_owned(),
            at: file.at.clone(),
            remark: format!("{} {}", file.code, file.detail).trim().to_owned(),
        })
        .collect();
    lines.sort_by(|a, b| (&b.at, &b.name).cmp(&(&a.at, &a.name)));
    lines.truncate(LINES);
    lines
}

/// Sequence numbers that lie before one that was sent and were never seen: the centre waits for them (F09).
fn gaps(books: &Books) -> Vec<String> {
    let mut by_day: BTreeMap<(String, String), BTreeSet<u32>> = BTreeMap::new();
    let mut waits = BTreeSet::new();
    for (name, file) in &books.out {
        let Ok(parsed) = FileName::parse(name) else { continue };
        let key = (parsed.kind.code().to_owned(), format_date(parsed.date));
        if file.state == OutState::Waiting {
            waits.insert(key.clone());
        }
        by_day.entry(key).or_default().insert(parsed.sequence);
    }
    let gap = |((kind, day), numbers): ((String, String), BTreeSet<u32>)| {
        let missing: Vec<String> =
            (1..=*numbers.last()?).filter(|n| !numbers.contains(n)).take(5).map(|n| format!("{n:06}")).collect();
        let is_gap = !missing.is_empty() && waits.contains(&(kind.clone(), day.clone()));
        is_gap.then(|| format!("{kind}_{day}: {}", missing.join(" ")))
    };
    by_day.into_iter().filter_map(gap).collect()
}

fn troubles(config: &Config, books: &Books, live: &Live, expected: &[ExpectedLine], now: DateTime) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut add = |at: &str, code: &str, file: &str, text: String| {
        troubles.push(Trouble { at: at.to_owned(), code: code.to_owned(), file: file.to_owned(), text });
    };
    let title = |code: ClientCode, detail: &str| format!("{} {}：{detail}", code.text_zh(), code.text_en());
    if let Some(paused) = &live.paused {
        add(&live.at, ClientCode::Full.code(), "", paused.clone());
    }
    if let Some(off) = live.clock_off_s.filter(|off| off.abs() > config.limits.clock_s) {
        let text = format!("本机{} {} 秒 seconds", if off > 0 { "快 ahead" } else { "慢 behind" }, off.abs());
        add(&live.at, ClientCode::ClockOff.code(), "", title(ClientCode::ClockOff, &text));
    }
    if let Some((at, code, text)) = &live.error {
        let since = live.last_contact.as_deref().unwrap_or(&live.started_at);
        let silent = parse_date_time(since).is_some_and(|t| (now - t).num_seconds() > config.times.silence_s as i64);
        let refused = matches!(code.as_str(), "Y32" | "Y33" | "Y18");
        if silent || refused || live.failures > config.times.retry_s.len() as u32 {
            add(at, code, "", text.clone());
        }
    }
    for late in expected.iter().filter(|e| e.late) {
        let text = format!("{} {}/{}，{} 前 by", late.kind, late.delivered, late.files, late.by);
        add("", ClientCode::Late.code(), "", title(ClientCode::Late, &text));
    }
    for gap in gaps(books) {
        add("", ClientCode::Gap.code(), "", title(ClientCode::Gap, &gap));
    }
    for (name, file) in &books.out {
        if matches!(file.state, OutState::Refused | OutState::Rejected) && !file.seen {
            let text = file.receipt.as_ref().and_then(|r| tongka_base::FileCode::parse(&r.result));
            let text = text.map(|c| format!("回执拒收 refused by receipt：{} {}", c.text_zh(), c.text_en()));
            add(&file.at, &file.code, name, text.unwrap_or_else(|| file.detail.clone()));
        }
    }
    for (name, file) in books.incoming.iter().filter(|(_, f)| f.state == InState::Bad && !f.seen) {
        add(&file.at, &file.code, name, file.detail.clone());
    }
    for file in books.raw.values().filter(|f| !f.code.is_empty() && !f.seen) {
        add(&file.at, &file.code, &file.source, file.detail.clone());
    }
    troubles.sort_by(|a, b| b.at.cmp(&a.at));
    troubles
}
