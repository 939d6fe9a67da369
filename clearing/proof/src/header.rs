//! The header line (文件头) of every exchange file, 143 bytes (document, chapter 2).
//!
//! ```text
//! mark 0 | version 1 | kind 3 | sender 6 | receiver 14 | file date 22 | sequence 30 | record count 36
//! total amount 44 | record length 59 | created at 63 | body digest 77 | CR LF 141
//! ```

use crate::error::ProofError;
use crate::fields::{hex, number, signed, to_hex, to_number};
use crate::name::FileId;
use tongka_base::date::{format_date, format_date_time, parse_date};
use tongka_base::{Date, DateTime, MemberCode};

/// Bytes of a header line with CR LF.
pub(crate) const HEADER_LENGTH: usize = 143;

/// Most records a file may hold.
const MOST_RECORDS: u64 = 1_000_000;

/// What later checks and the receipt need of an upload's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) count: u64,
    pub(crate) total: i64,
    /// The total as it was written, for the receipt.
    pub(crate) total_text: [u8; 15],
    pub(crate) record_length: u64,
    pub(crate) body_digest: [u8; 32],
}

/// Reads an upload's header and holds it against the file's name; the fault in words when check `F03` applies.
pub(crate) fn read(file: &[u8], id: FileId) -> Result<Header, &'static str> {
    let line = file.get(..HEADER_LENGTH).ok_or("shorter than a header line")?;
    if &line[141..143] != b"\r\n" {
        return Err("no CR LF at the end of the header line");
    }
    if line[..141].iter().any(|b| matches!(b, b'\r' | b'\n')) {
        return Err("CR or LF inside the header line");
    }
    if &line[0..1] != b"H" {
        return Err("mark is not H");
    }
    if &line[1..3] != b"01" {
        return Err("version is not 01");
    }
    if &line[3..6] != b"TXU" {
        return Err("kind differs from the name");
    }
    if number(&line[6..14]) != Some(u64::from(id.member.0)) {
        return Err("sender differs from the name");
    }
    if &line[14..22] != b"00000000" {
        return Err("receiver is not the centre");
    }
    if parse_date(&line[22..30]) != Some(id.date) {
        return Err("file date differs from the name");
    }
    if number(&line[30..36]) != Some(u64::from(id.sequence)) {
        return Err("sequence differs from the name");
    }
    let count = number(&line[36..44]).ok_or("record count is not a number")?;
    if count > MOST_RECORDS {
        return Err("more than 1,000,000 records");
    }
    let total = signed(&line[44..59]).ok_or("total amount is not a number")?;
    let record_length = number(&line[59..63]).ok_or("record length is not a number")?;
    number(&line[63..77]).ok_or("time of creation is not a number")?;
    let body_digest = hex(&line[77..141]).ok_or("body digest is not upper-case hexadecimal")?;
    Ok(Header { count, total, total_text: line[44..59].try_into().expect("15 bytes"), record_length, body_digest })
}

/// What the header of a file from the centre says.
pub(crate) struct OutHeader<'a> {
    pub(crate) kind: &'static str,
    pub(crate) receiver: MemberCode,
    pub(crate) clearing_date: Date,
    pub(crate) sequence: u32,
    pub(crate) count: u64,
    pub(crate) total: i128,
    pub(crate) record_length: usize,
    pub(crate) created_at: DateTime,
    pub(crate) body_digest: &'a [u8; 32],
}

/// Writes the header line of a file from the centre.
pub(crate) fn write(header: &OutHeader<'_>) -> Result<Vec<u8>, ProofError> {
    let line = [
        "H",
        "01",
        header.kind,
        "00000000",
        &to_number(header.receiver.0, 8)?,
        &format_date(header.clearing_date),
        &to_number(header.sequence, 6)?,
        &to_number(header.count, 8)?,
        &to_number(header.total, 15)?,
        &to_number(header.record_length as u64, 4)?,
        &format_date_time(header.created_at),
        &to_hex(header.body_digest),
        "\r\n",
    ]
    .concat();
    debug_assert_eq!(line.len(), HEADER_LENGTH);
    Ok(line.into_bytes())
}
