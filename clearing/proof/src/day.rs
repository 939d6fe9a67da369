//! One clearing date from its uploads to its outcome.
//!
//! Two readings: the first takes uploads in order, checks them, judges their records, admits keys and tallies groups;
//! then the day is netted and proven to be zero; the second reading writes the details.

use crate::crypto::sm3;
use crate::error::ProofError;
use crate::fields::readable;
use crate::filecheck::{self, Fault, fault, lines};
use crate::header::{HEADER_LENGTH, Header};
use crate::history::{Earlier, KeyHistory};
use crate::name::FileId;
use crate::netting::{Adjustment, GroupKey, Tally, net};
use crate::outcome::{DayOutcome, Digest, FileOutcome, FileResult, Refusal, ResultFile};
use crate::record::Record;
use crate::recordcheck::Rulebook;
use crate::results::{self, Details, Receipted, Stamp};
use crate::upload::Upload;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tongka_base::{Date, DateTime, Fen, FileCode, MemberCode, Reason};
use tongka_scheme::Scheme;

/// Whether result files are kept whole or only as header and size; the header holds the body's digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputMode {
    /// Keep the bytes, for small days and for exact differences.
    #[default]
    Keep,
    /// Keep headers only, for days whose results do not fit into memory.
    DigestOnly,
}

/// Everything that decides a clearing date, besides its uploads.
#[derive(Clone, Copy, Debug)]
pub struct DayInput<'a> {
    /// The scheme as it stands on the clearing date.
    pub scheme: &'a Scheme,
    /// The open clearing date (清算日).
    pub clearing_date: Date,
    /// Time of creation that the headers of results and receipts carry.
    pub created_at: DateTime,
    /// Keys of earlier clearing dates.
    pub history: &'a KeyHistory,
    /// Identities taken on earlier clearing dates, with SM3 of the whole file.
    pub accepted_before: &'a BTreeMap<FileId, Digest>,
    /// Refusals receipted on earlier clearing dates.
    pub refused_before: &'a BTreeSet<Refusal>,
    /// Reserve of each member before this date; a member not named has none.
    pub reserve_before: &'a BTreeMap<MemberCode, Fen>,
    /// Adjustments booked on this date.
    pub adjustments: &'a [Adjustment],
    /// Whether to keep the bytes of result files.
    pub output: OutputMode,
}

/// Proves a clearing date whose uploads were all taken in one run.
pub fn prove_day(input: &DayInput<'_>, uploads: &[Upload]) -> Result<DayOutcome, ProofError> {
    prove_day_in_runs(input, &[uploads])
}

/// Proves a clearing date whose uploads were taken in several runs, each over the folder as it was then.
pub fn prove_day_in_runs(input: &DayInput<'_>, runs: &[&[Upload]]) -> Result<DayOutcome, ProofError> {
    let mut day = Day::open(input)?;
    for uploads in runs {
        for upload in in_order(uploads) {
            day.take(upload)?;
        }
    }
    day.close()
}

/// Well-formed names by date, member and sequence, then the malformed ones by their bytes.
fn in_order(uploads: &[Upload]) -> Vec<&Upload> {
    let mut uploads: Vec<&Upload> = uploads.iter().collect();
    uploads.sort_by_key(|upload| {
        let id = FileId::parse(&upload.name);
        (id.is_none(), id, &upload.name)
    });
    uploads
}

/// An accepted upload that waits for the second reading.
struct Taken<'a> {
    id: FileId,
    upload: &'a Upload,
    /// Its place in `Day::files`.
    at: usize,
}

struct Day<'a> {
    input: &'a DayInput<'a>,
    stamp: Stamp,
    rulebook: Rulebook<'a>,
    earlier: Earlier<'a>,
    tally: Tally,
    files: Vec<FileOutcome>,
    taken: Vec<Taken<'a>>,
    accepted: BTreeMap<FileId, Digest>,
    refused: BTreeSet<Refusal>,
    receipts: BTreeMap<MemberCode, u32>,
    result_files: BTreeMap<String, ResultFile>,
}

impl<'a> Day<'a> {
    fn open(input: &'a DayInput<'a>) -> Result<Self, ProofError> {
        let DayInput { scheme, clearing_date, created_at, output, .. } = *input;
        Ok(Self {
            input,
            stamp: Stamp { clearing_date, created_at, output },
            rulebook: Rulebook::new(scheme, clearing_date)?,
            earlier: Earlier::new(input.history, clearing_date, scheme.rules.history_days),
            tally: Tally::default(),
            files: Vec::new(),
            taken: Vec::new(),
            accepted: BTreeMap::new(),
            refused: BTreeSet::new(),
            receipts: BTreeMap::new(),
            result_files: BTreeMap::new(),
        })
    }

    /// Takes one upload: no-op, refused with a receipt, or accepted with a receipt and its records judged.
    fn take(&mut self, upload: &'a Upload) -> Result<(), ProofError> {
        let file = upload.read()?;
        let mut outcome = FileOutcome {
            name: upload.name.clone(),
            file_digest: sm3(&file),
            result: FileResult::NoOp,
            detail: String::new(),
            count: 0,
            total: Fen::ZERO,
            digest: [0; 32],
            receipt: None,
            reasons: Vec::new(),
        };
        let id = FileId::parse(&upload.name);
        let is_resent = id.and_then(|id| self.accepted_digest(id)) == Some(outcome.file_digest);
        if !is_resent {
            match self.check(id, &file, upload.signature.as_deref()) {
                Ok((id, header)) => self.accept(&mut outcome, upload, id, &header, &file[HEADER_LENGTH..])?,
                Err(fault) => self.refuse(&mut outcome, id, fault)?,
            }
        }
        self.files.push(outcome);
        Ok(())
    }

    /// The file checks in their order.
    fn check(&self, id: Option<FileId>, file: &[u8], signature: Option<&[u8]>) -> Result<(FileId, Header), Fault> {
        let Some(id) = id else { return fault(FileCode::F01, "name is not TXU_YYYYMMDD_MEMBER_SEQUENCE.dat") };
        let member = filecheck::sender(self.input.scheme, id, self.input.clearing_date)?;
        let header = filecheck::content(file, id)?;
        if self.accepted_digest(id).is_some() {
            return fault(FileCode::F07, "accepted before with other bytes");
        }
        filecheck::signature(member, self.input.clearing_date, file, signature)?;
        if let Some(predecessor) = id.predecessor().filter(|&before| self.accepted_digest(before).is_none()) {
            return fault(FileCode::F09, format!("waits for {}", predecessor.name()));
        }
        if id.date > self.input.clearing_date {
            return fault(FileCode::F10, "file date is later than the clearing date");
        }
        Ok((id, header))
    }

    fn refuse(&mut self, outcome: &mut FileOutcome, id: Option<FileId>, fault: Fault) -> Result<(), ProofError> {
        outcome.result = FileResult::Refused(fault.code);
        outcome.detail = fault.detail;
        let refusal = Refusal { name: outcome.name.clone(), file_digest: outcome.file_digest, code: fault.code };
        if self.input.refused_before.contains(&refusal) || !self.refused.insert(refusal) {
            return Ok(());
        }
        let known = id.map(|id| id.member).filter(|&code| self.input.scheme.members.iter().any(|m| m.code == code));
        let receiver = known.unwrap_or(MemberCode::UNROUTED);
        let sequence = self.next_receipt(receiver);
        let (name, file) = results::receipt(self.stamp, receiver, sequence, &outcome.name, Err(fault.code.code()))?;
        outcome.receipt = Some(self.post(receiver, name, file));
        Ok(())
    }

    fn accept(
        &mut self,
        outcome: &mut FileOutcome,
        upload: &'a Upload,
        id: FileId,
        header: &Header,
        body: &[u8],
    ) -> Result<(), ProofError> {
        let mut reasons = self.rulebook.judge_all(body, id.member);
        for ((place, line), reason) in (1..).zip(lines(body)).zip(&mut reasons) {
            if *reason != Reason::Ok {
                continue;
            }
            let record = Record::read(line, place).expect("a record that passed check 1");
            *reason = self.earlier.admit(&record, line, id.member);
            if *reason == Reason::Ok {
                let issuer = self.rulebook.issuer_member(&record).expect("a record that passed check 2");
                let key = GroupKey { acquirer: id.member, issuer, industry: record.industry };
                self.tally.add(key, record.amount);
            }
        }
        outcome.result = FileResult::Accepted;
        outcome.count = header.count;
        outcome.total = Fen(header.total);
        outcome.digest = header.body_digest;
        outcome.reasons = reasons;
        self.accepted.insert(id, outcome.file_digest);
        self.taken.push(Taken { id, upload, at: self.files.len() });

        let said = Receipted { count: header.count, total_text: &header.total_text, body_digest: &header.body_digest };
        let sequence = self.next_receipt(id.member);
        let (name, file) = results::receipt(self.stamp, id.member, sequence, &outcome.name, Ok(said))?;
        outcome.receipt = Some(self.post(id.member, name, file));
        Ok(())
    }

    /// SM3 of the file that took an identity, today or before.
    fn accepted_digest(&self, id: FileId) -> Option<Digest> {
        self.accepted.get(&id).or_else(|| self.input.accepted_before.get(&id)).copied()
    }

    fn next_receipt(&mut self, receiver: MemberCode) -> u32 {
        let last = self.receipts.entry(receiver).or_insert(0);
        *last += 1;
        *last
    }

    /// Puts a file into a member's outbox; its path.
    fn post(&mut self, receiver: MemberCode, name: String, file: ResultFile) -> String {
        let path =
            if receiver == MemberCode::UNROUTED { format!("unrouted/{name}") } else { format!("{receiver}/{name}") };
        let before = self.result_files.insert(path.clone(), file);
        assert!(before.is_none(), "{path} written twice");
        path
    }

    /// Nets the day, proves it to be zero, then writes the results.
    fn close(mut self) -> Result<DayOutcome, ProofError> {
        let DayInput { scheme, clearing_date, adjustments, reserve_before, .. } = *self.input;
        let netting = net(scheme, clearing_date, &self.tally, adjustments, reserve_before)?;

        for (member, name, file) in self.details()? {
            self.post(member, name, file);
        }
        for member in &scheme.members {
            let (name, file) = results::settlement(self.stamp, member.code, &netting)?;
            self.post(member.code, name, file);
            let (name, file) = results::statement(self.stamp, member.code, &netting.positions[&member.code])?;
            self.post(member.code, name, file);
        }
        Ok(DayOutcome {
            clearing_date,
            files: self.files,
            groups: netting.groups,
            own_groups: netting.own_groups,
            positions: netting.positions,
            centre_fees: netting.centre_fees,
            result_files: self.result_files,
            accepted: self.accepted,
            refused: self.refused,
            keys: Arc::new(self.earlier.into_today()),
        })
    }

    /// The second reading: accepted uploads by sender and name, every record to the files it belongs in.
    fn details(&mut self) -> Result<Vec<(MemberCode, String, ResultFile)>, ProofError> {
        self.taken.sort_by_key(|taken| (taken.id.member, &taken.upload.name));
        let mut details = Details::new(self.stamp, self.input.scheme);
        for Taken { id, upload, at } in &self.taken {
            let outcome = &self.files[*at];
            let file = upload.read()?;
            if sm3(&file) != outcome.file_digest {
                return Err(ProofError::Changed(readable(&upload.name)));
            }
            for ((place, line), &reason) in (1..).zip(lines(&file[HEADER_LENGTH..])).zip(&outcome.reasons) {
                let issuer = || {
                    let record = Record::read(line, place).expect("a record that passed check 1");
                    self.rulebook.issuer_member(&record).expect("a record that passed check 2")
                };
                details.list(id.member, &upload.name, line, reason, issuer)?;
            }
        }
        details.close()
    }
}
