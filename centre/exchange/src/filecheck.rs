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
pub use tongka_wire::Refusal;
use tongka_wire::txu::LINE_LEN;
use tongka_wire::{BodyCheck, HEADER_LEN, Header, Kind, check_upload};

/// Files read side by side by one thread: the lanes of the digest kernel.
const LANES: usize = 16;
/// Bytes of one file read at a time: whole lines.
const CHUNK: usize = 1024 * LINE_LEN;

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
    body: BodyCheck,
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
            body: BodyCheck::new(Kind::Txu),
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
        self.body.take(&self.buffer);
        if self.buffer.len() < CHUNK {
            self.file = None;
        }
        !self.buffer.is_empty()
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
    check_upload(&name, header, &reading.body, body_digest)
}
