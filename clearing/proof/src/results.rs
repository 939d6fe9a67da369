//! Result files and receipts, line by line (document, chapters 4 and 7).
//!
//! Details are written in a second reading of the accepted uploads, in the order of the results: sender code, then
//! upload name, then record no. A body is digested while it is written, so it need not be kept.

use crate::crypto::Sm3;
use crate::day::OutputMode;
use crate::error::ProofError;
use crate::fields::{to_name40, to_number};
use crate::filecheck::amount_or_zero;
use crate::header::{self, HEADER_LENGTH, OutHeader};
use crate::netting::{GroupKey, Netting, Position};
use crate::outcome::ResultFile;
use crate::record::{industry_code, original};
use std::collections::BTreeMap;
use tongka_base::date::format_date;
use tongka_base::{Date, DateTime, MemberCode, Reason};
use tongka_scheme::Scheme;

/// Bytes of one line with CR LF, by kind.
const TXR_LENGTH: usize = 141;
const TXE_LENGTH: usize = 204;
const TXD_LENGTH: usize = 209;
const STL_LENGTH: usize = 77;
const STA_LENGTH: usize = 99;

/// What every file of one day shares.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) clearing_date: Date,
    pub(crate) created_at: DateTime,
    pub(crate) output: OutputMode,
}

/// A body that is being written.
struct Body {
    record_length: usize,
    digest: Sm3,
    kept: Option<Vec<u8>>,
    count: u64,
    total: i128,
}

impl Body {
    fn new(output: OutputMode, record_length: usize) -> Self {
        let kept = (output == OutputMode::Keep).then(Vec::new);
        Self { record_length, digest: Sm3::default(), kept, count: 0, total: 0 }
    }

    /// One record line; `amount` counts towards the header's total.
    fn line(&mut self, parts: &[&[u8]], amount: impl Into<i128>) {
        let mut line = parts.concat();
        line.extend_from_slice(b"\r\n");
        assert_eq!(line.len(), self.record_length, "a line of the kind's width");
        self.digest.update(&line);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(&line);
        }
        self.count += 1;
        self.total += amount.into();
    }

    /// The file and its name.
    fn close(
        self,
        stamp: Stamp,
        kind: &'static str,
        receiver: MemberCode,
        sequence: u32,
    ) -> Result<(String, ResultFile), ProofError> {
        let name = format!(
            "{kind}_{}_{}_{}.dat",
            format_date(stamp.clearing_date),
            to_number(receiver.0, 8)?,
            to_number(sequence, 6)?
        );
        let header = header::write(&OutHeader {
            kind,
            receiver,
            clearing_date: stamp.clearing_date,
            sequence,
            count: self.count,
            total: self.total,
            record_length: self.record_length,
            created_at: stamp.created_at,
            body_digest: &self.digest.finish(),
        })?;
        let size = HEADER_LENGTH as u64 + self.count * self.record_length as u64;
        Ok((name, ResultFile { header, body: self.kept, size }))
    }
}

/// What a receipt says of an accepted upload, as its header said it.
pub(crate) struct Receipted<'a> {
    pub(crate) count: u64,
    pub(crate) total_text: &'a [u8; 15],
    pub(crate) body_digest: &'a [u8; 32],
}

/// A receipt (回执) `TXR`: `Ok` with the upload's figures, or the code of its refusal.
pub(crate) fn receipt(
    stamp: Stamp,
    receiver: MemberCode,
    sequence: u32,
    upload_name: &[u8],
    result: Result<Receipted<'_>, &str>,
) -> Result<(String, ResultFile), ProofError> {
    let (code, count, total, digest, date) = match result {
        Ok(said) => (
            "OK ",
            to_number(said.count, 8)?,
            String::from_utf8_lossy(said.total_text).into_owned(),
            crate::fields::to_hex(said.body_digest),
            format_date(stamp.clearing_date),
        ),
        Err(code) => (code, "0".repeat(8), "0".repeat(15), "0".repeat(64), "0".repeat(8)),
    };
    let mut body = Body::new(stamp.output, TXR_LENGTH);
    let parts: [&[u8]; 7] = [
        b"R",
        &to_name40(upload_name),
        code.as_bytes(),
        count.as_bytes(),
        total.as_bytes(),
        digest.as_bytes(),
        date.as_bytes(),
    ];
    body.line(&parts, 0);
    body.close(stamp, "TXR", receiver, sequence)
}

/// The three kinds of details, while they are written for all members side by side.
pub(crate) struct Details {
    stamp: Stamp,
    txe: BTreeMap<MemberCode, Body>,
    txd: BTreeMap<MemberCode, Body>,
    sus: BTreeMap<MemberCode, Body>,
}

impl Details {
    pub(crate) fn new(stamp: Stamp, scheme: &Scheme) -> Self {
        let bodies = |length| scheme.members.iter().map(|m| (m.code, Body::new(stamp.output, length))).collect();
        Self { stamp, txe: bodies(TXE_LENGTH), txd: bodies(TXD_LENGTH), sus: bodies(TXE_LENGTH) }
    }

    /// Lists one record where its reason says. `issuer` is asked only for verdicts A and S, which imply a known one.
    pub(crate) fn list(
        &mut self,
        acquirer: MemberCode,
        upload_name: &[u8],
        line: &[u8],
        reason: Reason,
        issuer: impl Fn() -> MemberCode,
    ) -> Result<(), ProofError> {
        let (name, amount) = (to_name40(upload_name), amount_or_zero(line));
        let verdict = verdict(reason);
        if verdict == b"A" {
            let sender = to_number(acquirer.0, 8)?;
            of(&mut self.txd, issuer()).line(&[b"D", sender.as_bytes(), &name, original(line)], amount);
            return Ok(());
        }
        let code = to_number(reason.code(), 2)?;
        let parts: [&[u8]; 5] = [b"E", &name, original(line), verdict, code.as_bytes()];
        of(&mut self.txe, acquirer).line(&parts, amount);
        if verdict == b"S" {
            of(&mut self.sus, issuer()).line(&parts, amount);
        }
        Ok(())
    }

    /// The files, one of each kind per member.
    pub(crate) fn close(self) -> Result<Vec<(MemberCode, String, ResultFile)>, ProofError> {
        let mut files = Vec::new();
        for (kind, bodies) in [("TXE", self.txe), ("TXD", self.txd), ("SUS", self.sus)] {
            for (member, body) in bodies {
                let (name, file) = body.close(self.stamp, kind, member, 1)?;
                files.push((member, name, file));
            }
        }
        Ok(files)
    }
}

/// The body that is written for a member. Senders and issuers' members are members of the scheme by checks F02 and 3.
fn of(bodies: &mut BTreeMap<MemberCode, Body>, member: MemberCode) -> &mut Body {
    bodies.get_mut(&member).expect("a member of the scheme")
}

/// `STL`: a member's groups, first as acquirer, then as issuer, each by counterparty and industry.
pub(crate) fn settlement(
    stamp: Stamp,
    member: MemberCode,
    netting: &Netting,
) -> Result<(String, ResultFile), ProofError> {
    let mut rows = Vec::new();
    for (key, group) in &netting.groups {
        if key.acquirer == member {
            rows.push(("A", key.issuer, key, group, group.centre_fee.0, group.acquirer_receives()));
        }
        if key.issuer == member {
            rows.push(("I", key.acquirer, key, group, 0, -group.issuer_pays()));
        }
    }
    rows.sort_by_key(|&(role, counterparty, &GroupKey { industry, .. }, ..)| {
        (role, counterparty, industry_code(industry))
    });
    let mut body = Body::new(stamp.output, STL_LENGTH);
    for (role, counterparty, key, group, centre_fee, net) in rows {
        let text = [
            "L",
            role,
            &to_number(counterparty.0, 8)?,
            industry_code(key.industry),
            &to_number(group.count, 8)?,
            &to_number(group.gross.0, 15)?,
            &to_number(group.issuer_fee.0, 12)?,
            &to_number(centre_fee, 12)?,
            &to_number(net, 16)?,
        ]
        .concat();
        body.line(&[text.as_bytes()], group.gross.0);
    }
    body.close(stamp, "STL", member, 1)
}

/// `STA`: a member's position and reserve in one record.
pub(crate) fn statement(stamp: Stamp, member: MemberCode, row: &Position) -> Result<(String, ResultFile), ProofError> {
    let figures = [row.receivable, row.payable, row.adjustments, row.position, row.reserve_before, row.reserve_after];
    let mut text = String::from("P");
    for figure in figures {
        text.push_str(&to_number(figure.0, 16)?);
    }
    let mut body = Body::new(stamp.output, STA_LENGTH);
    body.line(&[text.as_bytes()], 0);
    body.close(stamp, "STA", member, 1)
}

/// The verdict letter of a reason, as the table of chapter 5 pairs them.
fn verdict(reason: Reason) -> &'static [u8] {
    match reason.code() {
        0 => b"A",
        1 | 2 | 3 | 7 | 11 | 15 | 16 => b"R",
        4 => b"D",
        12 => b"T",
        _ => b"S",
    }
}
