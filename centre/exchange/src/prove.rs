//! `centre prove`: a date computed three times — as stored, from the lake, from the raw files — and compared.

use crate::intake::Folders;
use crate::store::{self, Upload};
use crate::{ExchangeError, run};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tongka_base::date::DateTime;
use tongka_base::{Date, Fen, MemberCode, Reason};
use tongka_engine::day::{self, DayState, hex};
use tongka_lake::archive::ArchiveReader;
use tongka_lake::table::Table;
use tongka_lake::{Lake, LakeError};
use tongka_proof::{Adjustment, DayInput, DayOutcome, FileId, FileResult, KeyHistory, Loader, OutputMode, Source};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope};
use tongka_wire::txu::LINE_LEN;

/// What a proof found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofReport {
    /// Uploads compared.
    pub uploads: u64,
    /// Records recomputed from the lake.
    pub lake_records: u64,
    /// Records recomputed from raw files.
    pub raw_records: u64,
    /// Result files whose count, amount and digest were compared.
    pub result_files: u64,
    /// Σ positions + centre fees.
    pub imbalance: Fen,
    /// What differs; empty when all three agree.
    pub differences: Vec<String>,
}

/// Recomputes a closed date. The raw bytes are those of the archive, or of `inbox` where one is given.
pub async fn prove(
    db: &Db,
    folders: &Folders,
    date: Date,
    inbox: Option<&Path>,
    threads: usize,
) -> Result<ProofReport, ExchangeError> {
    let known = day::days(db).await?;
    let the_day = known.iter().find(|d| d.date == date && d.state == DayState::Closed);
    let the_day = the_day.ok_or_else(|| ExchangeError::NotFound(format!("closed clearing date {date}")))?;
    let scheme = run::stored_scheme(folders, &the_day.scheme_digest)?;
    let lake = run::lake(folders);
    let mut differences = Vec::new();

    let lake_records = match tongka_engine::proof::prove_from_lake(db, &scheme, &lake, date, threads).await {
        Ok(records) => records,
        Err(tongka_engine::EngineError::ProofFailed(what)) => {
            differences.push(format!("lake: {what}"));
            0
        }
        Err(other) => return Err(other.into()),
    };

    let uploads = store::uploads(db, Scope::Platform, date).await?;
    let history = key_history(db, &lake, &scheme, date, &known).await?;
    let outcome = prove_raw(db, &scheme, &lake, date, inbox, &uploads, &history).await?;
    let raw_records = compare_files(&lake, date, &uploads, &outcome, &mut differences)?;
    compare_money(db, date, &outcome, &mut differences).await?;
    let result_files = compare_results(db, date, &outcome, &mut differences).await?;
    let nets = outcome.positions.values().map(|p| p.position);
    Ok(ProofReport {
        uploads: uploads.len() as u64,
        lake_records,
        raw_records,
        result_files,
        imbalance: Fen::try_sum(nets.chain([outcome.centre_fees]))?,
        differences,
    })
}

/// Keys of the records accepted on earlier dates of the window, from their raw lines.
async fn key_history(
    db: &Db,
    lake: &Lake,
    scheme: &Scheme,
    date: Date,
    known: &[day::Day],
) -> Result<KeyHistory, ExchangeError> {
    let mut history = KeyHistory::default();
    let window = i64::from(scheme.rules.history_days);
    for earlier in known.iter().filter(|d| d.date < date && date.signed_duration_since(d.date).num_days() <= window) {
        for upload in store::uploads(db, Scope::Platform, earlier.date).await? {
            let name = upload.name.to_string();
            let (reasons, _) = Table::open(&lake.table_path(earlier.date, &name))?.outcomes()?;
            let path = lake.archive_path(earlier.date, &name);
            let body = read_archive(&path)?;
            for (row, line) in body[tongka_wire::HEADER_LEN..].chunks_exact(LINE_LEN).enumerate() {
                if reasons.get(row) == Some(&Reason::Ok.code()) {
                    history.remember_record(earlier.date, upload.name.member, line, row as u64 + 1);
                }
            }
        }
    }
    Ok(history)
}

fn read_archive(path: &Path) -> Result<Vec<u8>, LakeError> {
    let mut reader = ArchiveReader::open(path)?;
    let (mut block, mut all) = (Vec::new(), Vec::new());
    while reader.next_block(&mut block)? {
        all.extend_from_slice(&block);
    }
    Ok(all)
}

async fn prove_raw(
    db: &Db,
    scheme: &Scheme,
    lake: &Lake,
    date: Date,
    inbox: Option<&Path>,
    uploads: &[Upload],
    history: &KeyHistory,
) -> Result<DayOutcome, ExchangeError> {
    let mut scheme = scheme.clone();
    let mut accepted_before = BTreeMap::new();
    let mut others = BTreeSet::new();
    for (name, fingerprint) in store::accepted_fingerprints(db).await? {
        if !uploads.iter().any(|u| u.name.to_string() == name) {
            if let Some(id) = FileId::parse(name.as_bytes()) {
                // Only that the identity is taken matters here: files of other dates are left out below.
                accepted_before.insert(id, [0; 32]);
            }
            others.insert(name.into_bytes());
            drop(fingerprint);
        }
    }
    let files: Vec<tongka_proof::Upload> = match inbox {
        Some(inbox) => {
            let mut files = tongka_proof::read_inbox(inbox).map_err(LakeError::io(inbox))?;
            files.retain(|f| !others.contains(&f.name));
            files
        }
        None => {
            // Signatures were checked at intake and are not part of the archive.
            scheme.members.iter_mut().for_each(|m| m.certificates.clear());
            uploads
                .iter()
                .map(|u| archived(lake.archive_path(date, &u.name.to_string()), &u.name.to_string()))
                .collect()
        }
    };
    let positions = day::positions(db, Scope::Platform, date).await?;
    let reserve_before: BTreeMap<MemberCode, Fen> =
        positions.iter().map(|p| (p.member, p.reserve.unwrap_or_default().0)).collect();
    let adjusted = day::adjustments(db, date).await?;
    let adjusted: Vec<Adjustment> = adjusted
        .iter()
        .map(|a| Adjustment { debtor: a.terms.debtor, creditor: a.terms.creditor, amount: a.terms.amount })
        .collect();
    let input = DayInput {
        scheme: &scheme,
        clearing_date: date,
        created_at: DateTime::default(),
        history,
        accepted_before: &accepted_before,
        refused_before: &BTreeSet::new(),
        reserve_before: &reserve_before,
        adjustments: &adjusted,
        output: OutputMode::DigestOnly,
    };
    tongka_proof::prove_day(&input, &files).map_err(|e| ExchangeError::Proof(e.to_string()))
}

fn archived(path: PathBuf, name: &str) -> tongka_proof::Upload {
    let load = move || read_archive(&path).map_err(io::Error::other);
    tongka_proof::Upload {
        name: name.as_bytes().to_vec(),
        source: Source::Load(Loader(Arc::new(load))),
        signature: None,
    }
}

/// Uploads and the verdict of every record. Returns the number of records recomputed.
fn compare_files(
    lake: &Lake,
    date: Date,
    uploads: &[Upload],
    outcome: &DayOutcome,
    differences: &mut Vec<String>,
) -> Result<u64, ExchangeError> {
    let mut records = 0;
    let mut missing: BTreeSet<String> = uploads.iter().map(|u| u.name.to_string()).collect();
    for file in outcome.files.iter().filter(|f| f.result == FileResult::Accepted) {
        let name = String::from_utf8_lossy(&file.name).into_owned();
        records += file.count;
        let Some(upload) = uploads.iter().find(|u| u.name.to_string() == name) else {
            differences.push(format!("{name}: accepted from the raw files, not in the books"));
            continue;
        };
        missing.remove(&name);
        if (upload.records, upload.total, &upload.body_digest) != (file.count, file.total, &hex(&file.digest)) {
            differences.push(format!("{name}: count, total or digest of the raw file differ from the books"));
        }
        let (reasons, _) = Table::open(&lake.table_path(date, &name))?.outcomes()?;
        let stored = reasons.iter().copied();
        let proven = file.reasons.iter().map(|r| r.code());
        if !stored.eq(proven.clone()) {
            let first = reasons.iter().zip(proven).position(|(s, p)| *s != p).map_or(0, |row| row + 1);
            differences.push(format!("{name}: verdicts differ, first at record {first}"));
        }
    }
    differences
        .extend(missing.into_iter().map(|name| format!("{name}: in the books, not accepted from the raw files")));
    Ok(records)
}

async fn compare_money(
    db: &Db,
    date: Date,
    outcome: &DayOutcome,
    differences: &mut Vec<String>,
) -> Result<(), ExchangeError> {
    let mut stored = BTreeMap::new();
    for group in day::priced_groups(db, date).await? {
        let fees = if group.is_own_card() { (Fen::ZERO, Fen::ZERO) } else { (group.issuer_fee, group.centre_fee) };
        let key = (group.key.acquirer, group.key.issuer, group.key.industry);
        stored.insert(key, (group.sum.count, group.sum.gross, fees.0, fees.1));
    }
    let mut proven = BTreeMap::new();
    for (key, g) in &outcome.groups {
        proven.insert((key.acquirer, key.issuer, key.industry), (g.count, g.gross, g.issuer_fee, g.centre_fee));
    }
    for (key, g) in &outcome.own_groups {
        proven.insert((key.acquirer, key.issuer, key.industry), (g.count, g.gross, Fen::ZERO, Fen::ZERO));
    }
    for key in stored.keys().chain(proven.keys()).collect::<BTreeSet<_>>() {
        if stored.get(key) != proven.get(key) {
            differences.push(format!("group {key:?}: books {:?}, raw files {:?}", stored.get(key), proven.get(key)));
        }
    }
    for position in day::positions(db, Scope::Platform, date).await? {
        let p = outcome.positions.get(&position.member);
        let proven = p.map(|p| (p.receivable, p.payable, p.adjustments, p.reserve_before, p.reserve_after));
        let (before, after) = position.reserve.unwrap_or_default();
        let q = position.position;
        let stored = Some((q.receivable, q.payable, q.adjustments, before, after));
        if stored != proven {
            differences.push(format!("position {}: books {stored:?}, raw files {proven:?}", position.member));
        }
    }
    let fees = day::stored_netting(db, date).await?.centre_fees;
    if fees != outcome.centre_fees {
        differences.push(format!("centre fees: books {fees}, raw files {}", outcome.centre_fees));
    }
    Ok(())
}

async fn compare_results(
    db: &Db,
    date: Date,
    outcome: &DayOutcome,
    differences: &mut Vec<String>,
) -> Result<u64, ExchangeError> {
    let files = store::result_files(db, Scope::Platform, date).await?;
    for file in &files {
        let proven = outcome.result_files.get(&format!("{}/{}", file.member, file.name));
        let header = proven.and_then(|f| tongka_wire::Header::parse(&f.header).ok());
        let proven = header.map(|h| (u64::from(h.record_count), Fen(h.total_amount), hex(&h.body_digest)));
        let stored = (file.records, file.total, file.body_digest.clone());
        if proven.as_ref() != Some(&stored) {
            differences.push(format!("{}: published {stored:?}, raw files make {proven:?}", file.name));
        }
    }
    Ok(files.len() as u64)
}
