//! The checks of a file as a whole (文件级检查), in the document's order (chapter 4).
//!
//! Here are the checks that need only the file, the scheme and the name: `F02` to `F06` and `F08`. `F01` is the name's
//! own form; `F07`, `F09` and `F10` need to know what was accepted before, so the day does them.

use crate::crypto::{signature_is_valid, sm3};
use crate::fields::number;
use crate::header::{self, HEADER_LENGTH, Header};
use crate::name::FileId;
use tongka_base::{Date, FileCode};
use tongka_scheme::{Member, Scheme};

/// Bytes of one `TXU` record line with CR LF.
pub(crate) const RECORD_LENGTH: usize = 160;

/// A failed check and what was found, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: FileCode,
    pub(crate) detail: String,
}

/// A fault in short.
pub(crate) fn fault<T>(code: FileCode, detail: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { code, detail: detail.into() })
}

/// `F02`: the sender is a member and takes part on the open clearing date.
pub(crate) fn sender(scheme: &Scheme, id: FileId, clearing_date: Date) -> Result<&Member, Fault> {
    match scheme.members.iter().find(|m| m.code == id.member) {
        None => fault(FileCode::F02, format!("{} is not a member", id.member)),
        Some(member) if !member.is_active(clearing_date) => {
            fault(FileCode::F02, format!("{} is not active on the clearing date", id.member))
        }
        Some(member) => Ok(member),
    }
}

/// `F03` to `F06`: header, lines, count, total and digest.
pub(crate) fn content(file: &[u8], id: FileId) -> Result<Header, Fault> {
    let header = header::read(file, id).or_else(|detail| fault(FileCode::F03, detail))?;
    let body = &file[HEADER_LENGTH..];

    if header.record_length != RECORD_LENGTH as u64 {
        return fault(FileCode::F04, format!("record length field says {}", header.record_length));
    }
    if !body.len().is_multiple_of(RECORD_LENGTH) {
        return fault(FileCode::F04, format!("{} bytes of body are not whole lines", body.len()));
    }
    for (at, line) in (1..).zip(lines(body)) {
        if !line.starts_with(b"D") {
            return fault(FileCode::F04, format!("line {at}: mark is not D"));
        }
        if !line.ends_with(b"\r\n") {
            return fault(FileCode::F04, format!("line {at}: does not end in CR LF"));
        }
        if line[..RECORD_LENGTH - 2].iter().any(|b| matches!(b, b'\r' | b'\n')) {
            return fault(FileCode::F04, format!("line {at}: CR or LF inside the record"));
        }
    }

    let count = lines(body).count() as u64;
    if header.count != count {
        return fault(FileCode::F05, format!("header says {} records, body has {count}", header.count));
    }

    let total: u64 = lines(body).map(amount_or_zero).sum();
    if i128::from(header.total) != i128::from(total) {
        return fault(FileCode::F06, format!("header says {} fen, records sum to {total}", header.total));
    }
    if header.body_digest != sm3(body) {
        return fault(FileCode::F06, "body digest differs");
    }
    Ok(header)
}

/// `F08`: a member with a registered certificate signs its whole file, under one that is valid on the clearing date.
pub(crate) fn signature(
    member: &Member,
    clearing_date: Date,
    file: &[u8],
    signature: Option<&[u8]>,
) -> Result<(), Fault> {
    if member.certificates.is_empty() {
        return Ok(());
    }
    let Some(text) = signature else { return fault(FileCode::F08, "signature missing") };
    let counts = |from: Option<Date>, to: Option<Date>| {
        from.is_none_or(|from| clearing_date >= from) && to.is_none_or(|to| clearing_date <= to)
    };
    let mut keys = member.certificates.iter().filter(|c| counts(c.not_before, c.not_after)).map(|c| &c.public_key);
    if keys.any(|key| signature_is_valid(key, file, text)) { Ok(()) } else { fault(FileCode::F08, "signature wrong") }
}

/// The record lines of a body, each with its line ending.
pub(crate) fn lines(body: &[u8]) -> std::slice::Chunks<'_, u8> {
    body.chunks(RECORD_LENGTH)
}

/// Field 12 of a record; a malformed one counts 0.
pub(crate) fn amount_or_zero(line: &[u8]) -> u64 {
    number(&line[84..92]).unwrap_or(0)
}
