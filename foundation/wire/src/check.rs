//! File checks F01 and F03 to F06 (exchange interface v1, chapter 4): what can be said of a file without anything else.
//! The centre and the members' programs check by this same code.

use crate::codec::parse_number;
use crate::header::{Header, HeaderError};
use crate::name::FileName;
use crate::table::Kind;
use crate::txu::{LINE_LEN, amount_or_zero};
use tongka_base::FileCode;

/// A refusal (拒收) of a file: the code and what exactly did not fit, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Code.
    pub code: FileCode,
    /// What did not fit.
    pub detail: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: FileCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// The lines of a body, counted and looked at as they come.
#[derive(Clone, Debug)]
pub struct BodyCheck {
    kind: Kind,
    line_len: usize,
    records: u64,
    total: i128,
    bad_line: Option<String>,
}

impl BodyCheck {
    /// A body of a kind, nothing of it seen.
    pub fn new(kind: Kind) -> Self {
        Self { kind, line_len: kind.table().line_len(), records: 0, total: 0, bad_line: None }
    }

    /// Bytes of a line.
    pub fn line_len(&self) -> usize {
        self.line_len
    }

    /// Takes the next bytes: whole lines, but at the end of the file.
    pub fn take(&mut self, bytes: &[u8]) {
        if self.kind == Kind::Txu {
            // With a length known to the compiler the loops over a line are vectorised.
            return self.take_lines(bytes, LINE_LEN, |line| i128::from(amount_or_zero(line)));
        }
        let amount = self.kind.table().amount_range();
        self.take_lines(bytes, self.line_len, |line| {
            let amount = amount.clone().and_then(|range| parse_number(&line[range], true));
            i128::from(amount.unwrap_or(0))
        });
    }

    #[inline(always)]
    fn take_lines(&mut self, bytes: &[u8], line_len: usize, amount: impl Fn(&[u8]) -> i128) {
        let lines = bytes.chunks_exact(line_len);
        if !lines.remainder().is_empty() && self.bad_line.is_none() {
            self.bad_line = Some(format!("the last {} bytes are no whole line", lines.remainder().len()));
        }
        let table = self.kind.table();
        for line in lines {
            self.records += 1;
            self.total += amount(line);
            if self.bad_line.is_none() {
                let mark = table.lead.filter(|_| self.records == 1).map_or(table.mark, |lead| lead.mark);
                self.bad_line = bad_line(line, mark).map(|what| format!("record {}: {what}", self.records));
            }
        }
    }

    /// Records so far.
    pub fn records(&self) -> u64 {
        self.records
    }
}

#[inline(always)]
fn bad_line(line: &[u8], mark: u8) -> Option<String> {
    let text = &line[..line.len() - 2];
    // No early exit inside the line: the loop over it is then vectorised.
    let breaks = text.iter().fold(0, |found, byte| found | u8::from(*byte == b'\r') | u8::from(*byte == b'\n'));
    if breaks != 0 {
        Some("CR or LF inside the record".to_owned())
    } else if !line.ends_with(b"\r\n") {
        Some("does not end in CR LF".to_owned())
    } else if line[0] != mark {
        Some(format!("record mark is not {}", char::from(mark)))
    } else {
        None
    }
}

/// Checks F03 to F06 of a file of a member, in their order: its header line against its name, then its body against its
/// header. The body digest is that of all bytes after the header line.
pub fn check_upload(
    name: &FileName,
    header: Result<&Header, &HeaderError>,
    body: &BodyCheck,
    body_digest: [u8; 32],
) -> Option<Refusal> {
    let checked = header.map_err(Clone::clone).and_then(|header| header.check_upload(name).map(|()| header));
    match checked {
        Ok(header) => check_body(header, body, body_digest),
        Err(error) => Some(Refusal::new(FileCode::F03, error.to_string())),
    }
}

/// Checks F04 to F06: a body against its header.
pub fn check_body(header: &Header, body: &BodyCheck, body_digest: [u8; 32]) -> Option<Refusal> {
    if let Err(error) = header.check_record_length() {
        return Some(Refusal::new(FileCode::F04, error.to_string()));
    }
    if let Some(what) = &body.bad_line {
        return Some(Refusal::new(FileCode::F04, what.clone()));
    }
    if u64::from(header.record_count) != body.records {
        let detail = format!("header says {} records, body has {}", header.record_count, body.records);
        return Some(Refusal::new(FileCode::F05, detail));
    }
    if i128::from(header.total_amount) != body.total {
        let detail = format!("header says {} fen, records sum to {}", header.total_amount, body.total);
        return Some(Refusal::new(FileCode::F06, detail));
    }
    if header.body_digest != body_digest {
        return Some(Refusal::new(FileCode::F06, "body digest differs"));
    }
    None
}
