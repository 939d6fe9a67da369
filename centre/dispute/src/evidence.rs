//! Chains of cards out of the lake, and proposals that rest on them.
//!
//! Records of all acquirers make a chain, so it is the issuer's and the centre's to see; an acquirer learns of its own record
//! only whether it is proven.

use crate::case::no_record;
use crate::chain::{Chain, Evidence, Proof, Tap};
use crate::{DisputeError, propose, suspicious};
use chrono::Days;
use serde_json::Value;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tongka_access::Actor;
use tongka_base::date::days_since_epoch;
use tongka_base::{AppSerial, CardScheme, Clock, Date, IssuerId, MemberCode};
use tongka_engine::day;
use tongka_exchange::ExchangeError;
use tongka_exchange::intake::Folders;
use tongka_exchange::search::{self, Search};
use tongka_storage::{Db, Scope, params};

/// How far before a record's clearing date its neighbours are looked for.
const BACK: Days = Days::new(92);

/// A card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Scheme.
    pub scheme: CardScheme,
    /// Issuer id.
    pub issuer_id: IssuerId,
    /// Application serial.
    pub serial: AppSerial,
}

/// The chain of a card over clearing dates, of the records that a scope may see. It reads files: call it where that may
/// take its time.
///
/// # Errors
/// X07 for dates that make no sense; what the database or the lake says.
pub async fn chain(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    card: Card,
    (from, to): (Date, Date),
) -> Result<Chain, DisputeError> {
    let search = Search {
        card: Some(card.serial),
        scheme: Some(card.scheme),
        issuer_id: Some(card.issuer_id),
        ..Search::over(from, to)
    };
    let mut taps = Vec::new();
    search::plan(db, folders, scope, &search, false).await?.each(&AtomicBool::new(false), &mut |record| {
        taps.extend(Tap::of(&record).filter(|_| !record.fields.as_ref().is_some_and(|fields| fields.test)));
        Ok::<_, ExchangeError>(ControlFlow::Continue(()))
    })?;
    let sql = "SELECT upload_name, record_no FROM suspicious_record WHERE state = 'cleared' AND card = $1 \
               AND clearing_date >= $2 AND clearing_date <= $3 AND ({scope:acquirer} OR {scope:issuer})";
    let params = params![card.serial.masked(), days_since_epoch(from), days_since_epoch(to)];
    for row in db.read(scope).fetch_all(sql, params).await? {
        let (upload, record_no) = (row.text("upload_name")?, row.int("record_no")? as u32);
        let cleared = taps.iter_mut().find(|tap| tap.record_no == record_no && tap.upload == upload);
        cleared.into_iter().for_each(|tap| tap.is_cleared = true);
    }
    Ok(Chain::of(taps))
}

/// The chain of a record's card around it, with the record's place. A member has to be its acquirer or its issuer.
async fn around(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    (upload, record_no): (&str, u32),
) -> Result<(Chain, usize, MemberCode), DisputeError> {
    let not_there = || no_record(upload, record_no);
    let record = search::record(db, folders, scope, upload, record_no, true).await?.ok_or_else(not_there)?;
    let (Some(fields), Some(issuer)) = (&record.fields, record.issuer) else {
        return Err(DisputeError::NotProven("格式错误或发卡机构未知 malformed, or of an unknown issuer".into()));
    };
    let serial = AppSerial::parse(fields.card.as_bytes()).ok_or_else(not_there)?;
    let card = Card { scheme: fields.scheme, issuer_id: fields.issuer_id, serial };
    let last = day::days(db).await?.last().map_or(record.clearing_date, |day| day.date);
    let from = record.clearing_date.checked_sub_days(BACK).unwrap_or(record.clearing_date);
    let chain = chain(db, folders, Scope::Platform, card, (from, last)).await?;
    let place = chain.find(upload, record_no).ok_or_else(not_there)?;
    Ok((chain, place, issuer))
}

/// The chain of the card of a record, with the record's place in it: for the centre and for the issuer.
///
/// # Errors
/// D13 for a record that is not there or not of a card of the member, D15 for one that has no chain; what the database or
/// the lake says.
pub async fn chain_of(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    upload: &str,
    record_no: u32,
) -> Result<(Chain, usize), DisputeError> {
    let (chain, place, issuer) = around(db, folders, scope, (upload, record_no)).await?;
    if matches!(scope, Scope::Member(member) if member != issuer) {
        return Err(no_record(upload, record_no));
    }
    Ok((chain, place))
}

/// The proof that a record happened; the acquirer is not told where its neighbours are.
///
/// # Errors
/// D13 for a record that is not there or another's, D15 where the chain does not prove it.
pub async fn prove(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    upload: &str,
    record_no: u32,
) -> Result<Evidence, DisputeError> {
    let (chain, place, issuer) = around(db, folders, scope, (upload, record_no)).await?;
    let why = match &chain.links[place].proof {
        None => "已是接受的记录 accepted",
        Some(Proof::Happened { .. }) => "",
        Some(Proof::DidNot { .. }) => "同序号另有已接受的记录 another accepted record has its counter",
        Some(Proof::Copy { .. }) => "与已接受的记录相同 a copy of an accepted record",
        Some(Proof::NoNeighbour) => "前后序号无已接受的记录 no accepted neighbours",
        Some(Proof::Remainder) => "余额不衔接 balances leave a remainder",
    };
    let not_proven = || DisputeError::NotProven(format!("{upload}#{record_no} {why}"));
    let mut evidence = chain.evidence(place).ok_or_else(not_proven)?;
    if matches!(scope, Scope::Member(member) if member != issuer) {
        // Whose the neighbours are is not the acquirer's to know; their balances are those of its own record.
        for tap in [&mut evidence.before, &mut evidence.after] {
            (tap.upload, tap.record_no) = (String::new(), 0);
        }
    }
    Ok(evidence)
}

/// Proposes to clear a suspicious record because the balance chain proves that it happened; the proof goes with the
/// proposal, and a second person of the centre still decides.
///
/// # Errors
/// As [`propose`]; D13, D15.
pub async fn propose_proven(
    db: &Db,
    folders: &Folders,
    actor: &Actor,
    (upload, record_no): (&str, u32),
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<i64, DisputeError> {
    let evidence = prove(db, folders, actor.scope(), upload, record_no).await?;
    let mut payload: Value = suspicious::payload(upload, record_no, &evidence.text());
    payload["proof"] = evidence.json();
    propose(db, actor, suspicious::CLEAR, &payload, request_key, clock).await
}
