//! Reading: accounts, balances, transfers, the trial balance.

use crate::account::StoredTerms;
use crate::chain::{Chain, Head, RowBytes};
use crate::post::sums_of;
use crate::sums::{Phase, Sums};
use crate::{LedgerError, NormalSide};
use tongka_base::date::days_since_epoch;
use tongka_base::{Date, Fen, MemberCode};
use tongka_storage::{Db, Row, Scope, Value, WriteTx, params};

/// An account with its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Code.
    pub code: String,
    /// Kind.
    pub kind: String,
    /// Whose it is; none for the platform's own.
    pub owner: Option<MemberCode>,
    /// Side on which its balance grows.
    pub normal_side: NormalSide,
    /// Lowest balance allowed.
    pub min_fen: Option<Fen>,
    /// Highest balance allowed.
    pub max_fen: Option<Fen>,
    /// Sum of posted debits.
    pub debits: Fen,
    /// Sum of posted credits.
    pub credits: Fen,
    /// Sum of debits pending now.
    pub pending_debits: Fen,
    /// Sum of credits pending now.
    pub pending_credits: Fen,
}

impl Account {
    /// The posted balance, positive on the normal side.
    pub fn balance(&self) -> Result<Fen, LedgerError> {
        Ok(match self.normal_side {
            NormalSide::Debit => self.debits.checked_sub(self.credits)?,
            NormalSide::Credit => self.credits.checked_sub(self.debits)?,
        })
    }

    /// The balance less what pending transfers may take from it.
    pub fn available(&self) -> Result<Fen, LedgerError> {
        let pending = match self.normal_side {
            NormalSide::Debit => self.pending_credits,
            NormalSide::Credit => self.pending_debits,
        };
        Ok(self.balance()?.checked_sub(pending)?)
    }

    fn of_row(row: &Row) -> Result<Self, LedgerError> {
        let terms = StoredTerms::of_row(row)?;
        let Sums { debits, credits, pending_debits, pending_credits } = sums_of(row)?;
        let owner = |m| u32::try_from(m).map(MemberCode).map_err(|_| LedgerError::Broken(format!("owner {m}")));
        Ok(Self {
            owner: terms.owner.map(owner).transpose()?,
            code: terms.code,
            kind: terms.kind,
            normal_side: side_of(row)?,
            min_fen: terms.min.map(Fen),
            max_fen: terms.max.map(Fen),
            debits: Fen::from_i128(debits)?,
            credits: Fen::from_i128(credits)?,
            pending_debits: Fen::from_i128(pending_debits)?,
            pending_credits: Fen::from_i128(pending_credits)?,
        })
    }
}

pub(crate) fn side_of(row: &Row) -> Result<NormalSide, LedgerError> {
    let name = row.text("normal_side")?;
    NormalSide::from_name(&name).ok_or_else(|| LedgerError::Broken(format!("normal side {name:?}")))
}

const ACCOUNT: &str = "SELECT code, kind, owner, normal_side, min_fen, max_fen, debits_fen, credits_fen, \
                       pending_debits_fen, pending_credits_fen FROM ledger_account";

/// The accounts within a scope, by code. A member sees its own.
pub async fn accounts(db: &Db, scope: Scope) -> Result<Vec<Account>, LedgerError> {
    let sql = format!("{ACCOUNT} WHERE {{scope:owner}} ORDER BY code");
    db.read(scope).fetch_all(&sql, params![]).await?.iter().map(Account::of_row).collect()
}

/// An account; G01 when there is none within the scope.
pub async fn account(db: &Db, scope: Scope, code: &str) -> Result<Account, LedgerError> {
    let sql = format!("{ACCOUNT} WHERE code = $1 AND {{scope:owner}}");
    let row = db.read(scope).fetch_optional(&sql, params![code]).await?;
    Account::of_row(&row.ok_or_else(|| LedgerError::NoAccount(code.to_owned()))?)
}

/// The posted balance of an account, positive on its normal side.
pub async fn balance(db: &Db, scope: Scope, code: &str) -> Result<Fen, LedgerError> {
    account(db, scope, code).await?.balance()
}

/// The posted balance of an account as it stands inside a write transaction.
pub async fn balance_in(tx: &mut WriteTx, code: &str) -> Result<Fen, LedgerError> {
    let row = tx.fetch_optional(&format!("{ACCOUNT} WHERE code = $1 AND {{scope:owner}}"), params![code]).await?;
    Account::of_row(&row.ok_or_else(|| LedgerError::NoAccount(code.to_owned()))?)?.balance()
}

/// The trial balance (试算平衡表).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// Every account within the scope, by code.
    pub accounts: Vec<Account>,
    /// Σ posted debits.
    pub debits: Fen,
    /// Σ posted credits; equal to the debits when the scope is the platform.
    pub credits: Fen,
}

/// The trial balance of a scope.
pub async fn trial_balance(db: &Db, scope: Scope) -> Result<TrialBalance, LedgerError> {
    let accounts = accounts(db, scope).await?;
    let debits = Fen::try_sum(accounts.iter().map(|a| a.debits))?;
    let credits = Fen::try_sum(accounts.iter().map(|a| a.credits))?;
    Ok(TrialBalance { accounts, debits, credits })
}

/// The heads of both chains as stored: what to keep elsewhere.
pub async fn head(db: &Db) -> Result<Head, LedgerError> {
    let sql = "SELECT a.sequence AS account_sequence, a.hash AS account_hash, t.sequence AS transfer_sequence, \
               t.hash AS transfer_hash FROM ledger_head a, ledger_head t \
               WHERE a.chain = 'account' AND t.chain = 'transfer'";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![]).await?;
    let row = row.ok_or_else(|| LedgerError::Broken("a head is missing".into()))?;
    Ok(Head {
        account_sequence: row.int("account_sequence")?,
        account_hash: row.text("account_hash")?,
        transfer_sequence: row.int("transfer_sequence")?,
        transfer_hash: row.text("transfer_hash")?,
    })
}

/// A transfer as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRow {
    /// Number in the chain, from 1.
    pub sequence: i64,
    /// Idempotency key.
    pub key: String,
    pub(crate) phase: Phase,
    /// The pending transfer that it ends.
    pub pending_key: Option<String>,
    /// Debited account.
    pub debit: String,
    /// Credited account.
    pub credit: String,
    /// Amount.
    pub amount: Fen,
    /// Clearing date, days since 1970-01-01.
    pub day: i64,
    /// For people.
    pub reason: String,
    /// Creation time.
    pub created_at: String,
    /// Hash of the row before it, upper-case hex.
    pub previous_hash: String,
    /// SM3 of this row and the hash before it, upper-case hex.
    pub hash: String,
}

impl TransferRow {
    pub(crate) const COLUMNS: &'static str = "t.sequence, t.key, t.phase, t.pending_key, t.debit, t.credit, \
        t.amount_fen, t.booking_date, t.reason, t.created_at, t.previous_hash, t.hash";

    pub(crate) const TABLE_COLUMNS: [&'static str; 12] = [
        "sequence",
        "key",
        "phase",
        "pending_key",
        "debit",
        "credit",
        "amount_fen",
        "booking_date",
        "reason",
        "created_at",
        "previous_hash",
        "hash",
    ];

    /// `posted`, `pending`, `post` (ends a pending one by posting it) or `void` (ends it without effect).
    pub fn phase(&self) -> &'static str {
        self.phase.name()
    }

    pub(crate) fn of_row(row: &Row) -> Result<Self, LedgerError> {
        let phase = row.text("phase")?;
        Ok(Self {
            sequence: row.int("sequence")?,
            key: row.text("key")?,
            phase: Phase::from_name(&phase).ok_or_else(|| LedgerError::Broken(format!("phase {phase:?}")))?,
            pending_key: row.opt_text("pending_key")?,
            debit: row.text("debit")?,
            credit: row.text("credit")?,
            amount: Fen(row.int("amount_fen")?),
            day: row.int("booking_date")?,
            reason: row.text("reason")?,
            created_at: row.text("created_at")?,
            previous_hash: row.text("previous_hash")?,
            hash: row.text("hash")?,
        })
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        params![
            self.sequence,
            self.key.as_str(),
            self.phase.name(),
            self.pending_key.as_deref(),
            self.debit.as_str(),
            self.credit.as_str(),
            self.amount,
            self.day,
            self.reason.as_str(),
            self.created_at.as_str(),
            self.previous_hash.as_str(),
            self.hash.as_str()
        ]
        .to_vec()
    }

    /// The hash that the row ought to carry.
    pub(crate) fn compute_hash(&self) -> String {
        let mut bytes = RowBytes::new(Chain::Transfer, self.sequence);
        bytes.text(&self.key).text(self.phase.name()).opt_text(self.pending_key.as_deref());
        bytes.text(&self.debit).text(&self.credit).int(self.amount.0).int(self.day);
        bytes.text(&self.reason).text(&self.created_at);
        bytes.hash(&self.previous_hash)
    }

    /// Whether two rows say the same, wherever they stand and whenever they were made.
    pub(crate) fn same_content(&self, other: &Self) -> bool {
        let content = |row: &Self| {
            let accounts = (row.debit.clone(), row.credit.clone());
            (row.key.clone(), row.phase, row.pending_key.clone(), accounts, row.amount, row.day, row.reason.clone())
        };
        content(self) == content(other)
    }
}

/// Which transfers to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferFilter {
    /// Those that debit or credit this account.
    pub account: Option<String>,
    /// Those booked on this date or later.
    pub from: Option<Date>,
    /// Those booked on this date or earlier.
    pub to: Option<Date>,
    /// Those after this number: the last one of the page before.
    pub after: i64,
}

/// Up to `limit` transfers in the order of their numbers. A member sees those that touch an account of its own.
pub async fn transfers(
    db: &Db,
    scope: Scope,
    filter: &TransferFilter,
    limit: u32,
) -> Result<Vec<TransferRow>, LedgerError> {
    let mut sql = format!(
        "SELECT {} FROM ledger_transfer t JOIN ledger_account d ON d.code = t.debit \
         JOIN ledger_account c ON c.code = t.credit \
         WHERE t.sequence > $1 AND t.booking_date >= $2 AND t.booking_date <= $3 \
         AND ({{scope:d.owner}} OR {{scope:c.owner}})",
        TransferRow::COLUMNS
    );
    let day = |date: Option<Date>, default| date.map_or(default, |d| i64::from(days_since_epoch(d)));
    let (from, to) = (day(filter.from, i64::MIN), day(filter.to, i64::MAX));
    let mut values = params![filter.after, from, to, limit].to_vec();
    if let Some(account) = &filter.account {
        sql.push_str(" AND (t.debit = $5 OR t.credit = $5)");
        values.push(account.into());
    }
    sql.push_str(" ORDER BY t.sequence LIMIT $4");
    db.read(scope).fetch_all(&sql, &values).await?.iter().map(TransferRow::of_row).collect()
}
