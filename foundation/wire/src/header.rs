//! The header line (文件头) that opens every file.

use crate::codec::{Value, WireError, parse_number, parse_record, write_record};
use crate::name::FileName;
use crate::table::Kind;
use crate::tables::HEADER;
use tongka_base::date::{format_date, parse_date};
use tongka_base::{Date, MemberCode};

/// Bytes of the header line with CR LF.
pub const HEADER_LEN: usize = HEADER.line_len();

/// Most records that a file may hold.
pub const MAX_RECORDS: u32 = 1_000_000;

/// Why a header line cannot be read, or does not fit its file's name: the field and what it holds.
pub type HeaderError = WireError;

/// A header line whose mark is `H` and version `01`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Kind.
    pub kind: Kind,
    /// Sender; the centre is [`MemberCode::CENTRE`].
    pub sender: MemberCode,
    /// Receiver.
    pub receiver: MemberCode,
    /// File date.
    pub file_date: Date,
    /// Sequence.
    pub sequence: u32,
    /// Number of records.
    pub record_count: u32,
    /// Sum of the kind's amount field, fen. May carry a sign, although amounts do not.
    pub total_amount: i64,
    /// Bytes of one record line with CR LF.
    pub record_length: u16,
    /// Fourteen digits `YYYYMMDDHHMMSS`; not required to be a real time.
    pub created_at: [u8; 14],
    /// SM3 of all bytes after the header line.
    pub body_digest: [u8; 32],
}

impl Header {
    /// Reads the first [`HEADER_LEN`] bytes of a file.
    ///
    /// # Errors
    /// The first field that does not match its type, an unknown kind, or a file date that is not a real one; `header`
    /// when there are not [`HEADER_LEN`] bytes that end in CR LF.
    pub fn parse(line: &[u8]) -> Result<Self, HeaderError> {
        if line.len() != HEADER_LEN || !line.ends_with(b"\r\n") {
            return Err(WireError::new("header", format!("no line of {HEADER_LEN} bytes with CR LF")));
        }
        let values = parse_record(&HEADER, line)?;
        let text = |index: usize| &line[HEADER.fields[index].range()];
        let bad = |index: usize| WireError::found(HEADER.fields[index].name, text(index));
        let number = |index: usize| match values[index] {
            Value::Number(number) => Ok(number),
            _ => Err(bad(index)),
        };
        let small = |index: usize| number(index)?.try_into().map_err(|_| bad(index));
        if small(1)? != 1 {
            return Err(bad(1));
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.code().as_bytes() == text(2)).ok_or_else(|| bad(2))?;
        let mut body_digest = [0; 32];
        if !tongka_base::id::parse_hex(text(11), &mut body_digest) {
            return Err(bad(11));
        }
        Ok(Self {
            kind,
            sender: MemberCode(small(3)?),
            receiver: MemberCode(small(4)?),
            file_date: parse_date(text(5)).ok_or_else(|| bad(5))?,
            sequence: small(6)?,
            record_count: small(7)?,
            total_amount: number(8)?,
            record_length: number(9)?.try_into().map_err(|_| bad(9))?,
            created_at: text(10).try_into().map_err(|_| bad(10))?,
            body_digest,
        })
    }

    /// Compares the header of an upload with its file's name: kind, sender, receiver (the centre), file date, sequence,
    /// and at most [`MAX_RECORDS`] records. With [`parse`](Self::parse) this is file check `F03`.
    ///
    /// # Errors
    /// The first field that differs.
    pub fn check_upload(&self, name: &FileName) -> Result<(), HeaderError> {
        let pieces: [(&'static str, bool, &dyn std::fmt::Display); 6] = [
            ("kind", self.kind == name.kind, &self.kind),
            ("sender", self.sender == name.member, &self.sender),
            ("receiver", self.receiver == MemberCode::CENTRE, &self.receiver),
            ("file_date", self.file_date == name.date, &self.file_date),
            ("sequence", self.sequence == name.sequence, &self.sequence),
            ("record_count", self.record_count <= MAX_RECORDS, &self.record_count),
        ];
        match pieces.iter().find(|(_, fits, _)| !fits) {
            Some((field, _, value)) => Err(WireError::new(field, format!("{value} does not fit {name}"))),
            None => Ok(()),
        }
    }

    /// Whether the record length is that of the kind: the first part of file check `F04`.
    ///
    /// # Errors
    /// The field `record_length`.
    pub fn check_record_length(&self) -> Result<(), HeaderError> {
        let wanted = self.kind.table().line_len();
        if usize::from(self.record_length) == wanted {
            return Ok(());
        }
        Err(WireError::new("record_length", format!("{:04} instead of {wanted:04}", self.record_length)))
    }

    /// The line with CR LF.
    ///
    /// # Errors
    /// The first value that does not fit its field.
    pub fn write(&self) -> Result<[u8; HEADER_LEN], WireError> {
        let number = |number: u32| Value::Number(i64::from(number));
        let date = parse_number(format_date(self.file_date).as_bytes(), false);
        let date = date.ok_or_else(|| WireError::new("file_date", self.file_date.to_string()))?;
        let created_at = parse_number(&self.created_at, false);
        let created_at = created_at.ok_or_else(|| WireError::found("created_at", &self.created_at))?;
        let values = [
            Value::Text("H".into()),
            Value::Number(1),
            Value::Text(self.kind.code().into()),
            number(self.sender.0),
            number(self.receiver.0),
            Value::Number(date),
            number(self.sequence),
            number(self.record_count),
            Value::Number(self.total_amount),
            number(self.record_length.into()),
            Value::Number(created_at),
            Value::Text(self.body_digest.iter().map(|byte| format!("{byte:02X}")).collect()),
        ];
        let mut line = Vec::with_capacity(HEADER_LEN);
        write_record(&HEADER, &values, &mut line)?;
        line.try_into().map_err(|_| WireError::new("header", "not of the table's length"))
    }
}
