//! `centre explain`: the trail of one record, from its raw bytes to the line of the result file that carries it.

use crate::intake::Folders;
use crate::publish::member_index;
use crate::store::{self, Receipt, Upload};
use crate::{ExchangeError, run};
use tongka_base::{Date, Industry, MemberCode, Reason, Verdict};
use tongka_engine::day::{self, StoredPosition};
use tongka_engine::pricing::PricedGroup;
use tongka_lake::Lake;
use tongka_lake::archive::ArchiveReader;
use tongka_lake::table::{Column, Filter, Table, Test};
use tongka_scheme::{FeeRule, Scheme};
use tongka_storage::{Db, Scope};
use tongka_txn::{CheckStep, Rulebook, number48, trace_record};
use tongka_wire::txu::{Txu, parse_txu};
use tongka_wire::{FileName, Kind};

/// The trail of one record.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Its upload.
    pub upload: Upload,
    /// Record number.
    pub record_no: u32,
    /// Its line without CR LF.
    pub raw: Vec<u8>,
    /// Each check with what it looked at.
    pub checks: Vec<CheckStep>,
    /// Its reason, which fixes its verdict.
    pub reason: Reason,
    /// The earlier accepted record that it collides with: clearing date, upload, record number.
    pub earlier: Option<(Date, String, u32)>,
    /// Its group, where it is cleared.
    pub group: Option<PricedGroup>,
    /// The fee rule that priced the group, with its place in the scheme file (from 1).
    pub fee_rule: Option<(usize, FeeRule)>,
    /// Positions that it is part of: acquirer's, then issuer's.
    pub positions: Vec<StoredPosition>,
    /// Result files that carry it: file name, line (the header is line 1).
    pub results: Vec<(String, u64)>,
}

/// What `explain` has to tell of a file name.
#[derive(Clone, Debug)]
pub enum Explained {
    /// The trail of the record.
    Record(Box<Trail>),
    /// The file was never accepted: its receipts.
    NotAccepted(Vec<Receipt>),
}

/// Explains one record of one file: to the centre, to its sender, and to the member whose card it is of.
pub async fn explain(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    name: &str,
    record_no: u32,
) -> Result<Explained, ExchangeError> {
    let own = store::upload(db, scope, name).await?;
    let foreign = match (&own, scope) {
        (None, Scope::Member(_)) => store::upload(db, Scope::Platform, name).await?,
        _ => None,
    };
    let is_foreign = foreign.is_some();
    let Some(upload) = own.or(foreign) else {
        let mut receipts = store::receipts(db, scope, None).await?;
        receipts.retain(|r| r.upload_name == name);
        if receipts.is_empty() {
            return Err(ExchangeError::NotFound(format!("file {name}")));
        }
        return Ok(Explained::NotAccepted(receipts));
    };
    let date = upload.clearing_date;
    let lake = run::lake(folders);
    let the_day = day::days(db).await?.into_iter().find(|d| d.date == date).expect("an upload has its date");
    let scheme = run::stored_scheme(folders, &the_day.scheme_digest)?;
    let rulebook = Rulebook::compile(&scheme, date);
    let line = ArchiveReader::open(&lake.archive_path(date, name))?.line(record_no)?;
    let line = line.ok_or_else(|| ExchangeError::NotFound(format!("record {record_no} of {name}")))?;
    let (reasons, members) = Table::open(&lake.table_path(date, name))?.outcomes()?;
    let row = record_no as usize - 1;
    if is_foreign && rulebook.member(members[row]).map(Scope::Member) != Some(scope) {
        return Err(ExchangeError::NotFound(format!("file {name}")));
    }
    let reason = Reason::from_code(reasons[row]).expect("a column holds only known reasons");
    let mut checks = trace_record(&rulebook, &rulebook.sender(upload.name.member), &line, record_no);
    let txu = parse_txu(&line).ok();
    let mut earlier = None;
    if let (Some(txu), Some(last)) = (&txu, checks.last())
        && !last.applied
    {
        earlier = find_earlier(db, &lake, &scheme, &upload, record_no, txu, reason).await?;
        key_checks(&mut checks, txu, reason, earlier.as_ref());
    }
    let mut trail = Trail {
        record_no,
        raw: line[..line.len() - 2].to_vec(),
        checks,
        reason,
        earlier,
        group: None,
        fee_rule: None,
        positions: Vec::new(),
        results: Vec::new(),
        upload,
    };
    let issuer = rulebook.member(members[row]);
    if let (Reason::Ok, Some(txu), Some(issuer)) = (reason, &txu, issuer) {
        money(db, &scheme, scope, &mut trail, issuer, txu.industry).await?;
    }
    trail.results = result_lines(db, &scheme, &lake, &trail, issuer, &reasons, &members).await?;
    if is_foreign {
        // Files of the sender are not the issuer's to see.
        let own = |name: &str| FileName::parse(name).is_ok_and(|name| Scope::Member(name.member) == scope);
        trail.results.retain(|(name, _)| own(name));
    }
    Ok(Explained::Record(Box::new(trail)))
}

fn key_checks(checks: &mut Vec<CheckStep>, txu: &Txu, reason: Reason, earlier: Option<&(Date, String, u32)>) {
    let place = earlier.map_or("no earlier accepted record".to_owned(), |(date, name, record)| {
        format!("earlier: {date} {name} record {record}")
    });
    let card = format!("card_key={}/{}/{}/{:05}", txu.scheme, txu.issuer_id, txu.serial.masked(), txu.counter);
    let by_card = matches!(reason, Reason::Duplicate | Reason::KeyConflict);
    let inputs = format!("{card} {}", if by_card { place.as_str() } else { "no earlier accepted record" });
    let shown = if by_card { reason } else { Reason::Duplicate };
    checks.push(CheckStep { order: 14, reason: shown, inputs, applied: by_card });
    if !by_card {
        let inputs = format!("psam_key={}/{:08X} {place}", txu.psam, txu.psam_txn);
        checks.push(CheckStep {
            order: 15,
            reason: Reason::PsamConflict,
            inputs,
            applied: reason == Reason::PsamConflict,
        });
    }
}

/// Looks for the earlier accepted record with the same card key or PSAM key.
async fn find_earlier(
    db: &Db,
    lake: &Lake,
    scheme: &Scheme,
    upload: &Upload,
    record_no: u32,
    txu: &Txu,
    reason: Reason,
) -> Result<Option<(Date, String, u32)>, ExchangeError> {
    if !matches!(reason, Reason::Duplicate | Reason::KeyConflict | Reason::PsamConflict) {
        return Ok(None);
    }
    let mut same_key = Filter::default();
    if reason == Reason::PsamConflict {
        same_key.test(Column::Psam, Test::Is(number48(txu.psam.0) as i64));
        same_key.test(Column::PsamTxn, Test::Is(i64::from(txu.psam_txn as i32)));
    } else {
        same_key.card(txu.serial);
        same_key.test(Column::IssuerId, Test::Is(u64::from_be_bytes(txu.issuer_id.0) as i64));
        same_key.test(Column::Scheme, Test::Is(i64::from(txu.scheme.letter())));
        same_key.test(Column::Counter, Test::Is(i64::from(txu.counter)));
    }
    same_key.test(Column::Reason, Test::Is(i64::from(Reason::Ok.code())));
    let window = i64::from(scheme.rules.history_days);
    let to = upload.clearing_date;
    for the_day in day::days(db).await?.iter().rev() {
        if the_day.date > to || to.signed_duration_since(the_day.date).num_days() > window {
            continue;
        }
        for other in store::uploads(db, Scope::Platform, the_day.date).await? {
            if other.number > upload.number {
                continue;
            }
            let name = other.name.to_string();
            let found = Table::open(&lake.table_path(the_day.date, &name))?.find(&same_key, None, &|| false)?;
            let before = |record: &u32| other.number < upload.number || *record < record_no;
            if let Some(record) = found.into_iter().map(|(record, _)| record).filter(before).min() {
                return Ok(Some((the_day.date, name, record)));
            }
        }
    }
    Ok(None)
}

async fn money(
    db: &Db,
    scheme: &Scheme,
    scope: Scope,
    trail: &mut Trail,
    issuer: MemberCode,
    industry: Industry,
) -> Result<(), ExchangeError> {
    let (date, acquirer) = (trail.upload.clearing_date, trail.upload.name.member);
    let groups = day::priced_groups(db, date).await?;
    trail.group =
        groups.into_iter().find(|g| (g.key.acquirer, g.key.issuer, g.key.industry) == (acquirer, issuer, industry));
    trail.fee_rule =
        trail.group.as_ref().and_then(|g| g.fee_rule).and_then(|at| Some((at + 1, scheme.fees.get(at)?.clone())));
    if acquirer != issuer {
        let mut positions = day::positions(db, scope, date).await?;
        positions.retain(|p| p.member == acquirer || p.member == issuer);
        positions.sort_by_key(|p| p.member != acquirer);
        trail.positions = positions;
    }
    Ok(())
}

/// The lines of result files that carry a record, by counting what stands before it.
async fn result_lines(
    db: &Db,
    scheme: &Scheme,
    lake: &Lake,
    trail: &Trail,
    issuer: Option<MemberCode>,
    reasons: &[u8],
    members: &[u16],
) -> Result<Vec<(String, u64)>, ExchangeError> {
    let date = trail.upload.clearing_date;
    let row = trail.record_no as usize - 1;
    let verdict_of = |code: u8| Reason::from_code(code).expect("a column holds only known reasons").verdict();
    let verdict = trail.reason.verdict();
    let sender = trail.upload.name.member;
    let mut wanted: Vec<(Kind, MemberCode)> = Vec::new();
    match (verdict, issuer) {
        (Verdict::Accepted, Some(issuer)) => wanted.push((Kind::Txd, issuer)),
        (Verdict::Suspicious, Some(issuer)) => wanted.extend([(Kind::Txe, sender), (Kind::Sus, issuer)]),
        _ => wanted.push((Kind::Txe, sender)),
    }
    let mut before = store::uploads(db, Scope::Platform, date).await?;
    let order = |u: &Upload| (u.name.member, u.name.date, u.name.sequence);
    before.retain(|u| order(u) < order(&trail.upload));
    let mut lines = Vec::new();
    for (kind, to) in wanted {
        let index = member_index(scheme, to);
        let carries = |code: u8, member: u16| match kind {
            Kind::Txd => code == Reason::Ok.code() && member == index,
            Kind::Sus => verdict_of(code) == Verdict::Suspicious && member == index,
            _ => code != Reason::Ok.code(),
        };
        let count = |reasons: &[u8], members: &[u16]| {
            reasons.iter().zip(members).filter(|(code, member)| carries(**code, **member)).count() as u64
        };
        let mut line = 2 + count(&reasons[..row], &members[..row]);
        for upload in &before {
            if kind == Kind::Txe && upload.name.member != sender {
                continue;
            }
            let (reasons, members) = Table::open(&lake.table_path(date, &upload.name.to_string()))?.outcomes()?;
            line += count(&reasons, &members);
        }
        lines.push((store::result_name(kind, date, to, 1).to_string(), line));
    }
    Ok(lines)
}
