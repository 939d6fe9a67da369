//! Appending transfers, inside the caller's write transaction.
//!
//! A batch is read for, checked whole in memory, and only then written, in a handful of statements: what it refuses
//! leaves no trace.

use crate::chain::{Chain, Tip};
use crate::read::{TransferRow, side_of};
use crate::sums::{Phase, Sums, Terms};
use crate::{Entry, LedgerError, NormalSide, PendingEnd, Resolution, Transfer};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tongka_base::date::days_since_epoch;
use tongka_base::{Date, Fen};
use tongka_storage::{Row, Value, WriteTx, params};

/// Whether a row of that key is in the ledger.
pub async fn has_key(tx: &mut WriteTx, key: &str) -> Result<bool, LedgerError> {
    Ok(tx.fetch_optional("SELECT sequence FROM ledger_transfer WHERE key = $1", params![key]).await?.is_some())
}

/// Posts transfers, all or none: see [`apply_all`].
pub async fn post_all(tx: &mut WriteTx, transfers: &[Transfer]) -> Result<usize, LedgerError> {
    apply_all(tx, &transfers.iter().cloned().map(Entry::Post).collect::<Vec<_>>()).await
}

/// Books transfers as pending, all or none: see [`apply_all`].
pub async fn reserve_all(tx: &mut WriteTx, transfers: &[Transfer]) -> Result<usize, LedgerError> {
    apply_all(tx, &transfers.iter().cloned().map(Entry::Reserve).collect::<Vec<_>>()).await
}

/// Ends pending transfers, all or none: see [`apply_all`].
pub async fn resolve_all(tx: &mut WriteTx, ends: &[PendingEnd]) -> Result<usize, LedgerError> {
    apply_all(tx, &ends.iter().cloned().map(Entry::Resolve).collect::<Vec<_>>()).await
}

/// Appends rows in order, all or none; returns how many are new.
///
/// A row whose key is known with the same content (all but its creation time) is passed over, so that a step can be run
/// again. Refused, with nothing written: G01 no such account, G03 not a transfer, G04 key known with other content, G05 a
/// balance would leave its bounds, counted after each row, G06 nothing pending under that key, G07 ended before; M01 a
/// sum that does not fit.
pub async fn apply_all(tx: &mut WriteTx, entries: &[Entry]) -> Result<usize, LedgerError> {
    if entries.is_empty() {
        return Ok(0);
    }
    let mut book = Book::open(tx, entries).await?;
    for entry in entries {
        book.append(entry)?;
    }
    book.save(tx).await
}

/// Everything a batch can touch, in memory.
struct Book {
    tip: Tip,
    /// Rows by key: those found and those appended.
    rows: HashMap<String, TransferRow>,
    /// Keys of pending transfers that are ended.
    ended: BTreeSet<String>,
    accounts: BTreeMap<String, (Terms, Sums)>,
    /// Keys of the new rows, in order.
    appended: Vec<String>,
}

impl Book {
    async fn open(tx: &mut WriteTx, entries: &[Entry]) -> Result<Self, LedgerError> {
        let tip = Tip::lock(tx, Chain::Transfer).await?;
        let (mut keys, mut pending_keys, mut codes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            match entry {
                Entry::Post(t) | Entry::Reserve(t) => {
                    keys.insert(t.key.as_str());
                    codes.extend([t.debit.as_str(), t.credit.as_str()]);
                }
                Entry::Resolve(end) => {
                    keys.extend([end.key.as_str(), end.pending_key.as_str()]);
                    pending_keys.insert(end.pending_key.as_str());
                }
            }
        }
        let sql = format!("SELECT {} FROM ledger_transfer t WHERE t.key", TransferRow::COLUMNS);
        let mut rows = HashMap::new();
        for row in chunked(tx, &sql, &keys.into_iter().collect::<Vec<_>>()).await? {
            let row = TransferRow::of_row(&row)?;
            rows.insert(row.key.clone(), row);
        }
        let pending_keys = pending_keys.into_iter().collect::<Vec<_>>();
        let sql = "SELECT pending_key FROM ledger_transfer WHERE pending_key";
        let ended = chunked(tx, sql, &pending_keys)
            .await?
            .iter()
            .map(|row| row.text("pending_key"))
            .collect::<Result<_, _>>()?;
        codes.extend(
            pending_keys.iter().filter_map(|key| rows.get(*key)).flat_map(|r| [r.debit.as_str(), r.credit.as_str()]),
        );
        let accounts = load_accounts(tx, &codes.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self { tip, rows, ended, accounts, appended: Vec::new() })
    }

    fn append(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        let mut row = self.row_of(entry)?;
        if let Some(known) = self.rows.get(&row.key) {
            return if known.same_content(&row) { Ok(()) } else { Err(LedgerError::OtherContent(row.key)) };
        }
        if let Some(pending_key) = &row.pending_key
            && !self.ended.insert(pending_key.clone())
        {
            return Err(LedgerError::AlreadyEnded(pending_key.clone()));
        }
        for (side, code) in [(NormalSide::Debit, &row.debit), (NormalSide::Credit, &row.credit)] {
            let (terms, sums) = self.accounts.get_mut(code).ok_or_else(|| LedgerError::NoAccount(code.clone()))?;
            sums.book(row.phase, side, row.amount);
            if let Some(balance) = terms.breach(sums) {
                let (key, account, balance) = (row.key.clone(), code.clone(), Fen::from_i128(balance)?);
                return Err(LedgerError::Bounds { key, account, balance });
            }
        }
        row.sequence = self.tip.sequence + 1;
        row.previous_hash.clone_from(&self.tip.hash);
        row.hash = row.compute_hash();
        self.tip.advance(row.hash.clone());
        self.appended.push(row.key.clone());
        self.rows.insert(row.key.clone(), row);
        Ok(())
    }

    /// The row of an entry, without its place in the chain.
    fn row_of(&self, entry: &Entry) -> Result<TransferRow, LedgerError> {
        let row = |key: &str, phase, debit: &str, credit: &str, amount, date: Date, reason: &str, created_at: &str| {
            TransferRow {
                sequence: 0,
                key: key.into(),
                phase,
                pending_key: None,
                debit: debit.into(),
                credit: credit.into(),
                amount,
                day: days_since_epoch(date).into(),
                reason: reason.into(),
                created_at: created_at.into(),
                previous_hash: String::new(),
                hash: String::new(),
            }
        };
        let transfer = |t: &Transfer, phase| {
            if t.amount <= Fen::ZERO || t.debit == t.credit || t.key.is_empty() {
                return Err(LedgerError::Invalid(format!("transfer {:?} of {}", t.key, t.amount)));
            }
            Ok(row(&t.key, phase, &t.debit, &t.credit, t.amount, t.date, &t.reason, &t.created_at))
        };
        match entry {
            Entry::Post(t) => transfer(t, Phase::Posted),
            Entry::Reserve(t) => transfer(t, Phase::Pending),
            Entry::Resolve(end) => {
                let pending = self.rows.get(&end.pending_key).filter(|r| r.phase == Phase::Pending);
                let pending = pending.ok_or_else(|| LedgerError::NotPending(end.pending_key.clone()))?;
                if end.key.is_empty() {
                    return Err(LedgerError::Invalid(format!("end of {:?} without a key", end.pending_key)));
                }
                let phase = match end.resolution {
                    Resolution::Post => Phase::PostPending,
                    Resolution::Void => Phase::VoidPending,
                };
                let (debit, credit) = (&pending.debit, &pending.credit);
                let ending =
                    row(&end.key, phase, debit, credit, pending.amount, end.date, &end.reason, &end.created_at);
                Ok(TransferRow { pending_key: Some(end.pending_key.clone()), ..ending })
            }
        }
    }

    async fn save(self, tx: &mut WriteTx) -> Result<usize, LedgerError> {
        if self.appended.is_empty() {
            return Ok(0);
        }
        let rows = self.appended.iter().map(|key| self.rows[key].values()).collect();
        let touched: BTreeSet<&str> =
            self.appended.iter().flat_map(|key| [&*self.rows[key].debit, &*self.rows[key].credit]).collect();
        let mut updates = Vec::with_capacity(touched.len());
        for code in touched {
            let [debits, credits, pending_debits, pending_credits] =
                self.accounts[code].1.columns().map(Fen::from_i128);
            updates.push(params![debits?, credits?, pending_debits?, pending_credits?, code].to_vec());
        }
        tx.insert_many("ledger_transfer", &TransferRow::TABLE_COLUMNS, rows).await?;
        let sql = "UPDATE ledger_account SET debits_fen = $1, credits_fen = $2, pending_debits_fen = $3, \
                   pending_credits_fen = $4 WHERE code = $5";
        for update in updates {
            tx.execute(sql, &update).await?;
        }
        self.tip.save(tx, Chain::Transfer).await?;
        Ok(self.appended.len())
    }
}

async fn load_accounts(tx: &mut WriteTx, codes: &[&str]) -> Result<BTreeMap<String, (Terms, Sums)>, LedgerError> {
    let sql = "SELECT code, normal_side, min_fen, max_fen, debits_fen, credits_fen, pending_debits_fen, \
               pending_credits_fen FROM ledger_account WHERE code";
    let account = |row: &Row| {
        let terms = Terms { normal_side: side_of(row)?, min: row.opt_int("min_fen")?, max: row.opt_int("max_fen")? };
        Ok((row.text("code")?, (terms, sums_of(row)?)))
    };
    chunked(tx, sql, codes).await?.iter().map(account).collect()
}

/// The sums kept with an account.
pub(crate) fn sums_of(row: &Row) -> Result<Sums, LedgerError> {
    Ok(Sums {
        debits: row.int("debits_fen")?.into(),
        credits: row.int("credits_fen")?.into(),
        pending_debits: row.int("pending_debits_fen")?.into(),
        pending_credits: row.int("pending_credits_fen")?.into(),
    })
}

/// Runs `sql IN (…)` over values, some hundred at a time. All chunks but the last share one text.
pub(crate) async fn chunked(tx: &mut WriteTx, sql: &str, values: &[&str]) -> Result<Vec<Row>, LedgerError> {
    let mut rows = Vec::with_capacity(values.len().min(1024));
    for chunk in values.chunks(250) {
        let places = (1..=chunk.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let params = chunk.iter().map(|v| Value::from(*v)).collect::<Vec<_>>();
        rows.extend(tx.fetch_all(&format!("{sql} IN ({places})"), &params).await?);
    }
    Ok(rows)
}
