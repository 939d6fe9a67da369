//! Uploads made of the Shenzhen open data (深圳市政府数据开放平台, 深圳通刷卡数据).
//!
//! Rows say who paid what where; what a clearing record needs besides is made up from them by fixed rules, so that the
//! same rows always become the same bytes:
//! - a masked card number becomes an application serial (its length and its letters A to J as digits) of an issuer that its SM3
//!   chooses among all issuers of the scheme that take part and have test keys;
//! - a device number becomes a PSAM terminal number in the member's first active range;
//! - a card's counters start at 32 × (days since 1970 modulo 2048) of the close date, a terminal's transaction numbers
//!   at 2^18 × (days modulo 2^14), both in order of time, so that imports of other close dates never reuse one;
//! - every card is assumed to hold 100.00 yuan at the start of a close date and is topped up by as much when it lacks.
//!
//! An exact copy of a row is the same tap sent twice and becomes a duplicate record (D 04). Rows of one close date
//! belong into one import. A member with a registered certificate has to sign the uploads itself.

mod convert;
mod rows;
mod swipe;

use crate::SimError;
use crate::draft::{TacKeys, write_upload};
use convert::Converter;
use rows::Row;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use swipe::Swipe;
use tongka_base::{Date, Industry, MemberCode, Reason};
use tongka_crypto::sm3;
use tongka_scheme::Scheme;
use tongka_wire::{FileName, Kind};

/// Most records of an upload.
const MAX_RECORDS: usize = 1_000_000;

/// What an import made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// The member whose uploads they are.
    pub member: String,
    /// Rows read; `converted + rejected`.
    pub rows: u64,
    /// Rows that became records.
    pub converted: u64,
    /// Rows listed in `rejects.csv`.
    pub rejected: u64,
    /// Converted rows that are exact copies of an earlier one.
    pub duplicates: u64,
    /// Converted entries and exits of the metro.
    pub metro: u64,
    /// Converted bus rides.
    pub bus: u64,
    /// Sum of amounts (deal_money) of the converted rows, fen.
    pub amount_fen: u64,
    /// Sum of list prices (deal_value) of the converted rows, fen.
    pub list_price_fen: u64,
    /// Distinct cards.
    pub cards: u64,
    /// Distinct PSAM terminal numbers.
    pub terminals: u64,
    /// What was written, in order.
    pub uploads: Vec<ImportedUpload>,
}

/// An upload that an import wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportedUpload {
    /// Its name.
    pub name: String,
    /// Records.
    pub records: u64,
    /// Sum of amounts, fen.
    pub amount_fen: u64,
}

/// Why nothing can be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read or written.
    #[error("I01 文件读写失败 cannot read or write {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The input is no list of rows.
    #[error("I02 JSON格式错误 {path} is not the JSON of the open data: {what}")]
    Json {
        /// Which.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// The input is no CSV.
    #[error("I03 CSV格式错误 {path} is not CSV: {what}")]
    Csv {
        /// Which.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// A column is missing.
    #[error("I04 缺少列 {path} has no column {column}")]
    Column {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: &'static str,
    },
    /// The scheme has no such member.
    #[error("I05 成员不存在 no member {0} in the scheme")]
    Member(String),
    /// The member has no active PSAM range.
    #[error("I06 成员没有启用的PSAM号段 member {0} has no active PSAM range")]
    NoPsam(MemberCode),
    /// No issuer takes part on that day and has a test key.
    #[error("I07 当日没有可用的发卡机构 no issuer with a test key takes part on {0}")]
    NoIssuer(Date),
    /// An upload cannot be written.
    #[error(transparent)]
    Upload(#[from] SimError),
}

/// Turns the rows of `input` (JSON pages, JSON lines or CSV, plain or gzipped) into uploads of one member: of `member`, else of the
/// member with 深圳 in its name, else of the first. One upload for each close date (and each million records), whose file
/// date is the close date. Writes `OUT/*.dat`, `OUT/rejects.csv` (`line,reason`; JSON rows are counted from 1) and the
/// returned summary as `OUT/import.json`.
///
/// With `close_on` all dates are moved by the same number of days, so that the last close date becomes that day: old
/// records can then be cleared on a date of today's scheme.
pub fn import_shenzhen(
    input: &Path,
    scheme: &Scheme,
    member: Option<MemberCode>,
    close_on: Option<Date>,
    out: &Path,
) -> Result<ImportSummary, ImportError> {
    let converter = Converter::new(scheme, member)?;
    let mut summary = ImportSummary { member: converter.member.to_string(), ..ImportSummary::default() };
    let mut rejects: Vec<(u64, String)> = Vec::new();
    let mut swipes = read_swipes(input, &mut summary, &mut rejects)?;
    if let (Some(wanted), Some(last)) = (close_on, swipes.iter().map(|s| s.close).max()) {
        let shift = wanted.signed_duration_since(last);
        for swipe in &mut swipes {
            swipe.date += shift;
            swipe.close += shift;
        }
    }
    let mut by_close: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
    for (index, swipe) in swipes.iter().enumerate() {
        by_close.entry(swipe.close).or_default().push(index);
    }

    fs::create_dir_all(out).map_err(io(out))?;
    let keys = converter.keys();
    let mut seen = Seen::default();
    for (close, order) in by_close {
        let mut drafts = converter.convert(close, &swipes, order, &mut |line, reason| rejects.push((line, reason)))?;
        seen.count(&mut summary, &drafts);
        let mut sequence = 0;
        while !drafts.is_empty() {
            let rest = drafts.split_off(drafts.len().min(MAX_RECORDS));
            sequence += 1;
            let name = FileName { kind: Kind::Txu, date: close, member: converter.member, sequence };
            let upload = write_upload(name, &mut drafts, 0, 0, TacKeys { tdes: &keys, sm4: &keys }, Vec::new())?;
            let path = out.join(name.to_string());
            fs::write(&path, &upload.bytes).map_err(io(&path))?;
            let (name, records) = (name.to_string(), u64::from(upload.count));
            summary.uploads.push(ImportedUpload { name, records, amount_fen: upload.total });
            drafts = rest;
        }
    }
    summary.cards = seen.cards.len() as u64;
    summary.terminals = seen.terminals.len() as u64;
    summary.rejected = rejects.len() as u64;
    write_rejects(&out.join("rejects.csv"), rejects)?;
    let path = out.join("import.json");
    let text = serde_json::to_string_pretty(&summary).map_err(|e| io(&path)(e.into()))?;
    fs::write(&path, text + "\n").map_err(io(&path))?;
    Ok(summary)
}

/// Distinct cards and terminals.
#[derive(Default)]
struct Seen {
    cards: std::collections::HashSet<tongka_base::AppSerial>,
    terminals: std::collections::HashSet<tongka_base::PsamNo>,
}

impl Seen {
    fn count(&mut self, summary: &mut ImportSummary, drafts: &[crate::draft::Draft]) {
        for draft in drafts {
            let txu = &draft.txu;
            summary.converted += 1;
            summary.duplicates += u64::from(draft.expect == Reason::Duplicate);
            summary.metro += u64::from(txu.industry == Industry::Metro);
            summary.bus += u64::from(txu.industry == Industry::Bus);
            summary.amount_fen += u64::from(txu.amount);
            summary.list_price_fen += u64::from(txu.list_price);
            self.cards.insert(txu.serial);
            self.terminals.insert(txu.psam);
        }
    }
}

/// Every row that can be understood; exact copies know their original.
fn read_swipes(
    input: &Path,
    summary: &mut ImportSummary,
    rejects: &mut Vec<(u64, String)>,
) -> Result<Vec<Swipe>, ImportError> {
    let mut swipes: Vec<Swipe> = Vec::new();
    let mut originals: HashMap<[u8; 16], usize> = HashMap::new();
    rows::read_rows(input, |line, row| {
        summary.rows += 1;
        let understood = row.and_then(|row| Ok((fingerprint(&row), Swipe::read(line, row)?)));
        match understood {
            Ok((print, mut swipe)) => {
                swipe.copy_of = originals.get(&print).copied();
                if swipe.copy_of.is_none() {
                    originals.insert(print, swipes.len());
                }
                swipes.push(swipe);
            }
            Err(reason) => rejects.push((line, reason)),
        }
        Ok(())
    })?;
    Ok(swipes)
}

/// Half the SM3 of all fields: what tells copies from other rows in less memory than the rows themselves.
fn fingerprint(row: &Row) -> [u8; 16] {
    sm3(row.join("\x1F").as_bytes())[..16].try_into().expect("16 of 32 bytes")
}

fn write_rejects(path: &Path, mut rejects: Vec<(u64, String)>) -> Result<(), ImportError> {
    rejects.sort();
    let csv_io = |e: csv::Error| io(path)(e.into());
    let mut writer = csv::Writer::from_path(path).map_err(csv_io)?;
    writer.write_record(["line", "reason"]).map_err(csv_io)?;
    for (line, reason) in rejects {
        writer.write_record([line.to_string(), reason]).map_err(csv_io)?;
    }
    writer.flush().map_err(io(path))
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> ImportError + '_ {
    |source| ImportError::Io { path: path.to_owned(), source }
}
