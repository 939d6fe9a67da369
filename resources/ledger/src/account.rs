//! Opening accounts.

use crate::chain::{Chain, RowBytes, Tip};
use crate::post::chunked;
use crate::{AccountSpec, LedgerError};
use std::collections::BTreeMap;
use tongka_base::Fen;
use tongka_storage::{Row, Value, WriteTx, params};

/// Terms of an account as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredTerms {
    pub(crate) code: String,
    pub(crate) kind: String,
    pub(crate) owner: Option<i64>,
    pub(crate) normal_side: String,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

impl StoredTerms {
    pub(crate) const COLUMNS: &'static str = "code, kind, owner, normal_side, min_fen, max_fen";

    pub(crate) fn of_row(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            code: row.text("code")?,
            kind: row.text("kind")?,
            owner: row.opt_int("owner")?,
            normal_side: row.text("normal_side")?,
            min: row.opt_int("min_fen")?,
            max: row.opt_int("max_fen")?,
        })
    }

    fn of_spec(spec: &AccountSpec) -> Result<Self, LedgerError> {
        let zero = Fen::ZERO;
        if spec.code.is_empty() || spec.min_fen.is_some_and(|f| f > zero) || spec.max_fen.is_some_and(|f| f < zero) {
            return Err(LedgerError::Invalid(format!("account {:?}", spec.code)));
        }
        Ok(Self {
            code: spec.code.clone(),
            kind: spec.kind.clone(),
            owner: spec.owner.map(|m| m.0.into()),
            normal_side: spec.normal_side.name().into(),
            min: spec.min_fen.map(|f| f.0),
            max: spec.max_fen.map(|f| f.0),
        })
    }

    pub(crate) fn hash(&self, sequence: i64, previous: &str) -> String {
        let mut bytes = RowBytes::new(Chain::Account, sequence);
        bytes.text(&self.code).text(&self.kind).opt_int(self.owner).text(&self.normal_side);
        bytes.opt_int(self.min).opt_int(self.max);
        bytes.hash(previous)
    }
}

/// Opens accounts, all or none; returns how many are new. One that exists with the same terms is left as it is.
///
/// Refused: G02 exists with other terms, G03 an empty code or bounds that do not allow zero.
pub async fn open_accounts(tx: &mut WriteTx, accounts: &[AccountSpec]) -> Result<usize, LedgerError> {
    let mut tip = Tip::lock(tx, Chain::Account).await?;
    let codes = accounts.iter().map(|a| a.code.as_str()).collect::<Vec<_>>();
    let sql = format!("SELECT {} FROM ledger_account WHERE code", StoredTerms::COLUMNS);
    let mut known = BTreeMap::new();
    for row in chunked(tx, &sql, &codes).await? {
        let terms = StoredTerms::of_row(&row)?;
        known.insert(terms.code.clone(), terms);
    }
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for spec in accounts {
        let terms = StoredTerms::of_spec(spec)?;
        match known.get(&spec.code) {
            Some(existing) if *existing == terms => continue,
            Some(_) => return Err(LedgerError::OtherAccount(spec.code.clone())),
            None => {}
        }
        let hash = terms.hash(tip.sequence + 1, &tip.hash);
        let previous = tip.hash.clone();
        tip.advance(hash.clone());
        rows.push(
            params![
                tip.sequence,
                terms.code.as_str(),
                terms.kind.as_str(),
                terms.owner,
                terms.normal_side.as_str(),
                terms.min,
                terms.max,
                previous,
                hash,
                0,
                0,
                0,
                0
            ]
            .to_vec(),
        );
        known.insert(terms.code.clone(), terms);
    }
    let opened = rows.len();
    if opened > 0 {
        tx.insert_many("ledger_account", &COLUMNS, rows).await?;
        tip.save(tx, Chain::Account).await?;
    }
    Ok(opened)
}

const COLUMNS: [&str; 13] = [
    "sequence",
    "code",
    "kind",
    "owner",
    "normal_side",
    "min_fen",
    "max_fen",
    "previous_hash",
    "hash",
    "debits_fen",
    "credits_fen",
    "pending_debits_fen",
    "pending_credits_fen",
];
