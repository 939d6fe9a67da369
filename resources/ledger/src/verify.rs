//! Verification (账本校验): the ledger is recomputed from its first row.

use crate::account::StoredTerms;
use crate::chain::{Chain, Head, Tip};
use crate::post::sums_of;
use crate::read::{TransferRow, side_of};
use crate::sums::{Phase, Sums, Terms};
use crate::{LedgerError, NormalSide};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use tongka_base::Fen;
use tongka_storage::{Db, ReadTx, Row, Scope, params};

/// What a fault is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An account, by code.
    Account(String),
    /// A transfer, by number.
    Transfer(i64),
    /// The head of a chain, `account` or `transfer`.
    Head(&'static str),
    /// The ledger as a whole.
    Ledger,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is about.
    pub place: Place,
    /// What does not fit.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Account(code) => write!(f, "账户 account {code}: {}", self.what),
            Place::Transfer(sequence) => write!(f, "分录 transfer {sequence}: {}", self.what),
            Place::Head(chain) => write!(f, "链头 head of the {chain} chain: {}", self.what),
            Place::Ledger => write!(f, "账本 ledger: {}", self.what),
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// Accounts looked at.
    pub accounts: u64,
    /// Transfers looked at.
    pub transfers: u64,
    /// The heads of the chains as recomputed.
    pub head: Head,
    /// Σ posted debits of all transfers; Σ credits is the same by construction of a transfer.
    pub debits: Fen,
    /// What does not fit: the transfers in the order of the chain, then accounts, heads, sums. Empty when the ledger is
    /// sound; at most [`VerifyReport::MOST_FAULTS`].
    pub faults: Vec<Fault>,
}

impl VerifyReport {
    /// No more faults than this are listed.
    pub const MOST_FAULTS: usize = 1000;

    /// Whether everything fits.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Rows read at a time.
const PAGE: i64 = 5_000;

/// Recomputes both chains, every balance and bound, and Σ debits = Σ credits, over one committed state.
///
/// An error means that the ledger could not be read; what does not fit is in the report.
pub async fn verify(db: &Db) -> Result<VerifyReport, LedgerError> {
    verify_against(db, &[]).await
}

/// Like [`verify`], and the ledger must be a continuation of every head that was kept elsewhere.
pub async fn verify_against(db: &Db, anchors: &[Head]) -> Result<VerifyReport, LedgerError> {
    let mut tx = db.begin_read(Scope::Platform).await?;
    let mut check = Check::new(anchors);
    check.read_accounts(&mut tx).await?;
    check.replay_transfers(&mut tx).await?;
    check.compare_sums()?;
    check.compare_heads(&mut tx).await?;
    check.finish()
}

struct CheckedAccount {
    terms: Terms,
    stored: Sums,
    computed: Sums,
}

struct Check<'a> {
    anchors: &'a [Head],
    accounts: BTreeMap<String, CheckedAccount>,
    account_tip: Tip,
    transfer_tip: Tip,
    transfers: u64,
    debits: i128,
    /// Pending transfers not ended yet.
    pending: HashMap<String, TransferRow>,
    faults: Vec<Fault>,
}

impl<'a> Check<'a> {
    fn new(anchors: &'a [Head]) -> Self {
        Self {
            anchors,
            accounts: BTreeMap::new(),
            account_tip: Tip::genesis(),
            transfer_tip: Tip::genesis(),
            transfers: 0,
            debits: 0,
            pending: HashMap::new(),
            faults: Vec::new(),
        }
    }

    fn fault(&mut self, place: Place, what: impl Into<String>) {
        if self.faults.len() < VerifyReport::MOST_FAULTS {
            self.faults.push(Fault { place, what: what.into() });
        }
    }

    async fn read_accounts(&mut self, tx: &mut ReadTx) -> Result<(), LedgerError> {
        let sql = "SELECT sequence, code, kind, owner, normal_side, min_fen, max_fen, previous_hash, hash, debits_fen, \
                   credits_fen, pending_debits_fen, pending_credits_fen FROM ledger_account ORDER BY sequence";
        for row in tx.fetch_all(sql, params![]).await? {
            let code = row.text("code").unwrap_or_default();
            if let Err(error) = self.read_account(&row) {
                self.fault(Place::Account(code), format!("cannot be read: {error}"));
            }
        }
        Ok(())
    }

    fn read_account(&mut self, row: &Row) -> Result<(), LedgerError> {
        let stored_terms = StoredTerms::of_row(row)?;
        let terms = Terms { normal_side: side_of(row)?, min: stored_terms.min, max: stored_terms.max };
        let place = Place::Account(stored_terms.code.clone());
        let (sequence, previous, hash) = (row.int("sequence")?, row.text("previous_hash")?, row.text("hash")?);
        let expected = stored_terms.hash(sequence, &previous);
        let mut tip = self.account_tip.clone();
        self.link(&mut tip, place, sequence, &previous, &hash, &expected);
        self.account_tip = tip;
        for anchor in self.anchors.iter().filter(|a| a.account_sequence == sequence && a.account_hash != hash) {
            self.fault(
                Place::Account(stored_terms.code.clone()),
                format!("the kept head has hash {}", anchor.account_hash),
            );
        }
        let account = CheckedAccount { terms, stored: sums_of(row)?, computed: Sums::default() };
        self.accounts.insert(stored_terms.code, account);
        Ok(())
    }

    /// Checks that a row is the next of its chain and carries the right hash.
    fn link(&mut self, tip: &mut Tip, place: Place, sequence: i64, previous: &str, hash: &str, expected: &str) {
        let next = tip.sequence + 1;
        if sequence != next {
            self.fault(
                place.clone(),
                format!("numbers {next} to {} are missing before it", sequence.saturating_sub(1)),
            );
        } else if previous != tip.hash {
            self.fault(place.clone(), "does not follow the row before it: that one was changed, or this one inserted");
        }
        if hash != expected {
            self.fault(place, "its content is not that of its hash");
        }
        *tip = Tip { sequence, hash: hash.to_owned() };
    }

    async fn replay_transfers(&mut self, tx: &mut ReadTx) -> Result<(), LedgerError> {
        let sql = format!(
            "SELECT {} FROM ledger_transfer t WHERE t.sequence > $1 ORDER BY t.sequence LIMIT $2",
            TransferRow::COLUMNS
        );
        let mut after = i64::MIN;
        loop {
            let rows = tx.fetch_all(&sql, params![after, PAGE]).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.int("sequence")?;
            for row in &rows {
                self.transfers += 1;
                match TransferRow::of_row(row) {
                    Ok(row) => self.replay(row),
                    Err(error) => self.unreadable(row, &error)?,
                }
            }
        }
    }

    /// A row that cannot be read stays in the chain by its hash, so that only it is named.
    fn unreadable(&mut self, row: &Row, error: &LedgerError) -> Result<(), LedgerError> {
        let sequence = row.int("sequence")?;
        self.fault(Place::Transfer(sequence), format!("cannot be read: {error}"));
        self.transfer_tip = Tip { sequence, hash: row.text("hash").unwrap_or_default() };
        Ok(())
    }

    fn replay(&mut self, row: TransferRow) {
        let place = Place::Transfer(row.sequence);
        let mut tip = self.transfer_tip.clone();
        self.link(&mut tip, place.clone(), row.sequence, &row.previous_hash, &row.hash, &row.compute_hash());
        self.transfer_tip = tip;
        for anchor in self.anchors.iter().filter(|a| a.transfer_sequence == row.sequence && a.transfer_hash != row.hash)
        {
            self.fault(place.clone(), format!("the kept head has hash {}", anchor.transfer_hash));
        }
        if row.amount <= Fen::ZERO || row.debit == row.credit {
            self.fault(place.clone(), "is not a transfer of an amount above zero between two accounts");
        }
        self.check_pending(&row);
        for (side, code) in [(NormalSide::Debit, &row.debit), (NormalSide::Credit, &row.credit)] {
            let breach = match self.accounts.get_mut(code) {
                Some(account) => {
                    account.computed.book(row.phase, side, row.amount);
                    let breach = account.terms.breach(&account.computed);
                    breach.map(|fen| format!("takes {code} to {fen} fen, out of its bounds"))
                }
                None => Some(format!("names account {code}, which does not exist")),
            };
            if let Some(what) = breach {
                self.fault(place.clone(), what);
            }
        }
        if matches!(row.phase, Phase::Posted | Phase::PostPending) {
            self.debits += i128::from(row.amount.0);
        }
        if row.phase == Phase::Pending {
            self.pending.insert(row.key.clone(), row);
        }
    }

    /// A row ends a pending one exactly when its phase says so, with the same accounts and amount, and once.
    fn check_pending(&mut self, row: &TransferRow) {
        let ends = matches!(row.phase, Phase::PostPending | Phase::VoidPending);
        let ended = row.pending_key.as_ref().and_then(|key| self.pending.remove(key));
        let same =
            ended.is_some_and(|p| (p.debit, p.credit, p.amount) == (row.debit.clone(), row.credit.clone(), row.amount));
        if ends != same || ends != row.pending_key.is_some() {
            self.fault(Place::Transfer(row.sequence), "does not end a transfer that was pending");
        }
    }

    fn compare_sums(&mut self) -> Result<(), LedgerError> {
        let (mut debits, mut credits) = (0, 0);
        let mut found = Vec::new();
        for (code, account) in &self.accounts {
            debits += account.stored.debits;
            credits += account.stored.credits;
            let names = ["debits", "credits", "pending debits", "pending credits"];
            for (name, (stored, computed)) in
                names.iter().zip(account.stored.columns().into_iter().zip(account.computed.columns()))
            {
                if stored != computed {
                    found.push((
                        code.clone(),
                        format!("its {name} are {stored} fen, its transfers make {computed} fen"),
                    ));
                }
            }
        }
        for (code, what) in found {
            self.fault(Place::Account(code), what);
        }
        if debits != credits {
            self.fault(Place::Ledger, format!("debits of all accounts are {debits} fen, credits {credits} fen"));
        }
        Ok(())
    }

    async fn compare_heads(&mut self, tx: &mut ReadTx) -> Result<(), LedgerError> {
        for (chain, tip) in [(Chain::Account, self.account_tip.clone()), (Chain::Transfer, self.transfer_tip.clone())] {
            let sql = "SELECT sequence, hash FROM ledger_head WHERE chain = $1";
            let stored = match tx.fetch_optional(sql, params![chain.name()]).await? {
                Some(row) => {
                    row.int("sequence").and_then(|sequence| Ok(Tip { sequence, hash: row.text("hash")? })).ok()
                }
                None => None,
            };
            match stored {
                None => self.fault(Place::Head(chain.name()), "is missing or cannot be read"),
                Some(stored) if stored.sequence != tip.sequence => {
                    let what = format!("it counts {} rows, the last row is {}", stored.sequence, tip.sequence);
                    self.fault(Place::Head(chain.name()), what);
                }
                Some(stored) if stored.hash != tip.hash => {
                    self.fault(Place::Head(chain.name()), format!("its hash is not that of row {}", tip.sequence));
                }
                Some(_) => {}
            }
            for anchor in self.anchors {
                let kept = match chain {
                    Chain::Account => anchor.account_sequence,
                    Chain::Transfer => anchor.transfer_sequence,
                };
                if kept > tip.sequence {
                    let what = format!("a kept head counts {kept} rows, the last row is {}", tip.sequence);
                    self.fault(Place::Head(chain.name()), what);
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<VerifyReport, LedgerError> {
        Ok(VerifyReport {
            accounts: self.accounts.len() as u64,
            transfers: self.transfers,
            head: Head {
                account_sequence: self.account_tip.sequence,
                account_hash: self.account_tip.hash,
                transfer_sequence: self.transfer_tip.sequence,
                transfer_hash: self.transfer_tip.hash,
            },
            debits: Fen::from_i128(self.debits)?,
            faults: self.faults,
        })
    }
}
