//! File checks F01 to F06 (exchange interface v1, chapter 4): all that can be said of a file without knowing the others.
//!
//! Several files are read side by side, so that their digests are computed in vector lanes. Nothing of a file is kept
//! but counts, sums and digests: memory does not grow with its size.

use crate::inbox::Candidate;
use std::fs::File;
use std::io::{self, Read};
use tongka_base::{Date, FileCode};
use tongka_crypto::{Sm3, sm3, sm3_update_many};
use tongka_scheme::Scheme;
use tongka_wire::txu::{LINE_LEN, amount_or_zero};
use tongka_wire::{HEADER_LEN, Header};

/// Files read side by side by one thread: the lanes of the digest kernel.
const LANES: usize = 16;
/// Bytes of one file read at a time: whole lines.
const CHUNK: usize = 1024 * LINE_LEN;

/// A refusal (拒收) of a file: the code and what exactly did not fit, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Code.
    pub code: FileCode,
    /// What did not fit.
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(code: FileCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// What the file checks found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The file.
    pub candidate: Candidate,
    /// Identifies its bytes: SM3 of its first 143 bytes followed by the SM3 of the rest.
    pub fingerprint: [u8; 32],
    /// CRC-32 of its body: notices a file that changes between the checks and the reading of its records.
    pub checksum: u32,
    /// Its header line, when there is one.
    pub header: Option<(Header, Vec<u8>)>,
    /// The first of F01 to F06 that applies.
    pub refusal: Option<Refusal>,
}

/// A file being read.
struct Reading {
    file: Option<File>,
    head: Vec<u8>,
    buffer: Vec<u8>,
    digest: Sm3,
    checksum: crc32fast::Hasher,
    records: u64,
    total: u64,
    bad_line: Option<String>,
    failed: Option<io::Error>,
}

impl Reading {
    fn open(candidate: &Candidate) -> Self {
        let mut reading = Self {
            file: None,
            head: Vec::new(),
            buffer: Vec::new(),
            digest: Sm3::new(),
            checksum: crc32fast::Hasher::new(),
            records: 0,
            total: 0,
            bad_line: None,
            failed: None,
        };
        let mut open = || -> io::Result<File> {
            // A link could point anywhere: only plain files are read.
            if !std::fs::symlink_metadata(&candidate.path)?.is_file() {
                return Err(io::Error::other("not a plain file"));
            }
            let file = File::open(&candidate.path)?;
            (&file).take(HEADER_LEN as u64).read_to_end(&mut reading.head)?;
            Ok(file)
        };
        match open() {
            Ok(file) => reading.file = Some(file),
            Err(error) => reading.failed = Some(error),
        }
        reading
    }

    /// Reads the next lines into the buffer; false at the end of the file.
    fn advance(&mut self) -> bool {
        self.buffer.clear();
        let Some(file) = &self.file else { return false };
        if let Err(error) = file.take(CHUNK as u64).read_to_end(&mut self.buffer) {
            self.failed = Some(error);
            self.file = None;
            return false;
        }
        self.checksum.update(&self.buffer);
        let lines = self.buffer.chunks_exact(LINE_LEN);
        if !lines.remainder().is_empty() && self.bad_line.is_none() {
            self.bad_line = Some(format!("the last {} bytes are no whole line", lines.remainder().len()));
        }
        for line in lines {
            self.records += 1;
            self.total += amount_or_zero(line);
            if self.bad_line.is_none() {
                self.bad_line = bad_line(line).map(|what| format!("record {}: {what}", self.records));
            }
        }
        if self.buffer.len() < CHUNK {
            self.file = None;
        }
        !self.buffer.is_empty()
    }
}

fn bad_line(line: &[u8]) -> Option<&'static str> {
    let text = &line[..LINE_LEN - 2];
    // No early exit inside the line: the loop over it is then vectorised.
    let breaks = text.iter().fold(0, |found, byte| found | u8::from(*byte == b'\r') | u8::from(*byte == b'\n'));
    if breaks != 0 {
        Some("CR or LF inside the record")
    } else if !line.ends_with(b"\r\n") {
        Some("does not end in CR LF")
    } else if line[0] != b'D' {
        Some("record mark is not D")
    } else {
        None
    }
}

/// Checks files, up to [`LANES`] of them side by side; the longest first, so that the lanes stay full to the end.
pub fn check(scheme: &Scheme, clearing_date: Date, files: &[&Candidate]) -> Vec<Checked> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_cached_key(|i| std::cmp::Reverse(std::fs::metadata(&files[*i].path).map_or(0, |m| m.len())));
    let mut waiting = order.into_iter();
    let mut open: Vec<(usize, Reading)> = Vec::with_capacity(LANES);
    let mut done: Vec<(usize, Checked)> = Vec::with_capacity(files.len());
    loop {
        while open.len() < LANES {
            let Some(next) = waiting.next() else { break };
            open.push((next, Reading::open(files[next])));
        }
        if open.is_empty() {
            break;
        }
        let mut at = 0;
        while at < open.len() {
            if open[at].1.advance() {
                at += 1;
            } else {
                let (index, reading) = open.swap_remove(at);
                done.push((index, conclude(scheme, clearing_date, files[index], reading)));
            }
        }
        let mut jobs: Vec<(&mut Sm3, &[u8])> =
            open.iter_mut().map(|(_, r)| (&mut r.digest, r.buffer.as_slice())).collect();
        sm3_update_many(&mut jobs);
    }
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, checked)| checked).collect()
}

fn conclude(scheme: &Scheme, clearing_date: Date, candidate: &Candidate, reading: Reading) -> Checked {
    let body_digest = reading.digest.clone().finish();
    let header = Header::parse(&reading.head).map(|header| (header, reading.head.clone()));
    let refusal = first_refusal(scheme, clearing_date, candidate, &reading, header.as_ref().map(|h| &h.0), body_digest);
    Checked {
        candidate: candidate.clone(),
        fingerprint: sm3(&[reading.head.as_slice(), &body_digest].concat()),
        checksum: reading.checksum.finalize(),
        header: header.ok(),
        refusal,
    }
}

fn first_refusal(
    scheme: &Scheme,
    clearing_date: Date,
    candidate: &Candidate,
    reading: &Reading,
    header: Result<&Header, &tongka_wire::HeaderError>,
    body_digest: [u8; 32],
) -> Option<Refusal> {
    let Some(name) = candidate.upload else {
        return Some(Refusal::new(FileCode::F01, "not TXU_YYYYMMDD_MEMBER_SEQ.dat"));
    };
    match scheme.member(name.member) {
        None => return Some(Refusal::new(FileCode::F02, format!("member {} is not in the scheme", name.member))),
        Some(member) if !member.is_active(clearing_date) => {
            return Some(Refusal::new(
                FileCode::F02,
                format!("member {} is not active on {clearing_date}", name.member),
            ));
        }
        Some(_) => {}
    }
    if let Some(error) = &reading.failed {
        return Some(Refusal::new(FileCode::F03, format!("unreadable: {error}")));
    }
    let header = match header {
        Ok(header) => header,
        Err(error) => return Some(Refusal::new(FileCode::F03, error.to_string())),
    };
    if let Err(error) = header.check_upload(&name) {
        return Some(Refusal::new(FileCode::F03, error.to_string()));
    }
    if let Err(error) = header.check_record_length() {
        return Some(Refusal::new(FileCode::F04, error.to_string()));
    }
    if let Some(what) = &reading.bad_line {
        return Some(Refusal::new(FileCode::F04, what.clone()));
    }
    if u64::from(header.record_count) != reading.records {
        let detail = format!("header says {} records, body has {}", header.record_count, reading.records);
        return Some(Refusal::new(FileCode::F05, detail));
    }
    if i128::from(header.total_amount) != i128::from(reading.total) {
        let detail = format!("header says {} fen, records sum to {}", header.total_amount, reading.total);
        return Some(Refusal::new(FileCode::F06, detail));
    }
    if header.body_digest != body_digest {
        return Some(Refusal::new(FileCode::F06, "body digest differs"));
    }
    None
}
