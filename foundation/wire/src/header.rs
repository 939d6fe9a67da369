//! The header line.

use crate::table::{HEADER, Kind, Value, WireError, parse_record, write_record};
use tongka_base::date::{format_date, parse_date};
use tongka_base::{Date, MemberCode};

/// Bytes of the header line with CR LF.
pub const HEADER_LEN: usize = HEADER.line_len();

/// Why a header line cannot be read.
pub type HeaderError = WireError;

/// A header line whose mark is `H` and version `01`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Kind.
    pub kind: Kind,
    /// Sender.
    pub sender: MemberCode,
    /// Receiver.
    pub receiver: MemberCode,
    /// File date.
    pub file_date: Date,
    /// Sequence.
    pub sequence: u32,
    /// Number of records.
    pub record_count: u32,
    /// Sum of the kind's amount field, fen.
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
    pub fn parse(line: &[u8]) -> Result<Self, HeaderError> {
        if line.len() != HEADER_LEN || !line.ends_with(b"\r\n") {
            return Err(WireError::new("header", format!("no line of {HEADER_LEN} bytes with CR LF")));
        }
        let values = parse_record(&HEADER, line)?;
        let number = |index: usize| match values[index] {
            Value::Number(n) => n,
            Value::Text(_) => unreachable!("the table says N"),
        };
        let text = |name: &str| &line[HEADER.range(name).expect("a field of the header")];
        let bad = |name: &'static str| WireError::new(name, String::from_utf8_lossy(text(name)));
        if line[0] != b'H' {
            return Err(bad("mark"));
        }
        if number(1) != 1 {
            return Err(bad("version"));
        }
        let kind = std::str::from_utf8(text("kind")).ok().and_then(Kind::parse).ok_or_else(|| bad("kind"))?;
        let mut body_digest = [0; 32];
        tongka_base::id::parse_hex(text("body_digest"), &mut body_digest);
        Ok(Self {
            kind,
            sender: MemberCode(number(3) as u32),
            receiver: MemberCode(number(4) as u32),
            file_date: parse_date(text("file_date")).ok_or_else(|| bad("file_date"))?,
            sequence: number(6) as u32,
            record_count: number(7) as u32,
            total_amount: number(8),
            record_length: number(9) as u16,
            created_at: text("created_at").try_into().expect("14 bytes"),
            body_digest,
        })
    }

    /// The line with CR LF.
    pub fn write(&self) -> Result<[u8; HEADER_LEN], WireError> {
        let text = |bytes: &[u8]| Value::Text(String::from_utf8_lossy(bytes).into_owned());
        let date: i64 = format_date(self.file_date).parse().map_err(|_| WireError::new("file_date", "year"))?;
        let created_at = crate::table::parse_number(&self.created_at, false)
            .ok_or_else(|| WireError::new("created_at", "not 14 digits"))?;
        let digest: String = self.body_digest.iter().map(|b| format!("{b:02X}")).collect();
        let values = [
            text(b"H"),
            Value::Number(1),
            text(self.kind.code().as_bytes()),
            Value::Number(i64::from(self.sender.0)),
            Value::Number(i64::from(self.receiver.0)),
            Value::Number(date),
            Value::Number(i64::from(self.sequence)),
            Value::Number(i64::from(self.record_count)),
            Value::Number(self.total_amount),
            Value::Number(i64::from(self.record_length)),
            Value::Number(created_at),
            Value::Text(digest),
        ];
        let mut line = Vec::with_capacity(HEADER_LEN);
        write_record(&HEADER, &values, &mut line)?;
        Ok(line.try_into().expect("the table's length"))
    }
}
