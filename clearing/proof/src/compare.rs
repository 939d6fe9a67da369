//! Holds a proven day against a folder of result files. Times of creation are the one thing that may differ.

use crate::crypto::Sm3;
use crate::fields::{readable, to_hex};
use crate::header::HEADER_LENGTH;
use crate::outcome::{DayOutcome, ResultFile};
use crate::upload::name_bytes;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::Path;
use tongka_base::date::format_date;

/// Where the time of creation stands in a header line.
const CREATED_AT: Range<usize> = 63..77;

/// The kinds that a day writes.
const KINDS: [&str; 6] = ["TXR", "TXE", "TXD", "SUS", "STL", "STA"];

/// One way in which an outbox is not what the proof says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Difference {
    /// The proof has this file, the outbox does not.
    #[error("{path}: 缺失 missing")]
    Missing {
        /// Path under the outbox.
        path: String,
    },
    /// The outbox has this file of the clearing date, the proof does not.
    #[error("{path}: 多余 unexpected")]
    Unexpected {
        /// Path under the outbox.
        path: String,
    },
    /// Header lines differ in more than the time of creation.
    #[error("{path}: 文件头不同 header differs\n  proof  {proof}\n  outbox {outbox}")]
    Header {
        /// Path under the outbox.
        path: String,
        /// The header line as proven.
        proof: String,
        /// The header line as found.
        outbox: String,
    },
    /// The first record line that differs; an absent line is empty.
    #[error("{path}: 第{record}条记录不同 record {record} differs\n  proof  {proof}\n  outbox {outbox}")]
    Record {
        /// Path under the outbox.
        path: String,
        /// Number of the line after the header, from 1.
        record: usize,
        /// The line as proven.
        proof: String,
        /// The line as found.
        outbox: String,
    },
    /// The body is not the one its (right) header names; which line is unknown, for the proof kept no bytes.
    #[error("{path}: 文件体不同 body differs: digest {digest}, {size} bytes")]
    Body {
        /// Path under the outbox.
        path: String,
        /// SM3 of the body as found.
        digest: String,
        /// Bytes of the file as found.
        size: u64,
    },
}

impl Difference {
    /// Path under the outbox.
    pub fn path(&self) -> &str {
        match self {
            Self::Missing { path }
            | Self::Unexpected { path }
            | Self::Header { path, .. }
            | Self::Record { path, .. }
            | Self::Body { path, .. } => path,
        }
    }
}

/// Compares every file of the outcome with the outbox, and looks for files of the clearing date that should not be.
///
/// Differences come ordered by path, at most one header and one body difference a file. Files still being written
/// (`.tmp`), other kinds and other dates are not looked at.
pub fn compare_outbox(outcome: &DayOutcome, outbox: &Path) -> io::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for (path, expected) in &outcome.result_files {
        match File::open(outbox.join(path)) {
            Ok(file) => compare_file(path, expected, BufReader::new(file), &mut differences)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                differences.push(Difference::Missing { path: path.clone() });
            }
            Err(e) => return Err(e),
        }
    }
    for folder in fs::read_dir(outbox)? {
        let folder = folder?;
        if !fs::metadata(folder.path())?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let name = readable(&name_bytes(file?.file_name()));
            let path = format!("{}/{name}", readable(&name_bytes(folder.file_name())));
            if is_of_day(&name, outcome) && !outcome.result_files.contains_key(&path) {
                differences.push(Difference::Unexpected { path });
            }
        }
    }
    differences.sort();
    Ok(differences)
}

fn is_of_day(name: &str, outcome: &DayOutcome) -> bool {
    let date = format_date(outcome.clearing_date);
    name.ends_with(".dat") && KINDS.iter().any(|kind| name.starts_with(&format!("{kind}_{date}_")))
}

fn compare_file(
    path: &str,
    expected: &ResultFile,
    mut found: impl Read,
    differences: &mut Vec<Difference>,
) -> io::Result<()> {
    let mut header = Vec::new();
    (&mut found).take(HEADER_LENGTH as u64).read_to_end(&mut header)?;
    let headers_agree = without_time(&header) == without_time(&expected.header);
    if !headers_agree {
        differences.push(Difference::Header {
            path: path.into(),
            proof: readable(expected.header.trim_ascii_end()),
            outbox: readable(header.trim_ascii_end()),
        });
    }
    if let Some(body) = &expected.body {
        let mut other = Vec::new();
        found.read_to_end(&mut other)?;
        differences.extend(first_different_record(path, body, &other));
        return Ok(());
    }
    let (digest, body_size) = digest_of(found)?;
    let (digest, size) = (to_hex(&digest), header.len() as u64 + body_size);
    let body_agrees = size == expected.size && expected.header[77..141] == *digest.as_bytes();
    if !body_agrees {
        differences.push(Difference::Body { path: path.into(), digest, size });
    }
    Ok(())
}

/// A header line with its time of creation blotted out.
fn without_time(header: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    if let Some(time) = header.get_mut(CREATED_AT) {
        time.fill(b'0');
    }
    header
}

fn first_different_record(path: &str, proof: &[u8], outbox: &[u8]) -> Option<Difference> {
    let mut left = proof.split_inclusive(|&b| b == b'\n');
    let mut right = outbox.split_inclusive(|&b| b == b'\n');
    for record in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (l, r) if l == r => {}
            (l, r) => {
                let (proof, outbox) = (readable(l.unwrap_or_default()), readable(r.unwrap_or_default()));
                return Some(Difference::Record { path: path.into(), record, proof, outbox });
            }
        }
    }
    None
}

fn digest_of(mut found: impl Read) -> io::Result<([u8; 32], u64)> {
    let mut running = Sm3::default();
    let mut size = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match found.read(&mut buffer)? {
            0 => return Ok((running.finish(), size)),
            n => {
                running.update(&buffer[..n]);
                size += n as u64;
            }
        }
    }
}
